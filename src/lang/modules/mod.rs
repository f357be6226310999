//! The modules of the standard library that scripts import.

pub mod abstract_types;
mod collections;
mod copy;
mod dataclasses;
mod deque;
mod fractions;
mod functools;
mod io;
mod itertools;
mod json;
mod json_read;
mod math;
mod named_tuple;
mod operator;
mod pprint;
mod random;
mod re;
mod small;
mod system;
mod type_hints;
mod typing;
mod values;
mod weakref;

use crate::object::ModuleSpec;

/// Every module, one line each.
pub static MODULES: &[&ModuleSpec] = &[
    &abstract_types::COLLECTIONS_ABC,
    &collections::COLLECTIONS,
    &copy::COPY,
    &dataclasses::DATACLASSES,
    &fractions::FRACTIONS,
    &functools::FUNCTOOLS,
    &io::IO,
    &itertools::ITERTOOLS,
    &json::JSON,
    &math::MATH,
    &operator::OPERATOR,
    &pprint::PPRINT,
    &random::RANDOM,
    &re::RE,
    &small::ABC,
    &small::FUTURE,
    &small::LOGGING,
    &small::STRING,
    &small::TYPES,
    &small::WARNINGS,
    &system::OS,
    &system::OS_PATH,
    &system::SYS,
    &system::TIME,
    &typing::TYPING,
    &values::DATETIME,
    &values::DECIMAL,
    &values::ENUM,
    &values::UUID,
    &weakref::WEAKREF,
];
