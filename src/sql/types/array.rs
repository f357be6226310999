//! `ARRAY`, for the databases that have it; compiled, never executed.

use std::any::Any;
use std::rc::Rc;

use super::Affinity;
use super::class::{SqlType, TypeEngine};
use crate::object::exceptions::VALUE_ERROR;
use crate::object::types::LIST;
use crate::object::{Bound, Cx, Result, Value};
use crate::sql::dialects::{Backend, Dialect, unsupported};

/// `ARRAY(item_type)`.
pub struct ArrayType {
    /// The type of its items.
    pub item_type: SqlType,
    /// How many dimensions, if that is fixed.
    pub dimensions: Option<i64>,
    /// Whether indexes count from zero.
    pub zero_indexes: bool,
}

impl TypeEngine for ArrayType {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn affinity(&self) -> Affinity {
        Affinity::Array
    }
    fn ddl(&self, ty: &SqlType, dialect: &Dialect, cx: &Cx) -> Result<Option<String>> {
        match dialect.backend {
            Backend::Postgresql => {}
            Backend::Default => return Ok(Some("ARRAY".to_owned())),
            _ => return Err(unsupported(ty, dialect)),
        }
        let dimensions = usize::try_from(self.dimensions.unwrap_or(1)).unwrap_or(1);
        let item = self.item_type.ddl(dialect, cx)?;
        // The collation comes behind the brackets.
        let brackets = "[]".repeat(dimensions);
        Ok(Some(match item.find(" COLLATE ") {
            Some(at) => format!("{}{brackets}{}", &item[..at], &item[at..]),
            None => format!("{item}{brackets}"),
        }))
    }
    fn python_type(&self) -> Option<Value> {
        Some(Value::Class(LIST.class()))
    }
    fn attribute(&self, name: &str) -> Option<Value> {
        match name {
            "item_type" => Some(self.item_type.to_value()),
            "dimensions" => Some(self.dimensions.map_or(Value::None, Value::Int)),
            "zero_indexes" => Some(Value::Bool(self.zero_indexes)),
            _ => None,
        }
    }
    fn item_type(&self) -> Option<SqlType> {
        Some(self.item_type.clone())
    }
}

pub(crate) fn make(bound: &Bound<'_>, cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    let item_type = SqlType::from_value(bound.value("item_type"), cx)?;
    if item_type.engine::<ArrayType, _>(|_| ()).is_some() {
        return Err(VALUE_ERROR.error(
            "Do not nest ARRAY types; ARRAY(basetype) handles multi-dimensional arrays of basetype",
        ));
    }
    Ok(Rc::new(ArrayType {
        item_type,
        dimensions: bound.some("dimensions").and_then(Value::as_int),
        zero_indexes: bound.flag("zero_indexes", false),
    }))
}
