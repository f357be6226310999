//! Engines as scripts see them.

use std::cell::RefCell;

use super::driver::DriverConnectionObject;
use super::execute;
use super::immutable::immutable_dict;
use crate::engine::{Connection, Engine, ExecutionOptions, OnlyOne, Transaction};
use crate::object::exceptions::{ATTRIBUTE_ERROR, NOT_IMPLEMENTED_ERROR};
use crate::object::types::OBJECT;
use crate::object::{Bound, Cx, Members, Object, Raised, Result, Str, TypeSpec, Value};

/// `sqlalchemy.engine.base.Engine`: 2.0's, and 1.4's legacy one.
pub static ENGINE: TypeSpec = TypeSpec::new("sqlalchemy.engine.base", "Engine")
    .bases(&[&OBJECT])
    .members(members);
/// 1.4's `sqlalchemy.future.Engine`.
pub static FUTURE_ENGINE: TypeSpec =
    TypeSpec::new("sqlalchemy.future.engine", "Engine").bases(&[&ENGINE]);
static OPTION_ENGINE: TypeSpec =
    TypeSpec::new("sqlalchemy.engine.base", "OptionEngine").bases(&[&ENGINE]);
static FUTURE_OPTION_ENGINE: TypeSpec =
    TypeSpec::new("sqlalchemy.future.engine", "OptionEngine").bases(&[&FUTURE_ENGINE]);

fn members(members: &mut Members) {
    members
        .method("connect()", |engine: &Engine, _, cx| {
            Ok(Value::object(engine.connect(cx)?))
        })
        .method("begin()", |engine: &Engine, _, _| {
            Ok(Value::object(EngineBegin {
                engine: engine.clone(),
                entered: RefCell::default(),
            }))
        })
        .method("dispose(close=True)", |engine: &Engine, _, _| {
            engine.dispose();
            Ok(Value::None)
        })
        .method("raw_connection()", |engine: &Engine, _, cx| {
            let lease = engine.checkout(cx)?;
            Ok(Value::object(DriverConnectionObject::of_lease(lease)))
        })
        .method("clear_compiled_cache()", |_: &Engine, _, _| Ok(Value::None))
        .with(attribute_members)
        .with(legacy_members);
}

fn attribute_members(members: &mut Members) {
    members
        .getter("url", |engine: &Engine, _| {
            Ok(Value::object(engine.url().clone()))
        })
        .getter("dialect", |engine: &Engine, _| {
            Ok(Value::object(engine.dialect().clone()))
        })
        .getter("pool", |engine: &Engine, _| {
            Ok(Value::object(engine.pool()))
        })
        .getter("name", |engine: &Engine, _| {
            Ok(engine.dialect().name.into())
        })
        .getter("driver", |engine: &Engine, _| {
            Ok(engine.dialect().driver.into())
        })
        .getter_on_value("engine", |this, _| Ok(this.clone()))
        .getter("echo", |engine: &Engine, _| Ok(engine.echo()))
        .getter("logging_name", |engine: &Engine, _| {
            Ok(engine.logging_name().cloned().into())
        })
        .getter("hide_parameters", |engine: &Engine, _| {
            Ok(Value::Bool(engine.hide_parameters()))
        })
        .method("execution_options(**opt)", |engine: &Engine, bound, _| {
            let options = ExecutionOptions::of(bound.keywords().iter().cloned());
            Ok(Value::object(engine.with_options(&options)))
        })
        .method(
            "update_execution_options(**opt)",
            |engine: &Engine, bound, _| {
                engine.update_options(&ExecutionOptions::of(bound.keywords().iter().cloned()));
                Ok(Value::None)
            },
        )
        .method("get_execution_options()", |engine: &Engine, _, _| {
            Ok(immutable_dict(engine.options().to_dict()))
        });
}

/// The error for what only 1.4's legacy engines have.
fn legacy_only(engine: &Engine, name: &str) -> Result<()> {
    if engine.is_legacy() {
        return Ok(());
    }
    Err(if engine.compat().is_14() {
        NOT_IMPLEMENTED_ERROR.error("This method is not implemented for SQLAlchemy 2.0.")
    } else {
        missing(name)
    })
}

fn missing(name: &str) -> Raised {
    ATTRIBUTE_ERROR.error(format!("'Engine' object has no attribute '{name}'"))
}

fn run_legacy(engine: &Engine, bound: &Bound<'_>, cx: &Cx) -> Result<crate::engine::CursorResult> {
    let connection = engine.connect(cx)?;
    connection.close_with_result();
    let statement = bound.value("statement");
    execute::execute_legacy(&connection, statement, bound.rest(), bound.keywords(), cx)
}

/// What a legacy engine does: `(the engine, the arguments)`.
type Legacy = fn(&Engine, &Bound<'_>, &Cx) -> Result<Value>;

/// The methods that only legacy engines have: name, signature, what it does.
const LEGACY: &[(&str, &str, Legacy)] = &[
    (
        "execute",
        "execute(statement, *multiparams, **params)",
        |engine, bound, cx| run_legacy(engine, bound, cx).map(Value::object),
    ),
    (
        "scalar",
        "scalar(statement, *multiparams, **params)",
        |engine, bound, cx| run_legacy(engine, bound, cx)?.only_one(OnlyOne::First, true, cx),
    ),
    (
        "table_names",
        "table_names(schema=None, connection=None)",
        |engine, bound, cx| {
            on_connection(engine, cx, |connection| {
                let names = crate::sql::reflection::Inspector::default().table_names(
                    bound
                        .some("schema")
                        .and_then(Value::as_str)
                        .map(Str::new)
                        .as_ref(),
                    &crate::sql::reflection::Catalogue::new(connection, cx),
                )?;
                Ok(Value::list(names.iter().cloned().map(Value::Str).collect()))
            })
        },
    ),
    (
        "has_table",
        "has_table(table_name, schema=None)",
        |engine, bound, cx| {
            let name = bound.text("table_name")?;
            let schema = bound.some("schema").and_then(Value::as_str).map(Str::new);
            on_connection(engine, cx, |connection| {
                crate::sql::reflection::has_table(connection, name, schema.as_ref(), cx)
                    .map(Value::Bool)
            })
        },
    ),
    (
        "transaction",
        "transaction(callable_, *args, **kwargs)",
        |engine, bound, cx| {
            on_connection(engine, cx, |connection| {
                let transaction = connection.begin(cx)?;
                match run_callable(connection, bound, cx) {
                    Ok(answer) => transaction.commit(cx).map(|()| answer),
                    Err(raised) => {
                        transaction.rollback(cx)?;
                        Err(raised)
                    }
                }
            })
        },
    ),
    (
        "run_callable",
        "run_callable(callable_, *args, **kwargs)",
        |engine, bound, cx| {
            on_connection(engine, cx, |connection| run_callable(connection, bound, cx))
        },
    ),
];

/// Call what was given with a connection.
fn run_callable(connection: &Connection, bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let mut args = crate::object::Args {
        pos: bound.rest().iter().cloned().collect(),
        kw: bound.keywords().to_vec(),
    };
    args = args.prepend(Value::object(connection.clone()));
    cx.call(bound.value("callable_"), args)
}

/// Do something on a connection that is closed afterwards.
fn on_connection(
    engine: &Engine,
    cx: &Cx,
    work: impl FnOnce(&Connection) -> Result<Value>,
) -> Result<Value> {
    let connection = engine.connect(cx)?;
    let answer = work(&connection);
    let closed = connection.close(cx);
    let answer = answer?;
    closed.map(|()| answer)
}

fn legacy_members(members: &mut Members) {
    for (name, signature, run) in LEGACY.iter().copied() {
        members.getter_on_value(name, move |this, _| {
            legacy_method(this, name, signature, run)
        });
    }
}

/// A method that only legacy engines have: reading it is what fails elsewhere.
fn legacy_method(
    this: &Value,
    name: &'static str,
    signature: &'static str,
    run: Legacy,
) -> Result<Value> {
    let Some(engine) = this.downcast::<Engine>().cloned() else {
        return Err(missing(name));
    };
    if !engine.compat().is_14() {
        return Err(missing(name));
    }
    Ok(crate::object::Method::function(
        signature,
        move |bound, cx| {
            legacy_only(&engine, name)?;
            run(&engine, bound, cx)
        },
    ))
}

impl Object for Engine {
    fn spec(&self) -> &'static TypeSpec {
        let future = self.compat().is_14() && !self.is_legacy();
        match (future, self.is_derived()) {
            (false, false) => &ENGINE,
            (false, true) => &OPTION_ENGINE,
            (true, false) => &FUTURE_ENGINE,
            (true, true) => &FUTURE_OPTION_ENGINE,
        }
    }
    fn identity(&self) -> Option<usize> {
        Some(self.address())
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let url = self.url().render(true, cx.compat());
        Ok(Some(format!("Engine({url})")))
    }
    fn set_attr(&self, name: &str, value: &Value, _cx: &Cx) -> Result<bool> {
        if name != "echo" {
            return Ok(false);
        }
        self.set_echo(value.clone());
        Ok(true)
    }
}

/// `engine.begin()`: a connection with a transaction for a block.
struct EngineBegin {
    engine: Engine,
    entered: RefCell<Option<(Connection, Transaction)>>,
}

static ENGINE_BEGIN: TypeSpec =
    TypeSpec::new("contextlib", "_GeneratorContextManager").members(|members| {
        members
            .method("__enter__()", |begin: &EngineBegin, _, cx| {
                let connection = begin.engine.connect(cx)?;
                let transaction = connection.begin(cx)?;
                transaction.enter();
                *begin.entered.borrow_mut() = Some((connection.clone(), transaction));
                Ok(Value::object(connection))
            })
            .method(
                "__exit__(type_, value, traceback)",
                |begin: &EngineBegin, bound, cx| {
                    let entered = begin.entered.borrow_mut().take();
                    if let Some((connection, transaction)) = entered {
                        let outcome = transaction.exit(bound.some("type_").is_some(), cx);
                        connection.close(cx)?;
                        outcome?;
                    }
                    Ok(Value::Bool(false))
                },
            );
    });

impl Object for EngineBegin {
    fn spec(&self) -> &'static TypeSpec {
        &ENGINE_BEGIN
    }
}
