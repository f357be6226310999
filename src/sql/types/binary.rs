//! Bytes.

use std::any::Any;
use std::rc::Rc;

use super::Affinity;
use super::class::{Processor, SqlType, TypeEngine};
use crate::engine::Memory;
use crate::object::exceptions::{NOT_IMPLEMENTED_ERROR, TYPE_ERROR};
use crate::object::types::BYTES;
use crate::object::{Bound, Cx, Result, Value, class_of};
use crate::sql::dialects::Dialect;

/// `LargeBinary` and its kin.
pub struct BinaryType {
    /// `BINARY(length)`.
    pub length: Option<i64>,
}

impl TypeEngine for BinaryType {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn affinity(&self) -> Affinity {
        Affinity::Binary
    }
    fn bind_processor(
        &self,
        _ty: &SqlType,
        _dialect: &Dialect,
        _cx: &Cx,
    ) -> Result<Option<Processor>> {
        Ok(Some(Rc::new(|value, cx| match value {
            Value::None => Ok(value),
            Value::Bytes(bytes) => Ok(Value::object(Memory::new(bytes))),
            other => Err(TYPE_ERROR.error(format!(
                "memoryview: a bytes-like object is required, not '{}'",
                class_of(&other, cx).name()
            ))),
        })))
    }
    fn result_processor(
        &self,
        _ty: &SqlType,
        _dialect: &Dialect,
        _cx: &Cx,
    ) -> Result<Option<Processor>> {
        Ok(Some(Rc::new(|value, _| {
            Ok(match value {
                Value::Str(text) => Value::Bytes(Rc::new(text.as_str().as_bytes().to_vec())),
                other => other,
            })
        })))
    }
    fn literal(
        &self,
        _ty: &SqlType,
        value: &Value,
        dialect: &Dialect,
        cx: &Cx,
    ) -> Result<Option<String>> {
        let text = match value {
            Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            other => cx.str(other)?,
        };
        super::string::quoted_literal(&text, dialect).map(Some)
    }
    fn python_type(&self) -> Option<Value> {
        Some(Value::Class(BYTES.class()))
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is a Make")]
pub(super) fn make(bound: &Bound<'_>, _cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    Ok(Rc::new(BinaryType {
        length: bound.some("length").and_then(Value::as_int),
    }))
}

pub(super) fn make_pickle(_bound: &Bound<'_>, _cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    Err(NOT_IMPLEMENTED_ERROR.error(
        "PickleType is not supported: pickles are a format of Python itself; use JSON or LargeBinary",
    ))
}
