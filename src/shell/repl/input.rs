//! Puts typed and pasted lines together to inputs, prompts stripped.

use crate::lang::Feed;
use crate::transcript::{DocumentKind, has_prompts, parse_document};

use super::is_open;

/// What a line led to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The input goes on.
    More,
    /// These inputs are complete, in order.
    Run(Vec<String>),
}

/// The input under way.
#[derive(Default)]
pub(super) struct Assembler {
    text: String,
    /// Whether its first line came with a prompt: then the others do, behind what indentation
    /// the prompt offered.
    prompted: bool,
}

impl Assembler {
    /// Whether no input is under way.
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
    /// The lines so far, each ended.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
    /// The lines so far as they stand on the screen: the last one without its end.
    fn typed(&self) -> &str {
        self.text.strip_suffix('\n').unwrap_or(&self.text)
    }
    /// Abandon the input.
    pub(super) fn clear(&mut self) {
        self.text.clear();
    }
    /// What is under way at the end of all input.
    pub(super) fn finish(&mut self) -> Option<String> {
        let text = std::mem::take(&mut self.text);
        (!text.trim().is_empty()).then_some(text)
    }

    /// Take what was read at a prompt: one line, or several from a paste.
    pub(super) fn feed(&mut self, read: &str, check: impl Fn(&str) -> Feed) -> Step {
        if read.contains('\n') {
            return self.feed_paste(read, check);
        }
        let mut inputs = Vec::new();
        let unindented = read.trim_start();
        let line = match behind_prompt(unindented, ">>>") {
            // A pasted first line ends the block before it.
            Some(line) => {
                inputs.extend(self.finish());
                self.prompted = true;
                line
            }
            None if self.is_empty() => {
                self.prompted = false;
                read
            }
            None if self.prompted => behind_prompt(unindented, "...").unwrap_or(read),
            None => read,
        };
        self.text.push_str(line);
        self.text.push('\n');
        if !is_open(&check(self.typed())) {
            inputs.push(std::mem::take(&mut self.text));
        }
        if inputs.is_empty() {
            Step::More
        } else {
            Step::Run(inputs)
        }
    }

    fn feed_paste(&mut self, read: &str, check: impl Fn(&str) -> Feed) -> Step {
        if has_prompts(read) {
            let document = parse_document("paste", read, DocumentKind::Transcript);
            let mut inputs: Vec<String> = self.finish().into_iter().collect();
            inputs.extend(document.examples.into_iter().map(|example| example.source));
            return Step::Run(inputs);
        }
        self.text.push_str(read);
        if !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        if is_open(&check(self.typed())) {
            return Step::More;
        }
        Step::Run(vec![std::mem::take(&mut self.text)])
    }
}

fn behind_prompt<'a>(line: &'a str, prompt: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(prompt)?;
    if rest.is_empty() {
        Some(rest)
    } else {
        rest.strip_prefix(' ')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blocks end with a blank line; everything else is complete at once.
    fn check(text: &str) -> Feed {
        let open = text.contains(':') && !text.ends_with('\n');
        if open {
            Feed::Incomplete
        } else {
            Feed::Complete
        }
    }

    #[test]
    fn prompts_are_stripped_line_by_line() {
        let mut assembler = Assembler::default();
        assert_eq!(
            assembler.feed(">>> x = 1", check),
            Step::Run(vec!["x = 1\n".into()])
        );
        assert_eq!(assembler.feed(">>> if x:", check), Step::More);
        assert_eq!(assembler.feed("    ...     x", check), Step::More);
        assert_eq!(
            assembler.feed(">>> y", check),
            Step::Run(vec!["if x:\n    x\n".into(), "y\n".into()])
        );
    }

    #[test]
    fn a_pasted_transcript_runs_its_examples() {
        let mut assembler = Assembler::default();
        assert_eq!(
            assembler.feed(">>> x = 1\n>>> x\n1\n", check),
            Step::Run(vec!["x = 1\n".into(), "x\n".into()])
        );
    }
}
