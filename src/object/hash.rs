//! Hashing and key equality, as dicts and sets need them: equal values hash alike (`1`, `1.0`,
//! `True`), containers by content, everything else by identity unless its class says otherwise.

use std::hash::{Hash, Hasher};

use num_traits::ToPrimitive;
use rustc_hash::FxHasher;

use super::exceptions::TYPE_ERROR;
use super::{Cx, Raised, Result, Value, class_of};

/// The hash of a `str`.
pub fn hash_str(text: &str) -> u64 {
    let mut hasher = FxHasher::default();
    text.hash(&mut hasher);
    hasher.finish()
}

fn hash_u64(number: u64) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u64(number);
    hasher.finish()
}

fn hash_int(number: i64) -> u64 {
    hash_u64(number.cast_unsigned())
}

fn hash_float(number: f64) -> u64 {
    if number.fract() == 0.0
        && let Some(whole) = number.to_i64()
    {
        return hash_int(whole);
    }
    hash_u64(number.to_bits())
}

/// Mix the hashes of the items of a sequence, in order.
pub fn hash_sequence(hashes: impl Iterator<Item = u64>) -> u64 {
    let mut hasher = FxHasher::default();
    for hash in hashes {
        hasher.write_u64(hash);
    }
    hasher.finish()
}

/// The hash of `value`; TypeError where it is unhashable.
pub fn hash_value(value: &Value, cx: &Cx) -> Result<u64> {
    Ok(match value {
        Value::Str(text) => hash_str(text),
        Value::Int(number) => hash_int(*number),
        Value::Bool(flag) => hash_int(i64::from(*flag)),
        Value::None | Value::Undefined => 0x0fca_86b1,
        Value::Float(number) => hash_float(*number),
        Value::BigInt(number) => {
            let mut hasher = FxHasher::default();
            number.hash(&mut hasher);
            hasher.finish()
        }
        Value::Bytes(bytes) => {
            let mut hasher = FxHasher::default();
            bytes.hash(&mut hasher);
            hasher.finish()
        }
        Value::Tuple(items) => {
            let _depth = cx.enter()?;
            let mut hasher = FxHasher::default();
            for item in items.iter() {
                hasher.write_u64(hash_value(item, cx)?);
            }
            hasher.finish()
        }
        Value::Set(set) if set.is_frozen() => set
            .borrow()
            .iter()
            .fold(0, |sum: u64, key| sum.wrapping_add(key.hash_code())),
        Value::List(_) | Value::Dict(_) | Value::Set(_) => return Err(unhashable(value, cx)),
        Value::Class(class) => hash_u64(std::rc::Rc::as_ptr(class) as u64),
        Value::Object(object) => match object.hash(cx)? {
            Some(hash) => hash,
            None => hash_u64(object.address() as u64),
        },
        Value::Instance(instance) => match instance.class().hash_method() {
            None => match super::types::payload(instance) {
                Some(base) => hash_value(&base, cx)?,
                None => hash_u64(std::rc::Rc::as_ptr(instance) as u64),
            },
            Some(Value::None) => return Err(unhashable(value, cx)),
            Some(method) => {
                let answer = cx.call(&method, [value.clone()])?;
                let Some(number) = answer.as_int() else {
                    return Err(TYPE_ERROR.error("__hash__ method should return an integer"));
                };
                hash_int(number)
            }
        },
    })
}

fn unhashable(value: &Value, cx: &Cx) -> Raised {
    TYPE_ERROR.error(format!(
        "unhashable type: '{}'",
        class_of(value, cx).error_name()
    ))
}

/// Whether two values are the same key. An `__eq__` written in the language is asked; an error
/// in it counts as unequal.
pub fn key_eq(a: &Value, b: &Value) -> bool {
    if a.is(b) {
        return true;
    }
    match (a, b) {
        (Value::Str(a), Value::Str(b)) => a == b,
        (Value::Instance(_) | Value::Object(_), _) | (_, Value::Instance(_) | Value::Object(_)) => {
            let cx = Cx::current();
            super::ops::rich_eq(a, b, &cx).unwrap_or(false)
        }
        (Value::Str(_), _) | (_, Value::Str(_)) => false,
        // Equal ones were the same by `is`.
        (Value::Int(_), Value::Int(_)) => false,
        (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::BigInt(a), Value::BigInt(b)) => a == b,
        (Value::Tuple(a), Value::Tuple(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| key_eq(a, b))
        }
        (Value::Set(a), Value::Set(b)) => {
            a.len() == b.len() && a.borrow().iter().all(|key| b.borrow().contains(key))
        }
        _ => match (number(a), number(b)) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        },
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
        #[expect(
            clippy::cast_precision_loss,
            reason = "two ints were compared by `is` before"
        )]
        Value::Int(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    }
}
