//! The parameter sets of an execution, as the application gave them.

use std::rc::Rc;

use crate::engine::exc::ARGUMENT_ERROR;
use crate::object::{Cx, Dict, Result, Str, StrKey, Value};

/// None, one or several dicts.
#[derive(Clone, Default)]
pub struct ParameterSets {
    sets: Rc<Vec<Rc<Dict>>>,
}

impl ParameterSets {
    /// No parameters.
    pub fn none() -> Self {
        Self::default()
    }
    /// The sets `values`, each a mapping.
    pub fn of(values: Vec<Value>, cx: &Cx) -> Result<Self> {
        let mut sets = Vec::with_capacity(values.len());
        for value in values {
            sets.push(match value {
                Value::Dict(dict) => dict,
                other => mapping(&other, cx)?,
            });
        }
        Ok(Self::of_dicts(sets))
    }
    /// The sets `dicts`.
    pub fn of_dicts(sets: Vec<Rc<Dict>>) -> Self {
        Self {
            sets: Rc::new(sets),
        }
    }
    /// How many.
    pub fn len(&self) -> usize {
        self.sets.len()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }
    /// The sets.
    pub fn sets(&self) -> &[Rc<Dict>] {
        &self.sets
    }
    /// The keys of the first set, which stand for all.
    pub fn keys(&self) -> Vec<Str> {
        let Some(first) = self.sets.first() else {
            return Vec::new();
        };
        first
            .borrow()
            .keys()
            .filter_map(|key| match key.value() {
                Value::Str(text) => Some(text.clone()),
                _ => None,
            })
            .collect()
    }
    /// As errors show them.
    pub fn to_value(&self) -> Value {
        Value::list(self.sets.iter().cloned().map(Value::Dict).collect())
    }
}

fn mapping(value: &Value, cx: &Cx) -> Result<Rc<Dict>> {
    let dict = Dict::default();
    let Ok(keys) = cx.call_method(value, "keys", []) else {
        return Err(ARGUMENT_ERROR.error("List argument must consist only of dictionaries"));
    };
    for key in cx.collect(&keys)? {
        let item = cx.call_method(value, "__getitem__", [key.clone()])?;
        dict.insert(key, item, cx)?;
    }
    Ok(Rc::new(dict))
}

/// Finds the same keys in dicts of one shape, by place as long as the place holds.
pub(super) struct KeyCursor {
    key: Str,
    place: usize,
}

impl KeyCursor {
    pub fn new(key: Str, place: usize) -> Self {
        Self { key, place }
    }
    /// The value of the key in `dict`.
    pub fn find(&self, dict: &Dict) -> Option<Value> {
        let entries = dict.borrow();
        if let Some((key, value)) = entries.get_index(self.place)
            && let Value::Str(text) = key.value()
            && *text == self.key
        {
            return Some(value.clone());
        }
        entries.get(&StrKey(&self.key)).cloned()
    }
}
