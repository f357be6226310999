//! Context managers.

use super::frame::Frame;
use super::runtime::Runtime;
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{Cx, Result, Value, bind, class_of, find_attr, ops};

fn method(manager: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
    let class = class_of(manager, cx);
    if let Some(found) = class.lookup(name) {
        return bind(&found, Some(manager), &class, cx).map(Some);
    }
    match manager {
        Value::Object(_) => find_attr(manager, name, cx),
        _ => Ok(None),
    }
}

/// Replace the manager on top by its exit, and push what entering answers.
pub(super) fn enter(frame: &mut Frame, cx: &Cx) -> Result<()> {
    let manager = frame.pop();
    let refuse = |missing: &str| {
        TYPE_ERROR.error(format!(
            "'{}' object does not support the context manager protocol{missing}",
            class_of(&manager, cx).name()
        ))
    };
    let enter = method(&manager, "__enter__", cx)?.ok_or_else(|| refuse(""))?;
    let exit =
        method(&manager, "__exit__", cx)?.ok_or_else(|| refuse(" (missed __exit__ method)"))?;
    drop(manager);
    let entered = cx.call(&enter, [])?;
    frame.push(exit);
    frame.push(entered);
    Ok(())
}

/// The body ended without an exception.
pub(super) fn exit(frame: &mut Frame, cx: &Cx) -> Result<()> {
    let exit = frame.pop();
    cx.call(&exit, [Value::None, Value::None, Value::None])
        .map(drop)
}

/// The body raised what is now being handled: push whether the manager swallows it.
pub(super) fn exit_with_exception(frame: &mut Frame, rt: &Runtime, cx: &Cx) -> Result<()> {
    let exit = frame.pop();
    let exception = rt.current().unwrap_or(Value::None);
    let class = Value::Class(class_of(&exception, cx));
    let traceback = cx.get_attr(&exception, "__traceback__")?;
    let answer = cx.call(&exit, [class, exception, traceback])?;
    let swallowed = ops::truthy(&answer, cx)?;
    frame.push(Value::Bool(swallowed));
    Ok(())
}
