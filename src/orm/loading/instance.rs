//! One row, one instance: finds it or makes it, and fills what the row has for it.

use std::rc::Rc;

use super::context::{Filling, LoadContext};
use super::plan::{InstancePlan, JoinedPlan, Slots};
use crate::engine::exc::{INVALID_REQUEST_ERROR, SA_WARNING};
use crate::object::exceptions::ASSERTION_ERROR;
use crate::object::{Cx, Instance, Key, Result, Value};
use crate::orm::exc::STALE_DATA_ERROR;
use crate::orm::strategies::{self, LazyOption};
use crate::orm::{Attribute, IdentityKey, InstanceState, append_loaded, instance_events, state_of};

/// The instance that `row` has for `plan`; `None` where its key is NULL.
pub fn load(
    plan: &Rc<InstancePlan>,
    context: &mut LoadContext,
    row: &[Value],
    cx: &Cx,
) -> Result<Option<Rc<Instance>>> {
    load_as(plan, context, row, None, cx)
}

/// The same, where the statement refreshes `refresh`.
pub fn load_as(
    plan: &Rc<InstancePlan>,
    context: &mut LoadContext,
    row: &[Value],
    refresh: Option<&Rc<Instance>>,
    cx: &Cx,
) -> Result<Option<Rc<Instance>>> {
    if let Some(polymorphic) = &plan.polymorphic
        && refresh.is_none()
    {
        let discriminator = row.get(polymorphic.column).unwrap_or(&Value::None);
        return match subclass_plan(plan, discriminator, row, cx)? {
            Found::Own => load_plan(plan, context, row, None, cx),
            Found::Sub(sub) => load_plan(&sub, context, row, None, cx),
            Found::Nothing => Ok(None),
        };
    }
    load_plan(plan, context, row, refresh, cx)
}

enum Found {
    Own,
    Sub(Rc<InstancePlan>),
    Nothing,
}

fn subclass_plan(
    plan: &Rc<InstancePlan>,
    discriminator: &Value,
    row: &[Value],
    cx: &Cx,
) -> Result<Found> {
    let Some(polymorphic) = &plan.polymorphic else {
        return Ok(Found::Own);
    };
    if discriminator.is_none() {
        return match key_of_row(plan, row, &Value::None, cx)? {
            None => Ok(Found::Nothing),
            Some(key) => Err(INVALID_REQUEST_ERROR.error(format!(
                "Row with identity key {} can't be loaded into an object; the polymorphic \
                 discriminator column '{}' is NULL",
                cx.repr(&key.to_value())?,
                discriminator_text(plan)
            ))),
        };
    }
    let key = Key::new(discriminator.clone(), cx)?;
    if let Some(known) = polymorphic.plans.borrow().get(&key) {
        return Ok(known.clone().map_or(Found::Own, Found::Sub));
    }
    let Some(mapper) = plan.mapper.polymorphic_mapper(discriminator, cx)? else {
        return Err(ASSERTION_ERROR.error(format!(
            "No such polymorphic_identity {} is defined",
            cx.repr(discriminator)?
        )));
    };
    let found = if Rc::ptr_eq(&mapper, &plan.mapper) {
        None
    } else if mapper.isa(&plan.mapper) {
        Some((polymorphic.make)(&mapper)?)
    } else {
        return match key_of_row(plan, row, &Value::None, cx)? {
            None => Ok(Found::Nothing),
            Some(key) => Err(INVALID_REQUEST_ERROR.error(format!(
                "Row with identity key {} can't be loaded into an object; the polymorphic \
                 discriminator column '{}' refers to {}, which is not a sub-mapper of the \
                 requested {}",
                cx.repr(&key.to_value())?,
                discriminator_text(plan),
                mapper.describe(cx.compat()),
                plan.mapper.describe(cx.compat())
            ))),
        };
    };
    polymorphic.plans.borrow_mut().insert(key, found.clone());
    Ok(found.map_or(Found::Own, Found::Sub))
}

fn discriminator_text(plan: &InstancePlan) -> String {
    plan.mapper
        .polymorphic_on()
        .map(|column| crate::orm::support::column_text(&column))
        .unwrap_or_default()
}

/// The identity key that `row` has; `None` where it is NULL.
fn key_of_row(
    plan: &InstancePlan,
    row: &[Value],
    token: &Value,
    cx: &Cx,
) -> Result<Option<IdentityKey>> {
    let class = plan.base.class();
    if let [column] = plan.identity.as_slice() {
        return match row.get(*column) {
            None | Some(Value::None) => Ok(None),
            Some(value) => IdentityKey::single(class, value.clone(), token.clone(), cx).map(Some),
        };
    }
    let values: Vec<Value> = plan
        .identity
        .iter()
        .map(|column| row.get(*column).cloned().unwrap_or(Value::None))
        .collect();
    let none = values.iter().filter(|value| value.is_none()).count();
    let partial = plan.mapper.options().allow_partial_pks;
    if none == values.len() || none > 0 && !partial {
        return Ok(None);
    }
    IdentityKey::new(class, values, token.clone(), cx).map(Some)
}

fn load_plan(
    plan: &Rc<InstancePlan>,
    context: &mut LoadContext,
    row: &[Value],
    refresh: Option<&Rc<Instance>>,
    cx: &Cx,
) -> Result<Option<Rc<Instance>>> {
    let number = context.info.number;
    let (instance, made) = if let Some(instance) = refresh {
        (instance.clone(), false)
    } else {
        let none = Value::None;
        let token = context
            .info
            .options
            .identity_token
            .as_ref()
            .unwrap_or(&none);
        let Some(key) = key_of_row(plan, row, token, cx)? else {
            return Ok(None);
        };
        match context.info.session.by_identity(&key) {
            Some(instance) => (instance, false),
            None => (make(plan, context, key, cx)?, true),
        }
    };
    let Some(state) = state_of(&instance) else {
        return Ok(None);
    };
    let is_new = state.run() != number;
    let overwrite = context.info.options.populate_existing
        || plan.mapper.options().always_refresh
        || refresh.is_some();
    if !made && refresh.is_none() && is_new && context.info.options.version_check {
        check_version(plan, &instance, row, cx)?;
    }
    if made || !is_new || overwrite {
        let load = FullLoad {
            plan,
            instance: &instance,
            state,
            made,
            overwrite,
            only: refresh.and(context.info.options.only.clone()),
        };
        load.run(is_new, context, row, cx)?;
        if !plan.post_loads.is_empty() {
            context.add_post_load(plan, &instance, true);
        }
    } else {
        load_partly(plan, &instance, state, context, row, cx)?;
        if !plan.post_loads.is_empty() && context.info.options.invoke_all_eagers {
            context.add_post_load(plan, &instance, false);
        }
    }
    Ok(Some(instance))
}

fn address(instance: &Rc<Instance>) -> usize {
    Rc::as_ptr(instance) as usize
}

fn make(
    plan: &Rc<InstancePlan>,
    context: &LoadContext,
    key: IdentityKey,
    _cx: &Cx,
) -> Result<Rc<Instance>> {
    let instance = Instance::new(plan.mapper.class().clone());
    let state = InstanceState::attach(&instance, &plan.mapper);
    state.set_key(Some(key));
    state.set_session_id(context.info.session.id());
    context.info.session.replace_identity(&instance);
    Ok(instance)
}

/// A row that fills all of an instance: one just made, or one that is overwritten.
struct FullLoad<'a> {
    plan: &'a Rc<InstancePlan>,
    instance: &'a Rc<Instance>,
    state: &'a InstanceState,
    made: bool,
    overwrite: bool,
    only: Option<Rc<[u32]>>,
}

impl FullLoad<'_> {
    fn run(&self, is_new: bool, context: &mut LoadContext, row: &[Value], cx: &Cx) -> Result<()> {
        let slots = &self.plan.slots;
        if !is_new {
            for (slot, column) in &slots.quick {
                if self.instance.with_slot(*slot, Value::is_undefined)
                    && !self.state.is_changed(*slot)
                {
                    set(self.instance, *slot, row, *column);
                }
            }
            return existing(self.plan, self.instance, &|_| true, context, row, cx);
        }
        let run = context.plan_run(self.plan);
        self.state.set_run(context.info.number);
        if !self.overwrite || run.context.is_some() {
            self.state.set_load_context(run.context.clone());
        }
        for (slot, column) in &slots.quick {
            set(self.instance, *slot, row, *column);
        }
        for (slot, on_refresh) in &slots.expire {
            if self.overwrite {
                drop(self.instance.set_slot(*slot, Value::Undefined));
            }
            if *on_refresh {
                self.state.set_slot_expired(*slot, true);
            }
        }
        if has_more(slots) {
            first(self.plan, self.instance, &|_| true, context, row, cx)?;
        }
        if self.made {
            if run.load_event {
                instance_events::fire_load(self.instance, context.info.shown(), cx)?;
            }
            context
                .info
                .session
                .fire_state("loaded_as_persistent", self.instance, cx)?;
        } else if run.refresh_event {
            let only = self.only.as_deref();
            instance_events::fire_refresh(self.instance, context.info.shown(), only, cx)?;
        }
        if self.overwrite || self.state.is_modified() {
            if let Some(only) = &self.only {
                self.state.commit(self.instance, only.iter().copied());
            } else {
                context.info.session.release_modified(self.instance);
                self.state.commit_all(self.instance);
            }
        }
        Ok(())
    }
}

fn set(instance: &Instance, slot: u32, row: &[Value], column: usize) {
    let value = row.get(column).cloned().unwrap_or(Value::None);
    drop(instance.set_slot(slot, value));
}

/// Whether there is more to fill than columns.
fn has_more(slots: &Slots) -> bool {
    !(slots.deferred.is_empty()
        && slots.lazy.is_empty()
        && slots.reset.is_empty()
        && slots.empty.is_empty()
        && slots.joined.is_empty()
        && slots.subquery.is_empty())
}

/// What relationships get from the first row of an instance.
fn first(
    plan: &Rc<InstancePlan>,
    instance: &Rc<Instance>,
    wanted: &dyn Fn(u32) -> bool,
    context: &mut LoadContext,
    row: &[Value],
    cx: &Cx,
) -> Result<()> {
    let Some(state) = state_of(instance) else {
        return Ok(());
    };
    let slots = &plan.slots;
    for (slot, raises) in slots.deferred.iter().filter(|(slot, _)| wanted(*slot)) {
        let option = LazyOption::Column { raises: *raises };
        state.set_slot_loader(*slot, Some(Rc::new(option)));
    }
    for (slot, property, element) in slots.lazy.iter().filter(|(slot, ..)| wanted(*slot)) {
        let option = LazyOption::relationship(property, element);
        drop(instance.set_slot(*slot, Value::Undefined));
        state.set_slot_loader(*slot, Some(Rc::new(option)));
    }
    for slot in slots.reset.iter().filter(|slot| wanted(**slot)) {
        crate::orm::support::invalidate_slot(instance, *slot);
        state.set_slot_expired(*slot, false);
        state.set_slot_loader(*slot, None);
    }
    for (slot, uselist) in slots.empty.iter().filter(|(slot, _)| wanted(*slot)) {
        let value = match (uselist, plan.mapper.attribute_at(*slot)) {
            (true, Some(attribute)) => collection(&attribute, instance, cx)?,
            _ => Value::None,
        };
        drop(instance.set_slot(*slot, value));
    }
    for joined in slots.joined.iter().filter(|joined| wanted(joined.slot)) {
        if joined.uselist {
            fill_collection(joined, instance, true, context, row, cx)?;
        } else {
            let related = load(&joined.target, context, row, cx)?;
            let value = related.map_or(Value::None, Value::Instance);
            drop(instance.set_slot(joined.slot, value));
        }
    }
    for (slot, property, columns, element) in slots.subquery.iter().filter(|(s, ..)| wanted(*s)) {
        let collected =
            strategies::subquery_collected(plan, property, *slot, element.as_ref(), context, cx)?;
        let key: Vec<Value> = columns
            .iter()
            .map(|column| row.get(*column).cloned().unwrap_or(Value::None))
            .collect();
        strategies::set_collected(instance, *slot, property, collected.get(&key, cx)?, cx)?;
    }
    Ok(())
}

/// What relationships get from a further row of an instance.
fn existing(
    plan: &Rc<InstancePlan>,
    instance: &Rc<Instance>,
    wanted: &dyn Fn(u32) -> bool,
    context: &mut LoadContext,
    row: &[Value],
    cx: &Cx,
) -> Result<()> {
    for joined in plan
        .slots
        .joined
        .iter()
        .filter(|joined| wanted(joined.slot))
    {
        if joined.uselist {
            fill_collection(joined, instance, false, context, row, cx)?;
            continue;
        }
        let related = load(&joined.target, context, row, cx)?;
        let related = related.map_or(Value::None, Value::Instance);
        let held = instance.slot(joined.slot);
        if held.is_undefined() {
            drop(instance.set_slot(joined.slot, related));
        } else if !held.is(&related) {
            cx.warn(
                &SA_WARNING,
                &format!(
                    "Multiple rows returned with uselist=False for eagerly-loaded attribute \
                     '{}' ",
                    joined.property
                ),
            );
        }
    }
    Ok(())
}

/// How many members of a collection are looked through before they are looked up.
const LINEAR: usize = 8;

fn fill_collection(
    joined: &JoinedPlan,
    instance: &Rc<Instance>,
    start: bool,
    context: &mut LoadContext,
    row: &[Value],
    cx: &Cx,
) -> Result<()> {
    let key = (address(instance), joined.slot);
    let attribute = state_of(instance).and_then(|state| state.mapper().attribute_at(joined.slot));
    let Some(attribute) = attribute else {
        return Ok(());
    };
    if start || !context.filling.contains_key(&key) {
        let made = collection(&attribute, instance, cx)?;
        drop(instance.set_slot(joined.slot, made.clone()));
        let filling = Filling {
            collection: made,
            seen: Vec::new(),
            index: None,
        };
        context.filling.insert(key, filling);
    }
    let Some(related) = load(&joined.target, context, row, cx)? else {
        return Ok(());
    };
    let Some(filling) = context.filling.get_mut(&key) else {
        return Ok(());
    };
    let at = address(&related);
    let known = match &mut filling.index {
        Some(index) => !index.insert(at),
        None => filling.seen.contains(&at),
    };
    if known {
        return Ok(());
    }
    if filling.index.is_none() {
        filling.seen.push(at);
        if filling.seen.len() > LINEAR {
            filling.index = Some(filling.seen.iter().copied().collect());
        }
    }
    let collection = filling.collection.clone();
    append_loaded(&attribute, &collection, Value::Instance(related), cx)
}

fn collection(attribute: &Rc<Attribute>, owner: &Rc<Instance>, cx: &Cx) -> Result<Value> {
    match attribute.collection_factory() {
        Some(factory) => factory.make(attribute, owner, cx),
        None => Ok(Value::None),
    }
}

/// A row of an instance that was known before: what it lacks is filled.
fn load_partly(
    plan: &Rc<InstancePlan>,
    instance: &Rc<Instance>,
    state: &InstanceState,
    context: &mut LoadContext,
    row: &[Value],
    cx: &Cx,
) -> Result<()> {
    let at = address(instance);
    let unloaded =
        |slot: u32| instance.with_slot(slot, Value::is_undefined) && !state.is_changed(slot);
    let known = context.partials.get(&at).cloned();
    let is_new = known.is_none();
    let attributes = plan.mapper.attributes();
    let lacks = attributes
        .iter()
        .any(|attribute| unloaded(attribute.slot()));
    let eager = !(plan.slots.joined.is_empty() && plan.slots.subquery.is_empty())
        && context.info.options.invoke_all_eagers;
    if is_new && !lacks && !eager {
        return Ok(());
    }
    let to_load: Rc<[u32]> = if let Some(known) = known {
        known
    } else {
        let slots = state.mapper().attributes();
        let lacking = slots
            .iter()
            .map(|one| one.slot())
            .filter(|slot| unloaded(*slot));
        let lacking: Rc<[u32]> = lacking.collect();
        context.partials.insert(at, lacking.clone());
        lacking
    };
    let wanted = |slot: u32| to_load.contains(&slot);
    for (slot, column) in &plan.slots.quick {
        if wanted(*slot) && (is_new || unloaded(*slot)) {
            set(instance, *slot, row, *column);
        }
    }
    if is_new {
        for (slot, on_refresh) in &plan.slots.expire {
            if wanted(*slot) && *on_refresh {
                state.set_slot_expired(*slot, true);
            }
        }
        first(plan, instance, &wanted, context, row, cx)?;
    } else {
        existing(plan, instance, &wanted, context, row, cx)?;
    }
    if context.info.options.invoke_all_eagers {
        for joined in plan
            .slots
            .joined
            .iter()
            .filter(|joined| !wanted(joined.slot))
        {
            load(&joined.target, context, row, cx)?;
        }
        // The targets of a subquery load are fetched for an instance that has its collection too.
        let subqueries = plan.slots.subquery.iter();
        for (slot, property, _, element) in subqueries.filter(|(slot, ..)| !wanted(*slot)) {
            strategies::subquery_collected(plan, property, *slot, element.as_ref(), context, cx)?;
        }
    }
    if is_new {
        let run = context.plan_run(plan);
        if run.refresh_event {
            let shown = context.info.shown();
            instance_events::fire_refresh(instance, shown, Some(&to_load), cx)?;
        }
        state.commit(instance, to_load.iter().copied());
    }
    Ok(())
}

fn check_version(
    plan: &InstancePlan,
    instance: &Rc<Instance>,
    row: &[Value],
    cx: &Cx,
) -> Result<()> {
    let (Some(column), Some(version)) = (plan.version, plan.mapper.version_id()) else {
        return Ok(());
    };
    let Some(slot) = plan.mapper.column_slot(&version) else {
        return Ok(());
    };
    let (held, loaded) = (instance.slot(slot), row.get(column).unwrap_or(&Value::None));
    if held.is_undefined() || cx.eq(&held, loaded)? {
        return Ok(());
    }
    let describe = state_of(instance).map(InstanceState::describe);
    Err(STALE_DATA_ERROR.error(format!(
        "Instance '{}' has version id '{}' which does not match database-loaded version id \
         '{}'.",
        describe.unwrap_or_default(),
        cx.str(&held)?,
        cx.str(loaded)?
    )))
}
