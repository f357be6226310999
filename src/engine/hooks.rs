//! Who hears of what engines and their connections do: the listeners of scripts.

use std::cell::RefCell;
use std::rc::Rc;

use super::connection::Connection;
use super::parameters::Parameters;
use super::pool::PoolEntry;
use crate::object::{Cx, Result, Str, Value};

/// What happens, and can be heard of.
#[derive(Clone, Copy)]
pub enum EngineEvent<'a> {
    /// The driver opened a connection.
    Connect(&'a PoolEntry),
    /// A connection was made.
    EngineConnect(&'a Connection),
    /// A transaction begins.
    Begin(&'a Connection),
    /// A transaction is committed.
    Commit(&'a Connection),
    /// A transaction is rolled back.
    Rollback(&'a Connection),
    /// A savepoint is set.
    Savepoint(&'a Connection, &'a str),
    /// A savepoint is rolled back to.
    RollbackSavepoint(&'a Connection, &'a str),
    /// A savepoint is released.
    ReleaseSavepoint(&'a Connection, &'a str),
    /// A statement is about to run.
    BeforeCursorExecute(&'a Connection, &'a Str, &'a Parameters),
    /// A statement ran.
    AfterCursorExecute(&'a Connection, &'a Str, &'a Parameters),
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
    /// Add a listener.
    pub fn add(&self, hook: Rc<dyn EngineHook>) {
        self.0.borrow_mut().push(hook);
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
