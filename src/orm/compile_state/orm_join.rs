//! Joins along relationships: the condition between two selectables, the association table
//! between them.

use std::rc::Rc;

use super::adapter::EntityAdapter;
use crate::object::{Cx, Result};
use crate::orm::aliased::anonymous;
use crate::orm::comparator::AdapterChain;
use crate::orm::{MappedEntity, Mapper, MapperProperty};
use crate::sql::visitors::{self, ClauseAdapter};
use crate::sql::{ColumnElement, FromClause, Join, and_all};

/// One side of a join.
#[derive(Clone)]
pub struct Side {
    /// The mapper whose columns the condition is in.
    pub mapper: Rc<Mapper>,
    /// What they are selected from.
    pub selectable: FromClause,
    /// Whether that is not the mapper's own table.
    pub is_aliased: bool,
}

impl Side {
    /// The side of `entity`.
    pub fn of(entity: &MappedEntity, cx: &Cx) -> Result<Self> {
        Ok(Self {
            mapper: entity.mapper().clone(),
            selectable: entity.entity().selectable(cx)?,
            is_aliased: matches!(entity, MappedEntity::Aliased(_)),
        })
    }
    /// The same side as `left`, which it is joined from, offers it: plainly, or as a subquery.
    #[must_use]
    pub fn seen_in(self, left: &FromClause) -> Self {
        if self.selectable.shares_surface(left) {
            return self;
        }
        Self {
            selectable: left.clone(),
            is_aliased: true,
            ..self
        }
    }
}

/// A join along a relationship.
pub struct OrmJoin<'a> {
    /// What is joined to.
    pub left: FromClause,
    /// The parent's side.
    pub parent: Side,
    /// The target's side.
    pub target: Side,
    /// The relationship.
    pub property: &'a MapperProperty,
    /// Further criteria.
    pub criteria: Vec<ColumnElement>,
    /// `LEFT OUTER`.
    pub isouter: bool,
    /// `FULL`.
    pub full: bool,
}

fn join(
    left: FromClause,
    right: FromClause,
    onclause: ColumnElement,
    isouter: bool,
    full: bool,
) -> FromClause {
    FromClause::Join(Rc::new(Join {
        left,
        right: right.self_group(),
        onclause: Some(onclause),
        isouter,
        full,
    }))
}

/// Join along a relationship.
pub fn orm_join(of: OrmJoin<'_>, cx: &Cx) -> Result<FromClause> {
    let data = of
        .property
        .relationship()
        .and_then(|relationship| relationship.join())
        .ok_or_else(|| {
            crate::engine::exc::INVALID_REQUEST_ERROR
                .error(format!("{} is not configured", of.property))
        })?;
    let mut primary = data.primaryjoin.clone();
    let mut secondary_join = data.secondaryjoin.clone();
    let mut secondary = data.secondary.clone();
    let mut criteria = of.criteria;
    if let Some(single) = crate::orm::single_table_criterion(&of.target.mapper, cx)? {
        let single = if of.target.is_aliased {
            EntityAdapter::new(&of.target.mapper, &of.target.selectable, cx)?.clause(&single)?
        } else {
            single
        };
        criteria.insert(0, single);
    }
    let local = |element: &ColumnElement| element.annotations().is_some_and(|notes| notes.local);
    let remote = |element: &ColumnElement| element.annotations().is_some_and(|notes| notes.remote);
    let target_equivalents = of.target.mapper.equivalent_columns(cx);
    let parent_equivalents = of.parent.mapper.equivalent_columns(cx);
    if let Some(table) = &secondary {
        let alias = anonymous(table, None, true, cx)?;
        // A column has one place: a secondary that is a join may hold the target's table too.
        let mut of_primary = AdapterChain(vec![
            ClauseAdapter::new(alias.clone(), cx)?.excluding(local),
        ]);
        if of.parent.is_aliased {
            of_primary.0.push(
                ClauseAdapter::new(of.parent.selectable.clone(), cx)?
                    .with_equivalents(parent_equivalents),
            );
        }
        primary = visitors::replace(&primary, &of_primary)?;
        if let Some(condition) = &secondary_join {
            let to_target = ClauseAdapter::new(of.target.selectable.clone(), cx)?
                .with_equivalents(target_equivalents);
            let to_alias = ClauseAdapter::new(alias.clone(), cx)?;
            let of_second = AdapterChain(vec![to_target, to_alias]);
            secondary_join = Some(visitors::replace(condition, &of_second)?);
        }
        secondary = Some(alias);
    } else {
        if of.target.is_aliased {
            let to_target = ClauseAdapter::new(of.target.selectable.clone(), cx)?
                .with_equivalents(target_equivalents)
                .excluding(local);
            primary = to_target.adapt(&primary)?;
        }
        if of.parent.is_aliased {
            primary = ClauseAdapter::new(of.parent.selectable.clone(), cx)?
                .with_equivalents(parent_equivalents)
                .excluding(remote)
                .adapt(&primary)?;
        }
    }
    let with_criteria = |condition: ColumnElement| {
        let mut all = vec![condition];
        all.extend(criteria.iter().cloned());
        and_all(all)
    };
    Ok(match (secondary, secondary_join) {
        (Some(table), Some(condition)) => {
            let condition = with_criteria(condition);
            if of.isouter {
                let inner = join(table, of.target.selectable, condition, false, false);
                join(of.left, inner, primary, true, of.full)
            } else {
                let left = join(of.left, table, primary, false, false);
                join(left, of.target.selectable, condition, false, of.full)
            }
        }
        _ => join(
            of.left,
            of.target.selectable,
            with_criteria(primary),
            of.isouter,
            of.full,
        ),
    })
}
