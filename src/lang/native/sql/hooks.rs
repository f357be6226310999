//! Where expressions and FROM elements ask the schema's face about columns and tables.

use std::rc::Rc;

use crate::lang::native::schema;
use crate::object::{Bound, Cx, Result, Value};
use crate::sql::schema::{Column, Table};
use crate::sql::{ColumnElement, Executable};

/// `repr()` of a column.
pub fn column_repr(column: &Rc<Column>, cx: &Cx) -> Result<String> {
    schema::column_repr(column, cx)
}

/// Set an attribute of a column.
pub fn column_set_attr(column: &Rc<Column>, name: &str, value: &Value, cx: &Cx) -> Result<bool> {
    schema::set_column_attr(column, name, value, cx)
}

/// `repr()` of a table.
pub fn table_repr(table: &Rc<Table>, cx: &Cx) -> Result<String> {
    schema::table_repr(table, cx)
}

/// Set an attribute of a table.
pub fn table_set_attr(table: &Rc<Table>, name: &str, value: &Value, cx: &Cx) -> Result<bool> {
    schema::set_table_attr(table, name, value, cx)
}

/// A statement as a value.
pub fn dml_value(statement: &Executable) -> Value {
    match statement {
        Executable::Insert(insert) => Value::object(insert.clone()),
        Executable::Update(update) => Value::object(update.clone()),
        Executable::Delete(delete) => Value::object(delete.clone()),
        _ => Value::None,
    }
}

/// A statement as scripts see it.
pub fn executable_value(statement: &Executable) -> Value {
    match statement {
        Executable::Select(select) => Value::object(select.clone()),
        Executable::Compound(compound) => Value::object(compound.clone()),
        Executable::Text(text) => Value::object(ColumnElement::Text(text.clone())),
        Executable::TextualSelect(select) => Value::object(select.clone()),
        Executable::Function(element) | Executable::Custom(element) => {
            Value::object(element.clone())
        }
        Executable::Insert(_) | Executable::Update(_) | Executable::Delete(_) => {
            dml_value(statement)
        }
    }
}

/// `table.insert()` and its kind.
pub fn dml_of(what: &str, this: &Value, bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    schema::of_table(what, this, bound, cx)
}
