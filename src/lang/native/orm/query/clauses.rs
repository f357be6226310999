//! The clauses of a query: criteria, order, limits.

use super::{add_steps, derived, query_of, sql};
use crate::object::{Bound, Cx, Members, Result, Str, Value};
use crate::orm::{Needs, Query};
use crate::sql::coercions::{BY_OF, expect_by, expect_from, expect_where};
use crate::sql::{ColumnElement, SelectData};

/// What queries have in common with SELECTs, and what each method needs.
const SHARED: &[(&str, Needs)] = &[
    ("order_by", Needs::NoStatementNorLimit),
    ("group_by", Needs::NoStatementNorLimit),
    ("limit", Needs::NoStatement),
    ("offset", Needs::NoStatement),
    ("slice", Needs::NoStatement),
    ("with_for_update", Needs::Nothing),
    ("execution_options", Needs::Nothing),
    ("set_label_style", Needs::Nothing),
    ("with_statement_hint", Needs::Nothing),
];

/// The members.
pub fn members(members: &mut Members) {
    for (name, needs) in SHARED {
        let Some((signature, change)) = sql::generative(name) else {
            continue;
        };
        members.method_on_value(signature, move |this, bound, cx| {
            let query = query_of(this)?;
            query.check(*needs, name)?;
            let (ordered, grouped) = lengths(query);
            let mut done = Ok(());
            let mut changed = query.with_clauses(|data| done = change(data, bound, cx));
            done?;
            if query.data().generation != 0 {
                changed = number_from(&changed, ordered, grouped)?;
            }
            Ok(derived(this, changed))
        });
    }
    add_steps(
        members,
        &[
            ("filter(*criterion)", Needs::NoStatementNorLimit, filter),
            ("where(*criterion)", Needs::Nothing, |query, bound, cx| {
                query.check(Needs::NoStatementNorLimit, "filter")?;
                filter(query, bound, cx)
            }),
            ("filter_by(**kwargs)", Needs::Nothing, |query, bound, cx| {
                let criteria = query.filter_by_criteria(bound.keywords(), cx)?;
                query.check(Needs::NoStatementNorLimit, "filter")?;
                add_criteria(query, &criteria)
            }),
            (
                "having(*having)",
                Needs::NoStatementNorLimit,
                |query, bound, cx| {
                    let criteria = criteria(bound, cx)?;
                    Ok(query.with_clauses(|data| data.having_criteria.extend(criteria)))
                },
            ),
            ("distinct(*expr)", Needs::NoStatement, |query, bound, cx| {
                let on = bound
                    .rest()
                    .iter()
                    .map(|expr| expect_by(expr, BY_OF, cx))
                    .collect::<Result<Vec<_>>>()?;
                Ok(query.with_clauses(|data| {
                    data.distinct = true;
                    data.distinct_on.extend(on);
                }))
            }),
            (
                "correlate(*fromclauses)",
                Needs::Nothing,
                |query, bound, cx| {
                    let clears =
                        matches!(bound.rest().first(), Some(Value::None | Value::Bool(false)));
                    let froms = if clears {
                        Vec::new()
                    } else {
                        let mut all = query.clauses().correlate.clone().unwrap_or_default();
                        all.extend(sql::correlated(bound.rest(), cx)?);
                        all
                    };
                    Ok(query.with_clauses(|data| data.correlate = Some(froms)))
                },
            ),
            (
                "prefix_with(*prefixes, dialect='*')",
                Needs::Nothing,
                |query, bound, cx| {
                    let added = sql::affixes(bound, cx)?;
                    Ok(query.with_clauses(|data| data.prefixes.extend(added)))
                },
            ),
            (
                "suffix_with(*suffixes, dialect='*')",
                Needs::Nothing,
                |query, bound, cx| {
                    let added = sql::affixes(bound, cx)?;
                    Ok(query.with_clauses(|data| data.suffixes.extend(added)))
                },
            ),
            (
                "with_hint(selectable, text, dialect_name='*')",
                Needs::Nothing,
                |query, bound, cx| {
                    let from = expect_from(bound.value("selectable"), cx)?;
                    let text = Str::new(bound.text("text")?);
                    let dialect = bound.some("dialect_name").and_then(Value::as_str);
                    let dialect = Str::new(dialect.unwrap_or("*"));
                    Ok(query.with_clauses(|data| data.hints.push((from, text, dialect))))
                },
            ),
        ],
    );
}

fn criteria(bound: &Bound<'_>, cx: &Cx) -> Result<Vec<ColumnElement>> {
    bound
        .rest()
        .iter()
        .map(|clause| expect_where(clause, None, cx))
        .collect()
}

fn filter(query: &Query, bound: &Bound<'_>, cx: &Cx) -> Result<Query> {
    add_criteria(query, &criteria(bound, cx)?)
}

fn add_criteria(query: &Query, criteria: &[ColumnElement]) -> Result<Query> {
    let criteria = criteria
        .iter()
        .map(|one| query.in_generation(one))
        .collect::<Result<Vec<_>>>()?;
    Ok(query.with_clauses(|data| {
        for criterion in &criteria {
            data.adopt(criterion);
        }
        data.where_criteria.extend(criteria);
    }))
}

fn lengths(query: &Query) -> (usize, usize) {
    let data = query.clauses();
    (data.order_by.len(), data.group_by.len())
}

/// Number the elements added to ORDER BY and GROUP BY after the aliases they are meant for.
fn number_from(query: &Query, ordered: usize, grouped: usize) -> Result<Query> {
    let mut done = Ok(());
    let numbered = query.with_clauses(|data: &mut SelectData| {
        let added = data.order_by.iter_mut().skip(ordered);
        for element in added.chain(data.group_by.iter_mut().skip(grouped)) {
            match query.in_generation(element) {
                Ok(changed) => *element = changed,
                Err(raised) => done = Err(raised),
            }
        }
    });
    done.map(|()| numbered)
}
