//! The Python values of the standard library that types convert to and from.

use super::TemporalKind;
use crate::object::{Cx, Result, Value};

/// `value` as a `Decimal` of `scale` digits behind the point.
pub(super) fn decimal_with_scale(value: &Value, _scale: usize, _cx: &Cx) -> Result<Value> {
    Ok(value.clone())
}
/// The class `decimal.Decimal`.
pub(super) fn decimal_class() -> Option<Value> {
    None
}
/// The `uuid.UUID` that `value` writes.
pub(super) fn uuid_from(value: &Value, _cx: &Cx) -> Result<Value> {
    Ok(value.clone())
}
/// The class `uuid.UUID`.
pub(super) fn uuid_class() -> Option<Value> {
    None
}
/// Year, month and day of a date or datetime.
pub(super) fn date_parts(_value: &Value) -> Option<(i32, u32, u32)> {
    None
}
/// The text SQLite keeps for a datetime or date.
pub(super) fn datetime_text(_value: &Value) -> Option<String> {
    None
}
/// The text SQLite keeps for a time.
pub(super) fn time_text(_value: &Value) -> Option<String> {
    None
}
/// The text SQLite keeps for a timedelta.
pub(super) fn interval_text(_value: &Value) -> Option<String> {
    None
}
/// A `date` from its text.
pub(super) fn parse_date(value: &Value, _cx: &Cx) -> Result<Value> {
    Ok(value.clone())
}
/// A `datetime` from its text.
pub(super) fn parse_datetime(value: &Value, _cx: &Cx) -> Result<Value> {
    Ok(value.clone())
}
/// A `time` from its text.
pub(super) fn parse_time(value: &Value, _cx: &Cx) -> Result<Value> {
    Ok(value.clone())
}
/// A `timedelta` from its text.
pub(super) fn parse_interval(value: &Value, _cx: &Cx) -> Result<Value> {
    Ok(value.clone())
}
/// The class of the values of a temporal type.
pub(super) fn temporal_class(_kind: TemporalKind) -> Option<Value> {
    None
}
/// The temporal type, decimal or UUID that `value` is of.
pub(super) fn kind_of(_value: &Value) -> Option<&'static super::TypeClass> {
    None
}
/// The text that `json.dumps()` makes of `value`.
pub(super) fn json_dumps(value: &Value, _cx: &Cx) -> Result<Value> {
    Ok(value.clone())
}
/// What `json.loads()` makes of a text.
pub(super) fn json_loads(value: &Value, _cx: &Cx) -> Result<Value> {
    Ok(value.clone())
}
/// Year, month, day, hour, minute, second and microsecond of a value of `kind`.
pub(super) fn temporal_parts(_kind: TemporalKind, _value: &Value) -> Option<[i64; 7]> {
    None
}
