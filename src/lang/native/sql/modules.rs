//! `sqlalchemy.sql` and the modules below it.

use super::constructs::NAMES;
use super::specs;
use crate::lang::native::schema;
use crate::object::{Cx, Export, ModuleSpec, TypeSpec, Value};

/// Every class of expressions, FROM elements and statements.
static CLASSES: &[&TypeSpec] = &[
    &specs::CLAUSE_ELEMENT,
    &specs::EXECUTABLE,
    &super::custom::RETURN_TYPE_FROM_ARGS,
    &specs::COLUMN_ELEMENT,
    &specs::NAMED_COLUMN,
    &specs::COLUMN_CLAUSE,
    &specs::BIND_PARAMETER,
    &specs::BINARY_EXPRESSION,
    &specs::UNARY_EXPRESSION,
    &specs::CLAUSE_LIST,
    &specs::EXPRESSION_CLAUSE_LIST,
    &specs::BOOLEAN_CLAUSE_LIST,
    &specs::GROUPING,
    &specs::LABEL,
    &specs::OVER,
    &specs::FUNCTION_FILTER,
    &specs::WITHIN_GROUP,
    &specs::CASE,
    &specs::CAST,
    &specs::TRY_CAST,
    &specs::TYPE_COERCE,
    &specs::EXTRACT,
    &specs::NULL,
    &specs::TRUE,
    &specs::FALSE,
    &specs::TEXT_CLAUSE,
    &specs::TUPLE,
    &specs::SCALAR_SELECT,
    &specs::EXISTS,
    &specs::FROM_CLAUSE,
    &specs::TABLE_CLAUSE,
    &specs::ALIASED_RETURNS_ROWS,
    &specs::ALIAS,
    &specs::SUBQUERY,
    &specs::LATERAL,
    &specs::TABLE_SAMPLE,
    &specs::TABLE_VALUED_ALIAS,
    &specs::CTE,
    &specs::JOIN,
    &specs::VALUES,
    &specs::RETURNS_ROWS,
    &specs::SELECT_BASE,
    &specs::GENERATIVE_SELECT,
    &specs::SELECT,
    &specs::COMPOUND_SELECT,
    &specs::TEXTUAL_SELECT,
    &specs::FUNCTION,
    &specs::FUNCTION_ELEMENT,
    &specs::GENERIC_FUNCTION,
    &specs::COLUMN_OPERATORS,
    &schema::INSERT,
    &schema::UPDATE,
    &schema::DELETE,
    &schema::UPDATE_BASE,
];

/// The class of expressions or statements called `name`.
pub fn class_named(name: &str) -> Option<Value> {
    CLASSES
        .iter()
        .find(|spec| spec.name() == name)
        .map(|spec| Value::Class(spec.class()))
}

/// The functions that make statements which write.
const WRITING: &[&str] = &["insert", "update", "delete"];

/// A class or construct by name: the modules below `sqlalchemy.sql` share theirs.
fn by_name(name: &str, cx: &Cx) -> Option<Value> {
    if let Some(class) = class_named(name) {
        return Some(class);
    }
    let writing = schema::NAMES
        .iter()
        .filter(|(known, _)| WRITING.contains(known));
    NAMES
        .iter()
        .chain(writing)
        .find(|(known, _)| *known == name)
        .map(|(_, export)| export(cx))
}

fn function_class(name: &str, cx: &Cx) -> Option<Value> {
    match specs::function_class(name) {
        Some(spec) => Some(Value::Class(spec.class())),
        None => by_name(name, cx),
    }
}

const NONE: &[(&str, Export)] = &[];

macro_rules! modules {
    ($($(#[$meta:meta])* $constant:ident = $name:literal, $dynamic:path;)*) => {
        $(
            $(#[$meta])*
            pub static $constant: ModuleSpec = ModuleSpec {
                name: $name,
                names: NONE,
                unsupported: crate::lang::unsupported::names_of($name),
                dynamic: Some($dynamic),
            };
        )*
    };
}

modules! {
    /// `sqlalchemy.sql`.
    SQL_MODULE = "sqlalchemy.sql", by_name;
    /// `sqlalchemy.sql.expression`.
    EXPRESSION_MODULE = "sqlalchemy.sql.expression", by_name;
    /// `sqlalchemy.sql.elements`.
    ELEMENTS_MODULE = "sqlalchemy.sql.elements", by_name;
    /// `sqlalchemy.sql.selectable`.
    SELECTABLE_MODULE = "sqlalchemy.sql.selectable", by_name;
    /// `sqlalchemy.sql.functions`.
    FUNCTIONS_MODULE = "sqlalchemy.sql.functions", function_class;
}
