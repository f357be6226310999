//! `Query`: a SELECT of entities being built, which knows its session and how its rows are to be
//! loaded.

mod assertions;
mod bulk;
mod derive;
mod entities;
mod events;
mod joins;
mod options;
mod results;

use std::rc::Rc;

pub use assertions::Needs;
pub use bulk::BulkKind;
pub use events::{QueryListener, forget_query_listener, listen_to_queries};
pub use joins::JoinCall;

use super::loading::LoadOptions;
use super::session::Session;
use crate::object::{Class, Cx, Result, Str, Value};
use crate::sql::{LabelStyle, Select, SelectData, SelectItem};

/// A query; a cheap handle, every method of which that changes something makes a new one.
#[derive(Clone)]
pub struct Query(Rc<QueryData>);

/// What a query consists of.
#[derive(Clone)]
pub struct QueryData {
    /// The session as scripts see it, or `None`.
    pub session: Value,
    /// The SELECT; its compile options are put in when it is compiled.
    pub select: Select,
    /// The class of a script that it is of, if it is not `Query` itself.
    pub class: Option<Rc<Class>>,
    /// How rows are loaded.
    pub load: LoadOptions,
    /// `params()`.
    pub params: Vec<(Str, Value)>,
    /// `only_return_tuples()`.
    pub only_tuples: bool,
    /// `enable_assertions()`.
    pub assertions: bool,
    /// `enable_eagerloads()`.
    pub eager_loads: bool,
    /// Whether single-table inheritance and loader criteria add to WHERE.
    pub criteria: bool,
    /// Whether what it selects from stands for the entities' tables.
    pub base_alias: bool,
    /// Whether that goes for columns that are of no entity too.
    pub adapts_all: bool,
    /// Whether `reset_joinpoint()` was called since the last join.
    pub joinpoint_reset: bool,
    /// How many `join(aliased=True)` there were.
    pub generations: u32,
    /// The one that criteria given now belong to; 0 for none.
    pub generation: u32,
    /// The object whose relationship it loads (`lazy_loaded_from`).
    pub lazy_loaded_from: Value,
}

impl Query {
    /// A query of `items`.
    pub fn new(items: Vec<SelectItem>, session: Value) -> Self {
        let mut select = SelectData {
            label_style: LabelStyle::LegacyOrm,
            ..SelectData::default()
        };
        for item in &items {
            select.adopt_item(item);
        }
        select.raw_columns = items;
        Self(Rc::new(QueryData {
            session,
            select: Select::of(select),
            class: None,
            load: LoadOptions {
                invoke_all_eagers: true,
                ..LoadOptions::default()
            },
            params: Vec::new(),
            only_tuples: false,
            assertions: true,
            eager_loads: true,
            criteria: true,
            base_alias: false,
            adapts_all: false,
            joinpoint_reset: false,
            generations: 0,
            generation: 0,
            lazy_loaded_from: Value::None,
        }))
    }
    /// What it consists of.
    pub fn data(&self) -> &QueryData {
        &self.0
    }
    /// What its SELECT consists of.
    pub fn clauses(&self) -> &SelectData {
        self.0.select.data()
    }
    /// What identifies it.
    pub fn address(&self) -> usize {
        Rc::as_ptr(&self.0) as usize
    }
    /// The session, if it has one.
    pub fn session(&self) -> Option<&Session> {
        self.0.session.downcast()
    }
    /// A copy with changes.
    #[must_use]
    pub fn with(&self, change: impl FnOnce(&mut QueryData)) -> Self {
        let mut data = (*self.0).clone();
        change(&mut data);
        Self(Rc::new(data))
    }
    /// A copy with changes to the SELECT.
    #[must_use]
    pub fn with_clauses(&self, change: impl FnOnce(&mut SelectData)) -> Self {
        let select = self.0.select.with(change);
        self.with(|data| data.select = select)
    }
    /// `enable_eagerloads(on)`.
    #[must_use]
    pub fn enable_eagerloads(&self, on: bool) -> Self {
        self.with(|data| data.eager_loads = on)
    }
    /// `set_label_style(style)`.
    #[must_use]
    pub fn set_label_style(&self, style: LabelStyle) -> Self {
        self.with_clauses(|data| data.label_style = style)
    }
    /// The SELECT as it is executed; with `for_statement` as it is shown to others.
    pub fn select(&self, for_statement: bool, cx: &Cx) -> Result<Select> {
        let query = self.heard("before_compile", &[], cx)?;
        Ok(query.made_select(for_statement, cx))
    }
    /// The SELECT without what listeners would make of it, for a description.
    pub fn select_unheard(&self, cx: &Cx) -> Select {
        self.made_select(false, cx)
    }
    fn made_select(&self, for_statement: bool, cx: &Cx) -> Select {
        let options = options::compile_options(&self.0, for_statement, cx);
        self.0.select.with(|data| {
            data.compile_options = Some(options);
            if for_statement && data.label_style == LabelStyle::LegacyOrm {
                data.label_style = LabelStyle::DisambiguateOnly;
            }
            if data.subject.is_none() {
                data.subject = Some(options::no_entity());
            }
        })
    }
}
