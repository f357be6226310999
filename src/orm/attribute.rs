//! `Attribute`: what answers for one mapped attribute of the instances of one class
//! (SQLAlchemy's `AttributeImpl`): read, set, delete, history, parents.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::collections::{self, CollectionFactory, adapter_of};
use super::dynamic::{self, DynamicKind};
use super::events::{self, AttributeEvent, Listener, Op, ScriptListener, Token};
use super::hooks::{self, Loaded};
use super::passive::Passive;
use super::properties::{MapperProperty, PropertyId};
use super::state::{Committed, InstanceState, state_of};
use crate::object::exceptions::{ATTRIBUTE_ERROR, KEY_ERROR, NOT_IMPLEMENTED_ERROR, VALUE_ERROR};
use crate::object::{Cx, Instance, Result, SlotDescriptor, Str, Value, class_of};

/// What reading an attribute found.
#[derive(Clone, Debug)]
pub enum Held {
    /// A value; of a collection, the collection.
    Value(Value),
    /// There is none (`NO_VALUE`).
    NoValue,
    /// It takes more than was allowed to tell (`PASSIVE_NO_RESULT`).
    NoResult,
}

impl Held {
    /// The object found, if it is one.
    pub fn object(&self) -> Option<&Value> {
        match self {
            Self::Value(value) if !value.is_none() => Some(value),
            _ => None,
        }
    }
    fn committed(&self) -> Committed {
        match self {
            Self::Value(value) => Committed::Value(value.clone()),
            Self::NoValue => Committed::NoValue,
            Self::NoResult => Committed::NoResult,
        }
    }
    fn is(&self, other: &Value) -> bool {
        matches!(self, Self::Value(value) if value.is(other))
    }
}

/// What kind of value an attribute holds.
pub enum AttributeKind {
    /// A column value, or a composite of some.
    Scalar,
    /// A related object, or None.
    Object,
    /// A collection of related objects.
    Collection(CollectionFactory),
    /// A collection that is never loaded.
    Dynamic(DynamicKind),
}

/// How a new attribute is to behave.
pub struct AttributeOptions {
    /// What it holds.
    pub kind: AttributeKind,
    /// Whether the children remember their parent.
    pub track_parent: bool,
    /// Whether the old value is loaded before a change.
    pub active_history: bool,
    /// Whether the old value is loaded at flush, if it was not at the change.
    pub deferred_history: bool,
    /// Whether a change makes the instance modified.
    pub sends_modified: bool,
    /// Whether a loader of its own loads it, so that a partial expiry leaves it be.
    pub deferred: bool,
    /// Whether a refresh of the whole instance loads it too.
    pub load_on_unexpire: bool,
}

impl Default for AttributeOptions {
    fn default() -> Self {
        Self {
            kind: AttributeKind::Scalar,
            track_parent: false,
            active_history: false,
            deferred_history: false,
            sends_modified: true,
            deferred: false,
            load_on_unexpire: true,
        }
    }
}

/// What answers for one mapped attribute of the instances of one class.
pub struct Attribute {
    key: Str,
    slot: Cell<u32>,
    property: Rc<MapperProperty>,
    pub(super) options: AttributeOptions,
    active_history: Cell<bool>,
    /// What hears of changes, in order.
    listeners: RefCell<Rc<Vec<Listener>>>,
}

impl Attribute {
    /// The attribute `key`, which `property` maps.
    pub fn new(key: Str, property: Rc<MapperProperty>, options: AttributeOptions) -> Rc<Self> {
        Rc::new(Self {
            key,
            slot: Cell::new(u32::MAX),
            property,
            active_history: Cell::new(options.active_history),
            options,
            listeners: RefCell::default(),
        })
    }
    /// Its name.
    pub fn key(&self) -> &Str {
        &self.key
    }
    /// The slot it has in the instances of its class.
    pub fn slot(&self) -> u32 {
        self.slot.get()
    }
    /// Give it its slot.
    pub(super) fn set_slot(&self, slot: u32) {
        self.slot.set(slot);
    }
    /// The property that maps it.
    pub fn property(&self) -> &Rc<MapperProperty> {
        &self.property
    }
    /// What the instances of any class of the hierarchy know its parents under.
    pub fn parent_token(&self) -> PropertyId {
        self.property.id()
    }
    /// Whether it holds column values.
    pub fn is_scalar(&self) -> bool {
        matches!(self.options.kind, AttributeKind::Scalar)
    }
    /// Whether it holds a related object.
    pub fn is_object(&self) -> bool {
        matches!(self.options.kind, AttributeKind::Object)
    }
    /// Whether it holds a collection.
    pub fn is_collection(&self) -> bool {
        matches!(self.options.kind, AttributeKind::Collection(_))
    }
    /// Whether it stands for a collection that is never loaded.
    pub fn is_dynamic(&self) -> bool {
        self.dynamic_kind().is_some()
    }
    /// What reads answer, where it stands for a collection that is never loaded.
    pub fn dynamic_kind(&self) -> Option<DynamicKind> {
        match &self.options.kind {
            AttributeKind::Dynamic(kind) => Some(*kind),
            _ => None,
        }
    }
    /// Whether it holds, or stands for, several objects.
    pub fn holds_many(&self) -> bool {
        self.is_collection() || self.is_dynamic()
    }
    /// What makes its collections.
    pub fn collection_factory(&self) -> Option<&CollectionFactory> {
        match &self.options.kind {
            AttributeKind::Collection(factory) => Some(factory),
            _ => None,
        }
    }
    /// Whether it holds column values that a loader of their own loads.
    pub fn is_deferred(&self) -> bool {
        self.options.deferred
    }
    /// Whether a refresh of the whole instance loads it too.
    pub fn loads_on_unexpire(&self) -> bool {
        self.options.load_on_unexpire
    }
    /// Whether the children remember their parent.
    pub fn tracks_parent(&self) -> bool {
        self.options.track_parent
    }
    /// Whether the old value is loaded before a change.
    pub fn has_active_history(&self) -> bool {
        self.active_history.get()
    }
    /// Have the old value loaded before a change.
    pub fn set_active_history(&self) {
        self.active_history.set(true);
    }
    /// What hears of its changes.
    pub fn listeners(&self) -> Rc<Vec<Listener>> {
        self.listeners.borrow().clone()
    }
    /// Add something that hears of its changes.
    pub fn listen(&self, listener: Listener) {
        Rc::make_mut(&mut self.listeners.borrow_mut()).push(listener);
    }
    /// Add a script's listener; with `first` before all others.
    pub fn listen_script(&self, script: ScriptListener, first: bool) {
        if script.active_history {
            self.set_active_history();
        }
        let mut listeners = self.listeners.borrow_mut();
        let at = if first { 0 } else { listeners.len() };
        Rc::make_mut(&mut listeners).insert(at, Listener::Script(script));
    }
    /// Take over the listeners of the same attribute of a base class that propagate.
    pub(super) fn inherit_listeners(&self, base: &Self) {
        for listener in base.listeners().iter() {
            if let Listener::Script(script) = listener
                && script.propagate
            {
                self.listen_script(script.clone(), false);
            }
        }
    }
    /// Remove a script's listener.
    pub fn forget_listener(&self, event: AttributeEvent, function: &Value) {
        Rc::make_mut(&mut self.listeners.borrow_mut()).retain(|one| {
            !matches!(one, Listener::Script(script)
                if script.event == event && script.function.is(function))
        });
    }
    /// What a change made through this attribute is known by.
    pub fn token(self: &Rc<Self>, op: Op) -> Token {
        // A scalar is appended to by replacing it.
        let op = if op == Op::Append && !self.holds_many() {
            Op::Replace
        } else {
            op
        };
        Token::new(self.clone(), op)
    }

    /// Read the attribute.
    pub fn get(
        self: &Rc<Self>,
        instance: &Rc<Instance>,
        passive: Passive,
        cx: &Cx,
    ) -> Result<Held> {
        let slot = self.slot();
        let held = instance.slot(slot);
        if !held.is_undefined() {
            return Ok(Held::Value(held));
        }
        if let AttributeKind::Dynamic(kind) = &self.options.kind {
            return dynamic::get(self, *kind, instance, passive, cx);
        }
        let Some(state) = state_of(instance) else {
            return Ok(Held::Value(Value::None));
        };
        if matches!(state.committed(slot), None | Some(Committed::NoValue)) {
            if !passive.has(Passive::CALLABLES_OK) {
                return Ok(Held::NoResult);
            }
            match self.fire_loaders(instance, state, passive, cx)? {
                Loaded::NoResult => return Ok(Held::NoResult),
                Loaded::NoValue => return Ok(Held::NoValue),
                Loaded::WasSet => {
                    let held = instance.slot(slot);
                    if held.is_undefined() {
                        return Err(KEY_ERROR.error(format!(
                            "Deferred loader for attribute '{}' failed to populate correctly",
                            self.key
                        )));
                    }
                    return Ok(Held::Value(held));
                }
                Loaded::Value(value) => {
                    return self.set_committed(instance, value, cx).map(Held::Value);
                }
                Loaded::Empty => {}
            }
        }
        if !passive.has(Passive::INIT_OK) {
            return Ok(Held::NoValue);
        }
        self.default_value(instance, state, cx).map(Held::Value)
    }

    pub(super) fn fire_loaders(
        self: &Rc<Self>,
        instance: &Rc<Instance>,
        state: &InstanceState,
        passive: Passive,
        cx: &Cx,
    ) -> Result<Loaded> {
        let slot = self.slot();
        if self.is_scalar() && self.options.load_on_unexpire && state.is_slot_expired(slot) {
            return load_expired(instance, state, passive, cx);
        }
        if !state.has_identity() && !state.is_load_enabled() && !self.property.loads_on_pending() {
            return Ok(Loaded::Empty);
        }
        hooks::loader(cx).map_or(Ok(Loaded::Empty), |loader| {
            loader.load(instance, self, passive, cx)
        })
    }

    fn default_value(
        self: &Rc<Self>,
        instance: &Rc<Instance>,
        state: &InstanceState,
        cx: &Cx,
    ) -> Result<Value> {
        let AttributeKind::Collection(factory) = &self.options.kind else {
            return events::fire_init_scalar(self, instance, cx);
        };
        let slot = self.slot();
        if let Some(known) = state.empty_collection(slot) {
            return Ok(known);
        }
        let collection = factory.make(self, instance, cx)?;
        if let Some(adapter) = adapter_of(&collection) {
            adapter.set_empty();
        }
        state.set_empty_collection(slot, Some(collection.clone()));
        Ok(collection)
    }

    /// Put in a value that the database has: `value` is a scalar, an object, or a list of the
    /// members of a collection. Answers what the attribute now holds.
    pub fn set_committed(
        self: &Rc<Self>,
        instance: &Rc<Instance>,
        value: Value,
        cx: &Cx,
    ) -> Result<Value> {
        let slot = self.slot();
        if self.is_dynamic() {
            return Err(NOT_IMPLEMENTED_ERROR
                .error("Dynamic attributes don't support collection population."));
        }
        let Some(factory) = self.collection_factory() else {
            drop(instance.set_slot(slot, value.clone()));
            if let Some(state) = state_of(instance) {
                state.commit(instance, [slot]);
            }
            return Ok(value);
        };
        let items = if value.is_none() {
            Vec::new()
        } else {
            cx.collect(&value)?
        };
        collections::set_committed(self, factory, instance, items, cx)
    }

    /// Assign the attribute, as part of the change `initiator`, if there is one.
    pub fn set(
        self: &Rc<Self>,
        instance: &Rc<Instance>,
        value: Value,
        initiator: Option<&Token>,
        cx: &Cx,
    ) -> Result<()> {
        self.set_checked(instance, value, initiator, None, cx)
    }

    /// [`Self::set`]; `expected` is what it must hold now, and whether otherwise nothing is done.
    pub fn set_checked(
        self: &Rc<Self>,
        instance: &Rc<Instance>,
        value: Value,
        initiator: Option<&Token>,
        expected: Option<(&Value, bool)>,
        cx: &Cx,
    ) -> Result<()> {
        let slot = self.slot();
        match &self.options.kind {
            AttributeKind::Scalar => {
                let old = if self.active_history.get() {
                    self.get(instance, Passive::RETURN_NO_VALUE, cx)?
                } else {
                    held_now(instance, slot)
                };
                let value = events::fire_set(self, instance, value, &old, initiator, cx)?;
                self.note_change(instance, || old.committed(), cx)?;
                drop(instance.set_slot(slot, value));
                Ok(())
            }
            AttributeKind::Object => {
                let old = self.old_object(instance, cx)?;
                if let Some((expected, quiet)) = expected
                    && !matches!(old, Held::NoResult)
                    && !old.is(expected)
                {
                    if quiet {
                        return Ok(());
                    }
                    return Err(VALUE_ERROR.error(format!(
                        "Object {} not associated with {} on attribute '{}'",
                        describe(expected),
                        describe(&Value::Instance(instance.clone())),
                        self.key
                    )));
                }
                let value = self.replace_object(instance, value, &old, initiator, cx)?;
                drop(instance.set_slot(slot, value));
                Ok(())
            }
            AttributeKind::Collection(factory) => {
                collections::replace(self, factory, instance, value, Passive::OFF, cx)
            }
            AttributeKind::Dynamic(_) => dynamic::set(self, instance, &value, initiator, cx),
        }
    }

    fn old_object(self: &Rc<Self>, instance: &Rc<Instance>, cx: &Cx) -> Result<Held> {
        let passive = if self.active_history.get() {
            Passive::ONLY_PERSISTENT | Passive::NO_AUTOFLUSH | Passive::LOAD_AGAINST_COMMITTED
        } else {
            Passive::NO_FETCH.without(Passive::INIT_OK)
                | Passive::LOAD_AGAINST_COMMITTED
                | Passive::NO_RAISE
        };
        self.get(instance, passive, cx)
    }

    fn replace_object(
        self: &Rc<Self>,
        instance: &Rc<Instance>,
        value: Value,
        old: &Held,
        initiator: Option<&Token>,
        cx: &Cx,
    ) -> Result<Value> {
        if self.options.track_parent
            && !old.is(&value)
            && let Some(previous) = old.object()
        {
            self.set_has_parent(previous, instance, false, cx)?;
        }
        let value = events::fire_set(self, instance, value, old, initiator, cx)?;
        self.note_change(instance, || old.committed(), cx)?;
        if self.options.track_parent && !value.is_none() {
            self.set_has_parent(&value, instance, true, cx)?;
        }
        Ok(value)
    }

    /// `del instance.attribute`.
    pub fn delete(self: &Rc<Self>, instance: &Rc<Instance>, cx: &Cx) -> Result<()> {
        let slot = self.slot();
        let Some(state) = state_of(instance) else {
            return Ok(());
        };
        match &self.options.kind {
            AttributeKind::Scalar => {
                let old = if self.active_history.get() {
                    self.get(instance, Passive::RETURN_NO_VALUE, cx)?
                } else {
                    held_now(instance, slot)
                };
                events::fire_remove(self, instance, &old, None, cx)?;
                self.note_change(instance, || old.committed(), cx)?;
                let existing = instance.set_slot(slot, Value::Undefined);
                if existing.is_undefined()
                    && matches!(old, Held::NoValue)
                    && !state.is_expired()
                    && !state.is_slot_expired(slot)
                {
                    return Err(self.no_value());
                }
                Ok(())
            }
            AttributeKind::Object => {
                let old = self.old_object(instance, cx)?;
                self.remove_object(instance, &old, None, cx)?;
                let existing = instance.set_slot(slot, Value::Undefined);
                if existing.is_undefined()
                    && !matches!(old, Held::NoResult)
                    && !state.has_identity()
                {
                    return Err(self.no_value());
                }
                Ok(())
            }
            AttributeKind::Collection(_) => collections::delete(self, instance, cx),
            AttributeKind::Dynamic(_) => Err(NOT_IMPLEMENTED_ERROR.error("")),
        }
    }

    fn no_value(&self) -> crate::object::Raised {
        ATTRIBUTE_ERROR.error(format!("{} object does not have a value", self.property))
    }

    /// What is told when the object `old` leaves.
    pub(super) fn remove_object(
        self: &Rc<Self>,
        instance: &Rc<Instance>,
        old: &Held,
        initiator: Option<&Token>,
        cx: &Cx,
    ) -> Result<()> {
        if self.options.track_parent
            && let Some(previous) = old.object()
        {
            self.set_has_parent(previous, instance, false, cx)?;
        }
        events::fire_remove(self, instance, old, initiator, cx)?;
        self.note_change(instance, || old.committed(), cx)
    }

    /// Add `value`: set a scalar to it, append it to a collection, loaded or not.
    pub fn append(
        self: &Rc<Self>,
        instance: &Rc<Instance>,
        value: Value,
        initiator: Option<&Token>,
        passive: Passive,
        cx: &Cx,
    ) -> Result<()> {
        match &self.options.kind {
            AttributeKind::Collection(_) => {
                collections::append(self, instance, value, initiator, passive, cx)
            }
            AttributeKind::Dynamic(_) => dynamic::append(self, instance, value, initiator, cx),
            AttributeKind::Scalar | AttributeKind::Object => {
                self.set(instance, value, initiator, cx)
            }
        }
    }

    /// Take `value` away: unset a scalar that holds it, remove it from a collection, loaded or
    /// not; nothing happens where it is not there.
    pub fn pop(
        self: &Rc<Self>,
        instance: &Rc<Instance>,
        value: &Value,
        initiator: Option<&Token>,
        passive: Passive,
        cx: &Cx,
    ) -> Result<()> {
        match &self.options.kind {
            AttributeKind::Collection(_) => {
                collections::pop(self, instance, value, initiator, passive, cx)
            }
            AttributeKind::Dynamic(_) => dynamic::remove(self, instance, value, initiator, cx),
            AttributeKind::Scalar | AttributeKind::Object => {
                self.set_checked(instance, Value::None, initiator, Some((value, true)), cx)
            }
        }
    }

    /// `_modified_event`: the attribute is about to change; `old` is what it was.
    pub fn note_change(
        &self,
        instance: &Rc<Instance>,
        old: impl FnOnce() -> Committed,
        cx: &Cx,
    ) -> Result<()> {
        if !self.options.sends_modified {
            return Ok(());
        }
        let Some(state) = state_of(instance) else {
            return Ok(());
        };
        let slot = self.slot();
        if !state.is_changed(slot) {
            state.set_committed(slot, old());
        }
        mark_modified(instance, state, cx)
    }

    /// Whether `child` hangs on a parent along this relationship.
    pub fn has_parent(&self, child: &Value, optimistic: bool) -> bool {
        let Value::Instance(child) = child else {
            return false;
        };
        state_of(child).is_some_and(|state| state.has_parent(self.parent_token(), optimistic))
    }

    /// Note that `child` hangs, or no longer hangs, on `parent`.
    pub fn set_has_parent(
        &self,
        child: &Value,
        parent: &Rc<Instance>,
        on: bool,
        cx: &Cx,
    ) -> Result<()> {
        let (_, state) = child_state(child, cx)?;
        let token = self.parent_token();
        if on {
            state.set_parent(token, Some(Rc::downgrade(parent)));
            return Ok(());
        }
        if let Some(Some(last)) = state.parent(token)
            && let Some(last) = last.upgrade()
        {
            let differs = !Rc::ptr_eq(&last, parent)
                && match (state_of(&last), state_of(parent)) {
                    (Some(last), Some(parent)) => {
                        last.with_key(|last| parent.with_key(|parent| last != parent))
                    }
                    _ => false,
                };
            if differs {
                return Ok(());
            }
        }
        state.set_parent(token, None);
        Ok(())
    }
}

/// `_load_expired`: load the attributes of `instance` that are expired.
pub fn load_expired(
    instance: &Rc<Instance>,
    state: &InstanceState,
    passive: Passive,
    cx: &Cx,
) -> Result<Loaded> {
    if !passive.has(Passive::SQL_OK) {
        return Ok(Loaded::NoResult);
    }
    let mapper = state.mapper();
    let slots: Vec<u32> = state
        .expired_slots()
        .into_iter()
        .filter(|&slot| {
            !state.is_changed(slot)
                && mapper
                    .attribute_at(slot)
                    .is_some_and(|attribute| attribute.loads_on_unexpire())
        })
        .collect();
    if let Some(loader) = hooks::loader(cx) {
        loader.load_expired(instance, &slots, passive, cx)?;
    }
    state.forget_expired();
    Ok(Loaded::WasSet)
}

/// The instance is modified: its session is to hold it until the next flush.
pub fn mark_modified(instance: &Rc<Instance>, state: &InstanceState, cx: &Cx) -> Result<()> {
    let attached = state.session_id() != 0;
    if state.is_modified() && (!attached || state.is_held()) {
        return Ok(());
    }
    state.set_modified(true);
    if attached && let Some(session) = hooks::session(state.session_id(), cx) {
        session.note_modified(instance, cx)?;
    }
    Ok(())
}

/// `flag_modified()`: the attribute counts as changed, whatever it holds.
pub fn flag_modified(instance: &Rc<Instance>, key: &str, cx: &Cx) -> Result<()> {
    let Some(state) = state_of(instance) else {
        return Ok(());
    };
    let Some(attribute) = state.mapper().attribute(key) else {
        return Err(KEY_ERROR.error(key));
    };
    let slot = attribute.slot();
    if instance.with_slot(slot, Value::is_undefined) {
        return Err(crate::engine::exc::INVALID_REQUEST_ERROR.error(format!(
            "Can't flag attribute '{key}' modified; it's not present in the object state"
        )));
    }
    let token = Value::object(attribute.token(Op::Modified));
    events::fire_other(AttributeEvent::Modified, &attribute, instance, &[token], cx)?;
    state.set_committed(slot, Committed::NoValue);
    mark_modified(instance, state, cx)
}

/// What `slot` holds, without loading anything.
pub fn held_now(instance: &Instance, slot: u32) -> Held {
    match instance.slot(slot) {
        Value::Undefined => Held::NoValue,
        value => Held::Value(value),
    }
}

/// A related object's state, or the AttributeError that a stranger in its place raises.
pub fn child_state<'a>(child: &'a Value, cx: &Cx) -> Result<(&'a Rc<Instance>, &'a InstanceState)> {
    if let Value::Instance(instance) = child
        && let Some(state) = state_of(instance)
    {
        return Ok((instance, state));
    }
    Err(ATTRIBUTE_ERROR.error(format!(
        "'{}' object has no attribute '_sa_instance_state'",
        class_of(child, cx).name()
    )))
}

/// `<User at 0x...>`.
pub fn describe(value: &Value) -> String {
    match value {
        Value::Instance(instance) => state_of(instance).map_or_else(
            || {
                format!(
                    "<{} at {:#x}>",
                    instance.class().name(),
                    Rc::as_ptr(instance) as usize
                )
            },
            InstanceState::describe,
        ),
        _ => "None".to_owned(),
    }
}

/// The place of an [`Attribute`] in the layout of its class.
pub struct AttributeSlot(pub Rc<Attribute>);

impl SlotDescriptor for AttributeSlot {
    fn is_column(&self) -> bool {
        self.0.is_scalar()
    }
    fn load(&self, instance: &Rc<Instance>, _slot: u32, cx: &Cx) -> Result<Value> {
        Ok(match self.0.get(instance, Passive::OFF, cx)? {
            Held::Value(value) => value,
            Held::NoValue | Held::NoResult => Value::None,
        })
    }
    fn set(&self, instance: &Rc<Instance>, _slot: u32, value: Value, cx: &Cx) -> Result<()> {
        self.0.set(instance, value, None, cx)
    }
    fn delete(&self, instance: &Rc<Instance>, _slot: u32, cx: &Cx) -> Result<()> {
        self.0.delete(instance, cx)
    }
}
