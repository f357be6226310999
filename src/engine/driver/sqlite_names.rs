//! Names that a statement misspelt: what the catalog of the database has that is near.

use rusqlite::Connection;

use crate::object::{Cx, Raised};

const TABLES: &str = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')";
const COLUMNS: &str = "SELECT DISTINCT c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c \
                       WHERE t.type IN ('table', 'view') AND instr(lower(?1), lower(t.name))";

/// `raised`, which `sql` ended in, with the name that the statement may have meant.
pub fn with_near_name(raised: Raised, sql: &str, connection: &Connection, cx: &Cx) -> Raised {
    let message = raised.message(cx);
    let told = |prefix: &str| message.strip_prefix(prefix);
    let (wrong, known) = if let Some(table) = told("no such table: ") {
        (table, names(connection, TABLES, &[]))
    } else if let Some(column) = told("no such column: ") {
        (column, names(connection, COLUMNS, &[&sql]))
    } else if let Some((table, column)) =
        told("table ").and_then(|rest| rest.split_once(" has no column named "))
    {
        (column, names(connection, COLUMNS, &[&table]))
    } else {
        return raised;
    };
    let wrong = wrong.rsplit('.').next().unwrap_or(wrong);
    raised.misspelt(wrong, known.iter().map(String::as_str))
}

fn names(connection: &Connection, sql: &str, parameters: &[&dyn rusqlite::ToSql]) -> Vec<String> {
    // Only an offer of help: a catalog that can't be read has nothing to offer.
    let read = || -> rusqlite::Result<Vec<String>> {
        let mut statement = connection.prepare(sql)?;
        let names = statement.query_map(parameters, |row| row.get(0))?;
        names.collect()
    };
    read().unwrap_or_default()
}
