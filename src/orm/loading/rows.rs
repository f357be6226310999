//! The rows of a loading statement: objects made of the rows of the cursor, a chunk at a time,
//! with what is loaded right after each chunk.

use std::rc::Rc;

use super::context::{LoadContext, RunInfo};
use super::instance;
use super::plan::{BundlePlan, EntityPlan, StatementPlan};
use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::engine::{
    ColumnLookup, CursorResult, EntityNotes, PackedRows, ResultKind, ResultSet, Row, RowMeta,
    RowSource, Uniqueness,
};
use crate::object::{Cx, Method, Result, Value};
use crate::orm::{BundleMaker, strategies};

/// Rows of objects and values, read from a cursor.
pub struct EntityRows {
    info: Rc<RunInfo>,
    cursor: CursorResult,
    ready: Ready,
    width: usize,
    chunk: Option<usize>,
    is_done: bool,
}

impl EntityRows {
    /// The rows of the run `info`, read from `cursor`.
    pub fn new(info: Rc<RunInfo>, cursor: CursorResult) -> Self {
        Self {
            width: info.plan.entities.len(),
            chunk: info.options.yield_per,
            info,
            cursor,
            ready: Ready::of(Vec::new()),
            is_done: false,
        }
    }

    fn load_chunk(&mut self, cx: &Cx) -> Result<()> {
        let plan = self.info.plan.clone();
        if let Some(columns) = plan.plain_columns() {
            return self.read_chunk(&columns, cx);
        }
        let mut context = LoadContext::new(self.info.clone());
        let (mut values, mut row) = (Vec::new(), Vec::new());
        while self.next_of_chunk(values.len() / self.width.max(1), &mut row, cx)? {
            for (at, entity) in plan.entities.iter().enumerate() {
                values.push(value_of(entity, at, &mut context, &mut row, cx)?);
            }
        }
        drop(context);
        if self.info.options.post_loads.is_none() {
            strategies::run_post_loads(&self.info.post_loads, cx)?;
        }
        self.ready = Ready::of(values);
        Ok(())
    }

    /// Read a chunk of the values of `columns`, of which nothing is to be made.
    fn read_chunk(&mut self, columns: &[usize], cx: &Cx) -> Result<()> {
        // A column that comes once more leaves its value in the row.
        let comes_again = |(at, column)| columns[at + 1..].contains(column);
        let again: Vec<bool> = columns.iter().enumerate().map(comes_again).collect();
        let (mut rows, mut row) = (PackedRows::default(), Vec::new());
        let mut count = 0;
        while self.next_of_chunk(count, &mut row, cx)? {
            for (column, again) in columns.iter().zip(&again) {
                rows.push(match row.get_mut(*column) {
                    Some(value) if *again => value.clone(),
                    Some(value) => std::mem::replace(value, Value::None),
                    None => Value::None,
                });
            }
            count += 1;
        }
        self.ready = Ready::Packed(rows);
        Ok(())
    }

    /// Read the next row of a chunk that has `count` rows already; `false` at its end.
    fn next_of_chunk(&mut self, count: usize, row: &mut Vec<Value>, cx: &Cx) -> Result<bool> {
        if self.chunk.is_some_and(|size| count >= size) {
            return Ok(false);
        }
        let found = self.cursor.fetch_raw(row, cx)?;
        self.is_done |= !found;
        Ok(found)
    }
}

/// What was made of a chunk and not yet handed out, row after row.
enum Ready {
    Values(std::vec::IntoIter<Value>),
    Packed(PackedRows),
}

impl Ready {
    fn of(values: Vec<Value>) -> Self {
        Self::Values(values.into_iter())
    }
    fn is_empty(&self) -> bool {
        match self {
            Self::Values(values) => values.as_slice().is_empty(),
            Self::Packed(rows) => rows.is_empty(),
        }
    }
    fn next(&mut self) -> Option<Value> {
        match self {
            Self::Values(values) => values.next(),
            Self::Packed(rows) => rows.pop(),
        }
    }
}

/// What `row` has for the entity at `at`.
fn value_of(
    entity: &EntityPlan,
    at: usize,
    context: &mut LoadContext,
    row: &mut [Value],
    cx: &Cx,
) -> Result<Value> {
    Ok(match entity {
        EntityPlan::Column(column) => row.get(*column).cloned().unwrap_or(Value::None),
        EntityPlan::Instance(plan) => {
            let refresh = context.info.options.refresh.clone().filter(|_| at == 0);
            let found = instance::load_as(plan, context, row, refresh.as_ref(), cx)?;
            found.map_or(Value::None, Value::Instance)
        }
        EntityPlan::Bundle(bundle) => bundle_of(bundle, context, row, cx)?,
    })
}

fn bundle_of(
    bundle: &Rc<BundlePlan>,
    context: &mut LoadContext,
    row: &mut [Value],
    cx: &Cx,
) -> Result<Value> {
    let mut values = Vec::with_capacity(bundle.members.len());
    for (_, member) in &bundle.members {
        // Only the statement's first entity is ever refreshed.
        values.push(value_of(member, usize::MAX, context, row, cx)?);
    }
    let instance = match &bundle.maker {
        BundleMaker::Instance(instance) => instance,
        BundleMaker::Composite { class, .. } => return cx.call(class, values),
        BundleMaker::Row => return Ok(Value::object(Row::new(bundle.meta(), values))),
    };
    let identity = Rc::as_ptr(bundle) as usize;
    let maker = if let Some(known) = context.bundles.get(&identity) {
        known.clone()
    } else {
        let made = bundle.row_processor(instance, context, cx)?;
        context.bundles.insert(identity, made.clone());
        made
    };
    cx.call(&maker, [Value::tuple(values)])
}

impl RowSource for EntityRows {
    fn fetch(&mut self, row: &mut Vec<Value>, cx: &Cx) -> Result<bool> {
        while self.ready.is_empty() {
            if self.is_done {
                return Ok(false);
            }
            self.load_chunk(cx)?;
        }
        row.clear();
        row.extend(std::iter::from_fn(|| self.ready.next()).take(self.width));
        Ok(true)
    }
    fn single_values(&mut self, cx: &Cx) -> Result<Vec<Value>> {
        if self.width != 1 {
            return Ok(Vec::new());
        }
        if self.ready.is_empty() && !self.is_done {
            self.load_chunk(cx)?;
        }
        Ok(match &mut self.ready {
            Ready::Values(values) => std::mem::take(values).collect(),
            Ready::Packed(_) => Vec::new(),
        })
    }
    fn set_yield_per(&mut self, count: usize) {
        self.chunk = Some(count.max(1));
    }
}

/// Finds an entity or column that a script names in a row.
struct EntityLookup(Rc<StatementPlan>);

impl ColumnLookup for EntityLookup {
    fn index_of(&self, key: &Value, _cx: &Cx) -> Result<Option<usize>> {
        Ok(self.0.objects.iter().position(|objects| {
            objects
                .iter()
                .any(|object| object.is(key) || crate::orm::support::same_attribute(object, key))
        }))
    }
}

impl StatementPlan {
    /// The columns of the rows, where it is of nothing else.
    fn plain_columns(&self) -> Option<Vec<usize>> {
        let columns = self.entities.iter().map(|entity| match entity {
            EntityPlan::Column(column) => Some(*column),
            EntityPlan::Instance(_) | EntityPlan::Bundle(_) => None,
        });
        columns.collect()
    }
    fn meta(self: &Rc<Self>, in_chunks: bool) -> RowMeta {
        let uniqueness: Vec<Uniqueness> = self
            .by_identity
            .iter()
            .map(|identity| match identity {
                _ if in_chunks => Uniqueness::Refused,
                true => Uniqueness::Identity,
                false => Uniqueness::Value,
            })
            .collect();
        RowMeta::new(self.keys.clone())
            .with_lookup(Rc::new(EntityLookup(self.clone())))
            .with_uniqueness(uniqueness)
    }
}

impl BundlePlan {
    /// What `create_row_processor()` of a script's subclass answers.
    fn row_processor(&self, instance: &Value, context: &LoadContext, cx: &Cx) -> Result<Value> {
        let procs = (0..self.members.len()).map(|at| {
            Method::function("proc(row)", move |bound, _| {
                let Value::Tuple(values) = bound.value("row") else {
                    return Ok(Value::None);
                };
                Ok(values.get(at).cloned().unwrap_or(Value::None))
            })
        });
        let procs = Value::list(procs.collect());
        let labels = self
            .members
            .iter()
            .map(|(name, _)| Value::Str(name.clone()));
        let labels = Value::list(labels.collect());
        let query = Value::object(context.info.select.clone());
        cx.call_method(instance, "create_row_processor", [query, procs, labels])
    }
    fn meta(&self) -> Rc<RowMeta> {
        let names: Vec<_> = self.members.iter().map(|(name, _)| name.clone()).collect();
        Rc::new(RowMeta::new(names))
    }
}

/// The result of the run `info` of a loading statement.
pub fn result_of(info: &Rc<RunInfo>, cursor: CursorResult, cx: &Cx) -> Result<ResultSet> {
    let plan = &info.plan;
    if info.options.yield_per.is_some() && (plan.needs_unique || plan.needs_buffering) {
        cursor.close(cx);
        return Err(INVALID_REQUEST_ERROR.error(
            "Can't use yield_per with eager loaders that require uniquing or row buffering, e.g. \
             joinedload() against collections or subqueryload().  Consider the selectinload() \
             strategy for better flexibility in loading objects.",
        ));
    }
    if let Some((class, message)) = &plan.refusal {
        cursor.close(cx);
        return Err(class.error(message.to_string()));
    }
    let rows = EntityRows::new(info.clone(), cursor);
    let meta = Rc::new(plan.meta(info.options.yield_per.is_some()));
    let result = ResultSet::of_rows(ResultKind::ChunkedIterator, meta, Box::new(rows));
    result.note_entities(EntityNotes {
        single: plan.single_entity,
        filtered: plan.has_mapped_entities,
    });
    if plan.needs_unique {
        result.require_unique(
            "The unique() method must be invoked on this Result, as it contains results that \
             include joined eager loads against collections",
        );
    }
    if let Some(count) = info.options.yield_per {
        result.yield_per(count);
    }
    Ok(result)
}
