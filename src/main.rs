//! The binary: argv to exit status.

use std::process::ExitCode;

fn main() -> ExitCode {
    ormsh::shell::main()
}
