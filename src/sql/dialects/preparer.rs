//! How a dialect writes identifiers: when it quotes, and with what.

use std::borrow::Cow;

use super::{Backend, Dialect, ParamStyle, reserved};
use crate::object::Str;

/// A name with what `quote=` said of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct QuotedName {
    /// The name.
    pub name: Str,
    /// `Some(true)`: always quoted, `Some(false)`: never, `None`: where needed.
    pub quote: Option<bool>,
}

impl Dialect {
    fn reserved_words(&self) -> &'static [&'static str] {
        match self.backend {
            Backend::Default => reserved::ANSI,
            Backend::Sqlite => reserved::SQLITE,
            Backend::Postgresql => reserved::POSTGRESQL,
            Backend::Mysql | Backend::Mariadb => reserved::MYSQL,
            Backend::Mssql => reserved::MSSQL,
            Backend::Oracle => reserved::ORACLE,
        }
    }

    /// Whether `name` needs quotes.
    pub fn requires_quotes(&self, name: &str) -> bool {
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
        let Some(first) = name.chars().next() else {
            return true;
        };
        if first.is_ascii_digit() || first == '$' || !name.chars().all(legal) {
            return true;
        }
        if first == '_' && self.backend == Backend::Oracle {
            return true;
        }
        if name.chars().any(|c| c.is_ascii_uppercase()) {
            return true;
        }
        self.reserved_words().binary_search(&name).is_ok()
    }

    /// The name in quotes.
    pub fn quote_identifier(&self, name: &str) -> String {
        let (open, close, escaped) = match self.backend {
            Backend::Mysql | Backend::Mariadb => ('`', '`', "``"),
            Backend::Mssql => ('[', ']', "]]"),
            _ => ('"', '"', "\"\""),
        };
        let mut text = String::with_capacity(name.len() + 2);
        text.push(open);
        for c in name.chars() {
            if c == close {
                text.push_str(escaped);
            } else if c == '%' && self.doubles_percents() {
                text.push_str("%%");
            } else {
                text.push(c);
            }
        }
        text.push(close);
        text
    }

    /// Whether `%` is written twice in statement text.
    pub fn doubles_percents(&self) -> bool {
        matches!(self.paramstyle, ParamStyle::Format | ParamStyle::Pyformat)
    }

    /// The name as statements write it: quoted where needed.
    pub fn quote<'a>(&self, name: &'a str) -> Cow<'a, str> {
        if self.requires_quotes(name) {
            Cow::Owned(self.quote_identifier(name))
        } else {
            Cow::Borrowed(name)
        }
    }

    /// The name as statements write it, with a word from `quote=`.
    pub fn quote_name<'a>(&self, name: &'a str, quote: Option<bool>) -> Cow<'a, str> {
        match quote {
            Some(true) => Cow::Owned(self.quote_identifier(name)),
            Some(false) => Cow::Borrowed(name),
            None => self.quote(name),
        }
    }

    /// A schema name; its dots separate parts on SQL Server.
    pub fn quote_schema(&self, schema: &str) -> String {
        let schema = self.translated_schema(schema);
        if self.backend == Backend::Mssql {
            let parts: Vec<_> = schema.split('.').map(|part| self.quote(part)).collect();
            return parts.join(".");
        }
        self.quote(schema).into_owned()
    }

    fn translated_schema<'a>(&'a self, schema: &'a str) -> &'a str {
        self.schema_translate_map
            .iter()
            .flat_map(|map| map.iter())
            .find(|(from, _)| from.as_deref() == Some(schema))
            .and_then(|(_, to)| to.as_deref())
            .unwrap_or(schema)
    }

    /// The schema that a table with `schema` is rendered with.
    pub fn effective_schema(&self, schema: Option<&Str>) -> Option<Str> {
        let translated = self
            .schema_translate_map
            .iter()
            .flat_map(|map| map.iter())
            .find(|(from, _)| from.as_ref() == schema)
            .map(|(_, to)| to.clone());
        translated.unwrap_or_else(|| schema.cloned())
    }

    /// `schema.table`, each quoted where needed.
    pub fn format_table_name(
        &self,
        name: &str,
        quote: Option<bool>,
        schema: Option<&Str>,
    ) -> String {
        match self.effective_schema(schema) {
            Some(schema) => {
                let parts: Vec<_> = match self.backend {
                    Backend::Mssql => schema.split('.').map(|part| self.quote(part)).collect(),
                    _ => vec![self.quote(&schema)],
                };
                format!("{}.{}", parts.join("."), self.quote_name(name, quote))
            }
            None => self.quote_name(name, quote).into_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::util::Compat;

    #[test]
    fn names_are_quoted_where_the_dialect_needs_it() {
        let default = Dialect::default_dialect(Compat::V20);
        let sqlite = Dialect::sqlite(Compat::V20);
        assert_eq!(default.quote("user"), "\"user\"");
        assert_eq!(sqlite.quote("user"), "user");
        assert_eq!(sqlite.quote("key"), "\"key\"");
        assert_eq!(sqlite.quote("Mixed"), "\"Mixed\"");
        assert_eq!(sqlite.quote("a\"b"), "\"a\"\"b\"");
    }
}
