//! Where CPython points for an error: often not where our parser found it.

use ruff_python_parser::{LexicalErrorType, ParseErrorType, parse_expression};

use super::{code_of_line, floor_boundary};

/// The bytes to mark for `error`, which the parser found at `start..end` and `message` describes.
pub(super) fn place(
    error: &ParseErrorType,
    message: &str,
    text: &str,
    start: usize,
    end: usize,
) -> (usize, usize) {
    let start = floor_boundary(text, start);
    match error {
        ParseErrorType::PositionalAfterKeywordArgument
        | ParseErrorType::PositionalAfterKeywordUnpacking => {
            closing(text, end).unwrap_or((start, end))
        }
        ParseErrorType::InvalidArgumentUnpackingOrder => (start, start + 1),
        ParseErrorType::ExpectedKeywordParam => match text[..start].rfind('*') {
            Some(at) => (at, at + 1),
            None => (start, end),
        },
        ParseErrorType::Lexical(LexicalErrorType::IndentationError) => {
            let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
            let line_start = text[..line_end].rfind('\n').map_or(0, |at| at + 1);
            let last = line_start + text[line_start..line_end].trim_end().len();
            (last, last + 1)
        }
        _ if message.ends_with("Perhaps you forgot a comma?") => {
            missing_comma(text, start, end).unwrap_or((start, end))
        }
        _ if message.starts_with("':' expected") => (start.saturating_sub(1), start),
        _ if message.starts_with("expected 'else'") => {
            conditional(text, start).unwrap_or((start, end))
        }
        _ if message.starts_with("Missing parentheses in call") => {
            legacy_call(text, start).unwrap_or((start, end))
        }
        _ if message.contains("'==' or ':=' instead of '='") => {
            assignment_in_condition(text, start).unwrap_or((start, end))
        }
        _ if message.starts_with("unterminated string literal")
            || message.starts_with("leading zeros") =>
        {
            (start, start + 1)
        }
        _ if message == "invalid decimal literal" => number(text, start).unwrap_or((start, end)),
        _ if message == "invalid hexadecimal literal"
            || message == "invalid octal literal"
            || message == "invalid binary literal" =>
        {
            (start + 1, start + 2)
        }
        _ => (start, end),
    }
}

/// The bracket that closes the arguments behind `end`.
fn closing(text: &str, end: usize) -> Option<(usize, usize)> {
    let end = floor_boundary(text, end);
    let at = end + text[end..].find(')')?;
    Some((at, at + 1))
}

/// A whole `print x`.
fn legacy_call(text: &str, start: usize) -> Option<(usize, usize)> {
    let before = text[..start].trim_end();
    let first = before
        .rfind(|c: char| !c.is_alphanumeric())
        .map_or(0, |at| at + 1);
    let line = text[first..].lines().next()?;
    let code = code_of_line(line).split(';').next()?.trim_end();
    Some((first, first + code.len()))
}

/// `x = 1` where a condition was meant.
fn assignment_in_condition(text: &str, start: usize) -> Option<(usize, usize)> {
    let before = text[..start].trim_end();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let name = before.rfind(|c: char| !is_word(c)).map_or(0, |at| at + 1);
    let line = text[name..].lines().next()?;
    let mut depth = 0_i32;
    for (at, c) in line.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ':' if depth == 0 => return Some((name, name + line[..at].trim_end().len())),
            _ => {}
        }
    }
    None
}

/// The two expressions between which a comma is missing.
fn missing_comma(text: &str, start: usize, end: usize) -> Option<(usize, usize)> {
    let before = &text[..start];
    let opener = before.rfind(['(', '[', '{', ','])? + 1;
    let first = opener + before[opener..].len() - before[opener..].trim_start().len();
    let behind = text.get(start..)?;
    let stop = behind.find([',', ')', ']', '}', '\n'])?;
    let second = behind[..stop].trim_end();
    let last = if parse_expression(second).is_ok() {
        start + second.len()
    } else {
        end
    };
    (!text[first..start].contains('\n')).then_some((first, last))
}

/// A conditional expression without its end.
fn conditional(text: &str, start: usize) -> Option<(usize, usize)> {
    let before = text[..start].trim_end();
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let condition = before[line..].rfind(" if ")? + line;
    let opener = before[line..condition].rfind(['=', '(', ',', '[', '{', ':']);
    let first = opener.map_or(line, |at| line + at + 1);
    let blanks = text[first..].len() - text[first..].trim_start().len();
    Some((first + blanks, before.len()))
}

/// Where a number stops being one: before a letter, or at an underscore too many.
fn number(text: &str, start: usize) -> Option<(usize, usize)> {
    let word = &text[start..];
    if !word.starts_with(|c: char| c.is_ascii_digit()) {
        let before = text[..start].chars().next_back()?;
        return Some((start - before.len_utf8(), start));
    }
    let stop = word.find(|c: char| !c.is_ascii_digit())?;
    let at = start
        + if word[stop..].starts_with('_') {
            stop
        } else {
            stop - 1
        };
    Some((at, at + 1))
}
