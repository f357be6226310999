//! What attributes ask of sessions and loaders, and where those are found.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use rustc_hash::FxHashMap;

use super::attribute::Attribute;
use super::passive::Passive;
use crate::object::{Cx, Instance, Result, Value};
use crate::sql::CompileStatePlugin;

/// What a loader did.
pub enum Loaded {
    /// It loaded this: a scalar, an object or None, or a list of the members of a collection.
    Value(Value),
    /// It filled the slot itself (`ATTR_WAS_SET`).
    WasSet,
    /// It has nothing to load (`ATTR_EMPTY`).
    Empty,
    /// It was not allowed to (`PASSIVE_NO_RESULT`).
    NoResult,
    /// There is no value (`NO_VALUE`).
    NoValue,
}

/// Loads what an instance lacks.
pub trait AttributeLoader {
    /// Load the expired attributes in `slots` and put them in, with one SELECT.
    fn load_expired(
        &self,
        instance: &Rc<Instance>,
        slots: &[u32],
        passive: Passive,
        cx: &Cx,
    ) -> Result<()>;
    /// Load an attribute that was never loaded: a deferred column, a relationship.
    fn load(
        &self,
        instance: &Rc<Instance>,
        attribute: &Rc<Attribute>,
        passive: Passive,
        cx: &Cx,
    ) -> Result<Loaded>;
}

/// What an instance asks of the session it is in.
pub trait SessionHooks {
    /// The session as scripts see it.
    fn value(&self) -> Value;
    /// `instance` was modified: hold it strongly, begin a transaction.
    fn note_modified(&self, instance: &Rc<Instance>, cx: &Cx) -> Result<()>;
    /// Whether `instance` is in the session, persistent or pending.
    fn contains(&self, instance: &Rc<Instance>) -> bool;
    /// Whether `instance` is pending in the session.
    fn is_pending(&self, instance: &Rc<Instance>) -> bool;
    /// Bring `instance` into the session (`_save_or_update_state`).
    fn save_or_update(&self, instance: &Rc<Instance>, cx: &Cx) -> Result<()>;
    /// Take `instance` out of the session.
    fn expunge(&self, instance: &Rc<Instance>, cx: &Cx) -> Result<()>;
    /// Whether a flush is under way whose warnings want to hear of `what`; warns then.
    fn warn_in_flush(&self, what: &str, cx: &Cx);
    /// Whether appends through a backref cascade too (1.4 without `future=True`).
    fn cascades_backrefs(&self) -> bool;
}

/// Set what compiles SELECTs of entities.
pub fn set_plugin(plugin: Rc<dyn CompileStatePlugin>, cx: &Cx) {
    *cx.service::<Hooks>().plugin.borrow_mut() = Some(plugin);
}
/// What compiles SELECTs of entities.
pub fn plugin() -> Rc<dyn CompileStatePlugin> {
    let known = Cx::current().service::<Hooks>().plugin.borrow().clone();
    known.unwrap_or_else(|| Rc::new(super::entity::PlainPlugin))
}

/// Makes what stands for a dynamic collection of an instance.
pub type MakeAppender = fn(&Rc<Attribute>, &Rc<Instance>, &Cx) -> Result<Value>;

/// Set what makes the queries that stand for dynamic collections.
pub fn set_appender(make: MakeAppender, cx: &Cx) {
    cx.service::<Hooks>().appender.set(Some(make));
}
/// What makes the queries that stand for dynamic collections.
pub fn appender(cx: &Cx) -> Option<MakeAppender> {
    cx.service::<Hooks>().appender.get()
}

/// The sessions and the loader of the context.
#[derive(Default)]
struct Hooks {
    loader: RefCell<Option<Rc<dyn AttributeLoader>>>,
    plugin: RefCell<Option<Rc<dyn CompileStatePlugin>>>,
    appender: Cell<Option<MakeAppender>>,
    sessions: RefCell<FxHashMap<u32, Weak<dyn SessionHooks>>>,
    next: Cell<u32>,
}

/// Set what loads attributes.
pub fn set_loader(loader: Rc<dyn AttributeLoader>, cx: &Cx) {
    *cx.service::<Hooks>().loader.borrow_mut() = Some(loader);
}
/// What loads attributes.
pub fn loader(cx: &Cx) -> Option<Rc<dyn AttributeLoader>> {
    cx.service::<Hooks>().loader.borrow().clone()
}
/// A number for a new session, from 1.
pub fn next_session_id(cx: &Cx) -> u32 {
    let hooks = cx.service::<Hooks>();
    hooks.next.set(hooks.next.get() + 1);
    hooks.next.get()
}
/// Make session `id` known.
pub fn register_session(id: u32, session: Weak<dyn SessionHooks>, cx: &Cx) {
    let hooks = cx.service::<Hooks>();
    let mut sessions = hooks.sessions.borrow_mut();
    if sessions.len() == sessions.capacity() {
        sessions.retain(|_, known| known.strong_count() > 0);
    }
    sessions.insert(id, session);
}
/// Session `id` is no more.
pub fn forget_session(id: u32, cx: &Cx) {
    cx.service::<Hooks>().sessions.borrow_mut().remove(&id);
}
/// The sessions there are, oldest first.
pub fn sessions(cx: &Cx) -> Vec<Rc<dyn SessionHooks>> {
    let hooks = cx.service::<Hooks>();
    let sessions = hooks.sessions.borrow();
    let mut ids: Vec<_> = sessions.keys().copied().collect();
    ids.sort_unstable();
    let alive = ids.iter().filter_map(|id| sessions.get(id)?.upgrade());
    alive.collect()
}
/// Session `id`, while it exists.
pub fn session(id: u32, cx: &Cx) -> Option<Rc<dyn SessionHooks>> {
    if id == 0 {
        return None;
    }
    cx.service::<Hooks>().sessions.borrow().get(&id)?.upgrade()
}
