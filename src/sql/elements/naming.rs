//! The names under which expressions are selected: labels required, fallback labels, keys.

use super::{ColumnElement, CustomKind, Name};
use crate::object::Str;
use crate::sql::selectable::FromClause;

impl ColumnElement {
    /// The name that the element has in a result without a label (`_non_anon_label`).
    pub fn non_anon_label(&self) -> Option<Name> {
        match self.plain() {
            Self::Function(_) | Self::Cast(_) | Self::TypeCoerce(_) | Self::AsBoolean(_) => None,
            Self::Custom(node) if node.kind != CustomKind::Column => None,
            Self::Grouping(node) => node.element.non_anon_label(),
            plain => plain.name(),
        }
    }

    /// The expression that a CAST, a coercion or a Boolean test lends its name from.
    fn wrapped_column(&self) -> Option<&Self> {
        match self.plain() {
            Self::Cast(node) => Some(&node.clause),
            Self::TypeCoerce(node) => Some(&node.clause),
            Self::AsBoolean(node) => Some(&node.element),
            _ => None,
        }
    }

    fn anon_label(&self, base: Option<&Name>, repeat: Option<u32>) -> Name {
        let seed = self.identity() as u64;
        // Repeats of one element are told apart by the low bits, and have two underscores.
        let (seed, extra) = match repeat {
            Some(index) => ((seed << 16) | u64::from(index), "_"),
            None => (seed, ""),
        };
        match base {
            None => Name::anonymous(seed, &format!("anon{extra}")),
            Some(Name::Plain(text) | Name::Truncated(text)) => {
                Name::anonymous(seed, &format!("{text}{extra}"))
            }
            Some(anonymous) => anonymous
                .with_suffix(extra)
                .join(&Name::anonymous(seed, "")),
        }
    }

    /// The anonymous label of the element (`_anon_name_label`).
    pub fn anon_name_label(&self) -> Name {
        if let Some(wrapped) = self.wrapped_column()
            && !matches!(wrapped.plain(), Self::Text(_))
        {
            if let Some(name) = wrapped.non_anon_label() {
                return name;
            }
            return wrapped.anon_name_label();
        }
        if let Self::Grouping(node) = self.plain() {
            return node.element.anon_name_label();
        }
        self.anon_label(self.name().as_ref(), None)
    }

    /// The label of the `index`th repeat of an element (`_dedupe_anon_label_idx`).
    pub fn dedupe_anon_label(&self, index: u32) -> Name {
        if let Some(wrapped) = self.wrapped_column() {
            return match wrapped.non_anon_label() {
                Some(name) => self.anon_label(Some(&name.with_suffix("_")), None),
                None => self.dedupe_anon_tq_label(index),
            };
        }
        match self.name() {
            Some(name) => self.anon_label(Some(&name), Some(index)),
            None => self.dedupe_anon_tq_label(index),
        }
    }

    /// The same with the table's name in front (`_dedupe_anon_tq_label_idx`).
    pub fn dedupe_anon_tq_label(&self, index: u32) -> Name {
        self.anon_label(self.tq_label().as_ref(), Some(index))
    }

    /// `table_column` (`_tq_label`).
    pub fn tq_label(&self) -> Option<Name> {
        match self.plain() {
            Self::Column(_) | Self::ColumnClause(_) | Self::Proxy(_) => {
                let name = self.name()?;
                self.table_qualified(&name)
            }
            Self::Label(label) => Some(label.name.clone()),
            Self::Grouping(node) => node.element.tq_label(),
            Self::TableValued(_) | Self::ScalarFunctionColumn(_) => self.name(),
            Self::Custom(node) if node.kind == CustomKind::Column => self.name(),
            plain => plain.wrapped_column().and_then(Self::tq_label),
        }
    }

    /// `table_key` (`_tq_key_label`).
    pub fn tq_key_label(&self) -> Option<Name> {
        if !self.is_column() {
            return match self.plain() {
                Self::Label(label) => Some(label.name.clone()),
                _ => self.proxy_key(),
            };
        }
        match self.proxy_key() {
            Some(key) if self.name().as_ref().and_then(Name::text) != key.text() => {
                self.table_qualified(&key)
            }
            _ => self.tq_label(),
        }
    }

    /// `table_column` made unique for this column (`_anon_tq_label`).
    pub fn anon_tq_label(&self) -> Name {
        self.anon_label(self.tq_label().as_ref(), None)
    }

    /// `table_key` made unique for this column.
    pub fn anon_tq_key_label(&self) -> Name {
        self.anon_label(self.tq_key_label().as_ref(), None)
    }

    /// The key made unique for this column (`_anon_key_label`).
    pub fn anon_key_label(&self) -> Name {
        self.anon_label(self.proxy_key().as_ref(), None)
    }

    /// `base` made unique for this element.
    pub fn anon_label_of(&self, base: &str) -> Name {
        self.anon_label(Some(&Name::plain(base)), None)
    }

    fn table_qualified(&self, name: &Name) -> Option<Name> {
        if self.is_literal() {
            return None;
        }
        let Some(table) = self.table() else {
            return Some(name.clone());
        };
        let Some(table_name) = table.name() else {
            return Some(name.clone());
        };
        if matches!(table.plain(), FromClause::Function(_)) {
            return Some(name.clone());
        }
        let prefix = match table.schema() {
            Some(schema) => Name::Plain(Str::from(format!(
                "{}_{}",
                schema.replace('.', "_"),
                table_name.display()
            ))),
            None => table_name,
        };
        let label = prefix.with_suffix("_").join(name);
        Some(distinct_from_columns(label, &table))
    }

    /// The key under which a subquery offers it (`_proxy_key`).
    pub fn proxy_key(&self) -> Option<Name> {
        if let Some(key) = self
            .annotations()
            .and_then(|annotations| annotations.proxy_key.clone())
        {
            return Some(Name::Plain(key));
        }
        let name = match self.plain() {
            Self::Function(function) => Some(Name::Plain(function.name.clone())),
            Self::Grouping(node) => return node.element.proxy_key(),
            plain => plain.key().or_else(|| self.non_anon_label()),
        };
        name.filter(|name| !name.is_anonymous())
    }

    /// The label that the ORM suggests for an expression without a name (`_expression_label`).
    pub fn expression_label(&self) -> Option<Name> {
        if self.name().is_some() {
            return None;
        }
        self.annotations()
            .and_then(|annotations| annotations.proxy_key.clone())
            .map(Name::Plain)
    }

    /// Whether the columns clause may label it (`_render_label_in_columns_clause`).
    pub fn takes_label(&self) -> bool {
        match self.plain() {
            Self::Text(_) => false,
            Self::Column(node) => node.table_address() != 0,
            Self::ColumnClause(node) => node.table.is_some(),
            _ => true,
        }
    }

    /// Whether ORDER BY may name it (`_allow_label_resolve`).
    pub fn allows_label_resolve(&self) -> bool {
        match self.plain() {
            Self::Text(_) => false,
            Self::Label(label) => label.element.allows_label_resolve(),
            _ => self
                .annotations()
                .is_none_or(|annotations| !annotations.no_label_resolve),
        }
    }
}

/// A label `table_column` where the table has a column of that very name gets a number.
fn distinct_from_columns(label: Name, table: &FromClause) -> Name {
    let (Some(text), FromClause::Table(table)) = (label.text(), table.plain()) else {
        return label;
    };
    if table.column(text).is_none() {
        return label;
    }
    let mut number = 1;
    loop {
        let candidate = format!("{text}_{number}");
        if table.column(&candidate).is_none() {
            return Name::Truncated(Str::from(candidate));
        }
        number += 1;
    }
}
