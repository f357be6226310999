//! Expressions that are neither operators nor functions.

use std::rc::Rc;

use super::{Fragment, Kw, SQLCompiler};
use crate::engine::exc::{COMPILE_ERROR, SA_WARNING};
use crate::object::{Result, Str};
use crate::sql::coercions::no_text_coercion;
use crate::sql::dialects::{Backend, dialect_named};
use crate::sql::elements::{
    Case, Cast, ColumnElement, Extract, Label, Name, Syntax, SyntaxForm, UnaryExpression,
};
use crate::sql::operators::Operator;
use crate::sql::selectable::{FromClause, TextClause};

impl SQLCompiler<'_> {
    /// Render an expression.
    pub fn element(&mut self, element: &ColumnElement, kw: Kw, out: &mut Fragment) -> Result<()> {
        if self.hooks.is_some() && self.hooked_element(element, kw, out)? {
            return Ok(());
        }
        match element {
            ColumnElement::Column(_) | ColumnElement::ColumnClause(_) | ColumnElement::Proxy(_) => {
                self.column(element, kw, out)
            }
            ColumnElement::Annotated(node) => match &node.element {
                ColumnElement::Column(_)
                | ColumnElement::ColumnClause(_)
                | ColumnElement::Proxy(_) => self.column(element, kw, out),
                inner => self.element(inner, kw, out),
            },
            ColumnElement::Bind(bind) => self.bindparam(bind, kw, out),
            ColumnElement::Null => {
                out.push("NULL");
                Ok(())
            }
            ColumnElement::True => {
                out.push(if self.has_boolean_words() {
                    "true"
                } else {
                    "1"
                });
                Ok(())
            }
            ColumnElement::False => {
                out.push(if self.has_boolean_words() {
                    "false"
                } else {
                    "0"
                });
                Ok(())
            }
            ColumnElement::Collation(name) => {
                if self.dialect.backend == Backend::Mssql {
                    out.push(name);
                } else {
                    let name = self.dialect.quote(name).into_owned();
                    out.push(&name);
                }
                Ok(())
            }
            ColumnElement::Text(text) => self.text(text, kw, out),
            ColumnElement::Label(label) => self.label(element, label, kw, out),
            ColumnElement::LabelReference(inner) => self.label_reference(inner, kw, out),
            ColumnElement::TextualLabelReference(name) => {
                self.textual_label_reference(name, kw, out)
            }
            ColumnElement::TypeCoerce(node) => self.element(&node.clause, kw, out),
            _ => {
                // Everything else nests without bound.
                let _depth = self.cx.enter()?;
                self.composed(element, kw, out)
            }
        }
    }

    fn composed(&mut self, element: &ColumnElement, kw: Kw, out: &mut Fragment) -> Result<()> {
        match element {
            ColumnElement::Binary(node) => self.binary(node, kw, out),
            ColumnElement::Unary(node) => self.unary(node, kw, out),
            ColumnElement::AsBoolean(node) => {
                let wanted = node.operator == Operator::IsTrue;
                let plain = self.dialect.can.native_boolean || element.is_implicitly_boolean();
                if plain && !wanted {
                    out.push("NOT ");
                }
                self.element(&node.element, kw, out)?;
                if !plain {
                    out.push(if wanted { " = 1" } else { " = 0" });
                }
                Ok(())
            }
            ColumnElement::ClauseList(list) => {
                let inner = Kw {
                    in_operator: list.operator != Operator::Comma,
                    ..kw
                };
                if list.operator == Operator::Concat && self.concat_list(list, inner, out)? {
                    return Ok(());
                }
                self.list(&list.clauses, list.operator.text(), inner, out)
            }
            ColumnElement::Grouping(node) => {
                out.push("(");
                self.element(&node.element, kw, out)?;
                out.push(")");
                Ok(())
            }
            ColumnElement::Function(function) => self.function(function, kw, out),
            ColumnElement::Over(node) => self.over(node, kw, out),
            ColumnElement::FunctionFilter(node) => {
                self.element(&node.function, kw, out)?;
                out.push(" FILTER (WHERE ");
                if let Some(criterion) = &node.criterion {
                    self.element(criterion, kw, out)?;
                }
                out.push(")");
                Ok(())
            }
            ColumnElement::WithinGroup(node) => {
                self.element(&node.element, kw, out)?;
                out.push(" WITHIN GROUP (ORDER BY ");
                if let Some(order_by) = &node.order_by {
                    self.element(order_by, kw, out)?;
                }
                out.push(")");
                Ok(())
            }
            ColumnElement::Case(node) => self.case(node, kw, out),
            ColumnElement::Cast(node) => self.cast(node, kw, out),
            ColumnElement::Extract(node) => self.extract(node, kw, out),
            ColumnElement::ScalarSelect(node) => {
                out.push("(");
                let inner = Kw {
                    asfrom: false,
                    ..self.inside(kw)
                };
                self.statement(&node.element, inner, out)?;
                out.push(")");
                Ok(())
            }
            ColumnElement::Exists(node) => {
                out.push("EXISTS (");
                let inner = Kw {
                    asfrom: false,
                    ..self.inside(kw)
                };
                self.statement(&node.element, inner, out)?;
                out.push(")");
                Ok(())
            }
            ColumnElement::Tuple(node) => {
                out.push("(");
                self.list(&node.clauses, ", ", kw, out)?;
                out.push(")");
                Ok(())
            }
            ColumnElement::TableValued(node) => {
                if let Some(name) = node.from.name() {
                    let name = self.alias_name(&name);
                    let quoted = self.dialect.quote(&name).into_owned();
                    out.push(&quoted);
                }
                if self.dialect.backend == Backend::Oracle {
                    out.push(".COLUMN_VALUE");
                }
                Ok(())
            }
            ColumnElement::Custom(node) => self.custom(node, kw, out),
            ColumnElement::Syntax(node) => self.syntax(node, kw, out),
            ColumnElement::ScalarFunctionColumn(node) => {
                out.push("(");
                self.element(&node.function, kw, out)?;
                out.push(").");
                let quoted = self.dialect.quote(&node.name).into_owned();
                out.push(&quoted);
                Ok(())
            }
            // The rest was rendered before the nesting was counted.
            _ => Ok(()),
        }
    }

    /// Whether there are the words `true` and `false`.
    fn has_boolean_words(&self) -> bool {
        self.dialect.can.native_boolean || self.dialect.backend.is_mysql()
    }

    /// What holds inside a subquery, whatever held outside.
    pub(super) fn inside(&self, kw: Kw) -> Kw {
        Kw {
            within_columns: false,
            within_label: false,
            label_as_label: 0,
            in_operator: false,
            include_table: true,
            asfrom: false,
            member: 0,
            insert_into: false,
            ..kw
        }
    }

    /// Render a column, qualified by its table.
    fn column(&mut self, column: &ColumnElement, kw: Kw, out: &mut Fragment) -> Result<()> {
        let Some(name) = column.name() else {
            return Err(
                COMPILE_ERROR.error("Cannot compile Column object until its 'name' is assigned.")
            );
        };
        let name = self.column_name(&name);
        let table = if kw.include_table {
            column.table()
        } else {
            None
        };
        if let Some(table) = table.filter(FromClause::named_with_column) {
            self.qualifier(&table, kw, out);
        }
        if column.is_literal() {
            self.literal_sql(&name, out);
        } else {
            let quote = match column.plain() {
                ColumnElement::Column(column) => column.quote(),
                _ => None,
            };
            out.push(&self.dialect.quote_name(&name, quote));
        }
        let noted = column
            .annotations()
            .and_then(|notes| notes.get(super::from::OUTER_COLUMN));
        if noted.is_some() {
            out.push("(+)");
        }
        Ok(())
    }

    /// The table's name in front of a column's.
    fn qualifier(&mut self, table: &FromClause, kw: Kw, out: &mut Fragment) {
        let Some(mut name) = table.name() else {
            return;
        };
        let schema = if kw.use_schema {
            self.dialect.effective_schema(table.schema().as_ref())
        } else {
            None
        };
        let mut quote = None;
        match (&schema, table.plain()) {
            (Some(schema), _) => {
                out.push(&self.dialect.quote_schema(schema));
                out.push(".");
            }
            (None, FromClause::Table(_)) => {
                if let Some(alias) = name.text().and_then(|t| self.ambiguous_tables.get(t)) {
                    name = alias.clone();
                }
            }
            _ => {}
        }
        if let FromClause::Table(table) = table.plain() {
            quote = table.quote;
        }
        let name = self.alias_name(&name);
        out.push(&self.dialect.quote_name(&name, quote));
        out.push(".");
    }

    /// SQL text as it is.
    pub(super) fn literal_sql(&self, text: &str, out: &mut Fragment) {
        if self.double_percents {
            out.push(&text.replace('%', "%%"));
        } else {
            out.push(text);
        }
    }

    fn label(
        &mut self,
        element: &ColumnElement,
        label: &Rc<Label>,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        if kw.label_as_label == element.identity() {
            let name = self.column_name(&label.name);
            let quoted = self.dialect.quote(&name).into_owned();
            out.push(&quoted);
            return Ok(());
        }
        if kw.within_columns && !kw.within_label {
            return self.labelled(&label.element, &label.name, kw, out);
        }
        let inner = Kw {
            within_columns: false,
            label_as_label: 0,
            ..kw
        };
        self.element(&label.element, inner, out)
    }

    /// `element AS name`.
    pub(super) fn labelled(
        &mut self,
        element: &ColumnElement,
        name: &Name,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        // The label is numbered before what is inside.
        let name = self.column_name(name);
        let inner = Kw {
            within_columns: true,
            within_label: true,
            label_as_label: 0,
            ..kw
        };
        self.element(element, inner, out)?;
        out.push(" AS ");
        let quoted = self.dialect.quote(&name).into_owned();
        out.push(&quoted);
        Ok(())
    }

    fn label_reference(&mut self, inner: &ColumnElement, kw: Kw, out: &mut Fragment) -> Result<()> {
        let mut kw = kw;
        if let Some(entry) = self
            .stack
            .last()
            .filter(|_| self.dialect.can.order_by_label)
        {
            let Some(labels) = entry.labels.clone() else {
                return Err(COMPILE_ERROR.error(
                    "Can't resolve label reference for ORDER BY / GROUP BY / DISTINCT etc.",
                ));
            };
            let names = if kw.within_columns {
                &labels.only_froms
            } else {
                &labels.only_columns
            };
            if let Some(label) = inner.order_by_label() {
                let known = label
                    .name()
                    .and_then(|name| names.get(name.display().as_str()));
                if known.is_some_and(|known| known.shares_lineage(&label)) {
                    kw.label_as_label = label.identity();
                }
            }
        }
        self.element(inner, kw, out)
    }

    fn textual_label_reference(&mut self, name: &Str, kw: Kw, out: &mut Fragment) -> Result<()> {
        let Some(entry) = self.stack.last() else {
            out.push(name);
            return Ok(());
        };
        let labels = entry.labels.clone();
        let found = labels.as_ref().and_then(|labels| {
            let names = if kw.within_columns {
                &labels.only_froms
            } else {
                &labels.with_columns
            };
            names.get(name).cloned()
        });
        match found {
            Some(column) => {
                let kw = Kw {
                    label_as_label: column.identity(),
                    ..kw
                };
                self.element(&column, kw, out)
            }
            None => Err(no_text_coercion(
                name,
                None,
                &COMPILE_ERROR,
                "Can't resolve label reference for ORDER BY / GROUP BY / DISTINCT etc. ",
                self.cx,
            )),
        }
    }

    /// Render a `text()`: its `:name`s are binds.
    pub(super) fn text(&mut self, text: &Rc<TextClause>, kw: Kw, out: &mut Fragment) -> Result<()> {
        let source = text.text.as_str();
        let mut rest = source;
        let mut previous = None;
        while let Some(at) = rest.find(':') {
            let (before, after) = rest.split_at(at);
            let after_colon = &after[1..];
            let last = before.chars().next_back().or(previous);
            if last == Some('\\') {
                // An escaped colon.
                self.literal_sql(&before[..before.len().saturating_sub(1)], out);
                out.push(":");
                previous = Some(':');
                rest = after_colon;
                continue;
            }
            self.literal_sql(before, out);
            let name: &str = match after_colon
                .char_indices()
                .find(|(_, c)| !(c.is_alphanumeric() || *c == '_'))
            {
                Some((end, _)) => &after_colon[..end],
                None => after_colon,
            };
            let follows = after_colon[name.len()..].chars().next();
            let escaped = last.is_some_and(|c| c == ':' || c == '\u{5c}')
                || last.is_some_and(|c| c.is_alphanumeric() || c == '_')
                || follows == Some(':');
            if name.is_empty() || escaped {
                out.push(":");
                out.push(name);
                previous = name.chars().next_back().or(Some(':'));
                rest = &after_colon[name.len()..];
                continue;
            }
            if let Some(bind) = text.bind(name) {
                self.bindparam(&bind, kw, out)?;
            } else {
                out.push(":");
                out.push(name);
            }
            previous = name.chars().next_back();
            rest = &after_colon[name.len()..];
        }
        self.literal_sql(rest, out);
        Ok(())
    }

    fn unary(&mut self, node: &Rc<UnaryExpression>, kw: Kw, out: &mut Fragment) -> Result<()> {
        match (&node.operator, &node.modifier) {
            (Some(operator), None) => {
                if let Operator::Custom(custom) = operator {
                    self.literal_sql(&custom.text, out);
                    out.push(" ");
                } else {
                    out.push(operator.text());
                }
                self.element(&node.element, kw, out)
            }
            (None, Some(Operator::Custom(custom))) => {
                self.element(&node.element, kw, out)?;
                out.push(" ");
                self.literal_sql(&custom.text, out);
                Ok(())
            }
            (None, Some(modifier)) => {
                self.element(&node.element, kw, out)?;
                out.push(modifier.text());
                Ok(())
            }
            (Some(_), Some(_)) => Err(COMPILE_ERROR
                .error("Unary expression does not support operator and modifier simultaneously")),
            (None, None) => {
                Err(COMPILE_ERROR.error("Unary expression has no operator or modifier"))
            }
        }
    }

    /// An array, a slice, an ORDER BY inside of an aggregate.
    fn syntax(&mut self, node: &Rc<Syntax>, kw: Kw, out: &mut Fragment) -> Result<()> {
        if self.dialect.backend == Backend::Default && node.form != SyntaxForm::Slice {
            return self.as_postgresql(node, out);
        }
        match (node.form, node.clauses.as_slice()) {
            (SyntaxForm::Array, []) => {
                let item = node.type_.behaviour().item_type();
                out.push("ARRAY[]");
                if item.is_some_and(|item| !item.is_null()) {
                    out.push("::");
                    out.push(&self.type_text(&node.type_)?);
                }
            }
            (SyntaxForm::Array, items) => {
                out.push("ARRAY[");
                self.list(items, ", ", kw, out)?;
                out.push("]");
            }
            (SyntaxForm::AggregateOrderBy, [target, order_by @ ..]) => {
                self.element(target, kw, out)?;
                out.push(" ORDER BY ");
                self.list(order_by, ", ", kw, out)?;
            }
            (SyntaxForm::Slice, bounds) => self.list(bounds, ":", kw, out)?,
            (SyntaxForm::AggregateOrderBy, []) => {}
        }
        Ok(())
    }

    /// What only PostgreSQL has, as it would write it, where there is no database.
    fn as_postgresql(&mut self, node: &Rc<Syntax>, out: &mut Fragment) -> Result<()> {
        let Some(spec) = dialect_named("postgresql") else {
            return Ok(());
        };
        let dialect = spec.make(self.dialect.compat);
        let element = ColumnElement::Syntax(node.clone());
        let options = super::CompileOptions::default();
        let compiled = super::compile_element(&element, &dialect, options, self.cx)?;
        out.push(compiled.sql());
        Ok(())
    }

    fn case(&mut self, node: &Rc<Case>, kw: Kw, out: &mut Fragment) -> Result<()> {
        out.push("CASE ");
        if let Some(value) = &node.value {
            self.element(value, kw, out)?;
            out.push(" ");
        }
        for (condition, result) in &node.whens {
            out.push("WHEN ");
            self.element(condition, kw, out)?;
            out.push(" THEN ");
            self.element(result, kw, out)?;
            out.push(" ");
        }
        if let Some(otherwise) = &node.else_ {
            out.push("ELSE ");
            self.element(otherwise, kw, out)?;
            out.push(" ");
        }
        out.push("END");
        Ok(())
    }

    fn cast(&mut self, node: &Rc<Cast>, kw: Kw, out: &mut Fragment) -> Result<()> {
        let Some(type_text) = self.cast_type(&node.type_)? else {
            self.cx.warn(
                &SA_WARNING,
                &format!(
                    "Datatype {} does not support CAST on MySQL/MariaDb; the CAST will be skipped.",
                    self.type_text(&node.type_)?
                ),
            );
            let clause = node.clause.self_group(None, self.dialect.compat);
            return self.element(&clause, kw, out);
        };
        let (type_text, collation) = match type_text.find(" COLLATE ") {
            Some(at) => (type_text[..at].to_owned(), type_text[at..].to_owned()),
            None => (type_text, String::new()),
        };
        out.push(match (node.is_try, self.dialect.backend) {
            (false, _) => "CAST(",
            (true, Backend::Mssql) => "TRY_CAST (",
            (true, _) => "TRY_CAST(",
        });
        self.element(&node.clause, kw, out)?;
        out.push(" AS ");
        out.push(&type_text);
        out.push(")");
        out.push(&collation);
        Ok(())
    }

    /// A type as CAST and DDL write it.
    pub fn type_text(&self, type_: &crate::sql::types::SqlType) -> Result<String> {
        type_.ddl(self.dialect, self.cx)
    }

    fn extract(&mut self, node: &Rc<Extract>, kw: Kw, out: &mut Fragment) -> Result<()> {
        if self.special_extract(node, kw, out)? {
            return Ok(());
        }
        out.push("EXTRACT(");
        out.push(&node.field);
        out.push(" FROM ");
        self.element(&node.expr, kw, out)?;
        out.push(")");
        Ok(())
    }
}
