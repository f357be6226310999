//! `DependencyProcessor`: what a relationship contributes to a flush.

use std::rc::Rc;

use super::graph::{Action, ActionId, mapper_sort_key};
use super::transaction::{Registration, UowTransaction, flush_error};
use super::{key_switch, many_to_many, many_to_one, one_to_many};
use crate::engine::exc::SA_WARNING;
use crate::object::{Cx, Instance, Result, Str, Value};
use crate::orm::{
    Attribute, Cascade, ColumnPair, Direction, InstanceState, Mapper, MapperProperty, Passive,
    PassiveDeletes, RelationshipOptions, RelationshipProperty, state_of,
};

/// The actions between which a relationship sets an order.
#[derive(Clone, Copy)]
pub struct Actions {
    /// The parents' INSERT and UPDATE.
    pub parent_saves: ActionId,
    /// The children's INSERT and UPDATE.
    pub child_saves: ActionId,
    /// The parents' DELETE.
    pub parent_deletes: ActionId,
    /// The children's DELETE.
    pub child_deletes: ActionId,
    /// What the relationship does for parents that are saved.
    pub after_save: ActionId,
    /// What the relationship does for parents that are deleted.
    pub before_delete: ActionId,
}

/// The actions on one parent and one of its children.
#[derive(Clone, Copy)]
pub struct StateActions {
    /// The parent's INSERT or UPDATE, or its DELETE.
    pub parent: ActionId,
    /// The child's.
    pub child: ActionId,
    /// What the relationship does for the parent.
    pub process: ActionId,
    /// Whether the parent is deleted.
    pub is_delete: bool,
    /// Whether the child is deleted.
    pub child_is_delete: bool,
}

/// A relationship in a flush; a cheap handle.
#[derive(Clone)]
pub struct Processor(Rc<ProcessorData>);

struct ProcessorData {
    property: Rc<MapperProperty>,
    parent: Rc<Mapper>,
    target: Rc<Mapper>,
    direction: Direction,
    sort_key: Str,
    key_switch: bool,
}

impl Processor {
    /// What the relationship `property` does: itself, or in following primary key changes.
    pub fn of(property: &Rc<MapperProperty>, key_switch: bool, cx: &Cx) -> Result<Option<Self>> {
        let Some(relationship) = property.relationship() else {
            return Ok(None);
        };
        let known = relationship.strategies.borrow().iter().find_map(|kept| {
            let kept = kept.clone().downcast::<ProcessorData>().ok()?;
            (kept.key_switch == key_switch).then_some(Self(kept))
        });
        if known.is_some() {
            return Ok(known);
        }
        let (Some(parent), Some(direction)) = (property.parent(), relationship.direction()) else {
            return Ok(None);
        };
        let data = Rc::new(ProcessorData {
            sort_key: Str::from(format!("{}_{}", mapper_sort_key(&parent), property.key())),
            target: relationship.mapper(cx)?,
            property: property.clone(),
            parent,
            direction,
            key_switch,
        });
        relationship.strategies.borrow_mut().push(data.clone());
        Ok(Some(Self(data)))
    }
    /// All that the relationships of and to `mapper` do when its objects are flushed.
    pub fn of_mapper(mapper: &Rc<Mapper>, cx: &Cx) -> Result<Vec<Self>> {
        let mut found = Vec::new();
        for property in incoming_many_to_one(mapper, cx)? {
            found.extend(Self::of(&property, true, cx)?);
        }
        for property in &mapper.relationships() {
            found.extend(Self::of(property, false, cx)?);
        }
        found.retain(|processor| !processor.options().viewonly);
        Ok(found)
    }
    /// What identifies it.
    pub fn identity(&self) -> usize {
        Rc::as_ptr(&self.0) as usize
    }
    /// The property.
    pub fn property(&self) -> &Rc<MapperProperty> {
        &self.0.property
    }
    /// The relationship.
    pub fn relationship(&self) -> &RelationshipProperty {
        self.0
            .property
            .relationship()
            .expect("a processor is made of a relationship")
    }
    /// The plain arguments of the relationship.
    pub fn options(&self) -> &RelationshipOptions {
        &self.relationship().options
    }
    /// What operations on a parent do to its children.
    pub fn cascade(&self) -> Cascade {
        self.relationship().cascade()
    }
    /// Pairs of columns that are copied between parent and child, or parent and secondary.
    pub fn pairs(&self) -> &[ColumnPair] {
        self.relationship()
            .join()
            .map_or(&[], |join| &join.synchronize_pairs)
    }
    /// The same between child and secondary.
    pub fn secondary_pairs(&self) -> &[ColumnPair] {
        self.relationship()
            .join()
            .map_or(&[], |join| &join.secondary_synchronize_pairs)
    }
    /// Whether this is the part that follows primary key changes of many-to-one targets.
    pub fn is_key_switch(&self) -> bool {
        self.0.key_switch
    }
    /// What actions that could run together are ordered by.
    pub fn sort_key(&self) -> Str {
        self.0.sort_key.clone()
    }
    /// The mapper that has the relationship.
    pub fn parent(&self) -> &Rc<Mapper> {
        &self.0.parent
    }
    /// The mapper it leads to.
    pub fn target(&self) -> &Rc<Mapper> {
        &self.0.target
    }
    /// The mappers whose objects it looks at: the parent's hierarchy, or the target's.
    pub fn mappers(&self, from_parent: bool) -> Vec<Rc<Mapper>> {
        if !from_parent {
            return self.target().self_and_descendants();
        }
        let mut mappers = self.parent().self_and_descendants();
        mappers.retain(|mapper| {
            mapper
                .prop(&self.property().key())
                .is_some_and(|own| Rc::ptr_eq(&own, self.property()))
        });
        mappers
    }
    /// Whether it takes part before anything is written, and then whether as the parent.
    pub fn preprocesses(&self) -> Option<bool> {
        if !self.is_key_switch() {
            return Some(true);
        }
        let reverse = self.relationship().reverse();
        let passive = |property: &Rc<MapperProperty>| {
            property
                .relationship()
                .is_some_and(|relationship| relationship.options.passive_updates)
        };
        let skipped =
            !reverse.is_empty() && (self.options().passive_updates || !reverse.iter().all(passive));
        (!skipped).then_some(false)
    }
    /// The attribute of the relationship in `instance`.
    pub fn attribute(&self, instance: &Rc<Instance>) -> Option<Rc<Attribute>> {
        state_of(instance)?
            .mapper()
            .attribute(&self.property().key())
    }
    /// The slot of the relationship in `instance`.
    pub fn slot(&self, instance: &Rc<Instance>) -> u32 {
        self.attribute(instance)
            .map_or(u32::MAX, |attribute| attribute.slot())
    }
    /// What reading may do for a parent that is being deleted.
    pub fn delete_passive(&self) -> Passive {
        if self.options().passive_deletes == PassiveDeletes::No {
            Passive::OFF
        } else {
            Passive::NO_INITIALIZE
        }
    }
    /// Whether both ends are of one hierarchy.
    pub fn is_self_referential(&self) -> bool {
        self.target().common_parent(self.parent())
    }
    /// Whether `child` hangs on a parent along the relationship.
    pub fn has_parent(&self, child: &Value) -> bool {
        let Value::Instance(child) = child else {
            return false;
        };
        state_of(child).is_some_and(|state| state.has_parent(self.property().id(), false))
    }

    /// Warn that `child` is not in the session.
    pub fn warn_outside(
        &self,
        uow: &UowTransaction,
        child: &InstanceState,
        operation: &str,
        cx: &Cx,
    ) {
        let message = format!(
            "Object of type <{}> not in session, {operation} operation along '{}' won't proceed",
            child.mapper().class().name(),
            self.property()
        );
        uow.session().warn(&SA_WARNING, &message, cx);
    }

    /// Add its actions and the order around them.
    pub fn add_actions(&self, uow: &mut UowTransaction) {
        if self.is_key_switch() {
            return key_switch::add_actions(self, uow);
        }
        let after_save = uow.process_all(self, false);
        let before_delete = uow.process_all(self, true);
        let (parent, child) = (self.parent().base_mapper(), self.target().base_mapper());
        let actions = Actions {
            parent_saves: uow.graph.add(Action::SaveAll(parent.clone())),
            child_saves: uow.graph.add(Action::SaveAll(child.clone())),
            parent_deletes: uow.graph.add(Action::DeleteAll(parent)),
            child_deletes: uow.graph.add(Action::DeleteAll(child)),
            after_save,
            before_delete,
        };
        match self.0.direction {
            Direction::OneToMany => one_to_many::order(self, uow, actions),
            Direction::ManyToOne => many_to_one::order(self, uow, actions),
            Direction::ManyToMany => many_to_many::order(uow, actions),
        }
    }

    /// Add its actions on single parents, `instances`, and the order around them.
    pub fn add_state_actions(
        &self,
        uow: &mut UowTransaction,
        instances: &[Rc<Instance>],
        is_delete: bool,
        cx: &Cx,
    ) -> Result<()> {
        if self.is_key_switch() {
            return Ok(());
        }
        let all = uow.process_all(self, is_delete);
        uow.graph.disable(all);
        let child_base = self.target().base_mapper();
        let child_saves = uow.graph.add(Action::SaveAll(child_base.clone()));
        let child_deletes = uow.graph.add(Action::DeleteAll(child_base));
        let child_in_cycle = uow.graph.is_cyclic(child_saves);
        let passive = if is_delete {
            self.delete_passive()
        } else {
            Passive::NO_INITIALIZE
        };
        let parent_base = self.parent().base_mapper();
        for instance in instances {
            let Some(attribute) = self.attribute(instance) else {
                continue;
            };
            let related = attribute.all_pending(instance, passive, cx)?;
            if related.is_empty() {
                continue;
            }
            let process = uow.graph.add(Action::ProcessState(
                self.clone(),
                is_delete,
                instance.clone(),
            ));
            let parent = uow.graph.add(if is_delete {
                Action::DeleteState(parent_base.clone(), instance.clone())
            } else {
                Action::SaveState(parent_base.clone(), instance.clone())
            });
            let children = if child_in_cycle {
                self.child_actions(uow, &related)
            } else {
                vec![(child_saves, false), (child_deletes, true)]
            };
            for (child, child_is_delete) in children {
                let actions = StateActions {
                    parent,
                    child,
                    process,
                    is_delete,
                    child_is_delete,
                };
                match self.0.direction {
                    Direction::OneToMany => one_to_many::order_states(self, uow, actions),
                    Direction::ManyToOne => many_to_one::order_states(self, uow, actions),
                    Direction::ManyToMany => many_to_many::order_states(uow, actions),
                }
            }
        }
        Ok(())
    }

    fn child_actions(
        &self,
        uow: &mut UowTransaction,
        related: &[Rc<Instance>],
    ) -> Vec<(ActionId, bool)> {
        let mut actions = Vec::new();
        for child in related {
            let (Some((is_delete, _)), Some(state)) = (uow.registration(child), state_of(child))
            else {
                continue;
            };
            let base = state.mapper().base_mapper();
            let action = if is_delete {
                Action::DeleteState(base, child.clone())
            } else {
                Action::SaveState(base, child.clone())
            };
            actions.push((uow.graph.add(action), is_delete));
        }
        actions
    }

    /// Look for objects that must be flushed because their parents are deleted.
    pub fn presort_deletes(
        &self,
        uow: &mut UowTransaction,
        instances: &[Rc<Instance>],
        cx: &Cx,
    ) -> Result<()> {
        if self.is_key_switch() {
            return Ok(());
        }
        match self.0.direction {
            Direction::OneToMany => one_to_many::presort_deletes(self, uow, instances, cx),
            Direction::ManyToOne => many_to_one::presort_deletes(self, uow, instances, cx),
            Direction::ManyToMany => many_to_many::presort_deletes(self, uow, instances, cx),
        }
    }
    /// Look for objects that must be flushed because their parents are saved.
    pub fn presort_saves(
        &self,
        uow: &mut UowTransaction,
        instances: &[Rc<Instance>],
        cx: &Cx,
    ) -> Result<()> {
        if self.is_key_switch() {
            return key_switch::presort_saves(self, uow, instances, cx);
        }
        match self.0.direction {
            Direction::OneToMany => one_to_many::presort_saves(self, uow, instances, cx),
            Direction::ManyToOne => many_to_one::presort_saves(self, uow, instances, cx),
            Direction::ManyToMany => many_to_many::presort_saves(self, uow, instances, cx),
        }
    }
    /// Copy keys between parents and children, write rows of the secondary table.
    pub fn process(
        &self,
        uow: &mut UowTransaction,
        instances: &[Rc<Instance>],
        is_delete: bool,
        cx: &Cx,
    ) -> Result<()> {
        if self.is_key_switch() {
            return key_switch::process(self, uow, instances, cx);
        }
        match (self.0.direction, is_delete) {
            (Direction::OneToMany, true) => one_to_many::process_deletes(self, uow, instances, cx),
            (Direction::OneToMany, false) => one_to_many::process_saves(self, uow, instances, cx),
            (Direction::ManyToOne, true) => many_to_one::process_deletes(self, uow, instances, cx),
            (Direction::ManyToOne, false) => many_to_one::process_saves(self, uow, instances, cx),
            (Direction::ManyToMany, is_delete) => {
                many_to_many::process(self, uow, instances, is_delete, cx)
            }
        }
    }

    /// Whether the relationship matters to the flush of `instances`.
    pub fn has_changes(
        &self,
        uow: &mut UowTransaction,
        instances: &[Rc<Instance>],
        is_delete: bool,
        cx: &Cx,
    ) -> Result<bool> {
        if self.is_key_switch() {
            return key_switch::has_changes(self, uow, instances, is_delete, cx);
        }
        let passive = if !is_delete || self.options().passive_deletes != PassiveDeletes::No {
            Passive::NO_INITIALIZE | Passive::INCLUDE_PENDING_MUTATIONS
        } else if self.0.direction == Direction::ManyToOne {
            Passive::NO_FETCH_RELATED
        } else {
            Passive::OFF | Passive::INCLUDE_PENDING_MUTATIONS
        };
        for instance in instances {
            let history = uow.history(instance, self.slot(instance), passive, cx)?;
            if !history.is_empty() {
                return Ok(true);
            }
        }
        Ok(!instances.is_empty() && !self.is_self_referential() && uow.has_mapper(self.target()))
    }

    /// FlushError where `child` can't be a member of the relationship.
    pub fn verify_can_load(&self, child: &Value, cx: &Cx) -> Result<()> {
        let property = self.property();
        let Value::Instance(instance) = child else {
            if self.relationship().uselist() {
                return Err(flush_error(format!(
                    "Can't flush None value found in collection {property}"
                )));
            }
            return Ok(());
        };
        let Some(state) = state_of(instance) else {
            return Ok(());
        };
        let target = self.target();
        let is_a = state.mapper().isa(target);
        let fits = is_a
            && (!self.options().enable_typechecks
                || target.polymorphic_on().is_some()
                || Rc::ptr_eq(target, state.mapper()));
        if fits {
            return Ok(());
        }
        let item = state.mapper().class().full_name();
        let expected = target.class().full_name();
        let mut message = format!(
            "Attempting to flush an item of type <class '{item}'> as a member of collection \
             \"{property}\". Expected an object of type <class '{expected}'> or a \
             polymorphic subclass of this type."
        );
        if is_a {
            message.push_str(&format!(
                " If <class '{item}'> is a subclass of <class '{expected}'>, configure mapper \
                 \"{}\" to load this subtype polymorphically, or set \
                 enable_typechecks=False to allow any subtype to be accepted for flush. ",
                target.describe(cx.compat())
            ));
        }
        Err(flush_error(message))
    }

    /// The names under which both sides of a relationship keep what they took care of.
    pub fn reversed_keys(&self) -> Option<Vec<Str>> {
        let reverse = self.relationship().reverse();
        if reverse.is_empty() {
            return None;
        }
        let mut keys: Vec<Str> = reverse.iter().map(|other| other.key()).collect();
        keys.push(self.property().key());
        keys.sort();
        Some(keys)
    }

    /// Have `post_update` write the relationship's columns of `instance`, if there is any
    /// related object.
    pub fn post_update(
        &self,
        uow: &mut UowTransaction,
        instance: &Rc<Instance>,
        related: &[Value],
        many_to_one_delete: bool,
    ) {
        if related
            .iter()
            .any(|one| !many_to_one_delete || !one.is_none())
        {
            let columns: Vec<_> = self
                .pairs()
                .iter()
                .map(|(_, right)| right.clone())
                .collect();
            uow.register_post_update(instance, &columns);
        }
    }

    /// Register `child` for what this relationship is doing.
    pub fn register(
        &self,
        uow: &mut UowTransaction,
        child: &Value,
        how: Registration<'_>,
        cx: &Cx,
    ) -> Result<bool> {
        match child {
            Value::Instance(child) => uow.register(child, how, cx),
            _ => Ok(false),
        }
    }
    /// Register `child` and all that its own cascades reach for deletion.
    pub fn register_orphan(&self, uow: &mut UowTransaction, child: &Value, cx: &Cx) -> Result<()> {
        let Value::Instance(child) = child else {
            return Ok(());
        };
        let how = Registration {
            is_delete: true,
            operation: Some(("delete", self.property())),
            ..Registration::default()
        };
        uow.register(child, how, cx)?;
        let how = Registration {
            is_delete: true,
            ..Registration::default()
        };
        for reached in crate::orm::cascade::delete(child, cx)? {
            uow.register(&reached, how, cx)?;
        }
        Ok(())
    }
}

/// The many-to-one relationships that lead to `mapper` or a mapper it inherits from.
fn incoming_many_to_one(mapper: &Rc<Mapper>, cx: &Cx) -> Result<Vec<Rc<MapperProperty>>> {
    let mut found = Vec::new();
    for other in mapper.registry().mappers() {
        for property in other.relationships() {
            let Some(relationship) = property.relationship() else {
                continue;
            };
            let own = property
                .parent()
                .is_some_and(|parent| Rc::ptr_eq(&parent, &other));
            if own
                && relationship.direction() == Some(Direction::ManyToOne)
                && mapper.isa(&*relationship.mapper(cx)?)
            {
                found.push(property);
            }
        }
    }
    Ok(found)
}
