//! Dialects as scripts see them.

use crate::engine::{Dialect, DialectKind};
use crate::object::types::OBJECT;
use crate::object::{Members, Object, TypeSpec, Value};

/// `sqlalchemy.engine.default.DefaultDialect`.
pub static DEFAULT_DIALECT: TypeSpec = TypeSpec::new("sqlalchemy.engine.default", "DefaultDialect")
    .bases(&[&OBJECT])
    .members(members)
    .construct(|_, _, _| Ok(Value::object(Dialect::generic())));
/// What `str()` of a statement compiles for.
pub static STR_COMPILE_DIALECT: TypeSpec =
    TypeSpec::new("sqlalchemy.engine.default", "StrCompileDialect").bases(&[&DEFAULT_DIALECT]);
/// SQLite's dialect.
pub static SQLITE_DIALECT: TypeSpec = TypeSpec::new(
    "sqlalchemy.dialects.sqlite.pysqlite",
    "SQLiteDialect_pysqlite",
)
.bases(&[&DEFAULT_DIALECT])
.construct(|_, _, _| Ok(Value::object(Dialect::sqlite())));
/// PostgreSQL's dialect.
pub static POSTGRESQL_DIALECT: TypeSpec = TypeSpec::new(
    "sqlalchemy.dialects.postgresql.psycopg2",
    "PGDialect_psycopg2",
)
.bases(&[&DEFAULT_DIALECT])
.construct(|_, _, _| Ok(Value::object(Dialect::postgresql())));
/// MySQL's dialect.
pub static MYSQL_DIALECT: TypeSpec =
    TypeSpec::new("sqlalchemy.dialects.mysql.mysqldb", "MySQLDialect_mysqldb")
        .bases(&[&DEFAULT_DIALECT])
        .construct(|_, _, _| Ok(Value::object(Dialect::mysql())));

fn members(members: &mut Members) {
    members
        .getter("name", |dialect: &Dialect, _| Ok(dialect.name.into()))
        .getter("driver", |dialect: &Dialect, _| Ok(dialect.driver.into()))
        .getter("paramstyle", |dialect: &Dialect, _| {
            Ok(dialect.paramstyle.name().into())
        })
        .getter("positional", |dialect: &Dialect, _| {
            Ok(Value::Bool(dialect.paramstyle.is_positional()))
        })
        .getter("server_version_info", |dialect: &Dialect, _| {
            let (major, minor, patch) = dialect.server_version;
            let numbers = [major, minor, patch];
            Ok(Value::tuple(
                numbers
                    .iter()
                    .map(|number| Value::Int(i64::from(*number)))
                    .collect(),
            ))
        })
        .getter("default_schema_name", |dialect: &Dialect, _| {
            Ok(dialect.default_schema_name.into())
        })
        .getter("default_isolation_level", |dialect: &Dialect, _| {
            Ok(dialect.default_isolation_level.into())
        })
        .getter("max_identifier_length", |dialect: &Dialect, _| {
            let length = i64::try_from(dialect.max_identifier_length).unwrap_or(i64::MAX);
            Ok(Value::Int(length))
        })
        .getter("insert_returning", |dialect: &Dialect, _| {
            Ok(Value::Bool(dialect.insert_returning))
        })
        .getter("update_returning", |dialect: &Dialect, _| {
            Ok(Value::Bool(dialect.update_returning))
        })
        .getter("delete_returning", |dialect: &Dialect, _| {
            Ok(Value::Bool(dialect.delete_returning))
        })
        .getter("supports_sane_rowcount", |_: &Dialect, _| {
            Ok(Value::Bool(true))
        });
}

impl Object for Dialect {
    fn spec(&self) -> &'static TypeSpec {
        match self.kind {
            DialectKind::Default => &STR_COMPILE_DIALECT,
            DialectKind::Sqlite => &SQLITE_DIALECT,
            DialectKind::Postgresql => &POSTGRESQL_DIALECT,
            DialectKind::Mysql => &MYSQL_DIALECT,
        }
    }
    fn identity(&self) -> Option<usize> {
        Some(self.address())
    }
}
