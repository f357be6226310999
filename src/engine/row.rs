//! Rows: values with shared metadata that finds them by name, by index or by column.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::exc::{INVALID_REQUEST_ERROR, NO_SUCH_COLUMN_ERROR};
use crate::object::exceptions::{INDEX_ERROR, key_error};
use crate::object::{Cx, Raised, Result, Str, Tuple, Value};

/// Finds the index of a column that is given as an object: the SQL layer's and the ORM's.
pub trait ColumnLookup {
    /// The index of `key`; `None` where the row does not have it.
    fn index_of(&self, key: &Value, cx: &Cx) -> Result<Option<usize>>;
}

/// How two values of a column are told apart by `unique()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uniqueness {
    /// By value.
    Value,
    /// By identity, as entities are.
    Identity,
    /// Not at all: rows are handed out in chunks.
    Refused,
}

#[derive(Clone, Copy)]
enum Position {
    At(usize),
    Ambiguous,
}

/// What the rows of a result have in common; cheap to clone.
#[derive(Clone)]
pub struct RowMeta {
    keys: Rc<[Str]>,
    names: Rc<FxHashMap<Str, Position>>,
    lookup: Option<Rc<dyn ColumnLookup>>,
    /// Where each field is in the rows of the result that `columns()` was called on.
    projection: Option<Rc<[usize]>>,
    uniqueness: Option<Rc<[Uniqueness]>>,
    of_cursor: bool,
    legacy: bool,
}

impl RowMeta {
    /// Metadata of rows with these keys.
    pub fn new(keys: impl Into<Rc<[Str]>>) -> Self {
        let keys = keys.into();
        let mut names = FxHashMap::default();
        for (index, key) in keys.iter().enumerate() {
            // Of columns with one name the last counts, unless the SQL layer says otherwise.
            names.insert(key.clone(), Position::At(index));
        }
        Self {
            keys,
            names: Rc::new(names),
            lookup: None,
            projection: None,
            uniqueness: None,
            of_cursor: false,
            legacy: false,
        }
    }
    /// Find columns given as objects with `lookup`.
    #[must_use]
    pub fn with_lookup(mut self, lookup: Rc<dyn ColumnLookup>) -> Self {
        self.lookup = Some(lookup);
        self
    }
    /// What finds columns that are given as objects.
    pub fn lookup(&self) -> Option<&Rc<dyn ColumnLookup>> {
        self.lookup.as_ref()
    }
    /// Another name for a field.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<Str>, index: usize) -> Self {
        Rc::make_mut(&mut self.names)
            .entry(name.into())
            .or_insert(Position::At(index));
        self
    }
    /// `name` is that of several fields: asking for it is an error.
    #[must_use]
    pub fn with_ambiguous(mut self, name: impl Into<Str>) -> Self {
        Rc::make_mut(&mut self.names).insert(name.into(), Position::Ambiguous);
        self
    }
    /// Tell the values of each column apart as `uniqueness` says.
    #[must_use]
    pub fn with_uniqueness(mut self, uniqueness: impl Into<Rc<[Uniqueness]>>) -> Self {
        self.uniqueness = Some(uniqueness.into());
        self
    }
    /// The metadata of a cursor's rows: a missing column is `NoSuchColumnError`.
    #[must_use]
    pub fn of_cursor(mut self) -> Self {
        self.of_cursor = true;
        self
    }
    /// The metadata of the rows of 1.4's legacy engines.
    #[must_use]
    pub fn legacy(mut self) -> Self {
        self.legacy = true;
        self
    }
    /// The same fields, in rows of a legacy engine.
    #[must_use]
    pub fn as_legacy(&self) -> Self {
        Self {
            legacy: true,
            ..self.clone()
        }
    }
    /// Whether these are the rows of a cursor.
    pub fn is_of_cursor(&self) -> bool {
        self.of_cursor
    }
    /// Whether these are rows of a legacy engine.
    pub fn is_legacy(&self) -> bool {
        self.legacy
    }
    /// The names of the fields.
    pub fn keys(&self) -> &Rc<[Str]> {
        &self.keys
    }
    /// The index of the field `name`; `None` where there is none.
    pub fn index_of_name(&self, name: &str) -> Result<Option<usize>> {
        match self.names.get(name) {
            Some(Position::At(index)) => Ok(Some(*index)),
            Some(Position::Ambiguous) => Err(INVALID_REQUEST_ERROR.error(format!(
                "Ambiguous column name '{name}' in result set column descriptions"
            ))),
            None => Ok(None),
        }
    }
    /// Whether a name stands for several fields.
    pub fn is_ambiguous(&self) -> bool {
        self.names
            .values()
            .any(|position| matches!(position, Position::Ambiguous))
    }
    /// The index of the field that `key`, a name or a column, is for.
    pub fn find(&self, key: &Value, cx: &Cx) -> Result<Option<usize>> {
        if let Value::Str(name) = key {
            return self.index_of_name(name);
        }
        let Some(lookup) = &self.lookup else {
            return Ok(None);
        };
        let Some(index) = lookup.index_of(key, cx)? else {
            return Ok(None);
        };
        Ok(match &self.projection {
            Some(projection) => projection.iter().position(|field| *field == index),
            None => Some(index),
        })
    }
    /// The index of the field that `key` is for; raises where there is none.
    pub fn index_of(&self, key: &Value, cx: &Cx) -> Result<usize> {
        match self.find(key, cx)? {
            Some(index) => Ok(index),
            None => Err(self.no_such_column(key, cx)),
        }
    }
    /// The index of the field for `key`, which may be a position too.
    pub fn index_of_any(&self, key: &Value, cx: &Cx) -> Result<usize> {
        let Value::Int(number) = key else {
            return self.index_of(key, cx);
        };
        let count = self.keys.len();
        let index = usize::try_from(*number)
            .ok()
            .or_else(|| count.checked_sub(usize::try_from(number.unsigned_abs()).ok()?));
        index
            .filter(|index| *index < count)
            .ok_or_else(|| INDEX_ERROR.error("list index out of range"))
    }
    /// The error for a column that the row does not have.
    pub fn no_such_column(&self, key: &Value, cx: &Cx) -> Raised {
        if !self.of_cursor {
            return key_error(key.clone());
        }
        let key = cx.str(key).unwrap_or_default();
        NO_SUCH_COLUMN_ERROR.error(format!("Could not locate column in row for column '{key}'"))
    }
    /// The metadata of rows reduced to the fields at `indexes`.
    #[must_use]
    pub fn reduced(&self, indexes: &[usize]) -> Self {
        let pick = |index: &usize| self.keys.get(*index).cloned();
        let keys: Vec<Str> = indexes.iter().filter_map(pick).collect();
        let uniqueness = self.uniqueness.as_ref().map(|all| {
            indexes
                .iter()
                .filter_map(|index| all.get(*index).copied())
                .collect()
        });
        let origin = |index: &usize| match &self.projection {
            Some(projection) => projection.get(*index).copied().unwrap_or(*index),
            None => *index,
        };
        Self {
            lookup: self.lookup.clone(),
            projection: Some(indexes.iter().map(origin).collect()),
            uniqueness,
            of_cursor: self.of_cursor,
            legacy: self.legacy,
            ..Self::new(keys)
        }
    }
    /// How the values of each column are told apart.
    pub fn uniqueness(&self) -> Option<&[Uniqueness]> {
        self.uniqueness.as_deref()
    }
    /// The fields of a row, picked from the row of the source.
    pub(super) fn projection(&self) -> Option<&[usize]> {
        self.projection.as_deref()
    }
}

/// A row; a cheap handle.
#[derive(Clone)]
pub struct Row {
    meta: Rc<RowMeta>,
    values: Rc<Tuple>,
}

impl Row {
    /// A row of `values`.
    pub fn new(meta: Rc<RowMeta>, values: Vec<Value>) -> Self {
        Self {
            meta,
            values: Rc::new(Tuple::new(values)),
        }
    }
    /// Its metadata.
    pub fn meta(&self) -> &Rc<RowMeta> {
        &self.meta
    }
    /// Its values.
    pub fn values(&self) -> &Rc<Tuple> {
        &self.values
    }
    /// Its values as a tuple.
    pub fn to_tuple(&self) -> Value {
        Value::Tuple(self.values.clone())
    }
    /// The value at `index`.
    pub fn get(&self, index: usize) -> Option<&Value> {
        self.values.get(index)
    }
    /// The value of the field `name`.
    pub fn by_name(&self, name: &str) -> Result<Option<Value>> {
        let index = self.meta.index_of_name(name)?;
        Ok(index.and_then(|index| self.values.get(index).cloned()))
    }
    /// The value of a field given by name or column; raises where there is none.
    pub fn by_key(&self, key: &Value, cx: &Cx) -> Result<Value> {
        let index = self.meta.index_of(key, cx)?;
        match self.values.get(index) {
            Some(value) => Ok(value.clone()),
            None => Err(self.meta.no_such_column(key, cx)),
        }
    }
    /// What identifies the row.
    pub fn address(&self) -> usize {
        Rc::as_ptr(&self.values) as usize
    }
}

/// `row._mapping`: the row as a mapping.
#[derive(Clone)]
pub struct RowMapping(pub Row);
