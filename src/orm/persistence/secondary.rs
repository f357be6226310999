//! The rows of many-to-many relationships.

use crate::object::{Cx, Result, Str, Value};
use crate::orm::exc::STALE_DATA_ERROR;
use crate::orm::support::element_equals_bind;
use crate::orm::unitofwork::{Processor, UowTransaction};
use crate::sql::dml::{Delete, Insert, Update};
use crate::sql::execution::ParameterSets;
use crate::sql::{ColumnElement, Executable, FromClause};

use super::emit::run;

/// The columns of a row and their values.
pub type Row = Vec<(ColumnElement, Value)>;

/// What a relationship does to its secondary table.
#[derive(Default)]
pub struct SecondaryRows {
    /// Rows that enter.
    pub inserts: Vec<Row>,
    /// Rows that leave.
    pub deletes: Vec<Row>,
    /// Rows whose keys change: the new value, the old one.
    pub updates: Vec<Vec<(ColumnElement, Value, Value)>>,
}

/// Write `rows`.
pub fn write(
    processor: &Processor,
    uow: &mut UowTransaction,
    rows: &SecondaryRows,
    cx: &Cx,
) -> Result<()> {
    let Some(table) = processor
        .relationship()
        .join()
        .and_then(|join| join.secondary.clone())
    else {
        return Ok(());
    };
    if rows.inserts.is_empty() && rows.deletes.is_empty() && rows.updates.is_empty() {
        return Ok(());
    }
    let connection = uow.session().mapper_connection(processor.target(), cx)?;
    let columns = table.columns(cx)?;
    if let Some(first) = rows.deletes.first() {
        let used = columns_of(&columns, first);
        let criteria: Vec<_> = used
            .iter()
            .map(|(column, key)| element_equals_bind(column, key, cx))
            .collect();
        let statement = Delete::new(table.clone()).with(|data| data.where_criteria = criteria);
        let sets = sets(&used, &rows.deletes);
        let emitted = run(&connection, &Executable::Delete(statement), sets, cx)?;
        check("DELETE", "delete", &table, rows.deletes.len(), &emitted)?;
    }
    if let Some(first) = rows.updates.first() {
        let plain: Row = first
            .iter()
            .map(|(column, value, _)| (column.clone(), value.clone()))
            .collect();
        let used = columns_of(&columns, &plain);
        let old: Vec<Str> = used
            .iter()
            .map(|(_, key)| Str::from(format!("old_{key}")))
            .collect();
        let criteria: Vec<_> = used
            .iter()
            .zip(&old)
            .map(|((column, _), name)| element_equals_bind(column, name, cx))
            .collect();
        let statement = Update::new(table.clone()).with(|data| data.where_criteria = criteria);
        let mut keys: Vec<Str> = used.iter().map(|(_, key)| key.clone()).collect();
        keys.extend(old);
        let pick = |row: &Vec<(ColumnElement, Value, Value)>| {
            let find = |column: &ColumnElement| row.iter().find(|(known, ..)| known.same(column));
            let new = used
                .iter()
                .map(|(column, _)| find(column).map(|f| f.1.clone()));
            let old = used
                .iter()
                .map(|(column, _)| find(column).map(|f| f.2.clone()));
            new.chain(old).map(|v| v.unwrap_or(Value::None)).collect()
        };
        let values = rows.updates.iter().map(pick).collect();
        let sets = ParameterSets::of_rows(keys.into(), values);
        let emitted = run(&connection, &Executable::Update(statement), sets, cx)?;
        check("UPDATE", "update", &table, rows.updates.len(), &emitted)?;
    }
    if let Some(first) = rows.inserts.first() {
        let used = columns_of(&columns, first);
        let sets = sets(&used, &rows.inserts);
        run(
            &connection,
            &Executable::Insert(Insert::new(table)),
            sets,
            cx,
        )?;
    }
    Ok(())
}

/// The columns that `row` has, in table order, with their keys.
fn columns_of(columns: &[(Str, ColumnElement)], row: &Row) -> Vec<(ColumnElement, Str)> {
    columns
        .iter()
        .filter(|(_, column)| row.iter().any(|(known, _)| known.same(column)))
        .map(|(key, column)| (column.clone(), key.clone()))
        .collect()
}

fn sets(used: &[(ColumnElement, Str)], rows: &[Row]) -> ParameterSets {
    let pick = |row: &Row| {
        used.iter()
            .map(|(column, _)| {
                row.iter()
                    .find(|(known, _)| known.same(column))
                    .map_or(Value::None, |(_, value)| value.clone())
            })
            .collect()
    };
    let keys = used.iter().map(|(_, key)| key.clone()).collect();
    ParameterSets::of_rows(keys, rows.iter().map(pick).collect())
}

fn check(
    statement: &str,
    verb: &str,
    table: &FromClause,
    expected: usize,
    emitted: &super::Emitted,
) -> Result<()> {
    let matched = emitted.rowcount();
    if usize::try_from(matched).is_ok_and(|matched| matched != expected) {
        return Err(STALE_DATA_ERROR.error(format!(
            "{statement} statement on table '{}' expected to {verb} {expected} row(s); Only \
             {matched} were matched.",
            crate::orm::from_description(table)
        )));
    }
    Ok(())
}
