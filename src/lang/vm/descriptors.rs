//! `property`, `classmethod`, `staticmethod`.

use std::cell::RefCell;
use std::rc::Rc;

use crate::object::exceptions::{ATTRIBUTE_ERROR, TYPE_ERROR};
use crate::object::{
    Args, BoundMethod, Class, Cx, Members, Method, Object, Result, Str, TypeSpec, Value, bind,
    class_of,
};

/// A `classmethod`.
pub(in crate::lang) struct ClassMethod(Value);

/// A `staticmethod`.
pub(in crate::lang) struct StaticMethod(Value);

/// A `property`.
pub(in crate::lang) struct Property {
    get: Value,
    set: Value,
    delete: Value,
    doc: Value,
    name: RefCell<Option<Str>>,
}

/// `classmethod`.
pub(super) static CLASS_METHOD: TypeSpec = TypeSpec::new("builtins", "classmethod")
    .construct(|_, args, _| Ok(Value::object(ClassMethod(one("classmethod", args)?))));
/// `staticmethod`.
pub(super) static STATIC_METHOD: TypeSpec = TypeSpec::new("builtins", "staticmethod")
    .construct(|_, args, _| Ok(Value::object(StaticMethod(one("staticmethod", args)?))));
/// `property`.
pub(super) static PROPERTY: TypeSpec = TypeSpec::new("builtins", "property")
    .construct(make_property)
    .members(property_members);

/// `__get__` of a descriptor, as a method.
pub(super) fn getter_of(descriptor: Value) -> Value {
    Method::function("__get__(instance, owner=None, /)", move |a, cx| {
        let instance = a.some_at(0);
        let owner = match (a.at(1), instance) {
            (Value::Class(owner), _) => owner.clone(),
            (_, Some(instance)) => class_of(instance, cx),
            _ => return Err(TYPE_ERROR.error("__get__(None, None) is invalid")),
        };
        bind(&descriptor, instance, &owner, cx)
    })
}

fn one(name: &str, args: Args) -> Result<Value> {
    let given = args.pos.len();
    match args.pos.into_iter().next() {
        Some(function) if given == 1 => Ok(function),
        _ => Err(TYPE_ERROR.error(format!("{name} expected 1 argument, got {given}"))),
    }
}

impl ClassMethod {
    /// What it wraps.
    pub fn function(&self) -> &Value {
        &self.0
    }
}

impl Object for ClassMethod {
    fn spec(&self) -> &'static TypeSpec {
        &CLASS_METHOD
    }
    fn get_attr(&self, _this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        wrapped_attr(&self.0, name, cx)
    }
    fn set_attr(&self, name: &str, value: &Value, cx: &Cx) -> Result<bool> {
        cx.set_attr(&self.0, name, value.clone())?;
        Ok(true)
    }
    fn bind(
        &self,
        _this: &Value,
        _instance: Option<&Value>,
        owner: &Rc<Class>,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        let class = Value::Class(owner.clone());
        // What it wraps may be a descriptor of its own: a property of the class.
        if let Some(property) = self.0.downcast::<Property>() {
            return property.read(&class, cx).map(Some);
        }
        Ok(Some(Value::object(BoundMethod {
            this: class,
            function: self.0.clone(),
        })))
    }
}

impl Object for StaticMethod {
    fn spec(&self) -> &'static TypeSpec {
        &STATIC_METHOD
    }
    fn get_attr(&self, _this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        wrapped_attr(&self.0, name, cx)
    }
    fn is_callable(&self) -> bool {
        true
    }
    fn call(&self, _this: &Value, args: Args, cx: &Cx) -> Result<Option<Value>> {
        cx.call(&self.0, args).map(Some)
    }
    fn bind(
        &self,
        _this: &Value,
        _instance: Option<&Value>,
        _owner: &Rc<Class>,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(Some(self.0.clone()))
    }
}

fn wrapped_attr(function: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
    match name {
        "__func__" | "__wrapped__" => Ok(Some(function.clone())),
        _ => crate::object::find_attr(function, name, cx),
    }
}

fn make_property(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    let names = ["fget", "fset", "fdel", "doc"];
    let mut parts = [Value::None, Value::None, Value::None, Value::None];
    if args.pos.len() > parts.len() {
        return Err(TYPE_ERROR.error(format!(
            "property expected at most 4 arguments, got {}",
            args.pos.len()
        )));
    }
    for (part, value) in parts.iter_mut().zip(args.pos) {
        *part = value;
    }
    for (name, value) in args.kw {
        let Some(at) = names.iter().position(|known| name == *known) else {
            return Err(TYPE_ERROR.error(format!(
                "'{name}' is an invalid keyword argument for property()"
            )));
        };
        parts[at] = value;
    }
    let [get, set, delete, doc] = parts;
    let doc = match doc {
        Value::None if !get.is_none() => {
            crate::object::find_attr(&get, "__doc__", cx)?.unwrap_or(Value::None)
        }
        doc => doc,
    };
    Ok(Value::object(Property {
        get,
        set,
        delete,
        doc,
        name: RefCell::default(),
    }))
}

fn property_members(members: &mut Members) {
    members
        .method("getter(fget, /)", |property: &Property, a, _| {
            Ok(property.with(Some(a.at(0)), None, None))
        })
        .method("setter(fset, /)", |property: &Property, a, _| {
            Ok(property.with(None, Some(a.at(0)), None))
        })
        .method("deleter(fdel, /)", |property: &Property, a, _| {
            Ok(property.with(None, None, Some(a.at(0))))
        })
        .getter("fget", |property: &Property, _| Ok(property.get.clone()))
        .getter("fset", |property: &Property, _| Ok(property.set.clone()))
        .getter("fdel", |property: &Property, _| Ok(property.delete.clone()))
        .getter("__doc__", |property: &Property, _| Ok(property.doc.clone()));
}

impl Property {
    fn with(&self, get: Option<&Value>, set: Option<&Value>, delete: Option<&Value>) -> Value {
        Value::object(Self {
            get: get.unwrap_or(&self.get).clone(),
            set: set.unwrap_or(&self.set).clone(),
            delete: delete.unwrap_or(&self.delete).clone(),
            doc: self.doc.clone(),
            name: RefCell::new(self.name.borrow().clone()),
        })
    }

    fn read(&self, instance: &Value, cx: &Cx) -> Result<Value> {
        if self.get.is_none() {
            return Err(self.refuse(instance, "getter", cx));
        }
        cx.call(&self.get, [instance.clone()])
    }

    fn refuse(&self, instance: &Value, what: &str, cx: &Cx) -> crate::object::Raised {
        let class = class_of(instance, cx).qualname();
        ATTRIBUTE_ERROR.error(match &*self.name.borrow() {
            Some(name) => format!("property '{name}' of '{class}' object has no {what}"),
            None => format!("property of '{class}' object has no {what}"),
        })
    }
}

impl Object for Property {
    fn spec(&self) -> &'static TypeSpec {
        &PROPERTY
    }
    fn bind(
        &self,
        this: &Value,
        instance: Option<&Value>,
        _owner: &Rc<Class>,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        match instance {
            None => Ok(Some(this.clone())),
            Some(instance) => self.read(instance, cx).map(Some),
        }
    }
    fn is_data_descriptor(&self) -> bool {
        true
    }
    fn bind_set(&self, instance: &Value, value: Value, cx: &Cx) -> Result<()> {
        if self.set.is_none() {
            return Err(self.refuse(instance, "setter", cx));
        }
        cx.call(&self.set, [instance.clone(), value]).map(drop)
    }
    fn bind_delete(&self, instance: &Value, cx: &Cx) -> Result<()> {
        if self.delete.is_none() {
            return Err(self.refuse(instance, "deleter", cx));
        }
        cx.call(&self.delete, [instance.clone()]).map(drop)
    }
    fn set_name(&self, _owner: &Rc<Class>, name: &str, _cx: &Cx) -> Result<()> {
        *self.name.borrow_mut() = Some(Str::new(name));
        Ok(())
    }
}

/// Bind what is found in a class, as `super()` does.
pub(super) fn bound(found: &Value, this: &Value, owner: &Rc<Class>, cx: &Cx) -> Result<Value> {
    match this {
        Value::Class(class) if !class.metaclass().is_some_and(|own| Rc::ptr_eq(own, owner)) => {
            bind(found, None, class, cx)
        }
        _ => bind(found, Some(this), owner, cx),
    }
}
