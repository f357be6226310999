//! The script-facing face of the ORM's mapping: declarative, relationships, attributes, inspection.

mod association;
mod attribute;
mod declarative;
mod events;
mod ext;
mod functions;
mod hybrid;
mod inspection;
mod mapper;
mod properties;

use std::cell::RefCell;
use std::rc::Rc;

use super::schema;
use crate::object::{Cx, Export, Method, ModuleSpec, Result, Value};
use crate::orm::{
    self, BaseOptions, DYNAMIC_MAPPED, Direction, MAPPED, Registry, SchemaConstructors,
    WRITE_ONLY_MAPPED, new_registry,
};
use crate::sql::schema::MetaData;

pub use attribute::{attribute_key, mapper_value};
pub use events::listen;
pub use inspection::{entity_value, inspect, no_inspection};
pub use properties::members as property_members;

/// Let the layers below know of the language and the schema.
pub fn install(cx: &Cx) {
    orm::register_coercion(cx);
    orm::set_schema_constructors(
        SchemaConstructors {
            table: |args, cx| schema::build_table(args, cx).map(schema::table_value),
            metadata: |cx| cx.call(&Value::Class(schema::METADATA.class()), []),
            metadata_of: |value| value.downcast::<Rc<MetaData>>().cloned(),
            metadata_value: |metadata| Value::object(metadata.clone()),
        },
        cx,
    );
}

/// The registry that `mapper()` of 1.4 maps in.
#[derive(Default)]
struct Classical(RefCell<Option<Rc<Registry>>>);

fn classical_registry(cx: &Cx) -> Result<Rc<Registry>> {
    let service = cx.service::<Classical>();
    if let Some(known) = service.0.borrow().clone() {
        return Ok(known);
    }
    let made = new_registry(&BaseOptions::default(), cx)?;
    *service.0.borrow_mut() = Some(made.clone());
    Ok(made)
}

/// The names of `sqlalchemy` that are of this area.
pub const TOP_NAMES: &[(&str, Export)] = &[("inspect", |_| inspect_function())];

fn inspect_function() -> Value {
    Method::function("inspect(subject, raiseerr=True)", |a, cx| {
        let subject = a.value("subject");
        if let Some(found) = inspect(subject, cx)? {
            return Ok(found);
        }
        if let Some(found) = schema::inspect_bind(subject) {
            return Ok(found);
        }
        if a.flag("raiseerr", true) {
            return Err(no_inspection(subject, cx));
        }
        Ok(Value::None)
    })
}

/// The names of `sqlalchemy.orm` that are of this area.
pub const NAMES: &[(&str, Export)] = &[
    ("DeclarativeBase", |_| {
        Value::Class(declarative::DECLARATIVE_BASE.class())
    }),
    ("DeclarativeBaseNoMeta", |_| {
        Value::Class(declarative::DECLARATIVE_BASE_NO_META.class())
    }),
    ("MappedAsDataclass", |_| declarative::mapped_as_dataclass()),
    ("Mapped", |_| Value::Class(MAPPED.class())),
    ("DynamicMapped", |_| Value::Class(DYNAMIC_MAPPED.class())),
    ("WriteOnlyMapped", |_| {
        Value::Class(WRITE_ONLY_MAPPED.class())
    }),
    ("mapped_column", |_| properties::mapped_column()),
    ("MappedColumn", |_| {
        Value::Class(properties::MAPPED_COLUMN.class())
    }),
    ("relationship", |_| properties::relationship()),
    ("relation", |_| properties::relationship()),
    ("dynamic_loader", |_| properties::dynamic_loader()),
    ("backref", |_| properties::backref()),
    ("column_property", |_| properties::column_property()),
    ("deferred", |_| properties::deferred()),
    ("query_expression", |_| properties::query_expression()),
    ("composite", |_| properties::composite()),
    ("synonym", |_| properties::synonym()),
    ("foreign", |_| properties::annotation("foreign")),
    ("remote", |_| properties::annotation("remote")),
    ("declarative_base", |_| declarative::declarative_base()),
    ("as_declarative", |_| declarative::as_declarative()),
    ("declared_attr", |_| {
        Value::Class(declarative::DECLARED_ATTR.class())
    }),
    ("declarative_mixin", |_| identity()),
    ("registry", |_| Value::Class(declarative::REGISTRY.class())),
    ("add_mapped_attribute", |_| {
        declarative::add_mapped_attribute()
    }),
    ("validates", |_| declarative::validates()),
    ("reconstructor", |_| declarative::reconstructor()),
    ("mapper", |_| declarative::classical_mapper()),
    ("Mapper", |_| Value::Class(mapper::MAPPER.class())),
    ("aliased", |_| functions::aliased()),
    ("AliasedClass", |_| {
        Value::Class(mapper::ALIASED_CLASS.class())
    }),
    ("with_polymorphic", |_| functions::with_polymorphic()),
    ("with_parent", |_| functions::with_parent()),
    ("configure_mappers", |_| functions::configure_mappers()),
    ("clear_mappers", |_| functions::clear_mappers()),
    ("class_mapper", |_| inspection::class_mapper()),
    ("object_mapper", |_| inspection::object_mapper()),
    ("object_session", |_| inspection::object_session()),
    ("was_deleted", |_| inspection::was_deleted()),
    ("attribute_keyed_dict", |_| {
        functions::attribute_keyed_dict()
    }),
    ("attribute_mapped_collection", |_| {
        functions::attribute_keyed_dict()
    }),
    ("column_keyed_dict", |_| functions::column_keyed_dict()),
    ("column_mapped_collection", |_| {
        functions::column_keyed_dict()
    }),
    ("keyfunc_mapping", |_| functions::keyfunc_mapping()),
    ("mapped_collection", |_| functions::keyfunc_mapping()),
    ("InstrumentedAttribute", |_| {
        Value::Class(attribute::INSTRUMENTED_ATTRIBUTE.class())
    }),
    ("QueryableAttribute", |_| {
        Value::Class(attribute::QUERYABLE_ATTRIBUTE.class())
    }),
    ("ColumnProperty", |_| {
        Value::Class(orm::COLUMN_PROPERTY.class())
    }),
    ("RelationshipProperty", |_| {
        Value::Class(orm::RELATIONSHIP_PROPERTY.class())
    }),
    ("Relationship", |_| {
        Value::Class(orm::RELATIONSHIP_PROPERTY.class())
    }),
    ("CompositeProperty", |_| {
        Value::Class(orm::COMPOSITE_PROPERTY.class())
    }),
    ("SynonymProperty", |_| {
        Value::Class(orm::SYNONYM_PROPERTY.class())
    }),
    ("InstanceState", |_| {
        Value::Class(inspection::INSTANCE_STATE.class())
    }),
    ("AttributeState", |_| {
        Value::Class(inspection::ATTRIBUTE_STATE.class())
    }),
    ("MANYTOONE", |_| {
        Value::object(properties::DirectionValue(Direction::ManyToOne))
    }),
    ("ONETOMANY", |_| {
        Value::object(properties::DirectionValue(Direction::OneToMany))
    }),
    ("MANYTOMANY", |_| {
        Value::object(properties::DirectionValue(Direction::ManyToMany))
    }),
    ("exc", |_| Value::object(crate::object::Module::new(&EXC))),
    ("attributes", |_| {
        Value::object(crate::object::Module::new(&ATTRIBUTES))
    }),
    ("collections", |_| {
        Value::object(crate::object::Module::new(&COLLECTIONS))
    }),
];

/// A decorator that answers what it is given.
fn identity() -> Value {
    Method::function("declarative_mixin(cls)", |a, _| Ok(a.value("cls").clone()))
}

/// `sqlalchemy.orm`.
pub static ORM: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.orm",
    names: NAMES,
    unsupported: &[],
    dynamic: None,
};

fn exception(name: &str, _cx: &Cx) -> Option<Value> {
    if let Some(spec) = orm::exc::class_named(name) {
        return Some(Value::Class(spec.class()));
    }
    let spec = match name {
        "NoResultFound" => &crate::engine::exc::NO_RESULT_FOUND,
        "MultipleResultsFound" => &crate::engine::exc::MULTIPLE_RESULTS_FOUND,
        "ConcurrentModificationError" => &orm::exc::STALE_DATA_ERROR,
        _ => return None,
    };
    Some(Value::Class(spec.class()))
}

/// `sqlalchemy.orm.exc`.
pub static EXC: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.orm.exc",
    names: &[],
    unsupported: &[],
    dynamic: Some(exception),
};

/// `sqlalchemy.orm.attributes`.
pub static ATTRIBUTES: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.orm.attributes",
    names: &[
        ("get_history", |_| {
            inspection::attribute_function("get_history")
        }),
        ("flag_modified", |_| {
            inspection::attribute_function("flag_modified")
        }),
        ("flag_dirty", |_| {
            inspection::attribute_function("flag_dirty")
        }),
        ("set_attribute", |_| {
            inspection::attribute_function("set_attribute")
        }),
        ("get_attribute", |_| {
            inspection::attribute_function("get_attribute")
        }),
        ("del_attribute", |_| {
            inspection::attribute_function("del_attribute")
        }),
        ("instance_state", |_| {
            inspection::attribute_function("instance_state")
        }),
        ("instance_dict", |_| {
            inspection::attribute_function("instance_dict")
        }),
        ("init_collection", |_| {
            inspection::attribute_function("init_collection")
        }),
        ("set_committed_value", |_| {
            inspection::attribute_function("set_committed_value")
        }),
        ("InstrumentedAttribute", |_| {
            Value::Class(attribute::INSTRUMENTED_ATTRIBUTE.class())
        }),
        ("QueryableAttribute", |_| {
            Value::Class(attribute::QUERYABLE_ATTRIBUTE.class())
        }),
        ("History", |_| Value::Class(inspection::HISTORY.class())),
        ("NO_VALUE", |_| orm::no_value()),
        ("NEVER_SET", |_| orm::no_value()),
        ("PASSIVE_NO_RESULT", |_| orm::no_result()),
    ],
    unsupported: &[],
    dynamic: None,
};

/// `sqlalchemy.orm.collections`.
pub static COLLECTIONS: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.orm.collections",
    names: &[
        ("attribute_keyed_dict", |_| {
            functions::attribute_keyed_dict()
        }),
        ("attribute_mapped_collection", |_| {
            functions::attribute_keyed_dict()
        }),
        ("column_keyed_dict", |_| functions::column_keyed_dict()),
        ("column_mapped_collection", |_| {
            functions::column_keyed_dict()
        }),
        ("keyfunc_mapping", |_| functions::keyfunc_mapping()),
        ("mapped_collection", |_| functions::keyfunc_mapping()),
        ("InstrumentedList", |_| {
            Value::Class(orm::INSTRUMENTED_LIST.class())
        }),
        ("InstrumentedSet", |_| {
            Value::Class(orm::INSTRUMENTED_SET.class())
        }),
        ("InstrumentedDict", |_| {
            Value::Class(orm::INSTRUMENTED_DICT.class())
        }),
        ("KeyFuncDict", |_| Value::Class(orm::KEYFUNC_DICT.class())),
        ("MappedCollection", |_| {
            Value::Class(orm::MAPPED_COLLECTION.class())
        }),
    ],
    unsupported: &[],
    dynamic: None,
};

/// `sqlalchemy.ext.declarative`.
pub static EXT_DECLARATIVE: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.ext.declarative",
    names: &[
        ("declarative_base", |_| {
            declarative::moved_declarative_base()
        }),
        ("declared_attr", |_| {
            Value::Class(declarative::DECLARED_ATTR.class())
        }),
        ("as_declarative", |_| declarative::as_declarative()),
        ("has_inherited_table", |_| has_inherited_table()),
        ("synonym_for", |_| synonym_for()),
    ],
    unsupported: &[],
    dynamic: None,
};

/// `has_inherited_table()`.
fn has_inherited_table() -> Value {
    Method::function("has_inherited_table(cls)", |a, _| {
        let Value::Class(class) = a.value("cls") else {
            return Ok(Value::Bool(false));
        };
        Ok(Value::Bool(class.ancestors().iter().any(|base| {
            base.own("__table__").is_some_and(|table| !table.is_none())
        })))
    })
}

/// `synonym_for()`.
fn synonym_for() -> Value {
    Method::function("synonym_for(name, map_column=False)", |a, _| {
        let name = a.value("name").clone();
        Ok(Method::function("decorate(fn)", move |a, cx| {
            let mut args = crate::object::Args::from([name.clone()]);
            args.kw.push(("descriptor".into(), a.value("fn").clone()));
            cx.call(&properties::synonym(), args)
        }))
    })
}

/// `sqlalchemy.ext.hybrid`.
pub static EXT_HYBRID: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.ext.hybrid",
    names: &[
        ("hybrid_property", |_| {
            Value::Class(hybrid::HYBRID_PROPERTY.class())
        }),
        ("hybrid_method", |_| {
            Value::Class(hybrid::HYBRID_METHOD.class())
        }),
        ("Comparator", |_| Value::Class(hybrid::COMPARATOR.class())),
    ],
    unsupported: &[],
    dynamic: None,
};

/// `sqlalchemy.ext.associationproxy`.
pub static EXT_ASSOCIATION_PROXY: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.ext.associationproxy",
    names: &[
        ("association_proxy", |_| association::association_proxy()),
        ("AssociationProxy", |_| {
            Value::Class(association::ASSOCIATION_PROXY.class())
        }),
    ],
    unsupported: &[],
    dynamic: None,
};

/// `sqlalchemy.ext`.
pub static EXT: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.ext",
    names: &[
        ("declarative", |_| {
            Value::object(crate::object::Module::new(&EXT_DECLARATIVE))
        }),
        ("hybrid", |_| {
            Value::object(crate::object::Module::new(&EXT_HYBRID))
        }),
        ("associationproxy", |_| {
            Value::object(crate::object::Module::new(&EXT_ASSOCIATION_PROXY))
        }),
    ],
    unsupported: &[],
    dynamic: None,
};
