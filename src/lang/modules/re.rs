//! `re`: patterns by the regex engine of Rust, which knows neither look-around nor back
//! references; patterns that need them are refused.

use std::rc::Rc;

use regex::{Captures, Regex, RegexBuilder};

use crate::object::exceptions::{EXCEPTION, INDEX_ERROR, TYPE_ERROR};
use crate::object::types::{char_count, class_of, int, iterators};
use crate::object::{
    Bound, Cx, Dict, Export, Members, Method, ModuleSpec, Object, Result, Str, TypeSpec, Value,
    count_exports, join_exports,
};

static ERROR: TypeSpec = TypeSpec::new("re", "error").bases(&[&EXCEPTION]);
static PATTERN: TypeSpec = TypeSpec::new("re", "Pattern")
    .names_module()
    .members(pattern_members);
static MATCH: TypeSpec = TypeSpec::new("re", "Match")
    .names_module()
    .members(match_members);

const IGNORECASE: i64 = 2;
const MULTILINE: i64 = 8;
const DOTALL: i64 = 16;
const VERBOSE: i64 = 64;

macro_rules! functions {
    ($($name:literal $text:literal => $function:expr),* $(,)?) => {
        static FUNCTIONS: &[(&str, Export)] = &[$(($name, |_| {
            Method::function(concat!($name, "(pattern, ", $text), |a, cx| {
                let flags = a.given("flags").and_then(Value::as_int).unwrap_or(0);
                let pattern = compiled(a.value("pattern"), flags, cx)?;
                let function: Call = $function;
                function(&pattern, a, cx)
            })
        })),*];
        fn pattern_members(members: &mut Members) {
            $(members.method(concat!($name, "(", $text), |own: &Pattern, a, cx| {
                let function: Call = $function;
                function(own, a, cx)
            });)*
            members
                .getter("pattern", |own: &Pattern, _| Ok(own.source.clone().into()))
                .getter("flags", |own: &Pattern, _| Ok(Value::Int(own.flags | 32)))
                .getter("groups", |own: &Pattern, _| {
                    Ok(Value::Int(i64::try_from(own.regex.captures_len() - 1).unwrap_or(0)))
                })
                .getter("groupindex", |own: &Pattern, _| {
                    let names = own.regex.capture_names().enumerate().filter_map(|(at, name)| {
                        Some((name?, Value::Int(i64::try_from(at).ok()?)))
                    });
                    Ok(Value::Dict(Rc::new(Dict::from_pairs(names))))
                });
        }
    };
}

type Call = fn(&Pattern, &Bound<'_>, &Cx) -> Result<Value>;

functions! {
    "match" "string, flags=0)" => |own, a, cx| own.first(&own.at_start, a, cx),
    "fullmatch" "string, flags=0)" => |own, a, cx| own.first(&own.whole, a, cx),
    "search" "string, flags=0)" => |own, a, cx| own.first(&own.regex, a, cx),
    "findall" "string, flags=0)" => |own, a, cx| own.find_all(a, cx),
    "finditer" "string, flags=0)" => |own, a, cx| own.find_iter(a, cx),
    "split" "string, maxsplit=0, flags=0)" => |own, a, cx| own.split(a, cx),
    "sub" "repl, string, count=0, flags=0)" => |own, a, cx| own.sub(a, cx).map(|(text, _)| text),
    "subn" "repl, string, count=0, flags=0)" => |own, a, cx| {
        let (text, count) = own.sub(a, cx)?;
        Ok(Value::tuple(vec![text, count]))
    },
}

const RE_NAMES: &[(&str, Export)] = &[
    ("compile", |_| {
        Method::function("compile(pattern, flags=0)", |a, cx| {
            let flags = a.given("flags").and_then(Value::as_int).unwrap_or(0);
            compiled(a.value("pattern"), flags, cx).map(|pattern| Value::object((*pattern).clone()))
        })
    }),
    ("escape", |_| {
        Method::function("escape(pattern)", |a, _| {
            let text = a.text("pattern")?;
            let mut out = String::new();
            for c in text.chars() {
                if "()[]{}?*+-|^$\\.&~# \t\n\r\x0b\x0c".contains(c) {
                    out.push('\\');
                }
                out.push(c);
            }
            Ok(out.into())
        })
    }),
    ("error", |_| ERROR.class().into()),
    ("Pattern", |_| PATTERN.class().into()),
    ("Match", |_| MATCH.class().into()),
    ("IGNORECASE", |_| Value::Int(IGNORECASE)),
    ("I", |_| Value::Int(IGNORECASE)),
    ("MULTILINE", |_| Value::Int(MULTILINE)),
    ("M", |_| Value::Int(MULTILINE)),
    ("DOTALL", |_| Value::Int(DOTALL)),
    ("S", |_| Value::Int(DOTALL)),
    ("VERBOSE", |_| Value::Int(VERBOSE)),
    ("X", |_| Value::Int(VERBOSE)),
    ("UNICODE", |_| Value::Int(32)),
    ("U", |_| Value::Int(32)),
];

const RE_GROUPS: &[&[(&str, Export)]] = &[RE_NAMES, FUNCTIONS];

/// `re`.
pub static RE: ModuleSpec = ModuleSpec {
    name: "re",
    names: &join_exports::<{ count_exports(RE_GROUPS) }>(RE_GROUPS),
    unsupported: &[
        ("ASCII", "patterns are Unicode"),
        ("LOCALE", "patterns are Unicode"),
    ],
    dynamic: None,
};

#[derive(Clone)]
struct Pattern {
    source: Str,
    flags: i64,
    regex: Regex,
    at_start: Regex,
    whole: Regex,
}

impl Object for Pattern {
    fn spec(&self) -> &'static TypeSpec {
        &PATTERN
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let source = cx.repr(&self.source.clone().into())?;
        let flags: Vec<&str> = [
            (IGNORECASE, "re.IGNORECASE"),
            (MULTILINE, "re.MULTILINE"),
            (DOTALL, "re.DOTALL"),
            (VERBOSE, "re.VERBOSE"),
        ]
        .into_iter()
        .filter(|(flag, _)| self.flags & flag != 0)
        .map(|(_, name)| name)
        .collect();
        Ok(Some(if flags.is_empty() {
            format!("re.compile({source})")
        } else {
            format!("re.compile({source}, {})", flags.join("|"))
        }))
    }
}

fn compiled(value: &Value, flags: i64, cx: &Cx) -> Result<Rc<Pattern>> {
    if let Some(pattern) = value.downcast::<Pattern>() {
        return Ok(Rc::new(pattern.clone()));
    }
    let Value::Str(source) = value else {
        return Err(TYPE_ERROR.error(format!(
            "first argument must be string or compiled pattern, not {}",
            class_of(value, cx).name()
        )));
    };
    let translated = translate(source);
    let build = |text: &str| {
        RegexBuilder::new(text)
            .case_insensitive(flags & IGNORECASE != 0)
            .multi_line(flags & MULTILINE != 0)
            .dot_matches_new_line(flags & DOTALL != 0)
            .ignore_whitespace(flags & VERBOSE != 0)
            .build()
            .map_err(|error| ERROR.error(reason(&error)))
    };
    // A comment at the end of a verbose pattern must not swallow what is put around it.
    let newline = if flags & VERBOSE != 0 { "\n" } else { "" };
    Ok(Rc::new(Pattern {
        source: source.clone(),
        flags,
        regex: build(&translated)?,
        at_start: build(&format!("\\A(?:{translated}{newline})"))?,
        whole: build(&format!("\\A(?:{translated}{newline})\\z"))?,
    }))
}

fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    if text.contains("look-around") || text.contains("backreferences") {
        return "look-around and back references are not supported".to_owned();
    }
    let last = text.lines().last().unwrap_or("bad pattern");
    last.trim_start_matches("error: ").to_owned()
}

/// Python's spellings that the engine knows by another name.
fn translate(source: &str) -> String {
    source.replace("\\Z", "\\z")
}

fn subject(a: &Bound<'_>, cx: &Cx) -> Result<Str> {
    match a.value("string") {
        Value::Str(text) => Ok(text.clone()),
        other => match crate::object::types::base_value(other) {
            Value::Str(text) => Ok(text),
            _ => Err(TYPE_ERROR.error(format!(
                "expected string or bytes-like object, got '{}'",
                class_of(other, cx).name()
            ))),
        },
    }
}

impl Pattern {
    fn first(&self, regex: &Regex, a: &Bound<'_>, cx: &Cx) -> Result<Value> {
        let text = subject(a, cx)?;
        Ok(match regex.captures(&text) {
            Some(captures) => Match::of(self, &text, &captures),
            None => Value::None,
        })
    }
    fn find_all(&self, a: &Bound<'_>, cx: &Cx) -> Result<Value> {
        let text = subject(a, cx)?;
        let group = |captures: &Captures<'_>, at: usize| -> Value {
            captures.get(at).map_or("", |found| found.as_str()).into()
        };
        let groups = self.regex.captures_len();
        Ok(Value::list(
            self.regex
                .captures_iter(&text)
                .map(|captures| match groups {
                    1 => group(&captures, 0),
                    2 => group(&captures, 1),
                    _ => Value::tuple((1..groups).map(|at| group(&captures, at)).collect()),
                })
                .collect(),
        ))
    }
    fn find_iter(&self, a: &Bound<'_>, cx: &Cx) -> Result<Value> {
        let text = subject(a, cx)?;
        let found = self
            .regex
            .captures_iter(&text)
            .map(|captures| Match::of(self, &text, &captures))
            .collect();
        Ok(iterators::over(found))
    }
    fn split(&self, a: &Bound<'_>, cx: &Cx) -> Result<Value> {
        let text = subject(a, cx)?;
        let limit = match a.given("maxsplit") {
            Some(limit) => usize::try_from(int::expect_index(limit, cx)?).unwrap_or(0),
            None => 0,
        };
        let (mut parts, mut start) = (Vec::new(), 0);
        for (count, captures) in self.regex.captures_iter(&text).enumerate() {
            if limit != 0 && count == limit {
                break;
            }
            let Some(found) = captures.get(0) else { break };
            parts.push(Value::from(&text[start..found.start()]));
            for group in captures.iter().skip(1) {
                parts.push(group.map(|group| group.as_str()).into());
            }
            start = found.end();
        }
        parts.push(Value::from(&text[start..]));
        Ok(Value::list(parts))
    }
    fn sub(&self, a: &Bound<'_>, cx: &Cx) -> Result<(Value, Value)> {
        let text = subject(a, cx)?;
        let limit = match a.given("count") {
            Some(limit) => usize::try_from(int::expect_index(limit, cx)?).unwrap_or(0),
            None => 0,
        };
        let (mut out, mut start, mut count) = (String::new(), 0, 0);
        for captures in self.regex.captures_iter(&text) {
            if limit != 0 && count == limit {
                break;
            }
            let Some(found) = captures.get(0) else { break };
            out.push_str(&text[start..found.start()]);
            match a.value("repl") {
                Value::Str(template) => expand(template, &captures, &mut out)?,
                function => {
                    let answer = cx.call(function, [Match::of(self, &text, &captures)])?;
                    out.push_str(&cx.str(&answer)?);
                }
            }
            start = found.end();
            count += 1;
        }
        out.push_str(&text[start..]);
        Ok((out.into(), Value::Int(i64::try_from(count).unwrap_or(0))))
    }
}

/// A replacement with its `\1` and `\g<name>` filled in.
fn expand(template: &str, captures: &Captures<'_>, out: &mut String) -> Result<()> {
    let mut chars = template.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let group = match chars.next() {
            Some('g') if chars.peek() == Some(&'<') => {
                chars.next();
                chars.by_ref().take_while(|c| *c != '>').collect::<String>()
            }
            Some(digit) if digit.is_ascii_digit() => {
                let mut number = digit.to_string();
                number.extend(chars.next_if(char::is_ascii_digit));
                number
            }
            Some('n') => {
                out.push('\n');
                continue;
            }
            Some('t') => {
                out.push('\t');
                continue;
            }
            Some('\\') | None => {
                out.push('\\');
                continue;
            }
            Some(other) if other.is_ascii_alphabetic() => {
                return Err(ERROR.error(format!("bad escape \\{other}")));
            }
            Some(other) => {
                out.push('\\');
                out.push(other);
                continue;
            }
        };
        let known = match group.parse::<usize>() {
            Ok(at) => (at < captures.len()).then(|| captures.get(at)),
            Err(_) => Some(captures.name(&group)),
        };
        match known {
            Some(found) => out.push_str(found.map_or("", |found| found.as_str())),
            None => return Err(ERROR.error(format!("invalid group reference {group}"))),
        }
    }
    Ok(())
}

struct Match {
    pattern: Pattern,
    text: Str,
    groups: Vec<Option<(usize, usize)>>,
}

impl Match {
    fn of(pattern: &Pattern, text: &Str, captures: &Captures<'_>) -> Value {
        Value::object(Self {
            pattern: pattern.clone(),
            text: text.clone(),
            groups: captures
                .iter()
                .map(|group| group.map(|group| (group.start(), group.end())))
                .collect(),
        })
    }
    fn index(&self, key: &Value) -> Result<usize> {
        let found = match key {
            Value::Str(name) => self
                .pattern
                .regex
                .capture_names()
                .position(|known| known == Some(name)),
            other => other
                .as_int()
                .and_then(|at| usize::try_from(at).ok())
                .filter(|at| *at < self.groups.len()),
        };
        found.ok_or_else(|| INDEX_ERROR.error("no such group"))
    }
    fn group(&self, at: usize, default: &Value) -> Value {
        match self.groups.get(at).copied().flatten() {
            Some((start, end)) => self.text.get(start..end).unwrap_or("").into(),
            None => default.clone(),
        }
    }
    fn span(&self, key: &Value) -> Result<(i64, i64)> {
        let at = match key {
            Value::Undefined => 0,
            key => self.index(key)?,
        };
        let place = |byte: usize| {
            let before = self.text.get(..byte).unwrap_or("");
            i64::try_from(char_count(before)).unwrap_or(0)
        };
        Ok(match self.groups.get(at).copied().flatten() {
            Some((start, end)) => (place(start), place(end)),
            None => (-1, -1),
        })
    }
}

impl Object for Match {
    fn spec(&self) -> &'static TypeSpec {
        &MATCH
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let (start, end) = self.span(&Value::Undefined)?;
        let text = cx.repr(&self.group(0, &Value::None))?;
        Ok(Some(format!(
            "<re.Match object; span=({start}, {end}), match={text}>"
        )))
    }
    fn truthy(&self, _cx: &Cx) -> Result<Option<bool>> {
        Ok(Some(true))
    }
    fn get_item(&self, _this: &Value, key: &Value, _cx: &Cx) -> Result<Option<Value>> {
        Ok(Some(self.group(self.index(key)?, &Value::None)))
    }
}

fn match_members(members: &mut Members) {
    members
        .method("group(/, *args)", |own: &Match, a, _| {
            let mut found = match a.rest() {
                [] => return Ok(own.group(0, &Value::None)),
                keys => keys
                    .iter()
                    .map(|key| Ok(own.group(own.index(key)?, &Value::None)))
                    .collect::<Result<Vec<_>>>()?,
            };
            Ok(if found.len() == 1 {
                found.remove(0)
            } else {
                Value::tuple(found)
            })
        })
        .method("groups(default=None)", |own: &Match, a, _| {
            let default = a.value("default").clone().or_none();
            Ok(Value::tuple(
                (1..own.groups.len())
                    .map(|at| own.group(at, &default))
                    .collect(),
            ))
        })
        .method("groupdict(default=None)", |own: &Match, a, _| {
            let default = a.value("default").clone().or_none();
            let names = own.pattern.regex.capture_names().enumerate();
            let pairs = names.filter_map(|(at, name)| Some((name?, own.group(at, &default))));
            Ok(Value::Dict(Rc::new(Dict::from_pairs(pairs))))
        })
        .method("start(group=0, /)", |own: &Match, a, _| {
            Ok(own.span(a.at(0))?.0.into())
        })
        .method("end(group=0, /)", |own: &Match, a, _| {
            Ok(own.span(a.at(0))?.1.into())
        })
        .method("span(group=0, /)", |own: &Match, a, _| {
            let (start, end) = own.span(a.at(0))?;
            Ok(Value::tuple(vec![start.into(), end.into()]))
        })
        .getter("string", |own: &Match, _| Ok(own.text.clone().into()))
        .getter("re", |own: &Match, _| {
            Ok(Value::object(own.pattern.clone()))
        });
}
