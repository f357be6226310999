//! From a statement and parameters to a result: compile, bind, run, and what comes back.

mod batches;
mod binding;
mod cache;
mod context;
mod defaults;
mod parameters;
mod prepared;
mod shape;

use std::rc::Rc;
use std::time::Instant;

use cache::StatementCache;
pub use context::DmlContext;
pub use parameters::{ParameterSet, ParameterSets};
pub use prepared::Prepared;
use shape::invoked_shape;
pub use shape::{ResultLookup, result_shape};

use super::compiler::CompileOptions;
use super::ddl::{Ddl, compile_ddl};
use super::dialects::Dialect;
use super::executable::Executable;
use crate::engine::echo::StatsKind;
use crate::engine::exc::FailedStatement;
use crate::engine::{
    Connection, CursorResult, DrawnSets, EngineEvent, ExecuteCall, ExecutionOptions,
    ExecutionRequest, Parameters, ResultColumns, StatementContext, StatementKind, ValueRows,
};
use crate::object::{Cx, Raised, Result, Str, Value};

/// Run `statement` with the parameter sets `sets`.
pub fn execute(
    connection: &Connection,
    statement: &Executable,
    sets: Vec<Value>,
    options: &ExecutionOptions,
    cx: &Cx,
) -> Result<CursorResult> {
    let sets = ParameterSets::of(sets, cx)?;
    execute_sets(connection, statement, &sets, options, cx).map(|(result, _)| result)
}

/// [`execute`]; answers the compiled statement too.
pub fn execute_sets(
    connection: &Connection,
    statement: &Executable,
    sets: &ParameterSets,
    options: &ExecutionOptions,
    cx: &Cx,
) -> Result<(CursorResult, Rc<Prepared>)> {
    let options = connection
        .options()
        .union(&statement.execution_options())
        .union(options);
    let told = connection.engine().has_hooks();
    if told {
        let call = call_of(connection, statement, sets.to_value(), &options);
        connection.tell(EngineEvent::BeforeExecute(&call), cx)?;
    }
    let dialect = Dialect::for_execution(connection, &options, cx);
    let found = StatementCache::prepared(connection, statement, sets, &options, &dialect, cx)?;
    let prepared = found.prepared.clone();
    let run = Run {
        connection,
        prepared: &prepared,
        sets,
        own: found.own.as_deref(),
        invoked: found.own.is_some().then_some(statement),
    };
    let result = run.run(found.stats, options.clone(), cx)?;
    if told {
        let call = call_of(connection, statement, sets.to_value(), &options);
        connection.tell(EngineEvent::AfterExecute(&call, &result), cx)?;
    }
    Ok((result, prepared))
}

/// An execution as the listeners of `before_execute` and `after_execute` see it.
fn call_of<'a>(
    connection: &'a Connection,
    clause: &'a dyn std::any::Any,
    sets: Value,
    options: &'a ExecutionOptions,
) -> ExecuteCall<'a> {
    ExecuteCall {
        connection,
        clause,
        sets,
        options,
    }
}

/// Compile `statement` for parameter sets like `sets`.
pub fn prepare(
    statement: &Executable,
    sets: &ParameterSets,
    dialect: &Rc<Dialect>,
    cx: &Cx,
) -> Result<Prepared> {
    let options = CompileOptions {
        column_keys: Some(sets.keys()),
        for_executemany: sets.len() > 1,
        for_execution: true,
        ..CompileOptions::default()
    };
    let compiled = super::compiler::compile(statement, dialect, options, cx)?;
    Prepared::new(compiled, statement, dialect.clone(), cx)
}

/// An execution of a compiled statement.
struct Run<'a> {
    connection: &'a Connection,
    prepared: &'a Rc<Prepared>,
    sets: &'a ParameterSets,
    /// The values of the binds, where they are those of another statement than the compiled one.
    own: Option<&'a [Value]>,
    /// That other statement.
    invoked: Option<&'a Executable>,
}

impl Run<'_> {
    fn run(&self, stats: StatsKind, options: ExecutionOptions, cx: &Cx) -> Result<CursorResult> {
        let Self {
            connection,
            prepared,
            sets,
            ..
        } = *self;
        if sets.len() > 1 && prepared.batches_rows() {
            return batches::run_batches(self, stats, options, cx);
        }
        let context = DmlContext::of(prepared);
        let plain = || -> Rc<dyn StatementContext> { Rc::new(PlainContext(prepared.kind())) };
        let (sql, parameters) = if let Some(drawn) = self.drawn(context.as_deref()) {
            (prepared.sql().clone(), Parameters::Drawn(drawn))
        } else if sets.len() > 1 {
            let rows = self.bind_many(context.as_deref(), cx)?;
            (prepared.sql().clone(), Parameters::Many(rows))
        } else {
            let bound = prepared.bind_one(self, context.as_deref(), cx);
            let (sql, row) = bound.map_err(|raised| self.bind_failed(raised, cx))?;
            (sql, Parameters::One(row))
        };
        let request = ExecutionRequest {
            sql,
            parameters,
            stats,
            kind: prepared.kind(),
            columns: self.result_columns(cx)?,
            batches: None,
            context: Some(match context {
                Some(context) => context,
                None => plain(),
            }),
            autocommit: prepared.autocommits(&options),
            options,
        };
        connection.execute_compiled(request, cx)
    }

    /// The sets of an executemany where their values go to the driver as they are, and nobody
    /// looks at them before.
    fn drawn(&self, context: Option<&DmlContext>) -> Option<Rc<dyn DrawnSets>> {
        if self.sets.len() < 2 || self.connection.engine().has_hooks() {
            return None;
        }
        let drawn = binding::PlainSets::of(self.prepared, self.sets)?;
        if let Some(context) = context {
            context.note_sets(self.sets, ValueRows::default());
        }
        Some(Rc::new(drawn))
    }

    fn bind_many(&self, context: Option<&DmlContext>, cx: &Cx) -> Result<ValueRows> {
        let bound = self.prepared.bind_many(self, context, cx);
        bound.map_err(|raised| self.bind_failed(raised, cx))
    }

    /// A value was refused while the parameters were prepared.
    fn bind_failed(&self, raised: Raised, cx: &Cx) -> Raised {
        let failed = FailedStatement {
            sql: self.prepared.sql(),
            params: self.sets.to_value(),
            ismulti: None,
            hide_parameters: self.connection.engine().hide_parameters(),
        };
        self.connection.failed(raised, Some(failed), cx)
    }

    fn result_columns(&self, cx: &Cx) -> Result<ResultColumns> {
        let prepared = self.prepared;
        match prepared.known_shape(cx)? {
            Some(shape) => Ok(ResultColumns::Known(match self.invoked {
                Some(invoked) if prepared.compiled().plan.is_none() => {
                    invoked_shape(shape, invoked)
                }
                _ => shape,
            })),
            None if prepared.described() => Ok(ResultColumns::Described),
            None => {
                let prepared = prepared.clone();
                Ok(ResultColumns::From(Rc::new(move |names, cx| {
                    prepared.shape_of(names, cx)
                })))
            }
        }
    }
}

/// The context of a statement that changes no rows.
struct PlainContext(StatementKind);

impl StatementContext for PlainContext {
    fn kind(&self) -> StatementKind {
        self.0
    }
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

/// Run a DDL element.
pub fn execute_ddl(
    connection: &Connection,
    ddl: &Ddl,
    options: &ExecutionOptions,
    cx: &Cx,
) -> Result<CursorResult> {
    let options = connection.options().union(options);
    let call = call_of(connection, ddl, Value::list(Vec::new()), &options);
    connection.tell(EngineEvent::BeforeExecute(&call), cx)?;
    let dialect = Dialect::for_execution(connection, &options, cx);
    let start = Instant::now();
    let sql = compile_ddl(ddl, &dialect, cx)?;
    let request = ExecutionRequest {
        stats: StatsKind::NoKey(start.elapsed().as_secs_f64()),
        kind: StatementKind::Ddl,
        autocommit: true,
        options: options.clone(),
        ..ExecutionRequest::raw(Str::new(sql), Parameters::One(Vec::new()))
    };
    let result = connection.execute_compiled(request, cx)?;
    connection.tell(EngineEvent::AfterExecute(&call, &result), cx)?;
    Ok(result)
}

impl Executable {
    /// `execution_options()` of the statement.
    pub fn execution_options(&self) -> ExecutionOptions {
        let pairs = match self {
            Self::Insert(insert) => &insert.data().execution_options,
            Self::Update(update) => &update.data().execution_options,
            Self::Delete(delete) => &delete.data().execution_options,
            Self::Select(select) => &select.data().execution_options,
            Self::Compound(compound) => &compound.data().outer.execution_options,
            Self::Text(_) | Self::TextualSelect(_) | Self::Custom(_) | Self::Function(_) => {
                return ExecutionOptions::none();
            }
        };
        ExecutionOptions::of(pairs.iter().cloned())
    }
}
