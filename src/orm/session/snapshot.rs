//! What a transaction did to objects, undone by a rollback and forgotten by a commit.

use std::rc::{Rc, Weak};

use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashSet};

use super::{Session, SessionTransaction};
use crate::object::{Cx, Instance, Result};
use crate::orm::{IdentityKey, state_of};

fn address(instance: &Rc<Instance>) -> usize {
    Rc::as_ptr(instance) as usize
}

/// Objects by address, held weakly, in order.
#[derive(Default)]
pub struct WeakSet(IndexMap<usize, Weak<Instance>, FxBuildHasher>);

impl WeakSet {
    /// Add `instance`.
    pub fn insert(&mut self, instance: &Rc<Instance>) {
        self.0.insert(address(instance), Rc::downgrade(instance));
    }
    /// Take `instance` out.
    pub fn remove(&mut self, instance: &Rc<Instance>) {
        if let Some(entry) = self.0.get_mut(&address(instance)) {
            *entry = Weak::new();
        }
    }
    /// Whether `instance` is in.
    pub fn contains(&self, instance: &Rc<Instance>) -> bool {
        self.0
            .get(&address(instance))
            .is_some_and(|entry| entry.strong_count() > 0)
    }
    /// Those still alive, in order.
    pub fn alive(&self) -> Vec<Rc<Instance>> {
        self.0.values().filter_map(Weak::upgrade).collect()
    }
}

/// What a transaction did to objects.
#[derive(Default)]
pub struct Snapshot {
    /// Those that became persistent.
    pub new: WeakSet,
    /// Those whose rows were deleted.
    pub deleted: WeakSet,
    /// Those whose rows were changed.
    pub dirty: WeakSet,
    /// Those whose primary key changed: the key before, the key after.
    pub key_switches: Vec<(Weak<Instance>, IdentityKey, IdentityKey)>,
}

impl SessionTransaction {
    /// Undo what the transaction did to objects.
    pub(super) fn restore_snapshot(&self, session: &Session, cx: &Cx) -> Result<()> {
        let (mut new, switches) = {
            let snapshot = self.snapshot().borrow();
            let switches: Vec<_> = snapshot
                .key_switches
                .iter()
                .filter_map(|(instance, old, _)| Some((instance.upgrade()?, old.clone())))
                .collect();
            (snapshot.new.alive(), switches)
        };
        let dirty_only = self.is_nested();
        new.extend(session.data().new.borrow().to_vec());
        let expunged: FxHashSet<usize> = new.iter().map(address).collect();
        session.expunge_states(&new, true, cx)?;
        for (instance, old) in switches {
            session.discard_identity(&instance);
            if let Some(state) = state_of(&instance) {
                state.set_key(Some(old));
            }
            if !expunged.contains(&address(&instance)) {
                session.replace_identity(&instance);
            }
        }
        // Expunging took those out that were also inserted in this transaction.
        let mut deleted = self.snapshot().borrow().deleted.alive();
        deleted.extend(session.data().deleted.borrow().to_vec());
        for instance in deleted {
            session.update_impl(&instance, true, cx)?;
        }
        for instance in session.identity_instances() {
            let Some(state) = state_of(&instance) else {
                continue;
            };
            let is_dirty =
                || state.is_modified() || self.snapshot().borrow().dirty.contains(&instance);
            if !dirty_only || is_dirty() {
                session.expire_state(&instance, cx)?;
            }
        }
        Ok(())
    }

    /// Forget what the transaction did to objects, or hand it to the enclosing one.
    pub(super) fn remove_snapshot(&self, session: &Session, cx: &Cx) -> Result<()> {
        if !self.is_nested() {
            if session.data().expire_on_commit.get() {
                session.expire_all(cx)?;
                let deleted = std::mem::take(&mut self.snapshot().borrow_mut().deleted);
                session.detach_states(&deleted.alive(), false, cx)?;
            }
            return Ok(());
        }
        let Some(parent) = self.parent() else {
            return Ok(());
        };
        let mut own = self.snapshot().borrow_mut();
        let mut outer = parent.snapshot().borrow_mut();
        for instance in own.new.alive() {
            outer.new.insert(&instance);
        }
        for instance in own.dirty.alive() {
            outer.dirty.insert(&instance);
        }
        for instance in own.deleted.alive() {
            outer.deleted.insert(&instance);
        }
        outer.key_switches.append(&mut own.key_switches);
        Ok(())
    }
}
