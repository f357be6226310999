//! Join conditions out of foreign keys, and which FROM element a join attaches to.

use super::FromClause;
use crate::engine::exc::{AMBIGUOUS_FOREIGN_KEYS_ERROR, NO_FOREIGN_KEYS_ERROR, NO_REFERENCE_ERROR};
use crate::object::{Cx, Result};
use crate::sql::elements::{ColumnElement, Modifiers};
use crate::sql::operate::compare;
use crate::sql::operators::Operator;
use crate::sql::schema::{Column, ForeignKey};
use crate::sql::visitors::corresponding_column;
use std::rc::Rc;

/// The pairs that one foreign key constraint equates: `(referenced, referencing)`.
type Pairs = Vec<(ColumnElement, ColumnElement)>;

/// The foreign keys of the columns of `from`, each with the column that has it there.
fn foreign_keys(from: &FromClause, cx: &Cx) -> Result<Vec<(Rc<ForeignKey>, ColumnElement)>> {
    let mut all = Vec::new();
    for column in from.column_list(cx)? {
        let Some(base) = base_column(&column) else {
            continue;
        };
        for key in base.foreign_keys.borrow().iter() {
            all.push((key.clone(), column.clone()));
        }
    }
    Ok(all)
}

/// The table column that `column` is or stands for, through plain aliases and subqueries.
fn base_column(column: &ColumnElement) -> Option<Rc<Column>> {
    match column.plain() {
        ColumnElement::Column(column) => Some(column.clone()),
        ColumnElement::Proxy(proxy) => proxy.data.proxies.first().and_then(base_column),
        ColumnElement::Label(label) => base_column(&label.element),
        _ => None,
    }
}

/// The constraints that relate `left` and `right`, each with the pairs it equates.
fn constraints_between(
    left: &FromClause,
    subset: Option<&FromClause>,
    right: &FromClause,
    keys: Option<&[ColumnElement]>,
    cx: &Cx,
) -> Result<Vec<(usize, Pairs)>> {
    let mut found: Vec<(usize, Pairs)> = Vec::new();
    let mut add = |key: &Rc<ForeignKey>, referenced, referencing| {
        let id = key
            .constraint()
            .map_or(Rc::as_ptr(key) as usize, |one| Rc::as_ptr(&one) as usize);
        match found.iter_mut().find(|(known, _)| *known == id) {
            Some((_, pairs)) => pairs.push((referenced, referencing)),
            None => found.push((id, vec![(referenced, referencing)])),
        }
    };
    let mut any = false;
    for left in subset.into_iter().chain([left]) {
        for (one, other) in [(right, left), (left, right)] {
            if one.same(other) && !std::ptr::eq(one, right) {
                continue;
            }
            for (key, referencing) in foreign_keys(one, cx)? {
                if keys.is_some_and(|keys| !keys.iter().any(|column| column.same(&referencing))) {
                    continue;
                }
                let target = match key.column(cx) {
                    Ok(target) => target,
                    // A table not yet known is no reason to fail, unless it is the one meant.
                    Err(raised) if raised.is(&NO_REFERENCE_ERROR) => continue,
                    Err(raised) => return Err(raised),
                };
                let target = ColumnElement::Column(target);
                if let Some(referenced) = corresponding_column(other, &target, false, cx)? {
                    any = true;
                    add(&key, referenced, referencing);
                }
            }
        }
        if any {
            break;
        }
    }
    Ok(found)
}

/// The condition that foreign keys give for `left JOIN right`.
pub fn join_condition(
    left: &FromClause,
    right: &FromClause,
    subset: Option<&FromClause>,
    cx: &Cx,
) -> Result<ColumnElement> {
    join_condition_by_keys(left, right, subset, None, cx)
}

/// The same, where only `keys` count as foreign keys.
pub fn join_condition_by_keys(
    left: &FromClause,
    right: &FromClause,
    subset: Option<&FromClause>,
    keys: Option<&[ColumnElement]>,
    cx: &Cx,
) -> Result<ColumnElement> {
    let mut constraints = constraints_between(left, subset, right.ungrouped(), keys, cx)?;
    if let (Some(keys), true) = (keys, constraints.len() > 1) {
        constraints.retain(|(_, pairs)| {
            keys.iter()
                .all(|key| pairs.iter().any(|(_, referencing)| referencing.same(key)))
        });
    }
    if constraints.len() > 1 {
        let identities = |pairs: &Pairs| -> Vec<_> {
            pairs
                .iter()
                .map(|(a, b)| (a.identity(), b.identity()))
                .collect()
        };
        let first = identities(&constraints[0].1);
        if constraints[1..]
            .iter()
            .all(|(_, pairs)| identities(pairs) == first)
        {
            constraints.truncate(1);
        } else {
            return Err(AMBIGUOUS_FOREIGN_KEYS_ERROR.error(format!(
                "Can't determine join between '{}' and '{}'; tables have more than one foreign \
                 key constraint relationship between them. Please specify the 'onclause' of \
                 this join explicitly.",
                left.description(),
                right.description()
            )));
        }
    }
    let Some((_, pairs)) = constraints.into_iter().next() else {
        let hint = match right {
            FromClause::Grouping(_) => {
                " Perhaps you meant to convert the right side to a subquery using alias()?"
            }
            _ => "",
        };
        return Err(NO_FOREIGN_KEYS_ERROR.error(format!(
            "Can't find any foreign key relationships between '{}' and '{}'.{hint}",
            left.description(),
            right.description()
        )));
    };
    let criteria: Vec<_> = pairs
        .iter()
        .map(|(a, b)| compare(&Operator::Eq, a, b, false, Modifiers::default(), cx))
        .collect();
    match criteria.as_slice() {
        [one] => Ok(one.clone()),
        _ => Ok(ColumnElement::and_(&criteria, cx.compat())),
    }
}

/// Whether foreign keys relate the two.
pub fn can_join(left: &FromClause, right: &FromClause, cx: &Cx) -> Result<bool> {
    Ok(!constraints_between(left, None, right, None, cx)?.is_empty())
}

/// Which of `clauses` can be the left side of a join to `target`.
pub fn find_left_clause_to_join_from(
    clauses: &[FromClause],
    target: &FromClause,
    onclause: Option<&ColumnElement>,
    cx: &Cx,
) -> Result<Vec<usize>> {
    let selectables = target.from_objects();
    let in_condition = match onclause {
        Some(condition) if clauses.len() > 1 => Some(columns_in(condition)),
        _ => None,
    };
    let mut found = Vec::new();
    for (at, clause) in clauses.iter().enumerate() {
        for selectable in selectables.iter().filter(|one| !one.same(clause)) {
            let joins = match (&in_condition, onclause) {
                (Some(needed), _) => {
                    let mut offered: Vec<_> = clause
                        .column_list(cx)?
                        .iter()
                        .map(ColumnElement::identity)
                        .collect();
                    offered.extend(
                        selectable
                            .column_list(cx)?
                            .iter()
                            .map(ColumnElement::identity),
                    );
                    needed.iter().all(|column| offered.contains(column))
                }
                (None, Some(_)) => true,
                (None, None) => can_join(clause, selectable, cx)?,
            };
            if joins {
                found.push(at);
                break;
            }
        }
    }
    if found.len() > 1 {
        let hidden: Vec<_> = clauses
            .iter()
            .flat_map(FromClause::hidden_froms)
            .map(|from| from.identity())
            .collect();
        found.retain(|at| !hidden.contains(&clauses[*at].identity()));
    }
    if found.is_empty() && onclause.is_some() {
        return Ok((0..clauses.len()).collect());
    }
    Ok(found)
}

/// The identities of the columns named in `element`.
fn columns_in(element: &ColumnElement) -> Vec<usize> {
    let mut all = Vec::new();
    let mut pending = vec![element.clone()];
    while let Some(next) = pending.pop() {
        if next.is_column() {
            all.push(next.identity());
        }
        next.for_each_child(&mut |child| pending.push(child.clone()));
    }
    all
}

/// Which of `clauses` is, contains or derives from `left`, as `join_from(left, ..)` asks.
pub fn find_left_clause_that_matches(clauses: &[FromClause], left: &FromClause) -> Vec<usize> {
    let selectables = left.from_objects();
    let liberal: Vec<usize> = clauses
        .iter()
        .enumerate()
        .filter(|(_, clause)| {
            selectables.iter().any(|one| {
                clause.surface_selectables().iter().any(|s| s.same(one))
                    || clause.is_derived_from(one)
            })
        })
        .map(|(at, _)| at)
        .collect();
    if liberal.len() > 1 {
        let exact: Vec<usize> = liberal
            .iter()
            .copied()
            .filter(|at| {
                let surface = clauses[*at].surface_selectables();
                selectables.iter().any(|one| {
                    one.surface_selectables()
                        .iter()
                        .any(|s| surface.iter().any(|own| own.same(s)))
                })
            })
            .collect();
        if !exact.is_empty() {
            return exact;
        }
    }
    liberal
}
