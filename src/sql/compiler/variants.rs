//! What single databases spell differently from the rest.

use std::rc::Rc;

use super::{Fragment, Kw, SQLCompiler};
use crate::engine::exc::COMPILE_ERROR;
use crate::object::Result;
use crate::sql::dialects::Backend;
use crate::sql::elements::{BinaryExpression, ClauseList, Extract, Function, UnaryExpression};
use crate::sql::operators::Operator;
use crate::sql::selectable::{ForUpdate, Select, SelectData, SelectItem};
use crate::sql::types::{Affinity, SqlType};

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
        use Operator as Op;
        match (self.backend(), &node.operator) {
            (Backend::Sqlite, Op::IsDistinctFrom) => self.generic(node, " IS NOT ", kw, out)?,
            (Backend::Sqlite, Op::IsNotDistinctFrom) => self.generic(node, " IS ", kw, out)?,
            (Backend::Sqlite, Op::TrueDiv) if self.dialect.compat.is_20() => {
                self.element(&node.left, kw, out)?;
                out.push(" / (");
                self.element(&node.right, kw, out)?;
                out.push(" + 0.0)");
            }
            (Backend::Sqlite, Op::RegexpMatch) => self.generic(node, " REGEXP ", kw, out)?,
            (Backend::Sqlite, Op::NotRegexpMatch) => self.generic(node, " NOT REGEXP ", kw, out)?,
            (Backend::Sqlite, Op::BitwiseXor) => self.sqlite_xor(node, kw, out)?,
            (Backend::Sqlite, Op::JsonGetItem | Op::JsonPathGetItem) => {
                let json = node.type_.affinity() == Affinity::Json;
                out.push(if json {
                    "JSON_QUOTE(JSON_EXTRACT("
                } else {
                    "JSON_EXTRACT("
                });
                self.element(&node.left, kw, out)?;
                out.push(", ");
                self.element(&node.right, kw, out)?;
                out.push(if json { "))" } else { ")" });
            }
            (Backend::Postgresql, Op::BitwiseXor) => self.generic(node, " # ", kw, out)?,
            (Backend::Postgresql, Op::ILike | Op::NotILike) => {
                let text = if node.operator == Op::ILike {
                    " ILIKE "
                } else {
                    " NOT ILIKE "
                };
                self.generic(node, text, kw, out)?;
                self.escape(&node.modifiers, out);
            }
            (Backend::Postgresql, Op::Match | Op::NotMatch) => {
                if node.operator == Op::NotMatch {
                    out.push("NOT ");
                }
                self.element(&node.left, kw, out)?;
                out.push(if self.dialect.compat.is_20() {
                    " @@ plainto_tsquery("
                } else {
                    " @@ to_tsquery("
                });
                self.element(&node.right, kw, out)?;
                out.push(")");
            }
            (Backend::Postgresql, Op::RegexpMatch | Op::NotRegexpMatch) => {
                self.postgresql_regexp(node, kw, out)?;
            }
            (
                Backend::Postgresql | Backend::Mysql | Backend::Mariadb | Backend::Oracle,
                Op::RegexpReplace,
            ) => self.regexp_replace(node, kw, out)?,
            (Backend::Postgresql, Op::JsonGetItem | Op::JsonPathGetItem) => {
                let path = node.operator == Op::JsonPathGetItem;
                let json = node.type_.affinity() == Affinity::Json;
                let text = match (path, json) {
                    (false, true) => " -> ",
                    (false, false) => " ->> ",
                    (true, true) => " #> ",
                    (true, false) => " #>> ",
                };
                if !json {
                    out.push("CAST(");
                }
                if kw.in_operator {
                    out.push("(");
                }
                self.generic(node, text, kw, out)?;
                if kw.in_operator {
                    out.push(")");
                }
                if !json {
                    out.push(" AS ");
                    out.push(&self.type_text(&node.type_)?);
                    out.push(")");
                }
            }
            (Backend::Mysql | Backend::Mariadb, Op::Concat) => {
                out.push("concat(");
                self.element(&node.left, kw, out)?;
                out.push(", ");
                self.element(&node.right, kw, out)?;
                out.push(")");
            }
            (Backend::Mysql | Backend::Mariadb, Op::IsDistinctFrom) => {
                out.push("NOT (");
                self.generic(node, " <=> ", kw, out)?;
                out.push(")");
            }
            (Backend::Mysql | Backend::Mariadb, Op::IsNotDistinctFrom) => {
                self.generic(node, " <=> ", kw, out)?;
            }
            (Backend::Mysql | Backend::Mariadb, Op::RegexpMatch) => {
                self.generic(node, " REGEXP ", kw, out)?;
            }
            (Backend::Mysql | Backend::Mariadb, Op::NotRegexpMatch) => {
                self.generic(node, " NOT REGEXP ", kw, out)?;
            }
            (Backend::Mysql | Backend::Mariadb, Op::Match) => {
                out.push("MATCH (");
                self.element(&node.left, kw, out)?;
                out.push(") AGAINST (");
                self.element(&node.right, kw, out)?;
                out.push(" IN BOOLEAN MODE)");
            }
            (Backend::Mysql | Backend::Mariadb, Op::JsonGetItem | Op::JsonPathGetItem) => {
                self.mysql_json(node, kw, out)?;
            }
            (Backend::Mssql, Op::JsonGetItem | Op::JsonPathGetItem) => {
                self.mssql_json(node, kw, out)?;
            }
            (Backend::Mssql, Op::Concat) => self.generic(node, " + ", kw, out)?,
            (Backend::Mssql, Op::IsDistinctFrom) => self.mssql_distinct(node, true, kw, out)?,
            (Backend::Mssql, Op::IsNotDistinctFrom) => {
                self.mssql_distinct(node, false, kw, out)?;
            }
            (Backend::Mssql, Op::Match) => {
                out.push("CONTAINS (");
                self.element(&node.left, kw, out)?;
                out.push(", ");
                self.element(&node.right, kw, out)?;
                out.push(")");
            }
            (Backend::Oracle, Op::Match) => {
                out.push("CONTAINS (");
                self.element(&node.left, kw, out)?;
                out.push(", ");
                self.element(&node.right, kw, out)?;
                out.push(")");
            }
            (Backend::Oracle, Op::Mod) => {
                out.push("mod(");
                self.element(&node.left, kw, out)?;
                out.push(", ");
                self.element(&node.right, kw, out)?;
                out.push(")");
            }
            (Backend::Oracle, Op::RegexpMatch | Op::NotRegexpMatch) => {
                if node.operator == Op::NotRegexpMatch {
                    out.push("NOT ");
                }
                out.push("REGEXP_LIKE(");
                self.element(&node.left, kw, out)?;
                out.push(", ");
                self.element(&node.right, kw, out)?;
                out.push(")");
            }
            (Backend::Oracle, Op::IsDistinctFrom | Op::IsNotDistinctFrom) => {
                out.push("DECODE(");
                self.element(&node.left, kw, out)?;
                out.push(", ");
                self.element(&node.right, kw, out)?;
                out.push(if node.operator == Op::IsDistinctFrom {
                    ", 0, 1) = 1"
                } else {
                    ", 0, 1) = 0"
                });
            }
            (Backend::Oracle, Op::BitwiseAnd) => {
                out.push("BITAND(");
                self.element(&node.left, kw, out)?;
                out.push(", ");
                self.element(&node.right, kw, out)?;
                out.push(")");
            }
            _ => return Ok(false),
        }
        Ok(true)
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

    /// JSON's null needs a case of its own where the result is no JSON.
    fn mysql_json(&mut self, node: &BinaryExpression, kw: Kw, out: &mut Fragment) -> Result<()> {
        let affinity = node.type_.affinity();
        if affinity == Affinity::Json {
            return self.called("JSON_EXTRACT", node, kw, out);
        }
        out.push("CASE ");
        self.called("JSON_EXTRACT", node, kw, out)?;
        out.push(" WHEN 'null' THEN NULL ");
        match affinity {
            Affinity::Boolean => out.push("WHEN true THEN true ELSE false"),
            Affinity::Integer => {
                out.push("ELSE CAST(");
                self.called("JSON_EXTRACT", node, kw, out)?;
                out.push(" AS SIGNED INTEGER)");
            }
            Affinity::String => {
                out.push("ELSE JSON_UNQUOTE(");
                self.called("JSON_EXTRACT", node, kw, out)?;
                out.push(")");
            }
            Affinity::Numeric | Affinity::Float => {
                out.push("ELSE ");
                self.called("JSON_EXTRACT", node, kw, out)?;
                out.push("+0.0000000000000000000000");
            }
            _ => {
                out.push("ELSE ");
                self.called("JSON_EXTRACT", node, kw, out)?;
            }
        }
        out.push(" END");
        Ok(())
    }

    fn mssql_json(&mut self, node: &BinaryExpression, kw: Kw, out: &mut Fragment) -> Result<()> {
        let affinity = node.type_.affinity();
        if affinity == Affinity::Json {
            return self.called("JSON_QUERY", node, kw, out);
        }
        out.push("CASE ");
        self.called("JSON_VALUE", node, kw, out)?;
        out.push(" WHEN NULL THEN NULL ");
        match affinity {
            Affinity::Boolean => out.push("WHEN 'true' THEN 1 WHEN 'false' THEN 0 ELSE NULL"),
            Affinity::Integer => {
                out.push("ELSE CAST(");
                self.called("JSON_VALUE", node, kw, out)?;
                out.push(" AS INTEGER)");
            }
            _ => {
                out.push("ELSE ");
                self.called("JSON_VALUE", node, kw, out)?;
            }
        }
        out.push(" END");
        Ok(())
    }

    /// SQLite has no exclusive or: `(a | b) - (a & b)`.
    fn sqlite_xor(&mut self, node: &BinaryExpression, kw: Kw, out: &mut Fragment) -> Result<()> {
        out.push("(");
        self.generic(node, " | ", kw, out)?;
        out.push(") - (");
        self.generic(node, " & ", kw, out)?;
        out.push(")");
        Ok(())
    }

    fn mssql_distinct(
        &mut self,
        node: &BinaryExpression,
        distinct: bool,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        out.push(if distinct {
            "NOT EXISTS (SELECT "
        } else {
            "EXISTS (SELECT "
        });
        self.generic(node, " INTERSECT SELECT ", kw, out)?;
        out.push(")");
        Ok(())
    }

    fn postgresql_regexp(
        &mut self,
        node: &BinaryExpression,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        let negated = node.operator == Operator::NotRegexpMatch;
        match node.modifiers.flags.as_deref() {
            None => self.generic(node, if negated { " !~ " } else { " ~ " }, kw, out),
            Some("i") => self.generic(node, if negated { " !~* " } else { " ~* " }, kw, out),
            Some(flags) => {
                self.element(&node.left, kw, out)?;
                out.push(if negated { " !~ " } else { " ~ " });
                out.push("CONCAT('(?', '");
                out.push(&flags.replace('\'', "''"));
                out.push("', ')', ");
                self.element(&node.right, kw, out)?;
                out.push(")");
                Ok(())
            }
        }
    }

    fn regexp_replace(
        &mut self,
        node: &BinaryExpression,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        out.push("REGEXP_REPLACE(");
        self.element(&node.left, kw, out)?;
        out.push(", ");
        self.element(&node.right, kw, out)?;
        if let Some(flags) = &node.modifiers.flags {
            out.push(", '");
            out.push(&flags.replace('\'', "''"));
            out.push("'");
        }
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
    /// A hint behind a table's name; `None`: the database has none there.
    pub(super) fn table_hint(&self, hint: &str) -> Option<String> {
        match self.backend() {
            Backend::Default => Some(format!("[{hint}]")),
            Backend::Mysql | Backend::Mariadb => Some(hint.to_owned()),
            Backend::Mssql => Some(format!("WITH ({hint})")),
            _ => None,
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
    /// A type as CAST writes it, where that differs from DDL.
    pub(super) fn cast_type(&self, type_: &SqlType) -> Result<String> {
        let text = self.type_text(type_)?;
        if !self.backend().is_mysql() {
            return Ok(text);
        }
        Ok(match type_.affinity() {
            Affinity::Integer => "SIGNED INTEGER".to_owned(),
            Affinity::String | Affinity::Enum => match text.find('(') {
                Some(at) if text.starts_with("VARCHAR") => format!("CHAR{}", &text[at..]),
                _ => "CHAR".to_owned(),
            },
            Affinity::Numeric => text.replacen("NUMERIC", "DECIMAL", 1),
            _ => text,
        })
    }

    /// EXTRACT with a form of its own.
    pub(super) fn special_extract(
        &mut self,
        node: &Rc<Extract>,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<bool> {
        match self.backend() {
            Backend::Sqlite => {
                let format = match node.field.as_str() {
                    "month" => "%m",
                    "day" => "%d",
                    "year" => "%Y",
                    "second" => "%S",
                    "hour" => "%H",
                    "doy" => "%j",
                    "minute" => "%M",
                    "epoch" => "%s",
                    "dow" => "%w",
                    "week" => "%W",
                    other => {
                        return Err(COMPILE_ERROR
                            .error(format!("{other} is not a valid extract argument.")));
                    }
                };
                out.push("CAST(STRFTIME('");
                out.push(format);
                out.push("', ");
                self.element(&node.expr, kw, out)?;
                out.push(") AS INTEGER)");
            }
            Backend::Mssql => {
                out.push("DATEPART(");
                out.push(match node.field.as_str() {
                    "doy" => "dayofyear",
                    "dow" => "weekday",
                    "milliseconds" => "millisecond",
                    "microseconds" => "microsecond",
                    other => other,
                });
                out.push(", ");
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
        let lower = function.name.to_ascii_lowercase();
        let renamed = match (self.backend(), lower.as_str()) {
            (Backend::Sqlite | Backend::Oracle, "now") => {
                out.push("CURRENT_TIMESTAMP");
                return Ok(true);
            }
            (Backend::Mssql, "now") => {
                out.push("CURRENT_TIMESTAMP");
                return Ok(true);
            }
            (Backend::Mssql, "current_date") => {
                out.push("GETDATE()");
                return Ok(true);
            }
            (Backend::Sqlite, "localtimestamp") => {
                out.push(if self.dialect.compat.is_20() {
                    "DATETIME(CURRENT_TIMESTAMP, 'localtime')"
                } else {
                    "DATETIME(CURRENT_TIMESTAMP, \"localtime\")"
                });
                return Ok(true);
            }
            (Backend::Mysql | Backend::Mariadb, "sysdate") => {
                out.push("SYSDATE()");
                return Ok(true);
            }
            (Backend::Sqlite, "char_length") => "length",
            (Backend::Oracle, "char_length") => "LENGTH",
            (Backend::Mssql, "char_length" | "length") => "LEN",
            (Backend::Mysql | Backend::Mariadb, "random") => "rand",
            (Backend::Sqlite, "aggregate_strings") => "group_concat",
            (Backend::Postgresql | Backend::Mssql, "aggregate_strings") => "string_agg",
            (Backend::Mysql | Backend::Mariadb, "aggregate_strings")
                if function.args.len() == 2 =>
            {
                out.push("group_concat(");
                self.element(&function.args[0], kw, out)?;
                out.push(" SEPARATOR ");
                self.element(&function.args[1], kw, out)?;
                out.push(")");
                return Ok(true);
            }
            (Backend::Postgresql, "substring") if function.args.len() >= 2 => {
                out.push("SUBSTRING(");
                self.element(&function.args[0], kw, out)?;
                out.push(" FROM ");
                self.element(&function.args[1], kw, out)?;
                if let Some(length) = function.args.get(2) {
                    out.push(" FOR ");
                    self.element(length, kw, out)?;
                }
                out.push(")");
                return Ok(true);
            }
            (_, "aggregate_strings") => {
                return Err(self.unsupported("the aggregate_strings function"));
            }
            _ => return Ok(false),
        };
        out.push(renamed);
        self.arguments(function, kw, out)?;
        Ok(true)
    }

    /// NULLS FIRST and NULLS LAST where the database has no such words.
    pub(super) fn nulls_modifier(
        &mut self,
        node: &Rc<UnaryExpression>,
        modifier: &Operator,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<bool> {
        let _ = (node, modifier, kw, out);
        Ok(false)
    }

    /// A SELECT rewritten for databases without LIMIT; `None`: as it is.
    pub(super) fn translate_select(&mut self, _select: &Select, _kw: Kw) -> Result<Option<Select>> {
        Ok(None)
    }

    /// LIMIT, OFFSET, FETCH.
    pub(super) fn row_limit(
        &mut self,
        data: &SelectData,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        if data.fetch.is_some() || matches!(self.backend(), Backend::Mssql | Backend::Oracle) {
            return self.fetch(data, kw, out);
        }
        match self.backend() {
            Backend::Sqlite => {
                match (&data.limit, &data.offset) {
                    (Some(limit), _) => {
                        out.push("\n LIMIT ");
                        self.element(limit, kw, out)?;
                    }
                    (None, Some(_)) => {
                        out.push("\n LIMIT ");
                        self.constant(-1, kw, out)?;
                    }
                    (None, None) => {}
                }
                out.push(" OFFSET ");
                match &data.offset {
                    Some(offset) => self.element(offset, kw, out),
                    None => self.constant(0, kw, out),
                }
            }
            Backend::Mysql | Backend::Mariadb => {
                out.push(" \n LIMIT ");
                if let Some(offset) = &data.offset {
                    self.element(offset, kw, out)?;
                    out.push(", ");
                }
                if let Some(limit) = &data.limit {
                    self.element(limit, kw, out)
                } else {
                    out.push("18446744073709551615");
                    Ok(())
                }
            }
            backend => {
                let postgresql = backend == Backend::Postgresql;
                if let Some(limit) = &data.limit {
                    out.push(if postgresql {
                        " \n LIMIT "
                    } else {
                        "\n LIMIT "
                    });
                    self.element(limit, kw, out)?;
                }
                if let Some(offset) = &data.offset {
                    if data.limit.is_none() {
                        out.push(if postgresql {
                            "\n LIMIT ALL"
                        } else {
                            "\n LIMIT -1"
                        });
                    }
                    out.push(" OFFSET ");
                    self.element(offset, kw, out)?;
                }
                Ok(())
            }
        }
    }

    fn fetch(&mut self, data: &SelectData, kw: Kw, out: &mut Fragment) -> Result<()> {
        let limit = data.limit.as_ref();
        let count = data.fetch.as_ref().map(|fetch| &fetch.count).or(limit);
        if let Some(offset) = &data.offset {
            out.push("\n OFFSET ");
            self.element(offset, kw, out)?;
            out.push(" ROWS");
        } else if self.backend() == Backend::Mssql {
            out.push("\n OFFSET 0 ROWS");
        }
        if let Some(count) = count {
            out.push("\n FETCH FIRST ");
            self.element(count, kw, out)?;
            let (percent, ties) = data
                .fetch
                .as_ref()
                .map_or((false, false), |fetch| (fetch.percent, fetch.with_ties));
            if percent {
                out.push(" PERCENT");
            }
            out.push(if ties {
                " ROWS WITH TIES"
            } else {
                " ROWS ONLY"
            });
        }
        Ok(())
    }

    /// FOR UPDATE.
    pub(super) fn for_update(
        &mut self,
        lock: &Rc<ForUpdate>,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        match self.backend() {
            Backend::Sqlite | Backend::Mssql => return Ok(()),
            Backend::Postgresql => out.push(match (lock.read, lock.key_share) {
                (true, true) => " FOR KEY SHARE",
                (true, false) => " FOR SHARE",
                (false, true) => " FOR NO KEY UPDATE",
                (false, false) => " FOR UPDATE",
            }),
            Backend::Mysql | Backend::Mariadb => out.push(if lock.read {
                " LOCK IN SHARE MODE"
            } else {
                " FOR UPDATE"
            }),
            Backend::Oracle => out.push(" FOR UPDATE"),
            Backend::Default => {
                out.push(" FOR UPDATE");
                return Ok(());
            }
        }
        // Whether MySQL has OF depends on the server.
        if !lock.of.is_empty() && !self.backend().is_mysql() {
            out.push(" OF ");
            let mut seen = Vec::new();
            for item in &lock.of {
                for from in item.from_objects(self.cx)? {
                    if seen.contains(&from.identity()) {
                        continue;
                    }
                    if !seen.is_empty() {
                        out.push(", ");
                    }
                    seen.push(from.identity());
                    match (self.backend(), item) {
                        (Backend::Oracle, SelectItem::Column(column)) => {
                            self.element(column, kw, out)?;
                        }
                        _ => {
                            if let Some(name) = from.name() {
                                let name = self.alias_name(&name);
                                let quoted = self.dialect.quote(&name).into_owned();
                                out.push(&quoted);
                            }
                        }
                    }
                }
            }
        }
        if lock.nowait {
            out.push(" NOWAIT");
        }
        if lock.skip_locked {
            out.push(" SKIP LOCKED");
        }
        Ok(())
    }
}
