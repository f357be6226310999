//! Attribute access with a memory of the class seen last.

use std::rc::Rc;

use super::frame::Frame;
use super::function::Function;
use crate::lang::compile::{AttrCache, AttrSite};
use crate::object::{
    Class, Cx, MethodKind, Result, Value, bind, class_of, class_version, find_attr, no_attribute,
};

/// `object.name`.
pub(super) fn load(
    frame: &Frame,
    object: &Value,
    site: &AttrSite,
    cx: &Cx,
    ip: usize,
) -> Result<Value> {
    let instance = match object {
        Value::Instance(instance) => instance,
        Value::Class(class) => {
            cx.set_position(frame.code.span(ip - 1));
            return load_of_class(object, class, site, cx);
        }
        _ => {
            cx.set_position(frame.code.span(ip - 1));
            return get(object, site, cx);
        }
    };
    let seen = Rc::as_ptr(instance.class()) as usize;
    let now = class_version();
    match &*site.cache.borrow() {
        AttrCache::Slot {
            version,
            class,
            slot,
        } if *class == seen && *version == now => {
            let held = instance.slot(*slot);
            if !held.is_undefined() {
                return Ok(held);
            }
        }
        AttrCache::Plain { version, class } if *class == seen && *version == now => {
            if let Some(held) = instance.attribute(&site.name) {
                return Ok(held);
            }
        }
        _ => {}
    }
    cx.set_position(frame.code.span(ip - 1));
    let class = instance.class();
    let cache = match class.slot(&site.name) {
        Some(slot) => AttrCache::Slot {
            version: now,
            class: seen,
            slot,
        },
        None if class.lookup(&site.name).is_none() => AttrCache::Plain {
            version: now,
            class: seen,
        },
        None => AttrCache::Empty,
    };
    *site.cache.borrow_mut() = cache;
    get(object, site, cx)
}

/// `Class.name`.
fn load_of_class(object: &Value, class: &Rc<Class>, site: &AttrSite, cx: &Cx) -> Result<Value> {
    let seen = Rc::as_ptr(class) as usize;
    let known = match &*site.cache.borrow() {
        AttrCache::Own {
            version,
            class: known,
            found,
        } if *known == seen && *version == class_version() => Some(found.clone()),
        _ => None,
    };
    if let Some(found) = known {
        return bind(&found, None, class, cx);
    }
    if let Some(found) = class.lookup(&site.name) {
        *site.cache.borrow_mut() = AttrCache::Own {
            version: class_version(),
            class: seen,
            found,
        };
    }
    get(object, site, cx)
}

fn get(object: &Value, site: &AttrSite, cx: &Cx) -> Result<Value> {
    match find_attr(object, &site.name, cx)? {
        Some(value) => Ok(value),
        None => Err(no_attribute(object, &site.name, cx)),
    }
}

/// Push the function and the receiver of `object.name(..)`, or `Undefined` and what is called.
pub(super) fn load_method(
    frame: &mut Frame,
    object: Value,
    site: &AttrSite,
    cx: &Cx,
    ip: usize,
) -> Result<()> {
    let whole = match &object {
        Value::Class(_) => true,
        Value::Object(object) => object.is_proxy(),
        _ => false,
    };
    if whole {
        cx.set_position(frame.code.span(ip - 1));
        let found = get(&object, site, cx)?;
        frame.push(Value::Undefined);
        frame.push(found);
        return Ok(());
    }
    let own = match &object {
        Value::Instance(instance) => instance.attribute(&site.name).is_some(),
        _ => false,
    };
    if !own {
        let class = class_of(&object, cx);
        if let Some(function) = remembered(&class, site) {
            frame.push(function);
            frame.push(object);
            return Ok(());
        }
        let mapped = class.slot(&site.name).is_some();
        if let Some(found) = class.lookup(&site.name).filter(|_| !mapped) {
            if is_function(&found) {
                *site.cache.borrow_mut() = AttrCache::Method {
                    version: class_version(),
                    class: Rc::as_ptr(&class) as usize,
                    function: found.clone(),
                };
                frame.push(found);
                frame.push(object);
                return Ok(());
            }
            if let Value::Object(_) = &object {
                cx.set_position(frame.code.span(ip - 1));
                let bound = bind(&found, Some(&object), &class, cx)?;
                frame.push(Value::Undefined);
                frame.push(bound);
                return Ok(());
            }
        }
    }
    cx.set_position(frame.code.span(ip - 1));
    let found = get(&object, site, cx)?;
    frame.push(Value::Undefined);
    frame.push(found);
    Ok(())
}

fn remembered(class: &Rc<Class>, site: &AttrSite) -> Option<Value> {
    match &*site.cache.borrow() {
        AttrCache::Method {
            version,
            class: seen,
            function,
        } if *seen == Rc::as_ptr(class) as usize && *version == class_version() => {
            Some(function.clone())
        }
        _ => None,
    }
}

/// Whether binding `found` to an instance is only passing the instance first.
fn is_function(found: &Value) -> bool {
    let Value::Object(object) = found else {
        return false;
    };
    let any = object.as_any();
    any.is::<Function>()
        || found
            .as_method()
            .is_some_and(|method| method.kind() == MethodKind::Method)
}
