//! Small modules: `abc`, `__future__`, `logging`, `string`, `types`, `warnings`.

use std::any::Any;
use std::rc::Rc;

use crate::engine::echo::{Echo, EchoLevel};
use crate::lang::{library, vm};
use crate::object::exceptions::{EXCEPTION, TRACEBACK, TYPE_ERROR, USER_WARNING};
use crate::object::types::{ELLIPSIS_TYPE, MAPPING_PROXY, NONE_TYPE, class_of, generic, int};
use crate::object::{
    Args, BOUND_METHOD, Bound, Class, ClassExtension, Cx, Export, Instance, METHOD, MODULE,
    Members, Method, ModuleSpec, Object, Result, Str, TypeSpec, Value, count_exports, join_exports,
};

/// `__future__`.
pub static FUTURE: ModuleSpec = ModuleSpec {
    name: "__future__",
    names: &[("annotations", |_| Value::None)],
    unsupported: &[],
    dynamic: Some(|name, _| {
        matches!(
            name,
            "division"
                | "print_function"
                | "absolute_import"
                | "unicode_literals"
                | "with_statement"
                | "generators"
                | "nested_scopes"
                | "generator_stop"
        )
        .then_some(Value::None)
    }),
};

/// `abc`.
pub static ABC: ModuleSpec = ModuleSpec {
    name: "abc",
    names: &[
        ("ABC", |_| ABC_CLASS.class().into()),
        ("ABCMeta", |_| ABC_META.class().into()),
        ("abstractmethod", |_| {
            Method::function("abstractmethod(funcobj)", abstract_method)
        }),
    ],
    unsupported: &[],
    dynamic: None,
};

static ABC_META: TypeSpec = TypeSpec::new("abc", "ABCMeta").bases(&[&crate::object::types::TYPE]);
static ABC_CLASS: TypeSpec =
    TypeSpec::new("abc", "ABC").init_subclass(|class, _, cx| note_abstract(class, cx));

fn abstract_method(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    cx.set_attr(a.at(0), "__isabstractmethod__", Value::Bool(true))?;
    Ok(a.at(0).clone())
}

fn is_abstract(value: &Value, cx: &Cx) -> bool {
    let flagged = |value: &Value| {
        cx.get_attr(value, "__isabstractmethod__")
            .is_ok_and(|flag| matches!(flag, Value::Bool(true)))
    };
    if !matches!(value, Value::Object(_)) {
        return false;
    }
    flagged(value)
        || ["fget", "__func__"]
            .iter()
            .any(|part| cx.get_attr(value, part).is_ok_and(|inner| flagged(&inner)))
}

/// Work out which abstract methods a class leaves open.
pub(super) fn note_abstract(class: &Rc<Class>, cx: &Cx) -> Result<()> {
    let mut names: Vec<Str> = class.own_names();
    for ancestor in class
        .ancestors()
        .iter()
        .filter(|base| base.spec().is_none() || base.module() == "collections.abc")
    {
        names.extend(ancestor.own_names());
    }
    names.sort();
    names.dedup();
    names.retain(|name| {
        class
            .lookup(name)
            .is_some_and(|value| is_abstract(&value, cx))
    });
    class.extend(Rc::new(AbstractMethods(names)));
    Ok(())
}

/// The methods that keep a class from being instantiated.
struct AbstractMethods(Vec<Str>);

impl ClassExtension for AbstractMethods {
    fn call(&self, class: &Rc<Class>, _args: &Args, _cx: &Cx) -> Result<Option<Value>> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let names: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        let plural = if names.len() == 1 { "" } else { "s" };
        Err(TYPE_ERROR.error(format!(
            "Can't instantiate abstract class {} with abstract method{plural} {}",
            class.name(),
            names.join(", ")
        )))
    }
    fn init_subclass(&self, class: &Rc<Class>, _keywords: &[(Str, Value)], cx: &Cx) -> Result<()> {
        note_abstract(class, cx)
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `string`.
pub static STRING: ModuleSpec = ModuleSpec {
    name: "string",
    names: &[
        ("ascii_lowercase", |_| "abcdefghijklmnopqrstuvwxyz".into()),
        ("ascii_uppercase", |_| "ABCDEFGHIJKLMNOPQRSTUVWXYZ".into()),
        ("ascii_letters", |_| {
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".into()
        }),
        ("digits", |_| "0123456789".into()),
        ("hexdigits", |_| "0123456789abcdefABCDEF".into()),
        ("octdigits", |_| "01234567".into()),
        ("punctuation", |_| {
            "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~".into()
        }),
        ("whitespace", |_| " \t\n\r\x0b\x0c".into()),
    ],
    unsupported: &[],
    dynamic: Some(|wanted, cx| library::name("string", wanted, cx)),
};

static SIMPLE_NAMESPACE: TypeSpec = TypeSpec::new("types", "SimpleNamespace")
    .construct(|class, args, _| {
        let instance = Instance::new(class.clone());
        for (name, value) in args.kw {
            instance.set_attribute(name, value);
        }
        Ok(Value::Instance(instance))
    })
    .members(|members: &mut Members| {
        members
            .method("__repr__(/)", |own: &Instance, _, cx| {
                let shown = own
                    .attributes()
                    .iter()
                    .map(|(name, value)| Ok(format!("{name}={}", cx.repr(value)?)))
                    .collect::<Result<Vec<_>>>()?;
                let name = if own.class().spec().is_some() {
                    Str::new("namespace")
                } else {
                    own.class().name()
                };
                Ok(format!("{name}({})", shown.join(", ")).into())
            })
            .method_on_value("__eq__(other, /)", |this, a, cx| {
                let (Value::Instance(own), Value::Instance(other)) = (this, a.at(0)) else {
                    return Ok(Value::Bool(false));
                };
                let dict = crate::object::types::instance_dict;
                Ok(Value::Bool(cx.eq(&dict(own), &dict(other))?))
            });
    })
    .subclassable();

/// `types`.
pub static TYPES: ModuleSpec = ModuleSpec {
    name: "types",
    names: &[
        ("NoneType", |_| NONE_TYPE.class().into()),
        ("EllipsisType", |_| ELLIPSIS_TYPE.class().into()),
        ("SimpleNamespace", |_| SIMPLE_NAMESPACE.class().into()),
        ("FunctionType", |_| vm::FUNCTION.class().into()),
        ("LambdaType", |_| vm::FUNCTION.class().into()),
        ("GeneratorType", |_| vm::GENERATOR.class().into()),
        ("BuiltinFunctionType", |_| METHOD.class().into()),
        ("BuiltinMethodType", |_| METHOD.class().into()),
        ("MethodType", |_| BOUND_METHOD.class().into()),
        ("ModuleType", |_| MODULE.class().into()),
        ("MappingProxyType", |_| MAPPING_PROXY.class().into()),
        ("TracebackType", |_| TRACEBACK.class().into()),
        ("GenericAlias", |cx| {
            let alias = generic::subscribe(&Value::None, &Value::None, cx);
            alias.map_or(Value::None, |alias| class_of(&alias, cx).into())
        }),
        ("UnionType", |cx| {
            let union = generic::union_of([Value::None, Value::Int(0)], false);
            class_of(&union, cx).into()
        }),
        ("new_class", |_| {
            Method::function("new_class(name, bases=(), kwds=None)", |a, cx| {
                let bases = match a.some("bases") {
                    Some(bases) => cx.collect(bases)?,
                    None => Vec::new(),
                };
                crate::object::types::make_class(
                    Str::new(a.text("name")?),
                    &bases,
                    Vec::new(),
                    &[],
                    cx,
                )
            })
        }),
    ],
    unsupported: &[],
    dynamic: None,
};

macro_rules! accepted {
    ($($name:literal),*) => {
        &[$(($name, |_| Method::function(concat!($name, "(*args, **kwargs)"), |_, _| {
            Ok(Value::None)
        }))),*]
    };
}

static IGNORED_WARNINGS: &[(&str, Export)] =
    accepted!["simplefilter", "filterwarnings", "resetwarnings"];

const WARNINGS_NAMES: &[(&str, Export)] = &[
    ("warn", |_| {
        Method::function(
            "warn(message, category=None, stacklevel=1, source=None)",
            warn,
        )
    }),
    ("catch_warnings", |_| CATCH_WARNINGS.class().into()),
];

const WARNINGS_GROUPS: &[&[(&str, Export)]] = &[WARNINGS_NAMES, IGNORED_WARNINGS];

/// `warnings`.
pub static WARNINGS: ModuleSpec = ModuleSpec {
    name: "warnings",
    names: &join_exports::<{ count_exports(WARNINGS_GROUPS) }>(WARNINGS_GROUPS),
    unsupported: &[("showwarning", "warnings go to the console")],
    dynamic: None,
};

fn warn(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let message = cx.str(a.value("message"))?;
    let class = match (a.value("message"), a.some("category")) {
        (Value::Instance(instance), _) if instance.class().derives_from(&EXCEPTION) => {
            Some(instance.class().clone())
        }
        (_, Some(Value::Class(class))) => Some(class.clone()),
        _ => None,
    };
    let category = class
        .and_then(|class| class.native())
        .unwrap_or(&USER_WARNING);
    cx.warn(category, &message);
    Ok(Value::None)
}

static CATCH_WARNINGS: TypeSpec = TypeSpec::new("warnings", "catch_warnings")
    .construct(|_, mut args, _| {
        let record = matches!(args.take_keyword("record"), Some(Value::Bool(true)));
        Ok(Value::object(CatchWarnings(record)))
    })
    .members(|members: &mut Members| {
        members
            .method("__enter__(/)", |own: &CatchWarnings, _, _| {
                Ok(if own.0 {
                    Value::list(Vec::new())
                } else {
                    Value::None
                })
            })
            .method("__exit__(t, v, tb, /)", |_: &CatchWarnings, _, _| {
                Ok(Value::None)
            });
    });

struct CatchWarnings(bool);

impl Object for CatchWarnings {
    fn spec(&self) -> &'static TypeSpec {
        &CATCH_WARNINGS
    }
}

/// `logging`: its classes are written in the language; what it tells the echo is here.
pub static LOGGING: ModuleSpec = ModuleSpec {
    name: "logging",
    names: &[("_echo", |_| {
        Method::function("_echo(name, level)", |a, cx| {
            if matches!(
                a.text("name")?,
                "sqlalchemy" | "sqlalchemy.engine" | "sqlalchemy.engine.Engine"
            ) {
                let level = echo_level(int::expect_index(a.value("level"), cx)?);
                cx.service::<Echo>().set_logger_level(level);
            }
            Ok(Value::None)
        })
    })],
    unsupported: &[],
    dynamic: Some(|wanted, cx| library::name("logging", wanted, cx)),
};

/// What a level set on SQLAlchemy's logger makes every engine echo.
fn echo_level(level: i64) -> EchoLevel {
    match level {
        1..=10 => EchoLevel::Debug,
        11..=20 => EchoLevel::Info,
        _ => EchoLevel::Off,
    }
}
