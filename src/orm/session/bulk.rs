//! Bulk operations: rows written without cascades, grouped by the keys they have.

use std::rc::Rc;

use super::Session;
use super::execute::ExecuteCall;
use super::get::expect_mapper;
use super::lifecycle::expect_instance;
use crate::engine::exc::{INVALID_REQUEST_ERROR, with_code};
use crate::engine::{BufferedRows, Connection, ExecutionOptions, ResultKind, ResultSet, RowMeta};
use crate::object::{Cx, Dict, Instance, Result, Str, Value};
use crate::orm::persistence::{
    HierarchyPlan, MapperColumns, TablePlan, next_version_of, update_statement,
};
use crate::orm::{InstanceState, Mapper, state_of};
use crate::sql::dml::{Insert, Update};
use crate::sql::execution::execute;
use crate::sql::{Executable, FromClause};

/// How rows are saved in bulk.
#[derive(Clone, Copy, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an argument of the bulk methods"
)]
pub struct BulkSave {
    /// They exist already.
    pub is_update: bool,
    /// `return_defaults=`.
    pub return_defaults: bool,
    /// `render_nulls=`.
    pub render_nulls: bool,
}

/// A row to be saved, attribute by attribute, and the dict it came from.
type BulkRow = (Vec<(Str, Value)>, Option<Rc<Dict>>);

fn row_of(value: &Value, cx: &Cx) -> Result<BulkRow> {
    let dict = match value {
        Value::Dict(dict) => dict.clone(),
        other => {
            let made = Dict::default();
            for key in cx.collect(&cx.call_method(other, "keys", [])?)? {
                let item = cx.call_method(other, "__getitem__", [key.clone()])?;
                made.insert(key, item, cx)?;
            }
            Rc::new(made)
        }
    };
    let row = dict
        .borrow()
        .iter()
        .filter_map(|(key, value)| Some((Str::new(key.value().as_str()?), value.clone())))
        .collect();
    Ok((row, Some(dict)))
}

impl Session {
    /// `bulk_insert_mappings()`, `bulk_update_mappings()`.
    pub fn bulk_mappings(
        &self,
        entity: &Value,
        mappings: &[Value],
        how: BulkSave,
        cx: &Cx,
    ) -> Result<()> {
        let mapper = expect_mapper(entity, cx)?;
        let rows = mappings
            .iter()
            .map(|mapping| row_of(mapping, cx))
            .collect::<Result<_>>()?;
        self.bulk(&mapper, rows, how, cx)
    }
    /// `bulk_save_objects()`.
    pub fn bulk_save_objects(
        &self,
        objects: &[Value],
        return_defaults: bool,
        changed_only: bool,
        preserve_order: bool,
        cx: &Cx,
    ) -> Result<()> {
        let mut states = Vec::new();
        for object in objects {
            let (instance, state) = expect_instance(object, cx)?;
            states.push((
                instance.clone(),
                state.mapper().clone(),
                state.has_identity(),
            ));
        }
        if !preserve_order {
            states.sort_by_key(|(_, mapper, has_key)| (mapper.order(), *has_key));
        }
        let mut rest = states.as_slice();
        while let Some((_, mapper, has_key)) = rest.first() {
            let alike = |(_, other, has): &&(Rc<Instance>, Rc<Mapper>, bool)| {
                Rc::ptr_eq(other, mapper) && has == has_key
            };
            let count = rest.iter().take_while(alike).count();
            let (group, after) = rest.split_at(count.max(1));
            rest = after;
            let rows = group
                .iter()
                .map(|(instance, ..)| (attributes(instance, *has_key && changed_only), None))
                .collect();
            let how = BulkSave {
                is_update: *has_key,
                return_defaults,
                render_nulls: false,
            };
            let made = self.bulk_rows(mapper, rows, how, cx)?;
            for ((instance, ..), values) in group.iter().zip(made) {
                for (slot, value) in values {
                    if instance.with_slot(slot, Value::is_undefined) {
                        drop(instance.set_slot(slot, value));
                    }
                }
                if return_defaults && let Some(state) = state_of(instance) {
                    let key = crate::orm::support::identity_key_of(instance, cx)?;
                    state.set_key(Some(key));
                }
            }
        }
        Ok(())
    }
    fn bulk(&self, mapper: &Rc<Mapper>, rows: Vec<BulkRow>, how: BulkSave, cx: &Cx) -> Result<()> {
        let dicts: Vec<Option<Rc<Dict>>> = rows.iter().map(|(_, dict)| dict.clone()).collect();
        let made = self.bulk_rows(mapper, rows, how, cx)?;
        if !how.return_defaults {
            return Ok(());
        }
        for (dict, values) in dicts.iter().zip(made) {
            let Some(dict) = dict else {
                continue;
            };
            for (slot, value) in values {
                if let Some(attribute) = mapper.attribute_at(slot) {
                    dict.insert_str(attribute.key(), value);
                }
            }
        }
        Ok(())
    }
    /// Save `rows`, in a transaction of their own inside the session's; what the database made
    /// of each.
    fn bulk_rows(
        &self,
        mapper: &Rc<Mapper>,
        rows: Vec<BulkRow>,
        how: BulkSave,
        cx: &Cx,
    ) -> Result<Vec<Vec<(u32, Value)>>> {
        let before = self.data().flushing.replace(true);
        let answer = self.bulk_inside(mapper, rows, how, cx);
        self.data().flushing.set(before);
        answer
    }
    fn bulk_inside(
        &self,
        mapper: &Rc<Mapper>,
        rows: Vec<BulkRow>,
        how: BulkSave,
        cx: &Cx,
    ) -> Result<Vec<Vec<(u32, Value)>>> {
        let transaction = self.autobegin(false, cx)?.begin_inside(false, cx)?;
        let written = self
            .mapper_connection(mapper, cx)
            .and_then(|connection| {
                let rows = rows.into_iter().map(|(row, _)| row).collect();
                write(mapper, rows, how, &connection, None, cx)
            })
            .and_then(|made| transaction.commit(false, cx).map(|()| made));
        match written {
            Ok(made) => Ok(made),
            Err(raised) => {
                transaction.rollback(Some(&raised), false, cx)?;
                Err(raised)
            }
        }
    }
}

fn attributes(instance: &Rc<Instance>, changed_only: bool) -> Vec<(Str, Value)> {
    let Some(state) = state_of(instance) else {
        return Vec::new();
    };
    let key = state.mapper().primary_key();
    state
        .mapper()
        .attributes()
        .iter()
        .filter(|attribute| attribute.property().column().is_some())
        .filter(|attribute| {
            let is_key = key
                .iter()
                .any(|column| state.mapper().column_slot(column) == Some(attribute.slot()));
            !changed_only || is_key || InstanceState::is_changed(state, attribute.slot())
        })
        .filter_map(|attribute| {
            let value = instance.slot(attribute.slot());
            (!value.is_undefined()).then(|| (attribute.key().clone(), value))
        })
        .collect()
}

/// A row in one table.
struct TableRow {
    index: usize,
    keys: Vec<u32>,
    values: Vec<Value>,
    criteria: Vec<Value>,
    has_all_keys: bool,
}

fn write(
    mapper: &Rc<Mapper>,
    mut rows: Vec<Vec<(Str, Value)>>,
    how: BulkSave,
    connection: &Connection,
    given: Option<(&Insert, &ExecutionOptions, &mut Vec<ResultSet>)>,
    cx: &Cx,
) -> Result<Vec<Vec<(u32, Value)>>> {
    let base = mapper.base_mapper();
    let mut made = vec![Vec::new(); rows.len()];
    let mut given = given;
    for table in HierarchyPlan::of(&base, cx)?.tables() {
        let Some(columns) = table.columns_of(mapper) else {
            continue;
        };
        let mut prepared = Vec::with_capacity(rows.len());
        for (index, row) in rows.iter().enumerate() {
            let one = if how.is_update {
                update_row(index, row, table, &columns, mapper, cx)?
            } else {
                Some(insert_row(index, row, &columns, mapper, how, cx)?)
            };
            prepared.extend(one);
        }
        let mut rest = prepared.as_mut_slice();
        while !rest.is_empty() {
            let first = &rest[0];
            let alike =
                |row: &&TableRow| row.keys == first.keys && row.has_all_keys == first.has_all_keys;
            let count = rest.iter().take_while(alike).count();
            let (group, after) = rest.split_at_mut(count.max(1));
            rest = after;
            if how.is_update {
                write_updates(table, &columns, group, connection, cx)?;
                continue;
            }
            let statement = given
                .as_ref()
                .map(|(insert, options, _)| (*insert, *options));
            let (values, result) =
                write_inserts(table, &columns, group, how, connection, statement, cx)?;
            for (index, values) in values {
                // The key of a base row is the key of the rows of its subclasses.
                for (slot, value) in &values {
                    if let Some(attribute) = mapper.attribute_at(*slot) {
                        rows[index].push((attribute.key().clone(), value.clone()));
                    }
                }
                made[index].extend(values);
            }
            if let Some((_, _, results)) = &mut given {
                results.push(result);
            }
        }
    }
    Ok(made)
}

fn insert_row(
    index: usize,
    row: &[(Str, Value)],
    columns: &MapperColumns,
    mapper: &Rc<Mapper>,
    how: BulkSave,
    cx: &Cx,
) -> Result<TableRow> {
    let (mut keys, mut values) = (Vec::new(), Vec::new());
    let mut has_all_keys = true;
    for (at, column) in columns.columns.iter().enumerate() {
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        let name = mapper
            .attribute_at(column.slot)
            .map(|one| one.key().clone());
        let value = row
            .iter()
            .find(|(key, _)| Some(key) == name.as_ref())
            .map(|(_, value)| value.clone());
        if column.is_version
            && let Some(version) = next_version_of(mapper, &Value::None, cx)?
        {
            keys.push(at);
            values.push(version);
            continue;
        }
        let value = match value {
            Some(Value::None) if !how.render_nulls && !column.evaluates_none => None,
            None => discriminator(mapper, column.slot),
            given => given,
        };
        match value {
            Some(value) => {
                keys.push(at);
                values.push(value);
            }
            None => has_all_keys &= !column.primary_key,
        }
    }
    Ok(TableRow {
        index,
        keys,
        values,
        criteria: Vec::new(),
        has_all_keys,
    })
}

/// The polymorphic identity, where `slot` is for it.
fn discriminator(mapper: &Rc<Mapper>, slot: u32) -> Option<Value> {
    let column = mapper.polymorphic_on()?;
    let identity = mapper.polymorphic_identity();
    (mapper.column_slot(&column) == Some(slot) && !identity.is_undefined())
        .then(|| identity.clone())
}

fn update_row(
    index: usize,
    row: &[(Str, Value)],
    _table: &TablePlan,
    columns: &MapperColumns,
    mapper: &Rc<Mapper>,
    cx: &Cx,
) -> Result<Option<TableRow>> {
    let find = |slot: u32| {
        let name = mapper.attribute_at(slot).map(|one| one.key().clone());
        row.iter()
            .find(|(key, _)| Some(key) == name.as_ref())
            .map(|(_, value)| value.clone())
    };
    let (mut keys, mut values, mut criteria) = (Vec::new(), Vec::new(), Vec::new());
    let mut missing = Vec::new();
    for at in &columns.primary_key {
        let column = &columns.columns[*at];
        match find(column.slot) {
            Some(value) if !value.is_none() => criteria.push(value),
            _ => missing.push(column.column.description()),
        }
    }
    if !missing.is_empty() {
        let message = format!(
            "No primary key value supplied for column(s) {}; per-row ORM Bulk UPDATE by Primary \
             Key requires that records contain primary key values",
            missing.join(", ")
        );
        return Err(with_code(INVALID_REQUEST_ERROR.error(message), "bupq"));
    }
    let mut version = None;
    for (at, column) in columns.columns.iter().enumerate() {
        if column.primary_key {
            continue;
        }
        let Some(value) = find(column.slot) else {
            continue;
        };
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        if column.is_version {
            if let Some(next) = next_version_of(mapper, &value, cx)? {
                keys.push(at);
                values.push(next);
            }
            version = Some(value);
            continue;
        }
        keys.push(at);
        values.push(value);
    }
    if keys.is_empty() {
        return Ok(None);
    }
    criteria.extend(version);
    Ok(Some(TableRow {
        index,
        keys,
        values,
        criteria,
        has_all_keys: true,
    }))
}

fn sets(columns: &MapperColumns, rows: &[TableRow], criteria: &[Str]) -> Vec<Value> {
    let names: Vec<Str> = rows.first().map_or_else(Vec::new, |row| {
        row.keys
            .iter()
            .map(|key| columns.columns[*key as usize].key.clone())
            .chain(criteria.iter().cloned())
            .collect()
    });
    rows.iter()
        .map(|row| {
            let values = row.values.iter().chain(&row.criteria).cloned();
            Value::Dict(Rc::new(Dict::from_pairs(names.iter().cloned().zip(values))))
        })
        .collect()
}

fn write_updates(
    table: &TablePlan,
    columns: &MapperColumns,
    rows: &[TableRow],
    connection: &Connection,
    cx: &Cx,
) -> Result<()> {
    let versioned = rows
        .first()
        .is_some_and(|row| row.criteria.len() > columns.primary_key.len());
    let (statement, criteria) = update_statement(table, columns, versioned, cx);
    let none = ExecutionOptions::none();
    let statement: Update = statement;
    execute(
        connection,
        &Executable::Update(statement),
        sets(columns, rows, &criteria),
        &none,
        cx,
    )
    .map(drop)
}

/// What the database made of each row, and the result.
type Inserted = (Vec<(usize, Vec<(u32, Value)>)>, ResultSet);

fn write_inserts(
    table: &TablePlan,
    columns: &MapperColumns,
    rows: &[TableRow],
    how: BulkSave,
    connection: &Connection,
    given: Option<(&Insert, &ExecutionOptions)>,
    cx: &Cx,
) -> Result<Inserted> {
    let none = ExecutionOptions::none();
    let (statement, options) = match given {
        Some((insert, options)) => (
            insert.with(|data| data.table = FromClause::Table(table.table.clone())),
            options,
        ),
        None => (Insert::new(FromClause::Table(table.table.clone())), &none),
    };
    let keys: Vec<_> = columns
        .primary_key
        .iter()
        .map(|at| columns.columns[*at].column.clone())
        .collect();
    // A base table's keys are needed for the tables of its subclasses.
    let has_subtables = !columns.equated.is_empty();
    let all_keys = rows.iter().all(|row| row.has_all_keys);
    let reads_back = (how.return_defaults || has_subtables) && !all_keys;
    let one_by_one = reads_back && !connection.dialect().insert_returning;
    let mut found = Vec::new();
    let mut last = None;
    let chunk = if one_by_one { 1 } else { rows.len().max(1) };
    for group in rows.chunks(chunk) {
        let statement = if reads_back && group.len() > 1 {
            statement.with(|data| {
                data.return_defaults = Some(keys.clone());
                data.sort_by_parameter_order = true;
            })
        } else {
            statement.clone()
        };
        let sets = sets(columns, group, &[]);
        let result = execute(
            connection,
            &Executable::Insert(statement),
            sets,
            options,
            cx,
        )?;
        if reads_back && let Some(context) = result.context() {
            let made = context.inserted_primary_key_rows(&result, cx)?;
            for (row, key) in group.iter().zip(made) {
                let Some(key) = key.downcast::<crate::engine::Row>() else {
                    continue;
                };
                let places = columns.primary_key.iter();
                let values = places
                    .zip(key.values().iter())
                    .map(|(at, value)| (columns.columns[*at].slot, value.clone()))
                    .collect();
                found.push((row.index, values));
            }
        }
        last = Some(result);
    }
    let result = last.unwrap_or_else(empty_result);
    Ok((found, result))
}

fn empty_result() -> ResultSet {
    let meta = Rc::new(RowMeta::new(Vec::new()));
    ResultSet::of_rows(
        ResultKind::Iterator,
        meta,
        Box::new(BufferedRows::new(Vec::new())),
    )
}

/// The rows that a statement's parameters are.
fn statement_rows(call: &ExecuteCall, cx: &Cx) -> Result<Vec<Vec<(Str, Value)>>> {
    let values = match &call.parameters.0 {
        Value::Dict(_) => vec![call.parameters.0.clone()],
        Value::List(list) => list.to_vec(),
        Value::Tuple(items) => items.to_vec(),
        _ => Vec::new(),
    };
    values
        .iter()
        .map(|value| row_of(value, cx).map(|(row, _)| row))
        .collect()
}

/// `session.execute(insert(Entity), rows)`.
pub fn bulk_insert_statement(
    session: &Session,
    mapper: &Rc<Mapper>,
    insert: &Insert,
    call: &ExecuteCall,
    options: &ExecutionOptions,
    cx: &Cx,
) -> Result<ResultSet> {
    let rows = statement_rows(call, cx)?;
    let connection = session.mapper_connection(mapper, cx)?;
    let mut results = Vec::new();
    let how = BulkSave {
        render_nulls: options.flag("render_nulls"),
        ..BulkSave::default()
    };
    let returns = !insert.data().returning.is_empty();
    if returns {
        return crate::orm::bulk_dml::insert_returning(session, mapper, insert, rows, options, cx);
    }
    let given = Some((insert, options, &mut results));
    write(mapper, rows, how, &connection, given, cx)?;
    Ok(results.pop().unwrap_or_else(empty_result))
}

/// `session.execute(update(Entity), rows)`.
pub fn bulk_update_statement(
    session: &Session,
    mapper: &Rc<Mapper>,
    call: &ExecuteCall,
    cx: &Cx,
) -> Result<ResultSet> {
    let rows = statement_rows(call, cx)?;
    let connection = session.mapper_connection(mapper, cx)?;
    let how = BulkSave {
        is_update: true,
        ..BulkSave::default()
    };
    write(mapper, rows, how, &connection, None, cx)?;
    Ok(empty_result())
}
