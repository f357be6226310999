//! `InstanceState`: what the mapper keeps about one instance, as small as it can be.

use std::any::Any;
use std::cell::{Cell, OnceCell, RefCell, RefMut};
use std::rc::{Rc, Weak};

use smallvec::SmallVec;

use super::attribute::Attribute;
use super::collections::adapter_of;
use super::identity::IdentityKey;
use super::mapper::Mapper;
use super::path::Path;
use super::properties::PropertyId;
use crate::object::{Instance, Value};

/// The value an attribute had before its first change since the last load or flush.
#[derive(Clone)]
pub enum Committed {
    /// It was not loaded, or never set.
    NoValue,
    /// It could not be told without SQL (`PASSIVE_NO_RESULT`).
    NoResult,
    /// A scalar or object.
    Value(Value),
    /// The members of a collection.
    Items(Rc<[Value]>),
}

/// Changes to a collection that is not loaded.
#[derive(Clone, Default)]
pub struct PendingCollection {
    /// What entered, in order.
    pub added: Vec<Value>,
    /// What left.
    pub deleted: Vec<Value>,
}

impl PendingCollection {
    fn take(items: &mut Vec<Value>, item: &Value) -> bool {
        let at = items.iter().position(|known| known.is(item));
        at.map(|at| items.remove(at)).is_some()
    }
    /// `item` enters.
    pub fn append(&mut self, item: Value) {
        if !Self::take(&mut self.deleted, &item) && !self.added.iter().any(|known| known.is(&item))
        {
            self.added.push(item);
        }
    }
    /// `item` enters a collection that is never loaded: that it left before still counts.
    pub fn note_added(&mut self, item: Value) {
        if !self.added.iter().any(|known| known.is(&item)) {
            self.added.push(item);
        }
    }
    /// `item` leaves a collection that is never loaded.
    pub fn note_removed(&mut self, item: Value) {
        if !Self::take(&mut self.added, &item) && !self.deleted.iter().any(|known| known.is(&item))
        {
            self.deleted.push(item);
        }
    }
    /// `item` leaves.
    pub fn remove(&mut self, item: Value) {
        if !Self::take(&mut self.added, &item) {
            self.deleted.push(item);
        }
    }
}

/// What only some instances have, one entry each.
enum Extra {
    /// The old value of a changed attribute, where there is one.
    Old(u32, Committed),
    /// A changed slot past the mask.
    Changed(u32),
    /// An expired slot past the mask.
    Expired(u32),
    /// Changes to an unloaded collection.
    Pending(u32, Box<PendingCollection>),
    /// A collection that was read while there was none.
    Empty(u32, Value),
    /// The parent along a relationship; `None` after it was removed from one.
    Parent(PropertyId, Option<Weak<Instance>>),
    /// A loader set for this instance alone, the session side's.
    Loader(u32, Rc<dyn Any>),
}

/// Few instances have more than one.
type Extras = SmallVec<[Extra; 1]>;

/// The options and the path that an instance was loaded with, for its lazy loads.
pub struct StateContext {
    /// The options of the statement that hold for further loads.
    pub options: Vec<Value>,
    /// Where the instance stood in it.
    pub path: Path,
}

impl StateContext {
    /// The context that `instance` was loaded with.
    pub fn of(instance: &Rc<Instance>) -> Option<Rc<Self>> {
        state_of(instance)?.load_context()
    }
}

/// Slots below this have their flags in a mask.
const MASKED: u32 = u32::BITS;

/// What the mapper keeps about one instance; its payload.
pub struct InstanceState {
    instance: Weak<Instance>,
    mapper: Rc<Mapper>,
    key: Cell<Option<IdentityKey>>,
    session: Cell<u32>,
    insert_order: Cell<u32>,
    flags: Cell<u16>,
    changed: Cell<u32>,
    expired: Cell<u32>,
    run: Cell<u32>,
    extras: OnceCell<Box<RefCell<Extras>>>,
    load_context: Cell<Option<Rc<StateContext>>>,
}

macro_rules! flags {
    ($($(#[$meta:meta])* $constant:ident $get:ident $set:ident $bit:literal;)*) => {
        $(const $constant: u16 = 1 << $bit;)*
        impl InstanceState {
            $($(#[$meta])*
            pub fn $get(&self) -> bool {
                self.flags.get() & $constant != 0
            }
            /// Set or unset that flag.
            pub fn $set(&self, on: bool) {
                let flags = self.flags.get();
                self.flags.set(if on { flags | $constant } else { flags & !$constant });
            })*
        }
    };
}

flags! {
    /// Whether an attribute was changed since the last flush.
    MODIFIED is_modified set_modified 0;
    /// Whether all attributes were expired and none was loaded since.
    EXPIRED is_expired set_expired 1;
    /// Whether its row was deleted in the current transaction (`_deleted`).
    DELETED is_deleted set_deleted 2;
    /// Whether it lost its delete-orphan parent while in no session.
    ORPHANED is_orphaned set_orphaned 3;
    /// Whether a flush is about to write it.
    PROCESSING is_processing set_processing 4;
    /// Whether a session holds it strongly.
    HELD is_held set_held 5;
    /// Whether relationships load though it is no member of a session's identity map.
    LOAD_ENABLED is_load_enabled set_load_enabled 6;
}

/// The state of a mapped instance.
pub fn state_of(instance: &Instance) -> Option<&InstanceState> {
    instance.payload()
}

impl InstanceState {
    /// Make `instance` one of `mapper`'s.
    pub fn attach(instance: &Rc<Instance>, mapper: &Rc<Mapper>) -> Rc<Self> {
        let state = Rc::new(Self {
            instance: Rc::downgrade(instance),
            mapper: mapper.clone(),
            key: Cell::default(),
            session: Cell::default(),
            insert_order: Cell::default(),
            flags: Cell::default(),
            changed: Cell::default(),
            expired: Cell::default(),
            extras: OnceCell::new(),
            load_context: Cell::default(),
            run: Cell::default(),
        });
        instance.set_payload(state.clone());
        state
    }
    /// The instance, while it exists.
    pub fn instance(&self) -> Option<Rc<Instance>> {
        self.instance.upgrade()
    }
    /// The mapper of its class.
    pub fn mapper(&self) -> &Rc<Mapper> {
        &self.mapper
    }
    /// `<User at 0x...>`, as messages show it.
    pub fn describe(&self) -> String {
        format!(
            "<{} at {:#x}>",
            self.mapper.class().name(),
            self.instance.as_ptr() as usize
        )
    }

    /// The identity key, once there is one.
    pub fn key(&self) -> Option<IdentityKey> {
        self.with_key(|key| Some(key?.clone()))
    }
    /// Look at the identity key without a clone; from `look` this state seems to have none.
    pub fn with_key<T>(&self, look: impl FnOnce(Option<&IdentityKey>) -> T) -> T {
        let key = self.key.take();
        let seen = look(key.as_ref());
        self.key.set(key);
        seen
    }
    /// Whether there is an identity key.
    pub fn has_identity(&self) -> bool {
        self.with_key(|key| key.is_some())
    }
    /// Set or unset the identity key.
    pub fn set_key(&self, key: Option<IdentityKey>) {
        self.key.set(key);
    }
    /// The number of its session; 0 is none.
    pub fn session_id(&self) -> u32 {
        self.session.get()
    }
    /// Set the number of its session.
    pub fn set_session_id(&self, id: u32) {
        self.session.set(id);
    }
    /// When it was added to its session, for the order of INSERTs.
    pub fn insert_order(&self) -> u32 {
        self.insert_order.get()
    }
    /// Set when it was added to its session.
    pub fn set_insert_order(&self, order: u32) {
        self.insert_order.set(order);
    }
    /// The options and path it was loaded with, for its lazy loads.
    pub fn load_context(&self) -> Option<Rc<StateContext>> {
        let context = self.load_context.take();
        self.load_context.set(context.clone());
        context
    }
    /// Set the options and path it was loaded with.
    pub fn set_load_context(&self, context: Option<Rc<StateContext>>) {
        self.load_context.set(context);
    }

    /// The number of the load that last met it (`runid`).
    pub fn run(&self) -> u32 {
        self.run.get()
    }
    /// Set the number of the load that last met it.
    pub fn set_run(&self, run: u32) {
        self.run.set(run);
    }

    /// Whether the attribute in `slot` was changed: is in `committed_state`.
    pub fn is_changed(&self, slot: u32) -> bool {
        if slot < MASKED {
            return self.changed.get() & (1 << slot) != 0;
        }
        self.has_extra(|extra| matches!(extra, Extra::Changed(known) if *known == slot))
    }
    /// Whether any attribute was changed.
    pub fn has_changes(&self) -> bool {
        self.changed.get() != 0 || self.has_extra(|extra| matches!(extra, Extra::Changed(_)))
    }
    /// The slots that were changed, in order.
    pub fn changed_slots(&self) -> Vec<u32> {
        let mut slots: Vec<u32> = bits(self.changed.get()).collect();
        self.each_extra(|extra| {
            if let Extra::Changed(slot) = extra {
                slots.push(*slot);
            }
        });
        slots
    }
    /// What the attribute in `slot` was before its change; `None` where it was not changed.
    pub fn committed(&self, slot: u32) -> Option<Committed> {
        if !self.is_changed(slot) {
            return None;
        }
        let old = self.find_extra(|extra| match extra {
            Extra::Old(known, old) if *known == slot => Some(old.clone()),
            _ => None,
        });
        Some(old.unwrap_or(Committed::NoValue))
    }
    /// Note what the attribute in `slot` was before its change.
    pub fn set_committed(&self, slot: u32, old: Committed) {
        self.forget_change(slot);
        if slot < MASKED {
            self.changed.set(self.changed.get() | 1 << slot);
        } else {
            self.push_extra(Extra::Changed(slot));
        }
        if !matches!(old, Committed::NoValue) {
            self.push_extra(Extra::Old(slot, old));
        }
    }
    /// The attribute in `slot` counts as unchanged.
    pub fn forget_change(&self, slot: u32) {
        if !self.is_changed(slot) {
            return;
        }
        if slot < MASKED {
            self.changed.set(self.changed.get() & !(1 << slot));
        }
        self.retain_extras(|extra| {
            !matches!(extra, Extra::Changed(known) | Extra::Old(known, _) if *known == slot)
        });
    }
    /// All attributes count as unchanged.
    pub fn forget_changes(&self) {
        self.changed.set(0);
        self.retain_extras(|extra| !matches!(extra, Extra::Changed(_) | Extra::Old(..)));
    }

    /// Whether the attribute in `slot` is expired.
    pub fn is_slot_expired(&self, slot: u32) -> bool {
        if slot < MASKED {
            return self.expired.get() & (1 << slot) != 0;
        }
        self.has_extra(|extra| matches!(extra, Extra::Expired(known) if *known == slot))
    }
    /// Set or unset that the attribute in `slot` is expired.
    pub fn set_slot_expired(&self, slot: u32, on: bool) {
        if slot < MASKED {
            let mask = self.expired.get();
            self.expired.set(if on {
                mask | 1 << slot
            } else {
                mask & !(1 << slot)
            });
        } else {
            self.retain_extras(|extra| !matches!(extra, Extra::Expired(known) if *known == slot));
            if on {
                self.push_extra(Extra::Expired(slot));
            }
        }
    }
    /// The slots that are expired, in order.
    pub fn expired_slots(&self) -> Vec<u32> {
        let mut slots: Vec<u32> = bits(self.expired.get()).collect();
        self.each_extra(|extra| {
            if let Extra::Expired(slot) = extra {
                slots.push(*slot);
            }
        });
        slots
    }
    /// No attribute is expired.
    pub fn forget_expired(&self) {
        self.expired.set(0);
        self.retain_extras(|extra| !matches!(extra, Extra::Expired(_)));
    }

    /// The changes to the unloaded collection in `slot`.
    pub fn pending(&self, slot: u32) -> Option<PendingCollection> {
        self.find_extra(|extra| match extra {
            Extra::Pending(known, pending) if *known == slot => Some((**pending).clone()),
            _ => None,
        })
    }
    /// Change the changes to the unloaded collection in `slot`.
    pub fn change_pending(&self, slot: u32, change: impl FnOnce(&mut PendingCollection)) {
        let mut extras = self.extras_mut();
        let at = extras
            .iter()
            .position(|extra| matches!(extra, Extra::Pending(known, _) if *known == slot));
        let at = at.unwrap_or_else(|| {
            extras.push(Extra::Pending(slot, Box::default()));
            extras.len() - 1
        });
        if let Extra::Pending(_, pending) = &mut extras[at] {
            change(pending);
        }
    }
    /// Take the changes to the unloaded collection in `slot` out.
    pub fn take_pending(&self, slot: u32) -> Option<PendingCollection> {
        let pending = self.pending(slot)?;
        self.retain_extras(|extra| !matches!(extra, Extra::Pending(known, _) if *known == slot));
        Some(pending)
    }
    /// Forget the changes to unloaded collections.
    pub fn forget_pending(&self) {
        self.retain_extras(|extra| !matches!(extra, Extra::Pending(..)));
    }

    /// The collection that was read in `slot` while there was none.
    pub fn empty_collection(&self, slot: u32) -> Option<Value> {
        self.find_extra(|extra| match extra {
            Extra::Empty(known, value) if *known == slot => Some(value.clone()),
            _ => None,
        })
    }
    /// Set or unset the collection that was read in `slot` while there was none.
    pub fn set_empty_collection(&self, slot: u32, value: Option<Value>) {
        self.retain_extras(|extra| !matches!(extra, Extra::Empty(known, _) if *known == slot));
        if let Some(value) = value {
            self.push_extra(Extra::Empty(slot, value));
        }
    }

    /// The parent along relationship `property`: `None` no entry, `Some(None)` removed from it.
    pub fn parent(&self, property: PropertyId) -> Option<Option<Weak<Instance>>> {
        self.find_extra(|extra| match extra {
            Extra::Parent(known, parent) if *known == property => Some(parent.clone()),
            _ => None,
        })
    }
    /// Set the parent along relationship `property`.
    pub fn set_parent(&self, property: PropertyId, parent: Option<Weak<Instance>>) {
        self.retain_extras(|extra| !matches!(extra, Extra::Parent(known, _) if *known == property));
        self.push_extra(Extra::Parent(property, parent));
    }
    /// Whether it hangs on a parent along `property`; `optimistic` where nothing is known.
    pub fn has_parent(&self, property: PropertyId, optimistic: bool) -> bool {
        self.parent(property)
            .map_or(optimistic, |parent| parent.is_some())
    }

    /// The loader set for `slot` of this instance alone.
    pub fn slot_loader(&self, slot: u32) -> Option<Rc<dyn Any>> {
        self.find_extra(|extra| match extra {
            Extra::Loader(known, loader) if *known == slot => Some(loader.clone()),
            _ => None,
        })
    }
    /// Set or unset the loader for `slot` of this instance alone.
    pub fn set_slot_loader(&self, slot: u32, loader: Option<Rc<dyn Any>>) {
        self.retain_extras(|extra| !matches!(extra, Extra::Loader(known, _) if *known == slot));
        if let Some(loader) = loader {
            self.push_extra(Extra::Loader(slot, loader));
        }
    }

    /// `_commit`: the attributes in `slots` are as the database has them.
    pub fn commit(&self, instance: &Instance, slots: impl IntoIterator<Item = u32>) {
        for slot in slots {
            self.forget_change(slot);
            if instance.with_slot(slot, |value| !value.is_undefined()) {
                self.set_slot_expired(slot, false);
                self.set_slot_loader(slot, None);
            }
        }
        self.set_expired(false);
    }
    /// `_commit_all`: the whole instance is as the database has it. The session that holds it
    /// as modified is to forget that itself.
    pub fn commit_all(&self, instance: &Instance) {
        self.changed.set(0);
        self.retain_extras(|extra| {
            !matches!(
                extra,
                Extra::Changed(_) | Extra::Old(..) | Extra::Pending(..)
            )
        });
        for slot in self.expired_slots() {
            if instance.with_slot(slot, |value| !value.is_undefined()) {
                self.set_slot_expired(slot, false);
            }
        }
        self.set_modified(false);
        self.set_expired(false);
    }
    /// `_expire`: every attribute is to be loaded anew at its next use. The session that holds
    /// it as modified is to forget that itself.
    pub fn expire(&self, instance: &Instance) {
        self.set_expired(true);
        self.set_modified(false);
        self.changed.set(0);
        self.retain_extras(|extra| matches!(extra, Extra::Empty(..)));
        for attribute in self.mapper.attributes().iter() {
            let slot = attribute.slot();
            self.set_slot_expired(slot, true);
            unload(instance, attribute);
        }
    }
    /// `_expire_attributes`: these attributes are to be loaded anew at their next use.
    pub fn expire_slots(&self, instance: &Instance, slots: &[u32], only_without_loader: bool) {
        for &slot in slots {
            let Some(attribute) = self.mapper.attribute_at(slot) else {
                continue;
            };
            if attribute.is_scalar() {
                let own_loader = self.slot_loader(slot).is_some();
                if only_without_loader && (own_loader || attribute.is_deferred()) {
                    continue;
                }
                self.set_slot_expired(slot, true);
                self.set_slot_loader(slot, None);
            }
            unload(instance, &attribute);
            self.forget_change(slot);
            self.retain_extras(
                |extra| !matches!(extra, Extra::Pending(known, _) if *known == slot),
            );
        }
    }

    fn extras_mut(&self) -> RefMut<'_, Extras> {
        self.extras.get_or_init(Box::default).borrow_mut()
    }
    fn find_extra<T>(&self, find: impl FnMut(&Extra) -> Option<T>) -> Option<T> {
        self.extras.get()?.borrow().iter().find_map(find)
    }
    fn each_extra(&self, look: impl FnMut(&Extra)) {
        if let Some(extras) = self.extras.get() {
            extras.borrow().iter().for_each(look);
        }
    }
    fn has_extra(&self, is: impl Fn(&Extra) -> bool) -> bool {
        self.find_extra(|extra| is(extra).then_some(())).is_some()
    }
    fn push_extra(&self, extra: Extra) {
        self.extras_mut().push(extra);
    }
    fn retain_extras(&self, keep: impl Fn(&Extra) -> bool) {
        let Some(extras) = self.extras.get() else {
            return;
        };
        if extras.borrow().iter().all(&keep) {
            return;
        }
        let all = std::mem::take(&mut *extras.borrow_mut());
        let (kept, gone): (Extras, Extras) = all.into_iter().partition(&keep);
        *extras.borrow_mut() = kept;
        // What leaves is dropped after the borrow: an instance may die with it.
        drop(gone);
    }
}

/// Empty the slot of `attribute`; a collection in it no longer counts as the instance's.
fn unload(instance: &Instance, attribute: &Attribute) {
    let old = instance.set_slot(attribute.slot(), Value::Undefined);
    if let Some(adapter) = adapter_of(&old) {
        adapter.invalidate();
    }
}

fn bits(mask: u32) -> impl Iterator<Item = u32> {
    (0..MASKED).filter(move |bit| mask & (1 << bit) != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// There is one for each loaded object: what it takes, so does every object.
    #[test]
    fn states_are_small() {
        let counts = 2 * size_of::<usize>();
        assert_eq!(size_of::<InstanceState>() + counts, 104);
        assert_eq!(size_of::<Instance>() + counts, 72);
    }
}
