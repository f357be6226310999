//! The modules of SQLAlchemy as scripts import them: the faces of the engine, SQL and ORM types.

pub mod engine;

use crate::object::ModuleSpec;

/// Every module, one line each.
pub static MODULES: &[&ModuleSpec] = &[];
