//! The built-in functions, types and constants: `BUILTINS`, name to value.

mod attributes;
mod constants;
mod evaluation;
mod inspection;
mod io;
mod iteration;
mod numbers;
mod refused;
#[cfg(test)]
mod tests;

use crate::object::types::iterators::{ENUMERATE, FILTER, MAP, REVERSED, ZIP};
use crate::object::types::{
    BOOL, BYTES, COMPLEX, DICT, FLOAT, FROZENSET, INT, LIST, OBJECT, RANGE, SET, SLICE, STR, TUPLE,
    TYPE,
};
use crate::object::{Export, count_exports, join_exports};

pub use inspection::{Namespaces, help_text};

macro_rules! classes {
    ($($name:literal => $spec:expr),* $(,)?) => {
        &[$(($name, |_| $spec.class().into())),*]
    };
}

/// The built-in types.
static TYPES: &[(&str, Export)] = classes![
    "bool" => BOOL,
    "bytes" => BYTES,
    "complex" => COMPLEX,
    "dict" => DICT,
    "enumerate" => ENUMERATE,
    "filter" => FILTER,
    "float" => FLOAT,
    "frozenset" => FROZENSET,
    "int" => INT,
    "list" => LIST,
    "map" => MAP,
    "object" => OBJECT,
    "range" => RANGE,
    "reversed" => REVERSED,
    "set" => SET,
    "slice" => SLICE,
    "str" => STR,
    "tuple" => TUPLE,
    "type" => TYPE,
    "zip" => ZIP,
];

/// The groups of built-in names.
const GROUPS: &[&[(&str, Export)]] = &[
    TYPES,
    attributes::FUNCTIONS,
    constants::CONSTANTS,
    constants::EXCEPTIONS,
    evaluation::FUNCTIONS,
    inspection::FUNCTIONS,
    io::FUNCTIONS,
    iteration::FUNCTIONS,
    numbers::FUNCTIONS,
    refused::FUNCTIONS,
];

/// What a script may name without an import; `property` and its kin, which the evaluator
/// defines, excepted.
pub static BUILTINS: &[(&str, Export)] = &join_exports::<{ count_exports(GROUPS) }>(GROUPS);
