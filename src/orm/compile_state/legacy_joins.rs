//! `Query.join()` as 1.4 has it: names of relationships, chains of them, aliases made on the way.

use std::rc::Rc;

use super::CompileState;
use super::entities::QueryEntity;
use super::joins::Right;
use crate::object::{Result, Value};
use crate::orm::{
    AliasOptions, AliasedEntity, InstrumentedAttribute, MappedEntity, MapperProperty,
};
use crate::sql::visitors::ClauseAdapter;
use crate::sql::{FromItem, JoinTarget, LegacyJoin, OnClause, SetupJoin, namespace_attribute};

/// A join that was made along a relationship.
struct Edge {
    left: MappedEntity,
    right: MappedEntity,
    property: Rc<MapperProperty>,
}

/// Where joins led to.
#[derive(Default)]
struct Node {
    entity: Option<MappedEntity>,
    generation: u32,
    edges: Vec<(Edge, usize)>,
}

/// Where the next join goes on from, and the joins that led there.
pub(super) struct Joinpoint {
    nodes: Vec<Node>,
    at: usize,
}

impl Default for Joinpoint {
    fn default() -> Self {
        Self {
            nodes: vec![Node::default()],
            at: 0,
        }
    }
}

impl Joinpoint {
    fn node(&self) -> &Node {
        &self.nodes[self.at]
    }
    /// Where the join along `property` led already.
    fn known(
        &self,
        left: &MappedEntity,
        right: &MappedEntity,
        property: &Rc<MapperProperty>,
    ) -> Option<usize> {
        let edges = &self.node().edges;
        let found = edges.iter().find(|(edge, _)| {
            edge.left.same(left) && edge.right.same(right) && Rc::ptr_eq(&edge.property, property)
        });
        found.map(|(_, node)| *node)
    }
    /// Go on from `entity`, which `edge` led to; without an edge it is no part of the path.
    fn step(&mut self, entity: Option<MappedEntity>, generation: u32, edge: Option<Edge>) {
        let next = self.nodes.len();
        if let Some(edge) = edge {
            self.nodes[self.at].edges.push((edge, next));
        }
        self.nodes.push(Node {
            entity,
            generation,
            edges: Vec::new(),
        });
        self.at = next;
    }
}

impl CompileState<'_> {
    /// Set a join of 1.4's `Query` up.
    pub(super) fn legacy_join(&mut self, join: &SetupJoin, legacy: LegacyJoin) -> Result<()> {
        let generation = self.join_generation(legacy);
        let named = match (&join.target, &join.onclause) {
            (JoinTarget::Attribute(value), None) | (_, Some(OnClause::Attribute(value))) => {
                Some(value.clone())
            }
            _ => None,
        };
        let attribute = match named {
            Some(value) => Some(self.joined_attribute(&value, legacy)?),
            None => None,
        };
        match attribute {
            Some(attribute) => self.legacy_join_along(join, legacy, generation, &attribute),
            None => self.legacy_join_to(join, legacy, generation),
        }
    }

    /// The number of the aliases in force for a join.
    fn join_generation(&mut self, legacy: LegacyJoin) -> u32 {
        if !legacy.from_joinpoint {
            self.joinpoint.at = 0;
            return legacy.generation;
        }
        let previous = self.joinpoint.node().generation;
        if legacy.generation == 0 {
            return previous;
        }
        if previous != 0 {
            let adapters = self.current.generation(previous).to_vec();
            self.current.set_generation(legacy.generation, adapters);
        }
        legacy.generation
    }

    /// The entity that names of relationships are looked up in.
    fn joinpoint_entity(&self) -> Option<MappedEntity> {
        let own = self.joinpoint.node().entity.clone();
        let listed = || self.froms.iter().find_map(|from| from.entity.clone());
        let selected = || self.entities.iter().find_map(QueryEntity::entity).cloned();
        own.or_else(listed).or_else(selected)
    }

    /// The relationship that a name, or an attribute seen from the joinpoint, stands for.
    fn joined_attribute(&self, value: &Value, legacy: LegacyJoin) -> Result<InstrumentedAttribute> {
        let entity = self.joinpoint_entity();
        let named = |name: &str| {
            let target = entity.as_ref().map(|one| FromItem::Entity(one.entity()));
            let shown = |target: &FromItem| match target {
                FromItem::Entity(entity) => entity.text(self.cx),
                FromItem::From(from) => crate::orm::from_description(from),
            };
            let found = namespace_attribute(target.as_ref(), name, shown, self.cx)?;
            crate::orm::attribute_of_value(&found).ok_or_else(|| not_an_entity(name))
        };
        if let Value::Str(name) = value {
            return named(name);
        }
        let Some(attribute) = crate::orm::attribute_of_value(value) else {
            return Err(not_an_entity(&self.cx.str(value)?));
        };
        let own = attribute.entity();
        if legacy.from_joinpoint
            && let Some(entity) = &entity
            && matches!(own, MappedEntity::Mapper(_))
            && Rc::ptr_eq(own.mapper(), entity.mapper())
            && !own.same(entity)
        {
            return named(attribute.key());
        }
        Ok(attribute)
    }

    fn legacy_join_along(
        &mut self,
        join: &SetupJoin,
        legacy: LegacyJoin,
        generation: u32,
        attribute: &InstrumentedAttribute,
    ) -> Result<()> {
        let target = self.target_along(join, attribute)?;
        let left = attribute.entity().clone();
        let property = attribute.property().clone();
        if legacy.aliased {
            let alias = self.join_alias(&target, generation)?;
            self.join_along(join, attribute, alias.clone())?;
            self.joinpoint.step(Some(alias), generation, None);
            return Ok(());
        }
        if let Some(known) = self.joinpoint.known(&left, &target, &property) {
            self.joinpoint.at = known;
            return Ok(());
        }
        self.join_along(join, attribute, target.clone())?;
        let edge = Edge {
            left,
            right: target.clone(),
            property,
        };
        self.joinpoint.step(Some(target), generation, Some(edge));
        Ok(())
    }

    fn legacy_join_to(
        &mut self,
        join: &SetupJoin,
        legacy: LegacyJoin,
        generation: u32,
    ) -> Result<()> {
        let mut right = self.right_side(join)?;
        if legacy.aliased {
            right = match right {
                Right::Entity(entity) => Right::Entity(self.join_alias(&entity, generation)?),
                Right::From(_) => {
                    return Err(crate::engine::exc::INVALID_REQUEST_ERROR.error(
                        "The aliased=True parameter on query.join() only works with an ORM \
                         entity, not a plain selectable, as the target.",
                    ));
                }
            };
        }
        let onclause = match &join.onclause {
            Some(OnClause::Expression(element)) => Some(element.clone()),
            _ => None,
        };
        self.join_plainly(join, &right, onclause)?;
        let entity = match right {
            Right::Entity(entity) => Some(entity),
            Right::From(_) => None,
        };
        self.joinpoint.step(entity, generation, None);
        Ok(())
    }

    /// An alias of `target`, which the criteria of its generation are adapted to.
    fn join_alias(&mut self, target: &MappedEntity, generation: u32) -> Result<MappedEntity> {
        let options = AliasOptions {
            flat: true,
            ..AliasOptions::default()
        };
        let alias = AliasedEntity::new(target, options, self.cx)?;
        let adapter = ClauseAdapter::new(alias.selectable().clone(), self.cx)?
            .with_equivalents(alias.mapper().equivalent_columns(self.cx));
        let mut adapters = vec![Rc::new(adapter)];
        adapters.extend(self.current.generation(generation).iter().cloned());
        self.current.set_generation(generation, adapters);
        Ok(MappedEntity::Aliased(alias))
    }
}

fn not_an_entity(name: &str) -> crate::object::Raised {
    crate::engine::exc::ARGUMENT_ERROR.error(format!(
        "Join target {name} does not refer to a mapped entity"
    ))
}
