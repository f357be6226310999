//! From the values that scripts give to elements: one function a role, with the error of a value
//! that does not fit the role.

mod clauses;
mod froms;
mod statements;

use std::cell::RefCell;
use std::rc::Rc;

use crate::engine::exc::{ARGUMENT_ERROR, SA_WARNING};
use crate::object::{Cx, Raised, Result, Str, TypeSpec, Value, class_of};
use crate::sql::elements::{
    BindParameter, ColumnElement, Modifiers, Name, Tuple, coerce_compared_value, literal, null_type,
};
use crate::sql::entity::{Entity, EntityCoercion};
use crate::sql::operators::Operator;
use crate::sql::selectable::{
    AliasedElement, CompoundSelect, FromClause, LabelStyle, Select, SelectItem, SelectStatement,
    TextClause, TextualSelect,
};
use crate::sql::types::{SqlType, type_of_value};
pub use clauses::{
    BY_OF, expect_by, expect_group_by, expect_limit, expect_order_by, expect_select_item,
};
pub use froms::{expect_from, expect_from_item, expect_join_target, expect_on_clause};
pub use statements::{
    COMPOUND, executable_of, expect_executable, expect_returns_rows, expect_statement, runnable_of,
};

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
