//! Expressions that the schema makes or looks into: the CHECKs of types, columns in a condition.

use std::rc::Rc;

use super::Column;
use crate::object::{Cx, Result, Str, Value};
use crate::sql::operators::Operator;
use crate::sql::types::SqlType;
use crate::sql::{
    BinaryExpression, BindParameter, BindValue, ClauseList, ColumnElement, Grouping, Modifiers,
    Name, TypeCoerce, next_seed,
};

/// `column IN (..)` with `column` taken as being of `ty`.
fn in_list(column: &Rc<Column>, ty: &SqlType, values: Vec<Value>) -> ColumnElement {
    let left = ColumnElement::TypeCoerce(Rc::new(TypeCoerce {
        clause: ColumnElement::Column(column.clone()),
        type_: ty.clone(),
    }));
    let binds = values.into_iter().map(|value| {
        ColumnElement::Bind(Rc::new(BindParameter {
            key: Name::anonymous(next_seed(), "param"),
            orig_key: Str::new("param"),
            unique: true,
            value: BindValue::Value(value),
            type_: ty.clone(),
            required: false,
            expanding: false,
            expand_op: None,
            literal_execute: false,
            is_out: false,
            tuple_types: None,
        }))
    });
    let list = ColumnElement::ClauseList(Rc::new(ClauseList {
        clauses: binds.collect(),
        operator: Operator::Comma,
        group: true,
        type_: SqlType::null(),
        is_boolean: false,
    }));
    ColumnElement::Binary(Rc::new(BinaryExpression {
        left,
        right: ColumnElement::Grouping(Rc::new(Grouping {
            element: list,
            type_: SqlType::null(),
        })),
        operator: Operator::In,
        negate: Some(Operator::NotIn),
        type_: SqlType::boolean(),
        modifiers: Modifiers::default(),
        is_implicitly_boolean: false,
    }))
}

/// `column IN (0, 1)`.
#[expect(clippy::unnecessary_wraps, reason = "the two checks are made alike")]
pub(super) fn in_zero_one(column: &Rc<Column>, _cx: &Cx) -> Result<ColumnElement> {
    let values = vec![Value::Int(0), Value::Int(1)];
    Ok(in_list(column, &SqlType::integer(), values))
}

/// `column IN ('a', 'b')`.
#[expect(clippy::unnecessary_wraps, reason = "the two checks are made alike")]
pub(super) fn in_texts(column: &Rc<Column>, texts: &[Str], _cx: &Cx) -> Result<ColumnElement> {
    let values = texts.iter().cloned().map(Value::Str).collect();
    Ok(in_list(column, &SqlType::string(), values))
}

/// The table columns in an expression, in order of appearance, each once.
pub fn columns_of(element: &ColumnElement) -> Vec<Rc<Column>> {
    let mut found = Vec::new();
    gather(element, &mut found);
    found
}

fn add_once(column: &Rc<Column>, found: &mut Vec<Rc<Column>>) {
    if !found.iter().any(|known| Rc::ptr_eq(known, column)) {
        found.push(column.clone());
    }
}

fn gather(element: &ColumnElement, found: &mut Vec<Rc<Column>>) {
    let mut all = |elements: &[ColumnElement]| {
        for element in elements {
            gather(element, found);
        }
    };
    match element {
        ColumnElement::Column(column) => add_once(column, found),
        ColumnElement::Binary(node) => {
            all(&[node.left.clone(), node.right.clone()]);
        }
        ColumnElement::Unary(node) => all(std::slice::from_ref(&node.element)),
        ColumnElement::AsBoolean(node) => all(std::slice::from_ref(&node.element)),
        ColumnElement::ClauseList(node) => all(&node.clauses),
        ColumnElement::Grouping(node) => all(std::slice::from_ref(&node.element)),
        ColumnElement::Label(node) => all(std::slice::from_ref(&node.element)),
        ColumnElement::LabelReference(node) => all(std::slice::from_ref(&**node)),
        ColumnElement::Function(node) => all(&node.args),
        ColumnElement::Case(node) => {
            if let Some(value) = &node.value {
                all(std::slice::from_ref(value));
            }
            for (when, then) in &node.whens {
                all(&[when.clone(), then.clone()]);
            }
            if let Some(otherwise) = &node.else_ {
                all(std::slice::from_ref(otherwise));
            }
        }
        ColumnElement::Cast(node) => all(std::slice::from_ref(&node.clause)),
        ColumnElement::TypeCoerce(node) => all(std::slice::from_ref(&node.clause)),
        ColumnElement::Extract(node) => all(std::slice::from_ref(&node.expr)),
        ColumnElement::Tuple(node) => all(&node.clauses),
        ColumnElement::Annotated(node) => all(std::slice::from_ref(&node.element)),
        _ => {}
    }
}
