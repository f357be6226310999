//! What `sqlalchemy.dialects.postgresql` adds to expressions: operators of its types, `array()`,
//! `aggregate_order_by()`, text search.

use std::rc::Rc;

use super::operators::value;
use crate::object::{Args, Bound, Cx, Export, Method, Result, Str, Value};
use crate::sql::coercions::{expect_expression, expect_order_by, expect_type};
use crate::sql::dialects::postgresql as types;
use crate::sql::functions::{call_function, simple_function};
use crate::sql::operate::{collection_aggregate, operate};
use crate::sql::operators::{CustomOp, Operator};
use crate::sql::types::{Affinity, SqlType, TypeClass, names};
use crate::sql::{
    BinaryExpression, ColumnElement, Modifiers, Syntax, SyntaxForm, literal, null_type,
};

/// How an operator of PostgreSQL's binds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Like an index: tight, grouped where it is an operand.
    Index,
    /// A comparison that groups.
    Grouped,
    /// A comparison.
    Comparison,
}

fn operator(text: &str, kind: Kind, return_type: Option<SqlType>) -> Operator {
    Operator::Custom(Rc::new(CustomOp {
        text: Str::new(text),
        precedence: if kind == Kind::Index { 15 } else { 5 },
        is_comparison: kind != Kind::Index,
        return_type,
        natural_self_precedent: kind != Kind::Comparison,
        eager_grouping: kind != Kind::Comparison,
    }))
}

/// The types that have operators of their own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    GenericArray,
    Array,
    Json,
    Jsonb,
    Hstore,
    Range,
}

fn family_of(type_: &SqlType) -> Option<Family> {
    let is = |class: &'static TypeClass| type_.is_a(class);
    Some(if is(&types::ARRAY) {
        Family::Array
    } else if is(&names::ARRAY) {
        Family::GenericArray
    } else if is(&types::JSONB) {
        Family::Jsonb
    } else if is(&types::JSON) {
        Family::Json
    } else if is(&types::HSTORE) {
        Family::Hstore
    } else if is(&types::AbstractRange) {
        Family::Range
    } else {
        return None;
    })
}

/// Methods that are an operator and no more.
const OPERATORS: &[(&[Family], &str, &str, Kind)] = &[
    (
        &[Family::Array, Family::Jsonb, Family::Hstore, Family::Range],
        "contains",
        "@>",
        Kind::Grouped,
    ),
    (
        &[Family::Array, Family::Jsonb, Family::Hstore, Family::Range],
        "contained_by",
        "<@",
        Kind::Grouped,
    ),
    (&[Family::Array], "overlap", "&&", Kind::Comparison),
    (
        &[Family::Jsonb, Family::Hstore],
        "has_key",
        "?",
        Kind::Grouped,
    ),
    (
        &[Family::Jsonb, Family::Hstore],
        "has_all",
        "?&",
        Kind::Grouped,
    ),
    (
        &[Family::Jsonb, Family::Hstore],
        "has_any",
        "?|",
        Kind::Grouped,
    ),
    (&[Family::Jsonb], "path_exists", "@?", Kind::Grouped),
    (&[Family::Jsonb], "path_match", "@@", Kind::Grouped),
    (&[Family::Range], "overlaps", "&&", Kind::Comparison),
    (&[Family::Range], "strictly_left_of", "<<", Kind::Comparison),
    (
        &[Family::Range],
        "strictly_right_of",
        ">>",
        Kind::Comparison,
    ),
    (
        &[Family::Range],
        "not_extend_right_of",
        "&<",
        Kind::Comparison,
    ),
    (
        &[Family::Range],
        "not_extend_left_of",
        "&>",
        Kind::Comparison,
    ),
    (&[Family::Range], "adjacent_to", "-|-", Kind::Comparison),
];

/// Methods that 1.4 lacks.
const ONLY_20: &[&str] = &["path_exists", "path_match", "delete_path"];

/// Functions of HSTORE that are methods, and the types of their results.
const HSTORE_FUNCTIONS: &[(&str, &str, bool, &TypeClass)] = &[
    ("defined", "defined", true, &names::Boolean),
    ("delete", "delete", true, &types::HSTORE),
    ("slice", "slice", true, &types::HSTORE),
    ("keys", "akeys", false, &names::Text),
    ("vals", "avals", false, &names::Text),
    ("array", "hstore_to_array", false, &names::Text),
    ("matrix", "hstore_to_matrix", false, &names::Text),
];

/// The operator `name` that the type of `element` has, called with the other operand.
fn named_operator(element: &ColumnElement, name: &str) -> Option<Operator> {
    let family = family_of(&element.type_())?;
    let (_, _, text, kind) = OPERATORS
        .iter()
        .find(|(families, known, _, _)| *known == name && families.contains(&family))?;
    Some(operator(text, *kind, None))
}

/// `element.contains(other)` of a type that has one of its own.
pub fn contains(element: &ColumnElement, other: &Value, cx: &Cx) -> Option<Result<Value>> {
    let op = named_operator(element, "contains")?;
    Some(operate(&op, element, other, false, Modifiers::default(), cx).map(value))
}

/// `element << other` and `element >> other` of ranges.
pub fn shift(op: &Operator, element: &ColumnElement) -> Option<Operator> {
    named_operator(
        element,
        match op {
            Operator::LShift => "strictly_left_of",
            Operator::RShift => "strictly_right_of",
            _ => return None,
        },
    )
}

/// An attribute that the type of `element` adds.
pub fn attribute(element: &ColumnElement, name: &str, cx: &Cx) -> Result<Option<Value>> {
    let Some(family) = family_of(&element.type_()) else {
        return Ok(None);
    };
    if cx.compat().is_14() && ONLY_20.contains(&name) {
        return Ok(None);
    }
    if let Some(op) = named_operator(element, name) {
        let element = element.clone();
        return Ok(Some(Method::function(
            "operate(other, **kwargs)",
            move |bound, cx| {
                let other = bound.value("other");
                operate(&op, &element, other, false, Modifiers::default(), cx).map(value)
            },
        )));
    }
    match (family, name) {
        (Family::Array | Family::GenericArray, "any" | "all") => {
            Ok(Some(quantified(element, name == "any")))
        }
        (Family::Json | Family::Jsonb, "astext") => as_text(element, cx).map(Some),
        (Family::Jsonb, "delete_path") => Ok(Some(delete_path(element))),
        (Family::Hstore, _) => Ok(hstore_function(element, name)),
        _ => Ok(None),
    }
}

/// `column.any(other, operator=)`: `other = ANY (column)`.
fn quantified(element: &ColumnElement, any: bool) -> Value {
    let element = element.clone();
    Method::function("any(other, operator=None)", move |bound, cx| {
        let op = match bound.some("operator") {
            Some(given) => super::operators::operator_of(given, cx).unwrap_or(Operator::Eq),
            None => Operator::Eq,
        };
        let quantifier = if any { Operator::Any } else { Operator::All };
        let items = element
            .type_()
            .behaviour()
            .item_type()
            .unwrap_or_else(null_type);
        let other = match bound.value("other").downcast::<ColumnElement>() {
            Some(other) => other.clone(),
            None => element
                .bind_param(&op, bound.value("other"), Some(items), false, cx)?
                .element(),
        };
        let right = value(collection_aggregate(quantifier, &element, cx));
        operate(&op, &other, &right, false, Modifiers::default(), cx).map(value)
    })
}

/// `column[index].astext`: the index by the operator that gives text.
fn as_text(element: &ColumnElement, cx: &Cx) -> Result<Value> {
    let ColumnElement::Binary(node) = element.plain() else {
        return Err(super::no_attribute(element, "astext"));
    };
    let text = match node.operator {
        Operator::JsonPathGetItem => "#>>",
        _ => "->>",
    };
    let type_ = match element.type_().attribute("astext_type") {
        Some(given) => expect_type(&given, cx)?,
        None => SqlType::simple(&names::Text),
    };
    let op = operator(text, Kind::Index, None);
    Ok(value(ColumnElement::binary(
        &node.left,
        &node.right,
        op,
        type_,
        None,
        Modifiers::default(),
        cx.compat(),
    )))
}

fn delete_path(element: &ColumnElement) -> Value {
    let element = element.clone();
    Method::function("delete_path(array)", move |bound, cx| {
        let given = bound.value("array");
        let path = match given.downcast::<ColumnElement>() {
            Some(path) => path.clone(),
            None => array_of(&cx.collect(given)?, None, cx)?,
        };
        let text_array = SqlType::build(
            &types::ARRAY,
            Args::from([SqlType::simple(&names::TEXT).to_value()]),
            cx,
        )?;
        let path = ColumnElement::Cast(Rc::new(crate::sql::Cast {
            clause: path,
            type_: text_array,
            is_try: false,
        }));
        let op = operator("#-", Kind::Index, Some(SqlType::simple(&types::JSONB)));
        operate(&op, &element, &value(path), false, Modifiers::default(), cx).map(value)
    })
}

fn hstore_function(element: &ColumnElement, name: &str) -> Option<Value> {
    let (_, function, takes, class) = HSTORE_FUNCTIONS.iter().find(|(known, ..)| *known == name)?;
    let element = element.clone();
    Some(Method::function("function(*args)", move |bound, cx| {
        let mut args = vec![value(element.clone())];
        if *takes {
            args.extend(bound.rest().iter().cloned());
        }
        let type_ = match *function {
            "akeys" | "avals" | "hstore_to_array" | "hstore_to_matrix" => {
                let item = SqlType::simple(class);
                SqlType::build(&types::ARRAY, Args::from([item.to_value()]), cx)?
            }
            _ => SqlType::simple(class),
        };
        call_function(Vec::new(), function, &args, Some(type_), cx).map(value)
    }))
}

/// `array([..])`.
fn array_of(items: &[Value], type_: Option<SqlType>, cx: &Cx) -> Result<ColumnElement> {
    let clauses = items
        .iter()
        .map(|item| match item {
            Value::List(_) | Value::Tuple(_) => array_of(&cx.collect(item)?, None, cx),
            _ => expect_expression(item, type_.clone(), None, cx),
        })
        .collect::<Result<Vec<_>>>()?;
    let main =
        type_.unwrap_or_else(|| clauses.first().map_or_else(null_type, ColumnElement::type_));
    let nested = main
        .behaviour()
        .item_type()
        .filter(|_| main.affinity() == Affinity::Array);
    let type_ = match nested {
        Some(item) => {
            let dimensions = main
                .attribute("dimensions")
                .and_then(|given| given.as_int())
                .map_or(2, |known| known.saturating_add(1));
            SqlType::build(
                &types::ARRAY,
                Args {
                    pos: [item.to_value()].into_iter().collect(),
                    kw: vec![(Str::new("dimensions"), Value::Int(dimensions))],
                },
                cx,
            )?
        }
        None => SqlType::build(&types::ARRAY, Args::from([main.to_value()]), cx)?,
    };
    Ok(ColumnElement::Syntax(Rc::new(Syntax {
        form: SyntaxForm::Array,
        clauses,
        type_,
    })))
}

fn array(bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let type_ = bound
        .some("type_")
        .map(|given| expect_type(given, cx))
        .transpose()?;
    array_of(&cx.collect(bound.value("clauses"))?, type_, cx).map(value)
}

fn aggregate_order_by(bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let target = expect_expression(bound.value("target"), None, None, cx)?;
    let type_ = target.type_();
    let mut clauses = vec![target];
    for given in bound.rest() {
        clauses.push(expect_order_by(given, cx)?);
    }
    if clauses.len() == 1 {
        return Err(crate::object::exceptions::TYPE_ERROR
            .error("at least one ORDER BY element is required"));
    }
    Ok(value(ColumnElement::Syntax(Rc::new(Syntax {
        form: SyntaxForm::AggregateOrderBy,
        clauses,
        type_,
    }))))
}

/// A function of text search: of several arguments the first is a configuration.
fn text_search(name: &'static str, result: &'static TypeClass) -> Value {
    Method::function("function(*args, **kwargs)", move |bound, cx| {
        let several = bound.rest().len() > 1;
        let args = bound
            .rest()
            .iter()
            .enumerate()
            .map(|(at, arg)| {
                let config =
                    several && at == 0 && (name != "ts_headline" || bound.rest().len() > 2);
                let type_ = config.then(|| SqlType::simple(&types::REGCONFIG));
                expect_expression(arg, type_, Some(name), cx)
            })
            .collect::<Result<Vec<_>>>()?;
        let ColumnElement::Function(made) = simple_function(name, args, cx) else {
            return Ok(Value::None);
        };
        let mut made = (*made).clone();
        made.type_ = SqlType::simple(result);
        Ok(value(ColumnElement::Function(Rc::new(made))))
    })
}

fn array_agg(bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let args = bound
        .rest()
        .iter()
        .map(|arg| expect_expression(arg, None, Some("array_agg"), cx))
        .collect::<Result<Vec<_>>>()?;
    let item = args.first().map_or_else(null_type, ColumnElement::type_);
    let ColumnElement::Function(made) = simple_function("array_agg", args, cx) else {
        return Ok(Value::None);
    };
    let mut made = (*made).clone();
    made.type_ = SqlType::build(&types::ARRAY, Args::from([item.to_value()]), cx)?;
    Ok(value(ColumnElement::Function(Rc::new(made))))
}

fn hstore(bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let type_ = SqlType::simple(&types::HSTORE);
    call_function(Vec::new(), "hstore", bound.rest(), Some(type_), cx).map(value)
}

/// `Any(other, arrexpr)` and `All(..)`.
fn quantifier(any: bool) -> Value {
    Method::function("Any(other, arrexpr, operator=None)", move |bound, cx| {
        let array = expect_expression(bound.value("arrexpr"), None, None, cx)?;
        let args: Vec<_> = std::iter::once(bound.value("other").clone())
            .chain(bound.some("operator").cloned())
            .collect();
        cx.call(&quantified(&array, any), args)
    })
}

/// The names of `sqlalchemy.dialects.postgresql` that are neither types nor statements.
pub const POSTGRESQL_NAMES: &[(&str, Export)] = &[
    ("array", |_| {
        Method::function("array(clauses, *, type_=None, **kw)", array)
    }),
    ("aggregate_order_by", |_| {
        Method::function("aggregate_order_by(target, *order_by)", aggregate_order_by)
    }),
    ("array_agg", |_| {
        Method::function("array_agg(*arg, **kw)", array_agg)
    }),
    ("hstore", |_| {
        Method::function("hstore(*args, **kwargs)", hstore)
    }),
    ("Any", |_| quantifier(true)),
    ("All", |_| quantifier(false)),
    ("to_tsvector", |_| {
        text_search("to_tsvector", &types::TSVECTOR)
    }),
    ("to_tsquery", |_| text_search("to_tsquery", &types::TSQUERY)),
    ("plainto_tsquery", |_| {
        text_search("plainto_tsquery", &types::TSQUERY)
    }),
    ("phraseto_tsquery", |_| {
        text_search("phraseto_tsquery", &types::TSQUERY)
    }),
    ("websearch_to_tsquery", |_| {
        text_search("websearch_to_tsquery", &types::TSQUERY)
    }),
    ("ts_headline", |_| text_search("ts_headline", &names::TEXT)),
];

/// `mysql.match(*columns, against=..)`; the modes are methods of what it makes.
pub fn mysql_match(bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let columns = bound
        .rest()
        .iter()
        .map(|column| expect_expression(column, None, None, cx))
        .collect::<Result<Vec<_>>>()?;
    let Some((_, against)) = bound.keywords().iter().find(|(name, _)| name == "against") else {
        return Err(crate::engine::exc::ARGUMENT_ERROR.error("against is required"));
    };
    let right = match against.downcast::<ColumnElement>() {
        Some(element) => element.clone(),
        None => literal(against, None, cx)?,
    };
    let flag = |name: &str| {
        let given = bound.keywords().iter().find(|(known, _)| known == name);
        given.map_or(Value::Bool(false), |(_, value)| value.clone())
    };
    let left = match columns.as_slice() {
        [only] => only.clone(),
        _ => ColumnElement::comma_list(columns, cx.compat()),
    };
    Ok(value(match_of(
        left,
        right,
        [
            flag("in_boolean_mode"),
            flag("in_natural_language_mode"),
            flag("with_query_expansion"),
        ],
    )))
}

/// The keywords of the modes, and the methods that set them.
const MODES: [(&str, &str); 3] = [
    ("mysql_boolean_mode", "in_boolean_mode"),
    ("mysql_natural_language", "in_natural_language_mode"),
    ("mysql_query_expansion", "with_query_expansion"),
];

fn match_of(left: ColumnElement, right: ColumnElement, flags: [Value; 3]) -> ColumnElement {
    ColumnElement::Binary(Rc::new(BinaryExpression {
        left,
        right,
        operator: Operator::Match,
        negate: Some(Operator::NotMatch),
        type_: SqlType::simple(&names::MatchType),
        modifiers: Modifiers {
            other: MODES
                .iter()
                .zip(flags)
                .map(|((name, _), flag)| (Str::new(*name), flag))
                .collect(),
            ..Modifiers::default()
        },
        is_implicitly_boolean: true,
    }))
}

/// A mode of `mysql.match()`, set by a method.
pub fn match_mode(element: &ColumnElement, name: &str) -> Option<Value> {
    let at = MODES.iter().position(|(_, method)| *method == name)?;
    let ColumnElement::Binary(node) = element.plain() else {
        return None;
    };
    if node.operator != Operator::Match || node.modifiers.other.len() != MODES.len() {
        return None;
    }
    let node = node.clone();
    Some(Method::function("mode()", move |_, _| {
        let mut flags = [Value::None, Value::None, Value::None];
        for (slot, (_, flag)) in flags.iter_mut().zip(&node.modifiers.other) {
            *slot = flag.clone();
        }
        flags[at] = Value::Bool(true);
        Ok(value(match_of(
            node.left.clone(),
            node.right.clone(),
            flags,
        )))
    }))
}
