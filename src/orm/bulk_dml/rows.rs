//! Rows written in bulk, attribute by attribute, without objects: what INSERTs and UPDATEs of
//! them have in common.

use std::ops::Range;
use std::rc::Rc;

use crate::engine::ValueRows;
use crate::object::{Cx, Dict, Result, Str, Value};
use crate::orm::descriptors::composite_values;
use crate::orm::persistence::MapperColumns;
use crate::orm::{Mapper, MapperProperty};
use crate::sql::ColumnElement;
use crate::sql::dml::{DmlData, DmlKey, DmlValue};
use crate::sql::execution::ParameterSets;
use crate::sql::schema::Table;
use crate::sql::visitors::traverse;

/// The values of a row, by the names of attributes.
pub type BulkRow = Vec<(Str, Value)>;

/// What a row has for `key`.
pub fn find<'a>(row: &'a BulkRow, key: &str) -> Option<&'a Value> {
    row.iter()
        .find(|(known, _)| known.as_str() == key)
        .map(|(_, value)| value)
}

/// The rows of a bulk INSERT.
pub enum BulkRows<'a> {
    /// Dicts of a script's, of which nothing is asked but their values: read one at a time.
    Given(&'a [Rc<Dict>]),
    /// Rows that get what the database makes.
    Made(&'a mut [BulkRow]),
}

impl BulkRows<'_> {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Self::Given(dicts) => dicts.len(),
            Self::Made(rows) => rows.len(),
        }
    }
    /// Row number `at`; `scratch` holds it where it is made of a dict.
    pub fn row<'b>(&'b self, at: usize, scratch: &'b mut BulkRow) -> &'b BulkRow {
        match self {
            Self::Given(dicts) => {
                scratch.clear();
                if let Some(dict) = dicts.get(at) {
                    dict.each_str(|key, value| scratch.push((key.clone(), value.clone())));
                }
                scratch
            }
            Self::Made(rows) => rows.get(at).unwrap_or(scratch),
        }
    }
    /// Row number `at`, where it is told what the database made.
    pub fn made(&mut self, at: usize) -> Option<&mut BulkRow> {
        match self {
            Self::Given(_) => None,
            Self::Made(rows) => rows.get_mut(at),
        }
    }
}

/// A row for one table.
#[derive(Default)]
pub struct TableRow {
    /// The columns with values, as indexes into those of the mapper.
    pub keys: Vec<u32>,
    /// Their values, then those of the criteria, then those of the statement's own binds.
    pub values: Vec<Value>,
    /// Whether a column of the primary key is not among the values.
    pub lacks_key: bool,
    /// Whether something that the database fills is missing.
    pub lacks_default: bool,
}

/// Rows that are sent together: next to each other, with the same columns.
pub struct RowGroup {
    /// The number of the first.
    pub first: usize,
    /// Whether they lack a column of the primary key.
    pub lacks_key: bool,
    /// Whether they lack something that the database fills.
    pub lacks_default: bool,
    keys: Vec<u32>,
    values: ValueRows,
}

impl RowGroup {
    /// The group that begins with `row`, number `first`.
    pub fn of(first: usize, row: TableRow) -> Self {
        let mut values = ValueRows::default();
        values.push(row.values);
        Self {
            first,
            lacks_key: row.lacks_key,
            lacks_default: row.lacks_default,
            keys: row.keys,
            values,
        }
    }
    /// Add `row`; it comes back where it does not belong here.
    pub fn add(&mut self, row: TableRow) -> Option<TableRow> {
        let same = self.keys == row.keys
            && self.lacks_key == row.lacks_key
            && self.lacks_default == row.lacks_default;
        if !same {
            return Some(row);
        }
        self.values.push(row.values);
        None
    }
    /// How many.
    pub fn len(&self) -> usize {
        self.values.len()
    }
    /// The parameters of `step` rows at a time, each with the number of its first row; `more` names
    /// what follows the columns.
    pub fn sets<'a>(
        &'a self,
        columns: &MapperColumns,
        more: &[Str],
        step: usize,
    ) -> impl Iterator<Item = (Range<usize>, ParameterSets)> + use<'a> {
        let keys = self.keys.iter();
        let keys = keys.map(|key| &columns.columns[*key as usize].key);
        let names: Rc<[Str]> = keys.chain(more).cloned().collect();
        let step = step.max(1);
        (0..self.len()).step_by(step).map(move |from| {
            let to = self.len().min(from + step);
            let rows = match to - from == self.len() {
                true => self.values.clone(),
                false => (from..to).map(|at| self.values.row(at).to_vec()).collect(),
            };
            let numbers = self.first + from..self.first + to;
            (numbers, ParameterSets::of_rows(names.clone(), rows))
        })
    }
}

/// The names of the attributes that the columns are in.
pub fn attribute_names(mapper: &Mapper, columns: &MapperColumns) -> Vec<Str> {
    let slots = columns.columns.iter().map(|column| column.slot);
    slots
        .map(|slot| {
            let attribute = mapper.attribute_at(slot);
            attribute.map_or_else(|| Str::new(""), |one| one.key().clone())
        })
        .collect()
}

/// The names of the binds in a statement of a script's that the rows have values for.
pub fn own_binds(data: &DmlData, first: &BulkRow) -> Vec<Str> {
    let mut names: Vec<Str> = Vec::new();
    let mut visit = |element: &ColumnElement| {
        if let ColumnElement::Bind(bind) = element.plain()
            && let Some(name) = bind.key.text()
            && find(first, name).is_some()
            && !names.contains(name)
        {
            names.push(name.clone());
        }
    };
    let given = data.values.iter().map(|(_, value)| value);
    let conflict = data.on_conflict.iter().filter_map(|on| on.set.as_ref());
    let conflict = conflict.flatten().map(|(_, value)| value);
    for value in given.chain(conflict) {
        if let DmlValue::Element(element) = value {
            traverse(element, &mut visit);
        }
    }
    for element in &data.where_criteria {
        traverse(element, &mut visit);
    }
    names
}

/// Keep of the values of a statement those for `table`.
pub fn only_values_of(data: &mut DmlData, table: &Rc<Table>) {
    data.values.retain(|(key, _)| match key {
        DmlKey::Column(column) => column.belongs_to(table),
        DmlKey::Name(_) | DmlKey::Element(_) => true,
    });
}

/// Put the parts of composite attributes in place of their objects.
pub fn expand_composites(mapper: &Rc<Mapper>, rows: &mut [BulkRow], cx: &Cx) -> Result<()> {
    let props = mapper.prop_list();
    let composites: Vec<&Rc<MapperProperty>> = props
        .iter()
        .filter(|prop| prop.composite().is_some())
        .collect();
    if composites.is_empty() {
        return Ok(());
    }
    for row in rows {
        for prop in &composites {
            let Some(at) = row.iter().position(|(key, _)| *key == prop.key()) else {
                continue;
            };
            let (_, object) = row.remove(at);
            let parts = prop.composite().and_then(|composite| composite.parts.get());
            let parts = parts.map_or(&[][..], Vec::as_slice);
            let values = match &object {
                Value::None => vec![Value::None; parts.len()],
                object => composite_values(object, cx)?,
            };
            row.extend(parts.iter().map(|part| part.key()).zip(values));
        }
    }
    Ok(())
}
