//! Text to syntax trees: whether an input is complete, and SyntaxErrors in CPython's words.

mod brackets;
mod places;
mod words;

use ruff_python_ast::{ModModule, PySourceType, Stmt};
use ruff_python_parser::{LexicalErrorType, ParseErrorType, Parsed, parse_unchecked_source};
use ruff_text_size::Ranged;

use brackets::{open_bracket, open_triple_quote, stray_bracket, too_deep};
use places::place;
use words::{bad_keyword, describe};

use crate::object::exceptions::{INDENTATION_ERROR, SYNTAX_ERROR};
use crate::object::{Raised, Span, TypeSpec, Value};

/// Why a text is no program.
#[derive(Debug)]
pub(super) struct Problem {
    /// `SYNTAX_ERROR` or `INDENTATION_ERROR`.
    pub kind: ProblemKind,
    /// CPython's words.
    pub message: String,
    /// The first byte.
    pub start: usize,
    /// The byte behind the last.
    pub end: usize,
    /// Whether the text parsed, and the compiler refused it: CPython then shows no excerpt.
    pub compiled: bool,
}

/// Which exception a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProblemKind {
    Syntax,
    Indentation,
}

impl Problem {
    /// A SyntaxError that the compiler finds.
    pub fn new(message: impl Into<String>, place: impl Ranged) -> Self {
        Self {
            compiled: true,
            kind: ProblemKind::Syntax,
            message: message.into(),
            start: place.start().to_usize(),
            end: place.end().to_usize(),
        }
    }

    fn at(message: impl Into<String>, start: usize, end: usize) -> Self {
        Self {
            compiled: false,
            kind: ProblemKind::Syntax,
            message: message.into(),
            start,
            end,
        }
    }

    /// The exception, with the attributes that CPython gives it; lines count from the start of
    /// the input.
    pub fn raise(&self, name: &str, text: &str, source: Option<u32>) -> Raised {
        let spec: &'static TypeSpec = match self.kind {
            ProblemKind::Syntax => &SYNTAX_ERROR,
            ProblemKind::Indentation => &INDENTATION_ERROR,
        };
        let start = floor_boundary(text, self.start);
        let end = floor_boundary(text, self.end).max(start);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let before = text[..start].matches('\n').count();
        let line = i64::try_from(before).unwrap_or(0) + 1;
        let column = |at: usize| {
            let chars = text[line_start..at.min(line_end)].chars().count();
            i64::try_from(chars).unwrap_or(0) + 1
        };
        let shown = if self.compiled {
            Value::None
        } else {
            Value::from(&text[line_start..line_end])
        };
        let mut raised = spec
            .error(self.message.clone())
            .with("msg", self.message.as_str())
            .with("filename", name)
            .with("lineno", line)
            .with("offset", column(start))
            .with("text", shown)
            .with("end_lineno", line)
            .with("end_offset", column(end.max(start)));
        if let Some(source) = source {
            let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
            raised.pass(Span {
                source,
                start: offset(start),
                end: offset(end),
            });
        }
        raised
    }
}

fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The tree of `text`.
pub(super) fn parse(text: &str) -> Result<ModModule, Problem> {
    if let Some(at) = too_deep(text) {
        return Err(Problem::at("too many nested parentheses", at, at + 1));
    }
    let parsed = parse_unchecked_source(text, PySourceType::Python);
    match problem(&parsed, text) {
        None => Ok(parsed.into_syntax()),
        Some(problem) => Err(problem),
    }
}

/// Whether `text`, typed line by line, is a whole input: `Ok(false)` wants another line.
pub(super) fn is_complete(text: &str) -> Result<bool, Problem> {
    let trimmed = text.trim_end();
    if trimmed.ends_with('\\') {
        return Ok(false);
    }
    if let Some(at) = too_deep(text) {
        return Err(Problem::at("too many nested parentheses", at, at + 1));
    }
    let parsed = parse_unchecked_source(text, PySourceType::Python);
    let last_line = text.rsplit('\n').next().unwrap_or("");
    let indented = last_line.starts_with([' ', '\t']) && !last_line.trim().is_empty();
    let Some(error) = parsed.errors().first() else {
        // A block goes on until a blank line, one written on a single line too.
        let in_block = parsed.suite().last().is_some_and(is_compound);
        return Ok(!in_block || last_line.trim().is_empty());
    };
    // An error at the end may be mended by what comes next, one before it may not.
    let at_end = text[floor_boundary(text, error.location.start().to_usize())..]
        .trim()
        .is_empty();
    let open_bracket = open_bracket(&parsed, text).is_some();
    if let Some(start) = open_triple_quote(&parsed, text) {
        let earlier = error.location.start().to_usize() < start;
        if !earlier || open_bracket {
            return Ok(false);
        }
    }
    if open_bracket && at_end {
        return Ok(false);
    }
    let opens_block = code_of_line(last_line).ends_with(':') || indented;
    let decorated = last_line.trim_start().starts_with('@');
    if at_end && (opens_block || decorated) && expects_block(&error.error) {
        return Ok(false);
    }
    Err(problem(&parsed, text).unwrap_or_else(|| Problem::at("invalid syntax", 0, 0)))
}

fn is_compound(statement: &Stmt) -> bool {
    matches!(
        statement,
        Stmt::FunctionDef(_)
            | Stmt::ClassDef(_)
            | Stmt::For(_)
            | Stmt::While(_)
            | Stmt::If(_)
            | Stmt::With(_)
            | Stmt::Match(_)
            | Stmt::Try(_)
    )
}

/// Errors that one more line may mend.
fn expects_block(error: &ParseErrorType) -> bool {
    match error {
        ParseErrorType::OtherError(message) => {
            message.starts_with("Expected an indented block")
                || message.contains("`except` or `finally`")
                || message.contains("decorator")
                || message.contains("`case` block")
        }
        ParseErrorType::ExpectedToken { .. } => true,
        ParseErrorType::Lexical(LexicalErrorType::Eof) => true,
        _ => false,
    }
}

/// The part of a line before its comment, by a scan that knows quotes.
fn code_of_line(line: &str) -> &str {
    let mut quote = None;
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '#') => return line[..at].trim_end(),
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), _) if c == open => quote = None,
            _ => {}
        }
    }
    line.trim_end()
}

/// The indentation that the line behind `text` starts with.
pub(super) fn next_indent(text: &str) -> String {
    let Some(last) = text.lines().rfind(|line| !line.trim().is_empty()) else {
        return String::new();
    };
    let indent: String = last.chars().take_while(|c| c.is_whitespace()).collect();
    if code_of_line(last).ends_with(':') {
        return indent + "    ";
    }
    indent
}

/// Where CPython points: what is missing at the end is missing behind the last word.
fn shown_at(text: &str, start: usize, end: usize) -> (usize, usize) {
    let start = floor_boundary(text, start);
    if text[start..].trim().is_empty() {
        let last = text.trim_end_matches(['\n', '\r']).len();
        return (last, last + 1);
    }
    (start, end)
}

fn line_of(text: &str, at: usize) -> usize {
    text[..floor_boundary(text, at)].matches('\n').count() + 1
}

/// The first problem of a parsed text, as CPython would report it.
fn problem(parsed: &Parsed<ModModule>, text: &str) -> Option<Problem> {
    let error = parsed.errors().first()?;
    let (start, end) = (
        error.location.start().to_usize(),
        error.location.end().to_usize(),
    );
    if let Some(start) = open_triple_quote(parsed, text) {
        let line = text.lines().count();
        return Some(Problem::at(
            format!("unterminated triple-quoted string literal (detected at line {line})"),
            start,
            start + 1,
        ));
    }
    if let Some((at, bracket)) = open_bracket(parsed, text) {
        let at_end = text[floor_boundary(text, end)..].trim().is_empty();
        if at_end || line_of(text, start) > line_of(text, at) {
            return Some(Problem::at(
                format!("'{bracket}' was never closed"),
                at,
                at + 1,
            ));
        }
    }
    if let Some(stray) = stray_bracket(parsed, text) {
        return Some(stray);
    }
    let (kind, message) = describe(&error.error, text, start, end);
    if message == "invalid syntax"
        && let Some((message, end)) = bad_keyword(text, start, end)
    {
        return Some(Problem::at(message, start, end));
    }
    let (start, end) = place(&error.error, &message, text, start, end);
    let (start, end) = shown_at(text, start, end);
    Some(Problem {
        compiled: false,
        kind,
        message,
        start,
        end,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(text: &str) -> Option<bool> {
        is_complete(text).ok()
    }

    #[test]
    fn more_input_is_wanted() {
        for text in [
            "def f():",
            "def f():\n    return 1",
            "x = (1,",
            "x = '''abc",
            "f(\n    1,",
            "if x:\n    y\nelse:",
            "@decorator",
            "class A:\n    def f(self):",
            "x = 1 + \\",
            "x = [\n  {",
            "try:\n    x",
            "x = f'''{a}",
            "select(\n    User\n).where(",
            "for x in y:  # comment",
            "while True: pass",
            "if x: y\nelse: z",
        ] {
            assert_eq!(complete(text), Some(false), "{text}");
        }
        for text in [
            "",
            "# c",
            "x = 1",
            "def f():\n    return 1\n",
            "if x: pass\n",
            "x = (1,\n 2)",
        ] {
            assert_eq!(complete(text), Some(true), "{text}");
        }
        for text in [
            "1 +",
            "x = = 2",
            "def f(:",
            "'abc",
            "  x = 1\n y",
            "def f():\n",
        ] {
            assert_eq!(complete(text), None, "{text}");
        }
    }

    #[test]
    fn messages_are_cpythons() {
        for (text, message) in [
            ("1 +", "invalid syntax"),
            ("x = (1,", "'(' was never closed"),
            ("if x\n    pass", "expected ':'"),
            (
                "f() = 1",
                "cannot assign to function call here. Maybe you meant '==' instead of '='?",
            ),
            ("'abc", "unterminated string literal (detected at line 1)"),
            (
                "def f():\nx",
                "expected an indented block after function definition on line 1",
            ),
            (
                "print 1",
                "Missing parentheses in call to 'print'. Did you mean print(...)?",
            ),
            ("x = 1\n  y = 2", "unexpected indent"),
            ("f(1 2)", "invalid syntax. Perhaps you forgot a comma?"),
            (
                "if x = 1: pass",
                "invalid syntax. Maybe you meant '==' or ':=' instead of '='?",
            ),
            ("f(a=1, 2)", "positional argument follows keyword argument"),
            ("None = 1", "cannot assign to None"),
            ("try:\n    x\ny", "expected 'except' or 'finally' block"),
            ("x = 1)", "unmatched ')'"),
        ] {
            let problem = parse(text).expect_err(text);
            assert_eq!(problem.message, message, "{text}");
        }
    }
}
