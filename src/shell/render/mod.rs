//! How things look: tables, values, echoed SQL, errors. Text in, text out; nothing is printed.

mod advice;
mod error;
mod sql;
mod table;
mod value;

pub(super) use advice::{database_message, help_line, wrong_name};
pub(super) use error::{ErrorView, final_lines, python_traceback};
pub(super) use sql::highlight;
pub(super) use table::RowTable;
pub(super) use value::table_of;
