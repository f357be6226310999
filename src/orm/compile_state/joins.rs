//! `join()` in a SELECT of entities: from where, to where, on what.

use std::rc::Rc;

use super::orm_join::{OrmJoin, Side, orm_join};
use super::{CompileState, FromState};
use crate::engine::exc::{ARGUMENT_ERROR, INVALID_REQUEST_ERROR, SA_WARNING};
use crate::object::{Raised, Result};
use crate::orm::{
    AliasOptions, AliasedEntity, InstrumentedAttribute, MappedEntity, MapperProperty,
    RelationshipProperty, from_description,
};
use crate::sql::{
    ColumnElement, FromClause, FromItem, Join, JoinTarget, OnClause, SetupJoin, and_all,
    find_left_clause_that_matches, find_left_clause_to_join_from, join_condition,
};

/// What is joined.
pub(super) enum Right {
    Entity(MappedEntity),
    From(FromClause),
}

impl CompileState<'_> {
    /// Set all joins up.
    pub fn join_all(&mut self, joins: &[SetupJoin]) -> Result<()> {
        for join in joins {
            self.join(join)?;
        }
        Ok(())
    }

    fn join(&mut self, join: &SetupJoin) -> Result<()> {
        if let Some(legacy) = join.legacy {
            return self.legacy_join(join, legacy);
        }
        let attribute = match (&join.target, &join.onclause) {
            (JoinTarget::Attribute(_), Some(_)) => {
                return Err(INVALID_REQUEST_ERROR.error(
                    "No 'on clause' argument may be passed when joining to a relationship path \
                     as a target",
                ));
            }
            (JoinTarget::Attribute(value), None) | (_, Some(OnClause::Attribute(value))) => {
                crate::orm::support::attribute_of_value(value)
            }
            _ => None,
        };
        if let Some(attribute) = attribute {
            let target = self.target_along(join, &attribute)?;
            if self.cx.compat().is_20() {
                let edge = (attribute.entity().clone(), target.clone());
                let property = attribute.property();
                if self.is_joined_already(&edge, property) {
                    return Ok(());
                }
                self.edges.push((edge, property.clone()));
            }
            return self.join_along(join, &attribute, target);
        }
        let right = self.right_side(join)?;
        let onclause = match &join.onclause {
            Some(OnClause::Expression(element)) => Some(element.clone()),
            _ => None,
        };
        self.join_plainly(join, &right, onclause)
    }

    /// What is joined, where it is not named by a relationship.
    pub(super) fn right_side(&self, join: &SetupJoin) -> Result<Right> {
        Ok(match &join.target {
            JoinTarget::From(from) => Right::From(from.clone()),
            JoinTarget::Entity(entity) => match MappedEntity::of(entity.as_ref()) {
                Some(mapped) => Right::Entity(mapped),
                None => Right::From(entity.selectable(self.cx)?),
            },
            JoinTarget::Attribute(_) => {
                return Err(ARGUMENT_ERROR
                    .error("Expected mapped entity or selectable/table as join target"));
            }
        })
    }

    /// Whether a join along `property` between the two was made before.
    fn is_joined_already(
        &self,
        (left, right): &(MappedEntity, MappedEntity),
        property: &Rc<MapperProperty>,
    ) -> bool {
        self.edges.iter().any(|((from, to), known)| {
            Rc::ptr_eq(known, property) && from.same(left) && to.same(right)
        })
    }

    fn selectable(&self, right: &Right) -> Result<FromClause> {
        match right {
            Right::Entity(entity) => entity.entity().selectable(self.cx),
            Right::From(from) => Ok(from.clone()),
        }
    }

    /// Where the element that matches `left` is in the FROM list; it is added where it is an
    /// entity that is selected or nothing that is listed.
    fn left_side(&mut self, left: &FromClause) -> Result<usize> {
        let clauses: Vec<FromClause> = self.froms.iter().map(|from| from.clause.clone()).collect();
        let found = find_left_clause_that_matches(&clauses, left);
        match found.as_slice() {
            [] => {
                self.froms.push(FromState {
                    clause: left.clone(),
                    entity: None,
                });
                Ok(self.froms.len() - 1)
            }
            [one] => Ok(*one),
            _ => Err(INVALID_REQUEST_ERROR.error(
                "Can't identify which entity in which to assign the left side of this join.   \
                 Please use a more specific ON clause.",
            )),
        }
    }

    /// The entity that joining along `attribute` leads to.
    pub(super) fn target_along(
        &self,
        join: &SetupJoin,
        attribute: &InstrumentedAttribute,
    ) -> Result<MappedEntity> {
        let property = attribute.property();
        let Some(relationship) = property.relationship() else {
            return Err(ARGUMENT_ERROR.error(format!(
                "Join target {} does not refer to a mapped entity",
                attribute.describe(self.cx)
            )));
        };
        let given = match (&join.target, &join.onclause) {
            (JoinTarget::Entity(entity), Some(_)) => MappedEntity::of(entity.as_ref()),
            (JoinTarget::From(from), Some(_)) => {
                Some(self.alias_of_selectable(relationship, from)?)
            }
            _ => None,
        };
        let target = match (given, attribute.of_type()) {
            (Some(given), _) => given,
            (None, Some(of_type)) => of_type.clone(),
            (None, None) => relationship.entity(self.cx)?.clone(),
        };
        if !target
            .mapper()
            .common_parent(&relationship.mapper(self.cx)?)
        {
            return Err(INVALID_REQUEST_ERROR.error(format!(
                "Join target {} does not correspond to the right side of join condition {}",
                crate::orm::support::entity_text(&target, self.cx),
                attribute.describe(self.cx)
            )));
        }
        Ok(target)
    }

    /// `from`, a selectable joined along a relationship, as an alias of the related entity.
    fn alias_of_selectable(
        &self,
        relationship: &RelationshipProperty,
        from: &FromClause,
    ) -> Result<MappedEntity> {
        let mapper = relationship.mapper(self.cx)?;
        let table = mapper.mapped_table().clone();
        if !from.is_derived_from(&table) {
            return Err(INVALID_REQUEST_ERROR.error(format!(
                "Selectable '{}' is not derived from '{}'",
                from_description(from),
                from_description(&table)
            )));
        }
        let alias = crate::orm::support::alias_over(&mapper, from.clone(), self.cx)?;
        Ok(MappedEntity::Aliased(alias))
    }

    /// Join to `target` along a relationship.
    pub(super) fn join_along(
        &mut self,
        join: &SetupJoin,
        attribute: &InstrumentedAttribute,
        target: MappedEntity,
    ) -> Result<()> {
        let property = attribute.property().clone();
        let parent = attribute.entity().clone();
        if let Some(FromItem::Entity(entity)) = &join.left {
            let same = MappedEntity::of(entity.as_ref()).is_some_and(|left| left.same(&parent));
            if !same {
                return Err(INVALID_REQUEST_ERROR.error(format!(
                    "explicit from clause {} does not match left side of relationship attribute \
                     {}",
                    entity.describe(self.cx),
                    attribute.describe(self.cx)
                )));
            }
        }
        if parent.same(&target) {
            return Err(self.same_entity(&parent, &target));
        }
        let side = Side::of(&parent, self.cx)?;
        let target = match self.alias_of_overlapping(&side.selectable, &target)? {
            Some(alias) => alias,
            None => target,
        };
        let at = self.left_side(&side.selectable)?;
        let side = side.seen_in(&self.froms[at].clause);
        let mut criteria = attribute.criteria().to_vec();
        criteria.extend(self.loader_criteria(&target)?);
        let joined = orm_join(
            OrmJoin {
                left: self.froms[at].clause.clone(),
                parent: side,
                target: Side::of(&target, self.cx)?,
                property: &property,
                criteria,
                isouter: join.isouter,
                full: join.full,
            },
            self.cx,
        )?;
        self.joined.push(target);
        self.froms[at].clause = joined;
        Ok(())
    }

    fn same_entity(&self, left: &MappedEntity, right: &MappedEntity) -> Raised {
        INVALID_REQUEST_ERROR.error(format!(
            "Can't construct a join from {} to {}, they are the same entity",
            crate::orm::support::entity_text(left, self.cx),
            crate::orm::support::entity_text(right, self.cx)
        ))
    }

    /// Join to `right` on a condition, or as foreign keys relate the two.
    pub(super) fn join_plainly(
        &mut self,
        join: &SetupJoin,
        right: &Right,
        onclause: Option<ColumnElement>,
    ) -> Result<()> {
        let selectable = self.selectable(right)?;
        let at = match &join.left {
            Some(item) => {
                let left = match item {
                    FromItem::From(from) => from.clone(),
                    FromItem::Entity(entity) => entity.selectable(self.cx)?,
                };
                self.left_side(&left)?
            }
            None => self.implicit_left(right, &selectable, onclause.as_ref())?,
        };
        let left = self.froms[at].clause.clone();
        if left.same(&selectable) {
            return Err(INVALID_REQUEST_ERROR.error(format!(
                "Can't join table/selectable '{}' to itself",
                from_description(&selectable)
            )));
        }
        let unaliased = match right {
            Right::Entity(entity) => self.alias_of_overlapping(&left, entity)?,
            Right::From(_) => None,
        };
        let (right, selectable) = match unaliased {
            Some(alias) => {
                let selectable = alias.entity().selectable(self.cx)?;
                (&Right::Entity(alias), selectable)
            }
            None => (right, selectable),
        };
        let onclause = match onclause {
            Some(element) if !self.current.is_empty() => Some(self.current.adapt(&element)?),
            other => other,
        };
        let mut condition = match onclause {
            Some(onclause) => onclause,
            None => join_condition(&left, &selectable, None, self.cx)?,
        };
        if let Right::Entity(entity) = right {
            let mut all = vec![condition];
            all.extend(self.single_table_criterion(entity)?);
            all.extend(self.loader_criteria(entity)?);
            condition = and_all(all);
            self.joined.push(entity.clone());
        }
        self.froms[at].clause = FromClause::Join(Rc::new(Join {
            left,
            right: selectable.self_group(),
            onclause: Some(condition),
            isouter: join.isouter,
            full: join.full,
        }));
        Ok(())
    }

    /// An alias of `right`, where a join to its tables would name one that is there already.
    fn alias_of_overlapping(
        &mut self,
        left: &FromClause,
        right: &MappedEntity,
    ) -> Result<Option<MappedEntity>> {
        let MappedEntity::Mapper(mapper) = right else {
            return Ok(None);
        };
        let is_join = matches!(mapper.mapped_table().plain(), FromClause::Join(_));
        if !is_join && mapper.with_polymorphic().is_none() {
            return Ok(None);
        }
        let selectable = mapper.selectable_from(self.cx)?;
        let overlaps =
            |from: &FromClause| from.shares_surface(left) && from.shares_surface(&selectable);
        let overlaps = match self.froms.as_slice() {
            [] => overlaps(left),
            froms => froms.iter().any(|from| overlaps(&from.clause)),
        };
        if !overlaps {
            return Ok(None);
        }
        let options = AliasOptions {
            flat: true,
            ..AliasOptions::default()
        };
        let alias = AliasedEntity::new(right, options, self.cx)?;
        self.cx.warn(
            &SA_WARNING,
            &format!(
                "An alias is being generated automatically against joined entity {} due to \
                 overlapping tables.  This is a legacy pattern which may be deprecated in a \
                 later release.  Use the aliased(<entity>, flat=True) construct explicitly, see \
                 the linked example.",
                mapper.describe(self.cx.compat())
            ),
        );
        self.current.replace_mapper(mapper, &alias, self.cx)?;
        Ok(Some(MappedEntity::Aliased(alias)))
    }

    /// The element to join from, where none was named.
    fn implicit_left(
        &mut self,
        right: &Right,
        selectable: &FromClause,
        onclause: Option<&ColumnElement>,
    ) -> Result<usize> {
        let listed = !self.froms.is_empty();
        let mut candidates: Vec<FromClause> =
            self.froms.iter().map(|from| from.clause.clone()).collect();
        if !listed {
            for entity in &self.entities {
                if let Some(from) = entity.selectable(self.cx)? {
                    let same = from.same(selectable);
                    if !same && !candidates.iter().any(|known| known.same(&from)) {
                        candidates.push(from);
                    }
                }
            }
        }
        if candidates.is_empty() && !listed && self.entities.is_empty() {
            return Err(INVALID_REQUEST_ERROR.error(
                "No entities to join from; please use select_from() to establish the left \
                 entity/selectable of this join",
            ));
        }
        let found = find_left_clause_to_join_from(&candidates, selectable, onclause, self.cx)?;
        let at = match found.as_slice() {
            [one] => *one,
            [] => {
                let target = match right {
                    Right::Entity(entity) => crate::orm::support::entity_repr(entity, self.cx),
                    Right::From(from) => {
                        self.cx.repr(&crate::object::Value::object(from.clone()))?
                    }
                };
                return Err(INVALID_REQUEST_ERROR.error(format!(
                    "Don't know how to join to {target}. Please use the .select_from() method to \
                     establish an explicit left side, as well as providing an explicit ON clause \
                     if not present already to help resolve the ambiguity."
                )));
            }
            _ => {
                return Err(INVALID_REQUEST_ERROR.error(
                    "Can't determine which FROM clause to join from, there are multiple FROMS \
                     which can join to this entity. Please use the .select_from() method to \
                     establish an explicit left side, as well as providing an explicit ON clause \
                     if not present already to help resolve the ambiguity.",
                ));
            }
        };
        if listed {
            Ok(at)
        } else {
            self.left_side(&candidates[at].clone())
        }
    }
}
