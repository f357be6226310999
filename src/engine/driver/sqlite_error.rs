//! SQLite's result codes as the exceptions that Python's `sqlite3` raises for them.

use rusqlite::ffi;

use crate::engine::dbapi;
use crate::object::exceptions::MEMORY_ERROR;
use crate::object::{Cx, Raised, TypeSpec, Value};

/// The exception class of a primary result code.
fn class_of_code(code: i32) -> &'static TypeSpec {
    match code {
        ffi::SQLITE_INTERNAL | ffi::SQLITE_NOTFOUND => &dbapi::INTERNAL_ERROR,
        ffi::SQLITE_NOMEM => &MEMORY_ERROR,
        ffi::SQLITE_ERROR
        | ffi::SQLITE_PERM
        | ffi::SQLITE_ABORT
        | ffi::SQLITE_BUSY
        | ffi::SQLITE_LOCKED
        | ffi::SQLITE_READONLY
        | ffi::SQLITE_INTERRUPT
        | ffi::SQLITE_IOERR
        | ffi::SQLITE_FULL
        | ffi::SQLITE_CANTOPEN
        | ffi::SQLITE_PROTOCOL
        | ffi::SQLITE_EMPTY
        | ffi::SQLITE_SCHEMA => &dbapi::OPERATIONAL_ERROR,
        ffi::SQLITE_TOOBIG => &dbapi::DATA_ERROR,
        ffi::SQLITE_CONSTRAINT | ffi::SQLITE_MISMATCH => &dbapi::INTEGRITY_ERROR,
        ffi::SQLITE_MISUSE | ffi::SQLITE_RANGE => &dbapi::INTERFACE_ERROR,
        _ => &dbapi::DATABASE_ERROR,
    }
}

/// The name of a result code, for `sqlite_errorname`.
fn name_of_code(code: i32) -> &'static str {
    match code {
        ffi::SQLITE_ERROR => "SQLITE_ERROR",
        ffi::SQLITE_BUSY => "SQLITE_BUSY",
        ffi::SQLITE_LOCKED => "SQLITE_LOCKED",
        ffi::SQLITE_READONLY => "SQLITE_READONLY",
        ffi::SQLITE_INTERRUPT => "SQLITE_INTERRUPT",
        ffi::SQLITE_IOERR => "SQLITE_IOERR",
        ffi::SQLITE_CORRUPT => "SQLITE_CORRUPT",
        ffi::SQLITE_FULL => "SQLITE_FULL",
        ffi::SQLITE_CANTOPEN => "SQLITE_CANTOPEN",
        ffi::SQLITE_TOOBIG => "SQLITE_TOOBIG",
        ffi::SQLITE_CONSTRAINT => "SQLITE_CONSTRAINT",
        ffi::SQLITE_CONSTRAINT_CHECK => "SQLITE_CONSTRAINT_CHECK",
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => "SQLITE_CONSTRAINT_FOREIGNKEY",
        ffi::SQLITE_CONSTRAINT_NOTNULL => "SQLITE_CONSTRAINT_NOTNULL",
        ffi::SQLITE_CONSTRAINT_PRIMARYKEY => "SQLITE_CONSTRAINT_PRIMARYKEY",
        ffi::SQLITE_CONSTRAINT_TRIGGER => "SQLITE_CONSTRAINT_TRIGGER",
        ffi::SQLITE_CONSTRAINT_UNIQUE => "SQLITE_CONSTRAINT_UNIQUE",
        ffi::SQLITE_CONSTRAINT_ROWID => "SQLITE_CONSTRAINT_ROWID",
        ffi::SQLITE_MISMATCH => "SQLITE_MISMATCH",
        ffi::SQLITE_MISUSE => "SQLITE_MISUSE",
        ffi::SQLITE_RANGE => "SQLITE_RANGE",
        ffi::SQLITE_NOTADB => "SQLITE_NOTADB",
        _ => "unknown",
    }
}

fn from_code(code: i32, message: String) -> Raised {
    class_of_code(code & 0xff)
        .error(message)
        .with("sqlite_errorcode", Value::Int(i64::from(code)))
        .with("sqlite_errorname", name_of_code(code))
}

/// The exception for what rusqlite reports; `KeyboardInterrupt` where Ctrl-C stopped a query.
pub fn raise(error: rusqlite::Error, cx: &Cx) -> Raised {
    use rusqlite::Error;
    match error {
        Error::SqliteFailure(failure, message) => {
            if failure.extended_code & 0xff == ffi::SQLITE_INTERRUPT
                && let Err(interrupt) = cx.check_interrupt()
            {
                return interrupt;
            }
            let message =
                message.unwrap_or_else(|| ffi::code_to_str(failure.extended_code).to_owned());
            from_code(failure.extended_code, message)
        }
        Error::SqlInputError { error, msg, .. } => from_code(error.extended_code, msg),
        Error::MultipleStatement => {
            dbapi::PROGRAMMING_ERROR.error("You can only execute one statement at a time.")
        }
        Error::NulError(_) => dbapi::PROGRAMMING_ERROR.error("the query contains a null character"),
        other => dbapi::DATABASE_ERROR.error(other.to_string()),
    }
}
