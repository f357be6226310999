//! `typing.NewType`: a name of its own for a type, called to say that a value is of it.

use super::union_operator;
use crate::object::{Args, BinaryOp, Cx, Object, Result, Str, TypeSpec, Value};

static NEW_TYPE: TypeSpec = TypeSpec::new("typing", "NewType");

/// What `NewType("UserId", int)` makes.
pub struct NewType {
    name: Str,
    /// The type that it is a name for.
    pub supertype: Value,
}

impl NewType {
    /// A new name for `supertype`.
    pub fn value(name: Str, supertype: Value) -> Value {
        Value::object(Self { name, supertype })
    }
}

impl Object for NewType {
    fn spec(&self) -> &'static TypeSpec {
        &NEW_TYPE
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(format!("__main__.{}", self.name)))
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(match name {
            "__name__" | "__qualname__" => Some(self.name.clone().into()),
            "__module__" => Some("__main__".into()),
            "__supertype__" => Some(self.supertype.clone()),
            _ => None,
        })
    }
    fn is_callable(&self) -> bool {
        true
    }
    fn call(&self, _this: &Value, args: Args, _cx: &Cx) -> Result<Option<Value>> {
        Ok(Some(args.pos.into_iter().next().unwrap_or(Value::None)))
    }
    fn binary(
        &self,
        this: &Value,
        op: BinaryOp,
        other: &Value,
        reflected: bool,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(union_operator(this, op, other, reflected))
    }
}
