//! The door from the flush to the execution of statements.

use std::cell::OnceCell;
use std::rc::Rc;

use crate::engine::{Connection, CursorResult, ExecutionOptions, Row};
use crate::object::{Cx, Dict, Result, Str, Value};
use crate::sql::Executable;
use crate::sql::execution::{DmlContext, execute};
use crate::sql::schema::Column;

/// Parameter sets of one shape.
pub struct Rows {
    /// The keys.
    pub keys: Rc<[Str]>,
    /// The values, a row per set.
    pub rows: Vec<Vec<Value>>,
    /// Whether the values are asked for afterwards.
    pub keeps_values: bool,
}

impl Rows {
    fn into_sets(self) -> Vec<Value> {
        let keys = self.keys;
        self.rows
            .into_iter()
            .map(|row| {
                let pairs = keys.iter().cloned().zip(row);
                Value::Dict(Rc::new(Dict::from_pairs(pairs)))
            })
            .collect()
    }
}

/// What a statement of the flush did.
pub struct Emitted {
    result: CursorResult,
    keys: OnceCell<Vec<Value>>,
}

/// Run `statement` with `rows`.
pub fn run(
    connection: &Connection,
    statement: &Executable,
    rows: Rows,
    _many: bool,
    cx: &Cx,
) -> Result<Emitted> {
    let none = ExecutionOptions::none();
    let result = execute(connection, statement, rows.into_sets(), &none, cx)?;
    Ok(Emitted {
        result,
        keys: OnceCell::new(),
    })
}

impl Emitted {
    /// How many rows were found or made.
    pub fn rowcount(&self) -> i64 {
        self.result.rowcount()
    }
    fn context(&self) -> Option<&DmlContext> {
        self.result.context()?.as_any().downcast_ref()
    }
    /// The primary key of the row that set `at` made.
    pub fn inserted_primary_key(&self, at: usize, cx: &Cx) -> Result<Option<Vec<Value>>> {
        if self.keys.get().is_none() {
            let made = match self.result.context() {
                Some(context) => context.inserted_primary_key_rows(&self.result, cx)?,
                None => Vec::new(),
            };
            drop(self.keys.set(made));
        }
        let row = self.keys.get().and_then(|keys| keys.get(at));
        Ok(row
            .and_then(|row| row.downcast::<Row>())
            .map(|row| row.values().to_vec()))
    }
    /// What the database made of the row of set `at`, column by column.
    pub fn returned_defaults(&self, at: usize, _cx: &Cx) -> Result<Vec<(Rc<Column>, Value)>> {
        let Some(context) = self.context() else {
            return Ok(Vec::new());
        };
        let columns = &context.info().implicit_returning;
        if columns.is_empty() {
            return Ok(Vec::new());
        }
        let rows = context.returned_rows();
        let Some(row) = rows.get(at) else {
            return Ok(Vec::new());
        };
        Ok(columns.iter().cloned().zip(row.iter().cloned()).collect())
    }
    /// The value that set `at` had for the column `key`, defaults included.
    pub fn parameter(&self, at: usize, key: &Str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(self
            .context()
            .and_then(|context| context.parameter(at, key)))
    }
}
