//! UPDATEs of a flush: which columns changed, in which groups.

use std::rc::Rc;

use super::emit::run;
use super::insert::next_version;
use super::plan::{MapperColumns, PlanColumn, TablePlan};
use super::{Target, postfetch};
use crate::engine::{Connection, ValueRows};
use crate::object::{Cx, Result, Str, Value};
use crate::orm::exc::{FLUSH_ERROR, STALE_DATA_ERROR};
use crate::orm::support::{element_equals_bind, sql_value};
use crate::orm::unitofwork::UowTransaction;
use crate::orm::{Committed, Held, Passive};
use crate::sql::dml::{DmlKey, DmlValue, Update};
use crate::sql::execution::ParameterSets;
use crate::sql::{ColumnElement, Executable, FromClause};

/// The changes of one object in one table.
pub struct UpdateRow {
    /// Which of the targets it is of.
    pub target: usize,
    /// Which columns the mapper writes.
    pub columns: Rc<MapperColumns>,
    /// The columns set to plain values, as indexes into `columns`.
    pub keys: Vec<u32>,
    /// Their values.
    pub values: Vec<Value>,
    /// The columns set to SQL expressions.
    pub expressions: Vec<(u32, ColumnElement)>,
    /// The primary key of the row.
    pub key_values: Vec<Value>,
    /// The version of the row.
    pub version: Option<Value>,
}

impl UpdateRow {
    fn groups_with(&self, other: &Self) -> bool {
        self.expressions.is_empty() == other.expressions.is_empty()
            && self.version.is_some() == other.version.is_some()
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

/// What the objects of `targets` change in `table`.
pub fn collect(
    table: &TablePlan,
    targets: &[Target],
    uow: &mut UowTransaction,
    cx: &Cx,
) -> Result<Vec<UpdateRow>> {
    let mut rows = Vec::new();
    for (index, target) in targets.iter().enumerate() {
        let Some(columns) = table.columns_of(&target.mapper) else {
            continue;
        };
        if let Some(row) = row_of(index, target, columns, uow, cx)? {
            rows.push(row);
        }
    }
    Ok(rows)
}

fn row_of(
    index: usize,
    target: &Target,
    columns: Rc<MapperColumns>,
    uow: &mut UowTransaction,
    cx: &Cx,
) -> Result<Option<UpdateRow>> {
    let state = target.state();
    let changed = columns.columns.iter();
    let changed = changed
        .filter(|column| state.is_changed(column.slot))
        .count();
    let mut row = UpdateRow {
        target: index,
        columns: columns.clone(),
        keys: Vec::with_capacity(changed),
        values: Vec::with_capacity(changed),
        expressions: Vec::new(),
        key_values: Vec::with_capacity(columns.primary_key.len()),
        version: None,
    };
    for (at, column) in columns.columns.iter().enumerate() {
        if !state.is_changed(column.slot) {
            continue;
        }
        let value = target.instance.slot(column.slot);
        if value.is_undefined() {
            let attribute = target.mapper.attribute_at(column.slot);
            let key = attribute.map_or_else(|| column.key.clone(), |one| one.key().clone());
            return Err(crate::object::key_error(Value::Str(key)));
        }
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        if matches!(value, Value::Object(_) | Value::Instance(_))
            && let Some(element) = sql_value(&value, cx)?
        {
            row.expressions.push((at, element));
            continue;
        }
        let same = match state.committed(column.slot) {
            Some(Committed::Value(old)) => equal(target, column, &value, &old, cx)?,
            _ => false,
        };
        if !same {
            row.keys.push(at);
            row.values.push(value);
        }
    }
    if !add_version(target, &mut row, cx)? {
        return Ok(None);
    }
    let mut cascaded = false;
    for at in &columns.primary_key {
        let value = key_value(
            target,
            &columns.columns[*at],
            uow,
            &mut row,
            &mut cascaded,
            cx,
        )?;
        row.key_values.push(value);
    }
    if row.keys.is_empty() && row.expressions.is_empty() {
        if cascaded {
            postfetch::copy_equated(target, &columns, uow, cx)?;
        }
        return Ok(None);
    }
    Ok(Some(row))
}

fn equal(
    target: &Target,
    column: &PlanColumn,
    value: &Value,
    old: &Value,
    cx: &Cx,
) -> Result<bool> {
    match target.mapper.attribute_at(column.slot) {
        Some(attribute) => attribute.property().values_equal(value, old, cx),
        None => cx.eq(value, old),
    }
}

/// Add the version to what is written; `false` where nothing is to be written at all.
fn add_version(target: &Target, row: &mut UpdateRow, cx: &Cx) -> Result<bool> {
    let changed = !row.keys.is_empty() || !row.expressions.is_empty();
    let (Some(version), Some(at)) = (&target.version, row.columns.version) else {
        return Ok(changed);
    };
    if !changed && !changes_elsewhere(target, cx)? {
        return Ok(false);
    }
    row.version = Some(version.clone());
    let at = u32::try_from(at).unwrap_or(u32::MAX);
    if row.keys.contains(&at) {
        return Ok(true);
    }
    let next = match next_version(target, version, cx)? {
        Some(next) => next,
        None if changed => return Ok(true),
        // Set to itself, so that there is an UPDATE that checks it.
        None => version.clone(),
    };
    let place = row.keys.partition_point(|known| *known < at);
    row.keys.insert(place, at);
    row.values.insert(place, next);
    Ok(true)
}

/// Whether a column of another table changed.
fn changes_elsewhere(target: &Target, cx: &Cx) -> Result<bool> {
    for attribute in target.mapper.attributes().iter() {
        if attribute.property().column().is_none() {
            continue;
        }
        let history = attribute.history(&target.instance, Passive::NO_INITIALIZE, cx)?;
        if !history.added().is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The primary key value that the row has in the database.
fn key_value(
    target: &Target,
    column: &PlanColumn,
    uow: &mut UowTransaction,
    row: &mut UpdateRow,
    cascaded: &mut bool,
    cx: &Cx,
) -> Result<Value> {
    let state = target.state();
    let value = if state.is_changed(column.slot) {
        let Some(attribute) = target.mapper.attribute_at(column.slot) else {
            return Ok(Value::None);
        };
        let history = attribute.history(&target.instance, Passive::OFF, cx)?;
        let element = ColumnElement::Column(column.column.clone());
        match (history.added().first(), history.deleted().first()) {
            (Some(added), deleted)
                if deleted.is_none() || uow.is_pk_cascaded(&target.instance, &element) =>
            {
                *cascaded = true;
                let place = row
                    .keys
                    .iter()
                    .position(|key| row.columns.columns[*key as usize].slot == column.slot);
                if let Some(place) = place {
                    row.keys.remove(place);
                    row.values.remove(place);
                }
                added.clone()
            }
            (Some(_), Some(deleted)) => deleted.clone(),
            _ => history.unchanged().first().cloned().unwrap_or(Value::None),
        }
    } else {
        let Some(attribute) = target.mapper.attribute_at(column.slot) else {
            return Ok(Value::None);
        };
        match attribute.get(&target.instance, Passive::OFF, cx)? {
            Held::Value(value) => value,
            Held::NoValue | Held::NoResult => Value::None,
        }
    };
    if value.is_none() {
        let table = column.column.table().map(|table| table.full_name());
        return Err(FLUSH_ERROR.error(format!(
            "Can't update table {} using NULL for primary key value on column {}",
            table.unwrap_or_default(),
            column.column.description()
        )));
    }
    Ok(value)
}

/// The UPDATE of a row found by primary key, and by version where there is one.
pub fn update_statement(
    table: &TablePlan,
    columns: &MapperColumns,
    with_version: bool,
    cx: &Cx,
) -> (Update, Vec<Str>) {
    let mut criteria = Vec::new();
    let mut names = Vec::new();
    let version = columns.version.filter(|_| with_version);
    for at in columns.primary_key.iter().copied().chain(version) {
        let column = &columns.columns[at];
        let name = Str::from(format!("{}_{}", table.table.name(), column.key));
        criteria.push(element_equals_bind(
            &ColumnElement::Column(column.column.clone()),
            &name,
            cx,
        ));
        names.push(name);
    }
    let statement = Update::new(FromClause::Table(table.table.clone()));
    (statement.with(|data| data.where_criteria = criteria), names)
}

/// Write `rows`, consecutive ones of a kind together.
pub fn emit_updates(
    table: &TablePlan,
    targets: &[Target],
    mut rows: Vec<UpdateRow>,
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
        write(table, targets, &mut rows[start..end], connection, uow, cx)?;
        start = end;
    }
    Ok(())
}

fn write(
    table: &TablePlan,
    targets: &[Target],
    rows: &mut [UpdateRow],
    connection: &Connection,
    uow: &mut UowTransaction,
    cx: &Cx,
) -> Result<()> {
    let Some(first) = rows.first() else {
        return Ok(());
    };
    let versioned = first.version.is_some();
    let (statement, criteria) = update_statement(table, &first.columns, versioned, cx);
    let eager = table.eager_defaults_on() && connection.dialect().update_returning;
    let statement = if eager {
        let columns = first.columns.columns.iter();
        let returned: Vec<_> = columns
            .filter(|column| column.server_onupdate)
            .map(|column| column.column.clone())
            .collect();
        if returned.is_empty() {
            statement
        } else {
            statement.with(|data| data.return_defaults = Some(returned))
        }
    } else {
        statement
    };
    let together =
        first.expressions.is_empty() && !versioned && statement.data().return_defaults.is_none();
    let expected = rows.len();
    let mut matched = 0;
    let step = if together { expected } else { 1 };
    let mut checks = true;
    for chunk in rows.chunks_mut(step) {
        let statement = with_expressions(&statement, &chunk[0]);
        let sets = take(chunk, &criteria);
        let statement = Executable::Update(statement);
        let emitted = run(connection, &statement, sets, cx)?;
        checks &= emitted.rowcount() >= 0;
        matched += emitted.rowcount();
        for (at, row) in chunk.iter().enumerate() {
            postfetch::after_update(&targets[row.target], row, at, &emitted, uow, cx)?;
        }
    }
    if checks {
        check_matched(table, expected, matched)?;
    }
    Ok(())
}

/// Raise where an UPDATE of `expected` rows found other than that.
pub fn check_matched(table: &TablePlan, expected: usize, matched: i64) -> Result<()> {
    if usize::try_from(matched) == Ok(expected) {
        return Ok(());
    }
    Err(STALE_DATA_ERROR.error(format!(
        "UPDATE statement on table '{}' expected to update {expected} row(s); {matched} were \
         matched.",
        table.table.full_name()
    )))
}

fn with_expressions(statement: &Update, row: &UpdateRow) -> Update {
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

fn take(rows: &mut [UpdateRow], criteria: &[Str]) -> ParameterSets {
    let mut keys: Vec<Str> = rows
        .first()
        .map(|row| row.names().cloned().collect())
        .unwrap_or_default();
    keys.extend_from_slice(criteria);
    let mut values = ValueRows::with_capacity(keys.len(), rows.len());
    for row in rows {
        let set = std::mem::take(&mut row.values).into_iter();
        let criteria = row.key_values.iter().chain(&row.version).cloned();
        values.push(set.chain(criteria));
    }
    ParameterSets::of_rows(keys.into(), values)
}
