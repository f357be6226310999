//! `Mapper`: how one class is mapped; what is known of it once it was declared and configured.

use std::any::Any;
use std::cell::{Cell, Ref, RefCell};
use std::fmt;
use std::rc::{Rc, Weak};

use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::aliased::AliasedEntity;
use super::attribute::Attribute;
use super::events::ScriptListener;
use super::properties::{MapperProperty, PropertyId};
use super::registry::Registry;
use super::state::InstanceState;
use crate::object::exceptions::KEY_ERROR;
use crate::object::{Class, Cx, Instance, Key, Raised, Result, Str, Value};
use crate::sql::schema::{Column, Table};
use crate::sql::visitors::ClauseAdapter;
use crate::sql::{ColumnElement, FromClause};
use crate::util::Compat;

/// The properties of a mapper, by name, in order.
pub type Properties = IndexMap<Str, Rc<MapperProperty>, FxBuildHasher>;

/// How a class relates to the mapped class it derives from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inheritance {
    /// It derives from none.
    None,
    /// It has a table of its own, joined to the base's.
    Joined,
    /// It shares the base's table.
    Single,
    /// It has a table of its own, with no connection to the base's.
    Concrete,
}

/// A mapper, or an alias of one: what relationships and queries point at.
#[derive(Clone)]
pub enum MappedEntity {
    /// A mapper.
    Mapper(Rc<Mapper>),
    /// An alias.
    Aliased(Rc<AliasedEntity>),
}

impl MappedEntity {
    /// The mapper.
    pub fn mapper(&self) -> &Rc<Mapper> {
        match self {
            Self::Mapper(mapper) => mapper,
            Self::Aliased(alias) => alias.mapper(),
        }
    }
}

/// How a class is mapped.
pub struct Mapper {
    pub(super) this: Weak<Mapper>,
    pub(super) class: Rc<Class>,
    pub(super) registry: Rc<Registry>,
    pub(super) inherits: Option<Rc<Mapper>>,
    pub(super) inheritance: Inheritance,
    /// The mappers that inherit directly.
    pub(super) subclasses: RefCell<Vec<Rc<Mapper>>>,
    /// The table it adds; the base's for single-table inheritance.
    pub(super) local_table: FromClause,
    /// What rows are persisted in: the table, or the join of the hierarchy's tables.
    pub(super) mapped_table: FromClause,
    /// Every table it writes to, base first.
    pub(super) tables: Vec<Rc<Table>>,
    pub(super) primary_key: RefCell<Vec<ColumnElement>>,
    pub(super) props: RefCell<Properties>,
    /// The columns by attribute name, in the order in which they were mapped; a name may repeat.
    pub(super) columns: RefCell<Vec<(Str, ColumnElement)>>,
    /// The property of each column, by the column's identity.
    pub(super) column_props: RefCell<FxHashMap<usize, Rc<MapperProperty>>>,
    /// What answers for each slot of the instances.
    pub(super) attributes: RefCell<Rc<Vec<Rc<Attribute>>>>,
    /// The condition that joins a subclass's table to the base's.
    pub(super) inherit_condition: RefCell<Option<ColumnElement>>,
    /// Pairs of (base column, own column) that INSERT copies along.
    pub(super) inherits_equated_pairs: RefCell<Vec<(ColumnElement, ColumnElement)>>,
    pub(super) polymorphic_on: RefCell<Option<ColumnElement>>,
    /// The attribute that shows the discriminator.
    pub(super) polymorphic_key: RefCell<Option<Str>>,
    pub(super) polymorphic_identity: Value,
    /// The mappers of the hierarchy by identity; one map per hierarchy.
    pub(super) polymorphic_map: Rc<RefCell<IndexMap<Key, Weak<Mapper>, FxBuildHasher>>>,
    /// What `with_polymorphic` says by default.
    pub(super) with_polymorphic: RefCell<Option<WithPolymorphic>>,
    pub(super) polymorphic_adapter: RefCell<Option<Rc<ClauseAdapter>>>,
    pub(super) polymorphic_load: Option<Str>,
    pub(super) options: MapperOptions,
    pub(super) include: Option<Vec<Str>>,
    pub(super) exclude: Vec<Str>,
    pub(super) version_id: RefCell<Option<ColumnElement>>,
    pub(super) configured: Cell<bool>,
    pub(super) configure_failed: RefCell<Option<Value>>,
    /// `@validates`: the attribute, the method, include_removes, include_backrefs.
    pub(super) validators: RefCell<Vec<(Str, Value, bool, bool)>>,
    /// The delete-orphan relationships that point at it.
    pub(super) delete_orphans: RefCell<Vec<PropertyId>>,
    /// `@reconstructor`.
    pub(super) reconstructor: RefCell<Option<Value>>,
    /// Sequence number: mappers in the order in which they were made.
    pub(super) order: u32,
    /// Scripts' listeners for mapper and instance events: (event, function, raw, retval).
    pub(super) listeners: RefCell<Vec<MapperListener>>,
    /// Scripts' listeners for attributes that are yet to be made, with their names.
    pub(super) early_listeners: RefCell<Vec<(Str, ScriptListener)>>,
    /// What other parts of the layer keep per mapper (prepared statements, dependency order),
    /// by a number of theirs.
    pub caches: RefCell<FxHashMap<&'static str, Rc<dyn Any>>>,
}

/// `with_polymorphic=`: which subclasses, and from what they are selected.
#[derive(Clone)]
pub struct WithPolymorphic {
    /// The mappers; `None` is `"*"`.
    pub mappers: Option<Vec<Value>>,
    /// What they are selected from, where it was said.
    pub selectable: Option<FromClause>,
}

impl MapperListener {
    /// `instance` as the function wants it.
    pub fn target(&self, instance: &Rc<Instance>) -> Value {
        if self.raw {
            super::inspection::state_value(instance)
        } else {
            Value::Instance(instance.clone())
        }
    }
}

/// A script's listener for an event of a mapper or of its instances.
#[derive(Clone)]
pub struct MapperListener {
    /// `before_insert`, `load`, ...
    pub event: Str,
    /// The function.
    pub function: Value,
    /// Whether it is given the state rather than the instance.
    pub raw: bool,
    /// Whether what it answers counts.
    pub retval: bool,
    /// Whether subclasses' events reach it too.
    pub propagate: bool,
}

/// The plain arguments of `mapper()`.
#[derive(Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an argument of mapper()"
)]
#[expect(missing_docs, reason = "the names are those of the arguments")]
pub struct MapperOptions {
    pub allow_partial_pks: bool,
    pub batch: bool,
    pub confirm_deleted_rows: bool,
    pub eager_defaults: Value,
    pub passive_updates: bool,
    pub passive_deletes: bool,
    pub polymorphic_abstract: bool,
    pub legacy_is_orphan: bool,
    pub always_refresh: bool,
    pub version_id_generator: Value,
}

impl Default for MapperOptions {
    fn default() -> Self {
        Self {
            allow_partial_pks: true,
            batch: true,
            confirm_deleted_rows: true,
            eager_defaults: Value::Undefined,
            passive_updates: true,
            passive_deletes: false,
            polymorphic_abstract: false,
            legacy_is_orphan: false,
            always_refresh: false,
            version_id_generator: Value::Undefined,
        }
    }
}

/// A mapper as scripts see it.
#[derive(Clone)]
pub struct MapperHandle(pub Rc<Mapper>);

/// A registry as scripts see it.
#[derive(Clone)]
pub struct RegistryHandle(pub Rc<Registry>);

impl Mapper {
    /// Another handle of it.
    pub fn shared(&self) -> Option<Rc<Self>> {
        self.this.upgrade()
    }
    /// The mapped class.
    pub fn class(&self) -> &Rc<Class> {
        &self.class
    }
    /// The registry it belongs to.
    pub fn registry(&self) -> &Rc<Registry> {
        &self.registry
    }
    /// The mapper it inherits from.
    pub fn inherits(&self) -> Option<&Rc<Mapper>> {
        self.inherits.as_ref()
    }
    /// How it relates to the mapper it inherits from.
    pub fn inheritance(&self) -> Inheritance {
        self.inheritance
    }
    /// Whether it shares its base's table.
    pub fn is_single(&self) -> bool {
        self.inheritance == Inheritance::Single
    }
    /// Whether it has a table with no connection to its base's.
    pub fn is_concrete(&self) -> bool {
        self.inheritance == Inheritance::Concrete
    }
    /// The base of its hierarchy, whose objects are written together.
    pub fn base_mapper(self: &Rc<Self>) -> Rc<Self> {
        let mut mapper = self;
        while let Some(base) = &mapper.inherits {
            mapper = base;
        }
        mapper.clone()
    }
    /// The mapper whose class is in the identity keys of its objects: that of a concrete one is
    /// its own.
    pub fn identity_base(self: &Rc<Self>) -> Rc<Self> {
        let mut mapper = self;
        while let (Some(base), false) = (&mapper.inherits, mapper.is_concrete()) {
            mapper = base;
        }
        mapper.clone()
    }
    /// It and the mappers it inherits from, itself first.
    pub fn lineage(self: &Rc<Self>) -> Vec<Rc<Self>> {
        let mut found = vec![self.clone()];
        let mut mapper = self;
        while let Some(base) = &mapper.inherits {
            found.push(base.clone());
            mapper = base;
        }
        found
    }
    /// Whether it is `other` or inherits from it.
    pub fn isa(&self, other: &Self) -> bool {
        let mut mapper = self;
        loop {
            if std::ptr::eq(mapper, other) {
                return true;
            }
            match &mapper.inherits {
                Some(base) => mapper = base,
                None => return false,
            }
        }
    }
    /// Whether the two have a base in common.
    pub fn common_parent(self: &Rc<Self>, other: &Rc<Self>) -> bool {
        Rc::ptr_eq(&self.identity_base(), &other.identity_base())
    }
    /// The mappers that inherit directly, in definition order.
    pub fn subclasses(&self) -> Vec<Rc<Self>> {
        self.subclasses.borrow().clone()
    }
    /// It and all mappers below it, level by level.
    pub fn self_and_descendants(self: &Rc<Self>) -> Vec<Rc<Self>> {
        let mut found = vec![self.clone()];
        let mut at = 0;
        while at < found.len() {
            let below = found[at].subclasses();
            found.extend(below);
            at += 1;
        }
        found
    }
    /// When it was made, counted.
    pub fn order(&self) -> u32 {
        self.order
    }

    /// The table it adds; the base's for single-table inheritance.
    pub fn local_table(&self) -> &FromClause {
        &self.local_table
    }
    /// What rows are persisted in: the table, or the join of the hierarchy's tables
    /// (`persist_selectable`).
    pub fn mapped_table(&self) -> &FromClause {
        &self.mapped_table
    }
    /// Every table it writes to, base first.
    pub fn tables(&self) -> &[Rc<Table>] {
        &self.tables
    }
    /// The primary key, in terms of the base table of the hierarchy.
    pub fn primary_key(&self) -> Ref<'_, Vec<ColumnElement>> {
        self.primary_key.borrow()
    }
    /// The columns of the primary key of `table` that it writes, in order.
    pub fn table_primary_key(&self, table: &Table) -> Vec<Rc<Column>> {
        table
            .primary_key_columns()
            .into_iter()
            .filter(|column| self.column_props.borrow().contains_key(&identity(column)))
            .collect()
    }
    /// The condition that joins its table to the base's.
    pub fn inherit_condition(&self) -> Option<ColumnElement> {
        self.inherit_condition.borrow().clone()
    }
    /// Pairs of (base column, own column) that INSERT copies along.
    pub fn inherits_equated_pairs(&self) -> Vec<(ColumnElement, ColumnElement)> {
        self.inherits_equated_pairs.borrow().clone()
    }
    /// The discriminator.
    pub fn polymorphic_on(&self) -> Option<ColumnElement> {
        self.polymorphic_on.borrow().clone()
    }
    /// The attribute that shows the discriminator.
    pub fn polymorphic_key(&self) -> Option<Str> {
        self.polymorphic_key.borrow().clone()
    }
    /// The identity of its rows; `Undefined` without one.
    pub fn polymorphic_identity(&self) -> &Value {
        &self.polymorphic_identity
    }
    /// The mapper of the hierarchy with `identity`.
    pub fn polymorphic_mapper(&self, identity: &Value, cx: &Cx) -> Result<Option<Rc<Self>>> {
        let key = Key::new(identity.clone(), cx)?;
        Ok(self
            .polymorphic_map
            .borrow()
            .get(&key)
            .and_then(Weak::upgrade))
    }
    /// `polymorphic_load=`: `inline` or `selectin`.
    pub fn polymorphic_load(&self) -> Option<&Str> {
        self.polymorphic_load.as_ref()
    }
    /// `with_polymorphic=`.
    pub fn with_polymorphic(&self) -> Option<WithPolymorphic> {
        self.with_polymorphic.borrow().clone()
    }
    /// What turns columns of its table into those of the selectable that `with_polymorphic=`
    /// gives in its place.
    pub fn polymorphic_adapter(&self, cx: &Cx) -> Result<Option<Rc<ClauseAdapter>>> {
        let selectable = match &*self.with_polymorphic.borrow() {
            Some(WithPolymorphic {
                selectable: Some(selectable),
                ..
            }) => selectable.clone(),
            _ => return Ok(None),
        };
        let known = self.polymorphic_adapter.borrow().clone();
        if let Some(known) = known.filter(|known| known.selectable.same(&selectable)) {
            return Ok(Some(known));
        }
        let adapter =
            ClauseAdapter::new(selectable, cx)?.with_equivalents(self.equivalent_columns(cx));
        let adapter = Rc::new(adapter);
        *self.polymorphic_adapter.borrow_mut() = Some(adapter.clone());
        Ok(Some(adapter))
    }
    /// The plain arguments of `mapper()`.
    pub fn options(&self) -> &MapperOptions {
        &self.options
    }
    /// `version_id_col=`.
    pub fn version_id(&self) -> Option<ColumnElement> {
        self.version_id.borrow().clone()
    }

    /// The properties, in order.
    pub fn props(&self) -> Ref<'_, Properties> {
        self.props.borrow()
    }
    /// The properties, in order, cloned for a loop that may run scripts.
    pub fn prop_list(&self) -> Vec<Rc<MapperProperty>> {
        self.props.borrow().values().cloned().collect()
    }
    /// The relationships, in order.
    pub fn relationships(&self) -> Vec<Rc<MapperProperty>> {
        let props = self.props.borrow();
        props
            .values()
            .filter(|prop| prop.relationship().is_some())
            .cloned()
            .collect()
    }
    /// The property `name`.
    pub fn prop(&self, name: &str) -> Option<Rc<MapperProperty>> {
        self.props.borrow().get(name).cloned()
    }
    /// Whether `property` is one of its own or inherited ones.
    pub fn has_property(&self, property: PropertyId) -> bool {
        self.props
            .borrow()
            .values()
            .any(|prop| prop.id() == property)
    }
    /// The columns by attribute name, in the order in which they were mapped; a name repeats
    /// where a subclass adds a column to an inherited attribute.
    pub fn columns(&self) -> Vec<(Str, ColumnElement)> {
        self.columns.borrow().clone()
    }
    /// The property of `column`.
    pub fn column_prop(&self, column: &ColumnElement) -> Option<Rc<MapperProperty>> {
        self.column_props.borrow().get(&column.identity()).cloned()
    }
    /// The property of a table's column.
    pub fn table_column_prop(&self, column: &Rc<Column>) -> Option<Rc<MapperProperty>> {
        self.column_props.borrow().get(&identity(column)).cloned()
    }
    /// What answers for each slot of the instances.
    pub fn attributes(&self) -> Rc<Vec<Rc<Attribute>>> {
        self.attributes.borrow().clone()
    }
    /// What answers for `slot`.
    pub fn attribute_at(&self, slot: u32) -> Option<Rc<Attribute>> {
        self.attributes.borrow().get(slot as usize).cloned()
    }
    /// What answers for attribute `name`.
    pub fn attribute(&self, name: &str) -> Option<Rc<Attribute>> {
        self.attribute_at(self.class.slot(name)?)
    }
    /// Whether attribute `name` answers for this class itself rather than for a base.
    pub fn has_own_attribute(&self, name: &str) -> bool {
        let Some(attribute) = self.attribute(name) else {
            return false;
        };
        self.inherits.as_ref().is_none_or(|base| {
            base.attribute(name)
                .is_none_or(|inherited| !Rc::ptr_eq(&inherited, &attribute))
        })
    }
    /// The columns that joins of the hierarchy equate with each other, by column.
    pub fn equivalent_columns(&self, _cx: &Cx) -> Vec<(ColumnElement, Vec<ColumnElement>)> {
        let Some(this) = self.shared() else {
            return Vec::new();
        };
        let mut found: Vec<(ColumnElement, Vec<ColumnElement>)> = Vec::new();
        let mut add = |a: &ColumnElement, b: &ColumnElement| match found
            .iter_mut()
            .find(|(column, _)| column.same(a))
        {
            Some((_, others)) => others.push(b.clone()),
            None => found.push((a.clone(), vec![b.clone()])),
        };
        for mapper in this.identity_base().self_and_descendants() {
            for (base, own) in mapper.inherits_equated_pairs.borrow().iter() {
                add(base, own);
                add(own, base);
            }
        }
        found
    }
    /// Whether joins of the hierarchy equate two columns.
    pub fn are_equivalent(&self, a: &ColumnElement, b: &ColumnElement) -> bool {
        let pairs = self.equivalent_columns(&Cx::current());
        let mut reached = vec![a.clone()];
        let mut at = 0;
        while at < reached.len() {
            if reached[at].same(b) {
                return true;
            }
            if let Some((_, others)) = pairs.iter().find(|(column, _)| column.same(&reached[at])) {
                for other in others {
                    if !reached.iter().any(|known| known.same(other)) {
                        reached.push(other.clone());
                    }
                }
            }
            at += 1;
        }
        false
    }
    /// The slot of the attribute that holds `column`.
    pub fn column_slot(&self, column: &ColumnElement) -> Option<u32> {
        self.class.slot(&self.column_prop(column)?.key())
    }
    /// The attribute that holds `column`, or the error for a column that is not mapped.
    pub fn expect_column_attribute(&self, column: &ColumnElement) -> Result<Rc<Attribute>> {
        self.column_slot(column)
            .and_then(|slot| self.attribute_at(slot))
            .ok_or_else(|| self.unmapped_column(column))
    }
    fn unmapped_column(&self, column: &ColumnElement) -> Raised {
        let shown = match column.plain() {
            ColumnElement::Column(column) => column.description(),
            _ => "expression".to_owned(),
        };
        KEY_ERROR.error(format!(
            "Column {shown} is not mapped by {}",
            self.class.name()
        ))
    }

    /// Whether an object hangs on no parent although a delete-orphan relationship wants one.
    pub fn is_orphan(&self, state: &InstanceState) -> bool {
        let legacy = self.options.legacy_is_orphan;
        let mut possible = false;
        let mut mapper = Some(self);
        while let Some(one) = mapper {
            for parent in one.delete_orphans.borrow().iter() {
                possible = true;
                let has_parent = state.has_parent(*parent, state.has_identity());
                if has_parent == legacy {
                    return !legacy;
                }
            }
            mapper = one.inherits.as_deref();
        }
        possible && legacy
    }
    /// Whether some relationship to it has the delete-orphan cascade.
    pub fn has_delete_orphans(&self) -> bool {
        let mut mapper = Some(self);
        while let Some(one) = mapper {
            if !one.delete_orphans.borrow().is_empty() {
                return true;
            }
            mapper = one.inherits.as_deref();
        }
        false
    }
    /// Listeners of scripts for `event`: those of all mappers, of bases, its own.
    pub fn listeners(&self, event: &str) -> Vec<MapperListener> {
        let cx = Cx::current();
        let mut found = super::registry::global_listeners(&self.class, event, &cx);
        let own = self.listeners.borrow();
        found.extend(
            own.iter()
                .filter(|one| one.event.as_str() == event)
                .cloned(),
        );
        found
    }
    /// Add a listener, with `first` before those that listen already; one that propagates
    /// hears of the mappers that inherit from this one too.
    pub fn listen(self: &Rc<Self>, listener: &MapperListener, first: bool) {
        let mappers = match listener.propagate {
            true => self.self_and_descendants(),
            false => vec![self.clone()],
        };
        for mapper in mappers {
            let mut listeners = mapper.listeners.borrow_mut();
            let at = if first { 0 } else { listeners.len() };
            listeners.insert(at, listener.clone());
        }
    }
    /// Add a script's listener for the attribute `key`; one that propagates hears of the
    /// attributes of the mappers that inherit from this one too.
    pub fn listen_to_attribute(self: &Rc<Self>, key: &Str, script: &ScriptListener, first: bool) {
        let mappers = match script.propagate {
            true => self.self_and_descendants(),
            false => vec![self.clone()],
        };
        for mapper in mappers {
            if let Some(attribute) = mapper.attribute(key) {
                attribute.listen_script(script.clone(), first);
            } else {
                let mut early = mapper.early_listeners.borrow_mut();
                early.push((key.clone(), script.clone()));
            }
        }
    }
    /// Take over the listeners of the mapper it inherits from that propagate.
    pub(super) fn inherit_listeners(&self) {
        if let Some(base) = &self.inherits {
            let listeners = base.listeners.borrow();
            let propagating = listeners.iter().filter(|one| one.propagate).cloned();
            self.listeners.borrow_mut().extend(propagating);
            let early = base.early_listeners.borrow();
            let propagating = early.iter().filter(|(_, one)| one.propagate).cloned();
            self.early_listeners.borrow_mut().extend(propagating);
        }
    }
    /// Remove a listener.
    pub fn forget_listener(self: &Rc<Self>, event: &str, function: &Value) {
        for mapper in self.self_and_descendants() {
            mapper
                .listeners
                .borrow_mut()
                .retain(|one| one.event.as_str() != event || !one.function.is(function));
        }
    }
    /// Whether it was configured.
    pub fn is_configured(&self) -> bool {
        self.configured.get()
    }
    /// The method marked `@reconstructor`, of the class or a base.
    pub fn reconstructor(self: &Rc<Self>) -> Option<Value> {
        self.lineage()
            .iter()
            .find_map(|mapper| mapper.reconstructor.borrow().clone())
    }
    /// `mapped class User->users`, `Mapper[User(users)]`: its text in messages.
    pub fn describe(&self, compat: Compat) -> String {
        let table = from_description(&self.local_table);
        let name = self.class.name();
        match compat {
            Compat::V14 => format!("mapped class {name}->{table}"),
            Compat::V20 => format!("Mapper[{name}({table})]"),
        }
    }
}

fn identity(column: &Rc<Column>) -> usize {
    Rc::as_ptr(column) as usize
}

/// The name of a FROM element, as messages show it.
pub fn from_description(from: &FromClause) -> String {
    match from.plain() {
        FromClause::Table(table) => table.full_name(),
        FromClause::TableClause(table) => table.name.to_string(),
        FromClause::Alias(alias) => match alias.name.text() {
            Some(name) => name.to_string(),
            None => "anon_1".to_owned(),
        },
        FromClause::Join(join) => format!(
            "Join object on {}({}) and {}({})",
            from_description(&join.left),
            join.left.identity(),
            from_description(&join.right),
            join.right.identity()
        ),
        _ => "selectable".to_owned(),
    }
}

impl fmt::Debug for Mapper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Mapper {}>", self.class.name())
    }
}

/// The value that `object` holds for `column`.
pub fn column_value(object: &Value, column: &ColumnElement, cx: &Cx) -> Result<Value> {
    let Value::Instance(instance) = object else {
        return Err(KEY_ERROR.error("not a mapped object"));
    };
    let attribute = mapper_of(instance)
        .ok_or_else(|| KEY_ERROR.error("not a mapped object"))?
        .expect_column_attribute(column)?;
    cx.get_attr(object, attribute.key())
}

/// The mapper of an instance.
pub fn mapper_of(instance: &Instance) -> Option<Rc<Mapper>> {
    instance
        .payload::<InstanceState>()
        .map(|state| state.mapper().clone())
}

/// The mapper of a class, if it is mapped.
pub fn class_mapper(class: &Class) -> Option<Rc<Mapper>> {
    let extension = class.own_extension()?;
    extension
        .as_any()
        .downcast_ref::<super::mapped_class::MappedClass>()
        .and_then(super::mapped_class::MappedClass::mapper)
}
