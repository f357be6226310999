//! Raising and catching.

use super::frame::Frame;
use super::runtime::Runtime;
use crate::object::exceptions::{
    ASSERTION_ERROR, BASE_EXCEPTION, RUNTIME_ERROR, TYPE_ERROR, exception_data,
};
use crate::object::{Cx, Raised, Result, Value};

/// The exception that `raise value` raises: an instance, or a class called without arguments.
pub(super) fn exception_of(value: &Value, cx: &Cx) -> Result<Raised> {
    let exception = match value {
        Value::Class(class) if class.derives_from(&BASE_EXCEPTION) => cx.call(value, [])?,
        _ => value.clone(),
    };
    if !is_exception(&exception) {
        return Err(TYPE_ERROR.error("exceptions must derive from BaseException"));
    }
    Ok(Raised::from_value(exception))
}

fn is_exception(value: &Value) -> bool {
    matches!(value, Value::Instance(instance) if instance.class().derives_from(&BASE_EXCEPTION))
}

/// `raise value`.
pub(super) fn raise(value: &Value, rt: &Runtime, cx: &Cx) -> Raised {
    match exception_of(value, cx) {
        Ok(raised) => {
            rt.set_context(&raised, true);
            raised
        }
        Err(raised) => raised,
    }
}

/// `raise value from cause`.
pub(super) fn raise_from(value: &Value, cause: &Value, rt: &Runtime, cx: &Cx) -> Raised {
    let raised = raise(value, rt, cx);
    match cause {
        Value::None => {
            if let Some(data) = exception_data(raised.value()) {
                *data.cause.borrow_mut() = None;
                data.suppress_context.set(true);
            }
            raised
        }
        Value::Class(class) if class.derives_from(&BASE_EXCEPTION) => match cx.call(cause, []) {
            Ok(cause) => raised.caused_by(&cause),
            Err(raised) => raised,
        },
        _ if is_exception(cause) => raised.caused_by(cause),
        _ => TYPE_ERROR.error("exception causes must derive from BaseException"),
    }
}

/// A copy of an exception on its way, with the places it passed.
pub(super) fn again(raised: &Raised) -> Raised {
    let mut copy = Raised::from_value(raised.value().clone());
    for span in raised.trace() {
        copy.pass(*span);
    }
    copy
}

/// Bare `raise`.
pub(super) fn raise_handled(rt: &Runtime) -> Raised {
    match rt.handled.borrow().last() {
        Some(raised) => again(raised),
        None => RUNTIME_ERROR.error("No active exception to reraise"),
    }
}

/// Stop handling the innermost exception and raise it on.
pub(super) fn reraise(rt: &Runtime) -> Raised {
    let popped = rt.handled.borrow_mut().pop();
    popped.unwrap_or_else(|| RUNTIME_ERROR.error("No active exception to reraise"))
}

/// Whether the exception being handled is one of `kind`: a class or a tuple of classes.
pub(super) fn matches(kind: &Value, rt: &Runtime) -> Result<bool> {
    let Some(current) = rt.current() else {
        return Ok(false);
    };
    match kind {
        Value::Tuple(kinds) => {
            let mut found = false;
            for kind in kinds.iter() {
                found |= matches_one(&current, kind)?;
            }
            Ok(found)
        }
        _ => matches_one(&current, kind),
    }
}

fn matches_one(exception: &Value, kind: &Value) -> Result<bool> {
    let Value::Class(kind) = kind else {
        return Err(not_catchable());
    };
    if !kind.derives_from(&BASE_EXCEPTION) {
        return Err(not_catchable());
    }
    Ok(matches!(exception, Value::Instance(instance) if instance.class().is_subclass(kind)))
}

fn not_catchable() -> Raised {
    TYPE_ERROR.error("catching classes that do not inherit from BaseException is not allowed")
}

/// A failed `assert`.
pub(super) fn assertion(frame: &mut Frame, message: bool, rt: &Runtime) -> Raised {
    let args = if message {
        vec![frame.pop()]
    } else {
        Vec::new()
    };
    let raised = Raised::new(&ASSERTION_ERROR, args);
    rt.set_context(&raised, true);
    raised
}
