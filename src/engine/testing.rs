//! A context for unit tests.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::object::{Console, Cx, Result, TypeSpec, Value};

struct Silent;

impl Console for Silent {
    fn write(&self, _text: &str) {}
    fn write_error(&self, _text: &str) {}
    fn display(&self, _value: &Value, _cx: &Cx) -> Result<()> {
        Ok(())
    }
    fn warn(&self, _category: &'static TypeSpec, _message: &str) {}
}

/// A context that prints nothing.
pub fn cx() -> Cx {
    Cx::new(Rc::new(Silent), Arc::new(AtomicBool::new(false)))
}
