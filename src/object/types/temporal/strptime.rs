//! `datetime.strptime`.

use chrono::NaiveDate;

use super::strftime::{DAYS, MONTHS};
use super::{DateTime, TimeZone, make_date, make_time};
use crate::object::exceptions::VALUE_ERROR;
use crate::object::{Cx, Raised, Result, Value};

/// What the directives have read so far.
#[derive(Default)]
struct Fields {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    ordinal: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    micro: i64,
    afternoon: Option<bool>,
    twelve: bool,
    zone: Option<TimeZone>,
}

fn mismatch(text: &str, format: &str) -> Raised {
    let cx = Cx::current();
    let shown = |text: &str| cx.repr(&Value::from(text)).unwrap_or_default();
    VALUE_ERROR.error(format!(
        "time data {} does not match format {}",
        shown(text),
        shown(format)
    ))
}

/// `datetime.strptime(text, format)`.
pub fn strptime(text: &str, format: &str) -> Result<DateTime> {
    let mut fields = Fields::default();
    let expanded = format
        .replace("%T", "%H:%M:%S")
        .replace("%R", "%H:%M")
        .replace("%F", "%Y-%m-%d")
        .replace("%D", "%m/%d/%y")
        .replace("%X", "%H:%M:%S")
        .replace("%x", "%m/%d/%y")
        .replace("%c", "%a %b %d %H:%M:%S %Y");
    let mut rest = text;
    let mut chars = expanded.chars();
    while let Some(c) = chars.next() {
        if c.is_whitespace() {
            let trimmed = rest.trim_start();
            if trimmed.len() == rest.len() {
                return Err(mismatch(text, format));
            }
            rest = trimmed;
            continue;
        }
        if c != '%' {
            rest = rest.strip_prefix(c).ok_or_else(|| mismatch(text, format))?;
            continue;
        }
        let Some(directive) = chars.next() else {
            return Err(VALUE_ERROR.error(format!("stray %% in format '{format}'")));
        };
        if !"YmdHIMSfyjpaAbBzZ%wuUWGV".contains(directive) {
            return Err(VALUE_ERROR.error(format!(
                "'{directive}' is a bad directive in format '{format}'"
            )));
        }
        rest = fields
            .read(directive, rest)
            .ok_or_else(|| mismatch(text, format))?;
    }
    if !rest.is_empty() {
        return Err(VALUE_ERROR.error(format!("unconverted data remains: {rest}")));
    }
    fields.finish()
}

/// Read one to `most` digits.
fn digits(text: &str, most: usize) -> Option<(i64, &str)> {
    let end = text
        .bytes()
        .take(most)
        .take_while(u8::is_ascii_digit)
        .count();
    let number = text.get(..end)?.parse().ok()?;
    Some((number, &text[end..]))
}

fn name<'t>(text: &'t str, names: &[&str], short: bool) -> Option<(usize, &'t str)> {
    names.iter().enumerate().find_map(|(at, name)| {
        let name = if short { &name[..3] } else { name };
        let start = text.get(..name.len())?;
        start
            .eq_ignore_ascii_case(name)
            .then(|| (at, &text[name.len()..]))
    })
}

impl Fields {
    fn read<'t>(&mut self, directive: char, text: &'t str) -> Option<&'t str> {
        let within = |most: usize, low: i64, high: i64| -> Option<(i64, &'t str)> {
            // Fewer digits are tried where more do not fit the range, as the pattern would.
            (1..=most).rev().find_map(|count| {
                let (number, rest) = digits(text, count)?;
                (low..=high).contains(&number).then_some((number, rest))
            })
        };
        let (number, rest) = match directive {
            'Y' => {
                let year = text.get(..4)?;
                if !year.bytes().all(|b| b.is_ascii_digit()) {
                    return None;
                }
                (year.parse().ok()?, &text[4..])
            }
            'm' => within(2, 1, 12)?,
            'd' => within(2, 1, 31)?,
            'H' => within(2, 0, 23)?,
            'I' => within(2, 1, 12)?,
            'M' => within(2, 0, 59)?,
            'S' => within(2, 0, 61)?,
            'y' => within(2, 0, 99)?,
            'j' => within(3, 1, 366)?,
            'w' | 'u' => within(1, 0, 7)?,
            'U' | 'W' | 'V' => within(2, 0, 53)?,
            'G' => within(4, 0, 9999)?,
            'f' => {
                let (number, rest) = digits(text, 6)?;
                let used = text.len() - rest.len();
                let scale = 10_i64.pow(u32::try_from(6 - used.min(6)).ok()?);
                (number * scale, rest)
            }
            'p' => {
                let (at, rest) = ["AM", "PM"].iter().enumerate().find_map(|(at, word)| {
                    text.get(..2)?
                        .eq_ignore_ascii_case(word)
                        .then(|| (at, &text[2..]))
                })?;
                self.afternoon = Some(at == 1);
                return Some(rest);
            }
            'a' | 'A' => return name(text, &DAYS, directive == 'a').map(|(_, rest)| rest),
            'b' | 'B' => {
                let (at, rest) = name(text, &MONTHS, directive == 'b')?;
                self.month = i64::try_from(at + 1).ok();
                return Some(rest);
            }
            'z' => {
                let (zone, rest) = super::parse::offset_prefix(text)?;
                self.zone = Some(zone);
                return Some(rest);
            }
            'Z' => {
                return ["UTC", "GMT"]
                    .iter()
                    .find_map(|word| text.strip_prefix(word));
            }
            _ => return text.strip_prefix('%'),
        };
        self.set(directive, number);
        Some(rest)
    }

    fn set(&mut self, directive: char, number: i64) {
        match directive {
            'Y' => self.year = Some(number),
            'y' => {
                self.year = Some(if number <= 68 {
                    2000 + number
                } else {
                    1900 + number
                });
            }
            'm' => self.month = Some(number),
            'd' => self.day = Some(number),
            'j' => self.ordinal = Some(number),
            'H' => self.hour = number,
            'I' => {
                self.hour = number;
                self.twelve = true;
            }
            'M' => self.minute = number,
            'S' => self.second = number,
            'f' => self.micro = number,
            _ => {}
        }
    }

    fn finish(self) -> Result<DateTime> {
        let hour = match (self.twelve, self.afternoon) {
            (true, Some(true)) => self.hour % 12 + 12,
            (true, _) => self.hour % 12,
            _ => self.hour,
        };
        let year = self.year.unwrap_or(1900);
        let date = match self.ordinal {
            Some(ordinal) if self.month.is_none() => i32::try_from(year)
                .ok()
                .zip(u32::try_from(ordinal).ok())
                .and_then(|(year, ordinal)| NaiveDate::from_yo_opt(year, ordinal))
                .ok_or_else(|| VALUE_ERROR.error("day of year out of range"))?,
            _ => make_date(year, self.month.unwrap_or(1), self.day.unwrap_or(1))?,
        };
        let time = make_time(hour, self.minute, self.second, self.micro)?;
        Ok(DateTime {
            at: date.and_time(time),
            zone: self.zone,
        })
    }
}
