//! `type`: classes as values, and who is an instance of what.

use std::rc::Rc;

use super::generic::GenericAlias;
use super::{OBJECT, class_of, generic};
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{Args, Class, Cx, Dict, Members, Result, Str, TypeSpec, Value};

/// `type`.
pub static TYPE: TypeSpec = TypeSpec::new("builtins", "type")
    .bases(&[&OBJECT])
    .construct(construct)
    .members(members)
    .subclassable();

fn construct(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    match args.pos.as_slice() {
        [value] if args.kw.is_empty() => Ok(Value::Class(class_of(value, cx))),
        [Value::Str(name), bases, Value::Dict(namespace)] => {
            let namespace = namespace
                .borrow()
                .iter()
                .filter_map(|(key, value)| Some((Str::new(key.value().as_str()?), value.clone())))
                .collect();
            make_class(name.clone(), &cx.collect(bases)?, namespace, &args.kw, cx)
        }
        [_, _, _] => Err(TYPE_ERROR.error("type.__new__() argument 1 must be str")),
        _ => Err(TYPE_ERROR.error("type() takes 1 or 3 arguments")),
    }
}

/// A class made at run time, as the `class` statement makes one.
pub fn make_class(
    name: Str,
    bases: &[Value],
    namespace: Vec<(Str, Value)>,
    keywords: &[(Str, Value)],
    cx: &Cx,
) -> Result<Value> {
    let mut classes = Vec::with_capacity(bases.len());
    for base in bases {
        match base {
            Value::Class(class) => classes.push(class.clone()),
            _ => match generic::mro_entry(base) {
                Some(class) => classes.push(class),
                None => {
                    return Err(TYPE_ERROR.error("type() argument 2 must be tuple of classes"));
                }
            },
        }
    }
    if classes.is_empty() {
        classes.push(OBJECT.class());
    }
    let module = namespace
        .iter()
        .find(|(name, _)| name == "__module__")
        .and_then(|(_, value)| value.as_str().map(Str::new));
    let class = Class::new(
        name,
        module.unwrap_or_else(|| Str::new("__main__")),
        classes,
    )?;
    for (name, value) in &namespace {
        class.set(name.clone(), value.clone());
    }
    for (name, value) in &namespace {
        set_name(value, &class, name, cx)?;
    }
    class.announce(keywords, cx)?;
    Ok(Value::Class(class))
}

/// Tell a value of a class body its name (`__set_name__`).
fn set_name(value: &Value, class: &Rc<Class>, name: &str, cx: &Cx) -> Result<()> {
    match value {
        Value::Object(object) => object.set_name(class, name, cx),
        Value::Instance(instance) if instance.class().lookup("__set_name__").is_some() => cx
            .call_method(
                value,
                "__set_name__",
                [Value::Class(class.clone()), name.into()],
            )
            .map(drop),
        _ => Ok(()),
    }
}

fn members(members: &mut Members) {
    members
        .method_on_value("mro(/)", |this, _, _| match this {
            Value::Class(class) => Ok(Value::list(mro(class))),
            _ => Err(TYPE_ERROR.error("descriptor 'mro' needs a 'type' object")),
        })
        .method("__subclasses__(/)", |class: &Class, _, _| {
            Ok(Value::list(
                class.subclasses().into_iter().map(Value::Class).collect(),
            ))
        });
}

fn is_visible(class: &Rc<Class>) -> bool {
    class.spec().is_none_or(|spec| !spec.is_hidden())
}

/// The bases that scripts see: those of a hidden class stand for it.
fn visible_bases(class: &Rc<Class>) -> Vec<Value> {
    class
        .bases()
        .into_iter()
        .flat_map(|base| {
            if is_visible(&base) {
                vec![Value::Class(base)]
            } else {
                visible_bases(&base)
            }
        })
        .collect()
}

fn mro(class: &Rc<Class>) -> Vec<Value> {
    let mut classes: Vec<_> = std::iter::once(class.clone())
        .chain(class.ancestors().iter().cloned())
        .collect();
    classes.retain(is_visible);
    let object = OBJECT.class();
    if !classes.iter().any(|class| Rc::ptr_eq(class, &object)) {
        classes.push(object);
    }
    classes.into_iter().map(Value::Class).collect()
}

/// The attributes that every class has.
pub fn class_attr(value: &Value, class: &Rc<Class>, name: &str) -> Option<Value> {
    Some(match name {
        "__name__" => class.name().into(),
        "__qualname__" => class.qualname().into(),
        "__module__" => class.module().clone().into(),
        "__class__" => TYPE.class().into(),
        "__doc__" => Value::None,
        "__bases__" => {
            let mut bases = visible_bases(class);
            if bases.is_empty() && !Rc::ptr_eq(class, &OBJECT.class()) {
                bases.push(OBJECT.class().into());
            }
            Value::tuple(bases)
        }
        "__mro__" => Value::tuple(mro(class)),
        "__dict__" => Value::Dict(Rc::new(Dict::from_pairs(
            class.own_names().into_iter().filter_map(|name| {
                let value = class.own(&name)?;
                Some((name, value))
            }),
        ))),
        "mro" | "__subclasses__" => {
            let method = TYPE.class().own(name)?;
            Value::object(crate::object::BoundMethod {
                this: value.clone(),
                function: method,
            })
        }
        _ => return None,
    })
}

/// `isinstance(value, class)`: a class, a union, or a tuple of these.
pub fn is_instance(value: &Value, class: &Value, cx: &Cx) -> Result<bool> {
    match class {
        Value::Class(class) => Ok(is_instance_of(value, class, cx)),
        Value::Tuple(classes) => {
            for class in classes.iter() {
                if is_instance(value, class, cx)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Value::None => Ok(false),
        _ => match generic::union_members(class) {
            Some(members) => {
                for member in members {
                    let none = member.is_none() && value.is_none();
                    if none || is_instance(value, &member, cx)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            None => match generic::plain_origin(class) {
                Some(origin) => Ok(is_instance_of(value, &origin, cx)),
                None => Err(TYPE_ERROR.error(match class.downcast::<GenericAlias>() {
                    Some(alias) if alias.typing_name.is_some() => {
                        "Subscripted generics cannot be used with class and instance checks"
                    }
                    Some(_) => "isinstance() argument 2 cannot be a parameterized generic",
                    None => "isinstance() arg 2 must be a type, a tuple of types, or a union",
                })),
            },
        },
    }
}

fn is_instance_of(value: &Value, class: &Rc<Class>, cx: &Cx) -> bool {
    let own = class_of(value, cx);
    if own.is_subclass(class) || Rc::ptr_eq(class, &OBJECT.class()) {
        return true;
    }
    if let Some(spec) = class.spec()
        && let Some(covers) = spec.virtual_check()
    {
        return covers(&own);
    }
    false
}

/// `issubclass(class, of)`.
pub fn is_subclass(class: &Value, of: &Value, cx: &Cx) -> Result<bool> {
    let Value::Class(own) = class else {
        return Err(TYPE_ERROR.error("issubclass() arg 1 must be a class"));
    };
    match of {
        Value::Class(of) => Ok(own.is_subclass(of)
            || Rc::ptr_eq(of, &OBJECT.class())
            || of
                .spec()
                .and_then(TypeSpec::virtual_check)
                .is_some_and(|covers| covers(own))),
        Value::Tuple(classes) => {
            for of in classes.iter() {
                if is_subclass(class, of, cx)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        _ => match generic::union_members(of) {
            Some(members) => {
                for member in members {
                    if !member.is_none() && is_subclass(class, &member, cx)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            None => Err(TYPE_ERROR
                .error("issubclass() arg 2 must be a class, a tuple of classes, or a union")),
        },
    }
}
