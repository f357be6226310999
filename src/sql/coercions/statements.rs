//! What is taken where a statement is expected.

use std::rc::Rc;

use super::{Coerced, coerce, expected, no_text_coercion, statement_of};
use crate::engine::exc::ARGUMENT_ERROR;
use crate::object::{Cx, Result, Value};
use crate::sql::dml::{Delete, Insert, Update};
use crate::sql::elements::{ColumnElement, CustomKind};
use crate::sql::executable::Executable;
use crate::sql::selectable::{
    AliasedElement, FromClause, Select, SelectData, SelectItem, SelectStatement, TextClause,
    TextualSelect,
};

/// A statement that returns rows; `text()` counts as one.
pub fn expect_statement(value: &Value, role: &str, cx: &Cx) -> Result<SelectStatement> {
    match coerce(value, cx)? {
        Coerced::Statement(statement) => Ok(statement),
        Coerced::Element(element) => match element.plain() {
            ColumnElement::Text(text) => Ok(SelectStatement::Textual(Rc::new(TextualSelect {
                element: text.clone(),
                columns: Vec::new(),
                positional: false,
            }))),
            ColumnElement::ScalarSelect(scalar) => Ok(scalar.element.clone()),
            _ => Err(expected(role, value, None, cx)?),
        },
        Coerced::From(from) => match from.plain() {
            FromClause::Alias(alias) if cx.compat().is_14() => match &alias.element {
                AliasedElement::Select(statement) => Ok(statement.clone()),
                AliasedElement::From(_) => Err(expected(role, value, None, cx)?),
            },
            _ => Err(expected(role, value, None, cx)?),
        },
        Coerced::Entity(_) | Coerced::Literal(_) => Err(expected(role, value, None, cx)?),
    }
}

/// The statement whose rows `from_statement()` takes.
pub fn expect_returns_rows(value: &Value, cx: &Cx) -> Result<Executable> {
    match executable_of(value) {
        Some(Executable::Function(_)) | None => {}
        Some(statement) => return Ok(statement),
    }
    match coerce(value, cx)? {
        Coerced::Statement(SelectStatement::Select(select)) => Ok(Executable::Select(select)),
        Coerced::Statement(SelectStatement::Compound(compound)) => {
            Ok(Executable::Compound(compound))
        }
        Coerced::Literal(Value::Str(text)) => {
            Err(no_text_coercion(&text, None, &ARGUMENT_ERROR, "", cx))
        }
        _ => Err(expected(
            "SELECT construct or equivalent text() construct",
            value,
            None,
            cx,
        )?),
    }
}

/// The role name of a member of a set operation.
pub const COMPOUND: &str = "SELECT construct for inclusion in a UNION or other set construct";

/// The statement that `value` is, of those that a script can execute.
pub fn executable_of(value: &Value) -> Option<Executable> {
    if let Some(element) = value.downcast::<ColumnElement>() {
        return Some(match element.plain() {
            ColumnElement::Text(text) => Executable::Text(text.clone()),
            ColumnElement::Custom(custom) if custom.kind == CustomKind::Clause => {
                Executable::Custom(element.clone())
            }
            _ => Executable::Function(element.clone()),
        });
    }
    if let Some(insert) = value.downcast::<Insert>() {
        return Some(Executable::Insert(insert.clone()));
    }
    if let Some(update) = value.downcast::<Update>() {
        return Some(Executable::Update(update.clone()));
    }
    if let Some(delete) = value.downcast::<Delete>() {
        return Some(Executable::Delete(delete.clone()));
    }
    match statement_of(value)? {
        SelectStatement::Select(select) => Some(Executable::Select(select)),
        SelectStatement::Compound(compound) => Some(Executable::Compound(compound)),
        SelectStatement::Textual(textual) => Some(Executable::TextualSelect(textual)),
        _ => None,
    }
}

/// The statement that executing `value` runs: of a function, the SELECT of it; another expression
/// can't be executed.
pub fn runnable_of(value: &Value) -> Option<Executable> {
    match executable_of(value)? {
        Executable::Function(element) => match element.plain() {
            ColumnElement::Function(_) => Some(Executable::Select(Select::of(SelectData {
                raw_columns: vec![SelectItem::Column(element)],
                ..SelectData::default()
            }))),
            _ => None,
        },
        statement => Some(statement),
    }
}

/// A statement to be executed; 1.4 takes text for one.
pub fn expect_executable(value: &Value, cx: &Cx) -> Result<Executable> {
    if let Some(statement) = runnable_of(value) {
        return Ok(statement);
    }
    match value {
        Value::Str(text) if cx.compat().is_14() => Ok(Executable::Text(TextClause::new(text))),
        Value::Str(text) => Err(no_text_coercion(text, None, &ARGUMENT_ERROR, "", cx)),
        _ => Err(expected(
            "Executable SQL or text() construct",
            value,
            None,
            cx,
        )?),
    }
}
