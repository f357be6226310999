//! From collected attributes to properties, columns, the table, and the mapper.

use std::rc::Rc;

use super::annotations::{self, Extracted};
use super::collect::{Collected, collect, declared_value, while_scanning};
use super::columns::{as_column, is_mappable};
use super::deferred::{self, DeferredMappings};
use super::{DeclaredAttr, MappedColumn, dataclass, mapper_args, schema_constructors};
use crate::engine::exc::{ARGUMENT_ERROR, INVALID_REQUEST_ERROR, SA_WARNING};
use crate::object::{Args, Class, Cx, Result, Str, Value, find_attr};
use crate::orm::instrumented::{InstrumentedAttribute, PropertyHandle};
use crate::orm::mapped_class::MappedClass;
use crate::orm::mapper::{Inheritance, Mapper};
use crate::orm::mapping::{self, Declared, MapperSpec};
use crate::orm::properties::{ColumnProperty, MapperProperty, PropertyKind, SynonymProperty};
use crate::orm::registry::{RegisteredName, Registry};
use crate::sql::schema::Column;
use crate::sql::{ColumnElement, FromClause};

/// A class being mapped declaratively.
pub(super) struct Scan<'a> {
    pub(super) class: &'a Rc<Class>,
    pub(super) registry: &'a Rc<Registry>,
    pub(super) collected: Collected,
    pub(super) properties: Vec<(Str, Declared)>,
    /// Columns with their sort order.
    pub(super) columns: Vec<(Rc<Column>, i64)>,
    pub(super) inherits: Option<Rc<Mapper>>,
    pub(super) table: Option<FromClause>,
    pub(super) cx: &'a Cx,
}

/// A scanned class with its table, ready to be mapped; the fields of a dataclass with it.
pub(super) type Prepared<'a> = (Scan<'a>, Option<dataclass::DataclassFields>);

/// Map `class` as its body declares; `None`: it waits for its `prepare()`.
pub fn map_class(
    registry: &Rc<Registry>,
    class: &Rc<Class>,
    keywords: &[(Str, Value)],
    cx: &Cx,
) -> Result<Option<Rc<Mapper>>> {
    while_scanning(class, cx, || {
        let fixed = fixed_table(class, cx)?;
        let collected = collect(class, fixed, cx)?;
        let mut scan = Scan {
            class,
            registry,
            collected,
            properties: Vec::new(),
            columns: Vec::new(),
            inherits: None,
            table: None,
            cx,
        };
        register_name(registry, class, cx);
        scan.find_base()?;
        scan.prepare_existing()?;
        let fields = dataclass::prepare(&scan, keywords)?;
        scan.extract()?;
        scan.extract_columns();
        scan.set_up_table()?;
        if deferred::waits(class) {
            cx.service::<DeferredMappings>().add((scan, fields));
            return Ok(None);
        }
        finish((scan, fields)).map(Some)
    })
}

/// Map a class whose table is complete.
pub(super) fn finish(prepared: Prepared<'_>) -> Result<Rc<Mapper>> {
    let (mut scan, fields) = prepared;
    let (class, cx) = (scan.class.clone(), scan.cx);
    scan.find_base()?;
    scan.inherit_columns()?;
    let spec = mapper_args::spec(&mut scan)?;
    let mapper = mapping::map_class(spec, cx)?;
    if let Some(fields) = fields {
        dataclass::attach(&class, fields);
    }
    Ok(mapper)
}

fn fixed_table(class: &Rc<Class>, cx: &Cx) -> Result<Option<FromClause>> {
    let Some(own) = class.own("__table__") else {
        return Ok(None);
    };
    if own.is_none() {
        return Ok(None);
    }
    let value = declared_value(&own, class, cx)?;
    crate::sql::coercions::expect_from(&value, cx).map(Some)
}

/// Let texts find the class by its name.
fn register_name(registry: &Registry, class: &Rc<Class>, cx: &Cx) {
    let name = class.name();
    let mut names = registry.names.borrow_mut();
    let known = match names.get(&name) {
        None => Vec::new(),
        Some(RegisteredName::Class(known)) => vec![known.clone()],
        Some(RegisteredName::Multiple(known)) => known.clone(),
    };
    let weak = Rc::downgrade(class);
    if known.is_empty() {
        names.insert(name, RegisteredName::Class(weak));
        return;
    }
    let same_module = known
        .iter()
        .filter_map(std::rc::Weak::upgrade)
        .any(|other| other.module() == class.module());
    let mut all = known;
    all.push(weak);
    names.insert(name.clone(), RegisteredName::Multiple(all));
    drop(names);
    if same_module {
        cx.warn(
            &SA_WARNING,
            &format!(
                "This declarative base already contains a class with the same class name and \
                 module name as {}.{name}, and will be replaced in the string-lookup table.",
                class.module()
            ),
        );
    }
}

fn mapped_base(class: &Rc<Class>) -> Option<Rc<Mapper>> {
    let own = MappedClass::own(class).and_then(MappedClass::mapper);
    own.or_else(|| class.bases().iter().find_map(mapped_base))
}

impl Scan<'_> {
    fn find_base(&mut self) -> Result<()> {
        let mut bases: Vec<Rc<Mapper>> = Vec::new();
        for base in self.class.bases() {
            if let Some(mapper) = mapped_base(&base)
                && !bases.iter().any(|known| Rc::ptr_eq(known, &mapper))
            {
                bases.push(mapper);
            }
        }
        if bases.len() > 1 {
            let shown: Vec<String> = bases
                .iter()
                .map(|mapper| format!("<class '{}'>", mapper.class().full_name()))
                .collect();
            return Err(INVALID_REQUEST_ERROR.error(format!(
                "Class <class '{}'> has multiple mapped bases: [{}]",
                self.class.full_name(),
                shown.join(", ")
            )));
        }
        self.inherits = bases.pop();
        Ok(())
    }

    /// Columns that are to be those of the base, if it has them (`use_existing_column`).
    fn prepare_existing(&mut self) -> Result<()> {
        let single = self.collected.tablename.is_none() && self.class.own("__table__").is_none();
        let Some(base) = self.inherits.clone().filter(|_| single) else {
            return Ok(());
        };
        for (key, value) in &mut self.collected.attributes {
            let Some(mapped) = value.downcast::<MappedColumn>() else {
                continue;
            };
            if !mapped.use_existing.get() {
                continue;
            }
            let name = mapped.column.name_given().unwrap_or_else(|| key.clone());
            let FromClause::Table(table) = base.local_table() else {
                continue;
            };
            if let Some(existing) = table.column_named(&name) {
                let replacement = MappedColumn::of(existing, true);
                *value = Value::object(replacement);
            }
        }
        Ok(())
    }

    /// Turn the attributes into properties.
    fn extract(&mut self) -> Result<()> {
        let attributes = std::mem::take(&mut self.collected.attributes);
        for (key, mut value) in attributes {
            if value.downcast::<DeclaredAttr>().is_some() {
                value = declared_value(&value, self.class, self.cx)?;
            } else if let Some(attribute) = value.downcast::<InstrumentedAttribute>() {
                let other_name = attribute.key() != &key;
                let own = Rc::ptr_eq(attribute.mapper().class(), self.class);
                if !own && other_name {
                    let name = attribute.key().clone();
                    value = Value::object(PropertyHandle(synonym(name)));
                }
            }
            if let Value::Tuple(items) = &value
                && let [one] = &***items
                && is_mappable(one)
            {
                self.cx.warn(
                    &SA_WARNING,
                    &format!(
                        "Ignoring declarative-like tuple value of attribute '{key}': \
                                 possibly a copy-and-paste error with a comma accidentally placed \
                                 at the end of the line?"
                    ),
                );
                continue;
            }
            if !is_mappable(&value) {
                self.leave(&key, value)?;
                continue;
            }
            if key == "metadata" {
                return Err(INVALID_REQUEST_ERROR.error(if self.cx.compat().is_14() {
                    "Attribute name 'metadata' is reserved for the MetaData instance when using \
                     a declarative base class."
                } else {
                    "Attribute name 'metadata' is reserved when using the Declarative API."
                }));
            }
            self.extract_one(key, &value)?;
        }
        Ok(())
    }

    /// An attribute that is not mapped stays what it is.
    fn leave(&self, key: &Str, value: Value) -> Result<()> {
        if let Value::Class(class) = &value
            && class.derives_from(&crate::orm::instrumented::COLUMN_PROPERTY)
        {
            self.cx.warn(
                &SA_WARNING,
                &format!(
                    "Attribute '{key}' on class <class '{}'> appears to be a non-schema \
                         SQLAlchemy expression object; this won't be part of the declarative \
                         mapping. To map arbitrary expressions, use ``column_property()`` or a \
                         similar function such as ``deferred()``, ``query_expression()`` etc. ",
                    self.class.full_name()
                ),
            );
        }
        if self.class.own(key).is_none_or(|held| !held.is(&value)) {
            self.class.set(key.clone(), value);
        }
        Ok(())
    }

    fn extract_one(&mut self, key: Str, value: &Value) -> Result<()> {
        if let Some(column) = as_column(value) {
            undefer_name(&key, &column);
            self.push_column(key, column, 0);
            return Ok(());
        }
        if let Some(mapped) = value.downcast::<MappedColumn>() {
            return self.extract_mapped_column(key, mapped);
        }
        let Some(handle) = value.downcast::<PropertyHandle>() else {
            return Ok(());
        };
        let prop = handle.0.clone();
        let annotation = self.collected.annotations.get(&key).cloned();
        if prop.relationship().is_some() {
            self.annotate_relationship(&key, &prop, annotation.as_ref())?;
        }
        if let PropertyKind::Composite(composite) = prop.kind() {
            mapper_args::annotate_composite(composite, annotation.as_ref(), self, &key)?;
        }
        if let Some(part) = prop.column() {
            for column in part.columns.borrow().iter() {
                if let ColumnElement::Column(column) = column.plain()
                    && column.table().is_none()
                {
                    undefer_name(&key, column);
                    if let Some(annotation) = &annotation {
                        self.apply_plain(column, &key, annotation)?;
                    }
                    self.columns.push((column.clone(), 0));
                }
            }
        }
        self.properties.push((key, Declared::Property(prop)));
        Ok(())
    }

    fn apply_plain(&self, column: &Rc<Column>, key: &str, annotation: &Extracted) -> Result<()> {
        if column.with_type(crate::sql::types::SqlType::is_null) {
            let mapped = MappedColumn::of(column.clone(), true);
            annotations::apply_to_column(&mapped, key, &annotation.inner, self.registry, self.cx)?;
        }
        Ok(())
    }

    fn push_column(&mut self, key: Str, column: Rc<Column>, order: i64) {
        if column.key() != key {
            let element = ColumnElement::Column(column.clone());
            self.properties
                .push((key, Declared::Columns(vec![element])));
        }
        self.columns.push((column, order));
    }

    fn extract_mapped_column(&mut self, key: Str, mapped: &MappedColumn) -> Result<()> {
        let column = &mapped.column;
        let attached = column.table().is_some();
        if !attached {
            undefer_name(&key, column);
            if let Some(annotation) = self.collected.annotations.get(&key) {
                annotations::apply_to_column(
                    mapped,
                    &key,
                    &annotation.inner,
                    self.registry,
                    self.cx,
                )?;
            } else {
                let typeless = column.with_type(crate::sql::types::SqlType::is_null);
                if typeless && column.foreign_keys.borrow().is_empty() {
                    return Err(annotations::required(self.class, &key, "MappedColumn"));
                }
            }
        }
        let deferred = mapped.deferred.get().unwrap_or(false) || mapped.group.borrow().is_some();
        let special =
            deferred || mapped.raiseload.get().unwrap_or(false) || mapped.active_history.get();
        let order = mapped.sort_order.get().unwrap_or(0);
        if special {
            let part = ColumnProperty::new(vec![ColumnElement::Column(column.clone())]);
            part.deferred
                .set(deferred || mapped.raiseload.get().unwrap_or(false));
            *part.group.borrow_mut() = mapped.group.borrow().clone();
            part.raiseload.set(mapped.raiseload.get().unwrap_or(false));
            part.active_history.set(mapped.active_history.get());
            let prop = MapperProperty::new(PropertyKind::Column(part));
            self.properties.push((key, Declared::Property(prop)));
            self.columns.push((column.clone(), order));
        } else {
            self.push_column(key, column.clone(), order);
        }
        Ok(())
    }

    fn annotate_relationship(
        &self,
        key: &Str,
        prop: &Rc<MapperProperty>,
        annotation: Option<&Extracted>,
    ) -> Result<()> {
        let Some(relationship) = prop.relationship() else {
            return Ok(());
        };
        let has_argument = !matches!(
            &*relationship.args.argument.borrow(),
            Value::None | Value::Undefined
        );
        let Some(extracted) = annotation else {
            let ignored = self.collected.unmapped_annotations.contains(key);
            if has_argument || ignored {
                return Ok(());
            }
            let construct = if self.cx.compat().is_14() {
                "RelationshipProperty"
            } else {
                "Relationship"
            };
            return Err(annotations::required(self.class, key, construct));
        };
        let found = annotations::of_relationship(extracted)?;
        if let Some(lazy) = found.lazy {
            *relationship.lazy.borrow_mut() = Str::new(lazy);
        }
        let has_collection = !matches!(
            &*relationship.args.collection_class.borrow(),
            Value::None | Value::Undefined
        );
        match found.collection {
            Some(collection) if !has_collection => {
                *relationship.args.collection_class.borrow_mut() = collection;
            }
            Some(_) => {}
            None if found.lazy.is_none() && !has_collection => {
                relationship.set_uselist(false);
            }
            None => {}
        }
        if !has_argument {
            *relationship.args.argument.borrow_mut() = found.argument;
        }
        Ok(())
    }

    /// Warn of columns under two names; order the columns.
    fn extract_columns(&mut self) {
        let mut seen: Vec<(usize, Str)> = Vec::new();
        self.columns.retain(|(column, _)| {
            let identity = Rc::as_ptr(column) as usize;
            let known = seen.iter().any(|(known, _)| *known == identity);
            seen.push((identity, column.name()));
            !known
        });
        if self.cx.compat().is_14() {
            self.properties.sort_by_key(|(_, declared)| match declared {
                Declared::Property(prop) => prop.creation_order(),
                Declared::Columns(columns) => columns
                    .first()
                    .and_then(crate::orm::selectables::table_column)
                    .map_or(0, |column| column.creation_order()),
            });
            self.columns
                .sort_by_key(|(column, _)| column.creation_order());
        } else {
            self.columns.sort_by_key(|(_, order)| *order);
        }
    }

    fn set_up_table(&mut self) -> Result<()> {
        if let Some(table) = fixed_table(self.class, self.cx)? {
            for (column, _) in &self.columns {
                let element = ColumnElement::Column(column.clone());
                if !crate::orm::selectables::contains_column(&table, &element, self.cx)? {
                    return Err(ARGUMENT_ERROR.error(format!(
                        "Can't add additional column '{}' when specifying __table__",
                        column.key()
                    )));
                }
            }
            self.table = Some(table);
            return Ok(());
        }
        let Some(name) = self.collected.tablename.clone() else {
            return Ok(());
        };
        let (args, kw) = table_arguments(self.collected.table_args.as_ref());
        let metadata = self.metadata()?;
        let mut pos = vec![name, metadata];
        pos.extend(
            self.columns
                .iter()
                .map(|(column, _)| Value::object(ColumnElement::Column(column.clone()))),
        );
        pos.extend(args);
        let mut call = Args::from(pos);
        call.kw = kw;
        let made = (schema_constructors(self.cx)?.table)(call, self.cx)?;
        self.class.set("__table__", made.clone());
        self.table = Some(crate::sql::coercions::expect_from(&made, self.cx)?);
        Ok(())
    }

    fn metadata(&self) -> Result<Value> {
        let class = Value::Class(self.class.clone());
        let own = find_attr(&class, "metadata", self.cx)?.filter(|value| !value.is_none());
        if let Some(metadata) = own {
            Ok(metadata)
        } else {
            let constructors = schema_constructors(self.cx)?;
            Ok((constructors.metadata_value)(self.registry.metadata()))
        }
    }

    /// Columns of a class without a table of its own join the base's table.
    fn inherit_columns(&mut self) -> Result<()> {
        if self.table.is_some() {
            return Ok(());
        }
        let Some(base) = self.inherits.clone() else {
            return Err(INVALID_REQUEST_ERROR.error(format!(
                "Class <class '{}'> does not have a __table__ or __tablename__ specified and does \
                 not inherit from an existing table-mapped class.",
                self.class.full_name()
            )));
        };
        if self.collected.table_args.is_some() {
            return Err(ARGUMENT_ERROR
                .error("Can't place __table_args__ on an inherited class with no table."));
        }
        for (column, _) in &self.columns {
            self.add_to_base(&base, column)?;
        }
        Ok(())
    }

    fn add_to_base(&self, base: &Rc<Mapper>, column: &Rc<Column>) -> Result<()> {
        let FromClause::Table(table) = base.local_table() else {
            return Err(ARGUMENT_ERROR.error(format!(
                "Can't declare columns on single-table-inherited subclass <class '{}'>; \
                 superclass <class '{}'> is not mapped to a Table",
                self.class.full_name(),
                base.class().full_name()
            )));
        };
        if column.belongs_to(table) {
            return Ok(());
        }
        if column.primary_key() {
            return Err(ARGUMENT_ERROR
                .error("Can't place primary key columns on an inherited class with no table."));
        }
        if let Some(known) = table.column_named(&column.name()) {
            let hint = if self.cx.compat().is_20() {
                ".  If using Declarative, consider using the use_existing_column parameter of \
                 mapped_column() to resolve conflicts."
            } else {
                ""
            };
            return Err(ARGUMENT_ERROR.error(format!(
                "Column '{}' on class {} conflicts with existing column '{}'{hint}",
                column.name(),
                self.class.name(),
                known.description()
            )));
        }
        crate::sql::schema::add_column(table, column, false, self.cx)
    }
}

/// A property that stands for attribute `name`.
fn synonym(name: Str) -> Rc<MapperProperty> {
    MapperProperty::new(PropertyKind::Synonym(SynonymProperty {
        name,
        descriptor: Value::None,
        comparator_factory: Value::Undefined,
        map_column: false,
    }))
}

/// A column without name takes that of its attribute.
pub(super) fn undefer_name(key: &Str, column: &Rc<Column>) {
    if column.key_given().is_none() {
        column.set_key(key.clone());
    }
    if column.name_given().is_none() {
        column.set_name(key.clone());
    }
}

/// `__table_args__` as positional and keyword arguments.
fn table_arguments(given: Option<&Value>) -> (Vec<Value>, Vec<(Str, Value)>) {
    let keywords = |dict: &crate::object::Dict| {
        dict.borrow()
            .iter()
            .filter_map(|(key, value)| match key.value() {
                Value::Str(name) => Some((name.clone(), value.clone())),
                _ => None,
            })
            .collect()
    };
    match given {
        Some(Value::Dict(dict)) => (Vec::new(), keywords(dict)),
        Some(Value::Tuple(items)) => match items.split_last() {
            Some((Value::Dict(dict), rest)) => (rest.to_vec(), keywords(dict)),
            _ => (items.to_vec(), Vec::new()),
        },
        _ => (Vec::new(), Vec::new()),
    }
}

/// How a scanned class relates to its base, as far as its table tells.
pub(super) fn relation(scan: &Scan<'_>, concrete: bool) -> Inheritance {
    match (&scan.inherits, &scan.table) {
        (None, _) => Inheritance::None,
        (Some(_), _) if concrete => Inheritance::Concrete,
        (Some(base), Some(table)) if !table.same(base.local_table()) => Inheritance::Joined,
        _ => Inheritance::Single,
    }
}

/// A spec to start from.
pub(super) fn empty_spec(scan: &Scan<'_>) -> MapperSpec {
    MapperSpec::new(scan.class.clone(), scan.registry.clone())
}
