//! The compiled statements of an engine, found again by the structure of a statement.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::prepared::Prepared;
use crate::object::{Cx, Result, Str, Value};
use crate::sql::BindParameter;
use crate::sql::cache_key::{CacheKey, KeyedStatement};
use crate::sql::executable::Executable;

/// The binds of a statement that runs in the compiled form of another.
pub struct KeyedBinds {
    binds: Vec<Rc<BindParameter>>,
    /// For each bind of the compiled form, its place among `binds`.
    positions: Rc<[Option<usize>]>,
}

impl KeyedBinds {
    /// The value that the statement has for bind `number`; `None`: it has none of its own.
    pub fn value(&self, number: usize, cx: &Cx) -> Result<Option<Value>> {
        let position = self.positions.get(number).copied().flatten();
        let Some(bind) = position.and_then(|at| self.binds.get(at)) else {
            return Ok(None);
        };
        let value = bind.effective_value(cx)?;
        // Whether a value must be given was decided when the form was compiled.
        Ok(Some(if value.is_undefined() {
            Value::None
        } else {
            value
        }))
    }
}

#[derive(PartialEq, Eq, Hash)]
struct EntryKey {
    key: CacheKey,
    columns: Vec<Str>,
    many: bool,
}

struct Entry {
    prepared: Rc<Prepared>,
    positions: Rc<[Option<usize>]>,
    made: Instant,
    /// Keeps alive what the key has the addresses of.
    _statement: Executable,
}

/// The cache of an engine.
#[derive(Default)]
pub struct CompiledCache {
    entries: RefCell<IndexMap<EntryKey, Entry, FxBuildHasher>>,
}

/// What the cache has for a statement.
pub enum Found {
    /// Its compiled form, the binds that it brings, and the seconds since it was compiled.
    Hit(Rc<Prepared>, KeyedBinds, f64),
    /// Nothing yet.
    Miss(Pending),
}

/// A statement on its way into the cache.
pub struct Pending {
    key: EntryKey,
    binds: Vec<Rc<BindParameter>>,
}

impl CompiledCache {
    /// Look a statement up.
    pub fn find(&self, keyed: KeyedStatement, columns: Vec<Str>, many: bool) -> Found {
        let key = EntryKey {
            key: keyed.key,
            columns,
            many,
        };
        if let Some(entry) = self.entries.borrow().get(&key) {
            let binds = KeyedBinds {
                binds: keyed.binds,
                positions: entry.positions.clone(),
            };
            let age = entry.made.elapsed().as_secs_f64();
            return Found::Hit(entry.prepared.clone(), binds, age);
        }
        Found::Miss(Pending {
            key,
            binds: keyed.binds,
        })
    }

    /// Keep a compiled statement, unless its binds can't be told from the statement's.
    pub fn keep(
        &self,
        pending: Pending,
        prepared: &Rc<Prepared>,
        statement: &Executable,
        size: usize,
    ) {
        let Some(positions) = prepared.compiled().bind_positions(&pending.binds) else {
            return;
        };
        let mut entries = self.entries.borrow_mut();
        // As SQLAlchemy's, it may grow by half before the oldest go.
        if entries.len() >= size + size / 2 {
            let extra = entries.len() - size;
            entries.drain(..extra);
        }
        entries.insert(
            pending.key,
            Entry {
                prepared: prepared.clone(),
                positions: positions.into(),
                made: Instant::now(),
                _statement: statement.clone(),
            },
        );
    }
}
