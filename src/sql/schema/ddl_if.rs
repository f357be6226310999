//! `ddl_if()`, `execute_if()`: when a constraint, an index or a DDL element is emitted.

use crate::object::{Args, Cx, Result, Str, Value};
use crate::sql::dialects::{Dialect, DialectObject};

/// A condition.
#[derive(Clone)]
pub struct DdlIf {
    /// The dialects it holds for; `None` is all.
    pub dialects: Option<Vec<Str>>,
    /// A function that must agree.
    pub callable: Option<Value>,
    /// What the function is told as `state`.
    pub state: Value,
}

impl DdlIf {
    /// Whether `ddl` is to be emitted for `target` on `bind`; `more` are further keywords for the
    /// function.
    pub fn holds(
        &self,
        (ddl, target, bind): (&Value, &Value, &Value),
        dialect: &Dialect,
        more: &[(Str, Value)],
        cx: &Cx,
    ) -> Result<bool> {
        let named = self
            .dialects
            .as_ref()
            .is_none_or(|names| names.iter().any(|name| name == dialect.name));
        if !named {
            return Ok(false);
        }
        let Some(callable) = &self.callable else {
            return Ok(true);
        };
        let mut args = Args::from(vec![ddl.clone(), target.clone(), bind.clone()]);
        args.kw.push((Str::new("state"), self.state.clone()));
        if cx.compat().is_20() {
            let dialect = Value::object(DialectObject::new(dialect.clone()));
            args.kw.push((Str::new("dialect"), dialect));
            args.kw.push((Str::new("compiler"), Value::None));
        }
        args.kw.extend(more.iter().cloned());
        let answer = cx.call(callable, args)?;
        cx.truthy(&answer)
    }
}
