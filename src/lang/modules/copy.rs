//! `copy`: shallow and deep copies.

use std::rc::Rc;

use crate::object::types::{call_special, class_of, dict, payload, with_base};
use crate::object::{Bound, Cx, Dict, Instance, Method, ModuleSpec, Result, Set, Value};

/// `copy`.
pub static COPY: ModuleSpec = ModuleSpec {
    name: "copy",
    names: &[
        ("copy", |_| {
            Method::function("copy(x)", |a, cx| copy(a.at(0), cx))
        }),
        ("deepcopy", |_| {
            Method::function("deepcopy(x, memo=None)", deepcopy)
        }),
    ],
    unsupported: &[],
    dynamic: None,
};

fn copy(value: &Value, cx: &Cx) -> Result<Value> {
    if let Some(made) = call_special(value, "__copy__", cx)? {
        return Ok(made);
    }
    Ok(match value {
        Value::List(list) => Value::list(list.to_vec()),
        Value::Dict(found) => Value::Dict(Rc::new(Dict::new(found.to_map()))),
        Value::Set(set) if !set.is_frozen() => Value::Set(Rc::new(Set::new(set.borrow().clone()))),
        Value::Instance(instance) => {
            let made = shell(instance, |base| copy(&base, cx))?;
            for (name, held) in instance.attributes() {
                made.set_attribute(name, held);
            }
            Value::Instance(made)
        }
        Value::Object(_) => match cx.get_attr(value, "copy") {
            Ok(method) if class_of(value, cx).spec().is_some() => cx.call(&method, [])?,
            _ => value.clone(),
        },
        other => other.clone(),
    })
}

/// An instance of the same class with a copy of the built-in value, without attributes.
fn shell(
    instance: &Rc<Instance>,
    copy_base: impl FnOnce(Value) -> Result<Value>,
) -> Result<Rc<Instance>> {
    Ok(match payload(instance) {
        Some(base) => with_base(instance.class(), copy_base(base)?),
        None => Instance::new(instance.class().clone()),
    })
}

fn deepcopy(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let mut known = Vec::new();
    deep(a.at(0), &mut known, cx)
}

/// Copies made so far, by the address of what they are copies of.
type Known = Vec<(usize, Value)>;

fn deep(value: &Value, known: &mut Known, cx: &Cx) -> Result<Value> {
    let _depth = cx.enter()?;
    let address = value.address().unwrap_or_default();
    if let Some((_, made)) = known.iter().find(|(of, _)| *of == address && address != 0) {
        return Ok(made.clone());
    }
    Ok(match value {
        Value::List(list) => {
            let made = Value::list(Vec::new());
            known.push((address, made.clone()));
            for item in list.to_vec() {
                let item = deep(&item, known, cx)?;
                if let Value::List(made) = &made {
                    made.append(item, cx)?;
                }
            }
            made
        }
        Value::Tuple(items) => Value::tuple(
            items
                .iter()
                .map(|item| deep(item, known, cx))
                .collect::<Result<_>>()?,
        ),
        Value::Dict(found) => {
            let made = Rc::new(Dict::default());
            known.push((address, Value::Dict(made.clone())));
            for (key, held) in dict::entries(found) {
                let (key, held) = (deep(&key, known, cx)?, deep(&held, known, cx)?);
                made.insert(key, held, cx)?;
            }
            Value::Dict(made)
        }
        Value::Set(set) if !set.is_frozen() => {
            let mut items = Vec::new();
            for item in set.to_vec() {
                items.push(deep(&item, known, cx)?);
            }
            Value::Set(Rc::new(Set::new(Set::of(items, cx)?)))
        }
        Value::Instance(instance) => {
            if crate::object::types::enumeration::is_enum(instance.class()) {
                return Ok(value.clone());
            }
            if instance.class().lookup("__deepcopy__").is_some() {
                return cx.call_method(value, "__deepcopy__", [Value::Dict(Rc::default())]);
            }
            let made = shell(instance, |base| deep(&base, known, cx))?;
            known.push((address, Value::Instance(made.clone())));
            for (name, held) in instance.attributes() {
                made.set_attribute(name, deep(&held, known, cx)?);
            }
            Value::Instance(made)
        }
        other => other.clone(),
    })
}
