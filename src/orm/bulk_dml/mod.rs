//! INSERT, UPDATE and DELETE of entities: bulk inserts and updates, and keeping the session's
//! objects in step with what the database does.

mod evaluator;
mod returning;
mod synchronize;

use std::rc::Rc;

pub use returning::insert_returning;

use super::session::{ExecuteCall, Session};
use super::{MappedEntity, Mapper};
use crate::engine::{ExecutionOptions, ResultSet};
use crate::object::{Cx, Result, Value};
use crate::sql::Executable;
use crate::sql::dml::{Delete, Insert, Update};

/// The mapper that a statement is of.
fn subject(subject: Option<&Rc<dyn crate::sql::Entity>>) -> Option<Rc<Mapper>> {
    MappedEntity::of(subject?.as_ref()).map(|entity| entity.mapper().clone())
}

/// Whether `parameters` is a dict, or a list of them.
fn are_rows(parameters: &Value) -> bool {
    matches!(
        parameters,
        Value::Dict(_) | Value::List(_) | Value::Tuple(_)
    )
}

/// `session.execute(insert(Entity))`.
pub fn insert(
    session: &Session,
    insert: &Insert,
    call: &ExecuteCall,
    options: &ExecutionOptions,
    cx: &Cx,
) -> Result<ResultSet> {
    if options
        .get("autoflush")
        .is_none_or(|_| options.flag("autoflush"))
    {
        session.autoflush("execute", cx)?;
    }
    let data = insert.data();
    let mapper = subject(data.subject.as_ref());
    if let Some(mapper) = &mapper {
        let plain = !data.has_values && data.multi_values.is_empty() && data.from_select.is_none();
        if cx.compat().is_20() && plain && are_rows(&call.parameters.0) {
            return super::session::bulk_insert_statement(
                session, mapper, insert, call, options, cx,
            );
        }
    }
    let entity = mapper.map(MappedEntity::Mapper);
    let statement = Executable::Insert(insert.clone());
    session.execute_core(&statement, call, options, entity.as_ref(), cx)
}

/// `session.execute(update(Entity))`.
pub fn update(
    session: &Session,
    update: &Update,
    call: &ExecuteCall,
    options: &ExecutionOptions,
    cx: &Cx,
) -> Result<ResultSet> {
    let Some(mapper) = subject(update.data().subject.as_ref()) else {
        return session.execute_core(&Executable::Update(update.clone()), call, options, None, cx);
    };
    let data = update.data();
    let by_key = data.where_criteria.is_empty() && !data.has_values;
    if cx.compat().is_20()
        && by_key
        && matches!(call.parameters.0, Value::List(_) | Value::Tuple(_))
    {
        session.autoflush("execute", cx)?;
        return super::session::bulk_update_statement(session, &mapper, call, cx);
    }
    synchronize::update(session, &mapper, update, call, options, cx)
}

/// `session.execute(delete(Entity))`.
pub fn delete(
    session: &Session,
    delete: &Delete,
    call: &ExecuteCall,
    options: &ExecutionOptions,
    cx: &Cx,
) -> Result<ResultSet> {
    let Some(mapper) = subject(delete.data().subject.as_ref()) else {
        return session.execute_core(&Executable::Delete(delete.clone()), call, options, None, cx);
    };
    synchronize::delete(session, &mapper, delete, call, options, cx)
}
