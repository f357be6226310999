//! The binary: argv to exit status.

use std::process::ExitCode;

/// Most of what a script does is to make small objects and to drop them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ormsh::shell::main()
}
