//! The Python values of the standard library that types convert to and from.

use chrono::{Datelike, NaiveDate, NaiveTime, TimeDelta as Span, Timelike};

use super::{TemporalKind, TypeClass, names};
use crate::object::exceptions::{TYPE_ERROR, VALUE_ERROR};
use crate::object::types::decimal::{DECIMAL, Decimal};
use crate::object::types::json;
use crate::object::types::temporal::{
    self, DATE, DATETIME, Date, DateTime, TIME, TIMEDELTA, Time, TimeDelta,
};
use crate::object::types::uuid::{self, UUID, UuidObject};
use crate::object::{Cx, Raised, Result, Value, class_of};

/// `value` as a `Decimal` of `scale` digits behind the point.
pub(super) fn decimal_with_scale(value: &Value, scale: usize, cx: &Cx) -> Result<Value> {
    #[expect(clippy::cast_precision_loss, reason = "as Python's % formatting")]
    let number = match value {
        Value::Float(number) => *number,
        Value::Int(number) => *number as f64,
        other => {
            let name = class_of(other, cx).name();
            return Err(TYPE_ERROR.error(format!("must be real number, not {name}")));
        }
    };
    let text = format!("{number:.scale$}");
    match Decimal::parse(&text) {
        Some(decimal) => Ok(Value::object(decimal)),
        None => Err(VALUE_ERROR.error(format!("'{text}' is no decimal number"))),
    }
}
/// The class `decimal.Decimal`.
pub(super) fn decimal_class() -> Option<Value> {
    Some(Value::Class(DECIMAL.class()))
}
/// The `uuid.UUID` that `value` writes.
pub(super) fn uuid_from(value: &Value, cx: &Cx) -> Result<Value> {
    if value.downcast::<UuidObject>().is_some() {
        return Ok(value.clone());
    }
    match uuid::parse(&cx.str(value)?) {
        Some(uuid) => Ok(Value::object(UuidObject(uuid))),
        None => Err(VALUE_ERROR.error("badly formed hexadecimal UUID string")),
    }
}
/// The class `uuid.UUID`.
pub(super) fn uuid_class() -> Option<Value> {
    Some(Value::Class(UUID.class()))
}

fn date_of(value: &Value) -> Option<NaiveDate> {
    if let Some(date) = value.downcast::<Date>() {
        return Some(date.0);
    }
    value.downcast::<DateTime>().map(|at| at.at.date())
}

/// Year, month and day of a date or datetime.
pub(super) fn date_parts(value: &Value) -> Option<(i32, u32, u32)> {
    date_of(value).map(|date| (date.year(), date.month(), date.day()))
}

fn micros(time: NaiveTime) -> u32 {
    time.nanosecond() / 1000 % 1_000_000
}

fn write_datetime(date: NaiveDate, time: NaiveTime) -> String {
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}",
        date.year(),
        date.month(),
        date.day(),
        time.hour(),
        time.minute(),
        time.second(),
        micros(time)
    )
}

/// The text SQLite keeps for a datetime or date.
pub(super) fn datetime_text(value: &Value) -> Option<String> {
    if let Some(at) = value.downcast::<DateTime>() {
        return Some(write_datetime(at.at.date(), at.at.time()));
    }
    date_of(value).map(|date| write_datetime(date, NaiveTime::MIN))
}
/// The text SQLite keeps for a time.
pub(super) fn time_text(value: &Value) -> Option<String> {
    let time = value.downcast::<Time>()?.time;
    Some(format!(
        "{:02}:{:02}:{:02}.{:06}",
        time.hour(),
        time.minute(),
        time.second(),
        micros(time)
    ))
}
/// The text SQLite keeps for a timedelta: that long after the epoch.
pub(super) fn interval_text(value: &Value) -> Option<String> {
    let delta = value.downcast::<TimeDelta>()?;
    let micros = i64::try_from(delta.micros()).ok()?;
    let at = chrono::DateTime::UNIX_EPOCH
        .naive_utc()
        .checked_add_signed(Span::microseconds(micros))?;
    Some(write_datetime(at.date(), at.time()))
}

/// The error for a text that is no value of `kind`.
fn unreadable(value: &Value, kind: &str, cx: &Cx) -> Raised {
    let Value::Str(text) = value else {
        if cx.compat().is_14() {
            let shown = cx.str(value).unwrap_or_default();
            return VALUE_ERROR.error(format!(
                "Couldn't parse {kind} string '{shown}' - value is not a string."
            ));
        }
        return TYPE_ERROR.error("fromisoformat: argument must be str");
    };
    let shown = cx.repr(&Value::Str(text.clone())).unwrap_or_default();
    VALUE_ERROR.error(if cx.compat().is_14() {
        format!("Couldn't parse {kind} string: {shown}")
    } else {
        format!("Invalid isoformat string: {shown}")
    })
}

/// A `date` from its text.
pub(super) fn parse_date(value: &Value, cx: &Cx) -> Result<Value> {
    match value.as_str().and_then(temporal::parse_date) {
        Some(date) => Ok(Value::object(Date(date))),
        None => Err(unreadable(value, "date", cx)),
    }
}
/// A `datetime` from its text.
pub(super) fn parse_datetime(value: &Value, cx: &Cx) -> Result<Value> {
    match value.as_str().and_then(temporal::parse_datetime) {
        Some(at) => Ok(Value::object(at)),
        None => Err(unreadable(value, "datetime", cx)),
    }
}
/// A `time` from its text.
pub(super) fn parse_time(value: &Value, cx: &Cx) -> Result<Value> {
    match value.as_str().and_then(temporal::parse_time) {
        Some(time) => Ok(Value::object(time)),
        None => Err(unreadable(value, "time", cx)),
    }
}
/// A `timedelta` from its text.
pub(super) fn parse_interval(value: &Value, cx: &Cx) -> Result<Value> {
    match value.as_str().and_then(temporal::parse_datetime) {
        Some(at) => {
            let since = at.at.and_utc().timestamp_micros();
            Ok(Value::object(TimeDelta::of_micros(since)))
        }
        None => Err(unreadable(value, "datetime", cx)),
    }
}
/// The class of the values of a temporal type.
pub(super) fn temporal_class(kind: TemporalKind) -> Option<Value> {
    Some(Value::Class(match kind {
        TemporalKind::Date => DATE.class(),
        TemporalKind::DateTime => DATETIME.class(),
        TemporalKind::Time => TIME.class(),
        TemporalKind::Interval => TIMEDELTA.class(),
    }))
}
/// The temporal type, decimal or UUID that `value` is of.
pub(super) fn kind_of(value: &Value, cx: &Cx) -> Option<&'static TypeClass> {
    if value.downcast::<DateTime>().is_some() {
        return Some(&names::DateTime);
    }
    if value.downcast::<Date>().is_some() {
        return Some(&names::Date);
    }
    if value.downcast::<Time>().is_some() {
        return Some(&names::Time);
    }
    if value.downcast::<TimeDelta>().is_some() {
        return Some(&names::Interval);
    }
    if value.downcast::<Decimal>().is_some() {
        return Some(&names::Numeric);
    }
    if cx.compat().is_20() && value.downcast::<UuidObject>().is_some() {
        return Some(&names::Uuid);
    }
    None
}
/// The text that `json.dumps()` makes of `value`.
pub(super) fn json_dumps(value: &Value, cx: &Cx) -> Result<Value> {
    json::dumps(value, cx).map(Value::from)
}
/// What `json.loads()` makes of a text.
pub(super) fn json_loads(value: &Value, cx: &Cx) -> Result<Value> {
    match value {
        Value::Str(text) => json::loads(text),
        Value::Bytes(bytes) => json::loads(&String::from_utf8_lossy(bytes)),
        other => Err(TYPE_ERROR.error(format!(
            "the JSON object must be str, bytes or bytearray, not {}",
            class_of(other, cx).name()
        ))),
    }
}
/// Year, month, day, hour, minute, second and microsecond of a value of `kind`.
pub(super) fn temporal_parts(kind: TemporalKind, value: &Value) -> Option<[i64; 7]> {
    let day = |date: NaiveDate| {
        [
            i64::from(date.year()),
            i64::from(date.month()),
            i64::from(date.day()),
        ]
    };
    let clock = |time: NaiveTime| {
        [
            i64::from(time.hour()),
            i64::from(time.minute()),
            i64::from(time.second()),
            i64::from(micros(time)),
        ]
    };
    let (date, time) = match kind {
        TemporalKind::Time => ([0; 3], clock(value.downcast::<Time>()?.time)),
        TemporalKind::Date => (day(date_of(value)?), [0; 4]),
        _ => match value.downcast::<DateTime>() {
            Some(at) => (day(at.at.date()), clock(at.at.time())),
            None => (day(date_of(value)?), [0; 4]),
        },
    };
    let mut parts = [0; 7];
    parts[..3].copy_from_slice(&date);
    parts[3..].copy_from_slice(&time);
    Some(parts)
}
