//! The compiler: a top-level statement to a code object.
//!
//! Order inside: code, scope, unit, and the compiler itself with its methods in expr, call,
//! fstring, comprehension, assign, function, control, pattern, stmt.

mod assign;
mod call;
mod code;
mod comprehension;
mod control;
mod expr;
mod fstring;
mod function;
mod pattern;
mod scope;
mod stmt;
mod unit;

use std::rc::Rc;

use ruff_python_ast::Stmt;
use ruff_text_size::Ranged;

pub(in crate::lang) use code::{
    AttrCache, AttrSite, Code, CodeKind, Conversion, FunctionParts, Instr, Operand, Params,
    PatternTest, Place,
};
use scope::{Binding, Scope, Scopes};
use unit::{Block, ConstKey, Label, Unit};

use super::parse::Problem;
use crate::object::{Str, Value};

type Compiled<T = ()> = Result<T, Problem>;

/// What the compiler asks of the session.
pub(in crate::lang) trait Session {
    /// The slot of a global variable.
    fn global_slot(&self, name: &str) -> u32;
    /// Python's `...`.
    fn ellipsis(&self) -> Value;
}

/// How a source is compiled.
#[derive(Clone, Copy)]
pub(in crate::lang) struct Options<'a> {
    /// The number of the source.
    pub source: u32,
    /// Its text.
    pub text: &'a str,
    /// `from __future__ import annotations` stands above.
    pub future_annotations: bool,
}

/// Compile a top-level statement, as typed at a prompt: values of expressions are displayed.
pub(in crate::lang) fn compile(
    statement: &Stmt,
    options: Options<'_>,
    session: &dyn Session,
) -> Compiled<Rc<Code>> {
    compile_as(statement, options, session, true)
}

/// Compile a statement of a text that is run: nothing is displayed.
pub(in crate::lang) fn compile_quietly(
    statement: &Stmt,
    options: Options<'_>,
    session: &dyn Session,
) -> Compiled<Rc<Code>> {
    compile_as(statement, options, session, false)
}

fn compile_as(
    statement: &Stmt,
    options: Options<'_>,
    session: &dyn Session,
    displays: bool,
) -> Compiled<Rc<Code>> {
    let scopes = scope::scopes(statement, options.future_annotations)?;
    let range = statement.range();
    let text = options
        .text
        .get(range.start().to_usize()..range.end().to_usize());
    let mut compiler = Compiler {
        scopes: &scopes,
        session,
        options,
        displays,
        has_walrus: text.is_none_or(|text| text.contains(":=")),
        unit: Unit::new(
            scopes.top(),
            CodeKind::Module,
            Str::new("<module>"),
            Str::new("<module>"),
        ),
        outer: Vec::new(),
    };
    compiler.stmt(statement)?;
    compiler.return_none();
    Ok(compiler.unit.finish(options.source))
}

struct Compiler<'a> {
    scopes: &'a Scopes,
    session: &'a dyn Session,
    options: Options<'a>,
    /// Whether the values of expressions at the top level are displayed.
    displays: bool,
    /// Whether a local may change in the middle of an expression.
    has_walrus: bool,
    unit: Unit<'a>,
    /// The units around.
    outer: Vec<Unit<'a>>,
}

impl<'a> Compiler<'a> {
    fn emit(&mut self, instr: Instr) {
        self.unit.emit(instr);
    }

    /// Compile `what` with the place of `node` for its instructions.
    fn at<T>(&mut self, node: impl Ranged, what: impl FnOnce(&mut Self) -> T) -> T {
        let span = (node.start().to_u32(), node.end().to_u32());
        let before = std::mem::replace(&mut self.unit.span, span);
        let answer = what(self);
        self.unit.span = before;
        answer
    }

    /// Instructions from here on stand at `node`.
    fn place(&mut self, node: impl Ranged) {
        self.unit.span = (node.start().to_u32(), node.end().to_u32());
    }

    fn return_none(&mut self) {
        let none = self.none();
        self.emit(Instr::Return(none));
    }

    /// An operand for a constant; pushed where its index is too big for one.
    fn const_operand(&mut self, key: ConstKey, value: impl FnOnce() -> Value) -> Operand {
        let at = self.unit.constant(key, value);
        Operand::constant(at).unwrap_or_else(|| {
            self.emit(Instr::PushConst(at));
            Operand::STACK
        })
    }
    fn none(&mut self) -> Operand {
        self.const_operand(ConstKey::None, || Value::None)
    }
    fn push_const(&mut self, key: ConstKey, value: impl FnOnce() -> Value) {
        let at = self.unit.constant(key, value);
        self.emit(Instr::PushConst(at));
    }
    fn push_str(&mut self, text: &str) {
        self.push_const(ConstKey::Str(text.to_owned()), || Value::str(text));
    }
    /// The constant tuple of keyword names.
    fn names_constant(&mut self, names: Vec<Str>) -> u32 {
        let values = names.clone();
        self.unit.constant(ConstKey::Names(names), || {
            Value::tuple(values.into_iter().map(Value::Str).collect())
        })
    }

    /// Compile a block of its own in `scope`; answers its code's index and the cells it needs.
    fn block(
        &mut self,
        scope: &'a Scope,
        kind: CodeKind,
        name: &str,
        body: impl FnOnce(&mut Self) -> Compiled,
    ) -> Compiled<u32> {
        let qualname = self.qualname(name);
        let span = self.unit.span;
        let mut unit = Unit::new(scope, kind, Str::new(name), qualname);
        unit.span = span;
        unit.captures = scope.cells[scope.own_cells..]
            .iter()
            .filter_map(|name| self.unit.scope.cell(name))
            .map(|outer| code::Capture { outer })
            .collect();
        self.outer.push(std::mem::replace(&mut self.unit, unit));
        let done = body(self);
        let Some(outer) = self.outer.pop() else {
            return done.map(|()| 0);
        };
        let finished = std::mem::replace(&mut self.unit, outer);
        done?;
        Ok(self.unit.code(finished.finish(self.options.source)))
    }

    fn qualname(&self, name: &str) -> Str {
        if self.unit.scope.binding(&self.unit.scope.mangle(name)) == Binding::Global
            && self.unit.kind != CodeKind::Module
            && !name.starts_with('<')
        {
            return Str::new(name);
        }
        match self.unit.kind {
            CodeKind::Module => Str::new(name),
            CodeKind::Class => Str::from(format!("{}.{name}", self.unit.qualname)),
            CodeKind::Function | CodeKind::Generator => {
                Str::from(format!("{}.<locals>.{name}", self.unit.qualname))
            }
        }
    }
}
