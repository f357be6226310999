//! `json`: writing as CPython writes, errors included.

use super::json_read;
use crate::lang::library;
use crate::object::exceptions::{TYPE_ERROR, VALUE_ERROR};
use crate::object::types::{base_value, class_of, dict, float};
use crate::object::{Args, Bound, Cx, Method, ModuleSpec, Result, Str, TypeSpec, Value, types};

/// `json.JSONDecodeError`.
pub static JSON_DECODE_ERROR: TypeSpec = TypeSpec::new("json.decoder", "JSONDecodeError")
    .bases(&[&VALUE_ERROR])
    .subclassable();

/// `json`.
pub static JSON: ModuleSpec = ModuleSpec {
    name: "json",
    names: &[
        ("dumps", |_| {
            Method::function(
                "dumps(obj, *, skipkeys=False, ensure_ascii=True, check_circular=True, \
                 allow_nan=True, cls=None, indent=None, separators=None, default=None, \
                 sort_keys=False)",
                dumps,
            )
        }),
        ("loads", |_| {
            Method::function(
                "loads(s, *, cls=None, object_hook=None, parse_float=None, parse_int=None, \
                 parse_constant=None, object_pairs_hook=None)",
                json_read::loads,
            )
        }),
        ("dump", |_| {
            Method::function(
                "dump(obj, fp, *, ensure_ascii=True, indent=None, separators=None, \
                 default=None, sort_keys=False, skipkeys=False, allow_nan=True, cls=None, \
                 check_circular=True)",
                |a, cx| {
                    let text = dumps(a, cx)?;
                    cx.call_method(a.value("fp"), "write", [text])?;
                    Ok(Value::None)
                },
            )
        }),
        ("load", |_| {
            Method::function("load(fp)", |a, cx| {
                let text = cx.call_method(a.value("fp"), "read", [])?;
                json_read::parse(
                    text.as_str().unwrap_or(""),
                    &json_read::Hooks::default(),
                    cx,
                )
            })
        }),
        ("JSONDecodeError", |_| JSON_DECODE_ERROR.class().into()),
    ],
    unsupported: &[],
    dynamic: Some(|wanted, cx| match wanted {
        "JSONEncoder" => library::name("json.encoder", wanted, cx),
        "JSONDecoder" => library::name("json.decoder", wanted, cx),
        _ => None,
    }),
};

struct Writer<'a> {
    indent: Option<String>,
    item_separator: String,
    key_separator: String,
    ascii: bool,
    sort_keys: bool,
    skip_keys: bool,
    allow_nan: bool,
    default: Option<Value>,
    active: Vec<usize>,
    out: String,
    cx: &'a Cx,
}

/// The options that `cls` is made with.
const OPTIONS: [&str; 8] = [
    "skipkeys",
    "ensure_ascii",
    "check_circular",
    "allow_nan",
    "indent",
    "separators",
    "default",
    "sort_keys",
];

fn dumps(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    if let Some(class) = a.some("cls") {
        let mut args = Args::none();
        args.kw = OPTIONS
            .iter()
            .filter_map(|name| Some((Str::new(*name), a.some(name)?.clone())))
            .collect();
        let encoder = cx.call(class, args)?;
        return cx.call_method(&encoder, "encode", [a.value("obj").clone()]);
    }
    let indent = match a.some("indent") {
        Some(Value::Str(text)) => Some(text.to_string()),
        Some(count) => {
            let count = usize::try_from(types::int::expect_index(count, cx)?).unwrap_or(0);
            Some(" ".repeat(count.min(1000)))
        }
        None => None,
    };
    let (item_separator, key_separator) = if let Some(pair) = a.some("separators") {
        match cx.collect(pair)?.as_slice() {
            [Value::Str(item), Value::Str(key)] => (item.to_string(), key.to_string()),
            _ => return Err(TYPE_ERROR.error("separators must be a pair of str")),
        }
    } else {
        let item = if indent.is_some() { "," } else { ", " };
        (item.to_owned(), ": ".to_owned())
    };
    let mut writer = Writer {
        indent,
        item_separator,
        key_separator,
        ascii: a.flag("ensure_ascii", true),
        sort_keys: a.flag("sort_keys", false),
        skip_keys: a.flag("skipkeys", false),
        allow_nan: a.flag("allow_nan", true),
        default: a.some("default").cloned(),
        active: Vec::new(),
        out: String::new(),
        cx,
    };
    writer.write(a.value("obj"))?;
    Ok(writer.out.into())
}

impl Writer<'_> {
    fn write(&mut self, value: &Value) -> Result<()> {
        let _depth = self.cx.enter()?;
        match base_value(value) {
            Value::None => self.out.push_str("null"),
            Value::Bool(flag) => self.out.push_str(if flag { "true" } else { "false" }),
            number @ (Value::Int(_) | Value::BigInt(_)) => {
                self.out.push_str(&self.cx.repr(&number)?);
            }
            Value::Float(number) => {
                let text = self.float(number)?;
                self.out.push_str(&text);
            }
            Value::Str(text) => write_text(&text, self.ascii, &mut self.out),
            base @ (Value::List(_) | Value::Tuple(_)) => {
                let items = self.cx.collect(&base)?;
                self.guarded(&base, |writer| writer.array(&items))?;
            }
            base @ Value::Dict(_) => {
                let Value::Dict(entries) = &base else {
                    return Ok(());
                };
                let entries = dict::entries(entries);
                self.guarded(&base, |writer| writer.object(entries))?;
            }
            _ => {
                let Some(default) = self.default.clone() else {
                    return Err(TYPE_ERROR.error(format!(
                        "Object of type {} is not JSON serializable",
                        class_of(value, self.cx).name()
                    )));
                };
                let replaced = self.cx.call(&default, [value.clone()])?;
                self.guarded(value, |writer| writer.write(&replaced))?;
            }
        }
        Ok(())
    }

    fn guarded(
        &mut self,
        value: &Value,
        write: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let address = value.address().unwrap_or_default();
        if self.active.contains(&address) && address != 0 {
            return Err(VALUE_ERROR.error("Circular reference detected"));
        }
        self.active.push(address);
        let written = write(self);
        self.active.pop();
        written
    }

    fn float(&self, number: f64) -> Result<String> {
        if number.is_finite() {
            return Ok(float::repr(number));
        }
        if !self.allow_nan {
            return Err(VALUE_ERROR.error("Out of range float values are not JSON compliant"));
        }
        Ok(if number.is_nan() {
            "NaN"
        } else if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .to_owned())
    }

    fn new_line(&mut self, levels: usize) {
        if let Some(indent) = &self.indent {
            self.out.push('\n');
            for _ in 0..levels {
                self.out.push_str(indent);
            }
        }
    }

    fn array(&mut self, items: &[Value]) -> Result<()> {
        if items.is_empty() {
            self.out.push_str("[]");
            return Ok(());
        }
        let level = self.active.len();
        self.out.push('[');
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.out.push_str(&self.item_separator.clone());
            }
            self.new_line(level);
            self.write(item)?;
        }
        self.new_line(level - 1);
        self.out.push(']');
        Ok(())
    }

    fn object(&mut self, entries: Vec<(Value, Value)>) -> Result<()> {
        if entries.is_empty() {
            self.out.push_str("{}");
            return Ok(());
        }
        let entries = if self.sort_keys {
            let mut keys: Vec<Value> = entries.iter().map(|(key, _)| key.clone()).collect();
            types::sort(&mut keys, None, false, self.cx)?;
            let known = crate::object::Dict::default();
            for (key, value) in entries {
                known.insert(key, value, self.cx)?;
            }
            let mut sorted = Vec::with_capacity(keys.len());
            for key in keys {
                let value = known.get(&key, self.cx)?.unwrap_or(Value::None);
                sorted.push((key, value));
            }
            sorted
        } else {
            entries
        };
        let level = self.active.len();
        self.out.push('{');
        let mut first = true;
        for (key, value) in entries {
            let Some(key) = self.key(&key)? else { continue };
            if !first {
                self.out.push_str(&self.item_separator.clone());
            }
            first = false;
            self.new_line(level);
            write_text(&key, self.ascii, &mut self.out);
            self.out.push_str(&self.key_separator.clone());
            self.write(&value)?;
        }
        if !first {
            self.new_line(level - 1);
        }
        self.out.push('}');
        Ok(())
    }

    fn key(&self, key: &Value) -> Result<Option<String>> {
        Ok(Some(match base_value(key) {
            Value::Str(text) => text.to_string(),
            Value::Bool(flag) => flag.to_string(),
            Value::None => "null".to_owned(),
            number @ (Value::Int(_) | Value::BigInt(_)) => self.cx.repr(&number)?,
            Value::Float(number) => self.float(number)?,
            _ if self.skip_keys => return Ok(None),
            _ => {
                return Err(TYPE_ERROR.error(format!(
                    "keys must be str, int, float, bool or None, not {}",
                    class_of(key, self.cx).name()
                )));
            }
        }))
    }
}

fn write_text(text: &str, ascii: bool, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            _ if ascii || c < ' ' => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}
