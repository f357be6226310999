//! What every layer may use and none owns.

mod compat;
pub mod suggest;
pub mod topological;

pub use compat::Compat;
