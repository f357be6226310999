//! What a query is of: its entities, and what `filter_by()` names.

use std::rc::Rc;

use super::Query;
use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::object::{Cx, Result, Str, Value};
use crate::orm::{MappedEntity, entity_in};
use crate::sql::{
    ColumnElement, Entity, FromItem, JoinTarget, SelectItem, SetupJoin, coercions,
    namespace_attribute, namespace_text,
};

impl Query {
    /// The entity that the first of its columns is or is of.
    pub fn first_entity(&self) -> Option<Rc<dyn Entity>> {
        match self.clauses().raw_columns.first()? {
            SelectItem::Entity(entity) => Some(entity.clone()),
            SelectItem::Column(column) => entity_in(column).map(|entity| entity.entity()),
            SelectItem::From(_) => None,
        }
    }
    /// Its single mapped class or alias; `method` works with nothing else.
    pub fn only_mapped_entity(&self, method: &str) -> Result<MappedEntity> {
        let found = match self.clauses().raw_columns.as_slice() {
            [SelectItem::Entity(entity)] => MappedEntity::of(entity.as_ref()),
            _ => None,
        };
        found.ok_or_else(|| {
            INVALID_REQUEST_ERROR.error(format!(
                "{method}() can only be used against a single mapped class."
            ))
        })
    }
    /// Whether its rows are single entities.
    pub fn is_single_entity(&self) -> bool {
        !self.data().only_tuples && self.only_mapped_entity("").is_ok()
    }

    /// What `filter_by()` names: what was joined last, what it selects from, what it is of.
    fn filter_by_target(&self, cx: &Cx) -> Result<Option<FromItem>> {
        let data = self.clauses();
        if !data.setup_joins.is_empty()
            && !self.data().joinpoint_reset
            && let Some(joined) = self.last_joined(data.setup_joins.len(), cx)?
        {
            return Ok(Some(joined));
        }
        if !self.data().base_alias
            && let Some(from) = data.from_obj.first()
        {
            return Ok(Some(from.clone()));
        }
        Ok(match data.raw_columns.first() {
            Some(SelectItem::Entity(entity)) => Some(FromItem::Entity(entity.clone())),
            Some(SelectItem::From(from)) => Some(FromItem::From(from.clone())),
            Some(SelectItem::Column(column)) => match entity_in(column) {
                Some(entity) => Some(FromItem::Entity(entity.entity())),
                None => column.table().map(FromItem::From),
            },
            None => None,
        })
    }

    /// What the last of the first `count` joins led to.
    fn last_joined(&self, count: usize, cx: &Cx) -> Result<Option<FromItem>> {
        let joins = &self.clauses().setup_joins;
        let Some(join) = count.checked_sub(1).and_then(|at| joins.get(at)) else {
            return Ok(None);
        };
        match (&join.target, &join.onclause) {
            (JoinTarget::Entity(entity), _) => Ok(Some(FromItem::Entity(entity.clone()))),
            (JoinTarget::From(from), _) => Ok(Some(FromItem::From(from.clone()))),
            (JoinTarget::Attribute(Value::Str(name)), _) => {
                self.last_joined_by_name(join, name, count, cx)
            }
            (JoinTarget::Attribute(value), _) => related_entity(value, cx),
        }
    }

    fn last_joined_by_name(
        &self,
        join: &SetupJoin,
        name: &Str,
        count: usize,
        cx: &Cx,
    ) -> Result<Option<FromItem>> {
        let goes_on = join.legacy.is_some_and(|legacy| legacy.from_joinpoint);
        let from = if goes_on && count > 1 {
            self.last_joined(count - 1, cx)?
        } else {
            self.first_entity().map(FromItem::Entity)
        };
        let Some(FromItem::Entity(entity)) = from else {
            return Ok(None);
        };
        match entity.entity_attribute(name, cx)? {
            Some(attribute) => related_entity(&attribute, cx),
            None => Ok(None),
        }
    }

    /// The comparisons of `filter_by(**criteria)`.
    pub fn filter_by_criteria(
        &self,
        criteria: &[(Str, Value)],
        cx: &Cx,
    ) -> Result<Vec<ColumnElement>> {
        let target = self.filter_by_target(cx)?;
        criteria
            .iter()
            .map(|(name, value)| {
                let shown = |target: &FromItem| self.namespace_text(target, cx);
                let attribute = namespace_attribute(target.as_ref(), name, shown, cx)?;
                coercions::equals(&attribute, value, cx)
            })
            .collect()
    }

    /// How errors name what `filter_by()` looks attributes up in.
    fn namespace_text(&self, target: &FromItem, cx: &Cx) -> String {
        let data = self.clauses();
        if let Some(join) = data
            .setup_joins
            .last()
            .filter(|_| !self.data().joinpoint_reset)
        {
            return match (&join.target, target) {
                (JoinTarget::Attribute(_), FromItem::Entity(entity)) => entity.text(cx),
                _ => namespace_text(target, cx),
            };
        }
        match data.raw_columns.first() {
            Some(SelectItem::Column(column)) if data.from_obj.is_empty() => {
                cx.str(&Value::object(column.clone())).unwrap_or_default()
            }
            _ => namespace_text(target, cx),
        }
    }

    /// The entity that `with_parent()` relates to its parent.
    pub fn joined_or_first_entity(&self, cx: &Cx) -> Result<Option<MappedEntity>> {
        let data = self.clauses();
        if !data.setup_joins.is_empty()
            && let Some(FromItem::Entity(entity)) = self.last_joined(data.setup_joins.len(), cx)?
        {
            return Ok(MappedEntity::of(entity.as_ref()));
        }
        if let Some(FromItem::Entity(entity)) = data.from_obj.first() {
            return Ok(MappedEntity::of(entity.as_ref()));
        }
        Ok(self
            .first_entity()
            .and_then(|entity| MappedEntity::of(entity.as_ref())))
    }

    /// Number `element` after the aliases made last, which it is to be adapted to.
    pub fn in_generation(&self, element: &ColumnElement) -> Result<ColumnElement> {
        let generation = self.data().generation;
        if generation == 0 {
            return Ok(element.clone());
        }
        let note = |one: &ColumnElement| {
            let notes = crate::sql::Annotations {
                generation,
                ..crate::sql::Annotations::default()
            };
            Ok(one.is_column().then(|| one.annotate(notes)))
        };
        crate::sql::visitors::replace(element, &note)
    }
}

/// The entity that a relationship attribute leads to.
fn related_entity(value: &Value, cx: &Cx) -> Result<Option<FromItem>> {
    let Some(attribute) = crate::orm::attribute_of_value(value) else {
        return Ok(None);
    };
    if let Some(target) = attribute.of_type() {
        return Ok(Some(FromItem::Entity(target.entity())));
    }
    Ok(match attribute.property().relationship() {
        Some(relationship) => Some(FromItem::Entity(relationship.entity(cx)?.entity())),
        None => None,
    })
}
