//! `typing.get_type_hints`, `get_origin` and `get_args`.

use std::rc::Rc;

use crate::lang::evaluate;
use crate::object::types::generic::{ForwardRef, GenericAlias, SpecialForm, UnionType, union_of};
use crate::object::types::{NONE_TYPE, dict};
use crate::object::{Bound, Cx, Dict, Result, Value, class_of};

/// `get_type_hints(obj)`: annotations with what they name as text looked up.
pub(super) fn get_type_hints(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let mut sources = Vec::new();
    match a.value("obj") {
        Value::Class(class) => {
            for class in class.ancestors().iter().rev().chain([class]) {
                sources.extend(class.own("__annotations__"));
            }
        }
        other => sources.extend(cx.get_attr(other, "__annotations__").ok()),
    }
    let spaces = Spaces {
        local: dict_of(a.some("localns")),
        global: dict_of(a.some("globalns")),
    };
    let extras = a.flag("include_extras", false);
    let hints = Dict::default();
    for source in sources {
        let Value::Dict(annotations) = &source else {
            continue;
        };
        for (name, annotation) in dict::entries(annotations) {
            let hint = spaces.resolve(&annotation, cx)?;
            let hint = if extras { hint } else { without_extras(&hint) };
            hints.insert(name, hint, cx)?;
        }
    }
    Ok(Value::Dict(Rc::new(hints)))
}

fn dict_of(value: Option<&Value>) -> Option<Rc<Dict>> {
    match value {
        Some(Value::Dict(dict)) => Some(dict.clone()),
        _ => None,
    }
}

/// Where the names of annotations are looked up before the session's own.
struct Spaces {
    local: Option<Rc<Dict>>,
    global: Option<Rc<Dict>>,
}

impl Spaces {
    fn resolve(&self, annotation: &Value, cx: &Cx) -> Result<Value> {
        let _depth = cx.enter()?;
        if annotation.is_none() {
            return Ok(NONE_TYPE.class().into());
        }
        let text = match annotation {
            Value::Str(text) => Some(text.clone()),
            other => other.downcast::<ForwardRef>().map(|it| it.name.clone()),
        };
        if let Some(text) = text {
            let found = evaluate::eval(&text, self.global.as_ref(), self.local.as_ref(), cx)?;
            return self.resolve(&found, cx);
        }
        if let Some(alias) = annotation.downcast::<GenericAlias>() {
            if alias.form() == Some("Literal") {
                return Ok(annotation.clone());
            }
            let kept = alias.form() == Some("Annotated");
            let args = alias.args.iter().enumerate().map(|(at, arg)| {
                let nested = matches!(arg, Value::Object(_)) && (at == 0 || !kept);
                if nested {
                    self.resolve(arg, cx)
                } else {
                    Ok(arg.clone())
                }
            });
            return Ok(Value::object(GenericAlias {
                origin: alias.origin.clone(),
                args: args.collect::<Result<_>>()?,
                typing_name: alias.typing_name,
            }));
        }
        if let Some(union) = annotation.downcast::<UnionType>() {
            let args = union.args.iter().map(|arg| match arg {
                Value::Object(_) => self.resolve(arg, cx),
                other => Ok(other.clone()),
            });
            return Ok(union_of(args.collect::<Result<Vec<_>>>()?, union.typing));
        }
        Ok(annotation.clone())
    }
}

/// A hint without `Annotated` around it or its parts.
fn without_extras(hint: &Value) -> Value {
    if let Some(alias) = hint.downcast::<GenericAlias>() {
        return match alias.form() {
            Some("Annotated" | "Required" | "NotRequired") => {
                alias.args.first().map_or(Value::None, without_extras)
            }
            Some("Literal") => hint.clone(),
            _ => Value::object(GenericAlias {
                origin: alias.origin.clone(),
                args: alias.args.iter().map(without_extras).collect(),
                typing_name: alias.typing_name,
            }),
        };
    }
    if let Some(union) = hint.downcast::<UnionType>() {
        return union_of(union.args.iter().map(without_extras), union.typing);
    }
    hint.clone()
}

/// `get_origin(tp)`.
pub(super) fn get_origin(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let value = a.value("tp");
    if let Some(alias) = value.downcast::<GenericAlias>()
        && alias.form() == Some("Annotated")
    {
        return Ok(SpecialForm::named("Annotated", None));
    }
    if let Some(union) = value.downcast::<UnionType>()
        && !union.typing
    {
        return Ok(class_of(value, cx).into());
    }
    attribute_of(value, "__origin__", Value::None, cx)
}

/// `get_args(tp)`.
pub(super) fn get_args(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let value = a.value("tp");
    if let Some(alias) = value.downcast::<GenericAlias>()
        && alias.form() == Some("Callable")
    {
        return Ok(Value::tuple(alias.args.clone()));
    }
    attribute_of(value, "__args__", Value::tuple(Vec::new()), cx)
}

fn attribute_of(value: &Value, name: &str, default: Value, cx: &Cx) -> Result<Value> {
    let generic = value.downcast::<GenericAlias>().is_some()
        || value.downcast::<UnionType>().is_some()
        || value.downcast::<SpecialForm>().is_some();
    if !generic {
        return Ok(default);
    }
    Ok(cx.get_attr(value, name).unwrap_or(default))
}
