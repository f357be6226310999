//! What all frames of a session share: globals, modules, exceptions being handled.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::names;
use crate::lang::library::SEPARATOR;
use crate::object::exceptions::exception_data;
use crate::object::{Cx, Raised, Result, Str, Value};

/// The global variables of the session, by slot.
#[derive(Default)]
pub(in crate::lang) struct Globals {
    names: RefCell<IndexMap<Str, (), FxBuildHasher>>,
    pub(super) slots: RefCell<Vec<Value>>,
    /// The built-in of the same name, once asked for.
    builtins: RefCell<Vec<Value>>,
}

impl Globals {
    /// The slot of `name`, made at the first use.
    pub fn slot(&self, name: &str) -> u32 {
        let mut names = self.names.borrow_mut();
        let index = if let Some(index) = names.get_index_of(name) {
            index
        } else {
            names.insert(Str::new(name), ());
            self.slots.borrow_mut().push(Value::Undefined);
            self.builtins.borrow_mut().push(Value::Undefined);
            names.len() - 1
        };
        u32::try_from(index).unwrap_or(u32::MAX)
    }
    /// The name of a slot.
    pub fn name(&self, slot: usize) -> Str {
        let names = self.names.borrow();
        names
            .get_index(slot)
            .map_or_else(|| Str::new(""), |(name, ())| name.clone())
    }
    /// The value of a slot; `Undefined` where it has none.
    #[inline]
    pub fn get(&self, slot: usize) -> Value {
        self.slots
            .borrow()
            .get(slot)
            .cloned()
            .unwrap_or(Value::Undefined)
    }
    /// The value of a name.
    pub fn get_name(&self, name: &str) -> Option<Value> {
        let slot = self.names.borrow().get_index_of(name)?;
        Some(self.get(slot)).filter(|value| !value.is_undefined())
    }
    /// Set a slot; answers what it held, so that it is dropped when nothing is borrowed.
    #[inline]
    pub fn set(&self, slot: usize, value: Value) -> Value {
        match self.slots.borrow_mut().get_mut(slot) {
            Some(held) => std::mem::replace(held, value),
            None => Value::Undefined,
        }
    }
    /// The value of a slot, or the built-in of its name.
    pub fn load(&self, slot: usize, cx: &Cx) -> Result<Value> {
        if let Some(value) = self.slots.borrow().get(slot)
            && !value.is_undefined()
        {
            return Ok(value.clone());
        }
        if let Some(known) = self.builtins.borrow().get(slot)
            && !known.is_undefined()
        {
            return Ok(known.clone());
        }
        let name = self.name(slot);
        let Some(builtin) = names::builtin(&name, cx) else {
            return Err(names::undefined(&name, self));
        };
        if let Some(place) = self.builtins.borrow_mut().get_mut(slot) {
            *place = builtin.clone();
        }
        Ok(builtin)
    }
    /// The variables whose names start with `prefix`, without it.
    pub fn below(&self, prefix: &str) -> Vec<(Str, Value)> {
        let names = self.names.borrow();
        let slots = self.slots.borrow();
        names
            .keys()
            .zip(slots.iter())
            .filter(|(_, value)| !value.is_undefined())
            .filter_map(|(name, value)| Some((Str::new(name.strip_prefix(prefix)?), value.clone())))
            .collect()
    }
    /// The names of the session that have a value, with it.
    pub fn defined(&self) -> Vec<(Str, Value)> {
        let names = self.names.borrow();
        let slots = self.slots.borrow();
        names
            .keys()
            .zip(slots.iter())
            .filter(|(name, value)| !value.is_undefined() && !name.contains(SEPARATOR))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}

/// What all frames of a session share.
#[derive(Default)]
pub(in crate::lang) struct Runtime {
    pub globals: Globals,
    /// The exceptions being handled, the innermost last.
    pub handled: RefCell<Vec<Raised>>,
    pub(super) modules: RefCell<FxHashMap<&'static str, Value>>,
    /// The keywords of a `class` statement that a script's `__init_subclass__` passed on.
    pub(super) class_keywords: RefCell<Vec<(Str, Value)>>,
    /// The buffers of frames that are done.
    spare: RefCell<Vec<Vec<Value>>>,
    pub(super) ticks: Cell<u32>,
}

impl Runtime {
    /// An empty buffer for the locals and the stack of a frame.
    pub(super) fn take_buffer(&self) -> Vec<Value> {
        self.spare.borrow_mut().pop().unwrap_or_default()
    }
    /// Give the buffer of a frame back; its values are dropped in order.
    pub(super) fn give_buffer(&self, mut buffer: Vec<Value>) {
        buffer.clear();
        let mut spare = self.spare.borrow_mut();
        if spare.len() < 64 && buffer.capacity() <= 256 {
            spare.push(buffer);
        }
    }
    /// How many exceptions are being handled.
    pub(super) fn handled_depth(&self) -> usize {
        self.handled.borrow().len()
    }
    /// Forget what is handled beyond `depth`.
    pub(super) fn truncate_handled(&self, depth: usize) {
        let extra = {
            let mut handled = self.handled.borrow_mut();
            if handled.len() <= depth {
                return;
            }
            handled.split_off(depth)
        };
        drop(extra);
    }
    /// The exception being handled.
    pub fn current(&self) -> Option<Value> {
        Some(self.handled.borrow().last()?.value().clone())
    }
    /// Give an exception that is raised now its `__context__`.
    pub(super) fn set_context(&self, raised: &Raised, replace: bool) {
        let Some(context) = self.current() else {
            return;
        };
        let value = raised.value();
        let Some(data) = exception_data(value) else {
            return;
        };
        if context.is(value) || (!replace && data.context.borrow().is_some()) {
            return;
        }
        // A chain that leads back to the exception is cut.
        let mut link = context.clone();
        while let Some(found) = exception_data(&link) {
            let next = found.context.borrow().clone();
            match next {
                Some(next) if next.is(value) => {
                    *found.context.borrow_mut() = None;
                    break;
                }
                Some(next) if !next.is(&context) => link = next,
                _ => break,
            }
        }
        *data.context.borrow_mut() = Some(context);
    }
}

/// The runtime of a session.
pub(in crate::lang) fn runtime(cx: &Cx) -> Rc<Runtime> {
    cx.service::<Runtime>()
}
