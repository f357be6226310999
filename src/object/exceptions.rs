//! Python's exception classes and [`Raised`], the one error type of every layer.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::{Args, Class, Cx, Instance, Members, Object, Result, TypeSpec, Value};
use crate::util::suggest;

/// A place in a source text, in bytes: what tracebacks and excerpts point at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Span {
    /// Which source of the session, see the language's source list.
    pub source: u32,
    /// The first byte.
    pub start: u32,
    /// The byte behind the last.
    pub end: u32,
}

/// An exception on its way up.
#[derive(Clone, Debug)]
pub struct Raised(Box<RaisedData>);

#[derive(Clone, Debug)]
struct RaisedData {
    exception: Value,
    trace: Vec<Span>,
}

/// What every exception instance carries.
#[derive(Default)]
pub struct ExceptionData {
    /// The constructor's arguments.
    pub args: RefCell<Vec<Value>>,
    /// `__cause__`, from `raise … from`.
    pub cause: RefCell<Option<Value>>,
    /// `__context__`: what was being handled.
    pub context: RefCell<Option<Value>>,
    /// Whether it was raised, and so has a `__traceback__`.
    pub raised: Cell<bool>,
    /// `__suppress_context__`.
    pub suppress_context: Cell<bool>,
}

/// The class of tracebacks.
pub static TRACEBACK: TypeSpec = TypeSpec::new("builtins", "traceback");

/// `__traceback__`: says that an exception was raised; there are no frames to look into.
pub struct Traceback;

impl Object for Traceback {
    fn spec(&self) -> &'static TypeSpec {
        &TRACEBACK
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        let address = std::ptr::from_ref(self) as usize;
        Ok(Some(format!("<traceback object at {address:#x}>")))
    }
}

impl Raised {
    /// An exception of class `spec` with `args`.
    pub fn new(spec: &'static TypeSpec, args: Vec<Value>) -> Self {
        Self::from_value(new_exception(spec.class(), args))
    }
    /// Raise an exception instance.
    pub fn from_value(exception: Value) -> Self {
        Self(Box::new(RaisedData {
            exception,
            trace: Vec::new(),
        }))
    }
    /// The exception instance.
    pub fn value(&self) -> &Value {
        &self.0.exception
    }
    /// The exception instance, taken out.
    pub fn into_value(self) -> Value {
        self.0.exception
    }
    /// Its class.
    pub fn class(&self) -> Rc<Class> {
        match &self.0.exception {
            Value::Instance(instance) => instance.class().clone(),
            _ => BASE_EXCEPTION.class(),
        }
    }
    /// Whether it is an instance of `spec`'s class.
    pub fn is(&self, spec: &'static TypeSpec) -> bool {
        self.class().derives_from(spec)
    }
    /// Set an attribute of the exception instance.
    #[must_use]
    pub fn with(self, name: &str, value: impl Into<Value>) -> Self {
        if let Value::Instance(instance) = &self.0.exception {
            instance.set_attribute(name, value.into());
        }
        self
    }
    /// Note that the script wrote `name`, which is none of `known`, and what it may have meant.
    #[must_use]
    pub fn misspelt<'a>(self, name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let raised = self.with("__misspelt__", name);
        match suggest::nearest(name, known) {
            Some(near) => raised.with("__suggestion__", near),
            None => raised,
        }
    }
    /// Set `__cause__`.
    #[must_use]
    pub fn caused_by(self, cause: &Value) -> Self {
        if let Some(data) = exception_data(&self.0.exception) {
            *data.cause.borrow_mut() = Some(cause.clone());
            data.suppress_context.set(true);
        }
        self
    }
    /// Note a place it passed on its way up, innermost first.
    pub fn pass(&mut self, span: Span) {
        // A recursion that ends in an error passes the same place a thousand times.
        if self.0.trace.is_empty()
            && let Some(data) = exception_data(&self.0.exception)
        {
            data.raised.set(true);
        }
        if self.0.trace.len() < 64 {
            self.0.trace.push(span);
        }
    }
    /// The places it passed, innermost first.
    pub fn trace(&self) -> &[Span] {
        &self.0.trace
    }
    /// `str()` of the exception.
    pub fn message(&self, cx: &Cx) -> String {
        cx.str(&self.0.exception).unwrap_or_default()
    }
}

/// The exception part of an exception instance.
pub fn exception_data(value: &Value) -> Option<&ExceptionData> {
    match value {
        Value::Instance(instance) => instance.payload(),
        _ => None,
    }
}

/// An exception instance of `class`.
pub fn new_exception(class: Rc<Class>, args: Vec<Value>) -> Value {
    let data: Rc<dyn Any> = Rc::new(ExceptionData {
        args: RefCell::new(args),
        ..ExceptionData::default()
    });
    Value::Instance(Instance::with_payload(class, data))
}

/// The subclass of `OSError` that stands for an error number.
fn os_error_class(number: i64) -> &'static TypeSpec {
    match number {
        2 => &FILE_NOT_FOUND_ERROR,
        1 | 13 => &PERMISSION_ERROR,
        17 => &FILE_EXISTS_ERROR,
        20 => &NOT_A_DIRECTORY_ERROR,
        21 => &IS_A_DIRECTORY_ERROR,
        4 => &INTERRUPTED_ERROR,
        10 => &CHILD_PROCESS_ERROR,
        3 => &PROCESS_LOOKUP_ERROR,
        11 => &BLOCKING_IO_ERROR,
        32 => &BROKEN_PIPE_ERROR,
        103 => &CONNECTION_ABORTED_ERROR,
        104 => &CONNECTION_RESET_ERROR,
        110 => &TIMEOUT_ERROR,
        111 => &CONNECTION_REFUSED_ERROR,
        _ => &OS_ERROR,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is a Construct")]
fn construct(class: &Rc<Class>, args: Args, _cx: &Cx) -> Result<Value> {
    if (2..=5).contains(&args.pos.len())
        && class
            .spec()
            .is_some_and(|spec| std::ptr::eq(spec, &raw const OS_ERROR))
        && let Some(number) = args.pos[0].as_int()
    {
        let class = os_error_class(number).class();
        return Ok(new_exception(class, args.pos.into_vec()));
    }
    Ok(new_exception(class.clone(), args.pos.into_vec()))
}

fn members(members: &mut Members) {
    members
        .getter("args", |data: &ExceptionData, _| {
            Ok(Value::tuple(data.args.borrow().clone()))
        })
        .getter("__cause__", |data: &ExceptionData, _| {
            Ok(data.cause.borrow().clone().into())
        })
        .getter("__context__", |data: &ExceptionData, _| {
            Ok(data.context.borrow().clone().into())
        })
        .getter("__traceback__", |data: &ExceptionData, _| {
            Ok(if data.raised.get() {
                Value::object(Traceback)
            } else {
                Value::None
            })
        })
        .getter("__suppress_context__", |data: &ExceptionData, _| {
            Ok(Value::Bool(data.suppress_context.get()))
        })
        .method_on_value("add_note(note, /)", |this, bound, cx| {
            if bound.at(0).as_str().is_none() {
                return Err(TYPE_ERROR.error(format!(
                    "note must be a str, not '{}'",
                    super::class_of(bound.at(0), cx).error_name()
                )));
            }
            let notes = if let Some(Value::List(notes)) = super::find_attr(this, "__notes__", cx)? {
                notes
            } else {
                let notes = Rc::new(super::List::new(Vec::new()));
                cx.set_attr(this, "__notes__", Value::List(notes.clone()))?;
                notes
            };
            notes.append(bound.at(0).clone(), cx)?;
            Ok(Value::None)
        })
        .method_on_value("with_traceback(tb)", |this, _, _| Ok(this.clone()))
        .method("__init__(*args)", |data: &ExceptionData, bound, _| {
            *data.args.borrow_mut() = bound.rest().to_vec();
            Ok(Value::None)
        })
        .method("__str__()", |data: &ExceptionData, _, cx| {
            let args = data.args.borrow().clone();
            Ok(match args.as_slice() {
                [] => Value::str(""),
                [one] => cx.str(one)?.into(),
                _ => cx.repr(&Value::tuple(args))?.into(),
            })
        })
        .method_on_value("__repr__()", |this, _, cx| {
            let Some(data) = exception_data(this) else {
                return Ok(Value::str(""));
            };
            let args = data.args.borrow().clone();
            let shown: Vec<_> = args.iter().map(|arg| cx.repr(arg)).collect::<Result<_>>()?;
            let name = super::class_of(this, cx).error_name();
            Ok(format!("{name}({})", shown.join(", ")).into())
        });
}

fn key_error_members(members: &mut Members) {
    members.method("__str__()", |data: &ExceptionData, _, cx| {
        let args = data.args.borrow().clone();
        Ok(match args.as_slice() {
            [] => Value::str(""),
            // The key as written tells '1' from 1.
            [one] => cx.repr(one)?.into(),
            _ => cx.repr(&Value::tuple(args))?.into(),
        })
    });
}

/// The parts of an `OSError`: what its arguments are where it has several.
fn os_error_part(data: &ExceptionData, at: usize) -> Value {
    let args = data.args.borrow();
    if !(2..=5).contains(&args.len()) {
        return Value::None;
    }
    args.get(at).cloned().unwrap_or(Value::None)
}

fn os_error_members(members: &mut Members) {
    members
        .getter("args", |data: &ExceptionData, _| {
            let mut args = data.args.borrow().clone();
            if (3..=5).contains(&args.len()) {
                args.truncate(2);
            }
            Ok(Value::tuple(args))
        })
        .getter("errno", |data: &ExceptionData, _| {
            Ok(os_error_part(data, 0))
        })
        .getter("strerror", |data: &ExceptionData, _| {
            Ok(os_error_part(data, 1))
        })
        .getter("filename", |data: &ExceptionData, _| {
            Ok(os_error_part(data, 2))
        })
        .method("__str__()", |data: &ExceptionData, _, cx| {
            let args = data.args.borrow().clone();
            Ok(match args.as_slice() {
                [] => Value::str(""),
                [one] => cx.str(one)?.into(),
                [number, text] => format!("[Errno {}] {}", cx.str(number)?, cx.str(text)?).into(),
                [number, text, name, ..] if args.len() <= 5 => format!(
                    "[Errno {}] {}: {}",
                    cx.str(number)?,
                    cx.str(text)?,
                    cx.repr(name)?
                )
                .into(),
                _ => cx.repr(&Value::tuple(args))?.into(),
            })
        });
}

fn first_arg(data: &ExceptionData) -> Value {
    data.args.borrow().first().cloned().unwrap_or(Value::None)
}

fn stop_iteration_members(members: &mut Members) {
    members.getter("value", |data: &ExceptionData, _| Ok(first_arg(data)));
}

fn system_exit_members(members: &mut Members) {
    members.getter("code", |data: &ExceptionData, _| Ok(first_arg(data)));
}

/// `BaseException`.
pub static BASE_EXCEPTION: TypeSpec = TypeSpec::new("builtins", "BaseException")
    .construct(construct)
    .members(members)
    .subclassable();

macro_rules! exceptions {
    ($($(#[$meta:meta])* $constant:ident = $name:literal : $base:ident $(, $members:ident)?;)*) => {
        $($(#[$meta])* #[doc = concat!("`", $name, "`.")]
        pub static $constant: TypeSpec =
            TypeSpec::new("builtins", $name).bases(&[&$base])$(.members($members))?.subclassable();)*
        /// Python's built-in exceptions.
        pub static EXCEPTIONS: &[&TypeSpec] = &[&BASE_EXCEPTION, $(&$constant),*];
    };
}

exceptions! {
    EXCEPTION = "Exception": BASE_EXCEPTION;
    KEYBOARD_INTERRUPT = "KeyboardInterrupt": BASE_EXCEPTION;
    SYSTEM_EXIT = "SystemExit": BASE_EXCEPTION, system_exit_members;
    GENERATOR_EXIT = "GeneratorExit": BASE_EXCEPTION;
    ARITHMETIC_ERROR = "ArithmeticError": EXCEPTION;
    ZERO_DIVISION_ERROR = "ZeroDivisionError": ARITHMETIC_ERROR;
    OVERFLOW_ERROR = "OverflowError": ARITHMETIC_ERROR;
    FLOATING_POINT_ERROR = "FloatingPointError": ARITHMETIC_ERROR;
    ASSERTION_ERROR = "AssertionError": EXCEPTION;
    ATTRIBUTE_ERROR = "AttributeError": EXCEPTION;
    BUFFER_ERROR = "BufferError": EXCEPTION;
    EOF_ERROR = "EOFError": EXCEPTION;
    IMPORT_ERROR = "ImportError": EXCEPTION;
    MODULE_NOT_FOUND_ERROR = "ModuleNotFoundError": IMPORT_ERROR;
    LOOKUP_ERROR = "LookupError": EXCEPTION;
    INDEX_ERROR = "IndexError": LOOKUP_ERROR;
    KEY_ERROR = "KeyError": LOOKUP_ERROR, key_error_members;
    MEMORY_ERROR = "MemoryError": EXCEPTION;
    NAME_ERROR = "NameError": EXCEPTION;
    UNBOUND_LOCAL_ERROR = "UnboundLocalError": NAME_ERROR;
    OS_ERROR = "OSError": EXCEPTION, os_error_members;
    FILE_NOT_FOUND_ERROR = "FileNotFoundError": OS_ERROR;
    FILE_EXISTS_ERROR = "FileExistsError": OS_ERROR;
    NOT_A_DIRECTORY_ERROR = "NotADirectoryError": OS_ERROR;
    IS_A_DIRECTORY_ERROR = "IsADirectoryError": OS_ERROR;
    INTERRUPTED_ERROR = "InterruptedError": OS_ERROR;
    CHILD_PROCESS_ERROR = "ChildProcessError": OS_ERROR;
    PROCESS_LOOKUP_ERROR = "ProcessLookupError": OS_ERROR;
    BLOCKING_IO_ERROR = "BlockingIOError": OS_ERROR;
    PERMISSION_ERROR = "PermissionError": OS_ERROR;
    TIMEOUT_ERROR = "TimeoutError": OS_ERROR;
    CONNECTION_ERROR = "ConnectionError": OS_ERROR;
    BROKEN_PIPE_ERROR = "BrokenPipeError": CONNECTION_ERROR;
    CONNECTION_ABORTED_ERROR = "ConnectionAbortedError": CONNECTION_ERROR;
    CONNECTION_REFUSED_ERROR = "ConnectionRefusedError": CONNECTION_ERROR;
    CONNECTION_RESET_ERROR = "ConnectionResetError": CONNECTION_ERROR;
    REFERENCE_ERROR = "ReferenceError": EXCEPTION;
    RUNTIME_ERROR = "RuntimeError": EXCEPTION;
    NOT_IMPLEMENTED_ERROR = "NotImplementedError": RUNTIME_ERROR;
    RECURSION_ERROR = "RecursionError": RUNTIME_ERROR;
    STOP_ITERATION = "StopIteration": EXCEPTION, stop_iteration_members;
    STOP_ASYNC_ITERATION = "StopAsyncIteration": EXCEPTION;
    SYNTAX_ERROR = "SyntaxError": EXCEPTION;
    INDENTATION_ERROR = "IndentationError": SYNTAX_ERROR;
    SYSTEM_ERROR = "SystemError": EXCEPTION;
    TYPE_ERROR = "TypeError": EXCEPTION;
    VALUE_ERROR = "ValueError": EXCEPTION;
    UNICODE_ERROR = "UnicodeError": VALUE_ERROR;
    UNICODE_DECODE_ERROR = "UnicodeDecodeError": UNICODE_ERROR;
    UNICODE_ENCODE_ERROR = "UnicodeEncodeError": UNICODE_ERROR;
    WARNING = "Warning": EXCEPTION;
    USER_WARNING = "UserWarning": WARNING;
    DEPRECATION_WARNING = "DeprecationWarning": WARNING;
    PENDING_DEPRECATION_WARNING = "PendingDeprecationWarning": WARNING;
    RUNTIME_WARNING = "RuntimeWarning": WARNING;
    SYNTAX_WARNING = "SyntaxWarning": WARNING;
    FUTURE_WARNING = "FutureWarning": WARNING;
    IMPORT_WARNING = "ImportWarning": WARNING;
    UNICODE_WARNING = "UnicodeWarning": WARNING;
    BYTES_WARNING = "BytesWarning": WARNING;
    RESOURCE_WARNING = "ResourceWarning": WARNING;
    ENCODING_WARNING = "EncodingWarning": WARNING;
    TAB_ERROR = "TabError": INDENTATION_ERROR;
    UNICODE_TRANSLATE_ERROR = "UnicodeTranslateError": UNICODE_ERROR;
}

/// `KeyError(key)`, whose `str()` is the key's repr.
pub fn key_error(key: Value) -> Raised {
    Raised::new(&KEY_ERROR, vec![key])
}
