//! Configuring one relationship: its arguments, target, join, direction, collection.

use std::rc::Rc;

use super::{backref, conflicts, resolve};
use crate::engine::exc::{ARGUMENT_ERROR, INVALID_REQUEST_ERROR, SA_WARNING, with_code};
use crate::object::{Cx, Result, Value, class_of};
use crate::orm::attribute::{AttributeKind, AttributeOptions};
use crate::orm::collections::CollectionFactory;
use crate::orm::dynamic::DynamicKind;
use crate::orm::entity::{entity_of_value, is_mapped};
use crate::orm::exc::{LOADER_STRATEGY_EXCEPTION, unmapped_class};
use crate::orm::join_condition::{self, JoinSpec, deannotated};
use crate::orm::mapper::{MappedEntity, Mapper};
use crate::orm::properties::{
    Direction, JoinData, MapperProperty, PassiveDeletes, RelationshipProperty,
};
use crate::sql::coercions::{self, Coerced};
use crate::sql::{Annotations, ColumnElement, FromClause};

/// The names of loader strategies for relationships, as `lazy=` takes them.
pub static STRATEGIES: &[&str] = &[
    "select",
    "joined",
    "subquery",
    "selectin",
    "immediate",
    "noload",
    "raise",
    "raise_on_sql",
    "dynamic",
    "write_only",
];

/// Configure a relationship.
pub(super) fn init(prop: &Rc<MapperProperty>, cx: &Cx) -> Result<()> {
    let Some(relationship) = prop.relationship() else {
        return Ok(());
    };
    let Some(parent) = prop.parent() else {
        return Ok(());
    };
    let arguments = Arguments::resolve(prop, &parent, relationship, cx)?;
    drop(relationship.order_by.set(arguments.order_by.clone()));
    set_up_entity(prop, &parent, relationship, cx)?;
    let entity = entity_of(relationship)?;
    let target = entity.mapper().clone();
    let (target_table, target_local) = match &entity {
        MappedEntity::Mapper(mapper) => {
            (mapper.mapped_table().clone(), mapper.local_table().clone())
        }
        MappedEntity::Aliased(alias) => (alias.selectable().clone(), alias.selectable().clone()),
    };
    let foreign_keys = arguments.foreign_keys.clone();
    let join = join_condition::determine(
        &JoinSpec {
            property: prop,
            parent: &parent,
            target: &target,
            target_table,
            target_local,
            primaryjoin: arguments.primaryjoin,
            secondaryjoin: arguments.secondaryjoin,
            secondary: arguments.secondary,
            foreign_keys: arguments.foreign_keys,
            remote_side: arguments.remote_side,
            viewonly: relationship.options.viewonly,
        },
        cx,
    )?;
    check_cascade(prop, &parent, &target, relationship, join.direction, cx)?;
    if relationship.uselist.get().is_none() {
        relationship
            .uselist
            .set(Some(join.direction != Direction::ManyToOne));
    }
    let use_get = is_simple_look_up(relationship, &join, &target);
    relationship.use_get.set(use_get);
    drop(relationship.join.set(join));
    if relationship.uselist() {
        let given = relationship.args.collection_class.borrow().clone();
        let factory = CollectionFactory::of_argument(&given, cx)?;
        drop(relationship.collection.set(factory));
    }
    backref::generate(prop, &parent, &target, relationship, &foreign_keys, cx)?;
    conflicts::warn_for_conflicts(prop, relationship, &parent, &target, cx);
    Ok(())
}

fn entity_of(relationship: &RelationshipProperty) -> Result<MappedEntity> {
    relationship
        .entity
        .get()
        .cloned()
        .ok_or_else(|| ARGUMENT_ERROR.error("relationship has no target"))
}

/// Find the class that a relationship points at.
pub(super) fn set_up_entity(
    prop: &Rc<MapperProperty>,
    parent: &Rc<Mapper>,
    relationship: &RelationshipProperty,
    cx: &Cx,
) -> Result<()> {
    if relationship.entity.get().is_some() {
        return Ok(());
    }
    let given = relationship.args.argument.borrow().clone();
    let resolved = match &given {
        Value::Str(text) => resolve::resolve_name(parent, text, cx)?,
        other if resolve::is_plain_callable(other) => match cx.call(other, [])? {
            Value::Str(text) => resolve::resolve_name(parent, &text, cx)?,
            value => value,
        },
        other => other.clone(),
    };
    if let Value::Class(class) = &resolved
        && !is_mapped(&resolved)
    {
        return Err(unmapped_class(class));
    }
    let Some(entity) = entity_of_value(&resolved) else {
        return Err(ARGUMENT_ERROR.error(format!(
            "relationship '{}' expects a class or a mapper argument (received: <class '{}'>)",
            prop.key(),
            class_of(&resolved, cx).full_name()
        )));
    };
    drop(relationship.entity.set(entity));
    Ok(())
}

/// The arguments of a relationship, evaluated.
struct Arguments {
    primaryjoin: Option<ColumnElement>,
    secondaryjoin: Option<ColumnElement>,
    secondary: Option<FromClause>,
    order_by: Vec<ColumnElement>,
    foreign_keys: Vec<ColumnElement>,
    remote_side: Vec<ColumnElement>,
}

impl Arguments {
    fn resolve(
        prop: &Rc<MapperProperty>,
        parent: &Rc<Mapper>,
        relationship: &RelationshipProperty,
        cx: &Cx,
    ) -> Result<Self> {
        let args = &relationship.args;
        let get = |given: &Value, tables_first: bool| -> Result<Value> {
            if given.is_undefined() || matches!(given, Value::None | Value::Bool(false)) {
                return Ok(Value::None);
            }
            resolve::resolve_argument(parent, given, tables_first, cx)
        };
        let order_by = get(&args.order_by, false)?;
        let primaryjoin = condition(&get(&args.primaryjoin, false)?, "primaryjoin", cx)?;
        let secondaryjoin = condition(&get(&args.secondaryjoin, false)?, "secondaryjoin", cx)?;
        let secondary = secondary(prop, &get(&args.secondary, true)?, cx)?;
        Ok(Self {
            primaryjoin,
            secondaryjoin,
            secondary,
            order_by: columns(&order_by, "order_by", cx)?,
            foreign_keys: columns(&get(&args.foreign_keys, false)?, "foreign_keys", cx)?,
            remote_side: columns(&get(&args.remote_side, false)?, "remote_side", cx)?,
        })
    }
}

fn expression(value: &Value, argname: &str, cx: &Cx) -> Result<ColumnElement> {
    if let Coerced::Element(element) = coercions::coerce(value, cx)? {
        let keep = |notes: &Annotations| Annotations {
            parent_entity: None,
            parent_mapper: None,
            proxy_key: None,
            ..notes.clone()
        };
        return deannotated(&element, &keep);
    }
    Err(ARGUMENT_ERROR.error(format!(
        "Column expression expected for argument '{argname}'; got {}.",
        cx.repr(value)?
    )))
}

fn condition(value: &Value, argname: &str, cx: &Cx) -> Result<Option<ColumnElement>> {
    match value {
        Value::None => Ok(None),
        Value::Bool(flag) => Ok(Some(if *flag {
            ColumnElement::True
        } else {
            ColumnElement::False
        })),
        other => expression(other, argname, cx).map(Some),
    }
}

fn secondary(prop: &Rc<MapperProperty>, value: &Value, cx: &Cx) -> Result<Option<FromClause>> {
    if value.is_none() {
        return Ok(None);
    }
    if is_mapped(value) {
        return Err(ARGUMENT_ERROR.error(format!(
            "secondary argument {} passed to to relationship() {prop} must be a Table object or \
             other FROM clause; can't send a mapped class directly as rows in 'secondary' are \
             persisted independently of a class that is mapped to that same table.",
            cx.repr(value)?
        )));
    }
    coercions::expect_from(value, cx).map(Some)
}

fn columns(value: &Value, argname: &str, cx: &Cx) -> Result<Vec<ColumnElement>> {
    let many = match value {
        Value::None => return Ok(Vec::new()),
        Value::List(_) | Value::Tuple(_) | Value::Set(_) => cx.collect(value)?,
        one => vec![one.clone()],
    };
    many.iter()
        .map(|one| match one {
            Value::Str(text) if argname == "order_by" => {
                Ok(ColumnElement::Text(Rc::new(crate::sql::TextClause {
                    text: text.clone(),
                    binds: Vec::new(),
                })))
            }
            other => expression(other, argname, cx),
        })
        .collect()
}

fn check_cascade(
    prop: &Rc<MapperProperty>,
    parent: &Rc<Mapper>,
    target: &Rc<Mapper>,
    relationship: &RelationshipProperty,
    direction: Direction,
    cx: &Cx,
) -> Result<()> {
    let cascade = relationship.cascade();
    if cascade.delete_orphan
        && !relationship.options.single_parent
        && direction != Direction::OneToMany
    {
        let shown = match direction {
            Direction::ManyToOne => "many-to-one",
            _ => "many-to-many",
        };
        let referenced = if cx.compat().is_14() {
            "referred towards"
        } else {
            "referenced"
        };
        return Err(with_code(
            ARGUMENT_ERROR.error(format!(
                "For {shown} relationship {prop}, delete-orphan cascade is normally configured \
                 only on the \"one\" side of a one-to-many relationship, and not on the \"many\" \
                 side of a many-to-one or many-to-many relationship.  To force this relationship \
                 to allow a particular \"{}\" object to be {referenced} by only a single \"{}\" \
                 object at a time via the {prop} relationship, which would allow delete-orphan \
                 cascade to take place in this direction, set the single_parent=True flag.",
                target.class().name(),
                parent.class().name()
            )),
            "bbf0",
        ));
    }
    if relationship.options.passive_deletes == PassiveDeletes::All
        && (cascade.delete || cascade.delete_orphan)
    {
        return Err(ARGUMENT_ERROR.error(format!(
            "On {prop}, can't set passive_deletes='all' in conjunction with 'delete' or \
             'delete-orphan' cascade"
        )));
    }
    if cascade.delete_orphan {
        target.delete_orphans.borrow_mut().push(prop.id());
    }
    Ok(())
}

/// Whether loading it is a look-up by the primary key of the target.
fn is_simple_look_up(
    relationship: &RelationshipProperty,
    join: &JoinData,
    target: &Rc<Mapper>,
) -> bool {
    if relationship.uselist()
        || join.secondaryjoin.is_some()
        || matches!(relationship.entity.get(), Some(MappedEntity::Aliased(_)))
    {
        return false;
    }
    let keys = target.primary_key();
    let mut comparisons = 0;
    let mut simple = true;
    let mut pending = vec![join.primaryjoin.clone()];
    while let Some(element) = pending.pop() {
        match element.plain() {
            ColumnElement::Binary(binary)
                if binary.operator == crate::sql::operators::Operator::Eq =>
            {
                comparisons += 1;
                let sides = [binary.left.plain(), binary.right.plain()];
                simple &= sides
                    .iter()
                    .all(|side| matches!(side, ColumnElement::Column(_) | ColumnElement::Proxy(_)));
            }
            ColumnElement::ClauseList(list)
                if list.operator == crate::sql::operators::Operator::And =>
            {
                pending.extend(list.clauses.iter().cloned());
            }
            ColumnElement::Grouping(group) => pending.push(group.element.clone()),
            _ => simple = false,
        }
    }
    simple
        && comparisons == keys.len()
        && join.local_remote_pairs.len() == keys.len()
        && keys.iter().all(|key| {
            join.local_remote_pairs
                .iter()
                .any(|(_, remote)| remote.same(key) || target.are_equivalent(remote, key))
        })
}

/// The LoaderStrategyException for a `lazy=` that no strategy has.
pub(super) fn check_strategy(
    prop: &Rc<MapperProperty>,
    relationship: &RelationshipProperty,
    cx: &Cx,
) -> Result<()> {
    let lazy = relationship.lazy.borrow().clone();
    let known = STRATEGIES.contains(&lazy.as_str())
        && (lazy.as_str() != "write_only" || cx.compat().is_20());
    if known {
        return Ok(());
    }
    Err(LOADER_STRATEGY_EXCEPTION.error(format!(
        "Can't find strategy (('lazy', {}),) for {prop}",
        cx.repr(&Value::Str(lazy))?
    )))
}

/// Only a relationship to many can be left unloaded.
fn check_dynamic(
    prop: &Rc<MapperProperty>,
    relationship: &RelationshipProperty,
    direction: Direction,
    cx: &Cx,
) -> Result<()> {
    if relationship.uselist() && direction != Direction::ManyToOne {
        return Ok(());
    }
    let message = format!(
        "On relationship {prop}, 'dynamic' loaders cannot be used with many-to-one/one-to-one \
         relationships and/or uselist=False."
    );
    if cx.compat().is_14() && relationship.uselist() {
        let message = format!("{message}  This warning will be an exception in a future release.");
        cx.warn(&SA_WARNING, &message);
        return Ok(());
    }
    Err(INVALID_REQUEST_ERROR.error(message))
}

/// How the attribute of a relationship behaves.
pub(super) fn attribute_options(
    prop: &Rc<MapperProperty>,
    relationship: &RelationshipProperty,
    cx: &Cx,
) -> Result<AttributeOptions> {
    let direction = relationship.direction().unwrap_or(Direction::OneToMany);
    let kind = match relationship.collection() {
        _ if *relationship.lazy.borrow() == "write_only" => {
            check_dynamic(prop, relationship, direction, cx)?;
            AttributeKind::Dynamic(DynamicKind::WriteOnly)
        }
        _ if *relationship.lazy.borrow() == "dynamic" => {
            check_dynamic(prop, relationship, direction, cx)?;
            AttributeKind::Dynamic(DynamicKind::Query)
        }
        Some(factory) => AttributeKind::Collection(factory.clone()),
        None => AttributeKind::Object,
    };
    let active = relationship.options.active_history;
    let looked_up = direction == Direction::ManyToOne && relationship.use_get();
    Ok(AttributeOptions {
        kind,
        track_parent: relationship.options.single_parent || direction == Direction::OneToMany,
        active_history: active,
        deferred_history: !active && !looked_up,
        sends_modified: !relationship.options.viewonly,
        deferred: false,
        load_on_unexpire: true,
    })
}
