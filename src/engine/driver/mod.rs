//! Database drivers: what a connection and a cursor of any database must do, and SQLite's.

mod sqlite;
mod sqlite_bind;
mod sqlite_cache;
mod sqlite_error;
mod sqlite_names;

use super::value_rows::ValueRows;
use std::rc::Rc;

use crate::object::{Cx, Dict, Result, Str, Value};

pub use sqlite::{OpenOptions, SqliteConnection, close_all};

/// One set of parameters.
#[derive(Clone, Copy)]
pub enum ParameterSet<'a> {
    /// By position.
    Positional(&'a [Value]),
    /// By name.
    Named(&'a Dict),
}

/// The sets of an executemany, one after the other.
pub trait SetStream {
    /// The next set; `None` after the last.
    fn next(&mut self) -> Option<ParameterSet<'_>>;
}

/// What running a statement gave.
pub struct Executed {
    /// The rows, where the statement returns any.
    pub cursor: Option<Box<dyn DriverCursor>>,
    /// How many rows it changed; -1 where that does not apply.
    pub rowcount: i64,
    /// The id of the row inserted last.
    pub lastrowid: Option<i64>,
}

/// Rows of a statement, read on demand.
pub trait DriverCursor {
    /// The names of the columns.
    fn columns(&self) -> &Rc<[Str]>;
    /// Put the next row into `row`, whose contents are replaced; `false` at the end.
    fn fetch(&mut self, row: &mut Vec<Value>, cx: &Cx) -> Result<bool>;
    /// How many rows the statement changed, known once all rows are read.
    fn rowcount(&self) -> i64;
}

/// A connection of a driver, with the transaction behaviour of its Python driver.
pub trait DriverConnection {
    /// Run a statement.
    fn execute(&self, sql: &Str, parameters: ParameterSet<'_>, cx: &Cx) -> Result<Executed>;
    /// Run a statement once per set of parameters.
    fn execute_many(&self, sql: &Str, sets: &mut dyn SetStream, cx: &Cx) -> Result<Executed>;
    /// Run a statement that returns rows once per set, appending all rows to `rows`.
    fn execute_each(&self, sql: &Str, set: &[Value], rows: &mut ValueRows, cx: &Cx) -> Result<()>;
    /// Commit the transaction, if one is open.
    fn commit(&self, cx: &Cx) -> Result<()>;
    /// Roll the transaction back, if one is open.
    fn rollback(&self, cx: &Cx) -> Result<()>;
    /// Roll back what may be open, on the way back to the pool.
    fn reset(&self);
    /// Go back to the isolation level of a new connection.
    fn reset_isolation(&self, level: &str);
    /// Switch between transactions and autocommit.
    fn set_isolation(&self, level: &str, cx: &Cx) -> Result<()>;
    /// The server's version.
    fn server_version(&self) -> (u32, u32, u32);
}
