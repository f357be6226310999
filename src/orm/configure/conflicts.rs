//! The warning for relationships that write to the same columns without knowing of each other.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use rustc_hash::FxHashMap;

use super::{expression_text, warn};
use crate::object::Cx;
use crate::orm::mapper::Mapper;
use crate::orm::properties::{MapperProperty, RelationshipProperty};
use crate::sql::ColumnElement;

/// A relationship, and the column it copies from.
type Writer = (Weak<MapperProperty>, ColumnElement);

/// The relationships that write to a column, by the column's identity.
#[derive(Default)]
struct Writers(RefCell<FxHashMap<usize, Vec<Writer>>>);

fn is_sibling(a: &Rc<Mapper>, b: &Rc<Mapper>) -> bool {
    a.common_parent(b) && !a.isa(b) && !b.isa(a)
}

fn overlaps(relationship: &RelationshipProperty, key: &str) -> bool {
    relationship
        .options
        .overlaps
        .iter()
        .any(|known| known.as_str() == key)
}

/// Warn where another relationship writes to the same column.
pub(super) fn warn_for_conflicts(
    prop: &Rc<MapperProperty>,
    relationship: &RelationshipProperty,
    parent: &Rc<Mapper>,
    target: &Rc<Mapper>,
    cx: &Cx,
) {
    let Some(join) = relationship.join() else {
        return;
    };
    if relationship.options.viewonly {
        return;
    }
    let writers = cx.service::<Writers>();
    let reverse = relationship.reverse();
    let pairs = join
        .synchronize_pairs
        .iter()
        .chain(&join.secondary_synchronize_pairs);
    for (from, to) in pairs {
        let known = writers
            .0
            .borrow()
            .get(&to.identity())
            .cloned()
            .unwrap_or_default();
        let mut others = Vec::new();
        for (other, other_from) in &known {
            let Some(other) = other.upgrade() else {
                continue;
            };
            let (Some(part), Some(other_parent)) = (other.relationship(), other.parent()) else {
                continue;
            };
            let Some(other_target) = part.entity.get().map(|entity| entity.mapper().clone()) else {
                continue;
            };
            let related = other.id() == prop.id()
                || reverse.iter().any(|one| one.id() == other.id())
                || overlaps(relationship, &other.key())
                || overlaps(part, &prop.key())
                || overlaps(relationship, "__*")
                || overlaps(part, "__*")
                || is_sibling(parent, &other_parent)
                || is_sibling(target, &other_target)
                || is_sibling(parent, &other_target)
                || is_sibling(target, &other_parent)
                || (prop.key() == other.key() && parent.common_parent(&other_parent));
            if !related {
                others.push((other, other_from.clone()));
            }
        }
        if !others.is_empty() {
            warn(&message(prop, from, to, &others, cx), Some("qzyx"), cx);
        }
        writers
            .0
            .borrow_mut()
            .entry(to.identity())
            .or_default()
            .push((Rc::downgrade(prop), from.clone()));
    }
}

fn message(
    prop: &Rc<MapperProperty>,
    from: &ColumnElement,
    to: &ColumnElement,
    others: &[(Rc<MapperProperty>, ColumnElement)],
    cx: &Cx,
) -> String {
    let to = expression_text(to, cx);
    let mut shown: Vec<String> = others
        .iter()
        .map(|(other, from)| format!("'{other}' (copies {} to {to})", expression_text(from, cx)))
        .collect();
    shown.sort();
    let mut keys: Vec<String> = others
        .iter()
        .map(|(other, _)| other.key().to_string())
        .collect();
    keys.sort();
    format!(
        "relationship '{prop}' will copy column {} to column {to}, which conflicts with \
         relationship(s): {}. If this is not the intention, consider if these relationships \
         should be linked with back_populates, or if viewonly=True should be applied to one or \
         more if they are read-only. For the less common case that foreign key constraints are \
         partially overlapping, the orm.foreign() annotation can be used to isolate the columns \
         that should be written towards.   To silence this warning, add the parameter \
         'overlaps=\"{}\"' to the '{prop}' relationship.",
        expression_text(from, cx),
        shown.join(", "),
        keys.join(",")
    )
}
