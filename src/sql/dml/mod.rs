//! INSERT, UPDATE, DELETE: immutable statements, each method of which makes a new one.

mod generative;
mod on_conflict;
mod structure;

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use super::elements::ColumnElement;
use super::entity::Entity;
use super::schema::Column;
use super::selectable::{Alias, FromClause, SelectItem, SelectStatement};
use crate::object::{Str, Value};

pub use generative::{dml_key, dml_value};
pub use on_conflict::{ConflictElement, ConflictTarget, OnConflict, OnDuplicateKey};
pub(in crate::sql) use structure::{BoundValue, structure};

/// Which column a value is for.
#[derive(Clone)]
pub enum DmlKey {
    /// By key.
    Name(Str),
    /// A column of the table.
    Column(Rc<Column>),
    /// Another expression: a column of another table in a multi-table UPDATE.
    Element(ColumnElement),
}

impl DmlKey {
    /// The key of the column.
    pub fn name(&self) -> Str {
        match self {
            Self::Name(name) => name.clone(),
            Self::Column(column) => column.key(),
            Self::Element(element) => element
                .key()
                .and_then(|name| name.text().cloned())
                .unwrap_or_else(|| Str::new("")),
        }
    }
}

/// What a column is set to.
#[derive(Clone)]
pub enum DmlValue {
    /// A plain value, which becomes a bind.
    Literal(Value),
    /// An expression.
    Element(ColumnElement),
}

/// Columns and what they are set to, in the order given.
pub type DmlValues = Vec<(DmlKey, DmlValue)>;

/// INSERT .. SELECT.
#[derive(Clone)]
pub struct FromSelect {
    /// The columns that are filled, in the order of those selected.
    pub names: Vec<DmlKey>,
    /// The statement.
    pub select: SelectStatement,
    /// Whether columns with Python-side defaults join.
    pub include_defaults: bool,
}

/// What an INSERT, UPDATE or DELETE consists of; a kind uses what it has.
#[derive(Clone)]
pub struct DmlData {
    /// The table.
    pub table: FromClause,
    /// `values()`.
    pub values: DmlValues,
    /// Whether `values()` was called at all.
    pub has_values: bool,
    /// `values([..])`: a set per row.
    pub multi_values: Vec<DmlValues>,
    /// `ordered_values()`.
    pub ordered: bool,
    /// `from_select()`.
    pub from_select: Option<FromSelect>,
    /// `where()`.
    pub where_criteria: Vec<ColumnElement>,
    /// `returning()`.
    pub returning: Vec<SelectItem>,
    /// `returning(sort_by_parameter_order=True)`.
    pub sort_by_parameter_order: bool,
    /// `return_defaults()`: `Some(empty)` is every column.
    pub return_defaults: Option<Vec<Rc<Column>>>,
    /// Columns returned besides, for the ORM.
    pub supplemental_returning: Vec<ColumnElement>,
    /// `inline()`.
    pub inline: bool,
    /// `prefix_with()`.
    pub prefixes: Vec<(ColumnElement, Option<Str>)>,
    /// `with_hint()`: text, and the dialect it is for.
    pub hints: Vec<(Str, Str)>,
    /// `add_cte()`.
    pub independent_ctes: Vec<Rc<Alias>>,
    /// `on_conflict_do_nothing()`, `on_conflict_do_update()`.
    pub on_conflict: Option<Rc<OnConflict>>,
    /// `on_duplicate_key_update()`.
    pub on_duplicate_key: Option<Rc<OnDuplicateKey>>,
    /// The dialect whose own `insert()` made it.
    pub dialect: Option<&'static str>,
    /// The alias `excluded` of a dialect's own insert, `inserted` of MySQL's.
    pub excluded: Option<Rc<Alias>>,
    /// `options()`.
    pub options: Vec<Value>,
    /// `execution_options()`.
    pub execution_options: Vec<(Str, Value)>,
    /// Options by dialect, `mysql_limit` for one.
    pub dialect_options: Vec<(Str, Value)>,
    /// The ORM entity whose plugin executes it.
    pub subject: Option<Rc<dyn Entity>>,
    /// What the ORM keeps with a statement of its own making.
    pub compile_options: Option<Rc<dyn Any>>,
    /// 1.4's `statement.bind = engine`.
    pub bind: RefCell<Option<Value>>,
}

impl DmlData {
    fn new(table: FromClause) -> Self {
        Self {
            table,
            values: Vec::new(),
            has_values: false,
            multi_values: Vec::new(),
            ordered: false,
            from_select: None,
            where_criteria: Vec::new(),
            returning: Vec::new(),
            sort_by_parameter_order: false,
            return_defaults: None,
            supplemental_returning: Vec::new(),
            inline: false,
            prefixes: Vec::new(),
            hints: Vec::new(),
            independent_ctes: Vec::new(),
            on_conflict: None,
            on_duplicate_key: None,
            dialect: None,
            excluded: None,
            options: Vec::new(),
            execution_options: Vec::new(),
            dialect_options: Vec::new(),
            subject: None,
            compile_options: None,
            bind: RefCell::default(),
        }
    }
}

macro_rules! handles {
    ($($(#[$meta:meta])* $name:ident),*) => {
        $(
            $(#[$meta])*
            #[derive(Clone)]
            pub struct $name(Rc<DmlData>);

            impl $name {
                /// On `table`.
                pub fn new(table: FromClause) -> Self {
                    Self(Rc::new(DmlData::new(table)))
                }
                /// Made of `data`.
                pub fn of(data: DmlData) -> Self {
                    Self(Rc::new(data))
                }
                /// What it consists of.
                pub fn data(&self) -> &DmlData {
                    &self.0
                }
                /// A copy with `change` applied.
                #[must_use]
                pub fn with(&self, change: impl FnOnce(&mut DmlData)) -> Self {
                    let mut data = (*self.0).clone();
                    change(&mut data);
                    Self(Rc::new(data))
                }
                /// What identifies it.
                pub fn address(&self) -> usize {
                    Rc::as_ptr(&self.0) as usize
                }
            }
        )*
    };
}

handles! {
    /// An INSERT; a cheap handle.
    Insert,
    /// An UPDATE; a cheap handle.
    Update,
    /// A DELETE; a cheap handle.
    Delete
}
