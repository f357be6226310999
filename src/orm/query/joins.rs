//! `join()`: the calling forms of both versions.

use super::Query;
use crate::engine::exc::ARGUMENT_ERROR;
use crate::object::exceptions::ATTRIBUTE_ERROR;
use crate::object::{Cx, Result, Value, class_of};
use crate::orm::attribute_of_value;
use crate::sql::coercions::{expect_join_target, expect_on_clause};
use crate::sql::{ColumnElement, FromClause, JoinTarget, LegacyJoin, OnClause, SetupJoin};

/// The arguments of a join.
#[derive(Clone, Copy, Debug, Default)]
pub struct JoinCall {
    /// `isouter=`.
    pub isouter: bool,
    /// `full=`.
    pub full: bool,
    /// `aliased=`, of 1.4.
    pub aliased: bool,
    /// `from_joinpoint=`, of 1.4.
    pub from_joinpoint: bool,
}

/// A target and what to join it on.
type Step = (Value, Option<Value>);

impl Query {
    /// `join(target, *props)`.
    pub fn join(&self, target: &Value, props: &[Value], call: JoinCall, cx: &Cx) -> Result<Self> {
        if cx.compat().is_20() {
            let onclause = props.first().filter(|given| !given.is_none());
            let join = self.setup_join(target, onclause, call, None, cx)?;
            return Ok(self.with_join(vec![join]));
        }
        let steps = steps_of(target, props, cx)?;
        let mut query = self.clone();
        if !call.from_joinpoint {
            query = query.with(|data| data.generation = 0);
        }
        if call.aliased {
            query = query.with(|data| {
                data.generations = data.generations.saturating_add(1);
                data.generation = data.generations;
            });
        }
        let mut joins = Vec::with_capacity(steps.len());
        for (at, (target, onclause)) in steps.iter().enumerate() {
            let legacy = LegacyJoin {
                aliased: call.aliased,
                from_joinpoint: at > 0 || call.from_joinpoint,
                generation: query.data().generation,
            };
            let onclause = onclause.as_ref();
            joins.push(query.setup_join(target, onclause, call, Some(legacy), cx)?);
        }
        Ok(query.with_join(joins))
    }

    fn with_join(&self, joins: Vec<SetupJoin>) -> Self {
        self.with_clauses(|data| {
            for join in joins {
                if data.subject.is_none()
                    && let JoinTarget::Entity(entity) = &join.target
                {
                    data.subject = Some(entity.clone());
                }
                data.setup_joins.push(join);
            }
        })
        .with(|data| data.joinpoint_reset = false)
    }

    fn setup_join(
        &self,
        target: &Value,
        onclause: Option<&Value>,
        call: JoinCall,
        legacy: Option<LegacyJoin>,
        cx: &Cx,
    ) -> Result<SetupJoin> {
        let target = match target {
            Value::Str(_) if legacy.is_some() => JoinTarget::Attribute(target.clone()),
            _ if legacy.is_some() => {
                expect_join_target(target, true, cx).map_err(|_| not_a_target())?
            }
            _ => expect_join_target(target, true, cx)?,
        };
        let onclause = match onclause {
            Some(name @ Value::Str(_)) if legacy.is_some() => {
                Some(OnClause::Attribute(name.clone()))
            }
            Some(given) => Some(match expect_on_clause(given, cx)? {
                OnClause::Expression(element) => {
                    OnClause::Expression(self.in_generation(&element)?)
                }
                attribute @ OnClause::Attribute(_) => attribute,
            }),
            None => None,
        };
        Ok(SetupJoin {
            target,
            onclause,
            left: None,
            isouter: call.isouter,
            full: call.full,
            legacy,
        })
    }
}

/// The error of 1.4 for what can't be joined.
fn not_a_target() -> crate::object::Raised {
    ATTRIBUTE_ERROR.error("'NoneType' object has no attribute '_is_select_statement'")
}

/// The joins that the arguments of 1.4's `join()` stand for.
fn steps_of(target: &Value, props: &[Value], cx: &Cx) -> Result<Vec<Step>> {
    let (onclause, rest) = match props {
        [] => (None, &[][..]),
        [onclause, rest @ ..] => (Some(onclause), rest),
    };
    let onclause = onclause.filter(|given| !rest.is_empty() || !given.is_none());
    if rest.is_empty() && onclause.is_none() && !matches!(target, Value::Tuple(_)) {
        return Ok(vec![(target.clone(), None)]);
    }
    if rest.is_empty()
        && let Some(onclause) = onclause
        && is_selectable(target)
        && is_condition(onclause)
    {
        return Ok(vec![(target.clone(), Some(onclause.clone()))]);
    }
    let mut steps = Vec::new();
    for given in std::iter::once(target).chain(props) {
        let Value::Tuple(pair) = given else {
            steps.push((given.clone(), None));
            continue;
        };
        let first = pair.first().cloned().unwrap_or(Value::None);
        let second = pair.get(1).cloned();
        let turned = matches!(first, Value::Str(_)) || attribute_of_value(&first).is_some();
        match second {
            Some(second) if turned => steps.push((second, Some(first))),
            Some(second) => steps.push((first, Some(second))),
            None => {
                return Err(ARGUMENT_ERROR.error(format!(
                    "Join target, typically a FROM expression, or ORM relationship attribute \
                     expected, got {}.",
                    cx.repr(given)?
                )));
            }
        }
    }
    Ok(steps)
}

/// Whether `value` is something to select from rather than a relationship.
fn is_selectable(value: &Value) -> bool {
    matches!(value, Value::Class(_))
        || crate::orm::entity_of_value(value).is_some()
        || value.downcast::<FromClause>().is_some()
        || crate::sql::coercions::statement_of(value).is_some()
}

/// Whether `value` is something to join on.
fn is_condition(value: &Value) -> bool {
    matches!(value, Value::Str(_))
        || attribute_of_value(value).is_some()
        || value.downcast::<ColumnElement>().is_some()
        || class_of(value, &Cx::current())
            .lookup("__clause_element__")
            .is_some()
}
