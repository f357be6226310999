//! INSERT, UPDATE, DELETE.

/// An INSERT; a cheap handle.
#[derive(Clone)]
pub struct Insert;

/// An UPDATE; a cheap handle.
#[derive(Clone)]
pub struct Update;

/// A DELETE; a cheap handle.
#[derive(Clone)]
pub struct Delete;
