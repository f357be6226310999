//! Where expressions and FROM elements ask the schema's face about columns and tables.

use std::rc::Rc;

use crate::engine::exc::ARGUMENT_ERROR;
use crate::object::{Bound, Cx, Object, Result, TypeSpec, Value};
use crate::sql::schema::{Column, Constraint, Index, Table};
use crate::sql::{Executable, FromClause};

/// `repr()` of a column.
pub fn column_repr(column: &Rc<Column>, cx: &Cx) -> Result<String> {
    Ok(format!(
        "Column({}, {})",
        cx.repr(&Value::Str(column.name()))?,
        column.sql_type().repr(cx)?
    ))
}

/// An attribute of a column.
pub fn column_attr(_column: &Rc<Column>, _name: &str, _cx: &Cx) -> Result<Option<Value>> {
    Ok(None)
}

/// Set an attribute of a column.
pub fn column_set_attr(
    _column: &Rc<Column>,
    _name: &str,
    _value: &Value,
    _cx: &Cx,
) -> Result<bool> {
    Ok(false)
}

/// `repr()` of a table.
pub fn table_repr(table: &Rc<Table>, cx: &Cx) -> Result<String> {
    Ok(format!(
        "Table({}, MetaData())",
        cx.repr(&Value::Str(table.name().clone()))?
    ))
}

/// An attribute of a table.
pub fn table_attr(_table: &Rc<Table>, _name: &str, _cx: &Cx) -> Result<Option<Value>> {
    Ok(None)
}

/// Set an attribute of a table.
pub fn table_set_attr(_table: &Rc<Table>, _name: &str, _value: &Value, _cx: &Cx) -> Result<bool> {
    Ok(false)
}

/// A statement as a value.
pub fn dml_value(_statement: &Executable) -> Value {
    Value::None
}

/// `table.insert()` and its kind.
pub fn dml_of(what: &str, this: &Value, _bound: &Bound<'_>, _cx: &Cx) -> Result<Value> {
    match this.downcast::<FromClause>() {
        Some(_) => Err(ARGUMENT_ERROR.error(format!("{what}() is not available"))),
        None => Ok(Value::None),
    }
}

// Until the schema's own face stands.
static INDEX: TypeSpec = TypeSpec::new("sqlalchemy.sql.schema", "Index");
static CONSTRAINT: TypeSpec = TypeSpec::new("sqlalchemy.sql.schema", "Constraint");

impl Object for Rc<Index> {
    fn spec(&self) -> &'static TypeSpec {
        &INDEX
    }
}
impl Object for Rc<Constraint> {
    fn spec(&self) -> &'static TypeSpec {
        &CONSTRAINT
    }
}
