//! The parameters of a statement, as the log shows them and as the driver takes them.

use std::rc::Rc;

use super::driver::{Executed, ParameterSet};
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
                let sets = sets.iter().map(|set| Value::tuple(set.to_vec())).collect();
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
                repr_tuple(sets.row(index), cx)
            }),
            Self::Given(value) => repr_params(value, Sets::One, cx),
            Self::GivenMany(value) => repr_params(value, Sets::Many, cx),
        }
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
            let mut sets = sets.iter().map(ParameterSet::Positional);
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
