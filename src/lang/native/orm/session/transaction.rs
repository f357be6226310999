//! `SessionTransaction`, and the contexts that sessions offer.

use std::cell::Cell;
use std::rc::Rc;

use super::state::SESSION;
use crate::object::types::OBJECT;
use crate::object::{Cx, Members, Object, Result, Str, TypeSpec, Value};
use crate::orm::session::{Origin, Session, SessionTransaction, TransactionHandle};

/// `SessionTransaction`.
pub static SESSION_TRANSACTION: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.session", "SessionTransaction")
        .bases(&[&OBJECT])
        .members(members);

fn members(members: &mut Members) {
    members
        .method(
            "commit(_to_root=False)",
            |own: &TransactionHandle, bound, cx| {
                own.0
                    .commit(bound.flag("_to_root", false), cx)
                    .map(|()| Value::None)
            },
        )
        .method(
            "rollback(_capture_exception=False, _to_root=False)",
            |own: &TransactionHandle, bound, cx| {
                own.0
                    .rollback(None, bound.flag("_to_root", false), cx)
                    .map(|()| Value::None)
            },
        )
        .method(
            "close(invalidate=False)",
            |own: &TransactionHandle, bound, cx| {
                own.0
                    .close(bound.flag("invalidate", false), cx)
                    .map(|()| Value::None)
            },
        )
        .method("prepare()", |own: &TransactionHandle, _, cx| {
            own.0.prepare(cx).map(|()| Value::None)
        })
        .method_on_value("__enter__()", |this, _, _| Ok(this.clone()))
        .method(
            "__exit__(type_, value, traceback)",
            |own: &TransactionHandle, bound, cx| {
                leave(&own.0, bound.some("type_").is_some(), cx).map(|()| Value::Bool(false))
            },
        )
        .getter("is_active", |own: &TransactionHandle, _| {
            Ok(Value::Bool(own.0.owner().is_some() && own.0.is_active()))
        })
        .getter("session", |own: &TransactionHandle, _| {
            Ok(own.0.owner().map_or(Value::None, |session| session.value()))
        })
        .getter("parent", |own: &TransactionHandle, _| {
            Ok(own
                .0
                .parent()
                .map_or(Value::None, SessionTransaction::value))
        })
        .getter("nested", |own: &TransactionHandle, _| {
            Ok(Value::Bool(own.0.is_nested()))
        })
        .getter("origin", |own: &TransactionHandle, _| {
            Ok(Value::Str(Str::new(match own.0.origin() {
                Origin::AutoBegin => "AUTOBEGIN",
                Origin::Begin => "BEGIN",
                Origin::BeginNested => "BEGIN_NESTED",
                Origin::SubTransaction => "SUBTRANSACTION",
            })))
        });
}

/// Leave the `with` block of a transaction: commit where all went well.
pub fn leave(transaction: &Rc<SessionTransaction>, failed: bool, cx: &Cx) -> Result<()> {
    if !failed && transaction.is_active() {
        return transaction.commit(false, cx).map_err(|raised| {
            if transaction.is_active() {
                drop(transaction.rollback(None, false, cx));
            }
            raised
        });
    }
    let inside = transaction.is_current() || transaction.is_active();
    if inside && !transaction.is_closed() {
        return transaction.rollback(None, false, cx);
    }
    Ok(())
}

impl Object for TransactionHandle {
    fn spec(&self) -> &'static TypeSpec {
        &SESSION_TRANSACTION
    }
    fn identity(&self) -> Option<usize> {
        Some(Rc::as_ptr(&self.0) as usize)
    }
}

/// `session.no_autoflush`.
pub struct NoAutoflush {
    session: Session,
    before: Cell<bool>,
}

impl NoAutoflush {
    /// The context of `session`.
    pub fn new(session: &Session) -> Self {
        Self {
            session: session.clone(),
            before: Cell::new(true),
        }
    }
}

static NO_AUTOFLUSH: TypeSpec = TypeSpec::new("contextlib", "_GeneratorContextManager")
    .bases(&[&OBJECT])
    .members(|members| {
        members
            .method("__enter__()", |own: &NoAutoflush, _, _| {
                own.before.set(own.session.autoflush_flag());
                own.session.set_autoflush(false);
                Ok(own.session.value())
            })
            .method(
                "__exit__(type_, value, traceback)",
                |own: &NoAutoflush, _, _| {
                    own.session.set_autoflush(own.before.get());
                    Ok(Value::Bool(false))
                },
            );
    });

impl Object for NoAutoflush {
    fn spec(&self) -> &'static TypeSpec {
        &NO_AUTOFLUSH
    }
}

/// `sessionmaker.begin()`: a session with a transaction, both closed at the end.
pub struct SessionBegin {
    session: Value,
    transaction: std::cell::RefCell<Option<Rc<SessionTransaction>>>,
}

impl SessionBegin {
    /// The context of the new `session`.
    pub fn new(session: Value) -> Self {
        Self {
            session,
            transaction: std::cell::RefCell::default(),
        }
    }
}

static SESSION_BEGIN: TypeSpec = TypeSpec::new("contextlib", "_GeneratorContextManager")
    .bases(&[&OBJECT])
    .members(|members| {
        members
            .method("__enter__()", |own: &SessionBegin, _, cx| {
                if let Some(session) = own.session.downcast::<Session>() {
                    *own.transaction.borrow_mut() = Some(session.begin(false, cx)?);
                }
                Ok(own.session.clone())
            })
            .method(
                "__exit__(type_, value, traceback)",
                |own: &SessionBegin, bound, cx| {
                    let transaction = own.transaction.borrow_mut().take();
                    let left = match transaction {
                        Some(transaction) => leave(&transaction, bound.some("type_").is_some(), cx),
                        None => Ok(()),
                    };
                    if let Some(session) = own.session.downcast::<Session>() {
                        session.close(false, false, cx)?;
                    }
                    left.map(|()| Value::Bool(false))
                },
            );
    });

impl Object for SessionBegin {
    fn spec(&self) -> &'static TypeSpec {
        &SESSION_BEGIN
    }
}

/// Whether `class` is `Session` or a subclass.
pub fn is_session_class(value: &Value) -> bool {
    matches!(value, Value::Class(class) if class.derives_from(&SESSION))
}
