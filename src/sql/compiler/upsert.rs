//! ON CONFLICT and ON DUPLICATE KEY.

use super::crud::dml_columns;
use super::{Fragment, Kw, SQLCompiler};
use crate::engine::exc::SA_WARNING;
use crate::object::{Result, Str};
use crate::sql::dialects::Backend;
use crate::sql::dml::{
    ConflictElement, ConflictTarget, DmlData, DmlKey, DmlValue, DmlValues, OnConflict,
    OnDuplicateKey,
};
use crate::sql::elements::{BindParameter, BindValue, ColumnElement};
use crate::sql::selectable::Alias;
use std::rc::Rc;

impl SQLCompiler<'_> {
    pub(super) fn on_conflict(
        &mut self,
        data: &DmlData,
        on_conflict: &OnConflict,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        out.push("ON CONFLICT");
        let kw = Kw {
            use_schema: false,
            ..kw
        };
        match &on_conflict.target {
            // The place of the target stays, in front of DO UPDATE.
            ConflictTarget::Any if on_conflict.set.is_some() => out.push(" "),
            ConflictTarget::Any => {}
            ConflictTarget::Constraint(name) => {
                out.push(&format!(" ON CONSTRAINT {}", self.dialect.quote(name)));
            }
            ConflictTarget::Elements {
                elements,
                index_where,
            } => {
                let plain = Kw {
                    include_table: false,
                    ..kw
                };
                out.push(" (");
                for (at, element) in elements.iter().enumerate() {
                    if at > 0 {
                        out.push(", ");
                    }
                    match element {
                        ConflictElement::Name(name) => out.push(&self.dialect.quote(name)),
                        ConflictElement::Element(element) => self.element(element, plain, out)?,
                    }
                }
                out.push(")");
                if let Some(condition) = index_where {
                    out.push(" WHERE ");
                    let sqlite = self.dialect.backend == Backend::Sqlite;
                    let is_14 = self.dialect.compat.is_14();
                    let literal = Kw {
                        literal_binds: sqlite && is_14,
                        literal_execute: sqlite && !is_14,
                        ..plain
                    };
                    self.element(condition, literal, out)?;
                }
            }
        }
        let Some(set) = &on_conflict.set else {
            out.push(" DO NOTHING");
            return Ok(());
        };
        out.push(" DO UPDATE SET ");
        self.conflict_set(data, set, kw, out)?;
        if let Some(condition) = &on_conflict.where_ {
            out.push(" WHERE ");
            self.element(condition, kw, out)?;
        }
        Ok(())
    }

    pub(super) fn conflict_set(
        &mut self,
        data: &DmlData,
        set: &DmlValues,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        let mut used = vec![false; set.len()];
        let mut first = true;
        for column in dml_columns(&data.table, self.cx)? {
            let Some(at) = set.iter().position(|(key, _)| key.name() == column.key) else {
                continue;
            };
            used[at] = true;
            if !std::mem::replace(&mut first, false) {
                out.push(", ");
            }
            self.conflict_value(&column.element, Some(&column.type_), &set[at].1, kw, out)?;
        }
        let left: Vec<_> = set
            .iter()
            .zip(&used)
            .filter(|(_, used)| !**used)
            .map(|(entry, _)| entry)
            .collect();
        if left.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = left
            .iter()
            .map(|(key, _)| format!("'{}'", key.name()))
            .collect();
        let table = data.table.name().and_then(|name| name.text().cloned());
        self.cx.warn(
            &SA_WARNING,
            &format!(
                "Additional column names not matching any column keys in table '{}': {}",
                table.as_ref().map_or("", Str::as_str),
                names.join(", ")
            ),
        );
        for (key, value) in left {
            if !std::mem::replace(&mut first, false) {
                out.push(", ");
            }
            let element = match key {
                DmlKey::Element(element) => element.clone(),
                other => ColumnElement::column_clause(&other.name(), None, false),
            };
            self.conflict_value(&element, None, value, kw, out)?;
        }
        Ok(())
    }

    pub(super) fn conflict_value(
        &mut self,
        column: &ColumnElement,
        type_: Option<&crate::sql::types::SqlType>,
        value: &DmlValue,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        let plain = Kw {
            include_table: false,
            ..kw
        };
        self.element(column, plain, out)?;
        out.push(" = ");
        let type_ = type_.cloned().unwrap_or_else(|| column.type_());
        match value {
            DmlValue::Literal(value) => {
                let bind = BindParameter::anonymous(None, BindValue::Value(value.clone()), type_)
                    .element();
                self.element(&bind, kw, out)
            }
            DmlValue::Element(element) => {
                let typed = match element.plain() {
                    ColumnElement::Bind(bind) if bind.type_.is_null() => {
                        let mut bind = (**bind).clone();
                        bind.type_ = type_;
                        bind.element()
                    }
                    _ => element.self_group(None, self.dialect.compat),
                };
                self.element(&typed, kw, out)
            }
        }
    }

    pub(super) fn on_duplicate_key(
        &mut self,
        data: &DmlData,
        on_duplicate: &OnDuplicateKey,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        out.push(" ON DUPLICATE KEY UPDATE ");
        let columns = dml_columns(&data.table, self.cx)?;
        let mut entries: Vec<(&super::crud::DmlColumn, &DmlValue)> = Vec::new();
        if on_duplicate.ordered {
            for (key, value) in &on_duplicate.update {
                let name = key.name();
                entries.extend(
                    columns
                        .iter()
                        .find(|column| column.key == name)
                        .map(|column| (column, value)),
                );
            }
        } else {
            for column in &columns {
                let found = on_duplicate
                    .update
                    .iter()
                    .find(|(key, _)| key.name() == column.key);
                entries.extend(found.map(|(_, value)| (column, value)));
            }
        }
        for (at, (column, value)) in entries.into_iter().enumerate() {
            if at > 0 {
                out.push(", ");
            }
            let value = match (value, &data.excluded) {
                (DmlValue::Element(element), Some(alias)) => {
                    DmlValue::Element(values_function(element, alias)?)
                }
                (other, _) => other.clone(),
            };
            self.conflict_value(&column.element, Some(&column.type_), &value, kw, out)?;
        }
        Ok(())
    }
}

/// `VALUES(x)` in place of the column `x` of `inserted`.
fn values_function(element: &ColumnElement, alias: &Rc<Alias>) -> Result<ColumnElement> {
    struct Inserted(usize);
    impl crate::sql::visitors::Replacement for Inserted {
        fn element(&self, element: &ColumnElement) -> Result<Option<ColumnElement>> {
            let ColumnElement::Proxy(proxy) = element.plain() else {
                return Ok(None);
            };
            if proxy.from.identity() != self.0 {
                return Ok(None);
            }
            let name = proxy
                .data
                .name
                .text()
                .cloned()
                .unwrap_or_else(|| Str::new(""));
            Ok(Some(ColumnElement::literal_column(&format!(
                "VALUES({name})"
            ))))
        }
    }
    crate::sql::visitors::replace(element, &Inserted(Rc::as_ptr(alias) as usize))
}
