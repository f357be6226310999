//! Which columns an entity selects, and which relationships are joined to it.

use std::rc::Rc;

use super::adapter::EntityAdapter;
use super::entities::{ColumnQuery, MappedQuery, QueryEntity};
use super::{Collection, CompileState};
use crate::object::{Cx, Result};
use crate::orm::exc::LOADER_STRATEGY_EXCEPTION;
use crate::orm::path::Path;
use crate::orm::strategies::{self, RelationshipStrategy};
use crate::orm::strategy_options::{LoadElement, Strategy};
use crate::orm::{MappedEntity, Mapper, MapperProperty, same_columns};

/// An entity whose columns are being selected.
pub struct EntitySetup<'a> {
    /// The mapper.
    pub mapper: Rc<Mapper>,
    /// The subclasses whose columns are selected too.
    pub members: Vec<Rc<Mapper>>,
    /// Where it stands.
    pub path: &'a Path,
    /// What its columns are adapted to.
    pub adapter: Option<Rc<EntityAdapter>>,
    /// Which columns they are added to.
    pub collection: Collection,
    /// The statement's entity that led to it.
    pub entity: usize,
    /// Whether it was reached along a relationship.
    pub is_related: bool,
    /// Whether an outer join led to it.
    pub behind_outer: bool,
}

impl CompileState<'_> {
    /// Select the columns of the entity at `at`.
    pub fn set_up_entity(&mut self, at: usize) -> Result<()> {
        let entity = self.entities[at].clone();
        let adapter = match &entity {
            QueryEntity::Mapped(mapped) => self.entity_adapter(mapped)?,
            QueryEntity::Column(_) | QueryEntity::Bundle(_) => None,
        };
        self.adapters.push(adapter);
        match entity {
            QueryEntity::Mapped(mapped) => self.set_up_mapped(at, &mapped),
            QueryEntity::Column(column) => self.set_up_column(&column),
            QueryEntity::Bundle(bundle) => {
                for (_, member) in &bundle.members {
                    self.set_up_member(member)?;
                }
                Ok(())
            }
        }
    }

    fn set_up_member(&mut self, member: &QueryEntity) -> Result<()> {
        match member {
            QueryEntity::Column(column) => self.set_up_column(column),
            QueryEntity::Bundle(bundle) => bundle
                .members
                .iter()
                .try_for_each(|(_, member)| self.set_up_member(member)),
            QueryEntity::Mapped(_) => Ok(()),
        }
    }

    fn set_up_column(&mut self, query: &ColumnQuery) -> Result<()> {
        // What is of no entity loses the name that an attribute gave it.
        let own = match query.entity {
            Some(_) => &query.column,
            None => query.column.plain(),
        };
        let column = if self.current.is_empty() {
            own.clone()
        } else {
            self.current.adapt(own)?
        };
        if let Some(entity) = &query.entity {
            self.note_criteria(entity);
            let selectable = entity.entity().selectable(self.cx)?;
            let own = selectable.from_objects();
            let uses = column
                .from_objects()
                .iter()
                .any(|from| own.iter().any(|one| one.same(from)));
            if uses {
                self.fallback.push(selectable);
            }
        }
        let position = self.push(&column, Collection::Primary);
        self.positions.entry(column.identity()).or_insert(position);
        self.positions
            .entry(query.column.identity())
            .or_insert(position);
        Ok(())
    }

    fn set_up_mapped(&mut self, at: usize, query: &MappedQuery) -> Result<()> {
        self.note_criteria(&query.entity);
        let members = match &query.entity {
            MappedEntity::Mapper(mapper) => mapper.with_polymorphic_mappers(self.cx)?,
            MappedEntity::Aliased(alias) => alias.with_polymorphic().to_vec(),
        };
        let setup = EntitySetup {
            mapper: query.entity.mapper().clone(),
            members,
            path: &query.path,
            adapter: self.adapters.get(at).cloned().flatten(),
            collection: Collection::Primary,
            entity: at,
            is_related: false,
            behind_outer: false,
        };
        self.set_up_props(&setup)?;
        self.fallback.push(query.selectable.clone());
        Ok(())
    }

    /// Select the columns of an entity, and join what is eagerly joined to it.
    pub fn set_up_props(&mut self, setup: &EntitySetup<'_>) -> Result<()> {
        let props = setup.mapper.polymorphic_props(&setup.members);
        let only = if setup.entity == 0 && !setup.is_related {
            self.options.only.clone()
        } else {
            None
        };
        for property in props {
            let slot = setup.mapper.class().slot(&property.key());
            if let (Some(only), Some(slot)) = (&only, slot)
                && !only.contains(&slot)
            {
                continue;
            }
            if let Some(element) = self.loaders.find(setup.path, &property) {
                check_strategy(&property, element, self.cx)?;
            }
            if property.column().is_some() {
                self.set_up_column_prop(setup, &property, only.is_some())?;
            } else if property.relationship().is_some() && self.options.eager_loads {
                self.set_up_relationship(setup, &property)?;
            }
        }
        if let Some(discriminator) = setup.mapper.polymorphic_on() {
            let hidden = setup.mapper.column_prop(&discriminator).is_none();
            if hidden && only.is_none() {
                let column = adapt(setup.adapter.as_ref(), &discriminator)?;
                self.append(&column, setup.collection);
            }
        }
        Ok(())
    }

    fn set_up_column_prop(
        &mut self,
        setup: &EntitySetup<'_>,
        property: &Rc<MapperProperty>,
        is_named: bool,
    ) -> Result<()> {
        let element = self.loaders.find(setup.path, property).cloned();
        let Some(columns) = self.columns_to_select(setup, property, element.as_ref(), is_named)
        else {
            return Ok(());
        };
        for column in &columns {
            let column = match &setup.adapter {
                // An alias of a subquery offers what the subquery selects, no more.
                Some(adapter) if !setup.is_related => match adapter.column_if_present(column)? {
                    Some(column) => column,
                    None => return Ok(()),
                },
                adapter => adapt(adapter.as_ref(), column)?,
            };
            self.append(&column, setup.collection);
        }
        Ok(())
    }

    /// The columns of a property that are selected; `None` where it is loaded later.
    fn columns_to_select(
        &self,
        setup: &EntitySetup<'_>,
        property: &MapperProperty,
        element: Option<&Rc<LoadElement>>,
        is_named: bool,
    ) -> Option<Vec<crate::sql::ColumnElement>> {
        let column = property.column()?;
        let columns = column.columns.borrow().clone();
        let strategy = element.and_then(|element| element.strategy);
        if column.is_query_expression.get() {
            return match (strategy, element) {
                (Some(Strategy::Expression), Some(element)) => Some(element.criteria.clone()),
                _ => column.has_default_expression().then_some(columns),
            };
        }
        let deferred = match strategy {
            Some(Strategy::Column { deferred, .. }) => deferred,
            _ => column.deferred.get(),
        };
        if !deferred || is_named {
            return Some(columns);
        }
        let in_subquery = !self.toplevel && !column.is_expression();
        // In 1.4 `load_only()` alone leaves the key be.
        let always = element
            .is_some_and(|element| self.cx.compat().is_20() || element.options.undefer_pks)
            && is_always_loaded(&setup.mapper, &columns);
        let by_group = element.is_some_and(|element| {
            column
                .group
                .borrow()
                .as_ref()
                .is_some_and(|group| element.options.undefer_groups.contains(group))
        });
        (in_subquery || always || by_group).then_some(columns)
    }

    fn set_up_relationship(
        &mut self,
        setup: &EntitySetup<'_>,
        property: &Rc<MapperProperty>,
    ) -> Result<()> {
        let element = self.loaders.find(setup.path, property).cloned();
        if strategy_of(property, element.as_ref()) == RelationshipStrategy::Joined {
            strategies::set_up_joined(self, setup, property, element.as_ref())?;
        }
        Ok(())
    }
}

/// LoaderStrategyException where an option asks of a column what only relationships can do, or the
/// other way round.
fn check_strategy(property: &MapperProperty, element: &LoadElement, cx: &Cx) -> Result<()> {
    let is_relationship = property.relationship().is_some();
    if !is_relationship && property.column().is_none() {
        return Ok(());
    }
    let wanted = match element.strategy {
        Some(Strategy::Relationship(strategy)) if !is_relationship => strategy.loader_name(),
        Some(Strategy::Column { deferred: true, .. }) if is_relationship => {
            "deferred column loader"
        }
        Some(Strategy::Column { .. }) if is_relationship => "column loader",
        Some(Strategy::Expression) if is_relationship => "expression column loader",
        _ => return Ok(()),
    };
    let (is, fits) = match (is_relationship, cx.compat().is_14()) {
        (false, _) => ("column property", "relationship property"),
        (true, true) => ("relationship property", "column property"),
        (true, false) => ("relationship", "column property"),
    };
    Err(LOADER_STRATEGY_EXCEPTION.error(format!(
        "Can't apply \"{wanted}\" strategy to property \"{property}\", which is a \"{is}\"; this \
         loader strategy is intended to be used with a \"{fits}\"."
    )))
}

/// How `property`, a relationship, is loaded.
pub fn strategy_of(
    property: &MapperProperty,
    element: Option<&Rc<LoadElement>>,
) -> RelationshipStrategy {
    if let Some(Strategy::Relationship(strategy)) = element.and_then(|element| element.strategy) {
        return strategy;
    }
    property
        .relationship()
        .and_then(|relationship| RelationshipStrategy::named(&relationship.lazy.borrow()))
        .unwrap_or(RelationshipStrategy::Select)
}

/// Whether the columns are loaded even where all are deferred.
fn is_always_loaded(mapper: &Rc<Mapper>, columns: &[crate::sql::ColumnElement]) -> bool {
    let key = mapper.primary_key();
    let discriminator = mapper.polymorphic_on();
    columns.iter().any(|column| {
        key.iter()
            .chain(&discriminator)
            .any(|known| same_columns(known, column))
    })
}

/// `column`, adapted where there is an adapter.
pub fn adapt(
    adapter: Option<&Rc<EntityAdapter>>,
    column: &crate::sql::ColumnElement,
) -> Result<crate::sql::ColumnElement> {
    match adapter {
        Some(adapter) => adapter.column(column),
        None => Ok(column.plain().clone()),
    }
}
