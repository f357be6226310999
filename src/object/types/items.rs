//! Subscription, membership and length: `value[key]`, `del`, `in`, `len()`, in one place.

use std::rc::Rc;

use super::list::locate;
use super::slice::Slice;
use super::{base_value, class_of, generic, int, payload};
use crate::object::exceptions::{INDEX_ERROR, OVERFLOW_ERROR, TYPE_ERROR, VALUE_ERROR};
use crate::object::{Args, Class, Cx, Result, Str, Value, bind, call_of_metaclass, key_error, ops};

/// `value[key]`.
pub fn get_item(value: &Value, key: &Value, cx: &Cx) -> Result<Value> {
    match value {
        Value::List(list) => {
            if let Value::Int(index) = key
                && let Some(item) = locate(*index, list.len()).and_then(|at| list.get(at))
            {
                return Ok(item);
            }
            list.get_item(key, cx)
        }
        Value::Dict(dict) => match dict.get_item(key, cx)? {
            Some(found) => Ok(found),
            None => Err(key_error(key.clone())),
        },
        Value::Tuple(items) => get_tuple_item(items, key, cx),
        Value::Str(text) => get_str_item(text, key, cx),
        Value::Bytes(bytes) => get_bytes_item(bytes, key, cx),
        Value::Class(class) => {
            let args = Args::from([key.clone()]);
            match call_of_metaclass(value, class, "__getitem__", args, cx) {
                Some(answer) => answer,
                None => get_class_item(value, class, key, cx),
            }
        }
        Value::Object(object) => match object.get_item(value, key, cx)? {
            Some(found) => Ok(found),
            None => match special_item(value, &object.class(), "__getitem__", &[key], cx)? {
                Some(found) => Ok(found),
                None => Err(not_subscriptable(value, cx)),
            },
        },
        Value::Instance(instance) => {
            match special_item(value, instance.class(), "__getitem__", &[key], cx)? {
                Some(found) => Ok(found),
                None => get_native_item(value, key, cx),
            }
        }
        _ => Err(not_subscriptable(value, cx)),
    }
}

/// `value[key]` by the built-in value that an instance carries; `__missing__` is asked.
pub fn get_native_item(value: &Value, key: &Value, cx: &Cx) -> Result<Value> {
    let Value::Instance(instance) = value else {
        return get_item(value, key, cx);
    };
    match payload(instance) {
        Some(Value::Dict(dict)) => {
            if let Some(found) = dict.get_item(key, cx)? {
                return Ok(found);
            }
            match instance.class().lookup("__missing__") {
                Some(_) => cx.call_method(value, "__missing__", [key.clone()]),
                None => Err(key_error(key.clone())),
            }
        }
        Some(base) => get_item(&base, key, cx),
        None => Err(not_subscriptable(value, cx)),
    }
}

fn not_subscriptable(value: &Value, cx: &Cx) -> crate::object::Raised {
    TYPE_ERROR.error(format!(
        "'{}' object is not subscriptable",
        class_of(value, cx).error_name()
    ))
}

fn special_item(
    value: &Value,
    class: &Rc<Class>,
    name: &str,
    args: &[&Value],
    cx: &Cx,
) -> Result<Option<Value>> {
    let Some(method) = class.special(name) else {
        return Ok(None);
    };
    let bound = bind(&method, Some(value), class, cx)?;
    let args: Vec<Value> = args.iter().map(|arg| (*arg).clone()).collect();
    cx.call(&bound, args).map(Some)
}

fn get_class_item(value: &Value, class: &Rc<Class>, key: &Value, cx: &Cx) -> Result<Value> {
    if let Some(extension) = class.nearest_extension()
        && let Some(found) = extension.get_class_item(class, key, cx)?
    {
        return Ok(found);
    }
    if let Some(method) = class.lookup("__class_getitem__") {
        let bound = bind(&method, None, class, cx)?;
        // A plain function is the class method that Python makes of it.
        let is_bound = bound.downcast::<crate::object::BoundMethod>().is_some();
        return if is_bound {
            cx.call(&bound, [key.clone()])
        } else {
            cx.call(&bound, [value.clone(), key.clone()])
        };
    }
    if generic::is_generic(class) {
        return generic::subscribe(value, key, cx);
    }
    Err(TYPE_ERROR.error(format!("type '{}' is not subscriptable", class.full_name())))
}

fn get_tuple_item(items: &[Value], key: &Value, cx: &Cx) -> Result<Value> {
    if let Some(slice) = key.downcast::<Slice>() {
        let indices = slice.indices(items.len(), cx)?;
        return Ok(Value::tuple(
            indices
                .iter()
                .filter_map(|at| items.get(at).cloned())
                .collect(),
        ));
    }
    let index = int::index(key, cx)?.ok_or_else(|| {
        TYPE_ERROR.error(format!(
            "tuple indices must be integers or slices, not {}",
            class_of(key, cx).error_name()
        ))
    })?;
    locate(index, items.len())
        .and_then(|at| items.get(at).cloned())
        .ok_or_else(|| INDEX_ERROR.error("tuple index out of range"))
}

fn get_str_item(text: &Str, key: &Value, cx: &Cx) -> Result<Value> {
    if let Some(slice) = key.downcast::<Slice>() {
        let indices = slice.indices(super::char_len(text), cx)?;
        if text.is_ascii() {
            let bytes = text.as_bytes();
            let found: String = indices
                .iter()
                .filter_map(|at| bytes.get(at).map(|byte| char::from(*byte)))
                .collect();
            return Ok(found.into());
        }
        let chars: Vec<char> = text.chars().collect();
        let found: String = indices
            .iter()
            .filter_map(|at| chars.get(at).copied())
            .collect();
        return Ok(found.into());
    }
    let index = int::index(key, cx)?.ok_or_else(|| {
        TYPE_ERROR.error(format!(
            "string indices must be integers, not '{}'",
            class_of(key, cx).error_name()
        ))
    })?;
    let at = locate(index, super::char_len(text));
    let found = at.and_then(|at| {
        if text.is_ascii() {
            text.as_bytes().get(at).map(|byte| char::from(*byte))
        } else {
            text.chars().nth(at)
        }
    });
    found
        .map(|c| Value::str(c.encode_utf8(&mut [0; 4]) as &str))
        .ok_or_else(|| INDEX_ERROR.error("string index out of range"))
}

fn get_bytes_item(bytes: &Rc<Vec<u8>>, key: &Value, cx: &Cx) -> Result<Value> {
    if let Some(slice) = key.downcast::<Slice>() {
        let indices = slice.indices(bytes.len(), cx)?;
        return Ok(Value::Bytes(Rc::new(
            indices
                .iter()
                .filter_map(|at| bytes.get(at).copied())
                .collect(),
        )));
    }
    let index = int::index(key, cx)?.ok_or_else(|| {
        TYPE_ERROR.error(format!(
            "byte indices must be integers or slices, not {}",
            class_of(key, cx).error_name()
        ))
    })?;
    locate(index, bytes.len())
        .and_then(|at| bytes.get(at))
        .map(|byte| Value::Int(i64::from(*byte)))
        .ok_or_else(|| INDEX_ERROR.error("index out of range"))
}

/// `value[key] = new`.
pub fn set_item(value: &Value, key: Value, new: Value, cx: &Cx) -> Result<()> {
    let done = match value {
        Value::List(list) => return list.set_item(&key, &new, cx),
        Value::Dict(dict) => return dict.set_item(key, new, cx),
        Value::Object(object) => {
            object.set_item(&key, &new, cx)?
                || special_item(value, &object.class(), "__setitem__", &[&key, &new], cx)?.is_some()
        }
        Value::Instance(instance) => {
            if special_item(value, instance.class(), "__setitem__", &[&key, &new], cx)?.is_some() {
                return Ok(());
            }
            match payload(instance) {
                Some(base @ (Value::List(_) | Value::Dict(_))) => {
                    return set_item(&base, key, new, cx);
                }
                _ => false,
            }
        }
        _ => false,
    };
    if done {
        return Ok(());
    }
    Err(TYPE_ERROR.error(format!(
        "'{}' object does not support item assignment",
        class_of(value, cx).error_name()
    )))
}

/// `del value[key]`.
pub fn delete_item(value: &Value, key: &Value, cx: &Cx) -> Result<()> {
    let done = match value {
        Value::List(list) => return list.delete_item(key, cx),
        Value::Dict(dict) => {
            return match dict.take(key, cx)? {
                Some(_) => Ok(()),
                None => Err(key_error(key.clone())),
            };
        }
        Value::Object(object) => {
            object.delete_item(key, cx)?
                || special_item(value, &object.class(), "__delitem__", &[key], cx)?.is_some()
        }
        Value::Instance(instance) => {
            if special_item(value, instance.class(), "__delitem__", &[key], cx)?.is_some() {
                return Ok(());
            }
            match payload(instance) {
                Some(base @ (Value::List(_) | Value::Dict(_))) => {
                    return delete_item(&base, key, cx);
                }
                _ => false,
            }
        }
        _ => false,
    };
    if done {
        return Ok(());
    }
    Err(TYPE_ERROR.error(format!(
        "'{}' object doesn't support item deletion",
        class_of(value, cx).error_name()
    )))
}

/// `item in value`.
pub fn contains(value: &Value, item: &Value, cx: &Cx) -> Result<bool> {
    match value {
        Value::Class(class) => {
            let args = Args::from([item.clone()]);
            if let Some(answer) = call_of_metaclass(value, class, "__contains__", args, cx) {
                return cx.truthy(&answer?);
            }
            let told = match class.nearest_extension() {
                Some(extension) => extension.class_contains(class, item, cx)?,
                None => None,
            };
            match told {
                Some(answer) => Ok(answer),
                None => contains_by_iteration(value, item, cx),
            }
        }
        Value::Dict(dict) => dict.contains_key(item, cx),
        Value::Set(set) => set.holds(item, cx),
        Value::List(list) => Ok(list.find(item, cx)?.is_some()),
        Value::Str(text) => match base_value(item) {
            Value::Str(part) => Ok(text.contains(&*part)),
            other => Err(TYPE_ERROR.error(format!(
                "'in <string>' requires string as left operand, not {}",
                class_of(&other, cx).error_name()
            ))),
        },
        Value::Bytes(bytes) => match base_value(item) {
            Value::Bytes(part) => {
                Ok(part.is_empty() || bytes.windows(part.len()).any(|window| window == &part[..]))
            }
            other => {
                let byte = int::expect_index(&other, cx)?;
                let byte = u8::try_from(byte)
                    .map_err(|_| VALUE_ERROR.error("byte must be in range(0, 256)"))?;
                Ok(bytes.contains(&byte))
            }
        },
        Value::Object(object) => {
            if let Some(answer) = object.contains(value, item, cx)? {
                return Ok(answer);
            }
            match special_item(value, &object.class(), "__contains__", &[item], cx)? {
                Some(answer) => ops::truthy(&answer, cx),
                None => contains_by_iteration(value, item, cx),
            }
        }
        Value::Instance(instance) => {
            if let Some(answer) =
                special_item(value, instance.class(), "__contains__", &[item], cx)?
            {
                return ops::truthy(&answer, cx);
            }
            match payload(instance) {
                Some(base) if instance.class().special("__iter__").is_none() => {
                    contains(&base, item, cx)
                }
                _ => contains_by_iteration(value, item, cx),
            }
        }
        _ => contains_by_iteration(value, item, cx),
    }
}

fn contains_by_iteration(value: &Value, item: &Value, cx: &Cx) -> Result<bool> {
    let mut iterator = ops::iterate(value, cx).map_err(|raised| {
        let name = class_of(value, cx).error_name();
        if raised.is(&TYPE_ERROR)
            && raised.message(cx) == format!("'{name}' object is not iterable")
        {
            return TYPE_ERROR.error(format!("argument of type '{name}' is not iterable"));
        }
        raised
    })?;
    while let Some(found) = iterator.next(cx)? {
        cx.tick()?;
        if ops::rich_eq(&found, item, cx)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `len(value)`.
pub fn len(value: &Value, cx: &Cx) -> Result<usize> {
    let found = match value {
        Value::Str(text) => Some(super::char_len(text)),
        Value::List(list) => Some(list.len()),
        Value::Tuple(items) => Some(items.len()),
        Value::Dict(dict) => Some(dict.len()),
        Value::Set(set) => Some(set.len()),
        Value::Bytes(bytes) => Some(bytes.len()),
        Value::Object(object) => match object.len(cx)? {
            Some(len) => Some(len),
            None => match special_item(value, &object.class(), "__len__", &[], cx)? {
                Some(answer) => Some(checked_len(&answer, cx)?),
                None => None,
            },
        },
        Value::Instance(instance) => {
            match special_item(value, instance.class(), "__len__", &[], cx)? {
                Some(answer) => Some(checked_len(&answer, cx)?),
                None => match payload(instance) {
                    Some(base) => Some(len(&base, cx)?),
                    None => None,
                },
            }
        }
        Value::Class(class) if class.of_metaclass("__len__").is_some() => {
            match call_of_metaclass(value, class, "__len__", Args::none(), cx) {
                Some(answer) => usize::try_from(int::expect_index(&answer?, cx)?).ok(),
                None => None,
            }
        }
        Value::Class(class) => match class.nearest_extension() {
            Some(extension) => extension
                .iterate_class(class, cx)?
                .map(|members| members.len()),
            None => None,
        },
        _ => None,
    };
    found.ok_or_else(|| {
        TYPE_ERROR.error(format!(
            "object of type '{}' has no len()",
            class_of(value, cx).error_name()
        ))
    })
}

fn checked_len(answer: &Value, cx: &Cx) -> Result<usize> {
    let number = int::expect_index(answer, cx)?;
    if number < 0 {
        return Err(VALUE_ERROR.error("__len__() should return >= 0"));
    }
    usize::try_from(number)
        .map_err(|_| OVERFLOW_ERROR.error("cannot fit 'int' into an index-sized integer"))
}
