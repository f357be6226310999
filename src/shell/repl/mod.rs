//! The prompt: reads inputs with rustyline and hands them to the shell.

mod history;
mod input;
mod screen;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustyline::config::{BellStyle, Config};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{DefaultEditor, Editor};

use super::session::Shell;
use input::{Action, Assembler, Read, Step};

const PROMPT: &str = ">>> ";
const CONTINUATION: &str = "... ";

/// Read and run inputs until Ctrl-D.
pub(super) fn run(shell: &mut Shell) -> anyhow::Result<()> {
    let config = Config::builder()
        .auto_add_history(false)
        .bell_style(BellStyle::None)
        .max_history_size(10_000)?
        .build();
    let mut repl = Repl {
        editor: DefaultEditor::with_config(config)?,
        history: history::path(),
        assembler: Assembler::default(),
        shell,
    };
    if let Some(path) = &repl.history {
        history::load(&mut repl.editor, path);
    }
    if std::io::stdin().is_terminal() {
        repl.shell.greet();
    }
    loop {
        repl.shell.output().flush();
        if !repl.read_one()? || repl.shell.wants_to_leave() {
            repl.shell.output().flush();
            return Ok(());
        }
    }
}

struct Repl<'a> {
    editor: Editor<(), FileHistory>,
    history: Option<PathBuf>,
    assembler: Assembler,
    shell: &'a mut Shell,
}

impl Repl<'_> {
    /// Read once, run what is complete; false at the end of all input.
    fn read_one(&mut self) -> anyhow::Result<bool> {
        let start = Instant::now();
        let (read, offered) = if self.assembler.is_empty() {
            (self.editor.readline(PROMPT), String::new())
        } else {
            let interp = self.shell.interp();
            let indent = interp.indent_for_next_line(self.assembler.text());
            let read = self
                .editor
                .readline_with_initial(CONTINUATION, (&indent, ""));
            (read, indent)
        };
        match read {
            Ok(text) => {
                let read = Read {
                    text: &text,
                    offered: &offered,
                    at_once: start.elapsed() < quickest_typing(&text),
                };
                let interp = self.shell.interp();
                let step = self.assembler.feed(read, |text| interp.check(text));
                self.take(step, &text);
            }
            Err(ReadlineError::Interrupted) => {
                self.assembler.clear();
                self.shell.output().write("KeyboardInterrupt\n");
            }
            Err(ReadlineError::Eof) => {
                if let Some(rest) = self.assembler.finish() {
                    self.run_input(&rest);
                }
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        }
        Ok(true)
    }

    /// Do what a line led to; `read` is what stands on the screen of it.
    fn take(&mut self, step: Step, read: &str) {
        if step.erase {
            let output = self.shell.output();
            if let Some((width, height)) = output.size() {
                output.write(&screen::erase(PROMPT, read, width, height));
            }
        }
        for action in step.actions {
            match action {
                Action::Show(lines) => self.shell.output().write(&lines),
                Action::Run(input) => self.run_input(&input),
                Action::Replay(input) => {
                    self.remember(&input);
                    self.shell.replay_input(&input);
                }
            }
            if self.shell.wants_to_leave() {
                return;
            }
        }
    }

    fn run_input(&mut self, input: &str) {
        self.remember(input);
        self.shell.run_input(input);
    }

    fn remember(&mut self, input: &str) {
        let entry = input.trim_end();
        if entry.is_empty() {
            return;
        }
        // History is a convenience: a full disk must not stop the session.
        if self.editor.add_history_entry(entry).unwrap_or(false)
            && let Some(path) = self.history.as_deref()
        {
            history::append(&mut self.editor, Path::new(path));
        }
    }
}

/// How long the fastest typist needs for a line.
fn quickest_typing(line: &str) -> Duration {
    let letters = u32::try_from(line.chars().count()).unwrap_or(u32::MAX);
    Duration::from_millis(20) + Duration::from_millis(4).saturating_mul(letters)
}
