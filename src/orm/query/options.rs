//! The compile options of queries: shared, so that one query run twice is one statement.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use super::QueryData;
use crate::object::{Cx, Result, Value};
use crate::orm::compile_state::CompileOptions;
use crate::orm::hooks;
use crate::sql::{ColumnElement, CompileStatePlugin, Entity, FromClause};

/// The options made so far, by the flags they consist of.
#[derive(Default)]
struct Known(RefCell<Vec<([bool; 5], Rc<dyn Any>)>>);

/// The compile options of a query.
pub(super) fn compile_options(query: &QueryData, for_statement: bool, cx: &Cx) -> Rc<dyn Any> {
    let flags = [
        for_statement,
        query.eager_loads,
        query.criteria,
        query.base_alias,
        query.adapts_all,
    ];
    let service = cx.service::<Known>();
    let mut known = service.0.borrow_mut();
    if let Some((_, options)) = known.iter().find(|(own, _)| *own == flags) {
        return options.clone();
    }
    let made: Rc<dyn Any> = Rc::new(CompileOptions {
        legacy: true,
        for_statement,
        eager_loads: query.eager_loads,
        criteria: query.criteria,
        base_alias: query.base_alias,
        adapts_all: query.adapts_all,
        ..CompileOptions::default()
    });
    known.push((flags, made.clone()));
    made
}

/// What stands for the entity of a query that is of none.
struct NoEntity;

/// The entity of a query that is of none: the ORM compiles it all the same.
pub(super) fn no_entity() -> Rc<dyn Entity> {
    thread_local! {
        static NONE: Rc<dyn Entity> = Rc::new(NoEntity);
    }
    NONE.with(Rc::clone)
}

impl Entity for NoEntity {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn identity(&self) -> usize {
        0
    }
    fn value(&self) -> Value {
        Value::None
    }
    fn selectable(&self, _cx: &Cx) -> Result<FromClause> {
        Err(crate::engine::exc::INVALID_REQUEST_ERROR.error("The query is of no entity"))
    }
    fn columns(&self, _cx: &Cx) -> Result<Vec<ColumnElement>> {
        Ok(Vec::new())
    }
    fn entity_attribute(&self, _name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(None)
    }
    fn describe(&self, _cx: &Cx) -> String {
        "None".to_owned()
    }
    fn plugin(&self) -> Rc<dyn CompileStatePlugin> {
        hooks::plugin()
    }
}
