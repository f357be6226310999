//! What adapts the criteria of a statement: the subquery that a `Query` selects from itself, the
//! aliases that legacy joins make.

use std::rc::Rc;

use super::CompileState;
use super::adapter::EntityAdapter;
use super::entities::{MappedQuery, QueryEntity};
use crate::object::{Cx, Result};
use crate::orm::{AliasedEntity, MappedEntity, Mapper};
use crate::sql::visitors::{ClauseAdapter, Replacement, replace};
use crate::sql::{ColumnElement, FromClause, FromItem};

/// The adapters in force.
#[derive(Clone, Default)]
pub struct CurrentAdapter {
    /// What the `Query` selects from instead of its entities' tables.
    pub base: Option<Rc<EntityAdapter>>,
    /// Whether `base` adapts columns that are of no entity too.
    pub adapts_all: bool,
    /// The aliases made by `join(aliased=True)`, newest first, each under the number that the
    /// criteria given after it carry.
    pub generations: Vec<(u32, Vec<Rc<ClauseAdapter>>)>,
    /// What stands for the mapped tables of entities that were joined under another selectable.
    pub replaced: Vec<(MappedEntity, Rc<ClauseAdapter>)>,
    /// The same for columns of these tables, whatever entity they are of.
    pub replaced_tables: Vec<(FromClause, Rc<ClauseAdapter>)>,
}

impl CurrentAdapter {
    /// Whether there is nothing to adapt to.
    pub fn is_empty(&self) -> bool {
        self.base.is_none() && self.generations.is_empty() && self.replaced.is_empty()
    }
    /// `element` adapted.
    pub fn adapt(&self, element: &ColumnElement) -> Result<ColumnElement> {
        replace(element, self)
    }
    /// Let `alias` stand for `mapper` and for the tables of its hierarchy.
    pub fn replace_mapper(
        &mut self,
        mapper: &Rc<Mapper>,
        alias: &Rc<AliasedEntity>,
        cx: &Cx,
    ) -> Result<()> {
        let adapter = ClauseAdapter::new(alias.selectable().clone(), cx)?
            .with_equivalents(mapper.equivalent_columns(cx));
        let adapter = Rc::new(adapter);
        let mut members = mapper.with_polymorphic_mappers(cx)?;
        if members.is_empty() {
            members.push(mapper.clone());
        }
        for member in members {
            for ancestor in member.lineage() {
                let table = ancestor.local_table().clone();
                self.replaced_tables
                    .retain(|(known, _)| !known.same(&table));
                self.replaced_tables.push((table, adapter.clone()));
            }
            let entity = MappedEntity::Mapper(member);
            self.replaced.retain(|(known, _)| !known.same(&entity));
            self.replaced.push((entity, adapter.clone()));
        }
        Ok(())
    }
    fn adapt_list(&self, elements: &mut [ColumnElement]) -> Result<()> {
        for element in elements {
            *element = self.adapt(element)?;
        }
        Ok(())
    }
    /// The adapters of a generation.
    pub fn generation(&self, number: u32) -> &[Rc<ClauseAdapter>] {
        self.generations
            .iter()
            .find(|(known, _)| *known == number)
            .map_or(&[], |(_, adapters)| adapters)
    }
    /// Put `adapters` in the place of those of a generation.
    pub fn set_generation(&mut self, number: u32, adapters: Vec<Rc<ClauseAdapter>>) {
        self.generations.retain(|(known, _)| *known != number);
        self.generations.push((number, adapters));
    }
}

impl Replacement for CurrentAdapter {
    fn element(&self, element: &ColumnElement) -> Result<Option<ColumnElement>> {
        let notes = element.annotations();
        let of_entity = notes.is_some_and(|notes| notes.entity().is_some());
        if let Some(base) = &self.base
            && (of_entity || self.adapts_all)
            && let Some(found) = base.replacement(element)?
        {
            return Ok(Some(found));
        }
        let Some(notes) = notes else {
            return Ok(None);
        };
        if notes.generation != 0 {
            for adapter in self.generation(notes.generation) {
                if let Some(found) = adapter.element(element)? {
                    return Ok(Some(found));
                }
            }
        }
        let Some(entity) = notes
            .entity()
            .and_then(|one| MappedEntity::of(one.as_ref()))
        else {
            return Ok(None);
        };
        for (known, adapter) in &self.replaced {
            if known.same(&entity) {
                return adapter.element(element);
            }
        }
        let Some(table) = element.table() else {
            return Ok(None);
        };
        for (known, adapter) in &self.replaced_tables {
            if known.same(&table) {
                return adapter.element(element);
            }
        }
        Ok(None)
    }
}

impl CompileState<'_> {
    /// Select from the subquery that `select_from()` holds instead of the entities' tables.
    pub fn set_base_alias(&mut self) -> Result<()> {
        if !self.options.base_alias {
            return Ok(());
        }
        let Some(FromItem::From(from)) = self.select.data().from_obj.first().cloned() else {
            return self.set_base_entity();
        };
        if !matches!(from.plain(), FromClause::Alias(_)) {
            return Ok(());
        }
        let mut equivalents = Vec::new();
        for entity in &self.entities {
            if let QueryEntity::Mapped(mapped) = entity {
                equivalents.extend(mapped.entity.mapper().equivalent_columns(self.cx));
            }
        }
        self.options.criteria = false;
        self.current.base = Some(EntityAdapter::over(&from, equivalents, self.cx)?);
        self.current.adapts_all = self.options.adapts_all;
        Ok(())
    }

    fn set_base_entity(&mut self) -> Result<()> {
        let first = self.select.data().from_obj.first().cloned();
        let Some(FromItem::Entity(entity)) = first else {
            return Ok(());
        };
        match MappedEntity::of(entity.as_ref()) {
            Some(MappedEntity::Aliased(alias)) => {
                let adapter = EntityAdapter::new(alias.mapper(), alias.selectable(), self.cx)?;
                self.options.criteria = false;
                self.current.base = Some(adapter);
                self.current.adapts_all = self.options.adapts_all;
                Ok(())
            }
            _ => Err(crate::engine::exc::ARGUMENT_ERROR.error(
                "A selectable (FromClause) instance is expected when the base alias is being set.",
            )),
        }
    }

    /// Adapt the clauses of the statement, once its joins are set up.
    pub fn adapt_clauses(&mut self) -> Result<()> {
        if self.current.is_empty() {
            return Ok(());
        }
        let current = self.current.clone();
        current.adapt_list(&mut self.where_criteria)?;
        let mut failed = Ok(());
        self.select = self.select.with(|data| {
            failed = [
                &mut data.order_by,
                &mut data.group_by,
                &mut data.having_criteria,
                &mut data.distinct_on,
            ]
            .into_iter()
            .try_for_each(|list| current.adapt_list(list));
        });
        failed
    }

    /// What adapts the columns of a selected entity.
    pub fn entity_adapter(&self, query: &MappedQuery) -> Result<Option<Rc<EntityAdapter>>> {
        let own = match &query.entity {
            MappedEntity::Mapper(_) => match self.replaced(&query.entity) {
                Some(adapter) => Some(EntityAdapter::new(
                    query.entity.mapper(),
                    &adapter.selectable,
                    self.cx,
                )?),
                None => None,
            },
            MappedEntity::Aliased(_) => EntityAdapter::of(&query.entity, self.cx)?,
        };
        Ok(match (own, &self.current.base) {
            (Some(own), Some(base)) => Some(own.wrapped_in(base)),
            (None, Some(base)) => Some(base.clone()),
            (own, None) => own,
        })
    }

    /// What stands for the tables of `entity`, where a join put something else in their place.
    pub fn replaced(&self, entity: &MappedEntity) -> Option<&Rc<ClauseAdapter>> {
        self.current
            .replaced
            .iter()
            .find(|(known, _)| known.same(entity))
            .map(|(_, adapter)| adapter)
    }
}
