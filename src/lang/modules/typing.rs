//! `typing`: special forms, generics, and the few functions that run.

use std::rc::Rc;

use super::named_tuple::NAMED_TUPLE;
use crate::object::types::generic::{
    GENERIC, GenericAlias, PROTOCOL, SpecialForm, TYPE_VAR, UnionType,
};
use crate::object::types::{DICT, FROZENSET, LIST, SET, TUPLE, TYPE};
use crate::object::{
    Bound, Class, Cx, Dict, Export, Members, Method, ModuleSpec, Result, TypeSpec, Value,
};

/// `typing`.
pub static TYPING: ModuleSpec = ModuleSpec {
    name: "typing",
    names: NAMES,
    unsupported: &[("Concatenate", "ParamSpec is not supported")],
    dynamic: None,
};

macro_rules! forms {
    ($($name:ident),* $(; $alias:ident = $spec:expr)* $(,)?) => {
        &[
            $((stringify!($name), |_| SpecialForm::new(stringify!($name), None)),)*
            $((stringify!($alias), |_| SpecialForm::new(stringify!($alias), Some(&$spec))),)*
            ("TYPE_CHECKING", |_| Value::Bool(false)),
            ("Generic", |_| GENERIC.class().into()),
            ("Protocol", |_| PROTOCOL.class().into()),
            ("TypeVar", |_| TYPE_VAR.class().into()),
            ("NamedTuple", |_| NAMED_TUPLE.class().into()),
            ("TypedDict", |_| TYPED_DICT.class().into()),
            ("Text", |_| crate::object::types::STR.class().into()),
            ("NewType", |_| Method::function("NewType(name, tp)", new_type)),
            ("cast", |_| Method::function("cast(typ, val)", |a, _| {
                Ok(a.value("val").clone())
            })),
            ("overload", |_| Method::function("overload(func)", same)),
            ("final", |_| Method::function("final(f)", same)),
            ("no_type_check", |_| Method::function("no_type_check(arg)", same)),
            ("runtime_checkable", |_| Method::function("runtime_checkable(cls)", same)),
            ("get_type_hints", |_| {
                Method::function(
                    "get_type_hints(obj, globalns=None, localns=None, include_extras=False)",
                    get_type_hints,
                )
            }),
            ("get_origin", |_| Method::function("get_origin(tp)", |a, cx| {
                attribute_of(a.value("tp"), "__origin__", Value::None, cx)
            })),
            ("get_args", |_| Method::function("get_args(tp)", |a, cx| {
                attribute_of(a.value("tp"), "__args__", Value::tuple(Vec::new()), cx)
            })),
            ("assert_never", |_| Method::function("assert_never(arg)", |a, cx| {
                Err(crate::object::exceptions::ASSERTION_ERROR.error(format!(
                    "Expected code to be unreachable, but got: {}",
                    cx.repr(a.value("arg"))?
                )))
            })),
        ]
    };
}

static NAMES: &[(&str, Export)] = forms![
    Any, Optional, Union, Literal, Annotated, ClassVar, Final, Callable, NoReturn, Never, Self,
    LiteralString, Required, NotRequired, TypeAlias, TypeGuard, Unpack, SupportsInt,
    SupportsFloat, SupportsAbs, Awaitable, Coroutine, AsyncIterator, AsyncIterable,
    AsyncGenerator, ContextManager, AsyncContextManager, IO, TextIO, BinaryIO, Pattern, Match
    ; List = LIST
    ; Dict = DICT
    ; Set = SET
    ; FrozenSet = FROZENSET
    ; Tuple = TUPLE
    ; Type = TYPE
    ; Iterable = super::abstract_types::ITERABLE
    ; Iterator = super::abstract_types::ITERATOR
    ; Generator = super::abstract_types::GENERATOR
    ; Sequence = super::abstract_types::SEQUENCE
    ; MutableSequence = super::abstract_types::MUTABLE_SEQUENCE
    ; Mapping = super::abstract_types::MAPPING
    ; MutableMapping = super::abstract_types::MUTABLE_MAPPING
    ; Collection = super::abstract_types::COLLECTION
    ; Container = super::abstract_types::CONTAINER
    ; Hashable = super::abstract_types::HASHABLE
    ; Sized = super::abstract_types::SIZED
    ; AbstractSet = super::abstract_types::ABSTRACT_SET
    ; MutableSet = super::abstract_types::MUTABLE_SET
    ; Reversible = super::abstract_types::REVERSIBLE
    ; DefaultDict = super::collections::DEFAULT_DICT
    ; OrderedDict = super::collections::ORDERED_DICT
    ; Counter = super::collections::COUNTER
    ; Deque = super::deque::DEQUE
];

fn same(a: &Bound<'_>, _cx: &Cx) -> Result<Value> {
    Ok(a.at(0).clone())
}

fn new_type(a: &Bound<'_>, _cx: &Cx) -> Result<Value> {
    // The new type is the old one to whoever inspects it: annotations resolve the same.
    Ok(a.value("tp").clone())
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

fn get_type_hints(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let hints = Dict::default();
    let mut sources = Vec::new();
    match a.value("obj") {
        Value::Class(class) => {
            for class in class.ancestors().iter().rev().chain([class]) {
                sources.extend(class.own("__annotations__"));
            }
        }
        other => sources.extend(cx.get_attr(other, "__annotations__").ok()),
    }
    for source in sources {
        hints.update(Some(&source), &[], cx)?;
    }
    Ok(Value::Dict(Rc::new(hints)))
}

static TYPED_DICT: TypeSpec = TypeSpec::new("typing", "TypedDict")
    .bases(&[&DICT])
    .construct(|_, args, cx| {
        // Called, a TypedDict is a plain dict.
        if let [Value::Str(name), _] = args.pos.as_slice() {
            let base = Value::Class(TYPED_DICT.class());
            return crate::object::types::make_class(name.clone(), &[base], Vec::new(), &[], cx);
        }
        let dict = Dict::default();
        dict.update(args.pos.first(), &args.kw, cx)?;
        Ok(Value::Dict(Rc::new(dict)))
    })
    .members(|members: &mut Members| {
        members.constant("__total__", Value::Bool(true));
    })
    .init_subclass(|_: &Rc<Class>, _, _| Ok(()));
