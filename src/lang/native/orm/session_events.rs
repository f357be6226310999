//! Events of sessions, for `sqlalchemy.event`.

use super::super::event::{Listener, Target};
use super::session::{SCOPED_SESSION, SESSION};
use crate::engine::exc::ARGUMENT_ERROR;
use crate::object::{Cx, Result, Str, Value};
use crate::orm::session::{
    ClassListeners, ScopedSession, Session, SessionListener, SessionMaker, Sessions,
};

const SESSION_EVENTS: &[&str] = &[
    "do_orm_execute",
    "after_transaction_create",
    "after_transaction_end",
    "before_commit",
    "after_commit",
    "after_rollback",
    "after_soft_rollback",
    "before_flush",
    "after_flush",
    "after_flush_postexec",
    "after_begin",
    "before_attach",
    "after_attach",
    "after_bulk_update",
    "after_bulk_delete",
    "transient_to_pending",
    "pending_to_transient",
    "persistent_to_transient",
    "pending_to_persistent",
    "detached_to_persistent",
    "loaded_as_persistent",
    "persistent_to_deleted",
    "deleted_to_persistent",
    "deleted_to_detached",
    "persistent_to_detached",
];

/// Whose sessions a listener is for.
enum Scope {
    /// Those of a class or a maker.
    Sessions(Sessions),
    /// One.
    Session(Session),
}

fn scope_of(target: &Value) -> Result<Option<Scope>> {
    if let Some(scoped) = target.downcast::<ScopedSession>() {
        return match scope_of(&scoped.0.factory)? {
            Some(scope @ Scope::Sessions(_)) => Ok(Some(scope)),
            _ => Err(ARGUMENT_ERROR.error(
                "Session event listen on a scoped_session requires that its creation callable is \
                 associated with the Session class.",
            )),
        };
    }
    if let Some(maker) = target.downcast::<SessionMaker>() {
        let sessions = Sessions::Maker(maker.0.sessions.clone());
        return Ok(Some(Scope::Sessions(sessions)));
    }
    if let Value::Class(class) = target {
        return Ok(if class.derives_from(&SCOPED_SESSION) {
            Some(Scope::Sessions(Sessions::Class(SESSION.class())))
        } else if class.derives_from(&SESSION) {
            Some(Scope::Sessions(Sessions::Class(class.clone())))
        } else {
            None
        });
    }
    Ok(target.downcast::<Session>().cloned().map(Scope::Session))
}

/// Set a listener up where the target is a session, a maker of sessions or a class of them.
pub fn listen_to_sessions(listener: &Listener<'_>, cx: &Cx) -> Result<Target> {
    let Some(scope) = scope_of(listener.target)? else {
        return Ok(Target::NotMine);
    };
    if !SESSION_EVENTS.contains(&listener.name) {
        return Ok(Target::NoSuchEvent);
    }
    let (name, function) = (listener.name, listener.function);
    let added = SessionListener {
        event: Str::new(name),
        function: function.clone(),
        raw: listener.raw,
    };
    match (scope, listener.remove) {
        (Scope::Sessions(sessions), false) => {
            let all = cx.service::<ClassListeners>();
            all.listen(sessions, added, listener.insert);
        }
        (Scope::Sessions(sessions), true) => {
            let all = cx.service::<ClassListeners>();
            all.forget(&sessions, name, function);
        }
        (Scope::Session(session), false) => session.events().listen(added, listener.insert),
        (Scope::Session(session), true) => session.events().forget(name, function),
    }
    Ok(Target::Listening)
}
