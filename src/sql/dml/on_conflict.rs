//! `ON CONFLICT` of SQLite and PostgreSQL, `ON DUPLICATE KEY UPDATE` of MySQL.

use super::DmlValues;
use crate::object::Str;
use crate::sql::ColumnElement;

/// What must conflict.
#[derive(Clone)]
pub enum ConflictTarget {
    /// Anything.
    Any,
    /// A constraint by name.
    Constraint(Str),
    /// Columns, by name or expression, with the condition of a partial index.
    Elements {
        /// The columns.
        elements: Vec<ConflictElement>,
        /// `index_where=`.
        index_where: Option<ColumnElement>,
    },
}

/// A column of a conflict target.
#[derive(Clone)]
pub enum ConflictElement {
    /// By name.
    Name(Str),
    /// An expression.
    Element(ColumnElement),
}

/// `ON CONFLICT ..`.
pub struct OnConflict {
    /// What must conflict.
    pub target: ConflictTarget,
    /// `DO UPDATE SET ..`; `None` is `DO NOTHING`.
    pub set: Option<DmlValues>,
    /// `WHERE` of DO UPDATE.
    pub where_: Option<ColumnElement>,
}

/// `ON DUPLICATE KEY UPDATE ..`.
pub struct OnDuplicateKey {
    /// What is set.
    pub update: DmlValues,
    /// Whether the order given is kept.
    pub ordered: bool,
}
