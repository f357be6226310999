//! What a SELECT comes down to when compiled: its joins set up, its FROM list found.

use super::join::{find_left_clause_that_matches, find_left_clause_to_join_from};
use super::{
    AliasedElement, FromClause, FromItem, Join, JoinTarget, OnClause, Select, SelectItem,
    SelectStatement, SetupJoin,
};
use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::object::{Cx, Result, Value};
use crate::sql::elements::ColumnElement;

/// A FROM element or what an entity is selected from.
pub fn from_of(item: &FromItem, cx: &Cx) -> Result<FromClause> {
    match item {
        FromItem::From(from) => Ok(from.clone()),
        FromItem::Entity(entity) => entity.selectable(cx),
    }
}

/// The FROM elements of the columns and of `select_from()`, without looking at joins.
pub fn columns_and_from_obj_froms(select: &Select, cx: &Cx) -> Result<Vec<FromClause>> {
    let mut froms = Vec::new();
    for item in &select.data().raw_columns {
        froms.extend(item.from_objects(cx)?);
    }
    for item in &select.data().from_obj {
        froms.extend(from_of(item, cx)?.from_objects());
    }
    let data = select.data();
    let earlier = data.memoized.iter().flat_map(|one| &one.setup_joins);
    for join in earlier.chain(&data.setup_joins) {
        match &join.target {
            JoinTarget::From(from) => froms.extend(from.from_objects()),
            JoinTarget::Entity(entity) => froms.push(entity.selectable(cx)?),
            JoinTarget::Attribute(_) => {}
        }
    }
    Ok(froms)
}

/// The FROM list of a plain SELECT.
pub struct SelectState {
    /// What would be listed if nothing were correlated.
    pub froms: Vec<FromClause>,
}

impl SelectState {
    /// Set the joins of `select` up and find its FROM list.
    pub fn new(select: &Select, cx: &Cx) -> Result<Self> {
        let data = select.data();
        let mut clauses: Vec<FromClause> = data
            .from_obj
            .iter()
            .map(|item| from_of(item, cx))
            .collect::<Result<_>>()?;
        for memoized in &data.memoized {
            for join in &memoized.setup_joins {
                set_up_join(join, select, &memoized.raw_columns, &mut clauses, cx)?;
            }
        }
        for join in &data.setup_joins {
            set_up_join(join, select, &data.raw_columns, &mut clauses, cx)?;
        }
        let mut others = Vec::new();
        for item in &data.raw_columns {
            others.extend(item.from_objects(cx)?);
        }
        for criterion in &data.where_criteria {
            criterion.collect_froms(&mut others);
        }
        let all = if cx.compat().is_14() {
            others.extend(clauses);
            others
        } else {
            clauses.extend(others);
            clauses
        };
        Ok(Self {
            froms: normalize_froms(all, Some(select))?,
        })
    }

    /// The FROM list to render inside SELECTs that already list `explicit` (of which
    /// `implicit` is what automatic correlation may drop).
    pub fn display_froms(
        &self,
        select: &Select,
        explicit: &[usize],
        implicit: &[usize],
        cx: &Cx,
    ) -> Result<Vec<FromClause>> {
        let data = select.data();
        let mut froms = self.froms.clone();
        if let Some(correlate) = &data.correlate {
            let wanted = identities(correlate, cx)?;
            froms.retain(|from| {
                let id = from.identity();
                !(explicit.contains(&id) && wanted.contains(&id))
            });
        }
        if let Some(except) = &data.correlate_except {
            let kept = identities(except, cx)?;
            froms.retain(|from| {
                let id = from.identity();
                !explicit.contains(&id) || kept.contains(&id)
            });
        }
        let automatic = data.correlate.is_none() && data.correlate_except.is_none();
        if automatic && !implicit.is_empty() && froms.len() > 1 {
            froms.retain(|from| !implicit.contains(&from.identity()));
            if froms.is_empty() {
                let shown = cx.repr(&Value::object(select.clone()))?;
                return Err(INVALID_REQUEST_ERROR.error(format!(
                    "Select statement '{shown}' returned no FROM clauses due to \
                     auto-correlation; specify correlate(<tables>) to control correlation \
                     manually."
                )));
            }
        }
        Ok(froms)
    }
}

fn identities(items: &[FromItem], cx: &Cx) -> Result<Vec<usize>> {
    let mut all = Vec::new();
    for item in items {
        let from = from_of(item, cx)?;
        all.extend(from.from_objects().iter().map(FromClause::identity));
    }
    Ok(all)
}

/// Drop duplicates, and what joins in the list already contain.
pub fn normalize_froms(froms: Vec<FromClause>, check: Option<&Select>) -> Result<Vec<FromClause>> {
    let mut kept: Vec<FromClause> = Vec::with_capacity(froms.len());
    for from in froms {
        if let (FromClause::Alias(alias), Some(check)) = (from.plain(), check)
            && let AliasedElement::Select(SelectStatement::Select(inner)) = &alias.element
            && inner.identity() == check.identity()
        {
            return Err(
                INVALID_REQUEST_ERROR.error("select() construct refers to itself as a FROM")
            );
        }
        if !kept.iter().any(|known| known.same(&from)) {
            kept.push(from);
        }
    }
    let hidden: Vec<usize> = kept
        .iter()
        .flat_map(FromClause::hidden_froms)
        .map(|from| from.identity())
        .collect();
    if !hidden.is_empty() {
        kept.retain(|from| !hidden.contains(&from.identity()));
    }
    Ok(kept)
}

fn set_up_join(
    join: &SetupJoin,
    select: &Select,
    columns: &[SelectItem],
    clauses: &mut Vec<FromClause>,
    cx: &Cx,
) -> Result<()> {
    let right = match &join.target {
        JoinTarget::From(from) => from.clone(),
        JoinTarget::Entity(entity) => entity.selectable(cx)?,
        JoinTarget::Attribute(value) => {
            return Err(INVALID_REQUEST_ERROR
                .error(format!("Don't know how to join to {}", cx.repr(value)?)));
        }
    };
    let onclause = match &join.onclause {
        Some(OnClause::Expression(condition)) => Some(condition.clone()),
        _ => None,
    };
    let (left, replaced) = match &join.left {
        Some(left) => {
            let left = from_of(left, cx)?;
            let place = explicit_left_side(select, clauses, &left, cx)?;
            (left, place)
        }
        None => implicit_left_side(select, columns, clauses, &right, onclause.as_ref(), cx)?,
    };
    match replaced {
        Some(at) => {
            let left = clauses[at].clone();
            clauses[at] = Join::of(&left, &right, onclause, join.isouter, join.full, cx)?;
        }
        None => clauses.push(Join::of(
            &left,
            &right,
            onclause,
            join.isouter,
            join.full,
            cx,
        )?),
    }
    Ok(())
}

fn explicit_left_side(
    select: &Select,
    clauses: &[FromClause],
    left: &FromClause,
    cx: &Cx,
) -> Result<Option<usize>> {
    if columns_and_from_obj_froms(select, cx)?.is_empty() {
        return Ok(None);
    }
    let found = find_left_clause_that_matches(clauses, left);
    if found.len() > 1 {
        return Err(INVALID_REQUEST_ERROR.error(
            "Can't identify which entity in which to assign the left side of this join.   \
             Please use a more specific ON clause.",
        ));
    }
    Ok(found.first().copied())
}

fn implicit_left_side(
    select: &Select,
    columns: &[SelectItem],
    clauses: &[FromClause],
    right: &FromClause,
    onclause: Option<&ColumnElement>,
    cx: &Cx,
) -> Result<(FromClause, Option<usize>)> {
    let candidates = if clauses.is_empty() {
        let mut all = Vec::new();
        for item in columns {
            all.extend(item.from_objects(cx)?);
        }
        for criterion in &select.data().where_criteria {
            criterion.collect_froms(&mut all);
        }
        let mut distinct: Vec<FromClause> = Vec::new();
        for from in all {
            if !distinct.iter().any(|known| known.same(&from)) {
                distinct.push(from);
            }
        }
        distinct
    } else {
        clauses.to_vec()
    };
    let found = find_left_clause_to_join_from(&candidates, right, onclause, cx)?;
    match found.as_slice() {
        [at] => Ok((
            candidates[*at].clone(),
            (!clauses.is_empty()).then_some(*at),
        )),
        [] => Err(INVALID_REQUEST_ERROR.error(format!(
            "Don't know how to join to {}. Please use the .select_from() method to establish \
             an explicit left side, as well as providing an explicit ON clause if not present \
             already to help resolve the ambiguity.",
            cx.repr(&Value::object(right.clone()))?
        ))),
        _ => Err(INVALID_REQUEST_ERROR.error(
            "Can't determine which FROM clause to join from, there are multiple FROMS which can \
             join to this entity. Please use the .select_from() method to establish an explicit \
             left side, as well as providing an explicit ON clause if not present already to \
             help resolve the ambiguity.",
        )),
    }
}

/// The columns that name a FROM list in ORDER BY: those of every element of it.
pub fn columns_of_froms(froms: &[FromClause], cx: &Cx) -> Result<Vec<ColumnElement>> {
    let mut all = Vec::new();
    for from in froms {
        all.extend(from.column_list(cx)?);
    }
    Ok(all)
}
