//! The nodes of column expressions, each behind an `Rc` in [`ColumnElement`].

use std::rc::Rc;

use super::{ColumnElement, Name};
use crate::object::{Cx, Result, Str, Value};
use crate::sql::functions::FunctionSpec;
use crate::sql::operators::Operator;
use crate::sql::selectable::{FromClause, SelectStatement};
use crate::sql::types::SqlType;

/// `column("x")`, `literal_column("x + 1")`: a column known by name alone.
pub struct ColumnClause {
    /// Its name, or its whole text where `is_literal`.
    pub name: Str,
    /// Its type.
    pub type_: SqlType,
    /// Whether the name is SQL text, never quoted.
    pub is_literal: bool,
    /// The `table("t", ...)` it belongs to, or what a textual select selects.
    pub table: Option<FromClause>,
}

/// A column that a FROM element other than a table offers: of an alias, a subquery, a CTE.
/// Two of them are the same column when they share their `data`.
#[derive(Clone)]
pub struct ProxyColumn {
    /// The FROM element that offers it.
    pub from: FromClause,
    /// What it is.
    pub data: Rc<ProxyData>,
}

/// What a column of an alias is; kept by the alias.
pub struct ProxyData {
    /// Its name in SQL.
    pub name: Name,
    /// Its key in `.c`.
    pub key: Str,
    /// Its type.
    pub type_: SqlType,
    /// The columns it stands for: that of the element aliased, one per member of a UNION.
    pub proxies: Vec<ColumnElement>,
    /// Whether the column it stands for is a primary key column.
    pub primary_key: bool,
    /// Whether the column it stands for may be NULL.
    pub nullable: bool,
    /// Notes taken over from the column it stands for.
    pub annotations: super::Annotations,
}

/// Where the value of a bind comes from.
#[derive(Clone)]
pub enum BindValue {
    /// Nothing was given; a required one raises at execution.
    None,
    /// A value.
    Value(Value),
    /// A callable, asked when executed.
    Callable(Value),
    /// Native code, asked when executed (the ORM's deferred values).
    Native(Rc<dyn Fn(&Cx) -> Result<Value>>),
}

/// `bindparam()` and every literal value in an expression.
#[derive(Clone)]
pub struct BindParameter {
    /// Its name; anonymous where `unique`.
    pub key: Name,
    /// The name that the anonymous one is based on.
    pub orig_key: Str,
    /// Whether it is renamed so as not to clash.
    pub unique: bool,
    /// Its value.
    pub value: BindValue,
    /// Its type.
    pub type_: SqlType,
    /// Whether execution must supply a value.
    pub required: bool,
    /// Whether it stands for a list, one bind per item at execution.
    pub expanding: bool,
    /// The operator of an expanding one (`IN` or `NOT IN`), for empty lists.
    pub expand_op: Option<Operator>,
    /// Whether it is rendered inline at execution.
    pub literal_execute: bool,
    /// Whether it is an out parameter.
    pub is_out: bool,
    /// Whether the type was derived from a tuple of types (`tuple_().in_()`).
    pub tuple_types: Option<Rc<[SqlType]>>,
}

/// Extra arguments of an operator: ESCAPE, flags of a regular expression.
#[derive(Clone, Default)]
pub struct Modifiers {
    /// `escape=`.
    pub escape: Option<Str>,
    /// `flags=` of regular expression operators.
    pub flags: Option<Str>,
    /// Further keywords, of `match()` for one.
    pub other: Vec<(Str, Value)>,
}

/// `left operator right`.
pub struct BinaryExpression {
    /// Left operand, grouped as needed.
    pub left: ColumnElement,
    /// Right operand, grouped as needed.
    pub right: ColumnElement,
    /// The operator.
    pub operator: Operator,
    /// The operator of the negation, if there is one.
    pub negate: Option<Operator>,
    /// The type of the result.
    pub type_: SqlType,
    /// Extra arguments.
    pub modifiers: Modifiers,
    /// The operands before grouping, for a negation that groups by another precedence.
    pub is_implicitly_boolean: bool,
}

/// `operator element` or `element modifier`.
pub struct UnaryExpression {
    /// The operand.
    pub element: ColumnElement,
    /// In front: `-`, `NOT`, `DISTINCT`, `ANY`.
    pub operator: Option<Operator>,
    /// Behind: `DESC`, `NULLS LAST`.
    pub modifier: Option<Operator>,
    /// The type of the result.
    pub type_: SqlType,
    /// Whether a column inside gives the label (`wraps_column_expression`).
    pub wraps_column_expression: bool,
}

/// A Boolean expression as a condition: `x = 1` where the dialect has no booleans.
pub struct AsBoolean {
    /// The expression.
    pub element: ColumnElement,
    /// `IsTrue` or `IsFalse`.
    pub operator: Operator,
    /// The other one.
    pub negate: Operator,
}

/// A list of expressions joined by an operator: AND, OR, a comma, or chained `+` and `||`.
#[derive(Clone)]
pub struct ClauseList {
    /// The items.
    pub clauses: Vec<ColumnElement>,
    /// What joins them.
    pub operator: Operator,
    /// Whether the list itself is parenthesised inside another operator.
    pub group: bool,
    /// The type of the whole.
    pub type_: SqlType,
    /// Whether it is an AND or OR (`BooleanClauseList`).
    pub is_boolean: bool,
}

/// `(element)`.
pub struct Grouping {
    /// What is in parentheses.
    pub element: ColumnElement,
    /// Its type.
    pub type_: SqlType,
}

/// `element AS name`.
pub struct Label {
    /// The label.
    pub name: Name,
    /// What is labelled.
    pub element: ColumnElement,
    /// Its type.
    pub type_: SqlType,
}

/// `name(args)`.
#[derive(Clone)]
pub struct Function {
    /// Its name as typed.
    pub name: Str,
    /// The dotted prefix.
    pub packages: Vec<Str>,
    /// The known function of that name.
    pub known: Option<&'static FunctionSpec>,
    /// Its arguments, grouped.
    pub args: Vec<ColumnElement>,
    /// The type of the result.
    pub type_: SqlType,
    /// The columns of `table_valued()` and the like: what the function returns as a table.
    pub table_columns: Option<Rc<[ColumnElement]>>,
    /// `WITH ORDINALITY`.
    pub with_ordinality: Option<Str>,
    /// The sequence that `next_value()` counts up.
    pub sequence: Option<Rc<crate::sql::schema::Sequence>>,
}

/// A bound of a window frame.
#[derive(Clone)]
pub enum FrameBound {
    /// `UNBOUNDED PRECEDING` or `FOLLOWING`.
    Unbounded,
    /// `CURRENT ROW`.
    Current,
    /// So many rows before.
    Preceding(ColumnElement),
    /// So many rows after.
    Following(ColumnElement),
}

/// What a window frame counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are SQL's")]
pub enum FrameKind {
    Rows,
    Range,
    Groups,
}

/// `element OVER (PARTITION BY .. ORDER BY .. frame)`.
pub struct Over {
    /// The function.
    pub element: ColumnElement,
    /// `PARTITION BY`.
    pub partition_by: Option<ColumnElement>,
    /// `ORDER BY`.
    pub order_by: Option<ColumnElement>,
    /// The frame.
    pub frame: Option<(FrameKind, FrameBound, FrameBound)>,
}

/// `function FILTER (WHERE criterion)`.
pub struct FunctionFilter {
    /// The function.
    pub function: ColumnElement,
    /// The criterion.
    pub criterion: Option<ColumnElement>,
}

/// `function WITHIN GROUP (ORDER BY ..)`.
pub struct WithinGroup {
    /// The function.
    pub element: ColumnElement,
    /// `ORDER BY`.
    pub order_by: Option<ColumnElement>,
    /// The type of the result.
    pub type_: SqlType,
}

/// `CASE .. END`.
pub struct Case {
    /// What the WHENs are compared with.
    pub value: Option<ColumnElement>,
    /// Conditions and results.
    pub whens: Vec<(ColumnElement, ColumnElement)>,
    /// The result otherwise.
    pub else_: Option<ColumnElement>,
    /// The type of the result.
    pub type_: SqlType,
}

/// `CAST(clause AS type)`.
pub struct Cast {
    /// What is cast.
    pub clause: ColumnElement,
    /// To what.
    pub type_: SqlType,
    /// `TRY_CAST`.
    pub is_try: bool,
}

/// An expression taken as being of another type; nothing is rendered.
pub struct TypeCoerce {
    /// The expression.
    pub clause: ColumnElement,
    /// The type it is taken to be of.
    pub type_: SqlType,
}

/// `EXTRACT(field FROM expr)`.
pub struct Extract {
    /// The field.
    pub field: Str,
    /// Of what.
    pub expr: ColumnElement,
}

/// A subquery as a value, `(SELECT ..)`.
pub struct ScalarSelect {
    /// The statement.
    pub element: SelectStatement,
    /// The type of its one column.
    pub type_: SqlType,
}

/// `EXISTS (SELECT ..)`.
pub struct Exists {
    /// The statement.
    pub element: SelectStatement,
}

/// `(a, b)`.
pub struct Tuple {
    /// Its items.
    pub clauses: Vec<ColumnElement>,
    /// Their types.
    pub types: Rc<[SqlType]>,
}

/// The forms of [`Syntax`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SyntaxForm {
    /// `ARRAY[a, b]`.
    Array,
    /// `target ORDER BY a, b`, inside of an aggregate.
    AggregateOrderBy,
    /// `start:stop`, inside of an index.
    Slice,
}

/// A form of PostgreSQL's that is made of expressions.
pub struct Syntax {
    /// Which.
    pub form: SyntaxForm,
    /// Its parts.
    pub clauses: Vec<ColumnElement>,
    /// Its type.
    pub type_: SqlType,
}

/// A table or alias used as one value (`table_valued()` of a FROM element, `count(table)`).
pub struct TableValuedColumn {
    /// The FROM element.
    pub from: FromClause,
    /// The type of the value.
    pub type_: SqlType,
}

/// `name` of the scalar column of a function (`scalar_table_valued()`): `(fn(..)).name`.
pub struct ScalarFunctionColumn {
    /// The function.
    pub function: ColumnElement,
    /// The column.
    pub name: Str,
    /// Its type.
    pub type_: SqlType,
}
