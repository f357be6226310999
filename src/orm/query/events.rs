//! Listeners of scripts for the compilation of queries: `before_compile` and its kind.

use std::cell::RefCell;
use std::rc::Rc;

use super::Query;
use crate::object::{Class, Cx, Instance, Result, Str, Value};

/// A script's listener for an event of queries.
#[derive(Clone)]
pub struct QueryListener {
    /// `before_compile`, ...
    pub event: Str,
    /// The class whose queries it is for.
    pub class: Rc<Class>,
    /// The function.
    pub function: Value,
    /// Whether what it returns counts.
    pub returns: bool,
}

/// The listeners, in order.
#[derive(Default)]
struct Listeners(RefCell<Vec<QueryListener>>);

/// Add a listener; with `first` before those that listen already.
pub fn listen_to_queries(listener: QueryListener, first: bool, cx: &Cx) {
    let service = cx.service::<Listeners>();
    let mut all = service.0.borrow_mut();
    let at = if first { 0 } else { all.len() };
    all.insert(at, listener);
}

/// Remove a listener.
pub fn forget_query_listener(event: &str, class: &Rc<Class>, function: &Value, cx: &Cx) {
    let service = cx.service::<Listeners>();
    service.0.borrow_mut().retain(|known| {
        known.event != *event || !Rc::ptr_eq(&known.class, class) || !known.function.is(function)
    });
}

impl Query {
    /// As scripts see it.
    pub fn value(&self) -> Value {
        match &self.data().class {
            Some(class) => {
                let payload = Rc::new(self.clone());
                Value::Instance(Instance::with_payload(class.clone(), payload))
            }
            None => Value::object(self.clone()),
        }
    }

    /// The same as one of a script's class.
    #[must_use]
    pub fn of_class(&self, class: &Rc<Class>) -> Self {
        self.with(|data| data.class = Some(class.clone()))
    }

    /// What the listeners for `event` make of it; they are given `args` besides.
    pub fn heard(&self, event: &str, args: &[Value], cx: &Cx) -> Result<Self> {
        let service = cx.service::<Listeners>();
        if service.0.borrow().is_empty() {
            return Ok(self.clone());
        }
        let all = service.0.borrow().clone();
        let mut query = self.clone();
        for listener in all.iter().filter(|known| known.event == *event) {
            let value = query.value();
            if !crate::object::class_of(&value, cx).is_subclass(&listener.class) {
                continue;
            }
            let mut given = vec![value];
            given.extend_from_slice(args);
            let answer = cx.call(&listener.function, given)?;
            if listener.returns
                && let Some(changed) = answer.downcast::<Self>()
            {
                query = changed.clone();
            }
        }
        Ok(query)
    }
}
