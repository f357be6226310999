//! The modules of the standard library that scripts import.

use crate::object::ModuleSpec;

/// Every module, one line each.
pub static MODULES: &[&ModuleSpec] = &[];
