//! The type that a column's declaration in SQLite stands for.

use std::sync::LazyLock;

use regex::Regex;

use crate::engine::exc::SA_WARNING;
use crate::object::{Args, Cx, Result, Value};
use crate::sql::types::{SqlType, TypeClass, names};
use crate::util::Compat;

static DECLARATION: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^([\w ]+)(\(.*?\))?").ok());

fn known(name: &str, compat: Compat) -> Option<&'static TypeClass> {
    Some(match name {
        "BIGINT" => &names::BIGINT,
        "BLOB" => &names::BLOB,
        "BOOL" | "BOOLEAN" => &names::BOOLEAN,
        "CHAR" => &names::CHAR,
        "DATE" | "DATE_CHAR" => &names::DATE,
        "DATETIME" | "DATETIME_CHAR" => &names::DATETIME,
        "DOUBLE" if compat.is_14() => &names::FLOAT,
        "DOUBLE" => &names::DOUBLE,
        "DECIMAL" => &names::DECIMAL,
        "FLOAT" => &names::FLOAT,
        "INT" | "INTEGER" => &names::INTEGER,
        "JSON" => crate::sql::dialects::sqlite_json(),
        "NUMERIC" => &names::NUMERIC,
        "REAL" => &names::REAL,
        "SMALLINT" => &names::SMALLINT,
        "TEXT" => &names::TEXT,
        "TIME" | "TIME_CHAR" => &names::TIME,
        "TIMESTAMP" => &names::TIMESTAMP,
        "VARCHAR" => &names::VARCHAR,
        "NVARCHAR" => &names::NVARCHAR,
        "NCHAR" => &names::NCHAR,
        _ => return None,
    })
}

/// The type of a column declared as `text`.
pub(super) fn type_of_declaration(text: &str, cx: &Cx) -> Result<SqlType> {
    let found = DECLARATION.as_ref().and_then(|regex| regex.captures(text));
    let (name, arguments) = match &found {
        Some(found) => (
            found.get(1).map_or("", |part| part.as_str()),
            found.get(2).map(|part| part.as_str()),
        ),
        None => ("", Some("")),
    };
    let class = known(name, cx.compat()).unwrap_or_else(|| {
        let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
        if has(&["INT"]) {
            &names::INTEGER
        } else if has(&["CHAR", "CLOB", "TEXT"]) {
            &names::TEXT
        } else if has(&["BLOB"]) || name.is_empty() {
            &names::NullType
        } else if has(&["REAL", "FLOA", "DOUB"]) {
            &names::REAL
        } else {
            &names::NUMERIC
        }
    });
    let numbers: Vec<Value> = arguments
        .unwrap_or_default()
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|number| number.parse().ok())
        .map(Value::Int)
        .collect();
    let shown = cx.repr(&Value::list(
        numbers
            .iter()
            .map(|number| cx.str(number).map(Value::from))
            .collect::<Result<_>>()?,
    ))?;
    if let Ok(ty) = SqlType::build(class, Args::positional(numbers), cx) {
        Ok(ty)
    } else {
        cx.warn(
            &SA_WARNING,
            &format!(
                "Could not instantiate type <class '{}'> with reflected arguments {shown}; \
                 using no arguments.",
                class.spec.class().full_name()
            ),
        );
        SqlType::build(class, Args::none(), cx)
    }
}
