//! Instances: a class, the slots of mapped attributes, a dict for the rest, and a payload.

use std::any::Any;
use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::{Class, Cx, Result, Str, Value, trash};

/// What answers for one mapped attribute of the instances of a class.
pub trait SlotDescriptor {
    /// Whether it is a column's attribute, and so part of the row that an instance is.
    fn is_column(&self) -> bool {
        true
    }
    /// Read the attribute while its slot is empty: load it, or give its default.
    fn load(&self, instance: &Rc<Instance>, slot: u32, cx: &Cx) -> Result<Value>;
    /// Assign the attribute.
    fn set(&self, instance: &Rc<Instance>, slot: u32, value: Value, cx: &Cx) -> Result<()>;
    /// `del` the attribute.
    fn delete(&self, instance: &Rc<Instance>, slot: u32, cx: &Cx) -> Result<()>;
}

/// Attributes by name, in the order in which they were set.
pub type Attributes = IndexMap<Str, Value, FxBuildHasher>;

/// An instance of a class that a script defined, or an exception.
pub struct Instance {
    class: Rc<Class>,
    slots: RefCell<Box<[Value]>>,
    dict: OnceCell<Box<RefCell<Attributes>>>,
    payload: OnceCell<Rc<dyn Any>>,
}

impl Instance {
    /// An instance with every slot empty; its `__init__` has not run.
    pub fn new(class: Rc<Class>) -> Rc<Self> {
        let slots = vec![Value::Undefined; class.layout().len()];
        Rc::new(Self {
            class,
            slots: RefCell::new(slots.into()),
            dict: OnceCell::new(),
            payload: OnceCell::new(),
        })
    }
    /// The same with a payload: the native part of a subclass of a native class.
    pub fn with_payload(class: Rc<Class>, payload: Rc<dyn Any>) -> Rc<Self> {
        let instance = Self::new(class);
        instance.set_payload(payload);
        instance
    }
    /// Its class.
    pub fn class(&self) -> &Rc<Class> {
        &self.class
    }

    /// The value in `slot`; `Undefined` where it holds none.
    pub fn slot(&self, slot: u32) -> Value {
        self.slots
            .borrow()
            .get(slot as usize)
            .cloned()
            .unwrap_or(Value::Undefined)
    }
    /// Look at the value in `slot` without a clone; do not call into the language from `look`.
    pub fn with_slot<R>(&self, slot: u32, look: impl FnOnce(&Value) -> R) -> R {
        look(
            self.slots
                .borrow()
                .get(slot as usize)
                .unwrap_or(&Value::Undefined),
        )
    }
    /// Put `value` into `slot`, past its descriptor; answers the value before.
    pub fn set_slot(&self, slot: u32, value: Value) -> Value {
        let slot = slot as usize;
        let mut slots = self.slots.borrow_mut();
        if slots.len() <= slot {
            // The mapper gained an attribute after this instance was made.
            let mut more = std::mem::take(&mut *slots).into_vec();
            more.resize(slot + 1, Value::Undefined);
            *slots = more.into();
        }
        std::mem::replace(&mut slots[slot], value)
    }
    /// Fill the slots of a fresh instance in one go, from slot 0.
    pub fn fill_slots(&self, values: Vec<Value>) {
        *self.slots.borrow_mut() = values.into();
    }

    /// An attribute of the dict (plain attributes, not mapped ones).
    pub fn attribute(&self, name: &str) -> Option<Value> {
        self.dict.get()?.borrow().get(name).cloned()
    }
    /// Set an attribute of the dict.
    pub fn set_attribute(&self, name: impl Into<Str>, value: Value) {
        let dict = self.dict.get_or_init(Box::default);
        let before = dict.borrow_mut().insert(name.into(), value);
        // It may run code as it goes, which may look at this dict.
        drop(before);
    }
    /// Remove an attribute of the dict.
    pub fn remove_attribute(&self, name: &str) -> Option<Value> {
        self.dict.get()?.borrow_mut().shift_remove(name)
    }
    /// The dict's entries, in order.
    pub fn attributes(&self) -> Vec<(Str, Value)> {
        match self.dict.get() {
            Some(dict) => dict
                .borrow()
                .iter()
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            None => Vec::new(),
        }
    }

    /// Attach the payload; the first one stays.
    pub fn set_payload(&self, payload: Rc<dyn Any>) {
        drop(self.payload.set(payload));
    }
    /// The payload, if it is a `T`.
    pub fn payload<T: 'static>(&self) -> Option<&T> {
        self.payload.get()?.downcast_ref()
    }
    /// The payload, shared, if it is a `T`.
    pub fn payload_rc<T: 'static>(&self) -> Option<Rc<T>> {
        self.payload.get()?.clone().downcast().ok()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let slots = std::mem::take(self.slots.get_mut());
        let dict = self.dict.take();
        // Most instances hold no others; a list of a million linked ones must drop too.
        if !slots.is_empty() || dict.is_some() {
            trash::release((slots, dict));
        }
    }
}
