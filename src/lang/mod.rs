//! The language: parsing, compiling, running, and the modules scripts import.
//!
//! Order inside: parse, compile, vm, builtins, library, modules, native, evaluate, interp.

pub mod builtins;
mod compile;
mod evaluate;
mod interp;
mod library;
pub mod modules;
pub mod native;
mod parse;
#[cfg(test)]
mod tests;
mod unsupported;
mod vm;

pub use interp::{Feed, Interp, SourceId, Statement};
