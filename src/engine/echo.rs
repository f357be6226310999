//! What the engine tells of its work: typed events with their causes. Nothing below the shell
//! prints; it listens here.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use super::parameters::Parameters;
use crate::object::{Cx, Str, Value};

/// How much of an engine's work is echoed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum EchoLevel {
    /// Nothing.
    #[default]
    Off,
    /// Statements and transactions.
    Info,
    /// Rows too.
    Debug,
}

/// Why a statement was emitted; causes stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// `Session.flush()`, or a commit's flush.
    Flush,
    /// A flush before a query.
    Autoflush {
        /// What asked for it.
        by: Str,
    },
    /// A relationship was read.
    LazyLoad {
        /// The class.
        class: Str,
        /// The relationship.
        attribute: Str,
    },
    /// A deferred column was read.
    DeferredLoad {
        /// The class.
        class: Str,
        /// The attributes.
        attribute: Str,
    },
    /// An expired object was read.
    Expired {
        /// The class.
        class: Str,
    },
    /// `Session.refresh()`.
    Refresh {
        /// The class.
        class: Str,
    },
    /// `Session.get()`.
    Get {
        /// The class.
        class: Str,
    },
    /// An eager loading strategy.
    EagerLoad {
        /// `selectin`, `subquery`, ...
        strategy: Str,
        /// The relationship, `User.addresses`.
        attribute: Str,
    },
    /// `Session.merge()`.
    Merge {
        /// The class.
        class: Str,
    },
    /// `MetaData.create_all()`.
    CreateAll,
    /// `MetaData.drop_all()`.
    DropAll,
    /// Reflection or inspection of the schema.
    Reflection,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flush => f.write_str("flush"),
            Self::Autoflush { by } => write!(f, "autoflush before {by}"),
            Self::LazyLoad { class, attribute } => write!(f, "lazy load of {class}.{attribute}"),
            Self::DeferredLoad { class, attribute } => {
                write!(f, "load of deferred {class}.{attribute}")
            }
            Self::Expired { class } => write!(f, "reload of an expired {class}"),
            Self::Refresh { class } => write!(f, "refresh of a {class}"),
            Self::Get { class } => write!(f, "get of a {class}"),
            Self::EagerLoad {
                strategy,
                attribute,
            } => write!(f, "{strategy} load of {attribute}"),
            Self::Merge { class } => write!(f, "merge of a {class}"),
            Self::CreateAll => f.write_str("create_all"),
            Self::DropAll => f.write_str("drop_all"),
            Self::Reflection => f.write_str("reflection"),
        }
    }
}

/// Where a compiled statement came from, as the log says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum StatsKind {
    /// Compiled for the first time on this engine.
    GeneratedIn(f64),
    /// Compiled before; the seconds since.
    CachedSince(f64),
    /// The construct can't be cached.
    NoKey(f64),
    /// `query_cache_size=0`.
    CachingDisabled(f64),
    /// A string for the driver.
    RawSql,
    /// A later batch of an insertmanyvalues.
    InsertManyValues,
}

/// The first part of a statement's second log record.
#[derive(Clone, Debug, PartialEq)]
pub struct Stats {
    /// Where the SQL came from.
    pub kind: StatsKind,
    /// What follows inside the brackets, ` 1/2 (ordered)` of an insertmanyvalues batch.
    pub suffix: String,
}

impl Stats {
    /// Stats without a suffix.
    pub fn new(kind: StatsKind) -> Self {
        Self {
            kind,
            suffix: String::new(),
        }
    }
    /// The text inside the brackets, without the suffix.
    fn kind_text(&self) -> Cow<'static, str> {
        match self.kind {
            StatsKind::GeneratedIn(seconds) => format!("generated in {seconds:.5}s").into(),
            StatsKind::CachedSince(seconds) => {
                format!("cached since {}s ago", four_digits(seconds)).into()
            }
            StatsKind::NoKey(seconds) => format!("no key {seconds:.5}s").into(),
            StatsKind::CachingDisabled(seconds) => format!("caching disabled {seconds:.5}s").into(),
            StatsKind::RawSql => "raw sql".into(),
            StatsKind::InsertManyValues => "insertmanyvalues".into(),
        }
    }
    /// The same with the times left out, `...` in their place, as SQLAlchemy's documentation
    /// shows it.
    fn timeless_kind(&self) -> Cow<'static, str> {
        match self.kind {
            StatsKind::InsertManyValues => self.kind_text(),
            _ => "...".into(),
        }
    }
}

/// C's `%.4g`.
fn four_digits(number: f64) -> String {
    if number == 0.0 || !number.is_finite() {
        return "0".to_owned();
    }
    let scientific = format!("{number:.3e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |text: &str| -> String {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text.to_owned()
        }
    };
    if (-4..4).contains(&exponent) {
        let decimals = usize::try_from(3 - exponent).unwrap_or(0);
        return trim(&format!("{number:.decimals$}"));
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", trim(digits), exponent.abs())
}

/// What happened.
#[derive(Clone, Debug)]
pub enum EventKind {
    /// A transaction began; the log's text.
    Begin(Str),
    /// A transaction was committed.
    Commit(Str),
    /// A transaction was rolled back.
    Rollback(Str),
    /// A statement is about to run.
    Statement {
        /// Its SQL as logged.
        sql: Str,
        /// Its parameters as logged.
        parameters: String,
        /// The parameters themselves.
        values: Parameters,
        /// Where the SQL came from.
        stats: Stats,
    },
    /// It returns rows of these columns.
    Columns(Rc<[Str]>),
    /// A row was fetched.
    Row(Vec<Value>),
    /// All rows were fetched, this many.
    ResultEnd(usize),
}

/// One event.
#[derive(Clone, Debug)]
pub struct Event {
    /// How much the connection echoes: `Off` where only a sink asked for the event.
    pub echo: EchoLevel,
    /// Which engine, numbered from 1 in order of creation.
    pub engine: u32,
    /// `create_engine(logging_name=)`.
    pub logging_name: Option<Str>,
    /// Which connection, numbered from 1 per session.
    pub connection: u64,
    /// The connection's `logging_token`.
    pub token: Option<Str>,
    /// Why, outermost first.
    pub causes: Vec<Cause>,
    /// What.
    pub kind: EventKind,
}

impl Event {
    /// Why, innermost first; empty where a script itself asked for it.
    pub fn reason(&self) -> String {
        let causes = self.causes.iter().rev().map(ToString::to_string);
        causes.collect::<Vec<_>>().join(", for ")
    }
    /// The records that Python's logging would show: `[tok] ` in front where there is a token.
    /// With `timeless`, times are left out of the stats.
    pub fn log_records(&self, timeless: bool, cx: &Cx) -> Vec<String> {
        let mut records = Vec::new();
        self.each_record(timeless, cx, |record| records.push(record.to_owned()));
        records
    }
    /// The same, one at a time.
    pub fn each_record(&self, timeless: bool, cx: &Cx, mut tell: impl FnMut(&str)) {
        match &self.kind {
            EventKind::Begin(text) | EventKind::Commit(text) | EventKind::Rollback(text) => {
                self.record(&[text], tell);
            }
            EventKind::Statement {
                sql,
                parameters,
                stats,
                ..
            } => {
                self.record(&[sql], &mut tell);
                let kind = if timeless {
                    stats.timeless_kind()
                } else {
                    stats.kind_text()
                };
                self.record(&["[", &kind, &stats.suffix, "] ", parameters], tell);
            }
            EventKind::Columns(names) if self.echo == EchoLevel::Debug => {
                let names: Vec<_> = names.iter().cloned().map(Value::Str).collect();
                let names = super::repr_tuple(&names, cx).unwrap_or_default();
                self.record(&["Col ", &names], tell);
            }
            EventKind::Row(values) if self.echo == EchoLevel::Debug => {
                let values = super::repr_row(values, cx).unwrap_or_default();
                self.record(&["Row ", &values], tell);
            }
            EventKind::Columns(_) | EventKind::Row(_) | EventKind::ResultEnd(_) => {}
        }
    }
    /// Tell a record of `parts`.
    fn record(&self, parts: &[&str], mut tell: impl FnMut(&str)) {
        match (&self.token, parts) {
            (None, [whole]) => tell(whole),
            (None, parts) => tell(&parts.concat()),
            (Some(token), parts) => tell(&format!("[{token}] {}", parts.concat())),
        }
    }
}

/// Hears of events.
pub trait EventSink {
    /// Something happened.
    fn event(&self, event: &Event, cx: &Cx);
    /// Whether events are wanted of connections that do not echo.
    fn wants_all(&self) -> bool {
        false
    }
    /// Whether rows are wanted.
    fn wants_rows(&self) -> bool {
        false
    }
}

/// The session's sinks and the stack of causes: `cx.service::<Echo>()`.
#[derive(Default)]
pub struct Echo {
    sinks: RefCell<Vec<Rc<dyn EventSink>>>,
    causes: RefCell<Vec<Cause>>,
    logger: Cell<EchoLevel>,
    engines: Cell<u32>,
    connections: Cell<u64>,
}

impl Echo {
    /// Add a sink.
    pub fn add_sink(&self, sink: Rc<dyn EventSink>) {
        self.sinks.borrow_mut().push(sink);
    }
    /// Remove a sink.
    pub fn remove_sink(&self, sink: &Rc<dyn EventSink>) {
        self.sinks
            .borrow_mut()
            .retain(|known| !Rc::ptr_eq(known, sink));
    }
    /// Whether some sink wants the events of connections that do not echo.
    pub fn wants_all(&self) -> bool {
        self.sinks.borrow().iter().any(|sink| sink.wants_all())
    }
    /// Whether some sink wants rows.
    pub fn wants_rows(&self) -> bool {
        self.sinks.borrow().iter().any(|sink| sink.wants_rows())
    }
    /// The level set on the logger `sqlalchemy.engine`, which counts for every engine.
    pub fn logger_level(&self) -> EchoLevel {
        self.logger.get()
    }
    /// Set the level of the logger `sqlalchemy.engine`.
    pub fn set_logger_level(&self, level: EchoLevel) {
        self.logger.set(level);
    }
    /// Tell the sinks.
    pub fn emit(&self, event: &Event, cx: &Cx) {
        let sinks = self.sinks.borrow().clone();
        for sink in sinks {
            if event.echo > EchoLevel::Off || sink.wants_all() {
                sink.event(event, cx);
            }
        }
    }
    /// Note why statements are emitted until the guard is dropped.
    #[must_use]
    pub fn because(self: &Rc<Self>, cause: Cause) -> CauseGuard {
        self.causes.borrow_mut().push(cause);
        CauseGuard(self.clone())
    }
    /// The causes, outermost first.
    pub fn causes(&self) -> Vec<Cause> {
        self.causes.borrow().clone()
    }
    pub(super) fn next_engine(&self) -> u32 {
        self.engines.set(self.engines.get() + 1);
        self.engines.get()
    }
    pub(super) fn next_connection(&self) -> u64 {
        self.connections.set(self.connections.get() + 1);
        self.connections.get()
    }
}

/// Note why statements are emitted until the guard is dropped.
#[must_use]
pub fn because(cause: Cause, cx: &Cx) -> CauseGuard {
    cx.service::<Echo>().because(cause)
}

/// Ends a cause when dropped.
pub struct CauseGuard(Rc<Echo>);

impl Drop for CauseGuard {
    fn drop(&mut self) {
        self.0.causes.borrow_mut().pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_as_python_formats_them() {
        let text = |seconds| Stats::new(StatsKind::CachedSince(seconds)).kind_text();
        assert_eq!(text(0.123_456), "cached since 0.1235s ago");
        assert_eq!(text(12_345.6), "cached since 1.235e+04s ago");
        assert_eq!(text(0.000_012_34), "cached since 1.234e-05s ago");
        assert_eq!(text(3.0), "cached since 3s ago");
    }
}
