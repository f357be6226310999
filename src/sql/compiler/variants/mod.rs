//! What single databases spell differently from the rest: one file a database, and here the
//! choice among them.

mod limits;
mod locking;
mod mssql;
mod mysql;
mod oracle;
mod postgresql;
mod sqlite;

use std::rc::Rc;

use super::{Fragment, Kw, SQLCompiler};
use crate::engine::exc::{UNSUPPORTED_COMPILATION_ERROR, with_code};
use crate::object::{Raised, Result, Value};
use crate::sql::dialects::Backend;
use crate::sql::elements::{
    BinaryExpression, ClauseList, ColumnElement, Extract, Function, Modifiers,
};
use crate::sql::operators::Operator;
use crate::sql::selectable::Select;
use crate::sql::types::SqlType;

impl SQLCompiler<'_> {
    fn backend(&self) -> Backend {
        self.dialect.backend
    }

    /// A binary operator with a form of its own; whether there was one.
    pub(super) fn special_binary(
        &mut self,
        node: &Rc<BinaryExpression>,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<bool> {
        match self.backend() {
            Backend::Default => Ok(false),
            Backend::Sqlite => self.sqlite_binary(node, kw, out),
            Backend::Postgresql => self.postgresql_binary(node, kw, out),
            Backend::Mysql | Backend::Mariadb => self.mysql_binary(node, kw, out),
            Backend::Mssql => self.mssql_binary(node, kw, out),
            Backend::Oracle => self.oracle_binary(node, kw, out),
        }
    }

    /// The error for an operator that the database does not have.
    pub(super) fn unsupported_operator(&self, operator: &Operator) -> Raised {
        let address = std::ptr::from_ref(self) as usize;
        let message = format!(
            "Compiler <sqlalchemy.{} object at {address:#014x}> can't render element of type \
             <function {} at {address:#014x}>",
            self.compiler_class(),
            operator.name()
        );
        with_code(UNSUPPORTED_COMPILATION_ERROR.error(message), "l7de")
    }

    /// The class of SQLAlchemy's compiler for this database, below `sqlalchemy`.
    pub fn compiler_class(&self) -> &'static str {
        match (self.backend(), self.dialect.driver) {
            (Backend::Default, _) => "sql.compiler.StrSQLCompiler",
            (Backend::Sqlite, _) => "dialects.sqlite.base.SQLiteCompiler",
            (Backend::Postgresql, "psycopg2") => "dialects.postgresql.psycopg2.PGCompiler_psycopg2",
            (Backend::Postgresql, _) => "dialects.postgresql.base.PGCompiler",
            (Backend::Mysql | Backend::Mariadb, "pymysql") => "dialects.mysql.base.MySQLCompiler",
            (Backend::Mysql | Backend::Mariadb, _) => {
                "dialects.mysql.mysqldb.MySQLCompiler_mysqldb"
            }
            (Backend::Mssql, _) => "dialects.mssql.base.MSSQLCompiler",
            (Backend::Oracle, _) => "dialects.oracle.cx_oracle.OracleCompiler_cx_oracle",
        }
    }

    /// `function(left, right)`.
    fn called(
        &mut self,
        function: &str,
        node: &BinaryExpression,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        out.push(function);
        out.push("(");
        self.element(&node.left, kw, out)?;
        out.push(", ");
        self.element(&node.right, kw, out)?;
        out.push(")");
        Ok(())
    }

    /// `function(left, right, 'flags')`, the flags where there are any.
    fn called_with_flags(
        &mut self,
        function: &str,
        node: &BinaryExpression,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        out.push(function);
        out.push("(");
        self.element(&node.left, kw, out)?;
        out.push(", ");
        self.element(&node.right, kw, out)?;
        if let Some(flags) = &node.modifiers.flags {
            out.push(", ");
            out.push(&quoted_text(flags));
        }
        out.push(")");
        Ok(())
    }

    /// `CONCAT('(?', 'flags', ')', pattern)`.
    fn flagged_pattern(
        &mut self,
        flags: &str,
        pattern: &ColumnElement,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        out.push("CONCAT('(?', ");
        out.push(&quoted_text(flags));
        out.push(", ')', ");
        self.element(pattern, kw, out)?;
        out.push(")");
        Ok(())
    }

    /// A chain of `||` with a form of its own.
    pub(super) fn concat_list(
        &mut self,
        list: &Rc<ClauseList>,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<bool> {
        match self.backend() {
            Backend::Mysql | Backend::Mariadb => {
                out.push("concat(");
                self.list(&list.clauses, ", ", kw, out)?;
                out.push(")");
            }
            Backend::Mssql => self.list(&list.clauses, " + ", kw, out)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Whether concatenation is a function.
    pub(super) fn concat_is_function(&self) -> bool {
        self.backend().is_mysql()
    }
    /// Concatenation as an operator.
    pub(super) fn concat_text(&self) -> &'static str {
        match self.backend() {
            Backend::Mssql => " + ",
            _ => " || ",
        }
    }
    /// Whether there is ILIKE.
    pub(super) fn has_ilike(&self) -> bool {
        self.backend() == Backend::Postgresql
    }
    /// Whether there is DISTINCT ON.
    pub(super) fn has_distinct_on(&self) -> bool {
        self.backend() == Backend::Postgresql
    }
    /// What an inner join is called.
    pub(super) fn inner_join(&self) -> &'static str {
        if self.backend().is_mysql() {
            " INNER JOIN "
        } else {
            " JOIN "
        }
    }
    /// Between an element and its alias.
    pub(super) fn alias_keyword(&self) -> &'static str {
        match self.backend() {
            Backend::Oracle => " ",
            _ => " AS ",
        }
    }
    /// Whether WITH says RECURSIVE.
    pub(super) fn cte_recursive_keyword(&self) -> bool {
        !matches!(self.backend(), Backend::Mssql | Backend::Oracle)
    }
    /// The FROM of a SELECT without one.
    pub(super) fn default_from(&self, has_conditions: bool) -> &'static str {
        match self.backend() {
            Backend::Oracle => " FROM DUAL",
            Backend::Mysql | Backend::Mariadb if has_conditions => " FROM DUAL",
            _ => "",
        }
    }
    /// A type as CAST writes it; `None`: the database has no cast to it.
    pub(super) fn cast_type(&self, type_: &SqlType) -> Result<Option<String>> {
        if self.backend().is_mysql() {
            return self.mysql_cast_type(type_);
        }
        self.type_text(type_).map(Some)
    }

    /// EXTRACT with a form of its own.
    pub(super) fn special_extract(
        &mut self,
        node: &Rc<Extract>,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<bool> {
        match self.backend() {
            Backend::Sqlite => self.sqlite_extract(node, kw, out)?,
            Backend::Mssql => self.mssql_extract(node, kw, out)?,
            Backend::Mysql | Backend::Mariadb if node.field == "milliseconds" => {
                out.push("EXTRACT(millisecond FROM ");
                self.element(&node.expr, kw, out)?;
                out.push(")");
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// A function that the database spells differently.
    pub(super) fn special_function(
        &mut self,
        function: &Rc<Function>,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<bool> {
        if !function.packages.is_empty() {
            return Ok(false);
        }
        let name = function.name.to_ascii_lowercase();
        match self.backend() {
            Backend::Default => Ok(false),
            Backend::Sqlite => self.sqlite_function(function, &name, kw, out),
            Backend::Postgresql => self.postgresql_function(function, &name, kw, out),
            Backend::Mysql | Backend::Mariadb => self.mysql_function(function, &name, kw, out),
            Backend::Mssql => self.mssql_function(function, &name, kw, out),
            Backend::Oracle => self.oracle_function(function, &name, kw, out),
        }
    }

    /// `name` in place of the function's own.
    fn renamed(
        &mut self,
        name: &str,
        function: &Rc<Function>,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<bool> {
        out.push(name);
        self.arguments(function, kw, out)?;
        Ok(true)
    }

    /// A SELECT rewritten for databases without LIMIT; `None`: as it is.
    pub(super) fn translate_select(&mut self, select: &Select) -> Result<Option<Select>> {
        match self.backend() {
            Backend::Mssql => self.mssql_translated(select),
            Backend::Oracle => self.oracle_translated(select),
            _ => Ok(None),
        }
    }
}

/// Text as a literal of SQL.
fn quoted_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The keyword `name` of an operator such as `match()`.
fn modifier<'a>(modifiers: &'a Modifiers, name: &str) -> Option<&'a Value> {
    let (_, value) = modifiers.other.iter().find(|(known, _)| known == name)?;
    Some(value)
}
