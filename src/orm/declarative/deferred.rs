//! Mappings that wait: classes whose tables are reflected by `prepare()` before they are mapped.

use std::cell::RefCell;
use std::rc::Rc;

use super::collect::{Collected, while_scanning};
use super::dataclass;
use super::scan::{Prepared, Scan, finish};
use crate::object::{Class, Cx, Result, Str};
use crate::orm::mapper::Mapper;
use crate::orm::mapping::Declared;
use crate::orm::properties::MapperProperty;
use crate::orm::registry::Registry;
use crate::sql::FromClause;
use crate::sql::schema::{Column, Table};

/// The attribute that says of a class that it waits; its value names the base that makes it wait.
pub const DEFERS: &str = "_sa_decl_prepare";

/// A class that was scanned and has its table, but no mapper yet.
pub struct DeferredMapping {
    class: Rc<Class>,
    registry: Rc<Registry>,
    table: Option<FromClause>,
    properties: RefCell<Vec<(Str, Declared)>>,
    columns: Vec<(Rc<Column>, i64)>,
    collected: RefCell<Collected>,
    fields: RefCell<Option<dataclass::DataclassFields>>,
}

/// The classes that wait, in the order of their definition.
#[derive(Default)]
pub struct DeferredMappings(RefCell<Vec<Rc<DeferredMapping>>>);

impl DeferredMappings {
    /// Those of `base` and its subclasses.
    pub fn of_base(&self, base: &Rc<Class>) -> Vec<Rc<DeferredMapping>> {
        let all = self.0.borrow();
        let own = all.iter().filter(|one| one.class.is_subclass(base));
        own.cloned().collect()
    }
    pub(super) fn add(&self, prepared: Prepared<'_>) {
        let (scan, fields) = prepared;
        self.0.borrow_mut().push(Rc::new(DeferredMapping {
            class: scan.class.clone(),
            registry: scan.registry.clone(),
            table: scan.table,
            properties: RefCell::new(scan.properties),
            columns: scan.columns,
            collected: RefCell::new(scan.collected),
            fields: RefCell::new(fields),
        }));
    }
}

/// Whether `class` waits for its `prepare()`.
pub(super) fn waits(class: &Class) -> bool {
    class.lookup(DEFERS).is_some()
}

impl DeferredMapping {
    /// The class.
    pub fn class(&self) -> &Rc<Class> {
        &self.class
    }
    /// Its table.
    pub fn table(&self) -> Option<&Rc<Table>> {
        match self.table.as_ref()?.plain() {
            FromClause::Table(table) => Some(table),
            _ => None,
        }
    }
    /// The property that is to be mapped as `name`.
    pub fn property(&self, name: &str) -> Option<Rc<MapperProperty>> {
        let properties = self.properties.borrow();
        let (_, declared) = properties.iter().find(|(key, _)| key == name)?;
        match declared {
            Declared::Property(property) => Some(property.clone()),
            Declared::Columns(_) => None,
        }
    }
    /// Whether something is to be mapped as `name`.
    pub fn has_property(&self, name: &str) -> bool {
        self.properties.borrow().iter().any(|(key, _)| key == name)
    }
    /// Let `property` be mapped as `name`.
    pub fn add_property(&self, name: &str, property: Rc<MapperProperty>) {
        let declared = Declared::Property(property);
        self.properties
            .borrow_mut()
            .push((Str::new(name), declared));
    }
    /// The relationships that are to be mapped.
    pub fn relationships(&self) -> Vec<Rc<MapperProperty>> {
        let properties = self.properties.borrow();
        let all = properties
            .iter()
            .filter_map(|(_, declared)| match declared {
                Declared::Property(property) if property.relationship().is_some() => {
                    Some(property.clone())
                }
                _ => None,
            });
        all.collect()
    }

    /// Map the class; it waits no more.
    pub fn map(self: &Rc<Self>, cx: &Cx) -> Result<Rc<Mapper>> {
        let waiting = cx.service::<DeferredMappings>();
        waiting.0.borrow_mut().retain(|one| !Rc::ptr_eq(one, self));
        while_scanning(&self.class, cx, || {
            let scan = Scan {
                class: &self.class,
                registry: &self.registry,
                collected: self.collected.take(),
                properties: self.properties.take(),
                columns: self.columns.clone(),
                inherits: None,
                table: self.table.clone(),
                cx,
            };
            finish((scan, self.fields.take()))
        })
    }
}
