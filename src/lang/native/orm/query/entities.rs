//! What a query is of and what it selects from.

use std::rc::Rc;

use super::{add_14, add_steps, derived, query_of, sql};
use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::object::{Bound, Cx, Members, Result, Value};
use crate::orm::{AliasHandle, AliasOptions, AliasedEntity, MappedEntity, Needs, Query};
use crate::sql::CompoundKeyword;
use crate::sql::coercions::{COMPOUND, expect_from_item, expect_returns_rows, expect_statement};

/// The members.
pub fn members(members: &mut Members) {
    add_steps(
        members,
        &[
            (
                "add_columns(*column)",
                Needs::Nothing,
                |query, bound, cx| Ok(query.add_items(sql::select_items(bound.rest(), cx)?)),
            ),
            ("add_column(column)", Needs::Nothing, |query, bound, cx| {
                let column = std::slice::from_ref(bound.value("column"));
                Ok(query.add_items(sql::select_items(column, cx)?))
            }),
            (
                "add_entity(entity, alias=None)",
                Needs::Nothing,
                |query, bound, cx| {
                    let entity = match bound.some("alias") {
                        Some(alias) => aliased(bound.value("entity"), alias, cx)?,
                        None => bound.value("entity").clone(),
                    };
                    Ok(query.add_items(sql::select_items(&[entity], cx)?))
                },
            ),
            (
                "with_entities(*entities)",
                Needs::Nothing,
                |query, bound, cx| Ok(query.with_entities(sql::select_items(bound.rest(), cx)?)),
            ),
            (
                "select_from(*from_obj)",
                Needs::NoClauses,
                |query, bound, cx| {
                    let froms = bound
                        .rest()
                        .iter()
                        .map(|from| expect_from_item(from, cx))
                        .collect::<Result<_>>()?;
                    Ok(query.select_from(froms))
                },
            ),
            (
                "from_statement(statement)",
                Needs::NoClauses,
                |query, bound, cx| {
                    let statement = expect_returns_rows(bound.value("statement"), cx)?;
                    Ok(query.with_clauses(|data| data.from_statement = Some(Rc::new(statement))))
                },
            ),
            (
                "with_parent(instance, property=None, from_entity=None)",
                Needs::Nothing,
                with_parent,
            ),
        ],
    );
    add_14(
        members,
        "select_entity_from",
        "select_entity_from(from_obj)",
        |this, bound, cx| {
            let query = query_of(this)?;
            query.check(Needs::NoClauses, "select_entity_from")?;
            let from = expect_from_item(bound.value("from_obj"), cx)?;
            Ok(derived(this, query.select_entity_from(from)))
        },
    );
    add_14(
        members,
        "from_self",
        "from_self(*entities)",
        |this, bound, cx| {
            let mut query = query_of(this)?.from_self(cx)?;
            if !bound.rest().is_empty() {
                query = query.set_entities(sql::select_items(bound.rest(), cx)?);
            }
            Ok(derived(this, query))
        },
    );
    for (signature, keyword) in [
        ("union(*q)", CompoundKeyword::Union),
        ("union_all(*q)", CompoundKeyword::UnionAll),
        ("intersect(*q)", CompoundKeyword::Intersect),
        ("intersect_all(*q)", CompoundKeyword::IntersectAll),
        ("except_(*q)", CompoundKeyword::Except),
        ("except_all(*q)", CompoundKeyword::ExceptAll),
    ] {
        members.method_on_value(signature, move |this, bound, cx| {
            let others = bound
                .rest()
                .iter()
                .map(|other| expect_statement(other, COMPOUND, cx))
                .collect::<Result<_>>()?;
            let made = query_of(this)?.set_operation(keyword, others, cx)?;
            Ok(derived(this, made))
        });
    }
}

fn aliased(entity: &Value, alias: &Value, cx: &Cx) -> Result<Value> {
    let Some(mapped) = crate::orm::entity_of_value(entity) else {
        return Err(super::super::no_inspection(entity, cx));
    };
    let options = AliasOptions {
        selectable: super::super::functions::selectable(alias, cx)?,
        ..AliasOptions::default()
    };
    let made = AliasedEntity::new(&mapped, options, cx)?;
    Ok(Value::object(AliasHandle(made)))
}

fn with_parent(query: &Query, bound: &Bound<'_>, cx: &Cx) -> Result<Query> {
    let instance = bound.value("instance");
    let entity = match bound.some("from_entity") {
        Some(given) => crate::orm::entity_of_value(given),
        None => query.joined_or_first_entity(cx)?,
    };
    let Some(entity) = entity else {
        return Err(INVALID_REQUEST_ERROR.error("The query is of no mapped class"));
    };
    let property = match bound.some("property") {
        Some(given) => given.clone(),
        None => related_property(instance, &entity, cx)?,
    };
    let criterion =
        super::super::functions::parent_criterion(instance, &property, Some(&entity), cx)?;
    query.check(Needs::NoStatementNorLimit, "filter")?;
    Ok(query.with_clauses(|data| {
        data.adopt(&criterion);
        data.where_criteria.push(criterion);
    }))
}

/// The name of the first relationship of `instance` that leads to `entity`.
fn related_property(instance: &Value, entity: &MappedEntity, cx: &Cx) -> Result<Value> {
    let (object, _) = crate::orm::session::expect_instance(instance, cx)?;
    let wanted = entity.mapper();
    if let Some(mapper) = crate::orm::mapper_of(object) {
        crate::orm::configure_registry(mapper.registry(), cx)?;
        for property in mapper.prop_list() {
            if let Some(relationship) = property.relationship()
                && Rc::ptr_eq(&relationship.mapper(cx)?, wanted)
            {
                return Ok(Value::Str(property.key()));
            }
        }
    }
    Err(INVALID_REQUEST_ERROR.error(format!(
        "Could not locate a property which relates instances of class '{}' to instances of \
         class '{}'",
        wanted.class().name(),
        object.class().name()
    )))
}
