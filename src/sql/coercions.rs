//! From the values that scripts give to elements: one function a role, with the error of a value
//! that does not fit the role.

use std::cell::RefCell;
use std::rc::Rc;

use super::dml::{Delete, Insert, Update};
use super::elements::{
    BindParameter, ColumnElement, CustomKind, Modifiers, Name, Tuple, coerce_compared_value,
    integer_type, literal, null_type,
};
use super::entity::{Entity, EntityCoercion};
use super::executable::Executable;
use super::operators::Operator;
use super::selectable::{
    AliasedElement, CompoundSelect, FromClause, FromItem, JoinTarget, LabelStyle, OnClause, Select,
    SelectData, SelectItem, SelectStatement, TextClause, TextualSelect,
};
use super::types::{SqlType, type_of_value};
use crate::engine::exc::{ARGUMENT_ERROR, SA_WARNING, with_code};
use crate::object::exceptions::{ATTRIBUTE_ERROR, TYPE_ERROR, VALUE_ERROR};
use crate::object::{Cx, Raised, Result, Str, TypeSpec, Value, class_of};

/// The session's hook for ORM values.
#[derive(Default)]
pub struct Coercions {
    hook: RefCell<Option<Rc<dyn EntityCoercion>>>,
}

impl Coercions {
    /// Let `hook` coerce what is neither SQL nor a literal.
    pub fn register(&self, hook: Rc<dyn EntityCoercion>) {
        *self.hook.borrow_mut() = Some(hook);
    }
    fn hook(cx: &Cx) -> Option<Rc<dyn EntityCoercion>> {
        cx.service::<Self>().hook.borrow().clone()
    }
}

/// What a value is, as far as SQL is concerned.
pub enum Coerced {
    /// An expression.
    Element(ColumnElement),
    /// A FROM element.
    From(FromClause),
    /// A statement that returns rows.
    Statement(SelectStatement),
    /// An ORM entity.
    Entity(Rc<dyn Entity>),
    /// A plain value.
    Literal(Value),
}

/// Tell what `value` is.
pub fn coerce(value: &Value, cx: &Cx) -> Result<Coerced> {
    if let Some(element) = value.downcast::<ColumnElement>() {
        return Ok(Coerced::Element(element.clone()));
    }
    match value {
        Value::Object(_) | Value::Instance(_) | Value::Class(_) => {}
        _ => return Ok(Coerced::Literal(value.clone())),
    }
    if let Some(from) = value.downcast::<FromClause>() {
        return Ok(Coerced::From(from.clone()));
    }
    if let Some(statement) = statement_of(value) {
        return Ok(Coerced::Statement(statement));
    }
    if let Some(hook) = Coercions::hook(cx) {
        if let Some(element) = hook.element(value, cx)? {
            return Ok(Coerced::Element(element));
        }
        if let Some(entity) = hook.entity(value)? {
            return Ok(Coerced::Entity(entity));
        }
    }
    if matches!(value, Value::Object(_) | Value::Instance(_))
        && let Some(method) = clause_element_method(value, cx)?
    {
        let inner = cx.call(&method, [])?;
        if !inner.is(value) {
            let _depth = cx.enter()?;
            return coerce(&inner, cx);
        }
    }
    Ok(Coerced::Literal(value.clone()))
}

/// `__clause_element__` of a script's own class.
fn clause_element_method(value: &Value, cx: &Cx) -> Result<Option<Value>> {
    let class = class_of(value, cx);
    if class.lookup("__clause_element__").is_none() {
        return Ok(None);
    }
    cx.get_attr(value, "__clause_element__").map(Some)
}

/// The statement that `value` is.
pub fn statement_of(value: &Value) -> Option<SelectStatement> {
    if let Some(select) = value.downcast::<Select>() {
        return Some(SelectStatement::Select(select.clone()));
    }
    if let Some(compound) = value.downcast::<CompoundSelect>() {
        return Some(SelectStatement::Compound(compound.clone()));
    }
    value
        .downcast::<Rc<TextualSelect>>()
        .map(|textual| SelectStatement::Textual(textual.clone()))
}

/// Whether `value` is a plain value rather than anything of SQL.
pub fn is_literal(value: &Value, cx: &Cx) -> Result<bool> {
    Ok(matches!(coerce(value, cx)?, Coerced::Literal(_)))
}

fn expected(role: &str, value: &Value, argname: Option<&str>, cx: &Cx) -> Result<Raised> {
    expected_with(role, value, argname, "", cx)
}

fn expected_with(
    role: &str,
    value: &Value,
    argname: Option<&str>,
    advice: &str,
    cx: &Cx,
) -> Result<Raised> {
    let got = cx.repr(value)?;
    let advice = if advice.is_empty() {
        String::new()
    } else {
        format!(" {advice}")
    };
    Ok(ARGUMENT_ERROR.error(match argname {
        Some(name) => format!("{role} expected for argument '{name}'; got {got}.{advice}"),
        None => format!("{role} expected, got {got}.{advice}"),
    }))
}

/// The error for text given where SQL goes.
pub fn no_text_coercion(
    text: &str,
    argname: Option<&str>,
    class: &'static TypeSpec,
    extra: &str,
    cx: &Cx,
) -> Raised {
    let shown = cx
        .repr(&Value::str(ellipsed(text)))
        .unwrap_or_else(|_| format!("'{text}'"));
    let argname = argname.map_or_else(String::new, |name| format!("for argument {name}"));
    class.error(format!(
        "{extra}Textual SQL expression {shown} {argname}should be explicitly declared as \
         text({shown})"
    ))
}

/// Text cut to the length that messages show.
fn ellipsed(text: &str) -> String {
    if text.chars().count() <= 25 {
        return text.to_owned();
    }
    let head: String = text.chars().take(25).collect();
    format!("{head}...")
}

const EXPRESSION: &str = "SQL expression element";
const BINARY: &str = "SQL expression element or literal value";
const IN: &str = "IN expression list, SELECT construct, or bound parameter object";
const WHERE: &str = "SQL expression for WHERE/HAVING role";
const FROM: &str = "FROM expression, such as a Table or alias() object";
const JOIN: &str = "Join target, typically a FROM expression, or ORM relationship attribute";

fn columns_role(cx: &Cx) -> &'static str {
    if cx.compat().is_14() {
        "Column expression or FROM clause"
    } else {
        "Column expression, FROM clause, or other columns clause element"
    }
}

/// A statement used as a value, with the warning that it should say so.
fn implicit_scalar(statement: &SelectStatement, cx: &Cx) -> Result<ColumnElement> {
    cx.warn(
        &SA_WARNING,
        "implicitly coercing SELECT object to scalar subquery; please use the \
         .scalar_subquery() method to produce a scalar subquery.",
    );
    statement.scalar_subquery(cx)
}

/// What a value that is no expression becomes where a column expression goes: a subquery its
/// scalar form; `None`: nothing.
fn column_from(coerced: Coerced, cx: &Cx) -> Result<Option<ColumnElement>> {
    Ok(match coerced {
        Coerced::Element(element) => Some(element),
        Coerced::Statement(statement) => Some(implicit_scalar(&statement, cx)?),
        Coerced::From(from) => match from.plain() {
            FromClause::Alias(alias) => match &alias.element {
                AliasedElement::Select(statement) => Some(implicit_scalar(statement, cx)?),
                AliasedElement::From(_) => None,
            },
            _ => None,
        },
        Coerced::Entity(_) | Coerced::Literal(_) => None,
    })
}

/// What to do with a FROM element where an expression goes.
fn from_advice(coerced: &Coerced) -> &'static str {
    match coerced {
        Coerced::From(from) if matches!(from.plain(), FromClause::Values(_)) => {
            "To create a column expression from a VALUES clause, use the .scalar_values() method."
        }
        Coerced::From(_) => {
            "To create a column expression from a FROM clause row as a whole, use the \
             .table_valued() method."
        }
        _ => "",
    }
}

/// An expression; a plain value becomes a bind, `None` NULL.
pub fn expect_expression(
    value: &Value,
    type_: Option<SqlType>,
    name: Option<&str>,
    cx: &Cx,
) -> Result<ColumnElement> {
    match coerce(value, cx)? {
        Coerced::Literal(Value::None) => Ok(ColumnElement::Null),
        Coerced::Literal(value) => bind_literal(&value, type_, name, cx),
        other => {
            let advice = from_advice(&other);
            match column_from(other, cx)? {
                Some(element) => Ok(element),
                None => Err(expected_with(EXPRESSION, value, None, advice, cx)?),
            }
        }
    }
}

fn bind_literal(
    value: &Value,
    type_: Option<SqlType>,
    name: Option<&str>,
    cx: &Cx,
) -> Result<ColumnElement> {
    let element = literal(value, type_, cx)?;
    match (name, &element) {
        (Some(name), ColumnElement::Bind(bind)) => {
            Ok(
                BindParameter::anonymous(Some(name), bind.value.clone(), bind.type_.clone())
                    .element(),
            )
        }
        _ => Ok(element),
    }
}

/// The other operand of `expr op value`.
pub fn expect_binary(
    value: &Value,
    expr: &ColumnElement,
    op: &Operator,
    cx: &Cx,
) -> Result<ColumnElement> {
    match coerce(value, cx)? {
        Coerced::Literal(items @ (Value::Tuple(_) | Value::List(_)))
            if matches!(expr.plain(), ColumnElement::Tuple(_)) =>
        {
            tuple_of(expr, &items, cx)
        }
        Coerced::Literal(value) => expr
            .bind_param(op, &value, None, false, cx)
            .map(BindParameter::element),
        other => {
            let advice = from_advice(&other);
            match column_from(other, cx)? {
                Some(element) => Ok(with_binary_type(element, expr)),
                None => Err(expected_with(BINARY, value, None, advice, cx)?),
            }
        }
    }
}

/// A plain tuple beside a tuple of expressions: a bind per item, of the type beside it.
fn tuple_of(expr: &ColumnElement, items: &Value, cx: &Cx) -> Result<ColumnElement> {
    let mut clauses = Vec::new();
    let known = match expr.plain() {
        ColumnElement::Tuple(tuple) => tuple.types.clone(),
        _ => Rc::from([]),
    };
    for (at, item) in cx.collect(items)?.iter().enumerate() {
        let type_ = match known.get(at) {
            Some(type_) => coerce_compared_value(type_, &Operator::Eq, item, cx)?,
            None => type_of_value(item, cx)?,
        };
        clauses.push(literal(item, Some(type_), cx)?);
    }
    let types = clauses.iter().map(ColumnElement::type_).collect();
    Ok(ColumnElement::Tuple(Rc::new(Tuple { clauses, types })))
}

/// A bind without a type takes that of the other operand.
fn with_binary_type(element: ColumnElement, expr: &ColumnElement) -> ColumnElement {
    if let ColumnElement::Bind(bind) = &element
        && bind.type_.is_null()
    {
        let type_ = expr.type_();
        if !type_.is_null() {
            return ColumnElement::Bind(Rc::new(BindParameter {
                type_,
                ..(**bind).clone()
            }));
        }
    }
    element
}

/// The right side of IN.
pub fn expect_in(
    value: &Value,
    expr: &ColumnElement,
    op: &Operator,
    cx: &Cx,
) -> Result<ColumnElement> {
    match coerce(value, cx)? {
        Coerced::Statement(statement) => statement.scalar_subquery(cx),
        Coerced::From(from) => {
            let class = class_of(value, cx).name();
            cx.warn(
                &SA_WARNING,
                &format!(
                    "Coercing {class} object into a select() for use in IN(); please pass a \
                     select() construct explicitly"
                ),
            );
            let select = Select::new(vec![SelectItem::From(from)], cx)?;
            SelectStatement::Select(select).scalar_subquery(cx)
        }
        Coerced::Element(element) => match element.plain() {
            ColumnElement::Bind(bind) => {
                let mut bind = (**bind).clone();
                bind.expanding = true;
                bind.expand_op = Some(op.clone());
                Ok(with_binary_type(bind.element(), expr))
            }
            ColumnElement::ClauseList(_) => Ok(element.self_group(Some(op), cx.compat())),
            ColumnElement::Tuple(_)
            | ColumnElement::ScalarSelect(_)
            | ColumnElement::Text(_)
            | ColumnElement::Grouping(_)
            | ColumnElement::Function(_)
            | ColumnElement::Annotated(_) => Ok(element),
            _ => Err(expected(IN, value, None, cx)?),
        },
        Coerced::Literal(items) => in_list(value, &items, expr, op, cx),
        Coerced::Entity(_) => Err(expected(IN, value, None, cx)?),
    }
}

fn in_list(
    value: &Value,
    items: &Value,
    expr: &ColumnElement,
    op: &Operator,
    cx: &Cx,
) -> Result<ColumnElement> {
    let iterable = match items {
        Value::List(_) | Value::Tuple(_) | Value::Set(_) | Value::Dict(_) => true,
        Value::Object(_) | Value::Instance(_) => crate::object::ops::iterate(items, cx).is_ok(),
        _ => false,
    };
    if !iterable {
        return Err(expected(IN, value, None, cx)?);
    }
    let items = cx.collect(items)?;
    let mut any_sql = false;
    for item in &items {
        match coerce(item, cx)? {
            // 1.4 writes NULL for None, which makes the list one of expressions.
            Coerced::Literal(Value::None) if cx.compat().is_14() => any_sql = true,
            Coerced::Literal(_) => {}
            Coerced::Element(_) => any_sql = true,
            _ => return Err(expected(IN, &Value::list(items.clone()), None, cx)?),
        }
    }
    if !any_sql {
        let mut bind = expr.bind_param(op, &Value::list(items), None, true, cx)?;
        bind.expand_op = Some(op.clone());
        return Ok(bind.element());
    }
    let clauses = items
        .iter()
        .map(|item| match coerce(item, cx)? {
            Coerced::Element(element) => {
                Ok(element.self_group(Some(&Operator::Comma), cx.compat()))
            }
            Coerced::Literal(Value::None) if cx.compat().is_14() => Ok(ColumnElement::Null),
            _ => expr
                .bind_param(op, item, None, false, cx)
                .map(BindParameter::element),
        })
        .collect::<Result<_>>()?;
    Ok(ColumnElement::list(clauses, Operator::Comma).self_group(Some(op), cx.compat()))
}

/// A condition, of `where()` for one.
pub fn expect_where(value: &Value, argname: Option<&str>, cx: &Cx) -> Result<ColumnElement> {
    match coerce(value, cx)? {
        Coerced::Literal(Value::None) => Ok(ColumnElement::Null),
        Coerced::Literal(Value::Bool(true)) => Ok(ColumnElement::True),
        Coerced::Literal(Value::Bool(false)) => Ok(ColumnElement::False),
        Coerced::Literal(Value::Str(text)) => {
            Err(no_text_coercion(&text, argname, &ARGUMENT_ERROR, "", cx))
        }
        other => match column_from(other, cx)? {
            Some(element) => Ok(element),
            None => Err(expected(WHERE, value, argname, cx)?),
        },
    }
}

/// What `select()` takes.
pub fn expect_select_item(value: &Value, cx: &Cx) -> Result<SelectItem> {
    if matches!(value, Value::Object(_))
        && let Some(hook) = Coercions::hook(cx)
        && let Some(entity) = hook.selected(value, cx)?
    {
        return Ok(SelectItem::Entity(entity));
    }
    match coerce(value, cx)? {
        Coerced::Element(element) => Ok(SelectItem::Column(element)),
        Coerced::From(from) => Ok(SelectItem::From(from)),
        Coerced::Entity(entity) => Ok(SelectItem::Entity(entity)),
        Coerced::Statement(_) => {
            let class = class_of(value, cx);
            let raised = expected_with(
                columns_role(cx),
                value,
                None,
                &format!(
                    "To create a FROM clause from a <class '{}'> object, use the .subquery() \
                     method.",
                    class.full_name()
                ),
                cx,
            )?;
            Err(with_code(raised, "89ve"))
        }
        Coerced::Literal(value) => Ok(SelectItem::Column(select_literal(&value, cx)?)),
    }
}

fn select_literal(value: &Value, cx: &Cx) -> Result<ColumnElement> {
    Ok(match value {
        Value::None => ColumnElement::Null,
        Value::Bool(true) => ColumnElement::True,
        Value::Bool(false) => ColumnElement::False,
        Value::Int(_) | Value::BigInt(_) | Value::Float(_) => {
            ColumnElement::literal_column(&cx.str(value)?)
        }
        Value::Str(text) if text.as_str() == "*" => ColumnElement::literal_column("*"),
        Value::Str(text) => {
            let mut chars = text.chars();
            let straight = chars
                .next()
                .is_some_and(|c| c.is_alphanumeric() || c == '_')
                && chars.all(|c| !c.is_whitespace());
            let shown = cx.repr(&Value::str(ellipsed(text)))?;
            let how = if straight { "column" } else { "literal_column" };
            return Err(ARGUMENT_ERROR.error(format!(
                "Textual column expression {shown} should be explicitly declared with \
                 text({shown}), or use {how}({shown}) for more specificity"
            )));
        }
        // 1.4 takes a list for all of `select()`.
        Value::List(items) if cx.compat().is_20() => {
            let shown: Vec<_> = items
                .to_vec()
                .iter()
                .map(|item| cx.repr(item))
                .collect::<Result<_>>()?;
            return Err(expected_with(
                columns_role(cx),
                value,
                None,
                &format!("Did you mean to say select({})?", shown.join(", ")),
                cx,
            )?);
        }
        _ => return Err(expected(columns_role(cx), value, None, cx)?),
    })
}

/// An element of ORDER BY.
pub fn expect_order_by(value: &Value, cx: &Cx) -> Result<ColumnElement> {
    let element = expect_by(value, "ORDER BY expression", cx)?;
    Ok(match element.order_by_label() {
        Some(_) => ColumnElement::LabelReference(Rc::new(element)),
        None => element,
    })
}

/// An element of GROUP BY.
pub fn expect_group_by(value: &Value, cx: &Cx) -> Result<ColumnElement> {
    let from = match coerce(value, cx)? {
        Coerced::From(from) => Some(from),
        Coerced::Entity(entity) => {
            let columns = entity.columns(cx)?;
            return Ok(ColumnElement::comma_list(columns, cx.compat()));
        }
        _ => None,
    };
    if let Some(from) = from {
        let columns = from.column_list(cx)?;
        return Ok(ColumnElement::comma_list(columns, cx.compat()));
    }
    expect_by(value, "GROUP BY expression", cx)
}

/// A column or the name of a label: what `desc()`, `asc()`, `distinct()` and `of=` take.
pub fn expect_by(value: &Value, role: &str, cx: &Cx) -> Result<ColumnElement> {
    match coerce(value, cx)? {
        Coerced::Literal(Value::None) => Ok(ColumnElement::Null),
        Coerced::Literal(Value::Bool(true)) => Ok(ColumnElement::True),
        Coerced::Literal(Value::Bool(false)) => Ok(ColumnElement::False),
        Coerced::Literal(Value::Str(text)) => Ok(ColumnElement::TextualLabelReference(text)),
        Coerced::Entity(entity) => match entity.element(cx)? {
            Some(element) => Ok(element),
            None => Err(expected(role, value, None, cx)?),
        },
        other => match column_from(other, cx)? {
            Some(element) => Ok(element),
            None => Err(expected(role, value, None, cx)?),
        },
    }
}

/// The role name of what `desc()` and the like take.
pub const BY_OF: &str = "GROUP BY / OF / etc. expression";

/// LIMIT or OFFSET; `None` clears.
pub fn expect_limit(value: &Value, cx: &Cx) -> Result<Option<ColumnElement>> {
    match coerce(value, cx)? {
        Coerced::Literal(Value::None) => Ok(None),
        Coerced::Literal(value) => {
            let Some(number) = value.as_int() else {
                let number = match &value {
                    Value::Instance(_) => cx
                        .call_method(&value, "__index__", [])
                        .ok()
                        .and_then(|answer| answer.as_int()),
                    _ => None,
                };
                if let Value::Str(text) = &value {
                    return match text.trim().parse() {
                        Ok(number) => limit_bind(number),
                        Err(_) => Err(VALUE_ERROR.error(format!(
                            "invalid literal for int() with base 10: {}",
                            cx.repr(&value)?
                        ))),
                    };
                }
                return match number {
                    Some(number) => limit_bind(number),
                    None => Err(TYPE_ERROR.error(format!(
                        "'{}' object cannot be interpreted as an integer",
                        class_of(&value, cx).name()
                    ))),
                };
            };
            limit_bind(number)
        }
        Coerced::Element(element) => Ok(Some(element)),
        Coerced::Statement(statement) => statement.scalar_subquery(cx).map(Some),
        Coerced::From(_) | Coerced::Entity(_) => {
            Err(expected("LIMIT / OFFSET expression", value, None, cx)?)
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it ends branches that may fail")]
fn limit_bind(number: i64) -> Result<Option<ColumnElement>> {
    Ok(Some(
        BindParameter::anonymous(
            None,
            super::elements::BindValue::Value(Value::Int(number)),
            integer_type(),
        )
        .element(),
    ))
}

/// A FROM element or an entity, of `select_from()` for one.
pub fn expect_from_item(value: &Value, cx: &Cx) -> Result<FromItem> {
    match coerce(value, cx)? {
        Coerced::From(from) => Ok(FromItem::From(from)),
        Coerced::Entity(entity) => Ok(FromItem::Entity(entity)),
        Coerced::Element(element) => match element.plain() {
            ColumnElement::Text(text) => Ok(FromItem::From(FromClause::Text(text.clone()))),
            ColumnElement::Function(function) => {
                Ok(FromItem::From(FromClause::Function(function.clone())))
            }
            _ => Err(expected(FROM, value, None, cx)?),
        },
        Coerced::Statement(statement) => {
            if cx.compat().is_14() {
                let alias = statement.subquery(None, cx)?;
                return Ok(FromItem::From(FromClause::Alias(alias)));
            }
            Ok(FromItem::From(FromClause::Alias(
                statement.subquery(None, cx)?,
            )))
        }
        Coerced::Literal(Value::Str(text)) => {
            Err(no_text_coercion(&text, None, &ARGUMENT_ERROR, "", cx))
        }
        Coerced::Literal(value) => Err(expected(FROM, &value, None, cx)?),
    }
}

/// A FROM element.
pub fn expect_from(value: &Value, cx: &Cx) -> Result<FromClause> {
    match expect_from_item(value, cx)? {
        FromItem::From(from) => Ok(from),
        FromItem::Entity(entity) => entity.selectable(cx),
    }
}

/// What `join()` joins, in a statement of entities or of tables alone.
pub fn expect_join_target(value: &Value, of_entities: bool, cx: &Cx) -> Result<JoinTarget> {
    if let Some(hook) = Coercions::hook(cx)
        && hook.is_attribute(value, cx)
    {
        return Ok(JoinTarget::Attribute(value.clone()));
    }
    match coerce(value, cx)? {
        Coerced::Literal(_) if cx.compat().is_14() && !of_entities => {
            Err(ATTRIBUTE_ERROR.error(format!(
                "'{}' object has no attribute '_propagate_attrs'",
                class_of(value, cx).name()
            )))
        }
        Coerced::Literal(_) => Err(expected(JOIN, value, None, cx)?),
        _ => match expect_from_item(value, cx) {
            Ok(FromItem::From(from)) => Ok(JoinTarget::From(from)),
            Ok(FromItem::Entity(entity)) => Ok(JoinTarget::Entity(entity)),
            Err(_) => Err(expected(JOIN, value, None, cx)?),
        },
    }
}

/// The condition of `join()`.
pub fn expect_on_clause(value: &Value, cx: &Cx) -> Result<OnClause> {
    if let Some(hook) = Coercions::hook(cx)
        && hook.is_relationship(value, cx)
    {
        return Ok(OnClause::Attribute(value.clone()));
    }
    let role = if cx.compat().is_14() {
        "SQL expression for ON clause"
    } else {
        "ON clause, typically a SQL expression or ORM relationship attribute"
    };
    match coerce(value, cx)? {
        Coerced::Literal(_) => Err(expected(role, value, None, cx)?),
        other => match column_from(other, cx)? {
            Some(element) => Ok(OnClause::Expression(element)),
            None => Err(expected(role, value, None, cx)?),
        },
    }
}

/// A statement that returns rows; `text()` counts as one.
pub fn expect_statement(value: &Value, role: &str, cx: &Cx) -> Result<SelectStatement> {
    match coerce(value, cx)? {
        Coerced::Statement(statement) => Ok(statement),
        Coerced::Element(element) => match element.plain() {
            ColumnElement::Text(text) => Ok(SelectStatement::Textual(Rc::new(TextualSelect {
                element: text.clone(),
                columns: Vec::new(),
                positional: false,
            }))),
            ColumnElement::ScalarSelect(scalar) => Ok(scalar.element.clone()),
            _ => Err(expected(role, value, None, cx)?),
        },
        Coerced::From(from) => match from.plain() {
            FromClause::Alias(alias) if cx.compat().is_14() => match &alias.element {
                AliasedElement::Select(statement) => Ok(statement.clone()),
                AliasedElement::From(_) => Err(expected(role, value, None, cx)?),
            },
            _ => Err(expected(role, value, None, cx)?),
        },
        Coerced::Entity(_) | Coerced::Literal(_) => Err(expected(role, value, None, cx)?),
    }
}

/// The statement whose rows `from_statement()` takes.
pub fn expect_returns_rows(value: &Value, cx: &Cx) -> Result<Executable> {
    match executable_of(value) {
        Some(Executable::Function(_)) | None => {}
        Some(statement) => return Ok(statement),
    }
    match coerce(value, cx)? {
        Coerced::Statement(SelectStatement::Select(select)) => Ok(Executable::Select(select)),
        Coerced::Statement(SelectStatement::Compound(compound)) => {
            Ok(Executable::Compound(compound))
        }
        Coerced::Literal(Value::Str(text)) => {
            Err(no_text_coercion(&text, None, &ARGUMENT_ERROR, "", cx))
        }
        _ => Err(expected(
            "SELECT construct or equivalent text() construct",
            value,
            None,
            cx,
        )?),
    }
}

/// The role name of a member of a set operation.
pub const COMPOUND: &str = "SELECT construct for inclusion in a UNION or other set construct";

/// A column by name or element, of `table()` and `text().columns()`.
pub fn expect_plain_column(value: &Value, cx: &Cx) -> Result<ColumnElement> {
    match coerce(value, cx)? {
        Coerced::Element(element) => Ok(element),
        Coerced::Literal(Value::Str(text)) => Ok(ColumnElement::column_clause(&text, None, false)),
        _ => Err(expected(
            "Column expression or string key",
            value,
            None,
            cx,
        )?),
    }
}

/// A type: an instance of a type class, or the class.
pub fn expect_type(value: &Value, cx: &Cx) -> Result<SqlType> {
    if value.is_none() || value.is_undefined() {
        return Ok(null_type());
    }
    SqlType::from_value(value, cx)
}

/// `==` of an attribute of `filter_by(name=value)`.
pub fn equals(attribute: &Value, value: &Value, cx: &Cx) -> Result<ColumnElement> {
    let answer = crate::object::ops::compare(crate::object::CompareOp::Eq, attribute, value, cx)?;
    if let Coerced::Element(element) = coerce(&answer, cx)? {
        Ok(element)
    } else {
        let element = expect_expression(attribute, None, None, cx)?;
        super::operate::operate(
            &Operator::Eq,
            &element,
            value,
            false,
            Modifiers::default(),
            cx,
        )
    }
}

/// A label style by the name of its constant.
pub fn label_style(name: &str) -> Option<LabelStyle> {
    Some(match name {
        "LABEL_STYLE_NONE" => LabelStyle::None,
        "LABEL_STYLE_TABLENAME_PLUS_COL" => LabelStyle::TablenamePlusCol,
        "LABEL_STYLE_DISAMBIGUATE_ONLY" | "LABEL_STYLE_DEFAULT" => LabelStyle::DisambiguateOnly,
        _ => return None,
    })
}

/// A name as given, or one to be made up.
pub fn optional_name(value: Option<&Value>) -> Option<Name> {
    value
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .map(|text| Name::Plain(Str::new(text)))
}

/// The statement that `value` is, of those that a script can execute.
pub fn executable_of(value: &Value) -> Option<Executable> {
    if let Some(element) = value.downcast::<ColumnElement>() {
        return Some(match element.plain() {
            ColumnElement::Text(text) => Executable::Text(text.clone()),
            ColumnElement::Custom(custom) if custom.kind == CustomKind::Clause => {
                Executable::Custom(element.clone())
            }
            _ => Executable::Function(element.clone()),
        });
    }
    if let Some(insert) = value.downcast::<Insert>() {
        return Some(Executable::Insert(insert.clone()));
    }
    if let Some(update) = value.downcast::<Update>() {
        return Some(Executable::Update(update.clone()));
    }
    if let Some(delete) = value.downcast::<Delete>() {
        return Some(Executable::Delete(delete.clone()));
    }
    match statement_of(value)? {
        SelectStatement::Select(select) => Some(Executable::Select(select)),
        SelectStatement::Compound(compound) => Some(Executable::Compound(compound)),
        SelectStatement::Textual(textual) => Some(Executable::TextualSelect(textual)),
        _ => None,
    }
}

/// The statement that executing `value` runs: of a function, the SELECT of it; another expression
/// can't be executed.
pub fn runnable_of(value: &Value) -> Option<Executable> {
    match executable_of(value)? {
        Executable::Function(element) => match element.plain() {
            ColumnElement::Function(_) => Some(Executable::Select(Select::of(SelectData {
                raw_columns: vec![SelectItem::Column(element)],
                ..SelectData::default()
            }))),
            _ => None,
        },
        statement => Some(statement),
    }
}

/// A statement to be executed; 1.4 takes text for one.
pub fn expect_executable(value: &Value, cx: &Cx) -> Result<Executable> {
    if let Some(statement) = runnable_of(value) {
        return Ok(statement);
    }
    match value {
        Value::Str(text) if cx.compat().is_14() => Ok(Executable::Text(TextClause::new(text))),
        Value::Str(text) => Err(no_text_coercion(text, None, &ARGUMENT_ERROR, "", cx)),
        _ => Err(expected(
            "Executable SQL or text() construct",
            value,
            None,
            cx,
        )?),
    }
}

/// An expression inside DDL: a text is taken as SQL.
pub fn expect_ddl_expression(value: &Value, cx: &Cx) -> Result<ColumnElement> {
    if let Value::Str(text) = value {
        return Ok(ColumnElement::Text(TextClause::new(text)));
    }
    match coerce(value, cx)? {
        Coerced::Element(element) => Ok(element),
        _ => Err(expected(
            "SQL expression element for DDL constraint",
            value,
            None,
            cx,
        )?),
    }
}
