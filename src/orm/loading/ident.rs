//! Loading one object by its key: `get()`, refreshes, expired attributes.

use std::rc::Rc;

use super::context::{LoadOptions, PostLoads};
use crate::engine::ExecutionOptions;
use crate::engine::exc::{INVALID_REQUEST_ERROR, SA_WARNING};
use crate::object::{Cx, Instance, Result, Str, Value};
use crate::orm::compile_state::CompileOptions;
use crate::orm::path::Path;
use crate::orm::support::{element_equals_bind, element_is_null};
use crate::orm::{IdentityKey, Mapper, Session, StateContext, state_of};
use crate::sql::{ForUpdate, LabelStyle, Select, SelectItem};

/// What to load by its key, and how.
pub struct IdentLoad {
    /// The mapper.
    pub mapper: Rc<Mapper>,
    /// The key; `None` where the statement needs none.
    pub key: Option<IdentityKey>,
    /// The object that is refreshed.
    pub refresh: Option<Rc<Instance>>,
    /// The slots that are refreshed.
    pub only: Option<Vec<u32>>,
    /// Loader options.
    pub options: Vec<Value>,
    /// Overwrite what is loaded.
    pub populate_existing: bool,
    /// `with_for_update=`.
    pub for_update: Option<Rc<ForUpdate>>,
    /// `execution_options=`.
    pub execution_options: ExecutionOptions,
    /// The primary key is loaded where relationships are.
    pub require_pk: bool,
    /// `Session.refresh()` asked for it.
    pub is_user_refresh: bool,
    /// No autoflush first.
    pub no_autoflush: bool,
    /// Columns have plain names rather than `table_column`.
    pub plain_names: bool,
    /// Where the object stands, where a statement that led to it says so.
    pub path: Option<Path>,
    /// Objects known already have their eager loaders run.
    pub invoke_all_eagers: bool,
    /// The further loads of the statement that led to it.
    pub post_loads: Option<PostLoads>,
    /// What to select instead, where only some tables of a hierarchy are needed.
    pub instead: Option<(Select, Vec<(Str, Value)>)>,
}

impl IdentLoad {
    /// A load of an object of `mapper`.
    pub fn of(mapper: &Rc<Mapper>) -> Self {
        Self {
            mapper: mapper.clone(),
            key: None,
            refresh: None,
            only: None,
            options: Vec::new(),
            populate_existing: false,
            for_update: None,
            execution_options: ExecutionOptions::none(),
            require_pk: false,
            is_user_refresh: false,
            no_autoflush: false,
            plain_names: false,
            path: None,
            invoke_all_eagers: true,
            post_loads: None,
            instead: None,
        }
    }
}

/// The names of the binds for the primary key of a mapper.
fn bind_name(at: usize) -> Str {
    Str::from(format!("pk_{}", at + 1))
}

/// The plain `get()` statement of a mapper, made once.
struct GetStatement(Select);

fn plain_get(mapper: &Rc<Mapper>, cx: &Cx) -> Result<Select> {
    let known = mapper.caches.borrow().get("get").cloned();
    if let Some(known) = known.and_then(|known| known.downcast::<GetStatement>().ok()) {
        return Ok(known.0.clone());
    }
    let made = statement(mapper, &[], LabelStyle::TablenamePlusCol, cx)?;
    mapper
        .caches
        .borrow_mut()
        .insert("get", Rc::new(GetStatement(made.clone())));
    Ok(made)
}

/// SELECT by primary key; the columns in `none` are compared to NULL.
fn statement(mapper: &Rc<Mapper>, none: &[usize], style: LabelStyle, cx: &Cx) -> Result<Select> {
    let entity: Rc<dyn crate::sql::Entity> = mapper.clone();
    let criteria = mapper
        .primary_key()
        .iter()
        .enumerate()
        .map(|(at, column)| {
            if none.contains(&at) {
                element_is_null(column, cx)
            } else {
                element_equals_bind(column, &bind_name(at), cx)
            }
        })
        .collect();
    Ok(
        crate::orm::support::select_of(vec![SelectItem::Entity(entity)], cx)?.with(|data| {
            data.where_criteria = criteria;
            data.label_style = style;
        }),
    )
}

/// Load the object, if its row exists.
pub fn load_on_identity(
    session: &Session,
    load: &IdentLoad,
    cx: &Cx,
) -> Result<Option<Rc<Instance>>> {
    let (select, parameters) = match &load.instead {
        Some((select, parameters)) => (select.clone(), parameters.clone()),
        None => by_key(load, cx)?,
    };
    let only = only_slots(load)?;
    let select = adjusted(load, select, only.as_deref(), cx);
    let options = LoadOptions {
        populate_existing: load.populate_existing,
        version_check: load.for_update.is_some(),
        invoke_all_eagers: load.invoke_all_eagers,
        post_loads: load.post_loads.clone(),
        refresh: load.refresh.clone(),
        only: only.map(Into::into),
        is_user_refresh: load.is_user_refresh,
        identity_token: load
            .key
            .as_ref()
            .map(|key| key.token().clone())
            .filter(|token| !token.is_none()),
        no_autoflush: load.no_autoflush,
        ..LoadOptions::default()
    };
    let result = session.load(&select, parameters, options, &load.execution_options, cx)?;
    result.unique(None);
    let scalars = result.scalars(0)?;
    let mut rows = scalars.all(cx)?;
    if rows.len() > 1 {
        return Err(crate::engine::exc::MULTIPLE_RESULTS_FOUND
            .error("Multiple rows were found when exactly one was required"));
    }
    Ok(match rows.pop() {
        Some(Value::Instance(instance)) => Some(instance),
        _ => None,
    })
}

fn by_key(load: &IdentLoad, cx: &Cx) -> Result<(Select, Vec<(Str, Value)>)> {
    let values = load.key.as_ref().map_or(&[][..], IdentityKey::values);
    let none: Vec<usize> = (0..values.len())
        .filter(|at| values[*at].is_none())
        .collect();
    if !none.is_empty() && none.len() == values.len() {
        cx.warn(
            &SA_WARNING,
            "fully NULL primary key identity cannot load any object.  This condition may raise \
             an error in a future release.",
        );
    }
    let style = if load.plain_names {
        LabelStyle::DisambiguateOnly
    } else {
        LabelStyle::TablenamePlusCol
    };
    let select = if none.is_empty() && !load.plain_names {
        plain_get(&load.mapper, cx)?
    } else {
        statement(&load.mapper, &none, style, cx)?
    };
    let parameters = values
        .iter()
        .enumerate()
        .filter(|(at, _)| !none.contains(at))
        .map(|(at, value)| (bind_name(at), value.clone()))
        .collect();
    Ok((select, parameters))
}

/// The slots to refresh; with relationships among them those of the primary key too.
fn only_slots(load: &IdentLoad) -> Result<Option<Vec<u32>>> {
    let Some(mut only) = load.only.clone() else {
        return Ok(None);
    };
    let mapper = &load.mapper;
    let is_relationship = |slot: &u32| {
        mapper
            .attribute_at(*slot)
            .is_some_and(|attribute| attribute.property().relationship().is_some())
    };
    if !only.iter().any(is_relationship) {
        return Ok(Some(only));
    }
    if !load.require_pk {
        if only.iter().all(is_relationship) {
            return Err(INVALID_REQUEST_ERROR.error(
                "No column-based properties specified for refresh operation. Use \
                 session.expire() to reload collections and related items.",
            ));
        }
        return Ok(Some(only));
    }
    for column in mapper.primary_key().iter() {
        let Some(slot) = mapper.column_slot(column) else {
            continue;
        };
        let changed = load
            .refresh
            .as_ref()
            .and_then(|instance| state_of(instance))
            .is_some_and(|state| state.is_changed(slot));
        if changed && !only.contains(&slot) {
            return Err(INVALID_REQUEST_ERROR.error(format!(
                "Please flush pending primary key changes on attributes {{'{}'}} for mapper {} \
                 before proceeding with a refresh",
                mapper
                    .attribute_at(slot)
                    .map(|attribute| attribute.key().to_string())
                    .unwrap_or_default(),
                mapper.class().name()
            )));
        }
        if !only.contains(&slot) {
            only.push(slot);
        }
    }
    Ok(Some(only))
}

/// The statement with the options of the load and of the object that is refreshed.
fn adjusted(load: &IdentLoad, select: Select, only: Option<&[u32]>, cx: &Cx) -> Select {
    let context = load.refresh.as_ref().and_then(StateContext::of);
    let plain = load.options.is_empty()
        && load.for_update.is_none()
        && load.refresh.is_none()
        && load.path.as_ref().is_none_or(|_| load.options.is_empty())
        && only.is_none();
    if plain {
        return select;
    }
    let mut compile = CompileOptions {
        for_refresh: load.refresh.is_some(),
        refreshes_lazy: load.is_user_refresh && cx.compat().is_20(),
        only: only.map(<[u32]>::to_vec),
        ..CompileOptions::default()
    };
    let mut options = Vec::new();
    if let Some(path) = &load.path {
        compile.current_path = path.clone();
    }
    if let Some(context) = &context {
        compile.current_path = context.path.parent();
        options.extend(context.options.iter().cloned());
    }
    options.extend(load.options.iter().cloned());
    select.with(|data| {
        data.options = options;
        data.for_update.clone_from(&load.for_update);
        data.compile_options = Some(Rc::new(compile));
    })
}
