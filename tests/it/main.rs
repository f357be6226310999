//! The integration tests: the layers of the source, the program from outside, and the sessions.

mod cli;
mod display;
mod layers;
mod prompt;
mod support;
mod transcripts;
