//! `__mapper_args__` and the keywords of `mapper()`.

use std::rc::Rc;

use super::MappedColumn;
use super::annotations::{self, Extracted};
use super::columns::as_column;
use super::scan::{Scan, empty_spec, relation, undefer_name};
use crate::engine::exc::ARGUMENT_ERROR;
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{Class, Cx, Result, Str, Value, find_attr};
use crate::orm::instrumented::element_of;
use crate::orm::mapper::{Inheritance, Mapper, WithPolymorphic};
use crate::orm::mapping::{Declared, MapperSpec};
use crate::orm::properties::{CompositeProperty, PropertyKind};
use crate::orm::selectables::{columns_of, table_column};
use crate::sql::schema::Column;
use crate::sql::{ColumnElement, coercions};

/// The spec of a scanned class.
pub(super) fn spec(scan: &mut Scan<'_>) -> Result<MapperSpec> {
    let mut spec = empty_spec(scan);
    let arguments = arguments(scan)?;
    spec.local_table.clone_from(&scan.table);
    spec.inherits.clone_from(&scan.inherits);
    apply(&mut spec, &arguments, scan.cx)?;
    let shared = relation(scan, spec.concrete);
    if let Some(base) = scan.inherits.clone()
        && matches!(shared, Inheritance::Single | Inheritance::Joined)
    {
        exclude_siblings(scan, &base, &mut spec)?;
        join_inherited(scan, &base);
    }
    spec.properties = std::mem::take(&mut scan.properties);
    let (validators, reconstructor) = marked_methods(scan.class, scan.cx)?;
    spec.validators = validators;
    spec.reconstructor = reconstructor;
    Ok(spec)
}

fn arguments(scan: &Scan<'_>) -> Result<Vec<(Str, Value)>> {
    if !scan.collected.has_mapper_args {
        return Ok(Vec::new());
    }
    let class = Value::Class(scan.class.clone());
    match find_attr(&class, "__mapper_args__", scan.cx)? {
        Some(Value::Dict(dict)) => Ok(dict
            .borrow()
            .iter()
            .filter_map(|(key, value)| match key.value() {
                Value::Str(name) => Some((name.clone(), value.clone())),
                _ => None,
            })
            .collect()),
        Some(Value::None) | None => Ok(Vec::new()),
        Some(other) => Err(TYPE_ERROR.error(format!(
            "'{}' object is not iterable",
            crate::object::class_of(&other, scan.cx).name()
        ))),
    }
}

/// Columns of the shared table that belong to sibling classes are not mapped here.
fn exclude_siblings(scan: &Scan<'_>, base: &Rc<Mapper>, spec: &mut MapperSpec) -> Result<()> {
    for (key, column) in columns_of(base.local_table(), scan.cx)? {
        let own = scan
            .columns
            .iter()
            .any(|(own, _)| column.same(&ColumnElement::Column(own.clone())));
        if !own && base.column_prop(&column).is_none() {
            spec.exclude.push(key);
        }
    }
    for name in &base.exclude {
        let own = scan.columns.iter().any(|(own, _)| own.key() == *name);
        if !own && !spec.exclude.contains(name) {
            spec.exclude.push(name.clone());
        }
    }
    Ok(())
}

/// A renamed column joins the base's property of that name.
fn join_inherited(scan: &mut Scan<'_>, base: &Rc<Mapper>) {
    for (key, declared) in &mut scan.properties {
        let Declared::Columns(columns) = declared else {
            continue;
        };
        if let Some(PropertyKind::Column(part)) = base.prop(key).as_ref().map(|prop| prop.kind()) {
            for column in part.columns.borrow().iter() {
                columns.push(column.clone());
            }
        }
    }
}

/// A column that a mapper argument names, by value, attribute or text.
fn column_argument(spec: &MapperSpec, value: &Value, cx: &Cx) -> Result<ColumnElement> {
    if let Some(name) = value.as_str() {
        if let Some((_, Declared::Columns(columns))) =
            spec.properties.iter().find(|(key, _)| key == name)
            && let Some(first) = columns.first()
        {
            return Ok(first.clone());
        }
        if let Some(table) = &spec.local_table
            && let Some((_, column)) = columns_of(table, cx)?
                .into_iter()
                .find(|(key, _)| key == name)
        {
            return Ok(column);
        }
        return Err(ARGUMENT_ERROR.error(format!(
            "Can't determine column '{name}' - no attribute is mapped to this name."
        )));
    }
    element_of(value, cx)
}

fn list_of(value: &Value, cx: &Cx) -> Result<Vec<Value>> {
    match value {
        Value::None => Ok(Vec::new()),
        Value::List(_) | Value::Tuple(_) | Value::Set(_) => cx.collect(value),
        one => Ok(vec![one.clone()]),
    }
}

/// A mapper argument may be a `mapped_column()`: its column is meant.
fn unwrap_column(value: &Value) -> Value {
    match value.downcast::<MappedColumn>() {
        Some(mapped) => Value::object(ColumnElement::Column(mapped.column.clone())),
        None => value.clone(),
    }
}

/// Read mapper arguments into a spec.
pub(super) fn apply(spec: &mut MapperSpec, arguments: &[(Str, Value)], cx: &Cx) -> Result<()> {
    for (name, value) in arguments {
        let value = unwrap_column(value);
        match name.as_str() {
            "polymorphic_on" => spec.polymorphic_on = value,
            "polymorphic_identity" => spec.polymorphic_identity = value,
            "polymorphic_load" => {
                spec.polymorphic_load = value.as_str().map(Str::new);
            }
            "with_polymorphic" => spec.with_polymorphic = with_polymorphic(&value, cx)?,
            "concrete" => spec.concrete = cx.truthy(&value)?,
            "inherits" => {
                if !value.is_none() {
                    spec.inherits = crate::orm::entity::mapper_of_value(&value);
                }
            }
            "inherit_condition" => {
                if !value.is_none() {
                    spec.inherit_condition = Some(element_of(&value, cx)?);
                }
            }
            "inherit_foreign_keys" => {
                for one in list_of(&value, cx)? {
                    spec.inherit_foreign_keys.push(element_of(&one, cx)?);
                }
            }
            "primary_key" => {
                for one in list_of(&value, cx)? {
                    let column = column_argument(spec, &unwrap_column(&one), cx)?;
                    spec.primary_key.push(column);
                }
            }
            "version_id_col" => {
                if !value.is_none() {
                    spec.version_id = Some(column_argument(spec, &value, cx)?);
                }
            }
            "version_id_generator" => spec.options.version_id_generator = value,
            "include_properties" => {
                let names = list_of(&value, cx)?;
                spec.include = Some(names.iter().filter_map(property_name).collect());
            }
            "exclude_properties" => {
                for one in list_of(&value, cx)? {
                    spec.exclude.extend(property_name(&one));
                }
            }
            "column_prefix" => {
                spec.column_prefix = Str::new(value.as_str().unwrap_or(""));
            }
            "properties" => {
                if let Value::Dict(dict) = &value {
                    let entries: Vec<_> = dict
                        .borrow()
                        .iter()
                        .map(|(key, value)| (key.value().clone(), value.clone()))
                        .collect();
                    for (key, value) in entries {
                        if let Value::Str(key) = key {
                            let declared = declared(&value, cx)?;
                            spec.properties.push((key, declared));
                        }
                    }
                }
            }
            "eager_defaults" => spec.options.eager_defaults = value,
            "confirm_deleted_rows" => spec.options.confirm_deleted_rows = cx.truthy(&value)?,
            "allow_partial_pks" => spec.options.allow_partial_pks = cx.truthy(&value)?,
            "batch" => spec.options.batch = cx.truthy(&value)?,
            "passive_updates" => spec.options.passive_updates = cx.truthy(&value)?,
            "passive_deletes" => spec.options.passive_deletes = cx.truthy(&value)?,
            "polymorphic_abstract" => spec.options.polymorphic_abstract = cx.truthy(&value)?,
            "legacy_is_orphan" => spec.options.legacy_is_orphan = cx.truthy(&value)?,
            "always_refresh" => spec.options.always_refresh = cx.truthy(&value)?,
            "non_primary" | "exclude" => {}
            other => {
                return Err(TYPE_ERROR.error(format!(
                    "Mapper.__init__() got an unexpected keyword argument '{other}'"
                )));
            }
        }
    }
    Ok(())
}

fn property_name(value: &Value) -> Option<Str> {
    match value {
        Value::Str(name) => Some(name.clone()),
        other => as_column(other).map(|column: Rc<Column>| column.key()),
    }
}

fn with_polymorphic(value: &Value, cx: &Cx) -> Result<Option<WithPolymorphic>> {
    let all = |value: &Value| value.as_str() == Some("*");
    Ok(match value {
        Value::None => None,
        one if all(one) => Some(WithPolymorphic {
            mappers: None,
            selectable: None,
        }),
        Value::Tuple(_) | Value::List(_) => {
            let items = cx.collect(value)?;
            match items.as_slice() {
                [first, selectable]
                    if all(first) || matches!(first, Value::Tuple(_) | Value::List(_)) =>
                {
                    let selectable = if selectable.is_none() {
                        None
                    } else {
                        Some(coercions::expect_from(selectable, cx)?)
                    };
                    Some(WithPolymorphic {
                        mappers: if all(first) {
                            None
                        } else {
                            Some(cx.collect(first)?)
                        },
                        selectable,
                    })
                }
                _ => Some(WithPolymorphic {
                    mappers: Some(items),
                    selectable: None,
                }),
            }
        }
        other => {
            return Err(ARGUMENT_ERROR.error(format!(
                "Invalid setting for with_polymorphic: {}",
                cx.repr(other)?
            )));
        }
    })
}

/// What a value of `properties=` is mapped as.
pub(super) fn declared(value: &Value, cx: &Cx) -> Result<Declared> {
    if let Some(handle) = value.downcast::<crate::orm::instrumented::PropertyHandle>() {
        return Ok(Declared::Property(handle.0.clone()));
    }
    match value {
        Value::List(_) | Value::Tuple(_) => {
            let columns = cx
                .collect(value)?
                .iter()
                .map(|one| element_of(one, cx))
                .collect::<Result<_>>()?;
            Ok(Declared::Columns(columns))
        }
        other => Ok(Declared::Columns(vec![element_of(
            &unwrap_column(other),
            cx,
        )?])),
    }
}

/// A method marked by `@validates`: attribute, method, include_removes, include_backrefs.
type Validator = (Str, Value, bool, bool);

/// The methods of a class marked by `@validates` and `@reconstructor`.
pub(super) fn marked_methods(
    class: &Rc<Class>,
    cx: &Cx,
) -> Result<(Vec<Validator>, Option<Value>)> {
    let mut validators: Vec<Validator> = Vec::new();
    let mut reconstructor = None;
    let mut classes = vec![class.clone()];
    classes.extend(class.ancestors().iter().cloned());
    for base in classes.iter().filter(|base| base.spec().is_none()) {
        for name in base.own_names() {
            let Some(Value::Object(object)) = base.own(&name) else {
                continue;
            };
            if !object.is_callable() {
                continue;
            }
            let function = Value::Object(object);
            if let Some(marks) = find_attr(&function, "__sa_validators__", cx)? {
                read_validators(&function, &marks, &mut validators, cx)?;
            }
            if reconstructor.is_none()
                && find_attr(&function, "__sa_reconstructor__", cx)?.is_some()
            {
                reconstructor = Some(function);
            }
        }
    }
    Ok((validators, reconstructor))
}

/// The mark that `@validates` leaves: `(names, include_removes, include_backrefs)`.
fn read_validators(
    function: &Value,
    marks: &Value,
    validators: &mut Vec<Validator>,
    cx: &Cx,
) -> Result<()> {
    let Value::Tuple(parts) = marks else {
        return Ok(());
    };
    let [names, removes, backrefs] = &***parts else {
        return Ok(());
    };
    for name in cx.collect(names)? {
        if let Value::Str(name) = name
            && !validators.iter().any(|(known, ..)| *known == name)
        {
            validators.push((
                name,
                function.clone(),
                cx.truthy(removes)?,
                cx.truthy(backrefs)?,
            ));
        }
    }
    Ok(())
}

/// Let the annotation of a composite say its class, and name its columns.
pub(super) fn annotate_composite(
    composite: &CompositeProperty,
    annotation: Option<&Extracted>,
    scan: &mut Scan<'_>,
    key: &str,
) -> Result<()> {
    if let Some(extracted) = annotation
        && matches!(&*composite.class.borrow(), Value::None | Value::Undefined)
    {
        *composite.class.borrow_mut() = annotations::without_none(&extracted.inner);
    }
    let given = composite.given.borrow().clone();
    let names = crate::orm::descriptors::composite_fields(&composite.class.borrow(), scan.cx)?;
    for (at, value) in given.iter().enumerate() {
        let column = match value.downcast::<MappedColumn>() {
            Some(mapped) => {
                if let Some((name, annotation)) = names.get(at) {
                    undefer_name(name, &mapped.column);
                    let typeless = mapped.column.with_type(crate::sql::types::SqlType::is_null);
                    if let (Some(annotation), true) = (annotation, typeless) {
                        annotations::apply_to_column(
                            mapped,
                            name,
                            annotation,
                            scan.registry,
                            scan.cx,
                        )?;
                    }
                }
                mapped.column.clone()
            }
            None => match element_of(value, scan.cx)
                .ok()
                .as_ref()
                .and_then(table_column)
            {
                Some(column) => column,
                None => continue,
            },
        };
        if column.table().is_none() && !column.name().is_empty() {
            scan.columns.push((column, 0));
        }
    }
    let _ = key;
    Ok(())
}
