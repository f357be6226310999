//! Engines, connections, results, the echo, and what a dialect is.

pub mod dbapi;
pub mod exc;
mod params;
#[cfg(test)]
mod testing;

pub use params::{Sets, long_statement, repr_params, repr_sets, repr_tuple, repr_value};
