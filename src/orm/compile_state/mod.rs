//! A SELECT of entities made into one of columns and tables, with the plan of what its rows
//! become.

mod adapter;
mod assemble;
mod criteria;
mod current;
mod entities;
mod from_statement;
mod joins;
mod legacy_joins;
mod orm_join;
mod plan;
mod plugin;
mod setup;

use std::rc::Rc;

use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap};

pub use adapter::EntityAdapter;
pub use current::CurrentAdapter;
pub use entities::{QueryEntity, entities_of, entity_in};
pub use orm_join::{OrmJoin, Side, orm_join};
pub use plugin::plugin;
pub use setup::EntitySetup;

use super::path::{Path, PathKey};
use super::strategies::EagerJoin;
use super::strategy_options::LoaderMap;
use super::{MappedEntity, MapperProperty};
use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::object::{Cx, Result, Value};
use crate::sql::{ColumnElement, Executable, FromClause, FromItem, Select, SelectData};

/// How the ORM compiles a SELECT, where it made the SELECT itself.
#[derive(Clone)]
pub struct CompileOptions {
    /// Where the statement's entity stands, from that of the statement that led to it.
    pub current_path: Path,
    /// The slots that are loaded.
    pub only: Option<Vec<u32>>,
    /// Whether it refreshes an object.
    pub for_refresh: bool,
    /// Whether relationships that load lazily are loaded too, where the refresh names them.
    pub refreshes_lazy: bool,
    /// Whether it is a `Query`.
    pub legacy: bool,
    /// Whether it is `Query.statement`, whose columns have plain names.
    pub for_statement: bool,
    /// Whether eager loaders run.
    pub eager_loads: bool,
    /// Whether criteria of single-table inheritance and loader criteria are added.
    pub criteria: bool,
    /// Whether what is selected from stands for the entities' tables (`from_self()`).
    pub base_alias: bool,
    /// Whether that goes for columns that are of no entity too.
    pub adapts_all: bool,
    /// Relationships whose reverse side is loaded lazily in this statement.
    pub lazy_reverse: Option<Rc<MapperProperty>>,
    /// A relationship whose order the rows are in.
    pub outermost_order: Option<Rc<MapperProperty>>,
    /// What a nested subquery load starts from.
    pub subquery_origin: Option<Rc<super::strategies::SubqueryOrigin>>,
}

impl Default for CompileOptions {
    fn default() -> Self {
        Self {
            current_path: Path::root(),
            only: None,
            for_refresh: false,
            refreshes_lazy: false,
            legacy: false,
            for_statement: false,
            eager_loads: true,
            criteria: true,
            base_alias: false,
            adapts_all: false,
            lazy_reverse: None,
            outermost_order: None,
            subquery_origin: None,
        }
    }
}

impl CompileOptions {
    /// The options that `data` carries.
    pub fn of(data: &SelectData) -> Self {
        data.compile_options
            .as_ref()
            .and_then(|options| options.downcast_ref::<Self>())
            .cloned()
            .unwrap_or_default()
    }
}

/// Where a selected column is: among those of the entities asked for, or of eager loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// Number so of the first kind.
    Primary(usize),
    /// Number so of the second kind.
    Secondary(usize),
}

/// Which columns a column is added to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collection {
    /// Those of the entities asked for.
    Primary,
    /// Those of eager loads.
    Secondary,
}

/// An element of the FROM list, and the entity it was given as.
#[derive(Clone)]
pub struct FromState {
    /// The element.
    pub clause: FromClause,
    /// The entity.
    pub entity: Option<MappedEntity>,
}

/// What an eager join is attached to: an element of the FROM list, or an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EagerKey {
    /// The element at this place.
    From(usize),
    /// The entity at this place.
    Entity(usize),
}

/// A join made for eager loading.
#[derive(Clone)]
pub struct EagerRoot {
    /// What it is by now.
    pub clause: FromClause,
    /// The selectable of the entity it was attached to, where a subquery is put instead.
    pub stop_on: FromClause,
    /// The joins made so far with the path they load, for inner joins inside outer ones.
    pub made: Vec<(Path, FromClause, bool)>,
}

/// A SELECT being compiled.
pub struct CompileState<'a> {
    /// The session.
    pub cx: &'a Cx,
    /// The SELECT.
    pub select: Select,
    /// How.
    pub options: CompileOptions,
    /// Whether it is the outermost statement.
    pub toplevel: bool,
    /// The loader options.
    pub loaders: LoaderMap,
    /// What is selected.
    pub entities: Vec<QueryEntity>,
    /// The columns of the entities asked for.
    pub primary: Vec<ColumnElement>,
    /// The columns of eager loads.
    pub secondary: Vec<ColumnElement>,
    /// Where each column is, by identity.
    pub positions: FxHashMap<usize, Position>,
    /// The FROM list as far as it was said.
    pub froms: Vec<FromState>,
    /// What the FROM list is otherwise.
    pub fallback: Vec<FromClause>,
    /// WHERE.
    pub where_criteria: Vec<ColumnElement>,
    /// The adapters of eagerly joined entities, by the relationship's path.
    pub eager_adapters: FxHashMap<PathKey, Rc<EntityAdapter>>,
    /// Joins for eager loading that are still to be made.
    pub pending_eager: Vec<EagerJoin>,
    /// Joins for eager loading.
    pub eager_joins: IndexMap<EagerKey, EagerRoot, FxBuildHasher>,
    /// ORDER BY of eagerly loaded collections.
    pub eager_order_by: Vec<ColumnElement>,
    /// Whether a collection is joined, so that rows repeat.
    pub multi_row: bool,
    /// Whether eager loading adds joins of its own.
    pub adds_joins: bool,
    /// Entities that were joined, whose criteria are in the ON clause.
    pub joined: Vec<MappedEntity>,
    /// Entities that extra criteria are for.
    pub criteria_entities: Vec<MappedEntity>,
    /// What adapts the statement's clauses.
    pub current: CurrentAdapter,
    /// What adapts the columns of each selected entity.
    pub adapters: Vec<Option<Rc<EntityAdapter>>>,
    /// The joins made along relationships: between which entities, along which.
    pub edges: Vec<((MappedEntity, MappedEntity), Rc<MapperProperty>)>,
    /// Where the next legacy join goes on from.
    joinpoint: legacy_joins::Joinpoint,
}

/// What compiling made.
pub struct Compiled {
    /// The plain SELECT.
    pub select: Select,
    /// The statement instead, where one was given with `from_statement()`.
    pub statement: Option<Executable>,
    /// What its rows become.
    pub plan: Rc<super::loading::StatementPlan>,
}

impl<'a> CompileState<'a> {
    /// Compile `select`.
    pub fn compile(select: &Select, toplevel: bool, cx: &'a Cx) -> Result<Compiled> {
        let data = select.data();
        let subject = data.subject.as_ref();
        if let Some(entity) = subject.and_then(|subject| MappedEntity::of(subject.as_ref())) {
            super::configure_registry(entity.mapper().registry(), cx)?;
        }
        let mut options = CompileOptions::of(data);
        if !toplevel {
            options.eager_loads = false;
        }
        let mut state = Self {
            cx,
            select: select.clone(),
            options,
            toplevel,
            loaders: LoaderMap::default(),
            entities: Vec::new(),
            primary: Vec::new(),
            secondary: Vec::new(),
            positions: FxHashMap::default(),
            froms: Vec::new(),
            fallback: Vec::new(),
            where_criteria: data.where_criteria.clone(),
            eager_adapters: FxHashMap::default(),
            pending_eager: Vec::new(),
            eager_joins: IndexMap::default(),
            eager_order_by: Vec::new(),
            multi_row: false,
            adds_joins: false,
            joined: Vec::new(),
            criteria_entities: Vec::new(),
            current: CurrentAdapter::default(),
            adapters: Vec::new(),
            edges: Vec::new(),
            joinpoint: legacy_joins::Joinpoint::default(),
        };
        state.entities = entities_of(select, cx)?;
        state.sort_options()?;
        match &data.from_statement {
            Some(statement) => state.run_from_statement(statement),
            None => state.run(),
        }
    }

    fn sort_options(&mut self) -> Result<()> {
        if !self.options.eager_loads || !self.toplevel && self.select.data().options.is_empty() {
            return Ok(());
        }
        let roots: Vec<MappedEntity> = self
            .entities
            .iter()
            .filter_map(|entity| entity.mapped().cloned())
            .collect();
        self.loaders = LoaderMap::of(
            &self.select.data().options,
            &roots,
            &self.options.current_path,
            self.options.for_refresh,
            self.cx,
        )?;
        if let Some(property) = self.options.lazy_reverse.clone() {
            self.load_reverse_lazily(&property);
        }
        Ok(())
    }

    fn run(mut self) -> Result<Compiled> {
        for item in self.select.data().from_obj.clone() {
            self.add_from(&item)?;
        }
        self.set_base_alias()?;
        for memoized in self.select.data().memoized.clone() {
            let earlier = entities::entities_of_items(&memoized.raw_columns, self.cx)?;
            let now = std::mem::replace(&mut self.entities, earlier);
            let joined = self.join_all(&memoized.setup_joins);
            self.entities = now;
            joined?;
        }
        let setup = self.select.data().setup_joins.clone();
        self.join_all(&setup)?;
        if let Some(property) = self.options.outermost_order.clone()
            && let Some(relationship) = property.relationship()
        {
            self.eager_order_by
                .extend(relationship.order_by().iter().cloned());
        }
        self.adapt_clauses()?;
        for at in 0..self.entities.len() {
            self.set_up_entity(at)?;
        }
        for join in std::mem::take(&mut self.pending_eager) {
            super::strategies::join_eagerly(&mut self, join)?;
        }
        if self.options.criteria {
            self.add_extra_criteria()?;
        }
        if self.primary.is_empty() && self.secondary.is_empty() {
            return Err(
                INVALID_REQUEST_ERROR.error("Query contains no columns with which to SELECT from.")
            );
        }
        self.assemble()
    }

    fn add_from(&mut self, item: &FromItem) -> Result<()> {
        let state = match item {
            FromItem::From(clause) => FromState {
                clause: clause.clone(),
                entity: None,
            },
            FromItem::Entity(entity) => FromState {
                clause: entity.selectable(self.cx)?,
                entity: MappedEntity::of(entity.as_ref()),
            },
        };
        if !self
            .froms
            .iter()
            .any(|known| known.clause.same(&state.clause))
        {
            self.froms.push(state);
        }
        Ok(())
    }

    /// Add `column` to those selected, unless it is among them; where it is.
    pub fn append(&mut self, column: &ColumnElement, to: Collection) -> Position {
        let identity = column.identity();
        if let Some(known) = self.positions.get(&identity) {
            return *known;
        }
        let position = self.push(column, to);
        self.positions.insert(identity, position);
        position
    }
    /// Add `column` to those selected even if it is among them.
    pub fn push(&mut self, column: &ColumnElement, to: Collection) -> Position {
        match to {
            Collection::Primary => {
                self.primary.push(column.clone());
                Position::Primary(self.primary.len() - 1)
            }
            Collection::Secondary => {
                self.secondary.push(column.clone());
                Position::Secondary(self.secondary.len() - 1)
            }
        }
    }

    /// Whether LIMIT and the like make the statement a subquery when collections are joined.
    pub fn must_nest(&self) -> bool {
        let data = self.select.data();
        data.limit.is_some()
            || data.offset.is_some()
            || data.distinct
            || !data.distinct_on.is_empty()
            || !data.group_by.is_empty()
    }

    fn load_reverse_lazily(&mut self, property: &Rc<MapperProperty>) {
        use super::Direction;
        use super::path::PathItem;
        use super::strategies::RelationshipStrategy;
        use super::strategy_options::Strategy;
        let Some(relationship) = property.relationship() else {
            return;
        };
        for reverse in relationship.reverse() {
            let (Some(other), Some(parent)) = (reverse.relationship(), reverse.parent()) else {
                continue;
            };
            let lazy = RelationshipStrategy::named(&other.lazy.borrow());
            let is_lazy = matches!(
                lazy,
                Some(
                    RelationshipStrategy::Select
                        | RelationshipStrategy::Raise
                        | RelationshipStrategy::RaiseOnSql
                )
            );
            if other.direction() == Some(Direction::ManyToOne) && other.use_get() && !is_lazy {
                let lead = PathItem::Entity(MappedEntity::Mapper(parent));
                let path = Path::of(vec![lead, PathItem::Property(reverse.clone())]);
                let strategy = Strategy::Relationship(RelationshipStrategy::Select);
                self.loaders.set_default(&path, strategy);
            }
        }
    }
}

/// The value that scripts know an entity by.
pub fn entity_value(entity: &MappedEntity) -> Value {
    entity.entity().value()
}
