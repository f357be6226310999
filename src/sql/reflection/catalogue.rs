//! The PRAGMAs and catalogue queries of SQLite.

use crate::engine::echo::{Cause, because};
use crate::engine::{Connection, ExecutionRequest, Parameters};
use crate::object::{Cx, Result, Str, Value};
use crate::sql::dialects::Dialect;

/// A row of a PRAGMA.
pub type CatalogueRow = Vec<Value>;

/// Asks a connection for what its catalogue holds.
pub struct Catalogue<'a> {
    connection: &'a Connection,
    dialect: std::rc::Rc<Dialect>,
    cx: &'a Cx,
}

impl<'a> Catalogue<'a> {
    /// The catalogue of the database of `connection`.
    pub fn new(connection: &'a Connection, cx: &'a Cx) -> Self {
        Self {
            connection,
            dialect: Dialect::of_connection(connection, cx),
            cx,
        }
    }
    /// The connection.
    pub fn connection(&self) -> &Connection {
        self.connection
    }
    /// The session.
    pub fn cx(&self) -> &Cx {
        self.cx
    }
    /// A name in quotes.
    pub fn quoted(&self, name: &str) -> String {
        self.dialect.quote_identifier(name)
    }
    /// Run a query, and read all of it.
    pub fn rows(&self, sql: String, parameters: Vec<Value>) -> Result<Vec<CatalogueRow>> {
        let _cause = because(Cause::Reflection, self.cx);
        let request = ExecutionRequest::raw(Str::new(sql), Parameters::One(parameters));
        let result = self.connection.execute_compiled(request, self.cx)?;
        if !result.returns_rows() {
            return Ok(Vec::new());
        }
        result.fetch_all_raw(self.cx)
    }
    /// `PRAGMA main.name("table")`, then that of `temp`; or that of `schema`.
    pub fn pragma(
        &self,
        name: &str,
        table: &str,
        schema: Option<&Str>,
    ) -> Result<Vec<CatalogueRow>> {
        let table = self.quoted(table);
        let places = match schema {
            Some(schema) => vec![self.quoted(schema)],
            None => vec!["main".to_owned(), "temp".to_owned()],
        };
        for place in places {
            let rows = self.rows(format!("PRAGMA {place}.{name}({table})"), Vec::new())?;
            if !rows.is_empty() {
                return Ok(rows);
            }
        }
        Ok(Vec::new())
    }
    /// The names of the databases attached, that of temporary tables excepted.
    pub fn schema_names(&self) -> Result<Vec<Str>> {
        let rows = self.rows("PRAGMA database_list".to_owned(), Vec::new())?;
        Ok(rows
            .iter()
            .filter_map(|row| row.get(1)?.as_str())
            .filter(|name| *name != "temp")
            .map(Str::new)
            .collect())
    }
    /// Whether there is a table or view `name`.
    pub fn has_table(&self, name: &str, schema: Option<&Str>) -> Result<bool> {
        if let Some(schema) = schema.filter(|_| self.dialect.compat.is_20())
            && !self.schema_names()?.contains(schema)
        {
            return Ok(false);
        }
        Ok(!self.pragma("table_info", name, schema)?.is_empty())
    }
}

/// Whether there is a table or view `name`.
pub fn has_table(
    connection: &Connection,
    name: &str,
    schema: Option<&Str>,
    cx: &Cx,
) -> Result<bool> {
    Catalogue::new(connection, cx).has_table(name, schema)
}
