//! Paths from an entity along relationships: what loader options and loaders are kept under.

use std::rc::Rc;

use smallvec::SmallVec;

use super::{MappedEntity, Mapper, MapperProperty};

/// One step of a path.
#[derive(Clone)]
pub enum PathItem {
    /// A mapper or an alias.
    Entity(MappedEntity),
    /// A property of the entity before it.
    Property(Rc<MapperProperty>),
    /// All columns (`column:*`) of the entity before it.
    AllColumns,
    /// All relationships (`relationship:*`) of the entity before it.
    AllRelationships,
    /// All columns of any entity (`column:_sa_default`).
    AnyColumns,
    /// All relationships of any entity (`relationship:_sa_default`).
    AnyRelationships,
}

impl PathItem {
    /// What identifies the step.
    pub fn identity(&self) -> usize {
        match self {
            Self::Entity(entity) => entity_identity(entity),
            Self::Property(property) => Rc::as_ptr(property) as usize,
            Self::AllColumns => 1,
            Self::AllRelationships => 2,
            Self::AnyColumns => 3,
            Self::AnyRelationships => 4,
        }
    }
    /// Whether it stands for several attributes.
    pub fn is_token(&self) -> bool {
        !matches!(self, Self::Entity(_) | Self::Property(_))
    }
}

/// What identifies an entity.
pub fn entity_identity(entity: &MappedEntity) -> usize {
    match entity {
        MappedEntity::Mapper(mapper) => Rc::as_ptr(mapper) as usize,
        MappedEntity::Aliased(alias) => Rc::as_ptr(alias) as usize,
    }
}

/// Whether an option for `wanted` applies to the entity `given` of a statement.
pub fn corresponds_to(given: &MappedEntity, wanted: &MappedEntity) -> bool {
    match (given, wanted) {
        (MappedEntity::Mapper(given), MappedEntity::Mapper(wanted)) => given.common_parent(wanted),
        (MappedEntity::Aliased(given), MappedEntity::Aliased(wanted)) => Rc::ptr_eq(given, wanted),
        (MappedEntity::Aliased(_), MappedEntity::Mapper(_))
        | (MappedEntity::Mapper(_), MappedEntity::Aliased(_)) => false,
    }
}

/// What a path is looked up by.
pub type PathKey = SmallVec<[usize; 6]>;

/// A path.
#[derive(Clone, Default)]
pub struct Path(Rc<[PathItem]>);

impl Path {
    /// The path of no steps.
    pub fn root() -> Self {
        Self::default()
    }
    /// The path of `items`.
    pub fn of(items: Vec<PathItem>) -> Self {
        Self(items.into())
    }
    /// The path to an entity.
    pub fn entity(entity: &MappedEntity) -> Self {
        Self::of(vec![PathItem::Entity(entity.clone())])
    }
    /// The steps.
    pub fn items(&self) -> &[PathItem] {
        &self.0
    }
    /// How many steps.
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// Whether there are no steps.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The path with a further step.
    #[must_use]
    pub fn with(&self, item: PathItem) -> Self {
        let mut items = self.0.to_vec();
        items.push(item);
        Self::of(items)
    }
    /// The path on to a property.
    #[must_use]
    pub fn property(&self, property: &Rc<MapperProperty>) -> Self {
        self.with(PathItem::Property(property.clone()))
    }
    /// The path on to the entity that the last property leads to.
    #[must_use]
    pub fn target(&self, entity: &MappedEntity) -> Self {
        self.with(PathItem::Entity(entity.clone()))
    }
    /// The path without its last step.
    #[must_use]
    pub fn parent(&self) -> Self {
        let count = self.0.len().saturating_sub(1);
        Self::of(self.0[..count].to_vec())
    }
    /// This path, then `other`.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        let mut items = self.0.to_vec();
        items.extend_from_slice(&other.0);
        Self::of(items)
    }
    /// This path without its last step, then `other`, which starts at that step.
    #[must_use]
    pub fn prepend_to(&self, other: &Self) -> Self {
        let count = self.0.len().saturating_sub(1);
        let mut items = self.0[..count].to_vec();
        items.extend_from_slice(&other.0);
        Self::of(items)
    }
    /// What the path is looked up by.
    pub fn key(&self) -> PathKey {
        self.0.iter().map(PathItem::identity).collect()
    }
    /// The last entity.
    pub fn last_entity(&self) -> Option<&MappedEntity> {
        self.0.iter().rev().find_map(|item| match item {
            PathItem::Entity(entity) => Some(entity),
            _ => None,
        })
    }
    /// The last step, where it is an entity.
    pub fn ends_in_entity(&self) -> bool {
        matches!(self.0.last(), Some(PathItem::Entity(_)))
    }
    /// Whether the path passes `mapper`.
    pub fn contains_mapper(&self, mapper: &Rc<Mapper>) -> bool {
        self.0.iter().any(|item| match item {
            PathItem::Entity(entity) => Rc::ptr_eq(entity.mapper(), mapper),
            _ => false,
        })
    }
    /// The path of what comes behind `start`; `None` where it does not begin there.
    pub fn behind(&self, start: &Self) -> Option<Self> {
        if start.len() > self.len() {
            return None;
        }
        for (own, other) in self.0.iter().zip(start.0.iter()) {
            let fits = match (own, other) {
                (PathItem::Entity(MappedEntity::Mapper(own)), PathItem::Entity(other)) => {
                    match other {
                        MappedEntity::Mapper(other) => own.isa(other),
                        MappedEntity::Aliased(_) => false,
                    }
                }
                (PathItem::AllRelationships, PathItem::Property(property)) => {
                    property.relationship().is_some()
                }
                _ => own.identity() == other.identity(),
            };
            if !fits {
                return None;
            }
        }
        Some(Self::of(self.0[start.len()..].to_vec()))
    }
    /// As messages show it.
    pub fn describe(&self, compat: crate::util::Compat) -> String {
        let shown: Vec<_> = self
            .0
            .iter()
            .map(|item| match item {
                PathItem::Entity(entity) => entity.mapper().describe(compat),
                PathItem::Property(property) => property.to_string(),
                PathItem::AllColumns => "column:*".to_owned(),
                PathItem::AllRelationships => "relationship:*".to_owned(),
                PathItem::AnyColumns => "column:_sa_default".to_owned(),
                PathItem::AnyRelationships => "relationship:_sa_default".to_owned(),
            })
            .collect();
        format!("ORM Path[{}]", shown.join(" -> "))
    }
}

impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self
                .0
                .iter()
                .zip(other.0.iter())
                .all(|(a, b)| a.identity() == b.identity())
    }
}
impl Eq for Path {}
