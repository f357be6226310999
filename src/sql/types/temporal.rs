//! Dates, times, timestamps, intervals. SQLite keeps them as texts of a fixed format.

use std::any::Any;
use std::rc::Rc;

use super::class::{Processor, SqlType, TypeEngine};
use super::{Affinity, names, python};
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{Bound, Cx, Result, Value};
use crate::sql::dialects::{Backend, Dialect};

/// Which temporal type it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are SQLAlchemy's")]
pub enum TemporalKind {
    Date,
    DateTime,
    Time,
    Interval,
}

impl TemporalKind {
    /// The family of types.
    pub fn affinity(self) -> Affinity {
        match self {
            Self::Date => Affinity::Date,
            Self::DateTime => Affinity::DateTime,
            Self::Time => Affinity::Time,
            Self::Interval => Affinity::Interval,
        }
    }
}

/// `Date`, `DateTime`, `Time`, `Interval` and their kin.
pub struct TemporalType {
    /// Which one.
    pub kind: TemporalKind,
    /// `WITH TIME ZONE`.
    pub timezone: bool,
    /// Whether a native INTERVAL is used where there is one.
    pub native: bool,
}

impl TemporalType {
    /// What is said of a value of another kind.
    fn expected(&self, value: &Value) -> String {
        match self.kind {
            // It is added to the epoch.
            TemporalKind::Interval => {
                return format!(
                    "unsupported operand type(s) for +: 'datetime.datetime' and '{}'",
                    crate::object::class_of(value, &Cx::current()).error_name()
                );
            }
            TemporalKind::Date => "SQLite Date type only accepts Python date objects as input.",
            TemporalKind::DateTime => {
                "SQLite DateTime type only accepts Python datetime and date objects as input."
            }
            TemporalKind::Time => "SQLite Time type only accepts Python time objects as input.",
        }
        .to_owned()
    }
    /// The text that SQLite keeps for `value`.
    fn sqlite_text(&self, value: &Value) -> Result<String> {
        let text = match self.kind {
            TemporalKind::Date => python::date_parts(value)
                .map(|(year, month, day)| format!("{year:04}-{month:02}-{day:02}")),
            TemporalKind::DateTime => python::datetime_text(value),
            TemporalKind::Interval => python::interval_text(value),
            TemporalKind::Time => python::time_text(value),
        };
        text.ok_or_else(|| TYPE_ERROR.error(self.expected(value)))
    }
}

impl TypeEngine for TemporalType {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn affinity(&self) -> Affinity {
        self.kind.affinity()
    }
    fn bind_processor(
        &self,
        _ty: &SqlType,
        dialect: &Dialect,
        _cx: &Cx,
    ) -> Result<Option<Processor>> {
        if dialect.backend != Backend::Sqlite {
            return Ok(None);
        }
        let this = Self { ..*self };
        Ok(Some(Rc::new(move |value, _| match value {
            Value::None => Ok(Value::None),
            value => this.sqlite_text(&value).map(Value::from),
        })))
    }
    fn result_processor(
        &self,
        _ty: &SqlType,
        dialect: &Dialect,
        _cx: &Cx,
    ) -> Result<Option<Processor>> {
        if dialect.backend != Backend::Sqlite {
            return Ok(None);
        }
        let kind = self.kind;
        Ok(Some(Rc::new(move |value, cx| match (value, kind) {
            (Value::None, _) => Ok(Value::None),
            (value, TemporalKind::Date) => python::parse_date(&value, cx),
            (value, TemporalKind::DateTime) => python::parse_datetime(&value, cx),
            (value, TemporalKind::Time) => python::parse_time(&value, cx),
            (value, TemporalKind::Interval) => python::parse_interval(&value, cx),
        })))
    }
    fn literal(
        &self,
        _ty: &SqlType,
        value: &Value,
        dialect: &Dialect,
        cx: &Cx,
    ) -> Result<Option<String>> {
        if self.kind == TemporalKind::Interval {
            // It is written as the DATETIME that it is stored as, which a timedelta is not.
            return Err(crate::object::exceptions::ATTRIBUTE_ERROR.error(format!(
                "'{}' object has no attribute 'isoformat'",
                crate::object::class_of(value, cx).name()
            )));
        }
        if dialect.backend == Backend::Sqlite {
            return self
                .sqlite_text(value)
                .map(|text| Some(format!("'{text}'")));
        }
        let text = cx.call_method(value, "isoformat", [])?;
        let text = cx.str(&text)?.replace('T', " ");
        Ok(Some(format!("'{text}'")))
    }
    fn repr_arguments(&self) -> Option<Vec<(Option<&'static str>, Value)>> {
        // A generic Interval shows the arguments of the DATETIME that it is stored as: none.
        (self.kind == TemporalKind::Interval).then(Vec::new)
    }
    fn python_type(&self) -> Option<Value> {
        python::temporal_class(self.kind)
    }
    fn wrapped(&self) -> Option<SqlType> {
        (self.kind == TemporalKind::Interval).then(|| SqlType::simple(&names::DateTime))
    }
}

fn of_kind(kind: TemporalKind, bound: &Bound<'_>) -> Rc<dyn TypeEngine> {
    Rc::new(TemporalType {
        kind,
        timezone: bound.has("timezone") && bound.flag("timezone", false),
        native: !bound.has("native") || bound.flag("native", true),
    })
}

#[expect(clippy::unnecessary_wraps, reason = "it is a Make")]
pub(crate) fn make_date(bound: &Bound<'_>, _cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    Ok(of_kind(TemporalKind::Date, bound))
}
#[expect(clippy::unnecessary_wraps, reason = "it is a Make")]
pub(crate) fn make_datetime(bound: &Bound<'_>, _cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    Ok(of_kind(TemporalKind::DateTime, bound))
}
#[expect(clippy::unnecessary_wraps, reason = "it is a Make")]
pub(crate) fn make_time(bound: &Bound<'_>, _cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    Ok(of_kind(TemporalKind::Time, bound))
}
#[expect(clippy::unnecessary_wraps, reason = "it is a Make")]
pub(crate) fn make_interval(bound: &Bound<'_>, _cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    Ok(of_kind(TemporalKind::Interval, bound))
}
