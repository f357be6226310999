//! Putting objects into collections and taking them out, announced or not.

use super::adapter::adapter_of;
use super::factory::CollectionFactory;
use super::keyed;
use crate::object::exceptions::{KEY_ERROR, VALUE_ERROR};
use crate::object::{Args, Cx, Key, Raised, Result, Value, key_error};
use crate::orm::events::Token;

/// How a change of a collection is announced to its owner.
#[derive(Clone, Copy)]
pub(super) enum Announced<'a> {
    /// Not at all.
    Not,
    /// As one that starts here.
    Own,
    /// As part of the change that started elsewhere.
    As(&'a Token),
}

impl<'a> Announced<'a> {
    /// As part of `initiator`, where there is one.
    pub fn by(initiator: Option<&'a Token>) -> Self {
        initiator.map_or(Self::Own, Self::As)
    }
    /// Whether the owner hears of it at all.
    pub fn is_heard(self) -> bool {
        !matches!(self, Self::Not)
    }
    /// What started the change, where that was elsewhere.
    pub fn initiator(self) -> Option<&'a Token> {
        match self {
            Self::Not | Self::Own => None,
            Self::As(token) => Some(token),
        }
    }
    /// What a method of a collection is told as `_sa_initiator`.
    pub fn of_value(value: Option<&'a Value>) -> Self {
        match value {
            Some(Value::Bool(false)) => Self::Not,
            Some(value) => Self::by(value.downcast::<Token>()),
            None => Self::Own,
        }
    }
    fn value(self) -> Value {
        match self {
            Self::Not => Value::Bool(false),
            Self::Own => Value::None,
            Self::As(token) => Value::object(token.clone()),
        }
    }
}

/// Call the method of a script's collection class that has `role`.
fn call_role(
    collection: &Value,
    role: &str,
    item: Value,
    how: Announced<'_>,
    cx: &Cx,
) -> Result<()> {
    let mut args = Args::from([item]);
    args.kw.push(("_sa_initiator".into(), how.value()));
    cx.call_method(collection, role, args).map(drop)
}

/// Add `item`, past all that would hear of it.
pub(super) fn raw_append(
    factory: &CollectionFactory,
    collection: &Value,
    item: Value,
    cx: &Cx,
) -> Result<()> {
    match collection {
        Value::List(list) => list.borrow_mut().push(item),
        Value::Set(set) => {
            let key = Key::new(item, cx)?;
            set.borrow_mut().insert(key);
        }
        Value::Dict(dict) => {
            if let Some(key) = factory.key(&item, Announced::Not, cx)? {
                drop(dict.insert(key, item, cx)?);
            }
        }
        _ => call_role(collection, "_sa_appender", item, Announced::Not, cx)?,
    }
    Ok(())
}

/// Take `item` out, past all that would hear of it; whether it was there.
pub(super) fn raw_remove(
    factory: &CollectionFactory,
    collection: &Value,
    item: &Value,
    cx: &Cx,
) -> Result<bool> {
    match collection {
        Value::List(list) => {
            let found = list.find(item, cx)?;
            let mut items = list.borrow_mut();
            let removed = found
                .filter(|at| *at < items.len())
                .map(|at| items.remove(at));
            drop(items);
            Ok(removed.is_some())
        }
        Value::Set(set) => {
            let key = Key::new(item.clone(), cx)?;
            Ok(set.borrow_mut().shift_remove(&key))
        }
        Value::Dict(dict) => {
            let Some(key) = factory.key(item, Announced::Not, cx)? else {
                return Ok(false);
            };
            let key = Key::new(key, cx)?;
            Ok(dict.borrow_mut().shift_remove(&key).is_some())
        }
        _ => {
            call_role(collection, "_sa_remover", item.clone(), Announced::Not, cx)?;
            Ok(true)
        }
    }
}

/// Add `item` and announce it.
pub(super) fn append_to(
    collection: &Value,
    item: Value,
    how: Announced<'_>,
    cx: &Cx,
) -> Result<()> {
    if let Value::Instance(_) = collection {
        return call_role(collection, "_sa_appender", item, how, cx);
    }
    let Some(adapter) = adapter_of(collection) else {
        return Ok(());
    };
    let list = CollectionFactory::List;
    let factory = adapter.attribute().collection_factory().unwrap_or(&list);
    match collection {
        Value::Dict(dict) => {
            let Some(key) = factory.key(&item, how, cx)? else {
                return Ok(());
            };
            if let Some(before) = dict.get(&key, cx)? {
                adapter.fire_remove(&before, how, cx)?;
            }
            let item = adapter.fire_append(item, how, cx)?;
            drop(dict.insert(key, item, cx)?);
            return Ok(());
        }
        Value::Set(set) if set.borrow().contains(&Key::new(item.clone(), cx)?) => {
            return adapter.fire_append_again(&item, how, cx);
        }
        _ => {}
    }
    let item = adapter.fire_append(item, how, cx)?;
    raw_append(factory, collection, item, cx)
}

/// Take `item` out and announce it.
pub(super) fn remove_from(
    collection: &Value,
    item: &Value,
    how: Announced<'_>,
    cx: &Cx,
) -> Result<()> {
    if let Value::Instance(_) = collection {
        return call_role(collection, "_sa_remover", item.clone(), how, cx);
    }
    let Some(adapter) = adapter_of(collection) else {
        return Ok(());
    };
    let list = CollectionFactory::List;
    let factory = adapter.attribute().collection_factory().unwrap_or(&list);
    match collection {
        Value::Dict(dict) => {
            let Some(key) = factory.key(item, how, cx)? else {
                return Ok(());
            };
            let Some(held) = dict.get(&key, cx)? else {
                return Err(key_error(key));
            };
            if !cx.eq(&held, item)? {
                return Err(keyed::not_held(item, &held, &key, cx)?);
            }
            adapter.fire_remove(&held, how, cx)?;
            let key = Key::new(key, cx)?;
            let left = dict.borrow_mut().shift_remove(&key);
            drop(left);
            return Ok(());
        }
        Value::Set(set) if !set.borrow().contains(&Key::new(item.clone(), cx)?) => {
            return Err(Raised::new(&KEY_ERROR, vec![item.clone()]));
        }
        _ => {}
    }
    adapter.fire_remove(item, how, cx)?;
    if raw_remove(factory, collection, item, cx)? {
        return Ok(());
    }
    Err(match collection {
        Value::List(_) => VALUE_ERROR.error("list.remove(x): x not in list"),
        _ => Raised::new(&KEY_ERROR, vec![item.clone()]),
    })
}
