//! `execute()` of connections and engines: what a script hands over, sorted out.

use std::rc::Rc;

use crate::engine::exc::{self, ARGUMENT_ERROR};
use crate::engine::{
    Connection, CursorResult, ExecutionOptions, ExecutionRequest, Parameters, RowMapping,
};
use crate::lang::native::schema::DdlObject;
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{CompareOp, Cx, Dict, Result, Str, Value, class_of, ops};
use crate::sql::coercions::runnable_of;
use crate::sql::execution::{execute as execute_statement, execute_ddl};
use crate::util::Compat;

/// The parameter sets of an `execute()`: none, one, or several for an executemany.
pub fn parameter_sets(parameters: &Value, cx: &Cx) -> Result<Vec<Value>> {
    let sequence = cx.compat() == Compat::V14;
    match parameters {
        Value::None | Value::Undefined => Ok(Vec::new()),
        Value::Tuple(items) if sequence => tuple_sets(parameters, items, cx),
        Value::List(_) | Value::Tuple(_) => {
            let sets = cx.collect(parameters)?;
            let fits = |set: &Value| {
                is_mapping(set) || (sequence && matches!(set, Value::Tuple(_) | Value::List(_)))
            };
            match sets.first() {
                Some(first) if !fits(first) => Err(ARGUMENT_ERROR.error(if sequence {
                    "List argument must consist only of tuples or dictionaries"
                } else {
                    "List argument must consist only of dictionaries"
                })),
                _ => keyless(sets, cx),
            }
        }
        mapping if is_mapping(mapping) => Ok(vec![mapping.clone()]),
        _ => Err(ARGUMENT_ERROR.error(if sequence {
            "mapping or sequence expected for parameters"
        } else {
            "mapping or list expected for parameters"
        })),
    }
}

/// What 1.4 makes of a tuple given as parameters: a set, or sets. Their keys are their items, and
/// no bind goes by such a key.
fn tuple_sets(parameters: &Value, items: &[Value], cx: &Cx) -> Result<Vec<Value>> {
    let sets = match items.first() {
        None => Vec::new(),
        Some(first) if is_mapping(first) || matches!(first, Value::Tuple(_) | Value::List(_)) => {
            items.to_vec()
        }
        Some(_) => vec![parameters.clone()],
    };
    keyless(sets, cx)
}

/// Sets that are tuples, as the mappings without a usable key that 1.4 takes them for.
fn keyless(sets: Vec<Value>, cx: &Cx) -> Result<Vec<Value>> {
    sets.into_iter()
        .map(|set| {
            if is_mapping(&set) {
                return Ok(set);
            }
            let items = cx.collect(&set)?;
            for pair in items.windows(2) {
                if let [a, b] = pair {
                    // 1.4 sorts the keys of a set.
                    ops::compare(CompareOp::Lt, b, a, cx)?;
                }
            }
            Ok(Value::Dict(Rc::default()))
        })
        .collect()
}

fn is_mapping(value: &Value) -> bool {
    matches!(value, Value::Dict(_))
        || value.downcast::<RowMapping>().is_some()
        || value.downcast::<Dict>().is_some()
}

/// The parameters of `exec_driver_sql()`.
fn driver_parameters(parameters: &Value, cx: &Cx) -> Result<Parameters> {
    let set = |value: &Value| match value {
        Value::List(list) => Value::tuple(list.to_vec()),
        other => other.clone(),
    };
    match parameters {
        Value::None | Value::Undefined => Ok(Parameters::One(Vec::new())),
        Value::List(_) => {
            let sets = cx.collect(parameters)?;
            let fits = |value: &Value| {
                is_mapping(value) || matches!(value, Value::Tuple(_) | Value::List(_))
            };
            match sets.as_slice() {
                [] => Ok(Parameters::One(Vec::new())),
                [first, ..] if !fits(first) => Err(ARGUMENT_ERROR
                    .error("List argument must consist only of tuples or dictionaries")),
                [one] => Ok(Parameters::Given(set(one))),
                _ => Ok(Parameters::GivenMany(Value::list(
                    sets.iter().map(set).collect(),
                ))),
            }
        }
        // Only a legacy `execute(statement, set, set)` gets here with sets in a tuple.
        Value::Tuple(items)
            if items.len() > 1
                && items
                    .iter()
                    .all(|item| is_mapping(item) || matches!(item, Value::Tuple(_))) =>
        {
            Ok(Parameters::GivenMany(parameters.clone()))
        }
        Value::Tuple(items) => Ok(Parameters::One(items.to_vec())),
        mapping if is_mapping(mapping) => Ok(Parameters::Given(mapping.clone())),
        _ => Err(ARGUMENT_ERROR.error("mapping or sequence expected for parameters")),
    }
}

/// `exec_driver_sql()`.
pub fn exec_driver_sql(
    connection: &Connection,
    statement: &Value,
    parameters: &Value,
    options: ExecutionOptions,
    cx: &Cx,
) -> Result<CursorResult> {
    let parameters = driver_parameters(parameters, cx)?;
    let Value::Str(sql) = statement else {
        return Err(TYPE_ERROR.error(format!(
            "execute() argument 1 must be str, not {}",
            class_of(statement, cx).name()
        )));
    };
    let autocommit = connection
        .options()
        .get("autocommit")
        .map(|value| match value {
            Value::Bool(flag) => *flag,
            other => !other.is_none(),
        });
    let request = ExecutionRequest {
        autocommit: autocommit.unwrap_or_else(|| changes_data(sql)),
        options,
        ..ExecutionRequest::raw(sql.clone(), parameters)
    };
    connection.execute_compiled(request, cx)
}

/// Whether 1.4's legacy connections commit after the text `sql`.
pub fn changes_data(sql: &str) -> bool {
    let sql = sql.trim_start();
    ["UPDATE", "INSERT", "CREATE", "DELETE", "DROP", "ALTER"]
        .iter()
        .any(|word| {
            sql.get(..word.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(word))
        })
}

/// `Connection.execute(statement, parameters)`: the one place where a value a script gave
/// becomes an execution.
pub fn execute(
    connection: &Connection,
    statement: &Value,
    parameters: &Value,
    options: &ExecutionOptions,
    cx: &Cx,
) -> Result<CursorResult> {
    let sets = parameter_sets(parameters, cx)?;
    execute_sets(connection, statement, sets, options, cx)
}

/// The same with the parameter sets sorted out.
pub fn execute_sets(
    connection: &Connection,
    statement: &Value,
    sets: Vec<Value>,
    options: &ExecutionOptions,
    cx: &Cx,
) -> Result<CursorResult> {
    if let Some(ddl) = statement.downcast::<DdlObject>() {
        return execute_ddl(connection, &ddl.0, options, cx);
    }
    let Some(executable) = runnable_of(statement) else {
        return Err(exc::not_executable(statement, cx));
    };
    execute_statement(connection, &executable, sets, options, cx)
}

/// `execute(statement, *multiparams, **params)` of 1.4's legacy connections.
pub fn execute_legacy(
    connection: &Connection,
    statement: &Value,
    multiparams: &[Value],
    params: &[(Str, Value)],
    cx: &Cx,
) -> Result<CursorResult> {
    let sets = legacy_sets(multiparams, params, cx)?;
    if matches!(statement, Value::Str(_)) {
        let parameters = match sets.as_slice() {
            [] => Value::None,
            [one] => match one {
                Value::List(items) => Value::tuple(items.to_vec()),
                other => other.clone(),
            },
            _ if multiparams.len() > 1 => Value::tuple(sets),
            _ => Value::list(sets),
        };
        return exec_driver_sql(
            connection,
            statement,
            &parameters,
            ExecutionOptions::none(),
            cx,
        );
    }
    execute_sets(connection, statement, sets, &ExecutionOptions::none(), cx)
}

/// The parameter sets among the arguments of a legacy `execute()`.
fn legacy_sets(multiparams: &[Value], params: &[(Str, Value)], cx: &Cx) -> Result<Vec<Value>> {
    let is_set =
        |value: &Value| matches!(value, Value::List(_) | Value::Tuple(_)) || is_mapping(value);
    Ok(match multiparams {
        [] if params.is_empty() => Vec::new(),
        [] => vec![Value::Dict(Rc::new(Dict::from_pairs(
            params
                .iter()
                .map(|(name, value)| (name.clone(), value.clone())),
        )))],
        [Value::None] => Vec::new(),
        [sets @ (Value::List(_) | Value::Tuple(_))] => {
            let items = cx.collect(sets)?;
            match items.first() {
                None => items,
                Some(first) if is_set(first) => items,
                Some(_) => vec![sets.clone()],
            }
        }
        [one] if is_mapping(one) => vec![one.clone()],
        [one] => vec![Value::tuple(vec![one.clone()])],
        [first, ..] if is_set(first) => multiparams.to_vec(),
        _ => vec![Value::tuple(multiparams.to_vec())],
    })
}
