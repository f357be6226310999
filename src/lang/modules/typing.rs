//! `typing`: special forms, generics, and the few functions that run.

use std::rc::Rc;

use super::named_tuple::NAMED_TUPLE;
use super::type_hints;
use crate::object::exceptions::TYPE_ERROR;
use crate::object::types::generic::{
    FORWARD_REF, GENERIC, GenericAlias, NewType, PROTOCOL, RUNTIME_PROTOCOL, SpecialForm, TYPE_VAR,
    is_protocol,
};
use crate::object::types::{DICT, FROZENSET, LIST, SET, TUPLE, TYPE};
use crate::object::{
    Bound, Class, Cx, Dict, Export, Members, Method, ModuleSpec, Result, Str, TypeSpec, Value,
};

/// `typing`.
pub static TYPING: ModuleSpec = ModuleSpec {
    name: "typing",
    names: NAMES,
    unsupported: &[],
    dynamic: None,
};

macro_rules! forms {
    ($($name:ident),* $(; $alias:ident = $spec:expr)* $(,)?) => {
        &[
            $((stringify!($name), |_| SpecialForm::named(stringify!($name), None)),)*
            $((stringify!($alias), |_| SpecialForm::named(stringify!($alias), Some(&$spec))),)*
            ("TYPE_CHECKING", |_| Value::Bool(false)),
            ("Generic", |_| GENERIC.class().into()),
            ("Protocol", |_| PROTOCOL.class().into()),
            ("TypeVar", |_| TYPE_VAR.class().into()),
            ("ParamSpec", |_| TYPE_VAR.class().into()),
            ("AnyStr", |cx| {
                cx.call(&Value::Class(TYPE_VAR.class()), [
                    "AnyStr".into(),
                    crate::object::types::BYTES.class().into(),
                    crate::object::types::STR.class().into(),
                ])
                .unwrap_or(Value::None)
            }),
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
            ("runtime_checkable", |_| Method::function(
                "runtime_checkable(cls)",
                runtime_checkable,
            )),
            ("get_type_hints", |_| {
                Method::function(
                    "get_type_hints(obj, globalns=None, localns=None, include_extras=False)",
                    type_hints::get_type_hints,
                )
            }),
            ("get_origin", |_| Method::function("get_origin(tp)", type_hints::get_origin)),
            ("get_args", |_| Method::function("get_args(tp)", type_hints::get_args)),
            ("ForwardRef", |_| FORWARD_REF.class().into()),
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
    AsyncGenerator, Concatenate, SupportsBytes, SupportsComplex, SupportsIndex, SupportsRound,
    ContextManager, AsyncContextManager, IO, TextIO, BinaryIO, Pattern, Match
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
    Ok(NewType::value(
        Str::new(a.text("name")?),
        a.value("tp").clone(),
    ))
}

/// `@runtime_checkable`: `isinstance` looks for the members of the protocol.
fn runtime_checkable(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    match a.at(0) {
        Value::Class(class) if is_protocol(class) => {
            class.set(RUNTIME_PROTOCOL, Value::Bool(true));
            Ok(a.at(0).clone())
        }
        other => Err(TYPE_ERROR.error(format!(
            "@runtime_checkable can be only applied to protocol classes, got {}",
            cx.repr(other)?
        ))),
    }
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
    .init_subclass(note_keys);

/// Work out which keys a TypedDict asks for and which it allows.
fn note_keys(class: &Rc<Class>, keywords: &[(Str, Value)], cx: &Cx) -> Result<()> {
    let total = !keywords
        .iter()
        .any(|(name, value)| name == "total" && matches!(value, Value::Bool(false)));
    class.set("__total__", Value::Bool(total));
    let inherited = |name: &str| -> Result<Vec<Value>> {
        match class.lookup(name) {
            Some(keys) => cx.collect(&keys),
            None => Ok(Vec::new()),
        }
    };
    let mut required = inherited("__required_keys__")?;
    let mut optional = inherited("__optional_keys__")?;
    if let Some(Value::Dict(annotations)) = class.own("__annotations__") {
        for (name, annotation) in crate::object::types::dict::entries(&annotations) {
            let form = annotation
                .downcast::<GenericAlias>()
                .and_then(GenericAlias::form);
            let asked = match form {
                Some("Required") => true,
                Some("NotRequired") => false,
                _ => total,
            };
            if asked {
                required.push(name);
            } else {
                optional.push(name);
            }
        }
    }
    for (name, keys) in [
        ("__required_keys__", required),
        ("__optional_keys__", optional),
    ] {
        let frozen = Value::Class(FROZENSET.class());
        class.set(name, cx.call(&frozen, [Value::list(keys)])?);
    }
    Ok(())
}
