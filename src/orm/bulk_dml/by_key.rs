//! `update(Entity)` with several parameter sets: rows found by primary key, and what becomes of
//! their objects.

use std::rc::Rc;

use super::options::Synchronize;
use super::rows::{BulkRow, find};
use super::update_rows::BulkUpdate;
use crate::engine::ResultSet;
use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::object::{Cx, Result, Str, Value};
use crate::orm::session::Session;
use crate::orm::{IdentityKey, Mapper, instance_events, state_of};
use crate::sql::dml::Update;

/// Update the rows that `rows` have the keys of.
pub fn update(
    session: &Session,
    mapper: &Rc<Mapper>,
    update: &Update,
    rows: &[BulkRow],
    how: Synchronize,
    cx: &Cx,
) -> Result<ResultSet> {
    let synchronizes = how != Synchronize::No;
    let connection = session.mapper_connection(mapper, cx)?;
    if synchronizes && !update.data().where_criteria.is_empty() {
        return Err(INVALID_REQUEST_ERROR.error(
            "bulk synchronize of persistent objects not supported when using bulk update with \
             additional WHERE criteria right now.  add synchronize_session=None execution option \
             to bypass synchronize of persistent objects.",
        ));
    }
    let bulk = BulkUpdate {
        mapper,
        connection: &connection,
        own: Some(update),
    };
    bulk.run(rows, cx)?;
    if synchronizes {
        let keys = key_names(mapper);
        for row in rows {
            apply(session, mapper, &keys, row, cx)?;
        }
    }
    Ok(super::null_result())
}

fn key_names(mapper: &Rc<Mapper>) -> Vec<Str> {
    let columns = mapper.primary_key();
    let props = columns
        .iter()
        .filter_map(|column| mapper.column_prop(column));
    props.map(|prop| prop.key()).collect()
}

/// Give the object of `row`, if there is one, the values that its row has now.
fn apply(
    session: &Session,
    mapper: &Rc<Mapper>,
    keys: &[Str],
    row: &BulkRow,
    cx: &Cx,
) -> Result<()> {
    let values: Vec<Value> = keys
        .iter()
        .map(|key| find(row, key).cloned().unwrap_or(Value::None))
        .collect();
    let key = IdentityKey::new(mapper.identity_base().class(), values, Value::None, cx)?;
    let Some(instance) = session.by_identity(&key) else {
        return Ok(());
    };
    let Some(state) = state_of(&instance) else {
        return Ok(());
    };
    let (mut set, mut changed) = (Vec::new(), Vec::new());
    for (name, value) in row.iter().filter(|(name, _)| !keys.contains(name)) {
        let Some(attribute) = state.mapper().attribute(name) else {
            continue;
        };
        let slot = attribute.slot();
        let loaded = instance.with_slot(slot, |value| !value.is_undefined());
        if state.is_changed(slot) {
            changed.extend(loaded.then_some(slot));
            continue;
        }
        if loaded {
            drop(instance.set_slot(slot, value.clone()));
        }
        set.push(slot);
    }
    instance_events::fire_refresh(&instance, Value::None, Some(&set), cx)?;
    state.commit(&instance, set);
    state.expire_slots(&instance, &changed, false);
    Ok(())
}
