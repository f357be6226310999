//! `datetime.timedelta`.

use std::fmt;
use std::rc::Rc;

use super::{OBJECT, number};
use crate::object::exceptions::{OVERFLOW_ERROR, TYPE_ERROR, ZERO_DIVISION_ERROR};
use crate::object::types::{class_of, float, number_of};
use crate::object::{
    Args, BinaryOp, Class, CompareOp, Cx, Members, Object, Result, Signature, TypeSpec, UnaryOp,
    Value, hash_sequence,
};

/// `datetime.timedelta`.
pub static TIMEDELTA: TypeSpec = TypeSpec::new("datetime", "timedelta")
    .names_module()
    .bases(&[&OBJECT])
    .construct(construct)
    .members(members);

const DAY: i128 = 86_400_000_000;
const SECOND: i128 = 1_000_000;
const MAX_DAYS: i128 = 999_999_999;

/// A duration in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeDelta {
    micros: i128,
}

impl TimeDelta {
    /// A duration; OverflowError beyond Python's range.
    pub fn new(micros: i128) -> Result<Self> {
        let days = micros.div_euclid(DAY);
        if days.abs() > MAX_DAYS {
            return Err(
                OVERFLOW_ERROR.error(format!("days={days}; must have magnitude <= {MAX_DAYS}"))
            );
        }
        Ok(Self { micros })
    }
    /// A duration of whole microseconds that is surely in range.
    pub fn of_micros(micros: i64) -> Self {
        Self {
            micros: i128::from(micros),
        }
    }
    /// The microseconds.
    pub fn micros(self) -> i128 {
        self.micros
    }
    /// The seconds, with their fraction.
    #[expect(clippy::cast_precision_loss, reason = "as Python's division")]
    pub fn total_seconds(self) -> f64 {
        self.micros as f64 / SECOND as f64
    }
    /// Days, seconds and microseconds as Python normalizes them.
    pub fn parts(self) -> (i64, i64, i64) {
        let part = |number: i128| i64::try_from(number).unwrap_or(0);
        (
            part(self.micros.div_euclid(DAY)),
            part(self.micros.rem_euclid(DAY) / SECOND),
            part(self.micros.rem_euclid(SECOND)),
        )
    }
}

impl fmt::Display for TimeDelta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, seconds, micros) = self.parts();
        if days != 0 {
            let plural = if days.abs() == 1 { "" } else { "s" };
            write!(f, "{days} day{plural}, ")?;
        }
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        write!(f, "{hours}:{minutes:02}:{:02}", seconds % 60)?;
        if micros != 0 {
            write!(f, ".{micros:06}")?;
        }
        Ok(())
    }
}

impl Object for TimeDelta {
    fn spec(&self) -> &'static TypeSpec {
        &TIMEDELTA
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        let (days, seconds, micros) = self.parts();
        let shown: Vec<String> = [
            ("days", days),
            ("seconds", seconds),
            ("microseconds", micros),
        ]
        .into_iter()
        .filter(|(_, value)| *value != 0)
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
        let shown = if shown.is_empty() {
            "0".to_owned()
        } else {
            shown.join(", ")
        };
        Ok(Some(format!("datetime.timedelta({shown})")))
    }
    fn str(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(self.to_string()))
    }
    fn truthy(&self, _cx: &Cx) -> Result<Option<bool>> {
        Ok(Some(self.micros != 0))
    }
    fn hash(&self, _cx: &Cx) -> Result<Option<u64>> {
        let (days, seconds, micros) = self.parts();
        let parts = [days, seconds, micros].map(i64::cast_unsigned);
        Ok(Some(hash_sequence(parts.into_iter())))
    }
    fn compare(
        &self,
        _this: &Value,
        op: CompareOp,
        other: &Value,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(other
            .downcast::<Self>()
            .map(|other| Value::Bool(op.holds(self.cmp(other)))))
    }
    fn unary(&self, _this: &Value, op: UnaryOp, _cx: &Cx) -> Result<Option<Value>> {
        Ok(match op {
            UnaryOp::Neg => Some(Value::object(Self::new(-self.micros)?)),
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
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        if let Some(other) = other.downcast::<Self>() {
            let (a, b) = if reflected {
                (other, self)
            } else {
                (self, other)
            };
            return between(op, *a, *b);
        }
        with_number(*self, op, other, reflected)
    }
}

fn nonzero(number: i128) -> Result<i128> {
    if number == 0 {
        return Err(ZERO_DIVISION_ERROR.error("integer division or modulo by zero"));
    }
    Ok(number)
}

#[expect(clippy::cast_precision_loss, reason = "as Python's division")]
fn between(op: BinaryOp, a: TimeDelta, b: TimeDelta) -> Result<Option<Value>> {
    Ok(Some(match op {
        BinaryOp::Add => Value::object(TimeDelta::new(a.micros + b.micros)?),
        BinaryOp::Sub => Value::object(TimeDelta::new(a.micros - b.micros)?),
        BinaryOp::TrueDiv if b.micros == 0 => {
            return Err(ZERO_DIVISION_ERROR.error("division by zero"));
        }
        BinaryOp::TrueDiv => Value::Float(a.micros as f64 / b.micros as f64),
        BinaryOp::FloorDiv => {
            let quotient = floor_div(a.micros, nonzero(b.micros)?);
            Value::Int(i64::try_from(quotient).unwrap_or(i64::MAX))
        }
        BinaryOp::Mod => {
            let divisor = nonzero(b.micros)?;
            let rest = a.micros - floor_div(a.micros, divisor) * divisor;
            Value::object(TimeDelta::new(rest)?)
        }
        _ => return Ok(None),
    }))
}

fn floor_div(a: i128, b: i128) -> i128 {
    let quotient = a / b;
    if a % b != 0 && (a < 0) != (b < 0) {
        quotient - 1
    } else {
        quotient
    }
}

fn with_number(
    delta: TimeDelta,
    op: BinaryOp,
    other: &Value,
    reflected: bool,
) -> Result<Option<Value>> {
    let micros = match (number_of(other), op) {
        (Some(Value::Int(number)), BinaryOp::Mul) => {
            delta.micros.saturating_mul(i128::from(number))
        }
        (Some(Value::Float(number)), BinaryOp::Mul) => scaled(delta, number)?,
        (Some(Value::Int(number)), BinaryOp::FloorDiv) if !reflected => {
            floor_div(delta.micros, nonzero(i128::from(number))?)
        }
        (Some(Value::Int(number)), BinaryOp::TrueDiv) if !reflected => {
            let divisor = i128::from(number);
            if divisor == 0 {
                return Err(ZERO_DIVISION_ERROR.error("division by zero"));
            }
            half_even(delta.micros, divisor)
        }
        (Some(Value::Float(number)), BinaryOp::TrueDiv) if !reflected => {
            if number == 0.0 {
                return Err(ZERO_DIVISION_ERROR.error("division by zero"));
            }
            scaled(delta, 1.0 / number)?
        }
        _ => return Ok(None),
    };
    Ok(Some(Value::object(TimeDelta::new(micros)?)))
}

fn half_even(a: i128, b: i128) -> i128 {
    let (a, b) = if b < 0 { (-a, -b) } else { (a, b) };
    let quotient = a.div_euclid(b);
    let twice = a.rem_euclid(b) * 2;
    if twice > b || (twice == b && quotient % 2 != 0) {
        quotient + 1
    } else {
        quotient
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "the range is checked where the duration is made"
)]
fn scaled(delta: TimeDelta, by: f64) -> Result<i128> {
    let product = delta.micros as f64 * by;
    if !product.is_finite() {
        return Err(OVERFLOW_ERROR.error("cannot convert float infinity to integer"));
    }
    Ok(product.round_ties_even() as i128)
}

const UNITS: [(&str, i128); 7] = [
    ("days", DAY),
    ("seconds", SECOND),
    ("microseconds", 1),
    ("milliseconds", 1000),
    ("minutes", 60 * SECOND),
    ("hours", 3600 * SECOND),
    ("weeks", 7 * DAY),
];

fn construct(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    let signature = Signature::parse(
        "timedelta(days=0, seconds=0, microseconds=0, milliseconds=0, minutes=0, hours=0, \
         weeks=0)",
        None,
    );
    let unknown = args
        .kw
        .iter()
        .find(|(name, _)| UNITS.iter().all(|(known, _)| *known != name.as_str()));
    if let Some((name, _)) = unknown {
        return Err(TYPE_ERROR.error(format!(
            "'{name}' is an invalid keyword argument for __new__()"
        )));
    }
    let bound = signature.bind(args)?;
    let mut whole: i128 = 0;
    let mut fraction = 0.0;
    for (name, unit) in UNITS {
        match bound.given(name) {
            None => {}
            Some(value) => match number_of(value) {
                Some(Value::Float(number)) => {
                    if !number.is_finite() {
                        float::to_int(number)?;
                    }
                    #[expect(
                        clippy::cast_precision_loss,
                        clippy::cast_possible_truncation,
                        reason = "units are small; the sum is checked"
                    )]
                    {
                        whole = whole.saturating_add(number.trunc() as i128 * unit);
                        fraction += number.fract() * unit as f64;
                    }
                }
                Some(_) => {
                    let number = number(&bound, name, 0, cx)?;
                    whole = whole.saturating_add(i128::from(number).saturating_mul(unit));
                }
                None => {
                    return Err(TYPE_ERROR.error(format!(
                        "unsupported type for timedelta {name} component: {}",
                        class_of(value, cx).error_name()
                    )));
                }
            },
        }
    }
    #[expect(clippy::cast_possible_truncation, reason = "it is below a week")]
    let fraction = fraction.round_ties_even() as i128;
    Ok(Value::object(TimeDelta::new(
        whole.saturating_add(fraction),
    )?))
}

fn members(members: &mut Members) {
    members
        .getter("days", |delta: &TimeDelta, _| Ok(delta.parts().0.into()))
        .getter("seconds", |delta: &TimeDelta, _| Ok(delta.parts().1.into()))
        .getter("microseconds", |delta: &TimeDelta, _| {
            Ok(delta.parts().2.into())
        })
        .method("total_seconds(/)", |delta: &TimeDelta, _, _| {
            Ok(Value::Float(delta.total_seconds()))
        })
        .method("__abs__(/)", |delta: &TimeDelta, _, _| {
            Ok(Value::object(TimeDelta::new(delta.micros.abs())?))
        })
        .constant(
            "min",
            Value::object(TimeDelta {
                micros: -MAX_DAYS * DAY,
            }),
        )
        .constant(
            "max",
            Value::object(TimeDelta {
                micros: (MAX_DAYS + 1) * DAY - 1,
            }),
        )
        .constant("resolution", Value::object(TimeDelta { micros: 1 }));
}
