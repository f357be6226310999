//! `UOWTransaction`: the objects of one flush, and the run of its actions.

use std::rc::Rc;

use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use super::actions;
use super::dependency::Processor;
use super::graph::{Action, ActionGraph, ActionId};
use crate::engine::exc::SA_WARNING;
use crate::object::{Cx, Instance, Result, Str};
use crate::orm::exc::FLUSH_ERROR;
use crate::orm::persistence;
use crate::orm::{
    History, InstanceSet, Mapper, MapperProperty, Passive, Session, load_expired, state_of,
};
use crate::sql::ColumnElement;

/// An object of the flush.
struct Entry {
    instance: Rc<Instance>,
    is_delete: bool,
    /// It is only listed: nothing is to be written for it.
    list_only: bool,
}

/// A relationship that looks for further objects before anything is written.
#[derive(Default)]
struct Preprocess {
    processed: FxHashSet<usize>,
    has_actions: bool,
}

/// What a relationship asks for when it registers an object.
#[derive(Clone, Copy, Default)]
pub struct Registration<'a> {
    /// It is to be deleted.
    pub is_delete: bool,
    /// It is only to be listed.
    pub list_only: bool,
    /// A deletion asked for before is void.
    pub cancel_delete: bool,
    /// What the relationship is doing, for the warning about an object in no session.
    pub operation: Option<(&'static str, &'a MapperProperty)>,
}

/// One flush.
pub struct UowTransaction {
    session: Session,
    states: IndexMap<usize, Entry, FxBuildHasher>,
    mappers: IndexMap<usize, (Rc<Mapper>, Vec<Rc<Instance>>), FxBuildHasher>,
    presort: IndexMap<(usize, bool), (Processor, Preprocess), FxBuildHasher>,
    /// The actions and the order among them.
    pub graph: ActionGraph,
    /// The relationships with actions, by the base mapper of their parent.
    deps: FxHashMap<usize, Vec<Processor>>,
    histories: FxHashMap<(usize, u32), (Rc<History>, Passive)>,
    post_updates: FxHashMap<usize, (InstanceSet, Vec<ColumnElement>)>,
    pk_cascaded: FxHashSet<(usize, usize)>,
    /// Per pair of many-to-many relationships, the `(object, object)` rows taken care of.
    reversed: FxHashMap<Vec<Str>, FxHashSet<(usize, usize)>>,
    children_added: FxHashMap<usize, FxHashSet<usize>>,
    key_switchers: FxHashMap<usize, (FxHashSet<usize>, FxHashSet<usize>)>,
}

fn id(instance: &Rc<Instance>) -> usize {
    Rc::as_ptr(instance) as usize
}

impl UowTransaction {
    /// A flush of `session`, without objects yet.
    pub fn new(session: &Session) -> Self {
        Self {
            session: session.clone(),
            states: IndexMap::default(),
            mappers: IndexMap::default(),
            presort: IndexMap::default(),
            graph: ActionGraph::default(),
            deps: FxHashMap::default(),
            histories: FxHashMap::default(),
            post_updates: FxHashMap::default(),
            pk_cascaded: FxHashSet::default(),
            reversed: FxHashMap::default(),
            children_added: FxHashMap::default(),
            key_switchers: FxHashMap::default(),
        }
    }
    /// The session.
    pub fn session(&self) -> &Session {
        &self.session
    }
    /// Whether there is any object.
    pub fn has_work(&self) -> bool {
        !self.states.is_empty()
    }
    /// Whether `instance` is one of its objects, and how: `(is_delete, list_only)`.
    pub fn registration(&self, instance: &Rc<Instance>) -> Option<(bool, bool)> {
        let entry = self.states.get(&id(instance))?;
        Some((entry.is_delete, entry.list_only))
    }
    /// Whether `instance` is to be deleted.
    pub fn is_deleted(&self, instance: &Rc<Instance>) -> bool {
        self.registration(instance)
            .is_some_and(|(is_delete, _)| is_delete)
    }
    /// Whether any object of `mapper` itself takes part.
    pub fn has_mapper(&self, mapper: &Rc<Mapper>) -> bool {
        self.mappers.contains_key(&(Rc::as_ptr(mapper) as usize))
    }
    /// Nothing more is to be written for `instance`.
    pub fn remove_actions(&mut self, instance: &Rc<Instance>) {
        if let Some(entry) = self.states.get_mut(&id(instance)) {
            entry.list_only = true;
        }
    }
    /// Whether `instance` turns out to have lost its row already.
    pub fn was_already_deleted(&self, instance: &Rc<Instance>, cx: &Cx) -> Result<bool> {
        let expired = state_of(instance).is_some_and(crate::orm::InstanceState::is_expired);
        if !expired {
            return Ok(false);
        }
        let Some(state) = state_of(instance) else {
            return Ok(false);
        };
        match load_expired(instance, state, Passive::OFF, cx) {
            Err(raised) if raised.is(&crate::orm::exc::OBJECT_DELETED_ERROR) => {
                self.session
                    .remove_newly_deleted(std::slice::from_ref(instance), cx)?;
                Ok(true)
            }
            answer => answer.map(|_| false),
        }
    }

    /// Take `instance` into the flush; `false` where it is in no session.
    pub fn register(
        &mut self,
        instance: &Rc<Instance>,
        how: Registration<'_>,
        cx: &Cx,
    ) -> Result<bool> {
        if let Some(entry) = self.states.get_mut(&id(instance)) {
            if !how.list_only && (how.is_delete || how.cancel_delete) {
                entry.is_delete = how.is_delete;
                entry.list_only = false;
            }
            return Ok(true);
        }
        let Some(state) = state_of(instance) else {
            return Ok(false);
        };
        if !self.session.contains(instance) {
            if let (false, Some((operation, property))) = (state.is_deleted(), how.operation) {
                self.session.warn(
                    &SA_WARNING,
                    &format!(
                        "Object of type <{}> not in session, {operation} operation along \
                         '{property}' will not proceed",
                        state.mapper().class().name()
                    ),
                    cx,
                );
            }
            return Ok(false);
        }
        let mapper = state.mapper().clone();
        if !self.has_mapper(&mapper) {
            self.mappers
                .insert(Rc::as_ptr(&mapper) as usize, (mapper.clone(), Vec::new()));
            self.mapper_actions(&mapper, cx)?;
        }
        if let Some((_, instances)) = self.mappers.get_mut(&(Rc::as_ptr(&mapper) as usize)) {
            instances.push(instance.clone());
        }
        self.states.insert(
            id(instance),
            Entry {
                instance: instance.clone(),
                is_delete: how.is_delete,
                list_only: how.list_only,
            },
        );
        Ok(true)
    }

    fn mapper_actions(&mut self, mapper: &Rc<Mapper>, cx: &Cx) -> Result<()> {
        let base = mapper.base_mapper();
        let saves = self.graph.add(Action::SaveAll(base.clone()));
        let deletes = self.graph.add(Action::DeleteAll(base));
        self.graph.edge(saves, deletes);
        for processor in Processor::of_mapper(mapper, cx)? {
            if let Some(from_parent) = processor.preprocesses() {
                self.presort
                    .entry((processor.identity(), from_parent))
                    .or_insert_with(|| (processor, Preprocess::default()));
            }
        }
        Ok(())
    }

    /// The history of an attribute, kept for the length of the flush.
    pub fn history(
        &mut self,
        instance: &Rc<Instance>,
        slot: u32,
        passive: Passive,
        cx: &Cx,
    ) -> Result<Rc<History>> {
        let key = (id(instance), slot);
        let passive = match self.histories.get(&key) {
            Some((known, how)) => {
                if how.has(Passive::SQL_OK) || !passive.has(Passive::SQL_OK) {
                    return Ok(known.clone());
                }
                Passive::OFF
            }
            None => passive,
        };
        let read = passive | Passive::LOAD_AGAINST_COMMITTED | Passive::NO_RAISE;
        let history = Rc::new(history_of(instance, slot, read, cx)?);
        self.histories.insert(key, (history.clone(), passive));
        Ok(history)
    }

    /// The objects of `mapper` and its descendants that are to be saved, or deleted.
    pub fn states_of_hierarchy(&self, mapper: &Rc<Mapper>, is_delete: bool) -> Vec<Rc<Instance>> {
        let mut found = Vec::new();
        for mapper in mapper.base_mapper().self_and_descendants() {
            let Some((_, instances)) = self.mappers.get(&(Rc::as_ptr(&mapper) as usize)) else {
                continue;
            };
            found.extend(
                instances
                    .iter()
                    .filter(|one| self.registration(one) == Some((is_delete, false)))
                    .cloned(),
            );
        }
        found
    }
    /// The objects among `mappers` that are to be saved, or deleted.
    pub fn states_of_mappers(&self, mappers: &[Rc<Mapper>], is_delete: bool) -> Vec<Rc<Instance>> {
        let mut found = Vec::new();
        for mapper in mappers {
            if let Some((_, instances)) = self.mappers.get(&(Rc::as_ptr(mapper) as usize)) {
                found.extend(
                    instances
                        .iter()
                        .filter(|one| self.registration(one) == Some((is_delete, false)))
                        .cloned(),
                );
            }
        }
        found
    }

    /// The relationships with actions whose parent hierarchy is that of `mapper`.
    pub fn processors_of(&self, mapper: &Rc<Mapper>) -> Vec<Processor> {
        self.deps
            .get(&(Rc::as_ptr(mapper) as usize))
            .cloned()
            .unwrap_or_default()
    }
    /// The action of `processor` on all its parents.
    pub fn process_all(&mut self, processor: &Processor, is_delete: bool) -> ActionId {
        let base = processor.parent().base_mapper();
        let deps = self.deps.entry(Rc::as_ptr(&base) as usize).or_default();
        if !deps
            .iter()
            .any(|known| known.identity() == processor.identity())
        {
            deps.push(processor.clone());
        }
        self.graph
            .add(Action::ProcessAll(processor.clone(), is_delete))
    }

    /// Note that `post_update` is to write `columns` of `instance`.
    pub fn register_post_update(&mut self, instance: &Rc<Instance>, columns: &[ColumnElement]) {
        let Some(state) = state_of(instance) else {
            return;
        };
        let base = state.mapper().base_mapper();
        let (instances, known) = self
            .post_updates
            .entry(Rc::as_ptr(&base) as usize)
            .or_default();
        instances.insert(instance.clone());
        for column in columns {
            if !known.iter().any(|other| other.same(column)) {
                known.push(column.clone());
            }
        }
    }
    /// What `post_update` is to write: objects and columns.
    pub fn post_updates(
        &self,
        mapper: &Rc<Mapper>,
        before_delete: bool,
    ) -> (Vec<Rc<Instance>>, Vec<ColumnElement>) {
        let Some((instances, columns)) = self.post_updates.get(&(Rc::as_ptr(mapper) as usize))
        else {
            return (Vec::new(), Vec::new());
        };
        let instances = instances
            .iter()
            .filter(|one| self.is_deleted(one) == before_delete)
            .cloned()
            .collect();
        (instances, columns.clone())
    }

    /// The database changed the primary key column of `instance` by cascade.
    pub fn note_pk_cascaded(&mut self, instance: &Rc<Instance>, column: &ColumnElement) {
        self.pk_cascaded.insert((id(instance), column.identity()));
    }
    /// Whether it did.
    pub fn is_pk_cascaded(&self, instance: &Rc<Instance>, column: &ColumnElement) -> bool {
        self.pk_cascaded
            .contains(&(id(instance), column.identity()))
    }
    /// The rows that either side of a pair of many-to-many relationships took care of.
    pub fn reversed(&mut self, keys: Vec<Str>) -> &mut FxHashSet<(usize, usize)> {
        self.reversed.entry(keys).or_default()
    }
    /// The children that `processor` saw being added, by address.
    pub fn children_added(&mut self, processor: &Processor) -> &mut FxHashSet<usize> {
        self.children_added.entry(processor.identity()).or_default()
    }
    /// The objects whose primary key changed, and those whose did not, by address.
    pub fn key_switchers(
        &mut self,
        processor: &Processor,
    ) -> &mut (FxHashSet<usize>, FxHashSet<usize>) {
        self.key_switchers.entry(processor.identity()).or_default()
    }

    fn presort(&mut self, cx: &Cx) -> Result<()> {
        loop {
            let mut found = false;
            let mut at = 0;
            while let Some((key, (processor, _))) = self.presort.get_index(at) {
                let (key, processor) = (*key, processor.clone());
                found |= self.preprocess(key, &processor, cx)?;
                at += 1;
            }
            if !found {
                return Ok(());
            }
        }
    }

    fn preprocess(&mut self, key: (usize, bool), processor: &Processor, cx: &Cx) -> Result<bool> {
        let (mut saves, mut deletes) = (Vec::new(), Vec::new());
        let mappers = processor.mappers(key.1);
        if let Some((_, presort)) = self.presort.get_mut(&key) {
            for mapper in &mappers {
                let Some((_, instances)) = self.mappers.get(&(Rc::as_ptr(mapper) as usize)) else {
                    continue;
                };
                for instance in instances {
                    let Some(entry) = self.states.get(&id(instance)) else {
                        continue;
                    };
                    if !entry.list_only && presort.processed.insert(id(instance)) {
                        if entry.is_delete {
                            deletes.push(instance.clone());
                        } else {
                            saves.push(instance.clone());
                        }
                    }
                }
            }
        }
        if !deletes.is_empty() {
            processor.presort_deletes(self, &deletes, cx)?;
        }
        if !saves.is_empty() {
            processor.presort_saves(self, &saves, cx)?;
        }
        if saves.is_empty() && deletes.is_empty() {
            return Ok(false);
        }
        let known = self
            .presort
            .get(&key)
            .is_some_and(|(_, presort)| presort.has_actions);
        if !known
            && (processor.has_changes(self, &deletes, true, cx)?
                || processor.has_changes(self, &saves, false, cx)?)
        {
            processor.add_actions(self);
            if let Some((_, presort)) = self.presort.get_mut(&key) {
                presort.has_actions = true;
            }
        }
        Ok(true)
    }

    /// Write everything.
    pub fn execute(&mut self, cx: &Cx) -> Result<()> {
        self.presort(cx)?;
        let cycles = self.graph.find_cycles();
        let mut parts: IndexMap<ActionId, Vec<ActionId>, FxBuildHasher> = IndexMap::default();
        for action in cycles {
            let split = actions::split(self, action, cx)?;
            parts.insert(action, split);
        }
        if self.graph.has_cycles() {
            self.graph.split(&parts);
        }
        let passes = self.graph.passes().map_err(|_| {
            crate::engine::exc::CIRCULAR_DEPENDENCY_ERROR.error("Circular dependency detected.")
        })?;
        for pass in passes {
            if self.graph.has_cycles() {
                self.run_together(pass, cx)?;
            } else {
                for action in pass {
                    actions::run(self, action, cx)?;
                }
            }
        }
        Ok(())
    }

    /// Run a pass of a flush with cycles: actions on single objects of a kind run as one.
    fn run_together(&mut self, mut pass: Vec<ActionId>, cx: &Cx) -> Result<()> {
        while let Some(first) = pass.first().copied() {
            let action = self.graph.action(first).clone();
            let (group, rest) = pass
                .into_iter()
                .partition(|id| self.graph.action(*id).runs_with(&action));
            pass = rest;
            actions::run_group(self, group, cx)?;
        }
        Ok(())
    }

    /// Everything is written: the objects are clean, or gone.
    pub fn finalize(&mut self, cx: &Cx) -> Result<()> {
        let (deleted, other): (Vec<_>, Vec<_>) =
            self.states.values().partition(|entry| entry.is_delete);
        let list = |entries: Vec<&Entry>| -> Vec<Rc<Instance>> {
            entries.into_iter().map(|e| e.instance.clone()).collect()
        };
        let (deleted, other) = (list(deleted), list(other));
        if !deleted.is_empty() {
            self.session.remove_newly_deleted(&deleted, cx)?;
        }
        if !other.is_empty() {
            self.session.register_persistent(&other, cx)?;
        }
        Ok(())
    }

    /// Save all of a mapper's objects.
    pub(super) fn save(&mut self, mapper: &Rc<Mapper>, of: &[Rc<Instance>], cx: &Cx) -> Result<()> {
        persistence::save(mapper, of, self, cx)
    }
    /// Delete all of a mapper's objects.
    pub(super) fn delete(
        &mut self,
        mapper: &Rc<Mapper>,
        of: &[Rc<Instance>],
        cx: &Cx,
    ) -> Result<()> {
        persistence::delete(mapper, of, self, cx)
    }
}

/// A flush error about a value that can't be flushed.
pub fn flush_error(message: String) -> crate::object::Raised {
    FLUSH_ERROR.error(message)
}

fn history_of(instance: &Rc<Instance>, slot: u32, passive: Passive, cx: &Cx) -> Result<History> {
    let attribute = state_of(instance).and_then(|state| state.mapper().attribute_at(slot));
    match attribute {
        Some(attribute) => attribute.history(instance, passive, cx),
        None => Ok(History::default()),
    }
}
