//! The exit statuses.

use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// 0: fine.
    Fine,
    /// 1: an error in the input.
    InputError,
    /// 3: a transcript differs from its record.
    Mismatch,
    /// 4: a database or file can't be opened.
    CannotOpen,
    /// What the script's `exit()` asked for.
    Asked(u8),
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        // 2, wrong usage, is clap's.
        Self::from(match status {
            Status::Fine => 0,
            Status::InputError => 1,
            Status::Mismatch => 3,
            Status::CannotOpen => 4,
            Status::Asked(status) => status,
        })
    }
}
