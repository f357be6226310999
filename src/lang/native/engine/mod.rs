//! The script-facing face of the engine layer.

mod row;

pub use row::{KeyView, LEGACY_ROW, ROW, ROW_MAPPING};
