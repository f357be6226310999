//! Comparisons between built-in values.

use std::cmp::Ordering;
use std::rc::Rc;

use num_bigint::BigInt;
use num_traits::FromPrimitive;

use super::{base_value, int, payload};
use crate::object::{CompareOp, Cx, Dict, Instance, Result, Set, Value, ops};

/// A comparison of built-in values; `None`: not defined between these.
pub fn compare_builtin(a: &Value, op: CompareOp, b: &Value, cx: &Cx) -> Result<Option<Value>> {
    Ok(Some(Value::Bool(match (a, b) {
        (Value::Str(a), Value::Str(b)) => match op {
            CompareOp::Eq => a == b,
            CompareOp::Ne => a != b,
            _ => op.holds(a.cmp(b)),
        },
        (Value::Bytes(a), Value::Bytes(b)) => op.holds(a.cmp(b)),
        (Value::None, Value::None) => match op {
            CompareOp::Eq => true,
            CompareOp::Ne => false,
            _ => return Ok(None),
        },
        (Value::List(x), Value::List(y)) => {
            let _depth = cx.enter_while(" in comparison")?;
            return sequences(&x.to_vec(), op, &y.to_vec(), cx).map(Some);
        }
        (Value::Tuple(a), Value::Tuple(b)) => {
            let _depth = cx.enter_while(" in comparison")?;
            return sequences(a, op, b, cx).map(Some);
        }
        (Value::Set(a), Value::Set(b)) => sets(a, op, b),
        (Value::Dict(a), Value::Dict(b)) => {
            let _depth = cx.enter_while(" in comparison")?;
            match op {
                CompareOp::Eq => dicts_equal(a, b, cx)?,
                CompareOp::Ne => !dicts_equal(a, b, cx)?,
                _ => return Ok(None),
            }
        }
        (
            Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::BigInt(_),
            Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::BigInt(_),
        ) => match number_order(a, b) {
            Some(order) => op.holds(order),
            None => op == CompareOp::Ne,
        },
        _ => return Ok(None),
    })))
}

/// A comparison by the built-in value that an instance of a subclass carries.
pub fn compare_payload(
    instance: &Rc<Instance>,
    op: CompareOp,
    other: &Value,
    cx: &Cx,
) -> Result<Option<Value>> {
    match payload(instance) {
        Some(base) => match &base {
            Value::Object(object) => object.compare(&base, op, &base_value(other), cx),
            _ => compare_builtin(&base, op, &base_value(other), cx),
        },
        None => Ok(None),
    }
}

/// The order of two built-in numbers; `None` where one is NaN or no number.
pub fn number_order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Float(a), _) => Some(int_float(b, *a)?.reverse()),
        (_, Value::Float(b)) => int_float(a, *b),
        _ => match (a.as_int(), b.as_int()) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => Some(int::to_big(a)?.cmp(&int::to_big(b)?)),
        },
    }
}

fn int_float(int_value: &Value, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    if float.is_infinite() {
        return Some(if float > 0.0 {
            Ordering::Less
        } else {
            Ordering::Greater
        });
    }
    let whole = BigInt::from_f64(float.trunc())?;
    let order = int::to_big(int_value)?.cmp(&whole);
    Some(order.then_with(|| {
        if float.fract() > 0.0 {
            Ordering::Less
        } else if float.fract() < 0.0 {
            Ordering::Greater
        } else {
            Ordering::Equal
        }
    }))
}

fn sequences(a: &[Value], op: CompareOp, b: &[Value], cx: &Cx) -> Result<Value> {
    if a.len() != b.len() && matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(Value::Bool(op == CompareOp::Ne));
    }
    for (x, y) in a.iter().zip(b) {
        if !ops::rich_eq(x, y, cx)? {
            return match op {
                CompareOp::Eq => Ok(Value::Bool(false)),
                CompareOp::Ne => Ok(Value::Bool(true)),
                _ => ops::compare(op, x, y, cx),
            };
        }
    }
    Ok(Value::Bool(op.holds(a.len().cmp(&b.len()))))
}

fn sets(a: &Rc<Set>, op: CompareOp, b: &Rc<Set>) -> bool {
    let (a, b) = (a.borrow(), b.borrow());
    match op {
        CompareOp::Eq => a.len() == b.len() && a.is_subset(&b),
        CompareOp::Ne => a.len() != b.len() || !a.is_subset(&b),
        CompareOp::Lt => a.len() < b.len() && a.is_subset(&b),
        CompareOp::Le => a.is_subset(&b),
        CompareOp::Gt => a.len() > b.len() && b.is_subset(&a),
        CompareOp::Ge => b.is_subset(&a),
    }
}

fn dicts_equal(a: &Rc<Dict>, b: &Rc<Dict>, cx: &Cx) -> Result<bool> {
    if a.len() != b.len() {
        return Ok(false);
    }
    let entries: Vec<_> = a
        .borrow()
        .iter()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    for (key, value) in entries {
        let other = b.borrow().get(&key).cloned();
        match other {
            Some(other) if ops::rich_eq(&value, &other, cx)? => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}
