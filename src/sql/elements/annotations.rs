//! Annotations: what the ORM notes on an expression without changing its meaning.

use std::rc::Rc;

use super::ColumnElement;
use crate::object::{Str, Value};
use crate::sql::Entity;

/// What is noted on an element. All of it is optional.
#[derive(Clone, Default)]
pub struct Annotations {
    /// The entity an attribute was taken from (`User.id`): `parententity`.
    pub parent_entity: Option<Rc<dyn Entity>>,
    /// The mapper that an entity column stands for: `parentmapper`.
    pub parent_mapper: Option<Rc<dyn Entity>>,
    /// The attribute name: `proxy_key`, which names the column in rows and subqueries.
    pub proxy_key: Option<Str>,
    /// `remote()` of a primaryjoin.
    pub remote: bool,
    /// `foreign()` of a primaryjoin.
    pub foreign: bool,
    /// Local side of a primaryjoin.
    pub local: bool,
    /// A loader criterion or relationship condition that adaption must not touch.
    pub no_replacement_traverse: bool,
    /// Whether ORDER BY must not name it (eagerly joined columns).
    pub no_label_resolve: bool,
    /// Which `join(aliased=True)` of a legacy query it was given after; 0 for none.
    pub generation: u32,
    /// Binds of `with_loader_criteria` and the like, by name: open-ended notes.
    pub other: Vec<(Str, Value)>,
}

impl Annotations {
    /// Whether nothing is noted.
    pub fn is_empty(&self) -> bool {
        self.parent_entity.is_none()
            && self.parent_mapper.is_none()
            && self.proxy_key.is_none()
            && !(self.remote
                || self.foreign
                || self.local
                || self.no_replacement_traverse
                || self.no_label_resolve)
            && self.generation == 0
            && self.other.is_empty()
    }
    /// The entity, of whichever note names one.
    pub fn entity(&self) -> Option<&Rc<dyn Entity>> {
        self.parent_entity.as_ref().or(self.parent_mapper.as_ref())
    }
    /// An open-ended note.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.other
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }
    /// What `self` and then `newer` say.
    #[must_use]
    pub fn merged(&self, newer: &Self) -> Self {
        let mut all = self.clone();
        all.parent_entity = newer.parent_entity.clone().or(all.parent_entity);
        all.parent_mapper = newer.parent_mapper.clone().or(all.parent_mapper);
        all.proxy_key = newer.proxy_key.clone().or(all.proxy_key);
        all.remote |= newer.remote;
        all.foreign |= newer.foreign;
        all.local |= newer.local;
        all.no_replacement_traverse |= newer.no_replacement_traverse;
        all.no_label_resolve |= newer.no_label_resolve;
        if newer.generation != 0 {
            all.generation = newer.generation;
        }
        for (name, value) in &newer.other {
            all.other.retain(|(known, _)| known != name);
            all.other.push((name.clone(), value.clone()));
        }
        all
    }
}

/// An element with annotations; in every other respect it is the element.
pub struct AnnotatedElement {
    /// The element, itself never annotated.
    pub element: ColumnElement,
    /// What is noted.
    pub annotations: Annotations,
}
