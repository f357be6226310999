//! The script-facing face of sessions, loader options and queries.

mod arguments;
mod execute_state;
mod identity;
mod maker;
mod options;
mod state;
mod transaction;

use crate::object::{Bound, Cx, Export, Method, Object, Result, TypeSpec, Value};
use crate::orm::session::{
    close_all_sessions, expect_instance, make_transient, make_transient_to_detached,
};

pub use maker::SCOPED_SESSION;
pub use options::NAMES as OPTION_NAMES;
pub use state::SESSION;

/// The names of `sqlalchemy.orm` that are about sessions.
pub const NAMES: &[(&str, Export)] = &[
    ("Session", |_| Value::Class(SESSION.class())),
    ("sessionmaker", |_| {
        Value::Class(maker::SESSION_MAKER.class())
    }),
    ("scoped_session", |_| Value::Class(SCOPED_SESSION.class())),
    ("SessionTransaction", |_| {
        Value::Class(transaction::SESSION_TRANSACTION.class())
    }),
    ("close_all_sessions", |_| {
        Method::function("close_all_sessions()", |_, cx| {
            close_all_sessions(cx).map(|()| Value::None)
        })
    }),
    ("make_transient", |_| {
        Method::function("make_transient(instance)", |bound, cx| {
            make_transient(bound.value("instance"), cx).map(|()| Value::None)
        })
    }),
    ("make_transient_to_detached", |_| {
        Method::function("make_transient_to_detached(instance)", |bound, cx| {
            make_transient_to_detached(bound.value("instance"), cx).map(|()| Value::None)
        })
    }),
    ("Query", |_| Value::Class(super::query::QUERY.class())),
    ("Bundle", |_| Value::Class(super::bundle::BUNDLE.class())),
    ("ORMExecuteState", |_| {
        Value::Class(execute_state::EXECUTE_STATE.class())
    }),
];

/// `identity_key()` of a class and a key, of a class and a row, of an instance.
pub fn identity_key_of_call(bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let keyword = |name: &str| {
        let found = bound.keywords().iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    };
    let instance = keyword("instance");
    if let Some(instance) = instance {
        let (instance, _) = expect_instance(&instance, cx)?;
        return Ok(crate::orm::identity_key_of(instance, cx)?.to_value());
    }
    let (Some(entity), Some(ident)) = (
        bound.rest().first().cloned().or_else(|| keyword("class_")),
        bound
            .rest()
            .get(1)
            .cloned()
            .or_else(|| keyword("ident"))
            .or_else(|| keyword("row")),
    ) else {
        return Err(crate::engine::exc::ARGUMENT_ERROR
            .error("expected up to three positional arguments, got 0"));
    };
    let mapper = crate::orm::session::expect_mapper(&entity, cx)?;
    let values = match &ident {
        Value::Tuple(items) => items.to_vec(),
        Value::List(items) => items.to_vec(),
        other => vec![other.clone()],
    };
    let class = mapper.identity_base().class().clone();
    let key = crate::orm::IdentityKey::new(&class, values, Value::None, cx)?;
    Ok(key.to_value())
}

/// Yields values, once.
struct Items(std::cell::RefCell<std::vec::IntoIter<Value>>);

static ITEMS: TypeSpec = TypeSpec::new("builtins", "generator");

impl Object for Items {
    fn spec(&self) -> &'static TypeSpec {
        &ITEMS
    }
    fn iter(&self, this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        Ok(Some(this.clone()))
    }
    fn is_iterator(&self) -> bool {
        true
    }
    fn next(&self, _cx: &Cx) -> Result<Option<Value>> {
        Ok(self.0.borrow_mut().next())
    }
}

/// An iterator over `values`.
pub fn items(values: Vec<Value>) -> Value {
    Value::object(Items(std::cell::RefCell::new(values.into_iter())))
}
