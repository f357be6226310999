//! Booleans, which most databases keep as integers.

use std::any::Any;
use std::rc::Rc;

use super::Affinity;
use super::class::{Processor, SqlType, TypeEngine};
use crate::object::exceptions::{TYPE_ERROR, VALUE_ERROR};
use crate::object::types::BOOL;
use crate::object::{Bound, Cx, Result, Str, Value};
use crate::sql::dialects::Dialect;

/// `Boolean`.
pub struct BooleanType {
    /// Whether a CHECK comes with it where the database has no booleans.
    pub create_constraint: bool,
    /// The name of that CHECK.
    pub name: Option<Str>,
}

/// `value` as a flag; TypeError and ValueError for what is none.
fn strict_bool(value: &Value, cx: &Cx) -> Result<Option<bool>> {
    match value {
        Value::None => Ok(None),
        Value::Bool(flag) => Ok(Some(*flag)),
        Value::Int(0) => Ok(Some(false)),
        Value::Int(1) => Ok(Some(true)),
        Value::Float(number) if *number == 0.0 || *number == 1.0 => Ok(Some(*number == 1.0)),
        Value::Int(_) | Value::BigInt(_) => Err(VALUE_ERROR.error(format!(
            "Value {} is not None, True, or False",
            cx.repr(value)?
        ))),
        _ => Err(TYPE_ERROR.error(format!("Not a boolean value: {}", cx.repr(value)?))),
    }
}

impl TypeEngine for BooleanType {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn affinity(&self) -> Affinity {
        Affinity::Boolean
    }
    fn bind_processor(
        &self,
        _ty: &SqlType,
        dialect: &Dialect,
        _cx: &Cx,
    ) -> Result<Option<Processor>> {
        let native = dialect.can.native_boolean;
        Ok(Some(Rc::new(move |value, cx| {
            Ok(match strict_bool(&value, cx)? {
                None => Value::None,
                Some(flag) if native => Value::Bool(flag),
                Some(flag) => Value::Int(i64::from(flag)),
            })
        })))
    }
    fn result_processor(
        &self,
        _ty: &SqlType,
        dialect: &Dialect,
        _cx: &Cx,
    ) -> Result<Option<Processor>> {
        if dialect.can.native_boolean {
            return Ok(None);
        }
        Ok(Some(Rc::new(|value, cx| match value {
            Value::None => Ok(Value::None),
            Value::Int(number) => Ok(Value::Bool(number != 0)),
            other => cx.truthy(&other).map(Value::Bool),
        })))
    }
    fn literal(
        &self,
        _ty: &SqlType,
        value: &Value,
        dialect: &Dialect,
        cx: &Cx,
    ) -> Result<Option<String>> {
        let text = match (strict_bool(value, cx)?, dialect.can.native_boolean) {
            (Some(true), true) => "true",
            (Some(false), true) => "false",
            (Some(true), false) => "1",
            (Some(false), false) => "0",
            (None, _) => "NULL",
        };
        Ok(Some(text.to_owned()))
    }
    fn python_type(&self) -> Option<Value> {
        Some(Value::Class(BOOL.class()))
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is a Make")]
pub(super) fn make(bound: &Bound<'_>, _cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    Ok(Rc::new(BooleanType {
        create_constraint: bound.flag("create_constraint", false),
        name: bound.some("name").and_then(Value::as_str).map(Str::new),
    }))
}
