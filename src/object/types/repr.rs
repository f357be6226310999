//! `repr()` of the built-in types, recursive containers included.

use std::cell::RefCell;

use super::{float, payload, str_repr};
use crate::object::{Args, Cx, Result, Value, bind, call_of_metaclass, ops};

thread_local! {
    /// The containers whose repr is being written, so that one that holds itself ends.
    static ACTIVE: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// Holds a container active while its items are written.
pub struct ReprGuard;

impl ReprGuard {
    /// Enter the container at `address`; `None`: it is being written already.
    pub fn enter(address: usize) -> Option<Self> {
        ACTIVE.with_borrow_mut(|active| {
            if active.contains(&address) {
                return None;
            }
            active.push(address);
            Some(Self)
        })
    }
}

impl Drop for ReprGuard {
    fn drop(&mut self) {
        ACTIVE.with_borrow_mut(Vec::pop);
    }
}

/// Append `repr(value)` to `out`.
pub fn write_repr(value: &Value, out: &mut String, cx: &Cx) -> Result<()> {
    match value {
        Value::Undefined => out.push_str("<undefined>"),
        Value::None => out.push_str("None"),
        Value::Bool(flag) => out.push_str(if *flag { "True" } else { "False" }),
        Value::Int(number) => write_int(*number, out),
        Value::BigInt(number) => out.push_str(&super::int::decimal_text(number)?),
        Value::Float(number) => float::write(*number, out),
        Value::Str(text) => str_repr::write(text, out),
        Value::Bytes(bytes) => super::bytes::write(bytes, out),
        Value::List(_) | Value::Tuple(_) | Value::Dict(_) | Value::Set(_) => {
            let _depth = cx.enter_while(" while getting the repr of an object")?;
            write_container(value, out, cx)?;
        }
        Value::Class(class) => {
            match call_of_metaclass(value, class, "__repr__", Args::none(), cx) {
                Some(answer) => out.push_str(&ops::text_of(answer?, "__repr__", cx)?),
                None => out.push_str(&super::class_text(class)),
            }
        }
        Value::Instance(instance) => {
            let _depth = cx.enter_while(" while getting the repr of an object")?;
            match instance.class().special("__repr__") {
                Some(method) => {
                    let bound = bind(&method, Some(value), instance.class(), cx)?;
                    let answer = cx.call(&bound, [])?;
                    out.push_str(&ops::text_of(answer, "__repr__", cx)?);
                }
                None => match payload(instance) {
                    Some(Value::Set(set)) => {
                        let name = instance.class().name();
                        write_named_set(&name, &set, out, cx)?;
                    }
                    Some(base) => write_repr(&base, out, cx)?,
                    None => out.push_str(&ops::default_repr(value, cx)),
                },
            }
        }
        Value::Object(object) => {
            let _depth = cx.enter_while(" while getting the repr of an object")?;
            match object.repr(cx)? {
                Some(text) => out.push_str(&text),
                None => out.push_str(&ops::default_repr(value, cx)),
            }
        }
    }
    Ok(())
}

fn write_int(number: i64, out: &mut String) {
    out.push_str(&number.to_string());
}

fn write_container(value: &Value, out: &mut String, cx: &Cx) -> Result<()> {
    let Some(_guard) = ReprGuard::enter(value.address().unwrap_or_default()) else {
        out.push_str(match value {
            Value::List(_) => "[...]",
            Value::Tuple(_) => "(...)",
            Value::Dict(_) => "{...}",
            _ => "set(...)",
        });
        return Ok(());
    };
    match value {
        Value::List(list) => write_items(&list.to_vec(), "[", "]", out, cx),
        Value::Tuple(items) if items.len() == 1 => write_items(items, "(", ",)", out, cx),
        Value::Tuple(items) => write_items(items, "(", ")", out, cx),
        Value::Dict(dict) => write_entries(&super::dict::entries(dict), out, cx),
        Value::Set(set) => {
            if set.is_frozen() {
                write_named_set("frozenset", set, out, cx)
            } else if let Some(hook) = set.hook() {
                write_named_set(&hook.class().name(), set, out, cx)
            } else if set.is_empty() {
                out.push_str("set()");
                Ok(())
            } else {
                write_items(&super::ordered_members(set), "{", "}", out, cx)
            }
        }
        _ => Ok(()),
    }
}

fn write_named_set(name: &str, set: &crate::object::Set, out: &mut String, cx: &Cx) -> Result<()> {
    out.push_str(name);
    if set.is_empty() {
        out.push_str("()");
        return Ok(());
    }
    write_items(&super::ordered_members(set), "({", "})", out, cx)
}

/// Append the items between `open` and `close`, with commas.
pub fn write_items(
    items: &[Value],
    open: &str,
    close: &str,
    out: &mut String,
    cx: &Cx,
) -> Result<()> {
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

/// Append `{key: value, ...}`.
pub fn write_entries(entries: &[(Value, Value)], out: &mut String, cx: &Cx) -> Result<()> {
    out.push('{');
    for (at, (key, value)) in entries.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        write_repr(key, out, cx)?;
        out.push_str(": ");
        write_repr(value, out, cx)?;
    }
    out.push('}');
    Ok(())
}
