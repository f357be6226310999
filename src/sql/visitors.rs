//! Walking and rewriting expressions: correspondence of columns, replacement, adaption of one
//! FROM element's columns to another's.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::elements::{
    AsBoolean, BinaryExpression, Case, Cast, ClauseList, ColumnElement, Exists, Extract, Function,
    FunctionFilter, Grouping, Label, Over, ProxyColumn, ScalarFunctionColumn, ScalarSelect, Syntax,
    TableValuedColumn, Tuple, TypeCoerce, UnaryExpression, WithinGroup,
};
use super::selectable::{
    Alias, AliasedElement, AnnotatedFrom, CompoundSelect, FromClause, FromItem, Join, JoinTarget,
    MemoizedEntities, OnClause, Select, SelectItem, SelectStatement, SetupJoin,
};
use crate::object::{Cx, Result};

/// The column of `from` that is, or stands for the same as, `column`.
pub fn corresponding_column(
    from: &FromClause,
    column: &ColumnElement,
    require_embedded: bool,
    cx: &Cx,
) -> Result<Option<ColumnElement>> {
    if let (FromClause::Table(table), ColumnElement::Column(known)) = (from.plain(), column.plain())
        && known.belongs_to(table)
    {
        return Ok(Some(column.plain().clone()));
    }
    Ok(corresponding_of(
        &from.column_list(cx)?,
        column,
        require_embedded,
    ))
}

/// The one of `columns` that is, or stands for the same as, `column`.
pub fn corresponding_of(
    columns: &[ColumnElement],
    column: &ColumnElement,
    require_embedded: bool,
) -> Option<ColumnElement> {
    if let Some(own) = columns.iter().find(|own| own.same(column)) {
        return Some(own.clone());
    }
    let target = column.proxy_set();
    let mut best: Option<(&ColumnElement, usize, usize)> = None;
    for candidate in columns {
        let own = candidate.proxy_set();
        let common = target.iter().filter(|id| own.contains(id)).count();
        if common == 0 || (require_embedded && common < target.len()) {
            continue;
        }
        // More in common is better; then, the one with the shorter way to it.
        let better = best
            .is_none_or(|(_, known, len)| common > known || (common == known && own.len() < len));
        if better {
            best = Some((candidate, common, own.len()));
        }
    }
    best.map(|(column, _, _)| column.clone())
}

/// Call `visit` for `element` and every expression inside it, subqueries included.
pub fn traverse(element: &ColumnElement, visit: &mut dyn FnMut(&ColumnElement)) {
    visit(element);
    match element.plain() {
        ColumnElement::ScalarSelect(node) => traverse_statement(&node.element, visit),
        ColumnElement::Exists(node) => traverse_statement(&node.element, visit),
        _ => element.for_each_child(&mut |child| traverse(child, visit)),
    }
}

fn traverse_statement(statement: &SelectStatement, visit: &mut dyn FnMut(&ColumnElement)) {
    match statement {
        SelectStatement::Select(select) => {
            let data = select.data();
            for item in &data.raw_columns {
                if let SelectItem::Column(column) = item {
                    traverse(column, visit);
                }
            }
            for element in data
                .where_criteria
                .iter()
                .chain(&data.having_criteria)
                .chain(&data.group_by)
                .chain(&data.order_by)
                .chain(&data.limit)
                .chain(&data.offset)
            {
                traverse(element, visit);
            }
        }
        SelectStatement::Compound(compound) => {
            for member in &compound.data().selects {
                traverse_statement(member, visit);
            }
        }
        SelectStatement::Grouping(inner) => traverse_statement(inner, visit),
        _ => {}
    }
}

/// What a rewrite puts in the place of what it meets; `None`: look inside.
pub trait Replacement {
    /// In place of an expression.
    fn element(&self, element: &ColumnElement) -> Result<Option<ColumnElement>>;
    /// In place of a FROM element.
    fn from(&self, _from: &FromClause) -> Result<Option<FromClause>> {
        Ok(None)
    }
}

impl<F: Fn(&ColumnElement) -> Result<Option<ColumnElement>>> Replacement for F {
    fn element(&self, element: &ColumnElement) -> Result<Option<ColumnElement>> {
        self(element)
    }
}

/// `element` with the replacements of `with` inside; nodes without any stay the same node.
pub fn replace(element: &ColumnElement, with: &dyn Replacement) -> Result<ColumnElement> {
    if let Some(replaced) = with.element(element)? {
        return Ok(replaced);
    }
    if is_annotated_column(element) {
        return Ok(element.clone());
    }
    let mut changed = false;
    element_changed(element, with, &mut changed)?;
    match changed {
        true => rebuilt(element, with),
        false => Ok(element.clone()),
    }
}

/// The same kind of node with the replacements inside.
fn rebuilt(element: &ColumnElement, with: &dyn Replacement) -> Result<ColumnElement> {
    let go = |inner: &ColumnElement| replace(inner, with);
    let go_opt = |inner: &Option<ColumnElement>| inner.as_ref().map(go).transpose();
    let go_all = |inner: &[ColumnElement]| inner.iter().map(go).collect::<Result<Vec<_>>>();
    Ok(match element {
        ColumnElement::Annotated(node) => {
            let inner = go(&node.element)?;
            inner.annotate(node.annotations.clone())
        }
        ColumnElement::Binary(node) => ColumnElement::Binary(Rc::new(BinaryExpression {
            left: go(&node.left)?,
            right: go(&node.right)?,
            operator: node.operator.clone(),
            negate: node.negate.clone(),
            type_: node.type_.clone(),
            modifiers: node.modifiers.clone(),
            is_implicitly_boolean: node.is_implicitly_boolean,
        })),
        ColumnElement::Unary(node) => ColumnElement::Unary(Rc::new(UnaryExpression {
            element: go(&node.element)?,
            operator: node.operator.clone(),
            modifier: node.modifier.clone(),
            type_: node.type_.clone(),
            wraps_column_expression: node.wraps_column_expression,
        })),
        ColumnElement::AsBoolean(node) => ColumnElement::AsBoolean(Rc::new(AsBoolean {
            element: go(&node.element)?,
            operator: node.operator.clone(),
            negate: node.negate.clone(),
        })),
        ColumnElement::ClauseList(node) => ColumnElement::ClauseList(Rc::new(ClauseList {
            clauses: go_all(&node.clauses)?,
            ..(**node).clone()
        })),
        ColumnElement::Grouping(node) => ColumnElement::Grouping(Rc::new(Grouping {
            element: go(&node.element)?,
            type_: node.type_.clone(),
        })),
        ColumnElement::Label(node) => ColumnElement::Label(Rc::new(Label {
            name: node.name.clone(),
            element: go(&node.element)?,
            type_: node.type_.clone(),
        })),
        ColumnElement::LabelReference(node) => ColumnElement::LabelReference(Rc::new(go(node)?)),
        ColumnElement::Function(node) => ColumnElement::Function(Rc::new(Function {
            args: go_all(&node.args)?,
            ..(**node).clone()
        })),
        ColumnElement::Over(node) => ColumnElement::Over(Rc::new(Over {
            element: go(&node.element)?,
            partition_by: go_opt(&node.partition_by)?,
            order_by: go_opt(&node.order_by)?,
            frame: node.frame.clone(),
        })),
        ColumnElement::FunctionFilter(node) => {
            ColumnElement::FunctionFilter(Rc::new(FunctionFilter {
                function: go(&node.function)?,
                criterion: go_opt(&node.criterion)?,
            }))
        }
        ColumnElement::WithinGroup(node) => ColumnElement::WithinGroup(Rc::new(WithinGroup {
            element: go(&node.element)?,
            order_by: go_opt(&node.order_by)?,
            type_: node.type_.clone(),
        })),
        ColumnElement::Case(node) => ColumnElement::Case(Rc::new(Case {
            value: go_opt(&node.value)?,
            whens: node
                .whens
                .iter()
                .map(|(condition, result)| Ok((go(condition)?, go(result)?)))
                .collect::<Result<_>>()?,
            else_: go_opt(&node.else_)?,
            type_: node.type_.clone(),
        })),
        ColumnElement::Cast(node) => ColumnElement::Cast(Rc::new(Cast {
            clause: go(&node.clause)?,
            type_: node.type_.clone(),
            is_try: node.is_try,
        })),
        ColumnElement::TypeCoerce(node) => ColumnElement::TypeCoerce(Rc::new(TypeCoerce {
            clause: go(&node.clause)?,
            type_: node.type_.clone(),
        })),
        ColumnElement::Extract(node) => ColumnElement::Extract(Rc::new(Extract {
            field: node.field.clone(),
            expr: go(&node.expr)?,
        })),
        ColumnElement::Tuple(node) => ColumnElement::Tuple(Rc::new(Tuple {
            clauses: go_all(&node.clauses)?,
            types: node.types.clone(),
        })),
        ColumnElement::Custom(_) => element.clone(),
        ColumnElement::Syntax(node) => ColumnElement::Syntax(Rc::new(Syntax {
            form: node.form,
            clauses: go_all(&node.clauses)?,
            type_: node.type_.clone(),
        })),
        ColumnElement::ScalarFunctionColumn(node) => {
            ColumnElement::ScalarFunctionColumn(Rc::new(ScalarFunctionColumn {
                function: go(&node.function)?,
                name: node.name.clone(),
                type_: node.type_.clone(),
            }))
        }
        ColumnElement::ScalarSelect(node) => ColumnElement::ScalarSelect(Rc::new(ScalarSelect {
            element: replace_statement(&node.element, with)?,
            type_: node.type_.clone(),
        })),
        ColumnElement::Exists(node) => ColumnElement::Exists(Rc::new(Exists {
            element: replace_statement(&node.element, with)?,
        })),
        ColumnElement::TableValued(node) => {
            ColumnElement::TableValued(Rc::new(TableValuedColumn {
                from: replace_from(&node.from, with)?,
                type_: node.type_.clone(),
            }))
        }
        ColumnElement::Column(_)
        | ColumnElement::ColumnClause(_)
        | ColumnElement::Proxy(_)
        | ColumnElement::Bind(_)
        | ColumnElement::TextualLabelReference(_)
        | ColumnElement::Collation(_)
        | ColumnElement::Null
        | ColumnElement::True
        | ColumnElement::False
        | ColumnElement::Text(_) => element.clone(),
    })
}

/// A column with annotations is one with them: it is not asked for again without.
fn is_annotated_column(element: &ColumnElement) -> bool {
    matches!(element, ColumnElement::Annotated(node) if node.element.is_named_column())
}

/// Whether a replacement happens anywhere inside; subqueries count as changed.
fn element_changed(
    element: &ColumnElement,
    with: &dyn Replacement,
    changed: &mut bool,
) -> Result<()> {
    match element {
        ColumnElement::ScalarSelect(_)
        | ColumnElement::Exists(_)
        | ColumnElement::TableValued(_) => {
            *changed = true;
            return Ok(());
        }
        _ => {}
    }
    let mut failed = None;
    element.for_each_child(&mut |child| {
        if *changed || failed.is_some() {
            return;
        }
        match with.element(child) {
            Ok(Some(replaced)) => *changed = !same_handle(&replaced, child),
            Ok(None) if is_annotated_column(child) => {}
            Ok(None) => {
                if let Err(raised) = element_changed(child, with, changed) {
                    failed = Some(raised);
                }
            }
            Err(raised) => failed = Some(raised),
        }
    });
    match failed {
        Some(raised) => Err(raised),
        None => Ok(()),
    }
}

/// The same node with the same annotations.
fn same_handle(a: &ColumnElement, b: &ColumnElement) -> bool {
    match (a, b) {
        (ColumnElement::Annotated(a), ColumnElement::Annotated(b)) => Rc::ptr_eq(a, b),
        (ColumnElement::Annotated(_), _) | (_, ColumnElement::Annotated(_)) => false,
        _ => a.same(b),
    }
}

/// `from` with the replacements of `with` inside.
pub fn replace_from(from: &FromClause, with: &dyn Replacement) -> Result<FromClause> {
    if let Some(replaced) = with.from(from)? {
        return Ok(replaced);
    }
    Ok(match from {
        FromClause::Join(join) => FromClause::Join(Rc::new(Join {
            left: replace_from(&join.left, with)?,
            right: replace_from(&join.right, with)?,
            onclause: join
                .onclause
                .as_ref()
                .map(|condition| replace(condition, with))
                .transpose()?,
            isouter: join.isouter,
            full: join.full,
        })),
        FromClause::Grouping(inner) => FromClause::Grouping(Rc::new(replace_from(inner, with)?)),
        FromClause::Annotated(inner) => FromClause::Annotated(Rc::new(AnnotatedFrom {
            element: replace_from(&inner.element, with)?,
            annotations: inner.annotations.clone(),
        })),
        other => other.clone(),
    })
}

/// `statement` with the replacements of `with` inside.
pub fn replace_statement(
    statement: &SelectStatement,
    with: &dyn Replacement,
) -> Result<SelectStatement> {
    Ok(match statement {
        SelectStatement::Select(select) => SelectStatement::Select(replace_select(select, with)?),
        SelectStatement::Compound(compound) => {
            let mut data = compound.data().clone();
            data.selects = data
                .selects
                .iter()
                .map(|member| replace_statement(member, with))
                .collect::<Result<_>>()?;
            SelectStatement::Compound(CompoundSelect::of(data))
        }
        SelectStatement::Grouping(inner) => {
            SelectStatement::Grouping(Rc::new(replace_statement(inner, with)?))
        }
        other => other.clone(),
    })
}

/// `select` with the replacements of `with` inside.
pub fn replace_select(select: &Select, with: &dyn Replacement) -> Result<Select> {
    let mut data = select.data().clone();
    let all = |elements: &[ColumnElement]| {
        elements
            .iter()
            .map(|element| replace(element, with))
            .collect::<Result<Vec<_>>>()
    };
    for item in &mut data.raw_columns {
        *item = match &*item {
            SelectItem::Column(column) => SelectItem::Column(replace(column, with)?),
            SelectItem::From(from) => SelectItem::From(replace_from(from, with)?),
            SelectItem::Entity(entity) => SelectItem::Entity(entity.clone()),
        };
    }
    let froms = |items: &mut Vec<FromItem>| -> Result<()> {
        for item in items {
            if let FromItem::From(from) = item {
                *item = FromItem::From(replace_from(from, with)?);
            }
        }
        Ok(())
    };
    froms(&mut data.from_obj)?;
    if let Some(correlate) = &mut data.correlate {
        froms(correlate)?;
    }
    if let Some(except) = &mut data.correlate_except {
        froms(except)?;
    }
    replace_joins(&mut data.setup_joins, with)?;
    for memoized in &mut data.memoized {
        let mut setup_joins = memoized.setup_joins.clone();
        replace_joins(&mut setup_joins, with)?;
        *memoized = Rc::new(MemoizedEntities {
            raw_columns: memoized.raw_columns.clone(),
            setup_joins,
            options: memoized.options.clone(),
        });
    }
    data.where_criteria = all(&data.where_criteria)?;
    data.having_criteria = all(&data.having_criteria)?;
    data.group_by = all(&data.group_by)?;
    data.order_by = all(&data.order_by)?;
    data.distinct_on = all(&data.distinct_on)?;
    data.limit = data.limit.map(|limit| replace(&limit, with)).transpose()?;
    data.offset = data
        .offset
        .map(|offset| replace(&offset, with))
        .transpose()?;
    Ok(Select::of(data))
}

fn replace_joins(joins: &mut [SetupJoin], with: &dyn Replacement) -> Result<()> {
    for join in joins {
        if let JoinTarget::From(from) = &join.target {
            join.target = JoinTarget::From(replace_from(from, with)?);
        }
        if let Some(OnClause::Expression(condition)) = &join.onclause {
            join.onclause = Some(OnClause::Expression(replace(condition, with)?));
        }
    }
    Ok(())
}

/// Turns columns of one FROM element into those of another that stands for it.
pub struct ClauseAdapter {
    /// The FROM element whose columns are put in.
    pub selectable: FromClause,
    columns: Vec<ColumnElement>,
    equivalents: FxHashMap<usize, Vec<ColumnElement>>,
    include: Option<Box<dyn Fn(&ColumnElement) -> bool>>,
    exclude: Option<Box<dyn Fn(&ColumnElement) -> bool>>,
}

impl ClauseAdapter {
    /// Adapt to `selectable`.
    pub fn new(selectable: FromClause, cx: &Cx) -> Result<Self> {
        Ok(Self {
            columns: selectable.column_list(cx)?,
            selectable,
            equivalents: FxHashMap::default(),
            include: None,
            exclude: None,
        })
    }
    /// Let columns that are equated by inheritance stand for each other.
    #[must_use]
    pub fn with_equivalents(mut self, pairs: Vec<(ColumnElement, Vec<ColumnElement>)>) -> Self {
        for (column, others) in pairs {
            self.equivalents.insert(column.identity(), others);
        }
        self
    }
    /// Adapt only what `include` accepts.
    #[must_use]
    pub fn including(mut self, include: impl Fn(&ColumnElement) -> bool + 'static) -> Self {
        self.include = Some(Box::new(include));
        self
    }
    /// Adapt nothing that `exclude` accepts.
    #[must_use]
    pub fn excluding(mut self, exclude: impl Fn(&ColumnElement) -> bool + 'static) -> Self {
        self.exclude = Some(Box::new(exclude));
        self
    }
    /// The column in place of `column`, if it has one.
    pub fn column(&self, column: &ColumnElement) -> Option<ColumnElement> {
        if column
            .annotations()
            .is_some_and(|notes| notes.no_replacement_traverse)
        {
            return None;
        }
        if self
            .include
            .as_ref()
            .is_some_and(|accepts| !accepts(column))
            || self.exclude.as_ref().is_some_and(|accepts| accepts(column))
        {
            return None;
        }
        self.corresponding(column, &mut Vec::new())
    }

    /// The column of the selectable that is called `name`.
    pub fn column_named(&self, name: &str) -> Option<ColumnElement> {
        let found = self.columns.iter().find(|column| {
            let own = column.key();
            own.and_then(|own| own.text().cloned())
                .is_some_and(|own| own == *name)
        });
        found.cloned()
    }

    fn corresponding(
        &self,
        column: &ColumnElement,
        seen: &mut Vec<usize>,
    ) -> Option<ColumnElement> {
        if let Some(found) = corresponding_of(&self.columns, column, true) {
            return Some(found);
        }
        let equivalents = self.equivalents.get(&column.identity())?;
        for other in equivalents {
            if seen.contains(&other.identity()) {
                continue;
            }
            seen.push(other.identity());
            if let Some(found) = self.corresponding(other, seen) {
                return Some(found);
            }
        }
        None
    }
    /// `element` adapted.
    pub fn adapt(&self, element: &ColumnElement) -> Result<ColumnElement> {
        replace(element, self)
    }
    /// Each of `elements` adapted.
    pub fn adapt_list(&self, elements: &[ColumnElement]) -> Result<Vec<ColumnElement>> {
        elements.iter().map(|element| self.adapt(element)).collect()
    }
}

impl Replacement for ClauseAdapter {
    fn element(&self, element: &ColumnElement) -> Result<Option<ColumnElement>> {
        if let Some(notes) = element.annotations()
            && notes.no_replacement_traverse
        {
            return Ok(Some(element.clone()));
        }
        if !element.is_column() {
            return Ok(None);
        }
        Ok(self.column(element).map(|found| match (element, &found) {
            // What was noted on the column holds for the one in its place.
            (ColumnElement::Annotated(node), found) => found.annotate(node.annotations.clone()),
            _ => found,
        }))
    }
    fn from(&self, from: &FromClause) -> Result<Option<FromClause>> {
        let own = match self.selectable.plain() {
            FromClause::Alias(alias) => match &alias.element {
                AliasedElement::From(inner) => inner.same(from),
                AliasedElement::Select(_) => false,
            },
            _ => false,
        };
        Ok(own.then(|| self.selectable.clone()))
    }
}

/// The columns of `from` as `alias` offers them, by the same keys.
pub fn proxied_columns(alias: &Rc<Alias>, cx: &Cx) -> Result<Vec<ColumnElement>> {
    let from = FromClause::Alias(alias.clone());
    Ok(alias
        .columns(cx)?
        .entries
        .iter()
        .map(|(_, data)| {
            ColumnElement::Proxy(Rc::new(ProxyColumn {
                from: from.clone(),
                data: data.clone(),
            }))
        })
        .collect())
}
