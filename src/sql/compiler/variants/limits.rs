//! LIMIT, OFFSET, FETCH.

use std::rc::Rc;

use super::{Fragment, Kw, SQLCompiler};
use crate::object::{Result, Value};
use crate::sql::dialects::Backend;
use crate::sql::elements::{BindValue, ColumnElement};
use crate::sql::selectable::SelectData;

/// Whether a limit was given as a plain number.
pub(super) fn is_simple_int(element: &ColumnElement) -> bool {
    matches!(element.plain(), ColumnElement::Bind(bind)
        if bind.unique && matches!(bind.value, BindValue::Value(Value::Int(_))))
}

/// A plain number that is written into the text at execution; anything else as it is.
pub(super) fn literal_executed(element: &ColumnElement) -> ColumnElement {
    match element.plain() {
        ColumnElement::Bind(bind) if is_simple_int(element) => {
            let mut bind = (**bind).clone();
            bind.literal_execute = true;
            ColumnElement::Bind(Rc::new(bind))
        }
        _ => element.clone(),
    }
}

impl SQLCompiler<'_> {
    /// LIMIT, OFFSET, FETCH.
    pub(in crate::sql::compiler) fn row_limit(
        &mut self,
        data: &SelectData,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        match self.dialect.backend {
            // TOP and ROW_NUMBER() have said it.
            Backend::Mssql => Ok(()),
            Backend::Oracle if self.dialect.compat.is_14() && data.fetch.is_none() => Ok(()),
            Backend::Oracle => self.fetch(data, kw, out),
            _ if data.fetch.is_some() => self.fetch(data, kw, out),
            Backend::Sqlite => self.sqlite_limit(data, kw, out),
            Backend::Mysql | Backend::Mariadb => self.mysql_row_limit(data, kw, out),
            backend => self.plain_limit(data, backend == Backend::Postgresql, kw, out),
        }
    }

    fn sqlite_limit(&mut self, data: &SelectData, kw: Kw, out: &mut Fragment) -> Result<()> {
        match (&data.limit, &data.offset) {
            (Some(limit), _) => {
                out.push("\n LIMIT ");
                self.element(limit, kw, out)?;
            }
            (None, Some(_)) => {
                out.push("\n LIMIT ");
                self.constant(-1, kw, out)?;
            }
            (None, None) => {}
        }
        out.push(" OFFSET ");
        match &data.offset {
            Some(offset) => self.element(offset, kw, out),
            None => self.constant(0, kw, out),
        }
    }

    fn mysql_row_limit(&mut self, data: &SelectData, kw: Kw, out: &mut Fragment) -> Result<()> {
        out.push(" \n LIMIT ");
        if let Some(offset) = &data.offset {
            self.element(offset, kw, out)?;
            out.push(", ");
        }
        if let Some(limit) = &data.limit {
            self.element(limit, kw, out)
        } else {
            out.push("18446744073709551615");
            Ok(())
        }
    }

    fn plain_limit(
        &mut self,
        data: &SelectData,
        postgresql: bool,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        if let Some(limit) = &data.limit {
            out.push(if postgresql {
                " \n LIMIT "
            } else {
                "\n LIMIT "
            });
            self.element(limit, kw, out)?;
        }
        if let Some(offset) = &data.offset {
            if data.limit.is_none() {
                out.push(if postgresql {
                    "\n LIMIT ALL"
                } else {
                    "\n LIMIT -1"
                });
            }
            out.push(" OFFSET ");
            self.element(offset, kw, out)?;
        }
        Ok(())
    }

    fn fetch(&mut self, data: &SelectData, kw: Kw, out: &mut Fragment) -> Result<()> {
        let backend = self.dialect.backend;
        let is_20 = self.dialect.compat.is_20();
        // PostgreSQL takes anything but a literal in parentheses only.
        let (open, close) = match backend {
            Backend::Postgresql => ("(", ")"),
            _ => ("", ""),
        };
        let simple = |element: &ColumnElement| match backend {
            Backend::Oracle if is_20 => literal_executed(element),
            _ => element.clone(),
        };
        if let Some(offset) = &data.offset {
            out.push("\n OFFSET ");
            out.push(open);
            self.element(&simple(offset), kw, out)?;
            out.push(close);
            out.push(" ROWS");
        }
        let fetch = data.fetch.as_ref();
        let Some(count) = fetch.map(|fetch| &fetch.count).or(data.limit.as_ref()) else {
            return Ok(());
        };
        out.push("\n FETCH FIRST ");
        out.push(open);
        self.element(&simple(count), kw, out)?;
        out.push(close);
        let (percent, ties) =
            fetch.map_or((false, false), |fetch| (fetch.percent, fetch.with_ties));
        out.push(if percent { " PERCENT" } else { "" });
        out.push(if ties {
            " ROWS WITH TIES"
        } else {
            " ROWS ONLY"
        });
        Ok(())
    }
}
