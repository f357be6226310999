//! `Query`.

use crate::object::types::OBJECT;
use crate::object::{Cx, Result, TypeSpec, Value};

/// The class `Query`.
pub static QUERY: TypeSpec = TypeSpec::new("sqlalchemy.orm.query", "Query").bases(&[&OBJECT]);

/// `session.query(..)`.
pub fn query_of(_session: &Value, _entities: &[Value], _cx: &Cx) -> Result<Value> {
    Ok(Value::None)
}
