//! The storage formats of SQLite's date and time types: how a value is written, how it is read.

use std::rc::Rc;

use regex::Regex;

use super::TemporalKind;
use super::python;
use crate::object::exceptions::{TYPE_ERROR, VALUE_ERROR};
use crate::object::{Cx, Result, Value};

/// How a date or time is kept as text.
#[derive(Clone)]
pub struct StorageFormat {
    format: Rc<str>,
    regexp: Option<Rc<Regex>>,
}

impl StorageFormat {
    /// The format of `kind`, with what the constructor says.
    pub fn of(
        kind: TemporalKind,
        format: Option<&str>,
        regexp: Option<&Value>,
        truncate: bool,
        cx: &Cx,
    ) -> Result<Self> {
        let usual = match kind {
            TemporalKind::Date => "%(year)04d-%(month)02d-%(day)02d",
            TemporalKind::Time if truncate => "%(hour)02d:%(minute)02d:%(second)02d",
            TemporalKind::Time => "%(hour)02d:%(minute)02d:%(second)02d.%(microsecond)06d",
            _ if truncate => {
                "%(year)04d-%(month)02d-%(day)02d %(hour)02d:%(minute)02d:%(second)02d"
            }
            _ => {
                "%(year)04d-%(month)02d-%(day)02d %(hour)02d:%(minute)02d:%(second)02d.%(microsecond)06d"
            }
        };
        let regexp = match regexp {
            None => None,
            Some(given) => {
                let pattern = match given {
                    Value::Str(text) => text.to_string(),
                    other => cx.str(&cx.get_attr(other, "pattern")?)?,
                };
                let pattern = Regex::new(&format!("^(?:{pattern})"))
                    .map_err(|error| VALUE_ERROR.error(error.to_string()))?;
                Some(Rc::new(pattern))
            }
        };
        Ok(Self {
            format: format.unwrap_or(usual).into(),
            regexp,
        })
    }
    /// Whether a column of such texts has text affinity.
    pub fn is_text_affinity(&self) -> bool {
        let zeros = self.fill(&[0; 7]);
        zeros.chars().any(|c| !c.is_ascii_digit())
    }
    fn fill(&self, parts: &[i64; 7]) -> String {
        const NAMES: [&str; 7] = [
            "year",
            "month",
            "day",
            "hour",
            "minute",
            "second",
            "microsecond",
        ];
        let mut text = String::new();
        let mut rest = &*self.format;
        while let Some(at) = rest.find("%(") {
            text.push_str(&rest[..at]);
            let tail = &rest[at + 2..];
            let (Some(close), Some(end)) = (tail.find(')'), tail.find('d')) else {
                break;
            };
            // The letter may stand inside the name.
            let end = tail[close..].find('d').map_or(end, |at| close + at);
            let width = tail[close + 1..end].trim_start_matches('0');
            let width: usize = width.parse().unwrap_or(0);
            let part = NAMES.iter().position(|name| *name == &tail[..close]);
            let value = part.and_then(|part| parts.get(part)).copied().unwrap_or(0);
            text.push_str(&format!("{value:0width$}"));
            rest = &tail[end + 1..];
        }
        text.push_str(rest);
        text
    }
    /// The text kept for `value`; TypeError where that is none of the kind.
    pub fn write(&self, kind: TemporalKind, value: &Value) -> Result<String> {
        let parts = python::temporal_parts(kind, value).ok_or_else(|| {
            TYPE_ERROR.error(match kind {
                TemporalKind::Date => "SQLite Date type only accepts Python date objects as input.",
                TemporalKind::Time => "SQLite Time type only accepts Python time objects as input.",
                _ => "SQLite DateTime type only accepts Python datetime and date objects as input.",
            })
        })?;
        Ok(self.fill(&parts))
    }
    /// The value that a text stands for.
    pub fn read(&self, kind: TemporalKind, value: &Value, cx: &Cx) -> Result<Value> {
        let Some(regexp) = &self.regexp else {
            return match kind {
                TemporalKind::Date => python::parse_date(value, cx),
                TemporalKind::Time => python::parse_time(value, cx),
                _ => python::parse_datetime(value, cx),
            };
        };
        let text = cx.str(value)?;
        let Some(found) = regexp.captures(&text) else {
            return Err(VALUE_ERROR.error(format!(
                "Couldn't parse {} string '{text}'",
                match kind {
                    TemporalKind::Date => "date",
                    TemporalKind::Time => "time",
                    _ => "datetime",
                }
            )));
        };
        let number = |part: Option<regex::Match<'_>>| -> Value {
            Value::Int(
                part.and_then(|part| part.as_str().parse().ok())
                    .unwrap_or(0),
            )
        };
        let mut args = crate::object::Args::none();
        if regexp.capture_names().flatten().next().is_some() {
            for name in regexp.capture_names().flatten() {
                args.kw.push((name.into(), number(found.name(name))));
            }
        } else {
            args.pos
                .extend((1..found.len()).map(|at| number(found.get(at))));
        }
        match python::temporal_class(kind) {
            Some(class) => cx.call(&class, args),
            None => Ok(value.clone()),
        }
    }
}
