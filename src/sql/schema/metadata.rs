//! `MetaData`: the tables of a database, in the order in which they were defined.

use std::cell::{OnceCell, Ref, RefCell};
use std::rc::Rc;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::{Sequence, Table};
use crate::object::{Dict, Str, Value};

/// `naming_convention=`: texts and functions by kind (`pk`, `ix`, ..) or token.
pub type NamingConvention = Vec<(Value, Value)>;

/// A collection of tables.
pub struct MetaData {
    tables: RefCell<IndexMap<Str, Rc<Table>, FxBuildHasher>>,
    /// `schema=`: for tables that name none.
    pub schema: RefCell<Option<Str>>,
    /// `quote_schema=`.
    pub quote_schema: Option<bool>,
    /// `naming_convention=`.
    pub naming_convention: RefCell<Option<NamingConvention>>,
    /// Its sequences.
    pub sequences: RefCell<IndexMap<Str, Rc<Sequence>, FxBuildHasher>>,
    /// `bind=` of 1.4.
    pub bind: RefCell<Value>,
    info: OnceCell<Rc<Dict>>,
}

impl Default for MetaData {
    fn default() -> Self {
        Self {
            tables: RefCell::default(),
            schema: RefCell::default(),
            quote_schema: None,
            naming_convention: RefCell::default(),
            sequences: RefCell::default(),
            bind: RefCell::new(Value::None),
            info: OnceCell::new(),
        }
    }
}

impl MetaData {
    /// Empty metadata.
    pub fn new() -> Rc<Self> {
        Rc::default()
    }
    /// The tables by key, in insertion order.
    pub fn tables(&self) -> Ref<'_, IndexMap<Str, Rc<Table>, FxBuildHasher>> {
        self.tables.borrow()
    }
    /// The tables, in insertion order, cloned for a loop that may run scripts.
    pub fn table_list(&self) -> Vec<Rc<Table>> {
        self.tables.borrow().values().cloned().collect()
    }
    /// The table with `key`.
    pub fn table(&self, key: &str) -> Option<Rc<Table>> {
        self.tables.borrow().get(key).cloned()
    }
    /// Add a table.
    pub fn add_table(&self, table: &Rc<Table>) {
        self.tables.borrow_mut().insert(table.key(), table.clone());
    }
    /// Remove the table with `key`.
    pub fn remove_table(&self, key: &str) -> Option<Rc<Table>> {
        self.tables.borrow_mut().shift_remove(key)
    }
    /// Remove every table.
    pub fn clear(&self) {
        self.tables.borrow_mut().clear();
    }
    /// The info dict.
    pub fn info(&self) -> &Rc<Dict> {
        self.info.get_or_init(Rc::default)
    }
}
