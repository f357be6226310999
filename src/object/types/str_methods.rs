//! The methods of `str`.

use std::rc::Rc;

use super::str_repr::is_printable;
use super::{base_value, char_len, class_of, container_members, int, number_members};
use crate::object::exceptions::{TYPE_ERROR, VALUE_ERROR};
use crate::object::{Bound, Cx, Dict, Members, Result, Str, Value, ops};

pub(super) fn members(members: &mut Members) {
    members
        .with(cases)
        .with(tests)
        .with(searches)
        .with(splits)
        .with(paddings)
        .with(conversions)
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
                    out.extend(c.to_uppercase());
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

/// The part of a text between character indexes, with the byte offset it starts at.
fn window<'t>(
    text: &'t str,
    start: &Value,
    end: &Value,
    cx: &Cx,
) -> Result<Option<(usize, &'t str)>> {
    let len = char_len(text);
    let bound = |value: &Value, default: usize| -> Result<usize> {
        if value.is_undefined() || value.is_none() {
            return Ok(default);
        }
        let index = int::expect_index(value, cx)?;
        Ok(if index < 0 {
            len.saturating_sub(usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX))
        } else {
            usize::try_from(index).unwrap_or(usize::MAX)
        })
    };
    let (start, end) = (bound(start, 0)?, bound(end, len)?.min(len));
    if start > end {
        return Ok(None);
    }
    let (from, to) = (byte_offset(text, start), byte_offset(text, end));
    Ok(text.get(from..to).map(|part| (from, part)))
}

fn byte_offset(text: &str, index: usize) -> usize {
    if text.is_ascii() {
        return index.min(text.len());
    }
    text.char_indices()
        .nth(index)
        .map_or(text.len(), |(at, _)| at)
}

fn char_index(text: &str, byte: usize) -> Value {
    let index = text.get(..byte).map_or(byte, char_len);
    Value::Int(i64::try_from(index).unwrap_or(i64::MAX))
}

fn needle(a: &Bound<'_>, cx: &Cx) -> Result<Str> {
    match base_value(a.at(0)) {
        Value::Str(text) => Ok(text),
        other => Err(TYPE_ERROR.error(format!(
            "must be str, not {}",
            class_of(&other, cx).error_name()
        ))),
    }
}

fn search(text: &Str, a: &Bound<'_>, last: bool, cx: &Cx) -> Result<Option<Value>> {
    let needle = needle(a, cx)?;
    Ok(
        window(text, a.at(1), a.at(2), cx)?.and_then(|(from, part)| {
            let at = if last {
                part.rfind(&*needle)
            } else {
                part.find(&*needle)
            };
            at.map(|at| char_index(text, from + at))
        }),
    )
}

fn searches(members: &mut Members) {
    members
        .method("find(sub, start=None, end=None, /)", |text: &Str, a, cx| {
            Ok(search(text, a, false, cx)?.unwrap_or(Value::Int(-1)))
        })
        .method(
            "rfind(sub, start=None, end=None, /)",
            |text: &Str, a, cx| Ok(search(text, a, true, cx)?.unwrap_or(Value::Int(-1))),
        )
        .method(
            "index(sub, start=None, end=None, /)",
            |text: &Str, a, cx| {
                search(text, a, false, cx)?.ok_or_else(|| VALUE_ERROR.error("substring not found"))
            },
        )
        .method(
            "rindex(sub, start=None, end=None, /)",
            |text: &Str, a, cx| {
                search(text, a, true, cx)?.ok_or_else(|| VALUE_ERROR.error("substring not found"))
            },
        )
        .method(
            "count(sub, start=None, end=None, /)",
            |text: &Str, a, cx| {
                let needle = needle(a, cx)?;
                let count = match window(text, a.at(1), a.at(2), cx)? {
                    Some((_, part)) if needle.is_empty() => char_len(part) + 1,
                    Some((_, part)) => part.matches(&*needle).count(),
                    None => 0,
                };
                Ok(Value::Int(i64::try_from(count).unwrap_or(i64::MAX)))
            },
        )
        .method(
            "startswith(prefix, start=None, end=None, /)",
            |text: &Str, a, cx| {
                affix(
                    text,
                    a,
                    "startswith",
                    |text, part| text.starts_with(part),
                    cx,
                )
            },
        )
        .method(
            "endswith(suffix, start=None, end=None, /)",
            |text: &Str, a, cx| affix(text, a, "endswith", |text, part| text.ends_with(part), cx),
        )
        .method("replace(old, new, count=-1, /)", replace)
        .method("removeprefix(prefix, /)", |text: &Str, a, cx| {
            let prefix = needle(a, cx)?;
            Ok(text.strip_prefix(&*prefix).unwrap_or(text).into())
        })
        .method("removesuffix(suffix, /)", |text: &Str, a, cx| {
            let suffix = needle(a, cx)?;
            Ok(text.strip_suffix(&*suffix).unwrap_or(text).into())
        });
}

fn affix(
    text: &Str,
    a: &Bound<'_>,
    name: &str,
    test: fn(&str, &str) -> bool,
    cx: &Cx,
) -> Result<Value> {
    let Some((_, part)) = window(text, a.at(1), a.at(2), cx)? else {
        return Ok(Value::Bool(false));
    };
    let wrong = |value: &Value| {
        TYPE_ERROR.error(format!(
            "{name} first arg must be str or a tuple of str, not {}",
            class_of(value, cx).error_name()
        ))
    };
    match base_value(a.at(0)) {
        Value::Str(affix) => Ok(Value::Bool(test(part, &affix))),
        Value::Tuple(affixes) => {
            for affix in affixes.iter() {
                let Value::Str(affix) = base_value(affix) else {
                    return Err(TYPE_ERROR.error(format!(
                        "tuple for {name} must only contain str, not {}",
                        class_of(affix, cx).error_name()
                    )));
                };
                if test(part, &affix) {
                    return Ok(Value::Bool(true));
                }
            }
            Ok(Value::Bool(false))
        }
        other => Err(wrong(&other)),
    }
}

fn replace(text: &Str, a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let part = |index: usize| match base_value(a.at(index)) {
        Value::Str(text) => Ok(text),
        other => Err(TYPE_ERROR.error(format!(
            "replace() argument {} must be str, not {}",
            index + 1,
            class_of(&other, cx).error_name()
        ))),
    };
    let (old, new) = (part(0)?, part(1)?);
    let count = match a.at(2) {
        Value::Undefined => -1,
        given => int::expect_index(given, cx)?,
    };
    Ok(match usize::try_from(count) {
        Ok(count) => text.replacen(&*old, &new, count).into(),
        Err(_) => text.replace(&*old, &new).into(),
    })
}

/// The most splits asked for; `None`: no limit.
fn limit(value: &Value, cx: &Cx) -> Result<Option<usize>> {
    match value {
        Value::Undefined => Ok(None),
        given => Ok(usize::try_from(int::expect_index(given, cx)?).ok()),
    }
}

fn separator(a: &Bound<'_>, cx: &Cx) -> Result<Option<Str>> {
    match a.some("sep").map(base_value) {
        None => Ok(None),
        Some(Value::Str(sep)) if sep.is_empty() => Err(VALUE_ERROR.error("empty separator")),
        Some(Value::Str(sep)) => Ok(Some(sep)),
        Some(other) => Err(TYPE_ERROR.error(format!(
            "must be str or None, not {}",
            class_of(&other, cx).error_name()
        ))),
    }
}

fn texts<'t>(parts: impl IntoIterator<Item = &'t str>) -> Value {
    Value::list(parts.into_iter().map(Value::from).collect())
}

fn split_whitespace(text: &str, limit: Option<usize>) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if limit == Some(parts.len()) {
            parts.push(rest.trim_end());
            break;
        }
        match rest.find(char::is_whitespace) {
            Some(at) => {
                parts.push(&rest[..at]);
                rest = rest[at..].trim_start();
            }
            None => {
                parts.push(rest);
                break;
            }
        }
    }
    parts
}

fn rsplit_whitespace(text: &str, limit: Option<usize>) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text.trim_end();
    while !rest.is_empty() {
        if limit == Some(parts.len()) {
            parts.push(rest.trim_start());
            break;
        }
        let at = rest
            .char_indices()
            .rev()
            .find(|(_, c)| c.is_whitespace())
            .map(|(at, c)| (at, at + c.len_utf8()));
        match at {
            Some((end, start)) => {
                parts.push(&rest[start..]);
                rest = rest[..end].trim_end();
            }
            None => {
                parts.push(rest);
                break;
            }
        }
    }
    parts.reverse();
    parts
}

fn splits(members: &mut Members) {
    members
        .method("split(sep=None, maxsplit=-1)", |text: &Str, a, cx| {
            let limit = limit(a.value("maxsplit"), cx)?;
            Ok(match (separator(a, cx)?, limit) {
                (None, limit) => texts(split_whitespace(text, limit)),
                (Some(sep), None) => texts(text.split(&*sep)),
                (Some(sep), Some(limit)) => texts(text.splitn(limit.saturating_add(1), &*sep)),
            })
        })
        .method("rsplit(sep=None, maxsplit=-1)", |text: &Str, a, cx| {
            let limit = limit(a.value("maxsplit"), cx)?;
            let mut parts: Vec<&str> = match (separator(a, cx)?, limit) {
                (None, limit) => return Ok(texts(rsplit_whitespace(text, limit))),
                (Some(sep), None) => text.rsplit(&*sep).collect(),
                (Some(sep), Some(limit)) => text.rsplitn(limit.saturating_add(1), &*sep).collect(),
            };
            parts.reverse();
            Ok(texts(parts))
        })
        .method("splitlines(keepends=False)", |text: &Str, a, _| {
            Ok(Value::list(
                split_lines(text, a.flag("keepends", false))
                    .into_iter()
                    .map(Value::from)
                    .collect(),
            ))
        })
        .method("partition(sep, /)", |text: &Str, a, cx| {
            let sep = needle(a, cx)?;
            if sep.is_empty() {
                return Err(VALUE_ERROR.error("empty separator"));
            }
            let (before, sep, after) = match text.split_once(&*sep) {
                Some((before, after)) => (before, &*sep, after),
                None => (&**text, "", ""),
            };
            Ok(Value::tuple(vec![before.into(), sep.into(), after.into()]))
        })
        .method("rpartition(sep, /)", |text: &Str, a, cx| {
            let sep = needle(a, cx)?;
            if sep.is_empty() {
                return Err(VALUE_ERROR.error("empty separator"));
            }
            let (before, sep, after) = match text.rsplit_once(&*sep) {
                Some((before, after)) => (before, &*sep, after),
                None => ("", "", &**text),
            };
            Ok(Value::tuple(vec![before.into(), sep.into(), after.into()]))
        })
        .method("join(iterable, /)", |text: &Str, a, cx| {
            join(text, a.at(0), cx)
        });
}

/// The lines of a text, as `splitlines` cuts them.
pub fn split_lines(text: &str, keep_ends: bool) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let breaks = matches!(
            c,
            '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}'
        );
        if !breaks {
            continue;
        }
        let mut end = at + c.len_utf8();
        if c == '\r' && chars.next_if(|(_, next)| *next == '\n').is_some() {
            end += 1;
        }
        lines.push(&text[start..if keep_ends { end } else { at }]);
        start = end;
    }
    if start < text.len() {
        lines.push(&text[start..]);
    }
    lines
}

fn join(separator: &str, iterable: &Value, cx: &Cx) -> Result<Value> {
    let items = ops::collect(iterable, cx).map_err(|raised| {
        if raised.is(&TYPE_ERROR) && raised.message(cx).ends_with("object is not iterable") {
            return TYPE_ERROR.error("can only join an iterable");
        }
        raised
    })?;
    let mut out = String::new();
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push_str(separator);
        }
        match item {
            Value::Str(text) => out.push_str(text),
            _ => match base_value(item) {
                Value::Str(text) => out.push_str(&text),
                _ => {
                    return Err(TYPE_ERROR.error(format!(
                        "sequence item {at}: expected str instance, {} found",
                        class_of(item, cx).error_name()
                    )));
                }
            },
        }
    }
    Ok(out.into())
}

fn width(a: &Bound<'_>, cx: &Cx) -> Result<usize> {
    let width = usize::try_from(int::expect_index(a.at(0), cx)?).unwrap_or(0);
    Ok(width.min(1 << 28))
}

fn fill(a: &Bound<'_>, cx: &Cx) -> Result<char> {
    match a.at(1) {
        Value::Undefined => Ok(' '),
        Value::Str(text) => {
            let mut chars = text.chars();
            match (chars.next(), chars.next()) {
                (Some(c), None) => Ok(c),
                _ => Err(TYPE_ERROR.error("The fill character must be exactly one character long")),
            }
        }
        other => Err(TYPE_ERROR.error(format!(
            "The fill character must be a unicode character, not {}",
            class_of(other, cx).error_name()
        ))),
    }
}

fn padded(text: &str, left: usize, right: usize, fill: char) -> Value {
    let mut out = String::with_capacity(text.len() + left + right);
    out.extend(std::iter::repeat_n(fill, left));
    out.push_str(text);
    out.extend(std::iter::repeat_n(fill, right));
    out.into()
}

fn stripped(text: &str, a: &Bound<'_>, left: bool, right: bool, cx: &Cx) -> Result<Value> {
    let goes: Box<dyn Fn(char) -> bool> = match a.at(0) {
        Value::Undefined | Value::None => Box::new(char::is_whitespace),
        given => match base_value(given) {
            Value::Str(chars) => Box::new(move |c| chars.contains(c)),
            other => {
                return Err(TYPE_ERROR.error(format!(
                    "strip arg must be None or str, not {}",
                    class_of(&other, cx).error_name()
                )));
            }
        },
    };
    let mut text = text;
    if left {
        text = text.trim_start_matches(&*goes);
    }
    if right {
        text = text.trim_end_matches(&*goes);
    }
    Ok(text.into())
}

fn paddings(members: &mut Members) {
    members
        .method("strip(chars=None, /)", |text: &Str, a, cx| {
            stripped(text, a, true, true, cx)
        })
        .method("lstrip(chars=None, /)", |text: &Str, a, cx| {
            stripped(text, a, true, false, cx)
        })
        .method("rstrip(chars=None, /)", |text: &Str, a, cx| {
            stripped(text, a, false, true, cx)
        })
        .method("ljust(width, fillchar=' ', /)", |text: &Str, a, cx| {
            let missing = width(a, cx)?.saturating_sub(char_len(text));
            Ok(padded(text, 0, missing, fill(a, cx)?))
        })
        .method("rjust(width, fillchar=' ', /)", |text: &Str, a, cx| {
            let missing = width(a, cx)?.saturating_sub(char_len(text));
            Ok(padded(text, missing, 0, fill(a, cx)?))
        })
        .method("center(width, fillchar=' ', /)", |text: &Str, a, cx| {
            let width = width(a, cx)?;
            let missing = width.saturating_sub(char_len(text));
            let left = missing / 2 + (missing & width & 1);
            Ok(padded(text, left, missing - left, fill(a, cx)?))
        })
        .method("zfill(width, /)", |text: &Str, a, cx| {
            let missing = width(a, cx)?.saturating_sub(char_len(text));
            let (sign, digits) = match text.chars().next() {
                Some('+' | '-') => text.split_at(1),
                _ => ("", &**text),
            };
            Ok(format!("{sign}{}{digits}", "0".repeat(missing)).into())
        })
        .method("expandtabs(tabsize=8)", |text: &Str, a, cx| {
            let size = match a.given("tabsize") {
                Some(size) => usize::try_from(int::expect_index(size, cx)?).unwrap_or(0),
                None => 8,
            };
            let (mut out, mut column) = (String::new(), 0);
            for c in text.chars() {
                match c {
                    '\t' if size > 0 => {
                        let spaces = size - column % size;
                        out.extend(std::iter::repeat_n(' ', spaces.min(1 << 20)));
                        column += spaces;
                    }
                    '\t' => {}
                    '\n' | '\r' => {
                        out.push(c);
                        column = 0;
                    }
                    _ => {
                        out.push(c);
                        column += 1;
                    }
                }
            }
            Ok(out.into())
        });
}

fn conversions(members: &mut Members) {
    members
        .method(
            "encode(encoding='utf-8', errors='strict')",
            |text: &Str, a, _| super::bytes::encode(text, a.given("encoding"), a.given("errors")),
        )
        .method("format(*args, **kwargs)", |text: &Str, a, cx| {
            let named = |name: &str| {
                let mut keywords = a.keywords().iter();
                Ok(keywords
                    .find(|(keyword, _)| keyword == name)
                    .map(|(_, value)| value.clone()))
            };
            super::str_format::format(text, a.rest(), &named, cx).map(Value::from)
        })
        .method("format_map(mapping, /)", |text: &Str, a, cx| {
            let named = |name: &str| ops::get_item(a.at(0), &name.into(), cx).map(Some);
            super::str_format::format(text, &[], &named, cx).map(Value::from)
        })
        .static_method("maketrans(x, y=None, z=None, /)", maketrans)
        .method("translate(table, /)", translate);
}

fn maketrans(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let table = Dict::default();
    let code = |c: char| Value::Int(i64::from(u32::from(c)));
    if let Value::Dict(dict) = a.at(0) {
        for (key, value) in super::dict::entries(dict) {
            let key = match &key {
                Value::Str(text) => code(text.chars().next().unwrap_or('\0')),
                _ => key,
            };
            table.insert(key, value, cx)?;
        }
        return Ok(Value::Dict(Rc::new(table)));
    }
    let text = |index: usize| match a.at(index) {
        Value::Str(text) => Ok(text.clone()),
        Value::Undefined => Ok(Str::new("")),
        _ => Err(TYPE_ERROR.error("if you give only one argument to maketrans it must be a dict")),
    };
    let (from, to, delete) = (text(0)?, text(1)?, text(2)?);
    if char_len(&from) != char_len(&to) {
        return Err(VALUE_ERROR.error("the first two maketrans arguments must have equal length"));
    }
    for (from, to) in from.chars().zip(to.chars()) {
        table.insert(code(from), code(to), cx)?;
    }
    for c in delete.chars() {
        table.insert(code(c), Value::None, cx)?;
    }
    Ok(Value::Dict(Rc::new(table)))
}

fn translate(text: &Str, a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let key = Value::Int(i64::from(u32::from(c)));
        match ops::get_item(a.at(0), &key, cx) {
            Ok(Value::None) => {}
            Ok(Value::Str(text)) => out.push_str(&text),
            Ok(other) => {
                let code = int::expect_index(&other, cx)?;
                let c = u32::try_from(code).ok().and_then(char::from_u32);
                out.push(c.ok_or_else(|| {
                    VALUE_ERROR.error("character mapping must be in range(0x110000)")
                })?);
            }
            Err(raised) if raised.is(&crate::object::exceptions::LOOKUP_ERROR) => out.push(c),
            Err(raised) => return Err(raised),
        }
    }
    Ok(out.into())
}
