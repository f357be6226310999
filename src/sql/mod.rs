//! SQL as values: schema, expressions, statements, and their compilation.
//!
//! Expressions are values of [`ColumnElement`], FROM elements of [`FromClause`], statements of
//! [`Executable`]; scripts hold them as `Value::object(element)`, a table as
//! `Value::object(FromClause::Table(..))`, a column as `Value::object(ColumnElement::Column(..))`.

pub mod dialects;
pub mod dml;
mod elements;
mod entity;
mod executable;
pub mod functions;
pub mod operators;
pub mod schema;
mod selectable;
pub mod types;

pub use elements::{
    AnnotatedElement, Annotations, AsBoolean, BinaryExpression, BindParameter, BindValue, Case,
    Cast, ClauseList, ColumnClause, ColumnElement, Exists, Extract, FrameBound, FrameKind,
    Function, FunctionFilter, Grouping, Label, Modifiers, Name, NamePart, Over, ProxyColumn,
    ProxyData, ScalarFunctionColumn, ScalarSelect, TableValuedColumn, Tuple, TypeCoerce,
    UnaryExpression, WithinGroup, next_seed,
};
pub use entity::{CompileStatePlugin, Entity, EntityCoercion, PluginContext};
pub use executable::Executable;
pub use selectable::{
    Alias, AliasColumns, AliasKind, AliasedElement, AnnotatedFrom, CompoundData, CompoundKeyword,
    CompoundSelect, CteKind, Fetch, ForUpdate, FromClause, FromItem, Join, JoinTarget, LabelStyle,
    OnClause, Select, SelectData, SelectItem, SelectStatement, SetupJoin, TableClause, TextClause,
    TextualSelect, Values,
};
