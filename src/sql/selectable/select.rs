//! The statements that return rows: SELECT, compounds of it, and textual ones.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use super::{Alias, FromClause, FromItem, TextClause};
use crate::object::{Str, Value};
use crate::sql::Entity;
use crate::sql::dml::{Delete, Insert, Update};
use crate::sql::elements::ColumnElement;
use crate::sql::executable::Executable;

/// What was given to `select()`.
#[derive(Clone)]
pub enum SelectItem {
    /// An expression.
    Column(ColumnElement),
    /// A FROM element: all its columns.
    From(FromClause),
    /// An ORM entity.
    Entity(Rc<dyn Entity>),
}

/// The target of a join.
#[derive(Clone)]
pub enum JoinTarget {
    /// A FROM element.
    From(FromClause),
    /// An ORM entity.
    Entity(Rc<dyn Entity>),
    /// A relationship attribute, `User.addresses`.
    Attribute(Value),
}

/// The condition of a join.
#[derive(Clone)]
pub enum OnClause {
    /// An expression.
    Expression(ColumnElement),
    /// A relationship attribute.
    Attribute(Value),
}

/// One `join()` of a SELECT.
#[derive(Clone)]
pub struct SetupJoin {
    /// What is joined.
    pub target: JoinTarget,
    /// On what, where it was said.
    pub onclause: Option<OnClause>,
    /// From where, where it was said (`join_from()`).
    pub left: Option<FromItem>,
    /// `LEFT OUTER`.
    pub isouter: bool,
    /// `FULL`.
    pub full: bool,
    /// What 1.4's `Query.join()` says besides.
    pub legacy: Option<LegacyJoin>,
}

/// How 1.4's `Query.join()` joins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LegacyJoin {
    /// `aliased=True`.
    pub aliased: bool,
    /// Whether it goes on from where the join before it led.
    pub from_joinpoint: bool,
    /// The number of the aliases it makes; 0 for none.
    pub generation: u32,
}

/// What was selected before other columns were put in, and what was joined to it.
pub struct MemoizedEntities {
    /// What was given to `select()`.
    pub raw_columns: Vec<SelectItem>,
    /// `join()`s.
    pub setup_joins: Vec<SetupJoin>,
    /// `options()`.
    pub options: Vec<Value>,
}

/// How columns are labelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[expect(missing_docs, reason = "the names are SQLAlchemy's")]
pub enum LabelStyle {
    None,
    TablenamePlusCol,
    #[default]
    DisambiguateOnly,
    /// `Query`'s own, which stands for table-plus-column.
    LegacyOrm,
}

/// `FETCH FIRST n ROWS ..`.
#[derive(Clone)]
pub struct Fetch {
    /// How many.
    pub count: ColumnElement,
    /// `WITH TIES`.
    pub with_ties: bool,
    /// `PERCENT`.
    pub percent: bool,
}

/// `FOR UPDATE`.
#[derive(Clone, Default)]
pub struct ForUpdate {
    /// `FOR SHARE`.
    pub read: bool,
    /// `NOWAIT`.
    pub nowait: bool,
    /// `SKIP LOCKED`.
    pub skip_locked: bool,
    /// `KEY SHARE` / `NO KEY UPDATE`.
    pub key_share: bool,
    /// `OF`.
    pub of: Vec<SelectItem>,
}

/// A SELECT; a cheap handle, every method of which that changes something makes a new one.
#[derive(Clone)]
pub struct Select(pub(in crate::sql) Rc<SelectData>);

/// What a SELECT consists of.
#[derive(Clone, Default)]
pub struct SelectData {
    /// What was given to `select()`.
    pub raw_columns: Vec<SelectItem>,
    /// `select_from()`.
    pub from_obj: Vec<FromItem>,
    /// `join()`s.
    pub setup_joins: Vec<SetupJoin>,
    /// What was selected and joined before other columns were put in.
    pub memoized: Vec<Rc<MemoizedEntities>>,
    /// `where()`.
    pub where_criteria: Vec<ColumnElement>,
    /// `having()`.
    pub having_criteria: Vec<ColumnElement>,
    /// `group_by()`.
    pub group_by: Vec<ColumnElement>,
    /// `order_by()`.
    pub order_by: Vec<ColumnElement>,
    /// `distinct()`.
    pub distinct: bool,
    /// `distinct(x)`.
    pub distinct_on: Vec<ColumnElement>,
    /// `limit()`.
    pub limit: Option<ColumnElement>,
    /// `offset()`.
    pub offset: Option<ColumnElement>,
    /// `fetch()`.
    pub fetch: Option<Fetch>,
    /// `with_for_update()`.
    pub for_update: Option<Rc<ForUpdate>>,
    /// `correlate()`; `Some(empty)` is `correlate(None)`.
    pub correlate: Option<Vec<FromItem>>,
    /// `correlate_except()`.
    pub correlate_except: Option<Vec<FromItem>>,
    /// `prefix_with()`.
    pub prefixes: Vec<(ColumnElement, Option<Str>)>,
    /// `suffix_with()`.
    pub suffixes: Vec<(ColumnElement, Option<Str>)>,
    /// `with_statement_hint()`.
    pub statement_hints: Vec<(Str, Str)>,
    /// `with_hint()`.
    pub hints: Vec<(FromClause, Str, Str)>,
    /// `set_label_style()`.
    pub label_style: LabelStyle,
    /// `add_cte()`.
    pub independent_ctes: Vec<Rc<Alias>>,
    /// `from_statement()`: the statement whose rows are taken for the entities selected.
    pub from_statement: Option<Rc<Executable>>,
    /// `options()`: loader options of the ORM.
    pub options: Vec<Value>,
    /// `execution_options()`.
    pub execution_options: Vec<(Str, Value)>,
    /// The ORM entity whose plugin compiles it.
    pub subject: Option<Rc<dyn Entity>>,
    /// What the ORM keeps with a statement of its own making (its compile options).
    pub compile_options: Option<Rc<dyn Any>>,
    /// 1.4's `statement.bind = engine`.
    pub bind: RefCell<Option<Value>>,
}

/// Which set operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are SQL's")]
pub enum CompoundKeyword {
    Union,
    UnionAll,
    Except,
    ExceptAll,
    Intersect,
    IntersectAll,
}

/// `a UNION b`; a cheap handle.
#[derive(Clone)]
pub struct CompoundSelect(pub(in crate::sql) Rc<CompoundData>);

/// What a compound consists of.
#[derive(Clone)]
pub struct CompoundData {
    /// Which operation.
    pub keyword: CompoundKeyword,
    /// The members.
    pub selects: Vec<SelectStatement>,
    /// What applies to the whole: of these only order_by, group_by, limit, offset, fetch,
    /// for_update, label_style, options, execution_options and independent_ctes are used.
    pub outer: SelectData,
}

/// `text("select ..").columns(..)`.
pub struct TextualSelect {
    /// The text.
    pub element: Rc<TextClause>,
    /// Its columns.
    pub columns: Vec<ColumnElement>,
    /// Whether they match by position.
    pub positional: bool,
}

/// A statement that can be a subquery, a CTE, or a member of a compound.
#[derive(Clone)]
pub enum SelectStatement {
    /// SELECT.
    Select(Select),
    /// A compound.
    Compound(CompoundSelect),
    /// Textual.
    Textual(Rc<TextualSelect>),
    /// INSERT .. RETURNING, as a CTE.
    Insert(Insert),
    /// UPDATE .. RETURNING, as a CTE.
    Update(Update),
    /// DELETE .. RETURNING, as a CTE.
    Delete(Delete),
    /// A statement in parentheses: a member of a compound.
    Grouping(Rc<Self>),
}
