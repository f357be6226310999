//! Iterators: those of the containers, and `enumerate`, `zip`, `map`, `filter`, `reversed`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::{OBJECT, Range, base_value, int, payload};
use crate::object::exceptions::{TYPE_ERROR, VALUE_ERROR};
use crate::object::{
    Args, Class, Cx, Instance, Members, Obj, Object, Result, TypeSpec, Value, ValueIter, class_of,
    ops,
};

/// Start, stop and step of a `range`.
pub fn range_bounds(object: &Obj) -> Option<(i64, i64, i64)> {
    let range = object.as_any().downcast_ref::<Range>()?;
    Some((range.start, range.stop, range.step))
}

/// Iterate the built-in value that an instance of a subclass carries.
pub fn iterate_payload(instance: &Rc<Instance>, cx: &Cx) -> Result<Option<ValueIter>> {
    match payload(instance) {
        Some(base) => ops::iterate(&base, cx).map(Some),
        None => Ok(None),
    }
}

/// Iterate a built-in container other than list and tuple.
pub fn iterate_builtin(value: &Value) -> Option<ValueIter> {
    Some(match value {
        Value::Str(text) => ValueIter::Chars(text.clone(), 0),
        Value::Dict(dict) => ValueIter::Dict(dict.clone(), 0, dict.len()),
        Value::Set(set) => ValueIter::Set(
            set.clone(),
            super::ordered_members(set).into_iter(),
            set.len(),
        ),
        Value::Bytes(bytes) => ValueIter::Values(
            bytes
                .iter()
                .map(|byte| Value::Int(i64::from(*byte)))
                .collect::<Vec<_>>()
                .into_iter(),
        ),
        _ => return None,
    })
}

/// An iterator object over any iteration.
pub struct Iterator_ {
    iter: RefCell<ValueIter>,
    spec: &'static TypeSpec,
}

macro_rules! iterator_types {
    ($($constant:ident = $name:literal;)*) => {
        $(static $constant: TypeSpec = TypeSpec::new("builtins", $name)
            .bases(&[&OBJECT])
            .members(iterator_members);)*
        fn spec_named(name: &str) -> &'static TypeSpec {
            match name {
                $($name => &$constant,)*
                _ => &ITERATOR,
            }
        }
    };
}

iterator_types! {
    ITERATOR = "iterator";
    LIST_ITERATOR = "list_iterator";
    LIST_REVERSE = "list_reverseiterator";
    TUPLE_ITERATOR = "tuple_iterator";
    STR_ITERATOR = "str_ascii_iterator";
    BYTES_ITERATOR = "bytes_iterator";
    DICT_KEYS = "dict_keyiterator";
    DICT_VALUES = "dict_valueiterator";
    DICT_ITEMS = "dict_itemiterator";
    DICT_REVERSE = "dict_reversekeyiterator";
    SET_ITERATOR = "set_iterator";
    RANGE_ITERATOR = "range_iterator";
    CALLABLE_ITERATOR = "callable_iterator";
}

/// An iterator of type `name` over `iter`.
pub fn wrap(iter: ValueIter, name: &str) -> Value {
    Value::object(Iterator_ {
        iter: RefCell::new(iter),
        spec: spec_named(name),
    })
}

/// An iterator over values already there, for natives that answer one.
pub fn over(values: Vec<Value>) -> Value {
    wrap(ValueIter::Values(values.into_iter()), "iterator")
}

/// `iter(value)`.
pub fn iter_of(value: &Value, cx: &Cx) -> Result<Value> {
    if let Value::Object(object) = value {
        if object.is_iterator() {
            return Ok(value.clone());
        }
        if let Some(iterator) = object.iter(value, cx)? {
            return match &iterator {
                Value::Object(found) if found.is_iterator() => Ok(iterator),
                other => iter_of(other, cx),
            };
        }
    }
    let name = match base_value(value) {
        Value::List(_) => "list_iterator",
        Value::Tuple(_) => "tuple_iterator",
        Value::Str(_) => "str_ascii_iterator",
        Value::Bytes(_) => "bytes_iterator",
        Value::Dict(_) => "dict_keyiterator",
        Value::Set(_) => "set_iterator",
        _ => "iterator",
    };
    Ok(match ops::iterate(value, cx)? {
        ValueIter::Object(object) => Value::Object(object),
        ValueIter::Instance(instance) => instance,
        iter => wrap(iter, name),
    })
}

impl Object for Iterator_ {
    fn spec(&self) -> &'static TypeSpec {
        self.spec
    }
    fn iter(&self, this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        Ok(Some(this.clone()))
    }
    fn is_iterator(&self) -> bool {
        true
    }
    fn next(&self, cx: &Cx) -> Result<Option<Value>> {
        let Ok(mut iter) = self.iter.try_borrow_mut() else {
            return Err(VALUE_ERROR.error("iterator already executing"));
        };
        iter.next(cx)
    }
}

fn iterator_members(members: &mut Members) {
    members
        .method_on_value("__iter__(/)", |this, _, _| Ok(this.clone()))
        .method_on_value("__next__(/)", |this, _, cx| next_of(this, cx));
}

/// `next(iterator)`; StopIteration at the end.
pub fn next_of(iterator: &Value, cx: &Cx) -> Result<Value> {
    match iterator {
        Value::Object(object) if object.is_iterator() => match object.next(cx)? {
            Some(value) => Ok(value),
            None => Err(crate::object::Raised::new(
                &crate::object::exceptions::STOP_ITERATION,
                Vec::new(),
            )),
        },
        Value::Instance(instance) if instance.class().lookup("__next__").is_some() => {
            cx.call_method(iterator, "__next__", [])
        }
        _ => Err(TYPE_ERROR.error(format!(
            "'{}' object is not an iterator",
            class_of(iterator, cx).error_name()
        ))),
    }
}

macro_rules! adaptor {
    ($type:ident, $spec:ident = $name:literal, $construct:ident) => {
        #[doc = concat!("`", $name, "`.")]
        pub static $spec: TypeSpec = TypeSpec::new("builtins", $name)
            .bases(&[&OBJECT])
            .construct($construct)
            .members(iterator_members);

        impl Object for $type {
            fn spec(&self) -> &'static TypeSpec {
                &$spec
            }
            fn iter(&self, this: &Value, _cx: &Cx) -> Result<Option<Value>> {
                Ok(Some(this.clone()))
            }
            fn is_iterator(&self) -> bool {
                true
            }
            fn next(&self, cx: &Cx) -> Result<Option<Value>> {
                self.advance(cx)
            }
        }
    };
}

fn step(iter: &RefCell<ValueIter>, cx: &Cx) -> Result<Option<Value>> {
    let Ok(mut iter) = iter.try_borrow_mut() else {
        return Err(VALUE_ERROR.error("iterator already executing"));
    };
    iter.next(cx)
}

struct Enumerate {
    iter: RefCell<ValueIter>,
    next: Cell<i64>,
}
adaptor!(Enumerate, ENUMERATE = "enumerate", construct_enumerate);

impl Enumerate {
    fn advance(&self, cx: &Cx) -> Result<Option<Value>> {
        Ok(step(&self.iter, cx)?.map(|value| {
            let index = self.next.get();
            self.next.set(index.saturating_add(1));
            Value::tuple(vec![Value::Int(index), value])
        }))
    }
}

fn construct_enumerate(_class: &Rc<Class>, mut args: Args, cx: &Cx) -> Result<Value> {
    let start = args
        .take_keyword("start")
        .or_else(|| (args.pos.len() > 1).then(|| args.pos.remove(1)));
    let iterable = args
        .take_keyword("iterable")
        .or_else(|| args.pos.first().cloned())
        .ok_or_else(|| TYPE_ERROR.error("enumerate() missing required argument 'iterable'"))?;
    let start = start.map_or(Ok(0), |start| int::expect_index(&start, cx))?;
    Ok(Value::object(Enumerate {
        iter: RefCell::new(ops::iterate(&iterable, cx)?),
        next: Cell::new(start),
    }))
}

struct Zip {
    iters: Vec<RefCell<ValueIter>>,
    strict: bool,
}
adaptor!(Zip, ZIP = "zip", construct_zip);

impl Zip {
    fn advance(&self, cx: &Cx) -> Result<Option<Value>> {
        if self.iters.is_empty() {
            return Ok(None);
        }
        let mut items = Vec::with_capacity(self.iters.len());
        for (at, iter) in self.iters.iter().enumerate() {
            match step(iter, cx)? {
                Some(item) => items.push(item),
                None if self.strict => return self.check_all_ended(at, cx),
                None => return Ok(None),
            }
        }
        Ok(Some(Value::tuple(items)))
    }
    fn check_all_ended(&self, ended: usize, cx: &Cx) -> Result<Option<Value>> {
        let before = |at: usize| {
            if at == 1 {
                "argument 1".to_owned()
            } else {
                format!("arguments 1-{at}")
            }
        };
        if ended > 0 {
            return Err(VALUE_ERROR.error(format!(
                "zip() argument {} is shorter than {}",
                ended + 1,
                before(ended)
            )));
        }
        for (at, iter) in self.iters.iter().enumerate().skip(1) {
            if step(iter, cx)?.is_some() {
                return Err(VALUE_ERROR.error(format!(
                    "zip() argument {} is longer than {}",
                    at + 1,
                    before(at)
                )));
            }
        }
        Ok(None)
    }
}

fn construct_zip(_class: &Rc<Class>, mut args: Args, cx: &Cx) -> Result<Value> {
    let strict = match args.take_keyword("strict") {
        Some(flag) => ops::truthy(&flag, cx)?,
        None => false,
    };
    if let Some((name, _)) = args.kw.first() {
        return Err(TYPE_ERROR.error(format!("zip() got an unexpected keyword argument '{name}'")));
    }
    let iters = args
        .pos
        .iter()
        .enumerate()
        .map(|(at, value)| match ops::iterate(value, cx) {
            Ok(iter) => Ok(RefCell::new(iter)),
            Err(raised) if raised.is(&TYPE_ERROR) => Err(TYPE_ERROR.error(format!(
                "'{}' object is not iterable",
                class_of(&args.pos[at], cx).error_name()
            ))),
            Err(raised) => Err(raised),
        })
        .collect::<Result<_>>()?;
    Ok(Value::object(Zip { iters, strict }))
}

struct Map {
    function: Value,
    iters: Vec<RefCell<ValueIter>>,
}
adaptor!(Map, MAP = "map", construct_map);

impl Map {
    fn advance(&self, cx: &Cx) -> Result<Option<Value>> {
        let mut items = Vec::with_capacity(self.iters.len());
        for iter in &self.iters {
            match step(iter, cx)? {
                Some(item) => items.push(item),
                None => return Ok(None),
            }
        }
        cx.call(&self.function, items).map(Some)
    }
}

fn construct_map(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    super::no_keywords("map", &args)?;
    let [function, iterables @ ..] = args.pos.as_slice() else {
        return Err(TYPE_ERROR.error("map() must have at least two arguments."));
    };
    if iterables.is_empty() {
        return Err(TYPE_ERROR.error("map() must have at least two arguments."));
    }
    let iters = iterables
        .iter()
        .map(|value| Ok(RefCell::new(ops::iterate(value, cx)?)))
        .collect::<Result<_>>()?;
    Ok(Value::object(Map {
        function: function.clone(),
        iters,
    }))
}

struct Filter {
    function: Value,
    iter: RefCell<ValueIter>,
}
adaptor!(Filter, FILTER = "filter", construct_filter);

impl Filter {
    fn advance(&self, cx: &Cx) -> Result<Option<Value>> {
        while let Some(item) = step(&self.iter, cx)? {
            let keep = if self.function.is_none() {
                ops::truthy(&item, cx)?
            } else {
                let answer = cx.call(&self.function, [item.clone()])?;
                ops::truthy(&answer, cx)?
            };
            if keep {
                return Ok(Some(item));
            }
        }
        Ok(None)
    }
}

fn construct_filter(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    super::no_keywords("filter", &args)?;
    let [function, iterable] = args.pos.as_slice() else {
        return Err(TYPE_ERROR.error(format!(
            "filter expected 2 arguments, got {}",
            args.pos.len()
        )));
    };
    Ok(Value::object(Filter {
        function: function.clone(),
        iter: RefCell::new(ops::iterate(iterable, cx)?),
    }))
}

/// Iterates a sequence backwards.
pub struct Reversed {
    sequence: Value,
    left: Cell<usize>,
}
adaptor!(Reversed, REVERSED = "reversed", construct_reversed);

impl Reversed {
    fn advance(&self, cx: &Cx) -> Result<Option<Value>> {
        let Some(at) = self.left.get().checked_sub(1) else {
            return Ok(None);
        };
        self.left.set(at);
        let index = Value::Int(i64::try_from(at).unwrap_or(i64::MAX));
        match ops::get_item(&self.sequence, &index, cx) {
            Ok(item) => Ok(Some(item)),
            Err(raised) if raised.is(&crate::object::exceptions::INDEX_ERROR) => Ok(None),
            Err(raised) => Err(raised),
        }
    }
}

fn construct_reversed(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    super::no_keywords("reversed", &args)?;
    let [value] = args.pos.as_slice() else {
        return Err(TYPE_ERROR.error(format!(
            "reversed expected 1 argument, got {}",
            args.pos.len()
        )));
    };
    if let Some(found) = super::call_special(value, "__reversed__", cx)? {
        return Ok(found);
    }
    let base = base_value(value);
    match &base {
        Value::List(list) => {
            return Ok(wrap(
                ValueIter::ListBack(list.clone(), list.len()),
                "list_reverseiterator",
            ));
        }
        Value::Dict(dict) => {
            let mut keys: Vec<_> = super::dict::entries(dict)
                .into_iter()
                .map(|(key, _)| key)
                .collect();
            keys.reverse();
            return Ok(wrap(
                ValueIter::Values(keys.into_iter()),
                "dict_reversekeyiterator",
            ));
        }
        _ => {}
    }
    if let Some(range) = base.downcast::<Range>() {
        let back = range.reversed();
        return Ok(wrap(
            ValueIter::Range(back.start, back.stop, back.step),
            "range_iterator",
        ));
    }
    let sequence = match &base {
        Value::Set(_) => false,
        Value::Object(object) => object.len(cx)?.is_some(),
        Value::Instance(instance) => {
            instance.class().lookup("__getitem__").is_some()
                && instance.class().lookup("__len__").is_some()
        }
        Value::Tuple(_) | Value::Str(_) | Value::Bytes(_) => true,
        Value::Class(class) => {
            let members = match class.nearest_extension() {
                Some(extension) => extension.iterate_class(class, cx)?,
                None => None,
            };
            if let Some(mut members) = members {
                members.reverse();
                return Ok(over(members));
            }
            false
        }
        _ => false,
    };
    if !sequence {
        return Err(TYPE_ERROR.error(format!(
            "'{}' object is not reversible",
            class_of(value, cx).error_name()
        )));
    }
    Ok(Value::object(Reversed {
        left: Cell::new(super::len(value, cx)?),
        sequence: value.clone(),
    }))
}

/// `iter(function, sentinel)`.
pub struct CallableIter {
    function: Value,
    sentinel: Value,
    done: Cell<bool>,
}

impl CallableIter {
    /// Calls `function` until it answers `sentinel`.
    pub fn until(function: Value, sentinel: Value) -> Value {
        Value::object(Self {
            function,
            sentinel,
            done: Cell::new(false),
        })
    }
}

impl Object for CallableIter {
    fn spec(&self) -> &'static TypeSpec {
        &CALLABLE_ITERATOR
    }
    fn iter(&self, this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        Ok(Some(this.clone()))
    }
    fn is_iterator(&self) -> bool {
        true
    }
    fn next(&self, cx: &Cx) -> Result<Option<Value>> {
        if self.done.get() {
            return Ok(None);
        }
        let value = cx.call(&self.function, [])?;
        if ops::rich_eq(&value, &self.sentinel, cx)? {
            self.done.set(true);
            return Ok(None);
        }
        Ok(Some(value))
    }
}
