//! The script-facing face of SQL expressions, FROM elements and SELECT.
//!
//! An expression is a `Value::object(ColumnElement)`, a FROM element a
//! `Value::object(FromClause)`, a statement a `Value::object(Select)` and so on; which class a
//! script sees follows from the variant.

mod bound;
mod children;
mod collection;
mod compiler;
mod constructs;
mod custom;
mod element;
mod from_clause;
mod function;
mod hooks;
mod modules;
mod operator_functions;
mod operators;
mod params;
mod postgresql;
mod select;
mod specs;
mod statement;
mod visitors;

pub use bound::{bind_of_tables, members as bound_members};
pub use collection::ColumnCollection;
pub use compiler::COMPILER_MODULE;
pub use constructs::{NAMES, ONLY_20};
pub use element::{columns_value, no_attribute};
pub use function::{FunctionGenerator, members as function_members};
pub use hooks::executable_value;
use hooks::{column_repr, column_set_attr, dml_of, dml_value, table_repr, table_set_attr};
pub use modules::{
    ELEMENTS_MODULE, EXPRESSION_MODULE, FUNCTIONS_MODULE, SELECTABLE_MODULE, SQL_MODULE,
    class_named,
};
pub use operator_functions::{OPERATORS_MODULE, function_of};
pub use operators::members as column_operators;
pub use postgresql::{POSTGRESQL_NAMES, mysql_match};
pub use select::{
    affixes, correlated, generative, items as select_items, label_style_value, statement_value,
};
pub use specs::*;
pub use statement::{CompiledObject, compile_value, set_bind, shown, text_of, text_under};
pub use visitors::VISITORS_MODULE;

pub use crate::sql::coercions::executable_of;
