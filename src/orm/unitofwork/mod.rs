//! The unit of work: which objects a flush writes, and in which order.

mod actions;
mod dependency;
mod graph;
mod key_switch;
mod many_to_many;
mod many_to_one;
mod one_to_many;
mod transaction;

pub use dependency::Processor;
pub use transaction::{Registration, UowTransaction};
