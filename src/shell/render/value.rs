//! Values as tables, where they are row-shaped: a result, a row, mapped instances, lists of these.

use std::rc::Rc;

use super::RowTable;
use crate::object::{Cx, Instance, Result, RowView, Value};

/// `value` as a table; `None` where it is not row-shaped.
pub(in crate::shell) fn table_of(value: &Value, color: bool, cx: &Cx) -> Result<Option<RowTable>> {
    let rows = match value {
        Value::Object(object) => match object.row_view(cx)? {
            Some(row) => Some(vec![row]),
            None => object.table_view(cx)?,
        },
        Value::Instance(instance) => instance_row(instance).map(|row| vec![row]),
        Value::List(list) => rows_of(&list.to_vec(), cx)?,
        _ => None,
    };
    let Some(rows) = rows.filter(|rows| !rows.is_empty()) else {
        return Ok(None);
    };
    let rows = opened(rows);
    let mut table = RowTable::new(rows[0].columns.to_vec());
    for row in rows {
        table.push(&row.values, color, cx);
    }
    Ok(Some(table))
}

/// The items of a list as rows, where all of them are rows with the same columns.
fn rows_of(items: &[Value], cx: &Cx) -> Result<Option<Vec<RowView>>> {
    let mut rows: Vec<RowView> = Vec::with_capacity(items.len());
    for item in items {
        let row = match item {
            Value::Object(object) => object.row_view(cx)?,
            Value::Instance(instance) => instance_row(instance),
            _ => None,
        };
        match row {
            Some(row) if rows.first().is_none_or(|first| same_columns(first, &row)) => {
                rows.push(row);
            }
            _ => return Ok(None),
        }
    }
    Ok(Some(rows))
}

/// Rows of nothing but one mapped instance each as the rows that the instances are.
fn opened(rows: Vec<RowView>) -> Vec<RowView> {
    let mut inner: Vec<RowView> = Vec::with_capacity(rows.len());
    for row in &rows {
        match row.values.as_slice() {
            [Value::Instance(instance)] => match instance_row(instance) {
                Some(row) if inner.first().is_none_or(|first| same_columns(first, &row)) => {
                    inner.push(row);
                }
                _ => return rows,
            },
            _ => return rows,
        }
    }
    inner
}

fn same_columns(one: &RowView, other: &RowView) -> bool {
    one.columns == other.columns
}

/// A mapped instance as a row of its columns; what is not loaded stays unloaded, as
/// `Undefined`. `None` for an instance of a class that is not mapped.
pub(super) fn instance_row(instance: &Rc<Instance>) -> Option<RowView> {
    let layout = instance.class().layout();
    if layout.is_empty() {
        return None;
    }
    let mut columns = Vec::with_capacity(layout.len());
    let mut values = Vec::with_capacity(layout.len());
    for (slot, name) in layout.names().into_iter().enumerate() {
        let slot = u32::try_from(slot).ok()?;
        if !layout.descriptor(slot).is_column() {
            continue;
        }
        columns.push(name.to_string());
        values.push(instance.slot(slot));
    }
    Some(RowView {
        columns: columns.into(),
        values,
    })
}
