//! What can stand in a FROM list.

use std::cell::OnceCell;
use std::rc::Rc;

use super::{Select, SelectStatement};
use crate::object::{Str, Value};
use crate::sql::elements::{Annotations, ColumnElement, Function, Name, ProxyData};
use crate::sql::schema::Table;
use crate::sql::types::SqlType;

/// An element of a FROM list.
#[derive(Clone)]
pub enum FromClause {
    /// A table of a `MetaData`.
    Table(Rc<Table>),
    /// `table("t", column("x"))`.
    TableClause(Rc<TableClause>),
    /// An alias, a subquery, a CTE, LATERAL, TABLESAMPLE, a table-valued alias.
    Alias(Rc<Alias>),
    /// A join.
    Join(Rc<Join>),
    /// `VALUES ..`.
    Values(Rc<Values>),
    /// A function called in FROM.
    Function(Rc<Function>),
    /// `text()` given to `select_from()`.
    Text(Rc<TextClause>),
    /// An element in parentheses: a join on the right side of a join.
    Grouping(Rc<Self>),
    /// An element with annotations.
    Annotated(Rc<AnnotatedFrom>),
}

/// A FROM element with annotations; in every other respect it is the element.
pub struct AnnotatedFrom {
    /// The element, itself never annotated.
    pub element: FromClause,
    /// What is noted.
    pub annotations: Annotations,
}

/// `table("t", ...)`.
pub struct TableClause {
    /// Its name.
    pub name: Str,
    /// Its schema.
    pub schema: Option<Str>,
    /// Its columns, by key; each knows the table by its own handle of it.
    pub columns: Vec<(Str, SqlType)>,
    /// The columns as elements, made at the first use.
    pub made: OnceCell<Vec<Rc<ProxyData>>>,
}

/// The columns of an alias.
pub struct AliasColumns {
    /// By key, in order.
    pub entries: Vec<(Str, Rc<ProxyData>)>,
}

/// What an alias is an alias of.
#[derive(Clone)]
pub enum AliasedElement {
    /// A FROM element.
    From(FromClause),
    /// A statement.
    Select(SelectStatement),
}

/// What kind of alias.
#[derive(Clone)]
pub enum AliasKind {
    /// `x AS name`.
    Alias,
    /// `(SELECT ..) AS name`.
    Subquery,
    /// `LATERAL (SELECT ..) AS name`.
    Lateral,
    /// `x AS name TABLESAMPLE method(arg)`.
    TableSample {
        /// The sampling function.
        sampling: ColumnElement,
        /// `REPEATABLE`.
        seed: Option<ColumnElement>,
    },
    /// `function(..) AS name`.
    TableValued {
        /// `render_derived()`: whether columns are listed behind the name.
        render_derived: bool,
        /// Whether with their types.
        with_types: bool,
        /// `joins_implicitly`.
        joins_implicitly: bool,
        /// Whether the alias stands for one column of the same name (`column_valued()`).
        lateral: bool,
    },
    /// `WITH name AS (..)`.
    Cte(CteKind),
}

/// What is particular to a CTE.
#[derive(Clone, Default)]
pub struct CteKind {
    /// `WITH RECURSIVE`.
    pub recursive: bool,
    /// Whether it is rendered where it is used.
    pub nesting: bool,
    /// The CTE that this one aliases.
    pub alias_of: Option<Rc<Alias>>,
    /// The CTE that this one replaces (`.union()` of a recursive one).
    pub restates: Option<Rc<Alias>>,
    /// `prefix_with()`: in front of the statement.
    pub prefixes: Vec<(ColumnElement, Option<Str>)>,
    /// `suffix_with()`: behind it.
    pub suffixes: Vec<(ColumnElement, Option<Str>)>,
}

/// An alias of any kind.
pub struct Alias {
    /// What kind.
    pub kind: AliasKind,
    /// Of what.
    pub element: AliasedElement,
    /// Its name.
    pub name: Name,
    /// Its columns, found at the first use.
    pub columns: OnceCell<AliasColumns>,
    /// Annotations and the like that the ORM keeps by name.
    pub notes: Vec<(Str, Value)>,
}

/// `left JOIN right ON onclause`.
pub struct Join {
    /// Left side.
    pub left: FromClause,
    /// Right side.
    pub right: FromClause,
    /// The condition.
    pub onclause: Option<ColumnElement>,
    /// `LEFT OUTER`.
    pub isouter: bool,
    /// `FULL`.
    pub full: bool,
}

/// `values(..).data(..)`.
#[derive(Clone)]
pub struct Values {
    /// Its columns: name and type.
    pub columns: Vec<(Str, SqlType)>,
    /// The columns as elements.
    pub proxies: Vec<Rc<ProxyData>>,
    /// Its name.
    pub name: Name,
    /// Whether the name was given.
    pub named: bool,
    /// The rows.
    pub data: Vec<Vec<Value>>,
    /// Whether values are rendered inline.
    pub literal_binds: bool,
    /// Whether it is LATERAL.
    pub lateral: bool,
}

/// `text("..")`.
#[derive(Clone)]
pub struct TextClause {
    /// The text, with `:name` where a bind goes.
    pub text: Str,
    /// The binds by name, those that `bindparams()` described among them.
    pub binds: Vec<(Str, Rc<crate::sql::elements::BindParameter>)>,
}

/// What was given where FROM elements go: perhaps an ORM entity.
#[derive(Clone)]
pub enum FromItem {
    /// A FROM element.
    From(FromClause),
    /// An ORM entity.
    Entity(Rc<dyn crate::sql::Entity>),
}

impl FromClause {
    /// The element without its annotations.
    pub fn plain(&self) -> &Self {
        match self {
            Self::Annotated(annotated) => &annotated.element,
            _ => self,
        }
    }
    /// What identifies it.
    pub fn identity(&self) -> usize {
        match self {
            Self::Table(node) => Rc::as_ptr(node) as usize,
            Self::TableClause(node) => Rc::as_ptr(node) as usize,
            Self::Alias(node) => Rc::as_ptr(node) as usize,
            Self::Join(node) => Rc::as_ptr(node) as usize,
            Self::Values(node) => Rc::as_ptr(node) as usize,
            Self::Function(node) => Rc::as_ptr(node) as usize,
            Self::Text(node) => Rc::as_ptr(node) as usize,
            Self::Grouping(node) => Rc::as_ptr(node) as usize,
            Self::Annotated(node) => node.element.identity(),
        }
    }
    /// Whether two handles are of the same element.
    pub fn same(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl AliasedElement {
    /// The SELECT it is of, if it is one.
    pub fn select(&self) -> Option<&Select> {
        match self {
            Self::Select(SelectStatement::Select(select)) => Some(select),
            _ => None,
        }
    }
}
