//! `MappedClass`: what a class of the language has when it is mapped, or is a declarative base.

use std::any::Any;
use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use super::configure;
use super::inspection::state_value;
use super::mapper::Mapper;
use super::mapping;
use super::registry::Registry;
use super::state::{InstanceState, state_of};
use super::{constructor, declarative};
use crate::object::{Args, Class, ClassExtension, Cx, Instance, Result, Str, Value};

/// The extension of a mapped class, an abstract one, or a declarative base.
pub struct MappedClass {
    registry: Rc<Registry>,
    mapper: OnceCell<Rc<Mapper>>,
    /// Whether subclasses are mapped declaratively.
    declarative: Cell<bool>,
    /// Whether the class is a dataclass (`MappedAsDataclass`).
    pub(super) dataclass: OnceCell<declarative::DataclassFields>,
}

impl MappedClass {
    /// An extension for a class that is no mapped one yet.
    pub fn new(registry: Rc<Registry>, declarative: bool) -> Rc<Self> {
        Rc::new(Self {
            registry,
            mapper: OnceCell::new(),
            declarative: Cell::new(declarative),
            dataclass: OnceCell::new(),
        })
    }
    /// The registry.
    pub fn registry(&self) -> &Rc<Registry> {
        &self.registry
    }
    /// The mapper, of a mapped class.
    pub fn mapper(&self) -> Option<Rc<Mapper>> {
        self.mapper.get().cloned()
    }
    /// Set the mapper; the first one stays.
    pub(super) fn set_mapper(&self, mapper: Rc<Mapper>) {
        drop(self.mapper.set(mapper));
    }
    /// Whether subclasses are mapped declaratively.
    pub fn is_declarative(&self) -> bool {
        self.declarative.get()
    }
    /// The extension of `class` itself, if it is one of these.
    pub fn own(class: &Class) -> Option<&Self> {
        class.own_extension()?.as_any().downcast_ref()
    }
    /// The nearest registry of `class`.
    pub fn nearest_registry(class: &Class) -> Option<Rc<Registry>> {
        let extension = class.nearest_extension()?;
        let mapped: &Self = extension.as_any().downcast_ref()?;
        Some(mapped.registry.clone())
    }
}

impl ClassExtension for MappedClass {
    fn new_instance(&self, instance: &Rc<Instance>, args: &mut Args, cx: &Cx) -> Result<()> {
        if let Some(mapper) = self.mapper.get() {
            configure::configure_registry(mapper.registry(), cx)?;
            drop(InstanceState::attach(instance, mapper));
            mapping::set_identity(mapper, instance, cx)?;
            constructor::tell_init(mapper, instance, args, cx)?;
        }
        Ok(())
    }
    fn default_init(&self, instance: &Rc<Instance>, args: &Args, cx: &Cx) -> Result<bool> {
        constructor::default_init(self, instance, args, cx)
    }
    fn set_class_attr(
        &self,
        class: &Rc<Class>,
        name: &str,
        value: &Value,
        cx: &Cx,
    ) -> Result<bool> {
        if self.declarative.get() {
            declarative::set_class_attribute(class, name, value, cx)
        } else {
            Ok(false)
        }
    }
    fn init_subclass(&self, class: &Rc<Class>, keywords: &[(Str, Value)], cx: &Cx) -> Result<()> {
        if self.declarative.get() {
            declarative::init_subclass(&self.registry, class, keywords, cx)
        } else {
            Ok(())
        }
    }
    fn instance_extras(&self, instance: &Rc<Instance>) -> Vec<(Str, Value)> {
        match state_of(instance) {
            Some(_) => vec![(Str::new("_sa_instance_state"), state_value(instance))],
            None => Vec::new(),
        }
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}
