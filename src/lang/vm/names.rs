//! Built-in names, and the errors for names that have no value.

use super::BUILTINS as OWN;
use super::runtime::Globals;
use crate::lang::builtins::BUILTINS;
use crate::lang::library::SEPARATOR;
use crate::object::exceptions::{EXCEPTIONS, NAME_ERROR, UNBOUND_LOCAL_ERROR};
use crate::object::{Cx, Raised, Value};

/// The built-in called `name`.
pub(in crate::lang) fn builtin(name: &str, cx: &Cx) -> Option<Value> {
    let name = name.rsplit(SEPARATOR).next()?;
    let mut exports = OWN.iter().chain(BUILTINS);
    if let Some((_, export)) = exports.find(|(known, _)| *known == name) {
        return Some(export(cx));
    }
    let spec = EXCEPTIONS.iter().find(|spec| spec.name() == name)?;
    Some(Value::Class(spec.class()))
}

/// All built-in names.
pub(in crate::lang) fn builtin_names() -> impl Iterator<Item = &'static str> {
    OWN.iter()
        .chain(BUILTINS)
        .map(|(name, _)| *name)
        .chain(EXCEPTIONS.iter().map(|spec| spec.name()))
}

/// NameError for a name that is nowhere.
pub(super) fn undefined(name: &str, globals: &Globals) -> Raised {
    let defined = globals.defined();
    let mut known: Vec<&str> = defined.iter().map(|(name, _)| name.as_str()).collect();
    for builtin in builtin_names() {
        known.push(builtin);
    }
    NAME_ERROR
        .error(format!("name '{name}' is not defined"))
        .with("name", name)
        .misspelt(name, known)
}

/// UnboundLocalError.
pub(super) fn unbound_local(name: &str) -> Raised {
    UNBOUND_LOCAL_ERROR
        .error(format!(
            "cannot access local variable '{name}' where it is not associated with a value"
        ))
        .with("name", name)
}

/// NameError for a variable of an enclosing function.
pub(super) fn unbound_free(name: &str) -> Raised {
    NAME_ERROR
        .error(format!(
            "cannot access free variable '{name}' where it is not associated with a value in \
             enclosing scope"
        ))
        .with("name", name)
}
