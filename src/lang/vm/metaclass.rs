//! Metaclasses that scripts define: who makes a class, and what it is called with.

use std::rc::Rc;

use crate::object::exceptions::TYPE_ERROR;
use crate::object::types::dict;
use crate::object::{Args, Class, Cx, Namespace, Result, Str, Value};

/// What makes a class of these bases and keywords, where that is the script's own: a metaclass,
/// or anything callable that stands in the place of one.
pub(super) fn of(bases: &[Rc<Class>], keywords: &[(Str, Value)]) -> Result<Option<Value>> {
    let explicit = keywords.iter().find(|(name, _)| name == "metaclass");
    let mut winner = match explicit {
        Some((_, Value::Class(class))) => Some(class.clone()),
        Some((_, callable)) => return Ok(Some(callable.clone())),
        None => None,
    };
    for base in bases.iter().filter_map(|base| base.metaclass()) {
        winner = match winner {
            None => Some(base.clone()),
            Some(known) if known.is_subclass(base) => Some(known),
            Some(known) if base.is_subclass(&known) || known.spec().is_some() => Some(base.clone()),
            Some(_) => {
                return Err(TYPE_ERROR.error(
                    "metaclass conflict: the metaclass of a derived class must be a \
                     (non-strict) subclass of the metaclasses of all its bases",
                ));
            }
        };
    }
    Ok(winner
        .filter(|class| class.spec().is_none())
        .map(Value::Class))
}

fn passed_on(keywords: &[(Str, Value)]) -> Vec<(Str, Value)> {
    let passed = keywords.iter().filter(|(name, _)| name != "metaclass");
    passed.cloned().collect()
}

/// The names that `__prepare__` puts into the body of a class beforehand.
pub(super) fn prepare(
    metaclass: &Value,
    name: &Str,
    bases: &[Value],
    keywords: &[(Str, Value)],
    cx: &Cx,
) -> Result<Vec<(Str, Value)>> {
    let Value::Class(class) = metaclass else {
        return Ok(Vec::new());
    };
    if class.script_method("__prepare__").is_none() {
        return Ok(Vec::new());
    }
    let hook = cx.get_attr(metaclass, "__prepare__")?;
    let mut args = Args::from([name.clone().into(), Value::tuple(bases.to_vec())]);
    args.kw = passed_on(keywords);
    let answer = cx.call(&hook, args)?;
    let Value::Dict(found) = crate::object::types::base_value(&answer) else {
        return Err(TYPE_ERROR.error(format!(
            "{}.__prepare__() must return a mapping, not {}",
            class.name(),
            crate::object::class_of(&answer, cx).error_name()
        )));
    };
    Ok(dict::entries(&found)
        .into_iter()
        .filter_map(|(key, value)| Some((Str::new(key.as_str()?), value)))
        .collect())
}

/// Make the class.
pub(super) fn call(
    metaclass: &Value,
    name: &Str,
    bases: &[Value],
    entries: Namespace,
    keywords: Vec<(Str, Value)>,
    cx: &Cx,
) -> Result<Value> {
    let namespace = crate::object::Dict::from_pairs(entries);
    let mut args = Args::from([
        name.clone().into(),
        Value::tuple(bases.to_vec()),
        Value::Dict(Rc::new(namespace)),
    ]);
    args.kw = passed_on(&keywords);
    cx.call(metaclass, args)
}
