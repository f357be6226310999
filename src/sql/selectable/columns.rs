//! The columns that FROM elements and statements offer, and the names they go by.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    Alias, AliasColumns, AliasedElement, FromClause, LabelStyle, Select, SelectItem,
    SelectStatement,
};
use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::object::{Cx, Result, Str};
use crate::sql::elements::{Annotations, AnonMap, ColumnElement, Name, ProxyColumn, ProxyData};

/// A column of a SELECT with the names found for it.
pub struct ColumnPlusNames {
    /// The label it must be rendered with.
    pub required_label: Option<Name>,
    /// Its key in `.c`.
    pub proxy_key: Option<Str>,
    /// The label to render where one is needed.
    pub fallback_label: Option<Name>,
    /// The column.
    pub column: ColumnElement,
    /// Whether it repeats an earlier one.
    pub repeated: bool,
}

impl FromClause {
    /// Its columns, by key.
    pub fn columns(&self, cx: &Cx) -> Result<Vec<(Str, ColumnElement)>> {
        match self {
            Self::Table(table) => Ok(table
                .columns()
                .iter()
                .map(|(key, column)| (key.clone(), ColumnElement::Column(column.clone())))
                .collect()),
            Self::TableClause(table) => Ok(table
                .made
                .get_or_init(|| named_columns(&table.columns))
                .iter()
                .map(|data| self.proxied(data))
                .collect()),
            Self::Alias(alias) => {
                let columns = alias.columns(cx)?;
                Ok(columns
                    .entries
                    .iter()
                    .map(|(key, data)| (key.clone(), self.proxied(data).1))
                    .collect())
            }
            Self::Values(values) => Ok(values
                .proxies
                .iter()
                .map(|data| self.proxied(data))
                .collect()),
            Self::Join(join) => {
                let mut all = join.left.columns(cx)?;
                all.extend(join.right.columns(cx)?);
                for (key, column) in &mut all {
                    if let Some(label) = column.tq_key_label() {
                        *key = Str::from(label.display());
                    }
                }
                Ok(all)
            }
            Self::Function(function) => Ok(match &function.table_columns {
                Some(columns) => columns
                    .iter()
                    .map(|column| (key_of(column), column.clone()))
                    .collect(),
                None => vec![(
                    function.name.clone(),
                    ColumnElement::Function(function.clone()),
                )],
            }),
            Self::Text(_) => Ok(Vec::new()),
            Self::Grouping(inner) => inner.columns(cx),
            Self::Annotated(inner) => inner.element.columns(cx),
        }
    }

    /// Its columns.
    pub fn column_list(&self, cx: &Cx) -> Result<Vec<ColumnElement>> {
        Ok(self
            .columns(cx)?
            .into_iter()
            .map(|(_, column)| column)
            .collect())
    }

    /// The column of `key`.
    pub fn column(&self, key: &str, cx: &Cx) -> Result<Option<ColumnElement>> {
        match self.plain() {
            Self::Table(table) => Ok(table.column(key).map(ColumnElement::Column)),
            Self::Alias(alias) => {
                let columns = alias.columns(cx)?;
                Ok(columns
                    .entries
                    .iter()
                    .find(|(known, _)| known.as_str() == key)
                    .map(|(_, data)| self.proxied(data).1))
            }
            _ => Ok(self
                .columns(cx)?
                .into_iter()
                .find(|(known, _)| known.as_str() == key)
                .map(|(_, column)| column)),
        }
    }

    fn proxied(&self, data: &Rc<ProxyData>) -> (Str, ColumnElement) {
        let column = ColumnElement::Proxy(Rc::new(ProxyColumn {
            from: self.plain().clone(),
            data: data.clone(),
        }));
        (data.key.clone(), column)
    }

    /// Its primary key columns.
    pub fn primary_key(&self, cx: &Cx) -> Result<Vec<ColumnElement>> {
        if let Self::Table(table) = self.plain() {
            return Ok(table
                .primary_key_columns()
                .into_iter()
                .map(ColumnElement::Column)
                .collect());
        }
        let mut columns = self.column_list(cx)?;
        columns.retain(ColumnElement::is_primary_key);
        Ok(columns)
    }
}

impl ColumnElement {
    /// Whether it is, or stands for, a primary key column.
    pub fn is_primary_key(&self) -> bool {
        match self.plain() {
            Self::Column(column) => column.primary_key(),
            Self::Proxy(proxy) => proxy.data.primary_key,
            Self::Label(label) => label.element.is_primary_key(),
            _ => false,
        }
    }
    /// Whether it may be NULL, as far as is known.
    pub fn is_nullable(&self) -> bool {
        match self.plain() {
            Self::Column(column) => column.nullable(),
            Self::Proxy(proxy) => proxy.data.nullable,
            _ => true,
        }
    }
}

fn named_columns(columns: &[(Str, crate::sql::types::SqlType)]) -> Vec<Rc<ProxyData>> {
    columns
        .iter()
        .map(|(name, type_)| {
            Rc::new(ProxyData {
                name: Name::Plain(name.clone()),
                key: name.clone(),
                type_: type_.clone(),
                proxies: Vec::new(),
                primary_key: false,
                nullable: true,
                annotations: Annotations::default(),
            })
        })
        .collect()
}

/// The columns of a `values()` or the like, as proxies of nothing.
pub fn plain_proxies(columns: &[(Str, crate::sql::types::SqlType)]) -> Vec<Rc<ProxyData>> {
    named_columns(columns)
}

fn key_of(column: &ColumnElement) -> Str {
    column
        .key()
        .or_else(|| column.name())
        .map_or_else(|| Str::new("_no_label"), |key| Str::from(key.display()))
}

impl Alias {
    /// Its columns, found at the first use.
    pub fn columns(&self, cx: &Cx) -> Result<&AliasColumns> {
        if let Some(columns) = self.columns.get() {
            return Ok(columns);
        }
        let _depth = cx.enter()?;
        let entries = match &self.element {
            AliasedElement::From(from) => from
                .columns(cx)?
                .into_iter()
                .map(|(key, column)| {
                    let data = proxy_of(&column, None, Some(key.clone()), None);
                    (key, Rc::new(data))
                })
                .collect(),
            AliasedElement::Select(statement) => statement.column_proxies(cx)?,
        };
        let made = AliasColumns { entries };
        Ok(self.columns.get_or_init(|| made))
    }
}

/// The column that an alias offers in place of `column`.
fn proxy_of(
    column: &ColumnElement,
    name: Option<Name>,
    key: Option<Str>,
    members: Option<Vec<ColumnElement>>,
) -> ProxyData {
    let own_name = match column.plain() {
        ColumnElement::Function(_) => None,
        _ => column.name(),
    };
    let given = name.is_some();
    let name = name
        .or(own_name)
        .unwrap_or_else(|| column.anon_name_label());
    let key = match column.plain() {
        ColumnElement::Label(label) if !label.name.is_anonymous() => {
            Str::from(label.name.display())
        }
        _ => key.unwrap_or_else(|| {
            if given {
                Str::from(name.display())
            } else {
                key_of(column)
            }
        }),
    };
    let annotations = column.annotations().cloned().unwrap_or_default();
    ProxyData {
        name,
        key,
        type_: column.type_(),
        proxies: members.unwrap_or_else(|| vec![column.clone()]),
        primary_key: column.is_primary_key(),
        nullable: column.is_nullable(),
        annotations: Annotations {
            // Of what is noted, a subquery keeps only what names the attribute.
            proxy_key: None,
            parent_entity: None,
            parent_mapper: None,
            no_label_resolve: false,
            ..annotations
        },
    }
}

impl SelectItem {
    /// The columns it selects.
    pub fn columns(&self, cx: &Cx) -> Result<Vec<ColumnElement>> {
        match self {
            Self::Column(column) => Ok(match column.plain() {
                // A list given as one thing is its items.
                ColumnElement::ClauseList(list)
                    if !list.is_boolean
                        && list.operator == crate::sql::operators::Operator::Comma =>
                {
                    list.clauses.clone()
                }
                _ => vec![column.clone()],
            }),
            Self::From(from) => from.column_list(cx),
            Self::Entity(entity) => entity.columns(cx),
        }
    }
    /// The FROM elements it needs.
    pub fn from_objects(&self, cx: &Cx) -> Result<Vec<FromClause>> {
        match self {
            Self::Column(column) => Ok(column.from_objects()),
            Self::From(from) => Ok(from.from_objects()),
            Self::Entity(entity) => Ok(vec![entity.selectable(cx)?]),
        }
    }
}

impl Select {
    /// Every column selected (`_all_selected_columns`).
    pub fn all_selected_columns(&self, cx: &Cx) -> Result<Vec<ColumnElement>> {
        let mut columns = Vec::new();
        for item in &self.0.raw_columns {
            columns.extend(item.columns(cx)?);
        }
        Ok(columns)
    }
}

impl SelectStatement {
    /// Every column selected (`_all_selected_columns`).
    pub fn all_selected_columns(&self, cx: &Cx) -> Result<Vec<ColumnElement>> {
        match self {
            Self::Select(select) => select.all_selected_columns(cx),
            Self::Compound(compound) => match compound.0.selects.first() {
                Some(first) => first.all_selected_columns(cx),
                None => Ok(Vec::new()),
            },
            Self::Textual(textual) => Ok(textual.columns.clone()),
            Self::Insert(insert) => returning_columns(&insert.data().returning, cx),
            Self::Update(update) => returning_columns(&update.data().returning, cx),
            Self::Delete(delete) => returning_columns(&delete.data().returning, cx),
            Self::Grouping(inner) => inner.all_selected_columns(cx),
        }
    }

    /// How it labels columns.
    pub fn label_style(&self) -> LabelStyle {
        match self {
            Self::Select(select) => select.0.label_style,
            Self::Compound(compound) => match compound.0.selects.first() {
                Some(first) => first.label_style(),
                None => LabelStyle::default(),
            },
            Self::Grouping(inner) => inner.label_style(),
            _ => LabelStyle::None,
        }
    }

    /// Its columns by key: `.selected_columns`.
    pub fn selected_columns(&self, cx: &Cx) -> Result<Vec<(Str, ColumnElement)>> {
        let columns = self.all_selected_columns(cx)?;
        let mut keys = KeyNaming::new(self.label_style());
        Ok(columns
            .into_iter()
            .filter_map(|column| keys.key(&column).map(|key| (key, column)))
            .collect())
    }

    /// Its columns with the names found for them.
    pub fn columns_plus_names(
        &self,
        anon_for_dupe_key: bool,
        cx: &Cx,
    ) -> Result<Vec<ColumnPlusNames>> {
        match self {
            Self::Grouping(inner) => inner.columns_plus_names(anon_for_dupe_key, cx),
            Self::Compound(compound) => match compound.0.selects.first() {
                Some(first) => first.columns_plus_names(anon_for_dupe_key, cx),
                None => Ok(Vec::new()),
            },
            _ => Ok(columns_plus_names(
                self.all_selected_columns(cx)?,
                self.label_style(),
                anon_for_dupe_key,
            )),
        }
    }

    /// What an alias of the statement offers.
    fn column_proxies(&self, cx: &Cx) -> Result<Vec<(Str, Rc<ProxyData>)>> {
        if let Self::Compound(compound) = self {
            return compound_proxies(&compound.0.selects, cx);
        }
        if let Self::Grouping(inner) = self {
            return inner.column_proxies(cx);
        }
        let names = self.columns_plus_names(false, cx)?;
        for entry in &names {
            check_label(entry)?;
        }
        Ok(names
            .into_iter()
            .filter(|entry| !matches!(entry.column.plain(), ColumnElement::Text(_)))
            .map(|entry| {
                let data = proxy_of(
                    &entry.column,
                    entry.required_label.map(truncatable),
                    entry.proxy_key,
                    None,
                );
                (data.key.clone(), Rc::new(data))
            })
            .collect())
    }
}

/// A label that was given may not be renamed so as to be told apart from another.
fn check_label(entry: &ColumnPlusNames) -> Result<()> {
    let (ColumnElement::Label(label), Some(Name::Anonymous(_))) =
        (entry.column.plain(), &entry.required_label)
    else {
        return Ok(());
    };
    if label.name.is_anonymous() {
        return Ok(());
    }
    Err(INVALID_REQUEST_ERROR.error(format!(
        "Label name {} is being renamed to an anonymous label due to disambiguation which is not \
         supported right now.  Please use unique names for explicit labels.",
        label.name.display()
    )))
}

fn returning_columns(items: &[SelectItem], cx: &Cx) -> Result<Vec<ColumnElement>> {
    let mut columns = Vec::new();
    for item in items {
        columns.extend(item.columns(cx)?);
    }
    Ok(columns)
}

fn truncatable(name: Name) -> Name {
    match name {
        Name::Plain(text) => Name::Truncated(text),
        other => other,
    }
}

fn compound_proxies(selects: &[SelectStatement], cx: &Cx) -> Result<Vec<(Str, Rc<ProxyData>)>> {
    let Some(first) = selects.first() else {
        return Ok(Vec::new());
    };
    let columns: Vec<_> = selects
        .iter()
        .map(|select| select.all_selected_columns(cx))
        .collect::<Result<_>>()?;
    let names = first.columns_plus_names(false, cx)?;
    Ok(names
        .into_iter()
        .enumerate()
        .filter(|(_, entry)| !matches!(entry.column.plain(), ColumnElement::Text(_)))
        .map(|(at, entry)| {
            let members = columns
                .iter()
                .filter_map(|columns| columns.get(at).cloned())
                .collect();
            let data = proxy_of(
                &entry.column,
                entry.required_label.map(truncatable),
                entry.proxy_key,
                Some(members),
            );
            (data.key.clone(), Rc::new(data))
        })
        .collect())
}

/// The keys of `.selected_columns`: SQLAlchemy's column naming convention.
pub struct KeyNaming {
    table_qualified: bool,
    dedupe: bool,
    anonymous: AnonMap,
    names: FxHashSet<Str>,
}

impl KeyNaming {
    /// Keys for columns labelled in `style`.
    pub fn new(style: LabelStyle) -> Self {
        Self {
            table_qualified: matches!(style, LabelStyle::TablenamePlusCol | LabelStyle::LegacyOrm),
            dedupe: style != LabelStyle::None,
            anonymous: AnonMap::default(),
            names: FxHashSet::default(),
        }
    }
    /// The key of `column`; `None` for text.
    pub fn key(&mut self, column: &ColumnElement) -> Option<Str> {
        if matches!(column.plain(), ColumnElement::Text(_)) {
            return None;
        }
        let name = if self.dedupe && self.table_qualified {
            column.tq_key_label()
        } else {
            column.proxy_key()
        };
        let key = name.map(|name| Str::from(name.display()));
        if !self.dedupe {
            return Some(key.unwrap_or_else(|| Str::new("_no_label")));
        }
        let Some(key) = key else {
            let key = Str::new("_no_label");
            if self.names.insert(key.clone()) {
                return Some(key);
            }
            return Some(self.anonymous.apply(&column.anon_label_of("_no_label")));
        };
        if self.names.insert(key.clone()) {
            return Some(key);
        }
        let label = if self.table_qualified {
            column.anon_tq_key_label()
        } else {
            column.anon_key_label()
        };
        Some(self.anonymous.apply(&label))
    }
}

/// Find the names of the columns of a SELECT: which need a label, and which.
pub fn columns_plus_names(
    columns: Vec<ColumnElement>,
    style: LabelStyle,
    anon_for_dupe_key: bool,
) -> Vec<ColumnPlusNames> {
    let mut keys = KeyNaming::new(style);
    let mut naming = LabelNaming {
        qualified: keys.table_qualified,
        anon_for_dupe_key,
        names: FxHashMap::default(),
        next_repeat: 1,
    };
    columns
        .into_iter()
        .map(|column| {
            let (required_label, fallback_label, repeated) = if !column.takes_label() {
                (None, None, false)
            } else if style == LabelStyle::None {
                let name = column
                    .non_anon_label()
                    .unwrap_or_else(|| column.anon_name_label());
                (None, Some(name), false)
            } else {
                naming.find(&column)
            };
            ColumnPlusNames {
                proxy_key: keys.key(&column),
                required_label,
                fallback_label,
                column,
                repeated,
            }
        })
        .collect()
}

struct LabelNaming {
    qualified: bool,
    anon_for_dupe_key: bool,
    names: FxHashMap<Name, usize>,
    next_repeat: u32,
}

impl LabelNaming {
    fn find(&mut self, column: &ColumnElement) -> (Option<Name>, Option<Name>, bool) {
        let (mut required, effective) = if self.qualified {
            let label = column.tq_label();
            (label.clone(), label)
        } else {
            (None, column.non_anon_label())
        };
        let effective = match effective {
            Some(name) => name,
            None => match column.expression_label() {
                Some(label) => {
                    required = Some(label.clone());
                    label
                }
                None => return self.unnamed(column),
            },
        };
        let identity = column.identity();
        let Some(known) = self.names.get(&canonical(&effective)).copied() else {
            self.names.insert(canonical(&effective), identity);
            return (required, Some(effective), false);
        };
        if known == identity {
            if self.anon_for_dupe_key {
                let label = self.repeat(column);
                return (Some(label.clone()), Some(label), true);
            }
            return (required, Some(effective), false);
        }
        let label = if self.qualified {
            column.anon_tq_label()
        } else {
            column.anon_name_label()
        };
        if self.anon_for_dupe_key && self.names.contains_key(&canonical(&label)) {
            let label = self.repeat(column);
            return (Some(label.clone()), Some(label), true);
        }
        self.names.insert(canonical(&label), identity);
        (Some(label.clone()), Some(label), false)
    }

    fn unnamed(&mut self, column: &ColumnElement) -> (Option<Name>, Option<Name>, bool) {
        let label = column.anon_name_label();
        let repeated = self
            .names
            .insert(canonical(&label), column.identity())
            .is_some();
        if repeated {
            return (None, Some(self.repeat(column)), true);
        }
        (None, Some(label), false)
    }

    fn repeat(&mut self, column: &ColumnElement) -> Name {
        let index = self.next_repeat;
        self.next_repeat += 1;
        if self.qualified {
            column.dedupe_anon_tq_label(index)
        } else {
            column.dedupe_anon_label(index)
        }
    }
}

/// Names compare by text, whether or not they may be shortened.
fn canonical(name: &Name) -> Name {
    match name {
        Name::Truncated(text) => Name::Plain(text.clone()),
        other => other.clone(),
    }
}
