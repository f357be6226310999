//! What the rows of a statement look like: keys, how columns are found, what their values pass
//! through.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::engine::{ColumnLookup, ResultShape, RowMeta};
use crate::object::{Cx, Result, Str, Value};
use crate::sql::ColumnElement;
use crate::sql::coercions::{Coerced, coerce};
use crate::sql::compiler::{CompiledShape, ResultColumn};
use crate::sql::dialects::Dialect;
use crate::sql::executable::Executable;
use crate::sql::types::Processor;

/// Finds columns of a row by the expressions that were selected.
pub struct ResultLookup {
    by_identity: FxHashMap<usize, usize>,
    by_name: FxHashMap<Str, usize>,
    /// Keeps what the identities are of.
    elements: Vec<ColumnElement>,
}

fn element_of(key: &Value, cx: &Cx) -> Result<Option<ColumnElement>> {
    if let Some(element) = key.downcast::<ColumnElement>() {
        return Ok(Some(element.clone()));
    }
    Ok(match coerce(key, cx)? {
        Coerced::Element(element) => Some(element),
        _ => None,
    })
}

impl ColumnLookup for ResultLookup {
    fn index_of(&self, key: &Value, cx: &Cx) -> Result<Option<usize>> {
        let Some(element) = element_of(key, cx)? else {
            return Ok(None);
        };
        if let Some(index) = self.by_identity.get(&element.identity()) {
            return Ok(Some(*index));
        }
        // A column of the statement's own subqueries stands for the columns below it.
        for proxied in element.proxy_set() {
            if let Some(index) = self.by_identity.get(&proxied) {
                return Ok(Some(*index));
            }
        }
        if !matches!(
            element.plain(),
            ColumnElement::Label(_) | ColumnElement::ColumnClause(_)
        ) {
            return Ok(None);
        }
        let name = element.name().and_then(|name| name.text().cloned());
        Ok(name.and_then(|name| self.by_name.get(&name).copied()))
    }
}

/// Finds columns of a statement in the rows of another one that it was compiled as.
struct InvokedLookup {
    compiled: Rc<dyn ColumnLookup>,
    invoked: Executable,
}

impl ColumnLookup for InvokedLookup {
    fn index_of(&self, key: &Value, cx: &Cx) -> Result<Option<usize>> {
        if let Some(index) = self.compiled.index_of(key, cx)? {
            return Ok(Some(index));
        }
        let columns = match &self.invoked {
            Executable::Select(select) => select.all_selected_columns(cx)?,
            _ => return Ok(None),
        };
        let Some(element) = element_of(key, cx)? else {
            return Ok(None);
        };
        let sought = element.proxy_set();
        Ok(columns.iter().position(|column| {
            column.identity() == element.identity() || sought.contains(&column.identity())
        }))
    }
}

/// The shape of the rows of `invoked`, which was compiled before as another statement.
pub(super) fn invoked_shape(shape: ResultShape, invoked: &Executable) -> ResultShape {
    let Some(compiled) = shape.meta.lookup().cloned() else {
        return shape;
    };
    let lookup = InvokedLookup {
        compiled,
        invoked: invoked.clone(),
    };
    let meta = (*shape.meta).clone().with_lookup(Rc::new(lookup));
    ResultShape {
        meta: Rc::new(meta),
        ..shape
    }
}

fn processor(column: &ResultColumn, dialect: &Dialect, cx: &Cx) -> Result<Option<Processor>> {
    column.type_.result_processor(dialect, cx)
}

/// The column of the statement that the cursor's column `name` is.
fn matching<'a>(
    columns: &'a [ResultColumn],
    index: usize,
    name: &str,
    by_position: bool,
) -> Option<&'a ResultColumn> {
    if by_position {
        return columns.get(index);
    }
    columns
        .iter()
        .find(|column| column.keyname == *name || column.names.iter().any(|known| known == name))
}

/// The names that several columns go by, where some columns even share their first name: such a
/// name finds none. Columns of plain text are left out, there the last one counts.
fn ambiguous_names(keys: &[Str], columns: &[Option<&ResultColumn>]) -> Vec<Str> {
    let distinct: FxHashSet<&Str> = keys.iter().collect();
    if distinct.len() == keys.len() || columns.iter().all(Option::is_none) {
        return Vec::new();
    }
    let mut first: FxHashMap<&Str, usize> = FxHashMap::default();
    let mut ambiguous = Vec::new();
    for (at, (key, column)) in keys.iter().zip(columns).enumerate() {
        let others = column.iter().flat_map(|column| &column.names);
        for name in std::iter::once(key).chain(others) {
            if *first.entry(name).or_insert(at) != at && !ambiguous.contains(name) {
                ambiguous.push(name.clone());
            }
        }
    }
    ambiguous
}

/// The shape of the rows of a statement; `names` are the cursor's, where they decide.
pub fn result_shape(
    result: &CompiledShape,
    names: Option<&[Str]>,
    dialect: &Dialect,
    cx: &Cx,
) -> Result<ResultShape> {
    let columns: Vec<Option<&ResultColumn>> = match names {
        None => result.columns.iter().map(Some).collect(),
        Some(names) => {
            let textual = result.textual_ordered || result.ordered;
            let by_position = textual && result.columns.len() == names.len();
            names
                .iter()
                .enumerate()
                .map(|(at, name)| matching(&result.columns, at, name, by_position))
                .collect()
        }
    };
    let mut keys: Vec<Str> = Vec::with_capacity(columns.len());
    let mut lookup = ResultLookup {
        by_identity: FxHashMap::default(),
        by_name: FxHashMap::default(),
        elements: Vec::new(),
    };
    let mut processors: Vec<Option<Processor>> = Vec::with_capacity(columns.len());
    let mut aliases: Vec<(Str, usize)> = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        let cursor_name = names.and_then(|names| names.get(at)).cloned();
        if let Some(column) = column {
            let key = cursor_name.unwrap_or_else(|| column.keyname.clone());
            for element in &column.objects {
                lookup.by_identity.entry(element.identity()).or_insert(at);
                lookup.elements.push(element.clone());
            }
            for name in &column.names {
                lookup.by_name.entry(name.clone()).or_insert(at);
                if *name != key {
                    aliases.push((name.clone(), at));
                }
            }
            keys.push(key);
            processors.push(processor(column, dialect, cx)?);
        } else {
            keys.push(cursor_name.unwrap_or_else(|| Str::new("")));
            processors.push(None);
        }
    }
    let ambiguous = ambiguous_names(&keys, &columns);
    let mut meta = RowMeta::new(keys).of_cursor().with_lookup(Rc::new(lookup));
    for (name, at) in aliases {
        meta = meta.with_name(name, at);
    }
    for name in ambiguous {
        meta = meta.with_ambiguous(name);
    }
    let processors = processors
        .iter()
        .any(Option::is_some)
        .then(|| Rc::from(processors));
    Ok(ResultShape {
        meta: Rc::new(meta),
        processors,
    })
}
