//! `collection` and its decorators, `collection_adapter()`, and the functions that make keyed
//! dicts.

use std::rc::Rc;

use crate::object::{Args, Cx, Members, Method, Object, Result, Str, TypeSpec, Value};
use crate::orm::element_of;
use crate::orm::{self, KeyFunction, KeyedBy};
use crate::sql::ColumnElement;

/// `collection`, whose static methods mark the methods of a collection class.
pub static COLLECTION: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.collections", "collection").members(decorators);

const ADDS: &str = "fire_append_event";
const REMOVES: &str = "fire_remove_event";

fn role(members: &mut Members, text: &'static str, role: &'static str) {
    members.static_method(text, move |a, cx| {
        orm::mark(a.value("fn"), "role", role.into(), cx)
    });
}

/// A decorator that marks what it is given.
fn decorator(before: Option<(&'static str, Value)>, after: Option<&'static str>) -> Value {
    Method::function("decorator(fn)", move |a, cx| {
        let function = a.value("fn");
        if let Some((event, argument)) = &before {
            let noted = Value::tuple(vec![(*event).into(), argument.clone()]);
            orm::mark(function, "before", noted, cx)?;
        }
        if let Some(event) = after {
            orm::mark(function, "after", event.into(), cx)?;
        }
        Ok(function.clone())
    })
}

fn decorators(members: &mut Members) {
    role(members, "appender(fn)", "appender");
    role(members, "remover(fn)", "remover");
    role(members, "iterator(fn)", "iterator");
    role(members, "converter(fn)", "converter");
    members
        .static_method("internally_instrumented(fn)", |a, cx| {
            cx.set_attr(a.value("fn"), "_sa_instrumented", Value::Bool(true))?;
            Ok(a.value("fn").clone())
        })
        .static_method("adds(arg)", |a, _| {
            Ok(decorator(Some((ADDS, a.value("arg").clone())), None))
        })
        .static_method("replaces(arg)", |a, _| {
            Ok(decorator(
                Some((ADDS, a.value("arg").clone())),
                Some(REMOVES),
            ))
        })
        .static_method("removes(arg)", |a, _| {
            Ok(decorator(Some((REMOVES, a.value("arg").clone())), None))
        })
        .static_method("removes_return()", |_, _| {
            Ok(decorator(None, Some(REMOVES)))
        });
}

/// `collection_adapter()`.
pub fn collection_adapter() -> Value {
    Method::function("collection_adapter(collection)", |a, _| {
        Ok(orm::adapter_of(a.value("collection")).map_or(Value::None, Value::object))
    })
}

/// `count_from_n_factory()`.
pub fn count_from_n_factory() -> Value {
    Method::function("count_from_n_factory(start)", |a, _| {
        Ok(match a.value("start") {
            Value::Int(start) => orm::count_from(*start),
            _ => orm::count_from(0),
        })
    })
}

static KEYED_BY: TypeSpec = TypeSpec::new("sqlalchemy.orm.mapped_collection", "_MKeyfuncMapped");

impl Object for Rc<KeyedBy> {
    fn spec(&self) -> &'static TypeSpec {
        &KEYED_BY
    }
    fn is_callable(&self) -> bool {
        true
    }
    fn call(&self, _this: &Value, args: Args, cx: &Cx) -> Result<Option<Value>> {
        cx.call(&Value::Class(crate::object::types::DICT.class()), args)
            .map(Some)
    }
}

fn keyed(function: KeyFunction, ignore_unpopulated: bool) -> Value {
    Value::object(Rc::new(KeyedBy {
        function,
        ignore_unpopulated,
    }))
}

/// `attribute_keyed_dict()`.
pub fn attribute_keyed_dict() -> Value {
    Method::function(
        "attribute_keyed_dict(attr_name, *, ignore_unpopulated_attribute=False)",
        |a, _| {
            let name = Str::new(a.text("attr_name")?);
            let ignore = a.flag("ignore_unpopulated_attribute", false);
            Ok(keyed(KeyFunction::Attribute(name), ignore))
        },
    )
}

/// `column_keyed_dict()`.
pub fn column_keyed_dict() -> Value {
    Method::function(
        "column_keyed_dict(mapping_spec, *, ignore_unpopulated_attribute=False)",
        |a, cx| {
            let given = match a.value("mapping_spec") {
                Value::List(_) | Value::Tuple(_) => cx.collect(a.value("mapping_spec"))?,
                one => vec![one.clone()],
            };
            let columns = given
                .iter()
                .map(|one| element_of(one, cx))
                .collect::<Result<Vec<ColumnElement>>>()?;
            let ignore = a.flag("ignore_unpopulated_attribute", false);
            Ok(keyed(KeyFunction::Columns(columns.into()), ignore))
        },
    )
}

/// `keyfunc_mapping()`.
pub fn keyfunc_mapping() -> Value {
    Method::function(
        "keyfunc_mapping(keyfunc, *, ignore_unpopulated_attribute=False)",
        |a, _| {
            let function = KeyFunction::Callable(a.value("keyfunc").clone());
            let ignore = a.flag("ignore_unpopulated_attribute", false);
            Ok(keyed(function, ignore))
        },
    )
}
