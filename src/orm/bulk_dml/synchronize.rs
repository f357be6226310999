//! ORM UPDATE and DELETE by criteria, and what they do to the objects in the session.

use std::rc::Rc;

use super::evaluator::{Evaluated, Evaluator};
use super::options::Synchronize;
use super::returning::{ReturnedRows, Returning};
use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::engine::{ExecutionOptions, ResultSet};
use crate::object::{Cx, Instance, Result, Value};
use crate::orm::session::{ExecuteCall, Session};
use crate::orm::{IdentityKey, MappedEntity, Mapper, instance_events, state_of};
use crate::sql::dml::{Delete, DmlData, DmlKey, DmlValue, Update};
use crate::sql::execution::DmlContext;
use crate::sql::schema::Column;
use crate::sql::{ColumnElement, Executable, FromClause, LabelStyle, SelectItem};

/// The objects that criteria find in memory; whether that can't be told, because what they look
/// at is expired.
type Matched = Vec<(Rc<Instance>, bool)>;

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
    fn evaluators(&self) -> std::result::Result<Vec<Evaluator>, String> {
        let criteria = self.criteria.iter();
        criteria
            .map(|criterion| Evaluator::new(criterion, self.mapper, self.cx))
            .collect()
    }
    /// The objects that match.
    fn matched(&self, evaluators: &[Evaluator]) -> Result<Matched> {
        let mut matched = Vec::new();
        let token = self.options.get("identity_token");
        for instance in self.session.identity_instances() {
            let Some(state) = state_of(&instance) else {
                continue;
            };
            let wanted = state.mapper().isa(self.mapper) && !state.is_expired();
            let of_token = token.is_none_or(|token| {
                let key = state.key();
                key.is_some_and(|key| key.token().is(token))
            });
            if wanted && of_token {
                matched.extend(
                    self.meets(evaluators, &instance)?
                        .map(|unknown| (instance, unknown)),
                );
            }
        }
        Ok(matched)
    }
    /// Whether `instance` meets the criteria: `Some(true)` where that can't be told.
    fn meets(&self, evaluators: &[Evaluator], instance: &Rc<Instance>) -> Result<Option<bool>> {
        for evaluator in evaluators {
            match evaluator.evaluate(instance, self.cx)? {
                Evaluated::Value(value) => {
                    if value.is_none() || !self.cx.truthy(&value)? {
                        return Ok(None);
                    }
                }
                Evaluated::Expired => return Ok(Some(true)),
            }
        }
        Ok(Some(false))
    }

    /// The objects in memory with the keys that a SELECT of the criteria finds.
    fn select_first(&self) -> Result<Matched> {
        let items = self
            .mapper
            .primary_key()
            .iter()
            .map(|column| SelectItem::Column(column.clone()))
            .collect();
        let criteria = self.criteria.clone();
        let select = crate::orm::support::select_of(items, self.cx)?.with(|data| {
            data.where_criteria = criteria;
            data.from_obj = vec![crate::sql::FromItem::From(
                self.mapper.mapped_table().clone(),
            )];
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
        self.by_keys(rows)
    }

    fn by_keys(&self, rows: Vec<Vec<Value>>) -> Result<Matched> {
        let base = self.mapper.identity_base();
        let width = self.mapper.primary_key().len();
        let mut found = Vec::new();
        for mut row in rows {
            row.truncate(width);
            let key = IdentityKey::new(base.class(), row, Value::None, self.cx)?;
            found.extend(self.session.by_identity(&key).map(|one| (one, false)));
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

    /// The keys of the rows that the statement returned without having been asked to.
    fn returned_keys(&self, result: &ResultSet) -> Vec<Vec<Value>> {
        let context = result.context();
        let context = context.and_then(|context| context.as_any().downcast_ref::<DmlContext>());
        let Some(context) = context else {
            return Vec::new();
        };
        let returned = &context.info().implicit_returning;
        let places: Option<Vec<usize>> = key_columns(self.mapper)
            .iter()
            .map(|key| returned.iter().position(|one| Rc::ptr_eq(one, key)))
            .collect();
        let Some(places) = places else {
            return Vec::new();
        };
        let rows = context.returned_rows();
        rows.iter()
            .map(|row| {
                places
                    .iter()
                    .filter_map(|at| row.get(*at).cloned())
                    .collect()
            })
            .collect()
    }

    /// Before the statement: how the objects are found.
    fn plan(&self, how: Synchronize, is_delete: bool) -> Result<Plan> {
        match how {
            Synchronize::No => Ok(Plan::Nothing),
            Synchronize::Evaluate => match self.evaluators() {
                // 1.4 looks for the objects beforehand, loading what is expired.
                Ok(evaluators) if self.cx.compat().is_14() => {
                    self.matched(&evaluators).map(Plan::Objects)
                }
                Ok(evaluators) => Ok(Plan::Evaluate(evaluators)),
                Err(reason) => Err(self.reason(&reason)),
            },
            Synchronize::Auto => match self.evaluators() {
                Ok(evaluators) => Ok(Plan::Evaluate(evaluators)),
                Err(_) => self.fetch(is_delete),
            },
            Synchronize::Fetch => self.fetch(is_delete),
        }
    }
    fn fetch(&self, is_delete: bool) -> Result<Plan> {
        let connection = self.session.mapper_connection(self.mapper, self.cx)?;
        let dialect = connection.dialect();
        let can_return = if is_delete {
            dialect.delete_returning
        } else {
            dialect.update_returning
        };
        if can_return && self.cx.compat().is_20() {
            return Ok(Plan::Returning);
        }
        Ok(Plan::Objects(self.select_first()?))
    }
    /// After the statement: the objects.
    fn found(&self, plan: Plan, result: &ResultSet) -> Result<Matched> {
        match plan {
            Plan::Nothing => Ok(Vec::new()),
            Plan::Evaluate(evaluators) => self.matched(&evaluators),
            Plan::Objects(matched) => Ok(matched),
            Plan::Returning => self.by_keys(self.returned_keys(result)),
        }
    }

    /// Run the statement that `with` makes of what it is to change in it.
    fn run_returning(
        &self,
        data: &DmlData,
        plan: &Plan,
        with: impl FnOnce(Changes) -> Executable,
    ) -> Result<(ResultSet, Option<(Returning, ReturnedRows)>)> {
        let mut changes = Changes::default();
        let by_keys = matches!(plan, Plan::Returning);
        if by_keys {
            changes.return_defaults = Some(key_columns(self.mapper));
        }
        let returning = Returning::of(data, self.cx)?.filter(|one| !one.is_star());
        let Some(returning) = returning else {
            changes.returning.clone_from(&data.returning);
            return Ok((self.run(&with(changes))?, None));
        };
        let elements = returning.elements_on_table_of(self.mapper);
        let mut wanted: Vec<_> = elements.iter().flatten().cloned().collect();
        if wanted.is_empty() {
            wanted.extend(self.mapper.primary_key().iter().cloned());
        }
        let mut rows = ReturnedRows::default();
        if by_keys {
            changes.supplemental.clone_from(&wanted);
            let result = self.run(&with(changes))?;
            rows.take(&result, &elements, &wanted, false, std::iter::empty());
            return Ok((result, Some((returning, rows))));
        }
        changes.returning = wanted.into_iter().map(SelectItem::Column).collect();
        let result = self.run(&with(changes))?;
        let raw = result.fetch_all_raw(self.cx)?;
        let rows = ReturnedRows::of_explicit(raw, &elements);
        Ok((result, Some((returning, rows))))
    }
    fn answer(
        &self,
        result: ResultSet,
        returned: Option<(Returning, ReturnedRows)>,
    ) -> Result<ResultSet> {
        match returned {
            Some((returning, rows)) => returning.result(self.session, rows, self.options, self.cx),
            None => Ok(result),
        }
    }
}

/// What is changed in a statement before it runs.
#[derive(Default)]
struct Changes {
    returning: Vec<SelectItem>,
    return_defaults: Option<Vec<Rc<Column>>>,
    supplemental: Vec<ColumnElement>,
}

impl Changes {
    fn apply(self, data: &mut DmlData) {
        data.returning = self.returning;
        if self.return_defaults.is_some() {
            data.return_defaults = self.return_defaults;
        }
        data.supplemental_returning = self.supplemental;
    }
}

/// How the objects are found.
enum Plan {
    Nothing,
    Evaluate(Vec<Evaluator>),
    Objects(Matched),
    Returning,
}

/// `update(Entity).where(..)`.
pub fn update(
    session: &Session,
    mapper: &Rc<Mapper>,
    update: &Update,
    call: &ExecuteCall,
    (options, how): (&ExecutionOptions, Synchronize),
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
    if how != Synchronize::No && cx.compat().is_14() {
        check_names(update, cx)?;
    }
    let plan = by.plan(how, false)?;
    let values = resolved_values(mapper, update, cx)?;
    let (result, returned) = by.run_returning(update.data(), &plan, |changes| {
        Executable::Update(update.with(|data| {
            data.where_criteria.clone_from(&by.criteria);
            data.values = values
                .iter()
                .map(|(key, value, _)| (key.clone(), value.clone()))
                .collect();
            changes.apply(data);
        }))
    })?;
    if how != Synchronize::No {
        let matched = by.found(plan, &result)?;
        apply(&by, &matched, &values, &result)?;
    }
    by.answer(result, returned)
}

/// 1.4 can't tell what a name that is no attribute does to objects.
fn check_names(update: &Update, cx: &Cx) -> Result<()> {
    for (key, _) in &update.data().values {
        if let DmlKey::Name(name) = key {
            return Err(INVALID_REQUEST_ERROR.error(format!(
                "Invalid expression type: {}",
                cx.repr(&Value::Str(name.clone()))?
            )));
        }
    }
    Ok(())
}

fn key_columns(mapper: &Rc<Mapper>) -> Vec<Rc<Column>> {
    match mapper.local_table().plain() {
        FromClause::Table(table) => table.primary_key_columns(),
        _ => Vec::new(),
    }
}

/// A value of an UPDATE: its column, what it is set to, and the slot of the attribute.
type Resolved = (DmlKey, DmlValue, Option<u32>);

/// The values of an UPDATE, with the attributes that they are of.
fn resolved_values(mapper: &Rc<Mapper>, update: &Update, cx: &Cx) -> Result<Vec<Resolved>> {
    let mut found = Vec::new();
    for (key, value) in &update.data().values {
        let element = match key {
            DmlKey::Column(column) => Some(ColumnElement::Column(column.clone())),
            DmlKey::Element(element) => Some(element.clone()),
            DmlKey::Name(_) => None,
        };
        let slot = element
            .as_ref()
            .and_then(|element| mapper.column_slot(element));
        let key = match element.as_ref().map(ColumnElement::plain) {
            Some(ColumnElement::Column(column)) => DmlKey::Column(column.clone()),
            _ => key.clone(),
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

/// The values of the columns that Python's defaults filled, and the columns that the database
/// filled, as slots; those in `given` excepted.
fn generated(
    by: &ByCriteria<'_>,
    result: &ResultSet,
    given: &[u32],
) -> (Vec<(u32, Value)>, Vec<u32>) {
    let context = result.context();
    let context = context.and_then(|context| context.as_any().downcast_ref::<DmlContext>());
    let Some(context) = context else {
        return (Vec::new(), Vec::new());
    };
    let slot = |column: &Rc<Column>| {
        let found = by
            .mapper
            .column_slot(&ColumnElement::Column(column.clone()));
        found.filter(|slot| !given.contains(slot))
    };
    let made = context.info().prefetch.iter();
    let made = made.filter_map(|(column, _)| Some((slot(column)?, context.value_of(column)?)));
    let filled = context.info().postfetch.iter().filter_map(slot);
    (made.collect(), filled.collect())
}

/// Give the matched objects their new values.
fn apply(
    by: &ByCriteria<'_>,
    matched: &Matched,
    values: &[Resolved],
    result: &ResultSet,
) -> Result<()> {
    let cx = by.cx;
    let mut evaluators: Vec<(u32, Evaluator)> = Vec::new();
    let mut all = Vec::new();
    for (key, value, slot) in values {
        if let DmlKey::Name(name) = key {
            return Err(INVALID_REQUEST_ERROR.error(format!(
                "Attribute name not found, can't be synchronized back to objects: {}",
                cx.repr(&Value::Str(name.clone()))?
            )));
        }
        let Some(slot) = slot else {
            continue;
        };
        let element = match value {
            DmlValue::Element(element) => element.clone(),
            DmlValue::Literal(value) => crate::sql::literal(value, None, cx)?,
        };
        all.push(*slot);
        if let Ok(evaluator) = Evaluator::new(&element, by.mapper, cx) {
            evaluators.push((*slot, evaluator));
        }
    }
    let evaluated: Vec<u32> = evaluators.iter().map(|(slot, _)| *slot).collect();
    let (made, filled) = match cx.compat().is_20() {
        true => generated(by, result, &evaluated),
        false => (Vec::new(), Vec::new()),
    };
    let mut touched = Vec::new();
    for (instance, _) in matched {
        let Some(state) = state_of(instance) else {
            continue;
        };
        for (slot, value) in &made {
            drop(instance.set_slot(*slot, value.clone()));
        }
        state.expire_slots(instance, &filled, false);
        let mut set = Vec::new();
        for (slot, evaluator) in evaluators
            .iter()
            .filter(|(slot, _)| !state.is_changed(*slot))
        {
            if instance.with_slot(*slot, |value| !value.is_undefined())
                && let Evaluated::Value(value) = evaluator.evaluate(instance, cx)?
            {
                drop(instance.set_slot(*slot, value));
                set.push(*slot);
            }
        }
        instance_events::fire_refresh(instance, Value::None, Some(&set), cx)?;
        state.commit(instance, set.iter().copied());
        let stale: Vec<u32> = all
            .iter()
            .copied()
            .filter(|slot| !set.contains(slot))
            .filter(|slot| instance.with_slot(*slot, |value| !value.is_undefined()))
            .collect();
        state.expire_slots(instance, &stale, false);
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
    (options, how): (&ExecutionOptions, Synchronize),
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
    let plan = by.plan(how, true)?;
    let (result, returned) = by.run_returning(delete.data(), &plan, |changes| {
        Executable::Delete(delete.with(|data| {
            data.where_criteria.clone_from(&by.criteria);
            changes.apply(data);
        }))
    })?;
    if how != Synchronize::No {
        let mut gone = Vec::new();
        for (instance, unknown) in by.found(plan, &result)? {
            if unknown {
                session.expire_state(&instance, cx)?;
            } else {
                gone.push(instance);
            }
        }
        session.remove_newly_deleted(&gone, cx)?;
    }
    by.answer(result, returned)
}
