//! From the Python types of annotations to SQL types.

use std::rc::Rc;

use crate::object::types::generic::{GenericAlias, NewType};
use crate::object::{Args, Class, Cx, Result, Value, ops};
use crate::orm::registry::Registry;
use crate::sql::coercions::expect_type;
use crate::sql::types::{SqlType, TypeClass, enum_type, names};

/// The SQL types of Python's own, by the full name of the class.
static PYTHON_TYPES: &[(&str, &TypeClass)] = &[
    ("int", &names::Integer),
    ("float", &names::Float),
    ("bool", &names::Boolean),
    ("str", &names::String),
    ("bytes", &names::LargeBinary),
    ("decimal.Decimal", &names::Numeric),
    ("datetime.date", &names::Date),
    ("datetime.datetime", &names::DateTime),
    ("datetime.time", &names::Time),
    ("datetime.timedelta", &names::Interval),
    ("uuid.UUID", &names::Uuid),
];

/// The SQL type that `python_type` stands for, by the registry's map and the built-in one.
pub fn resolve(registry: &Rc<Registry>, python_type: &Value, cx: &Cx) -> Result<Option<SqlType>> {
    if let Some(known) = mapped(registry, python_type, cx)? {
        return Ok(Some(known));
    }
    if let Some(new_type) = python_type.downcast::<NewType>() {
        return resolve(registry, &new_type.supertype, cx);
    }
    if let Some(alias) = python_type.downcast::<GenericAlias>() {
        if alias.form() == Some("Literal") {
            return literal_type(&alias.args, cx).map(Some);
        }
        return Ok(None);
    }
    let Value::Class(class) = python_type else {
        return Ok(None);
    };
    if let Some(ty) = enum_type(class, cx)? {
        return Ok(Some(ty));
    }
    Ok(python_class(class))
}

fn python_class(class: &Rc<Class>) -> Option<SqlType> {
    let name = class.full_name();
    PYTHON_TYPES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, ty)| SqlType::simple(ty))
}

/// What the registry's `type_annotation_map` says of a type.
fn mapped(registry: &Rc<Registry>, python_type: &Value, cx: &Cx) -> Result<Option<SqlType>> {
    for (known, ty) in registry.type_annotation_map.borrow().iter() {
        if known.is(python_type) || ops::rich_eq(known, python_type, cx).unwrap_or(false) {
            return expect_type(ty, cx).map(Some);
        }
    }
    // An entry for `enum.Enum` decides for every enum.
    if let Value::Class(class) = python_type {
        for (known, ty) in registry.type_annotation_map.borrow().iter() {
            let Value::Class(base) = known else { continue };
            if base.name() == "Enum" && class.is_subclass(base) {
                let _ = ty;
                return enum_type(class, cx);
            }
        }
    }
    Ok(None)
}

/// `Literal["a", "b"]`: an enum of those texts, without a constraint in the database.
fn literal_type(values: &[Value], cx: &Cx) -> Result<SqlType> {
    let args = Args {
        pos: values.iter().cloned().collect(),
        kw: vec![("native_enum".into(), Value::Bool(false))],
    };
    SqlType::build(&names::Enum, args, cx)
}
