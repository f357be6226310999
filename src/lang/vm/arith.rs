//! Operators: the short ways for plain numbers, and the rest through the data model.

use super::frame::{Frame, peek};
use super::runtime::Runtime;
use crate::lang::compile::{Code, Operand};
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
    let done = match op {
        BinaryOp::Add => int_binary(frame, code, rt, (a, b, to), i64::checked_add),
        BinaryOp::Sub => int_binary(frame, code, rt, (a, b, to), i64::checked_sub),
        BinaryOp::Mul => int_binary(frame, code, rt, (a, b, to), i64::checked_mul),
        BinaryOp::Mod => int_binary(frame, code, rt, (a, b, to), modulo),
        BinaryOp::FloorDiv => int_binary(frame, code, rt, (a, b, to), floor_div),
        _ => false,
    };
    done || float_binary(frame, code, rt, op, (a, b, to))
}

#[inline]
fn modulo(x: i64, y: i64) -> Option<i64> {
    (y > 0).then(|| x.rem_euclid(y))
}

#[inline]
fn floor_div(x: i64, y: i64) -> Option<i64> {
    (y > 0).then(|| x.div_euclid(y))
}

#[inline]
fn int_binary(
    frame: &mut Frame,
    code: &Code,
    rt: &Runtime,
    (a, b, to): (Operand, Operand, Operand),
    apply: fn(i64, i64) -> Option<i64>,
) -> bool {
    let below = usize::from(b == Operand::STACK);
    let number = {
        let globals = rt.globals.slots.borrow();
        let x = peek(&frame.slots, code, &globals, a, below);
        let y = peek(&frame.slots, code, &globals, b, 0);
        match (x, y) {
            (Value::Int(x), Value::Int(y)) => apply(*x, *y),
            _ => None,
        }
    };
    let Some(number) = number else {
        return false;
    };
    let taken = below + usize::from(a == Operand::STACK);
    if taken > 0 && to == Operand::STACK {
        // The result takes the place of the lower operand.
        frame.forget_top(taken - 1);
        if let Some(Value::Int(held)) = frame.slots.last_mut() {
            *held = number;
        }
        return true;
    }
    frame.forget_top(taken);
    frame.write_int(to, number, rt);
    true
}

fn float_binary(
    frame: &mut Frame,
    code: &Code,
    rt: &Runtime,
    op: BinaryOp,
    (a, b, to): (Operand, Operand, Operand),
) -> bool {
    let below = usize::from(b == Operand::STACK);
    let number = {
        let globals = rt.globals.slots.borrow();
        let x = peek(&frame.slots, code, &globals, a, below);
        let y = peek(&frame.slots, code, &globals, b, 0);
        match (x, y) {
            (Value::Float(x), Value::Float(y)) => match op {
                BinaryOp::Add => x + y,
                BinaryOp::Sub => x - y,
                BinaryOp::Mul => x * y,
                BinaryOp::TrueDiv if *y != 0.0 => x / y,
                _ => return false,
            },
            _ => return false,
        }
    };
    frame.forget_top(below + usize::from(a == Operand::STACK));
    frame.write(to, Value::Float(number), rt);
    true
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
