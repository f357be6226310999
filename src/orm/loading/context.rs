//! The run of a loading statement: what its rows share.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use super::plan::{InstancePlan, StatementPlan};
use crate::engine::ExecutionOptions;
use crate::object::{Cx, Instance, Object, Result, TypeSpec, Value};
use crate::orm::path::{Path, PathKey};
use crate::orm::strategies::Collected;
use crate::orm::strategy_options::{Load, LoaderCriteria};
use crate::orm::{Session, StateContext, instance_events};
use crate::sql::Select;

/// How a statement loads, apart from what it says itself.
#[derive(Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a load option of its own"
)]
pub struct LoadOptions {
    /// Loaded attributes are overwritten.
    pub populate_existing: bool,
    /// The version of known objects is checked.
    pub version_check: bool,
    /// Objects known already have their eager loaders run.
    pub invoke_all_eagers: bool,
    /// The object that is refreshed.
    pub refresh: Option<Rc<Instance>>,
    /// The slots that are refreshed.
    pub only: Option<Rc<[u32]>>,
    /// `Session.refresh()` asked for it.
    pub is_user_refresh: bool,
    /// The identity token.
    pub identity_token: Option<Value>,
    /// No autoflush first.
    pub no_autoflush: bool,
    /// A relationship is loaded.
    pub is_relationship: bool,
    /// The object whose relationship is loaded lazily.
    pub lazy_loaded_from: Option<Rc<Instance>>,
    /// `yield_per`.
    pub yield_per: Option<usize>,
    /// Depths of recursive loaders, by relationship.
    pub recursion: FxHashMap<usize, i64>,
    /// The further loads of the statement that led to this one.
    pub post_loads: Option<PostLoads>,
}

/// The objects at one place of a statement that further loads are for.
pub struct PostLoad {
    /// The run that found them.
    pub run: Rc<RunInfo>,
    /// Where they stand, from the statement that led to all.
    pub path: Path,
    /// How they were loaded; of a hierarchy there may be several ways.
    pub plans: Vec<Rc<InstancePlan>>,
    /// The objects; whether loaded attributes are overwritten.
    pub states: IndexMap<usize, (Rc<Instance>, bool), FxBuildHasher>,
}

/// The further loads that wait, by place, in order.
pub type PostLoads = Rc<RefCell<IndexMap<PathKey, PostLoad, FxBuildHasher>>>;

/// A collection that rows are adding to.
pub struct Filling {
    /// The collection.
    pub collection: Value,
    /// What is in it, while that is little.
    pub seen: Vec<usize>,
    /// What is in it, once it is worth looking up.
    pub index: Option<FxHashSet<usize>>,
}

thread_local! {
    static NEXT_RUN: Cell<u32> = const { Cell::new(1) };
}

/// What does not change during the run of a loading statement.
pub struct RunInfo {
    /// The session.
    pub session: Session,
    /// What is loaded.
    pub plan: Rc<StatementPlan>,
    /// The statement as executed.
    pub select: Select,
    /// Its execution options.
    pub execution_options: ExecutionOptions,
    /// The parameters it was executed with.
    pub parameters: Value,
    /// How it loads.
    pub options: LoadOptions,
    /// The further loads that wait.
    pub post_loads: PostLoads,
    /// Its number.
    pub number: u32,
}

/// What one plan needs in each row of a run.
#[derive(Clone, Default)]
pub struct PlanRun {
    /// The options and path for the instances; `None` where there are no options.
    pub context: Option<Rc<StateContext>>,
    /// Whether anyone hears of loads.
    pub load_event: bool,
    /// Whether anyone hears of refreshes.
    pub refresh_event: bool,
}

/// The run of a loading statement.
pub struct LoadContext {
    /// What does not change.
    pub info: Rc<RunInfo>,
    /// Objects that were known before, with the slots this run fills.
    pub partials: FxHashMap<usize, Rc<[u32]>>,
    /// Collections that rows are adding to.
    pub filling: FxHashMap<(usize, u32), Filling>,
    /// What subquery loaders fetched, by plan and relationship.
    pub subqueries: FxHashMap<(usize, u32), Rc<Collected>>,
    /// What makes the values of bundles of scripts' subclasses, by plan.
    pub bundles: FxHashMap<usize, Value>,
    plans: FxHashMap<usize, PlanRun>,
}

/// A run as listeners are given it.
struct QueryContext(Session);

static QUERY_CONTEXT: TypeSpec = TypeSpec::new("sqlalchemy.orm.context", "QueryContext");

impl Object for QueryContext {
    fn spec(&self) -> &'static TypeSpec {
        &QUERY_CONTEXT
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok((name == "session").then(|| self.0.value()))
    }
}

impl RunInfo {
    /// As listeners are given it.
    pub fn shown(&self) -> Value {
        Value::object(QueryContext(self.session.clone()))
    }
    /// A run of `plan`.
    pub fn new(
        session: &Session,
        plan: &Rc<StatementPlan>,
        select: &Select,
        options: LoadOptions,
        execution_options: &ExecutionOptions,
        parameters: &Value,
    ) -> Rc<Self> {
        let number = NEXT_RUN.get();
        NEXT_RUN.set(number.wrapping_add(1).max(1));
        let post_loads = options.post_loads.clone().unwrap_or_default();
        Rc::new(Self {
            session: session.clone(),
            plan: plan.clone(),
            select: select.clone(),
            execution_options: execution_options.clone(),
            parameters: parameters.clone(),
            options,
            post_loads,
            number,
        })
    }
    /// The further loads that those of a further load join: in 2.0 all that wait are run level by
    /// level, in 1.4 each load has its own run at once.
    pub fn shared_post_loads(&self, cx: &Cx) -> Option<PostLoads> {
        cx.compat().is_20().then(|| self.post_loads.clone())
    }
    /// The statement's options, which its eager loads sort out for themselves.
    pub fn all_options(&self) -> Vec<Value> {
        self.select.data().options.clone()
    }
    /// The statement's options that hold for further loads.
    pub fn propagated_options(&self) -> Vec<Value> {
        let options = self.select.data().options.iter();
        options
            .filter(|option| option_propagates(option))
            .cloned()
            .collect()
    }
}

impl LoadContext {
    /// The start of a run.
    pub fn new(info: Rc<RunInfo>) -> Self {
        Self {
            info,
            partials: FxHashMap::default(),
            filling: FxHashMap::default(),
            subqueries: FxHashMap::default(),
            bundles: FxHashMap::default(),
            plans: FxHashMap::default(),
        }
    }
    /// What `plan` needs in each row.
    pub fn plan_run(&mut self, plan: &Rc<InstancePlan>) -> PlanRun {
        let at = Rc::as_ptr(plan) as usize;
        if let Some(known) = self.plans.get(&at) {
            return known.clone();
        }
        let options = self.info.propagated_options();
        let made = PlanRun {
            context: (!options.is_empty()).then(|| {
                Rc::new(StateContext {
                    options,
                    path: self.info.plan.current_path.join(&plan.path),
                })
            }),
            load_event: instance_events::hears(&plan.mapper, "load"),
            refresh_event: instance_events::hears(&plan.mapper, "refresh"),
        };
        self.plans.insert(at, made.clone());
        made
    }
    /// `instance` waits for the further loads of `plan`.
    pub fn add_post_load(&self, plan: &Rc<InstancePlan>, instance: &Rc<Instance>, fresh: bool) {
        let path = self.info.plan.current_path.join(&plan.path);
        let mut waiting = self.info.post_loads.borrow_mut();
        let entry = waiting.entry(path.key()).or_insert_with(|| PostLoad {
            run: self.info.clone(),
            path,
            plans: Vec::new(),
            states: IndexMap::default(),
        });
        if !entry.plans.iter().any(|known| Rc::ptr_eq(known, plan)) {
            entry.plans.push(plan.clone());
        }
        entry
            .states
            .insert(Rc::as_ptr(instance) as usize, (instance.clone(), fresh));
    }
}

/// Whether an option of a statement holds for the loads it leads to.
fn option_propagates(option: &Value) -> bool {
    if let Some(load) = option.downcast::<Load>() {
        return load.propagates();
    }
    option
        .downcast::<LoaderCriteria>()
        .is_some_and(|criteria| criteria.0.propagates)
}
