//! `Bundle`.

use crate::object::{Cx, Object, Result, TypeSpec};
use crate::orm::Bundle;

/// The class `Bundle`.
pub static BUNDLE: TypeSpec = TypeSpec::new("sqlalchemy.orm", "Bundle");

impl Object for Bundle {
    fn spec(&self) -> &'static TypeSpec {
        &BUNDLE
    }
    fn identity(&self) -> Option<usize> {
        Some(self.address())
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(None)
    }
}
