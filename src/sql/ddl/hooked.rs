//! DDL that functions of scripts render.

use std::rc::Rc;

use super::{Ddl, compile_ddl_plain};
use crate::engine::exc::{UNSUPPORTED_COMPILATION_ERROR, with_code};
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{Cx, Result, Value, class_of};
use crate::sql::dialects::Dialect;
use crate::sql::hooks::{CompileHooks, Dispatch};
use crate::sql::schema::Column;

/// The DDL compiler as such a function is given it.
pub struct DdlCompiler(Rc<Dialect>);

impl DdlCompiler {
    /// For which database.
    pub fn dialect(&self) -> &Rc<Dialect> {
        &self.0
    }
}

/// The text of `ddl` under `dialect`.
pub fn compile_ddl(ddl: &Ddl, dialect: &Dialect, cx: &Cx) -> Result<String> {
    match hooked(ddl, dialect, cx)? {
        Hooked::Text(text) => Ok(text),
        Hooked::LeftOut => Ok(String::new()),
        Hooked::Plain => compile_ddl_plain(ddl, dialect, cx),
    }
}

/// The definition of a column inside CREATE TABLE; `None`: it is left out.
pub fn column_definition(
    column: &Rc<Column>,
    dialect: &Dialect,
    cx: &Cx,
) -> Result<Option<String>> {
    match hooked(&Ddl::CreateColumn(column.clone()), dialect, cx)? {
        Hooked::Text(text) => Ok(Some(text)),
        Hooked::LeftOut => Ok(None),
        Hooked::Plain => super::column_spec::column_text(column, dialect, cx),
    }
}

/// What scripts say of a DDL element.
enum Hooked {
    /// Nothing: it is rendered as usual.
    Plain,
    /// It is left out.
    LeftOut,
    /// It is this text.
    Text(String),
}

/// What the function registered for the class of `ddl` answers, if there is one.
fn hooked(ddl: &Ddl, dialect: &Dialect, cx: &Cx) -> Result<Hooked> {
    let Some((hooks, value)) = CompileHooks::of(cx).and_then(|hooks| {
        let value = hooks.ddl_value(ddl)?;
        Some((hooks, value))
    }) else {
        return Ok(Hooked::Plain);
    };
    let class = class_of(&value, cx);
    let function = match hooks.dispatch(&class, dialect) {
        Dispatch::Plain => return Ok(Hooked::Plain),
        Dispatch::Function(function) => function,
        Dispatch::Missing => {
            let message = format!(
                "Compiler <sqlalchemy.sql.compiler.DDLCompiler object at {:#014x}> can't render \
                 element of type <class '{name}'>: <class '{name}'> construct has no default \
                 compilation handler.",
                std::ptr::from_ref(dialect) as usize,
                name = class.full_name()
            );
            return Err(with_code(
                UNSUPPORTED_COMPILATION_ERROR.error(message),
                "l7de",
            ));
        }
    };
    let _depth = cx.enter()?;
    let compiler = Value::object(DdlCompiler(Rc::new(dialect.clone())));
    match cx.call(&function, [value, compiler])? {
        Value::Str(text) => Ok(Hooked::Text(text.to_string())),
        Value::None => Ok(Hooked::LeftOut),
        other => Err(TYPE_ERROR.error(format!(
            "the function for {} answered {} instead of a text",
            class.name(),
            cx.repr(&other)?
        ))),
    }
}
