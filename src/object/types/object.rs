//! `object`, `None`, `NotImplemented`, `Ellipsis`: the types of the bare singletons.

use std::rc::Rc;

use crate::object::exceptions::TYPE_ERROR;
use crate::object::{
    Args, Class, CompareOp, Cx, Dict, Instance, Members, Object, Result, Str, TypeSpec, Value,
    attr_names, delete_attr, delete_instance_attr_plain, find_attr, instantiate, no_attribute, ops,
    set_instance_attr_plain,
};

/// `object`.
pub static OBJECT: TypeSpec = TypeSpec::new("builtins", "object")
    .members(members)
    .subclassable();
/// `NoneType`.
pub static NONE_TYPE: TypeSpec = TypeSpec::new("builtins", "NoneType").bases(&[&OBJECT]);
static NOT_IMPLEMENTED_TYPE: TypeSpec =
    TypeSpec::new("builtins", "NotImplementedType").bases(&[&OBJECT]);
/// `ellipsis`.
pub static ELLIPSIS_TYPE: TypeSpec = TypeSpec::new("builtins", "ellipsis").bases(&[&OBJECT]);

/// Python's `NotImplemented`.
pub struct NotImplementedObject;

impl Object for NotImplementedObject {
    fn spec(&self) -> &'static TypeSpec {
        &NOT_IMPLEMENTED_TYPE
    }
    fn identity(&self) -> Option<usize> {
        Some(1)
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some("NotImplemented".to_owned()))
    }
}

/// Python's `Ellipsis`.
pub struct EllipsisObject;

impl Object for EllipsisObject {
    fn spec(&self) -> &'static TypeSpec {
        &ELLIPSIS_TYPE
    }
    fn identity(&self) -> Option<usize> {
        Some(2)
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some("Ellipsis".to_owned()))
    }
}

/// Whether a special method answered `NotImplemented`.
pub fn is_not_implemented(value: &Value) -> bool {
    matches!(value, Value::Object(object) if object.as_any().is::<NotImplementedObject>())
}

/// The `__dict__` of an instance: loaded mapped attributes, then plain ones.
pub fn instance_dict(instance: &Rc<Instance>) -> Value {
    let layout = instance.class().layout();
    let mapped = layout
        .names()
        .into_iter()
        .enumerate()
        .filter_map(|(slot, name)| {
            let value = instance.slot(u32::try_from(slot).ok()?);
            (!value.is_undefined()).then_some((name, value))
        });
    let extras = instance
        .class()
        .nearest_extension()
        .map_or_else(Vec::new, |extension| extension.instance_extras(instance));
    let dict = Dict::from_pairs(extras.into_iter().chain(mapped));
    for (name, value) in instance.attributes() {
        dict.insert_str(&name, value);
    }
    Value::Dict(Rc::new(dict))
}

fn members(members: &mut Members) {
    members
        .static_method("__new__(cls, /, *args, **kwargs)", |a, cx| {
            let Value::Class(class) = a.at(0) else {
                return Err(TYPE_ERROR.error("object.__new__(X): X is not a type object"));
            };
            new_instance(class, a.rest().to_vec(), a.keywords().to_vec(), cx)
        })
        .method_on_value("__init__(/, *args, **kwargs)", |_, _, _| Ok(Value::None))
        .class_method("__init_subclass__(/, **kwargs)", |_, _, _| Ok(Value::None))
        .method_on_value("__repr__(/)", |this, _, cx| {
            Ok(ops::default_repr(this, cx).into())
        })
        .method_on_value("__str__(/)", |this, _, cx| Ok(cx.repr(this)?.into()))
        .method_on_value("__format__(format_spec, /)", |this, a, cx| {
            Ok(super::format::format_default(this, a.at(0).as_str().unwrap_or(""), cx)?.into())
        })
        .method_on_value("__hash__(/)", |this, _, _| {
            let address = this.address().unwrap_or_default() >> 4;
            Ok(Value::Int(i64::try_from(address).unwrap_or(0)))
        })
        .method_on_value("__eq__(value, /)", |this, a, _| {
            Ok(if this.is(a.at(0)) {
                Value::Bool(true)
            } else {
                Value::object(NotImplementedObject)
            })
        })
        .method_on_value("__ne__(value, /)", |this, a, cx| {
            let equal = ops::compare(CompareOp::Eq, this, a.at(0), cx)?;
            Ok(Value::Bool(!cx.truthy(&equal)?))
        })
        .method_on_value("__dir__(/)", |this, _, cx| {
            let names = attr_names(this, cx);
            Ok(Value::list(names.into_iter().map(Value::from).collect()))
        })
        .method_on_value("__getattribute__(name, /)", |this, a, cx| {
            let name = a.at(0).as_str().unwrap_or("");
            find_attr(this, name, cx)?.ok_or_else(|| no_attribute(this, name, cx))
        })
        .method_on_value("__setattr__(name, value, /)", |this, a, cx| {
            let name = a.at(0).as_str().unwrap_or("");
            if let Value::Instance(instance) = this {
                set_instance_attr_plain(this, instance, name, a.at(1).clone(), cx)?;
            } else {
                cx.set_attr(this, name, a.at(1).clone())?;
            }
            Ok(Value::None)
        })
        .method_on_value("__delattr__(name, /)", |this, a, cx| {
            let name = a.at(0).as_str().unwrap_or("");
            match this {
                Value::Instance(instance) => delete_instance_attr_plain(this, instance, name, cx)?,
                _ => delete_attr(this, name, cx)?,
            }
            Ok(Value::None)
        });
}

fn new_instance(
    class: &Rc<Class>,
    pos: Vec<Value>,
    kw: Vec<(Str, Value)>,
    cx: &Cx,
) -> Result<Value> {
    match class.constructor() {
        Some(construct) => {
            let mut args = Args::from(pos);
            args.kw = kw;
            construct(class, args, cx)
        }
        None if class.spec().is_some() => instantiate(class, Args::none(), cx),
        None => Ok(Value::Instance(Instance::new(class.clone()))),
    }
}
