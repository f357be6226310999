//! Identity keys, the weak identity map, and ordered sets of instances.

use std::hash::{Hash, Hasher};
use std::rc::{Rc, Weak};

use hashbrown::HashTable;
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::state::state_of;
use crate::object::{Class, Cx, Instance, Result, Value, hash_value, key_eq};

/// What identifies a row's object: the class at the base of its mapping, the primary key, the
/// identity token.
#[derive(Clone)]
pub struct IdentityKey {
    class: Rc<Class>,
    ident: Ident,
    hash: u64,
}

/// The value of a single-column primary key, or a tuple of several.
#[derive(Clone)]
enum Ident {
    Alone(Value),
    /// With the identity token of sharded sessions.
    WithToken(Box<(Value, Value)>),
}

impl Ident {
    fn new(value: Value, token: Value) -> Self {
        match token {
            Value::None => Self::Alone(value),
            token => Self::WithToken(Box::new((value, token))),
        }
    }
    fn value(&self) -> &Value {
        match self {
            Self::Alone(value) => value,
            Self::WithToken(both) => &both.0,
        }
    }
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
            ident: Ident::new(value, token),
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
            ident: Ident::new(ident, token),
            hash,
        })
    }
    /// The class at the base of the mapping.
    pub fn class(&self) -> &Rc<Class> {
        &self.class
    }
    /// The identity token; `None` without sharding.
    pub fn token(&self) -> &Value {
        match &self.ident {
            Ident::Alone(_) => &Value::None,
            Ident::WithToken(both) => &both.1,
        }
    }
    /// The values of the primary key.
    pub fn values(&self) -> &[Value] {
        match self.ident.value() {
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
                (Ident::Alone(Value::Int(a)), Ident::Alone(Value::Int(b))) => a == b,
                (Ident::Alone(a), Ident::Alone(b)) => key_eq(a, b),
                (a, b) => key_eq(a.value(), b.value()) && key_eq(self.token(), other.token()),
            }
    }
}
impl Eq for IdentityKey {}

/// How many dead entries an ordered map may hold before it is swept.
const SWEEP_FLOOR: usize = 64;

/// `WeakInstanceDict`: the persistent objects of a session, by identity key, in the order they
/// entered. An entry whose object is gone counts as absent and is swept in time. The keys stand
/// in the states of the objects alone.
#[derive(Default)]
pub struct IdentityMap {
    entries: Vec<Entry>,
    /// The places of the entries by the hash of their keys.
    places: HashTable<u32>,
    /// The length at which dead entries are looked for.
    sweep_at: usize,
}

struct Entry {
    hash: u64,
    instance: Weak<Instance>,
}

impl Entry {
    /// The object, if it is alive and its key is `key`.
    fn holds(&self, key: &IdentityKey) -> Option<Rc<Instance>> {
        if self.hash != key.hash {
            return None;
        }
        let instance = self.instance.upgrade()?;
        let same = state_of(&instance)?.with_key(|own| own == Some(key));
        same.then_some(instance)
    }
    fn is_alive(&self) -> bool {
        self.instance.strong_count() > 0
    }
    fn is(&self, instance: &Rc<Instance>) -> bool {
        std::ptr::eq(self.instance.as_ptr(), Rc::as_ptr(instance))
    }
}

impl IdentityMap {
    /// The object of `key`, while something else keeps it alive.
    pub fn get(&self, key: &IdentityKey) -> Option<Rc<Instance>> {
        let mut found = None;
        self.places.find(key.hash, |place| {
            found = self.entries[*place as usize].holds(key);
            found.is_some()
        });
        found
    }
    /// Put `instance` under `key`, which is its state's; answers another object that was there
    /// before.
    pub fn replace(&mut self, key: &IdentityKey, instance: &Rc<Instance>) -> Option<Rc<Instance>> {
        let place = self.places.find(key.hash, |place| {
            let entry = &self.entries[*place as usize];
            entry.is(instance) || entry.holds(key).is_some()
        });
        if let Some(place) = place.copied() {
            let entry = &mut self.entries[place as usize];
            let before = std::mem::replace(&mut entry.instance, Rc::downgrade(instance));
            return before
                .upgrade()
                .filter(|before| !Rc::ptr_eq(before, instance));
        }
        if self.entries.len() >= self.sweep_at {
            self.sweep();
        }
        self.push(Entry {
            hash: key.hash,
            instance: Rc::downgrade(instance),
        });
        None
    }
    /// Forget `key`, if it stands for `instance`.
    pub fn discard(&mut self, key: &IdentityKey, instance: &Rc<Instance>) {
        if let Some(place) = self.place_of(key, instance) {
            self.entries[place].instance = Weak::new();
        }
    }
    /// Whether `key` stands for `instance`.
    pub fn holds(&self, key: &IdentityKey, instance: &Rc<Instance>) -> bool {
        self.place_of(key, instance).is_some()
    }
    fn place_of(&self, key: &IdentityKey, instance: &Rc<Instance>) -> Option<usize> {
        let is = |place: &u32| self.entries[*place as usize].is(instance);
        self.places.find(key.hash, is).map(|place| *place as usize)
    }
    /// The objects, in order.
    pub fn instances(&self) -> Vec<Rc<Instance>> {
        let entries = self.entries.iter();
        entries
            .filter_map(|entry| entry.instance.upgrade())
            .collect()
    }
    /// The objects, in order, and nothing else of the map.
    pub fn into_instances(self) -> Vec<Rc<Instance>> {
        drop(self.places);
        let entries = self.entries.into_iter();
        entries
            .filter_map(|entry| entry.instance.upgrade())
            .collect()
    }
    /// The keys and objects, in order.
    pub fn items(&self) -> Vec<(IdentityKey, Rc<Instance>)> {
        self.instances()
            .into_iter()
            .filter_map(|instance| Some((state_of(&instance)?.key()?, instance)))
            .collect()
    }
    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.entries.iter().filter(|entry| entry.is_alive()).count()
    }
    /// Whether there is no object.
    pub fn is_empty(&self) -> bool {
        !self.entries.iter().any(Entry::is_alive)
    }
    /// Make room for `more` objects that are about to enter.
    pub fn reserve(&mut self, more: usize) {
        self.entries.reserve(more);
        let entries = &self.entries;
        self.places
            .reserve(more, |place| entries[*place as usize].hash);
    }

    fn push(&mut self, entry: Entry) {
        let place = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        let hash = entry.hash;
        self.entries.push(entry);
        let entries = &self.entries;
        self.places
            .insert_unique(hash, place, |place| entries[*place as usize].hash);
    }
    fn sweep(&mut self) {
        let entries = std::mem::take(&mut self.entries);
        let before = entries.len();
        let alive: Vec<Entry> = entries.into_iter().filter(Entry::is_alive).collect();
        self.sweep_at = alive.len() * 2 + SWEEP_FLOOR;
        if alive.len() == before {
            self.entries = alive;
            return;
        }
        self.places.clear();
        for entry in alive {
            self.push(entry);
        }
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
