//! UPDATE and DELETE that name further tables than their own.

use std::rc::Rc;

use super::crud::{CrudParam, DmlColumn};
use super::dml_info::DmlInfo;
use super::{Kw, SQLCompiler};
use crate::engine::exc::COMPILE_ERROR;
use crate::object::exceptions::NOT_IMPLEMENTED_ERROR;
use crate::object::{Result, Str};
use crate::sql::dialects::Backend;
use crate::sql::dml::{DmlData, DmlKey, DmlValue};
use crate::sql::elements::{BindValue, ColumnElement, Name};
use crate::sql::selectable::FromClause;

impl SQLCompiler<'_> {
    pub(super) fn check_multi_table(&self, extra: &[FromClause], what: &str) -> Result<()> {
        if extra.is_empty() {
            return Ok(());
        }
        let supported = match (self.dialect.backend, what) {
            (Backend::Sqlite, "UPDATE") => self.dialect.compat.is_20(),
            (Backend::Sqlite | Backend::Oracle, _) => false,
            _ => true,
        };
        if supported {
            return Ok(());
        }
        Err(NOT_IMPLEMENTED_ERROR.error(format!(
            "This backend does not support multiple-table criteria within {what}"
        )))
    }

    /// Columns of other tables in the SET of a multi-table UPDATE.
    pub(super) fn other_tables(
        &mut self,
        data: &DmlData,
        used: &mut [bool],
        (params, info): (&mut Vec<CrudParam>, &mut DmlInfo),
        kw: Kw,
    ) -> Result<()> {
        let values = &data.values;
        if !values.iter().any(|(key, _)| is_of_other_table(key, data)) {
            return Ok(());
        }
        for from in extra_froms(data, true) {
            for element in from.column_list(self.cx)? {
                let found = values.iter().position(|(key, _)| match key {
                    DmlKey::Element(given) => given.same(&element),
                    DmlKey::Column(given) => {
                        matches!(element.plain(), ColumnElement::Column(own) if Rc::ptr_eq(own, given))
                    }
                    DmlKey::Name(_) => false,
                });
                let Some(at) = found else {
                    continue;
                };
                if !self.dialect.backend.is_mysql() {
                    return Err(COMPILE_ERROR.error(format!(
                        "Backend does not support additional tables in the SET clause; cannot \
                         include columns from table(s) '{}' in SET clause",
                        from.description()
                    )));
                }
                used[at] = true;
                let param = self.other_column(&from, element, &values[at].1, kw)?;
                info.value_binds.extend(param.bind.map(|bind| (at, bind)));
                params.push(param);
            }
        }
        Ok(())
    }

    /// A column of another table than that of the statement.
    fn other_column(
        &mut self,
        from: &FromClause,
        element: ColumnElement,
        value: &DmlValue,
        kw: Kw,
    ) -> Result<CrudParam> {
        let key = element
            .key()
            .map_or_else(|| Str::new(""), |key| Str::from(key.display()));
        let column = DmlColumn {
            key,
            type_: element.type_(),
            column: None,
            element,
        };
        let text = self.column_text(&column, true)?;
        let name = match from.name().as_ref().and_then(Name::text) {
            Some(table) => format!("{table}_{}", column.key),
            None => column.key.to_string(),
        };
        let (value, bind) = match value {
            DmlValue::Literal(value) => {
                self.crud_bind(&column, &name, BindValue::Value(value.clone()), false, kw)?
            }
            DmlValue::Element(element) => (self.expression(element, kw)?, None),
        };
        Ok(CrudParam {
            column,
            text,
            value,
            bind,
            selected: None,
        })
    }
}

/// Whether a key of `values()` is a column that the table of the statement has not.
fn is_of_other_table(key: &DmlKey, data: &DmlData) -> bool {
    match key {
        DmlKey::Element(element) => element.table().is_some(),
        DmlKey::Column(column) => ColumnElement::Column(column.clone())
            .table()
            .is_some_and(|table| !table.same(&data.table)),
        DmlKey::Name(_) => false,
    }
}

/// The FROM elements that the conditions (and values) of a statement name besides its table.
pub(super) fn extra_froms(data: &DmlData, with_values: bool) -> Vec<FromClause> {
    let mut found: Vec<FromClause> = Vec::new();
    let mut elements: Vec<&ColumnElement> = data.where_criteria.iter().collect();
    if with_values {
        elements.extend(data.values.iter().filter_map(|(_, value)| match value {
            DmlValue::Element(element) => Some(element),
            DmlValue::Literal(_) => None,
        }));
    }
    for element in elements {
        for from in element.from_objects() {
            if !from.same(&data.table) && !found.iter().any(|known| known.same(&from)) {
                found.push(from);
            }
        }
    }
    found
}
