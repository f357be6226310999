//! Python-side defaults: values, functions, functions of the execution context, and expressions
//! that are run beforehand.

use std::rc::Rc;

use super::binding::Fired;
use crate::object::exceptions::TYPE_ERROR;
use crate::object::types::OBJECT;
use crate::object::{Cx, Members, Object, Result, TypeSpec, Value};
use crate::sql::compiler::{CompileOptions, compile};
use crate::sql::schema::{Column, ColumnDefault};
use crate::sql::{Executable, Select, SelectItem};

/// A default that is asked per row.
pub(super) struct DefaultCall {
    default: Rc<ColumnDefault>,
}

impl DefaultCall {
    pub fn new(default: Rc<ColumnDefault>) -> Self {
        Self { default }
    }
}

/// What a function of a default is given: `context.get_current_parameters()`.
pub struct DefaultContext {
    /// All of them.
    parameters: Value,
    /// Those of one row of `values([..])`.
    row: Option<Value>,
}

static CONTEXT: TypeSpec =
    TypeSpec::new("sqlalchemy.dialects.sqlite.base", "SQLiteExecutionContext")
        .bases(&[&OBJECT])
        .members(members);

fn members(members: &mut Members) {
    members
        .method(
            "get_current_parameters(isolate_multiinsert_groups=True)",
            |this: &DefaultContext, bound, _| {
                let isolated = bound.flag("isolate_multiinsert_groups", true);
                let row = this.row.as_ref().filter(|_| isolated);
                Ok(row.unwrap_or(&this.parameters).clone())
            },
        )
        .getter("current_parameters", |this: &DefaultContext, _| {
            Ok(this.parameters.clone())
        });
}

impl Object for DefaultContext {
    fn spec(&self) -> &'static TypeSpec {
        &CONTEXT
    }
}

/// The value that a default gives.
pub(super) fn fire(
    call: &DefaultCall,
    column: &Column,
    fired: &Fired<'_>,
    cx: &Cx,
) -> Result<Value> {
    match &*call.default {
        ColumnDefault::Scalar(value) => Ok(value.clone()),
        ColumnDefault::Callable(function) => cx.call(function, []),
        ColumnDefault::ContextCallable(function) => {
            let prepared = fired.run.prepared;
            let parameters = prepared.current_parameters(fired.values, fired.set);
            let row = prepared.row_parameters(fired.values, fired.number, &column.key());
            let context = Value::object(DefaultContext { parameters, row });
            cx.call(function, [context])
        }
        ColumnDefault::Clause(element) => {
            let dialect = fired.run.prepared.dialect().clone();
            let select = Select::new(vec![SelectItem::Column(element.clone())], cx)?;
            let statement = Executable::Select(select);
            let compiled = compile(&statement, &dialect, CompileOptions::default(), cx)?;
            let values = compiled.values(&[], false, None, cx)?;
            let bound = compiled.bound(&values, &dialect, cx)?;
            let sql = bound.sql.to_string();
            let mut row = Vec::with_capacity(bound.parameters.len());
            for parameter in bound.parameters {
                row.push(match parameter.type_.bind_processor(&dialect, cx)? {
                    Some(process) => process(parameter.value, cx)?,
                    None => parameter.value,
                });
            }
            let value = fired.run.connection.execute_default(sql.into(), row, cx)?;
            let process = column.sql_type().result_processor(&dialect, cx)?;
            match process {
                Some(process) => process(value, cx),
                None => Ok(value),
            }
        }
        ColumnDefault::Sequence(_) => Err(TYPE_ERROR.error(format!(
            "the sequence of column {} can't be executed here",
            column.description()
        ))),
    }
}
