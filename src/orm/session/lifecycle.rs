//! How objects enter a session, leave it, and change between pending, persistent and deleted.

use std::rc::Rc;

use super::{Session, SessionData, is_expired};
use crate::engine::exc::{INVALID_REQUEST_ERROR, SA_WARNING};
use crate::object::{Cx, Instance, Result, Value};
use crate::orm::exc::{FLUSH_ERROR, unmapped_instance};
use crate::orm::{IdentityKey, InstanceState, cascade, hooks, identity_key_of, state_of};

/// The mapped instance that `value` is; UnmappedInstanceError otherwise.
pub fn expect_instance<'a>(
    value: &'a Value,
    cx: &Cx,
) -> Result<(&'a Rc<Instance>, &'a InstanceState)> {
    if let Value::Instance(instance) = value
        && let Some(state) = state_of(instance)
    {
        return Ok((instance, state));
    }
    Err(unmapped_instance(value, cx))
}

/// The session that `instance` is in.
pub fn session_of(instance: &Rc<Instance>, cx: &Cx) -> Option<Session> {
    let hooks = hooks::session(state_of(instance)?.session_id(), cx)?;
    hooks.value().downcast::<Session>().cloned()
}

impl Session {
    /// Whether `instance` is in the session, persistent or pending.
    pub fn contains(&self, instance: &Rc<Instance>) -> bool {
        self.data().new.borrow().contains(instance) || self.holds_identity(instance)
    }
    /// Whether `instance` is in the identity map.
    pub fn holds_identity(&self, instance: &Rc<Instance>) -> bool {
        state_of(instance).is_some_and(|state| {
            let identity = self.data().identity.borrow();
            state.with_key(|key| key.is_some_and(|key| identity.holds(key, instance)))
        })
    }
    /// The objects of the identity map, in order.
    pub fn identity_instances(&self) -> Vec<Rc<Instance>> {
        self.data().identity.borrow().instances()
    }
    /// The object of `key`.
    pub fn identity_items(&self) -> Vec<(IdentityKey, Rc<Instance>)> {
        self.data().identity.borrow().items()
    }
    /// The object of `key`.
    pub fn by_identity(&self, key: &IdentityKey) -> Option<Rc<Instance>> {
        self.data().identity.borrow().get(key)
    }
    /// Take `instance` out of the identity map.
    pub fn discard_identity(&self, instance: &Rc<Instance>) {
        if let Some(state) = state_of(instance) {
            let mut identity = self.data().identity.borrow_mut();
            state.with_key(|key| key.map(|key| identity.discard(key, instance)));
            drop(identity);
            self.release_modified(instance);
        }
    }
    /// Put `instance` into the identity map; answers what was there under its key.
    pub fn replace_identity(&self, instance: &Rc<Instance>) -> Option<Rc<Instance>> {
        let state = state_of(instance).filter(|state| state.has_identity())?;
        let before = {
            let mut identity = self.data().identity.borrow_mut();
            state.with_key(|key| identity.replace(key?, instance))
        };
        if state.is_modified() {
            self.hold_modified(instance);
        }
        before
    }
    /// Put `instance` into the identity map unless another object has its key.
    fn add_identity(&self, instance: &Rc<Instance>) -> Result<()> {
        let Some(state) = state_of(instance) else {
            return Ok(());
        };
        let Some(key) = state.key() else {
            return Ok(());
        };
        let known = self.by_identity(&key);
        if let Some(known) = known {
            if !Rc::ptr_eq(&known, instance) {
                let shown = key.to_value();
                return Err(INVALID_REQUEST_ERROR.error(format!(
                    "Can't attach instance {}; another instance with key {} is already present \
                     in this session.",
                    state.describe(),
                    Cx::current().repr(&shown).unwrap_or_default()
                )));
            }
            return Ok(());
        }
        self.replace_identity(instance);
        Ok(())
    }
    /// Hold `instance`, which was modified, until it is flushed.
    pub fn hold_modified(&self, instance: &Rc<Instance>) {
        let Some(state) = state_of(instance) else {
            return;
        };
        if self.holds_identity(instance) {
            self.data().modified.borrow_mut().insert(instance.clone());
        }
        state.set_held(true);
    }
    /// Hold `instance` no longer for its changes.
    pub fn release_modified(&self, instance: &Rc<Instance>) {
        if let Some(state) = state_of(instance)
            && state.is_held()
        {
            state.set_held(false);
            self.data().modified.borrow_mut().remove(instance);
        }
    }
    /// Expire all of `instance`.
    pub fn expire_state(&self, instance: &Rc<Instance>, cx: &Cx) -> Result<()> {
        if let Some(state) = state_of(instance) {
            self.release_modified(instance);
            state.expire(instance);
            crate::orm::instance_events::fire(instance, "expire", &[Value::None], cx)?;
        }
        Ok(())
    }

    /// `add()`.
    pub fn add(&self, value: &Value, cx: &Cx) -> Result<()> {
        if self.data().warns_on_events.get() {
            self.flush_warning("Session.add()", cx);
        }
        let (instance, _) = expect_instance(value, cx)?;
        self.save_or_update(instance, cx)
    }
    /// `add_all()`.
    pub fn add_all(&self, values: &[Value], cx: &Cx) -> Result<()> {
        if self.data().warns_on_events.get() {
            self.flush_warning("Session.add_all()", cx);
        }
        for value in values {
            let (instance, _) = expect_instance(value, cx)?;
            self.save_or_update(instance, cx)?;
        }
        Ok(())
    }
    /// Bring `instance` and what its save-update cascades reach into the session.
    pub fn save_or_update(&self, instance: &Rc<Instance>, cx: &Cx) -> Result<()> {
        if let Some(state) = state_of(instance) {
            state.set_orphaned(false);
        }
        self.save_or_update_one(instance, cx)?;
        cascade::walk(
            cascade::Kind::SaveUpdate,
            instance,
            &|one| self.contains(one),
            &mut |one| self.save_or_update_one(one, cx),
            cx,
        )
    }
    fn save_or_update_one(&self, instance: &Rc<Instance>, cx: &Cx) -> Result<()> {
        match state_of(instance) {
            Some(state) if state.has_identity() => self.update_impl(instance, false, cx),
            Some(state) => {
                let attached = self.before_attach(instance, state, cx)?;
                let count = {
                    let mut new = self.data().new.borrow_mut();
                    new.insert(instance.clone()).then(|| new.len())
                };
                if let Some(count) = count {
                    state.set_insert_order(u32::try_from(count).unwrap_or(u32::MAX));
                }
                if attached {
                    self.after_attach(instance, state, cx)?;
                }
                Ok(())
            }
            None => Ok(()),
        }
    }
    /// Bring a persistent or detached `instance` in; with `revert` one whose deletion is undone.
    pub fn update_impl(&self, instance: &Rc<Instance>, revert: bool, cx: &Cx) -> Result<()> {
        let Some(state) = state_of(instance) else {
            return Ok(());
        };
        if !state.has_identity() {
            return Err(INVALID_REQUEST_ERROR
                .error(format!("Instance '{}' is not persisted", state.describe())));
        }
        if state.is_deleted() {
            if !revert {
                return Err(INVALID_REQUEST_ERROR.error(format!(
                    "Instance '{}' has been deleted.  Use the make_transient() function to send \
                     this object back to the transient state.",
                    state.describe()
                )));
            }
            if state.session_id() == 0 {
                return Ok(());
            }
            state.set_deleted(false);
        }
        let attached = self.before_attach(instance, state, cx)?;
        self.data().deleted.borrow_mut().remove(instance);
        if revert {
            self.replace_identity(instance);
        } else {
            self.add_identity(instance)?;
        }
        if attached {
            self.after_attach(instance, state, cx)?;
        } else if revert {
            self.fire_state("deleted_to_persistent", instance, cx)?;
        }
        Ok(())
    }
    fn before_attach(
        &self,
        instance: &Rc<Instance>,
        state: &InstanceState,
        cx: &Cx,
    ) -> Result<bool> {
        self.note_use(cx)?;
        if state.session_id() == self.id() {
            return Ok(false);
        }
        if hooks::session(state.session_id(), cx).is_some() {
            return Err(INVALID_REQUEST_ERROR.error(format!(
                "Object '{}' is already attached to session '{}' (this is '{}')",
                state.describe(),
                state.session_id(),
                self.id()
            )));
        }
        self.fire_state("before_attach", instance, cx)?;
        Ok(true)
    }
    fn after_attach(&self, instance: &Rc<Instance>, state: &InstanceState, cx: &Cx) -> Result<()> {
        state.set_session_id(self.id());
        if state.is_modified() {
            self.hold_modified(instance);
        }
        self.fire_state("after_attach", instance, cx)?;
        if state.has_identity() {
            self.fire_state("detached_to_persistent", instance, cx)
        } else {
            self.fire_state("transient_to_pending", instance, cx)
        }
    }

    /// `delete()`.
    pub fn delete(&self, value: &Value, cx: &Cx) -> Result<()> {
        if self.data().warns_on_events.get() {
            self.flush_warning("Session.delete()", cx);
        }
        let (instance, _) = expect_instance(value, cx)?;
        self.delete_impl(instance, true, cx)
    }
    fn delete_impl(&self, instance: &Rc<Instance>, head: bool, cx: &Cx) -> Result<()> {
        let Some(state) = state_of(instance) else {
            return Ok(());
        };
        if !state.has_identity() {
            if head {
                return Err(INVALID_REQUEST_ERROR
                    .error(format!("Instance '{}' is not persisted", state.describe())));
            }
            return Ok(());
        }
        let attached = self.before_attach(instance, state, cx)?;
        if self.data().deleted.borrow().contains(instance) {
            return Ok(());
        }
        self.add_identity(instance)?;
        if attached {
            self.after_attach(instance, state, cx)?;
        }
        let reached = if head {
            cascade::delete(instance, cx)?
        } else {
            Vec::new()
        };
        self.data().deleted.borrow_mut().insert(instance.clone());
        for one in &reached {
            self.delete_impl(one, false, cx)?;
        }
        Ok(())
    }

    /// `expunge()`.
    pub fn expunge(&self, value: &Value, cx: &Cx) -> Result<()> {
        let (instance, state) = expect_instance(value, cx)?;
        if state.session_id() != self.id() {
            return Err(INVALID_REQUEST_ERROR.error(format!(
                "Instance {} is not present in this Session",
                state.describe()
            )));
        }
        let mut states = vec![instance.clone()];
        states.extend(cascade::collect(cascade::Kind::Expunge, instance, cx)?);
        self.expunge_states(&states, false, cx)
    }
    /// Take `instances` out of the session.
    pub fn expunge_states(
        &self,
        instances: &[Rc<Instance>],
        to_transient: bool,
        cx: &Cx,
    ) -> Result<()> {
        for instance in instances {
            if self.data().new.borrow_mut().remove(instance) {
                continue;
            }
            if self.holds_identity(instance) {
                self.discard_identity(instance);
                self.data().deleted.borrow_mut().remove(instance);
            } else if let Some(transaction) = &*self.data().transaction.borrow() {
                transaction.snapshot().borrow_mut().deleted.remove(instance);
            }
        }
        self.detach_states(instances, to_transient, cx)
    }
    /// `expunge_all()`.
    pub fn expunge_all(&self, cx: &Cx) -> Result<()> {
        let identity = std::mem::take(&mut *self.data().identity.borrow_mut());
        let mut all = identity.into_instances();
        all.extend(self.data().new.borrow().iter().cloned());
        for instance in &all {
            if let Some(state) = state_of(instance) {
                state.set_held(false);
            }
        }
        let gone = (
            std::mem::take(&mut *self.data().new.borrow_mut()),
            std::mem::take(&mut *self.data().deleted.borrow_mut()),
            std::mem::take(&mut *self.data().modified.borrow_mut()),
        );
        drop(gone);
        self.detach_states(&all, false, cx)
    }
    /// `instances` are no longer of this session.
    pub fn detach_states(
        &self,
        instances: &[Rc<Instance>],
        to_transient: bool,
        cx: &Cx,
    ) -> Result<()> {
        for instance in instances {
            let Some(state) = state_of(instance) else {
                continue;
            };
            let was_deleted = state.is_deleted();
            let pending = !state.has_identity();
            let persistent = !pending && !was_deleted;
            state.set_session_id(0);
            state.set_held(false);
            if to_transient && state.has_identity() {
                state.set_key(None);
            }
            let event = match (persistent, to_transient) {
                (true, true) => "persistent_to_transient",
                (true, false) => "persistent_to_detached",
                (false, true) if was_deleted => "deleted_to_detached",
                (false, false) if was_deleted => "deleted_to_detached",
                (false, _) => "pending_to_transient",
            };
            self.fire_state(event, instance, cx)?;
        }
        Ok(())
    }

    /// `instances` were written: they are persistent and clean.
    pub fn register_persistent(&self, instances: &[Rc<Instance>], cx: &Cx) -> Result<()> {
        self.data().identity.borrow_mut().reserve(instances.len());
        for instance in instances {
            let Some(state) = state_of(instance) else {
                continue;
            };
            let key = identity_key_of(instance, cx)?;
            self.check_full_key(state, &key)?;
            self.take_key(instance, state, &key);
            let before = self.replace_identity(instance);
            if let Some(before) = before
                && identity_key_of(&before, cx)? == key
            {
                let shown = cx.repr(&key.to_value())?;
                self.warn(
                    &SA_WARNING,
                    &format!(
                        "Identity map already had an identity for {shown}, replacing it \
                             with newly flushed object.   Are there load operations occurring \
                             inside of an event handler within the flush?"
                    ),
                    cx,
                );
            }
            state.set_orphaned(false);
        }
        for instance in instances {
            if let Some(state) = state_of(instance) {
                self.release_modified(instance);
                state.commit_all(instance);
            }
        }
        self.register_altered(instances);
        let pending: Vec<_> = if self.wants("pending_to_persistent", cx) {
            let new = self.data().new.borrow();
            instances
                .iter()
                .filter(|one| new.contains(one))
                .cloned()
                .collect()
        } else {
            Vec::new()
        };
        for instance in &pending {
            self.fire_state("pending_to_persistent", instance, cx)?;
        }
        let mut new = self.data().new.borrow_mut();
        for instance in instances {
            new.remove(instance);
        }
        Ok(())
    }
    fn check_full_key(&self, state: &InstanceState, key: &IdentityKey) -> Result<()> {
        let values = key.values();
        let partial = state.mapper().options().allow_partial_pks;
        let none = values.iter().filter(|value| value.is_none()).count();
        if none == 0 || none < values.len() && partial {
            return Ok(());
        }
        Err(FLUSH_ERROR.error(format!(
            "Instance {} has a NULL identity key.  If this is an auto-generated value, check \
             that the database table allows generation of new primary key values, and that the \
             mapped Column object is configured to expect these generated values.  Ensure also \
             that this flush() is not occurring at an inappropriate time, such as within a \
             load() event.",
            state.describe()
        )))
    }
    fn take_key(&self, instance: &Rc<Instance>, state: &InstanceState, key: &IdentityKey) {
        let before = state.key();
        match before {
            None => state.set_key(Some(key.clone())),
            Some(before) if before != *key => {
                self.discard_identity(instance);
                if let Some(transaction) = &*self.data().transaction.borrow() {
                    let mut snapshot = transaction.snapshot().borrow_mut();
                    let known = snapshot
                        .key_switches
                        .iter_mut()
                        .find(|(one, ..)| std::ptr::eq(one.as_ptr(), Rc::as_ptr(instance)));
                    match known {
                        Some((_, _, after)) => *after = key.clone(),
                        None => snapshot.key_switches.push((
                            Rc::downgrade(instance),
                            before,
                            key.clone(),
                        )),
                    }
                }
                state.set_key(Some(key.clone()));
            }
            Some(_) => {}
        }
    }
    /// The transaction changed the rows of `instances`.
    pub fn register_altered(&self, instances: &[Rc<Instance>]) {
        let Some(transaction) = self.data().transaction.borrow().clone() else {
            return;
        };
        let mut snapshot = transaction.snapshot().borrow_mut();
        let new = self.data().new.borrow();
        for instance in instances {
            if new.contains(instance) {
                snapshot.new.insert(instance);
            } else {
                snapshot.dirty.insert(instance);
            }
        }
    }
    /// The rows of `instances` were deleted.
    pub fn remove_newly_deleted(&self, instances: &[Rc<Instance>], cx: &Cx) -> Result<()> {
        for instance in instances {
            if let Some(transaction) = &*self.data().transaction.borrow() {
                transaction.snapshot().borrow_mut().deleted.insert(instance);
            }
            self.discard_identity(instance);
            self.data().deleted.borrow_mut().remove(instance);
            if let Some(state) = state_of(instance) {
                state.set_deleted(true);
            }
            self.fire_state("persistent_to_deleted", instance, cx)?;
        }
        Ok(())
    }

    /// `dirty`.
    pub fn dirty(&self) -> Vec<Rc<Instance>> {
        let deleted = self.data().deleted.borrow();
        let modified = self.data().modified.borrow();
        modified
            .iter()
            .filter(|one| !deleted.contains(one))
            .cloned()
            .collect()
    }
    /// `new`.
    pub fn new_objects(&self) -> Vec<Rc<Instance>> {
        self.data().new.borrow().to_vec()
    }
    /// `deleted`.
    pub fn deleted_objects(&self) -> Vec<Rc<Instance>> {
        self.data().deleted.borrow().to_vec()
    }
    /// `enable_relationship_loading()`.
    pub fn enable_relationship_loading(&self, value: &Value, cx: &Cx) -> Result<()> {
        let (instance, state) = expect_instance(value, cx)?;
        let attached = self.before_attach(instance, state, cx)?;
        state.set_load_enabled(true);
        if attached {
            self.after_attach(instance, state, cx)?;
        }
        Ok(())
    }
}

/// `make_transient()`.
pub fn make_transient(value: &Value, cx: &Cx) -> Result<()> {
    let (instance, state) = expect_instance(value, cx)?;
    if let Some(session) = session_of(instance, cx) {
        session.expunge_states(std::slice::from_ref(instance), false, cx)?;
    }
    state.forget_expired();
    for attribute in state.mapper().attributes().iter() {
        state.set_slot_loader(attribute.slot(), None);
    }
    state.set_key(None);
    state.set_deleted(false);
    Ok(())
}

/// `make_transient_to_detached()`.
pub fn make_transient_to_detached(value: &Value, cx: &Cx) -> Result<()> {
    let (instance, state) = expect_instance(value, cx)?;
    if state.session_id() != 0 || state.has_identity() {
        return Err(INVALID_REQUEST_ERROR.error("Given object must be transient"));
    }
    let key = identity_key_of(instance, cx)?;
    state.set_key(Some(key));
    state.set_deleted(false);
    state.commit_all(instance);
    let unloaded: Vec<u32> = state
        .mapper()
        .attributes()
        .iter()
        .map(|attribute| attribute.slot())
        .filter(|slot| instance.with_slot(*slot, Value::is_undefined))
        .collect();
    state.expire_slots(instance, &unloaded, false);
    debug_assert!(!is_expired(instance));
    Ok(())
}

impl SessionData {
    /// How many objects wait to be flushed.
    pub fn pending_work(&self) -> usize {
        self.new.borrow().len() + self.modified.borrow().len() + self.deleted.borrow().len()
    }
}
