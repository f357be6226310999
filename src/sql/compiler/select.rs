//! SELECT, compounds, textual statements.

use std::rc::Rc;

use super::compiled::ResultColumn;
use super::{Fragment, Kw, LabelResolution, SQLCompiler, StackEntry};
use crate::engine::exc::COMPILE_ERROR;
use crate::object::{Result, Str};
use crate::sql::dialects::Backend;
use crate::sql::elements::{ColumnElement, Name, null_type};
use crate::sql::entity::PluginContext;
use crate::sql::executable::Executable;
use crate::sql::operators::Operator;
use crate::sql::selectable::{
    ColumnPlusNames, CompoundKeyword, CompoundSelect, FromClause, Select, SelectData, SelectState,
    SelectStatement, TextClause, TextualSelect, columns_of_froms, columns_plus_names,
};
use crate::sql::types::SqlHook;

impl SQLCompiler<'_> {
    /// Render a SELECT.
    pub fn select(&mut self, select: &Select, kw: Kw, out: &mut Fragment) -> Result<()> {
        let toplevel = self.stack.is_empty();
        if let Some(statement) = &select.data().from_statement {
            let statement = self.plugin_statement(select, statement, toplevel)?;
            let plan = self.plan.clone();
            self.executable(&statement, kw, out)?;
            if toplevel {
                self.plan = plan;
            }
            return Ok(());
        }
        let select = self.core_select(select, toplevel)?;
        let select = match self.translate_select(&select)? {
            Some(translated) => translated,
            None => select,
        };
        let state = SelectState::new(&select, self.cx)?;
        let entry = self.stack.last().cloned().unwrap_or_default();
        let populate = (toplevel || entry.need_result_map) && kw.member <= 1;
        let columns = columns_plus_names(
            select.all_selected_columns(self.cx)?,
            select.data().label_style,
            true,
        );
        let froms = self.push_select(&select, &state, &entry, kw)?;
        let result = self.select_text(&select, columns, &froms, populate, toplevel, kw, out);
        self.stack.pop();
        result
    }

    /// The SELECT of plain columns and tables that an ORM SELECT comes down to.
    fn core_select(&mut self, select: &Select, toplevel: bool) -> Result<Select> {
        let Some(subject) = &select.data().subject else {
            return Ok(select.clone());
        };
        let context = PluginContext {
            toplevel,
            for_loading: self.options.for_execution && toplevel,
        };
        let made = subject.plugin().compile_select(select, context, self.cx)?;
        if toplevel {
            self.plan = made.plan;
        }
        Ok(made.select)
    }

    /// The statement that was given with `from_statement()`, as the ORM wants it.
    fn plugin_statement(
        &mut self,
        select: &Select,
        statement: &Executable,
        toplevel: bool,
    ) -> Result<Executable> {
        let Some(subject) = &select.data().subject else {
            return Ok(statement.clone());
        };
        let context = PluginContext {
            toplevel,
            for_loading: self.options.for_execution && toplevel,
        };
        let made = subject.plugin().compile_select(select, context, self.cx)?;
        if toplevel {
            self.plan = made.plan;
        }
        Ok(made.statement.unwrap_or_else(|| statement.clone()))
    }

    /// Find the FROM list and tell it to what is inside.
    fn push_select(
        &mut self,
        select: &Select,
        state: &SelectState,
        entry: &StackEntry,
        kw: Kw,
    ) -> Result<Vec<FromClause>> {
        let froms = if kw.asfrom && !kw.lateral {
            let explicit: Vec<usize> = entry
                .correlate_froms
                .iter()
                .copied()
                .filter(|id| !entry.asfrom_froms.contains(id))
                .collect();
            state.display_froms(select, &explicit, &[], self.cx)?
        } else {
            state.display_froms(select, &entry.correlate_froms, &entry.asfrom_froms, self.cx)?
        };
        let asfrom_froms: Vec<usize> = froms
            .iter()
            .flat_map(FromClause::from_objects)
            .map(|from| from.identity())
            .collect();
        let mut correlate_froms = entry.correlate_froms.clone();
        correlate_froms.extend(&asfrom_froms);
        let data = select.data();
        let needs_labels = data
            .order_by
            .iter()
            .chain(&data.group_by)
            .chain(&data.distinct_on)
            .any(names_labels);
        let labels = if needs_labels {
            Some(Rc::new(self.label_resolution(
                &select.all_selected_columns(self.cx)?,
                &state.froms,
            )?))
        } else {
            Some(Rc::default())
        };
        let hints = self.hints(data);
        self.stack.push(StackEntry {
            correlate_froms,
            asfrom_froms,
            labels,
            need_result_map: false,
            hints,
        });
        Ok(froms)
    }

    /// What names in ORDER BY may mean.
    fn label_resolution(
        &self,
        columns: &[ColumnElement],
        froms: &[FromClause],
    ) -> Result<LabelResolution> {
        let mut labels = LabelResolution::default();
        for column in columns_of_froms(froms, self.cx)? {
            if !column.allows_label_resolve() {
                continue;
            }
            if let Some(key) = column.key() {
                let key = Str::from(key.display());
                labels.only_froms.insert(key, column);
            }
        }
        labels.with_columns.clone_from(&labels.only_froms);
        // What is selected hides columns of the FROM list.
        for column in columns.iter().filter(|one| one.allows_label_resolve()) {
            if let Some(name) = column.tq_label().or_else(|| column.key()) {
                let name = Str::from(name.display());
                labels.only_columns.insert(name.clone(), column.clone());
                labels.with_columns.insert(name, column.clone());
            }
        }
        // A plain column is also found under its key, table-qualified label or not.
        for column in columns.iter().filter(|one| one.allows_label_resolve()) {
            if let Some(key) = column.key() {
                labels
                    .with_columns
                    .entry(Str::from(key.display()))
                    .or_insert_with(|| column.clone());
            }
        }
        Ok(labels)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one statement")]
    fn select_text(
        &mut self,
        select: &Select,
        columns: Vec<ColumnPlusNames>,
        froms: &[FromClause],
        populate: bool,
        toplevel: bool,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        let start = out.position();
        let data = select.data();
        let inner = self.inside(kw);
        for cte in &data.independent_ctes {
            self.independent_cte(cte, inner)?;
        }
        out.push("SELECT ");
        self.select_hints(out);
        self.prefixes(&data.prefixes, inner, out, "")?;
        self.precolumns(data, inner, out)?;
        let empty = columns.is_empty();
        for (at, entry) in columns.into_iter().enumerate() {
            if at > 0 {
                out.push(", ");
            }
            self.select_column(&entry, populate, kw, inner, out)?;
        }
        if empty && self.dialect.compat.is_20() {
            let trimmed = out.text.trim_end().len();
            out.text.truncate(trimmed);
        }
        self.select_body(select, froms, inner, out)?;
        for (dialect, hint) in &data.statement_hints {
            if dialect == "*" || dialect.as_str() == self.dialect.name {
                out.push(" ");
                out.push(hint);
            }
        }
        let embedded = kw.member > 0 || kw.insert_into;
        if !embedded || toplevel {
            self.render_ctes(start, toplevel, out);
        }
        if !data.suffixes.is_empty() {
            out.push(" ");
            self.prefixes(&data.suffixes, inner, out, "")?;
        }
        Ok(())
    }

    /// What stands before or behind the body: `prefix_with()`, `suffix_with()`.
    pub(super) fn prefixes(
        &mut self,
        prefixes: &[(ColumnElement, Option<Str>)],
        kw: Kw,
        out: &mut Fragment,
        _separator: &str,
    ) -> Result<()> {
        for (prefix, dialect) in prefixes {
            let applies = dialect
                .as_ref()
                .is_none_or(|name| name == "*" || name.as_str() == self.dialect.name);
            if applies {
                self.element(prefix, kw, out)?;
                out.push(" ");
            }
        }
        Ok(())
    }

    /// DISTINCT, TOP.
    fn precolumns(&mut self, data: &SelectData, kw: Kw, out: &mut Fragment) -> Result<()> {
        if data.distinct {
            self.distinct(data, kw, out)?;
        }
        if self.dialect.backend == Backend::Mssql {
            self.top(data, kw, out)?;
        }
        Ok(())
    }

    fn distinct(&mut self, data: &SelectData, kw: Kw, out: &mut Fragment) -> Result<()> {
        if !data.distinct_on.is_empty() && self.has_distinct_on() {
            out.push("DISTINCT ON (");
            self.list(&data.distinct_on, ", ", kw, out)?;
            out.push(") ");
        } else {
            out.push("DISTINCT ");
        }
        Ok(())
    }

    /// Render a column of the columns clause, labelled where it must or should be.
    pub(super) fn select_column(
        &mut self,
        entry: &ColumnPlusNames,
        populate: bool,
        outer: Kw,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        let column = &entry.column;
        if let ColumnElement::Tuple(_) = column.plain() {
            return Err(COMPILE_ERROR.error(
                "Most backends don't support SELECTing from a tuple() object.  If this is an ORM \
                 query, consider using the Bundle object.",
            ));
        }
        let kw = Kw {
            within_columns: true,
            within_label: false,
            ..kw
        };
        if let Some(expression) = self.column_expression(column, populate)? {
            let label = match column.plain() {
                ColumnElement::Label(label) => label.name.clone(),
                _ => entry
                    .required_label
                    .clone()
                    .or_else(|| entry.fallback_label.clone())
                    .unwrap_or_else(|| column.anon_name_label()),
            };
            if populate {
                let name = self.column_name(&label);
                self.add_result(entry, name);
                if let Some(added) = self.result.columns.last_mut() {
                    added.type_ = expression.type_();
                }
            }
            return self.labelled(&expression, &label, kw, out);
        }
        if let ColumnElement::Label(label) = column.plain() {
            if populate {
                let name = self.column_name(&label.name);
                self.add_result(entry, name);
            }
            return self.element(column, kw, out);
        }
        let label = match &entry.required_label {
            Some(label) => Some(label.clone()),
            None if self.needs_label(column, outer) => Some(
                entry
                    .fallback_label
                    .clone()
                    .unwrap_or_else(|| column.anon_name_label()),
            ),
            None => None,
        };
        if let Some(label) = label {
            let label = match label {
                Name::Plain(text) => Name::Truncated(text),
                other => other,
            };
            if populate {
                let name = self.column_name(&label);
                self.add_result(entry, name);
            }
            self.labelled(column, &label, kw, out)
        } else {
            if populate {
                self.add_plain_result(column);
            }
            self.element(column, kw, out)
        }
    }

    /// What the type of a selected column puts around it, in statements whose rows are read.
    fn column_expression(
        &self,
        column: &ColumnElement,
        populate: bool,
    ) -> Result<Option<ColumnElement>> {
        let enclosing = self.stack.iter().rev().nth(1);
        let read = populate || enclosing.is_none_or(|entry| entry.need_result_map);
        if !read {
            return Ok(None);
        }
        let column = match column.plain() {
            ColumnElement::Label(label) => &label.element,
            _ => column,
        };
        let hook = SqlHook::Column;
        column
            .type_()
            .sql_expression(hook, column, self.dialect, self.cx)
    }

    /// Whether an expression that needs no label gets one: it has no name a cursor could show.
    fn needs_label(&self, column: &ColumnElement, outer: Kw) -> bool {
        match column.plain() {
            ColumnElement::Column(_) | ColumnElement::ColumnClause(_) | ColumnElement::Proxy(_) => {
                outer.asfrom && !column.is_literal() && column.table().is_some()
            }
            ColumnElement::Text(_) => false,
            ColumnElement::Unary(_) if self.dialect.compat.is_14() => outer.asfrom,
            ColumnElement::AsBoolean(_) if self.dialect.compat.is_14() => true,
            ColumnElement::Unary(node) => {
                let inner = node.element.ungrouped();
                let unnamed = !inner.is_named_column() || inner.non_anon_label().is_none();
                unnamed || outer.asfrom
            }
            ColumnElement::AsBoolean(node) => {
                let inner = node.element.ungrouped();
                let unnamed = !inner.is_named_column() || inner.non_anon_label().is_none();
                !self.dialect.can.native_boolean || unnamed || outer.asfrom
            }
            ColumnElement::TableValued(_) | ColumnElement::ScalarFunctionColumn(_) => false,
            _ => column.non_anon_label().is_none(),
        }
    }

    fn add_result(&mut self, entry: &ColumnPlusNames, keyname: Str) {
        let column = &entry.column;
        let mut names = vec![keyname.clone()];
        let mut objects = Vec::new();
        if !entry.repeated {
            names.extend(entry.proxy_key.clone());
            names.extend(column.tq_label().as_ref().and_then(Name::text).cloned());
            objects.push(column.clone());
        }
        self.result.columns.push(ResultColumn {
            keyname,
            objects,
            names,
            type_: column.type_(),
        });
    }

    fn add_plain_result(&mut self, column: &ColumnElement) {
        if matches!(column.plain(), ColumnElement::Text(_)) {
            // Its columns are what the cursor says.
            self.result.ordered = false;
            self.result.textual_ordered = true;
            self.result.columns.push(ResultColumn {
                keyname: Str::new(""),
                objects: vec![column.clone()],
                names: Vec::new(),
                type_: null_type(),
            });
            return;
        }
        let named = match column.plain() {
            ColumnElement::Unary(node) => node.element.ungrouped(),
            ColumnElement::AsBoolean(node) => node.element.ungrouped(),
            plain => plain,
        };
        let name = named.name().unwrap_or_else(|| column.anon_name_label());
        let keyname = self.column_name(&name);
        if keyname.as_str() == "*" {
            self.result.ordered = false;
            self.result.textual_ordered = true;
        }
        let mut names = vec![keyname.clone()];
        let mut objects = vec![column.clone()];
        if !named.same(column) {
            objects.push(named.clone());
        }
        names.extend(named.key().as_ref().and_then(Name::text).cloned());
        names.extend(named.tq_label().as_ref().and_then(Name::text).cloned());
        self.result.columns.push(ResultColumn {
            keyname,
            objects,
            names,
            type_: column.type_(),
        });
    }

    /// Everything behind the columns.
    fn select_body(
        &mut self,
        select: &Select,
        froms: &[FromClause],
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        let data = select.data();
        if froms.is_empty() {
            out.push(self.default_from(!data.where_criteria.is_empty()));
        } else {
            out.push(" \nFROM ");
            let kw = Kw {
                asfrom: true,
                lateral: false,
                ..kw
            };
            for (at, from) in froms.iter().enumerate() {
                if at > 0 {
                    out.push(", ");
                }
                self.from(from, kw, out)?;
            }
        }
        let kw = Kw {
            asfrom: false,
            lateral: false,
            ..kw
        };
        if self.dialect.use_ansi {
            self.conditions(&data.where_criteria, " \nWHERE ", kw, out)?;
        } else {
            let mut criteria = data.where_criteria.clone();
            criteria.extend(super::from::plain_join_conditions(froms, self.cx)?);
            self.conditions(&criteria, " \nWHERE ", kw, out)?;
        }
        if self.options.warn_cartesian {
            super::from::warn_cartesian(select, froms, self.cx);
        }
        if !data.group_by.is_empty() {
            self.by_clause(&data.group_by, " GROUP BY ", kw, out)?;
        }
        self.conditions(&data.having_criteria, " \nHAVING ", kw, out)?;
        if !data.order_by.is_empty() && self.takes_order_by(data) {
            self.by_clause(&data.order_by, " ORDER BY ", kw, out)?;
        }
        if data.has_row_limit() {
            self.row_limit(data, kw, out)?;
        }
        if let Some(for_update) = &data.for_update {
            self.for_update(for_update, kw, out)?;
        }
        Ok(())
    }

    /// `word a AND b`.
    pub fn conditions(
        &mut self,
        criteria: &[ColumnElement],
        word: &str,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        if criteria.is_empty() {
            return Ok(());
        }
        let before = out.position();
        out.push(word);
        let start = out.position();
        let (_, criteria) =
            ColumnElement::process_for_boolean(&Operator::And, criteria, self.dialect.compat);
        self.list(&criteria, " AND ", kw, out)?;
        if out.is_at(start) {
            out.truncate(before);
        }
        Ok(())
    }

    /// `word a, b`.
    pub fn by_clause(
        &mut self,
        elements: &[ColumnElement],
        word: &str,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        let before = out.position();
        out.push(word);
        let start = out.position();
        self.list(elements, ", ", kw, out)?;
        if out.is_at(start) {
            out.truncate(before);
        }
        Ok(())
    }

    /// Render `a UNION b`.
    pub fn compound(
        &mut self,
        compound: &CompoundSelect,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        let start = out.position();
        let toplevel = self.stack.is_empty();
        let entry = self.stack.last().cloned().unwrap_or_default();
        let need_result_map = toplevel || (kw.member <= 1 && entry.need_result_map);
        let data = compound.data();
        self.check_widths(&data.selects)?;
        let statement = SelectStatement::Compound(compound.clone());
        let labels = if data
            .outer
            .order_by
            .iter()
            .chain(&data.outer.group_by)
            .any(names_labels)
        {
            let mut labels = LabelResolution::default();
            for (key, column) in statement.selected_columns(self.cx)? {
                labels.with_columns.insert(key.clone(), column.clone());
                labels.only_columns.insert(key.clone(), column.clone());
                labels.only_froms.insert(key, column);
            }
            Rc::new(labels)
        } else {
            Rc::default()
        };
        self.stack.push(StackEntry {
            correlate_froms: entry.correlate_froms,
            asfrom_froms: entry.asfrom_froms,
            labels: Some(labels),
            need_result_map,
            hints: Rc::default(),
        });
        let result = self.compound_text(data.keyword, &data.selects, &data.outer, kw, out);
        if result.is_ok() {
            self.render_ctes(start, toplevel, out);
        }
        self.stack.pop();
        result
    }

    fn compound_text(
        &mut self,
        keyword: CompoundKeyword,
        selects: &[SelectStatement],
        outer: &SelectData,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        let inner = self.inside(kw);
        for cte in &outer.independent_ctes {
            self.independent_cte(cte, inner)?;
        }
        for (at, member) in selects.iter().enumerate() {
            if at > 0 {
                out.push(" ");
                out.push(match (keyword, self.dialect.backend) {
                    (CompoundKeyword::Except, Backend::Oracle) => "MINUS",
                    _ => keyword_text(keyword),
                });
                out.push(" ");
            }
            let kw = Kw {
                member: at + 1,
                asfrom: kw.asfrom,
                ..inner
            };
            self.statement(member, kw, out)?;
        }
        let inner = Kw {
            include_table: false,
            asfrom: false,
            ..inner
        };
        if !outer.group_by.is_empty() {
            self.by_clause(&outer.group_by, " GROUP BY ", inner, out)?;
        }
        if !outer.order_by.is_empty() && self.takes_order_by(outer) {
            self.by_clause(&outer.order_by, " ORDER BY ", inner, out)?;
        }
        if outer.has_row_limit() {
            self.row_limit(outer, inner, out)?;
        }
        Ok(())
    }

    fn check_widths(&self, selects: &[SelectStatement]) -> Result<()> {
        let mut widths = Vec::with_capacity(selects.len());
        for select in selects {
            widths.push(select.all_selected_columns(self.cx)?.len());
        }
        let Some(first) = widths.first() else {
            return Ok(());
        };
        match widths.iter().enumerate().find(|(_, width)| *width != first) {
            Some((at, width)) => Err(COMPILE_ERROR.error(format!(
                "All selectables passed to CompoundSelect must have identical numbers of \
                 columns; select #1 has {first} columns, select #{} has {width}",
                at + 1
            ))),
            None => Ok(()),
        }
    }

    /// Render `text(..).columns(..)`.
    pub fn textual_select(
        &mut self,
        textual: &Rc<TextualSelect>,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        let start = out.position();
        let toplevel = self.stack.is_empty();
        let entry = self.stack.last().cloned().unwrap_or_default();
        let populate = toplevel || (kw.member <= 1 && entry.need_result_map);
        self.stack.push(StackEntry::default());
        if populate {
            self.result.ordered = textual.positional;
            self.result.textual_ordered = textual.positional;
            self.result.loose_names = !textual.positional && !textual.columns.is_empty();
            for column in &textual.columns {
                self.add_plain_result(column);
            }
        }
        let result = self.text(&textual.element, self.inside(kw), out);
        if result.is_ok() {
            self.render_ctes(start, toplevel, out);
        }
        self.stack.pop();
        result
    }

    /// Render a `text()` that is the whole statement.
    pub(super) fn toplevel_text(
        &mut self,
        text: &Rc<TextClause>,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        self.result.ordered = false;
        self.text(text, kw, out)
    }
}

/// Whether an element of ORDER BY may be the name of a label.
fn names_labels(element: &ColumnElement) -> bool {
    match element {
        ColumnElement::LabelReference(_) | ColumnElement::TextualLabelReference(_) => true,
        _ => {
            let mut found = false;
            element.for_each_child(&mut |child| found = found || names_labels(child));
            found
        }
    }
}

fn keyword_text(keyword: CompoundKeyword) -> &'static str {
    match keyword {
        CompoundKeyword::Union => "UNION",
        CompoundKeyword::UnionAll => "UNION ALL",
        CompoundKeyword::Except => "EXCEPT",
        CompoundKeyword::ExceptAll => "EXCEPT ALL",
        CompoundKeyword::Intersect => "INTERSECT",
        CompoundKeyword::IntersectAll => "INTERSECT ALL",
    }
}
