//! Cascades: the objects that an operation on one object reaches along relationships.

use std::rc::Rc;

use rustc_hash::FxHashSet;

use super::{
    Held, InstanceState, Mapper, MapperProperty, Passive, PassiveDeletes, collections, dynamic,
    state_of,
};
use crate::object::exceptions::ASSERTION_ERROR;
use crate::object::{Cx, Instance, Result, Value};

/// A kind of cascade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Objects enter the session.
    SaveUpdate,
    /// Objects are deleted.
    Delete,
    /// Objects leave the session.
    Expunge,
    /// Objects are expired.
    RefreshExpire,
}

fn applies(kind: Kind, property: &MapperProperty) -> bool {
    let cascade = property.cascade();
    match kind {
        Kind::SaveUpdate => cascade.save_update,
        Kind::Delete => cascade.delete,
        Kind::Expunge => cascade.expunge,
        Kind::RefreshExpire => cascade.refresh_expire,
    }
}

/// The objects along `property` that the cascade reaches.
fn related(
    kind: Kind,
    property: &MapperProperty,
    instance: &Rc<Instance>,
    cx: &Cx,
) -> Result<Vec<Rc<Instance>>> {
    let (Some(state), Some(relationship)) = (state_of(instance), property.relationship()) else {
        return Ok(Vec::new());
    };
    let Some(attribute) = state.mapper().attribute(&property.key()) else {
        return Ok(Vec::new());
    };
    if kind == Kind::SaveUpdate {
        return attribute.all_pending(instance, Passive::NO_INITIALIZE, cx);
    }
    let loads = kind == Kind::Delete && relationship.options.passive_deletes == PassiveDeletes::No;
    let passive = if loads {
        Passive::OFF | Passive::NO_RAISE
    } else {
        Passive::NO_INITIALIZE
    };
    let members = if attribute.is_dynamic() {
        dynamic::members(&attribute, instance, passive, cx)?
    } else {
        match attribute.get(instance, passive, cx)? {
            Held::Value(value) if attribute.is_collection() => collections::members(&value, cx)?,
            Held::Value(value) => vec![value],
            Held::NoValue | Held::NoResult => Vec::new(),
        }
    };
    let only_persistent = kind == Kind::RefreshExpire && !property.cascade().delete_orphan;
    Ok(members
        .into_iter()
        .filter_map(|member| match member {
            Value::Instance(member) => Some(member),
            _ => None,
        })
        .filter(|member| {
            !only_persistent || state_of(member).is_some_and(InstanceState::has_identity)
        })
        .collect())
}

/// The relationships of `mapper` that take part in the cascade.
fn properties(kind: Kind, mapper: &Mapper) -> Vec<Rc<MapperProperty>> {
    let mut found: Vec<_> = mapper
        .props()
        .values()
        .filter(|property| property.relationship().is_some() && applies(kind, property))
        .cloned()
        .collect();
    found.reverse();
    found
}

enum Step {
    Properties(Rc<Instance>, Vec<Rc<MapperProperty>>),
    Objects(Vec<Rc<Instance>>),
}

/// Visit what the cascade reaches from `root`, depth first: all objects along one relationship
/// are found before the first of them is descended into. What `halt` answers true for is left
/// out.
pub fn walk(
    kind: Kind,
    root: &Rc<Instance>,
    halt: &dyn Fn(&Rc<Instance>) -> bool,
    visit: &mut dyn FnMut(&Rc<Instance>) -> Result<()>,
    cx: &Cx,
) -> Result<()> {
    let Some(state) = state_of(root) else {
        return Ok(());
    };
    let start = properties(kind, state.mapper());
    if start.is_empty() {
        return Ok(());
    }
    let mut visited: FxHashSet<usize> = FxHashSet::default();
    let mut steps = vec![Step::Properties(root.clone(), start)];
    while let Some(step) = steps.last_mut() {
        match step {
            Step::Properties(parent, left) => {
                let Some(property) = left.pop() else {
                    steps.pop();
                    continue;
                };
                let parent = parent.clone();
                let mut found = Vec::new();
                for one in related(kind, &property, &parent, cx)? {
                    if visited.contains(&(Rc::as_ptr(&one) as usize)) || halt(&one) {
                        continue;
                    }
                    check_type(&property, &one, cx)?;
                    visited.insert(Rc::as_ptr(&one) as usize);
                    found.push(one);
                }
                if !found.is_empty() {
                    found.reverse();
                    steps.push(Step::Objects(found));
                }
            }
            Step::Objects(left) => {
                let Some(one) = left.pop() else {
                    steps.pop();
                    continue;
                };
                visit(&one)?;
                if let Some(state) = state_of(&one) {
                    let below = properties(kind, state.mapper());
                    if !below.is_empty() {
                        steps.push(Step::Properties(one.clone(), below));
                    }
                }
            }
        }
    }
    Ok(())
}

fn check_type(property: &MapperProperty, instance: &Rc<Instance>, cx: &Cx) -> Result<()> {
    let Some(target) = property.target(cx)? else {
        return Ok(());
    };
    let fits = state_of(instance).is_some_and(|state| state.mapper().isa(&target));
    if fits {
        return Ok(());
    }
    let parent = property.parent().map(|parent| parent.class().full_name());
    Err(ASSERTION_ERROR.error(format!(
        "Attribute '{}' on class '<class '{}'>' doesn't handle objects of type '<class '{}'>'",
        property.key(),
        parent.unwrap_or_default(),
        instance.class().full_name()
    )))
}

/// All that the cascade reaches from `root`.
pub fn collect(kind: Kind, root: &Rc<Instance>, cx: &Cx) -> Result<Vec<Rc<Instance>>> {
    let mut found = Vec::new();
    walk(
        kind,
        root,
        &|_| false,
        &mut |one| {
            found.push(one.clone());
            Ok(())
        },
        cx,
    )?;
    Ok(found)
}

/// All that a delete cascade reaches from `root`.
pub fn delete(root: &Rc<Instance>, cx: &Cx) -> Result<Vec<Rc<Instance>>> {
    collect(Kind::Delete, root, cx)
}
