//! What an INSERT, UPDATE or DELETE leaves behind: the keys of inserted rows, values that the
//! database filled in.

use std::cell::RefCell;
use std::rc::Rc;

use super::parameters::ParameterSets;
use super::prepared::Prepared;
use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::engine::{ResultSet, Row, RowMeta, StatementContext, StatementKind, not_an_insert};
use crate::object::{Cx, Dict, Result, Str, Value};
use crate::sql::compiler::DmlInfo;
use crate::sql::ddl::autoincrement_column;
use crate::sql::schema::Column;

/// The context of an INSERT, UPDATE or DELETE.
pub struct DmlContext {
    info: DmlInfo,
    /// The values of the binds, a row per parameter set.
    values: RefCell<Vec<Vec<Value>>>,
    /// The sets of an executemany.
    sets: RefCell<ParameterSets>,
    returned: RefCell<Option<Vec<Vec<Value>>>>,
    prepared: Rc<Prepared>,
}

impl DmlContext {
    /// The context for an execution of `prepared`, if that is an INSERT, UPDATE or DELETE.
    pub fn of(prepared: &Rc<Prepared>) -> Option<Rc<Self>> {
        Some(Rc::new(Self {
            info: prepared.dml()?.clone(),
            values: RefCell::default(),
            sets: RefCell::default(),
            returned: RefCell::default(),
            prepared: prepared.clone(),
        }))
    }
    /// Keep the values of a single execution, by number.
    pub(super) fn note_values(&self, values: Vec<Value>) {
        *self.values.borrow_mut() = vec![values];
    }
    /// Keep the sets of an executemany, and where defaults took part all values by number.
    pub(super) fn note_sets(&self, sets: &ParameterSets, values: Vec<Vec<Value>>) {
        *self.sets.borrow_mut() = sets.clone();
        *self.values.borrow_mut() = values;
    }
    /// What was found out when the statement was compiled.
    pub fn info(&self) -> &DmlInfo {
        &self.info
    }
    /// The rows returned without having been asked for by the application, each with a value per
    /// column of `implicit_returning`.
    pub fn returned_rows(&self) -> Vec<Vec<Value>> {
        self.returned.borrow().clone().unwrap_or_default()
    }
    /// The value that the first set gave for `column`.
    pub fn value_of(&self, column: &Rc<Column>) -> Option<Value> {
        let (_, bind) = self
            .info
            .column_binds
            .iter()
            .find(|(known, _)| Rc::ptr_eq(known, column))?;
        let values = self.values.borrow();
        values.first()?.get(*bind as usize).cloned()
    }

    /// The value that set `at` had for the column with `key`, given or by default.
    pub fn parameter(&self, at: usize, key: &Str) -> Option<Value> {
        let values = self.values.borrow();
        if values.is_empty() {
            return self.sets.borrow().sets().get(at)?.get_str(key);
        }
        let mut binds = self.info.column_binds.iter();
        let (_, bind) = binds.find(|(known, _)| known.key() == *key)?;
        values.get(at)?.get(*bind as usize).cloned()
    }

    /// The row of the keys that set `at` of an executemany had.
    fn given_key_row(&self, at: usize) -> Value {
        let table = self.info.table.as_ref();
        let columns = table.map_or_else(Vec::new, |table| table.primary_key_columns());
        let keys: Vec<Str> = columns.iter().map(|column| column.key()).collect();
        let values = keys
            .iter()
            .map(|key| self.parameter(at, key).unwrap_or(Value::None))
            .collect();
        Value::object(Row::new(Rc::new(RowMeta::new(keys)), values))
    }
    fn primary_key_row(
        &self,
        result: &ResultSet,
        returned: Option<&[Value]>,
        cx: &Cx,
    ) -> Result<Value> {
        let Some(table) = &self.info.table else {
            return Ok(Value::tuple(Vec::new()));
        };
        let counted = autoincrement_column(table, cx)?;
        let columns = table.primary_key_columns();
        let mut values = Vec::with_capacity(columns.len());
        for column in &columns {
            let implicit = self
                .info
                .implicit_returning
                .iter()
                .position(|known| Rc::ptr_eq(known, column));
            let from_row = implicit.and_then(|at| returned?.get(at).cloned());
            let given = from_row.or_else(|| self.value_of(column).filter(|value| !value.is_none()));
            let is_counted = counted
                .as_ref()
                .is_some_and(|known| Rc::ptr_eq(known, column));
            values.push(match given {
                Some(value) => value,
                None if is_counted && self.info.postfetch_lastrowid => {
                    result.outcome().lastrowid.map_or(Value::None, Value::Int)
                }
                None => Value::None,
            });
        }
        let keys: Vec<Str> = columns.iter().map(|column| column.key()).collect();
        Ok(Value::object(Row::new(Rc::new(RowMeta::new(keys)), values)))
    }
}

impl StatementContext for DmlContext {
    fn kind(&self) -> StatementKind {
        self.info.kind
    }
    fn inserted_primary_key_rows(&self, result: &ResultSet, cx: &Cx) -> Result<Vec<Value>> {
        if self.info.kind != StatementKind::Insert {
            return Err(not_an_insert());
        }
        if self.info.explicit_returning {
            return Err(INVALID_REQUEST_ERROR
                .error("Can't call inserted_primary_key when returning() is used."));
        }
        let returned = self.returned.borrow();
        match &*returned {
            Some(rows) if !self.info.implicit_returning.is_empty() => rows
                .iter()
                .map(|row| self.primary_key_row(result, Some(row), cx))
                .collect(),
            _ if result.outcome().executemany => {
                let count = self.sets.borrow().len();
                Ok((0..count).map(|at| self.given_key_row(at)).collect())
            }
            _ => Ok(vec![self.primary_key_row(result, None, cx)?]),
        }
    }
    fn returned_defaults_rows(&self, _result: &ResultSet, _cx: &Cx) -> Result<Option<Vec<Value>>> {
        let returned = self.returned.borrow();
        let Some(rows) = &*returned else {
            return Ok(None);
        };
        let keys: Vec<Str> = self
            .info
            .implicit_returning
            .iter()
            .map(|column| column.key())
            .collect();
        let meta = Rc::new(RowMeta::new(keys));
        Ok(Some(
            rows.iter()
                .map(|row| Value::object(Row::new(meta.clone(), row.clone())))
                .collect(),
        ))
    }
    fn last_params(&self, _cx: &Cx) -> Result<Value> {
        let values = self.values.borrow();
        let dict = Dict::default();
        for (known, value) in self
            .prepared
            .compiled()
            .binds
            .iter()
            .zip(values.first().into_iter().flatten())
        {
            dict.insert_str(&known.name, value.clone());
        }
        Ok(Value::Dict(Rc::new(dict)))
    }
    fn prefetch_columns(&self, _cx: &Cx) -> Result<Value> {
        let columns = self.info.prefetch.iter().map(|(column, _)| column.clone());
        Ok(Value::list(columns.map(column_value).collect()))
    }
    fn postfetch_columns(&self, _cx: &Cx) -> Result<Value> {
        let columns = self.info.postfetch.iter().cloned();
        Ok(Value::list(columns.map(column_value).collect()))
    }
    fn is_explicit_returning(&self) -> bool {
        self.info.explicit_returning
    }
    fn take_returned(&self, rows: Vec<Vec<Value>>, _cx: &Cx) -> Result<()> {
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
