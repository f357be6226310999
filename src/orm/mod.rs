//! Mapped classes, the session, the unit of work, loading.

mod aliased;
mod attribute;
mod collections;
mod configure;
mod constructor;
mod declarative;
mod events;
pub mod exc;
mod history;
mod hooks;
mod identity;
mod inspection;
mod mapped_class;
mod mapper;
mod passive;
mod properties;
mod registry;
mod state;

pub use aliased::AliasedEntity;
pub use attribute::{
    Attribute, AttributeKind, AttributeOptions, Held, child_state, describe, held_now,
    load_expired, mark_modified,
};
pub use collections::{
    CollectionAdapter, CollectionFactory, KeyFunction, adapter_of, append_loaded, members,
};
pub use events::{AttributeEvent, Listener, Op, ScriptListener, Token};
pub use history::History;
pub use hooks::{
    AttributeLoader, Loaded, SessionHooks, forget_session, loader, next_session_id,
    register_session, session, set_loader,
};
pub use identity::{IdentityKey, IdentityMap, InstanceSet};
pub use mapped_class::MappedClass;
pub use mapper::{
    Inheritance, MappedEntity, Mapper, MapperListener, MapperOptions, Properties, WithPolymorphic,
    class_mapper, column_value, from_description, mapper_of,
};
pub use passive::Passive;
pub use properties::{
    Cascade, ColumnProperty, CompositeProperty, Direction, JoinData, MapperProperty,
    PassiveDeletes, PropertyId, PropertyKind, RelationshipArgs, RelationshipOptions,
    RelationshipProperty, SynonymProperty,
};
pub use registry::{Mappings, Registry};
pub use state::{Committed, InstanceState, PendingCollection, state_of};
