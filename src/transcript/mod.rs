//! Transcripts: documents with examples, replayed and compared with what they recorded.
//!
//! Order inside: directive, model, parse, matcher, diff, replay, report. Blessing, which writes
//! a replay back into its document, belongs behind `replay` and before `report`.

mod diff;
mod directive;
mod matcher;
mod model;
mod parse;
mod replay;
mod report;

pub use diff::{DiffLine, diff_lines};
pub use directive::Directives;
pub use matcher::matches;
pub use model::{Document, Example, prompted};
pub use parse::{DocumentKind, has_prompts, parse_document};
pub use replay::{Runner, Verdict, replay};
pub use report::{Summary, write_mismatch};
