//! CPython's words for what is wrong with a text.

use ruff_python_ast::Expr;
use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{
    InterpolatedStringErrorType, LexicalErrorType, ParseErrorType, parse_expression,
};

use super::{ProblemKind, code_of_line, floor_boundary, line_of};

/// The kind of an error, and CPython's words for it.
pub(super) fn describe(
    error: &ParseErrorType,
    text: &str,
    start: usize,
    end: usize,
) -> (ProblemKind, String) {
    let syntax = |message: &str| (ProblemKind::Syntax, message.to_owned());
    match error {
        ParseErrorType::ExpectedToken { expected, found } => {
            syntax(expected_token(*expected, *found, text, start))
        }
        _ if glued_to_number(text, start) => syntax("invalid decimal literal"),
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

/// What is wrong with a keyword of a call that is no name: `f(a.b=1)`.
pub(super) fn bad_keyword(text: &str, start: usize, end: usize) -> Option<(String, usize)> {
    let (start, end) = (floor_boundary(text, start), floor_boundary(text, end));
    let behind = text.get(end..)?;
    let blanks = behind.len() - behind.trim_start_matches(' ').len();
    let is_keyword = behind[blanks..].starts_with('=') && !behind[blanks..].starts_with("==");
    let open = text[..start].matches('(').count() > text[..start].matches(')').count();
    if !is_keyword || !open {
        return None;
    }
    let message = match expression_name(text, start, end) {
        name @ ("True" | "False" | "None") => format!("cannot assign to {name}"),
        _ => "expression cannot contain assignment, perhaps you meant \"==\"?".to_owned(),
    };
    Some((message, end + blanks + 1))
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
        (TokenKind::Else, _) => "expected 'else' after 'if' expression",
        (TokenKind::Colon, TokenKind::Rbrace | TokenKind::Comma) if bracketed() => {
            "':' expected after dictionary key"
        }
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
        LexicalErrorType::OtherError(message) => number_literal(message, text, start),
        _ => "invalid syntax".to_owned(),
    };
    (ProblemKind::Syntax, message)
}

fn number_literal(message: &str, text: &str, start: usize) -> String {
    let literal = text.get(start..).unwrap_or("");
    let digit = |at: usize| literal.as_bytes().get(at).copied().unwrap_or(b' ');
    match (digit(0), digit(1).to_ascii_lowercase()) {
        (b'0', b'0'..=b'9') => "leading zeros in decimal integer literals are not permitted; use \
                                an 0o prefix for octal integers"
            .to_owned(),
        (b'0', b'x') => "invalid hexadecimal literal".to_owned(),
        (b'0', b'o') => "invalid octal literal".to_owned(),
        (b'0', b'b') => "invalid binary literal".to_owned(),
        (b'0'..=b'9', _) => "invalid decimal literal".to_owned(),
        _ if message.to_ascii_lowercase().contains("decimal") => {
            "invalid decimal literal".to_owned()
        }
        _ => "invalid syntax".to_owned(),
    }
}

/// Whether the word at `start` follows a number without a blank, as in `1abc`.
fn glued_to_number(text: &str, start: usize) -> bool {
    let start = floor_boundary(text, start);
    let word = text[start..].starts_with(|c: char| c.is_alphabetic() || c == '_');
    let before = &text[..start];
    let number = before
        .rsplit(|c: char| !c.is_alphanumeric() && c != '_')
        .next()
        .unwrap_or("");
    word && number.starts_with(|c: char| c.is_ascii_digit())
}

fn invalid_target(text: &str, start: usize, end: usize) -> String {
    let what = expression_name(text, start, end);
    match what {
        "True" | "False" | "None" => format!("cannot assign to {what}"),
        _ if !is_plain_assignment(text, start, end) => format!("cannot assign to {what}"),
        _ => format!("cannot assign to {what} here. Maybe you meant '==' instead of '='?"),
    }
}

/// Whether a target is all that stands before the only `=` of a statement, where a comparison may
/// have been meant.
fn is_plain_assignment(text: &str, start: usize, end: usize) -> bool {
    let before = text[..floor_boundary(text, start)].trim_end_matches([' ', '\t']);
    let begins = before.is_empty() || before.ends_with(['\n', ';', ':']);
    let behind = text[floor_boundary(text, end)..]
        .lines()
        .next()
        .unwrap_or("");
    let Some(value) = behind.trim_start().strip_prefix('=') else {
        return false;
    };
    let value = code_of_line(value).split(';').next().unwrap_or("").trim();
    begins && !value.starts_with('=') && parse_expression(value).is_ok()
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
