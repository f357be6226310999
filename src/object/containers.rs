//! The built-in containers list, tuple and set, the keys of sets and dicts, and the hook through which an instrumented
//! collection hears of its changes.

use std::any::Any;
use std::cell::{OnceCell, Ref, RefCell, RefMut};
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::rc::Rc;

use indexmap::{Equivalent, IndexSet};
use rustc_hash::FxBuildHasher;

use super::{Class, Cx, Result, Str, Value, hash, trash};

/// What an instrumented collection tells its owner (SQLAlchemy's `CollectionAdapter`).
pub trait CollectionHook {
    /// The class that `type()` shows, `InstrumentedList` for one.
    fn class(&self) -> Rc<Class>;
    /// `item` is about to enter; answers what is stored in its place.
    fn append(&self, item: Value, cx: &Cx) -> Result<Value>;
    /// `item` is about to leave.
    fn remove(&self, item: &Value, cx: &Cx) -> Result<()>;
    /// For the owner's downcast.
    fn as_any(&self) -> &dyn Any;
}

/// A `list`.
pub struct List {
    items: RefCell<Vec<Value>>,
    hook: OnceCell<Rc<dyn CollectionHook>>,
}

impl List {
    /// A plain list.
    pub fn new(items: Vec<Value>) -> Self {
        Self {
            items: RefCell::new(items),
            hook: OnceCell::new(),
        }
    }
    /// A list whose changes `hook` hears of (what it holds now is not announced).
    pub fn instrumented(items: Vec<Value>, hook: Rc<dyn CollectionHook>) -> Self {
        Self {
            items: RefCell::new(items),
            hook: OnceCell::from(hook),
        }
    }
    /// Have `hook` hear of changes from now on; the first hook stays.
    pub fn instrument(&self, hook: Rc<dyn CollectionHook>) {
        drop(self.hook.set(hook));
    }
    /// The hook, on an instrumented list.
    pub fn hook(&self) -> Option<&Rc<dyn CollectionHook>> {
        self.hook.get()
    }
    /// Read the items; do not call into the language while this is held.
    pub fn borrow(&self) -> Ref<'_, Vec<Value>> {
        self.items.borrow()
    }
    /// Change the items, past the hook; do not call into the language while this is held.
    pub fn borrow_mut(&self) -> RefMut<'_, Vec<Value>> {
        self.items.borrow_mut()
    }
    /// A copy of the items.
    pub fn to_vec(&self) -> Vec<Value> {
        self.items.borrow().clone()
    }
    /// How many.
    pub fn len(&self) -> usize {
        self.items.borrow().len()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.borrow().is_empty()
    }
    /// The item at `index`.
    pub fn get(&self, index: usize) -> Option<Value> {
        self.items.borrow().get(index).cloned()
    }
    /// Append, through the hook.
    pub fn append(&self, item: Value, cx: &Cx) -> Result<()> {
        let item = match self.hook() {
            Some(hook) => hook.append(item, cx)?,
            None => item,
        };
        self.items.borrow_mut().push(item);
        Ok(())
    }
    /// Remove the item at `index`, through the hook.
    pub fn remove_at(&self, index: usize, cx: &Cx) -> Result<Option<Value>> {
        let Some(item) = self.get(index) else {
            return Ok(None);
        };
        if let Some(hook) = self.hook() {
            hook.remove(&item, cx)?;
        }
        let mut items = self.items.borrow_mut();
        Ok((index < items.len()).then(|| items.remove(index)))
    }
}

impl Drop for List {
    fn drop(&mut self) {
        let items = std::mem::take(self.items.get_mut());
        if !items.is_empty() {
            trash::release(items);
        }
    }
}

/// A `tuple`.
pub struct Tuple(Box<[Value]>);

impl Tuple {
    /// A tuple of `items`.
    pub fn new(items: Vec<Value>) -> Self {
        Self(items.into_boxed_slice())
    }
}
impl Drop for Tuple {
    fn drop(&mut self) {
        let items = std::mem::take(&mut self.0);
        if !items.is_empty() {
            trash::release(items);
        }
    }
}
impl Deref for Tuple {
    type Target = [Value];
    fn deref(&self) -> &[Value] {
        &self.0
    }
}

/// A value with its hash: what a dict or set is keyed by.
#[derive(Clone)]
pub struct Key {
    hash: u64,
    value: Value,
}

impl Key {
    /// Hash `value`; TypeError where it is unhashable.
    pub fn new(value: Value, cx: &Cx) -> Result<Self> {
        Ok(Self {
            hash: hash::hash_value(&value, cx)?,
            value,
        })
    }
    /// A `str` key, which needs no context.
    pub fn str(text: &str) -> Self {
        Self::of_str(Str::new(text))
    }
    /// The same of a text that is shared.
    pub fn of_str(text: Str) -> Self {
        Self {
            hash: hash::hash_str(&text),
            value: Value::Str(text),
        }
    }
    /// The key itself.
    pub fn value(&self) -> &Value {
        &self.value
    }
    /// Its hash.
    pub fn hash_code(&self) -> u64 {
        self.hash
    }
}
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}
impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && hash::key_eq(&self.value, &other.value)
    }
}
impl Eq for Key {}

/// Looks a `str` key up without making a value of it.
pub struct StrKey<'a>(pub &'a str);

impl Hash for StrKey<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(hash::hash_str(self.0));
    }
}
impl Equivalent<Key> for StrKey<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        match &key.value {
            Value::Str(text) => text == self.0,
            // An instance of a subclass of str is found by its text.
            Value::Instance(instance) => {
                instance.payload::<Str>().is_some_and(|text| text == self.0)
            }
            _ => false,
        }
    }
}

/// The members of a set.
pub type SetMap = IndexSet<Key, FxBuildHasher>;

/// A `set` or, frozen, a `frozenset`.
pub struct Set {
    items: RefCell<SetMap>,
    frozen: bool,
    hook: OnceCell<Rc<dyn CollectionHook>>,
}

impl Set {
    /// A set.
    pub fn new(items: SetMap) -> Self {
        Self {
            items: RefCell::new(items),
            frozen: false,
            hook: OnceCell::new(),
        }
    }
    /// A frozenset.
    pub fn frozen(items: SetMap) -> Self {
        Self {
            items: RefCell::new(items),
            frozen: true,
            hook: OnceCell::new(),
        }
    }
    /// A set whose changes `hook` hears of.
    pub fn instrumented(items: SetMap, hook: Rc<dyn CollectionHook>) -> Self {
        Self {
            items: RefCell::new(items),
            frozen: false,
            hook: OnceCell::from(hook),
        }
    }
    /// A set of what `values` yields.
    pub fn of(values: impl IntoIterator<Item = Value>, cx: &Cx) -> Result<SetMap> {
        values
            .into_iter()
            .map(|value| Key::new(value, cx))
            .collect()
    }
    /// Whether this is a frozenset.
    pub fn is_frozen(&self) -> bool {
        self.frozen
    }
    /// Have `hook` hear of changes from now on; the first hook stays.
    pub fn instrument(&self, hook: Rc<dyn CollectionHook>) {
        drop(self.hook.set(hook));
    }
    /// The hook, on an instrumented set.
    pub fn hook(&self) -> Option<&Rc<dyn CollectionHook>> {
        self.hook.get()
    }
    /// Read the members; do not call into the language while this is held.
    pub fn borrow(&self) -> Ref<'_, SetMap> {
        self.items.borrow()
    }
    /// Change the members, past the hook.
    pub fn borrow_mut(&self) -> RefMut<'_, SetMap> {
        self.items.borrow_mut()
    }
    /// The members.
    pub fn to_vec(&self) -> Vec<Value> {
        self.items
            .borrow()
            .iter()
            .map(|key| key.value().clone())
            .collect()
    }
    /// How many.
    pub fn len(&self) -> usize {
        self.items.borrow().len()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.borrow().is_empty()
    }
}
