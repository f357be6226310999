//! The program: command line, prompt, display.
//!
//! Order inside: cli, exit, output, render, console, session, repl, script, test.

mod cli;
mod console;
mod exit;
mod output;
mod render;
mod repl;
mod script;
mod session;
mod test;

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Parser as _;
use signal_hook::consts::SIGINT;

use cli::{Cli, Command, Display, Options, RunArgs};
use exit::Status;
use output::Output;
use session::Shell;

use crate::engine::driver::close_all;
use crate::transcript::DocumentKind;

/// The stack that the language runs on: calls nest a thousand deep.
const STACK: usize = 1 << 29;

/// Run the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    stacker::grow(STACK, || start(&cli)).into()
}

fn start(cli: &Cli) -> Status {
    let output = Rc::new(Output::new(cli.options.color));
    let interrupt = Arc::new(AtomicBool::new(false));
    // Without a handler Ctrl-C ends the process, which is what is left to do then.
    drop(signal_hook::flag::register(SIGINT, interrupt.clone()));
    let status = dispatch(cli, &output, &interrupt);
    output.flush();
    status
}

fn dispatch(cli: &Cli, output: &Rc<Output>, interrupt: &Arc<AtomicBool>) -> Status {
    let new_shell = |display: Display| {
        let display = cli.options.display.unwrap_or(display);
        Shell::new(cli.options, display, output.clone(), interrupt.clone())
    };
    match &cli.command {
        Some(Command::Run(args)) => {
            let display = if args.transcript {
                Display::Python
            } else {
                Display::Tables
            };
            finish(new_shell(display), |shell| script::run(shell, args))
        }
        Some(Command::Test(args)) => test::run(args, output, || new_shell(Display::Python)),
        None => finish(new_shell(Display::Tables), |shell| interactive(shell, cli)),
    }
}

/// Run `work` in `shell`, then leave the memory to the system: freeing a large session object by
/// object would only delay the exit. Databases are closed first.
fn finish(mut shell: Shell, work: impl FnOnce(&mut Shell) -> Status) -> Status {
    let status = work(&mut shell);
    close_all();
    std::mem::forget(shell);
    status
}

fn interactive(shell: &mut Shell, cli: &Cli) -> Status {
    if let Some(target) = &cli.target {
        if is_input(target) {
            return script::run(shell, &run_args(target));
        }
        if let Err(status) = open(shell, target, cli.options) {
            return status;
        }
    }
    if !std::io::stdin().is_terminal() {
        return script::run(shell, &run_args("-"));
    }
    match repl::run(shell) {
        Ok(()) => shell.exit_status().map_or(Status::Fine, Status::Asked),
        Err(error) => {
            shell.output().error(&format!("ormsh: {error}\n"));
            Status::InputError
        }
    }
}

fn run_args(file: &str) -> RunArgs {
    RunArgs {
        files: vec![file.to_owned()],
        transcript: false,
        keep_going: false,
    }
}

/// Whether the argument is a script or document rather than a database.
fn is_input(target: &str) -> bool {
    let script = [".orm", ".py"]
        .iter()
        .any(|ending| target.ends_with(ending));
    script || (!target.contains("://") && DocumentKind::of_file(target).is_some())
}

/// Open a database as `engine`, with echo on.
fn open(shell: &mut Shell, target: &str, options: Options) -> Result<(), Status> {
    let url = if target.contains("://") {
        target.to_owned()
    } else {
        format!("sqlite:///{target}")
    };
    let future = if options.compat == cli::CompatChoice::V14 {
        ", future=True"
    } else {
        ""
    };
    let cx = shell.interp().cx();
    let literal = cx.repr(&url.as_str().into()).unwrap_or_default();
    // The first look into a file shows whether it is a database.
    let opening = format!(
        "from sqlalchemy import create_engine\n\
         engine = create_engine({literal}{future})\n\
         with engine.connect() as _connection:\n    \
         _connection.exec_driver_sql('PRAGMA schema_version')\n\
         del _connection\n\
         engine.echo = True\n"
    );
    shell.run_quietly(&opening).map_err(|reason| {
        shell
            .output()
            .error(&format!("ormsh: can't open {target}: {reason}"));
        Status::CannotOpen
    })
}
