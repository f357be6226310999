//! `Shell`: one session of the language with its output, and how an input fares in it.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::cli::{Display, Options};
use super::console::ShellConsole;
use super::output::Output;
use super::render::{self, ErrorView};
use crate::lang::{Interp, SourceId, Statement};
use crate::object::exceptions::{KEYBOARD_INTERRUPT, SYSTEM_EXIT};
use crate::object::{Cx, Raised, Value, exception_data};
use crate::transcript::{Runner, prompted};

/// How an input ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// Fine.
    Well,
    /// With an uncaught exception, which was shown.
    Badly,
    /// With `exit()`, whose status is this.
    Leaving(u8),
}

/// A session.
pub(super) struct Shell {
    interp: Interp,
    output: Rc<Output>,
    console: Rc<ShellConsole>,
    display: Display,
    leaving: Cell<Option<u8>>,
}

impl Shell {
    /// A session that displays as `display` says.
    pub(super) fn new(
        options: Options,
        display: Display,
        output: Rc<Output>,
        interrupt: Arc<AtomicBool>,
    ) -> Self {
        let console = Rc::new(ShellConsole::new(output.clone(), display, options));
        let cx = Cx::new(console.clone(), interrupt);
        if let Some(compat) = options.compat.settled() {
            cx.settle_compat(compat);
        }
        console.listen(&cx);
        Self {
            interp: Interp::new(cx),
            output,
            console,
            display,
            leaving: Cell::new(None),
        }
    }
    /// The interpreter.
    pub(super) fn interp(&self) -> &Interp {
        &self.interp
    }
    /// The output.
    pub(super) fn output(&self) -> &Output {
        &self.output
    }
    /// Whether `exit()` was called, or nobody reads the output any more.
    pub(super) fn wants_to_leave(&self) -> bool {
        self.leaving.get().is_some() || self.output.is_broken()
    }
    /// The status that `exit()` asked for.
    pub(super) fn exit_status(&self) -> Option<u8> {
        self.leaving.get()
    }
    /// The first lines of a session on a terminal.
    pub(super) fn greet(&self) {
        let (major, minor, patch) = crate::engine::sqlite_version();
        self.output.write(&format!(
            "ormsh {} — SQLAlchemy {} behaviour, SQLite {major}.{minor}.{patch}\nType or paste Python with SQLAlchemy; \
             Ctrl-D leaves.\n",
            env!("CARGO_PKG_VERSION"),
            self.interp.cx().compat(),
        ));
    }

    /// Run a typed input.
    pub(super) fn run_input(&mut self, text: &str) -> Ended {
        self.run_named("<stdin>", 1, text)
    }

    /// Run statements that were pasted, each behind its prompts, as if they had been typed one
    /// after the other.
    pub(super) fn replay_input(&mut self, text: &str) {
        let source = self.interp.add_source("<stdin>", text, 1);
        let statements = match self.interp.statements(source) {
            Ok(statements) => statements,
            Err(raised) => {
                self.show_statement(text);
                self.end(&raised);
                return;
            }
        };
        for statement in statements {
            self.show_statement(statement.text());
            if self.run_statement(&statement) != Ended::Well {
                return;
            }
        }
    }

    /// Run a preparation of the shell's own; nothing of it is shown. What went wrong, each line
    /// ended.
    pub(super) fn run_quietly(&mut self, text: &str) -> Result<(), String> {
        let source = self.interp.add_source("<ormsh>", text, 1);
        let mut run = || -> crate::object::Result<()> {
            for statement in self.interp.statements(source)? {
                // The value of a statement of ours is nobody's.
                self.output.start_capture();
                let ran = self.interp.run(&statement);
                self.output.end_capture();
                ran?;
            }
            Ok(())
        };
        run().map_err(|raised| {
            let cx = self.interp.cx();
            let error = raised.value();
            let reason = render::database_message(error, cx)
                .map_or_else(|| render::final_lines(error, cx), |message| message + "\n");
            reason + &render::help_line(error, false, cx).unwrap_or_default()
        })
    }

    /// Run all statements of `text`, which stands at `line` of `name`; the first error ends it.
    pub(super) fn run_named(&mut self, name: &str, line: u32, text: &str) -> Ended {
        let source = self.interp.add_source(name, text, line);
        let statements = match self.statements(source) {
            Ok(statements) => statements,
            Err(ended) => return ended,
        };
        for statement in statements {
            let ended = self.run_statement(&statement);
            if ended != Ended::Well {
                return ended;
            }
        }
        Ended::Well
    }

    /// The statements of a source; a SyntaxError is shown.
    pub(super) fn statements(&mut self, source: SourceId) -> Result<Vec<Statement>, Ended> {
        self.interp
            .statements(source)
            .map_err(|raised| self.end(&raised))
    }

    /// Keep a source text.
    pub(super) fn add_source(&mut self, name: &str, text: &str) -> SourceId {
        self.interp.add_source(name, text, 1)
    }

    /// Run one statement; an uncaught exception is shown.
    pub(super) fn run_statement(&mut self, statement: &Statement) -> Ended {
        let ran = self.interp.run(statement);
        self.console.settle();
        match ran {
            Ok(()) => Ended::Well,
            Err(raised) => self.end(&raised),
        }
    }

    /// Show a statement behind its prompts.
    pub(super) fn show_statement(&self, source: &str) {
        self.output.write(&prompted(source));
    }

    fn end(&self, raised: &Raised) -> Ended {
        if raised.is(&SYSTEM_EXIT) {
            let status = exit_status(raised);
            self.leaving.set(Some(status));
            return Ended::Leaving(status);
        }
        self.show_error(raised);
        Ended::Badly
    }

    fn show_error(&self, raised: &Raised) {
        let cx = self.interp.cx();
        self.output.end_line();
        if self.display == Display::Python {
            self.output.error(&render::python_traceback(raised, cx));
            return;
        }
        let color = if self.output.on_terminal() {
            self.output.color()
        } else {
            self.output.error_color()
        };
        let mut text = String::new();
        if let Some(excerpt) = self.excerpt(raised, color) {
            text.push_str(&excerpt);
        }
        text.push_str(&render::final_lines(raised.value(), cx));
        if let Some(help) = render::help_line(raised.value(), color, cx) {
            text.push_str(&help);
        }
        self.output.error(&text);
    }

    /// The source around the place of an error, innermost script frame.
    fn excerpt(&self, raised: &Raised, color: bool) -> Option<String> {
        if raised.is(&KEYBOARD_INTERRUPT) {
            return None;
        }
        let span = *raised.trace().first()?;
        let (name, text, line, _) = self.interp.source_text(span)?;
        let before = text.get(..span.start as usize)?.matches('\n').count();
        let mut view = ErrorView {
            name,
            text,
            first_line: line.saturating_sub(u32::try_from(before).unwrap_or(0)),
            start: span.start as usize,
            end: span.end as usize,
        };
        if let Some(word) = render::wrong_name(raised.value(), self.interp.cx()) {
            view.narrow(&word);
        }
        Some(view.render(color, self.output.width()))
    }
}

impl Runner for Shell {
    fn run(&mut self, document: &str, line: u32, source: &str) -> String {
        self.output.start_capture();
        let ended = self.run_named(document, line, source);
        debug_assert!(ended != Ended::Badly || self.display == Display::Python);
        self.output.end_line();
        self.output.end_capture()
    }
}

/// `exit(status)` as a process status: nothing is 0, a text is 1.
fn exit_status(raised: &Raised) -> u8 {
    let argument =
        exception_data(raised.value()).and_then(|data| data.args.borrow().first().cloned());
    match argument {
        None | Some(Value::None) => 0,
        Some(value) => value
            .as_int()
            .map_or(1, |status| u8::try_from(status & 0xff).unwrap_or(1)),
    }
}
