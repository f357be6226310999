//! What a many-to-one relationship does in a flush.

use std::rc::Rc;

use super::dependency::{Actions, Processor, StateActions};
use super::graph::Action;
use super::transaction::{Registration, UowTransaction};
use crate::object::{Cx, Instance, Result, Value};
use crate::orm::{Passive, PassiveDeletes, state_of, sync};

fn post_update(
    processor: &Processor,
    uow: &mut UowTransaction,
    before_delete: bool,
) -> super::graph::ActionId {
    let base = processor.parent().base_mapper();
    uow.graph.add(Action::PostUpdateAll(base, before_delete))
}

/// The order among all parents and all children.
pub fn order(processor: &Processor, uow: &mut UowTransaction, of: Actions) {
    if processor.options().post_update {
        let after = post_update(processor, uow, false);
        let before = post_update(processor, uow, true);
        uow.graph.edges(&[
            (of.child_saves, of.after_save),
            (of.parent_saves, of.after_save),
            (of.after_save, after),
            (of.after_save, before),
            (of.before_delete, before),
            (before, of.child_deletes),
            (before, of.parent_deletes),
        ]);
    } else {
        uow.graph.edges(&[
            (of.child_saves, of.after_save),
            (of.after_save, of.parent_saves),
            (of.parent_saves, of.child_deletes),
            (of.parent_deletes, of.child_deletes),
        ]);
    }
}

/// The order among one parent and one child.
pub fn order_states(processor: &Processor, uow: &mut UowTransaction, of: StateActions) {
    match (processor.options().post_update, of.is_delete) {
        (true, true) => {
            let before = post_update(processor, uow, true);
            uow.graph.edges(&[
                (of.process, before),
                (before, of.parent),
                (before, of.child),
            ]);
        }
        (true, false) => {
            let after = post_update(processor, uow, false);
            if of.child_is_delete {
                uow.graph.edges(&[(of.process, after), (after, of.child)]);
            } else {
                uow.graph.edges(&[
                    (of.parent, of.process),
                    (of.child, of.process),
                    (of.process, after),
                ]);
            }
        }
        (false, false) => {
            if !of.child_is_delete {
                uow.graph.edge(of.child, of.process);
            }
            uow.graph.edge(of.process, of.parent);
        }
        (false, true) => {
            if of.child_is_delete {
                uow.graph.edge(of.parent, of.child);
            }
        }
    }
}

/// Parents are deleted: with a delete cascade so is what they refer to.
pub fn presort_deletes(
    processor: &Processor,
    uow: &mut UowTransaction,
    instances: &[Rc<Instance>],
    cx: &Cx,
) -> Result<()> {
    let cascade = processor.cascade();
    if !cascade.delete && !cascade.delete_orphan {
        return Ok(());
    }
    for instance in instances {
        let slot = processor.slot(instance);
        let history = uow.history(instance, slot, processor.delete_passive(), cx)?;
        let mut doomed = history.added().to_vec();
        doomed.extend_from_slice(history.unchanged());
        if cascade.delete_orphan {
            doomed.extend_from_slice(history.deleted());
        }
        for child in doomed.iter().filter(|child| !child.is_none()) {
            processor.register_orphan(uow, child, cx)?;
        }
    }
    Ok(())
}

/// Parents are saved: what they no longer refer to may be an orphan.
pub fn presort_saves(
    processor: &Processor,
    uow: &mut UowTransaction,
    instances: &[Rc<Instance>],
    cx: &Cx,
) -> Result<()> {
    for instance in instances {
        let how = Registration {
            operation: Some(("add", processor.property())),
            ..Registration::default()
        };
        uow.register(instance, how, cx)?;
        if !processor.cascade().delete_orphan {
            continue;
        }
        let slot = processor.slot(instance);
        let history = uow.history(instance, slot, processor.delete_passive(), cx)?;
        for child in history.deleted() {
            if !processor.has_parent(child) {
                processor.register_orphan(uow, child, cx)?;
            }
        }
    }
    Ok(())
}

/// With `post_update`, unset the keys of parents that are deleted.
pub fn process_deletes(
    processor: &Processor,
    uow: &mut UowTransaction,
    instances: &[Rc<Instance>],
    cx: &Cx,
) -> Result<()> {
    if !processor.options().post_update
        || processor.cascade().delete_orphan
        || processor.options().passive_deletes == PassiveDeletes::All
    {
        return Ok(());
    }
    for instance in instances {
        synchronize(processor, uow, instance, &Value::None, true, None, cx)?;
        let slot = processor.slot(instance);
        let history = uow.history(instance, slot, processor.delete_passive(), cx)?;
        processor.post_update(uow, instance, &history.sum(), true);
    }
    Ok(())
}

/// Set the parents' keys once what they refer to is saved.
pub fn process_saves(
    processor: &Processor,
    uow: &mut UowTransaction,
    instances: &[Rc<Instance>],
    cx: &Cx,
) -> Result<()> {
    for instance in instances {
        let slot = processor.slot(instance);
        let history = uow.history(instance, slot, Passive::NO_INITIALIZE, cx)?;
        if history.is_empty() {
            continue;
        }
        if !history.added().is_empty() {
            for child in history.added() {
                synchronize(processor, uow, instance, child, false, Some("add"), cx)?;
            }
        } else if !history.deleted().is_empty() {
            let none = Value::None;
            synchronize(processor, uow, instance, &none, true, Some("delete"), cx)?;
        }
        if processor.options().post_update {
            processor.post_update(uow, instance, &history.sum(), false);
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
    operation: Option<&str>,
    cx: &Cx,
) -> Result<()> {
    if !processor.options().post_update && uow.is_deleted(parent) {
        return Ok(());
    }
    if let (Some(operation), Value::Instance(instance)) = (operation, child)
        && !uow.session().contains(instance)
    {
        if let Some(state) = state_of(instance) {
            processor.warn_outside(uow, state, operation, cx);
        }
        return Ok(());
    }
    let pairs = processor.pairs();
    match child {
        Value::Instance(child_instance) if !clear => {
            processor.verify_can_load(child, cx)?;
            sync::populate(
                (child_instance, processor.target()),
                (parent, processor.parent()),
                pairs,
                None,
                cx,
            )
        }
        _ => sync::clear(parent, processor.parent(), pairs, cx),
    }
}
