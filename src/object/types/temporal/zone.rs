//! `datetime.timezone` and its base `tzinfo`.

use std::fmt;
use std::rc::Rc;

use super::{OBJECT, TimeDelta};
use crate::object::exceptions::{TYPE_ERROR, VALUE_ERROR};
use crate::object::types::class_of;
use crate::object::{
    Args, Class, CompareOp, Cx, Members, Object, Result, Signature, Str, TypeSpec, Value,
    hash_sequence,
};

/// `datetime.tzinfo`.
pub static TZINFO: TypeSpec = TypeSpec::new("datetime", "tzinfo").bases(&[&OBJECT]);
/// `datetime.timezone`.
pub static TIMEZONE: TypeSpec = TypeSpec::new("datetime", "timezone")
    .names_module()
    .bases(&[&TZINFO])
    .construct(construct)
    .members(members);

const DAY: i64 = 86_400_000_000;

/// A fixed offset from UTC.
#[derive(Clone, Debug)]
pub struct TimeZone {
    micros: i64,
    name: Option<Str>,
}

impl TimeZone {
    /// UTC.
    pub fn utc() -> Self {
        Self {
            micros: 0,
            name: None,
        }
    }
    /// An offset in microseconds, less than a day either way.
    pub fn of_micros(micros: i64) -> Option<Self> {
        (micros.abs() < DAY).then_some(Self { micros, name: None })
    }
    /// The offset in microseconds.
    pub fn micros(&self) -> i64 {
        self.micros
    }
    /// `+01:00`, with seconds where it has some.
    pub fn offset_text(&self, separator: &str) -> String {
        let sign = if self.micros < 0 { '-' } else { '+' };
        let micros = self.micros.unsigned_abs();
        let seconds = micros / 1_000_000;
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        let mut text = format!("{sign}{hours:02}{separator}{minutes:02}");
        if !micros.is_multiple_of(60_000_000) {
            text.push_str(&format!("{separator}{:02}", seconds % 60));
        }
        if !micros.is_multiple_of(1_000_000) {
            text.push_str(&format!(".{:06}", micros % 1_000_000));
        }
        text
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => f.write_str(name),
            None if self.micros == 0 => f.write_str("UTC"),
            None => write!(f, "UTC{}", self.offset_text(":")),
        }
    }
}

fn construct(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    let signature = Signature::parse("timezone(offset, name=None)", None);
    let bound = signature.bind(args)?;
    let Some(delta) = bound.value("offset").downcast::<TimeDelta>() else {
        return Err(TYPE_ERROR.error(format!(
            "timezone() argument 1 must be datetime.timedelta, not {}",
            class_of(bound.value("offset"), cx).error_name()
        )));
    };
    let micros = i64::try_from(delta.micros()).unwrap_or(i64::MAX);
    if micros.unsigned_abs() >= DAY.unsigned_abs() {
        return Err(VALUE_ERROR.error(format!(
            "offset must be a timedelta strictly between -timedelta(hours=24) and \
             timedelta(hours=24), not {}.",
            cx.repr(bound.value("offset"))?
        )));
    }
    let name = match bound.given("name") {
        Some(_) => Some(Str::new(bound.text("name")?)),
        None => None,
    };
    Ok(Value::object(TimeZone { micros, name }))
}

impl Object for TimeZone {
    fn spec(&self) -> &'static TypeSpec {
        &TIMEZONE
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        if self.micros == 0 && self.name.is_none() {
            return Ok(Some("datetime.timezone.utc".to_owned()));
        }
        let offset = cx.repr(&Value::object(TimeDelta::of_micros(self.micros)))?;
        Ok(Some(match &self.name {
            Some(name) => {
                let name = cx.repr(&name.clone().into())?;
                format!("datetime.timezone({offset}, {name})")
            }
            None => format!("datetime.timezone({offset})"),
        }))
    }
    fn str(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(self.to_string()))
    }
    fn compare(
        &self,
        _this: &Value,
        op: CompareOp,
        other: &Value,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        let Some(other) = other.downcast::<Self>() else {
            return Ok(None);
        };
        Ok(match op {
            CompareOp::Eq => Some(Value::Bool(self.micros == other.micros)),
            CompareOp::Ne => Some(Value::Bool(self.micros != other.micros)),
            _ => None,
        })
    }
    fn hash(&self, _cx: &Cx) -> Result<Option<u64>> {
        Ok(Some(hash_sequence(std::iter::once(
            self.micros.cast_unsigned(),
        ))))
    }
}

fn members(members: &mut Members) {
    members
        .method("utcoffset(dt, /)", |zone: &TimeZone, _, _| {
            Ok(Value::object(TimeDelta::of_micros(zone.micros)))
        })
        .method("tzname(dt, /)", |zone: &TimeZone, _, _| {
            Ok(zone.to_string().into())
        })
        .method("dst(dt, /)", |_: &TimeZone, _, _| Ok(Value::None))
        .constant("utc", Value::object(TimeZone::utc()));
}
