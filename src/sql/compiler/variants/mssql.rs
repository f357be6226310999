//! SQL Server.

use std::rc::Rc;

use super::limits::is_simple_int;
use super::{Fragment, Kw, SQLCompiler};
use crate::engine::exc::COMPILE_ERROR;
use crate::object::{Result, Value};
use crate::sql::dialects::Backend;
use crate::sql::elements::{
    BinaryExpression, ColumnElement, Extract, Function, Modifiers, Name, Over,
};
use crate::sql::functions::simple_function;
use crate::sql::operate::operate;
use crate::sql::operators::Operator as Op;
use crate::sql::selectable::{FromClause, Select, SelectData, SelectItem, SelectStatement};
use crate::sql::types::{Affinity, NumericType};

impl SQLCompiler<'_> {
    pub(super) fn mssql_binary(
        &mut self,
        node: &Rc<BinaryExpression>,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<bool> {
        let is_bind = |side: &ColumnElement| matches!(side.plain(), ColumnElement::Bind(_));
        match &node.operator {
            // Binds stand on the right.
            Op::Eq if is_bind(&node.left) && !is_bind(&node.right) => {
                self.element(&node.right, kw, out)?;
                out.push(" = ");
                self.element(&node.left, kw, out)?;
            }
            Op::JsonGetItem | Op::JsonPathGetItem => self.mssql_json(node, kw, out)?,
            Op::Concat => self.generic(node, " + ", kw, out)?,
            Op::IsDistinctFrom => self.mssql_distinct(node, "NOT EXISTS (SELECT ", kw, out)?,
            Op::IsNotDistinctFrom => self.mssql_distinct(node, "EXISTS (SELECT ", kw, out)?,
            Op::Match => self.called("CONTAINS ", node, kw, out)?,
            Op::NotMatch => self.called("NOT CONTAINS ", node, kw, out)?,
            Op::GetItem => return Err(self.unsupported_operator(&node.operator)),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn mssql_json(&mut self, node: &BinaryExpression, kw: Kw, out: &mut Fragment) -> Result<()> {
        let affinity = node.type_.affinity();
        if affinity == Affinity::Json {
            return self.called("JSON_QUERY", node, kw, out);
        }
        out.push("CASE ");
        self.called("JSON_VALUE", node, kw, out)?;
        out.push(" WHEN NULL THEN NULL ");
        match affinity {
            Affinity::Boolean => out.push("WHEN 'true' THEN 1 WHEN 'false' THEN 0 ELSE NULL"),
            Affinity::Integer => {
                out.push("ELSE CAST(");
                self.called("JSON_VALUE", node, kw, out)?;
                out.push(" AS INTEGER)");
            }
            Affinity::Numeric | Affinity::Float => {
                out.push("ELSE CAST(");
                self.called("JSON_VALUE", node, kw, out)?;
                let sizes = node
                    .type_
                    .engine(|numeric: &NumericType| (numeric.precision, numeric.scale));
                let word = |size: Option<i64>| {
                    size.map_or_else(|| "None".to_owned(), |size| size.to_string())
                };
                out.push(&match sizes {
                    Some((precision, scale)) if affinity == Affinity::Numeric => {
                        format!(" AS NUMERIC({}, {}))", word(precision), word(scale))
                    }
                    _ => " AS FLOAT)".to_owned(),
                });
            }
            Affinity::String => {
                out.push("ELSE ");
                self.called("JSON_VALUE", node, kw, out)?;
            }
            _ => {
                out.push("ELSE ");
                self.called("JSON_QUERY", node, kw, out)?;
            }
        }
        out.push(" END");
        Ok(())
    }

    fn mssql_distinct(
        &mut self,
        node: &BinaryExpression,
        head: &str,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        out.push(head);
        self.generic(node, " INTERSECT SELECT ", kw, out)?;
        out.push(")");
        Ok(())
    }

    pub(super) fn mssql_extract(
        &mut self,
        node: &Rc<Extract>,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        out.push("DATEPART(");
        out.push(match node.field.as_str() {
            "doy" => "dayofyear",
            "dow" => "weekday",
            "milliseconds" => "millisecond",
            "microseconds" => "microsecond",
            other => other,
        });
        out.push(", ");
        self.element(&node.expr, kw, out)?;
        out.push(")");
        Ok(())
    }

    pub(super) fn mssql_function(
        &mut self,
        function: &Rc<Function>,
        name: &str,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<bool> {
        match name {
            "now" => out.push("CURRENT_TIMESTAMP"),
            "current_date" => out.push("GETDATE()"),
            "char_length" | "length" => return self.renamed("LEN", function, kw, out),
            "aggregate_strings" if function.args.len() == 2 && self.dialect.compat.is_20() => {
                out.push("string_agg(");
                self.element(&function.args[0], kw, out)?;
                out.push(", ");
                let literal = Kw {
                    literal_execute: true,
                    ..kw
                };
                self.element(&function.args[1], literal, out)?;
                out.push(")");
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Whether the limit is a TOP.
    pub(super) fn uses_top(&self, data: &SelectData) -> bool {
        if data.offset.is_some() {
            return false;
        }
        match (&data.limit, &data.fetch) {
            (Some(limit), _) => is_simple_int(limit),
            (None, Some(fetch)) => {
                is_simple_int(&fetch.count) && (fetch.percent || fetch.with_ties)
            }
            (None, None) => false,
        }
    }

    /// TOP, in front of the columns.
    pub(in crate::sql::compiler) fn top(
        &mut self,
        data: &SelectData,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        if !data.has_row_limit() || !self.uses_top(data) {
            return Ok(());
        }
        let fetch = data.fetch.as_ref();
        let count = fetch.map(|fetch| &fetch.count).or(data.limit.as_ref());
        let Some(count) = count else {
            return Ok(());
        };
        out.push("TOP ");
        let literal = Kw {
            literal_execute: true,
            ..kw
        };
        self.element(count, literal, out)?;
        out.push(" ");
        if let Some(fetch) = fetch {
            out.push(if fetch.percent { "PERCENT " } else { "" });
            out.push(if fetch.with_ties { "WITH TIES " } else { "" });
        }
        Ok(())
    }

    /// Whether ORDER BY may stand there: in a subquery only beside a TOP.
    pub(in crate::sql::compiler) fn takes_order_by(&self, data: &SelectData) -> bool {
        self.dialect.backend != Backend::Mssql
            || self.stack.len() < 2
            || self.uses_top(data)
            || (self.dialect.compat.is_14() && data.limit.as_ref().is_some_and(is_simple_int))
    }

    /// A row limit that no TOP can express becomes a condition on `ROW_NUMBER()`.
    pub(super) fn mssql_translated(&mut self, select: &Select) -> Result<Option<Select>> {
        let data = select.data();
        if !data.has_row_limit() || self.uses_top(data) {
            return Ok(None);
        }
        if data.order_by.is_empty() {
            return Err(COMPILE_ERROR.error(
                "MSSQL requires an order_by when using an OFFSET or a non-simple LIMIT clause",
            ));
        }
        if let Some(fetch) = &data.fetch
            && (fetch.percent || fetch.with_ties)
        {
            return Err(COMPILE_ERROR.error(
                "MSSQL needs TOP to use PERCENT and/or WITH TIES. Only simple fetch without \
                 offset can be used.",
            ));
        }
        let cx = self.cx;
        let compat = self.dialect.compat;
        let order_by: Vec<_> = data
            .order_by
            .iter()
            .map(ColumnElement::without_label_reference)
            .collect();
        let numbered = ColumnElement::Over(Rc::new(Over {
            element: simple_function("ROW_NUMBER", Vec::new(), cx),
            partition_by: None,
            order_by: Some(ColumnElement::comma_list(order_by, compat)),
            frame: None,
        }))
        .label(Some(Name::plain("mssql_rn")));
        let inner = select
            .add_columns(vec![SelectItem::Column(numbered)])
            .into_with(|data| {
                data.order_by = Vec::new();
                data.limit = None;
                data.offset = None;
                data.fetch = None;
            });
        let from = FromClause::Alias(SelectStatement::Select(inner).subquery(None, cx)?);
        let items = from
            .columns(cx)?
            .into_iter()
            .filter(|(key, _)| key != "mssql_rn")
            .map(|(_, column)| SelectItem::Column(column))
            .collect();
        let number = ColumnElement::column_clause("mssql_rn", None, false);
        let compare = |op: &Op, left: &ColumnElement, right: &ColumnElement| {
            let right = Value::object(right.clone());
            operate(op, left, &right, false, Modifiers::default(), cx)
        };
        let count = data.fetch.as_ref().map(|fetch| &fetch.count);
        let limit = count.or(data.limit.as_ref());
        let mut criteria = Vec::new();
        if let Some(offset) = &data.offset {
            criteria.push(compare(&Op::Gt, &number, offset)?);
        }
        if let Some(limit) = limit {
            let last = match &data.offset {
                Some(offset) => compare(&Op::Add, limit, offset)?,
                None => limit.clone(),
            };
            criteria.push(compare(&Op::Le, &number, &last)?);
        }
        Select::new(items, cx).map(|outer| Some(outer.filter(criteria)))
    }
}
