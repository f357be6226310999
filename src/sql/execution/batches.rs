//! INSERT .. RETURNING of many rows: some statements with many rows of VALUES each.

use std::rc::Rc;

use super::Run;
use super::context::DmlContext;
use crate::engine::echo::StatsKind;
use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::engine::{
    Batch, BatchSorter, CursorResult, ExecutionOptions, ExecutionRequest, ManyValues, Parameters,
    ValueRows,
};
use crate::object::{Cx, Key, Result, Str, Value};

/// Run an INSERT .. RETURNING of many rows in batches.
pub(super) fn run_batches(
    run: &Run<'_>,
    stats: StatsKind,
    options: ExecutionOptions,
    cx: &Cx,
) -> Result<CursorResult> {
    let prepared = run.prepared;
    let context = DmlContext::of(prepared);
    let rows = run.bind_many(context.as_deref(), cx)?;
    let Some(info) = prepared.dml().cloned() else {
        return Err(INVALID_REQUEST_ERROR.error("only an INSERT runs in batches"));
    };
    let alone = info.row_span.is_none() || (info.ordered && info.sentinels.is_none());
    let total_rows = rows.len();
    let width = prepared.places().len().max(1);
    let size = if alone {
        1
    } else {
        let page = options
            .number("insertmanyvalues_page_size")
            .and_then(|size| usize::try_from(size).ok())
            .unwrap_or(1000);
        let most = prepared.dialect().can.insertmanyvalues_max_parameters / width;
        page.min(most).max(1)
    };
    let sorter = info.sentinels.clone().map(|sentinels| -> BatchSorter {
        let places: Vec<usize> = sentinels
            .iter()
            .filter_map(|bind| prepared.places().iter().position(|place| place == bind))
            .collect();
        Box::new(move |batch, rows, cx| sort_batch(batch, rows, &places, width, cx))
    });
    let parameters = Parameters::Many(rows.clone());
    let compiled = prepared.clone();
    let mut last: Option<(usize, Str)> = None;
    let mut first = 0;
    let batches = std::iter::from_fn(move || {
        let count = size.min(total_rows - first);
        if count == 0 {
            return None;
        }
        let sql = match &last {
            Some((known, sql)) if *known == count => sql.clone(),
            _ => {
                let sql = Str::new(compiled.compiled().with_rows(count));
                last = Some((count, sql.clone()));
                sql
            }
        };
        let batch = Batch {
            sql,
            sets: rows.clone(),
            first,
            count,
        };
        first += count;
        Some(batch)
    });
    let request = ExecutionRequest {
        sql: prepared.sql().clone(),
        parameters,
        stats,
        kind: prepared.kind(),
        columns: run.result_columns(cx)?,
        batches: Some(ManyValues {
            batches: Box::new(batches),
            total: total_rows.div_ceil(size),
            ordered: info.ordered,
            downgraded: alone,
            sort: sorter,
        }),
        context: context.map(|context| {
            let context: Rc<dyn crate::engine::StatementContext> = context;
            context
        }),
        autocommit: prepared.autocommits(&options),
        options,
    };
    run.connection.execute_compiled(request, cx)
}

/// Put the rows of a batch into the order of its parameters, and cut the columns that tell.
fn sort_batch(
    batch: &Batch,
    rows: &ValueRows,
    places: &[usize],
    width: usize,
    cx: &Cx,
) -> Result<ValueRows> {
    let mut by_key = rustc_hash::FxHashMap::default();
    for row in rows.iter() {
        let (row, tail) = row.split_at(row.len().saturating_sub(places.len()));
        by_key.insert(Key::new(Value::tuple(tail.to_vec()), cx)?, row);
    }
    let mut sorted = ValueRows::default();
    for set in batch.parameters().chunks(width) {
        let key = places
            .iter()
            .filter_map(|at| set.get(*at).cloned())
            .collect();
        match by_key.remove(&Key::new(Value::tuple(key), cx)?) {
            Some(row) => sorted.push(row.iter().cloned()),
            None => {
                return Err(INVALID_REQUEST_ERROR.error(format!(
                    "Can't match sentinel values in result set to parameter sets; key {} was not \
                     found. There may be a mismatch between the datatype passed to the DBAPI \
                     driver vs. that which it returns in a result row.  Ensure the given Python \
                     value matches the expected result type *exactly*, taking care to not rely \
                     upon implicit conversions which may occur such as when using strings in \
                     place of UUID or integer values, etc. ",
                    cx.repr(&Value::tuple(
                        places
                            .iter()
                            .filter_map(|at| set.get(*at).cloned())
                            .collect()
                    ))?
                )));
            }
        }
    }
    Ok(sorted)
}
