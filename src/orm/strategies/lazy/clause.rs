//! The condition by which the related objects of one parent are found.

use std::rc::Rc;

use crate::object::{Result, Str};
use crate::orm::{MapperProperty, RelationshipProperty};
use crate::sql::ColumnElement;
use crate::sql::visitors::{self, Replacement};

/// The condition by which related objects are found, with binds for the parent's columns.
pub struct LazyClause {
    /// The condition.
    pub criterion: ColumnElement,
    /// The binds by name, and the parent's column that each stands for.
    pub binds: Vec<(Str, ColumnElement)>,
    /// The target's columns, and the parent's that they are equated with.
    pub equated: Vec<(ColumnElement, ColumnElement)>,
}

impl LazyClause {
    /// The condition of `property`, made once.
    pub fn of(property: &MapperProperty) -> Result<Option<Rc<Self>>> {
        let Some(relationship) = property.relationship() else {
            return Ok(None);
        };
        let known = relationship
            .strategies
            .borrow()
            .iter()
            .find_map(|kept| kept.clone().downcast::<Self>().ok());
        if known.is_some() {
            return Ok(known);
        }
        let Some(made) = Self::make(relationship)? else {
            return Ok(None);
        };
        let made = Rc::new(made);
        relationship.strategies.borrow_mut().push(made.clone());
        Ok(Some(made))
    }

    fn make(relationship: &RelationshipProperty) -> Result<Option<Self>> {
        let Some(join) = relationship.join() else {
            return Ok(None);
        };
        let has_secondary = join.secondary.is_some();
        let binder = Binder {
            columns: join
                .local_remote_pairs
                .iter()
                .map(|(local, _)| local.clone())
                .collect(),
            has_secondary,
            binds: std::cell::RefCell::default(),
        };
        let primary = visitors::replace(&join.primaryjoin, &binder)?;
        let criterion = match &join.secondaryjoin {
            Some(secondary) => crate::sql::and_all(vec![primary, secondary.clone()]),
            None => primary,
        };
        let equated = join
            .local_remote_pairs
            .iter()
            .map(|(local, remote)| (remote.clone(), local.clone()))
            .collect();
        Ok(Some(Self {
            criterion,
            binds: binder
                .binds
                .into_inner()
                .into_iter()
                .map(|(column, name, _)| (name, column))
                .collect(),
            equated,
        }))
    }
}

/// Puts binds in the place of the parent's columns.
struct Binder {
    columns: Vec<ColumnElement>,
    has_secondary: bool,
    binds: std::cell::RefCell<Vec<(ColumnElement, Str, ColumnElement)>>,
}

impl Replacement for Binder {
    fn element(&self, element: &ColumnElement) -> Result<Option<ColumnElement>> {
        let is_local = element.annotations().is_some_and(|notes| notes.local);
        let is_remote = element.annotations().is_some_and(|notes| notes.remote);
        let known = self.columns.iter().any(|column| column.same(element));
        let binds = known || is_local && !self.has_secondary;
        if !binds || is_remote {
            return Ok(None);
        }
        let mut made = self.binds.borrow_mut();
        if let Some((_, _, bind)) = made.iter().find(|(column, ..)| column.same(element)) {
            return Ok(Some(bind.clone()));
        }
        let name = Str::from(format!("param_{}", made.len() + 1));
        let bind = crate::orm::support::required_bind(&name, element);
        made.push((element.plain().clone(), name, bind.clone()));
        Ok(Some(bind))
    }
}
