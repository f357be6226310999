//! `BLANK_SCHEMA`, `RETAIN_SCHEMA`, `NULL_UNSPECIFIED`: arguments that stand for themselves.

use crate::object::types::OBJECT;
use crate::object::{Cx, Object, Result, TypeSpec, Value};

/// A constant of `sqlalchemy.sql.schema`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaConst {
    /// A table is in no schema, whatever its metadata says.
    BlankSchema,
    /// A copy stays in the schema of its original.
    RetainSchema,
    /// `nullable=` was not given.
    NullUnspecified,
}

static SCHEMA_CONST: TypeSpec =
    TypeSpec::new("sqlalchemy.sql.schema", "SchemaConst").bases(&[&OBJECT]);

impl SchemaConst {
    /// The constant as scripts hold it.
    pub fn to_value(self) -> Value {
        Value::object(self)
    }
    /// Whether `value` is this constant.
    pub fn is(self, value: &Value) -> bool {
        value.downcast::<Self>() == Some(&self)
    }
    fn name(self) -> &'static str {
        match self {
            Self::BlankSchema => "BLANK_SCHEMA",
            Self::RetainSchema => "RETAIN_SCHEMA",
            Self::NullUnspecified => "NULL_UNSPECIFIED",
        }
    }
    fn number(self) -> usize {
        match self {
            Self::RetainSchema => 1,
            Self::BlankSchema => 2,
            Self::NullUnspecified => 3,
        }
    }
}

impl Object for SchemaConst {
    fn spec(&self) -> &'static TypeSpec {
        &SCHEMA_CONST
    }
    fn identity(&self) -> Option<usize> {
        Some(self.number())
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(format!(
            "<SchemaConst.{}: {}>",
            self.name(),
            self.number()
        )))
    }
}
