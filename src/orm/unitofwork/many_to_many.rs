//! What a many-to-many relationship does in a flush: the rows of its secondary table.

use std::rc::Rc;

use super::dependency::{Actions, Processor, StateActions};
use super::transaction::UowTransaction;
use crate::object::{Cx, Instance, Result, Value};
use crate::orm::persistence::secondary::{self, SecondaryRows};
use crate::orm::{Passive, PassiveDeletes, state_of, sync};

/// The order among all parents and all children.
pub fn order(uow: &mut UowTransaction, of: Actions) {
    uow.graph.edges(&[
        (of.parent_saves, of.after_save),
        (of.child_saves, of.after_save),
        (of.after_save, of.child_deletes),
        (of.before_delete, of.parent_saves),
        (of.before_delete, of.parent_deletes),
        (of.before_delete, of.child_deletes),
        (of.before_delete, of.child_saves),
    ]);
}

/// The order among one parent and one child.
pub fn order_states(uow: &mut UowTransaction, of: StateActions) {
    if of.is_delete {
        uow.graph
            .edges(&[(of.process, of.child), (of.process, of.parent)]);
        return;
    }
    uow.graph.edge(of.parent, of.process);
    if of.child_is_delete {
        uow.graph.edge(of.process, of.child);
    } else {
        uow.graph.edge(of.child, of.process);
    }
}

/// Parents are deleted: load what they are associated with.
pub fn presort_deletes(
    processor: &Processor,
    uow: &mut UowTransaction,
    instances: &[Rc<Instance>],
    cx: &Cx,
) -> Result<()> {
    if processor.options().passive_deletes == PassiveDeletes::No {
        for instance in instances {
            let slot = processor.slot(instance);
            uow.history(instance, slot, Passive::OFF, cx)?;
        }
    }
    Ok(())
}

/// Parents are saved: what left them may be an orphan.
pub fn presort_saves(
    processor: &Processor,
    uow: &mut UowTransaction,
    instances: &[Rc<Instance>],
    cx: &Cx,
) -> Result<()> {
    if !processor.options().passive_updates {
        for instance in instances {
            let pairs = processor.pairs();
            if sync::source_modified(uow, instance, processor.parent(), pairs, cx)? {
                uow.history(instance, processor.slot(instance), Passive::OFF, cx)?;
            }
        }
    }
    if !processor.cascade().delete_orphan {
        return Ok(());
    }
    for instance in instances {
        let slot = processor.slot(instance);
        let history = uow.history(instance, slot, Passive::NO_INITIALIZE, cx)?;
        for child in history.deleted() {
            if !processor.has_parent(child) {
                processor.register_orphan(uow, child, cx)?;
            }
        }
    }
    Ok(())
}

/// Collect and write the rows of `instances`.
pub fn process(
    processor: &Processor,
    uow: &mut UowTransaction,
    instances: &[Rc<Instance>],
    is_delete: bool,
    cx: &Cx,
) -> Result<()> {
    let mut rows = SecondaryRows::default();
    let reversed = processor.reversed_keys();
    let mut handled = Vec::new();
    for instance in instances {
        if is_delete {
            let slot = processor.slot(instance);
            let history = uow.history(instance, slot, processor.delete_passive(), cx)?;
            for part in [history.unchanged(), history.deleted()] {
                for child in part {
                    let pair = Pair {
                        processor,
                        parent: instance,
                        child,
                    };
                    pair.collect(uow, reversed.as_ref(), "delete", &mut rows.deletes, cx)?;
                    handled.extend(pair.handled());
                }
            }
        } else {
            collect_saved(
                processor,
                uow,
                instance,
                reversed.as_ref(),
                &mut rows,
                &mut handled,
                cx,
            )?;
        }
    }
    if let Some(keys) = reversed {
        uow.reversed(keys).extend(handled);
    }
    secondary::write(processor, uow, &rows, cx)
}

fn collect_saved(
    processor: &Processor,
    uow: &mut UowTransaction,
    instance: &Rc<Instance>,
    reversed: Option<&Vec<crate::object::Str>>,
    rows: &mut SecondaryRows,
    handled: &mut Vec<(usize, usize)>,
    cx: &Cx,
) -> Result<()> {
    let pairs = processor.pairs();
    let cascades_pks = !processor.options().passive_updates
        && sync::source_modified(uow, instance, processor.parent(), pairs, cx)?;
    let passive = if cascades_pks {
        Passive::OFF
    } else {
        Passive::NO_INITIALIZE
    } | Passive::INCLUDE_PENDING_MUTATIONS;
    let history = uow.history(instance, processor.slot(instance), passive, cx)?;
    for (part, operation) in [(history.added(), "add"), (history.deleted(), "delete")] {
        for child in part {
            let pair = Pair {
                processor,
                parent: instance,
                child,
            };
            let into = if operation == "add" {
                &mut rows.inserts
            } else {
                &mut rows.deletes
            };
            pair.collect(uow, reversed, operation, into, cx)?;
            handled.extend(pair.handled());
        }
    }
    if cascades_pks {
        for child in history.unchanged() {
            if let Value::Instance(child) = child {
                let parent_row =
                    sync::read_pairs_with_old(instance, processor.parent(), pairs, cx)?;
                let child_row = sync::read_pairs_with_old(
                    child,
                    processor.target(),
                    processor.secondary_pairs(),
                    cx,
                )?;
                rows.updates.push([parent_row, child_row].concat());
            }
        }
    }
    Ok(())
}

/// A parent and one of its children, for one row of the secondary table.
struct Pair<'a> {
    processor: &'a Processor,
    parent: &'a Rc<Instance>,
    child: &'a Value,
}

impl Pair<'_> {
    /// The pair as the reverse side would meet it.
    fn handled(&self) -> Option<(usize, usize)> {
        Some((self.child.address()?, Rc::as_ptr(self.parent) as usize))
    }
    /// Add the row of the pair, unless the reverse side took care of it.
    fn collect(
        &self,
        uow: &mut UowTransaction,
        reversed: Option<&Vec<crate::object::Str>>,
        operation: &str,
        rows: &mut Vec<secondary::Row>,
        cx: &Cx,
    ) -> Result<()> {
        let Some(at) = self.child.address() else {
            return self.processor.verify_can_load(self.child, cx);
        };
        let parent = Rc::as_ptr(self.parent) as usize;
        if let Some(keys) = reversed
            && uow.reversed(keys.clone()).contains(&(parent, at))
        {
            return Ok(());
        }
        self.processor.verify_can_load(self.child, cx)?;
        let Value::Instance(child) = self.child else {
            return Ok(());
        };
        if !uow.session().contains(child) {
            if let Some(state) = state_of(child).filter(|state| !state.is_deleted()) {
                self.processor.warn_outside(uow, state, operation, cx);
            }
            return Ok(());
        }
        let mut row = sync::read_pairs(
            self.parent,
            self.processor.parent(),
            self.processor.pairs(),
            cx,
        )?;
        row.extend(sync::read_pairs(
            child,
            self.processor.target(),
            self.processor.secondary_pairs(),
            cx,
        )?);
        rows.push(row);
        Ok(())
    }
}
