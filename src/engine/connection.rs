//! Connections: a checked-out connection of the driver, its options and its transaction.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::database::Engine;
use super::dialect::Dialect;
use super::echo::{EchoLevel, Event, EventKind};
use super::exc::{
    self, ARGUMENT_ERROR, FailedStatement, INVALID_REQUEST_ERROR, PENDING_ROLLBACK_ERROR,
    RESOURCE_CLOSED_ERROR,
};
use super::hooks::{EngineEvent, FailedCall};
use super::options::ExecutionOptions;
use super::pool::{Lease, PoolEntry};
use super::transaction::{Transaction, TransactionState};
use crate::object::{Cx, Dict, Raised, Result, Str, Value};
use crate::util::Compat;

/// A connection; a cheap handle.
#[derive(Clone)]
pub struct Connection(Rc<ConnectionData>);

struct ConnectionData {
    engine: Engine,
    number: u64,
    lease: RefCell<Option<Rc<Lease>>>,
    root: RefCell<Option<Rc<TransactionState>>>,
    nested: RefCell<Option<Rc<TransactionState>>>,
    /// The transaction whose `with` block is the innermost.
    block: RefCell<Option<Rc<TransactionState>>>,
    savepoints: Cell<u32>,
    options: RefCell<ExecutionOptions>,
    echo: Cell<EchoLevel>,
    isolation: RefCell<Option<Str>>,
    closes_with_result: Cell<bool>,
    /// Whether a transaction is just being begun, by SQL of a listener perhaps.
    beginning: Cell<bool>,
}

impl Drop for ConnectionData {
    fn drop(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.release(true);
        }
    }
}

impl Connection {
    pub(super) fn open(engine: &Engine, cx: &Cx) -> Result<Self> {
        let lease = engine.checkout(cx)?;
        let connection = Self(Rc::new(ConnectionData {
            number: engine.next_connection(),
            lease: RefCell::new(Some(lease)),
            root: RefCell::default(),
            nested: RefCell::default(),
            block: RefCell::default(),
            savepoints: Cell::new(0),
            options: RefCell::new(engine.options()),
            echo: Cell::new(engine.echo_level()),
            isolation: RefCell::default(),
            closes_with_result: Cell::new(false),
            beginning: Cell::new(false),
            engine: engine.clone(),
        }));
        let options = engine.options();
        connection.apply_characteristics(&options, cx)?;
        connection.tell(EngineEvent::EngineConnect(&connection), cx)?;
        Ok(connection)
    }
    /// Tell the listeners.
    pub fn tell(&self, event: EngineEvent<'_>, cx: &Cx) -> Result<()> {
        if self.0.engine.has_hooks() {
            self.0.engine.tell(event, cx)?;
        }
        Ok(())
    }
    /// What scripts note about the driver's connection.
    pub fn info(&self) -> Result<Rc<Dict>> {
        Ok(self.lease()?.info().clone())
    }
    /// The driver's connection with what scripts note about it.
    pub fn pool_entry(&self) -> Result<PoolEntry> {
        Ok(self.lease()?.entry().clone())
    }

    /// Its engine.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }
    /// Its dialect.
    pub fn dialect(&self) -> &Dialect {
        self.0.engine.dialect()
    }
    /// Its number in the session.
    pub fn number(&self) -> u64 {
        self.0.number
    }
    /// What identifies it.
    pub fn address(&self) -> usize {
        Rc::as_ptr(&self.0) as usize
    }
    /// Whether both handles are of one connection.
    pub fn is(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
    /// Whether it was closed.
    pub fn closed(&self) -> bool {
        self.0.lease.borrow().is_none()
    }
    /// Whether it behaves as 1.4's connections without `future=True`.
    pub fn is_legacy(&self) -> bool {
        self.0.engine.is_legacy()
    }
    /// Its execution options.
    pub fn options(&self) -> ExecutionOptions {
        self.0.options.borrow().clone()
    }
    /// Whether the end of the next result closes it (1.4's `engine.execute()`).
    pub fn closes_with_result(&self) -> bool {
        self.0.closes_with_result.get()
    }
    /// Close it with the next result.
    pub fn close_with_result(&self) {
        self.0.closes_with_result.set(true);
    }
    pub(super) fn lease(&self) -> Result<Rc<Lease>> {
        self.0
            .lease
            .borrow()
            .clone()
            .ok_or_else(|| RESOURCE_CLOSED_ERROR.error("This Connection is closed"))
    }

    /// `execution_options()`: takes effect on this very connection.
    pub fn set_options(&self, options: &ExecutionOptions, cx: &Cx) -> Result<()> {
        let union = self.0.options.borrow().union(options);
        *self.0.options.borrow_mut() = union;
        self.tell(EngineEvent::SetOptions(self, options), cx)?;
        self.apply_characteristics(options, cx)
    }

    fn apply_characteristics(&self, options: &ExecutionOptions, cx: &Cx) -> Result<()> {
        let Some(level) = options.get("isolation_level") else {
            return Ok(());
        };
        if self.in_transaction() {
            return Err(INVALID_REQUEST_ERROR.error(
                "This connection has already initialized a SQLAlchemy Transaction() object via \
                 begin() or autobegin; isolation_level may not be altered unless rollback() or \
                 commit() is called first.",
            ));
        }
        let level = check_isolation_level(self.dialect(), level, cx)?;
        self.lease()?.set_isolation(&level, cx)?;
        *self.0.isolation.borrow_mut() = Some(level);
        Ok(())
    }
    /// `get_isolation_level()`.
    pub fn isolation_level(&self) -> Str {
        let own = self.0.isolation.borrow().clone();
        own.or_else(|| self.0.engine.isolation_level().cloned())
            .filter(|level| level != "AUTOCOMMIT")
            .unwrap_or_else(|| Str::new(self.dialect().default_isolation_level))
    }
    /// Whether the log says so: the option counts even where it could not be applied.
    fn is_autocommit(&self) -> bool {
        match self.0.options.borrow().get("isolation_level") {
            Some(Value::Str(level)) => level == "AUTOCOMMIT",
            _ => self
                .0
                .engine
                .isolation_level()
                .is_some_and(|level| level == "AUTOCOMMIT"),
        }
    }

    // Echo.

    /// Whether anyone hears of what the connection does.
    pub(super) fn is_heard(&self) -> bool {
        self.0.echo.get() > EchoLevel::Off || self.0.engine.echo_service().wants_all()
    }
    /// Whether anyone hears of rows.
    pub(super) fn rows_are_heard(&self) -> bool {
        self.0.echo.get() == EchoLevel::Debug
            || (self.is_heard() && self.0.engine.echo_service().wants_rows())
    }
    pub(super) fn emit(&self, kind: EventKind, cx: &Cx) {
        let echo = self.0.engine.echo_service();
        let token = self.0.options.borrow();
        let token = token.get("logging_token").and_then(|token| match token {
            Value::None => None,
            token => cx.str(token).ok().map(Str::new),
        });
        let event = Event {
            echo: self.0.echo.get(),
            engine: self.0.engine.number(),
            logging_name: self.0.engine.logging_name().cloned(),
            connection: self.0.number,
            token,
            causes: echo.causes(),
            kind,
        };
        echo.emit(&event, cx);
    }

    // Transactions.

    pub(super) fn root(&self) -> Option<Rc<TransactionState>> {
        self.0.root.borrow().clone()
    }
    pub(super) fn set_root(&self, state: Option<Rc<TransactionState>>) {
        *self.0.root.borrow_mut() = state;
    }
    pub(super) fn nested(&self) -> Option<Rc<TransactionState>> {
        self.0.nested.borrow().clone()
    }
    pub(super) fn set_nested(&self, state: Option<Rc<TransactionState>>) {
        *self.0.nested.borrow_mut() = state;
    }
    pub(super) fn block(&self) -> Option<Rc<TransactionState>> {
        self.0.block.borrow().clone()
    }
    pub(super) fn set_block(&self, state: Option<Rc<TransactionState>>) {
        *self.0.block.borrow_mut() = state;
    }
    pub(super) fn next_savepoint(&self) -> Str {
        let number = self.0.savepoints.get() + 1;
        self.0.savepoints.set(number);
        Str::new(format!("sa_savepoint_{number}"))
    }

    /// `in_transaction()`.
    pub fn in_transaction(&self) -> bool {
        self.root().is_some_and(|root| root.is_active())
    }
    /// `in_nested_transaction()`.
    pub fn in_nested_transaction(&self) -> bool {
        self.nested().is_some_and(|nested| nested.is_active())
    }
    /// `get_transaction()`.
    pub fn transaction(&self) -> Option<Transaction> {
        Some(Transaction::new(self, self.root()?))
    }
    /// `get_nested_transaction()`.
    pub fn nested_transaction(&self) -> Option<Transaction> {
        Some(Transaction::new(self, self.nested()?))
    }
    /// `begin()`.
    pub fn begin(&self, cx: &Cx) -> Result<Transaction> {
        self.lease()?;
        match self.root() {
            None => Transaction::begin_root(self, cx),
            Some(_) if self.is_legacy() => Transaction::begin_marker(self, cx),
            Some(_) => Err(INVALID_REQUEST_ERROR.error(
                "This connection has already initialized a SQLAlchemy Transaction() object via \
                 begin() or autobegin; can't call begin() here unless rollback() or commit() is \
                 called first.",
            )),
        }
    }
    /// `begin_nested()`.
    pub fn begin_nested(&self, cx: &Cx) -> Result<Transaction> {
        self.lease()?;
        if self.root().is_none() {
            let root = self.begin(cx)?;
            if self.is_legacy() {
                return Ok(root);
            }
        }
        Transaction::begin_savepoint(self, cx)
    }
    /// `begin_twophase()`, which SQLite can't do.
    pub fn begin_twophase(&self, cx: &Cx) -> Result<Transaction> {
        self.lease()?;
        if self.is_heard() {
            self.emit(EventKind::Begin(Str::new("BEGIN TWOPHASE (implicit)")), cx);
        }
        self.rollback_driver(cx)?;
        Err(crate::object::exceptions::NOT_IMPLEMENTED_ERROR.error(""))
    }
    /// Close it, and the connection of the driver with it, without a ROLLBACK.
    pub fn discard(&self) {
        self.0.root.take();
        self.0.nested.take();
        if let Some(lease) = self.0.lease.take() {
            lease.discard();
        }
    }
    /// `commit()`.
    pub fn commit(&self, cx: &Cx) -> Result<()> {
        match self.transaction() {
            Some(transaction) => transaction.commit(cx),
            None => Ok(()),
        }
    }
    /// `rollback()`.
    pub fn rollback(&self, cx: &Cx) -> Result<()> {
        match self.transaction() {
            Some(transaction) => transaction.rollback(cx),
            None => Ok(()),
        }
    }
    /// `close()`.
    pub fn close(&self, cx: &Cx) -> Result<()> {
        let transaction = self.transaction();
        let outcome = match &transaction {
            Some(transaction) => transaction.close(cx),
            None => Ok(()),
        };
        if let Some(lease) = self.0.lease.take() {
            lease.release(transaction.is_none() || outcome.is_err());
        }
        outcome
    }

    pub(super) fn begin_driver(&self, cx: &Cx) -> Result<()> {
        if self.is_heard() {
            let text = if self.is_autocommit() {
                "BEGIN (implicit; DBAPI should not BEGIN due to autocommit mode)"
            } else {
                "BEGIN (implicit)"
            };
            self.emit(EventKind::Begin(Str::new(text)), cx);
        }
        self.0.beginning.set(true);
        let told = self.tell(EngineEvent::Begin(self), cx);
        self.0.beginning.set(false);
        told
    }
    pub(super) fn commit_driver(&self, cx: &Cx) -> Result<()> {
        self.tell(EngineEvent::Commit(self), cx)?;
        if self.is_heard() {
            let text = match (self.is_autocommit(), cx.compat()) {
                (false, _) => "COMMIT",
                (true, Compat::V14) => {
                    "COMMIT using DBAPI connection.commit(), DBAPI should ignore due to \
                     autocommit mode"
                }
                (true, Compat::V20) => {
                    "COMMIT using DBAPI connection.commit(), has no effect due to autocommit mode"
                }
            };
            self.emit(EventKind::Commit(Str::new(text)), cx);
        }
        let lease = self.lease()?;
        let outcome = lease.driver().commit(cx);
        outcome.map_err(|raised| self.failed(raised, None, cx))
    }
    pub(super) fn rollback_driver(&self, cx: &Cx) -> Result<()> {
        let Ok(lease) = self.lease() else {
            return Ok(());
        };
        self.tell(EngineEvent::Rollback(self), cx)?;
        if self.is_heard() {
            let text = match (self.is_autocommit(), cx.compat()) {
                (false, _) => "ROLLBACK",
                (true, Compat::V14) => {
                    "ROLLBACK using DBAPI connection.rollback(), DBAPI should ignore due to \
                     autocommit mode"
                }
                (true, Compat::V20) => {
                    "ROLLBACK using DBAPI connection.rollback(); set skip_autocommit_rollback to \
                     prevent fully"
                }
            };
            self.emit(EventKind::Rollback(Str::new(text)), cx);
        }
        let outcome = lease.driver().rollback(cx);
        outcome.map_err(|raised| exc::wrap(raised, None, cx))
    }

    /// Make ready for a statement: begin where that is due, raise where the state forbids it.
    pub(super) fn before_statement(&self, cx: &Cx) -> Result<()> {
        let root = self.root();
        let invalid = root.as_ref().is_some_and(|root| !root.is_active())
            || self.nested().is_some_and(|nested| !nested.is_active());
        if invalid {
            return Err(self.invalid_transaction(cx));
        }
        self.check_block()?;
        if root.is_none() && !self.is_legacy() && !self.0.beginning.get() {
            Transaction::begin_root(self, cx)?;
        }
        Ok(())
    }
    /// Raise where the `with` block's transaction is over.
    pub(super) fn check_block(&self) -> Result<()> {
        match self.block() {
            Some(block) if !block.is_active() => Err(INVALID_REQUEST_ERROR.error(
                "Can't operate on closed transaction inside context manager.  Please complete \
                 the context manager before emitting further commands.",
            )),
            _ => Ok(()),
        }
    }
    pub(super) fn invalid_transaction(&self, cx: &Cx) -> Raised {
        let which = match self.nested() {
            Some(_) => "savepoint ",
            None => "",
        };
        let (message, code) = match cx.compat() {
            Compat::V14 => (
                format!(
                    "This connection is on an inactive {which}transaction.  Please rollback() \
                     fully before proceeding."
                ),
                "8s2a",
            ),
            Compat::V20 => (
                format!(
                    "Can't reconnect until invalid {which}transaction is rolled back.  Please \
                     rollback() fully before proceeding"
                ),
                "8s2b",
            ),
        };
        exc::with_code(PENDING_ROLLBACK_ERROR.error(message), code)
    }

    /// What becomes of an error: a driver's is wrapped with its statement, and what was begun
    /// without a transaction is rolled back. Other errors pass as they are, unless `statement`
    /// was being prepared.
    pub fn failed(
        &self,
        raised: Raised,
        statement: Option<FailedStatement<'_>>,
        cx: &Cx,
    ) -> Raised {
        let original = raised.value().clone();
        let told = self.engine().has_hooks();
        let run = statement
            .as_ref()
            .filter(|_| told)
            .map(|failed| (Str::new(failed.sql), failed.params.clone()));
        let wrapped = exc::wrap(raised, statement, cx);
        let mut replaced = None;
        if told {
            let call = FailedCall {
                connection: self,
                wrapped: Some(wrapped.value().clone()).filter(|value| !value.is(&original)),
                original,
                statement: run,
            };
            // What a listener raises stands in for the error.
            replaced = self
                .engine()
                .tell(EngineEvent::HandleError(&call), cx)
                .err();
        }
        if !self.in_transaction()
            && let Err(further) = self.rollback_driver(cx)
        {
            return further;
        }
        replaced.unwrap_or(wrapped)
    }
}

/// The isolation level that `level` names; `ArgumentError` where the dialect does not have it.
pub fn check_isolation_level(dialect: &Dialect, level: &Value, cx: &Cx) -> Result<Str> {
    let text = cx.str(level)?;
    let normal = text.replace('_', " ").to_uppercase();
    if dialect.isolation_levels.contains(&normal.as_str()) {
        return Ok(Str::new(normal));
    }
    let name = match cx.compat() {
        Compat::V14 => dialect.name.to_owned(),
        Compat::V20 => format!("'{}'", dialect.name),
    };
    Err(ARGUMENT_ERROR.error(format!(
        "Invalid value {} for isolation_level. Valid isolation levels for {name} are {}",
        cx.repr(level)?,
        dialect.isolation_levels.join(", ")
    )))
}
