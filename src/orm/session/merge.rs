//! `Session.merge()`: the state of an object copied onto the session's own object of its key.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::lifecycle::expect_instance;
use super::{GetCall, Session};
use crate::engine::echo::{Cause, because};
use crate::engine::exc::{INVALID_REQUEST_ERROR, SA_WARNING};
use crate::object::{Cx, Instance, Result, Value};
use crate::orm::exc::STALE_DATA_ERROR;
use crate::orm::{
    Attribute, Held, IdentityKey, InstanceState, Passive, identity_key_of, instance_events,
    members, new_instance, set_committed, state_of,
};

/// A merge under way.
struct Merge<'a> {
    session: &'a Session,
    load: bool,
    options: &'a [Value],
    /// What each given object became, by its address.
    done: FxHashMap<usize, Rc<Instance>>,
    by_key: FxHashMap<IdentityKey, Rc<Instance>>,
    /// Which attributes of which objects are being merged.
    under_way: FxHashSet<(usize, crate::orm::PropertyId)>,
}

impl Session {
    /// `merge()`.
    pub fn merge(&self, value: &Value, load: bool, options: &[Value], cx: &Cx) -> Result<Value> {
        if self.data().warns_on_events.get() {
            self.flush_warning("Session.merge()", cx);
        }
        let (instance, state) = expect_instance(value, cx)?;
        if load {
            self.autoflush("merge", cx)?;
        }
        let class = state.mapper().class().name();
        let _cause = because(Cause::Merge { class }, cx);
        let autoflush = self.autoflush_flag();
        self.set_autoflush(false);
        let mut merge = Merge {
            session: self,
            load,
            options,
            done: FxHashMap::default(),
            by_key: FxHashMap::default(),
            under_way: FxHashSet::default(),
        };
        let merged = merge.merge(instance, cx);
        self.set_autoflush(autoflush);
        merged.map(Value::Instance)
    }
}

fn address(instance: &Rc<Instance>) -> usize {
    Rc::as_ptr(instance) as usize
}

impl Merge<'_> {
    fn merge(&mut self, instance: &Rc<Instance>, cx: &Cx) -> Result<Rc<Instance>> {
        let _depth = cx.enter()?;
        if let Some(done) = self.done.get(&address(instance)) {
            return Ok(done.clone());
        }
        let Some(state) = state_of(instance) else {
            return Ok(instance.clone());
        };
        let mapper = state.mapper().clone();
        let (key, is_persistent) = self.key_of(instance, state, cx)?;
        let mut merged = self.session.by_identity(&key);
        let mut is_new = false;
        if merged.is_none() {
            if let (true, Some(known)) = (is_persistent, self.by_key.get(&key)) {
                merged = Some(known.clone());
            } else if !self.load {
                if state.is_modified() {
                    return Err(INVALID_REQUEST_ERROR.error(
                        "merge() with load=False option does not support objects marked as \
                         'dirty'.  flush() all changes on mapped instances before merging with \
                         load=False.",
                    ));
                }
                let made = new_instance(&mapper);
                if let Some(state) = state_of(&made) {
                    state.set_key(Some(key.clone()));
                }
                self.session.update_impl(&made, false, cx)?;
                is_new = true;
                merged = Some(made);
            } else if is_persistent {
                let call = GetCall {
                    options: self.options.to_vec(),
                    ..GetCall::default()
                };
                let ident = Value::tuple(key.values().to_vec());
                merged = self
                    .session
                    .get_object(&mapper, &ident, &call, "session.get()", cx)?;
            }
        }
        let merged = if let Some(merged) = merged {
            merged
        } else {
            let made = new_instance(&mapper);
            is_new = true;
            self.session.save_or_update(&made, cx)?;
            made
        };
        self.done.insert(address(instance), merged.clone());
        self.by_key.insert(key, merged.clone());
        if !Rc::ptr_eq(instance, &merged) {
            self.check_version(instance, &merged, cx)?;
            self.copy(instance, state, &merged, cx)?;
        }
        let Some(merged_state) = state_of(&merged) else {
            return Ok(merged);
        };
        if !self.load {
            self.session.release_modified(&merged);
            merged_state.commit_all(&merged);
        }
        if is_new {
            instance_events::fire_load(&merged, Value::None, cx)?;
        }
        Ok(merged)
    }

    fn key_of(
        &self,
        instance: &Rc<Instance>,
        state: &InstanceState,
        cx: &Cx,
    ) -> Result<(IdentityKey, bool)> {
        if let Some(key) = state.key() {
            return Ok((key, true));
        }
        if self.session.data().new.borrow().contains(instance) {
            cx.warn(
                &SA_WARNING,
                &format!(
                    "Instance {} is already pending in this Session yet is being merged again; \
                     this is probably not what you want to do",
                    state.describe()
                ),
            );
        }
        if !self.load {
            return Err(INVALID_REQUEST_ERROR.error(
                "merge() with load=False option does not support objects transient (i.e. \
                 unpersisted) objects.  flush() all changes on mapped instances before merging \
                 with load=False.",
            ));
        }
        let key = identity_key_of(instance, cx)?;
        let none = key.values().iter().filter(|value| value.is_none()).count();
        let partial = state.mapper().options().allow_partial_pks;
        let unset = state.mapper().primary_key().iter().any(|column| {
            state
                .mapper()
                .column_slot(column)
                .is_some_and(|slot| instance.with_slot(slot, Value::is_undefined))
        });
        let is_persistent = !unset && (none == 0 || partial && none < key.values().len());
        Ok((key, is_persistent))
    }

    fn check_version(&self, given: &Rc<Instance>, merged: &Rc<Instance>, cx: &Cx) -> Result<()> {
        let Some(state) = state_of(merged) else {
            return Ok(());
        };
        let Some(slot) = state
            .mapper()
            .version_id()
            .and_then(|column| state.mapper().column_slot(&column))
        else {
            return Ok(());
        };
        let (own, other) = (merged.slot(slot), given.slot(slot));
        if own.is_undefined() || other.is_undefined() || cx.eq(&own, &other)? {
            return Ok(());
        }
        Err(STALE_DATA_ERROR.error(format!(
            "Version id '{}' on merged state {} does not match existing version '{}'. Leave the \
             version attribute unset when merging to update the most recent version.",
            cx.str(&other)?,
            state.describe(),
            cx.str(&own)?
        )))
    }

    fn copy(
        &mut self,
        given: &Rc<Instance>,
        state: &InstanceState,
        merged: &Rc<Instance>,
        cx: &Cx,
    ) -> Result<()> {
        let Some(merged_state) = state_of(merged) else {
            return Ok(());
        };
        merged_state.set_load_context(state.load_context());
        for attribute in state.mapper().attributes().iter() {
            let Some(own) = merged_state.mapper().attribute(attribute.key()) else {
                continue;
            };
            if attribute.property().relationship().is_some() {
                self.copy_relationship(given, attribute, merged, &own, cx)?;
            } else {
                self.copy_column(given, attribute, merged, &own, cx)?;
            }
        }
        Ok(())
    }

    fn copy_column(
        &self,
        given: &Rc<Instance>,
        attribute: &Rc<Attribute>,
        merged: &Rc<Instance>,
        own: &Rc<Attribute>,
        cx: &Cx,
    ) -> Result<()> {
        let value = given.slot(attribute.slot());
        if value.is_undefined() {
            let Some(state) = state_of(merged) else {
                return Ok(());
            };
            let has_row = state.has_identity();
            let unset = merged.with_slot(own.slot(), Value::is_undefined);
            if has_row && unset && !self.load {
                state.expire_slots(merged, &[own.slot()], true);
            }
            return Ok(());
        }
        if self.load {
            return own.set(merged, value, None, cx);
        }
        drop(merged.set_slot(own.slot(), value));
        Ok(())
    }

    fn copy_relationship(
        &mut self,
        given: &Rc<Instance>,
        attribute: &Rc<Attribute>,
        merged: &Rc<Instance>,
        own: &Rc<Attribute>,
        cx: &Cx,
    ) -> Result<()> {
        let property = attribute.property().clone();
        let Some(relationship) = property.relationship() else {
            return Ok(());
        };
        if self.load {
            for reverse in relationship.reverse() {
                let mark = (address(given), reverse.id());
                if self.under_way.contains(&mark) {
                    return Ok(());
                }
            }
        }
        if !property.cascade().merge || given.with_slot(attribute.slot(), Value::is_undefined) {
            return Ok(());
        }
        let number = property.id();
        if own.is_collection() {
            let members = members(&given.slot(attribute.slot()), cx)?;
            if self.load {
                // The collection is loaded first, so that what leaves it is known.
                own.get(merged, Passive::MERGE, cx)?;
            }
            let mut kept = Vec::with_capacity(members.len());
            for member in members {
                let Value::Instance(member) = member else {
                    continue;
                };
                self.under_way.insert((address(&member), number));
                kept.push(Value::Instance(self.merge(&member, cx)?));
            }
            if self.load {
                return own.set(merged, Value::list(kept), None, cx);
            }
            return set_committed(own, merged, Value::list(kept), cx);
        }
        let value = match given.slot(attribute.slot()) {
            Value::Instance(member) => {
                self.under_way.insert((address(&member), number));
                Value::Instance(self.merge(&member, cx)?)
            }
            other => other,
        };
        if !self.load {
            drop(merged.set_slot(own.slot(), value));
            return Ok(());
        }
        if let Held::Value(held) = own.get(merged, Passive::NO_FETCH, cx)?
            && held.is(&value)
        {
            return Ok(());
        }
        own.set(merged, value, None, cx)
    }
}
