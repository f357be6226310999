//! The names of `sqlalchemy.orm` and its modules that are of this area, with the versions that
//! have them.

use super::{
    association, attribute, collections, declarative, deferred_reflection, dynamic, functions,
    hybrid, inspection, mapper, properties,
};
use crate::object::{Export, Method, Module, ModuleSpec, Value};
use crate::orm::{self, DYNAMIC_MAPPED, Direction, MAPPED, WRITE_ONLY_MAPPED};

/// A table of names: which versions have each (`both`, `v14`, `v20`), and what makes its value;
/// `split`: the values of the one and of the other.
macro_rules! exports {
    ($($when:ident $name:literal => $value:expr;)*) => {
        &[$(($name, |cx| exports!(@$when cx, $value))),*]
    };
    (@both $cx:ident, $value:expr) => {{
        let _ = $cx;
        $value
    }};
    (@split $cx:ident, $values:expr) => {{
        let (old, new) = $values;
        if $cx.compat().is_14() { old } else { new }
    }};
    (@v14 $cx:ident, $value:expr) => {
        if $cx.compat().is_14() { $value } else { Value::Undefined }
    };
    (@v20 $cx:ident, $value:expr) => {
        if $cx.compat().is_20() { $value } else { Value::Undefined }
    };
}

fn class(spec: &'static crate::object::TypeSpec) -> Value {
    Value::Class(spec.class())
}

fn module(spec: &'static ModuleSpec) -> Value {
    Value::object(Module::new(spec))
}

fn direction(direction: Direction) -> Value {
    Value::object(properties::DirectionValue(direction))
}

/// A decorator that answers what it is given.
fn identity() -> Value {
    Method::function("declarative_mixin(cls)", |a, _| Ok(a.value("cls").clone()))
}

/// The names of `sqlalchemy.orm`.
pub const NAMES: &[(&str, Export)] = exports! {
    v20 "DeclarativeBase" => class(&declarative::DECLARATIVE_BASE);
    v20 "DeclarativeBaseNoMeta" => class(&declarative::DECLARATIVE_BASE_NO_META);
    v20 "MappedAsDataclass" => declarative::mapped_as_dataclass();
    both "Mapped" => class(&MAPPED);
    v20 "DynamicMapped" => class(&DYNAMIC_MAPPED);
    v20 "WriteOnlyMapped" => class(&WRITE_ONLY_MAPPED);
    both "AppenderQuery" => class(&super::query::APPENDER_QUERY);
    v20 "WriteOnlyCollection" => class(&dynamic::WRITE_ONLY_COLLECTION);
    v20 "mapped_column" => properties::mapped_column();
    v20 "MappedColumn" => class(&properties::MAPPED_COLUMN);
    both "relationship" => properties::relationship();
    v14 "relation" => properties::relationship();
    both "dynamic_loader" => properties::dynamic_loader();
    both "backref" => properties::backref();
    both "column_property" => properties::column_property();
    both "deferred" => properties::deferred();
    both "query_expression" => properties::query_expression();
    both "composite" => properties::composite();
    both "synonym" => properties::synonym();
    both "foreign" => properties::annotation("foreign");
    both "remote" => properties::annotation("remote");
    both "declarative_base" => declarative::declarative_base();
    both "as_declarative" => declarative::as_declarative();
    both "declared_attr" => class(&declarative::DECLARED_ATTR);
    both "declarative_mixin" => identity();
    both "registry" => class(&declarative::REGISTRY);
    v20 "add_mapped_attribute" => declarative::add_mapped_attribute();
    both "validates" => declarative::validates();
    both "reconstructor" => declarative::reconstructor();
    both "mapper" => declarative::classical_mapper();
    both "Mapper" => class(&mapper::MAPPER);
    both "aliased" => functions::aliased();
    both "AliasedClass" => class(&mapper::ALIASED_CLASS);
    both "with_polymorphic" => functions::with_polymorphic();
    both "with_parent" => functions::with_parent();
    both "polymorphic_union" => functions::polymorphic_union();
    both "configure_mappers" => functions::configure_mappers();
    both "clear_mappers" => functions::clear_mappers();
    both "class_mapper" => inspection::class_mapper();
    both "object_mapper" => inspection::object_mapper();
    both "object_session" => inspection::object_session();
    both "was_deleted" => inspection::was_deleted();
    v20 "attribute_keyed_dict" => collections::attribute_keyed_dict();
    v20 "attribute_mapped_collection" => collections::attribute_keyed_dict();
    v20 "column_keyed_dict" => collections::column_keyed_dict();
    v20 "column_mapped_collection" => collections::column_keyed_dict();
    v20 "keyfunc_mapping" => collections::keyfunc_mapping();
    v20 "mapped_collection" => collections::keyfunc_mapping();
    v20 "KeyFuncDict" => class(&orm::KEYFUNC_DICT);
    v20 "MappedCollection" => class(&orm::KEYFUNC_DICT);
    both "InstrumentedAttribute" => class(&attribute::INSTRUMENTED_ATTRIBUTE);
    both "QueryableAttribute" => class(&attribute::QUERYABLE_ATTRIBUTE);
    both "ColumnProperty" => class(&orm::COLUMN_PROPERTY);
    both "RelationshipProperty" => class(&orm::RELATIONSHIP_PROPERTY);
    v20 "Relationship" => class(&orm::RELATIONSHIP_PROPERTY);
    both "CompositeProperty" => class(&orm::COMPOSITE_PROPERTY);
    both "SynonymProperty" => class(&orm::SYNONYM_PROPERTY);
    both "InstanceState" => class(&inspection::INSTANCE_STATE);
    both "AttributeState" => class(&inspection::ATTRIBUTE_STATE);
    both "MANYTOONE" => direction(Direction::ManyToOne);
    both "ONETOMANY" => direction(Direction::OneToMany);
    both "MANYTOMANY" => direction(Direction::ManyToMany);
    both "exc" => module(&super::EXC);
    both "attributes" => module(&super::ATTRIBUTES);
    both "collections" => module(&super::COLLECTIONS);
};

/// The names of `sqlalchemy.orm.attributes`.
pub const ATTRIBUTE_NAMES: &[(&str, Export)] = exports! {
    both "get_history" => inspection::attribute_function("get_history");
    both "flag_modified" => inspection::attribute_function("flag_modified");
    both "flag_dirty" => inspection::attribute_function("flag_dirty");
    both "set_attribute" => inspection::attribute_function("set_attribute");
    both "get_attribute" => inspection::attribute_function("get_attribute");
    both "del_attribute" => inspection::attribute_function("del_attribute");
    both "instance_state" => inspection::attribute_function("instance_state");
    both "instance_dict" => inspection::attribute_function("instance_dict");
    both "init_collection" => inspection::attribute_function("init_collection");
    both "set_committed_value" => inspection::attribute_function("set_committed_value");
    both "InstrumentedAttribute" => class(&attribute::INSTRUMENTED_ATTRIBUTE);
    both "QueryableAttribute" => class(&attribute::QUERYABLE_ATTRIBUTE);
    both "History" => class(&inspection::HISTORY);
    both "NO_VALUE" => orm::no_value();
    both "NEVER_SET" => orm::no_value();
    both "PASSIVE_NO_RESULT" => orm::no_result();
};

/// The names of `sqlalchemy.orm.collections`.
pub const COLLECTION_NAMES: &[(&str, Export)] = exports! {
    v20 "attribute_keyed_dict" => collections::attribute_keyed_dict();
    both "attribute_mapped_collection" => collections::attribute_keyed_dict();
    v20 "column_keyed_dict" => collections::column_keyed_dict();
    both "column_mapped_collection" => collections::column_keyed_dict();
    v20 "keyfunc_mapping" => collections::keyfunc_mapping();
    both "mapped_collection" => collections::keyfunc_mapping();
    both "InstrumentedList" => class(&orm::INSTRUMENTED_LIST);
    both "InstrumentedSet" => class(&orm::INSTRUMENTED_SET);
    both "InstrumentedDict" => class(&orm::INSTRUMENTED_DICT);
    both "collection" => class(&collections::COLLECTION);
    both "collection_adapter" => collections::collection_adapter();
    v20 "KeyFuncDict" => class(&orm::KEYFUNC_DICT);
    split "MappedCollection" => (class(&orm::MAPPED_COLLECTION), class(&orm::KEYFUNC_DICT));
};

/// The names of `sqlalchemy.ext.declarative`.
pub const DECLARATIVE_NAMES: &[(&str, Export)] = exports! {
    both "declarative_base" => declarative::moved_declarative_base();
    both "declared_attr" => class(&declarative::DECLARED_ATTR);
    both "as_declarative" => declarative::as_declarative();
    both "DeferredReflection" => class(&deferred_reflection::DEFERRED_REFLECTION);
    both "ConcreteBase" => class(&functions::CONCRETE_BASE);
    both "has_inherited_table" => super::has_inherited_table();
    both "synonym_for" => super::synonym_for();
};

/// The names of `sqlalchemy.orm.interfaces`.
pub const INTERFACE_NAMES: &[(&str, Export)] = exports! {
    both "ONETOMANY" => direction(Direction::OneToMany);
    both "MANYTOONE" => direction(Direction::ManyToOne);
    both "MANYTOMANY" => direction(Direction::ManyToMany);
};

/// The names of `sqlalchemy.ext.hybrid`.
pub const HYBRID_NAMES: &[(&str, Export)] = exports! {
    both "hybrid_property" => class(&hybrid::HYBRID_PROPERTY);
    both "hybrid_method" => class(&hybrid::HYBRID_METHOD);
    both "Comparator" => class(&hybrid::COMPARATOR);
};

/// The names of `sqlalchemy.ext.associationproxy`.
pub const ASSOCIATION_NAMES: &[(&str, Export)] = exports! {
    both "association_proxy" => association::association_proxy();
    both "AssociationProxy" => class(&association::ASSOCIATION_PROXY);
};

/// The names of `sqlalchemy.ext.orderinglist`.
pub const ORDERING_NAMES: &[(&str, Export)] = exports! {
    both "ordering_list" => orm::ordering_list();
    both "OrderingList" => class(&orm::ORDERING_LIST);
    both "count_from_0" => orm::count_from(0);
    both "count_from_1" => orm::count_from(1);
    both "count_from_n_factory" => collections::count_from_n_factory();
};

/// The names of `sqlalchemy.ext`.
pub const EXT_NAMES: &[(&str, Export)] = exports! {
    both "declarative" => module(&super::EXT_DECLARATIVE);
    both "automap" => module(&super::EXT_AUTOMAP);
    both "mutable" => module(&super::EXT_MUTABLE);
    both "hybrid" => module(&super::EXT_HYBRID);
    both "associationproxy" => module(&super::EXT_ASSOCIATION_PROXY);
    both "orderinglist" => module(&super::EXT_ORDERING_LIST);
};
