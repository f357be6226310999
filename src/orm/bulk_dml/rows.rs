//! Rows written in bulk, attribute by attribute, without objects: what INSERTs and UPDATEs of
//! them have in common.

use std::rc::Rc;

use crate::engine::ValueRows;
use crate::object::{Cx, Result, Str, Value};
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

/// A row for one table.
pub struct TableRow {
    /// Which row it is of.
    pub index: usize,
    /// The columns with values, as indexes into those of the mapper.
    pub keys: Vec<u32>,
    /// Their values, then those of the criteria, then those of the statement's own binds.
    pub values: Vec<Value>,
    /// Whether the whole primary key is among the values.
    pub has_all_keys: bool,
    /// Whether nothing that the database fills is missing.
    pub has_all_defaults: bool,
}

impl TableRow {
    /// Whether both can be sent together.
    pub fn groups_with(&self, other: &Self) -> bool {
        self.keys == other.keys
            && self.has_all_keys == other.has_all_keys
            && self.has_all_defaults == other.has_all_defaults
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

/// The parameters that `rows` of a kind are sent with; `more` names what follows the columns.
pub fn parameter_sets(columns: &MapperColumns, rows: &[TableRow], more: &[Str]) -> ParameterSets {
    let Some(first) = rows.first() else {
        return ParameterSets::none();
    };
    let keys = first
        .keys
        .iter()
        .map(|key| &columns.columns[*key as usize].key);
    let names: Rc<[Str]> = keys.chain(more).cloned().collect();
    let mut values = ValueRows::with_capacity(names.len(), rows.len());
    for row in rows {
        values.push(row.values.iter().cloned());
    }
    ParameterSets::of_rows(names, values)
}

/// The names of the binds in a statement of a script's that the rows have values for.
pub fn own_binds(data: &DmlData, first: Option<&BulkRow>) -> Vec<Str> {
    let Some(first) = first else {
        return Vec::new();
    };
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
