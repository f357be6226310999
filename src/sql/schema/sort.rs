//! The order in which tables are created: referred ones first, in passes.

use std::rc::Rc;

use rustc_hash::FxHashSet;

use super::{Constraint, Table};
use crate::engine::exc::SA_WARNING;
use crate::object::{Cx, Result};
use crate::util::topological;

/// Tables that refer to each other in a circle.
pub struct CyclicTables(pub Vec<Rc<Table>>);

impl CyclicTables {
    /// Their names, sorted, as messages list them.
    pub fn names(&self) -> String {
        let mut names: Vec<_> = self.0.iter().map(|table| table.full_name()).collect();
        names.sort();
        names.join(", ")
    }
}

/// Whether a foreign key may be left out of the sort to break a circle: `Some(true)` leaves it
/// out in any case, `Some(false)` keeps it even in a circle.
pub type Filter<'a> = &'a dyn Fn(&Constraint) -> Option<bool>;

type Edges = Vec<(usize, usize)>;

/// `(referred, referring)` for each foreign key that counts, as places in `tables`.
fn edges_of(
    tables: &[Rc<Table>],
    filter: Option<Filter<'_>>,
    cx: &Cx,
) -> Result<(Edges, Vec<Rc<Constraint>>)> {
    let place = |table: &Rc<Table>| tables.iter().position(|known| Rc::ptr_eq(known, table));
    let mut edges = Vec::new();
    let mut left = Vec::new();
    for (at, table) in tables.iter().enumerate() {
        for constraint in table.foreign_key_constraints() {
            let use_alter = constraint.rules().is_some_and(|rules| rules.use_alter);
            if use_alter || filter.and_then(|filter| filter(&constraint)) == Some(true) {
                left.push(constraint);
                continue;
            }
            let Some(element) = constraint.elements().first().cloned() else {
                continue;
            };
            let referred = element.column(cx)?.table();
            if let Some(parent) = referred.as_ref().and_then(place)
                && parent != at
            {
                edges.push((parent, at));
            }
        }
    }
    Ok((edges, left))
}

/// The places that lie on a circle, in order.
fn on_cycles(count: usize, edges: &Edges) -> Vec<usize> {
    let followers = |from: usize| {
        edges
            .iter()
            .filter(move |(before, _)| *before == from)
            .map(|(_, after)| *after)
    };
    (0..count)
        .filter(|start| {
            let mut seen = FxHashSet::default();
            let mut todo: Vec<_> = followers(*start).collect();
            while let Some(next) = todo.pop() {
                if next == *start {
                    return true;
                }
                if seen.insert(next) {
                    todo.extend(followers(next));
                }
            }
            false
        })
        .collect()
}

/// Sorted tables, each with whether its foreign keys can be part of its CREATE, and the foreign
/// keys that can't.
pub struct Sorted {
    /// The tables, in order.
    pub tables: Vec<Rc<Table>>,
    /// The foreign keys left out.
    pub remaining: Vec<Rc<Constraint>>,
}

/// Sort `tables`; a circle is broken where `filter` allows it.
pub fn sort_tables_and_constraints(
    tables: &[Rc<Table>],
    filter: Option<Filter<'_>>,
    warn_for_cycles: bool,
    cx: &Cx,
) -> Result<std::result::Result<Sorted, CyclicTables>> {
    let (mut edges, mut remaining) = edges_of(tables, filter, cx)?;
    let places: Vec<usize> = (0..tables.len()).collect();
    let order = if let Ok(order) = topological::sort(&places, &edges) {
        order
    } else {
        let cycle = on_cycles(tables.len(), &edges);
        let cyclic = CyclicTables(cycle.iter().map(|at| tables[*at].clone()).collect());
        if warn_for_cycles {
            cx.warn(
                &SA_WARNING,
                &format!(
                    "Cannot correctly sort tables; there are unresolvable cycles between \
                     tables \"{}\", which is usually caused by mutually dependent foreign key \
                     constraints.  Foreign key constraints involving these tables will not be \
                     considered; this warning may raise an error in a future release.",
                    cyclic.names()
                ),
            );
        }
        for at in cycle {
            for constraint in tables[at].foreign_key_constraints() {
                if filter.and_then(|filter| filter(&constraint)) != Some(false) {
                    remove_edges(&constraint, at, tables, &mut edges, cx)?;
                    remaining.push(constraint);
                }
            }
        }
        match topological::sort(&places, &edges) {
            Ok(order) => order,
            Err(_) => return Ok(Err(cyclic)),
        }
    };
    Ok(Ok(Sorted {
        tables: order.into_iter().map(|at| tables[at].clone()).collect(),
        remaining,
    }))
}

fn remove_edges(
    constraint: &Constraint,
    at: usize,
    tables: &[Rc<Table>],
    edges: &mut Edges,
    cx: &Cx,
) -> Result<()> {
    let Some(element) = constraint.elements().first().cloned() else {
        return Ok(());
    };
    let Some(referred) = element.column(cx)?.table() else {
        return Ok(());
    };
    edges.retain(|(parent, child)| *child != at || !Rc::ptr_eq(&tables[*parent], &referred));
    Ok(())
}

/// `sort_tables()`: circles are broken with a warning.
pub fn sort_tables(tables: &[Rc<Table>], cx: &Cx) -> Result<Vec<Rc<Table>>> {
    match sort_tables_and_constraints(tables, None, true, cx)? {
        Ok(sorted) => Ok(sorted.tables),
        Err(_) => Ok(tables.to_vec()),
    }
}
