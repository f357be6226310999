//! Who hears of what engines and their connections do: the listeners of scripts.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use super::connection::Connection;
use super::context::StatementKind;
use super::options::ExecutionOptions;
use super::parameters::Parameters;
use super::pool::PoolEntry;
use super::result::CursorResult;
use crate::object::types::OBJECT;
use crate::object::{Cx, Instance, Result, Str, TypeSpec, Value};

/// A call of `execute()`, as its listeners see it.
pub struct ExecuteCall<'a> {
    /// The connection.
    pub connection: &'a Connection,
    /// What is executed: a statement or DDL element of the SQL layer, or a [`SavepointClause`].
    pub clause: &'a dyn Any,
    /// The parameter sets.
    pub sets: Value,
    /// The execution options.
    pub options: &'a ExecutionOptions,
}

/// What stands for the execution context between the events of one statement: a script may keep
/// what it likes on it.
pub struct StatementState;

static CONTEXT: TypeSpec =
    TypeSpec::new("sqlalchemy.dialects.sqlite.base", "SQLiteExecutionContext").bases(&[&OBJECT]);

impl StatementState {
    /// A context for one statement.
    pub fn make(
        connection: &Connection,
        sql: &Str,
        parameters: &Parameters,
        kind: StatementKind,
        cx: &Cx,
    ) -> Value {
        let state = Instance::new(CONTEXT.class());
        let attributes: [(&str, Value); 9] = [
            ("root_connection", Value::object(connection.clone())),
            ("engine", Value::object(connection.engine().clone())),
            ("dialect", Value::object(connection.dialect().clone())),
            ("statement", Value::Str(sql.clone())),
            ("parameters", parameters.to_value(cx)),
            ("executemany", Value::Bool(parameters.is_many())),
            ("isinsert", Value::Bool(kind == StatementKind::Insert)),
            ("isupdate", Value::Bool(kind == StatementKind::Update)),
            ("isdelete", Value::Bool(kind == StatementKind::Delete)),
        ];
        for (name, value) in attributes {
            state.set_attribute(name, value);
        }
        Value::Instance(state)
    }
}

/// What SAVEPOINT and its kin are executed as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SavepointClause {
    /// SAVEPOINT.
    Set,
    /// ROLLBACK TO SAVEPOINT.
    RollbackTo,
    /// RELEASE SAVEPOINT.
    Release,
}

/// An error while a statement was run, as `handle_error` sees it.
pub struct FailedCall<'a> {
    /// The connection.
    pub connection: &'a Connection,
    /// What was raised.
    pub original: Value,
    /// What is made of it, where that is something else.
    pub wrapped: Option<Value>,
    /// The statement and its parameters, where one was run.
    pub statement: Option<(Str, Value)>,
}

/// What happens, and can be heard of.
#[derive(Clone, Copy)]
pub enum EngineEvent<'a> {
    /// The driver opened its first connection.
    FirstConnect(&'a PoolEntry),
    /// The driver opened a connection.
    Connect(&'a PoolEntry),
    /// A connection leaves the pool.
    Checkout(&'a PoolEntry),
    /// A connection is about to be reset.
    Reset(&'a PoolEntry),
    /// A connection comes back to the pool.
    Checkin(&'a PoolEntry),
    /// A connection of the driver is closed.
    Close(&'a PoolEntry),
    /// `execute()` was called.
    BeforeExecute(&'a ExecuteCall<'a>),
    /// `execute()` is done.
    AfterExecute(&'a ExecuteCall<'a>, &'a CursorResult),
    /// A statement failed.
    HandleError(&'a FailedCall<'a>),
    /// A connection was given execution options.
    SetOptions(&'a Connection, &'a ExecutionOptions),
    /// A connection was made.
    EngineConnect(&'a Connection),
    /// A transaction begins.
    Begin(&'a Connection),
    /// A transaction is committed.
    Commit(&'a Connection),
    /// A transaction is rolled back.
    Rollback(&'a Connection),
    /// A savepoint is set.
    Savepoint(&'a Connection),
    /// A savepoint is rolled back to.
    RollbackSavepoint(&'a Connection, &'a str),
    /// A savepoint is released.
    ReleaseSavepoint(&'a Connection, &'a str),
    /// A statement is about to run.
    BeforeCursorExecute(&'a Connection, &'a Str, &'a Parameters, &'a Value),
    /// A statement ran.
    AfterCursorExecute(&'a Connection, &'a Str, &'a Parameters, &'a Value),
}

/// A listener.
pub trait EngineHook {
    /// Something happened. A statement about to run may be replaced.
    fn event(&self, event: EngineEvent<'_>, cx: &Cx) -> Result<Option<(Str, Parameters)>>;
    /// Whether it is `function` listening for `name`.
    fn is(&self, name: &str, function: &Value) -> bool;
}

/// Listeners, of one engine or, as a service, of every engine.
#[derive(Default)]
pub struct EngineHooks(RefCell<Vec<Rc<dyn EngineHook>>>);

impl EngineHooks {
    /// Add a listener, behind those that listen already or before them.
    pub fn add(&self, hook: Rc<dyn EngineHook>, first: bool) {
        let mut hooks = self.0.borrow_mut();
        let at = if first { 0 } else { hooks.len() };
        hooks.insert(at, hook);
    }
    /// Remove the listeners that `which` tells.
    pub fn remove(&self, which: impl Fn(&Rc<dyn EngineHook>) -> bool) {
        self.0.borrow_mut().retain(|hook| !which(hook));
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }
    /// The listeners.
    pub fn all(&self) -> Vec<Rc<dyn EngineHook>> {
        self.0.borrow().clone()
    }
}
