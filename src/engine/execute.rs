//! The one door by which statements reach the driver: logs, executes, wraps errors, and makes
//! the result.

use std::rc::Rc;

use super::ExecutionOptions;
use super::connection::Connection;
use super::context::CursorOutcome;
use super::cursor_rows::CursorRows;
use super::driver::DriverCursor;
use super::echo::{EventKind, Stats, StatsKind};
use super::exc::FailedStatement;
use super::hooks::{EngineEvent, StatementState};
use super::parameters::{Parameters, run_on};
use super::pool::Lease;
use super::request::{ExecutionRequest, ResultColumns, ResultShape};
use super::result::{CursorResult, ResultKind, ResultSet, RowSource};
use super::row::RowMeta;
use super::value_rows::ValueRows;
use crate::object::{Cx, Raised, Result, Str, Value};

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

    pub(super) fn run_single(
        &self,
        lease: &Lease,
        mut request: ExecutionRequest,
        cx: &Cx,
    ) -> Result<CursorResult> {
        let told = self.engine().has_hooks();
        let mut state = Value::None;
        if told {
            let (sql, parameters) = (&request.sql, &request.parameters);
            state = StatementState::make(self, sql, parameters, request.kind, cx);
            let event = EngineEvent::BeforeCursorExecute(self, sql, parameters, &state);
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
            let (sql, parameters) = (&request.sql, &request.parameters);
            let event = EngineEvent::AfterCursorExecute(self, sql, parameters, &state);
            self.engine().tell(event, cx)?;
        }
        let outcome = CursorOutcome {
            rowcount: executed.rowcount,
            lastrowid: executed.lastrowid,
            executemany: request.parameters.is_many(),
        };
        let Some(cursor) = executed.cursor else {
            return Ok(self.result_without_rows(request, outcome));
        };
        self.result_of_cursor(cursor, request, outcome, cx)
    }

    /// A driver's error is wrapped with its statement; any other passes as it is.
    pub(super) fn statement_failed(
        &self,
        raised: Raised,
        statement: FailedStatement<'_>,
        cx: &Cx,
    ) -> Raised {
        let of_driver = super::dbapi::wrapper_of(&raised.class()).is_some();
        self.failed(raised, of_driver.then_some(statement), cx)
    }

    pub(super) fn log_statement(
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

    /// Whether the result is 1.4's legacy one: that of a legacy engine, unless `future_result` is
    /// among the options, as the ORM's session asks for.
    fn is_legacy_result(&self, options: &ExecutionOptions) -> bool {
        self.is_legacy() && !options.flag("future_result")
    }

    pub(super) fn result_kind(&self, options: &ExecutionOptions) -> ResultKind {
        if self.is_legacy_result(options) {
            ResultKind::LegacyCursor
        } else {
            ResultKind::Cursor
        }
    }

    pub(super) fn result_without_rows(
        &self,
        request: ExecutionRequest,
        outcome: CursorOutcome,
    ) -> CursorResult {
        let meta = Rc::new(RowMeta::new(Vec::new()));
        let kind = self.result_kind(&request.options);
        ResultSet::of_cursor(kind, meta, None, request.context, outcome)
    }

    pub(super) fn shape(
        &self,
        request: &ExecutionRequest,
        names: &[Str],
        cx: &Cx,
    ) -> Result<ResultShape> {
        let shape = match &request.columns {
            ResultColumns::Known(shape) => shape.clone(),
            ResultColumns::From(make) => make(names, cx)?,
            ResultColumns::Described => ResultShape {
                meta: Rc::new(described(names)),
                processors: None,
            },
        };
        if self.is_legacy_result(&request.options) && !shape.meta.is_legacy() {
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
        let names = cursor.columns().clone();
        let shape = self.shape(&request, &names, cx)?;
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
            let (mut rows, mut row) = (ValueRows::default(), Vec::new());
            while source.fetch(&mut row, cx)? {
                rows.push(row.drain(..));
            }
            let outcome = CursorOutcome {
                rowcount: source.cursor.rowcount(),
                ..outcome
            };
            context.take_returned(rows, cx)?;
            return Ok(self.result_without_rows(request, outcome));
        }
        let result = ResultSet::of_cursor(
            self.result_kind(&request.options),
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
        let mut sets = ValueRows::default();
        for n in 0..3 {
            sets.push([Value::Int(n), Value::str("a")]);
        }
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
        let Err(raised) = connection.execute_compiled(request, &cx) else {
            panic!("there is no such column");
        };
        assert_eq!(
            raised.message(&cx),
            "(sqlite3.OperationalError) no such column: nope\n[SQL: select nope]\n(Background \
             on this error at: https://sqlalche.me/e/20/e3q8)"
        );
    }
}
