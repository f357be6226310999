//! Decimals as text: reading, `str()`, `format()`.

use std::fmt;

use num_bigint::BigUint;
use num_traits::Zero;

use super::{Decimal, Form, Rounding, digit_count};
use crate::object::Result;
use crate::object::exceptions::VALUE_ERROR;
use crate::object::types::format::Spec;

impl Decimal {
    /// Read a decimal as `Decimal(text)` does.
    pub fn parse(text: &str) -> Option<Self> {
        let text: String = text.trim().chars().filter(|c| *c != '_').collect();
        let (negative, body) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(&text)),
        };
        match body.to_ascii_lowercase().as_str() {
            "inf" | "infinity" => return Some(Self::infinite(negative)),
            word => {
                for (prefix, signaling) in [("snan", true), ("nan", false)] {
                    if let Some(rest) = word.strip_prefix(prefix) {
                        return rest.bytes().all(|b| b.is_ascii_digit()).then_some(Self {
                            negative,
                            form: Form::NaN(signaling),
                        });
                    }
                }
            }
        }
        let (mantissa, exponent) = match body.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => {
                let sign_free = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
                if sign_free.is_empty() || !sign_free.bytes().all(|b| b.is_ascii_digit()) {
                    return None;
                }
                (mantissa, exponent.parse::<i64>().ok()?)
            }
            None => (body, 0),
        };
        if exponent.abs() > 1_000_000_000 {
            return None;
        }
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let places = i64::try_from(fraction.len()).ok()?;
        let digits = BigUint::parse_bytes(digits.as_bytes(), 10)?;
        Some(Self::finite(negative, digits, exponent - places))
    }

    /// `format(self, spec)`.
    pub fn format(&self, text: &str) -> Result<String> {
        let spec = Spec::parse(text, "decimal.Decimal")
            .map_err(|_| VALUE_ERROR.error("invalid format string"))?;
        let kind = spec.kind.unwrap_or('g');
        if !matches!(kind, 'e' | 'E' | 'f' | 'F' | 'g' | 'G' | 'n' | '%') {
            return Err(VALUE_ERROR.error("invalid format string"));
        }
        let sign = spec.sign_text(self.negative);
        let Some((digits, exponent)) = self.parts() else {
            let word = if self.is_nan() { "NaN" } else { "Infinity" };
            return Ok(spec.pad_signed(sign, word, '>'));
        };
        let mut exponent = exponent;
        if kind == '%' {
            exponent += 2;
        }
        let mut number = Self::finite(self.negative, digits.clone(), exponent);
        let rounding = super::Context::current().rounding;
        if let Some(precision) = spec.precision {
            let precision = i64::try_from(precision).unwrap_or(0);
            number = match kind.to_ascii_lowercase() {
                'e' => number.to_significant(precision + 1, rounding),
                'f' | '%' => number.with_exponent(-precision, rounding),
                _ if digit_count(digits) > precision => {
                    number.to_significant(precision.max(1), rounding)
                }
                _ => number,
            };
        } else if matches!(kind, 'f' | 'F' | '%') && exponent > 0 {
            number = number.with_exponent(0, rounding);
        }
        let Some((digits, exponent)) = number.parts() else {
            return Ok(String::new());
        };
        let left = exponent + digit_count(digits);
        let point = match kind.to_ascii_lowercase() {
            'e' => 1,
            'f' | '%' => left,
            _ if exponent <= 0 && left > -6 => left,
            _ => 1,
        };
        let (whole, mut rest) = split(&digits.to_string(), point);
        let shown_exponent = left - point;
        if shown_exponent != 0 || matches!(kind, 'e' | 'E') {
            let letter = if matches!(kind, 'E' | 'G') || spec.kind.is_none() {
                'E'
            } else {
                'e'
            };
            rest.push_str(&format!("{letter}{shown_exponent:+}"));
        }
        if kind == '%' {
            rest.push('%');
        }
        Ok(spec.pad_number(sign, &whole, &rest, 3))
    }

    fn to_significant(&self, count: i64, rounding: Rounding) -> Self {
        let Some((digits, exponent)) = self.parts() else {
            return self.clone();
        };
        if digits.is_zero() {
            return Self::finite(self.negative, BigUint::zero(), 1 - count);
        }
        let excess = digit_count(digits) - count;
        let rounded = self.with_exponent(exponent + excess, rounding);
        match rounded.parts() {
            Some((digits, exponent)) if digit_count(digits) > count => {
                rounded.with_exponent(exponent + 1, rounding)
            }
            _ => rounded,
        }
    }
}

/// The digits in front of and (with the point) behind place `point`.
fn split(digits: &str, point: i64) -> (String, String) {
    let len = i64::try_from(digits.len()).unwrap_or(i64::MAX);
    let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or(0));
    if point <= 0 {
        return ("0".to_owned(), format!(".{}{digits}", zeros(-point)));
    }
    if point >= len {
        return (format!("{digits}{}", zeros(point - len)), String::new());
    }
    let (whole, rest) = digits.split_at(usize::try_from(point).unwrap_or(0));
    (whole.to_owned(), format!(".{rest}"))
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        let (digits, exponent) = match &self.form {
            Form::Infinite => return f.write_str("Infinity"),
            Form::NaN(true) => return f.write_str("sNaN"),
            Form::NaN(false) => return f.write_str("NaN"),
            Form::Finite { digits, exponent } => (digits.to_string(), *exponent),
        };
        let left = exponent + i64::try_from(digits.len()).unwrap_or(0);
        let point = if exponent <= 0 && left > -6 { left } else { 1 };
        let (whole, rest) = split(&digits, point);
        write!(f, "{whole}{rest}")?;
        if left != point {
            write!(f, "E{:+}", left - point)?;
        }
        Ok(())
    }
}
