//! SQLite.

use std::rc::Rc;

use super::{Fragment, Kw, SQLCompiler};
use crate::engine::exc::COMPILE_ERROR;
use crate::object::Result;
use crate::sql::elements::{BinaryExpression, Extract, Function};
use crate::sql::operators::Operator as Op;
use crate::sql::types::Affinity;

/// What EXTRACT takes, and the format of `STRFTIME()` for it.
const EXTRACT_FORMATS: &[(&str, &str)] = &[
    ("month", "%m"),
    ("day", "%d"),
    ("year", "%Y"),
    ("second", "%S"),
    ("hour", "%H"),
    ("doy", "%j"),
    ("minute", "%M"),
    ("epoch", "%s"),
    ("dow", "%w"),
    ("week", "%W"),
];

impl SQLCompiler<'_> {
    pub(super) fn sqlite_binary(
        &mut self,
        node: &Rc<BinaryExpression>,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<bool> {
        match &node.operator {
            Op::IsDistinctFrom => self.generic(node, " IS NOT ", kw, out)?,
            Op::IsNotDistinctFrom => self.generic(node, " IS ", kw, out)?,
            Op::TrueDiv if self.dialect.compat.is_20() => {
                self.element(&node.left, kw, out)?;
                out.push(" / (");
                self.element(&node.right, kw, out)?;
                out.push(" + 0.0)");
            }
            Op::RegexpMatch => self.generic(node, " REGEXP ", kw, out)?,
            Op::NotRegexpMatch => self.generic(node, " NOT REGEXP ", kw, out)?,
            // There is no exclusive or: `(a | b) - (a & b)`.
            Op::BitwiseXor => {
                out.push("(");
                self.generic(node, " | ", kw, out)?;
                out.push(") - (");
                self.generic(node, " & ", kw, out)?;
                out.push(")");
            }
            Op::JsonGetItem | Op::JsonPathGetItem => {
                let json = node.type_.affinity() == Affinity::Json;
                if json {
                    out.push("JSON_QUOTE(");
                }
                self.called("JSON_EXTRACT", node, kw, out)?;
                if json {
                    out.push(")");
                }
            }
            Op::GetItem => return Err(self.unsupported_operator(&node.operator)),
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub(super) fn sqlite_extract(
        &mut self,
        node: &Rc<Extract>,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        let field = node.field.as_str();
        let Some((_, format)) = EXTRACT_FORMATS.iter().find(|(known, _)| *known == field) else {
            return Err(COMPILE_ERROR.error(format!("{field} is not a valid extract argument.")));
        };
        out.push("CAST(STRFTIME('");
        out.push(format);
        out.push("', ");
        self.element(&node.expr, kw, out)?;
        out.push(") AS INTEGER)");
        Ok(())
    }

    pub(super) fn sqlite_function(
        &mut self,
        function: &Rc<Function>,
        name: &str,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<bool> {
        match name {
            "now" => out.push("CURRENT_TIMESTAMP"),
            "localtimestamp" => out.push(if self.dialect.compat.is_20() {
                "DATETIME(CURRENT_TIMESTAMP, 'localtime')"
            } else {
                "DATETIME(CURRENT_TIMESTAMP, \"localtime\")"
            }),
            "char_length" => return self.renamed("length", function, kw, out),
            "aggregate_strings" if self.dialect.compat.is_20() => {
                return self.renamed("group_concat", function, kw, out);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}
