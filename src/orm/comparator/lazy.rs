//! The condition of a lazy load: a relationship's join with the columns of one side as binds.

use crate::object::{Cx, Result};
use crate::orm::properties::JoinData;
use crate::sql::{Annotations, BindParameter, BindValue, ColumnElement, visitors};

/// A condition in which columns of one side are binds.
pub struct LazyClause {
    /// The condition.
    pub criterion: ColumnElement,
    /// The binds by identity, each with the column whose value it wants.
    pub binds: Vec<(usize, ColumnElement)>,
    /// Pairs of (column, the column it is equated with).
    pub equated: Vec<(ColumnElement, ColumnElement)>,
}

pub(super) fn noted(element: &ColumnElement, is: fn(&Annotations) -> bool) -> bool {
    element.annotations().is_some_and(is)
}

/// The condition that loads the related objects of one parent; `reverse`: the parents of one
/// related object.
pub fn lazy_clause(join: &JoinData, reverse: bool, cx: &Cx) -> Result<LazyClause> {
    let has_secondary = join.secondaryjoin.is_some();
    let equated = join
        .local_remote_pairs
        .iter()
        .map(|(local, remote)| {
            if has_secondary || !reverse {
                (remote.clone(), local.clone())
            } else {
                (local.clone(), remote.clone())
            }
        })
        .collect();
    let binds: std::cell::RefCell<Vec<(usize, ColumnElement, ColumnElement)>> =
        std::cell::RefCell::default();
    let to_bind = |element: &ColumnElement| -> Result<Option<ColumnElement>> {
        if !element.is_named_column() {
            return Ok(None);
        }
        let wanted = if reverse {
            if has_secondary {
                join.local_remote_pairs
                    .iter()
                    .any(|(local, _)| local.same(element))
            } else {
                noted(element, |notes| notes.remote)
            }
        } else {
            noted(element, |notes| notes.local)
        };
        if !wanted {
            return Ok(None);
        }
        let known = binds
            .borrow()
            .iter()
            .find(|(_, column, _)| column.same(element))
            .map(|(_, _, bind)| bind.clone());
        if let Some(bind) = known {
            return Ok(Some(bind));
        }
        let bind = BindParameter::anonymous(None, BindValue::None, element.type_()).element();
        binds
            .borrow_mut()
            .push((bind.identity(), element.plain().clone(), bind.clone()));
        Ok(Some(bind))
    };
    let mut criterion = join.primaryjoin.clone();
    if !has_secondary || !reverse {
        criterion = visitors::replace(&criterion, &to_bind)?;
    }
    if let Some(second) = &join.secondaryjoin {
        let second = if reverse {
            visitors::replace(second, &to_bind)?
        } else {
            second.clone()
        };
        criterion = ColumnElement::and_(&[criterion, second], cx.compat());
    }
    let binds = binds
        .into_inner()
        .into_iter()
        .map(|(identity, column, _)| (identity, column))
        .collect();
    Ok(LazyClause {
        criterion,
        binds,
        equated,
    })
}
