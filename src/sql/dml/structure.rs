//! The part of a cache key that INSERT, UPDATE and DELETE make up.

use std::rc::Rc;

use super::{DmlData, DmlKey, DmlValue};
use crate::object::Value;
use crate::sql::cache_key::CacheKeyBuilder;
use crate::sql::elements::{BindParameter, ColumnElement};

/// Add the structure of a statement; the plain values of its `values()` are part of it only where
/// the statement stands `inside` another one.
pub(in crate::sql) fn structure(data: &DmlData, inside: bool, key: &mut CacheKeyBuilder<'_>) {
    key.from(&data.table);
    if !data.multi_values.is_empty() || data.on_conflict.is_some() || data.dialect.is_some() {
        key.fail();
        return;
    }
    key.token(data.values.len() as u64);
    for (column, value) in &data.values {
        dml_key(column, key);
        match value {
            DmlValue::Literal(value) if inside => key.value(value),
            DmlValue::Literal(_) => key.token(1),
            DmlValue::Element(element) => {
                key.token(2);
                key.element(element);
            }
        }
    }
    let flags = [
        data.has_values,
        data.ordered,
        data.inline,
        data.sort_by_parameter_order,
    ];
    for flag in flags {
        key.token(u64::from(flag));
    }
    if let Some(from_select) = &data.from_select {
        for name in &from_select.names {
            dml_key(name, key);
        }
        key.token(u64::from(from_select.include_defaults));
        key.statement(&from_select.select);
    }
    key.elements(&data.where_criteria);
    key.token(data.returning.len() as u64);
    for item in &data.returning {
        key.select_item(item);
    }
    match &data.return_defaults {
        Some(columns) => {
            key.token(columns.len() as u64);
            for column in columns {
                key.identity(Rc::as_ptr(column) as usize);
            }
        }
        None => key.token(u64::MAX),
    }
    key.elements(&data.supplemental_returning);
    for (text, dialect) in &data.prefixes {
        key.element(text);
        key.optional_text(dialect.as_ref());
    }
    for (text, dialect) in &data.hints {
        key.text(text);
        key.text(dialect);
    }
    for cte in &data.independent_ctes {
        key.alias(cte);
    }
    for option in &data.options {
        key.value(option);
    }
    for (name, value) in &data.dialect_options {
        key.text(name);
        key.value(value);
    }
    if let Some(subject) = &data.subject {
        key.identity(subject.identity());
    }
    if let Some(options) = &data.compile_options {
        key.identity(Rc::as_ptr(options).cast::<u8>() as usize);
    }
}

fn dml_key(column: &DmlKey, key: &mut CacheKeyBuilder<'_>) {
    match column {
        DmlKey::Name(name) => key.text(name),
        DmlKey::Column(column) => key.identity(Rc::as_ptr(column) as usize),
        DmlKey::Element(element) => key.element(element),
    }
}

impl DmlData {
    /// The value that the `at`-th column of `values()` is set to, where that becomes a bind.
    pub(in crate::sql) fn bound_value(&self, at: usize) -> Option<BoundValue<'_>> {
        match &self.values.get(at)?.1 {
            DmlValue::Literal(value) => Some(BoundValue::Plain(value)),
            DmlValue::Element(element) => match element.plain() {
                ColumnElement::Bind(bind) => Some(BoundValue::Bind(bind)),
                _ => None,
            },
        }
    }
}

/// A value of `values()` that becomes a bind.
pub(in crate::sql) enum BoundValue<'a> {
    /// As it is.
    Plain(&'a Value),
    /// Inside a bind already.
    Bind(&'a Rc<BindParameter>),
}
