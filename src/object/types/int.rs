//! `int` and `bool`: arbitrary precision with a checked 64-bit fast path.

use std::rc::Rc;

use num_bigint::{BigInt, Sign};
use num_integer::Integer;
use num_traits::{One, Pow, Signed, ToPrimitive, Zero};

use super::{base_value, float};
use crate::object::exceptions::{
    MEMORY_ERROR, OVERFLOW_ERROR, TYPE_ERROR, VALUE_ERROR, ZERO_DIVISION_ERROR,
};
use crate::object::{Args, BinaryOp, Class, Cx, Members, Result, TypeSpec, Value, class_of, ops};

/// `int`.
pub static INT: TypeSpec = TypeSpec::new("builtins", "int")
    .bases(&[&super::OBJECT])
    .construct(construct)
    .members(members)
    .subclassable();
/// `bool`.
pub static BOOL: TypeSpec = TypeSpec::new("builtins", "bool")
    .bases(&[&INT])
    .construct(construct_bool);

/// Results beyond this many bits are refused rather than waited for.
const MAX_BITS: u64 = 1 << 26;
/// CPython's limit on the digits of a conversion between int and text.
const MAX_DIGITS: usize = 4300;

/// The decimal digits of a number, up to CPython's limit.
pub fn decimal_text(number: &BigInt) -> Result<String> {
    // Four digits take at most fourteen bits.
    let text = (number.bits() < 60_000).then(|| number.to_string());
    text.filter(|text| text.trim_start_matches('-').len() <= MAX_DIGITS)
        .ok_or_else(|| {
            VALUE_ERROR.error(format!(
                "Exceeds the limit ({MAX_DIGITS} digits) for integer string conversion; \
                 use sys.set_int_max_str_digits() to increase the limit"
            ))
        })
}

/// `text` with the underscores between its digits taken out; `None` where one is misplaced.
pub fn without_underscores(text: &str) -> Option<String> {
    if !text.contains('_') {
        return Some(text.to_owned());
    }
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        if *byte == b'_' {
            let before = at.checked_sub(1).and_then(|at| bytes.get(at));
            let after = bytes.get(at + 1);
            if !(before.is_some_and(u8::is_ascii_alphanumeric)
                && after.is_some_and(u8::is_ascii_alphanumeric))
            {
                return None;
            }
        }
    }
    Some(text.replace('_', ""))
}

/// Read an int in `base` (0: by its prefix).
pub fn parse(text: &str, base: u32) -> Option<Value> {
    let trimmed = text.trim();
    let (negative, body) = match trimmed.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let lower = body.get(..2).map(str::to_ascii_lowercase);
    let prefix = match lower.as_deref() {
        Some("0x") => 16,
        Some("0o") => 8,
        Some("0b") => 2,
        _ => 0,
    };
    let (digits, base) = if prefix != 0 && (base == 0 || base == prefix) {
        let rest = &body[2..];
        (rest.strip_prefix('_').unwrap_or(rest), prefix)
    } else if base == 0 {
        let zeros = body.trim_start_matches(['0', '_']).is_empty();
        if body.starts_with('0') && !zeros {
            return None;
        }
        (body, 10)
    } else {
        (body, base)
    };
    let digits = without_underscores(digits)?;
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(base)) {
        return None;
    }
    if let Ok(small) = i64::from_str_radix(&digits, base) {
        return Some(Value::Int(if negative { -small } else { small }));
    }
    let number = BigInt::parse_bytes(digits.as_bytes(), base)?;
    Some(Value::big(if negative { -number } else { number }))
}

/// The number as a big one.
pub fn to_big(value: &Value) -> Option<BigInt> {
    match base_value(value) {
        Value::BigInt(number) => Some((*number).clone()),
        other => other.as_int().map(BigInt::from),
    }
}

/// `operator.index(value)` as `i64`, clamped where `clamp`, for indexes and counts.
pub fn index(value: &Value, cx: &Cx) -> Result<Option<i64>> {
    Ok(match base_value(value) {
        Value::BigInt(number) => Some(if number.is_negative() {
            i64::MIN
        } else {
            i64::MAX
        }),
        other => match other.as_int() {
            Some(number) => Some(number),
            None => match super::call_special(value, "__index__", cx)? {
                Some(answer) => answer.as_int(),
                None => None,
            },
        },
    })
}

/// The same, TypeError where the value is no integer.
pub fn expect_index(value: &Value, cx: &Cx) -> Result<i64> {
    index(value, cx)?.ok_or_else(|| {
        TYPE_ERROR.error(format!(
            "'{}' object cannot be interpreted as an integer",
            class_of(value, cx).error_name()
        ))
    })
}

fn construct(class: &Rc<Class>, mut args: Args, cx: &Cx) -> Result<Value> {
    let base = args
        .take_keyword("base")
        .or_else(|| (args.pos.len() > 1).then(|| args.pos.remove(1)));
    super::no_keywords("int", &args)?;
    if args.pos.len() > 1 {
        return Err(TYPE_ERROR.error(format!(
            "int() takes at most 2 arguments ({} given)",
            args.pos.len() + 1
        )));
    }
    let value = match (args.pos.first(), base) {
        (None, _) => Value::Int(0),
        (Some(value), Some(base)) => {
            let base = expect_index(&base, cx)?;
            let Value::Str(text) = base_value(value) else {
                return Err(TYPE_ERROR.error("int() can't convert non-string with explicit base"));
            };
            let radix = u32::try_from(base)
                .ok()
                .filter(|base| *base == 0 || (2..=36).contains(base))
                .ok_or_else(|| VALUE_ERROR.error("int() base must be >= 2 and <= 36, or 0"))?;
            expect_parse(&text, value, radix, cx)?
        }
        (Some(value), None) => to_int(value, cx)?,
    };
    Ok(super::of_class(class, &INT, value))
}

fn expect_parse(text: &str, value: &Value, base: u32, cx: &Cx) -> Result<Value> {
    if text.len() > MAX_DIGITS && !base.is_power_of_two() {
        let digits = text.chars().filter(char::is_ascii_digit).count();
        if digits > MAX_DIGITS {
            return Err(VALUE_ERROR.error(format!(
                "Exceeds the limit ({MAX_DIGITS} digits) for integer string conversion: value \
                 has {digits} digits; use sys.set_int_max_str_digits() to increase the limit"
            )));
        }
    }
    match parse(text, base) {
        Some(number) => Ok(number),
        None => Err(VALUE_ERROR.error(format!(
            "invalid literal for int() with base {base}: {}",
            cx.repr(&base_value(value))?
        ))),
    }
}

/// `int(value)`.
pub fn to_int(value: &Value, cx: &Cx) -> Result<Value> {
    match base_value(value) {
        number @ (Value::Int(_) | Value::BigInt(_)) => return Ok(number),
        Value::Bool(flag) => return Ok(Value::Int(i64::from(flag))),
        Value::Float(number) => return float::to_int(number),
        Value::Str(text) => return expect_parse(&text, value, 10, cx),
        Value::Bytes(bytes) => {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            return expect_parse(&text, value, 10, cx);
        }
        _ => {}
    }
    for name in ["__int__", "__index__", "__trunc__"] {
        if let Some(answer) = super::call_special(value, name, cx)? {
            return Ok(answer);
        }
    }
    Err(TYPE_ERROR.error(format!(
        "int() argument must be a string, a bytes-like object or a real number, not '{}'",
        class_of(value, cx).error_name()
    )))
}

fn construct_bool(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    super::no_keywords("bool", &args)?;
    match args.pos.as_slice() {
        [] => Ok(Value::Bool(false)),
        [value] => Ok(Value::Bool(ops::truthy(value, cx)?)),
        more => Err(TYPE_ERROR.error(format!(
            "bool expected at most 1 argument, got {}",
            more.len()
        ))),
    }
}

/// An operator between two 64-bit ints.
pub fn binary(op: BinaryOp, a: i64, b: i64) -> Result<Option<Value>> {
    let small = match op {
        BinaryOp::Add => a.checked_add(b),
        BinaryOp::Sub => a.checked_sub(b),
        BinaryOp::Mul => a.checked_mul(b),
        BinaryOp::BitAnd => Some(a & b),
        BinaryOp::BitOr => Some(a | b),
        BinaryOp::BitXor => Some(a ^ b),
        BinaryOp::FloorDiv => {
            if b == 0 {
                return Err(ZERO_DIVISION_ERROR.error("integer division or modulo by zero"));
            }
            a.checked_div_euclid(b)
                .and_then(|_| (a != i64::MIN || b != -1).then(|| Integer::div_floor(&a, &b)))
        }
        BinaryOp::Mod => {
            if b == 0 {
                return Err(ZERO_DIVISION_ERROR.error("integer modulo by zero"));
            }
            if b == -1 {
                Some(0)
            } else {
                Some(Integer::mod_floor(&a, &b))
            }
        }
        BinaryOp::TrueDiv if a.unsigned_abs() < 1 << 53 && b.unsigned_abs() < 1 << 53 => {
            if b == 0 {
                return Err(ZERO_DIVISION_ERROR.error("division by zero"));
            }
            #[expect(clippy::cast_precision_loss, reason = "both are below 2**53")]
            return Ok(Some(Value::Float(a as f64 / b as f64)));
        }
        BinaryOp::Pow if b >= 0 => u32::try_from(b).ok().and_then(|b| a.checked_pow(b)),
        BinaryOp::RShift if b >= 0 => Some(a >> b.min(63)),
        BinaryOp::LShift if (0..63).contains(&b) => {
            let shifted = a << b;
            (shifted >> b == a).then_some(shifted)
        }
        BinaryOp::MatMul => return Ok(None),
        _ => None,
    };
    match small {
        Some(number) => Ok(Some(Value::Int(number))),
        None => binary_big(op, &BigInt::from(a), &BigInt::from(b)),
    }
}

/// An operator between two big ints.
pub fn binary_big(op: BinaryOp, a: &BigInt, b: &BigInt) -> Result<Option<Value>> {
    Ok(Some(Value::big(match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::BitAnd => a & b,
        BinaryOp::BitOr => a | b,
        BinaryOp::BitXor => a ^ b,
        BinaryOp::FloorDiv | BinaryOp::Mod if b.is_zero() => {
            return Err(ZERO_DIVISION_ERROR.error(if op == BinaryOp::Mod {
                "integer modulo by zero"
            } else {
                "integer division or modulo by zero"
            }));
        }
        BinaryOp::FloorDiv => a.div_floor(b),
        BinaryOp::Mod => a.mod_floor(b),
        BinaryOp::TrueDiv => return true_div(a, b).map(|float| Some(Value::Float(float))),
        BinaryOp::Pow => return power(a, b).map(Some),
        BinaryOp::LShift | BinaryOp::RShift => {
            if b.is_negative() {
                return Err(VALUE_ERROR.error("negative shift count"));
            }
            let left = op == BinaryOp::LShift;
            match b.to_u64() {
                Some(count) if left && a.bits().saturating_add(count) <= MAX_BITS => a << count,
                _ if left && a.is_zero() => BigInt::zero(),
                _ if left => return Err(MEMORY_ERROR.error("")),
                Some(count) => a >> count,
                None if a.is_negative() => -BigInt::one(),
                None => BigInt::zero(),
            }
        }
        BinaryOp::MatMul => return Ok(None),
    })))
}

fn power(a: &BigInt, b: &BigInt) -> Result<Value> {
    if b.is_negative() {
        if a.is_zero() {
            return Err(ZERO_DIVISION_ERROR.error("0.0 cannot be raised to a negative power"));
        }
        let (a, b) = (float::big_to_float(a)?, float::big_to_float(b)?);
        return Ok(float::binary(BinaryOp::Pow, a, b)?.unwrap_or(Value::None));
    }
    if a.is_one() || a.is_zero() {
        let one = a.is_one() || b.is_zero();
        return Ok(Value::Int(i64::from(one)));
    }
    let exponent = b.to_u32().filter(|exponent| {
        u64::from(*exponent).saturating_mul(a.bits()) <= MAX_BITS || a.magnitude().is_one()
    });
    match exponent {
        Some(exponent) => Ok(Value::big(a.pow(exponent))),
        None if a.magnitude().is_one() => Ok(Value::Int(if b.is_even() { 1 } else { -1 })),
        None => Err(MEMORY_ERROR.error("")),
    }
}

fn true_div(a: &BigInt, b: &BigInt) -> Result<f64> {
    if b.is_zero() {
        return Err(ZERO_DIVISION_ERROR.error("division by zero"));
    }
    if a.is_zero() {
        return Ok(0.0);
    }
    // A quotient of at least 66 bits with a sticky last bit rounds once, correctly.
    let (bits_a, bits_b) = (signed_bits(a), signed_bits(b));
    let shift = 66 - (bits_a - bits_b);
    let (top, bottom) = if shift >= 0 {
        (a << shift.unsigned_abs(), b.clone())
    } else {
        (a.clone(), b << shift.unsigned_abs())
    };
    let (quotient, rest) = top.abs().div_rem(&bottom.abs());
    let quotient = if rest.is_zero() {
        quotient
    } else {
        (quotient << 1_u32) | BigInt::one()
    };
    let shift = if rest.is_zero() { shift } else { shift + 1 };
    let mut float = quotient.to_f64().unwrap_or(f64::INFINITY);
    let mut left = shift;
    while left != 0 && float != 0.0 && float.is_finite() {
        let step = left.clamp(-1000, 1000);
        float *= 2_f64.powi(i32::try_from(-step).unwrap_or(0));
        left -= step;
    }
    if float.is_infinite() {
        return Err(OVERFLOW_ERROR.error("integer division result too large for a float"));
    }
    Ok(if a.is_negative() == b.is_negative() {
        float
    } else {
        -float
    })
}

fn signed_bits(number: &BigInt) -> i64 {
    i64::try_from(number.bits()).unwrap_or(i64::MAX / 4)
}

/// `pow(a, b, modulus)`.
pub fn power_modulo(a: &BigInt, b: &BigInt, modulus: &BigInt) -> Result<Value> {
    if modulus.is_zero() {
        return Err(VALUE_ERROR.error("pow() 3rd argument cannot be 0"));
    }
    if b.is_negative() {
        let inverse = a.mod_floor(&modulus.abs()).modinv(&modulus.abs());
        return match inverse {
            Some(inverse) => power_modulo(&inverse, &-b, modulus),
            None => Err(VALUE_ERROR.error("base is not invertible for the given modulus")),
        };
    }
    Ok(Value::big(a.modpow(b, modulus)))
}

/// `round(number, digits)` for an int, ties to even.
pub fn round_digits(number: &BigInt, digits: i64) -> Value {
    if digits >= 0 {
        return Value::big(number.clone());
    }
    let Some(places) = u32::try_from(-digits)
        .ok()
        .filter(|places| *places < 100_000)
    else {
        return Value::Int(0);
    };
    let unit = BigInt::from(10).pow(places);
    let (quotient, rest) = number.div_mod_floor(&unit);
    let twice = &rest * 2;
    let up = twice > unit || (twice == unit && quotient.is_odd());
    Value::big((quotient + BigInt::from(i32::from(up))) * unit)
}

/// Digits in base 2, 8 or 16, with the prefix that `bin`, `oct`, `hex` show.
pub fn prefixed(number: &BigInt, base: u32) -> String {
    let sign = if number.is_negative() { "-" } else { "" };
    let prefix = match base {
        2 => "0b",
        8 => "0o",
        _ => "0x",
    };
    format!("{sign}{prefix}{}", number.abs().to_str_radix(base))
}

fn receiver(value: &Value) -> BigInt {
    to_big(&base_value(value)).unwrap_or_default()
}

fn members(members: &mut Members) {
    members
        .method_on_value("bit_length(/)", |this, _, _| {
            Ok(Value::Int(
                i64::try_from(receiver(this).bits()).unwrap_or(i64::MAX),
            ))
        })
        .method_on_value("bit_count(/)", |this, _, _| {
            let ones = receiver(this).magnitude().count_ones();
            Ok(Value::Int(i64::try_from(ones).unwrap_or(i64::MAX)))
        })
        .method_on_value("conjugate(/)", |this, _, _| Ok(Value::big(receiver(this))))
        .method_on_value("as_integer_ratio(/)", |this, _, _| {
            Ok(Value::tuple(vec![
                Value::big(receiver(this)),
                Value::Int(1),
            ]))
        })
        .method_on_value(
            "to_bytes(length=1, byteorder='big', *, signed=False)",
            |this, a, cx| {
                let length = match a.given("length") {
                    Some(length) => usize::try_from(expect_index(length, cx)?).unwrap_or(0),
                    None => 1,
                };
                let little = a.given("byteorder").and_then(Value::as_str) == Some("little");
                to_bytes(&receiver(this), length, little, a.flag("signed", false))
            },
        )
        .class_method(
            "from_bytes(bytes, byteorder='big', *, signed=False)",
            |_, a, _| {
                let Value::Bytes(bytes) = a.value("bytes") else {
                    return Err(TYPE_ERROR.error("cannot convert object to bytes"));
                };
                let little = a.given("byteorder").and_then(Value::as_str) == Some("little");
                Ok(Value::big(match (a.flag("signed", false), little) {
                    (true, true) => BigInt::from_signed_bytes_le(bytes),
                    (true, false) => BigInt::from_signed_bytes_be(bytes),
                    (false, true) => BigInt::from_bytes_le(Sign::Plus, bytes),
                    (false, false) => BigInt::from_bytes_be(Sign::Plus, bytes),
                }))
            },
        )
        .getter_on_value("real", |this, _| Ok(Value::big(receiver(this))))
        .getter_on_value("imag", |_, _| Ok(Value::Int(0)))
        .getter_on_value("numerator", |this, _| Ok(Value::big(receiver(this))))
        .getter_on_value("denominator", |_, _| Ok(Value::Int(1)))
        .with(super::number_members);
}

fn to_bytes(number: &BigInt, length: usize, little: bool, signed: bool) -> Result<Value> {
    if number.is_negative() && !signed {
        return Err(OVERFLOW_ERROR.error("can't convert negative int to unsigned"));
    }
    let mut bytes = if signed {
        number.to_signed_bytes_le()
    } else {
        number.magnitude().to_bytes_le()
    };
    if number.is_zero() {
        bytes.clear();
    }
    if bytes.len() > length {
        return Err(OVERFLOW_ERROR.error("int too big to convert"));
    }
    let fill = if number.is_negative() { 0xff } else { 0 };
    bytes.resize(length, fill);
    if !little {
        bytes.reverse();
    }
    Ok(Value::Bytes(Rc::new(bytes)))
}
