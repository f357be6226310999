//! The methods of `str`: cases and tests here, the others in files of their own.

mod search;
mod shape;
mod split;

use super::str_repr::is_printable;
use super::{container_members, number_members};
use crate::object::{Members, Result, Str, Value};

pub use split::split_lines;

pub(super) fn members(members: &mut Members) {
    members
        .with(cases)
        .with(tests)
        .with(search::members)
        .with(split::members)
        .with(shape::paddings)
        .with(shape::conversions)
        .with(number_members)
        .with(container_members);
}

fn cases(members: &mut Members) {
    members
        .method("upper(/)", |text: &Str, _, _| {
            Ok(text.to_uppercase().into())
        })
        .method("lower(/)", |text: &Str, _, _| {
            Ok(text.to_lowercase().into())
        })
        .method("casefold(/)", |text: &Str, _, _| {
            Ok(text.to_lowercase().replace('ß', "ss").into())
        })
        .method("swapcase(/)", |text: &Str, _, _| {
            let swapped: String = text
                .chars()
                .flat_map(|c| -> Vec<char> {
                    if c.is_uppercase() {
                        c.to_lowercase().collect()
                    } else {
                        c.to_uppercase().collect()
                    }
                })
                .collect();
            Ok(swapped.into())
        })
        .method("capitalize(/)", |text: &Str, _, _| {
            let mut chars = text.chars();
            let first: String = chars
                .next()
                .into_iter()
                .flat_map(char::to_uppercase)
                .collect();
            Ok((first + &chars.as_str().to_lowercase()).into())
        })
        .method("title(/)", |text: &Str, _, _| {
            let mut out = String::with_capacity(text.len());
            let mut inside = false;
            for c in text.chars() {
                if inside {
                    out.extend(c.to_lowercase());
                } else {
                    // The digraphs have a title case of their own.
                    match c {
                        'Ǆ'..='ǆ' => out.push('ǅ'),
                        'Ǉ'..='ǉ' => out.push('ǈ'),
                        'Ǌ'..='ǌ' => out.push('ǋ'),
                        'Ǳ'..='ǳ' => out.push('ǲ'),
                        _ => out.extend(c.to_uppercase()),
                    }
                }
                inside = c.is_alphabetic();
            }
            Ok(out.into())
        });
}

fn all(text: &str, test: impl Fn(char) -> bool) -> Result<Value> {
    Ok(Value::Bool(!text.is_empty() && text.chars().all(test)))
}

fn cased(text: &str, wanted: fn(char) -> bool, other: fn(char) -> bool) -> Result<Value> {
    Ok(Value::Bool(
        text.chars().any(wanted) && !text.chars().any(other),
    ))
}

fn tests(members: &mut Members) {
    members
        .method("isupper(/)", |text: &Str, _, _| {
            cased(text, char::is_uppercase, char::is_lowercase)
        })
        .method("islower(/)", |text: &Str, _, _| {
            cased(text, char::is_lowercase, char::is_uppercase)
        })
        .method("isalpha(/)", |text: &Str, _, _| {
            all(text, char::is_alphabetic)
        })
        .method("isalnum(/)", |text: &Str, _, _| {
            all(text, char::is_alphanumeric)
        })
        .method("isdigit(/)", |text: &Str, _, _| {
            all(text, |c| {
                c.is_ascii_digit() || (!c.is_ascii() && c.is_numeric())
            })
        })
        .method("isdecimal(/)", |text: &Str, _, _| {
            all(text, |c| c.is_ascii_digit())
        })
        .method("isnumeric(/)", |text: &Str, _, _| {
            all(text, char::is_numeric)
        })
        .method("isspace(/)", |text: &Str, _, _| {
            all(text, char::is_whitespace)
        })
        .method("isascii(/)", |text: &Str, _, _| {
            Ok(Value::Bool(text.is_ascii()))
        })
        .method("isprintable(/)", |text: &Str, _, _| {
            Ok(Value::Bool(text.chars().all(is_printable)))
        })
        .method("isidentifier(/)", |text: &Str, _, _| {
            Ok(Value::Bool(is_identifier(text)))
        })
        .method("istitle(/)", |text: &Str, _, _| {
            let (mut inside, mut any) = (false, false);
            for c in text.chars() {
                if c.is_uppercase() {
                    if inside {
                        return Ok(Value::Bool(false));
                    }
                    (inside, any) = (true, true);
                } else if c.is_lowercase() {
                    if !inside {
                        return Ok(Value::Bool(false));
                    }
                } else {
                    inside = false;
                }
            }
            Ok(Value::Bool(any))
        });
}

/// Whether a text is a Python name.
pub fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c == '_' || c.is_alphabetic())
        && chars.all(|c| c == '_' || c.is_alphanumeric())
}
