//! Functions over iterables: `len`, `iter`, `next`, `sorted`, `sum`, `min`, `max`, `any`, `all`.

use crate::object::exceptions::{STOP_ITERATION, TYPE_ERROR, VALUE_ERROR};
use crate::object::types::{self, iterators};
use crate::object::{BinaryOp, Bound, CompareOp, Cx, Export, Method, Result, Value, ops};

pub(super) static FUNCTIONS: &[(&str, Export)] = &[
    ("len", |_| {
        Method::quick_function(
            "len(obj, /)",
            |_, args, cx| match args {
                [value] => len(value, cx).map(Some),
                _ => Ok(None),
            },
            |a, cx| len(a.at(0), cx),
        )
    }),
    ("iter", |_| {
        Method::function("iter(object, sentinel=None, /)", iter)
    }),
    ("next", |_| {
        Method::function(
            "next(iterator, default=None, /)",
            |a, cx| match iterators::next_of(a.at(0), cx) {
                Err(raised) if raised.is(&STOP_ITERATION) && !a.at(1).is_undefined() => {
                    Ok(a.at(1).clone())
                }
                answer => answer,
            },
        )
    }),
    ("sorted", |_| {
        Method::function(
            "sorted(iterable, /, *, key=None, reverse=False)",
            |a, cx| {
                let reverse = match a.given("reverse") {
                    Some(flag) => cx.truthy(flag)?,
                    None => false,
                };
                types::sorted(a.at(0), a.some("key"), reverse, cx)
            },
        )
    }),
    ("sum", |_| {
        Method::function("sum(iterable, /, start=0)", sum)
    }),
    ("min", |_| {
        Method::function("min(*args, key=None, default=None)", |a, cx| {
            extreme("min", CompareOp::Lt, a, cx)
        })
    }),
    ("max", |_| {
        Method::function("max(*args, key=None, default=None)", |a, cx| {
            extreme("max", CompareOp::Gt, a, cx)
        })
    }),
    ("any", |_| {
        Method::function("any(iterable, /)", |a, cx| found(a, true, cx))
    }),
    ("all", |_| {
        Method::function("all(iterable, /)", |a, cx| {
            let Value::Bool(some_false) = found(a, false, cx)? else {
                return Ok(Value::Bool(true));
            };
            Ok(Value::Bool(!some_false))
        })
    }),
];

fn len(value: &Value, cx: &Cx) -> Result<Value> {
    let len = ops::len(value, cx)?;
    Ok(Value::Int(i64::try_from(len).unwrap_or(i64::MAX)))
}

fn iter(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    if a.at(1).is_undefined() {
        return iterators::iter_of(a.at(0), cx);
    }
    Ok(iterators::CallableIter::until(
        a.at(0).clone(),
        a.at(1).clone(),
    ))
}

/// Whether an item has the truth `wanted`.
fn found(a: &Bound<'_>, wanted: bool, cx: &Cx) -> Result<Value> {
    let mut items = ops::iterate(a.at(0), cx)?;
    while let Some(item) = items.next(cx)? {
        cx.tick()?;
        if ops::truthy(&item, cx)? == wanted {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

fn sum(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let start = a.given("start").cloned().unwrap_or(Value::Int(0));
    match &start {
        Value::Str(_) => {
            return Err(TYPE_ERROR.error("sum() can't sum strings [use ''.join(seq) instead]"));
        }
        Value::Bytes(_) => {
            return Err(TYPE_ERROR.error("sum() can't sum bytes [use b''.join(seq) instead]"));
        }
        _ => {}
    }
    let mut total = start;
    let mut items = ops::iterate(a.at(0), cx)?;
    while let Some(item) = items.next(cx)? {
        cx.tick()?;
        total = ops::binary(BinaryOp::Add, &total, &item, cx)?;
    }
    Ok(total)
}

fn extreme(name: &str, wins: CompareOp, a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let several = match a.rest() {
        [] => {
            return Err(TYPE_ERROR.error(format!("{name} expected at least 1 argument, got 0")));
        }
        [_] => false,
        _ => true,
    };
    if several && a.given("default").is_some() {
        return Err(TYPE_ERROR.error(format!(
            "Cannot specify a default for {name}() with multiple positional arguments"
        )));
    }
    let mut items = match a.rest() {
        [iterable] => ops::iterate(iterable, cx)?,
        values => ops::ValueIter::Values(Vec::from(values).into_iter()),
    };
    let mut best: Option<(Value, Value)> = None;
    while let Some(item) = items.next(cx)? {
        cx.tick()?;
        let by = match a.some("key") {
            Some(key) => cx.call(key, [item.clone()])?,
            None => item.clone(),
        };
        let better = match &best {
            None => true,
            Some((_, known)) => cx.truthy(&ops::compare(wins, &by, known, cx)?)?,
        };
        if better {
            best = Some((item, by));
        }
    }
    match (best, a.given("default")) {
        (Some((item, _)), _) => Ok(item),
        (None, Some(default)) => Ok(default.clone()),
        (None, None) => Err(VALUE_ERROR.error(format!("{name}() arg is an empty sequence"))),
    }
}
