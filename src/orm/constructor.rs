//! The constructor of mapped classes that define none: keyword arguments set attributes.

use std::rc::Rc;

use super::declarative;
use super::mapped_class::MappedClass;
use super::mapper::Mapper;
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{Args, Cx, Dict, Instance, Key, Result, Value, attr_names, find_attr};

/// Tell the listeners for `init` of the arguments that a new instance is made with, and take over
/// what they change in the keyword arguments.
pub fn tell_init(
    mapper: &Rc<Mapper>,
    instance: &Rc<Instance>,
    args: &mut Args,
    cx: &Cx,
) -> Result<()> {
    let listeners = mapper.listeners("init");
    if listeners.is_empty() {
        return Ok(());
    }
    let pos = Value::tuple(args.pos.to_vec());
    let keywords = Rc::new(Dict::from_pairs(args.kw.clone()));
    let kw = Value::Dict(keywords.clone());
    for listener in listeners {
        cx.call(
            &listener.function,
            [listener.target(instance), pos.clone(), kw.clone()],
        )?;
    }
    let named = |(key, value): (&Key, &Value)| match key.value() {
        Value::Str(name) => Some((name.clone(), value.clone())),
        _ => None,
    };
    args.kw = keywords.borrow().iter().filter_map(named).collect();
    Ok(())
}

/// Stands in for `__init__` of a mapped class without one.
pub fn default_init(
    mapped: &MappedClass,
    instance: &Rc<Instance>,
    args: &Args,
    cx: &Cx,
) -> Result<bool> {
    if let Some(fields) = mapped.dataclass.get().filter(|fields| fields.has_init()) {
        declarative::init_dataclass(fields, instance, args, cx)?;
        return Ok(true);
    }
    if mapped.mapper().is_none() {
        return Ok(false);
    }
    if let Value::None = mapped.registry().constructor {
        return Ok(false);
    }
    construct(mapped, instance, args, cx)?;
    Ok(true)
}

/// The constructor as `super().__init__(..)` reaches it.
pub fn declarative_constructor(instance: &Rc<Instance>, args: &Args, cx: &Cx) -> Result<()> {
    match MappedClass::own(instance.class()) {
        Some(mapped) if mapped.mapper().is_some() => construct(mapped, instance, args, cx),
        _ => Ok(()),
    }
}

fn construct(mapped: &MappedClass, instance: &Rc<Instance>, args: &Args, cx: &Cx) -> Result<()> {
    if !args.pos.is_empty() {
        return Err(TYPE_ERROR.error(format!(
            "__init__() takes 1 positional argument but {} were given",
            args.pos.len() + 1
        )));
    }
    let constructor = &mapped.registry().constructor;
    let this = Value::Instance(instance.clone());
    if !matches!(constructor, Value::Undefined | Value::None) {
        return cx.call(constructor, args.clone().prepend(this)).map(drop);
    }
    let class = instance.class();
    for (name, value) in &args.kw {
        let known = class.slot(name).is_some()
            || find_attr(&Value::Class(class.clone()), name, cx)?.is_some();
        if !known {
            let raised = TYPE_ERROR.error(format!(
                "'{name}' is an invalid keyword argument for {}",
                class.name()
            ));
            let known = attr_names(&Value::Class(class.clone()), cx);
            return Err(raised.misspelt(name, known.iter().map(String::as_str)));
        }
        cx.set_attr(&this, name, value.clone())?;
    }
    Ok(())
}
