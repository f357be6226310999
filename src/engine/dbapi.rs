//! The driver's exception classes as Python's `sqlite3` names them, and what wraps each.

use std::rc::Rc;

use super::exc;
use crate::object::exceptions::EXCEPTION;
use crate::object::{Class, TypeSpec};

macro_rules! driver_errors {
    ($($constant:ident = $name:literal : $base:ident;)*) => {
        $(#[doc = concat!("`sqlite3.", $name, "`.")]
        pub static $constant: TypeSpec =
            TypeSpec::new("sqlite3", $name).bases(&[&$base]).subclassable();)*
        /// The exception classes of `sqlite3`.
        pub static CLASSES: &[&TypeSpec] = &[$(&$constant),*];
    };
}

driver_errors! {
    WARNING = "Warning": EXCEPTION;
    ERROR = "Error": EXCEPTION;
    INTERFACE_ERROR = "InterfaceError": ERROR;
    DATABASE_ERROR = "DatabaseError": ERROR;
    DATA_ERROR = "DataError": DATABASE_ERROR;
    OPERATIONAL_ERROR = "OperationalError": DATABASE_ERROR;
    INTEGRITY_ERROR = "IntegrityError": DATABASE_ERROR;
    INTERNAL_ERROR = "InternalError": DATABASE_ERROR;
    PROGRAMMING_ERROR = "ProgrammingError": DATABASE_ERROR;
    NOT_SUPPORTED_ERROR = "NotSupportedError": DATABASE_ERROR;
}

/// Which SQLAlchemy class wraps each driver class, most specific first.
static WRAPPERS: &[(&TypeSpec, &TypeSpec)] = &[
    (&INTEGRITY_ERROR, &exc::INTEGRITY_ERROR),
    (&OPERATIONAL_ERROR, &exc::OPERATIONAL_ERROR),
    (&PROGRAMMING_ERROR, &exc::PROGRAMMING_ERROR),
    (&DATA_ERROR, &exc::DATA_ERROR),
    (&INTERNAL_ERROR, &exc::INTERNAL_ERROR),
    (&NOT_SUPPORTED_ERROR, &exc::NOT_SUPPORTED_ERROR),
    (&INTERFACE_ERROR, &exc::INTERFACE_ERROR),
    (&DATABASE_ERROR, &exc::DATABASE_ERROR),
    (&ERROR, &exc::DBAPI_ERROR),
];

/// The SQLAlchemy class that wraps a driver's exception; `None` for any other exception.
pub fn wrapper_of(class: &Rc<Class>) -> Option<&'static TypeSpec> {
    WRAPPERS
        .iter()
        .find(|(driver, _)| class.derives_from(driver))
        .map(|(_, wrapper)| *wrapper)
}
