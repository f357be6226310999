//! Types that functions of scripts render.

use std::rc::Rc;

use super::SqlType;
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{Cx, Result, Value, class_of};
use crate::sql::dialects::{Dialect, unsupported};
use crate::sql::hooks::{CompileHooks, Dispatch};

/// The type compiler as such a function is given it.
pub struct TypeCompiler(Rc<Dialect>);

impl TypeCompiler {
    /// That of `dialect`.
    pub fn new(dialect: Rc<Dialect>) -> Self {
        Self(dialect)
    }
    /// For which database.
    pub fn dialect(&self) -> &Rc<Dialect> {
        &self.0
    }
}

/// The text of `type_` by the function registered for its class, if there is one.
pub(super) fn hooked_ddl(type_: &SqlType, dialect: &Dialect, cx: &Cx) -> Result<Option<String>> {
    let Some(hooks) = CompileHooks::of(cx) else {
        return Ok(None);
    };
    let value = type_.to_value();
    let function = match hooks.dispatch(&class_of(&value, cx), dialect) {
        Dispatch::Plain => return Ok(None),
        Dispatch::Missing => {
            // What it derives from may have a text.
            return match type_.plain_ddl(dialect, cx) {
                Ok(text) => Ok(Some(text)),
                Err(_) => Err(unsupported(type_, dialect)),
            };
        }
        Dispatch::Function(function) => function,
    };
    let _depth = cx.enter()?;
    let compiler = Value::object(TypeCompiler::new(Rc::new(dialect.clone())));
    match cx.call(&function, [value, compiler])? {
        Value::Str(text) => Ok(Some(text.to_string())),
        other => Err(TYPE_ERROR.error(format!(
            "the function for type {} answered {} instead of a text",
            type_.class().name(),
            cx.repr(&other)?
        ))),
    }
}
