//! `str.format`: replacement fields with attribute and item access, conversions, nested specs.

use super::str_repr;
use crate::object::exceptions::{INDEX_ERROR, VALUE_ERROR};
use crate::object::{Cx, Result, Value, key_error, ops};

/// Looks a named field up; `None`: there is none.
pub type Named<'a> = &'a dyn Fn(&str) -> Result<Option<Value>>;

struct Formatter<'a> {
    positional: &'a [Value],
    named: Named<'a>,
    /// The next automatic index; `None` once fields are numbered by hand.
    automatic: Numbering,
    cx: &'a Cx,
}

#[derive(Clone, Copy)]
enum Numbering {
    Undecided,
    Automatic(usize),
    Manual,
}

/// `template.format(...)`.
pub fn format(template: &str, positional: &[Value], named: Named<'_>, cx: &Cx) -> Result<String> {
    let mut formatter = Formatter {
        positional,
        named,
        automatic: Numbering::Undecided,
        cx,
    };
    formatter.run(template, 2)
}

impl Formatter<'_> {
    fn run(&mut self, template: &str, depth: u32) -> Result<String> {
        if depth == 0 {
            return Err(VALUE_ERROR.error("Max string recursion exceeded"));
        }
        let mut out = String::with_capacity(template.len() + 16);
        let mut rest = template;
        while let Some(at) = rest.find(['{', '}']) {
            out.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(behind) = rest.strip_prefix(brace) {
                out.push_str(brace);
                rest = behind;
                continue;
            }
            if brace == "}" {
                return Err(VALUE_ERROR.error("Single '}' encountered in format string"));
            }
            if rest.is_empty() {
                return Err(VALUE_ERROR.error("Single '{' encountered in format string"));
            }
            let end = field_end(rest)
                .ok_or_else(|| VALUE_ERROR.error("expected '}' before end of string"))?;
            let text = self.field(&rest[..end], depth)?;
            out.push_str(&text);
            rest = &rest[end + 1..];
        }
        out.push_str(rest);
        Ok(out)
    }

    fn field(&mut self, field: &str, depth: u32) -> Result<String> {
        let name_end = name_end(field);
        let (name, tail) = field.split_at(name_end);
        let (conversion, spec) = match tail.strip_prefix('!') {
            Some(tail) => {
                let mut chars = tail.chars();
                let conversion = chars
                    .next()
                    .ok_or_else(|| VALUE_ERROR.error("unmatched '{' in format spec"))?;
                let spec = match chars.as_str() {
                    "" => "",
                    tail => tail.strip_prefix(':').ok_or_else(|| {
                        VALUE_ERROR.error("expected ':' after conversion specifier")
                    })?,
                };
                (Some(conversion), spec)
            }
            None => (None, tail.strip_prefix(':').unwrap_or("")),
        };
        let mut value = self.lookup(name)?;
        value = match conversion {
            None => value,
            Some('r') => self.cx.repr(&value)?.into(),
            Some('s') => self.cx.str(&value)?.into(),
            Some('a') => {
                let mut ascii = String::new();
                str_repr::write_ascii(&self.cx.repr(&value)?, &mut ascii);
                ascii.into()
            }
            Some(other) => {
                return Err(VALUE_ERROR.error(format!("Unknown conversion specifier {other}")));
            }
        };
        let spec = if spec.contains('{') {
            self.run(spec, depth - 1)?
        } else {
            spec.to_owned()
        };
        ops::format(&value, &spec, self.cx)
    }

    fn lookup(&mut self, name: &str) -> Result<Value> {
        let first_end = name.find(['.', '[']).unwrap_or(name.len());
        let (first, mut path) = name.split_at(first_end);
        let mut value = if first.is_empty() {
            let index = match self.automatic {
                Numbering::Undecided => 0,
                Numbering::Automatic(next) => next,
                Numbering::Manual => {
                    return Err(VALUE_ERROR.error(
                        "cannot switch from manual field specification to automatic field \
                         numbering",
                    ));
                }
            };
            self.automatic = Numbering::Automatic(index + 1);
            self.positional(index)?
        } else if first.bytes().all(|byte| byte.is_ascii_digit()) {
            if matches!(self.automatic, Numbering::Automatic(_)) {
                return Err(VALUE_ERROR.error(
                    "cannot switch from automatic field numbering to manual field specification",
                ));
            }
            self.automatic = Numbering::Manual;
            let index = first
                .parse()
                .map_err(|_| VALUE_ERROR.error("Too many decimal digits in format string"))?;
            self.positional(index)?
        } else {
            (self.named)(first)?.ok_or_else(|| key_error(first.into()))?
        };
        while !path.is_empty() {
            if let Some(tail) = path.strip_prefix('.') {
                let end = tail.find(['.', '[']).unwrap_or(tail.len());
                if end == 0 {
                    return Err(VALUE_ERROR.error("Empty attribute in format string"));
                }
                value = self.cx.get_attr(&value, &tail[..end])?;
                path = &tail[end..];
            } else if let Some(tail) = path.strip_prefix('[') {
                let end = tail
                    .find(']')
                    .ok_or_else(|| VALUE_ERROR.error("Missing ']' in format string"))?;
                let key = match tail[..end].parse::<i64>() {
                    Ok(index) => Value::Int(index),
                    Err(_) => Value::from(&tail[..end]),
                };
                value = ops::get_item(&value, &key, self.cx)?;
                path = &tail[end + 1..];
            } else {
                return Err(
                    VALUE_ERROR.error("Only '.' or '[' may follow ']' in format field specifier")
                );
            }
        }
        Ok(value)
    }

    fn positional(&self, index: usize) -> Result<Value> {
        self.positional.get(index).cloned().ok_or_else(|| {
            INDEX_ERROR.error(format!(
                "Replacement index {index} out of range for positional args tuple"
            ))
        })
    }
}

/// Where the `}` is that closes a field.
fn field_end(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Where the name of a field ends: before `!` or `:` outside brackets.
fn name_end(field: &str) -> usize {
    let mut inside = false;
    for (at, c) in field.char_indices() {
        match c {
            '[' => inside = true,
            ']' => inside = false,
            '!' | ':' if !inside => return at,
            _ => {}
        }
    }
    field.len()
}
