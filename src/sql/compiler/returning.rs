//! RETURNING, and what other databases say for it.

use super::dml_info::DmlInfo;
use super::{Fragment, Kw, SQLCompiler};
use crate::engine::exc::COMPILE_ERROR;
use crate::object::{Cx, Result};
use crate::sql::dialects::Backend;
use crate::sql::dml::DmlData;
use crate::sql::elements::{BindParameter, BindValue, ColumnElement, Name};
use crate::sql::schema::Column;
use crate::sql::selectable::{LabelStyle, SelectItem, columns_plus_names};
use crate::sql::visitors::ClauseAdapter;
use std::rc::Rc;

impl SQLCompiler<'_> {
    /// What RETURNING lists: what the application asked for, else what was found to be needed.
    pub(super) fn returning_columns(&self, data: &DmlData, info: &mut DmlInfo) -> Vec<SelectItem> {
        info.explicit_returning = !data.returning.is_empty();
        let mut items = data.returning.clone();
        if !items.is_empty() {
            info.returns_rows = true;
            return items;
        }
        let more = &data.supplemental_returning;
        if let (Some(table), false) = (&info.table, more.is_empty()) {
            // Columns of the table come in its order, whatever they are wanted for.
            let wanted = |column: &Rc<Column>| {
                more.iter().any(|element| matches!(element, ColumnElement::Column(own) if Rc::ptr_eq(own, column)))
            };
            let known = std::mem::take(&mut info.implicit_returning);
            let columns = table.column_list().into_iter();
            info.implicit_returning = columns
                .filter(|column| known.iter().any(|one| Rc::ptr_eq(one, column)) || wanted(column))
                .collect();
        }
        let element = |column: &Rc<Column>| ColumnElement::Column(column.clone());
        items.extend(
            info.implicit_returning
                .iter()
                .map(element)
                .map(SelectItem::Column),
        );
        let is_new = |element: &&ColumnElement| {
            !matches!(element, ColumnElement::Column(own)
                if info.implicit_returning.iter().any(|known| Rc::ptr_eq(known, own)))
        };
        items.extend(more.iter().filter(is_new).cloned().map(SelectItem::Column));
        info.returns_rows = !items.is_empty();
        items
    }

    /// The columns that tell rows apart where rows must come back in order: the primary key, as
    /// far as the parameters have it.
    pub(super) fn sentinels(
        &self,
        data: &DmlData,
        params: &[super::crud::CrudParam],
        info: &mut DmlInfo,
    ) -> Vec<Rc<Column>> {
        info.ordered = data.sort_by_parameter_order;
        let wanted = data.sort_by_parameter_order
            && self.options.for_executemany
            && self.dialect.can.insertmanyvalues;
        let Some(table) = info.table.clone().filter(|_| wanted) else {
            return Vec::new();
        };
        let columns = table.primary_key_columns();
        let mut binds = Vec::with_capacity(columns.len());
        for column in &columns {
            let bind = params.iter().find_map(|param| {
                let own = param.column.column.as_ref()?;
                Rc::ptr_eq(own, column).then_some(param.bind).flatten()
            });
            match bind {
                Some(bind) => binds.push(bind),
                None => return Vec::new(),
            }
        }
        if columns.is_empty() {
            return Vec::new();
        }
        info.sentinels = Some(binds);
        columns
    }

    pub(super) fn returning_clause(
        &mut self,
        data: &DmlData,
        items: &[SelectItem],
        sentinels: &[Rc<Column>],
        toplevel: bool,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        if items.is_empty() {
            return Ok(());
        }
        let can = &self.dialect.can;
        if !(can.insert_returning || can.update_returning || can.delete_returning) {
            return Err(COMPILE_ERROR
                .error("RETURNING is not supported by this dialect's statement compiler."));
        }
        let _ = data;
        out.push(" RETURNING ");
        if self.dialect.backend == Backend::Oracle {
            return self.returning_into(items, kw, out);
        }
        let inner = Kw {
            include_table: self.dialect.backend != Backend::Sqlite,
            ..kw
        };
        self.returning_list(items, sentinels, toplevel, inner, out)
    }

    pub(super) fn returning_list(
        &mut self,
        items: &[SelectItem],
        sentinels: &[Rc<Column>],
        toplevel: bool,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        let mut columns = returned_columns(items, self.cx)?;
        let own = columns.len();
        columns.extend(sentinels.iter().cloned().map(ColumnElement::Column));
        let entries = columns_plus_names(columns, LabelStyle::DisambiguateOnly, true);
        for (at, entry) in entries.iter().enumerate() {
            if at > 0 {
                out.push(", ");
            }
            self.select_column(entry, toplevel && at < own, kw, kw, out)?;
        }
        Ok(())
    }

    /// SQL Server's OUTPUT, in front of VALUES or WHERE: columns of `inserted` or `deleted`.
    pub(super) fn output_clause(
        &mut self,
        data: &DmlData,
        items: &[SelectItem],
        name: &str,
        toplevel: bool,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        if items.is_empty() {
            return Ok(());
        }
        let target = data.table.alias(Some(Name::plain(name)));
        let adapter = ClauseAdapter::new(target, self.cx)?;
        let mut adapted = Vec::new();
        for column in returned_columns(items, self.cx)? {
            adapted.push(SelectItem::Column(adapter.adapt(&column)?));
        }
        out.push(" OUTPUT ");
        self.returning_list(&adapted, &[], toplevel, kw, out)
    }

    /// Oracle's RETURNING, which puts what it returns into parameters.
    pub(super) fn returning_into(
        &mut self,
        items: &[SelectItem],
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        let columns = returned_columns(items, self.cx)?;
        self.list(&columns, ", ", kw, out)?;
        out.push(" INTO ");
        for (at, column) in columns.iter().enumerate() {
            if at > 0 {
                out.push(", ");
            }
            let mut bind =
                BindParameter::named(&format!("ret_{at}"), BindValue::None, column.type_());
            bind.is_out = true;
            self.bindparam(&Rc::new(bind), kw, out)?;
        }
        Ok(())
    }
}

/// Each column of what RETURNING lists.
fn returned_columns(items: &[SelectItem], cx: &Cx) -> Result<Vec<ColumnElement>> {
    let mut columns = Vec::new();
    for item in items {
        match item {
            SelectItem::Column(element) => columns.push(element.clone()),
            SelectItem::From(from) => columns.extend(from.column_list(cx)?),
            SelectItem::Entity(entity) => columns.extend(entity.columns(cx)?),
        }
    }
    Ok(columns)
}
