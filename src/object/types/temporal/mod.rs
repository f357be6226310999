//! The types of `datetime`: date, time, datetime, timedelta, timezone.

mod date;
mod datetime;
mod parse;
mod strftime;
mod strptime;
mod time;
mod timedelta;
mod zone;

use chrono::{NaiveDate, NaiveTime};

use super::{OBJECT, int};
use crate::object::exceptions::{TYPE_ERROR, VALUE_ERROR};
use crate::object::{Bound, Cx, Result, Value};

pub use date::{DATE, Date};
pub use datetime::{DATETIME, DateTime};
pub use parse::{parse_date, parse_datetime, parse_time};
pub use strptime::strptime;
pub use time::{TIME, Time};
pub use timedelta::{TIMEDELTA, TimeDelta};
pub use zone::{TIMEZONE, TZINFO, TimeZone};

/// An integer argument; the default where it was not given.
fn number(a: &Bound<'_>, name: &str, default: i64, cx: &Cx) -> Result<i64> {
    match a.given(name) {
        Some(value) => int::expect_index(value, cx),
        None => Ok(default),
    }
}

/// A calendar date; Python's ValueErrors where there is none.
fn make_date(year: i64, month: i64, day: i64) -> Result<NaiveDate> {
    if !(1..=9999).contains(&year) {
        return Err(VALUE_ERROR.error(format!("year {year} is out of range")));
    }
    if !(1..=12).contains(&month) {
        return Err(VALUE_ERROR.error("month must be in 1..12"));
    }
    let found = i32::try_from(year)
        .ok()
        .zip(u32::try_from(month).ok())
        .zip(u32::try_from(day).ok())
        .and_then(|((year, month), day)| NaiveDate::from_ymd_opt(year, month, day));
    found.ok_or_else(|| VALUE_ERROR.error("day is out of range for month"))
}

/// A time of day; Python's ValueErrors where there is none.
fn make_time(hour: i64, minute: i64, second: i64, micro: i64) -> Result<NaiveTime> {
    for (name, value, end) in [
        ("hour", hour, 23),
        ("minute", minute, 59),
        ("second", second, 59),
        ("microsecond", micro, 999_999),
    ] {
        if !(0..=end).contains(&value) {
            return Err(VALUE_ERROR.error(format!("{name} must be in 0..{end}")));
        }
    }
    let part = |value: i64| u32::try_from(value).unwrap_or(0);
    NaiveTime::from_hms_micro_opt(part(hour), part(minute), part(second), part(micro))
        .ok_or_else(|| VALUE_ERROR.error("second must be in 0..59"))
}

/// The zone that a `tzinfo` argument gives.
fn zone_argument(value: Option<&Value>, cx: &Cx) -> Result<Option<TimeZone>> {
    match value {
        None | Some(Value::None) => Ok(None),
        Some(value) => match value.downcast::<TimeZone>() {
            Some(zone) => Ok(Some(zone.clone())),
            None => Err(TYPE_ERROR.error(format!(
                "tzinfo argument must be None or of a tzinfo subclass, not type '{}'",
                super::class_of(value, cx).error_name()
            ))),
        },
    }
}
