//! Reads documents: finds the examples and skips the prose.

use super::{Directives, Document, Example};

/// How a document separates recorded output from what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// `.transcript`: all that stands between two prompts is output, blank lines included.
    Transcript,
    /// Prose with examples, as doctest reads it: a blank line, or the end of a fenced block,
    /// ends the output.
    Prose,
}

impl DocumentKind {
    /// The kind of a file by its name; `None`: the file is a script.
    pub fn of_file(name: &str) -> Option<Self> {
        match name.rsplit('.').next()?.to_ascii_lowercase().as_str() {
            "transcript" => Some(Self::Transcript),
            "txt" | "md" | "rst" => Some(Self::Prose),
            _ => None,
        }
    }
}

const PROMPT: &str = ">>>";
const CONTINUATION: &str = "...";
/// The markers by which SQLAlchemy's documentation colours its examples.
const MARKERS: [&str; 6] = [
    "{stop}",
    "{sql}",
    "{opensql}",
    "{execsql}",
    "{printsql}",
    "{end}",
];

/// Whether `text` holds a line that begins with a prompt.
pub fn has_prompts(text: &str) -> bool {
    text.lines()
        .any(|line| behind_prompt(line.trim_start(), PROMPT).is_some())
}

/// The examples of `text`.
pub fn parse_document(name: &str, text: &str, kind: DocumentKind) -> Document {
    let mut examples = Vec::new();
    let mut enabled = true;
    let lines: Vec<String> = text.lines().map(strip_markers).collect();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at].as_str();
        match line.trim() {
            ".. doctest-disable" | ".. doctest-disable:" => enabled = false,
            ".. doctest-enable" | ".. doctest-enable:" => enabled = true,
            _ => {}
        }
        let indent = line.len() - line.trim_start().len();
        let Some(first) = behind_prompt(&line[indent..], PROMPT).filter(|_| enabled) else {
            at += 1;
            continue;
        };
        let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
        let mut source = format!("{first}\n");
        at += 1;
        while let Some(rest) = lines
            .get(at)
            .and_then(|line| line.get(indent..))
            .and_then(|line| behind_prompt(line, CONTINUATION))
        {
            source.push_str(rest);
            source.push('\n');
            at += 1;
        }
        let mut want = String::new();
        while let Some(line) = lines.get(at) {
            if ends_output(line, kind) {
                break;
            }
            want.push_str(line.get(indent..).unwrap_or(line.trim_start()));
            want.push('\n');
            at += 1;
        }
        let directives = Directives::default().with_comments(&source);
        examples.push(Example {
            source,
            want,
            line: number,
            directives,
        });
    }
    if kind == DocumentKind::Transcript {
        // The end of the file is no output of the last example.
        if let Some(last) = examples.last_mut() {
            while last.want.ends_with("\n\n") {
                last.want.pop();
            }
        }
    }
    Document {
        name: name.to_owned(),
        examples,
    }
}

fn ends_output(line: &str, kind: DocumentKind) -> bool {
    if behind_prompt(line.trim_start(), PROMPT).is_some() {
        return true;
    }
    let fence = line.trim_start();
    kind == DocumentKind::Prose
        && (line.trim().is_empty() || fence.starts_with("```") || fence.starts_with("~~~"))
}

/// What follows `prompt` at the start of `line`, one blank apart.
fn behind_prompt<'a>(line: &'a str, prompt: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(prompt)?;
    if rest.is_empty() {
        return Some(rest);
    }
    rest.strip_prefix(' ')
}

fn strip_markers(line: &str) -> String {
    let mut line = line.to_owned();
    if line.contains('{') {
        for marker in MARKERS {
            line = line.replace(marker, "");
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_and_output_are_told_apart() {
        let text = "Intro\n\n    >>> x = 1\n    >>> if x:\n    ...     x\n    ...\n    1\n\nEnd\n";
        let found = parse_document("a.md", text, DocumentKind::Prose).examples;
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].source.as_str(), found[0].line), ("x = 1\n", 3));
        assert_eq!(
            (found[1].source.as_str(), found[1].want.as_str()),
            ("if x:\n    x\n\n", "1\n")
        );
    }

    #[test]
    fn a_transcript_keeps_blank_lines_of_output() {
        let text = ">>> f()\n\nCREATE TABLE t\n\n\n[...] ()\n>>> g()\n1\n\n";
        let found = parse_document("a.transcript", text, DocumentKind::Transcript).examples;
        assert_eq!(found[0].want, "\nCREATE TABLE t\n\n\n[...] ()\n");
        assert_eq!(found[1].want, "1\n");
    }

    #[test]
    fn a_fence_ends_the_output() {
        let found = parse_document("a.md", "```\n>>> 1\n1\n```\n", DocumentKind::Prose).examples;
        assert_eq!(found[0].want, "1\n");
    }
}
