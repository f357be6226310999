//! Immediate loading: a lazy load for each parent, right after the rows.

use std::rc::Rc;

use super::RelationshipStrategy;
use super::lazy::{RelationshipLoad, load_relationship};
use crate::object::{Cx, Instance, Result, Value};
use crate::orm::loading::{PostLoad, PostLoadPlan};
use crate::orm::{Loaded, MapperProperty, Passive, set_committed, state_of};

/// Load a relationship of each of `states`.
pub fn immediate_load(
    post: &PostLoad,
    plan: &PostLoadPlan,
    property: &Rc<MapperProperty>,
    states: &[(Rc<Instance>, bool)],
    cx: &Cx,
) -> Result<()> {
    let passive = if plan.runs {
        Passive::OFF
    } else {
        Passive::NO_FETCH_RELATED
    } | Passive::NO_RAISE;
    for (instance, overwrite) in states {
        let Some(attribute) =
            state_of(instance).and_then(|state| state.mapper().attribute(&property.key()))
        else {
            continue;
        };
        let loaded = instance.with_slot(attribute.slot(), |value| !value.is_undefined());
        if loaded && !overwrite {
            continue;
        }
        let load = RelationshipLoad {
            instance,
            attribute: &attribute,
            passive,
            strategy: RelationshipStrategy::Select,
            element: plan.element.clone(),
            path: Some(post.path.clone()),
            post_loads: post.run.shared_post_loads(cx),
            options: Vec::new(),
        };
        match load_relationship(&load, cx)? {
            Loaded::Value(value) => set_committed(&attribute, instance, value, cx)?,
            Loaded::Empty | Loaded::NoValue => {
                set_committed(&attribute, instance, Value::None, cx)?;
            }
            Loaded::WasSet | Loaded::NoResult => {}
        }
    }
    Ok(())
}
