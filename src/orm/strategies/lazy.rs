//! Lazy loading: what reading an attribute emits, of relationships, deferred and expired
//! columns.

use std::rc::Rc;

use super::RelationshipStrategy;
use crate::engine::ExecutionOptions;
use crate::engine::echo::{Cause, because};
use crate::engine::exc::{INVALID_REQUEST_ERROR, SA_WARNING};
use crate::object::{Cx, Instance, Result, Str, Value};
use crate::orm::compile_state::CompileOptions;
use crate::orm::exc::{OBJECT_DELETED_ERROR, detached};
use crate::orm::loading::{IdentLoad, LoadOptions, PostLoads, load_on_identity};
use crate::orm::path::Path;
use crate::orm::session::{Found, Session, session_of};
use crate::orm::strategy_options::{LoadElement, Strategy};
use crate::orm::{
    Attribute, AttributeLoader, Held, IdentityKey, InstanceState, Loaded, MappedEntity, Mapper,
    MapperProperty, Passive, RelationshipProperty, StateContext, identity_key_of, set_loader,
    state_of, sync,
};
use crate::sql::visitors::{self, Replacement};
use crate::sql::{ColumnElement, FromItem, LabelStyle, Select, SelectItem};

/// A loader that an option set for one instance's attribute.
pub enum LazyOption {
    /// A deferred column.
    Column {
        /// Reading raises.
        raises: bool,
    },
    /// A relationship.
    Relationship {
        /// How it is loaded.
        strategy: RelationshipStrategy,
        /// The option.
        element: Rc<LoadElement>,
    },
}

impl LazyOption {
    /// The loader that `element` asks for.
    pub fn relationship(_property: &Rc<MapperProperty>, element: &Rc<LoadElement>) -> Self {
        let strategy = match element.strategy {
            Some(Strategy::Relationship(strategy)) => strategy,
            _ => RelationshipStrategy::Select,
        };
        Self::Relationship {
            strategy,
            element: element.clone(),
        }
    }
}

/// The condition by which related objects are found, with binds for the parent's columns.
pub struct LazyClause {
    /// The condition.
    pub criterion: ColumnElement,
    /// The binds by name, and the parent's column that each stands for.
    pub binds: Vec<(Str, ColumnElement)>,
    /// The target's columns, and the parent's that they are equated with.
    pub equated: Vec<(ColumnElement, ColumnElement)>,
}

impl LazyClause {
    /// The condition of `property`, made once.
    pub fn of(property: &MapperProperty) -> Result<Option<Rc<Self>>> {
        let Some(relationship) = property.relationship() else {
            return Ok(None);
        };
        let known = relationship
            .strategies
            .borrow()
            .iter()
            .find_map(|kept| kept.clone().downcast::<Self>().ok());
        if known.is_some() {
            return Ok(known);
        }
        let Some(made) = Self::make(relationship)? else {
            return Ok(None);
        };
        let made = Rc::new(made);
        relationship.strategies.borrow_mut().push(made.clone());
        Ok(Some(made))
    }

    fn make(relationship: &RelationshipProperty) -> Result<Option<Self>> {
        let Some(join) = relationship.join() else {
            return Ok(None);
        };
        let has_secondary = join.secondary.is_some();
        let binder = Binder {
            columns: join
                .local_remote_pairs
                .iter()
                .map(|(local, _)| local.clone())
                .collect(),
            has_secondary,
            binds: std::cell::RefCell::default(),
        };
        let primary = visitors::replace(&join.primaryjoin, &binder)?;
        let criterion = match &join.secondaryjoin {
            Some(secondary) => crate::sql::and_all(vec![primary, secondary.clone()]),
            None => primary,
        };
        let equated = join
            .local_remote_pairs
            .iter()
            .map(|(local, remote)| (remote.clone(), local.clone()))
            .collect();
        Ok(Some(Self {
            criterion,
            binds: binder
                .binds
                .into_inner()
                .into_iter()
                .map(|(column, name, _)| (name, column))
                .collect(),
            equated,
        }))
    }
}

/// Puts binds in the place of the parent's columns.
struct Binder {
    columns: Vec<ColumnElement>,
    has_secondary: bool,
    binds: std::cell::RefCell<Vec<(ColumnElement, Str, ColumnElement)>>,
}

impl Replacement for Binder {
    fn element(&self, element: &ColumnElement) -> Result<Option<ColumnElement>> {
        let is_local = element.annotations().is_some_and(|notes| notes.local);
        let is_remote = element.annotations().is_some_and(|notes| notes.remote);
        let known = self.columns.iter().any(|column| column.same(element));
        let binds = if self.has_secondary {
            known && !is_remote
        } else {
            is_local && !is_remote || known && !is_remote
        };
        if !binds {
            return Ok(None);
        }
        let mut made = self.binds.borrow_mut();
        if let Some((_, _, bind)) = made.iter().find(|(column, ..)| column.same(element)) {
            return Ok(Some(bind.clone()));
        }
        let name = Str::from(format!("param_{}", made.len() + 1));
        let bind = crate::orm::support::required_bind(&name, element);
        made.push((element.plain().clone(), name, bind.clone()));
        Ok(Some(bind))
    }
}

/// A load of one instance's relationship.
pub struct RelationshipLoad<'a> {
    /// The instance.
    pub instance: &'a Rc<Instance>,
    /// The attribute.
    pub attribute: &'a Rc<Attribute>,
    /// What may be done.
    pub passive: Passive,
    /// How the relationship is loaded.
    pub strategy: RelationshipStrategy,
    /// The option that said so.
    pub element: Option<Rc<LoadElement>>,
    /// Where the instance stands, where a statement that led to it says so.
    pub path: Option<Path>,
    /// The further loads of that statement.
    pub post_loads: Option<PostLoads>,
    /// Further options.
    pub options: Vec<Value>,
}

/// Loads what instances lack.
pub struct Loader;

/// Have attributes loaded by [`Loader`].
pub fn install_loader(cx: &Cx) {
    set_loader(Rc::new(Loader), cx);
}

impl AttributeLoader for Loader {
    fn load_expired(
        &self,
        instance: &Rc<Instance>,
        slots: &[u32],
        passive: Passive,
        cx: &Cx,
    ) -> Result<()> {
        let Some(state) = state_of(instance) else {
            return Ok(());
        };
        let class = state.mapper().class().name();
        let _cause = because(Cause::Expired { class }, cx);
        load_columns(instance, state, slots, passive, cx)
    }

    fn load(
        &self,
        instance: &Rc<Instance>,
        attribute: &Rc<Attribute>,
        passive: Passive,
        cx: &Cx,
    ) -> Result<Loaded> {
        let Some(state) = state_of(instance) else {
            return Ok(Loaded::NoValue);
        };
        let option = state.slot_loader(attribute.slot());
        let option = option.and_then(|option| option.downcast::<LazyOption>().ok());
        if attribute.property().relationship().is_none() {
            let raises = match option.as_deref() {
                Some(LazyOption::Column { raises }) => *raises,
                _ => attribute
                    .property()
                    .column()
                    .is_some_and(|column| column.raiseload.get()),
            };
            return load_deferred(instance, state, attribute, raises, passive, cx);
        }
        let (strategy, element) = match option.as_deref() {
            Some(LazyOption::Relationship { strategy, element }) => {
                (*strategy, Some(element.clone()))
            }
            _ => (own_strategy(attribute.property()), None),
        };
        load_relationship(
            &RelationshipLoad {
                instance,
                attribute,
                passive,
                strategy,
                element,
                path: None,
                post_loads: None,
                options: Vec::new(),
            },
            cx,
        )
    }
}

fn own_strategy(property: &MapperProperty) -> RelationshipStrategy {
    property
        .relationship()
        .and_then(|relationship| RelationshipStrategy::named(&relationship.lazy.borrow()))
        .unwrap_or(RelationshipStrategy::Select)
}

/// Load columns of one instance: `load_scalar_attributes`.
fn load_columns(
    instance: &Rc<Instance>,
    state: &InstanceState,
    slots: &[u32],
    passive: Passive,
    cx: &Cx,
) -> Result<()> {
    let Some(session) = session_of(instance, cx) else {
        return Err(detached(format!(
            "Instance {} is not bound to a Session; attribute refresh operation cannot proceed",
            state.describe()
        )));
    };
    let mapper = state.mapper();
    let mut load = IdentLoad {
        refresh: Some(instance.clone()),
        only: Some(slots.to_vec()),
        no_autoflush: passive.has(Passive::NO_AUTOFLUSH),
        ..IdentLoad::of(mapper)
    };
    if mapper.inherits().is_some() && !mapper.is_concrete() {
        load.instead = optimized_get(instance, state, slots, cx)?;
    }
    let has_key = state.has_identity();
    if load.instead.is_none() {
        load.key = Some(match state.key() {
            Some(key) => key,
            None => pending_key(instance, state, cx)?,
        });
        let key = load.key.as_ref();
        let none = key.is_some_and(|key| key.values().iter().all(Value::is_none));
        if none {
            cx.warn(
                &SA_WARNING,
                &format!(
                    "Instance {} to be refreshed doesn't contain a full primary key - can't be \
                     refreshed (and shouldn't be expired, either).",
                    state.describe()
                ),
            );
            return Ok(());
        }
    }
    let found = load_on_identity(&session, &load, cx)?;
    if has_key && found.is_none() {
        return Err(OBJECT_DELETED_ERROR.error(format!(
            "Instance '{}' has been deleted, or its row is otherwise not present.",
            state.describe()
        )));
    }
    Ok(())
}

fn pending_key(instance: &Rc<Instance>, state: &InstanceState, cx: &Cx) -> Result<IdentityKey> {
    let mapper = state.mapper();
    let expired = mapper.primary_key().iter().any(|column| {
        mapper
            .column_slot(column)
            .is_some_and(|slot| state.is_slot_expired(slot))
    });
    if expired {
        return Err(INVALID_REQUEST_ERROR.error(format!(
            "Instance {} cannot be refreshed - it's not  persistent and does not contain a full \
             primary key.",
            state.describe()
        )));
    }
    identity_key_of(instance, cx)
}

/// The SELECT of the tables of a hierarchy that have the missing columns, found by the keys
/// that the instance has; `None` where the base table is needed anyhow.
fn optimized_get(
    instance: &Rc<Instance>,
    state: &InstanceState,
    slots: &[u32],
    cx: &Cx,
) -> Result<Option<(Select, Vec<(Str, Value)>)>> {
    let mapper = state.mapper();
    let mut columns = Vec::new();
    for slot in slots {
        let property = mapper
            .attribute_at(*slot)
            .map(|attribute| attribute.property().clone());
        if let Some(column) = property.as_deref().and_then(MapperProperty::column) {
            columns.extend(column.columns.borrow().iter().cloned());
        }
    }
    let base = mapper.base_mapper();
    let is_of = |column: &ColumnElement, mapper: &Rc<Mapper>| {
        mapper
            .local_table()
            .from_objects()
            .iter()
            .any(|table| column.from_objects().iter().any(|from| from.same(table)))
    };
    if columns.iter().any(|column| is_of(column, &base)) {
        return Ok(None);
    }
    let mut criteria = Vec::new();
    let mut parameters: Vec<(Str, Value)> = Vec::new();
    let mut froms = Vec::new();
    let mut lineage: Vec<Rc<Mapper>> = mapper.lineage();
    lineage.reverse();
    let mut started = false;
    for one in lineage {
        if one.is_single() {
            continue;
        }
        let due = columns.iter().any(|column| is_of(column, &one));
        if !started && !due {
            continue;
        }
        let Some(condition) = one.inherit_condition() else {
            return Ok(None);
        };
        froms.push(FromItem::From(one.local_table().clone()));
        if started {
            criteria.push(condition);
            continue;
        }
        started = true;
        let binder = InheritBinder {
            mapper: &one,
            binds: std::cell::RefCell::default(),
        };
        criteria.push(visitors::replace(&condition, &binder)?);
        for (column, name) in binder.binds.into_inner() {
            let held = sync::read_committed(instance, mapper, &column, Passive::NO_INITIALIZE, cx)?;
            match held {
                Some(Held::Value(value)) if !value.is_none() => parameters.push((name, value)),
                _ => return Ok(None),
            }
        }
    }
    if !started {
        return Ok(None);
    }
    let entity: Rc<dyn crate::sql::Entity> = mapper.clone();
    let select =
        crate::orm::support::select_of(vec![SelectItem::Entity(entity)], cx)?.with(|data| {
            data.label_style = LabelStyle::TablenamePlusCol;
            data.from_obj = froms;
            data.where_criteria = criteria;
        });
    Ok(Some((select, parameters)))
}

/// Puts binds in the place of the columns that the base tables have.
struct InheritBinder<'a> {
    mapper: &'a Rc<Mapper>,
    binds: std::cell::RefCell<Vec<(ColumnElement, Str)>>,
}

impl Replacement for InheritBinder<'_> {
    fn element(&self, element: &ColumnElement) -> Result<Option<ColumnElement>> {
        let ColumnElement::Column(_) = element.plain() else {
            return Ok(None);
        };
        let own = self.mapper.local_table().from_objects();
        let is_own = element
            .from_objects()
            .iter()
            .any(|from| own.iter().any(|table| table.same(from)));
        if is_own {
            return Ok(None);
        }
        let mut binds = self.binds.borrow_mut();
        let name = Str::from(format!("pk_{}", binds.len() + 1));
        binds.push((element.plain().clone(), name.clone()));
        Ok(Some(crate::orm::support::required_bind(&name, element)))
    }
}

fn load_deferred(
    instance: &Rc<Instance>,
    state: &InstanceState,
    attribute: &Rc<Attribute>,
    raises: bool,
    passive: Passive,
    cx: &Cx,
) -> Result<Loaded> {
    if !state.has_identity() {
        return Ok(Loaded::Empty);
    }
    if !passive.has(Passive::SQL_OK) {
        return Ok(Loaded::NoResult);
    }
    let mapper = state.mapper();
    let Some(column) = attribute.property().column() else {
        return Ok(Loaded::Empty);
    };
    let group = column.group.borrow().clone();
    let slots: Vec<u32> = match &group {
        None => vec![attribute.slot()],
        Some(group) => mapper
            .attributes()
            .iter()
            .filter(|one| {
                one.property().column().is_some_and(|column| {
                    column.deferred.get() && column.group.borrow().as_ref() == Some(group)
                })
            })
            .map(|one| one.slot())
            .filter(|slot| !state.is_changed(*slot))
            .collect(),
    };
    if session_of(instance, cx).is_none() {
        return Err(detached(format!(
            "Parent instance {} is not bound to a Session; deferred load operation of attribute \
             '{}' cannot proceed",
            state.describe(),
            attribute.key()
        )));
    }
    if raises {
        return Err(INVALID_REQUEST_ERROR.error(format!(
            "'{}' is not available due to raiseload=True",
            attribute.property()
        )));
    }
    let _cause = because(
        Cause::DeferredLoad {
            class: mapper.class().name(),
            attribute: attribute.key().clone(),
        },
        cx,
    );
    load_columns(instance, state, &slots, passive, cx)?;
    Ok(Loaded::WasSet)
}

/// Load a relationship of one instance.
pub fn load_relationship(load: &RelationshipLoad<'_>, cx: &Cx) -> Result<Loaded> {
    let Some(state) = state_of(load.instance) else {
        return Ok(Loaded::NoValue);
    };
    let property = load.attribute.property();
    let Some(relationship) = property.relationship() else {
        return Ok(Loaded::NoValue);
    };
    if load.strategy == RelationshipStrategy::NoLoad {
        return Ok(Loaded::Empty);
    }
    let pending = !state.has_identity();
    let enabled = relationship.options.load_on_pending || state.is_load_enabled();
    if pending && (!enabled || state.session_id() == 0) {
        return Ok(Loaded::Empty);
    }
    let has_criteria = load
        .element
        .as_ref()
        .is_some_and(|element| !element.criteria.is_empty());
    let use_get = relationship.use_get() && !has_criteria;
    let passive = load.passive;
    if !passive.has(Passive::SQL_OK) && !use_get
        || !passive.has(Passive::NON_PERSISTENT_OK) && pending
    {
        return Ok(Loaded::NoResult);
    }
    let raises = load.strategy == RelationshipStrategy::Raise && !passive.has(Passive::NO_RAISE);
    if raises && (!use_get || passive.has(Passive::RELATED_OBJECT_OK)) {
        return Err(not_available(property, "raise"));
    }
    let Some(session) = session_of(load.instance, cx) else {
        if passive.has(Passive::NO_RAISE) {
            return Ok(Loaded::NoResult);
        }
        return Err(detached(format!(
            "Parent instance {} is not bound to a Session; lazy load operation of attribute '{}' \
             cannot proceed",
            state.describe(),
            load.attribute.key()
        )));
    };
    let _cause = because(
        Cause::LazyLoad {
            class: state.mapper().class().name(),
            attribute: load.attribute.key().clone(),
        },
        cx,
    );
    if use_get {
        return load_by_key(load, &session, state, relationship, cx);
    }
    emit(load, &session, state, relationship, cx)
}

fn not_available(property: &MapperProperty, lazy: &str) -> crate::object::Raised {
    INVALID_REQUEST_ERROR.error(format!(
        "'{property}' is not available due to lazy='{lazy}'"
    ))
}

fn parent_value(
    load: &RelationshipLoad<'_>,
    mapper: &Rc<Mapper>,
    column: &ColumnElement,
    cx: &Cx,
) -> Result<Held> {
    let passive = load.passive.without(Passive::INIT_OK);
    let held = if load.passive.has(Passive::LOAD_AGAINST_COMMITTED) {
        sync::read_committed(load.instance, mapper, column, passive, cx)?
    } else {
        sync::read(load.instance, mapper, column, passive, cx)?
    };
    Ok(held.unwrap_or(Held::NoValue))
}

/// A many-to-one whose key is the target's primary key: the identity map first.
fn load_by_key(
    load: &RelationshipLoad<'_>,
    session: &Session,
    state: &InstanceState,
    relationship: &RelationshipProperty,
    cx: &Cx,
) -> Result<Loaded> {
    let property = load.attribute.property();
    let target = relationship.mapper(cx)?;
    let Some(clause) = LazyClause::of(property)? else {
        return Ok(Loaded::NoValue);
    };
    let mut values = Vec::new();
    for key in target.primary_key().iter() {
        let local = clause
            .equated
            .iter()
            .find(|(remote, _)| remote.same(key))
            .or_else(|| clause.equated.first());
        let Some((_, local)) = local else {
            return Ok(Loaded::NoValue);
        };
        match parent_value(load, state.mapper(), local, cx)? {
            Held::Value(value) => values.push(value),
            Held::NoValue => return Ok(Loaded::NoValue),
            Held::NoResult => return Ok(Loaded::NoResult),
        }
    }
    let none = values.iter().filter(|value| value.is_none()).count();
    if none == values.len() || none > 0 && !target.options().allow_partial_pks {
        return Ok(Loaded::Value(Value::None));
    }
    let filled = load
        .instance
        .with_slot(load.attribute.slot(), |value| !value.is_undefined());
    if filled && !load.passive.has(Passive::DEFERRED_HISTORY_LOAD) {
        return Ok(Loaded::WasSet);
    }
    let class = target.base_mapper().class().clone();
    let key = IdentityKey::new(&class, values, Value::None, cx)?;
    match session.find_identity(&target, &key, load.passive, cx)? {
        Found::Object(instance) => return Ok(Loaded::Value(Value::Instance(instance))),
        Found::OtherClass => return Ok(Loaded::Value(Value::None)),
        Found::NotAllowed => return Ok(Loaded::NoResult),
        Found::Nothing => {}
    }
    if !load.passive.has(Passive::SQL_OK) || !load.passive.has(Passive::RELATED_OBJECT_OK) {
        return Ok(Loaded::NoResult);
    }
    if load.strategy == RelationshipStrategy::RaiseOnSql && !load.passive.has(Passive::NO_RAISE) {
        return Err(not_available(property, "raise_on_sql"));
    }
    let (options, path) = context(load, state, property);
    let ident = IdentLoad {
        key: Some(key),
        options,
        no_autoflush: no_autoflush(load, state),
        path: Some(path),
        invoke_all_eagers: false,
        post_loads: load.post_loads.clone(),
        ..IdentLoad::of(&target)
    };
    let found = load_on_identity(session, &ident, cx)?;
    Ok(Loaded::Value(found.map_or(Value::None, Value::Instance)))
}

fn no_autoflush(load: &RelationshipLoad<'_>, state: &InstanceState) -> bool {
    !state.has_identity() || load.passive.has(Passive::NO_AUTOFLUSH)
}

/// The options that the instance was loaded with, and where the related ones stand.
fn context(
    load: &RelationshipLoad<'_>,
    state: &InstanceState,
    property: &Rc<MapperProperty>,
) -> (Vec<Value>, Path) {
    let known = StateContext::of(load.instance);
    let mut options = known
        .as_ref()
        .map_or_else(Vec::new, |context| context.options.clone());
    options.extend(load.options.iter().cloned());
    let start = match (&load.path, &known) {
        (Some(path), _) => path.clone(),
        (None, Some(context)) => context.path.clone(),
        (None, None) => Path::entity(&MappedEntity::Mapper(state.mapper().clone())),
    };
    (options, start.property(property))
}

/// The plain lazy SELECT of a relationship, made once.
struct LazyStatement(Select);

fn plain_statement(
    property: &Rc<MapperProperty>,
    relationship: &RelationshipProperty,
    clause: &LazyClause,
    cx: &Cx,
) -> Result<Select> {
    let known = relationship.strategies.borrow().iter().find_map(|kept| {
        kept.clone()
            .downcast::<LazyStatement>()
            .ok()
            .map(|known| known.0.clone())
    });
    if let Some(known) = known {
        return Ok(known);
    }
    let made = statement(property, relationship, clause, Vec::new(), None, cx)?;
    relationship
        .strategies
        .borrow_mut()
        .push(Rc::new(LazyStatement(made.clone())));
    Ok(made)
}

fn statement(
    property: &Rc<MapperProperty>,
    relationship: &RelationshipProperty,
    clause: &LazyClause,
    options: Vec<Value>,
    path: Option<Path>,
    cx: &Cx,
) -> Result<Select> {
    let entity = relationship.entity(cx)?.clone();
    let compile = CompileOptions {
        current_path: path.unwrap_or_else(|| {
            let parent = property.parent();
            match parent {
                Some(parent) => Path::entity(&MappedEntity::Mapper(parent)).property(property),
                None => Path::root(),
            }
        }),
        lazy_reverse: Some(property.clone()),
        ..CompileOptions::default()
    };
    let criterion = clause.criterion.clone();
    let style = LabelStyle::TablenamePlusCol;
    let select = collection_select(property, &entity, criterion, style, cx)?;
    Ok(select.with(|data| {
        data.options = options;
        data.compile_options = Some(Rc::new(compile));
    }))
}

/// The SELECT of the targets of `property` that `criterion` finds.
pub fn collection_select(
    property: &MapperProperty,
    entity: &MappedEntity,
    criterion: ColumnElement,
    style: LabelStyle,
    cx: &Cx,
) -> Result<Select> {
    let relationship = property.relationship();
    let join = relationship.and_then(RelationshipProperty::join);
    let secondary = join.and_then(|join| join.secondary.clone());
    let entity = entity.entity();
    let select = crate::orm::support::select_of(vec![SelectItem::Entity(entity.clone())], cx)?;
    Ok(select.with(|data| {
        data.label_style = style;
        data.where_criteria = vec![criterion];
        data.order_by = relationship.map_or_else(Vec::new, |one| one.order_by().to_vec());
        if let Some(secondary) = secondary {
            data.from_obj = vec![FromItem::Entity(entity), FromItem::From(secondary)];
        }
    }))
}

fn emit(
    load: &RelationshipLoad<'_>,
    session: &Session,
    state: &InstanceState,
    relationship: &RelationshipProperty,
    cx: &Cx,
) -> Result<Loaded> {
    let property = load.attribute.property();
    let Some(clause) = LazyClause::of(property)? else {
        return Ok(Loaded::NoValue);
    };
    let mut parameters = Vec::with_capacity(clause.binds.len());
    let (mut has_none, mut has_no_value) = (false, false);
    for (name, column) in &clause.binds {
        let value = match parent_value(load, state.mapper(), column, cx)? {
            Held::Value(value) => value,
            Held::NoResult => return Ok(Loaded::NoResult),
            Held::NoValue => {
                has_no_value = true;
                Value::None
            }
        };
        has_none |= value.is_none();
        parameters.push((name.clone(), value));
    }
    let filled = load
        .instance
        .with_slot(load.attribute.slot(), |value| !value.is_undefined());
    if filled && !load.passive.has(Passive::DEFERRED_HISTORY_LOAD) {
        return Ok(Loaded::WasSet);
    }
    if !state.has_identity() && has_none || has_no_value {
        return Ok(Loaded::Value(Value::None));
    }
    if load.strategy == RelationshipStrategy::RaiseOnSql && !load.passive.has(Passive::NO_RAISE) {
        return Err(not_available(property, "raise_on_sql"));
    }
    let (options, path) = context(load, state, property);
    let criteria = load.element.as_ref().map(|element| &element.criteria);
    let select = if options.is_empty() && load.path.is_none() && criteria.is_none() {
        plain_statement(property, relationship, &clause, cx)?
    } else {
        let select = statement(property, relationship, &clause, options, Some(path), cx)?;
        match criteria {
            Some(criteria) if !criteria.is_empty() => {
                select.with(|data| data.where_criteria.extend(criteria.iter().cloned()))
            }
            _ => select,
        }
    };
    let options = LoadOptions {
        no_autoflush: no_autoflush(load, state),
        post_loads: load.post_loads.clone(),
        is_relationship: true,
        lazy_loaded_from: state.instance(),
        ..LoadOptions::default()
    };
    let none = ExecutionOptions::none();
    let result = session.load(&select, parameters, options, &none, cx)?;
    result.unique(None);
    let mut found = result.scalars(0)?.all(cx)?;
    if relationship.uselist() {
        return Ok(Loaded::Value(Value::list(found)));
    }
    if found.len() > 1 {
        cx.warn(
            &SA_WARNING,
            &format!(
                "Multiple rows returned with uselist=False for lazily-loaded attribute \
                 '{property}' "
            ),
        );
    }
    found.truncate(1);
    Ok(Loaded::Value(found.pop().unwrap_or(Value::None)))
}
