//! INSERT, UPDATE, DELETE.

use std::rc::Rc;

use super::crud::{Crud, dml_columns};
use super::dml_info::DmlInfo;
use super::multi_table::extra_froms;
use super::{Fragment, Kw, SQLCompiler, StackEntry};
use crate::engine::StatementKind;
use crate::engine::exc::COMPILE_ERROR;
use crate::object::{Raised, Result};
use crate::sql::dialects::Backend;
use crate::sql::dml::{Delete, DmlData, DmlKey, Insert, Update};
use crate::sql::elements::ColumnElement;
use crate::sql::selectable::{Alias, AliasedElement, FromClause, SelectItem, SelectStatement};

impl SQLCompiler<'_> {
    /// Render an INSERT.
    pub fn insert(&mut self, insert: &Insert, kw: Kw, out: &mut Fragment) -> Result<()> {
        self.enclosed(kw, out, |this, toplevel, kw, out| {
            this.insert_text(insert.data(), toplevel, kw, out)
        })
    }
    /// Render an UPDATE.
    pub fn update(&mut self, update: &Update, kw: Kw, out: &mut Fragment) -> Result<()> {
        self.enclosed(kw, out, |this, toplevel, kw, out| {
            this.update_text(update.data(), toplevel, kw, out)
        })
    }
    /// Render a DELETE.
    pub fn delete(&mut self, delete: &Delete, kw: Kw, out: &mut Fragment) -> Result<()> {
        self.enclosed(kw, out, |this, toplevel, kw, out| {
            this.delete_text(delete.data(), toplevel, kw, out)
        })
    }

    /// Render a statement with its own place on the stack, and its CTEs in front.
    fn enclosed(
        &mut self,
        kw: Kw,
        out: &mut Fragment,
        render: impl FnOnce(&mut Self, bool, Kw, &mut Fragment) -> Result<()>,
    ) -> Result<()> {
        let toplevel = self.stack.is_empty();
        let start = out.position();
        self.stack.push(StackEntry::default());
        let inner = Kw {
            asfrom: false,
            ..self.inside(kw)
        };
        let result = render(self, toplevel, inner, out);
        if result.is_ok() {
            let before = out.position();
            self.render_ctes(start, toplevel, out);
            if out.position() != before {
                // The CTEs in front moved the row.
                if let Some(info) = &mut self.dml {
                    info.row_span = None;
                }
            }
        }
        self.stack.pop();
        result
    }

    /// The table of a statement, as what is written to.
    fn table_text(&mut self, table: &FromClause) -> Result<String> {
        Ok(match table.plain() {
            FromClause::Table(table) => {
                self.dialect
                    .format_table_name(table.name(), table.quote, table.schema())
            }
            FromClause::TableClause(table) => {
                self.dialect
                    .format_table_name(&table.name, None, table.schema.as_ref())
            }
            FromClause::Alias(alias) => match &alias.element {
                AliasedElement::From(inner) => {
                    let inner = self.table_text(inner)?;
                    format!("{inner}{}{}", self.alias_keyword(), self.alias_text(alias))
                }
                AliasedElement::Select(_) => return Err(no_table()),
            },
            _ => return Err(no_table()),
        })
    }

    fn alias_text(&mut self, alias: &Rc<Alias>) -> String {
        let name = self.alias_name(&alias.name);
        self.dialect.quote(&name).into_owned()
    }

    /// The names of the table's columns as RETURNING and conditions inside may correlate.
    fn correlate(&mut self, froms: &[FromClause]) {
        let ids: Vec<usize> = froms.iter().map(FromClause::identity).collect();
        if let Some(entry) = self.stack.last_mut() {
            entry.correlate_froms.clone_from(&ids);
            entry.asfrom_froms = ids;
        }
    }

    fn insert_text(
        &mut self,
        data: &DmlData,
        toplevel: bool,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        for cte in &data.independent_ctes {
            self.independent_cte(cte, kw)?;
        }
        let Crud {
            params,
            more,
            mut info,
        } = self.crud(data, StatementKind::Insert, false, toplevel, kw)?;
        let can = self.dialect.can;
        let empty = params.is_empty();
        if empty && !can.default_values && !can.default_metavalue && !can.empty_insert {
            return Err(COMPILE_ERROR.error(format!(
                "The '{}' dialect with current database version settings does not support empty \
                 inserts.",
                self.dialect.name
            )));
        }
        if !data.multi_values.is_empty() && !can.multivalues_insert {
            return Err(COMPILE_ERROR.error(format!(
                "The '{}' dialect with current database version settings does not support \
                 in-place multirow inserts.",
                self.dialect.name
            )));
        }
        out.push("INSERT ");
        self.prefixes(&data.prefixes, kw, out, "")?;
        out.push("INTO ");
        out.push(&self.table_text(&data.table)?);
        self.dml_hints(data, out);
        let metavalue = empty
            && self.options.for_executemany
            && can.default_metavalue
            && data.from_select.is_none();
        let names: Vec<&str> = params.iter().map(|param| param.text.as_str()).collect();
        if metavalue {
            let first = dml_columns(&data.table, self.cx)?.into_iter().next();
            if let Some(first) = first {
                let mut name = Fragment::default();
                let plain = Kw {
                    include_table: false,
                    ..kw
                };
                self.element(&first.element, plain, &mut name)?;
                out.push(&format!(" ({})", name.text));
            }
        } else if !empty || data.from_select.is_some() || !can.default_values {
            out.push(&format!(" ({})", names.join(", ")));
        }
        let returning = self.returning_columns(data, &mut info);
        let sentinels = self.sentinels(data, &params, &mut info);
        let output_first = self.dialect.backend == Backend::Mssql;
        if output_first {
            self.output_clause(data, &returning, "inserted", toplevel, kw, out)?;
        }
        if let Some(from_select) = &data.from_select {
            out.push(" ");
            let inner = Kw {
                insert_into: true,
                ..kw
            };
            let extra = &params[from_select.names.len().min(params.len())..];
            self.select_for_insert(&from_select.select, extra, &mut info, inner, out)?;
        } else if metavalue {
            out.push(" VALUES (DEFAULT)");
        } else if empty && can.default_values {
            out.push(" DEFAULT VALUES");
        } else {
            out.push(" VALUES ");
            let start = out.position();
            push_row(params.iter().map(|param| &param.value), out);
            if toplevel && more.is_empty() {
                info.row_span = Some((start, out.position()));
            }
            for row in &more {
                out.push(", ");
                push_row(row.iter(), out);
            }
        }
        if let Some(on_conflict) = &data.on_conflict {
            out.push(" ");
            self.on_conflict(data, on_conflict, kw, out)?;
        }
        if let Some(on_duplicate) = &data.on_duplicate_key {
            self.on_duplicate_key(data, on_duplicate, kw, out)?;
        }
        if !output_first {
            self.returning_clause(data, &returning, &sentinels, toplevel, kw, out)?;
        }
        if toplevel {
            self.dml = Some(info);
        }
        Ok(())
    }

    /// The SELECT of an INSERT, with the defaults of further columns behind its own.
    fn select_for_insert(
        &mut self,
        select: &SelectStatement,
        extra: &[super::crud::CrudParam],
        info: &mut DmlInfo,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        let more: Vec<SelectItem> = extra
            .iter()
            .filter_map(|param| param.selected.clone())
            .map(SelectItem::Column)
            .collect();
        match select {
            SelectStatement::Select(select) if !more.is_empty() => {
                self.select(&select.add_columns(more), kw, out)?;
            }
            _ => self.statement(select, kw, out)?,
        }
        for param in extra {
            let Some(ColumnElement::Bind(bind)) = &param.selected else {
                continue;
            };
            if let Some(column) = &param.column.column {
                let number = self.bind_number(bind)?;
                info.prefetch.push((column.clone(), number));
                info.column_binds.push((column.clone(), number));
            }
        }
        Ok(())
    }

    fn dml_hints(&self, data: &DmlData, out: &mut Fragment) {
        for (text, dialect) in &data.hints {
            if dialect == "*" || dialect.as_str() == self.dialect.name {
                out.push(" ");
                out.push(text);
            }
        }
    }

    /// Raise where an UPDATE sets columns of other tables than its own.
    pub(super) fn check_other_tables(&self, data: &DmlData, used: &[bool]) -> Result<()> {
        let mut tables: Vec<String> = Vec::new();
        for ((key, _), used) in data.values.iter().zip(used) {
            if let (DmlKey::Column(column), false) = (key, used)
                && let Some(table) = column.table()
            {
                let name = format!("'{}'", table.full_name());
                if !tables.contains(&name) {
                    tables.push(name);
                }
            }
        }
        if tables.is_empty() {
            return Ok(());
        }
        Err(COMPILE_ERROR.error(format!(
            "Backend does not support additional tables in the SET clause; cannot include columns \
             from table(s) {} in SET clause",
            tables.join(", ")
        )))
    }

    fn update_text(
        &mut self,
        data: &DmlData,
        toplevel: bool,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        for cte in &data.independent_ctes {
            self.independent_cte(cte, kw)?;
        }
        let extra = extra_froms(data, true);
        self.check_multi_table(&extra, "UPDATE")?;
        let mut froms = vec![data.table.clone()];
        froms.extend(extra.iter().cloned());
        self.correlate(&froms);
        let mysql = self.dialect.backend.is_mysql();
        out.push("UPDATE ");
        self.prefixes(&data.prefixes, kw, out, "")?;
        out.push(&self.table_text(&data.table)?);
        if mysql {
            let from_kw = Kw { asfrom: true, ..kw };
            for from in &extra {
                out.push(", ");
                self.from(from, from_kw, out)?;
            }
        }
        self.dml_hints(data, out);
        let qualified = mysql && !extra.is_empty();
        let Crud {
            params, mut info, ..
        } = self.crud(data, StatementKind::Update, qualified, toplevel, kw)?;
        out.push(" SET ");
        for (at, param) in params.iter().enumerate() {
            if at > 0 {
                out.push(", ");
            }
            out.push(&param.text);
            out.push("=");
            out.append(&param.value);
        }
        let returning = self.returning_columns(data, &mut info);
        let output_first = self.dialect.backend == Backend::Mssql;
        if output_first {
            self.output_clause(data, &returning, "inserted", toplevel, kw, out)?;
        }
        if !extra.is_empty() && !mysql {
            out.push(" FROM ");
            if output_first {
                let table = self.table_text(&data.table)?;
                out.push(&table);
                out.push(", ");
            }
            self.list_of_froms(&extra, kw, out)?;
        }
        self.conditions(&data.where_criteria, " WHERE ", kw, out)?;
        self.mysql_limit(data, out)?;
        if !output_first {
            self.returning_clause(data, &returning, &[], toplevel, kw, out)?;
        }
        if toplevel {
            self.dml = Some(info);
        }
        Ok(())
    }

    fn list_of_froms(&mut self, froms: &[FromClause], kw: Kw, out: &mut Fragment) -> Result<()> {
        let kw = Kw { asfrom: true, ..kw };
        for (at, from) in froms.iter().enumerate() {
            if at > 0 {
                out.push(", ");
            }
            self.from(from, kw, out)?;
        }
        Ok(())
    }

    fn mysql_limit(&self, data: &DmlData, out: &mut Fragment) -> Result<()> {
        let name = format!("{}_limit", self.dialect.name);
        let limit = data
            .dialect_options
            .iter()
            .find(|(known, _)| *known == name.as_str());
        if let Some((_, limit)) = limit.filter(|_| self.dialect.backend.is_mysql())
            && let Some(limit) = limit.as_int()
        {
            out.push(&format!(" LIMIT {limit}"));
        }
        Ok(())
    }

    fn delete_text(
        &mut self,
        data: &DmlData,
        toplevel: bool,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        for cte in &data.independent_ctes {
            self.independent_cte(cte, kw)?;
        }
        let extra = extra_froms(data, false);
        self.check_multi_table(&extra, "DELETE")?;
        let mut froms = vec![data.table.clone()];
        froms.extend(extra.iter().cloned());
        self.correlate(&froms);
        let mut info = DmlInfo::new(StatementKind::Delete, &data.table);
        if data.return_defaults.is_some()
            && self.dialect.can.delete_returning
            && let Some(table) = &info.table
        {
            let columns = data.return_defaults.clone().unwrap_or_default();
            info.implicit_returning = if columns.is_empty() {
                table.column_list()
            } else {
                columns
            };
        }
        out.push("DELETE ");
        self.prefixes(&data.prefixes, kw, out, "")?;
        out.push("FROM ");
        let table = self.table_text(&data.table)?;
        match data.table.plain() {
            // Beside further tables these two want the name that is used for it.
            FromClause::Alias(alias)
                if !extra.is_empty()
                    && (self.dialect.backend.is_mysql()
                        || self.dialect.backend == Backend::Mssql) =>
            {
                let name = self.alias_text(alias);
                out.push(&name);
            }
            _ => out.push(&table),
        }
        self.dml_hints(data, out);
        let returning = self.returning_columns(data, &mut info);
        let mssql = self.dialect.backend == Backend::Mssql;
        if mssql {
            self.output_clause(data, &returning, "deleted", toplevel, kw, out)?;
        }
        if !extra.is_empty() {
            match self.dialect.backend {
                Backend::Mysql | Backend::Mariadb => {
                    out.push(" USING ");
                    out.push(&table);
                    out.push(", ");
                }
                Backend::Postgresql => out.push(" USING "),
                Backend::Mssql => {
                    out.push(" FROM ");
                    out.push(&table);
                    out.push(", ");
                }
                _ => out.push(" , "),
            }
            self.list_of_froms(&extra, kw, out)?;
        }
        self.conditions(&data.where_criteria, " WHERE ", kw, out)?;
        self.mysql_limit(data, out)?;
        if !mssql {
            self.returning_clause(data, &returning, &[], toplevel, kw, out)?;
        }
        if toplevel {
            self.dml = Some(info);
        }
        Ok(())
    }
}

fn push_row<'a>(values: impl Iterator<Item = &'a Fragment>, out: &mut Fragment) {
    out.push("(");
    for (at, value) in values.enumerate() {
        if at > 0 {
            out.push(", ");
        }
        out.append(value);
    }
    out.push(")");
}

fn no_table() -> Raised {
    COMPILE_ERROR.error("INSERT, UPDATE and DELETE need a table, or an alias of one")
}
