//! Column expressions: `ColumnElement`, a closed set of nodes shared by pointer.
//! Two elements are the same when they are the same node; annotations do not change that.

mod annotations;
mod anon_map;
mod construct;
mod custom;
mod grouping;
mod name;
mod naming;
mod nodes;
mod properties;
mod standard;

use std::rc::Rc;

pub use annotations::{AnnotatedElement, Annotations};
pub use anon_map::AnonMap;
pub use construct::{and_all, is_plain_equality, literal};
pub use custom::{CustomElement, CustomKind};
pub use name::{Name, NamePart, next_seed};
pub use nodes::{
    AsBoolean, BinaryExpression, BindParameter, BindValue, Case, Cast, ClauseList, ColumnClause,
    Exists, Extract, FrameBound, FrameKind, Function, FunctionFilter, Grouping, Label, Modifiers,
    Over, ProxyColumn, ProxyData, ScalarFunctionColumn, ScalarSelect, Syntax, SyntaxForm,
    TableValuedColumn, Tuple, TypeCoerce, UnaryExpression, WithinGroup,
};

pub use standard::{
    adapt_expression, boolean_type, coerce_compared_value, integer_type, null_type, standard_type,
};

use super::schema::Column;
use super::selectable::TextClause;
use crate::object::Str;

/// An expression of one value.
#[derive(Clone)]
pub enum ColumnElement {
    /// A column of a `Table` (or not yet of any).
    Column(Rc<Column>),
    /// `column()`, `literal_column()`.
    ColumnClause(Rc<ColumnClause>),
    /// A column of an alias, subquery or CTE.
    Proxy(Rc<ProxyColumn>),
    /// A bind.
    Bind(Rc<BindParameter>),
    /// `a op b`.
    Binary(Rc<BinaryExpression>),
    /// `op a`, `a modifier`.
    Unary(Rc<UnaryExpression>),
    /// A Boolean expression as a condition.
    AsBoolean(Rc<AsBoolean>),
    /// `a AND b AND c`, `a, b`.
    ClauseList(Rc<ClauseList>),
    /// `(a)`.
    Grouping(Rc<Grouping>),
    /// `a AS name`.
    Label(Rc<Label>),
    /// An element of ORDER BY that may be rendered as the label of a selected column.
    LabelReference(Rc<Self>),
    /// A name in ORDER BY, GROUP BY or DISTINCT, to be found among the selected columns.
    TextualLabelReference(Str),
    /// `name(..)`.
    Function(Rc<Function>),
    /// `.. OVER (..)`.
    Over(Rc<Over>),
    /// `.. FILTER (..)`.
    FunctionFilter(Rc<FunctionFilter>),
    /// `.. WITHIN GROUP (..)`.
    WithinGroup(Rc<WithinGroup>),
    /// `CASE`.
    Case(Rc<Case>),
    /// `CAST`.
    Cast(Rc<Cast>),
    /// `type_coerce()`.
    TypeCoerce(Rc<TypeCoerce>),
    /// `EXTRACT`.
    Extract(Rc<Extract>),
    /// The name of a collation, right of COLLATE.
    Collation(Str),
    /// `NULL`.
    Null,
    /// `true`.
    True,
    /// `false`.
    False,
    /// `text()`.
    Text(Rc<TextClause>),
    /// `(SELECT ..)`.
    ScalarSelect(Rc<ScalarSelect>),
    /// `EXISTS (SELECT ..)`.
    Exists(Rc<Exists>),
    /// `(a, b)`.
    Tuple(Rc<Tuple>),
    /// A FROM element as one value.
    TableValued(Rc<TableValuedColumn>),
    /// `(fn(..)).name`.
    ScalarFunctionColumn(Rc<ScalarFunctionColumn>),
    /// An array, a slice and the like.
    Syntax(Rc<Syntax>),
    /// An element of a class that a script defined.
    Custom(Rc<CustomElement>),
    /// An element with annotations.
    Annotated(Rc<AnnotatedElement>),
}

impl ColumnElement {
    /// The element without its annotations.
    pub fn plain(&self) -> &Self {
        match self {
            Self::Annotated(annotated) => &annotated.element,
            _ => self,
        }
    }
    /// Its annotations, if it has any.
    pub fn annotations(&self) -> Option<&Annotations> {
        match self {
            Self::Annotated(annotated) => Some(&annotated.annotations),
            Self::Proxy(proxy) if !proxy.data.annotations.is_empty() => {
                Some(&proxy.data.annotations)
            }
            _ => None,
        }
    }
    /// The element with further annotations.
    #[must_use]
    pub fn annotate(&self, annotations: Annotations) -> Self {
        let annotations = match self.annotations() {
            Some(known) => known.merged(&annotations),
            None => annotations,
        };
        Self::Annotated(Rc::new(AnnotatedElement {
            element: self.plain().clone(),
            annotations,
        }))
    }
    /// What identifies the node: a column behind any number of handles and annotations is one.
    pub fn identity(&self) -> usize {
        match self {
            Self::Column(node) => Rc::as_ptr(node) as usize,
            Self::ColumnClause(node) => Rc::as_ptr(node) as usize,
            Self::Proxy(node) => Rc::as_ptr(&node.data) as usize,
            Self::Bind(node) => Rc::as_ptr(node) as usize,
            Self::Binary(node) => Rc::as_ptr(node) as usize,
            Self::Unary(node) => Rc::as_ptr(node) as usize,
            Self::AsBoolean(node) => Rc::as_ptr(node) as usize,
            Self::ClauseList(node) => Rc::as_ptr(node) as usize,
            Self::Grouping(node) => Rc::as_ptr(node) as usize,
            Self::Label(node) => Rc::as_ptr(node) as usize,
            Self::LabelReference(node) => Rc::as_ptr(node) as usize,
            Self::Function(node) => Rc::as_ptr(node) as usize,
            Self::Over(node) => Rc::as_ptr(node) as usize,
            Self::FunctionFilter(node) => Rc::as_ptr(node) as usize,
            Self::WithinGroup(node) => Rc::as_ptr(node) as usize,
            Self::Case(node) => Rc::as_ptr(node) as usize,
            Self::Cast(node) => Rc::as_ptr(node) as usize,
            Self::TypeCoerce(node) => Rc::as_ptr(node) as usize,
            Self::Extract(node) => Rc::as_ptr(node) as usize,
            Self::Text(node) => Rc::as_ptr(node) as usize,
            Self::ScalarSelect(node) => Rc::as_ptr(node) as usize,
            Self::Exists(node) => Rc::as_ptr(node) as usize,
            Self::Tuple(node) => Rc::as_ptr(node) as usize,
            Self::TableValued(node) => Rc::as_ptr(node) as usize,
            Self::ScalarFunctionColumn(node) => Rc::as_ptr(node) as usize,
            Self::Custom(node) => Rc::as_ptr(&node.instance) as usize,
            Self::Syntax(node) => Rc::as_ptr(node) as usize,
            Self::Annotated(node) => node.element.identity(),
            Self::TextualLabelReference(name) | Self::Collation(name) => {
                name.as_str().as_ptr() as usize
            }
            // The constants are singletons.
            Self::Null => 1,
            Self::True => 2,
            Self::False => 3,
        }
    }
    /// Whether two handles are of the same node.
    pub fn same(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
    /// A number for its variant.
    pub fn kind(&self) -> u8 {
        match self {
            Self::Column(_) => 100,
            Self::ColumnClause(_) => 101,
            Self::Proxy(_) => 102,
            Self::Bind(_) => 103,
            Self::Binary(_) => 104,
            Self::Unary(_) => 105,
            Self::AsBoolean(_) => 106,
            Self::ClauseList(_) => 107,
            Self::Grouping(_) => 108,
            Self::Label(_) => 109,
            Self::LabelReference(_) => 110,
            Self::TextualLabelReference(_) => 111,
            Self::Function(_) => 112,
            Self::Over(_) => 113,
            Self::FunctionFilter(_) => 114,
            Self::WithinGroup(_) => 115,
            Self::Case(_) => 116,
            Self::Cast(_) => 117,
            Self::TypeCoerce(_) => 118,
            Self::Extract(_) => 119,
            Self::Collation(_) => 120,
            Self::Null => 121,
            Self::True => 122,
            Self::False => 123,
            Self::Text(_) => 124,
            Self::ScalarSelect(_) => 125,
            Self::Exists(_) => 126,
            Self::Tuple(_) => 127,
            Self::TableValued(_) => 128,
            Self::ScalarFunctionColumn(_) => 129,
            Self::Custom(_) => 131,
            Self::Syntax(_) => 132,
            Self::Annotated(_) => 130,
        }
    }
}
