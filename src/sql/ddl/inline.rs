//! Expressions inside DDL: values written out, columns without their table.

use crate::object::{Cx, Result, Value};
use crate::sql::ColumnElement;
use crate::sql::compiler::compile_inline;
use crate::sql::dialects::Dialect;
use crate::sql::types::SqlType;

/// `element` as DDL writes it.
pub fn inline_sql(element: &ColumnElement, dialect: &Dialect, cx: &Cx) -> Result<String> {
    compile_inline(element, dialect, cx)
}

/// A text in quotes.
pub(super) fn quoted(text: &str, dialect: &Dialect, cx: &Cx) -> Result<String> {
    let literal = SqlType::string().literal(&Value::str(text), dialect, cx)?;
    Ok(literal.unwrap_or_default())
}
