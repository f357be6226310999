//! Calls from the language, and the making of functions.

use std::rc::Rc;

use smallvec::SmallVec;

use super::bind;
use super::frame::{CellVar, Flow, Frame};
use super::function::{Function, Parts};
use super::generator::Generator;
use super::run::run;
use super::runtime::Runtime;
use crate::lang::compile::{Code, FunctionParts};
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{Args, Cx, Method, MethodKind, Result, Str, Value};

/// Call what lies below `count` positional arguments.
pub(super) fn call(
    frame: &mut Frame,
    count: usize,
    rt: &Rc<Runtime>,
    cx: &Cx,
    ip: usize,
) -> Result<Value> {
    let start = frame.slots.len().saturating_sub(count);
    if let Some(quick) = frame.slots[start - 1].as_method().and_then(Method::quick) {
        cx.set_position(frame.code.span(ip - 1));
        if let Some(value) = quick(&Value::Undefined, &frame.slots[start..], cx)? {
            frame.slots.truncate(start - 1);
            return Ok(value);
        }
    }
    let callee = frame.slots[start - 1].clone();
    if let Some(function) = callee.downcast::<Function>() {
        let mut slots = rt.take_buffer();
        slots.extend(frame.slots.drain(start..));
        drop(frame.pop());
        bind::bind(function, &mut slots, count, Vec::new())?;
        return function.run(slots, cx);
    }
    let args = positional(frame, start);
    drop(frame.pop());
    cx.set_position(frame.code.span(ip - 1));
    cx.call(&callee, args)
}

fn positional(frame: &mut Frame, start: usize) -> Args {
    Args {
        pos: frame.slots.drain(start..).collect(),
        kw: Vec::new(),
    }
}

/// The arguments on the stack, the last as many as `names` by keyword.
fn with_keywords(frame: &mut Frame, count: usize, names: &Value) -> Args {
    let names: &[Value] = match names {
        Value::Tuple(names) => names,
        _ => &[],
    };
    let start = frame.slots.len().saturating_sub(names.len());
    let kw = names
        .iter()
        .zip(frame.slots.drain(start..))
        .filter_map(|(name, value)| match name {
            Value::Str(name) => Some((name.clone(), value)),
            _ => None,
        })
        .collect();
    let start = frame
        .slots
        .len()
        .saturating_sub(count.saturating_sub(names.len()));
    let pos: SmallVec<[Value; 4]> = frame.slots.drain(start..).collect();
    Args { pos, kw }
}

/// Call with keyword arguments.
pub(super) fn call_keywords(
    frame: &mut Frame,
    count: usize,
    names: &Value,
    cx: &Cx,
    ip: usize,
) -> Result<Value> {
    let args = with_keywords(frame, count, names);
    let callee = frame.pop();
    cx.set_position(frame.code.span(ip - 1));
    cx.call(&callee, args)
}

/// Call with a list of arguments, and perhaps a dict of keyword arguments.
pub(super) fn call_unpacked(
    frame: &mut Frame,
    keywords: bool,
    cx: &Cx,
    ip: usize,
) -> Result<Value> {
    let kw = if keywords {
        keyword_arguments(&frame.pop())?
    } else {
        Vec::new()
    };
    let pos = match frame.pop() {
        Value::List(list) => list.to_vec(),
        _ => Vec::new(),
    };
    let callee = frame.pop();
    cx.set_position(frame.code.span(ip - 1));
    cx.call(
        &callee,
        Args {
            pos: pos.into(),
            kw,
        },
    )
}

/// A dict as keyword arguments.
pub(super) fn keyword_arguments(dict: &Value) -> Result<Vec<(Str, Value)>> {
    let Value::Dict(dict) = dict else {
        return Ok(Vec::new());
    };
    dict.borrow()
        .iter()
        .map(|(key, value)| match key.value() {
            Value::Str(name) => Ok((name.clone(), value.clone())),
            _ => Err(TYPE_ERROR.error("keywords must be strings")),
        })
        .collect()
}

/// Call a method: function and receiver lie below the arguments, or `Undefined` and the callee.
pub(super) fn call_method(
    frame: &mut Frame,
    count: usize,
    rt: &Rc<Runtime>,
    cx: &Cx,
    ip: usize,
) -> Result<Value> {
    let start = frame.slots.len().saturating_sub(count);
    let function = std::mem::replace(&mut frame.slots[start - 2], Value::Undefined);
    if function.is_undefined() {
        let value = call(frame, count, rt, cx, ip);
        drop(frame.pop());
        return value;
    }
    if let Some(quick) = function.as_method().and_then(Method::quick) {
        cx.set_position(frame.code.span(ip - 1));
        if let Some(value) = quick(&frame.slots[start - 1], &frame.slots[start..], cx)? {
            frame.slots.truncate(start - 2);
            return Ok(value);
        }
    }
    if let Some(script) = function.downcast::<Function>() {
        let mut slots = rt.take_buffer();
        slots.extend(frame.slots.drain(start - 1..));
        drop(frame.pop());
        bind::bind(script, &mut slots, count + 1, Vec::new())?;
        return script.run(slots, cx);
    }
    cx.set_position(frame.code.span(ip - 1));
    let this = std::mem::replace(&mut frame.slots[start - 1], Value::Undefined);
    if let Some(method) = function.as_method()
        && method.kind() == MethodKind::Method
    {
        let _depth = cx.enter()?;
        let answer = method.invoke_drained(this, frame.slots.drain(start..), cx);
        frame.slots.truncate(start - 2);
        return answer;
    }
    let args = positional(frame, start);
    frame.slots.truncate(start - 2);
    invoke(&function, this, args, cx)
}

/// The same with keyword arguments.
pub(super) fn call_method_keywords(
    frame: &mut Frame,
    count: usize,
    names: &Value,
    cx: &Cx,
    ip: usize,
) -> Result<Value> {
    let args = with_keywords(frame, count, names);
    let this = frame.pop();
    let function = frame.pop();
    cx.set_position(frame.code.span(ip - 1));
    if function.is_undefined() {
        return cx.call(&this, args);
    }
    invoke(&function, this, args, cx)
}

fn invoke(function: &Value, this: Value, args: Args, cx: &Cx) -> Result<Value> {
    if let Some(method) = function.as_method()
        && method.kind() == MethodKind::Method
    {
        let _depth = cx.enter()?;
        return method.invoke_taking(this, args, cx);
    }
    cx.call(function, args.prepend(this))
}

/// The cells that an inner block needs.
pub(super) fn captured(frame: &Frame, code: &Code) -> Vec<Rc<CellVar>> {
    code.captures
        .iter()
        .filter_map(|capture| frame.cells.get(capture.outer as usize).cloned())
        .collect()
}

/// Push a function over the parts on the stack.
pub(super) fn make_function(
    frame: &mut Frame,
    code: &Rc<Code>,
    parts: FunctionParts,
    rt: &Rc<Runtime>,
) {
    let annotations = parts.annotations.then(|| frame.pop());
    let keyword_defaults = parts.keyword_defaults.then(|| frame.pop());
    let defaults = parts.defaults.then(|| frame.pop());
    let parts = Parts {
        defaults,
        keyword_defaults,
        annotations,
    };
    let cells = captured(frame, code);
    let function = Function::new(code.clone(), cells, parts, rt.clone());
    frame.push(Value::object(function));
}

fn inner_frame(frame: &mut Frame, code: &Rc<Code>, rt: &Runtime) -> Frame {
    let cells = captured(frame, code);
    let mut inner = Frame::new(code, rt.take_buffer(), &cells);
    inner.iters.extend(frame.iters.pop());
    inner.namespace = None;
    inner
}

/// Run a comprehension over the innermost iterator.
pub(super) fn comprehension(
    frame: &mut Frame,
    code: &Rc<Code>,
    rt: &Rc<Runtime>,
    cx: &Cx,
) -> Result<Value> {
    let mut inner = inner_frame(frame, code, rt);
    let _depth = cx.enter()?;
    let flow = run(&mut inner, rt, cx);
    rt.give_buffer(inner.slots);
    match flow? {
        Flow::Return(value) | Flow::Yield(value) => Ok(value),
    }
}

/// Push the generator of a generator expression over the innermost iterator.
pub(super) fn generator_expression(frame: &mut Frame, code: &Rc<Code>, rt: &Rc<Runtime>) {
    let inner = inner_frame(frame, code, rt);
    frame.push(Value::object(Generator::new(inner, rt.clone())));
}
