//! UPDATEs of rows in bulk, found by primary key: for the bulk methods of sessions, and for
//! `update(Entity)` with several parameter sets.

use std::rc::Rc;

use super::rows::{BulkRow, RowGroup, TableRow, attribute_names, find, only_values_of, own_binds};
use crate::engine::exc::{INVALID_REQUEST_ERROR, with_code};
use crate::engine::{Connection, ExecutionOptions};
use crate::object::{Cx, Result, Str, Value};
use crate::orm::Mapper;
use crate::orm::persistence::{
    HierarchyPlan, MapperColumns, TablePlan, check_matched, next_version_of, update_statement,
};
use crate::sql::dml::Update;
use crate::sql::execution::execute_sets;
use crate::sql::{Executable, FromClause};

/// How rows are updated.
#[derive(Clone, Copy)]
pub struct BulkUpdate<'a> {
    /// The mapper that they are of.
    pub mapper: &'a Rc<Mapper>,
    /// The connection.
    pub connection: &'a Connection,
    /// The statement, where a script gave one.
    pub own: Option<&'a Update>,
}

impl BulkUpdate<'_> {
    /// Update the rows that `rows` have the keys of.
    pub fn run(&self, rows: &[BulkRow], cx: &Cx) -> Result<()> {
        let own = self.own.map(Update::data);
        let extra = match (own, rows.first()) {
            (Some(data), Some(first)) => own_binds(data, first),
            _ => Vec::new(),
        };
        for table in HierarchyPlan::of(&self.mapper.base_mapper(), cx)?.tables() {
            let Some(columns) = table.columns_of(self.mapper) else {
                continue;
            };
            let part = TableUpdate {
                bulk: *self,
                table,
                columns: &columns,
                extra: &extra,
                has_values: own.is_some_and(|data| !data.values.is_empty()),
            };
            part.write(rows, cx)?;
        }
        Ok(())
    }
}

struct TableUpdate<'a> {
    bulk: BulkUpdate<'a>,
    table: &'a TablePlan,
    columns: &'a MapperColumns,
    /// The names of the statement's own binds.
    extra: &'a [Str],
    has_values: bool,
}

impl TableUpdate<'_> {
    fn write(&self, rows: &[BulkRow], cx: &Cx) -> Result<()> {
        let names = attribute_names(self.bulk.mapper, self.columns);
        let mut group: Option<RowGroup> = None;
        for (at, row) in rows.iter().enumerate() {
            let Some(row) = self.row(row, &names, cx)? else {
                continue;
            };
            let Some(known) = &mut group else {
                group = Some(RowGroup::of(at, row));
                continue;
            };
            if let Some(other) = known.add(row) {
                self.write_group(known, cx)?;
                *known = RowGroup::of(at, other);
            }
        }
        group.map_or(Ok(()), |group| self.write_group(&group, cx))
    }

    fn row(&self, row: &BulkRow, names: &[Str], cx: &Cx) -> Result<Option<TableRow>> {
        let mapper = self.bulk.mapper;
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        let mut version = None;
        for ((at, column), name) in self.columns.columns.iter().enumerate().zip(names) {
            if self.columns.primary_key.contains(&at) {
                continue;
            }
            let mut value = find(row, name).cloned();
            if column.is_version {
                version = Some(value.clone().unwrap_or(Value::None));
                if let Some(next) =
                    next_version_of(mapper, version.as_ref().unwrap_or(&Value::None), cx)?
                {
                    value = Some(next);
                }
            }
            if let Some(value) = value {
                keys.push(u32::try_from(at).unwrap_or(u32::MAX));
                values.push(value);
            }
        }
        if keys.is_empty() && !self.has_values {
            return Ok(None);
        }
        values.extend(self.key(row, names, cx)?);
        values.extend(version);
        for name in self.extra {
            values.push(find(row, name).cloned().unwrap_or(Value::None));
        }
        Ok(Some(TableRow {
            keys,
            values,
            ..TableRow::default()
        }))
    }

    fn key(&self, row: &BulkRow, names: &[Str], cx: &Cx) -> Result<Vec<Value>> {
        let (mut key, mut missing) = (Vec::new(), Vec::new());
        for at in &self.columns.primary_key {
            match names.get(*at).and_then(|name| find(row, name)) {
                Some(value) if !value.is_none() => key.push(value.clone()),
                _ if cx.compat().is_14() => key.push(Value::None),
                _ => {
                    let column = &self.columns.columns[*at].column;
                    missing.push(column.description());
                }
            }
        }
        if missing.is_empty() {
            return Ok(key);
        }
        let message = format!(
            "No primary key value supplied for column(s) {}; per-row ORM Bulk UPDATE by Primary \
             Key requires that records contain primary key values",
            missing.join(", ")
        );
        Err(with_code(INVALID_REQUEST_ERROR.error(message), "bupq"))
    }

    fn write_group(&self, group: &RowGroup, cx: &Cx) -> Result<()> {
        let versioned = self.columns.version.is_some();
        let (found_by_key, mut names) = update_statement(self.table, self.columns, versioned, cx);
        names.extend_from_slice(self.extra);
        let statement = match self.bulk.own {
            Some(own) => own.with(|data| {
                data.table = FromClause::Table(self.table.table.clone());
                only_values_of(data, &self.table.table);
                let key = found_by_key.data().where_criteria.iter().cloned();
                data.where_criteria.extend(key);
            }),
            None => found_by_key,
        };
        let checks = self
            .bulk
            .own
            .is_none_or(|own| own.data().where_criteria.is_empty());
        let together = !versioned && !self.has_values;
        let step = if together { group.len() } else { 1 };
        let statement = Executable::Update(statement);
        let mut matched = 0;
        for (_, sets) in group.sets(self.columns, &names, step) {
            let none = ExecutionOptions::none();
            let (result, _) = execute_sets(self.bulk.connection, &statement, &sets, &none, cx)?;
            matched += result.rowcount();
        }
        if checks {
            check_matched(self.table, group.len(), matched)?;
        }
        Ok(())
    }
}
