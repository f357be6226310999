//! The modules `sqlalchemy.dialects.*`.

use std::rc::Rc;

use super::dml::{dialect_insert, insert_class};
use crate::engine::exc::NO_SUCH_MODULE_ERROR;
use crate::lang::native::sql::{POSTGRESQL_NAMES, mysql_match};
use crate::object::{Cx, Export, Method, ModuleSpec, Result, Value};
use crate::sql::dialects::{DIALECT_TYPES, Dialect, DialectObject, dialect_named};
use crate::sql::types::TYPES;

/// The dialect `name`.
pub fn named(name: &str, cx: &Cx) -> Result<Rc<Dialect>> {
    match dialect_named(name) {
        Some(spec) => Ok(Rc::new(spec.make(cx.compat()))),
        None => {
            Err(NO_SUCH_MODULE_ERROR
                .error(format!("Can't load plugin: sqlalchemy.dialects:{name}")))
        }
    }
}

fn dialect_function(name: &'static str) -> Value {
    Method::function("dialect(**kw)", move |bound, cx| {
        let mut dialect = (*named(name, cx)?).clone();
        for (option, value) in bound.keywords() {
            match option.as_str() {
                "paramstyle" => {
                    if let Some(style) = value
                        .as_str()
                        .and_then(crate::sql::dialects::ParamStyle::named)
                    {
                        dialect.paramstyle = style;
                    }
                }
                "json_serializer" => dialect.json_serializer = Some(value.clone()),
                "json_deserializer" => dialect.json_deserializer = Some(value.clone()),
                "label_length" => {
                    dialect.label_length = value
                        .as_int()
                        .and_then(|length| usize::try_from(length).ok());
                }
                "use_ansi" => dialect.use_ansi = cx.truthy(value)?,
                _ => {}
            }
        }
        Ok(Value::object(DialectObject::new(dialect)))
    })
}

/// A type of the dialect `name`, or a generic one that its module hands on.
fn type_named(dialect: &str, name: &str) -> Option<Value> {
    let own = DIALECT_TYPES
        .iter()
        .filter(|(of, _)| *of == dialect)
        .flat_map(|(_, types)| types.iter());
    let upper = name
        .chars()
        .all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit());
    own.copied()
        .find(|class| class.name() == name)
        .or_else(|| {
            TYPES
                .iter()
                .copied()
                .find(|class| class.name() == name && upper)
        })
        .map(|class| Value::Class(class.spec.class()))
}

/// A type or construct of the dialect `name`.
fn name_of(dialect: &str, name: &str, cx: &Cx) -> Option<Value> {
    if dialect == "postgresql"
        && let Some((_, export)) = POSTGRESQL_NAMES.iter().find(|(known, _)| *known == name)
    {
        // 1.4 has no classes for the functions of text search.
        let search =
            name.ends_with("_tsquery") || name.ends_with("tsvector") || name == "ts_headline";
        return (cx.compat().is_20() || !search).then(|| export(cx));
    }
    match (dialect, name) {
        ("mysql", "match") => Some(Method::function("match(*cols, **kw)", mysql_match)),
        _ => type_named(dialect, name),
    }
}

macro_rules! dialect_modules {
    ($($module:ident $base:ident = $name:literal $types:literal $insert:literal;)*) => {
        $(
            #[doc = concat!("`sqlalchemy.dialects.", $name, "`.")]
            pub static $module: ModuleSpec = ModuleSpec {
                name: concat!("sqlalchemy.dialects.", $name),
                names: &[
                    ("dialect", |_| dialect_function($name)),
                    ("insert", |_| dialect_insert($insert)),
                    ("Insert", |_| Value::Class(insert_class($insert).class())),
                ],
                unsupported: crate::lang::unsupported::names_of(concat!("sqlalchemy.dialects.", $name)),
                dynamic: Some(|name, cx| name_of($types, name, cx)),
            };
            #[doc = concat!("`sqlalchemy.dialects.", $name, ".base`.")]
            pub static $base: ModuleSpec = ModuleSpec {
                name: concat!("sqlalchemy.dialects.", $name, ".base"),
                names: $module.names,
                unsupported: crate::lang::unsupported::names_of(concat!("sqlalchemy.dialects.", $name, ".base")),
                dynamic: Some(|name, cx| name_of($types, name, cx)),
            };
        )*
    };
}

dialect_modules! {
    SQLITE SQLITE_BASE = "sqlite" "sqlite" "sqlite";
    POSTGRESQL POSTGRESQL_BASE = "postgresql" "postgresql" "postgresql";
    MYSQL MYSQL_BASE = "mysql" "mysql" "mysql";
    MARIADB MARIADB_BASE = "mariadb" "mysql" "mysql";
    MSSQL MSSQL_BASE = "mssql" "mssql" "mssql";
    ORACLE ORACLE_BASE = "oracle" "oracle" "oracle";
}

macro_rules! driver_modules {
    ($($module:ident = $path:literal $dialect:literal;)*) => {
        $(
            #[doc = concat!("`", $path, "`.")]
            pub static $module: ModuleSpec = ModuleSpec {
                name: $path,
                names: &[("dialect", |_| dialect_function($dialect))],
                unsupported: crate::lang::unsupported::names_of($path),
                dynamic: None,
            };
        )*
    };
}

driver_modules! {
    PSYCOPG2 = "sqlalchemy.dialects.postgresql.psycopg2" "postgresql+psycopg2";
    PSYCOPG = "sqlalchemy.dialects.postgresql.psycopg" "postgresql+psycopg";
    ASYNCPG = "sqlalchemy.dialects.postgresql.asyncpg" "postgresql+asyncpg";
    PYSQLITE = "sqlalchemy.dialects.sqlite.pysqlite" "sqlite";
    MYSQLDB = "sqlalchemy.dialects.mysql.mysqldb" "mysql+mysqldb";
    PYMYSQL = "sqlalchemy.dialects.mysql.pymysql" "mysql+pymysql";
}

/// `sqlalchemy.dialects`: the modules by name.
pub static DIALECTS: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.dialects",
    names: MODULE_NAMES,
    unsupported: crate::lang::unsupported::names_of("sqlalchemy.dialects"),
    dynamic: None,
};

const MODULE_NAMES: &[(&str, Export)] = &[
    ("sqlite", |_| module(&SQLITE)),
    ("postgresql", |_| module(&POSTGRESQL)),
    ("mysql", |_| module(&MYSQL)),
    ("mariadb", |_| module(&MARIADB)),
    ("mssql", |_| module(&MSSQL)),
    ("oracle", |_| module(&ORACLE)),
];

fn module(spec: &'static ModuleSpec) -> Value {
    Value::object(crate::object::Module::new(spec))
}

/// Every module of this file.
pub const MODULES: &[&ModuleSpec] = &[
    &DIALECTS,
    &SQLITE,
    &SQLITE_BASE,
    &POSTGRESQL,
    &POSTGRESQL_BASE,
    &MYSQL,
    &MYSQL_BASE,
    &MARIADB,
    &MARIADB_BASE,
    &MSSQL,
    &MSSQL_BASE,
    &ORACLE,
    &ORACLE_BASE,
    &PSYCOPG2,
    &PSYCOPG,
    &ASYNCPG,
    &PYSQLITE,
    &MYSQLDB,
    &PYMYSQL,
];
