//! ISO 8601 texts, as the `fromisoformat` methods read them.

use chrono::{NaiveDate, Weekday};

use super::{DateTime, Time, TimeZone, make_date, make_time};

fn number(text: &str) -> Option<i64> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

/// `2024-01-31`, `20240131`, `2024-W05-3`, `2024W053`.
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    let year = number(text.get(..4)?)?;
    let rest = text.get(4..)?;
    let dashed = rest.starts_with('-');
    let rest = rest.strip_prefix('-').unwrap_or(rest);
    if let Some(week) = rest.strip_prefix('W') {
        let number_of_week = number(week.get(..2)?)?;
        let day = match week.get(2..)? {
            "" => 1,
            tail => number(if dashed {
                tail.strip_prefix('-')?
            } else {
                tail
            })?,
        };
        let weekday = Weekday::try_from(u8::try_from(day - 1).ok()?).ok()?;
        return NaiveDate::from_isoywd_opt(
            i32::try_from(year).ok()?,
            u32::try_from(number_of_week).ok()?,
            weekday,
        );
    }
    let month = number(rest.get(..2)?)?;
    let day = rest.get(2..)?;
    let day = if dashed { day.strip_prefix('-')? } else { day };
    if day.len() != 2 {
        return None;
    }
    make_date(year, month, number(day)?).ok()
}

/// `03:04:05.678+01:00` and its shorter forms.
pub fn parse_time(text: &str) -> Option<Time> {
    let text = text.strip_prefix('T').unwrap_or(text);
    let (clock, zone) = match text.find(['+', '-', 'Z']) {
        Some(at) => {
            let (zone, rest) = offset_prefix(&text[at..])?;
            if !rest.is_empty() {
                return None;
            }
            (&text[..at], Some(zone))
        }
        None => (text, None),
    };
    let (hour, minute, second, micro) = clock_parts(clock)?;
    Some(Time {
        time: make_time(hour, minute, second, micro).ok()?,
        zone,
    })
}

fn clock_parts(text: &str) -> Option<(i64, i64, i64, i64)> {
    let (whole, micro) = match text.split_once(['.', ',']) {
        Some((whole, fraction)) => {
            if !fraction.bytes().all(|byte| byte.is_ascii_digit()) || fraction.is_empty() {
                return None;
            }
            let digits: String = fraction.chars().chain("000000".chars()).take(6).collect();
            (whole, digits.parse().ok()?)
        }
        None => (text, 0),
    };
    let parts: Vec<&str> = if whole.contains(':') {
        whole.split(':').collect()
    } else {
        let cut = |range: std::ops::Range<usize>| whole.get(range).filter(|part| !part.is_empty());
        if whole.len() % 2 != 0 {
            return None;
        }
        [cut(0..2), cut(2..4), cut(4..6)]
            .into_iter()
            .flatten()
            .collect()
    };
    if parts.is_empty() || parts.len() > 3 || parts.iter().any(|part| part.len() != 2) {
        return None;
    }
    let part = |at: usize| parts.get(at).map_or(Some(0), |part| number(part));
    Some((part(0)?, part(1)?, part(2)?, micro))
}

/// A UTC offset at the start of a text, and what follows it.
pub(super) fn offset_prefix(text: &str) -> Option<(TimeZone, &str)> {
    if let Some(rest) = text.strip_prefix('Z') {
        return Some((TimeZone::utc(), rest));
    }
    let negative = text.starts_with('-');
    let body = text.strip_prefix(['+', '-'])?;
    let end = body
        .find(|c: char| !c.is_ascii_digit() && !matches!(c, ':' | '.'))
        .unwrap_or(body.len());
    let (hour, minute, second, micro) = clock_parts(&body[..end])?;
    let micros = ((hour * 60 + minute) * 60 + second) * 1_000_000 + micro;
    let zone = TimeZone::of_micros(if negative { -micros } else { micros })?;
    Some((zone, &body[end..]))
}

/// A date, or a date and a time behind any one character.
pub fn parse_datetime(text: &str) -> Option<DateTime> {
    // The date ends where its shape says: the shortest that parses with a time behind it.
    for end in [10, 8, 7] {
        let Some(date) = text.get(..end).and_then(parse_date) else {
            continue;
        };
        let rest = text.get(end..)?;
        if rest.is_empty() {
            return Some(DateTime::midnight(date));
        }
        let mut chars = rest.chars();
        chars.next();
        let time = parse_time(chars.as_str())?;
        return Some(DateTime {
            at: date.and_time(time.time),
            zone: time.zone,
        });
    }
    None
}
