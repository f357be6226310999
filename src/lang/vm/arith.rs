//! Operators: the short ways for plain numbers, and the rest through the data model.

use super::frame::{Frame, peek};
use super::runtime::Runtime;
use crate::lang::compile::{Code, Operand, Place};
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{BinaryOp, CompareOp, Cx, Result, UnaryOp, Value, class_of, ops, types};

/// `a op b` of plain numbers into `to`; `false`: they are none, and nothing was taken.
#[inline]
pub(super) fn fast_binary(
    frame: &mut Frame,
    code: &Code,
    rt: &Runtime,
    op: BinaryOp,
    (a, b, to): (Operand, Operand, Operand),
) -> bool {
    let below = usize::from(b == Operand::STACK);
    let mut globals = rt.globals.slots.borrow_mut();
    let x = peek(&frame.slots, code, &globals, a, below);
    let y = peek(&frame.slots, code, &globals, b, 0);
    let number = match (x, y) {
        (Value::Int(x), Value::Int(y)) => int_binary(op, *x, *y).map(Value::Int),
        (Value::Float(x), Value::Float(y)) => float_binary(op, *x, *y).map(Value::Float),
        _ => None,
    };
    let Some(number) = number else {
        return false;
    };
    let taken = below + usize::from(a == Operand::STACK);
    let before = match to.place() {
        // The result takes the place of the lower operand.
        Place::Stack | Place::Const(_) if taken > 0 => {
            frame.forget_top(taken - 1);
            frame.slots.last_mut()
        }
        Place::Stack | Place::Const(_) => {
            frame.slots.push(number);
            return true;
        }
        Place::Local(at) => {
            frame.forget_top(taken);
            frame.slots.get_mut(at)
        }
        Place::Global(at) => {
            frame.forget_top(taken);
            globals.get_mut(at)
        }
    };
    let before = before.map(|held| std::mem::replace(held, number));
    drop(globals);
    drop(before);
    true
}

#[inline]
fn int_binary(op: BinaryOp, x: i64, y: i64) -> Option<i64> {
    match op {
        BinaryOp::Add => x.checked_add(y),
        BinaryOp::Sub => x.checked_sub(y),
        BinaryOp::Mul => x.checked_mul(y),
        // A remainder by a smaller divisor is common, and one of 32 bits is twice as fast.
        BinaryOp::Mod if y > 0 => match (u32::try_from(x), u32::try_from(y)) {
            (Ok(x), Ok(y)) => Some(i64::from(x % y)),
            _ => Some(x.rem_euclid(y)),
        },
        BinaryOp::FloorDiv if y > 0 => Some(x.div_euclid(y)),
        _ => None,
    }
}

#[inline]
fn float_binary(op: BinaryOp, x: f64, y: f64) -> Option<f64> {
    match op {
        BinaryOp::Add => Some(x + y),
        BinaryOp::Sub => Some(x - y),
        BinaryOp::Mul => Some(x * y),
        BinaryOp::TrueDiv if y != 0.0 => Some(x / y),
        _ => None,
    }
}

/// A comparison of plain values, its operands taken; `None`: nothing was taken.
#[inline]
pub(super) fn fast_compare(
    frame: &mut Frame,
    code: &Code,
    rt: &Runtime,
    op: CompareOp,
    a: Operand,
    b: Operand,
) -> Option<bool> {
    let below = usize::from(b == Operand::STACK);
    let truth = {
        let globals = rt.globals.slots.borrow();
        let x = peek(&frame.slots, code, &globals, a, below);
        let y = peek(&frame.slots, code, &globals, b, 0);
        match (x, y) {
            (Value::Int(x), Value::Int(y)) => op.holds(x.cmp(y)),
            (Value::Str(x), Value::Str(y)) => match op {
                CompareOp::Eq => x == y,
                CompareOp::Ne => x != y,
                _ => op.holds(x.cmp(y)),
            },
            _ => return None,
        }
    };
    frame.forget_top(below + usize::from(a == Operand::STACK));
    Some(truth)
}

/// `a op= b`.
pub(super) fn in_place(op: BinaryOp, a: &Value, b: &Value, cx: &Cx) -> Result<Value> {
    if let Value::Instance(instance) = a
        && let Some(answer) = ops::special(a, instance.class(), op.methods().2, b, cx)?
    {
        return Ok(answer);
    }
    if let Some(answer) = types::in_place_builtin(op, a, b, cx)? {
        return Ok(answer);
    }
    ops::binary(op, a, b, cx).map_err(|raised| {
        // The message names the operator as written.
        let message = raised.message(cx);
        let plain = format!("unsupported operand type(s) for {}: ", op.symbol());
        match message.strip_prefix(&plain) {
            Some(rest) if raised.trace().is_empty() && raised.is(&TYPE_ERROR) => TYPE_ERROR.error(
                format!("unsupported operand type(s) for {}=: {rest}", op.symbol()),
            ),
            _ => raised,
        }
    })
}

/// `-a`, `+a`, `~a`.
pub(super) fn unary(op: UnaryOp, a: &Value, cx: &Cx) -> Result<Value> {
    match a {
        Value::Object(object) => {
            if let Some(answer) = object.unary(a, op, cx)? {
                return Ok(answer);
            }
        }
        Value::Instance(instance) => {
            if let Some(method) = instance.class().lookup(op.method()) {
                let bound = crate::object::bind(&method, Some(a), instance.class(), cx)?;
                return cx.call(&bound, []);
            }
        }
        _ => {}
    }
    types::unary_builtin(op, a).ok_or_else(|| {
        TYPE_ERROR.error(format!(
            "bad operand type for unary {}: '{}'",
            op.symbol(),
            class_of(a, cx).name()
        ))
    })
}
