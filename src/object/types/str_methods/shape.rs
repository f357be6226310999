//! Padding, stripping, encoding, formatting, translating.

use std::rc::Rc;

use crate::object::exceptions::{MEMORY_ERROR, TYPE_ERROR, VALUE_ERROR};
use crate::object::types::{base_value, bytes, char_len, class_of, dict, int, str_format};
use crate::object::{Bound, Cx, Dict, Members, Raised, Result, Str, Value, ops};

fn width(a: &Bound<'_>, cx: &Cx) -> Result<usize> {
    let width = usize::try_from(int::expect_index(a.at(0), cx)?).unwrap_or(0);
    if width >= 1 << 30 {
        return Err(Raised::new(&MEMORY_ERROR, Vec::new()));
    }
    Ok(width)
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

pub(super) fn paddings(members: &mut Members) {
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

pub(super) fn conversions(members: &mut Members) {
    members
        .method(
            "encode(encoding='utf-8', errors='strict')",
            |text: &Str, a, _| bytes::encode(text, a.given("encoding"), a.given("errors")),
        )
        .method("format(*args, **kwargs)", |text: &Str, a, cx| {
            let named = |name: &str| {
                let mut keywords = a.keywords().iter();
                Ok(keywords
                    .find(|(keyword, _)| keyword == name)
                    .map(|(_, value)| value.clone()))
            };
            str_format::format(text, a.rest(), &named, cx).map(Value::from)
        })
        .method("format_map(mapping, /)", |text: &Str, a, cx| {
            let named = |name: &str| ops::get_item(a.at(0), &name.into(), cx).map(Some);
            str_format::format(text, &[], &named, cx).map(Value::from)
        })
        .static_method("maketrans(x, y=None, z=None, /)", maketrans)
        .method("translate(table, /)", translate);
}

fn maketrans(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let table = Dict::default();
    let code = |c: char| Value::Int(i64::from(u32::from(c)));
    if let Value::Dict(dict) = a.at(0) {
        for (key, value) in dict::entries(dict) {
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
