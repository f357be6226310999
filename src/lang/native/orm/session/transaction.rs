//! `SessionTransaction`, and the contexts that sessions offer.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::object::types::OBJECT;
use crate::object::{Cx, Members, Object, Result, Str, TypeSpec, Value};
use crate::orm::session::{Origin, Session, SessionMaker, SessionTransaction, TransactionHandle};

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
                own.0.commit(bound.flag("_to_root", false), cx)?;
                Ok(enclosing(own, cx))
            },
        )
        .method(
            "rollback(_capture_exception=False, _to_root=False)",
            |own: &TransactionHandle, bound, cx| {
                own.0.rollback(None, bound.flag("_to_root", false), cx)?;
                Ok(enclosing(own, cx))
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
        .method_on_value("__enter__()", |this, _, _| {
            if let Some(transaction) = this.downcast::<TransactionHandle>() {
                transaction.0.enter();
            }
            Ok(this.clone())
        })
        .method(
            "__exit__(type_, value, traceback)",
            |own: &TransactionHandle, bound, cx| {
                let raised = bound.some("type_").is_some();
                own.0.exit(raised, cx).map(|()| Value::Bool(false))
            },
        )
        .getter("is_active", |own: &TransactionHandle, _| {
            Ok(Value::Bool(own.0.owner().is_some() && own.0.is_active()))
        })
        .getter("session", |own: &TransactionHandle, cx| {
            let gone = own.0.is_closed() && cx.compat().is_14();
            let session = own.0.owner().filter(|_| !gone);
            Ok(session.map_or(Value::None, |session| session.value()))
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

/// What ending a transaction answers: in 1.4 the enclosing one.
fn enclosing(own: &TransactionHandle, cx: &Cx) -> Value {
    match own.0.parent() {
        Some(parent) if cx.compat().is_14() => parent.value(),
        _ => Value::None,
    }
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
    maker: SessionMaker,
    begun: RefCell<Option<(Session, Rc<SessionTransaction>)>>,
}

impl SessionBegin {
    /// The context of a session that `maker` makes.
    pub fn new(maker: SessionMaker) -> Self {
        Self {
            maker,
            begun: RefCell::default(),
        }
    }
    fn enter(&self, cx: &Cx) -> Result<Value> {
        let made = self.maker.make(&[], cx)?;
        if let Some(session) = made.downcast::<Session>() {
            let transaction = session.begin(false, cx)?;
            transaction.enter();
            *self.begun.borrow_mut() = Some((session.clone(), transaction));
        }
        Ok(made)
    }
    fn exit(&self, raised: bool, cx: &Cx) -> Result<()> {
        let Some((session, transaction)) = self.begun.borrow_mut().take() else {
            return Ok(());
        };
        let ended = transaction.exit(raised, cx);
        session.close(false, false, cx)?;
        ended
    }
}

static SESSION_BEGIN: TypeSpec = TypeSpec::new("contextlib", "_GeneratorContextManager")
    .bases(&[&OBJECT])
    .members(|members| {
        members
            .method("__enter__()", |own: &SessionBegin, _, cx| own.enter(cx))
            .method(
                "__exit__(type_, value, traceback)",
                |own: &SessionBegin, bound, cx| {
                    let raised = bound.some("type_").is_some();
                    own.exit(raised, cx).map(|()| Value::Bool(false))
                },
            );
    });

impl Object for SessionBegin {
    fn spec(&self) -> &'static TypeSpec {
        &SESSION_BEGIN
    }
}
