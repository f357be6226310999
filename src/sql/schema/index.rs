//! `Index`.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::{Rc, Weak};

use super::{Column, ConstraintName, DialectOptions, Table};
use crate::object::{Dict, Str};
use crate::sql::ColumnElement;

/// One part of an index.
#[derive(Clone)]
pub enum IndexPart {
    /// A column.
    Column(Rc<Column>),
    /// A column by name, which waits for the table.
    Pending(Str),
    /// An expression.
    Expression(ColumnElement),
}

/// An index.
pub struct Index {
    /// Its name.
    pub name: RefCell<ConstraintName>,
    /// Its parts.
    pub parts: RefCell<Vec<IndexPart>>,
    /// UNIQUE.
    pub unique: bool,
    /// `quote=`.
    pub quote: Option<bool>,
    /// Made by a column's `index=True`.
    pub column_flag: Cell<bool>,
    /// Options by dialect.
    pub dialect_options: RefCell<DialectOptions>,
    /// When it is emitted.
    pub ddl_if: RefCell<Option<super::DdlIf>>,
    pub(super) table: RefCell<Weak<Table>>,
    info: OnceCell<Rc<Dict>>,
}

impl Index {
    /// An index that waits for its table.
    pub fn new(name: ConstraintName, parts: Vec<IndexPart>, unique: bool) -> Self {
        Self {
            name: RefCell::new(name),
            parts: RefCell::new(parts),
            unique,
            quote: None,
            column_flag: Cell::new(false),
            dialect_options: RefCell::default(),
            ddl_if: RefCell::default(),
            table: RefCell::new(Weak::new()),
            info: OnceCell::new(),
        }
    }
    /// Its table, once attached.
    pub fn table(&self) -> Option<Rc<Table>> {
        self.table.borrow().upgrade()
    }
    /// Its plain columns, in order.
    pub fn columns(&self) -> Vec<Rc<Column>> {
        self.parts
            .borrow()
            .iter()
            .filter_map(|part| match part {
                IndexPart::Column(column) => Some(column.clone()),
                IndexPart::Pending(_) | IndexPart::Expression(_) => None,
            })
            .collect()
    }
    /// The info dict.
    pub fn info(&self) -> &Rc<Dict> {
        self.info.get_or_init(Rc::default)
    }
}

impl Index {
    /// A copy that waits for another table, its columns by name.
    pub fn copy(&self) -> Self {
        let parts = self.parts.borrow();
        let parts = parts.iter().map(|part| match part {
            IndexPart::Column(column) => IndexPart::Pending(column.key()),
            other => other.clone(),
        });
        let mut copy = Self::new(self.name.borrow().clone(), parts.collect(), self.unique);
        copy.quote = self.quote;
        copy.dialect_options.clone_from(&self.dialect_options);
        copy
    }
}
