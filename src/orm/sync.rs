//! Copying keys between related objects, and between the tables of one object.

use std::rc::Rc;

use crate::object::exceptions::ASSERTION_ERROR;
use crate::object::{Cx, Instance, Result, Value};
use crate::orm::exc::UNMAPPED_COLUMN_ERROR;
use crate::orm::selectables::{self, table_column};
use crate::orm::support::column_text;
use crate::orm::unitofwork::UowTransaction;
use crate::orm::{Attribute, ColumnPair, Committed, Held, Mapper, Passive, state_of};
use crate::sql::ColumnElement;

/// Pairs of columns: from the one, to the other.
pub type Pairs = [ColumnPair];

/// The attribute that `column` is mapped to in `instance`, as an object of `mapper`.
pub fn attribute_of(
    instance: &Rc<Instance>,
    mapper: &Rc<Mapper>,
    column: &ColumnElement,
) -> Option<Rc<Attribute>> {
    let property = mapper.column_prop(column)?;
    match state_of(instance) {
        Some(state) => state.mapper().attribute(&property.key()),
        None => mapper.attribute(&property.key()),
    }
}

/// The value of `column` in `instance`, loaded where `passive` allows; `None` where there is
/// no value.
pub fn read(
    instance: &Rc<Instance>,
    mapper: &Rc<Mapper>,
    column: &ColumnElement,
    passive: Passive,
    cx: &Cx,
) -> Result<Option<Held>> {
    let Some(attribute) = attribute_of(instance, mapper, column) else {
        return Ok(None);
    };
    attribute.get(instance, passive, cx).map(Some)
}

/// The same as the database has it.
pub fn read_committed(
    instance: &Rc<Instance>,
    mapper: &Rc<Mapper>,
    column: &ColumnElement,
    passive: Passive,
    cx: &Cx,
) -> Result<Option<Held>> {
    let Some(attribute) = attribute_of(instance, mapper, column) else {
        return Ok(None);
    };
    let changed = state_of(instance).and_then(|state| state.committed(attribute.slot()));
    match changed {
        Some(Committed::Value(value)) => Ok(Some(Held::Value(value))),
        Some(Committed::NoValue | Committed::Items(_)) => Ok(Some(Held::NoValue)),
        Some(Committed::NoResult) => Ok(Some(Held::NoResult)),
        None => attribute.get(instance, passive, cx).map(Some),
    }
}

fn value_of(held: Held) -> Value {
    match held {
        Held::Value(value) => value,
        Held::NoValue | Held::NoResult => Value::None,
    }
}

fn source_value(
    instance: &Rc<Instance>,
    mapper: &Rc<Mapper>,
    column: &ColumnElement,
    dest: &ColumnElement,
    cx: &Cx,
) -> Result<Value> {
    match read(instance, mapper, column, Passive::OFF, cx)? {
        Some(held) => Ok(value_of(held)),
        None => Err(UNMAPPED_COLUMN_ERROR.error(format!(
            "Can't execute sync rule for source column '{}'; mapper '{}' does not \
             map this column.  Try using an explicit `foreign_keys` collection which does not \
             include destination column '{}' (or use a viewonly=True relation).",
            column_text(column),
            mapper.describe(cx.compat()),
            column_text(dest),
        ))),
    }
}

fn set(
    instance: &Rc<Instance>,
    mapper: &Rc<Mapper>,
    column: &ColumnElement,
    value: Value,
    cx: &Cx,
) -> Result<()> {
    match attribute_of(instance, mapper, column) {
        Some(attribute) => attribute.set(instance, value, None, cx),
        None => Err(UNMAPPED_COLUMN_ERROR.error(format!(
            "Can't execute sync rule for destination column '{}'; mapper '{}' does \
             not map this column.  Try using an explicit `foreign_keys` collection which does \
             not include this column (or use a viewonly=True relation).",
            column_text(column),
            mapper.describe(cx.compat()),
        ))),
    }
}

/// Copy the values of the pairs from one object to another. `cascaded` notes that the database
/// changes the primary keys among them by itself.
pub fn populate(
    source: (&Rc<Instance>, &Rc<Mapper>),
    dest: (&Rc<Instance>, &Rc<Mapper>),
    pairs: &Pairs,
    mut cascaded: Option<&mut UowTransaction>,
    cx: &Cx,
) -> Result<()> {
    for (left, right) in pairs {
        let value = source_value(source.0, source.1, left, right, cx)?;
        set(dest.0, dest.1, right, value, cx)?;
        if let Some(uow) = cascaded.as_deref_mut()
            && left.is_primary_key()
            && right.is_primary_key()
            && references(right, left, cx)?
        {
            uow.note_pk_cascaded(dest.0, right);
        }
    }
    Ok(())
}

fn references(column: &ColumnElement, other: &ColumnElement, cx: &Cx) -> Result<bool> {
    match (table_column(column), table_column(other)) {
        (Some(column), Some(other)) => selectables::references(&column, &other, cx),
        _ => Ok(false),
    }
}

/// The value of `column` in `instance` as the database has it, where that is known.
pub fn committed_value(
    instance: &Rc<Instance>,
    mapper: &Rc<Mapper>,
    column: &ColumnElement,
    cx: &Cx,
) -> Result<Option<Value>> {
    Ok(
        match read_committed(instance, mapper, column, Passive::OFF, cx)? {
            Some(Held::Value(value)) => Some(value),
            _ => None,
        },
    )
}

/// Unset the destination columns of the pairs.
pub fn clear(dest: &Rc<Instance>, mapper: &Rc<Mapper>, pairs: &Pairs, cx: &Cx) -> Result<()> {
    for (left, right) in pairs {
        if right.is_primary_key() {
            let held = read(dest, mapper, right, Passive::OFF, cx)?;
            if !matches!(held, None | Some(Held::NoValue | Held::Value(Value::None))) {
                let state = state_of(dest).map(crate::orm::InstanceState::describe);
                let state = state.unwrap_or_default();
                let (left, right) = (column_text(left), column_text(right));
                return Err(ASSERTION_ERROR.error(if cx.compat().is_14() {
                    format!(
                        "Dependency rule tried to blank-out primary key column '{right}' on \
                         instance '{state}'"
                    )
                } else {
                    format!(
                        "Dependency rule on column '{left}' tried to blank-out primary key \
                         column '{right}' on instance '{state}'"
                    )
                }));
            }
        }
        set(dest, mapper, right, Value::None, cx)?;
    }
    Ok(())
}

/// The values of the pairs, under the names of the columns they go to.
pub fn read_pairs(
    source: &Rc<Instance>,
    mapper: &Rc<Mapper>,
    pairs: &Pairs,
    cx: &Cx,
) -> Result<Vec<(ColumnElement, Value)>> {
    pairs
        .iter()
        .map(|(left, right)| {
            let value = source_value(source, mapper, left, right, cx)?;
            Ok((right.clone(), value))
        })
        .collect()
}

/// The same with the values that the database still has.
pub fn read_pairs_with_old(
    source: &Rc<Instance>,
    mapper: &Rc<Mapper>,
    pairs: &Pairs,
    cx: &Cx,
) -> Result<Vec<(ColumnElement, Value, Value)>> {
    pairs
        .iter()
        .map(|(left, right)| {
            let old = read_committed(source, mapper, left, Passive::OFF, cx)?;
            let value = source_value(source, mapper, left, right, cx)?;
            Ok((right.clone(), value, old.map_or(Value::None, value_of)))
        })
        .collect()
}

/// Whether a source column of the pairs was changed from a known value.
pub fn source_modified(
    uow: &mut UowTransaction,
    source: &Rc<Instance>,
    mapper: &Rc<Mapper>,
    pairs: &Pairs,
    cx: &Cx,
) -> Result<bool> {
    for (left, _) in pairs {
        let Some(attribute) = attribute_of(source, mapper, left) else {
            continue;
        };
        let slot = attribute.slot();
        // Without a change there is no old value: no need to keep a history.
        if state_of(source).is_some_and(|state| !state.is_changed(slot)) {
            continue;
        }
        let history = uow.history(source, slot, Passive::NO_INITIALIZE, cx)?;
        if !history.deleted().is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}
