//! What fills a column that a statement leaves out: Python-side defaults, server defaults,
//! computed columns, identities, sequences.

use std::cell::RefCell;
use std::rc::Rc;

use super::MetaData;
use crate::object::{Str, Value};
use crate::sql::ColumnElement;

/// `default=` or `onupdate=`.
pub enum ColumnDefault {
    /// A plain value.
    Scalar(Value),
    /// A function of no argument.
    Callable(Value),
    /// A function that is given the execution context.
    ContextCallable(Value),
    /// A SQL expression, rendered into the statement.
    Clause(ColumnElement),
    /// A sequence.
    Sequence(Rc<Sequence>),
}

/// `server_default=` or `server_onupdate=`.
pub enum ServerDefault {
    /// `DefaultClause` of a text, which is quoted.
    Text(Str),
    /// `DefaultClause` of a SQL expression, `text()` among them.
    Clause(ColumnElement),
    /// `FetchedValue()`: the database does something on its own.
    Fetched,
    /// `Computed(..)`.
    Computed(Rc<Computed>),
    /// `Identity(..)`.
    Identity(Rc<Identity>),
}

/// `Computed(sqltext, persisted=None)`.
pub struct Computed {
    /// The expression.
    pub sqltext: ColumnElement,
    /// `STORED`, `VIRTUAL`, or what the database does.
    pub persisted: Option<bool>,
}

/// The options that sequences and identities share.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the names are those of the arguments")]
pub struct SequenceOptions {
    pub start: Option<i64>,
    pub increment: Option<i64>,
    pub minvalue: Option<i64>,
    pub maxvalue: Option<i64>,
    pub nominvalue: Option<bool>,
    pub nomaxvalue: Option<bool>,
    pub cycle: Option<bool>,
    pub cache: Option<i64>,
    pub order: Option<bool>,
}

/// `Identity(always=False, ..)`.
#[derive(Default)]
pub struct Identity {
    /// `GENERATED ALWAYS`.
    pub always: bool,
    /// `ON NULL` of Oracle.
    pub on_null: Option<bool>,
    /// The rest.
    pub options: SequenceOptions,
}

/// `Sequence(name, ..)`.
pub struct Sequence {
    /// Its name.
    pub name: Str,
    /// Its schema.
    pub schema: Option<Str>,
    /// Whether it may be left out where serial columns exist.
    pub optional: bool,
    /// The rest.
    pub options: SequenceOptions,
    /// `data_type=`.
    pub data_type: Option<crate::sql::types::SqlType>,
    /// The metadata that creates it.
    pub metadata: RefCell<Option<Rc<MetaData>>>,
}
