//! What a statement of entities loads, found out once per statement: which column of a row
//! fills which slot.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::object::{Cx, Key, Result, Str, TypeSpec, Value};
use crate::orm::path::Path;
use crate::orm::strategies::RelationshipStrategy;
use crate::orm::strategy_options::{LoadElement, LoaderMap};
use crate::orm::{BundleMaker, MappedEntity, Mapper, MapperProperty};

/// Slots of an instance, and what they get.
#[derive(Default)]
pub struct Slots {
    /// Slot and column: filled from the row.
    pub quick: Vec<(u32, usize)>,
    /// Slots that are to be loaded at their first use; whether a refresh of the object does it.
    pub expire: Vec<(u32, bool)>,
    /// Slots whose value a deferred loader of the instance's own fetches; whether that raises.
    pub deferred: Vec<(u32, bool)>,
    /// Relationships that a loader of the instance's own fetches, as the option says.
    pub lazy: Vec<(u32, Rc<MapperProperty>, Rc<LoadElement>)>,
    /// Relationships that were loaded before and are to be loaded anew.
    pub reset: Vec<u32>,
    /// Relationships that stay empty.
    pub empty: Vec<(u32, bool)>,
    /// Relationships loaded by a join.
    pub joined: Vec<JoinedPlan>,
    /// Relationships that a query of the parents' query loads, with the columns of the key.
    pub subquery: Vec<(u32, Rc<MapperProperty>, Vec<usize>, Option<Rc<LoadElement>>)>,
}

/// A relationship loaded by a join.
pub struct JoinedPlan {
    /// The slot.
    pub slot: u32,
    /// The relationship.
    pub property: Rc<MapperProperty>,
    /// Whether it is a collection.
    pub uselist: bool,
    /// How the related objects are loaded.
    pub target: Rc<InstancePlan>,
}

/// What is loaded right after the rows, for all their objects at once.
pub struct PostLoadPlan {
    /// The relationship; `None` for the columns of a subclass.
    pub property: Option<Rc<MapperProperty>>,
    /// The subclass whose columns are loaded.
    pub subclass: Option<Rc<Mapper>>,
    /// How.
    pub strategy: RelationshipStrategy,
    /// The option that asked for it.
    pub element: Option<Rc<LoadElement>>,
    /// The entity loaded, where `of_type()` gave one.
    pub target: Option<MappedEntity>,
    /// Whether anything may be loaded: not where the path turned back on itself.
    pub runs: bool,
}

/// How instances of a mapper are loaded from rows.
pub struct InstancePlan {
    /// The mapper.
    pub mapper: Rc<Mapper>,
    /// The base of its hierarchy, whose class is part of identity keys.
    pub base: Rc<Mapper>,
    /// The entity that was selected.
    pub entity: MappedEntity,
    /// Where it stands, from the statement's entity.
    pub path: Path,
    /// The columns of the primary key.
    pub identity: Vec<usize>,
    /// The column of the version, where it is checked.
    pub version: Option<usize>,
    /// What the slots get.
    pub slots: Slots,
    /// Which class a row is of.
    pub polymorphic: Option<PolymorphicPlan>,
    /// What is loaded right after.
    pub post_loads: Vec<PostLoadPlan>,
}

/// Which class of a hierarchy a row is of.
pub struct PolymorphicPlan {
    /// The column of the discriminator.
    pub column: usize,
    /// The plans of subclasses by discriminator; `None` for the mapper itself.
    pub plans: RefCell<FxHashMap<Key, Option<Rc<InstancePlan>>>>,
    /// What makes them.
    pub make: Box<dyn Fn(&Rc<Mapper>) -> Result<Rc<InstancePlan>>>,
}

/// A bundle of columns.
pub struct BundlePlan {
    /// Its name.
    pub name: Str,
    /// Its members and their names.
    pub members: Vec<(Str, EntityPlan)>,
    /// What makes its values.
    pub maker: BundleMaker,
}

/// What becomes of a selected entity in each row.
pub enum EntityPlan {
    /// An instance.
    Instance(Rc<InstancePlan>),
    /// The value of a column.
    Column(usize),
    /// A bundle.
    Bundle(Rc<BundlePlan>),
}

/// What a statement loads.
pub struct StatementPlan {
    /// Per selected entity.
    pub entities: Vec<EntityPlan>,
    /// The names in rows.
    pub keys: Rc<[Str]>,
    /// What finds each entity in a row besides its name.
    pub objects: Vec<Vec<Value>>,
    /// Per entity, whether its values are told apart by identity.
    pub by_identity: Vec<bool>,
    /// Whether rows are objects rather than tuples when there is one entity.
    pub single_entity: bool,
    /// Whether there is any mapped entity among them.
    pub has_mapped_entities: bool,
    /// Whether rows repeat because of joined collections.
    pub needs_unique: bool,
    /// Whether all rows must be read before the first is handed out.
    pub needs_buffering: bool,
    /// The options, sorted out.
    pub loaders: Rc<LoaderMap>,
    /// Where the statement's entity stands, from that of the statement that led to it.
    pub current_path: Path,
    /// Why the rows can't be loaded: the error's class and message.
    pub refusal: Option<(&'static TypeSpec, Str)>,
    /// The statement selects `*`: its rows are what they are.
    pub is_star: bool,
    /// Where only the rows tell which columns there are: what makes the plan then.
    pub late: Option<LatePlan>,
}

/// Makes the plan of a statement that was given with `from_statement()`.
pub struct LatePlan {
    /// The columns to find in a row.
    pub sought: Vec<Value>,
    /// The plan made last, and for which places of the columns.
    pub known: RefCell<Option<(Vec<Option<usize>>, Rc<StatementPlan>)>>,
    /// Makes the plan, given the place of each column.
    pub make: Box<MakeLate>,
}

/// Makes a plan, given the place of each column.
pub type MakeLate = dyn Fn(&[Option<usize>], &Cx) -> Result<Rc<StatementPlan>>;
