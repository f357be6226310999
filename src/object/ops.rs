//! The operations every value answers: repr, str, truth, equality, iteration, and the operators.

use std::rc::Rc;

use super::exceptions::TYPE_ERROR;
use super::{
    BinaryOp, Class, CompareOp, Cx, Raised, Result, UnaryOp, Value, attribute, class_of, types,
};

pub use super::hash::hash_value as hash;
pub use super::iteration::{ValueIter, collect, iterate};
pub use super::types::format::format;
pub use super::types::{contains, delete_item, get_item, is_instance, is_subclass, len, set_item};

/// `repr(value)`.
pub fn repr(value: &Value, cx: &Cx) -> Result<String> {
    let mut text = String::new();
    types::write_repr(value, &mut text, cx)?;
    Ok(text)
}

/// `<module.Class object at 0x...>`, for whatever has no better repr.
pub fn default_repr(value: &Value, cx: &Cx) -> String {
    let class = class_of(value, cx);
    let name = match class.module().as_str() {
        "builtins" => class.qualname().to_string(),
        module => format!("{module}.{}", class.qualname()),
    };
    format!(
        "<{name} object at {:#014x}>",
        value.address().unwrap_or_default()
    )
}

/// `str(value)`.
pub fn str(value: &Value, cx: &Cx) -> Result<String> {
    match value {
        Value::Str(text) => Ok(text.to_string()),
        Value::Object(object) => match object.str(cx)? {
            Some(text) => Ok(text),
            None => repr(value, cx),
        },
        Value::Instance(instance) => match instance.class().special("__str__") {
            Some(method) => {
                let bound = attribute::bind(&method, Some(value), instance.class(), cx)?;
                text_of(cx.call(&bound, [])?, "__str__", cx)
            }
            None => match types::payload(instance) {
                // A subclass of str is its text; the others show their repr.
                Some(Value::Str(text)) => Ok(text.to_string()),
                _ => repr(value, cx),
            },
        },
        _ => repr(value, cx),
    }
}

/// The text that `__str__` or `__repr__` answered; TypeError where it is none.
pub fn text_of(answer: Value, method: &str, cx: &Cx) -> Result<String> {
    match answer {
        Value::Str(text) => Ok(text.to_string()),
        other => Err(TYPE_ERROR.error(format!(
            "{method} returned non-string (type {})",
            class_of(&other, cx).error_name()
        ))),
    }
}

/// `bool(value)`.
pub fn truthy(value: &Value, cx: &Cx) -> Result<bool> {
    Ok(match value {
        Value::Bool(flag) => *flag,
        Value::None | Value::Undefined => false,
        Value::Int(number) => *number != 0,
        Value::Float(number) => *number != 0.0,
        Value::Str(text) => !text.is_empty(),
        Value::BigInt(_) | Value::Class(_) => true,
        Value::Bytes(bytes) => !bytes.is_empty(),
        Value::List(list) => !list.is_empty(),
        Value::Tuple(items) => !items.is_empty(),
        Value::Dict(dict) => !dict.is_empty(),
        Value::Set(set) => !set.is_empty(),
        Value::Object(object) => match object.truthy(cx)? {
            Some(flag) => flag,
            None => object.len(cx)?.is_none_or(|len| len > 0),
        },
        Value::Instance(instance) => {
            for name in ["__bool__", "__len__"] {
                if let Some(method) = instance.class().special(name) {
                    let bound = attribute::bind(&method, Some(value), instance.class(), cx)?;
                    let answer = cx.call(&bound, [])?;
                    return Ok(answer.as_int().is_some_and(|number| number != 0));
                }
            }
            match types::payload(instance) {
                Some(base) => truthy(&base, cx)?,
                None => true,
            }
        }
    })
}

/// `a == b` as a condition; identity counts as equal, as in containers.
pub fn rich_eq(a: &Value, b: &Value, cx: &Cx) -> Result<bool> {
    if a.is(b) {
        return Ok(true);
    }
    truthy(&compare(CompareOp::Eq, a, b, cx)?, cx)
}

/// `a op b` of a comparison.
pub fn compare(op: CompareOp, a: &Value, b: &Value, cx: &Cx) -> Result<Value> {
    if let (Value::Int(a), Value::Int(b)) = (a, b) {
        return Ok(Value::Bool(op.holds(a.cmp(b))));
    }
    // A subclass on the right goes first, as in Python.
    let swapped = match (a, b) {
        (Value::Instance(a), Value::Instance(b)) => {
            !Rc::ptr_eq(a.class(), b.class()) && b.class().is_subclass(a.class())
        }
        (Value::Object(a), Value::Object(b)) => {
            !std::ptr::eq(a.spec(), b.spec()) && b.class().is_subclass(&a.class())
        }
        _ => false,
    };
    let attempts = if swapped {
        [(b, op.mirrored(), a), (a, op, b)]
    } else {
        [(a, op, b), (b, op.mirrored(), a)]
    };
    for (this, op, other) in attempts {
        if let Some(answer) = compare_one(this, op, other, cx)? {
            return Ok(answer);
        }
    }
    match op {
        CompareOp::Eq => Ok(Value::Bool(a.is(b))),
        CompareOp::Ne => Ok(Value::Bool(!a.is(b))),
        _ => Err(unsupported_comparison(op, a, b, cx)),
    }
}

fn unsupported_comparison(op: CompareOp, a: &Value, b: &Value, cx: &Cx) -> Raised {
    TYPE_ERROR.error(format!(
        "'{}' not supported between instances of '{}' and '{}'",
        op.symbol(),
        class_of(a, cx).error_name(),
        class_of(b, cx).error_name()
    ))
}

fn compare_one(this: &Value, op: CompareOp, other: &Value, cx: &Cx) -> Result<Option<Value>> {
    match this {
        Value::Object(object) => object.compare(this, op, other, cx),
        Value::Instance(instance) => {
            let class = instance.class();
            if let Some(answer) = special(this, class, op.method(), other, cx)? {
                return Ok(Some(answer));
            }
            if op == CompareOp::Ne {
                // Python derives != from ==.
                if let Some(answer) = special(this, class, "__eq__", other, cx)? {
                    return Ok(Some(Value::Bool(!truthy(&answer, cx)?)));
                }
            }
            types::compare_payload(instance, op, other, cx)
        }
        _ => types::compare_builtin(this, op, other, cx),
    }
}

/// Call a binary special method of an instance; `None`: not defined, or `NotImplemented`.
pub fn special(
    this: &Value,
    class: &Rc<Class>,
    name: &str,
    other: &Value,
    cx: &Cx,
) -> Result<Option<Value>> {
    let Some(method) = class.special(name) else {
        return Ok(None);
    };
    let bound = attribute::bind(&method, Some(this), class, cx)?;
    let answer = cx.call(&bound, [other.clone()])?;
    Ok((!types::is_not_implemented(&answer)).then_some(answer))
}

/// `a op b`.
pub fn binary(op: BinaryOp, a: &Value, b: &Value, cx: &Cx) -> Result<Value> {
    if let Some(answer) = types::binary_builtin(op, a, b, cx)? {
        return Ok(answer);
    }
    let swapped = matches!((a, b), (Value::Instance(a), Value::Instance(b))
        if !Rc::ptr_eq(a.class(), b.class()) && b.class().is_subclass(a.class()));
    let attempts = if swapped {
        [(b, a, true), (a, b, false)]
    } else {
        [(a, b, false), (b, a, true)]
    };
    for (this, other, reflected) in attempts {
        let answer = match this {
            Value::Object(object) => object.binary(this, op, other, reflected, cx)?,
            Value::Instance(instance) => {
                let (plain, mirrored, _) = op.methods();
                let name = if reflected { mirrored } else { plain };
                special(this, instance.class(), name, other, cx)?
            }
            _ => None,
        };
        if let Some(answer) = answer {
            return Ok(answer);
        }
    }
    if let Some(answer) = types::binary_payload(op, a, b, cx)? {
        return Ok(answer);
    }
    Err(types::unsupported_operands(op, a, b, cx))
}

/// `a op= b`: in place where the left side can, else `a op b`.
pub fn in_place(op: BinaryOp, a: &Value, b: &Value, cx: &Cx) -> Result<Value> {
    match a {
        Value::List(_) | Value::Set(_) | Value::Dict(_) => {
            if let Some(answer) = types::in_place_builtin(op, a, b, cx)? {
                return Ok(answer);
            }
        }
        Value::Instance(instance) => {
            if let Some(answer) = special(a, instance.class(), op.methods().2, b, cx)? {
                return Ok(answer);
            }
            if let Some(answer) = types::in_place_builtin(op, a, b, cx)? {
                return Ok(answer);
            }
        }
        Value::Object(object) => {
            if let Some(answer) = special(a, &object.class(), op.methods().2, b, cx)? {
                return Ok(answer);
            }
        }
        _ => {}
    }
    binary(op, a, b, cx).map_err(|raised| {
        let plain = types::unsupported_operands(op, a, b, cx).message(cx);
        if raised.is(&TYPE_ERROR) && raised.message(cx) == plain {
            return types::operator_error(&format!("{}=", op.symbol()), a, b, cx);
        }
        raised
    })
}

/// `-x`, `+x`, `~x`.
pub fn unary(op: UnaryOp, value: &Value, cx: &Cx) -> Result<Value> {
    let answer = match value {
        Value::Object(object) => object.unary(value, op, cx)?,
        Value::Instance(_) => match types::call_special(value, op.method(), cx)? {
            Some(answer) => Some(answer),
            None => types::unary_builtin(op, value),
        },
        _ => types::unary_builtin(op, value),
    };
    answer.ok_or_else(|| {
        TYPE_ERROR.error(format!(
            "bad operand type for unary {}: '{}'",
            op.symbol(),
            class_of(value, cx).error_name()
        ))
    })
}
