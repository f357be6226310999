//! `Value`: what a name can hold, sixteen bytes, cheap to clone.

use std::any::Any;
use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::rc::{Rc, Weak as RcWeak};

use compact_str::CompactString;
use num_bigint::BigInt;

use super::{Class, Dict, Instance, List, Method, Object, Set, Tuple};

/// A value of the language: Python's data model with the common types unboxed.
#[derive(Clone)]
pub enum Value {
    /// No value at all: an unbound local, an argument not given, an attribute not loaded.
    /// Never reaches a script.
    Undefined,
    /// Python's `None`.
    None,
    /// `True`, `False`.
    Bool(bool),
    /// An `int` of up to 64 bits.
    Int(i64),
    /// A `float`.
    Float(f64),
    /// A `str`.
    Str(Str),
    /// An `int` beyond 64 bits (never one that fits `Int`).
    BigInt(Rc<BigInt>),
    /// A `bytes`.
    Bytes(Rc<Vec<u8>>),
    /// A `list`, instrumented ones included.
    List(Rc<List>),
    /// A `tuple`.
    Tuple(Rc<Tuple>),
    /// A `dict`.
    Dict(Rc<Dict>),
    /// A `set` or `frozenset`.
    Set(Rc<Set>),
    /// A class, native or defined by a script.
    Class(Rc<Class>),
    /// An instance of a class defined by a script, or an exception.
    Instance(Rc<Instance>),
    /// Any other native object.
    Object(Obj),
}

impl Value {
    /// A `str`.
    pub fn str(text: impl Into<CompactString>) -> Self {
        Self::Str(Str(Rc::new(text.into())))
    }

    /// A `list`.
    pub fn list(items: Vec<Self>) -> Self {
        Self::List(Rc::new(List::new(items)))
    }

    /// A `tuple`.
    pub fn tuple(items: Vec<Self>) -> Self {
        Self::Tuple(Rc::new(Tuple::new(items)))
    }

    /// A native object.
    pub fn object(object: impl Object) -> Self {
        Self::Object(Obj::new(object))
    }

    /// An `int`, in its smallest form.
    pub fn big(number: BigInt) -> Self {
        match i64::try_from(&number) {
            Ok(small) => Self::Int(small),
            Err(_) => Self::BigInt(Rc::new(number)),
        }
    }

    /// Whether this is `None`.
    pub fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// Whether there is no value here (see [`Value::Undefined`]).
    pub fn is_undefined(&self) -> bool {
        matches!(self, Self::Undefined)
    }

    /// The value, `None` where there is none: how a native reads an argument with that default.
    #[must_use]
    pub fn or_none(self) -> Self {
        if self.is_undefined() {
            Self::None
        } else {
            self
        }
    }

    /// The text of a `str`.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The number of an `int` or `bool` that fits 64 bits.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Bool(flag) => Some(i64::from(*flag)),
            _ => None,
        }
    }

    /// The native object of type `T` that this value is, or that an instance of a subclass of
    /// `T`'s type carries.
    pub fn downcast<T: 'static>(&self) -> Option<&T> {
        let any: &dyn Any = match self {
            Self::Object(object) => object.as_any(),
            Self::Instance(instance) => {
                if let Some(payload) = instance.payload::<T>() {
                    return Some(payload);
                }
                &**instance
            }
            Self::List(list) => &**list,
            Self::Tuple(tuple) => &**tuple,
            Self::Dict(dict) => &**dict,
            Self::Set(set) => &**set,
            Self::Class(class) => &**class,
            Self::Str(text) => text,
            Self::Bytes(bytes) => &**bytes,
            Self::BigInt(number) => &**number,
            Self::Undefined | Self::None | Self::Bool(_) | Self::Int(_) | Self::Float(_) => {
                return None;
            }
        };
        any.downcast_ref()
    }

    /// The native function that this is.
    #[inline]
    pub fn as_method(&self) -> Option<&Method> {
        match self {
            Self::Object(object) => object.as_method(),
            _ => None,
        }
    }

    /// The address that `is` compares and that a default repr shows; `None` where identity is
    /// that of the value itself (numbers, `None`).
    pub fn address(&self) -> Option<usize> {
        Some(match self {
            Self::Str(text) => Rc::as_ptr(&text.0) as usize,
            Self::BigInt(number) => Rc::as_ptr(number) as usize,
            Self::Bytes(bytes) => Rc::as_ptr(bytes) as usize,
            Self::List(list) => Rc::as_ptr(list) as usize,
            Self::Tuple(tuple) => Rc::as_ptr(tuple) as usize,
            Self::Dict(dict) => Rc::as_ptr(dict) as usize,
            Self::Set(set) => Rc::as_ptr(set) as usize,
            Self::Class(class) => Rc::as_ptr(class) as usize,
            Self::Instance(instance) => Rc::as_ptr(instance) as usize,
            Self::Object(object) => object.address(),
            Self::Undefined | Self::None | Self::Bool(_) | Self::Int(_) | Self::Float(_) => {
                return None;
            }
        })
    }

    /// Python's `is`.
    pub fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) | (Self::Undefined, Self::Undefined) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits(),
            // CPython interns literals and names; comparing text is the nearest rule.
            (Self::Str(a), Self::Str(b)) => a == b,
            (Self::Tuple(a), Self::Tuple(b)) if a.is_empty() && b.is_empty() => true,
            _ => match (self.address(), other.address()) {
                (Some(a), Some(b)) => {
                    a == b && std::mem::discriminant(self) == std::mem::discriminant(other)
                }
                _ => false,
            },
        }
    }
}

/// A value that is not kept alive: of what scripts define, or a native object.
pub enum WeakValue {
    /// An instance.
    Instance(RcWeak<Instance>),
    /// A class.
    Class(RcWeak<Class>),
    /// A native object.
    Object(RcWeak<Box<dyn Object>>),
}

impl WeakValue {
    /// The value, while it is there.
    pub fn upgrade(&self) -> Option<Value> {
        Some(match self {
            Self::Instance(instance) => Value::Instance(instance.upgrade()?),
            Self::Class(class) => Value::Class(class.upgrade()?),
            Self::Object(object) => Value::Object(Obj(object.upgrade()?)),
        })
    }
}

impl Value {
    /// A weak reference to it; `None`: its type does not allow any.
    pub fn downgrade(&self) -> Option<WeakValue> {
        Some(match self {
            Self::Instance(instance) => WeakValue::Instance(Rc::downgrade(instance)),
            Self::Class(class) => WeakValue::Class(Rc::downgrade(class)),
            Self::Object(object) => WeakValue::Object(Rc::downgrade(&object.0)),
            _ => return None,
        })
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undefined => f.write_str("<undefined>"),
            Self::None => f.write_str("None"),
            Self::Bool(flag) => write!(f, "{flag}"),
            Self::Int(number) => write!(f, "{number}"),
            Self::Float(number) => write!(f, "{number}"),
            Self::Str(text) => write!(f, "{:?}", &**text),
            Self::BigInt(number) => write!(f, "{number}"),
            Self::Bytes(bytes) => write!(f, "{bytes:?}"),
            Self::Class(class) => write!(f, "<class {}>", class.name()),
            Self::Instance(instance) => write!(f, "<{} object>", instance.class().name()),
            Self::List(_) => f.write_str("<list>"),
            Self::Tuple(_) => f.write_str("<tuple>"),
            Self::Dict(_) => f.write_str("<dict>"),
            Self::Set(_) => f.write_str("<set>"),
            Self::Object(_) => f.write_str("<object>"),
        }
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}
impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}
impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}
impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::str(text)
    }
}
impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::str(text)
    }
}
impl From<Str> for Value {
    fn from(text: Str) -> Self {
        Self::Str(text)
    }
}
impl From<Rc<Class>> for Value {
    fn from(class: Rc<Class>) -> Self {
        Self::Class(class)
    }
}
impl From<Rc<Instance>> for Value {
    fn from(instance: Rc<Instance>) -> Self {
        Self::Instance(instance)
    }
}
impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(option: Option<T>) -> Self {
        option.map_or(Self::None, Into::into)
    }
}

/// An immutable, shared text; one pointer wide, texts up to 24 bytes in a single allocation.
#[derive(Clone)]
pub struct Str(Rc<CompactString>);

impl Str {
    /// A text.
    pub fn new(text: impl Into<CompactString>) -> Self {
        Self(Rc::new(text.into()))
    }
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// Whether it is held more than once.
    pub fn is_shared(&self) -> bool {
        Rc::strong_count(&self.0) > 1
    }
}
impl Deref for Str {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}
impl PartialEq for Str {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}
impl Eq for Str {}
impl PartialEq<str> for Str {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}
impl PartialEq<&str> for Str {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}
impl PartialOrd for Str {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Str {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}
impl Hash for Str {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}
impl Borrow<str> for Str {
    fn borrow(&self) -> &str {
        self
    }
}
impl AsRef<str> for Str {
    fn as_ref(&self) -> &str {
        self
    }
}
impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}
impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}
impl From<&str> for Str {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}
impl From<String> for Str {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// A shared native object: one pointer wide, so that `Value` stays sixteen bytes.
#[derive(Clone)]
pub struct Obj(Rc<Box<dyn Object>>);

impl Obj {
    /// Share `object`.
    pub fn new(object: impl Object) -> Self {
        Self(Rc::new(Box::new(object)))
    }
    /// The object itself where this is the only handle, else a copy; `None`: it is no `T`.
    pub fn take<T: Object + Clone>(self) -> Option<T> {
        match Rc::try_unwrap(self.0) {
            Ok(object) => {
                let any: Box<dyn Any> = object;
                any.downcast().ok().map(|object| *object)
            }
            Err(shared) => {
                let any: &dyn Any = &**shared;
                any.downcast_ref::<T>().cloned()
            }
        }
    }
    /// The object as `Any`, for a downcast.
    pub fn as_any(&self) -> &dyn Any {
        let object: &dyn Object = &**self.0;
        object
    }
    /// What identifies it: a handle answers with what it is a handle of.
    pub fn address(&self) -> usize {
        self.0
            .identity()
            .unwrap_or(Rc::as_ptr(&self.0).cast::<u8>() as usize)
    }
}
impl Deref for Obj {
    type Target = dyn Object;
    fn deref(&self) -> &(dyn Object + 'static) {
        &**self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_sixteen_bytes() {
        assert_eq!(size_of::<Value>(), 16);
        assert_eq!(size_of::<Result<Value, super::super::Raised>>(), 16);
    }
}
