//! What a statement brings to its execution and leaves behind: the SQL layer's part of a
//! result.

use super::exc::INVALID_REQUEST_ERROR;
use super::result::ResultSet;
use super::value_rows::ValueRows;
use crate::object::{Cx, Raised, Result, Value};

/// What the cursor reported.
#[derive(Clone, Debug)]
pub struct CursorOutcome {
    /// How many rows were changed; -1 where that does not apply.
    pub rowcount: i64,
    /// The id of the row inserted last.
    pub lastrowid: Option<i64>,
    /// Whether several parameter sets were given.
    pub executemany: bool,
}

impl Default for CursorOutcome {
    fn default() -> Self {
        Self {
            rowcount: -1,
            lastrowid: None,
            executemany: false,
        }
    }
}

/// What kind of statement ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementKind {
    /// SELECT and what else returns rows.
    Select,
    /// INSERT.
    Insert,
    /// UPDATE.
    Update,
    /// DELETE.
    Delete,
    /// CREATE, DROP and the like.
    Ddl,
    /// A text, or a string for the driver.
    Text,
}

impl StatementKind {
    /// Whether it changes rows.
    pub fn is_crud(self) -> bool {
        matches!(self, Self::Insert | Self::Update | Self::Delete)
    }
}

/// The statement behind a result, as the SQL layer compiled it.
pub trait StatementContext {
    /// What kind it is.
    fn kind(&self) -> StatementKind;
    /// `inserted_primary_key_rows`.
    fn inserted_primary_key_rows(&self, _result: &ResultSet, _cx: &Cx) -> Result<Vec<Value>> {
        Err(not_an_insert())
    }
    /// `returned_defaults_rows`.
    fn returned_defaults_rows(&self, _result: &ResultSet, _cx: &Cx) -> Result<Option<Vec<Value>>> {
        Ok(None)
    }
    /// `last_inserted_params()`, `last_updated_params()`.
    fn last_params(&self, _cx: &Cx) -> Result<Value> {
        Ok(Value::None)
    }
    /// `prefetch_cols()`.
    fn prefetch_columns(&self, _cx: &Cx) -> Result<Value> {
        Ok(Value::list(Vec::new()))
    }
    /// `postfetch_cols()`.
    fn postfetch_columns(&self, _cx: &Cx) -> Result<Value> {
        Ok(Value::list(Vec::new()))
    }
    /// Whether the application asked for the rows that an INSERT, UPDATE or DELETE returns.
    fn is_explicit_returning(&self) -> bool {
        true
    }
    /// Takes the rows returned that the application did not ask for.
    fn take_returned(&self, _rows: ValueRows, _cx: &Cx) -> Result<()> {
        Ok(())
    }
    /// The context of `context.compiled` and the like, for the ORM.
    fn as_any(&self) -> &dyn std::any::Any;
}

/// The error for insert facts of another statement.
pub fn not_an_insert() -> Raised {
    INVALID_REQUEST_ERROR.error("Statement is not an insert() expression construct.")
}
