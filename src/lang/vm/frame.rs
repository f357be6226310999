//! Frames: the state of a block that runs.

use std::cell::RefCell;
use std::rc::Rc;

use super::names;
use super::runtime::Runtime;
use crate::lang::compile::{Code, Operand, Place};
use crate::object::{Cx, Namespace, Raised, Result, Value, ValueIter};

/// A variable that inner functions share.
#[derive(Default)]
pub(super) struct CellVar(pub RefCell<Option<Value>>);

/// Look at an operand without taking it; `below` values on top belong to later operands.
#[inline]
pub(super) fn peek<'v>(
    slots: &'v [Value],
    code: &'v Code,
    globals: &'v [Value],
    operand: Operand,
    below: usize,
) -> &'v Value {
    let found = match operand.place() {
        Place::Global(at) => globals.get(at),
        Place::Local(at) => slots.get(at),
        Place::Const(at) => code.consts.get(at),
        Place::Stack => slots.get(slots.len().wrapping_sub(1 + below)),
    };
    found.unwrap_or(&Value::Undefined)
}

/// How a frame stopped.
pub(super) enum Flow {
    Return(Value),
    Yield(Value),
}

/// The state of a block that runs.
pub(super) struct Frame {
    pub code: Rc<Code>,
    /// The locals, then the stack.
    pub slots: Vec<Value>,
    pub cells: Vec<Rc<CellVar>>,
    pub iters: Vec<ValueIter>,
    /// The f-strings under construction, and where each starts.
    pub text: String,
    pub marks: Vec<usize>,
    /// The names of a class body.
    pub namespace: Option<Rc<RefCell<Namespace>>>,
    pub ip: usize,
    /// What a suspended generator was handling.
    pub handling: Vec<Raised>,
}

impl Frame {
    /// A frame of `code` whose locals start with what `slots` holds.
    pub fn new(code: &Rc<Code>, mut slots: Vec<Value>, captured: &[Rc<CellVar>]) -> Self {
        slots.resize(code.locals.len(), Value::Undefined);
        let mut cells = Vec::new();
        if !code.cells.is_empty() {
            cells.reserve_exact(code.cells.len());
            cells.extend((0..code.own_cells).map(|_| Rc::default()));
            cells.extend(captured.iter().cloned());
            for (local, cell) in &code.cell_params {
                let value = std::mem::replace(&mut slots[*local as usize], Value::Undefined);
                if let Some(cell) = cells.get(*cell as usize) {
                    *cell.0.borrow_mut() = Some(value);
                }
            }
        }
        Self {
            code: code.clone(),
            slots,
            cells,
            iters: Vec::new(),
            text: String::new(),
            marks: Vec::new(),
            namespace: None,
            ip: 0,
            handling: Vec::new(),
        }
    }

    #[inline]
    pub fn push(&mut self, value: Value) {
        self.slots.push(value);
    }
    #[inline]
    pub fn pop(&mut self) -> Value {
        self.slots.pop().unwrap_or(Value::Undefined)
    }
    /// The top of the stack.
    #[inline]
    pub fn top(&self) -> &Value {
        self.slots.last().unwrap_or(&Value::Undefined)
    }
    /// The top `count` values, taken off, the lowest first.
    pub fn pop_many(&mut self, count: usize) -> Vec<Value> {
        let start = self.slots.len().saturating_sub(count);
        self.slots.split_off(start)
    }

    /// Drop the top `count` values.
    #[inline]
    pub fn forget_top(&mut self, count: usize) {
        for _ in 0..count {
            drop(self.slots.pop());
        }
    }

    /// Put an int where `to` says. Where an int stands already only its number changes: the
    /// shortest way, and the one that a loop takes.
    #[inline]
    pub fn write_int(&mut self, to: Operand, number: i64, rt: &Runtime) {
        match to.place() {
            Place::Stack | Place::Const(_) => self.slots.push(Value::Int(number)),
            Place::Local(at) => match &mut self.slots[at] {
                Value::Int(held) => *held = number,
                other => *other = Value::Int(number),
            },
            Place::Global(at) => {
                if let Some(Value::Int(held)) = rt.globals.slots.borrow_mut().get_mut(at) {
                    *held = number;
                    return;
                }
                drop(rt.globals.set(at, Value::Int(number)));
            }
        }
    }

    /// The value of an operand; popped where it is on the stack.
    #[inline]
    pub fn fetch(&mut self, operand: Operand, rt: &Runtime, cx: &Cx) -> Result<Value> {
        match operand.place() {
            Place::Stack => Ok(self.pop()),
            Place::Local(at) => self.local(at),
            Place::Const(at) => Ok(self.code.consts[at].clone()),
            Place::Global(at) => {
                let value = rt.globals.get(at);
                if value.is_undefined() {
                    return rt.globals.load(at, cx);
                }
                Ok(value)
            }
        }
    }

    /// Two operands, evaluated in order.
    #[inline]
    pub fn fetch_two(
        &mut self,
        a: Operand,
        b: Operand,
        rt: &Runtime,
        cx: &Cx,
    ) -> Result<(Value, Value)> {
        if a == Operand::STACK {
            let b = self.fetch(b, rt, cx)?;
            return Ok((self.pop(), b));
        }
        let a = self.fetch(a, rt, cx)?;
        Ok((a, self.fetch(b, rt, cx)?))
    }

    /// Put a value where `to` says.
    #[inline]
    pub fn write(&mut self, to: Operand, value: Value, rt: &Runtime) {
        match to.place() {
            Place::Stack | Place::Const(_) => self.slots.push(value),
            Place::Local(at) => self.slots[at] = value,
            Place::Global(at) => drop(rt.globals.set(at, value)),
        }
    }

    /// The value of a local; UnboundLocalError where it has none.
    #[inline]
    pub fn local(&self, at: usize) -> Result<Value> {
        match self.slots.get(at) {
            Some(Value::Undefined) | None => Err(names::unbound_local(&self.code.locals[at])),
            Some(value) => Ok(value.clone()),
        }
    }

    /// The value of a cell.
    pub fn cell(&self, at: usize) -> Result<Value> {
        let held = self.cells.get(at).and_then(|cell| cell.0.borrow().clone());
        held.ok_or_else(|| {
            let name = &self.code.cells[at];
            if at < self.code.own_cells {
                names::unbound_local(name)
            } else {
                names::unbound_free(name)
            }
        })
    }
}
