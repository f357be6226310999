//! `ForeignKey`: one column's reference to another, resolved when it is asked for.

use std::cell::{OnceCell, RefCell};
use std::rc::{Rc, Weak};

use super::{Column, Constraint, ConstraintName, DialectOptions, ForeignKeyRules};
use crate::object::{Dict, Str};

/// What a foreign key refers to.
#[derive(Clone)]
pub enum ForeignKeyTarget {
    /// `"table.column"`, `"schema.table.column"` or, in a constraint, a table name alone.
    Text(Str),
    /// A column.
    Column(Rc<Column>),
}

/// A foreign key.
pub struct ForeignKey {
    /// What it refers to.
    pub target: ForeignKeyTarget,
    /// The column that has it, once attached.
    pub(super) parent: RefCell<Weak<Column>>,
    /// The constraint it is an element of, once there is one.
    pub(super) constraint: RefCell<Weak<Constraint>>,
    /// The column referred to, once found.
    pub(super) resolved: RefCell<Weak<Column>>,
    /// `name=`.
    pub name: ConstraintName,
    /// ON UPDATE and the like.
    pub rules: ForeignKeyRules,
    /// `DEFERRABLE`.
    pub deferrable: Option<bool>,
    /// `INITIALLY`.
    pub initially: Option<Str>,
    /// `comment=`.
    pub comment: Option<Str>,
    /// Options by dialect.
    pub dialect_options: RefCell<DialectOptions>,
    pub(super) info: OnceCell<Rc<Dict>>,
}

impl ForeignKey {
    /// A foreign key to `target` that waits for its column.
    pub fn new(target: ForeignKeyTarget, name: ConstraintName, rules: ForeignKeyRules) -> Self {
        Self {
            target,
            parent: RefCell::new(Weak::new()),
            constraint: RefCell::new(Weak::new()),
            resolved: RefCell::new(Weak::new()),
            name,
            rules,
            deferrable: None,
            initially: None,
            comment: None,
            dialect_options: RefCell::default(),
            info: OnceCell::new(),
        }
    }
    /// The column that has it.
    pub fn parent(&self) -> Option<Rc<Column>> {
        self.parent.borrow().upgrade()
    }
    /// The constraint it is an element of.
    pub fn constraint(&self) -> Option<Rc<Constraint>> {
        self.constraint.borrow().upgrade()
    }
    /// The info dict.
    pub fn info(&self) -> &Rc<Dict> {
        self.info.get_or_init(Rc::default)
    }
    /// `table.column` as given or as the column says.
    pub fn target_fullname(&self) -> String {
        match &self.target {
            ForeignKeyTarget::Text(text) => text.to_string(),
            ForeignKeyTarget::Column(column) => match column.table() {
                Some(table) => format!("{}.{}", table.full_name(), column.key()),
                None => column.key().to_string(),
            },
        }
    }
}
