//! Building statements: each step makes a new SELECT that shares what did not change.

use std::rc::Rc;

use super::{
    CompoundData, CompoundKeyword, CompoundSelect, Fetch, ForUpdate, FromClause, FromItem,
    JoinTarget, LabelStyle, MemoizedEntities, OnClause, Select, SelectData, SelectItem,
    SelectStatement, SetupJoin,
};
use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::object::{Cx, Raised, Result, Str, Value, attr_names};
use crate::sql::Executable;
use crate::sql::coercions;
use crate::sql::elements::{
    BindParameter, BindValue, ColumnElement, Exists, Modifiers, ScalarSelect, integer_type,
    null_type,
};
use crate::sql::entity::Entity;
use crate::sql::operators::Operator;

impl Select {
    /// `select(*items)`.
    pub fn new(items: Vec<SelectItem>, cx: &Cx) -> Result<Self> {
        let mut data = SelectData::default();
        for item in &items {
            data.adopt_item(item);
        }
        data.raw_columns = items;
        let _ = cx;
        Ok(Self(Rc::new(data)))
    }
    /// A SELECT of `data`.
    pub fn of(data: SelectData) -> Self {
        Self(Rc::new(data))
    }
    /// What it consists of.
    pub fn data(&self) -> &SelectData {
        &self.0
    }
    /// What identifies it.
    pub fn identity(&self) -> usize {
        Rc::as_ptr(&self.0) as usize
    }
    /// A copy with changes.
    #[must_use]
    pub fn with(&self, change: impl FnOnce(&mut SelectData)) -> Self {
        let mut data = (*self.0).clone();
        change(&mut data);
        Self(Rc::new(data))
    }
    /// Change it in place where nobody else holds it, else a copy.
    #[must_use]
    pub fn into_with(mut self, change: impl FnOnce(&mut SelectData)) -> Self {
        change(Rc::make_mut(&mut self.0));
        self
    }

    /// `add_columns(*items)`.
    #[must_use]
    pub fn add_columns(&self, items: Vec<SelectItem>) -> Self {
        self.with(|data| {
            for item in &items {
                data.adopt_item(item);
            }
            data.raw_columns.extend(items);
        })
    }
    /// `where(*criteria)`.
    #[must_use]
    pub fn filter(&self, criteria: Vec<ColumnElement>) -> Self {
        self.clone().into_filtered(criteria)
    }
    /// The same, in place where nobody else holds it.
    #[must_use]
    pub fn into_filtered(self, criteria: Vec<ColumnElement>) -> Self {
        self.into_with(|data| {
            for criterion in &criteria {
                data.adopt(criterion);
            }
            data.where_criteria.extend(criteria);
        })
    }
    /// `having(*criteria)`.
    #[must_use]
    pub fn having(&self, criteria: Vec<ColumnElement>) -> Self {
        self.with(|data| data.having_criteria.extend(criteria))
    }
    /// `select_from(*froms)`.
    #[must_use]
    pub fn select_from(&self, froms: Vec<FromItem>) -> Self {
        self.with(|data| {
            for from in &froms {
                if let FromItem::Entity(entity) = from {
                    data.adopt_entity(entity);
                }
            }
            data.from_obj.extend(froms);
        })
    }
    /// `join(target, onclause, isouter=, full=)`, with `left` `join_from(left, ..)`.
    #[must_use]
    pub fn join(
        &self,
        target: JoinTarget,
        onclause: Option<OnClause>,
        left: Option<FromItem>,
        isouter: bool,
        full: bool,
    ) -> Self {
        self.clone().into_joined(SetupJoin {
            target,
            onclause,
            left,
            isouter,
            full,
            legacy: None,
        })
    }
    /// The same, in place where nobody else holds it.
    #[must_use]
    pub fn into_joined(self, join: SetupJoin) -> Self {
        self.into_with(|data| {
            match &join.target {
                JoinTarget::Entity(entity) => data.adopt_entity(entity),
                JoinTarget::Attribute(_) | JoinTarget::From(_) => {}
            }
            if let Some(FromItem::Entity(entity)) = &join.left {
                data.adopt_entity(entity);
            }
            if let Some(OnClause::Expression(condition)) = &join.onclause {
                data.adopt(condition);
            }
            data.setup_joins.push(join);
        })
    }
    /// `slice(start, stop)`.
    pub fn slice(&self, start: Option<i64>, stop: Option<i64>, cx: &Cx) -> Result<Self> {
        let (limit, offset) = make_slice(
            self.0.limit.as_ref(),
            self.0.offset.as_ref(),
            start,
            stop,
            cx,
        )?;
        Ok(self.with(|data| {
            data.fetch = None;
            data.limit = limit;
            data.offset = offset;
        }))
    }
    /// `distinct(*on)`.
    #[must_use]
    pub fn distinct(&self, on: Vec<ColumnElement>) -> Self {
        self.with(|data| {
            data.distinct = true;
            data.distinct_on.extend(on);
        })
    }
    /// `limit(n)`.
    #[must_use]
    pub fn limit(&self, limit: Option<ColumnElement>) -> Self {
        self.with(|data| {
            data.fetch = None;
            data.limit = limit;
        })
    }
    /// `fetch(n)`.
    #[must_use]
    pub fn fetch(&self, fetch: Option<Fetch>) -> Self {
        self.with(|data| {
            data.limit = None;
            data.fetch = fetch;
        })
    }
    /// `with_for_update(..)`.
    #[must_use]
    pub fn with_for_update(&self, for_update: ForUpdate) -> Self {
        self.with(|data| data.for_update = Some(Rc::new(for_update)))
    }
    /// `set_label_style(style)`.
    #[must_use]
    pub fn set_label_style(&self, style: LabelStyle) -> Self {
        if self.0.label_style == style {
            return self.clone();
        }
        self.with(|data| data.label_style = style)
    }

    /// The entity whose attributes `filter_by()` names, or the FROM element.
    fn filter_by_target(&self, cx: &Cx) -> Result<Option<FromItem>> {
        if let Some(subject) = &self.0.subject
            && let Some(entity) = subject.plugin().filter_by_entity(self, cx)?
        {
            return Ok(Some(FromItem::Entity(entity)));
        }
        if let Some(last) = self.0.setup_joins.last() {
            return Ok(match &last.target {
                JoinTarget::From(from) => Some(FromItem::From(from.clone())),
                JoinTarget::Entity(entity) => Some(FromItem::Entity(entity.clone())),
                JoinTarget::Attribute(_) => None,
            });
        }
        if let Some(first) = self.0.from_obj.first() {
            return Ok(Some(first.clone()));
        }
        Ok(match self.0.raw_columns.first() {
            Some(SelectItem::Column(column)) => column
                .table()
                .or_else(|| column.from_objects().into_iter().next()),
            Some(SelectItem::From(from)) => Some(from.clone()),
            Some(SelectItem::Entity(entity)) => {
                return Ok(Some(FromItem::Entity(entity.clone())));
            }
            None => None,
        }
        .map(FromItem::From))
    }

    /// `filter_by(**criteria)`.
    pub fn filter_by(&self, criteria: &[(Str, Value)], cx: &Cx) -> Result<Self> {
        let target = self.filter_by_target(cx)?;
        let shown = |target: &FromItem| {
            if let Some(join) = self.0.setup_joins.last() {
                return match (&join.target, target) {
                    (JoinTarget::Attribute(_), FromItem::Entity(entity)) => entity.text(cx),
                    _ => namespace_text(target, cx),
                };
            }
            match self.0.raw_columns.first() {
                Some(SelectItem::Column(column)) if self.0.from_obj.is_empty() => {
                    cx.str(&Value::object(column.clone())).unwrap_or_default()
                }
                _ => namespace_text(target, cx),
            }
        };
        let criteria = criteria
            .iter()
            .map(|(name, value)| {
                let attribute = namespace_attribute(target.as_ref(), name, shown, cx)?;
                coercions::equals(&attribute, value, cx)
            })
            .collect::<Result<_>>()?;
        Ok(self.filter(criteria))
    }
}

/// How errors name what `filter_by()` looks attributes up in.
pub fn namespace_text(target: &FromItem, cx: &Cx) -> String {
    let from = match target {
        FromItem::From(from) => Ok(from.clone()),
        FromItem::Entity(entity) => entity.selectable(cx),
    };
    from.and_then(|from| cx.str(&Value::object(from)))
        .unwrap_or_default()
}

/// The attribute that `filter_by(name=..)` compares; `shown` names the target in errors.
pub fn namespace_attribute(
    target: Option<&FromItem>,
    name: &str,
    shown: impl FnOnce(&FromItem) -> String,
    cx: &Cx,
) -> Result<Value> {
    let Some(target) = target else {
        return Err(no_property("None", name));
    };
    match target {
        FromItem::Entity(entity) => {
            if let Some(value) = entity.entity_attribute(name, cx)? {
                return Ok(value);
            }
            let known = attr_names(&entity.value(), cx);
            let raised = no_property(&shown(target), name);
            Err(raised.misspelt(name, known.iter().map(String::as_str)))
        }
        FromItem::From(from) => {
            let column = match from.plain() {
                // The columns of a join are known by their plain keys here.
                FromClause::Join(join) => match join.left.column(name, cx)? {
                    Some(column) => Some(column),
                    None => join.right.column(name, cx)?,
                },
                _ => from.column(name, cx)?,
            };
            match column {
                Some(column) => Ok(Value::object(column)),
                None => Err(no_property(&shown(target), name)),
            }
        }
    }
}

fn no_property(entity: &str, name: &str) -> Raised {
    INVALID_REQUEST_ERROR.error(format!(
        "Entity namespace for \"{entity}\" has no property \"{name}\""
    ))
}

impl Select {
    /// `with_only_columns(*items)`; joins stay joined from where they were.
    #[must_use]
    pub fn with_only(&self, items: Vec<SelectItem>) -> Self {
        self.with(|data| {
            data.memoize_entities();
            for item in &items {
                data.adopt_item(item);
            }
            data.raw_columns = items;
        })
    }
}

impl SelectData {
    /// Put what is selected, joined and loaded aside: other columns are to be selected.
    pub fn memoize_entities(&mut self) {
        if self.setup_joins.is_empty() && self.options.is_empty() {
            return;
        }
        self.memoized.push(Rc::new(MemoizedEntities {
            raw_columns: std::mem::take(&mut self.raw_columns),
            setup_joins: std::mem::take(&mut self.setup_joins),
            options: std::mem::take(&mut self.options),
        }));
    }
    /// Note the ORM entity that `item` brings.
    pub fn adopt_item(&mut self, item: &SelectItem) {
        match item {
            SelectItem::Entity(entity) => self.adopt_entity(entity),
            SelectItem::Column(column) => self.adopt(column),
            SelectItem::From(from) => {
                if let FromClause::Annotated(annotated) = from
                    && let Some(entity) = annotated.annotations.entity()
                {
                    self.adopt_entity(entity);
                }
            }
        }
    }
    /// Note the ORM entity that `element` speaks of.
    pub fn adopt(&mut self, element: &ColumnElement) {
        if self.subject.is_none() {
            self.subject = element.plugin_subject();
        }
    }
    fn adopt_entity(&mut self, entity: &Rc<dyn Entity>) {
        if self.subject.is_none() {
            self.subject = Some(entity.clone());
        }
    }
}

impl ColumnElement {
    /// The ORM entity that the expression speaks of, if any.
    pub fn plugin_subject(&self) -> Option<Rc<dyn Entity>> {
        if let Some(entity) = self.annotations().and_then(|notes| notes.entity()) {
            return Some(entity.clone());
        }
        let mut found = None;
        self.for_each_child(&mut |child| {
            if found.is_none() {
                found = child.plugin_subject();
            }
        });
        found
    }
}

/// LIMIT and OFFSET for rows `start` to `stop` of what they already let through.
pub fn make_slice(
    limit: Option<&ColumnElement>,
    offset: Option<&ColumnElement>,
    start: Option<i64>,
    stop: Option<i64>,
    cx: &Cx,
) -> Result<(Option<ColumnElement>, Option<ColumnElement>)> {
    let bind = |number: i64| {
        BindParameter::anonymous(None, BindValue::Value(Value::Int(number)), integer_type())
            .element()
    };
    let plus = |known: Option<&ColumnElement>, more: i64| -> Result<ColumnElement> {
        match known {
            None => Ok(bind(more)),
            Some(ColumnElement::Bind(known)) => match known.effective_value(cx)?.as_int() {
                Some(number) => Ok(bind(number.saturating_add(more))),
                None => Ok(bind(more)),
            },
            Some(known) => crate::sql::operate::operate(
                &Operator::Add,
                known,
                &Value::Int(more),
                false,
                Modifiers::default(),
                cx,
            ),
        }
    };
    let mut offset = offset.cloned();
    let limit = match (start, stop) {
        (Some(start), Some(stop)) => {
            offset = Some(plus(offset.as_ref(), start)?);
            Some(bind(stop.saturating_sub(start)))
        }
        (None, Some(stop)) => Some(bind(stop)),
        (Some(start), None) => {
            offset = Some(plus(offset.as_ref(), start)?);
            limit.cloned()
        }
        (None, None) => limit.cloned(),
    };
    if start == Some(0)
        && let Some(ColumnElement::Bind(known)) = &offset
        && known.effective_value(cx)?.as_int() == Some(0)
    {
        offset = None;
    }
    Ok((limit, offset))
}

impl CompoundSelect {
    /// A set operation of `selects`.
    pub fn new(keyword: CompoundKeyword, selects: Vec<SelectStatement>) -> Self {
        let selects = selects
            .into_iter()
            .map(|select| select.as_member())
            .collect();
        Self(Rc::new(CompoundData {
            keyword,
            selects,
            outer: SelectData::default(),
        }))
    }
    /// What it consists of.
    pub fn data(&self) -> &CompoundData {
        &self.0
    }
    /// What identifies it.
    pub fn identity(&self) -> usize {
        Rc::as_ptr(&self.0) as usize
    }
    /// A copy with changes to what applies to the whole.
    #[must_use]
    pub fn with(&self, change: impl FnOnce(&mut SelectData)) -> Self {
        let mut data = (*self.0).clone();
        change(&mut data.outer);
        Self(Rc::new(data))
    }
    /// A compound of `data`.
    pub fn of(data: CompoundData) -> Self {
        Self(Rc::new(data))
    }
}

impl SelectStatement {
    /// As a member of a set operation: in parentheses where it has a LIMIT or ORDER BY, or is
    /// a compound itself.
    fn as_member(&self) -> Self {
        match self {
            Self::Select(select) => {
                let data = select.data();
                if data.has_row_limit() || !data.order_by.is_empty() {
                    Self::Grouping(Rc::new(self.clone()))
                } else {
                    self.clone()
                }
            }
            Self::Compound(_) => Self::Grouping(Rc::new(self.clone())),
            _ => self.clone(),
        }
    }

    /// The statement itself, without parentheses.
    pub fn ungrouped(&self) -> &Self {
        match self {
            Self::Grouping(inner) => inner.ungrouped(),
            _ => self,
        }
    }

    /// What identifies it.
    pub fn identity(&self) -> usize {
        match self {
            Self::Select(select) => select.identity(),
            Self::Compound(compound) => compound.identity(),
            Self::Textual(textual) => Rc::as_ptr(textual) as usize,
            Self::Grouping(inner) => Rc::as_ptr(inner) as usize,
            Self::Insert(insert) => insert.address(),
            Self::Update(update) => update.address(),
            Self::Delete(delete) => delete.address(),
        }
    }

    /// `(SELECT ..)` as a value.
    pub fn scalar_subquery(&self, cx: &Cx) -> Result<ColumnElement> {
        let statement = self.without_labels();
        let type_ = statement
            .all_selected_columns(cx)?
            .first()
            .map_or_else(null_type, ColumnElement::type_);
        Ok(ColumnElement::ScalarSelect(Rc::new(ScalarSelect {
            element: statement,
            type_,
        })))
    }

    /// Its columns without labels.
    fn without_labels(&self) -> Self {
        match self {
            Self::Select(select) => Self::Select(select.set_label_style(LabelStyle::None)),
            Self::Compound(compound) => {
                let mut data = compound.data().clone();
                if let Some(first) = data.selects.first_mut() {
                    *first = first.without_labels();
                }
                Self::Compound(CompoundSelect::of(data))
            }
            Self::Grouping(inner) => Self::Grouping(Rc::new(inner.without_labels())),
            other => other.clone(),
        }
    }

    /// The statement as one to execute; a grouped one is none.
    pub fn executable(&self) -> Option<Executable> {
        Some(match self {
            Self::Select(select) => Executable::Select(select.clone()),
            Self::Compound(compound) => Executable::Compound(compound.clone()),
            Self::Textual(textual) => Executable::TextualSelect(textual.clone()),
            Self::Insert(insert) => Executable::Insert(insert.clone()),
            Self::Update(update) => Executable::Update(update.clone()),
            Self::Delete(delete) => Executable::Delete(delete.clone()),
            Self::Grouping(_) => return None,
        })
    }

    /// `EXISTS (SELECT ..)`.
    pub fn exists(&self) -> ColumnElement {
        ColumnElement::Exists(Rc::new(Exists {
            element: self.clone(),
        }))
    }

    /// Its columns labelled such that all can be told apart.
    #[must_use]
    pub fn disambiguated(&self) -> Self {
        match self {
            Self::Select(select) if select.data().label_style == LabelStyle::None => {
                Self::Select(select.set_label_style(LabelStyle::DisambiguateOnly))
            }
            Self::Grouping(inner) => Self::Grouping(Rc::new(inner.disambiguated())),
            Self::Compound(compound) => {
                let needs = matches!(compound.data().selects.first(), Some(Self::Select(first))
                    if first.data().label_style == LabelStyle::None);
                if !needs {
                    return self.clone();
                }
                let mut data = compound.data().clone();
                if let Some(first) = data.selects.first_mut() {
                    *first = first.disambiguated();
                }
                Self::Compound(CompoundSelect::of(data))
            }
            other => other.clone(),
        }
    }

    /// Change what SELECTs and compounds have in common: ORDER BY, LIMIT and the like.
    #[must_use]
    pub fn with(&self, change: impl FnOnce(&mut SelectData)) -> Self {
        match self {
            Self::Select(select) => Self::Select(select.with(change)),
            Self::Compound(compound) => Self::Compound(compound.with(change)),
            other => other.clone(),
        }
    }
}

impl SelectData {
    /// Whether LIMIT, OFFSET or FETCH is given.
    pub fn has_row_limit(&self) -> bool {
        self.limit.is_some() || self.offset.is_some() || self.fetch.is_some()
    }
}
