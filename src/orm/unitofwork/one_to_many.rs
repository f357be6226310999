//! What a one-to-many relationship does in a flush.

use std::rc::Rc;

use super::dependency::{Actions, Processor, StateActions};
use super::graph::Action;
use super::transaction::{Registration, UowTransaction};
use crate::object::{Cx, Instance, Result, Value};
use crate::orm::{Passive, PassiveDeletes, sync};

fn post_updates(
    processor: &Processor,
    uow: &mut UowTransaction,
) -> (super::graph::ActionId, super::graph::ActionId) {
    let base = processor.target().base_mapper();
    (
        uow.graph.add(Action::PostUpdateAll(base.clone(), false)),
        uow.graph.add(Action::PostUpdateAll(base, true)),
    )
}

/// The order among all parents and all children.
pub fn order(processor: &Processor, uow: &mut UowTransaction, of: Actions) {
    if processor.options().post_update {
        let (after, before) = post_updates(processor, uow);
        uow.graph.edges(&[
            (of.child_saves, of.after_save),
            (of.parent_saves, of.after_save),
            (of.after_save, after),
            (of.before_delete, before),
            (before, of.parent_deletes),
            (before, of.child_deletes),
        ]);
    } else {
        uow.graph.edges(&[
            (of.parent_saves, of.after_save),
            (of.after_save, of.child_saves),
            (of.after_save, of.child_deletes),
            (of.child_saves, of.parent_deletes),
            (of.child_deletes, of.parent_deletes),
            (of.before_delete, of.child_saves),
            (of.before_delete, of.child_deletes),
        ]);
    }
}

/// The order among one parent and one child.
pub fn order_states(processor: &Processor, uow: &mut UowTransaction, of: StateActions) {
    if processor.options().post_update {
        let (after, before) = post_updates(processor, uow);
        if of.is_delete {
            uow.graph
                .edges(&[(of.process, before), (before, of.parent)]);
            return;
        }
        if !of.child_is_delete {
            uow.graph.edge(of.parent, of.process);
        }
        uow.graph
            .edges(&[(of.child, of.process), (of.process, after)]);
    } else if of.is_delete {
        uow.graph
            .edges(&[(of.process, of.child), (of.child, of.parent)]);
    } else {
        uow.graph.edges(&[
            (of.parent, of.process),
            (of.process, of.child),
            (of.parent, of.child),
        ]);
    }
}

/// Parents are deleted: their children are deleted, or lose their key.
pub fn presort_deletes(
    processor: &Processor,
    uow: &mut UowTransaction,
    instances: &[Rc<Instance>],
    cx: &Cx,
) -> Result<()> {
    let cascade = processor.cascade();
    let nulls_keys = !cascade.delete && processor.options().passive_deletes != PassiveDeletes::All;
    for instance in instances {
        let slot = processor.slot(instance);
        let history = uow.history(instance, slot, processor.delete_passive(), cx)?;
        for child in history.deleted() {
            if !child.is_none() && !processor.has_parent(child) {
                let how = Registration {
                    is_delete: cascade.delete_orphan,
                    ..Registration::default()
                };
                processor.register(uow, child, how, cx)?;
            }
        }
        if nulls_keys {
            for child in history.unchanged() {
                let how = Registration {
                    operation: Some(("delete", processor.property())),
                    ..Registration::default()
                };
                processor.register(uow, child, how, cx)?;
            }
        }
    }
    Ok(())
}

/// Parents are saved: so are their children, new and former.
pub fn presort_saves(
    processor: &Processor,
    uow: &mut UowTransaction,
    instances: &[Rc<Instance>],
    cx: &Cx,
) -> Result<()> {
    let delete_orphan = processor.cascade().delete_orphan;
    let nulls_keys = !delete_orphan && processor.options().passive_deletes != PassiveDeletes::All;
    for instance in instances {
        let pks_changed =
            sync::source_modified(uow, instance, processor.parent(), processor.pairs(), cx)?;
        let passive = if !pks_changed || processor.options().passive_updates {
            Passive::NO_INITIALIZE
        } else {
            Passive::OFF
        } | Passive::INCLUDE_PENDING_MUTATIONS;
        let history = uow.history(instance, processor.slot(instance), passive, cx)?;
        for child in history.added() {
            let how = Registration {
                cancel_delete: true,
                operation: Some(("add", processor.property())),
                ..Registration::default()
            };
            processor.register(uow, child, how, cx)?;
        }
        uow.children_added(processor)
            .extend(history.added().iter().filter_map(Value::address));
        for child in history.deleted() {
            if !delete_orphan {
                if nulls_keys {
                    let how = Registration {
                        operation: Some(("delete", processor.property())),
                        ..Registration::default()
                    };
                    processor.register(uow, child, how, cx)?;
                }
            } else if !processor.has_parent(child) {
                processor.register_orphan(uow, child, cx)?;
            }
        }
        if pks_changed {
            for child in history.unchanged() {
                let how = Registration {
                    list_only: processor.options().passive_updates,
                    operation: Some(("pk change", processor.property())),
                    ..Registration::default()
                };
                processor.register(uow, child, how, cx)?;
            }
        }
    }
    Ok(())
}

/// Unset the children's keys before their parents are deleted.
pub fn process_deletes(
    processor: &Processor,
    uow: &mut UowTransaction,
    instances: &[Rc<Instance>],
    cx: &Cx,
) -> Result<()> {
    let post_update = processor.options().post_update;
    if !post_update && processor.options().passive_deletes == PassiveDeletes::All {
        return Ok(());
    }
    for instance in instances {
        let slot = processor.slot(instance);
        let history = uow.history(instance, slot, processor.delete_passive(), cx)?;
        let parent = [Value::Instance(instance.clone())];
        let mut leaving: Vec<Value> = history
            .deleted()
            .iter()
            .filter(|child| !child.is_none() && !processor.has_parent(child))
            .cloned()
            .collect();
        if post_update || !processor.cascade().delete {
            let added = uow.children_added(processor).clone();
            leaving.extend(
                history
                    .unchanged()
                    .iter()
                    .filter(|child| child.address().is_some_and(|at| !added.contains(&at)))
                    .cloned(),
            );
        }
        for child in &leaving {
            synchronize(processor, uow, instance, child, true, false, cx)?;
            if let (true, Value::Instance(child)) = (post_update, child) {
                processor.post_update(uow, child, &parent, false);
            }
        }
    }
    Ok(())
}

/// Set the children's keys once their parents are saved.
pub fn process_saves(
    processor: &Processor,
    uow: &mut UowTransaction,
    instances: &[Rc<Instance>],
    cx: &Cx,
) -> Result<()> {
    let nulls_keys = !processor.cascade().delete_orphan
        && processor.options().passive_deletes != PassiveDeletes::All;
    for instance in instances {
        let slot = processor.slot(instance);
        let history = uow.history(instance, slot, Passive::NO_INITIALIZE, cx)?;
        for child in history.added() {
            synchronize(processor, uow, instance, child, false, false, cx)?;
            if let (true, Value::Instance(child)) = (processor.options().post_update, child) {
                let parent = [Value::Instance(instance.clone())];
                processor.post_update(uow, child, &parent, false);
            }
        }
        if nulls_keys {
            for child in history.deleted() {
                if !processor.has_parent(child) {
                    synchronize(processor, uow, instance, child, true, false, cx)?;
                }
            }
        }
        let pairs = processor.pairs();
        if sync::source_modified(uow, instance, processor.parent(), pairs, cx)? {
            for child in history.unchanged() {
                synchronize(processor, uow, instance, child, false, true, cx)?;
            }
        }
    }
    Ok(())
}

fn synchronize(
    processor: &Processor,
    uow: &mut UowTransaction,
    parent: &Rc<Instance>,
    child: &Value,
    clear: bool,
    pks_changed: bool,
    cx: &Cx,
) -> Result<()> {
    processor.verify_can_load(child, cx)?;
    let Value::Instance(child) = child else {
        return Ok(());
    };
    if !processor.options().post_update && uow.is_deleted(child) {
        return Ok(());
    }
    let pairs = processor.pairs();
    if clear {
        return sync::clear(child, processor.target(), pairs, cx);
    }
    sync::populate(
        (parent, processor.parent()),
        (child, processor.target()),
        pairs,
        (processor.options().passive_updates && pks_changed).then_some(uow),
        cx,
    )
}
