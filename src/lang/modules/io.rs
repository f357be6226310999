//! `io.StringIO`: a text written piece by piece.

use std::cell::{Cell, RefCell};

use crate::object::exceptions::{TYPE_ERROR, VALUE_ERROR};
use crate::object::types::{class_of, int, iterators, split_lines};
use crate::object::{Cx, Members, ModuleSpec, Object, Result, TypeSpec, Value};

/// `io`.
pub static IO: ModuleSpec = ModuleSpec {
    name: "io",
    names: &[("StringIO", |_| STRING_IO.class().into())],
    unsupported: &[
        ("BytesIO", "use bytes"),
        ("open", "scripts have no access to files"),
    ],
    dynamic: None,
};

static STRING_IO: TypeSpec = TypeSpec::new("_io", "StringIO")
    .names_module()
    .construct(|_, mut args, _| {
        let initial = args
            .take_keyword("initial_value")
            .or_else(|| args.pos.first().cloned());
        let text = match initial {
            Some(Value::Str(text)) => text.chars().collect(),
            _ => Vec::new(),
        };
        Ok(Value::object(StringIo {
            text: RefCell::new(text),
            at: Cell::new(0),
            closed: Cell::new(false),
        }))
    })
    .members(members);

struct StringIo {
    text: RefCell<Vec<char>>,
    at: Cell<usize>,
    closed: Cell<bool>,
}

impl StringIo {
    fn check_open(&self) -> Result<()> {
        if self.closed.get() {
            return Err(VALUE_ERROR.error("I/O operation on closed file"));
        }
        Ok(())
    }
    fn read(&self, count: usize) -> String {
        let text = self.text.borrow();
        let start = self.at.get().min(text.len());
        let end = start.saturating_add(count).min(text.len());
        self.at.set(end);
        text[start..end].iter().collect()
    }
    fn read_line(&self) -> String {
        let rest = {
            let text = self.text.borrow();
            let start = self.at.get().min(text.len());
            let line = text[start..].iter().position(|c| *c == '\n');
            line.map_or(text.len() - start, |at| at + 1)
        };
        self.read(rest)
    }
    fn write(&self, new: &str) -> usize {
        let mut text = self.text.borrow_mut();
        let at = self.at.get();
        if text.len() < at {
            text.resize(at, '\0');
        }
        let new: Vec<char> = new.chars().collect();
        let end = (at + new.len()).min(text.len());
        text.splice(at..end, new.iter().copied());
        self.at.set(at + new.len());
        new.len()
    }
}

impl Object for StringIo {
    fn spec(&self) -> &'static TypeSpec {
        &STRING_IO
    }
    fn iter(&self, _this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        let rest = self.read(usize::MAX);
        let lines = split_lines(&rest, true);
        Ok(Some(iterators::over(
            lines.into_iter().map(Value::from).collect(),
        )))
    }
}

fn count(value: &Value, cx: &Cx) -> Result<usize> {
    match value {
        Value::Undefined | Value::None => Ok(usize::MAX),
        given => Ok(usize::try_from(int::expect_index(given, cx)?).unwrap_or(usize::MAX)),
    }
}

fn number(value: usize) -> Value {
    Value::Int(i64::try_from(value).unwrap_or(i64::MAX))
}

fn members(members: &mut Members) {
    members
        .method("write(s, /)", |file: &StringIo, a, cx| {
            file.check_open()?;
            match a.at(0) {
                Value::Str(text) => Ok(number(file.write(text))),
                other => Err(TYPE_ERROR.error(format!(
                    "string argument expected, got '{}'",
                    class_of(other, cx).name()
                ))),
            }
        })
        .method("getvalue(/)", |file: &StringIo, _, _| {
            file.check_open()?;
            Ok(file.text.borrow().iter().collect::<String>().into())
        })
        .method("read(size=-1, /)", |file: &StringIo, a, cx| {
            file.check_open()?;
            Ok(file.read(count(a.at(0), cx)?).into())
        })
        .method("readline(/)", |file: &StringIo, _, _| {
            file.check_open()?;
            Ok(file.read_line().into())
        })
        .method("readlines(/)", |file: &StringIo, _, _| {
            let rest = file.read(usize::MAX);
            let lines = split_lines(&rest, true);
            Ok(Value::list(lines.into_iter().map(Value::from).collect()))
        })
        .method("seek(offset, whence=0, /)", |file: &StringIo, a, cx| {
            let at = match a.at(1).as_int() {
                Some(2) => file.text.borrow().len(),
                _ => count(a.at(0), cx)?,
            };
            file.at.set(at);
            Ok(number(at))
        })
        .method("tell(/)", |file: &StringIo, _, _| Ok(number(file.at.get())))
        .method("truncate(size=None, /)", |file: &StringIo, a, cx| {
            let size = match a.at(0) {
                Value::Undefined | Value::None => file.at.get(),
                given => count(given, cx)?,
            };
            file.text.borrow_mut().truncate(size);
            Ok(number(size))
        })
        .method("flush(/)", |_: &StringIo, _, _| Ok(Value::None))
        .method("close(/)", |file: &StringIo, _, _| {
            file.closed.set(true);
            Ok(Value::None)
        })
        .method_on_value("__enter__(/)", |this, _, _| Ok(this.clone()))
        .method("__exit__(t, v, tb, /)", |file: &StringIo, _, _| {
            file.closed.set(true);
            Ok(Value::None)
        });
}
