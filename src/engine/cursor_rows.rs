//! The rows of a statement on their way from the driver's cursor to a result.

use super::connection::Connection;
use super::driver::DriverCursor;
use super::echo::EventKind;
use super::request::Processors;
use super::result::RowSource;
use crate::object::{Cx, Result, Value};

/// Make of each value what a script sees.
pub(super) fn process(
    row: &mut [Value],
    processors: &[Option<super::request::Processor>],
    cx: &Cx,
) -> Result<()> {
    for (value, processor) in row.iter_mut().zip(processors) {
        if let Some(processor) = processor {
            let raw = std::mem::replace(value, Value::None);
            *value = processor(raw, cx)?;
        }
    }
    Ok(())
}

/// The rows of a cursor, each value made what a script sees.
pub(super) struct CursorRows {
    pub(super) cursor: Box<dyn DriverCursor>,
    pub(super) processors: Option<Processors>,
    /// Kept open while there are rows to read.
    pub(super) connection: Connection,
    pub(super) heard: bool,
    pub(super) fetched: usize,
}

impl RowSource for CursorRows {
    fn fetch(&mut self, row: &mut Vec<Value>, cx: &Cx) -> Result<bool> {
        let found = self
            .cursor
            .fetch(row, cx)
            .map_err(|raised| super::exc::wrap(raised, None, cx))?;
        if self.heard {
            let event = if found {
                EventKind::Row(row.clone())
            } else {
                EventKind::ResultEnd(self.fetched)
            };
            self.connection.emit(event, cx);
        }
        if !found {
            return Ok(false);
        }
        self.fetched += 1;
        if self.fetched.is_multiple_of(4096) {
            cx.check_interrupt()?;
        }
        if let Some(processors) = &self.processors {
            process(row, processors, cx)?;
        }
        Ok(true)
    }
    fn rowcount(&self) -> Option<i64> {
        Some(self.cursor.rowcount())
    }
}
