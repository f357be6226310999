//! Mapped classes, the session, the unit of work, loading.

mod aliased;
mod attribute;
mod bulk_dml;
mod bundle;
mod cascade;
mod collections;
pub mod comparator;
mod compile_state;
mod concrete;
mod configure;
mod constructor;
mod declarative;
mod descriptors;
mod dynamic;
mod entity;
mod events;
pub mod exc;
mod history;
mod hooks;
mod hybrid;
mod identity;
mod inspection;
mod instance_events;
mod instrumented;
mod join_condition;
mod loading;
mod mapped_class;
mod mapper;
mod mapping;
mod passive;
mod path;
mod persistence;
mod properties;
mod query;
mod registry;
mod selectables;
pub mod session;
mod state;
pub mod strategies;
pub mod strategy_options;
pub(in crate::orm) mod support;
mod sync;
mod unitofwork;

pub use aliased::{
    AliasHandle, AliasInspection, AliasOptions, AliasedEntity, anonymous, polymorphic_members,
};
pub use attribute::{
    Attribute, AttributeKind, AttributeOptions, AttributeSlot, Held, child_state, describe,
    flag_modified, held_now, load_expired, mark_modified,
};
pub use bundle::{Bundle, BundleMaker, member_value};
pub use collections::{
    CollectionAdapter, CollectionFactory, INSTRUMENTED_DICT, INSTRUMENTED_LIST, INSTRUMENTED_SET,
    KEYFUNC_DICT, KeyFunction, KeyedBy, MAPPED_COLLECTION, ORDERING_LIST, adapter_of,
    append_loaded, count_from, mark, members, ordering_list,
};
pub use comparator::{
    AdapterChain, JoinRequest, LazyClause, RelationshipJoin, compare_with, create_joins,
    lazy_clause, single_table_criterion,
};
pub use compile_state::entity_in;
pub use concrete::{configure_concrete_base, polymorphic_union};
pub use configure::{
    ExpressionEvaluator, Names, STRATEGIES, configure_all, configure_registry, expression_text,
    set_evaluator,
};
pub use constructor::declarative_constructor;
pub use declarative::{
    BaseOptions, DEFERS, DYNAMIC_MAPPED, DeclaredAttr, DeferredMapping, DeferredMappings,
    FieldOptions, MAPPED, MAPPED_AS_DATACLASS, MappedColumn, SchemaConstructors, WRITE_ONLY_MAPPED,
    add_attribute, dataclass_repr, declared_value, init_declarative_base, map_declaratively,
    mapper_from_keywords, new_declarative_base, new_registry, note_dataclass_keywords,
    relationship_from_keywords, schema_constructors, set_schema_constructors,
};
pub use descriptors::DescriptorAttribute;
pub use dynamic::{
    WriteOnlyCollection, append_dynamic, dynamic_added, dynamic_query, remove_dynamic,
};
pub use entity::{
    OrmCoercion, PlainPlugin, entity_of_value, is_mapped, mapper_of_value, register_coercion,
};
pub use events::{AttributeEvent, Listener, Op, ScriptListener, Token};
pub use history::History;
pub use hooks::{
    AttributeLoader, Loaded, SessionHooks, forget_session, loader, next_session_id, plugin,
    register_session, session, set_appender, set_loader, set_plugin,
};
pub use hybrid::{HybridAttribute, HybridMethod, HybridParts, HybridProperty};
pub use identity::{IdentityKey, IdentityMap, InstanceSet};
pub use inspection::{Marker, StateHandle, no_result, no_value, state_address, state_value};
pub use instrumented::{
    COLUMN_PROPERTY, COMPOSITE_PROPERTY, InstrumentedAttribute, PropertyHandle,
    RELATIONSHIP_PROPERTY, SYNONYM_PROPERTY, element_of, property_class, property_repr,
};
pub use join_condition::{criterion_pairs, deannotated};
pub use mapped_class::MappedClass;
pub use mapper::{
    Inheritance, MappedEntity, Mapper, MapperHandle, MapperListener, MapperOptions, Properties,
    RegistryHandle, WithPolymorphic, class_mapper, column_value, from_description, mapper_of,
};
pub use mapping::{Declared, MapperSpec, map_class};
pub use passive::Passive;
pub use properties::{
    Cascade, ColumnPair, ColumnProperty, CompositeProperty, Direction, JoinData, MapperProperty,
    PassiveDeletes, PropertyId, PropertyKind, RelationshipArgs, RelationshipOptions,
    RelationshipProperty, SynonymProperty,
};
pub use query::{
    BulkKind, JoinCall, Needs, Query, QueryListener, forget_query_listener, listen_to_queries,
};
pub use registry::{Mappings, Registry, all_registries, listen_to_all};
pub use selectables::{columns_of, contains_column, corresponding_column, tables_of};
pub use session::{Session, session_of};
pub use state::{Committed, InstanceState, PendingCollection, StateContext, state_of};
pub use support::{
    attribute_of_value, column_text, entity_text, identity_key_of, new_instance, same_columns,
    set_committed,
};

/// Have attributes loaded and statements of entities compiled.
pub fn install_loading(cx: &crate::object::Cx) {
    strategies::install_loader(cx);
    set_plugin(compile_state::plugin(), cx);
}
