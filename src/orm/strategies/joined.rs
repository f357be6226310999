//! Joined eager loading: the target's columns and an outer join in the parents' SELECT.

use std::rc::Rc;

use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::object::{Result, Value};
use crate::orm::compile_state::{
    Collection, CompileState, EagerKey, EagerRoot, EntityAdapter, EntitySetup, OrmJoin, Side,
    orm_join,
};
use crate::orm::path::Path;
use crate::orm::strategy_options::LoadElement;
use crate::orm::{MappedEntity, Mapper, MapperProperty};
use crate::sql::{ColumnElement, FromClause, Join, find_left_clause_that_matches};

/// A join for eager loading that is still to be made.
pub struct EagerJoin {
    entity: usize,
    property: Rc<MapperProperty>,
    /// What the parent's columns are adapted to.
    parent_adapter: Option<Rc<EntityAdapter>>,
    parent: Rc<Mapper>,
    target: Rc<Mapper>,
    target_adapter: Rc<EntityAdapter>,
    inner: Inner,
    is_related: bool,
    behind_outer: bool,
    criteria: Vec<ColumnElement>,
}

/// `innerjoin=`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inner {
    No,
    Nested,
    Unnested,
}

fn inner_of(value: &Value) -> Inner {
    match value {
        Value::Bool(true) => Inner::Nested,
        Value::Str(text) if text.as_str() == "unnested" => Inner::Unnested,
        Value::Str(_) => Inner::Nested,
        _ => Inner::No,
    }
}

/// Select the columns of a relationship's target, and note the join.
pub fn set_up_joined(
    state: &mut CompileState<'_>,
    setup: &EntitySetup<'_>,
    property: &Rc<MapperProperty>,
    element: Option<&Rc<LoadElement>>,
) -> Result<()> {
    let Some(relationship) = property.relationship() else {
        return Ok(());
    };
    let contained = element.is_some_and(|element| element.options.contains_eager);
    if state.select.data().from_statement.is_some() && !contained {
        return Ok(());
    }
    if relationship.uselist() {
        state.multi_row = true;
    }
    let path = setup.path.property(property);
    let mapper = relationship.mapper(state.cx)?;
    if let Some(element) = element.filter(|element| element.options.contains_eager) {
        return set_up_contained(state, setup, property, element, &path);
    }
    if !state.loaders.has(&path) {
        let stops = match relationship.options.join_depth {
            Some(depth) => path.len() / 2 > depth as usize,
            None => path.contains_mapper(&mapper),
        };
        if stops {
            return Ok(());
        }
    }
    let target = match state.loaders.target(&path) {
        Some(target) => target.clone(),
        None => relationship.entity(state.cx)?.clone(),
    };
    if let MappedEntity::Aliased(alias) = &target
        && alias.uses_mapper_path()
    {
        return Err(INVALID_REQUEST_ERROR.error(
            "Detected unaliased columns when generating joined load.  Make sure to use \
             aliased=True or flat=True when using joined loading with with_polymorphic().",
        ));
    }
    let selectable =
        crate::orm::support::eager_alias(&target.entity().selectable(state.cx)?, state.cx)?;
    let adapter = EntityAdapter::new(target.mapper(), &selectable, state.cx)?;
    let inner = element
        .and_then(|element| element.options.innerjoin.as_ref())
        .map_or_else(|| inner_of(&relationship.options.innerjoin), inner_of);
    let behind_outer = setup.behind_outer || inner == Inner::No;
    state.adds_joins = true;
    state.eager_adapters.insert(path.key(), adapter.clone());
    state.pending_eager.push(EagerJoin {
        entity: setup.entity,
        property: property.clone(),
        parent_adapter: setup.adapter.clone(),
        parent: setup.mapper.clone(),
        target: target.mapper().clone(),
        target_adapter: adapter.clone(),
        inner,
        is_related: setup.is_related,
        behind_outer,
        criteria: element.map_or_else(Vec::new, |element| element.criteria.clone()),
    });
    let below = path.target(&target);
    let members = match &target {
        MappedEntity::Mapper(mapper) => mapper.with_polymorphic_mappers(state.cx)?,
        MappedEntity::Aliased(alias) => alias.with_polymorphic().to_vec(),
    };
    state.set_up_props(&EntitySetup {
        mapper: target.mapper().clone(),
        members,
        path: &below,
        adapter: Some(adapter),
        collection: Collection::Secondary,
        entity: setup.entity,
        is_related: true,
        behind_outer,
    })
}

/// `contains_eager()`: the statement joins the target itself.
fn set_up_contained(
    state: &mut CompileState<'_>,
    setup: &EntitySetup<'_>,
    property: &Rc<MapperProperty>,
    element: &Rc<LoadElement>,
    path: &Path,
) -> Result<()> {
    let Some(relationship) = property.relationship() else {
        return Ok(());
    };
    let target = match (&element.of_type, state.loaders.target(path)) {
        (Some(target), _) | (None, Some(target)) => target.clone(),
        (None, None) => relationship.entity(state.cx)?.clone(),
    };
    let selectable = match &element.options.eager_alias {
        Some(alias) => alias.clone(),
        None => target.entity().selectable(state.cx)?,
    };
    let adapter = EntityAdapter::new(target.mapper(), &selectable, state.cx)?;
    state.eager_adapters.insert(path.key(), adapter.clone());
    let below = path.target(&target);
    let members = match &target {
        MappedEntity::Mapper(mapper) => mapper.with_polymorphic_mappers(state.cx)?,
        MappedEntity::Aliased(alias) => alias.with_polymorphic().to_vec(),
    };
    state.set_up_props(&EntitySetup {
        mapper: target.mapper().clone(),
        members,
        path: &below,
        adapter: Some(adapter),
        collection: Collection::Primary,
        entity: setup.entity,
        is_related: true,
        behind_outer: setup.behind_outer,
    })
}

/// Make the join.
pub fn join_eagerly(state: &mut CompileState<'_>, join: EagerJoin) -> Result<()> {
    let Some(selectable) = state.entities[join.entity].selectable(state.cx)? else {
        return Ok(());
    };
    let key = root_key(state, &join, &selectable)?;
    let root = match state.eager_joins.get(&key) {
        Some(root) => root.clone(),
        None => EagerRoot {
            clause: match key {
                EagerKey::From(at) => state.froms[at].clause.clone(),
                EagerKey::Entity(_) => selectable.clone(),
            },
            stop_on: selectable.clone(),
            made: Vec::new(),
        },
    };
    let mut criteria = join.criteria.clone();
    let entity = MappedEntity::Mapper(join.target.clone());
    for extra in state.loader_criteria(&entity)? {
        criteria.push(extra);
    }
    let criteria = criteria
        .iter()
        .map(|one| join.target_adapter.clause(one))
        .collect::<Result<_>>()?;
    let outside = !join.behind_outer || join.inner == Inner::No || join.inner == Inner::Unnested;
    let parent = Side {
        mapper: join.parent.clone(),
        selectable: match &join.parent_adapter {
            Some(adapter) => adapter.selectable.clone(),
            None => join.parent.selectable_from(state.cx)?,
        },
        is_aliased: join.parent_adapter.is_some(),
    };
    let target = Side {
        mapper: join.target.clone(),
        selectable: join.target_adapter.selectable.clone(),
        is_aliased: true,
    };
    let isouter = join.inner == Inner::No || outside && join.behind_outer && is_join(&root.clause);
    let clause = if outside {
        let joined = OrmJoin {
            left: root.clause.clone(),
            parent,
            target,
            property: &join.property,
            criteria,
            isouter,
            full: false,
        };
        orm_join(joined, state.cx)?
    } else {
        let nested = Nested {
            parent: &parent,
            target: &target,
            join: &join,
            criteria,
        };
        match nested.splice(&root.clause, state)? {
            Some(clause) => clause,
            None => root.clause.clone(),
        }
    };
    state.eager_joins.insert(key, EagerRoot { clause, ..root });
    finish(state, &join)
}

fn is_join(from: &FromClause) -> bool {
    matches!(from.plain(), FromClause::Join(_))
}

/// What the join is attached to.
fn root_key(
    state: &CompileState<'_>,
    join: &EagerJoin,
    selectable: &FromClause,
) -> Result<EagerKey> {
    let own = EagerKey::Entity(join.entity);
    let nests = state.multi_row && state.must_nest();
    if state.eager_joins.contains_key(&own) || nests || state.froms.is_empty() {
        return Ok(own);
    }
    let clauses: Vec<FromClause> = state.froms.iter().map(|from| from.clause.clone()).collect();
    match find_left_clause_that_matches(&clauses, selectable).as_slice() {
        [] => Ok(own),
        [one] => Ok(EagerKey::From(*one)),
        _ => Err(INVALID_REQUEST_ERROR.error(
            "Can't identify which query entity in which to joined eager load from.   Please use \
             an exact match when specifying the join path.",
        )),
    }
}

/// The parent's key columns are selected even where deferred; the target's order is kept.
fn finish(state: &mut CompileState<'_>, join: &EagerJoin) -> Result<()> {
    let Some(relationship) = join.property.relationship() else {
        return Ok(());
    };
    if !join.is_related
        && let Some(data) = relationship.join()
    {
        for column in &data.local_columns {
            if join.parent.column_prop(column).is_none() {
                continue;
            }
            let column = match &join.parent_adapter {
                Some(adapter) => adapter.column(column)?,
                None => column.plain().clone(),
            };
            state.append(&column, Collection::Primary);
        }
    }
    for element in relationship.order_by() {
        let adapted = join.target_adapter.clause(element)?;
        state.eager_order_by.push(adapted);
    }
    Ok(())
}

/// An inner join inside an outer one.
struct Nested<'a> {
    parent: &'a Side,
    target: &'a Side,
    join: &'a EagerJoin,
    criteria: Vec<ColumnElement>,
}

impl Nested<'_> {
    /// `clause` with the join attached to the parent inside; `None`: the parent is not there.
    fn splice(&self, clause: &FromClause, state: &CompileState<'_>) -> Result<Option<FromClause>> {
        if clause.same(&self.parent.selectable) {
            let joined = OrmJoin {
                left: clause.clone(),
                parent: self.parent.clone(),
                target: self.target.clone(),
                property: &self.join.property,
                criteria: self.criteria.clone(),
                isouter: false,
                full: false,
            };
            return Ok(Some(orm_join(joined, state.cx)?));
        }
        match clause.plain() {
            FromClause::Grouping(inner) => self.splice(inner, state),
            FromClause::Join(join) => {
                if let Some(right) = self.splice(&join.right, state)? {
                    let rebuilt = if join.isouter {
                        Join {
                            left: join.left.clone(),
                            right: right.self_group(),
                            onclause: join.onclause.clone(),
                            isouter: true,
                            full: join.full,
                        }
                    } else {
                        // Two inner joins in a row need no parentheses.
                        match right.plain() {
                            FromClause::Join(inner) => Join {
                                left: FromClause::Join(Rc::new(Join {
                                    left: join.left.clone(),
                                    right: inner.left.clone(),
                                    onclause: join.onclause.clone(),
                                    isouter: false,
                                    full: false,
                                })),
                                right: inner.right.clone(),
                                onclause: inner.onclause.clone(),
                                isouter: false,
                                full: false,
                            },
                            _ => return Ok(None),
                        }
                    };
                    return Ok(Some(FromClause::Join(Rc::new(rebuilt))));
                }
                let Some(left) = self.splice(&join.left, state)? else {
                    return Ok(None);
                };
                Ok(Some(FromClause::Join(Rc::new(Join {
                    left,
                    right: join.right.clone(),
                    onclause: join.onclause.clone(),
                    isouter: join.isouter,
                    full: join.full,
                }))))
            }
            _ => Ok(None),
        }
    }
}

/// The name of the path, for the cause of what is emitted.
pub fn describe_path(path: &Path) -> String {
    path.items()
        .iter()
        .filter_map(|item| match item {
            crate::orm::path::PathItem::Property(property) => Some(property.to_string()),
            _ => None,
        })
        .collect::<Vec<_>>()
        .join(".")
}
