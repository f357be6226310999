//! Generators: frames that stop at `yield` and go on later.

use std::cell::RefCell;
use std::rc::Rc;

use super::frame::{Flow, Frame};
use super::raise;
use super::run::{resume_with_error, run};
use super::runtime::Runtime;
use crate::lang::compile::Instr;
use crate::object::exceptions::{
    GENERATOR_EXIT, RUNTIME_ERROR, STOP_ITERATION, TYPE_ERROR, VALUE_ERROR,
};
use crate::object::{Cx, Members, Object, Raised, Result, TypeSpec, Value, ValueIter, ops};

enum State {
    Suspended(Box<Frame>),
    Running,
    Done,
}

/// A generator.
pub(in crate::lang) struct Generator {
    state: RefCell<State>,
    runtime: Rc<Runtime>,
    name: crate::object::Str,
    qualname: crate::object::Str,
}

/// What one step of an iteration gives.
pub(super) enum Step {
    Yielded(Value),
    /// The end, with what `return` answered.
    Finished(Value),
}

pub(in crate::lang) static GENERATOR: TypeSpec =
    TypeSpec::new("builtins", "generator").members(members);

impl Generator {
    pub(super) fn new(frame: Frame, runtime: Rc<Runtime>) -> Self {
        Self {
            name: frame.code.name.clone(),
            qualname: frame.code.qualname.clone(),
            state: RefCell::new(State::Suspended(Box::new(frame))),
            runtime,
        }
    }

    fn take(&self) -> Result<Option<Box<Frame>>> {
        let mut state = self.state.borrow_mut();
        match std::mem::replace(&mut *state, State::Running) {
            State::Suspended(frame) => Ok(Some(frame)),
            State::Running => Err(VALUE_ERROR.error("generator already executing")),
            State::Done => {
                *state = State::Done;
                Ok(None)
            }
        }
    }

    /// Go on, with `sent` as the value of the `yield`.
    pub(super) fn step(&self, sent: Value, cx: &Cx) -> Result<Step> {
        let Some(mut frame) = self.take()? else {
            return Ok(Step::Finished(Value::None));
        };
        if frame.ip > 0 {
            frame.push(sent);
        } else if !sent.is_none() {
            *self.state.borrow_mut() = State::Suspended(frame);
            return Err(TYPE_ERROR.error("can't send non-None value to a just-started generator"));
        }
        self.go(frame, None, cx)
    }

    /// Go on with an exception at the `yield`.
    pub(super) fn throw(&self, raised: Raised, cx: &Cx) -> Result<Step> {
        let Some(mut frame) = self.take()? else {
            return Err(raised);
        };
        if frame.ip == 0 {
            *self.state.borrow_mut() = State::Done;
            return Err(raised);
        }
        // An inner generator of `yield from` hears of it first.
        let delegates = matches!(frame.code.instrs.get(frame.ip), Some(Instr::YieldFrom));
        if delegates && let Some(ValueIter::Object(inner)) = frame.iters.last() {
            let inner = Value::Object(inner.clone());
            if let Some(generator) = inner.downcast::<Self>() {
                match generator.throw(raised, cx) {
                    Ok(Step::Yielded(value)) => {
                        *self.state.borrow_mut() = State::Suspended(frame);
                        return Ok(Step::Yielded(value));
                    }
                    Ok(Step::Finished(value)) => {
                        frame.iters.pop();
                        frame.ip += 1;
                        frame.push(value);
                        return self.go(frame, None, cx);
                    }
                    Err(raised) => return self.go(frame, Some(raised), cx),
                }
            }
        }
        self.go(frame, Some(raised), cx)
    }

    fn go(&self, mut frame: Box<Frame>, error: Option<Raised>, cx: &Cx) -> Result<Step> {
        let base = self.runtime.handled_depth();
        let flow = cx.enter().and_then(|_depth| {
            self.runtime
                .handled
                .borrow_mut()
                .append(&mut frame.handling);
            match error {
                None => run(&mut frame, &self.runtime, cx),
                Some(raised) => resume_with_error(&mut frame, raised, &self.runtime, cx),
            }
        });
        match flow {
            Ok(Flow::Yield(value)) => {
                let handling = self.runtime.handled.borrow_mut().split_off(base);
                frame.handling = handling;
                *self.state.borrow_mut() = State::Suspended(frame);
                Ok(Step::Yielded(value))
            }
            Ok(Flow::Return(value)) => {
                *self.state.borrow_mut() = State::Done;
                Ok(Step::Finished(value))
            }
            Err(raised) => {
                *self.state.borrow_mut() = State::Done;
                drop(frame);
                if raised.is(&STOP_ITERATION) {
                    let value = raised.into_value();
                    return Err(RUNTIME_ERROR
                        .error("generator raised StopIteration")
                        .caused_by(&value));
                }
                Err(raised)
            }
        }
    }

    fn close(&self, cx: &Cx) -> Result<()> {
        let started = matches!(&*self.state.borrow(), State::Suspended(frame) if frame.ip > 0);
        if !started {
            let mut state = self.state.borrow_mut();
            if let State::Suspended(_) = &*state {
                *state = State::Done;
            }
            return Ok(());
        }
        match self.throw(Raised::new(&GENERATOR_EXIT, Vec::new()), cx) {
            Ok(Step::Yielded(_)) => Err(RUNTIME_ERROR.error("generator ignored GeneratorExit")),
            Ok(Step::Finished(_)) => Ok(()),
            Err(raised) if raised.is(&GENERATOR_EXIT) => Ok(()),
            Err(raised) => Err(raised),
        }
    }
}

impl Drop for Generator {
    fn drop(&mut self) {
        // A `finally` or `with` around the `yield` still has to run.
        let unfinished = matches!(&*self.state.borrow(),
            State::Suspended(frame) if frame.ip > 0 && !frame.code.handlers.is_empty());
        if unfinished {
            let cx = Cx::current();
            // There is nobody left to tell of an error.
            drop(self.close(&cx));
        }
    }
}

fn finished(step: Step) -> Result<Value> {
    match step {
        Step::Yielded(value) => Ok(value),
        Step::Finished(Value::None) => Err(Raised::new(&STOP_ITERATION, Vec::new())),
        Step::Finished(value) => Err(Raised::new(&STOP_ITERATION, vec![value])),
    }
}

fn members(members: &mut Members) {
    members
        .method_on_value("__iter__(/)", |this, _, _| Ok(this.clone()))
        .method("__next__(/)", |generator: &Generator, _, cx| {
            finished(generator.step(Value::None, cx)?)
        })
        .method("send(arg, /)", |generator: &Generator, a, cx| {
            finished(generator.step(a.at(0).clone(), cx)?)
        })
        .method(
            "throw(type, value=None, traceback=None, /)",
            |generator: &Generator, a, cx| {
                let raised = match (a.at(0), a.some_at(1)) {
                    (Value::Class(class), Some(value)) => {
                        let given = ops::is_instance(value, a.at(0), cx)?;
                        let value = match value {
                            Value::Instance(_) if given => value.clone(),
                            Value::Tuple(args) => {
                                cx.call(&Value::Class(class.clone()), args.to_vec())?
                            }
                            _ => cx.call(&Value::Class(class.clone()), [value.clone()])?,
                        };
                        raise::exception_of(&value, cx)?
                    }
                    (exception, _) => raise::exception_of(exception, cx)?,
                };
                finished(generator.throw(raised, cx)?)
            },
        )
        .method("close(/)", |generator: &Generator, _, cx| {
            generator.close(cx)?;
            Ok(Value::None)
        });
}

impl Object for Generator {
    fn spec(&self) -> &'static TypeSpec {
        &GENERATOR
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        let address = std::ptr::from_ref(self) as usize;
        Ok(Some(format!(
            "<generator object {} at {address:#x}>",
            self.qualname
        )))
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(match name {
            "__name__" => Some(self.name.clone().into()),
            "__qualname__" => Some(self.qualname.clone().into()),
            "gi_running" => Some(Value::Bool(matches!(&*self.state.borrow(), State::Running))),
            "gi_frame" if matches!(&*self.state.borrow(), State::Done) => Some(Value::None),
            "gi_yieldfrom" => Some(Value::None),
            _ => None,
        })
    }
    fn iter(&self, this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        Ok(Some(this.clone()))
    }
    fn is_iterator(&self) -> bool {
        true
    }
    fn next(&self, cx: &Cx) -> Result<Option<Value>> {
        match self.step(Value::None, cx)? {
            Step::Yielded(value) => Ok(Some(value)),
            Step::Finished(Value::None) => Ok(None),
            step @ Step::Finished(_) => finished(step).map(Some),
        }
    }
}

/// One step of `yield from`.
pub(super) fn delegate(iter: &mut ValueIter, sent: Value, cx: &Cx) -> Result<Step> {
    if let ValueIter::Object(object) = iter {
        let inner = Value::Object(object.clone());
        if let Some(generator) = inner.downcast::<Generator>() {
            return generator.step(sent, cx);
        }
        if !sent.is_none() {
            return cx.call_method(&inner, "send", [sent]).map(Step::Yielded);
        }
    }
    Ok(match iter.next(cx)? {
        Some(value) => Step::Yielded(value),
        None => Step::Finished(Value::None),
    })
}
