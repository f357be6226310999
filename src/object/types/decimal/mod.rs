//! `decimal.Decimal`: decimal numbers with the arithmetic, rounding and texts of Python's.

mod arithmetic;
mod context;
mod object;
mod text;
mod transcendental;

use num_bigint::{BigInt, BigUint, Sign};
use num_integer::Integer;
use num_traits::{One, ToPrimitive, Zero};

use crate::object::exceptions::{
    ARITHMETIC_ERROR, OVERFLOW_ERROR, TYPE_ERROR, VALUE_ERROR, ZERO_DIVISION_ERROR,
};
use crate::object::{Raised, Result, TypeSpec, Value};

pub use context::{CONTEXT, Context, ContextObject, Rounding, precision};
pub use object::{DECIMAL, operand};

macro_rules! signals {
    ($($constant:ident = $name:literal : $($base:ident),+;)*) => {
        $(#[doc = concat!("`decimal.", $name, "`.")]
        pub static $constant: TypeSpec =
            TypeSpec::new("decimal", $name).bases(&[$(&$base),+]).subclassable();)*
        /// The exceptions of the module.
        pub static SIGNALS: &[&TypeSpec] = &[$(&$constant),*];
    };
}

signals! {
    DECIMAL_EXCEPTION = "DecimalException": ARITHMETIC_ERROR;
    INVALID_OPERATION = "InvalidOperation": DECIMAL_EXCEPTION;
    CONVERSION_SYNTAX = "ConversionSyntax": INVALID_OPERATION;
    DIVISION_BY_ZERO = "DivisionByZero": DECIMAL_EXCEPTION, ZERO_DIVISION_ERROR;
    DIVISION_UNDEFINED = "DivisionUndefined": INVALID_OPERATION, ZERO_DIVISION_ERROR;
    DIVISION_IMPOSSIBLE = "DivisionImpossible": INVALID_OPERATION;
    INEXACT = "Inexact": DECIMAL_EXCEPTION;
    ROUNDED = "Rounded": DECIMAL_EXCEPTION;
    DECIMAL_OVERFLOW = "Overflow": INEXACT, ROUNDED;
    UNDERFLOW = "Underflow": INEXACT, ROUNDED;
    FLOAT_OPERATION = "FloatOperation": DECIMAL_EXCEPTION, TYPE_ERROR;
}

/// The greatest exponent of a result.
const MAX_EXPONENT: i64 = 999_999;

fn signal(raised: &'static TypeSpec, condition: &'static TypeSpec) -> Raised {
    Raised::new(raised, vec![Value::list(vec![condition.class().into()])])
}

fn invalid() -> Raised {
    signal(&INVALID_OPERATION, &INVALID_OPERATION)
}

/// A decimal number.
#[derive(Clone, Debug)]
pub struct Decimal {
    negative: bool,
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    /// `digits * 10 ** exponent`.
    Finite {
        digits: BigUint,
        exponent: i64,
    },
    Infinite,
    /// A NaN, signaling or quiet.
    NaN(bool),
}

fn ten_to(power: i64) -> BigUint {
    BigUint::from(10_u32).pow(u32::try_from(power).unwrap_or(0))
}

fn digit_count(digits: &BigUint) -> i64 {
    if digits.is_zero() {
        return 1;
    }
    if let Some(small) = digits.to_u64() {
        return i64::from(small.ilog10()) + 1;
    }
    i64::try_from(digits.to_string().len()).unwrap_or(i64::MAX)
}

impl Decimal {
    fn finite(negative: bool, digits: BigUint, exponent: i64) -> Self {
        Self {
            negative,
            form: Form::Finite { digits, exponent },
        }
    }
    fn infinite(negative: bool) -> Self {
        Self {
            negative,
            form: Form::Infinite,
        }
    }
    /// The number `number`.
    pub fn from_int(number: &BigInt) -> Self {
        Self::finite(number.sign() == Sign::Minus, number.magnitude().clone(), 0)
    }
    /// `number * 10 ** -places`.
    pub fn from_scaled(number: &BigInt, places: i64) -> Self {
        Self::finite(
            number.sign() == Sign::Minus,
            number.magnitude().clone(),
            -places,
        )
    }
    /// Exactly the binary value of a float.
    pub fn from_f64(number: f64) -> Self {
        if number.is_nan() {
            return Self {
                negative: false,
                form: Form::NaN(false),
            };
        }
        if number.is_infinite() {
            return Self::infinite(number < 0.0);
        }
        let bits = number.to_bits();
        let biased = i64::try_from((bits >> 52) & 0x7ff).unwrap_or(0);
        let fraction = bits & 0x000f_ffff_ffff_ffff;
        let (mantissa, power) = if biased == 0 {
            (fraction, -1074)
        } else {
            (fraction | (1 << 52), biased - 1075)
        };
        let (mut mantissa, mut power) = (mantissa, power);
        while power < 0 && mantissa.is_even() && mantissa != 0 {
            mantissa >>= 1;
            power += 1;
        }
        let digits = BigUint::from(mantissa);
        let negative = number.is_sign_negative();
        if mantissa == 0 {
            return Self::finite(negative, digits, 0);
        }
        if power >= 0 {
            return Self::finite(negative, digits << power.unsigned_abs(), 0);
        }
        let fives = BigUint::from(5_u32).pow(u32::try_from(-power).unwrap_or(0));
        Self::finite(negative, digits * fives, power)
    }

    /// Whether this is zero.
    pub fn is_zero(&self) -> bool {
        matches!(&self.form, Form::Finite { digits, .. } if digits.is_zero())
    }
    /// Whether this is below zero, `-0` included.
    pub fn is_negative(&self) -> bool {
        self.negative
    }
    /// Whether this is NaN.
    pub fn is_nan(&self) -> bool {
        matches!(self.form, Form::NaN(_))
    }
    /// Whether this is neither infinite nor NaN.
    pub fn is_finite(&self) -> bool {
        matches!(self.form, Form::Finite { .. })
    }
    fn parts(&self) -> Option<(&BigUint, i64)> {
        match &self.form {
            Form::Finite { digits, exponent } => Some((digits, *exponent)),
            _ => None,
        }
    }
    /// The exponent of its first digit.
    fn adjusted(&self) -> i64 {
        self.parts()
            .map_or(0, |(digits, exponent)| digit_count(digits) + exponent - 1)
    }
    fn with_sign(mut self, negative: bool) -> Self {
        self.negative = negative;
        self
    }

    /// The nearest float.
    pub fn to_f64(&self) -> f64 {
        let magnitude = match &self.form {
            Form::NaN(_) => return f64::NAN,
            Form::Infinite => f64::INFINITY,
            Form::Finite { digits, exponent } => format!("{digits}e{exponent}")
                .parse()
                .unwrap_or(f64::INFINITY),
        };
        if self.negative { -magnitude } else { magnitude }
    }

    /// `int(self)`: towards zero.
    pub fn to_int(&self) -> Result<Value> {
        match &self.form {
            Form::NaN(_) => Err(VALUE_ERROR.error("cannot convert NaN to integer")),
            Form::Infinite => Err(OVERFLOW_ERROR.error("cannot convert Infinity to integer")),
            Form::Finite { .. } => Ok(Value::big(self.rounded_int(Rounding::Down)?)),
        }
    }

    /// The whole number by a rounding.
    fn rounded_int(&self, rounding: Rounding) -> Result<BigInt> {
        let Some((digits, exponent)) = self.parts() else {
            return Err(invalid());
        };
        let magnitude = if exponent >= 0 {
            if exponent > 100_000 {
                return Err(OVERFLOW_ERROR.error("cannot convert so large a Decimal to int"));
            }
            digits * ten_to(exponent)
        } else {
            drop_digits(digits, -exponent, self.negative, rounding)
        };
        let sign = if self.negative {
            Sign::Minus
        } else {
            Sign::Plus
        };
        Ok(BigInt::from_biguint(sign, magnitude))
    }

    /// The same number with `places` digits behind its point, by a rounding.
    pub fn rescale(&self, places: i64, rounding: Rounding) -> Self {
        self.with_exponent(-places, rounding)
    }

    fn with_exponent(&self, wanted: i64, rounding: Rounding) -> Self {
        let Some((digits, exponent)) = self.parts() else {
            return self.clone();
        };
        if digits.is_zero() {
            return Self::finite(self.negative, BigUint::zero(), wanted);
        }
        let digits = if exponent >= wanted {
            digits * ten_to((exponent - wanted).min(2_000_000))
        } else {
            drop_digits(digits, wanted - exponent, self.negative, rounding)
        };
        Self::finite(self.negative, digits, wanted)
    }

    /// Rounded to the context's precision; Overflow beyond its exponents.
    fn fix(self, context: &Context) -> Result<Self> {
        let Some((digits, exponent)) = self.parts() else {
            return Ok(self);
        };
        let excess = digit_count(digits) - context.precision;
        let fixed = if excess > 0 {
            let kept = drop_digits(digits, excess, self.negative, context.rounding);
            // Rounding 999 up makes one digit more.
            if digit_count(&kept) > context.precision {
                Self::finite(
                    self.negative,
                    kept / BigUint::from(10_u32),
                    exponent + excess + 1,
                )
            } else {
                Self::finite(self.negative, kept, exponent + excess)
            }
        } else {
            self
        };
        if fixed.adjusted() > MAX_EXPONENT && !fixed.is_zero() {
            return Err(signal(&DECIMAL_OVERFLOW, &DECIMAL_OVERFLOW));
        }
        Ok(fixed)
    }

    /// Python's hash of a number: its value modulo a prime; `None` for a NaN.
    pub fn numeric_hash(&self, modulus: u64) -> Option<i64> {
        let (digits, exponent) = match &self.form {
            Form::NaN(_) => return None,
            Form::Infinite => return Some(if self.negative { -314_159 } else { 314_159 }),
            Form::Finite { digits, exponent } => (digits, *exponent),
        };
        let prime = BigUint::from(modulus);
        // By Fermat, a division is a multiplication by a power.
        let power = if exponent >= 0 {
            BigUint::from(exponent.unsigned_abs())
        } else {
            (&prime - 2_u32) * exponent.unsigned_abs()
        };
        let hash = digits * BigUint::from(10_u32).modpow(&power, &prime) % prime;
        let hash = hash.to_i64()?;
        Some(if self.negative { -hash } else { hash })
    }

    /// Without the zeros at its end.
    fn normalized(&self) -> Self {
        let Some((digits, exponent)) = self.parts() else {
            return self.clone();
        };
        if digits.is_zero() {
            return Self::finite(self.negative, BigUint::zero(), 0);
        }
        let (mut digits, mut exponent) = (digits.clone(), exponent);
        let ten = BigUint::from(10_u32);
        loop {
            let (quotient, rest) = digits.div_rem(&ten);
            if !rest.is_zero() {
                return Self::finite(self.negative, digits, exponent);
            }
            digits = quotient;
            exponent += 1;
        }
    }
}

/// `digits` without its last `count`, rounded.
fn drop_digits(digits: &BigUint, count: i64, negative: bool, rounding: Rounding) -> BigUint {
    // Beyond its digits only "something" is left to round by.
    let count = count.min(digit_count(digits) + 1);
    let unit = ten_to(count);
    let (kept, rest) = digits.div_rem(&unit);
    if rest.is_zero() {
        return kept;
    }
    let half = (&rest << 1_u32).cmp(&unit);
    let up = match rounding {
        Rounding::Down => false,
        Rounding::Up => true,
        Rounding::Ceiling => !negative,
        Rounding::Floor => negative,
        Rounding::HalfUp => half.is_ge(),
        Rounding::HalfDown => half.is_gt(),
        Rounding::HalfEven => half.is_gt() || (half.is_eq() && kept.is_odd()),
        Rounding::ZeroFiveUp => {
            let last = (&kept % BigUint::from(10_u32)).to_u32();
            matches!(last, Some(0 | 5))
        }
    };
    if up { kept + BigUint::one() } else { kept }
}
