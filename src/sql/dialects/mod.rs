//! Dialects as compilation sees them: what each can do and how it spells names. A dialect is a
//! value, so that the compiler asks capabilities and not names.

mod object;
mod preparer;
mod reserved;
mod sqlite;
mod table;
mod type_ddl;

use std::rc::Rc;

use crate::object::{Str, Value};
use crate::util::Compat;

pub use object::DialectObject;
pub use preparer::QuotedName;
pub use table::{DIALECTS, DialectSpec, dialect_named};
pub use type_ddl::type_ddl;
pub(crate) use type_ddl::unsupported;

use crate::sql::types::TypeClass;

/// The types of each dialect.
pub static DIALECT_TYPES: &[(&str, &[&TypeClass])] = &[("sqlite", sqlite::SQLITE_TYPES)];

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
    /// The longest name for labels and anonymous names.
    pub fn max_label_length(&self) -> usize {
        self.label_length.unwrap_or(self.can.max_identifier_length)
    }
}
