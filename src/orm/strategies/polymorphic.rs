//! Loading the columns of subclasses by a SELECT of their own, right after the rows.

use std::rc::Rc;

use crate::engine::ExecutionOptions;
use crate::engine::echo::{Cause, because};
use crate::object::{Cx, Instance, Result, Str, Value};
use crate::orm::compile_state::CompileOptions;
use crate::orm::loading::{LoadOptions, PostLoad};
use crate::orm::{MappedEntity, Mapper, state_of};
use crate::sql::{LabelStyle, SelectItem};

/// How many objects one SELECT is for.
const CHUNK: usize = 500;

/// Load the columns of `subclass` for those of `states` that are of it.
pub fn load_subclasses(
    post: &PostLoad,
    subclass: &Rc<Mapper>,
    by_option: bool,
    states: &[(Rc<Instance>, bool)],
    cx: &Cx,
) -> Result<()> {
    let is_its = |instance: &Rc<Instance>| {
        let Some(state) = state_of(instance) else {
            return false;
        };
        let mapper = state.mapper();
        mapper.isa(subclass) && (by_option || cx.compat().is_14() || loads_from(mapper, subclass))
    };
    let own: Vec<&Rc<Instance>> = states
        .iter()
        .map(|(instance, _)| instance)
        .filter(|instance| is_its(instance))
        .collect();
    if own.is_empty() {
        return Ok(());
    }
    let _cause = because(
        Cause::EagerLoad {
            strategy: Str::new("selectin_polymorphic"),
            attribute: subclass.class().name(),
        },
        cx,
    );
    let entity = MappedEntity::Mapper(subclass.clone());
    let base = subclass.identity_base();
    let key: Vec<_> = base.primary_key().clone();
    let criterion = crate::orm::support::in_bind(&key, &Str::new("primary_keys"), cx)?;
    let base_slots = base_slots(subclass);
    let only: Vec<u32> = subclass
        .attributes()
        .iter()
        .map(|attribute| attribute.slot())
        .filter(|slot| !base_slots.contains(slot))
        .collect();
    let compile = CompileOptions {
        current_path: post.path.parent(),
        only: Some(only),
        ..CompileOptions::default()
    };
    let select = crate::orm::support::select_of(vec![SelectItem::Entity(entity.entity())], cx)?
        .with(|data| {
            data.label_style = LabelStyle::TablenamePlusCol;
            data.where_criteria = vec![criterion];
            data.order_by = key;
            data.options = post.run.all_options();
            data.compile_options = Some(Rc::new(compile));
        });
    for chunk in own.chunks(CHUNK) {
        let keys = chunk
            .iter()
            .filter_map(|instance| {
                let key = state_of(instance)?.key()?;
                Some(match key.values() {
                    [single] => single.clone(),
                    several => Value::tuple(several.to_vec()),
                })
            })
            .collect();
        let parameters = vec![(Str::new("primary_keys"), Value::list(keys))];
        let options = LoadOptions {
            invoke_all_eagers: true,
            populate_existing: post.run.options.populate_existing,
            ..LoadOptions::default()
        };
        let none = ExecutionOptions::none();
        let session = &post.run.session;
        let result = session.load(&select, parameters, options, &none, cx)?;
        result.unique(None);
        drop(result.all(cx)?);
    }
    Ok(())
}

/// Whether `mapper` is loaded later because of what `above` says, rather than a mapper between.
fn loads_from(mapper: &Rc<Mapper>, above: &Rc<Mapper>) -> bool {
    let nearest = mapper.lineage().into_iter().find(|one| {
        let load = one.polymorphic_load();
        load.is_some_and(|load| load.as_str() == "selectin")
    });
    nearest.is_some_and(|nearest| Rc::ptr_eq(&nearest, above))
}

/// The slots of the columns that the base's SELECT loads, the primary key excepted.
fn base_slots(subclass: &Rc<Mapper>) -> Vec<u32> {
    let base = subclass.identity_base();
    let key = base.primary_key();
    let discriminator = base.polymorphic_on();
    base.prop_list()
        .iter()
        .filter(|property| {
            let columns = property
                .column()
                .map(|column| column.columns.borrow().clone());
            let is_key = columns.is_some_and(|columns| {
                columns.iter().any(|column| {
                    key.iter()
                        .chain(&discriminator)
                        .any(|one| crate::orm::support::same_columns(one, column))
                })
            });
            !is_key
        })
        .filter_map(|property| subclass.class().slot(&property.key()))
        .collect()
}
