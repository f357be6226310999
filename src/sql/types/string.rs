//! Texts.

use std::any::Any;
use std::rc::Rc;

use super::Affinity;
use super::class::{SqlType, TypeEngine};
use crate::object::types::STR;
use crate::object::{Bound, Cx, Result, Str, Value};
use crate::sql::dialects::Dialect;

/// `String` and its kin.
#[derive(Clone)]
pub struct StringType {
    /// `VARCHAR(length)`.
    pub length: Option<i64>,
    /// `COLLATE collation`.
    pub collation: Option<Str>,
}

impl TypeEngine for StringType {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn affinity(&self) -> Affinity {
        Affinity::String
    }
    fn literal(
        &self,
        _ty: &SqlType,
        value: &Value,
        dialect: &Dialect,
        cx: &Cx,
    ) -> Result<Option<String>> {
        if let Some(text) = value.as_str() {
            return quoted_literal(text, dialect).map(Some);
        }
        // What is no text says so itself.
        let doubled = cx.call_method(value, "replace", [Value::str("'"), Value::str("'")])?;
        quoted_literal(&cx.str(&doubled)?, dialect).map(Some)
    }
    fn python_type(&self) -> Option<Value> {
        Some(Value::Class(STR.class()))
    }
}

/// `text` as a string literal of `dialect`.
#[expect(
    clippy::unnecessary_wraps,
    reason = "it stands where a type's literal does"
)]
pub(super) fn quoted_literal(text: &str, dialect: &Dialect) -> Result<String> {
    let mut quoted = text.replace('\'', "''");
    if dialect.doubles_percents() {
        quoted = quoted.replace('%', "%%");
    }
    if dialect.backend.is_mysql() {
        quoted = quoted.replace('\\', "\\\\");
    }
    Ok(format!("'{quoted}'"))
}

#[expect(clippy::unnecessary_wraps, reason = "it is a Make")]
pub(super) fn make(bound: &Bound<'_>, _cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    Ok(Rc::new(StringType {
        length: bound.some("length").and_then(Value::as_int),
        collation: bound
            .some("collation")
            .and_then(Value::as_str)
            .map(Str::new),
    }))
}
