//! `JSON`, and the types of the keys and paths that index it.

use std::any::Any;
use std::rc::Rc;

use super::Affinity;
use super::class::{Processor, SqlType, TypeEngine};
use crate::object::types::DICT;
use crate::object::{Bound, Cx, Object, Result, TypeSpec, Value};
use crate::sql::ColumnElement;
use crate::sql::dialects::Dialect;

/// Which part of JSON access a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonPart {
    /// The document.
    Document,
    /// An index: a key or a position.
    Index,
    /// A path: a sequence of those.
    Path,
}

/// `JSON`.
pub struct JsonType {
    /// Whether `None` is NULL rather than JSON's `null`.
    pub none_as_null: bool,
    /// Which part.
    pub part: JsonPart,
    /// The type of a part read as text, where it is one of PostgreSQL's own.
    pub astext_type: Option<SqlType>,
}

/// `JSON.NULL`: JSON's `null`, whatever `none_as_null` says.
pub struct JsonNull;

static JSON_NULL_SPEC: TypeSpec = TypeSpec::new("sqlalchemy.sql.sqltypes", "JSON_NULL");

impl Object for JsonNull {
    fn spec(&self) -> &'static TypeSpec {
        &JSON_NULL_SPEC
    }
    fn identity(&self) -> Option<usize> {
        Some(2)
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some("symbol('JSON_NULL')".to_owned()))
    }
}

/// Makes `JSON.NULL`.
pub const JSON_NULL: fn() -> Value = || Value::object(JsonNull);

fn path_text(part: JsonPart, value: &Value, cx: &Cx) -> Result<String> {
    let step = |value: &Value| -> Result<String> {
        Ok(match value {
            Value::Int(at) => format!("[{at}]"),
            other => format!(".\"{}\"", cx.str(other)?),
        })
    };
    if part == JsonPart::Index {
        return Ok(format!("${}", step(value)?));
    }
    let mut text = "$".to_owned();
    for item in cx.collect(value)? {
        text.push_str(&step(&item)?);
    }
    Ok(text)
}

impl TypeEngine for JsonType {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn affinity(&self) -> Affinity {
        Affinity::Json
    }
    fn attribute(&self, name: &str) -> Option<Value> {
        let type_ = self.astext_type.as_ref()?;
        (name == "astext_type").then(|| type_.to_value())
    }
    fn repr_arguments(&self) -> Option<Vec<(Option<&'static str>, Value)>> {
        let type_ = self.astext_type.as_ref()?;
        let mut shown = Vec::new();
        if self.none_as_null {
            shown.push((Some("none_as_null"), Value::Bool(true)));
        }
        shown.push((Some("astext_type"), type_.to_value()));
        Some(shown)
    }
    fn should_evaluate_none(&self) -> bool {
        !self.none_as_null
    }
    fn bind_processor(
        &self,
        _ty: &SqlType,
        dialect: &Dialect,
        _cx: &Cx,
    ) -> Result<Option<Processor>> {
        let part = self.part;
        if part != JsonPart::Document {
            return Ok(Some(Rc::new(move |value, cx| {
                path_text(part, &value, cx).map(Value::from)
            })));
        }
        let none_as_null = self.none_as_null;
        let serializer = dialect.json_serializer.clone();
        Ok(Some(Rc::new(move |value, cx| {
            let value = if value.downcast::<JsonNull>().is_some() {
                Value::None
            } else if (value.is_none() && none_as_null)
                || matches!(value.downcast::<ColumnElement>(), Some(ColumnElement::Null))
            {
                return Ok(Value::None);
            } else {
                value
            };
            match &serializer {
                Some(serializer) => cx.call(serializer, [value]),
                None => super::python::json_dumps(&value, cx),
            }
        })))
    }
    fn result_processor(
        &self,
        _ty: &SqlType,
        dialect: &Dialect,
        _cx: &Cx,
    ) -> Result<Option<Processor>> {
        let deserializer = dialect.json_deserializer.clone();
        Ok(Some(Rc::new(move |value, cx| {
            match (value, &deserializer) {
                (Value::None, _) => Ok(Value::None),
                (value, Some(deserializer)) => cx.call(deserializer, [value]),
                (value, None) => super::python::json_loads(&value, cx),
            }
        })))
    }
    fn literal(
        &self,
        _ty: &SqlType,
        value: &Value,
        dialect: &Dialect,
        cx: &Cx,
    ) -> Result<Option<String>> {
        if self.part == JsonPart::Document {
            return Ok(None);
        }
        super::string::quoted_literal(&path_text(self.part, value, cx)?, dialect).map(Some)
    }
    fn python_type(&self) -> Option<Value> {
        Some(Value::Class(DICT.class()))
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is a Make")]
pub(crate) fn make(bound: &Bound<'_>, _cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    Ok(Rc::new(JsonType {
        none_as_null: bound.flag("none_as_null", false),
        part: JsonPart::Document,
        astext_type: None,
    }))
}

/// `JSON(astext_type=..)` and `JSONB(..)` of PostgreSQL.
pub(crate) fn make_postgresql(bound: &Bound<'_>, cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    let astext_type = match bound.some("astext_type") {
        Some(given) => SqlType::from_value(given, cx)?,
        None => SqlType::simple(&super::names::Text),
    };
    Ok(Rc::new(JsonType {
        none_as_null: bound.flag("none_as_null", false),
        part: JsonPart::Document,
        astext_type: Some(astext_type),
    }))
}

impl SqlType {
    /// The type of an index or path into a JSON document.
    pub fn json_part(part: JsonPart) -> Self {
        Self::new(
            &super::names::JSON,
            Rc::new(JsonType {
                none_as_null: false,
                part,
                astext_type: None,
            }),
        )
    }
}
