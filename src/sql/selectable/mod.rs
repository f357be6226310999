//! FROM elements and the statements that return rows.

mod alias;
mod columns;
mod from_clause;
mod generative;
mod join;
mod select;
mod state;
mod text;

pub use columns::{ColumnPlusNames, KeyNaming, columns_plus_names, plain_proxies};
pub use from_clause::{
    Alias, AliasColumns, AliasKind, AliasedElement, AnnotatedFrom, CteKind, FromClause, FromItem,
    Join, TableClause, TextClause, Values,
};
pub use generative::{make_slice, namespace_attribute, namespace_text};
pub use join::{
    can_join, find_left_clause_that_matches, find_left_clause_to_join_from, join_condition,
    join_condition_by_keys,
};
pub use select::{
    CompoundData, CompoundKeyword, CompoundSelect, Fetch, ForUpdate, JoinTarget, LabelStyle,
    LegacyJoin, MemoizedEntities, OnClause, Select, SelectData, SelectItem, SelectStatement,
    SetupJoin, TextualSelect,
};
pub use state::{SelectState, columns_of_froms, from_of, normalize_froms};
