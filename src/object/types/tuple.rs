//! `tuple`.

use std::rc::Rc;

use super::{OBJECT, base_value, container_members};
use crate::object::exceptions::{TYPE_ERROR, VALUE_ERROR};
use crate::object::{Args, Bound, Class, Cx, Members, Result, TypeSpec, Value, ops};

/// `tuple`.
pub static TUPLE: TypeSpec = TypeSpec::new("builtins", "tuple")
    .bases(&[&OBJECT])
    .construct(construct)
    .members(members)
    .subclassable();

fn construct(class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    super::no_keywords("tuple", &args)?;
    let items = match args.pos.as_slice() {
        [] => Value::tuple(Vec::new()),
        [tuple @ Value::Tuple(_)] => tuple.clone(),
        [iterable] => Value::tuple(ops::collect(iterable, cx)?),
        more => {
            return Err(TYPE_ERROR.error(format!(
                "tuple expected at most 1 argument, got {}",
                more.len()
            )));
        }
    };
    Ok(super::of_class(class, &TUPLE, items))
}

fn items(value: &Value) -> Vec<Value> {
    match base_value(value) {
        Value::Tuple(items) => items.to_vec(),
        _ => Vec::new(),
    }
}

fn members(members: &mut Members) {
    members
        .method_on_value("count(value, /)", |this, a, cx| {
            count(&items(this), a.at(0), cx)
        })
        .method_on_value(
            "index(value, start=0, stop=9223372036854775807, /)",
            |this, a, cx| match position(&items(this), a, cx)? {
                Some(at) => Ok(at),
                None => Err(VALUE_ERROR.error("tuple.index(x): x not in tuple")),
            },
        )
        .with(super::number_members)
        .with(container_members);
}

/// How many items equal `value`.
pub fn count(items: &[Value], value: &Value, cx: &Cx) -> Result<Value> {
    let mut count = 0;
    for item in items {
        if ops::rich_eq(item, value, cx)? {
            count += 1;
        }
    }
    Ok(Value::Int(count))
}

/// Where the value of `index(value, start, stop)` is.
pub fn position(items: &[Value], a: &Bound<'_>, cx: &Cx) -> Result<Option<Value>> {
    let bound = |value: &Value, default: usize| -> Result<usize> {
        if value.is_undefined() {
            return Ok(default);
        }
        let index = super::int::expect_index(value, cx)?;
        Ok(if index < 0 {
            items
                .len()
                .saturating_sub(usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX))
        } else {
            usize::try_from(index).unwrap_or(usize::MAX)
        })
    };
    let (start, stop) = (bound(a.at(1), 0)?, bound(a.at(2), usize::MAX)?);
    for (at, item) in items.iter().enumerate().take(stop).skip(start) {
        if ops::rich_eq(item, a.at(0), cx)? {
            return Ok(i64::try_from(at).ok().map(Value::Int));
        }
    }
    Ok(None)
}
