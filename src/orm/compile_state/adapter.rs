//! `EntityAdapter`: the columns of a mapper as an alias or subquery of it offers them.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::object::{Cx, Result};
use crate::orm::{MappedEntity, Mapper};
use crate::sql::visitors::{ClauseAdapter, Replacement, replace};
use crate::sql::{ColumnElement, FromClause, Label, Name, next_seed};

/// What is put in the place of a mapper's columns.
pub struct EntityAdapter {
    adapter: ClauseAdapter,
    /// The selectable.
    pub selectable: FromClause,
    /// Whether columns that the selectable does not offer stay as they are, rather than being
    /// left out.
    keeps_missing: bool,
    /// Whether a column is found by its name where nothing else finds it.
    by_name: bool,
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
            by_name: false,
            outer: None,
            known: RefCell::default(),
        })
    }
    /// The adapter of `entity`; `None` where its columns are the mapper's own.
    pub fn of(entity: &MappedEntity, cx: &Cx) -> Result<Option<Rc<Self>>> {
        match entity {
            MappedEntity::Mapper(_) => Ok(None),
            MappedEntity::Aliased(alias) => {
                let equivalents = alias.mapper().equivalent_columns(cx);
                let mut made = Self::build(alias.selectable(), equivalents, cx)?;
                made.by_name = alias.adapts_on_names();
                Ok(Some(Rc::new(made)))
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
        let adapted = if is_plain(plain) {
            self.clause(plain)?
        } else {
            self.expression(plain)?
        };
        self.known
            .borrow_mut()
            .insert(plain.identity(), adapted.clone());
        Ok(adapted)
    }
    /// `column` adapted, if the selectable offers it.
    pub fn column_if_present(&self, column: &ColumnElement) -> Result<Option<ColumnElement>> {
        if !self.keeps_missing && is_plain(column.plain()) {
            let found = self.adapter.column(column.plain());
            return Ok(found.or_else(|| self.named(column)));
        }
        self.column(column).map(Some)
    }
    /// The column of the same name, where names count.
    fn named(&self, column: &ColumnElement) -> Option<ColumnElement> {
        let name = column.name().filter(|_| self.by_name)?;
        let name = name.text()?;
        self.adapter.column_named(name)
    }
    /// An expression that an attribute is mapped to, adapted.
    fn expression(&self, element: &ColumnElement) -> Result<ColumnElement> {
        if self.keeps_missing {
            // What the query selects from may select the expression itself.
            return match self.adapter.column(element) {
                Some(found) => Ok(found),
                None => self.clause(element),
            };
        }
        anonymized(&self.clause(element)?)
    }
    /// An expression adapted.
    pub fn clause(&self, element: &ColumnElement) -> Result<ColumnElement> {
        let mut adapted = self.adapter.adapt(element)?;
        if self.by_name
            && adapted.same(element)
            && let Some(found) = self.named(element)
        {
            adapted = found;
        }
        match &self.outer {
            Some(outer) => outer.clause(&adapted),
            None => Ok(adapted),
        }
    }
    /// What is put in the place of `element` itself, whatever is inside.
    pub fn replacement(&self, element: &ColumnElement) -> Result<Option<ColumnElement>> {
        if self.keeps_missing
            && !is_plain(element.plain())
            && let Some(found) = self.adapter.column(element)
        {
            return Ok(Some(found));
        }
        self.adapter.element(element)
    }
}

fn is_plain(element: &ColumnElement) -> bool {
    matches!(element, ColumnElement::Column(_) | ColumnElement::Proxy(_))
}

/// A copy of an expression for an alias: its label and its binds have names of their own.
fn anonymized(element: &ColumnElement) -> Result<ColumnElement> {
    let copy = replace(element, &|one: &ColumnElement| match one {
        ColumnElement::Bind(bind) if bind.unique => Ok(Some(bind.renamed().element())),
        _ => Ok(None),
    })?;
    let ColumnElement::Label(label) = copy.plain() else {
        return Ok(copy);
    };
    let base = label.element.name().and_then(|name| name.text().cloned());
    Ok(ColumnElement::Label(Rc::new(Label {
        name: Name::anonymous(next_seed(), base.as_deref().unwrap_or("anon")),
        element: label.element.clone(),
        type_: label.type_.clone(),
    })))
}
