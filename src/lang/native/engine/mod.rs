//! The script-facing face of the engine layer.

mod connection;
mod create;
mod database;
mod dialect;
mod driver;
mod events;
mod exception_context;
pub mod execute;
mod executed;
mod immutable;
mod modules;
mod pool;
mod record;
mod result;
mod row;
mod transaction;
mod url;

pub use connection::{CONNECTION, FUTURE_CONNECTION, options_in};
pub use create::create;
pub use database::{ENGINE, FUTURE_ENGINE};
pub use dialect::{
    DEFAULT_DIALECT, MYSQL_DIALECT, POSTGRESQL_DIALECT, SQLITE_DIALECT, STR_COMPILE_DIALECT,
};
pub use events::listen;
pub use execute::execute_legacy;
pub use immutable::{IMMUTABLE_DICT, immutable_dict};
pub use modules::{
    ENGINE_BASE, ENGINE_CURSOR, ENGINE_MODULE, ENGINE_RESULT, ENGINE_ROW, ENGINE_URL, EXC, FUTURE,
    SQLITE3, TOP_NAMES,
};
pub use pool::MODULE as POOL;
pub use result::{RESULT, SCALAR_RESULT};
pub use row::{KeyView, LEGACY_ROW, ROW, ROW_MAPPING};
pub use transaction::TRANSACTION;
pub use url::make_url;
