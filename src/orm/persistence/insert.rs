//! INSERTs of a flush: which columns, in which groups, and what is read back.

use std::rc::Rc;

use super::emit::{Emitted, run};
use super::plan::{MapperColumns, TablePlan};
use super::{Target, postfetch};
use crate::engine::{Connection, ValueRows};
use crate::object::{Cx, Result, Str, Value};
use crate::orm::Mapper;
use crate::orm::exc::FLUSH_ERROR;
use crate::orm::support::sql_value;
use crate::orm::unitofwork::UowTransaction;
use crate::sql::dml::{DmlKey, DmlValue, Insert};
use crate::sql::execution::ParameterSets;
use crate::sql::schema::Column;
use crate::sql::{ColumnElement, Executable, FromClause};

/// Rows of consecutive objects with values for the same columns of one table, which are written
/// together.
pub struct InsertGroup {
    shape: RowShape,
    /// Which columns the mappers write, and which of those, as indexes, have plain values.
    columns: Vec<(Rc<MapperColumns>, Vec<u32>)>,
    rows: Vec<Origin>,
    /// The plain values, row by row.
    values: ValueRows,
    /// The columns with SQL expressions, row by row; empty where no row has any.
    expressions: Vec<Vec<(u32, ColumnElement)>>,
}

/// What else rows must share to be written together.
#[derive(Clone, Copy, PartialEq, Eq)]
struct RowShape {
    has_expressions: bool,
    /// Whether the whole primary key is among the plain values.
    has_all_keys: bool,
    /// Whether nothing is to be read back.
    has_all_defaults: bool,
}

/// Where a row comes from.
struct Origin {
    /// Which of the targets it is of.
    target: usize,
    /// Which of the group's columns its mapper writes.
    columns: usize,
}

/// One row of a group.
pub struct InsertRow<'a> {
    /// The columns that the mapper writes.
    pub columns: &'a MapperColumns,
    /// Those with plain values, as indexes.
    pub keys: &'a [u32],
    /// Those with SQL expressions.
    pub expressions: &'a [(u32, ColumnElement)],
}

/// What one object writes, on its way into a group; kept to be filled again.
#[derive(Default)]
struct Scratch {
    keys: Vec<u32>,
    values: Vec<Value>,
    expressions: Vec<(u32, ColumnElement)>,
}

fn names<'a>(columns: &'a MapperColumns, keys: &'a [u32]) -> impl Iterator<Item = &'a Str> {
    keys.iter().map(|key| &columns.columns[*key as usize].key)
}

impl InsertGroup {
    /// A group with room for `count` rows.
    fn new(shape: RowShape, columns: Rc<MapperColumns>, keys: Vec<u32>, count: usize) -> Self {
        Self {
            shape,
            values: ValueRows::with_capacity(keys.len(), count),
            columns: vec![(columns, keys)],
            rows: Vec::with_capacity(count),
            expressions: Vec::new(),
        }
    }
    /// Which of the group's columns a row of `columns` with values for `keys` belongs to; `None`
    /// where it does not belong to the group.
    fn place_of(
        &mut self,
        shape: RowShape,
        columns: &Rc<MapperColumns>,
        keys: &[u32],
    ) -> Option<usize> {
        if self.shape != shape {
            return None;
        }
        let mut known = self.columns.iter();
        let place = known.position(|(known, held)| Rc::ptr_eq(known, columns) && held == keys);
        if place.is_some() {
            return place;
        }
        let (first, held) = &self.columns[0];
        if Rc::ptr_eq(first, columns) || !names(first, held).eq(names(columns, keys)) {
            return None;
        }
        self.columns.push((columns.clone(), keys.to_vec()));
        Some(self.columns.len() - 1)
    }
    fn push(&mut self, target: usize, columns: usize, scratch: &mut Scratch) {
        self.rows.push(Origin { target, columns });
        self.values.push(scratch.values.drain(..));
        if self.shape.has_expressions {
            self.expressions
                .push(std::mem::take(&mut scratch.expressions));
        }
    }
    fn row(&self, at: usize) -> InsertRow<'_> {
        let (columns, keys) = &self.columns[self.rows[at].columns];
        InsertRow {
            columns,
            keys,
            expressions: self.expressions.get(at).map_or(&[], Vec::as_slice),
        }
    }
}

/// What the objects of `targets` write to `table`.
pub fn collect(
    table: &TablePlan,
    targets: &[Target],
    connection: &Connection,
    cx: &Cx,
) -> Result<Vec<InsertGroup>> {
    let eager = table.prefers_eager_defaults(connection);
    let mut groups: Vec<InsertGroup> = Vec::new();
    let mut scratch = Scratch::default();
    for (index, target) in targets.iter().enumerate() {
        let Some(columns) = table.columns_of(&target.mapper) else {
            continue;
        };
        let shape = read_row(&mut scratch, target, &columns, eager, cx)?;
        let last = groups.last_mut();
        let place = last.and_then(|group| group.place_of(shape, &columns, &scratch.keys));
        if place.is_none() {
            // Most flushes write objects of one shape.
            let count = if groups.is_empty() {
                targets.len() - index
            } else {
                1
            };
            groups.push(InsertGroup::new(
                shape,
                columns,
                scratch.keys.clone(),
                count,
            ));
        }
        if let Some(group) = groups.last_mut() {
            group.push(index, place.unwrap_or(0), &mut scratch);
        }
    }
    Ok(groups)
}

fn read_row(
    scratch: &mut Scratch,
    target: &Target,
    columns: &MapperColumns,
    eager: bool,
    cx: &Cx,
) -> Result<RowShape> {
    scratch.keys.clear();
    scratch.values.clear();
    let (mut has_all_keys, mut has_all_defaults) = (true, true);
    for (at, column) in columns.columns.iter().enumerate() {
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        let mut plain = |value: Value| {
            scratch.keys.push(at);
            scratch.values.push(value);
        };
        if column.is_version
            && let Some(version) = next_version(target, &Value::None, cx)?
        {
            plain(version);
            continue;
        }
        let value = target.instance.slot(column.slot);
        match value {
            Value::Undefined | Value::None if column.none_if_missing => plain(Value::None),
            Value::None if column.evaluates_none => plain(Value::None),
            Value::Undefined | Value::None => {
                has_all_keys &= !column.primary_key;
                has_all_defaults &= !(eager && column.server_default);
            }
            Value::Object(_) | Value::Instance(_) => {
                if let Some(element) = sql_value(&value, cx)? {
                    has_all_keys &= !column.primary_key;
                    has_all_defaults &= !(eager && column.server_default);
                    scratch.expressions.push((at, element));
                } else {
                    plain(value);
                }
            }
            value => plain(value),
        }
    }
    Ok(RowShape {
        has_expressions: !scratch.expressions.is_empty(),
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

/// Write the rows of `groups`.
pub fn emit_inserts(
    table: &TablePlan,
    targets: &[Target],
    groups: Vec<InsertGroup>,
    connection: &Connection,
    uow: &mut UowTransaction,
    cx: &Cx,
) -> Result<()> {
    for group in groups {
        let writer = Writer {
            table,
            targets,
            connection,
            group: &group,
        };
        writer.write(uow, cx)?;
    }
    Ok(())
}

struct Writer<'a> {
    table: &'a TablePlan,
    targets: &'a [Target],
    connection: &'a Connection,
    group: &'a InsertGroup,
}

impl Writer<'_> {
    fn write(&self, uow: &mut UowTransaction, cx: &Cx) -> Result<()> {
        let shape = self.group.shape;
        let count = self.group.rows.len();
        let statement = Insert::new(FromClause::Table(self.table.table.clone()));
        let dialect = self.connection.dialect();
        let reads_back = !(shape.has_all_defaults
            || !self.table.prefers_eager_defaults(self.connection)
            || !self.table.table.implicit_returning
            || !dialect.insert_returning);
        if !reads_back && shape.has_all_keys && !shape.has_expressions {
            let statement = Executable::Insert(statement);
            let emitted = run(self.connection, &statement, self.all(), cx)?;
            return self.finish(0, count, &emitted, false, uow, cx);
        }
        let together = !shape.has_expressions
            && count > 1
            && self.table.table.implicit_returning
            && dialect.insert_returning;
        let first = self.group.row(0);
        let returned = self.columns_read_back(&first, reads_back, together);
        let statement = if returned.is_empty() {
            statement
        } else {
            statement.with(|data| {
                data.return_defaults = Some(returned);
                data.sort_by_parameter_order = true;
            })
        };
        if together {
            let statement = Executable::Insert(statement);
            let emitted = run(self.connection, &statement, self.all(), cx)?;
            return self.finish(0, count, &emitted, true, uow, cx);
        }
        let keys = self.keys();
        for at in 0..count {
            let statement =
                Executable::Insert(self.with_expressions(&statement, &self.group.row(at)));
            let mut values = ValueRows::default();
            values.push(self.group.values.row(at).iter().cloned());
            let set = ParameterSets::of_rows(keys.clone(), values);
            let emitted = run(self.connection, &statement, set, cx)?;
            self.finish(at, 1, &emitted, true, uow, cx)?;
        }
        Ok(())
    }

    fn keys(&self) -> Rc<[Str]> {
        let (columns, keys) = &self.group.columns[0];
        names(columns, keys).cloned().collect()
    }
    fn all(&self) -> ParameterSets {
        ParameterSets::of_rows(self.keys(), self.group.values.clone())
    }

    /// The columns that the INSERT returns besides the primary key of a single row.
    fn columns_read_back(
        &self,
        row: &InsertRow<'_>,
        defaults: bool,
        many: bool,
    ) -> Vec<Rc<Column>> {
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

    fn with_expressions(&self, statement: &Insert, row: &InsertRow<'_>) -> Insert {
        if row.expressions.is_empty() {
            return statement.clone();
        }
        statement.with(|data| {
            data.has_values = true;
            for (at, element) in row.expressions {
                let column = row.columns.columns[*at as usize].column.clone();
                data.values
                    .push((DmlKey::Column(column), DmlValue::Element(element.clone())));
            }
        })
    }

    /// Take over what the database made of `count` rows from number `first`.
    fn finish(
        &self,
        first: usize,
        count: usize,
        emitted: &Emitted,
        keys_made: bool,
        uow: &mut UowTransaction,
        cx: &Cx,
    ) -> Result<()> {
        for at in 0..count {
            let row = self.group.row(first + at);
            let target = &self.targets[self.group.rows[first + at].target];
            if keys_made {
                let made = emitted.inserted_primary_keys(cx)?;
                if at >= made.len() {
                    return Err(self.no_key(target, count > 1, cx));
                }
                let places = row.columns.primary_key.iter();
                for (value, place) in made.row(at).iter().zip(places) {
                    let column = &row.columns.columns[*place];
                    let replaced = row.expressions.iter().any(|(at, _)| *at as usize == *place);
                    let missing = target
                        .instance
                        .with_slot(column.slot, |held| held.is_undefined() || held.is_none());
                    if replaced || missing {
                        drop(target.instance.set_slot(column.slot, value.clone()));
                    }
                }
            }
            postfetch::after_insert(target, &row, at, emitted, uow, cx)?;
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
