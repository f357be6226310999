//! Binary operators: the generic form, and those with one of their own.

use std::rc::Rc;

use super::{Fragment, Kw, SQLCompiler};
use crate::engine::exc::COMPILE_ERROR;
use crate::object::{Raised, Result, Value};
use crate::sql::dialects::Backend;
use crate::sql::elements::{BinaryExpression, ColumnElement, Modifiers, standard_type};
use crate::sql::operators::Operator;
use crate::sql::types::{Affinity, SqlType, names};

impl SQLCompiler<'_> {
    /// Render `left op right`.
    pub(super) fn binary(
        &mut self,
        node: &Rc<BinaryExpression>,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        use Operator as Op;
        if self.special_binary(node, kw, out)? {
            return Ok(());
        }
        match &node.operator {
            Op::NotIn => {
                out.push("(");
                self.generic(node, " NOT IN ", kw, out)?;
                out.push(")");
                Ok(())
            }
            Op::Custom(custom) => {
                let mut text = Fragment::default();
                text.push(" ");
                self.literal_sql(&custom.text, &mut text);
                text.push(" ");
                let eager = custom.eager_grouping && kw.in_operator;
                if eager {
                    out.push("(");
                }
                self.generic(node, &text.text, kw, out)?;
                if eager {
                    out.push(")");
                }
                Ok(())
            }
            Op::NotMatch => {
                out.push("NOT ");
                self.generic(node, " MATCH ", kw, out)
            }
            Op::Mod => {
                let text = if self.double_percents { " %% " } else { " % " };
                self.generic(node, text, kw, out)
            }
            Op::Like | Op::NotLike => {
                self.generic(node, node.operator.text(), kw, out)?;
                self.escape(&node.modifiers, out);
                Ok(())
            }
            Op::ILike | Op::NotILike => {
                let text = if node.operator == Op::ILike {
                    " LIKE "
                } else {
                    " NOT LIKE "
                };
                self.lowered_like(node, text, kw, out)
            }
            Op::StartsWith
            | Op::NotStartsWith
            | Op::EndsWith
            | Op::NotEndsWith
            | Op::Contains
            | Op::NotContains
            | Op::IStartsWith
            | Op::NotIStartsWith
            | Op::IEndsWith
            | Op::NotIEndsWith
            | Op::IContains
            | Op::NotIContains => self.affix(node, kw, out),
            Op::Between | Op::NotBetween => {
                let symmetric =
                    node.modifiers.other.iter().any(|(name, value)| {
                        name == "symmetric" && matches!(value, Value::Bool(true))
                    });
                let text = match (&node.operator, symmetric) {
                    (Op::Between, false) => " BETWEEN ",
                    (Op::Between, true) => " BETWEEN SYMMETRIC ",
                    (_, false) => " NOT BETWEEN ",
                    (_, true) => " NOT BETWEEN SYMMETRIC ",
                };
                self.generic(node, text, kw, out)
            }
            Op::TrueDiv if self.dialect.compat.is_20() => self.true_division(node, kw, out),
            Op::FloorDiv => self.floor_division(node, kw, out),
            Op::RegexpMatch | Op::NotRegexpMatch if self.dialect.backend != Backend::Default => {
                Err(self.no_regexp("regular expressions"))
            }
            Op::RegexpReplace if self.dialect.backend != Backend::Default => {
                Err(self.no_regexp("regular expression replacements"))
            }
            Op::RegexpReplace => {
                out.push("<regexp replace>(");
                self.generic(node, ", ", kw, out)?;
                out.push(")");
                Ok(())
            }
            Op::JsonGetItem | Op::JsonPathGetItem => {
                self.element(&node.left, kw, out)?;
                out.push("[");
                self.element(&node.right, kw, out)?;
                out.push("]");
                Ok(())
            }
            Op::GetItem => {
                self.element(&node.left, kw, out)?;
                out.push("[");
                self.element(&node.right, kw, out)?;
                out.push("]");
                Ok(())
            }
            operator => self.generic(node, operator.text(), kw, out),
        }
    }

    /// `left text right`.
    pub(super) fn generic(
        &mut self,
        node: &BinaryExpression,
        text: &str,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        let inner = Kw {
            in_operator: true,
            ..kw
        };
        self.element(&node.left, inner, out)?;
        out.push(text);
        self.element(&node.right, inner, out)
    }

    pub(super) fn escape(&mut self, modifiers: &Modifiers, out: &mut Fragment) {
        if let Some(escape) = &modifiers.escape {
            out.push(" ESCAPE '");
            out.push(&escape.replace('\'', "''"));
            out.push("'");
        }
    }

    fn lowered(&mut self, element: &ColumnElement, kw: Kw, out: &mut Fragment) -> Result<()> {
        out.push("lower(");
        self.element(element, kw, out)?;
        out.push(")");
        Ok(())
    }

    fn lowered_like(
        &mut self,
        node: &BinaryExpression,
        text: &str,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        let inner = Kw {
            in_operator: true,
            ..kw
        };
        self.lowered(&node.left, inner, out)?;
        out.push(text);
        self.lowered(&node.right, inner, out)?;
        self.escape(&node.modifiers, out);
        Ok(())
    }

    fn no_regexp(&self, what: &str) -> Raised {
        COMPILE_ERROR.error(format!(
            "{} dialect does not support {what}",
            self.dialect.name
        ))
    }

    /// `left LIKE '%' || right || '%'` and its kind.
    fn affix(&mut self, node: &BinaryExpression, kw: Kw, out: &mut Fragment) -> Result<()> {
        use Operator as Op;
        let (before, after) = match node.operator {
            Op::StartsWith | Op::NotStartsWith | Op::IStartsWith | Op::NotIStartsWith => {
                (false, true)
            }
            Op::EndsWith | Op::NotEndsWith | Op::IEndsWith | Op::NotIEndsWith => (true, false),
            _ => (true, true),
        };
        let negated = matches!(
            node.operator,
            Op::NotStartsWith
                | Op::NotEndsWith
                | Op::NotContains
                | Op::NotIStartsWith
                | Op::NotIEndsWith
                | Op::NotIContains
        );
        let lowered = matches!(
            node.operator,
            Op::IStartsWith
                | Op::NotIStartsWith
                | Op::IEndsWith
                | Op::NotIEndsWith
                | Op::IContains
                | Op::NotIContains
        );
        let inner = Kw {
            in_operator: true,
            ..kw
        };
        let native = lowered && self.has_ilike();
        if lowered && !native {
            self.lowered(&node.left, inner, out)?;
        } else {
            self.element(&node.left, inner, out)?;
        }
        out.push(match (negated, native) {
            (false, false) => " LIKE ",
            (true, false) => " NOT LIKE ",
            (false, true) => " ILIKE ",
            (true, true) => " NOT ILIKE ",
        });
        let percent = if self.double_percents { "'%%'" } else { "'%'" };
        let function = self.concat_is_function();
        if function {
            // 1.4 nests: concat(concat('%', x), '%').
            if before && after && self.dialect.compat.is_14() {
                out.push("concat(");
            }
            out.push("concat(");
        }
        let glue = if function { ", " } else { self.concat_text() };
        if before {
            out.push(percent);
            out.push(glue);
        }
        if lowered && !native {
            self.lowered(&node.right, inner, out)?;
        } else {
            self.affixed(&node.right, glue, inner, out)?;
        }
        if function && before && after && self.dialect.compat.is_14() {
            out.push(")");
        }
        if after {
            out.push(glue);
            out.push(percent);
        }
        if function {
            out.push(")");
        }
        self.escape(&node.modifiers, out);
        Ok(())
    }

    /// What stands between the percent signs; 2.0 makes one chain of them and its own `||`.
    fn affixed(
        &mut self,
        operand: &ColumnElement,
        glue: &str,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        let chained = match operand.ungrouped().plain() {
            _ if self.dialect.compat.is_14() => None,
            ColumnElement::Binary(inner) if inner.operator == Operator::Concat => {
                Some(vec![inner.left.clone(), inner.right.clone()])
            }
            ColumnElement::ClauseList(list) if list.operator == Operator::Concat => {
                Some(list.clauses.clone())
            }
            _ => None,
        };
        match chained {
            Some(clauses) => self.list(&clauses, glue, kw, out),
            None => self.element(operand, kw, out),
        }
    }

    fn true_division(&mut self, node: &BinaryExpression, kw: Kw, out: &mut Fragment) -> Result<()> {
        self.element(&node.left, kw, out)?;
        out.push(" / ");
        if !self.dialect.can.div_is_floordiv {
            return self.element(&node.right, kw, out);
        }
        let type_: SqlType = match node.right.affinity() {
            Affinity::Numeric | Affinity::Float => node.right.type_(),
            _ => standard_type(&names::Numeric),
        };
        let type_text = self.type_text(&type_)?;
        out.push("CAST(");
        self.element(&node.right, kw, out)?;
        out.push(" AS ");
        out.push(&type_text);
        out.push(")");
        Ok(())
    }

    fn floor_division(
        &mut self,
        node: &BinaryExpression,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        let integers =
            node.left.affinity() == Affinity::Integer && node.right.affinity() == Affinity::Integer;
        let plain = self.dialect.can.div_is_floordiv && integers;
        if !plain {
            out.push("FLOOR(");
        }
        self.element(&node.left, kw, out)?;
        out.push(" / ");
        self.element(&node.right, kw, out)?;
        if !plain {
            out.push(")");
        }
        Ok(())
    }
}
