//! The definition of a column inside CREATE TABLE.

use std::rc::Rc;

use super::constraints::{
    autoincrement_column, constraint_text, flag_option, option, sqlite_autoincrements, text_option,
};
use super::inline::{inline_sql, quoted};
use crate::engine::exc::COMPILE_ERROR;
use crate::object::{Cx, Result};
use crate::sql::ColumnElement;
use crate::sql::dialects::{Backend, Dialect};
use crate::sql::schema::{
    Autoincrement, Column, ColumnDefault, Computed, Identity, SequenceOptions, ServerDefault,
};
use crate::sql::types::names;

/// The definition of `column`; `None` for system columns.
pub(super) fn column_text(
    column: &Rc<Column>,
    dialect: &Dialect,
    cx: &Cx,
) -> Result<Option<String>> {
    if column.options.borrow().system {
        return Ok(None);
    }
    let mut text = match dialect.backend {
        Backend::Sqlite => sqlite(column, dialect, cx)?,
        Backend::Postgresql => postgresql(column, dialect, cx)?,
        Backend::Mysql | Backend::Mariadb => mysql(column, dialect, cx)?,
        Backend::Mssql => mssql(column, dialect, cx)?,
        Backend::Default | Backend::Oracle => generic(column, dialect, cx)?,
    };
    let constraints = column.constraints.borrow().clone();
    for constraint in &constraints {
        if let Some(more) = constraint_text(constraint, dialect, cx)? {
            text.push(' ');
            text.push_str(&more);
        }
    }
    Ok(Some(text))
}

fn named(column: &Column, dialect: &Dialect) -> String {
    dialect
        .quote_name(&column.name(), column.quote())
        .into_owned()
}

fn type_text(column: &Column, dialect: &Dialect, cx: &Cx) -> Result<String> {
    column.sql_type().ddl(dialect, cx)
}

/// The DEFAULT of a column.
pub fn default_text(column: &Column, dialect: &Dialect, cx: &Cx) -> Result<Option<String>> {
    let server_default = column.server_default.borrow().clone();
    match server_default.as_deref() {
        Some(ServerDefault::Text(text)) => quoted(text, dialect, cx).map(Some),
        Some(ServerDefault::Clause(clause)) => inline_sql(clause, dialect, cx).map(Some),
        _ => Ok(None),
    }
}

fn computed_of(column: &Column) -> Option<Rc<Computed>> {
    match column.server_default.borrow().as_deref() {
        Some(ServerDefault::Computed(computed)) => Some(computed.clone()),
        _ => None,
    }
}

fn identity_of(column: &Column, dialect: &Dialect) -> Option<Rc<Identity>> {
    match column.server_default.borrow().as_deref() {
        Some(ServerDefault::Identity(identity)) if dialect.can.identity_columns => {
            Some(identity.clone())
        }
        _ => None,
    }
}

fn computed_text(computed: &Computed, dialect: &Dialect, cx: &Cx) -> Result<String> {
    let sql = inline_sql(&computed.sqltext, dialect, cx)?;
    Ok(match (dialect.backend, computed.persisted) {
        (Backend::Postgresql, Some(false)) => {
            return Err(COMPILE_ERROR.error(
                "PostrgreSQL computed columns do not support 'virtual' persistence; set the \
                 'persisted' flag to None or True for PostgreSQL support.",
            ));
        }
        (Backend::Postgresql, _) => format!("GENERATED ALWAYS AS ({sql}) STORED"),
        (Backend::Mssql, Some(true)) => format!("AS ({sql}) PERSISTED"),
        (Backend::Mssql, _) => format!("AS ({sql})"),
        (Backend::Oracle, Some(true)) => {
            let name = if dialect.compat.is_14() {
                "Oracle"
            } else {
                "Oracle Database"
            };
            return Err(COMPILE_ERROR.error(format!(
                "{name} computed columns do not support 'stored' persistence; set the \
                 'persisted' flag to None or False for {name} support."
            )));
        }
        (_, None) => format!("GENERATED ALWAYS AS ({sql})"),
        (_, Some(true)) => format!("GENERATED ALWAYS AS ({sql}) STORED"),
        (_, Some(false)) => format!("GENERATED ALWAYS AS ({sql}) VIRTUAL"),
    })
}

/// `START WITH 1 INCREMENT BY 2 ..`.
pub(super) fn sequence_options(options: &SequenceOptions) -> String {
    let mut parts = Vec::new();
    let mut number = |words: &str, value: Option<i64>| {
        if let Some(value) = value {
            parts.push(format!("{words} {value}"));
        }
    };
    number("INCREMENT BY", options.increment);
    number("START WITH", options.start);
    number("MINVALUE", options.minvalue);
    number("MAXVALUE", options.maxvalue);
    if options.nominvalue.is_some() {
        parts.push("NO MINVALUE".to_owned());
    }
    if options.nomaxvalue.is_some() {
        parts.push("NO MAXVALUE".to_owned());
    }
    if let Some(cache) = options.cache {
        parts.push(format!("CACHE {cache}"));
    }
    if let Some(cycle) = options.cycle {
        parts.push(if cycle { "CYCLE" } else { "NO CYCLE" }.to_owned());
    }
    parts.join(" ")
}

fn identity_text(identity: &Identity) -> String {
    let always = if identity.always {
        "ALWAYS"
    } else {
        "BY DEFAULT"
    };
    let options = sequence_options(&identity.options);
    if options.is_empty() {
        format!("GENERATED {always} AS IDENTITY")
    } else {
        format!("GENERATED {always} AS IDENTITY ({options})")
    }
}

fn generic(column: &Rc<Column>, dialect: &Dialect, cx: &Cx) -> Result<String> {
    let mut text = format!(
        "{} {}",
        named(column, dialect),
        type_text(column, dialect, cx)?
    );
    if let Some(default) = default_text(column, dialect, cx)? {
        text.push_str(" DEFAULT ");
        text.push_str(&default);
    }
    if let Some(computed) = computed_of(column) {
        text.push(' ');
        text.push_str(&computed_text(&computed, dialect, cx)?);
    }
    let identity = identity_of(column, dialect);
    if let Some(identity) = &identity {
        text.push(' ');
        text.push_str(&identity_text(identity));
    }
    if !column.nullable() && identity.is_none() {
        text.push_str(" NOT NULL");
    }
    Ok(text)
}

/// SQLite wants expressions in parentheses.
fn sqlite_default(column: &Column, default: &str, dialect: &Dialect) -> String {
    let clause = column.server_default.borrow().clone();
    let in_parentheses = if dialect.compat.is_14() {
        match clause.as_deref() {
            Some(ServerDefault::Clause(clause)) => !matches!(clause, ColumnElement::Text(_)),
            _ => false,
        }
    } else {
        let opens = default.trim_start().starts_with(['\'', '"', '(']);
        let word = |c: char| c.is_alphanumeric() || c == '_';
        !opens && default.chars().any(|c| !word(c))
    };
    if in_parentheses {
        format!("({default})")
    } else {
        default.to_owned()
    }
}

fn sqlite(column: &Rc<Column>, dialect: &Dialect, cx: &Cx) -> Result<String> {
    let mut text = format!(
        "{} {}",
        named(column, dialect),
        type_text(column, dialect, cx)?
    );
    if let Some(default) = default_text(column, dialect, cx)? {
        text.push_str(" DEFAULT ");
        text.push_str(&sqlite_default(column, &default, dialect));
    }
    let options = column.dialect_options.borrow();
    if !column.nullable() {
        text.push_str(" NOT NULL");
        if let Some(what) = text_option(&options, "sqlite_on_conflict_not_null") {
            text.push_str(&format!(" ON CONFLICT {what}"));
        }
    }
    if let Some(table) = column.table().filter(|_| column.primary_key()) {
        let asked = flag_option(&table.dialect_options.borrow(), "sqlite_autoincrement");
        if asked && table.primary_key_columns().len() != 1 {
            return Err(COMPILE_ERROR
                .error("SQLite does not support autoincrement for composite primary keys"));
        }
        if sqlite_autoincrements(&table, column) {
            text.push_str(" PRIMARY KEY");
            if let Some(what) = text_option(&options, "sqlite_on_conflict_primary_key") {
                text.push_str(&format!(" ON CONFLICT {what}"));
            }
            text.push_str(" AUTOINCREMENT");
        }
    }
    if let Some(computed) = computed_of(column) {
        text.push(' ');
        text.push_str(&computed_text(&computed, dialect, cx)?);
    }
    Ok(text)
}

/// Whether `column` is what its table counts up by itself.
fn counts(column: &Rc<Column>, cx: &Cx) -> Result<bool> {
    let Some(table) = column.table() else {
        return Ok(false);
    };
    let counted = autoincrement_column(&table, cx)?;
    Ok(counted.is_some_and(|known| Rc::ptr_eq(&known, column)))
}

fn optional_sequence_or_none(column: &Column) -> bool {
    match column.default.borrow().as_deref() {
        None => true,
        Some(ColumnDefault::Sequence(sequence)) => sequence.optional,
        Some(_) => false,
    }
}

fn postgresql(column: &Rc<Column>, dialect: &Dialect, cx: &Cx) -> Result<String> {
    let mut text = named(column, dialect);
    let ty = column.sql_type().dialect_impl(dialect, cx)?;
    let identity = identity_of(column, dialect);
    if column.primary_key()
        && counts(column, cx)?
        && identity.is_none()
        && optional_sequence_or_none(column)
    {
        text.push_str(if ty.is_a(&names::BigInteger) {
            " BIGSERIAL"
        } else if ty.is_a(&names::SmallInteger) {
            " SMALLSERIAL"
        } else {
            " SERIAL"
        });
    } else {
        text.push(' ');
        text.push_str(&type_text(column, dialect, cx)?);
        if let Some(default) = default_text(column, dialect, cx)? {
            text.push_str(" DEFAULT ");
            text.push_str(&default);
        }
    }
    if let Some(computed) = computed_of(column) {
        text.push(' ');
        text.push_str(&computed_text(&computed, dialect, cx)?);
    }
    if let Some(identity) = &identity {
        text.push(' ');
        text.push_str(&identity_text(identity));
    }
    match (column.nullable(), identity.is_some()) {
        (false, false) => text.push_str(" NOT NULL"),
        (true, true) => text.push_str(" NULL"),
        _ => {}
    }
    Ok(text)
}

fn mysql(column: &Rc<Column>, dialect: &Dialect, cx: &Cx) -> Result<String> {
    let mut parts = vec![named(column, dialect), type_text(column, dialect, cx)?];
    if let Some(computed) = computed_of(column) {
        parts.push(computed_text(&computed, dialect, cx)?);
    }
    let is_timestamp = column.with_type(|ty| ty.is_a(&names::TIMESTAMP));
    if !column.nullable() {
        parts.push("NOT NULL".to_owned());
    } else if is_timestamp {
        parts.push("NULL".to_owned());
    }
    let comment = column.options.borrow().comment.clone();
    if let Some(comment) = comment {
        parts.push(format!("COMMENT {}", quoted(&comment, dialect, cx)?));
    }
    if counts(column, cx)? {
        parts.push("AUTO_INCREMENT".to_owned());
    } else if let Some(default) = default_text(column, dialect, cx)? {
        parts.push(format!("DEFAULT {default}"));
    }
    Ok(parts.join(" "))
}

fn mssql(column: &Rc<Column>, dialect: &Dialect, cx: &Cx) -> Result<String> {
    let mut text = named(column, dialect);
    let computed = computed_of(column);
    text.push(' ');
    match &computed {
        Some(computed) => text.push_str(&computed_text(computed, dialect, cx)?),
        None => text.push_str(&type_text(column, dialect, cx)?),
    }
    let identity = match column.server_default.borrow().as_deref() {
        Some(ServerDefault::Identity(identity)) => Some(identity.clone()),
        _ => None,
    };
    let sequence = matches!(
        column.default.borrow().as_deref(),
        Some(ColumnDefault::Sequence(_))
    );
    let counted = counts(column, cx)?;
    let forced = column.options.borrow().autoincrement == Autoincrement::True;
    if !column.nullable() || column.primary_key() || sequence || forced || identity.is_some() {
        text.push_str(" NOT NULL");
    } else if computed.is_none() {
        text.push_str(" NULL");
    }
    if let Some(identity) = identity {
        text.push_str(" IDENTITY");
        let options = &identity.options;
        if options.start.is_some() || options.increment.is_some() {
            let start = options.start.unwrap_or(1);
            let increment = options.increment.unwrap_or(1);
            text.push_str(&format!("({start},{increment})"));
        }
    } else if (counted || forced) && !sequence {
        text.push_str(" IDENTITY");
    } else if let Some(default) = default_text(column, dialect, cx)? {
        text.push_str(" DEFAULT ");
        text.push_str(&default);
    }
    Ok(text)
}

/// What stands behind the closing parenthesis of a CREATE TABLE.
pub(super) fn table_options(
    table: &crate::sql::schema::Table,
    dialect: &Dialect,
    cx: &Cx,
) -> Result<String> {
    let options = table.dialect_options.borrow();
    Ok(match dialect.backend {
        Backend::Sqlite => {
            let mut parts = Vec::new();
            let rowid = options.iter().find(|(name, _)| name == "sqlite_with_rowid");
            if rowid.is_some_and(|(_, value)| !cx.truthy(value).unwrap_or(true)) {
                parts.push("WITHOUT ROWID");
            }
            if flag_option(&options, "sqlite_strict") && dialect.compat.is_20() {
                parts.push("STRICT");
            }
            if parts.is_empty() {
                String::new()
            } else {
                format!("\n {}", parts.join(",\n "))
            }
        }
        Backend::Mysql | Backend::Mariadb => mysql_options(table, &options, dialect, cx)?,
        Backend::Postgresql => {
            let mut text = String::new();
            if let Some(by) = option(&options, "postgresql_partition_by") {
                text.push_str(&format!("\n PARTITION BY {}", cx.str(by)?));
            }
            if let Some(space) = text_option(&options, "postgresql_tablespace") {
                text.push_str(&format!("\n TABLESPACE {}", dialect.quote(&space)));
            }
            text
        }
        _ => String::new(),
    })
}

fn mysql_options(
    table: &crate::sql::schema::Table,
    options: &crate::sql::schema::DialectOptions,
    dialect: &Dialect,
    cx: &Cx,
) -> Result<String> {
    let prefix = format!("{}_", dialect.name);
    let mut parts = Vec::new();
    for (name, value) in options {
        let Some(own) = name.strip_prefix(prefix.as_str()) else {
            continue;
        };
        let word = own.to_uppercase().replace('_', " ");
        let word = match word.as_str() {
            "DEFAULT CHARSET" | "CHARSET" => "DEFAULT CHARSET".to_owned(),
            "COLLATE" => "COLLATE".to_owned(),
            "AUTO INCREMENT" => "AUTO_INCREMENT".to_owned(),
            other => other.to_owned(),
        };
        parts.push(format!("{word}={}", cx.str(value)?));
    }
    if let Some(comment) = table.comment.borrow().as_ref() {
        parts.push(format!("COMMENT={}", quoted(comment, dialect, cx)?));
    }
    Ok(parts.join(" "))
}
