//! Hints: `with_hint()` beside FROM elements, and where Oracle wants them.

use std::rc::Rc;

use super::{Fragment, Kw, SQLCompiler};
use crate::engine::exc::COMPILE_ERROR;
use crate::object::{Result, Str, Value};
use crate::sql::dialects::Backend;
use crate::sql::selectable::{FromClause, SelectData};

impl SQLCompiler<'_> {
    /// The hints of a SELECT that are meant for this database, with names put in.
    pub(super) fn hints(&mut self, data: &SelectData) -> Rc<Vec<(FromClause, String)>> {
        let mut hints: Vec<(FromClause, String)> = Vec::new();
        for (from, text, dialect) in &data.hints {
            if dialect != "*" && dialect.as_str() != self.dialect.name {
                continue;
            }
            let name = from
                .name()
                .map_or_else(|| Str::new(""), |name| self.alias_name(&name));
            let name = self.dialect.quote(&name).into_owned();
            let text = text.replace("%(name)s", &name).replace("%%", "%");
            // The later one of a FROM element wins, at the place of the first.
            match hints.iter_mut().find(|(known, _)| known.same(from)) {
                Some((_, known)) => *known = text,
                None => hints.push((from.clone(), text)),
            }
        }
        Rc::new(hints)
    }

    /// The hint on a FROM element that was rendered since `start`.
    pub(super) fn hint_on(
        &mut self,
        from: &FromClause,
        start: (usize, usize),
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        let Some(entry) = self.stack.last().filter(|entry| !entry.hints.is_empty()) else {
            return Ok(());
        };
        if !kw.asfrom {
            return Ok(());
        }
        let Some((_, hint)) = entry.hints.iter().find(|(hinted, _)| hinted.same(from)) else {
            return Ok(());
        };
        match self.dialect.backend {
            Backend::Default => out.push(&format!(" [{hint}]")),
            Backend::Mysql | Backend::Mariadb | Backend::Mssql => out.push(&format!(" {hint}")),
            Backend::Postgresql => {
                if !hint.eq_ignore_ascii_case("only") {
                    let shown = self.cx.repr(&Value::str(hint.as_str()))?;
                    return Err(COMPILE_ERROR.error(format!("Unrecognized hint: {shown}")));
                }
                let hinted = out.split_off(start);
                out.push("ONLY ");
                out.append(&hinted);
            }
            Backend::Sqlite | Backend::Oracle => {}
        }
        Ok(())
    }

    /// The hints that stand behind the word SELECT.
    pub(super) fn select_hints(&mut self, out: &mut Fragment) {
        if self.dialect.backend != Backend::Oracle {
            return;
        }
        if let Some(entry) = self.stack.last() {
            for (_, hint) in entry.hints.iter() {
                out.push(&format!("/*+ {hint} */ "));
            }
        }
    }
}
