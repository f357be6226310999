//! FROM elements.

use std::rc::Rc;

use super::{Fragment, Kw, SQLCompiler};
use crate::engine::exc::SA_WARNING;
use crate::object::{Cx, Object, Result, Value};
use crate::sql::coercions::{Coerced, coerce};
use crate::sql::elements::{Annotations, ColumnElement};
use crate::sql::selectable::{Alias, AliasKind, AliasedElement, FromClause, Join, Select, Values};
use crate::sql::visitors::replace;

impl SQLCompiler<'_> {
    /// Render a FROM element.
    pub fn from(&mut self, from: &FromClause, kw: Kw, out: &mut Fragment) -> Result<()> {
        let _depth = self.cx.enter()?;
        if self.hooks.is_some() {
            let class = Object::class(from.plain());
            if self.hooked(&class, || Value::object(from.clone()), kw, out)? {
                return Ok(());
            }
        }
        match from {
            FromClause::Table(table) => {
                let start = out.position();
                let name =
                    self.dialect
                        .format_table_name(table.name(), table.quote, table.schema());
                out.push(&name);
                self.hint_on(from, start, kw, out)
            }
            FromClause::TableClause(table) => {
                let name = self
                    .dialect
                    .format_table_name(&table.name, None, table.schema.as_ref());
                out.push(&name);
                Ok(())
            }
            FromClause::Alias(alias) => {
                let start = out.position();
                self.alias(alias, kw, out)?;
                self.hint_on(from, start, kw, out)
            }
            FromClause::Join(join) => self.join(join, kw, out),
            FromClause::Values(values) => self.values(values, kw, out),
            FromClause::Function(function) => {
                self.element(&ColumnElement::Function(function.clone()), kw, out)
            }
            FromClause::Text(text) => self.text(text, kw, out),
            FromClause::Grouping(inner) => {
                out.push("(");
                self.from(inner, kw, out)?;
                out.push(")");
                Ok(())
            }
            FromClause::Annotated(inner) => self.from(&inner.element, kw, out),
        }
    }

    fn join(&mut self, join: &Rc<Join>, kw: Kw, out: &mut Fragment) -> Result<()> {
        let kw = Kw { asfrom: true, ..kw };
        self.from(&join.left, kw, out)?;
        if !self.dialect.use_ansi {
            out.push(", ");
            return self.from(join.right.ungrouped(), kw, out);
        }
        out.push(if join.full {
            " FULL OUTER JOIN "
        } else if join.isouter {
            " LEFT OUTER JOIN "
        } else {
            self.inner_join()
        });
        self.from(&join.right, kw, out)?;
        if let Some(condition) = &join.onclause {
            out.push(" ON ");
            let kw = Kw {
                asfrom: false,
                ..kw
            };
            self.element(condition, kw, out)?;
        }
        Ok(())
    }

    fn alias(&mut self, alias: &Rc<Alias>, kw: Kw, out: &mut Fragment) -> Result<()> {
        match &alias.kind {
            AliasKind::Cte(_) => return self.cte(alias, kw, out),
            AliasKind::TableValued { .. } if !kw.asfrom => {
                return self.aliased(alias, kw, out);
            }
            _ => {}
        }
        if !kw.asfrom {
            // `str(alias)`: what is inside.
            return self.aliased(alias, kw, out);
        }
        let name = self.alias_name(&alias.name);
        if alias.is_lateral() {
            out.push("LATERAL ");
        }
        let inner = Kw {
            lateral: alias.is_lateral(),
            ..kw
        };
        self.aliased_in_from(alias, inner, out)?;
        out.push(self.alias_keyword());
        let quoted = self.dialect.quote(&name).into_owned();
        out.push(&quoted);
        match &alias.kind {
            AliasKind::TableSample { sampling, seed } => {
                out.push(" TABLESAMPLE ");
                let kw = Kw {
                    asfrom: false,
                    ..kw
                };
                self.element(sampling, kw, out)?;
                if let Some(seed) = seed {
                    out.push(" REPEATABLE (");
                    self.element(seed, kw, out)?;
                    out.push(")");
                }
            }
            AliasKind::TableValued {
                render_derived: true,
                with_types,
                ..
            } => self.derived_columns(alias, *with_types, out)?,
            _ => {}
        }
        Ok(())
    }

    fn derived_columns(
        &mut self,
        alias: &Rc<Alias>,
        with_types: bool,
        out: &mut Fragment,
    ) -> Result<()> {
        out.push("(");
        let columns: Vec<_> = alias
            .columns(self.cx)?
            .entries
            .iter()
            .map(|(_, data)| (data.name.clone(), data.type_.clone()))
            .collect();
        for (at, (name, type_)) in columns.iter().enumerate() {
            if at > 0 {
                out.push(", ");
            }
            let name = self.column_name(name);
            let quoted = self.dialect.quote(&name).into_owned();
            out.push(&quoted);
            if with_types {
                out.push(" ");
                if type_.is_null() {
                    out.push("NULL");
                } else {
                    out.push(&self.type_text(type_)?);
                }
            }
        }
        out.push(")");
        Ok(())
    }

    /// What an alias names, in FROM: a query in parentheses, and of an alias what that names.
    fn aliased_in_from(&mut self, alias: &Rc<Alias>, kw: Kw, out: &mut Fragment) -> Result<()> {
        if let AliasedElement::Select(_) = &alias.element {
            out.push("(");
            self.aliased(alias, kw, out)?;
            out.push(")");
            return Ok(());
        }
        if let AliasedElement::From(from) = &alias.element
            && let FromClause::Alias(inner) = from.plain()
            && matches!(inner.kind, AliasKind::Alias | AliasKind::Subquery)
        {
            return self.aliased_in_from(inner, kw, out);
        }
        self.aliased(alias, kw, out)
    }

    fn aliased(&mut self, alias: &Rc<Alias>, kw: Kw, out: &mut Fragment) -> Result<()> {
        match &alias.element {
            AliasedElement::From(from) => {
                // On its own, a table inside an alias shows nothing.
                let table = matches!(
                    from.plain(),
                    FromClause::Table(_) | FromClause::TableClause(_)
                );
                if kw.asfrom || !table {
                    return self.from(from, kw, out);
                }
                Ok(())
            }
            AliasedElement::Select(statement) => {
                let inner = Kw {
                    asfrom: kw.asfrom,
                    lateral: kw.lateral,
                    ..self.inside(kw)
                };
                self.statement(statement, inner, out)
            }
        }
    }

    fn values(&mut self, values: &Rc<Values>, kw: Kw, out: &mut Fragment) -> Result<()> {
        let mut text = Fragment::default();
        text.push("VALUES ");
        for (at, row) in values.data.iter().enumerate() {
            if at > 0 {
                text.push(", ");
            }
            text.push("(");
            for (column, value) in row.iter().enumerate() {
                if column > 0 {
                    text.push(", ");
                }
                let element = match coerce(value, self.cx)? {
                    Coerced::Element(element) => element,
                    _ => crate::sql::elements::literal(
                        value,
                        values
                            .columns
                            .get(column)
                            .map(|(_, type_)| type_.clone())
                            .filter(|type_| !type_.is_null()),
                        self.cx,
                    )?,
                };
                let kw = Kw {
                    literal_binds: kw.literal_binds || values.literal_binds,
                    ..kw
                };
                self.element(&element, kw, &mut text)?;
            }
            text.push(")");
        }
        if !kw.asfrom {
            out.append(&text);
            return Ok(());
        }
        if values.lateral {
            out.push("LATERAL ");
        }
        out.push("(");
        out.append(&text);
        out.push(")");
        if !values.named {
            return Ok(());
        }
        let name = self.alias_name(&values.name);
        out.push(self.alias_keyword());
        let quoted = self.dialect.quote(&name).into_owned();
        out.push(&quoted);
        out.push(" (");
        for (at, (name, _)) in values.columns.iter().enumerate() {
            if at > 0 {
                out.push(", ");
            }
            let quoted = self.dialect.quote(name).into_owned();
            out.push(&quoted);
        }
        out.push(")");
        Ok(())
    }
}

/// The conditions of the joins in a FROM list, for WHERE; the columns of an outer side are noted.
pub(super) fn plain_join_conditions(froms: &[FromClause], cx: &Cx) -> Result<Vec<ColumnElement>> {
    let mut all = Vec::new();
    let mut pending: Vec<FromClause> = froms.iter().rev().cloned().collect();
    while let Some(from) = pending.pop() {
        let FromClause::Join(join) = from.ungrouped() else {
            continue;
        };
        pending.push(join.right.clone());
        pending.push(join.left.clone());
        if let Some(condition) = &join.onclause {
            all.push(if join.isouter {
                outer_condition(condition, &join.right, cx)?
            } else {
                condition.clone()
            });
        }
    }
    Ok(all)
}

/// The note on a column that is written `column(+)`.
pub(super) const OUTER_COLUMN: &str = "outer_join_column";

fn outer_condition(
    condition: &ColumnElement,
    right: &FromClause,
    cx: &Cx,
) -> Result<ColumnElement> {
    let noted = |side: &ColumnElement| -> Option<ColumnElement> {
        let table = side.is_column().then(|| side.table()).flatten()?;
        right.is_derived_from(&table).then(|| {
            side.annotate(Annotations {
                other: vec![(OUTER_COLUMN.into(), Value::Bool(true))],
                ..Annotations::default()
            })
        })
    };
    replace(condition, &|element: &ColumnElement| {
        let ColumnElement::Binary(node) = element else {
            return Ok(None);
        };
        let (left, right) = match (noted(&node.left), noted(&node.right)) {
            (Some(left), _) => (left, node.right.clone()),
            (None, Some(right)) => (node.left.clone(), right),
            (None, None) => return Ok(None),
        };
        Ok(Some(ColumnElement::binary(
            &left,
            &right,
            node.operator.clone(),
            node.type_.clone(),
            node.negate.clone(),
            node.modifiers.clone(),
            cx.compat(),
        )))
    })
}

/// Warn of FROM elements that no condition relates to the others.
pub(super) fn warn_cartesian(select: &Select, froms: &[FromClause], cx: &Cx) {
    let mut names: Vec<(usize, String)> = Vec::new();
    let mut edges: Vec<(usize, usize)> = Vec::new();
    for from in froms {
        collect_linted(from, &mut names, &mut edges);
    }
    if names.len() < 2 {
        return;
    }
    for criterion in &select.data().where_criteria {
        collect_edges(criterion, &mut edges);
    }
    let mut connected = vec![names[0].0];
    let mut at = 0;
    while at < connected.len() {
        let here = connected[at];
        for (a, b) in &edges {
            for (from, to) in [(a, b), (b, a)] {
                if *from == here && !connected.contains(to) {
                    connected.push(*to);
                }
            }
        }
        at += 1;
    }
    let (inside, outside): (Vec<_>, Vec<_>) =
        names.iter().partition(|(id, _)| connected.contains(id));
    let Some((_, start)) = outside.first() else {
        return;
    };
    let others: Vec<_> = inside
        .iter()
        .map(|(_, name)| format!("\"{name}\""))
        .collect();
    cx.warn(
        &SA_WARNING,
        &format!(
            "SELECT statement has a cartesian product between FROM element(s) {} and FROM \
             element \"{start}\".  Apply join condition(s) between each element to resolve.",
            others.join(", ")
        ),
    );
}

fn collect_linted(
    from: &FromClause,
    names: &mut Vec<(usize, String)>,
    edges: &mut Vec<(usize, usize)>,
) {
    match from.plain() {
        FromClause::Join(join) => {
            collect_linted(&join.left, names, edges);
            collect_linted(&join.right, names, edges);
            // The two sides are related, whatever the condition.
            let ends = |side: &FromClause| {
                side.from_objects()
                    .iter()
                    .filter(|one| !matches!(one.plain(), FromClause::Join(_)))
                    .map(FromClause::identity)
                    .collect::<Vec<_>>()
            };
            for left in ends(&join.left) {
                for right in ends(&join.right) {
                    edges.push((left, right));
                }
            }
        }
        FromClause::Grouping(inner) => collect_linted(inner, names, edges),
        FromClause::Text(_) => {}
        FromClause::Alias(alias)
            if alias.is_lateral()
                || matches!(
                    alias.kind,
                    AliasKind::TableValued {
                        joins_implicitly: true,
                        ..
                    }
                ) => {}
        plain => {
            let name = plain.name().map_or_else(String::new, |name| name.base());
            names.push((plain.identity(), name));
        }
    }
}

fn collect_edges(element: &ColumnElement, edges: &mut Vec<(usize, usize)>) {
    if let ColumnElement::Binary(node) = element.plain()
        && node.operator.is_comparison()
    {
        for left in node.left.from_objects() {
            for right in node.right.from_objects() {
                edges.push((left.identity(), right.identity()));
            }
        }
    }
    // A correlated subquery relates what it mentions.
    element.for_each_child(&mut |child| collect_edges(child, edges));
}
