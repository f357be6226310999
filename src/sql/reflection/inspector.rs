//! The inspector: what a database has, asked once per inspector.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::catalogue::Catalogue;
use super::constraints;
use super::types::type_of_declaration;
use crate::engine::exc::{NO_SUCH_TABLE_ERROR, SA_WARNING};
use crate::object::{Cx, Raised, Result, Str, Value};
use crate::sql::types::SqlType;

/// A column.
#[derive(Clone)]
pub struct ReflectedColumn {
    /// Its name.
    pub name: Str,
    /// Its type.
    pub ty: SqlType,
    /// Whether it may be NULL.
    pub nullable: bool,
    /// Its DEFAULT, as SQL.
    pub default: Option<Str>,
    /// Its place in the primary key; 0 outside.
    pub primary_key: i64,
    /// Expression of a generated column, and whether it is stored.
    pub computed: Option<(Str, bool)>,
}

/// A primary key.
#[derive(Clone)]
pub struct ReflectedPrimaryKey {
    /// Its columns.
    pub columns: Vec<Str>,
    /// Its name.
    pub name: Option<Str>,
}

/// A foreign key.
#[derive(Clone)]
pub struct ReflectedForeignKey {
    /// Its name.
    pub name: Option<Str>,
    /// Its columns.
    pub columns: Vec<Str>,
    /// The schema of the table referred to.
    pub referred_schema: Option<Str>,
    /// The table referred to.
    pub referred_table: Str,
    /// The columns referred to.
    pub referred_columns: Vec<Str>,
    /// `ondelete`, `onupdate`, `deferrable`, `initially`.
    pub options: Vec<(&'static str, Value)>,
}

/// An index.
#[derive(Clone)]
pub struct ReflectedIndex {
    /// Its name.
    pub name: Str,
    /// Its columns.
    pub columns: Vec<Str>,
    /// Whether it is unique.
    pub unique: i64,
    /// Its condition.
    pub condition: Option<Str>,
}

/// A UNIQUE constraint.
#[derive(Clone)]
pub struct ReflectedUnique {
    /// Its name.
    pub name: Option<Str>,
    /// Its columns.
    pub columns: Vec<Str>,
}

/// A CHECK constraint.
#[derive(Clone)]
pub struct ReflectedCheck {
    /// Its condition.
    pub sqltext: Str,
    /// Its name.
    pub name: Option<Str>,
}

type Of<T> = RefCell<FxHashMap<(Str, Option<Str>), Rc<T>>>;

/// What was asked before.
#[derive(Default)]
pub struct Inspector {
    names: RefCell<FxHashMap<(&'static str, Option<Str>), Rc<Vec<Str>>>>,
    sql: Of<Option<Str>>,
    columns: Of<Vec<ReflectedColumn>>,
    primary_keys: Of<ReflectedPrimaryKey>,
    foreign_keys: Of<Vec<ReflectedForeignKey>>,
    indexes: Of<Vec<ReflectedIndex>>,
    all_indexes: Of<Vec<ReflectedIndex>>,
    uniques: Of<Vec<ReflectedUnique>>,
    checks: Of<Vec<ReflectedCheck>>,
}

fn cached<T>(
    of: &Of<T>,
    table: &str,
    schema: Option<&Str>,
    read: impl FnOnce() -> Result<T>,
) -> Result<Rc<T>> {
    let key = (Str::new(table), schema.cloned());
    if let Some(known) = of.borrow().get(&key) {
        return Ok(known.clone());
    }
    let made = Rc::new(read()?);
    of.borrow_mut().insert(key, made.clone());
    Ok(made)
}

fn no_such_table(table: &str, schema: Option<&Str>) -> Raised {
    NO_SUCH_TABLE_ERROR.error(match schema {
        Some(schema) => format!("{schema}.{table}"),
        None => table.to_owned(),
    })
}

fn text(row: &[Value], at: usize) -> Option<Str> {
    row.get(at).and_then(Value::as_str).map(Str::new)
}

fn number(row: &[Value], at: usize) -> i64 {
    row.get(at).and_then(Value::as_int).unwrap_or(0)
}

impl Inspector {
    /// Forget all that was asked.
    pub fn clear(&self) {
        self.names.borrow_mut().clear();
        self.sql.borrow_mut().clear();
        self.columns.borrow_mut().clear();
        self.primary_keys.borrow_mut().clear();
        self.foreign_keys.borrow_mut().clear();
        self.indexes.borrow_mut().clear();
        self.all_indexes.borrow_mut().clear();
        self.uniques.borrow_mut().clear();
        self.checks.borrow_mut().clear();
    }

    fn names(
        &self,
        what: &'static str,
        schema: Option<&Str>,
        read: impl FnOnce() -> Result<Vec<Str>>,
    ) -> Result<Rc<Vec<Str>>> {
        let key = (what, schema.cloned());
        if let Some(known) = self.names.borrow().get(&key) {
            return Ok(known.clone());
        }
        let made = Rc::new(read()?);
        self.names.borrow_mut().insert(key, made.clone());
        Ok(made)
    }

    fn master_names(
        &self,
        what: &'static str,
        master: &str,
        kind: &str,
        schema: Option<&Str>,
        catalogue: &Catalogue<'_>,
    ) -> Result<Rc<Vec<Str>>> {
        self.names(what, schema, || {
            let master = match schema {
                Some(schema) => format!("{}.{master}", catalogue.quoted(schema)),
                None => master.to_owned(),
            };
            // 1.4 lists SQLite's own tables too.
            let is_14 = catalogue.cx().compat().is_14();
            let filter = if is_14 {
                ""
            } else {
                " AND name NOT LIKE 'sqlite~_%' ESCAPE '~'"
            };
            // Its text for temporary ones ends in a space.
            let end = if is_14 && what.starts_with("temp") {
                " "
            } else {
                ""
            };
            let sql =
                format!("SELECT name FROM {master} WHERE type='{kind}'{filter} ORDER BY name{end}");
            let rows = catalogue.rows(sql, Vec::new())?;
            Ok(rows.iter().filter_map(|row| text(row, 0)).collect())
        })
    }
    /// `get_table_names()`.
    pub fn table_names(
        &self,
        schema: Option<&Str>,
        catalogue: &Catalogue<'_>,
    ) -> Result<Rc<Vec<Str>>> {
        self.master_names("tables", "sqlite_master", "table", schema, catalogue)
    }
    /// `get_temp_table_names()`.
    pub fn temp_table_names(&self, catalogue: &Catalogue<'_>) -> Result<Rc<Vec<Str>>> {
        self.master_names(
            "temp tables",
            "sqlite_temp_master",
            "table",
            None,
            catalogue,
        )
    }
    /// `get_view_names()`.
    pub fn view_names(
        &self,
        schema: Option<&Str>,
        catalogue: &Catalogue<'_>,
    ) -> Result<Rc<Vec<Str>>> {
        self.master_names("views", "sqlite_master", "view", schema, catalogue)
    }
    /// `get_temp_view_names()`.
    pub fn temp_view_names(&self, catalogue: &Catalogue<'_>) -> Result<Rc<Vec<Str>>> {
        self.master_names("temp views", "sqlite_temp_master", "view", None, catalogue)
    }
    /// `get_schema_names()`.
    pub fn schema_names(&self, catalogue: &Catalogue<'_>) -> Result<Rc<Vec<Str>>> {
        self.names("schemas", None, || catalogue.schema_names())
    }

    /// The CREATE TABLE of a table, read anew.
    fn read_sql(
        &self,
        table: &str,
        schema: Option<&Str>,
        catalogue: &Catalogue<'_>,
    ) -> Result<Option<Str>> {
        let prefix = schema.map_or(String::new(), |schema| {
            format!("{}.", catalogue.quoted(schema))
        });
        let kind = if catalogue.cx().compat().is_14() {
            "AND type = 'table'"
        } else {
            "AND type in ('table', 'view')"
        };
        let both = format!(
            "SELECT sql FROM  (SELECT * FROM {prefix}sqlite_master UNION ALL   SELECT * FROM \
             {prefix}sqlite_temp_master) WHERE name = ? {kind}"
        );
        let name = || vec![Value::str(table)];
        let rows = match catalogue.rows(both, name()) {
            Ok(rows) => rows,
            Err(raised) if raised.is(&crate::engine::exc::DBAPI_ERROR) => {
                let one = format!("SELECT sql FROM {prefix}sqlite_master WHERE name = ? {kind}");
                catalogue.rows(one, name())?
            }
            Err(raised) => return Err(raised),
        };
        let sql = rows.first().and_then(|row| text(row, 0));
        let system = matches!(
            table,
            "sqlite_schema" | "sqlite_master" | "sqlite_temp_schema" | "sqlite_temp_master"
        );
        if sql.is_none() && !system && catalogue.cx().compat().is_20() {
            return Err(NO_SUCH_TABLE_ERROR.error(format!("{prefix}{table}")));
        }
        Ok(sql)
    }
    fn cached_sql(
        &self,
        table: &str,
        schema: Option<&Str>,
        catalogue: &Catalogue<'_>,
    ) -> Result<Rc<Option<Str>>> {
        cached(&self.sql, table, schema, || {
            self.read_sql(table, schema, catalogue)
        })
    }

    /// `get_view_definition()`.
    pub fn view_definition(
        &self,
        view: &str,
        schema: Option<&Str>,
        catalogue: &Catalogue<'_>,
    ) -> Result<Str> {
        let sql = match schema {
            Some(schema) => format!(
                "SELECT sql FROM {}.sqlite_master WHERE name = ? AND type='view'",
                catalogue.quoted(schema)
            ),
            None => "SELECT sql FROM  (SELECT * FROM sqlite_master UNION ALL   SELECT * FROM \
                     sqlite_temp_master) WHERE name = ? AND type='view'"
                .to_owned(),
        };
        let rows = catalogue.rows(sql, vec![Value::str(view)])?;
        rows.first()
            .and_then(|row| text(row, 0))
            .ok_or_else(|| no_such_table(view, schema))
    }

    /// `get_columns()`.
    pub fn columns(
        &self,
        table: &str,
        schema: Option<&Str>,
        catalogue: &Catalogue<'_>,
    ) -> Result<Rc<Vec<ReflectedColumn>>> {
        cached(&self.columns, table, schema, || {
            self.read_columns(table, schema, catalogue)
        })
    }

    fn read_columns(
        &self,
        table: &str,
        schema: Option<&Str>,
        catalogue: &Catalogue<'_>,
    ) -> Result<Vec<ReflectedColumn>> {
        let cx = catalogue.cx();
        let rows = catalogue.pragma("table_xinfo", table, schema)?;
        let mut columns = Vec::with_capacity(rows.len());
        for row in &rows {
            let hidden = number(row, 6);
            if hidden == 1 {
                continue;
            }
            let name = text(row, 1).unwrap_or_else(|| Str::new(""));
            let mut declared = text(row, 2).map_or(String::new(), |text| text.to_uppercase());
            let mut computed = None;
            if hidden > 1 {
                declared = declared
                    .replace("GENERATED", "")
                    .replace("ALWAYS", "")
                    .trim()
                    .to_owned();
                let sql = self.cached_sql(table, schema, catalogue)?;
                let expression = sql.as_ref().as_ref().map_or_else(
                    || Str::new(""),
                    |sql| constraints::computed_text(sql, &name),
                );
                computed = Some((expression, hidden == 3));
            }
            let default = match row.get(4) {
                None | Some(Value::None) => None,
                Some(value) => Some(Str::new(cx.str(value)?)),
            };
            columns.push(ReflectedColumn {
                ty: type_of_declaration(&declared, cx)?,
                nullable: number(row, 3) == 0,
                default,
                primary_key: number(row, 5),
                computed,
                name,
            });
        }
        let check = catalogue.cx().compat().is_20();
        if columns.is_empty() && check && !catalogue.has_table(table, schema)? {
            return Err(no_such_table(table, schema));
        }
        Ok(columns)
    }

    /// `get_pk_constraint()`.
    pub fn primary_key(
        &self,
        table: &str,
        schema: Option<&Str>,
        catalogue: &Catalogue<'_>,
    ) -> Result<Rc<ReflectedPrimaryKey>> {
        cached(&self.primary_keys, table, schema, || {
            let sql = self.read_sql(table, schema, catalogue)?;
            let name = sql
                .as_ref()
                .and_then(|sql| constraints::primary_key_name(sql));
            let columns = self.columns(table, schema, catalogue)?;
            let mut keys: Vec<_> = columns
                .iter()
                .filter(|column| column.primary_key > 0)
                .collect();
            keys.sort_by_key(|column| column.primary_key);
            Ok(ReflectedPrimaryKey {
                name: name.filter(|_| !keys.is_empty()),
                columns: keys.iter().map(|column| column.name.clone()).collect(),
            })
        })
    }

    /// `get_foreign_keys()`.
    pub fn foreign_keys(
        &self,
        table: &str,
        schema: Option<&Str>,
        catalogue: &Catalogue<'_>,
    ) -> Result<Rc<Vec<ReflectedForeignKey>>> {
        cached(&self.foreign_keys, table, schema, || {
            self.read_foreign_keys(table, schema, catalogue)
        })
    }

    fn read_foreign_keys(
        &self,
        table: &str,
        schema: Option<&Str>,
        catalogue: &Catalogue<'_>,
    ) -> Result<Vec<ReflectedForeignKey>> {
        let rows = catalogue.pragma("foreign_key_list", table, schema)?;
        let mut found: Vec<(i64, ReflectedForeignKey)> = Vec::new();
        for row in &rows {
            let id = number(row, 0);
            let referred = text(row, 2).unwrap_or_else(|| Str::new(""));
            let column = text(row, 3).unwrap_or_else(|| Str::new(""));
            let target = text(row, 4);
            if !found.iter().any(|(known, _)| *known == id) {
                let referred_columns = match &target {
                    Some(_) => Vec::new(),
                    None => match self.primary_key(&referred, schema, catalogue) {
                        Ok(key) => key.columns.clone(),
                        Err(raised) if raised.is(&NO_SUCH_TABLE_ERROR) => Vec::new(),
                        Err(raised) => return Err(raised),
                    },
                };
                let key = ReflectedForeignKey {
                    name: None,
                    columns: Vec::new(),
                    referred_schema: schema.cloned(),
                    referred_table: referred,
                    referred_columns,
                    options: Vec::new(),
                };
                found.push((id, key));
            }
            if let Some((_, key)) = found.iter_mut().find(|(known, _)| *known == id) {
                key.columns.push(column);
                key.referred_columns.extend(target);
            }
        }
        let mut left: Vec<ReflectedForeignKey> = found.into_iter().map(|(_, key)| key).collect();
        let mut keys = Vec::with_capacity(left.len());
        let sql = self.read_sql(table, schema, catalogue)?;
        for parsed in sql.iter().flat_map(|sql| constraints::foreign_keys(sql)) {
            let at = left.iter().position(|key| {
                key.columns == parsed.columns
                    && key.referred_table == parsed.table
                    && key.referred_columns == parsed.referred
            });
            let Some(at) = at else {
                catalogue.cx().warn(
                    &SA_WARNING,
                    &format!(
                        "WARNING: SQL-parsed foreign key constraint '{}' could not be located in \
                         PRAGMA foreign_keys for table {table}",
                        signature(&parsed, catalogue.cx())?
                    ),
                );
                continue;
            };
            let mut key = left.remove(at);
            key.name = parsed.name;
            let mut option = |name, value: Option<Value>| {
                if let Some(value) = value {
                    key.options.push((name, value));
                }
            };
            option("ondelete", parsed.ondelete.map(Value::Str));
            option("onupdate", parsed.onupdate.map(Value::Str));
            option("deferrable", parsed.deferrable.map(Value::Bool));
            option("initially", parsed.initially.map(Value::Str));
            keys.push(key);
        }
        keys.extend(left);
        Ok(keys)
    }

    /// `get_indexes()`.
    pub fn indexes(
        &self,
        table: &str,
        schema: Option<&Str>,
        catalogue: &Catalogue<'_>,
    ) -> Result<Rc<Vec<ReflectedIndex>>> {
        cached(&self.indexes, table, schema, || {
            self.read_indexes(table, schema, false, catalogue)
        })
    }

    fn read_indexes(
        &self,
        table: &str,
        schema: Option<&Str>,
        automatic: bool,
        catalogue: &Catalogue<'_>,
    ) -> Result<Vec<ReflectedIndex>> {
        let rows = catalogue.pragma("index_list", table, schema)?;
        let mut indexes = Vec::new();
        for row in &rows {
            let name = text(row, 1).unwrap_or_else(|| Str::new(""));
            if !automatic && name.starts_with("sqlite_autoindex") {
                continue;
            }
            let mut condition = None;
            if number(row, 4) != 0 {
                let prefix = schema.map_or(String::new(), |schema| {
                    format!("{}.", catalogue.quoted(schema))
                });
                let sql = format!(
                    "SELECT sql FROM {prefix}sqlite_master WHERE name = ? AND type = 'index'"
                );
                let found = catalogue.rows(sql, vec![Value::Str(name.clone())])?;
                let sql = found.first().and_then(|row| text(row, 0));
                condition = sql.and_then(|sql| constraints::partial_condition(&sql));
                if condition.is_none() {
                    catalogue.cx().warn(
                        &SA_WARNING,
                        &format!("Failed to look up filter predicate of partial index {name}"),
                    );
                }
            }
            indexes.push(ReflectedIndex {
                name,
                columns: Vec::new(),
                unique: number(row, 2),
                condition,
            });
        }
        let mut complete = Vec::with_capacity(indexes.len());
        for mut index in indexes {
            let parts = catalogue.pragma("index_info", &index.name, schema)?;
            let names: Option<Vec<Str>> = parts.iter().map(|row| text(row, 2)).collect();
            match names {
                Some(names) => {
                    index.columns = names;
                    complete.push(index);
                }
                None => catalogue.cx().warn(
                    &SA_WARNING,
                    &format!(
                        "Skipped unsupported reflection of expression-based index {}",
                        index.name
                    ),
                ),
            }
        }
        complete.sort_by(|a, b| a.name.cmp(&b.name));
        let check = catalogue.cx().compat().is_20();
        if complete.is_empty() && check && !catalogue.has_table(table, schema)? {
            return Err(no_such_table(table, schema));
        }
        Ok(complete)
    }

    /// `get_unique_constraints()`.
    pub fn uniques(
        &self,
        table: &str,
        schema: Option<&Str>,
        catalogue: &Catalogue<'_>,
    ) -> Result<Rc<Vec<ReflectedUnique>>> {
        cached(&self.uniques, table, schema, || {
            let all = cached(&self.all_indexes, table, schema, || {
                self.read_indexes(table, schema, true, catalogue)
            })?;
            let mut automatic: Vec<&ReflectedIndex> = all
                .iter()
                .filter(|index| index.name.starts_with("sqlite_autoindex"))
                .collect();
            let sql = self.cached_sql(table, schema, catalogue)?;
            let mut uniques = Vec::new();
            for (name, columns) in sql
                .iter()
                .flat_map(|sql| constraints::uniques(sql, catalogue.cx().compat()))
            {
                if let Some(at) = automatic.iter().position(|index| index.columns == columns) {
                    automatic.remove(at);
                    uniques.push(ReflectedUnique { name, columns });
                }
            }
            Ok(uniques)
        })
    }

    /// `get_check_constraints()`.
    pub fn checks(
        &self,
        table: &str,
        schema: Option<&Str>,
        catalogue: &Catalogue<'_>,
    ) -> Result<Rc<Vec<ReflectedCheck>>> {
        cached(&self.checks, table, schema, || {
            let sql = self.cached_sql(table, schema, catalogue)?;
            let by_line = catalogue.cx().compat().is_14();
            let read = if by_line {
                constraints::checks_by_line
            } else {
                constraints::checks
            };
            let mut checks: Vec<ReflectedCheck> = sql
                .iter()
                .flat_map(|sql| read(sql))
                .map(|(sqltext, name)| ReflectedCheck { sqltext, name })
                .collect();
            checks.sort_by_key(|check| check.name.clone().unwrap_or_else(|| Str::new("~")));
            Ok(checks)
        })
    }
}

fn signature(parsed: &constraints::ParsedForeignKey, cx: &Cx) -> Result<String> {
    let mut parts: Vec<Value> = parsed.columns.iter().cloned().map(Value::Str).collect();
    parts.push(Value::Str(parsed.table.clone()));
    parts.extend(parsed.referred.iter().cloned().map(Value::Str));
    cx.repr(&Value::tuple(parts))
}
