//! From the parameters of an execution to the values that the driver is given.

use std::rc::Rc;

use super::Run;
use super::context::DmlContext;
use super::defaults::fire;
use super::parameters::{ParameterSet, ParameterSets};
use super::prepared::{Fallback, Prepared, Source};
use crate::engine::exc::{INVALID_REQUEST_ERROR, with_code};
use crate::engine::{DrawnSets, ValueRows};
use crate::object::{Cx, Dict, Raised, Result, Str, Value};
use crate::sql::elements::BindParameter;

/// What a default is asked for.
pub(super) struct Fired<'a> {
    pub run: &'a Run<'a>,
    /// The bind that waits for the value.
    pub number: usize,
    /// The set of parameters.
    pub set: Option<ParameterSet<'a>>,
    /// The values known so far, by number.
    pub values: &'a [Value],
}

/// One of the sets: its number where there are several, and the parameters.
type Set<'a> = (Option<usize>, Option<ParameterSet<'a>>);

impl Source {
    /// Whether its value is that of the parameter `key`, as it is.
    fn passes(&self, key: &Str) -> bool {
        self.processor.is_none() && self.cursor.is_for(key)
    }
    fn processed(&self, value: Value, cx: &Cx) -> Result<Value> {
        match &self.processor {
            Some(process) => process(value, cx),
            None => Ok(value),
        }
    }
}

fn required(bind: &BindParameter, at: Option<usize>) -> Raised {
    let group = at.map_or_else(String::new, |at| format!(", in parameter group {at}"));
    let name = bind.key.base();
    with_code(
        INVALID_REQUEST_ERROR.error(format!(
            "A value is required for bind parameter '{name}'{group}"
        )),
        "cd3x",
    )
}

fn given_value(bind: &BindParameter, cx: &Cx) -> Result<Value> {
    let value = bind.effective_value(cx)?;
    Ok(if value.is_undefined() {
        Value::None
    } else {
        value
    })
}

impl Prepared {
    /// The value of each bind taken from another statement of the same structure, whose binds are
    /// `keyed`; undefined where the parameters must give it.
    pub(super) fn values_of(
        &self,
        positions: &[Option<usize>],
        keyed: &[Rc<BindParameter>],
        cx: &Cx,
    ) -> Result<Vec<Value>> {
        let binds = self.compiled().binds.iter().zip(positions);
        binds
            .map(|(known, position)| {
                let own = position.and_then(|at| keyed.get(at));
                // The one that was compiled says whether the parameters must give a value.
                if known.bind.required {
                    Ok(Value::Undefined)
                } else {
                    given_value(own.unwrap_or(&known.bind), cx)
                }
            })
            .collect()
    }

    /// The value of bind `number`, which no default gives, not yet processed.
    fn raw_value(
        &self,
        number: usize,
        (at, set): Set<'_>,
        own: Option<&[Value]>,
        cx: &Cx,
    ) -> Result<Value> {
        let source = &self.sources()[number];
        if let Some(value) = set.and_then(|set| source.cursor.find(set)) {
            return Ok(value);
        }
        let bind = || &self.compiled().binds[number].bind;
        match own.and_then(|own| own.get(number)) {
            Some(Value::Undefined) => return Err(required(bind(), at)),
            Some(value) => return Ok(value.clone()),
            None => {}
        }
        match &source.fallback {
            Fallback::Own(value) => Ok(value.clone()),
            Fallback::Bind => given_value(bind(), cx),
            // The values of defaults come once all the others are known.
            Fallback::Default(..) => Ok(Value::Undefined),
            Fallback::Required => Err(required(bind(), at)),
        }
    }

    /// The values of all binds for one set, by number.
    fn values_for(&self, run: &Run<'_>, set: Set<'_>, cx: &Cx) -> Result<Vec<Value>> {
        let mut values = Vec::with_capacity(self.sources().len());
        for (number, source) in self.sources().iter().enumerate() {
            values.push(match source.fallback {
                Fallback::Default(..) => Value::Undefined,
                _ => self.raw_value(number, set, run.own, cx)?,
            });
        }
        for number in self.defaulted() {
            if let Fallback::Default(column, call) = &self.sources()[*number].fallback {
                let fired = Fired {
                    run,
                    number: *number,
                    set: set.1,
                    values: &values,
                };
                values[*number] = fire(call, column, &fired, cx)?;
            }
        }
        Ok(values)
    }

    /// The parameters in the order of the text.
    fn row_of(&self, row: &mut Vec<Value>, values: &[Value], cx: &Cx) -> Result<()> {
        for number in self.places() {
            let number = *number as usize;
            row.push(self.sources()[number].processed(values[number].clone(), cx)?);
        }
        Ok(())
    }

    /// The text and parameters of a single execution.
    pub(super) fn bind_one(
        &self,
        run: &Run<'_>,
        context: Option<&DmlContext>,
        cx: &Cx,
    ) -> Result<(Str, Vec<Value>)> {
        let set = (None, run.sets.get(0));
        let values = self.values_for(run, set, cx)?;
        let bound = if self.compiled().is_post_compiled() {
            let bound = self.compiled().bound(&values, self.dialect(), cx)?;
            let sql = Str::new(bound.sql.as_ref());
            let mut row = Vec::with_capacity(bound.parameters.len());
            for parameter in bound.parameters {
                row.push(match parameter.type_.bind_processor(self.dialect(), cx)? {
                    Some(process) => process(parameter.value, cx)?,
                    None => parameter.value,
                });
            }
            (sql, row)
        } else {
            let mut row = Vec::with_capacity(self.places().len());
            self.row_of(&mut row, &values, cx)?;
            (self.sql().clone(), row)
        };
        if let Some(context) = context {
            context.note_values(values);
        }
        Ok(bound)
    }

    /// The parameters of an executemany.
    pub(super) fn bind_many(
        &self,
        run: &Run<'_>,
        context: Option<&DmlContext>,
        cx: &Cx,
    ) -> Result<ValueRows> {
        if self.compiled().is_post_compiled() {
            return Err(INVALID_REQUEST_ERROR.error(
                "'literal_execute' or 'expanding' parameters can't be used with executemany()",
            ));
        }
        let plain = self.defaulted().is_empty();
        if plain
            && run.own.is_none()
            && let Some(rows) = self.rows_as_given(run.sets)
        {
            if let Some(context) = context {
                context.note_sets(run.sets, ValueRows::default());
            }
            return Ok(rows);
        }
        let mut rows = ValueRows::with_capacity(self.places().len(), run.sets.len());
        let mut kept = ValueRows::default();
        for at in 0..run.sets.len() {
            let set = (Some(at), run.sets.get(at));
            if plain {
                rows.push_with(|row| self.plain_row(row, set, run.own, cx))?;
            } else {
                let values = self.values_for(run, set, cx)?;
                rows.push_with(|row| self.row_of(row, &values, cx))?;
                kept.push(values);
            }
        }
        if let Some(context) = context {
            context.note_sets(run.sets, kept);
        }
        Ok(rows)
    }

    /// The rows of `sets`, where they are just what the driver is to be given.
    fn rows_as_given(&self, sets: &ParameterSets) -> Option<ValueRows> {
        let (keys, rows) = sets.as_rows()?;
        let mut places = self.places().iter().zip(keys);
        let same = keys.len() == self.places().len()
            && places.all(|(number, key)| self.sources()[*number as usize].passes(key));
        same.then(|| rows.clone())
    }

    fn plain_row(
        &self,
        row: &mut Vec<Value>,
        set: Set<'_>,
        own: Option<&[Value]>,
        cx: &Cx,
    ) -> Result<()> {
        for number in self.places() {
            let number = *number as usize;
            let raw = self.raw_value(number, set, own, cx)?;
            row.push(self.sources()[number].processed(raw, cx)?);
        }
        Ok(())
    }

    /// The parameters that a default's function may look at.
    pub(super) fn current_parameters(
        &self,
        values: &[Value],
        set: Option<ParameterSet<'_>>,
    ) -> Value {
        let dict = Dict::default();
        for (known, value) in self.compiled().binds.iter().zip(values) {
            if !value.is_undefined() {
                dict.insert_str(&known.name, value.clone());
            }
        }
        if let Some(set) = set {
            set.each(|name, value| dict.insert_str(name, value.clone()));
        }
        Value::Dict(Rc::new(dict))
    }

    /// The same for one row of `values([..])` alone, its keys without the number of the row: the
    /// row of bind `number`, which belongs to the column with `key`. `None`: there are no such
    /// rows.
    pub(super) fn row_parameters(
        &self,
        values: &[Value],
        number: usize,
        key: &str,
    ) -> Option<Value> {
        let keys = &self.dml()?.multi_keys;
        if keys.is_empty() {
            return None;
        }
        let binds = &self.compiled().binds;
        let own = binds.get(number)?.name.clone();
        let row = own
            .strip_prefix(key)
            .and_then(|rest| rest.strip_prefix("_m"))
            .and_then(|row| row.parse::<usize>().ok())
            .unwrap_or(0);
        let dict = Dict::default();
        dict.insert_str(key, Value::None);
        for key in keys {
            let name = format!("{key}_m{row}");
            let found = binds.iter().position(|bind| *bind.name == *name);
            if let Some(value) = found.and_then(|at| values.get(at)) {
                dict.insert_str(key, value.clone());
            }
        }
        Some(Value::Dict(Rc::new(dict)))
    }
}

/// Sets of an executemany whose values need no processing: taken out of their dicts as the driver
/// asks for them.
pub(super) struct PlainSets {
    prepared: Rc<Prepared>,
    sets: ParameterSets,
    /// The first set.
    first: Rc<Dict>,
    /// Whether its values, and so those of any set that shares its keys, are in the order of the
    /// statement already.
    in_order: bool,
}

impl PlainSets {
    /// `sets`, where each gives every value and no value has a default or passes through a
    /// processor.
    pub fn of(prepared: &Rc<Prepared>, sets: &ParameterSets) -> Option<Self> {
        let mut places = prepared.places().iter();
        let raw = places.all(|number| prepared.sources()[*number as usize].processor.is_none());
        if !raw || !prepared.defaulted().is_empty() || prepared.compiled().is_post_compiled() {
            return None;
        }
        let complete = |set: &Rc<Dict>| {
            let mut places = prepared.places().iter();
            places.all(|number| {
                let source = &prepared.sources()[*number as usize];
                source.cursor.find(ParameterSet::Dict(set)).is_some()
            })
        };
        let dicts = sets.as_dicts()?;
        let first = dicts.first()?;
        let mut like: Option<&Rc<Dict>> = None;
        for set in dicts {
            if like.is_some_and(|like| set.has_keys_of(like)) {
                continue;
            }
            if !complete(set) {
                return None;
            }
            like = Some(set);
        }
        let mut places = prepared.places().iter();
        let mut in_order = first.len() == places.len();
        first.each_str(|key, _| {
            let source = places.next().map(|at| &prepared.sources()[*at as usize]);
            in_order &= source.is_some_and(|source| source.cursor.is_for(key));
        });
        Some(Self {
            prepared: prepared.clone(),
            sets: sets.clone(),
            first: first.clone(),
            in_order,
        })
    }
}

impl DrawnSets for PlainSets {
    fn count(&self) -> usize {
        self.sets.len()
    }
    fn draw(&self, index: usize, row: &mut Vec<Value>) {
        let Some(set) = self.sets.get(index) else {
            return;
        };
        match set {
            ParameterSet::Dict(dict) if self.in_order && dict.has_keys_of(&self.first) => {
                dict.push_values(row);
            }
            _ => row.extend(self.prepared.places().iter().map(|number| {
                let source = &self.prepared.sources()[*number as usize];
                source.cursor.find(set).unwrap_or(Value::None)
            })),
        }
    }
}
