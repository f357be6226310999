//! The properties of a mapper: declared ones, inherited ones, and one for each column left.

use std::rc::Rc;

use super::{Declared, MapperSpec};
use crate::engine::exc::{ARGUMENT_ERROR, INVALID_REQUEST_ERROR, SA_WARNING};
use crate::object::{Cx, Result, Str, Value};
use crate::orm::attribute::{Attribute, AttributeOptions, AttributeSlot};
use crate::orm::configure::expression_text;
use crate::orm::instrumented::{self, InstrumentedAttribute};
use crate::orm::mapper::Mapper;
use crate::orm::properties::{ColumnProperty, MapperProperty, PropertyKind};
use crate::orm::selectables::{columns_of, contains_column, corresponding_column};
use crate::sql::ColumnElement;

/// Set up all properties of a new mapper.
pub(super) fn configure(mapper: &Rc<Mapper>, spec: &MapperSpec, cx: &Cx) -> Result<()> {
    let mut explicit = declared(mapper, spec, cx)?;
    if let Some(base) = &mapper.inherits {
        for (key, inherited) in base.prop_list().into_iter().map(|prop| (prop.key(), prop)) {
            if is_excluded(mapper, &key, None, false, cx) {
                continue;
            }
            if let Some(incoming) = explicit.iter_mut().find(|(known, _)| *known == key) {
                incoming.1 = reconcile(mapper, &inherited, &incoming.1, None, &key, cx)?;
            } else if mapper.prop(&key).is_none() {
                adapt_inherited(mapper, &key, inherited, cx)?;
            }
        }
    }
    for (column_key, column) in columns_of(&mapper.mapped_table, cx)? {
        let named = explicit.iter().find(|(_, prop)| holds(prop, &column));
        if let Some((key, prop)) = named.cloned() {
            configure_property(mapper, &key, prop, true, cx)?;
            continue;
        }
        if mapper.column_prop(&column).is_some() {
            continue;
        }
        let mut key = Str::from(format!("{}{column_key}", spec.column_prefix));
        let local = contains_column(&mapper.local_table, &column, cx)?;
        if is_excluded_as(mapper, &column_key, &key, Some(&column), local, cx) {
            continue;
        }
        for base in mapper.lineage() {
            if let Some(prop) = base.column_prop(&column) {
                key = prop.key();
            }
        }
        configure_column(mapper, &key, column, cx)?;
    }
    Ok(())
}

/// The explicit properties: those of local columns wait for their place among the columns (in
/// 1.4 they do not wait), the others are set up now.
fn declared(
    mapper: &Rc<Mapper>,
    spec: &MapperSpec,
    cx: &Cx,
) -> Result<Vec<(Str, Rc<MapperProperty>)>> {
    let mut explicit = Vec::new();
    for (key, given) in &spec.properties {
        let prop = match given {
            Declared::Property(prop) => prop.clone(),
            Declared::Columns(columns) => {
                MapperProperty::new(PropertyKind::Column(ColumnProperty::new(columns.clone())))
            }
        };
        let mut local = false;
        if let Some(part) = prop.column() {
            for column in part.columns.borrow().iter() {
                local |= contains_column(&mapper.local_table, column, cx)?;
            }
        }
        if local && cx.compat().is_20() {
            explicit.push((key.clone(), prop));
        } else {
            configure_property(mapper, key, prop, true, cx)?;
        }
    }
    Ok(explicit)
}

fn holds(prop: &Rc<MapperProperty>, column: &ColumnElement) -> bool {
    prop.column()
        .is_some_and(|part| part.columns.borrow().iter().any(|one| one.same(column)))
}

fn is_excluded(
    mapper: &Rc<Mapper>,
    name: &Str,
    column: Option<&ColumnElement>,
    local: bool,
    cx: &Cx,
) -> bool {
    is_excluded_as(mapper, name, name, column, local, cx)
}

fn is_excluded_as(
    mapper: &Rc<Mapper>,
    name: &Str,
    assigned: &Str,
    column: Option<&ColumnElement>,
    local: bool,
    _cx: &Cx,
) -> bool {
    let held = if local {
        mapper.class.own(assigned)
    } else {
        mapper.class.lookup(assigned)
    };
    if held.is_some_and(|held| instrumented::is_user_attribute(&held)) {
        return true;
    }
    let _ = column;
    if let Some(include) = &mapper.include
        && !include.contains(name)
    {
        return true;
    }
    mapper.exclude.contains(name)
}

fn configure_column(mapper: &Rc<Mapper>, key: &Str, column: ColumnElement, cx: &Cx) -> Result<()> {
    let existing = mapper.prop(key);
    let prop = match &existing {
        Some(prop) if prop.column().is_some() => {
            let own = prop
                .parent()
                .is_some_and(|parent| Rc::ptr_eq(&parent, mapper));
            reconcile_column(mapper, prop, &column, !own, key, cx)?
        }
        None => MapperProperty::new(PropertyKind::Column(ColumnProperty::new(vec![column]))),
        Some(prop) if matches!(prop.kind(), PropertyKind::ConcreteInherited) => {
            MapperProperty::new(PropertyKind::Column(ColumnProperty::new(vec![column])))
        }
        Some(prop) => {
            return Err(ARGUMENT_ERROR.error(format!(
                "WARNING: when configuring property '{key}' on {}, column '{}' conflicts with \
                 property '{}'. To resolve this, map the column to the class under a different \
                 name in the 'properties' dictionary.  Or, to remove all awareness of the column \
                 entirely (including its availability as a foreign key), use the \
                 'include_properties' or 'exclude_properties' mapper arguments to control \
                 specifically which table columns get mapped.",
                mapper.describe(cx.compat()),
                column_name(&column),
                instrumented::property_repr(prop, cx)
            )));
        }
    };
    configure_property(mapper, key, prop, true, cx)
}

fn column_name(column: &ColumnElement) -> String {
    column
        .key()
        .and_then(|key| key.text().map(ToString::to_string))
        .unwrap_or_default()
}

/// An inherited property meets a column or property of the same name.
fn reconcile(
    mapper: &Rc<Mapper>,
    existing: &Rc<MapperProperty>,
    incoming: &Rc<MapperProperty>,
    _column: Option<&ColumnElement>,
    key: &Str,
    cx: &Cx,
) -> Result<Rc<MapperProperty>> {
    let (Some(part), Some(new)) = (existing.column(), incoming.column()) else {
        return Ok(incoming.clone());
    };
    let (Some(old_column), Some(new_column)) = (part.first(), new.first()) else {
        return Ok(incoming.clone());
    };
    if mapper.is_concrete() || holds(incoming, &old_column) {
        return Ok(incoming.clone());
    }
    reconcile_column(mapper, existing, &new_column, false, key, cx)
}

fn reconcile_column(
    mapper: &Rc<Mapper>,
    existing: &Rc<MapperProperty>,
    incoming: &ColumnElement,
    warn_only: bool,
    key: &Str,
    cx: &Cx,
) -> Result<Rc<MapperProperty>> {
    let Some(part) = existing.column() else {
        return Ok(existing.clone());
    };
    let columns = part.columns.borrow().clone();
    let (Some(first), Some(last)) = (columns.first(), columns.last()) else {
        return Ok(existing.clone());
    };
    let equated = mapper
        .inherits_equated_pairs
        .borrow()
        .iter()
        .any(|(base, own)| base.same(first) && own.same(incoming));
    let is_version = mapper
        .version_id()
        .is_some_and(|version| version.same(first) || version.same(incoming));
    if !equated && !first.shares_lineage(incoming) && !is_version {
        let message = format!(
            "Implicitly combining column {} with column {} under attribute '{key}'.  Please \
             configure one or more attributes for these same-named columns explicitly.",
            expression_text(last, cx),
            expression_text(incoming, cx)
        );
        if !warn_only {
            return Err(INVALID_REQUEST_ERROR.error(message));
        }
        cx.warn(&SA_WARNING, &message);
    }
    let mut combined = vec![incoming.clone()];
    combined.extend(columns);
    let copy = ColumnProperty::new(combined);
    copy.deferred.set(part.deferred.get());
    *copy.group.borrow_mut() = part.group.borrow().clone();
    copy.active_history.set(part.active_history.get());
    copy.raiseload.set(part.raiseload.get());
    let prop = MapperProperty::new(PropertyKind::Column(copy));
    prop.set_doc(existing.doc());
    Ok(prop)
}

fn adapt_inherited(
    mapper: &Rc<Mapper>,
    key: &Str,
    prop: Rc<MapperProperty>,
    cx: &Cx,
) -> Result<()> {
    if !mapper.is_concrete() {
        return configure_property(mapper, key, prop, false, cx);
    }
    if mapper.prop(key).is_some() {
        return Ok(());
    }
    let from_base = mapper.class.lookup(key).is_some_and(|held| {
        held.downcast::<InstrumentedAttribute>()
            .is_some_and(|attribute| attribute.property().id() == prop.id())
    });
    if from_base {
        let hidden = MapperProperty::new(PropertyKind::ConcreteInherited);
        configure_property(mapper, key, hidden, true, cx)?;
    }
    Ok(())
}

/// Enter `prop` into the mapper and the mappers below it.
pub(super) fn configure_property(
    mapper: &Rc<Mapper>,
    key: &Str,
    prop: Rc<MapperProperty>,
    set_parent: bool,
    cx: &Cx,
) -> Result<()> {
    if let Some(part) = prop.column() {
        let columns = part.columns.borrow().clone();
        let mut known = mapper.column_props.borrow_mut();
        for column in &columns {
            known.insert(column.identity(), prop.clone());
            for proxied in column.proxy_set() {
                known.insert(proxied, prop.clone());
            }
        }
        drop(known);
        if let Some(first) = columns.first() {
            let own = corresponding_column(&mapper.mapped_table, first, cx)?;
            let shown = own.clone().unwrap_or_else(|| first.clone());
            mapper.columns.borrow_mut().push((key.clone(), shown));
            if let Some(own) = own {
                mapper
                    .column_props
                    .borrow_mut()
                    .insert(own.identity(), prop.clone());
            }
        }
    }
    prop.set_key(key.clone());
    if set_parent {
        prop.set_parent(mapper);
    }
    let before = mapper.prop(key);
    if let Some(before) = &before {
        let replaces_columns = prop.column().is_some()
            || before.column().is_some()
            || matches!(before.kind(), PropertyKind::ConcreteInherited);
        if !replaces_columns && before.id() != prop.id() {
            cx.warn(
                &SA_WARNING,
                &format!(
                    "Property {before} on {} being replaced with new property {prop}; the old \
                     property will be discarded",
                    mapper.describe(cx.compat())
                ),
            );
        }
    }
    mapper.props.borrow_mut().insert(key.clone(), prop.clone());
    for below in mapper.subclasses() {
        if !below.is_concrete() && below.prop(key).is_none_or(|held| held.id() != prop.id()) {
            let overrides = below.prop(key).is_some_and(|held| {
                held.parent()
                    .is_some_and(|parent| Rc::ptr_eq(&parent, &below))
            });
            if !overrides {
                configure_property(&below, key, prop.clone(), false, cx)?;
                declare_attribute(&below, &prop, cx)?;
            }
        }
    }
    Ok(())
}

/// Add a property to a mapper that exists already.
pub fn add_property(
    mapper: &Rc<Mapper>,
    key: &Str,
    declared: Declared,
    cx: &Cx,
) -> Result<Rc<MapperProperty>> {
    let prop = match declared {
        Declared::Property(prop) => prop,
        Declared::Columns(columns) => {
            MapperProperty::new(PropertyKind::Column(ColumnProperty::new(columns)))
        }
    };
    configure_property(mapper, key, prop.clone(), true, cx)?;
    declare_attribute(mapper, &prop, cx)?;
    mapper.caches.borrow_mut().clear();
    if prop.column().is_none() {
        mapper.registry.mark_new(cx);
    }
    mapper.configured.set(false);
    Ok(prop)
}

/// Instrument the class for all properties of a new mapper.
pub fn declare_attributes(mapper: &Rc<Mapper>, cx: &Cx) -> Result<()> {
    let inherited = mapper.class.layout().len();
    if let Some(base) = &mapper.inherits {
        let known = base.attributes();
        let kept = known.iter().take(inherited).cloned().collect();
        *mapper.attributes.borrow_mut() = Rc::new(kept);
    }
    for prop in mapper.prop_list() {
        declare_attribute(mapper, &prop, cx)?;
    }
    Ok(())
}

fn declare_attribute(mapper: &Rc<Mapper>, prop: &Rc<MapperProperty>, cx: &Cx) -> Result<()> {
    let key = prop.key();
    match prop.kind() {
        PropertyKind::Column(part) => {
            if !part.instrument.get() {
                return Ok(());
            }
            set_class_attribute(mapper, prop);
            let primary_key = part.columns.borrow().first().is_some_and(is_primary_key);
            let is_version = part
                .first()
                .is_some_and(|column| mapper.version_id().is_some_and(|one| one.same(&column)));
            let options = AttributeOptions {
                active_history: part.active_history.get() || primary_key || is_version,
                deferred: part.deferred.get(),
                load_on_unexpire: !part.deferred.get(),
                ..AttributeOptions::default()
            };
            register(mapper, Attribute::new(key, prop.clone(), options));
            super::super::configure::add_validators(mapper, prop);
        }
        PropertyKind::Relationship(_) => set_class_attribute(mapper, prop),
        PropertyKind::Composite(_) | PropertyKind::Synonym(_) => {
            instrumented::declare_descriptor(mapper, prop, cx)?;
        }
        PropertyKind::ConcreteInherited => instrumented::declare_hidden(mapper, prop, cx),
    }
    Ok(())
}

fn is_primary_key(column: &ColumnElement) -> bool {
    match column.plain() {
        ColumnElement::Column(column) => column.primary_key(),
        ColumnElement::Proxy(proxy) => proxy.data.primary_key,
        _ => false,
    }
}

fn set_class_attribute(mapper: &Rc<Mapper>, prop: &Rc<MapperProperty>) {
    let attribute = InstrumentedAttribute::of_mapper(mapper, prop);
    mapper.class.set(prop.key(), Value::object(attribute));
}

/// Give an attribute its slot in the instances of the mapper's class.
pub(in crate::orm) fn register(mapper: &Rc<Mapper>, attribute: Rc<Attribute>) {
    let key = attribute.key().clone();
    let base = mapper.inherits.as_ref();
    if let Some(base) = base.and_then(|base| base.attribute(&key)) {
        attribute.inherit_listeners(&base);
    }
    let slot = mapper
        .class
        .add_slot(&key, Rc::new(AttributeSlot(attribute.clone())));
    attribute.set_slot(slot);
    let mut attributes = mapper.attributes.borrow_mut();
    let attributes = Rc::make_mut(&mut attributes);
    let slot = slot as usize;
    if slot < attributes.len() {
        attributes[slot] = attribute;
    } else {
        attributes.push(attribute);
    }
}
