//! The built-in types, a file each: their members, reprs and operators.

use std::rc::Rc;

use super::exceptions::TYPE_ERROR;
use super::{
    BinaryOp, Class, CompareOp, Cx, Instance, Key, Obj, Object, Raised, Result, TypeSpec, Value,
    ValueIter,
};

/// `object`.
pub static OBJECT: TypeSpec = TypeSpec::new("builtins", "object").subclassable();
/// `type`.
pub static TYPE: TypeSpec = TypeSpec::new("builtins", "type").bases(&[&OBJECT]);
/// `NoneType`.
pub static NONE_TYPE: TypeSpec = TypeSpec::new("builtins", "NoneType");
/// `bool`.
pub static BOOL: TypeSpec = TypeSpec::new("builtins", "bool").bases(&[&INT]);
/// `int`.
pub static INT: TypeSpec = TypeSpec::new("builtins", "int").subclassable();
/// `float`.
pub static FLOAT: TypeSpec = TypeSpec::new("builtins", "float").subclassable();
/// `str`.
pub static STR: TypeSpec = TypeSpec::new("builtins", "str").subclassable();
/// `bytes`.
pub static BYTES: TypeSpec = TypeSpec::new("builtins", "bytes").subclassable();
/// `list`.
pub static LIST: TypeSpec = TypeSpec::new("builtins", "list").subclassable();
/// `tuple`.
pub static TUPLE: TypeSpec = TypeSpec::new("builtins", "tuple").subclassable();
/// `dict`.
pub static DICT: TypeSpec = TypeSpec::new("builtins", "dict").subclassable();
/// `set`.
pub static SET: TypeSpec = TypeSpec::new("builtins", "set").subclassable();
/// `frozenset`.
pub static FROZENSET: TypeSpec = TypeSpec::new("builtins", "frozenset").subclassable();

/// The class of a value.
pub fn class_of(value: &Value, _cx: &Cx) -> Rc<Class> {
    match value {
        Value::Undefined | Value::None => NONE_TYPE.class(),
        Value::Bool(_) => BOOL.class(),
        Value::Int(_) | Value::BigInt(_) => INT.class(),
        Value::Float(_) => FLOAT.class(),
        Value::Str(_) => STR.class(),
        Value::Bytes(_) => BYTES.class(),
        Value::List(list) => list
            .hook()
            .map_or_else(|| LIST.class(), |hook| hook.class()),
        Value::Tuple(_) => TUPLE.class(),
        Value::Dict(dict) => dict
            .hook()
            .map_or_else(|| DICT.class(), |hook| hook.class()),
        Value::Set(set) => match set.hook() {
            Some(hook) => hook.class(),
            None if set.is_frozen() => FROZENSET.class(),
            None => SET.class(),
        },
        Value::Class(_) => TYPE.class(),
        Value::Instance(instance) => instance.class().clone(),
        Value::Object(object) => object.class(),
    }
}

/// Python's `NotImplemented`.
pub struct NotImplementedObject;

static NOT_IMPLEMENTED_TYPE: TypeSpec = TypeSpec::new("builtins", "NotImplementedType");

impl Object for NotImplementedObject {
    fn spec(&self) -> &'static TypeSpec {
        &NOT_IMPLEMENTED_TYPE
    }
    fn identity(&self) -> Option<usize> {
        Some(1)
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some("NotImplemented".to_owned()))
    }
}

/// Whether a special method answered `NotImplemented`.
pub fn is_not_implemented(value: &Value) -> bool {
    value.downcast::<NotImplementedObject>().is_some()
}

/// The `__dict__` of an instance: loaded mapped attributes, then plain ones.
pub fn instance_dict(instance: &Rc<Instance>) -> Value {
    let layout = instance.class().layout();
    let mapped = layout
        .names()
        .into_iter()
        .enumerate()
        .filter_map(|(slot, name)| {
            let value = instance.slot(u32::try_from(slot).ok()?);
            (!value.is_undefined()).then_some((name, value))
        });
    let dict = super::Dict::from_pairs(mapped);
    for (name, value) in instance.attributes() {
        dict.insert_str(&name, value);
    }
    Value::Dict(Rc::new(dict))
}

/// The attributes that every class has.
pub fn class_attr(_value: &Value, class: &Rc<Class>, name: &str) -> Option<Value> {
    Some(match name {
        "__name__" => class.name().into(),
        "__qualname__" => class.qualname().into(),
        "__module__" => class.module().clone().into(),
        "__class__" => TYPE.class().into(),
        "__doc__" => Value::None,
        "__bases__" => Value::tuple(class.bases().into_iter().map(Value::Class).collect()),
        "__mro__" => Value::tuple(
            std::iter::once(class.clone())
                .chain(class.ancestors().iter().cloned())
                .map(Value::Class)
                .collect(),
        ),
        "__dict__" => Value::Dict(Rc::new(super::Dict::from_pairs(
            class.own_names().into_iter().filter_map(|name| {
                let value = class.own(&name)?;
                Some((name, value))
            }),
        ))),
        _ => return None,
    })
}

/// Append `repr(value)` to `out`.
pub fn write_repr(value: &Value, out: &mut String, cx: &Cx) -> Result<()> {
    let _depth = cx.enter()?;
    match value {
        Value::Undefined => out.push_str("<undefined>"),
        Value::None => out.push_str("None"),
        Value::Bool(flag) => out.push_str(if *flag { "True" } else { "False" }),
        Value::Int(number) => out.push_str(&number.to_string()),
        Value::BigInt(number) => out.push_str(&number.to_string()),
        Value::Float(number) => out.push_str(&number.to_string()),
        Value::Str(text) => out.push_str(&format!("'{text}'")),
        Value::Bytes(bytes) => out.push_str(&format!("{bytes:?}")),
        Value::List(list) => write_items(&list.to_vec(), "[", "]", out, cx)?,
        Value::Tuple(items) if items.len() == 1 => write_items(items, "(", ",)", out, cx)?,
        Value::Tuple(items) => write_items(items, "(", ")", out, cx)?,
        Value::Set(set) => write_items(&set.to_vec(), "{", "}", out, cx)?,
        Value::Dict(dict) => {
            let entries: Vec<(Key, Value)> = dict
                .borrow()
                .iter()
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect();
            out.push('{');
            for (at, (key, value)) in entries.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                write_repr(key.value(), out, cx)?;
                out.push_str(": ");
                write_repr(value, out, cx)?;
            }
            out.push('}');
        }
        Value::Class(class) => out.push_str(&format!("<class '{}'>", class.full_name())),
        Value::Instance(instance) => match instance.class().lookup("__repr__") {
            Some(method) => {
                let bound = super::bind(&method, Some(value), instance.class(), cx)?;
                let answer = cx.call(&bound, [])?;
                out.push_str(&super::ops::text_of(answer, "__repr__", cx)?);
            }
            None => out.push_str(&super::ops::default_repr(value, cx)),
        },
        Value::Object(object) => match object.repr(cx)? {
            Some(text) => out.push_str(&text),
            None => out.push_str(&super::ops::default_repr(value, cx)),
        },
    }
    Ok(())
}

fn write_items(items: &[Value], open: &str, close: &str, out: &mut String, cx: &Cx) -> Result<()> {
    out.push_str(open);
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        write_repr(item, out, cx)?;
    }
    out.push_str(close);
    Ok(())
}

/// A comparison of built-in values; `None`: not defined between these.
pub fn compare_builtin(a: &Value, op: CompareOp, b: &Value, _cx: &Cx) -> Result<Option<Value>> {
    Ok(match (a, b) {
        (Value::Str(a), Value::Str(b)) => Some(Value::Bool(op.holds(a.cmp(b)))),
        _ => None,
    })
}

/// A comparison by the built-in value that an instance of a subclass carries.
pub fn compare_payload(
    _instance: &Rc<Instance>,
    _op: CompareOp,
    _other: &Value,
    _cx: &Cx,
) -> Result<Option<Value>> {
    Ok(None)
}

/// An operator between built-in values; `None`: not defined between these.
pub fn binary_builtin(op: BinaryOp, a: &Value, b: &Value, _cx: &Cx) -> Result<Option<Value>> {
    Ok(match (op, a, b) {
        (BinaryOp::Add, Value::Str(a), Value::Str(b)) => Some(format!("{a}{b}").into()),
        _ => None,
    })
}

/// An operator by the built-in values that instances of subclasses carry.
pub fn binary_payload(_op: BinaryOp, _a: &Value, _b: &Value, _cx: &Cx) -> Result<Option<Value>> {
    Ok(None)
}

/// The TypeError for an operator that neither side knows.
pub fn unsupported_operands(op: BinaryOp, a: &Value, b: &Value, cx: &Cx) -> Raised {
    TYPE_ERROR.error(format!(
        "unsupported operand type(s) for {}: '{}' and '{}'",
        op.symbol(),
        class_of(a, cx).name(),
        class_of(b, cx).name()
    ))
}

/// Start, stop and step of a `range`.
pub fn range_bounds(_object: &Obj) -> Option<(i64, i64, i64)> {
    None
}

/// Iterate the built-in value that an instance of a subclass carries.
pub fn iterate_payload(_instance: &Rc<Instance>, _cx: &Cx) -> Result<Option<ValueIter>> {
    Ok(None)
}

/// Iterate a built-in container other than list and tuple.
pub fn iterate_builtin(value: &Value) -> Option<ValueIter> {
    Some(match value {
        Value::Str(text) => ValueIter::Values(
            text.chars()
                .map(|c| Value::str(c.to_string()))
                .collect::<Vec<_>>()
                .into_iter(),
        ),
        Value::Dict(dict) => ValueIter::Values(
            dict.borrow()
                .keys()
                .map(|key| key.value().clone())
                .collect::<Vec<_>>()
                .into_iter(),
        ),
        Value::Set(set) => ValueIter::Values(set.to_vec().into_iter()),
        _ => return None,
    })
}
