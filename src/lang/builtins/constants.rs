//! Built-in constants and the exception classes.

use crate::lang::library;
use crate::object::exceptions as exc;
use crate::object::types::{EllipsisObject, NotImplementedObject};
use crate::object::{Cx, Export, Value};

macro_rules! exceptions {
    ($($name:literal => $spec:ident),* $(,)?) => {
        &[$(($name, |_| exc::$spec.class().into())),*]
    };
}

/// A class that is written in the language.
fn of_library(name: &str, cx: &Cx) -> Value {
    library::name("builtins", name, cx).unwrap_or(Value::None)
}

pub(super) static CONSTANTS: &[(&str, Export)] = &[
    ("Ellipsis", |_| Value::object(EllipsisObject)),
    ("NotImplemented", |_| Value::object(NotImplementedObject)),
    ("__name__", |_| Value::str("__main__")),
    ("__debug__", |_| Value::Bool(true)),
    ("BaseExceptionGroup", |cx| {
        of_library("BaseExceptionGroup", cx)
    }),
    ("ExceptionGroup", |cx| of_library("ExceptionGroup", cx)),
    ("IOError", |_| exc::OS_ERROR.class().into()),
    ("EnvironmentError", |_| exc::OS_ERROR.class().into()),
];

pub(super) static EXCEPTIONS: &[(&str, Export)] = exceptions![
    "BaseException" => BASE_EXCEPTION,
    "Exception" => EXCEPTION,
    "KeyboardInterrupt" => KEYBOARD_INTERRUPT,
    "SystemExit" => SYSTEM_EXIT,
    "GeneratorExit" => GENERATOR_EXIT,
    "ArithmeticError" => ARITHMETIC_ERROR,
    "ZeroDivisionError" => ZERO_DIVISION_ERROR,
    "OverflowError" => OVERFLOW_ERROR,
    "FloatingPointError" => FLOATING_POINT_ERROR,
    "AssertionError" => ASSERTION_ERROR,
    "AttributeError" => ATTRIBUTE_ERROR,
    "BufferError" => BUFFER_ERROR,
    "EOFError" => EOF_ERROR,
    "ImportError" => IMPORT_ERROR,
    "ModuleNotFoundError" => MODULE_NOT_FOUND_ERROR,
    "LookupError" => LOOKUP_ERROR,
    "IndexError" => INDEX_ERROR,
    "KeyError" => KEY_ERROR,
    "MemoryError" => MEMORY_ERROR,
    "NameError" => NAME_ERROR,
    "UnboundLocalError" => UNBOUND_LOCAL_ERROR,
    "OSError" => OS_ERROR,
    "FileNotFoundError" => FILE_NOT_FOUND_ERROR,
    "PermissionError" => PERMISSION_ERROR,
    "TimeoutError" => TIMEOUT_ERROR,
    "ConnectionError" => CONNECTION_ERROR,
    "ReferenceError" => REFERENCE_ERROR,
    "RuntimeError" => RUNTIME_ERROR,
    "NotImplementedError" => NOT_IMPLEMENTED_ERROR,
    "RecursionError" => RECURSION_ERROR,
    "StopIteration" => STOP_ITERATION,
    "StopAsyncIteration" => STOP_ASYNC_ITERATION,
    "SyntaxError" => SYNTAX_ERROR,
    "IndentationError" => INDENTATION_ERROR,
    "SystemError" => SYSTEM_ERROR,
    "TypeError" => TYPE_ERROR,
    "ValueError" => VALUE_ERROR,
    "UnicodeError" => UNICODE_ERROR,
    "UnicodeDecodeError" => UNICODE_DECODE_ERROR,
    "UnicodeEncodeError" => UNICODE_ENCODE_ERROR,
    "Warning" => WARNING,
    "UserWarning" => USER_WARNING,
    "DeprecationWarning" => DEPRECATION_WARNING,
    "PendingDeprecationWarning" => PENDING_DEPRECATION_WARNING,
    "RuntimeWarning" => RUNTIME_WARNING,
    "SyntaxWarning" => SYNTAX_WARNING,
    "FutureWarning" => FUTURE_WARNING,
];
