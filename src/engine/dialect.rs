//! What the layers need to know of a database: a handle that carries its name and abilities.
//! How SQL is compiled for it is kept by the SQL layer, keyed by [`DialectKind`].

use std::rc::Rc;

use super::driver::{DriverConnection, OpenOptions, SqliteConnection};
use super::exc::ARGUMENT_ERROR;
use super::url::Url;
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{Cx, Result, Str, Value};

/// The databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DialectKind {
    /// `str()` of a statement without an engine.
    Default,
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgresql,
    /// MySQL and MariaDB.
    Mysql,
}

/// How parameters are written in SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Paramstyle {
    /// `?`.
    Qmark,
    /// `:1`.
    Numeric,
    /// `:name`.
    Named,
    /// `%s`.
    Format,
    /// `%(name)s`.
    Pyformat,
}

impl Paramstyle {
    /// The style of that name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "qmark" => Self::Qmark,
            "numeric" => Self::Numeric,
            "named" => Self::Named,
            "format" => Self::Format,
            "pyformat" => Self::Pyformat,
            _ => return None,
        })
    }
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Qmark => "qmark",
            Self::Numeric => "numeric",
            Self::Named => "named",
            Self::Format => "format",
            Self::Pyformat => "pyformat",
        }
    }
    /// Whether parameters are given by position.
    pub fn is_positional(self) -> bool {
        matches!(self, Self::Qmark | Self::Numeric | Self::Format)
    }
}

/// A dialect; a cheap handle.
#[derive(Clone)]
pub struct Dialect(Rc<DialectData>);

/// What a dialect knows.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an ability of its own"
)]
pub struct DialectData {
    /// Which database.
    pub kind: DialectKind,
    /// `dialect.name`.
    pub name: &'static str,
    /// `dialect.driver`.
    pub driver: &'static str,
    /// The class that reprs show, with its module.
    pub class: (&'static str, &'static str),
    /// How parameters are written.
    pub paramstyle: Paramstyle,
    /// The version of the server, or of the library.
    pub server_version: (u32, u32, u32),
    /// Whether INSERT .. RETURNING exists.
    pub insert_returning: bool,
    /// Whether UPDATE .. RETURNING exists.
    pub update_returning: bool,
    /// Whether DELETE .. RETURNING exists.
    pub delete_returning: bool,
    /// How many parameters one statement may have, for batches of insertmanyvalues.
    pub max_parameters: usize,
    /// How many rows a batch of insertmanyvalues has at most.
    pub insertmanyvalues_page_size: usize,
    /// `create_engine(use_insertmanyvalues=)`.
    pub use_insertmanyvalues: bool,
    /// The longest identifier.
    pub max_identifier_length: usize,
    /// The isolation level of a new connection.
    pub default_isolation_level: &'static str,
    /// The isolation levels that may be set.
    pub isolation_levels: &'static [&'static str],
    /// The schema of names without one.
    pub default_schema_name: Option<&'static str>,
    /// Arguments of `create_engine()` that the SQL layer takes: `json_serializer` and the like.
    pub arguments: Vec<(Str, Value)>,
}

impl std::ops::Deref for Dialect {
    type Target = DialectData;
    fn deref(&self) -> &DialectData {
        &self.0
    }
}

impl Dialect {
    /// A dialect of `data`.
    pub fn new(data: DialectData) -> Self {
        Self(Rc::new(data))
    }
    /// What `str(statement)` compiles for.
    pub fn generic() -> Self {
        Self::new(DialectData {
            kind: DialectKind::Default,
            name: "default",
            driver: "",
            class: ("sqlalchemy.engine.default", "StrCompileDialect"),
            paramstyle: Paramstyle::Named,
            server_version: (0, 0, 0),
            insert_returning: true,
            update_returning: true,
            delete_returning: true,
            max_parameters: 32_700,
            insertmanyvalues_page_size: 1000,
            use_insertmanyvalues: true,
            max_identifier_length: 9999,
            default_isolation_level: "",
            isolation_levels: &[],
            default_schema_name: None,
            arguments: Vec::new(),
        })
    }
    /// SQLite by way of `pysqlite`.
    pub fn sqlite() -> Self {
        Self::new(Self::sqlite_data())
    }
    /// What SQLite's dialect knows before any option.
    pub fn sqlite_data() -> DialectData {
        DialectData {
            kind: DialectKind::Sqlite,
            name: "sqlite",
            driver: "pysqlite",
            class: (
                "sqlalchemy.dialects.sqlite.pysqlite",
                "SQLiteDialect_pysqlite",
            ),
            paramstyle: Paramstyle::Qmark,
            server_version: sqlite_version(),
            insert_returning: true,
            update_returning: true,
            delete_returning: true,
            max_parameters: 32_700,
            insertmanyvalues_page_size: 1000,
            use_insertmanyvalues: true,
            max_identifier_length: 9999,
            default_isolation_level: "SERIALIZABLE",
            isolation_levels: &["READ UNCOMMITTED", "SERIALIZABLE", "AUTOCOMMIT"],
            default_schema_name: Some("main"),
            arguments: Vec::new(),
        }
    }
    /// PostgreSQL by way of `psycopg2`: for compilation only.
    pub fn postgresql() -> Self {
        Self::new(Self::postgresql_data())
    }
    /// What its dialect knows before any option.
    pub fn postgresql_data() -> DialectData {
        DialectData {
            kind: DialectKind::Postgresql,
            name: "postgresql",
            driver: "psycopg2",
            class: (
                "sqlalchemy.dialects.postgresql.psycopg2",
                "PGDialect_psycopg2",
            ),
            paramstyle: Paramstyle::Pyformat,
            max_identifier_length: 63,
            default_isolation_level: "READ COMMITTED",
            isolation_levels: &[
                "SERIALIZABLE",
                "READ UNCOMMITTED",
                "READ COMMITTED",
                "REPEATABLE READ",
                "AUTOCOMMIT",
            ],
            default_schema_name: Some("public"),
            server_version: (0, 0, 0),
            ..Self::sqlite_data()
        }
    }
    /// MySQL by way of `mysqlclient`: for compilation only.
    pub fn mysql() -> Self {
        Self::new(Self::mysql_data())
    }
    /// What its dialect knows before any option.
    pub fn mysql_data() -> DialectData {
        DialectData {
            kind: DialectKind::Mysql,
            name: "mysql",
            driver: "mysqldb",
            class: ("sqlalchemy.dialects.mysql.mysqldb", "MySQLDialect_mysqldb"),
            paramstyle: Paramstyle::Format,
            insert_returning: false,
            update_returning: false,
            delete_returning: false,
            max_identifier_length: 255,
            default_isolation_level: "REPEATABLE READ",
            isolation_levels: &[
                "SERIALIZABLE",
                "READ UNCOMMITTED",
                "READ COMMITTED",
                "REPEATABLE READ",
                "AUTOCOMMIT",
            ],
            default_schema_name: None,
            server_version: (0, 0, 0),
            ..Self::sqlite_data()
        }
    }
    /// The dialect of a URL's driver name, where there is one.
    pub fn of_name(drivername: &str) -> Option<DialectData> {
        Some(match drivername {
            "sqlite" | "sqlite+pysqlite" => Self::sqlite_data(),
            "postgresql" | "postgresql+psycopg2" => Self::postgresql_data(),
            "mysql" | "mysql+mysqldb" | "mariadb" => Self::mysql_data(),
            _ => return None,
        })
    }
    /// What identifies the dialect.
    pub fn address(&self) -> usize {
        Rc::as_ptr(&self.0) as usize
    }

    /// The argument `name` of `create_engine()`.
    pub fn argument(&self, name: &str) -> Option<&Value> {
        let (_, value) = self.arguments.iter().find(|(known, _)| known == name)?;
        Some(value).filter(|value| !value.is_none())
    }

    /// The statement that opens a savepoint.
    pub fn savepoint(&self, name: &str) -> Str {
        Str::new(format!("SAVEPOINT {name}"))
    }
    /// The statement that rolls back to a savepoint.
    pub fn rollback_to_savepoint(&self, name: &str) -> Str {
        Str::new(format!("ROLLBACK TO SAVEPOINT {name}"))
    }
    /// The statement that releases a savepoint.
    pub fn release_savepoint(&self, name: &str) -> Str {
        Str::new(format!("RELEASE SAVEPOINT {name}"))
    }

    /// Whether `url` has what this database takes.
    pub fn check_url(&self, url: &Url, cx: &Cx) -> Result<()> {
        match self.kind {
            DialectKind::Sqlite => sqlite_options(url, &[], cx).map(drop),
            _ => Ok(()),
        }
    }
    /// Whether `url` names a database that lives in memory only.
    pub fn is_memory(&self, url: &Url) -> bool {
        let database = url.database().map_or("", Str::as_str);
        self.kind == DialectKind::Sqlite
            && (database.is_empty()
                || database == ":memory:"
                || url
                    .query()
                    .iter()
                    .any(|(name, values)| name == "mode" && values.iter().any(|v| v == "memory")))
    }

    /// Open a connection.
    pub fn connect(
        &self,
        url: &Url,
        arguments: &[(Str, Value)],
        cx: &Cx,
    ) -> Result<Rc<dyn DriverConnection>> {
        match self.kind {
            DialectKind::Sqlite => {
                let options = sqlite_options(url, arguments, cx)?;
                Ok(Rc::new(SqliteConnection::open(&options, cx)?))
            }
            _ => Err(ARGUMENT_ERROR.error(format!(
                "There is no driver for '{}' databases here; use sqlite",
                self.name
            ))),
        }
    }
}

/// The version of SQLite that is linked.
pub fn sqlite_version() -> (u32, u32, u32) {
    let number = rusqlite::version_number().cast_unsigned();
    (number / 1_000_000, number / 1000 % 1000, number % 1000)
}

/// Parameters that the driver takes out of a URL's query by name.
const SQLITE_ARGUMENTS: &[&str] = &[
    "uri",
    "timeout",
    "isolation_level",
    "detect_types",
    "check_same_thread",
    "cached_statements",
];

/// Where to open a database and how, from the URL and `connect_args`.
fn sqlite_options(url: &Url, arguments: &[(Str, Value)], cx: &Cx) -> Result<OpenOptions> {
    if url.username().is_some()
        || url.host().is_some()
        || url.password().is_some()
        || url.port().is_some()
    {
        return Err(ARGUMENT_ERROR.error(format!(
            "Invalid SQLite URL: {}\nValid SQLite URL forms are:\n sqlite:///:memory: (or, \
             sqlite://)\n sqlite:///relative/path/to/file.db\n \
             sqlite:////absolute/path/to/file.db",
            url.text(cx.compat())
        )));
    }
    let mut options = OpenOptions {
        database: ":memory:".to_owned(),
        uri: false,
        timeout: 5.0,
        isolation_level: Some(String::new()),
    };
    let mut rest = Vec::new();
    for (name, values) in url.query() {
        let value = values.last().map_or("", |value| value.as_str());
        match name.as_str() {
            "uri" => options.uri = is_true(value),
            "timeout" => options.timeout = value.parse().unwrap_or(5.0),
            "isolation_level" => options.isolation_level = Some(value.to_owned()),
            known if SQLITE_ARGUMENTS.contains(&known) => {}
            _ => rest.push(format!("{name}={value}")),
        }
    }
    if let Some(database) = url.database().filter(|database| !database.is_empty()) {
        options.database = database.to_string();
    }
    for (name, value) in arguments {
        match (name.as_str(), value) {
            ("uri", value) => options.uri = cx.truthy(value)?,
            ("timeout", Value::Int(seconds)) => {
                options.timeout = f64::from(i32::try_from(*seconds).unwrap_or(i32::MAX));
            }
            ("timeout", Value::Float(seconds)) => options.timeout = *seconds,
            ("isolation_level", Value::None) => options.isolation_level = None,
            ("isolation_level", Value::Str(level)) => {
                options.isolation_level = Some(level.to_string());
            }
            (known, _) if SQLITE_ARGUMENTS.contains(&known) || known == "factory" => {}
            (unknown, _) => {
                return Err(TYPE_ERROR.error(format!(
                    "'{unknown}' is an invalid keyword argument for Connection()"
                )));
            }
        }
    }
    if options.uri && !rest.is_empty() {
        let join = if options.database.contains('?') {
            '&'
        } else {
            '?'
        };
        options.database = format!("{}{join}{}", options.database, rest.join("&"));
    }
    Ok(options)
}

fn is_true(text: &str) -> bool {
    matches!(
        text.to_ascii_lowercase().as_str(),
        "true" | "yes" | "on" | "y" | "t" | "1"
    )
}
