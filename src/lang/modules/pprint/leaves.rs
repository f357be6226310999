//! What `pprint` lays out in ways of its own: texts, bytes, deques, named containers, fields.

use super::super::dataclasses;
use super::Layout;
use crate::object::types::{self, class_of, dict};
use crate::object::{Cx, Result, Str, Value};

impl Layout {
    /// `OrderedDict([...])`, `defaultdict(...)`, `Counter({...})`.
    pub(super) fn write_named(
        &self,
        value: &Value,
        base: &Value,
        (indent, allowance, level): (usize, usize, usize),
        out: &mut String,
        cx: &Cx,
    ) -> Result<()> {
        let class = class_of(value, cx);
        let name = class.name();
        let prefix = name.chars().count() + 1;
        match (name.as_str(), base) {
            ("OrderedDict", Value::Dict(found)) => {
                out.push_str(&format!("{name}(["));
                let entries = dict::entries(found);
                for (at, (key, item)) in entries.iter().enumerate() {
                    if at > 0 {
                        out.push_str(&format!(",\n{}", " ".repeat(indent + prefix + 1)));
                    }
                    let key = self.repr(key, level, cx)?;
                    out.push_str(&format!("({key}, "));
                    let column = indent + prefix + key.chars().count() + 4;
                    let kept = if at + 1 == entries.len() {
                        allowance + 3
                    } else {
                        1
                    };
                    self.write(item, column, kept, level, out, cx)?;
                    out.push(')');
                }
                out.push_str("])");
                Ok(())
            }
            ("defaultdict", Value::Dict(found)) => {
                let factory = cx.repr(&cx.get_attr(value, "default_factory")?)?;
                let column = indent + prefix;
                out.push_str(&format!("{name}({factory},\n{}", " ".repeat(column)));
                let entries = self.entries(found, cx)?;
                self.write_dict(&entries, (column, allowance + 1, level), out, cx)?;
                out.push(')');
                Ok(())
            }
            ("Counter", Value::Dict(_)) => {
                let mut entries = Vec::new();
                for pair in cx.collect(&cx.call_method(value, "most_common", [])?)? {
                    if let [key, count] = cx.collect(&pair)?.as_slice() {
                        entries.push((key.clone(), count.clone()));
                    }
                }
                out.push_str(&format!("{name}("));
                self.write_dict(&entries, (indent + prefix, allowance + 1, level), out, cx)?;
                out.push(')');
                Ok(())
            }
            _ => {
                out.push_str(&cx.repr(value)?);
                Ok(())
            }
        }
    }

    pub(super) fn write_fields(
        &self,
        value: &Value,
        (indent, allowance, level): (usize, usize, usize),
        out: &mut String,
        cx: &Cx,
    ) -> Result<()> {
        let name = class_of(value, cx).name();
        let fields = dataclasses::shown_fields(value);
        self.write_named_fields(&name, fields, value, (indent, allowance, level), out, cx)
    }

    pub(super) fn write_named_fields(
        &self,
        name: &str,
        fields: Vec<Str>,
        value: &Value,
        (indent, allowance, level): (usize, usize, usize),
        out: &mut String,
        cx: &Cx,
    ) -> Result<()> {
        let column = indent + name.chars().count() + 1;
        out.push_str(&format!("{name}("));
        for (at, field) in fields.iter().enumerate() {
            if at > 0 {
                out.push_str(&format!(",\n{}", " ".repeat(column)));
            }
            let held = cx.get_attr(value, field)?;
            out.push_str(&format!("{field}="));
            let kept = if at + 1 == fields.len() {
                allowance + 1
            } else {
                1
            };
            let place = column + field.chars().count() + 1;
            self.write(&held, place, kept, level, out, cx)?;
        }
        out.push(')');
        Ok(())
    }

    pub(super) fn write_deque(
        &self,
        value: &Value,
        (indent, allowance, level): (usize, usize, usize),
        out: &mut String,
        cx: &Cx,
    ) -> Result<()> {
        let items = cx.collect(value)?;
        let most = cx.get_attr(value, "maxlen")?;
        let column = indent + "deque(".len();
        out.push_str("deque(");
        if most.is_none() {
            out.push('[');
            self.items(&items, (column, allowance + 2, level), out, cx)?;
            out.push_str("])");
        } else {
            out.push('[');
            self.items(&items, (column, 2, level), out, cx)?;
            let most = cx.repr(&most)?;
            out.push_str(&format!("],\n{}maxlen={most})", " ".repeat(column)));
        }
        Ok(())
    }

    /// Long bytes in pieces of fours.
    pub(super) fn write_bytes(
        &self,
        bytes: &[u8],
        (indent, allowance, level): (usize, usize, usize),
        out: &mut String,
        cx: &Cx,
    ) -> Result<()> {
        let top = level == 1;
        let (indent, allowance) = if top {
            (indent + 1, allowance + 1)
        } else {
            (indent, allowance)
        };
        let shown = |bytes: &[u8]| cx.repr(&Value::Bytes(std::rc::Rc::new(bytes.to_vec())));
        let mut room = self.width.saturating_sub(indent);
        let (mut pieces, mut start) = (Vec::new(), 0);
        for at in (0..bytes.len()).step_by(4) {
            let end = (at + 4).min(bytes.len());
            if at == bytes.len() / 4 * 4 {
                room = room.saturating_sub(allowance);
            }
            if shown(&bytes[start..end])?.len() > room {
                if start < at {
                    pieces.push(shown(&bytes[start..at])?);
                }
                start = at;
            }
        }
        if start < bytes.len() {
            pieces.push(shown(&bytes[start..])?);
        }
        let joined = pieces.join(&format!("\n{}", " ".repeat(indent)));
        out.push_str(&if top { format!("({joined})") } else { joined });
        Ok(())
    }

    /// A long text in pieces, broken behind white space.
    pub(super) fn write_str(
        &self,
        text: &str,
        (indent, allowance, level): (usize, usize, usize),
        out: &mut String,
        cx: &Cx,
    ) -> Result<()> {
        let lines = split_keeping_ends(text);
        // At the top level pieces stand in parentheses.
        let top = level == 1;
        let (indent, allowance) = if top {
            (indent + 1, allowance + 1)
        } else {
            (indent, allowance)
        };
        let mut pieces = Vec::new();
        for (at, line) in lines.iter().enumerate() {
            let last = at + 1 == lines.len();
            let room = self.width.saturating_sub(indent);
            let limit = if last {
                room.saturating_sub(allowance)
            } else {
                room
            };
            let whole = cx.repr(&Value::from(*line))?;
            if whole.chars().count() <= limit {
                pieces.push(whole);
                continue;
            }
            let words = split_words(line);
            let mut current = String::new();
            for (at_word, word) in words.iter().enumerate() {
                let candidate = format!("{current}{word}");
                let limit = if last && at_word + 1 == words.len() {
                    room.saturating_sub(allowance)
                } else {
                    room
                };
                let shown = cx.repr(&Value::from(candidate.as_str()))?;
                if shown.chars().count() > limit && !current.is_empty() {
                    pieces.push(cx.repr(&Value::from(current.as_str()))?);
                    current = (*word).to_owned();
                } else {
                    current = candidate;
                }
            }
            if !current.is_empty() {
                pieces.push(cx.repr(&Value::from(current.as_str()))?);
            }
        }
        if let [one] = pieces.as_slice() {
            out.push_str(one);
            return Ok(());
        }
        let separator = format!("\n{}", " ".repeat(indent));
        let joined = pieces.join(&separator);
        out.push_str(&if top { format!("({joined})") } else { joined });
        Ok(())
    }
}

fn split_keeping_ends(text: &str) -> Vec<&str> {
    types::split_lines(text, true)
}

/// Words with the white space behind them.
fn split_words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    let mut in_space = false;
    for (at, c) in line.char_indices() {
        if in_space && !c.is_whitespace() {
            words.push(&line[start..at]);
            start = at;
        }
        in_space = c.is_whitespace();
    }
    if start < line.len() {
        words.push(&line[start..]);
    }
    words
}
