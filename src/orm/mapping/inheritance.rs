//! How a mapped class relates to the mapped class it derives from.

use std::rc::Rc;

use super::{Joined, MapperSpec};
use crate::engine::exc::{
    AMBIGUOUS_FOREIGN_KEYS_ERROR, ARGUMENT_ERROR, NO_FOREIGN_KEYS_ERROR, SA_WARNING,
};
use crate::object::{Cx, Key, Result, Value};
use crate::orm::join_condition::criterion_pairs;
use crate::orm::mapper::{Inheritance, Mapper, MapperOptions, WithPolymorphic, from_description};
use crate::orm::selectables::join;
use crate::sql::ColumnElement;

/// Which table, which join.
pub(super) fn determine(spec: &MapperSpec, cx: &Cx) -> Result<Joined> {
    let Some(base) = &spec.inherits else {
        let Some(table) = &spec.local_table else {
            return Err(ARGUMENT_ERROR.error(format!(
                "Mapper '{}' does not have a persist_selectable specified.",
                spec.class.name()
            )));
        };
        return Ok(Joined {
            inheritance: Inheritance::None,
            local_table: table.clone(),
            mapped_table: table.clone(),
            condition: None,
            pairs: Vec::new(),
        });
    };
    if !spec.class.is_subclass(base.class()) {
        return Err(ARGUMENT_ERROR.error(format!(
            "Class '{}' does not inherit from '{}'",
            spec.class.name(),
            base.class().name()
        )));
    }
    let shared = spec
        .local_table
        .as_ref()
        .is_none_or(|table| table.same(base.local_table()));
    if shared {
        return Ok(Joined {
            inheritance: Inheritance::Single,
            local_table: base.local_table().clone(),
            mapped_table: base.mapped_table().clone(),
            condition: None,
            pairs: Vec::new(),
        });
    }
    let table = spec
        .local_table
        .clone()
        .unwrap_or_else(|| base.local_table().clone());
    if spec.concrete {
        return Ok(Joined {
            inheritance: Inheritance::Concrete,
            local_table: table.clone(),
            mapped_table: table,
            condition: None,
            pairs: Vec::new(),
        });
    }
    let condition = match &spec.inherit_condition {
        Some(condition) => condition.clone(),
        None => table_condition(base, spec, cx)?,
    };
    Ok(Joined {
        inheritance: Inheritance::Joined,
        pairs: criterion_pairs(&condition, &spec.inherit_foreign_keys),
        mapped_table: join(
            base.mapped_table().clone(),
            table.clone(),
            condition.clone(),
        ),
        local_table: table,
        condition: Some(condition),
    })
}

fn table_condition(base: &Rc<Mapper>, spec: &MapperSpec, cx: &Cx) -> Result<ColumnElement> {
    let Some(table) = &spec.local_table else {
        return Err(ARGUMENT_ERROR.error("no table"));
    };
    let found = crate::sql::join_condition(base.local_table(), table, None, cx);
    found.map_err(|raised| {
        let names = format!(
            "Can't determine the inherit condition between inherited table '{}' and inheriting \
             table '{}'; ",
            from_description(base.local_table()),
            from_description(table)
        );
        if raised.is(&NO_FOREIGN_KEYS_ERROR) {
            NO_FOREIGN_KEYS_ERROR.error(format!(
                "{names}tables have no foreign key relationships established.  Please ensure the \
                 inheriting table has a foreign key relationship to the inherited table, or \
                 provide an 'on clause' using the 'inherit_condition' mapper argument."
            ))
        } else if raised.is(&AMBIGUOUS_FOREIGN_KEYS_ERROR) {
            AMBIGUOUS_FOREIGN_KEYS_ERROR.error(format!(
                "{names}tables have more than one foreign key relationship established.  Please \
                 specify the 'on clause' using the 'inherit_condition' mapper argument."
            ))
        } else {
            raised
        }
    })
}

/// The plain arguments, some of which the base decides.
pub(super) fn inherited_options(spec: &MapperSpec) -> MapperOptions {
    let mut options = spec.options.clone();
    if let Some(base) = &spec.inherits {
        options.batch = base.options.batch;
        options.passive_updates = base.options.passive_updates;
        options.passive_deletes |= base.options.passive_deletes;
        if spec.version_id.is_none() {
            options.version_id_generator = base.options.version_id_generator.clone();
        }
    }
    options
}

/// Enter a new mapper into its hierarchy.
pub(super) fn register(mapper: &Rc<Mapper>, cx: &Cx) -> Result<()> {
    let identity = &mapper.polymorphic_identity;
    let has_identity = !identity.is_undefined() && !identity.is_none();
    if let Some(base) = &mapper.inherits {
        if !has_identity && !mapper.options.polymorphic_abstract {
            warn_no_identity(mapper, cx);
        }
        base.subclasses.borrow_mut().push(mapper.clone());
        if let Some(load) = &mapper.polymorphic_load {
            if mapper.is_concrete() {
                return Err(ARGUMENT_ERROR.error(
                    "polymorphic_load is not currently supported with concrete table inheritance",
                ));
            }
            match load.as_str() {
                "inline" => add_with_polymorphic(base, mapper),
                "selectin" => {}
                other => {
                    return Err(ARGUMENT_ERROR
                        .error(format!("unknown argument for polymorphic_load: '{other}'")));
                }
            }
        }
    }
    if has_identity {
        let key = Key::new(identity.clone(), cx)?;
        let known = mapper
            .polymorphic_map
            .borrow()
            .get(&key)
            .and_then(std::rc::Weak::upgrade);
        if let Some(known) = known {
            let shown = cx.repr(identity)?;
            let mapper_repr = |mapper: &Mapper| {
                format!(
                    "<Mapper at {:#x}; {}>",
                    std::ptr::from_ref(mapper) as usize,
                    mapper.class.name()
                )
            };
            cx.warn(
                &SA_WARNING,
                &format!(
                    "Reassigning polymorphic association for identity {shown} from {} to {}: \
                     Check for duplicate use of {shown} as value for polymorphic_identity.",
                    mapper_repr(&known),
                    mapper_repr(mapper)
                ),
            );
        }
        mapper
            .polymorphic_map
            .borrow_mut()
            .insert(key, Rc::downgrade(mapper));
    }
    Ok(())
}

fn warn_no_identity(mapper: &Rc<Mapper>, cx: &Cx) {
    if cx.compat().is_14() {
        return;
    }
    let Some(base) = &mapper.inherits else { return };
    let Some(discriminator) = base.identity_base().polymorphic_on() else {
        return;
    };
    let shown = crate::orm::configure::expression_text(&discriminator, cx);
    cx.warn(
        &SA_WARNING,
        &format!(
            "{} does not indicate a 'polymorphic_identity', yet is part of an inheritance \
             hierarchy that has a 'polymorphic_on' column of '{shown}'. If this is an \
             intermediary class that should not be instantiated, the class may either be left \
             unmapped, or may include the 'polymorphic_abstract=True' parameter in its Mapper \
             arguments. To leave the class unmapped when using Declarative, set the \
             '__abstract__ = True' attribute on the class.",
            mapper.describe(cx.compat())
        ),
    );
}

fn add_with_polymorphic(base: &Rc<Mapper>, mapper: &Rc<Mapper>) {
    let class = Value::Class(mapper.class.clone());
    let mut with = base.with_polymorphic.borrow_mut();
    match &mut *with {
        Some(WithPolymorphic {
            mappers: Some(mappers),
            ..
        }) => mappers.push(class),
        Some(_) => {}
        None => {
            *with = Some(WithPolymorphic {
                mappers: Some(vec![class]),
                selectable: None,
            });
        }
    }
}
