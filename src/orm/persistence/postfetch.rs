//! What an object takes over from the database once its row is written.

use std::rc::Rc;

use super::Target;
use super::emit::Emitted;
use super::insert::InsertRow;
use super::plan::MapperColumns;
use super::update::UpdateRow;
use crate::engine::Connection;
use crate::object::{Cx, Result, Value};
use crate::orm::exc::FLUSH_ERROR;
use crate::orm::loading::{IdentLoad, load_on_identity};
use crate::orm::session::FlushContext;
use crate::orm::unitofwork::UowTransaction;
use crate::orm::{Mapper, identity_key_of, instance_events, sync};
use crate::sql::ColumnElement;

/// Put a value that the database has into a slot.
fn take(target: &Target, slot: u32, value: Value) {
    drop(target.instance.set_slot(slot, value));
    target.state().forget_change(slot);
}

/// The attributes that a flush gave new values: what the database returned, what Python's
/// defaults made.
#[derive(Default)]
struct Refreshed {
    returned: Vec<u32>,
    made: Vec<u32>,
}

impl Refreshed {
    /// Tell the listeners for `refresh_flush`.
    fn tell(self, target: &Target, uow: &UowTransaction, cx: &Cx) -> Result<()> {
        let slots = self.returned.iter().chain(&self.made);
        if slots.clone().next().is_none()
            || !instance_events::hears(&target.mapper, "refresh_flush")
        {
            return Ok(());
        }
        let attributes = slots.filter_map(|slot| target.mapper.attribute_at(*slot));
        let names = attributes
            .map(|one| Value::Str(one.key().clone()))
            .collect();
        let context = Value::object(FlushContext(uow.session().clone()));
        let args = [context, Value::list(names)];
        instance_events::fire(&target.instance, "refresh_flush", &args, cx)
    }
}

/// After the INSERT of `row`, number `at` of its statement.
pub fn after_insert(
    target: &Target,
    row: &InsertRow<'_>,
    at: usize,
    emitted: &Emitted,
    uow: &mut UowTransaction,
    cx: &Cx,
) -> Result<()> {
    let columns = row.columns;
    if columns.has_defaults || !row.expressions.is_empty() || columns.version.is_some() {
        let returned = emitted.returned_defaults(at, cx)?;
        let (mut expired, mut refreshed) = (Vec::new(), Refreshed::default());
        for (index, column) in columns.columns.iter().enumerate() {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            let expression = row.expressions.iter().any(|(known, _)| *known == index);
            if row.keys.contains(&index) {
                if column.is_version
                    && let Some(value) = emitted.parameter(at, &column.key, cx)?
                {
                    take(target, column.slot, value);
                    refreshed.made.push(column.slot);
                }
                continue;
            }
            if column.primary_key {
                if column.python_default
                    && let Some(value) = emitted.parameter(at, &column.key, cx)?
                {
                    take(target, column.slot, value);
                    refreshed.made.push(column.slot);
                }
                continue;
            }
            let from_row = returned
                .iter()
                .find(|(known, _)| Rc::ptr_eq(known, &column.column));
            if let Some((_, value)) = from_row {
                drop(target.instance.set_slot(column.slot, value.clone()));
                refreshed.returned.push(column.slot);
            } else if expression || column.server_default {
                expired.push(column.slot);
            } else if column.python_default
                && let Some(value) = emitted.parameter(at, &column.key, cx)?
            {
                take(target, column.slot, value);
                refreshed.made.push(column.slot);
            }
        }
        refreshed.tell(target, uow, cx)?;
        if !expired.is_empty() {
            target
                .state()
                .expire_slots(&target.instance, &expired, false);
        }
    }
    copy_equated(target, columns, uow, cx)
}

/// After the UPDATE of `row`, number `at` of its statement.
pub fn after_update(
    target: &Target,
    row: &UpdateRow,
    at: usize,
    emitted: &Emitted,
    uow: &mut UowTransaction,
    cx: &Cx,
) -> Result<()> {
    let columns = &row.columns;
    let returned = emitted.returned_defaults(at, cx)?;
    let (mut expired, mut refreshed) = (Vec::new(), Refreshed::default());
    for (index, column) in columns.columns.iter().enumerate() {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        let is_set = row.keys.contains(&index);
        let expression = row.expressions.iter().any(|(known, _)| *known == index);
        let from_row = returned
            .iter()
            .find(|(known, _)| Rc::ptr_eq(known, &column.column));
        if let Some((_, value)) = from_row {
            drop(target.instance.set_slot(column.slot, value.clone()));
            refreshed.returned.push(column.slot);
        } else if expression || column.server_onupdate && !is_set {
            expired.push(column.slot);
        } else if (column.is_version && is_set || column.python_onupdate && !is_set)
            && let Some(value) = emitted.parameter(at, &column.key, cx)?
        {
            take(target, column.slot, value);
            refreshed.made.push(column.slot);
        }
    }
    refreshed.tell(target, uow, cx)?;
    if !expired.is_empty() {
        target
            .state()
            .expire_slots(&target.instance, &expired, false);
    }
    copy_equated(target, columns, uow, cx)
}

/// After the UPDATE that a `post_update` relationship asked for.
pub fn after_post_update(
    target: &Target,
    columns: &MapperColumns,
    keys: &[u32],
    values: &[Value],
    uow: &UowTransaction,
) {
    let deleted = uow.is_deleted(&target.instance);
    if let Some(version) = columns.version {
        let place = keys.iter().position(|key| *key as usize == version);
        if let Some(value) = place.and_then(|place| values.get(place)) {
            take(target, columns.columns[version].slot, value.clone());
        }
    }
    if deleted {
        return;
    }
    let expired: Vec<u32> = columns
        .columns
        .iter()
        .filter(|column| column.server_onupdate)
        .map(|column| column.slot)
        .collect();
    if !expired.is_empty() {
        target
            .state()
            .expire_slots(&target.instance, &expired, false);
    }
}

/// Copy keys from one table of the hierarchy to the next.
pub fn copy_equated(
    target: &Target,
    columns: &MapperColumns,
    uow: &mut UowTransaction,
    cx: &Cx,
) -> Result<()> {
    for (mapper, pairs) in &columns.equated {
        let cascades = target.mapper.options().passive_updates;
        sync::populate(
            (&target.instance, mapper),
            (&target.instance, mapper),
            pairs,
            cascades.then_some(&mut *uow),
            cx,
        )?;
    }
    Ok(())
}

/// All tables are written: expire what the database computes, tell listeners.
pub fn finish(
    target: &Target,
    connection: &Connection,
    uow: &mut UowTransaction,
    cx: &Cx,
) -> Result<()> {
    let state = target.state();
    let mapper = &target.mapper;
    let mut readonly = Vec::new();
    for slot in readonly_slots(mapper).iter() {
        let Some(attribute) = mapper.attribute_at(*slot) else {
            continue;
        };
        let Some(column) = attribute.property().column() else {
            continue;
        };
        let loaded = target
            .instance
            .with_slot(*slot, |value| !value.is_undefined());
        let on_flush = column.expire_on_flush.get();
        let deferred = column.deferred.get();
        let due = if loaded { on_flush } else { !deferred };
        if due && !state.is_changed(*slot) {
            readonly.push(*slot);
        }
    }
    if !readonly.is_empty() {
        state.expire_slots(&target.instance, &readonly, false);
    }
    load_now(target, uow, cx)?;
    let event = if target.has_identity {
        "after_update"
    } else {
        "after_insert"
    };
    instance_events::fire_mapper(mapper, event, connection, &target.instance, cx)?;
    if matches!(mapper.options().version_id_generator, Value::Bool(false)) {
        let slot = mapper
            .version_id()
            .and_then(|column| mapper.column_slot(&column));
        let missing = |slot: u32| {
            target
                .instance
                .with_slot(slot, |value| value.is_none() || value.is_undefined())
        };
        if slot.is_some_and(missing) {
            return Err(FLUSH_ERROR.error("Instance does not contain a non-NULL version value"));
        }
    }
    Ok(())
}

/// `eager_defaults=True`: read back what the statement could not return.
fn load_now(target: &Target, uow: &mut UowTransaction, cx: &Cx) -> Result<()> {
    let mapper = &target.mapper;
    let mut slots = Vec::new();
    if matches!(
        mapper.base_mapper().options().eager_defaults,
        Value::Bool(true)
    ) {
        for attribute in mapper.attributes().iter() {
            let made = attribute
                .property()
                .column()
                .and_then(crate::orm::ColumnProperty::table_column)
                .is_some_and(|column| {
                    column.server_default.borrow().is_some()
                        || column.server_onupdate.borrow().is_some()
                });
            let unloaded = target
                .instance
                .with_slot(attribute.slot(), Value::is_undefined);
            if made && unloaded && !target.state().is_changed(attribute.slot()) {
                slots.push(attribute.slot());
            }
        }
    }
    if slots.is_empty() {
        return Ok(());
    }
    let key = identity_key_of(&target.instance, cx)?;
    target.state().set_key(Some(key.clone()));
    let load = IdentLoad {
        key: Some(key),
        refresh: Some(target.instance.clone()),
        only: Some(slots),
        ..IdentLoad::of(mapper)
    };
    let session = uow.session().clone();
    load_on_identity(&session, &load, cx).map(drop)
}

/// The slots of attributes that hold no column of the mapper's tables.
fn readonly_slots(mapper: &Rc<Mapper>) -> Rc<Vec<u32>> {
    let known = mapper.caches.borrow().get("readonly").cloned();
    if let Some(known) = known.and_then(|known| known.downcast::<Vec<u32>>().ok()) {
        return known;
    }
    let is_written = |element: &ColumnElement| match element.plain() {
        ColumnElement::Column(column) => {
            mapper.tables().iter().any(|table| column.belongs_to(table))
        }
        _ => false,
    };
    let slots = mapper
        .attributes()
        .iter()
        .filter(|attribute| {
            let column = attribute.property().column();
            column.is_some_and(|column| !column.columns.borrow().iter().any(is_written))
        })
        .map(|attribute| attribute.slot())
        .collect();
    let slots: Rc<Vec<u32>> = Rc::new(slots);
    mapper.caches.borrow_mut().insert("readonly", slots.clone());
    slots
}
