//! Values into SQLite and back: binding by Python's rules, with the default adapters of
//! `sqlite3`, and reading columns.

use std::rc::Rc;

use compact_str::CompactString;
use rusqlite::Statement;
use rusqlite::types::{Null, ValueRef};

use super::ParameterSet;
use super::sqlite_error::raise;
use crate::engine::dbapi;
use crate::object::exceptions::OVERFLOW_ERROR;
use crate::object::{Cx, Dict, Raised, Result, Str, Value, class_of, types};

/// Bind one set of parameters; every parameter of the statement gets a value.
pub fn bind(statement: &mut Statement<'_>, set: ParameterSet<'_>, cx: &Cx) -> Result<()> {
    match set {
        ParameterSet::Positional(values) => {
            let expected = statement.parameter_count();
            if values.len() != expected {
                return Err(dbapi::PROGRAMMING_ERROR.error(format!(
                    "Incorrect number of bindings supplied. The current statement uses \
                     {expected}, and there are {} supplied.",
                    values.len()
                )));
            }
            for (at, value) in values.iter().enumerate() {
                bind_value(statement, at + 1, value, cx)?;
            }
            Ok(())
        }
        ParameterSet::Named(dict) => bind_named(statement, dict, cx),
    }
}

fn bind_named(statement: &mut Statement<'_>, dict: &Dict, cx: &Cx) -> Result<()> {
    for index in 1..=statement.parameter_count() {
        let Some(name) = statement.parameter_name(index).map(str::to_owned) else {
            return Err(dbapi::PROGRAMMING_ERROR.error(format!(
                "Binding {index} has no name, but you supplied a dictionary (which has only \
                 names)."
            )));
        };
        let bare = name.get(1..).unwrap_or("");
        let Some(value) = dict.get_str(bare) else {
            return Err(dbapi::PROGRAMMING_ERROR.error(format!(
                "You did not supply a value for binding parameter :{bare}."
            )));
        };
        bind_value(statement, index, &value, cx)?;
    }
    Ok(())
}

fn bind_value(statement: &mut Statement<'_>, index: usize, value: &Value, cx: &Cx) -> Result<()> {
    let bound = match value {
        Value::None | Value::Undefined => statement.raw_bind_parameter(index, Null),
        Value::Bool(flag) => statement.raw_bind_parameter(index, i64::from(*flag)),
        Value::Int(number) => statement.raw_bind_parameter(index, *number),
        Value::Float(number) => statement.raw_bind_parameter(index, *number),
        Value::Str(text) => statement.raw_bind_parameter(index, text.as_str()),
        Value::Bytes(bytes) => statement.raw_bind_parameter(index, bytes.as_slice()),
        Value::BigInt(_) => {
            return Err(OVERFLOW_ERROR.error("Python int too large to convert to SQLite INTEGER"));
        }
        other => {
            let adapted = adapt(other, index, cx)?;
            return bind_value(statement, index, &adapted, cx);
        }
    };
    bound.map_err(|error| raise(error, cx))
}

/// What the default adapters, or a subclass of a plain type, make of a value.
fn adapt(value: &Value, index: usize, cx: &Cx) -> Result<Value> {
    if let Some(plain) = plain_part(value) {
        return Ok(plain);
    }
    let class = class_of(value, cx);
    let is = |name: &str| {
        class.full_name() == name
            || class
                .ancestors()
                .iter()
                .any(|ancestor| ancestor.full_name() == name)
    };
    if is("datetime.datetime") {
        return cx.call_method(value, "isoformat", [Value::str(" ")]);
    }
    if is("datetime.date") {
        return cx.call_method(value, "isoformat", []);
    }
    Err(unsupported(value, index, cx))
}

fn plain_part(value: &Value) -> Option<Value> {
    if let Some(memory) = value.downcast::<super::super::Memory>() {
        return Some(Value::Bytes(memory.bytes().clone()));
    }
    let Value::Instance(instance) = value else {
        return None;
    };
    // An instance of a subclass of str, int, float or bytes.
    types::payload(instance).filter(|plain| {
        !matches!(
            plain,
            Value::List(_) | Value::Dict(_) | Value::Set(_) | Value::Tuple(_)
        )
    })
}

fn unsupported(value: &Value, index: usize, cx: &Cx) -> Raised {
    let class = class_of(value, cx);
    dbapi::PROGRAMMING_ERROR.error(format!(
        "Error binding parameter {index}: type '{}' is not supported",
        match class.spec() {
            // A native class is shown as C code names it, a script's by its bare name.
            Some(_) => class.full_name(),
            None => class.name().to_string(),
        }
    ))
}

/// Read one column.
pub fn read(value: ValueRef<'_>, column: &str) -> Result<Value> {
    Ok(match value {
        ValueRef::Null => Value::None,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Real(number) => Value::Float(number),
        ValueRef::Text(bytes) => match CompactString::from_utf8(bytes) {
            Ok(text) => Value::Str(Str::new(text)),
            Err(_) => {
                return Err(dbapi::OPERATIONAL_ERROR.error(format!(
                    "Could not decode to UTF-8 column '{column}' with text '{}'",
                    String::from_utf8_lossy(bytes)
                )));
            }
        },
        ValueRef::Blob(bytes) => Value::Bytes(Rc::new(bytes.to_vec())),
    })
}
