//! The prompt, driven through a pseudo-terminal.

use std::io::Read as _;
use std::process::Command;
use std::time::Duration;

use expectrl::Expect as _;
use expectrl::session::{OsSession, Session};

fn start(state: &std::path::Path) -> OsSession {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ormsh"));
    command.args(["--display", "python", "--compat", "2.0", "--color", "never"]);
    command.env("XDG_STATE_HOME", state).env("TERM", "xterm");
    let mut session = Session::spawn(command).expect("a terminal");
    session.set_expect_timeout(Some(Duration::from_secs(20)));
    session.expect(">>> ").expect("the prompt");
    session
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
    let history = std::fs::read_to_string(state.path().join("ormsh/history")).expect("a history");
    assert!(history.contains("6 * 7"), "{history}");
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
fn a_pasted_transcript_runs_as_if_typed() {
    let state = tempfile::tempdir().expect("a folder");
    let mut session = start(state.path());
    // As a terminal sends a paste: between the marks of bracketed paste.
    session
        .send("\u{1b}[200~>>> def f(x):\n...     return x * 2\n...\n>>> f(21)\n99\n\u{1b}[201~\r")
        .unwrap();
    session
        .expect("42")
        .expect("the example ran, its record did not");
}
