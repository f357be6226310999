//! `with_loader_criteria()`: conditions for every SELECT of an entity.

use std::rc::Rc;

use crate::object::{Cx, Result, Value};
use crate::orm::{MappedEntity, entity_of_value};
use crate::sql::ColumnElement;

/// `with_loader_criteria()`.
#[derive(Clone)]
pub struct LoaderCriteria(pub Rc<CriteriaData>);

/// What `with_loader_criteria()` was given.
pub struct CriteriaData {
    /// The entity, or the class whose mapped subclasses are meant.
    pub target: Value,
    /// The criterion, or a function that makes one of a class.
    pub criterion: Value,
    /// Whether aliases are meant too.
    pub include_aliases: bool,
    /// Whether it holds for lazy loads as well.
    pub propagates: bool,
    /// Whether it holds for loaders only.
    pub loader_only: bool,
}

impl LoaderCriteria {
    /// Whether it is about `entity`.
    pub fn applies_to(&self, entity: &MappedEntity) -> bool {
        if !self.0.include_aliases && matches!(entity, MappedEntity::Aliased(_)) {
            let own = entity_of_value(&self.0.target);
            return own.is_some_and(|own| own.same(entity));
        }
        match &self.0.target {
            Value::Class(class) => entity.mapper().class().is_subclass(class),
            other => entity_of_value(other).is_some_and(|own| entity.mapper().isa(own.mapper())),
        }
    }
    /// The criterion for `entity`, in terms of its own columns.
    pub fn criterion(&self, entity: &MappedEntity, cx: &Cx) -> Result<ColumnElement> {
        let is_function =
            matches!(&self.0.criterion, Value::Object(object) if object.is_callable());
        let given = if is_function {
            let class = Value::Class(entity.mapper().class().clone());
            cx.call(&self.0.criterion, [class])?
        } else {
            self.0.criterion.clone()
        };
        let element = crate::orm::element_of(&given, cx)?;
        match entity {
            MappedEntity::Mapper(_) => Ok(element),
            MappedEntity::Aliased(alias) => alias.adapt(&element, cx),
        }
    }
}
