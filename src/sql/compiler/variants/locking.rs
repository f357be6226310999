//! FOR UPDATE.

use std::rc::Rc;

use super::{Fragment, Kw, SQLCompiler};
use crate::object::Result;
use crate::sql::dialects::Backend;
use crate::sql::selectable::{ForUpdate, SelectItem};

impl SQLCompiler<'_> {
    /// FOR UPDATE.
    pub(in crate::sql::compiler) fn for_update(
        &mut self,
        lock: &Rc<ForUpdate>,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        match self.dialect.backend {
            Backend::Sqlite | Backend::Mssql => return Ok(()),
            Backend::Oracle if self.stack.len() > 1 => return Ok(()),
            Backend::Postgresql => out.push(match (lock.read, lock.key_share) {
                (true, true) => " FOR KEY SHARE",
                (true, false) => " FOR SHARE",
                (false, true) => " FOR NO KEY UPDATE",
                (false, false) => " FOR UPDATE",
            }),
            Backend::Mysql | Backend::Mariadb => out.push(if lock.read {
                " LOCK IN SHARE MODE"
            } else {
                " FOR UPDATE"
            }),
            Backend::Oracle => out.push(" FOR UPDATE"),
            Backend::Default => {
                out.push(" FOR UPDATE");
                return Ok(());
            }
        }
        match self.dialect.backend {
            Backend::Oracle => self.of_columns(lock, kw, out)?,
            // Whether MySQL has OF depends on the server.
            Backend::Mysql | Backend::Mariadb => {}
            _ => self.of_tables(lock, out)?,
        }
        if lock.nowait {
            out.push(" NOWAIT");
        }
        if lock.skip_locked {
            out.push(" SKIP LOCKED");
        }
        Ok(())
    }

    /// `OF` with what was given; a table has no text outside of a FROM list.
    fn of_columns(&mut self, lock: &ForUpdate, kw: Kw, out: &mut Fragment) -> Result<()> {
        for (at, item) in lock.of.iter().enumerate() {
            out.push(if at == 0 { " OF " } else { ", " });
            if let SelectItem::Column(column) = item {
                self.element(column, kw, out)?;
            }
        }
        Ok(())
    }

    /// `OF` with the tables of what was given.
    fn of_tables(&mut self, lock: &ForUpdate, out: &mut Fragment) -> Result<()> {
        let mut seen = Vec::new();
        for item in &lock.of {
            for from in item.from_objects(self.cx)? {
                if seen.contains(&from.identity()) {
                    continue;
                }
                out.push(if seen.is_empty() { " OF " } else { ", " });
                seen.push(from.identity());
                if let Some(name) = from.name() {
                    let name = self.alias_name(&name);
                    let quoted = self.dialect.quote(&name).into_owned();
                    out.push(&quoted);
                }
            }
        }
        Ok(())
    }
}
