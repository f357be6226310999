//! `History`: what was added to an attribute, what stayed, what left; and how an attribute tells.

use std::rc::Rc;

use rustc_hash::FxHashSet;

use super::attribute::{Attribute, AttributeKind, Held, held_now};
use super::hooks::Loaded;
use super::passive::Passive;
use super::state::{Committed, InstanceState, state_of};
use super::{collections, dynamic};
use crate::object::{Cx, Instance, Result, Value};

/// What changed in an attribute since the last load or flush.
#[derive(Clone, Default, Debug)]
pub struct History {
    /// What is new; `None` shows as `()`.
    pub added: Option<Vec<Value>>,
    /// What stayed.
    pub unchanged: Option<Vec<Value>>,
    /// What was before.
    pub deleted: Option<Vec<Value>>,
    /// Whether it could not be told without SQL.
    pub is_blank: bool,
}

impl History {
    /// The history that could not be told without SQL.
    pub fn blank() -> Self {
        Self {
            is_blank: true,
            ..Self::default()
        }
    }
    fn new(added: Option<Value>, unchanged: Option<Value>, deleted: Option<Value>) -> Self {
        Self {
            added: added.map(|value| vec![value]),
            unchanged: unchanged.map(|value| vec![value]),
            deleted: deleted.map(|value| vec![value]),
            is_blank: false,
        }
    }
    /// What is new.
    pub fn added(&self) -> &[Value] {
        self.added.as_deref().unwrap_or_default()
    }
    /// What stayed.
    pub fn unchanged(&self) -> &[Value] {
        self.unchanged.as_deref().unwrap_or_default()
    }
    /// What was before.
    pub fn deleted(&self) -> &[Value] {
        self.deleted.as_deref().unwrap_or_default()
    }
    /// Whether anything changed.
    pub fn has_changes(&self) -> bool {
        !self.added().is_empty() || !self.deleted().is_empty()
    }
    /// Whether there is nothing at all.
    pub fn is_empty(&self) -> bool {
        !self.has_changes() && self.unchanged().is_empty()
    }
    /// All of it: added, unchanged, deleted.
    pub fn sum(&self) -> Vec<Value> {
        [self.added(), self.unchanged(), self.deleted()].concat()
    }

    /// The history of a scalar that holds `current`.
    pub fn of_scalar(
        attribute: &Attribute,
        current: &Held,
        original: Option<Committed>,
        cx: &Cx,
    ) -> Result<Self> {
        let original = match original {
            None => return Ok(Self::untouched(current)),
            Some(Committed::Value(original)) => Some(original),
            Some(_) => None,
        };
        match (current, original) {
            (Held::Value(current), Some(original)) => {
                if attribute.property().values_equal(current, &original, cx)? {
                    Ok(Self::new(None, Some(current.clone()), None))
                } else {
                    Ok(Self::new(Some(current.clone()), None, Some(original)))
                }
            }
            (Held::Value(current), None) => Ok(Self::new(Some(current.clone()), None, None)),
            (_, Some(original)) => Ok(Self::new(None, None, Some(original))),
            (_, None) => Ok(Self::new(Some(Value::None), None, None)),
        }
    }
    /// The history of an object attribute that holds `current`.
    pub fn of_object(current: &Held, original: Option<Committed>) -> Self {
        let original = match original {
            None => return Self::untouched(current),
            Some(Committed::Value(original)) => Some(original),
            Some(_) => None,
        };
        if let (Held::Value(current), Some(original)) = (current, &original)
            && current.is(original)
        {
            return Self::new(None, Some(current.clone()), None);
        }
        match (current, original.filter(|original| !original.is_none())) {
            (Held::Value(current), deleted) => Self::new(Some(current.clone()), None, deleted),
            (_, Some(original)) => Self::new(None, None, Some(original)),
            (_, None) => Self::new(Some(Value::None), None, None),
        }
    }
    fn untouched(current: &Held) -> Self {
        match current {
            Held::Value(current) => Self::new(None, Some(current.clone()), None),
            _ => Self::default(),
        }
    }
    /// The history of a collection of `current`.
    pub fn of_collection(current: Vec<Value>, original: Option<Committed>) -> Self {
        match original {
            None => Self {
                added: None,
                unchanged: Some(current),
                deleted: None,
                is_blank: false,
            },
            Some(Committed::Items(original)) => {
                let is_in = |items: &[Value]| -> FxHashSet<usize> {
                    items.iter().filter_map(Value::address).collect()
                };
                let (before, now) = (is_in(&original), is_in(&current));
                let known = |set: &FxHashSet<usize>, item: &Value| {
                    item.address().is_some_and(|address| set.contains(&address))
                };
                let deleted = original.iter().filter(|item| !known(&now, item));
                let deleted = deleted.cloned().collect();
                let (unchanged, added) = current.into_iter().partition(|item| known(&before, item));
                Self {
                    added: Some(added),
                    unchanged: Some(unchanged),
                    deleted: Some(deleted),
                    is_blank: false,
                }
            }
            Some(_) => Self {
                added: Some(current),
                unchanged: None,
                deleted: None,
                is_blank: false,
            },
        }
    }
}

impl Attribute {
    /// What changed since the last load or flush.
    pub fn history(
        self: &Rc<Self>,
        instance: &Rc<Instance>,
        passive: Passive,
        cx: &Cx,
    ) -> Result<History> {
        let Some(state) = state_of(instance) else {
            return Ok(History::default());
        };
        let slot = self.slot();
        match &self.options.kind {
            AttributeKind::Scalar => {
                let current = match held_now(instance, slot) {
                    Held::NoValue if !state.is_changed(slot) => {
                        self.get(instance, passive.without(Passive::INIT_OK), cx)?
                    }
                    held => held,
                };
                if matches!(current, Held::NoResult) {
                    return Ok(History::blank());
                }
                History::of_scalar(self, &current, state.committed(slot), cx)
            }
            AttributeKind::Object => {
                let current = match held_now(instance, slot) {
                    Held::NoValue => self.get(instance, passive.without(Passive::INIT_OK), cx)?,
                    held => held,
                };
                if matches!(current, Held::NoResult) {
                    return Ok(History::blank());
                }
                let mut original = state.committed(slot);
                if self.options.deferred_history && matches!(original, Some(Committed::NoResult)) {
                    original = self.load_original(instance, state, passive, cx)?;
                }
                Ok(History::of_object(&current, original))
            }
            AttributeKind::Collection(_) => {
                collections::history(self, instance, state, passive, cx)
            }
            AttributeKind::Dynamic(_) => dynamic::history(self, instance, state, passive, cx),
        }
    }

    fn load_original(
        self: &Rc<Self>,
        instance: &Rc<Instance>,
        state: &InstanceState,
        passive: Passive,
        cx: &Cx,
    ) -> Result<Option<Committed>> {
        let passive = passive
            | Passive::ONLY_PERSISTENT
            | Passive::NO_AUTOFLUSH
            | Passive::LOAD_AGAINST_COMMITTED
            | Passive::NO_RAISE
            | Passive::DEFERRED_HISTORY_LOAD;
        Ok(Some(
            match self.fire_loaders(instance, state, passive, cx)? {
                Loaded::Value(value) => Committed::Value(value),
                Loaded::NoResult => Committed::NoResult,
                Loaded::NoValue | Loaded::Empty | Loaded::WasSet => Committed::NoValue,
            },
        ))
    }

    /// Every object that the attribute holds or held since the last flush, for cascades.
    pub fn all_pending(
        self: &Rc<Self>,
        instance: &Rc<Instance>,
        passive: Passive,
        cx: &Cx,
    ) -> Result<Vec<Rc<Instance>>> {
        let Some(state) = state_of(instance) else {
            return Ok(Vec::new());
        };
        let slot = self.slot();
        if self.is_collection() {
            return collections::all_pending(instance, state, slot, cx);
        }
        if self.is_dynamic() {
            return dynamic::all_pending(self, instance, state, passive, cx);
        }
        let current = match held_now(instance, slot) {
            Held::NoValue if passive.has(Passive::CALLABLES_OK) => {
                self.get(instance, passive, cx)?
            }
            held => held,
        };
        let mut found = Vec::new();
        if let Some(Value::Instance(object)) = current.object() {
            found.push(object.clone());
        }
        if let Some(Committed::Value(Value::Instance(original))) = state.committed(slot)
            && !found.iter().any(|known| Rc::ptr_eq(known, &original))
        {
            found.push(original);
        }
        Ok(found)
    }
}
