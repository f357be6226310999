//! Configuration of mappers at their first use: what relationships point at and how they join,
//! backrefs, and what hears of attribute changes.

mod backref;
mod conflicts;
mod relationship;
mod resolve;

use std::rc::Rc;

use super::attribute::Attribute;
use super::events::Listener;
use super::mapped_class::MappedClass;
use super::mapper::{MappedEntity, Mapper};
use super::mapping;
use super::properties::{MapperProperty, RelationshipProperty};
use super::registry::{Mappings, Registry};
use crate::engine::exc::{INVALID_REQUEST_ERROR, SA_WARNING};
use crate::object::{Cx, Result, Value};
use crate::sql::ColumnElement;

pub use relationship::STRATEGIES;
pub use resolve::{ClassName, ExpressionEvaluator, Names, evaluate_global, set_evaluator};

/// Configure the mappers that are new, of all registries.
pub fn configure_all(cx: &Cx) -> Result<()> {
    for registry in cx.service::<Mappings>().registries() {
        configure_registry(&registry, cx)?;
    }
    Ok(())
}

/// Configure the mappers of `registry` that are new.
pub fn configure_registry(registry: &Rc<Registry>, cx: &Cx) -> Result<()> {
    let mappings = cx.service::<Mappings>();
    if !registry.has_new_mappers.get() || mappings.configuring.replace(true) {
        return Ok(());
    }
    let done = configure_mappers(registry, cx);
    mappings.configuring.set(false);
    done?;
    registry.has_new_mappers.set(false);
    Ok(())
}

/// Call the hook `name` of each class of a registry that has one.
fn call_hooks(registry: &Rc<Registry>, name: &str, cx: &Cx) -> Result<()> {
    for mapper in registry.mappers() {
        let class = mapper.class();
        let Some(hook) = class.lookup(name) else {
            continue;
        };
        // The hook of a mapped base is its own matter.
        let ancestors = class.ancestors();
        let inherited = ancestors.iter().find(|one| one.own(name).is_some());
        if inherited.is_some_and(|one| {
            !Rc::ptr_eq(one, class) && MappedClass::own(one).is_some_and(|it| it.mapper().is_some())
        }) {
            continue;
        }
        let bound = crate::object::bind(&hook, None, class, cx)?;
        cx.call(&bound, [])?;
    }
    Ok(())
}

/// Tell scripts of an event of all mappers.
fn tell_all(event: &str, cx: &Cx) -> Result<()> {
    for listener in super::registry::listeners_for_all(event, cx) {
        cx.call(&listener.function, [])?;
    }
    Ok(())
}

fn configure_mappers(registry: &Rc<Registry>, cx: &Cx) -> Result<()> {
    tell_all("before_configured", cx)?;
    call_hooks(registry, "__declare_first__", cx)?;
    configure_each(registry, cx)?;
    call_hooks(registry, "__declare_last__", cx)?;
    tell_all("after_configured", cx)
}

fn configure_each(registry: &Rc<Registry>, cx: &Cx) -> Result<()> {
    let mut at = 0;
    while let Some(mapper) = registry.mappers().get(at).cloned() {
        at += 1;
        let failed = mapper.configure_failed.borrow().clone();
        if let Some(failed) = failed {
            return Err(INVALID_REQUEST_ERROR.error(format!(
                "One or more mappers failed to initialize - can't proceed with initialization of \
                 other mappers. Triggering mapper: '{}'. Original exception was: {}",
                mapper.describe(cx.compat()),
                cx.str(&failed)?
            )));
        }
        if mapper.configured.get() {
            continue;
        }
        if let Err(raised) = configure_mapper(&mapper, cx) {
            *mapper.configure_failed.borrow_mut() = Some(raised.value().clone());
            return Err(raised);
        }
        mapper.configured.set(true);
        for listener in mapper.listeners("mapper_configured") {
            let handle = Value::object(super::mapper::MapperHandle(mapper.clone()));
            let class = Value::Class(mapper.class().clone());
            cx.call(&listener.function, [handle, class])?;
        }
    }
    Ok(())
}

fn configure_mapper(mapper: &Rc<Mapper>, cx: &Cx) -> Result<()> {
    for prop in mapper.prop_list() {
        let own = prop
            .parent()
            .is_some_and(|parent| Rc::ptr_eq(&parent, mapper));
        if own {
            init_property(&prop, cx)?;
        }
        instrument(mapper, &prop, cx)?;
    }
    Ok(())
}

/// Configure a property that was not configured yet.
fn init_property(prop: &Rc<MapperProperty>, cx: &Cx) -> Result<()> {
    if prop.relationship().is_some() && !prop.mark_initialized() {
        relationship::init(prop, cx)?;
    }
    Ok(())
}

/// Give the instances of `mapper` and of those below it the slot of a relationship.
fn instrument(mapper: &Rc<Mapper>, prop: &Rc<MapperProperty>, cx: &Cx) -> Result<()> {
    let Some(relationship) = prop.relationship() else {
        return Ok(());
    };
    if relationship.join().is_none() {
        return Ok(());
    }
    relationship::check_strategy(prop, relationship, cx)?;
    for one in mapper.self_and_descendants() {
        let is_its = one
            .prop(&prop.key())
            .is_some_and(|known| known.id() == prop.id());
        let has_slot = one
            .attribute(&prop.key())
            .is_some_and(|known| known.parent_token() == prop.id());
        let own_slot = has_slot && one.has_own_attribute(&prop.key());
        if is_its && !own_slot {
            let options = relationship::attribute_options(prop, relationship, cx)?;
            let attribute = Attribute::new(prop.key(), prop.clone(), options);
            listen(&one, prop, relationship, &attribute);
            mapping::register_attribute(&one, attribute);
        }
    }
    Ok(())
}

fn listen(
    mapper: &Rc<Mapper>,
    prop: &Rc<MapperProperty>,
    relationship: &RelationshipProperty,
    attribute: &Rc<Attribute>,
) {
    for (key, script) in mapper.early_listeners.borrow().iter() {
        if key == attribute.key() {
            attribute.listen_script(script.clone(), false);
        }
    }
    if relationship.options.single_parent {
        attribute.listen(Listener::SingleParent);
    }
    listen_validators(mapper, attribute);
    attribute.listen(Listener::Cascade);
    let back = relationship.back_populates.borrow().clone();
    if let (Some(key), true) = (back, relationship.syncs_backref()) {
        attribute.listen(Listener::Backref {
            key,
            uselist: relationship.uselist(),
        });
    }
    let _ = prop;
}

fn listen_validators(mapper: &Rc<Mapper>, attribute: &Rc<Attribute>) {
    for (name, function, include_removes, include_backrefs) in mapper.validators.borrow().iter() {
        if name == attribute.key() {
            attribute.listen(Listener::Validator {
                function: function.clone(),
                include_removes: *include_removes,
                include_backrefs: *include_backrefs,
            });
        }
    }
}

/// Let the validators of a column attribute hear of its changes.
pub(super) fn add_validators(mapper: &Rc<Mapper>, prop: &Rc<MapperProperty>) {
    if let Some(attribute) = mapper.attribute(&prop.key()) {
        listen_validators(mapper, &attribute);
    }
}

/// The entity that a relationship points at.
pub fn resolve_entity<'a>(
    relationship: &'a RelationshipProperty,
    cx: &Cx,
) -> Result<&'a MappedEntity> {
    if relationship.entity.get().is_none() {
        configure_all(cx)?;
    }
    relationship
        .entity
        .get()
        .ok_or_else(|| INVALID_REQUEST_ERROR.error("relationship is not configured"))
}

/// `str()` of an expression.
pub fn expression_text(element: &ColumnElement, cx: &Cx) -> String {
    cx.str(&Value::object(element.clone())).unwrap_or_default()
}

/// Warn during configuration, saying so in 2.0.
pub(super) fn warn(message: &str, code: Option<&str>, cx: &Cx) {
    let mut text = message.to_owned();
    if let Some(code) = code {
        let word = if cx.compat().is_14() {
            "error"
        } else {
            "warning"
        };
        text.push_str(&format!(
            " (Background on this {word} at: https://sqlalche.me/e/{}/{code})",
            cx.compat().url_token()
        ));
    }
    if cx.compat().is_20() && cx.service::<Mappings>().configuring.get() {
        text.push_str(
            " (This warning originated from the `configure_mappers()` process, which was invoked \
             automatically in response to a user-initiated operation.)",
        );
    }
    cx.warn(&SA_WARNING, &text);
}
