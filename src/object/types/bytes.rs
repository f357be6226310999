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

/// UTF-16 and UTF-32.
mod wide {
    use super::Order;
    use crate::object::Result;
    use crate::object::exceptions::UNICODE_DECODE_ERROR;

    fn put(unit: u32, size: usize, order: Order, out: &mut Vec<u8>) {
        if order == Order::Big {
            out.extend_from_slice(&unit.to_be_bytes()[4 - size..]);
        } else {
            out.extend_from_slice(&unit.to_le_bytes()[..size]);
        }
    }

    pub(super) fn encode(text: &str, size: usize, order: Order) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len() * size);
        if order == Order::Marked {
            put(0xfeff, size, order, &mut out);
        }
        if size == 2 {
            for unit in text.encode_utf16() {
                put(u32::from(unit), size, order, &mut out);
            }
        } else {
            for c in text.chars() {
                put(u32::from(c), size, order, &mut out);
            }
        }
        out
    }

    pub(super) fn decode(bytes: &[u8], size: usize, order: Order) -> Result<String> {
        let name = if size == 2 { "utf-16" } else { "utf-32" };
        let refuse = |at: usize, reason: &str| {
            let byte = bytes.get(at).copied().unwrap_or(0);
            UNICODE_DECODE_ERROR.error(format!(
                "'{name}' codec can't decode byte 0x{byte:02x} in position {at}: {reason}"
            ))
        };
        let unit = |chunk: &[u8], big: bool| {
            chunk.iter().enumerate().fold(0_u32, |unit, (at, byte)| {
                let shift = if big { chunk.len() - 1 - at } else { at };
                unit | u32::from(*byte) << (8 * shift)
            })
        };
        let (mut big, mut start) = (order == Order::Big, 0);
        if order == Order::Marked
            && let Some(mark) = bytes.get(..size)
        {
            big = unit(mark, true) == 0xfeff;
            start = if big || unit(mark, false) == 0xfeff {
                size
            } else {
                0
            };
        }
        let chunks = bytes[start..].chunks_exact(size);
        if !chunks.remainder().is_empty() {
            return Err(refuse(
                bytes.len() - chunks.remainder().len(),
                "truncated data",
            ));
        }
        let units: Vec<u32> = chunks.map(|chunk| unit(chunk, big)).collect();
        let invalid = || refuse(start, "illegal encoding");
        if size == 4 {
            let text: Option<String> = units.into_iter().map(char::from_u32).collect();
            return text.ok_or_else(invalid);
        }
        let units: Vec<u16> = units
            .into_iter()
            .filter_map(|unit| u16::try_from(unit).ok())
            .collect();
        String::from_utf16(&units).map_err(|_| invalid())
    }
}

/// The encodings that are known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Ascii,
    Latin1,
    Utf16(Order),
    Utf32(Order),
}

/// The order of the bytes of a unit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// Little, with a mark in front when written, either as a mark says when read.
    Marked,
    Little,
    Big,
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
        "utf-16" | "utf16" | "u16" => Ok(Encoding::Utf16(Order::Marked)),
        "utf-16-le" | "utf-16le" => Ok(Encoding::Utf16(Order::Little)),
        "utf-16-be" | "utf-16be" => Ok(Encoding::Utf16(Order::Big)),
        "utf-32" | "utf32" | "u32" => Ok(Encoding::Utf32(Order::Marked)),
        "utf-32-le" | "utf-32le" => Ok(Encoding::Utf32(Order::Little)),
        "utf-32-be" | "utf-32be" => Ok(Encoding::Utf32(Order::Big)),
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
        Encoding::Utf16(order) => return wide::decode(bytes, 2, order),
        Encoding::Utf32(order) => return wide::decode(bytes, 4, order),
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
        Encoding::Utf16(order) => return Ok(of(wide::encode(text, 2, order))),
        Encoding::Utf32(order) => return Ok(of(wide::encode(text, 4, order))),
    };
    let mut out = Vec::with_capacity(text.len());
    for (at, c) in text.chars().enumerate() {
        match u8::try_from(u32::from(c)) {
            Ok(byte) if u32::from(byte) < limit => out.push(byte),
            _ => match errors {
                "replace" => out.push(b'?'),
                "ignore" => {}
                "xmlcharrefreplace" => {
                    out.extend_from_slice(format!("&#{};", u32::from(c)).as_bytes());
                }
                "backslashreplace" => {
                    let code = u32::from(c);
                    let escaped = match code {
                        0..=0xff => format!("\\x{code:02x}"),
                        0x100..=0xffff => format!("\\u{code:04x}"),
                        _ => format!("\\U{code:08x}"),
                    };
                    out.extend_from_slice(escaped.as_bytes());
                }
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

fn from_hex(text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut high: Option<u8> = None;
    for (at, c) in text.chars().enumerate() {
        if c.is_ascii_whitespace() && high.is_none() {
            continue;
        }
        let digit = c.to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let Some(digit) = digit else {
            return Err(VALUE_ERROR.error(format!(
                "non-hexadecimal number found in fromhex() arg at position {at}"
            )));
        };
        match high.take() {
            None => high = Some(digit),
            Some(high) => bytes.push(high * 16 + digit),
        }
    }
    if high.is_some() {
        return Err(VALUE_ERROR.error(format!(
            "non-hexadecimal number found in fromhex() arg at position {}",
            text.chars().count()
        )));
    }
    Ok(bytes)
}

fn of(bytes: Vec<u8>) -> Value {
    Value::Bytes(Rc::new(bytes))
}

fn members(members: &mut Members) {
    members
        .method_on_value("decode(encoding='utf-8', errors='strict')", |this, a, _| {
            decode(&receiver(this), a.given("encoding"), a.given("errors")).map(Value::from)
        })
        .method_on_value("hex(sep='', bytes_per_sep=1)", |this, a, cx| {
            let separator = match a.given("sep") {
                Some(separator) => cx.str(separator)?,
                None => String::new(),
            };
            let every = match a.given("bytes_per_sep") {
                Some(every) => int::expect_index(every, cx)?,
                None => 1,
            };
            let bytes = receiver(this);
            let step = usize::try_from(every.unsigned_abs()).unwrap_or(0);
            let mut hex = String::with_capacity(bytes.len() * 2);
            for (at, byte) in bytes.iter().enumerate() {
                // Groups are counted from the right, with a negative size from the left.
                let place = if every < 0 { at } else { bytes.len() - at };
                if at > 0 && step > 0 && place.is_multiple_of(step) {
                    hex.push_str(&separator);
                }
                hex.push_str(&format!("{byte:02x}"));
            }
            Ok(hex.into())
        })
        .class_method("fromhex(string, /)", |_, a, _| {
            let text = a
                .at(0)
                .as_str()
                .ok_or_else(|| TYPE_ERROR.error("fromhex() argument must be str"))?;
            from_hex(text).map(of)
        })
        .method_on_value("join(iterable, /)", |this, a, cx| {
            let parts = cx
                .collect(a.at(0))?
                .iter()
                .map(|part| Ok(expect(part, cx)?.to_vec()))
                .collect::<Result<Vec<_>>>()?;
            Ok(of(parts.join(&receiver(this)[..])))
        })
        .with(super::bytes_text::members)
        .with(number_members)
        .with(container_members);
}
