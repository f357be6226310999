//! Dialects as compilation sees them: what each can do and how it spells names. A dialect is a
//! value, so that the compiler asks capabilities and not names.

mod object;
#[expect(non_upper_case_globals, reason = "the names are SQLAlchemy's")]
pub mod postgresql;
mod preparer;
mod reserved;
mod sqlite;
mod table;
mod type_ddl;

use std::rc::Rc;

use crate::engine::{Connection, Engine, ExecutionOptions};
use crate::object::{Cx, Str, Value};
use crate::util::Compat;

pub use object::DialectObject;
pub use preparer::QuotedName;
pub use table::{DIALECTS, DialectSpec, dialect_named};
pub use type_ddl::type_ddl;
pub(crate) use type_ddl::unsupported;

use crate::sql::types::TypeClass;

/// SQLite's own JSON type.
pub fn sqlite_json() -> &'static TypeClass {
    &sqlite::JSON
}

/// The types of each dialect.
pub static DIALECT_TYPES: &[(&str, &[&TypeClass])] = &[
    ("postgresql", postgresql::POSTGRESQL_TYPES),
    ("sqlite", sqlite::SQLITE_TYPES),
];

/// How bound parameters are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParamStyle {
    /// `?`
    Qmark,
    /// `:name`
    Named,
    /// `%s`
    Format,
    /// `%(name)s`
    Pyformat,
    /// `:1`
    Numeric,
    /// `$1`
    NumericDollar,
}

impl ParamStyle {
    /// The style of that name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "qmark" => Self::Qmark,
            "named" => Self::Named,
            "format" => Self::Format,
            "pyformat" => Self::Pyformat,
            "numeric" => Self::Numeric,
            "numeric_dollar" => Self::NumericDollar,
            _ => return None,
        })
    }
    /// As `paramstyle` names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Qmark => "qmark",
            Self::Named => "named",
            Self::Format => "format",
            Self::Pyformat => "pyformat",
            Self::Numeric => "numeric",
            Self::NumericDollar => "numeric_dollar",
        }
    }
    /// Whether parameters go by position.
    pub fn is_positional(self) -> bool {
        !matches!(self, Self::Named | Self::Pyformat)
    }
}

/// The databases whose SQL the compilers know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Backend {
    Default,
    Sqlite,
    Postgresql,
    Mysql,
    Mariadb,
    Mssql,
    Oracle,
}

impl Backend {
    /// MySQL or MariaDB.
    pub fn is_mysql(self) -> bool {
        matches!(self, Self::Mysql | Self::Mariadb)
    }
}

/// What a dialect is able to do; the names are those of SQLAlchemy's dialect attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    clippy::struct_excessive_bools,
    reason = "a table of capabilities"
)]
pub struct Capabilities {
    pub native_boolean: bool,
    /// Whether booleans that are no native ones get a CHECK.
    pub boolean_check: bool,
    pub native_enum: bool,
    pub native_uuid: bool,
    pub native_decimal: bool,
    pub alter: bool,
    pub comments: bool,
    pub inline_comments: bool,
    /// `INSERT INTO t DEFAULT VALUES`.
    pub default_values: bool,
    /// `INSERT INTO t VALUES (DEFAULT)`.
    pub default_metavalue: bool,
    /// `INSERT INTO t () VALUES ()`.
    pub empty_insert: bool,
    pub multivalues_insert: bool,
    pub sequences: bool,
    pub sequences_optional: bool,
    pub preexecute_sequences: bool,
    pub insert_returning: bool,
    pub update_returning: bool,
    pub delete_returning: bool,
    pub cte_follows_insert: bool,
    pub insertmanyvalues: bool,
    pub insertmanyvalues_max_parameters: usize,
    pub identity_columns: bool,
    /// Whether `/` between integers floors.
    pub div_is_floordiv: bool,
    pub order_by_label: bool,
    pub tuple_in_values: bool,
    pub postfetch_lastrowid: bool,
    /// Whether binds are followed by `::TYPE`.
    pub render_bind_casts: bool,
    pub max_identifier_length: usize,
}

/// The dialect of an engine, made once.
#[derive(Default)]
struct EngineDialect(std::cell::OnceCell<Rc<Dialect>>);

/// A dialect.
#[derive(Clone)]
pub struct Dialect {
    /// `sqlite`, `postgresql`; the key of variants and dialect options.
    pub name: &'static str,
    /// `pysqlite`, `psycopg2`.
    pub driver: &'static str,
    /// Which database.
    pub backend: Backend,
    /// Which SQLAlchemy it behaves as.
    pub compat: Compat,
    /// How bound parameters are written.
    pub paramstyle: ParamStyle,
    /// What it can do.
    pub can: Capabilities,
    /// `create_engine(json_serializer=)`.
    pub json_serializer: Option<Value>,
    /// `create_engine(json_deserializer=)`.
    pub json_deserializer: Option<Value>,
    /// `create_engine(label_length=)`.
    pub label_length: Option<usize>,
    /// Whether joins are written as joins; else as a list with their conditions in WHERE.
    pub use_ansi: bool,
    /// Schema names to render in place of others.
    pub schema_translate_map: Option<Rc<Vec<(Option<Str>, Option<Str>)>>>,
}

impl Dialect {
    /// The dialect of `str()`.
    pub fn default_dialect(compat: Compat) -> Rc<Self> {
        Rc::new(table::DEFAULT.make(compat))
    }
    /// The SQLite dialect.
    pub fn sqlite(compat: Compat) -> Rc<Self> {
        Rc::new(table::SQLITE.make(compat))
    }
    /// The dialect called `name`.
    pub fn named(name: &str, compat: Compat) -> Option<Rc<Self>> {
        dialect_named(name).map(|spec| Rc::new(spec.make(compat)))
    }
    /// The dialect of the engine of `connection`.
    pub fn of_connection(connection: &Connection, cx: &Cx) -> Rc<Self> {
        Self::of_engine(connection.engine(), cx)
    }
    /// The dialect of `engine`.
    pub fn of_engine(engine: &Engine, cx: &Cx) -> Rc<Self> {
        let known = engine.extra::<EngineDialect>();
        let dialect = known
            .0
            .get_or_init(|| Rc::new(Self::of_handle(engine.dialect(), cx.compat())));
        dialect.clone()
    }
    /// The dialect that a handle of the engine layer stands for.
    pub fn of_handle(handle: &crate::engine::Dialect, compat: Compat) -> Self {
        let spec = dialect_named(&format!("{}+{}", handle.name, handle.driver))
            .or_else(|| dialect_named(handle.name))
            .unwrap_or(&table::DEFAULT);
        spec.make(compat)
    }
    /// The dialect for an execution with `options`: schema names translated.
    pub fn for_execution(connection: &Connection, options: &ExecutionOptions, cx: &Cx) -> Rc<Self> {
        let plain = Self::of_connection(connection, cx);
        let Some(Value::Dict(map)) = options.get("schema_translate_map") else {
            return plain;
        };
        let text = |value: &Value| value.as_str().map(Str::new);
        let entries: Vec<_> = map
            .borrow()
            .iter()
            .map(|(from, to)| (text(from.value()), text(to)))
            .collect();
        let mut translated = (*plain).clone();
        translated.schema_translate_map = Some(Rc::new(entries));
        Rc::new(translated)
    }
    /// The longest name for labels and anonymous names.
    pub fn max_label_length(&self) -> usize {
        self.label_length.unwrap_or(self.can.max_identifier_length)
    }
}
