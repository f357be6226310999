//! `comparator_factory`: the operators that a script's type gives its expressions.

use std::rc::Rc;

use crate::object::exceptions::TYPE_ERROR;
use crate::object::types::OBJECT;
use crate::object::{Args, Class, Cx, Instance, Members, Result, TypeSpec, Value};
use crate::sql::ColumnElement;
use crate::sql::coercions::{Coerced, coerce};
use crate::sql::elements::Modifiers;
use crate::sql::operate::operate_natively;
use crate::sql::operators::Operator;
use crate::sql::types::SqlType;

/// What an instance of a script's subclass of `Comparator` compares.
struct Comparator {
    element: ColumnElement,
}

/// `TypeEngine.Comparator`, the base of what scripts define.
pub static COMPARATOR: TypeSpec = TypeSpec::new("sqlalchemy.sql.type_api", "Comparator")
    .bases(&[&OBJECT])
    .construct(construct)
    .members(members)
    .subclassable();

/// The special methods that are operators.
const SPECIAL: &[(&str, Operator)] = &[
    ("__eq__(other)", Operator::Eq),
    ("__ne__(other)", Operator::Ne),
    ("__lt__(other)", Operator::Lt),
    ("__le__(other)", Operator::Le),
    ("__gt__(other)", Operator::Gt),
    ("__ge__(other)", Operator::Ge),
    ("__add__(other)", Operator::Add),
    ("__sub__(other)", Operator::Sub),
    ("__mul__(other)", Operator::Mul),
    ("__truediv__(other)", Operator::TrueDiv),
    ("__floordiv__(other)", Operator::FloorDiv),
    ("__mod__(other)", Operator::Mod),
    ("__and__(other)", Operator::And),
    ("__or__(other)", Operator::Or),
    ("__lshift__(other)", Operator::LShift),
    ("__rshift__(other)", Operator::RShift),
    ("__getitem__(other)", Operator::GetItem),
];

/// The method that answers for `op` with the expression on the left, and on the right.
fn special_name(op: &Operator, reverse: bool) -> Option<String> {
    let (text, _) = SPECIAL.iter().find(|(_, known)| known == op)?;
    let name = text.split('(').next().unwrap_or(text);
    Some(match reverse {
        true if !op.is_comparison() => format!("__r{}", &name[2..]),
        _ => name.to_owned(),
    })
}

#[expect(clippy::needless_pass_by_value, reason = "it is a Construct")]
fn construct(class: &Rc<Class>, args: Args, _cx: &Cx) -> Result<Value> {
    let element = args
        .pos
        .first()
        .and_then(|expr| expr.downcast::<ColumnElement>());
    let Some(element) = element.cloned() else {
        return Err(TYPE_ERROR.error(format!(
            "{}.__init__() missing 1 required positional argument: 'expr'",
            class.name()
        )));
    };
    let instance = Instance::new(class.clone());
    instance.set_payload(Rc::new(Comparator { element }));
    Ok(Value::Instance(instance))
}

fn members(members: &mut Members) {
    members
        .method_on_value("__init__(expr)", |_, _, _| Ok(Value::None))
        .getter("expr", |this: &Comparator, _| {
            Ok(Value::object(this.element.clone()))
        })
        .getter("type", |this: &Comparator, _| {
            Ok(this.element.type_().to_value())
        })
        .method("__getattr__(name)", |this: &Comparator, bound, cx| {
            cx.get_attr(&Value::object(this.element.clone()), bound.text("name")?)
        });
    for (text, op) in SPECIAL {
        members.method(text, move |this: &Comparator, bound, cx| {
            let other = bound.value("other");
            operate_natively(op, &this.element, other, false, Modifiers::default(), cx)
                .map(Value::object)
        });
    }
}

/// The class that a script's type, or the one it wraps, names as its `comparator_factory`.
fn factory_of(ty: &SqlType) -> Option<Rc<Class>> {
    if let Some(Value::Instance(instance)) = ty.script()
        && let Some(Value::Class(factory)) = instance.class().lookup("comparator_factory")
        && factory.spec().is_none()
    {
        return Some(factory);
    }
    factory_of(&ty.behaviour().wrapped()?)
}

/// The comparator of `element`, where its type has one of its own.
pub fn comparator_of(element: &ColumnElement, cx: &Cx) -> Result<Option<(Rc<Class>, Value)>> {
    let Some(factory) = factory_of(&element.type_()) else {
        return Ok(None);
    };
    let expr = Value::object(element.clone());
    let comparator = cx.call(&Value::Class(factory.clone()), [expr])?;
    Ok(Some((factory, comparator)))
}

/// What the type of `left` itself makes of an operator; `None`: it leaves it as it is.
pub fn operate_by_type(
    op: &Operator,
    left: &ColumnElement,
    right: &Value,
    reverse: bool,
    cx: &Cx,
) -> Result<Option<ColumnElement>> {
    let Some(name) = special_name(op, reverse) else {
        return Ok(None);
    };
    let Some(factory) = factory_of(&left.type_()) else {
        return Ok(None);
    };
    if factory.script_method(&name).is_none() {
        return Ok(None);
    }
    let Some((_, comparator)) = comparator_of(left, cx)? else {
        return Ok(None);
    };
    let made = cx.call_method(&comparator, &name, [right.clone()])?;
    match coerce(&made, cx)? {
        Coerced::Element(made) => Ok(Some(made)),
        _ => Err(TYPE_ERROR.error(format!(
            "{}.{name}() is expected to return a SQL expression, got {}",
            factory.name(),
            cx.repr(&made)?
        ))),
    }
}
