//! Listeners of scripts for what engines do: `@event.listens_for(engine, "connect")`.

use std::rc::Rc;

use super::database::ENGINE;
use super::driver::DriverConnectionObject;
use super::pool::POOL;
use crate::engine::{Connection, Engine, EngineEvent, EngineHook, EngineHooks, Parameters, Pool};
use crate::lang::native::event::{Listener, Target};
use crate::object::{Args, Cx, Instance, Result, Str, Value, types};

/// A function of a script that listens for one event.
struct ScriptHook {
    name: &'static str,
    function: Value,
    returns: bool,
}

/// The events that can be listened for.
const EVENTS: &[&str] = &[
    "connect",
    "first_connect",
    "engine_connect",
    "begin",
    "commit",
    "rollback",
    "savepoint",
    "rollback_savepoint",
    "release_savepoint",
    "before_cursor_execute",
    "after_cursor_execute",
];

/// Listen, where `listener` is for an engine, a pool, or all of them.
pub fn listen(listener: &Listener<'_>, cx: &Cx) -> Result<Target> {
    let hooks = match listener.target {
        Value::Class(class) if class.derives_from(&ENGINE) || class.derives_from(&POOL) => {
            cx.service::<EngineHooks>()
        }
        target => match target.downcast::<Engine>() {
            Some(engine) => engine.hooks().clone(),
            None if target.downcast::<Pool>().is_some() => return Ok(Target::NoSuchEvent),
            None => return Ok(Target::NotMine),
        },
    };
    let Some(name) = EVENTS.iter().find(|name| **name == listener.name) else {
        return Ok(Target::NoSuchEvent);
    };
    if listener.remove {
        hooks.remove(|hook| hook.is(name, listener.function));
        return Ok(Target::Listening);
    }
    hooks.add(Rc::new(ScriptHook {
        name,
        function: listener.function.clone(),
        returns: listener.returns,
    }));
    Ok(Target::Listening)
}

impl EngineHook for ScriptHook {
    fn is(&self, name: &str, function: &Value) -> bool {
        self.name == name && self.function.is(function)
    }
    fn event(&self, event: EngineEvent<'_>, cx: &Cx) -> Result<Option<(Str, Parameters)>> {
        let args: Vec<Value> = match (event, self.name) {
            (EngineEvent::Connect(entry), "connect" | "first_connect") => {
                let connection = Value::object(DriverConnectionObject::new(entry.clone()));
                vec![connection, record(entry.info.clone())]
            }
            (EngineEvent::EngineConnect(connection), "engine_connect")
            | (EngineEvent::Begin(connection), "begin")
            | (EngineEvent::Commit(connection), "commit")
            | (EngineEvent::Rollback(connection), "rollback") => {
                vec![Value::object(connection.clone())]
            }
            (EngineEvent::Savepoint(connection, name), "savepoint") => {
                vec![Value::object(connection.clone()), name.into()]
            }
            (EngineEvent::RollbackSavepoint(connection, name), "rollback_savepoint")
            | (EngineEvent::ReleaseSavepoint(connection, name), "release_savepoint") => {
                vec![Value::object(connection.clone()), name.into(), Value::None]
            }
            (
                EngineEvent::BeforeCursorExecute(connection, sql, parameters),
                "before_cursor_execute",
            )
            | (
                EngineEvent::AfterCursorExecute(connection, sql, parameters),
                "after_cursor_execute",
            ) => {
                return self.statement(connection, sql, parameters, cx);
            }
            _ => return Ok(None),
        };
        cx.call(&self.function, args)?;
        Ok(None)
    }
}

/// What stands for a connection record: its `info` is all that is asked of it.
fn record(info: Rc<crate::object::Dict>) -> Value {
    let record = Instance::new(types::OBJECT.class());
    record.set_attribute("info", Value::Dict(info));
    Value::Instance(record)
}

impl ScriptHook {
    fn statement(
        &self,
        connection: &Connection,
        sql: &Str,
        parameters: &Parameters,
        cx: &Cx,
    ) -> Result<Option<(Str, Parameters)>> {
        let many = parameters.is_many();
        let args = vec![
            Value::object(connection.clone()),
            Value::None,
            Value::Str(sql.clone()),
            parameters.to_value(cx),
            record(Rc::default()),
            Value::Bool(many),
        ];
        let answer = cx.call(&self.function, Args::from(args))?;
        if !self.returns {
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
