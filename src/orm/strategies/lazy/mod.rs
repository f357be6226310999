//! Lazy loading: what reading an attribute emits, of relationships, deferred and expired
//! columns.

mod clause;
mod columns;

use std::rc::Rc;

pub use clause::LazyClause;
use columns::{load_columns, load_deferred};

use super::RelationshipStrategy;
use crate::engine::ExecutionOptions;
use crate::engine::echo::{Cause, because};
use crate::engine::exc::{INVALID_REQUEST_ERROR, SA_WARNING};
use crate::object::{Cx, Instance, Result, Value};
use crate::orm::compile_state::CompileOptions;
use crate::orm::exc::detached;
use crate::orm::loading::{IdentLoad, LoadOptions, PostLoads, load_on_identity};
use crate::orm::path::Path;
use crate::orm::session::{Found, Session, session_of};
use crate::orm::strategy_options::{LoadElement, Strategy};
use crate::orm::{
    Attribute, AttributeLoader, Held, IdentityKey, InstanceState, Loaded, MappedEntity, Mapper,
    MapperProperty, Passive, RelationshipProperty, StateContext, set_loader, state_of, sync,
};
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
    let class = target.identity_base().class().clone();
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
