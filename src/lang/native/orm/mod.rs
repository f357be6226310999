//! The script-facing face of the ORM's mapping: declarative, relationships, attributes, inspection.

mod association;
mod association_collections;
mod attribute;
mod automap;
mod automap_relationships;
mod bundle;
mod collections;
mod declarative;
mod deferred_reflection;
mod dynamic;
mod events;
mod ext;
mod functions;
mod hybrid;
mod inspection;
mod mapper;
mod mutable;
mod names;
mod names_by_key;
mod properties;
mod query;
mod session;
mod session_events;

use std::cell::RefCell;
use std::rc::Rc;

use super::schema;
use crate::object::{Cx, Export, Method, ModuleSpec, Result, Value};
use crate::orm::{self, BaseOptions, Registry, SchemaConstructors, new_registry};
use crate::sql::schema::MetaData;

pub use attribute::{attribute_key, mapper_value};
pub use automap::EXT_AUTOMAP;
pub use events::listen;
pub use inspection::{entity_value, inspect, no_inspection};
pub use mutable::EXT_MUTABLE;
pub use query::listen as listen_to_queries;
pub use session_events::listen_to_sessions;

/// Let the layers below know of the language and the schema.
pub fn install(cx: &Cx) {
    orm::register_coercion(cx);
    orm::install_loading(cx);
    orm::set_appender(query::appender, cx);
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

const TABLES: [&[(&str, Export)]; 3] = [names::NAMES, session::NAMES, session::OPTION_NAMES];

const COUNT: usize = TABLES[0].len() + TABLES[1].len() + TABLES[2].len();

static ALL_NAMES: [(&str, Export); COUNT] = {
    let mut all = [TABLES[0][0]; COUNT];
    let (mut at, mut table) = (0, 0);
    while table < TABLES.len() {
        let mut entry = 0;
        while entry < TABLES[table].len() {
            all[at] = TABLES[table][entry];
            at += 1;
            entry += 1;
        }
        table += 1;
    }
    all
};

/// `sqlalchemy.orm`.
pub static ORM: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.orm",
    names: &ALL_NAMES,
    unsupported: crate::lang::unsupported::names_of("sqlalchemy.orm"),
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
    unsupported: crate::lang::unsupported::names_of("sqlalchemy.orm.exc"),
    dynamic: Some(exception),
};

/// `sqlalchemy.orm.attributes`.
pub static ATTRIBUTES: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.orm.attributes",
    names: names::ATTRIBUTE_NAMES,
    unsupported: crate::lang::unsupported::names_of("sqlalchemy.orm.attributes"),
    dynamic: None,
};

/// `sqlalchemy.orm.collections`.
pub static COLLECTIONS: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.orm.collections",
    names: names::COLLECTION_NAMES,
    unsupported: crate::lang::unsupported::names_of("sqlalchemy.orm.collections"),
    dynamic: None,
};

/// `sqlalchemy.ext.declarative`.
pub static EXT_DECLARATIVE: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.ext.declarative",
    names: names::DECLARATIVE_NAMES,
    unsupported: crate::lang::unsupported::names_of("sqlalchemy.ext.declarative"),
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

/// `sqlalchemy.orm.interfaces`.
pub static INTERFACES: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.orm.interfaces",
    names: names::INTERFACE_NAMES,
    unsupported: crate::lang::unsupported::names_of("sqlalchemy.orm.interfaces"),
    dynamic: None,
};

/// `sqlalchemy.ext.hybrid`.
pub static EXT_HYBRID: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.ext.hybrid",
    names: names::HYBRID_NAMES,
    unsupported: crate::lang::unsupported::names_of("sqlalchemy.ext.hybrid"),
    dynamic: None,
};

/// `sqlalchemy.ext.associationproxy`.
pub static EXT_ASSOCIATION_PROXY: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.ext.associationproxy",
    names: names::ASSOCIATION_NAMES,
    unsupported: crate::lang::unsupported::names_of("sqlalchemy.ext.associationproxy"),
    dynamic: None,
};

/// `sqlalchemy.ext.orderinglist`.
pub static EXT_ORDERING_LIST: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.ext.orderinglist",
    names: names::ORDERING_NAMES,
    unsupported: crate::lang::unsupported::names_of("sqlalchemy.ext.orderinglist"),
    dynamic: None,
};

/// `sqlalchemy.ext`.
pub static EXT: ModuleSpec = ModuleSpec {
    name: "sqlalchemy.ext",
    names: names::EXT_NAMES,
    unsupported: crate::lang::unsupported::names_of("sqlalchemy.ext"),
    dynamic: None,
};
