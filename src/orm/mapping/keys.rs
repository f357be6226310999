//! The primary key of a mapper.

use std::rc::Rc;

use super::MapperSpec;
use crate::engine::exc::{ARGUMENT_ERROR, SA_WARNING};
use crate::object::{Cx, Raised, Result};
use crate::orm::mapper::{Mapper, from_description};
use crate::orm::selectables::{corresponding_column, primary_key_of, references, table_column};
use crate::sql::{ColumnElement, FromClause};

/// Find the primary key.
pub(super) fn configure(mapper: &Rc<Mapper>, spec: &MapperSpec, cx: &Cx) -> Result<()> {
    let mapped: Vec<ColumnElement> = primary_key_of(&mapper.mapped_table, cx)?;
    let complete = mapped
        .iter()
        .all(|column| mapper.column_prop(column).is_some());
    if !spec.primary_key.is_empty() {
        let mut columns = Vec::new();
        for column in &spec.primary_key {
            columns.push(
                corresponding_column(&mapper.mapped_table, column, cx)?
                    .unwrap_or_else(|| column.clone()),
            );
        }
        *mapper.primary_key.borrow_mut() = columns;
        return Ok(());
    }
    if mapped.is_empty() || !complete {
        return Err(no_primary_key(mapper, cx));
    }
    if let FromClause::Table(table) = mapper.local_table.plain()
        && table.primary_key_columns().is_empty()
    {
        cx.warn(
            &SA_WARNING,
            &format!(
                "Could not assemble any primary keys for locally mapped table '{}' - no rows \
                     will be persisted in this Table.",
                table.full_name()
            ),
        );
    }
    let columns = match &mapper.inherits {
        Some(base) if !mapper.is_concrete() => base.primary_key().clone(),
        _ => reduce(mapped, cx)?,
    };
    if columns.is_empty() {
        return Err(no_primary_key(mapper, cx));
    }
    *mapper.primary_key.borrow_mut() = columns;
    Ok(())
}

/// Leave out the columns that reference another of them.
fn reduce(columns: Vec<ColumnElement>, cx: &Cx) -> Result<Vec<ColumnElement>> {
    let mut kept = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        let mut redundant = false;
        if let Some(own) = table_column(column) {
            for (other_at, other) in columns.iter().enumerate() {
                let Some(other) = table_column(other) else {
                    continue;
                };
                let same_table = own.table_address() == other.table_address();
                if other_at != at && !same_table && references(&own, &other, cx)? {
                    redundant = true;
                }
            }
        }
        if !redundant {
            kept.push(column.clone());
        }
    }
    Ok(kept)
}

fn no_primary_key(mapper: &Rc<Mapper>, cx: &Cx) -> Raised {
    ARGUMENT_ERROR.error(format!(
        "Mapper {} could not assemble any primary key columns for mapped table '{}'",
        mapper.describe(cx.compat()),
        from_description(&mapper.mapped_table)
    ))
}
