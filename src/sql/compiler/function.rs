//! Functions, windows over them.

use std::rc::Rc;

use super::{Fragment, Kw, SQLCompiler};
use crate::object::Result;
use crate::object::exceptions::NOT_IMPLEMENTED_ERROR;
use crate::sql::dialects::Backend;
use crate::sql::elements::{FrameBound, FrameKind, Function, Over};
use crate::sql::schema::Sequence;

impl SQLCompiler<'_> {
    /// Render a function call.
    pub(super) fn function(
        &mut self,
        function: &Rc<Function>,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        if let Some(sequence) = &function.sequence {
            let text = self.next_value(sequence)?;
            out.push(&text);
            return Ok(());
        }
        // Oracle selects from a function by way of TABLE.
        let table = kw.asfrom
            && self.dialect.backend == Backend::Oracle
            && (self.dialect.compat.is_14() || !function.name.eq_ignore_ascii_case("table"));
        if table {
            out.push("TABLE (");
        }
        if !self.special_function(function, kw, out)? {
            for package in &function.packages {
                self.function_name(package, out);
                out.push(".");
            }
            match function.known.and_then(|known| known.rendered) {
                Some(name) => out.push(name),
                None => self.function_name(&function.name, out),
            }
            let ansi = function.known.is_some_and(|known| known.ansi);
            let bare = ansi || self.omits_parentheses(&function.name);
            if !(bare && function.args.is_empty()) {
                self.arguments(function, kw, out)?;
            }
        }
        if function.with_ordinality.is_some() {
            out.push(" WITH ORDINALITY");
        }
        if table {
            out.push(")");
        }
        Ok(())
    }

    /// The next value of a sequence, as each database spells it.
    pub(super) fn next_value(&self, sequence: &Sequence) -> Result<String> {
        let dialect = self.dialect;
        let name = dialect.format_table_name(&sequence.name, None, sequence.schema.as_ref());
        Ok(match dialect.backend {
            Backend::Default => format!("<next sequence value: {name}>"),
            Backend::Postgresql => format!("nextval('{name}')"),
            Backend::Oracle => format!("{name}.nextval"),
            Backend::Mssql => format!("NEXT VALUE FOR {name}"),
            Backend::Mysql | Backend::Mariadb => format!("nextval({name})"),
            Backend::Sqlite => {
                return Err(NOT_IMPLEMENTED_ERROR.error(format!(
                    "Dialect '{}' does not support sequence increments.",
                    dialect.name
                )));
            }
        })
    }

    pub(super) fn function_name(&mut self, name: &str, out: &mut Fragment) {
        // Quoted for its characters alone, not for being a reserved word or in capitals.
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
        let first = name.chars().next();
        let plain =
            name.chars().all(legal) && first.is_some_and(|c| !c.is_ascii_digit() && c != '$');
        if plain {
            out.push(name);
        } else {
            let quoted = self.dialect.quote_identifier(name);
            out.push(&quoted);
        }
    }

    /// `(a, b)`.
    pub(super) fn arguments(
        &mut self,
        function: &Rc<Function>,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        out.push("(");
        let inner = Kw {
            in_operator: false,
            ..kw
        };
        self.list(&function.args, ", ", inner, out)?;
        out.push(")");
        Ok(())
    }

    /// Render `function OVER (..)`.
    pub(super) fn over(&mut self, node: &Rc<Over>, kw: Kw, out: &mut Fragment) -> Result<()> {
        self.element(&node.element, kw, out)?;
        out.push(" OVER (");
        let mut first = true;
        for (word, clause) in [
            ("PARTITION BY ", &node.partition_by),
            ("ORDER BY ", &node.order_by),
        ] {
            if let Some(clause) = clause {
                if !first {
                    out.push(" ");
                }
                first = false;
                out.push(word);
                self.element(clause, kw, out)?;
            }
        }
        if let Some((kind, start, end)) = &node.frame {
            if !first {
                out.push(" ");
            }
            out.push(match kind {
                FrameKind::Rows => "ROWS BETWEEN ",
                FrameKind::Range => "RANGE BETWEEN ",
                FrameKind::Groups => "GROUPS BETWEEN ",
            });
            self.frame_bound(start, "UNBOUNDED PRECEDING", kw, out)?;
            out.push(" AND ");
            self.frame_bound(end, "UNBOUNDED FOLLOWING", kw, out)?;
        }
        out.push(")");
        Ok(())
    }

    fn frame_bound(
        &mut self,
        bound: &FrameBound,
        unbounded: &str,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        match bound {
            FrameBound::Unbounded => out.push(unbounded),
            FrameBound::Current => out.push("CURRENT ROW"),
            FrameBound::Preceding(count) => {
                self.element(count, self.frame_kw(kw), out)?;
                out.push(" PRECEDING");
            }
            FrameBound::Following(count) => {
                self.element(count, self.frame_kw(kw), out)?;
                out.push(" FOLLOWING");
            }
        }
        Ok(())
    }

    /// SQL Server takes no binds in a frame.
    fn frame_kw(&self, kw: Kw) -> Kw {
        Kw {
            literal_execute: kw.literal_execute || self.dialect.backend == Backend::Mssql,
            ..kw
        }
    }
}
