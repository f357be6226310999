//! A dialect as scripts see it: what `sqlite.dialect()` makes and type methods are given.

use std::rc::Rc;

use super::{Dialect, dialect_named};
use crate::engine::exc::ARGUMENT_ERROR;
use crate::engine::{Connection, Engine};
use crate::object::{Cx, Members, Object, Result, TypeSpec, Value, class_of};
use crate::sql::types::SqlType;

/// A dialect in a script's hands.
pub struct DialectObject(Rc<Dialect>);

static DIALECT: TypeSpec =
    TypeSpec::new("sqlalchemy.engine.default", "DefaultDialect").members(members);

fn members(members: &mut Members) {
    members.method(
        "type_descriptor(typeobj)",
        |_: &DialectObject, bound, cx| {
            SqlType::from_value(bound.value("typeobj"), cx).map(|ty| ty.to_value())
        },
    );
}

impl DialectObject {
    /// Wrap `dialect`.
    pub fn new(dialect: Dialect) -> Self {
        Self(Rc::new(dialect))
    }
    /// Share `dialect`.
    pub fn shared(dialect: Rc<Dialect>) -> Self {
        Self(dialect)
    }
    /// The dialect.
    pub fn dialect(&self) -> Rc<Dialect> {
        self.0.clone()
    }
    /// The dialect that `value` is, or has (`engine.dialect`).
    pub fn of(value: &Value, cx: &Cx) -> Result<Rc<Dialect>> {
        if let Some(this) = value.downcast::<Self>() {
            return Ok(this.dialect());
        }
        if let Some(handle) = value.downcast::<crate::engine::Dialect>() {
            return Ok(Rc::new(Dialect::of_handle(handle, cx.compat())));
        }
        if let Some(engine) = value.downcast::<Engine>() {
            return Ok(Dialect::of_engine(engine, cx));
        }
        if let Some(connection) = value.downcast::<Connection>() {
            return Ok(Dialect::of_connection(connection, cx));
        }
        if let Some(name) = value.as_str()
            && let Some(spec) = dialect_named(name)
        {
            return Ok(Rc::new(spec.make(cx.compat())));
        }
        if let Some(engine) = value.downcast::<Engine>() {
            return Ok(Dialect::of_engine(engine, cx));
        }
        if let Some(connection) = value.downcast::<Connection>() {
            return Ok(Dialect::of_connection(connection, cx));
        }
        if let Some(handle) = value.downcast::<crate::engine::Dialect>() {
            return Ok(Rc::new(Dialect::of_handle(handle, cx.compat())));
        }
        if let Ok(own) = cx.get_attr(value, "dialect") {
            if let Some(this) = own.downcast::<Self>() {
                return Ok(this.dialect());
            }
            if let Some(handle) = own.downcast::<crate::engine::Dialect>() {
                return Ok(Rc::new(Dialect::of_handle(handle, cx.compat())));
            }
        }
        Err(ARGUMENT_ERROR.error(format!(
            "'{}' object is no dialect",
            class_of(value, cx).name()
        )))
    }
}

impl Object for DialectObject {
    fn spec(&self) -> &'static TypeSpec {
        &DIALECT
    }
    fn identity(&self) -> Option<usize> {
        Some(Rc::as_ptr(&self.0) as usize)
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        let can = &self.0.can;
        Ok(Some(match name {
            "name" => self.0.name.into(),
            "driver" => self.0.driver.into(),
            "paramstyle" => self.0.paramstyle.name().into(),
            "supports_native_boolean" => can.native_boolean.into(),
            "supports_native_enum" => can.native_enum.into(),
            "supports_native_decimal" => can.native_decimal.into(),
            "supports_native_uuid" => can.native_uuid.into(),
            "supports_alter" => can.alter.into(),
            "supports_comments" => can.comments.into(),
            "supports_sequences" => can.sequences.into(),
            "supports_multivalues_insert" => can.multivalues_insert.into(),
            "insert_returning" => can.insert_returning.into(),
            "update_returning" => can.update_returning.into(),
            "delete_returning" => can.delete_returning.into(),
            "max_identifier_length" => {
                Value::Int(i64::try_from(can.max_identifier_length).unwrap_or(i64::MAX))
            }
            "default_schema_name" if self.0.name == "sqlite" => "main".into(),
            _ => return Ok(None),
        }))
    }
    fn attr_names(&self) -> Vec<String> {
        ["name", "driver", "paramstyle"].map(str::to_owned).to_vec()
    }
}
