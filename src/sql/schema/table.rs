//! `Table`: columns by key, constraints in creation order, indexes.

use std::cell::{OnceCell, Ref, RefCell};
use std::rc::Rc;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::{
    Column, Constraint, ConstraintKind, ConstraintName, DialectOptions, ForeignKey, Index, MetaData,
};
use crate::object::{Dict, Str};

/// The columns of a table, by key.
pub type Columns = IndexMap<Str, Rc<Column>, FxBuildHasher>;

/// A table.
pub struct Table {
    name: Str,
    schema: Option<Str>,
    metadata: Rc<MetaData>,
    columns: RefCell<Columns>,
    primary_key: RefCell<Rc<Constraint>>,
    constraints: RefCell<Vec<Rc<Constraint>>>,
    indexes: RefCell<Vec<Rc<Index>>>,
    /// `comment=`.
    pub comment: RefCell<Option<Str>>,
    /// `prefixes=`.
    pub prefixes: RefCell<Vec<Str>>,
    /// `quote=`.
    pub quote: Option<bool>,
    /// `quote_schema=`.
    pub quote_schema: Option<bool>,
    /// `implicit_returning=`.
    pub implicit_returning: bool,
    /// Options by dialect.
    pub dialect_options: RefCell<DialectOptions>,
    info: OnceCell<Rc<Dict>>,
    /// What an upper layer remembers of it.
    pub extension: OnceCell<Rc<dyn std::any::Any>>,
}

impl Table {
    /// An empty table, not yet in its metadata.
    pub fn new(name: Str, metadata: Rc<MetaData>, schema: Option<Str>) -> Rc<Self> {
        Self::with_quote(name, metadata, schema, None, None, true)
    }
    pub(crate) fn with_quote(
        name: Str,
        metadata: Rc<MetaData>,
        schema: Option<Str>,
        quote: Option<bool>,
        quote_schema: Option<bool>,
        implicit_returning: bool,
    ) -> Rc<Self> {
        let primary_key = Rc::new(Constraint::new(
            ConstraintKind::PrimaryKey { implicit: true },
            ConstraintName::Unnamed,
        ));
        let table = Rc::new(Self {
            name,
            schema,
            metadata,
            columns: RefCell::default(),
            primary_key: RefCell::new(primary_key.clone()),
            constraints: RefCell::new(vec![primary_key.clone()]),
            indexes: RefCell::default(),
            comment: RefCell::default(),
            prefixes: RefCell::default(),
            quote,
            quote_schema,
            implicit_returning,
            dialect_options: RefCell::default(),
            info: OnceCell::new(),
            extension: OnceCell::new(),
        });
        primary_key.set_table(&table);
        table
    }

    /// Its name.
    pub fn name(&self) -> &Str {
        &self.name
    }
    /// Its schema.
    pub fn schema(&self) -> Option<&Str> {
        self.schema.as_ref()
    }
    /// `schema.name`, or the name: what messages show.
    pub fn full_name(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{schema}.{}", self.name),
            None => self.name.to_string(),
        }
    }
    /// Its key in the metadata.
    pub fn key(&self) -> Str {
        match &self.schema {
            Some(schema) => Str::new(format!("{schema}.{}", self.name)),
            None => self.name.clone(),
        }
    }
    /// Its metadata.
    pub fn metadata(&self) -> &Rc<MetaData> {
        &self.metadata
    }
    /// The columns, by key, in order.
    pub fn columns(&self) -> Ref<'_, Columns> {
        self.columns.borrow()
    }
    /// The columns, in order, cloned for a loop that may run scripts.
    pub fn column_list(&self) -> Vec<Rc<Column>> {
        self.columns.borrow().values().cloned().collect()
    }
    /// The column with `key`.
    pub fn column(&self, key: &str) -> Option<Rc<Column>> {
        self.columns.borrow().get(key).cloned()
    }
    /// The column with `name`.
    pub fn column_named(&self, name: &str) -> Option<Rc<Column>> {
        let columns = self.columns.borrow();
        columns
            .values()
            .find(|column| column.name().as_str() == name)
            .cloned()
    }
    /// Change the columns, past all checks.
    pub(super) fn columns_mut(&self) -> std::cell::RefMut<'_, Columns> {
        self.columns.borrow_mut()
    }
    /// The primary key constraint.
    pub fn primary_key(&self) -> Rc<Constraint> {
        self.primary_key.borrow().clone()
    }
    /// The columns of the primary key, in its order.
    pub fn primary_key_columns(&self) -> Vec<Rc<Column>> {
        self.primary_key.borrow().columns.borrow().clone()
    }
    pub(super) fn replace_primary_key(&self, constraint: Rc<Constraint>) {
        let before = self.primary_key.replace(constraint.clone());
        let mut constraints = self.constraints.borrow_mut();
        constraints.retain(|known| !Rc::ptr_eq(known, &before));
        constraints.push(constraint);
    }
    /// The constraints, in creation order.
    pub fn constraints(&self) -> Vec<Rc<Constraint>> {
        let mut constraints = self.constraints.borrow().clone();
        constraints.sort_by_key(|constraint| constraint.creation_order());
        constraints
    }
    pub(super) fn constraints_mut(&self) -> std::cell::RefMut<'_, Vec<Rc<Constraint>>> {
        self.constraints.borrow_mut()
    }
    /// The foreign key constraints, in creation order.
    pub fn foreign_key_constraints(&self) -> Vec<Rc<Constraint>> {
        let mut constraints = self.constraints();
        constraints.retain(|one| matches!(one.kind, ConstraintKind::ForeignKey { .. }));
        constraints
    }
    /// The foreign keys of its columns, in column order.
    pub fn foreign_keys(&self) -> Vec<Rc<ForeignKey>> {
        let columns = self.columns.borrow();
        columns
            .values()
            .flat_map(|column| column.foreign_keys.borrow().clone())
            .collect()
    }
    /// The indexes.
    pub fn indexes(&self) -> Vec<Rc<Index>> {
        self.indexes.borrow().clone()
    }
    pub(super) fn indexes_mut(&self) -> std::cell::RefMut<'_, Vec<Rc<Index>>> {
        self.indexes.borrow_mut()
    }
    /// The info dict.
    pub fn info(&self) -> &Rc<Dict> {
        self.info.get_or_init(Rc::default)
    }
}
