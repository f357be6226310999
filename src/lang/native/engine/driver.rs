//! The driver's connection and cursor, as a listener of `connect` is given them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::engine::dbapi;
use crate::engine::driver::{DriverCursor, ParameterSet};
use crate::engine::{Lease, PoolEntry};
use crate::object::types::OBJECT;
use crate::object::{Cx, Members, Object, Result, Str, TypeSpec, Value};

/// `sqlite3.Connection`.
pub static DRIVER_CONNECTION: TypeSpec = TypeSpec::new("sqlite3", "Connection")
    .bases(&[&OBJECT])
    .members(connection_members);
static DRIVER_CURSOR: TypeSpec = TypeSpec::new("sqlite3", "Cursor")
    .bases(&[&OBJECT])
    .members(cursor_members);

static FAIRY: TypeSpec =
    TypeSpec::new("sqlalchemy.pool.base", "_ConnectionFairy").bases(&[&DRIVER_CONNECTION]);

/// A connection of the driver, by itself or as the pool hands it out.
pub struct DriverConnectionObject {
    entry: PoolEntry,
    /// What `close()` gives back, where the pool handed it out.
    lease: RefCell<Option<Rc<Lease>>>,
    proxied: bool,
}

impl DriverConnectionObject {
    /// The connection itself.
    pub fn new(entry: PoolEntry) -> Self {
        Self {
            entry,
            lease: RefCell::default(),
            proxied: false,
        }
    }
    /// The connection of an open `Connection`.
    pub fn of_connection(entry: PoolEntry) -> Self {
        Self {
            entry,
            lease: RefCell::default(),
            proxied: true,
        }
    }
    /// A connection out of the pool.
    pub fn of_lease(lease: Rc<Lease>) -> Self {
        Self {
            entry: lease.entry().clone(),
            lease: RefCell::new(Some(lease)),
            proxied: true,
        }
    }
    fn close(&self) {
        if let Some(lease) = self.lease.take() {
            lease.release(true);
        }
    }
}

impl Drop for DriverConnectionObject {
    fn drop(&mut self) {
        self.close();
    }
}

/// A new cursor of the connection of `entry`.
pub fn cursor_value(entry: &PoolEntry) -> Value {
    Value::object(Cursor::new(entry))
}

/// A cursor of the driver.
struct Cursor {
    entry: PoolEntry,
    rows: RefCell<Option<Box<dyn DriverCursor>>>,
    /// The names of the columns of the statement that ran last.
    columns: RefCell<Vec<Str>>,
    rowcount: Cell<i64>,
    lastrowid: Cell<Option<i64>>,
}

impl Cursor {
    fn new(entry: &PoolEntry) -> Self {
        Self {
            entry: entry.clone(),
            rows: RefCell::default(),
            columns: RefCell::default(),
            rowcount: Cell::new(-1),
            lastrowid: Cell::new(None),
        }
    }
    fn execute(&self, sql: &Value, parameters: &Value, cx: &Cx) -> Result<()> {
        let Value::Str(sql) = sql else {
            return Err(
                crate::object::exceptions::TYPE_ERROR.error("execute() argument 1 must be str")
            );
        };
        *self.rows.borrow_mut() = None;
        let executed = match parameters {
            Value::Dict(dict) => self
                .entry
                .driver
                .execute(sql, ParameterSet::Named(dict), cx)?,
            Value::None | Value::Undefined => {
                self.entry
                    .driver
                    .execute(sql, ParameterSet::Positional(&[]), cx)?
            }
            Value::List(_) | Value::Tuple(_) => {
                let values = cx.collect(parameters)?;
                self.entry
                    .driver
                    .execute(sql, ParameterSet::Positional(&values), cx)?
            }
            _ => return Err(dbapi::PROGRAMMING_ERROR.error("parameters are of unsupported type")),
        };
        self.rowcount.set(executed.rowcount);
        self.lastrowid.set(executed.lastrowid);
        *self.columns.borrow_mut() = executed
            .cursor
            .as_ref()
            .map_or_else(Vec::new, |cursor| cursor.columns().to_vec());
        *self.rows.borrow_mut() = executed.cursor;
        Ok(())
    }
    fn fetch(&self, cx: &Cx) -> Result<Option<Value>> {
        let Some(mut rows) = self.rows.borrow_mut().take() else {
            return Ok(None);
        };
        let mut row = Vec::new();
        if !rows.fetch(&mut row, cx)? {
            return Ok(None);
        }
        *self.rows.borrow_mut() = Some(rows);
        Ok(Some(Value::tuple(row)))
    }
    fn fetch_all(&self, cx: &Cx) -> Result<Value> {
        let mut rows = Vec::new();
        while let Some(row) = self.fetch(cx)? {
            rows.push(row);
        }
        Ok(Value::list(rows))
    }
}

fn connection_members(members: &mut Members) {
    members
        .method("cursor()", |connection: &DriverConnectionObject, _, _| {
            Ok(Value::object(Cursor::new(&connection.entry)))
        })
        .method(
            "execute(sql, parameters=None)",
            |connection: &DriverConnectionObject, bound, cx| {
                let cursor = Cursor::new(&connection.entry);
                cursor.execute(bound.value("sql"), bound.value("parameters"), cx)?;
                Ok(Value::object(cursor))
            },
        )
        .method("commit()", |connection: &DriverConnectionObject, _, cx| {
            connection.entry.driver.commit(cx).map(|()| Value::None)
        })
        .method(
            "rollback()",
            |connection: &DriverConnectionObject, _, cx| {
                connection.entry.driver.rollback(cx).map(|()| Value::None)
            },
        )
        .method("close()", |_: &DriverConnectionObject, _, _| {
            Ok(Value::None)
        })
        .getter("info", |connection: &DriverConnectionObject, _| {
            if !connection.proxied {
                return Err(crate::object::exceptions::ATTRIBUTE_ERROR
                    .error("'sqlite3.Connection' object has no attribute 'info'"));
            }
            Ok(Value::Dict(connection.entry.info.clone()))
        })
        .getter("isolation_level", |_: &DriverConnectionObject, _| {
            Ok("".into())
        })
        .getter(
            "dbapi_connection",
            |connection: &DriverConnectionObject, _| {
                Ok(Value::object(DriverConnectionObject::new(
                    connection.entry.clone(),
                )))
            },
        )
        .getter(
            "driver_connection",
            |connection: &DriverConnectionObject, _| {
                Ok(Value::object(DriverConnectionObject::new(
                    connection.entry.clone(),
                )))
            },
        );
}

fn cursor_members(members: &mut Members) {
    members
        .method_on_value("execute(sql, parameters=None)", |this, bound, cx| {
            if let Some(cursor) = this.downcast::<Cursor>() {
                cursor.execute(bound.value("sql"), bound.value("parameters"), cx)?;
            }
            Ok(this.clone())
        })
        .method("fetchone()", |cursor: &Cursor, _, cx| {
            Ok(cursor.fetch(cx)?.unwrap_or(Value::None))
        })
        .method_on_value("executemany(sql, seq_of_parameters)", |this, bound, cx| {
            if let Some(cursor) = this.downcast::<Cursor>() {
                for parameters in cx.collect(bound.value("seq_of_parameters"))? {
                    cursor.execute(bound.value("sql"), &parameters, cx)?;
                }
            }
            Ok(this.clone())
        })
        .method("fetchmany(size=1)", |cursor: &Cursor, bound, cx| {
            let size = bound.some("size").and_then(Value::as_int).unwrap_or(1);
            let mut rows = Vec::new();
            for _ in 0..size {
                match cursor.fetch(cx)? {
                    Some(row) => rows.push(row),
                    None => break,
                }
            }
            Ok(Value::list(rows))
        })
        .method("fetchall()", |cursor: &Cursor, _, cx| cursor.fetch_all(cx))
        .method("close()", |cursor: &Cursor, _, _| {
            *cursor.rows.borrow_mut() = None;
            Ok(Value::None)
        })
        .getter("rowcount", |cursor: &Cursor, _| {
            Ok(Value::Int(cursor.rowcount.get()))
        })
        .getter("lastrowid", |cursor: &Cursor, _| {
            Ok(cursor.lastrowid.get().into())
        })
        .getter("description", |cursor: &Cursor, _| {
            let columns = cursor.columns.borrow();
            if columns.is_empty() {
                return Ok(Value::None);
            }
            let columns = columns.iter().map(|name| {
                let mut description = vec![Value::None; 7];
                if let Some(first) = description.first_mut() {
                    *first = Value::Str(name.clone());
                }
                Value::tuple(description)
            });
            Ok(Value::tuple(columns.collect()))
        });
}

impl Object for DriverConnectionObject {
    fn spec(&self) -> &'static TypeSpec {
        if self.proxied {
            &FAIRY
        } else {
            &DRIVER_CONNECTION
        }
    }
    fn identity(&self) -> Option<usize> {
        Some(Rc::as_ptr(&self.entry.driver).cast::<u8>() as usize)
    }
    fn set_attr(&self, name: &str, value: &Value, cx: &Cx) -> Result<bool> {
        if name != "isolation_level" {
            return Ok(false);
        }
        let level = if value.is_none() {
            "AUTOCOMMIT"
        } else {
            "SERIALIZABLE"
        };
        self.entry.driver.set_isolation(level, cx)?;
        Ok(true)
    }
}

impl Object for Cursor {
    fn spec(&self) -> &'static TypeSpec {
        &DRIVER_CURSOR
    }
    fn iter(&self, this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        Ok(Some(this.clone()))
    }
    fn is_iterator(&self) -> bool {
        true
    }
    fn next(&self, cx: &Cx) -> Result<Option<Value>> {
        self.fetch(cx)
    }
}
