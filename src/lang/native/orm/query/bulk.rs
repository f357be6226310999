//! `query.update()` and `query.delete()`.

use std::rc::Rc;

use super::query_of;
use crate::lang::native::schema::{make_delete, make_update};
use crate::object::{Bound, Cx, Dict, Members, Result, Value};
use crate::orm::{BulkKind, Query};
use crate::sql::dml::{Delete, Update};
use crate::sql::{Executable, SelectItem};

/// The one of `update_args` that is not an option of a dialect.
const ORDERED: &str = "preserve_parameter_order";

/// The members.
pub fn members(members: &mut Members) {
    members
        .method_on_value(
            "update(values, synchronize_session=..., update_args=None)",
            |this, bound, cx| run(this, bound, BulkKind::Update, cx),
        )
        .method_on_value(
            "delete(synchronize_session=..., delete_args=None)",
            |this, bound, cx| run(this, bound, BulkKind::Delete, cx),
        );
}

fn run(this: &Value, bound: &Bound<'_>, kind: BulkKind, cx: &Cx) -> Result<Value> {
    let query = query_of(this)?.enable_eagerloads(false);
    query.check_bulk()?;
    let statement = match kind {
        BulkKind::Update => update_of(&query, bound, cx)?,
        BulkKind::Delete => delete_of(&query, bound, cx)?,
    };
    let default = if cx.compat().is_20() {
        "auto"
    } else {
        "evaluate"
    };
    let synchronize = bound
        .given("synchronize_session")
        .cloned()
        .unwrap_or_else(|| default.into());
    let result = query.run_bulk(&statement, &synchronize, cx)?;
    Ok(Value::Int(result.rowcount()))
}

/// What the query is of, as a script would give it.
fn subject(query: &Query) -> Value {
    match query.clauses().raw_columns.first() {
        Some(SelectItem::Entity(entity)) => entity.value(),
        Some(SelectItem::From(from)) => Value::object(from.clone()),
        Some(SelectItem::Column(column)) => Value::object(column.clone()),
        None => Value::None,
    }
}

fn update_of(query: &Query, bound: &Bound<'_>, cx: &Cx) -> Result<Executable> {
    let arguments = match bound.some("update_args") {
        Some(Value::Dict(dict)) => dict.clone(),
        _ => Rc::default(),
    };
    let ordered = match arguments.get_str(ORDERED) {
        Some(flag) => cx.truthy(&flag)?,
        None => false,
    };
    let values = bound.value("values");
    let mut made = make_update(&subject(query), cx)?;
    made = if ordered {
        cx.call_method(&made, "ordered_values", cx.collect(values)?)?
    } else {
        cx.call_method(&made, "values", [values.clone()])?
    };
    made = with_dialect_options(made, &arguments, cx)?;
    let criteria = query.clauses().where_criteria.clone();
    let update = made.downcast::<Update>().cloned();
    let update = update.map(|update| update.with(|data| data.where_criteria = criteria));
    match update {
        Some(update) => Ok(Executable::Update(update)),
        None => crate::sql::coercions::expect_executable(&made, cx),
    }
}

fn delete_of(query: &Query, bound: &Bound<'_>, cx: &Cx) -> Result<Executable> {
    let mut made = make_delete(&subject(query), cx)?;
    if let Some(Value::Dict(arguments)) = bound.some("delete_args") {
        made = with_dialect_options(made, arguments, cx)?;
    }
    let criteria = query.clauses().where_criteria.clone();
    let delete = made.downcast::<Delete>().cloned();
    let delete = delete.map(|delete| delete.with(|data| data.where_criteria = criteria));
    match delete {
        Some(delete) => Ok(Executable::Delete(delete)),
        None => crate::sql::coercions::expect_executable(&made, cx),
    }
}

fn with_dialect_options(statement: Value, options: &Dict, cx: &Cx) -> Result<Value> {
    let mut args = crate::object::Args::default();
    for (key, value) in options.borrow().iter() {
        match key.value() {
            Value::Str(name) if name != ORDERED => args.kw.push((name.clone(), value.clone())),
            _ => {}
        }
    }
    if args.kw.is_empty() {
        return Ok(statement);
    }
    cx.call_method(&statement, "with_dialect_options", args)
}
