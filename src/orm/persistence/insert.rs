//! INSERTs of a flush: which columns, in which groups, and what is read back.

use std::rc::Rc;

use super::emit::{Emitted, Rows, run};
use super::plan::{MapperColumns, TablePlan};
use super::{Target, postfetch};
use crate::engine::Connection;
use crate::object::{Cx, Result, Str, Value};
use crate::orm::Mapper;
use crate::orm::exc::FLUSH_ERROR;
use crate::orm::support::sql_value;
use crate::orm::unitofwork::UowTransaction;
use crate::sql::dml::{DmlKey, DmlValue, Insert};
use crate::sql::schema::Column;
use crate::sql::{ColumnElement, Executable, FromClause};

/// The row of one object in one table.
pub struct InsertRow {
    /// Which of the targets it is of.
    pub target: usize,
    /// Which columns the mapper writes.
    pub columns: Rc<MapperColumns>,
    /// The columns with plain values, as indexes into `columns`.
    pub keys: Vec<u32>,
    /// Their values.
    pub values: Vec<Value>,
    /// The columns with SQL expressions.
    pub expressions: Vec<(u32, ColumnElement)>,
    /// Whether the whole primary key is among the plain values.
    pub has_all_keys: bool,
    /// Whether nothing is to be read back.
    pub has_all_defaults: bool,
}

impl InsertRow {
    fn groups_with(&self, other: &Self) -> bool {
        self.expressions.is_empty() == other.expressions.is_empty()
            && self.has_all_keys == other.has_all_keys
            && self.has_all_defaults == other.has_all_defaults
            && if Rc::ptr_eq(&self.columns, &other.columns) {
                self.keys == other.keys
            } else {
                self.names().eq(other.names())
            }
    }
    fn names(&self) -> impl Iterator<Item = &Str> {
        self.keys
            .iter()
            .map(|key| &self.columns.columns[*key as usize].key)
    }
}

/// What the objects of `targets` write to `table`.
pub fn collect(
    table: &TablePlan,
    targets: &[Target],
    connection: &Connection,
    cx: &Cx,
) -> Result<Vec<InsertRow>> {
    let eager = table.prefers_eager_defaults(connection);
    let mut rows = Vec::with_capacity(targets.len());
    for (index, target) in targets.iter().enumerate() {
        if let Some(columns) = table.columns_of(&target.mapper) {
            rows.push(row_of(index, target, columns, eager, cx)?);
        }
    }
    Ok(rows)
}

fn row_of(
    index: usize,
    target: &Target,
    columns: Rc<MapperColumns>,
    eager: bool,
    cx: &Cx,
) -> Result<InsertRow> {
    let count = columns.columns.len();
    let (mut keys, mut values) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let mut expressions = Vec::new();
    let (mut has_all_keys, mut has_all_defaults) = (true, true);
    for (at, column) in columns.columns.iter().enumerate() {
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        if column.is_version
            && let Some(version) = next_version(target, &Value::None, cx)?
        {
            keys.push(at);
            values.push(version);
            continue;
        }
        let value = target.instance.slot(column.slot);
        match value {
            Value::Undefined | Value::None if column.none_if_missing => {
                keys.push(at);
                values.push(Value::None);
            }
            Value::None if column.evaluates_none => {
                keys.push(at);
                values.push(Value::None);
            }
            Value::Undefined | Value::None => {
                has_all_keys &= !column.primary_key;
                has_all_defaults &= !(eager && column.server_default);
            }
            Value::Object(_) | Value::Instance(_) => {
                if let Some(element) = sql_value(&value, cx)? {
                    has_all_keys &= !column.primary_key;
                    has_all_defaults &= !(eager && column.server_default);
                    expressions.push((at, element));
                } else {
                    keys.push(at);
                    values.push(value);
                }
            }
            value => {
                keys.push(at);
                values.push(value);
            }
        }
    }
    Ok(InsertRow {
        target: index,
        columns,
        keys,
        values,
        expressions,
        has_all_keys,
        has_all_defaults,
    })
}

/// The version that follows `version`; `None` where the database makes it.
pub fn next_version(target: &Target, version: &Value, cx: &Cx) -> Result<Option<Value>> {
    next_version_of(&target.mapper, version, cx)
}

/// The version of `mapper` that follows `version`; `None` where the database makes it.
pub fn next_version_of(mapper: &Rc<Mapper>, version: &Value, cx: &Cx) -> Result<Option<Value>> {
    match &mapper.options().version_id_generator {
        Value::Bool(false) => Ok(None),
        Value::Undefined | Value::None => {
            let next = version.as_int().unwrap_or(0).saturating_add(1);
            Ok(Some(Value::Int(next)))
        }
        generator => cx.call(generator, [version.clone()]).map(Some),
    }
}

/// Write `rows`, consecutive ones of a kind together.
pub fn emit_inserts(
    table: &TablePlan,
    targets: &[Target],
    mut rows: Vec<InsertRow>,
    connection: &Connection,
    uow: &mut UowTransaction,
    cx: &Cx,
) -> Result<()> {
    let mut start = 0;
    while start < rows.len() {
        let mut end = start + 1;
        while end < rows.len() && rows[start].groups_with(&rows[end]) {
            end += 1;
        }
        let group = Group {
            table,
            targets,
            connection,
        };
        group.write(&mut rows[start..end], uow, cx)?;
        start = end;
    }
    Ok(())
}

struct Group<'a> {
    table: &'a TablePlan,
    targets: &'a [Target],
    connection: &'a Connection,
}

impl Group<'_> {
    fn write(&self, rows: &mut [InsertRow], uow: &mut UowTransaction, cx: &Cx) -> Result<()> {
        let Some(first) = rows.first() else {
            return Ok(());
        };
        let has_expressions = !first.expressions.is_empty();
        let statement = Insert::new(FromClause::Table(self.table.table.clone()));
        let dialect = self.connection.dialect();
        let reads_back = !(first.has_all_defaults
            || !self.table.prefers_eager_defaults(self.connection)
            || !self.table.table.implicit_returning
            || !dialect.insert_returning);
        if !reads_back && first.has_all_keys && !has_expressions {
            let sets = self.take(rows);
            let count = rows.len();
            let statement = Executable::Insert(statement);
            let emitted = run(self.connection, &statement, sets, count > 1, cx)?;
            return self.finish(rows, &emitted, false, uow, cx);
        }
        let together = !has_expressions
            && rows.len() > 1
            && self.table.table.implicit_returning
            && dialect.insert_returning;
        let returned = self.columns_read_back(first, reads_back, together);
        let statement = if returned.is_empty() {
            statement
        } else {
            statement.with(|data| {
                data.return_defaults = Some(returned);
                data.sort_by_parameter_order = true;
            })
        };
        if together {
            let sets = self.take(rows);
            let statement = Executable::Insert(statement);
            let emitted = run(self.connection, &statement, sets, true, cx)?;
            return self.finish(rows, &emitted, true, uow, cx);
        }
        for at in 0..rows.len() {
            let row = &mut rows[at..=at];
            let statement = self.with_expressions(&statement, &row[0]);
            let sets = self.take(row);
            let emitted = run(
                self.connection,
                &Executable::Insert(statement),
                sets,
                false,
                cx,
            )?;
            self.finish(row, &emitted, true, uow, cx)?;
        }
        Ok(())
    }

    fn take(&self, rows: &mut [InsertRow]) -> Rows {
        let keys: Vec<Str> = rows
            .first()
            .map(|row| row.names().cloned().collect())
            .unwrap_or_default();
        let has_defaults = rows.first().is_some_and(|row| row.columns.has_defaults);
        Rows {
            keys: keys.into(),
            rows: rows
                .iter_mut()
                .map(|row| std::mem::take(&mut row.values))
                .collect(),
            keeps_values: has_defaults,
        }
    }

    /// The columns that the INSERT returns besides the primary key of a single row.
    fn columns_read_back(&self, row: &InsertRow, defaults: bool, many: bool) -> Vec<Rc<Column>> {
        let mut found: Vec<Rc<Column>> = Vec::new();
        if defaults {
            let columns = row.columns.columns.iter();
            found.extend(
                columns
                    .filter(|column| column.server_default)
                    .map(|column| column.column.clone()),
            );
        }
        if let Some(version) = row.columns.version {
            found.push(row.columns.columns[version].column.clone());
        } else if many {
            for at in &row.columns.primary_key {
                let column = &row.columns.columns[*at].column;
                if !found.iter().any(|known| Rc::ptr_eq(known, column)) {
                    found.push(column.clone());
                }
            }
        }
        found
    }

    fn with_expressions(&self, statement: &Insert, row: &InsertRow) -> Insert {
        if row.expressions.is_empty() {
            return statement.clone();
        }
        statement.with(|data| {
            data.has_values = true;
            for (at, element) in &row.expressions {
                let column = row.columns.columns[*at as usize].column.clone();
                data.values
                    .push((DmlKey::Column(column), DmlValue::Element(element.clone())));
            }
        })
    }

    /// Take over what the database made of the rows.
    fn finish(
        &self,
        rows: &[InsertRow],
        emitted: &Emitted,
        keys_made: bool,
        uow: &mut UowTransaction,
        cx: &Cx,
    ) -> Result<()> {
        for (at, row) in rows.iter().enumerate() {
            let target = &self.targets[row.target];
            if keys_made {
                let Some(key) = emitted.inserted_primary_key(at, cx)? else {
                    return Err(self.no_key(target, rows.len() > 1, cx));
                };
                let places = row.columns.primary_key.iter();
                for (value, place) in key.into_iter().zip(places) {
                    let column = &row.columns.columns[*place];
                    let replaced = row.expressions.iter().any(|(at, _)| *at as usize == *place);
                    let missing = target
                        .instance
                        .with_slot(column.slot, |held| held.is_undefined() || held.is_none());
                    if replaced || missing {
                        drop(target.instance.set_slot(column.slot, value));
                    }
                }
            }
            postfetch::after_insert(target, row, at, emitted, uow, cx)?;
        }
        Ok(())
    }

    fn no_key(&self, target: &Target, many: bool, cx: &Cx) -> crate::object::Raised {
        let mapper = target.mapper.describe(cx.compat());
        let what = if many { "Multi-row" } else { "Single-row" };
        let problem = if many {
            "did not produce the correct number of INSERTed rows for RETURNING."
        } else {
            "did not produce a new primary key result being invoked."
        };
        FLUSH_ERROR.error(format!(
            "{what} INSERT statement for {mapper} {problem}  Ensure there are no triggers or \
             special driver issues preventing INSERT from functioning properly."
        ))
    }
}
