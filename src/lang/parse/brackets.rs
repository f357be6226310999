//! Brackets and quotes that are left open, or close nothing.

use ruff_python_ast::ModModule;
use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{InterpolatedStringErrorType, LexicalErrorType, ParseErrorType, Parsed};
use ruff_text_size::Ranged;

use super::{Problem, floor_boundary};

/// The innermost bracket still open at the end of the text: where and which.
pub(super) fn open_bracket(parsed: &Parsed<ModModule>, text: &str) -> Option<(usize, char)> {
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
pub(super) fn stray_bracket(parsed: &Parsed<ModModule>, text: &str) -> Option<Problem> {
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
pub(super) fn open_triple_quote(parsed: &Parsed<ModModule>, text: &str) -> Option<usize> {
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

/// How deep brackets may nest, as in CPython's tokenizer.
const DEEPEST: usize = 200;
/// How many prefix operators may follow each other, which the parser takes one inside the other.
const LONGEST_RUN: usize = 2000;

/// Where a text nests deeper than is parsed: recursion has to end somewhere.
pub(super) fn too_deep(text: &str) -> Option<usize> {
    let (mut depth, mut run) = (0_usize, 0_usize);
    let mut rest = text.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '#' => while rest.next_if(|(_, c)| *c != '\n').is_some() {},
            '\'' | '"' => {
                let triple = text[at..].starts_with(if c == '"' { "\"\"\"" } else { "'''" });
                skip_string(text, at, c, triple, &mut rest);
            }
            _ => {}
        }
        match c {
            '-' | '+' | '~' => run += 1,
            _ if c.is_whitespace() => {}
            _ => run = 0,
        }
        if depth > DEEPEST || run > LONGEST_RUN {
            return Some(at);
        }
    }
    // Words that nest: `not not x`, `lambda: lambda: x`, `x if y else x if y else z`.
    let nesting = ["not", "lambda", "else", "**"];
    let count = |word: &str| text.matches(word).count();
    nesting
        .iter()
        .any(|word| count(word) > LONGEST_RUN * 5 && longest_line_count(text, word) > LONGEST_RUN)
        .then_some(0)
}

fn longest_line_count(text: &str, word: &str) -> usize {
    text.lines()
        .map(|line| line.matches(word).count())
        .max()
        .unwrap_or(0)
}

/// Go on behind the string that starts at `at`.
fn skip_string(
    text: &str,
    at: usize,
    quote: char,
    triple: bool,
    rest: &mut std::iter::Peekable<std::str::CharIndices<'_>>,
) {
    let closing: String = std::iter::repeat_n(quote, if triple { 3 } else { 1 }).collect();
    let mut from = at + closing.len();
    while let Some(c) = text.get(from..).and_then(|left| left.chars().next()) {
        if c == '\\' {
            from += 1;
            from += text[from..].chars().next().map_or(0, char::len_utf8);
            continue;
        }
        if text[from..].starts_with(&closing) {
            from += closing.len();
            break;
        }
        if c == '\n' && !triple {
            break;
        }
        from += c.len_utf8();
    }
    while rest.next_if(|(at, _)| *at < from).is_some() {}
}
