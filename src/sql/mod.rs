//! SQL as values: schema, expressions, statements, and their compilation.
//!
//! Expressions are values of [`ColumnElement`], FROM elements of [`FromClause`], statements of
//! [`Executable`]; scripts hold them as `Value::object(element)`, a table as
//! `Value::object(FromClause::Table(..))`, a column as `Value::object(ColumnElement::Column(..))`.

mod cache_key;
pub mod coercions;
pub mod compiler;
pub mod ddl;
pub mod dialects;
pub mod dml;
mod elements;
mod entity;
mod executable;
pub mod execution;
pub mod functions;
pub mod hooks;
pub mod operate;
pub mod operators;
pub mod reflection;
pub mod schema;
mod selectable;
pub mod types;
pub mod visitors;

pub use cache_key::{CacheKey, CacheKeyBuilder, KeyedStatement, cache_key};
pub use elements::{
    AnnotatedElement, Annotations, AnonMap, AsBoolean, BinaryExpression, BindParameter, BindValue,
    Case, Cast, ClauseList, ColumnClause, ColumnElement, CustomElement, CustomKind, Exists,
    Extract, FrameBound, FrameKind, Function, FunctionFilter, Grouping, Label, Modifiers, Name,
    NamePart, Over, ProxyColumn, ProxyData, ScalarFunctionColumn, ScalarSelect, Syntax, SyntaxForm,
    TableValuedColumn, Tuple, TypeCoerce, UnaryExpression, WithinGroup, adapt_expression, and_all,
    coerce_compared_value, integer_type, is_plain_equality, literal, next_seed, null_type,
};
pub use entity::{CompileStatePlugin, Entity, EntityCoercion, PluginContext, PluginSelect};
pub use executable::Executable;
pub use selectable::{
    Alias, AliasColumns, AliasKind, AliasedElement, AnnotatedFrom, ColumnPlusNames, CompoundData,
    CompoundKeyword, CompoundSelect, CteKind, Fetch, ForUpdate, FromClause, FromItem, Join,
    JoinTarget, KeyNaming, LabelStyle, LegacyJoin, MemoizedEntities, OnClause, Select, SelectData,
    SelectItem, SelectState, SelectStatement, SetupJoin, TableClause, TextClause, TextualSelect,
    Values, can_join, columns_of_froms, columns_plus_names, find_left_clause_that_matches,
    find_left_clause_to_join_from, from_of, join_condition, join_condition_by_keys, make_slice,
    namespace_attribute, namespace_text, normalize_froms, plain_proxies,
};
