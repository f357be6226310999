//! Prepared statements, kept per connection and never cleared: clearing the bindings of a
//! statement makes SQLite prepare it again.

use std::cell::RefCell;
use std::rc::Rc;

use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;
use rusqlite::{Connection, Rows, Statement};
use rustc_hash::FxHashMap;
use self_cell::{MutBorrow, self_cell};

use crate::object::Str;

/// How many statements a connection keeps.
const CAPACITY: usize = 128;

/// A statement with the connection it belongs to.
pub struct Prepared {
    cell: PreparedCell,
    sql: Str,
    /// The names of its columns.
    pub columns: Rc<[Str]>,
    /// Whether it is INSERT, UPDATE, DELETE or REPLACE by its first word.
    pub is_dml: bool,
}

self_cell!(
    struct PreparedCell {
        owner: Rc<Connection>,
        #[covariant]
        dependent: Statement,
    }
);

self_cell!(
    struct RunningCell {
        owner: MutBorrow<Prepared>,
        #[not_covariant]
        dependent: Rows,
    }
);

impl Prepared {
    fn new(connection: &Rc<Connection>, sql: &Str) -> rusqlite::Result<Self> {
        let cell = PreparedCell::try_new(connection.clone(), |connection| connection.prepare(sql))?;
        let columns = cell.with_dependent(|_, statement| {
            statement
                .column_names()
                .map(Str::new)
                .collect::<Rc<[Str]>>()
        });
        Ok(Self {
            cell,
            sql: sql.clone(),
            columns,
            is_dml: is_dml(sql),
        })
    }
    /// Work with the statement.
    pub fn with<R>(&mut self, work: impl FnOnce(&mut Statement<'_>) -> R) -> R {
        self.cell.with_dependent_mut(|_, statement| work(statement))
    }
}

/// A statement whose rows are being read.
pub struct Running(RunningCell);

impl Running {
    /// Start `prepared`, its parameters bound.
    pub fn start(prepared: Prepared) -> Self {
        Self(RunningCell::new(MutBorrow::new(prepared), |prepared| {
            prepared
                .borrow_mut()
                .cell
                .with_dependent_mut(|_, statement| statement.raw_query())
        }))
    }
    /// Step to the next row; `false` at the end, where the statement is reset.
    pub fn step(&mut self) -> rusqlite::Result<bool> {
        self.0.with_dependent_mut(|_, rows| {
            rows.advance()?;
            Ok(rows.get().is_some())
        })
    }
    /// Look at the current row.
    pub fn with_row<R>(&self, look: impl FnOnce(&rusqlite::Row<'_>) -> R) -> Option<R> {
        self.0.with_dependent(|_, rows| rows.get().map(look))
    }
    /// Reset the statement and give it back.
    pub fn stop(self) -> Prepared {
        self.0.into_owner().into_inner()
    }
}

/// How many statements are found without hashing their text.
const RECENT: usize = 6;

/// The statements of a connection that are not running.
pub struct StatementCache {
    /// Those used last, the latest at the end.
    recent: RefCell<Vec<Prepared>>,
    idle: RefCell<FxHashMap<Str, (u64, Prepared)>>,
    clock: std::cell::Cell<u64>,
}

impl StatementCache {
    /// An empty cache.
    pub fn new() -> Self {
        Self {
            recent: RefCell::new(Vec::with_capacity(RECENT)),
            idle: RefCell::default(),
            clock: std::cell::Cell::new(0),
        }
    }
    /// The statement of `sql`, out of the cache or new.
    pub fn take(&self, connection: &Rc<Connection>, sql: &Str) -> rusqlite::Result<Prepared> {
        let mut recent = self.recent.borrow_mut();
        if let Some(at) = recent.iter().rposition(|known| known.sql == *sql) {
            return Ok(recent.remove(at));
        }
        drop(recent);
        if let Some((_, prepared)) = self.idle.borrow_mut().remove(sql) {
            return Ok(prepared);
        }
        Prepared::new(connection, sql)
    }
    /// Keep a statement for its next use.
    pub fn give_back(&self, prepared: Prepared) {
        let mut recent = self.recent.borrow_mut();
        if recent.len() < RECENT {
            recent.push(prepared);
            return;
        }
        let last = recent.remove(0);
        recent.push(prepared);
        drop(recent);
        self.lay_aside(last);
    }
    fn lay_aside(&self, prepared: Prepared) {
        let now = self.clock.get() + 1;
        self.clock.set(now);
        let mut idle = self.idle.borrow_mut();
        if idle.len() >= CAPACITY {
            // A full cache of misses costs this scan per prepare, which costs far more.
            let oldest = idle
                .iter()
                .min_by_key(|(_, (used, _))| *used)
                .map(|(sql, _)| sql.clone());
            if let Some(oldest) = oldest {
                idle.remove(&oldest);
            }
        }
        idle.insert(prepared.sql.clone(), (now, prepared));
    }
    /// Drop every statement.
    pub fn clear(&self) {
        self.recent.borrow_mut().clear();
        self.idle.borrow_mut().clear();
    }
}

/// Whether Python's driver takes `sql` for data manipulation, by its first word.
pub fn is_dml(sql: &str) -> bool {
    let rest = skip_comments(sql);
    ["insert", "update", "delete", "replace"]
        .iter()
        .any(|word| {
            rest.get(..word.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(word))
        })
}

/// `sql` without leading blanks and comments.
pub fn skip_comments(sql: &str) -> &str {
    let mut rest = sql.trim_start();
    loop {
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.split_once('\n').map_or("", |(_, rest)| rest);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, rest)| rest);
        } else {
            return rest;
        }
        rest = rest.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_decides() {
        assert!(is_dml(" -- a\n/* b */ InSert into t"));
        assert!(!is_dml("with x as (select 1) insert into t"));
        assert!(!is_dml("-- insert"));
    }
}
