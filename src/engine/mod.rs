//! Engines, connections, results, the echo, and what a dialect is.

mod context;
pub mod dbapi;
mod dialect;
pub mod driver;
pub mod echo;
pub mod exc;
mod memory;
mod options;
mod params;
mod result;
mod row;
#[cfg(test)]
mod testing;
mod url;

pub use context::{CursorOutcome, StatementContext, StatementKind, not_an_insert};
pub use dialect::{Dialect, DialectData, DialectKind, Paramstyle, sqlite_version};

pub use memory::Memory;
pub use options::ExecutionOptions;
pub use params::{Sets, long_statement, repr_params, repr_row, repr_sets, repr_tuple, repr_value};
pub use result::{
    BufferedRows, CursorResult, OnlyOne, ResultKind, ResultMode, ResultSet, RowSource,
};
pub use row::{ColumnLookup, Row, RowMapping, RowMeta, Uniqueness};
pub use url::{Url, UrlParts, parse_port, parse_query};
