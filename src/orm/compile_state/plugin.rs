//! What the compiler asks of the ORM: the plain SELECT, columns of subqueries, descriptions.

use std::rc::Rc;

use super::entities::{QueryEntity, attribute_value, entities_of, entity_in};
use super::{CompileState, entity_value};
use crate::object::{Cx, Dict, Result, Str, Value};
use crate::orm::{InstrumentedAttribute, MappedEntity};
use crate::sql::{
    ColumnElement, CompileStatePlugin, Entity, FromClause, FromItem, JoinTarget, OnClause,
    PluginContext, PluginSelect, Select,
};

/// The ORM's part in compiling.
pub struct Plugin;

/// The ORM's part in compiling.
pub fn plugin() -> Rc<dyn CompileStatePlugin> {
    Rc::new(Plugin)
}

impl CompileStatePlugin for Plugin {
    fn compile_select(
        &self,
        select: &Select,
        context: PluginContext,
        cx: &Cx,
    ) -> Result<PluginSelect> {
        let compiled = CompileState::compile(select, context.toplevel, cx)?;
        Ok(PluginSelect {
            select: compiled.select,
            statement: compiled.statement,
            plan: Some(compiled.plan),
        })
    }

    fn exported_columns(&self, select: &Select, cx: &Cx) -> Result<Vec<(Str, ColumnElement)>> {
        let compiled = CompileState::compile(select, false, cx)?;
        crate::sql::SelectStatement::Select(compiled.select).selected_columns(cx)
    }

    fn column_descriptions(&self, select: &Select, cx: &Cx) -> Result<Value> {
        let compiled = CompileState::compile(select, true, cx)?;
        let mut described = Vec::new();
        for (entity, key) in entities_of(select, cx)?
            .iter()
            .zip(compiled.plan.keys.iter())
        {
            let dict = Dict::default();
            let value = entity.entity().map_or(Value::None, entity_value);
            let (ty, aliased, expr) = match entity {
                QueryEntity::Mapped(mapped) => (
                    Value::Class(mapped.entity.mapper().class().clone()),
                    matches!(mapped.entity, MappedEntity::Aliased(_)),
                    entity_value(&mapped.entity),
                ),
                QueryEntity::Column(column) => (
                    Value::object(column.column.type_()),
                    matches!(column.entity, Some(MappedEntity::Aliased(_))),
                    column.value.clone(),
                ),
                QueryEntity::Bundle(bundle) => {
                    let shown = bundle.bundle.value();
                    let class = crate::object::class_of(&shown, cx);
                    (Value::Class(class), false, shown)
                }
            };
            let name = Some(key.clone()).filter(|key| !key.is_empty());
            dict.insert_str("name", name.map_or(Value::None, Value::Str));
            dict.insert_str("type", ty);
            dict.insert_str("aliased", Value::Bool(aliased));
            dict.insert_str("expr", expr);
            dict.insert_str("entity", value);
            described.push(Value::Dict(Rc::new(dict)));
        }
        Ok(Value::list(described))
    }

    fn entity_description(&self, entity: &dyn Entity, _cx: &Cx) -> Result<Value> {
        let Some(mapped) = MappedEntity::of(entity) else {
            return Ok(Value::None);
        };
        let mapper = mapped.mapper();
        let class = Value::Class(mapper.class().clone());
        let name = match &mapped {
            MappedEntity::Mapper(mapper) => mapper.class().name(),
            MappedEntity::Aliased(alias) => crate::orm::support::alias_label(alias),
        };
        let shown = entity_value(&mapped);
        Ok(Value::Dict(Rc::new(Dict::from_pairs([
            ("name", Value::Str(name)),
            ("type", class),
            ("expr", shown.clone()),
            ("entity", shown),
            ("table", Value::object(mapper.local_table().clone())),
        ]))))
    }

    fn returned_descriptions(&self, select: &Select, cx: &Cx) -> Result<Value> {
        let mut described = Vec::new();
        for item in &select.data().raw_columns {
            for column in item.columns(cx)? {
                let entity = entity_in(&column);
                let is_aliased = matches!(entity, Some(MappedEntity::Aliased(_)));
                let name = column.plain().key().and_then(|key| key.text().cloned());
                let expr = attribute_value(&column);
                described.push(Value::Dict(Rc::new(Dict::from_pairs([
                    ("name", name.map_or(Value::None, Value::Str)),
                    ("type", column.type_().to_value()),
                    ("expr", expr.unwrap_or_else(|| Value::object(column))),
                    ("aliased", Value::Bool(is_aliased)),
                    ("entity", entity.as_ref().map_or(Value::None, entity_value)),
                ]))));
            }
        }
        Ok(Value::list(described))
    }

    fn columns_clause_froms(&self, select: &Select, cx: &Cx) -> Result<Vec<FromClause>> {
        let mut froms: Vec<FromClause> = Vec::new();
        for entity in entities_of(select, cx)? {
            if let Some(from) = entity.selectable(cx)?
                && !froms.iter().any(|known| known.same(&from))
            {
                froms.push(from);
            }
        }
        for item in &select.data().from_obj {
            let from = match item {
                FromItem::From(from) => from.clone(),
                FromItem::Entity(entity) => entity.selectable(cx)?,
            };
            if !froms.iter().any(|known| known.same(&from)) {
                froms.push(from);
            }
        }
        Ok(froms)
    }

    fn filter_by_entity(&self, select: &Select, cx: &Cx) -> Result<Option<Rc<dyn Entity>>> {
        if let Some(last) = select.data().setup_joins.last() {
            return last_joined(&last.target, last.onclause.as_ref(), cx);
        }
        match select.data().from_obj.first() {
            Some(FromItem::Entity(entity)) => return Ok(Some(entity.clone())),
            Some(FromItem::From(_)) => return Ok(None),
            None => {}
        }
        Ok(entities_of(select, cx)?
            .first()
            .and_then(QueryEntity::entity)
            .map(MappedEntity::entity))
    }
}

/// The entity that a join leads to.
fn last_joined(
    target: &JoinTarget,
    onclause: Option<&OnClause>,
    cx: &Cx,
) -> Result<Option<Rc<dyn Entity>>> {
    let attribute = match (target, onclause) {
        (JoinTarget::Entity(entity), _) => return Ok(Some(entity.clone())),
        (JoinTarget::Attribute(value), _) => value,
        (JoinTarget::From(_), _) => return Ok(None),
    };
    let Some(attribute) = attribute.downcast::<InstrumentedAttribute>() else {
        return Ok(None);
    };
    if let Some(target) = attribute.of_type() {
        return Ok(Some(target.entity()));
    }
    match attribute.property().relationship() {
        Some(relationship) => Ok(Some(relationship.entity(cx)?.entity())),
        None => Ok(None),
    }
}
