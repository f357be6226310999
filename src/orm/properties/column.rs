//! `ColumnProperty`: an attribute that holds the value of a column or of a SQL expression.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::object::Str;
use crate::sql::ColumnElement;
use crate::sql::schema::Column;

/// What is particular to a column property.
#[derive(Default)]
pub struct ColumnProperty {
    /// The columns, the one that is read first.
    pub columns: RefCell<Vec<ColumnElement>>,
    /// `deferred()`.
    pub deferred: Cell<bool>,
    /// `group=`.
    pub group: RefCell<Option<Str>>,
    /// `deferred_raiseload=`.
    pub raiseload: Cell<bool>,
    /// `active_history=`.
    pub active_history: Cell<bool>,
    /// Whether it makes an attribute (no for the discriminator that nobody named).
    pub instrument: Cell<bool>,
    /// Whether a refresh of expired attributes loads it: `expire_on_flush`.
    pub expire_on_flush: Cell<bool>,
    /// `query_expression()`: a query gives it its expression.
    pub is_query_expression: Cell<bool>,
    /// Whether it was made by `column_property()` and the like rather than for a column.
    pub declared: Cell<bool>,
    /// Whether the default discriminator wants not to be undeferred.
    pub is_polymorphic_discriminator: Cell<bool>,
}

impl ColumnProperty {
    /// A property of `columns`.
    pub fn new(columns: Vec<ColumnElement>) -> Self {
        Self {
            columns: RefCell::new(columns),
            instrument: Cell::new(true),
            expire_on_flush: Cell::new(true),
            ..Self::default()
        }
    }
    /// The column that is read.
    pub fn first(&self) -> Option<ColumnElement> {
        self.columns.borrow().first().cloned()
    }
    /// The table column that is read, if it is one.
    pub fn table_column(&self) -> Option<Rc<Column>> {
        match self.columns.borrow().first()?.plain() {
            ColumnElement::Column(column) => Some(column.clone()),
            _ => None,
        }
    }
    /// Whether a subquery of the entity has it: all but deferred expressions and those that
    /// only a query could give.
    pub fn renders_in_subqueries(&self) -> bool {
        if self.is_query_expression.get() {
            return self.has_default_expression();
        }
        !self.deferred.get() || !self.is_expression()
    }
    /// Whether `query_expression()` was given an expression to fall back to.
    pub fn has_default_expression(&self) -> bool {
        let first = self.first();
        let inner = match first.as_ref().map(ColumnElement::plain) {
            Some(ColumnElement::Label(label)) => Some(label.element.plain().clone()),
            other => other.cloned(),
        };
        inner.is_some_and(|inner| !matches!(inner, ColumnElement::Null))
    }
    /// Whether it is a SQL expression rather than columns.
    pub fn is_expression(&self) -> bool {
        !matches!(
            self.columns.borrow().first().map(ColumnElement::plain),
            Some(
                ColumnElement::Column(_) | ColumnElement::Proxy(_) | ColumnElement::ColumnClause(_)
            )
        )
    }
}
