//! How things look: tables, values, echoed SQL, errors. Text in, text out; nothing is printed.

mod error;
mod sql;
mod table;
mod value;

pub(super) use error::{ErrorView, final_lines, help_line, python_traceback};
pub(super) use sql::highlight;
pub(super) use table::RowTable;
pub(super) use value::table_of;
