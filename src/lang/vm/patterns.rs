//! What `match` asks of its subject.

use std::rc::Rc;

use super::frame::Frame;
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{Cx, Dict, Result, Value, class_of, find_attr, types};

/// Whether the subject is a sequence of `length` items, or with a star of at least as many.
pub(super) fn is_sequence(subject: &Value, length: usize, star: bool, cx: &Cx) -> Result<bool> {
    let known = match types::base_value(subject) {
        Value::List(list) => list.len(),
        Value::Tuple(items) => items.len(),
        _ => {
            let class = class_of(subject, cx);
            let row = matches!(subject, Value::Object(_)) && class.lookup("_mapping").is_some();
            if !row && &*class.name() != "range" {
                return Ok(false);
            }
            types::len(subject, cx)?
        }
    };
    Ok(if star {
        known >= length
    } else {
        known == length
    })
}

/// Whether the subject is a mapping.
pub(super) fn is_mapping(subject: &Value) -> bool {
    matches!(types::base_value(subject), Value::Dict(_))
}

fn dict_of(subject: &Value) -> Option<Rc<Dict>> {
    match types::base_value(subject) {
        Value::Dict(dict) => Some(dict),
        _ => None,
    }
}

/// Replace subject and keys by the tuple of their values, or None.
pub(super) fn match_keys(frame: &mut Frame, cx: &Cx) -> Result<()> {
    let (keys, subject) = (frame.pop(), frame.pop());
    let (Value::Tuple(keys), Some(dict)) = (&keys, dict_of(&subject)) else {
        frame.push(Value::None);
        return Ok(());
    };
    let mut values = Vec::with_capacity(keys.len());
    for key in keys.iter() {
        if let Some(value) = dict.get(key, cx)? {
            values.push(value);
        } else {
            frame.push(Value::None);
            return Ok(());
        }
    }
    frame.push(Value::tuple(values));
    Ok(())
}

/// Replace subject and keys by a dict of the subject's other entries.
pub(super) fn match_rest(frame: &mut Frame, cx: &Cx) -> Result<()> {
    let (keys, subject) = (frame.pop(), frame.pop());
    let mut rest = match dict_of(&subject) {
        Some(dict) => dict.borrow().clone(),
        None => crate::object::DictMap::default(),
    };
    if let Value::Tuple(keys) = &keys {
        for key in keys.iter() {
            rest.shift_remove(&crate::object::Key::new(key.clone(), cx)?);
        }
    }
    frame.push(Value::Dict(Rc::new(Dict::new(rest))));
    Ok(())
}

/// Built-in classes whose one positional pattern is the subject itself.
const SELF_MATCHED: [&str; 11] = [
    "bool",
    "bytearray",
    "bytes",
    "dict",
    "float",
    "frozenset",
    "int",
    "list",
    "set",
    "str",
    "tuple",
];

/// Replace subject, class and names by the tuple of the attributes asked for, or None.
pub(super) fn match_class(frame: &mut Frame, positional: usize, cx: &Cx) -> Result<()> {
    let (names, class, subject) = (frame.pop(), frame.pop(), frame.pop());
    let Value::Class(wanted) = &class else {
        return Err(TYPE_ERROR.error("called match pattern must be a class"));
    };
    if !types::is_instance(&subject, &class, cx)? {
        frame.push(Value::None);
        return Ok(());
    }
    let mut values = Vec::new();
    let builtin = wanted.spec().is_some() && SELF_MATCHED.contains(&wanted.name().as_str());
    let positions = match find_attr(&class, "__match_args__", cx)? {
        Some(Value::Tuple(names)) => names.to_vec(),
        Some(_) => return Err(TYPE_ERROR.error("__match_args__ must be a tuple")),
        None => Vec::new(),
    };
    let allowed = if builtin { 1 } else { positions.len() };
    if positional > allowed {
        return Err(TYPE_ERROR.error(format!(
            "{}() accepts {allowed} positional sub-pattern{} ({positional} given)",
            wanted.name(),
            if allowed == 1 { "" } else { "s" }
        )));
    }
    if builtin && positional == 1 {
        values.push(subject.clone());
    }
    let keywords: &[Value] = match &names {
        Value::Tuple(names) => names,
        _ => &[],
    };
    let by_name = if builtin {
        &[]
    } else {
        &positions[..positional]
    };
    for name in by_name.iter().chain(keywords) {
        let found = match name {
            Value::Str(name) => find_attr(&subject, name, cx)?,
            _ => None,
        };
        if let Some(value) = found {
            values.push(value);
        } else {
            frame.push(Value::None);
            return Ok(());
        }
    }
    frame.push(Value::tuple(values));
    Ok(())
}
