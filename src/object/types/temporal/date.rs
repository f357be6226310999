//! `datetime.date`.

use std::fmt;
use std::rc::Rc;

use chrono::{Datelike, Duration, Local, NaiveDate, Weekday};

use super::strftime::strftime;
use super::{DateTime, OBJECT, TimeDelta, make_date, number};
use crate::object::exceptions::{OVERFLOW_ERROR, TYPE_ERROR, VALUE_ERROR};
use crate::object::types::int;
use crate::object::{
    Args, BinaryOp, Bound, Class, CompareOp, Cx, Members, Object, Result, Signature, TypeSpec,
    Value, hash_sequence,
};

/// `datetime.date`.
pub static DATE: TypeSpec = TypeSpec::new("datetime", "date")
    .names_module()
    .bases(&[&OBJECT])
    .construct(construct)
    .members(members);

/// A date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub NaiveDate);

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}-{:02}-{:02}",
            self.0.year(),
            self.0.month(),
            self.0.day()
        )
    }
}

/// A date moved by days; OverflowError beyond the calendar.
pub(super) fn shifted(date: NaiveDate, days: i64) -> Result<NaiveDate> {
    Duration::try_days(days)
        .and_then(|days| date.checked_add_signed(days))
        .filter(|date| (1..=9999).contains(&date.year()))
        .ok_or_else(|| OVERFLOW_ERROR.error("date value out of range"))
}

fn construct(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    let signature = Signature::parse("date(year, month, day)", None);
    check_required(&args, &["year", "month", "day"], cx)?;
    let a = signature.bind(args)?;
    let date = make_date(
        number(&a, "year", 0, cx)?,
        number(&a, "month", 0, cx)?,
        number(&a, "day", 0, cx)?,
    )?;
    Ok(Value::object(Date(date)))
}

/// TypeError for the first of the required integers that is missing or no integer.
pub(super) fn check_required(args: &Args, names: &[&str], cx: &Cx) -> Result<()> {
    for (at, name) in names.iter().enumerate() {
        let given = args.pos.get(at).or_else(|| {
            let mut keywords = args.kw.iter();
            keywords.find(|(kw, _)| kw == *name).map(|(_, value)| value)
        });
        match given {
            Some(value) => int::expect_index(value, cx).map(drop)?,
            None => {
                return Err(TYPE_ERROR.error(format!(
                    "function missing required argument '{name}' (pos {})",
                    at + 1
                )));
            }
        }
    }
    Ok(())
}

impl Object for Date {
    fn spec(&self) -> &'static TypeSpec {
        &DATE
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(format!(
            "datetime.date({}, {}, {})",
            self.0.year(),
            self.0.month(),
            self.0.day()
        )))
    }
    fn str(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(self.to_string()))
    }
    fn format(&self, spec: &str, _cx: &Cx) -> Result<Option<String>> {
        if spec.is_empty() {
            return Ok(None);
        }
        strftime(spec, &DateTime::midnight(self.0)).map(Some)
    }
    fn hash(&self, _cx: &Cx) -> Result<Option<u64>> {
        let days = i64::from(self.0.num_days_from_ce()).cast_unsigned();
        Ok(Some(hash_sequence(std::iter::once(days))))
    }
    fn compare(
        &self,
        _this: &Value,
        op: CompareOp,
        other: &Value,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(other
            .downcast::<Self>()
            .map(|other| Value::Bool(op.holds(self.cmp(other)))))
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
            let days = delta.parts().0;
            return Ok(match op {
                BinaryOp::Add => Some(Value::object(Self(shifted(self.0, days)?))),
                BinaryOp::Sub if !reflected => Some(Value::object(Self(shifted(self.0, -days)?))),
                _ => None,
            });
        }
        match (op, other.downcast::<Self>()) {
            (BinaryOp::Sub, Some(other)) => {
                let days = self.0.signed_duration_since(other.0).num_days();
                let days = if reflected { -days } else { days };
                Ok(Some(Value::object(TimeDelta::of_micros(
                    days.saturating_mul(86_400_000_000),
                ))))
            }
            _ => Ok(None),
        }
    }
}

/// The date of a date or datetime.
fn receiver(value: &Value) -> Option<NaiveDate> {
    value
        .downcast::<Date>()
        .map(|date| date.0)
        .or_else(|| value.downcast::<DateTime>().map(|at| at.at.date()))
}

fn on(this: &Value) -> Result<NaiveDate> {
    receiver(this).ok_or_else(|| TYPE_ERROR.error("descriptor requires a 'datetime.date' object"))
}

fn members(members: &mut Members) {
    members
        .getter_on_value("year", |this, _| Ok(i64::from(on(this)?.year()).into()))
        .getter_on_value("month", |this, _| Ok(i64::from(on(this)?.month()).into()))
        .getter_on_value("day", |this, _| Ok(i64::from(on(this)?.day()).into()))
        .method_on_value("weekday(/)", |this, _, _| {
            Ok(i64::from(on(this)?.weekday().num_days_from_monday()).into())
        })
        .method_on_value("isoweekday(/)", |this, _, _| {
            Ok(i64::from(on(this)?.weekday().number_from_monday()).into())
        })
        .method_on_value("toordinal(/)", |this, _, _| {
            Ok(i64::from(on(this)?.num_days_from_ce()).into())
        })
        .method_on_value("isocalendar(/)", |this, _, _| {
            let date = on(this)?;
            let week = date.iso_week();
            Ok(Value::object(IsoCalendarDate([
                i64::from(week.year()),
                i64::from(week.week()),
                i64::from(date.weekday().number_from_monday()),
            ])))
        })
        .method("isoformat(/)", |date: &Date, _, _| {
            Ok(date.to_string().into())
        })
        .method("ctime(/)", |date: &Date, _, _| {
            Ok(strftime("%a %b %e %H:%M:%S %Y", &DateTime::midnight(date.0))?.into())
        })
        .method("strftime(format)", |date: &Date, a, _| {
            Ok(strftime(a.text("format")?, &DateTime::midnight(date.0))?.into())
        })
        .method(
            "replace(year=None, month=None, day=None)",
            |date: &Date, a, cx| replaced(date.0, a, cx).map(|date| Value::object(Date(date))),
        )
        .class_method("today(/)", |this, _, _| {
            let now = Local::now().naive_local();
            Ok(if is_datetime(this) {
                Value::object(DateTime::naive(now))
            } else {
                Value::object(Date(now.date()))
            })
        })
        .class_method("fromordinal(ordinal, /)", |this, a, cx| {
            let ordinal = int::expect_index(a.at(0), cx)?;
            let found = i32::try_from(ordinal)
                .ok()
                .filter(|ordinal| *ordinal >= 1)
                .and_then(NaiveDate::from_num_days_from_ce_opt)
                .filter(|date| date.year() <= 9999);
            let date = found.ok_or_else(|| VALUE_ERROR.error("ordinal must be >= 1"))?;
            Ok(of_class(this, date))
        })
        .class_method("fromisocalendar(year, week, day)", |this, a, cx| {
            let year = number(a, "year", 0, cx)?;
            let week = number(a, "week", 0, cx)?;
            let day = number(a, "day", 0, cx)?;
            let weekday = usize::try_from(day - 1).ok().and_then(|day| {
                [
                    Weekday::Mon,
                    Weekday::Tue,
                    Weekday::Wed,
                    Weekday::Thu,
                    Weekday::Fri,
                    Weekday::Sat,
                    Weekday::Sun,
                ]
                .get(day)
                .copied()
            });
            let Some(weekday) = weekday else {
                return Err(VALUE_ERROR.error(format!("Invalid day: {day} (range is [1, 7])")));
            };
            let found = i32::try_from(year)
                .ok()
                .zip(u32::try_from(week).ok())
                .and_then(|(year, week)| NaiveDate::from_isoywd_opt(year, week, weekday));
            let date = found.ok_or_else(|| VALUE_ERROR.error(format!("Invalid week: {week}")))?;
            Ok(of_class(this, date))
        })
        .class_method("fromisoformat(date_string, /)", |_, a, cx| {
            let text = text_argument(a)?;
            super::parse_date(&text)
                .map(|date| Value::object(Date(date)))
                .ok_or_else(|| invalid_iso(&text, cx))
        })
        .class_method("fromtimestamp(timestamp, /)", |_, a, cx| {
            let at = super::datetime::from_timestamp(a.at(0), None, cx)?;
            Ok(Value::object(Date(at.at.date())))
        })
        .constant(
            "min",
            Value::object(Date(NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or_default())),
        )
        .constant(
            "max",
            Value::object(Date(
                NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or_default(),
            )),
        )
        .constant(
            "resolution",
            Value::object(TimeDelta::of_micros(86_400_000_000)),
        );
}

fn is_datetime(class: &Value) -> bool {
    matches!(class, Value::Class(class) if class.derives_from(&super::DATETIME))
}

fn of_class(class: &Value, date: NaiveDate) -> Value {
    if is_datetime(class) {
        Value::object(DateTime::midnight(date))
    } else {
        Value::object(Date(date))
    }
}

/// `date` with the parts that are given replaced.
pub(super) fn replaced(date: NaiveDate, a: &Bound<'_>, cx: &Cx) -> Result<NaiveDate> {
    make_date(
        number(a, "year", i64::from(date.year()), cx)?,
        number(a, "month", i64::from(date.month()), cx)?,
        number(a, "day", i64::from(date.day()), cx)?,
    )
}

/// The text that `fromisoformat` was given.
pub(super) fn text_argument(a: &Bound<'_>) -> Result<String> {
    a.at(0)
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| TYPE_ERROR.error("fromisoformat: argument must be str"))
}

/// The ValueError for a text that is no ISO format.
pub(super) fn invalid_iso(text: &str, cx: &Cx) -> crate::object::Raised {
    let shown = cx.repr(&text.into()).unwrap_or_default();
    VALUE_ERROR.error(format!("Invalid isoformat string: {shown}"))
}

static ISO_CALENDAR_DATE: TypeSpec = TypeSpec::new("datetime", "IsoCalendarDate")
    .bases(&[&OBJECT])
    .members(crate::object::types::container_members);

/// What `isocalendar()` answers: year, week, weekday.
struct IsoCalendarDate([i64; 3]);

impl IsoCalendarDate {
    fn tuple(&self) -> Value {
        Value::tuple(self.0.iter().copied().map(Value::Int).collect())
    }
}

impl Object for IsoCalendarDate {
    fn spec(&self) -> &'static TypeSpec {
        &ISO_CALENDAR_DATE
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        let [year, week, weekday] = self.0;
        Ok(Some(format!(
            "datetime.IsoCalendarDate(year={year}, week={week}, weekday={weekday})"
        )))
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        let [year, week, weekday] = self.0;
        Ok(match name {
            "year" => Some(Value::Int(year)),
            "week" => Some(Value::Int(week)),
            "weekday" => Some(Value::Int(weekday)),
            _ => None,
        })
    }
    fn len(&self, _cx: &Cx) -> Result<Option<usize>> {
        Ok(Some(3))
    }
    fn iter(&self, _this: &Value, cx: &Cx) -> Result<Option<Value>> {
        crate::object::types::iterators::iter_of(&self.tuple(), cx).map(Some)
    }
    fn get_item(&self, _this: &Value, key: &Value, cx: &Cx) -> Result<Option<Value>> {
        crate::object::types::get_item(&self.tuple(), key, cx).map(Some)
    }
    fn compare(
        &self,
        _this: &Value,
        op: CompareOp,
        other: &Value,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        let other = match other.downcast::<Self>() {
            Some(other) => other.tuple(),
            None => other.clone(),
        };
        crate::object::types::compare_builtin(&self.tuple(), op, &other, cx)
    }
}
