//! What annotations are made of: subscripted generics, unions, forward references, type
//! variables and `typing`'s special forms.

mod alias;
mod forms;
mod new_type;

use std::rc::Rc;

pub use new_type::NewType;

use super::{NONE_TYPE, OBJECT, TUPLE, TYPE};
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{
    BinaryOp, Class, CompareOp, Cx, Instance, Members, Method, Result, Str, TypeSpec, Value,
    find_attr, ops,
};

static GENERIC_ALIAS: TypeSpec = TypeSpec::new("types", "GenericAlias")
    .names_module()
    .bases(&[&OBJECT]);
static UNION_TYPE: TypeSpec = TypeSpec::new("types", "UnionType")
    .names_module()
    .bases(&[&OBJECT]);
static TYPING_UNION: TypeSpec = TypeSpec::new("typing", "_UnionGenericAlias").bases(&[&OBJECT]);
static SPECIAL_FORM: TypeSpec = TypeSpec::new("typing", "_SpecialForm").bases(&[&OBJECT]);
/// `typing.ForwardRef`.
pub static FORWARD_REF: TypeSpec = TypeSpec::new("typing", "ForwardRef")
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
    .construct(forms::construct_type_var);
/// `typing.Generic`.
pub static GENERIC: TypeSpec = TypeSpec::new("typing", "Generic")
    .bases(&[&OBJECT])
    .members(generic_members)
    .subclassable();
/// `typing.Protocol`.
pub static PROTOCOL: TypeSpec = TypeSpec::new("typing", "Protocol")
    .bases(&[&OBJECT])
    .construct(|class, _, _| {
        if is_protocol(class) {
            return Err(TYPE_ERROR.error("Protocols cannot be instantiated"));
        }
        Ok(Value::Instance(Instance::new(class.clone())))
    })
    .members(generic_members)
    .subclassable();

/// The attribute of a protocol that `isinstance` may be asked about.
pub const RUNTIME_PROTOCOL: &str = "_is_runtime_protocol";

/// Whether a class is a protocol itself, not only a class that follows one.
pub fn is_protocol(class: &Class) -> bool {
    class
        .bases()
        .iter()
        .any(|base| Rc::ptr_eq(base, &PROTOCOL.class()))
}

/// Whether `value` follows the protocol `class`; `None`: `class` is no protocol.
pub fn follows_protocol(value: &Value, class: &Rc<Class>, cx: &Cx) -> Option<Result<bool>> {
    if !class.derives_from(&PROTOCOL) || !is_protocol(class) {
        return None;
    }
    if class.lookup(RUNTIME_PROTOCOL).is_none() {
        return Some(Err(TYPE_ERROR.error(
            "Instance and class checks can only be used with @runtime_checkable protocols",
        )));
    }
    let mut names = class.own_names();
    if let Some(Value::Dict(annotations)) = class.own("__annotations__") {
        let annotated = super::dict::entries(&annotations);
        names.extend(
            annotated
                .iter()
                .filter_map(|(name, _)| name.as_str().map(Str::new)),
        );
    }
    let special = [
        "__module__",
        "__doc__",
        "__annotations__",
        "__orig_bases__",
        "__init__",
        RUNTIME_PROTOCOL,
    ];
    for name in names
        .iter()
        .filter(|name| !special.contains(&name.as_str()))
    {
        match find_attr(value, name, cx) {
            Ok(Some(_)) => {}
            Ok(None) => return Some(Ok(false)),
            Err(raised) => return Some(Err(raised)),
        }
    }
    Some(Ok(true))
}

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
    /// How its parameter may vary, as reprs show it: `~`, `+` or `-`.
    variance: char,
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
    pub fn named(name: &'static str, origin: Option<&'static TypeSpec>) -> Value {
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
            && a.typing_name.is_some() == b.typing_name.is_some()
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
