//! The parameter sets of an execution, as the application gave them.

use std::rc::Rc;

use crate::engine::ValueRows;
use crate::engine::exc::ARGUMENT_ERROR;
use crate::object::{Cx, Dict, Result, Str, Value};

/// None, one or several sets of parameters.
#[derive(Clone)]
pub struct ParameterSets(Sets);

#[derive(Clone)]
enum Sets {
    /// As an application gives them.
    Dicts(Rc<Vec<Rc<Dict>>>),
    /// Sets with the same keys, as a flush makes them.
    Rows { keys: Rc<[Str]>, rows: ValueRows },
}

/// One set of parameters.
#[derive(Clone, Copy)]
pub enum ParameterSet<'a> {
    /// A dict.
    Dict(&'a Rc<Dict>),
    /// Keys, and their values.
    Row(&'a [Str], &'a [Value]),
}

impl Default for ParameterSets {
    fn default() -> Self {
        Self::of_dicts(Vec::new())
    }
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
        Self(Sets::Dicts(Rc::new(sets)))
    }
    /// Sets of the values `rows` for `keys`.
    pub fn of_rows(keys: Rc<[Str]>, rows: ValueRows) -> Self {
        Self(Sets::Rows { keys, rows })
    }
    /// How many.
    pub fn len(&self) -> usize {
        match &self.0 {
            Sets::Dicts(dicts) => dicts.len(),
            Sets::Rows { rows, .. } => rows.len(),
        }
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The keys and values, where all sets are known to have the same keys.
    pub fn as_rows(&self) -> Option<(&[Str], &ValueRows)> {
        match &self.0 {
            Sets::Rows { keys, rows } => Some((keys, rows)),
            Sets::Dicts(_) => None,
        }
    }
    /// The sets, where they are dicts.
    pub fn as_dicts(&self) -> Option<&[Rc<Dict>]> {
        match &self.0 {
            Sets::Dicts(dicts) => Some(dicts),
            Sets::Rows { .. } => None,
        }
    }
    /// Set number `at`.
    pub fn get(&self, at: usize) -> Option<ParameterSet<'_>> {
        match &self.0 {
            Sets::Dicts(dicts) => dicts.get(at).map(ParameterSet::Dict),
            Sets::Rows { keys, rows } => {
                (at < rows.len()).then(|| ParameterSet::Row(keys, rows.row(at)))
            }
        }
    }
    /// The keys of the first set, which stand for all.
    pub fn keys(&self) -> Vec<Str> {
        let mut keys = Vec::new();
        if let Some(first) = self.get(0) {
            first.each(|key, _| keys.push(key.clone()));
        }
        keys
    }
    /// As errors show them.
    pub fn to_value(&self) -> Value {
        let sets = (0..self.len()).filter_map(|at| self.get(at));
        Value::list(sets.map(ParameterSet::to_value).collect())
    }
}

impl ParameterSet<'_> {
    /// The value of `key`.
    pub fn find(self, key: &Str) -> Option<Value> {
        match self {
            Self::Dict(dict) => dict.get_str(key),
            Self::Row(keys, values) => {
                let at = keys.iter().position(|known| known == key)?;
                values.get(at).cloned()
            }
        }
    }
    /// Look at each key that is a text, and its value.
    pub fn each(self, mut look: impl FnMut(&Str, &Value)) {
        match self {
            Self::Dict(dict) => dict.each_str(look),
            Self::Row(keys, values) => {
                for (key, value) in keys.iter().zip(values) {
                    look(key, value);
                }
            }
        }
    }
    fn to_value(self) -> Value {
        Value::Dict(match self {
            Self::Dict(dict) => dict.clone(),
            Self::Row(keys, values) => {
                let pairs = keys.iter().cloned().zip(values.iter().cloned());
                Rc::new(Dict::from_pairs(pairs))
            }
        })
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

/// Finds the same keys in sets of one shape, by place as long as the place holds.
pub(super) struct KeyCursor {
    key: Str,
    place: usize,
}

impl KeyCursor {
    pub fn new(key: Str, place: usize) -> Self {
        Self { key, place }
    }
    /// Whether it looks for `key`.
    pub fn is_for(&self, key: &Str) -> bool {
        self.key == *key
    }
    /// The value of the key in `set`.
    pub fn find(&self, set: ParameterSet<'_>) -> Option<Value> {
        match set {
            ParameterSet::Dict(dict) => self.find_in(dict),
            ParameterSet::Row(keys, values) => match keys.get(self.place) {
                Some(key) if *key == self.key => values.get(self.place).cloned(),
                _ => set.find(&self.key),
            },
        }
    }
    fn find_in(&self, dict: &Dict) -> Option<Value> {
        dict.get_str_near(self.place, &self.key)
    }
}
