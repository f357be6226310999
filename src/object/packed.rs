//! Plain values as bytes, for where many are kept and few are looked at.

use super::{Str, Value};

const NONE: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INT: u8 = 3;
const FLOAT: u8 = 4;
/// Followed by the length of a text.
const TEXT: u8 = 5;
/// Tags from here on are short texts, of the length that is left.
const SHORT_TEXT: u8 = 16;

/// Append `value` to `bytes`. `false`: it can't be packed, and nothing was appended. A text that
/// is held elsewhere can't, as another one would come back.
pub fn pack(value: &Value, bytes: &mut Vec<u8>) -> bool {
    match value {
        Value::None => bytes.push(NONE),
        Value::Bool(false) => bytes.push(FALSE),
        Value::Bool(true) => bytes.push(TRUE),
        Value::Int(number) => {
            bytes.push(INT);
            push_number(zigzag(*number), bytes);
        }
        Value::Float(number) => {
            bytes.push(FLOAT);
            bytes.extend(number.to_le_bytes());
        }
        Value::Str(text) if !text.is_shared() => {
            match u8::try_from(text.len()) {
                Ok(length) if length <= u8::MAX - SHORT_TEXT => bytes.push(SHORT_TEXT + length),
                _ => {
                    bytes.push(TEXT);
                    push_number(text.len() as u64, bytes);
                }
            }
            bytes.extend(text.as_bytes());
        }
        _ => return false,
    }
    true
}

/// A packed value.
enum Plain<'a> {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'a [u8]),
}

/// Take the first value off `bytes`; `None` where they are at their end.
fn take<'a>(bytes: &mut &'a [u8]) -> Option<Plain<'a>> {
    let (tag, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(match *tag {
        NONE => Plain::None,
        FALSE => Plain::Bool(false),
        TRUE => Plain::Bool(true),
        INT => Plain::Int(unzigzag(take_number(bytes)?)),
        FLOAT => {
            let (number, rest) = bytes.split_first_chunk()?;
            *bytes = rest;
            Plain::Float(f64::from_le_bytes(*number))
        }
        TEXT => {
            let length = usize::try_from(take_number(bytes)?).ok()?;
            take_text(bytes, length)?
        }
        short => take_text(bytes, usize::from(short.checked_sub(SHORT_TEXT)?))?,
    })
}

fn take_text<'a>(bytes: &mut &'a [u8], length: usize) -> Option<Plain<'a>> {
    let (text, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(Plain::Text(text))
}

/// Take the first value off `bytes`; `None` where they are at their end.
pub fn unpack(bytes: &mut &[u8]) -> Option<Value> {
    Some(match take(bytes)? {
        Plain::None => Value::None,
        Plain::Bool(flag) => Value::Bool(flag),
        Plain::Int(number) => Value::Int(number),
        Plain::Float(number) => Value::Float(number),
        Plain::Text(text) => Value::Str(Str::new(std::str::from_utf8(text).ok()?)),
    })
}

/// The value at `place` in `bytes`.
pub fn unpack_at(mut bytes: &[u8], place: usize) -> Option<Value> {
    for _ in 0..place {
        take(&mut bytes)?;
    }
    unpack(&mut bytes)
}

/// Whether one of the values in `bytes` is None.
pub fn packs_none(mut bytes: &[u8]) -> bool {
    while let Some(value) = take(&mut bytes) {
        if matches!(value, Plain::None) {
            return true;
        }
    }
    false
}

/// Small numbers of either sign as small numbers.
fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

/// Seven bits a byte, the last one without the eighth.
fn push_number(mut number: u64, bytes: &mut Vec<u8>) {
    while number > 0x7f {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push((number & 0x7f) as u8);
}

fn take_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(values: &[Value]) -> Vec<String> {
        let mut bytes = Vec::new();
        for value in values {
            assert!(pack(value, &mut bytes), "{value:?} can be packed");
        }
        let mut rest = bytes.as_slice();
        std::iter::from_fn(|| unpack(&mut rest))
            .map(|value| format!("{value:?}"))
            .collect()
    }

    #[test]
    fn values_come_back() {
        let values = [
            Value::None,
            Value::Bool(true),
            Value::Bool(false),
            Value::Int(0),
            Value::Int(-1),
            Value::Int(i64::MAX),
            Value::Int(i64::MIN),
            Value::Float(-0.0),
            Value::str(""),
            Value::str("ß€"),
            Value::str("x".repeat(239)),
            Value::str("x".repeat(240)),
            Value::str("x".repeat(70_000)),
        ];
        let shown: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
        assert_eq!(round_trip(&values), shown);
    }

    #[test]
    fn shared_texts_and_containers_stay() {
        let mut bytes = Vec::new();
        let text = Value::str("kept");
        let kept = text.clone();
        assert!(!pack(&text, &mut bytes));
        drop(kept);
        assert!(pack(&text, &mut bytes));
        assert!(!pack(&Value::list(Vec::new()), &mut Vec::new()));
    }
}
