//! FROM elements and the statements that return rows.

mod from_clause;
mod select;

pub use from_clause::{
    Alias, AliasColumns, AliasKind, AliasedElement, AnnotatedFrom, CteKind, FromClause, FromItem,
    Join, TableClause, TextClause, Values,
};
pub use select::{
    CompoundData, CompoundKeyword, CompoundSelect, Fetch, ForUpdate, JoinTarget, LabelStyle,
    OnClause, Select, SelectData, SelectItem, SelectStatement, SetupJoin, TextualSelect,
};
