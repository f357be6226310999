//! Operators: the short ways for plain numbers, and the rest through the data model.

use super::frame::Frame;
use super::runtime::Runtime;
use crate::lang::compile::{Code, Operand};
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{BinaryOp, CompareOp, Cx, Result, UnaryOp, Value, class_of, ops, types};

/// `a op b` of plain numbers, its operands taken; `None`: nothing was taken.
#[inline]
pub(super) fn fast_binary(
    frame: &mut Frame,
    code: &Code,
    rt: &Runtime,
    op: BinaryOp,
    a: Operand,
    b: Operand,
) -> Option<Value> {
    let on_stack = usize::from(b == Operand::STACK);
    let value = {
        let globals = rt.globals.slots.borrow();
        let x = frame.peek(code, &globals, a, on_stack);
        let y = frame.peek(code, &globals, b, 0);
        match (x, y) {
            (Value::Int(x), Value::Int(y)) => int_op(op, *x, *y)?,
            (Value::Float(x), Value::Float(y)) => float_op(op, *x, *y)?,
            _ => return None,
        }
    };
    let taken = on_stack + usize::from(a == Operand::STACK);
    if taken > 0 {
        frame.slots.truncate(frame.slots.len() - taken);
    }
    Some(value)
}

#[inline]
fn int_op(op: BinaryOp, x: i64, y: i64) -> Option<Value> {
    Some(Value::Int(match op {
        BinaryOp::Add => x.checked_add(y)?,
        BinaryOp::Sub => x.checked_sub(y)?,
        BinaryOp::Mul => x.checked_mul(y)?,
        BinaryOp::Mod if y > 0 => x.rem_euclid(y),
        BinaryOp::FloorDiv if y > 0 => x.div_euclid(y),
        BinaryOp::BitAnd => x & y,
        BinaryOp::BitOr => x | y,
        BinaryOp::BitXor => x ^ y,
        _ => return None,
    }))
}

#[inline]
fn float_op(op: BinaryOp, x: f64, y: f64) -> Option<Value> {
    Some(Value::Float(match op {
        BinaryOp::Add => x + y,
        BinaryOp::Sub => x - y,
        BinaryOp::Mul => x * y,
        BinaryOp::TrueDiv if y != 0.0 => x / y,
        _ => return None,
    }))
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
    let on_stack = usize::from(b == Operand::STACK);
    let truth = {
        let globals = rt.globals.slots.borrow();
        let x = frame.peek(code, &globals, a, on_stack);
        let y = frame.peek(code, &globals, b, 0);
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
    let taken = on_stack + usize::from(a == Operand::STACK);
    if taken > 0 {
        frame.slots.truncate(frame.slots.len() - taken);
    }
    Some(truth)
}

/// `a op= b`.
pub(super) fn in_place(op: BinaryOp, a: &Value, b: &Value, cx: &Cx) -> Result<Value> {
    if let Value::Instance(instance) = a {
        if let Some(answer) = ops::special(a, instance.class(), op.methods().2, b, cx)? {
            return Ok(answer);
        }
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
