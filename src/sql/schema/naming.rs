//! Naming conventions: the names that constraints and indexes get from `naming_convention=`.

use std::rc::Rc;

use super::{Column, Constraint, ConstraintKind, ConstraintName, Index, Table};
use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::object::{Cx, Result, Str, Value, key_error};
use crate::sql::ColumnElement;

/// What is named.
enum Named<'a> {
    Constraint(&'a Rc<Constraint>),
    Index(&'a Rc<Index>),
}

impl Named<'_> {
    fn prefix(&self) -> &'static str {
        match self {
            Self::Index(_) => "ix",
            Self::Constraint(constraint) => match constraint.kind {
                ConstraintKind::PrimaryKey { .. } => "pk",
                ConstraintKind::ForeignKey { .. } => "fk",
                ConstraintKind::Unique => "uq",
                ConstraintKind::Check { .. } => "ck",
            },
        }
    }
    fn class_name(&self) -> &'static str {
        match self {
            Self::Index(_) => "Index",
            Self::Constraint(constraint) => constraint.class_name(),
        }
    }
    fn name(&self) -> ConstraintName {
        match self {
            Self::Index(index) => index.name.borrow().clone(),
            Self::Constraint(constraint) => constraint.name.borrow().clone(),
        }
    }
    fn columns(&self) -> Vec<Rc<Column>> {
        match self {
            Self::Index(index) => {
                let plain = index.columns();
                if !plain.is_empty() {
                    return plain;
                }
                let parts = index.parts.borrow();
                let expressions = parts.iter().filter_map(|part| match part {
                    super::IndexPart::Expression(element) => Some(element),
                    _ => None,
                });
                expressions.flat_map(super::checks::columns_of).collect()
            }
            Self::Constraint(constraint) => constraint.columns.borrow().clone(),
        }
    }
    fn value(&self) -> Value {
        match self {
            Self::Index(index) => Value::object((*index).clone()),
            Self::Constraint(constraint) => Value::object((*constraint).clone()),
        }
    }
}

/// Text or function of the convention for `key`.
fn convention_for(table: &Table, prefix: &str, class_name: &str) -> Option<Value> {
    let convention = table.metadata().naming_convention.borrow();
    match &*convention {
        None => (prefix == "ix").then(|| Value::str("ix_%(column_0_label)s")),
        Some(entries) => entries
            .iter()
            .find(|(key, _)| match key {
                Value::Str(text) => text.as_str() == prefix,
                Value::Class(class) => class.name().as_str() == class_name,
                _ => false,
            })
            .map(|(_, value)| value.clone()),
    }
}

fn custom_token(table: &Table, token: &str) -> Option<Value> {
    let convention = table.metadata().naming_convention.borrow();
    let entries = convention.as_ref()?;
    let found = entries
        .iter()
        .find(|(key, _)| key.as_str() == Some(token))?;
    Some(found.1.clone())
}

fn column_attribute(column: &Rc<Column>, attribute: &str) -> Option<String> {
    Some(match attribute {
        "key" => column.key().to_string(),
        "name" => column.name().to_string(),
        "label" => match ColumnElement::Column(column.clone()).tq_label() {
            Some(label) => label.display().clone(),
            None => column.name().to_string(),
        },
        _ => return None,
    })
}

/// The value of `token` for the `index`th column or foreign key.
fn indexed(
    named: &Named<'_>,
    referred: bool,
    attribute: &str,
    index: usize,
    cx: &Cx,
) -> Result<Option<String>> {
    if referred {
        let Named::Constraint(constraint) = named else {
            return Ok(None);
        };
        if attribute != "name" {
            return Ok(None);
        }
        let elements = constraint.elements();
        let Some(element) = elements.get(index) else {
            return Ok(Some(String::new()));
        };
        return Ok(Some(element.column(cx)?.name().to_string()));
    }
    let columns = named.columns();
    Ok(match columns.get(index) {
        Some(column) => column_attribute(column, attribute),
        None => Some(String::new()),
    })
}

/// The value of a `%(token)s`.
fn token_value(named: &Named<'_>, table: &Rc<Table>, token: &str, cx: &Cx) -> Result<String> {
    if let Some(function) = custom_token(table, token) {
        let from = Value::object(crate::sql::FromClause::Table(table.clone()));
        let made = cx.call(&function, [named.value(), from])?;
        return cx.str(&made);
    }
    match token {
        "table_name" => return Ok(table.name().to_string()),
        "constraint_name" => {
            let name = named.name();
            return match name.as_str() {
                Some(name) => Ok(name.to_string()),
                None => Err(INVALID_REQUEST_ERROR.error(
                    "Naming convention including %(constraint_name)s token requires that \
                     constraint is explicitly named.",
                )),
            };
        }
        "referred_table_name" => {
            if let Named::Constraint(constraint) = named
                && let Some(element) = constraint.elements().first()
            {
                let full = element.target_fullname();
                let parts: Vec<_> = full.split('.').collect();
                let at = parts.len().saturating_sub(2);
                return Ok(parts.get(at).copied().unwrap_or_default().to_owned());
            }
        }
        _ => {}
    }
    let (referred, rest) = match token.strip_prefix("referred_column_") {
        Some(rest) => (true, Some(rest)),
        None => (false, token.strip_prefix("column_")),
    };
    let Some(rest) = rest else {
        return Err(key_error(Value::str(token)));
    };
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, tail) = rest.split_at(digits);
    let (separator, tail) = match (tail.strip_prefix("_N"), tail.strip_prefix('N')) {
        (Some(tail), _) => (Some("_"), tail),
        (_, Some(tail)) => (Some(""), tail),
        _ => (None, tail),
    };
    let attribute = tail.trim_start_matches('_');
    let found = match separator {
        Some(separator) => {
            let count = match named {
                Named::Constraint(constraint) if !constraint.elements().is_empty() => {
                    constraint.elements().len()
                }
                _ => named.columns().len(),
            };
            let mut parts = Vec::with_capacity(count);
            for at in 0..count {
                parts.push(indexed(named, referred, attribute, at, cx)?);
            }
            let parts: Option<Vec<String>> = parts.into_iter().collect();
            parts.map(|parts| parts.join(separator))
        }
        None => match number.parse() {
            Ok(at) => indexed(named, referred, attribute, at, cx)?,
            Err(_) => None,
        },
    };
    found.ok_or_else(|| key_error(Value::str(token)))
}

fn expand(text: &str, named: &Named<'_>, table: &Rc<Table>, cx: &Cx) -> Result<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(tail) = rest.strip_prefix('%') {
            out.push('%');
            rest = tail;
            continue;
        }
        let token = rest
            .strip_prefix('(')
            .and_then(|rest| rest.split_once(")s"));
        let Some((token, tail)) = token else {
            out.push('%');
            continue;
        };
        out.push_str(&token_value(named, table, token, cx)?);
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

/// The name that the convention gives, if it applies.
fn conventional(named: &Named<'_>, table: &Rc<Table>, cx: &Cx) -> Result<Option<Str>> {
    let name = named.name();
    if let ConstraintName::Convention(name) = name {
        return Ok(Some(name));
    }
    let Some(convention) = convention_for(table, named.prefix(), named.class_name()) else {
        return Ok(None);
    };
    let text = cx.str(&convention)?;
    if matches!(name, ConstraintName::Given(_)) && !text.contains("constraint_name") {
        return Ok(None);
    }
    expand(&text, named, table, cx).map(|name| Some(Str::new(name)))
}

/// Name a constraint that joined its table.
pub(super) fn name_constraint(
    constraint: &Rc<Constraint>,
    table: &Rc<Table>,
    cx: &Cx,
) -> Result<()> {
    let known = constraint.name.borrow().clone();
    if matches!(
        known,
        ConstraintName::Convention(_) | ConstraintName::Deferred
    ) {
        return Ok(());
    }
    if let Some(name) = conventional(&Named::Constraint(constraint), table, cx)? {
        *constraint.name.borrow_mut() = ConstraintName::Convention(name);
    }
    Ok(())
}

/// Name an index that joined its table.
pub(super) fn name_index(index: &Rc<Index>, table: &Rc<Table>, cx: &Cx) -> Result<()> {
    if let Some(name) = conventional(&Named::Index(index), table, cx)? {
        *index.name.borrow_mut() = ConstraintName::Convention(name);
    }
    Ok(())
}

/// The name that a convention makes for a constraint, for `conv`-like uses.
pub fn convention_name(constraint: &Rc<Constraint>, cx: &Cx) -> Result<Option<Str>> {
    match constraint.table() {
        Some(table) => conventional(&Named::Constraint(constraint), &table, cx),
        None => Ok(None),
    }
}

/// The name that DDL writes for `constraint`.
pub fn rendered_name(constraint: &Rc<Constraint>, cx: &Cx) -> Result<Option<Str>> {
    let name = constraint.name.borrow().clone();
    match name {
        ConstraintName::Deferred => convention_name(constraint, cx),
        other => Ok(other.as_str().cloned()),
    }
}
