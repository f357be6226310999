//! Functions that scripts define.

use std::cell::RefCell;
use std::rc::Rc;

use super::bind;
use super::code_object::{Cell, CodeObject};
use super::descriptors;
use super::frame::{CellVar, Flow, Frame};
use super::generator::Generator;
use super::run::run;
use super::runtime::Runtime;
use crate::lang::compile::{Code, CodeKind};
use crate::lang::library;
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{
    Args, Attributes, BoundMethod, Class, Cx, Dict, Object, Result, Str, TypeSpec, Value,
};

/// A function that a script defined.
pub(in crate::lang) struct Function {
    pub(super) code: Rc<Code>,
    pub(super) runtime: Rc<Runtime>,
    pub(super) cells: Vec<Rc<CellVar>>,
    /// The defaults of the last positional parameters.
    pub(super) defaults: RefCell<Rc<[Value]>>,
    pub(super) keyword_defaults: RefCell<Option<Rc<Dict>>>,
    name: RefCell<Str>,
    qualname: RefCell<Str>,
    annotations: RefCell<Option<Value>>,
    attributes: RefCell<Attributes>,
}

pub(in crate::lang) static FUNCTION: TypeSpec = TypeSpec::new("builtins", "function");

/// What a `def` finds on the stack.
#[derive(Default)]
pub(super) struct Parts {
    pub defaults: Option<Value>,
    pub keyword_defaults: Option<Value>,
    pub annotations: Option<Value>,
}

impl Function {
    pub(super) fn new(
        code: Rc<Code>,
        cells: Vec<Rc<CellVar>>,
        parts: Parts,
        runtime: Rc<Runtime>,
    ) -> Self {
        let defaults: Rc<[Value]> = match parts.defaults {
            Some(Value::Tuple(values)) => values.iter().cloned().collect(),
            _ => Rc::new([]),
        };
        let keyword_defaults = match parts.keyword_defaults {
            Some(Value::Dict(dict)) => Some(dict),
            _ => None,
        };
        Self {
            name: RefCell::new(code.name.clone()),
            qualname: RefCell::new(code.qualname.clone()),
            code,
            runtime,
            cells,
            defaults: RefCell::new(defaults),
            keyword_defaults: RefCell::new(keyword_defaults),
            annotations: RefCell::new(parts.annotations),
            attributes: RefCell::default(),
        }
    }

    /// `__qualname__`.
    pub fn qualname(&self) -> Str {
        self.qualname.borrow().clone()
    }

    /// Run it over bound arguments, one call deeper.
    pub(super) fn run(&self, slots: Vec<Value>, cx: &Cx) -> Result<Value> {
        let _depth = cx.enter()?;
        self.run_here(slots, cx)
    }

    fn run_here(&self, slots: Vec<Value>, cx: &Cx) -> Result<Value> {
        let mut frame = Frame::new(&self.code, slots, &self.cells);
        if self.code.kind == CodeKind::Generator {
            return Ok(Value::object(Generator::new(frame, self.runtime.clone())));
        }
        let flow = run(&mut frame, &self.runtime, cx);
        self.runtime.give_buffer(frame.slots);
        match flow? {
            Flow::Return(value) | Flow::Yield(value) => Ok(value),
        }
    }

    fn defaults_value(&self) -> Value {
        let defaults = self.defaults.borrow();
        if defaults.is_empty() {
            return Value::None;
        }
        Value::tuple(defaults.to_vec())
    }
}

impl Object for Function {
    fn spec(&self) -> &'static TypeSpec {
        &FUNCTION
    }
    fn parameters(&self) -> Option<Vec<(Str, Option<Value>)>> {
        let params = &self.code.params;
        let defaults = self.defaults.borrow();
        let plain = params.positional.saturating_sub(defaults.len());
        let positional = self.code.locals.iter().take(params.positional);
        let mut all: Vec<(Str, Option<Value>)> = positional
            .enumerate()
            .map(|(at, name)| {
                let default = at
                    .checked_sub(plain)
                    .and_then(|at| defaults.get(at).cloned());
                (name.clone(), default)
            })
            .collect();
        let keywords = self.code.locals.iter().skip(params.positional);
        let given = self.keyword_defaults.borrow();
        all.extend(keywords.take(params.keyword_only).map(|name| {
            let default = given.as_ref().and_then(|dict| dict.get_str(name));
            (name.clone(), default)
        }));
        Some(all)
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        let address = std::ptr::from_ref(self) as usize;
        Ok(Some(format!(
            "<function {} at {address:#x}>",
            self.qualname()
        )))
    }
    fn get_attr(&self, this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        if let Some(value) = self.attributes.borrow().get(name) {
            return Ok(Some(value.clone()));
        }
        Ok(Some(match name {
            "__name__" => self.name.borrow().clone().into(),
            "__qualname__" => self.qualname().into(),
            "__module__" => library::module_of(self.code.source).into(),
            "__doc__" => self.code.doc.clone().into(),
            "__defaults__" => self.defaults_value(),
            "__kwdefaults__" => match &*self.keyword_defaults.borrow() {
                Some(dict) => Value::Dict(dict.clone()),
                None => Value::None,
            },
            "__annotations__" => self
                .annotations
                .borrow_mut()
                .get_or_insert_with(|| Value::Dict(Rc::default()))
                .clone(),
            "__dict__" => Value::Dict(Rc::new(Dict::from_pairs(
                self.attributes
                    .borrow()
                    .iter()
                    .map(|(name, value)| (name.clone(), value.clone())),
            ))),
            "__call__" => this.clone(),
            "__code__" => Value::object(CodeObject(self.code.clone())),
            "__closure__" if self.cells.is_empty() => Value::None,
            "__closure__" => Value::tuple(
                self.cells
                    .iter()
                    .map(|cell| Value::object(Cell(cell.clone())))
                    .collect(),
            ),
            "__get__" => descriptors::getter_of(this.clone()),
            _ => return Ok(None),
        }))
    }
    fn set_attr(&self, name: &str, value: &Value, _cx: &Cx) -> Result<bool> {
        match (name, value) {
            ("__name__", Value::Str(text)) => *self.name.borrow_mut() = text.clone(),
            ("__qualname__", Value::Str(text)) => *self.qualname.borrow_mut() = text.clone(),
            ("__name__" | "__qualname__", _) => {
                return Err(TYPE_ERROR.error(format!("{name} must be set to a string object")));
            }
            ("__defaults__", Value::Tuple(values)) => {
                *self.defaults.borrow_mut() = values.iter().cloned().collect();
            }
            ("__defaults__", Value::None) => *self.defaults.borrow_mut() = Rc::new([]),
            ("__kwdefaults__", Value::Dict(dict)) => {
                *self.keyword_defaults.borrow_mut() = Some(dict.clone());
            }
            ("__annotations__", _) => *self.annotations.borrow_mut() = Some(value.clone()),
            _ => {
                self.attributes
                    .borrow_mut()
                    .insert(Str::new(name), value.clone());
            }
        }
        Ok(true)
    }
    fn attr_names(&self) -> Vec<String> {
        let mut names: Vec<String> = [
            "__annotations__",
            "__call__",
            "__defaults__",
            "__dict__",
            "__doc__",
            "__kwdefaults__",
            "__module__",
            "__name__",
            "__qualname__",
        ]
        .map(str::to_owned)
        .to_vec();
        names.extend(self.attributes.borrow().keys().map(ToString::to_string));
        names
    }
    fn is_callable(&self) -> bool {
        true
    }
    fn call(&self, _this: &Value, args: Args, cx: &Cx) -> Result<Option<Value>> {
        let mut slots = self.runtime.take_buffer();
        let given = args.pos.len();
        slots.extend(args.pos);
        bind::bind(self, &mut slots, given, args.kw)?;
        // Whoever calls an object went deeper already.
        self.run_here(slots, cx).map(Some)
    }
    fn bind(
        &self,
        this: &Value,
        instance: Option<&Value>,
        _owner: &Rc<Class>,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(instance.map(|instance| {
            Value::object(BoundMethod {
                this: instance.clone(),
                function: this.clone(),
            })
        }))
    }
}
