//! `fractions.Fraction`.

use std::cmp::Ordering;
use std::rc::Rc;

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Signed, ToPrimitive, Zero};

use crate::object::exceptions::{TYPE_ERROR, VALUE_ERROR, ZERO_DIVISION_ERROR};
use crate::object::types::{base_value, decimal, float, int, number_of, python_hash};
use crate::object::{
    Args, BinaryOp, Class, CompareOp, Cx, Members, ModuleSpec, Object, Result, TypeSpec, UnaryOp,
    Value, hash_sequence, hash_value, ops,
};

/// `fractions`.
pub static FRACTIONS: ModuleSpec = ModuleSpec {
    name: "fractions",
    names: &[("Fraction", |_| FRACTION.class().into())],
    unsupported: &[],
    dynamic: None,
};

static FRACTION: TypeSpec = TypeSpec::new("fractions", "Fraction")
    .construct(construct)
    .members(members);

/// A quotient in lowest terms, its denominator positive.
#[derive(Clone)]
struct Fraction {
    top: BigInt,
    bottom: BigInt,
}

impl Fraction {
    fn new(top: BigInt, bottom: BigInt) -> Result<Self> {
        if bottom.is_zero() {
            return Err(ZERO_DIVISION_ERROR.error(format!("Fraction({top}, 0)")));
        }
        let common = top.gcd(&bottom);
        let sign = if bottom.is_negative() {
            -BigInt::one()
        } else {
            BigInt::one()
        };
        Ok(Self {
            top: top / &common * &sign,
            bottom: bottom / common * sign,
        })
    }
    fn of_ratio(ratio: &Value, cx: &Cx) -> Result<Self> {
        let parts = cx.collect(ratio)?;
        match parts.as_slice() {
            [top, bottom] => Self::new(
                int::to_big(top).unwrap_or_default(),
                int::to_big(bottom).unwrap_or_else(BigInt::one),
            ),
            _ => Err(TYPE_ERROR.error("argument should be a string or a Rational instance")),
        }
    }
    fn parse(text: &str) -> Option<Result<Self>> {
        let text = text.trim();
        if let Some((top, bottom)) = text.split_once('/') {
            let top = int::to_big(&int::parse(top, 10)?)?;
            let bottom = bottom
                .bytes()
                .all(|byte| byte.is_ascii_digit())
                .then(|| int::parse(bottom, 10))??;
            return Some(Self::new(top, int::to_big(&bottom)?));
        }
        let number = decimal::Decimal::parse(text).filter(decimal::Decimal::is_finite)?;
        let ratio = number.integer_ratio().ok()?;
        Some(Self::of_ratio(&ratio, &Cx::current()))
    }
    fn to_f64(&self) -> f64 {
        match int::binary_big(BinaryOp::TrueDiv, &self.top, &self.bottom) {
            Ok(Some(Value::Float(number))) => number,
            _ => f64::NAN,
        }
    }
    fn value(top: BigInt, bottom: BigInt) -> Result<Option<Value>> {
        Self::new(top, bottom).map(|made| Some(Value::object(made)))
    }
    fn text(&self) -> String {
        if self.bottom.is_one() {
            self.top.to_string()
        } else {
            format!("{}/{}", self.top, self.bottom)
        }
    }
}

fn operand(value: &Value) -> Option<Fraction> {
    if let Some(fraction) = value.downcast::<Fraction>() {
        return Some(fraction.clone());
    }
    int::to_big(value).map(|top| Fraction {
        top,
        bottom: BigInt::one(),
    })
}

fn construct(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    let made = match args.pos.as_slice() {
        [] => Fraction::new(BigInt::zero(), BigInt::one())?,
        [value] => match base_value(value) {
            Value::Str(text) => match Fraction::parse(&text) {
                Some(made) => made?,
                None => {
                    return Err(VALUE_ERROR
                        .error(format!("Invalid literal for Fraction: {}", cx.repr(value)?)));
                }
            },
            other => match operand(&other) {
                Some(made) => made,
                None => match cx.call_method(&other, "as_integer_ratio", []) {
                    Ok(ratio) => Fraction::of_ratio(&ratio, cx)?,
                    Err(_) => {
                        return Err(
                            TYPE_ERROR.error("argument should be a string or a Rational instance")
                        );
                    }
                },
            },
        },
        [top, bottom] => match (operand(top), operand(bottom)) {
            (Some(a), Some(b)) => Fraction::new(a.top * b.bottom, a.bottom * b.top)?,
            _ => {
                return Err(TYPE_ERROR.error("both arguments should be Rational instances"));
            }
        },
        more => {
            return Err(TYPE_ERROR.error(format!(
                "Fraction.__new__() takes from 1 to 3 positional arguments but {} were given",
                more.len() + 1
            )));
        }
    };
    Ok(Value::object(made))
}

impl Object for Fraction {
    fn spec(&self) -> &'static TypeSpec {
        &FRACTION
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(format!("Fraction({}, {})", self.top, self.bottom)))
    }
    fn str(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(self.text()))
    }
    fn truthy(&self, _cx: &Cx) -> Result<Option<bool>> {
        Ok(Some(!self.top.is_zero()))
    }
    fn hash(&self, cx: &Cx) -> Result<Option<u64>> {
        if self.bottom.is_one() {
            return hash_value(&Value::big(self.top.clone()), cx).map(Some);
        }
        let parts = [&self.top, &self.bottom].map(|part| {
            python_hash(&Value::big(part.clone()))
                .unwrap_or(0)
                .cast_unsigned()
        });
        Ok(Some(hash_sequence(parts.into_iter())))
    }
    fn compare(
        &self,
        _this: &Value,
        op: CompareOp,
        other: &Value,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        if let Some(Value::Float(number)) = number_of(other) {
            return ops::compare(op, &Value::Float(self.to_f64()), &Value::Float(number), cx)
                .map(Some);
        }
        Ok(operand(other).map(|other| {
            let order: Ordering = (&self.top * &other.bottom).cmp(&(&other.top * &self.bottom));
            Value::Bool(op.holds(order))
        }))
    }
    fn unary(&self, _this: &Value, op: UnaryOp, _cx: &Cx) -> Result<Option<Value>> {
        Ok(match op {
            UnaryOp::Neg => Some(Value::object(Self {
                top: -&self.top,
                bottom: self.bottom.clone(),
            })),
            UnaryOp::Pos => Some(Value::object(self.clone())),
            UnaryOp::Invert => None,
        })
    }
    fn binary(
        &self,
        _this: &Value,
        op: BinaryOp,
        other: &Value,
        reflected: bool,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        if let Some(Value::Float(number)) = number_of(other) {
            let own = self.to_f64();
            let (a, b) = if reflected {
                (number, own)
            } else {
                (own, number)
            };
            return float::binary(op, a, b);
        }
        let Some(other) = operand(other) else {
            return Ok(None);
        };
        let (a, b) = if reflected {
            (&other, self)
        } else {
            (self, &other)
        };
        arithmetic(op, a, b)
    }
}

fn arithmetic(op: BinaryOp, a: &Fraction, b: &Fraction) -> Result<Option<Value>> {
    let (cross_a, cross_b) = (&a.top * &b.bottom, &b.top * &a.bottom);
    let bottom = &a.bottom * &b.bottom;
    match op {
        BinaryOp::Add => Fraction::value(cross_a + cross_b, bottom),
        BinaryOp::Sub => Fraction::value(cross_a - cross_b, bottom),
        BinaryOp::Mul => Fraction::value(&a.top * &b.top, bottom),
        BinaryOp::TrueDiv => Fraction::value(cross_a, cross_b),
        BinaryOp::FloorDiv | BinaryOp::Mod if cross_b.is_zero() => {
            Err(ZERO_DIVISION_ERROR.error("integer division or modulo by zero"))
        }
        BinaryOp::FloorDiv => Ok(Some(Value::big(cross_a.div_floor(&cross_b)))),
        BinaryOp::Mod => Fraction::value(cross_a.mod_floor(&cross_b), bottom),
        BinaryOp::Pow if b.bottom.is_one() => match b.top.to_i32() {
            Some(power) if power.unsigned_abs() <= 100_000 => {
                let power_of = |number: &BigInt| number.pow(power.unsigned_abs());
                let (top, bottom) = (power_of(&a.top), power_of(&a.bottom));
                if power >= 0 {
                    Fraction::value(top, bottom)
                } else {
                    Fraction::value(bottom, top)
                }
            }
            _ => Ok(None),
        },
        BinaryOp::Pow => float::binary(op, a.to_f64(), b.to_f64()),
        _ => Ok(None),
    }
}

fn members(members: &mut Members) {
    members
        .getter("numerator", |own: &Fraction, _| {
            Ok(Value::big(own.top.clone()))
        })
        .getter("denominator", |own: &Fraction, _| {
            Ok(Value::big(own.bottom.clone()))
        })
        .method(
            "limit_denominator(max_denominator=1000000)",
            |own: &Fraction, a, cx| {
                let most = match a.given("max_denominator") {
                    Some(most) => int::expect_index(most, cx)?,
                    None => 1_000_000,
                };
                if most < 1 {
                    return Err(VALUE_ERROR.error("max_denominator should be at least 1"));
                }
                Ok(Value::object(limited(own, &BigInt::from(most))?))
            },
        )
        .method("as_integer_ratio(/)", |own: &Fraction, _, _| {
            Ok(Value::tuple(vec![
                Value::big(own.top.clone()),
                Value::big(own.bottom.clone()),
            ]))
        })
        .method("__int__(/)", |own: &Fraction, _, _| {
            Ok(Value::big(&own.top / &own.bottom))
        })
        .method("__trunc__(/)", |own: &Fraction, _, _| {
            Ok(Value::big(&own.top / &own.bottom))
        })
        .method("__floor__(/)", |own: &Fraction, _, _| {
            Ok(Value::big(own.top.div_floor(&own.bottom)))
        })
        .method("__ceil__(/)", |own: &Fraction, _, _| {
            Ok(Value::big(own.top.div_ceil(&own.bottom)))
        })
        .method("__float__(/)", |own: &Fraction, _, _| {
            Ok(Value::Float(own.to_f64()))
        })
        .method("__abs__(/)", |own: &Fraction, _, _| {
            Ok(Value::object(Fraction {
                top: own.top.abs(),
                bottom: own.bottom.clone(),
            }))
        })
        .method("__round__(ndigits=None, /)", |own: &Fraction, a, cx| {
            let places = match a.some_at(0) {
                Some(digits) => int::expect_index(digits, cx)?,
                None => 0,
            };
            let scale = BigInt::from(10).pow(u32::try_from(places.max(0)).unwrap_or(0).min(10_000));
            let (quotient, rest) = (&own.top * &scale).div_mod_floor(&own.bottom);
            let twice = rest * 2;
            let up = twice > own.bottom || (twice == own.bottom && quotient.is_odd());
            let whole = quotient + BigInt::from(i32::from(up));
            if a.some_at(0).is_none() {
                return Ok(Value::big(whole));
            }
            Ok(Value::object(Fraction::new(whole, scale)?))
        });
}

/// The nearest fraction whose denominator is at most `most`.
fn limited(own: &Fraction, most: &BigInt) -> Result<Fraction> {
    if own.bottom <= *most {
        return Ok(own.clone());
    }
    let (mut p0, mut q0) = (BigInt::zero(), BigInt::one());
    let (mut p1, mut q1) = (BigInt::one(), BigInt::zero());
    let (mut top, mut bottom) = (own.top.clone(), own.bottom.clone());
    loop {
        let whole = top.div_floor(&bottom);
        let q2 = &q0 + &whole * &q1;
        if q2 > *most {
            break;
        }
        let p2 = &p0 + &whole * &p1;
        (p0, q0, p1, q1) = (p1, q1, p2, q2);
        let rest = &top - &whole * &bottom;
        (top, bottom) = (bottom, rest);
    }
    let times = (most - &q0).div_floor(&q1);
    let first = Fraction::new(&p0 + &times * &p1, &q0 + &times * &q1)?;
    let second = Fraction::new(p1, q1)?;
    let distance = |bound: &Fraction| {
        let top = (&bound.top * &own.bottom - &own.top * &bound.bottom).abs();
        (top, bound.bottom.clone())
    };
    let (to_first, first_scale) = distance(&first);
    let (to_second, second_scale) = distance(&second);
    let second_is_nearer = to_second * first_scale <= to_first * second_scale;
    Ok(if second_is_nearer { second } else { first })
}
