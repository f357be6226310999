//! SQLite connections with the transaction behaviour of Python's `sqlite3`: a BEGIN of its own
//! before data is changed, none before SELECT or DDL.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::atomic::Ordering;

use regex::Regex;
use rusqlite::config::DbConfig;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::{Connection, OpenFlags};

use super::sqlite_bind::{bind, read};
use super::sqlite_cache::{Prepared, Running, StatementCache, skip_comments};
use super::sqlite_error::raise;
use super::sqlite_names::with_near_name;
use super::{DriverConnection, DriverCursor, Executed, ParameterSet, SetStream};
use crate::engine::{ValueRows, dbapi};
use crate::object::{Cx, Result, Str, Value};

/// How many steps of SQLite's machine run between looks at the Ctrl-C flag.
const STEPS_BETWEEN_CHECKS: i32 = 20_000;

/// Where and how to open a database.
pub struct OpenOptions {
    /// The file, or `:memory:`; a URI where `uri` is set.
    pub database: String,
    /// Whether `database` is a `file:` URI.
    pub uri: bool,
    /// How long to wait for a lock, in seconds.
    pub timeout: f64,
    /// The mode in which transactions begin; `None` never begins one.
    pub isolation_level: Option<String>,
}

/// A connection to a SQLite database.
pub struct SqliteConnection {
    shared: Rc<Shared>,
}

struct Shared {
    connection: RefCell<Rc<Connection>>,
    cache: StatementCache,
    /// The statement that opens a transaction before data is changed; `None` in autocommit.
    begin: RefCell<Option<Str>>,
    default_begin: Option<Str>,
    read_uncommitted: Cell<bool>,
}

impl SqliteConnection {
    /// Open a database.
    pub fn open(options: &OpenOptions, cx: &Cx) -> Result<Self> {
        // A connection stays in its thread, and needs no locks.
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if options.uri {
            flags |= OpenFlags::SQLITE_OPEN_URI;
        }
        let failed = |error| raise(error, cx);
        let mut connection =
            Connection::open_with_flags(&options.database, flags).map_err(|error| {
                let raised = raise(error, cx);
                if raised.is(&dbapi::OPERATIONAL_ERROR) {
                    dbapi::OPERATIONAL_ERROR.error("unable to open database file")
                } else {
                    raised
                }
            })?;
        let wait = std::time::Duration::try_from_secs_f64(options.timeout).unwrap_or_default();
        connection.busy_timeout(wait).map_err(failed)?;
        // As CPython builds SQLite: foreign keys unchecked until a PRAGMA asks for them.
        connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false)
            .map_err(failed)?;
        // Plans independent of bound values, so that binding never prepares a statement again.
        connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
            .map_err(failed)?;
        let interrupt = cx.interrupt_flag();
        connection
            .progress_handler(
                STEPS_BETWEEN_CHECKS,
                Some(move || interrupt.load(Ordering::Relaxed)),
            )
            .map_err(failed)?;
        add_functions(&connection).map_err(failed)?;
        let default_begin = options
            .isolation_level
            .as_deref()
            .map(|level| Str::new(format!("BEGIN {level}").trim_end()));
        let shared = Rc::new(Shared {
            connection: RefCell::new(Rc::new(connection)),
            cache: StatementCache::new(),
            begin: RefCell::new(default_begin.clone()),
            default_begin,
            read_uncommitted: Cell::new(false),
        });
        if shared.is_file() {
            OPEN.with_borrow_mut(|open| {
                open.retain(|known| known.strong_count() > 0);
                open.push(Rc::downgrade(&shared));
            });
        }
        Ok(Self { shared })
    }
}

thread_local! {
    /// The connections to files that are open, for the end of the program.
    static OPEN: RefCell<Vec<Weak<Shared>>> = const { RefCell::new(Vec::new()) };
}

/// Close all connections to files, as the end of a Python program does: what is not committed is rolled
/// back, and no journal stays beside a database.
pub fn close_all() {
    for shared in OPEN.take().iter().filter_map(Weak::upgrade) {
        shared.close();
    }
}

/// Functions that SQLAlchemy's dialect adds to each connection.
fn add_functions(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("regexp", 2, flags, |context: &mut Context<'_>| {
        let pattern: Option<String> = context.get(0)?;
        let text: Option<String> = context.get(1)?;
        let (Some(pattern), Some(text)) = (pattern, text) else {
            return Ok(None);
        };
        let regex = context.get_or_create_aux(0, |_| Regex::new(&pattern))?;
        Ok(Some(regex.is_match(&text)))
    })
}

impl Shared {
    fn connection(&self) -> Rc<Connection> {
        self.connection.borrow().clone()
    }

    fn is_file(&self) -> bool {
        let connection = self.connection();
        connection.path().is_some_and(|path| !path.is_empty())
    }

    /// Let go of the database; a cursor that still runs holds on to it.
    fn close(&self) {
        self.roll_back();
        self.cache.clear();
        if let Ok(nothing) = Connection::open_in_memory() {
            drop(self.connection.replace(Rc::new(nothing)));
        }
    }

    fn roll_back(&self) {
        let connection = self.connection();
        if !connection.is_autocommit() {
            // What can't be rolled back is rolled back when the connection closes.
            drop(connection.execute_batch("ROLLBACK"));
        }
    }

    fn prepare(&self, sql: &Str, cx: &Cx) -> Result<Prepared> {
        let connection = self.connection();
        self.cache
            .take(&connection, sql)
            .map_err(|error| with_near_name(raise(error, cx), sql, &connection, cx))
    }

    /// Run a statement without parameters or rows.
    fn run(&self, sql: &Str, cx: &Cx) -> Result<()> {
        let mut prepared = self.prepare(sql, cx)?;
        let outcome = prepared.with(|statement| statement.raw_query().next().map(drop));
        self.cache.give_back(prepared);
        outcome.map_err(|error| raise(error, cx))
    }

    fn apply_isolation(&self, level: &str) -> rusqlite::Result<()> {
        *self.begin.borrow_mut() = match level {
            "AUTOCOMMIT" => None,
            _ => self
                .default_begin
                .clone()
                .or_else(|| Some(Str::new("BEGIN"))),
        };
        let uncommitted = level == "READ UNCOMMITTED";
        if uncommitted != self.read_uncommitted.replace(uncommitted) {
            let flag = u8::from(uncommitted);
            self.connection()
                .execute_batch(&format!("PRAGMA read_uncommitted = {flag}"))?;
        }
        Ok(())
    }

    fn begin_before(&self, prepared: &Prepared, cx: &Cx) -> Result<()> {
        if prepared.is_dml && self.connection().is_autocommit() {
            let begin = self.begin.borrow().clone();
            if let Some(begin) = begin {
                self.run(&begin, cx)?;
            }
        }
        Ok(())
    }

    /// Run a bound statement that returns no rows; how many rows it changed.
    fn step_once(&self, prepared: &mut Prepared, cx: &Cx) -> Result<i64> {
        let stepped = prepared.with(|statement| statement.raw_query().next().map(drop));
        stepped.map_err(|error| raise(error, cx))?;
        Ok(if prepared.is_dml { self.changes() } else { -1 })
    }

    fn changes(&self) -> i64 {
        i64::try_from(self.connection().changes()).unwrap_or(i64::MAX)
    }

    /// Bind and run, with rows read on demand.
    fn execute(
        self: &Rc<Self>,
        mut prepared: Prepared,
        set: ParameterSet<'_>,
        cx: &Cx,
    ) -> Result<Executed> {
        self.begin_before(&prepared, cx)?;
        prepared.with(|statement| bind(statement, set, cx))?;
        if prepared.columns.is_empty() {
            let outcome = self.step_once(&mut prepared, cx);
            self.cache.give_back(prepared);
            return Ok(Executed {
                cursor: None,
                rowcount: outcome?,
                lastrowid: Some(self.connection().last_insert_rowid()),
            });
        }
        let (columns, is_dml) = (prepared.columns.clone(), prepared.is_dml);
        let mut cursor = SqliteCursor {
            columns,
            is_dml,
            shared: self.clone(),
            running: Some(Running::start(prepared)),
            rowcount: if is_dml { 0 } else { -1 },
        };
        cursor.step(cx)?;
        Ok(Executed {
            rowcount: cursor.rowcount,
            lastrowid: Some(self.connection().last_insert_rowid()),
            cursor: Some(Box::new(cursor)),
        })
    }
}

impl DriverConnection for SqliteConnection {
    fn execute(&self, sql: &Str, parameters: ParameterSet<'_>, cx: &Cx) -> Result<Executed> {
        if skip_comments(sql).is_empty() {
            return Ok(Executed {
                cursor: None,
                rowcount: -1,
                lastrowid: None,
            });
        }
        let prepared = self.shared.prepare(sql, cx)?;
        self.shared.execute(prepared, parameters, cx)
    }

    fn execute_many(&self, sql: &Str, sets: &mut dyn SetStream, cx: &Cx) -> Result<Executed> {
        let mut prepared = self.shared.prepare(sql, cx)?;
        if !prepared.is_dml {
            self.shared.cache.give_back(prepared);
            return Err(
                dbapi::PROGRAMMING_ERROR.error("executemany() can only execute DML statements.")
            );
        }
        let mut rowcount = 0;
        let mut run = || -> Result<()> {
            self.shared.begin_before(&prepared, cx)?;
            while let Some(set) = sets.next() {
                prepared.with(|statement| bind(statement, set, cx))?;
                rowcount += self.shared.step_once(&mut prepared, cx)?;
            }
            Ok(())
        };
        let outcome = run();
        self.shared.cache.give_back(prepared);
        outcome?;
        Ok(Executed {
            cursor: None,
            rowcount,
            lastrowid: None,
        })
    }

    fn execute_each(&self, sql: &Str, set: &[Value], rows: &mut ValueRows, cx: &Cx) -> Result<()> {
        let mut prepared = self.shared.prepare(sql, cx)?;
        let mut run = || -> Result<()> {
            self.shared.begin_before(&prepared, cx)?;
            let columns = prepared.columns.clone();
            prepared.with(|statement| {
                bind(statement, ParameterSet::Positional(set), cx)?;
                let mut results = statement.raw_query();
                while let Some(row) = results.next().map_err(|error| raise(error, cx))? {
                    rows.push_with(|values| read_into(row, &columns, values, cx))?;
                }
                Ok(())
            })
        };
        let outcome = run();
        self.shared.cache.give_back(prepared);
        outcome
    }

    fn commit(&self, cx: &Cx) -> Result<()> {
        if self.shared.connection().is_autocommit() {
            return Ok(());
        }
        self.shared.run(&Str::new("COMMIT"), cx)
    }

    fn rollback(&self, cx: &Cx) -> Result<()> {
        if self.shared.connection().is_autocommit() {
            return Ok(());
        }
        self.shared.run(&Str::new("ROLLBACK"), cx)
    }

    fn reset(&self) {
        self.shared.roll_back();
    }

    fn reset_isolation(&self, level: &str) {
        drop(self.shared.apply_isolation(level));
    }

    fn set_isolation(&self, level: &str, cx: &Cx) -> Result<()> {
        self.shared
            .apply_isolation(level)
            .map_err(|error| raise(error, cx))
    }

    fn server_version(&self) -> (u32, u32, u32) {
        let number = rusqlite::version_number().cast_unsigned();
        (number / 1_000_000, number / 1000 % 1000, number % 1000)
    }
}

fn read_into(
    row: &rusqlite::Row<'_>,
    columns: &[Str],
    values: &mut Vec<Value>,
    cx: &Cx,
) -> Result<()> {
    values.reserve(columns.len());
    for (at, name) in columns.iter().enumerate() {
        let value = row.get_ref(at).map_err(|error| raise(error, cx))?;
        values.push(read(value, name)?);
    }
    Ok(())
}

/// The rows of a running statement, stepped one ahead as Python's cursor is.
struct SqliteCursor {
    columns: Rc<[Str]>,
    is_dml: bool,
    shared: Rc<Shared>,
    /// The statement, standing on the row to be read next; `None` behind the last.
    running: Option<Running>,
    rowcount: i64,
}

impl SqliteCursor {
    fn step(&mut self, cx: &Cx) -> Result<()> {
        let Some(running) = &mut self.running else {
            return Ok(());
        };
        match running.step() {
            Ok(true) => Ok(()),
            Ok(false) => {
                if self.is_dml {
                    self.rowcount = self.shared.changes();
                }
                self.stop();
                Ok(())
            }
            Err(error) => {
                let raised = raise(error, cx);
                self.stop();
                Err(raised)
            }
        }
    }

    fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            self.shared.cache.give_back(running.stop());
        }
    }
}

impl DriverCursor for SqliteCursor {
    fn columns(&self) -> &Rc<[Str]> {
        &self.columns
    }
    fn fetch(&mut self, row: &mut Vec<Value>, cx: &Cx) -> Result<bool> {
        row.clear();
        let Some(running) = &self.running else {
            return Ok(false);
        };
        let columns = &self.columns;
        match running.with_row(|current| read_into(current, columns, row, cx)) {
            Some(outcome) => outcome?,
            None => return Ok(false),
        }
        self.step(cx)?;
        Ok(true)
    }
    fn rowcount(&self) -> i64 {
        self.rowcount
    }
}

impl Drop for SqliteCursor {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Drop for SqliteConnection {
    fn drop(&mut self) {
        // Idle statements hold the connection open; a running cursor may outlive this handle.
        self.shared.cache.clear();
    }
}
