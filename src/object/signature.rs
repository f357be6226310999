//! Signatures and the binding of arguments to parameters, with Python's TypeErrors.

use std::vec::Drain;

use smallvec::SmallVec;

use super::exceptions::TYPE_ERROR;
use super::{Raised, Result, Str, Value};

/// The arguments of a call: positional, then by keyword in the order written.
#[derive(Clone, Default)]
pub struct Args {
    /// Positional arguments.
    pub pos: SmallVec<[Value; 4]>,
    /// Keyword arguments.
    pub kw: Vec<(Str, Value)>,
}

impl Args {
    /// No arguments.
    pub fn none() -> Self {
        Self::default()
    }
    /// Positional arguments only.
    pub fn positional(values: impl IntoIterator<Item = Value>) -> Self {
        Self {
            pos: values.into_iter().collect(),
            kw: Vec::new(),
        }
    }
    /// The same with `this` in front, as a method call passes it.
    pub fn prepend(mut self, this: Value) -> Self {
        self.pos.insert(0, this);
        self
    }
    /// Take a keyword argument out.
    pub fn take_keyword(&mut self, name: &str) -> Option<Value> {
        let at = self.kw.iter().position(|(keyword, _)| keyword == name)?;
        Some(self.kw.remove(at).1)
    }
}

impl<const N: usize> From<[Value; N]> for Args {
    fn from(values: [Value; N]) -> Self {
        Self::positional(values)
    }
}
impl From<Vec<Value>> for Args {
    fn from(values: Vec<Value>) -> Self {
        Self::positional(values)
    }
}

/// How a parameter takes its argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are Python's")]
pub enum ParameterKind {
    PositionalOnly,
    PositionalOrKeyword,
    VarPositional,
    KeywordOnly,
    VarKeyword,
}

/// One parameter.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name, without stars.
    pub name: Str,
    /// How it takes its argument.
    pub kind: ParameterKind,
    /// Whether it may be left out.
    pub has_default: bool,
    /// The default as written, for `help()`.
    pub default_text: Option<String>,
}

/// The parameters of a function, native or not.
#[derive(Clone, Debug)]
pub struct Signature {
    /// The function's name as errors show it, `Session.get`.
    pub qualname: String,
    /// Whether a first `self` that the parameters do not list is counted in messages.
    pub counts_self: bool,
    /// The parameters, in order.
    pub parameters: Vec<Parameter>,
    /// Whether its errors are worded as those of CPython's own functions, which take their
    /// arguments by position; written with a `/`.
    pub c_style: bool,
    positional: usize,
    required: usize,
    has_rest: bool,
    has_keyword_rest: bool,
    /// Whether a parameter must be given by keyword.
    asks_keyword: bool,
    /// The [`name_tag`] of each parameter.
    tags: Box<[u64]>,
}

/// Length and first letters of a name, by which most names differ already.
#[inline]
fn name_tag(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let start = match bytes.first_chunk::<8>() {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => bytes
            .iter()
            .fold(0, |tag, byte| tag << 8 | u64::from(*byte)),
    };
    start ^ (bytes.len() as u64) << 58
}

/// Arguments bound to the parameters of a native function.
pub struct Bound<'a> {
    signature: &'a Signature,
    values: SmallVec<[Value; 8]>,
    rest: Vec<Value>,
    keywords: Vec<(Str, Value)>,
}

impl Signature {
    /// A signature of `parameters`.
    pub fn new(qualname: String, counts_self: bool, parameters: Vec<Parameter>) -> Self {
        use ParameterKind::{PositionalOnly, PositionalOrKeyword, VarKeyword, VarPositional};
        let positional = parameters
            .iter()
            .filter(|p| matches!(p.kind, PositionalOnly | PositionalOrKeyword))
            .count();
        let required = parameters
            .iter()
            .filter(|p| matches!(p.kind, PositionalOnly | PositionalOrKeyword) && !p.has_default)
            .count();
        Self {
            has_rest: parameters.iter().any(|p| p.kind == VarPositional),
            has_keyword_rest: parameters.iter().any(|p| p.kind == VarKeyword),
            tags: parameters.iter().map(|p| name_tag(&p.name)).collect(),
            asks_keyword: parameters
                .iter()
                .any(|p| p.kind == ParameterKind::KeywordOnly && !p.has_default),
            c_style: false,
            qualname,
            counts_self,
            parameters,
            positional,
            required,
        }
    }

    /// Read a native signature such as `get(entity, ident, *, options=None)`. `owner` is the
    /// class it is a method of.
    pub fn parse(text: &str, owner: Option<&str>) -> Self {
        let open = text.find('(').unwrap_or(text.len());
        let name = &text[..open];
        let inner = text
            .get(open + 1..text.len().saturating_sub(1))
            .unwrap_or("");
        let mut parameters: Vec<Parameter> = Vec::new();
        let mut keyword_only = false;
        let mut c_style = false;
        for part in split_parameters(inner) {
            let (declared, default) = match part.split_once('=') {
                Some((name, default)) => (name, Some(default.to_owned())),
                None => (part, None),
            };
            let kind = match declared {
                "/" => {
                    c_style = true;
                    for parameter in &mut parameters {
                        parameter.kind = ParameterKind::PositionalOnly;
                    }
                    continue;
                }
                "*" => {
                    keyword_only = true;
                    continue;
                }
                _ if declared.starts_with("**") => ParameterKind::VarKeyword,
                _ if declared.starts_with('*') => {
                    keyword_only = true;
                    ParameterKind::VarPositional
                }
                _ if keyword_only => ParameterKind::KeywordOnly,
                _ => ParameterKind::PositionalOrKeyword,
            };
            parameters.push(Parameter {
                name: Str::new(declared.trim_start_matches('*')),
                kind,
                has_default: default.is_some(),
                default_text: default,
            });
        }
        let qualname = owner.map_or_else(|| name.to_owned(), |owner| format!("{owner}.{name}"));
        let mut signature = Self::new(qualname, owner.is_some(), parameters);
        signature.c_style = c_style;
        signature
    }

    /// The function's own name.
    pub fn name(&self) -> &str {
        self.qualname.rsplit('.').next().unwrap_or(&self.qualname)
    }

    /// Bind `args`; the values of parameters not given are `Undefined`.
    pub fn bind(&self, args: Args) -> Result<Bound<'_>> {
        if args.kw.is_empty() && self.fits(&args.pos) {
            return Ok(self.bind_positional(args.pos.into_iter()));
        }
        self.bind_all(args)
    }
    /// Bind positional arguments where they are held.
    pub fn bind_drained(&self, arguments: Drain<'_, Value>) -> Result<Bound<'_>> {
        if self.fits(arguments.as_slice()) {
            return Ok(self.bind_positional(arguments));
        }
        self.bind_all(Args::positional(arguments))
    }

    /// Whether positional arguments alone are all that is needed, and no more than is taken.
    fn fits(&self, arguments: &[Value]) -> bool {
        let given = arguments.len();
        let fits = given >= self.required && (given <= self.positional || self.has_rest);
        fits && !self.asks_keyword && !arguments[..self.required].iter().any(Value::is_undefined)
    }

    fn bind_positional(&self, mut arguments: impl Iterator<Item = Value>) -> Bound<'_> {
        let mut values = SmallVec::new();
        for at in 0..self.parameters.len() {
            let given = if at < self.positional {
                arguments.next()
            } else {
                None
            };
            values.push(given.unwrap_or(Value::Undefined));
        }
        Bound {
            signature: self,
            values,
            rest: arguments.collect(),
            keywords: Vec::new(),
        }
    }

    fn bind_all(&self, args: Args) -> Result<Bound<'_>> {
        let mut values: SmallVec<[Value; 8]> = SmallVec::with_capacity(self.parameters.len());
        let given = args.pos.len();
        let mut rest = Vec::new();
        let mut position = 0;
        let mut arguments = args.pos.into_iter();
        for parameter in &self.parameters {
            values.push(match parameter.kind {
                ParameterKind::PositionalOnly | ParameterKind::PositionalOrKeyword => {
                    position += 1;
                    arguments.next().unwrap_or(Value::Undefined)
                }
                _ => Value::Undefined,
            });
        }
        if given > position {
            if !self.has_rest {
                return Err(if self.c_style {
                    self.wrong_count(given)
                } else {
                    self.too_many(given, &args.kw)
                });
            }
            rest.extend(arguments);
        }
        let mut keywords = Vec::new();
        for (name, value) in args.kw {
            match self.keyword_index(&name) {
                Some(index) if values[index].is_undefined() => values[index] = value,
                Some(_) => {
                    return Err(TYPE_ERROR.error(format!(
                        "{}() got multiple values for argument '{name}'",
                        self.qualname
                    )));
                }
                None if self.has_keyword_rest => keywords.push((name, value)),
                None => return Err(self.unexpected_keyword(&name)),
            }
        }
        if self.c_style && given < self.required {
            return Err(self.wrong_count(given));
        }
        self.check_required(&values)?;
        Ok(Bound {
            signature: self,
            values,
            rest,
            keywords,
        })
    }

    /// The index of the parameter `name`.
    fn position(&self, name: &str) -> Option<usize> {
        let tag = name_tag(name);
        let mut tags = self.tags.iter().enumerate();
        tags.find(|(at, known)| **known == tag && self.parameters[*at].name == *name)
            .map(|(at, _)| at)
    }
    /// The index of the parameter that keyword `name` fills.
    pub fn keyword_index(&self, name: &str) -> Option<usize> {
        self.position(name).filter(|at| {
            matches!(
                self.parameters[*at].kind,
                ParameterKind::PositionalOrKeyword | ParameterKind::KeywordOnly
            )
        })
    }

    fn check_required(&self, values: &[Value]) -> Result<()> {
        let mut all = self.parameters.iter().zip(values);
        if all.all(|(p, value)| p.has_default || !value.is_undefined()) {
            return Ok(());
        }
        let missing = |keyword_only: bool| -> Vec<&str> {
            self.parameters
                .iter()
                .zip(values)
                .filter(|(p, value)| {
                    !p.has_default
                        && value.is_undefined()
                        && match p.kind {
                            ParameterKind::KeywordOnly => keyword_only,
                            ParameterKind::VarPositional | ParameterKind::VarKeyword => false,
                            _ => !keyword_only,
                        }
                })
                .map(|(p, _)| p.name.as_str())
                .collect()
        };
        for (keyword_only, what) in [(false, "positional"), (true, "keyword-only")] {
            let names = missing(keyword_only);
            if !names.is_empty() {
                return Err(self.missing(&names, what));
            }
        }
        Ok(())
    }

    fn unexpected_keyword(&self, name: &str) -> Raised {
        let takes_some = self.parameters.iter().any(|p| {
            matches!(
                p.kind,
                ParameterKind::PositionalOrKeyword | ParameterKind::KeywordOnly
            )
        });
        let raised = TYPE_ERROR.error(match (self.c_style, takes_some) {
            (true, false) => format!("{}() takes no keyword arguments", self.qualname),
            (true, true) => format!(
                "'{name}' is an invalid keyword argument for {}()",
                self.name()
            ),
            (false, _) => format!(
                "{}() got an unexpected keyword argument '{name}'",
                self.qualname
            ),
        });
        raised.misspelt(name, self.parameters.iter().map(|p| p.name.as_str()))
    }

    /// The TypeError for a wrong number of arguments, as CPython's own functions word it.
    fn wrong_count(&self, given: usize) -> Raised {
        let only = self.parameters.len() == self.positional;
        TYPE_ERROR.error(match (self.required, self.positional) {
            (_, 0) => format!("{}() takes no arguments ({given} given)", self.qualname),
            (1, 1) if only => format!(
                "{}() takes exactly one argument ({given} given)",
                self.qualname
            ),
            (least, most) => {
                let (how, count) = if least == most {
                    ("", most)
                } else if given < least {
                    ("at least ", least)
                } else {
                    ("at most ", most)
                };
                let plural = if count == 1 { "" } else { "s" };
                format!(
                    "{} expected {how}{count} argument{plural}, got {given}",
                    self.name()
                )
            }
        })
    }

    /// The TypeError for arguments that were not given.
    pub fn missing(&self, names: &[&str], what: &str) -> Raised {
        let quoted: Vec<_> = names.iter().map(|name| format!("'{name}'")).collect();
        let list = match quoted.as_slice() {
            [one] => one.clone(),
            [one, two] => format!("{one} and {two}"),
            [first @ .., last] => format!("{}, and {last}", first.join(", ")),
            [] => String::new(),
        };
        let plural = if names.len() == 1 { "" } else { "s" };
        TYPE_ERROR.error(format!(
            "{}() missing {} required {what} argument{plural}: {list}",
            self.qualname,
            names.len()
        ))
    }

    /// The TypeError for `given` positional arguments where fewer are taken.
    pub fn too_many(&self, given: usize, kw: &[(Str, Value)]) -> Raised {
        let own = usize::from(self.counts_self);
        let (given, most, least) = (given + own, self.positional + own, self.required + own);
        let takes = if least == most {
            format!("{most}")
        } else {
            format!("from {least} to {most}")
        };
        let plural = if most == 1 && least == most { "" } else { "s" };
        let keyword_only = kw
            .iter()
            .filter(|(name, _)| {
                self.keyword_index(name)
                    .is_some_and(|i| self.parameters[i].kind == ParameterKind::KeywordOnly)
            })
            .count();
        let was = if given == 1 && keyword_only == 0 {
            "was"
        } else {
            "were"
        };
        let extra = if keyword_only > 0 {
            format!(
                " positional argument{} (and {keyword_only} keyword-only argument{})",
                if given == 1 { "" } else { "s" },
                if keyword_only == 1 { "" } else { "s" }
            )
        } else {
            String::new()
        };
        TYPE_ERROR.error(format!(
            "{}() takes {takes} positional argument{plural} but {given}{extra} {was} given",
            self.qualname
        ))
    }
}

fn split_parameters(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start, mut quoted) = (Vec::new(), 0_i32, 0, false);
    for (at, c) in text.char_indices() {
        match c {
            '\'' | '"' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => depth -= 1,
            ',' if depth == 0 && !quoted => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

impl Bound<'_> {
    fn index(&self, name: &str) -> usize {
        let position = self.signature.position(name);
        position.expect("a native function names its own parameters")
    }
    /// The argument of parameter `name`; `Undefined` where it was not given.
    pub fn value(&self, name: &str) -> &Value {
        &self.values[self.index(name)]
    }
    /// The argument at parameter index `index`; `Undefined` where it was not given.
    pub fn at(&self, index: usize) -> &Value {
        &self.values[index]
    }
    /// The arguments, one a parameter; `Undefined` where none was given.
    pub fn values(&self) -> &[Value] {
        &self.values
    }
    /// Whether the function has a parameter `name` at all.
    pub fn has(&self, name: &str) -> bool {
        self.signature.position(name).is_some()
    }
    /// The argument, if it was given (perhaps as `None`).
    pub fn given(&self, name: &str) -> Option<&Value> {
        Some(self.value(name)).filter(|value| !value.is_undefined())
    }
    /// The argument, if it was given and is not `None`.
    pub fn some(&self, name: &str) -> Option<&Value> {
        self.given(name).filter(|value| !value.is_none())
    }
    /// The argument at `index`, if it was given and is not `None`.
    pub fn some_at(&self, index: usize) -> Option<&Value> {
        Some(self.at(index)).filter(|value| !value.is_undefined() && !value.is_none())
    }
    /// The argument of a flag, by Python's truth for the plain types.
    pub fn flag(&self, name: &str, default: bool) -> bool {
        match self.value(name) {
            Value::Undefined => default,
            Value::None => false,
            Value::Bool(flag) => *flag,
            Value::Int(number) => *number != 0,
            Value::Str(text) => !text.is_empty(),
            _ => true,
        }
    }
    /// What `*args` collected.
    pub fn rest(&self) -> &[Value] {
        &self.rest
    }
    /// What `**kwargs` collected.
    pub fn keywords(&self) -> &[(Str, Value)] {
        &self.keywords
    }
    /// The argument as text; TypeError otherwise.
    pub fn text(&self, name: &str) -> Result<&str> {
        self.value(name).as_str().ok_or_else(|| {
            TYPE_ERROR.error(format!(
                "{}() argument '{name}' must be str",
                self.signature.qualname
            ))
        })
    }
}
