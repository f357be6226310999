//! What a SQL type is: its class (a row of a table), its behaviour, and the handle everyone holds.

use std::any::Any;
use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::Affinity;
use crate::engine::exc::{SA_WARNING, with_warning_code};
use crate::object::{
    Args, Bound, Cx, Instance, ParameterKind, Result, Signature, Str, TypeSpec, Value,
};
use crate::sql::cache_key::CacheKeyBuilder;
use crate::sql::dialects::{Dialect, type_ddl};
use crate::sql::operators::Operator;

/// Turns a value into what the driver takes, or what the driver gave into a value.
pub type Processor = Rc<dyn Fn(Value, &Cx) -> Result<Value>>;

/// Makes the behaviour of a type from the arguments of its constructor.
pub type Make = fn(&Bound<'_>, &Cx) -> Result<Rc<dyn TypeEngine>>;

/// A class of types: a row of `TYPES` or of a dialect's table.
pub struct TypeClass {
    /// The class that scripts see.
    pub spec: TypeSpec,
    /// What the DDL compilers know it by.
    pub visit_name: &'static str,
    /// The constructor's signature.
    pub signature: &'static str,
    /// What the constructor makes.
    pub make: Make,
}

impl TypeClass {
    /// Its name, `Integer`.
    pub fn name(&self) -> &'static str {
        self.spec.name()
    }
    /// The names of the constructor's parameters.
    pub fn parameter_names(&'static self) -> Vec<Str> {
        let signature = self.parsed_signature();
        let plain = signature.parameters.iter().filter(|parameter| {
            !matches!(
                parameter.kind,
                ParameterKind::VarPositional | ParameterKind::VarKeyword
            )
        });
        plain.map(|parameter| parameter.name.clone()).collect()
    }
    /// The signature, read once.
    fn parsed_signature(&'static self) -> Rc<Signature> {
        let key = std::ptr::from_ref(self) as usize;
        SIGNATURES.with_borrow_mut(|known| {
            let parsed = known.entry(key).or_insert_with(|| {
                let text = self.signature;
                let open = text.find('(').unwrap_or(text.len());
                let own = format!("__init__{}", &text[open..]);
                Rc::new(Signature::parse(&own, Some(self.name())))
            });
            parsed.clone()
        })
    }
}

thread_local! {
    static SIGNATURES: RefCell<FxHashMap<usize, Rc<Signature>>> = RefCell::default();
}

/// What a type does. `ty` is the handle the behaviour was reached through.
pub trait TypeEngine: Any {
    /// For the downcast of [`SqlType::engine`].
    fn as_any(&self) -> &dyn Any;
    /// The family that operators and literals go by.
    fn affinity(&self) -> Affinity;
    /// An attribute that is no argument of the constructor.
    fn attribute(&self, _name: &str) -> Option<Value> {
        None
    }
    /// The arguments that its repr shows, where those are not the constructor's own.
    fn repr_arguments(&self) -> Option<Vec<(Option<&'static str>, Value)>> {
        None
    }
    /// What a value passes through on its way to the driver.
    fn bind_processor(
        &self,
        _ty: &SqlType,
        _dialect: &Dialect,
        _cx: &Cx,
    ) -> Result<Option<Processor>> {
        Ok(None)
    }
    /// What a value passes through on its way from the driver.
    fn result_processor(
        &self,
        _ty: &SqlType,
        _dialect: &Dialect,
        _cx: &Cx,
    ) -> Result<Option<Processor>> {
        Ok(None)
    }
    /// `value` written into the statement; `None`: the type has no literal form.
    fn literal(
        &self,
        _ty: &SqlType,
        _value: &Value,
        _dialect: &Dialect,
        _cx: &Cx,
    ) -> Result<Option<String>> {
        Ok(None)
    }
    /// Its DDL text where it knows that itself; `None`: the dialect's type compiler decides.
    fn ddl(&self, _ty: &SqlType, _dialect: &Dialect, _cx: &Cx) -> Result<Option<String>> {
        Ok(None)
    }
    /// What stands in for it under `dialect`; `None`: itself.
    fn dialect_impl(&self, _ty: &SqlType, _dialect: &Dialect, _cx: &Cx) -> Result<Option<SqlType>> {
        Ok(None)
    }
    /// The Python class of its values, by name; `None`: not defined.
    fn python_type(&self) -> Option<Value> {
        None
    }
    /// Whether `None` is a value of it rather than NULL.
    fn should_evaluate_none(&self) -> bool {
        false
    }
    /// Whether statements that hold it may be cached; `None`: nobody said.
    fn cache_ok(&self, _ty: &SqlType) -> Option<bool> {
        Some(true)
    }
    /// The type a plain value compared with it takes; `None`: the rule of the affinity.
    fn coerce_compared_value(
        &self,
        _ty: &SqlType,
        _operator: &Operator,
        _value: &Value,
        _cx: &Cx,
    ) -> Result<Option<SqlType>> {
        Ok(None)
    }
    /// What the type is a wrapper of (`impl`), for the affinity of decorators.
    fn wrapped(&self) -> Option<SqlType> {
        None
    }
    /// The element type, of arrays.
    fn item_type(&self) -> Option<SqlType> {
        None
    }
}

/// What the constructor of `class` makes of `args`.
pub(super) fn parts(
    class: &'static TypeClass,
    args: Args,
    cx: &Cx,
) -> Result<(Rc<dyn TypeEngine>, Arguments)> {
    let signature = class.parsed_signature();
    let bound = signature.bind(args)?;
    let behaviour = (class.make)(&bound, cx)?;
    let arguments = Arguments::of(&signature, &bound);
    Ok((behaviour, arguments))
}

/// A SQL type: a cheap handle.
#[derive(Clone)]
pub struct SqlType(Rc<TypeData>);

struct TypeData {
    class: &'static TypeClass,
    /// Replaced when a script's subclass calls `super().__init__(..)`.
    engine: RefCell<Rc<dyn TypeEngine>>,
    arguments: RefCell<Arguments>,
    /// By dialect name, from `with_variant`.
    variants: Vec<(Str, SqlType)>,
    /// The instance of a script's subclass: what scripts see in place of the handle.
    script: OnceCell<Value>,
    /// From `evaluates_none()`.
    evaluates_none: Cell<bool>,
}

impl SqlType {
    /// A type of `class`, made as its constructor makes it.
    pub fn build(class: &'static TypeClass, args: Args, cx: &Cx) -> Result<Self> {
        let (behaviour, arguments) = parts(class, args, cx)?;
        let ty = Self::new(class, behaviour);
        *ty.0.arguments.borrow_mut() = arguments;
        Ok(ty)
    }
    /// Make it anew with other arguments: a script's `super().__init__(..)`.
    pub fn rebuild(&self, args: Args, cx: &Cx) -> Result<()> {
        let (behaviour, arguments) = parts(self.0.class, args, cx)?;
        self.set_behaviour(behaviour);
        *self.0.arguments.borrow_mut() = arguments;
        Ok(())
    }
    /// A type of `class` that behaves as `engine`.
    pub fn new(class: &'static TypeClass, engine: Rc<dyn TypeEngine>) -> Self {
        Self(Rc::new(TypeData {
            class,
            engine: RefCell::new(engine),
            arguments: RefCell::default(),
            variants: Vec::new(),
            script: OnceCell::new(),
            evaluates_none: Cell::new(false),
        }))
    }
    /// Its class.
    pub fn class(&self) -> &'static TypeClass {
        self.0.class
    }
    /// What it does.
    pub fn behaviour(&self) -> Rc<dyn TypeEngine> {
        self.0.engine.borrow().clone()
    }
    /// Give it another behaviour, while its constructor runs.
    pub fn set_behaviour(&self, engine: Rc<dyn TypeEngine>) {
        *self.0.engine.borrow_mut() = engine;
    }
    /// What `look` makes of its behaviour, where that is an `E`.
    pub fn engine<E: TypeEngine, R>(&self, look: impl FnOnce(&E) -> R) -> Option<R> {
        self.0
            .engine
            .borrow()
            .as_any()
            .downcast_ref::<E>()
            .map(look)
    }
    /// What the DDL compilers know it by.
    pub fn visit_name(&self) -> &'static str {
        self.0.class.visit_name
    }
    /// The family that operators and literals go by.
    pub fn affinity(&self) -> Affinity {
        self.behaviour().affinity()
    }
    /// Whether it is `NullType`.
    pub fn is_null(&self) -> bool {
        self.0.class.visit_name == "null"
    }
    /// Whether its class is `class` or derives from it.
    pub fn is_a(&self, class: &'static TypeClass) -> bool {
        self.0.class.spec.class().derives_from(&class.spec)
    }
    /// Whether both are the same handle.
    pub fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
    /// What identifies it.
    pub fn address(&self) -> usize {
        Rc::as_ptr(&self.0).cast::<u8>() as usize
    }
    /// The types that stand in for it, by dialect name.
    pub fn variants(&self) -> &[(Str, SqlType)] {
        &self.0.variants
    }
    /// A copy that is `variant` under the dialect `name`.
    #[must_use]
    pub fn with_variants(&self, added: impl IntoIterator<Item = (Str, Self)>) -> Self {
        let mut variants = self.0.variants.clone();
        variants.extend(added);
        let script = OnceCell::new();
        if let Some(known) = self.0.script.get() {
            drop(script.set(known.clone()));
        }
        Self(Rc::new(TypeData {
            class: self.0.class,
            engine: RefCell::new(self.behaviour()),
            arguments: self.0.arguments.clone(),
            variants,
            script,
            evaluates_none: self.0.evaluates_none.clone(),
        }))
    }
    /// The instance of a script's subclass that this is the native part of.
    pub fn script(&self) -> Option<&Value> {
        self.0.script.get()
    }
    /// Note the instance of a script's subclass; the first one stays.
    pub fn set_script(&self, instance: Value) {
        drop(self.0.script.set(instance));
    }
    /// What scripts see.
    pub fn to_value(&self) -> Value {
        match self.script() {
            Some(instance) => instance.clone(),
            None => Value::object(self.clone()),
        }
    }

    /// What stands in for it under `dialect`: a variant, or what a decorator decides.
    pub fn dialect_impl(&self, dialect: &Dialect, cx: &Cx) -> Result<Self> {
        for (name, variant) in self.variants() {
            if name.as_str() == dialect.name {
                return Ok(variant.clone());
            }
        }
        let engine = self.behaviour();
        Ok(engine
            .dialect_impl(self, dialect, cx)?
            .unwrap_or_else(|| self.clone()))
    }
    /// What a value passes through on its way to the driver.
    pub fn bind_processor(&self, dialect: &Dialect, cx: &Cx) -> Result<Option<Processor>> {
        let ty = self.variant(dialect);
        let engine = ty.behaviour();
        engine.bind_processor(&ty, dialect, cx)
    }
    /// What a value passes through on its way from the driver.
    pub fn result_processor(&self, dialect: &Dialect, cx: &Cx) -> Result<Option<Processor>> {
        let ty = self.variant(dialect);
        let engine = ty.behaviour();
        engine.result_processor(&ty, dialect, cx)
    }
    /// `value` written into the statement; `None`: the type has no literal form.
    pub fn literal(&self, value: &Value, dialect: &Dialect, cx: &Cx) -> Result<Option<String>> {
        let ty = self.variant(dialect);
        let engine = ty.behaviour();
        engine.literal(&ty, value, dialect, cx)
    }
    pub(super) fn variant(&self, dialect: &Dialect) -> Self {
        self.variants()
            .iter()
            .find(|(name, _)| name.as_str() == dialect.name)
            .map_or_else(|| self.clone(), |(_, variant)| variant.clone())
    }
    /// Whether `None` is a value of it rather than NULL.
    pub fn should_evaluate_none(&self) -> bool {
        self.0.evaluates_none.get() || self.behaviour().should_evaluate_none()
    }
    /// A copy to which `None` is a value rather than NULL.
    #[must_use]
    pub fn evaluating_none(&self) -> Self {
        let copy = self.with_variants([]);
        copy.0.evaluates_none.set(true);
        copy
    }
    /// Its DDL text under `dialect`.
    pub fn ddl(&self, dialect: &Dialect, cx: &Cx) -> Result<String> {
        match super::hooked::hooked_ddl(self, dialect, cx)? {
            Some(text) => Ok(text),
            None => self.plain_ddl(dialect, cx),
        }
    }
    /// The same, not by a function that a script registered for it.
    pub fn plain_ddl(&self, dialect: &Dialect, cx: &Cx) -> Result<String> {
        let ty = self.variant(dialect);
        let behaviour = ty.behaviour();
        match behaviour.ddl(&ty, dialect, cx)? {
            Some(text) => Ok(text),
            None => type_ddl(&ty, dialect, cx),
        }
    }
    /// `str()`: its DDL text under the default dialect.
    pub fn text(&self, cx: &Cx) -> Result<String> {
        self.ddl(&Dialect::default_dialect(cx.compat()), cx)
    }
    /// Whether statements that hold it may be cached.
    pub fn cache_ok(&self, cx: &Cx) -> bool {
        let known = self.behaviour().cache_ok(self);
        if known.is_none() {
            let kind = match self.behaviour().wrapped() {
                Some(_) => "TypeDecorator",
                None => "UserDefinedType",
            };
            let message = format!(
                "{kind} {} will not produce a cache key because the ``cache_ok`` attribute is not \
                 set to True.  This can have significant performance implications including some \
                 performance degradations in comparison to prior SQLAlchemy versions.  Set this \
                 attribute to True if this type object's state is safe to use in a cache key, or \
                 False to disable this warning.",
                self.repr(cx).unwrap_or_default()
            );
            cx.warn(&SA_WARNING, &with_warning_code(&message, "cprf", cx));
        }
        known == Some(true)
    }

    /// Add what tells it from other types: class and arguments, or its address where a script's
    /// class may have more.
    pub(in crate::sql) fn structure(&self, key: &mut CacheKeyBuilder<'_>) {
        let variable = !self.0.variants.is_empty() || self.0.evaluates_none.get();
        let written = !variable
            && match self.0.script.get() {
                Some(Value::Instance(instance)) => match held_arguments(instance) {
                    Some(held) => self.structure_of(held.iter(), key),
                    None => false,
                },
                Some(_) => false,
                None => match self.0.arguments.borrow().plain() {
                    Some(held) => self.structure_of(held, key),
                    None => false,
                },
            };
        if !written {
            key.identity(self.address());
        }
    }

    /// Add class and arguments; `false` where an argument is no plain value.
    fn structure_of<'v>(
        &self,
        held: impl Iterator<Item = &'v Value> + Clone,
        key: &mut CacheKeyBuilder<'_>,
    ) -> bool {
        let simple = held.clone().all(|value| {
            matches!(
                value,
                Value::None | Value::Bool(_) | Value::Int(_) | Value::Str(_)
            )
        });
        if simple {
            key.identity(self.class_address());
            for value in held {
                key.value(value);
            }
        }
        simple
    }

    /// What identifies its class.
    pub(in crate::sql) fn class_address(&self) -> usize {
        match self.0.script.get() {
            Some(Value::Instance(instance)) => Rc::as_ptr(instance.class()) as usize,
            _ => std::ptr::from_ref(self.0.class) as usize,
        }
    }

    /// The argument of its constructor called `name`.
    pub fn argument(&self, name: &str) -> Option<Value> {
        let arguments = self.0.arguments.borrow();
        let at = arguments.named.iter().find(|one| one.0 == name)?;
        Some(at.1.clone())
    }
    /// An attribute: an argument of its constructor, or what its behaviour knows.
    pub fn attribute(&self, name: &str) -> Option<Value> {
        let behaviour = self.behaviour();
        behaviour
            .attribute(name)
            .or_else(|| self.argument(name))
            .or_else(|| behaviour.wrapped()?.attribute(name))
    }
    /// The arguments of a script's own `__init__`, as attributes of the same names hold them.
    fn script_arguments(&self, cx: &Cx) -> Result<Option<String>> {
        let Some(Value::Instance(instance)) = self.script() else {
            return Ok(None);
        };
        let parameters = match instance.class().script_method("__init__") {
            Some(Value::Object(init)) if self.behaviour().wrapped().is_none() => init.parameters(),
            _ => None,
        };
        let Some(parameters) = parameters else {
            return Ok(None);
        };
        let mut shown = Vec::new();
        for (name, default) in parameters.into_iter().skip(1) {
            let held = instance.attribute(&name);
            match (default, held) {
                (None, held) => shown.push(cx.repr(&held.unwrap_or(Value::None))?),
                (Some(default), Some(held)) if !cx.eq(&held, &default)? => {
                    shown.push(format!("{name}={}", cx.repr(&held)?));
                }
                _ => {}
            }
        }
        Ok(Some(shown.join(", ")))
    }
    /// `repr()`.
    pub fn repr(&self, cx: &Cx) -> Result<String> {
        let mut text = match self.script() {
            _ if cx.compat().is_14() && !self.variants().is_empty() => "Variant".to_owned(),
            Some(instance) => crate::object::class_of(instance, cx).name().to_string(),
            None => self.class().name().to_owned(),
        };
        if let Some(shown) = self.script_arguments(cx)? {
            return Ok(format!("{text}({shown})"));
        }
        let own = self.behaviour().repr_arguments();
        if let Some(arguments) = own {
            let mut shown = Vec::new();
            for (name, value) in arguments {
                let value = cx.repr(&value)?;
                shown.push(match name {
                    Some(name) => format!("{name}={value}"),
                    None => value,
                });
            }
            return Ok(format!("{text}({})", shown.join(", ")));
        }
        let shown = self
            .behaviour()
            .wrapped()
            .filter(|_| self.script().is_some());
        let arguments = match &shown {
            Some(wrapped) => wrapped.0.arguments.borrow().clone(),
            None => self.0.arguments.borrow().clone(),
        };
        let of = shown.as_ref().unwrap_or(self).behaviour();
        text.push('(');
        text.push_str(&arguments.repr(&*of, cx)?);
        text.push(')');
        Ok(text)
    }
}

/// The arguments that a type was made with.
#[derive(Clone, Default)]
pub struct Arguments {
    /// Each with whether it has a default and, if so, what that is.
    named: Vec<(Str, Value, Option<Value>)>,
    /// What `*args` collected.
    rest: Vec<Value>,
}

/// The arguments of the `__init__` of a script's type, as attributes of the same names hold them.
fn held_arguments(instance: &Rc<Instance>) -> Option<Vec<Value>> {
    let parameters = match instance.class().script_method("__init__") {
        Some(Value::Object(init)) => init.parameters()?,
        _ => return None,
    };
    let names = parameters.into_iter().skip(1);
    Some(
        names
            .map(|(name, _)| instance.attribute(&name).unwrap_or(Value::None))
            .collect(),
    )
}

impl Arguments {
    /// The values, where there are some, all of them named.
    fn plain(&self) -> Option<impl Iterator<Item = &Value> + Clone> {
        let plain = !self.named.is_empty() && self.rest.is_empty();
        plain.then(|| self.named.iter().map(|(_, value, _)| value))
    }
    fn of(signature: &Signature, bound: &Bound<'_>) -> Self {
        let mut named = Vec::new();
        for (at, parameter) in signature.parameters.iter().enumerate() {
            match parameter.kind {
                ParameterKind::VarPositional | ParameterKind::VarKeyword => continue,
                _ => {}
            }
            let default = parameter.default_text.as_deref().map(plain_literal);
            let value = match bound.at(at) {
                Value::Undefined => default.clone().unwrap_or(Value::None),
                given => given.clone(),
            };
            named.push((parameter.name.clone(), value, default));
        }
        Self {
            named,
            rest: bound.rest().to_vec(),
        }
    }
    fn repr(&self, of: &dyn TypeEngine, cx: &Cx) -> Result<String> {
        let mut shown = Vec::new();
        for (name, value, default) in &self.named {
            if default.is_none() {
                let own = of.attribute(name);
                shown.push(cx.repr(own.as_ref().unwrap_or(value))?);
            }
        }
        for value in &self.rest {
            shown.push(cx.repr(value)?);
        }
        for (name, value, default) in &self.named {
            if let Some(default) = default
                && !cx.eq(value, default)?
            {
                shown.push(format!("{name}={}", cx.repr(value)?));
            }
        }
        Ok(shown.join(", "))
    }
}

fn plain_literal(text: &str) -> Value {
    match text {
        "True" => Value::Bool(true),
        "False" => Value::Bool(false),
        "None" => Value::None,
        _ => text.parse().map_or(Value::None, Value::Int),
    }
}

thread_local! {
    static BY_SPEC: OnceCell<FxHashMap<usize, &'static TypeClass>> = const { OnceCell::new() };
}

/// The class of types that scripts see as the class of `spec`.
pub fn type_class(spec: &'static TypeSpec) -> Option<&'static TypeClass> {
    BY_SPEC.with(|known| {
        known
            .get_or_init(|| {
                super::all_classes()
                    .map(|class| (std::ptr::from_ref(&class.spec) as usize, class))
                    .collect()
            })
            .get(&(std::ptr::from_ref(spec) as usize))
            .copied()
    })
}
