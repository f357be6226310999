//! `PackedRows`: rows that must all be read before the first is handed out, kept small.

use std::collections::VecDeque;

use crate::object::{Value, pack, unpack};

/// The tag of a value that can't be packed; those of [`pack`] stay below.
const KEPT: u8 = 15;

/// Values in the order in which they were put in and are taken out.
#[derive(Default)]
pub struct PackedRows {
    bytes: Vec<u8>,
    /// Where the next value begins.
    next: usize,
    /// The values that can't be packed.
    kept: VecDeque<Value>,
}

impl PackedRows {
    /// Put `value` behind the others.
    pub fn push(&mut self, value: Value) {
        if !pack(&value, &mut self.bytes) {
            self.bytes.push(KEPT);
            self.kept.push_back(value);
        }
    }
    /// Whether all are taken out.
    pub fn is_empty(&self) -> bool {
        self.next >= self.bytes.len()
    }
    /// Take the next value out.
    pub fn pop(&mut self) -> Option<Value> {
        let mut rest = self.bytes.get(self.next..)?;
        let before = rest.len();
        if rest.first() == Some(&KEPT) {
            self.next += 1;
            return self.kept.pop_front();
        }
        let value = unpack(&mut rest);
        self.next += before - rest.len();
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_out_in_order() {
        let mut rows = PackedRows::default();
        rows.push(Value::Int(1));
        rows.push(Value::list(vec![Value::Int(2)]));
        rows.push(Value::str("three"));
        let mut seen = Vec::new();
        while !rows.is_empty() {
            seen.push(format!("{:?}", rows.pop()));
        }
        assert_eq!(seen, ["Some(1)", "Some(<list>)", "Some(\"three\")"]);
    }
}
