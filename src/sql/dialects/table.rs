//! The dialects, a row each.

use super::{Backend, Capabilities, Dialect, ParamStyle};
use crate::util::Compat;

/// A row of [`DIALECTS`].
pub struct DialectSpec {
    /// `sqlite`, `postgresql`.
    pub name: &'static str,
    /// `pysqlite`, `psycopg2`; the first row of a name is its default driver.
    pub driver: &'static str,
    /// Which database.
    pub backend: Backend,
    /// Parameter style in 1.4 and 2.0.
    pub paramstyle: (ParamStyle, ParamStyle),
    /// What it can do in 2.0.
    pub can: Capabilities,
    /// What 1.4 can't: applied to `can`.
    pub adjust_14: fn(&mut Capabilities),
}

impl DialectSpec {
    /// The dialect of this row.
    pub fn make(&self, compat: Compat) -> Dialect {
        let mut can = self.can;
        if compat.is_14() {
            can.insertmanyvalues = false;
            can.native_uuid = false;
            (self.adjust_14)(&mut can);
        }
        Dialect {
            name: self.name,
            driver: self.driver,
            backend: self.backend,
            compat,
            paramstyle: match compat {
                Compat::V14 => self.paramstyle.0,
                Compat::V20 => self.paramstyle.1,
            },
            can,
            json_serializer: None,
            json_deserializer: None,
            label_length: None,
            use_ansi: true,
            schema_translate_map: None,
        }
    }
}

const BASE: Capabilities = Capabilities {
    native_boolean: false,
    boolean_check: true,
    native_enum: false,
    native_uuid: false,
    native_decimal: false,
    alter: true,
    comments: false,
    inline_comments: false,
    default_values: false,
    default_metavalue: false,
    empty_insert: true,
    multivalues_insert: false,
    sequences: false,
    sequences_optional: false,
    preexecute_sequences: false,
    insert_returning: false,
    update_returning: false,
    delete_returning: false,
    cte_follows_insert: false,
    insertmanyvalues: false,
    insertmanyvalues_max_parameters: 32700,
    identity_columns: false,
    div_is_floordiv: true,
    order_by_label: true,
    tuple_in_values: false,
    postfetch_lastrowid: true,
    render_bind_casts: false,
    max_identifier_length: 9999,
};

const SQLITE_CAN: Capabilities = Capabilities {
    alter: false,
    default_values: true,
    default_metavalue: true,
    empty_insert: false,
    multivalues_insert: true,
    insert_returning: true,
    update_returning: true,
    delete_returning: true,
    insertmanyvalues: true,
    tuple_in_values: true,
    ..BASE
};

const POSTGRESQL_CAN: Capabilities = Capabilities {
    native_boolean: true,
    native_enum: true,
    native_uuid: true,
    comments: true,
    default_values: true,
    default_metavalue: true,
    empty_insert: false,
    multivalues_insert: true,
    sequences: true,
    sequences_optional: true,
    preexecute_sequences: true,
    insert_returning: true,
    update_returning: true,
    delete_returning: true,
    insertmanyvalues: true,
    identity_columns: true,
    postfetch_lastrowid: false,
    render_bind_casts: true,
    max_identifier_length: 63,
    ..BASE
};

const MYSQL_CAN: Capabilities = Capabilities {
    native_enum: true,
    native_decimal: true,
    comments: true,
    inline_comments: true,
    default_metavalue: true,
    multivalues_insert: true,
    cte_follows_insert: true,
    insertmanyvalues: true,
    div_is_floordiv: false,
    max_identifier_length: 255,
    ..BASE
};

fn no_returning(can: &mut Capabilities) {
    can.insert_returning = false;
    can.update_returning = false;
    can.delete_returning = false;
}

fn sqlite_14(can: &mut Capabilities) {
    no_returning(can);
    can.default_metavalue = false;
}

fn postgresql_14(can: &mut Capabilities) {
    can.render_bind_casts = false;
}

fn mssql_14(can: &mut Capabilities) {
    can.comments = false;
    can.multivalues_insert = false;
}

fn as_20(_can: &mut Capabilities) {}

/// The dialect of `str()`.
pub static DEFAULT: DialectSpec = DialectSpec {
    name: "default",
    driver: "default",
    backend: Backend::Default,
    paramstyle: (ParamStyle::Named, ParamStyle::Named),
    can: Capabilities {
        native_boolean: true,
        multivalues_insert: true,
        sequences: true,
        sequences_optional: true,
        identity_columns: true,
        insert_returning: true,
        update_returning: true,
        delete_returning: true,
        ..BASE
    },
    adjust_14: as_20,
};

/// SQLite.
pub static SQLITE: DialectSpec = DialectSpec {
    name: "sqlite",
    driver: "pysqlite",
    backend: Backend::Sqlite,
    paramstyle: (ParamStyle::Qmark, ParamStyle::Qmark),
    can: SQLITE_CAN,
    adjust_14: sqlite_14,
};

const fn postgresql(driver: &'static str, style: (ParamStyle, ParamStyle)) -> DialectSpec {
    DialectSpec {
        name: "postgresql",
        driver,
        backend: Backend::Postgresql,
        paramstyle: style,
        can: POSTGRESQL_CAN,
        adjust_14: postgresql_14,
    }
}

const fn mysql(driver: &'static str, backend: Backend) -> DialectSpec {
    let mut can = MYSQL_CAN;
    if matches!(backend, Backend::Mariadb) {
        can.insert_returning = true;
        can.delete_returning = true;
        can.sequences = true;
        can.sequences_optional = true;
    }
    DialectSpec {
        name: if matches!(backend, Backend::Mariadb) {
            "mariadb"
        } else {
            "mysql"
        },
        driver,
        backend,
        paramstyle: (ParamStyle::Format, ParamStyle::Format),
        can,
        adjust_14: no_returning,
    }
}

static POSTGRESQL_PSYCOPG2: DialectSpec =
    postgresql("psycopg2", (ParamStyle::Pyformat, ParamStyle::Pyformat));
static POSTGRESQL_PSYCOPG: DialectSpec =
    postgresql("psycopg", (ParamStyle::Pyformat, ParamStyle::Pyformat));
static POSTGRESQL_ASYNCPG: DialectSpec =
    postgresql("asyncpg", (ParamStyle::Format, ParamStyle::NumericDollar));
static POSTGRESQL_PG8000: DialectSpec =
    postgresql("pg8000", (ParamStyle::Format, ParamStyle::Format));
static MYSQL_MYSQLDB: DialectSpec = mysql("mysqldb", Backend::Mysql);
static MYSQL_PYMYSQL: DialectSpec = mysql("pymysql", Backend::Mysql);
static MARIADB_MYSQLDB: DialectSpec = mysql("mysqldb", Backend::Mariadb);
static MARIADB_PYMYSQL: DialectSpec = mysql("pymysql", Backend::Mariadb);

static MSSQL: DialectSpec = DialectSpec {
    name: "mssql",
    driver: "pyodbc",
    backend: Backend::Mssql,
    paramstyle: (ParamStyle::Named, ParamStyle::Named),
    can: Capabilities {
        boolean_check: false,
        native_decimal: true,
        comments: true,
        default_values: true,
        empty_insert: false,
        multivalues_insert: true,
        sequences: true,
        sequences_optional: true,
        insert_returning: true,
        update_returning: true,
        delete_returning: true,
        insertmanyvalues: true,
        insertmanyvalues_max_parameters: 2099,
        max_identifier_length: 128,
        ..BASE
    },
    adjust_14: mssql_14,
};

static ORACLE: DialectSpec = DialectSpec {
    name: "oracle",
    driver: "cx_oracle",
    backend: Backend::Oracle,
    paramstyle: (ParamStyle::Named, ParamStyle::Named),
    can: Capabilities {
        comments: true,
        default_metavalue: true,
        empty_insert: false,
        sequences: true,
        insert_returning: true,
        update_returning: true,
        delete_returning: true,
        cte_follows_insert: true,
        identity_columns: true,
        div_is_floordiv: false,
        order_by_label: false,
        postfetch_lastrowid: false,
        max_identifier_length: 128,
        ..BASE
    },
    adjust_14: as_20,
};

/// Every dialect; the first row of a name is its default driver.
pub static DIALECTS: &[&DialectSpec] = &[
    &DEFAULT,
    &SQLITE,
    &POSTGRESQL_PSYCOPG2,
    &POSTGRESQL_PSYCOPG,
    &POSTGRESQL_ASYNCPG,
    &POSTGRESQL_PG8000,
    &MYSQL_MYSQLDB,
    &MYSQL_PYMYSQL,
    &MARIADB_MYSQLDB,
    &MARIADB_PYMYSQL,
    &MSSQL,
    &ORACLE,
];

/// The row of `name`, or of `name+driver`.
pub fn dialect_named(name: &str) -> Option<&'static DialectSpec> {
    let (name, driver) = match name.split_once('+') {
        Some((name, driver)) => (name, Some(driver)),
        None => (name, None),
    };
    DIALECTS
        .iter()
        .find(|spec| spec.name == name && driver.is_none_or(|driver| spec.driver == driver))
        .copied()
}
