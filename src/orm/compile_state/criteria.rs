//! Criteria that entities bring along: single-table inheritance, `with_loader_criteria()`.

use super::CompileState;
use super::adapter::EntityAdapter;
use crate::object::Result;
use crate::orm::MappedEntity;
use crate::sql::ColumnElement;

impl CompileState<'_> {
    /// The criteria of `entity` are to be added to WHERE.
    pub fn note_criteria(&mut self, entity: &MappedEntity) {
        if !self
            .criteria_entities
            .iter()
            .any(|known| known.same(entity))
        {
            self.criteria_entities.push(entity.clone());
        }
    }
    /// What `with_loader_criteria()` says of `entity`.
    pub fn loader_criteria(&self, entity: &MappedEntity) -> Result<Vec<ColumnElement>> {
        self.loaders
            .criteria
            .iter()
            .filter(|criteria| criteria.applies_to(entity))
            .map(|criteria| criteria.criterion(entity, self.cx))
            .collect()
    }
    /// The criterion of single-table inheritance of `entity`.
    pub fn single_table_criterion(&self, entity: &MappedEntity) -> Result<Option<ColumnElement>> {
        let Some(criterion) = crate::orm::single_table_criterion(entity.mapper(), self.cx)? else {
            return Ok(None);
        };
        match EntityAdapter::of(entity, self.cx)? {
            Some(adapter) => adapter.clause(&criterion).map(Some),
            None => Ok(Some(criterion)),
        }
    }
    /// Add the criteria of all entities to WHERE.
    pub fn add_extra_criteria(&mut self) -> Result<()> {
        let given: Vec<MappedEntity> = self
            .froms
            .iter()
            .filter_map(|from| from.entity.clone())
            .collect();
        for entity in &given {
            self.note_criteria(entity);
        }
        for entity in self.criteria_entities.clone() {
            if self.joined.iter().any(|joined| joined.same(&entity)) {
                continue;
            }
            if !self.options.for_refresh {
                let criteria = self.loader_criteria(&entity)?;
                self.where_criteria.extend(criteria);
            }
            let single = self.single_table_criterion(&entity)?;
            self.where_criteria.extend(single);
        }
        Ok(())
    }
}
