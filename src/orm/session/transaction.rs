//! `SessionTransaction`: the stack of a session's transactions and the connections in each.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use super::snapshot::Snapshot;
use super::state_change::{Changing, Operation, State};
use super::{Bind, Session, SessionData};
use crate::engine::exc::{
    INVALID_REQUEST_ERROR, PENDING_ROLLBACK_ERROR, RESOURCE_CLOSED_ERROR, SA_WARNING, with_code,
};
use crate::engine::{Connection, ExecutionOptions, Transaction};
use crate::object::{Cx, Raised, Result, Value};
use crate::orm::exc::FLUSH_ERROR;

/// What began a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The session's first work.
    AutoBegin,
    /// `Session.begin()`.
    Begin,
    /// `Session.begin_nested()`.
    BeginNested,
    /// A flush inside another transaction.
    SubTransaction,
}

/// A connection that takes part.
struct Member {
    connection: Connection,
    transaction: Transaction,
    should_commit: bool,
    autoclose: bool,
}

/// A transaction of a session.
pub struct SessionTransaction {
    session: Weak<SessionData>,
    parent: Option<Rc<SessionTransaction>>,
    previous_nested: Option<Rc<SessionTransaction>>,
    origin: Origin,
    state: Cell<State>,
    /// The operation under way that changes the state.
    pub(super) changing: Changing,
    /// The transaction of the `with` block around the one of this transaction.
    pub(super) outer_block: RefCell<Option<Rc<SessionTransaction>>>,
    pub(super) entered: Cell<bool>,
    members: RefCell<Vec<Member>>,
    snapshot: Rc<RefCell<Snapshot>>,
    /// The error for which a flush rolled it back.
    rollback_exception: RefCell<Option<Raised>>,
}

impl SessionTransaction {
    /// Begin one; it becomes the session's current one.
    pub fn begin(
        session: &Session,
        origin: Origin,
        parent: Option<Rc<Self>>,
        cx: &Cx,
    ) -> Result<Rc<Self>> {
        session.check_block()?;
        if session.data().permanently_closed.get() {
            return Err(INVALID_REQUEST_ERROR.error(
                "This Session has been permanently closed and is unable to handle any more \
                 transaction requests.",
            ));
        }
        let nested = origin == Origin::BeginNested;
        let snapshot = match (&parent, origin) {
            (Some(parent), Origin::SubTransaction) => parent.snapshot.clone(),
            _ => Rc::default(),
        };
        if nested && !session.data().flushing.get() {
            session.flush(None, cx)?;
        }
        let transaction = Rc::new(Self {
            session: Rc::downgrade(session.data()),
            parent,
            previous_nested: nested
                .then(|| session.data().nested.borrow().clone())
                .flatten(),
            origin,
            state: Cell::new(State::Active),
            changing: Changing::default(),
            outer_block: RefCell::default(),
            entered: Cell::new(false),
            members: RefCell::default(),
            snapshot,
            rollback_exception: RefCell::default(),
        });
        *session.data().transaction.borrow_mut() = Some(transaction.clone());
        session.fire("after_transaction_create", &[transaction.value()], cx)?;
        Ok(transaction)
    }

    fn session(&self) -> Result<Session> {
        match self.session.upgrade() {
            Some(data) => Ok(Session::from_data(data)),
            None => Err(RESOURCE_CLOSED_ERROR.error("This transaction is closed")),
        }
    }
    /// The enclosing one.
    pub fn parent(&self) -> Option<&Rc<Self>> {
        self.parent.as_ref()
    }
    /// Whether it is a SAVEPOINT.
    pub fn is_nested(&self) -> bool {
        self.origin == Origin::BeginNested
    }
    /// What began it.
    pub fn origin(&self) -> Origin {
        self.origin
    }
    /// Whether it can be used.
    pub fn is_active(&self) -> bool {
        self.state.get() == State::Active
    }
    /// Whether it is over.
    pub fn is_closed(&self) -> bool {
        self.state.get() == State::Closed
    }
    /// What state it is in.
    pub fn state(&self) -> State {
        self.state.get()
    }
    /// Whether a rollback can do any good.
    pub fn can_roll_back(&self) -> bool {
        !matches!(self.state.get(), State::Committed | State::Closed)
    }
    /// The session, while it exists.
    pub fn owner(&self) -> Option<Session> {
        self.session.upgrade().map(Session::from_data)
    }
    /// What it did to objects.
    pub fn snapshot(&self) -> &Rc<RefCell<Snapshot>> {
        &self.snapshot
    }
    /// As scripts see it.
    pub fn value(self: &Rc<Self>) -> Value {
        Value::object(TransactionHandle(self.clone()))
    }

    /// The error of what the state forbids.
    pub(super) fn wrong_state(&self, cx: &Cx) -> Raised {
        match self.state.get() {
            State::Deactive => self.deactive_error(cx),
            State::Closed => RESOURCE_CLOSED_ERROR.error("This transaction is closed"),
            State::ProvisioningConnection => with_code(
                INVALID_REQUEST_ERROR.error(
                    "This session is provisioning a new connection; concurrent operations are \
                     not permitted",
                ),
                "isce",
            ),
            state @ (State::Active | State::Prepared | State::Committed) => INVALID_REQUEST_ERROR
                .error(format!(
                    "This session is in '{}' state; no further SQL can be emitted within this \
                     transaction.",
                    state.name().to_ascii_lowercase()
                )),
        }
    }
    fn deactive_error(&self, cx: &Cx) -> Raised {
        match &*self.rollback_exception.borrow() {
            Some(raised) => with_code(
                PENDING_ROLLBACK_ERROR.error(format!(
                    "This Session's transaction has been rolled back due to a previous \
                     exception during flush. To begin a new transaction with this Session, \
                     first issue Session.rollback(). Original exception was: {}",
                    raised.message(cx)
                )),
                "7s2a",
            ),
            None => INVALID_REQUEST_ERROR.error(
                "This session is in 'inactive' state, due to the SQL transaction being rolled \
                 back; no further SQL can be emitted within this transaction.",
            ),
        }
    }

    /// A transaction inside this one.
    pub fn begin_inside(self: &Rc<Self>, nested: bool, cx: &Cx) -> Result<Rc<Self>> {
        let origin = if nested {
            Origin::BeginNested
        } else {
            Origin::SubTransaction
        };
        self.operate(Operation::Begin, cx, || {
            Self::begin(&self.session()?, origin, Some(self.clone()), cx)
        })
    }

    /// The connection to `bind`, taking part in this transaction.
    pub fn connection(
        self: &Rc<Self>,
        bind: &Bind,
        options: &ExecutionOptions,
        cx: &Cx,
    ) -> Result<Connection> {
        self.operate(Operation::Connection, cx, || {
            match self.known_connection(bind) {
                Some(connection) => {
                    if !options.is_empty() {
                        cx.warn(
                            &SA_WARNING,
                            "Connection is already established for the given bind; \
                             execution_options ignored",
                        );
                    }
                    Ok(connection)
                }
                None => self.provide(bind, options, cx),
            }
        })
    }
    fn known_connection(&self, bind: &Bind) -> Option<Connection> {
        let members = self.members.borrow();
        let known = members.iter().find(|member| bind.is(&member.connection));
        known.map(|member| member.connection.clone())
    }
    /// Let a connection to `bind` take part.
    fn provide(
        self: &Rc<Self>,
        bind: &Bind,
        options: &ExecutionOptions,
        cx: &Cx,
    ) -> Result<Connection> {
        if cx.compat().is_14() {
            return self.provide_connection(bind, options, cx);
        }
        self.state.set(State::ProvisioningConnection);
        let provided = self.provide_connection(bind, options, cx);
        self.state.set(State::Active);
        provided
    }
    fn provide_connection(
        self: &Rc<Self>,
        bind: &Bind,
        options: &ExecutionOptions,
        cx: &Cx,
    ) -> Result<Connection> {
        let session = self.session()?;
        let (connection, local) = match (&self.parent, bind) {
            (Some(parent), _) => {
                let connection = parent.connection(bind, options, cx)?;
                if !self.is_nested() {
                    return Ok(connection);
                }
                (connection, false)
            }
            (None, Bind::Connection(connection)) => {
                let engine = Bind::Engine(connection.engine().clone());
                if self.known_connection(&engine).is_some() {
                    return Err(INVALID_REQUEST_ERROR.error(
                        "Session already has a Connection associated for the given Connection's \
                         Engine",
                    ));
                }
                (connection.clone(), false)
            }
            (None, Bind::Engine(engine)) => (engine.connect(cx)?, true),
            (None, Bind::Other(value)) => {
                cx.get_attr(value, "connect")?;
                return Err(INVALID_REQUEST_ERROR.error(format!(
                    "{} is neither an engine nor a connection",
                    cx.repr(value)?
                )));
            }
        };
        let joined = match options.is_empty() {
            true => Ok(()),
            false => connection.set_options(options, cx),
        };
        let joined = joined.and_then(|()| self.join(&session, &connection, cx));
        let (transaction, should_commit) = match joined {
            Ok(joined) => joined,
            Err(raised) => {
                if local {
                    connection.close(cx)?;
                }
                return Err(raised);
            }
        };
        self.members.borrow_mut().push(Member {
            connection: connection.clone(),
            transaction,
            should_commit,
            autoclose: matches!(bind, Bind::Engine(_)),
        });
        let args = [self.value(), Value::object(connection.clone())];
        session.fire("after_begin", &args, cx)?;
        Ok(connection)
    }

    /// Begin on `connection`, or join the transaction it is in.
    fn join(
        &self,
        session: &Session,
        connection: &Connection,
        cx: &Cx,
    ) -> Result<(Transaction, bool)> {
        if session.is_twophase() && self.parent.is_none() {
            return Ok((connection.begin_twophase(cx)?, true));
        }
        if self.is_nested() {
            return Ok((connection.begin_nested(cx)?, true));
        }
        if !connection.in_transaction() {
            return Ok((connection.begin(cx)?, true));
        }
        let nested = connection.in_nested_transaction();
        let mode = session.join_mode(nested, cx);
        if mode == "create_savepoint" {
            return Ok((connection.begin_nested(cx)?, true));
        }
        let current = if nested {
            connection.nested_transaction()
        } else {
            connection.transaction()
        };
        match current {
            Some(transaction) => Ok((transaction, mode != "rollback_only")),
            None => Ok((connection.begin(cx)?, true)),
        }
    }

    /// `prepare()`: flush and get ready to commit in two phases.
    pub fn prepare(self: &Rc<Self>, cx: &Cx) -> Result<()> {
        if self.parent.is_some() || !self.session()?.is_twophase() {
            return Err(INVALID_REQUEST_ERROR
                .error("'twophase' mode not enabled, or not root transaction; can't prepare."));
        }
        self.prepare_now(cx)
    }
    fn prepare_now(self: &Rc<Self>, cx: &Cx) -> Result<()> {
        self.operate(Operation::Prepare, cx, || self.flush_all(cx))
    }
    fn flush_all(self: &Rc<Self>, cx: &Cx) -> Result<()> {
        let session = self.session()?;
        if self.is_boundary() {
            session.fire("before_commit", &[], cx)?;
        }
        for inner in self.inside(&session)? {
            inner.commit(false, cx)?;
        }
        if !session.data().flushing.get() {
            let mut rounds = 0;
            while !session.is_clean() {
                if rounds == 100 {
                    return Err(FLUSH_ERROR.error(
                        "Over 100 subsequent flushes have occurred within session.commit() - is \
                         an after_flush() hook creating new objects?",
                    ));
                }
                session.flush(None, cx)?;
                rounds += 1;
            }
        }
        self.state.set(State::Prepared);
        Ok(())
    }

    /// The transactions begun inside this one that are still open, innermost first.
    fn inside(self: &Rc<Self>, session: &Session) -> Result<Vec<Rc<Self>>> {
        let mut found = Vec::new();
        let mut current = session.data().transaction.borrow().clone();
        while let Some(transaction) = current {
            if Rc::ptr_eq(&transaction, self) {
                return Ok(found);
            }
            current = transaction.parent.clone();
            found.push(transaction);
        }
        Err(INVALID_REQUEST_ERROR.error(format!(
            "Transaction <sqlalchemy.orm.session.SessionTransaction object at {:#x}> is not on \
             the active transaction list",
            Rc::as_ptr(self) as usize
        )))
    }
    /// Whether it is a transaction of the database, or a SAVEPOINT.
    fn is_boundary(&self) -> bool {
        self.parent.is_none() || self.is_nested()
    }

    /// COMMIT, or RELEASE; with `to_root` all enclosing ones too.
    pub fn commit(self: &Rc<Self>, to_root: bool, cx: &Cx) -> Result<()> {
        self.operate(Operation::Commit, cx, || self.commit_now(to_root, cx))
    }
    fn commit_now(self: &Rc<Self>, to_root: bool, cx: &Cx) -> Result<()> {
        if self.state.get() != State::Prepared {
            self.expect_state(State::Prepared, cx, || self.prepare_now(cx))?;
        }
        let session = self.session()?;
        if self.is_boundary() {
            for (transaction, should_commit) in self.transactions() {
                if should_commit {
                    transaction.commit(cx)?;
                }
            }
            self.state.set(State::Committed);
            session.fire("after_commit", &[], cx)?;
            self.remove_snapshot(&session, cx)?;
        }
        self.expect_state(State::Closed, cx, || self.close(false, cx))?;
        match (&self.parent, to_root) {
            (Some(parent), true) => parent.commit(true, cx),
            _ => Ok(()),
        }
    }

    fn transactions(&self) -> Vec<(Transaction, bool)> {
        self.members
            .borrow()
            .iter()
            .map(|member| (member.transaction.clone(), member.should_commit))
            .collect()
    }

    /// ROLLBACK, or ROLLBACK TO; with `to_root` all enclosing ones too. `error` is what a flush
    /// failed of.
    pub fn rollback(self: &Rc<Self>, error: Option<&Raised>, to_root: bool, cx: &Cx) -> Result<()> {
        self.operate(Operation::Rollback, cx, || {
            self.rollback_now(error, to_root, cx)
        })
    }
    fn rollback_now(self: &Rc<Self>, error: Option<&Raised>, to_root: bool, cx: &Cx) -> Result<()> {
        let session = self.session()?;
        for inner in self.inside(&session)? {
            inner.close(false, cx)?;
        }
        let mut boundary = self.clone();
        let mut failure = None;
        if matches!(self.state.get(), State::Active | State::Prepared) {
            let mut current = Some(self.clone());
            while let Some(transaction) = current {
                if transaction.is_boundary() {
                    failure = transaction.roll_back_members(&session, cx).err();
                    transaction.state.set(State::Deactive);
                    transaction.restore_snapshot(&session, cx)?;
                    boundary = transaction;
                    break;
                }
                transaction.state.set(State::Deactive);
                current = transaction.parent.clone();
            }
        }
        if failure.is_none() && !session.is_clean() {
            session.warn(
                &SA_WARNING,
                "Session's state has been changed on a non-active transaction - this state will \
                 be discarded.",
                cx,
            );
            boundary.restore_snapshot(&session, cx)?;
        }
        self.expect_state(State::Closed, cx, || self.close(false, cx))?;
        if let (Some(parent), Some(error)) = (&self.parent, error) {
            *parent.rollback_exception.borrow_mut() = Some(error.clone());
        }
        if let Some(failure) = failure {
            return Err(failure);
        }
        session.fire("after_soft_rollback", &[self.value()], cx)?;
        match (&self.parent, to_root) {
            (Some(parent), true) => parent.rollback(None, true, cx),
            _ => Ok(()),
        }
    }

    fn roll_back_members(&self, session: &Session, cx: &Cx) -> Result<()> {
        for (transaction, _) in self.transactions() {
            transaction.rollback(cx)?;
        }
        self.state.set(State::Deactive);
        session.fire("after_rollback", &[], cx)
    }

    /// The end: the enclosing one is the session's current one again.
    pub fn close(self: &Rc<Self>, invalidate: bool, cx: &Cx) -> Result<()> {
        self.operate(Operation::Close, cx, || self.close_now(invalidate, cx))
    }
    fn close_now(self: &Rc<Self>, invalidate: bool, cx: &Cx) -> Result<()> {
        let session = self.session()?;
        if self.is_nested() {
            session
                .data()
                .nested
                .borrow_mut()
                .clone_from(&self.previous_nested);
        }
        session
            .data()
            .transaction
            .borrow_mut()
            .clone_from(&self.parent);
        let members = std::mem::take(&mut *self.members.borrow_mut());
        // 1.4 leaves what is inside to the outermost transaction.
        let ends = self.parent.is_none() || cx.compat().is_20();
        for member in &members {
            if invalidate && self.parent.is_none() {
                member.connection.discard();
                continue;
            }
            if ends && member.should_commit && member.transaction.is_active() {
                member.transaction.close(cx)?;
            }
            if member.autoclose && self.parent.is_none() {
                member.connection.close(cx)?;
            }
        }
        self.state.set(State::Closed);
        session.fire("after_transaction_end", &[self.value()], cx)
    }
}

/// A transaction as scripts hold it.
#[derive(Clone)]
pub struct TransactionHandle(pub Rc<SessionTransaction>);
