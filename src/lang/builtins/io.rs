//! Functions that write, read or leave: `print`, `input`, `exit`, `quit`.

use crate::lang::vm;
use crate::object::exceptions::{NOT_IMPLEMENTED_ERROR, SYSTEM_EXIT, TYPE_ERROR};
use crate::object::{Bound, Cx, Export, Method, Raised, Result, Value, class_of};

pub(super) static FUNCTIONS: &[(&str, Export)] = &[
    ("print", |_| {
        Method::function(
            "print(/, *args, sep=' ', end='\\n', file=None, flush=False)",
            print,
        )
    }),
    ("input", |_| {
        Method::function("input(prompt='', /)", |_, _| {
            Err(NOT_IMPLEMENTED_ERROR
                .error("input() is not supported: the input of this shell is the script"))
        })
    }),
    ("exit", |_| Method::function("exit(code=None)", leave)),
    ("quit", |_| Method::function("quit(code=None)", leave)),
];

fn leave(a: &Bound<'_>, _cx: &Cx) -> Result<Value> {
    Err(Raised::new(
        &SYSTEM_EXIT,
        a.some("code").cloned().into_iter().collect(),
    ))
}

fn print(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let text = |name: &str, default: &'static str| -> Result<String> {
        match a.some(name) {
            None => Ok(default.to_owned()),
            Some(Value::Str(text)) => Ok(text.to_string()),
            Some(other) => Err(TYPE_ERROR.error(format!(
                "{name} must be None or a string, not {}",
                class_of(other, cx).name()
            ))),
        }
    };
    let (separator, end) = (text("sep", " ")?, text("end", "\n")?);
    let mut out = String::new();
    for (at, value) in a.rest().iter().enumerate() {
        if at > 0 {
            out.push_str(&separator);
        }
        match value {
            Value::Str(text) => out.push_str(text),
            _ => out.push_str(&cx.str(value)?),
        }
    }
    out.push_str(&end);
    match a.some("file") {
        None => match vm::replaced_stdout(cx) {
            None => cx.write(&out),
            Some(file) => {
                cx.call_method(&file, "write", [Value::from(out)])?;
            }
        },
        Some(file) => {
            cx.call_method(file, "write", [Value::from(out)])?;
        }
    }
    Ok(Value::None)
}
