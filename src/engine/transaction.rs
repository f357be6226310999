//! Transactions and savepoints, explicit or begun by the first statement.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::connection::Connection;
use super::echo::StatsKind;
use super::exc::INVALID_REQUEST_ERROR;
use super::hooks::{EngineEvent, ExecuteCall, SavepointClause};
use super::options::ExecutionOptions;
use super::parameters::Parameters;
use crate::object::{Cx, Result, Str, Value};

/// What kind of transaction it is.
#[derive(Clone)]
pub enum TransactionKind {
    /// BEGIN .. COMMIT.
    Root,
    /// A savepoint.
    Nested {
        /// Its name.
        savepoint: Str,
        /// The savepoint around it.
        previous: Option<Rc<TransactionState>>,
    },
    /// A `begin()` inside a `begin()` of 1.4's legacy connections: it only counts.
    Marker {
        /// The transaction it is inside of.
        of: Rc<TransactionState>,
    },
}

/// The state of a transaction, kept by its connection while it is current.
pub struct TransactionState {
    kind: TransactionKind,
    active: Cell<bool>,
    /// The block around its `with` block, while it is entered.
    outer: RefCell<Option<Rc<Self>>>,
}

impl TransactionState {
    fn new(kind: TransactionKind) -> Rc<Self> {
        Rc::new(Self {
            kind,
            active: Cell::new(true),
            outer: RefCell::default(),
        })
    }
    /// Whether it is in progress.
    pub fn is_active(&self) -> bool {
        self.active.get()
            && match &self.kind {
                TransactionKind::Marker { of } => of.is_active(),
                _ => true,
            }
    }
}

/// A transaction with its connection; a cheap handle.
#[derive(Clone)]
pub struct Transaction {
    connection: Connection,
    state: Rc<TransactionState>,
}

impl Transaction {
    pub(super) fn new(connection: &Connection, state: Rc<TransactionState>) -> Self {
        Self {
            connection: connection.clone(),
            state,
        }
    }
    pub(super) fn begin_root(connection: &Connection, cx: &Cx) -> Result<Self> {
        connection.check_block()?;
        connection.begin_driver(cx)?;
        let state = TransactionState::new(TransactionKind::Root);
        connection.set_root(Some(state.clone()));
        Ok(Self::new(connection, state))
    }
    pub(super) fn begin_marker(connection: &Connection, _cx: &Cx) -> Result<Self> {
        let inside = connection.nested().or_else(|| connection.root());
        let Some(of) = inside.filter(|of| of.is_active()) else {
            return Err(INVALID_REQUEST_ERROR.error(
                "the current transaction on this connection is inactive.  Please issue a \
                 rollback first.",
            ));
        };
        connection.check_block()?;
        let state = TransactionState::new(TransactionKind::Marker { of });
        Ok(Self::new(connection, state))
    }
    pub(super) fn begin_savepoint(connection: &Connection, cx: &Cx) -> Result<Self> {
        connection.check_block()?;
        let savepoint = connection.next_savepoint();
        connection.tell(EngineEvent::Savepoint(connection), cx)?;
        let sql = connection.dialect().savepoint(&savepoint);
        run(connection, sql, SavepointClause::Set, cx)?;
        let state = TransactionState::new(TransactionKind::Nested {
            savepoint,
            previous: connection.nested(),
        });
        connection.set_nested(Some(state.clone()));
        Ok(Self::new(connection, state))
    }

    /// Its connection.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }
    /// What kind it is.
    pub fn kind(&self) -> &TransactionKind {
        &self.state.kind
    }
    /// Whether it is in progress.
    pub fn is_active(&self) -> bool {
        self.state.is_active()
    }
    /// What identifies it.
    pub fn address(&self) -> usize {
        Rc::as_ptr(&self.state) as usize
    }
    /// Whether it is the current one of its connection.
    fn is_current(&self) -> bool {
        let current = match &self.state.kind {
            TransactionKind::Root => self.connection.root(),
            TransactionKind::Nested { .. } => self.connection.nested(),
            TransactionKind::Marker { .. } => return self.state.is_active(),
        };
        current.is_some_and(|current| Rc::ptr_eq(&current, &self.state))
    }

    /// `commit()`.
    pub fn commit(&self, cx: &Cx) -> Result<()> {
        match &self.state.kind {
            TransactionKind::Root => self.commit_root(cx),
            TransactionKind::Nested { savepoint, .. } => self.commit_nested(savepoint, cx),
            TransactionKind::Marker { .. } => {
                self.state.active.set(false);
                Ok(())
            }
        }
    }
    /// `rollback()`.
    pub fn rollback(&self, cx: &Cx) -> Result<()> {
        match &self.state.kind {
            TransactionKind::Root => self.close_root(cx),
            TransactionKind::Nested { savepoint, .. } => self.close_nested(savepoint, cx),
            TransactionKind::Marker { of } => {
                if !self.state.active.replace(false) {
                    return Ok(());
                }
                Self::new(&self.connection, of.clone()).deactivate(cx)
            }
        }
    }
    /// `close()`.
    pub fn close(&self, cx: &Cx) -> Result<()> {
        match &self.state.kind {
            TransactionKind::Root => self.close_root(cx),
            TransactionKind::Nested { savepoint, .. } => self.close_nested(savepoint, cx),
            TransactionKind::Marker { .. } => {
                self.state.active.set(false);
                Ok(())
            }
        }
    }

    fn commit_root(&self, cx: &Cx) -> Result<()> {
        if !self.state.active.get() {
            return Err(if self.is_current() {
                self.connection.invalid_transaction(cx)
            } else {
                INVALID_REQUEST_ERROR.error("This transaction is inactive")
            });
        }
        let outcome = self.connection.commit_driver(cx);
        self.cancel_nested();
        self.state.active.set(false);
        // After a failed commit it stays current, so that a rollback must follow.
        outcome?;
        self.connection.set_root(None);
        Ok(())
    }
    fn close_root(&self, cx: &Cx) -> Result<()> {
        let outcome = if self.state.active.get() {
            self.connection.rollback_driver(cx)
        } else {
            Ok(())
        };
        if self.is_current() {
            self.cancel_nested();
        }
        self.state.active.set(false);
        if self.is_current() {
            self.connection.set_root(None);
        }
        outcome
    }
    /// Roll back at the wish of a marker inside; the transaction stays current.
    fn deactivate(&self, cx: &Cx) -> Result<()> {
        let outcome = match &self.state.kind {
            TransactionKind::Nested { savepoint, .. } => {
                let sql = self.connection.dialect().rollback_to_savepoint(savepoint);
                run(&self.connection, sql, SavepointClause::RollbackTo, cx)
            }
            _ => self.connection.rollback_driver(cx),
        };
        self.state.active.set(false);
        outcome
    }
    fn cancel_nested(&self) {
        let mut next = self.connection.nested();
        self.connection.set_nested(None);
        while let Some(nested) = next {
            nested.active.set(false);
            next = match &nested.kind {
                TransactionKind::Nested { previous, .. } => previous.clone(),
                _ => None,
            };
        }
    }

    fn commit_nested(&self, savepoint: &Str, cx: &Cx) -> Result<()> {
        if !self.state.active.get() {
            return Err(if self.is_current() {
                self.connection.invalid_transaction(cx)
            } else {
                INVALID_REQUEST_ERROR.error("This nested transaction is inactive")
            });
        }
        let event = EngineEvent::ReleaseSavepoint(&self.connection, savepoint);
        self.connection.tell(event, cx)?;
        let sql = self.connection.dialect().release_savepoint(savepoint);
        let outcome = run(&self.connection, sql, SavepointClause::Release, cx);
        self.state.active.set(false);
        outcome?;
        self.leave_savepoint();
        Ok(())
    }
    fn close_nested(&self, savepoint: &Str, cx: &Cx) -> Result<()> {
        let alive = self.state.active.get() && self.connection.in_transaction();
        let outcome = if alive {
            let event = EngineEvent::RollbackSavepoint(&self.connection, savepoint);
            self.connection.tell(event, cx)?;
            let sql = self.connection.dialect().rollback_to_savepoint(savepoint);
            run(&self.connection, sql, SavepointClause::RollbackTo, cx)
        } else {
            Ok(())
        };
        self.state.active.set(false);
        self.leave_savepoint();
        outcome
    }
    fn leave_savepoint(&self) {
        if let TransactionKind::Nested { previous, .. } = &self.state.kind
            && self.is_current()
        {
            self.connection.set_nested(previous.clone());
        }
    }

    /// `__enter__`.
    pub fn enter(&self) {
        *self.state.outer.borrow_mut() = self.connection.block();
        self.connection.set_block(Some(self.state.clone()));
    }
    /// `__exit__`: commit, or roll back where the block raised.
    pub fn exit(&self, raised: bool, cx: &Cx) -> Result<()> {
        let outcome = if !raised && self.is_active() {
            let committed = self.commit(cx);
            if committed.is_err() {
                self.rollback(cx).and(committed)
            } else {
                committed
            }
        } else if self.is_active() {
            self.rollback(cx)
        } else if self.is_current() {
            self.close(cx)
        } else {
            Ok(())
        };
        let is_innermost = self
            .connection
            .block()
            .is_some_and(|block| Rc::ptr_eq(&block, &self.state));
        let outer = self.state.outer.borrow_mut().take();
        if is_innermost {
            self.connection.set_block(outer);
        }
        outcome
    }
}

/// Run a savepoint's statement.
fn run(connection: &Connection, sql: Str, clause: SavepointClause, cx: &Cx) -> Result<()> {
    let started = std::time::Instant::now();
    let stats = StatsKind::NoKey(started.elapsed().as_secs_f64());
    let call = ExecuteCall {
        connection,
        clause: &clause,
        sets: Value::list(Vec::new()),
        options: &ExecutionOptions::none(),
    };
    connection.tell(EngineEvent::BeforeExecute(&call), cx)?;
    let result = connection.run_plain(sql, Parameters::One(Vec::new()), stats, cx)?;
    connection.tell(EngineEvent::AfterExecute(&call, &result), cx)
}
