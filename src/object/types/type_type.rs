//! `type`: classes as values, and who is an instance of what.

use std::rc::Rc;

use super::generic::GenericAlias;
use super::{OBJECT, class_of, generic};
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{
    Args, Class, Cx, Dict, Members, Result, Str, TypeSpec, Value, attribute, call_of_metaclass,
};

/// `type`.
pub static TYPE: TypeSpec = TypeSpec::new("builtins", "type")
    .bases(&[&OBJECT])
    .construct(construct)
    .members(members)
    .subclassable();

fn construct(class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    match args.pos.as_slice() {
        [value] if args.kw.is_empty() => Ok(Value::Class(class_of(value, cx))),
        [Value::Str(name), bases, Value::Dict(namespace)] => {
            let namespace = namespace
                .borrow()
                .iter()
                .filter_map(|(key, value)| Some((Str::new(key.value().as_str()?), value.clone())))
                .collect();
            let metaclass = class.spec().is_none().then_some(class);
            make(
                metaclass,
                name.clone(),
                &cx.collect(bases)?,
                namespace,
                &args.kw,
                cx,
            )
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
    make(None, name, bases, namespace, keywords, cx)
}

fn make(
    metaclass: Option<&Rc<Class>>,
    name: Str,
    bases: &[Value],
    mut namespace: Vec<(Str, Value)>,
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
    match metaclass {
        Some(metaclass) => class.set_metaclass(metaclass.clone()),
        None => inherit_metaclass(&class),
    }
    if let Some(at) = namespace
        .iter()
        .position(|(name, _)| name == "__qualname__")
        && let (_, Value::Str(qualname)) = namespace.remove(at)
    {
        class.set_qualname(qualname);
    }
    for (name, value) in &namespace {
        class.set(name.clone(), value.clone());
    }
    for (name, value) in &namespace {
        set_name(value, &class, name, cx)?;
    }
    call_init_subclass(&class, keywords, cx)?;
    class.announce(keywords, cx)?;
    Ok(Value::Class(class))
}

/// A class has the metaclass of the first of its bases that has one.
pub fn inherit_metaclass(class: &Class) {
    let inherited = class
        .bases()
        .iter()
        .find_map(|base| base.metaclass().cloned());
    if let Some(metaclass) = inherited {
        class.set_metaclass(metaclass);
    }
}

/// The `__init_subclass__` of a script's base hears of a class made at run time.
fn call_init_subclass(class: &Rc<Class>, keywords: &[(Str, Value)], cx: &Cx) -> Result<()> {
    let ancestors = class.ancestors();
    let hook = ancestors
        .iter()
        .filter(|ancestor| ancestor.spec().is_none())
        .find_map(|ancestor| ancestor.own("__init_subclass__"));
    let Some(hook) = hook else {
        return Ok(());
    };
    let bound = crate::object::bind(&hook, None, class, cx)?;
    let mut args = Args::none();
    if bound.is(&hook) {
        args.pos.push(Value::Class(class.clone()));
    }
    args.kw = keywords.to_vec();
    cx.call(&bound, args).map(drop)
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
        .static_method("__new__(cls, /, *args, **kwargs)", |a, cx| {
            let Value::Class(class) = a.at(0) else {
                return Err(TYPE_ERROR.error("type.__new__(X): X is not a type object"));
            };
            let mut args = Args::from(a.rest().to_vec());
            args.kw = a.keywords().to_vec();
            construct(class, args, cx)
        })
        .method_on_value("__init__(/, *args, **kwargs)", |_, _, _| Ok(Value::None))
        .method_on_value("__call__(/, *args, **kwargs)", |this, a, cx| match this {
            Value::Class(class) => {
                let mut args = Args::from(a.rest().to_vec());
                args.kw = a.keywords().to_vec();
                attribute::instantiate_plain(class, args, cx)
            }
            _ => Err(TYPE_ERROR.error("descriptor '__call__' needs a 'type' object")),
        })
        .method_on_value("__setattr__(name, value, /)", |this, a, cx| {
            if let (Value::Class(class), Some(name)) = (this, a.at(0).as_str()) {
                attribute::set_class_attr_plain(class, name, a.at(1).clone(), cx)?;
            }
            Ok(Value::None)
        })
        .method_on_value("__repr__(/)", |this, _, _| match this {
            Value::Class(class) => Ok(class_text(class).into()),
            _ => Ok(Value::None),
        })
        .class_method("__prepare__(/, *args, **kwargs)", |_, _, _| {
            Ok(Value::Dict(Rc::default()))
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

/// `<class 'module.Name'>`.
pub fn class_text(class: &Class) -> String {
    super::enumeration::class_repr(class)
        .unwrap_or_else(|| format!("<class '{}'>", class.full_name()))
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
        Value::Class(class) => {
            let args = Args::from([value.clone()]);
            let this = Value::Class(class.clone());
            match call_of_metaclass(&this, class, "__instancecheck__", args, cx) {
                Some(answer) => cx.truthy(&answer?),
                None if is_instance_of(value, class, cx) => Ok(true),
                None => generic::follows_protocol(value, class, cx).unwrap_or(Ok(false)),
            }
        }
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
    if let Value::Class(asked) = of
        && let Some(answer) = call_of_metaclass(
            of,
            asked,
            "__subclasscheck__",
            Args::from([class.clone()]),
            cx,
        )
    {
        return cx.truthy(&answer?);
    }
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
