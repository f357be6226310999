//! MySQL and MariaDB.

use std::rc::Rc;

use super::{Fragment, Kw, SQLCompiler, modifier};
use crate::engine::exc::COMPILE_ERROR;
use crate::object::{Cx, Result, Value};
use crate::sql::dialects::Backend;
use crate::sql::elements::{BinaryExpression, Function, Modifiers};
use crate::sql::operators::Operator as Op;
use crate::sql::types::{Affinity, NumericType, SqlType, StringType};

impl SQLCompiler<'_> {
    pub(super) fn mysql_binary(
        &mut self,
        node: &Rc<BinaryExpression>,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<bool> {
        match &node.operator {
            Op::Concat => self.called("concat", node, kw, out)?,
            Op::IsDistinctFrom => {
                out.push("NOT (");
                self.generic(node, " <=> ", kw, out)?;
                out.push(")");
            }
            Op::IsNotDistinctFrom => self.generic(node, " <=> ", kw, out)?,
            Op::RegexpMatch | Op::NotRegexpMatch => self.mysql_regexp(node, kw, out)?,
            Op::RegexpReplace => self.mysql_regexp_replace(node, kw, out)?,
            Op::Match | Op::NotMatch => {
                if node.operator == Op::NotMatch {
                    out.push("NOT ");
                }
                let flags = match_flags(&node.modifiers, self.cx)?;
                out.push("MATCH (");
                self.element(&node.left, kw, out)?;
                out.push(") AGAINST (");
                self.element(&node.right, kw, out)?;
                out.push(&flags);
                out.push(")");
            }
            Op::JsonGetItem | Op::JsonPathGetItem => self.mysql_json(node, kw, out)?,
            Op::GetItem => return Err(self.unsupported_operator(&node.operator)),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn mysql_regexp(&mut self, node: &BinaryExpression, kw: Kw, out: &mut Fragment) -> Result<()> {
        let negated = node.operator == Op::NotRegexpMatch;
        let text = if negated { " NOT REGEXP " } else { " REGEXP " };
        let Some(flags) = &node.modifiers.flags else {
            return self.generic(node, text, kw, out);
        };
        if self.dialect.backend == Backend::Mariadb {
            self.element(&node.left, kw, out)?;
            out.push(text);
            return self.flagged_pattern(flags, &node.right, kw, out);
        }
        if negated {
            out.push("NOT ");
        }
        self.called_with_flags("REGEXP_LIKE", node, kw, out)
    }

    fn mysql_regexp_replace(
        &mut self,
        node: &BinaryExpression,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        match (&node.modifiers.flags, node.right.plain()) {
            (Some(flags), crate::sql::ColumnElement::ClauseList(list))
                if self.dialect.backend == Backend::Mariadb && list.clauses.len() == 2 =>
            {
                out.push("REGEXP_REPLACE(");
                self.element(&node.left, kw, out)?;
                out.push(", ");
                self.flagged_pattern(flags, &list.clauses[0], kw, out)?;
                out.push(", ");
                self.element(&list.clauses[1], kw, out)?;
                out.push(")");
                Ok(())
            }
            _ => self.called_with_flags("REGEXP_REPLACE", node, kw, out),
        }
    }

    /// JSON's null needs a case of its own where the result is no JSON.
    fn mysql_json(&mut self, node: &BinaryExpression, kw: Kw, out: &mut Fragment) -> Result<()> {
        let affinity = node.type_.affinity();
        if affinity == Affinity::Json {
            return self.called("JSON_EXTRACT", node, kw, out);
        }
        out.push("CASE ");
        self.called("JSON_EXTRACT", node, kw, out)?;
        out.push(" WHEN 'null' THEN NULL ");
        match affinity {
            Affinity::Boolean => out.push("WHEN true THEN true ELSE false"),
            Affinity::Integer => {
                out.push("ELSE CAST(");
                self.called("JSON_EXTRACT", node, kw, out)?;
                out.push(" AS SIGNED INTEGER)");
            }
            Affinity::String => {
                out.push("ELSE JSON_UNQUOTE(");
                self.called("JSON_EXTRACT", node, kw, out)?;
                out.push(")");
            }
            Affinity::Numeric | Affinity::Float => {
                let sizes = node
                    .type_
                    .engine(|numeric: &NumericType| numeric.precision.zip(numeric.scale))
                    .flatten();
                if let Some((precision, scale)) = sizes {
                    out.push("ELSE CAST(");
                    self.called("JSON_EXTRACT", node, kw, out)?;
                    out.push(&format!(" AS DECIMAL({precision}, {scale}))"));
                } else {
                    out.push("ELSE ");
                    self.called("JSON_EXTRACT", node, kw, out)?;
                    out.push("+0.0000000000000000000000");
                }
            }
            _ => {
                out.push("ELSE ");
                self.called("JSON_EXTRACT", node, kw, out)?;
            }
        }
        out.push(" END");
        Ok(())
    }

    /// CAST takes few types here, and some by other names.
    pub(super) fn mysql_cast_type(&self, type_: &SqlType) -> Result<Option<String>> {
        let inner;
        let mut type_ = type_;
        if let Some(wrapped) = type_.behaviour().wrapped() {
            inner = wrapped;
            type_ = &inner;
        }
        let visit = type_.visit_name();
        Ok(Some(match type_.affinity() {
            Affinity::Integer => "SIGNED INTEGER".to_owned(),
            Affinity::String => {
                let string = type_.engine(StringType::clone);
                let length = string.as_ref().and_then(|string| string.length);
                let collation = string.and_then(|string| string.collation);
                let mut text = match length {
                    Some(length) => format!("CHAR({length})"),
                    None => "CHAR".to_owned(),
                };
                if let Some(collation) = collation {
                    text.push_str(" COLLATE ");
                    text.push_str(&collation);
                }
                text
            }
            Affinity::Binary => "BINARY".to_owned(),
            Affinity::Json => "JSON".to_owned(),
            Affinity::Numeric => self.type_text(type_)?.replacen("NUMERIC", "DECIMAL", 1),
            _ if visit == "TIMESTAMP" => "DATETIME".to_owned(),
            Affinity::Date | Affinity::DateTime | Affinity::Time => self.type_text(type_)?,
            _ => return Ok(None),
        }))
    }

    pub(super) fn mysql_function(
        &mut self,
        function: &Rc<Function>,
        name: &str,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<bool> {
        match name {
            "sysdate" => out.push("SYSDATE()"),
            "random" => return self.renamed("rand", function, kw, out),
            "rollup" if self.dialect.compat.is_20() => {
                self.list(&function.args, ", ", kw, out)?;
                out.push(" WITH ROLLUP");
            }
            "aggregate_strings" if function.args.len() == 2 && self.dialect.compat.is_20() => {
                out.push("group_concat(");
                self.element(&function.args[0], kw, out)?;
                out.push(" SEPARATOR ");
                self.element(&function.args[1], kw, out)?;
                out.push(")");
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// The mode behind AGAINST, from the keywords of `match()`.
fn match_flags(modifiers: &Modifiers, cx: &Cx) -> Result<String> {
    let flag = |name: &str, default: bool| match modifier(modifiers, name) {
        Some(value) => cx.truthy(value),
        None => Ok(default),
    };
    let boolean = flag("mysql_boolean_mode", true)?;
    let natural = flag("mysql_natural_language", false)?;
    let expansion = flag("mysql_query_expansion", false)?;
    if boolean && (natural || expansion) {
        let word = |flag: bool| cx.repr(&Value::Bool(flag));
        return Err(COMPILE_ERROR.error(format!(
            "Invalid MySQL match flags: in_boolean_mode={}, in_natural_language_mode={}, \
             with_query_expansion={}",
            word(boolean)?,
            word(natural)?,
            word(expansion)?
        )));
    }
    let mut text = String::new();
    for (on, words) in [
        (boolean, " IN BOOLEAN MODE"),
        (natural, " IN NATURAL LANGUAGE MODE"),
        (expansion, " WITH QUERY EXPANSION"),
    ] {
        if on {
            text.push_str(words);
        }
    }
    Ok(text)
}
