//! Runs the program.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use regex::Regex;

/// The built program.
pub(crate) fn ormsh() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ormsh"));
    // The reader's own settings are no part of a test.
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command
}

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// Run `arguments` with `input` on standard input.
pub(crate) fn run(arguments: &[&str], input: &str) -> Output {
    let mut child = ormsh()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    child
        .stdin
        .take()
        .expect("it was piped")
        .write_all(input.as_bytes())
        .expect("it reads");
    child.wait_with_output().expect("it ends")
}

/// What a run wrote to standard output.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a run wrote to standard error.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Object addresses differ between any two runs.
pub(crate) fn without_addresses(text: &str) -> String {
    let address = Regex::new("0x[0-9a-f]{6,}").expect("a valid pattern");
    address.replace_all(text, "0x...").into_owned()
}
