//! `create_engine()` and its kin.

use super::connection::options_in;
use super::pool;
use super::url::{dialect_of, make_url};
use crate::engine::exc::ARGUMENT_ERROR;
use crate::engine::{
    Dialect, DialectData, Engine, EngineOptions, Paramstyle, PoolKind, PoolOptions, Url,
    check_isolation_level,
};
use crate::object::exceptions::{NOT_IMPLEMENTED_ERROR, TYPE_ERROR};
use crate::object::{Bound, Cx, Result, Str, Value, key_error, types};
use crate::util::Compat;

/// The keyword arguments, taken out one by one; what is left is an error.
struct Keywords {
    given: Vec<(Str, Value)>,
    /// The names that were looked for: those that there are.
    known: Vec<&'static str>,
}

impl Keywords {
    fn new(given: Vec<(Str, Value)>) -> Self {
        Self {
            given,
            known: Vec::new(),
        }
    }
    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        let at = self.given.iter().position(|(known, _)| known == name)?;
        Some(self.given.remove(at).1)
    }
    fn take_some(&mut self, name: &'static str) -> Option<Value> {
        self.take(name).filter(|value| !value.is_none())
    }
    fn flag(&mut self, name: &'static str, default: bool, cx: &Cx) -> Result<bool> {
        match self.take(name) {
            Some(value) => cx.truthy(&value),
            None => Ok(default),
        }
    }
    fn number(&mut self, name: &'static str) -> Option<i64> {
        self.take_some(name)?.as_int()
    }
}

/// `create_engine(url, **kwargs)`.
pub fn create_engine(bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    create(bound.value("url"), bound.keywords().to_vec(), cx)
}

/// `sqlalchemy.future.create_engine(url, **kwargs)`.
pub fn create_future_engine(bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let mut keywords = bound.keywords().to_vec();
    keywords.retain(|(name, _)| name != "future");
    keywords.push((Str::new("future"), Value::Bool(true)));
    create(bound.value("url"), keywords, cx)
}

/// `engine_from_config(configuration, prefix="sqlalchemy.", **kwargs)`.
pub fn engine_from_config(bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let prefix = match bound.some("prefix") {
        Some(prefix) => cx.str(prefix)?,
        None => "sqlalchemy.".to_owned(),
    };
    let Value::Dict(configuration) = types::base_value(bound.value("configuration")) else {
        return Err(TYPE_ERROR.error("engine_from_config() argument 'configuration' must be dict"));
    };
    let mut options = Vec::new();
    for (key, value) in configuration.borrow().iter() {
        let name = key
            .value()
            .as_str()
            .and_then(|key| key.strip_prefix(&*prefix));
        if let Some(name) = name {
            options.push((Str::new(name), coerced(name, value)));
        }
    }
    for (name, value) in bound.keywords() {
        options.retain(|(known, _)| known != name);
        options.push((name.clone(), value.clone()));
    }
    let mut keywords = Keywords::new(options);
    let Some(url) = keywords.take("url") else {
        return Err(key_error("url".into()));
    };
    create(&url, keywords.given, cx)
}

/// An option as a configuration file gives it, as text.
fn coerced(name: &str, value: &Value) -> Value {
    let Some(text) = value.as_str() else {
        return value.clone();
    };
    let truth = || match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" | "t" | "1" => Some(Value::Bool(true)),
        "false" | "no" | "off" | "n" | "f" | "0" => Some(Value::Bool(false)),
        _ => None,
    };
    let number = || text.trim().parse().ok().map(Value::Int);
    let coerced = match name {
        "echo" | "echo_pool" | "future" | "pool_pre_ping" | "pool_use_lifo" => truth(),
        "pool_timeout" | "pool_recycle" | "pool_size" | "max_overflow" | "query_cache_size" => {
            number()
        }
        _ => None,
    };
    coerced.unwrap_or_else(|| value.clone())
}

/// The engine that `create_engine(url, ..)` makes.
pub fn create(url: &Value, keywords: Vec<(Str, Value)>, cx: &Cx) -> Result<Value> {
    let mut keywords = Keywords::new(keywords);
    settle(&keywords, cx)?;
    refuse(&mut keywords, cx)?;
    let url = make_url(url, cx)?;
    let mut dialect = dialect_of(&url)?;
    if cx.compat().is_14() && dialect.name == "sqlite" {
        // 1.4 knows nothing of SQLite's RETURNING.
        dialect.insert_returning = false;
    }
    let isolation = dialect_arguments(&mut dialect, &mut keywords, cx)?;
    let dialect = Dialect::new(dialect);
    dialect.check_url(&url, cx)?;
    let legacy = legacy(&mut keywords, cx)?;
    let mut options = EngineOptions::new(url, dialect);
    options.legacy = legacy;
    options.isolation_level = match isolation {
        Some(level) => Some(check_later(&options.dialect, &level, cx)?),
        None => None,
    };
    pool_arguments(&mut options, &mut keywords, cx)?;
    engine_arguments(&mut options, &mut keywords, cx)?;
    leftovers(&keywords, &options)?;
    Ok(Value::object(Engine::new(options, cx)))
}

/// The first engine says which version a session is written for: `future=True` is 1.4's.
fn settle(keywords: &Keywords, cx: &Cx) -> Result<()> {
    if cx.compat_is_settled() {
        return Ok(());
    }
    let future = keywords.given.iter().find(|(name, _)| name == "future");
    let is_14 = match future {
        Some((_, value)) => cx.truthy(value)?,
        None => false,
    };
    cx.settle_compat(if is_14 { Compat::V14 } else { Compat::V20 });
    Ok(())
}

fn legacy(keywords: &mut Keywords, cx: &Cx) -> Result<bool> {
    match cx.compat() {
        Compat::V14 => Ok(!keywords.flag("future", false, cx)?),
        Compat::V20 => {
            if keywords.flag("future", true, cx)? {
                Ok(false)
            } else {
                Err(ARGUMENT_ERROR.error(
                    "The 'future' parameter passed to create_engine() may only be set to True.",
                ))
            }
        }
    }
}

/// Arguments that name what does not exist here.
fn refuse(keywords: &mut Keywords, cx: &Cx) -> Result<()> {
    if let Some(strategy) = keywords.take("strategy") {
        return Err(match strategy.as_str() {
            Some("mock") => NOT_IMPLEMENTED_ERROR.error(
                "create_engine(strategy=\"mock\") is not supported here; use create_mock_engine()",
            ),
            _ => ARGUMENT_ERROR.error(format!("unknown strategy: {}", cx.repr(&strategy)?)),
        });
    }
    for name in ["creator", "pool", "module", "plugins"] {
        if keywords.take_some(name).is_some() {
            return Err(NOT_IMPLEMENTED_ERROR.error(format!(
                "create_engine({name}=...) is not supported here; give a URL and connect_args"
            )));
        }
    }
    keywords.take("empty_in_strategy");
    Ok(())
}

/// Take the dialect's arguments; answers the isolation level.
fn dialect_arguments(
    dialect: &mut DialectData,
    keywords: &mut Keywords,
    cx: &Cx,
) -> Result<Option<Value>> {
    let style = keywords.take_some("paramstyle");
    if let Some(style) = style
        .as_ref()
        .and_then(Value::as_str)
        .and_then(Paramstyle::named)
    {
        dialect.paramstyle = style;
    }
    let size = |number: i64| usize::try_from(number).unwrap_or(1).max(1);
    if let Some(count) = keywords.number("insertmanyvalues_page_size") {
        dialect.insertmanyvalues_page_size = size(count);
    }
    if let Some(count) = keywords.number("max_identifier_length") {
        dialect.max_identifier_length = size(count);
    }
    dialect.use_insertmanyvalues = keywords.flag("use_insertmanyvalues", true, cx)?;
    for name in DIALECT_ARGUMENTS {
        if let Some(value) = keywords.take(name) {
            dialect.arguments.push((Str::new(*name), value));
        }
    }
    Ok(keywords.take_some("isolation_level"))
}

/// What the SQL layer reads from the dialect's arguments, or nothing here needs.
const DIALECT_ARGUMENTS: &[&str] = &[
    "json_serializer",
    "json_deserializer",
    "native_datetime",
    "label_length",
    "implicit_returning",
    "convert_unicode",
    "encoding",
    "compiler_linting",
    "server_side_cursors",
    "supports_native_boolean",
    "case_sensitive",
    "skip_autocommit_rollback",
];

/// The level as the real one takes it: a wrong one is an error of the first connection.
fn check_later(dialect: &Dialect, level: &Value, cx: &Cx) -> Result<Str> {
    match check_isolation_level(dialect, level, cx) {
        Ok(level) => Ok(level),
        Err(_) => cx.str(level).map(Str::new),
    }
}

/// The pool that the database gets unless told otherwise.
fn default_pool(dialect: &Dialect, url: &Url, compat: Compat) -> PoolKind {
    match (dialect.is_memory(url), compat) {
        (true, _) => PoolKind::SingletonThread,
        (false, Compat::V14) if dialect.kind == crate::engine::DialectKind::Sqlite => {
            PoolKind::Null
        }
        (false, _) => PoolKind::Queue,
    }
}

fn pool_arguments(options: &mut EngineOptions, keywords: &mut Keywords, cx: &Cx) -> Result<()> {
    options.pool_kind = match keywords.take_some("poolclass") {
        Some(Value::Class(class)) => pool::kind_of(&class).ok_or_else(|| {
            ARGUMENT_ERROR.error(format!("'{}' is no pool class known here", class.name()))
        })?,
        Some(other) => {
            return Err(TYPE_ERROR.error(format!("{} is no pool class", cx.repr(&other)?)));
        }
        None => default_pool(&options.dialect, &options.url, cx.compat()),
    };
    for name in [
        "pool_recycle",
        "pool_pre_ping",
        "pool_reset_on_return",
        "pool_events",
        "pool_logging_name",
        "echo_pool",
    ] {
        keywords.take(name);
    }
    let mut pool = PoolOptions::default();
    let is_queue = options.pool_kind == PoolKind::Queue;
    if is_queue || options.pool_kind == PoolKind::SingletonThread {
        pool.size = keywords.number("pool_size").unwrap_or(pool.size);
    }
    if is_queue {
        pool.max_overflow = keywords.number("max_overflow").unwrap_or(pool.max_overflow);
        pool.lifo = keywords.flag("pool_use_lifo", false, cx)?;
        match keywords.take_some("pool_timeout") {
            Some(Value::Float(seconds)) => pool.timeout = seconds,
            Some(Value::Int(seconds)) => {
                pool.timeout = f64::from(i32::try_from(seconds).unwrap_or(i32::MAX));
            }
            _ => {}
        }
    }
    options.pool_options = pool;
    Ok(())
}

fn engine_arguments(options: &mut EngineOptions, keywords: &mut Keywords, cx: &Cx) -> Result<()> {
    if let Some(echo) = keywords.take("echo") {
        options.echo = echo;
    }
    options.logging_name = match keywords.take_some("logging_name") {
        Some(name) => Some(Str::new(cx.str(&name)?)),
        None => None,
    };
    options.hide_parameters = keywords.flag("hide_parameters", false, cx)?;
    options.from_linting = keywords.flag("enable_from_linting", true, cx)?;
    options.query_cache_size = keywords.number("query_cache_size").unwrap_or(500);
    if let Some(mapping) = keywords.take("execution_options") {
        options.execution_options = options_in(&mapping);
    }
    if let Some(mapping) = keywords.take("connect_args") {
        options.connect_args = options_in(&mapping)
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
    }
    Ok(())
}

fn leftovers(keywords: &Keywords, options: &EngineOptions) -> Result<()> {
    if keywords.given.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = keywords
        .given
        .iter()
        .map(|(name, _)| format!("'{name}'"))
        .collect();
    let raised = TYPE_ERROR.error(format!(
        "Invalid argument(s) {} sent to create_engine(), using configuration {}/{}/Engine.  \
         Please check that the keyword arguments are appropriate for this combination of \
         components.",
        names.join(","),
        options.dialect.class.1,
        options.pool_kind.name()
    ));
    Err(match keywords.given.first() {
        Some((name, _)) => raised.misspelt(name, keywords.known.iter().copied()),
        None => raised,
    })
}
