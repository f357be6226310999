//! The joins that queries set up along relationships (`_create_joins`).

use std::rc::Rc;

use super::lazy::noted;
use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::object::{Cx, Result, Str, Value};
use crate::orm::aliased::anonymous;
use crate::orm::configure;
use crate::orm::mapper::{MappedEntity, Mapper};
use crate::orm::properties::{JoinData, MapperProperty, RelationshipProperty};
use crate::sql::operators::Operator;
use crate::sql::visitors::{self, ClauseAdapter, Replacement};
use crate::sql::{Annotations, ColumnElement, FromClause, Modifiers, operate};

/// Several adapters: the first that knows a column decides.
#[derive(Default)]
pub struct AdapterChain(pub Vec<ClauseAdapter>);

impl Replacement for AdapterChain {
    fn element(&self, element: &ColumnElement) -> Result<Option<ColumnElement>> {
        for adapter in &self.0 {
            if let Some(found) = adapter.element(element)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
    fn from(&self, from: &FromClause) -> Result<Option<FromClause>> {
        for adapter in &self.0 {
            if let Some(found) = adapter.from(from)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

/// How a join along a relationship is to be made.
#[derive(Default)]
pub struct JoinRequest<'a> {
    /// What the parent is selected from; `None` is its own table.
    pub source: Option<FromClause>,
    /// What the target is selected from; `None` is its own table.
    pub target: Option<FromClause>,
    /// `of_type()`.
    pub of_type: Option<&'a MappedEntity>,
    /// Whether an association table is aliased.
    pub alias_secondary: bool,
    /// `and_()`.
    pub criteria: Vec<ColumnElement>,
}

/// A join along a relationship.
pub struct RelationshipJoin {
    /// The condition between the parent and the target, or the association table.
    pub primaryjoin: ColumnElement,
    /// The condition between the association table and the target.
    pub secondaryjoin: Option<ColumnElement>,
    /// What the target is selected from.
    pub target: FromClause,
    /// The association table, aliased perhaps.
    pub secondary: Option<FromClause>,
    /// What adapts further criteria to the target.
    pub adapter: Option<AdapterChain>,
}

/// `mapper.type IN (..)`, of a class that shares its base's table.
pub fn single_table_criterion(mapper: &Rc<Mapper>, cx: &Cx) -> Result<Option<ColumnElement>> {
    if !mapper.is_single() {
        return Ok(None);
    }
    let Some(discriminator) = mapper.polymorphic_on() else {
        return Ok(None);
    };
    let members = mapper.self_and_descendants();
    let known = mapper
        .caches
        .borrow()
        .get("single_table_criterion")
        .cloned();
    if let Some(known) = known.and_then(|known| known.downcast::<SingleCriterion>().ok())
        && known.members == members.len()
    {
        return Ok(Some(known.criterion.clone()));
    }
    let entity: Rc<dyn crate::sql::Entity> = mapper.clone();
    let column = discriminator.annotate(Annotations {
        parent_entity: Some(entity.clone()),
        parent_mapper: Some(entity),
        ..Annotations::default()
    });
    let identities: Vec<Value> = members
        .iter()
        .filter(|one| !one.options().polymorphic_abstract)
        .map(|one| match one.polymorphic_identity() {
            Value::Undefined => Value::None,
            identity => identity.clone(),
        })
        .collect();
    let criterion = operate::operate(
        &Operator::In,
        &column,
        &Value::list(identities),
        false,
        Modifiers::default(),
        cx,
    )?;
    let made = SingleCriterion {
        members: members.len(),
        criterion: criterion.clone(),
    };
    mapper
        .caches
        .borrow_mut()
        .insert("single_table_criterion", Rc::new(made));
    Ok(Some(criterion))
}

/// The criterion of single-table inheritance, made once for a hierarchy of so many mappers.
struct SingleCriterion {
    members: usize,
    criterion: ColumnElement,
}

pub(super) fn configured<'a>(
    property: &Rc<MapperProperty>,
    relationship: &'a RelationshipProperty,
    cx: &Cx,
) -> Result<&'a JoinData> {
    if relationship.join().is_none() {
        match property.parent() {
            Some(parent) => configure::configure_registry(parent.registry(), cx)?,
            None => configure::configure_all(cx)?,
        }
    }
    relationship.join().ok_or_else(|| {
        INVALID_REQUEST_ERROR.error(format!("relationship {property} is not configured"))
    })
}

/// Make the join along a relationship (`_create_joins`).
pub fn create_joins(
    property: &Rc<MapperProperty>,
    relationship: &RelationshipProperty,
    request: JoinRequest<'_>,
    cx: &Cx,
) -> Result<RelationshipJoin> {
    let join = configured(property, relationship, cx)?;
    let entity = relationship.entity(cx)?.clone();
    let target = entity.mapper().clone();
    let parent = property
        .parent()
        .ok_or_else(|| INVALID_REQUEST_ERROR.error("relationship without a mapper"))?;
    let mut aliased = request.alias_secondary && join.secondary.is_some();
    let target_mapper = request
        .of_type
        .map_or_else(|| target.clone(), |of_type| of_type.mapper().clone());
    let own_selectable = target.selectable_from(cx)?;
    let destination = match (request.target, request.of_type) {
        (Some(given), _) => {
            aliased |= !given.same(&own_selectable) || target.with_polymorphic().is_some();
            given
        }
        (None, Some(of_type)) => {
            aliased = true;
            of_type.entity().selectable(cx)?
        }
        (None, None) => {
            let mut from = entity.entity().selectable(cx)?;
            aliased |= target.with_polymorphic().is_some();
            if target.common_parent(&parent) && request.source.is_none() {
                from = anonymous(&from, None, false, cx)?;
                aliased = true;
            }
            from
        }
    };
    if let Some(source) = &request.source {
        aliased |= !source.same(&parent.selectable_from(cx)?) || source.is_subquery();
    }
    let single = single_table_criterion(&target_mapper, cx)?;
    let targets = JoinTargets {
        join,
        parent: &parent,
        target: &target,
        cx,
    };
    targets.make(
        request.source,
        destination,
        aliased,
        single,
        &request.criteria,
    )
}

struct JoinTargets<'a> {
    join: &'a JoinData,
    parent: &'a Rc<Mapper>,
    target: &'a Rc<Mapper>,
    cx: &'a Cx,
}

fn not_for_adaption(element: &ColumnElement) -> bool {
    element.annotations().is_some_and(|notes| {
        notes
            .get("should_not_adapt")
            .is_some_and(|value| matches!(value, Value::Bool(true)))
    })
}

fn is_local(element: &ColumnElement) -> bool {
    noted(element, |notes| notes.local) || not_for_adaption(element)
}

fn is_remote(element: &ColumnElement) -> bool {
    noted(element, |notes| notes.remote)
}

impl JoinTargets<'_> {
    fn make(
        &self,
        source: Option<FromClause>,
        destination: FromClause,
        aliased: bool,
        single: Option<ColumnElement>,
        criteria: &[ColumnElement],
    ) -> Result<RelationshipJoin> {
        let (cx, compat) = (self.cx, self.cx.compat());
        let mut primary = self.join.primaryjoin.clone();
        let mut second = self.join.secondaryjoin.clone();
        let mut extra: Vec<ColumnElement> = single.into_iter().collect();
        for one in criteria {
            extra.push(self.marked(one)?);
        }
        for one in extra {
            match &mut second {
                Some(second) => *second = ColumnElement::and_(&[second.clone(), one], compat),
                None => primary = ColumnElement::and_(&[primary, one], compat),
            }
        }
        if !aliased {
            return Ok(RelationshipJoin {
                primaryjoin: primary,
                secondaryjoin: second,
                target: destination,
                secondary: self.join.secondary.clone(),
                adapter: None,
            });
        }
        let to_target = || -> Result<ClauseAdapter> {
            Ok(ClauseAdapter::new(destination.clone(), cx)?
                .with_equivalents(self.target.equivalent_columns(cx)))
        };
        let to_source = |source: &FromClause| -> Result<ClauseAdapter> {
            Ok(ClauseAdapter::new(source.clone(), cx)?
                .with_equivalents(self.parent.equivalent_columns(cx)))
        };
        if let (Some(secondary), Some(condition)) = (&self.join.secondary, &second) {
            let secondary = anonymous(secondary, None, true, cx)?;
            let to_secondary = || -> Result<ClauseAdapter> {
                Ok(ClauseAdapter::new(secondary.clone(), cx)?.excluding(is_local))
            };
            let chain = AdapterChain(vec![to_target()?, to_secondary()?]);
            let adapted = visitors::replace(condition, &chain)?;
            let mut primary_chain = AdapterChain(vec![to_secondary()?]);
            if let Some(source) = &source {
                primary_chain.0.push(to_source(source)?);
            }
            primary = visitors::replace(&primary, &primary_chain)?;
            return Ok(RelationshipJoin {
                primaryjoin: primary,
                secondaryjoin: Some(adapted),
                target: destination,
                secondary: Some(secondary),
                adapter: Some(chain),
            });
        }
        let mut chain = AdapterChain(vec![to_target()?.excluding(is_local)]);
        if let Some(source) = &source {
            chain.0.push(to_source(source)?.excluding(is_remote));
        }
        primary = visitors::replace(&primary, &chain)?;
        let mut adapter = AdapterChain(vec![to_target()?]);
        if let Some(source) = &source {
            adapter.0.push(to_source(source)?.excluding(is_remote));
        }
        Ok(RelationshipJoin {
            primaryjoin: primary,
            secondaryjoin: second,
            target: destination,
            secondary: self.join.secondary.clone(),
            adapter: Some(adapter),
        })
    }

    /// Further criteria with columns of neither side marked as not to be adapted.
    fn marked(&self, criterion: &ColumnElement) -> Result<ColumnElement> {
        let mark = |element: &ColumnElement| -> Result<Option<ColumnElement>> {
            if !element.is_named_column() {
                return Ok(None);
            }
            let mapper = element
                .annotations()
                .and_then(|notes| notes.parent_mapper.as_ref())
                .and_then(|mapper| MappedEntity::of(&**mapper));
            let known = mapper.is_some_and(|entity| {
                Rc::ptr_eq(entity.mapper(), self.parent) || entity.mapper().isa(self.target)
            });
            if known {
                return Ok(None);
            }
            Ok(Some(element.annotate(Annotations {
                other: vec![(Str::new("should_not_adapt"), Value::Bool(true))],
                ..Annotations::default()
            })))
        };
        visitors::replace(criterion, &mark)
    }
}
