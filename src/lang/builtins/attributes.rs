//! Functions on attributes: `getattr`, `setattr`, `hasattr`, `delattr`.

use crate::object::exceptions::{ATTRIBUTE_ERROR, TYPE_ERROR};
use crate::object::{Bound, Cx, Export, Method, Result, Value, class_of, delete_attr};

pub(super) static FUNCTIONS: &[(&str, Export)] = &[
    ("getattr", |_| {
        Method::function("getattr(object, name, default=None, /)", |a, cx| {
            match cx.get_attr(a.at(0), name(a, cx)?) {
                Err(raised) if raised.is(&ATTRIBUTE_ERROR) && !a.at(2).is_undefined() => {
                    Ok(a.at(2).clone())
                }
                answer => answer,
            }
        })
    }),
    ("hasattr", |_| {
        Method::function("hasattr(obj, name, /)", |a, cx| {
            match cx.get_attr(a.at(0), name(a, cx)?) {
                Ok(_) => Ok(Value::Bool(true)),
                Err(raised) if raised.is(&ATTRIBUTE_ERROR) => Ok(Value::Bool(false)),
                Err(raised) => Err(raised),
            }
        })
    }),
    ("setattr", |_| {
        Method::function("setattr(obj, name, value, /)", |a, cx| {
            cx.set_attr(a.at(0), name(a, cx)?, a.at(2).clone())?;
            Ok(Value::None)
        })
    }),
    ("delattr", |_| {
        Method::function("delattr(obj, name, /)", |a, cx| {
            delete_attr(a.at(0), name(a, cx)?, cx)?;
            Ok(Value::None)
        })
    }),
];

fn name<'a>(a: &'a Bound<'_>, cx: &Cx) -> Result<&'a str> {
    a.at(1).as_str().ok_or_else(|| {
        TYPE_ERROR.error(format!(
            "attribute name must be string, not '{}'",
            class_of(a.at(1), cx).name()
        ))
    })
}
