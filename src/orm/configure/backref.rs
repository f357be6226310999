//! The other side of a relationship: `backref=` makes it, `back_populates=` names it.

use std::rc::Rc;

use super::{init_property, instrument, relationship::set_up_entity};
use crate::engine::exc::{ARGUMENT_ERROR, INVALID_REQUEST_ERROR};
use crate::object::{Cx, Result, Str, Value};
use crate::orm::declarative::relationship_from_keywords;
use crate::orm::join_condition::deannotated;
use crate::orm::mapper::{Mapper, MapperHandle};
use crate::orm::mapping::{self, Declared};
use crate::orm::properties::{Direction, MapperProperty, RelationshipProperty};
use crate::sql::{Annotations, ColumnElement};

/// Make the other side that `backref=` asks for, and tie the two sides together.
pub(super) fn generate(
    prop: &Rc<MapperProperty>,
    parent: &Rc<Mapper>,
    target: &Rc<Mapper>,
    relationship: &RelationshipProperty,
    foreign_keys: &[ColumnElement],
    cx: &Cx,
) -> Result<()> {
    let backref = relationship.args.backref.clone();
    let named = relationship.back_populates.borrow().is_some();
    if !named && !backref.is_undefined() && !backref.is_none() {
        make(
            prop,
            parent,
            target,
            relationship,
            &backref,
            foreign_keys,
            cx,
        )?;
    }
    let back = relationship.back_populates.borrow().clone();
    match back {
        Some(key) => tie(prop, parent, target, relationship, &key, cx),
        None => Ok(()),
    }
}

fn make(
    prop: &Rc<MapperProperty>,
    parent: &Rc<Mapper>,
    target: &Rc<Mapper>,
    relationship: &RelationshipProperty,
    backref: &Value,
    foreign_keys: &[ColumnElement],
    cx: &Cx,
) -> Result<()> {
    let (key, mut keywords) = read_backref(backref, cx)?;
    if !target.is_concrete() {
        let mut mappers = target.lineage();
        mappers.extend(target.self_and_descendants());
        if let Some(mapper) = mappers
            .iter()
            .find(|mapper| mapper.prop(&key).is_some() && !mapper.is_concrete())
        {
            return Err(ARGUMENT_ERROR.error(format!(
                "Error creating backref '{key}' on relationship '{prop}': property of that name \
                 exists on mapper '{}'",
                mapper.describe(cx.compat())
            )));
        }
    }
    let Some(join) = relationship.join() else {
        return Ok(());
    };
    let element = |element: ColumnElement| Value::object(element);
    let mut default = |name: &str, value: Value| {
        if !keywords.iter().any(|(known, _)| known == name) {
            keywords.push((Str::new(name), value));
        }
    };
    if let (Some(second), Some(secondary)) = (&join.secondaryjoin, &join.secondary) {
        default("primaryjoin", element(without_sides(second)?));
        default("secondaryjoin", element(without_sides(&join.primaryjoin)?));
        default("secondary", Value::object(secondary.clone()));
    } else {
        default(
            "primaryjoin",
            element(reversed(&join.primaryjoin, relationship)?),
        );
    }
    if !foreign_keys.is_empty() {
        let keys = foreign_keys.iter().cloned().map(element).collect();
        default("foreign_keys", Value::list(keys));
    }
    default("viewonly", Value::Bool(relationship.options.viewonly));
    default("post_update", Value::Bool(relationship.options.post_update));
    default(
        "passive_updates",
        Value::Bool(relationship.options.passive_updates),
    );
    if let Some(sync) = relationship.options.sync_backref {
        default("sync_backref", Value::Bool(sync));
    }
    default("back_populates", prop.key().into());
    let argument = Value::object(MapperHandle(parent.clone()));
    let other = relationship_from_keywords(argument, keywords, cx)?;
    if let Some(part) = other.relationship() {
        part.is_backref.set(true);
    }
    *relationship.back_populates.borrow_mut() = Some(key.clone());
    mapping::add_property(target, &key, Declared::Property(other.clone()), cx)?;
    init_property(&other, cx)?;
    instrument(target, &other, cx)
}

/// `"name"`, or what `backref("name", ..)` made: a tuple of the name and a dict of keywords.
fn read_backref(backref: &Value, cx: &Cx) -> Result<(Str, Vec<(Str, Value)>)> {
    if let Value::Str(key) = backref {
        return Ok((key.clone(), Vec::new()));
    }
    if let Value::Tuple(parts) = backref
        && let [Value::Str(key), Value::Dict(keywords)] = &***parts
    {
        let keywords = keywords
            .borrow()
            .iter()
            .filter_map(|(name, value)| match name.value() {
                Value::Str(name) => Some((name.clone(), value.clone())),
                _ => None,
            })
            .collect();
        return Ok((key.clone(), keywords));
    }
    Err(ARGUMENT_ERROR.error(format!(
        "backref argument {} is not understood",
        cx.repr(backref)?
    )))
}

fn without_sides(join: &ColumnElement) -> Result<ColumnElement> {
    deannotated(join, &|notes| Annotations {
        local: false,
        remote: false,
        parent_mapper: None,
        ..notes.clone()
    })
}

/// The condition seen from the other side: what was remote by the user's own mark is local.
fn reversed(join: &ColumnElement, relationship: &RelationshipProperty) -> Result<ColumnElement> {
    if !relationship.has_remote_marks() {
        return deannotated(join, &|notes| {
            let keep_foreign = relationship.has_foreign_marks();
            Annotations {
                foreign: notes.foreign && keep_foreign,
                ..Annotations::default()
            }
        });
    }
    deannotated(join, &|notes| Annotations {
        local: notes.remote,
        remote: notes.local,
        foreign: notes.foreign,
        ..Annotations::default()
    })
}

/// Tie two sides together.
fn tie(
    prop: &Rc<MapperProperty>,
    parent: &Rc<Mapper>,
    target: &Rc<Mapper>,
    relationship: &RelationshipProperty,
    key: &Str,
    cx: &Cx,
) -> Result<()> {
    let Some(other) = target.prop(key) else {
        let hint = if cx.compat().is_14() {
            ""
        } else {
            ".  If this property was indicated from other mappers or configure events, ensure \
             registry.configure() has been called."
        };
        return Err(INVALID_REQUEST_ERROR.error(format!(
            "Mapper '{}' has no property '{key}'{hint}",
            target.describe(cx.compat())
        )));
    };
    let Some(other_part) = other.relationship() else {
        return Err(INVALID_REQUEST_ERROR.error(format!(
            "back_populates on relationship '{prop}' refers to attribute '{other}' that is not a \
             relationship.  The back_populates parameter should refer to the name of a \
             relationship on the target class."
        )));
    };
    check_sync(prop, relationship, &other, other_part)?;
    check_sync(&other, other_part, prop, relationship)?;
    push_unique(relationship, &other);
    push_unique(other_part, prop);
    let Some(other_parent) = other.parent() else {
        return Ok(());
    };
    set_up_entity(&other, &other_parent, other_part, cx)?;
    let back = other_part
        .entity
        .get()
        .map(|entity| entity.mapper().clone());
    if !back.is_some_and(|back| back.common_parent(parent)) {
        return Err(ARGUMENT_ERROR.error(format!(
            "reverse_property '{key}' on relationship {prop} references relationship {other}, \
             which does not reference mapper {}",
            parent.describe(cx.compat())
        )));
    }
    let direction = relationship.direction();
    let same = direction != Some(Direction::ManyToMany) && other_part.direction() == direction;
    if same {
        let shown = match (direction, cx.compat().is_14()) {
            (Some(direction), true) => format!("symbol('{}')", direction.symbol()),
            (Some(direction), false) => format!(
                "<RelationshipDirection.{}: {}>",
                direction.symbol(),
                direction.number()
            ),
            (None, _) => return Ok(()),
        };
        return Err(ARGUMENT_ERROR.error(format!(
            "{other} and back-reference {prop} are both of the same direction {shown}.  Did you \
             mean to set remote_side on the many-to-one side ?"
        )));
    }
    Ok(())
}

fn push_unique(relationship: &RelationshipProperty, other: &Rc<MapperProperty>) {
    let known = relationship
        .reverse()
        .iter()
        .any(|one| one.id() == other.id());
    if !known {
        relationship.reverse.borrow_mut().push(Rc::downgrade(other));
    }
}

fn check_sync(
    a: &Rc<MapperProperty>,
    a_part: &RelationshipProperty,
    b: &Rc<MapperProperty>,
    b_part: &RelationshipProperty,
) -> Result<()> {
    if !a_part.options.viewonly {
        return Ok(());
    }
    if b_part.options.sync_backref == Some(true) {
        return Err(INVALID_REQUEST_ERROR.error(format!(
            "Relationship {b} cannot specify sync_backref=True since {a} includes viewonly=True."
        )));
    }
    if !b_part.options.viewonly {
        b_part.sync_disabled.set(true);
    }
    Ok(())
}
