//! CREATE, DROP, ALTER: the elements, their text under each dialect, and the runs of
//! `create_all()` and `drop_all()`.

mod column_spec;
mod compile;
mod constraints;
mod hooked;
mod index;
mod inline;
mod run;

use std::rc::Rc;

use super::schema::{Constraint, Index, Sequence, Table};
use crate::object::{Cx, Result, Str, Value};

pub use compile::compile_ddl_plain;
pub use constraints::autoincrement_column;
pub use hooked::{DdlCompiler, column_definition, compile_ddl};
pub use inline::inline_sql;
pub use run::{CheckFirst, DdlBind, DdlTarget, MockBind, create, drop};

/// A DDL element.
#[derive(Clone)]
pub enum Ddl {
    /// `CREATE TABLE`.
    CreateTable {
        /// The table.
        table: Rc<Table>,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
        /// The foreign keys that are part of it; `None` is all.
        foreign_keys: Option<Vec<Rc<Constraint>>>,
    },
    /// A column as CREATE TABLE defines it.
    CreateColumn(Rc<super::schema::Column>),
    /// `DROP TABLE`.
    DropTable {
        /// The table.
        table: Rc<Table>,
        /// `IF EXISTS`.
        if_exists: bool,
    },
    /// `CREATE INDEX`.
    CreateIndex {
        /// The index.
        index: Rc<Index>,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
    },
    /// `DROP INDEX`.
    DropIndex {
        /// The index.
        index: Rc<Index>,
        /// `IF EXISTS`.
        if_exists: bool,
    },
    /// `CREATE SCHEMA`.
    CreateSchema {
        /// Its name.
        name: Str,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
    },
    /// `DROP SCHEMA`.
    DropSchema {
        /// Its name.
        name: Str,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `CASCADE`.
        cascade: bool,
    },
    /// `CREATE SEQUENCE`.
    CreateSequence {
        /// The sequence.
        sequence: Rc<Sequence>,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
    },
    /// `DROP SEQUENCE`.
    DropSequence {
        /// The sequence.
        sequence: Rc<Sequence>,
        /// `IF EXISTS`.
        if_exists: bool,
    },
    /// `ALTER TABLE .. ADD CONSTRAINT`.
    AddConstraint(Rc<Constraint>),
    /// `ALTER TABLE .. DROP CONSTRAINT`.
    DropConstraint {
        /// The constraint.
        constraint: Rc<Constraint>,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `CASCADE`.
        cascade: bool,
    },
    /// `COMMENT ON TABLE`; `drop` writes NULL.
    TableComment {
        /// The table.
        table: Rc<Table>,
        /// Whether the comment goes.
        drop: bool,
    },
    /// `COMMENT ON COLUMN`; `drop` writes NULL.
    ColumnComment {
        /// The column.
        column: Rc<super::schema::Column>,
        /// Whether the comment goes.
        drop: bool,
    },
    /// An element of a class that a script defined.
    Custom(Rc<crate::object::Instance>),
    /// `DDL(statement)`: a text with `%(table)s` and the like.
    Text {
        /// The text.
        statement: Str,
        /// What `%(name)s` stand for.
        context: Vec<(Str, Value)>,
        /// What it is about: `%(table)s`, `%(schema)s`, `%(fullname)s`.
        target: Option<Rc<Table>>,
    },
}

/// Something is being created or dropped.
pub struct DdlHappening<'a> {
    /// `before_create` and the like.
    pub event: &'static str,
    /// What.
    pub target: &'a DdlTarget,
    /// Whether what exists was looked up first.
    pub check: bool,
    /// Whether it is part of `create_all()` or `drop_all()`.
    pub metadata_operation: bool,
}

/// Hears of tables being created and dropped: the events of a script.
pub trait DdlListener {
    /// `before_create` and the like.
    fn notify(&self, happening: &DdlHappening<'_>, bind: DdlBind<'_>, cx: &Cx) -> Result<()>;
}

/// The listeners of the session.
#[derive(Default)]
pub struct DdlListeners(std::cell::RefCell<Vec<Rc<dyn DdlListener>>>);

impl DdlListeners {
    /// Let `listener` hear.
    pub fn add(&self, listener: Rc<dyn DdlListener>) {
        self.0.borrow_mut().push(listener);
    }
    /// Tell all.
    pub fn notify(&self, happening: &DdlHappening<'_>, bind: DdlBind<'_>, cx: &Cx) -> Result<()> {
        let listeners = self.0.borrow().clone();
        for listener in listeners {
            listener.notify(happening, bind, cx)?;
        }
        Ok(())
    }
}
