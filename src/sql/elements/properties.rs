//! What every element can be asked: its type, its name and key, what it selects from.

use super::standard::{boolean_type, integer_type, null_type, string_type};
use super::{ColumnElement, CustomKind, Name};
use crate::object::Str;
use crate::sql::selectable::{AliasedElement, FromClause};
use crate::sql::types::{Affinity, SqlType};

impl ColumnElement {
    /// Its type.
    pub fn type_(&self) -> SqlType {
        match self {
            Self::Column(node) => node.sql_type(),
            Self::ColumnClause(node) => node.type_.clone(),
            Self::Proxy(node) => node.data.type_.clone(),
            Self::Bind(node) => node.type_.clone(),
            Self::Binary(node) => node.type_.clone(),
            Self::Unary(node) => node.type_.clone(),
            Self::AsBoolean(_) | Self::True | Self::False | Self::Exists(_) => boolean_type(),
            Self::ClauseList(node) => node.type_.clone(),
            Self::Grouping(node) => node.type_.clone(),
            Self::Label(node) => node.type_.clone(),
            Self::LabelReference(node) => node.type_(),
            Self::Function(node) => node.type_.clone(),
            Self::Over(node) => node.element.type_(),
            Self::FunctionFilter(node) => node.function.type_(),
            Self::WithinGroup(node) => node.type_.clone(),
            Self::Case(node) => node.type_.clone(),
            Self::Cast(node) => node.type_.clone(),
            Self::TypeCoerce(node) => node.type_.clone(),
            Self::Extract(_) => integer_type(),
            Self::ScalarSelect(node) => node.type_.clone(),
            Self::TableValued(node) => node.type_.clone(),
            Self::ScalarFunctionColumn(node) => node.type_.clone(),
            Self::Custom(node) => node.type_(),
            Self::Syntax(node) => node.type_.clone(),
            Self::Annotated(node) => node.element.type_(),
            Self::Collation(_) => string_type(),
            Self::TextualLabelReference(_) | Self::Null | Self::Text(_) | Self::Tuple(_) => {
                null_type()
            }
        }
    }

    /// The family of its type.
    pub fn affinity(&self) -> Affinity {
        match self {
            Self::Column(node) => node.with_type(SqlType::affinity),
            Self::Annotated(node) => node.element.affinity(),
            _ => self.type_().affinity(),
        }
    }

    /// What a reference to a label refers to; anything else as it is.
    #[must_use]
    pub fn without_label_reference(&self) -> Self {
        match self {
            Self::LabelReference(inner) => (**inner).clone(),
            Self::TextualLabelReference(name) => Self::literal_column(name),
            _ => self.clone(),
        }
    }
    /// Its name in SQL, where it is a named thing: a column, a label, a function.
    pub fn name(&self) -> Option<Name> {
        match self {
            Self::Column(node) => node.name_given().map(Name::Plain),
            Self::ColumnClause(node) => Some(Name::Plain(node.name.clone())),
            Self::Proxy(node) => Some(node.data.name.clone()),
            Self::Label(node) => Some(node.name.clone()),
            Self::Function(node) => Some(Name::Plain(node.name.clone())),
            Self::TableValued(node) => node.from.name(),
            Self::ScalarFunctionColumn(node) => Some(Name::Plain(node.name.clone())),
            Self::Custom(node) => node.column_name(),
            Self::Annotated(node) => node.element.name(),
            // A unary or grouped expression is no named thing, whatever is inside.
            _ => None,
        }
    }

    /// The key of a named element: what `.c` knows it by.
    pub fn key(&self) -> Option<Name> {
        match self {
            Self::Column(node) => Some(Name::Plain(node.key())),
            Self::ColumnClause(node) => Some(Name::Plain(node.name.clone())),
            Self::Proxy(node) => Some(Name::Plain(node.data.key.clone())),
            Self::Label(node) => Some(node.name.clone()),
            Self::Bind(node) => Some(node.key.clone()),
            Self::TableValued(node) => node.from.name(),
            Self::ScalarFunctionColumn(node) => Some(Name::Plain(node.name.clone())),
            Self::Custom(node) if node.kind == CustomKind::Column => node.column_name(),
            Self::Annotated(node) => node.element.key(),
            _ => None,
        }
    }

    /// Whether it is a column: of a table, an alias, or by name alone.
    pub fn is_column(&self) -> bool {
        matches!(
            self.plain(),
            Self::Column(_) | Self::ColumnClause(_) | Self::Proxy(_)
        )
    }

    /// Whether it is a thing with a name of its own (`NamedColumn`).
    pub fn is_named_column(&self) -> bool {
        matches!(
            self.plain(),
            Self::Column(_)
                | Self::ColumnClause(_)
                | Self::Proxy(_)
                | Self::Label(_)
                | Self::TableValued(_)
                | Self::ScalarFunctionColumn(_)
        ) || matches!(self.plain(), Self::Custom(node) if node.kind == CustomKind::Column)
    }

    /// The FROM element it is a column of.
    pub fn table(&self) -> Option<FromClause> {
        match self {
            Self::Column(node) => node.table().map(FromClause::Table),
            Self::ColumnClause(node) => node.table.clone(),
            Self::Proxy(node) => Some(node.from.clone()),
            Self::Annotated(node) => node.element.table(),
            _ => None,
        }
    }

    /// Whether its name is SQL text.
    pub fn is_literal(&self) -> bool {
        matches!(self.plain(), Self::ColumnClause(node) if node.is_literal)
    }

    /// The columns it directly stands for (`_proxies`).
    pub fn proxies(&self) -> Vec<Self> {
        match self {
            Self::Proxy(node) => node.data.proxies.clone(),
            Self::Label(node) => vec![node.element.clone()],
            Self::Grouping(node) => node.element.proxies(),
            Self::Annotated(node) => node.element.proxies(),
            _ => Vec::new(),
        }
    }

    /// The identities of itself and of all columns it stands for (`proxy_set`).
    pub fn proxy_set(&self) -> Vec<usize> {
        let mut all = vec![self.identity()];
        let mut pending = self.proxies();
        while let Some(next) = pending.pop() {
            let identity = next.identity();
            if !all.contains(&identity) {
                all.push(identity);
                pending.extend(next.proxies());
            }
        }
        all
    }

    /// The columns at the end of what it stands for (`base_columns`).
    pub fn base_columns(&self) -> Vec<Self> {
        let proxies = self.proxies();
        if proxies.is_empty() {
            return vec![self.plain().clone()];
        }
        proxies.iter().flat_map(Self::base_columns).collect()
    }

    /// Whether it and `other` stand for a common column.
    pub fn shares_lineage(&self, other: &Self) -> bool {
        let own = self.proxy_set();
        other.proxy_set().iter().any(|column| own.contains(column))
    }

    /// The FROM elements it needs, in order; duplicates possible.
    pub fn from_objects(&self) -> Vec<FromClause> {
        let mut froms = Vec::new();
        self.collect_froms(&mut froms);
        froms
    }

    /// Append the FROM elements it needs.
    pub fn collect_froms(&self, froms: &mut Vec<FromClause>) {
        match self {
            Self::Column(_) | Self::ColumnClause(_) | Self::Proxy(_) => {
                if let Some(table) = self.table() {
                    froms.push(table);
                }
            }
            Self::Function(node) => {
                for arg in &node.args {
                    arg.collect_froms(froms);
                }
            }
            Self::TableValued(node) => froms.push(node.from.clone()),
            Self::ScalarFunctionColumn(node) => node.function.collect_froms(froms),
            Self::Custom(node) => {
                for clause in &node.clauses {
                    clause.collect_froms(froms);
                }
            }
            // A subquery brings its own FROM list.
            Self::ScalarSelect(_) | Self::Exists(_) => {}
            _ => self.for_each_child(&mut |child| child.collect_froms(froms)),
        }
    }

    /// Call `visit` for each expression directly inside, not for what subqueries hold.
    pub fn for_each_child(&self, visit: &mut dyn FnMut(&Self)) {
        match self {
            Self::Binary(node) => {
                visit(&node.left);
                visit(&node.right);
            }
            Self::Unary(node) => visit(&node.element),
            Self::AsBoolean(node) => visit(&node.element),
            Self::ClauseList(node) => node.clauses.iter().for_each(visit),
            Self::Grouping(node) => visit(&node.element),
            Self::Label(node) => visit(&node.element),
            Self::LabelReference(node) => visit(node),
            Self::Function(node) => node.args.iter().for_each(visit),
            Self::Over(node) => {
                visit(&node.element);
                node.partition_by.iter().for_each(&mut *visit);
                node.order_by.iter().for_each(visit);
            }
            Self::FunctionFilter(node) => {
                visit(&node.function);
                node.criterion.iter().for_each(visit);
            }
            Self::WithinGroup(node) => {
                visit(&node.element);
                node.order_by.iter().for_each(visit);
            }
            Self::Case(node) => {
                node.value.iter().for_each(&mut *visit);
                for (condition, result) in &node.whens {
                    visit(condition);
                    visit(result);
                }
                node.else_.iter().for_each(visit);
            }
            Self::Cast(node) => visit(&node.clause),
            Self::TypeCoerce(node) => visit(&node.clause),
            Self::Extract(node) => visit(&node.expr),
            Self::Tuple(node) => node.clauses.iter().for_each(visit),
            Self::ScalarFunctionColumn(node) => visit(&node.function),
            Self::Custom(node) => node.clauses.iter().for_each(visit),
            Self::Syntax(node) => node.clauses.iter().for_each(visit),
            Self::Annotated(node) => visit(&node.element),
            Self::Column(_)
            | Self::ColumnClause(_)
            | Self::Proxy(_)
            | Self::Bind(_)
            | Self::TextualLabelReference(_)
            | Self::Collation(_)
            | Self::Null
            | Self::True
            | Self::False
            | Self::Text(_)
            | Self::ScalarSelect(_)
            | Self::Exists(_)
            | Self::TableValued(_) => {}
        }
    }

    /// The label that ORDER BY may render in its place (`_order_by_label_element`).
    pub fn order_by_label(&self) -> Option<Self> {
        match self {
            Self::Label(_) => Some(self.clone()),
            Self::Unary(node)
                if node
                    .modifier
                    .as_ref()
                    .is_some_and(crate::sql::operators::Operator::is_ordering_modifier) =>
            {
                node.element.order_by_label()
            }
            Self::Annotated(node) => node.element.order_by_label(),
            _ => None,
        }
    }
}

impl FromClause {
    /// Its name, where it has one to qualify columns with.
    pub fn name(&self) -> Option<Name> {
        match self {
            Self::Table(table) => Some(Name::Plain(table.name().clone())),
            Self::TableClause(table) => Some(Name::Plain(table.name.clone())),
            Self::Alias(alias) => Some(alias.name.clone()),
            Self::Values(values) => Some(values.name.clone()),
            Self::Function(function) => Some(Name::Plain(function.name.clone())),
            Self::Join(_) | Self::Text(_) => None,
            Self::Grouping(inner) => inner.name(),
            Self::Annotated(inner) => inner.element.name(),
        }
    }

    /// Its schema.
    pub fn schema(&self) -> Option<Str> {
        match self {
            Self::Table(table) => table.schema().cloned(),
            Self::TableClause(table) => table.schema.clone(),
            Self::Annotated(inner) => inner.element.schema(),
            _ => None,
        }
    }

    /// Whether columns are qualified with its name.
    pub fn named_with_column(&self) -> bool {
        match self {
            Self::Table(_) | Self::TableClause(_) | Self::Alias(_) => true,
            Self::Values(values) => values.named,
            Self::Function(_) | Self::Join(_) | Self::Text(_) => false,
            Self::Grouping(inner) => inner.named_with_column(),
            Self::Annotated(inner) => inner.element.named_with_column(),
        }
    }

    /// The FROM elements that being in a FROM list makes available: itself, for a join also
    /// its two sides.
    pub fn from_objects(&self) -> Vec<Self> {
        match self {
            Self::Join(join) => {
                let mut all = vec![self.clone()];
                all.extend(join.left.from_objects());
                all.extend(join.right.from_objects());
                all
            }
            Self::Grouping(inner) => inner.from_objects(),
            Self::Text(_) => Vec::new(),
            Self::Function(_)
            | Self::Table(_)
            | Self::TableClause(_)
            | Self::Alias(_)
            | Self::Values(_) => vec![self.clone()],
            Self::Annotated(inner) => inner.element.from_objects(),
        }
    }

    /// The FROM elements that its own presence hides: the sides of a join.
    pub fn hidden_froms(&self) -> Vec<Self> {
        match self {
            Self::Join(join) => {
                let mut all = join.left.from_objects();
                all.extend(join.right.from_objects());
                all
            }
            Self::Grouping(inner) => inner.hidden_froms(),
            Self::Annotated(inner) => inner.element.hidden_froms(),
            _ => Vec::new(),
        }
    }

    /// Whether it is a subquery: an alias of a statement.
    pub fn is_subquery(&self) -> bool {
        match self.plain() {
            Self::Alias(alias) => matches!(alias.element, AliasedElement::Select(_)),
            _ => false,
        }
    }
}
