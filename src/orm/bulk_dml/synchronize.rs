//! ORM UPDATE and DELETE by criteria, and what they do to the objects in the session.

use std::rc::Rc;

use super::evaluator::{Evaluated, Evaluator};
use crate::engine::exc::{ARGUMENT_ERROR, INVALID_REQUEST_ERROR};
use crate::engine::{ExecutionOptions, ResultSet, ValueRows};
use crate::object::{Cx, Instance, Result, Str, Value};
use crate::orm::session::{ExecuteCall, Session};
use crate::orm::{IdentityKey, InstanceState, MappedEntity, Mapper, state_of};
use crate::sql::dml::{Delete, DmlKey, DmlValue, Update};
use crate::sql::execution::DmlContext;
use crate::sql::{ColumnElement, Executable, LabelStyle, SelectItem};

/// `synchronize_session=`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Synchronize {
    No,
    Evaluate,
    Fetch,
    Auto,
}

fn synchronize(options: &ExecutionOptions, cx: &Cx) -> Result<Synchronize> {
    let modern = cx.compat().is_20();
    match options.get("synchronize_session") {
        None if modern => Ok(Synchronize::Auto),
        None => Ok(Synchronize::Evaluate),
        Some(Value::Bool(false)) => Ok(Synchronize::No),
        Some(Value::Str(text)) if text.as_str() == "evaluate" => Ok(Synchronize::Evaluate),
        Some(Value::Str(text)) if text.as_str() == "fetch" => Ok(Synchronize::Fetch),
        Some(Value::Str(text)) if text.as_str() == "auto" && modern => Ok(Synchronize::Auto),
        Some(_) => Err(ARGUMENT_ERROR.error(if modern {
            "Valid strategies for session synchronization are 'auto', 'evaluate', 'fetch', False"
        } else {
            "Valid strategies for session synchronization are 'evaluate', 'fetch', False"
        })),
    }
}

/// The objects that criteria find in memory.
struct Matched {
    /// Those that match.
    objects: Vec<Rc<Instance>>,
    /// Those that can't be told, because they are expired.
    unknown: Vec<Rc<Instance>>,
}

/// A statement by criteria.
struct ByCriteria<'a> {
    session: &'a Session,
    mapper: &'a Rc<Mapper>,
    criteria: Vec<ColumnElement>,
    options: &'a ExecutionOptions,
    call: &'a ExecuteCall,
    cx: &'a Cx,
}

impl ByCriteria<'_> {
    /// The criterion of single-table inheritance, and those of loader options.
    fn extra(&self, given: &[Value]) -> Result<Vec<ColumnElement>> {
        let entity = MappedEntity::Mapper(self.mapper.clone());
        let mut found = Vec::new();
        for option in given {
            if let Some(criteria) =
                option.downcast::<crate::orm::strategy_options::LoaderCriteria>()
                && criteria.applies_to(&entity)
            {
                found.push(criteria.criterion(&entity, self.cx)?);
            }
        }
        found.extend(crate::orm::single_table_criterion(self.mapper, self.cx)?);
        Ok(found)
    }

    /// The objects that match, found in Python; the reason where that is not possible.
    fn evaluate(&self, is_delete: bool) -> Result<std::result::Result<Matched, String>> {
        let mut evaluators = Vec::new();
        for criterion in &self.criteria {
            match Evaluator::new(criterion, self.mapper, self.cx) {
                Ok(evaluator) => evaluators.push(evaluator),
                Err(reason) => return Ok(Err(reason)),
            }
        }
        let mut matched = Matched {
            objects: Vec::new(),
            unknown: Vec::new(),
        };
        for instance in self.session.identity_instances() {
            let Some(state) = state_of(&instance) else {
                continue;
            };
            if !state.mapper().isa(self.mapper) {
                continue;
            }
            if is_delete && state.is_expired() {
                matched.unknown.push(instance);
                continue;
            }
            let mut matches = true;
            let mut unknown = state.is_expired();
            for evaluator in &evaluators {
                match evaluator.evaluate(&instance, self.cx)? {
                    Evaluated::Value(value) => {
                        matches &= !value.is_none() && self.cx.truthy(&value)?;
                    }
                    Evaluated::Expired | Evaluated::NoObject => unknown = true,
                }
            }
            if unknown && matches {
                matched.unknown.push(instance);
            } else if matches {
                matched.objects.push(instance);
            }
        }
        Ok(Ok(matched))
    }

    /// The objects in memory with the keys that a SELECT of the criteria finds.
    fn select_first(&self) -> Result<Vec<Rc<Instance>>> {
        let items = self
            .mapper
            .primary_key()
            .iter()
            .map(|column| SelectItem::Column(column.clone()))
            .collect();
        let criteria = self.criteria.clone();
        let select = crate::orm::support::select_of(items, self.cx)?.with(|data| {
            data.where_criteria = criteria;
            data.label_style = LabelStyle::DisambiguateOnly;
        });
        let entity = MappedEntity::Mapper(self.mapper.clone());
        let statement = Executable::Select(select);
        let result = self.session.execute_core(
            &statement,
            self.call,
            &ExecutionOptions::none(),
            Some(&entity),
            self.cx,
        )?;
        let rows = result.fetch_all_raw(self.cx)?;
        self.by_keys(&rows.into_iter().collect())
    }

    fn by_keys(&self, rows: &ValueRows) -> Result<Vec<Rc<Instance>>> {
        let base = self.mapper.base_mapper();
        let width = self.mapper.primary_key().len();
        let mut found = Vec::new();
        for row in rows.iter() {
            let ident = row.iter().take(width).cloned().collect();
            let key = IdentityKey::new(base.class(), ident, Value::None, self.cx)?;
            found.extend(self.session.by_identity(&key));
        }
        Ok(found)
    }

    fn run(&self, statement: &Executable) -> Result<ResultSet> {
        let entity = MappedEntity::Mapper(self.mapper.clone());
        self.session
            .execute_core(statement, self.call, self.options, Some(&entity), self.cx)
    }

    fn reason(&self, reason: &str) -> crate::object::Raised {
        INVALID_REQUEST_ERROR.error(format!(
            "Could not evaluate current criteria in Python: \"{reason}\". Specify 'fetch' or \
             False for the synchronize_session execution option."
        ))
    }

    /// The rows that the statement returned besides what was asked for.
    fn returned(&self, result: &ResultSet) -> ValueRows {
        result
            .context()
            .and_then(|context| context.as_any().downcast_ref::<DmlContext>())
            .map(DmlContext::returned_rows)
            .unwrap_or_default()
    }
}

/// What was decided before the statement runs.
enum Plan {
    Nothing,
    Objects(Matched),
    Returning,
}

fn decide(by: &ByCriteria<'_>, how: Synchronize, is_delete: bool) -> Result<Plan> {
    Ok(match how {
        Synchronize::No => Plan::Nothing,
        Synchronize::Evaluate => match by.evaluate(is_delete)? {
            Ok(matched) => Plan::Objects(matched),
            Err(reason) => return Err(by.reason(&reason)),
        },
        Synchronize::Auto => match by.evaluate(is_delete)? {
            Ok(matched) => Plan::Objects(matched),
            Err(_) => fetch(by, is_delete)?,
        },
        Synchronize::Fetch => fetch(by, is_delete)?,
    })
}

fn fetch(by: &ByCriteria<'_>, is_delete: bool) -> Result<Plan> {
    let connection = by.session.mapper_connection(by.mapper, by.cx)?;
    let dialect = connection.dialect();
    let can_return = if is_delete {
        dialect.delete_returning
    } else {
        dialect.update_returning
    };
    if can_return && by.cx.compat().is_20() {
        return Ok(Plan::Returning);
    }
    Ok(Plan::Objects(Matched {
        objects: by.select_first()?,
        unknown: Vec::new(),
    }))
}

/// `update(Entity).where(..)`.
pub fn update(
    session: &Session,
    mapper: &Rc<Mapper>,
    update: &Update,
    call: &ExecuteCall,
    options: &ExecutionOptions,
    cx: &Cx,
) -> Result<ResultSet> {
    let mut by = ByCriteria {
        session,
        mapper,
        criteria: update.data().where_criteria.clone(),
        options,
        call,
        cx,
    };
    by.criteria.extend(by.extra(&update.data().options)?);
    let how = synchronize(options, cx)?;
    if how != Synchronize::No || options.get("autoflush").is_none() {
        session.autoflush("execute", cx)?;
    }
    let values = resolved_values(mapper, update, cx)?;
    if cx.compat().is_14() && how != Synchronize::No {
        check_names(&values)?;
    }
    let plan = decide(&by, how, false)?;
    let mut statement = update.with(|data| {
        data.where_criteria.clone_from(&by.criteria);
        data.values = values
            .iter()
            .map(|(key, value, _)| (key.clone(), value.clone()))
            .collect();
    });
    if matches!(plan, Plan::Returning) {
        statement = statement.with(|data| data.return_defaults = Some(key_columns(mapper)));
    }
    let result = by.run(&Executable::Update(statement))?;
    let matched = match plan {
        Plan::Nothing => return Ok(result),
        Plan::Objects(matched) => matched,
        Plan::Returning => Matched {
            objects: by.by_keys(&by.returned(&result))?,
            unknown: Vec::new(),
        },
    };
    apply(&by, &matched, &values)?;
    Ok(result)
}

fn key_columns(mapper: &Rc<Mapper>) -> Vec<Rc<crate::sql::schema::Column>> {
    mapper
        .primary_key()
        .iter()
        .filter_map(|column| match column.plain() {
            ColumnElement::Column(column) => Some(column.clone()),
            _ => None,
        })
        .collect()
}

/// A value of an UPDATE: its column, what it is set to, and the slot of the attribute.
type Resolved = (DmlKey, DmlValue, Option<u32>);

/// The values of an UPDATE, attribute names made columns.
fn resolved_values(mapper: &Rc<Mapper>, update: &Update, cx: &Cx) -> Result<Vec<Resolved>> {
    let mut found = Vec::new();
    for (key, value) in &update.data().values {
        let (key, slot) = match key {
            DmlKey::Name(name) => match mapper.prop(name) {
                Some(property) => {
                    let slot = mapper.class().slot(&property.key());
                    match property
                        .column()
                        .and_then(crate::orm::ColumnProperty::table_column)
                    {
                        Some(column) => (DmlKey::Column(column), slot),
                        None => (key.clone(), slot),
                    }
                }
                None => (key.clone(), None),
            },
            DmlKey::Column(column) => {
                let slot = mapper.column_slot(&ColumnElement::Column(column.clone()));
                (key.clone(), slot)
            }
            DmlKey::Element(element) => {
                let slot = mapper.column_slot(element);
                match element.plain() {
                    ColumnElement::Column(column) => (DmlKey::Column(column.clone()), slot),
                    _ => (key.clone(), slot),
                }
            }
        };
        let value = match value {
            DmlValue::Literal(value) => match crate::orm::support::sql_value(value, cx)? {
                Some(element) => DmlValue::Element(element),
                None => DmlValue::Literal(value.clone()),
            },
            DmlValue::Element(element) => DmlValue::Element(element.clone()),
        };
        found.push((key, value, slot));
    }
    Ok(found)
}

/// 1.4 has objects updated by names of attributes alone.
fn check_names(values: &[Resolved]) -> Result<()> {
    let unknown = values.iter().find_map(|(key, _, slot)| match key {
        DmlKey::Name(name) if slot.is_none() => Some(name),
        _ => None,
    });
    match unknown {
        Some(name) => {
            Err(INVALID_REQUEST_ERROR.error(format!("Invalid expression type: '{name}'")))
        }
        None => Ok(()),
    }
}

/// Give the matched objects their new values.
fn apply(by: &ByCriteria<'_>, matched: &Matched, values: &[Resolved]) -> Result<()> {
    let cx = by.cx;
    let mut evaluators: Vec<(u32, Option<Evaluator>)> = Vec::new();
    for (_, value, slot) in values {
        let Some(slot) = slot else {
            continue;
        };
        let element = match value {
            DmlValue::Element(element) => element.clone(),
            DmlValue::Literal(value) => crate::sql::literal(value, None, cx)?,
        };
        evaluators.push((*slot, Evaluator::new(&element, by.mapper, cx).ok()));
    }
    let mut touched = Vec::new();
    for instance in &matched.objects {
        let Some(state) = state_of(instance) else {
            continue;
        };
        let (mut set, mut expired) = (Vec::new(), Vec::new());
        for (slot, evaluator) in &evaluators {
            let loaded = instance.with_slot(*slot, |value| !value.is_undefined());
            let value = match evaluator {
                Some(evaluator) => evaluator.evaluate(instance, cx)?,
                None => Evaluated::Expired,
            };
            match value {
                Evaluated::Value(value) if loaded => set.push((*slot, value)),
                Evaluated::Value(_) => {}
                Evaluated::Expired | Evaluated::NoObject => {
                    if loaded {
                        expired.push(*slot);
                    }
                }
            }
        }
        for (slot, value) in &set {
            drop(instance.set_slot(*slot, value.clone()));
        }
        state.commit(instance, set.iter().map(|(slot, _)| *slot));
        if !expired.is_empty() {
            state.expire_slots(instance, &expired, false);
        }
        touched.push(instance.clone());
    }
    for instance in &matched.unknown {
        let Some(state) = state_of(instance) else {
            continue;
        };
        let slots: Vec<u32> = evaluators
            .iter()
            .map(|(slot, _)| *slot)
            .filter(|slot| instance.with_slot(*slot, |value| !value.is_undefined()))
            .collect();
        state.expire_slots(instance, &slots, false);
        touched.push(instance.clone());
    }
    by.session.register_altered(&touched);
    Ok(())
}

/// `delete(Entity).where(..)`.
pub fn delete(
    session: &Session,
    mapper: &Rc<Mapper>,
    delete: &Delete,
    call: &ExecuteCall,
    options: &ExecutionOptions,
    cx: &Cx,
) -> Result<ResultSet> {
    let mut by = ByCriteria {
        session,
        mapper,
        criteria: delete.data().where_criteria.clone(),
        options,
        call,
        cx,
    };
    by.criteria.extend(by.extra(&delete.data().options)?);
    session.autoflush("execute", cx)?;
    let how = synchronize(options, cx)?;
    let plan = decide(&by, how, true)?;
    let mut statement = delete.with(|data| data.where_criteria.clone_from(&by.criteria));
    if matches!(plan, Plan::Returning) {
        statement = statement.with(|data| data.return_defaults = Some(key_columns(mapper)));
    }
    let result = by.run(&Executable::Delete(statement))?;
    let matched = match plan {
        Plan::Nothing => return Ok(result),
        Plan::Objects(matched) => matched,
        Plan::Returning => Matched {
            objects: by.by_keys(&by.returned(&result))?,
            unknown: Vec::new(),
        },
    };
    let gone: Vec<_> = matched
        .objects
        .iter()
        .filter(|one| state_of(one).is_some_and(|state| !InstanceState::is_deleted(state)))
        .cloned()
        .collect();
    session.remove_newly_deleted(&gone, cx)?;
    for instance in &matched.unknown {
        if let Some(state) = state_of(instance) {
            let all: Vec<u32> = state
                .mapper()
                .attributes()
                .iter()
                .map(|attribute| attribute.slot())
                .collect();
            state.expire_slots(instance, &all, false);
        }
    }
    Ok(result)
}

/// The name that a value of an UPDATE is for.
pub fn key_name(key: &DmlKey) -> Str {
    key.name()
}
