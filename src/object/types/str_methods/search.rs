//! Searching a text: `find`, `count`, `startswith`, `replace`.

use crate::object::exceptions::{TYPE_ERROR, VALUE_ERROR};
use crate::object::types::{base_value, char_len, class_of, int};
use crate::object::{Bound, Cx, Members, Result, Str, Value};

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

pub(super) fn needle(a: &Bound<'_>, cx: &Cx) -> Result<Str> {
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

pub(super) fn members(members: &mut Members) {
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
