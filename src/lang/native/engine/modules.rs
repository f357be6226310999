//! The modules of the engine layer.

use super::{connection, create, database, dialect, pool, result, row, transaction, url};
use crate::engine::{dbapi, exc};
use crate::lang::native::sql;
use crate::object::{Cx, Export, Method, ModuleSpec, Value};

/// `create_engine`, the same function in every module that has it.
pub fn create_engine(_: &Cx) -> Value {
    Method::function("create_engine(url, **kwargs)", create::create_engine)
}

/// `engine_from_config`.
fn engine_from_config(_: &Cx) -> Value {
    Method::function(
        "engine_from_config(configuration, prefix='sqlalchemy.', **kwargs)",
        create::engine_from_config,
    )
}

/// `make_url`.
pub fn make_url(_: &Cx) -> Value {
    Method::function("make_url(name_or_url)", |bound, cx| {
        let given = bound.value("name_or_url");
        if cx.compat().is_14() && given.as_str().is_none() {
            return Ok(given.clone());
        }
        Ok(Value::object(url::make_url(given, cx)?))
    })
}

/// `create_mock_engine()`.
pub fn create_mock_engine(_: &Cx) -> Value {
    Method::function(
        "create_mock_engine(url, executor, **kw)",
        crate::lang::native::schema::create_mock_engine,
    )
}

/// The names of the exceptions and warnings of one version.
fn versioned_exception(name: &str, cx: &Cx) -> Option<Value> {
    let (_, export) = exc::VERSIONED
        .iter()
        .find(|(known, _)| *known == name && exc::is_versioned(name, cx.compat()))?;
    Some(export(cx))
}

/// `sqlalchemy.exc`.
pub static EXC: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.exc",
    names: exc::EXPORTS,
    unsupported: crate::lang::unsupported::names_of("sqlalchemy.exc"),
    dynamic: Some(|name, cx| match name {
        "DontWrapMixin" => Some(exc::DONT_WRAP_MIXIN.class().into()),
        "HasDescriptionCode" => Some(exc::HAS_DESCRIPTION_CODE.class().into()),
        _ => versioned_exception(name, cx),
    }),
};

const ENGINE_NAMES: &[(&str, Export)] = &[
    ("create_engine", create_engine),
    ("engine_from_config", engine_from_config),
    ("make_url", make_url),
    ("create_mock_engine", create_mock_engine),
    ("URL", |_| url::URL.class().into()),
    ("Engine", engine_class),
    ("Connection", connection_class),
    ("Transaction", |_| transaction::TRANSACTION.class().into()),
    ("RootTransaction", |_| {
        transaction::ROOT_TRANSACTION.class().into()
    }),
    ("NestedTransaction", |_| {
        transaction::NESTED_TRANSACTION.class().into()
    }),
    ("Result", |_| result::RESULT.class().into()),
    ("CursorResult", |_| result::CURSOR_RESULT.class().into()),
    ("LegacyCursorResult", |_| {
        result::LEGACY_CURSOR_RESULT.class().into()
    }),
    ("IteratorResult", |_| result::ITERATOR_RESULT.class().into()),
    ("ChunkedIteratorResult", |_| {
        result::CHUNKED_ITERATOR_RESULT.class().into()
    }),
    ("MergedResult", |_| result::MERGED_RESULT.class().into()),
    ("FilterResult", |_| result::FILTER_RESULT.class().into()),
    ("ScalarResult", |_| result::SCALAR_RESULT.class().into()),
    ("MappingResult", |_| result::MAPPING_RESULT.class().into()),
    ("TupleResult", |_| result::TUPLE_RESULT.class().into()),
    ("Row", |_| row::ROW.class().into()),
    ("LegacyRow", |_| row::LEGACY_ROW.class().into()),
    ("RowMapping", |_| row::ROW_MAPPING.class().into()),
    ("Dialect", |_| dialect::DEFAULT_DIALECT.class().into()),
];

/// `Engine` of `sqlalchemy.engine`.
pub fn engine_class(_: &Cx) -> Value {
    database::ENGINE.class().into()
}

/// `Connection` of `sqlalchemy.engine`.
pub fn connection_class(_: &Cx) -> Value {
    connection::CONNECTION.class().into()
}

/// A module with the names of `sqlalchemy.engine`.
const fn engine_module(name: &'static str) -> ModuleSpec {
    ModuleSpec {
        name,
        names: ENGINE_NAMES,
        unsupported: crate::lang::unsupported::names_of(name),
        dynamic: None,
    }
}

/// `sqlalchemy.engine`.
pub static ENGINE_MODULE: ModuleSpec = engine_module("sqlalchemy.engine");
/// `sqlalchemy.engine.base`.
pub static ENGINE_BASE: ModuleSpec = engine_module("sqlalchemy.engine.base");
/// `sqlalchemy.engine.url`.
pub static ENGINE_URL: ModuleSpec = engine_module("sqlalchemy.engine.url");
/// `sqlalchemy.engine.result`.
pub static ENGINE_RESULT: ModuleSpec = engine_module("sqlalchemy.engine.result");
/// `sqlalchemy.engine.row`.
pub static ENGINE_ROW: ModuleSpec = engine_module("sqlalchemy.engine.row");
/// `sqlalchemy.engine.cursor`.
pub static ENGINE_CURSOR: ModuleSpec = engine_module("sqlalchemy.engine.cursor");

macro_rules! sqlite3_names {
    ($($name:literal = $constant:ident),* $(,)?) => {
        &[$(($name, |_| dbapi::$constant.class().into())),*]
    };
}

/// `sqlalchemy.future`: 1.4's door to the style of 2.0.
pub static FUTURE: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.future",
    names: &[
        ("create_engine", |_| {
            Method::function("create_engine(url, **kwargs)", create::create_future_engine)
        }),
        ("Engine", |cx| {
            let future = cx.compat().is_14();
            let spec = if future {
                &database::FUTURE_ENGINE
            } else {
                &database::ENGINE
            };
            spec.class().into()
        }),
        ("Connection", |cx| {
            let future = cx.compat().is_14();
            let spec = if future {
                &connection::FUTURE_CONNECTION
            } else {
                &connection::CONNECTION
            };
            spec.class().into()
        }),
    ],
    unsupported: crate::lang::unsupported::names_of("sqlalchemy.future"),
    dynamic: Some(|name, cx| match name {
        "select" => {
            let (_, export) = sql::NAMES.iter().find(|(known, _)| *known == name)?;
            Some(export(cx))
        }
        _ => None,
    }),
};

/// The exceptions of `sqlite3`, for `except sqlite3.IntegrityError`.
pub static SQLITE3: ModuleSpec = ModuleSpec {
    name: "sqlite3",
    names: sqlite3_names! {
        "Warning" = WARNING,
        "Error" = ERROR,
        "InterfaceError" = INTERFACE_ERROR,
        "DatabaseError" = DATABASE_ERROR,
        "DataError" = DATA_ERROR,
        "OperationalError" = OPERATIONAL_ERROR,
        "IntegrityError" = INTEGRITY_ERROR,
        "InternalError" = INTERNAL_ERROR,
        "ProgrammingError" = PROGRAMMING_ERROR,
        "NotSupportedError" = NOT_SUPPORTED_ERROR,
    },
    unsupported: &[("connect", "create_engine(\"sqlite:///file.db\")")],
    dynamic: None,
};

/// The names that `sqlalchemy` itself has of the engine layer.
pub const TOP_NAMES: &[(&str, Export)] = &[
    ("create_engine", create_engine),
    ("engine_from_config", engine_from_config),
    ("make_url", make_url),
    ("create_mock_engine", create_mock_engine),
    ("URL", |_| url::URL.class().into()),
    ("Engine", engine_class),
    ("Connection", connection_class),
    ("Result", |_| result::RESULT.class().into()),
    ("CursorResult", |_| result::CURSOR_RESULT.class().into()),
    ("ScalarResult", |_| result::SCALAR_RESULT.class().into()),
    ("MappingResult", |_| result::MAPPING_RESULT.class().into()),
    ("Row", |_| row::ROW.class().into()),
    ("RowMapping", |_| row::ROW_MAPPING.class().into()),
    ("Transaction", |_| transaction::TRANSACTION.class().into()),
    ("RootTransaction", |_| {
        transaction::ROOT_TRANSACTION.class().into()
    }),
    ("NestedTransaction", |_| {
        transaction::NESTED_TRANSACTION.class().into()
    }),
    ("Pool", |_| pool::POOL.class().into()),
    ("QueuePool", |_| pool::QUEUE_POOL.class().into()),
    ("NullPool", |_| pool::NULL_POOL.class().into()),
    ("StaticPool", |_| pool::STATIC_POOL.class().into()),
    ("SingletonThreadPool", |_| {
        pool::SINGLETON_THREAD_POOL.class().into()
    }),
    ("AssertionPool", |_| pool::ASSERTION_POOL.class().into()),
    ("Dialect", |_| dialect::DEFAULT_DIALECT.class().into()),
];
