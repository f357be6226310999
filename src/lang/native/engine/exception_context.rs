//! `ExceptionContext`: what `handle_error` tells of an error.

use std::cell::RefCell;

use crate::engine::{Connection, FailedCall};
use crate::object::types::OBJECT;
use crate::object::{Cx, Members, Object, Result, Str, TypeSpec, Value};

/// An error while a statement was run.
pub struct ExceptionContext {
    connection: Connection,
    original: Value,
    wrapped: Option<Value>,
    statement: Option<(Str, Value)>,
    is_disconnect: RefCell<Value>,
    invalidates: RefCell<Value>,
}

static EXCEPTION_CONTEXT: TypeSpec =
    TypeSpec::new("sqlalchemy.engine.base", "ExceptionContextImpl")
        .bases(&[&OBJECT])
        .members(members);

impl ExceptionContext {
    /// What is told of `call`.
    pub fn of(call: &FailedCall<'_>) -> Self {
        Self {
            connection: call.connection.clone(),
            original: call.original.clone(),
            wrapped: call.wrapped.clone(),
            statement: call.statement.clone(),
            is_disconnect: RefCell::new(Value::Bool(false)),
            invalidates: RefCell::new(Value::Bool(true)),
        }
    }
}

fn members(members: &mut Members) {
    let mut get = |name: &'static str, get: fn(&ExceptionContext) -> Value| {
        members.getter(name, move |this: &ExceptionContext, _| Ok(get(this)));
    };
    get("connection", |this| Value::object(this.connection.clone()));
    get("engine", |this| {
        Value::object(this.connection.engine().clone())
    });
    get("dialect", |this| {
        Value::object(this.connection.dialect().clone())
    });
    get("original_exception", |this| this.original.clone());
    get("sqlalchemy_exception", |this| {
        this.wrapped.clone().unwrap_or(Value::None)
    });
    get("chained_exception", |_| Value::None);
    get("cursor", |_| Value::None);
    get("execution_context", |_| Value::None);
    get("is_pre_ping", |_| Value::Bool(false));
    get("statement", |this| match &this.statement {
        Some((sql, _)) => Value::Str(sql.clone()),
        None => Value::None,
    });
    get("parameters", |this| match &this.statement {
        Some((_, parameters)) => parameters.clone(),
        None => Value::None,
    });
    get("is_disconnect", |this| this.is_disconnect.borrow().clone());
    get("invalidate_pool_on_disconnect", |this| {
        this.invalidates.borrow().clone()
    });
}

impl Object for ExceptionContext {
    fn spec(&self) -> &'static TypeSpec {
        &EXCEPTION_CONTEXT
    }
    fn set_attr(&self, name: &str, value: &Value, _cx: &Cx) -> Result<bool> {
        match name {
            "is_disconnect" => *self.is_disconnect.borrow_mut() = value.clone(),
            "invalidate_pool_on_disconnect" => *self.invalidates.borrow_mut() = value.clone(),
            _ => return Ok(false),
        }
        Ok(true)
    }
}
