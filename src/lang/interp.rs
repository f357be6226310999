//! `Interp`: the language as the shell drives it, a statement at a time.

use std::rc::Rc;

use ruff_python_ast::Stmt;
use ruff_text_size::Ranged;

use crate::object::types::EllipsisObject;
use crate::object::{Cx, Raised, Result, Span, Value};

use super::builtins::Namespaces;
use super::compile::{self, Code, Options, Session};
use super::parse::{self, Problem};
use super::vm::{self, Runtime};

/// Which source text of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SourceId(pub u32);

/// How far an input is.
#[derive(Debug)]
pub enum Feed {
    /// It can be run.
    Complete,
    /// It wants another line.
    Incomplete,
    /// No further line can mend it.
    Invalid(Raised),
}

/// A top-level statement of a source.
#[derive(Clone)]
pub struct Statement {
    /// Where it stands, decorators included.
    pub span: Span,
    text: Rc<str>,
    code: Rc<Code>,
}

impl Statement {
    /// Its text as written.
    pub fn text(&self) -> &str {
        &self.text
    }
}

struct Source {
    name: String,
    text: Rc<str>,
    first_line: u32,
}

/// The interpreter of a session.
pub struct Interp {
    cx: Cx,
    runtime: Rc<Runtime>,
    sources: Vec<Source>,
    future_annotations: bool,
}

impl Session for Runtime {
    fn global_slot(&self, name: &str) -> u32 {
        self.globals.slot(name)
    }
    fn ellipsis(&self) -> Value {
        Value::object(EllipsisObject)
    }
}

impl Interp {
    /// An interpreter with nothing defined.
    pub fn new(cx: Cx) -> Self {
        super::native::orm::install(&cx);
        super::evaluate::install(&cx);
        super::unsupported::install(&cx);
        super::native::install(&cx);
        let runtime = vm::runtime(&cx);
        let names = runtime.clone();
        cx.service::<Namespaces>()
            .set_globals(move || names.globals.defined());
        let mut interp = Self {
            cx,
            runtime,
            sources: Vec::new(),
            future_annotations: false,
        };
        interp.set_global("__name__", "__main__".into());
        interp
    }
    /// Its context.
    pub fn cx(&self) -> &Cx {
        &self.cx
    }
    /// Whether what was typed so far is an input.
    pub fn check(&self, text: &str) -> Feed {
        match parse::is_complete(text) {
            Ok(true) => Feed::Complete,
            Ok(false) => Feed::Incomplete,
            Err(problem) => Feed::Invalid(problem.raise("<stdin>", text, None)),
        }
    }
    /// The indentation to offer for the line behind `text`.
    pub fn indent_for_next_line(&self, text: &str) -> String {
        parse::next_indent(text)
    }
    /// Keep a source text, for excerpts; `first_line` is the number of its first line.
    pub fn add_source(&mut self, name: &str, text: &str, first_line: u32) -> SourceId {
        let id = u32::try_from(self.sources.len()).unwrap_or(u32::MAX);
        self.sources.push(Source {
            name: name.to_owned(),
            text: text.into(),
            first_line,
        });
        SourceId(id)
    }
    /// The top-level statements of a source; SyntaxError where it is no program.
    pub fn statements(&mut self, source: SourceId) -> Result<Vec<Statement>> {
        let index = source.0 as usize;
        let Some(found) = self.sources.get(index) else {
            return Ok(Vec::new());
        };
        let (name, text) = (&found.name, found.text.clone());
        let refuse = |problem: Problem| problem.raise(name, &text, Some(source.0));
        let module = parse::parse(&text).map_err(refuse)?;
        let mut statements = Vec::with_capacity(module.body.len());
        for statement in &module.body {
            self.future_annotations |= imports_annotations(statement);
            let options = Options {
                source: source.0,
                text: &text,
                future_annotations: self.future_annotations,
            };
            let code = compile::compile(statement, options, &*self.runtime).map_err(refuse)?;
            let range = statement.range();
            let (start, end) = (range.start().to_usize(), range.end().to_usize());
            statements.push(Statement {
                span: Span {
                    source: source.0,
                    start: range.start().to_u32(),
                    end: range.end().to_u32(),
                },
                text: text.get(start..end).unwrap_or_default().into(),
                code,
            });
        }
        Ok(statements)
    }
    /// Run one statement as typed at a prompt: the values of expressions are displayed.
    pub fn run(&mut self, statement: &Statement) -> Result<()> {
        self.cx.set_position(statement.span);
        vm::run_code(&statement.code, &self.runtime, &self.cx)
    }
    /// Run all statements of a typed input.
    pub fn run_text(&mut self, text: &str) -> Result<()> {
        let source = self.add_source("<stdin>", text, 1);
        for statement in self.statements(source)? {
            self.run(&statement)?;
        }
        Ok(())
    }
    /// The names of the session that have a value, in the order in which they were first mentioned.
    pub fn global_names(&self) -> Vec<String> {
        let defined = self.runtime.globals.defined();
        defined
            .into_iter()
            .map(|(name, _)| name.to_string())
            .collect()
    }
    /// The names of the built-ins.
    pub fn builtin_names(&self) -> Vec<&'static str> {
        vm::builtin_names().collect()
    }
    /// The names of the modules that can be imported.
    pub fn module_names(&self) -> Vec<&'static str> {
        vm::module_names().collect()
    }
    /// The value of a name of the session.
    pub fn get_global(&self, name: &str) -> Option<Value> {
        self.runtime.globals.get_name(name)
    }
    /// Set a name of the session.
    pub fn set_global(&mut self, name: &str, value: Value) {
        let slot = self.runtime.globals.slot(name) as usize;
        drop(self.runtime.globals.set(slot, value));
    }
    /// Where a span is: the name and text of its source, and the line and column (both from 1)
    /// of its first character.
    pub fn source_text(&self, span: Span) -> Option<(&str, &str, u32, u32)> {
        let source = self.sources.get(span.source as usize)?;
        let before = source.text.get(..span.start as usize)?;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = u32::try_from(before.matches('\n').count()).ok()?;
        let column = u32::try_from(before[line_start..].chars().count()).ok()?;
        Some((
            &source.name,
            &source.text,
            source.first_line + line,
            column + 1,
        ))
    }
}

/// Whether a statement is `from __future__ import annotations`.
fn imports_annotations(statement: &Stmt) -> bool {
    matches!(statement, Stmt::ImportFrom(import)
        if import.module.as_deref() == Some("__future__")
            && import.names.iter().any(|alias| alias.name.as_str() == "annotations"))
}
