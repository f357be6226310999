//! Collections that are never loaded into their owner: what entered and left them since the last
//! flush, and what stands in their place (`lazy="write_only"`, `lazy="dynamic"`).

use std::rc::Rc;

use rustc_hash::FxHashSet;

use super::attribute::{Attribute, Held};
use super::events;
use super::history::History;
use super::mapper::{MappedEntity, mapper_of};
use super::passive::Passive;
use super::properties::{Direction, MapperProperty};
use super::state::{Committed, InstanceState, PendingCollection, state_of};
use super::strategies::collection_select;
use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::object::{Cx, Instance, Raised, Result, Value};
use crate::sql::dml::{Delete, DmlData, DmlKey, DmlValue, Insert, Update};
use crate::sql::{BindParameter, ColumnElement, LabelStyle, Select, null_type};

/// What reads of a collection that is never loaded answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DynamicKind {
    /// A [`WriteOnlyCollection`]: nothing loads it.
    WriteOnly,
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
        let property = mapper_of(instance)
            .and_then(|mapper| mapper.prop(attribute.key()))
            .unwrap_or_else(|| attribute.property().clone());
        let Some(target) = property.target(cx)? else {
            return Err(INVALID_REQUEST_ERROR.error("not a relationship"));
        };
        let owner = Value::Instance(instance.clone());
        let criterion = super::compare_with(&property, Some(&owner), true, false, cx)?;
        Ok(Self {
            instance: instance.clone(),
            attribute: attribute.clone(),
            property,
            target: MappedEntity::Mapper(target),
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
    ) -> Result<Self> {
        let pending = state.pending(attribute.slot()).unwrap_or_default();
        let loads = state.has_identity() && passive.has(Passive::INIT_OK);
        if loads && passive.has(Passive::SQL_OK) {
            return Err(not_iterable(attribute, instance));
        }
        Ok(Self {
            pending,
            unchanged: None,
        })
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
        let pending = state_of(instance).and_then(|state| state.pending(attribute.slot()));
        let added = pending.unwrap_or_default().added;
        return Ok(Held::Value(Value::list(added)));
    }
    match kind {
        DynamicKind::WriteOnly => {
            let collection = WriteOnlyCollection::new(attribute, instance, cx)?;
            Ok(Held::Value(Value::object(collection)))
        }
    }
}

/// The members as far as reading is allowed: those that entered, with SQL those there were too.
pub(super) fn members(
    attribute: &Rc<Attribute>,
    instance: &Rc<Instance>,
    passive: Passive,
) -> Result<Vec<Value>> {
    let Some(state) = state_of(instance) else {
        return Ok(Vec::new());
    };
    let changes = Changes::of(attribute, instance, state, passive)?;
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
) -> Result<Vec<Rc<Instance>>> {
    let changes = Changes::of(attribute, instance, state, passive)?;
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
) -> Result<History> {
    Ok(Changes::of(attribute, instance, state, passive)?.into_history())
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
    if state.has_identity() {
        let name = describe(attribute, instance);
        return Err(INVALID_REQUEST_ERROR.error(format!(
            "Collection \"{name}\" does not support implicit iteration; collection replacement \
             operations can't be used"
        )));
    }
    let old = state.pending(attribute.slot()).unwrap_or_default().added;
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
