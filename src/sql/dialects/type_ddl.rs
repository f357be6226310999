//! The DDL text of types, by what each dialect calls them.

use super::{Backend, Dialect};
use crate::engine::exc::{ARGUMENT_ERROR, COMPILE_ERROR, UNSUPPORTED_COMPILATION_ERROR, with_code};
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{Cx, Raised, Result, Value};
use crate::sql::types::{
    BinaryType, EnumType, NumericType, SqlType, StringType, TemporalType, UuidType,
};

/// The DDL text of `ty`, whose behaviour leaves it to the dialect.
pub fn type_ddl(ty: &SqlType, dialect: &Dialect, cx: &Cx) -> Result<String> {
    let backend = dialect.backend;
    if let Some(text) = ty.engine(|ty: &EnumType| enum_ddl(ty, dialect)) {
        return text;
    }
    if let Some(string) = ty.engine(StringType::clone) {
        return string_ddl(ty.visit_name(), &string, dialect);
    }
    if let Some(numeric) = ty.engine(NumericType::clone) {
        return numeric_ddl(ty.visit_name(), &numeric, dialect);
    }
    if let Some(length) = ty.engine(|binary: &BinaryType| binary.length) {
        return binary_ddl(ty.visit_name(), length, backend);
    }
    if let Some(temporal) =
        ty.engine(|temporal: &TemporalType| (temporal.timezone, temporal.native))
    {
        return Ok(temporal_ddl(ty, temporal, backend));
    }
    if let Some(native) = ty.engine(|uuid: &UuidType| uuid.native_uuid) {
        return Ok(uuid_ddl(ty.visit_name(), native, dialect));
    }
    Ok(match ty.visit_name() {
        "integer" | "INTEGER" => "INTEGER",
        "small_integer" | "SMALLINT" => "SMALLINT",
        "big_integer" if backend == Backend::Oracle => "NUMBER(19)",
        "big_integer" | "BIGINT" => "BIGINT",
        "boolean" => match backend {
            Backend::Mysql | Backend::Mariadb => "BOOL",
            Backend::Mssql => "BIT",
            Backend::Oracle => "SMALLINT",
            _ => "BOOLEAN",
        },
        "BOOLEAN" if backend.is_mysql() => "BOOL",
        "BOOLEAN" => "BOOLEAN",
        "JSONB" => "JSONB",
        "JSON" => match backend {
            Backend::Mssql => "NVARCHAR(max)",
            Backend::Oracle => return Err(unsupported(ty, dialect)),
            _ => "JSON",
        },
        "null" if backend == Backend::Default => "NULL",
        "null" => {
            return Err(COMPILE_ERROR.error(format!(
                "Can't generate DDL for {}; did you forget to specify a type on this Column?",
                ty.repr(cx)?
            )));
        }
        _ => return Err(unsupported(ty, dialect)),
    }
    .to_owned())
}

/// The error for a type that a dialect does not have.
pub(crate) fn unsupported(ty: &SqlType, dialect: &Dialect) -> Raised {
    let compiler = match dialect.backend {
        Backend::Default => "sql.compiler.StrSQLTypeCompiler",
        Backend::Sqlite => "dialects.sqlite.base.SQLiteTypeCompiler",
        Backend::Postgresql => "dialects.postgresql.base.PGTypeCompiler",
        Backend::Mysql | Backend::Mariadb => "dialects.mysql.base.MySQLTypeCompiler",
        Backend::Mssql => "dialects.mssql.base.MSTypeCompiler",
        Backend::Oracle => "dialects.oracle.base.OracleTypeCompiler",
    };
    let message = format!(
        "Compiler <sqlalchemy.{compiler} object at {:#014x}> can't render element of type {}",
        std::ptr::from_ref(dialect) as usize,
        ty.class().name()
    );
    with_code(UNSUPPORTED_COMPILATION_ERROR.error(message), "l7de")
}

fn enum_ddl(ty: &EnumType, dialect: &Dialect) -> Result<String> {
    if ty.native_enum && dialect.can.native_enum {
        if dialect.backend.is_mysql() {
            let quoted: Vec<_> = ty
                .enums
                .iter()
                .map(|text| format!("'{}'", text.replace('\'', "''")))
                .collect();
            return Ok(format!("ENUM({})", quoted.join(",")));
        }
        let Some(name) = &ty.name else {
            let word = if dialect.compat.is_14() {
                "ENUM"
            } else {
                "Enum"
            };
            return Err(COMPILE_ERROR.error(format!("PostgreSQL {word} type requires a name.")));
        };
        return Ok(dialect.format_table_name(name, None, ty.schema.as_ref()));
    }
    let string = StringType {
        length: ty.length,
        collation: None,
    };
    string_ddl("VARCHAR", &string, dialect)
}

fn string_ddl(visit: &str, ty: &StringType, dialect: &Dialect) -> Result<String> {
    let length = ty.length;
    let sized = |name: &str| match length {
        Some(length) => format!("{name}({length})"),
        None => name.to_owned(),
    };
    let text = match dialect.backend {
        Backend::Mysql | Backend::Mariadb => match visit {
            "string" | "VARCHAR" | "unicode" => match length {
                Some(length) => format!("VARCHAR({length})"),
                None => return Err(needs_length("VARCHAR", dialect)),
            },
            "NVARCHAR" => match length {
                Some(length) => format!("NATIONAL VARCHAR({length})"),
                None => return Err(needs_length("NVARCHAR", dialect)),
            },
            "NCHAR" => sized("NATIONAL CHAR"),
            "text" | "TEXT" | "unicode_text" => sized("TEXT"),
            other => sized(other),
        },
        Backend::Mssql => match (visit, length) {
            ("string" | "VARCHAR", None) => "VARCHAR(max)".to_owned(),
            ("string" | "VARCHAR", Some(_)) => sized("VARCHAR"),
            ("unicode" | "NVARCHAR", None) => "NVARCHAR(max)".to_owned(),
            ("unicode" | "NVARCHAR", Some(_)) => sized("NVARCHAR"),
            ("unicode_text", _) => sized("NTEXT"),
            ("text", _) => sized("TEXT"),
            (other, _) => sized(other),
        },
        Backend::Oracle => oracle_string(visit, length),
        _ => match visit {
            "string" | "unicode" => sized("VARCHAR"),
            "text" | "unicode_text" => sized("TEXT"),
            other => sized(other),
        },
    };
    Ok(match &ty.collation {
        None => text,
        Some(_) if dialect.backend == Backend::Oracle => text,
        Some(collation) if dialect.backend.is_mysql() || dialect.backend == Backend::Mssql => {
            format!("{text} COLLATE {collation}")
        }
        Some(collation) => format!("{text} COLLATE \"{collation}\""),
    })
}

fn oracle_string(visit: &str, length: Option<i64>) -> String {
    let with = |name: &str, unit: &str| match length {
        Some(length) => format!("{name}({length}{unit})"),
        None => name.to_owned(),
    };
    match visit {
        "string" | "unicode" => with("VARCHAR2", " CHAR"),
        "VARCHAR" => with("VARCHAR", " CHAR"),
        "NVARCHAR" => with("NVARCHAR2", ""),
        "text" | "unicode_text" => "CLOB".to_owned(),
        other => with(other, ""),
    }
}

fn needs_length(what: &str, dialect: &Dialect) -> Raised {
    COMPILE_ERROR.error(format!(
        "{what} requires a length on dialect {}",
        dialect.name
    ))
}

fn numeric_ddl(visit: &str, ty: &NumericType, dialect: &Dialect) -> Result<String> {
    let backend = dialect.backend;
    Ok(match visit {
        "numeric" | "NUMERIC" | "DECIMAL" => {
            let name = if visit == "DECIMAL" {
                "DECIMAL"
            } else {
                "NUMERIC"
            };
            match (ty.precision, ty.scale) {
                (None, _) => name.to_owned(),
                (Some(precision), None) => format!("{name}({precision})"),
                (Some(precision), Some(scale)) => format!("{name}({precision}, {scale})"),
            }
        }
        "float" | "FLOAT" => match (ty.precision, backend) {
            (None, _) | (_, Backend::Default | Backend::Sqlite) => "FLOAT".to_owned(),
            (Some(_), Backend::Oracle) if dialect.compat.is_14() => "FLOAT".to_owned(),
            (Some(precision), Backend::Oracle) => {
                let binary = precision * 33219 / 10000;
                return Err(ARGUMENT_ERROR.error(format!(
                    "Oracle Database FLOAT types use 'binary precision', which does not convert \
                     cleanly from decimal 'precision'.  Please specify this type with a separate \
                     Oracle Database variant, such as {visit}(precision={precision}).with_variant(\
                     oracle.FLOAT(binary_precision={binary}), 'oracle'), so that the Oracle \
                     Database specific 'binary_precision' may be specified accurately.",
                    visit = if visit == "float" { "Float" } else { "FLOAT" }
                )));
            }
            (Some(precision), _) => format!("FLOAT({precision})"),
        },
        "double" => match (backend, ty.precision) {
            (Backend::Default | Backend::Sqlite | Backend::Mysql | Backend::Mariadb, _) => {
                "DOUBLE".to_owned()
            }
            (Backend::Oracle, Some(precision)) => format!("DOUBLE PRECISION({precision})"),
            _ => "DOUBLE PRECISION".to_owned(),
        },
        "DOUBLE_PRECISION" => "DOUBLE PRECISION".to_owned(),
        other => other.to_owned(),
    })
}

fn binary_ddl(visit: &str, length: Option<i64>, backend: Backend) -> Result<String> {
    let sized = |name: &str| match length {
        Some(length) => format!("{name}({length})"),
        None => name.to_owned(),
    };
    Ok(match (visit, backend) {
        ("large_binary", Backend::Postgresql) => "BYTEA".to_owned(),
        ("large_binary", Backend::Mssql) => "IMAGE".to_owned(),
        ("large_binary" | "BLOB", Backend::Mysql | Backend::Mariadb) => sized("BLOB"),
        ("large_binary" | "BLOB", _) => "BLOB".to_owned(),
        ("VARBINARY", Backend::Mssql) if length.is_none() => "VARBINARY(max)".to_owned(),
        ("VARBINARY", Backend::Mysql | Backend::Mariadb) if length.is_none() => {
            return Err(TYPE_ERROR.error("%d format: a real number is required, not NoneType"));
        }
        (other, _) => sized(other),
    })
}

fn temporal_ddl(ty: &SqlType, (timezone, native): (bool, bool), backend: Backend) -> String {
    let zone = if timezone {
        "WITH TIME ZONE"
    } else {
        "WITHOUT TIME ZONE"
    };
    let number = |name: &str| ty.argument(name).as_ref().and_then(Value::as_int);
    match (ty.visit_name(), backend) {
        ("interval", Backend::Postgresql) if native => match number("second_precision") {
            Some(precision) => format!("INTERVAL ({precision})"),
            None => "INTERVAL".to_owned(),
        },
        ("interval", Backend::Oracle) if native => {
            let part = |name| number(name).map_or_else(String::new, |n| format!("({n})"));
            format!(
                "INTERVAL DAY{} TO SECOND{}",
                part("day_precision"),
                part("second_precision")
            )
        }
        ("datetime" | "TIMESTAMP" | "interval", Backend::Postgresql) => {
            format!("TIMESTAMP {zone}")
        }
        ("time" | "TIME", Backend::Postgresql) => format!("TIME {zone}"),
        ("datetime", Backend::Mssql) if timezone => "DATETIMEOFFSET".to_owned(),
        ("datetime" | "date" | "time" | "interval", Backend::Mssql) => "DATETIME".to_owned(),
        ("datetime" | "date" | "interval", Backend::Oracle) => "DATE".to_owned(),
        ("TIMESTAMP", Backend::Oracle) if timezone => "TIMESTAMP WITH TIME ZONE".to_owned(),
        ("interval", _) => "DATETIME".to_owned(),
        (visit, _) => visit.to_uppercase(),
    }
}

fn uuid_ddl(visit: &str, native: bool, dialect: &Dialect) -> String {
    let text = match (visit, dialect.backend) {
        ("UUID", _) => "UUID",
        (_, Backend::Mssql) if native => "UNIQUEIDENTIFIER",
        _ if native && dialect.can.native_uuid => "UUID",
        _ => "CHAR(32)",
    };
    text.to_owned()
}
