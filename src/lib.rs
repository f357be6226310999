//! ormsh: an interactive SQL-and-ORM shell that speaks SQLAlchemy.
//!
//! Layers, each a folder with one door; arrows only point down:
//! shell > transcript > lang > orm > sql > engine > object > util.

pub mod engine;
pub mod lang;
pub mod object;
pub mod orm;
pub mod shell;
pub mod sql;
pub mod transcript;
pub mod util;
