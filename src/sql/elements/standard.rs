//! The types that expressions have without being told: one of each, and the rules by which an
//! operator or a plain value takes its type from its neighbours.

use crate::object::{Args, Cx, Result, Value};
use crate::sql::operators::Operator;
use crate::sql::types::{Affinity, SqlType, TypeClass, names};

/// The one type of `class` made without arguments.
pub fn standard_type(class: &'static TypeClass) -> SqlType {
    SqlType::simple(class)
}

/// `NullType`.
pub fn null_type() -> SqlType {
    standard_type(&names::NullType)
}
/// `Boolean`.
pub fn boolean_type() -> SqlType {
    standard_type(&names::Boolean)
}
/// `Integer`.
pub fn integer_type() -> SqlType {
    standard_type(&names::Integer)
}
/// `String`.
pub fn string_type() -> SqlType {
    standard_type(&names::String)
}

/// The operator and the type of `left op right`, for operators that are no comparison.
pub fn adapt_expression(
    op: &Operator,
    left: &SqlType,
    right: &SqlType,
    cx: &Cx,
) -> Result<(Operator, SqlType)> {
    let (own, other) = (left.affinity(), right.affinity());
    let concatenable =
        |affinity: Affinity| affinity.is_string() || matches!(affinity, Affinity::Array);
    if own == Affinity::Null {
        // The other side decides, where the operands may be exchanged.
        if other == Affinity::Null || !op.is_commutative() {
            return Ok((op.clone(), left.clone()));
        }
        return adapt_expression(op, right, left, cx);
    }
    let hstore = left.class().name() == "HSTORE";
    if concatenable(own) || hstore {
        if *op == Operator::Add && (concatenable(other) || other == Affinity::Null || hstore) {
            return Ok((Operator::Concat, concatenated(left, own, cx)?));
        }
        let ty = match op {
            Operator::Concat => concatenated(left, own, cx)?,
            _ => left.clone(),
        };
        return Ok((op.clone(), ty));
    }
    if cx.compat().is_14()
        && *op == Operator::TrueDiv
        && own == Affinity::Integer
        && other == Affinity::Integer
    {
        return Ok((op.clone(), left.clone()));
    }
    // Float is a kind of Numeric: of two of these the right one counts.
    let numeric = |affinity| matches!(affinity, Affinity::Numeric | Affinity::Float);
    let arithmetic = matches!(
        op,
        Operator::Add | Operator::Sub | Operator::Mul | Operator::TrueDiv
    );
    let result = match adaptation(op, own, other) {
        None if arithmetic && numeric(own) && numeric(other) => right.clone(),
        None => left.clone(),
        Some(affinity) if affinity == other || (numeric(affinity) && numeric(other)) => {
            right.clone()
        }
        Some(affinity) if affinity == own => left.clone(),
        Some(Affinity::Numeric) => standard_type(&names::Numeric),
        Some(Affinity::Integer) => integer_type(),
        Some(Affinity::Interval) => standard_type(&names::Interval),
        Some(Affinity::DateTime) => standard_type(&names::DateTime),
        Some(_) => left.clone(),
    };
    Ok((op.clone(), result))
}

fn concatenated(left: &SqlType, affinity: Affinity, cx: &Cx) -> Result<SqlType> {
    if affinity != Affinity::Enum {
        return Ok(left.clone());
    }
    // An enumeration followed by something else is no longer one.
    let length = left.attribute("length").unwrap_or(Value::None);
    SqlType::build(&names::String, Args::from([length]), cx)
}

/// SQLAlchemy's `_expression_adaptations`: the affinity of the result, where not the left one's.
fn adaptation(op: &Operator, own: Affinity, other: Affinity) -> Option<Affinity> {
    use Affinity::{Date, DateTime, Float, Integer, Interval, Numeric, Time};
    let numeric = |affinity| matches!(affinity, Numeric | Float);
    Some(match (own, op, other) {
        (Integer, Operator::Add, Date) => Date,
        (Integer, Operator::Mul, Interval) => Interval,
        // 1.4 leaves it to the database, which floors.
        (Integer, Operator::TrueDiv, Integer) if Cx::current().compat().is_20() => Numeric,
        (
            Integer,
            Operator::Add | Operator::Sub | Operator::Mul | Operator::TrueDiv | Operator::FloorDiv,
            other,
        ) if numeric(other) => other,
        (own, Operator::Mul, Interval) if numeric(own) => Interval,
        (Date, Operator::Add, Interval | Time) => DateTime,
        (Date, Operator::Sub, Date) => Integer,
        (Date, Operator::Sub, Interval) => DateTime,
        (Date | DateTime, Operator::Sub, DateTime) => Interval,
        (Time, Operator::Add, Date) => DateTime,
        (Time, Operator::Sub, Time) => Interval,
        (Interval, Operator::Add, Date | DateTime) => DateTime,
        (Interval, Operator::Add, Time) => Time,
        _ => return None,
    })
}

/// The type that plain `value` takes beside an operand of type `ty`.
pub fn coerce_compared_value(
    ty: &SqlType,
    op: &Operator,
    value: &Value,
    cx: &Cx,
) -> Result<SqlType> {
    ty.coerce_compared_value(op, value, cx)
}
