//! How a query is run: its session, parameters, loader options and flags.

use super::{add_steps, derived, query_of};
use crate::engine::exc::ARGUMENT_ERROR;
use crate::lang::native::engine::immutable_dict;
use crate::object::exceptions::{ATTRIBUTE_ERROR, TYPE_ERROR};
use crate::object::{Cx, Dict, Members, Result, Str, Value};
use crate::orm::Needs;
use crate::sql::LabelStyle;

/// The members.
pub fn members(members: &mut Members) {
    add_steps(
        members,
        &[
            ("options(*args)", Needs::Nothing, |query, bound, cx| {
                let options = flattened(bound.rest(), cx)?;
                Ok(query.with_clauses(|data| data.options.extend(options)))
            }),
            (
                "params(*args, **kwargs)",
                Needs::Nothing,
                |query, bound, cx| {
                    let params = parameters(bound, cx)?;
                    Ok(query.with(|data| {
                        for (name, value) in params {
                            data.params.retain(|(known, _)| *known != name);
                            data.params.push((name, value));
                        }
                    }))
                },
            ),
            ("autoflush(setting)", Needs::Nothing, |query, bound, cx| {
                let on = cx.truthy(bound.value("setting"))?;
                Ok(query.with(|data| data.load.no_autoflush = !on))
            }),
            ("populate_existing()", Needs::Nothing, |query, _, _| {
                Ok(query.with(|data| data.load.populate_existing = true))
            }),
            ("yield_per(count)", Needs::Nothing, |query, bound, _| {
                let count = bound.value("count").as_int();
                let count = count.and_then(|count| usize::try_from(count).ok());
                Ok(query.with(|data| data.load.yield_per = count.filter(|count| *count > 0)))
            }),
            (
                "enable_eagerloads(value)",
                Needs::Nothing,
                |query, bound, cx| Ok(query.enable_eagerloads(cx.truthy(bound.value("value"))?)),
            ),
            (
                "enable_assertions(value)",
                Needs::Nothing,
                |query, bound, cx| {
                    let on = cx.truthy(bound.value("value"))?;
                    Ok(query.with(|data| data.assertions = on))
                },
            ),
            (
                "only_return_tuples(value)",
                Needs::Nothing,
                |query, bound, cx| {
                    let on = cx.truthy(bound.value("value"))?;
                    Ok(query.with(|data| data.only_tuples = on))
                },
            ),
            (
                "with_session(session)",
                Needs::Nothing,
                |query, bound, _| {
                    let session = bound.value("session").clone();
                    Ok(query.with(|data| data.session = session))
                },
            ),
            ("with_labels()", Needs::Nothing, |query, _, _| {
                Ok(query.set_label_style(LabelStyle::TablenamePlusCol))
            }),
            ("apply_labels()", Needs::Nothing, |query, _, _| {
                Ok(query.set_label_style(LabelStyle::TablenamePlusCol))
            }),
        ],
    );
    members
        .method_on_value("with_transformation(fn)", |this, bound, cx| {
            cx.call(bound.value("fn"), [this.clone()])
        })
        .method_on_value("tuples()", |this, _, _| {
            let query = query_of(this)?;
            Ok(derived(this, query.clone()))
        })
        .method_on_value("get_execution_options()", |this, _, _| {
            let options = query_of(this)?.clauses().execution_options.clone();
            Ok(immutable_dict(Dict::from_pairs(options)))
        })
        .getter_on_value("session", |this, _| {
            Ok(query_of(this)?.data().session.clone())
        })
        .getter_on_value("lazy_loaded_from", |this, _| {
            Ok(query_of(this)?.data().lazy_loaded_from.clone())
        })
        .getter_on_value("is_single_entity", |this, _| {
            Ok(Value::Bool(query_of(this)?.is_single_entity()))
        });
}

/// The options given, one by one or in lists.
fn flattened(given: &[Value], cx: &Cx) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    for option in given {
        match option {
            Value::List(_) | Value::Tuple(_) => {
                let _depth = cx.enter()?;
                all.extend(flattened(&cx.collect(option)?, cx)?);
            }
            one => {
                check_option(one, cx)?;
                all.push(one.clone());
            }
        }
    }
    Ok(all)
}

/// Raise for what is no option at all.
fn check_option(value: &Value, cx: &Cx) -> Result<()> {
    if matches!(value, Value::Object(_) | Value::Instance(_)) {
        return Ok(());
    }
    let asked = if cx.compat().is_14() {
        "_is_legacy_option"
    } else {
        "_is_core"
    };
    Err(ATTRIBUTE_ERROR.error(format!(
        "'{}' object has no attribute '{asked}'",
        crate::object::class_of(value, cx).name()
    )))
}

fn parameters(bound: &crate::object::Bound<'_>, cx: &Cx) -> Result<Vec<(Str, Value)>> {
    let mut all = bound.keywords().to_vec();
    match bound.rest() {
        [] | [Value::None] => {}
        [Value::Dict(dict)] => {
            for (key, value) in dict.borrow().iter() {
                if let Value::Str(name) = key.value() {
                    all.retain(|(known, _)| known != name);
                    all.push((name.clone(), value.clone()));
                }
            }
        }
        [other] => {
            return Err(TYPE_ERROR.error(format!(
                "'{}' object is not iterable",
                crate::object::class_of(other, cx).name()
            )));
        }
        _ if cx.compat().is_14() => {
            return Err(ARGUMENT_ERROR
                .error("params() takes zero or one positional argument, which is a dictionary."));
        }
        more => {
            return Err(TYPE_ERROR.error(format!(
                "Query.params() takes from 1 to 2 positional arguments but {} were given",
                more.len() + 1
            )));
        }
    }
    Ok(all)
}
