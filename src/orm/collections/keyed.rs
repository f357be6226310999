//! Dicts that are keyed by something of their members: `KeyFuncDict` and what makes its kind.

use std::rc::Rc;

use super::storage::{Announced, append_to, remove_from};
use crate::engine::exc::{INVALID_REQUEST_ERROR, SA_WARNING};
use crate::object::types::{DICT, with_base};
use crate::object::{Args, Class, Cx, Dict, Members, Raised, Result, Str, TypeSpec, Value};
use crate::orm::attribute::{Held, describe};
use crate::orm::mapper::{Mapper, mapper_of};
use crate::orm::passive::Passive;
use crate::sql::ColumnElement;

/// What answers for the key of an object.
pub enum KeyFunction {
    /// `attribute_keyed_dict("name")`.
    Attribute(Str),
    /// `column_keyed_dict(table.c.name)`: the attributes that the columns are mapped to.
    Columns(Rc<[ColumnElement]>),
    /// `keyfunc_mapping(f)`.
    Callable(Value),
}

/// What the functions that make keyed dicts were given.
pub struct KeyedBy {
    /// What answers for the key.
    pub function: KeyFunction,
    /// Whether objects without a key are left out, rather than refused.
    pub ignore_unpopulated: bool,
}

/// `KeyFuncDict` of 2.0.
pub static KEYFUNC_DICT: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.mapped_collection", "KeyFuncDict")
        .bases(&[&DICT])
        .construct(construct)
        .members(members)
        .subclassable();
/// The class of what `attribute_keyed_dict()` and its kind make in 2.0.
static KEYFUNC_MAPPED: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.mapped_collection", "_MKeyfuncMapped").bases(&[&KEYFUNC_DICT]);
/// The same class in 1.4.
pub static MAPPED_COLLECTION: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.collections", "MappedCollection")
        .bases(&[&DICT])
        .construct(construct)
        .members(members)
        .subclassable();

/// Whether `class` is one of those two.
pub(super) fn is_keyed_class(class: &Class) -> bool {
    let is = |spec: &'static TypeSpec| class.spec().is_some_and(|own| std::ptr::eq(own, spec));
    is(&KEYFUNC_DICT) || is(&MAPPED_COLLECTION)
}

/// What a key function found.
enum Found {
    Key(Value),
    /// The attribute was never set.
    NoValue,
    /// It is None.
    Missing,
}

impl Found {
    /// A value that stands for the key, where None is not one.
    fn unless_none(value: Value, cx: &Cx) -> Self {
        match value {
            Value::None if cx.compat().is_20() => Self::Missing,
            value => Self::Key(value),
        }
    }
}

impl KeyFunction {
    fn call(&self, item: &Value, cx: &Cx) -> Result<Found> {
        match self {
            Self::Attribute(name) => {
                let value = cx.get_attr(item, name)?;
                let never_set = value.is_none() && cx.compat().is_20() && is_unset(item, name);
                Ok(if never_set {
                    Found::NoValue
                } else {
                    Found::unless_none(value, cx)
                })
            }
            Self::Callable(function) => called(function, item, cx),
            Self::Columns(columns) => {
                let mut values = Vec::with_capacity(columns.len());
                for column in columns.iter() {
                    match column_value(item, column, cx)? {
                        Some(value) => values.push(value),
                        None if columns.len() == 1 => return Ok(Found::NoValue),
                        None => values.push(crate::orm::no_value()),
                    }
                }
                Ok(match values.len() {
                    1 => Found::unless_none(values.remove(0), cx),
                    _ => Found::Key(Value::tuple(values)),
                })
            }
        }
    }
}

fn called(function: &Value, item: &Value, cx: &Cx) -> Result<Found> {
    let key = cx.call(function, [item.clone()])?;
    let none = cx.compat().is_20() && key.is(&crate::orm::no_value());
    Ok(if none {
        Found::NoValue
    } else {
        Found::Key(key)
    })
}

/// Whether the mapped attribute `name` of `item` holds nothing at all.
fn is_unset(item: &Value, name: &str) -> bool {
    let Value::Instance(instance) = item else {
        return false;
    };
    let attribute = mapper_of(instance).and_then(|mapper| mapper.attribute(name));
    attribute.is_some_and(|attribute| instance.with_slot(attribute.slot(), Value::is_undefined))
}

fn column_value(item: &Value, column: &ColumnElement, cx: &Cx) -> Result<Option<Value>> {
    let Value::Instance(instance) = item else {
        return Ok(None);
    };
    let Some(mapper) = mapper_of(instance) else {
        return Ok(None);
    };
    let attribute = Mapper::expect_column_attribute(&mapper, column)?;
    match attribute.get(instance, Passive::RETURN_NO_VALUE, cx)? {
        Held::Value(value) => Ok(Some(value)),
        Held::NoValue | Held::NoResult if cx.compat().is_14() => Ok(Some(Value::None)),
        Held::NoValue | Held::NoResult => Ok(None),
    }
}

impl KeyedBy {
    /// The class that the dicts show.
    pub(super) fn class(cx: &Cx) -> &'static TypeSpec {
        if cx.compat().is_14() {
            return &MAPPED_COLLECTION;
        }
        let class = KEYFUNC_MAPPED.class();
        if class.qualname() == class.name() {
            class.set_qualname("_mapped_collection_cls.<locals>._MKeyfuncMapped".into());
        }
        &KEYFUNC_MAPPED
    }
    /// The key of `item`; `None` where it is left out.
    pub(super) fn key(&self, item: &Value, how: Announced<'_>, cx: &Cx) -> Result<Option<Value>> {
        let found = self.function.call(item, cx)?;
        settled(found, self.ignore_unpopulated, item, how, cx)
    }
}

/// The key that was found, or what is said where there is none.
fn settled(
    found: Found,
    ignore_unpopulated: bool,
    item: &Value,
    how: Announced<'_>,
    cx: &Cx,
) -> Result<Option<Value>> {
    match found {
        Found::Key(key) => Ok(Some(key)),
        Found::NoValue | Found::Missing if ignore_unpopulated => Ok(None),
        Found::NoValue => Err(unpopulated(item, how, cx)),
        Found::Missing => {
            cx.warn(
                &SA_WARNING,
                &format!(
                    "Attribute keyed dictionary value for attribute '{}' was None; this will \
                     raise in a future release. To skip this assignment entirely, Set the \
                     \"ignore_unpopulated_attribute=True\" parameter on the mapped collection \
                     factory.",
                    relationship_name(item, how)
                ),
            );
            Ok(Some(Value::None))
        }
    }
}

fn relationship_name(item: &Value, how: Announced<'_>) -> String {
    let Some(token) = how.initiator() else {
        return "unknown relationship".to_owned();
    };
    let key = token.attribute().key();
    let mapper = match item {
        Value::Instance(instance) => mapper_of(instance),
        _ => None,
    };
    match mapper.and_then(|mapper| mapper.prop(key)) {
        Some(property) => property.to_string(),
        None => key.to_string(),
    }
}

fn unpopulated(item: &Value, how: Announced<'_>, _cx: &Cx) -> Raised {
    let (name, shown) = (relationship_name(item, how), describe(item));
    INVALID_REQUEST_ERROR.error(format!(
        "In event triggered from population of attribute '{name}' (potentially from a backref), \
         can't populate value in KeyFuncDict; dictionary key derived from {shown} is not \
         populated. Ensure appropriate state is set up on the {shown} object before assigning to \
         the {name} attribute. To skip this assignment entirely, Set the \
         \"ignore_unpopulated_attribute=True\" parameter on the mapped collection factory."
    ))
}

/// The error where another object has the key of the one that is to leave.
pub(super) fn not_held(item: &Value, held: &Value, key: &Value, cx: &Cx) -> Result<Raised> {
    let class = if cx.compat().is_14() {
        "MappedCollection"
    } else {
        "KeyFuncDict"
    };
    Ok(INVALID_REQUEST_ERROR.error(format!(
        "Can not remove '{}': collection holds '{}' for key '{}'. Possible cause: is the {class} \
         key function based on mutable properties or properties that only obtain values after \
         flush?",
        cx.str(item)?,
        cx.str(held)?,
        cx.str(key)?
    )))
}

fn construct(class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    let made = Value::Instance(with_base(class, Value::Dict(Rc::new(Dict::default()))));
    // A class of a script calls it from its own.
    if class.spec().is_some() || class.script_method("__init__").is_none() {
        cx.call_method(&made, "__init__", args)?;
    }
    Ok(made)
}

fn members(members: &mut Members) {
    members
        .method_on_value(
            "__init__(keyfunc, *dict_args, ignore_unpopulated_attribute=False)",
            |this, a, cx| {
                cx.set_attr(this, "keyfunc", a.value("keyfunc").clone())?;
                let ignore = Value::Bool(a.flag("ignore_unpopulated_attribute", false));
                cx.set_attr(this, "ignore_unpopulated_attribute", ignore)?;
                if let (Some(dict), Some(entries)) = (this.downcast::<Dict>(), a.rest().first()) {
                    dict.update(Some(entries), &[], cx)?;
                }
                Ok(Value::None)
            },
        )
        .method_on_value("set(value, _sa_initiator=None)", |this, a, cx| {
            let how = Announced::of_value(a.given("_sa_initiator"));
            let value = a.value("value");
            match this {
                Value::Instance(_) => {
                    let Some(key) = own_key(this, value, how, cx)? else {
                        return Ok(Value::None);
                    };
                    let initiator = a.given("_sa_initiator").cloned().unwrap_or(Value::None);
                    cx.call_method(this, "__setitem__", [key, value.clone(), initiator])
                }
                _ => append_to(this, value.clone(), how, cx).map(|()| Value::None),
            }
        })
        .method_on_value("remove(value, _sa_initiator=None)", |this, a, cx| {
            let how = Announced::of_value(a.given("_sa_initiator"));
            let value = a.value("value");
            let Value::Instance(_) = this else {
                return remove_from(this, value, how, cx).map(|()| Value::None);
            };
            let Some(key) = own_key(this, value, how, cx)? else {
                return Ok(Value::None);
            };
            let held = crate::object::ops::get_item(this, &key, cx)?;
            if !cx.eq(&held, value)? {
                return Err(not_held(value, &held, &key, cx)?);
            }
            let initiator = a.given("_sa_initiator").cloned().unwrap_or(Value::None);
            cx.call_method(this, "__delitem__", [key, initiator])
        });
}

/// The key of `item` by the function that an instance of a subclass was made with.
fn own_key(this: &Value, item: &Value, how: Announced<'_>, cx: &Cx) -> Result<Option<Value>> {
    let function = cx.get_attr(this, "keyfunc")?;
    let ignore = cx.get_attr(this, "ignore_unpopulated_attribute")?;
    let found = called(&function, item, cx)?;
    settled(found, cx.truthy(&ignore)?, item, how, cx)
}
