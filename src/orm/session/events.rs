//! Listeners of scripts for the events of sessions: of a class, of a maker, of one session.

use std::cell::RefCell;
use std::rc::Rc;

use super::Session;
use crate::object::{Class, Cx, Instance, Object, Result, Str, TypeSpec, Value};
use crate::orm::inspection::state_value;

/// A script's listener for an event of sessions.
#[derive(Clone)]
pub struct SessionListener {
    /// `before_flush`, ...
    pub event: Str,
    /// The function.
    pub function: Value,
    /// Whether it is given the state of an object rather than the object.
    pub raw: bool,
}

impl SessionListener {
    fn is(&self, event: &str, function: &Value) -> bool {
        self.event.as_str() == event && self.function.is(function)
    }
}

/// Listeners, in order.
#[derive(Default)]
pub struct SessionEvents(RefCell<Vec<SessionListener>>);

impl SessionEvents {
    /// Add a listener; with `first` before those that listen already.
    pub fn listen(&self, listener: SessionListener, first: bool) {
        let mut listeners = self.0.borrow_mut();
        let at = if first { 0 } else { listeners.len() };
        listeners.insert(at, listener);
    }
    /// Remove a listener.
    pub fn forget(&self, event: &str, function: &Value) {
        let keep = |listener: &SessionListener| !listener.is(event, function);
        self.0.borrow_mut().retain(keep);
    }
    fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }
    fn collect(&self, event: &str, found: &mut Vec<SessionListener>) {
        let listeners = self.0.borrow();
        let wanted = |listener: &&SessionListener| listener.event.as_str() == event;
        found.extend(listeners.iter().filter(wanted).cloned());
    }
}

/// Stands for the subclass of `Session` that a `sessionmaker` makes its sessions of.
#[derive(Clone, Default)]
pub struct MakerClass(Rc<()>);

/// Which sessions a listener is for.
#[derive(Clone)]
pub enum Sessions {
    /// Those of a class and its subclasses.
    Class(Rc<Class>),
    /// Those of a `sessionmaker`.
    Maker(MakerClass),
}

impl Sessions {
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Class(one), Self::Class(other)) => Rc::ptr_eq(one, other),
            (Self::Maker(one), Self::Maker(other)) => Rc::ptr_eq(&one.0, &other.0),
            _ => false,
        }
    }
    fn include(&self, class: &Rc<Class>, maker: Option<&MakerClass>) -> bool {
        match self {
            Self::Class(own) => class.is_subclass(own),
            Self::Maker(own) => maker.is_some_and(|maker| Rc::ptr_eq(&own.0, &maker.0)),
        }
    }
}

/// The listeners for the sessions of classes and makers, in order.
#[derive(Default)]
pub struct ClassListeners(RefCell<Vec<(Sessions, SessionListener)>>);

impl ClassListeners {
    /// Add a listener; with `first` before those that listen already.
    pub fn listen(&self, sessions: Sessions, listener: SessionListener, first: bool) {
        let mut listeners = self.0.borrow_mut();
        let at = if first { 0 } else { listeners.len() };
        listeners.insert(at, (sessions, listener));
    }
    /// Remove a listener.
    pub fn forget(&self, sessions: &Sessions, event: &str, function: &Value) {
        let mut listeners = self.0.borrow_mut();
        listeners.retain(|(known, listener)| !(known.is(sessions) && listener.is(event, function)));
    }
    fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }
    fn collect(&self, session: &Session, event: &str, cx: &Cx) -> Vec<SessionListener> {
        let listeners = self.0.borrow();
        let wanted = listeners
            .iter()
            .filter(|(_, listener)| listener.event.as_str() == event);
        let class = crate::object::class_of(&session.value(), cx);
        let maker = session.data().maker.get();
        wanted
            .filter(|(sessions, _)| sessions.include(&class, maker))
            .map(|(_, listener)| listener.clone())
            .collect()
    }
}

impl Session {
    /// Whether anyone listens for `event`.
    pub fn wants(&self, event: &str, cx: &Cx) -> bool {
        !self.listeners(event, cx).is_empty()
    }
    /// The listeners for `event`: those of its class or maker, then its own.
    pub fn listeners(&self, event: &str, cx: &Cx) -> Vec<SessionListener> {
        let (own, of_class) = (&self.data().events, cx.service::<ClassListeners>());
        let mut found = match of_class.is_empty() {
            true => Vec::new(),
            false => of_class.collect(self, event, cx),
        };
        if !own.is_empty() {
            own.collect(event, &mut found);
        }
        found
    }
    /// Tell the listeners for `event`: the session, then `args`.
    pub fn fire(&self, event: &str, args: &[Value], cx: &Cx) -> Result<()> {
        for listener in self.listeners(event, cx) {
            let mut all = vec![self.value()];
            all.extend_from_slice(args);
            cx.call(&listener.function, all)?;
        }
        Ok(())
    }
    /// Tell the listeners for `event` of `instance`.
    pub fn fire_state(&self, event: &str, instance: &Rc<Instance>, cx: &Cx) -> Result<()> {
        for listener in self.listeners(event, cx) {
            let shown = if listener.raw {
                state_value(instance)
            } else {
                Value::Instance(instance.clone())
            };
            cx.call(&listener.function, [self.value(), shown])?;
        }
        Ok(())
    }
}

/// The unit of work of a flush, as listeners are given it.
pub struct FlushContext(pub Session);

static FLUSH_CONTEXT: TypeSpec = TypeSpec::new("sqlalchemy.orm.unitofwork", "UOWTransaction");

impl Object for FlushContext {
    fn spec(&self) -> &'static TypeSpec {
        &FLUSH_CONTEXT
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok((name == "session").then(|| self.0.value()))
    }
}
