//! `strftime`: the directives of the C locale.

use chrono::{Datelike, Timelike};

use super::{Date, DateTime};
use crate::object::Result;

pub(super) const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn day_name(at: &DateTime) -> &'static str {
    let day = usize::try_from(at.at.weekday().num_days_from_monday()).unwrap_or(0);
    DAYS.get(day).copied().unwrap_or("")
}

fn month_name(at: &DateTime) -> &'static str {
    let month = usize::try_from(at.at.month0()).unwrap_or(0);
    MONTHS.get(month).copied().unwrap_or("")
}

/// `at.strftime(format)`.
#[expect(clippy::unnecessary_wraps, reason = "callers answer it as it is")]
pub fn strftime(format: &str, at: &DateTime) -> Result<String> {
    let mut out = String::with_capacity(format.len() * 2);
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('-') => {
                let padded = chars.next().map(|c| directive(c, at)).unwrap_or_default();
                let bare = padded.trim_start_matches(['0', ' ']);
                out.push_str(if bare.is_empty() { "0" } else { bare });
            }
            Some(c) => out.push_str(&directive(c, at)),
            None => out.push('%'),
        }
    }
    Ok(out)
}

fn directive(c: char, at: &DateTime) -> String {
    let (date, time) = (at.at.date(), at.at.time());
    let twelve = match time.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    let noon = if time.hour() < 12 { "AM" } else { "PM" };
    let weeks = |first_day: u32| (date.ordinal0() + 7 - first_day) / 7;
    match c {
        'Y' => date.year().to_string(),
        'G' => date.iso_week().year().to_string(),
        'C' => format!("{:02}", date.year() / 100),
        'y' => format!("{:02}", date.year() % 100),
        'm' => format!("{:02}", date.month()),
        'd' => format!("{:02}", date.day()),
        'e' => format!("{:2}", date.day()),
        'j' => format!("{:03}", date.ordinal()),
        'H' => format!("{:02}", time.hour()),
        'k' => format!("{:2}", time.hour()),
        'I' => format!("{twelve:02}"),
        'l' => format!("{twelve:2}"),
        'M' => format!("{:02}", time.minute()),
        'S' => format!("{:02}", time.second()),
        'f' => format!("{:06}", time.nanosecond() / 1000),
        'p' => noon.to_owned(),
        'a' => day_name(at)[..3].to_owned(),
        'A' => day_name(at).to_owned(),
        'b' | 'h' => month_name(at)[..3].to_owned(),
        'B' => month_name(at).to_owned(),
        'w' => date.weekday().num_days_from_sunday().to_string(),
        'u' => date.weekday().number_from_monday().to_string(),
        'V' => format!("{:02}", date.iso_week().week()),
        'U' => format!("{:02}", weeks(date.weekday().num_days_from_sunday())),
        'W' => format!("{:02}", weeks(date.weekday().num_days_from_monday())),
        'z' => at
            .zone
            .as_ref()
            .map_or_else(String::new, |z| z.offset_text("")),
        'Z' => at
            .zone
            .as_ref()
            .map_or_else(String::new, ToString::to_string),
        's' => at.at.and_utc().timestamp().to_string(),
        'F' => Date(date).to_string(),
        'T' | 'X' => [directive('H', at), directive('M', at), directive('S', at)].join(":"),
        'R' => [directive('H', at), directive('M', at)].join(":"),
        'r' => format!(
            "{} {noon}",
            [directive('I', at), directive('M', at), directive('S', at)].join(":")
        ),
        'D' | 'x' => [directive('m', at), directive('d', at), directive('y', at)].join("/"),
        'c' => format!(
            "{} {} {:2} {} {}",
            directive('a', at),
            directive('b', at),
            date.day(),
            directive('T', at),
            date.year()
        ),
        'n' => "\n".to_owned(),
        't' => "\t".to_owned(),
        '%' => "%".to_owned(),
        other => format!("%{other}"),
    }
}
