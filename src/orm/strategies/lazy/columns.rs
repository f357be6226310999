//! Loading columns of one instance: those that expired, and deferred ones.

use std::rc::Rc;

use crate::engine::echo::{Cause, because};
use crate::engine::exc::{INVALID_REQUEST_ERROR, SA_WARNING};
use crate::object::{Cx, Instance, Result, Str, Value};
use crate::orm::exc::{OBJECT_DELETED_ERROR, detached};
use crate::orm::loading::{IdentLoad, load_on_identity};
use crate::orm::session::session_of;
use crate::orm::{
    Attribute, Held, IdentityKey, InstanceState, Loaded, Mapper, MapperProperty, Passive,
    identity_key_of, sync,
};
use crate::sql::visitors::{self, Replacement};
use crate::sql::{ColumnElement, FromItem, LabelStyle, Select, SelectItem};

/// Load columns of one instance: `load_scalar_attributes`.
pub(super) fn load_columns(
    instance: &Rc<Instance>,
    state: &InstanceState,
    slots: &[u32],
    passive: Passive,
    cx: &Cx,
) -> Result<()> {
    let Some(session) = session_of(instance, cx) else {
        return Err(detached(format!(
            "Instance {} is not bound to a Session; attribute refresh operation cannot proceed",
            state.describe()
        )));
    };
    let mapper = state.mapper();
    let mut load = IdentLoad {
        refresh: Some(instance.clone()),
        only: Some(slots.to_vec()),
        no_autoflush: passive.has(Passive::NO_AUTOFLUSH),
        ..IdentLoad::of(mapper)
    };
    if mapper.inherits().is_some() && !mapper.is_concrete() {
        load.instead = optimized_get(instance, state, slots, cx)?;
    }
    let has_key = state.has_identity();
    if load.instead.is_none() {
        load.key = Some(match state.key() {
            Some(key) => key,
            None => pending_key(instance, state, cx)?,
        });
        let key = load.key.as_ref();
        let none = key.is_some_and(|key| key.values().iter().all(Value::is_none));
        if none {
            cx.warn(
                &SA_WARNING,
                &format!(
                    "Instance {} to be refreshed doesn't contain a full primary key - can't be \
                     refreshed (and shouldn't be expired, either).",
                    state.describe()
                ),
            );
            return Ok(());
        }
    }
    let found = load_on_identity(&session, &load, cx)?;
    if has_key && found.is_none() {
        return Err(OBJECT_DELETED_ERROR.error(format!(
            "Instance '{}' has been deleted, or its row is otherwise not present.",
            state.describe()
        )));
    }
    Ok(())
}

fn pending_key(instance: &Rc<Instance>, state: &InstanceState, cx: &Cx) -> Result<IdentityKey> {
    let mapper = state.mapper();
    let expired = mapper.primary_key().iter().any(|column| {
        mapper
            .column_slot(column)
            .is_some_and(|slot| state.is_slot_expired(slot))
    });
    if expired {
        return Err(INVALID_REQUEST_ERROR.error(format!(
            "Instance {} cannot be refreshed - it's not  persistent and does not contain a full \
             primary key.",
            state.describe()
        )));
    }
    identity_key_of(instance, cx)
}

/// The SELECT of the tables of a hierarchy that have the missing columns, found by the keys
/// that the instance has; `None` where the base table is needed anyhow.
fn optimized_get(
    instance: &Rc<Instance>,
    state: &InstanceState,
    slots: &[u32],
    cx: &Cx,
) -> Result<Option<(Select, Vec<(Str, Value)>)>> {
    let mapper = state.mapper();
    let mut columns = Vec::new();
    for slot in slots {
        let property = mapper
            .attribute_at(*slot)
            .map(|attribute| attribute.property().clone());
        if let Some(column) = property.as_deref().and_then(MapperProperty::column) {
            columns.extend(column.columns.borrow().iter().cloned());
        }
    }
    let base = mapper.identity_base();
    let is_of = |column: &ColumnElement, mapper: &Rc<Mapper>| {
        mapper
            .local_table()
            .from_objects()
            .iter()
            .any(|table| column.from_objects().iter().any(|from| from.same(table)))
    };
    if columns.iter().any(|column| is_of(column, &base)) {
        return Ok(None);
    }
    let mut criteria = Vec::new();
    let mut parameters: Vec<(Str, Value)> = Vec::new();
    let mut froms = Vec::new();
    let mut lineage: Vec<Rc<Mapper>> = mapper.lineage();
    lineage.reverse();
    let mut started = false;
    for one in lineage {
        if one.is_single() {
            continue;
        }
        let due = columns.iter().any(|column| is_of(column, &one));
        if !started && !due {
            continue;
        }
        let Some(condition) = one.inherit_condition() else {
            return Ok(None);
        };
        froms.push(FromItem::From(one.local_table().clone()));
        if started {
            criteria.push(condition);
            continue;
        }
        started = true;
        let binder = InheritBinder {
            mapper: &one,
            binds: std::cell::RefCell::default(),
        };
        criteria.push(visitors::replace(&condition, &binder)?);
        for (column, name) in binder.binds.into_inner() {
            let held = sync::read_committed(instance, mapper, &column, Passive::NO_INITIALIZE, cx)?;
            match held {
                Some(Held::Value(value)) if !value.is_none() => parameters.push((name, value)),
                _ => return Ok(None),
            }
        }
    }
    if !started {
        return Ok(None);
    }
    let entity: Rc<dyn crate::sql::Entity> = mapper.clone();
    let select =
        crate::orm::support::select_of(vec![SelectItem::Entity(entity)], cx)?.with(|data| {
            data.label_style = LabelStyle::TablenamePlusCol;
            data.from_obj = froms;
            data.where_criteria = criteria;
        });
    Ok(Some((select, parameters)))
}

/// Puts binds in the place of the columns that the base tables have.
struct InheritBinder<'a> {
    mapper: &'a Rc<Mapper>,
    binds: std::cell::RefCell<Vec<(ColumnElement, Str)>>,
}

impl Replacement for InheritBinder<'_> {
    fn element(&self, element: &ColumnElement) -> Result<Option<ColumnElement>> {
        let ColumnElement::Column(_) = element.plain() else {
            return Ok(None);
        };
        let own = self.mapper.local_table().from_objects();
        let is_own = element
            .from_objects()
            .iter()
            .any(|from| own.iter().any(|table| table.same(from)));
        if is_own {
            return Ok(None);
        }
        let mut binds = self.binds.borrow_mut();
        let name = Str::from(format!("pk_{}", binds.len() + 1));
        binds.push((element.plain().clone(), name.clone()));
        Ok(Some(crate::orm::support::required_bind(&name, element)))
    }
}

pub(super) fn load_deferred(
    instance: &Rc<Instance>,
    state: &InstanceState,
    attribute: &Rc<Attribute>,
    raises: bool,
    passive: Passive,
    cx: &Cx,
) -> Result<Loaded> {
    if !state.has_identity() {
        return Ok(Loaded::Empty);
    }
    if !passive.has(Passive::SQL_OK) {
        return Ok(Loaded::NoResult);
    }
    let mapper = state.mapper();
    let Some(column) = attribute.property().column() else {
        return Ok(Loaded::Empty);
    };
    let group = column.group.borrow().clone();
    let slots: Vec<u32> = match &group {
        None => vec![attribute.slot()],
        Some(group) => mapper
            .attributes()
            .iter()
            .filter(|one| {
                one.property().column().is_some_and(|column| {
                    column.deferred.get() && column.group.borrow().as_ref() == Some(group)
                })
            })
            .map(|one| one.slot())
            .filter(|slot| !state.is_changed(*slot))
            .collect(),
    };
    if session_of(instance, cx).is_none() {
        return Err(detached(format!(
            "Parent instance {} is not bound to a Session; deferred load operation of attribute \
             '{}' cannot proceed",
            state.describe(),
            attribute.key()
        )));
    }
    if raises {
        return Err(INVALID_REQUEST_ERROR.error(format!(
            "'{}' is not available due to raiseload=True",
            attribute.property()
        )));
    }
    let _cause = because(
        Cause::DeferredLoad {
            class: mapper.class().name(),
            attribute: attribute.key().clone(),
        },
        cx,
    );
    load_columns(instance, state, &slots, passive, cx)?;
    Ok(Loaded::WasSet)
}
