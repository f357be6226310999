//! Collections of related objects: what makes them, how they are told of changes, and what changes
//! them. From the bottom: the adapter between a collection and its owner, the storage, the
//! instrumentation of classes of scripts, the factories, the changes.

mod adapter;
mod changes;
mod factory;
mod instrumentation;
mod keyed;
mod mutators;
mod ordering;
mod storage;

pub use adapter::{
    CollectionAdapter, INSTRUMENTED_DICT, INSTRUMENTED_LIST, INSTRUMENTED_SET, adapter_of, members,
};
pub use changes::append_loaded;
pub(super) use changes::{all_pending, append, delete, history, pop, replace, set_committed};
pub use factory::CollectionFactory;
pub use instrumentation::mark;
pub use keyed::{KEYFUNC_DICT, KeyFunction, KeyedBy, MAPPED_COLLECTION};
pub use ordering::{ORDERING_LIST, count_from, ordering_list};
