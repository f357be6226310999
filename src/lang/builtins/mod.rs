//! The built-in functions, types and constants: `BUILTINS`, name to value.

use crate::object::Export;

/// What a script may name without an import; langcore's own (`property`, `super`...) excepted.
pub static BUILTINS: &[(&str, Export)] = &[];
