//! `OrderingList`: a list that keeps the position of each member in an attribute of it.

use std::rc::Rc;

use super::adapter::adapter_of;
use crate::object::types::{LIST, Slice, with_base};
use crate::object::{
    Args, Class, CompareOp, Cx, List, Members, Method, Result, TypeSpec, Value, ops,
};

/// `OrderingList`.
pub static ORDERING_LIST: TypeSpec = TypeSpec::new("sqlalchemy.ext.orderinglist", "OrderingList")
    .bases(&[&LIST])
    .construct(construct)
    .members(members)
    .subclassable();

pub(super) fn is_ordering_list(spec: &'static TypeSpec) -> bool {
    std::ptr::eq(spec, &raw const ORDERING_LIST)
}

fn construct(class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    let made = Value::Instance(with_base(class, Value::list(Vec::new())));
    // A class of a script calls it from its own.
    if class.spec().is_some() || class.script_method("__init__").is_none() {
        cx.call_method(&made, "__init__", args)?;
    }
    Ok(made)
}

/// `count_from_0` and its kind: the index, counted from `start`.
pub fn count_from(start: i64) -> Value {
    Method::function("count_from(index, collection)", move |a, cx| {
        ops::binary(
            crate::object::BinaryOp::Add,
            a.value("index"),
            &Value::Int(start),
            cx,
        )
    })
}

/// `ordering_list()`: what makes such lists.
pub fn ordering_list() -> Value {
    Method::function(
        "ordering_list(attr, count_from=None, ordering_func=None, reorder_on_append=False)",
        |a, _| {
            let mut args = Args::from([a.value("attr").clone()]);
            let function = match (a.some("ordering_func"), a.some("count_from")) {
                (Some(function), _) => Some(function.clone()),
                (None, Some(Value::Int(start))) => Some(count_from(*start)),
                (None, _) => None,
            };
            if let Some(function) = function {
                args.kw.push(("ordering_func".into(), function));
            }
            let reorder = Value::Bool(a.flag("reorder_on_append", false));
            args.kw.push(("reorder_on_append".into(), reorder));
            Ok(Method::function("factory()", move |_, cx| {
                cx.call(&Value::Class(ORDERING_LIST.class()), args.clone())
            }))
        },
    )
}

fn list_of(this: &Value) -> Result<&List> {
    this.downcast::<List>()
        .ok_or_else(|| crate::object::exceptions::TYPE_ERROR.error("an OrderingList is a list"))
}

/// Call the method of `list` past those of the class.
fn base(this: &Value, method: &str, args: impl Into<Args>, cx: &Cx) -> Result<Value> {
    let function = cx.get_attr(&Value::Class(LIST.class()), method)?;
    cx.call(&function, args.into().prepend(this.clone()))
}

fn place(index: usize) -> Value {
    Value::Int(i64::try_from(index).unwrap_or(i64::MAX))
}

/// Give `entity` the position `index`, unless it has one and `reorder` is off.
fn order_entity(this: &Value, index: &Value, entity: &Value, reorder: bool, cx: &Cx) -> Result<()> {
    let have = cx.call_method(this, "_get_order_value", [entity.clone()])?;
    if !have.is_none() && !reorder {
        return Ok(());
    }
    let function = cx.get_attr(this, "ordering_func")?;
    let wanted = cx.call(&function, [index.clone(), this.clone()])?;
    let differs = ops::compare(CompareOp::Ne, &have, &wanted, cx)?;
    if cx.truthy(&differs)? {
        cx.call_method(this, "_set_order_value", [entity.clone(), wanted])?;
    }
    Ok(())
}

fn reorder(this: &Value, cx: &Cx) -> Result<Value> {
    for (index, entity) in cx.collect(this)?.iter().enumerate() {
        order_entity(this, &place(index), entity, true, cx)?;
    }
    Ok(Value::None)
}

fn set_item(this: &Value, index: &Value, entity: &Value, cx: &Cx) -> Result<Value> {
    let Some(slice) = index.downcast::<Slice>() else {
        order_entity(this, index, entity, true, cx)?;
        return base(this, "__setitem__", [index.clone(), entity.clone()], cx);
    };
    for at in slice.indices(list_of(this)?.len(), cx)?.iter() {
        let one = ops::get_item(entity, &place(at), cx)?;
        cx.call_method(this, "__setitem__", [place(at), one])?;
    }
    Ok(Value::None)
}

fn members(members: &mut Members) {
    members
        .method_on_value(
            "__init__(ordering_attr=None, ordering_func=None, reorder_on_append=False)",
            |this, a, cx| {
                cx.set_attr(this, "ordering_attr", a.value("ordering_attr").clone())?;
                let function = a.some("ordering_func").cloned();
                cx.set_attr(
                    this,
                    "ordering_func",
                    function.unwrap_or_else(|| count_from(0)),
                )?;
                let reorder = Value::Bool(a.flag("reorder_on_append", false));
                cx.set_attr(this, "reorder_on_append", reorder)?;
                Ok(Value::None)
            },
        )
        .method_on_value("_get_order_value(entity)", |this, a, cx| {
            let name = cx.get_attr(this, "ordering_attr")?;
            cx.get_attr(a.value("entity"), name.as_str().unwrap_or_default())
        })
        .method_on_value("_set_order_value(entity, value)", |this, a, cx| {
            let name = cx.get_attr(this, "ordering_attr")?;
            let (entity, value) = (a.value("entity"), a.value("value").clone());
            cx.set_attr(entity, name.as_str().unwrap_or_default(), value)?;
            Ok(Value::None)
        })
        .method_on_value("reorder()", |this, _, cx| reorder(this, cx))
        .method_on_value("_reorder()", |this, _, cx| reorder(this, cx))
        .method_on_value("append(entity)", |this, a, cx| {
            let entity = a.value("entity");
            base(this, "append", [entity.clone()], cx)?;
            let last = place(list_of(this)?.len().saturating_sub(1));
            let always = cx.get_attr(this, "reorder_on_append")?;
            let always = cx.truthy(&always)?;
            order_entity(this, &last, entity, always, cx)?;
            Ok(Value::None)
        })
        .method_on_value("insert(index, entity)", |this, a, cx| {
            let args = [a.value("index").clone(), a.value("entity").clone()];
            base(this, "insert", args, cx)?;
            cx.call_method(this, "_reorder", [])
        })
        .method_on_value("remove(entity)", |this, a, cx| {
            base(this, "remove", [a.value("entity").clone()], cx)?;
            if adapter_of(this).is_some_and(|adapter| adapter.is_referenced(this)) {
                cx.call_method(this, "_reorder", [])?;
            }
            Ok(Value::None)
        })
        .method_on_value("pop(index=-1)", |this, a, cx| {
            let args: Vec<Value> = a.given("index").cloned().into_iter().collect();
            let entity = base(this, "pop", Args::positional(args), cx)?;
            cx.call_method(this, "_reorder", [])?;
            Ok(entity)
        })
        .method_on_value("__setitem__(index, entity)", |this, a, cx| {
            set_item(this, a.value("index"), a.value("entity"), cx)
        })
        .method_on_value("__delitem__(index)", |this, a, cx| {
            base(this, "__delitem__", [a.value("index").clone()], cx)?;
            cx.call_method(this, "_reorder", [])
        });
}
