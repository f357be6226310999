//! The text of constraints.

use std::rc::Rc;

use super::inline::inline_sql;
use crate::engine::exc::COMPILE_ERROR;
use crate::object::{Cx, Result, Str, Value};
use crate::sql::FromClause;
use crate::sql::dialects::{Backend, Dialect};
use crate::sql::schema::{
    Autoincrement, Column, ColumnDefault, Constraint, ConstraintKind, DialectOptions,
    ForeignKeyRules, ServerDefault, Table, rendered_name,
};
use crate::sql::types::{Affinity, BooleanType, EnumType, SqlType};

/// The value of a dialect's option.
pub(super) fn option<'a>(options: &'a DialectOptions, name: &str) -> Option<&'a Value> {
    let found = options.iter().find(|(known, _)| known == name)?;
    Some(&found.1).filter(|value| !value.is_none())
}

/// The value of a dialect's option as a text.
pub(super) fn text_option(options: &DialectOptions, name: &str) -> Option<Str> {
    option(options, name).and_then(Value::as_str).map(Str::new)
}

/// Whether a dialect's option is true.
pub(super) fn flag_option(options: &DialectOptions, name: &str) -> bool {
    matches!(option(options, name), Some(Value::Bool(true)))
}

/// The column of the primary key that counts up by itself.
pub fn autoincrement_column(table: &Table, cx: &Cx) -> Result<Option<Rc<Column>>> {
    let columns = table.primary_key_columns();
    if let [column] = columns.as_slice() {
        let of = column.options.borrow().autoincrement;
        return Ok(match of {
            Autoincrement::False => None,
            Autoincrement::True => {
                may_count(column, true, cx)?;
                Some(column.clone())
            }
            Autoincrement::Auto | Autoincrement::IgnoreFk => {
                may_count(column, false, cx)?.then(|| column.clone())
            }
        });
    }
    let mut found: Option<Rc<Column>> = None;
    for column in columns {
        if column.options.borrow().autoincrement != Autoincrement::True {
            continue;
        }
        may_count(&column, true, cx)?;
        if let Some(first) = &found {
            return Err(crate::engine::exc::ARGUMENT_ERROR.error(format!(
                "Only one Column may be marked autoincrement=True, found both {} and {}.",
                first.name(),
                column.name()
            )));
        }
        found = Some(column);
    }
    Ok(found)
}

fn may_count(column: &Column, asked: bool, cx: &Cx) -> Result<bool> {
    let affinity = column.with_type(SqlType::affinity);
    if !matches!(
        affinity,
        Affinity::Integer | Affinity::Numeric | Affinity::Float
    ) {
        if asked {
            return Err(crate::engine::exc::ARGUMENT_ERROR.error(format!(
                "Column type {} on column '{}' is not compatible with autoincrement=True",
                column.sql_type().text(cx)?,
                column.description()
            )));
        }
        return Ok(false);
    }
    if asked {
        return Ok(true);
    }
    let default = column.default.borrow();
    if !matches!(default.as_deref(), None | Some(ColumnDefault::Sequence(_))) {
        return Ok(false);
    }
    let server_default = column.server_default.borrow();
    if !matches!(
        server_default.as_deref(),
        None | Some(ServerDefault::Identity(_))
    ) {
        return Ok(false);
    }
    let ignores = column.options.borrow().autoincrement == Autoincrement::IgnoreFk;
    Ok(ignores || column.foreign_keys.borrow().is_empty())
}

/// Whether SQLite writes `PRIMARY KEY AUTOINCREMENT` with the column.
pub(super) fn sqlite_autoincrements(table: &Table, column: &Column) -> bool {
    flag_option(&table.dialect_options.borrow(), "sqlite_autoincrement")
        && table.primary_key_columns().len() == 1
        && column.primary_key()
        && column.with_type(SqlType::affinity) == Affinity::Integer
        && column.foreign_keys.borrow().is_empty()
}

/// Whether a CHECK that a type made applies under `dialect`.
fn applies(constraint: &Constraint, column: Option<&Rc<Column>>, dialect: &Dialect) -> bool {
    let Some(ty) = constraint.type_bound() else {
        return true;
    };
    // A variant's CHECK is for its dialect, the base type's for the others.
    if let Some(column) = column {
        let base = column.sql_type();
        let chosen = base
            .variants()
            .iter()
            .find(|(name, _)| name.as_str() == dialect.name)
            .map_or_else(|| base.clone(), |(_, variant)| variant.clone());
        let wrapped = chosen.behaviour().wrapped();
        let same = |known: &SqlType| Rc::ptr_eq(&known.behaviour(), &ty.behaviour());
        if !same(&chosen) && !wrapped.is_some_and(|inner| same(&inner)) {
            return false;
        }
    }
    if ty.engine(|_: &BooleanType| ()).is_some() {
        return !dialect.can.native_boolean && dialect.can.boolean_check;
    }
    match ty.engine(|ty: &EnumType| ty.native_enum) {
        Some(native) => !native || !dialect.can.native_enum,
        None => true,
    }
}

fn column_names(columns: &[Rc<Column>], dialect: &Dialect) -> String {
    let names: Vec<_> = columns
        .iter()
        .map(|column| {
            dialect
                .quote_name(&column.name(), column.quote())
                .into_owned()
        })
        .collect();
    names.join(", ")
}

/// A phrase that goes into the statement as it is, so it must be one of a few.
fn phrase<'a>(text: &'a str, allowed: &[&str], pattern: &str, cx: &Cx) -> Result<&'a str> {
    if allowed.iter().any(|one| one.eq_ignore_ascii_case(text)) {
        return Ok(text);
    }
    Err(COMPILE_ERROR.error(format!(
        "Unexpected SQL phrase: {} (matching against {})",
        cx.repr(&Value::str(text))?,
        cx.repr(&Value::str(pattern))?
    )))
}

const ACTIONS: &[&str] = &[
    "RESTRICT",
    "CASCADE",
    "SET NULL",
    "NO ACTION",
    "SET DEFAULT",
];
const ACTION_PATTERN: &str = "^(?:RESTRICT|CASCADE|SET NULL|NO ACTION|SET DEFAULT)$";

fn cascades(rules: &ForeignKeyRules, dialect: &Dialect, cx: &Cx) -> Result<String> {
    let mut text = String::new();
    if let Some(action) = &rules.ondelete {
        text.push_str(" ON DELETE ");
        text.push_str(phrase(action, ACTIONS, ACTION_PATTERN, cx)?);
    }
    // Oracle has no ON UPDATE.
    let onupdate = rules.onupdate.as_ref();
    if let Some(action) = onupdate.filter(|_| dialect.backend != Backend::Oracle) {
        text.push_str(" ON UPDATE ");
        text.push_str(phrase(action, ACTIONS, ACTION_PATTERN, cx)?);
    }
    Ok(text)
}

fn deferrability(constraint: &Constraint, cx: &Cx) -> Result<String> {
    let mut text = String::new();
    match constraint.deferrable {
        Some(true) => text.push_str(" DEFERRABLE"),
        Some(false) => text.push_str(" NOT DEFERRABLE"),
        None => {}
    }
    if let Some(initially) = &constraint.initially {
        let allowed = ["DEFERRED", "IMMEDIATE"];
        text.push_str(" INITIALLY ");
        text.push_str(phrase(initially, &allowed, "^(?:DEFERRED|IMMEDIATE)$", cx)?);
    }
    Ok(text)
}

fn sqlite_conflict(constraint: &Constraint, of_column: &str, dialect: &Dialect) -> String {
    if dialect.backend != Backend::Sqlite {
        return String::new();
    }
    let own = text_option(&constraint.dialect_options.borrow(), "sqlite_on_conflict");
    let columns = constraint.columns.borrow();
    let found = own.or_else(|| match columns.as_slice() {
        [column] if !of_column.is_empty() => {
            text_option(&column.dialect_options.borrow(), of_column)
        }
        _ => None,
    });
    found.map_or_else(String::new, |what| format!(" ON CONFLICT {what}"))
}

/// The text of `constraint`; `None` where the dialect leaves it out.
pub(super) fn constraint_text(
    constraint: &Rc<Constraint>,
    dialect: &Dialect,
    cx: &Cx,
) -> Result<Option<String>> {
    let columns = constraint.columns.borrow().clone();
    let body = match &constraint.kind {
        ConstraintKind::PrimaryKey { .. } => {
            match primary_key_text(constraint, &columns, dialect) {
                Some(text) => text,
                None => return Ok(None),
            }
        }
        ConstraintKind::Unique => {
            if columns.is_empty() {
                return Ok(Some(String::new()));
            }
            let nulls = option(
                &constraint.dialect_options.borrow(),
                "postgresql_nulls_not_distinct",
            )
            .cloned();
            let distinct = match (nulls, dialect.backend) {
                (Some(Value::Bool(true)), Backend::Postgresql) => "NULLS NOT DISTINCT ",
                _ => "",
            };
            format!("UNIQUE {distinct}({})", column_names(&columns, dialect))
        }
        ConstraintKind::Check { sqltext, .. } => {
            if !applies(constraint, columns.first(), dialect) {
                return Ok(None);
            }
            format!("CHECK ({})", inline_sql(sqltext, dialect, cx)?)
        }
        ConstraintKind::ForeignKey { elements, rules } => {
            let elements = elements.borrow().clone();
            let mut remote = Vec::with_capacity(elements.len());
            for element in &elements {
                remote.push(element.column(cx)?);
            }
            let Some(remote_table) = remote.first().and_then(|column| column.table()) else {
                return Ok(None);
            };
            let local = constraint.table();
            if dialect.backend == Backend::Sqlite
                && local.is_some_and(|local| local.schema() != remote_table.schema())
            {
                return Ok(None);
            }
            let schema = remote_table
                .schema()
                .filter(|_| dialect.backend != Backend::Sqlite);
            let mut text = format!(
                "FOREIGN KEY({}) REFERENCES {} ({})",
                column_names(&columns, dialect),
                dialect.format_table_name(remote_table.name(), remote_table.quote, schema),
                column_names(&remote, dialect)
            );
            if let Some(kind) = &rules.match_ {
                text.push_str(" MATCH ");
                text.push_str(kind);
            }
            text.push_str(&cascades(rules, dialect, cx)?);
            text
        }
    };
    let mut text = String::new();
    if let Some(name) = rendered_name(constraint, cx)? {
        text.push_str("CONSTRAINT ");
        text.push_str(&dialect.quote(&name));
        text.push(' ');
    }
    text.push_str(&body);
    text.push_str(&deferrability(constraint, cx)?);
    let of_column = match constraint.kind {
        ConstraintKind::PrimaryKey { .. } => "sqlite_on_conflict_primary_key",
        ConstraintKind::Unique => "sqlite_on_conflict_unique",
        _ => "",
    };
    text.push_str(&sqlite_conflict(constraint, of_column, dialect));
    Ok(Some(text))
}

fn primary_key_text(
    constraint: &Constraint,
    columns: &[Rc<Column>],
    dialect: &Dialect,
) -> Option<String> {
    let table = constraint.table()?;
    if columns.is_empty() {
        return None;
    }
    if dialect.backend == Backend::Sqlite
        && let [column] = columns
        && sqlite_autoincrements(&table, column)
    {
        return None;
    }
    Some(format!("PRIMARY KEY ({})", column_names(columns, dialect)))
}

/// The constraints of a CREATE TABLE, in order.
pub(super) fn table_constraints(
    table: &Rc<Table>,
    foreign_keys: Option<&[Rc<Constraint>]>,
    dialect: &Dialect,
    cx: &Cx,
) -> Result<Vec<String>> {
    let primary_key = table.primary_key();
    let mut constraints = vec![primary_key.clone()];
    for constraint in table.constraints() {
        if Rc::ptr_eq(&constraint, &primary_key) {
            continue;
        }
        if let (ConstraintKind::ForeignKey { rules, .. }, Some(included)) =
            (&constraint.kind, foreign_keys)
        {
            let is_included = included.iter().any(|known| Rc::ptr_eq(known, &constraint));
            let is_never_altered = rules.use_alter && !dialect.can.alter;
            if !is_included && !is_never_altered {
                continue;
            }
        }
        let use_alter = constraint.rules().is_some_and(|rules| rules.use_alter);
        if use_alter && dialect.can.alter {
            continue;
        }
        constraints.push(constraint);
    }
    let mut texts = Vec::with_capacity(constraints.len());
    for constraint in &constraints {
        if constraint.isolated.get() {
            continue;
        }
        let condition = constraint.ddl_if.borrow().clone();
        if let Some(condition) = condition {
            let this = Value::object(constraint.clone());
            let target = Value::object(FromClause::Table(table.clone()));
            if !condition.holds((&this, &target, &Value::None), dialect, &[], cx)? {
                continue;
            }
        }
        if let Some(text) = constraint_text(constraint, dialect, cx)? {
            texts.push(text);
        }
    }
    Ok(texts)
}
