//! `join()` and `outerjoin()`.

use super::{derived, query_of};
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{Bound, Cx, Members, Result, Signature, Value};
use crate::orm::{JoinCall, Needs};

/// The members.
pub fn members(members: &mut Members) {
    members
        .method_on_value("join(*args, **kwargs)", |this, bound, cx| {
            join(this, bound, false, cx)
        })
        .method_on_value("outerjoin(*args, **kwargs)", |this, bound, cx| {
            join(this, bound, true, cx)
        })
        .method_on_value("reset_joinpoint()", |this, _, _| {
            let query = query_of(this)?;
            query.check(Needs::NoStatement, "reset_joinpoint")?;
            Ok(derived(
                this,
                query.with(|data| {
                    data.joinpoint_reset = true;
                    data.generation = 0;
                }),
            ))
        });
}

const JOIN: &str = "join(target, onclause=None, *, isouter=False, full=False)";
const OUTER_JOIN: &str = "outerjoin(target, onclause=None, *, full=False)";

fn join(this: &Value, bound: &Bound<'_>, outer: bool, cx: &Cx) -> Result<Value> {
    let query = query_of(this)?;
    let args = crate::object::Args {
        pos: bound.rest().iter().cloned().collect(),
        kw: bound.keywords().to_vec(),
    };
    if cx.compat().is_20() {
        let text = if outer { OUTER_JOIN } else { JOIN };
        let signature = Signature::parse(text, Some("Query"));
        let given = signature.bind(args)?;
        query.check(Needs::NoStatementNorLimit, "join")?;
        let call = JoinCall {
            isouter: outer || given.has("isouter") && given.flag("isouter", false),
            full: given.flag("full", false),
            ..JoinCall::default()
        };
        let props: Vec<Value> = given.some("onclause").cloned().into_iter().collect();
        let made = query.join(given.value("target"), &props, call, cx)?;
        return Ok(derived(this, made));
    }
    query.check(Needs::NoStatementNorLimit, "join")?;
    let (target, props, call) = legacy_arguments(bound, outer, cx)?;
    Ok(derived(this, query.join(&target, &props, call, cx)?))
}

/// The arguments of 1.4's `join(target, *props, **kwargs)`.
fn legacy_arguments(
    bound: &Bound<'_>,
    outer: bool,
    cx: &Cx,
) -> Result<(Value, Vec<Value>, JoinCall)> {
    let mut call = JoinCall {
        isouter: outer,
        ..JoinCall::default()
    };
    let mut positional = bound.rest().to_vec();
    let mut unknown = Vec::new();
    for (name, value) in bound.keywords() {
        match name.as_str() {
            "target" if positional.is_empty() => positional.push(value.clone()),
            "aliased" => call.aliased = cx.truthy(value)?,
            "from_joinpoint" => call.from_joinpoint = cx.truthy(value)?,
            "isouter" if !outer => call.isouter = cx.truthy(value)?,
            "isouter" => {}
            "full" => call.full = cx.truthy(value)?,
            other => unknown.push(other.to_owned()),
        }
    }
    if !unknown.is_empty() {
        unknown.sort();
        return Err(TYPE_ERROR.error(format!("unknown arguments: {}", unknown.join(", "))));
    }
    if positional.is_empty() {
        let name = if outer { "outerjoin" } else { "join" };
        return Err(TYPE_ERROR.error(format!(
            "Query.{name}() missing 1 required positional argument: 'target'"
        )));
    }
    let target = positional.remove(0);
    Ok((target, positional, call))
}
