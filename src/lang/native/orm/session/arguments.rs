//! What scripts give to the methods of sessions, sorted out.

use std::rc::Rc;

use crate::engine::ExecutionOptions;
use crate::engine::exc::ARGUMENT_ERROR;
use crate::lang::native::engine::options_in;
use crate::object::{Bound, Cx, Result, Str, Value};
use crate::orm::session::{Bind, BindArguments, ExecuteCall, expect_mapper};
use crate::sql::coercions::expect_executable;
use crate::sql::{Executable, ForUpdate};

/// A statement; what is none raises.
pub fn statement_of(value: &Value, cx: &Cx) -> Result<Executable> {
    expect_executable(value, cx)
}

/// `execution_options=`.
pub fn execution_options(bound: &Bound<'_>) -> ExecutionOptions {
    bound
        .some("execution_options")
        .map_or_else(ExecutionOptions::none, options_in)
}

/// `bind_arguments=`.
pub fn bind_arguments(value: Option<&Value>, cx: &Cx) -> Result<BindArguments> {
    let mut found = BindArguments::default();
    let Some(Value::Dict(dict)) = value else {
        return Ok(found);
    };
    if let Some(bind) = dict.get_str("bind") {
        found.bind = Bind::of(&bind);
    }
    if let Some(mapper) = dict.get_str("mapper") {
        found.mapper = Some(expect_mapper(&mapper, cx)?);
    }
    found.is_clause = dict.get_str("clause").is_some();
    Ok(found)
}

/// The arguments of `execute()` besides the statement.
pub fn execute_call(bound: &Bound<'_>, cx: &Cx) -> Result<ExecuteCall> {
    let mut call = ExecuteCall {
        options: execution_options(bound),
        bind: bind_arguments(bound.some("bind_arguments"), cx)?,
        ..ExecuteCall::default()
    };
    if let Some(parameters) = bound.some("params") {
        call.parameters.0 = parameters.clone();
    }
    for (name, value) in bound.keywords() {
        if name == "bind" {
            call.bind.bind = Bind::of(value);
        }
    }
    Ok(call)
}

/// `with_for_update=`: True, or a dict of the arguments of `with_for_update()`.
pub fn for_update(value: Option<&Value>, cx: &Cx) -> Result<Option<Rc<ForUpdate>>> {
    let Some(value) = value else {
        return Ok(None);
    };
    match value {
        Value::Bool(false) => Ok(None),
        Value::Bool(true) => Ok(Some(Rc::default())),
        Value::Dict(dict) => {
            let flag = |name: &str| match dict.get_str(name) {
                Some(value) => cx.truthy(&value),
                None => Ok(false),
            };
            Ok(Some(Rc::new(ForUpdate {
                read: flag("read")?,
                nowait: flag("nowait")?,
                skip_locked: flag("skip_locked")?,
                key_share: flag("key_share")?,
                of: Vec::new(),
            })))
        }
        other => Err(ARGUMENT_ERROR.error(format!(
            "with_for_update: a bool or dict was expected, got {}",
            cx.repr(other)?
        ))),
    }
}

/// A list of names; one name counts as a list of it.
pub fn strings(value: Option<&Value>, cx: &Cx) -> Result<Option<Vec<Str>>> {
    let Some(value) = value else {
        return Ok(None);
    };
    let mut names = Vec::new();
    for item in cx.collect(value)? {
        match &item {
            Value::Str(name) => names.push(name.clone()),
            other => names.push(crate::lang::native::orm::attribute_key(other, cx)?),
        }
    }
    Ok(Some(names))
}
