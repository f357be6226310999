//! What other descriptors than mapped attributes do on classes and aliases.

use crate::object::{BoundMethod, Class, Cx, Result, Value, bind};
use crate::orm::{
    AliasHandle, DescriptorAttribute, HybridAttribute, HybridMethod, HybridProperty,
    InstrumentedAttribute,
};
use std::rc::Rc;

/// Whether a value of a class is a descriptor of the ORM's.
pub fn is_descriptor(value: &Value) -> bool {
    value.downcast::<InstrumentedAttribute>().is_some()
        || value.downcast::<DescriptorAttribute>().is_some()
        || value.downcast::<HybridProperty>().is_some()
        || value.downcast::<HybridMethod>().is_some()
        || value
            .downcast::<super::association::AssociationProxy>()
            .is_some()
}

/// What `alias.name` is, where the class has something else than a mapped attribute there:
/// `found` is what the class shows.
pub fn adapt_to_alias(
    found: &Value,
    alias: &AliasHandle,
    name: &str,
    cx: &Cx,
) -> Result<Option<Value>> {
    let class: Rc<Class> = alias.0.mapper().class().clone();
    let this = Value::object(alias.clone());
    let Some(held) = class.lookup(name) else {
        return Ok(Some(found.clone()));
    };
    if let Some(hybrid) = held.downcast::<HybridProperty>() {
        return HybridAttribute::of(&held, hybrid, &this, &class, cx).map(Some);
    }
    if let Some(method) = held.downcast::<HybridMethod>() {
        let bound = bind(method.for_class(), None, &class, cx)?;
        let function = match bound.downcast::<BoundMethod>() {
            Some(method) => method.function.clone(),
            None => bound,
        };
        return Ok(Some(Value::object(BoundMethod { this, function })));
    }
    if let Some(proxy) = held.downcast::<super::association::AssociationProxy>() {
        return proxy.on_owner(&held, &this).map(Some);
    }
    Ok(Some(found.clone()))
}
