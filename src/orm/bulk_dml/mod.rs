//! INSERT, UPDATE and DELETE of entities: rows written in bulk, and keeping the session's objects
//! in step with what the database does.

mod by_key;
mod evaluator;
mod insert_rows;
mod options;
mod returning;
mod rows;
mod synchronize;
mod update_rows;

use std::rc::Rc;

pub use insert_rows::BulkInsert;
pub use rows::{BulkRow, BulkRows, expand_composites};
pub use update_rows::BulkUpdate;

use super::session::{ExecuteCall, Session};
use super::{MappedEntity, Mapper};
use crate::engine::exc::{ARGUMENT_ERROR, COMPILE_ERROR, INVALID_REQUEST_ERROR};
use crate::engine::{BufferedRows, ExecutionOptions, ResultKind, ResultSet, RowMeta};
use crate::object::{Cx, Dict, Result, Value};
use crate::sql::Executable;
use crate::sql::dml::{Delete, Insert, Update};
use insert_rows::OwnInsert;
use options::{Strategy, Synchronize, flushes_first};
use returning::{ReturnedRows, Returning};

/// The mapper that a statement is of.
fn subject(subject: Option<&Rc<dyn crate::sql::Entity>>) -> Option<Rc<Mapper>> {
    MappedEntity::of(subject?.as_ref()).map(|entity| entity.mapper().clone())
}

/// The parameter sets that a call was given.
fn given_sets(call: &ExecuteCall) -> Vec<Value> {
    match &call.parameters.0 {
        Value::None | Value::Undefined => Vec::new(),
        Value::List(list) => list.to_vec(),
        Value::Tuple(items) => items.to_vec(),
        Value::Dict(dict) if dict.is_empty() => Vec::new(),
        one => vec![one.clone()],
    }
}

fn rows_of(mapper: &Rc<Mapper>, sets: &[Value], cx: &Cx) -> Result<Vec<BulkRow>> {
    let mut made = Vec::with_capacity(sets.len());
    for set in sets {
        made.push(super::session::bulk_row(set, cx)?);
    }
    expand_composites(mapper, &mut made, cx)?;
    Ok(made)
}

/// The sets, where they are dicts.
fn dicts_of(sets: &[Value]) -> Option<Vec<Rc<Dict>>> {
    let dicts = sets.iter().map(|set| match set {
        Value::Dict(dict) => Some(dict.clone()),
        _ => None,
    });
    dicts.collect()
}

/// The result of a statement that returned nothing worth looking at.
fn null_result() -> ResultSet {
    let meta = Rc::new(RowMeta::new(Vec::new()));
    let rows = Box::new(BufferedRows::new(Vec::new()));
    ResultSet::of_rows(ResultKind::Iterator, meta, rows)
}

/// `session.execute(insert(Entity))`.
pub fn insert(
    session: &Session,
    insert: &Insert,
    call: &ExecuteCall,
    options: &ExecutionOptions,
    cx: &Cx,
) -> Result<ResultSet> {
    let data = insert.data();
    let mapper = subject(data.subject.as_ref());
    let sets = given_sets(call);
    let strategy = match cx.compat().is_20() {
        true => Strategy::of(options, !sets.is_empty())?,
        false => Strategy::Orm,
    };
    if flushes_first(options) {
        session.autoflush("execute", cx)?;
    }
    let entity = mapper.clone().map(MappedEntity::Mapper);
    let run = |statement: Insert| {
        let statement = Executable::Insert(statement);
        session.execute_core(&statement, call, options, entity.as_ref(), cx)
    };
    let mapper = match (strategy, mapper) {
        (Strategy::Unknown, _) => {
            return Err(ARGUMENT_ERROR.error(
                "Valid strategies for ORM insert strategy are 'raw', 'orm', 'bulk', 'auto",
            ));
        }
        (Strategy::Raw, _) | (_, None) => return run(insert.clone()),
        (Strategy::Orm, Some(mapper)) => {
            let Some(returning) = Returning::of(data, cx)?.filter(|one| !one.is_star()) else {
                return run(insert.clone());
            };
            return returned_directly(session, &mapper, returning, options, cx, |items| {
                run(insert.with(|data| data.returning = items))
            });
        }
        (Strategy::Bulk, Some(mapper)) => mapper,
    };
    let upsert = data.on_conflict.is_some() || data.on_duplicate_key.is_some();
    if upsert && mapper.tables().len() > 1 {
        return Err(INVALID_REQUEST_ERROR.error(format!(
            "bulk INSERT with a 'post values' clause (typically upsert) not supported for \
             multi-table mapper {}",
            mapper.describe(cx.compat())
        )));
    }
    let connection = session.mapper_connection(&mapper, cx)?;
    let returning = Returning::of(data, cx)?;
    if returning.as_ref().is_some_and(Returning::is_star) {
        return Err(COMPILE_ERROR.error(
            "Can't use RETURNING * with bulk ORM INSERT.  Please use a different INSERT form, \
             such as INSERT..VALUES or INSERT with a Core Connection",
        ));
    }
    let own = OwnInsert {
        insert,
        returning: returning.as_ref(),
        options,
    };
    let bulk = BulkInsert {
        mapper: &mapper,
        connection: &connection,
        return_defaults: false,
        render_nulls: options.flag("render_nulls"),
        own: Some(&own),
    };
    let given = match bulk.writes_back() {
        true => None,
        false => dicts_of(&sets),
    };
    let returned = if let Some(dicts) = given {
        bulk.run(BulkRows::Given(&dicts), cx)?
    } else {
        let mut rows = rows_of(&mapper, &sets, cx)?;
        bulk.run(BulkRows::Made(&mut rows), cx)?
    };
    match &returning {
        Some(returning) => returning.result(session, returned, options, cx),
        None => Ok(null_result()),
    }
}

/// Run a statement on the table of `mapper` whose RETURNING clause is `returning`.
fn returned_directly(
    session: &Session,
    mapper: &Rc<Mapper>,
    returning: Returning,
    options: &ExecutionOptions,
    cx: &Cx,
    run: impl FnOnce(Vec<crate::sql::SelectItem>) -> Result<ResultSet>,
) -> Result<ResultSet> {
    let elements = returning.elements_on_table_of(mapper);
    let mut wanted: Vec<_> = elements.iter().flatten().cloned().collect();
    if wanted.is_empty() {
        wanted.extend(mapper.primary_key().iter().cloned());
    }
    let items = wanted.into_iter().map(crate::sql::SelectItem::Column);
    let result = run(items.collect())?;
    let rows = ReturnedRows::of_explicit(result.fetch_all_raw(cx)?, &elements);
    returning.result(session, rows, options, cx)
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
    let many = matches!(call.parameters.0, Value::List(_) | Value::Tuple(_));
    let strategy = match cx.compat().is_20() {
        true => Strategy::of(options, many)?,
        false => Strategy::Orm,
    };
    let how = Synchronize::of(options, cx)?;
    if strategy == Strategy::Bulk && how == Synchronize::Fetch {
        return Err(INVALID_REQUEST_ERROR.error(
            "The 'fetch' synchronization strategy is not available for 'bulk' ORM updates (i.e. \
             multiple parameter sets)",
        ));
    }
    if flushes_first(options) {
        session.autoflush("execute", cx)?;
    }
    match strategy {
        Strategy::Unknown => Err(ARGUMENT_ERROR.error(
            "Valid strategies for ORM UPDATE strategy are 'orm', 'auto', 'bulk', 'core_only'",
        )),
        Strategy::Bulk => {
            let rows = rows_of(&mapper, &given_sets(call), cx)?;
            by_key::update(session, &mapper, update, &rows, how, cx)
        }
        Strategy::Orm | Strategy::Raw => {
            let how = match strategy {
                Strategy::Raw => Synchronize::No,
                _ => how,
            };
            synchronize::update(session, &mapper, update, call, (options, how), cx)
        }
    }
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
    let many = matches!(call.parameters.0, Value::List(_) | Value::Tuple(_));
    let strategy = match cx.compat().is_20() {
        true => Strategy::of(options, many)?,
        false => Strategy::Orm,
    };
    let how = Synchronize::of(options, cx)?;
    if flushes_first(options) {
        session.autoflush("execute", cx)?;
    }
    match strategy {
        Strategy::Bulk => Err(INVALID_REQUEST_ERROR.error(
            "Bulk ORM DELETE not supported right now. Statement may be invoked at the Core level \
             using session.connection().execute(stmt, parameters)",
        )),
        Strategy::Unknown => Err(ARGUMENT_ERROR
            .error("Valid strategies for ORM DELETE strategy are 'orm', 'auto', 'core_only'")),
        Strategy::Orm => synchronize::delete(session, &mapper, delete, call, (options, how), cx),
        Strategy::Raw => {
            let how = Synchronize::No;
            synchronize::delete(session, &mapper, delete, call, (options, how), cx)
        }
    }
}
