//! `pprint`: CPython's layout of nested containers and long texts.

mod leaves;

use crate::object::types::{self, base_value, class_of, dict};
use crate::object::{
    Bound, CompareOp, Cx, Method, ModuleSpec, Object, Result, TypeSpec, Value, ops,
};

/// `pprint`.
pub static PPRINT: ModuleSpec = ModuleSpec {
    name: "pprint",
    names: &[
        ("pprint", |_| {
            Method::function(
                "pprint(object, stream=None, indent=1, width=80, depth=None, *, compact=False, \
                 sort_dicts=True, underscore_numbers=False)",
                |a, cx| print(a, true, cx),
            )
        }),
        ("pp", |_| {
            Method::function(
                "pp(object, stream=None, indent=1, width=80, depth=None, *, compact=False, \
                 sort_dicts=False, underscore_numbers=False)",
                |a, cx| print(a, false, cx),
            )
        }),
        ("pformat", |_| {
            Method::function(
                "pformat(object, indent=1, width=80, depth=None, *, compact=False, \
                 sort_dicts=True, underscore_numbers=False)",
                |a, cx| {
                    Ok(Layout::of(a, true, cx)?
                        .format(a.value("object"), cx)?
                        .into())
                },
            )
        }),
        ("saferepr", |_| {
            Method::function("saferepr(object)", |a, cx| {
                let layout = Layout::of_defaults();
                Ok(layout.repr(a.value("object"), 0, cx)?.into())
            })
        }),
        ("isreadable", |_| {
            Method::function("isreadable(object)", |a, cx| {
                let text = Layout::of_defaults().repr(a.value("object"), 0, cx)?;
                Ok(Value::Bool(
                    !text.starts_with('<') && !text.contains("<Recursion on "),
                ))
            })
        }),
        ("isrecursive", |_| {
            Method::function("isrecursive(object)", |a, cx| {
                let text = Layout::of_defaults().repr(a.value("object"), 0, cx)?;
                Ok(Value::Bool(text.contains("<Recursion on ")))
            })
        }),
        ("PrettyPrinter", |_| PRETTY_PRINTER.class().into()),
    ],
    unsupported: &[],
    dynamic: None,
};

static PRETTY_PRINTER: TypeSpec = TypeSpec::new("pprint", "PrettyPrinter")
    .construct(|_, args, cx| {
        let signature = crate::object::Signature::parse(
            "PrettyPrinter.__init__(indent=1, width=80, depth=None, stream=None, *, \
             compact=False, sort_dicts=True, underscore_numbers=False)",
            None,
        );
        let bound = signature.bind(args)?;
        Ok(Value::object(Printer(Layout::of(&bound, true, cx)?)))
    })
    .members(|members| {
        members
            .method("pprint(object)", |printer: &Printer, a, cx| {
                let text = printer.0.format(a.value("object"), cx)?;
                cx.write(&format!("{text}\n"));
                Ok(Value::None)
            })
            .method("pformat(object)", |printer: &Printer, a, cx| {
                Ok(printer.0.format(a.value("object"), cx)?.into())
            });
    });

struct Printer(Layout);

impl Object for Printer {
    fn spec(&self) -> &'static TypeSpec {
        &PRETTY_PRINTER
    }
}

fn print(a: &Bound<'_>, sort: bool, cx: &Cx) -> Result<Value> {
    let text = Layout::of(a, sort, cx)?.format(a.value("object"), cx)? + "\n";
    match a.some("stream") {
        Some(stream) => cx
            .call_method(stream, "write", [Value::from(text)])
            .map(drop)?,
        None => cx.write(&text),
    }
    Ok(Value::None)
}

struct Layout {
    indent: usize,
    width: usize,
    depth: Option<usize>,
    compact: bool,
    sort: bool,
}

impl Layout {
    fn of_defaults() -> Self {
        Self {
            indent: 1,
            width: 80,
            depth: None,
            compact: false,
            sort: true,
        }
    }
    fn of(a: &Bound<'_>, sort: bool, cx: &Cx) -> Result<Self> {
        let number = |name: &str| -> Result<Option<usize>> {
            match a.some(name) {
                Some(value) => Ok(usize::try_from(types::int::expect_index(value, cx)?).ok()),
                None => Ok(None),
            }
        };
        Ok(Self {
            indent: number("indent")?.unwrap_or(1),
            width: number("width")?.unwrap_or(80),
            depth: number("depth")?,
            compact: a.flag("compact", false),
            sort: a.flag("sort_dicts", sort),
        })
    }

    fn format(&self, value: &Value, cx: &Cx) -> Result<String> {
        let mut out = String::new();
        self.write(value, 0, 0, 0, &mut out, cx)?;
        Ok(out)
    }

    /// Write `value` at column `indent`, with `allowance` columns kept free behind it.
    fn write(
        &self,
        value: &Value,
        indent: usize,
        allowance: usize,
        level: usize,
        out: &mut String,
        cx: &Cx,
    ) -> Result<()> {
        let _depth = cx.enter()?;
        let text = self.repr(value, level, cx)?;
        let room = self.width.saturating_sub(indent + allowance);
        if text.chars().count() > room && !text.ends_with("...") {
            let level = level + 1;
            let base = base_value(value);
            let plain = !matches!(value, Value::Instance(_))
                || class_of(value, cx).special("__repr__").is_none();
            match &base {
                Value::Dict(_)
                | Value::List(_)
                | Value::Tuple(_)
                | Value::Set(_)
                | Value::Str(_)
                    if !plain =>
                {
                    return self.write_named(value, &base, (indent, allowance, level), out, cx);
                }
                Value::Dict(found) => {
                    let entries = self.entries(found, cx)?;
                    return self.write_dict(&entries, (indent, allowance, level), out, cx);
                }
                Value::List(list) => {
                    let items = list.to_vec();
                    return self.bracketed("[", &items, "]", (indent, allowance, level), out, cx);
                }
                Value::Tuple(items) => {
                    let close = if items.len() == 1 { ",)" } else { ")" };
                    return self.bracketed("(", items, close, (indent, allowance, level), out, cx);
                }
                Value::Set(set) if !set.is_empty() => {
                    let mut items = types::ordered_members(set);
                    sort_safely(&mut items, cx);
                    let (open, close, deeper) = if set.is_frozen() {
                        ("frozenset({", "})", 11)
                    } else {
                        ("{", "}", 1)
                    };
                    return self.bracketed(
                        open,
                        &items,
                        close,
                        (indent + deeper - 1, allowance, level),
                        out,
                        cx,
                    );
                }
                Value::Str(text) => {
                    return self.write_str(text, (indent, allowance, level), out, cx);
                }
                Value::Bytes(bytes) if bytes.len() > 4 => {
                    return self.write_bytes(bytes, (indent, allowance, level), out, cx);
                }
                _ => {
                    if class_of(value, cx).full_name() == "collections.deque" {
                        return self.write_deque(value, (indent, allowance, level), out, cx);
                    }
                    if let Value::Instance(instance) = value
                        && instance.class().full_name() == "types.SimpleNamespace"
                    {
                        let names = instance
                            .attributes()
                            .into_iter()
                            .map(|(name, _)| name)
                            .collect();
                        let place = (indent, allowance, level);
                        return self.write_named_fields("namespace", names, value, place, out, cx);
                    }
                    if super::dataclasses::has_generated_repr(value) {
                        return self.write_fields(value, (indent, allowance, level), out, cx);
                    }
                }
            }
        }
        out.push_str(&text);
        Ok(())
    }

    fn entries(&self, found: &crate::object::Dict, cx: &Cx) -> Result<Vec<(Value, Value)>> {
        let entries = dict::entries(found);
        if !self.sort {
            return Ok(entries);
        }
        let mut keys: Vec<Value> = entries.iter().map(|(key, _)| key.clone()).collect();
        sort_safely(&mut keys, cx);
        keys.into_iter()
            .map(|key| {
                let value = found.get(&key, cx)?.unwrap_or(Value::None);
                Ok((key, value))
            })
            .collect()
    }

    fn write_dict(
        &self,
        entries: &[(Value, Value)],
        (indent, allowance, level): (usize, usize, usize),
        out: &mut String,
        cx: &Cx,
    ) -> Result<()> {
        out.push('{');
        if self.indent > 1 {
            out.push_str(&" ".repeat(self.indent - 1));
        }
        let column = indent + self.indent;
        for (at, (key, value)) in entries.iter().enumerate() {
            if at > 0 {
                out.push_str(&format!(",\n{}", " ".repeat(column)));
            }
            let key = self.repr(key, level, cx)?;
            out.push_str(&key);
            out.push_str(": ");
            let last = at + 1 == entries.len();
            let kept = if last { allowance + 1 } else { 1 };
            self.write(
                value,
                column + key.chars().count() + 2,
                kept,
                level,
                out,
                cx,
            )?;
        }
        out.push('}');
        Ok(())
    }

    fn bracketed(
        &self,
        open: &str,
        items: &[Value],
        close: &str,
        (indent, allowance, level): (usize, usize, usize),
        out: &mut String,
        cx: &Cx,
    ) -> Result<()> {
        out.push_str(open);
        self.items(items, (indent, allowance + close.len(), level), out, cx)?;
        out.push_str(close);
        Ok(())
    }

    fn items(
        &self,
        items: &[Value],
        (indent, allowance, level): (usize, usize, usize),
        out: &mut String,
        cx: &Cx,
    ) -> Result<()> {
        if self.indent > 1 {
            out.push_str(&" ".repeat(self.indent - 1));
        }
        let column = indent + self.indent;
        let break_line = format!(",\n{}", " ".repeat(column));
        let mut full = (self.width + 1).saturating_sub(column);
        let mut room = full;
        // What stands in front of the next item.
        let mut between = "";
        for (at, item) in items.iter().enumerate() {
            let last = at + 1 == items.len();
            if last {
                full = full.saturating_sub(allowance);
                room = room.saturating_sub(allowance);
            }
            if self.compact {
                let text = self.repr(item, level, cx)?;
                let width = text.chars().count() + 2;
                if room < width {
                    room = full;
                    if at > 0 {
                        between = &break_line;
                    }
                }
                if room >= width {
                    room -= width;
                    out.push_str(between);
                    out.push_str(&text);
                    between = ", ";
                    continue;
                }
            }
            out.push_str(between);
            between = &break_line;
            self.write(
                item,
                column,
                if last { allowance } else { 1 },
                level,
                out,
                cx,
            )?;
        }
        Ok(())
    }

    /// `repr()` with the keys of dicts sorted, cut at the depth.
    fn repr(&self, value: &Value, level: usize, cx: &Cx) -> Result<String> {
        let _depth = cx.enter()?;
        let too_deep = self.depth.is_some_and(|depth| level >= depth);
        match value {
            Value::Dict(found) if !found.is_empty() => {
                if too_deep {
                    return Ok("{...}".to_owned());
                }
                let Some(_guard) = types::ReprGuard::enter(value.address().unwrap_or(0)) else {
                    return recursion(value, cx);
                };
                let mut parts = Vec::new();
                for (key, item) in self.entries(found, cx)? {
                    let key = self.repr(&key, level + 1, cx)?;
                    parts.push(format!("{key}: {}", self.repr(&item, level + 1, cx)?));
                }
                Ok(format!("{{{}}}", parts.join(", ")))
            }
            Value::List(_) | Value::Tuple(_) => {
                let items = cx.collect(value)?;
                let list = matches!(value, Value::List(_));
                if items.is_empty() {
                    return Ok(if list { "[]" } else { "()" }.to_owned());
                }
                if too_deep {
                    return Ok(if list { "[...]" } else { "(...)" }.to_owned());
                }
                let Some(_guard) = types::ReprGuard::enter(value.address().unwrap_or(0)) else {
                    return recursion(value, cx);
                };
                let parts = items
                    .iter()
                    .map(|item| self.repr(item, level + 1, cx))
                    .collect::<Result<Vec<_>>>()?;
                let joined = parts.join(", ");
                Ok(match (list, parts.len()) {
                    (true, _) => format!("[{joined}]"),
                    (false, 1) => format!("({joined},)"),
                    (false, _) => format!("({joined})"),
                })
            }
            _ => cx.repr(value),
        }
    }
}

fn recursion(value: &Value, cx: &Cx) -> Result<String> {
    Ok(format!(
        "<Recursion on {} with id={}>",
        class_of(value, cx).name(),
        value.address().unwrap_or_default()
    ))
}

/// Sort as CPython's `_safe_key` does: what cannot be compared goes by type name and address.
fn sort_safely(items: &mut [Value], cx: &Cx) {
    items.sort_by(|a, b| {
        let less = |a: &Value, b: &Value| {
            ops::compare(CompareOp::Lt, a, b, cx)
                .and_then(|answer| cx.truthy(&answer))
                .ok()
        };
        match (less(a, b), less(b, a)) {
            (Some(true), _) => std::cmp::Ordering::Less,
            (_, Some(true)) => std::cmp::Ordering::Greater,
            (Some(false), Some(false)) => std::cmp::Ordering::Equal,
            _ => {
                let name = |value: &Value| class_of(value, cx).full_name();
                name(a).cmp(&name(b)).then(a.address().cmp(&b.address()))
            }
        }
    });
}
