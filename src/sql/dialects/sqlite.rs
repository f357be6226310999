//! The types of `sqlalchemy.dialects.sqlite` that are not the generic ones.

use std::any::Any;
use std::rc::Rc;

use super::Dialect;
use crate::object::{Bound, Cx, Result, Value};
use crate::sql::types::names::{Date, DateTime, JSON as GenericJson, Time};
use crate::sql::types::{
    Affinity, Processor, SqlType, StorageFormat, TemporalKind, TypeEngine, type_table,
};

const MODULE: &str = "sqlalchemy.dialects.sqlite.base";
const JSON_MODULE: &str = "sqlalchemy.dialects.sqlite.json";

/// `DATETIME(storage_format=.., regexp=..)` and its kin.
pub struct SqliteTemporal {
    kind: TemporalKind,
    format: StorageFormat,
}

impl TypeEngine for SqliteTemporal {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn affinity(&self) -> Affinity {
        self.kind.affinity()
    }
    fn repr_arguments(&self) -> Option<Vec<(Option<&'static str>, Value)>> {
        Some(Vec::new())
    }
    fn bind_processor(
        &self,
        _ty: &SqlType,
        _dialect: &Dialect,
        _cx: &Cx,
    ) -> Result<Option<Processor>> {
        let (kind, format) = (self.kind, self.format.clone());
        Ok(Some(Rc::new(move |value, _| match value {
            Value::None => Ok(Value::None),
            value => format.write(kind, &value).map(Value::from),
        })))
    }
    fn result_processor(
        &self,
        _ty: &SqlType,
        _dialect: &Dialect,
        _cx: &Cx,
    ) -> Result<Option<Processor>> {
        let (kind, format) = (self.kind, self.format.clone());
        Ok(Some(Rc::new(move |value, cx| match value {
            Value::None => Ok(Value::None),
            value => format.read(kind, &value, cx),
        })))
    }
    fn literal(
        &self,
        _ty: &SqlType,
        value: &Value,
        _dialect: &Dialect,
        _cx: &Cx,
    ) -> Result<Option<String>> {
        let text = self.format.write(self.kind, value)?;
        Ok(Some(format!("'{text}'")))
    }
    fn ddl(&self, ty: &SqlType, _dialect: &Dialect, _cx: &Cx) -> Result<Option<String>> {
        let name = ty.class().name();
        Ok(Some(if self.format.is_text_affinity() {
            name.to_owned()
        } else {
            format!("{name}_CHAR")
        }))
    }
}

fn make(kind: TemporalKind, bound: &Bound<'_>, cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    let format = StorageFormat::of(
        kind,
        bound.some("storage_format").and_then(Value::as_str),
        bound.some("regexp"),
        bound.has("truncate_microseconds") && bound.flag("truncate_microseconds", false),
        cx,
    )?;
    Ok(Rc::new(SqliteTemporal { kind, format }))
}

fn make_date(bound: &Bound<'_>, cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    make(TemporalKind::Date, bound, cx)
}
fn make_datetime(bound: &Bound<'_>, cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    make(TemporalKind::DateTime, bound, cx)
}
fn make_time(bound: &Bound<'_>, cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    make(TemporalKind::Time, bound, cx)
}

type_table! {
    SQLITE_TYPES;
    MODULE DATE "DATE" "DATE" [Date] "DATE(storage_format=None, regexp=None)" make_date;
    MODULE DATETIME "DATETIME" "DATETIME" [DateTime] "DATETIME(storage_format=None, regexp=None, truncate_microseconds=False)" make_datetime;
    MODULE TIME "TIME" "TIME" [Time] "TIME(storage_format=None, regexp=None, truncate_microseconds=False)" make_time;
    JSON_MODULE JSON "JSON" "JSON" [GenericJson] "JSON(none_as_null=False)" crate::sql::types::make_json;
}
