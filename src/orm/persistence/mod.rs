//! Writing objects: what a flush inserts, updates and deletes, table by table.

mod delete;
mod emit;
mod insert;
mod plan;
mod post_update;
mod postfetch;
pub mod secondary;
mod sort;
mod update;

use std::rc::Rc;

pub use emit::Emitted;
pub use insert::{emit_inserts, next_version_of};
pub use plan::{HierarchyPlan, MapperColumns, TablePlan};
pub use sort::sorted;
pub use update::{check_matched, emit_updates, update_statement};

use super::unitofwork::UowTransaction;
use super::{InstanceState, Mapper, identity_key_of, instance_events, state_of};
use crate::engine::Connection;
use crate::engine::exc::SA_WARNING;
use crate::object::{Cx, Instance, Result, Value};
use crate::sql::ColumnElement;

/// An object to be written.
pub struct Target {
    /// The object.
    pub instance: Rc<Instance>,
    /// Its mapper.
    pub mapper: Rc<Mapper>,
    /// The version its row has.
    pub version: Option<Value>,
    /// Whether it has a row.
    pub has_identity: bool,
}

impl Target {
    /// Its state.
    pub fn state(&self) -> &InstanceState {
        state_of(&self.instance).expect("only mapped objects are written")
    }
}

/// INSERT and UPDATE of `instances`, which are of the hierarchy of `base`.
pub fn save(
    base: &Rc<Mapper>,
    instances: &[Rc<Instance>],
    uow: &mut UowTransaction,
    cx: &Cx,
) -> Result<()> {
    if !base.options().batch {
        for instance in sorted(instances, cx)? {
            save_batch(base, &[instance], uow, cx)?;
        }
        return Ok(());
    }
    save_batch(base, instances, uow, cx)
}

fn save_batch(
    base: &Rc<Mapper>,
    instances: &[Rc<Instance>],
    uow: &mut UowTransaction,
    cx: &Cx,
) -> Result<()> {
    if instances.is_empty() {
        return Ok(());
    }
    let connection = uow.session().mapper_connection(base, cx)?;
    let ordered = sorted(instances, cx)?;
    let new = ordered.iter().filter(|one| is_new(one)).count();
    let (mut to_insert, mut to_update) = (
        Vec::with_capacity(new),
        Vec::with_capacity(ordered.len() - new),
    );
    for instance in ordered {
        let (target, row_switch) = organize(&connection, instance, uow, cx)?;
        if target.has_identity || row_switch {
            to_update.push(target);
        } else {
            to_insert.push(target);
        }
    }
    let hierarchy = HierarchyPlan::of(base, cx)?;
    for table in hierarchy.tables() {
        let inserts = insert::collect(table, &to_insert, &connection, cx)?;
        let updates = update::collect(table, &to_update, uow, cx)?;
        emit_updates(table, &to_update, updates, &connection, uow, cx)?;
        emit_inserts(table, &to_insert, inserts, &connection, uow, cx)?;
    }
    for target in to_insert.iter().chain(&to_update) {
        postfetch::finish(target, &connection, uow, cx)?;
    }
    Ok(())
}

fn is_new(instance: &Rc<Instance>) -> bool {
    state_of(instance).is_some_and(|state| !state.has_identity())
}

/// Get an object ready to be written: tell listeners, see whether it takes the place of an
/// object that is deleted in the same flush.
fn organize(
    connection: &Connection,
    instance: Rc<Instance>,
    uow: &mut UowTransaction,
    cx: &Cx,
) -> Result<(Target, bool)> {
    let state = state_of(&instance).expect("only mapped objects are flushed");
    let mapper = state.mapper().clone();
    let has_identity = state.has_identity();
    let event = if has_identity {
        "before_update"
    } else {
        "before_insert"
    };
    instance_events::fire_mapper(&mapper, event, connection, &instance, cx)?;
    check_polymorphic_identity(&mapper, &instance, state, cx)?;
    let mut switched = None;
    if !has_identity && has_key_values(&mapper, &instance) {
        let key = identity_key_of(&instance, cx)?;
        if let Some(existing) = uow.session().by_identity(&key)
            && !uow.was_already_deleted(&existing, cx)?
        {
            if uow.is_deleted(&existing) {
                uow.remove_actions(&existing);
                switched = Some(existing);
            } else {
                let shown = cx.repr(&key.to_value())?;
                let other = state_of(&existing).map(InstanceState::describe);
                uow.session().clone().warn(
                    &SA_WARNING,
                    &format!(
                        "New instance {} with identity key {shown} conflicts with \
                             persistent instance {}",
                        state.describe(),
                        other.unwrap_or_default()
                    ),
                    cx,
                );
            }
        }
    }
    let version = match base_version(&mapper) {
        Some(column) if has_identity || switched.is_some() => {
            let holder = switched.as_ref().unwrap_or(&instance);
            super::sync::committed_value(holder, &mapper, &column, cx)?
        }
        _ => None,
    };
    let row_switch = switched.is_some();
    let target = Target {
        instance,
        mapper,
        version,
        has_identity,
    };
    Ok((target, row_switch))
}

/// The version column of the hierarchy.
pub fn base_version(mapper: &Rc<Mapper>) -> Option<ColumnElement> {
    mapper.version_id()
}

/// Whether every primary key attribute has a value.
fn has_key_values(mapper: &Rc<Mapper>, instance: &Instance) -> bool {
    mapper.primary_key().iter().all(|column| {
        mapper.column_slot(column).is_some_and(|slot| {
            instance.with_slot(slot, |value| !value.is_undefined() && !value.is_none())
        })
    })
}

fn check_polymorphic_identity(
    mapper: &Rc<Mapper>,
    instance: &Rc<Instance>,
    state: &InstanceState,
    cx: &Cx,
) -> Result<()> {
    let Some(column) = mapper.polymorphic_on() else {
        return Ok(());
    };
    let Some(slot) = mapper.column_slot(&column) else {
        return Ok(());
    };
    let value = instance.slot(slot);
    if value.is_undefined() {
        return Ok(());
    }
    let mut acceptable = false;
    for descendant in mapper.self_and_descendants() {
        acceptable |= cx.eq(&value, descendant.polymorphic_identity())?;
    }
    if !acceptable {
        cx.warn(
            &SA_WARNING,
            &format!(
                "Flushing object {} with incompatible polymorphic identity {}; the object may \
                 not refresh and/or load correctly",
                state.describe(),
                cx.repr(&value)?
            ),
        );
    }
    Ok(())
}

/// DELETE of `instances`, which are of the hierarchy of `base`.
pub fn delete(
    base: &Rc<Mapper>,
    instances: &[Rc<Instance>],
    uow: &mut UowTransaction,
    cx: &Cx,
) -> Result<()> {
    delete::delete(base, instances, uow, cx)
}

/// The UPDATEs that `post_update` asks for.
pub fn post_update(
    base: &Rc<Mapper>,
    instances: &[Rc<Instance>],
    columns: &[ColumnElement],
    uow: &mut UowTransaction,
    cx: &Cx,
) -> Result<()> {
    post_update::post_update(base, instances, columns, uow, cx)
}
