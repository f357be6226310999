//! The plain SELECT that a SELECT of entities comes to.

use std::rc::Rc;

use super::{Collection, CompileState, Compiled, EagerKey};
use crate::object::Result;
use crate::sql::visitors::ClauseAdapter;
use crate::sql::{
    ColumnElement, FromClause, FromItem, Join, LabelStyle, Select, SelectData, SelectItem,
};

impl CompileState<'_> {
    fn label_style(&self) -> LabelStyle {
        match self.select.data().label_style {
            LabelStyle::LegacyOrm if self.options.for_statement => LabelStyle::DisambiguateOnly,
            LabelStyle::LegacyOrm => LabelStyle::TablenamePlusCol,
            other => other,
        }
    }

    /// Put the statement together.
    pub fn assemble(mut self) -> Result<Compiled> {
        let nests = self.multi_row && self.adds_joins && self.must_nest();
        if nests {
            return self.assemble_nested();
        }
        self.add_ordered_columns();
        let mut data = self.plain_data(self.primary.clone());
        data.raw_columns
            .extend(self.secondary.iter().cloned().map(SelectItem::Column));
        data.from_obj = self.all_froms();
        data.order_by.append(&mut self.eager_order_by);
        let plan = self.make_plan(self.primary.len())?;
        Ok(Compiled {
            select: Select::of(data),
            statement: None,
            plan,
        })
    }

    /// A DISTINCT `Query` of 1.4 selects what it is ordered by.
    fn add_ordered_columns(&mut self) {
        let data = self.select.data();
        let adds = self.options.legacy
            && self.cx.compat().is_14()
            && data.distinct
            && data.distinct_on.is_empty();
        if adds {
            let added = columns_to_add_for_order_by(&self.primary, &data.order_by);
            self.primary.extend(added);
        }
    }

    /// The statement's clauses with `columns` selected.
    fn plain_data(&self, columns: Vec<ColumnElement>) -> SelectData {
        let given = self.select.data();
        SelectData {
            raw_columns: columns.into_iter().map(SelectItem::Column).collect(),
            from_obj: Vec::new(),
            setup_joins: Vec::new(),
            memoized: Vec::new(),
            where_criteria: self.where_criteria.clone(),
            label_style: self.label_style(),
            options: Vec::new(),
            subject: None,
            compile_options: None,
            ..given.clone()
        }
    }

    /// The FROM list, with what is joined eagerly.
    fn all_froms(&self) -> Vec<FromItem> {
        let mut froms: Vec<FromClause> = if self.froms.is_empty() {
            self.fallback.clone()
        } else {
            self.froms.iter().map(|from| from.clause.clone()).collect()
        };
        for (key, root) in &self.eager_joins {
            match key {
                EagerKey::From(at) => {
                    if let Some(from) = froms.get_mut(*at) {
                        *from = root.clause.clone();
                    }
                }
                EagerKey::Entity(_) => {
                    // The join stands for the entity it starts from.
                    let place = froms.iter().position(|from| from.same(&root.stop_on));
                    match place {
                        Some(place) => froms[place] = root.clause.clone(),
                        None => froms.push(root.clause.clone()),
                    }
                }
            }
        }
        froms.into_iter().map(FromItem::From).collect()
    }

    /// LIMIT and the like apply to a subquery, which the eagerly loaded are joined to.
    fn assemble_nested(mut self) -> Result<Compiled> {
        let order_by = self.select.data().order_by.clone();
        let mut columns = self.primary.clone();
        for column in columns_to_add_for_order_by(&self.primary, &order_by) {
            if !self.positions.contains_key(&column.identity()) {
                columns.push(column);
            }
        }
        let count = columns.len();
        let mut data = self.plain_data(columns);
        let bare = if self.froms.is_empty() {
            self.fallback.clone()
        } else {
            self.froms.iter().map(|from| from.clause.clone()).collect()
        };
        data.from_obj = bare.into_iter().map(FromItem::From).collect();
        let inner = crate::orm::support::subquery_of(&Select::of(data), self.cx)?;
        let adapter = ClauseAdapter::new(inner.clone(), self.cx)?;
        let mut from = inner.clone();
        for root in self.eager_joins.values() {
            from = splice(&from, &root.clause, &root.stop_on, &adapter)?;
        }
        let mut outer = SelectData {
            raw_columns: vec![SelectItem::From(inner)],
            from_obj: vec![FromItem::From(from)],
            label_style: self.label_style(),
            execution_options: self.select.data().execution_options.clone(),
            ..SelectData::default()
        };
        outer
            .raw_columns
            .extend(self.secondary.iter().cloned().map(SelectItem::Column));
        outer.order_by = adapter.adapt_list(&order_by)?;
        outer.order_by.append(&mut self.eager_order_by);
        let plan = self.make_plan(count)?;
        Ok(Compiled {
            select: Select::of(outer),
            statement: None,
            plan,
        })
    }

    /// The columns of `entity` join those selected for eager loads.
    pub fn append_secondary(&mut self, column: &ColumnElement) -> super::Position {
        self.append(column, Collection::Secondary)
    }
}

/// `right`, a chain of joins that starts at `stop_on`, started at `left` instead.
fn splice(
    left: &FromClause,
    right: &FromClause,
    stop_on: &FromClause,
    adapter: &ClauseAdapter,
) -> Result<FromClause> {
    if right.same(stop_on) {
        return Ok(left.clone());
    }
    match right.plain() {
        FromClause::Join(join) => Ok(FromClause::Join(Rc::new(Join {
            left: splice(left, &join.left, stop_on, adapter)?,
            right: join.right.clone(),
            onclause: join
                .onclause
                .as_ref()
                .map(|condition| adapter.adapt(condition))
                .transpose()?,
            isouter: join.isouter,
            full: join.full,
        }))),
        _ => Ok(right.clone()),
    }
}

/// The columns of `order_by` that are not among `selected`.
fn columns_to_add_for_order_by(
    selected: &[ColumnElement],
    order_by: &[ColumnElement],
) -> Vec<ColumnElement> {
    let mut found: Vec<ColumnElement> = Vec::new();
    for element in order_by {
        unwrap_order_by(element, &mut found);
    }
    found.retain(|column| {
        !selected.iter().any(|known| match known.plain() {
            ColumnElement::Label(label) => label.element.same(column),
            plain => plain.same(column.plain()),
        })
    });
    found
}

/// What an element of ORDER BY orders by.
fn unwrap_order_by(element: &ColumnElement, found: &mut Vec<ColumnElement>) {
    match element.plain() {
        ColumnElement::Unary(node) if node.modifier.is_some() => {
            unwrap_order_by(&node.element, found);
        }
        ColumnElement::Grouping(node) => unwrap_order_by(&node.element, found),
        ColumnElement::ClauseList(list) => {
            for clause in &list.clauses {
                unwrap_order_by(clause, found);
            }
        }
        ColumnElement::Label(label)
            if !matches!(label.element.plain(), ColumnElement::ScalarSelect(_)) =>
        {
            unwrap_order_by(&label.element, found);
        }
        ColumnElement::Text(_) => {}
        _ => {
            if !found.iter().any(|known| known.same(element)) {
                found.push(element.clone());
            }
        }
    }
}
