//! Puts typed and pasted lines together to inputs, prompts stripped.

use crate::lang::Feed;
use crate::transcript::{DocumentKind, has_prompts, parse_document, prompted};

const PROMPT: &str = ">>>";
const CONTINUATION: &str = "...";

/// What to do about a line, in order.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Show this in place of what was read: lines behind their prompts, each ended.
    Show(String),
    /// Run an input that stands on the screen as it was typed.
    Run(String),
    /// Run several statements that were pasted, each shown behind its prompts first.
    Replay(String),
}

/// What a line led to; without an action the input goes on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Step {
    /// Whether what was read is to be erased from the screen first.
    pub(super) erase: bool,
    /// What to do then.
    pub(super) actions: Vec<Action>,
}

impl Step {
    /// Show `line` behind a continuation prompt in place of what was read.
    fn replace(&mut self, line: &str) {
        let blank = if line.is_empty() { "" } else { " " };
        self.erase = true;
        self.actions
            .push(Action::Show(format!("{CONTINUATION}{blank}{line}\n")));
    }
}

/// A line, or a paste, as the editor read it.
#[derive(Clone, Copy)]
pub(super) struct Read<'a> {
    /// All of it.
    pub(super) text: &'a str,
    /// The indentation that the prompt offered.
    pub(super) offered: &'a str,
    /// Whether it came faster than anyone types: a terminal without bracketed paste.
    pub(super) at_once: bool,
}

/// The input under way.
#[derive(Default)]
pub(super) struct Assembler {
    text: String,
    /// Whether its first line came with a prompt: then the others do.
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
    /// Abandon the input.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.prompted = false;
    }
    /// What is under way at the end of all input.
    pub(super) fn finish(&mut self) -> Option<String> {
        let text = std::mem::take(&mut self.text);
        (!text.trim().is_empty()).then_some(text)
    }

    /// Take what was read at a prompt: one line, or several from a paste.
    pub(super) fn feed(&mut self, read: Read<'_>, check: impl Fn(&str) -> Feed) -> Step {
        if read.text.contains('\n') {
            return self.feed_paste(read.text, check);
        }
        let mut step = Step::default();
        let unindented = read.text.trim_start();
        let line = match behind_prompt(unindented, PROMPT) {
            // A pasted first line ends the block before it.
            Some(line) => {
                step.actions.extend(self.finish().map(Action::Run));
                step.erase = true;
                step.actions.push(Action::Show(prompted(line)));
                self.prompted = true;
                line.to_owned()
            }
            None if self.is_empty() && self.prompted && read.at_once => {
                // The recorded output below a pasted example.
                step.erase = true;
                return step;
            }
            None if self.is_empty() => {
                self.prompted = false;
                read.text.to_owned()
            }
            None => match behind_prompt(unindented, CONTINUATION).filter(|_| self.prompted) {
                Some(line) => {
                    step.replace(line);
                    if line.is_empty() && read.at_once {
                        // A blank line inside a pasted block, unless no more of it follows.
                        self.text.push('\n');
                        return step;
                    }
                    line.to_owned()
                }
                None if self.prompted && read.at_once => {
                    step.erase = true;
                    step.actions.extend(self.finish().map(Action::Run));
                    return step;
                }
                None => {
                    let own = self.with_own_indentation(read, &check);
                    if own.len() < read.text.len() {
                        step.replace(own);
                    }
                    own.to_owned()
                }
            },
        };
        self.text.push_str(&line);
        self.text.push('\n');
        if !is_open(&check(self.typed())) {
            let input = std::mem::take(&mut self.text);
            step.actions.push(Action::Run(input));
        }
        step
    }

    /// The lines so far as they stand on the screen: the last one without its end.
    fn typed(&self) -> &str {
        self.text.strip_suffix('\n').unwrap_or(&self.text)
    }

    /// The line without the indentation that the prompt offered, where it brought its own: a
    /// paste into a terminal that does not mark pastes.
    fn with_own_indentation<'a>(&self, read: Read<'a>, check: &impl Fn(&str) -> Feed) -> &'a str {
        let fits = |line: &str| {
            let text = format!("{}{line}", self.text);
            !matches!(check(&text), Feed::Invalid(_))
        };
        match read.text.strip_prefix(read.offered) {
            Some(own) if !own.is_empty() && !fits(read.text) && fits(own) => own,
            _ => read.text,
        }
    }

    fn feed_paste(&mut self, read: &str, check: impl Fn(&str) -> Feed) -> Step {
        if has_prompts(read) {
            let document = parse_document("paste", read, DocumentKind::Transcript);
            let before = self.finish().map(Action::Run);
            let examples = document.examples.into_iter();
            return Step {
                erase: true,
                actions: before
                    .into_iter()
                    .chain(examples.map(|example| Action::Replay(example.source)))
                    .collect(),
            };
        }
        let alone = self.is_empty();
        self.text.push_str(read);
        if !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        // Several lines, a recalled block for one, need no blank line at their end.
        if is_open(&check(&self.text)) {
            return Step::default();
        }
        let input = std::mem::take(&mut self.text);
        if alone {
            return Step {
                erase: true,
                actions: vec![Action::Replay(input)],
            };
        }
        Step {
            erase: false,
            actions: vec![Action::Run(input)],
        }
    }
}

fn is_open(feed: &Feed) -> bool {
    matches!(feed, Feed::Incomplete)
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
    use crate::lang::Interp;

    fn feed(assembler: &mut Assembler, text: &str, offered: &str, at_once: bool) -> Step {
        let interp = Interp::new(crate::engine::testing::cx());
        let read = Read {
            text,
            offered,
            at_once,
        };
        assembler.feed(read, |text| interp.check(text))
    }

    fn run(input: &str) -> Vec<Action> {
        vec![Action::Run(input.to_owned())]
    }

    fn shown(line: &str) -> Action {
        Action::Show(line.to_owned())
    }

    #[test]
    fn prompts_are_stripped_line_by_line() {
        let mut assembler = Assembler::default();
        let step = feed(&mut assembler, ">>> x = 1", "", true);
        assert!(step.erase);
        assert_eq!(step.actions[0], shown(">>> x = 1\n"));
        assert_eq!(step.actions[1..], run("x = 1\n"));
        let step = feed(&mut assembler, ">>> if x:", "", true);
        assert_eq!(step.actions, [shown(">>> if x:\n")]);
        let step = feed(&mut assembler, "    ...     x", "    ", true);
        assert_eq!(step.actions, [shown("...     x\n")]);
        let step = feed(&mut assembler, ">>> y", "    ", true);
        let expected = [
            Action::Run("if x:\n    x\n".into()),
            shown(">>> y\n"),
            Action::Run("y\n".into()),
        ];
        assert_eq!(step.actions, expected);
    }

    #[test]
    fn recorded_output_is_skipped_where_it_comes_at_once() {
        let mut assembler = Assembler::default();
        feed(&mut assembler, ">>> x", "", true);
        let step = feed(&mut assembler, "[...] ()", "", true);
        assert_eq!((step.erase, step.actions.len()), (true, 0));
        assert_eq!(feed(&mut assembler, "y", "", false).actions, run("y\n"));
    }

    #[test]
    fn lines_may_bring_their_own_indentation() {
        let mut assembler = Assembler::default();
        feed(&mut assembler, "if x:", "", true);
        feed(&mut assembler, "        a", "    ", true);
        feed(&mut assembler, "    else:", "    ", true);
        feed(&mut assembler, "    b", "    ", true);
        let step = feed(&mut assembler, "    ", "    ", true);
        assert_eq!(step.actions, run("if x:\n        a\nelse:\n    b\n    \n"));
    }

    #[test]
    fn a_pasted_transcript_runs_its_examples() {
        let mut assembler = Assembler::default();
        let step = feed(&mut assembler, ">>> x = 1\n>>> x\n1\n", "", true);
        let expected = [
            Action::Replay("x = 1\n".into()),
            Action::Replay("x\n".into()),
        ];
        assert_eq!(step.actions, expected);
    }
}
