//! Constraints read out of the text of a CREATE TABLE, where the PRAGMAs do not tell them.

use std::sync::LazyLock;

use regex::Regex;

use crate::object::Str;
use crate::util::Compat;

macro_rules! patterns {
    ($($name:ident = $pattern:expr;)*) => {
        $(static $name: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new($pattern).ok());)*
    };
}

patterns! {
    PRIMARY_KEY = r#"(?i)CONSTRAINT\s+(?:"(.+?)"|(\w+))\s+PRIMARY\s+KEY"#;
    COLUMNS = r#"(?i)(?:"(.+?)")|([a-z0-9_]+)"#;
    UNIQUE = r#"(?i)(?:CONSTRAINT\s+(?:"(.+?)"|(\w+))\s+)?UNIQUE\s*\((.+?)\)"#;
    UNIQUE_14 = r#"(?i)(?:CONSTRAINT "?(.+?)"? +)?UNIQUE *\((.+?)\)"#;
    INLINE_UNIQUE = r#"(?i)(?:(".+?")|(?:[\[`])?([a-z0-9_]+)(?:[\]`])?)[\t ]+[a-z0-9_]+(?:[\t ]+[a-z0-9_]+)*?[\t ]+UNIQUE"#;
    CHECK = r#"(?i)(?:CONSTRAINT\s+("(?:[^"]|"")+"|'(?:[^']|'')+'|\[(?:[^\]]|\]\])+\]|`(?:[^`]|``)+`|\S+)\s+)?CHECK\s*\("#;
    CHECK_14 = r"(?i)(?:CONSTRAINT (.+) +)?CHECK *\( *(.+) *\),? *";
    FOREIGN_KEY = r#"(?i)(?:CONSTRAINT\s+(?:"(.+?)"|(\w+))\s+)?FOREIGN\s+KEY\s*\(\s*(.+?)\s*\)\s*REFERENCES\s+(?:(?:"(.+?)")|([a-z0-9_]+))\s*\(\s*((?:(?:"[^"]+"|[a-z0-9_]+)\s*(?:,\s*)?)+)\)\s*((?:ON\s+(?:DELETE|UPDATE)\s+(?:SET\s+NULL|SET\s+DEFAULT|CASCADE|RESTRICT|NO\s+ACTION)\s*)*)((?:NOT\s+)?DEFERRABLE)?(?:\s+INITIALLY\s+(DEFERRED|IMMEDIATE))?"#;
    COMPUTED = r"(?i)[^,]*\s+GENERATED\s+ALWAYS\s+AS\s+\((.*)\)\s*(?:virtual|stored)?";
    PARTIAL = r"(?is)\)\s+where\s+(.+)";
}

fn columns_in(text: &str) -> Vec<Str> {
    let Some(pattern) = COLUMNS.as_ref() else {
        return Vec::new();
    };
    pattern
        .captures_iter(text)
        .filter_map(|found| found.get(1).or_else(|| found.get(2)))
        .map(|part| Str::new(part.as_str()))
        .collect()
}

/// The name of the PRIMARY KEY constraint.
pub(super) fn primary_key_name(sql: &str) -> Option<Str> {
    let found = PRIMARY_KEY.as_ref()?.captures(sql)?;
    let name = found.get(1).or_else(|| found.get(2))?;
    Some(Str::new(name.as_str()))
}

/// The UNIQUE constraints: name and columns.
pub(super) fn uniques(sql: &str, compat: Compat) -> Vec<(Option<Str>, Vec<Str>)> {
    let mut all = Vec::new();
    if compat.is_14() {
        // A name reaches back to the first CONSTRAINT of its line.
        let found = UNIQUE_14.as_ref().map(|pattern| pattern.captures_iter(sql));
        all.extend(found.into_iter().flatten().map(|found| {
            let columns = found.get(2).map_or("", |part| part.as_str());
            let name = found.get(1).map(|name| Str::new(name.as_str()));
            (name, columns_in(columns))
        }));
    } else if let Some(pattern) = UNIQUE.as_ref() {
        for found in pattern.captures_iter(sql) {
            let name = found.get(1).or_else(|| found.get(2));
            let columns = found.get(3).map_or("", |part| part.as_str());
            all.push((
                name.map(|name| Str::new(name.as_str())),
                columns_in(columns),
            ));
        }
    }
    if let Some(pattern) = INLINE_UNIQUE.as_ref() {
        for found in pattern.captures_iter(sql) {
            let column = found.get(1).or_else(|| found.get(2));
            all.push((None, columns_in(column.map_or("", |part| part.as_str()))));
        }
    }
    all
}

/// The CHECK constraints: condition and name.
pub(super) fn checks(sql: &str) -> Vec<(Str, Option<Str>)> {
    let Some(pattern) = CHECK.as_ref() else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for found in pattern.captures_iter(sql) {
        let Some(whole) = found.get(0) else {
            continue;
        };
        let word_before = sql[..whole.start()]
            .chars()
            .next_back()
            .is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        if word_before {
            continue;
        }
        let Some(close) = matching_parenthesis(sql, whole.end() - 1) else {
            continue;
        };
        let name = found.get(1).map(|name| Str::new(unquoted(name.as_str())));
        all.push((Str::new(sql[whole.end()..close].trim()), name));
    }
    all
}

/// The CHECK constraints as 1.4 reads them: one a line, to the last parenthesis of the line.
pub(super) fn checks_by_line(sql: &str) -> Vec<(Str, Option<Str>)> {
    let Some(pattern) = CHECK_14.as_ref() else {
        return Vec::new();
    };
    let text = |part: regex::Match<'_>| {
        let part = part.as_str();
        let part = part.strip_prefix('"').unwrap_or(part);
        Str::new(part.strip_suffix('"').unwrap_or(part))
    };
    pattern
        .captures_iter(sql)
        .filter_map(|found| Some((Str::new(found.get(2)?.as_str()), found.get(1).map(text))))
        .collect()
}

fn unquoted(name: &str) -> &str {
    for (open, close) in [('"', '"'), ('\'', '\''), ('`', '`'), ('[', ']')] {
        if let Some(inner) = name
            .strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close))
        {
            return inner;
        }
    }
    name
}

/// Where the parenthesis that opens at `open` closes.
fn matching_parenthesis(sql: &str, open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    for (at, c) in sql[open..].char_indices() {
        match (quote, c) {
            (Some(mark), _) if c == mark => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(open + at);
                }
            }
            _ => {}
        }
    }
    None
}

/// A FOREIGN KEY as the text has it.
pub(super) struct ParsedForeignKey {
    pub name: Option<Str>,
    pub columns: Vec<Str>,
    pub table: Str,
    pub referred: Vec<Str>,
    pub ondelete: Option<Str>,
    pub onupdate: Option<Str>,
    pub deferrable: Option<bool>,
    pub initially: Option<Str>,
}

/// The FOREIGN KEY constraints.
pub(super) fn foreign_keys(sql: &str) -> Vec<ParsedForeignKey> {
    let Some(pattern) = FOREIGN_KEY.as_ref() else {
        return Vec::new();
    };
    let text =
        |found: &regex::Captures<'_>, at: usize| found.get(at).map(|part| Str::new(part.as_str()));
    pattern
        .captures_iter(sql)
        .map(|found| {
            let actions = text(&found, 7).map_or(String::new(), |text| text.to_uppercase());
            let actions = actions.split_whitespace().collect::<Vec<_>>().join(" ");
            let action = |word: &str| {
                let rest = actions.split(&format!("ON {word} ")).nth(1)?;
                let rest = rest.split(" ON ").next().unwrap_or(rest).trim();
                (!rest.is_empty() && rest != "NO ACTION").then(|| Str::new(rest))
            };
            ParsedForeignKey {
                name: text(&found, 1).or_else(|| text(&found, 2)),
                columns: columns_in(found.get(3).map_or("", |part| part.as_str())),
                table: text(&found, 4)
                    .or_else(|| text(&found, 5))
                    .unwrap_or_else(|| Str::new("")),
                referred: columns_in(found.get(6).map_or("", |part| part.as_str())),
                ondelete: action("DELETE"),
                onupdate: action("UPDATE"),
                deferrable: text(&found, 8).map(|word| !word.to_uppercase().contains("NOT")),
                initially: text(&found, 9).map(|word| Str::new(word.to_uppercase())),
            }
        })
        .collect()
}

/// The expression of the generated column `name`.
pub(super) fn computed_text(sql: &str, name: &str) -> Str {
    let open = sql.find('(').map_or(0, |at| at + 1);
    let body = sql[open..].trim_end();
    let body = body.strip_suffix(')').unwrap_or(body);
    let Some(at) = body.find(name) else {
        return Str::new("");
    };
    let rest = &body[at + name.len()..];
    let line = rest.split(",\n").next().unwrap_or(rest);
    let line = line.split(", \n").next().unwrap_or(line);
    let found = COMPUTED.as_ref().and_then(|pattern| pattern.captures(line));
    found
        .and_then(|found| found.get(1))
        .map_or_else(|| Str::new(""), |part| Str::new(part.as_str()))
}

/// The condition of a partial index.
pub(super) fn partial_condition(sql: &str) -> Option<Str> {
    let found = PARTIAL.as_ref()?.captures(sql)?;
    found.get(1).map(|part| Str::new(part.as_str()))
}
