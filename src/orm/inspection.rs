//! What `inspect()` answers for instances: states and attribute states, as script values.

use std::rc::Rc;

use super::state::state_of;
use crate::object::{Cx, Instance, Obj, Object, Result, TypeSpec, Value};

/// An `InstanceState` as scripts see it: keeps its instance alive no more than the real one.
pub struct StateHandle(pub std::rc::Weak<Instance>);

/// `sqlalchemy.orm.state.InstanceState`.
pub static INSTANCE_STATE: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.state", "InstanceState").members(state_members);

fn state_members(_members: &mut crate::object::Members) {}

impl Object for StateHandle {
    fn spec(&self) -> &'static TypeSpec {
        &INSTANCE_STATE
    }
    fn identity(&self) -> Option<usize> {
        let instance = self.0.upgrade()?;
        state_of(&instance).map(|state| std::ptr::from_ref(state) as usize)
    }
}

/// The state of `instance` as a script value.
pub fn state_value(instance: &Rc<Instance>) -> Value {
    Value::Object(Obj::new(StateHandle(Rc::downgrade(instance))))
}

/// A marker such as `NO_VALUE`.
pub struct Symbol(&'static str);

static LOADER_CALLABLE_STATUS: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.base", "LoaderCallableStatus");

impl Object for Symbol {
    fn spec(&self) -> &'static TypeSpec {
        &LOADER_CALLABLE_STATUS
    }
    fn identity(&self) -> Option<usize> {
        Some(self.0.as_ptr() as usize)
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        Ok(Some(if cx.compat().is_14() {
            format!("symbol('{}')", self.0)
        } else {
            let number = match self.0 {
                "PASSIVE_NO_RESULT" => 0,
                _ => 4,
            };
            format!("<LoaderCallableStatus.{}: {number}>", self.0)
        }))
    }
}

/// `NO_VALUE`.
pub fn no_value() -> Value {
    Value::object(Symbol("NO_VALUE"))
}
/// `PASSIVE_NO_RESULT`.
pub fn no_result() -> Value {
    Value::object(Symbol("PASSIVE_NO_RESULT"))
}
