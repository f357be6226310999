//! Select-in loading: one SELECT with IN for up to 500 parents, right after the rows.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::LazyClause;
use super::joined::describe_path;
use crate::engine::ExecutionOptions;
use crate::engine::echo::{Cause, because};
use crate::engine::exc::SA_WARNING;
use crate::object::{Cx, Instance, Key, Result, Str, Value};
use crate::orm::compile_state::CompileOptions;
use crate::orm::loading::{LoadOptions, PostLoad, PostLoadPlan};
use crate::orm::strategy_options::LoadElement;
use crate::orm::{
    Bundle, Direction, Held, InstrumentedAttribute, MappedEntity, Mapper, MapperProperty, Passive,
    RelationshipProperty, set_committed, state_of, sync,
};
use crate::sql::{ColumnElement, FromItem, JoinTarget, LabelStyle, Select, SelectItem, SetupJoin};

/// How many parents one SELECT is for.
const CHUNK: usize = 500;

/// A select-in load.
struct SelectIn<'a> {
    post: &'a PostLoad,
    plan: &'a PostLoadPlan,
    property: &'a Rc<MapperProperty>,
    relationship: &'a RelationshipProperty,
    parent: Rc<Mapper>,
    target: MappedEntity,
}

/// The statement of a select-in load, and how many columns its key has.
struct Query {
    select: Select,
    width: usize,
}

/// Whether the target's own foreign key tells the parents apart, so that no join is needed.
fn omits_join(relationship: &RelationshipProperty, parent: &Rc<Mapper>, cx: &Cx) -> Result<bool> {
    if let Some(omit) = relationship.options.omit_join {
        return Ok(omit);
    }
    if relationship.direction() == Some(Direction::ManyToOne) {
        return Ok(relationship.use_get());
    }
    let Some(join) = relationship.join() else {
        return Ok(false);
    };
    if join.secondary.is_some() {
        return Ok(false);
    }
    // The condition must be the parent's whole primary key against columns of the target.
    let key = parent.primary_key();
    let equivalents = parent.equivalent_columns(cx);
    let is_key = |column: &ColumnElement, one: &ColumnElement| {
        one.same(column)
            || equivalents.iter().any(|(known, others)| {
                known.same(one) && others.iter().any(|other| other.same(column))
            })
    };
    let whole = key.iter().all(|one| {
        join.local_remote_pairs
            .iter()
            .any(|(local, _)| is_key(local, one))
    });
    Ok(whole
        && join.local_remote_pairs.len() == key.len()
        && crate::sql::is_plain_equality(&join.primaryjoin))
}

/// Load a relationship of all of `states`.
pub fn selectin_load(
    post: &PostLoad,
    plan: &PostLoadPlan,
    property: &Rc<MapperProperty>,
    states: &[(Rc<Instance>, bool)],
    cx: &Cx,
) -> Result<()> {
    let (Some(relationship), Some(parent)) = (property.relationship(), property.parent()) else {
        return Ok(());
    };
    let _cause = because(
        Cause::EagerLoad {
            strategy: Str::new("selectin"),
            attribute: Str::from(describe_path(&post.path.property(property))),
        },
        cx,
    );
    let target = match &plan.target {
        Some(target) => target.clone(),
        None => relationship.entity(cx)?.clone(),
    };
    let load = SelectIn {
        post,
        plan,
        property,
        relationship,
        parent,
        target,
    };
    let omits = omits_join(relationship, &load.parent, cx)?;
    if omits && relationship.direction() == Some(Direction::ManyToOne) {
        if let Some(found) = load.related_keys(states, cx)? {
            return load.load_targets(found, cx);
        }
        return load.load_by_parents(false, states, cx);
    }
    load.load_by_parents(omits, states, cx)
}

/// The instances that refer to each target, by its key.
struct RelatedKeys {
    by_key: Vec<(Vec<Value>, Vec<(Rc<Instance>, bool)>)>,
    none: Vec<(Rc<Instance>, bool)>,
}

impl SelectIn<'_> {
    fn options(&self, cx: &Cx) -> LoadOptions {
        LoadOptions {
            populate_existing: self.post.run.options.populate_existing,
            invoke_all_eagers: true,
            is_relationship: true,
            post_loads: self.post.run.shared_post_loads(cx),
            ..LoadOptions::default()
        }
    }
    fn element(&self) -> Option<&Rc<LoadElement>> {
        self.plan.element.as_ref()
    }

    /// The SELECT of `key` columns and targets.
    fn query(
        &self,
        key: Vec<ColumnElement>,
        join_from: Option<&MappedEntity>,
        cx: &Cx,
    ) -> Result<Query> {
        let width = key.len();
        let criterion = crate::orm::support::in_bind(&key, &Str::new("primary_keys"), cx)?;
        let bundle = Bundle::of_columns("pk", key);
        let options = self.post.run.all_options();
        let extra = self.element().map_or(&[][..], |element| &element.criteria);
        let compile = CompileOptions {
            current_path: self.post.path.property(self.property),
            outermost_order: join_from.map(|_| self.property.clone()),
            ..CompileOptions::default()
        };
        let mut criteria = vec![criterion];
        criteria.extend(extra.iter().cloned());
        let from = join_from.map_or_else(|| self.target.entity(), MappedEntity::entity);
        let entities = vec![
            SelectItem::Entity(Rc::new(bundle)),
            SelectItem::Entity(self.target.entity()),
        ];
        let joins = join_from.map(|left| {
            let attribute = InstrumentedAttribute::of_entity(left.clone(), self.property)
                .with_type(self.target.clone());
            SetupJoin {
                target: JoinTarget::Attribute(Value::object(attribute)),
                onclause: None,
                left: None,
                isouter: false,
                full: false,
                legacy: None,
            }
        });
        let order = if join_from.is_none() {
            self.adapted_order(cx)?
        } else {
            Vec::new()
        };
        let select = crate::orm::support::select_of(entities, cx)?.with(|data| {
            data.label_style = LabelStyle::TablenamePlusCol;
            data.from_obj = vec![FromItem::Entity(from)];
            data.setup_joins = joins.into_iter().collect();
            data.where_criteria = criteria;
            data.order_by = order;
            data.options = options;
            data.compile_options = Some(Rc::new(compile));
            data.subject = Some(self.target.entity());
        });
        Ok(Query { select, width })
    }

    fn adapted_order(&self, cx: &Cx) -> Result<Vec<ColumnElement>> {
        let order = self.relationship.order_by();
        match &self.target {
            MappedEntity::Mapper(_) => Ok(order.to_vec()),
            MappedEntity::Aliased(alias) => order.iter().map(|one| alias.adapt(one, cx)).collect(),
        }
    }

    fn adapted(&self, column: &ColumnElement, cx: &Cx) -> Result<ColumnElement> {
        match &self.target {
            MappedEntity::Mapper(_) => Ok(column.clone()),
            MappedEntity::Aliased(alias) => alias.adapt(column, cx),
        }
    }

    /// Run the query for `keys`; the rows as key and target.
    fn fetch(
        &self,
        query: &Query,
        keys: &[Vec<Value>],
        cx: &Cx,
    ) -> Result<Vec<(Vec<Value>, Value)>> {
        let list = keys
            .iter()
            .map(|key| match key.as_slice() {
                [single] => single.clone(),
                several => Value::tuple(several.to_vec()),
            })
            .collect();
        let parameters = vec![(Str::new("primary_keys"), Value::list(list))];
        let none = ExecutionOptions::none();
        let session = &self.post.run.session;
        let result = session.load(&query.select, parameters, self.options(cx), &none, cx)?;
        result.unique(None);
        let mut found = Vec::new();
        let mut row = Vec::new();
        while result.fetch_raw(&mut row, cx)? {
            let mut values = row.drain(..);
            let (Some(key), Some(target)) = (values.next(), values.next()) else {
                continue;
            };
            let key = match key.downcast::<crate::engine::Row>() {
                Some(key) => key.values().to_vec(),
                None => vec![key],
            };
            debug_assert_eq!(key.len(), query.width);
            found.push((key, target));
        }
        Ok(found)
    }

    /// The keys of the targets of a many-to-one; `None` where some are not loaded.
    fn related_keys(
        &self,
        states: &[(Rc<Instance>, bool)],
        cx: &Cx,
    ) -> Result<Option<RelatedKeys>> {
        let Some(clause) = LazyClause::of(self.property)? else {
            return Ok(None);
        };
        let target = self.target.mapper();
        let mut places: FxHashMap<Key, usize> = FxHashMap::default();
        let mut found = RelatedKeys {
            by_key: Vec::new(),
            none: Vec::new(),
        };
        for (instance, overwrite) in states {
            let mut key = Vec::new();
            for column in target.primary_key().iter() {
                let local = clause
                    .equated
                    .iter()
                    .find(|(remote, _)| remote.same(column))
                    .or_else(|| clause.equated.first());
                let Some((_, local)) = local else {
                    return Ok(None);
                };
                let passive = Passive::NO_FETCH;
                match sync::read(instance, &self.parent, local, passive, cx)? {
                    Some(Held::Value(value)) => key.push(value),
                    Some(Held::NoResult) => return Ok(None),
                    _ => key.push(Value::None),
                }
            }
            if key.iter().any(Value::is_none) {
                found.none.push((instance.clone(), *overwrite));
                continue;
            }
            let hashed = Key::new(Value::tuple(key.clone()), cx)?;
            let place = *places.entry(hashed).or_insert_with(|| {
                found.by_key.push((key, Vec::new()));
                found.by_key.len() - 1
            });
            found.by_key[place].1.push((instance.clone(), *overwrite));
        }
        let mut failure = None;
        found.by_key.sort_by(|(a, _), (b, _)| {
            crate::orm::support::compare_keys(a, b, cx).unwrap_or_else(|raised| {
                failure.get_or_insert(raised);
                std::cmp::Ordering::Equal
            })
        });
        match failure {
            Some(raised) => Err(raised),
            None => Ok(Some(found)),
        }
    }

    fn set(&self, instance: &Rc<Instance>, overwrite: bool, value: Value, cx: &Cx) -> Result<()> {
        let Some(attribute) =
            state_of(instance).and_then(|state| state.mapper().attribute(&self.property.key()))
        else {
            return Ok(());
        };
        let loaded = instance.with_slot(attribute.slot(), |value| !value.is_undefined());
        if loaded && !overwrite {
            return Ok(());
        }
        set_committed(&attribute, instance, value, cx)
    }

    fn load_targets(&self, found: RelatedKeys, cx: &Cx) -> Result<()> {
        let mut key = Vec::new();
        for column in self.target.mapper().primary_key().iter() {
            key.push(self.adapted(column, cx)?);
        }
        let query = self.query(key, None, cx)?;
        for chunk in found.by_key.chunks(CHUNK) {
            let keys: Vec<Vec<Value>> = chunk.iter().map(|(key, _)| key.clone()).collect();
            let mut rows: FxHashMap<Key, Value> = FxHashMap::default();
            for (key, target) in self.fetch(&query, &keys, cx)? {
                rows.insert(Key::new(Value::tuple(key), cx)?, target);
            }
            for (key, instances) in chunk {
                let key = Key::new(Value::tuple(key.clone()), cx)?;
                let target = rows.get(&key).cloned().unwrap_or(Value::None);
                for (instance, overwrite) in instances {
                    let value = if self.relationship.uselist() {
                        Value::list(vec![target.clone()])
                    } else {
                        target.clone()
                    };
                    self.set(instance, *overwrite, value, cx)?;
                }
            }
        }
        for (instance, overwrite) in &found.none {
            self.set(instance, *overwrite, Value::None, cx)?;
        }
        Ok(())
    }

    fn load_by_parents(
        &self,
        omits_join: bool,
        states: &[(Rc<Instance>, bool)],
        cx: &Cx,
    ) -> Result<()> {
        let query = if omits_join {
            let join = self.relationship.join();
            let mut key = Vec::new();
            for column in self.parent.primary_key().iter() {
                let remote = join.and_then(|join| {
                    let mut pairs = join.local_remote_pairs.iter();
                    pairs
                        .find(|(local, _)| crate::orm::support::same_columns(local, column))
                        .or_else(|| join.local_remote_pairs.first())
                });
                if let Some((_, remote)) = remote {
                    key.push(self.adapted(remote, cx)?);
                }
            }
            self.query(key, None, cx)?
        } else {
            let alias = crate::orm::support::anonymous_alias(&self.parent, cx)?;
            let mut key = Vec::new();
            for column in self.parent.primary_key().iter() {
                key.push(alias.adapt(column, cx)?);
            }
            self.query(key, Some(&MappedEntity::Aliased(alias)), cx)?
        };
        for chunk in states.chunks(CHUNK) {
            let keys: Vec<Vec<Value>> = chunk
                .iter()
                .map(|(instance, _)| {
                    state_of(instance)
                        .and_then(|state| {
                            state.with_key(|key| key.map(|key| key.values().to_vec()))
                        })
                        .unwrap_or_default()
                })
                .collect();
            let mut rows: FxHashMap<Key, Vec<Value>> = FxHashMap::default();
            for (key, target) in self.fetch(&query, &keys, cx)? {
                rows.entry(Key::new(Value::tuple(key), cx)?)
                    .or_default()
                    .push(target);
            }
            for ((instance, overwrite), key) in chunk.iter().zip(keys) {
                let members = rows
                    .remove(&Key::new(Value::tuple(key), cx)?)
                    .unwrap_or_default();
                self.set_members(instance, *overwrite, members, cx)?;
            }
        }
        Ok(())
    }

    fn set_members(
        &self,
        instance: &Rc<Instance>,
        overwrite: bool,
        mut members: Vec<Value>,
        cx: &Cx,
    ) -> Result<()> {
        if self.relationship.uselist() {
            return self.set(instance, overwrite, Value::list(members), cx);
        }
        if members.len() > 1 {
            cx.warn(
                &SA_WARNING,
                &format!(
                    "Multiple rows returned with uselist=False for eagerly-loaded attribute \
                     '{}' ",
                    self.property
                ),
            );
        }
        members.truncate(1);
        self.set(
            instance,
            overwrite,
            members.pop().unwrap_or(Value::None),
            cx,
        )
    }
}
