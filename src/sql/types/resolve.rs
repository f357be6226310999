//! Which type a value is of, and which type a value asks for.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::class::{SqlType, TypeClass};
use super::{Affinity, names, python};
use crate::engine::exc::ARGUMENT_ERROR;
use crate::object::{Args, Class, Cx, Result, Value};
use crate::sql::operators::Operator;

thread_local! {
    static SIMPLE: RefCell<FxHashMap<usize, SqlType>> = RefCell::default();
}

impl SqlType {
    /// The type of `class` made without arguments; shared.
    pub fn simple(class: &'static TypeClass) -> Self {
        let key = std::ptr::from_ref(class) as usize;
        if let Some(known) = SIMPLE.with_borrow(|known| known.get(&key).cloned()) {
            return known;
        }
        let cx = Cx::current();
        // Only classes whose constructors take no argument they need are asked for.
        let made = Self::build(class, Args::none(), &cx)
            .unwrap_or_else(|_| Self::new(class, Rc::new(super::NullType)));
        SIMPLE.with_borrow_mut(|known| known.insert(key, made.clone()));
        made
    }
    /// `NullType()`.
    pub fn null() -> Self {
        Self::simple(&names::NullType)
    }
    /// `Integer()`.
    pub fn integer() -> Self {
        Self::simple(&names::Integer)
    }
    /// `String()`.
    pub fn string() -> Self {
        Self::simple(&names::String)
    }
    /// `Boolean()`.
    pub fn boolean() -> Self {
        Self::simple(&names::Boolean)
    }
    /// `Numeric()`.
    pub fn numeric() -> Self {
        Self::simple(&names::Numeric)
    }
    /// `Float()`.
    pub fn float() -> Self {
        Self::simple(&names::Float)
    }

    /// The type that `value` is: a type, a class of types (made without arguments), `None`.
    pub fn from_value(value: &Value, cx: &Cx) -> Result<Self> {
        if let Some(ty) = value.downcast::<Self>() {
            return Ok(ty.clone());
        }
        match value {
            Value::None => Ok(Self::null()),
            Value::Class(class) if class.derives_from(&names::TypeEngine.spec) => {
                let made = cx.call(value, [])?;
                match made.downcast::<Self>() {
                    Some(ty) => Ok(ty.clone()),
                    None => Err(not_a_type(value, cx)),
                }
            }
            _ => Err(not_a_type(value, cx)),
        }
    }
    /// Whether `value` is a type or a class of types.
    pub fn is_type_value(value: &Value) -> bool {
        match value {
            Value::Class(class) => class.derives_from(&names::TypeEngine.spec),
            other => other.downcast::<Self>().is_some(),
        }
    }

    /// The type that a plain value takes when it is compared with an expression of this type.
    pub fn coerce_compared_value(
        &self,
        operator: &Operator,
        value: &Value,
        cx: &Cx,
    ) -> Result<Self> {
        let own = self
            .behaviour()
            .coerce_compared_value(self, operator, value, cx)?;
        if let Some(ty) = own {
            return Ok(ty);
        }
        let of_value = type_of_value(value, cx)?;
        let same = match (of_value.affinity(), self.affinity()) {
            (a, b) if a == b => true,
            (Affinity::Float | Affinity::Numeric, Affinity::Float | Affinity::Numeric)
            | (Affinity::String, Affinity::Enum) => true,
            _ => false,
        };
        Ok(if of_value.is_null() || same {
            self.clone()
        } else {
            of_value
        })
    }
}

fn not_a_type(value: &Value, cx: &Cx) -> crate::object::Raised {
    ARGUMENT_ERROR.error(format!(
        "Object {} is not legal as a SQL type",
        cx.repr(value).unwrap_or_default()
    ))
}

/// The type of a plain value in SQL.
pub fn type_of_value(value: &Value, cx: &Cx) -> Result<SqlType> {
    Ok(match value {
        Value::Int(_) | Value::BigInt(_) => SqlType::integer(),
        Value::Float(_) => SqlType::float(),
        Value::Bool(_) => SqlType::boolean(),
        Value::Str(text) if cx.compat().is_14() || !text.is_ascii() => {
            SqlType::simple(&names::Unicode)
        }
        Value::Str(_) => SqlType::string(),
        Value::Bytes(_) => SqlType::simple(&names::LargeBinary),
        Value::Instance(instance) => match enum_type(instance.class(), cx)? {
            Some(ty) => ty,
            None => SqlType::null(),
        },
        other => python::kind_of(other, cx).map_or_else(SqlType::null, SqlType::simple),
    })
}

/// `Enum(class)`, where `class` is a Python enum.
pub fn enum_type(class: &Rc<Class>, cx: &Cx) -> Result<Option<SqlType>> {
    let value = Value::Class(class.clone());
    let is_enum = class
        .ancestors()
        .iter()
        .any(|base| base.name() == "Enum" && base.module().as_str() == "enum");
    if !is_enum || cx.compat().is_14() {
        return Ok(None);
    }
    SqlType::build(&names::Enum, Args::from([value]), cx).map(Some)
}
