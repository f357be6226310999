//! The order in which objects of one hierarchy are written: pending ones as they were added,
//! then persistent ones by primary key.

use std::cmp::Ordering;
use std::rc::Rc;

use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::object::{CompareOp, Cx, Instance, Raised, Result, Value, ops};
use crate::orm::state_of;

/// `instances` in the order in which they are written.
pub fn sorted(instances: &[Rc<Instance>], cx: &Cx) -> Result<Vec<Rc<Instance>>> {
    let (mut pending, mut persistent) = (Vec::new(), Vec::new());
    for instance in instances {
        let Some(state) = state_of(instance) else {
            continue;
        };
        match state.key() {
            None => pending.push((state.insert_order(), instance.clone())),
            Some(key) => persistent.push((key, instance.clone())),
        }
    }
    pending.sort_by_key(|(order, _)| *order);
    let mut failure = None;
    let in_order = persistent.is_sorted_by(|(a, _), (b, _)| {
        compare(a.values(), b.values(), cx).is_ok_and(Ordering::is_le)
    });
    if !in_order {
        persistent.sort_by(|(a, _), (b, _)| {
            compare(a.values(), b.values(), cx).unwrap_or_else(|raised| {
                failure.get_or_insert(raised);
                Ordering::Equal
            })
        });
    }
    if let Some(raised) = failure {
        return Err(unsortable(raised, cx));
    }
    let mut all: Vec<_> = pending.into_iter().map(|(_, one)| one).collect();
    all.extend(persistent.into_iter().map(|(_, one)| one));
    Ok(all)
}

fn unsortable(raised: Raised, cx: &Cx) -> Raised {
    let cause = raised.value().clone();
    INVALID_REQUEST_ERROR
        .error(format!(
            "Could not sort objects by primary key; primary key values must be sortable in \
             Python (was: {})",
            raised.message(cx)
        ))
        .caused_by(&cause)
}

fn compare(a: &[Value], b: &[Value], cx: &Cx) -> Result<Ordering> {
    for (a, b) in a.iter().zip(b) {
        let order = match (a, b) {
            (Value::Int(a), Value::Int(b)) => a.cmp(b),
            (Value::Str(a), Value::Str(b)) => a.as_str().cmp(b.as_str()),
            (a, b) if cx.eq(a, b)? => Ordering::Equal,
            (a, b) => {
                if cx.truthy(&ops::compare(CompareOp::Lt, a, b, cx)?)? {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
        };
        if order.is_ne() {
            return Ok(order);
        }
    }
    Ok(a.len().cmp(&b.len()))
}
