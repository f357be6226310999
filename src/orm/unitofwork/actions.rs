//! What each action of a flush does, and how it is cut into actions on single objects.

use std::rc::Rc;

use super::graph::{Action, ActionId};
use super::transaction::UowTransaction;
use crate::object::{Cx, Instance, Result};
use crate::orm::{Mapper, persistence, state_of};

/// Run one action.
pub fn run(uow: &mut UowTransaction, id: ActionId, cx: &Cx) -> Result<()> {
    run_group(uow, vec![id], cx)
}

/// Run actions of one kind on several objects as one.
pub fn run_group(uow: &mut UowTransaction, group: Vec<ActionId>, cx: &Cx) -> Result<()> {
    let Some(first) = group.first() else {
        return Ok(());
    };
    let first = uow.graph.action(*first).clone();
    let instances: Vec<Rc<Instance>> = group
        .iter()
        .filter_map(|id| match uow.graph.action(*id) {
            Action::SaveState(_, instance)
            | Action::DeleteState(_, instance)
            | Action::ProcessState(_, _, instance) => Some(instance.clone()),
            _ => None,
        })
        .collect();
    match first {
        Action::SaveAll(mapper) => {
            let instances = uow.states_of_hierarchy(&mapper, false);
            uow.save(&mapper, &instances, cx)
        }
        Action::DeleteAll(mapper) => {
            let instances = uow.states_of_hierarchy(&mapper, true);
            uow.delete(&mapper, &instances, cx)
        }
        Action::PostUpdateAll(mapper, before_delete) => {
            let (instances, columns) = uow.post_updates(&mapper, before_delete);
            persistence::post_update(&mapper, &instances, &columns, uow, cx)
        }
        Action::ProcessAll(processor, is_delete) => {
            let mappers = processor.mappers(!processor.is_key_switch());
            let instances = uow.states_of_mappers(&mappers, is_delete);
            processor.process(uow, &instances, is_delete, cx)
        }
        Action::ProcessState(processor, is_delete, _) => {
            processor.process(uow, &instances, is_delete, cx)
        }
        Action::SaveState(mapper, _) => uow.save(&mapper, &instances, cx),
        Action::DeleteState(mapper, _) => {
            let instances: Vec<_> = instances
                .into_iter()
                .filter(|one| uow.is_deleted(one))
                .collect();
            uow.delete(&mapper, &instances, cx)
        }
    }
}

/// Cut an action on a cycle into actions on single objects; answers those.
pub fn split(uow: &mut UowTransaction, id: ActionId, cx: &Cx) -> Result<Vec<ActionId>> {
    let (mapper, is_delete) = match uow.graph.action(id).clone() {
        Action::SaveAll(mapper) => (mapper, false),
        Action::DeleteAll(mapper) => (mapper, true),
        _ => return Ok(Vec::new()),
    };
    let base = mapper.base_mapper();
    let instances = uow.states_of_hierarchy(&mapper, is_delete);
    let mut parts = Vec::with_capacity(instances.len());
    for instance in &instances {
        if is_delete {
            let saves = uow.graph.add(Action::SaveAll(base.clone()));
            let part = uow
                .graph
                .add(Action::DeleteState(base.clone(), instance.clone()));
            uow.graph.edge(saves, part);
            parts.push(part);
        } else {
            let deletes = uow.graph.add(Action::DeleteAll(base.clone()));
            let part = uow
                .graph
                .add(Action::SaveState(base.clone(), instance.clone()));
            uow.graph.edge(part, deletes);
            parts.push(part);
        }
    }
    for processor in uow.processors_of(&base) {
        let own: Vec<_> = instances
            .iter()
            .filter(|one| belongs(one, &processor.mappers(true)))
            .cloned()
            .collect();
        processor.add_state_actions(uow, &own, is_delete, cx)?;
    }
    Ok(parts)
}

fn belongs(instance: &Rc<Instance>, mappers: &[Rc<Mapper>]) -> bool {
    state_of(instance).is_some_and(|state| {
        mappers
            .iter()
            .any(|mapper| Rc::ptr_eq(mapper, state.mapper()))
    })
}
