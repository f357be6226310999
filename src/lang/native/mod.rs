//! The modules of SQLAlchemy as scripts import them: the faces of the engine, SQL and ORM types.

pub mod engine;
pub mod event;
mod event_arguments;
pub mod orm;
pub mod schema;
pub mod sql;

use crate::object::{Cx, Export, ModuleSpec, Value};
use crate::sql::hooks::OperatorFunctions;

/// The modules of the engine, of SQL and of the ORM, one line each.
const OWN_MODULES: &[&ModuleSpec] = &[
    &SQLALCHEMY,
    &event::EVENT,
    &engine::EXC,
    &engine::ENGINE_MODULE,
    &engine::ENGINE_BASE,
    &engine::ENGINE_URL,
    &engine::ENGINE_RESULT,
    &engine::ENGINE_ROW,
    &engine::ENGINE_CURSOR,
    &engine::POOL,
    &engine::FUTURE,
    &engine::SQLITE3,
    &sql::SQL_MODULE,
    &sql::EXPRESSION_MODULE,
    &sql::ELEMENTS_MODULE,
    &sql::SELECTABLE_MODULE,
    &sql::FUNCTIONS_MODULE,
    &orm::ORM,
    &orm::EXC,
    &orm::ATTRIBUTES,
    &orm::COLLECTIONS,
    &orm::EXT,
    &orm::EXT_DECLARATIVE,
    &orm::EXT_AUTOMAP,
    &orm::EXT_MUTABLE,
    &orm::INTERFACES,
    &orm::EXT_HYBRID,
    &sql::COMPILER_MODULE,
    &sql::VISITORS_MODULE,
    &sql::OPERATORS_MODULE,
    &orm::EXT_ASSOCIATION_PROXY,
    &orm::EXT_ORDERING_LIST,
];

/// The tables of modules, one per area.
const MODULE_TABLES: &[&[&ModuleSpec]] = &[OWN_MODULES, schema::MODULES];

const MODULE_COUNT: usize = {
    let (mut count, mut table) = (0, 0);
    while table < MODULE_TABLES.len() {
        count += MODULE_TABLES[table].len();
        table += 1;
    }
    count
};

static ALL_MODULES: [&ModuleSpec; MODULE_COUNT] = {
    let mut all = [MODULE_TABLES[0][0]; MODULE_COUNT];
    let (mut at, mut table) = (0, 0);
    while table < MODULE_TABLES.len() {
        let mut entry = 0;
        while entry < MODULE_TABLES[table].len() {
            all[at] = MODULE_TABLES[table][entry];
            at += 1;
            entry += 1;
        }
        table += 1;
    }
    all
};

/// Every module.
pub static MODULES: &[&ModuleSpec] = &ALL_MODULES;

/// Let the layers below show scripts what only this one can.
pub fn install(cx: &Cx) {
    cx.service::<OperatorFunctions>().show(sql::function_of);
}

/// The submodules that `from module import *` brings along: those that 2.0 has imported by then.
pub fn star_submodules(module: &str, cx: &Cx) -> &'static [&'static str] {
    if module != "sqlalchemy" || cx.compat().is_14() {
        return &[];
    }
    &[
        "dialects", "engine", "event", "exc", "pool", "schema", "sql", "types",
    ]
}

/// The names of `sqlalchemy` itself, a table per area; add a table here.
const TOP_TABLES: &[&[(&str, Export)]] =
    &[engine::TOP_NAMES, sql::NAMES, schema::NAMES, orm::TOP_NAMES];

const TOP_COUNT: usize = {
    let (mut count, mut table) = (0, 0);
    while table < TOP_TABLES.len() {
        count += TOP_TABLES[table].len();
        table += 1;
    }
    count
};

/// The tables of [`TOP_TABLES`] as one.
static TOP_NAMES: [(&str, Export); TOP_COUNT] = {
    let mut names = [TOP_TABLES[0][0]; TOP_COUNT];
    let (mut at, mut table) = (0, 0);
    while table < TOP_TABLES.len() {
        let mut entry = 0;
        while entry < TOP_TABLES[table].len() {
            names[at] = TOP_TABLES[table][entry];
            at += 1;
            entry += 1;
        }
        table += 1;
    }
    names
};

/// `sqlalchemy`.
pub static SQLALCHEMY: ModuleSpec = ModuleSpec {
    name: "sqlalchemy",
    names: &TOP_NAMES,
    unsupported: crate::lang::unsupported::names_of("sqlalchemy"),
    dynamic: Some(versioned),
};

/// The names of `sqlalchemy` that depend on the version.
fn versioned(name: &str, cx: &Cx) -> Option<Value> {
    match name {
        "__version__" => Some(cx.compat().version().into()),
        _ if cx.compat().is_14() => None,
        "Inspector" => Some(schema::inspector_class()),
        "IteratorResult" | "ChunkedIteratorResult" | "MergedResult" => {
            let mut results = engine::ENGINE_MODULE.names.iter();
            let (_, export) = results.find(|(known, _)| *known == name)?;
            Some(export(cx))
        }
        _ => sql::class_named(name),
    }
}
