//! The prompt: reads inputs with rustyline and hands them to the shell.

mod history;
mod input;

use std::io::IsTerminal as _;

use rustyline::config::{BellStyle, Config};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{DefaultEditor, Editor};

use super::session::Shell;
use crate::lang::Feed;
use input::{Assembler, Step};

const PROMPT: &str = ">>> ";
const CONTINUATION: &str = "... ";

/// Read and run inputs until Ctrl-D.
pub(super) fn run(shell: &mut Shell) -> anyhow::Result<()> {
    let config = Config::builder()
        .auto_add_history(false)
        .bell_style(BellStyle::None)
        .max_history_size(10_000)?
        .build();
    let mut editor: Editor<(), FileHistory> = DefaultEditor::with_config(config)?;
    let history = history::path();
    if let Some(path) = &history {
        history::load(&mut editor, path);
    }
    if std::io::stdin().is_terminal() {
        shell.greet();
    }
    let mut assembler = Assembler::default();
    loop {
        shell.output().flush();
        let read = if assembler.is_empty() {
            editor.readline(PROMPT)
        } else {
            let indent = shell.interp().indent_for_next_line(assembler.text());
            editor.readline_with_initial(CONTINUATION, (&indent, ""))
        };
        match read {
            Ok(text) => {
                let mut pending = vec![assembler.feed(&text, |text| shell.interp().check(text))];
                while let Some(step) = pending.pop() {
                    match step {
                        Step::More => {}
                        Step::Run(inputs) => {
                            for input in inputs {
                                remember(&mut editor, history.as_deref(), &input);
                                shell.run_input(&input);
                            }
                        }
                    }
                }
            }
            Err(ReadlineError::Interrupted) => {
                assembler.clear();
                shell.output().write("KeyboardInterrupt\n");
            }
            Err(ReadlineError::Eof) => {
                if let Some(rest) = assembler.finish() {
                    shell.run_input(&rest);
                }
                shell.output().flush();
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
        if shell.wants_to_leave() {
            shell.output().flush();
            return Ok(());
        }
    }
}

fn remember(editor: &mut Editor<(), FileHistory>, path: Option<&std::path::Path>, input: &str) {
    let entry = input.trim_end_matches('\n');
    if entry.trim().is_empty() {
        return;
    }
    // History is a convenience: a full disk must not stop the session.
    if editor.add_history_entry(entry).unwrap_or(false)
        && let Some(path) = path
    {
        history::append(editor, path);
    }
}

/// What `check` answers, as the assembler needs it.
pub(super) fn is_open(feed: &Feed) -> bool {
    matches!(feed, Feed::Incomplete)
}
