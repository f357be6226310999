//! The built-in types, a file each: their members, reprs and operators.

mod arithmetic;
pub mod bytes;
mod bytes_text;
mod compare;
pub mod complex;
pub mod decimal;
pub mod dict;
mod dict_views;
pub mod enumeration;
pub mod float;
pub mod format;
pub mod generic;
pub mod int;
mod items;
pub mod iterators;
pub mod json;
mod list;
mod list_methods;
mod mapping_proxy;
mod object;
mod percent;
mod range;
mod repr;
mod set;
mod slice;
mod str;
mod str_format;
mod str_methods;
pub mod str_repr;
pub mod temporal;
mod tuple;
mod type_type;
pub mod uuid;

use std::any::Any;
use std::rc::Rc;

use super::exceptions::TYPE_ERROR;
use super::{Args, Class, Cx, Instance, Result, Str, TypeSpec, Value, attribute};

pub use arithmetic::{absolute, div_mod};
pub use arithmetic::{binary_builtin, binary_payload, in_place_builtin, unary_builtin};
pub use arithmetic::{operator_error, unsupported_operands};
pub use bytes::BYTES;
pub use compare::{compare_builtin, compare_payload};
pub use complex::{COMPLEX, Complex};
pub use dict::DICT;
pub use float::FLOAT;
pub use int::{BOOL, INT};
pub use items::{contains, delete_item, get_item, get_native_item, len, set_item};
pub use iterators::{iter_of, iterate_builtin, iterate_payload, range_bounds};
pub use list::LIST;
pub use list_methods::{sort, sorted};
pub use mapping_proxy::{MAPPING_PROXY, MappingProxy};
pub use object::{
    ELLIPSIS_TYPE, EllipsisObject, NONE_TYPE, NotImplementedObject, OBJECT, instance_dict,
    is_not_implemented,
};
pub use range::{RANGE, Range};
pub use repr::{ReprGuard, write_entries, write_items, write_repr};
pub use set::{FROZENSET, SET, ordered_members, python_hash};
pub use slice::Indices;
pub use slice::{SLICE, Slice};
pub use str::STR;
pub use str_methods::{is_identifier, split_lines};
pub use tuple::TUPLE;
pub use type_type::{
    TYPE, class_attr, class_text, inherit_metaclass, is_instance, is_subclass, make_class,
};

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
        Value::Class(class) => class.metaclass().map_or_else(|| TYPE.class(), Rc::clone),
        Value::Instance(instance) => instance.class().clone(),
        Value::Object(object) => object.class(),
    }
}

/// The built-in value that an instance of a subclass of a built-in type carries.
pub fn payload(instance: &Rc<Instance>) -> Option<Value> {
    if let Some(text) = instance.payload::<Str>() {
        return Some(Value::Str(text.clone()));
    }
    if let Some(value) = instance.payload::<Value>() {
        return Some(value.clone());
    }
    if let Some(list) = instance.payload_rc() {
        return Some(Value::List(list));
    }
    if let Some(dict) = instance.payload_rc() {
        return Some(Value::Dict(dict));
    }
    if let Some(set) = instance.payload_rc() {
        return Some(Value::Set(set));
    }
    instance.payload_rc().map(Value::Tuple)
}

/// The value itself, or the built-in value that it carries as an instance of a subclass.
pub fn base_value(value: &Value) -> Value {
    match value {
        Value::Instance(instance) => payload(instance).unwrap_or_else(|| value.clone()),
        _ => value.clone(),
    }
}

/// An instance of `class`, a subclass of a built-in type, that carries `base`.
pub fn with_base(class: &Rc<Class>, base: Value) -> Rc<Instance> {
    let payload: Rc<dyn Any> = match base {
        Value::List(list) => list,
        Value::Dict(dict) => dict,
        Value::Set(set) => set,
        Value::Tuple(items) => items,
        Value::Str(text) => Rc::new(text),
        other => Rc::new(other),
    };
    Instance::with_payload(class.clone(), payload)
}

/// `value` as an instance of `class`: itself where that is the class of `spec`.
pub fn of_class(class: &Rc<Class>, spec: &'static TypeSpec, value: Value) -> Value {
    if class.spec().is_some_and(|own| std::ptr::eq(own, spec)) {
        return value;
    }
    Value::Instance(with_base(class, value))
}

/// A number as its plain value: bools as ints, instances as what they carry.
pub fn number_of(value: &Value) -> Option<Value> {
    match value {
        Value::Int(_) | Value::Float(_) | Value::BigInt(_) => Some(value.clone()),
        Value::Bool(flag) => Some(Value::Int(i64::from(*flag))),
        Value::Instance(instance) => match payload(instance)? {
            number @ (Value::Int(_) | Value::Float(_) | Value::BigInt(_)) => Some(number),
            _ => None,
        },
        _ => None,
    }
}

/// TypeError where a function that takes none was given keyword arguments.
pub fn no_keywords(name: &str, args: &Args) -> Result<()> {
    if args.kw.is_empty() {
        return Ok(());
    }
    Err(TYPE_ERROR.error(format!("{name}() takes no keyword arguments")))
}

/// Call a special method of an instance or native object; `None`: it has none.
pub fn call_special(value: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
    let class = match value {
        Value::Instance(instance) => instance.class().clone(),
        Value::Object(object) => object.class(),
        _ => return Ok(None),
    };
    let Some(method) = class.special(name) else {
        return Ok(None);
    };
    let bound = attribute::bind(&method, Some(value), &class, cx)?;
    cx.call(&bound, []).map(Some)
}

use arithmetic::{container_members, number_members, set_members};

/// `hash(value)` as CPython answers it where that does not depend on addresses.
pub fn hash_number(value: &Value, cx: &Cx) -> Result<Value> {
    if let Value::Object(object) = value
        && let Some(base) = object.stands_for()
    {
        return hash_number(&base, cx);
    }
    Ok(Value::Int(match python_hash(&base_value(value)) {
        Some(hash) => hash,
        None => super::hash_value(value, cx)?.cast_signed() >> 3,
    }))
}

/// How many characters a text has.
pub fn char_count(text: &str) -> usize {
    char_len(text)
}

fn char_len(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.chars().count()
    }
}
