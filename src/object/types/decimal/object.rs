//! `Decimal` as scripts see it: construction, operators with ints, methods.

use std::cmp::Ordering;
use std::rc::Rc;

use num_bigint::{BigInt, BigUint, Sign};
use num_traits::Zero;

use super::super::{OBJECT, base_value, float, int};
use super::{CONVERSION_SYNTAX, Decimal, Form, INVALID_OPERATION, Rounding, signal};
use crate::object::exceptions::{OVERFLOW_ERROR, TYPE_ERROR, VALUE_ERROR};
use crate::object::{
    Args, BinaryOp, Bound, Class, CompareOp, Cx, Members, Object, Result, TypeSpec, UnaryOp, Value,
    class_of, hash_str, hash_value,
};

/// `decimal.Decimal`.
pub static DECIMAL: TypeSpec = TypeSpec::new("decimal", "Decimal")
    .names_module()
    .bases(&[&OBJECT])
    .construct(construct)
    .members(members);

fn construct(_class: &Rc<Class>, mut args: Args, cx: &Cx) -> Result<Value> {
    if let Some(value) = args.take_keyword("value") {
        args.pos.insert(0, value);
    }
    let Some(value) = args.pos.first() else {
        return Ok(Value::object(Decimal::from_int(&BigInt::zero())));
    };
    if let Some(decimal) = value.downcast::<Decimal>() {
        return Ok(Value::object(decimal.clone()));
    }
    Ok(Value::object(match base_value(value) {
        Value::Str(text) => {
            Decimal::parse(&text).ok_or_else(|| signal(&INVALID_OPERATION, &CONVERSION_SYNTAX))?
        }
        Value::Float(number) => Decimal::from_f64(number),
        Value::Tuple(parts) => from_tuple(&parts, cx)?,
        Value::List(parts) => from_tuple(&parts.to_vec(), cx)?,
        other => match int::to_big(&other) {
            Some(number) => Decimal::from_int(&number),
            None => {
                return Err(TYPE_ERROR.error(format!(
                    "conversion from {} to Decimal is not supported",
                    class_of(value, cx).error_name()
                )));
            }
        },
    }))
}

fn from_tuple(parts: &[Value], cx: &Cx) -> Result<Decimal> {
    let [sign, digits, exponent] = parts else {
        return Err(VALUE_ERROR.error("argument must be a sequence of length 3"));
    };
    let digits: String = cx
        .collect(digits)?
        .iter()
        .map(|digit| digit.as_int().unwrap_or(0).to_string())
        .collect();
    let digits = BigUint::parse_bytes(digits.as_bytes(), 10).unwrap_or_default();
    Ok(Decimal::finite(
        sign.as_int() == Some(1),
        digits,
        exponent.as_int().unwrap_or(0),
    ))
}

/// The decimal that `value` is or, as an int, stands for.
pub fn operand(value: &Value) -> Option<Decimal> {
    if let Some(decimal) = value.downcast::<Decimal>() {
        return Some(decimal.clone());
    }
    int::to_big(value).map(|number| Decimal::from_int(&number))
}

impl Object for Decimal {
    fn spec(&self) -> &'static TypeSpec {
        &DECIMAL
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(format!("Decimal('{self}')")))
    }
    fn str(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(self.to_string()))
    }
    fn truthy(&self, _cx: &Cx) -> Result<Option<bool>> {
        Ok(Some(!self.is_zero()))
    }
    fn hash(&self, cx: &Cx) -> Result<Option<u64>> {
        let float = self.to_f64();
        let exact = float.is_finite()
            && Self::from_f64(float)
                .order(self)
                .is_some_and(Ordering::is_eq);
        if exact {
            return hash_value(&Value::Float(float), cx).map(Some);
        }
        let normal = self.normalized();
        match normal.parts() {
            Some((_, exponent)) if (0..64).contains(&exponent) => {
                hash_value(&normal.to_int()?, cx).map(Some)
            }
            _ => Ok(Some(hash_str(&normal.to_string()))),
        }
    }
    fn format(&self, spec: &str, _cx: &Cx) -> Result<Option<String>> {
        if spec.is_empty() {
            return Ok(Some(self.to_string()));
        }
        Self::format(self, spec).map(Some)
    }
    fn binary(
        &self,
        _this: &Value,
        op: BinaryOp,
        other: &Value,
        reflected: bool,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        let Some(other) = operand(other) else {
            return Ok(None);
        };
        let answer = if reflected {
            other.binary(op, self)?
        } else {
            self.binary(op, &other)?
        };
        Ok(answer.map(Value::object))
    }
    fn compare(
        &self,
        _this: &Value,
        op: CompareOp,
        other: &Value,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        let other = match other {
            Value::Float(number) => Self::from_f64(*number),
            _ => match operand(other) {
                Some(other) => other,
                None => return Ok(None),
            },
        };
        Ok(Some(Value::Bool(match self.order(&other) {
            Some(order) => op.holds(order),
            None => match op {
                CompareOp::Eq => false,
                CompareOp::Ne => true,
                _ => return Err(signal(&INVALID_OPERATION, &INVALID_OPERATION)),
            },
        })))
    }
    fn unary(&self, _this: &Value, op: UnaryOp, _cx: &Cx) -> Result<Option<Value>> {
        let number = match op {
            UnaryOp::Neg if self.is_zero() => self.clone().with_sign(false),
            UnaryOp::Neg => self.clone().with_sign(!self.negative),
            UnaryOp::Pos => self.clone(),
            UnaryOp::Invert => return Ok(None),
        };
        Ok(Some(Value::object(number.plus()?)))
    }
}

fn other(a: &Bound<'_>, cx: &Cx) -> Result<Decimal> {
    operand(a.at(0)).ok_or_else(|| {
        TYPE_ERROR.error(format!(
            "conversion from {} to Decimal is not supported",
            class_of(a.at(0), cx).error_name()
        ))
    })
}

fn members(members: &mut Members) {
    members
        .with(conversions)
        .with(tests)
        .method(
            "quantize(exp, rounding=None, context=None)",
            |own: &Decimal, a, cx| {
                let rounding = a.some("rounding").map(Rounding::named).transpose()?;
                Ok(Value::object(own.quantize(&other(a, cx)?, rounding)?))
            },
        )
        .method("normalize(context=None)", |own: &Decimal, _, _| {
            Ok(Value::object(own.plus()?.normalized()))
        })
        .method("sqrt(context=None)", |own: &Decimal, _, _| {
            Ok(Value::object(own.sqrt()?))
        })
        .method("exp(context=None)", |own: &Decimal, _, _| {
            Ok(Value::object(own.exp()?))
        })
        .method("ln(context=None)", |own: &Decimal, _, _| {
            Ok(Value::object(own.logarithm(false)?))
        })
        .method("log10(context=None)", |own: &Decimal, _, _| {
            Ok(Value::object(own.logarithm(true)?))
        })
        .method("compare(other, context=None)", |own: &Decimal, a, cx| {
            Ok(Value::object(match own.order(&other(a, cx)?) {
                Some(order) => Decimal::from_int(&BigInt::from(order as i8)),
                None => Decimal {
                    negative: false,
                    form: Form::NaN(false),
                },
            }))
        })
        .method("max(other, context=None)", |own: &Decimal, a, cx| {
            let other = other(a, cx)?;
            let greater = own.order(&other).is_some_and(Ordering::is_ge);
            Ok(Value::object(
                if greater { own.clone() } else { other }.plus()?,
            ))
        })
        .method("min(other, context=None)", |own: &Decimal, a, cx| {
            let other = other(a, cx)?;
            let less = own.order(&other).is_some_and(Ordering::is_le);
            Ok(Value::object(
                if less { own.clone() } else { other }.plus()?,
            ))
        })
        .method("scaleb(other, context=None)", |own: &Decimal, a, cx| {
            let by = int::expect_index(&other(a, cx)?.to_int()?, cx)?;
            Ok(Value::object(match own.parts() {
                Some((digits, exponent)) => {
                    Decimal::finite(own.negative, digits.clone(), exponent.saturating_add(by))
                        .plus()?
                }
                None => own.clone(),
            }))
        })
        .method(
            "remainder_near(other, context=None)",
            |own: &Decimal, a, cx| {
                let other = other(a, cx)?;
                let rest = own.binary(BinaryOp::Mod, &other)?;
                Ok(rest.map_or(Value::None, Value::object))
            },
        )
        .method("__abs__(/)", |own: &Decimal, _, _| {
            Ok(Value::object(own.clone().with_sign(false).plus()?))
        })
        .method(
            "__round__(ndigits=None, /)",
            |own: &Decimal, a, cx| match a.some_at(0) {
                Some(digits) => {
                    let places = int::expect_index(digits, cx)?;
                    Ok(Value::object(own.rescale(places, Rounding::HalfEven)))
                }
                None => whole(own, Rounding::HalfEven),
            },
        )
        .method("__floor__(/)", |own: &Decimal, _, _| {
            whole(own, Rounding::Floor)
        })
        .method("__ceil__(/)", |own: &Decimal, _, _| {
            whole(own, Rounding::Ceiling)
        })
        .method("__trunc__(/)", |own: &Decimal, _, _| {
            whole(own, Rounding::Down)
        });
}

fn whole(own: &Decimal, rounding: Rounding) -> Result<Value> {
    match own.form {
        Form::NaN(_) => Err(VALUE_ERROR.error("cannot convert NaN to integer")),
        Form::Infinite => Err(OVERFLOW_ERROR.error("cannot convert Infinity to integer")),
        Form::Finite { .. } => Ok(Value::big(own.rounded_int(rounding)?)),
    }
}

fn conversions(members: &mut Members) {
    members
        .class_method("from_float(f, /)", |_, a, cx| {
            match float::to_float(a.at(0), cx)? {
                Some(number) => Ok(Value::object(Decimal::from_f64(number))),
                None => Err(TYPE_ERROR.error("argument must be int or float")),
            }
        })
        .method("__int__(/)", |own: &Decimal, _, _| own.to_int())
        .method("__float__(/)", |own: &Decimal, _, _| {
            Ok(Value::Float(own.to_f64()))
        })
        .method("__str__(/)", |own: &Decimal, _, _| {
            Ok(own.to_string().into())
        })
        .method("to_eng_string(context=None)", |own: &Decimal, _, _| {
            Ok(own.to_string().into())
        })
        .method("copy_abs(/)", |own: &Decimal, _, _| {
            Ok(Value::object(own.clone().with_sign(false)))
        })
        .method("copy_negate(/)", |own: &Decimal, _, _| {
            Ok(Value::object(own.clone().with_sign(!own.negative)))
        })
        .method(
            "to_integral_value(rounding=None, context=None)",
            to_integral,
        )
        .method("to_integral(rounding=None, context=None)", to_integral)
        .method("adjusted(/)", |own: &Decimal, _, _| {
            Ok(own.adjusted().into())
        })
        .method("as_integer_ratio(/)", |own: &Decimal, _, _| ratio(own))
        .method("as_tuple(/)", |own: &Decimal, _, _| {
            let (digits, exponent): (String, Value) = match &own.form {
                Form::Finite { digits, exponent } => (digits.to_string(), (*exponent).into()),
                Form::Infinite => ("0".to_owned(), "F".into()),
                Form::NaN(_) => (String::new(), "n".into()),
            };
            let digits = digits
                .bytes()
                .map(|digit| Value::Int(i64::from(digit - b'0')))
                .collect();
            Ok(Value::object(DecimalTuple {
                parts: [
                    Value::Int(i64::from(own.negative)),
                    Value::tuple(digits),
                    exponent,
                ],
            }))
        })
        .getter("real", |own: &Decimal, _| Ok(Value::object(own.clone())));
}

fn to_integral(own: &Decimal, a: &Bound<'_>, _cx: &Cx) -> Result<Value> {
    let rounding = match a.some("rounding") {
        Some(rounding) => Rounding::named(rounding)?,
        None => Rounding::HalfEven,
    };
    Ok(Value::object(match own.parts() {
        Some((_, exponent)) if exponent < 0 => own.rescale(0, rounding),
        _ => own.clone(),
    }))
}

impl Decimal {
    /// Numerator and denominator, in lowest terms.
    pub fn integer_ratio(&self) -> Result<Value> {
        ratio(self)
    }
}

fn ratio(own: &Decimal) -> Result<Value> {
    use num_integer::Integer;
    let Some((digits, exponent)) = own.parts() else {
        return whole(own, Rounding::Down);
    };
    let ten = |power: i64| super::ten_to(power.min(100_000));
    let (top, bottom) = if exponent >= 0 {
        (digits * ten(exponent), BigUint::from(1_u32))
    } else {
        (digits.clone(), ten(-exponent))
    };
    let common = top.gcd(&bottom);
    let sign = if own.negative {
        Sign::Minus
    } else {
        Sign::Plus
    };
    Ok(Value::tuple(vec![
        Value::big(BigInt::from_biguint(sign, top / &common)),
        Value::big(BigInt::from(bottom / common)),
    ]))
}

fn tests(members: &mut Members) {
    members
        .method("is_nan(/)", |own: &Decimal, _, _| {
            Ok(Value::Bool(own.is_nan()))
        })
        .method("is_zero(/)", |own: &Decimal, _, _| {
            Ok(Value::Bool(own.is_zero()))
        })
        .method("is_finite(/)", |own: &Decimal, _, _| {
            Ok(Value::Bool(own.is_finite()))
        })
        .method("is_infinite(/)", |own: &Decimal, _, _| {
            Ok(Value::Bool(matches!(own.form, Form::Infinite)))
        })
        .method("number_class(context=None)", |own: &Decimal, _, _| {
            let sign = if own.negative { '-' } else { '+' };
            Ok(match &own.form {
                Form::NaN(true) => "sNaN".into(),
                Form::NaN(false) => "NaN".into(),
                Form::Infinite => format!("{sign}Infinity").into(),
                Form::Finite { digits, .. } if digits.is_zero() => format!("{sign}Zero").into(),
                Form::Finite { .. } => format!("{sign}Normal").into(),
            })
        })
        .method("is_signed(/)", |own: &Decimal, _, _| {
            Ok(Value::Bool(own.negative))
        })
        .method("__bool__(/)", |own: &Decimal, _, _| {
            Ok(Value::Bool(!own.is_zero()))
        });
}

static DECIMAL_TUPLE: TypeSpec = TypeSpec::new("decimal", "DecimalTuple")
    .bases(&[&OBJECT])
    .members(super::super::container_members);

/// What `as_tuple()` answers.
struct DecimalTuple {
    parts: [Value; 3],
}

impl Object for DecimalTuple {
    fn spec(&self) -> &'static TypeSpec {
        &DECIMAL_TUPLE
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let [sign, digits, exponent] = &self.parts;
        Ok(Some(format!(
            "DecimalTuple(sign={}, digits={}, exponent={})",
            cx.repr(sign)?,
            cx.repr(digits)?,
            cx.repr(exponent)?
        )))
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        let [sign, digits, exponent] = &self.parts;
        Ok(match name {
            "sign" => Some(sign.clone()),
            "digits" => Some(digits.clone()),
            "exponent" => Some(exponent.clone()),
            _ => None,
        })
    }
    fn len(&self, _cx: &Cx) -> Result<Option<usize>> {
        Ok(Some(3))
    }
    fn iter(&self, _this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        Ok(Some(super::super::iterators::over(self.parts.to_vec())))
    }
    fn get_item(&self, _this: &Value, key: &Value, cx: &Cx) -> Result<Option<Value>> {
        super::super::get_item(&Value::tuple(self.parts.to_vec()), key, cx).map(Some)
    }
}
