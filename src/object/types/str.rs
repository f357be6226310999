//! `str`: its type.

use std::rc::Rc;

use super::{OBJECT, class_of};
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{Args, Class, Cx, Result, TypeSpec, Value, ops};

/// `str`.
pub static STR: TypeSpec = TypeSpec::new("builtins", "str")
    .bases(&[&OBJECT])
    .construct(construct)
    .members(super::str_methods::members)
    .subclassable();

fn construct(class: &Rc<Class>, mut args: Args, cx: &Cx) -> Result<Value> {
    let encoding = args.take_keyword("encoding");
    let errors = args.take_keyword("errors");
    if let Some(object) = args.take_keyword("object") {
        args.pos.insert(0, object);
    }
    if let Some((name, _)) = args.kw.first() {
        return Err(TYPE_ERROR.error(format!("'{name}' is an invalid keyword argument for str()")));
    }
    if args.pos.len() > 3 {
        return Err(TYPE_ERROR.error(format!(
            "str() takes at most 3 arguments ({} given)",
            args.pos.len()
        )));
    }
    let encoding = encoding.or_else(|| args.pos.get(1).cloned());
    let errors = errors.or_else(|| args.pos.get(2).cloned());
    for (name, value) in [("encoding", &encoding), ("errors", &errors)] {
        if let Some(value) = value.as_ref().filter(|value| value.as_str().is_none()) {
            return Err(TYPE_ERROR.error(format!(
                "str() argument '{name}' must be str, not {}",
                class_of(value, cx).error_name()
            )));
        }
    }
    let text: Value = match args.pos.first() {
        None => Value::str(""),
        Some(value) if encoding.is_some() || errors.is_some() => {
            let Value::Bytes(bytes) = value else {
                return Err(TYPE_ERROR.error(format!(
                    "decoding to str: need a bytes-like object, {} found",
                    class_of(value, cx).error_name()
                )));
            };
            super::bytes::decode(bytes, encoding.as_ref(), errors.as_ref())?.into()
        }
        Some(Value::Str(text)) => Value::Str(text.clone()),
        Some(value) => ops::str(value, cx)?.into(),
    };
    Ok(super::of_class(class, &STR, text))
}
