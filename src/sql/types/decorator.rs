//! Types that scripts define: `TypeDecorator` around another type, and `UserDefinedType`.

use std::any::Any;
use std::rc::Rc;

use super::class::{Processor, SqlType, TypeEngine};
use super::{Affinity, names};
use crate::object::exceptions::{ASSERTION_ERROR, ATTRIBUTE_ERROR, TYPE_ERROR};
use crate::object::{Args, Bound, Class, Cx, Getter, Result, Str, Value};
use crate::sql::ColumnElement;
use crate::sql::coercions::{Coerced, coerce};
use crate::sql::dialects::{Dialect, DialectObject};
use crate::sql::hooks::OperatorFunctions;
use crate::sql::operators::Operator;

/// The behaviour of a script's `TypeDecorator` subclass.
pub struct Decorator {
    /// The type it wraps.
    pub inner: SqlType,
}

/// Whether the script's class defines `name` below the native classes.
fn script_method(ty: &SqlType, name: &str) -> Option<(Value, Value)> {
    let this = ty.script()?;
    let Value::Instance(instance) = this else {
        return None;
    };
    let method = instance.class().script_method(name)?;
    (!method.is_none()).then(|| (this.clone(), method))
}

/// The type that the script's `coerce_compared_value()` gives `value`; without one the type itself.
fn compared_by_script(
    ty: &SqlType,
    operator: &Operator,
    value: &Value,
    cx: &Cx,
) -> Result<SqlType> {
    let Some((this, method)) = script_method(ty, "coerce_compared_value") else {
        return Ok(ty.clone());
    };
    let function = cx.service::<OperatorFunctions>().of(operator, cx);
    let made = cx.call(&method, [this, function, value.clone()])?;
    SqlType::from_value(&made, cx)
}

/// A processor that calls the script's method `name(self, value, dialect)` before or after.
fn calling(
    this: Value,
    method: Value,
    dialect: &Dialect,
) -> impl Fn(Value, &Cx) -> Result<Value> + 'static {
    let dialect = Value::object(DialectObject::new(dialect.clone()));
    move |value, cx| cx.call(&method, [this.clone(), value, dialect.clone()])
}

impl Decorator {
    fn impl_for(&self, ty: &SqlType, dialect: &Dialect, cx: &Cx) -> Result<SqlType> {
        if let Some((this, method)) = script_method(ty, "load_dialect_impl") {
            let dialect_value = Value::object(DialectObject::new(dialect.clone()));
            let made = cx.call(&method, [this, dialect_value])?;
            let made = SqlType::from_value(&made, cx)?;
            if !made.is_same(ty) {
                return made.dialect_impl(dialect, cx);
            }
        }
        self.inner.dialect_impl(dialect, cx)
    }
}

impl TypeEngine for Decorator {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn affinity(&self) -> Affinity {
        self.inner.affinity()
    }
    fn bind_processor(
        &self,
        ty: &SqlType,
        dialect: &Dialect,
        cx: &Cx,
    ) -> Result<Option<Processor>> {
        let inner = self
            .impl_for(ty, dialect, cx)?
            .bind_processor(dialect, cx)?;
        let Some((this, method)) = script_method(ty, "process_bind_param") else {
            return Ok(inner);
        };
        let process = calling(this, method, dialect);
        Ok(Some(Rc::new(move |value, cx| {
            let value = process(value, cx)?;
            match &inner {
                Some(inner) => inner(value, cx),
                None => Ok(value),
            }
        })))
    }
    fn result_processor(
        &self,
        ty: &SqlType,
        dialect: &Dialect,
        cx: &Cx,
    ) -> Result<Option<Processor>> {
        let inner = self
            .impl_for(ty, dialect, cx)?
            .result_processor(dialect, cx)?;
        let Some((this, method)) = script_method(ty, "process_result_value") else {
            return Ok(inner);
        };
        let process = calling(this, method, dialect);
        Ok(Some(Rc::new(move |value, cx| {
            let value = match &inner {
                Some(inner) => inner(value, cx)?,
                None => value,
            };
            process(value, cx)
        })))
    }
    fn literal(
        &self,
        ty: &SqlType,
        value: &Value,
        dialect: &Dialect,
        cx: &Cx,
    ) -> Result<Option<String>> {
        let inner = self.impl_for(ty, dialect, cx)?;
        if let Some((this, method)) = script_method(ty, "process_literal_param") {
            let value = calling(this, method, dialect)(value.clone(), cx)?;
            // What the method answers is the value still, to be written by the type wrapped.
            return inner.literal(&value, dialect, cx);
        }
        if let Some((this, method)) = script_method(ty, "process_bind_param") {
            let value = calling(this, method, dialect)(value.clone(), cx)?;
            return inner.literal(&value, dialect, cx);
        }
        inner.literal(value, dialect, cx)
    }
    fn ddl(&self, ty: &SqlType, dialect: &Dialect, cx: &Cx) -> Result<Option<String>> {
        self.impl_for(ty, dialect, cx)?.ddl(dialect, cx).map(Some)
    }
    fn dialect_impl(&self, ty: &SqlType, dialect: &Dialect, cx: &Cx) -> Result<Option<SqlType>> {
        self.impl_for(ty, dialect, cx).map(Some)
    }
    fn should_evaluate_none(&self) -> bool {
        self.inner.should_evaluate_none()
    }
    fn cache_ok(&self, ty: &SqlType) -> Option<bool> {
        script_flag(ty, "cache_ok")
    }
    fn coerce_compared_value(
        &self,
        ty: &SqlType,
        operator: &Operator,
        value: &Value,
        cx: &Cx,
    ) -> Result<Option<SqlType>> {
        compared_by_script(ty, operator, value, cx).map(Some)
    }
    fn wrapped(&self) -> Option<SqlType> {
        Some(self.inner.clone())
    }
    fn item_type(&self) -> Option<SqlType> {
        self.inner.behaviour().item_type()
    }
}

fn script_flag(ty: &SqlType, name: &str) -> Option<bool> {
    let Some(Value::Instance(instance)) = ty.script() else {
        return Some(true);
    };
    let found = instance
        .attribute(name)
        .or_else(|| instance.class().lookup(name));
    match found {
        Some(Value::Bool(flag)) => Some(flag),
        _ => None,
    }
}

/// The behaviour of a script's `UserDefinedType` subclass.
pub struct UserDefined;

impl UserDefined {
    fn processor(ty: &SqlType, name: &str, args: Vec<Value>, cx: &Cx) -> Result<Option<Processor>> {
        let Some((this, method)) = script_method(ty, name) else {
            return Ok(None);
        };
        let made = cx.call(&method, Args::from(args).prepend(this))?;
        if made.is_none() {
            return Ok(None);
        }
        Ok(Some(Rc::new(move |value, cx| cx.call(&made, [value]))))
    }
}

impl TypeEngine for UserDefined {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn affinity(&self) -> Affinity {
        Affinity::Other
    }
    fn bind_processor(
        &self,
        ty: &SqlType,
        dialect: &Dialect,
        cx: &Cx,
    ) -> Result<Option<Processor>> {
        let dialect = Value::object(DialectObject::new(dialect.clone()));
        Self::processor(ty, "bind_processor", vec![dialect], cx)
    }
    fn result_processor(
        &self,
        ty: &SqlType,
        dialect: &Dialect,
        cx: &Cx,
    ) -> Result<Option<Processor>> {
        let dialect = Value::object(DialectObject::new(dialect.clone()));
        Self::processor(ty, "result_processor", vec![dialect, Value::None], cx)
    }
    fn literal(
        &self,
        ty: &SqlType,
        value: &Value,
        dialect: &Dialect,
        cx: &Cx,
    ) -> Result<Option<String>> {
        let dialect = Value::object(DialectObject::new(dialect.clone()));
        match Self::processor(ty, "literal_processor", vec![dialect], cx)? {
            Some(process) => {
                let text = process(value.clone(), cx)?;
                cx.str(&text).map(Some)
            }
            None => Ok(None),
        }
    }
    fn ddl(&self, ty: &SqlType, _dialect: &Dialect, cx: &Cx) -> Result<Option<String>> {
        let Some((this, _)) = script_method(ty, "get_col_spec") else {
            return Err(ATTRIBUTE_ERROR.error(format!(
                "'{}' object has no attribute 'get_col_spec'",
                ty.class_name()
            )));
        };
        let text = cx.call_method(&this, "get_col_spec", [])?;
        cx.str(&text).map(Some)
    }
    fn cache_ok(&self, ty: &SqlType) -> Option<bool> {
        script_flag(ty, "cache_ok")
    }
    fn coerce_compared_value(
        &self,
        ty: &SqlType,
        operator: &Operator,
        value: &Value,
        cx: &Cx,
    ) -> Result<Option<SqlType>> {
        compared_by_script(ty, operator, value, cx).map(Some)
    }
}

/// The type that `class` wraps: its `impl`, made with the arguments of the decorator.
pub(super) fn impl_of(class: &Rc<Class>, args: Args, cx: &Cx) -> Result<SqlType> {
    let found = class
        .lookup("impl")
        .filter(|found| !found.is_none() && found.downcast::<Getter>().is_none());
    let Some(found) = found else {
        return Err(ASSERTION_ERROR.error(
            "TypeDecorator implementations require a class-level variable 'impl' which refers to \
             the class of type being decorated",
        ));
    };
    match &found {
        Value::Class(_) => {
            let made = cx.call(&found, args)?;
            SqlType::from_value(&made, cx)
        }
        _ if args.pos.is_empty() && args.kw.is_empty() => SqlType::from_value(&found, cx),
        _ => {
            let ty = SqlType::from_value(&found, cx)?;
            let class = match ty.script() {
                Some(script) => crate::object::class_of(script, cx),
                None => ty.class().spec.class(),
            };
            let made = cx.call(&Value::Class(class), args)?;
            SqlType::from_value(&made, cx)
        }
    }
}

pub(crate) fn make_decorator(_bound: &Bound<'_>, _cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    Ok(Rc::new(Decorator {
        inner: SqlType::null(),
    }))
}

pub(crate) fn make_user_defined(bound: &Bound<'_>, _cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    if !bound.rest().is_empty() || !bound.keywords().is_empty() {
        return Err(TYPE_ERROR.error("UserDefinedType() takes no arguments"));
    }
    Ok(Rc::new(UserDefined))
}

/// SQL that a type puts around its values and columns.
#[derive(Clone, Copy)]
pub enum SqlHook {
    /// `bind_expression(self, bindvalue)`.
    Bind,
    /// `column_expression(self, col)`.
    Column,
}

impl SqlType {
    /// What the script's type, or the one it wraps, makes of a bind or a selected column.
    pub fn sql_expression(
        &self,
        hook: SqlHook,
        element: &ColumnElement,
        dialect: &Dialect,
        cx: &Cx,
    ) -> Result<Option<ColumnElement>> {
        let ty = self.variant(dialect);
        let name = match hook {
            SqlHook::Bind => "bind_expression",
            SqlHook::Column => "column_expression",
        };
        if let Some((this, method)) = script_method(&ty, name) {
            let made = cx.call(&method, [this, Value::object(element.clone())])?;
            return match coerce(&made, cx)? {
                Coerced::Element(made) => Ok(Some(made)),
                _ => Ok(None),
            };
        }
        match ty.behaviour().wrapped() {
            Some(inner) => inner.sql_expression(hook, element, dialect, cx),
            None => Ok(None),
        }
    }
    /// The name of its class, a script's included.
    pub fn class_name(&self) -> Str {
        match self.script() {
            Some(Value::Instance(instance)) => instance.class().name(),
            _ => Str::new(self.class().name()),
        }
    }
    /// Whether it is a `TypeDecorator`.
    pub fn is_decorator(&self) -> bool {
        self.is_a(&names::TypeDecorator)
    }
}
