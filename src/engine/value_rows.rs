//! `ValueRows`: rows of one width in a single vector, as parameters go to the driver and as the
//! rows that an INSERT returns come back.

use std::rc::Rc;

use crate::object::Value;

/// Rows of `width` values each, one after the other; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct ValueRows(Rc<Block>);

#[derive(Clone, Debug, Default)]
struct Block {
    width: usize,
    /// How many rows; told apart from the values, as rows may have none.
    count: usize,
    values: Vec<Value>,
}

impl Block {
    /// A row was added to the values; the first one tells how wide they are.
    fn grown(&mut self) {
        if self.count == 0 {
            self.width = self.values.len();
        }
        self.count += 1;
        debug_assert_eq!(self.values.len(), self.width * self.count);
    }
}

impl ValueRows {
    /// No rows yet, with room for `count` of them.
    pub fn with_capacity(width: usize, count: usize) -> Self {
        Self(Rc::new(Block {
            width,
            count: 0,
            values: Vec::with_capacity(width.saturating_mul(count)),
        }))
    }
    /// Add a row of what `fill` pushes: as many values as the rows are wide.
    pub fn push_with<E>(
        &mut self,
        fill: impl FnOnce(&mut Vec<Value>) -> Result<(), E>,
    ) -> Result<(), E> {
        let block = Rc::make_mut(&mut self.0);
        fill(&mut block.values)?;
        block.grown();
        Ok(())
    }
    /// Add a row.
    pub fn push(&mut self, row: impl IntoIterator<Item = Value>) {
        let block = Rc::make_mut(&mut self.0);
        block.values.extend(row);
        block.grown();
    }
    /// Add the rows of `other`.
    pub fn append(&mut self, other: &Self) {
        for row in other.iter() {
            self.push(row.iter().cloned());
        }
    }
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.0.count
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.count == 0
    }
    /// How many values a row has.
    pub fn width(&self) -> usize {
        self.0.width
    }
    /// Row number `at`; empty past the end.
    pub fn row(&self, at: usize) -> &[Value] {
        self.rows(at, 1)
    }
    /// The values of `count` rows from number `at`, one row after the other.
    pub fn rows(&self, at: usize, count: usize) -> &[Value] {
        let width = self.0.width;
        let end = at.saturating_add(count).min(self.0.count);
        let (from, to) = (at.saturating_mul(width), end.saturating_mul(width));
        self.0.values.get(from..to).unwrap_or_default()
    }
    /// The rows.
    pub fn iter(&self) -> impl Iterator<Item = &[Value]> {
        (0..self.0.count).map(|at| self.row(at))
    }
    /// Change each row in place.
    pub fn try_change<E>(
        &mut self,
        change: impl Fn(&mut [Value]) -> Result<(), E>,
    ) -> Result<(), E> {
        let block = Rc::make_mut(&mut self.0);
        match block.width {
            0 => Ok(()),
            width => block.values.chunks_mut(width).try_for_each(change),
        }
    }
}

impl FromIterator<Vec<Value>> for ValueRows {
    fn from_iter<I: IntoIterator<Item = Vec<Value>>>(given: I) -> Self {
        let mut rows = Self::default();
        for row in given {
            rows.push(row);
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_without_values_count() {
        let mut rows = ValueRows::with_capacity(0, 2);
        rows.push([]);
        rows.push([]);
        assert_eq!(rows.len(), 2);
        assert_eq!(rows.iter().count(), 2);
    }

    #[test]
    fn rows_are_cut_by_their_width() {
        let mut rows = ValueRows::with_capacity(2, 3);
        for at in 0..3 {
            rows.push([Value::Int(at), Value::Int(-at)]);
        }
        assert_eq!(rows.row(1)[1].as_int(), Some(-1));
        assert_eq!(rows.rows(1, 9).len(), 4);
        assert!(rows.row(3).is_empty());
    }
}
