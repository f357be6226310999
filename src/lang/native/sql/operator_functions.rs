//! `sqlalchemy.sql.operators`: operators as functions, and what is known of them.

use std::cell::RefCell;

use super::operators::{OperatorObject, operator_of};
use super::specs;
use crate::object::exceptions::ATTRIBUTE_ERROR;
use crate::object::{Cx, Method, ModuleSpec, Result, Value};
use crate::sql::operators::{OPERATORS, Operator};

/// `sqlalchemy.sql.operators`.
pub static OPERATORS_MODULE: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.sql.operators",
    names: &[
        ("ColumnOperators", |_| {
            Value::Class(specs::COLUMN_OPERATORS.class())
        }),
        ("is_comparison", |_| about(Operator::is_comparison)),
        ("is_commutative", |_| about(Operator::is_commutative)),
        ("is_associative", |_| about(Operator::is_associative)),
        ("is_boolean", |_| about(Operator::is_boolean)),
        ("is_ordering_modifier", |_| {
            about(Operator::is_ordering_modifier)
        }),
        ("is_precedent", |_| is_precedent()),
        ("mirror", |_| {
            Method::function("mirror(op)", |bound, cx| {
                let operator = operator_argument(bound.value("op"), cx)?;
                Ok(function_of(&operator.mirrored(), cx))
            })
        }),
    ],
    unsupported: crate::lang::unsupported::names_of("sqlalchemy.sql.operators"),
    dynamic: Some(|name, cx| {
        let operator = OPERATORS.iter().find(|operator| operator.name() == name)?;
        Some(function_of(operator, cx))
    }),
};

/// The functions handed out, so that each operator is one object.
#[derive(Default)]
struct Functions(RefCell<Vec<(u64, Value)>>);

/// An operator as the function that Python or SQLAlchemy has for it.
pub fn function_of(operator: &Operator, cx: &Cx) -> Value {
    if let Operator::Custom(_) = operator {
        return Value::object(OperatorObject(operator.clone()));
    }
    let known = cx.service::<Functions>();
    let ordinal = operator.ordinal();
    if let Some((_, function)) = known.0.borrow().iter().find(|(at, _)| *at == ordinal) {
        return function.clone();
    }
    let function = make_function(operator, cx);
    known.0.borrow_mut().push((ordinal, function.clone()));
    function
}

fn make_function(operator: &Operator, cx: &Cx) -> Value {
    let module = crate::lang::modules::MODULES
        .iter()
        .find(|module| module.name == "operator");
    let python = module
        .and_then(|module| {
            module
                .names
                .iter()
                .find(|(name, _)| *name == operator.name())
        })
        .map(|(_, export)| export(cx));
    python.unwrap_or_else(|| Value::object(OperatorObject(operator.clone())))
}

fn operator_argument(given: &Value, cx: &Cx) -> Result<Operator> {
    operator_of(given, cx)
        .ok_or_else(|| ATTRIBUTE_ERROR.error("an operator of sqlalchemy.sql.operators is expected"))
}

fn about(test: fn(&Operator) -> bool) -> Value {
    Method::function("test(op)", move |bound, cx| {
        let operator = operator_of(bound.value("op"), cx);
        Ok(Value::Bool(
            operator.is_some_and(|operator| test(&operator)),
        ))
    })
}

fn is_precedent() -> Value {
    Method::function("is_precedent(operator, against)", |bound, cx| {
        let operator = operator_argument(bound.value("operator"), cx)?;
        let against = match bound.some("against") {
            Some(given) => Some(operator_argument(given, cx)?),
            None => None,
        };
        Ok(Value::Bool(
            operator.is_precedent(against.as_ref(), cx.compat()),
        ))
    })
}
