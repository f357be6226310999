//! The program: command line, REPL, display.
