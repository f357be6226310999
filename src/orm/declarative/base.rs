//! Declarative bases, the classes that derive from them, attributes added later.

use std::rc::Rc;

use super::scan::{map_class, undefer_name};
use super::{DeclaredAttr, MappedColumn, annotations, columns, dataclass, schema_constructors};
use crate::engine::exc::{ARGUMENT_ERROR, INVALID_REQUEST_ERROR};
use crate::object::types::OBJECT;
use crate::object::{Class, Cx, Result, Str, Value, find_attr};
use crate::orm::instrumented::{InstrumentedAttribute, PropertyHandle};
use crate::orm::mapped_class::MappedClass;
use crate::orm::mapper::{Mapper, RegistryHandle};
use crate::orm::mapping::{self, Declared};
use crate::orm::properties::{MapperProperty, PropertyKind, SynonymProperty};
use crate::orm::registry::Registry;
use crate::sql::{ColumnElement, FromClause};

/// The arguments of `declarative_base()` and of `registry`.
#[derive(Default)]
pub struct BaseOptions {
    /// `metadata=`.
    pub metadata: Option<Value>,
    /// `cls=`: a class or several.
    pub bases: Vec<Rc<Class>>,
    /// `name=`.
    pub name: Option<Str>,
    /// `constructor=`; `None` in it is none at all.
    pub constructor: Option<Value>,
    /// `type_annotation_map=`.
    pub type_annotation_map: Vec<(Value, Value)>,
    /// `class_registry=`.
    pub class_registry: Option<Value>,
}

/// A registry as the arguments say.
pub fn new_registry(options: &BaseOptions, cx: &Cx) -> Result<Rc<Registry>> {
    let constructors = schema_constructors(cx)?;
    let metadata = match &options.metadata {
        Some(metadata) if !metadata.is_none() => metadata.clone(),
        _ => (constructors.metadata)(cx)?,
    };
    let Some(inner) = (constructors.metadata_of)(&metadata) else {
        return Err(ARGUMENT_ERROR.error("a MetaData object is expected for metadata"));
    };
    Ok(Registry::new(
        inner,
        options.type_annotation_map.clone(),
        options.constructor.clone().unwrap_or(Value::Undefined),
        cx,
    ))
}

/// `declarative_base()` / `registry.generate_base()`.
pub fn new_declarative_base(
    registry: &Rc<Registry>,
    options: &BaseOptions,
    cx: &Cx,
) -> Result<Rc<Class>> {
    let bases = if options.bases.is_empty() {
        vec![OBJECT.class()]
    } else {
        options.bases.clone()
    };
    let name = options.name.clone().unwrap_or_else(|| Str::new("Base"));
    let class = Class::new(name, Str::new("sqlalchemy.orm.decl_api"), bases)?;
    set_base_attributes(&class, registry, cx)?;
    class.extend(MappedClass::new(registry.clone(), true));
    Ok(class)
}

fn set_base_attributes(class: &Rc<Class>, registry: &Rc<Registry>, cx: &Cx) -> Result<()> {
    let constructors = schema_constructors(cx)?;
    class.set("registry", Value::object(RegistryHandle(registry.clone())));
    if class.lookup("metadata").is_none_or(|held| held.is_none()) {
        class.set(
            "metadata",
            (constructors.metadata_value)(registry.metadata()),
        );
    }
    Ok(())
}

/// A direct subclass of `DeclarativeBase` was defined: it becomes a base.
pub fn init_declarative_base(class: &Rc<Class>, cx: &Cx) -> Result<()> {
    let this = Value::Class(class.clone());
    let own_registry = class.lookup("registry").and_then(|held| {
        held.downcast::<RegistryHandle>()
            .map(|handle| handle.0.clone())
    });
    let registry = if let Some(registry) = own_registry {
        if class.lookup("type_annotation_map").is_some() {
            let map = type_annotation_map(&this, cx)?;
            registry.type_annotation_map.borrow_mut().extend(map);
        }
        registry
    } else {
        let options = BaseOptions {
            metadata: find_attr(&this, "metadata", cx)?,
            type_annotation_map: type_annotation_map(&this, cx)?,
            ..BaseOptions::default()
        };
        new_registry(&options, cx)?
    };
    set_base_attributes(class, &registry, cx)?;
    class.extend(MappedClass::new(registry, true));
    Ok(())
}

fn type_annotation_map(class: &Value, cx: &Cx) -> Result<Vec<(Value, Value)>> {
    Ok(match find_attr(class, "type_annotation_map", cx)? {
        Some(Value::Dict(map)) => map
            .borrow()
            .iter()
            .map(|(key, value)| (key.value().clone(), value.clone()))
            .collect(),
        _ => Vec::new(),
    })
}

fn is_abstract(class: &Rc<Class>, cx: &Cx) -> Result<bool> {
    match class.own("__abstract__") {
        Some(value) => cx.truthy(&value),
        None => Ok(false),
    }
}

/// A class that derives from a declarative base was defined.
pub fn init_subclass(
    registry: &Rc<Registry>,
    class: &Rc<Class>,
    keywords: &[(Str, Value)],
    cx: &Cx,
) -> Result<()> {
    let own = class.own("registry").and_then(|held| {
        held.downcast::<RegistryHandle>()
            .map(|handle| handle.0.clone())
    });
    let registry = own.unwrap_or_else(|| registry.clone());
    if is_abstract(class, cx)? {
        dataclass::note_keywords(class, keywords, cx)?;
        class.extend(MappedClass::new(registry, true));
        return Ok(());
    }
    map_class(&registry, class, keywords, cx).map(drop)
}

/// Map a class declaratively that derives from no base (`registry.mapped`).
pub fn map_declaratively(
    registry: &Rc<Registry>,
    class: &Rc<Class>,
    keywords: &[(Str, Value)],
    cx: &Cx,
) -> Result<Rc<Mapper>> {
    map_class(registry, class, keywords, cx)?.ok_or_else(|| crate::orm::exc::unmapped_class(class))
}

/// An attribute of a declarative class is assigned after its definition.
pub fn set_class_attribute(class: &Rc<Class>, name: &str, value: &Value, cx: &Cx) -> Result<bool> {
    let Some(mapper) = MappedClass::own(class).and_then(MappedClass::mapper) else {
        return Ok(false);
    };
    add_attribute(&mapper, name, value, cx)
}

/// Map `value` as attribute `name`; `false`: it is nothing to map.
pub fn add_attribute(mapper: &Rc<Mapper>, name: &str, value: &Value, cx: &Cx) -> Result<bool> {
    let key = Str::new(name);
    let class = mapper.class().clone();
    let mut value = value.clone();
    if value.downcast::<DeclaredAttr>().is_some() {
        value = super::collect::declared_value(&value, &class, cx)?;
    }
    if let Some(mapped) = value.downcast::<MappedColumn>() {
        let column = mapped.column.clone();
        undefer_name(&key, &column);
        if column.with_type(crate::sql::types::SqlType::is_null)
            && column.foreign_keys.borrow().is_empty()
        {
            return Err(annotations::required(&class, name, "MappedColumn"));
        }
        value = Value::object(ColumnElement::Column(column));
    }
    if let Some(column) = columns::as_column(&value) {
        undefer_name(&key, &column);
        append_column(mapper, &column, cx)?;
        let element = ColumnElement::Column(column);
        mapping::add_property(mapper, &key, Declared::Columns(vec![element]), cx)?;
        return Ok(true);
    }
    if let Some(handle) = value.downcast::<PropertyHandle>() {
        let prop = handle.0.clone();
        if let Some(part) = prop.column() {
            for element in part.columns.borrow().iter() {
                if let ColumnElement::Column(column) = element.plain()
                    && column.table().is_none()
                {
                    undefer_name(&key, column);
                    append_column(mapper, column, cx)?;
                }
            }
        }
        mapping::add_property(mapper, &key, Declared::Property(prop), cx)?;
        return Ok(true);
    }
    if let Some(attribute) = value.downcast::<InstrumentedAttribute>()
        && attribute.key() != &key
    {
        let prop = MapperProperty::new(PropertyKind::Synonym(SynonymProperty {
            name: attribute.key().clone(),
            descriptor: Value::None,
            comparator_factory: Value::Undefined,
            map_column: false,
        }));
        mapping::add_property(mapper, &key, Declared::Property(prop), cx)?;
        return Ok(true);
    }
    Ok(false)
}

fn append_column(
    mapper: &Rc<Mapper>,
    column: &Rc<crate::sql::schema::Column>,
    cx: &Cx,
) -> Result<()> {
    let FromClause::Table(table) = mapper.local_table() else {
        return Err(INVALID_REQUEST_ERROR.error("no table to add a column to"));
    };
    if column.belongs_to(table) {
        return Ok(());
    }
    crate::sql::schema::add_column(table, column, true, cx)
}
