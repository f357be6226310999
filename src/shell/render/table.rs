//! Rows as a table: the first twenty, how many more, and a footer with the count.

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use nu_ansi_term::Style;

use super::value::instance_row;
use crate::object::{Cx, RowView, Value};

/// How many rows are shown.
const SHOWN: usize = 20;
/// How many characters of a value are shown.
const WIDEST: usize = 60;
/// What stands for a value that is not in memory: it was never read, or has expired.
const UNLOADED: &str = "…";

/// Collects rows; keeps no more than are shown.
pub(in crate::shell) struct RowTable {
    columns: Vec<String>,
    rows: Vec<Vec<Cell>>,
    count: usize,
    partly: bool,
    /// Whether a value of a row is not in memory.
    unloaded: bool,
}

impl RowTable {
    /// A table with these column headings.
    pub(in crate::shell) fn new(columns: Vec<String>) -> Self {
        Self {
            columns,
            rows: Vec::new(),
            count: 0,
            partly: false,
            unloaded: false,
        }
    }
    /// Add a row.
    pub(in crate::shell) fn push(&mut self, values: &[Value], color: bool, cx: &Cx) {
        self.count += 1;
        self.unloaded |= values.iter().any(|value| matches!(value, Value::Undefined));
        if self.rows.len() < SHOWN {
            self.rows
                .push(values.iter().map(|value| cell(value, color, cx)).collect());
        }
    }
    /// Whether it has no rows.
    pub(in crate::shell) fn is_empty(&self) -> bool {
        self.count == 0
    }
    /// Say in the footer whether only these rows were fetched.
    pub(in crate::shell) fn fetched(mut self, partly: bool) -> Self {
        self.partly = partly;
        self
    }
    /// The table, each line ended; `width` is that of the terminal, where there is one.
    pub(in crate::shell) fn render(self, width: Option<u16>, color: bool) -> String {
        let count = match self.count {
            0 => "no rows".to_owned(),
            count if self.partly => format!("{count} fetched"),
            1 => "1 row".to_owned(),
            count => format!("{count} rows"),
        };
        let footer = if self.unloaded {
            format!("({count}; {UNLOADED} is not loaded)")
        } else {
            format!("({count})")
        };
        let footer = if color {
            Style::new().dimmed().paint(footer).to_string()
        } else {
            footer
        };
        if self.count == 0 {
            return format!("{footer}\n");
        }
        let mut table = Table::new();
        table
            .load_style(presets::UTF8_FULL_CONDENSED)
            .force_no_tty();
        if color {
            table.enforce_styling();
        }
        if let Some(width) = width {
            table
                .set_content_arrangement(ContentArrangement::Dynamic)
                .set_width(width);
        }
        table.set_header(self.columns.iter().map(|name| {
            let cell = Cell::new(escape(name));
            if color {
                cell.add_attribute(comfy_table::Attribute::Bold)
            } else {
                cell
            }
        }));
        let shown = self.rows.len();
        for row in self.rows {
            table.add_row(row);
        }
        let mut text = table.to_string();
        text.push('\n');
        if self.count > shown {
            let more = format!("… {} more", self.count - shown);
            text.push_str(&if color {
                Style::new().dimmed().paint(more).to_string()
            } else {
                more
            });
            text.push('\n');
        }
        text.push_str(&footer);
        text.push('\n');
        text
    }
}

fn cell(value: &Value, color: bool, cx: &Cx) -> Cell {
    let faint = |text: &str| {
        let cell = Cell::new(text);
        if color {
            cell.add_attribute(comfy_table::Attribute::Dim)
        } else {
            cell
        }
    };
    match value {
        Value::None => faint("NULL"),
        Value::Undefined => faint(UNLOADED),
        // Told apart from NULL without colours too.
        Value::Str(text) if &**text == "NULL" => Cell::new("'NULL'"),
        Value::Str(text) => Cell::new(escape(&shorten(text))),
        Value::Bytes(bytes) => Cell::new(format!("<{} bytes>", bytes.len())),
        Value::Int(_) | Value::Float(_) | Value::BigInt(_) => {
            Cell::new(shown(value, cx)).set_alignment(CellAlignment::Right)
        }
        _ => Cell::new(escape(&shorten(&shown(value, cx)))),
    }
}

fn shown(value: &Value, cx: &Cx) -> String {
    if let Value::Instance(instance) = value
        && instance.class().special("__str__").is_none()
        && instance.class().special("__repr__").is_none()
        && let Some(row) = instance_row(instance)
    {
        return described(instance.class().name().as_str(), &row, cx);
    }
    cx.str(value).unwrap_or_else(|_| "?".to_owned())
}

/// A mapped instance inside a row, by what is loaded of it: an address would say nothing.
fn described(class: &str, row: &RowView, cx: &Cx) -> String {
    let loaded = row
        .columns
        .iter()
        .zip(&row.values)
        .filter(|(_, value)| !matches!(value, Value::Undefined))
        .map(|(name, value)| format!("{name}={}", cx.repr(value).unwrap_or_default()));
    format!("{class}({})", loaded.collect::<Vec<_>>().join(", "))
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(WIDEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// Control characters as their escapes, so that a value can't drive the terminal.
fn escape(text: &str) -> String {
    if !text.chars().any(char::is_control) {
        return text.to_owned();
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if c.is_control() {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(escape("a\x1b[1mb\tc"), "a\\u{1b}[1mb\\tc");
    }

    #[test]
    fn long_texts_are_shortened() {
        assert_eq!(shorten(&"x".repeat(61)).chars().count(), WIDEST + 1);
        assert_eq!(shorten("x"), "x");
    }
}
