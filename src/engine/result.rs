//! Results: rows read on demand from a source, as rows, scalars or mappings, filtered for
//! uniqueness where asked.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use rustc_hash::FxHashSet;

use super::context::{CursorOutcome, StatementContext};
use super::exc::{
    INVALID_REQUEST_ERROR, MULTIPLE_RESULTS_FOUND, NO_RESULT_FOUND, RESOURCE_CLOSED_ERROR,
};
use super::row::{Row, RowMapping, RowMeta, Uniqueness};
use super::value_rows::ValueRows;
use crate::object::{Cx, Key, Result, Str, Value};

/// Where the rows of a result come from: a cursor, or the ORM's loading.
pub trait RowSource {
    /// Put the values of the next row into `row`, whose contents are replaced; `false` at the
    /// end.
    fn fetch(&mut self, row: &mut Vec<Value>, cx: &Cx) -> Result<bool>;
    /// The next rows as one vector, where each is a single value and they exist already.
    fn single_values(&mut self, _cx: &Cx) -> Result<Vec<Value>> {
        Ok(Vec::new())
    }
    /// Work in chunks of `count` rows.
    fn set_yield_per(&mut self, _count: usize) {}
    /// How many rows the statement changed, where only the end of the rows tells.
    fn rowcount(&self) -> Option<i64> {
        None
    }
}

/// Rows that exist already.
pub struct BufferedRows(std::vec::IntoIter<Vec<Value>>);

impl BufferedRows {
    /// The rows `rows`.
    pub fn new(rows: Vec<Vec<Value>>) -> Self {
        Self(rows.into_iter())
    }
}

impl RowSource for BufferedRows {
    fn fetch(&mut self, row: &mut Vec<Value>, _cx: &Cx) -> Result<bool> {
        let Some(next) = self.0.next() else {
            return Ok(false);
        };
        *row = next;
        Ok(true)
    }
}

/// Rows that exist already, in one block.
pub struct BlockRows {
    rows: ValueRows,
    next: usize,
}

impl BlockRows {
    /// The rows `rows`.
    pub fn new(rows: ValueRows) -> Self {
        Self { rows, next: 0 }
    }
}

impl RowSource for BlockRows {
    fn fetch(&mut self, row: &mut Vec<Value>, _cx: &Cx) -> Result<bool> {
        if self.next >= self.rows.len() {
            return Ok(false);
        }
        row.clear();
        row.extend_from_slice(self.rows.row(self.next));
        self.next += 1;
        Ok(true)
    }
}

/// Which class a result shows itself as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultKind {
    /// `CursorResult`.
    Cursor,
    /// 1.4's `LegacyCursorResult`.
    LegacyCursor,
    /// `IteratorResult`.
    Iterator,
    /// `ChunkedIteratorResult`.
    ChunkedIterator,
    /// `MergedResult`.
    Merged,
}

/// What a result yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultMode {
    /// Rows.
    Rows,
    /// One value per row.
    Scalars,
    /// Mappings.
    Mappings,
    /// Rows, typed as tuples.
    Tuples,
}

type CloseHook = Box<dyn FnOnce(&Cx)>;

/// What the views of one result share.
struct ResultData {
    kind: ResultKind,
    source: RefCell<Option<Box<dyn RowSource>>>,
    returns_rows: bool,
    soft_closed: Cell<bool>,
    hard_closed: Cell<bool>,
    yield_per: Cell<Option<usize>>,
    context: Option<Rc<dyn StatementContext>>,
    outcome: RefCell<CursorOutcome>,
    rowcount: Cell<Option<i64>>,
    on_close: RefCell<Option<CloseHook>>,
    entities: Cell<EntityNotes>,
}

/// What the ORM notes on a result for `Query`.
#[derive(Clone, Copy, Debug, Default)]
pub struct EntityNotes {
    /// Rows are of one entity, which stands for the row.
    pub single: bool,
    /// There are entities among the fields, whose rows are to be told apart.
    pub filtered: bool,
}

/// The state of `unique()`.
struct UniqueFilter {
    seen: RefCell<FxHashSet<Key>>,
    strategy: Option<Value>,
    required: Option<Str>,
}

/// A result, or a view of one that yields scalars or mappings; a cheap handle.
#[derive(Clone)]
pub struct ResultSet(Rc<View>);

/// The result of a Core statement.
pub type CursorResult = ResultSet;

struct View {
    data: Rc<ResultData>,
    mode: ResultMode,
    meta: RefCell<Rc<RowMeta>>,
    unique: RefCell<Option<Rc<UniqueFilter>>>,
}

impl ResultSet {
    /// A result that reads rows from `source`.
    pub fn of_rows(kind: ResultKind, meta: Rc<RowMeta>, source: Box<dyn RowSource>) -> Self {
        Self::build(kind, meta, Some(source), None, CursorOutcome::default())
    }
    /// The result of a statement that reads rows from `source`, or returns none.
    pub fn of_cursor(
        kind: ResultKind,
        meta: Rc<RowMeta>,
        source: Option<Box<dyn RowSource>>,
        context: Option<Rc<dyn StatementContext>>,
        outcome: CursorOutcome,
    ) -> Self {
        Self::build(kind, meta, source, context, outcome)
    }

    fn build(
        kind: ResultKind,
        meta: Rc<RowMeta>,
        source: Option<Box<dyn RowSource>>,
        context: Option<Rc<dyn StatementContext>>,
        outcome: CursorOutcome,
    ) -> Self {
        let returns_rows = source.is_some();
        let data = ResultData {
            kind,
            source: RefCell::new(source),
            returns_rows,
            soft_closed: Cell::new(!returns_rows),
            hard_closed: Cell::new(false),
            yield_per: Cell::new(None),
            context,
            outcome: RefCell::new(outcome),
            rowcount: Cell::new(None),
            entities: Cell::default(),
            on_close: RefCell::default(),
        };
        Self(Rc::new(View {
            data: Rc::new(data),
            mode: ResultMode::Rows,
            meta: RefCell::new(meta),
            unique: RefCell::default(),
        }))
    }

    /// Run `hook` once the result has no more rows or is closed.
    pub fn on_close(&self, hook: CloseHook, cx: &Cx) {
        if self.0.data.soft_closed.get() {
            hook(cx);
        } else {
            *self.0.data.on_close.borrow_mut() = Some(hook);
        }
    }
    /// Rows can't be read before `unique()` was called: joined eager loading of collections.
    pub fn require_unique(&self, message: &str) {
        *self.0.unique.borrow_mut() = Some(Rc::new(UniqueFilter {
            seen: RefCell::default(),
            strategy: None,
            required: Some(Str::new(message)),
        }));
    }

    /// Note what the rows are of.
    pub fn note_entities(&self, notes: EntityNotes) {
        self.0.data.entities.set(notes);
    }
    /// What the ORM noted.
    pub fn entity_notes(&self) -> EntityNotes {
        self.0.data.entities.get()
    }
    /// Which class the result shows itself as.
    pub fn kind(&self) -> ResultKind {
        self.0.data.kind
    }
    /// What it yields.
    pub fn mode(&self) -> ResultMode {
        self.0.mode
    }
    /// The metadata of its rows.
    pub fn meta(&self) -> Rc<RowMeta> {
        self.0.meta.borrow().clone()
    }
    /// What the statement left, for `inserted_primary_key` and the like.
    pub fn context(&self) -> Option<&Rc<dyn StatementContext>> {
        self.0.data.context.as_ref()
    }
    /// What the cursor reported.
    pub fn outcome(&self) -> CursorOutcome {
        self.0.data.outcome.borrow().clone()
    }
    /// Whether the statement returns rows at all.
    pub fn returns_rows(&self) -> bool {
        self.0.data.returns_rows
    }
    /// Whether it was closed, or `first()` and the like closed it.
    pub fn closed(&self) -> bool {
        self.0.data.hard_closed.get()
    }
    /// Whether there are no more rows.
    pub fn soft_closed(&self) -> bool {
        self.0.data.soft_closed.get()
    }
    /// `rowcount`: what the cursor knows when this is asked first.
    pub fn rowcount(&self) -> i64 {
        let data = &self.0.data;
        if let Some(known) = data.rowcount.get() {
            return known;
        }
        let source = data.source.borrow();
        let live = source.as_ref().and_then(|source| source.rowcount());
        let rowcount = live.unwrap_or_else(|| data.outcome.borrow().rowcount);
        data.rowcount.set(Some(rowcount));
        rowcount
    }
    /// What identifies the handle.
    pub fn address(&self) -> usize {
        Rc::as_ptr(&self.0) as usize
    }

    fn view(&self, mode: ResultMode, meta: Rc<RowMeta>) -> Self {
        Self(Rc::new(View {
            data: self.0.data.clone(),
            mode,
            meta: RefCell::new(meta),
            unique: RefCell::new(self.0.unique.borrow().clone()),
        }))
    }
    /// All rows that are left, each with its first `width` fields, for a display: the result
    /// still yields them to whoever reads it.
    pub fn peek(&self, width: usize, cx: &Cx) -> Result<Vec<Vec<Value>>> {
        let data = &self.0.data;
        let Some(mut source) = data.source.borrow_mut().take() else {
            return Ok(Vec::new());
        };
        let (mut rows, mut row) = (Vec::new(), Vec::new());
        while source.fetch(&mut row, cx)? {
            rows.push(std::mem::take(&mut row));
        }
        data.rowcount.set(source.rowcount().or(data.rowcount.get()));
        let meta = self.meta();
        let shown = rows.iter().map(|row| match meta.projection() {
            Some(picked) => picked
                .iter()
                .take(width)
                .filter_map(|at| row.get(*at).cloned())
                .collect(),
            None => row.iter().take(width).cloned().collect(),
        });
        let shown = shown.collect();
        *data.source.borrow_mut() = Some(Box::new(BufferedRows::new(rows)));
        Ok(shown)
    }
    /// `scalars()` of the field at `index`.
    pub fn scalars(&self, index: usize) -> Result<Self> {
        self.check_returns_rows()?;
        let meta = self.meta();
        // A single field needs no reduction.
        let meta = if index == 0 && meta.keys().len() == 1 {
            meta
        } else {
            Rc::new(meta.reduced(&[index]))
        };
        Ok(self.view(ResultMode::Scalars, meta))
    }
    /// `mappings()`.
    #[must_use]
    pub fn mappings(&self) -> Self {
        self.view(ResultMode::Mappings, self.meta())
    }
    /// `tuples()`.
    #[must_use]
    pub fn tuples(&self) -> Self {
        self.view(ResultMode::Tuples, self.meta())
    }
    /// `columns()`: yield the fields at `indexes` only.
    pub fn columns(&self, indexes: &[usize]) -> Result<()> {
        self.check_returns_rows()?;
        let reduced = Rc::new(self.meta().reduced(indexes));
        *self.0.meta.borrow_mut() = reduced;
        Ok(())
    }
    /// `unique()`: yield each row once, told apart by what `strategy` makes of it.
    pub fn unique(&self, strategy: Option<Value>) {
        *self.0.unique.borrow_mut() = Some(Rc::new(UniqueFilter {
            seen: RefCell::default(),
            strategy,
            required: None,
        }));
    }
    /// `yield_per()`.
    pub fn yield_per(&self, count: usize) {
        self.0.data.yield_per.set(Some(count));
        if let Some(source) = &mut *self.0.data.source.borrow_mut() {
            source.set_yield_per(count);
        }
    }

    /// The error for reading a result that has no rows to give, if that is so.
    pub fn check_returns_rows(&self) -> Result<()> {
        if self.0.data.returns_rows {
            return Ok(());
        }
        Err(RESOURCE_CLOSED_ERROR
            .error("This result object does not return rows. It has been closed automatically."))
    }

    /// The values of the next row of the source; `false` at the end.
    pub fn fetch_raw(&self, row: &mut Vec<Value>, cx: &Cx) -> Result<bool> {
        let data = &self.0.data;
        self.check_returns_rows()?;
        if data.hard_closed.get() {
            return Err(RESOURCE_CLOSED_ERROR.error("This result object is closed."));
        }
        // Out of its cell: what a row needs may run code that reads this very result.
        let Some(mut source) = data.source.borrow_mut().take() else {
            row.clear();
            return Ok(false);
        };
        match source.fetch(row, cx) {
            Ok(true) => {
                if !data.soft_closed.get() {
                    *data.source.borrow_mut() = Some(source);
                }
                Ok(true)
            }
            Ok(false) => {
                if let Some(rowcount) = source.rowcount() {
                    data.outcome.borrow_mut().rowcount = rowcount;
                }
                drop(source);
                data.soft_close(cx);
                Ok(false)
            }
            Err(raised) => {
                drop(source);
                data.soft_close(cx);
                Err(raised)
            }
        }
    }

    /// See [`RowSource::single_values`].
    fn single_values(&self, cx: &Cx) -> Result<Vec<Value>> {
        let data = &self.0.data;
        if data.hard_closed.get() || data.soft_closed.get() {
            return Ok(Vec::new());
        }
        let Some(mut source) = data.source.borrow_mut().take() else {
            return Ok(Vec::new());
        };
        let values = source.single_values(cx);
        match &values {
            Ok(_) if !data.soft_closed.get() => *data.source.borrow_mut() = Some(source),
            Ok(_) => {}
            Err(_) => data.soft_close(cx),
        }
        values
    }

    /// All rows that are left, unfiltered.
    pub fn fetch_all_raw(&self, cx: &Cx) -> Result<Vec<Vec<Value>>> {
        let (mut rows, mut row) = (Vec::new(), Vec::new());
        while self.fetch_raw(&mut row, cx)? {
            rows.push(std::mem::take(&mut row));
        }
        Ok(rows)
    }

    /// `close()`.
    pub fn close(&self, cx: &Cx) {
        let data = &self.0.data;
        let source = data.source.borrow_mut().take();
        if let Some(rowcount) = source.as_ref().and_then(|source| source.rowcount()) {
            data.outcome.borrow_mut().rowcount = rowcount;
        }
        drop(source);
        data.hard_closed.set(true);
        data.soft_close(cx);
    }

    /// What is yielded for the row just fetched into `row`, before the last step.
    fn interim(&self, meta: &Rc<RowMeta>, row: &mut Vec<Value>) -> Value {
        if self.0.mode == ResultMode::Scalars {
            let index = meta
                .projection()
                .and_then(|fields| fields.first().copied())
                .unwrap_or(0);
            return row
                .get_mut(index)
                .map_or(Value::None, |value| std::mem::replace(value, Value::None));
        }
        let values = match meta.projection() {
            Some(fields) => fields
                .iter()
                .map(|index| row.get(*index).cloned().unwrap_or(Value::None))
                .collect(),
            None => std::mem::take(row),
        };
        Value::object(Row::new(meta.clone(), values))
    }

    /// The last step: a mapping of the row, where mappings are yielded.
    fn finish(&self, interim: Value) -> Value {
        if self.0.mode != ResultMode::Mappings {
            return interim;
        }
        match interim.downcast::<Row>() {
            Some(row) => Value::object(RowMapping(row.clone())),
            None => interim,
        }
    }

    /// Whether `unique()` lets the row pass.
    fn passes(&self, meta: &RowMeta, interim: &Value, cx: &Cx) -> Result<bool> {
        let Some(filter) = self.0.unique.borrow().clone() else {
            return Ok(true);
        };
        let key = Self::unique_key(&filter, meta, interim, cx)?;
        let key = Key::new(key, cx)?;
        Ok(filter.seen.borrow_mut().insert(key))
    }

    /// What `unique()` tells the row apart by.
    fn unique_key(
        filter: &UniqueFilter,
        meta: &RowMeta,
        interim: &Value,
        cx: &Cx,
    ) -> Result<Value> {
        if let Some(message) = &filter.required {
            return Err(INVALID_REQUEST_ERROR.error(message.as_str()));
        }
        if let Some(strategy) = &filter.strategy {
            return cx.call(strategy, [interim.clone()]);
        }
        let refuses = |all: &[Uniqueness]| all.contains(&Uniqueness::Refused);
        if meta.uniqueness().is_some_and(refuses) {
            return Err(INVALID_REQUEST_ERROR
                .error("Can't use the ORM yield_per feature in conjunction with unique()"));
        }
        let one = |value: &Value, how: Uniqueness| match (how, value.address()) {
            (Uniqueness::Identity, Some(address)) => {
                Value::Int(i64::try_from(address).unwrap_or_default())
            }
            _ => value.clone(),
        };
        let Some(row) = interim.downcast::<Row>() else {
            let how = meta.uniqueness().and_then(|all| all.first().copied());
            return Ok(one(interim, how.unwrap_or(Uniqueness::Value)));
        };
        Ok(match meta.uniqueness() {
            Some(all) => {
                let parts = row.values().iter().zip(all);
                Value::tuple(parts.map(|(value, how)| one(value, *how)).collect())
            }
            None => row.to_tuple(),
        })
    }

    /// `fetchone()`: the next row, `None` behind the last.
    pub fn fetch_one(&self, cx: &Cx) -> Result<Option<Value>> {
        let meta = self.meta();
        let mut row = Vec::new();
        while self.fetch_raw(&mut row, cx)? {
            let interim = self.interim(&meta, &mut row);
            if self.passes(&meta, &interim, cx)? {
                return Ok(Some(self.finish(interim)));
            }
        }
        Ok(None)
    }

    /// `all()`.
    pub fn all(&self, cx: &Cx) -> Result<Vec<Value>> {
        let meta = self.meta();
        let filtered = self.0.unique.borrow().is_some();
        let first_only = meta.projection().is_none_or(|fields| fields == [0]);
        let mut values = match self.0.mode == ResultMode::Scalars && !filtered && first_only {
            true => self.single_values(cx)?,
            false => Vec::new(),
        };
        let mut row = Vec::new();
        while self.fetch_raw(&mut row, cx)? {
            let interim = self.interim(&meta, &mut row);
            if !filtered || self.passes(&meta, &interim, cx)? {
                values.push(self.finish(interim));
            }
        }
        Ok(values)
    }

    /// `fetchmany()`.
    pub fn fetch_many(&self, size: Option<usize>, cx: &Cx) -> Result<Vec<Value>> {
        let of_cursor = matches!(self.kind(), ResultKind::Cursor | ResultKind::LegacyCursor);
        let limit = size
            .or_else(|| self.0.data.yield_per.get())
            .or(of_cursor.then_some(1));
        let mut values = Vec::new();
        while limit.is_none_or(|limit| values.len() < limit) {
            match self.fetch_one(cx)? {
                Some(value) => values.push(value),
                None => break,
            }
        }
        Ok(values)
    }

    /// `first()`, `one()`, `one_or_none()` and their scalar forms.
    pub fn only_one(&self, rule: OnlyOne, scalar: bool, cx: &Cx) -> Result<Value> {
        let answer = self.find_only_one(rule, scalar, cx);
        if self.0.data.returns_rows {
            self.close(cx);
        }
        answer
    }

    fn find_only_one(&self, rule: OnlyOne, scalar: bool, cx: &Cx) -> Result<Value> {
        let meta = self.meta();
        let mut raw = Vec::new();
        if !self.fetch_raw(&mut raw, cx)? {
            return match rule {
                OnlyOne::Exactly => {
                    Err(NO_RESULT_FOUND.error("No row was found when one was required"))
                }
                OnlyOne::First | OnlyOne::AtMost => Ok(Value::None),
            };
        }
        let row = self.interim(&meta, &mut raw);
        if rule != OnlyOne::First && self.has_other(&meta, &row, cx)? {
            return Err(MULTIPLE_RESULTS_FOUND.error(match rule {
                OnlyOne::Exactly => "Multiple rows were found when exactly one was required",
                _ => "Multiple rows were found when one or none was required",
            }));
        }
        if scalar && let Some(row) = row.downcast::<Row>() {
            return Ok(row.get(0).cloned().unwrap_or(Value::None));
        }
        Ok(self.finish(row))
    }

    /// Whether there is a further row that differs from `row` as `unique()` tells rows apart.
    fn has_other(&self, meta: &Rc<RowMeta>, row: &Value, cx: &Cx) -> Result<bool> {
        let mut raw = Vec::new();
        let Some(filter) = self.0.unique.borrow().clone() else {
            return self.fetch_raw(&mut raw, cx);
        };
        let key = Self::unique_key(&filter, meta, row, cx)?;
        while self.fetch_raw(&mut raw, cx)? {
            let other = self.interim(meta, &mut raw);
            let other = Self::unique_key(&filter, meta, &other, cx)?;
            if !cx.eq(&key, &other)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// `partitions()`: the next list of rows; `None` at the end.
    pub fn next_partition(&self, size: Option<usize>, cx: &Cx) -> Result<Option<Vec<Value>>> {
        let rows = self.fetch_many(size, cx)?;
        Ok((!rows.is_empty()).then_some(rows))
    }
}

/// How many rows `first()` and its kin accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnlyOne {
    /// Any number; the first counts.
    First,
    /// One or none.
    AtMost,
    /// Exactly one.
    Exactly,
}

impl ResultData {
    fn soft_close(&self, cx: &Cx) {
        self.soft_closed.set(true);
        let hook = self.on_close.borrow_mut().take();
        if let Some(hook) = hook {
            hook(cx);
        }
    }
}
