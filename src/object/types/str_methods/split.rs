//! Cutting a text up and joining it: `split`, `splitlines`, `partition`, `join`.

use super::search::needle;
use crate::object::exceptions::{TYPE_ERROR, VALUE_ERROR};
use crate::object::types::{base_value, class_of, int};
use crate::object::{Bound, Cx, Members, Result, Str, Value, ops};

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
            parts.push(rest);
            break;
        }
        if let Some(at) = rest.find(char::is_whitespace) {
            parts.push(&rest[..at]);
            rest = rest[at..].trim_start();
        } else {
            parts.push(rest);
            break;
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
        if let Some((end, start)) = at {
            parts.push(&rest[start..]);
            rest = rest[..end].trim_end();
        } else {
            parts.push(rest);
            break;
        }
    }
    parts.reverse();
    parts
}

pub(super) fn members(members: &mut Members) {
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
