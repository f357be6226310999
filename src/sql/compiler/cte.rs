//! Common table expressions: collected while the statement is rendered, put in front of it.

use std::rc::Rc;

use super::{Fragment, Kw, SQLCompiler, cte_identity};
use crate::engine::exc::COMPILE_ERROR;
use crate::object::{Result, Str};
use crate::sql::elements::Name;
use crate::sql::selectable::{Alias, AliasedElement, FromClause};

/// The CTEs met so far.
#[derive(Default)]
pub(super) struct CteState {
    /// In the order in which they go in front.
    entries: Vec<Entry>,
    recursive: bool,
}

struct Entry {
    alias: Rc<Alias>,
    name: Str,
    level: usize,
    /// Not yet while it is being rendered.
    text: Option<Fragment>,
    /// How many others were complete when it was; completion gives the order.
    order: usize,
}

impl SQLCompiler<'_> {
    /// A CTE in a FROM list (or, not `asfrom`, on its own): its name; its text goes in front.
    pub(super) fn cte(&mut self, alias: &Rc<Alias>, kw: Kw, out: &mut Fragment) -> Result<()> {
        let name = self.alias_name(&alias.name);
        let Some(kind) = alias.cte() else {
            return Ok(());
        };
        if let Some(aliased) = &kind.alias_of {
            // An alias of a CTE: `cte AS name`.
            self.ensure_cte(aliased, kw)?;
            let original = self.alias_name(&aliased.name);
            if kw.asfrom {
                let quoted = self.dialect.quote(&original).into_owned();
                out.push(&quoted);
                out.push(self.alias_keyword());
                let quoted = self.dialect.quote(&name).into_owned();
                out.push(&quoted);
            }
            return Ok(());
        }
        if self.stack.is_empty() {
            // On its own, what is inside.
            if let AliasedElement::Select(statement) = &alias.element {
                let inner = Kw {
                    asfrom: kw.asfrom,
                    ..self.inside(kw)
                };
                return self.statement(statement, inner, out);
            }
            return Ok(());
        }
        self.ensure_cte(alias, kw)?;
        if kw.asfrom {
            let quoted = self.dialect.quote(&name).into_owned();
            out.push(&quoted);
        }
        Ok(())
    }

    /// A CTE of `add_cte()`, used or not.
    pub(super) fn independent_cte(&mut self, alias: &Rc<Alias>, kw: Kw) -> Result<()> {
        self.ensure_cte(alias, kw)
    }

    /// Render a CTE unless it was; a restatement takes the place of what it restates.
    fn ensure_cte(&mut self, alias: &Rc<Alias>, kw: Kw) -> Result<()> {
        let name = self.alias_name(&alias.name);
        let Some(kind) = alias.cte().cloned() else {
            return Ok(());
        };
        let level = if kind.nesting { self.stack.len() } else { 1 };
        let existing = self
            .ctes
            .entries
            .iter()
            .position(|entry| entry.name == name && entry.level == level);
        if let Some(at) = existing {
            let known = self.ctes.entries[at].alias.clone();
            let restated_by_known = known
                .cte()
                .and_then(|cte| cte.restates.as_ref())
                .is_some_and(|first| cte_identity(first) == cte_identity(alias));
            if cte_identity(&known) == cte_identity(alias) || restated_by_known {
                return Ok(());
            }
            let restates_known = kind
                .restates
                .as_ref()
                .is_some_and(|first| cte_identity(first) == cte_identity(&known));
            if restates_known {
                self.ctes.entries.remove(at);
            } else if same_statement(&known, alias) {
                return Ok(());
            } else {
                let shown = self.cx.repr(&crate::object::Value::Str(name))?;
                return Err(COMPILE_ERROR.error(format!(
                    "Multiple, unrelated CTEs found with the same name: {shown}"
                )));
            }
        }
        if kind.recursive {
            self.ctes.recursive = true;
        }
        self.ctes.entries.push(Entry {
            alias: alias.clone(),
            name: name.clone(),
            level,
            text: None,
            order: usize::MAX,
        });
        let text = self.cte_text(alias, &name, kw)?;
        let order = self
            .ctes
            .entries
            .iter()
            .filter(|entry| entry.text.is_some())
            .count();
        let identity = cte_identity(alias);
        if let Some(entry) = self
            .ctes
            .entries
            .iter_mut()
            .find(|entry| cte_identity(&entry.alias) == identity)
        {
            entry.text = Some(text);
            entry.order = order;
        }
        Ok(())
    }

    fn cte_text(&mut self, alias: &Rc<Alias>, name: &str, kw: Kw) -> Result<Fragment> {
        let mut out = Fragment::default();
        let quoted = self.dialect.quote(name).into_owned();
        out.push(&quoted);
        let statement = match &alias.element {
            AliasedElement::Select(statement) => statement,
            AliasedElement::From(from) => {
                self.values_cte(alias, from, kw, &mut out)?;
                return Ok(out);
            }
        };
        let Some(kind) = alias.cte().cloned() else {
            return Ok(out);
        };
        if kind.recursive {
            out.push("(");
            let columns = statement.columns_plus_names(true, self.cx)?;
            let mut first = true;
            for entry in columns.into_iter().filter(|entry| !entry.repeated) {
                if !first {
                    out.push(", ");
                }
                first = false;
                let name = entry
                    .fallback_label
                    .or_else(|| entry.proxy_key.map(Name::Plain));
                if let Some(name) = name {
                    let name = self.anon_map.apply(&name);
                    let quoted = self.dialect.quote(&name).into_owned();
                    out.push(&quoted);
                }
            }
            out.push(")");
        }
        out.push(" AS ");
        let inner = self.inside(kw);
        self.prefixes(&kind.prefixes, inner, &mut out, "")?;
        out.push("\n(");
        let inner = Kw {
            asfrom: true,
            lateral: false,
            visiting_cte: cte_identity(alias),
            ..inner
        };
        self.statement(statement, inner, &mut out)?;
        out.push(")");
        if !kind.suffixes.is_empty() {
            out.push(" ");
            self.prefixes(&kind.suffixes, self.inside(kw), &mut out, "")?;
        }
        Ok(out)
    }

    /// `name(a, b) AS (VALUES ..)`.
    fn values_cte(
        &mut self,
        alias: &Rc<Alias>,
        from: &FromClause,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        out.push("(");
        for (at, (_, data)) in alias.columns(self.cx)?.entries.iter().enumerate() {
            if at > 0 {
                out.push(", ");
            }
            let name = self.column_name(&data.name);
            let quoted = self.dialect.quote(&name).into_owned();
            out.push(&quoted);
        }
        out.push(") AS \n(");
        self.from(from, self.inside(kw), out)?;
        out.push(")");
        Ok(())
    }

    /// Put the CTEs that belong to this statement in front of what was rendered since `start`.
    pub(super) fn render_ctes(
        &mut self,
        start: (usize, usize),
        toplevel: bool,
        out: &mut Fragment,
    ) {
        let level = self.stack.len();
        let mut mine: Vec<Entry> = Vec::new();
        let mut others = Vec::new();
        for entry in self.ctes.entries.drain(..) {
            let nested_here = entry.level == level && level > 1;
            if entry.text.is_some() && (toplevel || nested_here) {
                mine.push(entry);
            } else {
                others.push(entry);
            }
        }
        self.ctes.entries = others;
        if mine.is_empty() {
            return;
        }
        mine.sort_by_key(|entry| entry.order);
        let mut front = Fragment::default();
        let recursive = self.ctes.recursive && self.cte_recursive_keyword();
        front.push(if recursive {
            "WITH RECURSIVE "
        } else {
            "WITH "
        });
        for (at, entry) in mine.iter().enumerate() {
            if at > 0 {
                front.push(", \n");
            }
            if let Some(text) = &entry.text {
                front.append(text);
            }
        }
        front.push("\n ");
        let body = out.split_off(start);
        front.append(&body);
        out.append(&front);
    }
}

/// Whether two CTEs of one name are of one statement.
fn same_statement(a: &Rc<Alias>, b: &Rc<Alias>) -> bool {
    match (&a.element, &b.element) {
        (AliasedElement::Select(a), AliasedElement::Select(b)) => a.identity() == b.identity(),
        _ => false,
    }
}
