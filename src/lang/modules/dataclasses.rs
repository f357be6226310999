//! `dataclasses`: the decorator, its fields, and the functions over instances.

use std::rc::Rc;

use crate::object::exceptions::{ATTRIBUTE_ERROR, TYPE_ERROR, VALUE_ERROR};
use crate::object::types::generic::{GenericAlias, SpecialForm};
use crate::object::types::{NotImplementedObject, ReprGuard, class_of, dict};
use crate::object::{
    Args, Bound, BoundMethod, Class, CompareOp, Cx, Dict, Instance, Method, ModuleSpec, Object,
    Parameter, ParameterKind, Result, Signature, Str, TypeSpec, Value, hash_sequence, hash_value,
    ops,
};

/// `dataclasses`.
pub static DATACLASSES: ModuleSpec = ModuleSpec {
    name: "dataclasses",
    names: &[
        ("dataclass", |_| {
            Method::function(
                "dataclass(cls=None, /, *, init=True, repr=True, eq=True, order=False, \
                 unsafe_hash=False, frozen=False, match_args=True, kw_only=False, slots=False, \
                 weakref_slot=False)",
                dataclass,
            )
        }),
        ("field", |_| {
            Method::function(
                "field(*, default=None, default_factory=None, init=True, repr=True, hash=None, \
                 compare=True, metadata=None, kw_only=False)",
                field,
            )
        }),
        ("fields", |_| {
            Method::function("fields(class_or_instance)", fields)
        }),
        ("asdict", |_| {
            Method::function("asdict(obj, *, dict_factory=None)", |a, cx| {
                converted(a.value("obj"), "asdict", a.some("dict_factory"), cx)
            })
        }),
        ("astuple", |_| {
            Method::function("astuple(obj, *, tuple_factory=None)", |a, cx| {
                converted(a.value("obj"), "astuple", a.some("tuple_factory"), cx)
            })
        }),
        ("replace", |_| {
            Method::function("replace(obj, /, **changes)", replace)
        }),
        ("is_dataclass", |_| {
            Method::function("is_dataclass(obj)", |a, cx| {
                Ok(Value::Bool(match a.value("obj") {
                    Value::Class(class) => fields_of(class).is_some(),
                    other => fields_of(&class_of(other, cx)).is_some(),
                }))
            })
        }),
        ("Field", |_| FIELD.class().into()),
        ("MISSING", |_| Value::object(Missing)),
        ("KW_ONLY", |_| SpecialForm::new("KW_ONLY", None)),
        ("InitVar", |_| SpecialForm::new("InitVar", None)),
        ("FrozenInstanceError", |_| {
            FROZEN_INSTANCE_ERROR.class().into()
        }),
    ],
    unsupported: &[("make_dataclass", "write the class")],
    dynamic: None,
};

static FIELD: TypeSpec = TypeSpec::new("dataclasses", "Field");
static MISSING: TypeSpec = TypeSpec::new("dataclasses", "_MISSING_TYPE");
static FUNCTION: TypeSpec = TypeSpec::new("builtins", "function");
static FROZEN_INSTANCE_ERROR: TypeSpec =
    TypeSpec::new("dataclasses", "FrozenInstanceError").bases(&[&ATTRIBUTE_ERROR]);

struct Missing;

impl Object for Missing {
    fn spec(&self) -> &'static TypeSpec {
        &MISSING
    }
    fn identity(&self) -> Option<usize> {
        Some(3)
    }
}

/// One field of a dataclass.
#[derive(Clone)]
pub struct Field {
    name: Str,
    kind: Value,
    default: Option<Value>,
    factory: Option<Value>,
    init: bool,
    repr: bool,
    hash: Option<bool>,
    compare: bool,
    kw_only: Option<bool>,
    metadata: Value,
    init_var: bool,
}

impl Object for Field {
    fn spec(&self) -> &'static TypeSpec {
        &FIELD
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let missing = || Value::object(Missing);
        let shown = |value: &Option<Value>| cx.repr(&value.clone().unwrap_or_else(missing));
        let flag = |flag: bool| if flag { "True" } else { "False" };
        Ok(Some(format!(
            "Field(name={},type={},default={},default_factory={},init={},repr={},hash={},\
             compare={},metadata=mappingproxy({}),kw_only={},_field_type=_FIELD)",
            cx.repr(&self.name.clone().into())?,
            cx.repr(&self.kind)?,
            shown(&self.default)?,
            shown(&self.factory)?,
            flag(self.init),
            flag(self.repr),
            self.hash.map_or("None", flag),
            flag(self.compare),
            cx.repr(&self.metadata)?,
            flag(self.kw_only == Some(true)),
        )))
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        let missing = || Value::object(Missing);
        Ok(Some(match name {
            "name" => self.name.clone().into(),
            "type" => self.kind.clone(),
            "default" => self.default.clone().unwrap_or_else(missing),
            "default_factory" => self.factory.clone().unwrap_or_else(missing),
            "init" => Value::Bool(self.init),
            "repr" => Value::Bool(self.repr),
            "compare" => Value::Bool(self.compare),
            "hash" => self.hash.map(Value::Bool).unwrap_or(Value::None),
            "metadata" => self.metadata.clone(),
            "kw_only" => Value::Bool(self.kw_only == Some(true)),
            _ => return Ok(None),
        }))
    }
}

fn field(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let given = |name: &str| {
        a.given(name)
            .filter(|value| value.downcast::<Missing>().is_none())
            .cloned()
    };
    if given("default").is_some() && given("default_factory").is_some() {
        return Err(VALUE_ERROR.error("cannot specify both default and default_factory"));
    }
    let hash = match given("hash").filter(|hash| !hash.is_none()) {
        Some(hash) => Some(cx.truthy(&hash)?),
        None => None,
    };
    Ok(Value::object(Field {
        name: Str::new(""),
        kind: Value::None,
        default: given("default"),
        factory: given("default_factory"),
        init: a.flag("init", true),
        repr: a.flag("repr", true),
        hash,
        compare: a.flag("compare", true),
        kw_only: given("kw_only").map(|_| a.flag("kw_only", false)),
        metadata: a
            .some("metadata")
            .cloned()
            .unwrap_or_else(|| Value::Dict(Rc::default())),
        init_var: false,
    }))
}

/// What the decorator was told.
#[derive(Clone, Copy)]
struct Options {
    init: bool,
    repr: bool,
    eq: bool,
    order: bool,
    unsafe_hash: bool,
    frozen: bool,
    match_args: bool,
    kw_only: bool,
    slots: bool,
}

fn dataclass(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let options = Options {
        init: a.flag("init", true),
        repr: a.flag("repr", true),
        eq: a.flag("eq", true),
        order: a.flag("order", false),
        unsafe_hash: a.flag("unsafe_hash", false),
        frozen: a.flag("frozen", false),
        match_args: a.flag("match_args", true),
        kw_only: a.flag("kw_only", false),
        slots: a.flag("slots", false),
    };
    if options.order && !options.eq {
        return Err(VALUE_ERROR.error("eq must be true if order is true"));
    }
    match a.at(0) {
        Value::Class(class) => process(class, options, cx),
        Value::Undefined | Value::None => {
            Ok(Method::function("wrap(cls)", move |a, cx| match a.at(0) {
                Value::Class(class) => process(class, options, cx),
                _ => Err(TYPE_ERROR.error("dataclass() should be called on a class")),
            }))
        }
        _ => Err(TYPE_ERROR.error("dataclass() should be called on a class")),
    }
}

fn form_of(annotation: &Value) -> Option<&'static str> {
    if let Some(alias) = annotation.downcast::<GenericAlias>() {
        return alias.form();
    }
    if let Some(form) = annotation.downcast::<SpecialForm>() {
        return Some(form.name);
    }
    let text = annotation.as_str()?;
    let text = text
        .trim_start_matches("typing.")
        .trim_start_matches("dataclasses.");
    ["ClassVar", "KW_ONLY", "InitVar"]
        .into_iter()
        .find(|form| text.starts_with(form))
}

/// The fields of a class, in order, those of its bases first.
pub fn fields_of(class: &Rc<Class>) -> Option<Vec<Field>> {
    let Value::Dict(fields) = class.lookup("__dataclass_fields__")? else {
        return None;
    };
    Some(
        dict::entries(&fields)
            .iter()
            .filter_map(|(_, field)| field.downcast::<Field>().cloned())
            .collect(),
    )
}

/// Whether the repr of a value is the one that the decorator made.
pub fn has_generated_repr(value: &Value) -> bool {
    let Value::Instance(instance) = value else {
        return false;
    };
    matches!(instance.class().lookup("__repr__"), Some(found)
        if found.downcast::<Generated>().is_some())
}

/// The names of the fields that the repr of an instance shows.
pub fn shown_fields(value: &Value) -> Vec<Str> {
    let Value::Instance(instance) = value else {
        return Vec::new();
    };
    fields_of(instance.class())
        .unwrap_or_default()
        .into_iter()
        .filter(|field| field.repr && !field.init_var)
        .map(|field| field.name)
        .collect()
}

fn own_fields(class: &Rc<Class>, options: Options, cx: &Cx) -> Result<Vec<Field>> {
    let Some(Value::Dict(annotations)) = class.own("__annotations__") else {
        return Ok(Vec::new());
    };
    let mut fields = Vec::new();
    let mut kw_only = options.kw_only;
    for (name, annotation) in dict::entries(&annotations) {
        let name = Str::new(name.as_str().unwrap_or(""));
        let form = form_of(&annotation);
        match form {
            Some("ClassVar") => continue,
            Some("KW_ONLY") => {
                kw_only = true;
                continue;
            }
            _ => {}
        }
        let default = class.own(&name);
        let mut made = match default.as_ref().and_then(Value::downcast::<Field>) {
            Some(declared) => declared.clone(),
            None => plain_field(default.clone()),
        };
        if let Some(default) = &made.default {
            let unhashable = matches!(default, Value::List(_) | Value::Dict(_) | Value::Set(_))
                || matches!(default, Value::Instance(instance)
                    if instance.class().hash_method().is_some_and(|method| method.is_none()));
            if unhashable {
                return Err(VALUE_ERROR.error(format!(
                    "mutable default {} for field {name} is not allowed: use default_factory",
                    cx.repr(&class_of(default, cx).into())?
                )));
            }
        }
        made.name = name.clone();
        made.kind = annotation;
        made.init_var = form == Some("InitVar");
        made.kw_only = Some(made.kw_only.unwrap_or(kw_only));
        match &made.default {
            Some(default) => class.set(name, default.clone()),
            None if default.is_some() => drop(class.remove(&name)),
            None => {}
        }
        fields.push(made);
    }
    Ok(fields)
}

fn plain_field(default: Option<Value>) -> Field {
    Field {
        name: Str::new(""),
        kind: Value::None,
        default,
        factory: None,
        init: true,
        repr: true,
        hash: None,
        compare: true,
        kw_only: None,
        metadata: Value::Dict(Rc::default()),
        init_var: false,
    }
}

fn process(class: &Rc<Class>, options: Options, cx: &Cx) -> Result<Value> {
    let mut fields: Vec<Field> = Vec::new();
    let ancestors = class.ancestors();
    let inherited = ancestors.iter().rev().filter_map(|base| {
        base.own("__dataclass_fields__")
            .and_then(|_| fields_of(base))
    });
    let own = own_fields(class, options, cx)?;
    for field in inherited.flatten().chain(own) {
        match fields.iter_mut().find(|known| known.name == field.name) {
            Some(known) => *known = field,
            None => fields.push(field),
        }
    }
    let table = Dict::from_pairs(
        fields
            .iter()
            .map(|field| (field.name.clone(), Value::object(field.clone()))),
    );
    class.set("__dataclass_fields__", Value::Dict(Rc::new(table)));
    class.set("__dataclass_params__", Value::Bool(options.frozen));
    let fields: Rc<[Field]> = fields.into();
    let generate = |name: &'static str, what: What| {
        Value::object(Generated {
            name,
            what,
            fields: fields.clone(),
            signature: Signature::new(String::new(), false, Vec::new()),
            owner: class.name(),
        })
    };
    if options.init && class.own("__init__").is_none() {
        class.set("__init__", init_of(class, &fields, options)?);
    }
    if options.repr && class.own("__repr__").is_none() {
        class.set("__repr__", generate("__repr__", What::Repr));
    }
    let has_eq = class.own("__eq__").is_some();
    let has_hash = class.own("__hash__").is_some();
    if options.eq && !has_eq {
        class.set("__eq__", generate("__eq__", What::Compare(CompareOp::Eq)));
    }
    if options.order {
        for (name, op) in [
            ("__lt__", CompareOp::Lt),
            ("__le__", CompareOp::Le),
            ("__gt__", CompareOp::Gt),
            ("__ge__", CompareOp::Ge),
        ] {
            if class.own(name).is_some() {
                return Err(TYPE_ERROR.error(format!(
                    "Cannot overwrite attribute {name} in class {}. Consider using \
                     functools.total_ordering",
                    class.name()
                )));
            }
            class.set(name, generate(name, What::Compare(op)));
        }
    }
    if options.unsafe_hash || (options.eq && options.frozen && !has_hash) {
        class.set("__hash__", generate("__hash__", What::Hash));
    } else if options.eq && !has_eq && !has_hash {
        class.set("__hash__", Value::None);
    }
    if options.frozen {
        class.set(
            "__setattr__",
            generate("__setattr__", What::Refuse("assign to")),
        );
        class.set(
            "__delattr__",
            generate("__delattr__", What::Refuse("delete")),
        );
    }
    if options.match_args && class.own("__match_args__").is_none() {
        let names = fields
            .iter()
            .filter(|field| field.init && field.kw_only != Some(true))
            .map(|field| field.name.clone().into())
            .collect();
        class.set("__match_args__", Value::tuple(names));
    }
    if options.slots {
        let names = fields.iter().map(|field| field.name.clone().into());
        class.set("__slots__", Value::tuple(names.collect()));
    }
    Ok(Value::Class(class.clone()))
}

fn init_of(class: &Rc<Class>, fields: &Rc<[Field]>, options: Options) -> Result<Value> {
    let mut parameters = Vec::new();
    let mut seen_default = false;
    let taken = || fields.iter().filter(|field| field.init);
    for field in taken().filter(|field| field.kw_only != Some(true)) {
        let has_default = field.default.is_some() || field.factory.is_some();
        if seen_default && !has_default {
            return Err(TYPE_ERROR.error(format!(
                "non-default argument '{}' follows default argument",
                field.name
            )));
        }
        seen_default |= has_default;
        parameters.push((field, ParameterKind::PositionalOrKeyword));
    }
    parameters.extend(
        taken()
            .filter(|field| field.kw_only == Some(true))
            .map(|field| (field, ParameterKind::KeywordOnly)),
    );
    let parameters = parameters
        .into_iter()
        .map(|(field, kind)| Parameter {
            name: field.name.clone(),
            kind,
            has_default: field.default.is_some() || field.factory.is_some(),
            default_text: None,
        })
        .collect();
    let name = format!("{}.__init__", class.qualname());
    Ok(Value::object(Generated {
        name: "__init__",
        what: What::Init(options.frozen),
        fields: fields.clone(),
        signature: Signature::new(name, true, parameters),
        owner: class.name(),
    }))
}

/// A method that the decorator made.
struct Generated {
    name: &'static str,
    what: What,
    fields: Rc<[Field]>,
    signature: Signature,
    owner: Str,
}

#[derive(Clone, Copy)]
enum What {
    Init(bool),
    Repr,
    Compare(CompareOp),
    Hash,
    /// `__setattr__` or `__delattr__` of a frozen class.
    Refuse(&'static str),
}

impl Object for Generated {
    fn spec(&self) -> &'static TypeSpec {
        &FUNCTION
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(format!(
            "<function {}.{} at {:#014x}>",
            self.owner,
            self.name,
            std::ptr::from_ref(self) as usize
        )))
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(match name {
            "__name__" => Some(self.name.into()),
            "__qualname__" => Some(format!("{}.{}", self.owner, self.name).into()),
            _ => None,
        })
    }
    fn is_callable(&self) -> bool {
        true
    }
    fn bind(
        &self,
        this: &Value,
        instance: Option<&Value>,
        _owner: &Rc<Class>,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(instance.map(|instance| {
            Value::object(BoundMethod {
                this: instance.clone(),
                function: this.clone(),
            })
        }))
    }
    fn call(&self, _this: &Value, mut args: Args, cx: &Cx) -> Result<Option<Value>> {
        if args.pos.is_empty() {
            return Err(TYPE_ERROR.error(format!(
                "{}.{}() missing 1 required positional argument: 'self'",
                self.owner, self.name
            )));
        }
        let receiver = args.pos.remove(0);
        let Value::Instance(instance) = &receiver else {
            return Ok(None);
        };
        let other = args.pos.first().cloned();
        match self.what {
            What::Init(frozen) => self.initialize(instance, args, frozen, cx),
            What::Repr => self.show(instance, cx),
            What::Compare(op) => self.compare_to(instance, op, other, cx),
            What::Hash => {
                let mut hashes = Vec::new();
                for field in self
                    .fields
                    .iter()
                    .filter(|field| field.hash.unwrap_or(field.compare))
                {
                    hashes.push(hash_value(&cx.get_attr(&receiver, &field.name)?, cx)?);
                }
                let hash = hash_sequence(hashes.into_iter()).cast_signed() >> 3;
                Ok(Value::Int(hash))
            }
            What::Refuse(verb) => Err(FROZEN_INSTANCE_ERROR.error(format!(
                "cannot {verb} field {}",
                cx.repr(&other.unwrap_or(Value::None))?
            ))),
        }
        .map(Some)
    }
}

impl Generated {
    fn initialize(
        &self,
        instance: &Rc<Instance>,
        args: Args,
        frozen: bool,
        cx: &Cx,
    ) -> Result<Value> {
        let bound = self.signature.bind(args)?;
        let this = Value::Instance(instance.clone());
        let mut init_vars = Vec::new();
        for field in self.fields.iter() {
            let given = if field.init {
                bound.given(&field.name)
            } else {
                None
            };
            let value = match (given, &field.factory, &field.default) {
                (Some(value), ..) => value.clone(),
                (None, Some(factory), _) => cx.call(factory, [])?,
                (None, None, Some(default)) => default.clone(),
                (None, None, None) => continue,
            };
            if field.init_var {
                init_vars.push(value);
            } else if frozen {
                crate::object::set_instance_attr_plain(&this, instance, &field.name, value, cx)?;
            } else {
                cx.set_attr(&this, &field.name, value)?;
            }
        }
        if instance.class().lookup("__post_init__").is_some() {
            cx.call_method(&this, "__post_init__", init_vars)?;
        }
        Ok(Value::None)
    }

    fn show(&self, instance: &Rc<Instance>, cx: &Cx) -> Result<Value> {
        let this = Value::Instance(instance.clone());
        let Some(_guard) = ReprGuard::enter(Rc::as_ptr(instance) as usize) else {
            return Ok("...".into());
        };
        let mut parts = Vec::new();
        for field in self
            .fields
            .iter()
            .filter(|field| field.repr && !field.init_var)
        {
            let value = cx.get_attr(&this, &field.name)?;
            parts.push(format!("{}={}", field.name, cx.repr(&value)?));
        }
        let name = instance.class().qualname();
        Ok(format!("{name}({})", parts.join(", ")).into())
    }

    fn compare_to(
        &self,
        instance: &Rc<Instance>,
        op: CompareOp,
        other: Option<Value>,
        cx: &Cx,
    ) -> Result<Value> {
        let same_class = matches!(&other, Some(Value::Instance(other))
            if Rc::ptr_eq(other.class(), instance.class()));
        let Some(other) = other.filter(|_| same_class) else {
            return Ok(Value::object(NotImplementedObject));
        };
        let values = |value: &Value| -> Result<Value> {
            let items = self
                .fields
                .iter()
                .filter(|field| field.compare && !field.init_var)
                .map(|field| cx.get_attr(value, &field.name))
                .collect::<Result<Vec<_>>>()?;
            Ok(Value::tuple(items))
        };
        let this = Value::Instance(instance.clone());
        ops::compare(op, &values(&this)?, &values(&other)?, cx)
    }
}

fn fields(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let class = match a.at(0) {
        Value::Class(class) => class.clone(),
        other => class_of(other, cx),
    };
    match fields_of(&class) {
        Some(fields) => Ok(Value::tuple(
            fields
                .into_iter()
                .filter(|field| !field.init_var)
                .map(Value::object)
                .collect(),
        )),
        None => Err(TYPE_ERROR.error("must be called with a dataclass type or instance")),
    }
}

fn converted(value: &Value, function: &str, factory: Option<&Value>, cx: &Cx) -> Result<Value> {
    let is_instance =
        matches!(value, Value::Instance(instance) if fields_of(instance.class()).is_some());
    if !is_instance {
        return Err(TYPE_ERROR.error(format!(
            "{function}() should be called on dataclass instances"
        )));
    }
    convert(value, function == "asdict", factory, cx)
}

fn convert(value: &Value, dicts: bool, factory: Option<&Value>, cx: &Cx) -> Result<Value> {
    let _depth = cx.enter()?;
    let inner = |value: &Value| convert(value, dicts, factory, cx);
    if let Value::Instance(instance) = value {
        if let Some(fields) = fields_of(instance.class()) {
            let mut pairs = Vec::new();
            for field in fields.iter().filter(|field| !field.init_var) {
                let held = inner(&cx.get_attr(value, &field.name)?)?;
                pairs.push((field.name.clone(), held));
            }
            let items: Vec<Value> = if dicts {
                pairs
                    .iter()
                    .map(|(name, value)| Value::tuple(vec![name.clone().into(), value.clone()]))
                    .collect()
            } else {
                pairs.iter().map(|(_, value)| value.clone()).collect()
            };
            return match factory {
                Some(factory) => cx.call(factory, [Value::list(items)]),
                None if dicts => Ok(Value::Dict(Rc::new(Dict::from_pairs(pairs)))),
                None => Ok(Value::tuple(items)),
            };
        }
    }
    Ok(match value {
        Value::List(list) => Value::list(list.to_vec().iter().map(inner).collect::<Result<_>>()?),
        Value::Tuple(items) => Value::tuple(items.iter().map(inner).collect::<Result<_>>()?),
        Value::Dict(found) => {
            let made = Dict::default();
            for (key, value) in dict::entries(found) {
                made.insert(inner(&key)?, inner(&value)?, cx)?;
            }
            Value::Dict(Rc::new(made))
        }
        other => other.clone(),
    })
}

fn replace(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let value = a.at(0);
    let class = class_of(value, cx);
    let Some(fields) = fields_of(&class) else {
        return Err(TYPE_ERROR.error("replace() should be called on dataclass instances"));
    };
    let mut changes = a.keywords().to_vec();
    for field in &fields {
        let changed = changes.iter().any(|(name, _)| *name == field.name);
        if !field.init {
            if changed {
                return Err(VALUE_ERROR.error(format!(
                    "field {} is declared with init=False, it cannot be specified with replace()",
                    field.name
                )));
            }
            continue;
        }
        if !changed && !field.init_var {
            changes.push((field.name.clone(), cx.get_attr(value, &field.name)?));
        }
    }
    let mut args = Args::none();
    args.kw = changes;
    cx.call(&Value::Class(class), args)
}
