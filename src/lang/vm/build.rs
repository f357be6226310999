//! Displays, unpacking, and the shuffling of the stack.

use std::rc::Rc;

use super::frame::Frame;
use crate::object::exceptions::{TYPE_ERROR, VALUE_ERROR};
use crate::object::{
    Cx, Dict, DictMap, DictShape, Key, Result, Set, SetMap, Value, class_of, ops, types,
};

pub(super) fn dup2(frame: &mut Frame) {
    let length = frame.slots.len();
    if length >= 2 {
        frame.slots.extend_from_within(length - 2..);
    }
}

/// Move the top below the others of the top `count`.
pub(super) fn rotate(frame: &mut Frame, count: usize) {
    let start = frame.slots.len().saturating_sub(count);
    frame.slots[start..].rotate_right(1);
}

pub(super) fn slice(frame: &mut Frame, step: bool) {
    let step = if step { frame.pop() } else { Value::None };
    let (stop, start) = (frame.pop(), frame.pop());
    frame.push(Value::object(types::Slice { start, stop, step }));
}

pub(super) fn set(frame: &mut Frame, count: usize, cx: &Cx) -> Result<()> {
    let mut items = SetMap::default();
    for item in frame.pop_many(count) {
        items.insert(Key::new(item, cx)?);
    }
    frame.push(Value::Set(Rc::new(Set::new(items))));
    Ok(())
}

pub(super) fn dict(frame: &mut Frame, count: usize, cx: &Cx) -> Result<()> {
    let mut entries = DictMap::default();
    entries.reserve(count);
    let mut items = frame.pop_many(count.saturating_mul(2)).into_iter();
    while let (Some(key), Some(value)) = (items.next(), items.next()) {
        entries.insert(Key::new(key, cx)?, value);
    }
    frame.push(Value::Dict(Rc::new(Dict::new(entries))));
    Ok(())
}

pub(super) fn record(frame: &mut Frame, shape: &Rc<DictShape>) {
    let values = frame.pop_many(shape.len());
    frame.push(Value::Dict(Rc::new(Dict::record(shape.clone(), values))));
}

pub(super) fn list_append(frame: &mut Frame) {
    let item = frame.pop();
    if let Value::List(list) = frame.top() {
        list.borrow_mut().push(item);
    }
}

pub(super) fn list_extend(frame: &mut Frame, call: bool, cx: &Cx) -> Result<()> {
    let source = frame.pop();
    let items = ops::collect(&source, cx).map_err(|raised| {
        if raised.trace().is_empty() && raised.is(&TYPE_ERROR) && is_not_iterable(&raised, cx) {
            let class = class_of(&source, cx).name();
            return TYPE_ERROR.error(if call {
                let callee = callee_text(frame, 2, cx);
                format!("{callee} argument after * must be an iterable, not {class}")
            } else {
                format!("Value after * must be an iterable, not {class}")
            });
        }
        raised
    })?;
    if let Value::List(list) = frame.top() {
        list.borrow_mut().extend(items);
    }
    Ok(())
}

/// What CPython calls the callee that lies at `depth` from the top, 1 being the top.
fn callee_text(frame: &Frame, depth: usize, cx: &Cx) -> String {
    let at = frame.slots.len().wrapping_sub(depth);
    let Some(callee) = frame.slots.get(at) else {
        return String::new();
    };
    let text_of = |name: &str| {
        let found = crate::object::find_attr(callee, name, cx).ok().flatten();
        found.and_then(|value| value.as_str().map(str::to_owned))
    };
    match (
        text_of("__qualname__").or_else(|| text_of("__name__")),
        text_of("__module__"),
    ) {
        (Some(name), Some(module)) if module != "builtins" => format!("{module}.{name}()"),
        (Some(name), _) => format!("{name}()"),
        _ => format!("{} object", class_of(callee, cx).name()),
    }
}

fn is_not_iterable(raised: &crate::object::Raised, cx: &Cx) -> bool {
    raised.message(cx).ends_with("object is not iterable")
}

pub(super) fn set_add(frame: &mut Frame, cx: &Cx) -> Result<()> {
    let item = Key::new(frame.pop(), cx)?;
    if let Value::Set(set) = frame.top() {
        set.borrow_mut().insert(item);
    }
    Ok(())
}

pub(super) fn set_update(frame: &mut Frame, cx: &Cx) -> Result<()> {
    let source = frame.pop();
    for item in ops::collect(&source, cx)? {
        frame.push(item);
        set_add(frame, cx)?;
    }
    Ok(())
}

pub(super) fn dict_set(frame: &mut Frame, cx: &Cx) -> Result<()> {
    let value = frame.pop();
    let key = Key::new(frame.pop(), cx)?;
    if let Value::Dict(dict) = frame.top() {
        let before = dict.borrow_mut().insert(key, value);
        drop(before);
    }
    Ok(())
}

/// The entries of a mapping; `None`: it is none.
fn entries(source: &Value, cx: &Cx) -> Result<Option<Vec<(Value, Value)>>> {
    if let Value::Dict(dict) = source {
        return Ok(Some(
            dict.borrow()
                .iter()
                .map(|(key, value)| (key.value().clone(), value.clone()))
                .collect(),
        ));
    }
    let Some(keys) = crate::object::find_attr(source, "keys", cx)? else {
        return Ok(None);
    };
    let keys = cx.call(&keys, [])?;
    let mut found = Vec::new();
    for key in ops::collect(&keys, cx)? {
        let value = types::get_item(source, &key, cx)?;
        found.push((key, value));
    }
    Ok(Some(found))
}

/// `**source` of a dict display.
pub(super) fn dict_update(frame: &mut Frame, cx: &Cx) -> Result<()> {
    let source = frame.pop();
    let Some(entries) = entries(&source, cx)? else {
        return Err(TYPE_ERROR.error(format!(
            "'{}' object is not a mapping",
            class_of(&source, cx).name()
        )));
    };
    for (key, value) in entries {
        frame.push(key);
        frame.push(value);
        dict_set(frame, cx)?;
    }
    Ok(())
}

/// `**source` of a call.
pub(super) fn dict_merge(frame: &mut Frame, call: bool, cx: &Cx) -> Result<()> {
    let callee = |frame: &Frame| {
        if call {
            callee_text(frame, 3, cx)
        } else {
            "__build_class__()".to_owned()
        }
    };
    let source = frame.pop();
    let Some(entries) = entries(&source, cx)? else {
        return Err(TYPE_ERROR.error(format!(
            "{} argument after ** must be a mapping, not {}",
            callee(frame),
            class_of(&source, cx).name()
        )));
    };
    let Value::Dict(dict) = frame.top().clone() else {
        return Ok(());
    };
    for (key, value) in entries {
        let Value::Str(name) = &key else {
            return Err(TYPE_ERROR.error("keywords must be strings"));
        };
        if dict.get_str(name).is_some() {
            return Err(TYPE_ERROR.error(format!(
                "{} got multiple values for keyword argument '{name}'",
                callee(frame)
            )));
        }
        dict.insert_str(name, value);
    }
    Ok(())
}

pub(super) fn list_to_tuple(frame: &mut Frame) {
    if let Value::List(list) = frame.pop() {
        frame.push(Value::tuple(list.to_vec()));
    }
}

/// Replace the top by its `count` items, the first on top.
pub(super) fn unpack(frame: &mut Frame, count: usize, cx: &Cx) -> Result<()> {
    let source = frame.pop();
    match &source {
        Value::Tuple(items) if items.len() == count => {
            frame.slots.extend(items.iter().rev().cloned());
            return Ok(());
        }
        Value::List(list) if list.len() == count => {
            frame.slots.extend(list.borrow().iter().rev().cloned());
            return Ok(());
        }
        Value::Object(object) => {
            if let Some(items) = object.as_tuple().filter(|items| items.len() == count) {
                frame.slots.extend(items.iter().rev().cloned());
                return Ok(());
            }
        }
        _ => {}
    }
    let mut items = Vec::with_capacity(count.min(64));
    let mut iter =
        ops::iterate(&source, cx).map_err(|raised| cannot_unpack(raised, &source, cx))?;
    while items.len() < count {
        match iter.next(cx)? {
            Some(item) => items.push(item),
            None => {
                return Err(VALUE_ERROR.error(format!(
                    "not enough values to unpack (expected {count}, got {})",
                    items.len()
                )));
            }
        }
    }
    if iter.next(cx)?.is_some() {
        return Err(VALUE_ERROR.error(format!("too many values to unpack (expected {count})")));
    }
    frame.slots.extend(items.into_iter().rev());
    Ok(())
}

fn cannot_unpack(raised: crate::object::Raised, source: &Value, cx: &Cx) -> crate::object::Raised {
    if is_not_iterable(&raised, cx) {
        return TYPE_ERROR.error(format!(
            "cannot unpack non-iterable {} object",
            class_of(source, cx).name()
        ));
    }
    raised
}

/// The same with a star behind `before` items and `after` more behind it.
pub(super) fn unpack_star(frame: &mut Frame, before: usize, after: usize, cx: &Cx) -> Result<()> {
    let source = frame.pop();
    let mut items =
        ops::collect(&source, cx).map_err(|raised| cannot_unpack(raised, &source, cx))?;
    let fixed = before + after;
    if items.len() < fixed {
        return Err(VALUE_ERROR.error(format!(
            "not enough values to unpack (expected at least {fixed}, got {})",
            items.len()
        )));
    }
    let last = items.split_off(items.len() - after);
    let middle = items.split_off(before);
    frame.slots.extend(last.into_iter().rev());
    frame.push(Value::list(middle));
    frame.slots.extend(items.into_iter().rev());
    Ok(())
}
