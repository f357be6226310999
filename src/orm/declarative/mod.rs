//! Declarative mapping: from a class body to a table and a mapper.

mod annotations;
mod base;
mod collect;
mod columns;
mod dataclass;
mod deferred;
mod keywords;
mod mapper_args;
mod scan;
mod types;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::object::{Args, Cx, Result, Str, Value};
use crate::sql::schema::{Column, MetaData};

pub use annotations::{DYNAMIC_MAPPED, MAPPED, WRITE_ONLY_MAPPED};
pub use base::new_registry;
pub use base::{
    BaseOptions, add_attribute, init_declarative_base, init_subclass, map_declaratively,
    new_declarative_base, set_class_attribute,
};
pub use collect::declared_value;
pub use columns::copy_column;
pub use dataclass::{
    DataclassFields, MAPPED_AS_DATACLASS, init as init_dataclass,
    note_keywords as note_dataclass_keywords, repr as dataclass_repr,
};
pub use deferred::{DEFERS, DeferredMapping, DeferredMappings};
pub use keywords::{mapper_from_keywords, relationship_from_keywords};

/// What `mapped_column()` makes.
pub struct MappedColumn {
    /// The column.
    pub column: Rc<Column>,
    /// Whether `nullable=` was given.
    pub has_nullable: bool,
    /// `deferred=`.
    pub deferred: Cell<Option<bool>>,
    /// `deferred_group=`.
    pub group: RefCell<Option<Str>>,
    /// `deferred_raiseload=`.
    pub raiseload: Cell<Option<bool>>,
    /// `active_history=`.
    pub active_history: Cell<bool>,
    /// `sort_order=`.
    pub sort_order: Cell<Option<i64>>,
    /// `use_existing_column=`.
    pub use_existing: Cell<bool>,
    /// Whether `insert_default=` (not `default=`) was given.
    pub has_insert_default: bool,
    /// The dataclass arguments.
    pub dataclass: FieldOptions,
}

/// The dataclass arguments of an attribute; `Undefined` where not given.
#[derive(Clone)]
#[expect(missing_docs, reason = "the names are those of the arguments")]
pub struct FieldOptions {
    pub init: Value,
    pub repr: Value,
    pub default: Value,
    pub default_factory: Value,
    pub compare: Value,
    pub kw_only: Value,
    pub hash: Value,
}

impl Default for FieldOptions {
    fn default() -> Self {
        Self {
            init: Value::Undefined,
            repr: Value::Undefined,
            default: Value::Undefined,
            default_factory: Value::Undefined,
            compare: Value::Undefined,
            kw_only: Value::Undefined,
            hash: Value::Undefined,
        }
    }
}

impl FieldOptions {
    /// Whether any was given.
    pub fn any(&self) -> bool {
        [
            &self.init,
            &self.repr,
            &self.default,
            &self.default_factory,
            &self.compare,
            &self.kw_only,
            &self.hash,
        ]
        .iter()
        .any(|value| !value.is_undefined())
    }
}

impl MappedColumn {
    /// `mapped_column()` without arguments.
    pub fn plain() -> Self {
        Self::of(columns::empty_column(), false)
    }
    /// A mapped column of `column`.
    pub fn of(column: Rc<Column>, has_nullable: bool) -> Self {
        Self {
            column,
            has_nullable,
            deferred: Cell::default(),
            group: RefCell::default(),
            raiseload: Cell::default(),
            active_history: Cell::default(),
            sort_order: Cell::default(),
            use_existing: Cell::default(),
            has_insert_default: false,
            dataclass: FieldOptions::default(),
        }
    }
    /// A copy for another class.
    pub fn copy(&self, cx: &Cx) -> Result<Self> {
        Ok(Self {
            column: copy_column(&self.column, cx)?,
            has_nullable: self.has_nullable,
            deferred: self.deferred.clone(),
            group: self.group.clone(),
            raiseload: self.raiseload.clone(),
            active_history: self.active_history.clone(),
            sort_order: self.sort_order.clone(),
            use_existing: self.use_existing.clone(),
            has_insert_default: self.has_insert_default,
            dataclass: self.dataclass.clone(),
        })
    }
}

/// What `declared_attr` makes of a method.
pub struct DeclaredAttr {
    /// The method.
    pub function: Value,
    /// `declared_attr.cascading`.
    pub cascading: bool,
}

/// How the schema's constructors are called: the language registers them.
#[derive(Clone, Copy)]
pub struct SchemaConstructors {
    /// `Table(name, metadata, ..)`.
    pub table: fn(Args, &Cx) -> Result<Value>,
    /// `MetaData()`.
    pub metadata: fn(&Cx) -> Result<Value>,
    /// The metadata behind a value.
    pub metadata_of: fn(&Value) -> Option<Rc<MetaData>>,
    /// The value of a metadata.
    pub metadata_value: fn(&Rc<MetaData>) -> Value,
}

#[derive(Default)]
struct Constructors(Cell<Option<SchemaConstructors>>);

/// Register the schema's constructors.
pub fn set_schema_constructors(constructors: SchemaConstructors, cx: &Cx) {
    cx.service::<Constructors>().0.set(Some(constructors));
}

/// The schema's constructors.
pub fn schema_constructors(cx: &Cx) -> Result<SchemaConstructors> {
    cx.service::<Constructors>().0.get().ok_or_else(|| {
        crate::object::exceptions::RUNTIME_ERROR.error("the schema is not available")
    })
}
