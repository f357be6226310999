//! What an INSERT, UPDATE or DELETE leaves behind: the keys of inserted rows, values that the
//! database filled in.

use std::cell::RefCell;
use std::rc::Rc;

use super::parameters::ParameterSets;
use super::prepared::Prepared;
use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::engine::{
    ResultSet, Row, RowMeta, StatementContext, StatementKind, ValueRows, not_an_insert,
};
use crate::object::{Cx, Dict, Result, Str, Value};
use crate::sql::compiler::DmlInfo;
use crate::sql::ddl::autoincrement_column;
use crate::sql::schema::Column;

/// The context of an INSERT, UPDATE or DELETE.
pub struct DmlContext {
    /// The values of the binds, a row per parameter set.
    values: RefCell<ValueRows>,
    /// The sets of an executemany.
    sets: RefCell<ParameterSets>,
    returned: RefCell<Option<ValueRows>>,
    prepared: Rc<Prepared>,
}

impl DmlContext {
    /// The context for an execution of `prepared`, if that is an INSERT, UPDATE or DELETE.
    pub fn of(prepared: &Rc<Prepared>) -> Option<Rc<Self>> {
        prepared.dml()?;
        Some(Rc::new(Self {
            values: RefCell::default(),
            sets: RefCell::default(),
            returned: RefCell::default(),
            prepared: prepared.clone(),
        }))
    }
    /// Keep the values of a single execution, by number.
    pub(super) fn note_values(&self, values: Vec<Value>) {
        let mut rows = ValueRows::default();
        rows.push(values);
        *self.values.borrow_mut() = rows;
    }
    /// Keep the sets of an executemany, and where defaults took part all values by number.
    pub(super) fn note_sets(&self, sets: &ParameterSets, values: ValueRows) {
        *self.sets.borrow_mut() = sets.clone();
        *self.values.borrow_mut() = values;
    }
    /// What was found out when the statement was compiled.
    pub fn info(&self) -> &DmlInfo {
        let info = self.prepared.dml();
        info.expect("the statement was asked before the context was made")
    }
    /// The rows returned without having been asked for by the application, each with a value per
    /// column of `implicit_returning`.
    pub fn returned_rows(&self) -> ValueRows {
        self.returned.borrow().clone().unwrap_or_default()
    }
    /// The value that the first set gave for `column`.
    pub fn value_of(&self, column: &Rc<Column>) -> Option<Value> {
        let (_, bind) = self
            .info()
            .column_binds
            .iter()
            .find(|(known, _)| Rc::ptr_eq(known, column))?;
        let values = self.values.borrow();
        values.row(0).get(*bind as usize).cloned()
    }

    /// The value that set `at` had for the column with `key`, given or by default.
    pub fn parameter(&self, at: usize, key: &Str) -> Option<Value> {
        let values = self.values.borrow();
        if values.is_empty() {
            return self.sets.borrow().get(at)?.find(key);
        }
        let mut binds = self.info().column_binds.iter();
        let (_, bind) = binds.find(|(known, _)| known.key() == *key)?;
        values.row(at).get(*bind as usize).cloned()
    }

    /// The primary keys of the inserted rows, set by set.
    pub fn inserted_primary_keys(&self, result: &ResultSet, cx: &Cx) -> Result<ValueRows> {
        let Some(table) = &self.info().table else {
            let mut rows = ValueRows::default();
            rows.push([]);
            return Ok(rows);
        };
        let returned = self.returned.borrow();
        let returned = returned
            .as_ref()
            .filter(|_| !self.info().implicit_returning.is_empty());
        let columns = table.primary_key_columns();
        let executemany = result.outcome().executemany;
        let count = match returned {
            Some(rows) => rows.len(),
            None if executemany => self.sets.borrow().len(),
            None => 1,
        };
        let mut rows = ValueRows::with_capacity(columns.len(), count);
        if returned.is_none() && executemany {
            let keys: Vec<Str> = columns.iter().map(|column| column.key()).collect();
            for at in 0..count {
                rows.push(
                    keys.iter()
                        .map(|key| self.parameter(at, key).unwrap_or(Value::None)),
                );
            }
            return Ok(rows);
        }
        let counted = autoincrement_column(table, cx)?;
        let sources: Vec<KeySource> = columns
            .iter()
            .map(|column| self.key_source(column, counted.as_ref()))
            .collect();
        for at in 0..count {
            let returned = returned.map_or(&[][..], |rows| rows.row(at));
            rows.push(sources.iter().map(|source| source.value(returned, result)));
        }
        Ok(rows)
    }
    /// Where the value of a primary key column comes from.
    fn key_source(&self, column: &Rc<Column>, counted: Option<&Rc<Column>>) -> KeySource {
        let mut implicit = self.info().implicit_returning.iter();
        let is_counted = counted.is_some_and(|known| Rc::ptr_eq(known, column));
        KeySource {
            returned: implicit.position(|known| Rc::ptr_eq(known, column)),
            given: self.value_of(column).filter(|value| !value.is_none()),
            by_rowid: is_counted && self.info().postfetch_lastrowid,
        }
    }
    /// The rows of `keys` as scripts see them.
    fn key_rows(&self, keys: &ValueRows) -> Vec<Value> {
        let Some(table) = &self.info().table else {
            return keys.iter().map(|row| Value::tuple(row.to_vec())).collect();
        };
        let columns = table.primary_key_columns();
        let names: Vec<Str> = columns.iter().map(|column| column.key()).collect();
        let meta = Rc::new(RowMeta::new(names));
        keys.iter()
            .map(|row| Value::object(Row::new(meta.clone(), row.to_vec())))
            .collect()
    }
}

/// Where the value of a primary key column of inserted rows comes from.
struct KeySource {
    /// Its place in the returned rows.
    returned: Option<usize>,
    /// What the parameters gave.
    given: Option<Value>,
    /// Whether it is the id of the row inserted last.
    by_rowid: bool,
}

impl KeySource {
    fn value(&self, returned: &[Value], result: &ResultSet) -> Value {
        if let Some(value) = self.returned.and_then(|at| returned.get(at)) {
            return value.clone();
        }
        match &self.given {
            Some(value) => value.clone(),
            None if self.by_rowid => result.outcome().lastrowid.map_or(Value::None, Value::Int),
            None => Value::None,
        }
    }
}

impl StatementContext for DmlContext {
    fn kind(&self) -> StatementKind {
        self.info().kind
    }
    fn inserted_primary_key_rows(&self, result: &ResultSet, cx: &Cx) -> Result<Vec<Value>> {
        if self.info().kind != StatementKind::Insert {
            return Err(not_an_insert());
        }
        if self.info().explicit_returning {
            return Err(INVALID_REQUEST_ERROR
                .error("Can't call inserted_primary_key when returning() is used."));
        }
        let keys = self.inserted_primary_keys(result, cx)?;
        Ok(self.key_rows(&keys))
    }
    fn returned_defaults_rows(&self, _result: &ResultSet, _cx: &Cx) -> Result<Option<Vec<Value>>> {
        let returned = self.returned.borrow();
        let Some(rows) = &*returned else {
            return Ok(None);
        };
        let keys: Vec<Str> = self
            .info()
            .implicit_returning
            .iter()
            .map(|column| column.key())
            .collect();
        let meta = Rc::new(RowMeta::new(keys));
        Ok(Some(
            rows.iter()
                .map(|row| Value::object(Row::new(meta.clone(), row.to_vec())))
                .collect(),
        ))
    }
    fn last_params(&self, _cx: &Cx) -> Result<Value> {
        let values = self.values.borrow();
        let dict = Dict::default();
        for (known, value) in self.prepared.compiled().binds.iter().zip(values.row(0)) {
            dict.insert_str(&known.name, value.clone());
        }
        Ok(Value::Dict(Rc::new(dict)))
    }
    fn prefetch_columns(&self, _cx: &Cx) -> Result<Value> {
        let columns = self
            .info()
            .prefetch
            .iter()
            .map(|(column, _)| column.clone());
        Ok(Value::list(columns.map(column_value).collect()))
    }
    fn postfetch_columns(&self, _cx: &Cx) -> Result<Value> {
        let columns = self.info().postfetch.iter().cloned();
        Ok(Value::list(columns.map(column_value).collect()))
    }
    fn is_explicit_returning(&self) -> bool {
        self.info().explicit_returning
    }
    fn take_returned(&self, rows: ValueRows, _cx: &Cx) -> Result<()> {
        *self.returned.borrow_mut() = Some(rows);
        Ok(())
    }
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

fn column_value(column: Rc<Column>) -> Value {
    Value::object(crate::sql::ColumnElement::Column(column))
}
