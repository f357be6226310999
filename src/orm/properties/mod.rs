//! Mapper properties: what maps one attribute of a class.

mod cascade;
mod column;
mod descriptors;
mod relationship;

use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;
use std::rc::{Rc, Weak};

pub use cascade::Cascade;
pub use column::ColumnProperty;
pub use descriptors::{CompositeProperty, SynonymProperty};
pub use relationship::{
    ColumnPair, Direction, JoinData, PassiveDeletes, RelationshipArgs, RelationshipOptions,
    RelationshipProperty,
};

use super::mapper::Mapper;
use crate::object::{Cx, Dict, Result, Str, Value};
use crate::sql::schema::next_creation_order;

/// A number that identifies a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PropertyId(u32);

thread_local! {
    static NEXT: Cell<u32> = const { Cell::new(1) };
}

/// What maps one attribute.
pub struct MapperProperty {
    id: PropertyId,
    creation_order: u64,
    key: OnceCell<Str>,
    parent: RefCell<Weak<Mapper>>,
    initialized: Cell<bool>,
    kind: PropertyKind,
    doc: RefCell<Value>,
    info: OnceCell<Rc<Dict>>,
}

/// What kind of property, and what is particular to it.
pub enum PropertyKind {
    /// One or more columns, or a SQL expression.
    Column(ColumnProperty),
    /// A relationship.
    Relationship(Box<RelationshipProperty>),
    /// An object made of several columns.
    Composite(CompositeProperty),
    /// Another name of an attribute.
    Synonym(SynonymProperty),
    /// An attribute of the parent mapper that a concrete mapper does not have.
    ConcreteInherited,
}

impl MapperProperty {
    /// A property that waits for its name and its mapper.
    pub fn new(kind: PropertyKind) -> Rc<Self> {
        let id = NEXT.get();
        NEXT.set(id + 1);
        Rc::new(Self {
            id: PropertyId(id),
            creation_order: next_creation_order(),
            key: OnceCell::new(),
            parent: RefCell::default(),
            initialized: Cell::new(false),
            kind,
            doc: RefCell::new(Value::None),
            info: OnceCell::new(),
        })
    }
    /// A number that identifies it; later ones are greater.
    pub fn id(&self) -> PropertyId {
        self.id
    }
    /// Its place in the order in which columns and properties were made.
    pub fn creation_order(&self) -> u64 {
        self.creation_order
    }
    /// The name of the attribute; empty while it has none.
    pub fn key(&self) -> Str {
        self.key.get().cloned().unwrap_or_else(|| Str::new(""))
    }
    /// Whether it has a name and so belongs to a mapper.
    pub fn has_key(&self) -> bool {
        self.key.get().is_some()
    }
    /// Give it its name; the first one stays.
    pub fn set_key(&self, key: Str) {
        drop(self.key.set(key));
    }
    /// The mapper it was declared on.
    pub fn parent(&self) -> Option<Rc<Mapper>> {
        self.parent.borrow().upgrade()
    }
    /// Set the mapper it was declared on.
    pub fn set_parent(&self, mapper: &Rc<Mapper>) {
        *self.parent.borrow_mut() = Rc::downgrade(mapper);
    }
    /// Whether it was configured; sets the mark.
    pub fn mark_initialized(&self) -> bool {
        self.initialized.replace(true)
    }
    /// What kind it is.
    pub fn kind(&self) -> &PropertyKind {
        &self.kind
    }
    /// The column part, of a column property.
    pub fn column(&self) -> Option<&ColumnProperty> {
        match &self.kind {
            PropertyKind::Column(column) => Some(column),
            _ => None,
        }
    }
    /// The relationship part, of a relationship.
    pub fn relationship(&self) -> Option<&RelationshipProperty> {
        match &self.kind {
            PropertyKind::Relationship(relationship) => Some(relationship),
            _ => None,
        }
    }
    /// The composite part, of a composite.
    pub fn composite(&self) -> Option<&CompositeProperty> {
        match &self.kind {
            PropertyKind::Composite(composite) => Some(composite),
            _ => None,
        }
    }
    /// The synonym part, of a synonym.
    pub fn synonym(&self) -> Option<&SynonymProperty> {
        match &self.kind {
            PropertyKind::Synonym(synonym) => Some(synonym),
            _ => None,
        }
    }
    /// The mapper of the related class, of a relationship.
    pub fn target(&self, cx: &Cx) -> Result<Option<Rc<Mapper>>> {
        match self.relationship() {
            Some(relationship) => relationship.mapper(cx).map(Some),
            None => Ok(None),
        }
    }
    /// What an operation on the parent does to the related objects.
    pub fn cascade(&self) -> Cascade {
        self.relationship()
            .map_or_else(Cascade::default, RelationshipProperty::cascade)
    }
    /// `cascade_backrefs`, of 1.4.
    pub fn cascades_backrefs(&self) -> bool {
        self.relationship()
            .is_some_and(|relationship| relationship.options.cascade_backrefs)
    }
    /// Whether it loads for objects without a row too.
    pub fn loads_on_pending(&self) -> bool {
        self.relationship()
            .is_some_and(|relationship| relationship.options.load_on_pending)
    }
    /// Whether two values of it are equal, as its type compares them.
    pub fn values_equal(&self, a: &Value, b: &Value, cx: &Cx) -> Result<bool> {
        // A float may equal an int, which is no change for a column either.
        cx.eq(a, b)
    }
    /// `doc=`.
    pub fn doc(&self) -> Value {
        self.doc.borrow().clone()
    }
    /// Set `doc`.
    pub fn set_doc(&self, doc: Value) {
        *self.doc.borrow_mut() = doc;
    }
    /// The info dict.
    pub fn info(&self) -> &Rc<Dict> {
        self.info.get_or_init(Rc::default)
    }
}

/// `User.addresses`, as messages show it.
impl fmt::Display for MapperProperty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parent() {
            Some(parent) => write!(f, "{}.{}", parent.class().name(), self.key()),
            None => f.write_str("no key"),
        }
    }
}
