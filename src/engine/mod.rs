//! Engines, connections, results, the echo, and what a dialect is.

mod batches;
mod connection;
mod context;
mod cursor_rows;
mod database;
pub mod dbapi;
mod dialect;
pub mod driver;
pub mod echo;
pub mod exc;
mod execute;
mod hooks;
mod memory;
mod options;
mod packed_rows;
mod parameters;
mod params;
mod pool;
mod request;
mod result;
mod row;
#[cfg(test)]
pub(crate) mod testing;
mod transaction;
mod url;
mod value_rows;

pub use connection::{Connection, check_isolation_level};
pub use context::{CursorOutcome, StatementContext, StatementKind, not_an_insert};
pub use database::{Engine, EngineOptions, NewestDialect};
pub use dialect::{Dialect, DialectData, DialectKind, Paramstyle, sqlite_version};

pub use hooks::{
    EngineEvent, EngineHook, EngineHooks, ExecuteCall, FailedCall, SavepointClause, StatementState,
};
pub use memory::Memory;
pub use options::ExecutionOptions;
pub use packed_rows::PackedRows;
pub use parameters::{DrawnSets, Parameters};
pub use params::{Sets, long_statement, repr_params, repr_row, repr_sets, repr_tuple, repr_value};
pub use pool::{Lease, Pool, PoolEntry, PoolKind, PoolOptions};
pub use request::{
    Batch, BatchSorter, ExecutionRequest, ManyValues, Processor, Processors, ResultColumns,
    ResultShape, ShapeMaker,
};
pub use result::{
    BufferedRows, CursorResult, EntityNotes, OnlyOne, ResultKind, ResultMode, ResultSet, RowSource,
};
pub use row::{ColumnLookup, Row, RowMapping, RowMeta, Uniqueness};
pub use transaction::{Transaction, TransactionKind};
pub use url::{Url, UrlParts, parse_port, parse_query};
pub use value_rows::ValueRows;
