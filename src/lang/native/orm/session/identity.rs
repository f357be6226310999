//! `Session.new`, `.dirty`, `.deleted` and `.identity_map`.

use std::rc::Rc;

use crate::object::types::OBJECT;
use crate::object::{Cx, Instance, Key, Members, Object, Result, TypeSpec, Value, key_error};
use crate::orm::IdentityKey;
use crate::orm::session::Session;

/// `IdentitySet`: objects, told apart by identity.
pub struct IdentitySet(Vec<Rc<Instance>>);

/// The class `IdentitySet`.
pub static IDENTITY_SET: TypeSpec = TypeSpec::new("sqlalchemy.util._collections", "IdentitySet")
    .bases(&[&OBJECT])
    .members(set_members);

/// A set of `instances`.
pub fn instance_set(instances: Vec<Rc<Instance>>) -> Value {
    Value::object(IdentitySet(instances))
}

impl IdentitySet {
    fn list(&self) -> Value {
        Value::list(self.0.iter().cloned().map(Value::Instance).collect())
    }
    fn holds(&self, value: &Value) -> bool {
        matches!(value, Value::Instance(instance)
            if self.0.iter().any(|one| Rc::ptr_eq(one, instance)))
    }
    fn of(value: &Value, cx: &Cx) -> Result<Self> {
        let mut found: Vec<Rc<Instance>> = Vec::new();
        for item in cx.collect(value)? {
            if let Value::Instance(instance) = item
                && !found.iter().any(|one| Rc::ptr_eq(one, &instance))
            {
                found.push(instance);
            }
        }
        Ok(Self(found))
    }
}

fn set_members(members: &mut Members) {
    members
        .method("union(iterable)", |set: &IdentitySet, bound, cx| {
            let other = IdentitySet::of(bound.value("iterable"), cx)?;
            let mut all = set.0.clone();
            all.extend(
                other
                    .0
                    .into_iter()
                    .filter(|one| !set.holds(&Value::Instance(one.clone()))),
            );
            Ok(instance_set(all))
        })
        .method("difference(iterable)", |set: &IdentitySet, bound, cx| {
            let other = IdentitySet::of(bound.value("iterable"), cx)?;
            let kept = set
                .0
                .iter()
                .filter(|one| !other.holds(&Value::Instance((*one).clone())));
            Ok(instance_set(kept.cloned().collect()))
        })
        .method("intersection(iterable)", |set: &IdentitySet, bound, cx| {
            let other = IdentitySet::of(bound.value("iterable"), cx)?;
            let kept = set
                .0
                .iter()
                .filter(|one| other.holds(&Value::Instance((*one).clone())));
            Ok(instance_set(kept.cloned().collect()))
        })
        .method("copy()", |set: &IdentitySet, _, _| {
            Ok(instance_set(set.0.clone()))
        })
        .method("__contains__(value)", |set: &IdentitySet, bound, _| {
            Ok(Value::Bool(set.holds(bound.value("value"))))
        })
        .method("__len__()", |set: &IdentitySet, _, _| {
            Ok(Value::Int(i64::try_from(set.0.len()).unwrap_or(i64::MAX)))
        });
}

impl Object for IdentitySet {
    fn spec(&self) -> &'static TypeSpec {
        &IDENTITY_SET
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let list = cx.repr(&self.list())?;
        Ok(Some(format!("IdentitySet({list})")))
    }
    fn contains(&self, _this: &Value, item: &Value, _cx: &Cx) -> Result<Option<bool>> {
        Ok(Some(self.holds(item)))
    }
    fn len(&self, _cx: &Cx) -> Result<Option<usize>> {
        Ok(Some(self.0.len()))
    }
    fn iter(&self, _this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        Ok(Some(super::items(
            self.0.iter().cloned().map(Value::Instance).collect(),
        )))
    }
    fn compare(
        &self,
        _this: &Value,
        op: crate::object::CompareOp,
        other: &Value,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        use crate::object::CompareOp::{Eq, Ne};
        let Some(other) = other.downcast::<Self>() else {
            return Ok(None);
        };
        let same = self.0.len() == other.0.len()
            && self
                .0
                .iter()
                .all(|one| other.holds(&Value::Instance(one.clone())));
        Ok(match op {
            Eq => Some(Value::Bool(same)),
            Ne => Some(Value::Bool(!same)),
            _ => None,
        })
    }
}

/// `Session.identity_map`.
pub struct IdentityMapView(pub Session);

/// The class `WeakInstanceDict`.
pub static IDENTITY_MAP: TypeSpec = TypeSpec::new("sqlalchemy.orm.identity", "WeakInstanceDict")
    .bases(&[&OBJECT])
    .members(map_members);

impl IdentityMapView {
    fn items(&self) -> Vec<(IdentityKey, Rc<Instance>)> {
        self.0.identity_items()
    }
    fn find(&self, key: &Value, cx: &Cx) -> Result<Option<Rc<Instance>>> {
        let key = Key::new(key.clone(), cx)?;
        for (known, instance) in self.items() {
            if cx.eq(&known.to_value(), key.value())? {
                return Ok(Some(instance));
            }
        }
        Ok(None)
    }
}

fn map_members(members: &mut Members) {
    members
        .method("keys()", |map: &IdentityMapView, _, cx| {
            let keys = map.items().iter().map(|(key, _)| key.to_value()).collect();
            let dict = crate::object::Dict::default();
            for key in cx.collect(&Value::list(keys))? {
                dict.insert(key, Value::None, cx)?;
            }
            cx.call_method(&Value::Dict(Rc::new(dict)), "keys", [])
        })
        .method("values()", |map: &IdentityMapView, _, _| {
            let values = map
                .items()
                .into_iter()
                .map(|(_, instance)| Value::Instance(instance));
            Ok(Value::list(values.collect()))
        })
        .method("all_states()", |map: &IdentityMapView, _, _| {
            let values = map
                .items()
                .into_iter()
                .map(|(_, instance)| Value::Instance(instance));
            Ok(Value::list(values.collect()))
        })
        .method("items()", |map: &IdentityMapView, _, _| {
            let pairs = map.items().into_iter().map(|(key, instance)| {
                Value::tuple(vec![key.to_value(), Value::Instance(instance)])
            });
            Ok(Value::list(pairs.collect()))
        })
        .method(
            "get(key, default=None)",
            |map: &IdentityMapView, bound, cx| {
                Ok(match map.find(bound.value("key"), cx)? {
                    Some(instance) => Value::Instance(instance),
                    None => bound.given("default").cloned().unwrap_or(Value::None),
                })
            },
        );
}

impl Object for IdentityMapView {
    fn spec(&self) -> &'static TypeSpec {
        &IDENTITY_MAP
    }
    fn identity(&self) -> Option<usize> {
        Some(self.0.address() ^ 1)
    }
    fn len(&self, _cx: &Cx) -> Result<Option<usize>> {
        Ok(Some(self.items().len()))
    }
    fn contains(&self, _this: &Value, item: &Value, cx: &Cx) -> Result<Option<bool>> {
        Ok(Some(self.find(item, cx)?.is_some()))
    }
    fn get_item(&self, _this: &Value, key: &Value, cx: &Cx) -> Result<Option<Value>> {
        match self.find(key, cx)? {
            Some(instance) => Ok(Some(Value::Instance(instance))),
            None => Err(key_error(key.clone())),
        }
    }
    fn iter(&self, _this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        let keys = self.items().iter().map(|(key, _)| key.to_value()).collect();
        Ok(Some(super::items(keys)))
    }
}
