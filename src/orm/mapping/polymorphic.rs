//! The discriminator of a hierarchy.

use std::rc::Rc;

use super::props::configure_property;
use crate::engine::exc::{ARGUMENT_ERROR, INVALID_REQUEST_ERROR};
use crate::object::{Cx, Result, Str, Value};
use crate::orm::instrumented::{PropertyHandle, element_of};
use crate::orm::mapper::Mapper;
use crate::orm::properties::{ColumnProperty, MapperProperty, PropertyKind};
use crate::orm::selectables::corresponding_column;
use crate::sql::Name;

/// Find the column that tells the classes of a hierarchy apart, and the attribute that shows it.
pub(in crate::orm) fn configure_discriminator(
    mapper: &Rc<Mapper>,
    given: &Value,
    cx: &Cx,
) -> Result<()> {
    if given.is_undefined() || given.is_none() {
        return inherit(mapper, cx);
    }
    let prop = find(mapper, given, cx)?;
    let column = match prop.column() {
        Some(column) => column.first(),
        None => None,
    };
    let Some(column) = column else {
        return Err(ARGUMENT_ERROR.error(
            "Only direct column-mapped property or SQL expression can be passed for \
             polymorphic_on",
        ));
    };
    if let Some(part) = prop.column() {
        part.is_polymorphic_discriminator.set(true);
        if part.instrument.get() && !part.is_expression() {
            *mapper.polymorphic_key.borrow_mut() = Some(prop.key());
        }
    }
    *mapper.polymorphic_on.borrow_mut() = Some(column);
    Ok(())
}

fn inherit(mapper: &Rc<Mapper>, cx: &Cx) -> Result<()> {
    for base in mapper.lineage() {
        let Some(discriminator) = base.polymorphic_on() else {
            continue;
        };
        let own = if mapper.mapped_table.same(&base.mapped_table) {
            Some(discriminator)
        } else {
            corresponding_column(&mapper.mapped_table, &discriminator, cx)?
        };
        if own.is_some() {
            *mapper.polymorphic_key.borrow_mut() = base.polymorphic_key.borrow().clone();
        }
        *mapper.polymorphic_on.borrow_mut() = own;
        return Ok(());
    }
    if mapper.options.polymorphic_abstract {
        return Err(INVALID_REQUEST_ERROR.error(
            "The Mapper.polymorphic_abstract parameter may only be used on a mapper hierarchy \
             which includes the Mapper.polymorphic_on parameter at the base of the hierarchy.",
        ));
    }
    Ok(())
}

fn find(mapper: &Rc<Mapper>, given: &Value, cx: &Cx) -> Result<Rc<MapperProperty>> {
    if let Some(name) = given.as_str() {
        return mapper.prop(name).ok_or_else(|| {
            ARGUMENT_ERROR.error(format!(
                "Can't determine polymorphic_on value '{name}' - no attribute is mapped to this \
                 name."
            ))
        });
    }
    if let Some(handle) = given.downcast::<PropertyHandle>() {
        return Ok(handle.0.clone());
    }
    let element = element_of(given, cx)?;
    if let Some(prop) = mapper.column_prop(&element) {
        return Ok(prop);
    }
    let (column, instrument) = match corresponding_column(&mapper.mapped_table, &element, cx)? {
        Some(column) => (column, true),
        None => (element, false),
    };
    let (column, key) = match column.key().and_then(|key| key.text().cloned()) {
        Some(key) => (column, key),
        None => (
            column.label(Some(Name::plain("_sa_polymorphic_on"))),
            Str::new("_sa_polymorphic_on"),
        ),
    };
    let part = ColumnProperty::new(vec![column]);
    part.instrument.set(instrument);
    let prop = MapperProperty::new(PropertyKind::Column(part));
    configure_property(mapper, &key, prop.clone(), true, cx)?;
    Ok(prop)
}

/// Give a fresh instance its discriminator.
pub fn set_identity(
    mapper: &Rc<Mapper>,
    instance: &Rc<crate::object::Instance>,
    cx: &Cx,
) -> Result<()> {
    let Some(key) = mapper.polymorphic_key.borrow().clone() else {
        return Ok(());
    };
    let identity = match &mapper.polymorphic_identity {
        Value::Undefined | Value::None => {
            if mapper.options.polymorphic_abstract {
                return Err(INVALID_REQUEST_ERROR.error(format!(
                    "Can't instantiate class for {}; mapper is marked polymorphic_abstract=True",
                    mapper.describe(cx.compat())
                )));
            }
            Value::None
        }
        identity => identity.clone(),
    };
    match mapper.attribute(&key) {
        Some(attribute) => attribute.set(instance, identity, None, cx),
        None => Ok(()),
    }
}
