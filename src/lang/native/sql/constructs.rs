//! The functions of `sqlalchemy` that make expressions: `and_()`, `case()`, `cast()`, `text()`.

use std::cell::OnceCell;
use std::rc::Rc;

use super::operators::value;
use super::{function, select};
use crate::engine::exc::ARGUMENT_ERROR;
use crate::object::exceptions::{TYPE_ERROR, VALUE_ERROR};
use crate::object::{
    Args, Bound, Class, Cx, Dict, Method, Result, Signature, Str, Value, class_of,
};
use crate::sql::coercions::{
    BY_OF, Coerced, coerce, expect_by, expect_expression, expect_from, expect_on_clause,
    expect_plain_column, expect_type, expect_where, optional_name,
};
use crate::sql::operate::{between, collate, collection_aggregate};
use crate::sql::operators::Operator;
use crate::sql::types::SqlType;
use crate::sql::{
    BindParameter, BindValue, Case, Cast, ColumnElement, CompoundKeyword, Extract, FromClause,
    Join, Name, OnClause, Select, SelectItem, SelectStatement, TableClause, TextClause, Tuple,
    TypeCoerce, Values, literal, next_seed, null_type, plain_proxies,
};

fn expression(given: &Value, cx: &Cx) -> Result<ColumnElement> {
    expect_expression(given, None, None, cx)
}

fn conjunction(given: &[Value], is_and: bool, cx: &Cx) -> Result<Value> {
    let given = match given {
        // A generator or a list of conditions in 1.4's `and_(*[..])` comes as several.
        [one] if !matches!(one, Value::List(_) | Value::Tuple(_)) => {
            vec![one.clone()]
        }
        other => other.to_vec(),
    };
    let clauses = given
        .iter()
        .map(|clause| expect_where(clause, None, cx))
        .collect::<Result<Vec<_>>>()?;
    if clauses.is_empty() {
        let (name, constant, other) = if is_and {
            ("and_", "true()", "True")
        } else {
            ("or_", "false()", "False")
        };
        cx.warn(
            &crate::engine::exc::SA_DEPRECATION_WARNING,
            &format!(
                "Invoking {name}() without arguments is deprecated, and will be disallowed in a \
                 future release.   For an empty {name}() construct, use '{name}({constant}, \
                 *args)' or '{name}({other}, *args)'."
            ),
        );
        let operator = if is_and { Operator::And } else { Operator::Or };
        return Ok(value(ColumnElement::boolean_list(operator, Vec::new())));
    }
    Ok(value(if is_and {
        ColumnElement::and_(&clauses, cx.compat())
    } else {
        ColumnElement::or_(&clauses, cx.compat())
    }))
}

fn type_argument(given: Option<&Value>, cx: &Cx) -> Result<Option<SqlType>> {
    given.map(|type_| expect_type(type_, cx)).transpose()
}

/// `cast(expression, type_)`.
pub fn cast(args: &Args, cx: &Cx) -> Result<Value> {
    let signature = Signature::parse("cast(expression, type_)", None);
    let bound = signature.bind(args.clone())?;
    make_cast(&bound, false, cx)
}

/// `extract(field, expr)`.
pub fn extract(args: &Args, cx: &Cx) -> Result<Value> {
    let signature = Signature::parse("extract(field, expr, **kwargs)", None);
    let bound = signature.bind(args.clone())?;
    Ok(value(ColumnElement::Extract(Rc::new(Extract {
        field: Str::new(bound.text("field")?),
        expr: expression(bound.value("expr"), cx)?,
    }))))
}

fn make_cast(bound: &Bound<'_>, is_try: bool, cx: &Cx) -> Result<Value> {
    let type_ = expect_type(bound.value("type_"), cx)?;
    let given = bound.value("expression");
    let clause = match coerce(given, cx)? {
        Coerced::Literal(Value::None) => ColumnElement::Null,
        Coerced::Literal(plain) => literal(&plain, Some(type_.clone()), cx)?,
        _ => expression(given, cx)?,
    };
    Ok(value(ColumnElement::Cast(Rc::new(Cast {
        clause,
        type_,
        is_try,
    }))))
}

fn type_coerce(bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let type_ = expect_type(bound.value("type_"), cx)?;
    let given = bound.value("expression");
    let clause = match coerce(given, cx)? {
        Coerced::Literal(plain) => literal(&plain, Some(type_.clone()), cx)?,
        Coerced::Element(ColumnElement::Bind(bind)) => {
            let mut bind = bind.renamed();
            bind.type_ = type_.clone();
            bind.element()
        }
        _ => expression(given, cx)?,
    };
    Ok(value(ColumnElement::TypeCoerce(Rc::new(TypeCoerce {
        clause,
        type_,
    }))))
}

/// `case(*whens, value=None, else_=None)`.
fn case(bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let compat = cx.compat();
    let whens = match bound.rest() {
        [Value::Dict(dict)] => pairs_of(dict),
        [Value::List(list)] if compat.is_14() => list.to_vec(),
        [Value::List(_)] => {
            return Err(ARGUMENT_ERROR.error(
                "The \"whens\" argument to case(), when referring to a sequence of items, is now \
                 passed as a series of positional elements, rather than as a list. ",
            ));
        }
        other => other.to_vec(),
    };
    let subject = bound
        .some("value")
        .map(|given| expression(given, cx))
        .transpose()?;
    let mut made = Vec::new();
    for when in &whens {
        let (condition, result) = &pair_of(when, cx)?;
        let condition = match &subject {
            Some(_) => expression(condition, cx)?,
            None => match coerce(condition, cx)? {
                Coerced::Literal(Value::Bool(_) | Value::None) => {
                    expect_where(condition, None, cx)?
                }
                Coerced::Literal(_) => expression(condition, cx)?,
                _ => expect_where(condition, None, cx)?,
            },
        };
        made.push((condition.self_group(None, compat), expression(result, cx)?));
    }
    let else_ = match bound.given("else_") {
        Some(given) if !given.is_none() => Some(expression(given, cx)?),
        _ => None,
    };
    let type_ = made
        .iter()
        .rev()
        .map(|(_, result)| result.type_())
        .chain(else_.iter().map(ColumnElement::type_))
        .find(|type_| !type_.is_null())
        .unwrap_or_else(null_type);
    Ok(value(ColumnElement::Case(Rc::new(Case {
        value: subject,
        whens: made,
        else_,
        type_,
    }))))
}

fn pairs_of(dict: &Dict) -> Vec<Value> {
    dict.borrow()
        .iter()
        .map(|(key, value)| Value::tuple(vec![key.value().clone(), value.clone()]))
        .collect()
}

/// `bindparam(key, ..)`.
fn bindparam(bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let key = bound.some("key").and_then(Value::as_str);
    let given = bound.given("value");
    let callable = bound.some("callable_");
    let held = match (callable, given) {
        (Some(function), _) => BindValue::Callable(function.clone()),
        (None, Some(value)) => BindValue::Value(value.clone()),
        (None, None) => BindValue::None,
    };
    let required = match bound.given("required") {
        Some(flag) => cx.truthy(flag)?,
        None => given.is_none() && callable.is_none(),
    };
    let expanding = bound.flag("expanding", false);
    let type_ = match type_argument(bound.some("type_"), cx)? {
        Some(type_) => type_,
        None => match given {
            Some(list) if expanding && !list.is_none() => match cx.collect(list)?.first() {
                Some(first) => crate::sql::types::type_of_value(first, cx)?,
                None => null_type(),
            },
            Some(plain) => crate::sql::types::type_of_value(plain, cx)?,
            None => null_type(),
        },
    };
    let mut bind = match key {
        Some(key) if !bound.flag("unique", false) => BindParameter::named(key, held, type_),
        other => BindParameter::anonymous(other, held, type_),
    };
    bind.required = required;
    bind.expanding = expanding;
    bind.is_out = bound.flag("isoutparam", false);
    bind.literal_execute = bound.flag("literal_execute", false);
    Ok(value(bind.element()))
}

fn tuple(bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let types = match bound.some("types") {
        Some(types) => Some(
            cx.collect(types)?
                .iter()
                .map(|type_| expect_type(type_, cx))
                .collect::<Result<Vec<_>>>()?,
        ),
        None => None,
    };
    let mut clauses = Vec::new();
    for (at, clause) in bound.rest().iter().enumerate() {
        let type_ = types.as_ref().and_then(|types| types.get(at).cloned());
        clauses.push(expect_expression(clause, type_, None, cx)?);
    }
    let types = types.unwrap_or_else(|| clauses.iter().map(ColumnElement::type_).collect());
    Ok(value(ColumnElement::Tuple(Rc::new(Tuple {
        clauses,
        types: types.into(),
    }))))
}

fn exists(bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let given = bound.rest();
    let statement = match given {
        [] => SelectStatement::Select(Select::new(
            vec![SelectItem::Column(ColumnElement::literal_column("*"))],
            cx,
        )?),
        [one] => match coerce(one, cx)? {
            Coerced::Statement(statement) => statement,
            Coerced::Element(ColumnElement::ScalarSelect(scalar)) => scalar.element.clone(),
            _ => SelectStatement::Select(Select::new(
                vec![crate::sql::coercions::expect_select_item(one, cx)?],
                cx,
            )?),
        },
        several => {
            let items = several
                .iter()
                .map(|item| crate::sql::coercions::expect_select_item(item, cx))
                .collect::<Result<_>>()?;
            SelectStatement::Select(Select::new(items, cx)?)
        }
    };
    Ok(value(statement.exists()))
}

fn table(bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let mut columns = Vec::new();
    for column in bound.rest() {
        let element = expect_plain_column(column, cx)?;
        let Some(name) = element.name().and_then(|name| name.text().cloned()) else {
            continue;
        };
        columns.push((name, element.type_()));
    }
    let schema = bound
        .keywords()
        .iter()
        .find(|(name, _)| name == "schema")
        .and_then(|(_, value)| value.as_str().map(Str::new));
    Ok(Value::object(FromClause::TableClause(Rc::new(
        TableClause {
            name: Str::new(bound.text("name")?),
            schema,
            columns,
            made: OnceCell::new(),
        },
    ))))
}

/// The two parts of a WHEN.
fn pair_of(when: &Value, cx: &Cx) -> Result<(Value, Value)> {
    let Ok(parts) = cx.collect(when) else {
        return Err(TYPE_ERROR.error(format!(
            "cannot unpack non-iterable {} object",
            class_of(when, cx).name()
        )));
    };
    match parts.as_slice() {
        [condition, result] => Ok((condition.clone(), result.clone())),
        [_, _, _, ..] => Err(VALUE_ERROR.error("too many values to unpack (expected 2)")),
        fewer => Err(VALUE_ERROR.error(format!(
            "not enough values to unpack (expected 2, got {})",
            fewer.len()
        ))),
    }
}

/// A `VALUES` of nothing.
pub fn no_values() -> Rc<Values> {
    Rc::new(Values {
        columns: Vec::new(),
        proxies: Vec::new(),
        name: Name::anonymous(next_seed(), "anon"),
        named: false,
        data: Vec::new(),
        literal_binds: false,
        lateral: false,
    })
}

fn values(bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let mut columns = Vec::new();
    for column in bound.rest() {
        let element = expect_plain_column(column, cx)?;
        let name = element.name().map_or_else(String::new, |name| name.base());
        columns.push((Str::from(name), element.type_()));
    }
    let name = optional_name(bound.some("name"));
    Ok(Value::object(FromClause::Values(Rc::new(Values {
        proxies: plain_proxies(&columns),
        columns,
        named: name.is_some(),
        name: name.unwrap_or_else(|| Name::anonymous(next_seed(), "anon")),
        data: Vec::new(),
        literal_binds: bound.flag("literal_binds", false),
        lateral: false,
    }))))
}

fn join(bound: &Bound<'_>, isouter: bool, cx: &Cx) -> Result<Value> {
    let left = expect_from(bound.value("left"), cx)?;
    let right = expect_from(bound.value("right"), cx)?;
    let onclause = match bound.some("onclause") {
        Some(given) => match expect_on_clause(given, cx)? {
            OnClause::Expression(condition) => Some(condition),
            OnClause::Attribute(_) => None,
        },
        None => None,
    };
    let isouter = isouter || bound.flag("isouter", false);
    Join::of(
        &left,
        &right,
        onclause,
        isouter,
        bound.flag("full", false),
        cx,
    )
    .map(Value::object)
}

fn ordering(bound: &Bound<'_>, op: Operator, cx: &Cx) -> Result<Value> {
    let element = expect_by(bound.value("column"), BY_OF, cx)?;
    Ok(value(element.modified(op, cx.compat())))
}

macro_rules! export {
    ($signature:literal, $call:expr) => {
        |_| Method::function($signature, $call)
    };
}

/// The functions of `sqlalchemy` and `sqlalchemy.sql` in both versions.
pub const NAMES: &[(&str, crate::object::Export)] = &[
    (
        "select",
        export!("select(*entities)", |b, cx| select::make_select(
            b.rest(),
            cx
        )),
    ),
    (
        "and_",
        export!("and_(*clauses)", |b, cx| conjunction(b.rest(), true, cx)),
    ),
    (
        "or_",
        export!("or_(*clauses)", |b, cx| conjunction(b.rest(), false, cx)),
    ),
    (
        "not_",
        export!("not_(clause)", |b, cx| {
            let element = expression(b.value("clause"), cx)?;
            Ok(value(element.negated(cx.compat())))
        }),
    ),
    ("func", |_| {
        Value::object(function::FunctionGenerator::root())
    }),
    (
        "text",
        export!("text(text)", |b, cx| {
            let Value::Str(text) = b.value("text") else {
                return Err(TYPE_ERROR.error(format!(
                    "expected string or bytes-like object, got '{}'",
                    class_of(b.value("text"), cx).name()
                )));
            };
            Ok(value(ColumnElement::Text(TextClause::new(text))))
        }),
    ),
    (
        "column",
        export!(
            "column(text, type_=None, is_literal=False, _selectable=None)",
            |b, cx| {
                let type_ = type_argument(b.some("type_"), cx)?;
                Ok(value(ColumnElement::column_clause(
                    b.text("text")?,
                    type_,
                    b.flag("is_literal", false),
                )))
            }
        ),
    ),
    (
        "literal_column",
        export!("literal_column(text, type_=None)", |b, cx| {
            let type_ = type_argument(b.some("type_"), cx)?;
            Ok(value(ColumnElement::column_clause(
                b.text("text")?,
                type_,
                true,
            )))
        }),
    ),
    (
        "literal",
        export!(
            "literal(value, type_=None, literal_execute=False)",
            |b, cx| {
                let given = b.value("value");
                let type_ = type_argument(b.some("type_"), cx)?;
                match coerce(given, cx)? {
                    Coerced::Literal(plain) => {
                        let element = literal(&plain, type_, cx)?;
                        if let (true, ColumnElement::Bind(bind)) =
                            (b.flag("literal_execute", false), &element)
                        {
                            let mut bind = BindParameter::clone(bind);
                            bind.literal_execute = true;
                            return Ok(value(bind.element()));
                        }
                        Ok(value(element))
                    }
                    _ => Err(ARGUMENT_ERROR.error(format!(
                        "Literal Python value expected, got {}.",
                        cx.repr(given)?
                    ))),
                }
            }
        ),
    ),
    (
        "bindparam",
        export!(
            "bindparam(key, value=None, type_=None, unique=False, required=None, quote=None, callable_=None, expanding=False, isoutparam=False, literal_execute=False)",
            bindparam
        ),
    ),
    (
        "outparam",
        export!("outparam(key, type_=None)", |b, cx| {
            let type_ = type_argument(b.some("type_"), cx)?.unwrap_or_else(null_type);
            let mut bind =
                BindParameter::named(b.text("key")?, BindValue::Value(Value::None), type_);
            bind.is_out = true;
            Ok(value(bind.element()))
        }),
    ),
    (
        "null",
        export!("null()", |_, _| Ok(value(ColumnElement::Null))),
    ),
    (
        "true",
        export!("true()", |_, _| Ok(value(ColumnElement::True))),
    ),
    (
        "false",
        export!("false()", |_, _| Ok(value(ColumnElement::False))),
    ),
    (
        "case",
        export!("case(*whens, value=None, else_=None)", case),
    ),
    (
        "cast",
        export!("cast(expression, type_)", |b, cx| make_cast(b, false, cx)),
    ),
    (
        "type_coerce",
        export!("type_coerce(expression, type_)", type_coerce),
    ),
    (
        "extract",
        export!("extract(field, expr, **kwargs)", |b, cx| {
            Ok(value(ColumnElement::Extract(Rc::new(Extract {
                field: Str::new(b.text("field")?),
                expr: expression(b.value("expr"), cx)?,
            }))))
        }),
    ),
    ("tuple_", export!("tuple_(*clauses, types=None)", tuple)),
    (
        "label",
        export!("label(name, element, type_=None)", |b, cx| {
            let element = expression(b.value("element"), cx)?;
            Ok(value(element.label(optional_name(b.some("name")))))
        }),
    ),
    (
        "collate",
        export!("collate(expression, collation)", |b, cx| {
            let element = expression(b.value("expression"), cx)?;
            Ok(value(collate(&element, b.text("collation")?, cx)))
        }),
    ),
    (
        "between",
        export!(
            "between(expr, lower_bound, upper_bound, symmetric=False)",
            |b, cx| {
                let element = expression(b.value("expr"), cx)?;
                between(
                    &element,
                    b.value("lower_bound"),
                    b.value("upper_bound"),
                    b.flag("symmetric", false),
                    cx,
                )
                .map(value)
            }
        ),
    ),
    (
        "distinct",
        export!("distinct(expr)", |b, cx| {
            let element = expression(b.value("expr"), cx)?;
            Ok(value(element.unary(
                Operator::Distinct,
                element.type_(),
                cx.compat(),
            )))
        }),
    ),
    (
        "desc",
        export!("desc(column)", |b, cx| ordering(b, Operator::Desc, cx)),
    ),
    (
        "asc",
        export!("asc(column)", |b, cx| ordering(b, Operator::Asc, cx)),
    ),
    (
        "nulls_first",
        export!("nulls_first(column)", |b, cx| ordering(
            b,
            Operator::NullsFirst,
            cx
        )),
    ),
    (
        "nullsfirst",
        export!("nullsfirst(column)", |b, cx| ordering(
            b,
            Operator::NullsFirst,
            cx
        )),
    ),
    (
        "nulls_last",
        export!("nulls_last(column)", |b, cx| ordering(
            b,
            Operator::NullsLast,
            cx
        )),
    ),
    (
        "nullslast",
        export!("nullslast(column)", |b, cx| ordering(
            b,
            Operator::NullsLast,
            cx
        )),
    ),
    (
        "any_",
        export!("any_(expr)", |b, cx| {
            let element = expression(b.value("expr"), cx)?;
            Ok(value(collection_aggregate(Operator::Any, &element, cx)))
        }),
    ),
    (
        "all_",
        export!("all_(expr)", |b, cx| {
            let element = expression(b.value("expr"), cx)?;
            Ok(value(collection_aggregate(Operator::All, &element, cx)))
        }),
    ),
    (
        "over",
        export!(
            "over(element, partition_by=None, order_by=None, range_=None, rows=None, groups=None)",
            |b, cx| {
                let element = expression(b.value("element"), cx)?;
                function::over(&element, b, cx)
            }
        ),
    ),
    (
        "within_group",
        export!("within_group(element, *order_by)", |b, cx| {
            let element = expression(b.value("element"), cx)?;
            function::within_group(&element, b.rest(), cx)
        }),
    ),
    (
        "funcfilter",
        export!("funcfilter(func, *criterion)", |b, cx| {
            let element = expression(b.value("func"), cx)?;
            function::filter(&element, b.rest(), cx)
        }),
    ),
    ("exists", export!("exists(*args)", exists)),
    ("table", export!("table(name, *columns, **kw)", table)),
    (
        "values",
        export!("values(*columns, name=None, literal_binds=False)", values),
    ),
    (
        "alias",
        export!("alias(selectable, name=None, flat=False)", |b, cx| {
            let from = expect_from(b.value("selectable"), cx)?;
            Ok(Value::object(from.alias(optional_name(b.some("name")))))
        }),
    ),
    (
        "lateral",
        export!("lateral(selectable, name=None)", |b, cx| {
            cx.call_method(
                b.value("selectable"),
                "lateral",
                [b.given("name").cloned().unwrap_or(Value::None)],
            )
        }),
    ),
    (
        "tablesample",
        export!(
            "tablesample(selectable, sampling, name=None, seed=None)",
            |b, cx| {
                let from = expect_from(b.value("selectable"), cx)?;
                super::from_clause::tablesample(
                    &from,
                    b.value("sampling"),
                    b.some("name"),
                    b.some("seed"),
                    cx,
                )
            }
        ),
    ),
    (
        "subquery",
        export!("subquery(alias, *args, **kwargs)", |b, cx| {
            let made = select::make_select(b.rest(), cx)?;
            cx.call_method(&made, "subquery", [b.value("alias").clone()])
        }),
    ),
    (
        "join",
        export!(
            "join(left, right, onclause=None, isouter=False, full=False)",
            |b, cx| join(b, false, cx)
        ),
    ),
    (
        "outerjoin",
        export!("outerjoin(left, right, onclause=None, full=False)", outer),
    ),
    (
        "union",
        export!("union(*selects)", |b, cx| select::compound(
            CompoundKeyword::Union,
            b.rest(),
            cx
        )),
    ),
    (
        "union_all",
        export!("union_all(*selects)", |b, cx| select::compound(
            CompoundKeyword::UnionAll,
            b.rest(),
            cx
        )),
    ),
    (
        "except_",
        export!("except_(*selects)", |b, cx| select::compound(
            CompoundKeyword::Except,
            b.rest(),
            cx
        )),
    ),
    (
        "except_all",
        export!("except_all(*selects)", |b, cx| select::compound(
            CompoundKeyword::ExceptAll,
            b.rest(),
            cx
        )),
    ),
    (
        "intersect",
        export!("intersect(*selects)", |b, cx| select::compound(
            CompoundKeyword::Intersect,
            b.rest(),
            cx
        )),
    ),
    (
        "intersect_all",
        export!("intersect_all(*selects)", |b, cx| select::compound(
            CompoundKeyword::IntersectAll,
            b.rest(),
            cx
        )),
    ),
    ("LABEL_STYLE_NONE", |_| Value::str("LABEL_STYLE_NONE")),
    ("LABEL_STYLE_TABLENAME_PLUS_COL", |_| {
        Value::str("LABEL_STYLE_TABLENAME_PLUS_COL")
    }),
    ("LABEL_STYLE_DISAMBIGUATE_ONLY", |_| {
        Value::str("LABEL_STYLE_DISAMBIGUATE_ONLY")
    }),
    ("LABEL_STYLE_DEFAULT", |_| {
        Value::str("LABEL_STYLE_DISAMBIGUATE_ONLY")
    }),
    // 2.0 only, see `ONLY_20`.
    (
        "try_cast",
        export!("try_cast(expression, type_)", |b, cx| make_cast(
            b, true, cx
        )),
    ),
    (
        "bitwise_not",
        export!("bitwise_not(expr)", |b, cx| {
            let element = expression(b.value("expr"), cx)?;
            Ok(value(element.unary(
                Operator::BitwiseNot,
                element.type_(),
                cx.compat(),
            )))
        }),
    ),
    (
        "quoted_name",
        export!("quoted_name(value, quote=None)", |b, _| Ok(b
            .value("value")
            .clone())),
    ),
];

fn outer(bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let left = expect_from(bound.value("left"), cx)?;
    let right = expect_from(bound.value("right"), cx)?;
    let onclause = match bound.some("onclause") {
        Some(given) => match expect_on_clause(given, cx)? {
            OnClause::Expression(condition) => Some(condition),
            OnClause::Attribute(_) => None,
        },
        None => None,
    };
    Join::of(&left, &right, onclause, true, bound.flag("full", false), cx).map(Value::object)
}

/// The names of [`NAMES`] that 1.4 lacks.
pub const ONLY_20: &[&str] = &["try_cast", "bitwise_not", "label"];

macro_rules! constructors {
    ($($(#[$meta:meta])* $name:ident = $function:literal;)*) => {
        $(
            $(#[$meta])*
            pub fn $name(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
                match NAMES.iter().find(|(known, _)| *known == $function) {
                    Some((_, export)) => cx.call(&export(cx), args),
                    None => Ok(Value::None),
                }
            }
        )*
    };
}

constructors! {
    /// `Values(..)`.
    construct_values = "values";
    /// `Select(..)`.
    construct_select = "select";
    /// `TextClause(..)`.
    construct_text = "text";
}
