//! Integers, decimals and floats.

use std::any::Any;
use std::rc::Rc;

use super::class::{Processor, SqlType, TypeEngine};
use super::{Affinity, python};
use crate::object::types::{FLOAT, INT};
use crate::object::{Bound, Cx, Result, Value};
use crate::sql::dialects::Dialect;

/// `Integer` and its kin.
pub struct IntegerType;

impl TypeEngine for IntegerType {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn affinity(&self) -> Affinity {
        Affinity::Integer
    }
    fn literal(
        &self,
        _ty: &SqlType,
        value: &Value,
        _dialect: &Dialect,
        cx: &Cx,
    ) -> Result<Option<String>> {
        let number = cx.call(&Value::Class(INT.class()), [value.clone()])?;
        cx.str(&number).map(Some)
    }
    fn python_type(&self) -> Option<Value> {
        Some(Value::Class(INT.class()))
    }
}

/// `Numeric`, `Float` and their kin.
#[derive(Clone)]
pub struct NumericType {
    /// Digits in all.
    pub precision: Option<i64>,
    /// Digits behind the point.
    pub scale: Option<i64>,
    /// Digits behind the point of results.
    pub decimal_return_scale: Option<i64>,
    /// Whether results are `Decimal`s.
    pub asdecimal: bool,
    /// `Float` and its kin.
    pub is_float: bool,
}

impl NumericType {
    /// How many digits behind the point a result gets.
    pub fn effective_decimal_return_scale(&self) -> usize {
        let scale = self.decimal_return_scale.or(self.scale).unwrap_or(10);
        usize::try_from(scale).unwrap_or(0)
    }
}

impl TypeEngine for NumericType {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn affinity(&self) -> Affinity {
        if self.is_float {
            Affinity::Float
        } else {
            Affinity::Numeric
        }
    }
    fn bind_processor(
        &self,
        _ty: &SqlType,
        dialect: &Dialect,
        _cx: &Cx,
    ) -> Result<Option<Processor>> {
        if dialect.can.native_decimal {
            return Ok(None);
        }
        Ok(Some(Rc::new(|value, cx| match value {
            Value::None | Value::Float(_) => Ok(value),
            value => cx.call(&Value::Class(FLOAT.class()), [value]),
        })))
    }
    fn result_processor(
        &self,
        _ty: &SqlType,
        dialect: &Dialect,
        _cx: &Cx,
    ) -> Result<Option<Processor>> {
        if self.asdecimal {
            if dialect.can.native_decimal && !self.is_float {
                return Ok(None);
            }
            let scale = self.effective_decimal_return_scale();
            return Ok(Some(Rc::new(move |value, cx| match value {
                Value::None => Ok(value),
                value => python::decimal_with_scale(&value, scale, cx),
            })));
        }
        if dialect.can.native_decimal {
            return Ok(Some(Rc::new(|value, cx| match value {
                Value::None | Value::Float(_) => Ok(value),
                value => cx.call(&Value::Class(FLOAT.class()), [value]),
            })));
        }
        Ok(None)
    }
    fn literal(
        &self,
        _ty: &SqlType,
        value: &Value,
        _dialect: &Dialect,
        cx: &Cx,
    ) -> Result<Option<String>> {
        cx.str(value).map(Some)
    }
    fn attribute(&self, name: &str) -> Option<Value> {
        // Float has a scale that its constructor does not take.
        (name == "scale").then(|| self.scale.into())
    }
    fn python_type(&self) -> Option<Value> {
        if self.asdecimal {
            python::decimal_class()
        } else {
            Some(Value::Class(FLOAT.class()))
        }
    }
}

fn integer(bound: &Bound<'_>, name: &str) -> Option<i64> {
    bound.some(name).and_then(Value::as_int)
}

#[expect(clippy::unnecessary_wraps, reason = "it is a Make")]
pub(super) fn make_integer(_bound: &Bound<'_>, _cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    Ok(Rc::new(IntegerType))
}

#[expect(clippy::unnecessary_wraps, reason = "it is a Make")]
pub(super) fn make_numeric(bound: &Bound<'_>, _cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    Ok(Rc::new(NumericType {
        precision: integer(bound, "precision"),
        scale: integer(bound, "scale"),
        decimal_return_scale: integer(bound, "decimal_return_scale"),
        asdecimal: bound.flag("asdecimal", true),
        is_float: false,
    }))
}

#[expect(clippy::unnecessary_wraps, reason = "it is a Make")]
pub(super) fn make_float(bound: &Bound<'_>, _cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    Ok(Rc::new(NumericType {
        precision: integer(bound, "precision"),
        scale: None,
        decimal_return_scale: integer(bound, "decimal_return_scale"),
        asdecimal: bound.flag("asdecimal", false),
        is_float: true,
    }))
}
