//! Iteration: `iter()` over every kind of value, the common containers without a heap object.

use std::rc::Rc;

use super::exceptions::{MEMORY_ERROR, RUNTIME_ERROR, TYPE_ERROR};
use super::{
    Args, Cx, Dict, Key, List, Obj, Raised, Result, Set, Str, Tuple, Value, attribute,
    call_of_metaclass, class_of, types,
};

/// An iteration under way; the common containers without a heap object.
pub enum ValueIter {
    /// A list, by index: it may change meanwhile.
    List(Rc<List>, usize),
    /// A tuple.
    Tuple(Rc<Tuple>, usize),
    /// A range: next, stop, step.
    Range(i64, i64, i64),
    /// A list backwards: how many are left.
    ListBack(Rc<List>, usize),
    /// The characters of a text, by byte offset.
    Chars(Str, usize),
    /// The keys of a dict: the next index, and the length at the start.
    Dict(Rc<Dict>, usize, usize),
    /// Its values.
    DictValues(Rc<Dict>, usize, usize),
    /// Its items.
    DictItems(Rc<Dict>, usize, usize),
    /// The members of a set, and how many there were at the start.
    Set(Rc<Set>, std::vec::IntoIter<Value>, usize),
    /// An instance that is iterated by `__getitem__`, and the next index.
    Sequence(Value, i64),
    /// Values collected beforehand.
    Values(std::vec::IntoIter<Value>),
    /// An iterator object.
    Object(Obj),
    /// An instance with `__next__`.
    Instance(Value),
}

impl ValueIter {
    /// The next value; `None` is the end.
    pub fn next(&mut self, cx: &Cx) -> Result<Option<Value>> {
        match self {
            Self::List(list, at) => {
                let item = list.get(*at);
                *at += 1;
                Ok(item)
            }
            Self::Tuple(items, at) => {
                let item = items.get(*at).cloned();
                *at += 1;
                Ok(item)
            }
            Self::Range(next, stop, step) => {
                let more = if *step > 0 {
                    *next < *stop
                } else {
                    *next > *stop
                };
                if !more {
                    return Ok(None);
                }
                let value = *next;
                *next = next.saturating_add(*step);
                Ok(Some(Value::Int(value)))
            }
            Self::ListBack(list, left) => {
                let Some(at) = (*left).min(list.len()).checked_sub(1) else {
                    return Ok(None);
                };
                *left = at;
                Ok(list.get(at))
            }
            Self::Chars(text, at) => Ok(text[*at..].chars().next().map(|c| {
                *at += c.len_utf8();
                Value::str(c.encode_utf8(&mut [0; 4]) as &str)
            })),
            Self::Dict(dict, at, len) => next_entry(dict, at, *len, |key, _| key.value().clone()),
            Self::DictValues(dict, at, len) => next_entry(dict, at, *len, |_, value| value.clone()),
            Self::DictItems(dict, at, len) => next_entry(dict, at, *len, |key, value| {
                Value::tuple(vec![key.value().clone(), value.clone()])
            }),
            Self::Set(set, values, len) => {
                if set.len() != *len {
                    return Err(RUNTIME_ERROR.error("Set changed size during iteration"));
                }
                Ok(values.next())
            }
            Self::Sequence(value, at) => match super::ops::get_item(value, &Value::Int(*at), cx) {
                Ok(item) => {
                    *at += 1;
                    Ok(Some(item))
                }
                Err(raised) if raised.is(&super::exceptions::INDEX_ERROR) => Ok(None),
                Err(raised) => Err(raised),
            },
            Self::Values(values) => Ok(values.next()),
            Self::Object(object) => match object.next(cx) {
                // A generator that returns a value ends with it.
                Err(raised) if raised.is(&super::exceptions::STOP_ITERATION) => Ok(None),
                next => next,
            },
            Self::Instance(instance) => match cx.call_method(instance, "__next__", []) {
                Ok(value) => Ok(Some(value)),
                Err(raised) if raised.is(&super::exceptions::STOP_ITERATION) => Ok(None),
                Err(raised) => Err(raised),
            },
        }
    }
}

fn next_entry(
    dict: &Rc<Dict>,
    at: &mut usize,
    len: usize,
    read: impl FnOnce(&Key, &Value) -> Value,
) -> Result<Option<Value>> {
    let entries = dict.borrow();
    if entries.len() != len {
        return Err(RUNTIME_ERROR.error("dictionary changed size during iteration"));
    }
    let entry = entries.get_index(*at).map(|(key, value)| read(key, value));
    *at += 1;
    Ok(entry)
}

/// `iter(value)`.
pub fn iterate(value: &Value, cx: &Cx) -> Result<ValueIter> {
    match value {
        Value::List(list) => Ok(ValueIter::List(list.clone(), 0)),
        Value::Tuple(items) => Ok(ValueIter::Tuple(items.clone(), 0)),
        Value::Object(object) => {
            if let Some(range) = types::range_bounds(object) {
                return Ok(ValueIter::Range(range.0, range.1, range.2));
            }
            if object.is_iterator() {
                return Ok(ValueIter::Object(object.clone()));
            }
            match object.iter(value, cx)? {
                Some(Value::Object(iterator)) if iterator.is_iterator() => {
                    Ok(ValueIter::Object(iterator))
                }
                Some(other) => iterate(&other, cx),
                None => match types::call_special(value, "__iter__", cx)? {
                    Some(other) => iterate(&other, cx),
                    None => Err(not_iterable(value, cx)),
                },
            }
        }
        Value::Instance(instance) => {
            if let Some(method) = instance.class().special("__iter__") {
                let bound = attribute::bind(&method, Some(value), instance.class(), cx)?;
                let iterator = cx.call(&bound, [])?;
                return match &iterator {
                    Value::Instance(found) if found.class().lookup("__next__").is_some() => {
                        Ok(ValueIter::Instance(iterator))
                    }
                    Value::Object(found) if found.is_iterator() => {
                        Ok(ValueIter::Object(found.clone()))
                    }
                    _ => Err(TYPE_ERROR.error(format!(
                        "iter() returned non-iterator of type '{}'",
                        class_of(&iterator, cx).error_name()
                    ))),
                };
            }
            if let Some(iteration) = types::iterate_payload(instance, cx)? {
                return Ok(iteration);
            }
            if instance.class().lookup("__getitem__").is_some() {
                return Ok(ValueIter::Sequence(value.clone(), 0));
            }
            Err(not_iterable(value, cx))
        }
        Value::Class(class) => {
            if let Some(answer) = call_of_metaclass(value, class, "__iter__", Args::none(), cx) {
                return iterate(&answer?, cx);
            }
            if let Some(extension) = class.nearest_extension()
                && let Some(values) = extension.iterate_class(class, cx)?
            {
                return Ok(ValueIter::Values(values.into_iter()));
            }
            Err(TYPE_ERROR.error("'type' object is not iterable"))
        }
        _ => types::iterate_builtin(value).ok_or_else(|| not_iterable(value, cx)),
    }
}

fn not_iterable(value: &Value, cx: &Cx) -> Raised {
    TYPE_ERROR.error(format!(
        "'{}' object is not iterable",
        class_of(value, cx).error_name()
    ))
}

/// How many values there is room for, four gigabytes of them.
const MOST_ITEMS: usize = 1 << 28;

/// All that iterating `value` yields.
pub fn collect(value: &Value, cx: &Cx) -> Result<Vec<Value>> {
    match value {
        Value::List(list) => Ok(list.to_vec()),
        Value::Tuple(items) => Ok(items.to_vec()),
        _ => {
            let mut iterator = iterate(value, cx)?;
            let mut values = Vec::new();
            // A range says beforehand that there is no room for it.
            if let ValueIter::Range(start, stop, step) = iterator
                && u64::from(step != 0) * start.abs_diff(stop) / step.unsigned_abs().max(1)
                    > MOST_ITEMS as u64
            {
                return Err(Raised::new(&MEMORY_ERROR, Vec::new()));
            }
            while let Some(item) = iterator.next(cx)? {
                values.push(item);
                if values.len().is_multiple_of(0x1000) {
                    cx.check_interrupt()?;
                    if values.len() >= MOST_ITEMS {
                        return Err(Raised::new(&MEMORY_ERROR, Vec::new()));
                    }
                }
            }
            Ok(values)
        }
    }
}
