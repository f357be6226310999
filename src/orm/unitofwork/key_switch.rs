//! `DetectKeySwitch`: many-to-one relationships without a reverse side follow changes of the
//! primary key they refer to.

use std::rc::Rc;

use super::dependency::Processor;
use super::graph::Action;
use super::transaction::{Registration, UowTransaction};
use crate::object::{Cx, Instance, Result, Value};
use crate::orm::{Held, Passive, state_of, sync};

/// The parents are looked at once the targets are saved.
pub fn add_actions(processor: &Processor, uow: &mut UowTransaction) {
    let base = processor.parent().base_mapper();
    let saves = uow.graph.add(Action::SaveAll(base));
    let process = uow.process_all(processor, false);
    uow.graph.edge(saves, process);
}

/// Where the database does not cascade the change, the parents are flushed too.
pub fn presort_saves(
    processor: &Processor,
    uow: &mut UowTransaction,
    instances: &[Rc<Instance>],
    cx: &Cx,
) -> Result<()> {
    if processor.options().passive_updates {
        return Ok(());
    }
    process(processor, uow, instances, cx)
}

/// Whether a primary key changed.
pub fn has_changes(
    processor: &Processor,
    uow: &mut UowTransaction,
    instances: &[Rc<Instance>],
    is_delete: bool,
    cx: &Cx,
) -> Result<bool> {
    if is_delete || !processor.options().passive_updates {
        return Ok(false);
    }
    sort_out(processor, uow, instances, cx)?;
    Ok(!uow.key_switchers(processor).0.is_empty())
}

fn sort_out(
    processor: &Processor,
    uow: &mut UowTransaction,
    instances: &[Rc<Instance>],
    cx: &Cx,
) -> Result<()> {
    for instance in instances {
        let at = Rc::as_ptr(instance) as usize;
        let (switched, others) = uow.key_switchers(processor);
        if switched.contains(&at) || others.contains(&at) {
            continue;
        }
        let pairs = processor.pairs();
        let changed = state_of(instance).is_some_and(crate::orm::InstanceState::has_identity)
            && sync::source_modified(uow, instance, processor.target(), pairs, cx)?;
        let (switched, others) = uow.key_switchers(processor);
        if changed {
            switched.insert(at);
        } else {
            others.insert(at);
        }
    }
    Ok(())
}

/// Give the parents in the session the new keys.
pub fn process(
    processor: &Processor,
    uow: &mut UowTransaction,
    instances: &[Rc<Instance>],
    cx: &Cx,
) -> Result<()> {
    sort_out(processor, uow, instances, cx)?;
    let switched = uow.key_switchers(processor).0.clone();
    if switched.is_empty() {
        return Ok(());
    }
    let passive = if processor.options().passive_updates {
        Passive::NO_INITIALIZE
    } else {
        Passive::OFF
    };
    for parent in uow.session().identity_instances() {
        if !parent.class().is_subclass(processor.parent().class()) {
            continue;
        }
        let Some(attribute) = processor.attribute(&parent) else {
            continue;
        };
        let Held::Value(Value::Instance(related)) = attribute.get(&parent, passive, cx)? else {
            continue;
        };
        if !switched.contains(&(Rc::as_ptr(&related) as usize)) {
            continue;
        }
        let how = Registration {
            list_only: processor.options().passive_updates,
            ..Registration::default()
        };
        uow.register(&parent, how, cx)?;
        let flag = processor.options().passive_updates;
        sync::populate(
            (&related, processor.target()),
            (&parent, processor.parent()),
            processor.pairs(),
            flag.then_some(&mut *uow),
            cx,
        )?;
    }
    Ok(())
}
