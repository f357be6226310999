//! A compiled statement with all that can be told before its parameters are known: where each
//! value comes from, what it passes through, what its rows look like.

use std::cell::OnceCell;
use std::rc::Rc;

use super::cache::KeyedBinds;
use super::context::DmlContext;
use super::defaults::{DefaultCall, fire};
use super::parameters::{KeyCursor, ParameterSets};
use super::shape::result_shape;
use crate::engine::echo::StatsKind;
use crate::engine::exc::{FailedStatement, INVALID_REQUEST_ERROR, with_code};
use crate::engine::{
    Batch, BatchSorter, Connection, CursorResult, ExecutionOptions, ExecutionRequest, ManyValues,
    Parameters, ResultShape, StatementKind,
};
use crate::object::{Cx, Dict, Key, Raised, Result, Str, Value};
use crate::sql::ColumnElement;
use crate::sql::compiler::{Compiled, DmlInfo};
use crate::sql::dialects::Dialect;
use crate::sql::executable::Executable;
use crate::sql::schema::{Column, ColumnDefault};
use crate::sql::types::Processor;

/// Where the value of a bind comes from where the parameters do not give it.
enum Fallback {
    /// The statement itself.
    Own(Value),
    /// A callable of the statement.
    Bind,
    /// A column's default.
    Default(Rc<Column>, DefaultCall),
    /// Nowhere: it must be given.
    Required,
}

struct Source {
    cursor: KeyCursor,
    fallback: Fallback,
    processor: Option<Processor>,
}

/// A compiled statement, ready to be given parameters.
pub struct Prepared {
    compiled: Compiled,
    dialect: Rc<Dialect>,
    kind: StatementKind,
    is_text: bool,
    /// For each bind, by number.
    sources: Vec<Source>,
    /// The binds in the order of the text, where that is fixed.
    places: Vec<u32>,
    shape: OnceCell<Option<ResultShape>>,
}

fn kind_of(statement: &Executable, compiled: &Compiled) -> StatementKind {
    if let Some(info) = compiled.dml() {
        return info.kind;
    }
    match statement {
        Executable::Text(_) => StatementKind::Text,
        _ => StatementKind::Select,
    }
}

impl Prepared {
    /// Prepare `compiled`.
    pub fn new(
        compiled: Compiled,
        statement: &Executable,
        dialect: Rc<Dialect>,
        cx: &Cx,
    ) -> Result<Self> {
        let kind = kind_of(statement, &compiled);
        let updates = kind == StatementKind::Update;
        let mut sources = Vec::with_capacity(compiled.binds.len());
        for (number, known) in compiled.binds.iter().enumerate() {
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            let prefetch = compiled
                .dml()
                .and_then(|info| info.prefetch.iter().find(|(_, bind)| *bind == number));
            let fallback = match prefetch {
                Some((column, _)) => {
                    let slot = if updates {
                        &column.onupdate
                    } else {
                        &column.default
                    };
                    let default = slot.borrow().clone();
                    match default {
                        Some(default) => {
                            Fallback::Default(column.clone(), DefaultCall::new(default))
                        }
                        None => Fallback::Own(Value::None),
                    }
                }
                None => match known.bind.plain_value() {
                    Some(value) => Fallback::Own(value),
                    None if known.bind.required => Fallback::Required,
                    None => Fallback::Bind,
                },
            };
            let key = if known.bind.unique {
                known.name.clone()
            } else {
                known.bind.orig_key.clone()
            };
            sources.push(Source {
                cursor: KeyCursor::new(key, sources.len()),
                fallback,
                processor: known.bind.type_.bind_processor(&dialect, cx)?,
            });
        }
        Ok(Self {
            places: compiled.places(),
            is_text: matches!(statement, Executable::Text(_)),
            compiled,
            dialect,
            kind,
            sources,
            shape: OnceCell::new(),
        })
    }

    /// The columns of the rows for `statement`, of the same structure: found by its expressions.
    /// `None`: as for the statement it was compiled of.
    pub(super) fn shape_for(&self, statement: &Executable, cx: &Cx) -> Result<Option<ResultShape>> {
        let known = &self.compiled.result;
        let Executable::Select(select) = statement else {
            return Ok(None);
        };
        let stable = known
            .columns
            .iter()
            .flat_map(|column| &column.objects)
            .all(|object| matches!(object.plain(), ColumnElement::Column(_)));
        if stable || !self.is_positional() || select.data().subject.is_some() {
            return Ok(None);
        }
        let columns = select.all_selected_columns(cx)?;
        if columns.len() != known.columns.len() {
            return Ok(None);
        }
        let mut result = known.clone();
        for (entry, column) in result.columns.iter_mut().zip(columns) {
            if !entry.objects.is_empty() {
                entry.objects = vec![column];
            }
        }
        result_shape(&result, None, &self.dialect, cx).map(Some)
    }

    fn is_positional(&self) -> bool {
        let result = &self.compiled.result;
        result.ordered && !result.textual_ordered && !self.described()
    }

    /// Its SQL, lists not expanded.
    pub fn sql(&self) -> &Str {
        self.compiled.sql()
    }
    /// The compiled statement.
    pub fn compiled(&self) -> &Compiled {
        &self.compiled
    }
    /// What kind of statement it is.
    pub fn kind(&self) -> StatementKind {
        self.kind
    }
    /// What was found out about an INSERT, UPDATE or DELETE.
    pub fn dml(&self) -> Option<&DmlInfo> {
        self.compiled.dml()
    }
    /// Whether several sets are sent as one statement with many rows of VALUES.
    pub(super) fn batches_rows(&self) -> bool {
        self.dml().is_some_and(|info| {
            info.kind == StatementKind::Insert
                && (info.explicit_returning || !info.implicit_returning.is_empty())
                && self.dialect.can.insertmanyvalues
        })
    }
    /// Whether a legacy connection commits after it.
    pub(super) fn autocommits(&self, options: &ExecutionOptions) -> bool {
        if options.get("autocommit").is_some() {
            return options.flag("autocommit");
        }
        match self.kind {
            StatementKind::Insert | StatementKind::Update | StatementKind::Delete => true,
            StatementKind::Ddl => true,
            StatementKind::Text => changes_data(self.sql()),
            StatementKind::Select => false,
        }
    }
    /// Whether only the cursor knows the columns.
    pub(super) fn described(&self) -> bool {
        self.is_text && self.compiled.result.columns.is_empty()
    }
    /// The columns of the rows, where they are known beforehand.
    pub(super) fn known_shape(&self, cx: &Cx) -> Result<Option<ResultShape>> {
        if let Some(known) = self.shape.get() {
            return Ok(known.clone());
        }
        let result = &self.compiled.result;
        let shape = if self.is_positional() {
            Some(result_shape(result, None, &self.dialect, cx)?)
        } else {
            None
        };
        Ok(self.shape.get_or_init(|| shape).clone())
    }
    /// The columns of the rows, given the cursor's names.
    pub(super) fn shape_of(&self, names: &[Str], cx: &Cx) -> Result<ResultShape> {
        result_shape(&self.compiled.result, Some(names), &self.dialect, cx)
    }

    /// A value was refused while the parameters were prepared.
    pub(super) fn bind_failed(
        &self,
        connection: &Connection,
        sets: &ParameterSets,
        raised: Raised,
        cx: &Cx,
    ) -> Raised {
        let failed = FailedStatement {
            sql: self.sql(),
            params: sets.to_value(),
            ismulti: None,
            hide_parameters: connection.engine().hide_parameters(),
        };
        connection.failed(raised, Some(failed), cx)
    }

    /// The value of bind `number` for the set `set`, not yet processed.
    fn raw_value(
        &self,
        number: usize,
        set: Option<(&Rc<Dict>, usize)>,
        fired: &mut Fired<'_>,
        cx: &Cx,
    ) -> Result<Value> {
        let Some(source) = self.sources.get(number) else {
            return Ok(Value::None);
        };
        // A default that was found to apply applies to every set.
        let defaulted = matches!(source.fallback, Fallback::Default(..));
        if let Some((dict, _)) = set.filter(|_| !defaulted) {
            if let Some(value) = source.cursor.find(dict) {
                return Ok(value);
            }
        }
        if let (Fallback::Own(_) | Fallback::Bind, Some(binds)) = (&source.fallback, fired.binds) {
            if let Some(value) = binds.value(number, cx)? {
                return Ok(value);
            }
        }
        match &source.fallback {
            Fallback::Own(value) => Ok(value.clone()),
            Fallback::Bind => {
                let value = self.compiled.binds[number].bind.effective_value(cx)?;
                Ok(if value.is_undefined() {
                    Value::None
                } else {
                    value
                })
            }
            Fallback::Default(column, call) => fire(call, column, fired, cx),
            Fallback::Required => {
                let name = self.compiled.binds[number].bind.key.base();
                let group = match set {
                    Some((_, at)) if fired.many => format!(", in parameter group {at}"),
                    _ => String::new(),
                };
                Err(with_code(
                    INVALID_REQUEST_ERROR.error(format!(
                        "A value is required for bind parameter '{name}'{group}"
                    )),
                    "cd3x",
                ))
            }
        }
    }

    fn processed(&self, number: usize, value: Value, cx: &Cx) -> Result<Value> {
        match self
            .sources
            .get(number)
            .and_then(|source| source.processor.as_ref())
        {
            Some(process) => process(value, cx),
            None => Ok(value),
        }
    }

    /// The text and parameters of a single execution.
    pub(super) fn bind_one(
        &self,
        connection: &Connection,
        sets: &ParameterSets,
        context: Option<&DmlContext>,
        cx: &Cx,
    ) -> Result<(Str, Vec<Value>)> {
        let set = sets.sets().first().map(|set| (set, 0));
        let mut values = vec![Value::Undefined; self.sources.len()];
        let mut fired = Fired {
            connection,
            prepared: self,
            set: set.map(|(set, _)| set.clone()),
            values: &mut Vec::new(),
            binds: sets.binds(),
            many: false,
        };
        // The values given come first: a default may ask for them.
        for defaults in [false, true] {
            for number in 0..self.sources.len() {
                let is_default = matches!(self.sources[number].fallback, Fallback::Default(..));
                if is_default != defaults {
                    continue;
                }
                fired.values.clone_from(&values);
                let raw = self.raw_value(number, set, &mut fired, cx)?;
                values[number] = raw;
            }
        }
        if let Some(context) = context {
            context.note_values(self, &values);
        }
        if !self.compiled.is_post_compiled() {
            let mut row = Vec::with_capacity(self.places.len());
            for number in &self.places {
                let number = *number as usize;
                row.push(self.processed(number, values[number].clone(), cx)?);
            }
            return Ok((self.sql().clone(), row));
        }
        let bound = self.compiled.bound(&values, &self.dialect, cx)?;
        let sql = Str::new(bound.sql.as_ref());
        let mut row = Vec::with_capacity(bound.parameters.len());
        for parameter in bound.parameters {
            row.push(match parameter.type_.bind_processor(&self.dialect, cx)? {
                Some(process) => process(parameter.value, cx)?,
                None => parameter.value,
            });
        }
        Ok((sql, row))
    }

    /// The parameters of an executemany.
    pub(super) fn bind_many(
        &self,
        connection: &Connection,
        sets: &ParameterSets,
        context: Option<&DmlContext>,
        cx: &Cx,
    ) -> Result<Vec<Vec<Value>>> {
        if self.compiled.is_post_compiled() {
            return Err(INVALID_REQUEST_ERROR.error(
                "'literal_execute' or 'expanding' parameters can't be used with executemany()",
            ));
        }
        let plain = self
            .sources
            .iter()
            .all(|source| !matches!(source.fallback, Fallback::Default(..)));
        let mut rows = Vec::with_capacity(sets.len());
        let mut none = Vec::new();
        let mut kept = Vec::new();
        for (at, dict) in sets.sets().iter().enumerate() {
            let mut fired = Fired {
                connection,
                prepared: self,
                set: Some(dict.clone()),
                values: &mut none,
                binds: sets.binds(),
                many: true,
            };
            let row = if plain {
                self.plain_row((dict, at), &mut fired, cx)?
            } else {
                let (row, values) = self.row_with_defaults((dict, at), &mut fired, cx)?;
                kept.push(values);
                row
            };
            rows.push(row);
        }
        if let Some(context) = context {
            context.note_sets(sets);
            context.note_rows(kept);
        }
        Ok(rows)
    }

    fn plain_row(
        &self,
        set: (&Rc<Dict>, usize),
        fired: &mut Fired<'_>,
        cx: &Cx,
    ) -> Result<Vec<Value>> {
        let mut row = Vec::with_capacity(self.places.len());
        for number in &self.places {
            let number = *number as usize;
            let raw = self.raw_value(number, Some(set), fired, cx)?;
            row.push(self.processed(number, raw, cx)?);
        }
        Ok(row)
    }

    /// The parameters of a set in the order of the text, and all values by number.
    fn row_with_defaults(
        &self,
        set: (&Rc<Dict>, usize),
        fired: &mut Fired<'_>,
        cx: &Cx,
    ) -> Result<(Vec<Value>, Vec<Value>)> {
        let mut values = vec![Value::Undefined; self.sources.len()];
        for defaults in [false, true] {
            for number in 0..self.sources.len() {
                let is_default = matches!(self.sources[number].fallback, Fallback::Default(..));
                if is_default == defaults {
                    fired.values.clone_from(&values);
                    values[number] = self.raw_value(number, Some(set), fired, cx)?;
                }
            }
        }
        let mut row = Vec::with_capacity(self.places.len());
        for number in &self.places {
            let number = *number as usize;
            let raw = values.get(number).cloned().unwrap_or(Value::None);
            row.push(self.processed(number, raw, cx)?);
        }
        Ok((row, values))
    }

    /// The parameters that a default's function may look at.
    pub(super) fn current_parameters(&self, values: &[Value], set: Option<&Rc<Dict>>) -> Value {
        let dict = Dict::default();
        for (known, value) in self.compiled.binds.iter().zip(values) {
            if !value.is_undefined() {
                dict.insert_str(&known.name, value.clone());
            }
        }
        if let Some(set) = set {
            for (key, value) in set.borrow().iter() {
                if let Some(name) = key.value().as_str() {
                    dict.insert_str(name, value.clone());
                }
            }
        }
        Value::Dict(Rc::new(dict))
    }

    /// The compat dialect it was compiled for.
    pub(super) fn dialect(&self) -> &Rc<Dialect> {
        &self.dialect
    }
}

/// What a default is asked for.
pub(super) struct Fired<'a> {
    pub connection: &'a Connection,
    pub prepared: &'a Prepared,
    pub set: Option<Rc<Dict>>,
    pub values: &'a mut Vec<Value>,
    /// The statement's own binds, where it runs in the compiled form of another.
    pub binds: Option<&'a KeyedBinds>,
    pub many: bool,
}

/// Whether the text `sql` changes data, as 1.4's legacy engines tell.
fn changes_data(sql: &str) -> bool {
    let sql = sql.trim_start();
    ["UPDATE", "INSERT", "CREATE", "DELETE", "DROP", "ALTER"]
        .iter()
        .any(|word| {
            sql.get(..word.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(word))
        })
}

/// Run an INSERT .. RETURNING of many rows in batches.
pub(super) fn run_batches(
    connection: &Connection,
    prepared: &Rc<Prepared>,
    sets: &ParameterSets,
    stats: StatsKind,
    options: ExecutionOptions,
    cx: &Cx,
) -> Result<CursorResult> {
    let context = DmlContext::of(prepared);
    let rows = prepared
        .bind_many(connection, sets, context.as_deref(), cx)
        .map_err(|raised| prepared.bind_failed(connection, sets, raised, cx))?;
    let Some(info) = prepared.dml().cloned() else {
        return Err(INVALID_REQUEST_ERROR.error("only an INSERT runs in batches"));
    };
    let alone = info.row_span.is_none() || (info.ordered && info.sentinels.is_none());
    let total_rows = rows.len();
    let width = prepared.places.len().max(1);
    let size = if alone {
        1
    } else {
        let page = options
            .number("insertmanyvalues_page_size")
            .and_then(|size| usize::try_from(size).ok())
            .unwrap_or(1000);
        let most = prepared.dialect.can.insertmanyvalues_max_parameters / width;
        page.min(most).max(1)
    };
    let sorter = info.sentinels.clone().map(|sentinels| -> BatchSorter {
        let places: Vec<usize> = sentinels
            .iter()
            .filter_map(|bind| prepared.places.iter().position(|place| place == bind))
            .collect();
        Box::new(move |batch, rows, cx| sort_batch(batch, rows, &places, width, cx))
    });
    let parameters = Parameters::Many(rows.clone());
    let compiled = prepared.clone();
    let mut rows = rows.into_iter();
    let mut last: Option<(usize, Str)> = None;
    let batches = std::iter::from_fn(move || {
        let chunk: Vec<Vec<Value>> = rows.by_ref().take(size).collect();
        if chunk.is_empty() {
            return None;
        }
        let sql = match &last {
            Some((count, sql)) if *count == chunk.len() => sql.clone(),
            _ => {
                let sql = Str::new(compiled.compiled.with_rows(chunk.len()));
                last = Some((chunk.len(), sql.clone()));
                sql
            }
        };
        Some(Batch {
            sql,
            parameters: chunk.into_iter().flatten().collect(),
        })
    });
    let request = ExecutionRequest {
        sql: prepared.sql().clone(),
        parameters,
        stats,
        kind: prepared.kind(),
        columns: super::result_columns(prepared, cx)?,
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
    connection.execute_compiled(request, cx)
}

/// Put the rows of a batch into the order of its parameters, and cut the columns that tell.
fn sort_batch(
    batch: &Batch,
    rows: Vec<Vec<Value>>,
    places: &[usize],
    width: usize,
    cx: &Cx,
) -> Result<Vec<Vec<Value>>> {
    let mut by_key = rustc_hash::FxHashMap::default();
    for mut row in rows {
        let tail = row.split_off(row.len().saturating_sub(places.len()));
        by_key.insert(Key::new(Value::tuple(tail), cx)?, row);
    }
    let mut sorted = Vec::with_capacity(by_key.len());
    for set in batch.parameters.chunks(width) {
        let key = places
            .iter()
            .filter_map(|at| set.get(*at).cloned())
            .collect();
        match by_key.remove(&Key::new(Value::tuple(key), cx)?) {
            Some(row) => sorted.push(row),
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

/// What a default's function is called with, for columns that have one.
pub(super) fn default_of(column: &Column, updates: bool) -> Option<Rc<ColumnDefault>> {
    let slot = if updates {
        &column.onupdate
    } else {
        &column.default
    };
    slot.borrow().clone()
}
