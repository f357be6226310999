//! Functions on numbers and text: `abs`, `round`, `divmod`, `pow`, `chr`, `hex`, `repr`, `format`.

use crate::object::exceptions::{TYPE_ERROR, VALUE_ERROR};
use crate::object::types::{self, float, int, number_of, str_repr};
use crate::object::{BinaryOp, Bound, Cx, Export, Method, Result, Value, class_of, ops};

pub(super) static FUNCTIONS: &[(&str, Export)] = &[
    ("abs", |_| {
        Method::function("abs(x, /)", |a, cx| {
            let found = match types::call_special(a.at(0), "__abs__", cx)? {
                Some(answer) => Some(answer),
                None => types::absolute(a.at(0)),
            };
            found.ok_or_else(|| {
                TYPE_ERROR.error(format!(
                    "bad operand type for abs(): '{}'",
                    class_of(a.at(0), cx).name()
                ))
            })
        })
    }),
    ("round", |_| {
        Method::function("round(number, ndigits=None)", round)
    }),
    ("divmod", |_| {
        Method::function("divmod(x, y, /)", |a, cx| {
            types::div_mod(a.at(0), a.at(1), cx)
        })
    }),
    ("pow", |_| {
        Method::function("pow(base, exp, mod=None)", power)
    }),
    ("chr", |_| {
        Method::function("chr(i, /)", |a, cx| {
            let code = int::expect_index(a.at(0), cx)?;
            let c = u32::try_from(code).ok().and_then(char::from_u32);
            c.map(|c| Value::str(c.to_string()))
                .ok_or_else(|| VALUE_ERROR.error("chr() arg not in range(0x110000)"))
        })
    }),
    ("ord", |_| Method::function("ord(c, /)", ord)),
    ("hex", |_| {
        Method::function("hex(number, /)", |a, cx| prefixed(a, 16, cx))
    }),
    ("oct", |_| {
        Method::function("oct(number, /)", |a, cx| prefixed(a, 8, cx))
    }),
    ("bin", |_| {
        Method::function("bin(number, /)", |a, cx| prefixed(a, 2, cx))
    }),
    ("repr", |_| {
        Method::function("repr(obj, /)", |a, cx| Ok(cx.repr(a.at(0))?.into()))
    }),
    ("ascii", |_| {
        Method::function("ascii(obj, /)", |a, cx| {
            let mut ascii = String::new();
            str_repr::write_ascii(&cx.repr(a.at(0))?, &mut ascii);
            Ok(ascii.into())
        })
    }),
    ("format", |_| {
        Method::function("format(value, format_spec='', /)", |a, cx| {
            let spec = match a.at(1) {
                Value::Undefined => "",
                Value::Str(text) => text,
                other => {
                    return Err(TYPE_ERROR.error(format!(
                        "format() argument 2 must be str, not {}",
                        class_of(other, cx).name()
                    )));
                }
            };
            Ok(ops::format(a.at(0), spec, cx)?.into())
        })
    }),
];

fn prefixed(a: &Bound<'_>, base: u32, cx: &Cx) -> Result<Value> {
    if let Some(number) = int::to_big(a.at(0)) {
        return Ok(int::prefixed(&number, base).into());
    }
    let number = int::expect_index(a.at(0), cx)?;
    Ok(int::prefixed(&number.into(), base).into())
}

fn ord(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    match types::base_value(a.at(0)) {
        Value::Str(text) => {
            let mut chars = text.chars();
            match (chars.next(), chars.next()) {
                (Some(c), None) => Ok(Value::Int(i64::from(u32::from(c)))),
                _ => Err(TYPE_ERROR.error(format!(
                    "ord() expected a character, but string of length {} found",
                    text.chars().count()
                ))),
            }
        }
        Value::Bytes(bytes) if bytes.len() == 1 => {
            Ok(Value::Int(bytes.first().copied().map_or(0, i64::from)))
        }
        other => Err(TYPE_ERROR.error(format!(
            "ord() expected string of length 1, but {} found",
            class_of(&other, cx).name()
        ))),
    }
}

fn round(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let digits = match a.some("ndigits") {
        Some(digits) => Some(int::expect_index(digits, cx)?),
        None => None,
    };
    let value = a.value("number");
    if matches!(value, Value::Object(_) | Value::Instance(_)) {
        let args: Vec<Value> = digits.map(Value::Int).into_iter().collect();
        let class = class_of(value, cx);
        if class.special("__round__").is_some() {
            return cx.call_method(value, "__round__", args);
        }
    }
    match (number_of(value), digits) {
        (Some(Value::Float(number)), None) => float::to_int(number.round_ties_even()),
        (Some(Value::Float(number)), Some(digits)) => {
            Ok(Value::Float(float::round_digits(number, digits)))
        }
        (Some(number), None) => Ok(number),
        (Some(number), Some(digits)) => {
            Ok(int::to_big(&number).map_or(number, |number| int::round_digits(&number, digits)))
        }
        (None, _) => Err(TYPE_ERROR.error(format!(
            "type {} doesn't define __round__ method",
            class_of(value, cx).name()
        ))),
    }
}

fn power(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let (base, exponent) = (a.value("base"), a.value("exp"));
    let Some(modulus) = a.some("mod") else {
        return ops::binary(BinaryOp::Pow, base, exponent, cx);
    };
    match (
        int::to_big(base),
        int::to_big(exponent),
        int::to_big(modulus),
    ) {
        (Some(base), Some(exponent), Some(modulus)) => {
            int::power_modulo(&base, &exponent, &modulus)
        }
        _ => {
            Err(TYPE_ERROR
                .error("pow() 3rd argument not allowed unless all arguments are integers"))
        }
    }
}
