//! Declarative mapping: from a class body to a table and a mapper.

use std::rc::Rc;

use super::registry::Registry;
use crate::object::{Class, Cx, Result, Str, Value};

/// The fields of a mapped dataclass.
#[derive(Default)]
pub struct DataclassFields {}

/// A class that derives from a declarative base was defined.
pub fn init_subclass(
    _registry: &Rc<Registry>,
    _class: &Rc<Class>,
    _keywords: &[(Str, Value)],
    _cx: &Cx,
) -> Result<()> {
    Ok(())
}

/// An attribute of a declarative class is assigned after its definition.
pub fn set_class_attribute(
    _class: &Rc<Class>,
    _name: &str,
    _value: &Value,
    _cx: &Cx,
) -> Result<bool> {
    Ok(false)
}
