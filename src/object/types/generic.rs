//! What annotations are made of: subscripted generics, unions, forward references, type
//! variables and `typing`'s special forms.

use std::rc::Rc;

use super::{NONE_TYPE, OBJECT, TUPLE, TYPE};
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{
    Args, BinaryOp, Class, CompareOp, Cx, Members, Method, Object, Result, Str, TypeSpec, Value,
    find_attr, hash_sequence, hash_value, ops,
};

static GENERIC_ALIAS: TypeSpec = TypeSpec::new("types", "GenericAlias")
    .names_module()
    .bases(&[&OBJECT]);
static UNION_TYPE: TypeSpec = TypeSpec::new("types", "UnionType")
    .names_module()
    .bases(&[&OBJECT]);
static TYPING_UNION: TypeSpec = TypeSpec::new("typing", "_UnionGenericAlias").bases(&[&OBJECT]);
static SPECIAL_FORM: TypeSpec = TypeSpec::new("typing", "_SpecialForm").bases(&[&OBJECT]);
static FORWARD_REF: TypeSpec = TypeSpec::new("typing", "ForwardRef")
    .bases(&[&OBJECT])
    .construct(|_, args, _| {
        let name = args.pos.first().and_then(Value::as_str).unwrap_or("");
        Ok(Value::object(ForwardRef {
            name: Str::new(name),
        }))
    });
/// `typing.TypeVar`.
pub static TYPE_VAR: TypeSpec = TypeSpec::new("typing", "TypeVar")
    .bases(&[&OBJECT])
    .construct(construct_type_var);
/// `typing.Generic`.
pub static GENERIC: TypeSpec = TypeSpec::new("typing", "Generic")
    .bases(&[&OBJECT])
    .members(generic_members)
    .subclassable();
/// `typing.Protocol`.
pub static PROTOCOL: TypeSpec = TypeSpec::new("typing", "Protocol")
    .bases(&[&OBJECT])
    .members(generic_members)
    .subclassable();

fn generic_members(members: &mut Members) {
    members.class_method("__class_getitem__(item, /)", |this, a, cx| {
        subscribe(this, a.at(0), cx)
    });
}

/// A generic with its arguments: `list[int]`, `typing.List[int]`, `Literal["a"]`.
#[derive(Clone)]
pub struct GenericAlias {
    /// The class or special form that was subscripted.
    pub origin: Value,
    /// What stood in the brackets.
    pub args: Vec<Value>,
    /// The name under which `typing` shows it, `List`; `None` for a plain `list[int]`.
    pub typing_name: Option<&'static str>,
}

/// `X | Y`, or with `typing` `typing.Union[X, Y]`.
#[derive(Clone)]
pub struct UnionType {
    /// The alternatives; `None` for `NoneType`.
    pub args: Vec<Value>,
    /// Whether it was written with `typing.Union` or `typing.Optional`.
    pub typing: bool,
}

/// A name in quotes among the arguments of a generic of `typing`.
pub struct ForwardRef {
    /// The name.
    pub name: Str,
}

/// A type variable.
pub struct TypeVar {
    name: Str,
    bound: Value,
    constraints: Vec<Value>,
}

/// A special form of `typing`: `Optional`, `Any`, `List`, ...
pub struct SpecialForm {
    /// Its name.
    pub name: &'static str,
    /// The class it stands for, as `List` for `list`.
    pub origin: Option<&'static TypeSpec>,
}

impl SpecialForm {
    /// The form `name`.
    pub fn new(name: &'static str, origin: Option<&'static TypeSpec>) -> Value {
        Value::object(Self { name, origin })
    }
}

impl GenericAlias {
    /// The class that was subscripted, that of `List[int]` for one.
    pub fn origin_class(&self) -> Option<Rc<Class>> {
        match &self.origin {
            Value::Class(class) => Some(class.clone()),
            other => other.downcast::<SpecialForm>()?.origin.map(TypeSpec::class),
        }
    }
    /// The name of the special form that was subscripted, `Literal` for one.
    pub fn form(&self) -> Option<&'static str> {
        self.origin.downcast::<SpecialForm>().map(|form| form.name)
    }
}

/// Whether a class without `__class_getitem__` may be subscripted.
pub fn is_generic(class: &Class) -> bool {
    class.spec().is_some_and(|spec| {
        std::ptr::eq(spec, &raw const TUPLE) || std::ptr::eq(spec, &raw const TYPE)
    }) || class.derives_from(&TUPLE)
}

/// What stood in brackets, one by one.
pub fn arguments(key: &Value) -> Vec<Value> {
    match key {
        Value::Tuple(items) => items.to_vec(),
        other => vec![other.clone()],
    }
}

/// `class[key]` of a generic class.
pub fn subscribe(class: &Value, key: &Value, _cx: &Cx) -> Result<Value> {
    Ok(Value::object(GenericAlias {
        origin: class.clone(),
        args: arguments(key),
        typing_name: None,
    }))
}

/// The class that stands for `value` among the bases of a class.
pub fn mro_entry(value: &Value) -> Option<Rc<Class>> {
    if let Some(alias) = value.downcast::<GenericAlias>() {
        return alias.origin_class();
    }
    value.downcast::<SpecialForm>()?.origin.map(TypeSpec::class)
}

/// `__mro_entries__` of what stands for a class among bases.
fn mro_entries(value: &Value) -> Option<Value> {
    let class = mro_entry(value)?;
    Some(Method::function("__mro_entries__(bases)", move |_, _| {
        Ok(Value::tuple(vec![class.clone().into()]))
    }))
}

/// The class that a bare special form such as `typing.List` stands for in `isinstance`.
pub fn plain_origin(value: &Value) -> Option<Rc<Class>> {
    value.downcast::<SpecialForm>()?.origin.map(TypeSpec::class)
}

/// The alternatives of a union.
pub fn union_members(value: &Value) -> Option<Vec<Value>> {
    value
        .downcast::<UnionType>()
        .map(|union| union.args.clone())
}

fn is_type_like(value: &Value) -> bool {
    matches!(value, Value::Class(_) | Value::None)
        || value.downcast::<GenericAlias>().is_some()
        || value.downcast::<UnionType>().is_some()
        || value.downcast::<TypeVar>().is_some()
        || value.downcast::<SpecialForm>().is_some()
        || value.downcast::<ForwardRef>().is_some()
}

fn is_typing(value: &Value) -> bool {
    match value {
        Value::Object(_) => {
            if let Some(alias) = value.downcast::<GenericAlias>() {
                return alias.typing_name.is_some();
            }
            value
                .downcast::<UnionType>()
                .is_none_or(|union| union.typing)
        }
        _ => false,
    }
}

/// `a | b` of types; `None`: one of them is no type.
pub fn union_of_operands(a: &Value, b: &Value) -> Option<Value> {
    if !is_type_like(a) || !is_type_like(b) || (a.is_none() && b.is_none()) {
        return None;
    }
    let typing = is_typing(a) || is_typing(b);
    Some(union_of([a.clone(), b.clone()], typing))
}

/// The union of `members`, flat and without repetitions; of one member that member.
pub fn union_of(members: impl IntoIterator<Item = Value>, typing: bool) -> Value {
    let mut args: Vec<Value> = Vec::new();
    let mut add = |value: Value| {
        let value = match &value {
            Value::Class(class) if Rc::ptr_eq(class, &NONE_TYPE.class()) => Value::None,
            _ => value,
        };
        if !args.iter().any(|known| same_type(known, &value)) {
            args.push(value);
        }
    };
    for member in members {
        match member.downcast::<UnionType>() {
            Some(union) => union.args.iter().cloned().for_each(&mut add),
            None => add(member),
        }
    }
    if args.len() == 1 {
        return args.remove(0);
    }
    Value::object(UnionType { args, typing })
}

fn same_type(a: &Value, b: &Value) -> bool {
    if a.is(b) {
        return true;
    }
    if let (Some(a), Some(b)) = (a.downcast::<GenericAlias>(), b.downcast::<GenericAlias>()) {
        return a.origin.is(&b.origin)
            && a.args.len() == b.args.len()
            && a.args.iter().zip(&b.args).all(|(a, b)| same_type(a, b));
    }
    if let (Some(a), Some(b)) = (a.downcast::<UnionType>(), b.downcast::<UnionType>()) {
        return a.args.len() == b.args.len()
            && a.args
                .iter()
                .all(|arg| b.args.iter().any(|other| same_type(arg, other)));
    }
    if let (Some(a), Some(b)) = (a.downcast::<ForwardRef>(), b.downcast::<ForwardRef>()) {
        return a.name == b.name;
    }
    match (a, b) {
        (Value::Object(_), _) | (_, Value::Object(_)) => false,
        _ => ops::rich_eq(a, b, &Cx::current()).unwrap_or(false),
    }
}

/// An argument as reprs of generics show it.
pub fn type_repr(value: &Value, cx: &Cx) -> Result<String> {
    Ok(match value {
        Value::Class(class) => class.full_name(),
        Value::Object(object) if object.as_any().is::<super::EllipsisObject>() => "...".to_owned(),
        Value::List(list) => {
            let parts = list
                .to_vec()
                .iter()
                .map(|item| type_repr(item, cx))
                .collect::<Result<Vec<_>>>()?;
            format!("[{}]", parts.join(", "))
        }
        _ => cx.repr(value)?,
    })
}

impl Object for GenericAlias {
    fn spec(&self) -> &'static TypeSpec {
        &GENERIC_ALIAS
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let form = self.form();
        let plain = matches!(form, Some("Literal"));
        let shown = self
            .args
            .iter()
            .enumerate()
            .map(|(at, arg)| {
                if plain || (form == Some("Annotated") && at > 0) {
                    cx.repr(arg)
                } else if self.typing_name.is_some() && arg.is_none() {
                    Ok("NoneType".to_owned())
                } else {
                    type_repr(arg, cx)
                }
            })
            .collect::<Result<Vec<_>>>()?;
        let name = match self.typing_name {
            Some(name) => format!("typing.{name}"),
            None => type_repr(&self.origin, cx)?,
        };
        let args = if shown.is_empty() {
            "()".to_owned()
        } else {
            shown.join(", ")
        };
        Ok(Some(format!("{name}[{args}]")))
    }
    fn get_attr(&self, this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        Ok(match name {
            "__mro_entries__" => mro_entries(this),
            "__origin__" if self.form() == Some("Annotated") => self.args.first().cloned(),
            "__origin__" => Some(match self.origin_class() {
                Some(class) => class.into(),
                None => self.origin.clone(),
            }),
            "__metadata__" if self.form() == Some("Annotated") => Some(Value::tuple(
                self.args.get(1..).unwrap_or_default().to_vec(),
            )),
            "__args__" if self.form() == Some("Callable") => Some(Value::tuple(
                self.args
                    .iter()
                    .flat_map(|arg| match arg {
                        Value::List(list) => list.to_vec(),
                        other => vec![other.clone()],
                    })
                    .collect(),
            )),
            "__args__" => Some(Value::tuple(self.args.iter().map(none_type).collect())),
            "__parameters__" => Some(Value::tuple(
                self.args
                    .iter()
                    .filter(|arg| arg.downcast::<TypeVar>().is_some())
                    .cloned()
                    .collect(),
            )),
            _ => match self.origin_class() {
                Some(class) => find_attr(&Value::Class(class), name, cx)?,
                None => None,
            },
        })
    }
    fn is_callable(&self) -> bool {
        true
    }
    fn call(&self, _this: &Value, args: Args, cx: &Cx) -> Result<Option<Value>> {
        if let (Some(name), Some(class)) = (self.typing_name, self.origin_class()) {
            check_instantiable(name, &class)?;
        }
        match self.origin_class() {
            Some(class) => cx.call(&Value::Class(class), args).map(Some),
            None => Ok(None),
        }
    }
    fn get_item(&self, _this: &Value, key: &Value, _cx: &Cx) -> Result<Option<Value>> {
        // Fill the type variables, in order.
        let mut given = arguments(key).into_iter();
        let args = self
            .args
            .iter()
            .map(|arg| match arg.downcast::<TypeVar>() {
                Some(_) => given.next().unwrap_or_else(|| arg.clone()),
                None => arg.clone(),
            })
            .collect();
        Ok(Some(Value::object(Self {
            args,
            ..self.clone()
        })))
    }
    fn binary(
        &self,
        this: &Value,
        op: BinaryOp,
        other: &Value,
        reflected: bool,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(union_operator(this, op, other, reflected))
    }
    fn compare(
        &self,
        this: &Value,
        op: CompareOp,
        other: &Value,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(compare_types(this, op, other))
    }
    fn hash(&self, cx: &Cx) -> Result<Option<u64>> {
        let hashes = self
            .args
            .iter()
            .map(|arg| hash_value(arg, cx))
            .collect::<Result<Vec<_>>>()?;
        Ok(Some(hash_sequence(hashes.into_iter())))
    }
}

/// The aliases of the built-in types are not called: the types themselves are.
fn check_instantiable(name: &str, class: &Class) -> Result<()> {
    if !matches!(
        name,
        "List" | "Set" | "FrozenSet" | "Dict" | "Tuple" | "Type"
    ) {
        return Ok(());
    }
    Err(TYPE_ERROR.error(format!(
        "Type {name} cannot be instantiated; use {}() instead",
        class.name()
    )))
}

fn none_type(value: &Value) -> Value {
    if value.is_none() {
        NONE_TYPE.class().into()
    } else {
        value.clone()
    }
}

fn union_operator(this: &Value, op: BinaryOp, other: &Value, reflected: bool) -> Option<Value> {
    if op != BinaryOp::BitOr {
        return None;
    }
    if reflected {
        union_of_operands(other, this)
    } else {
        union_of_operands(this, other)
    }
}

fn compare_types(this: &Value, op: CompareOp, other: &Value) -> Option<Value> {
    let same = same_type(this, other);
    match op {
        CompareOp::Eq => Some(Value::Bool(same)),
        CompareOp::Ne => Some(Value::Bool(!same)),
        _ => None,
    }
}

impl Object for UnionType {
    fn spec(&self) -> &'static TypeSpec {
        if self.typing {
            &TYPING_UNION
        } else {
            &UNION_TYPE
        }
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        if !self.typing {
            let shown = self
                .args
                .iter()
                .map(|arg| type_repr(arg, cx))
                .collect::<Result<Vec<_>>>()?;
            return Ok(Some(shown.join(" | ")));
        }
        let has_none = self.args.iter().any(Value::is_none);
        if has_none && self.args.len() == 2 {
            if let Some(arg) = self.args.iter().find(|arg| !arg.is_none()) {
                return Ok(Some(format!("typing.Optional[{}]", type_repr(arg, cx)?)));
            }
        }
        let shown = self
            .args
            .iter()
            .map(|arg| type_repr(&none_type(arg), cx))
            .collect::<Result<Vec<_>>>()?;
        Ok(Some(format!("typing.Union[{}]", shown.join(", "))))
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(match name {
            "__args__" => Some(Value::tuple(self.args.iter().map(none_type).collect())),
            "__origin__" if self.typing => Some(SpecialForm::new("Union", None)),
            "__parameters__" => Some(Value::tuple(Vec::new())),
            _ => None,
        })
    }
    fn binary(
        &self,
        this: &Value,
        op: BinaryOp,
        other: &Value,
        reflected: bool,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(union_operator(this, op, other, reflected))
    }
    fn compare(
        &self,
        this: &Value,
        op: CompareOp,
        other: &Value,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(compare_types(this, op, other))
    }
    fn hash(&self, cx: &Cx) -> Result<Option<u64>> {
        let mut sum = 0_u64;
        for arg in &self.args {
            sum = sum.wrapping_add(hash_value(arg, cx)?);
        }
        Ok(Some(sum))
    }
}

impl Object for ForwardRef {
    fn spec(&self) -> &'static TypeSpec {
        &FORWARD_REF
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let name = cx.repr(&self.name.clone().into())?;
        Ok(Some(format!("ForwardRef({name})")))
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok((name == "__forward_arg__").then(|| self.name.clone().into()))
    }
    fn binary(
        &self,
        this: &Value,
        op: BinaryOp,
        other: &Value,
        reflected: bool,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(union_operator(this, op, other, reflected))
    }
    fn compare(
        &self,
        this: &Value,
        op: CompareOp,
        other: &Value,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(compare_types(this, op, other))
    }
}

fn construct_type_var(_class: &Rc<Class>, mut args: Args, _cx: &Cx) -> Result<Value> {
    let bound = args.take_keyword("bound").unwrap_or(Value::None);
    let Some(Value::Str(name)) = args.pos.first() else {
        return Err(TYPE_ERROR.error("TypeVar() missing required argument 'name' (pos 1)"));
    };
    Ok(Value::object(TypeVar {
        name: name.clone(),
        bound,
        constraints: args.pos.get(1..).unwrap_or_default().to_vec(),
    }))
}

impl Object for TypeVar {
    fn spec(&self) -> &'static TypeSpec {
        &TYPE_VAR
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(format!("~{}", self.name)))
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(match name {
            "__name__" => Some(self.name.clone().into()),
            "__bound__" => Some(self.bound.clone()),
            "__constraints__" => Some(Value::tuple(self.constraints.clone())),
            _ => None,
        })
    }
    fn binary(
        &self,
        this: &Value,
        op: BinaryOp,
        other: &Value,
        reflected: bool,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(union_operator(this, op, other, reflected))
    }
}

impl Object for SpecialForm {
    fn spec(&self) -> &'static TypeSpec {
        &SPECIAL_FORM
    }
    fn identity(&self) -> Option<usize> {
        Some(self.name.as_ptr() as usize)
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(format!("typing.{}", self.name)))
    }
    fn get_attr(&self, this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(match name {
            "__mro_entries__" => mro_entries(this),
            "__origin__" => self.origin.map(|spec| spec.class().into()),
            "__name__" | "_name" => Some(self.name.into()),
            "__module__" => Some("typing".into()),
            _ => None,
        })
    }
    fn get_item(&self, this: &Value, key: &Value, _cx: &Cx) -> Result<Option<Value>> {
        let refer = |value: Value| match (&value, self.name) {
            (Value::Str(name), _) => Value::object(ForwardRef { name: name.clone() }),
            _ => value,
        };
        let args = arguments(key);
        Ok(match self.name {
            "Optional" => Some(union_of(
                [
                    args.into_iter().next().map_or(Value::None, refer),
                    Value::None,
                ],
                true,
            )),
            "Union" => Some(union_of(args.into_iter().map(refer), true)),
            "Any" | "NoReturn" | "Never" | "Self" | "LiteralString" => {
                return Err(TYPE_ERROR.error(format!("typing.{} is not subscriptable", self.name)));
            }
            "Literal" => Some(Value::object(GenericAlias {
                origin: this.clone(),
                args,
                typing_name: Some(self.name),
            })),
            "Annotated" => {
                if args.len() < 2 {
                    return Err(TYPE_ERROR.error(
                        "Annotated[...] should be used with at least two arguments (a type and \
                         an annotation).",
                    ));
                }
                let mut args = args.into_iter();
                let first = args.next().map(refer);
                Some(Value::object(GenericAlias {
                    origin: this.clone(),
                    args: first.into_iter().chain(args).collect(),
                    typing_name: Some(self.name),
                }))
            }
            _ => Some(Value::object(GenericAlias {
                origin: match self.origin {
                    Some(spec) => spec.class().into(),
                    None => this.clone(),
                },
                args: args.into_iter().map(refer).collect(),
                typing_name: Some(self.name),
            })),
        })
    }
    fn is_callable(&self) -> bool {
        self.origin.is_some()
    }
    fn call(&self, _this: &Value, args: Args, cx: &Cx) -> Result<Option<Value>> {
        match self.origin {
            Some(spec) => {
                check_instantiable(self.name, &spec.class())?;
                cx.call(&Value::Class(spec.class()), args).map(Some)
            }
            None => Err(TYPE_ERROR.error(format!("Cannot instantiate typing.{}", self.name))),
        }
    }
    fn binary(
        &self,
        this: &Value,
        op: BinaryOp,
        other: &Value,
        reflected: bool,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(union_operator(this, op, other, reflected))
    }
}
