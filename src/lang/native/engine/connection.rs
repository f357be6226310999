//! Connections as scripts see them.

use super::driver::DriverConnectionObject;
use super::execute;
use super::immutable::immutable_dict;
use crate::engine::{Connection, ExecutionOptions, OnlyOne};
use crate::object::exceptions::ATTRIBUTE_ERROR;
use crate::object::types::OBJECT;
use crate::object::{
    Args, Bound, Cx, Members, Object, Raised, Result, Signature, TypeSpec, Value, types,
};
use crate::util::Compat;

/// `sqlalchemy.engine.base.Connection`: 2.0's, and 1.4's legacy one.
pub static CONNECTION: TypeSpec = TypeSpec::new("sqlalchemy.engine.base", "Connection")
    .bases(&[&OBJECT])
    .members(members);
/// 1.4's `sqlalchemy.future.Connection`.
pub static FUTURE_CONNECTION: TypeSpec =
    TypeSpec::new("sqlalchemy.future.engine", "Connection").bases(&[&CONNECTION]);

/// The options in a mapping.
pub fn options_in(mapping: &Value) -> ExecutionOptions {
    match types::base_value(mapping) {
        Value::Dict(dict) => ExecutionOptions::of_dict(&dict),
        _ => ExecutionOptions::none(),
    }
}

fn run(connection: &Connection, bound: &Bound<'_>, cx: &Cx) -> Result<crate::engine::CursorResult> {
    let statement = bound.value("statement");
    if connection.is_legacy() {
        let keywords = bound.keywords();
        return execute::execute_legacy(connection, statement, bound.rest(), keywords, cx);
    }
    check_arguments(bound, cx)?;
    let mut parameters = bound.rest().first().cloned().unwrap_or(Value::None);
    // 1.4 takes the options by position too.
    let mut options = bound
        .rest()
        .get(1)
        .map_or_else(ExecutionOptions::none, options_in);
    for (name, value) in bound.keywords() {
        match name.as_str() {
            "parameters" => parameters = value.clone(),
            "execution_options" => options = options_in(value),
            _ => {}
        }
    }
    execute::execute(connection, statement, &parameters, &options, cx)
}

/// The signature takes all that a legacy connection does; raise what a future one would.
fn check_arguments(bound: &Bound<'_>, cx: &Cx) -> Result<()> {
    let known = |name: &str| matches!(name, "parameters" | "execution_options");
    if bound.rest().len() < 2 && bound.keywords().iter().all(|(name, _)| known(name)) {
        return Ok(());
    }
    let text = match cx.compat() {
        Compat::V14 => "execute(statement, parameters=None, execution_options=None)",
        Compat::V20 => "execute(statement, parameters=None, *, execution_options=None)",
    };
    let mut args = Args::positional(bound.rest().iter().cloned());
    args = args.prepend(bound.value("statement").clone());
    args.kw = bound.keywords().to_vec();
    Signature::parse(text, Some("Connection"))
        .bind(args)
        .map(drop)
}

fn members(members: &mut Members) {
    members
        .method(
            "execute(statement, *multiparams, **params)",
            |connection: &Connection, bound, cx| Ok(Value::object(run(connection, bound, cx)?)),
        )
        .method(
            "scalar(statement, *multiparams, **params)",
            |connection: &Connection, bound, cx| {
                run(connection, bound, cx)?.only_one(OnlyOne::First, true, cx)
            },
        )
        .method(
            "scalars(statement, *multiparams, **params)",
            |connection: &Connection, bound, cx| {
                Ok(Value::object(run(connection, bound, cx)?.scalars(0)?))
            },
        )
        .method(
            "exec_driver_sql(statement, parameters=None, execution_options=None)",
            |connection: &Connection, bound, cx| {
                let options = options_in(bound.value("execution_options"));
                let statement = bound.value("statement");
                let parameters = bound.value("parameters");
                let result =
                    execute::exec_driver_sql(connection, statement, parameters, options, cx)?;
                Ok(Value::object(result))
            },
        )
        .with(transaction_members)
        .with(option_members)
        .method_on_value("__enter__()", |this, _, _| Ok(this.clone()))
        .method(
            "__exit__(type_, value, traceback)",
            |connection: &Connection, _, cx| {
                connection.close(cx)?;
                Ok(Value::None)
            },
        );
}

fn transaction_members(members: &mut Members) {
    members
        .method("begin()", |connection: &Connection, _, cx| {
            Ok(Value::object(connection.begin(cx)?))
        })
        .method("begin_nested()", |connection: &Connection, _, cx| {
            Ok(Value::object(connection.begin_nested(cx)?))
        })
        .method(
            "begin_twophase(xid=None)",
            |connection: &Connection, _, cx| Ok(Value::object(connection.begin_twophase(cx)?)),
        )
        .method("commit()", |connection: &Connection, _, cx| {
            future_only(connection, "commit")?;
            connection.commit(cx).map(|()| Value::None)
        })
        .method("rollback()", |connection: &Connection, _, cx| {
            future_only(connection, "rollback")?;
            connection.rollback(cx).map(|()| Value::None)
        })
        .method("close()", |connection: &Connection, _, cx| {
            connection.close(cx).map(|()| Value::None)
        })
        .method("in_transaction()", |connection: &Connection, _, _| {
            Ok(Value::Bool(connection.in_transaction()))
        })
        .method(
            "in_nested_transaction()",
            |connection: &Connection, _, _| Ok(Value::Bool(connection.in_nested_transaction())),
        )
        .method("get_transaction()", |connection: &Connection, _, _| {
            let transaction = connection.transaction();
            Ok(transaction.map_or(Value::None, Value::object))
        })
        .method(
            "get_nested_transaction()",
            |connection: &Connection, _, _| {
                let transaction = connection.nested_transaction();
                Ok(transaction.map_or(Value::None, Value::object))
            },
        )
        .getter("closed", |connection: &Connection, _| {
            Ok(Value::Bool(connection.closed()))
        })
        .getter("invalidated", |_: &Connection, _| Ok(Value::Bool(false)));
}

/// What legacy connections do not have.
fn future_only(connection: &Connection, name: &str) -> Result<()> {
    if connection.is_legacy() {
        Err(no_attribute(name))
    } else {
        Ok(())
    }
}

fn no_attribute(name: &str) -> Raised {
    ATTRIBUTE_ERROR.error(format!("'Connection' object has no attribute '{name}'"))
}

fn option_members(members: &mut Members) {
    members
        .getter("engine", |connection: &Connection, _| {
            Ok(Value::object(connection.engine().clone()))
        })
        .getter("info", |connection: &Connection, _| {
            Ok(Value::Dict(connection.info()?))
        })
        .getter("connection", |connection: &Connection, _| {
            let entry = connection.pool_entry()?;
            Ok(Value::object(DriverConnectionObject::of_connection(entry)))
        })
        .getter("dialect", |connection: &Connection, _| {
            Ok(Value::object(connection.dialect().clone()))
        })
        .method_on_value("execution_options(**opt)", |this, bound, cx| {
            if let Some(connection) = this.downcast::<Connection>() {
                let options = ExecutionOptions::of(bound.keywords().iter().cloned());
                connection.set_options(&options, cx)?;
            }
            Ok(this.clone())
        })
        .method(
            "get_execution_options()",
            |connection: &Connection, _, _| Ok(immutable_dict(connection.options().to_dict())),
        )
        .method("get_isolation_level()", |connection: &Connection, _, _| {
            Ok(connection.isolation_level().into())
        })
        .getter("default_isolation_level", |connection: &Connection, _| {
            Ok(connection.dialect().default_isolation_level.into())
        });
}

impl Object for Connection {
    fn spec(&self) -> &'static TypeSpec {
        if self.engine().compat().is_14() && !self.is_legacy() {
            &FUTURE_CONNECTION
        } else {
            &CONNECTION
        }
    }
    fn identity(&self) -> Option<usize> {
        Some(self.address())
    }
}
