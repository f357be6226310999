//! The options of a statement, sorted out for its loading.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::{ElementOptions, Load, LoadElement, LoaderCriteria, Strategy};
use crate::engine::exc::ARGUMENT_ERROR;
use crate::object::{Cx, Raised, Result, Value};
use crate::orm::path::{Path, PathItem, PathKey, corresponds_to};
use crate::orm::{MappedEntity, MapperProperty};

/// The options of a statement, sorted out for its entities.
#[derive(Clone, Default)]
pub struct LoaderMap {
    elements: FxHashMap<PathKey, Rc<LoadElement>>,
    /// `with_polymorphic` aliases that relationships lead to, by the relationship's path.
    polymorphic: FxHashMap<PathKey, MappedEntity>,
    /// `with_loader_criteria()`.
    pub criteria: Vec<LoaderCriteria>,
}

impl LoaderMap {
    /// Sort out `options` for a statement of `entities`, reached along `current`.
    pub fn of(
        options: &[Value],
        entities: &[MappedEntity],
        current: &Path,
        for_refresh: bool,
        cx: &Cx,
    ) -> Result<Self> {
        let mut map = Self::default();
        for option in options {
            if let Some(load) = option.downcast::<Load>() {
                match load.resolved(entities, current, cx)? {
                    Some(load) => map.add(&load, entities, current, for_refresh, cx)?,
                    None => map.add(load, entities, current, for_refresh, cx)?,
                }
            } else if let Some(criteria) = option.downcast::<LoaderCriteria>()
                && (current.is_empty() || criteria.0.propagates)
            {
                map.criteria.push(criteria.clone());
            }
        }
        Ok(map)
    }

    fn add(
        &mut self,
        load: &Load,
        entities: &[MappedEntity],
        current: &Path,
        for_refresh: bool,
        cx: &Cx,
    ) -> Result<()> {
        for element in load.elements() {
            let items = element.path.items();
            let is_any = items.first().is_some_and(PathItem::is_token);
            if !element.propagates && (!current.is_empty() && !is_any || for_refresh) {
                continue;
            }
            let lead = match items.first() {
                Some(PathItem::Entity(lead)) => Some(lead),
                _ => None,
            };
            let own =
                lead.and_then(|lead| entities.iter().find(|entity| corresponds_to(entity, lead)));
            if current.is_empty() && !for_refresh && lead.is_some() && own.is_none() {
                if cx.compat().is_14() && load.0.is_bound {
                    continue;
                }
                return Err(Self::no_match(items, entities, cx));
            }
            let path = if current.is_empty() {
                match own {
                    Some(own) => {
                        let mut items = items.to_vec();
                        items[0] = PathItem::Entity(own.clone());
                        Path::of(items)
                    }
                    None => element.path.clone(),
                }
            } else if lead.is_none() {
                element.path.clone()
            } else {
                match element.path.behind(current) {
                    // What comes behind the current path starts at the property's target.
                    Some(rest) if !rest.is_empty() => {
                        let mut items = vec![current.items()[current.len() - 1].clone()];
                        if matches!(items[0], PathItem::Property(_)) {
                            items.clear();
                        }
                        items.extend_from_slice(rest.items());
                        Path::of(items)
                    }
                    _ => continue,
                }
            };
            let key = path.key();
            if let Some(target) = &element.of_type {
                self.polymorphic.insert(key.clone(), target.clone());
            }
            if element.strategy.is_none()
                && element.options.is_empty()
                && element.criteria.is_empty()
            {
                continue;
            }
            let element = match self.elements.get(&key) {
                Some(known) => LoadElement::reconcile(element, known, cx)?,
                None => element.clone(),
            };
            self.elements.insert(key, element);
        }
        Ok(())
    }

    fn no_match(items: &[PathItem], entities: &[MappedEntity], cx: &Cx) -> Raised {
        let text = |entity: &MappedEntity| crate::orm::support::entity_text(entity, cx);
        let lead = match items.first() {
            Some(PathItem::Entity(lead)) => text(lead),
            _ => String::new(),
        };
        let roots: Vec<_> = entities.iter().map(text).collect();
        let roots = roots.join(", ");
        let attribute = match items.get(1) {
            Some(PathItem::Property(property)) if cx.compat().is_14() => Some(property.to_string()),
            _ => None,
        };
        ARGUMENT_ERROR.error(match (attribute, entities.is_empty()) {
            (None, true) => format!(
                "Query has only expression-based entities; attribute loader options for {lead} \
                 can't be applied here."
            ),
            (None, false) => format!(
                "Mapped class {lead} does not apply to any of the root entities in this query, \
                 e.g. {roots}. Please specify the full path from one of the root entities to the \
                 target attribute. "
            ),
            (Some(attribute), true) => format!(
                "Query has only expression-based entities, which do not apply to column property \
                 \"{attribute}\""
            ),
            (Some(attribute), false) => format!(
                "Mapped attribute \"{attribute}\" does not apply to any of the root entities in \
                 this query, e.g. {roots}. Please specify the full path from one of the root \
                 entities to the target attribute. "
            ),
        })
    }

    /// What was said of `property` at `path`, or of all such.
    pub fn find(&self, path: &Path, property: &Rc<MapperProperty>) -> Option<&Rc<LoadElement>> {
        if self.elements.is_empty() {
            return None;
        }
        let is_column = property.column().is_some();
        let (all, any) = if is_column {
            (PathItem::AllColumns, PathItem::AnyColumns)
        } else {
            (PathItem::AllRelationships, PathItem::AnyRelationships)
        };
        let mut key = path.key();
        let length = key.len();
        for step in [PathItem::Property(property.clone()), all] {
            key.truncate(length);
            key.push(step.identity());
            if let Some(found) = self.elements.get(&key) {
                return Some(found);
            }
        }
        key.clear();
        key.push(any.identity());
        self.elements.get(&key)
    }
    /// Whether something was said of the very path `path`.
    pub fn has(&self, path: &Path) -> bool {
        self.elements.contains_key(&path.key())
    }
    /// What was said of an entity rather than of its attributes.
    pub fn of_entity(&self, path: &Path) -> Option<&Rc<LoadElement>> {
        self.elements.get(&path.key())
    }
    /// The entity that the relationship at `path` leads to, where `of_type()` said so.
    pub fn target(&self, path: &Path) -> Option<&MappedEntity> {
        self.polymorphic.get(&path.key())
    }
    /// Say how the relationship at `path` is loaded, unless that is said already.
    pub fn set_default(&mut self, path: &Path, strategy: Strategy) {
        let element = LoadElement {
            path: path.clone(),
            strategy: Some(strategy),
            options: ElementOptions::default(),
            propagates: false,
            gives_way: None,
            criteria: Vec::new(),
            of_type: None,
        };
        self.elements
            .entry(path.key())
            .or_insert_with(|| Rc::new(element));
    }
}
