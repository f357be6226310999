//! `RelationshipProperty`: what was given to `relationship()`, and what configuration made of it.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::{Rc, Weak};

use super::{Cascade, MapperProperty};
use crate::object::{Cx, Result, Str, Value};
use crate::orm::collections::CollectionFactory;
use crate::orm::mapper::{MappedEntity, Mapper};
use crate::sql::{ColumnElement, FromClause};

/// Which way a relationship points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are SQLAlchemy's")]
pub enum Direction {
    OneToMany,
    ManyToOne,
    ManyToMany,
}

impl Direction {
    /// Its number in the enumeration of 2.0.
    pub fn number(self) -> u8 {
        match self {
            Self::OneToMany => 1,
            Self::ManyToOne => 2,
            Self::ManyToMany => 3,
        }
    }
    /// `ONETOMANY`.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::OneToMany => "ONETOMANY",
            Self::ManyToOne => "MANYTOONE",
            Self::ManyToMany => "MANYTOMANY",
        }
    }
}

/// `passive_deletes=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum PassiveDeletes {
    /// Children are loaded when the parent is deleted.
    #[default]
    No,
    /// Children that are not loaded are left to the database.
    Yes,
    /// All children are left to the database.
    All,
}

/// Arguments that are evaluated when mappers are configured: texts, functions, or values.
#[expect(missing_docs, reason = "the names are those of the arguments")]
pub struct RelationshipArgs {
    pub argument: RefCell<Value>,
    pub secondary: Value,
    pub primaryjoin: Value,
    pub secondaryjoin: Value,
    pub order_by: Value,
    pub foreign_keys: Value,
    pub remote_side: Value,
    pub backref: Value,
    pub collection_class: RefCell<Value>,
    pub comparator_factory: Value,
    pub query_class: Value,
}

/// The plain arguments.
#[derive(Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an argument of relationship()"
)]
#[expect(missing_docs, reason = "the names are those of the arguments")]
pub struct RelationshipOptions {
    pub uselist: Option<bool>,
    pub post_update: bool,
    pub viewonly: bool,
    pub passive_deletes: PassiveDeletes,
    pub passive_updates: bool,
    pub active_history: bool,
    pub enable_typechecks: bool,
    pub join_depth: Option<u32>,
    pub single_parent: bool,
    /// `innerjoin=`: False, True, `"nested"`, `"unnested"`.
    pub innerjoin: Value,
    pub distinct_target_key: Option<bool>,
    pub load_on_pending: bool,
    pub omit_join: Option<bool>,
    pub sync_backref: Option<bool>,
    pub cascade_backrefs: bool,
    pub overlaps: Vec<Str>,
    /// The dataclass arguments.
    pub field: crate::orm::declarative::FieldOptions,
}

/// A column and the column that is set from it.
pub type ColumnPair = (ColumnElement, ColumnElement);

/// What configuration finds out about the join of a relationship.
pub struct JoinData {
    /// Which way it points.
    pub direction: Direction,
    /// The condition between parent and target, or parent and secondary; annotated.
    pub primaryjoin: ColumnElement,
    /// The condition between secondary and target; annotated.
    pub secondaryjoin: Option<ColumnElement>,
    /// The association table.
    pub secondary: Option<FromClause>,
    /// Pairs of (source, destination) columns that a flush copies along.
    pub synchronize_pairs: Vec<ColumnPair>,
    /// The same between secondary and target: (target column, secondary column).
    pub secondary_synchronize_pairs: Vec<ColumnPair>,
    /// Pairs of (local, remote) columns.
    pub local_remote_pairs: Vec<ColumnPair>,
    /// The columns on the remote side.
    pub remote_columns: Vec<ColumnElement>,
    /// The columns on the local side.
    pub local_columns: Vec<ColumnElement>,
    /// The columns that hold a foreign key.
    pub foreign_key_columns: Vec<ColumnElement>,
    /// Whether the user marked columns of the condition as remote.
    pub remote_marked: bool,
    /// Whether the user marked columns of the condition as foreign.
    pub foreign_marked: bool,
}

/// What is particular to a relationship.
pub struct RelationshipProperty {
    /// Arguments that are evaluated when mappers are configured.
    pub args: RelationshipArgs,
    /// The plain arguments.
    pub options: RelationshipOptions,
    cascade: Cell<Cascade>,
    /// `lazy=`, as a name of the strategies' table.
    pub lazy: RefCell<Str>,
    /// `back_populates=`, or what a backref made of it.
    pub back_populates: RefCell<Option<Str>>,
    /// Whether it is made by a backref.
    pub is_backref: Cell<bool>,
    pub(in crate::orm) uselist: Cell<Option<bool>>,
    pub(in crate::orm) entity: OnceCell<MappedEntity>,
    pub(in crate::orm) order_by: OnceCell<Vec<ColumnElement>>,
    pub(in crate::orm) join: OnceCell<JoinData>,
    pub(in crate::orm) collection: OnceCell<CollectionFactory>,
    pub(in crate::orm) reverse: RefCell<Vec<Weak<MapperProperty>>>,
    /// Whether the other side forbids that this one keeps it in step.
    pub(in crate::orm) sync_disabled: Cell<bool>,
    /// Whether a lazy load is a look-up by primary key.
    pub(in crate::orm) use_get: Cell<bool>,
    /// What the session side keeps per relationship (strategies, dependency processors).
    pub strategies: RefCell<Vec<Rc<dyn std::any::Any>>>,
}

impl RelationshipProperty {
    /// A relationship as given.
    pub fn new(
        args: RelationshipArgs,
        options: RelationshipOptions,
        cascade: Cascade,
        lazy: Str,
        back_populates: Option<Str>,
    ) -> Self {
        Self {
            uselist: Cell::new(options.uselist),
            args,
            options,
            cascade: Cell::new(cascade),
            lazy: RefCell::new(lazy),
            back_populates: RefCell::new(back_populates),
            is_backref: Cell::new(false),
            entity: OnceCell::new(),
            order_by: OnceCell::new(),
            join: OnceCell::new(),
            collection: OnceCell::new(),
            reverse: RefCell::default(),
            sync_disabled: Cell::new(false),
            use_get: Cell::new(false),
            strategies: RefCell::default(),
        }
    }
    /// What an operation on the parent does to the related objects.
    pub fn cascade(&self) -> Cascade {
        self.cascade.get()
    }
    /// Set the cascade.
    pub fn set_cascade(&self, cascade: Cascade) {
        self.cascade.set(cascade);
    }
    /// The mapper of the related class; resolves the argument at the first use.
    pub fn mapper(&self, cx: &Cx) -> Result<Rc<Mapper>> {
        Ok(self.entity(cx)?.mapper().clone())
    }
    /// The related class's mapper, or the alias of it that was given.
    pub fn entity(&self, cx: &Cx) -> Result<&MappedEntity> {
        crate::orm::configure::resolve_entity(self, cx)
    }
    /// What configuration found out; `None` before it.
    pub fn join(&self) -> Option<&JoinData> {
        self.join.get()
    }
    /// Which way it points; `None` before configuration.
    pub fn direction(&self) -> Option<Direction> {
        self.join.get().map(|join| join.direction)
    }
    /// Whether it holds a collection, as far as that is known.
    pub fn uselist(&self) -> bool {
        self.uselist.get().unwrap_or(false)
    }
    /// Say that it holds one object, or a collection.
    pub fn set_uselist(&self, uselist: bool) {
        self.uselist.set(Some(uselist));
    }
    /// Whether it keeps the other side in step.
    pub fn syncs_backref(&self) -> bool {
        !self.options.viewonly
            && !self.sync_disabled.get()
            && self.options.sync_backref != Some(false)
    }
    /// Whether the user marked columns of the condition as remote.
    pub fn has_remote_marks(&self) -> bool {
        self.join.get().is_some_and(|join| join.remote_marked)
    }
    /// Whether the user marked columns of the condition as foreign.
    pub fn has_foreign_marks(&self) -> bool {
        self.join.get().is_some_and(|join| join.foreign_marked)
    }
    /// The evaluated `order_by=`.
    pub fn order_by(&self) -> &[ColumnElement] {
        self.order_by.get().map_or(&[], Vec::as_slice)
    }
    /// What makes its collections, once configured.
    pub fn collection(&self) -> Option<&CollectionFactory> {
        self.collection.get()
    }
    /// The relationships of the other side.
    pub fn reverse(&self) -> Vec<Rc<MapperProperty>> {
        self.reverse
            .borrow()
            .iter()
            .filter_map(Weak::upgrade)
            .collect()
    }
    /// Whether a lazy load is a look-up by primary key.
    pub fn use_get(&self) -> bool {
        self.use_get.get()
    }
}
