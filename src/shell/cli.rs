//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::util::Compat;

/// An interactive SQL-and-ORM shell that speaks SQLAlchemy.
///
/// Without a command: the prompt on a terminal, else the script on standard input.
#[derive(Debug, Parser)]
#[command(name = "ormsh", version, args_conflicts_with_subcommands = true)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    /// A database URL or file, opened as `engine`; or a script or document to run
    #[arg(value_name = "URL-or-FILE")]
    pub(super) target: Option<String>,
    #[command(flatten)]
    pub(super) options: Options,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Replay scripts (.orm, .py) and documents with >>> examples in one session
    Run(RunArgs),
    /// Replay documents and compare with the output they recorded
    Test(TestArgs),
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Files to replay; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<String>,
    /// Print every statement behind its prompts, then what it printed
    #[arg(long)]
    pub(super) transcript: bool,
    /// Go on after an uncaught error
    #[arg(long)]
    pub(super) keep_going: bool,
}

#[derive(Debug, Args)]
pub(super) struct TestArgs {
    /// Documents to replay, each in a session of its own
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<String>,
    /// Let `...` in recorded output match anything
    #[arg(long)]
    pub(super) ellipsis: bool,
    /// Let runs of white space match each other
    #[arg(long)]
    pub(super) normalize_whitespace: bool,
}

#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Options {
    /// How results are shown [default: tables; python under `test` and with --transcript]
    #[arg(long, global = true, value_enum)]
    pub(super) display: Option<Display>,
    /// Which SQLAlchemy to behave as
    #[arg(long, global = true, value_enum, default_value_t = CompatChoice::Auto)]
    pub(super) compat: CompatChoice,
    /// When to colour the output
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto)]
    pub(super) color: ColorChoice,
    /// Show the real times in the echo
    #[arg(long, global = true)]
    pub(super) timing: bool,
    /// Say above each statement why it was emitted, where no script asked for it
    #[arg(long, global = true)]
    pub(super) why: bool,
}

/// How values and rows are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Display {
    /// Rows and row-shaped values as tables
    Tables,
    /// Exactly what Python's prompt shows
    Python,
}

/// `--compat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum CompatChoice {
    /// Decided when the first engine is created
    Auto,
    /// SQLAlchemy 1.4
    #[value(name = "1.4")]
    V14,
    /// SQLAlchemy 2.0
    #[value(name = "2.0")]
    V20,
}

impl CompatChoice {
    /// The version it settles.
    pub(super) fn settled(self) -> Option<Compat> {
        match self {
            Self::Auto => None,
            Self::V14 => Some(Compat::V14),
            Self::V20 => Some(Compat::V20),
        }
    }
}

/// `--color`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorChoice {
    /// On a terminal, unless NO_COLOR or CLICOLOR=0 say otherwise
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
