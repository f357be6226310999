//! Listeners of scripts for what engines and pools do: `@event.listens_for(engine, "connect")`.

use std::cell::Cell;
use std::rc::Rc;

use super::database::ENGINE;
use super::driver::{DriverConnectionObject, cursor_value};
use super::exception_context::ExceptionContext;
use super::executed::ExecutedCall;
use super::immutable::immutable_dict;
use super::pool::POOL;
use super::record::ConnectionRecord;
use crate::engine::{
    Connection, Engine, EngineEvent, EngineHook, EngineHooks, Parameters, Pool, PoolEntry,
};
use crate::lang::native::event::{Listener, Target};
use crate::object::{Args, Cx, Raised, Result, Str, Value, exception_data};

/// A function of a script that listens for one event.
struct ScriptHook {
    name: &'static str,
    function: Value,
    returns: bool,
    /// Whether it was called, where it is called once.
    once: Option<Cell<bool>>,
    /// The connection that alone is listened to.
    only: Option<Connection>,
}

/// The events that can be listened for.
const EVENTS: &[&str] = &[
    "connect",
    "first_connect",
    "checkout",
    "checkin",
    "reset",
    "close",
    "engine_connect",
    "set_connection_execution_options",
    "begin",
    "commit",
    "rollback",
    "savepoint",
    "rollback_savepoint",
    "release_savepoint",
    "before_execute",
    "after_execute",
    "before_cursor_execute",
    "after_cursor_execute",
    "handle_error",
];

/// Events that exist and that nothing here ever brings about.
const SILENT: &[&str] = &[
    "invalidate",
    "soft_invalidate",
    "detach",
    "close_detached",
    "engine_disposed",
    "set_engine_execution_options",
    "begin_twophase",
    "prepare_twophase",
    "commit_twophase",
    "rollback_twophase",
    "do_connect",
    "do_execute",
    "do_executemany",
    "do_execute_no_params",
    "do_setinputsizes",
];

/// Listen, where `listener` is for an engine, a connection, a pool, or all of them.
pub fn listen(listener: &Listener<'_>, cx: &Cx) -> Result<Target> {
    let mut only = None;
    let hooks = match listener.target {
        Value::Class(class) if class.derives_from(&ENGINE) || class.derives_from(&POOL) => {
            cx.service::<EngineHooks>()
        }
        target => {
            if let Some(engine) = target.downcast::<Engine>() {
                engine.hooks().clone()
            } else if let Some(pool) = target.downcast::<Pool>() {
                pool.hooks().clone()
            } else if let Some(connection) = target.downcast::<Connection>() {
                only = Some(connection.clone());
                connection.engine().hooks().clone()
            } else {
                return Ok(Target::NotMine);
            }
        }
    };
    let Some(name) = EVENTS.iter().find(|name| **name == listener.name) else {
        return Ok(if SILENT.contains(&listener.name) {
            Target::Listening
        } else {
            Target::NoSuchEvent
        });
    };
    if listener.remove {
        hooks.remove(|hook| hook.is(name, listener.function));
        return Ok(Target::Listening);
    }
    let hook = ScriptHook {
        name,
        function: listener.function.clone(),
        returns: listener.returns,
        once: (*name == "first_connect").then(Cell::default),
        only,
    };
    hooks.add(Rc::new(hook), listener.insert);
    Ok(Target::Listening)
}

fn of_pool(entry: &PoolEntry) -> Vec<Value> {
    vec![
        Value::object(DriverConnectionObject::new(entry.clone())),
        ConnectionRecord::of(entry),
    ]
}

fn of_connection(connection: &Connection) -> Vec<Value> {
    vec![Value::object(connection.clone())]
}

/// The connection that an event is about.
fn connection_of(event: EngineEvent<'_>) -> Option<&Connection> {
    match event {
        EngineEvent::BeforeExecute(call) | EngineEvent::AfterExecute(call, _) => {
            Some(call.connection)
        }
        EngineEvent::HandleError(call) => Some(call.connection),
        EngineEvent::SetOptions(connection, _)
        | EngineEvent::EngineConnect(connection)
        | EngineEvent::Begin(connection)
        | EngineEvent::Commit(connection)
        | EngineEvent::Rollback(connection)
        | EngineEvent::Savepoint(connection)
        | EngineEvent::RollbackSavepoint(connection, _)
        | EngineEvent::ReleaseSavepoint(connection, _)
        | EngineEvent::BeforeCursorExecute(connection, ..)
        | EngineEvent::AfterCursorExecute(connection, ..) => Some(connection),
        EngineEvent::FirstConnect(_)
        | EngineEvent::Connect(_)
        | EngineEvent::Checkout(_)
        | EngineEvent::Reset(_)
        | EngineEvent::Checkin(_)
        | EngineEvent::Close(_) => None,
    }
}

impl EngineHook for ScriptHook {
    fn is(&self, name: &str, function: &Value) -> bool {
        self.name == name && self.function.is(function)
    }
    fn event(&self, event: EngineEvent<'_>, cx: &Cx) -> Result<Option<(Str, Parameters)>> {
        if let Some(only) = &self.only
            && !connection_of(event).is_some_and(|connection| connection.is(only))
        {
            return Ok(None);
        }
        let args: Vec<Value> = match (event, self.name) {
            (EngineEvent::FirstConnect(entry), "first_connect")
            | (EngineEvent::Connect(entry), "connect")
            | (EngineEvent::Checkin(entry), "checkin")
            | (EngineEvent::Close(entry), "close") => of_pool(entry),
            (EngineEvent::Checkout(entry), "checkout") => {
                let mut args = of_pool(entry);
                let fairy = DriverConnectionObject::of_connection(entry.clone());
                args.push(Value::object(fairy));
                args
            }
            (EngineEvent::Reset(entry), "reset") => {
                let mut args = of_pool(entry);
                // Since 2.0 a listener may ask for the state of the reset.
                let wanted = crate::lang::vm::required_positional(&self.function);
                if cx.compat().is_20() && wanted != Some(2) {
                    args.push(ConnectionRecord::reset_state());
                }
                args
            }
            (EngineEvent::EngineConnect(connection), "engine_connect")
            | (EngineEvent::Begin(connection), "begin")
            | (EngineEvent::Commit(connection), "commit")
            | (EngineEvent::Rollback(connection), "rollback") => {
                let mut args = of_connection(connection);
                let wanted = crate::lang::vm::required_positional(&self.function);
                if self.name == "engine_connect" && (cx.compat().is_14() || wanted == Some(2)) {
                    // Whether it is a branch of another connection.
                    args.push(Value::Bool(false));
                }
                args
            }
            (EngineEvent::SetOptions(connection, options), "set_connection_execution_options") => {
                let options = Value::Dict(Rc::new(options.to_dict()));
                vec![Value::object(connection.clone()), options]
            }
            (EngineEvent::Savepoint(connection), "savepoint") => {
                vec![Value::object(connection.clone()), Value::None]
            }
            (EngineEvent::RollbackSavepoint(connection, name), "rollback_savepoint")
            | (EngineEvent::ReleaseSavepoint(connection, name), "release_savepoint") => {
                vec![Value::object(connection.clone()), name.into(), Value::None]
            }
            (EngineEvent::BeforeExecute(call), "before_execute") => {
                ExecutedCall::of(call, cx).arguments()
            }
            (EngineEvent::AfterExecute(call, result), "after_execute") => {
                let mut args = ExecutedCall::of(call, cx).arguments();
                args.push(Value::object(result.clone()));
                args
            }
            (EngineEvent::HandleError(call), "handle_error") => {
                let context = Value::object(ExceptionContext::of(call));
                let answer = self.call(vec![context], cx)?;
                let instead = self.returns && exception_data(&answer).is_some();
                return if instead {
                    Err(Raised::from_value(answer))
                } else {
                    Ok(None)
                };
            }
            (
                EngineEvent::BeforeCursorExecute(connection, sql, parameters, state),
                "before_cursor_execute",
            )
            | (
                EngineEvent::AfterCursorExecute(connection, sql, parameters, state),
                "after_cursor_execute",
            ) => {
                return self.statement(connection, (sql, parameters), state, cx);
            }
            _ => return Ok(None),
        };
        self.call(args, cx)?;
        Ok(None)
    }
}

impl ScriptHook {
    fn call(&self, args: Vec<Value>, cx: &Cx) -> Result<Value> {
        if let Some(called) = &self.once
            && called.replace(true)
        {
            return Ok(Value::None);
        }
        cx.call(&self.function, Args::from(args))
    }

    fn statement(
        &self,
        connection: &Connection,
        (sql, parameters): (&Str, &Parameters),
        state: &Value,
        cx: &Cx,
    ) -> Result<Option<(Str, Parameters)>> {
        let many = parameters.is_many();
        let cursor = cursor_value(&connection.pool_entry()?);
        let args = vec![
            Value::object(connection.clone()),
            cursor,
            Value::Str(sql.clone()),
            parameters.to_value(cx),
            state.clone(),
            Value::Bool(many),
        ];
        let answer = self.call(args, cx)?;
        if !self.returns || answer.is_none() {
            return Ok(None);
        }
        let parts = cx.collect(&answer)?;
        Ok(match parts.as_slice() {
            [Value::Str(sql), parameters] => {
                let parameters = parameters.clone();
                let parameters = if many {
                    Parameters::GivenMany(parameters)
                } else {
                    Parameters::Given(parameters)
                };
                Some((sql.clone(), parameters))
            }
            _ => None,
        })
    }
}

impl ExecutedCall {
    fn arguments(self) -> Vec<Value> {
        let options = immutable_dict(self.options);
        vec![
            self.connection,
            self.clause,
            self.multiparams,
            self.params,
            options,
        ]
    }
}
