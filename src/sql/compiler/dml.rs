//! INSERT, UPDATE, DELETE.

use super::{Fragment, Kw, SQLCompiler};
use crate::object::Result;
use crate::sql::dml::{Delete, Insert, Update};

impl SQLCompiler<'_> {
    /// Render an INSERT.
    pub fn insert(&mut self, _insert: &Insert, _kw: Kw, _out: &mut Fragment) -> Result<()> {
        Err(self.unsupported("INSERT"))
    }
    /// Render an UPDATE.
    pub fn update(&mut self, _update: &Update, _kw: Kw, _out: &mut Fragment) -> Result<()> {
        Err(self.unsupported("UPDATE"))
    }
    /// Render a DELETE.
    pub fn delete(&mut self, _delete: &Delete, _kw: Kw, _out: &mut Fragment) -> Result<()> {
        Err(self.unsupported("DELETE"))
    }
}
