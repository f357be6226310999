//! Engines: a database with its pool, dialect and options.

use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::connection::{Connection, check_isolation_level};
use super::dialect::Dialect;
use super::echo::{Echo, EchoLevel};
use super::exc;
use super::hooks::{EngineEvent, EngineHooks};
use super::options::ExecutionOptions;
use super::parameters::Parameters;
use super::pool::{Lease, Pool, PoolEntry, PoolKind, PoolOptions};
use super::url::Url;
use crate::object::{Cx, Result, Str, Value};
use crate::util::Compat;

/// How to make an engine.
pub struct EngineOptions {
    /// The database.
    pub url: Url,
    /// Its dialect.
    pub dialect: Dialect,
    /// `echo` as given.
    pub echo: Value,
    /// `logging_name`.
    pub logging_name: Option<Str>,
    /// `hide_parameters`.
    pub hide_parameters: bool,
    /// `isolation_level`.
    pub isolation_level: Option<Str>,
    /// `execution_options`.
    pub execution_options: ExecutionOptions,
    /// `connect_args`.
    pub connect_args: Vec<(Str, Value)>,
    /// `poolclass`, or the database's own.
    pub pool_kind: PoolKind,
    /// `pool_size` and the like.
    pub pool_options: PoolOptions,
    /// `query_cache_size`.
    pub query_cache_size: i64,
    /// `enable_from_linting`.
    pub from_linting: bool,
    /// Whether this is a 1.4 engine without `future=True`.
    pub legacy: bool,
}

impl EngineOptions {
    /// The defaults for `url`.
    pub fn new(url: Url, dialect: Dialect) -> Self {
        Self {
            url,
            dialect,
            echo: Value::None,
            logging_name: None,
            hide_parameters: false,
            isolation_level: None,
            execution_options: ExecutionOptions::none(),
            connect_args: Vec::new(),
            pool_kind: PoolKind::SingletonThread,
            pool_options: PoolOptions::default(),
            query_cache_size: 500,
            from_linting: true,
            legacy: false,
        }
    }
}

/// An engine; a cheap handle.
#[derive(Clone)]
pub struct Engine(Rc<EngineData>);

struct EngineData {
    shared: Rc<Shared>,
    echo: RefCell<Value>,
    options: RefCell<ExecutionOptions>,
    derived: bool,
}

/// What an engine shares with those that `execution_options()` derives from it.
struct Shared {
    url: Url,
    dialect: Dialect,
    pool: RefCell<Pool>,
    number: u32,
    logging_name: Option<Str>,
    hide_parameters: bool,
    isolation_level: Option<Str>,
    connect_args: Vec<(Str, Value)>,
    pool_kind: PoolKind,
    pool_options: PoolOptions,
    query_cache_size: i64,
    from_linting: bool,
    legacy: bool,
    compat: Compat,
    echo: Rc<Echo>,
    hooks: Rc<EngineHooks>,
    everywhere: Rc<EngineHooks>,
    extras: RefCell<FxHashMap<TypeId, Rc<dyn Any>>>,
    connections: Cell<u64>,
}

/// The dialect of the session's newest engine: what a display writes statements in.
#[derive(Default)]
pub struct NewestDialect(RefCell<Option<Dialect>>);

impl NewestDialect {
    /// It; `None` before the first engine.
    pub fn get(&self) -> Option<Dialect> {
        self.0.borrow().clone()
    }
}

impl Engine {
    /// An engine; no connection is opened yet.
    pub fn new(options: EngineOptions, cx: &Cx) -> Self {
        let echo = cx.service::<Echo>();
        *cx.service::<NewestDialect>().0.borrow_mut() = Some(options.dialect.clone());
        let hooks: Rc<EngineHooks> = Rc::default();
        let shared = Shared {
            pool: RefCell::new(make_pool(&options, &hooks)),
            number: echo.next_engine(),
            url: options.url,
            dialect: options.dialect,
            logging_name: options.logging_name,
            hide_parameters: options.hide_parameters,
            isolation_level: options.isolation_level,
            connect_args: options.connect_args,
            pool_kind: options.pool_kind,
            pool_options: options.pool_options,
            query_cache_size: options.query_cache_size,
            from_linting: options.from_linting,
            legacy: options.legacy,
            compat: cx.compat(),
            echo,
            hooks,
            everywhere: cx.service::<EngineHooks>(),
            extras: RefCell::default(),
            connections: Cell::new(0),
        };
        Self(Rc::new(EngineData {
            shared: Rc::new(shared),
            echo: RefCell::new(options.echo),
            options: RefCell::new(options.execution_options),
            derived: false,
        }))
    }

    /// Its URL.
    pub fn url(&self) -> &Url {
        &self.0.shared.url
    }
    /// Its dialect.
    pub fn dialect(&self) -> &Dialect {
        &self.0.shared.dialect
    }
    /// Its pool.
    pub fn pool(&self) -> Pool {
        self.0.shared.pool.borrow().clone()
    }
    /// Its number in the session, from 1.
    pub fn number(&self) -> u32 {
        self.0.shared.number
    }
    /// `logging_name`.
    pub fn logging_name(&self) -> Option<&Str> {
        self.0.shared.logging_name.as_ref()
    }
    /// `hide_parameters`.
    pub fn hide_parameters(&self) -> bool {
        self.0.shared.hide_parameters
    }
    /// Whether this is a 1.4 engine without `future=True`.
    pub fn is_legacy(&self) -> bool {
        self.0.shared.legacy
    }
    /// The version whose engine this is.
    pub fn compat(&self) -> Compat {
        self.0.shared.compat
    }
    /// Whether it was derived by `execution_options()`.
    pub fn is_derived(&self) -> bool {
        self.0.derived
    }
    /// Whether SELECTs are checked for cartesian products.
    pub fn from_linting(&self) -> bool {
        self.0.shared.from_linting
    }
    /// `query_cache_size`.
    pub fn query_cache_size(&self) -> i64 {
        self.0.shared.query_cache_size
    }
    /// What a connection's isolation level is before any option.
    pub fn isolation_level(&self) -> Option<&Str> {
        self.0.shared.isolation_level.as_ref()
    }
    /// `echo` as given.
    pub fn echo(&self) -> Value {
        self.0.echo.borrow().clone()
    }
    /// Set `echo`.
    pub fn set_echo(&self, echo: Value) {
        *self.0.echo.borrow_mut() = echo;
    }
    /// How much new connections echo.
    pub fn echo_level(&self) -> EchoLevel {
        let own = match &*self.0.echo.borrow() {
            Value::Str(text) if text == "debug" => EchoLevel::Debug,
            Value::Undefined | Value::None | Value::Bool(false) | Value::Int(0) => EchoLevel::Off,
            _ => EchoLevel::Info,
        };
        own.max(self.0.shared.echo.logger_level())
    }
    /// The session's sinks.
    pub fn echo_service(&self) -> &Rc<Echo> {
        &self.0.shared.echo
    }
    /// Its execution options.
    pub fn options(&self) -> ExecutionOptions {
        self.0.options.borrow().clone()
    }
    /// `update_execution_options()`.
    pub fn update_options(&self, options: &ExecutionOptions) {
        let union = self.0.options.borrow().union(options);
        *self.0.options.borrow_mut() = union;
    }
    /// `execution_options()`: an engine that shares all but its options.
    #[must_use]
    pub fn with_options(&self, options: &ExecutionOptions) -> Self {
        Self(Rc::new(EngineData {
            shared: self.0.shared.clone(),
            echo: RefCell::new(self.echo()),
            options: RefCell::new(self.options().union(options)),
            derived: true,
        }))
    }
    /// What identifies the engine.
    pub fn address(&self) -> usize {
        Rc::as_ptr(&self.0) as usize
    }
    /// Whether both handles are of one engine.
    pub fn is(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
    /// What a layer keeps with the engine, its compiled statements for one; shared with the
    /// engines derived from it. Made at the first use.
    pub fn extra<T: Default + 'static>(&self) -> Rc<T> {
        let mut extras = self.0.shared.extras.borrow_mut();
        let extra = extras
            .entry(TypeId::of::<T>())
            .or_insert_with(|| Rc::new(T::default()))
            .clone();
        extra
            .downcast()
            .expect("an extra is kept under its own type")
    }
    /// Its listeners.
    pub fn hooks(&self) -> &Rc<EngineHooks> {
        &self.0.shared.hooks
    }
    /// Whether anyone listens.
    pub fn has_hooks(&self) -> bool {
        !self.0.shared.everywhere.is_empty() || !self.0.shared.hooks.is_empty()
    }
    /// Tell the listeners; the last statement that one of them put in place of its own.
    pub fn tell(&self, event: EngineEvent<'_>, cx: &Cx) -> Result<Option<(Str, Parameters)>> {
        let shared = &self.0.shared;
        tell(&shared.everywhere, &shared.hooks, event, cx)
    }

    /// `connect()`.
    pub fn connect(&self, cx: &Cx) -> Result<Connection> {
        Connection::open(self, cx)
    }
    /// A connection of the driver, out of the pool.
    pub fn checkout(&self, cx: &Cx) -> Result<Rc<Lease>> {
        let shared = &self.0.shared;
        let level = shared.dialect.default_isolation_level;
        let lease = self
            .pool()
            .checkout(level, cx)
            .map_err(|raised| exc::wrap(raised, None, cx))?;
        if let Some(level) = &shared.isolation_level {
            let level = Value::Str(level.clone());
            let checked = check_isolation_level(&shared.dialect, &level, cx);
            let set = checked.and_then(|level| lease.driver().set_isolation(&level, cx));
            if let Err(raised) = set {
                lease.release(false);
                return Err(raised);
            }
        }
        Ok(lease)
    }
    pub(super) fn next_connection(&self) -> u64 {
        let next = self.0.shared.connections.get() + 1;
        self.0.shared.connections.set(next);
        self.0.shared.echo.next_connection()
    }
    /// `dispose()`: drop the pool's connections and start with a new pool.
    pub fn dispose(&self) {
        let shared = &self.0.shared;
        self.pool().dispose();
        let options = EngineOptions {
            connect_args: shared.connect_args.clone(),
            pool_kind: shared.pool_kind,
            pool_options: shared.pool_options.clone(),
            ..EngineOptions::new(shared.url.clone(), shared.dialect.clone())
        };
        *shared.pool.borrow_mut() = make_pool(&options, &shared.hooks);
    }
}

/// Tell the listeners of every engine, then those of one.
fn tell(
    everywhere: &EngineHooks,
    own: &EngineHooks,
    event: EngineEvent<'_>,
    cx: &Cx,
) -> Result<Option<(Str, Parameters)>> {
    let mut replaced = None;
    for hook in everywhere.all().iter().chain(&own.all()) {
        let answer = match (&replaced, event) {
            (
                Some((sql, parameters)),
                EngineEvent::BeforeCursorExecute(connection, _, _, state),
            ) => {
                let event = EngineEvent::BeforeCursorExecute(connection, sql, parameters, state);
                hook.event(event, cx)?
            }
            _ => hook.event(event, cx)?,
        };
        replaced = answer.or(replaced);
    }
    Ok(replaced)
}

fn make_pool(options: &EngineOptions, hooks: &Rc<EngineHooks>) -> Pool {
    let (url, dialect) = (options.url.clone(), options.dialect.clone());
    let arguments = options.connect_args.clone();
    let options_hooks = hooks.clone();
    let hooks = hooks.clone();
    let open = move |cx: &Cx| {
        let entry = PoolEntry {
            driver: dialect.connect(&url, &arguments, cx)?,
            info: Rc::default(),
        };
        Ok(entry)
    };
    let teller = move |event: EngineEvent<'_>, cx: &Cx| {
        let everywhere = cx.service::<EngineHooks>();
        if everywhere.is_empty() && hooks.is_empty() {
            return Ok(());
        }
        tell(&everywhere, &hooks, event, cx).map(drop)
    };
    Pool::new(
        options.pool_kind,
        options.pool_options.clone(),
        Box::new(open),
        Box::new(teller),
        options_hooks,
    )
}
