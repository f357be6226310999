//! `Uuid` and `UUID`.

use std::any::Any;
use std::rc::Rc;

use super::class::{Processor, SqlType, TypeEngine};
use super::{Affinity, python};
use crate::object::types::STR;
use crate::object::{Bound, Cx, Result, Value};
use crate::sql::dialects::Dialect;
use crate::sql::operators::Operator;

/// `Uuid`, and `UUID`, which is native everywhere.
pub struct UuidType {
    /// Whether values are `uuid.UUID`s rather than texts.
    pub as_uuid: bool,
    /// Whether a native type is used where there is one.
    pub native_uuid: bool,
}

impl UuidType {
    fn is_native(&self, ty: &SqlType, dialect: &Dialect) -> bool {
        ty.visit_name() == "UUID" || (dialect.can.native_uuid && self.native_uuid)
    }
}

impl TypeEngine for UuidType {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn coerce_compared_value(
        &self,
        ty: &SqlType,
        _operator: &Operator,
        value: &Value,
        _cx: &Cx,
    ) -> Result<Option<SqlType>> {
        // Text beside a UUID is taken for one.
        Ok(matches!(value, Value::Str(_)).then(|| ty.clone()))
    }
    fn affinity(&self) -> Affinity {
        Affinity::Uuid
    }
    fn bind_processor(
        &self,
        ty: &SqlType,
        dialect: &Dialect,
        _cx: &Cx,
    ) -> Result<Option<Processor>> {
        if dialect.can.native_uuid && self.is_native(ty, dialect) {
            return Ok(None);
        }
        let as_uuid = self.as_uuid;
        Ok(Some(Rc::new(move |value, cx| match value {
            Value::None => Ok(Value::None),
            value if as_uuid => cx.get_attr(&value, "hex"),
            value => Ok(cx.str(&value)?.replace('-', "").into()),
        })))
    }
    fn result_processor(
        &self,
        ty: &SqlType,
        dialect: &Dialect,
        _cx: &Cx,
    ) -> Result<Option<Processor>> {
        let native = dialect.can.native_uuid && self.is_native(ty, dialect);
        if self.as_uuid {
            if native {
                return Ok(None);
            }
            return Ok(Some(Rc::new(|value, cx| match value {
                Value::None => Ok(Value::None),
                value => python::uuid_from(&value, cx),
            })));
        }
        Ok(Some(Rc::new(|value, cx| match value {
            Value::None => Ok(Value::None),
            value => Ok(cx.str(&python::uuid_from(&value, cx)?)?.into()),
        })))
    }
    fn literal(
        &self,
        ty: &SqlType,
        value: &Value,
        dialect: &Dialect,
        cx: &Cx,
    ) -> Result<Option<String>> {
        let text = cx.str(value)?;
        if dialect.can.native_uuid && self.is_native(ty, dialect) {
            return Ok(Some(format!("'{}'", text.replace('\'', "''"))));
        }
        let text = if self.as_uuid {
            let hex = cx.get_attr(value, "hex")?;
            cx.str(&hex)?
        } else {
            text.replace('-', "")
        };
        Ok(Some(format!("'{}'", text.replace('\'', "''"))))
    }
    fn python_type(&self) -> Option<Value> {
        if self.as_uuid {
            python::uuid_class()
        } else {
            Some(Value::Class(STR.class()))
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is a Make")]
pub(crate) fn make(bound: &Bound<'_>, _cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    let takes_native = bound.has("native_uuid");
    Ok(Rc::new(UuidType {
        as_uuid: bound.flag("as_uuid", true),
        native_uuid: !takes_native || bound.flag("native_uuid", true),
    }))
}
