//! Running queries: rows, single objects, `get()`, `count()`.

use std::rc::Rc;

use super::Query;
use crate::engine::{OnlyOne, ResultSet, Row};
use crate::object::exceptions::ATTRIBUTE_ERROR;
use crate::object::{Cx, Dict, Result, Value};
use crate::orm::session::{ExecuteCall, GetCall, Session};
use crate::sql::{BindParameter, BindValue, ColumnElement, Executable, integer_type};

impl Query {
    /// The session, or the error of a query that has none.
    pub fn expect_session(&self, wanted: &str) -> Result<&Session> {
        self.session().ok_or_else(|| {
            ATTRIBUTE_ERROR.error(format!("'NoneType' object has no attribute '{wanted}'"))
        })
    }

    /// What `Session.execute()` is given besides the statement.
    pub(super) fn call(&self) -> ExecuteCall {
        let mut call = ExecuteCall::default();
        let params = Dict::from_pairs(self.data().params.clone());
        call.parameters.0 = Value::Dict(Rc::new(params));
        call
    }

    /// Run it: objects where it is of one entity, rows otherwise, each once.
    pub fn run(&self, cx: &Cx) -> Result<ResultSet> {
        let session = self.expect_session("execute")?;
        let statement = Executable::Select(self.select(false, cx)?);
        let load = self.data().load.clone();
        let mut result = session.execute_loading(&statement, &self.call(), load, cx)?;
        let notes = result.entity_notes();
        if notes.single && !self.data().only_tuples {
            result = result.scalars(0)?;
        }
        if notes.filtered && self.data().load.yield_per.is_none() {
            result.unique(None);
        }
        Ok(result)
    }

    /// `all()`.
    pub fn all(&self, cx: &Cx) -> Result<Vec<Value>> {
        self.run(cx)?.all(cx)
    }

    /// `first()`.
    pub fn first(&self, cx: &Cx) -> Result<Value> {
        if self.clauses().from_statement.is_some() {
            return self.run(cx)?.only_one(OnlyOne::First, false, cx);
        }
        let one = limit_of(1);
        self.with_clauses(|data| data.limit = Some(one))
            .run(cx)?
            .only_one(OnlyOne::First, false, cx)
    }

    /// `one()`, `one_or_none()`.
    pub fn only_one(&self, rule: OnlyOne, cx: &Cx) -> Result<Value> {
        self.run(cx)?.only_one(rule, false, cx)
    }

    /// `scalar()`: the first field of the only row, if there is one.
    pub fn scalar(&self, cx: &Cx) -> Result<Value> {
        let found = match self.only_one(OnlyOne::Exactly, cx) {
            Ok(found) => found,
            Err(raised) if raised.is(&crate::engine::exc::NO_RESULT_FOUND) => {
                return Ok(Value::None);
            }
            Err(raised) => return Err(raised),
        };
        if let Some(row) = found.downcast::<Row>() {
            return Ok(row.get(0).cloned().unwrap_or(Value::None));
        }
        Ok(match &found {
            Value::Tuple(items) => items.first().cloned().unwrap_or(Value::None),
            Value::List(items) => items.get(0).unwrap_or(Value::None),
            _ => found,
        })
    }

    /// `count()`.
    pub fn count(&self, cx: &Cx) -> Result<Value> {
        let star = ColumnElement::literal_column("*");
        let count = crate::sql::functions::simple_function("count", vec![star], cx);
        let counted = self.from_self(cx)?;
        let counted = counted.set_entities(vec![crate::sql::SelectItem::Column(count)]);
        counted.enable_eagerloads(false).scalar(cx)
    }

    /// The query behind `values(*columns)`.
    #[must_use]
    pub fn values(&self, items: Vec<crate::sql::SelectItem>) -> Self {
        self.enable_eagerloads(false)
            .set_entities(items)
            .with(|data| {
                data.load.yield_per.get_or_insert(10);
            })
    }

    /// `merge_result()`: the objects among `rows` as those of the session.
    pub fn merge_result(&self, rows: Vec<Value>, load: bool, cx: &Cx) -> Result<Vec<Value>> {
        let session = self.expect_session("autoflush")?;
        if load {
            session.autoflush("merge", cx)?;
        }
        let entities = crate::orm::compile_state::entities_of(&self.select_unheard(cx), cx)?;
        let merged = |value: &Value| session.merge(value, load, &[], cx);
        if let [only] = entities.as_slice() {
            return match only.mapped() {
                Some(_) => rows.iter().map(merged).collect(),
                None => Ok(rows),
            };
        }
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            let mut values = cx.collect(&row)?;
            for (value, entity) in values.iter_mut().zip(&entities) {
                if entity.mapped().is_some() && !value.is_none() {
                    *value = merged(value)?;
                }
            }
            all.push(match row.downcast::<Row>() {
                Some(row) => Value::object(Row::new(row.meta().clone(), values)),
                None => Value::tuple(values),
            });
        }
        Ok(all)
    }

    /// `get()`.
    pub fn get(&self, ident: &Value, cx: &Cx) -> Result<Value> {
        self.no_criterion("get", false, false)?;
        let entity = self.only_mapped_entity("get")?;
        let session = self.expect_session("_get_impl")?;
        let data = self.clauses();
        let call = GetCall {
            options: data.options.clone(),
            populate_existing: self.data().load.populate_existing,
            for_update: data.for_update.clone(),
            identity_token: None,
            execution_options: crate::engine::ExecutionOptions::of(data.execution_options.clone()),
        };
        let mapper = entity.mapper();
        crate::orm::configure_registry(mapper.registry(), cx)?;
        let found = session.get_object(mapper, ident, &call, "session.get()", cx)?;
        Ok(found.map_or(Value::None, Value::Instance))
    }
}

/// A row count as LIMIT has it.
pub(super) fn limit_of(count: i64) -> ColumnElement {
    BindParameter::anonymous(None, BindValue::Value(Value::Int(count)), integer_type()).element()
}
