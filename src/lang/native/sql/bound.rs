//! 1.4's statements that know an engine: their own, or that of the metadata of their tables.

use crate::engine::exc::UNBOUND_EXECUTION_ERROR;
use crate::engine::{Connection, CursorResult, Engine, OnlyOne};
use crate::lang::native::engine::execute_legacy;
use crate::object::{Bound, Cx, Members, Method, Result, Value, class_of, no_attribute};
use crate::sql::coercions::{executable_of, statement_of};
use crate::sql::{ColumnElement, Executable, FromClause, SelectStatement, from_of};

/// The engine or connection that the tables in `value` are bound to.
pub fn bind_of_tables(value: &Value, cx: &Cx) -> Option<Value> {
    froms_of(value, cx).ok()?.iter().find_map(bind_of_from)
}

fn bind_of_from(from: &FromClause) -> Option<Value> {
    if let FromClause::Table(table) = from.plain() {
        let bind = table.metadata().bind.borrow().clone();
        return Some(bind).filter(|bind| !bind.is_none());
    }
    let inner = from.surface_selectables();
    inner
        .iter()
        .filter(|one| !one.same(from))
        .find_map(bind_of_from)
}

/// The FROM elements that `value` is made of.
fn froms_of(value: &Value, cx: &Cx) -> Result<Vec<FromClause>> {
    if let Some(from) = value.downcast::<FromClause>() {
        return Ok(vec![from.clone()]);
    }
    if let Some(statement) = statement_of(value) {
        return froms_of_statement(&statement, cx);
    }
    Ok(match executable_of(value) {
        Some(Executable::Insert(insert)) => vec![insert.data().table.clone()],
        Some(Executable::Update(update)) => vec![update.data().table.clone()],
        Some(Executable::Delete(delete)) => vec![delete.data().table.clone()],
        _ => match value.downcast::<ColumnElement>() {
            Some(element) => element.from_objects(),
            None => Vec::new(),
        },
    })
}

fn froms_of_statement(statement: &SelectStatement, cx: &Cx) -> Result<Vec<FromClause>> {
    let mut froms = Vec::new();
    match statement.ungrouped() {
        SelectStatement::Select(select) => {
            for item in &select.data().raw_columns {
                froms.extend(item.from_objects(cx)?);
            }
            for item in &select.data().from_obj {
                froms.push(from_of(item, cx)?);
            }
        }
        SelectStatement::Compound(compound) => {
            for member in &compound.data().selects {
                froms.extend(froms_of_statement(member, cx)?);
            }
        }
        _ => {}
    }
    Ok(froms)
}

/// `execute()` and `scalar()` of statements.
pub fn members(members: &mut Members) {
    members
        .getter_on_value("execute", |this, cx| {
            legacy_only(this, "execute", cx)?;
            let this = this.clone();
            Ok(Method::function(
                "execute(*multiparams, **params)",
                move |bound, cx| execute(&this, bound, cx).map(Value::object),
            ))
        })
        .getter_on_value("scalar", |this, cx| {
            legacy_only(this, "scalar", cx)?;
            let this = this.clone();
            Ok(Method::function(
                "scalar(*multiparams, **params)",
                move |bound, cx| execute(&this, bound, cx)?.only_one(OnlyOne::First, true, cx),
            ))
        });
}

fn legacy_only(this: &Value, name: &str, cx: &Cx) -> Result<()> {
    if cx.compat().is_14() {
        return Ok(());
    }
    Err(no_attribute(this, name, cx))
}

fn execute(this: &Value, bound: &Bound<'_>, cx: &Cx) -> Result<CursorResult> {
    let bind = match super::statement::own_bind(this) {
        Some(own) => Some(own),
        None => bind_of_tables(this, cx),
    };
    let (params, keywords) = (bound.rest(), bound.keywords());
    if let Some(connection) = bind.as_ref().and_then(Value::downcast::<Connection>) {
        return execute_legacy(connection, this, params, keywords, cx);
    }
    let Some(engine) = bind.as_ref().and_then(Value::downcast::<Engine>) else {
        return Err(UNBOUND_EXECUTION_ERROR.error(format!(
            "This {} is not directly bound to a Connection or Engine. Use the .execute() \
             method of a Connection or Engine to execute this construct.",
            class_of(this, cx).name()
        )));
    };
    let connection = engine.connect(cx)?;
    connection.close_with_result();
    execute_legacy(&connection, this, params, keywords, cx)
}
