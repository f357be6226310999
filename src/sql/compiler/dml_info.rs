//! What is found out when an INSERT, UPDATE or DELETE is compiled, for its execution.

use std::rc::Rc;

use crate::engine::StatementKind;
use crate::object::Str;
use crate::sql::schema::{Column, Table};
use crate::sql::selectable::FromClause;

/// What is known of a compiled INSERT, UPDATE or DELETE for its execution.
#[derive(Clone)]
pub struct DmlInfo {
    /// Which one.
    pub kind: StatementKind,
    /// The table.
    pub table: Option<Rc<Table>>,
    /// Columns whose Python-side default is called per row, each with its bind.
    pub prefetch: Vec<(Rc<Column>, u32)>,
    /// Columns that the database fills.
    pub postfetch: Vec<Rc<Column>>,
    /// Columns returned without having been asked for by the application.
    pub implicit_returning: Vec<Rc<Column>>,
    /// Whether the driver's last row id is the primary key.
    pub postfetch_lastrowid: bool,
    /// Whether the application asked for RETURNING.
    pub explicit_returning: bool,
    /// Whether rows are returned at all.
    pub returns_rows: bool,
    /// `inline()`, or INSERT from SELECT.
    pub inline: bool,
    /// The keys of `values([..])` of several rows, whose binds are named `key_m0`, `key_m1`, ..
    pub multi_keys: Vec<Str>,
    /// Columns set by a bind, each with it.
    pub column_binds: Vec<(Rc<Column>, u32)>,
    /// The binds that values of `values()` became, each with the place of the value in there.
    pub value_binds: Vec<(usize, u32)>,
    /// Where the text of one row of VALUES starts and ends, for batches.
    pub row_span: Option<((usize, usize), (usize, usize))>,
    /// Whether rows must come back in the order of the parameters.
    pub ordered: bool,
    /// The binds of the columns that tell which row belongs to which parameters; those columns
    /// are the last ones returned.
    pub sentinels: Option<Vec<u32>>,
}

impl DmlInfo {
    pub(super) fn new(kind: StatementKind, table: &FromClause) -> Self {
        Self {
            kind,
            table: match table.plain() {
                FromClause::Table(table) => Some(table.clone()),
                _ => None,
            },
            prefetch: Vec::new(),
            postfetch: Vec::new(),
            implicit_returning: Vec::new(),
            postfetch_lastrowid: false,
            explicit_returning: false,
            returns_rows: false,
            inline: false,
            multi_keys: Vec::new(),
            column_binds: Vec::new(),
            value_binds: Vec::new(),
            row_span: None,
            ordered: false,
            sentinels: None,
        }
    }
}
