//! Changes of the collection of an owner: append and remove, loaded or not, replace, history.

use std::rc::Rc;

use rustc_hash::FxHashSet;

use super::adapter::{adapter_of, members};
use super::factory::{CollectionFactory, Shape, fire};
use super::storage::{Announced, append_to, raw_append, raw_remove, remove_from};
use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::object::exceptions::{ATTRIBUTE_ERROR, TYPE_ERROR};
use crate::object::{Cx, Dict, Instance, Result, Value, class_of};
use crate::orm::attribute::{Attribute, Held};
use crate::orm::events::{self, AttributeEvent, Op, Token};
use crate::orm::history::History;
use crate::orm::passive::Passive;
use crate::orm::state::{Committed, InstanceState, state_of};

pub(super) fn fire_append(
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

pub(super) fn fire_remove(
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
pub(super) fn note_change(attribute: &Rc<Attribute>, owner: &Rc<Instance>, cx: &Cx) -> Result<()> {
    let changed = state_of(owner).is_some_and(|state| state.is_changed(attribute.slot()));
    let before = match owner.slot(attribute.slot()) {
        _ if changed => Committed::NoValue,
        Value::Undefined => Committed::NoValue,
        collection => Committed::Items(members(&collection, cx)?.into()),
    };
    attribute.note_change(owner, || before, cx)
}

/// Append to the collection of `owner`, or note the append where it is not loaded.
pub(in crate::orm) fn append(
    attribute: &Rc<Attribute>,
    owner: &Rc<Instance>,
    item: Value,
    initiator: Option<&Token>,
    passive: Passive,
    cx: &Cx,
) -> Result<()> {
    if let Held::Value(collection) = attribute.get(owner, passive, cx)? {
        append_to(&collection, item, Announced::by(initiator), cx)
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
pub(in crate::orm) fn pop(
    attribute: &Rc<Attribute>,
    owner: &Rc<Instance>,
    item: &Value,
    initiator: Option<&Token>,
    passive: Passive,
    cx: &Cx,
) -> Result<()> {
    let done = if let Held::Value(collection) = attribute.get(owner, passive, cx)? {
        remove_from(&collection, item, Announced::by(initiator), cx)
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
pub(in crate::orm) fn delete(
    attribute: &Rc<Attribute>,
    owner: &Rc<Instance>,
    cx: &Cx,
) -> Result<()> {
    let slot = attribute.slot();
    let collection = owner.slot(slot);
    if collection.is_undefined() {
        return Ok(());
    }
    note_change(attribute, owner, cx)?;
    for item in members(&collection, cx)? {
        remove_from(&collection, &item, Announced::Own, cx)?;
    }
    drop(owner.set_slot(slot, Value::Undefined));
    Ok(())
}

/// Assign a collection: what `value` yields replaces what there was.
pub(in crate::orm) fn replace(
    attribute: &Rc<Attribute>,
    factory: &CollectionFactory,
    owner: &Rc<Instance>,
    value: Value,
    passive: Passive,
    cx: &Cx,
) -> Result<()> {
    let fresh = factory.make(attribute, owner, cx)?;
    let items = incoming(factory, &fresh, &value, cx)?;
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
    let before = members(&old, cx)?;
    attribute.note_change(owner, || Committed::Items(before.clone().into()), cx)?;
    drop(owner.set_slot(slot, fresh.clone()));
    bulk_replace(attribute, (&old, before), &fresh, items, cx)?;
    let adapter = adapter_of(&old);
    if let Some(adapter) = &adapter {
        adapter.unlink();
    }
    state.set_empty_collection(slot, None);
    fire(
        AttributeEvent::DisposeCollection,
        attribute,
        owner,
        &old,
        cx,
    )
}

/// The members of what is assigned, which must be like the collection.
fn incoming(
    factory: &CollectionFactory,
    fresh: &Value,
    value: &Value,
    cx: &Cx,
) -> Result<Vec<Value>> {
    if let Value::Instance(_) = fresh
        && class_of(fresh, cx).lookup("_sa_converter").is_some()
    {
        let converted = cx.call_method(fresh, "_sa_converter", [value.clone()])?;
        return cx.collect(&converted);
    }
    let wanted = factory.shape();
    if Shape::of(value, cx) != wanted {
        let given = match value {
            Value::None => "None".to_owned(),
            other => class_of(other, cx).name().to_string(),
        };
        // SQLAlchemy stumbles where the collection is like no built-in one.
        let Some(wanted) = wanted else {
            return Err(ATTRIBUTE_ERROR.error("'NoneType' object has no attribute '__name__'"));
        };
        return Err(TYPE_ERROR.error(format!(
            "Incompatible collection type: {given} is not {}-like",
            wanted.name()
        )));
    }
    if adapter_of(value).is_some() {
        return members(value, cx);
    }
    match value.downcast::<Dict>() {
        Some(_) => members(value, cx),
        None => cx.collect(value),
    }
}

fn bulk_replace(
    attribute: &Rc<Attribute>,
    (old, before): (&Value, Vec<Value>),
    fresh: &Value,
    items: Vec<Value>,
    cx: &Cx,
) -> Result<()> {
    let address = |item: &Value| item.address().unwrap_or_default();
    let known: FxHashSet<usize> = before.iter().map(address).collect();
    let token = attribute.token(Op::BulkReplace);
    let list = CollectionFactory::List;
    let factory = attribute.collection_factory().unwrap_or(&list);
    let mut kept = FxHashSet::default();
    for item in items {
        if known.contains(&address(&item)) {
            kept.insert(address(&item));
            raw_append(factory, fresh, item, cx)?;
        } else {
            append_to(fresh, item, Announced::As(&token), cx)?;
        }
    }
    let Some(adapter) = adapter_of(old) else {
        return Ok(());
    };
    let (stay, leave): (Vec<_>, Vec<_>) = before
        .iter()
        .partition(|item| kept.contains(&address(item)));
    for item in stay {
        adapter.fire_append_again(item, Announced::As(&token), cx)?;
    }
    for item in leave {
        adapter.fire_remove(item, Announced::As(&token), cx)?;
    }
    Ok(())
}

/// Put in a collection as the database has it, and then the changes made before it was loaded.
pub(in crate::orm) fn set_committed(
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
        let before = members(&collection, cx)?;
        attribute.note_change(owner, || Committed::Items(before.into()), cx)?;
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

pub(in crate::orm) fn history(
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
                    is_blank: false,
                });
            }
            Ok(History::blank())
        }
        Held::NoValue => Ok(History::default()),
        Held::Value(collection) => Ok(History::of_collection(
            members(&collection, cx)?,
            state.committed(slot),
        )),
    }
}

pub(in crate::orm) fn all_pending(
    owner: &Rc<Instance>,
    state: &InstanceState,
    slot: u32,
    cx: &Cx,
) -> Result<Vec<Rc<Instance>>> {
    let collection = owner.slot(slot);
    if collection.is_undefined() {
        return Ok(Vec::new());
    }
    let history = History::of_collection(members(&collection, cx)?, state.committed(slot));
    let both = [history.added(), history.unchanged(), history.deleted()].concat();
    let instances = both.into_iter().filter_map(|value| match value {
        Value::Instance(instance) => Some(instance),
        _ => None,
    });
    Ok(instances.collect())
}
