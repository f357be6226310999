//! Classes as instances of the metaclasses that scripts define.

use std::rc::Rc;

use super::attribute::{bind, call, find_plain_class_attr};
use super::{Args, Class, Cx, Result, Value};

/// The class is an instance of its metaclass, and finds attributes as instances do.
pub(super) fn find_attr_by_metaclass(
    value: &Value,
    class: &Rc<Class>,
    metaclass: &Rc<Class>,
    name: &str,
    cx: &Cx,
) -> Result<Option<Value>> {
    let from_metaclass = class.of_metaclass(name);
    let is_data =
        matches!(&from_metaclass, Some(Value::Object(found)) if found.is_data_descriptor());
    if let Some(found) = from_metaclass.as_ref().filter(|_| is_data) {
        return bind(found, Some(value), metaclass, cx).map(Some);
    }
    if class.lookup(name).is_none()
        && let Some(found) = from_metaclass
    {
        return bind(&found, Some(value), metaclass, cx).map(Some);
    }
    if name == "__class__" {
        return Ok(Some(Value::Class(metaclass.clone())));
    }
    if let Some(found) = find_plain_class_attr(value, class, name, cx)? {
        return Ok(Some(found));
    }
    match call_of_metaclass(
        value,
        class,
        "__getattr__",
        Args::from([Value::str(name)]),
        cx,
    ) {
        Some(answer) => answer.map(Some),
        None => Ok(None),
    }
}

/// Call the special method `name` that a script's metaclass defines for its classes.
pub fn call_of_metaclass(
    value: &Value,
    class: &Rc<Class>,
    name: &str,
    args: Args,
    cx: &Cx,
) -> Option<Result<Value>> {
    let metaclass = class.metaclass()?;
    let found = class.of_metaclass(name)?;
    Some(bind(&found, Some(value), metaclass, cx).and_then(|bound| call(&bound, args, cx)))
}
