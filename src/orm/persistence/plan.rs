//! What is known beforehand about writing the objects of a mapper to a table.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::engine::Connection;
use crate::object::{Cx, Result, Str, Value};
use crate::orm::{ColumnPair, Mapper};
use crate::sql::ColumnElement;
use crate::sql::schema::{Column, ColumnDefault, ServerDefault, Table, sort_tables};
use crate::sql::types::SqlType;

/// A column of a table as one mapper writes it.
pub struct PlanColumn {
    /// The column.
    pub column: Rc<Column>,
    /// Its key.
    pub key: Str,
    /// The slot of the attribute that holds it.
    pub slot: u32,
    /// Whether it is part of the table's primary key.
    pub primary_key: bool,
    /// Whether a missing value is written as NULL.
    pub none_if_missing: bool,
    /// Whether None is a value of its own.
    pub evaluates_none: bool,
    /// Whether the database or a SQL expression fills it where it is left out.
    pub server_default: bool,
    /// Whether Python fills it where it is left out.
    pub python_default: bool,
    /// Whether the database or a SQL expression changes it with every UPDATE.
    pub server_onupdate: bool,
    /// Whether Python changes it with every UPDATE.
    pub python_onupdate: bool,
    /// Whether it is the version.
    pub is_version: bool,
}

/// The columns of a table as one mapper writes them.
pub struct MapperColumns {
    /// The mapped columns, in table order.
    pub columns: Vec<PlanColumn>,
    /// Which of them are the primary key, in the order of the key.
    pub primary_key: Vec<usize>,
    /// Which of them is the version.
    pub version: Option<usize>,
    /// Pairs of columns to copy along once the table is written, with their mapper.
    pub equated: Vec<(Rc<Mapper>, Vec<ColumnPair>)>,
    /// Whether a default of Python's or of the server's may be at work in an INSERT.
    pub has_defaults: bool,
}

/// A table of a hierarchy.
pub struct TablePlan {
    /// The table.
    pub table: Rc<Table>,
    /// The mapper that brings it in.
    pub mapper: Rc<Mapper>,
    /// The base of the hierarchy.
    pub base: Rc<Mapper>,
    by_mapper: RefCell<FxHashMap<usize, Option<Rc<MapperColumns>>>>,
}

/// The tables of a hierarchy, those that others depend on first.
pub struct HierarchyPlan {
    tables: Vec<Rc<TablePlan>>,
    mappers: usize,
}

impl HierarchyPlan {
    /// The plan of the hierarchy of `base`; kept until a mapper joins the hierarchy.
    pub fn of(base: &Rc<Mapper>, cx: &Cx) -> Result<Rc<Self>> {
        let mappers = base.self_and_descendants();
        let known = base.caches.borrow().get("persistence").cloned();
        if let Some(known) = known.and_then(|known| known.downcast::<Self>().ok())
            && known.mappers == mappers.len()
        {
            return Ok(known);
        }
        let mut found: Vec<(Rc<Table>, Rc<Mapper>)> = Vec::new();
        for mapper in &mappers {
            for table in mapper.tables() {
                if !found.iter().any(|(known, _)| Rc::ptr_eq(known, table)) {
                    found.push((table.clone(), mapper.clone()));
                }
            }
        }
        if found.len() > 1 {
            let tables: Vec<_> = found.iter().map(|(table, _)| table.clone()).collect();
            let order = sort_tables(&tables, cx)?;
            let place = |table: &Rc<Table>| order.iter().position(|one| Rc::ptr_eq(one, table));
            found.sort_by_key(|(table, _)| place(table));
        }
        let tables = found
            .into_iter()
            .map(|(table, mapper)| {
                Rc::new(TablePlan {
                    table,
                    mapper,
                    base: base.clone(),
                    by_mapper: RefCell::default(),
                })
            })
            .collect();
        let plan = Rc::new(Self {
            tables,
            mappers: mappers.len(),
        });
        base.caches.borrow_mut().insert("persistence", plan.clone());
        Ok(plan)
    }
    /// The tables, those that others depend on first.
    pub fn tables(&self) -> &[Rc<TablePlan>] {
        &self.tables
    }
}

impl TablePlan {
    /// How `mapper` writes the table; `None` where it does not.
    pub fn columns_of(&self, mapper: &Rc<Mapper>) -> Option<Rc<MapperColumns>> {
        let at = Rc::as_ptr(mapper) as usize;
        if let Some(known) = self.by_mapper.borrow().get(&at) {
            return known.clone();
        }
        let made = self.make(mapper).map(Rc::new);
        self.by_mapper.borrow_mut().insert(at, made.clone());
        made
    }

    fn make(&self, mapper: &Rc<Mapper>) -> Option<MapperColumns> {
        if !mapper
            .tables()
            .iter()
            .any(|own| Rc::ptr_eq(own, &self.table))
        {
            return None;
        }
        let version = mapper.version_id();
        let mut columns = Vec::new();
        for column in self.table.column_list() {
            let element = ColumnElement::Column(column.clone());
            let Some(slot) = mapper.column_slot(&element) else {
                continue;
            };
            columns.push(plan_column(column, slot, version.as_ref()));
        }
        let primary_key: Vec<usize> = mapper
            .table_primary_key(&self.table)
            .iter()
            .filter_map(|key| columns.iter().position(|one| Rc::ptr_eq(&one.column, key)))
            .collect();
        if primary_key.is_empty() {
            return None;
        }
        let has_defaults = self.table.column_list().iter().any(|column| {
            column.default.borrow().is_some() || column.server_default.borrow().is_some()
        });
        Some(MapperColumns {
            version: columns.iter().position(|column| column.is_version),
            equated: self.equated(mapper),
            columns,
            primary_key,
            has_defaults,
        })
    }

    fn equated(&self, mapper: &Rc<Mapper>) -> Vec<(Rc<Mapper>, Vec<ColumnPair>)> {
        let mut found = Vec::new();
        for one in mapper.lineage() {
            let pairs: Vec<ColumnPair> = one
                .inherits_equated_pairs()
                .into_iter()
                .filter(|(left, right)| {
                    // Both columns in one attribute need no copy.
                    one.column_slot(left) != one.column_slot(right)
                })
                .collect();
            let touches = pairs.iter().any(|(left, _)| match left.plain() {
                ColumnElement::Column(column) => column.belongs_to(&self.table),
                _ => false,
            });
            if touches {
                found.push((one, pairs));
            }
        }
        found
    }

    /// Whether values that the database makes are read back with the INSERT.
    pub fn prefers_eager_defaults(&self, connection: &Connection) -> bool {
        match &self.base.options().eager_defaults {
            Value::Bool(flag) => *flag,
            Value::Undefined | Value::Str(_) => {
                connection.dialect().insert_returning
                    && self.table.implicit_returning
                    && self.table.column_list().iter().any(has_server_default)
            }
            _ => false,
        }
    }
    /// Whether every value that the database makes is read back at once, `eager_defaults=True`.
    pub fn eager_defaults_on(&self) -> bool {
        matches!(self.base.options().eager_defaults, Value::Bool(true))
    }
}

fn has_server_default(column: &Rc<Column>) -> bool {
    column.server_default.borrow().is_some() || is_clause(column.default.borrow().as_ref())
}

fn is_clause(default: Option<&Rc<ColumnDefault>>) -> bool {
    default.is_some_and(|default| matches!(**default, ColumnDefault::Clause(_)))
}

fn plan_column(column: Rc<Column>, slot: u32, version: Option<&ColumnElement>) -> PlanColumn {
    let primary_key = column.primary_key();
    let default = column.default.borrow().clone();
    let onupdate = column.onupdate.borrow().clone();
    let server_default: Option<Rc<ServerDefault>> = column.server_default.borrow().clone();
    let evaluates_none = column.with_type(SqlType::should_evaluate_none);
    let element = ColumnElement::Column(column.clone());
    PlanColumn {
        key: column.key(),
        slot,
        primary_key,
        none_if_missing: !primary_key
            && default.is_none()
            && server_default.is_none()
            && !evaluates_none,
        evaluates_none,
        server_default: server_default.is_some() || is_clause(default.as_ref()),
        python_default: default.is_some() && !is_clause(default.as_ref()),
        server_onupdate: column.server_onupdate.borrow().is_some() || is_clause(onupdate.as_ref()),
        python_onupdate: onupdate.is_some() && !is_clause(onupdate.as_ref()),
        is_version: version.is_some_and(|version| version.same(&element)),
        column,
    }
}
