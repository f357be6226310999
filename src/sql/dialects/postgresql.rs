//! The types of `sqlalchemy.dialects.postgresql` that are not the generic ones.

use std::any::Any;
use std::rc::Rc;

use super::{Backend, Dialect};
use crate::object::{Bound, Cx, Result, Str, Value};
use crate::sql::operators::Operator;
use crate::sql::types::names::{
    ARRAY as GenericArray, DateTime, Enum, JSON as GenericJson, LargeBinary,
    String as GenericString, Time, TypeEngine as Engine,
};
use crate::sql::types::{
    Affinity, SqlType, TypeEngine, make_array, make_enum, make_postgresql_json, names, type_table,
};

const MODULE: &str = "sqlalchemy.dialects.postgresql.types";
const ARRAYS: &str = "sqlalchemy.dialects.postgresql.array";
const JSONS: &str = "sqlalchemy.dialects.postgresql.json";
const RANGES: &str = "sqlalchemy.dialects.postgresql.ranges";
const ENUMS: &str = "sqlalchemy.dialects.postgresql.named_types";
const HSTORES: &str = "sqlalchemy.dialects.postgresql.hstore";

/// A type that is a name in DDL, and no more.
pub struct NamedType {
    affinity: Affinity,
    text: String,
    /// What an index into it gives, of HSTORE.
    item: Option<SqlType>,
    attributes: Vec<(Str, Value)>,
}

impl TypeEngine for NamedType {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn affinity(&self) -> Affinity {
        self.affinity
    }
    fn attribute(&self, name: &str) -> Option<Value> {
        let (_, value) = self.attributes.iter().find(|(known, _)| known == name)?;
        Some(value.clone())
    }
    fn ddl(&self, ty: &SqlType, dialect: &Dialect, _cx: &Cx) -> Result<Option<String>> {
        // Without a database, the name of the class stands in.
        let plain = self.text.is_empty() || dialect.backend == Backend::Default;
        Ok(Some(if plain {
            ty.class().name().to_owned()
        } else {
            self.text.clone()
        }))
    }
    fn coerce_compared_value(
        &self,
        ty: &SqlType,
        _operator: &Operator,
        value: &Value,
        _cx: &Cx,
    ) -> Result<Option<SqlType>> {
        // A mapping beside an HSTORE is one.
        let own = self.item.is_some() && matches!(value, Value::Dict(_));
        Ok(own.then(|| ty.clone()))
    }
    fn item_type(&self) -> Option<SqlType> {
        self.item.clone()
    }
}

fn named(
    affinity: Affinity,
    text: String,
    bound: &Bound<'_>,
    names: &[&str],
) -> Rc<dyn TypeEngine> {
    Rc::new(NamedType {
        affinity,
        text,
        item: None,
        attributes: names
            .iter()
            .map(|name| (Str::new(*name), bound.value(name).clone()))
            .collect(),
    })
}

#[expect(clippy::unnecessary_wraps, reason = "it is a Make")]
fn make_plain(bound: &Bound<'_>, _cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    Ok(named(Affinity::Other, String::new(), bound, &[]))
}

#[expect(clippy::unnecessary_wraps, reason = "it is a Make")]
fn make_text(bound: &Bound<'_>, _cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    Ok(named(Affinity::String, String::new(), bound, &[]))
}

#[expect(clippy::unnecessary_wraps, reason = "it is a Make")]
fn make_bytea(bound: &Bound<'_>, _cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    Ok(named(
        Affinity::Binary,
        "BYTEA".to_owned(),
        bound,
        &["length"],
    ))
}

#[expect(clippy::unnecessary_wraps, reason = "it is a Make")]
fn make_bit(bound: &Bound<'_>, _cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    let length = bound.some("length").and_then(Value::as_int);
    let text = match (bound.flag("varying", false), length) {
        (true, None) => "BIT VARYING".to_owned(),
        (true, Some(length)) => format!("BIT VARYING({length})"),
        (false, length) => format!("BIT({})", length.filter(|length| *length != 0).unwrap_or(1)),
    };
    Ok(named(Affinity::Other, text, bound, &["length", "varying"]))
}

#[expect(clippy::unnecessary_wraps, reason = "it is a Make")]
fn make_interval(bound: &Bound<'_>, _cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    let mut text = "INTERVAL".to_owned();
    if let Some(fields) = bound.some("fields").and_then(Value::as_str) {
        text.push_str(&format!(" {fields}"));
    }
    if let Some(precision) = bound.some("precision").and_then(Value::as_int) {
        text.push_str(&format!(" ({precision})"));
    }
    Ok(named(
        Affinity::Interval,
        text,
        bound,
        &["precision", "fields"],
    ))
}

fn zoned(name: &str, affinity: Affinity, bound: &Bound<'_>) -> Rc<dyn TypeEngine> {
    let precision = match bound.some("precision").and_then(Value::as_int) {
        Some(precision) => format!("({precision})"),
        None => String::new(),
    };
    let zone = if bound.flag("timezone", false) {
        "WITH"
    } else {
        "WITHOUT"
    };
    let text = format!("{name}{precision} {zone} TIME ZONE");
    named(affinity, text, bound, &["timezone", "precision"])
}

#[expect(clippy::unnecessary_wraps, reason = "it is a Make")]
fn make_timestamp(bound: &Bound<'_>, _cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    Ok(zoned("TIMESTAMP", Affinity::DateTime, bound))
}

#[expect(clippy::unnecessary_wraps, reason = "it is a Make")]
fn make_time(bound: &Bound<'_>, _cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    Ok(zoned("TIME", Affinity::Time, bound))
}

fn make_hstore(bound: &Bound<'_>, cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    let item = match bound.some("text_type") {
        Some(given) => SqlType::from_value(given, cx)?,
        None => SqlType::simple(&names::Text),
    };
    Ok(Rc::new(NamedType {
        affinity: Affinity::Other,
        text: "HSTORE".to_owned(),
        attributes: vec![(Str::new("text_type"), item.to_value())],
        item: Some(item),
    }))
}

type_table! {
    POSTGRESQL_TYPES;
    MODULE INET "INET" "INET" [Engine] "INET()" make_plain;
    MODULE CIDR "CIDR" "CIDR" [Engine] "CIDR()" make_plain;
    MODULE MACADDR "MACADDR" "MACADDR" [Engine] "MACADDR()" make_plain;
    MODULE MACADDR8 "MACADDR8" "MACADDR8" [Engine] "MACADDR8()" make_plain;
    MODULE MONEY "MONEY" "MONEY" [Engine] "MONEY()" make_plain;
    MODULE OID "OID" "OID" [Engine] "OID()" make_plain;
    MODULE REGCLASS "REGCLASS" "REGCLASS" [Engine] "REGCLASS()" make_plain;
    MODULE REGCONFIG "REGCONFIG" "REGCONFIG" [Engine] "REGCONFIG()" make_plain;
    MODULE TSVECTOR "TSVECTOR" "TSVECTOR" [Engine] "TSVECTOR()" make_plain;
    MODULE TSQUERY "TSQUERY" "TSQUERY" [Engine] "TSQUERY()" make_plain;
    MODULE CITEXT "CITEXT" "CITEXT" [GenericString] "CITEXT(length=None, collation=None)" make_text;
    MODULE BYTEA "BYTEA" "BYTEA" [LargeBinary] "BYTEA(length=None)" make_bytea;
    MODULE BIT "BIT" "BIT" [Engine] "BIT(length=None, varying=False)" make_bit;
    MODULE INTERVAL "INTERVAL" "INTERVAL" [Engine] "INTERVAL(precision=None, fields=None)" make_interval;
    MODULE TIMESTAMP "TIMESTAMP" "TIMESTAMP" [DateTime] "TIMESTAMP(timezone=False, precision=None)" make_timestamp;
    MODULE TIME "TIME" "TIME" [Time] "TIME(timezone=False, precision=None)" make_time;
    HSTORES HSTORE "HSTORE" "HSTORE" [Engine] "HSTORE(text_type=None)" make_hstore;
    JSONS JSON "JSON" "JSON" [GenericJson] "JSON(none_as_null=False, astext_type=None)" make_postgresql_json;
    JSONS JSONB "JSONB" "JSONB" [JSON] "JSONB(none_as_null=False, astext_type=None)" make_postgresql_json;
    JSONS JSONPATH "JSONPATH" "JSONPATH" [Engine] "JSONPATH()" make_plain;
    ARRAYS ARRAY "ARRAY" "ARRAY" [GenericArray] "ARRAY(item_type, as_tuple=False, dimensions=None, zero_indexes=False)" make_array;
    ENUMS ENUM "ENUM" "enum" [Enum] "ENUM(*enums, **kw)" make_enum;
    RANGES AbstractRange "AbstractRange" "" [Engine] "AbstractRange()" make_plain;
    RANGES INT4RANGE "INT4RANGE" "INT4RANGE" [AbstractRange] "INT4RANGE()" make_plain;
    RANGES INT8RANGE "INT8RANGE" "INT8RANGE" [AbstractRange] "INT8RANGE()" make_plain;
    RANGES NUMRANGE "NUMRANGE" "NUMRANGE" [AbstractRange] "NUMRANGE()" make_plain;
    RANGES DATERANGE "DATERANGE" "DATERANGE" [AbstractRange] "DATERANGE()" make_plain;
    RANGES TSRANGE "TSRANGE" "TSRANGE" [AbstractRange] "TSRANGE()" make_plain;
    RANGES TSTZRANGE "TSTZRANGE" "TSTZRANGE" [AbstractRange] "TSTZRANGE()" make_plain;
    RANGES INT4MULTIRANGE "INT4MULTIRANGE" "INT4MULTIRANGE" [AbstractRange] "INT4MULTIRANGE()" make_plain;
    RANGES INT8MULTIRANGE "INT8MULTIRANGE" "INT8MULTIRANGE" [AbstractRange] "INT8MULTIRANGE()" make_plain;
    RANGES NUMMULTIRANGE "NUMMULTIRANGE" "NUMMULTIRANGE" [AbstractRange] "NUMMULTIRANGE()" make_plain;
    RANGES DATEMULTIRANGE "DATEMULTIRANGE" "DATEMULTIRANGE" [AbstractRange] "DATEMULTIRANGE()" make_plain;
    RANGES TSMULTIRANGE "TSMULTIRANGE" "TSMULTIRANGE" [AbstractRange] "TSMULTIRANGE()" make_plain;
    RANGES TSTZMULTIRANGE "TSTZMULTIRANGE" "TSTZMULTIRANGE" [AbstractRange] "TSTZMULTIRANGE()" make_plain;
}
