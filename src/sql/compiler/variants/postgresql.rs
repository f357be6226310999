//! PostgreSQL.

use std::rc::Rc;

use super::{Fragment, Kw, SQLCompiler, modifier, quoted_text};
use crate::object::{Result, Value};
use crate::sql::elements::{BinaryExpression, ColumnElement, Function};
use crate::sql::operators::Operator as Op;
use crate::sql::types::Affinity;

impl SQLCompiler<'_> {
    pub(super) fn postgresql_binary(
        &mut self,
        node: &Rc<BinaryExpression>,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<bool> {
        match &node.operator {
            Op::BitwiseXor => self.generic(node, " # ", kw, out)?,
            Op::ILike | Op::NotILike => {
                let text = if node.operator == Op::ILike {
                    " ILIKE "
                } else {
                    " NOT ILIKE "
                };
                self.generic(node, text, kw, out)?;
                self.escape(&node.modifiers, out);
            }
            Op::Match | Op::NotMatch => self.postgresql_match(node, kw, out)?,
            Op::RegexpMatch | Op::NotRegexpMatch => self.postgresql_regexp(node, kw, out)?,
            Op::RegexpReplace => self.called_with_flags("REGEXP_REPLACE", node, kw, out)?,
            Op::JsonGetItem | Op::JsonPathGetItem => self.postgresql_json(node, kw, out)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn postgresql_match(
        &mut self,
        node: &BinaryExpression,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        if node.operator == Op::NotMatch {
            out.push("NOT ");
        }
        self.element(&node.left, kw, out)?;
        out.push(if self.dialect.compat.is_20() {
            " @@ plainto_tsquery("
        } else {
            " @@ to_tsquery("
        });
        if let Some(Value::Str(config)) = modifier(&node.modifiers, "postgresql_regconfig") {
            out.push(&quoted_text(config));
            out.push(", ");
        }
        self.element(&node.right, kw, out)?;
        out.push(")");
        Ok(())
    }

    fn postgresql_regexp(
        &mut self,
        node: &BinaryExpression,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        let negated = node.operator == Op::NotRegexpMatch;
        match node.modifiers.flags.as_deref() {
            None => self.generic(node, if negated { " !~ " } else { " ~ " }, kw, out),
            Some("i") => self.generic(node, if negated { " !~* " } else { " ~* " }, kw, out),
            Some(flags) => {
                self.element(&node.left, kw, out)?;
                out.push(if negated { " !~ " } else { " ~ " });
                self.flagged_pattern(flags, &node.right, kw, out)
            }
        }
    }

    /// An index into JSON; what is no JSON afterwards is read as text and cast.
    fn postgresql_json(
        &mut self,
        node: &BinaryExpression,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        let path = node.operator == Op::JsonPathGetItem;
        let json = node.type_.affinity() == Affinity::Json;
        let subscript = json
            && !path
            && node.left.type_().class().name() == "JSONB"
            && self.has_jsonb_subscripts();
        if subscript {
            let left = match node.left.plain() {
                ColumnElement::Function(_) | ColumnElement::Cast(_) => node.left.grouped(),
                _ => node.left.clone(),
            };
            self.element(&left, kw, out)?;
            out.push("[");
            self.element(&node.right, kw, out)?;
            out.push("]");
            return Ok(());
        }
        let text = match (path, json) {
            (false, true) => " -> ",
            (false, false) => " ->> ",
            (true, true) => " #> ",
            (true, false) => " #>> ",
        };
        if !json {
            out.push("CAST(");
        }
        if kw.in_operator {
            out.push("(");
        }
        self.generic(node, text, kw, out)?;
        if kw.in_operator {
            out.push(")");
        }
        if !json {
            out.push(" AS ");
            out.push(&self.type_text(&node.type_)?);
            out.push(")");
        }
        Ok(())
    }

    /// Whether `column['key']` may be written for JSONB: since PostgreSQL 14.
    fn has_jsonb_subscripts(&self) -> bool {
        self.dialect.compat.is_20()
    }

    pub(super) fn postgresql_function(
        &mut self,
        function: &Rc<Function>,
        name: &str,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<bool> {
        match name {
            "aggregate_strings" if self.dialect.compat.is_20() => {
                self.renamed("string_agg", function, kw, out)
            }
            "substring" if function.args.len() >= 2 => {
                out.push("SUBSTRING(");
                self.element(&function.args[0], kw, out)?;
                out.push(" FROM ");
                self.element(&function.args[1], kw, out)?;
                if let Some(length) = function.args.get(2) {
                    out.push(" FOR ");
                    self.element(length, kw, out)?;
                }
                out.push(")");
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}
