//! `Registry`: the mappers of a declarative base, and the names by which they refer to each
//! other; the list of all registries.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::mapper::{Mapper, MapperListener};
use crate::object::{Class, Cx, Str, Value};
use crate::sql::schema::MetaData;

/// What a name of a registry stands for.
#[derive(Clone)]
pub enum RegisteredName {
    /// One class.
    Class(Weak<Class>),
    /// Several classes of that name.
    Multiple(Vec<Weak<Class>>),
}

/// The mappers of a declarative base.
pub struct Registry {
    metadata: Rc<MetaData>,
    /// Classes by name.
    pub(super) names: RefCell<IndexMap<Str, RegisteredName, FxBuildHasher>>,
    mappers: RefCell<Vec<Rc<Mapper>>>,
    /// `type_annotation_map=`: annotations and the types they stand for.
    pub(super) type_annotation_map: RefCell<Vec<(Value, Value)>>,
    /// `constructor=`; `Undefined` is the default one.
    pub(super) constructor: Value,
    /// Whether a mapper was made since the last configuration.
    pub(super) has_new_mappers: Cell<bool>,
}

/// All registries, and whether mappers are being configured.
#[derive(Default)]
pub struct Mappings {
    registries: RefCell<Vec<Weak<Registry>>>,
    pub(super) configuring: Cell<bool>,
    pub(super) next_mapper: Cell<u32>,
    /// Goes up whenever a mapper is made or changed.
    pub(super) generation: Cell<u64>,
}

impl Registry {
    /// A registry of `metadata`.
    pub fn new(
        metadata: Rc<MetaData>,
        type_annotation_map: Vec<(Value, Value)>,
        constructor: Value,
        cx: &Cx,
    ) -> Rc<Self> {
        let mappings = cx.service::<Mappings>();
        let registry = Rc::new(Self {
            metadata,
            names: RefCell::default(),
            mappers: RefCell::default(),
            type_annotation_map: RefCell::new(type_annotation_map),
            constructor,
            has_new_mappers: Cell::new(false),
        });
        mappings
            .registries
            .borrow_mut()
            .push(Rc::downgrade(&registry));
        registry
    }
    /// Its metadata.
    pub fn metadata(&self) -> &Rc<MetaData> {
        &self.metadata
    }
    /// Its mappers, in the order in which they were made.
    pub fn mappers(&self) -> Vec<Rc<Mapper>> {
        self.mappers.borrow().clone()
    }
    /// Add a mapper.
    pub(super) fn add_mapper(&self, mapper: &Rc<Mapper>, cx: &Cx) {
        self.mappers.borrow_mut().push(mapper.clone());
        self.mark_new(cx);
    }
    /// A mapper is new or has a new property: the next use configures it.
    pub(super) fn mark_new(&self, cx: &Cx) {
        self.has_new_mappers.set(true);
        let mappings = cx.service::<Mappings>();
        mappings.generation.set(mappings.generation.get() + 1);
    }
    /// Add entries to `type_annotation_map`.
    pub fn extend_type_annotation_map(&self, entries: Vec<(Value, Value)>) {
        let mut map = self.type_annotation_map.borrow_mut();
        for (known, ty) in entries {
            map.retain(|(other, _)| !other.is(&known));
            map.push((known, ty));
        }
    }
    /// Forget its mappers (`dispose()`).
    pub fn clear(&self) {
        self.mappers.borrow_mut().clear();
        self.names.borrow_mut().clear();
        self.has_new_mappers.set(false);
    }
}

impl Mappings {
    /// The registries that exist, in the order in which they were made.
    pub fn registries(&self) -> Vec<Rc<Registry>> {
        self.registries
            .borrow()
            .iter()
            .filter_map(Weak::upgrade)
            .collect()
    }
    /// Goes up whenever a mapper is made or changed: what caches over all mappers compare.
    pub fn generation(&self) -> u64 {
        self.generation.get()
    }
}

/// The registries that exist.
pub fn all_registries(cx: &Cx) -> Vec<Rc<Registry>> {
    cx.service::<Mappings>().registries()
}

/// Listeners for all mappers, or all of one base: the class they were set up for, the listener.
#[derive(Default)]
pub(super) struct GlobalListeners(RefCell<Vec<(Rc<Class>, MapperListener)>>);

/// Set up (or remove) a listener for all mappers, or all classes of a base.
pub fn listen_to_all(class: &Rc<Class>, listener: MapperListener, remove: bool, cx: &Cx) {
    let all = cx.service::<GlobalListeners>();
    if remove {
        all.0.borrow_mut().retain(|(known, other)| {
            !(Rc::ptr_eq(known, class)
                && other.event == listener.event
                && other.function.is(&listener.function))
        });
    } else {
        all.0.borrow_mut().push((class.clone(), listener));
    }
}

/// The listeners for all mappers, for an event that is of no class.
pub(super) fn listeners_for_all(event: &str, cx: &Cx) -> Vec<MapperListener> {
    let all = cx.service::<GlobalListeners>();
    let listeners = all.0.borrow();
    listeners
        .iter()
        .filter(|(_, listener)| listener.event.as_str() == event)
        .map(|(_, listener)| listener.clone())
        .collect()
}

/// The listeners for all mappers, or for bases of `class`, for `event`.
pub(super) fn global_listeners(class: &Rc<Class>, event: &str, cx: &Cx) -> Vec<MapperListener> {
    cx.service::<GlobalListeners>()
        .0
        .borrow()
        .iter()
        .filter(|(target, listener)| {
            listener.event.as_str() == event
                && (target.spec().is_some() || listener.propagate && class.is_subclass(target))
        })
        .map(|(_, listener)| listener.clone())
        .collect()
}
