//! Attribute access and calls: Python's rules for descriptors, instances, classes, bound methods.

use std::rc::Rc;

use super::exceptions::{ATTRIBUTE_ERROR, TYPE_ERROR};
use super::members::{BoundMethod, Method, MethodKind};
use super::metaclass::{call_of_metaclass, find_attr_by_metaclass};
use super::{
    Args, Class, Cx, Instance, Module, Raised, Refusals, Result, Str, Value, class_of, types,
};
use crate::util::suggest;

/// `getattr(value, name)`; AttributeError where there is none.
pub fn get_attr(value: &Value, name: &str, cx: &Cx) -> Result<Value> {
    match find_attr(value, name, cx)? {
        Some(found) => Ok(found),
        None => Err(no_attribute(value, name, cx)),
    }
}

/// `getattr(value, name)`; `None` where there is none.
pub fn find_attr(value: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
    match value {
        Value::Instance(instance) => find_instance_attr(value, instance, name, cx),
        Value::Class(class) => find_class_attr(value, class, name, cx),
        _ => find_native_attr(value, name, cx),
    }
}

fn find_instance_attr(
    value: &Value,
    instance: &Rc<Instance>,
    name: &str,
    cx: &Cx,
) -> Result<Option<Value>> {
    let class = instance.class();
    if let Some(slot) = class.slot(name) {
        let held = instance.slot(slot);
        if !held.is_undefined() {
            return Ok(Some(held));
        }
        let layout = class.layout();
        return layout.descriptor(slot).load(instance, slot, cx).map(Some);
    }
    let found = class.lookup(name);
    if let Some(Value::Object(object)) = &found
        && object.is_data_descriptor()
    {
        let descriptor = found.as_ref().expect("it was just matched");
        if let Some(bound) = object.bind(descriptor, Some(value), class, cx)? {
            return Ok(Some(bound));
        }
    }
    if let Some(held) = instance.attribute(name) {
        return Ok(Some(held));
    }
    if let Some(found) = found {
        return bind(&found, Some(value), class, cx).map(Some);
    }
    match name {
        "__class__" => return Ok(Some(Value::Class(class.clone()))),
        "__dict__" => return Ok(Some(types::instance_dict(instance))),
        "__module__" => return Ok(Some(class.module().clone().into())),
        "__doc__" => return Ok(Some(Value::None)),
        _ => {}
    }
    if name.starts_with('_')
        && let Some(extension) = class.nearest_extension()
    {
        let extras = extension.instance_extras(instance);
        if let Some((_, value)) = extras.into_iter().find(|(known, _)| known == name) {
            return Ok(Some(value));
        }
    }
    if let Some(hook) = class.lookup("__getattr__") {
        let hook = bind(&hook, Some(value), class, cx)?;
        return cx.call(&hook, [Value::str(name)]).map(Some);
    }
    Ok(None)
}

fn find_class_attr(value: &Value, class: &Rc<Class>, name: &str, cx: &Cx) -> Result<Option<Value>> {
    if let Some(metaclass) = class.metaclass() {
        return find_attr_by_metaclass(value, class, metaclass, name, cx);
    }
    find_plain_class_attr(value, class, name, cx)
}

pub(super) fn find_plain_class_attr(
    value: &Value,
    class: &Rc<Class>,
    name: &str,
    cx: &Cx,
) -> Result<Option<Value>> {
    if let Some(found) = class.lookup(name) {
        return bind(&found, None, class, cx).map(Some);
    }
    if let Some(extension) = class.nearest_extension()
        && let Some(found) = extension.get_class_attr(class, name, cx)?
    {
        return Ok(Some(found));
    }
    Ok(types::class_attr(value, class, name))
}

fn find_native_attr(value: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
    if let Value::Object(object) = value
        && object.is_proxy()
        && let Some(found) = object.get_attr(value, name, cx)?
    {
        return Ok(Some(found));
    }
    let class = class_of(value, cx);
    if let Some(found) = class.lookup(name) {
        return bind(&found, Some(value), &class, cx).map(Some);
    }
    if let Value::Object(object) = value
        && let Some(found) = object.get_attr(value, name, cx)?
    {
        return Ok(Some(found));
    }
    Ok((name == "__class__").then_some(Value::Class(class)))
}

/// Read `found`, a class attribute, through `instance` or through the class itself.
pub fn bind(found: &Value, instance: Option<&Value>, owner: &Rc<Class>, cx: &Cx) -> Result<Value> {
    match found {
        Value::Object(object) => Ok(object
            .bind(found, instance, owner, cx)?
            .unwrap_or_else(|| found.clone())),
        Value::Instance(descriptor) => match descriptor.class().lookup("__get__") {
            Some(get) => {
                let get = bind(&get, Some(found), descriptor.class(), cx)?;
                let instance = instance.cloned().unwrap_or(Value::None);
                cx.call(&get, [instance, Value::Class(owner.clone())])
            }
            None => Ok(found.clone()),
        },
        _ => Ok(found.clone()),
    }
}

/// The AttributeError for a missing attribute.
pub fn no_attribute(value: &Value, name: &str, cx: &Cx) -> Raised {
    let module = value.downcast::<Module>();
    let message = refused(value, name, cx).unwrap_or_else(|| match (value, module) {
        (Value::Class(class), _) => {
            format!("type object '{}' has no attribute '{name}'", class.name())
        }
        (_, Some(module)) => {
            format!(
                "module '{}' has no attribute '{name}'",
                module.description().name
            )
        }
        _ => format!(
            "'{}' object has no attribute '{name}'",
            class_of(value, cx).error_name()
        ),
    });
    ATTRIBUTE_ERROR
        .error(message)
        .with("name", name)
        .with("obj", value.clone())
}

/// The same, for who words it otherwise, where the attribute exists in the real library.
pub fn unsupported_attribute(value: &Value, name: &str, cx: &Cx) -> Option<Raised> {
    let message = refused(value, name, cx)?;
    Some(ATTRIBUTE_ERROR.error(message).with("name", name))
}

/// What to say where the attribute exists in the real library.
fn refused(value: &Value, name: &str, cx: &Cx) -> Option<String> {
    if let Some(module) = value.downcast::<Module>() {
        return module.refusal(name, cx);
    }
    let names = cx.service::<Refusals>().get()?;
    match value {
        Value::Class(class) => names.of_class(class, name, false, cx),
        Value::Instance(_) | Value::Object(_) => {
            names.of_class(&class_of(value, cx), name, true, cx)
        }
        _ => None,
    }
}

/// What an uncaught exception says that the script wrote, and what it may have meant. An
/// AttributeError knows its object, whose names are looked through only now.
pub fn suggestion(exception: &Value, cx: &Cx) -> Option<(String, Option<String>)> {
    let Value::Instance(instance) = exception else {
        return None;
    };
    let text = |name: &str| instance.attribute(name)?.as_str().map(str::to_owned);
    if let Some(wrong) = text("__misspelt__") {
        return Some((wrong, text("__suggestion__")));
    }
    let (wrong, object) = (text("name")?, instance.attribute("obj")?);
    let names = attr_names(&object, cx);
    let near = suggest::nearest(&wrong, names.iter().map(String::as_str));
    Some((wrong, near.map(str::to_owned)))
}

/// The names of a value's attributes, sorted: what `dir()` lists.
pub fn attr_names(value: &Value, cx: &Cx) -> Vec<String> {
    let mut names = std::collections::BTreeSet::new();
    let mut add_class = |class: &Rc<Class>| {
        names.extend(class.own_names().iter().map(ToString::to_string));
        for ancestor in class.ancestors().iter() {
            names.extend(ancestor.own_names().iter().map(ToString::to_string));
        }
    };
    match value {
        Value::Class(class) => add_class(class),
        _ => add_class(&class_of(value, cx)),
    }
    match value {
        Value::Instance(instance) => {
            names.extend(
                instance
                    .attributes()
                    .into_iter()
                    .map(|(name, _)| name.to_string()),
            );
        }
        Value::Object(object) => names.extend(object.attr_names()),
        _ => {}
    }
    names.into_iter().collect()
}

/// `setattr(value, name, new)`.
pub fn set_attr(value: &Value, name: &str, new: Value, cx: &Cx) -> Result<()> {
    match value {
        Value::Instance(instance) => set_instance_attr(value, instance, name, new, cx),
        Value::Class(class) => {
            if let Some(metaclass) = class.metaclass() {
                let args = Args::from([Value::str(name), new.clone()]);
                if let Some(done) = call_of_metaclass(value, class, "__setattr__", args, cx) {
                    return done.map(drop);
                }
                if let Some(found) = metaclass.lookup(name)
                    && let Value::Object(descriptor) = &found
                    && descriptor.is_data_descriptor()
                {
                    return descriptor.bind_set(value, new, cx);
                }
            }
            set_class_attr_plain(class, name, new, cx)
        }
        _ => {
            let class = class_of(value, cx);
            if let Some(Value::Object(found)) = class.lookup(name)
                && found.is_data_descriptor()
            {
                return found.bind_set(value, new, cx);
            }
            if let Value::Object(object) = value
                && object.set_attr(name, &new, cx)?
            {
                return Ok(());
            }
            Err(match find_attr(value, name, cx)? {
                Some(_) => ATTRIBUTE_ERROR.error(format!(
                    "'{}' object attribute '{name}' is read-only",
                    class.name()
                )),
                None => no_attribute(value, name, cx),
            })
        }
    }
}

/// `type.__setattr__`: past what a metaclass does.
pub fn set_class_attr_plain(class: &Rc<Class>, name: &str, new: Value, cx: &Cx) -> Result<()> {
    if class.spec().is_some() {
        return Err(TYPE_ERROR.error(format!(
            "cannot set '{name}' attribute of immutable type '{}'",
            class.full_name()
        )));
    }
    if let Some(extension) = class.nearest_extension()
        && extension.set_class_attr(class, name, &new, cx)?
    {
        return Ok(());
    }
    class.set(name, new);
    Ok(())
}

fn set_instance_attr(
    value: &Value,
    instance: &Rc<Instance>,
    name: &str,
    new: Value,
    cx: &Cx,
) -> Result<()> {
    let class = instance.class();
    if let Some(hook) = class.script_method("__setattr__") {
        let hook = bind(&hook, Some(value), class, cx)?;
        return cx.call(&hook, [Value::str(name), new]).map(drop);
    }
    set_instance_attr_plain(value, instance, name, new, cx)
}

/// `object.__setattr__`: what a `__setattr__` of a script's class reaches through `super()`.
pub fn set_instance_attr_plain(
    value: &Value,
    instance: &Rc<Instance>,
    name: &str,
    new: Value,
    cx: &Cx,
) -> Result<()> {
    let class = instance.class();
    if let Some(slot) = class.slot(name) {
        let layout = class.layout();
        return layout.descriptor(slot).set(instance, slot, new, cx);
    }
    match class.lookup(name) {
        Some(Value::Object(found)) if found.is_data_descriptor() => {
            return found.bind_set(value, new, cx);
        }
        Some(Value::Instance(descriptor)) => {
            if let Some(set) = descriptor.class().lookup("__set__") {
                let this = Value::Instance(descriptor.clone());
                let set = bind(&set, Some(&this), descriptor.class(), cx)?;
                return cx.call(&set, [value.clone(), new]).map(drop);
            }
        }
        _ => {}
    }
    if class
        .spec()
        .is_some_and(|spec| std::ptr::eq(spec, &raw const types::OBJECT))
    {
        return Err(no_attribute(value, name, cx));
    }
    if class.lookup("__slots__").is_some() && !has_room_for(class, name, cx) {
        return Err(no_attribute(value, name, cx));
    }
    instance.set_attribute(Str::new(name), new);
    Ok(())
}

/// Whether the `__slots__` of a class and its ancestors name `name`, or one of them has none.
fn has_room_for(class: &Rc<Class>, name: &str, cx: &Cx) -> bool {
    let ancestors = class.ancestors();
    let mut scripted = std::iter::once(class)
        .chain(ancestors.iter())
        .filter(|class| class.spec().is_none());
    scripted.any(|class| match class.own("__slots__") {
        None => true,
        Some(Value::Str(only)) => only == name || only == "__dict__",
        Some(names) => cx.collect(&names).is_ok_and(|names| {
            names.iter().any(
                |known| matches!(known.as_str(), Some(text) if text == name || text == "__dict__"),
            )
        }),
    })
}

/// `delattr(value, name)`.
pub fn delete_attr(value: &Value, name: &str, cx: &Cx) -> Result<()> {
    match value {
        Value::Instance(instance) => {
            let class = instance.class();
            if let Some(hook) = class.script_method("__delattr__") {
                let hook = bind(&hook, Some(value), class, cx)?;
                return cx.call(&hook, [Value::str(name)]).map(drop);
            }
            delete_instance_attr_plain(value, instance, name, cx)
        }
        Value::Class(class) => {
            if class.spec().is_some() {
                return Err(TYPE_ERROR.error(format!(
                    "cannot delete '{name}' attribute of immutable type '{}'",
                    class.full_name()
                )));
            }
            if let Some(extension) = class.own_extension() {
                extension.delete_class_attr(class, name, cx)?;
            }
            match class.remove(name) {
                Some(_) => Ok(()),
                None => Err(no_attribute(value, name, cx)),
            }
        }
        _ => Err(match find_attr(value, name, cx)? {
            Some(_) => read_only(value, name, cx),
            None => no_attribute(value, name, cx),
        }),
    }
}

fn read_only(value: &Value, name: &str, cx: &Cx) -> Raised {
    ATTRIBUTE_ERROR.error(format!(
        "'{}' object attribute '{name}' is read-only",
        class_of(value, cx).error_name()
    ))
}

/// `object.__delattr__`: what a `__delattr__` of a script's class reaches through `super()`.
pub fn delete_instance_attr_plain(
    value: &Value,
    instance: &Rc<Instance>,
    name: &str,
    cx: &Cx,
) -> Result<()> {
    let class = instance.class();
    if let Some(slot) = class.slot(name) {
        let layout = class.layout();
        return layout.descriptor(slot).delete(instance, slot, cx);
    }
    match class.lookup(name) {
        Some(Value::Object(found)) if found.is_data_descriptor() => {
            return found.bind_delete(value, cx);
        }
        Some(Value::Instance(descriptor)) => {
            if let Some(delete) = descriptor.class().lookup("__delete__") {
                let this = Value::Instance(descriptor.clone());
                let delete = bind(&delete, Some(&this), descriptor.class(), cx)?;
                return cx.call(&delete, [value.clone()]).map(drop);
            }
        }
        _ => {}
    }
    match instance.remove_attribute(name) {
        Some(_) => Ok(()),
        None => Err(no_attribute(value, name, cx)),
    }
}

/// Call `function`.
pub fn call(function: &Value, args: Args, cx: &Cx) -> Result<Value> {
    match function {
        Value::Object(object) => {
            let _depth = cx.enter()?;
            match object.call(function, args, cx)? {
                Some(answer) => Ok(answer),
                None => Err(not_callable(function, cx)),
            }
        }
        Value::Class(class) => instantiate(class, args, cx),
        Value::Instance(instance) => match instance.class().lookup("__call__") {
            Some(found) => {
                let bound = bind(&found, Some(function), instance.class(), cx)?;
                call(&bound, args, cx)
            }
            None => Err(not_callable(function, cx)),
        },
        _ => Err(not_callable(function, cx)),
    }
}

fn not_callable(value: &Value, cx: &Cx) -> Raised {
    TYPE_ERROR.error(format!(
        "'{}' object is not callable",
        class_of(value, cx).error_name()
    ))
}

/// Call a method by name, without making a bound method where there is a shorter way.
pub fn call_method(this: &Value, name: &str, args: Args, cx: &Cx) -> Result<Value> {
    let plain = match this {
        Value::Instance(instance) => {
            instance.class().slot(name).is_none() && instance.attribute(name).is_none()
        }
        Value::Class(_) => false,
        _ => true,
    };
    if plain {
        let class = class_of(this, cx);
        if let Some(found) = class.lookup(name)
            && let Some(method) = found.downcast::<Method>()
            && method.kind() == MethodKind::Method
        {
            let _depth = cx.enter()?;
            return method.invoke(this, args, cx);
        }
    }
    let found = get_attr(this, name, cx)?;
    if let Some(bound) = found.downcast::<BoundMethod>() {
        return call(&bound.function, args.prepend(bound.this.clone()), cx);
    }
    call(&found, args, cx)
}

/// Call a class: as its metaclass says, else make an instance and initialize it.
pub fn instantiate(class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    if class.of_metaclass("__call__").is_some() {
        let this = Value::Class(class.clone());
        if let Some(answer) = call_of_metaclass(&this, class, "__call__", args.clone(), cx) {
            return answer;
        }
    }
    instantiate_plain(class, args, cx)
}

/// `type.__call__`: make an instance and initialize it.
pub fn instantiate_plain(class: &Rc<Class>, mut args: Args, cx: &Cx) -> Result<Value> {
    let extension = class.nearest_extension();
    if let Some(extension) = &extension
        && let Some(made) = extension.call(class, &args, cx)?
    {
        return Ok(made);
    }
    let init = class.script_method("__init__");
    let new = class.script_method("__new__");
    if let Some(construct) = class.constructor().filter(|_| new.is_none()) {
        if class.spec().is_some() || init.is_none() {
            let _depth = cx.enter()?;
            return construct(class, args, cx);
        }
        let made = construct(class, args.clone(), cx)?;
        return run_init(made, class, init, args, cx);
    }
    if class.spec().is_some_and(|spec| {
        !std::ptr::eq(spec, &raw const types::OBJECT) && !spec.is_instantiable()
    }) {
        return Err(TYPE_ERROR.error(format!("cannot create '{}' instances", class.full_name())));
    }
    let has_new = new.is_some();
    let made = match new {
        Some(new) => {
            // `__new__` is a static method, whether it says so or not.
            let new = bind(&new, None, class, cx)?;
            cx.call(&new, args.clone().prepend(Value::Class(class.clone())))?
        }
        None => Value::Instance(Instance::new(class.clone())),
    };
    if let Value::Class(made_class) = &made
        && made_class
            .metaclass()
            .is_some_and(|own| own.is_subclass(class))
        && init.is_some()
    {
        return run_init(made, class, init, args, cx);
    }
    let Value::Instance(instance) = &made else {
        return Ok(made);
    };
    if let Some(extension) = &extension {
        extension.new_instance(instance, &mut args, cx)?;
        if init.is_none() && extension.default_init(instance, &args, cx)? {
            return Ok(made);
        }
    }
    if init.is_none() && has_new {
        return Ok(made);
    }
    run_init(made, class, init, args, cx)
}

fn run_init(
    made: Value,
    class: &Rc<Class>,
    init: Option<Value>,
    args: Args,
    cx: &Cx,
) -> Result<Value> {
    let Some(init) = init else {
        if args.pos.is_empty() && args.kw.is_empty() {
            return Ok(made);
        }
        return Err(TYPE_ERROR.error(format!("{}() takes no arguments", class.name())));
    };
    let answer = match bind(&init, Some(&made), class, cx)? {
        bound if bound.downcast::<BoundMethod>().is_some() => {
            call(&init, args.prepend(made.clone()), cx)?
        }
        bound => call(&bound, args, cx)?,
    };
    if !answer.is_none() {
        return Err(TYPE_ERROR.error(format!(
            "__init__() should return None, not '{}'",
            class_of(&answer, cx).error_name()
        )));
    }
    Ok(made)
}
