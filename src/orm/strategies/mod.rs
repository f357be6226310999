//! How attributes are loaded: one strategy a file, and [`STRATEGIES`], the table of those of
//! relationships.

mod immediate;
mod joined;
mod lazy;
mod polymorphic;
mod selectin;
mod subquery;

pub use joined::{EagerJoin, join_eagerly, set_up_joined};
pub use lazy::{LazyClause, LazyOption, Loader, collection_select, install_loader};
pub use subquery::{Collected, SubqueryOrigin, set_collected, subquery_collected};

use std::rc::Rc;

use super::loading::{PostLoad, PostLoads};
use super::state_of;
use crate::object::{Cx, Instance, Result};

/// How a relationship is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RelationshipStrategy {
    /// By a SELECT when it is read.
    Select,
    /// With the parent, by a join.
    Joined,
    /// Right after the parents, by a SELECT with IN.
    SelectIn,
    /// Right after the parents, by a SELECT of their query.
    Subquery,
    /// Right after the parents, by a SELECT each.
    Immediate,
    /// Never; reading raises.
    Raise,
    /// Never where that takes SQL; reading raises.
    RaiseOnSql,
    /// Never; it is empty.
    NoLoad,
    /// A query to go on from.
    Dynamic,
    /// Never; it is only written.
    WriteOnly,
}

/// The strategies by the names that `relationship(lazy=)` takes.
pub static STRATEGIES: &[(&str, RelationshipStrategy)] = &[
    ("dynamic", RelationshipStrategy::Dynamic),
    ("immediate", RelationshipStrategy::Immediate),
    ("joined", RelationshipStrategy::Joined),
    ("noload", RelationshipStrategy::NoLoad),
    ("raise", RelationshipStrategy::Raise),
    ("raise_on_sql", RelationshipStrategy::RaiseOnSql),
    ("select", RelationshipStrategy::Select),
    ("selectin", RelationshipStrategy::SelectIn),
    ("subquery", RelationshipStrategy::Subquery),
    ("write_only", RelationshipStrategy::WriteOnly),
];

impl RelationshipStrategy {
    /// The strategy that `name` names.
    pub fn named(name: &str) -> Option<Self> {
        STRATEGIES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, strategy)| *strategy)
    }
    /// The name of its loader, as messages show it.
    pub fn loader_name(self) -> &'static str {
        match self {
            Self::Select | Self::Raise | Self::RaiseOnSql => "lazy loader",
            Self::Joined => "joined loader",
            Self::SelectIn => "select in loader",
            Self::Subquery => "subquery loader",
            Self::Immediate => "immediate loader",
            Self::NoLoad => "no loader",
            Self::Dynamic => "dyna loader",
            Self::WriteOnly => "write only loader",
        }
    }
    /// Its name.
    pub fn name(self) -> &'static str {
        STRATEGIES
            .iter()
            .find(|(_, strategy)| *strategy == self)
            .map_or("select", |(name, _)| name)
    }
}

/// Run the further loads that wait, and those that they lead to.
pub fn run_post_loads(waiting: &PostLoads, cx: &Cx) -> Result<()> {
    loop {
        let batch = std::mem::take(&mut *waiting.borrow_mut());
        if batch.is_empty() {
            return Ok(());
        }
        for post in batch.values() {
            run_post_load(post, cx)?;
        }
    }
}

fn run_post_load(post: &PostLoad, cx: &Cx) -> Result<()> {
    let mut done: Vec<usize> = Vec::new();
    for plan in &post.plans {
        for load in &plan.post_loads {
            let identity = match (&load.property, &load.subclass) {
                (Some(property), _) => Rc::as_ptr(property) as usize,
                (None, Some(subclass)) => Rc::as_ptr(subclass) as usize,
                (None, None) => continue,
            };
            if done.contains(&identity) {
                continue;
            }
            done.push(identity);
            let owner = load
                .property
                .as_ref()
                .and_then(|property| property.parent());
            let states: Vec<(Rc<Instance>, bool)> = post
                .states
                .values()
                .filter(|(instance, _)| {
                    owner.as_ref().is_none_or(|owner| {
                        state_of(instance).is_some_and(|state| state.mapper().isa(owner))
                    })
                })
                .cloned()
                .collect();
            if states.is_empty() {
                continue;
            }
            match (&load.property, &load.subclass) {
                (Some(property), _) if load.strategy == RelationshipStrategy::Immediate => {
                    immediate::immediate_load(post, load, property, &states, cx)?;
                }
                (Some(property), _) => selectin::selectin_load(post, load, property, &states, cx)?,
                (None, Some(subclass)) => {
                    let by_option = load.element.is_some();
                    polymorphic::load_subclasses(post, subclass, by_option, &states, cx)?;
                }
                (None, None) => {}
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_whole() {
        assert!(STRATEGIES.is_sorted_by_key(|(name, _)| *name));
        for (name, strategy) in STRATEGIES {
            assert_eq!(RelationshipStrategy::named(name), Some(*strategy));
            assert_eq!(strategy.name(), *name);
        }
    }
}
