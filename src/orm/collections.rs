//! Collections of related objects: what makes them, and the adapter that hears of their changes.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use super::attribute::{Attribute, Held};
use super::events::{self, AttributeEvent, Op, Token};
use super::history::History;
use super::passive::Passive;
use super::state::{Committed, InstanceState, state_of};
use crate::engine::exc::{INVALID_REQUEST_ERROR, SA_WARNING};
use crate::object::exceptions::{KEY_ERROR, TYPE_ERROR, VALUE_ERROR};
use crate::object::types::{DICT, LIST, SET};
use crate::object::{
    Class, CollectionHook, Cx, Dict, Instance, Key, List, Members, Result, Set, TypeSpec, Value,
    class_of,
};

/// What answers for the key of an object in a dict collection.
#[derive(Clone)]
pub enum KeyFunction {
    /// `attribute_keyed_dict("name")`.
    Attribute(crate::object::Str),
    /// `column_keyed_dict(table.c.name)`: the attributes the columns are mapped to.
    Columns(Rc<[crate::sql::ColumnElement]>),
    /// `keyfunc_mapping(f)`.
    Callable(Value),
}

/// What makes the collections of a relationship.
#[derive(Clone)]
pub enum CollectionFactory {
    /// `list`.
    List,
    /// `set`.
    Set,
    /// A dict keyed by something of the object.
    Dict(KeyFunction),
    /// Any class or function of a script.
    Custom(Value),
}

/// Which built-in collection something is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    List,
    Set,
    Dict,
}

impl Shape {
    fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Set => "set",
            Self::Dict => "dict",
        }
    }
    fn of(value: &Value, cx: &Cx) -> Option<Self> {
        if value.downcast::<List>().is_some() {
            return Some(Self::List);
        }
        if value.downcast::<Set>().is_some() {
            return Some(Self::Set);
        }
        if value.downcast::<Dict>().is_some() {
            return Some(Self::Dict);
        }
        let Value::Instance(_) = value else {
            return None;
        };
        let class = class_of(value, cx);
        [
            ("append", Self::List),
            ("add", Self::Set),
            ("set", Self::Dict),
        ]
        .into_iter()
        .find_map(|(method, shape)| class.lookup(method).map(|_| shape))
    }
}

/// `InstrumentedList`.
pub static INSTRUMENTED_LIST: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.collections", "InstrumentedList").bases(&[&LIST]);
/// `InstrumentedSet`.
pub static INSTRUMENTED_SET: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.collections", "InstrumentedSet").bases(&[&SET]);
/// `InstrumentedDict`.
pub static INSTRUMENTED_DICT: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.collections", "InstrumentedDict").bases(&[&DICT]);
/// `MappedCollection`, `KeyFuncDict` in 2.0.
pub static KEYFUNC_DICT: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.mapped_collection", "KeyFuncDict")
        .bases(&[&DICT])
        .members(keyed_members);
/// The class of what `attribute_keyed_dict()` and its kind make in 2.0.
static KEYFUNC_MAPPED: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.mapped_collection", "_MKeyfuncMapped").bases(&[&KEYFUNC_DICT]);
/// The 1.4 name of [`KEYFUNC_DICT`].
pub static MAPPED_COLLECTION: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.collections", "MappedCollection")
        .bases(&[&DICT])
        .members(keyed_members);

fn keyed_members(members: &mut Members) {
    members
        .method_on_value("set(value)", |this, a, cx| {
            append_to(this, a.value("value").clone(), None, cx)?;
            Ok(Value::None)
        })
        .method_on_value("remove(value)", |this, a, cx| {
            remove_from(this, a.value("value"), None, cx)?;
            Ok(Value::None)
        });
}

/// What connects a collection with the instance that owns it.
pub struct CollectionAdapter {
    owner: RefCell<Weak<Instance>>,
    attribute: Rc<Attribute>,
    class: Option<&'static TypeSpec>,
    own_class: Option<Rc<Class>>,
    empty: Cell<bool>,
    invalidated: Cell<bool>,
}

impl CollectionAdapter {
    /// The owner, while it exists and the collection is its.
    pub fn owner(&self) -> Option<Rc<Instance>> {
        self.owner.borrow().upgrade()
    }
    /// The attribute it is of.
    pub fn attribute(&self) -> &Rc<Attribute> {
        &self.attribute
    }
    /// It was read where there was none: it enters the instance at its first change.
    pub(super) fn set_empty(&self) {
        self.empty.set(true);
    }
    /// It no longer counts as the owner's.
    pub(super) fn invalidate(&self) {
        self.invalidated.set(true);
    }
    fn unlink(&self) {
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
    fn append_as(&self, item: Value, initiator: Option<&Token>, cx: &Cx) -> Result<Value> {
        let Some(owner) = self.owner() else {
            return Ok(item);
        };
        self.before_change(&owner, cx);
        fire_append(&self.attribute, &owner, item, initiator, cx)
    }
    fn remove_as(&self, item: &Value, initiator: Option<&Token>, cx: &Cx) -> Result<()> {
        let Some(owner) = self.owner() else {
            return Ok(());
        };
        self.before_change(&owner, cx);
        fire_remove(&self.attribute, &owner, item, initiator, cx)
    }
}

impl CollectionHook for CollectionAdapter {
    fn class(&self) -> Rc<Class> {
        self.own_class
            .clone()
            .unwrap_or_else(|| self.class.map_or_else(|| LIST.class(), TypeSpec::class))
    }
    fn append(&self, item: Value, cx: &Cx) -> Result<Value> {
        self.append_as(item, None, cx)
    }
    fn remove(&self, item: &Value, cx: &Cx) -> Result<()> {
        self.remove_as(item, None, cx)
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn hook_of(collection: &Value) -> Option<Rc<dyn CollectionHook>> {
    if let Some(list) = collection.downcast::<List>() {
        return list.hook().cloned();
    }
    if let Some(set) = collection.downcast::<Set>() {
        return set.hook().cloned();
    }
    collection.downcast::<Dict>()?.hook().cloned()
}

/// A handle of the adapter of an instrumented collection.
pub struct AdapterRef(Rc<dyn CollectionHook>);

impl std::ops::Deref for AdapterRef {
    type Target = CollectionAdapter;
    fn deref(&self) -> &CollectionAdapter {
        self.0
            .as_any()
            .downcast_ref()
            .expect("adapter_of checked it")
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
pub fn members(collection: &Value) -> Vec<Value> {
    if let Some(list) = collection.downcast::<List>() {
        return list.to_vec();
    }
    if let Some(set) = collection.downcast::<Set>() {
        return set.to_vec();
    }
    if let Some(dict) = collection.downcast::<Dict>() {
        return dict.borrow().values().cloned().collect();
    }
    Vec::new()
}

impl CollectionFactory {
    /// A new, empty collection of `owner`'s.
    pub fn make(&self, attribute: &Rc<Attribute>, owner: &Rc<Instance>, cx: &Cx) -> Result<Value> {
        let adapter = |class: Option<&'static TypeSpec>, own_class: Option<Rc<Class>>| {
            let hook: Rc<dyn CollectionHook> = Rc::new(CollectionAdapter {
                owner: RefCell::new(Rc::downgrade(owner)),
                attribute: attribute.clone(),
                class,
                own_class,
                empty: Cell::new(false),
                invalidated: Cell::new(false),
            });
            hook
        };
        let collection = match self {
            Self::List => {
                let hook = adapter(Some(&INSTRUMENTED_LIST), None);
                Value::List(Rc::new(List::instrumented(Vec::new(), hook)))
            }
            Self::Set => {
                let hook = adapter(Some(&INSTRUMENTED_SET), None);
                Value::Set(Rc::new(Set::instrumented(Default::default(), hook)))
            }
            Self::Dict(_) => {
                let class = if cx.compat().is_14() {
                    &MAPPED_COLLECTION
                } else {
                    let class = KEYFUNC_MAPPED.class();
                    if class.qualname() == class.name() {
                        class
                            .set_qualname("_mapped_collection_cls.<locals>._MKeyfuncMapped".into());
                    }
                    &KEYFUNC_MAPPED
                };
                let hook = adapter(Some(class), None);
                Value::Dict(Rc::new(Dict::instrumented(Default::default(), hook)))
            }
            Self::Custom(make) => {
                let made = cx.call(make, [])?;
                let hook = adapter(None, Some(class_of(&made, cx)));
                if let Some(list) = made.downcast::<List>() {
                    list.instrument(hook);
                } else if let Some(set) = made.downcast::<Set>() {
                    set.instrument(hook);
                } else if let Some(dict) = made.downcast::<Dict>() {
                    dict.instrument(hook);
                } else {
                    return Err(TYPE_ERROR.error(format!(
                        "Collection type {} is not like a list, a set or a dict",
                        class_of(&made, cx).name()
                    )));
                }
                made
            }
        };
        events::fire_other(
            AttributeEvent::InitCollection,
            attribute,
            owner,
            &[collection.clone()],
            cx,
        )?;
        Ok(collection)
    }
    fn shape(&self, made: &Value, cx: &Cx) -> Option<Shape> {
        match self {
            Self::List => Some(Shape::List),
            Self::Set => Some(Shape::Set),
            Self::Dict(_) => Some(Shape::Dict),
            Self::Custom(_) => Shape::of(made, cx),
        }
    }
    fn key(&self, collection: &Value, item: &Value, cx: &Cx) -> Result<Value> {
        match self {
            Self::Dict(KeyFunction::Attribute(name)) => cx.get_attr(item, name),
            Self::Dict(KeyFunction::Callable(function)) => cx.call(function, [item.clone()]),
            Self::Dict(KeyFunction::Columns(columns)) => {
                let mut values = Vec::new();
                for column in columns.iter() {
                    values.push(super::mapper::column_value(item, column, cx)?);
                }
                Ok(match values.len() {
                    1 => values.remove(0),
                    _ => Value::tuple(values),
                })
            }
            _ => cx.call_method(collection, "keyfunc", [item.clone()]),
        }
    }
}

fn raw_append(factory: &CollectionFactory, collection: &Value, item: Value, cx: &Cx) -> Result<()> {
    if let Some(list) = collection.downcast::<List>() {
        list.borrow_mut().push(item);
    } else if let Some(set) = collection.downcast::<Set>() {
        let key = Key::new(item, cx)?;
        set.borrow_mut().insert(key);
    } else if let Some(dict) = collection.downcast::<Dict>() {
        let key = factory.key(collection, &item, cx)?;
        drop(dict.insert(key, item, cx)?);
    }
    Ok(())
}

fn raw_remove(
    factory: &CollectionFactory,
    collection: &Value,
    item: &Value,
    cx: &Cx,
) -> Result<bool> {
    if let Some(list) = collection.downcast::<List>() {
        let items = list.to_vec();
        let mut found = None;
        for (at, known) in items.iter().enumerate() {
            if cx.eq(known, item)? {
                found = Some(at);
                break;
            }
        }
        return Ok(match found {
            Some(at) if at < list.len() => {
                drop(list.borrow_mut().remove(at));
                true
            }
            _ => false,
        });
    }
    if let Some(set) = collection.downcast::<Set>() {
        let key = Key::new(item.clone(), cx)?;
        return Ok(set.borrow_mut().shift_remove(&key));
    }
    if let Some(dict) = collection.downcast::<Dict>() {
        let key = Key::new(factory.key(collection, item, cx)?, cx)?;
        return Ok(dict.borrow_mut().shift_remove(&key).is_some());
    }
    Ok(false)
}

fn factory_of(adapter: &CollectionAdapter) -> &CollectionFactory {
    adapter
        .attribute
        .collection_factory()
        .unwrap_or(&CollectionFactory::List)
}

fn append_to(collection: &Value, item: Value, initiator: Option<&Token>, cx: &Cx) -> Result<()> {
    let Some(adapter) = adapter_of(collection) else {
        return Ok(());
    };
    let factory = factory_of(&adapter);
    if let Some(dict) = collection.downcast::<Dict>() {
        let key = factory.key(collection, &item, cx)?;
        if let Some(before) = dict.get(&key, cx)? {
            adapter.remove_as(&before, initiator, cx)?;
        }
    } else if let Some(set) = collection.downcast::<Set>()
        && set.borrow().contains(&Key::new(item.clone(), cx)?)
    {
        return Ok(());
    }
    let item = adapter.append_as(item, initiator, cx)?;
    raw_append(factory, collection, item, cx)
}

fn remove_from(collection: &Value, item: &Value, initiator: Option<&Token>, cx: &Cx) -> Result<()> {
    let Some(adapter) = adapter_of(collection) else {
        return Ok(());
    };
    let factory = factory_of(&adapter);
    adapter.remove_as(item, initiator, cx)?;
    if raw_remove(factory, collection, item, cx)? {
        return Ok(());
    }
    Err(match collection {
        Value::List(_) => VALUE_ERROR.error("list.remove(x): x not in list"),
        _ => crate::object::Raised::new(&KEY_ERROR, vec![item.clone()]),
    })
}

fn fire_append(
    attribute: &Rc<Attribute>,
    owner: &Rc<Instance>,
    item: Value,
    initiator: Option<&Token>,
    cx: &Cx,
) -> Result<Value> {
    let item = events::fire_append(attribute, owner, item, initiator, cx)?;
    note_change(attribute, owner, cx)?;
    if attribute.tracks_parent() && !item.is_none() {
        attribute.set_has_parent(&item, owner, true, cx)?;
    }
    Ok(item)
}

fn fire_remove(
    attribute: &Rc<Attribute>,
    owner: &Rc<Instance>,
    item: &Value,
    initiator: Option<&Token>,
    cx: &Cx,
) -> Result<()> {
    if attribute.tracks_parent() && !item.is_none() {
        attribute.set_has_parent(item, owner, false, cx)?;
    }
    events::fire_remove(attribute, owner, &Held::Value(item.clone()), initiator, cx)?;
    note_change(attribute, owner, cx)
}

/// The collection is about to change: what it holds now is what it held before.
fn note_change(attribute: &Rc<Attribute>, owner: &Rc<Instance>, cx: &Cx) -> Result<()> {
    let before = || match owner.slot(attribute.slot()) {
        Value::Undefined => Committed::NoValue,
        collection => Committed::Items(members(&collection).into()),
    };
    attribute.note_change(owner, before, cx)
}

/// Append to the collection of `owner`, or note the append where it is not loaded.
pub(super) fn append(
    attribute: &Rc<Attribute>,
    owner: &Rc<Instance>,
    item: Value,
    initiator: Option<&Token>,
    passive: Passive,
    cx: &Cx,
) -> Result<()> {
    if let Held::Value(collection) = attribute.get(owner, passive, cx)? {
        append_to(&collection, item, initiator, cx)
    } else {
        let item = fire_append(attribute, owner, item, initiator, cx)?;
        if let Some(state) = state_of(owner) {
            state.change_pending(attribute.slot(), |pending| pending.append(item));
        }
        Ok(())
    }
}

/// Remove from the collection of `owner`, or note the removal where it is not loaded; nothing
/// happens where the item is not in it.
pub(super) fn pop(
    attribute: &Rc<Attribute>,
    owner: &Rc<Instance>,
    item: &Value,
    initiator: Option<&Token>,
    passive: Passive,
    cx: &Cx,
) -> Result<()> {
    let done = if let Held::Value(collection) = attribute.get(owner, passive, cx)? {
        remove_from(&collection, item, initiator, cx)
    } else {
        fire_remove(attribute, owner, item, initiator, cx)?;
        if let Some(state) = state_of(owner) {
            state.change_pending(attribute.slot(), |pending| pending.remove(item.clone()));
        }
        Ok(())
    };
    match done {
        Err(raised) if events::is_absence(&raised) => Ok(()),
        done => done,
    }
}

/// `del owner.collection`: everything in it is removed.
pub(super) fn delete(attribute: &Rc<Attribute>, owner: &Rc<Instance>, cx: &Cx) -> Result<()> {
    let slot = attribute.slot();
    let collection = owner.slot(slot);
    if collection.is_undefined() {
        return Ok(());
    }
    note_change(attribute, owner, cx)?;
    for item in members(&collection) {
        remove_from(&collection, &item, None, cx)?;
    }
    drop(owner.set_slot(slot, Value::Undefined));
    Ok(())
}

/// Assign a collection: what `value` yields replaces what there was.
pub(super) fn replace(
    attribute: &Rc<Attribute>,
    factory: &CollectionFactory,
    owner: &Rc<Instance>,
    value: Value,
    passive: Passive,
    cx: &Cx,
) -> Result<()> {
    let fresh = factory.make(attribute, owner, cx)?;
    let wanted = factory.shape(&fresh, cx).unwrap_or(Shape::List);
    if Shape::of(&value, cx) != Some(wanted) {
        let given = match &value {
            Value::None => "None".to_owned(),
            other => class_of(other, cx).name().to_string(),
        };
        return Err(TYPE_ERROR.error(format!(
            "Incompatible collection type: {given} is not {}-like",
            wanted.name()
        )));
    }
    let items = match value.downcast::<Dict>() {
        Some(_) => members(&value),
        None => cx.collect(&value)?,
    };
    let items = events::fire_bulk_replace(attribute, owner, items, cx)?;
    let reading = if passive.has(Passive::NO_RAISE) {
        Passive::ONLY_PERSISTENT | Passive::NO_RAISE
    } else {
        Passive::ONLY_PERSISTENT
    };
    let Some(state) = state_of(owner) else {
        return Ok(());
    };
    let slot = attribute.slot();
    let old = match attribute.get(owner, reading, cx)? {
        Held::Value(old) => old,
        // Nothing may be loaded for it: as if it were empty.
        Held::NoValue | Held::NoResult => {
            if let Some(known) = state.empty_collection(slot) {
                known
            } else {
                let made = factory.make(attribute, owner, cx)?;
                if let Some(adapter) = adapter_of(&made) {
                    adapter.set_empty();
                }
                state.set_empty_collection(slot, Some(made.clone()));
                made
            }
        }
    };
    if old.is(&value) {
        return Ok(());
    }
    attribute.note_change(owner, || Committed::Items(members(&old).into()), cx)?;
    drop(owner.set_slot(slot, fresh.clone()));
    bulk_replace(attribute, &old, &fresh, items, cx)?;
    if let Some(adapter) = adapter_of(&old) {
        adapter.unlink();
    }
    state.set_empty_collection(slot, None);
    events::fire_other(
        AttributeEvent::DisposeCollection,
        attribute,
        owner,
        &[old],
        cx,
    )
}

fn bulk_replace(
    attribute: &Rc<Attribute>,
    old: &Value,
    fresh: &Value,
    items: Vec<Value>,
    cx: &Cx,
) -> Result<()> {
    let address = |item: &Value| item.address().unwrap_or_default();
    let before = members(old);
    let known: rustc_hash::FxHashSet<usize> = before.iter().map(address).collect();
    let token = attribute.token(Op::BulkReplace);
    let factory = attribute
        .collection_factory()
        .unwrap_or(&CollectionFactory::List);
    let mut kept = rustc_hash::FxHashSet::default();
    for item in items {
        if known.contains(&address(&item)) {
            kept.insert(address(&item));
            raw_append(factory, fresh, item, cx)?;
        } else {
            append_to(fresh, item, Some(&token), cx)?;
        }
    }
    if let Some(adapter) = adapter_of(old) {
        for item in before.iter().filter(|item| !kept.contains(&address(item))) {
            adapter.remove_as(item, Some(&token), cx)?;
        }
    }
    Ok(())
}

/// Put in a collection as the database has it, and then the changes made before it was loaded.
pub(super) fn set_committed(
    attribute: &Rc<Attribute>,
    factory: &CollectionFactory,
    owner: &Rc<Instance>,
    items: Vec<Value>,
    cx: &Cx,
) -> Result<Value> {
    let collection = factory.make(attribute, owner, cx)?;
    match &collection {
        Value::List(list) => *list.borrow_mut() = items,
        _ => {
            for item in items {
                raw_append(factory, &collection, item, cx)?;
            }
        }
    }
    let slot = attribute.slot();
    drop(owner.set_slot(slot, collection.clone()));
    let Some(state) = state_of(owner) else {
        return Ok(collection);
    };
    state.commit(owner, [slot]);
    if let Some(pending) = state.take_pending(slot) {
        attribute.note_change(owner, || Committed::Items(members(&collection).into()), cx)?;
        for item in pending.added {
            raw_append(factory, &collection, item, cx)?;
        }
        for item in pending.deleted {
            raw_remove(factory, &collection, &item, cx)?;
        }
    }
    Ok(collection)
}

/// Add an item that a row brings to the collection of `owner`, firing nothing.
pub fn append_loaded(
    attribute: &Rc<Attribute>,
    collection: &Value,
    item: Value,
    cx: &Cx,
) -> Result<()> {
    match (collection, attribute.collection_factory()) {
        (Value::List(list), _) => {
            list.borrow_mut().push(item);
            Ok(())
        }
        (_, Some(factory)) => raw_append(factory, collection, item, cx),
        (_, None) => Err(INVALID_REQUEST_ERROR.error("not a collection")),
    }
}

pub(super) fn history(
    attribute: &Rc<Attribute>,
    owner: &Rc<Instance>,
    state: &InstanceState,
    passive: Passive,
    cx: &Cx,
) -> Result<History> {
    let slot = attribute.slot();
    match attribute.get(owner, passive, cx)? {
        Held::NoResult => {
            if passive.has(Passive::INCLUDE_PENDING_MUTATIONS)
                && let Some(pending) = state.pending(slot)
            {
                return Ok(History {
                    added: Some(pending.added),
                    unchanged: None,
                    deleted: Some(pending.deleted),
                });
            }
            Ok(History::default())
        }
        Held::NoValue => Ok(History::default()),
        Held::Value(collection) => Ok(History::of_collection(
            members(&collection),
            state.committed(slot),
        )),
    }
}

pub(super) fn all_pending(
    owner: &Rc<Instance>,
    state: &InstanceState,
    slot: u32,
) -> Vec<Rc<Instance>> {
    let collection = owner.slot(slot);
    if collection.is_undefined() {
        return Vec::new();
    }
    let history = History::of_collection(members(&collection), state.committed(slot));
    let both = [history.added(), history.unchanged(), history.deleted()].concat();
    both.into_iter()
        .filter_map(|value| match value {
            Value::Instance(instance) => Some(instance),
            _ => None,
        })
        .collect()
}
