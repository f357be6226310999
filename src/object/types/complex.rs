//! `complex`: its arithmetic, its reading and its writing.

use std::rc::Rc;

use super::format::{Spec, format_float};
use super::{float, number_of};
use crate::object::exceptions::{OVERFLOW_ERROR, TYPE_ERROR, VALUE_ERROR, ZERO_DIVISION_ERROR};
use crate::object::{
    Args, BinaryOp, Class, CompareOp, Cx, Members, Object, Result, TypeSpec, UnaryOp, Value,
    class_of, hash_sequence, hash_value,
};

/// The class.
pub static COMPLEX: TypeSpec = TypeSpec::new("builtins", "complex")
    .construct(construct)
    .members(members);

/// A complex number.
#[derive(Clone, Copy)]
pub struct Complex {
    re: f64,
    im: f64,
}

const ONE: Complex = Complex { re: 1.0, im: 0.0 };

impl Complex {
    /// The number of these parts.
    pub fn value(re: f64, im: f64) -> Value {
        Value::object(Self { re, im })
    }

    fn times(self, other: Self) -> Self {
        Self {
            re: self.re * other.re - self.im * other.im,
            im: self.re * other.im + self.im * other.re,
        }
    }

    /// By the greater part of the divisor, so that no intermediate overflows.
    fn over(self, other: Self) -> Result<Self> {
        if other.re == 0.0 && other.im == 0.0 {
            return Err(ZERO_DIVISION_ERROR.error("complex division by zero"));
        }
        Ok(if other.re.abs() >= other.im.abs() {
            let ratio = other.im / other.re;
            let scale = other.re + other.im * ratio;
            Self {
                re: (self.re + self.im * ratio) / scale,
                im: (self.im - self.re * ratio) / scale,
            }
        } else {
            let ratio = other.re / other.im;
            let scale = other.re * ratio + other.im;
            Self {
                re: (self.re * ratio + self.im) / scale,
                im: (self.im * ratio - self.re) / scale,
            }
        })
    }

    fn whole_power(self, mut power: u32) -> Self {
        let (mut result, mut square) = (ONE, self);
        while power > 0 {
            if power & 1 == 1 {
                result = result.times(square);
            }
            square = square.times(square);
            power >>= 1;
        }
        result
    }

    fn power(self, other: Self) -> Result<Self> {
        let zero_base = || ZERO_DIVISION_ERROR.error("0.0 to a negative or complex power");
        let whole = other.im == 0.0 && other.re == other.re.floor() && other.re.abs() <= 100.0;
        if whole {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a whole number of at most 100"
            )]
            let power = self.whole_power(other.re.abs() as u32);
            return if other.re > 0.0 {
                Ok(power)
            } else {
                ONE.over(power).map_err(|_| zero_base())
            };
        }
        if self.re == 0.0 && self.im == 0.0 {
            if other.im != 0.0 || other.re < 0.0 {
                return Err(zero_base());
            }
            return Ok(Self { re: 0.0, im: 0.0 });
        }
        let length = self.re.hypot(self.im);
        let angle = self.im.atan2(self.re);
        let mut size = length.powf(other.re);
        let mut phase = angle * other.re;
        if other.im != 0.0 {
            size *= (-angle * other.im).exp();
            phase += other.im * length.ln();
        }
        let result = Self {
            re: size * phase.cos(),
            im: size * phase.sin(),
        };
        if !result.re.is_finite() || !result.im.is_finite() {
            return Err(OVERFLOW_ERROR.error("complex exponentiation"));
        }
        Ok(result)
    }

    fn length(self) -> Result<f64> {
        let length = self.re.hypot(self.im);
        if length.is_infinite() && self.re.is_finite() && self.im.is_finite() {
            return Err(OVERFLOW_ERROR.error("absolute value too large"));
        }
        Ok(length)
    }

    fn text(self) -> String {
        let part = |number: f64| {
            let text = float::repr(number);
            text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
        };
        if self.re == 0.0 && self.re.is_sign_positive() {
            return format!("{}j", part(self.im));
        }
        let imaginary = part(self.im);
        let plus = if imaginary.starts_with('-') { "" } else { "+" };
        format!("({}{plus}{imaginary}j)", part(self.re))
    }
}

/// `base ** power` of floats whose result is complex.
pub fn power_of_floats(base: f64, power: f64) -> Result<Value> {
    let base = Complex { re: base, im: 0.0 };
    let power = Complex { re: power, im: 0.0 };
    base.power(power).map(Value::object)
}

/// Any number as a complex one.
fn operand(value: &Value, cx: &Cx) -> Result<Option<Complex>> {
    if let Some(complex) = value.downcast::<Complex>() {
        return Ok(Some(*complex));
    }
    let Some(number) = number_of(value) else {
        return Ok(None);
    };
    Ok(float::to_float(&number, cx)?.map(|re| Complex { re, im: 0.0 }))
}

/// Read `1+2j`, with or without parentheses.
fn parse(text: &str) -> Option<Complex> {
    let mut text = text.trim();
    if let Some(inner) = text.strip_prefix('(') {
        text = inner.strip_suffix(')')?.trim();
    }
    let Some(body) = text.strip_suffix(['j', 'J']) else {
        return float::parse(text).map(|re| Complex { re, im: 0.0 });
    };
    let bytes = body.as_bytes();
    let sign = (1..bytes.len())
        .rev()
        .find(|at| matches!(bytes[*at], b'+' | b'-') && !matches!(bytes[*at - 1], b'e' | b'E'));
    let (real, imaginary) = body.split_at(sign.unwrap_or(0));
    let im = match imaginary {
        "" | "+" => 1.0,
        "-" => -1.0,
        digits => float::parse(digits).filter(|_| digits.trim() == digits)?,
    };
    let re = match real {
        "" => 0.0,
        digits => float::parse(digits).filter(|_| digits.trim() == digits)?,
    };
    Some(Complex { re, im })
}

fn construct(_class: &Rc<Class>, mut args: Args, cx: &Cx) -> Result<Value> {
    let given = args.pos.len() + args.kw.len();
    let real = args
        .take_keyword("real")
        .or_else(|| args.pos.first().cloned());
    let imag = args
        .take_keyword("imag")
        .or_else(|| args.pos.get(1).cloned());
    if let Some((name, _)) = args.kw.first() {
        return Err(TYPE_ERROR.error(format!(
            "'{name}' is an invalid keyword argument for complex()"
        )));
    }
    if given > 2 {
        return Err(TYPE_ERROR.error(format!(
            "complex() takes at most 2 arguments ({given} given)"
        )));
    }
    if let Some(Value::Str(text)) = &real {
        if imag.is_some() {
            return Err(TYPE_ERROR.error("complex() can't take second arg if first is a string"));
        }
        let number =
            parse(text).ok_or_else(|| VALUE_ERROR.error("complex() arg is a malformed string"))?;
        return Ok(Value::object(number));
    }
    let part = |value: &Value, message: &str| -> Result<Complex> {
        if let Some(answer) = super::call_special(value, "__complex__", cx)?
            && let Some(number) = answer.downcast::<Complex>()
        {
            return Ok(*number);
        }
        if let Some(number) = operand(value, cx)? {
            return Ok(number);
        }
        match float::to_float(value, cx)? {
            Some(re) => Ok(Complex { re, im: 0.0 }),
            None => Err(TYPE_ERROR.error(format!(
                "complex() {message}, not '{}'",
                class_of(value, cx).error_name()
            ))),
        }
    };
    let mut number = match &real {
        Some(real) => part(real, "first argument must be a string or a number")?,
        None => Complex { re: 0.0, im: 0.0 },
    };
    if let Some(imag) = &imag {
        if matches!(imag, Value::Str(_)) {
            return Err(TYPE_ERROR.error("complex() second arg can't be a string"));
        }
        let imag = part(imag, "second argument must be a number")?;
        number.re -= imag.im;
        number.im = if number.im == 0.0 {
            imag.re
        } else {
            number.im + imag.re
        };
    }
    Ok(Value::object(number))
}

impl Object for Complex {
    fn spec(&self) -> &'static TypeSpec {
        &COMPLEX
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(self.text()))
    }
    fn truthy(&self, _cx: &Cx) -> Result<Option<bool>> {
        Ok(Some(self.re != 0.0 || self.im != 0.0))
    }
    fn hash(&self, cx: &Cx) -> Result<Option<u64>> {
        let re = hash_value(&Value::Float(self.re), cx)?;
        if self.im == 0.0 {
            return Ok(Some(re));
        }
        let im = hash_value(&Value::Float(self.im), cx)?;
        Ok(Some(hash_sequence([re, im].into_iter())))
    }
    fn stands_for(&self) -> Option<Value> {
        (self.im == 0.0).then_some(Value::Float(self.re))
    }
    fn compare(
        &self,
        _this: &Value,
        op: CompareOp,
        other: &Value,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(None);
        }
        Ok(operand(other, cx)?.map(|other| {
            let same = self.re == other.re && self.im == other.im;
            Value::Bool(same == (op == CompareOp::Eq))
        }))
    }
    fn unary(&self, _this: &Value, op: UnaryOp, _cx: &Cx) -> Result<Option<Value>> {
        Ok(match op {
            UnaryOp::Neg => Some(Self::value(-self.re, -self.im)),
            UnaryOp::Pos => Some(Value::object(*self)),
            UnaryOp::Invert => None,
        })
    }
    fn binary(
        &self,
        _this: &Value,
        op: BinaryOp,
        other: &Value,
        reflected: bool,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        let Some(other) = operand(other, cx)? else {
            return Ok(None);
        };
        let (a, b) = if reflected {
            (other, *self)
        } else {
            (*self, other)
        };
        let result = match op {
            BinaryOp::Add => Self {
                re: a.re + b.re,
                im: a.im + b.im,
            },
            BinaryOp::Sub => Self {
                re: a.re - b.re,
                im: a.im - b.im,
            },
            BinaryOp::Mul => a.times(b),
            BinaryOp::TrueDiv => a.over(b)?,
            BinaryOp::Pow => a.power(b)?,
            _ => return Ok(None),
        };
        Ok(Some(Value::object(result)))
    }
    fn format(&self, spec: &str, _cx: &Cx) -> Result<Option<String>> {
        if spec.is_empty() {
            return Ok(Some(self.text()));
        }
        let parsed = Spec::parse(spec, "complex")?;
        if parsed.fill == '0' {
            return Err(
                VALUE_ERROR.error("Zero padding is not allowed in complex format specifier")
            );
        }
        if parsed.align == Some('=') {
            return Err(
                VALUE_ERROR.error("'=' alignment flag is not allowed in complex format specifier")
            );
        }
        let mut digits = String::new();
        if parsed.alternate {
            digits.push('#');
        }
        digits.extend(parsed.grouping);
        if let Some(precision) = parsed.precision {
            digits.push_str(&format!(".{precision}"));
        }
        digits.extend(parsed.kind);
        let sign: String = parsed.sign.into_iter().collect();
        let re = format_float(self.re, &format!("{sign}{digits}"), "complex")?;
        let im = format_float(self.im, &format!("+{digits}"), "complex")?;
        let text = if parsed.kind.is_some() || parsed.precision.is_some() {
            format!("{re}{im}j")
        } else {
            self.text()
        };
        Ok(Some(parsed.pad(&text, '>')))
    }
}

fn members(members: &mut Members) {
    members
        .getter("real", |own: &Complex, _| Ok(Value::Float(own.re)))
        .getter("imag", |own: &Complex, _| Ok(Value::Float(own.im)))
        .method("conjugate(/)", |own: &Complex, _, _| {
            Ok(Complex::value(own.re, -own.im))
        })
        .method("__abs__(/)", |own: &Complex, _, _| {
            own.length().map(Value::Float)
        })
        .method("__complex__(/)", |own: &Complex, _, _| {
            Ok(Value::object(*own))
        });
}
