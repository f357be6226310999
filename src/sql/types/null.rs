//! `NullType`, the type that is not known, and `TupleType`.

use std::any::Any;
use std::rc::Rc;

use super::class::{SqlType, TypeEngine};
use super::{Affinity, names};
use crate::object::{Bound, Cx, Result, Value};
use crate::sql::dialects::Dialect;

/// The type that is not known.
pub struct NullType;

impl TypeEngine for NullType {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn affinity(&self) -> Affinity {
        Affinity::Null
    }
    fn literal(
        &self,
        _ty: &SqlType,
        value: &Value,
        _dialect: &Dialect,
        _cx: &Cx,
    ) -> Result<Option<String>> {
        Ok(value.is_none().then(|| "NULL".to_owned()))
    }
}

/// The type of a row of expressions.
pub struct TupleType {
    /// The types of its items.
    pub types: Vec<SqlType>,
}

impl TypeEngine for TupleType {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn affinity(&self) -> Affinity {
        Affinity::Tuple
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is a Make")]
pub(super) fn make(_bound: &Bound<'_>, _cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    Ok(Rc::new(NullType))
}

pub(super) fn make_tuple(bound: &Bound<'_>, cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    let types = bound
        .rest()
        .iter()
        .map(|value| SqlType::from_value(value, cx))
        .collect::<Result<_>>()?;
    Ok(Rc::new(TupleType { types }))
}

impl SqlType {
    /// The type of a row of expressions of `types`.
    pub fn tuple(types: Vec<Self>) -> Self {
        Self::new(&names::TupleType, Rc::new(TupleType { types }))
    }
}
