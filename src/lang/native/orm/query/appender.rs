//! `AppenderQuery`: the query that stands for a collection of `lazy="dynamic"`.

use std::rc::Rc;

use super::{QUERY, items, query_of, results};
use crate::engine::exc::SA_WARNING;
use crate::object::types::make_class;
use crate::object::{Class, Cx, Instance, Members, Result, TypeSpec, Value};
use crate::orm::{
    Attribute, InstanceState, Query, Session, append_dynamic, dynamic_added, dynamic_query,
    remove_dynamic, session, state_of,
};

/// `AppenderMixin`: what a dynamic collection adds to a query.
static APPENDER_MIXIN: TypeSpec = TypeSpec::new("sqlalchemy.orm.dynamic", "AppenderMixin")
    .members(members)
    .subclassable();
/// The class `AppenderQuery`.
pub static APPENDER_QUERY: TypeSpec = TypeSpec::new("sqlalchemy.orm.dynamic", "AppenderQuery")
    .bases(&[&APPENDER_MIXIN, &QUERY])
    .subclassable();

/// The attribute in which an appender keeps whose collection it stands for.
const OWNER: &str = "attr";

/// Whose collection an appender stands for.
struct Owner {
    attribute: Rc<Attribute>,
    instance: Rc<Instance>,
}

static OWNER_SPEC: TypeSpec = TypeSpec::new("sqlalchemy.orm.dynamic", "DynamicAttributeImpl");

impl crate::object::Object for Owner {
    fn spec(&self) -> &'static TypeSpec {
        &OWNER_SPEC
    }
}

/// What stands for the collection `attribute` of `instance`.
pub fn appender(attribute: &Rc<Attribute>, instance: &Rc<Instance>, cx: &Cx) -> Result<Value> {
    let session = session_value(instance, cx);
    let query = dynamic_query(attribute, instance, session, cx)?;
    let class = appender_class(attribute, cx)?;
    let made = Instance::with_payload(class, Rc::new(query));
    made.set_attribute("instance", Value::Instance(instance.clone()));
    let owner = Owner {
        attribute: attribute.clone(),
        instance: instance.clone(),
    };
    made.set_attribute(OWNER, Value::object(owner));
    Ok(Value::Instance(made))
}

fn session_value(instance: &Rc<Instance>, cx: &Cx) -> Value {
    let id = state_of(instance).map_or(0, InstanceState::session_id);
    session(id, cx).map_or(Value::None, |session| session.value())
}

/// `AppenderQuery`, or the same made of the relationship's own query class.
fn appender_class(attribute: &Attribute, cx: &Cx) -> Result<Rc<Class>> {
    let relationship = attribute.property().relationship();
    let given = relationship.map(|relationship| relationship.args.query_class.clone());
    let Some(Value::Class(class)) = given else {
        return Ok(APPENDER_QUERY.class());
    };
    let mixin = APPENDER_MIXIN.class();
    if class.is_subclass(&mixin) {
        return Ok(class);
    }
    let bases = [Value::Class(mixin), Value::Class(class.clone())];
    let name = format!("Appender{}", class.name()).into();
    match make_class(name, &bases, Vec::new(), &[], cx)? {
        Value::Class(made) => Ok(made),
        _ => Ok(APPENDER_QUERY.class()),
    }
}

fn owner(this: &Value) -> Option<Value> {
    match this {
        Value::Instance(instance) => {
            let held = instance.attribute(OWNER)?;
            held.downcast::<Owner>().is_some().then_some(held)
        }
        _ => None,
    }
}

/// The class of the plain query that a method of an appender makes; `None`: it is no appender.
pub(super) fn plain_class(this: &Value, cx: &Cx) -> Result<Option<Rc<Class>>> {
    let Some(held) = owner(this) else {
        return Ok(None);
    };
    let Some(owner) = held.downcast::<Owner>() else {
        return Ok(None);
    };
    if query_of(this)?.session().is_none() {
        return Err(crate::orm::exc::detached(format!(
            "Parent instance {} is not bound to a Session, and no contextual session is \
             established; lazy load operation of attribute '{}' cannot proceed",
            crate::orm::describe(&Value::Instance(owner.instance.clone())),
            owner.attribute.key()
        )));
    }
    let relationship = owner.attribute.property().relationship();
    let given = relationship.map(|relationship| relationship.args.query_class.clone());
    let _ = cx;
    Ok(Some(match given {
        Some(Value::Class(class)) => class,
        _ => QUERY.class(),
    }))
}

/// The owner's session, which is flushed first; `None` where there is nothing to be queried.
fn flushed(owner: &Owner, cx: &Cx) -> Result<Option<Session>> {
    let value = session_value(&owner.instance, cx);
    let Some(session) = value.downcast::<Session>() else {
        return Ok(None);
    };
    if session.autoflush_flag() && session.contains(&owner.instance) {
        session.flush(None, cx)?;
    }
    let has_row = state_of(&owner.instance).is_some_and(InstanceState::has_identity);
    Ok(has_row.then(|| session.clone()))
}

/// What the members of an appender are read from.
enum Source {
    Query(Query),
    Added(Vec<Value>),
}

fn source(this: &Value, cx: &Cx) -> Result<Source> {
    let held = owner(this);
    let Some(owner) = held.as_ref().and_then(Value::downcast::<Owner>) else {
        return Ok(Source::Query(query_of(this)?.clone()));
    };
    if flushed(owner, cx)?.is_some() {
        return Ok(Source::Query(query_of(this)?.clone()));
    }
    if let Some(state) = state_of(&owner.instance)
        && state.has_identity()
        && state.session_id() == 0
    {
        cx.warn(
            &SA_WARNING,
            &format!(
                "Instance {} is detached, dynamic relationship cannot return a correct result.   \
                 This warning will become a DetachedInstanceError in a future release.",
                state.describe()
            ),
        );
    }
    Ok(Source::Added(dynamic_added(
        &owner.attribute,
        &owner.instance,
    )))
}

fn add(this: &Value, item: Value, cx: &Cx) -> Result<()> {
    let held = owner(this);
    match held.as_ref().and_then(Value::downcast::<Owner>) {
        Some(owner) => append_dynamic(&owner.attribute, &owner.instance, item, cx),
        None => Ok(()),
    }
}

fn add_all(this: &Value, items: &Value, cx: &Cx) -> Result<Value> {
    for item in cx.collect(items)? {
        add(this, item, cx)?;
    }
    Ok(Value::None)
}

fn only_one(this: &Value, least: usize, cx: &Cx) -> Result<Option<Value>> {
    use crate::engine::exc::{MULTIPLE_RESULTS_FOUND, NO_RESULT_FOUND};
    let Source::Added(mut added) = source(this, cx)? else {
        return Ok(None);
    };
    match added.len() {
        0 if least > 0 => Err(NO_RESULT_FOUND.error("No row was found when one was required")),
        0 => Ok(Some(Value::None)),
        1 => Ok(added.pop()),
        _ => {
            Err(MULTIPLE_RESULTS_FOUND
                .error("Multiple rows were found when exactly one was required"))
        }
    }
}

fn members(members: &mut Members) {
    members
        .method_on_value("append(item)", |this, a, cx| {
            add(this, a.value("item").clone(), cx).map(|()| Value::None)
        })
        .method_on_value("extend(iterator)", |this, a, cx| {
            add_all(this, a.value("iterator"), cx)
        })
        .method_on_value("remove(item)", |this, a, cx| {
            let held = owner(this);
            if let Some(owner) = held.as_ref().and_then(Value::downcast::<Owner>) {
                remove_dynamic(&owner.attribute, &owner.instance, a.value("item"), cx)?;
            }
            Ok(Value::None)
        })
        .getter_on_value("session", |this, cx| {
            let held = owner(this);
            let Some(owner) = held.as_ref().and_then(Value::downcast::<Owner>) else {
                return Ok(query_of(this)?.data().session.clone());
            };
            Ok(match flushed(owner, cx)? {
                Some(_) => session_value(&owner.instance, cx),
                None => Value::None,
            })
        })
        .method_on_value("count()", |this, _, cx| match source(this, cx)? {
            Source::Query(query) => query.count(cx),
            Source::Added(added) => Ok(Value::Int(i64::try_from(added.len()).unwrap_or(i64::MAX))),
        })
        .method_on_value("all()", |this, _, cx| {
            Ok(Value::list(match source(this, cx)? {
                Source::Query(query) => query.all(cx)?,
                Source::Added(added) => added,
            }))
        })
        .method_on_value("one()", |this, _, cx| match only_one(this, 1, cx)? {
            Some(found) => Ok(found),
            None => query_of(this)?.only_one(crate::engine::OnlyOne::Exactly, cx),
        })
        .method_on_value("one_or_none()", |this, _, cx| {
            match only_one(this, 0, cx)? {
                Some(found) => Ok(found),
                None => query_of(this)?.only_one(crate::engine::OnlyOne::AtMost, cx),
            }
        })
        .method_on_value("first()", |this, _, cx| {
            plain_class(this, cx)?;
            query_of(this)?.first(cx)
        })
        .method_on_value("__iter__()", |this, _, cx| match source(this, cx)? {
            Source::Query(query) => Ok(results::rows_of(&query)),
            Source::Added(added) => crate::object::types::iter_of(&Value::list(added), cx),
        })
        .method_on_value("__getitem__(index)", |this, a, cx| {
            match source(this, cx)? {
                Source::Query(_) => items::item(this, a.value("index"), cx),
                Source::Added(added) => {
                    crate::object::ops::get_item(&Value::list(added), a.value("index"), cx)
                }
            }
        });
    for signature in ["add(item)", "add_all(iterator)"] {
        let name = signature.split('(').next().unwrap_or(signature);
        members.getter_on_value(name, move |this, cx| {
            if cx.compat().is_14() {
                return Err(crate::object::no_attribute(this, name, cx));
            }
            let this = this.clone();
            Ok(crate::object::Method::function(
                signature,
                move |a, cx| match name {
                    "add" => add(&this, a.value("item").clone(), cx).map(|()| Value::None),
                    _ => add_all(&this, a.value("iterator"), cx),
                },
            ))
        });
    }
}
