//! Bulk operations: rows written without cascades, grouped by the keys they have.

use std::rc::Rc;

use super::Session;
use super::get::expect_mapper;
use super::lifecycle::expect_instance;
use crate::engine::Connection;
use crate::object::{Cx, Dict, Instance, Result, Str, Value};
use crate::orm::bulk_dml::{BulkInsert, BulkRow, BulkRows, BulkUpdate, expand_composites};
use crate::orm::{InstanceState, Mapper, identity_key_of, state_of};

/// How rows are saved in bulk.
#[derive(Clone, Copy, Default)]
pub struct BulkSave {
    /// They exist already.
    pub is_update: bool,
    /// `return_defaults=`.
    pub return_defaults: bool,
    /// `render_nulls=`.
    pub render_nulls: bool,
}

/// The values by the names of attributes that the mapping `value` has.
pub fn bulk_row(value: &Value, cx: &Cx) -> Result<BulkRow> {
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
    let mut row = BulkRow::with_capacity(dict.len());
    dict.each_str(|name, value| row.push((name.clone(), value.clone())));
    Ok(row)
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
        let mut rows = Vec::with_capacity(mappings.len());
        for mapping in mappings {
            rows.push(bulk_row(mapping, cx)?);
        }
        expand_composites(&mapper, &mut rows, cx)?;
        let rows = self.bulk_rows(&mapper, rows, how, cx)?;
        if how.return_defaults {
            for (mapping, row) in mappings.iter().zip(rows) {
                if let Value::Dict(dict) = mapping {
                    for (key, value) in row {
                        dict.insert_str(&key, value);
                    }
                }
            }
        }
        Ok(())
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
                .map(|(instance, ..)| attributes(instance, *has_key && changed_only))
                .collect();
            let how = BulkSave {
                is_update: *has_key,
                return_defaults,
                render_nulls: false,
            };
            let made = self.bulk_rows(mapper, rows, how, cx)?;
            for ((instance, ..), row) in group.iter().zip(made) {
                take_values(instance, row);
                if return_defaults && let Some(state) = state_of(instance) {
                    state.set_key(Some(identity_key_of(instance, cx)?));
                }
            }
        }
        Ok(())
    }
    /// Save `rows`, in a transaction of their own inside the session's; answers them with the keys
    /// that the database made.
    fn bulk_rows(
        &self,
        mapper: &Rc<Mapper>,
        rows: Vec<BulkRow>,
        how: BulkSave,
        cx: &Cx,
    ) -> Result<Vec<BulkRow>> {
        let before = self.data().flushing.replace(true);
        let answer = self.bulk_inside(mapper, rows, how, cx);
        self.data().flushing.set(before);
        answer
    }
    fn bulk_inside(
        &self,
        mapper: &Rc<Mapper>,
        mut rows: Vec<BulkRow>,
        how: BulkSave,
        cx: &Cx,
    ) -> Result<Vec<BulkRow>> {
        let transaction = self.begin_work(cx)?;
        let written = self
            .mapper_connection(mapper, cx)
            .and_then(|connection| write(mapper, &mut rows, how, &connection, cx))
            .and_then(|()| transaction.commit(false, cx));
        match written {
            Ok(()) => Ok(rows),
            Err(raised) => {
                transaction.rollback(Some(&raised), false, cx)?;
                Err(raised)
            }
        }
    }
}

fn write(
    mapper: &Rc<Mapper>,
    rows: &mut [BulkRow],
    how: BulkSave,
    connection: &Connection,
    cx: &Cx,
) -> Result<()> {
    if how.is_update {
        let update = BulkUpdate {
            mapper,
            connection,
            own: None,
        };
        return update.run(rows, cx);
    }
    let insert = BulkInsert {
        mapper,
        connection,
        return_defaults: how.return_defaults,
        render_nulls: how.render_nulls,
        own: None,
    };
    insert.run(BulkRows::Made(rows), cx).map(drop)
}

/// Give `instance` what the database made.
fn take_values(instance: &Rc<Instance>, row: BulkRow) {
    let Some(state) = state_of(instance) else {
        return;
    };
    for (key, value) in row {
        if let Some(attribute) = state.mapper().attribute(&key) {
            let missing = |held: &Value| held.is_undefined() || held.is_none();
            if instance.with_slot(attribute.slot(), missing) {
                drop(instance.set_slot(attribute.slot(), value));
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
