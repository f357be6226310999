//! Association proxies of collections: lists, sets and dicts of an attribute of the objects that
//! a relationship holds. An object is looked at when its value is wanted, and no sooner.

use std::rc::Rc;

use super::association::AssociationProxy;
use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::object::exceptions::{NOT_IMPLEMENTED_ERROR, TYPE_ERROR, VALUE_ERROR};
use crate::object::{
    Args, BinaryOp, Bound, CompareOp, Cx, Dict, List, Members, Object, Result, Set, TypeSpec,
    Value, find_attr, ops, types,
};

/// The attributes of the objects in a collection, as a collection.
pub struct ProxyCollection {
    owner: Value,
    proxy: Value,
    shape: Shape,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    List,
    Set,
    Dict,
}

impl ProxyCollection {
    /// The proxy of `owner` over `held`, if that is a collection.
    pub fn over(held: &Value, owner: &Value, proxy: &Value) -> Option<Self> {
        let shape = if held.downcast::<List>().is_some() {
            Shape::List
        } else if held.downcast::<Set>().is_some() {
            Shape::Set
        } else if held.downcast::<Dict>().is_some() {
            Shape::Dict
        } else {
            return None;
        };
        Some(Self {
            owner: owner.clone(),
            proxy: proxy.clone(),
            shape,
        })
    }
    fn proxy(&self) -> Result<&AssociationProxy> {
        self.proxy
            .downcast()
            .ok_or_else(|| INVALID_REQUEST_ERROR.error("not an association proxy"))
    }
    fn held(&self, cx: &Cx) -> Result<Value> {
        cx.get_attr(&self.owner, &self.proxy()?.target)
    }
    fn value_of(&self, item: &Value, cx: &Cx) -> Result<Value> {
        cx.get_attr(item, &self.proxy()?.attribute)
    }
    fn create(&self, args: &[Value], cx: &Cx) -> Result<Value> {
        self.proxy()?.create(&self.owner, args, cx)
    }
    fn members(&self, cx: &Cx) -> Result<Vec<Value>> {
        crate::orm::members(&self.held(cx)?, cx)
    }
    /// The first member whose value is `value`, and its place.
    fn find(&self, value: &Value, cx: &Cx) -> Result<Option<(usize, Value)>> {
        for (at, item) in self.members(cx)?.into_iter().enumerate() {
            if cx.eq(&self.value_of(&item, cx)?, value)? {
                return Ok(Some((at, item)));
            }
        }
        Ok(None)
    }
    fn entries(dict: &Dict) -> Vec<(Value, Value)> {
        let pairs = dict.borrow();
        let pairs = pairs.iter();
        pairs
            .map(|(key, value)| (key.value().clone(), value.clone()))
            .collect()
    }
    /// The values, as a plain collection of the same kind.
    fn plain(&self, cx: &Cx) -> Result<Value> {
        let held = self.held(cx)?;
        if let Some(dict) = held.downcast::<Dict>() {
            let made = Dict::default();
            for (key, item) in Self::entries(dict) {
                made.insert(key, self.value_of(&item, cx)?, cx)?;
            }
            return Ok(Value::Dict(Rc::new(made)));
        }
        let values = crate::orm::members(&held, cx)?
            .iter()
            .map(|item| self.value_of(item, cx))
            .collect::<Result<Vec<_>>>()?;
        Ok(match self.shape {
            Shape::Set => Value::Set(Rc::new(Set::new(Set::of(values, cx)?))),
            _ => Value::list(values),
        })
    }
    fn append(&self, value: &Value, cx: &Cx) -> Result<()> {
        let made = self.create(std::slice::from_ref(value), cx)?;
        cx.call_method(&self.held(cx)?, "append", [made]).map(drop)
    }
    fn add(&self, value: &Value, cx: &Cx) -> Result<()> {
        if self.find(value, cx)?.is_some() {
            return Ok(());
        }
        let made = self.create(std::slice::from_ref(value), cx)?;
        cx.call_method(&self.held(cx)?, "add", [made]).map(drop)
    }
    fn extend(&self, values: &Value, cx: &Cx) -> Result<()> {
        for value in cx.collect(values)? {
            match self.shape {
                Shape::Set => self.add(&value, cx)?,
                _ => self.append(&value, cx)?,
            }
        }
        Ok(())
    }
    fn set_key(&self, key: &Value, value: &Value, cx: &Cx) -> Result<()> {
        let held = self.held(cx)?;
        if let Some(dict) = held.downcast::<Dict>() {
            if let Some(item) = dict.get(key, cx)? {
                return cx.set_attr(&item, &self.proxy()?.attribute, value.clone());
            }
            let made = self.create(&[key.clone(), value.clone()], cx)?;
            return types::set_item(&held, key.clone(), made, cx);
        }
        let item = types::get_item(&held, key, cx)?;
        cx.set_attr(&item, &self.proxy()?.attribute, value.clone())
    }
    fn update_dict(&self, args: Args, cx: &Cx) -> Result<()> {
        let made = Value::Dict(Rc::new(Dict::default()));
        cx.call(&cx.get_attr(&made, "update")?, args)?;
        if let Value::Dict(made) = &made {
            for (key, value) in Self::entries(made) {
                self.set_key(&key, &value, cx)?;
            }
        }
        Ok(())
    }
    /// Remove the member whose value is `value`; whether there was one.
    fn remove(&self, value: &Value, cx: &Cx) -> Result<bool> {
        let Some((at, item)) = self.find(value, cx)? else {
            return Ok(false);
        };
        let held = self.held(cx)?;
        match self.shape {
            Shape::Set => cx.call_method(&held, "discard", [item]).map(drop)?,
            _ => types::delete_item(&held, &Value::Int(i64::try_from(at).unwrap_or(0)), cx)?,
        }
        Ok(true)
    }
    fn clear(&self, cx: &Cx) -> Result<()> {
        cx.call_method(&self.held(cx)?, "clear", []).map(drop)
    }
    /// Assignment to the attribute. A list is emptied and filled; a set or dict keeps what is in
    /// both.
    pub fn replace(&self, value: &Value, cx: &Cx) -> Result<()> {
        let same = value.downcast::<Self>();
        if same.is_some_and(|other| other.owner.is(&self.owner) && other.proxy.is(&self.proxy)) {
            return Ok(());
        }
        match self.shape {
            Shape::List => {
                self.clear(cx)?;
                self.extend(value, cx)
            }
            Shape::Set => self.replace_set(value, cx),
            Shape::Dict => self.replace_dict(value, cx),
        }
    }
    fn replace_set(&self, value: &Value, cx: &Cx) -> Result<()> {
        let before = cx.collect(&self.plain(cx)?)?;
        let wanted = match value {
            Value::None => Vec::new(),
            values => cx.collect(values)?,
        };
        for value in &wanted {
            self.add(value, cx)?;
        }
        let wanted = Value::list(wanted);
        for gone in before {
            if !types::contains(&wanted, &gone, cx)? {
                self.remove(&gone, cx)?;
            }
        }
        Ok(())
    }
    fn replace_dict(&self, value: &Value, cx: &Cx) -> Result<()> {
        let before = cx.collect(&self.held(cx)?)?;
        for pair in cx.collect(&cx.call_method(value, "items", [])?)? {
            if let [key, member] = cx.collect(&pair)?.as_slice() {
                self.set_key(key, member, cx)?;
            }
        }
        for key in before {
            if !types::contains(value, &key, cx)? {
                types::delete_item(&self.held(cx)?, &key, cx)?;
            }
        }
        Ok(())
    }
    /// `held.pop(..)`: the value of what it answers.
    fn pop(&self, a: &Bound<'_>, cx: &Cx) -> Result<Value> {
        let held = self.held(cx)?;
        if self.shape == Shape::Set && self.members(cx)?.is_empty() {
            return Err(crate::object::key_error("pop from an empty set".into()));
        }
        let args = Args::from(a.rest().to_vec());
        let item = cx.call(&cx.get_attr(&held, "pop")?, args)?;
        self.value_of(&item, cx)
    }
}

const MODULE: &str = "sqlalchemy.ext.associationproxy";
static ASSOCIATION_LIST: TypeSpec = TypeSpec::new(MODULE, "_AssociationList").members(list_members);
static ASSOCIATION_SET: TypeSpec = TypeSpec::new(MODULE, "_AssociationSet").members(set_members);
static ASSOCIATION_DICT: TypeSpec = TypeSpec::new(MODULE, "_AssociationDict").members(dict_members);

fn common_members(members: &mut Members) {
    members
        .method("clear()", |this: &ProxyCollection, _, cx| {
            this.clear(cx)?;
            Ok(Value::None)
        })
        .method("copy()", |this: &ProxyCollection, _, cx| this.plain(cx))
        .method("pop(*args)", |this: &ProxyCollection, a, cx| {
            this.pop(a, cx)
        });
}

fn list_members(members: &mut Members) {
    common_members(members);
    members
        .method("append(value)", |this: &ProxyCollection, a, cx| {
            this.append(a.value("value"), cx)?;
            Ok(Value::None)
        })
        .method("extend(values)", |this: &ProxyCollection, a, cx| {
            this.extend(a.value("values"), cx)?;
            Ok(Value::None)
        })
        .method("insert(index, value)", |this: &ProxyCollection, a, cx| {
            let made = this.create(std::slice::from_ref(a.value("value")), cx)?;
            let args = [a.value("index").clone(), made];
            cx.call_method(&this.held(cx)?, "insert", args)
        })
        .method("remove(value)", |this: &ProxyCollection, a, cx| match this
            .remove(a.value("value"), cx)?
        {
            true => Ok(Value::None),
            false => Err(VALUE_ERROR.error("value not in list")),
        })
        .method("reverse()", |_: &ProxyCollection, _, _| {
            Err(NOT_IMPLEMENTED_ERROR.error(""))
        })
        .method("sort()", |_: &ProxyCollection, _, _| {
            Err(NOT_IMPLEMENTED_ERROR.error(""))
        })
        .method_on_value("__iadd__(iterable)", |this, a, cx| {
            if let Some(list) = this.downcast::<ProxyCollection>() {
                list.extend(a.value("iterable"), cx)?;
            }
            Ok(this.clone())
        });
}

fn set_members(members: &mut Members) {
    common_members(members);
    members
        .method("add(value)", |this: &ProxyCollection, a, cx| {
            this.add(a.value("value"), cx)?;
            Ok(Value::None)
        })
        .method("discard(value)", |this: &ProxyCollection, a, cx| {
            this.remove(a.value("value"), cx)?;
            Ok(Value::None)
        })
        .method("remove(value)", |this: &ProxyCollection, a, cx| match this
            .remove(a.value("value"), cx)?
        {
            true => Ok(Value::None),
            false => Err(crate::object::key_error(a.value("value").clone())),
        })
        .method("update(*values)", |this: &ProxyCollection, a, cx| {
            for values in a.rest() {
                this.extend(values, cx)?;
            }
            Ok(Value::None)
        })
        .method_on_value("__ior__(other)", |this, a, cx| {
            if let Some(set) = this.downcast::<ProxyCollection>() {
                set.extend(a.value("other"), cx)?;
            }
            Ok(this.clone())
        });
}

fn dict_members(members: &mut Members) {
    common_members(members);
    members
        .method("get(key, default=None)", |this: &ProxyCollection, a, cx| {
            let held = this.held(cx)?;
            let found = match held.downcast::<Dict>() {
                Some(dict) => dict.get(a.value("key"), cx)?,
                None => None,
            };
            match found {
                Some(item) => this.value_of(&item, cx),
                None => Ok(a.given("default").cloned().unwrap_or(Value::None)),
            }
        })
        .method(
            "setdefault(key, default=None)",
            |this: &ProxyCollection, a, cx| {
                let (key, held) = (a.value("key"), this.held(cx)?);
                if types::contains(&held, key, cx)? {
                    return this.value_of(&types::get_item(&held, key, cx)?, cx);
                }
                let default = a.given("default").cloned().unwrap_or(Value::None);
                this.set_key(key, &default, cx)?;
                Ok(default)
            },
        )
        .method("keys()", |this: &ProxyCollection, _, cx| {
            cx.call_method(&this.held(cx)?, "keys", [])
        })
        .method("popitem()", |this: &ProxyCollection, _, cx| {
            let pair = cx.call_method(&this.held(cx)?, "popitem", [])?;
            match cx.collect(&pair)?.as_slice() {
                [key, item] => Ok(Value::tuple(vec![key.clone(), this.value_of(item, cx)?])),
                _ => Ok(pair),
            }
        })
        .method("update(*a, **kw)", |this: &ProxyCollection, a, cx| {
            let mut args = Args::from(a.rest().to_vec());
            args.kw = a.keywords().to_vec();
            this.update_dict(args, cx)?;
            Ok(Value::None)
        });
}

impl Object for ProxyCollection {
    fn spec(&self) -> &'static TypeSpec {
        match self.shape {
            Shape::List => &ASSOCIATION_LIST,
            Shape::Set => &ASSOCIATION_SET,
            Shape::Dict => &ASSOCIATION_DICT,
        }
    }
    fn identity(&self) -> Option<usize> {
        // The proxy of an object is kept, so that it is one.
        let (owner, proxy) = (self.owner.address()?, self.proxy.address()?);
        Some(owner.rotate_left(17) ^ proxy)
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        cx.repr(&self.plain(cx)?).map(Some)
    }
    fn get_attr(&self, _this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        if name.starts_with('_') {
            return Ok(None);
        }
        find_attr(&self.plain(cx)?, name, cx)
    }
    fn len(&self, cx: &Cx) -> Result<Option<usize>> {
        Ok(Some(self.members(cx)?.len()))
    }
    fn iter(&self, _this: &Value, cx: &Cx) -> Result<Option<Value>> {
        self.plain(cx).map(Some)
    }
    fn contains(&self, _this: &Value, item: &Value, cx: &Cx) -> Result<Option<bool>> {
        if self.shape == Shape::Dict {
            return types::contains(&self.held(cx)?, item, cx).map(Some);
        }
        Ok(Some(self.find(item, cx)?.is_some()))
    }
    fn get_item(&self, _this: &Value, key: &Value, cx: &Cx) -> Result<Option<Value>> {
        let found = types::get_item(&self.held(cx)?, key, cx)?;
        if let (Shape::List, Value::List(items)) = (self.shape, &found) {
            let items = items.to_vec();
            let values = items.iter().map(|item| self.value_of(item, cx));
            return Ok(Some(Value::list(values.collect::<Result<Vec<_>>>()?)));
        }
        self.value_of(&found, cx).map(Some)
    }
    fn set_item(&self, key: &Value, value: &Value, cx: &Cx) -> Result<bool> {
        self.set_key(key, value, cx)?;
        Ok(true)
    }
    fn delete_item(&self, key: &Value, cx: &Cx) -> Result<bool> {
        types::delete_item(&self.held(cx)?, key, cx)?;
        Ok(true)
    }
    fn binary(
        &self,
        _this: &Value,
        op: BinaryOp,
        other: &Value,
        reflected: bool,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        let own = self.plain(cx)?;
        let other = match other.downcast::<Self>() {
            Some(other) => other.plain(cx)?,
            None => other.clone(),
        };
        match reflected {
            true => ops::binary(op, &other, &own, cx),
            false => ops::binary(op, &own, &other, cx),
        }
        .map(Some)
    }
    fn compare(
        &self,
        _this: &Value,
        op: CompareOp,
        other: &Value,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        let other = match other.downcast::<Self>() {
            Some(other) => other.plain(cx)?,
            None => other.clone(),
        };
        ops::compare(op, &self.plain(cx)?, &other, cx).map(Some)
    }
    fn hash(&self, _cx: &Cx) -> Result<Option<u64>> {
        Err(TYPE_ERROR.error(format!("{} objects are unhashable", self.spec().name())))
    }
}
