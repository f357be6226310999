//! What constructs consist of, as walks see it: `get_children()` and `__visit_name__`.

use std::rc::Rc;

use super::operators::value;
use crate::object::{Cx, Result, Value};
use crate::sql::coercions::{executable_of, statement_of};
use crate::sql::operators::Operator;
use crate::sql::{
    Alias, AliasKind, AliasedElement, ColumnElement, CustomKind, Executable, FromClause, FromItem,
    JoinTarget, OnClause, Select, SelectItem, SelectStatement, SyntaxForm,
};

/// `__visit_name__`.
pub fn visit_name(of: &Value) -> &'static str {
    if let Some(element) = of.downcast::<ColumnElement>() {
        return element_name(element);
    }
    if let Some(from) = of.downcast::<FromClause>() {
        return from_name(from);
    }
    match executable_of(of) {
        Some(Executable::Select(_)) => "select",
        Some(Executable::Compound(_)) => "compound_select",
        Some(Executable::TextualSelect(_)) => "textual_select",
        Some(Executable::Insert(_)) => "insert",
        Some(Executable::Update(_)) => "update",
        Some(Executable::Delete(_)) => "delete",
        _ => "clause",
    }
}

fn element_name(element: &ColumnElement) -> &'static str {
    match element.plain() {
        ColumnElement::Column(_) | ColumnElement::ColumnClause(_) | ColumnElement::Proxy(_) => {
            "column"
        }
        ColumnElement::Bind(_) => "bindparam",
        ColumnElement::Binary(_) => "binary",
        ColumnElement::Unary(_) | ColumnElement::AsBoolean(_) | ColumnElement::Exists(_) => "unary",
        ColumnElement::ClauseList(list) if list.operator == Operator::Comma => "clauselist",
        ColumnElement::ClauseList(_) if Cx::current().compat().is_14() => "clauselist",
        ColumnElement::ClauseList(_) => "expression_clauselist",
        ColumnElement::Grouping(_) => "grouping",
        ColumnElement::Label(_) => "label",
        ColumnElement::LabelReference(_) => "label_reference",
        ColumnElement::TextualLabelReference(_) => "textual_label_reference",
        ColumnElement::Function(_) => "function",
        ColumnElement::Over(_) => "over",
        ColumnElement::FunctionFilter(_) => "funcfilter",
        ColumnElement::WithinGroup(_) => "withingroup",
        ColumnElement::Case(_) => "case",
        ColumnElement::Cast(cast) if cast.is_try => "try_cast",
        ColumnElement::Cast(_) => "cast",
        ColumnElement::TypeCoerce(_) => "type_coerce",
        ColumnElement::Extract(_) => "extract",
        ColumnElement::Collation(_) => "collation",
        ColumnElement::Null => "null",
        ColumnElement::True => "true",
        ColumnElement::False => "false",
        ColumnElement::Text(_) => "textclause",
        ColumnElement::ScalarSelect(_) => "grouping",
        ColumnElement::Tuple(_) => "tuple",
        ColumnElement::TableValued(_) => "table_valued_column",
        ColumnElement::ScalarFunctionColumn(_) => "scalar_function_column",
        ColumnElement::Custom(custom) => match custom.kind {
            CustomKind::Function => "function",
            CustomKind::Column => "column",
            CustomKind::Element => "column_element",
            CustomKind::Clause => "clause",
        },
        ColumnElement::Syntax(node) => match node.form {
            SyntaxForm::Array => "array",
            SyntaxForm::AggregateOrderBy => "aggregate_order_by",
            SyntaxForm::Slice => "slice",
        },
        ColumnElement::Annotated(_) => "column",
    }
}

fn from_name(from: &FromClause) -> &'static str {
    match from.plain() {
        FromClause::Table(_) | FromClause::TableClause(_) => "table",
        FromClause::Alias(alias) => match &alias.kind {
            AliasKind::Subquery => "subquery",
            AliasKind::Cte(_) => "cte",
            AliasKind::Lateral => "lateral",
            AliasKind::TableSample { .. } => "tablesample",
            AliasKind::TableValued { .. } => "table_valued_alias",
            AliasKind::Alias => "alias",
        },
        FromClause::Join(_) => "join",
        FromClause::Values(_) => "values",
        FromClause::Function(_) => "function",
        FromClause::Text(_) => "textclause",
        FromClause::Grouping(_) => "grouping",
        FromClause::Annotated(_) => "table",
    }
}

/// `get_children()`.
pub fn children(of: &Value, cx: &Cx) -> Result<Vec<Value>> {
    if let Some(element) = of.downcast::<ColumnElement>() {
        return Ok(element_children(element));
    }
    if let Some(from) = of.downcast::<FromClause>() {
        return Ok(from_children(from));
    }
    match statement_of(of) {
        Some(statement) => statement_children(&statement, cx),
        None => Ok(Vec::new()),
    }
}

fn element_children(element: &ColumnElement) -> Vec<Value> {
    match element.plain() {
        // The arguments of a function are a list in parentheses.
        ColumnElement::Function(function) => {
            let list = ColumnElement::list(function.args.clone(), Operator::Comma);
            vec![value(list.grouped())]
        }
        ColumnElement::Custom(custom) if custom.kind == CustomKind::Function => {
            let list = ColumnElement::list(custom.clauses.clone(), Operator::Comma);
            vec![value(list.grouped())]
        }
        ColumnElement::ScalarSelect(node) => vec![super::statement_value(&node.element)],
        ColumnElement::Exists(node) => vec![super::statement_value(&node.element)],
        ColumnElement::Text(text) => text
            .binds
            .iter()
            .map(|(_, bind)| value(ColumnElement::Bind(bind.clone())))
            .collect(),
        plain => {
            let mut found = Vec::new();
            plain.for_each_child(&mut |child| found.push(value(child.clone())));
            found
        }
    }
}

fn from_children(from: &FromClause) -> Vec<Value> {
    match from.plain() {
        FromClause::Alias(alias) => vec![aliased(alias)],
        FromClause::Join(join) => {
            let mut found = vec![
                Value::object(join.left.clone()),
                Value::object(join.right.clone()),
            ];
            found.extend(join.onclause.clone().map(value));
            found
        }
        FromClause::Grouping(inner) => vec![Value::object((**inner).clone())],
        FromClause::Function(function) => {
            element_children(&ColumnElement::Function(function.clone()))
        }
        _ => Vec::new(),
    }
}

fn aliased(alias: &Rc<Alias>) -> Value {
    match &alias.element {
        AliasedElement::From(from) => Value::object(from.clone()),
        AliasedElement::Select(statement) => super::statement_value(statement),
    }
}

fn statement_children(statement: &SelectStatement, cx: &Cx) -> Result<Vec<Value>> {
    match statement {
        SelectStatement::Select(select) => select_children(select, cx),
        SelectStatement::Compound(compound) => {
            let data = compound.data();
            let mut found: Vec<_> = data.selects.iter().map(super::statement_value).collect();
            let outer = &data.outer;
            found.extend(outer.limit.iter().cloned().map(value));
            found.extend(outer.offset.iter().cloned().map(value));
            found.extend(outer.order_by.iter().cloned().map(value));
            found.extend(outer.group_by.iter().cloned().map(value));
            Ok(found)
        }
        SelectStatement::Grouping(inner) => Ok(vec![super::statement_value(inner)]),
        SelectStatement::Textual(textual) => {
            let mut found = vec![value(ColumnElement::Text(textual.element.clone()))];
            found.extend(textual.columns.iter().cloned().map(value));
            Ok(found)
        }
        SelectStatement::Insert(_) | SelectStatement::Update(_) | SelectStatement::Delete(_) => {
            Ok(Vec::new())
        }
    }
}

fn select_children(select: &Select, cx: &Cx) -> Result<Vec<Value>> {
    let data = select.data();
    let mut found = Vec::new();
    for item in &data.raw_columns {
        found.push(match item {
            SelectItem::Column(column) => value(column.clone()),
            SelectItem::From(from) => Value::object(from.clone()),
            SelectItem::Entity(entity) => Value::object(entity.selectable(cx)?),
        });
    }
    let lists = [
        &data.where_criteria,
        &data.having_criteria,
        &data.order_by,
        &data.group_by,
    ];
    found.extend(lists.into_iter().flatten().cloned().map(value));
    for join in &data.setup_joins {
        match &join.target {
            JoinTarget::From(from) => found.push(Value::object(from.clone())),
            JoinTarget::Entity(entity) => found.push(Value::object(entity.selectable(cx)?)),
            JoinTarget::Attribute(_) => {}
        }
        if let Some(OnClause::Expression(condition)) = &join.onclause {
            found.push(value(condition.clone()));
        }
        if let Some(FromItem::From(left)) = &join.left {
            found.push(Value::object(left.clone()));
        }
    }
    found.extend(data.limit.iter().cloned().map(value));
    found.extend(data.offset.iter().cloned().map(value));
    found.extend(data.fetch.iter().map(|fetch| value(fetch.count.clone())));
    let mut froms: Vec<FromClause> = Vec::new();
    let mut add = |from: FromClause| {
        if !froms.iter().any(|known| known.same(&from)) {
            froms.push(from);
        }
    };
    for item in &data.raw_columns {
        item.from_objects(cx)?.into_iter().for_each(&mut add);
    }
    for criterion in &data.where_criteria {
        criterion.from_objects().into_iter().for_each(&mut add);
    }
    for item in &data.from_obj {
        add(crate::sql::from_of(item, cx)?);
    }
    found.extend(froms.into_iter().map(Value::object));
    Ok(found)
}
