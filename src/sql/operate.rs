//! What an operator makes of its operands: the comparator every expression shares.

use std::rc::Rc;

use super::coercions;
use super::elements::{
    BindParameter, BindValue, ColumnElement, Modifiers, Name, Syntax, SyntaxForm, UnaryExpression,
    adapt_expression, boolean_type, integer_type, null_type, standard_type,
};
use super::operators::{CustomOp, Operator};
use super::types::{Affinity, JsonPart, SqlType, names, operate_by_type};
use crate::engine::exc::ARGUMENT_ERROR;
use crate::object::exceptions::NOT_IMPLEMENTED_ERROR;
use crate::object::types::Slice;
use crate::object::{Args, Cx, Raised, Result, Str, Value};

/// The NotImplementedError of an operator that an expression does not have.
pub fn unsupported(op: &str) -> Raised {
    NOT_IMPLEMENTED_ERROR.error(format!(
        "Operator '{op}' is not supported on this expression"
    ))
}

/// `left op right`, where `right` is any value; `reverse`: `right op left`.
pub fn operate(
    op: &Operator,
    left: &ColumnElement,
    right: &Value,
    reverse: bool,
    modifiers: Modifiers,
    cx: &Cx,
) -> Result<ColumnElement> {
    match operate_by_type(op, left, right, reverse, cx)? {
        Some(made) => Ok(made),
        None => operate_natively(op, left, right, reverse, modifiers, cx),
    }
}

/// The same past what a script's type makes of it.
pub fn operate_natively(
    op: &Operator,
    left: &ColumnElement,
    right: &Value,
    reverse: bool,
    modifiers: Modifiers,
    cx: &Cx,
) -> Result<ColumnElement> {
    if left.is_collection_aggregate() {
        if !op.is_comparison() {
            return Err(ARGUMENT_ERROR.error("Only comparison operators may be used with ANY/ALL"));
        }
        return dispatch(&op.mirrored(), left, right, true, modifiers, cx);
    }
    dispatch(op, left, right, reverse, modifiers, cx)
}

fn dispatch(
    op: &Operator,
    left: &ColumnElement,
    right: &Value,
    reverse: bool,
    modifiers: Modifiers,
    cx: &Cx,
) -> Result<ColumnElement> {
    match op {
        Operator::And | Operator::Or => {
            let other = coercions::expect_where(right, None, cx)?;
            let pair = if reverse {
                [other, left.clone()]
            } else {
                [left.clone(), other]
            };
            Ok(match op {
                Operator::And => ColumnElement::and_(&pair, cx.compat()),
                _ => ColumnElement::or_(&pair, cx.compat()),
            })
        }
        Operator::In | Operator::NotIn => in_operate(op, left, right, cx),
        Operator::GetItem => get_item(left, right, cx),
        Operator::LShift | Operator::RShift | Operator::Pow | Operator::MatMul => {
            Err(unsupported(op.name()))
        }
        Operator::FloorDiv if cx.compat().is_14() => Err(unsupported(op.name())),
        Operator::Match | Operator::NotMatch => {
            let other = coercions::expect_binary(right, left, op, cx)?;
            Ok(ColumnElement::for_op(
                left,
                &other,
                Operator::Match,
                standard_type(&names::MatchType),
                Some(if *op == Operator::Match {
                    Operator::NotMatch
                } else {
                    Operator::Match
                }),
                modifiers,
                cx.compat(),
            ))
        }
        Operator::RegexpMatch => {
            let other = coercions::expect_binary(right, left, &Operator::Comma, cx)?;
            Ok(ColumnElement::binary(
                left,
                &other,
                op.clone(),
                null_type(),
                Some(Operator::NotRegexpMatch),
                modifiers,
                cx.compat(),
            ))
        }
        Operator::Custom(custom) => {
            let type_ = match &custom.return_type {
                Some(type_) => Some(type_.clone()),
                None => custom.is_comparison.then(boolean_type),
            };
            binary_operate(op, left, right, reverse, type_, modifiers, cx)
        }
        _ if op.is_comparison() => boolean_compare(op, left, right, reverse, modifiers, cx),
        _ => binary_operate(op, left, right, reverse, None, modifiers, cx),
    }
}

/// A comparison: None, True and False are constants here.
fn boolean_compare(
    op: &Operator,
    left: &ColumnElement,
    right: &Value,
    reverse: bool,
    modifiers: Modifiers,
    cx: &Cx,
) -> Result<ColumnElement> {
    let compat = cx.compat();
    let constant = match right {
        Value::None => Some(ColumnElement::Null),
        Value::Bool(true) => Some(ColumnElement::True),
        Value::Bool(false) => Some(ColumnElement::False),
        _ => match right.downcast::<ColumnElement>() {
            Some(element @ (ColumnElement::Null | ColumnElement::True | ColumnElement::False)) => {
                Some(element.clone())
            }
            _ => None,
        },
    };
    let aggregate = left.is_collection_aggregate();
    if let Some(constant) = constant {
        let is_flag = !matches!(constant, ColumnElement::Null);
        let plain = match op {
            Operator::Eq | Operator::Ne => is_flag,
            Operator::IsDistinctFrom | Operator::IsNotDistinctFrom => true,
            _ => false,
        };
        if plain && (is_flag || !aggregate) {
            return Ok(ColumnElement::for_op(
                left,
                &constant,
                op.clone(),
                boolean_type(),
                op.negation(),
                modifiers,
                compat,
            ));
        }
        if !aggregate {
            let (is, negate) = match op {
                Operator::Eq | Operator::Is => (Operator::Is, Operator::IsNot),
                Operator::Ne | Operator::IsNot => (Operator::IsNot, Operator::Is),
                _ => {
                    return Err(ARGUMENT_ERROR.error(
                        "Only '=', '!=', 'is_()', 'is_not()', 'is_distinct_from()', \
                         'is_not_distinct_from()' operators can be used with None/True/False",
                    ));
                }
            };
            return Ok(ColumnElement::for_op(
                left,
                &constant,
                is,
                boolean_type(),
                Some(negate),
                Modifiers::default(),
                compat,
            ));
        }
        return Ok(compare(op, left, &constant, reverse, modifiers, cx));
    }
    let other = coercions::expect_binary(right, left, op, cx)?;
    Ok(compare(op, left, &other, reverse, modifiers, cx))
}

/// A comparison of two elements.
pub fn compare(
    op: &Operator,
    left: &ColumnElement,
    right: &ColumnElement,
    reverse: bool,
    modifiers: Modifiers,
    cx: &Cx,
) -> ColumnElement {
    let (left, right) = if reverse {
        (right, left)
    } else {
        (left, right)
    };
    // `IS` is negated to itself by the library's table, for operands that are no constants.
    let negate = match op {
        Operator::Is => Some(Operator::Is),
        Operator::IsNot => Some(Operator::IsNot),
        _ => op.negation(),
    };
    ColumnElement::for_op(
        left,
        right,
        op.clone(),
        boolean_type(),
        negate,
        modifiers,
        cx.compat(),
    )
}

fn binary_operate(
    op: &Operator,
    left: &ColumnElement,
    right: &Value,
    reverse: bool,
    type_: Option<SqlType>,
    modifiers: Modifiers,
    cx: &Cx,
) -> Result<ColumnElement> {
    let other = coercions::expect_binary(right, left, op, cx)?;
    let (left, right) = if reverse {
        (&other, left)
    } else {
        (left, &other)
    };
    binary_elements(op, left, right, type_, modifiers, cx)
}

/// `left op right` of two elements, for an operator that is no comparison.
pub fn binary_elements(
    op: &Operator,
    left: &ColumnElement,
    right: &ColumnElement,
    type_: Option<SqlType>,
    modifiers: Modifiers,
    cx: &Cx,
) -> Result<ColumnElement> {
    let (op, type_) = match type_ {
        Some(type_) => (op.clone(), type_),
        None => adapt_expression(op, &left.type_(), &right.type_(), cx)?,
    };
    Ok(ColumnElement::for_op(
        left,
        right,
        op,
        type_,
        None,
        modifiers,
        cx.compat(),
    ))
}

fn in_operate(
    op: &Operator,
    left: &ColumnElement,
    right: &Value,
    cx: &Cx,
) -> Result<ColumnElement> {
    let other = coercions::expect_in(right, left, op, cx)?;
    Ok(compare(op, left, &other, false, Modifiers::default(), cx))
}

/// `left BETWEEN low AND high`.
pub fn between(
    left: &ColumnElement,
    low: &Value,
    high: &Value,
    symmetric: bool,
    cx: &Cx,
) -> Result<ColumnElement> {
    let low = coercions::expect_binary(low, left, &Operator::And, cx)?;
    let high = coercions::expect_binary(high, left, &Operator::And, cx)?;
    let pair = ColumnElement::ClauseList(Rc::new(super::elements::ClauseList {
        clauses: vec![low, high],
        operator: Operator::And,
        group: false,
        type_: null_type(),
        is_boolean: false,
    }));
    let mut modifiers = Modifiers::default();
    if symmetric {
        modifiers
            .other
            .push(("symmetric".into(), Value::Bool(true)));
    }
    Ok(ColumnElement::binary(
        left,
        &pair,
        Operator::Between,
        null_type(),
        Some(Operator::NotBetween),
        modifiers,
        cx.compat(),
    ))
}

/// `REGEXP_REPLACE(left, pattern, replacement)`.
pub fn regexp_replace(
    left: &ColumnElement,
    pattern: &Value,
    replacement: &Value,
    modifiers: Modifiers,
    cx: &Cx,
) -> Result<ColumnElement> {
    let pattern = coercions::expect_binary(pattern, left, &Operator::Comma, cx)?;
    let replacement = coercions::expect_binary(replacement, left, &Operator::Comma, cx)?;
    let pair = ColumnElement::ClauseList(Rc::new(super::elements::ClauseList {
        clauses: vec![pattern, replacement],
        operator: Operator::Comma,
        group: false,
        type_: null_type(),
        is_boolean: false,
    }));
    Ok(ColumnElement::binary(
        left,
        &pair,
        Operator::RegexpReplace,
        null_type(),
        None,
        modifiers,
        cx.compat(),
    ))
}

/// `left COLLATE name`.
pub fn collate(left: &ColumnElement, name: &str, cx: &Cx) -> ColumnElement {
    ColumnElement::binary(
        left,
        &ColumnElement::Collation(name.into()),
        Operator::Collate,
        left.type_(),
        None,
        Modifiers::default(),
        cx.compat(),
    )
}

/// `-x`.
pub fn negative(element: &ColumnElement, cx: &Cx) -> ColumnElement {
    element.unary(Operator::Neg, element.type_(), cx.compat())
}

/// `ANY (x)`, `ALL (x)`.
pub fn collection_aggregate(op: Operator, element: &ColumnElement, cx: &Cx) -> ColumnElement {
    ColumnElement::Unary(Rc::new(UnaryExpression {
        element: element
            .self_group(None, cx.compat())
            .self_group(Some(&op), cx.compat()),
        operator: Some(op),
        modifier: None,
        type_: boolean_type(),
        wraps_column_expression: false,
    }))
}

/// `left[index]`, for JSON and arrays.
/// The type of one index into an array: an array of less dimensions, or the item.
fn indexed_type(type_: &SqlType, cx: &Cx) -> Result<SqlType> {
    let item = type_.behaviour().item_type().unwrap_or_else(null_type);
    match type_
        .attribute("dimensions")
        .and_then(|given| given.as_int())
    {
        Some(dimensions) if dimensions > 1 => SqlType::build(
            type_.class(),
            Args {
                pos: [item.to_value()].into_iter().collect(),
                kw: vec![("dimensions".into(), Value::Int(dimensions - 1))],
            },
            cx,
        ),
        _ => Ok(item),
    }
}

/// The bounds of `column[start:stop]`.
fn array_slice(left: &ColumnElement, index: &Value, cx: &Cx) -> Result<ColumnElement> {
    let mut clauses = Vec::new();
    for name in ["start", "stop"] {
        let bound = cx.get_attr(index, name)?;
        let element = if let Some(element) = bound.downcast::<ColumnElement>() {
            element.clone()
        } else {
            let key = left.key();
            let base = key.as_ref().and_then(Name::text).map(Str::as_str);
            BindParameter::anonymous(base, BindValue::Value(bound), integer_type()).element()
        };
        clauses.push(element);
    }
    Ok(ColumnElement::Syntax(Rc::new(Syntax {
        form: SyntaxForm::Slice,
        clauses,
        type_: null_type(),
    })))
}

fn get_item(left: &ColumnElement, index: &Value, cx: &Cx) -> Result<ColumnElement> {
    let type_ = left.type_();
    match type_.affinity() {
        Affinity::Json => {
            let path = matches!(index, Value::Tuple(_) | Value::List(_));
            let (op, bind_type) = if path {
                (Operator::JsonPathGetItem, JsonPart::Path)
            } else {
                (Operator::JsonGetItem, JsonPart::Index)
            };
            let bind =
                left.bind_param(&op, index, Some(SqlType::json_part(bind_type)), false, cx)?;
            binary_elements(
                &op,
                left,
                &bind.element(),
                Some(type_),
                Modifiers::default(),
                cx,
            )
        }
        _ if type_.class().name() == "HSTORE" => {
            let item = type_.behaviour().item_type().unwrap_or_else(null_type);
            let op = Operator::Custom(Rc::new(CustomOp {
                text: "->".into(),
                precedence: 15,
                is_comparison: false,
                return_type: None,
                natural_self_precedent: true,
                eager_grouping: true,
            }));
            binary_operate(
                &op,
                left,
                index,
                false,
                Some(item),
                Modifiers::default(),
                cx,
            )
        }
        Affinity::Array if index.downcast::<Slice>().is_some() => {
            let slice = array_slice(left, index, cx)?;
            binary_elements(
                &Operator::GetItem,
                left,
                &slice,
                Some(type_),
                Modifiers::default(),
                cx,
            )
        }
        Affinity::Array => {
            let item = indexed_type(&type_, cx)?;
            binary_operate(
                &Operator::GetItem,
                left,
                index,
                false,
                Some(item),
                Modifiers::default(),
                cx,
            )
        }
        _ => Err(unsupported("getitem")),
    }
}
