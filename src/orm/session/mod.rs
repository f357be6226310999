//! The session: the objects it holds, its transactions, and what it does with them.

mod binds;
mod bulk;
mod events;
mod execute;
mod execute_state;
mod flush;
mod get;
mod lifecycle;
mod maker;
mod merge;
mod refresh;
mod snapshot;
mod state_change;
mod transaction;
mod transaction_context;

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::{Rc, Weak};

pub use binds::{Bind, BindArguments, BindKey};
pub use bulk::{BulkSave, bulk_row};
pub use events::{
    ClassListeners, FlushContext, MakerClass, SessionEvents, SessionListener, Sessions,
};
pub use execute::{ExecuteCall, is_orm, subject_of};
pub use execute_state::{ExecuteState, ExecuteStateHandle};
pub use get::{Found, GetCall, expect_mapper};
pub use lifecycle::{expect_instance, make_transient, make_transient_to_detached, session_of};
pub use maker::{ScopedSession, SessionMaker, close_all_sessions};
pub use refresh::{RefreshCall, ambiguous_for_update};
pub use state_change::State;
pub use transaction::{Origin, SessionTransaction, TransactionHandle};

use super::hooks::{self, SessionHooks};
use super::{IdentityMap, InstanceSet, Passive, state_of};
use crate::engine::exc::{ARGUMENT_ERROR, INVALID_REQUEST_ERROR};
use crate::object::{Cx, Dict, Instance, Result, Str, TypeSpec, Value};

/// A session; a cheap handle.
#[derive(Clone)]
pub struct Session(Rc<SessionData>);

/// How a new session is to behave.
#[derive(Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an argument of Session()"
)]
#[expect(missing_docs, reason = "the names are those of the arguments")]
pub struct SessionOptions {
    pub bind: Option<Bind>,
    pub autoflush: bool,
    pub future: bool,
    pub expire_on_commit: bool,
    pub autobegin: bool,
    pub autocommit: bool,
    pub twophase: bool,
    pub binds: Vec<(BindKey, Bind)>,
    pub info: Option<Rc<Dict>>,
    pub query_class: Value,
    pub join_transaction_mode: Str,
    pub close_resets_only: bool,
}

impl SessionOptions {
    /// What `Session()` means in this version.
    pub fn new(cx: &Cx) -> Self {
        Self {
            bind: None,
            autoflush: true,
            future: cx.compat().is_20(),
            expire_on_commit: true,
            autobegin: true,
            autocommit: false,
            twophase: false,
            binds: Vec::new(),
            info: None,
            query_class: Value::None,
            join_transaction_mode: Str::new("conditional_savepoint"),
            close_resets_only: true,
        }
    }
}

/// What a session holds.
pub struct SessionData {
    id: u32,
    this: Weak<Self>,
    /// The object of a script's subclass of `Session`, where the session is one.
    subclass_instance: RefCell<Weak<Instance>>,
    pub(super) bind: RefCell<Option<Bind>>,
    pub(super) binds: RefCell<Vec<(BindKey, Bind)>>,
    /// The persistent objects.
    pub(super) identity: RefCell<IdentityMap>,
    /// The persistent objects with changes, held until they are flushed.
    pub(super) modified: RefCell<InstanceSet>,
    /// The pending objects.
    pub(super) new: RefCell<InstanceSet>,
    /// The objects marked for deletion.
    pub(super) deleted: RefCell<InstanceSet>,
    pub(super) transaction: RefCell<Option<Rc<SessionTransaction>>>,
    pub(super) nested: RefCell<Option<Rc<SessionTransaction>>>,
    /// The transaction of the innermost `with` block.
    pub(super) block: RefCell<Option<Rc<SessionTransaction>>>,
    pub(super) autoflush: Cell<bool>,
    pub(super) expire_on_commit: Cell<bool>,
    autobegin: bool,
    /// 1.4's mode in which transactions are begun by hand alone.
    autocommit: bool,
    pub(super) future: bool,
    twophase: bool,
    join_mode: Str,
    close_resets_only: bool,
    pub(super) permanently_closed: Cell<bool>,
    pub(super) flushing: Cell<bool>,
    pub(super) warns_on_events: Cell<bool>,
    /// Whether an autoflush is under way, which warnings mention.
    pub(super) autoflushing: Cell<bool>,
    info: OnceCell<Rc<Dict>>,
    pub(super) query_class: Value,
    pub(super) events: SessionEvents,
    /// The `sessionmaker` that made it.
    pub(super) maker: OnceCell<MakerClass>,
}

impl Session {
    /// A session.
    pub fn new(options: SessionOptions, cx: &Cx) -> Result<Self> {
        const MODES: [&str; 4] = [
            "conditional_savepoint",
            "rollback_only",
            "control_fully",
            "create_savepoint",
        ];
        if !MODES.contains(&options.join_transaction_mode.as_str()) {
            return Err(ARGUMENT_ERROR.error(format!(
                "invalid selection for join_transaction_mode: \"{}\"",
                options.join_transaction_mode
            )));
        }
        let id = hooks::next_session_id(cx);
        let data = Rc::new_cyclic(|this: &Weak<SessionData>| SessionData {
            id,
            this: this.clone(),
            subclass_instance: RefCell::default(),
            bind: RefCell::new(options.bind),
            binds: RefCell::default(),
            identity: RefCell::default(),
            modified: RefCell::default(),
            new: RefCell::default(),
            deleted: RefCell::default(),
            transaction: RefCell::default(),
            nested: RefCell::default(),
            block: RefCell::default(),
            autoflush: Cell::new(options.autoflush),
            expire_on_commit: Cell::new(options.expire_on_commit),
            autobegin: options.autobegin,
            autocommit: options.autocommit,
            future: options.future,
            twophase: options.twophase,
            join_mode: options.join_transaction_mode,
            close_resets_only: options.close_resets_only,
            permanently_closed: Cell::new(false),
            flushing: Cell::new(false),
            warns_on_events: Cell::new(false),
            autoflushing: Cell::new(false),
            info: OnceCell::new(),
            query_class: options.query_class,
            events: SessionEvents::default(),
            maker: OnceCell::new(),
        });
        let hooks: Rc<dyn SessionHooks> = data.clone();
        hooks::register_session(id, Rc::downgrade(&hooks), cx);
        let session = Self(data);
        for (key, bind) in options.binds {
            session.add_bind(key, bind);
        }
        if let Some(info) = options.info {
            drop(session.0.info.set(info));
        }
        Ok(session)
    }
    /// The handle of `data`.
    pub fn from_data(data: Rc<SessionData>) -> Self {
        Self(data)
    }
    /// What it holds.
    pub fn data(&self) -> &Rc<SessionData> {
        &self.0
    }
    /// The listeners for this session alone.
    pub fn events(&self) -> &SessionEvents {
        &self.0.events
    }
    /// Its number.
    pub fn id(&self) -> u32 {
        self.0.id
    }
    /// What identifies it.
    pub fn address(&self) -> usize {
        Rc::as_ptr(&self.0) as usize
    }
    /// `instance`, of a script's subclass, is this session.
    pub fn set_subclass_instance(&self, instance: &Rc<Instance>) {
        *self.0.subclass_instance.borrow_mut() = Rc::downgrade(instance);
    }
    /// As scripts see it.
    pub fn value(&self) -> Value {
        match self.0.subclass_instance.borrow().upgrade() {
            Some(instance) => Value::Instance(instance),
            None => Value::object(self.clone()),
        }
    }
    /// `query_cls=`; `None` is `Query`.
    pub fn query_class(&self) -> &Value {
        &self.0.query_class
    }
    /// `info`.
    pub fn info(&self) -> Rc<Dict> {
        self.0.info.get_or_init(Rc::default).clone()
    }
    /// Whether it behaves as a session of 2.0.
    pub fn is_future(&self) -> bool {
        self.0.future
    }
    /// Whether queries flush first.
    pub fn autoflush_flag(&self) -> bool {
        self.0.autoflush.get()
    }
    /// Have queries flush first, or not.
    pub fn set_autoflush(&self, on: bool) {
        self.0.autoflush.set(on);
    }
    /// Have a commit expire all objects, or not.
    pub fn set_expire_on_commit(&self, on: bool) {
        self.0.expire_on_commit.set(on);
    }
    /// Whether a commit expires all objects.
    pub fn expires_on_commit(&self) -> bool {
        self.0.expire_on_commit.get()
    }
    /// Take over `options` as far as a session may change.
    pub fn reconfigure(&self, options: SessionOptions) {
        if options.bind.is_some() {
            self.set_bind(options.bind);
        }
        self.set_autoflush(options.autoflush);
        self.set_expire_on_commit(options.expire_on_commit);
        for (key, bind) in options.binds {
            self.add_bind(key, bind);
        }
        if let Some(info) = options.info {
            drop(self.0.info.set(info));
        }
    }
    /// How it takes part in a transaction, or a SAVEPOINT, that its connection is in already.
    pub fn join_mode(&self, nested: bool, cx: &Cx) -> &str {
        // 1.4 commits what it finds only if that is a SAVEPOINT.
        match (self.0.join_mode.as_str(), nested) {
            _ if cx.compat().is_14() && nested => "control_fully",
            _ if cx.compat().is_14() => "rollback_only",
            ("conditional_savepoint", true) => "create_savepoint",
            ("conditional_savepoint", false) => "rollback_only",
            (given, _) => given,
        }
    }
    /// Issue a warning, mentioning an autoflush that is under way.
    pub fn warn(&self, category: &'static TypeSpec, message: &str, cx: &Cx) {
        if self.0.autoflushing.get() && cx.compat().is_20() {
            cx.warn(
                category,
                &format!(
                    "{message} (This warning originated from the Session 'autoflush' process, \
                     which was invoked automatically in response to a user-initiated operation. \
                     Consider using ``no_autoflush`` context manager if this warning happened \
                     while initializing objects.)"
                ),
            );
        } else {
            cx.warn(category, message);
        }
    }

    /// Whether transactions are to be prepared before they are committed.
    pub fn is_twophase(&self) -> bool {
        self.0.twophase
    }
    /// Whether a transaction was begun.
    pub fn in_transaction(&self) -> bool {
        self.0.transaction.borrow().is_some()
    }
    /// Whether a SAVEPOINT was begun.
    pub fn in_nested_transaction(&self) -> bool {
        self.0.nested.borrow().is_some()
    }
    /// The outermost transaction.
    pub fn get_transaction(&self) -> Option<Rc<SessionTransaction>> {
        let mut found = self.0.transaction.borrow().clone()?;
        while let Some(parent) = found.parent().cloned() {
            found = parent;
        }
        Some(found)
    }
    /// The innermost SAVEPOINT.
    pub fn get_nested_transaction(&self) -> Option<Rc<SessionTransaction>> {
        self.0.nested.borrow().clone()
    }
    /// Whether it can be used: no flush failed since the last rollback.
    pub fn is_active(&self) -> bool {
        match self.0.transaction.borrow().as_ref() {
            Some(transaction) => transaction.is_active(),
            None => !self.0.autocommit,
        }
    }
    /// Whether transactions are begun by hand alone (1.4's `autocommit=True`).
    pub fn is_autocommit(&self) -> bool {
        self.0.autocommit
    }
    /// Whether no transaction is begun, nor will be by itself.
    pub(super) fn is_outside(&self) -> bool {
        self.0.autocommit && self.0.transaction.borrow().is_none()
    }
    /// Begin where use of the session begins by itself.
    pub(super) fn note_use(&self, cx: &Cx) -> Result<()> {
        if !self.is_outside() {
            self.autobegin(false, cx)?;
        }
        Ok(())
    }
    /// What a flush does its work in: a part of the current transaction, or one of its own.
    pub(super) fn begin_work(&self, cx: &Cx) -> Result<Rc<SessionTransaction>> {
        if self.is_outside() {
            return self.autobegin(true, cx);
        }
        self.autobegin(false, cx)?.begin_inside(false, cx)
    }
    /// The current transaction, of which there must be one.
    fn expect_transaction(&self, cx: &Cx) -> Result<Rc<SessionTransaction>> {
        if self.is_outside() {
            return Err(INVALID_REQUEST_ERROR.error("No transaction is begun."));
        }
        self.autobegin(false, cx)
    }
    /// The current transaction, begun where there is none.
    pub fn autobegin(&self, explicit: bool, cx: &Cx) -> Result<Rc<SessionTransaction>> {
        let current = self.0.transaction.borrow().clone();
        if let Some(transaction) = current {
            return Ok(transaction);
        }
        if !explicit && !self.0.autobegin {
            return Err(INVALID_REQUEST_ERROR.error(
                "Autobegin is disabled on this Session; please call session.begin() to start a \
                 new transaction",
            ));
        }
        let origin = if explicit {
            Origin::Begin
        } else {
            Origin::AutoBegin
        };
        SessionTransaction::begin(self, origin, None, cx)
    }
    /// `begin()`, `begin_nested()`.
    pub fn begin(&self, nested: bool, cx: &Cx) -> Result<Rc<SessionTransaction>> {
        let current = self.0.transaction.borrow().clone();
        let transaction = match current {
            Some(_) if !nested => {
                return Err(
                    INVALID_REQUEST_ERROR.error("A transaction is already begun on this Session.")
                );
            }
            Some(transaction) => transaction,
            None => self.autobegin(true, cx)?,
        };
        if !nested {
            return Ok(transaction);
        }
        let transaction = transaction.begin_inside(true, cx)?;
        *self.0.nested.borrow_mut() = Some(transaction.clone());
        Ok(transaction)
    }
    /// `commit()`.
    pub fn commit(&self, cx: &Cx) -> Result<()> {
        let to_root = self.0.future;
        self.expect_transaction(cx)?.commit(to_root, cx)
    }
    /// `rollback()`.
    pub fn rollback(&self, cx: &Cx) -> Result<()> {
        let current = self.0.transaction.borrow().clone();
        match current {
            Some(transaction) => transaction.rollback(None, self.0.future, cx),
            None => Ok(()),
        }
    }
    /// `prepare()`.
    pub fn prepare(&self, cx: &Cx) -> Result<()> {
        self.expect_transaction(cx)?.prepare(cx)
    }
    /// `close()`, `reset()`, `invalidate()`.
    pub fn close(&self, invalidate: bool, is_reset: bool, cx: &Cx) -> Result<()> {
        if !is_reset && !self.0.close_resets_only {
            self.0.permanently_closed.set(true);
        }
        self.expunge_all(cx)?;
        let mut current = self.0.transaction.borrow().clone();
        while let Some(transaction) = current {
            current = transaction.parent().cloned();
            transaction.close(invalidate, cx)?;
        }
        Ok(())
    }
}

impl SessionData {
    fn session(&self) -> Option<Session> {
        self.this.upgrade().map(Session)
    }
}

impl SessionHooks for SessionData {
    fn value(&self) -> Value {
        self.session()
            .map_or(Value::None, |session| session.value())
    }
    fn note_modified(&self, instance: &Rc<Instance>, cx: &Cx) -> Result<()> {
        let Some(session) = self.session() else {
            return Ok(());
        };
        session.hold_modified(instance);
        if self.transaction.borrow().is_none() {
            session.note_use(cx)?;
        }
        Ok(())
    }
    fn contains(&self, instance: &Rc<Instance>) -> bool {
        self.session()
            .is_some_and(|session| session.contains(instance))
    }
    fn is_pending(&self, instance: &Rc<Instance>) -> bool {
        self.new.borrow().contains(instance)
    }
    fn save_or_update(&self, instance: &Rc<Instance>, cx: &Cx) -> Result<()> {
        match self.session() {
            Some(session) => session.save_or_update(instance, cx),
            None => Ok(()),
        }
    }
    fn expunge(&self, instance: &Rc<Instance>, cx: &Cx) -> Result<()> {
        match self.session() {
            Some(session) => session.expunge(&Value::Instance(instance.clone()), cx),
            None => Ok(()),
        }
    }
    fn warn_in_flush(&self, what: &str, cx: &Cx) {
        if let (true, Some(session)) = (self.warns_on_events.get(), self.session()) {
            session.flush_warning(what, cx);
        }
    }
    fn cascades_backrefs(&self) -> bool {
        !self.future
    }
}

/// Whether `instance` has columns whose value reading would load.
pub fn is_expired(instance: &Rc<Instance>) -> bool {
    state_of(instance).is_some_and(super::InstanceState::is_expired)
}

/// What reading related objects may do where nothing is to be loaded.
pub const QUIET: Passive = Passive::NO_INITIALIZE;

impl Drop for SessionData {
    fn drop(&mut self) {
        hooks::forget_session(self.id, &Cx::current());
    }
}
