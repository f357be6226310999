//! The actions of a flush, and what must run before what.

use std::rc::Rc;

use indexmap::{IndexMap, IndexSet};
use rustc_hash::{FxBuildHasher, FxHashSet};

use super::dependency::Processor;
use crate::object::{Instance, Str};
use crate::orm::Mapper;

/// An action of a flush.
#[derive(Clone)]
pub enum Action {
    /// INSERT and UPDATE of all objects of a mapper hierarchy.
    SaveAll(Rc<Mapper>),
    /// DELETE of all objects of a mapper hierarchy.
    DeleteAll(Rc<Mapper>),
    /// The UPDATEs that `post_update` asks for; before the DELETEs where the flag is set.
    PostUpdateAll(Rc<Mapper>, bool),
    /// What a relationship does for all its parents; those being deleted where the flag is set.
    ProcessAll(Processor, bool),
    /// INSERT or UPDATE of one object.
    SaveState(Rc<Mapper>, Rc<Instance>),
    /// DELETE of one object.
    DeleteState(Rc<Mapper>, Rc<Instance>),
    /// What a relationship does for one parent.
    ProcessState(Processor, bool, Rc<Instance>),
}

/// What identifies an action.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    kind: u8,
    subject: usize,
    flag: bool,
    state: usize,
}

impl Action {
    fn key(&self) -> Key {
        let mapper = |mapper: &Rc<Mapper>| Rc::as_ptr(mapper) as usize;
        let state = |instance: &Rc<Instance>| Rc::as_ptr(instance) as usize;
        let (kind, subject, flag, state) = match self {
            Self::SaveAll(of) => (0, mapper(of), false, 0),
            Self::DeleteAll(of) => (1, mapper(of), false, 0),
            Self::PostUpdateAll(of, before) => (2, mapper(of), *before, 0),
            Self::ProcessAll(of, delete) => (3, of.identity(), *delete, 0),
            Self::SaveState(of, one) => (4, mapper(of), false, state(one)),
            Self::DeleteState(of, one) => (5, mapper(of), false, state(one)),
            Self::ProcessState(of, delete, one) => (6, of.identity(), *delete, state(one)),
        };
        Key {
            kind,
            subject,
            flag,
            state,
        }
    }
    /// What actions that could run together are ordered by.
    pub fn sort_key(&self) -> (&'static str, Str, bool) {
        match self {
            Self::SaveAll(mapper) => ("SaveUpdateAll", mapper_sort_key(mapper), false),
            Self::DeleteAll(mapper) => ("DeleteAll", mapper_sort_key(mapper), false),
            Self::PostUpdateAll(mapper, before) => {
                ("PostUpdateAll", mapper_sort_key(mapper), *before)
            }
            Self::ProcessAll(processor, delete) => ("ProcessAll", processor.sort_key(), *delete),
            Self::SaveState(mapper, _) => ("ProcessState", mapper_sort_key(mapper), false),
            Self::DeleteState(mapper, _) => ("DeleteState", mapper_sort_key(mapper), false),
            Self::ProcessState(processor, ..) => ("ProcessState", processor.sort_key(), false),
        }
    }
    /// Whether `other` is the same kind of action on another object, so that both run as one.
    pub fn runs_with(&self, other: &Self) -> bool {
        let (a, b) = (self.key(), other.key());
        (a.kind, a.subject, a.flag) == (b.kind, b.subject, b.flag)
    }
}

/// What mappers are ordered by: `module.Class`.
pub fn mapper_sort_key(mapper: &Rc<Mapper>) -> Str {
    let class = mapper.class();
    Str::from(format!("{}.{}", class.module().as_str(), class.name()))
}

/// The number of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ActionId(u32);

struct Entry {
    action: Action,
    disabled: bool,
}

/// All actions of a flush and the order among them.
#[derive(Default)]
pub struct ActionGraph {
    entries: IndexMap<Key, Entry, FxBuildHasher>,
    edges: IndexSet<(ActionId, ActionId), FxBuildHasher>,
    cycles: FxHashSet<ActionId>,
}

impl ActionGraph {
    /// The number of `action`, which is added where it is new.
    pub fn add(&mut self, action: Action) -> ActionId {
        let (at, _) = match self.entries.get_full(&action.key()) {
            Some((at, ..)) => (at, None),
            None => self.entries.insert_full(
                action.key(),
                Entry {
                    action,
                    disabled: false,
                },
            ),
        };
        ActionId(u32::try_from(at).unwrap_or(u32::MAX))
    }
    /// The action of a number.
    pub fn action(&self, id: ActionId) -> &Action {
        &self.entries[id.0 as usize].action
    }
    /// The action is not to run after all.
    pub fn disable(&mut self, id: ActionId) {
        self.entries[id.0 as usize].disabled = true;
    }
    /// `before` runs before `after`.
    pub fn edge(&mut self, before: ActionId, after: ActionId) {
        self.edges.insert((before, after));
    }
    /// Several of them.
    pub fn edges(&mut self, edges: &[(ActionId, ActionId)]) {
        self.edges.extend(edges.iter().copied());
    }
    /// Whether the action lies on a cycle.
    pub fn is_cyclic(&self, id: ActionId) -> bool {
        self.cycles.contains(&id)
    }
    /// Find the actions that lie on a cycle.
    pub fn find_cycles(&mut self) -> Vec<ActionId> {
        let edges: Vec<_> = self.edges.iter().copied().collect();
        let found = crate::util::topological::find_cycles(&edges);
        self.cycles = found.iter().copied().collect();
        found
    }
    /// Replace the actions on cycles by `parts`, the actions on single objects that each of
    /// them was cut into.
    pub fn split(&mut self, parts: &IndexMap<ActionId, Vec<ActionId>, FxBuildHasher>) {
        let before = std::mem::take(&mut self.edges);
        let none = Vec::new();
        for (from, to) in before {
            let disabled = |id: ActionId| self.entries[id.0 as usize].disabled;
            let (from_cyclic, to_cyclic) = (self.is_cyclic(from), self.is_cyclic(to));
            if disabled(from) || disabled(to) || from_cyclic && to_cyclic {
                continue;
            }
            if from_cyclic {
                for part in parts.get(&from).unwrap_or(&none) {
                    self.edges.insert((*part, to));
                }
            } else if to_cyclic {
                for part in parts.get(&to).unwrap_or(&none) {
                    self.edges.insert((from, *part));
                }
            } else {
                self.edges.insert((from, to));
            }
        }
    }
    /// The actions to run, in passes: each pass needs only those before it.
    pub fn passes(&self) -> Result<Vec<Vec<ActionId>>, crate::util::topological::Cycle<ActionId>> {
        let mut ids: Vec<(ActionId, _)> = self
            .entries
            .values()
            .enumerate()
            .filter_map(|(at, entry)| {
                let id = ActionId(u32::try_from(at).ok()?);
                (!entry.disabled && !self.is_cyclic(id)).then(|| (id, entry.action.sort_key()))
            })
            .collect();
        ids.sort_by(|a, b| a.1.cmp(&b.1));
        let ids: Vec<ActionId> = ids.into_iter().map(|(id, _)| id).collect();
        let edges: Vec<_> = self.edges.iter().copied().collect();
        crate::util::topological::sort_as_subsets(&ids, &edges)
    }
    /// Whether any action lay on a cycle.
    pub fn has_cycles(&self) -> bool {
        !self.cycles.is_empty()
    }
}
