//! Text to syntax trees: whether an input is complete, and SyntaxErrors in CPython's words.

use ruff_python_ast::token::TokenKind;
use ruff_python_ast::{Expr, ModModule, PySourceType, Stmt};
use ruff_python_parser::{
    InterpolatedStringErrorType, LexicalErrorType, ParseErrorType, Parsed, parse_expression,
    parse_unchecked_source,
};
use ruff_text_size::Ranged;

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
    let parsed = parse_unchecked_source(text, PySourceType::Python);
    let last_line = text.rsplit('\n').next().unwrap_or("");
    let indented = last_line.starts_with([' ', '\t']) && !last_line.trim().is_empty();
    let Some(error) = parsed.errors().first() else {
        let in_block = parsed.suite().last().is_some_and(is_compound);
        return Ok(!(indented && in_block));
    };
    let at_end = error.location.end().to_usize() >= trimmed.len()
        || text[floor_boundary(text, error.location.end().to_usize())..]
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

/// The innermost bracket still open at the end of the text: where and which.
fn open_bracket(parsed: &Parsed<ModModule>, text: &str) -> Option<(usize, char)> {
    let mut open = Vec::new();
    for token in parsed.tokens() {
        match token.kind() {
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => {
                let at = token.start().to_usize();
                open.push((at, text[at..].chars().next().unwrap_or('(')));
            }
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace => {
                open.pop();
            }
            _ => {}
        }
    }
    open.pop()
}

/// The first closing bracket that closes nothing, or the wrong thing.
fn stray_bracket(parsed: &Parsed<ModModule>, text: &str) -> Option<Problem> {
    let mut open = Vec::new();
    for token in parsed.tokens() {
        let at = token.start().to_usize();
        let partner = match token.kind() {
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => {
                open.push(token.kind());
                continue;
            }
            TokenKind::Rpar => (TokenKind::Lpar, ')'),
            TokenKind::Rsqb => (TokenKind::Lsqb, ']'),
            TokenKind::Rbrace => (TokenKind::Lbrace, '}'),
            _ => continue,
        };
        let message = match open.pop() {
            None => format!("unmatched '{}'", partner.1),
            Some(opened) if opened != partner.0 => {
                let opened = match opened {
                    TokenKind::Lpar => '(',
                    TokenKind::Lsqb => '[',
                    _ => '{',
                };
                format!(
                    "closing parenthesis '{}' does not match opening parenthesis '{opened}'",
                    partner.1
                )
            }
            Some(_) => continue,
        };
        return Some(Problem::at(message, at, (at + 1).min(text.len())));
    }
    None
}

/// Where a triple-quoted string starts that never ends.
fn open_triple_quote(parsed: &Parsed<ModModule>, text: &str) -> Option<usize> {
    parsed.errors().iter().find_map(|error| {
        let start = floor_boundary(text, error.location.start().to_usize());
        let unclosed = match &error.error {
            ParseErrorType::Lexical(LexicalErrorType::UnclosedStringError) => {
                let opening = text[start..].trim_start_matches(|c: char| c.is_ascii_alphabetic());
                opening.starts_with("\"\"\"") || opening.starts_with("'''")
            }
            ParseErrorType::Lexical(LexicalErrorType::FStringError(error))
            | ParseErrorType::FStringError(error) => {
                *error == InterpolatedStringErrorType::UnterminatedTripleQuotedString
            }
            _ => false,
        };
        unclosed.then_some(start)
    })
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
    Some(Problem {
        compiled: false,
        kind,
        message,
        start,
        end,
    })
}

fn describe(error: &ParseErrorType, text: &str, start: usize, end: usize) -> (ProblemKind, String) {
    let syntax = |message: &str| (ProblemKind::Syntax, message.to_owned());
    match error {
        ParseErrorType::ExpectedToken { expected, found } => {
            syntax(expected_token(*expected, *found, text, start))
        }
        ParseErrorType::SimpleStatementsOnSameLine => legacy_statement(text, start).map_or_else(
            || syntax("invalid syntax"),
            |message| (ProblemKind::Syntax, message),
        ),
        ParseErrorType::NonDefaultParamAfterDefaultParam => {
            syntax("non-default argument follows default argument")
        }
        ParseErrorType::PositionalAfterKeywordArgument => {
            syntax("positional argument follows keyword argument")
        }
        ParseErrorType::PositionalAfterKeywordUnpacking => {
            syntax("positional argument follows keyword argument unpacking")
        }
        ParseErrorType::InvalidArgumentUnpackingOrder => {
            syntax("iterable argument unpacking follows keyword argument unpacking")
        }
        ParseErrorType::IterableUnpackingInComprehension => {
            syntax("iterable unpacking cannot be used in comprehension")
        }
        ParseErrorType::UnparenthesizedGeneratorExpression => {
            syntax("Generator expression must be parenthesized")
        }
        ParseErrorType::InvalidStarredExpressionUsage => {
            syntax("can't use starred expression here")
        }
        ParseErrorType::ExpectedKeywordParam => syntax("named arguments must follow bare *"),
        ParseErrorType::VarParameterWithDefault => {
            syntax("var-positional argument cannot have default value")
        }
        ParseErrorType::ParamAfterVarKeywordParam => {
            syntax("arguments cannot follow var-keyword argument")
        }
        ParseErrorType::InvalidAssignmentTarget => {
            (ProblemKind::Syntax, invalid_target(text, start, end))
        }
        ParseErrorType::InvalidAugmentedAssignmentTarget => (
            ProblemKind::Syntax,
            format!(
                "'{}' is an illegal expression for augmented assignment",
                expression_name(text, start, end)
            ),
        ),
        ParseErrorType::InvalidDeleteTarget => (
            ProblemKind::Syntax,
            format!("cannot delete {}", expression_name(text, start, end)),
        ),
        ParseErrorType::InvalidAnnotatedAssignmentTarget => syntax("illegal target for annotation"),
        ParseErrorType::InvalidNamedAssignmentTarget => (
            ProblemKind::Syntax,
            format!(
                "cannot use assignment expressions with {}",
                expression_name(text, start, end)
            ),
        ),
        ParseErrorType::UnexpectedIndentation => {
            (ProblemKind::Indentation, "unexpected indent".to_owned())
        }
        ParseErrorType::OtherError(message) => described_in_words(message, text, start),
        ParseErrorType::FStringError(error) => (ProblemKind::Syntax, f_string(error, text, start)),
        ParseErrorType::Lexical(error) => lexical(error, text, start),
        _ => syntax("invalid syntax"),
    }
}

fn expected_token(expected: TokenKind, found: TokenKind, text: &str, start: usize) -> &'static str {
    let bracketed = || {
        let before = &text[..floor_boundary(text, start)];
        let count = |c: char| before.matches(c).count();
        count('(') > count(')') || count('[') > count(']') || count('{') > count('}')
    };
    let starts_operand = matches!(
        found,
        TokenKind::Name | TokenKind::Int | TokenKind::Float | TokenKind::String
    );
    match (expected, found) {
        (TokenKind::Colon, TokenKind::Equal) => {
            "invalid syntax. Maybe you meant '==' or ':=' instead of '='?"
        }
        (TokenKind::Colon, TokenKind::Newline) => "expected ':'",
        (TokenKind::Comma | TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace, _)
            if starts_operand && bracketed() =>
        {
            "invalid syntax. Perhaps you forgot a comma?"
        }
        (TokenKind::Lpar, _) if found != TokenKind::Newline => "expected '('",
        _ => "invalid syntax",
    }
}

/// `print x`, as Python 2 had it.
fn legacy_statement(text: &str, start: usize) -> Option<String> {
    let before = text[..floor_boundary(text, start)].trim_end();
    let word = before
        .rsplit(|c: char| !c.is_alphanumeric() && c != '_')
        .next()?;
    matches!(word, "print" | "exec")
        .then(|| format!("Missing parentheses in call to '{word}'. Did you mean {word}(...)?"))
}

fn described_in_words(message: &str, text: &str, start: usize) -> (ProblemKind, String) {
    if let Some(rest) = message.strip_prefix("Expected an indented block after ") {
        let what = match rest {
            "function definition" | "class definition" => rest.to_owned(),
            _ => rest.replace('`', "'"),
        };
        let line = opening_line(text, start);
        let message = format!("expected an indented block after {what} on line {line}");
        return (ProblemKind::Indentation, message);
    }
    let known = if message.contains("`except` or `finally`") {
        "expected 'except' or 'finally' block"
    } else if message.contains("unparenthesized") && message.contains("except") {
        "multiple exception types must be parenthesized"
    } else {
        "invalid syntax"
    };
    (ProblemKind::Syntax, known.to_owned())
}

/// The line of the last `:` that ends a line before `at`: the head of the block wanted there.
fn opening_line(text: &str, at: usize) -> usize {
    let before = &text[..floor_boundary(text, at)];
    let mut found = 1;
    for (index, line) in before.lines().enumerate() {
        if code_of_line(line).ends_with(':') {
            found = index + 1;
        }
    }
    found
}

fn f_string(error: &InterpolatedStringErrorType, text: &str, start: usize) -> String {
    match error {
        InterpolatedStringErrorType::UnclosedLbrace => "f-string: expecting '}'".to_owned(),
        InterpolatedStringErrorType::SingleRbrace => {
            "f-string: single '}' is not allowed".to_owned()
        }
        InterpolatedStringErrorType::InvalidConversionFlag => {
            "f-string: invalid conversion character: expected 's', 'r', or 'a'".to_owned()
        }
        InterpolatedStringErrorType::UnterminatedString => unterminated(text, start),
        _ => "f-string: invalid syntax".to_owned(),
    }
}

fn unterminated(text: &str, start: usize) -> String {
    format!(
        "unterminated string literal (detected at line {})",
        line_of(text, start)
    )
}

fn lexical(error: &LexicalErrorType, text: &str, start: usize) -> (ProblemKind, String) {
    let message = match error {
        LexicalErrorType::IndentationError => {
            let message = "unindent does not match any outer indentation level".to_owned();
            return (ProblemKind::Indentation, message);
        }
        LexicalErrorType::UnclosedStringError | LexicalErrorType::StringError => {
            unterminated(text, start)
        }
        LexicalErrorType::FStringError(error) => f_string(error, text, start),
        LexicalErrorType::InvalidByteLiteral => {
            "bytes can only contain ASCII literal characters".to_owned()
        }
        LexicalErrorType::UnrecognizedToken { tok } if !tok.is_ascii() => {
            format!("invalid character '{tok}' (U+{:04X})", u32::from(*tok))
        }
        LexicalErrorType::LineContinuationError => {
            "unexpected character after line continuation character".to_owned()
        }
        LexicalErrorType::Eof => "unexpected EOF while parsing".to_owned(),
        LexicalErrorType::UnicodeError
        | LexicalErrorType::MissingUnicodeLbrace
        | LexicalErrorType::MissingUnicodeRbrace => {
            "(unicode error) 'unicodeescape' codec can't decode bytes".to_owned()
        }
        LexicalErrorType::OtherError(message) => number_literal(message),
        _ => "invalid syntax".to_owned(),
    };
    (ProblemKind::Syntax, message)
}

fn number_literal(message: &str) -> String {
    let lower = message.to_ascii_lowercase();
    if lower.contains("leading zeros") {
        "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal \
         integers"
            .to_owned()
    } else if lower.contains("decimal") {
        "invalid decimal literal".to_owned()
    } else {
        "invalid syntax".to_owned()
    }
}

fn invalid_target(text: &str, start: usize, end: usize) -> String {
    let what = expression_name(text, start, end);
    match what {
        "True" | "False" | "None" | "f-string expression" => format!("cannot assign to {what}"),
        _ => format!("cannot assign to {what} here. Maybe you meant '==' instead of '='?"),
    }
}

/// What CPython calls the kind of an expression.
fn expression_name(text: &str, start: usize, end: usize) -> &'static str {
    let snippet = text.get(start..end).unwrap_or("");
    match parse_expression(snippet) {
        Ok(parsed) => name_of(parsed.expr()),
        Err(_) => "expression",
    }
}

fn name_of(expression: &Expr) -> &'static str {
    match expression {
        Expr::Call(_) => "function call",
        Expr::BooleanLiteral(literal) if literal.value => "True",
        Expr::BooleanLiteral(_) => "False",
        Expr::NoneLiteral(_) => "None",
        Expr::EllipsisLiteral(_) => "ellipsis",
        Expr::StringLiteral(_) | Expr::BytesLiteral(_) | Expr::NumberLiteral(_) => "literal",
        Expr::FString(_) => "f-string expression",
        Expr::Compare(_) => "comparison",
        Expr::Lambda(_) => "lambda",
        Expr::If(_) => "conditional expression",
        Expr::ListComp(_) => "list comprehension",
        Expr::SetComp(_) => "set comprehension",
        Expr::DictComp(_) => "dict comprehension",
        Expr::Generator(_) => "generator expression",
        Expr::Dict(_) => "dict literal",
        Expr::Set(_) => "set display",
        Expr::Await(_) => "await expression",
        Expr::Yield(_) | Expr::YieldFrom(_) => "yield expression",
        Expr::Tuple(_) => "tuple",
        Expr::List(_) => "list",
        Expr::Name(_) => "name",
        Expr::Attribute(_) => "attribute",
        Expr::Subscript(_) => "subscript",
        Expr::Starred(_) => "starred",
        Expr::Named(_) => "named expression",
        _ => "expression",
    }
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
        ] {
            assert_eq!(complete(text), Some(false), "{text}");
        }
        for text in [
            "",
            "# c",
            "x = 1",
            "def f():\n    return 1\n",
            "if x: pass",
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
