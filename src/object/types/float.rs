//! `float`: CPython's shortest repr, its arithmetic and methods.

use std::rc::Rc;

use num_bigint::BigInt;
use num_traits::{FromPrimitive, ToPrimitive};

use super::{base_value, int, number_of, str_repr};
use crate::object::exceptions::{OVERFLOW_ERROR, TYPE_ERROR, VALUE_ERROR, ZERO_DIVISION_ERROR};
use crate::object::{
    Args, BinaryOp, Class, Cx, Members, Raised, Result, TypeSpec, Value, class_of,
};

/// `float`.
pub static FLOAT: TypeSpec = TypeSpec::new("builtins", "float")
    .bases(&[&super::OBJECT])
    .construct(construct)
    .members(members)
    .subclassable();

/// Append `repr(number)`.
pub fn write(number: f64, out: &mut String) {
    if number.is_nan() {
        out.push_str("nan");
        return;
    }
    if number.is_infinite() {
        out.push_str(if number > 0.0 { "inf" } else { "-inf" });
        return;
    }
    let (negative, digits, exponent) = shortest(number);
    if negative {
        out.push('-');
    }
    out.push_str(&layout_repr(&digits, exponent));
}

/// `repr(number)`.
pub fn repr(number: f64) -> String {
    let mut out = String::new();
    write(number, &mut out);
    out
}

/// The shortest digits that read back as `number`: sign, digits, and the power of ten of the
/// first digit.
pub fn shortest(number: f64) -> (bool, String, i32) {
    let text = format!("{:e}", number.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits: String = mantissa.chars().filter(|c| *c != '.').collect();
    (
        number.is_sign_negative(),
        digits,
        exponent.parse().unwrap_or(0),
    )
}

fn layout_repr(digits: &str, exponent: i32) -> String {
    if !(-4..16).contains(&exponent) {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        return format!("{first}{point}{rest}{}", exponent_text(exponent, 'e'));
    }
    if exponent < 0 {
        let zeros = "0".repeat(usize::try_from(-exponent - 1).unwrap_or(0));
        return format!("0.{zeros}{digits}");
    }
    let whole = usize::try_from(exponent).unwrap_or(0) + 1;
    if digits.len() <= whole {
        return format!("{digits}{}.0", "0".repeat(whole - digits.len()));
    }
    let (before, after) = digits.split_at(whole);
    format!("{before}.{after}")
}

/// `e+07`, `E-12`.
pub fn exponent_text(exponent: i32, letter: char) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{letter}{sign}{:02}", exponent.unsigned_abs())
}

/// Read a float as `float(text)` does.
pub fn parse(text: &str) -> Option<f64> {
    let trimmed = text.trim();
    let bare = trimmed.trim_start_matches(['+', '-']);
    let plain = int::without_underscores(trimmed)?;
    let starts_well = bare.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let word = bare.to_ascii_lowercase();
    if !starts_well && !matches!(word.as_str(), "nan" | "inf" | "infinity") {
        return None;
    }
    if trimmed.len() - bare.len() > 1 {
        return None;
    }
    plain.parse().ok()
}

/// `float(value)`, without a string.
pub fn to_float(value: &Value, cx: &Cx) -> Result<Option<f64>> {
    Ok(match number_of(value) {
        Some(Value::Float(number)) => Some(number),
        Some(Value::BigInt(number)) => Some(big_to_float(&number)?),
        Some(other) => other.as_int().map(int_to_float),
        None => match value {
            Value::Instance(_) | Value::Object(_) => {
                let answer = match super::call_special(value, "__float__", cx)? {
                    None => super::call_special(value, "__index__", cx)?,
                    found => found,
                };
                match answer {
                    Some(Value::Float(number)) => Some(number),
                    Some(other) => other.as_int().map(int_to_float),
                    None => None,
                }
            }
            _ => None,
        },
    })
}

#[expect(clippy::cast_precision_loss, reason = "the rounding is Python's")]
fn int_to_float(number: i64) -> f64 {
    number as f64
}

/// The nearest float; OverflowError beyond its range.
pub fn big_to_float(number: &BigInt) -> Result<f64> {
    number
        .to_f64()
        .filter(|float| float.is_finite())
        .ok_or_else(|| OVERFLOW_ERROR.error("int too large to convert to float"))
}

fn construct(class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    super::no_keywords("float", &args)?;
    if args.pos.len() > 1 {
        return Err(TYPE_ERROR.error(format!(
            "float expected at most 1 argument, got {}",
            args.pos.len()
        )));
    }
    let number = match args.pos.first() {
        None => 0.0,
        Some(value) => match base_value(value) {
            Value::Str(text) => parse(&text).ok_or_else(|| {
                let mut shown = String::new();
                str_repr::write(&text, &mut shown);
                VALUE_ERROR.error(format!("could not convert string to float: {shown}"))
            })?,
            _ => to_float(value, cx)?.ok_or_else(|| {
                TYPE_ERROR.error(format!(
                    "float() argument must be a string or a real number, not '{}'",
                    class_of(value, cx).error_name()
                ))
            })?,
        },
    };
    Ok(super::of_class(class, &FLOAT, Value::Float(number)))
}

/// An operator between two floats.
pub fn binary(op: BinaryOp, a: f64, b: f64) -> Result<Option<Value>> {
    Ok(Some(Value::Float(match op {
        BinaryOp::Pow => return power(a, b).map(Some),
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::TrueDiv => {
            nonzero(b, "float division by zero")?;
            a / b
        }
        BinaryOp::FloorDiv => {
            nonzero(b, "float floor division by zero")?;
            div_mod(a, b).0
        }
        BinaryOp::Mod => {
            nonzero(b, "float modulo")?;
            div_mod(a, b).1
        }
        _ => return Ok(None),
    })))
}

fn nonzero(number: f64, message: &str) -> Result<()> {
    if number == 0.0 {
        return Err(ZERO_DIVISION_ERROR.error(message));
    }
    Ok(())
}

/// Floor quotient and remainder, signed as Python does.
pub fn div_mod(a: f64, b: f64) -> (f64, f64) {
    let mut remainder = a % b;
    let mut quotient = (a - remainder) / b;
    if remainder == 0.0 {
        remainder = 0.0_f64.copysign(b);
    } else if (b < 0.0) != (remainder < 0.0) {
        remainder += b;
        quotient -= 1.0;
    }
    let floor = if quotient == 0.0 {
        0.0_f64.copysign(a / b)
    } else {
        let floor = quotient.floor();
        if quotient - floor > 0.5 {
            floor + 1.0
        } else {
            floor
        }
    };
    (floor, remainder)
}

fn power(a: f64, b: f64) -> Result<Value> {
    if a == 0.0 && b < 0.0 {
        return Err(ZERO_DIVISION_ERROR.error("0.0 cannot be raised to a negative power"));
    }
    if a < 0.0 && a.is_finite() && b.is_finite() && b.fract() != 0.0 {
        return super::complex::power_of_floats(a, b);
    }
    let result = a.powf(b);
    if result.is_infinite() && a.is_finite() && b.is_finite() {
        return Err(out_of_range());
    }
    Ok(Value::Float(result))
}

fn out_of_range() -> Raised {
    Raised::new(
        &OVERFLOW_ERROR,
        vec![Value::Int(34), "Numerical result out of range".into()],
    )
}

/// The whole number that a float holds.
pub fn to_int(number: f64) -> Result<Value> {
    if number.is_nan() {
        return Err(VALUE_ERROR.error("cannot convert float NaN to integer"));
    }
    if number.is_infinite() {
        return Err(OVERFLOW_ERROR.error("cannot convert float infinity to integer"));
    }
    let whole = number.trunc();
    if let Some(small) = whole.to_i64() {
        return Ok(Value::Int(small));
    }
    Ok(BigInt::from_f64(whole).map_or(Value::Int(0), Value::big))
}

/// `round(number, digits)`, to the nearest, ties by the exact binary value as CPython does.
pub fn round_digits(number: f64, digits: i64) -> f64 {
    if !number.is_finite() || digits > 323 {
        return number;
    }
    if digits < -308 {
        return 0.0_f64.copysign(number);
    }
    if digits >= 0 {
        let places = usize::try_from(digits).unwrap_or(0);
        return format!("{number:.places$}").parse().unwrap_or(number);
    }
    let scale = 10_f64.powi(i32::try_from(-digits).unwrap_or(0));
    (number / scale).round_ties_even() * scale
}

fn receiver(value: &Value) -> f64 {
    match base_value(value) {
        Value::Float(number) => number,
        _ => 0.0,
    }
}

fn members(members: &mut Members) {
    members
        .method_on_value("is_integer(/)", |this, _, _| {
            let number = receiver(this);
            Ok(Value::Bool(number.is_finite() && number.fract() == 0.0))
        })
        .method_on_value("as_integer_ratio(/)", |this, _, _| ratio(receiver(this)))
        .method_on_value("hex(/)", |this, _, _| Ok(hex(receiver(this)).into()))
        .method_on_value("conjugate(/)", |this, _, _| {
            Ok(Value::Float(receiver(this)))
        })
        .getter_on_value("real", |this, _| Ok(Value::Float(receiver(this))))
        .getter_on_value("imag", |_, _| Ok(Value::Float(0.0)))
        .with(super::number_members);
}

fn ratio(number: f64) -> Result<Value> {
    if number.is_nan() {
        return Err(VALUE_ERROR.error("cannot convert NaN to integer ratio"));
    }
    if number.is_infinite() {
        return Err(OVERFLOW_ERROR.error("cannot convert Infinity to integer ratio"));
    }
    let (mut top, mut shift) = (number, 0_u32);
    while top.fract() != 0.0 && shift < 1100 {
        top *= 2.0;
        shift += 1;
    }
    Ok(Value::tuple(vec![
        to_int(top)?,
        Value::big(BigInt::from(1) << shift),
    ]))
}

fn hex(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    let sign = if number.is_sign_negative() { "-" } else { "" };
    if number.is_infinite() {
        return format!("{sign}inf");
    }
    let bits = number.to_bits();
    let exponent = i64::try_from((bits >> 52) & 0x7ff).unwrap_or(0);
    let mantissa = bits & 0x000f_ffff_ffff_ffff;
    if exponent == 0 && mantissa == 0 {
        return format!("{sign}0x0.0p+0");
    }
    let (lead, power) = if exponent == 0 {
        (0, -1022)
    } else {
        (1, exponent - 1023)
    };
    format!("{sign}0x{lead}.{mantissa:013x}p{power:+}")
}
