//! The parts of the standard library that are written in the language itself: each source is
//! compiled at the first use of one of its names, with global variables of its own.

use std::cell::RefCell;
use std::rc::Rc;

use ruff_python_ast::Stmt;

use super::compile::{self, Options, Session};
use super::parse;
use super::vm::{self, Runtime};
use crate::object::types::EllipsisObject;
use crate::object::{Class, Cx, ModuleSpec, Str, Value};

/// Each module with its source.
static SOURCES: &[(&str, &str)] = &[
    ("base64", include_str!("base64.py")),
    ("binascii", include_str!("binascii.py")),
    ("bisect", include_str!("bisect.py")),
    ("builtins", include_str!("builtins.py")),
    ("calendar", include_str!("calendar.py")),
    ("collections", include_str!("collections.py")),
    ("collections.abc", include_str!("collections_abc.py")),
    ("contextlib", include_str!("contextlib.py")),
    ("datetime", include_str!("datetime.py")),
    ("dataclasses", include_str!("dataclasses.py")),
    ("functools", include_str!("functools.py")),
    ("gc", include_str!("gc.py")),
    ("hashlib", include_str!("hashlib.py")),
    ("heapq", include_str!("heapq.py")),
    ("inspect", include_str!("inspect.py")),
    ("json.decoder", include_str!("json_decoder.py")),
    ("json.encoder", include_str!("json_encoder.py")),
    ("keyword", include_str!("keyword.py")),
    ("logging", include_str!("logging.py")),
    ("secrets", include_str!("secrets.py")),
    ("statistics", include_str!("statistics.py")),
    ("string", include_str!("string.py")),
    ("textwrap", include_str!("textwrap.py")),
    ("time", include_str!("time.py")),
    ("traceback", include_str!("traceback.py")),
    ("weakref", include_str!("weakref.py")),
];

/// The number of the first source; those below are texts of the session.
const FIRST: u32 = u32::MAX - 1000;

/// What stands between the module and the name of a global variable of the library, so that no
/// script can reach it.
pub(super) const SEPARATOR: char = '\0';

/// Whether a source is one of these.
pub(super) fn is_library(source: u32) -> bool {
    (FIRST..u32::MAX).contains(&source)
}

/// `__module__` of what the code of a source defines.
pub(super) fn module_of(source: u32) -> &'static str {
    let at = source.checked_sub(FIRST).map(|at| at as usize);
    at.and_then(|at| SOURCES.get(at))
        .map_or("__main__", |(module, _)| module)
}

macro_rules! modules {
    ($($name:literal),* $(,)?) => {
        &[$(&ModuleSpec {
            name: $name,
            names: &[],
            unsupported: &[],
            dynamic: Some(|wanted, cx| name($name, wanted, cx)),
        }),*]
    };
}

/// The modules that have no native part.
pub(super) static MODULES: &[&ModuleSpec] = modules![
    "base64",
    "binascii",
    "bisect",
    "calendar",
    "contextlib",
    "gc",
    "hashlib",
    "heapq",
    "inspect",
    "keyword",
    "secrets",
    "statistics",
    "textwrap",
    "traceback"
];

/// The global variable that a name stands for in the code of a source.
pub(super) fn global_name(source: u32, name: Str) -> Str {
    if is_library(source) {
        Str::from(format!("{}{SEPARATOR}{name}", module_of(source)))
    } else {
        name
    }
}

/// The sources that have run.
#[derive(Default)]
struct Ran(RefCell<Vec<&'static str>>);

/// The names of one module among the global variables.
struct Scope<'a> {
    module: &'static str,
    runtime: &'a Runtime,
}

impl Session for Scope<'_> {
    fn global_slot(&self, name: &str) -> u32 {
        let name = format!("{}{SEPARATOR}{name}", self.module);
        self.runtime.global_slot(&name)
    }
    fn ellipsis(&self) -> Value {
        Value::object(EllipsisObject)
    }
}

/// The value of a public name that the source of `module` defines.
pub(super) fn name(module: &'static str, name: &str, cx: &Cx) -> Option<Value> {
    if name.starts_with('_') {
        return None;
    }
    let runtime = vm::runtime(cx);
    let ran = cx.service::<Ran>();
    let known = ran.0.borrow().contains(&module);
    if !known {
        ran.0.borrow_mut().push(module);
        run(module, cx)?;
    }
    runtime
        .globals
        .get_name(&format!("{module}{SEPARATOR}{name}"))
}

/// Give a native abstract class the methods that the class of its name in the source of `module`
/// has.
pub(super) fn mix_in(module: &'static str, class: &Rc<Class>, cx: &Cx) {
    let Some(Value::Class(mixin)) = name(module, &class.name(), cx) else {
        return;
    };
    for name in mixin.own_names() {
        let inherited = matches!(name.as_str(), "__module__" | "__doc__" | "__qualname__");
        if !inherited && let Some(value) = mixin.own(&name) {
            class.set(name, value);
        }
    }
}

/// Run the source of a module; `None` where it fails, which a test excludes.
fn run(module: &'static str, cx: &Cx) -> Option<()> {
    let at = SOURCES.iter().position(|(known, _)| *known == module)?;
    let text = SOURCES[at].1;
    let runtime = vm::runtime(cx);
    let session = Scope {
        module,
        runtime: &runtime,
    };
    let options = Options {
        source: FIRST + u32::try_from(at).ok()?,
        text,
        future_annotations: true,
    };
    for statement in &parse::parse(text).ok()?.body {
        if matches!(statement, Stmt::Expr(_)) {
            continue;
        }
        let code = compile::compile(statement, options, &session).ok()?;
        vm::run_code(&code, &runtime, cx).ok()?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::testing;

    #[test]
    fn every_source_runs() {
        let cx = testing::cx();
        for (module, _) in SOURCES {
            assert!(run(module, &cx).is_some(), "{module}");
        }
    }
}
