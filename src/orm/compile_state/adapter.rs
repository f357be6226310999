//! `EntityAdapter`: the columns of a mapper as an alias or subquery of it offers them.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::object::{Cx, Result};
use crate::orm::{MappedEntity, Mapper};
use crate::sql::visitors::{ClauseAdapter, Replacement};
use crate::sql::{ColumnElement, FromClause};

/// What is put in the place of a mapper's columns.
pub struct EntityAdapter {
    adapter: ClauseAdapter,
    /// The selectable.
    pub selectable: FromClause,
    /// Whether columns that the selectable does not offer stay as they are, rather than being
    /// left out.
    keeps_missing: bool,
    /// What adapts the adapted further.
    outer: Option<Rc<EntityAdapter>>,
    /// Expressions adapted before: each is adapted to one node.
    known: RefCell<FxHashMap<usize, ColumnElement>>,
}

impl EntityAdapter {
    /// The columns of `mapper` as `selectable` offers them.
    pub fn new(mapper: &Rc<Mapper>, selectable: &FromClause, cx: &Cx) -> Result<Rc<Self>> {
        let made = Self::build(selectable, mapper.equivalent_columns(cx), cx)?;
        Ok(Rc::new(made))
    }
    /// The columns of any entity as `selectable` offers them; others stay as they are.
    pub fn over(
        selectable: &FromClause,
        equivalents: Vec<(ColumnElement, Vec<ColumnElement>)>,
        cx: &Cx,
    ) -> Result<Rc<Self>> {
        let mut made = Self::build(selectable, equivalents, cx)?;
        made.keeps_missing = true;
        Ok(Rc::new(made))
    }
    fn build(
        selectable: &FromClause,
        equivalents: Vec<(ColumnElement, Vec<ColumnElement>)>,
        cx: &Cx,
    ) -> Result<Self> {
        Ok(Self {
            adapter: ClauseAdapter::new(selectable.clone(), cx)?.with_equivalents(equivalents),
            selectable: selectable.clone(),
            keeps_missing: false,
            outer: None,
            known: RefCell::default(),
        })
    }
    /// The adapter of `entity`; `None` where its columns are the mapper's own.
    pub fn of(entity: &MappedEntity, cx: &Cx) -> Result<Option<Rc<Self>>> {
        match entity {
            MappedEntity::Mapper(_) => Ok(None),
            MappedEntity::Aliased(alias) => {
                Self::new(alias.mapper(), alias.selectable(), cx).map(Some)
            }
        }
    }
    /// The same, what it makes being adapted by `outer`.
    #[must_use]
    pub fn wrapped_in(self: Rc<Self>, outer: &Rc<Self>) -> Rc<Self> {
        match Rc::try_unwrap(self) {
            Ok(mut own) => {
                own.outer = Some(outer.clone());
                own.selectable = outer.selectable.clone();
                own.keeps_missing = true;
                Rc::new(own)
            }
            Err(shared) => shared,
        }
    }
    /// `column`, or the expression, adapted.
    pub fn column(&self, column: &ColumnElement) -> Result<ColumnElement> {
        let plain = column.plain();
        if let Some(known) = self.known.borrow().get(&plain.identity()) {
            return Ok(known.clone());
        }
        let adapted = self.clause(plain)?;
        self.known
            .borrow_mut()
            .insert(plain.identity(), adapted.clone());
        Ok(adapted)
    }
    /// `column` adapted, if the selectable offers it.
    pub fn column_if_present(&self, column: &ColumnElement) -> Result<Option<ColumnElement>> {
        if !self.keeps_missing
            && matches!(
                column.plain(),
                ColumnElement::Column(_) | ColumnElement::Proxy(_)
            )
        {
            return Ok(self.adapter.column(column.plain()));
        }
        self.column(column).map(Some)
    }
    /// An expression adapted.
    pub fn clause(&self, element: &ColumnElement) -> Result<ColumnElement> {
        let adapted = self.adapter.adapt(element)?;
        match &self.outer {
            Some(outer) => outer.clause(&adapted),
            None => Ok(adapted),
        }
    }
    /// What is put in the place of `element` itself, whatever is inside.
    pub fn replacement(&self, element: &ColumnElement) -> Result<Option<ColumnElement>> {
        self.adapter.element(element)
    }
}
