//! Questions about FROM elements that mapping asks: their columns, tables, and joins.

use std::rc::Rc;

use crate::object::{Cx, Result, Str};
use crate::sql::schema::{Column, Table};
use crate::sql::{ColumnElement, FromClause, Join};

/// The columns of a FROM element with their keys, in order.
pub fn columns_of(from: &FromClause, cx: &Cx) -> Result<Vec<(Str, ColumnElement)>> {
    Ok(match from.plain() {
        FromClause::Table(table) => table
            .columns()
            .iter()
            .map(|(key, column)| (key.clone(), ColumnElement::Column(column.clone())))
            .collect(),
        FromClause::Join(join) => {
            let mut columns = columns_of(&join.left, cx)?;
            columns.extend(columns_of(&join.right, cx)?);
            columns
        }
        FromClause::Grouping(inner) => columns_of(inner, cx)?,
        other => other.columns(cx)?,
    })
}

/// The column of `from` that is `column`, or stands for it.
pub fn corresponding_column(
    from: &FromClause,
    column: &ColumnElement,
    cx: &Cx,
) -> Result<Option<ColumnElement>> {
    match (from.plain(), column.plain()) {
        (FromClause::Table(table), ColumnElement::Column(one)) => {
            return Ok(one
                .belongs_to(table)
                .then(|| ColumnElement::Column(one.clone())));
        }
        (FromClause::Join(join), ColumnElement::Column(_)) => {
            if let Some(found) = corresponding_column(&join.left, column, cx)? {
                return Ok(Some(found));
            }
            return corresponding_column(&join.right, column, cx);
        }
        _ => {}
    }
    let columns = columns_of(from, cx)?;
    Ok(columns
        .iter()
        .find(|(_, one)| one.same(column))
        .or_else(|| columns.iter().find(|(_, one)| one.shares_lineage(column)))
        .map(|(_, one)| one.clone()))
}

/// Whether `column` itself is one of the columns of `from`.
pub fn contains_column(from: &FromClause, column: &ColumnElement, cx: &Cx) -> Result<bool> {
    match (from.plain(), column.plain()) {
        (FromClause::Table(table), ColumnElement::Column(one)) => Ok(one.belongs_to(table)),
        (FromClause::Join(join), _) => {
            Ok(contains_column(&join.left, column, cx)?
                || contains_column(&join.right, column, cx)?)
        }
        _ => Ok(columns_of(from, cx)?
            .iter()
            .any(|(_, one)| one.same(column))),
    }
}

/// The tables in a FROM element, in order.
pub fn tables_of(from: &FromClause) -> Vec<Rc<Table>> {
    match from.plain() {
        FromClause::Table(table) => vec![table.clone()],
        FromClause::Join(join) => {
            let mut tables = tables_of(&join.left);
            tables.extend(tables_of(&join.right));
            tables
        }
        FromClause::Grouping(inner) => tables_of(inner),
        _ => Vec::new(),
    }
}

/// `left JOIN right ON onclause`.
pub fn join(left: FromClause, right: FromClause, onclause: ColumnElement) -> FromClause {
    FromClause::Join(Rc::new(Join {
        left,
        right,
        onclause: Some(onclause),
        isouter: false,
        full: false,
    }))
}

/// Whether two FROM elements have a table in common.
pub fn overlap(a: &FromClause, b: &FromClause) -> bool {
    let tables = tables_of(a);
    tables_of(b)
        .iter()
        .any(|table| tables.iter().any(|other| Rc::ptr_eq(table, other)))
}

/// The table column that an element is, without annotations.
pub fn table_column(element: &ColumnElement) -> Option<Rc<Column>> {
    match element.plain() {
        ColumnElement::Column(column) => Some(column.clone()),
        _ => None,
    }
}

/// The columns of the primary key of `from`, where it has one.
pub fn primary_key_of(from: &FromClause, cx: &Cx) -> Result<Vec<ColumnElement>> {
    Ok(match from.plain() {
        FromClause::Table(table) => table
            .primary_key_columns()
            .into_iter()
            .map(ColumnElement::Column)
            .collect(),
        FromClause::Join(join) => {
            let mut columns = primary_key_of(&join.left, cx)?;
            columns.extend(primary_key_of(&join.right, cx)?);
            columns
        }
        other => columns_of(other, cx)?
            .into_iter()
            .map(|(_, column)| column)
            .filter(|column| match column.plain() {
                ColumnElement::Column(column) => column.primary_key(),
                ColumnElement::Proxy(proxy) => proxy.data.primary_key,
                _ => false,
            })
            .collect(),
    })
}

/// Whether column `a` has a foreign key to column `b`.
pub fn references(a: &Column, b: &Rc<Column>, cx: &Cx) -> Result<bool> {
    for key in a.foreign_keys.borrow().iter() {
        if Rc::ptr_eq(&key.column(cx)?, b) {
            return Ok(true);
        }
    }
    Ok(false)
}
