//! `contextlib`: contextmanager, suppress, closing, nullcontext, ExitStack, redirect_stdout.

use std::cell::RefCell;

use crate::object::exceptions::{EXCEPTION, RUNTIME_ERROR, STOP_ITERATION};
use crate::object::types::iterators;
use crate::object::{
    Args, Bound, Cx, Members, Method, ModuleSpec, Object, Raised, Result, TypeSpec, Value, ops,
};

/// `contextlib`.
pub static CONTEXTLIB: ModuleSpec = ModuleSpec {
    name: "contextlib",
    names: &[
        ("contextmanager", |_| {
            Method::function("contextmanager(func)", |a, _| {
                let function = a.at(0).clone();
                Ok(Method::function("helper(*args, **kwds)", move |a, cx| {
                    let mut args = Args::from(a.rest().to_vec());
                    args.kw = a.keywords().to_vec();
                    let generator = cx.call(&function, args)?;
                    Ok(Value::object(GeneratorManager { generator }))
                }))
            })
        }),
        ("suppress", |_| SUPPRESS.class().into()),
        ("closing", |_| CLOSING.class().into()),
        ("nullcontext", |_| NULL_CONTEXT.class().into()),
        ("ExitStack", |_| EXIT_STACK.class().into()),
    ],
    unsupported: &[
        (
            "redirect_stdout",
            "build the text with io.StringIO and print(file=...)",
        ),
        ("asynccontextmanager", "there is no event loop"),
    ],
    dynamic: None,
};

static GENERATOR_MANAGER: TypeSpec =
    TypeSpec::new("contextlib", "_GeneratorContextManager").members(generator_members);

struct GeneratorManager {
    generator: Value,
}

impl Object for GeneratorManager {
    fn spec(&self) -> &'static TypeSpec {
        &GENERATOR_MANAGER
    }
}

fn generator_members(members: &mut Members) {
    members
        .method(
            "__enter__(/)",
            |manager: &GeneratorManager, _, cx| match iterators::next_of(&manager.generator, cx) {
                Err(raised) if raised.is(&STOP_ITERATION) => {
                    Err(RUNTIME_ERROR.error("generator didn't yield"))
                }
                answer => answer,
            },
        )
        .method("__exit__(typ, value, traceback, /)", exit_generator);
}

fn exit_generator(manager: &GeneratorManager, a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let error = a.at(1);
    if a.at(0).is_none() {
        return match iterators::next_of(&manager.generator, cx) {
            Err(raised) if raised.is(&STOP_ITERATION) => Ok(Value::Bool(false)),
            Err(raised) => Err(raised),
            Ok(_) => Err(RUNTIME_ERROR.error("generator didn't stop")),
        };
    }
    match cx.call_method(&manager.generator, "throw", [error.clone()]) {
        Ok(_) => Err(RUNTIME_ERROR.error("generator didn't stop after throw()")),
        Err(raised) if raised.value().is(error) => Ok(Value::Bool(false)),
        Err(raised) if raised.is(&STOP_ITERATION) => Ok(Value::Bool(true)),
        Err(raised) => Err(raised),
    }
}

static SUPPRESS: TypeSpec = TypeSpec::new("contextlib", "suppress")
    .construct(|_, args, _| Ok(Value::object(Suppress(args.pos.into_vec()))))
    .members(|members: &mut Members| {
        members
            .method_on_value("__enter__(/)", |_, _, _| Ok(Value::None))
            .method("__exit__(t, v, tb, /)", |own: &Suppress, a, cx| {
                if a.at(0).is_none() {
                    return Ok(Value::Bool(false));
                }
                let classes = Value::tuple(own.0.clone());
                ops::is_instance(a.at(1), &classes, cx).map(Value::Bool)
            });
    });

struct Suppress(Vec<Value>);

impl Object for Suppress {
    fn spec(&self) -> &'static TypeSpec {
        &SUPPRESS
    }
}

static CLOSING: TypeSpec = TypeSpec::new("contextlib", "closing")
    .construct(|_, args, _| {
        Ok(Value::object(Closing(
            args.pos.first().cloned().unwrap_or(Value::None),
        )))
    })
    .members(|members: &mut Members| {
        members
            .method("__enter__(/)", |own: &Closing, _, _| Ok(own.0.clone()))
            .method("__exit__(t, v, tb, /)", |own: &Closing, _, cx| {
                cx.call_method(&own.0, "close", [])?;
                Ok(Value::None)
            });
    });

struct Closing(Value);

impl Object for Closing {
    fn spec(&self) -> &'static TypeSpec {
        &CLOSING
    }
}

static NULL_CONTEXT: TypeSpec = TypeSpec::new("contextlib", "nullcontext")
    .construct(|_, mut args, _| {
        let result = args
            .take_keyword("enter_result")
            .or_else(|| args.pos.first().cloned());
        Ok(Value::object(NullContext(result.unwrap_or(Value::None))))
    })
    .members(|members: &mut Members| {
        members
            .method("__enter__(/)", |own: &NullContext, _, _| Ok(own.0.clone()))
            .method("__exit__(t, v, tb, /)", |_: &NullContext, _, _| {
                Ok(Value::None)
            });
    });

struct NullContext(Value);

impl Object for NullContext {
    fn spec(&self) -> &'static TypeSpec {
        &NULL_CONTEXT
    }
}

static EXIT_STACK: TypeSpec = TypeSpec::new("contextlib", "ExitStack")
    .construct(|_, _, _| Ok(Value::object(ExitStack::default())))
    .members(exit_stack_members);

/// What is to be called when the block ends, the newest first.
#[derive(Default)]
struct ExitStack(RefCell<Vec<Exit>>);

enum Exit {
    Manager(Value),
    Callback(Value, Args),
}

impl Object for ExitStack {
    fn spec(&self) -> &'static TypeSpec {
        &EXIT_STACK
    }
}

impl ExitStack {
    fn close(&self, mut pending: Option<Value>, cx: &Cx) -> Result<Value> {
        let had_error = pending.is_some();
        loop {
            let exit = self.0.borrow_mut().pop();
            let Some(exit) = exit else { break };
            let outcome = match exit {
                Exit::Callback(function, args) => cx.call(&function, args).map(|_| false),
                Exit::Manager(manager) => {
                    let args = match &pending {
                        Some(error) => [
                            crate::object::class_of(error, cx).into(),
                            error.clone(),
                            Value::None,
                        ],
                        None => [Value::None, Value::None, Value::None],
                    };
                    cx.call_method(&manager, "__exit__", args)
                        .and_then(|answer| cx.truthy(&answer))
                }
            };
            match outcome {
                Ok(true) => pending = None,
                Ok(false) => {}
                Err(raised) if raised.is(&EXCEPTION) => pending = Some(raised.into_value()),
                Err(raised) => return Err(raised),
            }
        }
        match pending {
            Some(error) if !had_error => Err(Raised::from_value(error)),
            Some(_) => Ok(Value::Bool(false)),
            None => Ok(Value::Bool(had_error)),
        }
    }
}

fn exit_stack_members(members: &mut Members) {
    members
        .method_on_value("__enter__(/)", |this, _, _| Ok(this.clone()))
        .method("__exit__(t, v, tb, /)", |stack: &ExitStack, a, cx| {
            stack.close(a.some_at(1).cloned(), cx)
        })
        .method("enter_context(cm, /)", |stack: &ExitStack, a, cx| {
            let entered = cx.call_method(a.at(0), "__enter__", [])?;
            stack.0.borrow_mut().push(Exit::Manager(a.at(0).clone()));
            Ok(entered)
        })
        .method("push(exit, /)", |stack: &ExitStack, a, _| {
            stack.0.borrow_mut().push(Exit::Manager(a.at(0).clone()));
            Ok(a.at(0).clone())
        })
        .method(
            "callback(callback, /, *args, **kwds)",
            |stack: &ExitStack, a, _| {
                let mut args = Args::from(a.rest().to_vec());
                args.kw = a.keywords().to_vec();
                let function = a.at(0).clone();
                stack
                    .0
                    .borrow_mut()
                    .push(Exit::Callback(function.clone(), args));
                Ok(function)
            },
        )
        .method("close(/)", |stack: &ExitStack, _, cx| {
            stack.close(None, cx).map(|_| Value::None)
        });
}
