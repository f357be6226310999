//! `dataclasses`: the decorator, its fields, and the functions over instances.

mod field;
mod generated;

use std::rc::Rc;

use field::{FIELD, FROZEN_INSTANCE_ERROR, Field, Missing, field, own_fields};
use generated::{Generated, What, init_of};

pub use field::{fields_of, has_generated_repr, shown_fields};

use crate::lang::library;
use crate::object::exceptions::{TYPE_ERROR, VALUE_ERROR};
use crate::object::types::generic::SpecialForm;
use crate::object::types::{class_of, dict};
use crate::object::{
    Args, Bound, Class, CompareOp, Cx, Dict, Method, ModuleSpec, Object, Result, Signature,
    TypeSpec, Value,
};

/// `dataclasses`.
pub static DATACLASSES: ModuleSpec = ModuleSpec {
    name: "dataclasses",
    names: &[
        ("dataclass", |_| {
            Method::function(
                "dataclass(cls=None, *, init=True, repr=True, eq=True, order=False, \
                 unsafe_hash=False, frozen=False, match_args=True, kw_only=False, slots=False, \
                 weakref_slot=False)",
                dataclass,
            )
        }),
        ("field", |_| {
            Method::function(
                "field(*, default=None, default_factory=None, init=True, repr=True, hash=None, \
                 compare=True, metadata=None, kw_only=False)",
                field,
            )
        }),
        ("fields", |_| {
            Method::function("fields(class_or_instance)", fields)
        }),
        ("asdict", |_| {
            Method::function("asdict(obj, *, dict_factory=None)", |a, cx| {
                converted(a.value("obj"), "asdict", a.some("dict_factory"), cx)
            })
        }),
        ("astuple", |_| {
            Method::function("astuple(obj, *, tuple_factory=None)", |a, cx| {
                converted(a.value("obj"), "astuple", a.some("tuple_factory"), cx)
            })
        }),
        ("replace", |_| {
            Method::function("replace(obj, /, **changes)", replace)
        }),
        ("is_dataclass", |_| {
            Method::function("is_dataclass(obj)", |a, cx| {
                Ok(Value::Bool(match a.value("obj") {
                    Value::Class(class) => fields_of(class).is_some(),
                    other => fields_of(&class_of(other, cx)).is_some(),
                }))
            })
        }),
        ("Field", |_| FIELD.class().into()),
        ("MISSING", |_| Value::object(Missing)),
        ("KW_ONLY", |_| SpecialForm::named("KW_ONLY", None)),
        ("InitVar", |_| SpecialForm::named("InitVar", None)),
        ("FrozenInstanceError", |_| {
            FROZEN_INSTANCE_ERROR.class().into()
        }),
    ],
    unsupported: &[],
    dynamic: Some(|wanted, cx| library::name("dataclasses", wanted, cx)),
};

/// What the decorator was told.
#[derive(Clone, Copy)]
pub struct Options {
    init: bool,
    repr: bool,
    eq: bool,
    order: bool,
    unsafe_hash: bool,
    frozen: bool,
    match_args: bool,
    kw_only: bool,
    slots: bool,
}

static PARAMS: TypeSpec = TypeSpec::new("dataclasses", "_DataclassParams");

impl Object for Options {
    fn spec(&self) -> &'static TypeSpec {
        &PARAMS
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        let shown: Vec<String> = self
            .shown()
            .iter()
            .map(|(name, flag)| format!("{name}={}", if *flag { "True" } else { "False" }))
            .collect();
        Ok(Some(format!("_DataclassParams({})", shown.join(","))))
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        let shown = self.shown();
        let found = shown.iter().find(|(known, _)| *known == name);
        Ok(found.map(|(_, flag)| Value::Bool(*flag)))
    }
}

impl Options {
    fn shown(self) -> [(&'static str, bool); 6] {
        [
            ("init", self.init),
            ("repr", self.repr),
            ("eq", self.eq),
            ("order", self.order),
            ("unsafe_hash", self.unsafe_hash),
            ("frozen", self.frozen),
        ]
    }
}

/// The doc of a class that has none of its own: how it is called.
fn signature_text(class: &Class, fields: &[Field], cx: &Cx) -> Result<String> {
    let taken = |only: bool| {
        fields
            .iter()
            .filter(move |field| field.init && (field.kw_only == Some(true)) == only)
    };
    let mut parts = Vec::new();
    for field in taken(false) {
        parts.push(field.parameter_text(cx)?);
    }
    for (at, field) in taken(true).enumerate() {
        if at == 0 {
            parts.push("*".to_owned());
        }
        parts.push(field.parameter_text(cx)?);
    }
    Ok(format!("{}({})", class.name(), parts.join(", ")))
}

fn dataclass(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let options = Options {
        init: a.flag("init", true),
        repr: a.flag("repr", true),
        eq: a.flag("eq", true),
        order: a.flag("order", false),
        unsafe_hash: a.flag("unsafe_hash", false),
        frozen: a.flag("frozen", false),
        match_args: a.flag("match_args", true),
        kw_only: a.flag("kw_only", false),
        slots: a.flag("slots", false),
    };
    if options.order && !options.eq {
        return Err(VALUE_ERROR.error("eq must be true if order is true"));
    }
    match a.at(0) {
        Value::Class(class) => process(class, options, cx),
        Value::Undefined | Value::None => {
            Ok(Method::function("wrap(cls)", move |a, cx| match a.at(0) {
                Value::Class(class) => process(class, options, cx),
                _ => Err(TYPE_ERROR.error("dataclass() should be called on a class")),
            }))
        }
        other => cx.get_attr(other, "__module__"),
    }
}

fn process(class: &Rc<Class>, options: Options, cx: &Cx) -> Result<Value> {
    let mut fields: Vec<Field> = Vec::new();
    let ancestors = class.ancestors();
    let inherited = ancestors.iter().rev().filter_map(|base| {
        base.own("__dataclass_fields__")
            .and_then(|_| fields_of(base))
    });
    let own = own_fields(class, options, cx)?;
    for field in inherited.flatten().chain(own) {
        match fields.iter_mut().find(|known| known.name == field.name) {
            Some(known) => *known = field,
            None => fields.push(field),
        }
    }
    let table = Dict::from_pairs(
        fields
            .iter()
            .map(|field| (field.name.clone(), Value::object(field.clone()))),
    );
    class.set("__dataclass_fields__", Value::Dict(Rc::new(table)));
    class.set("__dataclass_params__", Value::object(options));
    let fields: Rc<[Field]> = fields.into();
    let generate = |name: &'static str, what: What| {
        Value::object(Generated {
            name,
            what,
            fields: fields.clone(),
            signature: Signature::new(String::new(), false, Vec::new()),
            owner: class.name(),
        })
    };
    if options.init && class.own("__init__").is_none() {
        class.set("__init__", init_of(class, &fields, options)?);
    }
    if options.repr && class.own("__repr__").is_none() {
        class.set("__repr__", generate("__repr__", What::Repr));
    }
    let has_eq = class.own("__eq__").is_some();
    let has_hash = class.own("__hash__").is_some();
    if options.eq && !has_eq {
        class.set("__eq__", generate("__eq__", What::Compare(CompareOp::Eq)));
    }
    if options.order {
        for (name, op) in [
            ("__lt__", CompareOp::Lt),
            ("__le__", CompareOp::Le),
            ("__gt__", CompareOp::Gt),
            ("__ge__", CompareOp::Ge),
        ] {
            if class.own(name).is_some() {
                return Err(TYPE_ERROR.error(format!(
                    "Cannot overwrite attribute {name} in class {}. Consider using \
                     functools.total_ordering",
                    class.name()
                )));
            }
            class.set(name, generate(name, What::Compare(op)));
        }
    }
    if options.unsafe_hash || (options.eq && options.frozen && !has_hash) {
        class.set("__hash__", generate("__hash__", What::Hash));
    } else if options.eq && !has_eq && !has_hash {
        class.set("__hash__", Value::None);
    }
    if options.frozen {
        class.set(
            "__setattr__",
            generate("__setattr__", What::Refuse("assign to")),
        );
        class.set(
            "__delattr__",
            generate("__delattr__", What::Refuse("delete")),
        );
    }
    if options.match_args && class.own("__match_args__").is_none() {
        let names = fields
            .iter()
            .filter(|field| field.init && field.kw_only != Some(true))
            .map(|field| field.name.clone().into())
            .collect();
        class.set("__match_args__", Value::tuple(names));
    }
    if class.own("__doc__").is_none_or(|doc| doc.is_none()) {
        class.set("__doc__", signature_text(class, &fields, cx)?.into());
    }
    if options.slots {
        let names = fields.iter().map(|field| field.name.clone().into());
        class.set("__slots__", Value::tuple(names.collect()));
    }
    Ok(Value::Class(class.clone()))
}

fn fields(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let class = match a.at(0) {
        Value::Class(class) => class.clone(),
        other => class_of(other, cx),
    };
    match fields_of(&class) {
        Some(fields) => Ok(Value::tuple(
            fields
                .into_iter()
                .filter(|field| !field.init_var)
                .map(Value::object)
                .collect(),
        )),
        None => Err(TYPE_ERROR.error("must be called with a dataclass type or instance")),
    }
}

fn converted(value: &Value, function: &str, factory: Option<&Value>, cx: &Cx) -> Result<Value> {
    let is_instance =
        matches!(value, Value::Instance(instance) if fields_of(instance.class()).is_some());
    if !is_instance {
        return Err(TYPE_ERROR.error(format!(
            "{function}() should be called on dataclass instances"
        )));
    }
    convert(value, function == "asdict", factory, cx)
}

fn convert(value: &Value, dicts: bool, factory: Option<&Value>, cx: &Cx) -> Result<Value> {
    let _depth = cx.enter()?;
    let inner = |value: &Value| convert(value, dicts, factory, cx);
    if let Value::Instance(instance) = value
        && let Some(fields) = fields_of(instance.class())
    {
        let mut pairs = Vec::new();
        for field in fields.iter().filter(|field| !field.init_var) {
            let held = inner(&cx.get_attr(value, &field.name)?)?;
            pairs.push((field.name.clone(), held));
        }
        let items: Vec<Value> = if dicts {
            pairs
                .iter()
                .map(|(name, value)| Value::tuple(vec![name.clone().into(), value.clone()]))
                .collect()
        } else {
            pairs.iter().map(|(_, value)| value.clone()).collect()
        };
        return match factory {
            Some(factory) => cx.call(factory, [Value::list(items)]),
            None if dicts => Ok(Value::Dict(Rc::new(Dict::from_pairs(pairs)))),
            None => Ok(Value::tuple(items)),
        };
    }
    Ok(match value {
        Value::List(list) => Value::list(list.to_vec().iter().map(inner).collect::<Result<_>>()?),
        Value::Tuple(items) => Value::tuple(items.iter().map(inner).collect::<Result<_>>()?),
        Value::Dict(found) => {
            let made = Dict::default();
            for (key, value) in dict::entries(found) {
                made.insert(inner(&key)?, inner(&value)?, cx)?;
            }
            Value::Dict(Rc::new(made))
        }
        other => other.clone(),
    })
}

fn replace(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let value = a.at(0);
    let class = class_of(value, cx);
    let Some(fields) = fields_of(&class) else {
        return Err(TYPE_ERROR.error("replace() should be called on dataclass instances"));
    };
    let mut changes = a.keywords().to_vec();
    for field in &fields {
        let changed = changes.iter().any(|(name, _)| *name == field.name);
        if !field.init {
            if changed {
                return Err(VALUE_ERROR.error(format!(
                    "field {} is declared with init=False, it cannot be specified with replace()",
                    field.name
                )));
            }
            continue;
        }
        if !changed && !field.init_var {
            changes.push((field.name.clone(), cx.get_attr(value, &field.name)?));
        }
    }
    let mut args = Args::none();
    args.kw = changes;
    cx.call(&Value::Class(class), args)
}
