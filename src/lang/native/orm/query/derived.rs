//! What a query becomes as SQL: text, statement, subquery, scalar, EXISTS.

use super::{query_of, sql};
use crate::engine::exc::UNBOUND_EXECUTION_ERROR;
use crate::object::{Args, Cx, Members, Result, Value};
use crate::orm::session::BindArguments;
use crate::orm::{MappedEntity, Query};
use crate::sql::coercions::optional_name;
use crate::sql::dialects::{Dialect, DialectObject};
use crate::sql::{ColumnElement, FromClause, LabelStyle, SelectStatement};

/// The members.
pub fn members(members: &mut Members) {
    members
        .method_on_value("__str__()", |this, _, cx| {
            text_of(query_of(this)?, cx).map(Value::from)
        })
        .method_on_value("__clause_element__()", |this, _, cx| {
            let element = query_of(this)?.clause_element(cx)?;
            with_params(query_of(this)?, Value::object(element), cx)
        })
        .getter_on_value("statement", |this, cx| statement(query_of(this)?, cx))
        .getter_on_value("selectable", |this, cx| {
            let element = query_of(this)?.clause_element(cx)?;
            with_params(query_of(this)?, Value::object(element), cx)
        })
        .method_on_value(
            "subquery(name=None, with_labels=False, reduce_columns=False)",
            |this, bound, cx| {
                let mut query = query_of(this)?.enable_eagerloads(false);
                if bound.flag("with_labels", false) {
                    query = query.set_label_style(LabelStyle::TablenamePlusCol);
                }
                let mut made = statement(&query, cx)?;
                if bound.flag("reduce_columns", false) {
                    made = cx.call_method(&made, "reduce_columns", [])?;
                }
                let name = optional_name(bound.some("name"));
                let alias = select_statement(&made)?.subquery(name, cx)?;
                Ok(Value::object(FromClause::Alias(alias)))
            },
        )
        .method_on_value(
            "cte(name=None, recursive=False, nesting=False)",
            |this, bound, cx| {
                let made = plain_statement(query_of(this)?, cx)?;
                Ok(Value::object(FromClause::Alias(made.cte(
                    optional_name(bound.some("name")),
                    bound.flag("recursive", false),
                    bound.flag("nesting", false),
                ))))
            },
        )
        .method_on_value("label(name)", |this, bound, cx| {
            let scalar = plain_statement(query_of(this)?, cx)?.scalar_subquery(cx)?;
            Ok(Value::object(
                scalar.label(optional_name(bound.some("name"))),
            ))
        })
        .method_on_value("scalar_subquery()", |this, _, cx| {
            let scalar = plain_statement(query_of(this)?, cx)?.scalar_subquery(cx)?;
            Ok(Value::object(scalar))
        })
        .method_on_value("as_scalar()", |this, _, cx| {
            let scalar = plain_statement(query_of(this)?, cx)?.scalar_subquery(cx)?;
            Ok(Value::object(scalar))
        })
        .method_on_value("exists()", |this, _, cx| {
            let exists = query_of(this)?.exists(cx)?;
            with_params(query_of(this)?, Value::object(exists), cx)
        })
        .getter_on_value("whereclause", |this, cx| {
            let criteria = &query_of(this)?.clauses().where_criteria;
            if criteria.is_empty() {
                return Ok(Value::None);
            }
            Ok(Value::object(ColumnElement::and_(criteria, cx.compat())))
        })
        .getter_on_value("column_descriptions", |this, cx| {
            let select = query_of(this)?.select_unheard(cx);
            crate::orm::plugin().column_descriptions(&select, cx)
        })
        .getter_on_value("get_label_style", |this, cx| {
            let style = query_of(this)?.clauses().label_style;
            Ok(sql::label_style_value(style, cx))
        });
}

/// `statement`.
fn statement(query: &Query, cx: &Cx) -> Result<Value> {
    let made = Value::object(query.statement(cx)?);
    with_params(query, made, cx)
}

/// `statement` with the query's parameters put in.
fn with_params(query: &Query, made: Value, cx: &Cx) -> Result<Value> {
    if query.data().params.is_empty() {
        return Ok(made);
    }
    let args = Args {
        kw: query.data().params.clone(),
        ..Args::default()
    };
    cx.call_method(&made, "params", args)
}

fn select_statement(value: &Value) -> Result<SelectStatement> {
    crate::sql::coercions::statement_of(value)
        .ok_or_else(|| crate::object::exceptions::TYPE_ERROR.error("a SELECT was expected"))
}

/// The statement without eager loads, for use inside another.
fn plain_statement(query: &Query, cx: &Cx) -> Result<SelectStatement> {
    let query = query.enable_eagerloads(false);
    let select = query.select_statement(cx)?;
    select_statement(&with_params(&query, Value::object(select), cx)?)
}

/// `str(query)`: as the dialect of the session's bind writes it.
pub fn text_of(query: &Query, cx: &Cx) -> Result<String> {
    let select = query.select(false, cx)?;
    let dialect = match query.session() {
        Some(session) => {
            let subject = select.data().subject.as_ref();
            let wanted = BindArguments {
                mapper: subject
                    .and_then(|entity| MappedEntity::of(entity.as_ref()))
                    .map(|entity| entity.mapper().clone()),
                is_clause: true,
                ..BindArguments::default()
            };
            match session.get_bind(&wanted, cx) {
                Ok(bind) => DialectObject::of(&bind.value(), cx)?,
                Err(raised) if raised.is(&UNBOUND_EXECUTION_ERROR) => {
                    Dialect::default_dialect(cx.compat())
                }
                Err(raised) => return Err(raised),
            }
        }
        None => Dialect::default_dialect(cx.compat()),
    };
    sql::text_under(&Value::object(select), &dialect, cx)
}
