//! Built-in functions that have no place in this shell: each says so when called.

use crate::object::exceptions::NOT_IMPLEMENTED_ERROR;
use crate::object::{Export, Method};

macro_rules! refused {
    ($($name:literal: $why:literal),* $(,)?) => {
        &[$(($name, |_| Method::function(concat!($name, "(*args, **kwargs)"), |_, _| {
            Err(NOT_IMPLEMENTED_ERROR.error(concat!($name, "() is not supported: ", $why)))
        }))),*]
    };
}

pub(super) static FUNCTIONS: &[(&str, Export)] = refused![
    "breakpoint": "there is no debugger",
    "compile": "code is run as it is typed",
    "open": "scripts have no access to files",
    "memoryview": "use bytes",
    "bytearray": "use bytes",
];
