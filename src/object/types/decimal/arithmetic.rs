//! The operators between decimals, by the rules of the General Decimal Arithmetic.

use std::cmp::Ordering;

use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::{One, ToPrimitive, Zero};

use super::{
    Context, DIVISION_BY_ZERO, DIVISION_IMPOSSIBLE, DIVISION_UNDEFINED, Decimal, Form,
    INVALID_OPERATION, Rounding, digit_count, invalid, signal, ten_to,
};
use crate::object::{BinaryOp, Result};

impl Decimal {
    /// `self op other`; `None`: decimals do not know the operator.
    pub fn binary(&self, op: BinaryOp, other: &Self) -> Result<Option<Self>> {
        let context = Context::current();
        if let Some(nan) = self.nan_of(other)? {
            return Ok(Some(nan));
        }
        Ok(Some(match op {
            BinaryOp::Add => self.add(other, &context)?,
            BinaryOp::Sub => self.add(&other.clone().with_sign(!other.negative), &context)?,
            BinaryOp::Mul => self.multiply(other, &context)?,
            BinaryOp::TrueDiv => self.divide(other, &context)?,
            BinaryOp::FloorDiv => self.divide_whole(other, &context)?.0,
            BinaryOp::Mod => self.divide_whole(other, &context)?.1,
            BinaryOp::Pow => self.power(other, &context)?,
            _ => return Ok(None),
        }))
    }

    fn nan_of(&self, other: &Self) -> Result<Option<Self>> {
        for number in [self, other] {
            match number.form {
                Form::NaN(true) => return Err(invalid()),
                Form::NaN(false) => return Ok(Some(number.clone())),
                _ => {}
            }
        }
        Ok(None)
    }

    pub(super) fn add(&self, other: &Self, context: &Context) -> Result<Self> {
        let (Some(a), Some(b)) = (self.parts(), other.parts()) else {
            return match (self.is_finite(), other.is_finite()) {
                (false, false) if self.negative != other.negative => Err(invalid()),
                (false, _) => Ok(self.clone()),
                _ => Ok(other.clone()),
            };
        };
        let exponent = a.1.min(b.1);
        if a.0.is_zero() && b.0.is_zero() {
            let negative = self.negative && other.negative;
            return Self::finite(negative, BigUint::zero(), exponent).fix(context);
        }
        for (zero, number) in [(self, other), (other, self)] {
            if zero.is_zero() {
                let (_, own) = number.parts().unwrap_or((a.0, a.1));
                let exponent = exponent.max(own - context.precision - 1);
                return number.with_exponent(exponent, Rounding::Down).fix(context);
            }
        }
        let (a, b) = (aligned(a, b, context), aligned(b, a, context));
        let exponent = a.1.min(b.1);
        let x = &a.0 * ten_to(a.1 - exponent);
        let y = &b.0 * ten_to(b.1 - exponent);
        let sum = if self.negative == other.negative {
            Self::finite(self.negative, x + y, exponent)
        } else {
            match x.cmp(&y) {
                Ordering::Equal => {
                    let negative = context.rounding == Rounding::Floor;
                    Self::finite(negative, BigUint::zero(), exponent)
                }
                Ordering::Greater => Self::finite(self.negative, x - y, exponent),
                Ordering::Less => Self::finite(other.negative, y - x, exponent),
            }
        };
        sum.fix(context)
    }

    fn multiply(&self, other: &Self, context: &Context) -> Result<Self> {
        let negative = self.negative != other.negative;
        match (self.parts(), other.parts()) {
            (Some(a), Some(b)) => Self::finite(negative, a.0 * b.0, a.1 + b.1).fix(context),
            _ if self.is_zero() || other.is_zero() => Err(invalid()),
            _ => Ok(Self::infinite(negative)),
        }
    }

    fn divide(&self, other: &Self, context: &Context) -> Result<Self> {
        let negative = self.negative != other.negative;
        let (a, b) = match (self.parts(), other.parts()) {
            (Some(a), Some(b)) => (a, b),
            (None, None) => return Err(invalid()),
            (None, _) => return Ok(Self::infinite(negative)),
            (_, None) => return Ok(Self::finite(negative, BigUint::zero(), -1_000_026)),
        };
        if b.0.is_zero() {
            return Err(if a.0.is_zero() {
                signal(&INVALID_OPERATION, &DIVISION_UNDEFINED)
            } else {
                signal(&DIVISION_BY_ZERO, &DIVISION_BY_ZERO)
            });
        }
        let ideal = a.1 - b.1;
        if a.0.is_zero() {
            return Self::finite(negative, BigUint::zero(), ideal).fix(context);
        }
        let shift = digit_count(b.0) - digit_count(a.0) + context.precision + 1;
        let mut exponent = ideal - shift;
        let (mut quotient, rest) = if shift >= 0 {
            (a.0 * ten_to(shift)).div_rem(b.0)
        } else {
            a.0.div_rem(&(b.0 * ten_to(-shift)))
        };
        if rest.is_zero() {
            let ten = BigUint::from(10_u32);
            while exponent < ideal {
                let (shorter, last) = quotient.div_rem(&ten);
                if !last.is_zero() {
                    break;
                }
                quotient = shorter;
                exponent += 1;
            }
        } else if (&quotient % BigUint::from(5_u32)).is_zero() {
            // A last digit that is neither 0 nor 5 keeps a tie from appearing.
            quotient += BigUint::one();
        }
        Self::finite(negative, quotient, exponent).fix(context)
    }

    /// Quotient towards zero, and remainder.
    pub fn divide_whole(&self, other: &Self, context: &Context) -> Result<(Self, Self)> {
        let negative = self.negative != other.negative;
        let (a, b) = match (self.parts(), other.parts()) {
            (Some(a), Some(b)) => (a, b),
            (None, _) => return Err(invalid()),
            (_, None) => {
                let zero = Self::finite(negative, BigUint::zero(), 0);
                return Ok((zero, self.clone().fix(context)?));
            }
        };
        if b.0.is_zero() {
            return Err(if a.0.is_zero() {
                signal(&INVALID_OPERATION, &DIVISION_UNDEFINED)
            } else {
                signal(&DIVISION_BY_ZERO, &DIVISION_BY_ZERO)
            });
        }
        let exponent = a.1.min(b.1);
        if self.adjusted() - other.adjusted() > context.precision {
            return Err(signal(&INVALID_OPERATION, &DIVISION_IMPOSSIBLE));
        }
        if other.adjusted() - self.adjusted() > context.precision + 1 {
            let zero = Self::finite(negative, BigUint::zero(), 0);
            return Ok((zero, self.clone().fix(context)?));
        }
        let (quotient, rest) =
            (a.0 * ten_to(a.1 - exponent)).div_rem(&(b.0 * ten_to(b.1 - exponent)));
        if digit_count(&quotient) > context.precision {
            return Err(signal(&INVALID_OPERATION, &DIVISION_IMPOSSIBLE));
        }
        Ok((
            Self::finite(negative, quotient, 0),
            Self::finite(self.negative, rest, exponent).fix(context)?,
        ))
    }

    fn power(&self, other: &Self, context: &Context) -> Result<Self> {
        let whole = other.normalized();
        let exponent = match whole.parts() {
            Some((digits, exponent)) if (0..10).contains(&exponent) => {
                (digits * ten_to(exponent)).to_u32()
            }
            _ => None,
        };
        let Some(exponent) = exponent.filter(|exponent| *exponent <= 100_000) else {
            return self.power_by_logarithm(other, context);
        };
        let Some((digits, own)) = self.parts() else {
            return Ok(Self::infinite(self.negative && exponent % 2 == 1));
        };
        if exponent == 0 {
            return if digits.is_zero() {
                Err(invalid())
            } else {
                Ok(Self::finite(false, BigUint::one(), 0))
            };
        }
        let negative = self.negative && exponent % 2 == 1;
        let exact = Self::finite(negative, digits.pow(exponent), own * i64::from(exponent));
        if !other.negative {
            return exact.fix(context);
        }
        if exact.is_zero() {
            return Ok(Self::infinite(negative));
        }
        Self::finite(false, BigUint::one(), 0).divide(&exact, context)
    }

    /// The square root.
    pub fn sqrt(&self) -> Result<Self> {
        let context = Context::current();
        let Some((digits, exponent)) = self.parts() else {
            return if self.negative {
                Err(invalid())
            } else {
                Ok(self.clone())
            };
        };
        if digits.is_zero() {
            return Ok(Self::finite(
                self.negative,
                BigUint::zero(),
                exponent.div_euclid(2),
            ));
        }
        if self.negative {
            return Err(invalid());
        }
        let precision = context.precision + 1;
        let mut half = exponent.div_euclid(2);
        let odd = exponent.rem_euclid(2) == 1;
        let mut operand = if odd {
            digits * BigUint::from(10_u32)
        } else {
            digits.clone()
        };
        let len = digit_count(digits);
        let len = if odd { len / 2 + 1 } else { (len + 1) / 2 };
        let shift = precision - len;
        let mut exact = true;
        if shift >= 0 {
            operand *= ten_to(2 * shift);
        } else {
            let (quotient, rest) = operand.div_rem(&ten_to(-2 * shift));
            operand = quotient;
            exact = rest.is_zero();
        }
        half -= shift;
        let mut root = operand.sqrt();
        exact = exact && &root * &root == operand;
        if exact {
            if shift >= 0 {
                root /= ten_to(shift);
            } else {
                root *= ten_to(-shift);
            }
            half += shift;
        } else if (&root % BigUint::from(5_u32)).is_zero() {
            root += BigUint::one();
        }
        Self::finite(false, root, half).fix(&Context {
            rounding: Rounding::HalfEven,
            ..context
        })
    }

    /// `self.quantize(model)`: with the exponent of `model`.
    pub fn quantize(&self, model: &Self, rounding: Option<Rounding>) -> Result<Self> {
        let context = Context::current();
        if let Some(nan) = self.nan_of(model)? {
            return Ok(nan);
        }
        let (Some(_), Some((_, exponent))) = (self.parts(), model.parts()) else {
            return if self.is_finite() == model.is_finite() {
                Ok(self.clone())
            } else {
                Err(invalid())
            };
        };
        if self.adjusted() - exponent > context.precision && !self.is_zero() {
            return Err(invalid());
        }
        let quantized = self.with_exponent(exponent, rounding.unwrap_or(context.rounding));
        let too_long = quantized
            .parts()
            .is_some_and(|(digits, _)| digit_count(digits) > context.precision);
        if too_long {
            return Err(invalid());
        }
        Ok(quantized)
    }

    /// The order of two numbers; `None` with a NaN.
    pub fn order(&self, other: &Self) -> Option<Ordering> {
        if self.is_nan() || other.is_nan() {
            return None;
        }
        let sign = |number: &Self| match (number.is_zero(), number.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        let (own, its) = (sign(self), sign(other));
        if own != its {
            return Some(own.cmp(&its));
        }
        if own == 0 {
            return Some(Ordering::Equal);
        }
        let magnitude = match (self.parts(), other.parts()) {
            (Some(a), Some(b)) => self.adjusted().cmp(&other.adjusted()).then_with(|| {
                let exponent = a.1.min(b.1);
                (a.0 * ten_to(a.1 - exponent)).cmp(&(b.0 * ten_to(b.1 - exponent)))
            }),
            (None, None) => Ordering::Equal,
            (None, _) => Ordering::Greater,
            (_, None) => Ordering::Less,
        };
        Some(if own < 0 {
            magnitude.reverse()
        } else {
            magnitude
        })
    }

    /// Rounded to the precision in force: what `+x` answers.
    pub fn plus(&self) -> Result<Self> {
        self.clone().fix(&Context::current())
    }
}

/// `a`, or where it lies below all digits that the sum with `b` can show, a one in its place.
fn aligned(a: (&BigUint, i64), b: (&BigUint, i64), context: &Context) -> (BigUint, i64) {
    let (len_a, len_b) = (digit_count(a.0), digit_count(b.0));
    let exponent = b.1 + (-1).min(len_b - context.precision - 2);
    if a.1 <= b.1 && len_a + a.1 - 1 < exponent {
        return (BigUint::one(), exponent);
    }
    (a.0.clone(), a.1)
}
