//! Making aliases, subqueries, CTEs, joins.

use std::cell::OnceCell;
use std::rc::Rc;

use super::{
    Alias, AliasKind, AliasedElement, CompoundKeyword, CompoundSelect, CteKind, FromClause, Join,
    SelectStatement,
};
use crate::engine::exc::ARGUMENT_ERROR;
use crate::object::{Cx, Result};
use crate::sql::elements::{ColumnElement, Name, next_seed};

/// The name of an alias without one: after what it is an alias of.
fn anonymous_name(of: Option<Name>) -> Name {
    match of {
        Some(name) if !name.is_anonymous() => Name::anonymous(next_seed(), name.display().as_str()),
        _ => Name::anonymous(next_seed(), "anon"),
    }
}

impl Alias {
    /// An alias; without a name, one is made up when compiled.
    pub fn new(kind: AliasKind, element: AliasedElement, name: Option<Name>) -> Rc<Self> {
        let name = name.unwrap_or_else(|| {
            anonymous_name(match &element {
                AliasedElement::From(from) => from.name(),
                AliasedElement::Select(_) => None,
            })
        });
        Rc::new(Self {
            kind,
            element,
            name,
            columns: OnceCell::new(),
            notes: Vec::new(),
        })
    }
    /// What is particular to a CTE.
    pub fn cte(&self) -> Option<&CteKind> {
        match &self.kind {
            AliasKind::Cte(cte) => Some(cte),
            _ => None,
        }
    }
    /// Whether it is LATERAL.
    pub fn is_lateral(&self) -> bool {
        match self.kind {
            AliasKind::Lateral => true,
            AliasKind::TableValued { lateral, .. } => lateral,
            _ => false,
        }
    }
    /// A CTE with `other` appended by a set operation: the recursive part of a recursive one.
    pub fn cte_union(
        self: &Rc<Self>,
        keyword: CompoundKeyword,
        others: Vec<SelectStatement>,
    ) -> Result<Rc<Self>> {
        let (Some(cte), AliasedElement::Select(statement)) = (self.cte(), &self.element) else {
            return Err(ARGUMENT_ERROR.error("a CTE of a SELECT was expected"));
        };
        let mut members = vec![statement.clone()];
        members.extend(others);
        let union = CompoundSelect::new(keyword, members);
        let kind = CteKind {
            restates: Some(self.clone()),
            ..cte.clone()
        };
        Ok(Self::new(
            AliasKind::Cte(kind),
            AliasedElement::Select(SelectStatement::Compound(union)),
            Some(self.name.clone()),
        ))
    }
    /// An alias of a CTE.
    pub fn cte_alias(self: &Rc<Self>, name: Option<Name>) -> Rc<Self> {
        let cte = self.cte().cloned().unwrap_or_default();
        let kind = CteKind {
            alias_of: Some(self.clone()),
            restates: None,
            ..cte
        };
        let name = name.unwrap_or_else(|| Name::anonymous(next_seed(), "anon"));
        Self::new(AliasKind::Cte(kind), self.element.clone(), Some(name))
    }
    /// The CTE that stands for all its restatements.
    pub fn reference_cte(self: &Rc<Self>) -> Rc<Self> {
        match self.cte().and_then(|cte| cte.restates.as_ref()) {
            Some(first) => first.clone(),
            None => self.clone(),
        }
    }
}

impl FromClause {
    /// `alias(name)`.
    #[must_use]
    pub fn alias(&self, name: Option<Name>) -> Self {
        if let Self::Alias(alias) = self.plain() {
            if alias.cte().is_some() {
                return Self::Alias(alias.cte_alias(name));
            }
            // The function goes by the new name alone.
            if matches!(alias.kind, AliasKind::TableValued { .. }) {
                let name = name.unwrap_or_else(|| anonymous_name(Some(alias.name.clone())));
                return Self::Alias(Alias::new(
                    alias.kind.clone(),
                    alias.element.clone(),
                    Some(name),
                ));
            }
        }
        Self::Alias(Alias::new(
            AliasKind::Alias,
            AliasedElement::From(self.plain().clone()),
            name,
        ))
    }
    /// As the right side of a join: a join goes in parentheses.
    #[must_use]
    pub fn self_group(&self) -> Self {
        match self.plain() {
            Self::Join(_) => Self::Grouping(Rc::new(self.clone())),
            _ => self.clone(),
        }
    }
    /// The element without parentheses.
    pub fn ungrouped(&self) -> &Self {
        match self.plain() {
            Self::Grouping(inner) => inner.ungrouped(),
            plain => plain,
        }
    }
    /// How errors name it.
    pub fn description(&self) -> String {
        match self.plain() {
            Self::Table(table) => table.full_name(),
            Self::Join(join) => format!(
                "Join object on {}({}) and {}({})",
                join.left.description(),
                join.left.identity(),
                join.right.description(),
                join.right.identity()
            ),
            Self::Alias(alias) => match (alias.name.text(), &alias.element) {
                (Some(name), _) => name.to_string(),
                (None, AliasedElement::From(from)) if Cx::current().compat().is_20() => {
                    format!("Anonymous alias of {}", from.description())
                }
                (None, _) => "anon_1".to_owned(),
            },
            Self::Grouping(_) => "FromGrouping object".to_owned(),
            plain => plain.name().map_or_else(String::new, |name| name.display()),
        }
    }
    /// Whether the two have an element of their joins in common.
    pub fn shares_surface(&self, other: &Self) -> bool {
        let own = self.surface_selectables();
        let surface = other.surface_selectables();
        own.iter()
            .any(|one| surface.iter().any(|known| known.same(one)))
    }
    /// The FROM elements at its surface: the sides of joins, themselves, what groups them.
    pub fn surface_selectables(&self) -> Vec<Self> {
        let mut all = Vec::new();
        let mut pending = vec![self.clone()];
        while let Some(next) = pending.pop() {
            all.push(next.clone());
            match next.plain() {
                Self::Join(join) => {
                    pending.push(join.left.clone());
                    pending.push(join.right.clone());
                }
                Self::Grouping(inner) => pending.push((**inner).clone()),
                _ => {}
            }
        }
        all
    }
    /// Whether it is `other` or selects from it.
    pub fn is_derived_from(&self, other: &Self) -> bool {
        if self.same(other) {
            return true;
        }
        match self.plain() {
            Self::Join(join) => {
                join.left.is_derived_from(other) || join.right.is_derived_from(other)
            }
            Self::Grouping(inner) => inner.is_derived_from(other),
            Self::Alias(alias) => match &alias.element {
                AliasedElement::From(from) => from.is_derived_from(other),
                AliasedElement::Select(statement) => statement.is_derived_from(other),
            },
            _ => false,
        }
    }
}

impl SelectStatement {
    /// Whether it selects from `from`, as far as its columns and FROM list tell.
    pub fn is_derived_from(&self, from: &FromClause) -> bool {
        match self {
            Self::Select(select) => {
                let cx = Cx::current();
                let froms = super::state::columns_and_from_obj_froms(select, &cx);
                froms.is_ok_and(|froms| froms.iter().any(|one| one.is_derived_from(from)))
            }
            Self::Compound(compound) => compound
                .data()
                .selects
                .iter()
                .any(|select| select.is_derived_from(from)),
            Self::Grouping(inner) => inner.is_derived_from(from),
            _ => false,
        }
    }
    /// `(SELECT ..) AS name`.
    pub fn subquery(&self, name: Option<Name>, cx: &Cx) -> Result<Rc<Alias>> {
        let _ = cx;
        Ok(Alias::new(
            AliasKind::Subquery,
            AliasedElement::Select(self.disambiguated()),
            name,
        ))
    }
    /// `WITH name AS (SELECT ..)`.
    pub fn cte(&self, name: Option<Name>, recursive: bool, nesting: bool) -> Rc<Alias> {
        Alias::new(
            AliasKind::Cte(CteKind {
                recursive,
                nesting,
                ..CteKind::default()
            }),
            AliasedElement::Select(self.disambiguated()),
            name,
        )
    }
    /// `LATERAL (SELECT ..) AS name`.
    pub fn lateral(&self, name: Option<Name>) -> Rc<Alias> {
        Alias::new(
            AliasKind::Lateral,
            AliasedElement::Select(self.disambiguated()),
            name,
        )
    }
}

impl Join {
    /// `left JOIN right ON onclause`; without a condition, the one that foreign keys give.
    pub fn of(
        left: &FromClause,
        right: &FromClause,
        onclause: Option<ColumnElement>,
        isouter: bool,
        full: bool,
        cx: &Cx,
    ) -> Result<FromClause> {
        let right = right.self_group();
        let onclause = match onclause {
            // taken from the FROM clauses as they stand, not as grouped
            None => super::join::join_condition(left, &right, None, cx)?,
            Some(onclause) => {
                onclause.self_group(Some(&crate::sql::operators::Operator::AsBool), cx.compat())
            }
        };
        Ok(FromClause::Join(Rc::new(Self {
            left: left.clone(),
            right,
            onclause: Some(onclause),
            isouter,
            full,
        })))
    }
}
