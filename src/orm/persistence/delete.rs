//! DELETEs of a flush.

use std::rc::Rc;

use super::emit::run;
use super::plan::{HierarchyPlan, MapperColumns, TablePlan};
use super::{Target, base_version, sorted};
use crate::engine::exc::SA_WARNING;
use crate::engine::{Connection, ValueRows};
use crate::object::{Cx, Instance, Result, Str, Value};
use crate::orm::exc::{FLUSH_ERROR, STALE_DATA_ERROR};
use crate::orm::support::element_equals_bind;
use crate::orm::unitofwork::UowTransaction;
use crate::orm::{Mapper, instance_events, state_of, sync};
use crate::sql::dml::Delete;
use crate::sql::execution::ParameterSets;
use crate::sql::{ColumnElement, Executable, FromClause};

/// DELETE of `instances`, from the tables that depend on others first.
pub fn delete(
    base: &Rc<Mapper>,
    instances: &[Rc<Instance>],
    uow: &mut UowTransaction,
    cx: &Cx,
) -> Result<()> {
    if instances.is_empty() {
        return Ok(());
    }
    let connection = uow.session().mapper_connection(base, cx)?;
    let mut targets = Vec::with_capacity(instances.len());
    for instance in sorted(instances, cx)? {
        let mapper = state_of(&instance)
            .expect("only mapped objects are flushed")
            .mapper()
            .clone();
        instance_events::fire_mapper(&mapper, "before_delete", &connection, &instance, cx)?;
        let version = match base_version(&mapper) {
            Some(column) => sync::committed_value(&instance, &mapper, &column, cx)?,
            None => None,
        };
        targets.push(Target {
            instance,
            mapper,
            version,
            has_identity: true,
        });
    }
    let hierarchy = HierarchyPlan::of(base, cx)?;
    for table in hierarchy.tables().iter().rev() {
        if table.mapper.inherits().is_some() && table.mapper.options().passive_deletes {
            continue;
        }
        delete_from(table, &targets, &connection, uow, cx)?;
    }
    for target in &targets {
        let event = "after_delete";
        instance_events::fire_mapper(&target.mapper, event, &connection, &target.instance, cx)?;
    }
    Ok(())
}

fn delete_from(
    table: &TablePlan,
    targets: &[Target],
    connection: &Connection,
    uow: &mut UowTransaction,
    cx: &Cx,
) -> Result<()> {
    let mut rows = ValueRows::default();
    let mut columns: Option<Rc<MapperColumns>> = None;
    for target in targets {
        if target.state().key().is_none() {
            continue;
        }
        if let Some(own) = table.columns_of(&target.mapper) {
            rows.push(row_of(table, target, &own, cx)?);
            columns = Some(own);
        }
    }
    let Some(columns) = columns else {
        return Ok(());
    };
    let version = columns.version;
    let places = columns.primary_key.iter().copied().chain(version);
    let places: Vec<usize> = places.collect();
    let keys: Vec<Str> = places
        .iter()
        .map(|at| columns.columns[*at].key.clone())
        .collect();
    let criteria = places
        .iter()
        .map(|at| {
            let column = &columns.columns[*at];
            element_equals_bind(
                &ColumnElement::Column(column.column.clone()),
                &column.key,
                cx,
            )
        })
        .collect();
    let statement = Delete::new(FromClause::Table(table.table.clone()))
        .with(|data| data.where_criteria = criteria);
    let statement = Executable::Delete(statement);
    let expected = rows.len();
    let sets = ParameterSets::of_rows(keys.into(), rows);
    let matched = run(connection, &statement, sets, cx)?.rowcount();
    check(table, expected, matched, version.is_some(), uow, cx)
}

fn row_of(
    table: &TablePlan,
    target: &Target,
    columns: &MapperColumns,
    cx: &Cx,
) -> Result<Vec<Value>> {
    let mut values = Vec::with_capacity(columns.primary_key.len() + 1);
    for at in &columns.primary_key {
        let column = &columns.columns[*at];
        let state = target.state();
        let known = if state.is_changed(column.slot) {
            None
        } else {
            Some(target.instance.slot(column.slot)).filter(|value| !value.is_undefined())
        };
        let value = if let Some(value) = known {
            Some(value)
        } else {
            let element = ColumnElement::Column(column.column.clone());
            sync::committed_value(&target.instance, &target.mapper, &element, cx)?
        };
        match value {
            Some(value) if !value.is_none() => values.push(value),
            _ => {
                return Err(FLUSH_ERROR.error(format!(
                    "Can't delete from table {} using NULL for primary key value on column {}",
                    table.table.full_name(),
                    column.column.description()
                )));
            }
        }
    }
    if columns.version.is_some() {
        values.push(target.version.clone().unwrap_or(Value::None));
    }
    Ok(values)
}

fn check(
    table: &TablePlan,
    expected: usize,
    matched: i64,
    versioned: bool,
    uow: &UowTransaction,
    cx: &Cx,
) -> Result<()> {
    let found = usize::try_from(matched).unwrap_or(expected);
    if !table.base.options().confirm_deleted_rows || found == expected {
        return Ok(());
    }
    let message = format!(
        "DELETE statement on table '{}' expected to delete {expected} row(s); {matched} were \
         matched.  Please set confirm_deleted_rows=False within the mapper configuration to \
         prevent this warning.",
        table.table.full_name()
    );
    if versioned {
        return Err(STALE_DATA_ERROR.error(message));
    }
    uow.session().warn(&SA_WARNING, &message, cx);
    Ok(())
}
