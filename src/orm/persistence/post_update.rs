//! The UPDATEs of `post_update` relationships, once both sides are written.

use std::rc::Rc;

use super::emit::run;
use super::insert::next_version;
use super::plan::{HierarchyPlan, MapperColumns, TablePlan};
use super::update::update_statement;
use super::{Target, base_version, postfetch, sorted};
use crate::engine::{Connection, ValueRows};
use crate::object::{Cx, Instance, Result, Str, Value};
use crate::orm::exc::STALE_DATA_ERROR;
use crate::orm::unitofwork::UowTransaction;
use crate::orm::{Held, Mapper, Passive, state_of, sync};
use crate::sql::execution::ParameterSets;
use crate::sql::{ColumnElement, Executable};

struct Row {
    target: usize,
    columns: Rc<MapperColumns>,
    keys: Vec<u32>,
    values: Vec<Value>,
    criteria: Vec<Value>,
    versioned: bool,
}

/// Write `columns` of `instances`.
pub fn post_update(
    base: &Rc<Mapper>,
    instances: &[Rc<Instance>],
    columns: &[ColumnElement],
    uow: &mut UowTransaction,
    cx: &Cx,
) -> Result<()> {
    if instances.is_empty() {
        return Ok(());
    }
    let connection = uow.session().mapper_connection(base, cx)?;
    let mut targets = Vec::with_capacity(instances.len());
    for instance in sorted(instances, cx)? {
        let state = state_of(&instance).expect("only mapped objects are flushed");
        let mapper = state.mapper().clone();
        let version = match base_version(&mapper) {
            Some(column) => sync::committed_value(&instance, &mapper, &column, cx)?,
            None => None,
        };
        let has_identity = state.has_identity();
        targets.push(Target {
            instance,
            mapper,
            version,
            has_identity,
        });
    }
    for table in HierarchyPlan::of(base, cx)?.tables() {
        let mut rows = Vec::new();
        for (index, target) in targets.iter().enumerate() {
            rows.extend(row_of(table, index, target, columns, cx)?);
        }
        emit(table, &targets, rows, &connection, uow, cx)?;
    }
    Ok(())
}

fn row_of(
    table: &TablePlan,
    index: usize,
    target: &Target,
    wanted: &[ColumnElement],
    cx: &Cx,
) -> Result<Option<Row>> {
    let Some(columns) = table.columns_of(&target.mapper) else {
        return Ok(None);
    };
    let mut row = Row {
        target: index,
        columns: columns.clone(),
        keys: Vec::new(),
        values: Vec::new(),
        criteria: Vec::new(),
        versioned: false,
    };
    for (at, column) in columns.columns.iter().enumerate() {
        let element = ColumnElement::Column(column.column.clone());
        let due = wanted.iter().any(|one| one.same(&element))
            || column.python_onupdate
            || column.server_onupdate;
        if column.primary_key || !due {
            continue;
        }
        let Some(attribute) = target.mapper.attribute_at(column.slot) else {
            continue;
        };
        let history = attribute.history(&target.instance, Passive::NO_INITIALIZE, cx)?;
        if let Some(value) = history.added().first() {
            row.keys.push(u32::try_from(at).unwrap_or(u32::MAX));
            row.values.push(value.clone());
        }
    }
    if row.keys.is_empty() {
        return Ok(None);
    }
    for at in &columns.primary_key {
        let element = ColumnElement::Column(columns.columns[*at].column.clone());
        let held = sync::read(&target.instance, &target.mapper, &element, Passive::OFF, cx)?;
        row.criteria.push(match held {
            Some(Held::Value(value)) => value,
            _ => Value::None,
        });
    }
    if let (Some(version), Some(at)) = (&target.version, columns.version) {
        row.criteria.push(version.clone());
        row.versioned = true;
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        if target.has_identity
            && !row.keys.contains(&at)
            && let Some(next) = next_version(target, version, cx)?
        {
            let place = row.keys.partition_point(|known| *known < at);
            row.keys.insert(place, at);
            row.values.insert(place, next);
        }
    }
    Ok(Some(row))
}

fn emit(
    table: &TablePlan,
    targets: &[Target],
    rows: Vec<Row>,
    connection: &Connection,
    uow: &mut UowTransaction,
    cx: &Cx,
) -> Result<()> {
    let mut rows = rows.as_slice();
    while let Some(first) = rows.first() {
        let alike = |row: &&Row| {
            Rc::ptr_eq(&row.columns, &first.columns)
                && row.keys == first.keys
                && row.versioned == first.versioned
        };
        let count = rows.iter().take_while(alike).count();
        let (group, rest) = rows.split_at(count.max(1));
        rows = rest;
        let (statement, criteria) = update_statement(table, &first.columns, first.versioned, cx);
        let statement = Executable::Update(statement);
        let mut keys: Vec<Str> = first
            .keys
            .iter()
            .map(|key| first.columns.columns[*key as usize].key.clone())
            .collect();
        keys.extend(criteria);
        let mut matched = 0;
        let step = if first.versioned { 1 } else { group.len() };
        for chunk in group.chunks(step) {
            let mut values = ValueRows::with_capacity(keys.len(), chunk.len());
            for row in chunk {
                values.push(row.values.iter().chain(&row.criteria).cloned());
            }
            let sets = ParameterSets::of_rows(keys.clone().into(), values);
            let emitted = run(connection, &statement, sets, cx)?;
            matched += emitted.rowcount();
            for row in chunk {
                let target = &targets[row.target];
                postfetch::after_post_update(target, &row.columns, &row.keys, &row.values, uow);
            }
        }
        if usize::try_from(matched).is_ok_and(|matched| matched != group.len()) {
            return Err(STALE_DATA_ERROR.error(format!(
                "UPDATE statement on table '{}' expected to update {} row(s); {matched} were \
                 matched.",
                table.table.full_name(),
                group.len()
            )));
        }
    }
    Ok(())
}
