//! From rows to objects: what a compiled statement loads, and how its rows become instances.

mod context;
mod ident;
mod instance;
mod plan;
mod rows;

pub use context::{LoadContext, LoadOptions, PostLoad, PostLoads, RunInfo};
pub use ident::{IdentLoad, load_on_identity};
pub use plan::{
    BundlePlan, EntityPlan, InstancePlan, JoinedPlan, LatePlan, PolymorphicPlan, PostLoadPlan,
    Slots, StatementPlan,
};
pub use rows::result_of;
