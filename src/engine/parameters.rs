//! The parameters of a statement, as the log shows them and as the driver takes them.

use std::fmt;
use std::rc::Rc;

use super::driver::{Executed, ParameterSet, SetStream};
use super::params::{Sets, repr_params, repr_sets_of, repr_tuple};
use super::pool::Lease;
use super::value_rows::ValueRows;
use crate::object::{Cx, Dict, Result, Str, Value};

/// The parameters of a statement.
#[derive(Clone, Debug)]
pub enum Parameters {
    /// One positional set.
    One(Vec<Value>),
    /// Several positional sets: an executemany.
    Many(ValueRows),
    /// The same, each set made when it is asked for.
    Drawn(Rc<dyn DrawnSets>),
    /// One set as the application gave it: a tuple, list or dict.
    Given(Value),
    /// Several sets as the application gave them: a list or tuple of sets.
    GivenMany(Value),
}

/// Several positional sets that nobody keeps.
pub trait DrawnSets {
    /// How many.
    fn count(&self) -> usize;
    /// Put the values of set `index` into `row`, which is empty.
    fn draw(&self, index: usize, row: &mut Vec<Value>);
}

impl dyn DrawnSets {
    fn set(&self, index: usize) -> Vec<Value> {
        let mut row = Vec::new();
        self.draw(index, &mut row);
        row
    }
}

impl fmt::Debug for dyn DrawnSets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} sets", self.count())
    }
}

/// Rows, one after the other.
struct Rows<'a> {
    rows: &'a ValueRows,
    next: usize,
}

impl SetStream for Rows<'_> {
    fn next(&mut self) -> Option<ParameterSet<'_>> {
        let at = self.next;
        self.next += 1;
        (at < self.rows.len()).then(|| ParameterSet::Positional(self.rows.row(at)))
    }
}

/// Draws one set after the other into the same row.
struct Drawing<'a> {
    sets: &'a dyn DrawnSets,
    next: usize,
    row: Vec<Value>,
}

impl SetStream for Drawing<'_> {
    fn next(&mut self) -> Option<ParameterSet<'_>> {
        if self.next >= self.sets.count() {
            return None;
        }
        self.row.clear();
        self.sets.draw(self.next, &mut self.row);
        self.next += 1;
        Some(ParameterSet::Positional(&self.row))
    }
}

/// Sets as an application gave them, one after the other.
struct Given<'a>(std::slice::Iter<'a, GivenSet>);

impl SetStream for Given<'_> {
    fn next(&mut self) -> Option<ParameterSet<'_>> {
        self.0.next().map(GivenSet::as_set)
    }
}

impl Parameters {
    /// Whether these are several sets.
    pub fn is_many(&self) -> bool {
        matches!(self, Self::Many(_) | Self::Drawn(_) | Self::GivenMany(_))
    }
    /// As a script sees them.
    pub fn to_value(&self, cx: &Cx) -> Value {
        match self {
            Self::One(values) => Value::tuple(values.clone()),
            Self::Many(sets) => sets_value(
                sets.iter().map(|set| Value::tuple(set.to_vec())).collect(),
                cx,
            ),
            Self::Drawn(sets) => {
                let all = 0..sets.count();
                sets_value(all.map(|at| Value::tuple(sets.set(at))).collect(), cx)
            }
            Self::Given(value) | Self::GivenMany(value) => value.clone(),
        }
    }
    /// As the log shows them.
    pub fn render(&self, cx: &Cx) -> Result<String> {
        match self {
            Self::One(values) => repr_tuple(values, cx),
            Self::Many(sets) => repr_sets_of(sets.len(), cx.compat().is_20(), |index| {
                repr_tuple(sets.row(index), cx)
            }),
            Self::Drawn(sets) => repr_sets_of(sets.count(), cx.compat().is_20(), |index| {
                repr_tuple(&sets.set(index), cx)
            }),
            Self::Given(value) => repr_params(value, Sets::One, cx),
            Self::GivenMany(value) => repr_params(value, Sets::Many, cx),
        }
    }
}

/// Several sets as a script sees them.
fn sets_value(sets: Vec<Value>, cx: &Cx) -> Value {
    if cx.compat().is_14() {
        Value::tuple(sets)
    } else {
        Value::list(sets)
    }
}

/// Run `sql` with `parameters` on the driver.
pub(super) fn run_on(
    lease: &Lease,
    sql: &Str,
    parameters: &Parameters,
    cx: &Cx,
) -> Result<Executed> {
    let driver = lease.driver();
    match parameters {
        Parameters::One(values) => driver.execute(sql, ParameterSet::Positional(values), cx),
        Parameters::Many(sets) => {
            let mut sets = Rows {
                rows: sets,
                next: 0,
            };
            driver.execute_many(sql, &mut sets, cx)
        }
        Parameters::Drawn(sets) => {
            let mut sets = Drawing {
                sets: &**sets,
                next: 0,
                row: Vec::new(),
            };
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
            driver.execute_many(sql, &mut Given(sets.iter()), cx)
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
