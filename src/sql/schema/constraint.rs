//! Constraints: primary key, foreign key, unique, check.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::{Rc, Weak};

use super::{Column, DialectOptions, ForeignKey, Table, next_creation_order};
use crate::object::{Dict, Str};
use crate::sql::ColumnElement;

/// A constraint's name, or why it has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConstraintName {
    /// None was given: a naming convention may make one.
    Unnamed,
    /// Made by a type without a name: a convention is asked when DDL is written.
    Deferred,
    /// As given.
    Given(Str),
    /// From a naming convention, or `conv()`: conventions leave it alone.
    Convention(Str),
}

impl ConstraintName {
    /// The name.
    pub fn as_str(&self) -> Option<&Str> {
        match self {
            Self::Unnamed | Self::Deferred => None,
            Self::Given(name) | Self::Convention(name) => Some(name),
        }
    }
}

/// A column as a constraint or index is given it.
#[derive(Clone)]
pub enum ColumnArg {
    /// By name.
    Name(Str),
    /// Itself.
    Column(Rc<Column>),
}

/// What a foreign key says beside its columns.
#[derive(Clone, Debug, Default)]
pub struct ForeignKeyRules {
    /// `ON UPDATE`.
    pub onupdate: Option<Str>,
    /// `ON DELETE`.
    pub ondelete: Option<Str>,
    /// `MATCH`.
    pub match_: Option<Str>,
    /// Created by ALTER, and ignored when tables are sorted.
    pub use_alter: bool,
    /// Whether the target names a column by name rather than key.
    pub link_to_name: bool,
}

/// Which constraint it is.
pub enum ConstraintKind {
    /// PRIMARY KEY.
    PrimaryKey {
        /// Made by the table itself, not given.
        implicit: bool,
    },
    /// FOREIGN KEY.
    ForeignKey {
        /// A key for each column, in order.
        elements: RefCell<Vec<Rc<ForeignKey>>>,
        /// The rest.
        rules: ForeignKeyRules,
    },
    /// UNIQUE.
    Unique,
    /// CHECK.
    Check {
        /// The condition.
        sqltext: ColumnElement,
        /// The type that made it (Boolean, Enum): it may not apply under a dialect.
        type_bound: Option<crate::sql::types::SqlType>,
    },
}

/// A constraint.
pub struct Constraint {
    creation_order: u64,
    /// Which one it is.
    pub kind: ConstraintKind,
    /// Its name.
    pub name: RefCell<ConstraintName>,
    /// Its columns, once it is attached.
    pub columns: RefCell<Vec<Rc<Column>>>,
    /// The columns as given, by name or not, which wait for the table.
    pub pending: RefCell<Vec<ColumnArg>>,
    /// `DEFERRABLE`.
    pub deferrable: Option<bool>,
    /// `INITIALLY`.
    pub initially: Option<Str>,
    /// Its comment.
    pub comment: Option<Str>,
    /// Made by a column's `unique=True` or `ForeignKey`, so a copy of the table makes it anew.
    pub column_flag: Cell<bool>,
    /// An `AddConstraint` or `DropConstraint` has it, so CREATE TABLE leaves it out.
    pub isolated: Cell<bool>,
    /// Options by dialect.
    pub dialect_options: RefCell<DialectOptions>,
    /// When it is emitted.
    pub ddl_if: RefCell<Option<super::DdlIf>>,
    info: OnceCell<Rc<Dict>>,
    table: RefCell<Weak<Table>>,
    /// The column whose definition it is part of, of a column-level CHECK.
    pub column: RefCell<Weak<Column>>,
}

impl Constraint {
    /// A constraint of `kind` that waits for its table.
    pub fn new(kind: ConstraintKind, name: ConstraintName) -> Self {
        Self {
            creation_order: next_creation_order(),
            kind,
            name: RefCell::new(name),
            columns: RefCell::default(),
            pending: RefCell::default(),
            deferrable: None,
            initially: None,
            comment: None,
            column_flag: Cell::new(false),
            isolated: Cell::new(false),
            dialect_options: RefCell::default(),
            ddl_if: RefCell::default(),
            info: OnceCell::new(),
            table: RefCell::new(Weak::new()),
            column: RefCell::new(Weak::new()),
        }
    }
    /// Its place in the order in which constraints were made.
    pub fn creation_order(&self) -> u64 {
        self.creation_order
    }
    /// Its table, once attached.
    pub fn table(&self) -> Option<Rc<Table>> {
        self.table.borrow().upgrade()
    }
    pub(super) fn set_table(&self, table: &Rc<Table>) {
        *self.table.borrow_mut() = Rc::downgrade(table);
    }
    /// The info dict.
    pub fn info(&self) -> &Rc<Dict> {
        self.info.get_or_init(Rc::default)
    }
    /// Its foreign keys, of a foreign key constraint.
    pub fn elements(&self) -> Vec<Rc<ForeignKey>> {
        match &self.kind {
            ConstraintKind::ForeignKey { elements, .. } => elements.borrow().clone(),
            _ => Vec::new(),
        }
    }
    /// The rules, of a foreign key constraint.
    pub fn rules(&self) -> Option<&ForeignKeyRules> {
        match &self.kind {
            ConstraintKind::ForeignKey { rules, .. } => Some(rules),
            _ => None,
        }
    }
    /// The name of its class, `UniqueConstraint`.
    pub fn class_name(&self) -> &'static str {
        match self.kind {
            ConstraintKind::PrimaryKey { .. } => "PrimaryKeyConstraint",
            ConstraintKind::ForeignKey { .. } => "ForeignKeyConstraint",
            ConstraintKind::Unique => "UniqueConstraint",
            ConstraintKind::Check { .. } => "CheckConstraint",
        }
    }
    /// The type that made it, of a CHECK.
    pub fn type_bound(&self) -> Option<&crate::sql::types::SqlType> {
        match &self.kind {
            ConstraintKind::Check { type_bound, .. } => type_bound.as_ref(),
            _ => None,
        }
    }
    /// Whether it is a primary key.
    pub fn is_primary_key(&self) -> bool {
        matches!(self.kind, ConstraintKind::PrimaryKey { .. })
    }
}

impl Constraint {
    /// A copy that waits for another table, its columns by name.
    pub fn copy(&self) -> Self {
        self.copy_into(None, None)
    }
    /// The same with foreign keys in another schema; `target` replaces the table that a key to
    /// the constraint's own table names.
    pub fn copy_into(&self, schema: Option<&Str>, target: Option<&Str>) -> Self {
        let own_key = self.table().map(|table| table.key());
        let kind = match &self.kind {
            ConstraintKind::PrimaryKey { .. } => ConstraintKind::PrimaryKey { implicit: false },
            ConstraintKind::Unique => ConstraintKind::Unique,
            ConstraintKind::Check {
                sqltext,
                type_bound,
            } => ConstraintKind::Check {
                sqltext: sqltext.clone(),
                type_bound: type_bound.clone(),
            },
            ConstraintKind::ForeignKey { elements, rules } => {
                let elements = elements.borrow();
                let copies = elements.iter().map(|element| {
                    let own = Some(element.table_key_of_text()) == own_key;
                    let table = target.filter(|_| own);
                    element.copy(element.text_target(schema, table))
                });
                ConstraintKind::ForeignKey {
                    elements: RefCell::new(copies.collect()),
                    rules: rules.clone(),
                }
            }
        };
        let name = match &*self.name.borrow() {
            // What a convention made is made anew in the other metadata.
            ConstraintName::Convention(_) if self.column_flag.get() => ConstraintName::Unnamed,
            other => other.clone(),
        };
        let mut copy = Self::new(kind, name);
        copy.deferrable = self.deferrable;
        copy.initially.clone_from(&self.initially);
        copy.comment.clone_from(&self.comment);
        copy.dialect_options.clone_from(&self.dialect_options);
        let columns = self.columns.borrow();
        if columns.is_empty() {
            copy.pending.clone_from(&self.pending);
        } else {
            let keys = columns.iter().map(|column| ColumnArg::Name(column.key()));
            copy.pending.borrow_mut().extend(keys);
        }
        if let Some(info) = self.info.get() {
            drop(copy.info.set(info.clone()));
        }
        copy
    }
}
