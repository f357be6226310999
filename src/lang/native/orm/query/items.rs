//! `query[i]`, `query[i:j]`.

use super::query_of;
use crate::object::exceptions::{INDEX_ERROR, TYPE_ERROR};
use crate::object::types::Slice;
use crate::object::{Cx, Result, Value, class_of};
use crate::orm::{Needs, Query};

/// `query[key]`.
pub fn item(this: &Value, key: &Value, cx: &Cx) -> Result<Value> {
    let query = query_of(this)?;
    if let Some(slice) = key.downcast::<Slice>() {
        return sliced(query, slice, cx);
    }
    let index = match key {
        // LIMIT and OFFSET take the whole part of a number.
        Value::Float(number) => format!("{:.0}", number.trunc()).parse().ok(),
        other => other.as_int(),
    };
    let Some(index) = index else {
        return Err(not_a_number(key, cx));
    };
    if index == -1 {
        check_negative(query, cx)?;
        let last = query.all(cx)?.pop();
        return last.ok_or_else(out_of_range);
    }
    if index < -1 {
        check_negative(query, cx)?;
        let mut rows = query.all(cx)?;
        let place = at_from_end(index, rows.len()).ok_or_else(out_of_range)?;
        return Ok(rows.swap_remove(place));
    }
    let end = index.saturating_add(1);
    let rows = limited(query, Some(index), Some(end), cx)?;
    rows.into_iter().next().ok_or_else(out_of_range)
}

fn out_of_range() -> crate::object::Raised {
    INDEX_ERROR.error("list index out of range")
}

/// The place of the one row that `[index:index + 1]` selects.
fn at_from_end(index: i64, count: usize) -> Option<usize> {
    let back = usize::try_from(index.unsigned_abs()).ok()?;
    count.checked_sub(back)
}

fn not_a_number(key: &Value, cx: &Cx) -> crate::object::Raised {
    let name = class_of(key, cx).error_name();
    TYPE_ERROR.error(match key {
        Value::Str(_) => "can only concatenate str (not \"int\") to str".to_owned(),
        Value::List(_) => "can only concatenate list (not \"int\") to list".to_owned(),
        Value::Tuple(_) => "can only concatenate tuple (not \"int\") to tuple".to_owned(),
        _ => format!("unsupported operand type(s) for +: '{name}' and 'int'"),
    })
}

/// Negative indexes are for 1.4's sessions alone.
fn check_negative(query: &Query, cx: &Cx) -> Result<()> {
    let allowed = cx.compat().is_14() && query.session().is_none_or(|session| !session.is_future());
    if allowed {
        return Ok(());
    }
    Err(INDEX_ERROR.error("negative indexes are not accepted by SQL index / slice operators"))
}

fn sliced(query: &Query, slice: &Slice, cx: &Cx) -> Result<Value> {
    let (start, stop) = (slice.start.as_int(), slice.stop.as_int());
    if let (Some(start), Some(stop)) = (start, stop)
        && stop <= start
    {
        return Ok(Value::list(Vec::new()));
    }
    if start.is_some_and(|start| start < 0) || stop.is_some_and(|stop| stop < 0) {
        check_negative(query, cx)?;
        return picked(query.all(cx)?, slice, cx);
    }
    let rows = limited(query, start, stop, cx)?;
    if slice.step.is_none() {
        return Ok(Value::list(rows));
    }
    let every = Slice {
        start: Value::None,
        stop: Value::None,
        step: slice.step.clone(),
    };
    picked(rows, &every, cx)
}

fn picked(rows: Vec<Value>, slice: &Slice, cx: &Cx) -> Result<Value> {
    let indices = slice.indices(rows.len(), cx)?;
    let found = indices.iter().filter_map(|at| rows.get(at).cloned());
    Ok(Value::list(found.collect()))
}

fn limited(query: &Query, start: Option<i64>, stop: Option<i64>, cx: &Cx) -> Result<Vec<Value>> {
    query.check(Needs::NoStatement, "slice")?;
    let data = query.clauses();
    let (limit, offset) =
        crate::sql::make_slice(data.limit.as_ref(), data.offset.as_ref(), start, stop, cx)?;
    let limited = query.with_clauses(|data| {
        data.limit = limit;
        data.offset = offset;
    });
    limited.all(cx)
}
