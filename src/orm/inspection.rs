//! What `inspect()` answers for instances, and the markers of values that are not there.

use std::rc::{Rc, Weak};

use super::state::state_of;
use crate::object::{Instance, Obj, Value};

/// An `InstanceState` as scripts see it: it keeps its instance alive no more than the real one.
pub struct StateHandle(pub Weak<Instance>);

impl StateHandle {
    /// The instance, while it exists.
    pub fn instance(&self) -> Option<Rc<Instance>> {
        self.0.upgrade()
    }
}

/// The state of `instance` as a script value.
pub fn state_value(instance: &Rc<Instance>) -> Value {
    Value::Object(Obj::new(StateHandle(Rc::downgrade(instance))))
}

/// What identifies the state of an instance.
pub fn state_address(instance: &Instance) -> Option<usize> {
    state_of(instance).map(|state| std::ptr::from_ref(state) as usize)
}

/// A marker such as `NO_VALUE`.
pub struct Marker(pub &'static str);

/// `NO_VALUE`.
pub fn no_value() -> Value {
    Value::object(Marker("NO_VALUE"))
}
/// `PASSIVE_NO_RESULT`.
pub fn no_result() -> Value {
    Value::object(Marker("PASSIVE_NO_RESULT"))
}
