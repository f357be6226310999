//! The one door by which statements reach the driver: logs, executes, wraps errors, and makes
//! the result.

use std::rc::Rc;

use super::connection::Connection;
use super::context::{CursorOutcome, StatementContext, StatementKind};
use super::driver::{DriverCursor, Executed, ParameterSet};
use super::echo::{EventKind, Stats, StatsKind};
use super::exc::FailedStatement;
use super::hooks::EngineEvent;
use super::options::ExecutionOptions;
use super::params::{Sets, long_statement, repr_params, repr_sets_of, repr_tuple};
use super::pool::Lease;
use super::result::{BufferedRows, CursorResult, ResultKind, ResultSet, RowSource};
use super::row::RowMeta;
use crate::object::{Cx, Dict, Raised, Result, Str, Value};

/// Makes of a value of the driver the value a script sees.
pub type Processor = Rc<dyn Fn(Value, &Cx) -> Result<Value>>;

/// The parameters of a statement.
#[derive(Clone, Debug)]
pub enum Parameters {
    /// One positional set.
    One(Vec<Value>),
    /// Several positional sets: an executemany.
    Many(Vec<Vec<Value>>),
    /// One set as the application gave it: a tuple, list or dict.
    Given(Value),
    /// Several sets as the application gave them: a list or tuple of sets.
    GivenMany(Value),
}

impl Parameters {
    /// Whether these are several sets.
    pub fn is_many(&self) -> bool {
        matches!(self, Self::Many(_) | Self::GivenMany(_))
    }
    /// As a script sees them.
    pub fn to_value(&self, cx: &Cx) -> Value {
        match self {
            Self::One(values) => Value::tuple(values.clone()),
            Self::Many(sets) => {
                let sets = sets.iter().map(|set| Value::tuple(set.clone())).collect();
                if cx.compat().is_14() {
                    Value::tuple(sets)
                } else {
                    Value::list(sets)
                }
            }
            Self::Given(value) | Self::GivenMany(value) => value.clone(),
        }
    }
    /// As the log shows them.
    pub fn render(&self, cx: &Cx) -> Result<String> {
        match self {
            Self::One(values) => repr_tuple(values, cx),
            Self::Many(sets) => repr_sets_of(sets.len(), cx.compat().is_20(), |index| {
                repr_tuple(sets.get(index).map_or(&[], Vec::as_slice), cx)
            }),
            Self::Given(value) => repr_params(value, Sets::One, cx),
            Self::GivenMany(value) => repr_params(value, Sets::Many, cx),
        }
    }
}

/// The columns of the rows that a statement returns.
#[derive(Clone)]
pub struct ResultShape {
    /// Their names and how to find them.
    pub meta: Rc<RowMeta>,
    /// What is made of the values of each column; `None` where nothing is.
    pub processors: Option<Rc<[Option<Processor>]>>,
}

/// Makes the shape of the names that a cursor gives.
pub type ShapeMaker = Rc<dyn Fn(&[Str], &Cx) -> Result<ResultShape>>;

/// How the shape of the rows is known.
pub enum ResultColumns {
    /// By the names that the cursor gives.
    Described,
    /// Beforehand.
    Known(ResultShape),
    /// By what this makes of the names that the cursor gives.
    From(ShapeMaker),
}

/// A statement ready to run.
pub struct ExecutionRequest {
    /// Its SQL.
    pub sql: Str,
    /// Its parameters.
    pub parameters: Parameters,
    /// Where the SQL came from, for the log.
    pub stats: StatsKind,
    /// What kind of statement it is.
    pub kind: StatementKind,
    /// The rows it returns.
    pub columns: ResultColumns,
    /// The batches of an insertmanyvalues; `parameters` is then what errors show.
    pub batches: Option<ManyValues>,
    /// What the SQL layer answers about it.
    pub context: Option<Rc<dyn StatementContext>>,
    /// Whether a legacy connection commits after it.
    pub autocommit: bool,
    /// The options of statement and call; the connection's own are below them already.
    pub options: ExecutionOptions,
}

impl ExecutionRequest {
    /// A string for the driver.
    pub fn raw(sql: Str, parameters: Parameters) -> Self {
        Self {
            sql,
            parameters,
            stats: StatsKind::RawSql,
            kind: StatementKind::Text,
            columns: ResultColumns::Described,
            batches: None,
            context: None,
            autocommit: false,
            options: ExecutionOptions::none(),
        }
    }
}

/// One statement of an insertmanyvalues.
pub struct Batch {
    /// Its SQL.
    pub sql: Str,
    /// Its parameters.
    pub parameters: Vec<Value>,
}

/// Puts the rows of a batch into the order of its parameters.
pub type BatchSorter = Box<dyn Fn(&Batch, Vec<Vec<Value>>, &Cx) -> Result<Vec<Vec<Value>>>>;

/// An INSERT .. RETURNING of many rows, in batches.
pub struct ManyValues {
    /// The batches, made on demand.
    pub batches: Box<dyn Iterator<Item = Batch>>,
    /// How many there are.
    pub total: usize,
    /// Whether rows come back in the order of the parameters.
    pub ordered: bool,
    /// Whether each row needs a statement of its own.
    pub downgraded: bool,
    /// What sorts the rows of a batch, where the database may not.
    pub sort: Option<BatchSorter>,
}

impl Connection {
    /// Run a statement.
    pub fn execute_compiled(&self, request: ExecutionRequest, cx: &Cx) -> Result<CursorResult> {
        let lease = self.lease()?;
        self.before_statement(cx)?;
        cx.check_interrupt()?;
        let autocommit = request.autocommit && self.root().is_none();
        let result = match request.batches {
            Some(_) => self.run_batches(&lease, request, cx)?,
            None => self.run_single(&lease, request, cx)?,
        };
        if self.is_legacy() {
            if autocommit {
                self.commit_driver(cx)?;
            }
            if self.closes_with_result() {
                let connection = self.clone();
                result.on_close(Box::new(move |cx| drop(connection.close(cx))), cx);
            }
        }
        Ok(result)
    }

    /// Run a statement of the engine's own, whose rows nobody reads.
    pub(super) fn run_plain(
        &self,
        sql: Str,
        parameters: Parameters,
        stats: StatsKind,
        cx: &Cx,
    ) -> Result<CursorResult> {
        let request = ExecutionRequest {
            stats,
            ..ExecutionRequest::raw(sql, parameters)
        };
        self.execute_compiled(request, cx)
    }

    /// Run a statement without beginning a transaction, as SQL defaults are run before their
    /// statement: the first value of the first row.
    pub fn execute_default(&self, sql: Str, parameters: Vec<Value>, cx: &Cx) -> Result<Value> {
        let lease = self.lease()?;
        let request = ExecutionRequest::raw(sql, Parameters::One(parameters));
        let result = self.run_single(&lease, request, cx)?;
        let mut row = Vec::new();
        let found = result.fetch_raw(&mut row, cx)?;
        result.close(cx);
        Ok(match row.into_iter().next() {
            Some(value) if found => value,
            _ => Value::None,
        })
    }

    fn run_single(
        &self,
        lease: &Lease,
        mut request: ExecutionRequest,
        cx: &Cx,
    ) -> Result<CursorResult> {
        let told = self.engine().has_hooks();
        if told {
            let event = EngineEvent::BeforeCursorExecute(self, &request.sql, &request.parameters);
            if let Some((sql, parameters)) = self.engine().tell(event, cx)? {
                request.sql = sql;
                request.parameters = parameters;
            }
        }
        if self.is_heard() {
            let stats = Stats::new(request.stats);
            self.log_statement(&request.sql, &request.parameters, stats, cx)?;
        }
        let executed = run_on(lease, &request.sql, &request.parameters, cx);
        let failed = |raised: Raised| {
            let statement = FailedStatement {
                sql: &request.sql,
                params: request.parameters.to_value(cx),
                ismulti: Some(request.parameters.is_many()),
                hide_parameters: self.engine().hide_parameters(),
            };
            self.statement_failed(raised, statement, cx)
        };
        let executed = executed.map_err(failed)?;
        if told {
            let event = EngineEvent::AfterCursorExecute(self, &request.sql, &request.parameters);
            self.engine().tell(event, cx)?;
        }
        let outcome = CursorOutcome {
            rowcount: executed.rowcount,
            lastrowid: executed.lastrowid,
            executemany: request.parameters.is_many(),
        };
        let Some(cursor) = executed.cursor else {
            return Ok(self.result_without_rows(request.context, outcome));
        };
        self.result_of_cursor(cursor, request, outcome, cx)
    }

    /// A driver's error is wrapped with its statement; any other passes as it is.
    fn statement_failed(&self, raised: Raised, statement: FailedStatement<'_>, cx: &Cx) -> Raised {
        let of_driver = super::dbapi::wrapper_of(&raised.class()).is_some();
        self.failed(raised, of_driver.then_some(statement), cx)
    }

    fn log_statement(
        &self,
        sql: &Str,
        parameters: &Parameters,
        stats: Stats,
        cx: &Cx,
    ) -> Result<()> {
        let hidden = self.engine().hide_parameters();
        let shown = if hidden {
            "[SQL parameters hidden due to hide_parameters=True]".to_owned()
        } else {
            parameters.render(cx)?
        };
        let event = EventKind::Statement {
            sql: sql.clone(),
            parameters: shown,
            values: if hidden {
                Parameters::One(Vec::new())
            } else {
                parameters.clone()
            },
            stats,
        };
        self.emit(event, cx);
        Ok(())
    }

    fn result_kind(&self) -> ResultKind {
        if self.is_legacy() {
            ResultKind::LegacyCursor
        } else {
            ResultKind::Cursor
        }
    }

    fn result_without_rows(
        &self,
        context: Option<Rc<dyn StatementContext>>,
        outcome: CursorOutcome,
    ) -> CursorResult {
        let meta = Rc::new(RowMeta::new(Vec::new()));
        ResultSet::of_cursor(self.result_kind(), meta, None, context, outcome)
    }

    fn shape(&self, columns: &ResultColumns, names: &[Str], cx: &Cx) -> Result<ResultShape> {
        let shape = match columns {
            ResultColumns::Known(shape) => shape.clone(),
            ResultColumns::From(make) => make(names, cx)?,
            ResultColumns::Described => ResultShape {
                meta: Rc::new(described(names)),
                processors: None,
            },
        };
        if self.is_legacy() && !shape.meta.is_legacy() {
            return Ok(ResultShape {
                meta: Rc::new(shape.meta.as_legacy()),
                processors: shape.processors,
            });
        }
        Ok(shape)
    }

    fn result_of_cursor(
        &self,
        cursor: Box<dyn DriverCursor>,
        request: ExecutionRequest,
        outcome: CursorOutcome,
        cx: &Cx,
    ) -> Result<CursorResult> {
        let names: Rc<[Str]> = cursor.columns().into();
        let shape = self.shape(&request.columns, &names, cx)?;
        if self.rows_are_heard() {
            self.emit(EventKind::Columns(names), cx);
        }
        let mut source = CursorRows {
            cursor,
            processors: shape.processors,
            connection: self.clone(),
            heard: self.rows_are_heard(),
            fetched: 0,
        };
        let implicit = request.kind.is_crud()
            && request
                .context
                .as_ref()
                .is_some_and(|context| !context.is_explicit_returning());
        if let Some(context) = request.context.as_ref().filter(|_| implicit) {
            let (mut rows, mut row) = (Vec::new(), Vec::new());
            while source.fetch(&mut row, cx)? {
                rows.push(std::mem::take(&mut row));
            }
            let outcome = CursorOutcome {
                rowcount: source.cursor.rowcount(),
                ..outcome
            };
            context.take_returned(rows, cx)?;
            return Ok(self.result_without_rows(request.context, outcome));
        }
        let result = ResultSet::of_cursor(
            self.result_kind(),
            shape.meta,
            Some(Box::new(source)),
            request.context,
            outcome,
        );
        if let Some(count) = request.options.number("yield_per") {
            result.yield_per(usize::try_from(count).unwrap_or(1));
        }
        Ok(result)
    }

    fn run_batches(
        &self,
        lease: &Lease,
        mut request: ExecutionRequest,
        cx: &Cx,
    ) -> Result<CursorResult> {
        let Some(many) = request.batches.take() else {
            return self.run_single(lease, request, cx);
        };
        let heard = self.is_heard();
        let mut all = Vec::new();
        let told = self.engine().has_hooks();
        for (index, batch) in many.batches.enumerate() {
            if told {
                let parameters = Parameters::One(batch.parameters.clone());
                let event = EngineEvent::BeforeCursorExecute(self, &batch.sql, &parameters);
                self.engine().tell(event, cx)?;
            }
            if heard {
                self.log_batch(
                    &batch,
                    index + 1,
                    request.stats,
                    (many.total, many.ordered, many.downgraded),
                    cx,
                )?;
            }
            let mut rows = Vec::new();
            let target = if many.sort.is_some() {
                &mut rows
            } else {
                &mut all
            };
            let run = lease
                .driver()
                .execute_each(&batch.sql, &batch.parameters, target, cx);
            run.map_err(|raised| {
                let sql = long_statement(&batch.sql);
                let statement = FailedStatement {
                    sql: &sql,
                    params: Value::tuple(batch.parameters.clone()),
                    ismulti: Some(false),
                    hide_parameters: self.engine().hide_parameters(),
                };
                self.statement_failed(raised, statement, cx)
            })?;
            if told {
                let parameters = Parameters::One(batch.parameters.clone());
                let event = EngineEvent::AfterCursorExecute(self, &batch.sql, &parameters);
                self.engine().tell(event, cx)?;
            }
            if let Some(sort) = &many.sort {
                all.extend(sort(&batch, rows, cx)?);
            }
            cx.check_interrupt()?;
        }
        let count = i64::try_from(all.len()).unwrap_or(i64::MAX);
        let outcome = CursorOutcome {
            rowcount: count,
            lastrowid: None,
            executemany: true,
        };
        self.result_of_batches(all, request, outcome, cx)
    }

    fn log_batch(
        &self,
        batch: &Batch,
        number: usize,
        stats: StatsKind,
        (total, ordered, downgraded): (usize, bool, bool),
        cx: &Cx,
    ) -> Result<()> {
        let order = if ordered { "ordered" } else { "unordered" };
        let degraded = if downgraded {
            "; batch not supported"
        } else {
            ""
        };
        let place = format!(" {number}/{total} ({order}{degraded})");
        let stats = match number {
            1 => Stats {
                kind: stats,
                suffix: format!(" (insertmanyvalues){place}"),
            },
            _ => Stats {
                kind: StatsKind::InsertManyValues,
                suffix: place,
            },
        };
        let parameters = Parameters::One(batch.parameters.clone());
        let sql = Str::new(long_statement(&batch.sql));
        self.log_statement(&sql, &parameters, stats, cx)
    }

    fn result_of_batches(
        &self,
        mut rows: Vec<Vec<Value>>,
        request: ExecutionRequest,
        outcome: CursorOutcome,
        cx: &Cx,
    ) -> Result<CursorResult> {
        let shape = self.shape(&request.columns, &[], cx)?;
        if let Some(processors) = &shape.processors {
            for row in &mut rows {
                process(row, processors, cx)?;
            }
        }
        if let Some(context) = request
            .context
            .as_ref()
            .filter(|context| !context.is_explicit_returning())
        {
            context.take_returned(rows, cx)?;
            return Ok(self.result_without_rows(request.context, outcome));
        }
        Ok(ResultSet::of_cursor(
            self.result_kind(),
            shape.meta,
            Some(Box::new(BufferedRows::new(rows))),
            request.context,
            outcome,
        ))
    }
}

/// The metadata of rows known by the cursor's names only; SQLite's `table.column` names of
/// compound selects count as `column`.
fn described(names: &[Str]) -> RowMeta {
    let keys: Vec<Str> = names
        .iter()
        .map(|name| match name.rsplit_once('.') {
            Some((_, column)) => Str::new(column),
            None => name.clone(),
        })
        .collect();
    let mut meta = RowMeta::new(keys).of_cursor();
    for (index, name) in names.iter().enumerate() {
        if name.contains('.') {
            meta = meta.with_name(name.clone(), index);
        }
    }
    meta
}

fn run_on(lease: &Lease, sql: &Str, parameters: &Parameters, cx: &Cx) -> Result<Executed> {
    let driver = lease.driver();
    match parameters {
        Parameters::One(values) => driver.execute(sql, ParameterSet::Positional(values), cx),
        Parameters::Many(sets) => {
            let mut sets = sets.iter().map(|set| ParameterSet::Positional(set));
            driver.execute_many(sql, &mut sets, cx)
        }
        Parameters::Given(value) => {
            let given = GivenSet::of(value, cx)?;
            driver.execute(sql, given.as_set(), cx)
        }
        Parameters::GivenMany(value) => {
            let sets: Vec<GivenSet> = cx
                .collect(value)?
                .iter()
                .map(|set| GivenSet::of(set, cx))
                .collect::<Result<_>>()?;
            driver.execute_many(sql, &mut sets.iter().map(GivenSet::as_set), cx)
        }
    }
}

/// A set of parameters taken out of the application's container.
enum GivenSet {
    Positional(Vec<Value>),
    Named(Rc<Dict>),
}

impl GivenSet {
    fn of(value: &Value, cx: &Cx) -> Result<Self> {
        Ok(match value {
            Value::Dict(dict) => Self::Named(dict.clone()),
            Value::None | Value::Undefined => Self::Positional(Vec::new()),
            Value::List(_) | Value::Tuple(_) => Self::Positional(cx.collect(value)?),
            other if other.downcast::<super::Row>().is_some() => {
                Self::Positional(cx.collect(other)?)
            }
            _ => {
                return Err(
                    super::dbapi::PROGRAMMING_ERROR.error("parameters are of unsupported type")
                );
            }
        })
    }
    fn as_set(&self) -> ParameterSet<'_> {
        match self {
            Self::Positional(values) => ParameterSet::Positional(values),
            Self::Named(dict) => ParameterSet::Named(dict),
        }
    }
}

fn process(row: &mut [Value], processors: &[Option<Processor>], cx: &Cx) -> Result<()> {
    for (value, processor) in row.iter_mut().zip(processors) {
        if let Some(processor) = processor {
            let raw = std::mem::replace(value, Value::None);
            *value = processor(raw, cx)?;
        }
    }
    Ok(())
}

/// The rows of a cursor, each value made what a script sees.
struct CursorRows {
    cursor: Box<dyn DriverCursor>,
    processors: Option<Rc<[Option<Processor>]>>,
    /// Kept open while there are rows to read.
    connection: Connection,
    heard: bool,
    fetched: usize,
}

impl RowSource for CursorRows {
    fn fetch(&mut self, row: &mut Vec<Value>, cx: &Cx) -> Result<bool> {
        let found = self
            .cursor
            .fetch(row, cx)
            .map_err(|raised| super::exc::wrap(raised, None, cx))?;
        if self.heard {
            let event = if found {
                EventKind::Row(row.clone())
            } else {
                EventKind::ResultEnd(self.fetched)
            };
            self.connection.emit(event, cx);
        }
        if !found {
            return Ok(false);
        }
        self.fetched += 1;
        if self.fetched.is_multiple_of(4096) {
            cx.check_interrupt()?;
        }
        if let Some(processors) = &self.processors {
            process(row, processors, cx)?;
        }
        Ok(true)
    }
    fn rowcount(&self) -> Option<i64> {
        Some(self.cursor.rowcount())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::super::echo::{Event, EventSink};
    use super::super::testing::cx;
    use super::super::{Dialect, Engine, EngineOptions, OnlyOne, Url};
    use super::*;

    #[derive(Default)]
    struct Log(RefCell<Vec<String>>);

    impl EventSink for Log {
        fn event(&self, event: &Event, cx: &Cx) {
            self.0.borrow_mut().extend(event.log_records(true, cx));
        }
    }

    fn engine(cx: &Cx) -> Engine {
        let url = Url::parse("sqlite://", cx).expect("the URL is well formed");
        let options = EngineOptions {
            echo: Value::Bool(true),
            ..EngineOptions::new(url, Dialect::sqlite())
        };
        Engine::new(options, cx)
    }

    fn run(connection: &Connection, sql: &str, parameters: Parameters, cx: &Cx) -> CursorResult {
        let request = ExecutionRequest::raw(Str::new(sql), parameters);
        connection
            .execute_compiled(request, cx)
            .expect("the statement is well formed")
    }

    #[test]
    fn statements_are_logged_and_rows_streamed() {
        let cx = cx();
        let engine = engine(&cx);
        let log = Rc::new(Log::default());
        engine.echo_service().add_sink(log.clone());
        let connection = engine.connect(&cx).expect("memory can be opened");
        let none = || Parameters::One(Vec::new());
        run(
            &connection,
            "create table t (id integer primary key, x)",
            none(),
            &cx,
        );
        let sets = (0..3)
            .map(|n| vec![Value::Int(n), Value::str("a")])
            .collect();
        let inserted = run(
            &connection,
            "insert into t values (?, ?)",
            Parameters::Many(sets),
            &cx,
        );
        assert_eq!(inserted.rowcount(), 3);
        let rows = run(&connection, "select id, x from t", none(), &cx);
        let first = rows.fetch_one(&cx).expect("rows can be read");
        assert_eq!(
            cx.repr(&first.expect("there are rows"))
                .expect("rows have reprs"),
            "(0, 'a')"
        );
        let scalars = rows.scalars(0).expect("it returns rows");
        let rest = scalars.all(&cx).expect("rows can be read");
        assert_eq!(
            cx.repr(&Value::list(rest)).expect("ints have reprs"),
            "[1, 2]"
        );
        let savepoint = connection.begin_nested(&cx).expect("savepoints can be set");
        savepoint.rollback(&cx).expect("savepoints can be left");
        connection.close(&cx).expect("it is open");
        assert_eq!(
            log.0.take(),
            [
                "BEGIN (implicit)",
                "create table t (id integer primary key, x)",
                "[...] ()",
                "insert into t values (?, ?)",
                "[...] [(0, 'a'), (1, 'a'), (2, 'a')]",
                "select id, x from t",
                "[...] ()",
                "SAVEPOINT sa_savepoint_1",
                "[...] ()",
                "ROLLBACK TO SAVEPOINT sa_savepoint_1",
                "[...] ()",
                "ROLLBACK",
            ]
        );
    }

    #[test]
    fn one_row_is_one_row() {
        let cx = cx();
        let connection = engine(&cx).connect(&cx).expect("memory can be opened");
        let none = || Parameters::One(Vec::new());
        let rows = run(&connection, "select 1 union select 2", none(), &cx);
        let raised = rows
            .only_one(OnlyOne::Exactly, true, &cx)
            .expect_err("there are two rows");
        assert_eq!(
            raised.message(&cx),
            "Multiple rows were found when exactly one was required"
        );
        assert!(rows.closed());
    }

    #[test]
    fn a_failed_statement_is_named() {
        let cx = cx();
        let connection = engine(&cx).connect(&cx).expect("memory can be opened");
        let request = ExecutionRequest::raw(Str::new("select nope"), Parameters::One(vec![]));
        let raised = match connection.execute_compiled(request, &cx) {
            Ok(_) => panic!("there is no such column"),
            Err(raised) => raised,
        };
        assert_eq!(
            raised.message(&cx),
            "(sqlite3.OperationalError) no such column: nope\n[SQL: select nope]\n(Background \
             on this error at: https://sqlalche.me/e/20/e3q8)"
        );
    }
}
