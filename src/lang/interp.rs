//! `Interp`: the language as the shell drives it, a statement at a time.

use std::rc::Rc;

use crate::object::{Cx, Raised, Result, Span, Value};

use super::parse;

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
    sources: Vec<Source>,
}

impl Interp {
    /// An interpreter with nothing defined.
    pub fn new(cx: Cx) -> Self {
        Self {
            cx,
            sources: Vec::new(),
        }
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
            Err(problem) => Feed::Invalid(problem.raise("<stdin>", text, 1)),
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
        let _ = source;
        Ok(Vec::new())
    }
    /// Run one statement as typed at a prompt: the values of expressions are displayed.
    pub fn run(&mut self, statement: &Statement) -> Result<()> {
        let _ = statement;
        Ok(())
    }
    /// Run all statements of a typed input.
    pub fn run_text(&mut self, text: &str) -> Result<()> {
        let source = self.add_source("<stdin>", text, 1);
        for statement in self.statements(source)? {
            self.run(&statement)?;
        }
        Ok(())
    }
    /// The names of the session, in the order in which they were first mentioned.
    pub fn global_names(&self) -> Vec<String> {
        Vec::new()
    }
    /// The value of a name of the session.
    pub fn get_global(&self, name: &str) -> Option<Value> {
        let _ = name;
        None
    }
    /// Set a name of the session.
    pub fn set_global(&mut self, name: &str, value: Value) {
        let _ = (name, value);
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
