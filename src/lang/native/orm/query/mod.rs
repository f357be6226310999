//! `Query` as scripts see it.

mod appender;
mod bulk;
mod clauses;
mod derived;
mod entities;
mod events;
mod items;
mod joins;
mod results;
mod settings;

use std::rc::Rc;

pub use appender::{APPENDER_QUERY, appender};
pub use events::listen;

use super::super::sql;
use crate::object::exceptions::TYPE_ERROR;
use crate::object::types::OBJECT;
use crate::object::{
    Args, Bound, Class, Cx, Instance, Members, Object, Result, Signature, TypeSpec, Value,
};
use crate::orm::{Needs, Query, Session};

/// The class `Query`.
pub static QUERY: TypeSpec = TypeSpec::new("sqlalchemy.orm.query", "Query")
    .bases(&[&OBJECT])
    .construct(construct)
    .subclassable()
    .members(members);

fn members(members: &mut Members) {
    members
        .method_on_value("__init__(entities, session=None)", |this, bound, cx| {
            if let Value::Instance(instance) = this {
                let query = query_of_arguments(bound, cx)?.of_class(instance.class());
                instance.set_payload(Rc::new(query));
            }
            Ok(Value::None)
        })
        .with(clauses::members)
        .with(entities::members)
        .with(joins::members)
        .with(settings::members)
        .with(derived::members)
        .with(results::members)
        .with(bulk::members);
}

fn construct(class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    if class.script_method("__init__").is_some() {
        return Ok(Value::Instance(Instance::new(class.clone())));
    }
    let signature = Signature::parse("__init__(self, entities, session=None)", Some("Query"));
    let query = query_of_arguments(&signature.bind(args.prepend(Value::None))?, cx)?;
    Ok(of_class(class, query))
}

/// `query` as an object of `class`.
fn of_class(class: &Rc<Class>, query: Query) -> Value {
    let is_own = class
        .spec()
        .is_some_and(|spec| std::ptr::eq(spec, &raw const QUERY));
    if is_own {
        return Value::object(query);
    }
    query.of_class(class).value()
}

fn query_of_arguments(bound: &Bound<'_>, cx: &Cx) -> Result<Query> {
    let given = match bound.value("entities") {
        Value::None => Vec::new(),
        given @ (Value::List(_) | Value::Tuple(_) | Value::Set(_)) => cx.collect(given)?,
        one => vec![one.clone()],
    };
    let session = bound.some("session").cloned().unwrap_or(Value::None);
    Ok(Query::new(sql::select_items(&given, cx)?, session))
}

/// `session.query(..)`.
pub fn query_of_session(session: &Value, entities: &[Value], cx: &Cx) -> Result<Value> {
    let class = session.downcast::<Session>().map(Session::query_class);
    match class {
        Some(class) if !class.is_none() => {
            let entities = Value::tuple(entities.to_vec());
            cx.call(class, [entities, session.clone()])
        }
        _ => {
            let items = sql::select_items(entities, cx)?;
            Ok(Value::object(Query::new(items, session.clone())))
        }
    }
}

/// The query that `this` is.
fn query_of(this: &Value) -> Result<&Query> {
    this.downcast::<Query>()
        .ok_or_else(|| TYPE_ERROR.error("a Query was expected"))
}

/// `query`, made from `this`, as an object of the same class.
fn derived(this: &Value, query: Query) -> Value {
    let Value::Instance(instance) = this else {
        return Value::object(query);
    };
    let made = Instance::with_payload(instance.class().clone(), Rc::new(query));
    for (name, value) in instance.attributes() {
        made.set_attribute(name, value);
    }
    Value::Instance(made)
}

/// What a method makes of a query.
type Step = fn(&Query, &Bound<'_>, &Cx) -> Result<Query>;

/// Add methods that make a new query: signature, what it needs, what it does.
fn add_steps(members: &mut Members, steps: &[(&'static str, Needs, Step)]) {
    for (signature, needs, step) in steps.iter().copied() {
        let name = signature.split('(').next().unwrap_or(signature);
        members.method_on_value(signature, move |this, bound, cx| {
            let query = query_of(this)?;
            query.check(needs, name)?;
            let query = step(query, bound, cx)?;
            // What stands for a dynamic collection makes plain queries.
            if let Some(class) = appender::plain_class(this, cx)? {
                return Ok(of_class(&class, query));
            }
            Ok(derived(this, query))
        });
    }
}

/// Add a method that 1.4 alone has.
fn add_14(
    members: &mut Members,
    name: &'static str,
    signature: &'static str,
    call: fn(&Value, &Bound<'_>, &Cx) -> Result<Value>,
) {
    members.getter_on_value(name, move |this, cx| {
        if cx.compat().is_20() {
            return Err(crate::object::no_attribute(this, name, cx));
        }
        let this = this.clone();
        Ok(crate::object::Method::function(
            signature,
            move |bound, cx| call(&this, bound, cx),
        ))
    });
}

impl Object for Query {
    fn spec(&self) -> &'static TypeSpec {
        &QUERY
    }
    fn identity(&self) -> Option<usize> {
        Some(self.address())
    }
    fn str(&self, cx: &Cx) -> Result<Option<String>> {
        derived::text_of(self, cx).map(Some)
    }
    fn iter(&self, _this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        Ok(Some(results::rows_of(self)))
    }
    fn get_item(&self, this: &Value, key: &Value, cx: &Cx) -> Result<Option<Value>> {
        items::item(this, key, cx).map(Some)
    }
    fn set_attr(&self, _name: &str, _value: &Value, _cx: &Cx) -> Result<bool> {
        Ok(false)
    }
}
