//! What a database says of its tables: the catalogue of SQLite, read as SQLAlchemy reads it.

mod apply;
mod catalogue;
mod constraints;
mod inspector;
mod types;

pub use apply::{ColumnListener, ColumnListeners, ReflectOptions, reflect_metadata, reflect_table};
pub use catalogue::{Catalogue, has_table};
pub use inspector::{
    Inspector, ReflectedCheck, ReflectedColumn, ReflectedForeignKey, ReflectedIndex,
    ReflectedPrimaryKey, ReflectedUnique,
};
