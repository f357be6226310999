//! Small modules: `abc`, `__future__`, `logging`, `string`, `textwrap`, `types`, `warnings`.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use crate::engine::echo::{Echo, EchoLevel};
use crate::object::exceptions::{EXCEPTION, TYPE_ERROR, USER_WARNING};
use crate::object::types::{class_of, generic, int, split_lines};
use crate::object::{
    Args, Bound, Class, ClassExtension, Cx, Export, Instance, Members, Method, ModuleSpec, Object,
    Result, Str, TypeSpec, Value, count_exports, join_exports,
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
fn note_abstract(class: &Rc<Class>, cx: &Cx) -> Result<()> {
    let mut names: Vec<Str> = class.own_names();
    for ancestor in class
        .ancestors()
        .iter()
        .filter(|base| base.spec().is_none())
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
        ("capwords", |_| {
            Method::function("capwords(s, sep=None)", |a, cx| {
                let words = cx.call_method(
                    a.value("s"),
                    "split",
                    a.some("sep").cloned().into_iter().collect::<Vec<_>>(),
                )?;
                let mut capitals = Vec::new();
                for word in cx.collect(&words)? {
                    capitals.push(cx.call_method(&word, "capitalize", [])?);
                }
                let separator = a.some("sep").cloned().unwrap_or_else(|| " ".into());
                cx.call_method(&separator, "join", [Value::list(capitals)])
            })
        }),
    ],
    unsupported: &[
        ("Template", "use f-strings"),
        ("Formatter", "use str.format"),
    ],
    dynamic: None,
};

/// `textwrap`.
pub static TEXTWRAP: ModuleSpec = ModuleSpec {
    name: "textwrap",
    names: &[
        ("dedent", |_| {
            Method::function("dedent(text)", |a, _| Ok(dedent(a.text("text")?).into()))
        }),
        ("indent", |_| {
            Method::function("indent(text, prefix, predicate=None)", |a, _| {
                let prefix = a.text("prefix")?;
                Ok(split_lines(a.text("text")?, true)
                    .into_iter()
                    .map(|line| {
                        if line.trim().is_empty() {
                            line.to_owned()
                        } else {
                            format!("{prefix}{line}")
                        }
                    })
                    .collect::<String>()
                    .into())
            })
        }),
        ("wrap", |_| {
            Method::function("wrap(text, width=70)", |a, cx| {
                Ok(Value::list(
                    wrap(a, cx)?.into_iter().map(Value::from).collect(),
                ))
            })
        }),
        ("fill", |_| {
            Method::function("fill(text, width=70)", |a, cx| {
                Ok(wrap(a, cx)?.join("\n").into())
            })
        }),
        ("shorten", |_| {
            Method::function("shorten(text, width, *, placeholder=' [...]')", |a, cx| {
                let width = usize::try_from(int::expect_index(a.value("width"), cx)?).unwrap_or(0);
                let placeholder = match a.given("placeholder") {
                    Some(_) => a.text("placeholder")?,
                    None => " [...]",
                };
                Ok(shorten(a.text("text")?, width, placeholder).into())
            })
        }),
    ],
    unsupported: &[("TextWrapper", "use wrap or fill")],
    dynamic: None,
};

fn dedent(text: &str) -> String {
    let blank = |line: &str| line.trim_matches([' ', '\t']).is_empty();
    let margin = text
        .split('\n')
        .filter(|line| !blank(line))
        .map(|line| &line[..line.len() - line.trim_start_matches([' ', '\t']).len()])
        .reduce(|margin, indent| {
            let common = margin
                .bytes()
                .zip(indent.bytes())
                .take_while(|(a, b)| a == b)
                .count();
            &margin[..common]
        })
        .unwrap_or("");
    let lines: Vec<&str> = text
        .split('\n')
        .map(|line| {
            if blank(line) {
                ""
            } else {
                &line[margin.len()..]
            }
        })
        .collect();
    lines.join("\n")
}

fn wrap(a: &Bound<'_>, cx: &Cx) -> Result<Vec<String>> {
    let width = match a.given("width") {
        Some(width) => usize::try_from(int::expect_index(width, cx)?).unwrap_or(0),
        None => 70,
    };
    let width = width.max(1);
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in a.text("text")?.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        let used = line.chars().count();
        if used > 0 && used + 1 + word.len() > width {
            lines.push(std::mem::take(&mut line));
        }
        while word.len() > width {
            lines.push(word.drain(..width).collect());
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    Ok(lines)
}

fn shorten(text: &str, width: usize, placeholder: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let whole = words.join(" ");
    if whole.chars().count() <= width {
        return whole;
    }
    let mut kept = words.len();
    while kept > 0 {
        kept -= 1;
        let candidate = format!("{}{placeholder}", words[..kept].join(" "));
        if candidate.chars().count() <= width {
            return candidate.trim_start().to_owned();
        }
    }
    placeholder.trim_start().to_owned()
}

/// The class of an example value, for `types`.
fn class_named(name: &'static str) -> Value {
    NAMESPACE_TYPES
        .iter()
        .find(|(known, _)| *known == name)
        .map_or(Value::None, |(_, spec)| spec.class().into())
}

static NAMESPACE_TYPES: &[(&str, &TypeSpec)] = &[
    ("NoneType", &crate::object::types::NONE_TYPE),
    ("EllipsisType", &crate::object::types::ELLIPSIS_TYPE),
    ("SimpleNamespace", &SIMPLE_NAMESPACE),
];

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
        ("NoneType", |_| class_named("NoneType")),
        ("EllipsisType", |_| class_named("EllipsisType")),
        ("SimpleNamespace", |_| class_named("SimpleNamespace")),
        ("GenericAlias", |cx| {
            let alias = generic::subscribe(&Value::None, &Value::None, cx);
            alias.map_or(Value::None, |alias| class_of(&alias, cx).into())
        }),
        ("UnionType", |cx| {
            let union = generic::union_of([Value::None, Value::Int(0)], false);
            class_of(&union, cx).into()
        }),
        ("MethodType", |_| {
            Method::function("MethodType(function, instance, /)", |a, _| {
                Ok(Value::object(crate::object::BoundMethod {
                    this: a.at(1).clone(),
                    function: a.at(0).clone(),
                }))
            })
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
    unsupported: &[
        ("FunctionType", "test with callable()"),
        ("ModuleType", "modules cannot be made"),
    ],
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

const LOGGING_NAMES: &[(&str, Export)] = &[
    ("DEBUG", |_| Value::Int(10)),
    ("INFO", |_| Value::Int(20)),
    ("WARNING", |_| Value::Int(30)),
    ("WARN", |_| Value::Int(30)),
    ("ERROR", |_| Value::Int(40)),
    ("CRITICAL", |_| Value::Int(50)),
    ("NOTSET", |_| Value::Int(0)),
    ("getLogger", |_| {
        Method::function("getLogger(name=None)", |a, _| {
            let name = a.some("name").and_then(Value::as_str).unwrap_or("root");
            Ok(Value::object(Logger {
                name: Str::new(name),
                level: RefCell::new(Value::Int(0)),
            }))
        })
    }),
    ("StreamHandler", |_| {
        Method::function("StreamHandler(stream=None)", |_, _| {
            Ok(Value::object(Logger {
                name: Str::new("StreamHandler"),
                level: RefCell::new(Value::Int(0)),
            }))
        })
    }),
    ("Formatter", |_| {
        Method::function("Formatter(*args, **kwargs)", |_, _| Ok(Value::None))
    }),
];

const LOGGING_GROUPS: &[&[(&str, Export)]] = &[LOGGING_NAMES, IGNORED_LOGGING];

/// `logging`: levels and loggers are accepted; the shell shows statements in its own way.
pub static LOGGING: ModuleSpec = ModuleSpec {
    name: "logging",
    names: &join_exports::<{ count_exports(LOGGING_GROUPS) }>(LOGGING_GROUPS),
    unsupported: &[("FileHandler", "scripts have no access to files")],
    dynamic: None,
};

static IGNORED_LOGGING: &[(&str, Export)] = accepted![
    "basicConfig",
    "disable",
    "debug",
    "info",
    "warning",
    "error",
    "critical",
    "exception",
    "log"
];

static LOGGER: TypeSpec = TypeSpec::new("logging", "Logger").members(|members: &mut Members| {
    const ACCEPTED: [&str; 11] = [
        "addHandler(hdlr)",
        "removeHandler(hdlr)",
        "setFormatter(fmt)",
        "addFilter(filter)",
        "debug(msg, *args, **kwargs)",
        "info(msg, *args, **kwargs)",
        "warning(msg, *args, **kwargs)",
        "error(msg, *args, **kwargs)",
        "critical(msg, *args, **kwargs)",
        "exception(msg, *args, **kwargs)",
        "log(level, msg, *args, **kwargs)",
    ];
    for text in ACCEPTED {
        members.method(text, |_: &Logger, _, _| Ok(Value::None));
    }
    members
        .method("setLevel(level)", |own: &Logger, a, cx| {
            *own.level.borrow_mut() = a.value("level").clone();
            if [
                "sqlalchemy",
                "sqlalchemy.engine",
                "sqlalchemy.engine.Engine",
            ]
            .contains(&own.name.as_str())
            {
                let level = echo_level(a.value("level"));
                cx.service::<Echo>().set_logger_level(level);
            }
            Ok(Value::None)
        })
        .method("getEffectiveLevel()", |own: &Logger, _, _| {
            Ok(own.level.borrow().clone())
        })
        .method("isEnabledFor(level)", |_: &Logger, _, _| {
            Ok(Value::Bool(false))
        })
        .getter("name", |own: &Logger, _| Ok(own.name.clone().into()))
        .getter("level", |own: &Logger, _| Ok(own.level.borrow().clone()))
        .getter("handlers", |_: &Logger, _| Ok(Value::list(Vec::new())));
});

/// What a level set on SQLAlchemy's logger makes every engine echo.
fn echo_level(level: &Value) -> EchoLevel {
    let number = match level {
        Value::Int(number) => *number,
        Value::Str(name) if name == "DEBUG" => 10,
        Value::Str(name) if name == "INFO" => 20,
        _ => 0,
    };
    match number {
        1..=10 => EchoLevel::Debug,
        11..=20 => EchoLevel::Info,
        _ => EchoLevel::Off,
    }
}

struct Logger {
    name: Str,
    level: RefCell<Value>,
}

impl Object for Logger {
    fn spec(&self) -> &'static TypeSpec {
        &LOGGER
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(format!("<Logger {} (WARNING)>", self.name)))
    }
    fn set_attr(&self, name: &str, _value: &Value, _cx: &Cx) -> Result<bool> {
        Ok(matches!(name, "propagate" | "disabled"))
    }
}
