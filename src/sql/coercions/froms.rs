//! What FROM and JOIN take.

use super::{Coerced, Coercions, FROM, JOIN, coerce, column_from, expected, no_text_coercion};
use crate::engine::exc::ARGUMENT_ERROR;
use crate::object::exceptions::ATTRIBUTE_ERROR;
use crate::object::{Cx, Result, Value, class_of};
use crate::sql::elements::ColumnElement;
use crate::sql::selectable::{FromClause, FromItem, JoinTarget, OnClause};

/// A FROM element or an entity, of `select_from()` for one.
pub fn expect_from_item(value: &Value, cx: &Cx) -> Result<FromItem> {
    match coerce(value, cx)? {
        Coerced::From(from) => Ok(FromItem::From(from)),
        Coerced::Entity(entity) => Ok(FromItem::Entity(entity)),
        Coerced::Element(element) => match element.plain() {
            ColumnElement::Text(text) => Ok(FromItem::From(FromClause::Text(text.clone()))),
            ColumnElement::Function(function) => {
                Ok(FromItem::From(FromClause::Function(function.clone())))
            }
            _ => Err(expected(FROM, value, None, cx)?),
        },
        Coerced::Statement(statement) => {
            if cx.compat().is_14() {
                let alias = statement.subquery(None, cx)?;
                return Ok(FromItem::From(FromClause::Alias(alias)));
            }
            Ok(FromItem::From(FromClause::Alias(
                statement.subquery(None, cx)?,
            )))
        }
        Coerced::Literal(Value::Str(text)) => {
            Err(no_text_coercion(&text, None, &ARGUMENT_ERROR, "", cx))
        }
        Coerced::Literal(value) => Err(expected(FROM, &value, None, cx)?),
    }
}

/// A FROM element.
pub fn expect_from(value: &Value, cx: &Cx) -> Result<FromClause> {
    match expect_from_item(value, cx)? {
        FromItem::From(from) => Ok(from),
        FromItem::Entity(entity) => entity.selectable(cx),
    }
}

/// What `join()` joins, in a statement of entities or of tables alone.
pub fn expect_join_target(value: &Value, of_entities: bool, cx: &Cx) -> Result<JoinTarget> {
    if let Some(hook) = Coercions::hook(cx)
        && hook.is_attribute(value, cx)
    {
        return Ok(JoinTarget::Attribute(value.clone()));
    }
    match coerce(value, cx)? {
        Coerced::Literal(_) if cx.compat().is_14() && !of_entities => {
            Err(ATTRIBUTE_ERROR.error(format!(
                "'{}' object has no attribute '_propagate_attrs'",
                class_of(value, cx).name()
            )))
        }
        Coerced::Literal(_) => Err(expected(JOIN, value, None, cx)?),
        _ => match expect_from_item(value, cx) {
            Ok(FromItem::From(from)) => Ok(JoinTarget::From(from)),
            Ok(FromItem::Entity(entity)) => Ok(JoinTarget::Entity(entity)),
            Err(_) => Err(expected(JOIN, value, None, cx)?),
        },
    }
}

/// The condition of `join()`.
pub fn expect_on_clause(value: &Value, cx: &Cx) -> Result<OnClause> {
    if let Some(hook) = Coercions::hook(cx)
        && hook.is_relationship(value, cx)
    {
        return Ok(OnClause::Attribute(value.clone()));
    }
    let role = if cx.compat().is_14() {
        "SQL expression for ON clause"
    } else {
        "ON clause, typically a SQL expression or ORM relationship attribute"
    };
    match coerce(value, cx)? {
        Coerced::Literal(_) => Err(expected(role, value, None, cx)?),
        other => match column_from(other, cx)? {
            Some(element) => Ok(OnClause::Expression(element)),
            None => Err(expected(role, value, None, cx)?),
        },
    }
}
