//! `dict`: its type, its methods, and the one implementation of every change, instrumented or
//! not.

use std::rc::Rc;

use super::{OBJECT, base_value, class_of, container_members, dict_views, set_members};
use crate::object::exceptions::{KEY_ERROR, TYPE_ERROR, VALUE_ERROR};
use crate::object::{
    Args, Class, Cx, Dict, DictMap, Key, Members, Result, Str, TypeSpec, Value, key_error, ops,
};

/// `dict`.
pub static DICT: TypeSpec = TypeSpec::new("builtins", "dict")
    .bases(&[&OBJECT])
    .construct(construct)
    .members(members)
    .subclassable();

fn construct(class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    let dict = Dict::default();
    // As dict.__new__, which leaves the arguments to an __init__ of the class.
    if class.spec().is_some() || class.script_method("__init__").is_none() {
        if args.pos.len() > 1 {
            return Err(TYPE_ERROR.error(format!(
                "dict expected at most 1 argument, got {}",
                args.pos.len()
            )));
        }
        dict.update(args.pos.first(), &args.kw, cx)?;
    }
    Ok(super::of_class(class, &DICT, Value::Dict(Rc::new(dict))))
}

/// A copy of the entries, in order.
pub fn entries(dict: &Dict) -> Vec<(Value, Value)> {
    dict.borrow()
        .iter()
        .map(|(key, value)| (key.value().clone(), value.clone()))
        .collect()
}

impl Dict {
    /// `dict[key]`, without `__missing__`.
    pub fn get_item(&self, key: &Value, cx: &Cx) -> Result<Option<Value>> {
        if let Value::Str(text) = key {
            return Ok(self.get_str(text));
        }
        self.get(key, cx)
    }

    /// Whether `key` is there.
    pub fn contains_key(&self, key: &Value, cx: &Cx) -> Result<bool> {
        Ok(self.get_item(key, cx)?.is_some())
    }

    /// `dict[key] = value`, through the hook.
    pub fn set_item(&self, key: Value, value: Value, cx: &Cx) -> Result<()> {
        let key = Key::new(key, cx)?;
        let value = match self.hook() {
            Some(hook) => {
                let existing = self.borrow().get(&key).cloned();
                if let Some(existing) = existing {
                    hook.remove(&existing, cx)?;
                }
                hook.append(value, cx)?
            }
            None => value,
        };
        let old = self.borrow_mut().insert(key, value);
        drop(old);
        Ok(())
    }

    /// Remove `key`, through the hook, and answer its value.
    pub fn take(&self, key: &Value, cx: &Cx) -> Result<Option<Value>> {
        let key = Key::new(key.clone(), cx)?;
        if let Some(hook) = self.hook() {
            let existing = self.borrow().get(&key).cloned();
            if let Some(existing) = existing {
                hook.remove(&existing, cx)?;
            }
        }
        let removed = self.borrow_mut().shift_remove(&key);
        Ok(removed)
    }

    /// Remove the newest entry, or with `first` the oldest, through the hook.
    pub fn take_end(&self, first: bool, cx: &Cx) -> Result<Option<(Value, Value)>> {
        let entry = {
            let items = self.borrow();
            let found = if first { items.first() } else { items.last() };
            found.map(|(key, value)| (key.value().clone(), value.clone()))
        };
        if let Some((key, _)) = &entry {
            self.take(key, cx)?;
        }
        Ok(entry)
    }

    /// Remove everything, through the hook.
    pub fn clear(&self, cx: &Cx) -> Result<()> {
        if let Some(hook) = self.hook() {
            for (_, value) in entries(self) {
                hook.remove(&value, cx)?;
            }
        }
        let old = std::mem::take(&mut *self.borrow_mut());
        drop(old);
        Ok(())
    }

    /// `dict.update(other, **keywords)`, through the hook.
    pub fn update(&self, other: Option<&Value>, keywords: &[(Str, Value)], cx: &Cx) -> Result<()> {
        if let Some(other) = other {
            for (key, value) in pairs_of(other, cx)? {
                self.put(key, value, cx)?;
            }
        }
        for (name, value) in keywords {
            self.put(Value::Str(name.clone()), value.clone(), cx)?;
        }
        Ok(())
    }

    /// Set as `update` does: an instrumented dict does not announce what it holds already.
    fn put(&self, key: Value, value: Value, cx: &Cx) -> Result<()> {
        if self.hook().is_some()
            && let Some(held) = self.get_item(&key, cx)?
            && held.is(&value)
        {
            return Ok(());
        }
        self.set_item(key, value, cx)
    }

    /// A copy of the map.
    pub fn to_map(&self) -> DictMap {
        self.borrow().clone()
    }
}

/// The pairs that `dict(other)` takes: of a mapping, or of an iterable of pairs.
pub fn pairs_of(other: &Value, cx: &Cx) -> Result<Vec<(Value, Value)>> {
    let base = base_value(other);
    if let Value::Dict(dict) = &base {
        return Ok(entries(dict));
    }
    if matches!(base, Value::Object(_) | Value::Instance(_))
        && let Ok(keys) = cx.get_attr(&base, "keys")
    {
        let keys = cx.call(&keys, [])?;
        return cx
            .collect(&keys)?
            .into_iter()
            .map(|key| {
                let value = ops::get_item(other, &key, cx)?;
                Ok((key, value))
            })
            .collect();
    }
    let mut pairs = Vec::new();
    for (at, item) in cx.collect(&base)?.into_iter().enumerate() {
        let parts = cx.collect(&item).map_err(|raised| {
            if raised.is(&TYPE_ERROR) {
                return TYPE_ERROR.error(format!(
                    "cannot convert dictionary update sequence element #{at} to a sequence"
                ));
            }
            raised
        })?;
        let [key, value] = parts.as_slice() else {
            return Err(VALUE_ERROR.error(format!(
                "dictionary update sequence element #{at} has length {}; 2 is required",
                parts.len()
            )));
        };
        pairs.push((key.clone(), value.clone()));
    }
    Ok(pairs)
}

fn shared(this: &Value) -> Rc<Dict> {
    match base_value(this) {
        Value::Dict(dict) => dict,
        _ => Rc::default(),
    }
}

fn members(members: &mut Members) {
    members
        .method_on_value("keys(/)", |this, _, _| Ok(dict_views::keys(shared(this))))
        .method_on_value("values(/)", |this, _, _| {
            Ok(dict_views::values(shared(this)))
        })
        .method_on_value("items(/)", |this, _, _| Ok(dict_views::items(shared(this))))
        .method("get(key, default=None, /)", |dict: &Dict, a, cx| {
            Ok(match dict.get_item(a.at(0), cx)? {
                Some(value) => value,
                None => a.at(1).clone().or_none(),
            })
        })
        .method("setdefault(key, default=None, /)", |dict: &Dict, a, cx| {
            if let Some(held) = dict.get_item(a.at(0), cx)? {
                return Ok(held);
            }
            let value = a.at(1).clone().or_none();
            dict.set_item(a.at(0).clone(), value, cx)?;
            Ok(dict.get_item(a.at(0), cx)?.unwrap_or(Value::None))
        })
        .method("pop(key, default=None, /)", pop)
        .method("popitem(/)", |dict: &Dict, _, cx| {
            match dict.take_end(false, cx)? {
                Some((key, value)) => Ok(Value::tuple(vec![key, value])),
                None => Err(KEY_ERROR.error("popitem(): dictionary is empty")),
            }
        })
        .method("clear(/)", |dict: &Dict, _, cx| {
            dict.clear(cx).map(|()| Value::None)
        })
        .method("copy(/)", |dict: &Dict, _, _| {
            Ok(Value::Dict(Rc::new(Dict::new(dict.to_map()))))
        })
        .method("update(other=(), /, **kwargs)", |dict: &Dict, a, cx| {
            dict.update(a.some_at(0), a.keywords(), cx)?;
            Ok(Value::None)
        })
        .method("__init__(other=(), /, **kwargs)", |dict: &Dict, a, cx| {
            dict.update(a.some_at(0), a.keywords(), cx)?;
            Ok(Value::None)
        })
        .class_method("fromkeys(iterable, value=None, /)", |this, a, cx| {
            let made = cx.call(this, [])?;
            let value = a.at(1).clone().or_none();
            for key in cx.collect(a.at(0))? {
                ops::set_item(&made, key, value.clone(), cx)?;
            }
            Ok(made)
        })
        .class_method("__class_getitem__(item, /)", |this, a, cx| {
            super::generic::subscribe(this, a.at(0), cx)
        })
        .with(container_members)
        .with(set_members);
}

fn pop(dict: &Dict, a: &crate::object::Bound<'_>, cx: &Cx) -> Result<Value> {
    match dict.take(a.at(0), cx)? {
        Some(value) => Ok(value),
        None if !a.at(1).is_undefined() => Ok(a.at(1).clone()),
        None => Err(key_error(a.at(0).clone())),
    }
}

/// The TypeError for a key that is none, with the type's name.
pub fn not_a_mapping(value: &Value, cx: &Cx) -> crate::object::Raised {
    TYPE_ERROR.error(format!(
        "'{}' object is not a mapping",
        class_of(value, cx).error_name()
    ))
}
