//! `collections.abc`: the abstract classes, each with the test for who counts as one.

use std::rc::Rc;

use super::small::note_abstract;
use crate::lang::library;
use crate::object::types::generic::{SpecialForm, subscribe};
use crate::object::types::{BYTES, DICT, FROZENSET, LIST, RANGE, SET, STR, TUPLE};
use crate::object::{Class, Cx, Members, ModuleSpec, TypeSpec, Value};

fn members(members: &mut Members) {
    members.class_method("__class_getitem__(item, /)", |this, a, cx| {
        subscribe(this, a.at(0), cx)
    });
}

fn has(class: &Rc<Class>, names: &[&str]) -> bool {
    names.iter().all(|name| class.lookup(name).is_some())
}

fn is_any(class: &Rc<Class>, specs: &[&'static TypeSpec]) -> bool {
    specs.iter().any(|spec| class.derives_from(spec))
}

fn is_view(class: &Class) -> bool {
    matches!(
        class.spec().map(TypeSpec::name),
        Some("dict_keys" | "dict_items")
    )
}

/// The class with its abstract methods and what is built on them.
fn mixed(spec: &'static TypeSpec, cx: &Cx) -> Value {
    let class = spec.class();
    library::mix_in("collections.abc", &class, cx);
    class.into()
}

macro_rules! abstract_types {
    ($($constant:ident = $name:literal, $covers:expr;)*) => {
        $(#[doc = concat!("`collections.abc.", $name, "`.")]
        pub static $constant: TypeSpec = TypeSpec::new("collections.abc", $name)
            .members(members)
            .covers($covers)
            .init_subclass(|class, _, cx| note_abstract(class, cx))
            .subclassable();)*
        /// `collections.abc`.
        pub static COLLECTIONS_ABC: ModuleSpec = ModuleSpec {
            name: "collections.abc",
            names: &[
                $(($name, |cx| mixed(&$constant, cx)),)*
                ("Awaitable", |_| SpecialForm::named("Awaitable", None)),
                ("Coroutine", |_| SpecialForm::named("Coroutine", None)),
                ("AsyncIterator", |_| SpecialForm::named("AsyncIterator", None)),
            ],
            unsupported: &[],
            dynamic: None,
        };
    };
}

abstract_types! {
    ITERABLE = "Iterable", |class| has(class, &["__iter__"]);
    ITERATOR = "Iterator", |class| has(class, &["__iter__", "__next__"]);
    GENERATOR = "Generator", |class| has(class, &["__next__", "send"]);
    SIZED = "Sized", |class| has(class, &["__len__"]);
    CONTAINER = "Container", |class| has(class, &["__contains__"]);
    COLLECTION = "Collection", |class| has(class, &["__len__", "__iter__", "__contains__"]);
    HASHABLE = "Hashable", |class| {
        !is_any(class, &[&LIST, &DICT, &SET])
            && !class.hash_method().is_some_and(|method| method.is_none())
    };
    CALLABLE = "Callable", |class| {
        has(class, &["__call__"])
            || matches!(
                class.spec().map(TypeSpec::name),
                Some("function" | "builtin_function_or_method" | "method" | "type")
            )
    };
    REVERSIBLE = "Reversible", |class| is_any(class, &[&LIST, &TUPLE, &DICT, &STR, &RANGE]);
    SEQUENCE = "Sequence", |class| {
        is_any(class, &[&LIST, &TUPLE, &STR, &BYTES, &RANGE, &MUTABLE_SEQUENCE])
    };
    MUTABLE_SEQUENCE = "MutableSequence", |class| is_any(class, &[&LIST]);
    MAPPING = "Mapping", |class| is_any(class, &[&DICT, &MUTABLE_MAPPING]);
    MUTABLE_MAPPING = "MutableMapping", |class| is_any(class, &[&DICT]);
    ABSTRACT_SET = "Set", |class| {
        is_any(class, &[&SET, &FROZENSET, &MUTABLE_SET]) || is_view(class)
    };
    MUTABLE_SET = "MutableSet", |class| is_any(class, &[&SET]);
    KEYS_VIEW = "KeysView", |class| is_view(class);
}
