//! The report of a replay: a difference for each mismatch, a summary at the end.

use std::fmt::Write as _;

use nu_ansi_term::{Color, Style};

use super::{DiffLine, Example, diff_lines, prompted};

/// How many examples fared how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Examples that printed what was recorded.
    pub same: usize,
    /// Examples that printed something else.
    pub different: usize,
    /// Examples that were not run.
    pub skipped: usize,
    /// Documents read.
    pub documents: usize,
}

impl Summary {
    /// One line for the end of a report.
    pub fn line(&self) -> String {
        let plural = |count: usize, noun: &str| {
            format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
        };
        let mut line = format!(
            "{} in {}: {} same, {} different",
            plural(self.same + self.different + self.skipped, "example"),
            plural(self.documents, "document"),
            self.same,
            self.different
        );
        if self.skipped > 0 {
            write!(line, ", {} skipped", self.skipped).expect("writing to a String");
        }
        line
    }
}

/// Append the report of one mismatch to `out`.
pub fn write_mismatch(out: &mut String, document: &str, example: &Example, got: &str, color: bool) {
    let paint = |style: Style, text: &str| {
        if color {
            style.paint(text).to_string()
        } else {
            text.to_owned()
        }
    };
    let head = format!("{document}:{}", example.line);
    out.push_str(&paint(Style::new().bold(), &head));
    out.push('\n');
    out.push_str(&prompted(&example.source));
    let red = Style::new().fg(Color::Red);
    let green = Style::new().fg(Color::Green);
    let faint = Style::new().dimmed();
    for line in diff_lines(&example.want, got) {
        let shown = match line {
            DiffLine::Same(text) => format!("  {text}"),
            DiffLine::Missing(text) => paint(red, &format!("- {text}")),
            DiffLine::Unexpected(text) => paint(green, &format!("+ {text}")),
            DiffLine::Skipped(count) => paint(faint, &format!("  ({count} equal lines)")),
        };
        out.push_str(&shown);
        out.push('\n');
    }
    out.push_str(&paint(faint, "  (- recorded, + replayed)"));
    out.push_str("\n\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts() {
        let summary = Summary {
            same: 2,
            different: 1,
            skipped: 0,
            documents: 1,
        };
        assert_eq!(
            summary.line(),
            "3 examples in 1 document: 2 same, 1 different"
        );
    }
}
