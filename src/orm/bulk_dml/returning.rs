//! RETURNING of entities and attributes: the columns that are returned, and what rows of them
//! become.

use std::rc::Rc;

use crate::engine::{ExecutionOptions, ResultSet};
use crate::object::{Cx, Dict, Result, Str, Value};
use crate::orm::compile_state::CompileState;
use crate::orm::loading::{LoadOptions, RunInfo, StatementPlan, result_of};
use crate::orm::session::{ExecuteCall, Session};
use crate::orm::{MappedEntity, Mapper};
use crate::sql::dml::{DmlData, Insert};
use crate::sql::execution::{ParameterSets, execute_sets};
use crate::sql::{Executable, Select, SelectItem};

/// A RETURNING clause of entities and attributes.
pub struct Returning {
    select: Select,
    plan: Rc<StatementPlan>,
    items: Vec<SelectItem>,
}

impl Returning {
    /// What the statement returns; `None` where it returns nothing.
    pub fn of(data: &DmlData, cx: &Cx) -> Result<Option<Self>> {
        if data.returning.is_empty() {
            return Ok(None);
        }
        let options = data.options.clone();
        let select = Select::new(data.returning.clone(), cx)?.with(|data| data.options = options);
        if select.data().subject.is_none() {
            return Ok(None);
        }
        let compiled = CompileState::compile(&select, true, cx)?;
        Ok(Some(Self {
            items: compiled.select.data().raw_columns.clone(),
            plan: compiled.plan,
            select,
        }))
    }
    /// Return the columns that the entities consist of.
    pub fn apply(&self, data: &mut DmlData) {
        data.returning.clone_from(&self.items);
    }
    /// The result that the rows of `cursor` become.
    pub fn result(
        &self,
        session: &Session,
        cursor: ResultSet,
        options: &ExecutionOptions,
        cx: &Cx,
    ) -> Result<ResultSet> {
        let load = LoadOptions {
            populate_existing: options.flag("populate_existing"),
            invoke_all_eagers: true,
            ..LoadOptions::default()
        };
        let info = RunInfo::new(
            session,
            &self.plan,
            &self.select,
            load,
            options,
            &Value::None,
        );
        result_of(&info, cursor, cx)
    }
}

/// An INSERT of `rows`, attribute by attribute, that returns something.
pub fn insert_returning(
    session: &Session,
    mapper: &Rc<Mapper>,
    insert: &Insert,
    rows: Vec<Vec<(Str, Value)>>,
    options: &ExecutionOptions,
    cx: &Cx,
) -> Result<ResultSet> {
    let sets = rows
        .into_iter()
        .map(|row| {
            Rc::new(Dict::from_pairs(row.into_iter().map(|(key, value)| {
                let column = column_key(mapper, &key);
                (column.unwrap_or(key), value)
            })))
        })
        .collect();
    let returning = Returning::of(insert.data(), cx)?;
    let statement = insert.with(|data| {
        if let Some(returning) = &returning {
            returning.apply(data);
        }
    });
    let connection = session.mapper_connection(mapper, cx)?;
    let (cursor, _) = execute_sets(
        &connection,
        &Executable::Insert(statement),
        &ParameterSets::of_dicts(sets),
        options,
        cx,
    )?;
    match returning {
        Some(returning) => returning.result(session, cursor, options, cx),
        None => Ok(cursor),
    }
}

/// The key of the column that attribute `key` is mapped to.
fn column_key(mapper: &Mapper, key: &str) -> Option<Str> {
    let column = mapper.prop(key)?.column()?.table_column()?;
    Some(column.key())
}

/// Run a statement of `mapper` that may return entities.
pub fn run(
    session: &Session,
    mapper: &Rc<Mapper>,
    returning: Option<&Returning>,
    statement: &Executable,
    call: &ExecuteCall,
    options: &ExecutionOptions,
    cx: &Cx,
) -> Result<ResultSet> {
    let entity = MappedEntity::Mapper(mapper.clone());
    let cursor = session.execute_core(statement, call, options, Some(&entity), cx)?;
    match returning {
        Some(returning) => returning.result(session, cursor, options, cx),
        None => Ok(cursor),
    }
}
