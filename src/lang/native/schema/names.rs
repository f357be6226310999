//! `conv()`: a name that naming conventions leave alone.

use crate::object::types::STR;
use crate::object::{Cx, Object, Result, Str, TypeSpec, Value};

/// A name that is final.
pub struct ConvName(pub Str);

static CONV: TypeSpec = TypeSpec::new("sqlalchemy.sql.elements", "conv").bases(&[&STR]);

/// `conv(name)`.
pub fn conv(name: &str) -> Value {
    Value::object(ConvName(Str::new(name)))
}

impl Object for ConvName {
    fn spec(&self) -> &'static TypeSpec {
        &CONV
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        cx.repr(&self.0.clone().into()).map(Some)
    }
    fn str(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(self.0.to_string()))
    }
}
