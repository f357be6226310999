//! Events of mapped classes and attributes, for `sqlalchemy.event`.

use super::super::event::{Listener, Target};
use crate::object::exceptions::ATTRIBUTE_ERROR;
use crate::object::{Cx, Result, Str, Value};
use crate::orm::{
    AttributeEvent, InstrumentedAttribute, Mapper, MapperHandle, MapperListener, ScriptListener,
    configure_registry, entity_of_value,
};
use std::rc::Rc;

fn attribute_event(name: &str) -> Option<AttributeEvent> {
    Some(match name {
        "append" => AttributeEvent::Append,
        "remove" => AttributeEvent::Remove,
        "set" => AttributeEvent::Set,
        "append_wo_mutation" => AttributeEvent::AppendWoMutation,
        "bulk_replace" => AttributeEvent::BulkReplace,
        "init_scalar" => AttributeEvent::InitScalar,
        "init_collection" => AttributeEvent::InitCollection,
        "dispose_collection" => AttributeEvent::DisposeCollection,
        "modified" => AttributeEvent::Modified,
        _ => return None,
    })
}

const MAPPER_EVENTS: &[&str] = &[
    "before_insert",
    "after_insert",
    "before_update",
    "after_update",
    "before_delete",
    "after_delete",
    "mapper_configured",
    "before_mapper_configured",
    "instrument_class",
    "after_mapper_constructed",
    "before_configured",
    "after_configured",
];
const INSTANCE_EVENTS: &[&str] = &[
    "init",
    "init_failure",
    "load",
    "refresh",
    "refresh_flush",
    "expire",
    "first_init",
];

/// Set a listener up where the target is a mapped class, a mapper or an attribute.
pub fn listen(listener: &Listener<'_>, cx: &Cx) -> Result<Target> {
    if let Some(attribute) = listener.target.downcast::<InstrumentedAttribute>() {
        let Some(event) = attribute_event(listener.name) else {
            if MAPPER_EVENTS.contains(&listener.name) {
                return Err(ATTRIBUTE_ERROR.error(listener.name));
            }
            return Ok(Target::NoSuchEvent);
        };
        listen_to_attribute(attribute, event, listener, cx)?;
        return Ok(Target::Listening);
    }
    let known = MAPPER_EVENTS.contains(&listener.name) || INSTANCE_EVENTS.contains(&listener.name);
    if let Some(handle) = listener.target.downcast::<MapperHandle>() {
        return Ok(note(&handle.0, known, listener));
    }
    let Value::Class(class) = listener.target else {
        return Ok(Target::NotMine);
    };
    if let Some(entity) = entity_of_value(listener.target) {
        return Ok(note(entity.mapper(), known, listener));
    }
    let is_mapper_class = class
        .spec()
        .is_some_and(|spec| std::ptr::eq(spec, &raw const super::mapper::MAPPER));
    let is_base = crate::orm::MappedClass::own(class).is_some();
    if is_mapper_class || is_base {
        if !known {
            return Ok(Target::NoSuchEvent);
        }
        crate::orm::listen_to_all(class, mapper_listener(listener), listener.remove, cx);
        return Ok(Target::Listening);
    }
    Ok(Target::NotMine)
}

fn mapper_listener(listener: &Listener<'_>) -> MapperListener {
    MapperListener {
        event: Str::new(listener.name),
        function: listener.function.clone(),
        raw: listener.raw,
        retval: listener.returns,
        propagate: listener.propagate,
    }
}

fn note(mapper: &Rc<Mapper>, known: bool, listener: &Listener<'_>) -> Target {
    if !known {
        return Target::NoSuchEvent;
    }
    if listener.remove {
        mapper.forget_listener(listener.name, listener.function);
    } else {
        mapper.listen(&mapper_listener(listener), listener.insert);
    }
    Target::Listening
}

fn listen_to_attribute(
    attribute: &InstrumentedAttribute,
    event: AttributeEvent,
    listener: &Listener<'_>,
    cx: &Cx,
) -> Result<()> {
    let mapper = attribute.mapper();
    if !listener.remove {
        let script = ScriptListener {
            event,
            function: listener.function.clone(),
            retval: listener.returns,
            raw: listener.raw,
            propagate: listener.propagate,
            active_history: listener.active_history,
        };
        mapper.listen_to_attribute(attribute.key(), &script, listener.insert);
        return Ok(());
    }
    configure_registry(mapper.registry(), cx)?;
    for mapper in mapper.self_and_descendants() {
        if let Some(found) = mapper.attribute(attribute.key()) {
            found.forget_listener(event, listener.function);
        }
    }
    Ok(())
}
