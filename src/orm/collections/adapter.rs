//! `CollectionAdapter`: what connects a collection with the instance that owns it.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use super::storage::Announced;
use crate::engine::exc::SA_WARNING;
use crate::object::types::{DICT, LIST, SET};
use crate::object::{
    Class, CollectionHook, Cx, Dict, Instance, List, Object, Result, Set, TypeSpec, Value, class_of,
};
use crate::orm::attribute::Attribute;
use crate::orm::events;
use crate::orm::state::state_of;

/// `InstrumentedList`.
pub static INSTRUMENTED_LIST: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.collections", "InstrumentedList").bases(&[&LIST]);
/// `InstrumentedSet`.
pub static INSTRUMENTED_SET: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.collections", "InstrumentedSet").bases(&[&SET]);
/// `InstrumentedDict`.
pub static INSTRUMENTED_DICT: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.collections", "InstrumentedDict").bases(&[&DICT]);

/// The attribute in which an instance of a script's collection class keeps its adapter.
pub(super) const ADAPTER: &str = "_sa_adapter";

/// What connects a collection with the instance that owns it.
pub struct CollectionAdapter {
    owner: RefCell<Weak<Instance>>,
    attribute: Rc<Attribute>,
    class: Option<&'static TypeSpec>,
    empty: Cell<bool>,
    invalidated: Cell<bool>,
}

impl CollectionAdapter {
    /// That of a collection of `owner`'s; a built-in container shows as one of `class`.
    pub(super) fn new(
        attribute: &Rc<Attribute>,
        owner: &Rc<Instance>,
        class: Option<&'static TypeSpec>,
    ) -> Rc<Self> {
        Rc::new(Self {
            owner: RefCell::new(Rc::downgrade(owner)),
            attribute: attribute.clone(),
            class,
            empty: Cell::new(false),
            invalidated: Cell::new(false),
        })
    }
    /// The owner, while it exists and the collection is its.
    pub fn owner(&self) -> Option<Rc<Instance>> {
        self.owner.borrow().upgrade()
    }
    /// The attribute it is of.
    pub fn attribute(&self) -> &Rc<Attribute> {
        &self.attribute
    }
    /// Whether the owner still refers to `collection`: not while it is being replaced.
    pub(super) fn is_referenced(&self, collection: &Value) -> bool {
        self.owner()
            .is_some_and(|owner| owner.with_slot(self.attribute.slot(), |held| held.is(collection)))
    }
    /// It was read where there was none: it enters the instance at its first change.
    pub(in crate::orm) fn set_empty(&self) {
        self.empty.set(true);
    }
    /// It no longer counts as the owner's.
    pub(in crate::orm) fn invalidate(&self) {
        self.invalidated.set(true);
    }
    pub(super) fn unlink(&self) {
        *self.owner.borrow_mut() = Weak::new();
    }
    fn before_change(&self, owner: &Rc<Instance>, cx: &Cx) {
        if self.invalidated.get() {
            cx.warn(&SA_WARNING, "This collection has been invalidated.");
        }
        if self.empty.replace(false)
            && let Some(state) = state_of(owner)
        {
            let slot = self.attribute.slot();
            if let Some(collection) = state.empty_collection(slot) {
                state.set_empty_collection(slot, None);
                drop(owner.set_slot(slot, collection));
            }
        }
    }
    /// `item` is about to enter; answers what is stored.
    pub(super) fn fire_append(&self, item: Value, how: Announced<'_>, cx: &Cx) -> Result<Value> {
        let Some(owner) = self.owner().filter(|_| how.is_heard()) else {
            return Ok(item);
        };
        self.before_change(&owner, cx);
        super::changes::fire_append(&self.attribute, &owner, item, how.initiator(), cx)
    }
    /// `item`, which is in it already, was put in again.
    pub(super) fn fire_append_again(
        &self,
        item: &Value,
        how: Announced<'_>,
        cx: &Cx,
    ) -> Result<()> {
        let Some(owner) = self.owner().filter(|_| how.is_heard()) else {
            return Ok(());
        };
        self.before_change(&owner, cx);
        events::fire_append_again(&self.attribute, &owner, item, how.initiator(), cx)
    }
    /// `item` is about to leave, or just left.
    pub(super) fn fire_remove(&self, item: &Value, how: Announced<'_>, cx: &Cx) -> Result<()> {
        let Some(owner) = self.owner().filter(|_| how.is_heard()) else {
            return Ok(());
        };
        self.before_change(&owner, cx);
        super::changes::fire_remove(&self.attribute, &owner, item, how.initiator(), cx)
    }
    /// Something is about to leave: the members are noted as they were.
    pub(super) fn fire_before_remove(&self, cx: &Cx) -> Result<()> {
        let Some(owner) = self.owner() else {
            return Ok(());
        };
        if self.invalidated.get() {
            cx.warn(&SA_WARNING, "This collection has been invalidated.");
        }
        super::changes::note_change(&self.attribute, &owner, cx)
    }
}

impl CollectionHook for CollectionAdapter {
    fn class(&self) -> Rc<Class> {
        self.class.map_or_else(|| LIST.class(), TypeSpec::class)
    }
    fn append(&self, item: Value, cx: &Cx) -> Result<Value> {
        self.fire_append(item, Announced::Own, cx)
    }
    fn remove(&self, item: &Value, cx: &Cx) -> Result<()> {
        self.fire_remove(item, Announced::Own, cx)
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn hook_of(collection: &Value) -> Option<Rc<dyn CollectionHook>> {
    match collection {
        Value::List(list) => list.hook().cloned(),
        Value::Set(set) => set.hook().cloned(),
        Value::Dict(dict) => dict.hook(),
        Value::Instance(instance) => {
            let held = instance.attribute(ADAPTER)?;
            held.downcast::<AdapterRef>().map(|known| known.0.clone())
        }
        _ => None,
    }
}

/// A handle of the adapter of an instrumented collection.
pub struct AdapterRef(Rc<dyn CollectionHook>);

impl AdapterRef {
    pub(super) fn new(adapter: Rc<CollectionAdapter>) -> Self {
        Self(adapter)
    }
}

impl std::ops::Deref for AdapterRef {
    type Target = CollectionAdapter;
    fn deref(&self) -> &CollectionAdapter {
        self.0
            .as_any()
            .downcast_ref()
            .expect("adapter_of checked it")
    }
}

static COLLECTION_ADAPTER: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.collections", "CollectionAdapter");

impl Object for AdapterRef {
    fn spec(&self) -> &'static TypeSpec {
        &COLLECTION_ADAPTER
    }
    fn identity(&self) -> Option<usize> {
        Some(Rc::as_ptr(&self.0).cast::<u8>() as usize)
    }
    fn truthy(&self, _cx: &Cx) -> Result<Option<bool>> {
        Ok(Some(true))
    }
}

/// The adapter of `collection`, if it is an instrumented one.
pub fn adapter_of(collection: &Value) -> Option<AdapterRef> {
    let hook = hook_of(collection)?;
    hook.as_any()
        .is::<CollectionAdapter>()
        .then(|| AdapterRef(hook))
}

/// The objects in a collection.
pub fn members(collection: &Value, cx: &Cx) -> Result<Vec<Value>> {
    if let Value::Instance(_) = collection
        && class_of(collection, cx).lookup("_sa_iterator").is_some()
    {
        let iterator = cx.call_method(collection, "_sa_iterator", [])?;
        return cx.collect(&iterator);
    }
    if let Some(list) = collection.downcast::<List>() {
        return Ok(list.to_vec());
    }
    if let Some(set) = collection.downcast::<Set>() {
        return Ok(set.to_vec());
    }
    if let Some(dict) = collection.downcast::<Dict>() {
        return Ok(dict.borrow().values().cloned().collect());
    }
    Ok(Vec::new())
}
