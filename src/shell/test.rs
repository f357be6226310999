//! `ormsh test`: replays documents, each in a session of its own, and compares with their record.

use super::cli::TestArgs;
use super::exit::Status;
use super::output::Output;
use super::session::Shell;
use crate::transcript::{
    Directives, DocumentKind, Summary, Verdict, parse_document, replay, write_mismatch,
};

/// Replay the documents of the command line; `new_shell` makes a fresh session.
pub(super) fn run(args: &TestArgs, output: &Output, new_shell: impl Fn() -> Shell) -> Status {
    let defaults = Directives {
        ellipsis: args.ellipsis,
        normalize_whitespace: args.normalize_whitespace,
        ..Directives::default()
    };
    let mut summary = Summary::default();
    for file in &args.files {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text.replace("\r\n", "\n"),
            Err(error) => {
                output.error(&format!("ormsh: {file}: {error}\n"));
                return Status::CannotOpen;
            }
        };
        let kind = DocumentKind::of_file(file).unwrap_or(DocumentKind::Transcript);
        let document = parse_document(file, &text, kind);
        summary.documents += 1;
        let mut shell = new_shell();
        let mut report = String::new();
        for (example, verdict) in replay(&document, defaults, &mut shell) {
            match verdict {
                Verdict::Same => summary.same += 1,
                Verdict::Skipped => summary.skipped += 1,
                Verdict::Differs { got } => {
                    summary.different += 1;
                    write_mismatch(&mut report, file, example, &got, output.color());
                }
            }
        }
        output.write(&report);
    }
    output.write(&summary.line());
    output.write("\n");
    if summary.different > 0 {
        Status::Mismatch
    } else {
        Status::Fine
    }
}
