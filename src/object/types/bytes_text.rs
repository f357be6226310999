//! The methods that `bytes` shares with `str`: those of the text whose characters are the bytes.

use std::rc::Rc;

use super::base_value;
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{Args, Cx, Members, Result, Value, class_of};

/// Bytes that are no ASCII stand in the text as characters of this area: no letters, no blanks.
const AREA: u32 = 0xe000;

fn text_of(bytes: &[u8], breaks_lines: bool) -> String {
    bytes
        .iter()
        .map(|byte| match byte {
            0x0b | 0x0c | 0x1c..=0x1e if breaks_lines => in_area(*byte),
            0..=0x7f => char::from(*byte),
            _ => in_area(*byte),
        })
        .collect()
}

fn in_area(byte: u8) -> char {
    char::from_u32(AREA + u32::from(byte)).unwrap_or('\u{fffd}')
}

/// The bytes that a text made by [`text_of`] stands for.
fn bytes_of(text: &str) -> Value {
    let bytes = text.chars().map(|c| {
        let code = u32::from(c);
        u8::try_from(if code >= AREA { code - AREA } else { code }).unwrap_or(b'?')
    });
    Value::Bytes(Rc::new(bytes.collect()))
}

fn argument(value: &Value, name: &str, cx: &Cx) -> Result<Value> {
    match base_value(value) {
        Value::Bytes(bytes) => Ok(text_of(&bytes, false).into()),
        Value::Tuple(items) => {
            let items = items.iter().map(|item| argument(item, name, cx));
            Ok(Value::tuple(items.collect::<Result<_>>()?))
        }
        Value::Str(_) if matches!(name, "startswith" | "endswith") => Err(TYPE_ERROR.error(
            format!("{name} first arg must be bytes or a tuple of bytes, not str"),
        )),
        Value::Str(_) if matches!(name, "find" | "rfind" | "index" | "rindex" | "count") => {
            Err(TYPE_ERROR.error("argument should be integer or bytes-like object, not 'str'"))
        }
        Value::Str(_) => Err(TYPE_ERROR.error(format!(
            "a bytes-like object is required, not '{}'",
            class_of(value, cx).error_name()
        ))),
        other => Ok(other),
    }
}

fn answer(value: Value) -> Value {
    match value {
        Value::Str(text) => bytes_of(&text),
        Value::List(items) => Value::list(items.borrow().iter().cloned().map(answer).collect()),
        Value::Tuple(items) => Value::tuple(items.iter().cloned().map(answer).collect()),
        other => other,
    }
}

fn call(this: &Value, name: &str, args: Vec<Value>, cx: &Cx) -> Result<Value> {
    let Value::Bytes(bytes) = base_value(this) else {
        return Ok(Value::None);
    };
    let text: Value = text_of(&bytes, name == "splitlines").into();
    let mut converted = Vec::with_capacity(args.len());
    for (at, value) in args.iter().enumerate() {
        // `find(97)` looks for one byte.
        let byte = value.as_int().and_then(|code| u8::try_from(code).ok());
        converted.push(match byte {
            Some(byte)
                if at == 0 && matches!(name, "find" | "rfind" | "index" | "rindex" | "count") =>
            {
                text_of(&[byte], false).into()
            }
            _ => argument(value, name, cx)?,
        });
    }
    let found = cx.call_method(&text, name, Args::from(converted));
    found.map(answer).map_err(|raised| {
        let message = raised.message(cx);
        if message == "substring not found" {
            return crate::object::exceptions::VALUE_ERROR.error("subsection not found");
        }
        raised
    })
}

/// The members.
pub(super) fn members(members: &mut Members) {
    const TEXTS: [&str; 36] = [
        "capitalize(/)",
        "center(width, fillchar=b' ', /)",
        "count(sub, start=None, end=None, /)",
        "endswith(suffix, start=None, end=None, /)",
        "expandtabs(tabsize=8)",
        "find(sub, start=None, end=None, /)",
        "index(sub, start=None, end=None, /)",
        "isalnum(/)",
        "isalpha(/)",
        "isascii(/)",
        "isdigit(/)",
        "islower(/)",
        "isspace(/)",
        "istitle(/)",
        "isupper(/)",
        "ljust(width, fillchar=b' ', /)",
        "lower(/)",
        "lstrip(bytes=None, /)",
        "partition(sep, /)",
        "removeprefix(prefix, /)",
        "removesuffix(suffix, /)",
        "replace(old, new, count=-1, /)",
        "rfind(sub, start=None, end=None, /)",
        "rindex(sub, start=None, end=None, /)",
        "rjust(width, fillchar=b' ', /)",
        "rpartition(sep, /)",
        "rsplit(sep=None, maxsplit=-1)",
        "rstrip(bytes=None, /)",
        "split(sep=None, maxsplit=-1)",
        "splitlines(keepends=False)",
        "startswith(prefix, start=None, end=None, /)",
        "strip(bytes=None, /)",
        "swapcase(/)",
        "title(/)",
        "upper(/)",
        "zfill(width, /)",
    ];
    for text in TEXTS {
        let name = text.split('(').next().unwrap_or(text);
        members.method_on_value(text, move |this, a, cx| {
            let mut given = a.values().to_vec();
            while given.last().is_some_and(Value::is_undefined) {
                given.pop();
            }
            let given = given.into_iter().map(Value::or_none).collect();
            call(this, name, given, cx)
        });
    }
}
