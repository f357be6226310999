//! Replays a document through a runner and judges each example.

use super::{Directives, Document, Example, matches};

/// What can run the source of an example; the shell.
pub trait Runner {
    /// Run `source`, which stands at `line` of `document`, and answer all that it printed,
    /// a traceback included.
    fn run(&mut self, document: &str, line: u32, source: &str) -> String;
}

/// How an example fared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It printed what was recorded.
    Same,
    /// It printed something else.
    Differs {
        /// What it printed.
        got: String,
    },
    /// It was not run.
    Skipped,
}

/// Replay `document`; `defaults` apply to every example, its own directives on top.
pub fn replay<'a>(
    document: &'a Document,
    defaults: Directives,
    runner: &mut dyn Runner,
) -> Vec<(&'a Example, Verdict)> {
    let judge = |example: &'a Example| {
        let directives = defaults.with_comments(&example.source);
        if directives.skip {
            return (example, Verdict::Skipped);
        }
        let got = runner.run(&document.name, example.line, &example.source);
        let same = matches(&example.want, &got, directives);
        (
            example,
            if same {
                Verdict::Same
            } else {
                Verdict::Differs { got }
            },
        )
    };
    document.examples.iter().map(judge).collect()
}
