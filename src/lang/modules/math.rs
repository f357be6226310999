//! `math`.

use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_traits::{One, Signed, ToPrimitive, Zero};

use crate::object::exceptions::{OVERFLOW_ERROR, TYPE_ERROR, VALUE_ERROR};
use crate::object::types::{self, class_of, float, int};
use crate::object::{
    BinaryOp, Bound, Cx, Export, Method, ModuleSpec, Result, Value, count_exports, join_exports,
    ops,
};

fn real(value: &Value, cx: &Cx) -> Result<f64> {
    float::to_float(value, cx)?.ok_or_else(|| {
        TYPE_ERROR.error(format!(
            "must be real number, not {}",
            class_of(value, cx).name()
        ))
    })
}

fn checked(result: f64, of: &[f64]) -> Result<Value> {
    let finite = of.iter().all(|number| number.is_finite());
    if result.is_nan() && of.iter().all(|number| !number.is_nan()) {
        return Err(VALUE_ERROR.error("math domain error"));
    }
    if result.is_infinite() && finite {
        return Err(OVERFLOW_ERROR.error("math range error"));
    }
    Ok(Value::Float(result))
}

macro_rules! unary {
    ($($name:literal => $function:expr),* $(,)?) => {
        &[$(($name, |_| Method::function(concat!($name, "(x, /)"), |a, cx| {
            let x = real(a.at(0), cx)?;
            let function: fn(f64) -> f64 = $function;
            checked(function(x), &[x])
        }))),*]
    };
}

static UNARY: &[(&str, Export)] = unary![
    "sqrt" => f64::sqrt,
    "cbrt" => f64::cbrt,
    "exp" => f64::exp,
    "exp2" => f64::exp2,
    "expm1" => f64::exp_m1,
    "sin" => f64::sin,
    "cos" => f64::cos,
    "tan" => f64::tan,
    "asin" => f64::asin,
    "acos" => f64::acos,
    "atan" => f64::atan,
    "sinh" => f64::sinh,
    "cosh" => f64::cosh,
    "tanh" => f64::tanh,
    "asinh" => f64::asinh,
    "acosh" => f64::acosh,
    "atanh" => f64::atanh,
    "degrees" => f64::to_degrees,
    "radians" => f64::to_radians,
    "fabs" => f64::abs,
    "log1p" => f64::ln_1p,
];

const MATH_NAMES: &[(&str, Export)] = &[
    ("pi", |_| Value::Float(std::f64::consts::PI)),
    ("e", |_| Value::Float(std::f64::consts::E)),
    ("tau", |_| Value::Float(std::f64::consts::TAU)),
    ("inf", |_| Value::Float(f64::INFINITY)),
    ("nan", |_| Value::Float(f64::NAN)),
    ("floor", |_| {
        Method::function("floor(x, /)", |a, cx| whole(a, "__floor__", f64::floor, cx))
    }),
    ("ceil", |_| {
        Method::function("ceil(x, /)", |a, cx| whole(a, "__ceil__", f64::ceil, cx))
    }),
    ("trunc", |_| {
        Method::function("trunc(x, /)", |a, cx| whole(a, "__trunc__", f64::trunc, cx))
    }),
    ("isnan", |_| {
        Method::function("isnan(x, /)", |a, cx| {
            Ok(Value::Bool(real(a.at(0), cx)?.is_nan()))
        })
    }),
    ("isinf", |_| {
        Method::function("isinf(x, /)", |a, cx| {
            Ok(Value::Bool(real(a.at(0), cx)?.is_infinite()))
        })
    }),
    ("isfinite", |_| {
        Method::function("isfinite(x, /)", |a, cx| {
            Ok(Value::Bool(real(a.at(0), cx)?.is_finite()))
        })
    }),
    ("isclose", |_| {
        Method::function("isclose(a, b, *, rel_tol=1e-09, abs_tol=0.0)", is_close)
    }),
    ("log", |_| Method::function("log(x, base=None, /)", log)),
    ("log2", |_| {
        Method::function("log2(x, /)", |a, cx| log_of(a.at(0), f64::log2, cx))
    }),
    ("log10", |_| {
        Method::function("log10(x, /)", |a, cx| log_of(a.at(0), f64::log10, cx))
    }),
    ("pow", |_| {
        Method::function("pow(x, y, /)", |a, cx| {
            let (x, y) = (real(a.at(0), cx)?, real(a.at(1), cx)?);
            if x == 0.0 && y < 0.0 {
                return Err(VALUE_ERROR.error("math domain error"));
            }
            checked(x.powf(y), &[x, y])
        })
    }),
    ("atan2", |_| {
        Method::function("atan2(y, x, /)", |a, cx| {
            Ok(Value::Float(real(a.at(0), cx)?.atan2(real(a.at(1), cx)?)))
        })
    }),
    ("fmod", |_| {
        Method::function("fmod(x, y, /)", |a, cx| {
            let (x, y) = (real(a.at(0), cx)?, real(a.at(1), cx)?);
            checked(x % y, &[x, y])
        })
    }),
    ("copysign", |_| {
        Method::function("copysign(x, y, /)", |a, cx| {
            Ok(Value::Float(
                real(a.at(0), cx)?.copysign(real(a.at(1), cx)?),
            ))
        })
    }),
    ("modf", |_| {
        Method::function("modf(x, /)", |a, cx| {
            let x = real(a.at(0), cx)?;
            Ok(Value::tuple(vec![
                Value::Float(x.fract()),
                Value::Float(x.trunc()),
            ]))
        })
    }),
    ("hypot", |_| {
        Method::function("hypot(*coordinates)", |a, cx| {
            let mut sum = 0.0_f64;
            for value in a.rest() {
                sum = sum.hypot(real(value, cx)?);
            }
            Ok(Value::Float(sum))
        })
    }),
    ("dist", |_| {
        Method::function("dist(p, q, /)", |a, cx| {
            let (p, q) = (cx.collect(a.at(0))?, cx.collect(a.at(1))?);
            let mut sum = 0.0_f64;
            for (p, q) in p.iter().zip(&q) {
                sum = sum.hypot(real(p, cx)? - real(q, cx)?);
            }
            Ok(Value::Float(sum))
        })
    }),
    ("fsum", |_| {
        Method::function("fsum(seq, /)", |a, cx| {
            let mut partials: Vec<f64> = Vec::new();
            for value in cx.collect(a.at(0))? {
                add_exactly(&mut partials, real(&value, cx)?);
            }
            Ok(Value::Float(partials.iter().sum()))
        })
    }),
    ("gcd", |_| {
        Method::function("gcd(*integers)", |a, cx| {
            fold(a, BigInt::zero(), Integer::gcd, cx)
        })
    }),
    ("lcm", |_| {
        Method::function("lcm(*integers)", |a, cx| {
            fold(a, BigInt::one(), Integer::lcm, cx)
        })
    }),
    ("isqrt", |_| {
        Method::function("isqrt(n, /)", |a, cx| {
            let number = big(a.at(0), cx)?;
            if number.is_negative() {
                return Err(VALUE_ERROR.error("isqrt() argument must be nonnegative"));
            }
            Ok(Value::big(number.sqrt()))
        })
    }),
    ("factorial", |_| {
        Method::function("factorial(n, /)", factorial)
    }),
    ("comb", |_| {
        Method::function("comb(n, k, /)", |a, cx| choose(a, true, cx))
    }),
    ("perm", |_| {
        Method::function("perm(n, k=None, /)", |a, cx| choose(a, false, cx))
    }),
    ("prod", |_| {
        Method::function("prod(iterable, /, *, start=1)", |a, cx| {
            let mut product = a.given("start").cloned().unwrap_or(Value::Int(1));
            for value in cx.collect(a.at(0))? {
                product = ops::binary(BinaryOp::Mul, &product, &value, cx)?;
            }
            Ok(product)
        })
    }),
];

const MATH_GROUPS: &[&[(&str, Export)]] = &[MATH_NAMES, UNARY];

/// `math`.
pub static MATH: ModuleSpec = ModuleSpec {
    name: "math",
    names: &join_exports::<{ count_exports(MATH_GROUPS) }>(MATH_GROUPS),
    unsupported: &[("gamma", "not supported"), ("erf", "not supported")],
    dynamic: None,
};

fn whole(a: &Bound<'_>, special: &str, round: fn(f64) -> f64, cx: &Cx) -> Result<Value> {
    if let Some(number) = int::to_big(a.at(0)) {
        return Ok(Value::big(number));
    }
    if let Some(answer) = types::call_special(a.at(0), special, cx)? {
        return Ok(answer);
    }
    float::to_int(round(real(a.at(0), cx)?))
}

fn is_close(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let (x, y) = (real(a.at(0), cx)?, real(a.at(1), cx)?);
    let relative = a
        .given("rel_tol")
        .map_or(Ok(1e-9), |value| real(value, cx))?;
    let absolute = a
        .given("abs_tol")
        .map_or(Ok(0.0), |value| real(value, cx))?;
    if relative < 0.0 || absolute < 0.0 {
        return Err(VALUE_ERROR.error("tolerances must be non-negative"));
    }
    #[expect(
        clippy::float_cmp,
        reason = "equal numbers are close, infinities included"
    )]
    if x == y {
        return Ok(Value::Bool(true));
    }
    let difference = (x - y).abs();
    Ok(Value::Bool(
        difference.is_finite()
            && (difference <= relative * x.abs().max(y.abs()) || difference <= absolute),
    ))
}

fn log_of(value: &Value, log: fn(f64) -> f64, cx: &Cx) -> Result<Value> {
    if let Some(number) = int::to_big(value)
        && number.is_positive()
        && number.bits() > 1000
    {
        // log(n) = log(n / 2**k) + k * log(2), where n itself is too large for a float.
        let shift = number.bits() - 64;
        let top = (&number >> shift).to_f64().unwrap_or(1.0);
        #[expect(clippy::cast_precision_loss, reason = "a float is asked for")]
        return Ok(Value::Float(log(top) + shift as f64 * log(2.0)));
    }
    let x = real(value, cx)?;
    if x <= 0.0 {
        return Err(VALUE_ERROR.error("math domain error"));
    }
    checked(log(x), &[x])
}

fn log(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let natural = log_of(a.at(0), f64::ln, cx)?;
    match a.at(1) {
        Value::Undefined => Ok(natural),
        base => ops::binary(BinaryOp::TrueDiv, &natural, &log_of(base, f64::ln, cx)?, cx),
    }
}

fn add_exactly(partials: &mut Vec<f64>, mut x: f64) {
    let mut kept = Vec::with_capacity(partials.len() + 1);
    for mut y in partials.drain(..) {
        if x.abs() < y.abs() {
            std::mem::swap(&mut x, &mut y);
        }
        let high = x + y;
        let low = y - (high - x);
        if low != 0.0 {
            kept.push(low);
        }
        x = high;
    }
    kept.push(x);
    *partials = kept;
}

fn big(value: &Value, cx: &Cx) -> Result<BigInt> {
    match int::to_big(value) {
        Some(number) => Ok(number),
        None => Ok(int::expect_index(value, cx)?.into()),
    }
}

fn fold(
    a: &Bound<'_>,
    start: BigInt,
    step: fn(&BigInt, &BigInt) -> BigInt,
    cx: &Cx,
) -> Result<Value> {
    let mut result = start;
    for value in a.rest() {
        result = step(&result, &big(value, cx)?);
    }
    Ok(Value::big(result.abs()))
}

fn factorial(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    if matches!(a.at(0), Value::Float(_)) {
        return Err(TYPE_ERROR.error("'float' object cannot be interpreted as an integer"));
    }
    let number = int::expect_index(a.at(0), cx)?;
    if number < 0 {
        return Err(VALUE_ERROR.error("factorial() not defined for negative values"));
    }
    if number > 50_000 {
        return Err(OVERFLOW_ERROR.error("factorial() argument is too large"));
    }
    let mut product = BigUint::one();
    for factor in 2..=number.unsigned_abs() {
        product *= factor;
    }
    Ok(Value::big(product.into()))
}

fn choose(a: &Bound<'_>, unordered: bool, cx: &Cx) -> Result<Value> {
    let n = int::expect_index(a.at(0), cx)?;
    let k = match a.at(1) {
        Value::Undefined | Value::None => n,
        given => int::expect_index(given, cx)?,
    };
    if n < 0 || k < 0 {
        let which = if n < 0 { "n" } else { "k" };
        return Err(VALUE_ERROR.error(format!("{which} must be a non-negative integer")));
    }
    if k > n {
        return Ok(Value::Int(0));
    }
    let k = if unordered { k.min(n - k) } else { k };
    if k > 50_000 {
        return Err(OVERFLOW_ERROR.error("the result is too large"));
    }
    let mut result = BigUint::one();
    for at in 0..k.unsigned_abs() {
        result *= n.unsigned_abs() - at;
        if unordered {
            result /= at + 1;
        }
    }
    Ok(Value::big(result.into()))
}
