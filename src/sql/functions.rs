//! The functions with a class of their own: `count`, `now`, `max`.

/// A known function.
pub struct FunctionSpec {
    /// Its name in SQL.
    pub name: &'static str,
}
