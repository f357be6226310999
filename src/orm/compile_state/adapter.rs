//! `EntityAdapter`: the columns of a mapper as an alias or subquery of it offers them.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::object::{Cx, Result};
use crate::orm::{MappedEntity, Mapper};
use crate::sql::visitors::ClauseAdapter;
use crate::sql::{ColumnElement, FromClause};

/// What is put in the place of a mapper's columns.
pub struct EntityAdapter {
    adapter: ClauseAdapter,
    /// The selectable.
    pub selectable: FromClause,
    /// Expressions adapted before: each is adapted to one node.
    known: RefCell<FxHashMap<usize, ColumnElement>>,
}

impl EntityAdapter {
    /// The columns of `mapper` as `selectable` offers them.
    pub fn new(mapper: &Rc<Mapper>, selectable: &FromClause, cx: &Cx) -> Result<Rc<Self>> {
        let adapter = ClauseAdapter::new(selectable.clone(), cx)?
            .with_equivalents(mapper.equivalent_columns(cx));
        Ok(Rc::new(Self {
            adapter,
            selectable: selectable.clone(),
            known: RefCell::default(),
        }))
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
    /// `column`, or the expression, adapted.
    pub fn column(&self, column: &ColumnElement) -> Result<ColumnElement> {
        let plain = column.plain();
        if let Some(known) = self.known.borrow().get(&plain.identity()) {
            return Ok(known.clone());
        }
        let adapted = self.adapter.adapt(plain)?;
        self.known
            .borrow_mut()
            .insert(plain.identity(), adapted.clone());
        Ok(adapted)
    }
    /// `column` adapted, if the selectable offers it.
    pub fn column_if_present(&self, column: &ColumnElement) -> Result<Option<ColumnElement>> {
        if matches!(
            column.plain(),
            ColumnElement::Column(_) | ColumnElement::Proxy(_)
        ) {
            return Ok(self.adapter.column(column.plain()));
        }
        self.column(column).map(Some)
    }
    /// An expression adapted.
    pub fn clause(&self, element: &ColumnElement) -> Result<ColumnElement> {
        self.adapter.adapt(element)
    }
}
