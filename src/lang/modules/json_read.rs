//! `json.loads`: reading, with CPython's messages and positions.

use std::rc::Rc;

use super::json::JSON_DECODE_ERROR;
use crate::object::exceptions::TYPE_ERROR;
use crate::object::types::{class_of, int};
use crate::object::{Bound, Cx, Dict, Raised, Result, Value};

/// What a caller wants done with what is read.
#[derive(Default)]
pub struct Hooks {
    object: Option<Value>,
    pairs: Option<Value>,
    float: Option<Value>,
    int: Option<Value>,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    hooks: &'a Hooks,
    cx: &'a Cx,
}

/// `json.loads`.
pub fn loads(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let hooks = Hooks {
        object: a.some("object_hook").cloned(),
        pairs: a.some("object_pairs_hook").cloned(),
        float: a.some("parse_float").cloned(),
        int: a.some("parse_int").cloned(),
    };
    if let Some(class) = a.some("cls") {
        let decoder = cx.call(class, [])?;
        return cx.call_method(&decoder, "decode", [a.value("s").clone()]);
    }
    match a.value("s") {
        Value::Str(text) => parse(text, &hooks, cx),
        Value::Bytes(bytes) => {
            let text = crate::object::types::bytes::decode(bytes, None, None)?;
            parse(&text, &hooks, cx)
        }
        other => Err(TYPE_ERROR.error(format!(
            "the JSON object must be str, bytes or bytearray, not {}",
            class_of(other, cx).name()
        ))),
    }
}

/// The value of a JSON text.
pub fn parse(text: &str, hooks: &Hooks, cx: &Cx) -> Result<Value> {
    let mut reader = Reader {
        text,
        at: 0,
        hooks,
        cx,
    };
    reader.skip_space();
    let value = reader.value()?;
    reader.skip_space();
    if reader.at < text.len() {
        return Err(reader.error("Extra data", reader.at));
    }
    Ok(value)
}

impl Reader<'_> {
    fn error(&self, message: &str, at: usize) -> Raised {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before[line_start..].chars().count() + 1;
        let position = before.chars().count();
        let number = |number: usize| i64::try_from(number).unwrap_or(0);
        JSON_DECODE_ERROR
            .error(format!(
                "{message}: line {line} column {column} (char {position})"
            ))
            .with("msg", message)
            .with("doc", self.text)
            .with("pos", number(position))
            .with("lineno", number(line))
            .with("colno", number(column))
    }
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }
    fn take_word(&mut self, word: &str) -> bool {
        let found = self.text[self.at..].starts_with(word);
        if found {
            self.at += word.len();
        }
        found
    }

    fn value(&mut self) -> Result<Value> {
        let _depth = self.cx.enter()?;
        match self.peek() {
            Some(b'"') => {
                self.at += 1;
                self.string().map(Value::from)
            }
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => {
                let words = [
                    ("null", Value::None),
                    ("true", Value::Bool(true)),
                    ("false", Value::Bool(false)),
                    ("NaN", Value::Float(f64::NAN)),
                    ("Infinity", Value::Float(f64::INFINITY)),
                ];
                for (word, value) in words {
                    if self.take_word(word) {
                        return Ok(value);
                    }
                }
                Err(self.error("Expecting value", self.at))
            }
        }
    }

    fn number(&mut self) -> Result<Value> {
        let start = self.at;
        if self.take_word("-Infinity") {
            return Ok(Value::Float(f64::NEG_INFINITY));
        }
        let digits = |reader: &mut Self| {
            let from = reader.at;
            while matches!(reader.peek(), Some(b'0'..=b'9')) {
                reader.at += 1;
            }
            reader.at - from
        };
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else if digits(self) == 0 {
            return Err(self.error("Expecting value", start));
        }
        let mut whole = true;
        let kept = self.at;
        if self.peek() == Some(b'.') {
            self.at += 1;
            if digits(self) == 0 {
                self.at = kept;
            } else {
                whole = false;
            }
        }
        let kept = self.at;
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if digits(self) == 0 {
                self.at = kept;
            } else {
                whole = false;
            }
        }
        let text = &self.text[start..self.at];
        let hook = if whole {
            &self.hooks.int
        } else {
            &self.hooks.float
        };
        if let Some(hook) = hook {
            return self.cx.call(hook, [Value::from(text)]);
        }
        if whole {
            return Ok(int::parse(text, 10).unwrap_or(Value::Int(0)));
        }
        Ok(Value::Float(text.parse().unwrap_or(0.0)))
    }

    /// The text behind an opening quote.
    fn string(&mut self) -> Result<String> {
        let begin = self.at - 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(c) = rest.chars().next() else {
                return Err(self.error("Unterminated string starting at", begin));
            };
            match c {
                '"' => {
                    self.at += 1;
                    return Ok(out);
                }
                '\\' => {
                    self.at += 1;
                    out.push(self.escape(begin)?);
                }
                c if c < ' ' => return Err(self.error("Invalid control character at", self.at)),
                c => {
                    out.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
    }

    fn escape(&mut self, begin: usize) -> Result<char> {
        let Some(c) = self.text[self.at..].chars().next() else {
            return Err(self.error("Unterminated string starting at", begin));
        };
        let plain = match c {
            '"' | '\\' | '/' => c,
            'b' => '\x08',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let unit = self.unit()?;
                if (0xd800..0xdc00).contains(&unit) && self.text[self.at..].starts_with("\\u") {
                    self.at += 1;
                    let low = self.unit()?;
                    let pair = char::decode_utf16([unit, low]).next();
                    return Ok(pair.and_then(std::result::Result::ok).unwrap_or('\u{fffd}'));
                }
                return Ok(char::from_u32(u32::from(unit)).unwrap_or('\u{fffd}'));
            }
            _ => return Err(self.error("Invalid \\escape", self.at - 1)),
        };
        self.at += 1;
        Ok(plain)
    }

    fn unit(&mut self) -> Result<u16> {
        let digits = self.text.get(self.at + 1..self.at + 5);
        let unit = digits
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|digits| u16::from_str_radix(digits, 16).ok());
        match unit {
            Some(unit) => {
                self.at += 5;
                Ok(unit)
            }
            None => Err(self.error("Invalid \\uXXXX escape", self.at)),
        }
    }

    fn array(&mut self) -> Result<Value> {
        self.at += 1;
        self.skip_space();
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::list(items));
        }
        loop {
            items.push(self.value()?);
            self.skip_space();
            match self.peek() {
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::list(items));
                }
                Some(b',') => self.at += 1,
                _ => return Err(self.error("Expecting ',' delimiter", self.at)),
            }
            self.skip_space();
        }
    }

    fn object(&mut self) -> Result<Value> {
        self.at += 1;
        self.skip_space();
        let mut pairs: Vec<(String, Value)> = Vec::new();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return self.finish(pairs);
        }
        loop {
            if self.peek() != Some(b'"') {
                let message = "Expecting property name enclosed in double quotes";
                return Err(self.error(message, self.at));
            }
            self.at += 1;
            let key = self.string()?;
            self.skip_space();
            if self.peek() != Some(b':') {
                return Err(self.error("Expecting ':' delimiter", self.at));
            }
            self.at += 1;
            self.skip_space();
            pairs.push((key, self.value()?));
            self.skip_space();
            match self.peek() {
                Some(b'}') => {
                    self.at += 1;
                    return self.finish(pairs);
                }
                Some(b',') => self.at += 1,
                _ => return Err(self.error("Expecting ',' delimiter", self.at)),
            }
            self.skip_space();
        }
    }

    fn finish(&self, pairs: Vec<(String, Value)>) -> Result<Value> {
        if let Some(hook) = &self.hooks.pairs {
            let pairs = pairs
                .into_iter()
                .map(|(key, value)| Value::tuple(vec![key.into(), value]))
                .collect();
            return self.cx.call(hook, [Value::list(pairs)]);
        }
        let dict = Value::Dict(Rc::new(Dict::from_pairs(pairs)));
        match &self.hooks.object {
            Some(hook) => self.cx.call(hook, [dict]),
            None => Ok(dict),
        }
    }
}
