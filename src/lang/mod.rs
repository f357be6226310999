//! The language: parsing, compiling, running, and the modules scripts import.

pub mod builtins;
pub mod modules;
