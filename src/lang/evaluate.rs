//! Expressions given as text: those of relationships and of annotations.

use std::rc::Rc;

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Expr, Stmt};

use super::compile::{self, Options, Session};
use super::library;
use super::native;
use super::parse;
use super::vm::{self, Runtime};
use crate::object::exceptions::NAME_ERROR;
use crate::object::types::dict;
use crate::object::{Args, Cx, Dict, Module, Result, Str, Value};
use crate::orm::{ExpressionEvaluator, Names};

/// The variable that holds an expression while it is evaluated.
const HOLDER: &str = "__ormsh_expression__";

/// Evaluates expressions with the session's interpreter.
pub(super) struct Evaluator;

/// The names that an expression reads, each once.
#[derive(Default)]
struct Reads(Vec<Str>);

impl Visitor<'_> for Reads {
    fn visit_expr(&mut self, expression: &Expr) {
        if let Expr::Name(name) = expression
            && !self.0.iter().any(|known| known == name.id.as_str())
        {
            self.0.push(Str::new(name.id.as_str()));
        }
        visitor::walk_expr(self, expression);
    }
}

fn reads(text: &str) -> Result<Vec<Str>> {
    let refuse = |problem: parse::Problem| problem.raise("<string>", text, None);
    let module = parse::parse(text).map_err(refuse)?;
    let mut reads = Reads::default();
    for statement in &module.body {
        if let Stmt::Expr(expression) = statement {
            reads.visit_expr(&expression.value);
        }
    }
    Ok(reads.0)
}

/// A function of `parameters` that answers `text`.
fn function_of(text: &str, parameters: &[Str], cx: &Cx) -> Result<Value> {
    let list: Vec<&str> = parameters.iter().map(Str::as_str).collect();
    let source = format!("{HOLDER} = lambda {}: ({text})", list.join(", "));
    let refuse = |problem: parse::Problem| problem.raise("<string>", &source, None);
    let module = parse::parse(&source).map_err(refuse)?;
    let runtime = vm::runtime(cx);
    let options = Options {
        source: u32::MAX,
        text: &source,
        future_annotations: false,
    };
    for statement in &module.body {
        let code = compile::compile(statement, options, &*runtime).map_err(refuse)?;
        vm::run_code(&code, &runtime, cx)?;
    }
    let slot = runtime.globals.slot(HOLDER) as usize;
    Ok(runtime.globals.set(slot, Value::Undefined))
}

fn is_builtin(name: &str) -> bool {
    vm::builtin_names().any(|known| known == name)
}

impl ExpressionEvaluator for Evaluator {
    fn evaluate(&self, text: &str, names: Names, cx: &Cx) -> Result<Value> {
        let (mut parameters, mut values) = (Vec::new(), Vec::new());
        for name in reads(text)? {
            match names(&name, cx)? {
                Some(value) => {
                    parameters.push(name);
                    values.push(value);
                }
                None if is_builtin(&name) => {}
                None => {
                    return Err(NAME_ERROR.error(format!("name '{name}' is not defined")));
                }
            }
        }
        let function = function_of(text, &parameters, cx)?;
        cx.call(&function, Args::from(values))
    }
    fn evaluate_global(&self, text: &str, cx: &Cx) -> Result<Value> {
        let function = function_of(text, &[], cx)?;
        cx.call(&function, [])
    }
    fn library_name(&self, name: &str, cx: &Cx) -> Option<Value> {
        match name {
            "foreign" | "remote" => Module::new(&native::orm::ORM).get(name, cx),
            _ => Module::new(&native::SQLALCHEMY).get(name, cx),
        }
    }
}

/// The value of an expression whose names are looked up in `local`, then `global`, then, without
/// these, among the session's own.
pub(super) fn eval(
    text: &str,
    global: Option<&Rc<Dict>>,
    local: Option<&Rc<Dict>>,
    cx: &Cx,
) -> Result<Value> {
    let (mut parameters, mut values) = (Vec::new(), Vec::new());
    for name in reads(text)? {
        let mut spaces = [local, global].into_iter().flatten();
        if let Some(value) = spaces.find_map(|space| space.get_str(&name)) {
            parameters.push(name);
            values.push(value);
        }
    }
    let function = function_of(text, &parameters, cx)?;
    cx.call(&function, Args::from(values))
}

/// Run statements given as text; with `space` their names are those of that dict.
pub(super) fn exec(text: &str, space: Option<&Rc<Dict>>, cx: &Cx) -> Result<()> {
    let refuse = |problem: parse::Problem| problem.raise("<string>", text, None);
    let module = parse::parse(text).map_err(refuse)?;
    let runtime = vm::runtime(cx);
    let names = TextNames {
        prefix: space
            .map(|space| format!("{:x}{}", Rc::as_ptr(space) as usize, library::SEPARATOR)),
        runtime: &runtime,
    };
    if let Some(space) = space {
        for (key, value) in dict::entries(space) {
            if let Some(name) = key.as_str() {
                let slot = names.global_slot(name) as usize;
                drop(runtime.globals.set(slot, value));
            }
        }
    }
    let options = Options {
        source: u32::MAX,
        text,
        future_annotations: false,
    };
    let mut outcome = Ok(());
    for statement in &module.body {
        let code = compile::compile_quietly(statement, options, &names).map_err(refuse)?;
        outcome = vm::run_code(&code, &runtime, cx);
        if outcome.is_err() {
            break;
        }
    }
    if let (Some(space), Some(prefix)) = (space, &names.prefix) {
        for (name, value) in runtime.globals.below(prefix) {
            space.insert_str(&name, value);
        }
    }
    outcome
}

/// The global variables of code given as text.
struct TextNames<'a> {
    /// What stands before the names where they are those of a dict.
    prefix: Option<String>,
    runtime: &'a Runtime,
}

impl Session for TextNames<'_> {
    fn global_slot(&self, name: &str) -> u32 {
        match &self.prefix {
            Some(prefix) => self.runtime.global_slot(&format!("{prefix}{name}")),
            None => self.runtime.global_slot(name),
        }
    }
    fn ellipsis(&self) -> Value {
        self.runtime.ellipsis()
    }
}

/// Let the ORM evaluate expressions.
pub(super) fn install(cx: &Cx) {
    crate::orm::set_evaluator(Rc::new(Evaluator), cx);
}
