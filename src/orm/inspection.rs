//! What `inspect()` answers for instances, and the markers of values that are not there.

use std::rc::{Rc, Weak};

use super::mapper::Mapper;
use super::state::state_of;
use crate::object::{Instance, Obj, Value};

/// An `InstanceState` as scripts see it: it keeps its instance alive no more than the real one.
pub struct StateHandle {
    instance: Weak<Instance>,
    mapper: Option<Rc<Mapper>>,
}

impl StateHandle {
    /// The instance, while it exists.
    pub fn instance(&self) -> Option<Rc<Instance>> {
        self.instance.upgrade()
    }
    /// The mapper of its class, which the state knows longer than the instance.
    pub fn mapper(&self) -> Option<&Rc<Mapper>> {
        self.mapper.as_ref()
    }
}

/// The state of `instance` as a script value.
pub fn state_value(instance: &Rc<Instance>) -> Value {
    Value::Object(Obj::new(StateHandle {
        instance: Rc::downgrade(instance),
        mapper: state_of(instance).map(|state| state.mapper().clone()),
    }))
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
