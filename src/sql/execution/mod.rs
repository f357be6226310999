//! From a statement and parameters to a result: compile, bind, run, and what comes back.

mod cache;
mod context;
mod defaults;
mod parameters;
mod prepared;
mod shape;

use std::rc::Rc;
use std::time::Instant;

use cache::{CompiledCache, Found};
pub use context::DmlContext;
pub use parameters::ParameterSets;
pub use prepared::Prepared;
pub use shape::{ResultLookup, result_shape};

use super::cache_key::cache_key;
use super::compiler::CompileOptions;
use super::ddl::{Ddl, compile_ddl};
use super::dialects::Dialect;
use super::executable::Executable;
use crate::engine::echo::StatsKind;
use crate::engine::{
    Connection, CursorResult, ExecutionOptions, ExecutionRequest, Parameters, ResultColumns,
    ResultShape, StatementContext, StatementKind,
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
    execute_sets(connection, statement, sets, options, cx).map(|(result, _)| result)
}

/// [`execute`]; answers the compiled statement too.
pub fn execute_sets(
    connection: &Connection,
    statement: &Executable,
    sets: ParameterSets,
    options: &ExecutionOptions,
    cx: &Cx,
) -> Result<(CursorResult, Rc<Prepared>)> {
    let options = connection
        .options()
        .union(&statement.execution_options())
        .union(options);
    let dialect = Dialect::for_execution(connection, &options, cx);
    let (prepared, sets, stats) =
        prepare_cached(connection, statement, sets, &dialect, &options, cx)?;
    let shape = match stats {
        StatsKind::CachedSince(_) => prepared.shape_for(statement, cx)?,
        _ => None,
    };
    let result = run(connection, &prepared, &sets, stats, options, shape, cx)?;
    Ok((result, prepared))
}

/// Compile `statement`, or find its compiled form in the engine's cache.
fn prepare_cached(
    connection: &Connection,
    statement: &Executable,
    sets: ParameterSets,
    dialect: &Rc<Dialect>,
    options: &ExecutionOptions,
    cx: &Cx,
) -> Result<(Rc<Prepared>, ParameterSets, StatsKind)> {
    let start = Instant::now();
    let since = |start: Instant| start.elapsed().as_secs_f64();
    if !statement.has_cache_key() {
        let prepared = prepare(statement, &sets, dialect, cx)?;
        return Ok((Rc::new(prepared), sets, StatsKind::NoKey(since(start))));
    }
    let size = usize::try_from(connection.engine().query_cache_size()).unwrap_or(0);
    let disabled = size == 0 || matches!(options.get("compiled_cache"), Some(Value::None));
    if disabled {
        let prepared = prepare(statement, &sets, dialect, cx)?;
        return Ok((
            Rc::new(prepared),
            sets,
            StatsKind::CachingDisabled(since(start)),
        ));
    }
    let keyed = if dialect.schema_translate_map.is_none() {
        cache_key(statement, cx)
    } else {
        None
    };
    let Some(keyed) = keyed else {
        let prepared = prepare(statement, &sets, dialect, cx)?;
        return Ok((
            Rc::new(prepared),
            sets,
            StatsKind::GeneratedIn(since(start)),
        ));
    };
    let cache = connection.engine().extra::<CompiledCache>();
    match cache.find(keyed, sets.keys(), sets.len() > 1) {
        Found::Hit(prepared, binds, age) => Ok((
            prepared,
            sets.with_binds(binds),
            StatsKind::CachedSince(age),
        )),
        Found::Miss(pending) => {
            let prepared = Rc::new(prepare(statement, &sets, dialect, cx)?);
            cache.keep(pending, &prepared, statement, size);
            Ok((prepared, sets, StatsKind::GeneratedIn(since(start))))
        }
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

/// Run a compiled statement.
pub fn run(
    connection: &Connection,
    prepared: &Rc<Prepared>,
    sets: &ParameterSets,
    stats: StatsKind,
    options: ExecutionOptions,
    shape: Option<ResultShape>,
    cx: &Cx,
) -> Result<CursorResult> {
    let failed = |raised: Raised| prepared.bind_failed(connection, sets, raised, cx);
    if sets.len() > 1 && prepared.batches_rows() {
        return prepared::run_batches(connection, prepared, sets, stats, options, cx);
    }
    let context = DmlContext::of(prepared);
    let plain = || -> Rc<dyn StatementContext> { Rc::new(PlainContext(prepared.kind())) };
    let (sql, parameters) = if sets.len() > 1 {
        let rows = prepared
            .bind_many(connection, sets, context.as_deref(), cx)
            .map_err(failed)?;
        (prepared.sql().clone(), Parameters::Many(rows))
    } else {
        let (sql, row) = prepared
            .bind_one(connection, sets, context.as_deref(), cx)
            .map_err(failed)?;
        (sql, Parameters::One(row))
    };
    let request = ExecutionRequest {
        sql,
        parameters,
        stats,
        kind: prepared.kind(),
        columns: match shape {
            Some(shape) => ResultColumns::Known(shape),
            None => result_columns(prepared, cx)?,
        },
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

pub(super) fn result_columns(prepared: &Rc<Prepared>, cx: &Cx) -> Result<ResultColumns> {
    match prepared.known_shape(cx)? {
        Some(shape) => Ok(ResultColumns::Known(shape)),
        None if prepared.described() => Ok(ResultColumns::Described),
        None => {
            let prepared = prepared.clone();
            Ok(ResultColumns::From(Rc::new(move |names, cx| {
                prepared.shape_of(names, cx)
            })))
        }
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
    let dialect = Dialect::for_execution(connection, &options, cx);
    let start = Instant::now();
    let sql = compile_ddl(ddl, &dialect, cx)?;
    let request = ExecutionRequest {
        stats: StatsKind::NoKey(start.elapsed().as_secs_f64()),
        kind: StatementKind::Ddl,
        autocommit: true,
        options,
        ..ExecutionRequest::raw(Str::new(sql), Parameters::One(Vec::new()))
    };
    connection.execute_compiled(request, cx)
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
            Self::Text(_) | Self::TextualSelect(_) | Self::Function(_) => {
                return ExecutionOptions::none();
            }
        };
        ExecutionOptions::of(pairs.iter().cloned())
    }
    /// Whether SQLAlchemy caches its compiled form.
    pub fn has_cache_key(&self) -> bool {
        match self {
            Self::Insert(insert) => {
                let data = insert.data();
                data.multi_values.is_empty() && data.on_conflict.is_none()
            }
            _ => true,
        }
    }
}
