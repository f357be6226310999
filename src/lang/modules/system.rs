//! `sys`, `os`, `os.path`, `time`: what a script may ask of its surroundings.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::lang::{library, vm};
use crate::object::exceptions::{SYSTEM_EXIT, TYPE_ERROR, VALUE_ERROR};
use crate::object::types::{float, iterators};
use crate::object::{
    Bound, Cx, Dict, Members, Method, Module, ModuleSpec, Object, Raised, Result, TypeSpec, Value,
    class_of,
};

static STREAM: TypeSpec = TypeSpec::new("_io", "TextIOWrapper").members(|members: &mut Members| {
    members
        .method("write(s, /)", |own: &Stream, a, cx| match a.at(0) {
            Value::Str(text) => {
                if own.0 == "stderr" {
                    cx.console().write_error(text);
                } else {
                    cx.write(text);
                }
                let count = crate::object::types::char_count(text);
                Ok(Value::Int(i64::try_from(count).unwrap_or(0)))
            }
            other => Err(TYPE_ERROR.error(format!(
                "write() argument must be str, not {}",
                class_of(other, cx).name()
            ))),
        })
        .method("flush(/)", |_: &Stream, _, _| Ok(Value::None))
        .method("isatty(/)", |_: &Stream, _, _| Ok(Value::Bool(false)))
        .getter("name", |own: &Stream, _| Ok(format!("<{}>", own.0).into()))
        .constant("encoding", "utf-8".into());
});

/// `sys.stdout`, `sys.stderr`: what is written there goes to the console.
struct Stream(&'static str);

impl Object for Stream {
    fn spec(&self) -> &'static TypeSpec {
        &STREAM
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(format!(
            "<_io.TextIOWrapper name='<{}>' mode='w' encoding='utf-8'>",
            self.0
        )))
    }
}

static VERSION_INFO: TypeSpec = TypeSpec::new("sys", "version_info");

/// `sys.version_info`: the Python whose behaviour this shell has.
struct VersionInfo;

impl VersionInfo {
    fn parts() -> Value {
        Value::tuple(vec![
            Value::Int(3),
            Value::Int(11),
            Value::Int(0),
            "final".into(),
            Value::Int(0),
        ])
    }
}

impl Object for VersionInfo {
    fn spec(&self) -> &'static TypeSpec {
        &VERSION_INFO
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(
            "sys.version_info(major=3, minor=11, micro=0, releaselevel='final', serial=0)"
                .to_owned(),
        ))
    }
    fn get_attr(&self, _this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        let at = match name {
            "major" => 0,
            "minor" => 1,
            "micro" => 2,
            "releaselevel" => 3,
            "serial" => 4,
            _ => return Ok(None),
        };
        crate::object::ops::get_item(&Self::parts(), &Value::Int(at), cx).map(Some)
    }
    fn get_item(&self, _this: &Value, key: &Value, cx: &Cx) -> Result<Option<Value>> {
        crate::object::ops::get_item(&Self::parts(), key, cx).map(Some)
    }
    fn iter(&self, _this: &Value, cx: &Cx) -> Result<Option<Value>> {
        iterators::iter_of(&Self::parts(), cx).map(Some)
    }
    fn compare(
        &self,
        _this: &Value,
        op: crate::object::CompareOp,
        other: &Value,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        crate::object::ops::compare(op, &Self::parts(), other, cx).map(Some)
    }
}

/// `sys`.
pub static SYS: ModuleSpec = ModuleSpec {
    name: "sys",
    names: &[
        ("stdout", |_| Value::object(Stream("stdout"))),
        ("stderr", |_| Value::object(Stream("stderr"))),
        ("version", |_| "3.11.0 (ormsh)".into()),
        ("version_info", |_| Value::object(VersionInfo)),
        ("maxsize", |_| Value::Int(i64::MAX)),
        ("platform", |_| std::env::consts::OS.into()),
        ("byteorder", |_| "little".into()),
        ("argv", |_| Value::list(vec!["".into()])),
        ("path", |_| Value::list(Vec::new())),
        ("modules", |_| Value::Dict(std::rc::Rc::default())),
        ("exit", |_| {
            Method::function("exit(status=None, /)", |a, _| {
                let args = a.some_at(0).cloned().into_iter().collect();
                Err(Raised::new(&SYSTEM_EXIT, args))
            })
        }),
        ("exc_info", |_| {
            Method::function("exc_info(/)", |_, cx| {
                let parts = match vm::runtime(cx).current() {
                    Some(error) => vec![
                        class_of(&error, cx).into(),
                        error.clone(),
                        cx.get_attr(&error, "__traceback__")?,
                    ],
                    None => vec![Value::None; 3],
                };
                Ok(Value::tuple(parts))
            })
        }),
        ("getrecursionlimit", |_| {
            Method::function("getrecursionlimit(/)", |_, _| Ok(Value::Int(1000)))
        }),
        ("getrefcount", |_| {
            Method::function("getrefcount(object, /)", |_, _| Ok(Value::Int(2)))
        }),
        ("getsizeof", |_| {
            Method::function("getsizeof(object, default=None)", |_, _| Ok(Value::Int(64)))
        }),
        ("intern", |_| {
            Method::function("intern(string, /)", |a, _| Ok(a.at(0).clone()))
        }),
    ],
    unsupported: &[
        ("stdin", "the input of this shell is the script"),
        ("settrace", "there is no tracing"),
        ("setrecursionlimit", "the limit is fixed"),
    ],
    dynamic: None,
};

fn text<'a>(a: &'a Bound<'_>, index: usize) -> Result<&'a str> {
    a.at(index)
        .as_str()
        .ok_or_else(|| TYPE_ERROR.error("expected str, bytes or os.PathLike object"))
}

fn join(a: &Bound<'_>, _cx: &Cx) -> Result<Value> {
    let mut path = text(a, 0)?.to_owned();
    for part in a.rest() {
        let Some(part) = part.as_str() else {
            return Err(
                TYPE_ERROR.error("join() argument must be str, bytes, or os.PathLike object")
            );
        };
        if part.starts_with('/') {
            path = part.to_owned();
        } else {
            if !path.is_empty() && !path.ends_with('/') {
                path.push('/');
            }
            path.push_str(part);
        }
    }
    Ok(path.into())
}

fn split(path: &str) -> (&str, &str) {
    let at = path.rfind('/').map_or(0, |at| at + 1);
    let (head, tail) = path.split_at(at);
    let trimmed = head.trim_end_matches('/');
    (if trimmed.is_empty() { head } else { trimmed }, tail)
}

fn split_extension(path: &str) -> (&str, &str) {
    let (_, name) = split(path);
    let stem = name.trim_start_matches('.');
    match stem.rfind('.') {
        Some(at) => path.split_at(path.len() - (stem.len() - at)),
        None => (path, ""),
    }
}

/// `os.path`.
pub static OS_PATH: ModuleSpec = ModuleSpec {
    name: "os.path",
    names: &[
        ("join", |_| Method::function("join(a, /, *p)", join)),
        ("basename", |_| {
            Method::function("basename(p, /)", |a, _| Ok(split(text(a, 0)?).1.into()))
        }),
        ("dirname", |_| {
            Method::function("dirname(p, /)", |a, _| Ok(split(text(a, 0)?).0.into()))
        }),
        ("split", |_| {
            Method::function("split(p, /)", |a, _| {
                let (head, tail) = split(text(a, 0)?);
                Ok(Value::tuple(vec![head.into(), tail.into()]))
            })
        }),
        ("splitext", |_| {
            Method::function("splitext(p, /)", |a, _| {
                let (stem, extension) = split_extension(text(a, 0)?);
                Ok(Value::tuple(vec![stem.into(), extension.into()]))
            })
        }),
        ("isabs", |_| {
            Method::function("isabs(s, /)", |a, _| {
                Ok(Value::Bool(text(a, 0)?.starts_with('/')))
            })
        }),
        ("exists", |_| {
            Method::function("exists(path, /)", |a, _| {
                Ok(Value::Bool(std::path::Path::new(text(a, 0)?).exists()))
            })
        }),
        ("isfile", |_| {
            Method::function("isfile(path, /)", |a, _| {
                Ok(Value::Bool(std::path::Path::new(text(a, 0)?).is_file()))
            })
        }),
        ("isdir", |_| {
            Method::function("isdir(path, /)", |a, _| {
                Ok(Value::Bool(std::path::Path::new(text(a, 0)?).is_dir()))
            })
        }),
        ("sep", |_| "/".into()),
    ],
    unsupported: &[("abspath", "paths are used as written")],
    dynamic: None,
};

/// `os`.
pub static OS: ModuleSpec = ModuleSpec {
    name: "os",
    names: &[
        ("path", |_| Value::object(Module::new(&OS_PATH))),
        ("sep", |_| "/".into()),
        ("linesep", |_| "\n".into()),
        ("name", |_| "posix".into()),
        ("environ", |_| {
            let pairs = std::env::vars().map(|(name, value)| (name, Value::from(value)));
            Value::Dict(std::rc::Rc::new(Dict::from_pairs(pairs)))
        }),
        ("getenv", |_| {
            Method::function("getenv(key, default=None)", |a, _| {
                Ok(match std::env::var(a.text("key")?) {
                    Ok(value) => value.into(),
                    Err(_) => a.value("default").clone().or_none(),
                })
            })
        }),
        ("getpid", |_| {
            Method::function("getpid(/)", |_, _| {
                Ok(Value::Int(i64::from(std::process::id())))
            })
        }),
        ("urandom", |_| {
            Method::function("urandom(size, /)", |a, cx| {
                let size = crate::object::types::int::expect_index(a.at(0), cx)?;
                let size = usize::try_from(size)
                    .map_err(|_| VALUE_ERROR.error("negative argument not allowed"))?;
                let mut bytes = Vec::new();
                while bytes.len() < size.min(1 << 20) {
                    bytes.extend_from_slice(uuid::Uuid::new_v4().as_bytes());
                }
                bytes.truncate(size);
                Ok(Value::Bytes(std::rc::Rc::new(bytes)))
            })
        }),
    ],
    unsupported: &[
        ("remove", "scripts have no access to files"),
        ("unlink", "scripts have no access to files"),
        ("listdir", "scripts have no access to files"),
        ("makedirs", "scripts have no access to files"),
        ("mkdir", "scripts have no access to files"),
        ("getcwd", "paths are used as written"),
        ("system", "scripts start no programs"),
    ],
    dynamic: None,
};

fn since_epoch() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

/// When the first clock was read.
struct Start(Instant);

impl Default for Start {
    fn default() -> Self {
        Self(Instant::now())
    }
}

fn elapsed(cx: &Cx) -> Duration {
    cx.service::<Start>().0.elapsed()
}

fn nanoseconds(duration: Duration) -> Value {
    Value::Int(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX))
}

fn sleep(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let seconds = float::to_float(a.at(0), cx)?.ok_or_else(|| {
        TYPE_ERROR.error(format!(
            "'{}' object cannot be interpreted as an integer",
            class_of(a.at(0), cx).error_name()
        ))
    })?;
    if seconds < 0.0 {
        return Err(VALUE_ERROR.error("sleep length must be non-negative"));
    }
    let Ok(mut left) = Duration::try_from_secs_f64(seconds) else {
        return Err(VALUE_ERROR.error("sleep length is too large"));
    };
    // In short pieces, so that Ctrl-C ends it.
    while !left.is_zero() {
        let piece = left.min(Duration::from_millis(50));
        std::thread::sleep(piece);
        left -= piece;
        cx.check_interrupt()?;
    }
    Ok(Value::None)
}

/// `time`.
pub static TIME: ModuleSpec = ModuleSpec {
    name: "time",
    names: &[
        ("time", |_| {
            Method::function("time(/)", |_, _| {
                Ok(Value::Float(since_epoch().as_secs_f64()))
            })
        }),
        ("time_ns", |_| {
            Method::function("time_ns(/)", |_, _| Ok(nanoseconds(since_epoch())))
        }),
        ("perf_counter", |_| {
            Method::function("perf_counter(/)", |_, cx| {
                Ok(Value::Float(elapsed(cx).as_secs_f64()))
            })
        }),
        ("perf_counter_ns", |_| {
            Method::function("perf_counter_ns(/)", |_, cx| Ok(nanoseconds(elapsed(cx))))
        }),
        ("monotonic", |_| {
            Method::function("monotonic(/)", |_, cx| {
                Ok(Value::Float(elapsed(cx).as_secs_f64()))
            })
        }),
        ("process_time", |_| {
            Method::function("process_time(/)", |_, cx| {
                Ok(Value::Float(elapsed(cx).as_secs_f64()))
            })
        }),
        ("sleep", |_| Method::function("sleep(secs, /)", sleep)),
    ],
    unsupported: &[],
    dynamic: Some(|wanted, cx| library::name("time", wanted, cx)),
};
