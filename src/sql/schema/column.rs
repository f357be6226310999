//! `Column`: a column of a table, or one that waits for its table.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::{Rc, Weak};

use super::{
    ColumnDefault, Constraint, DialectOptions, ForeignKey, ForeignKeyTarget, Index, ServerDefault,
    Table, next_creation_order,
};
use crate::object::{Dict, Str, Value};
use crate::sql::types::SqlType;

/// `autoincrement=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the argument's values")]
pub enum Autoincrement {
    Auto,
    True,
    False,
    IgnoreFk,
}

/// The plain options of a column, as its constructor takes them.
#[derive(Clone)]
pub struct ColumnOptions {
    /// `nullable=`.
    pub nullable: bool,
    /// Whether `nullable=` was given.
    pub nullable_given: bool,
    /// `primary_key=`.
    pub primary_key: bool,
    /// `unique=`.
    pub unique: Option<bool>,
    /// `index=`.
    pub index: Option<bool>,
    /// Whether `index=` is a text, which no table takes.
    pub index_is_text: bool,
    /// Whether `unique=` is a text, which no table takes.
    pub unique_is_text: bool,
    /// `autoincrement=`.
    pub autoincrement: Autoincrement,
    /// `quote=`.
    pub quote: Option<bool>,
    /// `system=`.
    pub system: bool,
    /// `comment=`.
    pub comment: Option<Str>,
    /// `insert_sentinel=`.
    pub insert_sentinel: bool,
}

impl Default for ColumnOptions {
    fn default() -> Self {
        Self {
            nullable: true,
            nullable_given: false,
            primary_key: false,
            unique: None,
            index: None,
            index_is_text: false,
            unique_is_text: false,
            autoincrement: Autoincrement::Auto,
            quote: None,
            system: false,
            comment: None,
            insert_sentinel: false,
        }
    }
}

/// What waits for the table of a column.
#[derive(Clone)]
pub(super) enum Waiting {
    Constraint(Rc<Constraint>),
    Index(Rc<Index>),
}

/// A column. Much of it is set late: the name by declarative, the type by a foreign key, the
/// table when it is attached.
pub struct Column {
    creation_order: Cell<u64>,
    name: RefCell<Option<Str>>,
    key: RefCell<Option<Str>>,
    ty: RefCell<SqlType>,
    table: RefCell<Weak<Table>>,
    /// Its place among the columns of its table.
    position: Cell<usize>,
    /// The plain options.
    pub options: RefCell<ColumnOptions>,
    /// `default=`.
    pub default: RefCell<Option<Rc<ColumnDefault>>>,
    /// `onupdate=`.
    pub onupdate: RefCell<Option<Rc<ColumnDefault>>>,
    /// `server_default=`, `Computed`, `Identity`.
    pub server_default: RefCell<Option<Rc<ServerDefault>>>,
    /// `server_onupdate=`.
    pub server_onupdate: RefCell<Option<Rc<ServerDefault>>>,
    /// Its foreign keys, in order.
    pub foreign_keys: RefCell<Vec<Rc<ForeignKey>>>,
    /// Column-level constraints (CHECK) given to the constructor.
    pub constraints: RefCell<Vec<Rc<Constraint>>>,
    /// Constraints and indexes of this column that wait for its table.
    pub(super) waiting: RefCell<Vec<Waiting>>,
    /// Whether its type is being looked up through its foreign keys.
    resolving: Cell<bool>,
    /// `info`, made at the first use.
    info: OnceCell<Rc<Dict>>,
    /// Options by dialect.
    pub dialect_options: RefCell<DialectOptions>,
    /// `doc=`.
    pub doc: RefCell<Value>,
    /// What an upper layer remembers of it.
    pub extension: OnceCell<Rc<dyn std::any::Any>>,
}

impl Column {
    /// A column that waits for its table (and perhaps its name).
    pub fn new(
        name: Option<Str>,
        key: Option<Str>,
        ty: SqlType,
        options: ColumnOptions,
    ) -> Rc<Self> {
        Rc::new(Self {
            creation_order: Cell::new(next_creation_order()),
            key: RefCell::new(key.or_else(|| name.clone())),
            name: RefCell::new(name),
            ty: RefCell::new(ty),
            table: RefCell::new(Weak::new()),
            position: Cell::new(0),
            options: RefCell::new(options),
            default: RefCell::default(),
            onupdate: RefCell::default(),
            server_default: RefCell::default(),
            server_onupdate: RefCell::default(),
            foreign_keys: RefCell::default(),
            constraints: RefCell::default(),
            waiting: RefCell::default(),
            resolving: Cell::new(false),
            info: OnceCell::new(),
            dialect_options: RefCell::default(),
            doc: RefCell::new(Value::None),
            extension: OnceCell::new(),
        })
    }

    /// Its place in the order in which columns were made.
    pub fn creation_order(&self) -> u64 {
        self.creation_order.get()
    }
    /// Set its place in the order in which columns were made.
    pub fn set_creation_order(&self, order: u64) {
        self.creation_order.set(order);
    }
    /// Its name; empty while it has none.
    pub fn name(&self) -> Str {
        self.name.borrow().clone().unwrap_or_else(|| Str::new(""))
    }
    /// Its name, if it has one yet.
    pub fn name_given(&self) -> Option<Str> {
        self.name.borrow().clone()
    }
    /// Give it a name.
    pub fn set_name(&self, name: Str) {
        *self.name.borrow_mut() = Some(name);
    }
    /// Its key in the table's collection; the name where it has none of its own.
    pub fn key(&self) -> Str {
        self.key.borrow().clone().unwrap_or_else(|| self.name())
    }
    /// Its key, if it was given or set.
    pub fn key_given(&self) -> Option<Str> {
        self.key.borrow().clone()
    }
    /// Give it a key.
    pub fn set_key(&self, key: Str) {
        *self.key.borrow_mut() = Some(key);
    }
    /// Its type; that of the column referred to where it has none of its own.
    pub fn sql_type(&self) -> SqlType {
        self.resolve_type();
        self.ty.borrow().clone()
    }
    /// Look at its type without a clone.
    pub fn with_type<R>(&self, look: impl FnOnce(&SqlType) -> R) -> R {
        self.resolve_type();
        look(&self.ty.borrow())
    }
    /// Take the type of the column referred to, as soon as there is one.
    fn resolve_type(&self) {
        if !self.ty.borrow().is_null() || self.resolving.replace(true) {
            return;
        }
        let foreign_keys = self.foreign_keys.borrow().clone();
        let found = foreign_keys.iter().find_map(|key| {
            let ty = key.column_if_known()?.sql_type();
            (!ty.is_null()).then_some(ty)
        });
        self.resolving.set(false);
        if let Some(ty) = found {
            *self.ty.borrow_mut() = ty;
        }
    }
    /// Give it a type.
    pub fn set_type(&self, ty: SqlType) {
        *self.ty.borrow_mut() = ty;
    }
    /// Its table, once attached.
    pub fn table(&self) -> Option<Rc<Table>> {
        self.table.borrow().upgrade()
    }
    /// Whether it belongs to `table`.
    pub fn belongs_to(&self, table: &Rc<Table>) -> bool {
        std::ptr::eq(self.table.borrow().as_ptr(), Rc::as_ptr(table))
    }
    /// The address of its table; 0 without one.
    pub fn table_address(&self) -> usize {
        let table = self.table.borrow();
        if table.strong_count() == 0 {
            0
        } else {
            table.as_ptr() as usize
        }
    }
    /// Its place among the columns of its table.
    pub fn position(&self) -> usize {
        self.position.get()
    }
    pub(super) fn set_position(&self, position: usize) {
        self.position.set(position);
    }
    pub(super) fn attach(&self, table: &Rc<Table>, position: usize) {
        *self.table.borrow_mut() = Rc::downgrade(table);
        self.position.set(position);
    }
    /// `nullable`.
    pub fn nullable(&self) -> bool {
        self.options.borrow().nullable
    }
    /// `primary_key`.
    pub fn primary_key(&self) -> bool {
        self.options.borrow().primary_key
    }
    /// `quote=`.
    pub fn quote(&self) -> Option<bool> {
        self.options.borrow().quote
    }
    /// The info dict.
    pub fn info(&self) -> &Rc<Dict> {
        self.info.get_or_init(Rc::default)
    }
    /// The info dict, if it was ever asked for.
    pub fn info_given(&self) -> Option<&Rc<Dict>> {
        self.info.get()
    }
    /// `table.name`, or the name alone: what messages and `str()` show.
    pub fn description(&self) -> String {
        match self.table() {
            Some(table) => format!("{}.{}", table.name(), self.name()),
            None => self.name().to_string(),
        }
    }
}

impl Column {
    /// A copy that waits for another table: what declarative makes of a mixin's column, and
    /// `Table.to_metadata()` of each.
    pub fn copy(&self) -> Rc<Self> {
        self.copy_into(None)
    }
    /// The same with the targets of foreign keys in another schema.
    pub fn copy_into(&self, schema: Option<&Str>) -> Rc<Self> {
        let copy = Self::new(
            self.name_given(),
            self.key_given(),
            self.sql_type(),
            self.options.borrow().clone(),
        );
        copy.default.borrow_mut().clone_from(&self.default.borrow());
        copy.onupdate
            .borrow_mut()
            .clone_from(&self.onupdate.borrow());
        copy.server_default
            .borrow_mut()
            .clone_from(&self.server_default.borrow());
        copy.server_onupdate
            .borrow_mut()
            .clone_from(&self.server_onupdate.borrow());
        copy.dialect_options
            .borrow_mut()
            .clone_from(&self.dialect_options.borrow());
        copy.doc.borrow_mut().clone_from(&self.doc.borrow());
        if let Some(info) = self.info_given() {
            let entries = info.borrow().clone();
            *copy.info().borrow_mut() = entries;
        }
        for key in self.foreign_keys.borrow().iter() {
            // A key that is part of a constraint of the table is copied with that.
            if key.constraint().is_some() {
                continue;
            }
            let target = match (&key.target, schema) {
                (ForeignKeyTarget::Column(_), None) => key.target.clone(),
                (_, schema) => key.text_target(schema, None),
            };
            let key = key.copy(target);
            // A fresh key has no parent yet.
            drop(key.set_parent(&copy));
        }
        for constraint in self.constraints.borrow().iter() {
            let constraint = Rc::new(constraint.copy());
            *constraint.column.borrow_mut() = Rc::downgrade(&copy);
            copy.constraints.borrow_mut().push(constraint);
        }
        copy
    }
    /// Give `other` what it leaves open: `use_existing_column`, `Annotated` columns.
    pub fn merge_into(&self, other: &Rc<Self>) {
        let own = self.options.borrow().clone();
        {
            let mut options = other.options.borrow_mut();
            if own.primary_key {
                options.primary_key = true;
            }
            if own.autoincrement != Autoincrement::Auto
                && options.autoincrement == Autoincrement::Auto
            {
                options.autoincrement = own.autoincrement;
            }
            options.system |= own.system;
            if own.nullable_given && !options.nullable_given {
                options.nullable = own.nullable;
                options.nullable_given = true;
            }
            options.index = options.index.or(own.index);
            options.unique = options.unique.or(own.unique);
            options.comment = options.comment.clone().or(own.comment);
        }
        if let Some(info) = self.info_given() {
            let entries = info.borrow().clone();
            other.info().borrow_mut().extend(entries);
        }
        let ty = self.sql_type();
        if !ty.is_null() && other.ty.borrow().is_null() {
            other.set_type(ty);
        }
        for (own, slot) in [
            (&self.default, &other.default),
            (&self.onupdate, &other.onupdate),
        ] {
            if slot.borrow().is_none() {
                slot.borrow_mut().clone_from(&own.borrow());
            }
        }
        for (own, slot) in [
            (&self.server_default, &other.server_default),
            (&self.server_onupdate, &other.server_onupdate),
        ] {
            if slot.borrow().is_none() {
                slot.borrow_mut().clone_from(&own.borrow());
            }
        }
        if other.doc.borrow().is_none() {
            other.doc.borrow_mut().clone_from(&self.doc.borrow());
        }
        for constraint in self.constraints.borrow().iter() {
            let constraint = Rc::new(constraint.copy());
            *constraint.column.borrow_mut() = Rc::downgrade(other);
            other.constraints.borrow_mut().push(constraint);
        }
        for key in self.foreign_keys.borrow().iter() {
            if key.constraint().is_none() {
                drop(key.copy(key.target.clone()).set_parent(other));
            }
        }
    }
}
