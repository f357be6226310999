//! `ORMExecuteState` as scripts see it.

use std::rc::Rc;

use super::arguments::execution_options;
use crate::engine::ExecutionOptions;
use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::lang::native::engine::immutable_dict;
use crate::lang::native::orm::mapper_value;
use crate::object::exceptions::ATTRIBUTE_ERROR;
use crate::object::types::OBJECT;
use crate::object::{Cx, Dict, Members, Object, Result, TypeSpec, Value};
use crate::orm::session::{ExecuteState, ExecuteStateHandle, subject_of};
use crate::orm::state_value;
use crate::sql::Executable;

/// `ORMExecuteState`.
pub static EXECUTE_STATE: TypeSpec = TypeSpec::new("sqlalchemy.orm.session", "ORMExecuteState")
    .bases(&[&OBJECT])
    .members(members);

fn members(members: &mut Members) {
    members
        .with(statement_members)
        .with(load_members)
        .getter("session", |own: &ExecuteStateHandle, _| {
            Ok(own.0.session.value())
        })
        .getter("parameters", |own: &ExecuteStateHandle, _| {
            Ok(own.0.parameters.borrow().clone())
        })
        .getter("execution_options", |own: &ExecuteStateHandle, _| {
            Ok(options_value(&own.0.options.borrow()))
        })
        .getter("local_execution_options", |own: &ExecuteStateHandle, _| {
            Ok(options_value(&own.0.local_options.borrow()))
        })
        .getter("bind_arguments", |own: &ExecuteStateHandle, cx| {
            let dict = Dict::default();
            dict.insert_str("clause", own.0.statement.borrow().clone());
            if let Some(mapper) = own.0.mapper(cx)? {
                dict.insert_str("mapper", mapper_value(&mapper));
            }
            Ok(Value::Dict(Rc::new(dict)))
        })
        .method(
            "update_execution_options(**opts)",
            |own: &ExecuteStateHandle, bound, _| {
                let more = bound.keywords().iter().cloned();
                own.0.update_options(&ExecutionOptions::of(more));
                Ok(Value::None)
            },
        )
        .method(
            "invoke_statement(statement=None, params=None, execution_options=None, \
             bind_arguments=None)",
            |own: &ExecuteStateHandle, bound, cx| {
                let parameters = match bound.some("params") {
                    Some(Value::Dict(dict)) => Some(dict.clone()),
                    _ => None,
                };
                let result = own.0.invoke(
                    bound.some("statement").cloned(),
                    parameters.as_deref(),
                    &execution_options(bound),
                    cx,
                )?;
                Ok(Value::object(result))
            },
        );
}

fn options_value(options: &ExecutionOptions) -> Value {
    immutable_dict(Dict::from_pairs(options.pairs()))
}

fn statement_members(members: &mut Members) {
    fn is(members: &mut Members, name: &'static str, wanted: fn(&Executable) -> bool) {
        members.getter(name, move |own: &ExecuteStateHandle, cx| {
            Ok(Value::Bool(wanted(&own.0.executable(cx)?)))
        });
    }
    is(members, "is_select", |statement| {
        matches!(
            statement,
            Executable::Select(_) | Executable::Compound(_) | Executable::TextualSelect(_)
        )
    });
    is(members, "is_insert", |one| {
        matches!(one, Executable::Insert(_))
    });
    is(members, "is_update", |one| {
        matches!(one, Executable::Update(_))
    });
    is(members, "is_delete", |one| {
        matches!(one, Executable::Delete(_))
    });
    members
        .getter("statement", |own: &ExecuteStateHandle, _| {
            Ok(own.0.statement.borrow().clone())
        })
        .getter("is_orm_statement", |own: &ExecuteStateHandle, _| {
            Ok(Value::Bool(own.0.is_orm))
        })
        .getter("is_executemany", |own: &ExecuteStateHandle, _| {
            Ok(Value::Bool(matches!(
                *own.0.parameters.borrow(),
                Value::List(_)
            )))
        })
        .getter("is_from_statement", |_: &ExecuteStateHandle, _| {
            Ok(Value::Bool(false))
        })
        .getter("bind_mapper", |own: &ExecuteStateHandle, cx| {
            let mapper = own.0.mapper(cx)?;
            Ok(mapper.map_or(Value::None, |mapper| mapper_value(&mapper)))
        })
        .getter("all_mappers", |own: &ExecuteStateHandle, cx| {
            let statement = own.0.executable(cx)?;
            let subject = subject_of(&statement).map(|one| mapper_value(one.mapper()));
            let first: Vec<Value> = subject.into_iter().collect();
            if !matches!(statement, Executable::Select(_)) {
                return Ok(Value::list(first));
            }
            all_mappers(&own.0, cx)
        })
        .getter("user_defined_options", |_: &ExecuteStateHandle, _| {
            Ok(Value::list(Vec::new()))
        });
}

/// The mappers of all entities that are selected, each once.
fn all_mappers(own: &ExecuteState, cx: &Cx) -> Result<Value> {
    let statement = own.statement.borrow().clone();
    let mut found: Vec<Value> = Vec::new();
    for described in cx.collect(&cx.get_attr(&statement, "column_descriptions")?)? {
        let Value::Dict(described) = described else {
            continue;
        };
        let entity = described.get_str("entity").unwrap_or(Value::None);
        if let Some(mapper) = crate::orm::mapper_of_value(&entity) {
            let mapper = mapper_value(&mapper);
            let mut known = false;
            for other in &found {
                known |= cx.eq(other, &mapper)?;
            }
            if !known {
                found.push(mapper);
            }
        }
    }
    Ok(Value::list(found))
}

fn load_members(members: &mut Members) {
    members
        .getter("is_column_load", |own: &ExecuteStateHandle, _| {
            Ok(Value::Bool(own.0.is_column_load()))
        })
        .getter("is_relationship_load", |own: &ExecuteStateHandle, _| {
            Ok(Value::Bool(own.0.is_relationship_load()))
        })
        .getter("lazy_loaded_from", |own: &ExecuteStateHandle, cx| {
            expect_select(&own.0, "SELECT", "load", cx)?;
            Ok(own.0.lazy_loaded_from().map_or(Value::None, state_value))
        })
        .getter("load_options", |own: &ExecuteStateHandle, cx| {
            expect_select(&own.0, "SELECT", "load", cx).map(|()| Value::None)
        });
}

fn expect_select(own: &ExecuteState, what: &str, options: &str, cx: &Cx) -> Result<()> {
    match own.executable(cx)? {
        Executable::Insert(_) | Executable::Update(_) | Executable::Delete(_) => {
            Err(INVALID_REQUEST_ERROR.error(format!(
                "This ORM execution is not against a {what} statement so there are no {options} \
                 options."
            )))
        }
        _ => Ok(()),
    }
}

impl Object for ExecuteStateHandle {
    fn spec(&self) -> &'static TypeSpec {
        &EXECUTE_STATE
    }
    fn identity(&self) -> Option<usize> {
        Some(Rc::as_ptr(&self.0) as usize)
    }
    fn get_attr(&self, _this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        match name {
            "is_executemany" | "is_from_statement" if cx.compat().is_14() => {
                Err(ATTRIBUTE_ERROR.error(name))
            }
            _ => Ok(None),
        }
    }
    fn set_attr(&self, name: &str, value: &Value, _cx: &Cx) -> Result<bool> {
        match name {
            "statement" => *self.0.statement.borrow_mut() = value.clone(),
            "parameters" => *self.0.parameters.borrow_mut() = value.clone(),
            _ => return Ok(false),
        }
        Ok(true)
    }
}
