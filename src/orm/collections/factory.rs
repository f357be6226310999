//! What makes the collections of a relationship.

use std::rc::Rc;

use super::adapter::{
    ADAPTER, AdapterRef, CollectionAdapter, INSTRUMENTED_LIST, INSTRUMENTED_SET, adapter_of,
};
use super::instrumentation::instrument;
use super::keyed::KeyedBy;
use super::storage::Announced;
use crate::engine::exc::ARGUMENT_ERROR;
use crate::object::exceptions::TYPE_ERROR;
use crate::object::types::{DICT, LIST, SET};
use crate::object::{
    Class, CollectionHook, Cx, Dict, DictMap, Instance, List, Result, Set, SetMap, TypeSpec, Value,
    class_of,
};
use crate::orm::attribute::Attribute;
use crate::orm::events::{self, AttributeEvent};

/// What makes the collections of a relationship.
#[derive(Clone)]
pub enum CollectionFactory {
    /// `list`.
    List,
    /// `set`.
    Set,
    /// A dict keyed by something of the object.
    Dict(Rc<KeyedBy>),
    /// A class of a script, or a function that makes its instances; what they are like.
    Custom(Value, Option<Shape>),
}

/// Which built-in collection something is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    List,
    Set,
    Dict,
}

impl Shape {
    /// The name of the type.
    pub fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Set => "set",
            Self::Dict => "dict",
        }
    }
    /// What a value is like; `None`: like none of them.
    pub fn of(value: &Value, cx: &Cx) -> Option<Self> {
        match value {
            Value::List(_) => Some(Self::List),
            Value::Set(_) => Some(Self::Set),
            Value::Dict(_) => Some(Self::Dict),
            Value::Instance(_) | Value::Object(_) => Self::of_class(&class_of(value, cx)),
            _ => None,
        }
    }
    /// What the instances of a class are like.
    pub fn of_class(class: &Rc<Class>) -> Option<Self> {
        let is = |class: &Rc<Class>, spec: &'static TypeSpec| class.is_subclass(&spec.class());
        let built_in = |class: &Rc<Class>| {
            let shapes = [(&LIST, Self::List), (&SET, Self::Set), (&DICT, Self::Dict)];
            shapes
                .into_iter()
                .find(|(spec, _)| is(class, spec))
                .map(|(_, shape)| shape)
        };
        match class.lookup("__emulates__") {
            Some(Value::Class(emulated)) => return built_in(&emulated),
            Some(_) => return None,
            None => {}
        }
        let duck = [
            ("append", Self::List),
            ("add", Self::Set),
            ("set", Self::Dict),
        ];
        built_in(class).or_else(|| {
            duck.into_iter()
                .find_map(|(method, shape)| class.lookup(method).map(|_| shape))
        })
    }
}

impl CollectionFactory {
    /// What `collection_class=` makes: called once to see, and a class of a script is
    /// instrumented.
    pub fn of_argument(given: &Value, cx: &Cx) -> Result<Self> {
        if given.is_undefined() || given.is_none() {
            return Ok(Self::List);
        }
        if let Some(keyed) = given.downcast::<Rc<KeyedBy>>() {
            return Ok(Self::Dict(keyed.clone()));
        }
        let made = cx.call(given, [])?;
        match &made {
            Value::List(_) => return Ok(Self::List),
            Value::Set(_) => return Ok(Self::Set),
            Value::Dict(_) => {
                return Err(ARGUMENT_ERROR.error(
                    "Type InstrumentedDict must elect an appender method to be a collection class",
                ));
            }
            _ => {}
        }
        let class = class_of(&made, cx);
        instrument(&class, cx)?;
        Ok(Self::Custom(given.clone(), Shape::of_class(&class)))
    }

    /// A new, empty collection of `owner`'s.
    pub fn make(&self, attribute: &Rc<Attribute>, owner: &Rc<Instance>, cx: &Cx) -> Result<Value> {
        let hook = |class: &'static TypeSpec| -> Rc<dyn CollectionHook> {
            CollectionAdapter::new(attribute, owner, Some(class))
        };
        let collection = match self {
            Self::List => Value::List(Rc::new(List::instrumented(
                Vec::new(),
                hook(&INSTRUMENTED_LIST),
            ))),
            Self::Set => Value::Set(Rc::new(Set::instrumented(
                SetMap::default(),
                hook(&INSTRUMENTED_SET),
            ))),
            Self::Dict(_) => Value::Dict(Rc::new(Dict::instrumented(
                DictMap::default(),
                hook(KeyedBy::class(cx)),
            ))),
            Self::Custom(make, _) => {
                let made = cx.call(make, [])?;
                let Value::Instance(instance) = &made else {
                    return Err(TYPE_ERROR.error(format!(
                        "'{}' object can't be a collection of related objects",
                        class_of(&made, cx).name()
                    )));
                };
                let adapter = AdapterRef::new(CollectionAdapter::new(attribute, owner, None));
                instance.set_attribute(ADAPTER, Value::object(adapter));
                made
            }
        };
        fire(
            AttributeEvent::InitCollection,
            attribute,
            owner,
            &collection,
            cx,
        )?;
        Ok(collection)
    }
    /// What its collections are like.
    pub fn shape(&self) -> Option<Shape> {
        match self {
            Self::List => Some(Shape::List),
            Self::Set => Some(Shape::Set),
            Self::Dict(_) => Some(Shape::Dict),
            Self::Custom(_, shape) => *shape,
        }
    }
    /// The key of `item`; `None` where it is left out.
    pub(super) fn key(&self, item: &Value, how: Announced<'_>, cx: &Cx) -> Result<Option<Value>> {
        match self {
            Self::Dict(keyed) => keyed.key(item, how, cx),
            _ => Ok(None),
        }
    }
}

/// Tell scripts that a collection begins or ends to be the owner's.
pub(super) fn fire(
    event: AttributeEvent,
    attribute: &Rc<Attribute>,
    owner: &Rc<Instance>,
    collection: &Value,
    cx: &Cx,
) -> Result<()> {
    let adapter = adapter_of(collection).map_or(Value::None, Value::object);
    events::fire_other(event, attribute, owner, &[collection.clone(), adapter], cx)
}
