//! The operators between built-in values, and the special methods that stand for them.

use std::rc::Rc;

use num_traits::{Signed, Zero};

use super::list_methods::concatenation_error;
use super::{base_value, class_of, float, generic, int, number_of, percent, set};
use crate::object::exceptions::{MEMORY_ERROR, TYPE_ERROR};
use crate::object::{
    BinaryOp, CompareOp, Cx, Dict, List, Members, Raised, Result, Set, UnaryOp, Value, ops,
};

/// An operator between built-in values; `None`: not defined between these.
pub fn binary_builtin(op: BinaryOp, a: &Value, b: &Value, cx: &Cx) -> Result<Option<Value>> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => return int::binary(op, *a, *b),
        (Value::Float(a), Value::Float(b)) => return float::binary(op, *a, *b),
        (Value::Bool(a), Value::Bool(b)) => {
            return Ok(match op {
                BinaryOp::BitAnd => Some(Value::Bool(a & b)),
                BinaryOp::BitOr => Some(Value::Bool(a | b)),
                BinaryOp::BitXor => Some(Value::Bool(a ^ b)),
                _ => return int::binary(op, i64::from(*a), i64::from(*b)),
            });
        }
        (Value::Str(a), Value::Str(b)) if op == BinaryOp::Add => {
            let mut joined = compact_str::CompactString::with_capacity(a.len() + b.len());
            joined.push_str(a);
            joined.push_str(b);
            return Ok(Some(Value::str(joined)));
        }
        (Value::Str(template), _) if op == BinaryOp::Mod => {
            return percent::format(template, b, cx).map(|text| Some(text.into()));
        }
        (Value::Instance(_) | Value::Object(_), _) | (_, Value::Instance(_) | Value::Object(_)) => {
            return Ok(None);
        }
        _ => {}
    }
    if matches!(a, Value::Class(_)) || matches!(b, Value::Class(_)) {
        if op == BinaryOp::BitOr {
            return Ok(generic::union_of_operands(a, b));
        }
        return Ok(None);
    }
    if let (Some(a), Some(b)) = (plain_number(a), plain_number(b)) {
        return numbers(op, &a, &b);
    }
    match op {
        BinaryOp::Add => concatenate(a, b, cx),
        BinaryOp::Mul => repeat(a, b, cx),
        BinaryOp::BitOr | BinaryOp::BitAnd | BinaryOp::Sub | BinaryOp::BitXor => {
            Ok(combine(op, a, b))
        }
        _ => Ok(None),
    }
}

fn plain_number(value: &Value) -> Option<Value> {
    match value {
        Value::Instance(_) => None,
        _ => number_of(value),
    }
}

fn numbers(op: BinaryOp, a: &Value, b: &Value) -> Result<Option<Value>> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => int::binary(op, *a, *b),
        (Value::Float(_), _) | (_, Value::Float(_)) => {
            float::binary(op, as_float(a)?, as_float(b)?)
        }
        _ => match (int::to_big(a), int::to_big(b)) {
            (Some(a), Some(b)) => int::binary_big(op, &a, &b),
            _ => Ok(None),
        },
    }
}

fn as_float(value: &Value) -> Result<f64> {
    match value {
        Value::Float(number) => Ok(*number),
        Value::BigInt(number) => float::big_to_float(number),
        #[expect(clippy::cast_precision_loss, reason = "the rounding is Python's")]
        other => Ok(other.as_int().unwrap_or(0) as f64),
    }
}

fn concatenate(a: &Value, b: &Value, cx: &Cx) -> Result<Option<Value>> {
    Ok(Some(match (a, b) {
        (Value::List(a), Value::List(b)) => {
            let mut items = a.to_vec();
            items.extend(b.borrow().iter().cloned());
            Value::list(items)
        }
        (Value::Tuple(a), Value::Tuple(b)) => {
            Value::tuple(a.iter().chain(b.iter()).cloned().collect())
        }
        (Value::Bytes(a), Value::Bytes(b)) => {
            Value::Bytes(Rc::new(a.iter().chain(b.iter()).copied().collect()))
        }
        (Value::Str(_), _) => return Err(concatenation_error("str", b, cx)),
        (Value::List(_), _) => return Err(concatenation_error("list", b, cx)),
        (Value::Tuple(_), _) => return Err(concatenation_error("tuple", b, cx)),
        (Value::Bytes(_), _) => {
            return Err(TYPE_ERROR.error(format!(
                "can't concat {} to bytes",
                class_of(b, cx).error_name()
            )));
        }
        _ => return Ok(None),
    }))
}

fn is_sequence(value: &Value) -> bool {
    matches!(
        value,
        Value::List(_) | Value::Tuple(_) | Value::Str(_) | Value::Bytes(_)
    )
}

fn repeat(a: &Value, b: &Value, cx: &Cx) -> Result<Option<Value>> {
    let (sequence, count) = if is_sequence(a) { (a, b) } else { (b, a) };
    if !is_sequence(sequence) {
        return Ok(None);
    }
    let count = match count {
        Value::Bool(_) | Value::Int(_) | Value::BigInt(_) => {
            int::index(count, cx)?.unwrap_or(0).max(0)
        }
        _ => {
            return Err(TYPE_ERROR.error(format!(
                "can't multiply sequence by non-int of type '{}'",
                class_of(count, cx).error_name()
            )));
        }
    };
    let fits = |len: usize| -> Result<usize> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        match len.checked_mul(count) {
            Some(total) if total < 1 << 31 => Ok(count),
            _ if len == 0 => Ok(0),
            _ => Err(Raised::new(&MEMORY_ERROR, Vec::new())),
        }
    };
    Ok(Some(match sequence {
        Value::List(list) => Value::list(List::repeat(&list.to_vec(), count)?),
        Value::Tuple(items) => Value::tuple(List::repeat(items, count)?),
        Value::Str(text) => text.repeat(fits(text.len())?).into(),
        Value::Bytes(bytes) => Value::Bytes(Rc::new(bytes.repeat(fits(bytes.len())?))),
        _ => return Ok(None),
    }))
}

fn combine(op: BinaryOp, a: &Value, b: &Value) -> Option<Value> {
    match (a, b) {
        (Value::Set(a), Value::Set(b)) => {
            let items = set::combine(op, a, &b.borrow());
            Some(Value::Set(Rc::new(if a.is_frozen() {
                Set::frozen(items)
            } else {
                Set::new(items)
            })))
        }
        (Value::Dict(a), Value::Dict(b)) if op == BinaryOp::BitOr => {
            let mut entries = a.to_map();
            entries.extend(b.to_map());
            Some(Value::Dict(Rc::new(Dict::new(entries))))
        }
        _ => None,
    }
}

/// An operator by the built-in values that instances of subclasses carry.
pub fn binary_payload(op: BinaryOp, a: &Value, b: &Value, cx: &Cx) -> Result<Option<Value>> {
    if !matches!(a, Value::Instance(_)) && !matches!(b, Value::Instance(_)) {
        return Ok(None);
    }
    let (base_a, base_b) = (base_value(a), base_value(b));
    let same = |a: &Value, b: &Value| a.address() == b.address() && a.address().is_some();
    if same(&base_a, a) && same(&base_b, b) {
        return Ok(None);
    }
    if let Some(answer) = binary_builtin(op, &base_a, &base_b, cx)? {
        return Ok(Some(answer));
    }
    for (this, other, reflected) in [(&base_a, &base_b, false), (&base_b, &base_a, true)] {
        if let Value::Object(object) = this
            && let Some(answer) = object.binary(this, op, other, reflected, cx)?
        {
            return Ok(Some(answer));
        }
    }
    Ok(None)
}

/// `a op= b` where the built-in value `a` changes in place; `None`: it does not.
pub fn in_place_builtin(op: BinaryOp, a: &Value, b: &Value, cx: &Cx) -> Result<Option<Value>> {
    match (op, base_value(a)) {
        (BinaryOp::Add, Value::List(list)) => list.extend(b, cx)?,
        (BinaryOp::Mul, Value::List(list)) => {
            let Some(count) = int::index(b, cx)? else {
                return Ok(None);
            };
            let items = list.to_vec();
            let repeated = List::repeat(&items, count)?;
            if count <= 0 {
                list.clear(cx)?;
            } else {
                for item in &repeated[items.len()..] {
                    list.append(item.clone(), cx)?;
                }
            }
        }
        (
            BinaryOp::BitOr | BinaryOp::BitAnd | BinaryOp::Sub | BinaryOp::BitXor,
            Value::Set(set),
        ) if !set.is_frozen() => {
            if !matches!(base_value(b), Value::Set(_)) && !is_set_like(b) {
                return Ok(None);
            }
            set.in_place(op, b, cx)?;
        }
        (BinaryOp::BitOr, Value::Dict(dict)) => dict.update(Some(b), &[], cx)?,
        _ => return Ok(None),
    }
    Ok(Some(a.clone()))
}

fn is_set_like(value: &Value) -> bool {
    matches!(value, Value::Object(object)
        if matches!(object.spec().name(), "dict_keys" | "dict_items"))
}

/// `-x`, `+x`, `~x` of a built-in value; `None`: not defined.
pub fn unary_builtin(op: UnaryOp, value: &Value) -> Option<Value> {
    Some(match (op, number_of(value)?) {
        (UnaryOp::Neg, Value::Int(number)) => match number.checked_neg() {
            Some(number) => Value::Int(number),
            None => Value::big(-num_bigint::BigInt::from(number)),
        },
        (UnaryOp::Neg, Value::Float(number)) => Value::Float(-number),
        (UnaryOp::Neg, Value::BigInt(number)) => Value::big(-&*number),
        (UnaryOp::Pos, number) => number,
        (UnaryOp::Invert, Value::Int(number)) => Value::Int(!number),
        (UnaryOp::Invert, Value::BigInt(number)) => Value::big(!&*number),
        _ => return None,
    })
}

/// `abs(value)` of a number; `None`: it is none.
pub fn absolute(value: &Value) -> Option<Value> {
    Some(match number_of(value)? {
        Value::Int(number) => match number.checked_abs() {
            Some(number) => Value::Int(number),
            None => Value::big(num_bigint::BigInt::from(number).abs()),
        },
        Value::Float(number) => Value::Float(number.abs()),
        Value::BigInt(number) => Value::big(number.abs()),
        _ => return None,
    })
}

/// `divmod(a, b)` of built-in numbers.
pub fn div_mod(a: &Value, b: &Value, cx: &Cx) -> Result<Value> {
    if let (Some(x), Some(y)) = (number_of(a), number_of(b)) {
        let zero = match &y {
            Value::Int(number) => *number == 0,
            Value::Float(number) => *number == 0.0,
            Value::BigInt(number) => number.is_zero(),
            _ => false,
        };
        let floats = matches!(x, Value::Float(_)) || matches!(y, Value::Float(_));
        if zero {
            return Err(
                crate::object::exceptions::ZERO_DIVISION_ERROR.error(if floats {
                    "float divmod()"
                } else {
                    "integer division or modulo by zero"
                }),
            );
        }
        if floats {
            let (quotient, rest) = float::div_mod(as_float(&x)?, as_float(&y)?);
            return Ok(Value::tuple(vec![
                Value::Float(quotient),
                Value::Float(rest),
            ]));
        }
    }
    for (value, name, other) in [(a, "__divmod__", b), (b, "__rdivmod__", a)] {
        let class = class_of(value, cx);
        if let Some(method) = class.script_method(name) {
            let bound = crate::object::bind(&method, Some(value), &class, cx)?;
            let answer = cx.call(&bound, [other.clone()])?;
            if !super::is_not_implemented(&answer) {
                return Ok(answer);
            }
        }
    }
    let rename = |raised: Raised| {
        let known = unsupported_operands(BinaryOp::FloorDiv, a, b, cx).message(cx);
        if raised.is(&TYPE_ERROR) && raised.message(cx) == known {
            return TYPE_ERROR.error(known.replacen("for //:", "for divmod():", 1));
        }
        raised
    };
    Ok(Value::tuple(vec![
        ops::binary(BinaryOp::FloorDiv, a, b, cx).map_err(rename)?,
        ops::binary(BinaryOp::Mod, a, b, cx)?,
    ]))
}

/// The TypeError for an operator that neither side knows.
pub fn unsupported_operands(op: BinaryOp, a: &Value, b: &Value, cx: &Cx) -> Raised {
    let symbol = match op {
        BinaryOp::Pow => "** or pow()",
        _ => op.symbol(),
    };
    operator_error(symbol, a, b, cx)
}

/// The same with the operator as written, `+=` for one.
pub fn operator_error(symbol: &str, a: &Value, b: &Value, cx: &Cx) -> Raised {
    TYPE_ERROR.error(format!(
        "unsupported operand type(s) for {symbol}: '{}' and '{}'",
        class_of(a, cx).error_name(),
        class_of(b, cx).error_name()
    ))
}

fn or_not_implemented(answer: Option<Value>) -> Value {
    answer.unwrap_or_else(|| Value::object(super::NotImplementedObject))
}

fn add_binary(members: &mut Members, table: &[(&'static str, BinaryOp, bool)]) {
    for (text, op, reflected) in table.iter().copied() {
        members.method_on_value(text, move |this, a, cx| {
            let (this, other) = (base_value(this), base_value(a.at(0)));
            let (a, b) = if reflected {
                (&other, &this)
            } else {
                (&this, &other)
            };
            binary_builtin(op, a, b, cx).map(or_not_implemented)
        });
    }
}

fn add_comparisons(members: &mut Members) {
    const TABLE: [(&str, CompareOp); 6] = [
        ("__eq__(value, /)", CompareOp::Eq),
        ("__ne__(value, /)", CompareOp::Ne),
        ("__lt__(value, /)", CompareOp::Lt),
        ("__le__(value, /)", CompareOp::Le),
        ("__gt__(value, /)", CompareOp::Gt),
        ("__ge__(value, /)", CompareOp::Ge),
    ];
    for (text, op) in TABLE {
        members.method_on_value(text, move |this, a, cx| {
            super::compare_builtin(&base_value(this), op, &base_value(a.at(0)), cx)
                .map(or_not_implemented)
        });
    }
    members
        .method_on_value("__repr__(/)", |this, _, cx| {
            Ok(cx.repr(&base_value(this))?.into())
        })
        .method_on_value("__str__(/)", |this, _, cx| {
            Ok(cx.str(&base_value(this))?.into())
        })
        .method_on_value("__format__(format_spec, /)", |this, a, cx| {
            let spec = a.at(0).as_str().unwrap_or("");
            Ok(ops::format(&base_value(this), spec, cx)?.into())
        })
        .method_on_value("__hash__(/)", |this, _, cx| {
            super::hash_number(&base_value(this), cx)
        });
}

/// The special methods of numbers and sequences: `__add__` and its kin, comparisons, repr.
pub(super) fn number_members(members: &mut Members) {
    use BinaryOp::{Add, FloorDiv, Mod, Mul, Pow, Sub, TrueDiv};
    add_binary(
        members,
        &[
            ("__add__(value, /)", Add, false),
            ("__radd__(value, /)", Add, true),
            ("__sub__(value, /)", Sub, false),
            ("__rsub__(value, /)", Sub, true),
            ("__mul__(value, /)", Mul, false),
            ("__rmul__(value, /)", Mul, true),
            ("__truediv__(value, /)", TrueDiv, false),
            ("__floordiv__(value, /)", FloorDiv, false),
            ("__mod__(value, /)", Mod, false),
            ("__pow__(value, /)", Pow, false),
        ],
    );
    add_comparisons(members);
    add_new(members);
}

fn add_new(members: &mut Members) {
    members.static_method("__new__(cls, /, *args, **kwargs)", |a, cx| {
        let Value::Class(class) = a.at(0) else {
            return Err(TYPE_ERROR.error("__new__(X): X is not a type object"));
        };
        let mut args = crate::object::Args::from(a.rest().to_vec());
        args.kw = a.keywords().to_vec();
        match class.constructor() {
            Some(construct) => construct(class, args, cx),
            None => Err(TYPE_ERROR.error("__new__() needs a built-in type")),
        }
    });
}

/// The special methods of sets and dicts: `__or__` and its kin, comparisons, repr.
pub(super) fn set_members(members: &mut Members) {
    use BinaryOp::{BitAnd, BitOr, BitXor, Sub};
    add_binary(
        members,
        &[
            ("__or__(value, /)", BitOr, false),
            ("__and__(value, /)", BitAnd, false),
            ("__sub__(value, /)", Sub, false),
            ("__xor__(value, /)", BitXor, false),
        ],
    );
    add_comparisons(members);
    add_new(members);
}

/// The special methods of containers: `__len__`, `__getitem__`, ...
pub(super) fn container_members(members: &mut Members) {
    members
        .method_on_value("__len__(/)", |this, _, cx| {
            let len = super::len(&base_value(this), cx)?;
            Ok(Value::Int(i64::try_from(len).unwrap_or(i64::MAX)))
        })
        .method_on_value("__getitem__(key, /)", |this, a, cx| {
            super::get_native_item(this, a.at(0), cx)
        })
        .method_on_value("__setitem__(key, value, /)", |this, a, cx| {
            super::set_item(&base_value(this), a.at(0).clone(), a.at(1).clone(), cx)
                .map(|()| Value::None)
        })
        .method_on_value("__delitem__(key, /)", |this, a, cx| {
            super::delete_item(&base_value(this), a.at(0), cx).map(|()| Value::None)
        })
        .method_on_value("__contains__(key, /)", |this, a, cx| {
            super::contains(&base_value(this), a.at(0), cx).map(Value::Bool)
        })
        .method_on_value("__iter__(/)", |this, _, cx| {
            super::iterators::iter_of(&base_value(this), cx)
        });
}
