//! CREATE INDEX and DROP INDEX, with the options of each dialect.

use std::rc::Rc;

use super::compile::table_name;
use super::constraints::option;
use super::inline::inline_sql;
use crate::engine::exc::COMPILE_ERROR;
use crate::object::{Cx, Key, Result, Str, Value};
use crate::sql::ColumnElement;
use crate::sql::dialects::{Backend, Dialect};
use crate::sql::operators::Operator;
use crate::sql::schema::{Index, IndexPart, Table};

fn index_name(index: &Index, with_schema: bool, dialect: &Dialect) -> Result<String> {
    let name = index.name.borrow().as_str().cloned();
    let Some(name) = name else {
        return Err(COMPILE_ERROR.error("CREATE INDEX requires that the index have a name"));
    };
    let table = index.table();
    let schema = table
        .as_ref()
        .and_then(|table| table.schema())
        .filter(|_| with_schema);
    Ok(dialect.format_table_name(&name, index.quote, schema))
}

fn index_table(index: &Index) -> Result<Rc<Table>> {
    index.table().ok_or_else(|| {
        let name = index.name.borrow().as_str().cloned();
        COMPILE_ERROR.error(format!(
            "Index '{}' is not associated with any table.",
            name.as_ref().map_or("None", Str::as_str)
        ))
    })
}

/// A CREATE INDEX in the making.
struct CreateIndex<'a> {
    index: &'a Index,
    table: Rc<Table>,
    dialect: &'a Dialect,
    cx: &'a Cx,
    text: String,
}

impl CreateIndex<'_> {
    /// The option `name` of the dialect; MariaDB has those of MySQL.
    fn own(&self, name: &str) -> Option<Value> {
        let options = self.index.dialect_options.borrow();
        let found = option(&options, &format!("{}_{name}", self.dialect.name));
        match found {
            None if self.dialect.backend == Backend::Mariadb => {
                option(&options, &format!("mysql_{name}")).cloned()
            }
            found => found.cloned(),
        }
    }

    fn is_set(&self, name: &str) -> Result<bool> {
        self.own(name)
            .map_or(Ok(false), |value| self.cx.truthy(&value))
    }

    /// The words between CREATE and INDEX.
    fn kind(&mut self) -> Result<()> {
        if self.index.unique {
            self.text.push_str("UNIQUE ");
        }
        match self.dialect.backend {
            Backend::Mysql | Backend::Mariadb => {
                if let Some(prefix) = self.own("prefix") {
                    self.text.push_str(&self.cx.str(&prefix)?);
                    self.text.push(' ');
                }
            }
            Backend::Mssql => {
                if let Some(clustered) = self.own("clustered") {
                    self.text.push_str(if self.cx.truthy(&clustered)? {
                        "CLUSTERED "
                    } else {
                        "NONCLUSTERED "
                    });
                }
                if self.cx.compat().is_20() && self.is_set("columnstore")? {
                    self.text.push_str("COLUMNSTORE ");
                }
            }
            Backend::Oracle if self.is_set("bitmap")? => self.text.push_str("BITMAP "),
            _ => {}
        }
        Ok(())
    }

    fn name_and_table(&mut self, if_not_exists: bool) -> Result<()> {
        self.text.push_str("INDEX ");
        let backend = self.dialect.backend;
        if backend == Backend::Postgresql && self.is_set("concurrently")? {
            self.text.push_str("CONCURRENTLY ");
        }
        if if_not_exists {
            self.text.push_str("IF NOT EXISTS ");
        }
        let with_schema = matches!(backend, Backend::Sqlite | Backend::Oracle);
        let name = index_name(self.index, with_schema, self.dialect)?;
        let table = if backend == Backend::Sqlite {
            self.dialect
                .format_table_name(self.table.name(), self.table.quote, None)
        } else {
            table_name(&self.table, self.dialect)
        };
        self.text.push_str(&format!("{name} ON {table} "));
        Ok(())
    }

    fn expression(&self, element: &ColumnElement) -> Result<String> {
        let element = match self.dialect.backend {
            Backend::Postgresql => element.self_group(None, self.cx.compat()),
            Backend::Mysql | Backend::Mariadb if is_functional_part(element) => element.grouped(),
            _ => element.clone(),
        };
        inline_sql(&element, self.dialect, self.cx)
    }

    /// The parts, each with the name that options know it by.
    fn parts(&self) -> Result<Vec<(Option<Str>, String)>> {
        let mut parts = Vec::new();
        for part in &*self.index.parts.borrow() {
            parts.push(match part {
                IndexPart::Column(column) => {
                    let text = self
                        .dialect
                        .quote_name(&column.name(), column.quote())
                        .into_owned();
                    (Some(column.key()), text)
                }
                IndexPart::Pending(name) => {
                    (Some(name.clone()), self.dialect.quote(name).into_owned())
                }
                IndexPart::Expression(element) => {
                    let key = element.key().map(|key| Str::from(key.display()));
                    (key, self.expression(element)?)
                }
            });
        }
        Ok(parts)
    }

    /// What the option `name`, a mapping, has for a part.
    fn of_part(&self, name: &str, key: Option<&Str>, text: &str) -> Result<Option<Value>> {
        let Some(Value::Dict(by_name)) = self.own(name) else {
            return Ok(None);
        };
        let by_name = by_name.borrow();
        for known in key.map(Str::as_str).into_iter().chain([text]) {
            if let Some(value) = by_name.get(&Key::new(Value::str(known), self.cx)?) {
                return Ok(Some(value.clone()));
            }
        }
        Ok(None)
    }

    fn columns(&mut self) -> Result<()> {
        let backend = self.dialect.backend;
        let length = self.own("length").filter(|_| backend.is_mysql());
        let mut texts = Vec::new();
        for (key, mut text) in self.parts()? {
            if backend == Backend::Postgresql {
                if let Some(class) = self.of_part("ops", key.as_ref(), "")? {
                    text = format!("{text} {}", self.cx.str(&class)?);
                }
            } else if let Some(length) = &length {
                let own = match length {
                    Value::Dict(_) => self.of_part("length", key.as_ref(), &text)?,
                    all => Some(all.clone()),
                };
                if let Some(own) = own {
                    text = format!("{text}({})", self.cx.str(&own)?);
                }
            }
            texts.push(text);
        }
        self.text.push_str(&format!("({})", texts.join(", ")));
        Ok(())
    }

    /// `INCLUDE (..)`.
    fn include(&mut self) -> Result<()> {
        let Some(include) = self.own("include") else {
            return Ok(());
        };
        let mut names = Vec::new();
        for one in self.cx.collect(&include)? {
            let column = match &one {
                Value::Str(name) => self.table.column(name),
                other => match other.downcast::<ColumnElement>().map(ColumnElement::plain) {
                    Some(ColumnElement::Column(column)) => Some(column.clone()),
                    _ => None,
                },
            };
            let column = column.ok_or_else(|| crate::object::key_error(one.clone()))?;
            let quoted = self
                .dialect
                .quote_name(&column.name(), column.quote())
                .into_owned();
            names.push(quoted);
        }
        if !names.is_empty() {
            self.text
                .push_str(&format!(" INCLUDE ({})", names.join(", ")));
        }
        Ok(())
    }

    /// What PostgreSQL says of how the index is stored.
    fn storage(&mut self) -> Result<()> {
        if self.cx.compat().is_20() {
            self.text.push_str(match self.own("nulls_not_distinct") {
                Some(Value::Bool(true)) => " NULLS NOT DISTINCT",
                Some(Value::Bool(false)) => " NULLS DISTINCT",
                _ => "",
            });
        }
        if let Some(Value::Dict(with)) = self.own("with") {
            let mut parameters = Vec::new();
            for (name, value) in with.borrow().iter() {
                let name = self.cx.str(name.value())?;
                parameters.push(format!("{name} = {}", self.cx.str(value)?));
            }
            if !parameters.is_empty() {
                self.text
                    .push_str(&format!(" WITH ({})", parameters.join(", ")));
            }
        }
        if let Some(Value::Str(space)) = self.own("tablespace") {
            self.text
                .push_str(&format!(" TABLESPACE {}", self.dialect.quote(&space)));
        }
        Ok(())
    }

    fn condition(&mut self) -> Result<()> {
        if let Some(condition) = self.own("where") {
            let condition = crate::sql::coercions::expect_ddl_expression(&condition, self.cx)?;
            self.text.push_str(" WHERE ");
            self.text
                .push_str(&inline_sql(&condition, self.dialect, self.cx)?);
        }
        Ok(())
    }

    /// What MySQL and Oracle write last.
    fn tail(&mut self) -> Result<()> {
        match self.dialect.backend {
            Backend::Mysql | Backend::Mariadb => {
                if let Some(parser) = self.own("with_parser") {
                    let parser = self.cx.str(&parser)?;
                    self.text.push_str(&format!(" WITH PARSER {parser}"));
                }
                if let Some(Value::Str(using)) = self.own("using") {
                    self.text
                        .push_str(&format!(" USING {}", self.dialect.quote(&using)));
                }
            }
            Backend::Oracle => match self.own("compress") {
                None | Some(Value::Bool(false)) => {}
                Some(Value::Bool(true)) => self.text.push_str(" COMPRESS"),
                Some(count) => {
                    let count = self.cx.str(&count)?;
                    self.text.push_str(&format!(" COMPRESS {count}"));
                }
            },
            _ => {}
        }
        Ok(())
    }
}

/// Whether MySQL wants an expression of an index in brackets of its own.
fn is_functional_part(element: &ColumnElement) -> bool {
    match element.plain() {
        ColumnElement::Binary(_) | ColumnElement::Function(_) => true,
        ColumnElement::Unary(node) => {
            !matches!(node.modifier, Some(Operator::Desc | Operator::Asc))
        }
        _ => false,
    }
}

/// `CREATE INDEX`.
pub(super) fn create_index(
    index: &Rc<Index>,
    if_not_exists: bool,
    dialect: &Dialect,
    cx: &Cx,
) -> Result<String> {
    let mut made = CreateIndex {
        index,
        table: index_table(index)?,
        dialect,
        cx,
        text: "CREATE ".to_owned(),
    };
    made.kind()?;
    made.name_and_table(if_not_exists)?;
    let backend = dialect.backend;
    if backend == Backend::Postgresql
        && let Some(using) = made.own("using")
    {
        let using = cx.str(&using)?.to_lowercase();
        made.text.push_str(&format!("USING {using} "));
    }
    made.columns()?;
    if matches!(backend, Backend::Postgresql | Backend::Mssql) {
        made.include()?;
    }
    if backend == Backend::Postgresql {
        made.storage()?;
    }
    if matches!(
        backend,
        Backend::Postgresql | Backend::Mssql | Backend::Sqlite
    ) {
        made.condition()?;
    }
    made.tail()?;
    Ok(made.text)
}

/// `DROP INDEX`.
pub(super) fn drop_index(index: &Rc<Index>, if_exists: bool, dialect: &Dialect) -> Result<String> {
    let exists = if if_exists { "IF EXISTS " } else { "" };
    let name = index_name(index, true, dialect)?;
    Ok(match dialect.backend {
        Backend::Mysql | Backend::Mariadb | Backend::Mssql => {
            let table = index_table(index)?;
            let name = index_name(index, false, dialect)?;
            format!(
                "\nDROP INDEX {exists}{name} ON {}",
                table_name(&table, dialect)
            )
        }
        _ => format!("\nDROP INDEX {exists}{name}"),
    })
}
