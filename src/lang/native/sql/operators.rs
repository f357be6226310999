//! The operators of expressions as methods, shared by every class of them.

use std::rc::Rc;

use crate::engine::exc::SA_WARNING;
use crate::object::{Bound, Cx, Members, Object, Raised, Result, Str, TypeSpec, Value};
use crate::sql::coercions::expect_type;
use crate::sql::operate::{
    between, collate, collection_aggregate, operate, regexp_replace, unsupported,
};
use crate::sql::operators::{CustomOp, Operator};
use crate::sql::{Cast, ColumnElement, Modifiers, Name};

/// The value of an expression.
pub fn value(element: ColumnElement) -> Value {
    Value::object(element)
}

fn simple(
    this: &ColumnElement,
    op: &Operator,
    other: &Value,
    modifiers: Modifiers,
    cx: &Cx,
) -> Result<Value> {
    operate(op, this, other, false, modifiers, cx).map(value)
}

fn escape(bound: &Bound<'_>) -> Modifiers {
    Modifiers {
        escape: bound.some("escape").and_then(Value::as_str).map(Str::new),
        ..Modifiers::default()
    }
}

fn flags(bound: &Bound<'_>) -> Modifiers {
    Modifiers {
        flags: bound.some("flags").and_then(Value::as_str).map(Str::new),
        ..Modifiers::default()
    }
}

/// `startswith()` and its kind, with `autoescape=`.
fn affix(this: &ColumnElement, op: &Operator, bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let mut modifiers = escape(bound);
    let other = bound.value("other");
    if *op == Operator::Contains
        && let Some(answer) = super::postgresql::contains(this, other, cx)
    {
        return answer;
    }
    if !bound.flag("autoescape", false) {
        return simple(this, op, other, modifiers, cx);
    }
    if let Some(given) = bound.some("autoescape")
        && !matches!(given, Value::Bool(_))
    {
        cx.warn(
            &SA_WARNING,
            "The autoescape parameter is now a simple boolean True/False",
        );
    }
    let sign = modifiers
        .escape
        .get_or_insert_with(|| Str::new("/"))
        .clone();
    let Some(text) = other.as_str() else {
        return Err(crate::object::exceptions::TYPE_ERROR
            .error("String value expected when autoescape=True"));
    };
    let mut escaped = if sign.as_str() == "%" || sign.as_str() == "_" {
        text.to_owned()
    } else {
        text.replace(sign.as_str(), &sign.repeat(2))
    };
    escaped = escaped
        .replace('%', &format!("{sign}%"))
        .replace('_', &format!("{sign}_"));
    simple(this, op, &Value::str(escaped), modifiers, cx)
}

type Method = fn(&ColumnElement, &Bound<'_>, &Cx) -> Result<Value>;

macro_rules! comparison {
    ($($signature:literal => $op:ident;)*) => {
        &[$(($signature, |this, bound, cx| {
            simple(this, &Operator::$op, bound.value("other"), Modifiers::default(), cx)
        })),*]
    };
}

const PLAIN: &[(&str, Method)] = comparison! {
    "__eq__(other)" => Eq;
    "__ne__(other)" => Ne;
    "__lt__(other)" => Lt;
    "__le__(other)" => Le;
    "__gt__(other)" => Gt;
    "__ge__(other)" => Ge;
    "__add__(other)" => Add;
    "__sub__(other)" => Sub;
    "__mul__(other)" => Mul;
    "__mod__(other)" => Mod;
    "__truediv__(other)" => TrueDiv;
    "is_(other)" => Is;
    "is_not(other)" => IsNot;
    "isnot(other)" => IsNot;
    "is_distinct_from(other)" => IsDistinctFrom;
    "is_not_distinct_from(other)" => IsNotDistinctFrom;
    "isnot_distinct_from(other)" => IsNotDistinctFrom;
    "in_(other)" => In;
    "not_in(other)" => NotIn;
    "notin_(other)" => NotIn;
    "concat(other)" => Concat;
};

/// Methods that 1.4 lacks.
const ONLY_20_PLAIN: &[(&str, Method)] = comparison! {
    "bitwise_xor(other)" => BitwiseXor;
    "bitwise_or(other)" => BitwiseOr;
    "bitwise_and(other)" => BitwiseAnd;
    "bitwise_lshift(other)" => BitwiseLShift;
    "bitwise_rshift(other)" => BitwiseRShift;
};

macro_rules! liked {
    ($($signature:literal => $op:ident;)*) => {
        &[$(($signature, |this, bound, cx| {
            simple(this, &Operator::$op, bound.value("other"), escape(bound), cx)
        })),*]
    };
}

const LIKES: &[(&str, Method)] = liked! {
    "like(other, escape=None)" => Like;
    "ilike(other, escape=None)" => ILike;
    "not_like(other, escape=None)" => NotLike;
    "notlike(other, escape=None)" => NotLike;
    "not_ilike(other, escape=None)" => NotILike;
    "notilike(other, escape=None)" => NotILike;
};

macro_rules! affixes {
    ($($signature:literal => $op:ident;)*) => {
        &[$(($signature, |this, bound, cx| affix(this, &Operator::$op, bound, cx))),*]
    };
}

const AFFIXES: &[(&str, Method)] = affixes! {
    "startswith(other, escape=None, autoescape=None)" => StartsWith;
    "endswith(other, escape=None, autoescape=None)" => EndsWith;
    "contains(other, escape=None, autoescape=None)" => Contains;
};

const ONLY_20_AFFIXES: &[(&str, Method)] = affixes! {
    "istartswith(other, escape=None, autoescape=None)" => IStartsWith;
    "iendswith(other, escape=None, autoescape=None)" => IEndsWith;
    "icontains(other, escape=None, autoescape=None)" => IContains;
};

/// The AttributeError for a method of another version.
fn since_20(this: &ColumnElement, signature: &str, cx: &Cx) -> Option<Raised> {
    if cx.compat().is_20() {
        return None;
    }
    let name = signature.split('(').next().unwrap_or(signature);
    Some(super::element::no_attribute(this, name))
}

/// The members of `ColumnOperators`.
pub fn members(members: &mut Members) {
    for table in [PLAIN, LIKES, AFFIXES] {
        for (signature, call) in table {
            members.method(signature, move |this: &ColumnElement, bound, cx| {
                call(this, bound, cx)
            });
        }
    }
    for table in [ONLY_20_PLAIN, ONLY_20_AFFIXES] {
        for (signature, call) in table {
            // A property that is a method: 1.4 has no such attribute.
            let name = signature.split('(').next().unwrap_or(signature);
            members.getter(name, move |this: &ColumnElement, cx| {
                if let Some(raised) = since_20(this, signature, cx) {
                    return Err(raised);
                }
                let this = this.clone();
                Ok(crate::object::Method::function(
                    signature,
                    move |bound, cx| call(&this, bound, cx),
                ))
            });
        }
    }
    members.with(ordering_members).with(other_members);
}

/// The members of `ColumnElement`.
pub fn element_members(members: &mut Members) {
    members.with(naming_members).with(json_members);
}

fn modifier(this: &ColumnElement, op: Operator, cx: &Cx) -> Value {
    value(this.modified(op, cx.compat()))
}

fn ordering_members(members: &mut Members) {
    members
        .method("desc()", |this: &ColumnElement, _, cx| {
            Ok(modifier(this, Operator::Desc, cx))
        })
        .method("asc()", |this: &ColumnElement, _, cx| {
            Ok(modifier(this, Operator::Asc, cx))
        });
    for name in ["nulls_first()", "nullsfirst()"] {
        members.method(name, |this: &ColumnElement, _, cx| {
            Ok(modifier(this, Operator::NullsFirst, cx))
        });
    }
    for name in ["nulls_last()", "nullslast()"] {
        members.method(name, |this: &ColumnElement, _, cx| {
            Ok(modifier(this, Operator::NullsLast, cx))
        });
    }
}

fn other_members(members: &mut Members) {
    members
        .method(
            "between(cleft, cright, symmetric=False)",
            |this: &ColumnElement, bound, cx| {
                between(
                    this,
                    bound.value("cleft"),
                    bound.value("cright"),
                    bound.flag("symmetric", false),
                    cx,
                )
                .map(value)
            },
        )
        .method("distinct()", |this: &ColumnElement, _, cx| {
            Ok(value(this.unary(
                Operator::Distinct,
                this.type_(),
                cx.compat(),
            )))
        })
        .method("collate(collation)", |this: &ColumnElement, bound, cx| {
            Ok(value(collate(this, bound.text("collation")?, cx)))
        })
        .getter("bitwise_not", |this: &ColumnElement, cx| {
            if let Some(raised) = since_20(this, "bitwise_not", cx) {
                return Err(raised);
            }
            let this = this.clone();
            Ok(crate::object::Method::function(
                "bitwise_not()",
                move |_, cx| {
                    Ok(value(this.unary(
                        Operator::BitwiseNot,
                        this.type_(),
                        cx.compat(),
                    )))
                },
            ))
        })
        .method("any_()", |this: &ColumnElement, _, cx| {
            Ok(value(collection_aggregate(Operator::Any, this, cx)))
        })
        .method("all_()", |this: &ColumnElement, _, cx| {
            Ok(value(collection_aggregate(Operator::All, this, cx)))
        })
        .method(
            "regexp_match(pattern, flags=None)",
            |this: &ColumnElement, bound, cx| {
                simple(
                    this,
                    &Operator::RegexpMatch,
                    bound.value("pattern"),
                    flags(bound),
                    cx,
                )
            },
        )
        .method(
            "regexp_replace(pattern, replacement, flags=None)",
            |this: &ColumnElement, bound, cx| {
                regexp_replace(
                    this,
                    bound.value("pattern"),
                    bound.value("replacement"),
                    flags(bound),
                    cx,
                )
                .map(value)
            },
        )
        .method(
            "match(other, **kwargs)",
            |this: &ColumnElement, bound, cx| {
                let modifiers = Modifiers {
                    other: bound.keywords().to_vec(),
                    ..Modifiers::default()
                };
                simple(this, &Operator::Match, bound.value("other"), modifiers, cx)
            },
        )
        .method(
            "op(opstring, precedence=0, is_comparison=False, return_type=None, python_impl=None)",
            |this: &ColumnElement, bound, cx| {
                let return_type = bound
                    .some("return_type")
                    .map(|type_| expect_type(type_, cx))
                    .transpose()?;
                Ok(custom_op(
                    this,
                    bound.text("opstring")?,
                    bound.value("precedence").as_int().unwrap_or(0),
                    bound.flag("is_comparison", false),
                    return_type,
                ))
            },
        )
        .method(
            "bool_op(opstring, precedence=0, python_impl=None)",
            |this: &ColumnElement, bound, _| {
                Ok(custom_op(
                    this,
                    bound.text("opstring")?,
                    bound.value("precedence").as_int().unwrap_or(0),
                    true,
                    None,
                ))
            },
        )
        .method("operate(op, *other)", |this: &ColumnElement, bound, cx| {
            let mut args = vec![value(this.clone())];
            args.extend(bound.rest().iter().cloned());
            cx.call(bound.value("op"), args)
        });
}

fn custom_op(
    this: &ColumnElement,
    text: &str,
    precedence: i64,
    is_comparison: bool,
    return_type: Option<crate::sql::types::SqlType>,
) -> Value {
    Value::object(OperatorCall {
        element: this.clone(),
        operator: Operator::Custom(Rc::new(CustomOp {
            text: Str::new(text),
            precedence: i32::try_from(precedence).unwrap_or(0),
            is_comparison,
            return_type,
            natural_self_precedent: false,
            eager_grouping: false,
        })),
    })
}

/// An operator of SQLAlchemy's own, as the `operator` of an expression shows it.
pub struct OperatorObject(pub Operator);

impl Object for OperatorObject {
    fn spec(&self) -> &'static TypeSpec {
        &OPERATOR_CALL
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        let address = std::ptr::from_ref(self) as usize;
        Ok(Some(match &self.0 {
            Operator::Custom(_) => {
                format!("<sqlalchemy.sql.operators.custom_op object at {address:#x}>")
            }
            known => format!("<function {} at {address:#x}>", known.name()),
        }))
    }
    fn identity(&self) -> Option<usize> {
        match &self.0 {
            Operator::Custom(custom) => Some(Rc::as_ptr(custom) as usize),
            known => usize::try_from(known.ordinal()).ok(),
        }
    }
    fn is_callable(&self) -> bool {
        true
    }
    fn call(&self, _this: &Value, args: crate::object::Args, cx: &Cx) -> Result<Option<Value>> {
        let Some((first, rest)) = args.pos.split_first() else {
            return Err(crate::object::exceptions::TYPE_ERROR
                .error(format!("{}() misses its operands", self.0.name())));
        };
        let Some(element) = first.downcast::<ColumnElement>() else {
            return cx
                .call_method(first, self.0.name(), rest.to_vec())
                .map(Some);
        };
        match rest.first() {
            Some(other) => simple(element, &self.0, other, Modifiers::default(), cx).map(Some),
            None if self.0.is_ordering_modifier() => {
                Ok(Some(value(element.modified(self.0.clone(), cx.compat()))))
            }
            None => Ok(Some(value(element.unary(
                self.0.clone(),
                element.type_(),
                cx.compat(),
            )))),
        }
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(match name {
            "__name__" | "opstring" => Some(self.0.name().into()),
            _ => None,
        })
    }
    fn compare(
        &self,
        _this: &Value,
        op: crate::object::CompareOp,
        other: &Value,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        let same = other
            .downcast::<Self>()
            .is_some_and(|other| self.0 == other.0);
        Ok(match op {
            crate::object::CompareOp::Eq => Some(Value::Bool(same)),
            crate::object::CompareOp::Ne => Some(Value::Bool(!same)),
            _ => None,
        })
    }
}

/// The operator that a function of `operator` or of SQLAlchemy's stands for.
pub fn operator_of(function: &Value, cx: &Cx) -> Option<Operator> {
    if let Some(object) = function.downcast::<OperatorObject>() {
        return Some(object.0.clone());
    }
    let name = cx.get_attr(function, "__name__").ok()?;
    let name = name.as_str()?;
    crate::sql::operators::OPERATORS
        .iter()
        .find(|operator| operator.name() == name)
        .cloned()
}

/// What `x.op("..")` answers: called with the other operand.
struct OperatorCall {
    element: ColumnElement,
    operator: Operator,
}

static OPERATOR_CALL: TypeSpec = TypeSpec::new("builtins", "function");

impl Object for OperatorCall {
    fn spec(&self) -> &'static TypeSpec {
        &OPERATOR_CALL
    }
    fn is_callable(&self) -> bool {
        true
    }
    fn call(&self, _this: &Value, args: crate::object::Args, cx: &Cx) -> Result<Option<Value>> {
        let Some(other) = args.pos.first() else {
            return Err(crate::object::exceptions::TYPE_ERROR
                .error("against() missing 1 required positional argument: 'other'"));
        };
        simple(
            &self.element,
            &self.operator,
            other,
            Modifiers::default(),
            cx,
        )
        .map(Some)
    }
}

fn naming_members(members: &mut Members) {
    members
        .method("label(name)", |this: &ColumnElement, bound, _| {
            let name = bound.some("name").and_then(Value::as_str).map(Name::plain);
            Ok(value(this.label(name)))
        })
        .method("cast(type_)", |this: &ColumnElement, bound, cx| {
            Ok(value(ColumnElement::Cast(Rc::new(Cast {
                clause: this.clone(),
                type_: expect_type(bound.value("type_"), cx)?,
                is_try: false,
            }))))
        })
        .method("self_group(against=None)", |this: &ColumnElement, _, cx| {
            Ok(value(this.self_group(None, cx.compat())))
        })
        .method(
            "shares_lineage(othercolumn)",
            |this: &ColumnElement, bound, _| {
                let other = bound.value("othercolumn").downcast::<ColumnElement>();
                Ok(Value::Bool(
                    other.is_some_and(|other| this.shares_lineage(other)),
                ))
            },
        )
        .getter("type", |this: &ColumnElement, _| {
            Ok(this.type_().to_value())
        })
        .getter("base_columns", |this: &ColumnElement, cx| {
            let columns = this.base_columns().into_iter().map(value);
            Ok(Value::Set(Rc::new(crate::object::Set::frozen(
                crate::object::Set::of(columns, cx)?,
            ))))
        })
        .getter("is_clause_element", |_: &ColumnElement, _| {
            Ok(Value::Bool(true))
        })
        .getter("expression", |this: &ColumnElement, _| {
            Ok(value(this.clone()))
        })
        .getter("comparator", |this: &ColumnElement, _| {
            Ok(value(this.clone()))
        })
        .getter("anon_label", |this: &ColumnElement, _| {
            Ok(this.anon_name_label().display().into())
        });
}

/// What an index into JSON can be read as.
fn json_members(members: &mut Members) {
    use crate::sql::types::names;
    for (signature, class) in [
        ("as_string()", &names::Unicode),
        ("as_integer()", &names::Integer),
        ("as_float()", &names::Float),
        ("as_boolean()", &names::Boolean),
        ("as_json()", &names::JSON),
    ] {
        members.method(signature, move |this: &ColumnElement, _, _| {
            let type_ = crate::sql::types::SqlType::simple(class);
            as_json_type(this, type_, signature)
        });
    }
    members.method(
        "as_numeric(precision, scale, asdecimal=True)",
        |this: &ColumnElement, bound, cx| {
            let type_ = crate::sql::types::SqlType::build(
                &names::Numeric,
                crate::object::Args {
                    pos: [
                        bound.value("precision").clone(),
                        bound.value("scale").clone(),
                    ]
                    .into_iter()
                    .collect(),
                    kw: vec![(
                        Str::new("asdecimal"),
                        Value::Bool(bound.flag("asdecimal", true)),
                    )],
                },
                cx,
            )?;
            as_json_type(this, type_, "as_numeric()")
        },
    );
}

fn as_json_type(
    this: &ColumnElement,
    type_: crate::sql::types::SqlType,
    signature: &str,
) -> Result<Value> {
    let name = signature.split('(').next().unwrap_or(signature);
    if this.type_().affinity() != crate::sql::types::Affinity::Json {
        return Err(super::element::no_attribute(this, name));
    }
    let ColumnElement::Binary(node) = this.plain() else {
        return Err(crate::engine::exc::INVALID_REQUEST_ERROR.error(format!(
            "The JSON cast operator JSON.{name}() only works with a JSON index expression e.g. \
             col['q'].{name}()"
        )));
    };
    if !matches!(
        node.operator,
        Operator::JsonGetItem | Operator::JsonPathGetItem
    ) {
        return Err(unsupported(name));
    }
    Ok(value(ColumnElement::Binary(Rc::new(
        crate::sql::BinaryExpression {
            left: node.left.clone(),
            right: node.right.clone(),
            operator: node.operator.clone(),
            negate: node.negate.clone(),
            type_,
            modifiers: node.modifiers.clone(),
            is_implicitly_boolean: false,
        },
    ))))
}
