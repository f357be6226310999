//! `ORMExecuteState`: a statement on its way, as listeners of `do_orm_execute` see it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::execute::{is_orm, mapper_of_statement};
use super::{BindArguments, ExecuteCall, Session, SessionListener};
use crate::engine::{ExecutionOptions, ResultSet};
use crate::object::{Cx, Dict, Instance, Result, Str, Value};
use crate::orm::Mapper;
use crate::orm::loading::LoadOptions;
use crate::sql::Executable;
use crate::sql::coercions::expect_executable;

/// How a statement loads, and what one of the ORM's own making has from the statement that led to
/// it.
#[derive(Clone, Default)]
pub struct OwnLoad {
    /// How it loads.
    pub load: LoadOptions,
    /// The parameters; `None` for a statement of a script's.
    pub parameters: Option<Vec<(Str, Value)>>,
}

/// A statement on its way.
pub struct ExecuteState {
    /// The session.
    pub session: Session,
    /// The statement, which a listener may replace.
    pub statement: RefCell<Value>,
    /// The parameters, which a listener may replace.
    pub parameters: RefCell<Value>,
    /// The execution options, those of the statement included.
    pub options: RefCell<ExecutionOptions>,
    /// The execution options that were given with the execution.
    pub local_options: RefCell<ExecutionOptions>,
    /// Whether the statement is of entities.
    pub is_orm: bool,
    bind: BindArguments,
    own: OwnLoad,
    listeners: Rc<[SessionListener]>,
    /// How many of the listeners were told.
    told: Cell<usize>,
}

/// A statement on its way, as scripts hold it.
#[derive(Clone)]
pub struct ExecuteStateHandle(pub Rc<ExecuteState>);

/// What the ORM notes in the options of its statements: that columns of results are not to be
/// matched by place; in 1.4 that results are those of 2.0.
fn noted_options(statement: &Executable, cx: &Cx) -> ExecutionOptions {
    let mut names = vec!["_result_disable_adapt_to_context"];
    let writes = matches!(
        statement,
        Executable::Insert(_) | Executable::Update(_) | Executable::Delete(_)
    );
    if cx.compat().is_14() && !writes {
        names.push("future_result");
    }
    ExecutionOptions::of(names.into_iter().map(|name| (name, Value::Bool(true))))
}

impl ExecuteState {
    /// `statement` with the parameters and options of `call`, which loads as `own` says.
    pub fn new(
        session: &Session,
        statement: &Executable,
        call: &ExecuteCall,
        own: OwnLoad,
        listeners: Vec<SessionListener>,
        cx: &Cx,
    ) -> Rc<Self> {
        let is_orm = is_orm(statement);
        let local = match is_orm {
            true => call.options.union(&noted_options(statement, cx)),
            false => call.options.clone(),
        };
        Rc::new(Self {
            session: session.clone(),
            statement: RefCell::new(super::execute::statement_value(statement)),
            parameters: RefCell::new(match &own.parameters {
                Some(own) if !own.is_empty() => {
                    Value::Dict(Rc::new(Dict::from_pairs(own.iter().cloned())))
                }
                _ => call.parameters.0.clone(),
            }),
            options: RefCell::new(super::execute::own_options(statement).union(&local)),
            local_options: RefCell::new(local),
            is_orm,
            bind: call.bind.clone(),
            own,
            listeners: listeners.into(),
            told: Cell::new(0),
        })
    }
    /// The statement as it is now.
    pub fn executable(&self, cx: &Cx) -> Result<Executable> {
        let statement = self.statement.borrow().clone();
        expect_executable(&statement, cx)
    }
    /// The mapper that the statement is about.
    pub fn mapper(&self, cx: &Cx) -> Result<Option<Rc<Mapper>>> {
        Ok(mapper_of_statement(&self.executable(cx)?))
    }
    /// Whether columns of a known object are loaded.
    pub fn is_column_load(&self) -> bool {
        self.own.load.refresh.is_some()
    }
    /// Whether a relationship is loaded.
    pub fn is_relationship_load(&self) -> bool {
        self.own.load.is_relationship
    }
    /// The object whose relationship is loaded lazily.
    pub fn lazy_loaded_from(&self) -> Option<&Rc<Instance>> {
        self.own.load.lazy_loaded_from.as_ref()
    }
    /// `update_execution_options()`.
    pub fn update_options(&self, more: &ExecutionOptions) {
        let local = self.local_options.borrow().union(more);
        *self.local_options.borrow_mut() = local;
        let all = self.options.borrow().union(more);
        *self.options.borrow_mut() = all;
    }

    /// Tell the listeners that were not told yet, then execute the statement, unless one of them
    /// answers for it.
    pub fn proceed(self: &Rc<Self>, cx: &Cx) -> Result<ResultSet> {
        while let Some(listener) = self.listeners.get(self.told.get()) {
            self.told.set(self.told.get() + 1);
            let shown = Value::object(ExecuteStateHandle(self.clone()));
            let answer = cx.call(&listener.function, [shown])?;
            if let Some(result) = answer.downcast::<ResultSet>() {
                return Ok(result.clone());
            }
        }
        let statement = self.executable(cx)?;
        let call = ExecuteCall {
            parameters: super::execute::Value0(self.parameters.borrow().clone()),
            options: self.local_options.borrow().clone(),
            bind: self.bind.clone(),
        };
        let load = self.own.load.clone();
        match (&self.own.parameters, &statement) {
            (Some(parameters), Executable::Select(select)) => {
                let options = self.options.borrow().clone();
                let parameters = parameters.clone();
                self.session
                    .load_now(select, parameters, load, &options, cx)
            }
            _ => self.session.execute_now(&statement, &call, load, cx),
        }
    }
    /// `invoke_statement()`: execute what there is, or what is given instead, telling those
    /// listeners alone that were not told yet.
    pub fn invoke(
        &self,
        statement: Option<Value>,
        parameters: Option<&Dict>,
        options: &ExecutionOptions,
        cx: &Cx,
    ) -> Result<ResultSet> {
        let parameters = match parameters {
            None => self.parameters.borrow().clone(),
            Some(more) => {
                let merged = Dict::default();
                if let Value::Dict(own) = &*self.parameters.borrow() {
                    merged.update(Some(&Value::Dict(own.clone())), &[], cx)?;
                }
                for (key, value) in more.borrow().iter() {
                    merged.insert(key.value().clone(), value.clone(), cx)?;
                }
                Value::Dict(Rc::new(merged))
            }
        };
        let inner = Rc::new(Self {
            session: self.session.clone(),
            statement: RefCell::new(statement.unwrap_or_else(|| self.statement.borrow().clone())),
            parameters: RefCell::new(parameters),
            options: RefCell::new(self.options.borrow().union(options)),
            local_options: RefCell::new(self.local_options.borrow().union(options)),
            is_orm: self.is_orm,
            bind: self.bind.clone(),
            own: self.own.clone(),
            listeners: self.listeners.clone(),
            told: Cell::new(self.told.get()),
        });
        inner.proceed(cx)
    }
}
