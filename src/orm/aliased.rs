//! `AliasedEntity`: an entity selected under another name or from another FROM element.

use std::rc::Rc;

use super::mapper::Mapper;
use crate::object::Str;
use crate::sql::FromClause;

/// What `aliased()` and `with_polymorphic()` make.
pub struct AliasedEntity {
    pub(super) mapper: Rc<Mapper>,
    pub(super) selectable: FromClause,
    pub(super) name: Option<Str>,
    /// Whether columns of the selectable are found by name.
    pub(super) adapt_on_names: bool,
    /// The subclasses that it selects too.
    pub(super) with_polymorphic: Vec<Rc<Mapper>>,
}

impl AliasedEntity {
    /// The mapper.
    pub fn mapper(&self) -> &Rc<Mapper> {
        &self.mapper
    }
    /// What it is selected from.
    pub fn selectable(&self) -> &FromClause {
        &self.selectable
    }
    /// Its name, where it was given one.
    pub fn name(&self) -> Option<&Str> {
        self.name.as_ref()
    }
    /// Whether columns of the selectable are found by name.
    pub fn adapts_on_names(&self) -> bool {
        self.adapt_on_names
    }
    /// The subclasses that it selects too.
    pub fn with_polymorphic(&self) -> &[Rc<Mapper>] {
        &self.with_polymorphic
    }
}
