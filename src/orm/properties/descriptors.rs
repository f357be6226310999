//! Properties that stand for other attributes: composites and synonyms.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use super::MapperProperty;
use crate::object::{Str, Value};

/// What is particular to a composite.
pub struct CompositeProperty {
    /// What makes the object: a class or function.
    pub class: RefCell<Value>,
    /// The attributes it is made of: names, columns or attributes, as given.
    pub given: RefCell<Vec<Value>>,
    /// The column properties it is made of, once configured.
    pub parts: OnceCell<Vec<Rc<MapperProperty>>>,
    /// `active_history=`.
    pub active_history: bool,
    /// `comparator_factory=`.
    pub comparator_factory: Value,
    /// The name under which instances keep the object.
    pub stored_as: OnceCell<Str>,
}

/// What is particular to a synonym.
pub struct SynonymProperty {
    /// The attribute it stands for.
    pub name: Str,
    /// `descriptor=`: what instances read instead.
    pub descriptor: Value,
    /// `comparator_factory=`.
    pub comparator_factory: Value,
    /// `map_column=`.
    pub map_column: bool,
}
