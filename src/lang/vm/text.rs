//! F-strings, built in the frame's buffer.

use super::frame::{Frame, peek};
use super::runtime::Runtime;
use crate::lang::compile::{Code, Conversion, Operand};
use crate::object::{Cx, Result, Str, Value, ops, types};

/// Append a value to the f-string under construction.
pub(super) fn value(
    frame: &mut Frame,
    code: &Code,
    a: Operand,
    conversion: Conversion,
    spec: bool,
    rt: &Runtime,
    cx: &Cx,
) -> Result<()> {
    let spec = spec.then(|| frame.pop());
    if spec.is_none() && conversion == Conversion::None && append_plain(frame, code, a, rt) {
        return Ok(());
    }
    let value = frame.fetch(a, rt, cx)?;
    let value = match conversion {
        Conversion::None => value,
        Conversion::Str => ops::str(&value, cx)?.into(),
        Conversion::Repr => ops::repr(&value, cx)?.into(),
        Conversion::Ascii => ascii(&ops::repr(&value, cx)?).into(),
    };
    let spec = spec.as_ref().and_then(Value::as_str).unwrap_or("");
    match &value {
        Value::Str(text) if spec.is_empty() => frame.text.push_str(text),
        _ => {
            let text = types::format::format(&value, spec, cx)?;
            frame.text.push_str(&text);
        }
    }
    Ok(())
}

/// Append an int or a text that needs no formatting.
fn append_plain(frame: &mut Frame, code: &Code, a: Operand, rt: &Runtime) -> bool {
    {
        let globals = rt.globals.slots.borrow();
        match peek(&frame.slots, code, &globals, a, 0) {
            Value::Int(number) => frame.text.push_str(itoa::Buffer::new().format(*number)),
            Value::Str(value) => frame.text.push_str(value),
            _ => return false,
        }
    }
    frame.forget_top(usize::from(a == Operand::STACK));
    true
}

/// The f-string that is complete.
pub(super) fn end(frame: &mut Frame) -> Value {
    let start = frame.marks.pop().unwrap_or(0);
    let value = Value::Str(Str::new(&frame.text[start..]));
    frame.text.truncate(start);
    value
}

/// What `ascii()` makes of a repr.
fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match u32::from(c) {
            0..=0x7f => out.push(c),
            code @ 0x80..=0xff => out.push_str(&format!("\\x{code:02x}")),
            code @ 0x100..=0xffff => out.push_str(&format!("\\u{code:04x}")),
            code => out.push_str(&format!("\\U{code:08x}")),
        }
    }
    out
}
