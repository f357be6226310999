//! `functools`: partial, wraps, caches, reduce, cached_property, total_ordering.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::lang::library;
use crate::object::exceptions::TYPE_ERROR;
use crate::object::types::iterators;
use crate::object::{
    Args, Bound, BoundMethod, Class, CompareOp, Cx, Dict, Key, Members, Method, ModuleSpec, Object,
    Result, Str, TypeSpec, Value, class_of, ops,
};

/// `functools`.
pub static FUNCTOOLS: ModuleSpec = ModuleSpec {
    name: "functools",
    names: &[
        ("partial", |_| PARTIAL.class().into()),
        ("cached_property", |_| CACHED_PROPERTY.class().into()),
        ("reduce", |_| {
            Method::function("reduce(function, sequence, initial=None, /)", reduce)
        }),
        ("wraps", |_| {
            Method::function("wraps(wrapped, assigned=None, updated=None)", |a, _| {
                let wrapped = a.value("wrapped").clone();
                Ok(Method::function("decorator(wrapper)", move |a, cx| {
                    update_wrapper(a.at(0), &wrapped, cx)
                }))
            })
        }),
        ("update_wrapper", |_| {
            Method::function("update_wrapper(wrapper, wrapped)", |a, cx| {
                update_wrapper(a.at(0), a.at(1), cx)
            })
        }),
        ("cache", |_| {
            Method::function("cache(user_function, /)", |a, _| {
                Ok(cached(a.at(0).clone(), None, false))
            })
        }),
        ("lru_cache", |_| {
            Method::function("lru_cache(maxsize=128, typed=False)", lru_cache)
        }),
        ("cmp_to_key", |_| {
            Method::function("cmp_to_key(mycmp)", |a, _| {
                let compare = a.at(0).clone();
                Ok(Method::function("K(obj)", move |a, _| {
                    Ok(Value::object(ByComparison {
                        value: a.at(0).clone(),
                        compare: compare.clone(),
                    }))
                }))
            })
        }),
        ("total_ordering", |_| {
            Method::function("total_ordering(cls)", total_ordering)
        }),
    ],
    unsupported: &[],
    dynamic: Some(|wanted, cx| library::name("functools", wanted, cx)),
};

fn reduce(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let mut items = ops::iterate(a.at(1), cx)?;
    let mut result = match a.at(2) {
        Value::Undefined => items
            .next(cx)?
            .ok_or_else(|| TYPE_ERROR.error("reduce() of empty iterable with no initial value"))?,
        given => given.clone(),
    };
    while let Some(item) = items.next(cx)? {
        cx.tick()?;
        result = cx.call(a.at(0), [result, item])?;
    }
    Ok(result)
}

fn update_wrapper(wrapper: &Value, wrapped: &Value, cx: &Cx) -> Result<Value> {
    for name in [
        "__module__",
        "__name__",
        "__qualname__",
        "__doc__",
        "__annotations__",
    ] {
        if let Ok(value) = cx.get_attr(wrapped, name) {
            // A wrapper that cannot carry the name stays as it is.
            if let Err(raised) = cx.set_attr(wrapper, name, value) {
                drop(raised);
            }
        }
    }
    // What was attached to the function is there on the wrapper.
    if let Ok(Value::Dict(attributes)) = cx.get_attr(wrapped, "__dict__") {
        for (name, value) in crate::object::types::dict::entries(&attributes) {
            if let Some(name) = name.as_str()
                && let Err(raised) = cx.set_attr(wrapper, name, value)
            {
                drop(raised);
            }
        }
    }
    if let Err(raised) = cx.set_attr(wrapper, "__wrapped__", wrapped.clone()) {
        drop(raised);
    }
    Ok(wrapper.clone())
}

static PARTIAL: TypeSpec = TypeSpec::new("functools", "partial")
    .names_module()
    .construct(|_, mut args, _| {
        if args.pos.is_empty() {
            return Err(TYPE_ERROR.error("type 'partial' takes at least one argument"));
        }
        let function = args.pos.remove(0);
        let callable = match &function {
            Value::Object(object) => object.is_callable(),
            Value::Class(_) | Value::Instance(_) => true,
            _ => false,
        };
        if !callable {
            return Err(TYPE_ERROR.error("the first argument must be callable"));
        }
        Ok(Value::object(Partial { function, args }))
    });

struct Partial {
    function: Value,
    args: Args,
}

impl Object for Partial {
    fn spec(&self) -> &'static TypeSpec {
        &PARTIAL
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let mut parts = vec![cx.repr(&self.function)?];
        for value in &self.args.pos {
            parts.push(cx.repr(value)?);
        }
        for (name, value) in &self.args.kw {
            parts.push(format!("{name}={}", cx.repr(value)?));
        }
        Ok(Some(format!("functools.partial({})", parts.join(", "))))
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(match name {
            "func" => Some(self.function.clone()),
            "args" => Some(Value::tuple(self.args.pos.to_vec())),
            "keywords" => Some(Value::Dict(Rc::new(Dict::from_pairs(self.args.kw.clone())))),
            _ => None,
        })
    }
    fn is_callable(&self) -> bool {
        true
    }
    fn call(&self, _this: &Value, args: Args, cx: &Cx) -> Result<Option<Value>> {
        let mut all = self.args.clone();
        all.pos.extend(args.pos);
        for (name, value) in args.kw {
            match all.kw.iter_mut().find(|(known, _)| *known == name) {
                Some(place) => place.1 = value,
                None => all.kw.push((name, value)),
            }
        }
        cx.call(&self.function, all).map(Some)
    }
}

static CACHED_PROPERTY: TypeSpec =
    TypeSpec::new("functools", "cached_property").construct(|_, args, _| {
        Ok(Value::object(CachedProperty {
            function: args.pos.first().cloned().unwrap_or(Value::None),
            name: RefCell::new(Str::new("")),
        }))
    });

struct CachedProperty {
    function: Value,
    name: RefCell<Str>,
}

impl Object for CachedProperty {
    fn spec(&self) -> &'static TypeSpec {
        &CACHED_PROPERTY
    }
    fn set_name(&self, _owner: &Rc<Class>, name: &str, _cx: &Cx) -> Result<()> {
        *self.name.borrow_mut() = Str::new(name);
        Ok(())
    }
    fn bind(
        &self,
        _this: &Value,
        instance: Option<&Value>,
        _owner: &Rc<Class>,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        let Some(Value::Instance(instance)) = instance else {
            return Ok(None);
        };
        let value = cx.call(&self.function, [Value::Instance(instance.clone())])?;
        instance.set_attribute(self.name.borrow().clone(), value.clone());
        Ok(Some(value))
    }
}

static LRU_CACHE: TypeSpec = TypeSpec::new("functools", "_lru_cache_wrapper")
    .names_module()
    .members(cache_members);

struct Cached {
    function: Value,
    limit: Option<usize>,
    known: Dict,
    hits: Cell<i64>,
    misses: Cell<i64>,
    attributes: Dict,
    typed: bool,
}

fn cached(function: Value, limit: Option<usize>, typed: bool) -> Value {
    Value::object(Cached {
        function,
        limit,
        known: Dict::default(),
        hits: Cell::new(0),
        misses: Cell::new(0),
        attributes: Dict::default(),
        typed,
    })
}

fn lru_cache(a: &Bound<'_>, _cx: &Cx) -> Result<Value> {
    let typed = a.flag("typed", false);
    match a.value("maxsize") {
        function @ (Value::Object(_) | Value::Class(_)) => {
            Ok(cached(function.clone(), Some(128), typed))
        }
        Value::Undefined => Ok(decorator(Some(128), typed)),
        Value::None => Ok(decorator(None, typed)),
        size => {
            match size.as_int() {
                Some(size) => Ok(decorator(Some(usize::try_from(size).unwrap_or(0)), typed)),
                None => Err(TYPE_ERROR
                    .error("Expected first argument to be an integer, a callable, or None")),
            }
        }
    }
}

fn decorator(limit: Option<usize>, typed: bool) -> Value {
    Method::function("decorating_function(user_function)", move |a, _| {
        Ok(cached(a.at(0).clone(), limit, typed))
    })
}

impl Cached {
    /// What calls with equal arguments share. One argument of another type is another call, as
    /// CPython tells `f(2)` and `f(2.0)` apart.
    fn key(&self, args: &Args, cx: &Cx) -> Value {
        let mut parts = args.pos.to_vec();
        for (name, value) in &args.kw {
            parts.push(Value::tuple(vec![name.clone().into(), value.clone()]));
        }
        let alone = parts.len() == 1
            && args.kw.is_empty()
            && !matches!(parts[0], Value::Int(_) | Value::Str(_));
        if self.typed || alone {
            let values = args
                .pos
                .iter()
                .chain(args.kw.iter().map(|(_, value)| value));
            parts.extend(values.map(|value| class_of(value, cx).into()));
        }
        Value::tuple(parts)
    }
}

impl Object for Cached {
    fn spec(&self) -> &'static TypeSpec {
        &LRU_CACHE
    }
    fn get_attr(&self, _this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        if name == "__wrapped__" {
            return Ok(Some(self.function.clone()));
        }
        match self.attributes.get_str(name) {
            Some(value) => Ok(Some(value)),
            None if name.starts_with("__") => Ok(cx.get_attr(&self.function, name).ok()),
            None => Ok(None),
        }
    }
    fn set_attr(&self, name: &str, value: &Value, _cx: &Cx) -> Result<bool> {
        self.attributes.insert_str(name, value.clone());
        Ok(true)
    }
    fn is_callable(&self) -> bool {
        true
    }
    fn call(&self, _this: &Value, args: Args, cx: &Cx) -> Result<Option<Value>> {
        let key = Key::new(self.key(&args, cx), cx)?;
        let known = {
            let mut known = self.known.borrow_mut();
            // What is used moves to the end; the front is the oldest.
            known.shift_remove(&key).inspect(|value| {
                known.insert(key.clone(), value.clone());
            })
        };
        if let Some(value) = known {
            self.hits.set(self.hits.get() + 1);
            return Ok(Some(value));
        }
        self.misses.set(self.misses.get() + 1);
        let value = cx.call(&self.function, args)?;
        if self.limit != Some(0) {
            let dropped = {
                let mut known = self.known.borrow_mut();
                known.insert(key, value.clone());
                match self.limit {
                    Some(limit) if known.len() > limit => known.shift_remove_index(0),
                    _ => None,
                }
            };
            drop(dropped);
        }
        Ok(Some(value))
    }
    fn bind(
        &self,
        this: &Value,
        instance: Option<&Value>,
        _owner: &Rc<Class>,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(instance.map(|instance| {
            Value::object(BoundMethod {
                this: instance.clone(),
                function: this.clone(),
            })
        }))
    }
}

fn cache_members(members: &mut Members) {
    members
        .method("cache_clear(/)", |cache: &Cached, _, cx| {
            cache.known.clear(cx)?;
            cache.hits.set(0);
            cache.misses.set(0);
            Ok(Value::None)
        })
        .method("cache_parameters(/)", |cache: &Cached, _, _| {
            let limit = cache.limit.and_then(|limit| i64::try_from(limit).ok());
            Ok(Value::Dict(Rc::new(Dict::from_pairs([
                ("maxsize", limit.into()),
                ("typed", Value::Bool(cache.typed)),
            ]))))
        })
        .method("cache_info(/)", |cache: &Cached, _, _| {
            let limit = cache.limit.and_then(|limit| i64::try_from(limit).ok());
            Ok(Value::object(CacheInfo {
                fields: [
                    ("hits", cache.hits.get().into()),
                    ("misses", cache.misses.get().into()),
                    ("maxsize", limit.into()),
                    (
                        "currsize",
                        i64::try_from(cache.known.len()).unwrap_or(0).into(),
                    ),
                ],
            }))
        });
}

static CACHE_INFO: TypeSpec = TypeSpec::new("functools", "CacheInfo");

struct CacheInfo {
    fields: [(&'static str, Value); 4],
}

impl Object for CacheInfo {
    fn spec(&self) -> &'static TypeSpec {
        &CACHE_INFO
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let shown = self
            .fields
            .iter()
            .map(|(name, value)| Ok(format!("{name}={}", cx.repr(value)?)))
            .collect::<Result<Vec<_>>>()?;
        Ok(Some(format!("CacheInfo({})", shown.join(", "))))
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(self
            .fields
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.clone()))
    }
    fn iter(&self, _this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        let values = self.fields.iter().map(|(_, value)| value.clone()).collect();
        Ok(Some(iterators::over(values)))
    }
}

static BY_COMPARISON: TypeSpec = TypeSpec::new("functools", "KeyWrapper");

struct ByComparison {
    value: Value,
    compare: Value,
}

impl Object for ByComparison {
    fn spec(&self) -> &'static TypeSpec {
        &BY_COMPARISON
    }
    fn compare(
        &self,
        _this: &Value,
        op: CompareOp,
        other: &Value,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        let Some(other) = other.downcast::<Self>() else {
            return Ok(None);
        };
        let answer = cx.call(&self.compare, [self.value.clone(), other.value.clone()])?;
        ops::compare(op, &answer, &Value::Int(0), cx).map(Some)
    }
}

/// Fill in the comparisons that a class leaves out, from the one that it defines.
fn total_ordering(a: &Bound<'_>, _cx: &Cx) -> Result<Value> {
    let Value::Class(class) = a.at(0) else {
        return Ok(a.at(0).clone());
    };
    let defined = ["__lt__", "__le__", "__gt__", "__ge__"]
        .into_iter()
        .find(|name| class.script_method(name).is_some());
    let Some(root) = defined else {
        return Err(crate::object::exceptions::VALUE_ERROR
            .error("must define at least one ordering operation: < > <= >="));
    };
    for (name, op) in [
        ("__lt__", CompareOp::Lt),
        ("__le__", CompareOp::Le),
        ("__gt__", CompareOp::Gt),
        ("__ge__", CompareOp::Ge),
    ] {
        if class.script_method(name).is_none() {
            class.set(name, Value::object(Derived { root, op }));
        }
    }
    Ok(a.at(0).clone())
}

static DERIVED: TypeSpec = TypeSpec::new("builtins", "function");

struct Derived {
    root: &'static str,
    op: CompareOp,
}

impl Object for Derived {
    fn spec(&self) -> &'static TypeSpec {
        &DERIVED
    }
    fn is_callable(&self) -> bool {
        true
    }
    fn bind(
        &self,
        this: &Value,
        instance: Option<&Value>,
        _owner: &Rc<Class>,
        _cx: &Cx,
    ) -> Result<Option<Value>> {
        Ok(instance.map(|instance| {
            Value::object(BoundMethod {
                this: instance.clone(),
                function: this.clone(),
            })
        }))
    }
    fn call(&self, _this: &Value, args: Args, cx: &Cx) -> Result<Option<Value>> {
        let [a, b] = args.pos.as_slice() else {
            return Ok(None);
        };
        let answer = cx.call_method(a, self.root, [b.clone()])?;
        if crate::object::types::is_not_implemented(&answer) {
            return Ok(Some(answer));
        }
        let known = cx.truthy(&answer)?;
        let equal = cx.eq(a, b)?;
        // What the one that is defined says of "less" and, with equality, of "greater".
        let (less, greater) = match self.root {
            "__lt__" => (known, !known && !equal),
            "__le__" => (known && !equal, !known),
            "__gt__" => (!known && !equal, known),
            _ => (!known, known && !equal),
        };
        Ok(Some(Value::Bool(match self.op {
            CompareOp::Lt => less,
            CompareOp::Le => less || equal,
            CompareOp::Gt => greater,
            _ => greater || equal,
        })))
    }
}
