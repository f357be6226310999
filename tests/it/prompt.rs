//! The prompt, driven through a pseudo-terminal.

use std::fs;
use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use expectrl::Expect as _;
use expectrl::session::{OsSession, Session};

use crate::support::{root, without_addresses};

/// A screen on which nothing is wrapped or scrolls away.
const ROWS: NonZero<u16> = NonZero::new(4000).unwrap();
const COLUMNS: NonZero<u16> = NonZero::new(400).unwrap();

fn spawn(state: &Path, arguments: &[&str]) -> OsSession {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ormsh"));
    command.args(["--color", "never"]).args(arguments);
    command.env("XDG_STATE_HOME", state).env("TERM", "xterm");
    let mut session = Session::spawn(command).expect("a terminal");
    session.set_expect_timeout(Some(Duration::from_mins(1)));
    session
        .get_process_mut()
        .set_window_size(COLUMNS.get(), ROWS.get())
        .expect("a size");
    session
}

fn start(state: &Path) -> OsSession {
    let mut session = spawn(state, &["--display", "python", "--compat", "2.0"]);
    session.expect(">>> ").expect("the prompt");
    session
}

/// All that stands on the screen when the session, to which `sent` is sent, has ended.
fn screen(session: &OsSession, sent: String) -> String {
    let handle = || session.get_process().get_raw_handle().expect("a handle");
    let (mut reader, mut writer) = (handle(), handle());
    // Both at once: neither side may wait for the other with its buffers full.
    std::thread::spawn(move || writer.write_all(sent.as_bytes()));
    let (chunks, received) = mpsc::channel();
    std::thread::spawn(move || {
        let mut chunk = [0; 4096];
        // A terminal whose other end is gone reports an error in place of an end.
        while let Ok(length @ 1..) = reader.read(&mut chunk) {
            if chunks.send(chunk[..length].to_vec()).is_err() {
                return;
            }
        }
    });
    let mut terminal = vt100::Parser::new(ROWS, COLUMNS, 0);
    loop {
        match received.recv_timeout(Duration::from_mins(1)) {
            Ok(chunk) => terminal.process(&chunk),
            Err(RecvTimeoutError::Disconnected) => return terminal.screen().contents(),
            Err(RecvTimeoutError::Timeout) => {
                panic!("it waits:\n{}", terminal.screen().contents())
            }
        }
    }
}

/// `text` as a terminal shows it: tabs as blanks, nothing behind the last character of a line.
fn displayed(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut shown = String::new();
        for c in line.chars() {
            match c {
                '\t' => {
                    let to = 8 - shown.chars().count() % 8;
                    shown.push_str(&" ".repeat(to));
                }
                c => shown.push(c),
            }
        }
        lines.push(shown.trim_end().to_owned());
    }
    lines.join("\n")
}

/// What a transcript's text leaves on the screen when it is pasted at the prompt, between the
/// greeting and the last prompt.
fn pasted(text: &str, bracketed: bool, compat: &str) -> String {
    let state = tempfile::tempdir().expect("a folder");
    let mut session = spawn(state.path(), &["--display", "python", "--compat", compat]);
    session.expect("leaves.\r\n").expect("the greeting");
    if !bracketed {
        session.expect(">>> ").expect("the prompt");
    }
    let sent = if bracketed {
        format!("\u{1b}[200~{text}\u{1b}[201~\r")
    } else {
        text.replace('\n', "\r") + "\r"
    };
    let screen = screen(&session, sent + ">>> exit()\r");
    let end = screen.rfind(">>> exit()").expect("the last input");
    without_addresses(&displayed(&screen[..end]))
}

/// The transcript that `ormsh run` prints of a file.
fn replayed(file: &Path, compat: &str) -> String {
    let output = crate::support::ormsh()
        .args(["run", "--transcript", "--keep-going", "--compat", compat])
        .arg(file)
        .output()
        .expect("it runs");
    without_addresses(&displayed(&String::from_utf8_lossy(&output.stdout)))
}

fn assert_same(left: &str, right: &str) {
    let trim = |text: &str| text.trim_end().to_owned();
    assert_eq!(trim(left), trim(right));
}

#[test]
fn a_document_pasted_at_the_prompt_gives_its_transcript() {
    let document = root().join("docs/quickstart.md");
    let text = fs::read_to_string(&document).expect("the quick start");
    assert_same(&pasted(&text, true, "2.0"), &replayed(&document, "2.0"));
}

#[test]
fn a_session_pasted_at_the_prompt_gives_what_it_recorded() {
    let folder = root().join("tests/transcripts/orm");
    for compat in ["1.4", "2.0"] {
        let golden = folder.join(format!("unit_of_work.{compat}.transcript"));
        let text = fs::read_to_string(&golden).expect("a golden");
        let expected = replayed(&golden, compat);
        assert_same(&pasted(&text, true, compat), &expected);
    }
}

#[test]
fn a_terminal_that_marks_no_pastes_gives_the_same() {
    let text = "\
>>> def double(x):
...     y = x * 2
...
...     return y
>>> for i in range(2):
...     double(i)
0
2
>>> double(21)
42
";
    let expected = "\
>>> def double(x):
...     y = x * 2
...
...     return y
>>> for i in range(2):
...     double(i)
0
2
>>> double(21)
42
";
    assert_same(&pasted(text, false, "2.0"), expected);
}

#[test]
fn pasted_code_may_have_blank_lines_inside() {
    let code = "def f(x):\n    y = x\n\n    return y\n\nf(5)\n";
    let expected = ">>> def f(x):\n...     y = x\n...\n...     return y\n>>> f(5)\n5\n";
    assert_same(&pasted(code, true, "2.0"), expected);
}

#[test]
fn inputs_are_answered_and_blocks_continue() {
    let state = tempfile::tempdir().expect("a folder");
    let mut session = start(state.path());
    session.send_line("6 * 7").unwrap();
    session.expect("42").expect("the value");
    session.send_line("_ + 1").unwrap();
    session.expect("43").expect("the last value");
    session.send_line("for i in range(2):").unwrap();
    session.expect("... ").expect("a continuation");
    // The indentation is offered; the block ends with an empty line.
    session.send_line("print('i', i)").unwrap();
    session.expect("... ").expect("a continuation");
    session.send("\u{15}\r").unwrap();
    session.expect("i 1").expect("the output");
    let history = fs::read_to_string(state.path().join("ormsh/history")).expect("a history");
    assert!(history.contains("6 * 7"), "{history}");
}

#[cfg(unix)]
#[test]
fn the_history_is_its_owners_and_recalls_whole_blocks() {
    use std::os::unix::fs::PermissionsExt as _;
    let state = tempfile::tempdir().expect("a folder");
    let mut session = start(state.path());
    session.send_line("for i in range(2):").unwrap();
    session.expect("... ").expect("a continuation");
    session.send_line("print('row', i + 7)").unwrap();
    session.expect("... ").expect("a continuation");
    session.send("\u{15}\r").unwrap();
    session.expect("row 8").expect("the output");
    session.send("\u{1b}[A\r").unwrap();
    session.expect("row 8").expect("the block runs again");
    let file = state.path().join("ormsh/history");
    let mode = fs::metadata(file).expect("a history").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn ctrl_c_abandons_the_input_and_ctrl_d_leaves() {
    let state = tempfile::tempdir().expect("a folder");
    let mut session = start(state.path());
    session.send("nonsense(\u{3}").unwrap();
    session
        .expect("KeyboardInterrupt")
        .expect("the input is abandoned");
    session.send_line("1 + 1").unwrap();
    session.expect("2").expect("the next input runs");
    session.send("\u{4}").unwrap();
    let mut rest = String::new();
    drop(session.read_to_string(&mut rest));
}

#[test]
fn ctrl_c_ends_an_endless_loop() {
    let state = tempfile::tempdir().expect("a folder");
    let mut session = start(state.path());
    session.send_line("while True: pass").unwrap();
    session.expect("... ").expect("a continuation");
    session.send("\u{15}\r").unwrap();
    std::thread::sleep(Duration::from_millis(300));
    session.send("\u{3}").unwrap();
    session.expect("KeyboardInterrupt").expect("the loop ends");
    session.send_line("2 + 3").unwrap();
    session.expect("5").expect("the session lives");
}

#[test]
fn ctrl_c_ends_an_endless_query_and_the_session_lives() {
    let state = tempfile::tempdir().expect("a folder");
    let mut session = start(state.path());
    for line in [
        "from sqlalchemy import create_engine, text",
        "connection = create_engine('sqlite://').connect()",
        "kept = connection.execute(text('create table t (a)'))",
    ] {
        session.send_line(line).unwrap();
        session.expect(">>> ").expect("the prompt");
    }
    let endless =
        "with recursive c(n) as (select 1 union all select n + 1 from c) select sum(n) from c";
    session
        .send_line(format!("connection.execute(text('{endless}')).all()"))
        .unwrap();
    std::thread::sleep(Duration::from_millis(500));
    session.send("\u{3}").unwrap();
    session.expect("KeyboardInterrupt").expect("the query ends");
    session
        .send_line("connection.execute(text('select count(*), 77 from t')).all()")
        .unwrap();
    session.expect("[(0, 77)]").expect("the next query runs");
}
