//! Executing statements: which bind, which autoflush, and whether rows become objects.

use std::rc::Rc;

use super::execute_state::{ExecuteState, OwnLoad};
use super::{BindArguments, Session};
use crate::engine::{CursorResult, ExecutionOptions, ResultSet};
use crate::object::{Cx, Dict, Result, Str, Value};
use crate::orm::bulk_dml;
use crate::orm::loading::{LoadOptions, RunInfo, StatementPlan, result_of};
use crate::orm::{MappedEntity, Mapper};
use crate::sql::execution::{self, ParameterSets, Prepared};
use crate::sql::{Executable, FromClause, FromItem, Select, SelectItem};

/// What `Session.execute()` was given besides the statement.
#[derive(Clone, Default)]
pub struct ExecuteCall {
    /// The parameters, as given.
    pub parameters: Value0,
    /// `execution_options=`.
    pub options: ExecutionOptions,
    /// `bind_arguments=`.
    pub bind: BindArguments,
}

/// A value that is `None` unless given.
#[derive(Clone)]
pub struct Value0(pub Value);

impl Default for Value0 {
    fn default() -> Self {
        Self(Value::None)
    }
}

/// The entity that a statement is about.
pub fn subject_of(statement: &Executable) -> Option<MappedEntity> {
    let subject = match statement {
        Executable::Select(select) => select.data().subject.clone(),
        Executable::Compound(compound) => {
            return compound
                .data()
                .selects
                .iter()
                .find_map(|member| match member {
                    crate::sql::SelectStatement::Select(select) => {
                        subject_of(&Executable::Select(select.clone()))
                    }
                    _ => None,
                });
        }
        Executable::Insert(insert) => insert.data().subject.clone(),
        Executable::Update(update) => update.data().subject.clone(),
        Executable::Delete(delete) => delete.data().subject.clone(),
        Executable::Text(_)
        | Executable::TextualSelect(_)
        | Executable::Custom(_)
        | Executable::Function(_) => None,
    }?;
    MappedEntity::of(subject.as_ref())
}

/// Whether a statement is one of entities.
pub fn is_orm(statement: &Executable) -> bool {
    match statement {
        Executable::Select(select) => select.data().subject.is_some(),
        Executable::Insert(insert) => insert.data().subject.is_some(),
        Executable::Update(update) => update.data().subject.is_some(),
        Executable::Delete(delete) => delete.data().subject.is_some(),
        Executable::Compound(_) => subject_of(statement).is_some(),
        Executable::Text(_)
        | Executable::TextualSelect(_)
        | Executable::Custom(_)
        | Executable::Function(_) => false,
    }
}

/// The options that a statement carries itself.
pub(super) fn own_options(statement: &Executable) -> ExecutionOptions {
    let pairs = match statement {
        Executable::Select(select) => select.data().execution_options.clone(),
        Executable::Compound(compound) => compound.data().outer.execution_options.clone(),
        Executable::Insert(insert) => insert.data().execution_options.clone(),
        Executable::Update(update) => update.data().execution_options.clone(),
        Executable::Delete(delete) => delete.data().execution_options.clone(),
        Executable::Text(_)
        | Executable::TextualSelect(_)
        | Executable::Custom(_)
        | Executable::Function(_) => Vec::new(),
    };
    ExecutionOptions::of(pairs)
}

fn tables_of(statement: &Executable) -> Vec<FromClause> {
    match statement {
        Executable::Insert(insert) => vec![insert.data().table.clone()],
        Executable::Update(update) => vec![update.data().table.clone()],
        Executable::Delete(delete) => vec![delete.data().table.clone()],
        Executable::Select(select) => tables_of_select(select),
        _ => Vec::new(),
    }
}

/// The tables that are selected from, as far as they are named in the columns and in FROM.
fn tables_of_select(select: &Select) -> Vec<FromClause> {
    let mut tables = Vec::new();
    for item in &select.data().raw_columns {
        match item {
            SelectItem::Column(element) => tables.extend(element.table()),
            SelectItem::From(from) => tables.push(from.clone()),
            SelectItem::Entity(_) => {}
        }
    }
    for item in &select.data().from_obj {
        if let FromItem::From(from) = item {
            tables.push(from.clone());
        }
    }
    tables
}

impl Session {
    /// `execute()`.
    pub fn execute(
        &self,
        statement: &Executable,
        call: &ExecuteCall,
        cx: &Cx,
    ) -> Result<ResultSet> {
        let load = LoadOptions {
            invoke_all_eagers: true,
            ..LoadOptions::default()
        };
        self.execute_loading(statement, call, load, cx)
    }

    /// `execute()`, objects being loaded as `load` says.
    pub fn execute_loading(
        &self,
        statement: &Executable,
        call: &ExecuteCall,
        load: LoadOptions,
        cx: &Cx,
    ) -> Result<ResultSet> {
        let listeners = self.listeners("do_orm_execute", cx);
        if listeners.is_empty() {
            return self.execute_now(statement, call, load, cx);
        }
        let own = OwnLoad {
            load,
            parameters: None,
        };
        ExecuteState::new(self, statement, call, own, listeners, cx).proceed(cx)
    }
    /// Execute without telling anyone.
    pub(super) fn execute_now(
        &self,
        statement: &Executable,
        call: &ExecuteCall,
        load: LoadOptions,
        cx: &Cx,
    ) -> Result<ResultSet> {
        let options = own_options(statement).union(&call.options);
        if !is_orm(statement) {
            let options = self.core_options(options, cx);
            return self.execute_core(statement, call, &options, None, cx);
        }
        match statement {
            Executable::Select(select) => {
                let load = with_options(load, select, &options);
                self.run_load(select, call, load, &options, cx)
            }
            Executable::Insert(insert) => bulk_dml::insert(self, insert, call, &options, cx),
            Executable::Update(update) => bulk_dml::update(self, update, call, &options, cx),
            Executable::Delete(delete) => bulk_dml::delete(self, delete, call, &options, cx),
            _ => {
                if options
                    .get("autoflush")
                    .is_none_or(|_| options.flag("autoflush"))
                {
                    self.autoflush("execute", cx)?;
                }
                let subject = subject_of(statement);
                self.execute_core(statement, call, &options, subject.as_ref(), cx)
            }
        }
    }

    /// The options of a statement that is not the ORM's: in 1.4 its result is that of 2.0, unless
    /// the session is in autocommit mode.
    fn core_options(&self, options: ExecutionOptions, cx: &Cx) -> ExecutionOptions {
        if cx.compat().is_20() {
            return options;
        }
        let future = Value::Bool(!self.is_autocommit());
        options.union(&ExecutionOptions::of([("future_result", future)]))
    }

    /// Run a statement without making objects of its rows.
    pub fn execute_core(
        &self,
        statement: &Executable,
        call: &ExecuteCall,
        options: &ExecutionOptions,
        subject: Option<&MappedEntity>,
        cx: &Cx,
    ) -> Result<CursorResult> {
        self.execute_prepared(statement, call, options, subject, cx)
            .map(|(result, _)| result)
    }

    fn execute_prepared(
        &self,
        statement: &Executable,
        call: &ExecuteCall,
        options: &ExecutionOptions,
        subject: Option<&MappedEntity>,
        cx: &Cx,
    ) -> Result<(CursorResult, Rc<Prepared>)> {
        let mut wanted = call.bind.clone();
        wanted.is_clause = true;
        if let Some(subject) = subject {
            wanted
                .mapper
                .get_or_insert_with(|| subject.mapper().clone());
        }
        wanted.tables = tables_of(statement);
        let bind = self.get_bind(&wanted, cx)?;
        let connection = self.connection_for(&bind, &ExecutionOptions::none(), cx)?;
        let sets = parameter_sets(&call.parameters.0, cx)?;
        execution::execute_sets(&connection, statement, &sets, options, cx)
    }

    fn run_load(
        &self,
        select: &Select,
        call: &ExecuteCall,
        load: LoadOptions,
        options: &ExecutionOptions,
        cx: &Cx,
    ) -> Result<ResultSet> {
        if !load.no_autoflush {
            self.autoflush("execute", cx)?;
        }
        let subject = subject_of(&Executable::Select(select.clone()));
        let statement = Executable::Select(select.clone());
        let (cursor, prepared) =
            self.execute_prepared(&statement, call, options, subject.as_ref(), cx)?;
        self.objects_of(
            select,
            &prepared,
            cursor,
            load,
            options,
            &call.parameters.0,
            cx,
        )
    }

    /// Run a SELECT of the ORM's own making, whose rows become objects.
    pub fn load(
        &self,
        select: &Select,
        parameters: Vec<(Str, Value)>,
        load: LoadOptions,
        options: &ExecutionOptions,
        cx: &Cx,
    ) -> Result<ResultSet> {
        let listeners = self.listeners("do_orm_execute", cx);
        if listeners.is_empty() {
            return self.load_now(select, parameters, load, options, cx);
        }
        let call = ExecuteCall {
            options: options.clone(),
            ..ExecuteCall::default()
        };
        let own = OwnLoad {
            load,
            parameters: Some(parameters),
        };
        let statement = Executable::Select(select.clone());
        ExecuteState::new(self, &statement, &call, own, listeners, cx).proceed(cx)
    }
    /// [`Self::load`] without telling anyone.
    pub(super) fn load_now(
        &self,
        select: &Select,
        parameters: Vec<(Str, Value)>,
        load: LoadOptions,
        options: &ExecutionOptions,
        cx: &Cx,
    ) -> Result<ResultSet> {
        if !load.no_autoflush {
            self.autoflush("load", cx)?;
        }
        let subject = subject_of(&Executable::Select(select.clone()));
        let wanted = BindArguments {
            mapper: subject.map(|subject| subject.mapper().clone()),
            is_clause: true,
            ..BindArguments::default()
        };
        let bind = self.get_bind(&wanted, cx)?;
        let connection = self.connection_for(&bind, &ExecutionOptions::none(), cx)?;
        let statement = Executable::Select(select.clone());
        let sets = if parameters.is_empty() {
            ParameterSets::none()
        } else {
            ParameterSets::of_dicts(vec![Rc::new(Dict::from_pairs(parameters))])
        };
        let (cursor, prepared) =
            execution::execute_sets(&connection, &statement, &sets, options, cx)?;
        self.objects_of(select, &prepared, cursor, load, options, &Value::None, cx)
    }

    #[expect(clippy::too_many_arguments, reason = "all that a run is made of")]
    fn objects_of(
        &self,
        select: &Select,
        prepared: &Prepared,
        cursor: CursorResult,
        load: LoadOptions,
        options: &ExecutionOptions,
        parameters: &Value,
        cx: &Cx,
    ) -> Result<ResultSet> {
        let plan = prepared.compiled().plan.clone();
        let plan = plan.and_then(|plan| plan.downcast::<StatementPlan>().ok());
        let Some(plan) = plan.filter(|plan| !plan.is_star) else {
            return Ok(cursor);
        };
        let plan = match &plan.late {
            Some(late) => {
                let meta = cursor.meta();
                late.resolve(|column| meta.find(column, cx), cx)?
            }
            None => plan,
        };
        let info = RunInfo::new(self, &plan, select, load, options, parameters);
        result_of(&info, cursor, cx)
    }
}

/// `load` with what the execution options say of loading.
fn with_options(mut load: LoadOptions, select: &Select, options: &ExecutionOptions) -> LoadOptions {
    if options.get("populate_existing").is_some() {
        load.populate_existing = options.flag("populate_existing");
    }
    if options.get("autoflush").is_some() {
        load.no_autoflush = !options.flag("autoflush");
    }
    if let Some(count) = options.number("yield_per") {
        load.yield_per = usize::try_from(count).ok();
    }
    if let Some(token) = options.get("identity_token") {
        load.identity_token = Some(token.clone());
    }
    load.version_check = select.data().for_update.is_some();
    load
}

/// The mapper that a statement is about.
pub fn mapper_of_statement(statement: &Executable) -> Option<Rc<Mapper>> {
    subject_of(statement).map(|subject| subject.mapper().clone())
}

/// What `execute()` was given as parameters: a dict, several, or nothing.
fn parameter_sets(given: &Value, cx: &Cx) -> Result<ParameterSets> {
    let sets = match given {
        Value::None | Value::Undefined => Vec::new(),
        Value::List(list) => list.to_vec(),
        Value::Tuple(items) => items.to_vec(),
        other => vec![other.clone()],
    };
    ParameterSets::of(sets, cx)
}

/// A statement as scripts hold it.
pub fn statement_value(statement: &Executable) -> Value {
    match statement {
        Executable::Select(select) => Value::object(select.clone()),
        Executable::Compound(compound) => Value::object(compound.clone()),
        Executable::TextualSelect(textual) => Value::object(textual.clone()),
        Executable::Insert(insert) => Value::object(insert.clone()),
        Executable::Update(update) => Value::object(update.clone()),
        Executable::Delete(delete) => Value::object(delete.clone()),
        Executable::Text(text) => Value::object(crate::sql::ColumnElement::Text(text.clone())),
        Executable::Function(element) => Value::object(element.clone()),
        Executable::Custom(element) => Value::object(element.clone()),
    }
}
