//! What a query becomes as part of another: statement, subquery, EXISTS, a query of itself.

use super::Query;
use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::object::{Cx, Result};
use crate::orm::compile_state::CompileState;
use crate::sql::{
    ColumnElement, CompoundKeyword, CompoundSelect, FromClause, FromItem, LabelStyle, Select,
    SelectData, SelectItem, SelectStatement,
};

impl Query {
    /// `statement`, its parameters not yet put in.
    pub fn statement(&self, cx: &Cx) -> Result<Select> {
        let select = self.select(true, cx)?;
        if self.data().base_alias {
            return Ok(CompileState::compile(&select, true, cx)?.select);
        }
        Ok(select)
    }
    /// `statement` of a query that is a SELECT of its own.
    pub fn select_statement(&self, cx: &Cx) -> Result<Select> {
        if cx.compat().is_20() && self.clauses().from_statement.is_some() {
            return Err(INVALID_REQUEST_ERROR
                .error("Can't call this method on a Query that uses from_statement()"));
        }
        self.statement(cx)
    }
    /// As an element of another statement.
    pub fn clause_element(&self, cx: &Cx) -> Result<Select> {
        self.enable_eagerloads(false)
            .set_label_style(LabelStyle::TablenamePlusCol)
            .statement(cx)
    }
    /// `exists()`.
    pub fn exists(&self, cx: &Cx) -> Result<ColumnElement> {
        let one = SelectItem::Column(ColumnElement::literal_column("1"));
        let inner = self
            .enable_eagerloads(false)
            .add_items(vec![one.clone()])
            .set_label_style(LabelStyle::TablenamePlusCol)
            .select_statement(cx)?;
        let first = self.first_entity();
        let inner = inner.with_only(vec![one]).with(|data| {
            if let Some(entity) = first {
                data.from_obj.push(FromItem::Entity(entity));
            }
        });
        Ok(SelectStatement::Select(inner).exists())
    }

    /// With further columns.
    #[must_use]
    pub fn add_items(&self, items: Vec<SelectItem>) -> Self {
        self.with_clauses(|data| {
            for item in &items {
                data.adopt_item(item);
            }
            data.raw_columns.extend(items);
        })
    }
    /// With other columns.
    #[must_use]
    pub fn set_entities(&self, items: Vec<SelectItem>) -> Self {
        self.with_clauses(|data| {
            for item in &items {
                data.adopt_item(item);
            }
            data.raw_columns = items;
        })
    }
    /// `with_entities()`: with other columns; what was joined stays joined from where it was.
    #[must_use]
    pub fn with_entities(&self, items: Vec<SelectItem>) -> Self {
        self.with_clauses(SelectData::memoize_entities)
            .set_entities(items)
    }

    /// `from_self()`.
    pub fn from_self(&self, cx: &Cx) -> Result<Self> {
        let inner = self
            .set_label_style(LabelStyle::TablenamePlusCol)
            .with_clauses(|data| data.correlate = Some(Vec::new()))
            .enable_eagerloads(false)
            .statement(cx)?;
        let alias = SelectStatement::Select(inner).subquery(None, cx)?;
        Ok(self.selecting_from(FromClause::Alias(alias)))
    }
    /// `union()` and its kind.
    pub fn set_operation(
        &self,
        keyword: CompoundKeyword,
        others: Vec<SelectStatement>,
        cx: &Cx,
    ) -> Result<Self> {
        let mut all = vec![SelectStatement::Select(self.clause_element(cx)?)];
        all.extend(others);
        let compound = SelectStatement::Compound(CompoundSelect::new(keyword, all));
        let alias = compound.subquery(None, cx)?;
        Ok(self.selecting_from(FromClause::Alias(alias)))
    }
    /// A query of the same columns, of `from` instead of their tables.
    fn selecting_from(&self, from: FromClause) -> Self {
        self.with_clauses(|data| {
            data.where_criteria.clear();
            data.having_criteria.clear();
            data.order_by.clear();
            data.group_by.clear();
            data.limit = None;
            data.offset = None;
            data.setup_joins.clear();
            data.memoized.clear();
            data.distinct = false;
            data.distinct_on.clear();
            data.prefixes.clear();
            data.suffixes.clear();
            data.from_obj = vec![FromItem::From(from)];
        })
        .with(|data| {
            data.base_alias = true;
            data.adapts_all = true;
            data.criteria = false;
            data.joinpoint_reset = false;
        })
    }
    /// `select_entity_from(from)`.
    #[must_use]
    pub fn select_entity_from(&self, from: FromItem) -> Self {
        self.with_clauses(|data| data.from_obj = vec![from])
            .with(|data| {
                data.base_alias = true;
                data.criteria = false;
            })
    }
    /// `select_from(*froms)`.
    #[must_use]
    pub fn select_from(&self, froms: Vec<FromItem>) -> Self {
        let select = self.data().select.with(|data| {
            data.from_obj.clear();
        });
        let select = select.select_from(froms);
        self.with(|data| {
            data.select = select;
            data.base_alias = false;
        })
    }
}
