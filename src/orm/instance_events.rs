//! Listeners of scripts for the events of mappers and instances, and `@reconstructor`.

use std::rc::Rc;

use super::{Mapper, state_of};
use crate::engine::Connection;
use crate::object::{Cx, Instance, Result, Set, Value};

/// Whether anyone hears of `event` of the instances of `mapper`.
pub fn hears(mapper: &Rc<Mapper>, event: &str) -> bool {
    event == "load" && mapper.reconstructor().is_some() || !mapper.listeners(event).is_empty()
}

/// Tell the listeners for `refresh` that the attributes in `slots`, or all, were refreshed by the
/// load `context`.
pub fn fire_refresh(
    instance: &Rc<Instance>,
    context: Value,
    slots: Option<&[u32]>,
    cx: &Cx,
) -> Result<()> {
    let Some(state) = state_of(instance) else {
        return Ok(());
    };
    if !hears(state.mapper(), "refresh") {
        return Ok(());
    }
    let names = match slots {
        None => Value::None,
        Some(slots) => {
            let attributes = slots
                .iter()
                .filter_map(|slot| state.mapper().attribute_at(*slot));
            let names = attributes.map(|one| Value::Str(one.key().clone()));
            Value::Set(Rc::new(Set::new(Set::of(names, cx)?)))
        }
    };
    fire(instance, "refresh", &[context, names], cx)
}

/// Tell the listeners of an instance's `event`: the instance, then `args`.
pub fn fire(instance: &Rc<Instance>, event: &str, args: &[Value], cx: &Cx) -> Result<()> {
    let Some(state) = state_of(instance) else {
        return Ok(());
    };
    for listener in state.mapper().listeners(event) {
        let mut all = vec![listener.target(instance)];
        all.extend_from_slice(args);
        cx.call(&listener.function, all)?;
    }
    Ok(())
}

/// An instance was made of a row: `@reconstructor`, then the listeners.
pub fn fire_load(instance: &Rc<Instance>, context: Value, cx: &Cx) -> Result<()> {
    let Some(state) = state_of(instance) else {
        return Ok(());
    };
    if let Some(function) = state.mapper().reconstructor() {
        cx.call(&function, [Value::Instance(instance.clone())])?;
    }
    fire(instance, "load", &[context], cx)
}

/// Tell the listeners of a mapper's `event`: the mapper, the connection, the instance.
pub fn fire_mapper(
    mapper: &Rc<Mapper>,
    event: &str,
    connection: &Connection,
    instance: &Rc<Instance>,
    cx: &Cx,
) -> Result<()> {
    let listeners = mapper.listeners(event);
    if listeners.is_empty() {
        return Ok(());
    }
    let shown = Value::object(super::MapperHandle(mapper.clone()));
    let connection = Value::object(connection.clone());
    for listener in listeners {
        let args = [shown.clone(), connection.clone(), listener.target(instance)];
        cx.call(&listener.function, args)?;
    }
    Ok(())
}
