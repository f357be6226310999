//! The members of native classes: typed functions in, erased in one place.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;
use std::vec::Drain;

use super::exceptions::{ATTRIBUTE_ERROR, TYPE_ERROR};
use super::{Args, Bound, Class, Cx, Object, Result, Signature, Str, TypeSpec, Value, class_of};

/// What a native function is called with: the receiver (`Undefined` for a plain function), the
/// bound arguments, the context.
pub type Native = dyn Fn(&Value, &Bound<'_>, &Cx) -> Result<Value>;

/// The same where the function takes the receiver.
pub type Taking = dyn Fn(Value, &Bound<'_>, &Cx) -> Result<Value>;

/// What a native function runs.
enum Body {
    Native(Box<Native>),
    Taking(Box<Taking>),
}

/// A short way in for plain positional arguments, with the receiver in front (`Undefined` for a
/// plain function). `None` declines: the arguments are bound and the call goes the usual way.
pub type Quick = fn(&Value, &[Value], &Cx) -> Result<Option<Value>>;

/// How a native function is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MethodKind {
    /// `instance.method()`.
    Method,
    /// `Class.method()`, given the class.
    Class,
    /// `Class.method()`, given nothing.
    Static,
    /// A plain function of a module.
    Function,
}

/// A native function or method.
pub struct Method {
    text: &'static str,
    owner: Option<&'static str>,
    kind: MethodKind,
    signature: OnceCell<Signature>,
    quick: Cell<Option<Quick>>,
    body: Body,
}

impl Method {
    /// A plain function; `text` is its signature.
    pub fn function(
        text: &'static str,
        call: impl Fn(&Bound<'_>, &Cx) -> Result<Value> + 'static,
    ) -> Value {
        Value::object(Self {
            text,
            owner: None,
            kind: MethodKind::Function,
            signature: OnceCell::new(),
            quick: Cell::new(None),
            body: Body::Native(Box::new(move |_, bound, cx| call(bound, cx))),
        })
    }
    /// A plain function with a short way in.
    pub fn quick_function(
        text: &'static str,
        quick: Quick,
        call: impl Fn(&Bound<'_>, &Cx) -> Result<Value> + 'static,
    ) -> Value {
        let function = Self::function(text, call);
        if let Some(method) = function.downcast::<Self>() {
            method.quick.set(Some(quick));
        }
        function
    }
    /// The short way in.
    pub fn quick(&self) -> Option<Quick> {
        self.quick.get()
    }
    /// Its signature, read at the first use.
    pub fn signature(&self) -> &Signature {
        self.signature.get_or_init(|| {
            let owner = self.owner.filter(|_| self.kind != MethodKind::Static);
            Signature::parse(self.text, owner)
        })
    }
    /// Its signature as written.
    pub fn text(&self) -> &'static str {
        self.text
    }
    /// Whether it belongs to `object` or to a built-in type whose behaviour the operations know.
    pub fn is_builtin_default(&self) -> bool {
        matches!(
            self.owner,
            Some(
                "object"
                    | "int"
                    | "bool"
                    | "float"
                    | "str"
                    | "bytes"
                    | "list"
                    | "tuple"
                    | "dict"
                    | "set"
                    | "frozenset"
                    | "range"
                    | "type"
            )
        )
    }
    /// The name of the class it is a member of.
    pub fn owner(&self) -> Option<&'static str> {
        self.owner
    }
    /// Whether CPython's own counterpart is written in C, which its reprs and errors show.
    pub fn is_c_style(&self) -> bool {
        self.text.contains("/)") || self.text.contains("/,") || self.is_builtin_default()
    }
    /// How it is reached.
    pub fn kind(&self) -> MethodKind {
        self.kind
    }
    /// Call it on `this`.
    pub fn invoke(&self, this: &Value, args: Args, cx: &Cx) -> Result<Value> {
        let bound = self.signature().bind(args)?;
        match &self.body {
            Body::Native(call) => call(this, &bound, cx),
            Body::Taking(call) => call(this.clone(), &bound, cx),
        }
    }
    /// Call it on `this`, which the caller does not need any more.
    pub fn invoke_taking(&self, this: Value, args: Args, cx: &Cx) -> Result<Value> {
        let bound = self.signature().bind(args)?;
        self.run(this, &bound, cx)
    }
    /// The same with positional arguments that are taken from where they are held.
    pub fn invoke_drained(&self, this: Value, args: Drain<'_, Value>, cx: &Cx) -> Result<Value> {
        let bound = self.signature().bind_drained(args)?;
        self.run(this, &bound, cx)
    }
    fn run(&self, this: Value, bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
        match &self.body {
            Body::Native(call) => call(&this, bound, cx),
            Body::Taking(call) => call(this, bound, cx),
        }
    }
}

/// The class of native functions.
pub static METHOD: TypeSpec = TypeSpec::new("builtins", "builtin_function_or_method");

impl Object for Method {
    fn spec(&self) -> &'static TypeSpec {
        &METHOD
    }
    fn as_method(&self) -> Option<&Self> {
        Some(self)
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        let name = self.text.split('(').next().unwrap_or(self.text);
        Ok(Some(match self.owner {
            Some(owner) if self.is_c_style() => format!("<method '{name}' of '{owner}' objects>"),
            Some(owner) => format!("<function {owner}.{name}>"),
            None => format!("<built-in function {name}>"),
        }))
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(match name {
            "__name__" => Some(self.text.split('(').next().unwrap_or(self.text).into()),
            _ => None,
        })
    }
    fn is_callable(&self) -> bool {
        true
    }
    fn call(&self, _this: &Value, mut args: Args, cx: &Cx) -> Result<Option<Value>> {
        if self.kind != MethodKind::Method {
            return self.invoke(&Value::Undefined, args, cx).map(Some);
        }
        if args.pos.is_empty() {
            return Err(TYPE_ERROR.error(format!(
                "unbound method {}() needs an argument",
                self.signature().qualname
            )));
        }
        let this = args.pos.remove(0);
        self.invoke(&this, args, cx).map(Some)
    }
    fn bind(
        &self,
        this: &Value,
        instance: Option<&Value>,
        owner: &Rc<Class>,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(match (self.kind, instance) {
            (MethodKind::Method, Some(instance)) => Some(Value::object(BoundMethod {
                this: instance.clone(),
                function: this.clone(),
            })),
            (MethodKind::Class, _) => Some(Value::object(BoundMethod {
                this: Value::Class(owner.clone()),
                function: this.clone(),
            })),
            _ => None,
        })
    }
}

/// A method with its receiver, native or not.
pub struct BoundMethod {
    /// The receiver.
    pub this: Value,
    /// What is called, with the receiver as first argument.
    pub function: Value,
}

/// The class of bound methods.
pub static BOUND_METHOD: TypeSpec =
    TypeSpec::new("builtins", "method").construct(|_, args, _| match args.pos.as_slice() {
        [function, this] => Ok(Value::object(BoundMethod {
            this: this.clone(),
            function: function.clone(),
        })),
        given => Err(TYPE_ERROR.error(format!("method expected 2 arguments, got {}", given.len()))),
    });

impl Object for BoundMethod {
    fn spec(&self) -> &'static TypeSpec {
        match self.function.downcast::<Method>() {
            Some(method) if method.is_c_style() => &METHOD,
            _ => &BOUND_METHOD,
        }
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let name = cx
            .get_attr(&self.function, "__qualname__")
            .or_else(|_| cx.get_attr(&self.function, "__name__"));
        let name = name.ok().and_then(|name| name.as_str().map(str::to_owned));
        let this = cx.repr(&self.this)?;
        Ok(Some(match &self.function {
            // SQLAlchemy's methods are written in Python, those of the language are not.
            Value::Object(object)
                if object.as_any().is::<Method>()
                    && !class_of(&self.this, cx).module().starts_with("sqlalchemy") =>
            {
                format!(
                    "<built-in method {} of {} object at {:#x}>",
                    name.unwrap_or_default(),
                    class_of(&self.this, cx).error_name(),
                    self.this.address().unwrap_or_default()
                )
            }
            Value::Object(object)
                if let Some(method) = object.as_any().downcast_ref::<Method>() =>
            {
                let owner = method.owner.unwrap_or_default();
                format!(
                    "<bound method {owner}.{} of {this}>",
                    name.unwrap_or_default()
                )
            }
            _ => format!("<bound method {} of {this}>", name.unwrap_or_default()),
        }))
    }
    fn get_attr(&self, _this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        match name {
            "__self__" => Ok(Some(self.this.clone())),
            "__func__" => Ok(Some(self.function.clone())),
            _ => cx.get_attr(&self.function, name).map(Some),
        }
    }
    fn is_callable(&self) -> bool {
        true
    }
    fn call(&self, _this: &Value, args: Args, cx: &Cx) -> Result<Option<Value>> {
        if let Some(method) = self.function.downcast::<Method>() {
            return method.invoke(&self.this, args, cx).map(Some);
        }
        cx.call(&self.function, args.prepend(self.this.clone()))
            .map(Some)
    }
    fn compare(
        &self,
        _this: &Value,
        op: super::CompareOp,
        other: &Value,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        let Some(other) = other.downcast::<Self>() else {
            return Ok(None);
        };
        let same = self.this.is(&other.this) && self.function.is(&other.function);
        Ok(match op {
            super::CompareOp::Eq => Some(Value::Bool(same)),
            super::CompareOp::Ne => Some(Value::Bool(!same)),
            _ => None,
        })
    }
}

/// A computed attribute of a native class.
pub struct Getter {
    name: &'static str,
    get: Box<dyn Fn(&Value, &Cx) -> Result<Value>>,
}

static GETTER: TypeSpec = TypeSpec::new("builtins", "getset_descriptor");

impl Object for Getter {
    fn spec(&self) -> &'static TypeSpec {
        &GETTER
    }
    fn bind(
        &self,
        _this: &Value,
        instance: Option<&Value>,
        _owner: &Rc<Class>,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        instance
            .map(|instance| (self.get)(instance, cx))
            .transpose()
    }
    fn is_data_descriptor(&self) -> bool {
        true
    }
    fn bind_set(&self, instance: &Value, value: Value, cx: &Cx) -> Result<()> {
        if let Value::Object(object) = instance
            && object.set_attr(self.name, &value, cx)?
        {
            return Ok(());
        }
        Err(ATTRIBUTE_ERROR.error(format!(
            "attribute '{}' of '{}' objects is not writable",
            self.name,
            class_of(instance, cx).error_name()
        )))
    }
}

/// Collects the members of a native class.
pub struct Members {
    owner: &'static str,
    entries: Vec<(Str, Value)>,
}

impl Members {
    pub(super) fn new(owner: &'static str) -> Self {
        Self {
            owner,
            entries: Vec::new(),
        }
    }
    pub(super) fn done(self) -> Vec<(Str, Value)> {
        self.entries
    }

    fn add(&mut self, text: &'static str, kind: MethodKind, call: Box<Native>) -> &mut Self {
        self.add_body(text, kind, Body::Native(call))
    }
    fn add_body(&mut self, text: &'static str, kind: MethodKind, body: Body) -> &mut Self {
        let name = text.split('(').next().unwrap_or(text);
        let method = Method {
            text,
            owner: Some(self.owner),
            kind,
            signature: OnceCell::new(),
            quick: Cell::new(None),
            body,
        };
        self.entries.push((Str::new(name), Value::object(method)));
        self
    }

    /// A method on a receiver of type `T`; `text` is its signature without `self`.
    pub fn method<T: 'static>(
        &mut self,
        text: &'static str,
        call: impl Fn(&T, &Bound<'_>, &Cx) -> Result<Value> + 'static,
    ) -> &mut Self {
        let owner = self.owner;
        let call = move |this: &Value, bound: &Bound<'_>, cx: &Cx| match this.downcast::<T>() {
            Some(receiver) => call(receiver, bound, cx),
            None => Err(wrong_receiver(owner, text, this, cx)),
        };
        self.add(text, MethodKind::Method, Box::new(call))
    }
    /// A method that answers with a changed receiver: it is given a copy, or the receiver itself
    /// where nobody else holds it, as in a chain of calls.
    pub fn generative<T: Object + Clone>(
        &mut self,
        text: &'static str,
        call: impl Fn(T, &Bound<'_>, &Cx) -> Result<Value> + 'static,
    ) -> &mut Self {
        let owner = self.owner;
        let call = move |this: Value, bound: &Bound<'_>, cx: &Cx| {
            if this.downcast::<T>().is_none() {
                return Err(wrong_receiver(owner, text, &this, cx));
            }
            let receiver = match this {
                Value::Object(object) => object.take::<T>(),
                other => other.downcast::<T>().cloned(),
            };
            match receiver {
                Some(receiver) => call(receiver, bound, cx),
                None => Ok(Value::None),
            }
        };
        self.add_body(text, MethodKind::Method, Body::Taking(Box::new(call)))
    }
    /// A method that is given the receiver as a value.
    pub fn method_on_value(
        &mut self,
        text: &'static str,
        call: impl Fn(&Value, &Bound<'_>, &Cx) -> Result<Value> + 'static,
    ) -> &mut Self {
        self.add(text, MethodKind::Method, Box::new(call))
    }
    /// Give the member added last a short way in.
    pub fn quick(&mut self, quick: Quick) -> &mut Self {
        if let Some((_, member)) = self.entries.last()
            && let Some(method) = member.downcast::<Method>()
        {
            method.quick.set(Some(quick));
        }
        self
    }
    /// A class method.
    pub fn class_method(
        &mut self,
        text: &'static str,
        call: impl Fn(&Value, &Bound<'_>, &Cx) -> Result<Value> + 'static,
    ) -> &mut Self {
        self.add(text, MethodKind::Class, Box::new(call))
    }
    /// A static method.
    pub fn static_method(
        &mut self,
        text: &'static str,
        call: impl Fn(&Bound<'_>, &Cx) -> Result<Value> + 'static,
    ) -> &mut Self {
        let call = move |_: &Value, bound: &Bound<'_>, cx: &Cx| call(bound, cx);
        self.add(text, MethodKind::Static, Box::new(call))
    }
    /// A computed attribute.
    pub fn getter<T: 'static>(
        &mut self,
        name: &'static str,
        get: impl Fn(&T, &Cx) -> Result<Value> + 'static,
    ) -> &mut Self {
        let owner = self.owner;
        self.getter_on_value(name, move |this, cx| match this.downcast::<T>() {
            Some(receiver) => get(receiver, cx),
            None => Err(wrong_receiver(owner, name, this, cx)),
        })
    }
    /// A computed attribute that is given the receiver as a value.
    pub fn getter_on_value(
        &mut self,
        name: &'static str,
        get: impl Fn(&Value, &Cx) -> Result<Value> + 'static,
    ) -> &mut Self {
        let getter = Getter {
            name,
            get: Box::new(get),
        };
        self.entries.push((Str::new(name), Value::object(getter)));
        self
    }
    /// A constant of the class.
    pub fn constant(&mut self, name: &'static str, value: Value) -> &mut Self {
        self.entries.push((Str::new(name), value));
        self
    }
    /// Add a group of members that several classes share.
    pub fn with(&mut self, group: fn(&mut Self)) -> &mut Self {
        group(self);
        self
    }
}

fn wrong_receiver(owner: &str, text: &str, this: &Value, cx: &Cx) -> super::Raised {
    let name = text.split('(').next().unwrap_or(text);
    TYPE_ERROR.error(format!(
        "descriptor '{name}' for '{owner}' objects doesn't apply to a '{}' object",
        class_of(this, cx).error_name()
    ))
}
