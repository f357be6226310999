//! The loop that runs a frame.

use std::rc::Rc;

use super::frame::{Flow, Frame};
use super::generator::{Step, delegate};
use super::runtime::Runtime;
use super::{arith, attrs, build, calls, classes, imports, patterns, raise, text, variables, with};
use crate::lang::compile::{Code, Instr, PatternTest};
use crate::lang::library;
use crate::object::{Cx, Raised, Result, Value, ValueIter, ops, types};

/// Run a frame until it returns or yields.
pub(super) fn run(frame: &mut Frame, rt: &Rc<Runtime>, cx: &Cx) -> Result<Flow> {
    let code = frame.code.clone();
    if code.handlers.is_empty() {
        // Nothing is caught here, so nothing is handled here.
        return execute(frame, &code, rt, cx).map_err(|raised| passed(frame, &code, raised, rt));
    }
    // A generator that goes on handles what it was handling before.
    let base = rt.handled_depth().saturating_sub(handled_of(frame));
    go(frame, &code, base, rt, cx)
}

/// How many of the exceptions being handled belong to a frame that is about to go on.
fn handled_of(frame: &Frame) -> usize {
    let at = u32::try_from(frame.ip).unwrap_or(u32::MAX);
    frame
        .code
        .handlers
        .iter()
        .filter(|handler| handler.start <= at && at < handler.end)
        .map(|handler| handler.handled as usize)
        .max()
        .unwrap_or(0)
}

/// Go on with an exception where the frame stands.
pub(super) fn resume_with_error(
    frame: &mut Frame,
    raised: Raised,
    rt: &Rc<Runtime>,
    cx: &Cx,
) -> Result<Flow> {
    let code = frame.code.clone();
    let base = rt.handled_depth().saturating_sub(handled_of(frame));
    if !matches!(code.instrs.get(frame.ip), Some(Instr::YieldFrom)) {
        frame.ip = frame.ip.saturating_sub(1);
    }
    // Errors are looked for behind the instruction that raised them.
    frame.ip += 1;
    unwind(frame, &code, base, raised, rt)?;
    go(frame, &code, base, rt, cx)
}

fn go(frame: &mut Frame, code: &Rc<Code>, base: usize, rt: &Rc<Runtime>, cx: &Cx) -> Result<Flow> {
    loop {
        match execute(frame, code, rt, cx) {
            Ok(Flow::Yield(value)) => return Ok(Flow::Yield(value)),
            Ok(flow) => {
                rt.truncate_handled(base);
                return Ok(flow);
            }
            Err(raised) => {
                if let Err(raised) = unwind(frame, code, base, raised, rt) {
                    rt.truncate_handled(base);
                    return Err(raised);
                }
            }
        }
    }
}

/// An exception that a frame has no handler for.
fn passed(frame: &Frame, code: &Code, mut raised: Raised, rt: &Runtime) -> Raised {
    if raised.trace().is_empty() {
        rt.set_context(&raised, false);
    }
    // The library has no text to point at: what a script called it with is the place.
    if !library::is_library(code.source) {
        raised.pass(code.span(frame.ip.saturating_sub(1)));
    }
    raised
}

/// Go to the handler of an exception; `Err`: this frame has none.
fn unwind(frame: &mut Frame, code: &Code, base: usize, raised: Raised, rt: &Runtime) -> Result<()> {
    let raised = passed(frame, code, raised, rt);
    let at = u32::try_from(frame.ip.saturating_sub(1)).unwrap_or(u32::MAX);
    let found = code
        .handlers
        .iter()
        .find(|handler| handler.start <= at && at < handler.end);
    let Some(handler) = found else {
        return Err(raised);
    };
    frame
        .slots
        .truncate(code.locals.len() + handler.depth as usize);
    frame.iters.truncate(handler.iterators as usize);
    frame.text.clear();
    frame.marks.clear();
    rt.truncate_handled(base + handler.handled as usize);
    rt.handled.borrow_mut().push(raised);
    frame.ip = handler.target as usize;
    Ok(())
}

#[expect(
    clippy::too_many_lines,
    reason = "one arm an instruction; each delegates what takes more than a few lines"
)]
fn execute(frame: &mut Frame, code: &Rc<Code>, rt: &Rc<Runtime>, cx: &Cx) -> Result<Flow> {
    let instrs = code.instrs.as_slice();
    let mut ip = frame.ip;
    // Where an instruction raises, the frame has to know which it was.
    macro_rules! ok {
        ($result:expr) => {
            match $result {
                Ok(value) => value,
                Err(raised) => {
                    frame.ip = ip;
                    return Err(raised);
                }
            }
        };
    }
    macro_rules! fail {
        ($raised:expr) => {{
            frame.ip = ip;
            return Err($raised);
        }};
    }
    loop {
        let Some(instr) = instrs.get(ip) else {
            return Ok(Flow::Return(Value::None));
        };
        ip += 1;
        match *instr {
            Instr::Push(from) => {
                let value = ok!(frame.fetch(from, rt, cx));
                frame.push(value);
            }
            Instr::PushLocal(at) => {
                let value = ok!(frame.local(at as usize));
                frame.push(value);
            }
            Instr::PushConst(at) => {
                let value = code.consts[at as usize].clone();
                frame.push(value);
            }
            Instr::PushGlobal(at) => {
                let value = ok!(rt.globals.load(at as usize, cx));
                frame.push(value);
            }
            Instr::Pop => drop(frame.pop()),
            Instr::Dup => {
                let value = frame.top().clone();
                frame.push(value);
            }
            Instr::Dup2 => build::dup2(frame),
            Instr::Swap => {
                let length = frame.slots.len();
                if length >= 2 {
                    frame.slots.swap(length - 1, length - 2);
                }
            }
            Instr::Rot3 => build::rotate(frame, 3),
            Instr::Store(to) => {
                let value = frame.pop();
                frame.write(to, value, rt);
            }
            Instr::StoreLocal(at) => {
                let value = frame.pop();
                frame.slots[at as usize] = value;
            }
            Instr::StoreGlobal(at) => {
                let value = frame.pop();
                drop(rt.globals.set(at as usize, value));
            }
            Instr::Move { from, to } => {
                let value = ok!(frame.fetch(from, rt, cx));
                frame.write(to, value, rt);
            }
            Instr::DeleteLocal(at) => ok!(variables::delete_local(frame, at as usize)),
            Instr::DeleteGlobal(at) => ok!(variables::delete_global(rt, at as usize)),
            Instr::LoadName(at) => ok!(variables::load_name(frame, at as usize, rt, cx)),
            Instr::StoreName(at) => variables::store_name(frame, at as usize, rt),
            Instr::DeleteName(at) => ok!(variables::delete_name(frame, at as usize, rt)),
            Instr::LoadCell(at) => {
                let value = ok!(frame.cell(at as usize));
                frame.push(value);
            }
            Instr::StoreCell(at) => variables::store_cell(frame, at as usize),
            Instr::DeleteCell(at) => ok!(variables::delete_cell(frame, at as usize)),
            Instr::LoadClassCell { cell, name } => {
                ok!(variables::load_class_cell(
                    frame,
                    usize::from(cell),
                    name as usize
                ));
            }

            Instr::Binary { op, a, b, to } | Instr::InPlace { op, a, b, to } => {
                if arith::fast_binary(frame, code, rt, op, (a, b, to)) {
                    continue;
                }
                let (a, b) = ok!(frame.fetch_two(a, b, rt, cx));
                let value = ok!(match instr {
                    Instr::InPlace { .. } => arith::in_place(op, &a, &b, cx),
                    _ => ops::binary(op, &a, &b, cx),
                });
                drop((a, b));
                frame.write(to, value, rt);
            }
            Instr::Unary { op, a } => {
                let a = ok!(frame.fetch(a, rt, cx));
                let value = ok!(arith::unary(op, &a, cx));
                frame.push(value);
            }
            Instr::Not(a) => {
                let a = ok!(frame.fetch(a, rt, cx));
                let truth = ok!(ops::truthy(&a, cx));
                frame.push(Value::Bool(!truth));
            }
            Instr::Compare { op, a, b, to } => {
                if let Some(truth) = arith::fast_compare(frame, code, rt, op, a, b) {
                    frame.write(to, Value::Bool(truth), rt);
                    continue;
                }
                let (a, b) = ok!(frame.fetch_two(a, b, rt, cx));
                let value = ok!(ops::compare(op, &a, &b, cx));
                drop((a, b));
                frame.write(to, value, rt);
            }
            Instr::CompareJump { op, a, b, sense } => {
                let truth = if let Some(truth) = arith::fast_compare(frame, code, rt, op, a, b) {
                    truth
                } else {
                    let (a, b) = ok!(frame.fetch_two(a, b, rt, cx));
                    let value = ok!(ops::compare(op, &a, &b, cx));
                    ok!(ops::truthy(&value, cx))
                };
                // The jump that follows is taken, or passed by.
                match instrs.get(ip) {
                    Some(Instr::Jump(target)) if truth == sense => ip = *target as usize,
                    _ => ip += 1,
                }
            }
            Instr::Is { a, b, negate } => {
                let (a, b) = ok!(frame.fetch_two(a, b, rt, cx));
                frame.push(Value::Bool(a.is(&b) != negate));
            }
            Instr::In { a, b, negate } => {
                let (a, b) = ok!(frame.fetch_two(a, b, rt, cx));
                let found = ok!(types::contains(&b, &a, cx));
                frame.push(Value::Bool(found != negate));
            }

            Instr::Jump(target) => ip = target as usize,
            Instr::Loop(target) => {
                ip = target as usize;
                let ticks = rt.ticks.get().wrapping_add(1);
                rt.ticks.set(ticks);
                if ticks.is_multiple_of(64) {
                    ok!(cx.check_interrupt());
                }
            }
            Instr::JumpIfFalse { a, target } => {
                let a = ok!(frame.fetch(a, rt, cx));
                if !ok!(ops::truthy(&a, cx)) {
                    ip = target as usize;
                }
            }
            Instr::JumpIfTrue { a, target } => {
                let a = ok!(frame.fetch(a, rt, cx));
                if ok!(ops::truthy(&a, cx)) {
                    ip = target as usize;
                }
            }
            Instr::JumpIfFalseOrPop(target) => {
                if ok!(ops::truthy(frame.top(), cx)) {
                    drop(frame.pop());
                } else {
                    ip = target as usize;
                }
            }
            Instr::JumpIfTrueOrPop(target) => {
                if ok!(ops::truthy(frame.top(), cx)) {
                    ip = target as usize;
                } else {
                    drop(frame.pop());
                }
            }

            Instr::GetIter(from) => {
                let value = ok!(frame.fetch(from, rt, cx));
                let iter = ok!(ops::iterate(&value, cx));
                frame.iters.push(iter);
            }
            Instr::ForIter { to, exit } => {
                let next = match frame.iters.last_mut() {
                    Some(ValueIter::Range(at, stop, 1)) if *at < *stop => {
                        let number = *at;
                        *at += 1;
                        frame.write_int(to, number, rt);
                        continue;
                    }
                    Some(iter) => ok!(iter.next(cx)),
                    None => None,
                };
                if let Some(value) = next {
                    frame.write(to, value, rt);
                } else {
                    frame.iters.pop();
                    ip = exit as usize;
                }
            }
            Instr::PopIter => drop(frame.iters.pop()),

            Instr::Call(count) => {
                let value = ok!(calls::call(frame, count as usize, rt, cx, ip));
                frame.push(value);
            }
            Instr::CallKeywords { count, names } => {
                let names = &code.consts[names as usize];
                let value = ok!(calls::call_keywords(
                    frame,
                    usize::from(count),
                    names,
                    cx,
                    ip
                ));
                frame.push(value);
            }
            Instr::CallUnpacked { keywords } => {
                let value = ok!(calls::call_unpacked(frame, keywords, cx, ip));
                frame.push(value);
            }
            Instr::LoadMethod { object, site } => {
                let object = ok!(frame.fetch(object, rt, cx));
                let site = &code.sites[site as usize];
                ok!(attrs::load_method(frame, object, site, cx, ip));
            }
            Instr::CallMethod(count) => {
                let value = ok!(calls::call_method(frame, count as usize, rt, cx, ip));
                frame.push(value);
            }
            Instr::CallMethodKeywords { count, names } => {
                let names = &code.consts[names as usize];
                let value = ok!(calls::call_method_keywords(
                    frame,
                    usize::from(count),
                    names,
                    cx,
                    ip
                ));
                frame.push(value);
            }
            Instr::LoadAttr { object, site, to } => {
                let object = ok!(frame.fetch(object, rt, cx));
                let site = &code.sites[usize::from(site)];
                let value = ok!(attrs::load(frame, &object, site, cx, ip));
                drop(object);
                frame.write(to, value, rt);
            }
            Instr::StoreAttr(site) => {
                let (object, value) = (frame.pop(), frame.pop());
                cx.set_position(code.span(ip - 1));
                ok!(cx.set_attr(&object, &code.sites[site as usize].name, value));
            }
            Instr::DeleteAttr(site) => {
                let object = frame.pop();
                cx.set_position(code.span(ip - 1));
                let name = &code.sites[site as usize].name;
                ok!(crate::object::delete_attr(&object, name, cx));
            }
            Instr::GetItem { object, key, to } => {
                let (object, key) = ok!(frame.fetch_two(object, key, rt, cx));
                let value = ok!(types::get_item(&object, &key, cx));
                drop((object, key));
                frame.write(to, value, rt);
            }
            Instr::SetItem => {
                let (key, object, value) = (frame.pop(), frame.pop(), frame.pop());
                cx.set_position(code.span(ip - 1));
                ok!(types::set_item(&object, key, value, cx));
            }
            Instr::DeleteItem => {
                let (key, object) = (frame.pop(), frame.pop());
                cx.set_position(code.span(ip - 1));
                ok!(types::delete_item(&object, &key, cx));
            }
            Instr::BuildSlice { step } => build::slice(frame, step),

            Instr::BuildTuple(count) => {
                let items = frame.pop_many(count as usize);
                frame.push(Value::tuple(items));
            }
            Instr::BuildList(count) => {
                let items = frame.pop_many(count as usize);
                frame.push(Value::list(items));
            }
            Instr::BuildSet(count) => ok!(build::set(frame, count as usize, cx)),
            Instr::BuildDict(count) => ok!(build::dict(frame, count as usize, cx)),
            Instr::BuildRecord(shape) => build::record(frame, &code.shapes[shape as usize]),
            Instr::ListAppend => build::list_append(frame),
            Instr::ListExtend { call } => ok!(build::list_extend(frame, call, cx)),
            Instr::SetAdd => ok!(build::set_add(frame, cx)),
            Instr::SetUpdate => ok!(build::set_update(frame, cx)),
            Instr::DictSet => ok!(build::dict_set(frame, cx)),
            Instr::DictUpdate => ok!(build::dict_update(frame, cx)),
            Instr::DictMerge { call } => ok!(build::dict_merge(frame, call, cx)),
            Instr::ListToTuple => build::list_to_tuple(frame),
            Instr::Unpack(count) => ok!(build::unpack(frame, count as usize, cx)),
            Instr::UnpackStar { before, after } => {
                ok!(build::unpack_star(
                    frame,
                    usize::from(before),
                    usize::from(after),
                    cx
                ));
            }

            Instr::FStringStart => frame.marks.push(frame.text.len()),
            Instr::FStringText(at) => {
                if let Value::Str(literal) = &code.consts[at as usize] {
                    frame.text.push_str(literal);
                }
            }
            Instr::FStringValue {
                a,
                conversion,
                spec,
            } => ok!(text::value(frame, code, a, conversion, spec, rt, cx)),
            Instr::FStringEnd(to) => {
                let value = text::end(frame);
                frame.write(to, value, rt);
            }

            Instr::MakeFunction { code: inner, parts } => {
                calls::make_function(frame, &code.codes[inner as usize], parts, rt);
            }
            Instr::Comprehension(inner) => {
                let inner = &code.codes[inner as usize];
                let value = ok!(calls::comprehension(frame, inner, rt, cx));
                frame.push(value);
            }
            Instr::GeneratorExpression(inner) => {
                calls::generator_expression(frame, &code.codes[inner as usize], rt);
            }
            Instr::BuildClass(inner) => {
                let value = ok!(classes::build(frame, &code.codes[inner as usize], rt, cx));
                frame.push(value);
            }
            Instr::Return(from) => {
                let value = ok!(frame.fetch(from, rt, cx));
                frame.ip = ip;
                return Ok(Flow::Return(value));
            }
            Instr::Yield => {
                let value = frame.pop();
                frame.ip = ip;
                return Ok(Flow::Yield(value));
            }
            Instr::YieldFrom => {
                let sent = frame.pop();
                let step = match frame.iters.last_mut() {
                    Some(iter) => ok!(delegate(iter, sent, cx)),
                    None => Step::Finished(Value::None),
                };
                match step {
                    Step::Yielded(value) => {
                        // What is sent in comes back here.
                        frame.ip = ip - 1;
                        return Ok(Flow::Yield(value));
                    }
                    Step::Finished(value) => {
                        frame.iters.pop();
                        frame.push(value);
                    }
                }
            }

            Instr::Raise => {
                let value = frame.pop();
                fail!(raise::raise(&value, rt, cx));
            }
            Instr::RaiseFrom => {
                let (cause, value) = (frame.pop(), frame.pop());
                fail!(raise::raise_from(&value, &cause, rt, cx));
            }
            Instr::RaiseHandled => fail!(raise::raise_handled(rt)),
            Instr::Reraise => fail!(raise::reraise(rt)),
            Instr::PushHandledValue => {
                let value = rt.current().unwrap_or(Value::None);
                frame.push(value);
            }
            Instr::PopHandled => {
                let handled = rt.handled.borrow_mut().pop();
                drop(handled);
            }
            Instr::MatchException => {
                let kind = frame.pop();
                let found = ok!(raise::matches(&kind, rt));
                frame.push(Value::Bool(found));
            }
            Instr::RaiseAssertion { message } => fail!(raise::assertion(frame, message, rt)),
            Instr::EnterWith => {
                cx.set_position(code.span(ip - 1));
                ok!(with::enter(frame, cx));
            }
            Instr::ExitWith => {
                cx.set_position(code.span(ip - 1));
                ok!(with::exit(frame, cx));
            }
            Instr::ExitWithException => {
                cx.set_position(code.span(ip - 1));
                ok!(with::exit_with_exception(frame, rt, cx));
            }

            Instr::Import { name, top } => {
                let value = ok!(imports::import(&code.names[name as usize], top, rt, cx));
                frame.push(value);
            }
            Instr::ImportFrom(name) => {
                let name = &code.names[name as usize];
                let value = ok!(imports::import_from(frame.top(), name, rt, cx));
                frame.push(value);
            }
            Instr::ImportStar => imports::import_star(frame.top(), rt, cx),
            Instr::Display => {
                let value = frame.pop();
                if !value.is_none() {
                    let slot = rt.globals.slot("_") as usize;
                    drop(rt.globals.set(slot, value.clone()));
                    ok!(cx.console().display(&value, cx));
                }
            }
            Instr::SetupAnnotations => {
                variables::annotations(frame, rt);
            }
            Instr::StoreAnnotation(name) => {
                let value = frame.pop();
                let annotations = variables::annotations(frame, rt);
                annotations.insert_str(&code.names[name as usize], value);
            }

            Instr::TestPattern(test) => {
                let truth = match test {
                    PatternTest::Sequence { length, star } => {
                        ok!(patterns::is_sequence(
                            frame.top(),
                            usize::from(length),
                            star,
                            cx
                        ))
                    }
                    PatternTest::Mapping => patterns::is_mapping(frame.top()),
                };
                frame.push(Value::Bool(truth));
            }
            Instr::MatchKeys => ok!(patterns::match_keys(frame, cx)),
            Instr::MatchRest => ok!(patterns::match_rest(frame, cx)),
            Instr::MatchClass(positional) => {
                ok!(patterns::match_class(frame, positional as usize, cx));
            }
        }
    }
}
