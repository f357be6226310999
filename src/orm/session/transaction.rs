//! `SessionTransaction`: the stack of a session's transactions, with what each of them did to
//! objects.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::{Bind, Session, SessionData};
use crate::engine::exc::{
    INVALID_REQUEST_ERROR, PENDING_ROLLBACK_ERROR, RESOURCE_CLOSED_ERROR, SA_WARNING, with_code,
};
use crate::engine::{Connection, ExecutionOptions, Transaction};
use crate::object::{Cx, Instance, Raised, Result, Str, Value};
use crate::orm::exc::FLUSH_ERROR;
use crate::orm::{IdentityKey, state_of};

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

/// What state a transaction is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It can be used.
    Active,
    /// Its commit was prepared.
    Prepared,
    /// It was committed.
    Committed,
    /// It was rolled back and waits to be closed.
    Deactive,
    /// It is over.
    Closed,
}

/// Objects by address, held weakly, in order.
#[derive(Default)]
pub struct WeakSet(IndexMap<usize, Weak<Instance>, FxBuildHasher>);

impl WeakSet {
    /// Add `instance`.
    pub fn insert(&mut self, instance: &Rc<Instance>) {
        self.0
            .insert(Rc::as_ptr(instance) as usize, Rc::downgrade(instance));
    }
    /// Take `instance` out.
    pub fn remove(&mut self, instance: &Rc<Instance>) {
        if let Some(entry) = self.0.get_mut(&(Rc::as_ptr(instance) as usize)) {
            *entry = Weak::new();
        }
    }
    /// Whether `instance` is in.
    pub fn contains(&self, instance: &Rc<Instance>) -> bool {
        self.0
            .get(&(Rc::as_ptr(instance) as usize))
            .is_some_and(|entry| entry.strong_count() > 0)
    }
    /// Those still alive, in order.
    pub fn alive(&self) -> Vec<Rc<Instance>> {
        self.0.values().filter_map(Weak::upgrade).collect()
    }
}

/// What a transaction did to objects.
#[derive(Default)]
pub struct Snapshot {
    /// Those that became persistent.
    pub new: WeakSet,
    /// Those whose rows were deleted.
    pub deleted: WeakSet,
    /// Those whose rows were changed.
    pub dirty: WeakSet,
    /// Those whose primary key changed: the key before, the key after.
    pub key_switches: Vec<(Weak<Instance>, IdentityKey, IdentityKey)>,
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
    members: RefCell<Vec<Member>>,
    snapshot: Rc<RefCell<Snapshot>>,
    /// The text of the error for which a flush rolled it back.
    rollback_exception: RefCell<Option<Str>>,
}

impl SessionTransaction {
    /// Begin one; it becomes the session's current one.
    pub fn begin(
        session: &Session,
        origin: Origin,
        parent: Option<Rc<Self>>,
        cx: &Cx,
    ) -> Result<Rc<Self>> {
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
    /// Whether it is the session's current one.
    pub fn is_current(&self) -> bool {
        let Some(data) = self.session.upgrade() else {
            return false;
        };
        let current = data.transaction.borrow();
        current
            .as_ref()
            .is_some_and(|current| std::ptr::eq(Rc::as_ptr(current), self))
    }
    /// What state it is in.
    pub fn state(&self) -> State {
        self.state.get()
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

    /// The error for using it in the state it is in.
    fn check(&self, allowed: &[State]) -> Result<()> {
        let state = self.state.get();
        if allowed.contains(&state) {
            return Ok(());
        }
        Err(match state {
            State::Deactive => self.deactive_error(),
            State::Closed => RESOURCE_CLOSED_ERROR.error("This transaction is closed"),
            State::Active | State::Prepared | State::Committed => {
                let name = match state {
                    State::Prepared => "prepared",
                    State::Committed => "committed",
                    _ => "active",
                };
                INVALID_REQUEST_ERROR.error(format!(
                    "This session is in '{name}' state; no further SQL can be emitted within \
                     this transaction."
                ))
            }
        })
    }
    fn deactive_error(&self) -> Raised {
        match &*self.rollback_exception.borrow() {
            Some(text) => with_code(
                PENDING_ROLLBACK_ERROR.error(format!(
                    "This Session's transaction has been rolled back due to a previous \
                     exception during flush. To begin a new transaction with this Session, \
                     first issue Session.rollback(). Original exception was: {text}"
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
        self.check(&[State::Active])?;
        let origin = if nested {
            Origin::BeginNested
        } else {
            Origin::SubTransaction
        };
        Self::begin(&self.session()?, origin, Some(self.clone()), cx)
    }

    /// The connection to `bind`, taking part in this transaction.
    pub fn connection(
        self: &Rc<Self>,
        bind: &Bind,
        options: &ExecutionOptions,
        cx: &Cx,
    ) -> Result<Connection> {
        self.check(&[State::Active])?;
        let known = self
            .members
            .borrow()
            .iter()
            .find(|member| bind.is(&member.connection))
            .map(|member| member.connection.clone());
        if let Some(connection) = known {
            if !options.is_empty() {
                cx.warn(
                    &SA_WARNING,
                    "Connection is already established for the given bind; execution_options \
                     ignored",
                );
            }
            return Ok(connection);
        }
        let session = self.session()?;
        let (connection, local) = match (&self.parent, bind) {
            (Some(parent), _) => {
                let connection = parent.connection(bind, options, cx)?;
                if !self.is_nested() {
                    return Ok(connection);
                }
                (connection, false)
            }
            (None, Bind::Connection(connection)) => (connection.clone(), false),
            (None, Bind::Engine(engine)) => (engine.connect(cx)?, true),
        };
        let connection = if options.is_empty() {
            connection
        } else {
            {
                connection.set_options(options, cx)?;
                connection
            }
        };
        let (transaction, should_commit) = match self.join(&session, &connection, cx) {
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
        if self.is_nested() {
            return Ok((connection.begin_nested(cx)?, true));
        }
        if !connection.in_transaction() {
            return Ok((connection.begin(cx)?, true));
        }
        let nested = connection.in_nested_transaction();
        let mode = session.join_mode(cx);
        let mode = match (mode.as_str(), nested) {
            ("conditional_savepoint", true) => "create_savepoint",
            ("conditional_savepoint", false) => "rollback_only",
            (other, _) => other,
        };
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

    /// Flush and get ready to commit.
    pub fn prepare(self: &Rc<Self>, cx: &Cx) -> Result<()> {
        self.check(&[State::Active])?;
        let session = self.session()?;
        if self.parent.is_none() || self.is_nested() {
            session.fire("before_commit", &[], cx)?;
        }
        for inner in self.inside(&session) {
            inner.commit(false, cx)?;
        }
        if !session.data().flushing.get() {
            let mut rounds = 0;
            while !session.is_clean() {
                session.flush(None, cx)?;
                rounds += 1;
                if rounds == 100 {
                    return Err(FLUSH_ERROR.error(
                        "Over 100 subsequent flushes have occurred within session.commit() - is \
                         an after_flush() hook creating new objects?",
                    ));
                }
            }
        }
        self.state.set(State::Prepared);
        Ok(())
    }

    /// The transactions begun inside this one that are still open, innermost first.
    fn inside(self: &Rc<Self>, session: &Session) -> Vec<Rc<Self>> {
        let mut found = Vec::new();
        let mut current = session.data().transaction.borrow().clone();
        while let Some(transaction) = current {
            if Rc::ptr_eq(&transaction, self) {
                return found;
            }
            current = transaction.parent.clone();
            found.push(transaction);
        }
        Vec::new()
    }

    /// COMMIT, or RELEASE; with `to_root` all enclosing ones too.
    pub fn commit(self: &Rc<Self>, to_root: bool, cx: &Cx) -> Result<()> {
        self.check(&[State::Active, State::Prepared])?;
        if self.state.get() != State::Prepared {
            self.prepare(cx)?;
        }
        let session = self.session()?;
        if self.parent.is_none() || self.is_nested() {
            for (transaction, should_commit) in self.transactions() {
                if should_commit {
                    transaction.commit(cx)?;
                }
            }
            self.state.set(State::Committed);
            session.fire("after_commit", &[], cx)?;
            self.remove_snapshot(&session, cx)?;
        }
        self.close(false, cx)?;
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
        self.check(&[State::Active, State::Deactive, State::Prepared])?;
        let session = self.session()?;
        for inner in self.inside(&session) {
            inner.close(false, cx)?;
        }
        let mut boundary = self.clone();
        let mut failure = None;
        if matches!(self.state.get(), State::Active | State::Prepared) {
            let mut current = Some(self.clone());
            while let Some(transaction) = current {
                if transaction.parent.is_none() || transaction.is_nested() {
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
        self.close(false, cx)?;
        if let (Some(parent), Some(error)) = (&self.parent, error) {
            *parent.rollback_exception.borrow_mut() = Some(Str::from(error.message(cx)));
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
        let mut failure = Ok(());
        for member in members {
            if invalidate && self.parent.is_none() {
                failure = failure.and(member.connection.close(cx));
            }
            if member.should_commit && member.transaction.is_active() {
                failure = failure.and(member.transaction.close(cx));
            }
            if member.autoclose && self.parent.is_none() {
                failure = failure.and(member.connection.close(cx));
            }
        }
        self.state.set(State::Closed);
        failure?;
        session.fire("after_transaction_end", &[self.value()], cx)
    }

    /// Undo what the transaction did to objects.
    fn restore_snapshot(&self, session: &Session, cx: &Cx) -> Result<()> {
        let (mut new, mut deleted, dirty_only, switches) = {
            let snapshot = self.snapshot.borrow();
            let switches: Vec<_> = snapshot
                .key_switches
                .iter()
                .filter_map(|(instance, old, _)| Some((instance.upgrade()?, old.clone())))
                .collect();
            let (new, deleted) = (snapshot.new.alive(), snapshot.deleted.alive());
            (new, deleted, self.is_nested(), switches)
        };
        new.extend(session.data().new.borrow().to_vec());
        session.expunge_states(&new, true, cx)?;
        for (instance, old) in switches {
            session.discard_identity(&instance);
            if let Some(state) = state_of(&instance) {
                state.set_key(Some(old));
            }
            if !new.iter().any(|one| Rc::ptr_eq(one, &instance)) {
                session.replace_identity(&instance);
            }
        }
        deleted.extend(session.data().deleted.borrow().to_vec());
        for instance in deleted {
            session.update_impl(&instance, true, cx)?;
        }
        for instance in session.identity_instances() {
            let Some(state) = state_of(&instance) else {
                continue;
            };
            let is_dirty =
                || state.is_modified() || self.snapshot.borrow().dirty.contains(&instance);
            if !dirty_only || is_dirty() {
                session.expire_state(&instance, cx)?;
            }
        }
        Ok(())
    }

    /// Forget what the transaction did to objects, or hand it to the enclosing one.
    fn remove_snapshot(&self, session: &Session, cx: &Cx) -> Result<()> {
        if !self.is_nested() {
            if session.data().expire_on_commit.get() {
                session.expire_all(cx)?;
                let deleted = std::mem::take(&mut self.snapshot.borrow_mut().deleted);
                session.detach_states(&deleted.alive(), false, cx)?;
            }
            return Ok(());
        }
        let Some(parent) = &self.parent else {
            return Ok(());
        };
        let mut own = self.snapshot.borrow_mut();
        let mut outer = parent.snapshot.borrow_mut();
        for instance in own.new.alive() {
            outer.new.insert(&instance);
        }
        for instance in own.dirty.alive() {
            outer.dirty.insert(&instance);
        }
        for instance in own.deleted.alive() {
            outer.deleted.insert(&instance);
        }
        outer.key_switches.append(&mut own.key_switches);
        Ok(())
    }
}

/// A transaction as scripts hold it.
#[derive(Clone)]
pub struct TransactionHandle(pub Rc<SessionTransaction>);
