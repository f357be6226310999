//! The one writer: standard output, standard error, or a capture.

use std::cell::{Cell, RefCell};
use std::io::{self, BufWriter, IsTerminal as _, Write as _};

use super::cli::ColorChoice;

/// Where what the session prints goes.
pub(super) struct Output {
    stdout: RefCell<BufWriter<io::Stdout>>,
    capture: RefCell<Option<String>>,
    on_terminal: bool,
    color: bool,
    error_color: bool,
    last_was_newline: Cell<bool>,
    broken: Cell<bool>,
    errors_inline: Cell<bool>,
}

impl Output {
    /// The process's own output.
    pub(super) fn new(choice: ColorChoice) -> Self {
        let on_terminal = io::stdout().is_terminal();
        Self {
            stdout: RefCell::new(BufWriter::with_capacity(1 << 16, io::stdout())),
            capture: RefCell::new(None),
            on_terminal,
            color: wants_color(choice, on_terminal),
            error_color: wants_color(choice, io::stderr().is_terminal()),
            last_was_newline: Cell::new(true),
            broken: Cell::new(false),
            errors_inline: Cell::new(false),
        }
    }
    /// Whether standard output is a terminal.
    pub(super) fn on_terminal(&self) -> bool {
        self.on_terminal
    }
    /// The columns and rows of the terminal, where standard output is one.
    pub(super) fn size(&self) -> Option<(u16, u16)> {
        if !self.on_terminal || self.capture.borrow().is_some() {
            return None;
        }
        terminal_size::terminal_size().map(|(width, height)| (width.0, height.0))
    }
    /// The width of the terminal, where standard output is one.
    pub(super) fn width(&self) -> Option<u16> {
        self.size().map(|(width, _)| width)
    }
    /// Whether to colour what is written now.
    pub(super) fn color(&self) -> bool {
        self.color && self.capture.borrow().is_none()
    }
    /// Whether to colour what goes to standard error.
    pub(super) fn error_color(&self) -> bool {
        self.error_color
    }
    /// Whether the reader of the output has gone.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.get()
    }

    /// Write text.
    pub(super) fn write(&self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.last_was_newline.set(text.ends_with('\n'));
        if let Some(captured) = &mut *self.capture.borrow_mut() {
            captured.push_str(text);
            return;
        }
        if self.is_broken() {
            return;
        }
        let written = self.stdout.borrow_mut().write_all(text.as_bytes());
        self.note(&written);
    }
    /// End the line that is under way, if any.
    pub(super) fn end_line(&self) {
        if !self.last_was_newline.get() {
            self.write("\n");
        }
    }
    /// Write errors among the rest: they are part of a transcript.
    pub(super) fn keep_errors_inline(&self) {
        self.errors_inline.set(true);
    }
    /// Write an error: among the rest in a capture, a transcript or on the terminal, else to
    /// standard error.
    pub(super) fn error(&self, text: &str) {
        if self.errors_inline.get() || self.capture.borrow().is_some() || self.on_terminal {
            self.write(text);
            return;
        }
        self.flush();
        // Where nobody reads the output, what ends the script is no news.
        if self.is_broken() {
            return;
        }
        let written = io::stderr().lock().write_all(text.as_bytes());
        self.note(&written);
    }
    /// Write a warning: to standard error, past any capture.
    pub(super) fn warn(&self, text: &str) {
        if self.on_terminal {
            self.write(text);
            return;
        }
        self.flush();
        let written = io::stderr().lock().write_all(text.as_bytes());
        self.note(&written);
    }
    /// Hand everything to the system.
    pub(super) fn flush(&self) {
        let flushed = self.stdout.borrow_mut().flush();
        self.note(&flushed);
    }
    /// Write into memory from now on.
    pub(super) fn start_capture(&self) {
        *self.capture.borrow_mut() = Some(String::new());
        self.last_was_newline.set(true);
    }
    /// What was captured; writing goes on where it went before.
    pub(super) fn end_capture(&self) -> String {
        self.capture.borrow_mut().take().unwrap_or_default()
    }

    fn note(&self, result: &io::Result<()>) {
        // A reader that leaves early (`ormsh run x | head`) is no error of ours.
        if result.is_err() {
            self.broken.set(true);
        }
    }
}

/// NO_COLOR and CLICOLOR as <https://no-color.org> and <https://bixense.com/clicolors> say.
fn wants_color(choice: ColorChoice, on_terminal: bool) -> bool {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            if set("NO_COLOR").is_some() {
                return false;
            }
            if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
                return true;
            }
            on_terminal
                && set("CLICOLOR").is_none_or(|value| value != "0")
                && set("TERM").is_none_or(|value| value != "dumb")
        }
    }
}
