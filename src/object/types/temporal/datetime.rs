//! `datetime.datetime`.

use std::fmt;
use std::rc::Rc;

use chrono::{
    DateTime as Instant, Datelike, Duration, Local, NaiveDate, NaiveDateTime, NaiveTime,
    TimeZone as _, Timelike, Utc,
};

use super::date::{Date, check_required, invalid_iso, text_argument};
use super::strftime::strftime;
use super::time::{clock_text, seconds_repr, time_spec};
use super::{DATE, Time, TimeDelta, TimeZone, make_date, make_time, number, zone_argument};
use crate::object::exceptions::{OVERFLOW_ERROR, TYPE_ERROR, VALUE_ERROR};
use crate::object::types::{class_of, float};
use crate::object::{
    Args, BinaryOp, Class, CompareOp, Cx, Members, Object, Result, Signature, TypeSpec, Value,
    hash_sequence,
};

/// `datetime.datetime`.
pub static DATETIME: TypeSpec = TypeSpec::new("datetime", "datetime")
    .names_module()
    .bases(&[&DATE])
    .construct(construct)
    .members(members);

/// A date with a time of day.
#[derive(Clone, Debug)]
pub struct DateTime {
    /// Year to microsecond.
    pub at: NaiveDateTime,
    /// `tzinfo`.
    pub zone: Option<TimeZone>,
}

impl DateTime {
    /// A datetime without a zone, to the microsecond.
    pub fn naive(at: NaiveDateTime) -> Self {
        let micros = at.nanosecond() / 1000 * 1000;
        Self {
            at: at.with_nanosecond(micros).unwrap_or(at),
            zone: None,
        }
    }
    /// The start of a day.
    pub fn midnight(date: NaiveDate) -> Self {
        Self {
            at: date.and_time(NaiveTime::MIN),
            zone: None,
        }
    }
    /// A time on the day that `time.strftime` shows.
    pub(super) fn on_epoch(time: &Time) -> Self {
        Self {
            at: NaiveDate::from_ymd_opt(1900, 1, 1)
                .unwrap_or_default()
                .and_time(time.time),
            zone: time.zone.clone(),
        }
    }
    fn utc(&self) -> NaiveDateTime {
        let offset = self.zone.as_ref().map_or(0, TimeZone::micros);
        self.at
            .checked_sub_signed(Duration::microseconds(offset))
            .unwrap_or(self.at)
    }
    /// `isoformat(separator, spec)`; `None`: there is no such `timespec`.
    pub fn iso(&self, separator: &str, spec: &str) -> Option<String> {
        let clock = clock_text(self.at.time(), spec)?;
        let zone = self.zone.as_ref().map(|zone| zone.offset_text(":"));
        Some(format!(
            "{}{separator}{clock}{}",
            Date(self.at.date()),
            zone.unwrap_or_default()
        ))
    }
    fn moved(&self, micros: i128) -> Result<Self> {
        let out_of_range = || OVERFLOW_ERROR.error("date value out of range");
        let days = i64::try_from(micros.div_euclid(86_400_000_000)).map_err(|_| out_of_range())?;
        let rest = i64::try_from(micros.rem_euclid(86_400_000_000)).unwrap_or(0);
        let at = Duration::try_days(days)
            .and_then(|days| self.at.checked_add_signed(days))
            .and_then(|at| at.checked_add_signed(Duration::microseconds(rest)))
            .filter(|at| (1..=9999).contains(&at.year()))
            .ok_or_else(out_of_range)?;
        Ok(Self {
            at,
            zone: self.zone.clone(),
        })
    }
    fn minus(&self, other: &Self) -> Result<TimeDelta> {
        if self.zone.is_some() != other.zone.is_some() {
            return Err(TYPE_ERROR.error("can't subtract offset-naive and offset-aware datetimes"));
        }
        let between = self.utc().signed_duration_since(other.utc());
        let micros = between.num_microseconds().unwrap_or_default();
        TimeDelta::new(i128::from(micros))
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso(" ", "auto").unwrap_or_default())
    }
}

fn construct(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    let signature = Signature::parse(
        "datetime(year, month, day, hour=0, minute=0, second=0, microsecond=0, tzinfo=None, *, \
         fold=0)",
        None,
    );
    check_required(&args, &["year", "month", "day"], cx)?;
    let a = signature.bind(args)?;
    let date = make_date(
        number(&a, "year", 0, cx)?,
        number(&a, "month", 0, cx)?,
        number(&a, "day", 0, cx)?,
    )?;
    let time = make_time(
        number(&a, "hour", 0, cx)?,
        number(&a, "minute", 0, cx)?,
        number(&a, "second", 0, cx)?,
        number(&a, "microsecond", 0, cx)?,
    )?;
    Ok(Value::object(DateTime {
        at: date.and_time(time),
        zone: zone_argument(a.given("tzinfo"), cx)?,
    }))
}

impl Object for DateTime {
    fn spec(&self) -> &'static TypeSpec {
        &DATETIME
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let zone = match &self.zone {
            Some(zone) => format!(", tzinfo={}", cx.repr(&Value::object(zone.clone()))?),
            None => String::new(),
        };
        let (date, time) = (self.at.date(), self.at.time());
        Ok(Some(format!(
            "datetime.datetime({}, {}, {}, {}, {}{}{zone})",
            date.year(),
            date.month(),
            date.day(),
            time.hour(),
            time.minute(),
            seconds_repr(time)
        )))
    }
    fn str(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(self.to_string()))
    }
    fn format(&self, spec: &str, _cx: &Cx) -> Result<Option<String>> {
        if spec.is_empty() {
            return Ok(None);
        }
        strftime(spec, self).map(Some)
    }
    fn hash(&self, _cx: &Cx) -> Result<Option<u64>> {
        let micros = self.utc().and_utc().timestamp_micros().cast_unsigned();
        Ok(Some(hash_sequence(std::iter::once(micros))))
    }
    fn compare(
        &self,
        _this: &Value,
        op: CompareOp,
        other: &Value,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        let Some(found) = other.downcast::<Self>() else {
            let ordering = !matches!(op, CompareOp::Eq | CompareOp::Ne);
            if ordering && other.downcast::<Date>().is_some() {
                return Err(TYPE_ERROR.error(format!(
                    "can't compare datetime.datetime to {}",
                    class_of(other, cx).full_name()
                )));
            }
            return Ok(None);
        };
        if self.zone.is_some() != found.zone.is_some() {
            return match op {
                CompareOp::Eq => Ok(Some(Value::Bool(false))),
                CompareOp::Ne => Ok(Some(Value::Bool(true))),
                _ => Err(TYPE_ERROR.error("can't compare offset-naive and offset-aware datetimes")),
            };
        }
        Ok(Some(Value::Bool(op.holds(self.utc().cmp(&found.utc())))))
    }
    fn binary(
        &self,
        _this: &Value,
        op: BinaryOp,
        other: &Value,
        reflected: bool,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        if let Some(delta) = other.downcast::<TimeDelta>() {
            return Ok(match op {
                BinaryOp::Add => Some(Value::object(self.moved(delta.micros())?)),
                BinaryOp::Sub if !reflected => Some(Value::object(self.moved(-delta.micros())?)),
                _ => None,
            });
        }
        match (op, other.downcast::<Self>()) {
            (BinaryOp::Sub, Some(other)) => {
                let (a, b) = if reflected {
                    (other, self)
                } else {
                    (self, other)
                };
                Ok(Some(Value::object(a.minus(b)?)))
            }
            _ => Ok(None),
        }
    }
}

/// The datetime of a POSIX timestamp, in a zone or in local time.
pub(super) fn from_timestamp(value: &Value, zone: Option<TimeZone>, cx: &Cx) -> Result<DateTime> {
    let seconds = float::to_float(value, cx)?.ok_or_else(|| {
        TYPE_ERROR.error(format!(
            "'{}' object cannot be interpreted as an integer",
            class_of(value, cx).error_name()
        ))
    })?;
    let micros = (seconds * 1e6).round_ties_even();
    if !micros.is_finite() || micros.abs() > 2.6e17 {
        return Err(VALUE_ERROR.error(format!(
            "year is out of range for timestamp {}",
            float::repr(seconds)
        )));
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    let instant = Instant::from_timestamp_micros(micros as i64)
        .ok_or_else(|| VALUE_ERROR.error("year is out of range"))?;
    let at = match &zone {
        Some(zone) => instant
            .naive_utc()
            .checked_add_signed(Duration::microseconds(zone.micros()))
            .unwrap_or_default(),
        None => instant.with_timezone(&Local).naive_local(),
    };
    Ok(DateTime { at, zone })
}

fn local_offset(at: NaiveDateTime) -> i64 {
    match Local.offset_from_local_datetime(&at) {
        chrono::LocalResult::Single(offset) | chrono::LocalResult::Ambiguous(offset, _) => {
            i64::from(offset.local_minus_utc())
        }
        chrono::LocalResult::None => 0,
    }
}

fn members(members: &mut Members) {
    members
        .with(parts)
        .with(texts)
        .with(makers)
        .method(
            "replace(year=None, month=None, day=None, hour=None, minute=None, second=None, \
             microsecond=None, tzinfo=None, *, fold=0)",
            |own: &DateTime, a, cx| {
                let date = super::date::replaced(own.at.date(), a, cx)?;
                let time = super::time::replaced(own.at.time(), a, cx)?;
                Ok(Value::object(DateTime {
                    at: date.and_time(time),
                    zone: match a.given("tzinfo") {
                        Some(zone) => zone_argument(Some(zone), cx)?,
                        None => own.zone.clone(),
                    },
                }))
            },
        )
        .method("astimezone(tz=None)", |own: &DateTime, a, cx| {
            let offset = match &own.zone {
                Some(zone) => zone.micros(),
                None => local_offset(own.at) * 1_000_000,
            };
            let wanted = match zone_argument(a.some("tz"), cx)? {
                Some(zone) => zone,
                None => TimeZone::of_micros(local_offset(own.at) * 1_000_000)
                    .unwrap_or_else(TimeZone::utc),
            };
            let moved = own.moved(i128::from(wanted.micros() - offset))?;
            Ok(Value::object(DateTime {
                zone: Some(wanted),
                ..moved
            }))
        })
        .method("timestamp(/)", |own: &DateTime, _, _| {
            let utc = if own.zone.is_some() {
                own.utc()
            } else {
                let offset = Duration::seconds(local_offset(own.at));
                own.at.checked_sub_signed(offset).unwrap_or(own.at)
            };
            #[expect(clippy::cast_precision_loss, reason = "as Python's division")]
            let seconds = utc.and_utc().timestamp_micros() as f64 / 1e6;
            Ok(Value::Float(seconds))
        })
        .constant(
            "min",
            Value::object(DateTime::midnight(
                NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or_default(),
            )),
        )
        .constant(
            "max",
            Value::object(DateTime {
                at: NaiveDate::from_ymd_opt(9999, 12, 31)
                    .and_then(|date| date.and_hms_micro_opt(23, 59, 59, 999_999))
                    .unwrap_or_default(),
                zone: None,
            }),
        )
        .constant("resolution", Value::object(TimeDelta::of_micros(1)));
}

fn parts(members: &mut Members) {
    members
        .getter("hour", |own: &DateTime, _| {
            Ok(i64::from(own.at.hour()).into())
        })
        .getter("minute", |own: &DateTime, _| {
            Ok(i64::from(own.at.minute()).into())
        })
        .getter("second", |own: &DateTime, _| {
            Ok(i64::from(own.at.second()).into())
        })
        .getter("microsecond", |own: &DateTime, _| {
            Ok(i64::from(own.at.nanosecond() / 1000).into())
        })
        .getter("tzinfo", |own: &DateTime, _| {
            Ok(own.zone.clone().map_or(Value::None, Value::object))
        })
        .getter("fold", |_: &DateTime, _| Ok(Value::Int(0)))
        .method("date(/)", |own: &DateTime, _, _| {
            Ok(Value::object(Date(own.at.date())))
        })
        .method("time(/)", |own: &DateTime, _, _| {
            Ok(Value::object(Time::naive(own.at.time())))
        })
        .method("timetz(/)", |own: &DateTime, _, _| {
            Ok(Value::object(Time {
                time: own.at.time(),
                zone: own.zone.clone(),
            }))
        })
        .method("utcoffset(/)", |own: &DateTime, _, _| {
            Ok(own.zone.as_ref().map_or(Value::None, |zone| {
                Value::object(TimeDelta::of_micros(zone.micros()))
            }))
        })
        .method("tzname(/)", |own: &DateTime, _, _| {
            Ok(own.zone.as_ref().map(ToString::to_string).into())
        })
        .method("dst(/)", |_: &DateTime, _, _| Ok(Value::None));
}

fn texts(members: &mut Members) {
    members
        .method(
            "isoformat(sep='T', timespec='auto')",
            |own: &DateTime, a, _| {
                let separator = match a.given("sep") {
                    Some(_) => a.text("sep")?,
                    None => "T",
                };
                own.iso(separator, time_spec(a)?)
                    .map(Value::from)
                    .ok_or_else(|| VALUE_ERROR.error("Unknown timespec value"))
            },
        )
        .method("ctime(/)", |own: &DateTime, _, _| {
            Ok(strftime("%a %b %e %H:%M:%S %Y", own)?.into())
        })
        .method("strftime(format)", |own: &DateTime, a, _| {
            Ok(strftime(a.text("format")?, own)?.into())
        });
}

fn makers(members: &mut Members) {
    members
        .class_method("now(tz=None)", |_, a, cx| {
            Ok(Value::object(match zone_argument(a.some("tz"), cx)? {
                Some(zone) => {
                    let now = DateTime::naive(Utc::now().naive_utc());
                    let moved = now.moved(i128::from(zone.micros()))?;
                    DateTime {
                        zone: Some(zone),
                        ..moved
                    }
                }
                None => DateTime::naive(Local::now().naive_local()),
            }))
        })
        .class_method("utcnow(/)", |_, _, _| {
            Ok(Value::object(DateTime::naive(Utc::now().naive_utc())))
        })
        .class_method("fromtimestamp(timestamp, tz=None)", |_, a, cx| {
            let zone = zone_argument(a.some("tz"), cx)?;
            Ok(Value::object(from_timestamp(
                a.value("timestamp"),
                zone,
                cx,
            )?))
        })
        .class_method("utcfromtimestamp(timestamp, /)", |_, a, cx| {
            let made = from_timestamp(a.at(0), Some(TimeZone::utc()), cx)?;
            Ok(Value::object(DateTime { zone: None, ..made }))
        })
        .class_method("combine(date, time, tzinfo=None)", |_, a, cx| {
            let date = a.value("date");
            let day = match (date.downcast::<Date>(), date.downcast::<DateTime>()) {
                (Some(date), _) => date.0,
                (_, Some(at)) => at.at.date(),
                _ => {
                    return Err(TYPE_ERROR.error(format!(
                        "combine() argument 1 must be datetime.date, not {}",
                        class_of(date, cx).error_name()
                    )));
                }
            };
            let Some(time) = a.value("time").downcast::<Time>() else {
                return Err(TYPE_ERROR.error(format!(
                    "combine() argument 2 must be datetime.time, not {}",
                    class_of(a.value("time"), cx).error_name()
                )));
            };
            Ok(Value::object(DateTime {
                at: day.and_time(time.time),
                zone: match a.given("tzinfo") {
                    Some(zone) => zone_argument(Some(zone), cx)?,
                    None => time.zone.clone(),
                },
            }))
        })
        .class_method("fromisoformat(date_string, /)", |_, a, cx| {
            let text = text_argument(a)?;
            super::parse_datetime(&text)
                .map(Value::object)
                .ok_or_else(|| invalid_iso(&text, cx))
        })
        .class_method("strptime(date_string, format, /)", |_, a, _| {
            let (Some(text), Some(format)) = (a.at(0).as_str(), a.at(1).as_str()) else {
                return Err(TYPE_ERROR.error("strptime() argument 1 must be str"));
            };
            super::strptime(text, format).map(Value::object)
        });
}
