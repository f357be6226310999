//! JSON texts as Python's `json` writes and reads them.

use std::rc::Rc;

use super::super::exceptions::{TYPE_ERROR, VALUE_ERROR};
use super::super::{Cx, Dict, Result, Value, class_of};
use super::base_value;

/// `json.dumps(value)`.
pub fn dumps(value: &Value, cx: &Cx) -> Result<String> {
    let mut out = String::new();
    write(value, &mut out, cx)?;
    Ok(out)
}

fn write(value: &Value, out: &mut String, cx: &Cx) -> Result<()> {
    let _depth = cx.enter()?;
    match &base_value(value) {
        Value::None => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Int(number) => out.push_str(&number.to_string()),
        Value::BigInt(number) => out.push_str(&number.to_string()),
        Value::Float(number) => out.push_str(&float_text(*number, cx)?),
        Value::Str(text) => write_str(text, out),
        Value::List(items) => write_items(&items.to_vec(), out, cx)?,
        Value::Tuple(items) => write_items(items, out, cx)?,
        Value::Dict(dict) => {
            let entries: Vec<(Value, Value)> = dict
                .borrow()
                .iter()
                .map(|(key, value)| (key.value().clone(), value.clone()))
                .collect();
            out.push('{');
            for (at, (key, value)) in entries.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                write_key(key, out, cx)?;
                out.push_str(": ");
                write(value, out, cx)?;
            }
            out.push('}');
        }
        _ => {
            return Err(TYPE_ERROR.error(format!(
                "Object of type {} is not JSON serializable",
                class_of(value, cx).name()
            )));
        }
    }
    Ok(())
}

fn float_text(number: f64, cx: &Cx) -> Result<String> {
    if number.is_nan() {
        return Ok("NaN".to_owned());
    }
    if number.is_infinite() {
        return Ok(if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .to_owned());
    }
    cx.repr(&Value::Float(number))
}

fn write_items(items: &[Value], out: &mut String, cx: &Cx) -> Result<()> {
    out.push('[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        write(item, out, cx)?;
    }
    out.push(']');
    Ok(())
}

fn write_key(key: &Value, out: &mut String, cx: &Cx) -> Result<()> {
    match &base_value(key) {
        Value::Str(text) => write_str(text, out),
        Value::None => out.push_str("\"null\""),
        Value::Bool(true) => out.push_str("\"true\""),
        Value::Bool(false) => out.push_str("\"false\""),
        Value::Float(number) => out.push_str(&format!("\"{}\"", float_text(*number, cx)?)),
        number @ (Value::Int(_) | Value::BigInt(_)) => {
            out.push_str(&format!("\"{}\"", cx.repr(number)?));
        }
        _ => {
            return Err(TYPE_ERROR.error(format!(
                "keys must be str, int, float, bool or None, not {}",
                class_of(key, cx).name()
            )));
        }
    }
    Ok(())
}

fn write_str(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            _ => {
                let mut units = [0_u16; 2];
                for unit in c.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
}

/// `json.loads(text)`.
pub fn loads(text: &str) -> Result<Value> {
    let parsed: serde_json::Value = serde_json::from_str(text).map_err(|error| {
        VALUE_ERROR.error(format!(
            "Expecting value: line {} column {} (char {})",
            error.line(),
            error.column(),
            error.column().saturating_sub(1)
        ))
    })?;
    Ok(value_of(&parsed))
}

fn value_of(parsed: &serde_json::Value) -> Value {
    match parsed {
        serde_json::Value::Null => Value::None,
        serde_json::Value::Bool(flag) => Value::Bool(*flag),
        serde_json::Value::Number(number) => number_of(&number.to_string()),
        serde_json::Value::String(text) => Value::str(text.as_str()),
        serde_json::Value::Array(items) => Value::list(items.iter().map(value_of).collect()),
        serde_json::Value::Object(entries) => Value::Dict(Rc::new(Dict::from_pairs(
            entries.iter().map(|(key, value)| (key, value_of(value))),
        ))),
    }
}

fn number_of(text: &str) -> Value {
    if let Ok(number) = text.parse::<i64>() {
        return Value::Int(number);
    }
    if let Ok(number) = text.parse::<num_bigint::BigInt>() {
        return Value::big(number);
    }
    Value::Float(text.parse().unwrap_or(f64::NAN))
}
