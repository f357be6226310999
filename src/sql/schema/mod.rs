//! Schema: `MetaData`, `Table`, `Column`, constraints.

/// A table.
pub struct Table;

/// A column of a table.
pub struct Column;
