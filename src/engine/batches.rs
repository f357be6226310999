//! insertmanyvalues: an INSERT .. RETURNING of many rows, run in batches.

use super::connection::Connection;
use super::context::CursorOutcome;
use super::cursor_rows::process;
use super::echo::{Stats, StatsKind};
use super::exc::FailedStatement;
use super::hooks::{EngineEvent, StatementState};
use super::parameters::Parameters;
use super::params::long_statement;
use super::pool::Lease;
use super::request::{Batch, ExecutionRequest};
use super::result::{BlockRows, CursorResult, ResultSet};
use super::value_rows::ValueRows;
use crate::object::{Cx, Result, Str, Value};

impl Connection {
    pub(super) fn run_batches(
        &self,
        lease: &Lease,
        mut request: ExecutionRequest,
        cx: &Cx,
    ) -> Result<CursorResult> {
        let Some(many) = request.batches.take() else {
            return self.run_single(lease, request, cx);
        };
        let heard = self.is_heard();
        let mut all = ValueRows::default();
        let told = self.engine().has_hooks();
        for (index, batch) in many.batches.enumerate() {
            let mut state = Value::None;
            if told {
                let parameters = Parameters::One(batch.parameters().to_vec());
                state = StatementState::make(self, &batch.sql, &parameters, request.kind, cx);
                let event = EngineEvent::BeforeCursorExecute(self, &batch.sql, &parameters, &state);
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
            let mut rows = ValueRows::default();
            let target = if many.sort.is_some() {
                &mut rows
            } else {
                &mut all
            };
            let run = lease
                .driver()
                .execute_each(&batch.sql, batch.parameters(), target, cx);
            run.map_err(|raised| {
                let sql = long_statement(&batch.sql);
                let statement = FailedStatement {
                    sql: &sql,
                    params: Value::tuple(batch.parameters().to_vec()),
                    ismulti: Some(false),
                    hide_parameters: self.engine().hide_parameters(),
                };
                self.statement_failed(raised, statement, cx)
            })?;
            if told {
                let parameters = Parameters::One(batch.parameters().to_vec());
                let event = EngineEvent::AfterCursorExecute(self, &batch.sql, &parameters, &state);
                self.engine().tell(event, cx)?;
            }
            if let Some(sort) = &many.sort {
                all.append(&sort(&batch, &rows, cx)?);
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
        let parameters = Parameters::One(batch.parameters().to_vec());
        let sql = Str::new(long_statement(&batch.sql));
        self.log_statement(&sql, &parameters, stats, cx)
    }

    fn result_of_batches(
        &self,
        mut rows: ValueRows,
        request: ExecutionRequest,
        outcome: CursorOutcome,
        cx: &Cx,
    ) -> Result<CursorResult> {
        let shape = self.shape(&request, &[], cx)?;
        if let Some(processors) = &shape.processors {
            rows.try_change(|row| process(row, processors, cx))?;
        }
        if let Some(context) = request
            .context
            .as_ref()
            .filter(|context| !context.is_explicit_returning())
        {
            context.take_returned(rows, cx)?;
            return Ok(self.result_without_rows(request, outcome));
        }
        Ok(ResultSet::of_cursor(
            self.result_kind(&request.options),
            shape.meta,
            Some(Box::new(BlockRows::new(rows))),
            request.context,
            outcome,
        ))
    }
}
