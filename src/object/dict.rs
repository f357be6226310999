//! The built-in dict: a map, or values under keys that are shared with dicts like it.

use std::cell::{Ref, RefCell, RefMut};
use std::rc::Rc;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::containers::{CollectionHook, Key, SetMap, StrKey};
use super::{Cx, Result, Str, Value, pack, packs_none, trash, unpack, unpack_at};

/// How many bytes the packed values of a dict are expected to take.
const PACKED_GUESS: usize = 64;

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
    /// The values of a display that nobody looked into, packed.
    Packed(Rc<DictShape>, Box<[u8]>),
    /// The values of a dict that nothing but lookups happened to.
    Record(Rc<DictShape>, Box<[Value]>),
    Map(Box<Map>),
}

#[derive(Default)]
struct Map {
    entries: DictMap,
    hook: Option<Rc<dyn CollectionHook>>,
}

fn unpacked(mut bytes: &[u8]) -> impl Iterator<Item = Value> {
    std::iter::from_fn(move || unpack(&mut bytes))
}

impl Entries {
    fn shape(&self) -> Option<&Rc<DictShape>> {
        match self {
            Self::Packed(shape, _) | Self::Record(shape, _) => Some(shape),
            Self::Map(_) => None,
        }
    }
    fn unfolded(self) -> Self {
        let entries = match self {
            Self::Packed(shape, bytes) => shape.0.iter().cloned().zip(unpacked(&bytes)).collect(),
            Self::Record(shape, values) => shape.0.iter().cloned().zip(values).collect(),
            Self::Map(_) => return self,
        };
        Self::Map(Box::new(Map {
            entries,
            hook: None,
        }))
    }
}

/// A `dict`.
pub struct Dict(RefCell<Entries>);

impl Default for Dict {
    fn default() -> Self {
        Self::new(DictMap::default())
    }
}

impl Dict {
    /// A dict of `items`.
    pub fn new(items: DictMap) -> Self {
        Self(RefCell::new(Entries::Map(Box::new(Map {
            entries: items,
            hook: None,
        }))))
    }
    /// A dict of `values`, as many as `shape` has keys.
    pub fn record(shape: Rc<DictShape>, values: Vec<Value>) -> Self {
        // Texts made for this dict are what makes many of them large.
        if values.iter().any(|value| matches!(value, Value::Str(_))) {
            let mut bytes = Vec::with_capacity(PACKED_GUESS);
            if values.iter().all(|value| pack(value, &mut bytes)) {
                return Self(RefCell::new(Entries::Packed(shape, bytes.into())));
            }
        }
        Self(RefCell::new(Entries::Record(shape, values.into())))
    }
    /// A dict whose changes `hook` hears of.
    pub fn instrumented(items: DictMap, hook: Rc<dyn CollectionHook>) -> Self {
        let hook = Some(hook);
        let entries = items;
        Self(RefCell::new(Entries::Map(Box::new(Map { entries, hook }))))
    }
    /// The hook, on an instrumented dict.
    pub fn hook(&self) -> Option<Rc<dyn CollectionHook>> {
        match &*self.0.borrow() {
            Entries::Map(map) => map.hook.clone(),
            Entries::Packed(..) | Entries::Record(..) => None,
        }
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
    /// Hold the values of a packed dict one by one, so that each stays the same object.
    fn unpack(&self) {
        if !matches!(*self.0.borrow(), Entries::Packed(..)) {
            return;
        }
        let held = self.0.take();
        *self.0.borrow_mut() = match held {
            Entries::Packed(shape, bytes) => Entries::Record(shape, unpacked(&bytes).collect()),
            other => other,
        };
    }
    /// Give it a map of its own.
    fn unfold(&self) {
        if matches!(*self.0.borrow(), Entries::Map(_)) {
            return;
        }
        let held = self.0.take();
        *self.0.borrow_mut() = held.unfolded();
    }
    /// Read the entries; do not call into the language while this is held.
    pub fn borrow(&self) -> Ref<'_, DictMap> {
        self.unfold();
        Ref::map(self.0.borrow(), |entries| match entries {
            Entries::Map(map) => &map.entries,
            Entries::Packed(..) | Entries::Record(..) => unreachable!("it was unfolded"),
        })
    }
    /// Change the entries, past the hook.
    pub fn borrow_mut(&self) -> RefMut<'_, DictMap> {
        self.unfold();
        RefMut::map(self.0.borrow_mut(), |entries| match entries {
            Entries::Map(map) => &mut map.entries,
            Entries::Packed(..) | Entries::Record(..) => unreachable!("it was unfolded"),
        })
    }
    /// How many.
    pub fn len(&self) -> usize {
        match &*self.0.borrow() {
            Entries::Packed(shape, _) | Entries::Record(shape, _) => shape.len(),
            Entries::Map(map) => map.entries.len(),
        }
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Look at each key that is a `str`, and its value or one equal to it.
    pub fn each_str(&self, mut look: impl FnMut(&Str, &Value)) {
        let mut entry = |(key, value): (&Key, &Value)| {
            if let Value::Str(key) = key.value() {
                look(key, value);
            }
        };
        match &*self.0.borrow() {
            Entries::Packed(shape, bytes) => {
                let values = unpacked(bytes);
                let pairs = shape.0.iter().zip(values);
                pairs.for_each(|(key, value)| entry((key, &value)));
            }
            Entries::Record(shape, values) => shape.0.iter().zip(values).for_each(entry),
            Entries::Map(map) => map.entries.iter().for_each(entry),
        }
    }
    /// Whether one of the values is None.
    pub fn holds_none(&self) -> bool {
        match &*self.0.borrow() {
            Entries::Packed(_, bytes) => packs_none(bytes),
            Entries::Record(_, values) => values.iter().any(Value::is_none),
            Entries::Map(map) => map.entries.values().any(Value::is_none),
        }
    }
    /// Whether it shares its keys with `other`, so that they need not be compared.
    pub fn has_keys_of(&self, other: &Self) -> bool {
        match (self.0.borrow().shape(), other.0.borrow().shape()) {
            (Some(own), Some(others)) => Rc::ptr_eq(own, others),
            _ => false,
        }
    }
    /// Append its values, or ones equal to them, in order.
    pub fn push_values(&self, values: &mut Vec<Value>) {
        match &*self.0.borrow() {
            Entries::Packed(_, bytes) => values.extend(unpacked(bytes)),
            Entries::Record(_, held) => values.extend_from_slice(held),
            Entries::Map(map) => values.extend(map.entries.values().cloned()),
        }
    }
    /// The value of a `str` key.
    pub fn get_str(&self, key: &str) -> Option<Value> {
        self.unpack();
        match &*self.0.borrow() {
            Entries::Packed(..) => unreachable!("it was unpacked"),
            Entries::Record(shape, values) => {
                let place = shape.0.get_index_of(&StrKey(key))?;
                values.get(place).cloned()
            }
            Entries::Map(map) => map.entries.get(&StrKey(key)).cloned(),
        }
    }
    /// The value, or one equal to it, of a `str` key that most likely stands at `place`.
    pub fn get_str_near(&self, place: usize, key: &Str) -> Option<Value> {
        let is_key = |found: &Key| matches!(found.value(), Value::Str(text) if text == key);
        match &*self.0.borrow() {
            Entries::Packed(shape, bytes) => {
                let at = match shape.0.get_index(place).is_some_and(is_key) {
                    true => place,
                    false => shape.0.get_index_of(&StrKey(key))?,
                };
                return unpack_at(bytes, at);
            }
            Entries::Record(shape, values) => {
                if shape.0.get_index(place).is_some_and(is_key) {
                    return values.get(place).cloned();
                }
            }
            Entries::Map(map) => {
                if let Some((found, value)) = map.entries.get_index(place)
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
        match std::mem::take(self.0.get_mut()) {
            Entries::Packed(..) => {}
            Entries::Record(_, values) => trash::release(values),
            Entries::Map(map) => {
                if !map.entries.is_empty() {
                    trash::release(map.entries);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_dict_has_its_values() {
        let shape = DictShape::new(["a", "b"].map(Str::new)).expect("the keys differ");
        let dict = Dict::record(shape, vec![Value::str("x"), Value::Int(2)]);
        assert!(matches!(&*dict.0.borrow(), Entries::Packed(..)));
        let (a, b) = (Str::new("a"), Str::new("b"));
        assert_eq!(dict.get_str_near(0, &b).and_then(|it| it.as_int()), Some(2));
        let mut seen = Vec::new();
        dict.each_str(|key, value| seen.push(format!("{key} {value:?}")));
        assert_eq!(seen, ["a \"x\"", "b 2"]);
        let (first, second) = (dict.get_str(&a), dict.get_str(&a));
        match (first, second) {
            (Some(first), Some(second)) => assert!(first.is(&second)),
            _ => panic!("it has the key"),
        }
        dict.insert_str("c", Value::None);
        assert_eq!(dict.len(), 3);
    }

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
