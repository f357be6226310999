//! The built-in dict: a map, or values under keys that are shared with dicts like it.

use std::cell::{OnceCell, Ref, RefCell, RefMut};
use std::rc::Rc;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::containers::{CollectionHook, Key, SetMap, StrKey};
use super::{Cx, Result, Str, Value, trash};

/// The entries of a dict, in insertion order.
pub type DictMap = IndexMap<Key, Value, FxBuildHasher>;

/// The keys, all of them `str`, that the dicts of one dict display share.
pub struct DictShape(SetMap);

impl DictShape {
    /// The shape of `keys`; `None` where one is repeated.
    pub fn new(keys: impl IntoIterator<Item = Str>) -> Option<Rc<Self>> {
        let mut known = SetMap::default();
        for key in keys {
            if !known.insert(Key::of_str(key)) {
                return None;
            }
        }
        Some(Rc::new(Self(known)))
    }
    /// How many keys.
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What a dict holds.
enum Entries {
    /// The values of a dict that nothing but lookups happened to.
    Record(Rc<DictShape>, Box<[Value]>),
    Map(Box<DictMap>),
}

impl Entries {
    fn into_map(self) -> DictMap {
        match self {
            Self::Record(shape, values) => shape.0.iter().cloned().zip(values).collect(),
            Self::Map(map) => *map,
        }
    }
}

/// A `dict`.
pub struct Dict {
    entries: RefCell<Entries>,
    hook: OnceCell<Box<Rc<dyn CollectionHook>>>,
}

impl Default for Dict {
    fn default() -> Self {
        Self::new(DictMap::default())
    }
}

impl Dict {
    /// A dict of `items`.
    pub fn new(items: DictMap) -> Self {
        Self {
            entries: RefCell::new(Entries::Map(Box::new(items))),
            hook: OnceCell::new(),
        }
    }
    /// A dict of `values`, as many as `shape` has keys.
    pub fn record(shape: Rc<DictShape>, values: Vec<Value>) -> Self {
        Self {
            entries: RefCell::new(Entries::Record(shape, values.into_boxed_slice())),
            hook: OnceCell::new(),
        }
    }
    /// A dict whose changes `hook` hears of.
    pub fn instrumented(items: DictMap, hook: Rc<dyn CollectionHook>) -> Self {
        let dict = Self::new(items);
        dict.instrument(hook);
        dict
    }
    /// A dict with `str` keys.
    pub fn from_pairs<K: AsRef<str>>(pairs: impl IntoIterator<Item = (K, Value)>) -> Self {
        Self::new(
            pairs
                .into_iter()
                .map(|(key, value)| (Key::str(key.as_ref()), value))
                .collect(),
        )
    }
    /// Have `hook` hear of changes from now on; the first hook stays.
    pub fn instrument(&self, hook: Rc<dyn CollectionHook>) {
        drop(self.hook.set(Box::new(hook)));
    }
    /// The hook, on an instrumented dict.
    pub fn hook(&self) -> Option<&Rc<dyn CollectionHook>> {
        self.hook.get().map(|hook| &**hook)
    }
    /// Give a record a map of its own.
    fn unfold(&self) {
        if matches!(*self.entries.borrow(), Entries::Map(_)) {
            return;
        }
        let held = self.entries.take();
        *self.entries.borrow_mut() = Entries::Map(Box::new(held.into_map()));
    }
    /// Read the entries; do not call into the language while this is held.
    pub fn borrow(&self) -> Ref<'_, DictMap> {
        self.unfold();
        Ref::map(self.entries.borrow(), |entries| match entries {
            Entries::Map(map) => &**map,
            Entries::Record(..) => unreachable!("it was unfolded"),
        })
    }
    /// Change the entries, past the hook.
    pub fn borrow_mut(&self) -> RefMut<'_, DictMap> {
        self.unfold();
        RefMut::map(self.entries.borrow_mut(), |entries| match entries {
            Entries::Map(map) => &mut **map,
            Entries::Record(..) => unreachable!("it was unfolded"),
        })
    }
    /// How many.
    pub fn len(&self) -> usize {
        match &*self.entries.borrow() {
            Entries::Record(shape, _) => shape.len(),
            Entries::Map(map) => map.len(),
        }
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Look at each key that is a `str`, and its value.
    pub fn each_str(&self, mut look: impl FnMut(&Str, &Value)) {
        let mut entry = |(key, value): (&Key, &Value)| {
            if let Value::Str(key) = key.value() {
                look(key, value);
            }
        };
        match &*self.entries.borrow() {
            Entries::Record(shape, values) => shape.0.iter().zip(values).for_each(entry),
            Entries::Map(map) => map.iter().for_each(&mut entry),
        }
    }
    /// Whether it shares its keys with `other`, so that they need not be compared.
    pub fn has_keys_of(&self, other: &Self) -> bool {
        match (&*self.entries.borrow(), &*other.entries.borrow()) {
            (Entries::Record(own, _), Entries::Record(others, _)) => Rc::ptr_eq(own, others),
            _ => false,
        }
    }
    /// The value of a `str` key.
    pub fn get_str(&self, key: &str) -> Option<Value> {
        match &*self.entries.borrow() {
            Entries::Record(shape, values) => {
                let place = shape.0.get_index_of(&StrKey(key))?;
                values.get(place).cloned()
            }
            Entries::Map(map) => map.get(&StrKey(key)).cloned(),
        }
    }
    /// The value of a `str` key that most likely stands at `place`.
    pub fn get_str_near(&self, place: usize, key: &Str) -> Option<Value> {
        let is_key = |found: &Key| matches!(found.value(), Value::Str(text) if text == key);
        match &*self.entries.borrow() {
            Entries::Record(shape, values) => {
                if shape.0.get_index(place).is_some_and(is_key) {
                    return values.get(place).cloned();
                }
            }
            Entries::Map(map) => {
                if let Some((found, value)) = map.get_index(place)
                    && is_key(found)
                {
                    return Some(value.clone());
                }
            }
        }
        self.get_str(key)
    }
    /// The value of `key`.
    pub fn get(&self, key: &Value, cx: &Cx) -> Result<Option<Value>> {
        if let Value::Str(text) = key {
            return Ok(self.get_str(text));
        }
        let key = Key::new(key.clone(), cx)?;
        Ok(self.borrow().get(&key).cloned())
    }
    /// Set `key` to `value`, past the hook.
    pub fn insert(&self, key: Value, value: Value, cx: &Cx) -> Result<Option<Value>> {
        let key = Key::new(key, cx)?;
        Ok(self.borrow_mut().insert(key, value))
    }
    /// Set the `str` key to `value`, past the hook.
    pub fn insert_str(&self, key: &str, value: Value) {
        self.borrow_mut().insert(Key::str(key), value);
    }
}

impl Default for Entries {
    fn default() -> Self {
        Self::Map(Box::default())
    }
}

impl Drop for Dict {
    fn drop(&mut self) {
        match std::mem::take(self.entries.get_mut()) {
            Entries::Record(_, values) => trash::release(values),
            Entries::Map(map) => {
                if !map.is_empty() {
                    trash::release(map);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_becomes_a_map_where_it_is_changed() {
        let shape = DictShape::new(["a", "b"].map(Str::new)).expect("the keys differ");
        let dict = Dict::record(shape.clone(), vec![Value::Int(1), Value::Int(2)]);
        let other = Dict::record(shape, vec![Value::Int(3), Value::Int(4)]);
        assert_eq!(dict.get_str("b").and_then(|it| it.as_int()), Some(2));
        dict.insert_str("c", Value::Int(5));
        assert_eq!((dict.len(), other.len()), (3, 2));
        let b = Str::new("b");
        assert_eq!(dict.get_str_near(1, &b).and_then(|it| it.as_int()), Some(2));
        assert_eq!(
            other.get_str_near(0, &b).and_then(|it| it.as_int()),
            Some(4)
        );
        assert!(other.get_str("c").is_none());
        assert!(DictShape::new(["a", "a"].map(Str::new)).is_none());
    }
}
