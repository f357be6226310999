//! What the generative methods of INSERT and UPDATE make of the values they are given.

use std::rc::Rc;

use super::{DmlData, DmlKey, DmlValue, DmlValues};
use crate::engine::exc::{ARGUMENT_ERROR, INVALID_REQUEST_ERROR};
use crate::object::{Cx, Dict, Raised, Result, Str, Value};
use crate::sql::coercions::{Coerced, coerce};
use crate::sql::{ColumnElement, Entity, FromClause};

/// The column that a script names as a key of `values()`.
pub fn dml_key(value: &Value, cx: &Cx) -> Result<DmlKey> {
    if let Value::Str(name) = value {
        return Ok(DmlKey::Name(name.clone()));
    }
    match coerce(value, cx)? {
        Coerced::Element(element) => Ok(match element.plain() {
            ColumnElement::Column(column) => {
                let proxied = element
                    .annotations()
                    .and_then(|notes| notes.proxy_key.clone());
                match proxied {
                    Some(_) | None => DmlKey::Column(column.clone()),
                }
            }
            _ => DmlKey::Element(element),
        }),
        _ => Err(ARGUMENT_ERROR.error(format!(
            "SET/VALUES column expression or string key expected, got {}.",
            cx.repr(value)?
        ))),
    }
}

/// What a script sets a column to.
pub fn dml_value(value: &Value, cx: &Cx) -> Result<DmlValue> {
    match value {
        Value::Object(_) | Value::Instance(_) | Value::Class(_) => {}
        plain => return Ok(DmlValue::Literal(plain.clone())),
    }
    Ok(match coerce(value, cx)? {
        Coerced::Element(element) => DmlValue::Element(element),
        Coerced::Statement(statement) => DmlValue::Element(statement.scalar_subquery(cx)?),
        _ => DmlValue::Literal(value.clone()),
    })
}

/// What setting `key` to `value` sets: where `entity` has an attribute of that name its columns.
fn of_pair(
    key: &Value,
    value: &Value,
    entity: Option<&Rc<dyn Entity>>,
    cx: &Cx,
) -> Result<DmlValues> {
    if let (Value::Str(name), Some(entity)) = (key, entity)
        && let Some(values) = entity.dml_values(name, value, cx)?
    {
        return Ok(values);
    }
    if let Some(values) = of_attribute(key, value, cx)? {
        return Ok(values);
    }
    Ok(vec![(dml_key(key, cx)?, dml_value(value, cx)?)])
}

/// What setting an attribute sets that is more than a column.
fn of_attribute(key: &Value, value: &Value, cx: &Cx) -> Result<Option<DmlValues>> {
    let Value::Object(_) = key else {
        return Ok(None);
    };
    let Coerced::Element(element) = coerce(key, cx)? else {
        return Ok(None);
    };
    if let ColumnElement::Column(_) = element.plain() {
        return Ok(None);
    }
    let notes = element.annotations();
    match notes.and_then(|notes| notes.parent_entity.as_ref().zip(notes.proxy_key.as_ref())) {
        Some((entity, name)) => entity.dml_values(name, value, cx),
        None => Ok(None),
    }
}

/// The values of a dict.
fn of_dict(dict: &Dict, entity: Option<&Rc<dyn Entity>>, cx: &Cx) -> Result<DmlValues> {
    let entries: Vec<(Value, Value)> = dict
        .borrow()
        .iter()
        .map(|(key, value)| (key.value().clone(), value.clone()))
        .collect();
    let mut values = Vec::with_capacity(entries.len());
    for (key, value) in &entries {
        values.extend(of_pair(key, value, entity, cx)?);
    }
    Ok(values)
}

/// The columns of `table` as keys, in order: what a tuple of values is for.
fn column_keys(table: &FromClause, cx: &Cx) -> Result<Vec<DmlKey>> {
    Ok(match table.plain() {
        FromClause::Table(table) => table
            .column_list()
            .into_iter()
            .map(DmlKey::Column)
            .collect(),
        other => other
            .columns(cx)?
            .into_iter()
            .map(|(key, _)| DmlKey::Name(key))
            .collect(),
    })
}

fn of_row(
    row: &Value,
    data: &DmlData,
    entity: Option<&Rc<dyn Entity>>,
    cx: &Cx,
) -> Result<DmlValues> {
    if let Value::Dict(dict) = row {
        return of_dict(dict, entity, cx);
    }
    let items = cx.collect(row)?;
    let keys = column_keys(&data.table, cx)?;
    keys.into_iter()
        .zip(&items)
        .map(|(key, value)| Ok((key, dml_value(value, cx)?)))
        .collect()
}

fn cannot_mix() -> Raised {
    INVALID_REQUEST_ERROR.error(
        "Can't mix single and multiple VALUES formats in one INSERT statement; one style appends \
         to a list while the other replaces values, so the intent is ambiguous.",
    )
}

fn merge(values: &mut DmlValues, more: DmlValues) {
    for (key, value) in more {
        let name = key.name();
        let same = |known: &DmlKey| match (known, &key) {
            (DmlKey::Element(a), DmlKey::Element(b)) => a.same(b),
            (DmlKey::Element(_), _) | (_, DmlKey::Element(_)) => false,
            (known, _) => known.name() == name,
        };
        match values.iter_mut().find(|(known, _)| same(known)) {
            Some(entry) => *entry = (key, value),
            None => values.push((key, value)),
        }
    }
}

impl DmlData {
    /// `values(*args, **kwargs)`; `insert` says whether several rows may be given.
    pub fn add_values(
        &mut self,
        args: &[Value],
        keywords: &[(Str, Value)],
        insert: bool,
        cx: &Cx,
    ) -> Result<()> {
        if self.from_select.is_some() {
            return Err(INVALID_REQUEST_ERROR.error("This construct already inserts from a SELECT"));
        }
        if self.ordered {
            return Err(ARGUMENT_ERROR.error("This statement already has ordered values present"));
        }
        // 1.4 knows only the columns of the table that it inserts into.
        let entity = match insert && cx.compat().is_14() {
            true => None,
            false => self.subject.clone(),
        };
        let mut added = match args {
            [] => Vec::new(),
            [_, _, ..] => {
                return Err(ARGUMENT_ERROR.error(
                    "Only a single dictionary/tuple or list of dictionaries/tuples is accepted \
                     positionally.",
                ));
            }
            [one] => {
                if !keywords.is_empty() {
                    return Err(ARGUMENT_ERROR
                        .error("Can't pass positional and kwargs to values() simultaneously"));
                }
                match self.positional(one, entity.as_ref(), insert, cx)? {
                    Some(values) => values,
                    None => return Ok(()),
                }
            }
        };
        for (name, value) in keywords {
            let key = Value::Str(name.clone());
            added.extend(of_pair(&key, value, entity.as_ref(), cx)?);
        }
        if !self.multi_values.is_empty() {
            return Err(cannot_mix());
        }
        self.has_values = true;
        merge(&mut self.values, added);
        Ok(())
    }

    /// The single positional argument of `values()`; `None`: it gave several rows.
    fn positional(
        &mut self,
        one: &Value,
        entity: Option<&Rc<dyn Entity>>,
        insert: bool,
        cx: &Cx,
    ) -> Result<Option<DmlValues>> {
        let rows = match one {
            Value::Dict(dict) => return of_dict(dict, entity, cx).map(Some),
            Value::List(_) | Value::Tuple(_) => cx.collect(one)?,
            other => {
                return Err(ARGUMENT_ERROR.error(format!(
                    "Only a single dictionary/tuple or list of dictionaries/tuples is accepted \
                     positionally. Got {}",
                    cx.repr(other)?
                )));
            }
        };
        let nested = matches!(
            rows.first(),
            Some(Value::Dict(_) | Value::List(_) | Value::Tuple(_))
        );
        if !nested {
            return of_row(one, self, entity, cx).map(Some);
        }
        if !insert {
            return Err(INVALID_REQUEST_ERROR
                .error("UPDATE construct does not support multiple parameter sets."));
        }
        if !self.values.is_empty() {
            return Err(cannot_mix());
        }
        self.has_values = true;
        for row in &rows {
            let values = of_row(row, self, entity, cx)?;
            self.multi_values.push(values);
        }
        Ok(None)
    }

    /// `ordered_values(*args)`.
    pub fn set_ordered_values(&mut self, pairs: &[Value], cx: &Cx) -> Result<()> {
        if self.has_values {
            let what = if self.ordered {
                "ordered values"
            } else {
                "values"
            };
            return Err(ARGUMENT_ERROR.error(format!("This statement already has {what} present")));
        }
        for pair in pairs {
            let items = cx.collect(pair)?;
            let [key, value] = items.as_slice() else {
                return Err(ARGUMENT_ERROR.error("ordered_values() takes pairs of key and value"));
            };
            self.values.push((dml_key(key, cx)?, dml_value(value, cx)?));
        }
        self.has_values = true;
        self.ordered = true;
        Ok(())
    }
}
