//! Collections that are never loaded into their owner: what entered and left them since the last
//! flush, and what stands in their place (`lazy="write_only"`, `lazy="dynamic"`).

use std::rc::Rc;

use rustc_hash::FxHashSet;

use super::attribute::{Attribute, Held};
use super::events;
use super::exc::detached;
use super::history::History;
use super::hooks;
use super::loading::LoadOptions;
use super::mapper::{MappedEntity, mapper_of};
use super::passive::Passive;
use super::properties::{Direction, MapperProperty};
use super::query::Query;
use super::session::session_of;
use super::state::{Committed, InstanceState, PendingCollection, state_of};
use super::strategies::collection_select;
use crate::engine::ExecutionOptions;
use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::object::{Cx, Instance, Raised, Result, Value};
use crate::sql::dml::{Delete, DmlData, DmlKey, DmlValue, Insert, Update};
use crate::sql::{BindParameter, ColumnElement, LabelStyle, Select, null_type};

/// What reads of a collection that is never loaded answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DynamicKind {
    /// A [`WriteOnlyCollection`]: nothing loads it.
    WriteOnly,
    /// A query of the members that takes changes too.
    Query,
}

/// What stands for the collection of one owner: it makes statements and takes changes.
pub struct WriteOnlyCollection {
    instance: Rc<Instance>,
    attribute: Rc<Attribute>,
    property: Rc<MapperProperty>,
    target: MappedEntity,
    criterion: ColumnElement,
}

impl WriteOnlyCollection {
    /// That of `instance`.
    fn new(attribute: &Rc<Attribute>, instance: &Rc<Instance>, cx: &Cx) -> Result<Self> {
        let (property, target) = property_of(attribute, instance, cx)?;
        let owner = Value::Instance(instance.clone());
        let criterion = super::compare_with(&property, Some(&owner), true, false, cx)?;
        Ok(Self {
            instance: instance.clone(),
            attribute: attribute.clone(),
            property,
            target,
            criterion,
        })
    }
    /// The owner.
    pub fn instance(&self) -> &Rc<Instance> {
        &self.instance
    }
    /// `item` enters at the next flush.
    pub fn add(&self, item: Value, cx: &Cx) -> Result<()> {
        append(&self.attribute, &self.instance, item, None, cx)
    }
    /// `item` leaves at the next flush.
    pub fn remove(&self, item: &Value, cx: &Cx) -> Result<()> {
        remove(&self.attribute, &self.instance, item, None, cx)
    }
    /// The SELECT of the members.
    pub fn select(&self, cx: &Cx) -> Result<Select> {
        let style = LabelStyle::default();
        collection_select(
            &self.property,
            &self.target,
            self.criterion.clone(),
            style,
            cx,
        )
    }
    /// The INSERT of new members, whose foreign keys are the owner's keys when it runs.
    pub fn insert(&self, cx: &Cx) -> Result<Insert> {
        let relationship = self.property.relationship();
        let join = relationship.and_then(|relationship| relationship.join());
        let (Some(join), Some(parent)) = (join, mapper_of(&self.instance)) else {
            return Err(INVALID_REQUEST_ERROR.error("not a relationship"));
        };
        if join.direction != Direction::OneToMany {
            return Err(INVALID_REQUEST_ERROR.error(
                "Write only bulk INSERT only supported for one-to-many collections; for \
                 many-to-many, use a separate bulk INSERT along with add_all().",
            ));
        }
        let mut values = Vec::new();
        for (source, destination) in &join.synchronize_pairs {
            let Some(key) = destination.key().and_then(|key| key.text().cloned()) else {
                continue;
            };
            let value = super::comparator::value_of(&parent, &self.instance, source);
            let bind = BindParameter::anonymous(None, value, null_type());
            values.push((DmlKey::Name(key), DmlValue::Element(bind.element())));
        }
        let mut data = self.data(cx)?;
        data.values = values;
        data.has_values = true;
        Ok(Insert::of(data))
    }
    /// The UPDATE of the members.
    pub fn update(&self, cx: &Cx) -> Result<Update> {
        let mut data = self.data(cx)?;
        data.where_criteria = vec![self.criterion.clone()];
        Ok(Update::of(data))
    }
    /// The DELETE of the members.
    pub fn delete(&self, cx: &Cx) -> Result<Delete> {
        let mut data = self.data(cx)?;
        data.where_criteria = vec![self.criterion.clone()];
        Ok(Delete::of(data))
    }
    fn data(&self, cx: &Cx) -> Result<DmlData> {
        let entity = self.target.entity();
        let mut data = Insert::new(entity.selectable(cx)?).data().clone();
        data.subject = Some(entity);
        Ok(data)
    }
}

/// The query of the members of `instance`'s collection, in `session` as scripts see it.
pub fn dynamic_query(
    attribute: &Attribute,
    instance: &Rc<Instance>,
    session: Value,
    cx: &Cx,
) -> Result<Query> {
    let select = members_select(attribute, instance, LabelStyle::LegacyOrm, cx)?;
    let items = select.data().raw_columns.clone();
    Ok(Query::new(items, session).with(|data| data.select = select))
}

/// What entered the collection since the last flush.
pub fn dynamic_added(attribute: &Attribute, instance: &Rc<Instance>) -> Vec<Value> {
    let pending = state_of(instance).and_then(|state| state.pending(attribute.slot()));
    pending.unwrap_or_default().added
}

fn members_select(
    attribute: &Attribute,
    instance: &Rc<Instance>,
    style: LabelStyle,
    cx: &Cx,
) -> Result<Select> {
    let (property, target) = property_of(attribute, instance, cx)?;
    let owner = Value::Instance(instance.clone());
    let criterion = super::compare_with(&property, Some(&owner), true, false, cx)?;
    collection_select(&property, &target, criterion, style, cx)
}

fn property_of(
    attribute: &Attribute,
    instance: &Rc<Instance>,
    cx: &Cx,
) -> Result<(Rc<MapperProperty>, MappedEntity)> {
    let property = mapper_of(instance)
        .and_then(|mapper| mapper.prop(attribute.key()))
        .unwrap_or_else(|| attribute.property().clone());
    match property.target(cx)? {
        Some(target) => Ok((property, MappedEntity::Mapper(target))),
        None => Err(INVALID_REQUEST_ERROR.error("not a relationship")),
    }
}

/// The members that the database has.
fn load_members(attribute: &Attribute, instance: &Rc<Instance>, cx: &Cx) -> Result<Vec<Value>> {
    let Some(session) = session_of(instance, cx) else {
        return Err(detached(format!(
            "Parent instance {} is not bound to a Session, and no contextual session is \
             established; lazy load operation of attribute '{}' cannot proceed",
            super::describe(&Value::Instance(instance.clone())),
            attribute.key()
        )));
    };
    let select = members_select(attribute, instance, LabelStyle::TablenamePlusCol, cx)?;
    let options = LoadOptions {
        no_autoflush: true,
        ..LoadOptions::default()
    };
    let none = ExecutionOptions::none();
    let result = session.load(&select, Vec::new(), options, &none, cx)?;
    result.unique(None);
    result.scalars(0)?.all(cx)
}

/// The changes since the last flush, and the members that the database has where they were
/// loaded.
struct Changes {
    pending: PendingCollection,
    unchanged: Option<Vec<Value>>,
}

impl Changes {
    fn of(
        attribute: &Attribute,
        instance: &Rc<Instance>,
        state: &InstanceState,
        passive: Passive,
        cx: &Cx,
    ) -> Result<Self> {
        let loads = state.has_identity() && passive.has(Passive::INIT_OK);
        let unchanged = match attribute.dynamic_kind() {
            Some(DynamicKind::Query) if loads => Some(load_members(attribute, instance, cx)?),
            Some(DynamicKind::WriteOnly) if loads && passive.has(Passive::SQL_OK) => {
                return Err(not_iterable(attribute, instance));
            }
            _ => None,
        };
        let pending = state.pending(attribute.slot()).unwrap_or_default();
        Ok(Self { pending, unchanged })
    }
    fn into_history(self) -> History {
        let Some(unchanged) = self.unchanged else {
            return History {
                added: Some(self.pending.added),
                unchanged: Some(Vec::new()),
                deleted: Some(self.pending.deleted),
                is_blank: false,
            };
        };
        let loaded = identities(&unchanged);
        let is_in = |set: &FxHashSet<usize>, item: &Value| {
            item.address().is_some_and(|at| set.contains(&at))
        };
        let mut added = self.pending.added;
        added.retain(|item| !is_in(&loaded, item));
        let mut deleted = self.pending.deleted;
        deleted.retain(|item| is_in(&loaded, item));
        let gone = identities(&deleted);
        let mut unchanged = unchanged;
        unchanged.retain(|item| !is_in(&gone, item));
        History {
            added: Some(added),
            unchanged: Some(unchanged),
            deleted: Some(deleted),
            is_blank: false,
        }
    }
    /// What entered, then what there was; with `left` what left too.
    fn all(self, left: bool) -> Vec<Value> {
        let mut all = self.pending.added;
        all.extend(self.unchanged.unwrap_or_default());
        if left {
            all.extend(self.pending.deleted);
        }
        let mut seen = FxHashSet::default();
        all.retain(|item| item.address().is_none_or(|at| seen.insert(at)));
        all
    }
}

fn identities(items: &[Value]) -> FxHashSet<usize> {
    items.iter().filter_map(Value::address).collect()
}

fn describe(attribute: &Attribute, instance: &Rc<Instance>) -> String {
    format!("{}.{}", instance.class().name(), attribute.key())
}

fn not_iterable(attribute: &Attribute, instance: &Rc<Instance>) -> Raised {
    let name = describe(attribute, instance);
    INVALID_REQUEST_ERROR.error(format!(
        "Attribute {name} can't load the existing state from the database for this operation; \
         full iteration is not permitted.  If this is a delete operation, configure \
         passive_deletes=True on the {name} relationship in order to resolve this error."
    ))
}

/// Read the attribute: what stands for the collection or, where no SQL is allowed, what entered.
pub(super) fn get(
    attribute: &Rc<Attribute>,
    kind: DynamicKind,
    instance: &Rc<Instance>,
    passive: Passive,
    cx: &Cx,
) -> Result<Held> {
    if !passive.has(Passive::SQL_OK) {
        return Ok(Held::Value(Value::list(dynamic_added(attribute, instance))));
    }
    match kind {
        DynamicKind::WriteOnly => {
            let collection = WriteOnlyCollection::new(attribute, instance, cx)?;
            Ok(Held::Value(Value::object(collection)))
        }
        DynamicKind::Query => match hooks::appender(cx) {
            Some(make) => make(attribute, instance, cx).map(Held::Value),
            None => Ok(Held::NoValue),
        },
    }
}

/// The members as far as reading is allowed: those that entered, with SQL those there were too.
pub(super) fn members(
    attribute: &Rc<Attribute>,
    instance: &Rc<Instance>,
    passive: Passive,
    cx: &Cx,
) -> Result<Vec<Value>> {
    let Some(state) = state_of(instance) else {
        return Ok(Vec::new());
    };
    let changes = Changes::of(attribute, instance, state, passive, cx)?;
    Ok(if passive.has(Passive::SQL_OK) {
        changes.all(false)
    } else {
        changes.pending.added
    })
}

/// Every object that entered, was there, or left.
pub(super) fn all_pending(
    attribute: &Rc<Attribute>,
    instance: &Rc<Instance>,
    state: &InstanceState,
    passive: Passive,
    cx: &Cx,
) -> Result<Vec<Rc<Instance>>> {
    let changes = Changes::of(attribute, instance, state, passive, cx)?;
    let all = changes.all(true).into_iter();
    Ok(all
        .filter_map(|item| match item {
            Value::Instance(item) => Some(item),
            _ => None,
        })
        .collect())
}

/// What changed since the last flush.
pub(super) fn history(
    attribute: &Rc<Attribute>,
    instance: &Rc<Instance>,
    state: &InstanceState,
    passive: Passive,
    cx: &Cx,
) -> Result<History> {
    Ok(Changes::of(attribute, instance, state, passive, cx)?.into_history())
}

/// `item` enters, as a change of its own.
pub fn append_dynamic(
    attribute: &Rc<Attribute>,
    instance: &Rc<Instance>,
    item: Value,
    cx: &Cx,
) -> Result<()> {
    append(attribute, instance, item, None, cx)
}

/// `item` leaves, as a change of its own.
pub fn remove_dynamic(
    attribute: &Rc<Attribute>,
    instance: &Rc<Instance>,
    item: &Value,
    cx: &Cx,
) -> Result<()> {
    remove(attribute, instance, item, None, cx)
}

/// `item` enters.
pub(super) fn append(
    attribute: &Rc<Attribute>,
    instance: &Rc<Instance>,
    item: Value,
    initiator: Option<&events::Token>,
    cx: &Cx,
) -> Result<()> {
    attribute.note_change(instance, || Committed::NoValue, cx)?;
    if let Some(state) = state_of(instance) {
        let entered = item.clone();
        state.change_pending(attribute.slot(), |pending| pending.note_added(entered));
    }
    let item = events::fire_append(attribute, instance, item, initiator, cx)?;
    if attribute.tracks_parent() && !item.is_none() {
        attribute.set_has_parent(&item, instance, true, cx)?;
    }
    Ok(())
}

/// `item` leaves.
pub(super) fn remove(
    attribute: &Rc<Attribute>,
    instance: &Rc<Instance>,
    item: &Value,
    initiator: Option<&events::Token>,
    cx: &Cx,
) -> Result<()> {
    attribute.note_change(instance, || Committed::NoValue, cx)?;
    if let Some(state) = state_of(instance) {
        let left = item.clone();
        state.change_pending(attribute.slot(), |pending| pending.note_removed(left));
    }
    if attribute.tracks_parent() && !item.is_none() {
        attribute.set_has_parent(item, instance, false, cx)?;
    }
    events::fire_remove(
        attribute,
        instance,
        &Held::Value(item.clone()),
        initiator,
        cx,
    )
}

/// Assign the collection: what it has that `value` does not yield leaves.
pub(super) fn set(
    attribute: &Rc<Attribute>,
    instance: &Rc<Instance>,
    value: &Value,
    initiator: Option<&events::Token>,
    cx: &Cx,
) -> Result<()> {
    if initiator.is_some_and(|token| token.attribute().parent_token() == attribute.parent_token()) {
        return Ok(());
    }
    let items = cx.collect(value)?;
    let Some(state) = state_of(instance) else {
        return Ok(());
    };
    let mut old = Vec::new();
    if state.has_identity() {
        if attribute.dynamic_kind() == Some(DynamicKind::WriteOnly) {
            let name = describe(attribute, instance);
            return Err(INVALID_REQUEST_ERROR.error(format!(
                "Collection \"{name}\" does not support implicit iteration; collection \
                 replacement operations can't be used"
            )));
        }
        if let Held::Value(appender) = attribute.get(instance, Passive::OFF, cx)? {
            old = cx.collect(&appender)?;
        }
    }
    old.extend(dynamic_added(attribute, instance));
    let mut seen = FxHashSet::default();
    old.retain(|item| item.address().is_none_or(|at| seen.insert(at)));
    let (known, wanted) = (identities(&old), identities(&items));
    let mut entered = FxHashSet::default();
    for item in items {
        let address = item.address();
        let new = address.is_none_or(|at| !known.contains(&at) && entered.insert(at));
        if new {
            append(attribute, instance, item, None, cx)?;
        }
    }
    for item in old {
        if item.address().is_none_or(|at| !wanted.contains(&at)) {
            remove(attribute, instance, &item, None, cx)?;
        }
    }
    Ok(())
}
