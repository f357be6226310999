//! Listeners of scripts for the events of sessions: of all, of one, of a maker's.

use std::cell::RefCell;
use std::rc::Rc;

use super::Session;
use crate::object::{Cx, Instance, Result, Str, Value};

/// Listeners by event, in order.
#[derive(Default)]
pub struct SessionEvents(RefCell<Vec<(Str, Value)>>);

impl SessionEvents {
    /// Add a listener.
    pub fn listen(&self, event: &str, function: Value) {
        self.0.borrow_mut().push((Str::new(event), function));
    }
    /// Remove a listener; `false` where it is not there.
    pub fn remove(&self, event: &str, function: &Value) -> bool {
        let mut listeners = self.0.borrow_mut();
        let before = listeners.len();
        listeners.retain(|(known, listener)| known.as_str() != event || !listener.is(function));
        listeners.len() < before
    }
    /// The listeners for `event`.
    pub fn of(&self, event: &str) -> Vec<Value> {
        self.0
            .borrow()
            .iter()
            .filter(|(known, _)| known.as_str() == event)
            .map(|(_, function)| function.clone())
            .collect()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }
}

/// The listeners for the events of all sessions.
#[derive(Default)]
pub struct AllSessions(pub SessionEvents);

/// Listen for `event` of `session`, of all sessions without one.
pub fn listen_session(session: Option<&Session>, event: &str, function: Value, cx: &Cx) {
    match session {
        Some(session) => session.data().events.listen(event, function),
        None => cx.service::<AllSessions>().0.listen(event, function),
    }
}

impl Session {
    /// Whether anyone listens for `event`.
    pub fn wants(&self, event: &str, cx: &Cx) -> bool {
        !self.listeners(event, cx).is_empty()
    }
    /// The listeners for `event`.
    pub fn listeners(&self, event: &str, cx: &Cx) -> Vec<Value> {
        let all = cx.service::<AllSessions>();
        if all.0.is_empty() && self.data().events.is_empty() {
            return Vec::new();
        }
        let mut found = all.0.of(event);
        found.extend(self.data().events.of(event));
        found
    }
    /// Tell the listeners for `event`: the session, then `args`.
    pub fn fire(&self, event: &str, args: &[Value], cx: &Cx) -> Result<()> {
        for function in self.listeners(event, cx) {
            let mut all = vec![self.value()];
            all.extend_from_slice(args);
            cx.call(&function, all)?;
        }
        Ok(())
    }
    /// Tell the listeners for `event` of `instance`.
    pub fn fire_state(&self, event: &str, instance: &Rc<Instance>, cx: &Cx) -> Result<()> {
        for function in self.listeners(event, cx) {
            cx.call(&function, [self.value(), Value::Instance(instance.clone())])?;
        }
        Ok(())
    }
}
