//! The console of a session: what scripts print and display, and the echo.

use std::cell::RefCell;
use std::rc::Rc;

use super::cli::Display;
use super::output::Output;
use super::render::{RowTable, table_of};
use crate::object::{Console, Cx, Result, TypeSpec, Value};

/// Writes to the session's output.
pub(super) struct ShellConsole {
    output: Rc<Output>,
    display: Display,
    timing: bool,
    /// The rows of the statement echoed last, while they arrive.
    rows: RefCell<Option<RowTable>>,
}

impl ShellConsole {
    /// A console that displays as `display` says; `timing` shows the real times of the echo.
    pub(super) fn new(output: Rc<Output>, display: Display, timing: bool) -> Self {
        Self {
            output,
            display,
            timing,
            rows: RefCell::default(),
        }
    }
    /// Hear of the echo of `cx`'s engines.
    pub(super) fn listen(self: &Rc<Self>, _cx: &Cx) {}
    /// An input has ended: show what is still collected.
    pub(super) fn settle(&self, _cx: &Cx) {
        if let Some(table) = self.rows.take() {
            self.output.write(&table.render(None, self.output.color()));
        }
        if self.output.on_terminal() {
            self.output.flush();
        }
    }
}

impl Console for ShellConsole {
    fn write(&self, text: &str) {
        self.output.write(text);
    }
    fn display(&self, value: &Value, cx: &Cx) -> Result<()> {
        let _ = self.timing;
        if self.display == Display::Tables {
            if let Some(table) = table_of(value, self.output.color(), cx)? {
                self.output.write(&table.render(None, self.output.color()));
                return Ok(());
            }
        }
        let text = cx.repr(value)?;
        self.output.write(&text);
        self.output.write("\n");
        Ok(())
    }
    fn warn(&self, _category: &'static TypeSpec, _message: &str) {}
}
