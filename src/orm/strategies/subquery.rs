//! Subquery loading: the targets by a SELECT that repeats the parents' own as a subquery.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::joined::describe_path;
use crate::engine::ExecutionOptions;
use crate::engine::echo::{Cause, because};
use crate::object::{Cx, Instance, Key, Result, Str, Value};
use crate::orm::compile_state::CompileOptions;
use crate::orm::loading::{InstancePlan, LoadContext, LoadOptions};
use crate::orm::path::PathItem;
use crate::orm::strategy_options::LoadElement;
use crate::orm::{
    AliasedEntity, InstrumentedAttribute, MappedEntity, MapperProperty, set_committed, state_of,
};
use crate::sql::{ColumnElement, FromItem, JoinTarget, LabelStyle, Select, SelectItem, SetupJoin};

/// The targets that a subquery load fetched, by the parents' key.
#[derive(Default)]
pub struct Collected(FxHashMap<Key, Vec<Value>>);

impl Collected {
    /// The targets of the parent with `key`.
    pub fn get(&self, key: &[Value], cx: &Cx) -> Result<Vec<Value>> {
        let key = Key::new(Value::tuple(key.to_vec()), cx)?;
        Ok(self.0.get(&key).cloned().unwrap_or_default())
    }
}

/// The targets of a relationship for all parents of a run, fetched at the first use.
pub fn subquery_collected(
    plan: &Rc<InstancePlan>,
    property: &Rc<MapperProperty>,
    slot: u32,
    element: Option<&Rc<LoadElement>>,
    context: &mut LoadContext,
    cx: &Cx,
) -> Result<Rc<Collected>> {
    let key = (Rc::as_ptr(plan) as usize, slot);
    if let Some(known) = context.subqueries.get(&key) {
        return Ok(known.clone());
    }
    let _cause = because(
        Cause::EagerLoad {
            strategy: Str::new("subquery"),
            attribute: Str::from(describe_path(&plan.path.property(property))),
        },
        cx,
    );
    let collected = Rc::new(subquery_load(plan, property, element, context, cx)?);
    context.subqueries.insert(key, collected.clone());
    Ok(collected)
}

/// The path from the statement's own entity, and the statement.
struct Origin {
    select: Select,
    steps: Vec<(MappedEntity, Rc<MapperProperty>)>,
}

fn origin(plan: &InstancePlan, property: &Rc<MapperProperty>, context: &LoadContext) -> Origin {
    let known = CompileOptions::of(context.info.select.data()).subquery_origin;
    let (select, mut steps) = match known {
        Some(origin) => (origin.select.clone(), origin.steps.clone()),
        None => (context.info.select.clone(), Vec::new()),
    };
    let mut entity = None;
    for item in plan.path.items() {
        match item {
            PathItem::Entity(one) => entity = Some(one.clone()),
            PathItem::Property(one) => {
                if let Some(entity) = entity.take() {
                    steps.push((entity, one.clone()));
                }
            }
            _ => {}
        }
    }
    let last = entity.unwrap_or_else(|| MappedEntity::Mapper(plan.mapper.clone()));
    steps.push((last, property.clone()));
    Origin { select, steps }
}

/// What a nested subquery load starts from.
pub struct SubqueryOrigin {
    /// The statement of the application.
    pub select: Select,
    /// The relationships from its entity.
    pub steps: Vec<(MappedEntity, Rc<MapperProperty>)>,
}

/// Fetch the targets for all parents.
pub fn subquery_load(
    plan: &Rc<InstancePlan>,
    property: &Rc<MapperProperty>,
    element: Option<&Rc<LoadElement>>,
    context: &LoadContext,
    cx: &Cx,
) -> Result<Collected> {
    let Some(relationship) = property.relationship() else {
        return Ok(Collected::default());
    };
    let origin = origin(plan, property, context);
    let Some((lead, first)) = origin.steps.first().cloned() else {
        return Ok(Collected::default());
    };
    let left = left_alias(&origin.select, &lead, &first, cx)?;
    let path = context.info.plan.current_path.join(&plan.path);
    let target = match context
        .info
        .plan
        .loaders
        .target(&plan.path.property(property))
    {
        Some(target) => target.clone(),
        None => relationship.entity(cx)?.clone(),
    };
    let mut joins = Vec::new();
    let mut parent = MappedEntity::Aliased(left.clone());
    let count = origin.steps.len();
    for (at, (_, step)) in origin.steps.iter().enumerate() {
        let next = if at + 1 == count {
            target.clone()
        } else {
            let Some(mapper) = step.target(cx)? else {
                continue;
            };
            MappedEntity::Aliased(crate::orm::support::anonymous_alias(&mapper, cx)?)
        };
        let attribute =
            InstrumentedAttribute::of_entity(parent.clone(), step).with_type(next.clone());
        joins.push(SetupJoin {
            target: JoinTarget::Attribute(Value::object(attribute)),
            onclause: None,
            left: None,
            isouter: false,
            full: false,
            legacy: None,
        });
        if at + 1 < count {
            parent = next;
        }
    }
    let local = relationship
        .join()
        .map_or(&[][..], |join| &join.local_columns);
    let mut items = vec![SelectItem::Entity(target.entity())];
    for column in local {
        items.push(SelectItem::Column(adapt(&parent, column, cx)?));
    }
    let compile = CompileOptions {
        current_path: path.property(property),
        criteria: false,
        outermost_order: Some(property.clone()),
        subquery_origin: Some(Rc::new(SubqueryOrigin {
            select: origin.select.clone(),
            steps: origin.steps.clone(),
        })),
        ..CompileOptions::default()
    };
    let extra = element.map_or_else(Vec::new, |element| element.criteria.clone());
    let select = crate::orm::support::select_of(items, cx)?.with(|data| {
        data.label_style = LabelStyle::TablenamePlusCol;
        data.from_obj = vec![FromItem::Entity(MappedEntity::Aliased(left).entity())];
        data.setup_joins = joins;
        data.where_criteria = extra;
        data.options = context.info.all_options();
        data.compile_options = Some(Rc::new(compile));
        data.subject = Some(target.entity());
    });
    collect(&select, context, cx)
}

fn adapt(entity: &MappedEntity, column: &ColumnElement, cx: &Cx) -> Result<ColumnElement> {
    match entity {
        MappedEntity::Mapper(_) => Ok(column.plain().clone()),
        MappedEntity::Aliased(alias) => alias.adapt(column, cx),
    }
}

/// The statement as a subquery of the lead entity's key columns, as an alias of the entity.
fn left_alias(
    select: &Select,
    lead: &MappedEntity,
    first: &Rc<MapperProperty>,
    cx: &Cx,
) -> Result<Rc<AliasedEntity>> {
    let Some(relationship) = first.relationship() else {
        return crate::orm::support::anonymous_alias(lead.mapper(), cx);
    };
    let local = relationship
        .join()
        .map_or(&[][..], |join| &join.local_columns);
    let mut columns = Vec::new();
    for column in local {
        let key = lead
            .mapper()
            .column_prop(column)
            .map_or_else(|| Str::new(""), |property| property.key());
        columns.push(lead.annotate_column(column.plain(), Some(&key), cx)?);
    }
    let distinct = match relationship.options.distinct_target_key {
        Some(distinct) => distinct,
        None => !lead
            .mapper()
            .primary_key()
            .iter()
            .all(|key| columns.iter().any(|column| column.same(key))),
    };
    let from = select.data().from_obj.is_empty().then(|| {
        select
            .data()
            .raw_columns
            .iter()
            .filter_map(|item| match item {
                SelectItem::Entity(entity) => Some(FromItem::Entity(entity.clone())),
                _ => None,
            })
            .collect::<Vec<_>>()
    });
    let inner = select.with(|data| {
        if let Some(from) = from {
            data.from_obj = from;
        }
        data.raw_columns = columns.into_iter().map(SelectItem::Column).collect();
        data.distinct |= distinct;
        if data.limit.is_none() && data.offset.is_none() && data.fetch.is_none() {
            data.order_by = Vec::new();
        }
        data.options = Vec::new();
        data.label_style = LabelStyle::TablenamePlusCol;
        data.compile_options = None;
        data.correlate = Some(Vec::new());
    });
    let from = crate::orm::support::subquery_of(&inner, cx)?;
    crate::orm::support::alias_over(lead.mapper(), from, cx)
}

fn collect(select: &Select, context: &LoadContext, cx: &Cx) -> Result<Collected> {
    let options = LoadOptions {
        populate_existing: context.info.options.populate_existing,
        invoke_all_eagers: true,
        post_loads: None,
        ..LoadOptions::default()
    };
    let mut parameters = Vec::new();
    if let Value::Dict(given) = &context.info.parameters {
        for (key, value) in given.borrow().iter() {
            if let Some(name) = key.value().as_str() {
                parameters.push((Str::new(name), value.clone()));
            }
        }
    }
    let none = ExecutionOptions::none();
    let result = context
        .info
        .session
        .load(select, parameters, options, &none, cx)?;
    result.unique(None);
    let mut collected = Collected::default();
    let mut row = Vec::new();
    while result.fetch_raw(&mut row, cx)? {
        let mut values = row.drain(..);
        let Some(target) = values.next() else {
            continue;
        };
        let key = Key::new(Value::tuple(values.collect()), cx)?;
        let members = collected.0.entry(key).or_default();
        if !members.iter().any(|known| known.is(&target)) {
            members.push(target);
        }
    }
    Ok(collected)
}

/// Give `instance` what was fetched for it.
pub fn set_collected(
    instance: &Rc<Instance>,
    slot: u32,
    property: &Rc<MapperProperty>,
    mut members: Vec<Value>,
    cx: &Cx,
) -> Result<()> {
    let Some(attribute) = state_of(instance).and_then(|state| state.mapper().attribute_at(slot))
    else {
        return Ok(());
    };
    let uselist = property
        .relationship()
        .is_some_and(crate::orm::RelationshipProperty::uselist);
    if uselist {
        return set_committed(&attribute, instance, Value::list(members), cx);
    }
    if members.len() > 1 {
        cx.warn(
            &crate::engine::exc::SA_WARNING,
            &format!(
                "Multiple rows returned with uselist=False for eagerly-loaded attribute \
                 '{property}' "
            ),
        );
    }
    members.truncate(1);
    let value = members.pop().unwrap_or(Value::None);
    set_committed(&attribute, instance, value, cx)
}
