//! Oracle Database.

use std::rc::Rc;

use super::limits::literal_executed;
use super::{Fragment, Kw, SQLCompiler};
use crate::engine::exc::COMPILE_ERROR;
use crate::object::{Cx, Result, Value};
use crate::sql::dialects::Backend;
use crate::sql::elements::{BinaryExpression, ColumnElement, Function, Modifiers, Name};
use crate::sql::operate::operate;
use crate::sql::operators::Operator as Op;
use crate::sql::selectable::{ForUpdate, FromClause, Select, SelectItem, SelectStatement};
use crate::sql::visitors::ClauseAdapter;

/// Functions that are called without parentheses.
const NO_ARG_FNS: &[&str] = &[
    "UID",
    "CURRENT_DATE",
    "SYSDATE",
    "USER",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
];

impl SQLCompiler<'_> {
    pub(super) fn oracle_binary(
        &mut self,
        node: &Rc<BinaryExpression>,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<bool> {
        match &node.operator {
            Op::Match => self.called("CONTAINS ", node, kw, out)?,
            Op::NotMatch => self.called("NOT CONTAINS ", node, kw, out)?,
            Op::Mod => self.called("mod", node, kw, out)?,
            Op::RegexpMatch => self.called_with_flags("REGEXP_LIKE", node, kw, out)?,
            Op::NotRegexpMatch => self.called_with_flags("NOT REGEXP_LIKE", node, kw, out)?,
            Op::RegexpReplace => self.called_with_flags("REGEXP_REPLACE", node, kw, out)?,
            Op::IsDistinctFrom | Op::IsNotDistinctFrom => {
                out.push("DECODE(");
                self.element(&node.left, kw, out)?;
                out.push(", ");
                self.element(&node.right, kw, out)?;
                out.push(if node.operator == Op::IsDistinctFrom {
                    ", 0, 1) = 1"
                } else {
                    ", 0, 1) = 0"
                });
            }
            Op::BitwiseAnd => self.called("BITAND", node, kw, out)?,
            Op::BitwiseOr => self.called("BITOR", node, kw, out)?,
            Op::BitwiseXor => self.called("BITXOR", node, kw, out)?,
            Op::BitwiseRShift => {
                return Err(COMPILE_ERROR.error("Cannot compile bitwise_rshift in oracle"));
            }
            Op::BitwiseLShift => {
                return Err(COMPILE_ERROR.error("Cannot compile bitwise_lshift in oracle"));
            }
            Op::JsonGetItem | Op::JsonPathGetItem | Op::GetItem => {
                return Err(self.unsupported_operator(&node.operator));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub(super) fn oracle_function(
        &mut self,
        function: &Rc<Function>,
        name: &str,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<bool> {
        match name {
            "now" => out.push("CURRENT_TIMESTAMP"),
            "char_length" => return self.renamed("LENGTH", function, kw, out),
            "aggregate_strings" if self.dialect.compat.is_20() => {
                return self.renamed("LISTAGG", function, kw, out);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Whether a function without arguments is called without parentheses, too.
    pub(in crate::sql::compiler) fn omits_parentheses(&self, name: &str) -> bool {
        self.dialect.backend == Backend::Oracle
            && NO_ARG_FNS.contains(&name.to_ascii_uppercase().as_str())
    }

    /// 1.4 knows no FETCH: a row limit becomes conditions on `ROWNUM`.
    pub(super) fn oracle_translated(&mut self, select: &Select) -> Result<Option<Select>> {
        let data = select.data();
        if self.dialect.compat.is_20() || !data.has_row_limit() || data.fetch.is_some() {
            return Ok(None);
        }
        let cx = self.cx;
        let limit = data.limit.as_ref().map(literal_executed);
        let offset = data.offset.as_ref().map(literal_executed);
        let wanted = select.all_selected_columns(cx)?;
        let of_columns = match &data.for_update {
            Some(lock) => lock
                .of
                .iter()
                .filter(|item| match item {
                    SelectItem::Column(column) => !wanted.iter().any(|own| own.same(column)),
                    _ => true,
                })
                .cloned()
                .collect(),
            None => Vec::new(),
        };
        let width = wanted.len();
        let inner = select.add_columns(of_columns).into_with(|data| {
            data.limit = None;
            data.offset = None;
            data.for_update = None;
        });
        let from = FromClause::Alias(SelectStatement::Select(inner).subquery(None, cx)?);
        let mut lock = data.for_update.clone();
        let middle = Select::new(selected(&from, width, cx)?, cx)?;
        let middle = match &limit {
            Some(limit) => {
                let last = match &offset {
                    Some(offset) => sum(limit, offset, cx)?,
                    None => limit.clone(),
                };
                middle.filter(vec![compared(&Op::Le, "ROWNUM", &last, cx)?])
            }
            None => middle,
        };
        lock = readapted(lock, &from, cx)?;
        let Some(offset) = offset else {
            return Ok(Some(middle.into_with(|data| data.for_update = lock)));
        };
        let number = ColumnElement::literal_column("ROWNUM").label(Some(Name::plain("ora_rn")));
        let mut items = vec![SelectItem::Column(number)];
        if let Some(lock) = &lock {
            items.extend(lock.of.iter().cloned());
        }
        let middle = middle.add_columns(items);
        let from = FromClause::Alias(SelectStatement::Select(middle).subquery(None, cx)?);
        let lock = readapted(lock, &from, cx)?;
        let outer = Select::new(selected(&from, width, cx)?, cx)?
            .filter(vec![compared(&Op::Gt, "ora_rn", &offset, cx)?])
            .into_with(|data| data.for_update = lock);
        Ok(Some(outer))
    }
}

type Lock = Option<Rc<ForUpdate>>;

/// FOR UPDATE OF columns of what is now inside of `from`.
fn readapted(lock: Lock, from: &FromClause, cx: &Cx) -> Result<Lock> {
    let Some(lock) = lock else {
        return Ok(None);
    };
    let adapter = ClauseAdapter::new(from.clone(), cx)?;
    let mut adapted = (*lock).clone();
    for item in &mut adapted.of {
        if let SelectItem::Column(column) = item {
            *column = adapter.adapt(column)?;
        }
    }
    Ok(Some(Rc::new(adapted)))
}

/// The first `width` columns of `from`.
fn selected(from: &FromClause, width: usize, cx: &Cx) -> Result<Vec<SelectItem>> {
    let columns = from.columns(cx)?.into_iter().take(width);
    Ok(columns
        .map(|(_, column)| SelectItem::Column(column))
        .collect())
}

fn sum(limit: &ColumnElement, offset: &ColumnElement, cx: &Cx) -> Result<ColumnElement> {
    let offset = Value::object(offset.clone());
    operate(&Op::Add, limit, &offset, false, Modifiers::default(), cx)
}

fn compared(op: &Op, name: &str, value: &ColumnElement, cx: &Cx) -> Result<ColumnElement> {
    let left = ColumnElement::literal_column(name);
    let value = Value::object(value.clone());
    operate(op, &left, &value, false, Modifiers::default(), cx)
}
