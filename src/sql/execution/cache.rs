//! The compiled statements that an engine keeps.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use rustc_hash::{FxHashMap, FxHashSet};

use super::parameters::ParameterSets;
use super::prepared::Prepared;
use crate::engine::echo::StatsKind;
use crate::engine::{Connection, ExecutionOptions};
use crate::object::{Cx, Result, Str, Value};
use crate::sql::cache_key::{CacheKey, KeyedStatement, cache_key};
use crate::sql::compiler::Compiled;
use crate::sql::dialects::Dialect;
use crate::sql::dml::{BoundValue, DmlData};
use crate::sql::elements::{BindParameter, BindValue};
use crate::sql::executable::Executable;

/// What a compiled statement is found by.
#[derive(PartialEq, Eq, Hash)]
struct EntryKey {
    structure: CacheKey,
    /// The names that the parameters gave, sorted.
    names: Vec<Str>,
    many: bool,
    translated: Option<Rc<Vec<(Option<Str>, Option<Str>)>>>,
}

struct Entry {
    prepared: Rc<Prepared>,
    /// Where each bind stands among those of the key.
    positions: Rc<[Option<usize>]>,
    /// Kept, since the key knows parts of it by address.
    _statement: Executable,
    made: Instant,
    used: u64,
}

/// The compiled statements of an engine, those used last.
#[derive(Default)]
pub(super) struct StatementCache(RefCell<Entries>);

#[derive(Default)]
struct Entries {
    by_key: FxHashMap<EntryKey, Entry>,
    clock: u64,
}

/// A compiled statement for one execution.
pub(super) struct Found {
    pub prepared: Rc<Prepared>,
    pub stats: StatsKind,
    /// The values of the binds by number, where they are those of another statement than the one
    /// that was compiled.
    pub own: Option<Vec<Value>>,
}

impl StatementCache {
    /// The compiled form of `statement`, from the cache of the connection's engine if it is there.
    pub fn prepared(
        connection: &Connection,
        statement: &Executable,
        sets: &ParameterSets,
        options: &ExecutionOptions,
        dialect: &Rc<Dialect>,
        cx: &Cx,
    ) -> Result<Found> {
        let start = Instant::now();
        let size = connection.engine().query_cache_size();
        let disabled = size <= 0 || matches!(options.get("compiled_cache"), Some(Value::None));
        let keyed = if disabled {
            None
        } else {
            cache_key(statement, cx)
        };
        let Some(keyed) = keyed else {
            let prepared = Rc::new(super::prepare(statement, sets, dialect, cx)?);
            let seconds = start.elapsed().as_secs_f64();
            let stats = if disabled {
                StatsKind::CachingDisabled(seconds)
            } else {
                StatsKind::NoKey(seconds)
            };
            return Ok(Found {
                prepared,
                stats,
                own: None,
            });
        };
        let mut names = sets.keys();
        names.sort_unstable();
        let KeyedStatement { key, binds } = keyed;
        let key = EntryKey {
            structure: key,
            names,
            many: sets.len() > 1,
            translated: dialect.schema_translate_map.clone(),
        };
        let cache = connection.engine().extra::<Self>();
        if let Some((prepared, positions, since)) = cache.find(&key) {
            // The value of a bind may take a statement of its own to tell.
            let mut own = prepared.values_of(&positions, &binds, cx)?;
            if let Some(data) = dml_data(statement) {
                take_values(data, &prepared, &mut own, cx)?;
            }
            return Ok(Found {
                prepared,
                stats: StatsKind::CachedSince(since),
                own: Some(own),
            });
        }
        let prepared = Rc::new(super::prepare(statement, sets, dialect, cx)?);
        let positions = prepared.compiled().bind_positions(&binds);
        if all_placed(prepared.compiled(), &binds, &positions, dml_data(statement)) {
            let entry = Entry {
                positions: positions.into(),
                prepared: prepared.clone(),
                _statement: statement.clone(),
                made: Instant::now(),
                used: cache.0.borrow().clock,
            };
            cache.keep(key, entry, usize::try_from(size).unwrap_or(500));
        }
        Ok(Found {
            prepared,
            stats: StatsKind::GeneratedIn(start.elapsed().as_secs_f64()),
            own: None,
        })
    }

    /// What is known of the statement, and since how many seconds.
    fn find(&self, key: &EntryKey) -> Option<(Rc<Prepared>, Rc<[Option<usize>]>, f64)> {
        let mut entries = self.0.borrow_mut();
        entries.clock += 1;
        let clock = entries.clock;
        let entry = entries.by_key.get_mut(key)?;
        entry.used = clock;
        let since = entry.made.elapsed().as_secs_f64();
        Some((entry.prepared.clone(), entry.positions.clone(), since))
    }

    fn keep(&self, key: EntryKey, entry: Entry, size: usize) {
        let mut entries = self.0.borrow_mut();
        entries.by_key.insert(key, entry);
        if entries.by_key.len() <= size + size / 2 {
            return;
        }
        let mut uses: Vec<u64> = entries.by_key.values().map(|entry| entry.used).collect();
        uses.sort_unstable_by(|a, b| b.cmp(a));
        let oldest = uses[size.min(uses.len() - 1)];
        entries.by_key.retain(|_, entry| entry.used > oldest);
    }
}

fn dml_data(statement: &Executable) -> Option<&DmlData> {
    match statement {
        Executable::Insert(insert) => Some(insert.data()),
        Executable::Update(update) => Some(update.data()),
        Executable::Delete(delete) => Some(delete.data()),
        _ => None,
    }
}

/// Whether each bind of a statement is found again in its compiled form, and each bind of that in
/// the statement: a bind that was copied on the way would keep its value.
fn all_placed(
    compiled: &Compiled,
    binds: &[Rc<BindParameter>],
    positions: &[Option<usize>],
    data: Option<&DmlData>,
) -> bool {
    let values = compiled.dml().map_or(&[][..], |info| &info.value_binds);
    let known = compiled.binds.iter().zip(positions).enumerate();
    let all_known = known.into_iter().all(|(number, (known, position))| {
        position.is_some()
            || known.constant
            || matches!(known.bind.value, BindValue::None)
            || values.iter().any(|(_, bind)| *bind as usize == number)
    });
    let mut placed: FxHashSet<*const BindParameter> = positions
        .iter()
        .flatten()
        .map(|at| Rc::as_ptr(&binds[*at]))
        .collect();
    for at in 0..data.map_or(0, |data| data.values.len()) {
        if let Some(BoundValue::Bind(bind)) = data.and_then(|data| data.bound_value(at)) {
            placed.insert(Rc::as_ptr(bind));
        }
    }
    all_known && binds.iter().all(|bind| placed.contains(&Rc::as_ptr(bind)))
}

/// Put the values of `values()` where their binds are.
fn take_values(data: &DmlData, prepared: &Prepared, own: &mut [Value], cx: &Cx) -> Result<()> {
    let binds = prepared.dml().map_or(&[][..], |info| &info.value_binds);
    for (at, bind) in binds {
        let value = match data.bound_value(*at) {
            Some(BoundValue::Plain(value)) => value.clone(),
            Some(BoundValue::Bind(bind)) => bind.effective_value(cx)?,
            None => continue,
        };
        if let Some(slot) = own.get_mut(*bind as usize) {
            *slot = value;
        }
    }
    Ok(())
}
