//! `eval` and `exec`: code given as text. It sees the session's names, or those of a dict.

use std::rc::Rc;

use crate::lang::evaluate;
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{Bound, Cx, Dict, Export, Method, Result, Str, Value, class_of};

pub(super) static FUNCTIONS: &[(&str, Export)] = &[
    ("eval", |_| {
        Method::function("eval(source, globals=None, locals=None, /)", |a, cx| {
            let text = source(a, "eval")?;
            let text = text.trim_matches([' ', '\t', '\n']);
            let (global, local) = spaces(a, "eval", cx)?;
            evaluate::eval(text, global.as_ref(), local.as_ref(), cx)
        })
    }),
    ("exec", |_| {
        Method::function("exec(source, globals=None, locals=None, /)", |a, cx| {
            let text = source(a, "exec")?;
            let (global, local) = spaces(a, "exec", cx)?;
            evaluate::exec(&text, local.or(global).as_ref(), cx)?;
            Ok(Value::None)
        })
    }),
];

fn source(a: &Bound<'_>, function: &str) -> Result<Str> {
    match a.at(0) {
        Value::Str(text) => Ok(text.clone()),
        _ => Err(TYPE_ERROR.error(format!(
            "{function}() arg 1 must be a string, bytes or code object"
        ))),
    }
}

type Space = Option<Rc<Dict>>;

fn spaces(a: &Bound<'_>, function: &str, cx: &Cx) -> Result<(Space, Space)> {
    let global = match a.some_at(1) {
        None => None,
        Some(Value::Dict(dict)) => Some(dict.clone()),
        Some(other) => {
            return Err(TYPE_ERROR.error(format!(
                "{function}() globals must be a dict, not {}",
                class_of(other, cx).error_name()
            )));
        }
    };
    let local = match a.some_at(2) {
        Some(Value::Dict(dict)) => Some(dict.clone()),
        _ => None,
    };
    Ok((global, local))
}
