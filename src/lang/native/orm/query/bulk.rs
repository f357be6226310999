//! `query.update()` and `query.delete()`.

use std::cell::RefCell;
use std::rc::Rc;

use super::query_of;
use crate::engine::ResultSet;
use crate::lang::native::schema::{make_delete, make_update};
use crate::object::exceptions::TYPE_ERROR;
use crate::object::types::OBJECT;
use crate::object::{Args, Bound, Cx, Dict, Members, Object, Result, TypeSpec, Value};
use crate::orm::{BulkKind, MappedEntity, MapperHandle, Query};
use crate::sql::coercions::expect_where;
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
    let (values, arguments) = match kind {
        BulkKind::Update => (bound.value("values").clone(), bound.some("update_args")),
        BulkKind::Delete => (Value::None, None),
    };
    let context = Rc::new(BulkContext {
        kind,
        query: RefCell::new(query.clone()),
        values,
        arguments: match arguments {
            Some(given) => given.clone(),
            None => Value::Dict(Rc::default()),
        },
        result: RefCell::default(),
    });
    let shown = Value::object(ContextHandle(context.clone()));
    let (before, after) = match kind {
        BulkKind::Update => ("before_compile_update", "after_bulk_update"),
        BulkKind::Delete => ("before_compile_delete", "after_bulk_delete"),
    };
    let query = query.heard(before, std::slice::from_ref(&shown), cx)?;
    *context.query.borrow_mut() = query.clone();
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
    *context.result.borrow_mut() = Some(result.clone());
    for listener in query.expect_session("dispatch")?.listeners(after, cx) {
        cx.call(&listener.function, [shown.clone()])?;
    }
    result.close(cx);
    Ok(Value::Int(result.rowcount()))
}

/// What the query is of, as a script would give it.
fn subjects(query: &Query) -> Vec<Value> {
    let shown = |item: &SelectItem| match item {
        SelectItem::Entity(entity) => entity.value(),
        SelectItem::From(from) => Value::object(from.clone()),
        SelectItem::Column(column) => Value::object(column.clone()),
    };
    query.clauses().raw_columns.iter().map(shown).collect()
}

/// The one thing that the query is of; `function` takes no more.
fn subject(query: &Query, function: &str, cx: &Cx) -> Result<Value> {
    let subjects = subjects(query);
    if let [_, second, ..] = subjects.as_slice() {
        if cx.compat().is_20() {
            return Err(TYPE_ERROR.error(format!(
                "{function}() takes 1 positional argument but {} were given",
                subjects.len()
            )));
        }
        let second = match crate::orm::entity_of_value(second) {
            Some(entity) => Value::object(entity.entity().selectable(cx)?),
            None => second.clone(),
        };
        expect_where(&second, None, cx)?;
    }
    match subjects.into_iter().next() {
        Some(subject) => Ok(subject),
        None => Err(TYPE_ERROR.error(format!(
            "{function}() missing 1 required positional argument: 'table'"
        ))),
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
    let mut made = make_update(&subject(query, "update", cx)?, cx)?;
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
    let mut made = make_delete(&subject(query, "delete", cx)?, cx)?;
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
    let mut args = Args::default();
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

/// An UPDATE or DELETE under way, as listeners see it.
struct BulkContext {
    kind: BulkKind,
    query: RefCell<Query>,
    values: Value,
    arguments: Value,
    result: RefCell<Option<ResultSet>>,
}

struct ContextHandle(Rc<BulkContext>);

static BULK_UPDATE: TypeSpec = TypeSpec::new("sqlalchemy.orm.query", "BulkUpdate")
    .bases(&[&OBJECT])
    .members(|members| {
        context_members(members);
        members
            .getter("values", |own: &ContextHandle, _| Ok(own.0.values.clone()))
            .getter("update_kwargs", |own: &ContextHandle, _| {
                Ok(own.0.arguments.clone())
            });
    });
static BULK_DELETE: TypeSpec = TypeSpec::new("sqlalchemy.orm.query", "BulkDelete")
    .bases(&[&OBJECT])
    .members(context_members);

fn context_members(members: &mut Members) {
    members
        .getter("query", |own: &ContextHandle, _| {
            Ok(own.0.query.borrow().value())
        })
        .getter("session", |own: &ContextHandle, _| {
            Ok(own.0.query.borrow().data().session.clone())
        })
        .getter("mapper", |own: &ContextHandle, _| {
            let entity = own.0.query.borrow().first_entity();
            let mapped = entity.and_then(|entity| MappedEntity::of(entity.as_ref()));
            Ok(mapped.map_or(Value::None, |entity| {
                Value::object(MapperHandle(entity.mapper().clone()))
            }))
        })
        .getter("result", |own: &ContextHandle, _| {
            let result = own.0.result.borrow().clone();
            Ok(result.map_or(Value::None, Value::object))
        });
}

impl Object for ContextHandle {
    fn spec(&self) -> &'static TypeSpec {
        match self.0.kind {
            BulkKind::Update => &BULK_UPDATE,
            BulkKind::Delete => &BULK_DELETE,
        }
    }
    fn identity(&self) -> Option<usize> {
        Some(Rc::as_ptr(&self.0) as usize)
    }
}
