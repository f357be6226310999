//! Mapped classes, the session, the unit of work, loading.

mod identity;

pub use identity::{IdentityKey, IdentityMap, InstanceSet};
