//! Arguments of relationships that are texts or functions: names of classes and tables,
//! expressions of them.

use std::cell::RefCell;
use std::rc::Rc;

use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::object::exceptions::{ATTRIBUTE_ERROR, NAME_ERROR};
use crate::object::{Class, Cx, Object, Raised, Result, TypeSpec, Value, find_attr};
use crate::orm::instrumented::InstrumentedAttribute;
use crate::orm::mapper::{Mapper, class_mapper};
use crate::orm::registry::{RegisteredName, Registry};
use crate::sql::{ColumnElement, FromClause};

/// Finds the value of a name in an expression.
pub type Names = Rc<dyn Fn(&str, &Cx) -> Result<Option<Value>>>;

/// Evaluates an expression of the language; the language provides it.
pub trait ExpressionEvaluator {
    /// The value of `text`, whose names `names` knows; NameError for others.
    fn evaluate(&self, text: &str, names: Names, cx: &Cx) -> Result<Value>;
    /// The value of `text` among the session's own names.
    fn evaluate_global(&self, text: &str, cx: &Cx) -> Result<Value>;
    /// What `sqlalchemy` and `sqlalchemy.orm` offer under `name`, for such expressions.
    fn library_name(&self, name: &str, cx: &Cx) -> Option<Value>;
}

#[derive(Default)]
struct Evaluator(RefCell<Option<Rc<dyn ExpressionEvaluator>>>);

/// Set what evaluates expressions.
pub fn set_evaluator(evaluator: Rc<dyn ExpressionEvaluator>, cx: &Cx) {
    *cx.service::<Evaluator>().0.borrow_mut() = Some(evaluator);
}

/// The value of an expression among the session's own names; NameError for unknown ones.
pub fn evaluate_global(text: &str, cx: &Cx) -> Result<Value> {
    let evaluator = cx.service::<Evaluator>().0.borrow().clone();
    match evaluator {
        Some(evaluator) => evaluator.evaluate_global(text, cx),
        None => Err(NAME_ERROR.error(format!("name '{text}' is not defined"))),
    }
}

/// The class that `name` stands for in `registry`.
pub fn registered_class(registry: &Registry, name: &str) -> Result<Option<Rc<Class>>> {
    match registry.names.borrow().get(name) {
        None => Ok(None),
        Some(RegisteredName::Class(class)) => Ok(class.upgrade()),
        Some(RegisteredName::Multiple(classes)) => {
            let alive: Vec<_> = classes.iter().filter_map(std::rc::Weak::upgrade).collect();
            match alive.as_slice() {
                [] => Ok(None),
                [one] => Ok(Some(one.clone())),
                _ => Err(INVALID_REQUEST_ERROR.error(format!(
                    "Multiple classes found for path \"{name}\" in the registry of this \
                     declarative base. Please use a fully module-qualified path."
                ))),
            }
        }
    }
}

fn lookup(
    registry: &Rc<Registry>,
    name: &str,
    tables_first: bool,
    cx: &Cx,
) -> Result<Option<Value>> {
    let table = || {
        registry
            .metadata()
            .table(name)
            .map(|table| Value::object(FromClause::Table(table)))
    };
    if tables_first && let Some(table) = table() {
        return Ok(Some(table));
    }
    if let Some(class) = registered_class(registry, name)? {
        return Ok(Some(Value::Class(class)));
    }
    if let Some(table) = table() {
        return Ok(Some(table));
    }
    let prefix = format!("{name}.");
    let is_schema = registry
        .metadata()
        .tables()
        .keys()
        .any(|key| key.starts_with(&prefix));
    if is_schema {
        let registry = registry.clone();
        return Ok(Some(Value::object(SchemaName {
            name: name.to_owned(),
            registry,
        })));
    }
    let evaluator = cx.service::<Evaluator>().0.borrow().clone();
    Ok(evaluator.and_then(|evaluator| evaluator.library_name(name, cx)))
}

/// A schema whose tables an expression names: `other.things.c.id`.
struct SchemaName {
    name: String,
    registry: Rc<Registry>,
}

static SCHEMA_NAME: TypeSpec = TypeSpec::new("sqlalchemy.orm.clsregistry", "_GetTable");

impl Object for SchemaName {
    fn spec(&self) -> &'static TypeSpec {
        &SCHEMA_NAME
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(self
            .registry
            .metadata()
            .table(&format!("{}.{name}", self.name))
            .map(|table| Value::object(FromClause::Table(table))))
    }
}

fn not_found(mapper: &Rc<Mapper>, text: &str, name: &str, cx: &Cx) -> Raised {
    let quoted = |text: &str| cx.repr(&Value::str(text)).unwrap_or_default();
    INVALID_REQUEST_ERROR.error(format!(
        "When initializing mapper {}, expression {} failed to locate a name ({}). If this is a \
         class name, consider adding this relationship() to the <class '{}'> class after both \
         dependent classes have been defined.",
        mapper.describe(cx.compat()),
        quoted(text),
        quoted(name),
        mapper.class().full_name()
    ))
}

fn is_dotted_name(text: &str) -> bool {
    text.split('.').all(|part| {
        let mut chars = part.chars();
        chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
            && chars.all(|c| c.is_alphanumeric() || c == '_')
    })
}

/// A dotted path: names from the right may be enough to find a class of a module.
fn resolve_path(
    mapper: &Rc<Mapper>,
    text: &str,
    tables_first: bool,
    cx: &Cx,
) -> Result<Option<Value>> {
    let mut found: Option<Value> = None;
    let parts: Vec<&str> = text.split('.').collect();
    for (at, part) in parts.iter().enumerate() {
        found = Some(match found {
            None => match lookup(mapper.registry(), part, tables_first, cx)? {
                Some(value) => value,
                // `module.Class`: the modules of a session are one.
                None if at + 1 < parts.len() => {
                    let last = parts[parts.len() - 1];
                    let by_module = registered_class(mapper.registry(), last)?.filter(|class| {
                        let full = format!("{}.{}", class.module(), class.name());
                        full == text || full.ends_with(&format!(".{text}"))
                    });
                    return Ok(by_module.map(Value::Class));
                }
                None => return Ok(None),
            },
            Some(Value::Class(class)) => class_attribute(&class, part, cx)?,
            Some(value) => cx.get_attr(&value, part)?,
        });
    }
    Ok(found)
}

/// The attribute `name` of a class in an expression: of a mapped one it must be a column's.
fn class_attribute(class: &Rc<Class>, name: &str, cx: &Cx) -> Result<Value> {
    let value = Value::Class(class.clone());
    let Some(mapper) = class_mapper(class) else {
        return cx.get_attr(&value, name);
    };
    match mapper.prop(name) {
        Some(prop) if prop.relationship().is_some() => Err(INVALID_REQUEST_ERROR.error(format!(
            "Property '{name}' is not an instance of ColumnProperty (i.e. does not correspond \
             directly to a Column)."
        ))),
        None if find_attr(&value, name, cx)?.is_none() => Err(ATTRIBUTE_ERROR.error(format!(
            "Class <class '{}'> does not have a mapped column named '{name}'",
            class.full_name()
        ))),
        _ => cx.get_attr(&value, name),
    }
}

/// A class in an expression, whose attributes are columns.
pub struct ClassName(Rc<Class>);

impl ClassName {
    /// The class.
    pub fn class(&self) -> &Rc<Class> {
        &self.0
    }
}

static CLASS_NAME: TypeSpec = TypeSpec::new("sqlalchemy.orm.clsregistry", "_GetColumns");

impl Object for ClassName {
    fn spec(&self) -> &'static TypeSpec {
        &CLASS_NAME
    }
    fn get_attr(&self, _this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        class_attribute(&self.0, name, cx).map(Some)
    }
}

/// `value` as an expression sees it.
fn in_expression(value: Value) -> Value {
    match value {
        Value::Class(class) if class_mapper(&class).is_some() => Value::object(ClassName(class)),
        other => other,
    }
}

/// The class or table that a relationship's first argument names.
pub fn resolve_name(mapper: &Rc<Mapper>, text: &str, cx: &Cx) -> Result<Value> {
    match resolve_path(mapper, text, false, cx)? {
        Some(value) => Ok(value),
        None => Err(not_found(mapper, text, text, cx)),
    }
}

/// The value of an argument that is a text.
pub fn resolve_text(mapper: &Rc<Mapper>, text: &str, tables_first: bool, cx: &Cx) -> Result<Value> {
    let text = text.trim();
    let undefined =
        |name: &str| not_found(mapper, text, &format!("name '{name}' is not defined"), cx);
    if is_dotted_name(text) {
        return match resolve_path(mapper, text, tables_first, cx)? {
            Some(value) => Ok(value),
            None => Err(undefined(text.split('.').next().unwrap_or(text))),
        };
    }
    let Some(evaluator) = cx.service::<Evaluator>().0.borrow().clone() else {
        return Err(undefined(text));
    };
    let registry = mapper.registry().clone();
    let names: Names =
        Rc::new(move |name, cx| Ok(lookup(&registry, name, tables_first, cx)?.map(in_expression)));
    let value = evaluator.evaluate(text, names, cx);
    let value = value.map(|value| match value.downcast::<ClassName>() {
        Some(name) => Value::Class(name.0.clone()),
        None => value,
    });
    value.map_err(|raised| {
        if raised.is(&NAME_ERROR) {
            not_found(mapper, text, &raised.message(cx), cx)
        } else {
            raised
        }
    })
}

/// An argument that may be a text, a function, or a value.
pub fn resolve_argument(
    mapper: &Rc<Mapper>,
    given: &Value,
    tables_first: bool,
    cx: &Cx,
) -> Result<Value> {
    if let Some(text) = given.as_str() {
        return resolve_text(mapper, text, tables_first, cx);
    }
    if is_plain_callable(given) {
        return cx.call(given, []);
    }
    Ok(given.clone())
}

/// Whether `given` is a function rather than a class or an expression.
pub fn is_plain_callable(given: &Value) -> bool {
    match given {
        Value::Object(object) => {
            object.is_callable()
                && given.downcast::<ColumnElement>().is_none()
                && given.downcast::<FromClause>().is_none()
                && given.downcast::<InstrumentedAttribute>().is_none()
                && given
                    .downcast::<crate::orm::aliased::AliasHandle>()
                    .is_none()
        }
        Value::Instance(instance) => instance.class().lookup("__call__").is_some(),
        _ => false,
    }
}
