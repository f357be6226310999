//! The door from the flush to the execution of statements.

use std::cell::OnceCell;
use std::rc::Rc;

use crate::engine::{Connection, CursorResult, ExecutionOptions, ValueRows};
use crate::object::{Cx, Result, Str, Value};
use crate::sql::Executable;
use crate::sql::execution::{DmlContext, ParameterSets, execute_sets};
use crate::sql::schema::Column;

/// What a statement of the flush did.
pub struct Emitted {
    result: CursorResult,
    keys: OnceCell<ValueRows>,
}

/// Run `statement` with `sets`.
pub fn run(
    connection: &Connection,
    statement: &Executable,
    sets: ParameterSets,
    cx: &Cx,
) -> Result<Emitted> {
    let none = ExecutionOptions::none();
    let (result, _) = execute_sets(connection, statement, &sets, &none, cx)?;
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
    /// The primary keys of the rows that were made, set by set.
    pub fn inserted_primary_keys(&self, cx: &Cx) -> Result<&ValueRows> {
        if let Some(known) = self.keys.get() {
            return Ok(known);
        }
        let made = match self.context() {
            Some(context) => context.inserted_primary_keys(&self.result, cx)?,
            None => ValueRows::default(),
        };
        Ok(self.keys.get_or_init(|| made))
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
        let row = rows.row(at).iter().cloned();
        Ok(columns.iter().cloned().zip(row).collect())
    }
    /// The value that set `at` had for the column `key`, defaults included.
    pub fn parameter(&self, at: usize, key: &Str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(self
            .context()
            .and_then(|context| context.parameter(at, key)))
    }
}
