//! `range`.

use std::rc::Rc;

use super::slice::Indices;
use super::{OBJECT, Slice, container_members, int, number_of};
use crate::object::exceptions::{INDEX_ERROR, TYPE_ERROR, VALUE_ERROR};
use crate::object::{
    Args, Class, CompareOp, Cx, Members, Object, Result, TypeSpec, Value, ValueIter, hash_sequence,
    ops,
};

/// `range`.
pub static RANGE: TypeSpec = TypeSpec::new("builtins", "range")
    .bases(&[&OBJECT])
    .construct(construct)
    .members(members);

/// A `range`.
#[derive(Clone, Copy)]
pub struct Range {
    /// The first number.
    pub start: i64,
    /// Where it ends.
    pub stop: i64,
    /// From one to the next; never 0.
    pub step: i64,
}

impl Range {
    fn indices(self) -> Indices {
        Indices {
            start: self.start,
            stop: self.stop,
            step: self.step,
        }
    }
    /// How many numbers.
    pub fn count(self) -> usize {
        self.indices().count()
    }
    fn at(self, index: usize) -> i64 {
        let index = i64::try_from(index).unwrap_or(i64::MAX);
        self.start.saturating_add(self.step.saturating_mul(index))
    }
    fn find(self, value: &Value, cx: &Cx) -> Result<Option<i64>> {
        let number = match number_of(value) {
            Some(Value::Int(number)) => number,
            Some(Value::Float(number)) if number.fract() == 0.0 => {
                match super::float::to_int(number)? {
                    Value::Int(number) => number,
                    _ => return Ok(None),
                }
            }
            Some(_) => return Ok(None),
            None => {
                for (position, item) in self.values().enumerate() {
                    if ops::rich_eq(&Value::Int(item), value, cx)? {
                        return Ok(i64::try_from(position).ok());
                    }
                }
                return Ok(None);
            }
        };
        let inside = if self.step > 0 {
            self.start <= number && number < self.stop
        } else {
            self.stop < number && number <= self.start
        };
        let distance = i128::from(number) - i128::from(self.start);
        if !inside || distance % i128::from(self.step) != 0 {
            return Ok(None);
        }
        Ok(i64::try_from(distance / i128::from(self.step)).ok())
    }
    fn values(self) -> impl Iterator<Item = i64> {
        (0..self.count()).map(move |index| self.at(index))
    }
    /// The same numbers backwards.
    pub fn reversed(self) -> Self {
        let count = self.count();
        if count == 0 {
            return Self {
                start: 0,
                stop: 0,
                step: 1,
            };
        }
        Self {
            start: self.at(count - 1),
            stop: self.start.saturating_sub(self.step),
            step: self.step.saturating_neg(),
        }
    }
}

impl Object for Range {
    fn spec(&self) -> &'static TypeSpec {
        &RANGE
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(if self.step == 1 {
            format!("range({}, {})", self.start, self.stop)
        } else {
            format!("range({}, {}, {})", self.start, self.stop, self.step)
        }))
    }
    fn len(&self, _cx: &Cx) -> Result<Option<usize>> {
        Ok(Some(self.count()))
    }
    fn iter(&self, _this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        let iterator = ValueIter::Range(self.start, self.stop, self.step);
        Ok(Some(super::iterators::wrap(iterator, "range_iterator")))
    }
    fn contains(&self, _this: &Value, item: &Value, cx: &Cx) -> Result<Option<bool>> {
        Ok(Some(self.find(item, cx)?.is_some()))
    }
    fn get_item(&self, _this: &Value, key: &Value, cx: &Cx) -> Result<Option<Value>> {
        if let Some(slice) = key.downcast::<Slice>() {
            let found = slice.indices(self.count(), cx)?;
            let position = |index: i64| self.start.saturating_add(self.step.saturating_mul(index));
            return Ok(Some(Value::object(Self {
                start: position(found.start),
                stop: position(found.stop),
                step: self.step.saturating_mul(found.step),
            })));
        }
        let Some(index) = int::index(key, cx)? else {
            return Err(TYPE_ERROR.error(format!(
                "range indices must be integers or slices, not {}",
                super::class_of(key, cx).error_name()
            )));
        };
        let count = i64::try_from(self.count()).unwrap_or(i64::MAX);
        let index = if index < 0 {
            index.saturating_add(count)
        } else {
            index
        };
        if (0..count).contains(&index) {
            Ok(Some(Value::Int(
                self.at(usize::try_from(index).unwrap_or(0)),
            )))
        } else {
            Err(INDEX_ERROR.error("range object index out of range"))
        }
    }
    fn compare(
        &self,
        _this: &Value,
        op: CompareOp,
        other: &Value,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        let Some(other) = other.downcast::<Self>() else {
            return Ok(None);
        };
        let count = self.count();
        let same = count == other.count()
            && (count == 0
                || (self.start == other.start && (count == 1 || self.step == other.step)));
        Ok(match op {
            CompareOp::Eq => Some(Value::Bool(same)),
            CompareOp::Ne => Some(Value::Bool(!same)),
            _ => None,
        })
    }
    fn hash(&self, _cx: &Cx) -> Result<Option<u64>> {
        let parts = match self.count() {
            0 => [0, 0, 0],
            1 => [1, self.start, 0],
            count => [i64::try_from(count).unwrap_or(0), self.start, self.step],
        };
        Ok(Some(hash_sequence(
            parts.into_iter().map(i64::cast_unsigned),
        )))
    }
}

fn construct(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    super::no_keywords("range", &args)?;
    let at = |index: usize| int::expect_index(&args.pos[index], cx);
    let (start, stop, step) = match args.pos.len() {
        1 => (0, at(0)?, 1),
        2 => (at(0)?, at(1)?, 1),
        3 => (at(0)?, at(1)?, at(2)?),
        0 => return Err(TYPE_ERROR.error("range expected at least 1 argument, got 0")),
        more => {
            return Err(TYPE_ERROR.error(format!("range expected at most 3 arguments, got {more}")));
        }
    };
    if step == 0 {
        return Err(VALUE_ERROR.error("range() arg 3 must not be zero"));
    }
    Ok(Value::object(Range { start, stop, step }))
}

fn members(members: &mut Members) {
    members
        .getter("start", |range: &Range, _| Ok(range.start.into()))
        .getter("stop", |range: &Range, _| Ok(range.stop.into()))
        .getter("step", |range: &Range, _| Ok(range.step.into()))
        .method("count(value, /)", |range: &Range, a, cx| {
            Ok(Value::Int(i64::from(range.find(a.at(0), cx)?.is_some())))
        })
        .method("index(value, /)", |range: &Range, a, cx| {
            match range.find(a.at(0), cx)? {
                Some(index) => Ok(index.into()),
                None => Err(VALUE_ERROR.error(format!("{} is not in range", cx.repr(a.at(0))?))),
            }
        })
        .with(container_members);
}
