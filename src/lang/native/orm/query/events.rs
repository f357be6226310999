//! Events of queries, for `sqlalchemy.event`.

use super::QUERY;
use crate::lang::native::event::{Listener, Target};
use crate::object::{Cx, Result, Str, Value};
use crate::orm::{QueryListener, forget_query_listener, listen_to_queries};

const EVENTS: &[&str] = &[
    "before_compile",
    "before_compile_update",
    "before_compile_delete",
];

/// Set a listener up where the target is `Query` or a subclass.
pub fn listen(listener: &Listener<'_>, cx: &Cx) -> Result<Target> {
    let Value::Class(class) = listener.target else {
        return Ok(Target::NotMine);
    };
    if !class.derives_from(&QUERY) {
        return Ok(Target::NotMine);
    }
    if !EVENTS.contains(&listener.name) {
        return Ok(Target::NoSuchEvent);
    }
    if listener.remove {
        forget_query_listener(listener.name, class, listener.function, cx);
        return Ok(Target::Listening);
    }
    let added = QueryListener {
        event: Str::new(listener.name),
        class: class.clone(),
        function: listener.function.clone(),
        returns: listener.returns,
    };
    listen_to_queries(added, listener.insert, cx);
    Ok(Target::Listening)
}
