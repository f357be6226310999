//! The plan of a statement's rows, once it is known where each column is.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::adapter::EntityAdapter;
use super::entities::QueryEntity;
use super::setup::{adapt, strategy_of};
use super::{CompileOptions, CompileState, Position, entity_value};
use crate::object::{Cx, Result, Str, TypeSpec, Value};
use crate::orm::loading::{
    BundlePlan, EntityPlan, InstancePlan, JoinedPlan, PolymorphicPlan, PostLoadPlan, Slots,
    StatementPlan,
};
use crate::orm::path::{Path, PathKey};
use crate::orm::strategies::RelationshipStrategy;
use crate::orm::strategy_options::{LoadElement, LoaderMap, Strategy};
use crate::orm::{MappedEntity, Mapper, MapperProperty};
use crate::sql::ColumnElement;

/// Makes the plans of a statement's entities, those of subclasses on demand.
#[derive(Clone)]
pub struct PlanMaker(Rc<MakerData>);

struct MakerData {
    /// Where each column is in a row, by identity.
    columns: FxHashMap<usize, usize>,
    loaders: Rc<LoaderMap>,
    eager_adapters: FxHashMap<PathKey, Rc<EntityAdapter>>,
    current_path: Path,
    only: Option<Vec<u32>>,
    for_refresh: bool,
    refreshes_lazy: bool,
    eager_loads: bool,
    /// Why the rows can't be loaded, which is said once there are rows.
    refusal: RefCell<Option<(&'static TypeSpec, Str)>>,
}

/// An entity that a plan is made for.
struct Subject<'a> {
    entity: &'a MappedEntity,
    mapper: &'a Rc<Mapper>,
    path: &'a Path,
    adapter: Option<&'a Rc<EntityAdapter>>,
    /// Whether it is the statement's first entity rather than one joined to it.
    is_root: bool,
    /// Whether it stands for a subclass of the mapper that was selected.
    is_subclass: bool,
}

impl CompileState<'_> {
    /// The plan of the statement, whose secondary columns start at `secondary`.
    pub fn make_plan(&self, secondary: usize) -> Result<Rc<StatementPlan>> {
        let place = |position: &Position| match position {
            Position::Primary(at) => *at,
            Position::Secondary(at) => secondary + at,
        };
        let columns = self
            .positions
            .iter()
            .map(|(identity, position)| (*identity, place(position)))
            .collect();
        self.plan_of(columns).map(Rc::new)
    }

    /// The plan of rows with these columns, by identity.
    pub fn plan_of(&self, columns: FxHashMap<usize, usize>) -> Result<StatementPlan> {
        self.plan_maker()?.plan(columns, self.cx)
    }

    /// What makes the statement's plan once its columns are known.
    pub fn plan_maker(&self) -> Result<StatementPlanMaker> {
        let mut entities = self.entities.clone();
        let (keys, objects) = self.names(&mut entities);
        Ok(StatementPlanMaker {
            entities,
            adapters: self.adapters.clone(),
            keys: keys.into(),
            objects,
            multi_row: self.multi_row,
            loaders: Rc::new(self.loaders.clone()),
            eager_adapters: self.eager_adapters.clone(),
            options: self.options.clone(),
        })
    }

    /// The names of the entities in rows, and what finds them besides; members of bundles are
    /// named in `entities`.
    fn names(&self, entities: &mut [QueryEntity]) -> (Vec<Str>, Vec<Vec<Value>>) {
        let mut namer = Namer {
            keys: crate::sql::KeyNaming::new(self.select.data().label_style),
            is_legacy: self.options.legacy,
            names_members: self.cx.compat().is_14(),
        };
        let (mut keys, mut objects) = (Vec::new(), Vec::new());
        for entity in entities {
            keys.push(namer.name(entity));
            objects.push(vec![match entity {
                QueryEntity::Mapped(mapped) => entity_value(&mapped.entity),
                QueryEntity::Column(column) => column.value.clone(),
                QueryEntity::Bundle(bundle) => crate::sql::Entity::value(&bundle.bundle),
            }]);
        }
        (keys, objects)
    }
}

/// Names entities in rows.
struct Namer {
    keys: crate::sql::KeyNaming,
    is_legacy: bool,
    /// Whether members of bundles are told apart like all columns.
    names_members: bool,
}

impl Namer {
    fn name(&mut self, entity: &mut QueryEntity) -> Str {
        match entity {
            QueryEntity::Mapped(mapped) => match &mapped.entity {
                MappedEntity::Mapper(mapper) => mapper.class().name(),
                MappedEntity::Aliased(alias) => crate::orm::support::alias_label(alias),
            },
            QueryEntity::Column(column) => self.column_name(&column.column),
            QueryEntity::Bundle(bundle) => {
                for (name, member) in &mut bundle.members {
                    *name = match member {
                        QueryEntity::Column(column) if !self.names_members => {
                            let key = column.column.proxy_key();
                            let key = key.and_then(|key| key.text().cloned());
                            key.unwrap_or_else(|| Str::new(""))
                        }
                        other => self.name(other),
                    };
                }
                bundle.bundle.name().clone()
            }
        }
    }
    fn column_name(&mut self, column: &ColumnElement) -> Str {
        let name = if self.is_legacy {
            let noted = column.annotations();
            noted
                .and_then(|notes| notes.proxy_key.clone())
                .or_else(|| column.key().and_then(|key| key.text().cloned()))
        } else {
            self.keys.key(column)
        };
        name.unwrap_or_else(|| Str::new(""))
    }
}

/// Makes the plan of a statement.
pub struct StatementPlanMaker {
    entities: Vec<QueryEntity>,
    adapters: Vec<Option<Rc<EntityAdapter>>>,
    keys: Rc<[Str]>,
    objects: Vec<Vec<Value>>,
    multi_row: bool,
    loaders: Rc<LoaderMap>,
    eager_adapters: FxHashMap<PathKey, Rc<EntityAdapter>>,
    options: CompileOptions,
}

impl StatementPlanMaker {
    /// The plan of rows with these columns, by identity.
    pub fn plan(&self, columns: FxHashMap<usize, usize>, cx: &Cx) -> Result<StatementPlan> {
        let maker = PlanMaker(Rc::new(MakerData {
            columns,
            loaders: self.loaders.clone(),
            eager_adapters: self.eager_adapters.clone(),
            current_path: self.options.current_path.clone(),
            only: self.options.only.clone(),
            for_refresh: self.options.for_refresh,
            refreshes_lazy: self.options.refreshes_lazy,
            eager_loads: self.options.eager_loads,
            refusal: RefCell::default(),
        }));
        let mut next_column = 0;
        let mut entities = Vec::new();
        for (at, entity) in self.entities.iter().enumerate() {
            let adapter = self.adapters.get(at).and_then(Option::as_ref);
            let is_root = at == 0;
            entities.push(maker.entity_plan(entity, adapter, is_root, &mut next_column, cx)?);
        }
        let refusal = maker.0.refusal.take();
        Ok(StatementPlan {
            refusal,
            single_entity: match self.entities.as_slice() {
                [QueryEntity::Mapped(_)] => true,
                [QueryEntity::Bundle(bundle)] => bundle.bundle.is_single_entity(),
                _ => false,
            },
            by_identity: self
                .entities
                .iter()
                .map(|entity| entity.mapped().is_some())
                .collect(),
            needs_buffering: entities.iter().any(has_subquery),
            entities,
            keys: self.keys.clone(),
            objects: self.objects.clone(),
            has_mapped_entities: self.entities.iter().any(|entity| entity.mapped().is_some()),
            needs_unique: self.multi_row,
            loaders: self.loaders.clone(),
            current_path: self.options.current_path.clone(),
            is_star: false,
            late: None,
        })
    }

    /// Raise where a column that no row can do without, a primary key's or one that was asked
    /// for by itself, is not among `columns`.
    pub fn check(
        &self,
        columns: &FxHashMap<usize, usize>,
        primary: &[ColumnElement],
        cx: &Cx,
    ) -> Result<()> {
        let missing = |column: &ColumnElement| !columns.contains_key(&column.identity());
        for (at, entity) in self.entities.iter().enumerate() {
            match entity {
                QueryEntity::Mapped(mapped) => {
                    let adapter = self.adapters.get(at).and_then(Option::as_ref);
                    for column in mapped.entity.mapper().primary_key().iter() {
                        let adapted = adapt(adapter, column)?;
                        if missing(&adapted) && primary.iter().any(|one| one.same(&adapted)) {
                            return Err(no_such_column(&adapted, cx));
                        }
                    }
                }
                QueryEntity::Column(column) if missing(&column.column) => {
                    return Err(no_such_column(&column.column, cx));
                }
                QueryEntity::Column(_) | QueryEntity::Bundle(_) => {}
            }
        }
        Ok(())
    }
}

fn no_such_column(column: &ColumnElement, cx: &Cx) -> crate::object::Raised {
    let text = cx.str(&Value::object(column.plain().clone()));
    crate::engine::exc::NO_SUCH_COLUMN_ERROR.error(format!(
        "Could not locate column in row for column '{}'",
        text.unwrap_or_default()
    ))
}

fn has_subquery(entity: &EntityPlan) -> bool {
    match entity {
        EntityPlan::Instance(plan) => !plan.slots.subquery.is_empty(),
        EntityPlan::Column(_) | EntityPlan::Bundle(_) => false,
    }
}

impl PlanMaker {
    fn entity_plan(
        &self,
        entity: &QueryEntity,
        adapter: Option<&Rc<EntityAdapter>>,
        is_root: bool,
        next_column: &mut usize,
        cx: &Cx,
    ) -> Result<EntityPlan> {
        Ok(match entity {
            QueryEntity::Mapped(mapped) => {
                let subject = Subject {
                    entity: &mapped.entity,
                    mapper: mapped.entity.mapper(),
                    path: &mapped.path,
                    adapter,
                    is_root,
                    is_subclass: false,
                };
                EntityPlan::Instance(self.instance_plan(&subject, cx)?)
            }
            QueryEntity::Column(column) => {
                let place = self.column(&column.column).unwrap_or(*next_column);
                *next_column += 1;
                EntityPlan::Column(place)
            }
            QueryEntity::Bundle(bundle) => {
                let mut members = Vec::new();
                for (name, member) in &bundle.members {
                    let plan = self.entity_plan(member, None, false, next_column, cx)?;
                    members.push((name.clone(), plan));
                }
                EntityPlan::Bundle(Rc::new(BundlePlan {
                    name: bundle.bundle.name().clone(),
                    members,
                    maker: bundle.bundle.maker().clone(),
                }))
            }
        })
    }

    fn column(&self, column: &ColumnElement) -> Option<usize> {
        self.0.columns.get(&column.identity()).copied()
    }

    fn instance_plan(&self, subject: &Subject<'_>, cx: &Cx) -> Result<Rc<InstancePlan>> {
        let base = subject.mapper.identity_base();
        let mut identity = Vec::new();
        for column in subject.mapper.primary_key().iter() {
            identity.push(self.key_column(subject, column, cx)?);
        }
        let mut plan = InstancePlan {
            version: match subject.mapper.version_id() {
                Some(column) => self.column(&adapt(subject.adapter, &column)?),
                None => None,
            },
            polymorphic: None,
            slots: Slots::default(),
            post_loads: Vec::new(),
            identity,
            base,
            mapper: subject.mapper.clone(),
            entity: subject.entity.clone(),
            path: subject.path.clone(),
        };
        for property in subject.mapper.prop_list() {
            let Some(slot) = subject.mapper.class().slot(&property.key()) else {
                continue;
            };
            if subject.is_root
                && let Some(only) = &self.0.only
                && !only.contains(&slot)
            {
                continue;
            }
            if property.column().is_some() {
                self.add_column(&mut plan.slots, subject, &property, slot)?;
            } else if property.relationship().is_some() {
                self.add_relationship(&mut plan, subject, &property, slot, cx)?;
            }
        }
        self.add_subclasses(&mut plan, subject, cx)?;
        Ok(Rc::new(plan))
    }

    /// Where the primary key column is; an equated column of another table will do.
    fn key_column(&self, subject: &Subject<'_>, column: &ColumnElement, cx: &Cx) -> Result<usize> {
        if let Some(found) = self.column(&adapt(subject.adapter, column)?) {
            return Ok(found);
        }
        for (known, others) in subject.mapper.equivalent_columns(cx) {
            if !known.same(column) {
                continue;
            }
            for other in others {
                if let Some(found) = self.column(&adapt(subject.adapter, &other)?) {
                    return Ok(found);
                }
            }
        }
        // An object that is refreshed has its key already.
        if !(subject.is_root && self.0.for_refresh) {
            let adapted = adapt(subject.adapter, column)?;
            let message = no_such_column(&adapted, cx).message(cx);
            self.refuse(&crate::engine::exc::NO_SUCH_COLUMN_ERROR, message);
        }
        Ok(usize::MAX)
    }

    fn add_column(
        &self,
        slots: &mut Slots,
        subject: &Subject<'_>,
        property: &Rc<MapperProperty>,
        slot: u32,
    ) -> Result<()> {
        let Some(column) = property.column() else {
            return Ok(());
        };
        let element = self.0.loaders.find(subject.path, property);
        let strategy = element.and_then(|element| element.strategy);
        let own = column.columns.borrow().clone();
        let columns = match (strategy, element) {
            (Some(Strategy::Expression), Some(element)) => element.criteria.clone(),
            _ => own,
        };
        for one in &columns {
            if let Some(place) = self.column(&adapt(subject.adapter, one)?) {
                slots.quick.push((slot, place));
                return Ok(());
            }
        }
        if column.is_query_expression.get() {
            return Ok(());
        }
        let default = (column.deferred.get(), column.raiseload.get());
        let wanted = match strategy {
            Some(Strategy::Column {
                deferred,
                raiseload,
            }) => (deferred, raiseload),
            _ => default,
        };
        match wanted {
            (false, _) => slots.expire.push((slot, true)),
            (true, _) if wanted == default => slots.expire.push((slot, false)),
            (true, raises) => slots.deferred.push((slot, raises)),
        }
        Ok(())
    }

    fn add_relationship(
        &self,
        plan: &mut InstancePlan,
        subject: &Subject<'_>,
        property: &Rc<MapperProperty>,
        slot: u32,
        cx: &Cx,
    ) -> Result<()> {
        let element = self.0.loaders.find(subject.path, property).cloned();
        let strategy = strategy_of(property, element.as_ref());
        let Some(relationship) = property.relationship() else {
            return Ok(());
        };
        if is_dynamic(property) {
            self.refuse_population(strategy, property);
            return Ok(());
        }
        match strategy {
            RelationshipStrategy::Dynamic | RelationshipStrategy::WriteOnly => {}
            RelationshipStrategy::NoLoad => plan.slots.empty.push((slot, relationship.uselist())),
            RelationshipStrategy::Joined if self.0.eager_loads => {
                let path = subject.path.property(property);
                match self.0.eager_adapters.get(&path.key()) {
                    Some(adapter) => {
                        let target = self.joined(&path, adapter, property, cx)?;
                        plan.slots.joined.push(JoinedPlan {
                            slot,
                            uselist: relationship.uselist(),
                            property: property.clone(),
                            target,
                        });
                    }
                    None => self.add_lazy(plan, subject, property, slot, None),
                }
            }
            RelationshipStrategy::SelectIn
            | RelationshipStrategy::Subquery
            | RelationshipStrategy::Immediate
                if self.0.eager_loads =>
            {
                self.add_post_load(plan, subject, property, slot, strategy, element)?;
            }
            _ => self.add_lazy(plan, subject, property, slot, element),
        }
        Ok(())
    }

    /// Note that what is never loaded was to be loaded eagerly.
    fn refuse_population(&self, strategy: RelationshipStrategy, property: &MapperProperty) {
        let eager = matches!(
            strategy,
            RelationshipStrategy::Joined
                | RelationshipStrategy::SelectIn
                | RelationshipStrategy::Subquery
        );
        if eager && self.0.eager_loads {
            let message = format!(
                "'{property}' does not support object population - eager loading cannot be \
                 applied."
            );
            self.refuse(&crate::engine::exc::INVALID_REQUEST_ERROR, message);
        }
    }

    fn refuse(&self, class: &'static TypeSpec, message: String) {
        let mut refusal = self.0.refusal.borrow_mut();
        refusal.get_or_insert((class, message.into()));
    }

    fn joined(
        &self,
        path: &Path,
        adapter: &Rc<EntityAdapter>,
        property: &Rc<MapperProperty>,
        cx: &Cx,
    ) -> Result<Rc<InstancePlan>> {
        let target = match (self.0.loaders.target(path), property.relationship()) {
            (Some(target), _) => target.clone(),
            (None, Some(relationship)) => relationship.entity(cx)?.clone(),
            (None, None) => unreachable!("only relationships are joined"),
        };
        let path = path.target(&target);
        let subject = Subject {
            entity: &target,
            mapper: target.mapper(),
            path: &path,
            adapter: Some(adapter),
            is_root: false,
            is_subclass: false,
        };
        self.instance_plan(&subject, cx)
    }

    fn add_lazy(
        &self,
        plan: &mut InstancePlan,
        subject: &Subject<'_>,
        property: &Rc<MapperProperty>,
        slot: u32,
        element: Option<Rc<LoadElement>>,
    ) {
        let named = subject.is_root
            && self
                .0
                .only
                .as_ref()
                .is_some_and(|only| only.contains(&slot));
        if named && self.0.refreshes_lazy {
            plan.post_loads.push(PostLoadPlan {
                property: Some(property.clone()),
                subclass: None,
                strategy: RelationshipStrategy::Immediate,
                element: None,
                target: None,
                runs: true,
            });
            return;
        }
        let special = element.filter(|element| {
            let own = strategy_of(property, None);
            let chosen = strategy_of(property, Some(element));
            !element.criteria.is_empty() || own != chosen && element.strategy.is_some()
        });
        match special {
            Some(element) => plan.slots.lazy.push((slot, property.clone(), element)),
            None => plan.slots.reset.push(slot),
        }
    }

    fn add_post_load(
        &self,
        plan: &mut InstancePlan,
        subject: &Subject<'_>,
        property: &Rc<MapperProperty>,
        slot: u32,
        strategy: RelationshipStrategy,
        element: Option<Rc<LoadElement>>,
    ) -> Result<()> {
        let path = subject.path.property(property);
        let full = self.0.current_path.join(&path);
        let Some(relationship) = property.relationship() else {
            return Ok(());
        };
        let runs = self.0.loaders.has(&path)
            || match relationship.options.join_depth {
                Some(depth) => full.len() / 2 <= depth as usize,
                None => !full.contains_mapper(&relationship.mapper(&Cx::current())?),
            };
        let strategy = if self.0.for_refresh && subject.is_root {
            RelationshipStrategy::Immediate
        } else {
            strategy
        };
        if !runs && strategy != RelationshipStrategy::Immediate {
            return Ok(());
        }
        if strategy != RelationshipStrategy::Immediate && !selects_owner(subject, property) {
            return Ok(());
        }
        if strategy == RelationshipStrategy::Subquery {
            let mut columns = Vec::new();
            if let Some(join) = relationship.join() {
                for column in &join.local_columns {
                    let adapted = adapt(subject.adapter, column)?;
                    columns.push(self.column(&adapted).unwrap_or(usize::MAX));
                }
            }
            plan.slots
                .subquery
                .push((slot, property.clone(), columns, element));
            return Ok(());
        }
        plan.post_loads.push(PostLoadPlan {
            property: Some(property.clone()),
            subclass: None,
            target: self.0.loaders.target(&path).cloned(),
            strategy,
            element,
            runs,
        });
        Ok(())
    }

    fn add_subclasses(
        &self,
        plan: &mut InstancePlan,
        subject: &Subject<'_>,
        cx: &Cx,
    ) -> Result<()> {
        if subject.is_subclass || subject.is_root && self.0.for_refresh {
            return Ok(());
        }
        let Some(discriminator) = subject.mapper.polymorphic_on() else {
            return Ok(());
        };
        let adapted = adapt(subject.adapter, &discriminator)?;
        let place = match self.column(&adapted) {
            Some(place) => Some(place),
            None => match subject.mapper.column_prop(&discriminator) {
                Some(property) => self.property_place(subject, &property)?,
                None => None,
            },
        };
        let Some(column) = place else {
            return Ok(());
        };
        let maker = self.clone();
        let entity = subject.entity.clone();
        let path = subject.path.clone();
        let adapter = subject.adapter.cloned();
        let cx = cx.clone();
        let option = self.0.loaders.of_entity(subject.path).cloned();
        let from = subject.mapper.clone();
        plan.polymorphic = Some(PolymorphicPlan {
            column,
            plans: RefCell::default(),
            make: Box::new(move |mapper| {
                let subject = Subject {
                    entity: &entity,
                    mapper,
                    path: &path,
                    adapter: adapter.as_ref(),
                    is_root: false,
                    is_subclass: true,
                };
                let mut plan = maker.instance_plan(&subject, &cx)?;
                let mut later = subclasses_loaded_later(mapper, &from, option.as_ref());
                if cx.compat().is_14() {
                    later.truncate(1);
                }
                if let Some(plan) = Rc::get_mut(&mut plan) {
                    for subclass in later {
                        plan.post_loads.push(PostLoadPlan {
                            property: None,
                            subclass: Some(subclass),
                            strategy: RelationshipStrategy::SelectIn,
                            element: option.clone(),
                            target: None,
                            runs: true,
                        });
                    }
                }
                Ok(plan)
            }),
        });
        Ok(())
    }

    fn property_place(
        &self,
        subject: &Subject<'_>,
        property: &MapperProperty,
    ) -> Result<Option<usize>> {
        let Some(column) = property.column() else {
            return Ok(None);
        };
        for one in column.columns.borrow().iter() {
            if let Some(place) = self.column(&adapt(subject.adapter, one)?) {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }
}

/// Whether the relationship is mapped to a collection that is never loaded.
fn is_dynamic(property: &MapperProperty) -> bool {
    let own = strategy_of(property, None);
    matches!(
        own,
        RelationshipStrategy::Dynamic | RelationshipStrategy::WriteOnly
    )
}

/// Whether the selected entity has the relationship `property`: what a subclass has is loaded with
/// the columns of the subclass.
fn selects_owner(subject: &Subject<'_>, property: &MapperProperty) -> bool {
    let Some(owner) = property.parent() else {
        return true;
    };
    let members = match subject.entity {
        MappedEntity::Mapper(mapper) => mapper.with_polymorphic_mappers(&Cx::current()),
        MappedEntity::Aliased(alias) => Ok(alias.with_polymorphic().to_vec()),
    };
    subject.entity.mapper().isa(&owner)
        || members.is_ok_and(|members| members.iter().any(|one| Rc::ptr_eq(one, &owner)))
}

/// The mappers between `mapper` and `from` whose columns a SELECT of their own loads.
fn subclasses_loaded_later(
    mapper: &Rc<Mapper>,
    from: &Rc<Mapper>,
    option: Option<&Rc<LoadElement>>,
) -> Vec<Rc<Mapper>> {
    let asked = |one: &Rc<Mapper>| {
        let by_option = option.is_some_and(|element| {
            element
                .options
                .entities
                .iter()
                .any(|known| Rc::ptr_eq(known, one))
        });
        by_option
            || one
                .polymorphic_load()
                .is_some_and(|load| load.as_str() == "selectin")
    };
    let mut found: Vec<Rc<Mapper>> = mapper
        .lineage()
        .into_iter()
        .take_while(|one| !Rc::ptr_eq(one, from))
        .collect();
    let Some(first) = found.iter().position(asked) else {
        return Vec::new();
    };
    found.drain(..first);
    found
}
