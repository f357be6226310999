//! `ormsh run`: replays scripts and documents in one session.

use std::io::Read as _;

use super::cli::RunArgs;
use super::exit::Status;
use super::session::{Ended, Shell};
use crate::transcript::{Document, DocumentKind, has_prompts, parse_document};

/// A file to replay.
enum Input {
    /// Plain statements.
    Script { name: String, text: String },
    /// Examples among prose.
    Document(Document),
}

/// Replay the files of the command line.
pub(super) fn run(shell: &mut Shell, args: &RunArgs) -> Status {
    if args.transcript {
        shell.output().keep_errors_inline();
    }
    let mut failed = false;
    for file in &args.files {
        let input = match read(file) {
            Ok(input) => input,
            Err(error) => {
                shell.output().error(&format!("ormsh: {file}: {error}\n"));
                return Status::CannotOpen;
            }
        };
        let ended = match input {
            Input::Script { name, text } => run_script(shell, &name, &text, args),
            Input::Document(document) => run_document(shell, &document, args),
        };
        match ended {
            Ended::Well => {}
            Ended::Leaving(status) => return Status::Asked(status),
            Ended::Badly => {
                failed = true;
                if !args.keep_going {
                    return Status::InputError;
                }
            }
        }
    }
    if failed {
        Status::InputError
    } else {
        Status::Fine
    }
}

fn read(file: &str) -> std::io::Result<Input> {
    let (name, bytes) = if file == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes)?;
        ("<stdin>".to_owned(), bytes)
    } else {
        (file.to_owned(), std::fs::read(file)?)
    };
    let text = String::from_utf8(bytes)
        .map_err(|_| std::io::Error::other("the file is not UTF-8 text; save it as UTF-8"))?;
    let text = text
        .strip_prefix('\u{feff}')
        .unwrap_or(&text)
        .replace("\r\n", "\n");
    Ok(match DocumentKind::of_file(file) {
        Some(kind) => Input::Document(parse_document(&name, &text, kind)),
        None if text.trim_start().starts_with(">>> ") && has_prompts(&text) => {
            Input::Document(parse_document(&name, &text, DocumentKind::Transcript))
        }
        None => Input::Script { name, text },
    })
}

fn run_script(shell: &mut Shell, name: &str, text: &str, args: &RunArgs) -> Ended {
    let source = shell.add_source(name, text);
    let statements = match shell.statements(source) {
        Ok(statements) => statements,
        Err(ended) => return ended,
    };
    let mut worst = Ended::Well;
    for statement in statements {
        if args.transcript {
            shell.show_statement(statement.text());
        }
        let ended = shell.run_statement(&statement);
        if args.transcript {
            shell.output().end_line();
        }
        match ended {
            Ended::Well => {}
            Ended::Badly if args.keep_going => worst = Ended::Badly,
            _ => return ended,
        }
        if shell.wants_to_leave() {
            return worst;
        }
    }
    worst
}

fn run_document(shell: &mut Shell, document: &Document, args: &RunArgs) -> Ended {
    let mut worst = Ended::Well;
    for example in &document.examples {
        if args.transcript {
            shell.show_statement(&example.source);
        }
        let ended = shell.run_named(&document.name, example.line, &example.source);
        if args.transcript {
            shell.output().end_line();
        }
        match ended {
            Ended::Well => {}
            Ended::Badly if args.keep_going => worst = Ended::Badly,
            _ => return ended,
        }
        if shell.wants_to_leave() {
            return worst;
        }
    }
    worst
}
