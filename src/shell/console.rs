//! The console of a session: what scripts print and display, and the echo.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nu_ansi_term::{Color, Style};

use super::cli::{Display, Options};
use super::output::Output;
use super::render::{RowTable, highlight, table_of};
use crate::engine::echo::{Cause, Echo, EchoLevel, Event, EventKind, EventSink};
use crate::object::{Console, Cx, Result, TypeSpec, Value};

/// Writes to the session's output.
pub(super) struct ShellConsole {
    output: Rc<Output>,
    display: Display,
    timing: bool,
    why: bool,
    /// The rows of the statement echoed last, while they arrive.
    rows: RefCell<Option<RowTable>>,
    /// The table that stands last on the screen.
    last_table: RefCell<Option<String>>,
    /// What stops a script as Ctrl-C does.
    interrupt: OnceCell<Arc<AtomicBool>>,
}

impl ShellConsole {
    /// A console that displays as `display` says, and echoes as `options` say.
    pub(super) fn new(output: Rc<Output>, display: Display, options: Options) -> Self {
        Self {
            output,
            display,
            timing: options.timing,
            why: options.why,
            rows: RefCell::default(),
            last_table: RefCell::default(),
            interrupt: OnceCell::new(),
        }
    }
    /// Hear of the echo of `cx`'s engines.
    pub(super) fn listen(self: &Rc<Self>, cx: &Cx) {
        cx.service::<Echo>().add_sink(self.clone());
        self.interrupt.get_or_init(|| cx.interrupt_flag());
    }
    /// An input has ended: show what is still collected.
    pub(super) fn settle(&self) {
        self.show_rows(false);
        self.last_table.take();
        if self.output.on_terminal() {
            self.output.flush();
        }
    }

    /// Show the rows that arrived; a result that nobody read to its end may have more.
    fn show_rows(&self, ended: bool) {
        if let Some(table) = self.rows.take()
            && (ended || !table.is_empty())
        {
            let table = self.render(table.fetched(!ended));
            self.output.write(&table);
            *self.last_table.borrow_mut() = Some(table);
        }
    }
    fn render(&self, table: RowTable) -> String {
        table.render(self.output.width(), self.output.color())
    }

    /// The reason of an event, as a comment of SQL.
    fn show_reason(&self, event: &Event) {
        let reason = event.reason();
        if reason.is_empty() || event.echo == EchoLevel::Off {
            return;
        }
        let comment = format!("-- {reason}");
        let shown = match self.output.color() {
            true => Style::new().dimmed().italic().paint(comment).to_string(),
            false => comment,
        };
        self.output.write(&shown);
        self.output.write("\n");
    }

    /// The records of an event, as SQLAlchemy logs them, in colours on a terminal.
    fn show_records(&self, event: &Event, cx: &Cx) {
        self.last_table.take();
        if self.why && matches!(event.kind, EventKind::Statement { .. }) {
            self.show_reason(event);
        }
        if !self.output.color() {
            event.each_record(!self.timing, cx, |record| {
                self.output.write(record);
                self.output.write("\n");
            });
            return;
        }
        let records = event.log_records(!self.timing, cx);
        let faint = Style::new().dimmed();
        let transaction = Style::new().fg(Color::Magenta);
        for (at, record) in records.iter().enumerate() {
            let shown = match &event.kind {
                EventKind::Statement { .. } if at == 0 => highlight(record),
                EventKind::Statement { .. } | EventKind::Columns(_) | EventKind::Row(_) => {
                    faint.paint(record).to_string()
                }
                _ => transaction.paint(record).to_string(),
            };
            self.output.write(&shown);
            self.output.write("\n");
        }
    }
}

/// Whether the rows of a statement that was emitted for `causes` are shown under it: what
/// `create_all()` finds in the catalog says nothing to who did not ask for it.
fn shows_rows(causes: &[Cause]) -> bool {
    !causes
        .iter()
        .any(|cause| matches!(cause, Cause::CreateAll | Cause::DropAll))
}

impl EventSink for ShellConsole {
    fn event(&self, event: &Event, cx: &Cx) {
        match &event.kind {
            EventKind::Columns(names) if self.display == Display::Tables => {
                if shows_rows(&event.causes) {
                    let names = names.iter().map(ToString::to_string).collect();
                    *self.rows.borrow_mut() = Some(RowTable::new(names));
                }
            }
            EventKind::Row(values) if self.display == Display::Tables => {
                if let Some(table) = &mut *self.rows.borrow_mut() {
                    table.push(values, self.output.color(), cx);
                }
            }
            EventKind::ResultEnd(_) => self.show_rows(true),
            _ => {
                self.show_rows(false);
                self.show_records(event, cx);
            }
        }
    }
    fn wants_rows(&self) -> bool {
        self.display == Display::Tables
    }
}

impl Console for ShellConsole {
    fn write(&self, text: &str) {
        self.last_table.take();
        self.output.write(text);
        // Nobody reads any more: a script that only prints has nothing left to do.
        if self.output.is_broken()
            && let Some(interrupt) = self.interrupt.get()
        {
            interrupt.store(true, Ordering::Relaxed);
        }
    }
    fn write_error(&self, text: &str) {
        self.output.warn(text);
    }
    fn display(&self, value: &Value, cx: &Cx) -> Result<()> {
        if self.display == Display::Tables
            && let Some(shown) = self.shown_as_table(value, cx)?
        {
            self.show_rows(false);
            // What the statement itself has just shown need not be shown twice.
            if self.last_table.take().as_ref() != Some(&shown) {
                self.output.write(&shown);
            }
            return Ok(());
        }
        let text = cx.repr(value)?;
        self.show_rows(false);
        self.output.write(&text);
        self.output.write("\n");
        Ok(())
    }
    fn warn(&self, category: &'static TypeSpec, message: &str) {
        // Python's prompt writes warnings to standard error, where no transcript sees them.
        if self.display == Display::Tables {
            self.output
                .warn(&format!("{}: {message}\n", category.name()));
        }
    }
}

impl ShellConsole {
    fn shown_as_table(&self, value: &Value, cx: &Cx) -> Result<Option<String>> {
        if let Value::Object(object) = value
            && let Some(text) = object.display_text(cx)?
        {
            let text = if self.output.color() {
                highlight(&text)
            } else {
                text
            };
            return Ok(Some(format!("{text}\n")));
        }
        Ok(table_of(value, self.output.color(), cx)?.map(|table| self.render(table)))
    }
}
