//! `datetime.time`.

use std::fmt;
use std::rc::Rc;

use chrono::{NaiveTime, Timelike};

use super::date::{invalid_iso, text_argument};
use super::strftime::strftime;
use super::{DateTime, OBJECT, TimeDelta, TimeZone, make_time, number, zone_argument};
use crate::object::exceptions::{TYPE_ERROR, VALUE_ERROR};
use crate::object::{
    Args, Bound, Class, CompareOp, Cx, Members, Object, Result, Signature, TypeSpec, Value,
    hash_sequence,
};

/// `datetime.time`.
pub static TIME: TypeSpec = TypeSpec::new("datetime", "time")
    .names_module()
    .bases(&[&OBJECT])
    .construct(construct)
    .members(members);

/// A time of day.
#[derive(Clone, Debug)]
pub struct Time {
    /// Hour to microsecond.
    pub time: NaiveTime,
    /// `tzinfo`.
    pub zone: Option<TimeZone>,
}

impl Time {
    /// A time without a zone.
    pub fn naive(time: NaiveTime) -> Self {
        Self { time, zone: None }
    }
    /// Microseconds since midnight, as UTC where there is a zone.
    fn utc_micros(&self) -> i64 {
        let own = i64::from(self.time.num_seconds_from_midnight()) * 1_000_000
            + i64::from(self.time.nanosecond() / 1000);
        own - self.zone.as_ref().map_or(0, TimeZone::micros)
    }
}

/// `03:04:05.000006`; `spec` as `timespec`.
pub(super) fn clock_text(time: NaiveTime, spec: &str) -> Option<String> {
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    let micro = time.nanosecond() / 1000;
    Some(match spec {
        "auto" if micro == 0 => format!("{hour:02}:{minute:02}:{second:02}"),
        "auto" | "microseconds" => format!("{hour:02}:{minute:02}:{second:02}.{micro:06}"),
        "hours" => format!("{hour:02}"),
        "minutes" => format!("{hour:02}:{minute:02}"),
        "seconds" => format!("{hour:02}:{minute:02}:{second:02}"),
        "milliseconds" => {
            format!("{hour:02}:{minute:02}:{second:02}.{:03}", micro / 1000)
        }
        _ => return None,
    })
}

/// The `timespec` argument.
pub(super) fn time_spec<'a>(a: &'a Bound<'_>) -> Result<&'a str> {
    match a.given("timespec") {
        Some(_) => a.text("timespec"),
        None => Ok("auto"),
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&clock_text(self.time, "auto").unwrap_or_default())?;
        match &self.zone {
            Some(zone) => f.write_str(&zone.offset_text(":")),
            None => Ok(()),
        }
    }
}

fn construct(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    let signature = Signature::parse(
        "time(hour=0, minute=0, second=0, microsecond=0, tzinfo=None, *, fold=0)",
        None,
    );
    let a = signature.bind(args)?;
    Ok(Value::object(Time {
        time: make_time(
            number(&a, "hour", 0, cx)?,
            number(&a, "minute", 0, cx)?,
            number(&a, "second", 0, cx)?,
            number(&a, "microsecond", 0, cx)?,
        )?,
        zone: zone_argument(a.given("tzinfo"), cx)?,
    }))
}

/// Seconds and microseconds as reprs show them: only as far as they are not zero.
pub(super) fn seconds_repr(time: NaiveTime) -> String {
    let (second, micro) = (time.second(), time.nanosecond() / 1000);
    match (second, micro) {
        (0, 0) => String::new(),
        (_, 0) => format!(", {second}"),
        _ => format!(", {second}, {micro}"),
    }
}

impl Object for Time {
    fn spec(&self) -> &'static TypeSpec {
        &TIME
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let zone = match &self.zone {
            Some(zone) => format!(", tzinfo={}", cx.repr(&Value::object(zone.clone()))?),
            None => String::new(),
        };
        Ok(Some(format!(
            "datetime.time({}, {}{}{zone})",
            self.time.hour(),
            self.time.minute(),
            seconds_repr(self.time)
        )))
    }
    fn str(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(self.to_string()))
    }
    fn format(&self, spec: &str, _cx: &Cx) -> Result<Option<String>> {
        if spec.is_empty() {
            return Ok(None);
        }
        strftime(spec, &DateTime::on_epoch(self)).map(Some)
    }
    fn hash(&self, _cx: &Cx) -> Result<Option<u64>> {
        let micros = self.utc_micros().cast_unsigned();
        Ok(Some(hash_sequence(std::iter::once(micros))))
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
        if self.zone.is_some() != other.zone.is_some() {
            return match op {
                CompareOp::Eq => Ok(Some(Value::Bool(false))),
                CompareOp::Ne => Ok(Some(Value::Bool(true))),
                _ => Err(TYPE_ERROR.error("can't compare offset-naive and offset-aware times")),
            };
        }
        let order = self.utc_micros().cmp(&other.utc_micros());
        Ok(Some(Value::Bool(op.holds(order))))
    }
}

fn members(members: &mut Members) {
    members
        .getter(
            "hour",
            |own: &Time, _| Ok(i64::from(own.time.hour()).into()),
        )
        .getter("minute", |own: &Time, _| {
            Ok(i64::from(own.time.minute()).into())
        })
        .getter("second", |own: &Time, _| {
            Ok(i64::from(own.time.second()).into())
        })
        .getter("microsecond", |own: &Time, _| {
            Ok(i64::from(own.time.nanosecond() / 1000).into())
        })
        .getter("tzinfo", |own: &Time, _| {
            Ok(own.zone.clone().map_or(Value::None, Value::object))
        })
        .getter("fold", |_: &Time, _| Ok(Value::Int(0)))
        .method("isoformat(timespec='auto')", |own: &Time, a, _| {
            let text = clock_text(own.time, time_spec(a)?)
                .ok_or_else(|| VALUE_ERROR.error("Unknown timespec value"))?;
            let zone = own.zone.as_ref().map(|zone| zone.offset_text(":"));
            Ok((text + &zone.unwrap_or_default()).into())
        })
        .method("strftime(format)", |own: &Time, a, _| {
            Ok(strftime(a.text("format")?, &DateTime::on_epoch(own))?.into())
        })
        .method(
            "replace(hour=None, minute=None, second=None, microsecond=None, tzinfo=None)",
            |own: &Time, a, cx| {
                Ok(Value::object(Time {
                    time: replaced(own.time, a, cx)?,
                    zone: match a.given("tzinfo") {
                        Some(zone) => zone_argument(Some(zone), cx)?,
                        None => own.zone.clone(),
                    },
                }))
            },
        )
        .method("utcoffset(/)", |own: &Time, _, _| {
            Ok(own.zone.as_ref().map_or(Value::None, |zone| {
                Value::object(TimeDelta::of_micros(zone.micros()))
            }))
        })
        .method("tzname(/)", |own: &Time, _, _| {
            Ok(own.zone.as_ref().map(ToString::to_string).into())
        })
        .class_method("fromisoformat(time_string, /)", |_, a, cx| {
            let text = text_argument(a)?;
            super::parse_time(&text)
                .map(Value::object)
                .ok_or_else(|| invalid_iso(&text, cx))
        })
        .constant("min", Value::object(Time::naive(NaiveTime::MIN)))
        .constant(
            "max",
            Value::object(Time::naive(
                NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999).unwrap_or_default(),
            )),
        )
        .constant("resolution", Value::object(TimeDelta::of_micros(1)));
}

/// `time` with the parts that are given replaced.
pub(super) fn replaced(time: NaiveTime, a: &Bound<'_>, cx: &Cx) -> Result<NaiveTime> {
    make_time(
        number(a, "hour", i64::from(time.hour()), cx)?,
        number(a, "minute", i64::from(time.minute()), cx)?,
        number(a, "second", i64::from(time.second()), cx)?,
        number(a, "microsecond", i64::from(time.nanosecond() / 1000), cx)?,
    )
}
