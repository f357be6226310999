//! What a document holds: its examples, each with its source and its recorded output.

use super::Directives;

/// A document with examples.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// How messages name it.
    pub name: String,
    /// Its examples, in order.
    pub examples: Vec<Example>,
}

/// One example: what stands behind the prompts, and under them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The source, without prompts, each line ended.
    pub source: String,
    /// The recorded output, each line ended; empty where there is none.
    pub want: String,
    /// The line of the first prompt, from 1.
    pub line: u32,
    /// The options that its comments switch on.
    pub directives: Directives,
}

/// `source` behind its prompts, each line ended: what a transcript shows of a statement.
pub fn prompted(source: &str) -> String {
    let mut text = String::with_capacity(source.len() + 16);
    for (at, line) in source.trim_end_matches('\n').split('\n').enumerate() {
        text.push_str(if at == 0 { ">>>" } else { "..." });
        if !line.is_empty() {
            text.push(' ');
            text.push_str(line);
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_stand_before_every_line() {
        assert_eq!(
            prompted("if x:\n    y\n\n    z\n"),
            ">>> if x:\n...     y\n...\n...     z\n"
        );
    }
}
