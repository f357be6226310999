//! The machine that runs compiled code.
//!
//! Order inside: frame and runtime hold the state; run is the loop; the other files are what
//! its instructions delegate to.

mod arith;
mod attrs;
mod bind;
mod build;
mod calls;
mod classes;
mod code_object;
mod descriptors;
mod frame;
mod function;
mod generator;
mod imports;
mod metaclass;
mod names;
mod patterns;
mod raise;
mod run;
mod runtime;
mod super_object;
mod text;
mod variables;
mod with;

use std::rc::Rc;

use frame::{Flow, Frame};

pub(super) use function::FUNCTION;
pub(super) use generator::GENERATOR;
pub(super) use imports::{module_names, replaced_stdout};
pub(super) use names::builtin_names;
pub(super) use runtime::{Runtime, runtime};

use super::compile::Code;
use crate::object::{Cx, Export, Result};

/// The built-ins that are part of the machine.
pub(super) static BUILTINS: &[(&str, Export)] = &[
    ("classmethod", |_| descriptors::CLASS_METHOD.class().into()),
    ("property", |_| descriptors::PROPERTY.class().into()),
    ("staticmethod", |_| {
        descriptors::STATIC_METHOD.class().into()
    }),
    ("super", |_| super_object::SUPER.class().into()),
];

/// Run the code of a top-level statement.
pub(super) fn run_code(code: &Rc<Code>, rt: &Rc<Runtime>, cx: &Cx) -> Result<()> {
    let mut frame = Frame::new(code, rt.take_buffer(), &[]);
    let flow = run::run(&mut frame, rt, cx);
    rt.give_buffer(frame.slots);
    match flow? {
        Flow::Return(_) | Flow::Yield(_) => Ok(()),
    }
}

/// How many positional arguments the function of a script must be given; `None`: it is none.
pub(super) fn required_positional(value: &crate::object::Value) -> Option<usize> {
    let function = value.downcast::<function::Function>()?;
    let defaulted = function.defaults.borrow().len();
    Some(function.code.params.positional.saturating_sub(defaulted))
}
