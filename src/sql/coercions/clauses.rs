//! What the clauses of a SELECT take: its columns, ORDER BY, GROUP BY, LIMIT.

use std::rc::Rc;

use super::{
    Coerced, Coercions, coerce, column_from, columns_role, ellipsed, expected, expected_with,
};
use crate::engine::exc::{ARGUMENT_ERROR, with_code};
use crate::object::exceptions::{TYPE_ERROR, VALUE_ERROR};
use crate::object::{Cx, Result, Value, class_of};
use crate::sql::elements::{BindParameter, ColumnElement, integer_type};
use crate::sql::selectable::SelectItem;

/// What `select()` takes.
pub fn expect_select_item(value: &Value, cx: &Cx) -> Result<SelectItem> {
    if matches!(value, Value::Object(_))
        && let Some(hook) = Coercions::hook(cx)
        && let Some(entity) = hook.selected(value, cx)?
    {
        return Ok(SelectItem::Entity(entity));
    }
    match coerce(value, cx)? {
        Coerced::Element(element) => Ok(SelectItem::Column(element)),
        Coerced::From(from) => Ok(SelectItem::From(from)),
        Coerced::Entity(entity) => Ok(SelectItem::Entity(entity)),
        Coerced::Statement(_) => {
            let class = class_of(value, cx);
            let raised = expected_with(
                columns_role(cx),
                value,
                None,
                &format!(
                    "To create a FROM clause from a <class '{}'> object, use the .subquery() \
                     method.",
                    class.full_name()
                ),
                cx,
            )?;
            Err(with_code(raised, "89ve"))
        }
        Coerced::Literal(value) => Ok(SelectItem::Column(select_literal(&value, cx)?)),
    }
}

fn select_literal(value: &Value, cx: &Cx) -> Result<ColumnElement> {
    Ok(match value {
        Value::None => ColumnElement::Null,
        Value::Bool(true) => ColumnElement::True,
        Value::Bool(false) => ColumnElement::False,
        Value::Int(_) | Value::BigInt(_) | Value::Float(_) => {
            ColumnElement::literal_column(&cx.str(value)?)
        }
        Value::Str(text) if text.as_str() == "*" => ColumnElement::literal_column("*"),
        Value::Str(text) => {
            let mut chars = text.chars();
            let straight = chars
                .next()
                .is_some_and(|c| c.is_alphanumeric() || c == '_')
                && chars.all(|c| !c.is_whitespace());
            let shown = cx.repr(&Value::str(ellipsed(text)))?;
            let how = if straight { "column" } else { "literal_column" };
            return Err(ARGUMENT_ERROR.error(format!(
                "Textual column expression {shown} should be explicitly declared with \
                 text({shown}), or use {how}({shown}) for more specificity"
            )));
        }
        // 1.4 takes a list for all of `select()`.
        Value::List(items) if cx.compat().is_20() => {
            let shown: Vec<_> = items
                .to_vec()
                .iter()
                .map(|item| cx.repr(item))
                .collect::<Result<_>>()?;
            return Err(expected_with(
                columns_role(cx),
                value,
                None,
                &format!("Did you mean to say select({})?", shown.join(", ")),
                cx,
            )?);
        }
        _ => return Err(expected(columns_role(cx), value, None, cx)?),
    })
}

/// An element of ORDER BY.
pub fn expect_order_by(value: &Value, cx: &Cx) -> Result<ColumnElement> {
    let element = expect_by(value, "ORDER BY expression", cx)?;
    Ok(match element.order_by_label() {
        Some(_) => ColumnElement::LabelReference(Rc::new(element)),
        None => element,
    })
}

/// An element of GROUP BY.
pub fn expect_group_by(value: &Value, cx: &Cx) -> Result<ColumnElement> {
    let from = match coerce(value, cx)? {
        Coerced::From(from) => Some(from),
        Coerced::Entity(entity) => {
            let columns = entity.columns(cx)?;
            return Ok(ColumnElement::comma_list(columns, cx.compat()));
        }
        _ => None,
    };
    if let Some(from) = from {
        let columns = from.column_list(cx)?;
        return Ok(ColumnElement::comma_list(columns, cx.compat()));
    }
    expect_by(value, "GROUP BY expression", cx)
}

/// A column or the name of a label: what `desc()`, `asc()`, `distinct()` and `of=` take.
pub fn expect_by(value: &Value, role: &str, cx: &Cx) -> Result<ColumnElement> {
    match coerce(value, cx)? {
        Coerced::Literal(Value::None) => Ok(ColumnElement::Null),
        Coerced::Literal(Value::Bool(true)) => Ok(ColumnElement::True),
        Coerced::Literal(Value::Bool(false)) => Ok(ColumnElement::False),
        Coerced::Literal(Value::Str(text)) => Ok(ColumnElement::TextualLabelReference(text)),
        Coerced::Entity(entity) => match entity.element(cx)? {
            Some(element) => Ok(element),
            None => Err(expected(role, value, None, cx)?),
        },
        other => match column_from(other, cx)? {
            Some(element) => Ok(element),
            None => Err(expected(role, value, None, cx)?),
        },
    }
}

/// The role name of what `desc()` and the like take.
pub const BY_OF: &str = "GROUP BY / OF / etc. expression";

/// LIMIT or OFFSET; `None` clears.
pub fn expect_limit(value: &Value, cx: &Cx) -> Result<Option<ColumnElement>> {
    match coerce(value, cx)? {
        Coerced::Literal(Value::None) => Ok(None),
        Coerced::Literal(value) => {
            let Some(number) = value.as_int() else {
                let number = match &value {
                    Value::Instance(_) => cx
                        .call_method(&value, "__index__", [])
                        .ok()
                        .and_then(|answer| answer.as_int()),
                    _ => None,
                };
                if let Value::Str(text) = &value {
                    return match text.trim().parse() {
                        Ok(number) => limit_bind(number),
                        Err(_) => Err(VALUE_ERROR.error(format!(
                            "invalid literal for int() with base 10: {}",
                            cx.repr(&value)?
                        ))),
                    };
                }
                return match number {
                    Some(number) => limit_bind(number),
                    None => Err(TYPE_ERROR.error(format!(
                        "'{}' object cannot be interpreted as an integer",
                        class_of(&value, cx).name()
                    ))),
                };
            };
            limit_bind(number)
        }
        Coerced::Element(element) => Ok(Some(element)),
        Coerced::Statement(statement) => statement.scalar_subquery(cx).map(Some),
        Coerced::From(_) | Coerced::Entity(_) => {
            Err(expected("LIMIT / OFFSET expression", value, None, cx)?)
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it ends branches that may fail")]
fn limit_bind(number: i64) -> Result<Option<ColumnElement>> {
    Ok(Some(
        BindParameter::anonymous(
            None,
            crate::sql::elements::BindValue::Value(Value::Int(number)),
            integer_type(),
        )
        .element(),
    ))
}
