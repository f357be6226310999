//! `exp`, `ln`, `log10` and powers by fractions, to the precision in force.

use num_bigint::{BigInt, Sign};
use num_traits::{One, Signed, ToPrimitive, Zero};

use super::{Context, Decimal, Rounding, invalid, ten_to};
use crate::object::Result;

/// Digits kept beyond the precision while computing.
const GUARD: i64 = 15;

/// Fixed-point numbers with `places` digits behind the point.
struct Fixed {
    places: i64,
    one: BigInt,
}

impl Fixed {
    fn new(places: i64) -> Self {
        Self {
            places,
            one: BigInt::from(ten_to(places)),
        }
    }
    fn of(&self, number: &Decimal) -> BigInt {
        let Some((digits, exponent)) = number.parts() else {
            return BigInt::zero();
        };
        let shift = exponent + self.places;
        let magnitude = if shift >= 0 {
            digits * ten_to(shift)
        } else {
            digits / ten_to(-shift)
        };
        let sign = if number.negative {
            Sign::Minus
        } else {
            Sign::Plus
        };
        BigInt::from_biguint(sign, magnitude)
    }
    fn mul(&self, a: &BigInt, b: &BigInt) -> BigInt {
        a * b / &self.one
    }
    fn div(&self, a: &BigInt, b: &BigInt) -> BigInt {
        a * &self.one / b
    }
    fn sqrt(&self, a: &BigInt) -> BigInt {
        (a * &self.one).sqrt()
    }

    /// The natural logarithm of a number between 0.1 and 100.
    fn ln(&self, number: &BigInt) -> BigInt {
        const ROOTS: u32 = 10;
        let mut root = number.clone();
        for _ in 0..ROOTS {
            root = self.sqrt(&root);
        }
        // ln x = 2 * atanh((x - 1) / (x + 1)), quick for x near 1.
        let z = self.div(&(&root - &self.one), &(&root + &self.one));
        let square = self.mul(&z, &z);
        let (mut term, mut sum, mut odd) = (z.clone(), z, 3_u32);
        loop {
            term = self.mul(&term, &square);
            let part = &term / odd;
            if part.is_zero() {
                return (sum * 2) << ROOTS;
            }
            sum += part;
            odd += 2;
        }
    }

    /// The exponential of a number between -3 and 3.
    fn exp(&self, number: &BigInt) -> BigInt {
        const HALVINGS: u32 = 8;
        let small = number / BigInt::from(1_u32 << HALVINGS);
        let (mut term, mut sum, mut count) = (self.one.clone(), self.one.clone(), 1_u32);
        loop {
            term = self.mul(&term, &small) / count;
            if term.is_zero() {
                break;
            }
            sum += &term;
            count += 1;
        }
        for _ in 0..HALVINGS {
            sum = self.mul(&sum, &sum);
        }
        sum
    }

    fn ln_10(&self) -> BigInt {
        self.ln(&(&self.one * 10))
    }

    /// The logarithm of any positive number.
    fn ln_of(&self, number: &Decimal) -> BigInt {
        let exponent = number.adjusted();
        let mantissa = match number.parts() {
            Some((digits, own)) => Decimal::finite(false, digits.clone(), own - exponent),
            None => return BigInt::zero(),
        };
        self.ln(&self.of(&mantissa)) + self.ln_10() * exponent
    }

    /// `e ** number` as a decimal; `None` where it is beyond all exponents.
    fn exp_of(&self, number: &BigInt) -> Option<Decimal> {
        let ln_10 = self.ln_10();
        let tens = (number / &ln_10)
            .to_i64()
            .filter(|tens| tens.abs() < 1_100_000)?;
        let rest = number - ln_10 * tens;
        let value = self.exp(&rest);
        Some(Decimal::finite(
            false,
            value.magnitude().clone(),
            tens - self.places,
        ))
    }
}

/// Rounded to the precision, and with as many digits: the result is not exact.
fn inexact(number: Decimal, context: &Context) -> Result<Decimal> {
    number.fix(&Context {
        rounding: Rounding::HalfEven,
        ..*context
    })
}

impl Decimal {
    fn overflow_or_zero(negative: bool, context: &Context) -> Result<Self> {
        if negative {
            let smallest = -super::MAX_EXPONENT - context.precision + 1;
            return Ok(Self::finite(false, num_bigint::BigUint::zero(), smallest));
        }
        Err(super::signal(
            &super::DECIMAL_OVERFLOW,
            &super::DECIMAL_OVERFLOW,
        ))
    }

    /// `e ** self`.
    pub fn exp(&self) -> Result<Self> {
        let context = Context::current();
        if self.is_nan() {
            return Ok(self.clone());
        }
        if !self.is_finite() {
            return Ok(if self.negative {
                Self::from_int(&BigInt::zero())
            } else {
                self.clone()
            });
        }
        if self.is_zero() {
            return Ok(Self::from_int(&BigInt::one()));
        }
        if self.adjusted() > 8 {
            return Self::overflow_or_zero(self.negative, &context);
        }
        let fixed = Fixed::new(context.precision + GUARD + self.adjusted().max(0));
        match fixed.exp_of(&fixed.of(self)) {
            Some(value) => inexact(value, &context),
            None => Self::overflow_or_zero(self.negative, &context),
        }
    }

    /// The natural logarithm, in units of `ln(10)` where `by_ten`.
    pub fn logarithm(&self, by_ten: bool) -> Result<Self> {
        let context = Context::current();
        if self.is_nan() {
            return Ok(self.clone());
        }
        if self.is_zero() {
            return Ok(Self::infinite(true));
        }
        if self.negative {
            return Err(invalid());
        }
        if !self.is_finite() {
            return Ok(self.clone());
        }
        let normal = self.normalized();
        if let Some((digits, exponent)) = normal.parts()
            && digits.is_one()
            && (by_ten || exponent == 0)
        {
            return Ok(Self::from_int(&BigInt::from(exponent)));
        }
        // Near 1 the logarithm is small and needs as many more digits.
        let one = Self::from_int(&BigInt::one());
        let distance = self.add(&one.with_sign(true), &context)?;
        let lost = (-distance.adjusted()).max(0);
        let fixed = Fixed::new(context.precision + GUARD + lost);
        let mut value = fixed.ln_of(self);
        if by_ten {
            value = fixed.div(&value, &fixed.ln_10());
        }
        let negative = value.is_negative();
        let value = Self::finite(negative, value.magnitude().clone(), -fixed.places);
        inexact(value, &context)
    }

    /// `self ** other` by logarithms, for exponents that are no whole numbers.
    pub(super) fn power_by_logarithm(&self, other: &Self, context: &Context) -> Result<Self> {
        if self.negative && !self.is_zero() {
            return Err(invalid());
        }
        if self.is_zero() {
            return Ok(if other.negative {
                Self::infinite(false)
            } else {
                Self::from_int(&BigInt::zero())
            });
        }
        if !self.is_finite() || !other.is_finite() {
            return Err(invalid());
        }
        let extra = self.adjusted().abs().to_string().len() + 2;
        let extra = i64::try_from(extra).unwrap_or(0) + other.adjusted().max(0);
        let fixed = Fixed::new(context.precision + 2 * GUARD + extra.min(1000));
        let product = fixed.mul(&fixed.ln_of(self), &fixed.of(other));
        let Some(value) = fixed.exp_of(&product) else {
            return Self::overflow_or_zero(product.is_negative(), context);
        };
        inexact(value, context)
    }
}
