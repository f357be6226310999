//! Columns of declarative classes: copies for the classes that mix them in.

use std::rc::Rc;

use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::object::{Cx, Result, Value};
use crate::orm::instrumented::PropertyHandle;
use crate::sql::ColumnElement;
use crate::sql::schema::{Column, ColumnOptions, ForeignKeyTarget};
use crate::sql::types::SqlType;

use super::MappedColumn;

/// A column without name and type.
pub fn empty_column() -> Rc<Column> {
    Column::new(None, None, SqlType::null(), ColumnOptions::default())
}

/// A copy of a column that waits for a table of its own.
pub fn copy_column(column: &Rc<Column>, cx: &Cx) -> Result<Rc<Column>> {
    for key in column.foreign_keys.borrow().iter() {
        if let ForeignKeyTarget::Column(target) = &key.target
            && target.table().is_none()
        {
            return Err(INVALID_REQUEST_ERROR.error(
                "Columns with foreign keys to non-table-bound columns must be declared as \
                     @declared_attr callables on declarative mixin classes.  For dataclass \
                     field() objects, use a lambda:.",
            ));
        }
    }
    let copy = column.copy();
    if cx.compat().is_14() {
        copy.set_creation_order(column.creation_order());
    }
    Ok(copy)
}

/// The column that a value of a class body is.
pub fn as_column(value: &Value) -> Option<Rc<Column>> {
    match value.downcast::<ColumnElement>()? {
        ColumnElement::Column(column) => Some(column.clone()),
        _ => None,
    }
}

/// Whether a value of a class body is mapped at all.
pub fn is_mappable(value: &Value) -> bool {
    as_column(value).is_some()
        || value.downcast::<MappedColumn>().is_some()
        || value.downcast::<PropertyHandle>().is_some()
}
