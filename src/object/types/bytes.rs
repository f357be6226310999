//! `bytes`, and the text encodings.

use std::rc::Rc;

use super::{OBJECT, base_value, class_of, container_members, int, number_members};
use crate::object::exceptions::{
    LOOKUP_ERROR, TYPE_ERROR, UNICODE_DECODE_ERROR, UNICODE_ENCODE_ERROR, VALUE_ERROR,
};
use crate::object::{Args, Class, Cx, Members, Raised, Result, TypeSpec, Value};

/// `bytes`.
pub static BYTES: TypeSpec = TypeSpec::new("builtins", "bytes")
    .bases(&[&OBJECT])
    .construct(construct)
    .members(members)
    .subclassable();

/// Append `repr(bytes)`.
pub fn write(bytes: &[u8], out: &mut String) {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') {
        b'"'
    } else {
        b'\''
    };
    out.push('b');
    out.push(char::from(quote));
    for byte in bytes {
        match *byte {
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            byte if byte == quote => {
                out.push('\\');
                out.push(char::from(byte));
            }
            byte @ b' '..=b'~' => out.push(char::from(byte)),
            byte => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out.push(char::from(quote));
}

/// The encodings that are known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Ascii,
    Latin1,
}

fn encoding_of(value: Option<&Value>) -> Result<Encoding> {
    let name = match value.filter(|value| !value.is_none()) {
        Some(value) => value
            .as_str()
            .ok_or_else(|| TYPE_ERROR.error("encoding must be str"))?
            .to_ascii_lowercase()
            .replace(['_', ' '], "-"),
        None => "utf-8".to_owned(),
    };
    match name.as_str() {
        "utf-8" | "utf8" | "u8" => Ok(Encoding::Utf8),
        "ascii" | "us-ascii" => Ok(Encoding::Ascii),
        "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" => Ok(Encoding::Latin1),
        _ => Err(LOOKUP_ERROR.error(format!("unknown encoding: {name}"))),
    }
}

/// `bytes.decode()`.
pub fn decode(bytes: &[u8], encoding: Option<&Value>, errors: Option<&Value>) -> Result<String> {
    let encoding = encoding_of(encoding)?;
    let errors = errors.and_then(Value::as_str).unwrap_or("strict");
    let limit = match encoding {
        Encoding::Utf8 => {
            return match std::str::from_utf8(bytes) {
                Ok(text) => Ok(text.to_owned()),
                Err(error) => match errors {
                    "replace" => Ok(String::from_utf8_lossy(bytes).into_owned()),
                    "ignore" => Ok(bytes
                        .utf8_chunks()
                        .map(|chunk| chunk.valid())
                        .collect::<String>()),
                    _ => Err(utf8_error(bytes, error)),
                },
            };
        }
        Encoding::Ascii => 0x80,
        Encoding::Latin1 => 0x100,
    };
    let mut out = String::with_capacity(bytes.len());
    for (at, byte) in bytes.iter().enumerate() {
        if u32::from(*byte) < limit {
            out.push(char::from(*byte));
        } else {
            match errors {
                "replace" => out.push('\u{fffd}'),
                "ignore" => {}
                _ => return Err(decode_error("ascii", bytes, at)),
            }
        }
    }
    Ok(out)
}

fn utf8_error(bytes: &[u8], error: std::str::Utf8Error) -> Raised {
    let start = error.valid_up_to();
    let left = bytes.len().saturating_sub(start);
    // Without a length the text ends inside a character.
    if error.error_len().is_none() && left > 1 {
        return UNICODE_DECODE_ERROR.error(format!(
            "'utf-8' codec can't decode bytes in position {start}-{}: unexpected end of data",
            bytes.len() - 1
        ));
    }
    decode_error("utf-8", bytes, start)
}

fn decode_error(codec: &str, bytes: &[u8], at: usize) -> Raised {
    let byte = bytes.get(at).copied().unwrap_or(0);
    let reason = match (codec, byte) {
        ("ascii", _) => "ordinal not in range(128)",
        (_, 0xc2..=0xf4) if at + 1 >= bytes.len() => "unexpected end of data",
        (_, 0xc2..=0xf4) => "invalid continuation byte",
        _ => "invalid start byte",
    };
    UNICODE_DECODE_ERROR.error(format!(
        "'{codec}' codec can't decode byte 0x{byte:02x} in position {at}: {reason}"
    ))
}

/// `str.encode()`.
pub fn encode(text: &str, encoding: Option<&Value>, errors: Option<&Value>) -> Result<Value> {
    let kind = encoding_of(encoding)?;
    let errors = errors.and_then(Value::as_str).unwrap_or("strict");
    let (limit, codec) = match kind {
        Encoding::Utf8 => return Ok(Value::Bytes(Rc::new(text.as_bytes().to_vec()))),
        Encoding::Ascii => (0x80, "ascii"),
        Encoding::Latin1 => (0x100, "latin-1"),
    };
    let mut out = Vec::with_capacity(text.len());
    for (at, c) in text.chars().enumerate() {
        match u8::try_from(u32::from(c)) {
            Ok(byte) if u32::from(byte) < limit => out.push(byte),
            _ => match errors {
                "replace" => out.push(b'?'),
                "ignore" => {}
                _ => {
                    let mut shown = String::new();
                    super::str_repr::write(&c.to_string(), &mut shown);
                    let mut escaped = String::new();
                    super::str_repr::write_ascii(&shown, &mut escaped);
                    return Err(UNICODE_ENCODE_ERROR.error(format!(
                        "'{codec}' codec can't encode character {escaped} in position {at}: \
                         ordinal not in range({limit})"
                    )));
                }
            },
        }
    }
    Ok(Value::Bytes(Rc::new(out)))
}

fn construct(class: &Rc<Class>, mut args: Args, cx: &Cx) -> Result<Value> {
    let encoding = args
        .take_keyword("encoding")
        .or_else(|| args.pos.get(1).cloned());
    let errors = args
        .take_keyword("errors")
        .or_else(|| args.pos.get(2).cloned());
    let value = match args.pos.first() {
        None => Value::Bytes(Rc::default()),
        Some(value) => match base_value(value) {
            Value::Str(text) if encoding.is_some() => {
                encode(&text, encoding.as_ref(), errors.as_ref())?
            }
            Value::Str(_) => return Err(TYPE_ERROR.error("string argument without an encoding")),
            bytes @ Value::Bytes(_) => bytes,
            count @ (Value::Int(_) | Value::Bool(_)) => {
                let count = usize::try_from(int::expect_index(&count, cx)?)
                    .map_err(|_| VALUE_ERROR.error("negative count"))?;
                if count > 1 << 31 {
                    return Err(Raised::new(
                        &crate::object::exceptions::MEMORY_ERROR,
                        Vec::new(),
                    ));
                }
                Value::Bytes(Rc::new(vec![0; count]))
            }
            other => {
                if let Some(made) = super::call_special(value, "__bytes__", cx)? {
                    made
                } else {
                    let mut bytes = Vec::new();
                    for item in cx.collect(&other)? {
                        let byte = int::expect_index(&item, cx)?;
                        bytes
                            .push(u8::try_from(byte).map_err(|_| {
                                VALUE_ERROR.error("bytes must be in range(0, 256)")
                            })?);
                    }
                    Value::Bytes(Rc::new(bytes))
                }
            }
        },
    };
    Ok(super::of_class(class, &BYTES, value))
}

fn receiver(value: &Value) -> Rc<Vec<u8>> {
    match base_value(value) {
        Value::Bytes(bytes) => bytes,
        _ => Rc::default(),
    }
}

fn expect(value: &Value, cx: &Cx) -> Result<Rc<Vec<u8>>> {
    match base_value(value) {
        Value::Bytes(bytes) => Ok(bytes),
        other => Err(TYPE_ERROR.error(format!(
            "a bytes-like object is required, not '{}'",
            class_of(&other, cx).error_name()
        ))),
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    if part.is_empty() {
        return Some(0);
    }
    bytes.windows(part.len()).position(|window| window == part)
}

fn split(bytes: &[u8], separator: &[u8]) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    let mut rest = bytes;
    while let Some(at) = find(rest, separator).filter(|_| !separator.is_empty()) {
        parts.push(rest[..at].to_vec());
        rest = &rest[at + separator.len()..];
    }
    parts.push(rest.to_vec());
    parts
}

fn of(bytes: Vec<u8>) -> Value {
    Value::Bytes(Rc::new(bytes))
}

fn members(members: &mut Members) {
    members
        .method_on_value("decode(encoding='utf-8', errors='strict')", |this, a, _| {
            decode(&receiver(this), a.given("encoding"), a.given("errors")).map(Value::from)
        })
        .method_on_value("hex(/)", |this, _, _| {
            let hex: String = receiver(this)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            Ok(hex.into())
        })
        .class_method("fromhex(string, /)", |_, a, _| {
            let digits: Vec<char> = a
                .at(0)
                .as_str()
                .ok_or_else(|| TYPE_ERROR.error("fromhex() argument must be str"))?
                .chars()
                .filter(|c| !c.is_whitespace())
                .collect();
            let bytes = digits
                .chunks(2)
                .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).ok())
                .collect::<Option<Vec<u8>>>()
                .filter(|_| digits.len().is_multiple_of(2));
            bytes
                .map(of)
                .ok_or_else(|| VALUE_ERROR.error("non-hexadecimal number found in fromhex() arg"))
        })
        .method_on_value("startswith(prefix, /)", |this, a, cx| {
            Ok(Value::Bool(
                receiver(this).starts_with(&expect(a.at(0), cx)?),
            ))
        })
        .method_on_value("endswith(suffix, /)", |this, a, cx| {
            Ok(Value::Bool(receiver(this).ends_with(&expect(a.at(0), cx)?)))
        })
        .method_on_value("find(sub, /)", |this, a, cx| {
            let at = find(&receiver(this), &expect(a.at(0), cx)?);
            Ok(Value::Int(
                at.and_then(|at| i64::try_from(at).ok()).unwrap_or(-1),
            ))
        })
        .method_on_value("upper(/)", |this, _, _| {
            Ok(of(receiver(this).to_ascii_uppercase()))
        })
        .method_on_value("lower(/)", |this, _, _| {
            Ok(of(receiver(this).to_ascii_lowercase()))
        })
        .method_on_value("strip(/)", |this, _, _| {
            Ok(of(receiver(this).trim_ascii().to_vec()))
        })
        .method_on_value("replace(old, new, /)", |this, a, cx| {
            let (old, new) = (expect(a.at(0), cx)?, expect(a.at(1), cx)?);
            Ok(of(split(&receiver(this), &old).join(&new[..])))
        })
        .method_on_value("split(sep, /)", |this, a, cx| {
            let parts = split(&receiver(this), &expect(a.at(0), cx)?);
            Ok(Value::list(parts.into_iter().map(of).collect()))
        })
        .method_on_value("join(iterable, /)", |this, a, cx| {
            let parts = cx
                .collect(a.at(0))?
                .iter()
                .map(|part| Ok(expect(part, cx)?.to_vec()))
                .collect::<Result<Vec<_>>>()?;
            Ok(of(parts.join(&receiver(this)[..])))
        })
        .with(number_members)
        .with(container_members);
}
