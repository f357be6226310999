//! `sessionmaker`, `scoped_session`, and all sessions there are.

use std::cell::RefCell;
use std::rc::Rc;

use super::{MakerClass, Session};
use crate::object::{Cx, Result, Str, Value};
use crate::orm::hooks;

/// `sessionmaker(..)`: makes sessions with the keywords it was given.
#[derive(Clone)]
pub struct SessionMaker(pub Rc<MakerData>);

/// What a `sessionmaker` holds.
pub struct MakerData {
    /// `class_=`.
    pub class: Value,
    /// The keywords, in order.
    pub keywords: RefCell<Vec<(Str, Value)>>,
    /// What listeners for the sessions that it makes know it by.
    pub sessions: MakerClass,
}

impl SessionMaker {
    /// A maker of sessions of `class`.
    pub fn new(class: Value, keywords: Vec<(Str, Value)>) -> Self {
        Self(Rc::new(MakerData {
            class,
            keywords: RefCell::new(keywords),
            sessions: MakerClass::default(),
        }))
    }
    /// `configure()`.
    pub fn configure(&self, keywords: &[(Str, Value)]) {
        let mut own = self.0.keywords.borrow_mut();
        for (name, value) in keywords {
            match own.iter_mut().find(|(known, _)| known == name) {
                Some((_, known)) => *known = value.clone(),
                None => own.push((name.clone(), value.clone())),
            }
        }
    }
    /// The keywords for a new session that `given` goes before.
    pub fn keywords(&self, given: &[(Str, Value)]) -> Vec<(Str, Value)> {
        let mut all = given.to_vec();
        for (name, value) in self.0.keywords.borrow().iter() {
            if !all.iter().any(|(known, _)| known == name) {
                all.push((name.clone(), value.clone()));
            }
        }
        all
    }
    /// A session.
    pub fn make(&self, given: &[(Str, Value)], cx: &Cx) -> Result<Value> {
        let args = crate::object::Args {
            kw: self.keywords(given),
            ..Default::default()
        };
        let made = cx.call(&self.0.class, args)?;
        if let Some(session) = made.downcast::<Session>() {
            drop(session.data().maker.set(self.0.sessions.clone()));
        }
        Ok(made)
    }
}

/// `scoped_session(factory)`: one session for all of a scope.
#[derive(Clone)]
pub struct ScopedSession(pub Rc<ScopedData>);

/// What a `scoped_session` holds.
pub struct ScopedData {
    /// What makes the session.
    pub factory: Value,
    /// `scopefunc=`: what tells scopes apart.
    pub scope: Value,
    /// The sessions, by scope.
    pub sessions: RefCell<Vec<(Value, Value)>>,
}

impl ScopedSession {
    /// The scope of sessions that `factory` makes.
    pub fn new(factory: Value, scope: Value) -> Self {
        Self(Rc::new(ScopedData {
            factory,
            scope,
            sessions: RefCell::default(),
        }))
    }
    fn scope(&self, cx: &Cx) -> Result<Value> {
        match &self.0.scope {
            Value::None | Value::Undefined => Ok(Value::None),
            function => cx.call(function, []),
        }
    }
    fn find(&self, scope: &Value, cx: &Cx) -> Result<Option<usize>> {
        let sessions = self.0.sessions.borrow().clone();
        for (at, (known, _)) in sessions.iter().enumerate() {
            if cx.eq(known, scope)? {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }
    /// Whether the scope has its session.
    pub fn has(&self, cx: &Cx) -> Result<bool> {
        let scope = self.scope(cx)?;
        Ok(self.find(&scope, cx)?.is_some())
    }
    /// The scope's session, made at the first use with `given`.
    pub fn session(&self, given: &[(Str, Value)], cx: &Cx) -> Result<Value> {
        let scope = self.scope(cx)?;
        if let Some(at) = self.find(&scope, cx)? {
            return Ok(self.0.sessions.borrow()[at].1.clone());
        }
        let args = crate::object::Args {
            kw: given.to_vec(),
            ..Default::default()
        };
        let made = cx.call(&self.0.factory, args)?;
        self.0.sessions.borrow_mut().push((scope, made.clone()));
        Ok(made)
    }
    /// `remove()`: close the scope's session and forget it.
    pub fn remove(&self, cx: &Cx) -> Result<()> {
        if let Some(session) = self.forget(cx)? {
            cx.call_method(&session, "close", [])?;
        }
        Ok(())
    }
    /// Forget the scope's session.
    pub fn forget(&self, cx: &Cx) -> Result<Option<Value>> {
        let scope = self.scope(cx)?;
        let found = self.find(&scope, cx)?;
        Ok(found.map(|at| self.0.sessions.borrow_mut().remove(at).1))
    }
    /// Let `session` be the scope's.
    pub fn set(&self, session: Value, cx: &Cx) -> Result<()> {
        self.forget(cx)?;
        let scope = self.scope(cx)?;
        self.0.sessions.borrow_mut().push((scope, session));
        Ok(())
    }
}

/// `close_all_sessions()`.
pub fn close_all_sessions(cx: &Cx) -> Result<()> {
    for session in hooks::sessions(cx) {
        if let Some(session) = session.value().downcast::<Session>() {
            session.close(false, false, cx)?;
        }
    }
    Ok(())
}
