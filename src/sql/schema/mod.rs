//! The schema: metadata, tables, columns, constraints, indexes, defaults, sequences.

mod attach;
mod checks;
mod column;
mod constraint;
mod ddl_if;
mod defaults;
mod foreign_key;
mod index;
mod metadata;
mod naming;
mod sort;
mod table;

use std::cell::Cell;

pub use attach::{
    add_column, add_constraint, add_index, auto_attach_constraint, auto_attach_index,
};
pub use checks::columns_of;
pub use column::{Autoincrement, Column, ColumnOptions};
pub use constraint::{ColumnArg, Constraint, ConstraintKind, ConstraintName, ForeignKeyRules};
pub use ddl_if::DdlIf;
pub use defaults::{ColumnDefault, Computed, Identity, Sequence, SequenceOptions, ServerDefault};
pub use foreign_key::{ForeignKey, ForeignKeyTarget};
pub use index::{Index, IndexPart};
pub use metadata::{MetaData, NamingConvention};
pub use naming::{convention_name, rendered_name};
pub use sort::{CyclicTables, sort_tables, sort_tables_and_constraints};
pub use table::{Columns, Table};

thread_local! {
    static CREATED: Cell<u64> = const { Cell::new(0) };
}

/// The next creation number: columns and constraints keep the order in which they were made.
pub fn next_creation_order() -> u64 {
    CREATED.set(CREATED.get() + 1);
    CREATED.get()
}

/// Options by dialect: `sqlite_autoincrement=True` is `("sqlite_autoincrement", True)`.
pub type DialectOptions = Vec<(crate::object::Str, crate::object::Value)>;
