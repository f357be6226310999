//! Execution options: an immutable mapping, cheap to hand on and free while empty.

use std::rc::Rc;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use crate::object::{Dict, Str, Value};

type Map = IndexMap<Str, Value, FxBuildHasher>;

/// `execution_options(...)` of an engine, a connection, a statement or a call.
#[derive(Clone, Default)]
pub struct ExecutionOptions(Option<Rc<Map>>);

impl ExecutionOptions {
    /// No options.
    pub fn none() -> Self {
        Self::default()
    }
    /// The options `pairs`.
    pub fn of<K: Into<Str>>(pairs: impl IntoIterator<Item = (K, Value)>) -> Self {
        let map: Map = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value))
            .collect();
        Self((!map.is_empty()).then(|| Rc::new(map)))
    }
    /// The options of a mapping that a script gave; names that are no text are left out.
    pub fn of_dict(dict: &Dict) -> Self {
        Self::of(
            dict.borrow()
                .iter()
                .filter_map(|(key, value)| Some((Str::new(key.value().as_str()?), value.clone())))
                .collect::<Vec<_>>(),
        )
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
    /// All of them, in order.
    pub fn pairs(&self) -> Vec<(Str, Value)> {
        let pairs = self.0.iter().flat_map(|map| map.iter());
        pairs
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
    /// The option `name`.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.as_ref()?.get(name)
    }
    /// The option `name` as a flag.
    pub fn flag(&self, name: &str) -> bool {
        match self.get(name) {
            Some(Value::Bool(flag)) => *flag,
            None | Some(Value::None | Value::Int(0)) => false,
            Some(_) => true,
        }
    }
    /// The option `name` as a number.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.as_int()
    }
    /// These options with those of `other` on top.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        match (&self.0, &other.0) {
            (_, None) => self.clone(),
            (None, _) => other.clone(),
            (Some(own), Some(new)) => {
                let mut map = (**own).clone();
                map.extend(
                    new.iter()
                        .map(|(name, value)| (name.clone(), value.clone())),
                );
                Self(Some(Rc::new(map)))
            }
        }
    }
    /// These options with `name` set.
    #[must_use]
    pub fn with(&self, name: &str, value: Value) -> Self {
        self.union(&Self::of([(name, value)]))
    }
    /// The options, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Str, &Value)> {
        self.0.iter().flat_map(|map| map.iter())
    }
    /// As a mapping for scripts.
    pub fn to_dict(&self) -> Dict {
        Dict::from_pairs(
            self.iter()
                .map(|(name, value)| (name.clone(), value.clone())),
        )
    }
}
