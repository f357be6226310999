//! Identity keys, the weak identity map, and ordered sets of instances.

use std::hash::{Hash, Hasher};
use std::rc::{Rc, Weak};

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use crate::object::{Class, Cx, Instance, Result, Value, hash_value, key_eq};

/// What identifies a row's object: the class at the base of its mapping, the primary key, the
/// identity token.
#[derive(Clone)]
pub struct IdentityKey {
    class: Rc<Class>,
    /// The value of a single-column primary key, or a tuple of several.
    ident: Value,
    /// Rarely there: sharded sessions have one.
    token: Option<Box<Value>>,
    hash: u64,
}

impl IdentityKey {
    /// The key of a single-column primary key.
    pub fn single(class: &Rc<Class>, value: Value, token: Value, cx: &Cx) -> Result<Self> {
        if matches!(value, Value::Tuple(_)) {
            return Self::new(class, vec![value], token, cx);
        }
        let hash = mix(class, hash_value(&value, cx)?);
        Ok(Self {
            class: class.clone(),
            ident: value,
            token: boxed(token),
            hash,
        })
    }
    /// The key of a primary key of any number of columns.
    pub fn new(class: &Rc<Class>, mut values: Vec<Value>, token: Value, cx: &Cx) -> Result<Self> {
        if let [value] = values.as_mut_slice()
            && !matches!(value, Value::Tuple(_))
        {
            let value = std::mem::replace(value, Value::None);
            return Self::single(class, value, token, cx);
        }
        let ident = Value::tuple(values);
        let hash = mix(class, hash_value(&ident, cx)?);
        Ok(Self {
            class: class.clone(),
            ident,
            token: boxed(token),
            hash,
        })
    }
    /// The class at the base of the mapping.
    pub fn class(&self) -> &Rc<Class> {
        &self.class
    }
    /// The identity token; `None` without sharding.
    pub fn token(&self) -> &Value {
        self.token.as_deref().unwrap_or(&Value::None)
    }
    /// The values of the primary key.
    pub fn values(&self) -> &[Value] {
        match &self.ident {
            Value::Tuple(values) => values,
            single => std::slice::from_ref(single),
        }
    }
    /// `(class, (values..), token)`, as scripts see it.
    pub fn to_value(&self) -> Value {
        Value::tuple(vec![
            Value::Class(self.class.clone()),
            Value::tuple(self.values().to_vec()),
            self.token().clone(),
        ])
    }
}

fn boxed(token: Value) -> Option<Box<Value>> {
    (!token.is_none()).then(|| Box::new(token))
}

fn mix(class: &Rc<Class>, hash: u64) -> u64 {
    (Rc::as_ptr(class) as u64)
        .rotate_left(17)
        .wrapping_add(hash)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Hash for IdentityKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}
impl PartialEq for IdentityKey {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
            && Rc::ptr_eq(&self.class, &other.class)
            && match (&self.ident, &other.ident) {
                (Value::Int(a), Value::Int(b)) => a == b,
                (a, b) => key_eq(a, b),
            }
            && match (&self.token, &other.token) {
                (None, None) => true,
                _ => key_eq(self.token(), other.token()),
            }
    }
}
impl Eq for IdentityKey {}

/// How many dead entries an ordered map may hold before it is swept.
const SWEEP_FLOOR: usize = 64;

/// `WeakInstanceDict`: the persistent objects of a session, by identity key, in the order they
/// entered. An entry whose object is gone counts as absent and is swept in time.
#[derive(Default)]
pub struct IdentityMap {
    entries: IndexMap<IdentityKey, Weak<Instance>, FxBuildHasher>,
    /// The length at which dead entries are looked for.
    sweep_at: usize,
}

impl IdentityMap {
    /// The object of `key`, while something else keeps it alive.
    pub fn get(&self, key: &IdentityKey) -> Option<Rc<Instance>> {
        self.entries.get(key)?.upgrade()
    }
    /// Put `instance` under `key`; answers another object that was there before.
    pub fn replace(&mut self, key: IdentityKey, instance: &Rc<Instance>) -> Option<Rc<Instance>> {
        if self.entries.len() >= self.sweep_at {
            self.sweep();
        }
        self.entries
            .insert(key, Rc::downgrade(instance))?
            .upgrade()
            .filter(|before| !Rc::ptr_eq(before, instance))
    }
    /// Forget `key`, if it stands for `instance`.
    pub fn discard(&mut self, key: &IdentityKey, instance: &Rc<Instance>) {
        if let Some(entry) = self.entries.get_mut(key)
            && std::ptr::eq(entry.as_ptr(), Rc::as_ptr(instance))
        {
            *entry = Weak::new();
        }
    }
    /// Whether `key` stands for `instance`.
    pub fn holds(&self, key: &IdentityKey, instance: &Rc<Instance>) -> bool {
        self.entries
            .get(key)
            .is_some_and(|entry| std::ptr::eq(entry.as_ptr(), Rc::as_ptr(instance)))
    }
    /// The objects, in order.
    pub fn instances(&self) -> Vec<Rc<Instance>> {
        self.entries.values().filter_map(Weak::upgrade).collect()
    }
    /// The keys and objects, in order.
    pub fn items(&self) -> Vec<(IdentityKey, Rc<Instance>)> {
        self.entries
            .iter()
            .filter_map(|(key, entry)| Some((key.clone(), entry.upgrade()?)))
            .collect()
    }
    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.entries
            .values()
            .filter(|entry| entry.strong_count() > 0)
            .count()
    }
    /// Whether there is no object.
    pub fn is_empty(&self) -> bool {
        self.entries.values().all(|entry| entry.strong_count() == 0)
    }
    /// Make room for `more` objects that are about to enter.
    pub fn reserve(&mut self, more: usize) {
        self.entries.reserve(more);
    }

    fn sweep(&mut self) {
        self.entries.retain(|_, entry| entry.strong_count() > 0);
        self.sweep_at = self.entries.len() * 2 + SWEEP_FLOOR;
    }
}

/// Instances by identity, strongly held, in the order they entered; removal keeps the order and
/// costs the same however many there are.
#[derive(Default, Clone)]
pub struct InstanceSet {
    entries: IndexMap<usize, Option<Rc<Instance>>, FxBuildHasher>,
    live: usize,
}

impl InstanceSet {
    fn key(instance: &Rc<Instance>) -> usize {
        Rc::as_ptr(instance) as usize
    }
    /// Add `instance`; `false` where it was in already.
    pub fn insert(&mut self, instance: Rc<Instance>) -> bool {
        if let Some(entry) = self.entries.get(&Self::key(&instance)) {
            if entry.is_some() {
                return false;
            }
            // Its place is the end, as for any newcomer.
            self.compact();
        }
        self.entries.insert(Self::key(&instance), Some(instance));
        self.live += 1;
        true
    }
    /// Take `instance` out; `false` where it was not in.
    pub fn remove(&mut self, instance: &Rc<Instance>) -> bool {
        let Some(entry) = self.entries.get_mut(&Self::key(instance)) else {
            return false;
        };
        if entry.take().is_none() {
            return false;
        }
        self.live -= 1;
        if self.live == 0 {
            self.entries.clear();
        } else if self.entries.len() > 2 * self.live + SWEEP_FLOOR {
            self.compact();
        }
        true
    }
    /// Whether `instance` is in.
    pub fn contains(&self, instance: &Rc<Instance>) -> bool {
        matches!(self.entries.get(&Self::key(instance)), Some(Some(_)))
    }
    /// How many there are.
    pub fn len(&self) -> usize {
        self.live
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }
    /// Those in it, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Rc<Instance>> {
        self.entries.values().flatten()
    }
    /// The same as a `Vec`.
    pub fn to_vec(&self) -> Vec<Rc<Instance>> {
        self.iter().cloned().collect()
    }
    /// Take all out.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.live = 0;
    }

    fn compact(&mut self) {
        self.entries.retain(|_, entry| entry.is_some());
    }
}

impl FromIterator<Rc<Instance>> for InstanceSet {
    fn from_iter<I: IntoIterator<Item = Rc<Instance>>>(instances: I) -> Self {
        let mut set = Self::default();
        for instance in instances {
            set.insert(instance);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::types::OBJECT;

    #[test]
    fn a_set_keeps_its_order_through_removals() {
        let class = OBJECT.class();
        let all: Vec<_> = (0..300).map(|_| Instance::new(class.clone())).collect();
        let mut set: InstanceSet = all.iter().cloned().collect();
        for instance in &all[..200] {
            assert!(set.remove(instance));
        }
        assert!(!set.remove(&all[0]));
        assert!(set.insert(all[0].clone()));
        assert_eq!(set.len(), 101);
        let order: Vec<_> = set.iter().map(Rc::as_ptr).collect();
        assert_eq!(order[0], Rc::as_ptr(&all[200]));
        assert_eq!(order[100], Rc::as_ptr(&all[0]));
    }
}
