//! `slice`: `start:stop:step`, and the indexes it selects.

use std::rc::Rc;

use super::{OBJECT, int};
use crate::object::exceptions::{TYPE_ERROR, VALUE_ERROR};
use crate::object::{
    Args, Class, CompareOp, Cx, Members, Object, Result, TypeSpec, Value, hash_sequence,
    hash_value, ops,
};

/// `slice`.
pub static SLICE: TypeSpec = TypeSpec::new("builtins", "slice")
    .bases(&[&OBJECT])
    .construct(construct)
    .members(members);

/// A `slice`.
pub struct Slice {
    /// Before the first colon, or `None`.
    pub start: Value,
    /// Behind it, or `None`.
    pub stop: Value,
    /// Behind the second, or `None`.
    pub step: Value,
}

/// The indexes that a slice selects of a sequence.
#[derive(Clone, Copy, Debug)]
pub struct Indices {
    /// The first index.
    pub start: i64,
    /// Where it ends.
    pub stop: i64,
    /// From one to the next; never 0.
    pub step: i64,
}

impl Indices {
    /// How many there are.
    pub fn count(&self) -> usize {
        let (low, high, step) = if self.step > 0 {
            (self.start, self.stop, self.step.unsigned_abs())
        } else {
            (self.stop, self.start, self.step.unsigned_abs())
        };
        if low >= high {
            return 0;
        }
        let span = high.abs_diff(low) - 1;
        usize::try_from(span / step).unwrap_or(usize::MAX - 1) + 1
    }
    /// The indexes, in order.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        let mut at = self.start;
        (0..self.count()).map(move |_| {
            let index = usize::try_from(at).unwrap_or(0);
            at = at.saturating_add(self.step);
            index
        })
    }
}

impl Slice {
    /// A slice of these bounds.
    pub fn of(start: Value, stop: Value, step: Value) -> Value {
        Value::object(Self { start, stop, step })
    }

    /// The indexes it selects of a sequence of `len` items.
    pub fn indices(&self, len: usize, cx: &Cx) -> Result<Indices> {
        let len = i64::try_from(len).unwrap_or(i64::MAX);
        let step = bound(&self.step, cx)?.unwrap_or(1);
        if step == 0 {
            return Err(VALUE_ERROR.error("slice step cannot be zero"));
        }
        let step = step.max(-i64::MAX);
        let (lower, upper) = if step < 0 { (-1, len - 1) } else { (0, len) };
        let clamp = |number: i64| {
            if number < 0 {
                number.saturating_add(len).max(lower)
            } else {
                number.min(upper)
            }
        };
        let (first, last) = if step < 0 {
            (upper, lower)
        } else {
            (lower, upper)
        };
        Ok(Indices {
            start: bound(&self.start, cx)?.map_or(first, clamp),
            stop: bound(&self.stop, cx)?.map_or(last, clamp),
            step,
        })
    }
}

fn bound(value: &Value, cx: &Cx) -> Result<Option<i64>> {
    if value.is_none() || value.is_undefined() {
        return Ok(None);
    }
    match int::index(value, cx)? {
        Some(number) => Ok(Some(number)),
        None => {
            Err(TYPE_ERROR
                .error("slice indices must be integers or None or have an __index__ method"))
        }
    }
}

impl Object for Slice {
    fn spec(&self) -> &'static TypeSpec {
        &SLICE
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        Ok(Some(format!(
            "slice({}, {}, {})",
            cx.repr(&self.start)?,
            cx.repr(&self.stop)?,
            cx.repr(&self.step)?
        )))
    }
    fn compare(
        &self,
        _this: &Value,
        op: CompareOp,
        other: &Value,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        let Some(other) = other.downcast::<Self>() else {
            return Ok(None);
        };
        let parts = |slice: &Self| {
            Value::tuple(vec![
                slice.start.clone(),
                slice.stop.clone(),
                slice.step.clone(),
            ])
        };
        ops::compare(op, &parts(self), &parts(other), cx).map(Some)
    }
    fn hash(&self, cx: &Cx) -> Result<Option<u64>> {
        let hashes = [&self.start, &self.stop, &self.step].map(|part| hash_value(part, cx));
        let hashes: Vec<u64> = hashes.into_iter().collect::<Result<_>>()?;
        Ok(Some(hash_sequence(hashes.into_iter())))
    }
}

fn construct(_class: &Rc<Class>, args: Args, _cx: &Cx) -> Result<Value> {
    super::no_keywords("slice", &args)?;
    Ok(match args.pos.as_slice() {
        [stop] => Slice::of(Value::None, stop.clone(), Value::None),
        [start, stop] => Slice::of(start.clone(), stop.clone(), Value::None),
        [start, stop, step] => Slice::of(start.clone(), stop.clone(), step.clone()),
        [] => return Err(TYPE_ERROR.error("slice expected at least 1 argument, got 0")),
        more => {
            return Err(TYPE_ERROR.error(format!(
                "slice expected at most 3 arguments, got {}",
                more.len()
            )));
        }
    })
}

fn members(members: &mut Members) {
    members
        .getter("start", |slice: &Slice, _| Ok(slice.start.clone()))
        .getter("stop", |slice: &Slice, _| Ok(slice.stop.clone()))
        .getter("step", |slice: &Slice, _| Ok(slice.step.clone()))
        .method("indices(len, /)", |slice: &Slice, a, cx| {
            let len = int::expect_index(a.at(0), cx)?;
            let len = usize::try_from(len)
                .map_err(|_| VALUE_ERROR.error("length should not be negative"))?;
            let found = slice.indices(len, cx)?;
            Ok(Value::tuple(vec![
                found.start.into(),
                found.stop.into(),
                found.step.into(),
            ]))
        });
}
