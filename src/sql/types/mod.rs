//! SQL types.

/// A SQL type: a cheap handle.
#[derive(Clone)]
pub struct SqlType;
