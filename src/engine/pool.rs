//! Connection pools: what is kept between checkouts, by SQLAlchemy's classes.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use super::driver::DriverConnection;
use super::exc::{self, TIMEOUT_ERROR};
use super::hooks::{EngineEvent, EngineHooks};
use crate::object::{Cx, Dict, Result};

/// The pool classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolKind {
    /// One connection for the session, shared by nested checkouts.
    SingletonThread,
    /// One connection for everything.
    Static,
    /// A new connection per checkout.
    Null,
    /// Idle connections wait in a queue.
    Queue,
    /// At most one checkout at a time.
    Assertion,
}

impl PoolKind {
    /// The class's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::SingletonThread => "SingletonThreadPool",
            Self::Static => "StaticPool",
            Self::Null => "NullPool",
            Self::Queue => "QueuePool",
            Self::Assertion => "AssertionPool",
        }
    }
}

/// `create_engine(pool_size=, ...)`.
#[derive(Clone, Debug)]
pub struct PoolOptions {
    /// How many connections a queue keeps.
    pub size: i64,
    /// How many more may be checked out; -1 for any number.
    pub max_overflow: i64,
    /// How long a checkout waits, for the message.
    pub timeout: f64,
    /// Whether the connection given back last is taken first.
    pub lifo: bool,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            size: 5,
            max_overflow: 10,
            timeout: 30.0,
            lifo: false,
        }
    }
}

/// A connection of the driver with what scripts note about it (`connection.info`).
#[derive(Clone)]
pub struct PoolEntry {
    /// The driver's connection.
    pub driver: Rc<dyn DriverConnection>,
    /// `info`.
    pub info: Rc<Dict>,
}

type Opener = Box<dyn Fn(&Cx) -> Result<PoolEntry>>;
type Teller = Box<dyn Fn(EngineEvent<'_>, &Cx) -> Result<()>>;

/// A pool; a cheap handle.
#[derive(Clone)]
pub struct Pool(Rc<PoolData>);

struct PoolData {
    kind: PoolKind,
    options: PoolOptions,
    open: Opener,
    tell: Teller,
    hooks: Rc<EngineHooks>,
    opened: Cell<bool>,
    idle: RefCell<VecDeque<PoolEntry>>,
    /// The checkout that nested ones share, in a `SingletonThreadPool`.
    current: RefCell<Weak<Lease>>,
    checked_out: Cell<i64>,
    disposed: Cell<bool>,
}

/// A connection that is checked out; shared by nested checkouts of a `SingletonThreadPool`.
pub struct Lease {
    entry: PoolEntry,
    pool: Weak<PoolData>,
    users: Cell<u32>,
    isolation_changed: Cell<bool>,
    default_isolation: &'static str,
}

impl Lease {
    /// The driver's connection.
    pub fn driver(&self) -> &Rc<dyn DriverConnection> {
        &self.entry.driver
    }
    /// The driver's connection with what scripts note about it.
    pub fn entry(&self) -> &PoolEntry {
        &self.entry
    }
    /// What scripts note about the connection.
    pub fn info(&self) -> &Rc<Dict> {
        &self.entry.info
    }
    /// Change the isolation level until the connection is given back.
    pub fn set_isolation(&self, level: &str, cx: &Cx) -> Result<()> {
        self.entry.driver.set_isolation(level, cx)?;
        self.isolation_changed.set(true);
        Ok(())
    }
    /// Let go of the connection instead of giving it back.
    pub fn discard(&self) {
        let users = self.users.get().saturating_sub(1);
        self.users.set(users);
        if let (0, Some(pool)) = (users, self.pool.upgrade()) {
            pool.checked_out.set(pool.checked_out.get() - 1);
        }
    }
    /// Give the connection back; `reset` rolls back what may be open.
    pub fn release(&self, reset: bool) {
        let users = self.users.get().saturating_sub(1);
        self.users.set(users);
        if users > 0 {
            return;
        }
        let pool = self.pool.upgrade();
        if let Some(pool) = &pool {
            pool.say(EngineEvent::Reset(&self.entry));
        }
        if reset {
            self.entry.driver.reset();
        }
        if self.isolation_changed.take() {
            self.entry.driver.reset_isolation(self.default_isolation);
        }
        if let Some(pool) = pool {
            pool.take_back(&self.entry);
        }
    }
}

impl PoolData {
    /// Tell of what nobody can object to: an error of a listener ends there.
    fn say(&self, event: EngineEvent<'_>) {
        drop((self.tell)(event, &Cx::current()));
    }

    fn opened(&self, cx: &Cx) -> Result<PoolEntry> {
        let entry = (self.open)(cx)?;
        if !self.opened.replace(true) {
            (self.tell)(EngineEvent::FirstConnect(&entry), cx)?;
        }
        (self.tell)(EngineEvent::Connect(&entry), cx)?;
        Ok(entry)
    }

    fn take_back(&self, entry: &PoolEntry) {
        self.say(EngineEvent::Checkin(entry));
        self.checked_out.set(self.checked_out.get() - 1);
        let keep = !self.disposed.get()
            && match self.kind {
                PoolKind::Null => false,
                PoolKind::Queue => {
                    let waiting = self.idle.borrow().len();
                    self.options.size == 0
                        || i64::try_from(waiting).unwrap_or(i64::MAX) < self.options.size
                }
                PoolKind::SingletonThread | PoolKind::Static | PoolKind::Assertion => true,
            };
        if keep {
            self.idle.borrow_mut().push_back(entry.clone());
        } else {
            self.say(EngineEvent::Close(entry));
        }
    }

    fn take_idle(&self) -> Option<PoolEntry> {
        let mut idle = self.idle.borrow_mut();
        match self.kind {
            PoolKind::Null => None,
            PoolKind::Queue if self.options.lifo => idle.pop_back(),
            _ => idle.pop_front(),
        }
    }

    /// Whether a further checkout is allowed.
    fn check_room(&self) -> Result<()> {
        let out = self.checked_out.get();
        if self.kind == PoolKind::Assertion && out > 0 {
            return Err(crate::object::exceptions::ASSERTION_ERROR
                .error("connection is already checked out"));
        }
        let PoolOptions {
            size,
            max_overflow,
            timeout,
            ..
        } = self.options;
        if self.kind != PoolKind::Queue
            || size == 0
            || max_overflow < 0
            || out < size.saturating_add(max_overflow)
        {
            return Ok(());
        }
        let raised = TIMEOUT_ERROR.error(format!(
            "QueuePool limit of size {size} overflow {max_overflow} reached, connection timed \
             out, timeout {timeout:.2}"
        ));
        Err(exc::with_code(raised, "3o7r"))
    }
}

impl Pool {
    /// A pool that opens connections with `open`.
    pub(super) fn new(
        kind: PoolKind,
        options: PoolOptions,
        open: Opener,
        tell: Teller,
        hooks: Rc<EngineHooks>,
    ) -> Self {
        Self(Rc::new(PoolData {
            kind,
            options,
            open,
            tell,
            hooks,
            opened: Cell::new(false),
            idle: RefCell::default(),
            current: RefCell::default(),
            checked_out: Cell::new(0),
            disposed: Cell::new(false),
        }))
    }
    /// Its class.
    pub fn kind(&self) -> PoolKind {
        self.0.kind
    }
    /// The listeners of its engine.
    pub fn hooks(&self) -> &Rc<EngineHooks> {
        &self.0.hooks
    }
    /// What identifies the pool.
    pub fn address(&self) -> usize {
        Rc::as_ptr(&self.0) as usize
    }
    /// `pool_size`.
    pub fn size(&self) -> i64 {
        self.0.options.size
    }
    /// How many connections wait.
    pub fn checked_in(&self) -> usize {
        self.0.idle.borrow().len()
    }
    /// How many connections are out.
    pub fn checked_out(&self) -> i64 {
        self.0.checked_out.get()
    }
    /// How many connections there are beyond `pool_size`; negative while there are fewer.
    pub fn overflow(&self) -> i64 {
        let idle = i64::try_from(self.checked_in()).unwrap_or(i64::MAX);
        self.checked_out() + idle - self.0.options.size
    }
    /// `status()`.
    pub fn status(&self) -> String {
        match self.0.kind {
            PoolKind::Queue => format!(
                "Pool size: {}  Connections in pool: {} Current Overflow: {} Current Checked out \
                 connections: {}",
                self.size(),
                self.checked_in(),
                self.overflow(),
                self.checked_out()
            ),
            PoolKind::SingletonThread => {
                let all = self.checked_out() + i64::try_from(self.checked_in()).unwrap_or(0);
                format!("SingletonThreadPool id:{} size: {all}", self.address())
            }
            PoolKind::Null => "NullPool".to_owned(),
            PoolKind::Static => "StaticPool".to_owned(),
            PoolKind::Assertion => "AssertionPool".to_owned(),
        }
    }

    /// Check a connection out.
    pub fn checkout(&self, default_isolation: &'static str, cx: &Cx) -> Result<Rc<Lease>> {
        let shares = matches!(self.0.kind, PoolKind::SingletonThread | PoolKind::Static);
        if shares {
            let current = self.0.current.borrow().upgrade();
            if let Some(lease) = current.filter(|lease| lease.users.get() > 0) {
                lease.users.set(lease.users.get() + 1);
                return Ok(lease);
            }
        }
        self.0.check_room()?;
        let entry = match self.0.take_idle() {
            Some(entry) => entry,
            None => self.0.opened(cx)?,
        };
        (self.0.tell)(EngineEvent::Checkout(&entry), cx)?;
        self.0.checked_out.set(self.0.checked_out.get() + 1);
        let lease = Rc::new(Lease {
            entry,
            pool: Rc::downgrade(&self.0),
            users: Cell::new(1),
            isolation_changed: Cell::new(false),
            default_isolation,
        });
        if shares {
            *self.0.current.borrow_mut() = Rc::downgrade(&lease);
        }
        Ok(lease)
    }

    /// Close the connections that wait; those that are out close when given back.
    pub fn dispose(&self) {
        let idle = std::mem::take(&mut *self.0.idle.borrow_mut());
        for entry in &idle {
            self.0.say(EngineEvent::Close(entry));
        }
        self.0.disposed.set(true);
    }
}
