//! `memoryview`: what a binary parameter is wrapped in on its way to the driver.

use std::rc::Rc;

use crate::object::{Object, TypeSpec};

/// A view of bytes.
pub struct Memory(Rc<Vec<u8>>);

static MEMORYVIEW: TypeSpec = TypeSpec::new("builtins", "memoryview");

impl Memory {
    /// A view of `bytes`.
    pub fn new(bytes: Rc<Vec<u8>>) -> Self {
        Self(bytes)
    }
    /// What is viewed.
    pub fn bytes(&self) -> &Rc<Vec<u8>> {
        &self.0
    }
}

impl Object for Memory {
    fn spec(&self) -> &'static TypeSpec {
        &MEMORYVIEW
    }
    fn repr(&self, _cx: &crate::object::Cx) -> crate::object::Result<Option<String>> {
        Ok(Some(format!(
            "<memory at {:#014x}>",
            Rc::as_ptr(&self.0) as usize
        )))
    }
}
