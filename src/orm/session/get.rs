//! `Session.get()`: the identity map first, the database second.

use std::rc::Rc;

use super::Session;
use crate::engine::ExecutionOptions;
use crate::engine::echo::{Cause, because};
use crate::engine::exc::{ARGUMENT_ERROR, INVALID_REQUEST_ERROR, NO_RESULT_FOUND};
use crate::object::{Cx, Instance, Result, Value};
use crate::orm::loading::{IdentLoad, load_on_identity};
use crate::orm::{
    IdentityKey, InstanceState, Mapper, Passive, class_mapper, load_expired, state_of,
};
use crate::sql::ForUpdate;

/// The arguments of `Session.get()` beyond entity and key.
#[derive(Default)]
pub struct GetCall {
    /// `options=`.
    pub options: Vec<Value>,
    /// `populate_existing=`.
    pub populate_existing: bool,
    /// `with_for_update=`.
    pub for_update: Option<Rc<ForUpdate>>,
    /// `identity_token=`.
    pub identity_token: Option<Value>,
    /// `execution_options=`.
    pub execution_options: ExecutionOptions,
}

/// What looking into the identity map found.
pub enum Found {
    /// The object.
    Object(Rc<Instance>),
    /// An object of another class of the hierarchy.
    OtherClass,
    /// An object that would have to be loaded, which is not allowed.
    NotAllowed,
    /// Nothing.
    Nothing,
}

/// `key` is no primary key of `mapper`.
fn wrong_arity(mapper: &Mapper, method: &str) -> crate::object::Raised {
    let columns: Vec<_> = mapper
        .primary_key()
        .iter()
        .map(|column| format!("'{}'", crate::orm::support::column_text(column)))
        .collect();
    INVALID_REQUEST_ERROR.error(format!(
        "Incorrect number of values in identifier to formulate primary key for {method}; primary \
         key columns are {}",
        columns.join(",")
    ))
}

/// The values of the primary key that `ident`, a value, a tuple or a dict, gives.
fn key_values(mapper: &Rc<Mapper>, ident: &Value, method: &str, cx: &Cx) -> Result<Vec<Value>> {
    let count = mapper.primary_key().len();
    let values = match ident {
        Value::Dict(dict) => {
            if dict.len() != count {
                return Err(wrong_arity(mapper, method));
            }
            return named_key_values(mapper, dict, method);
        }
        Value::Tuple(values) => values.to_vec(),
        Value::List(values) => values.to_vec(),
        Value::Instance(instance) => match crate::orm::support::composite_key(instance, cx)? {
            Some(values) => values,
            None => vec![ident.clone()],
        },
        other => vec![other.clone()],
    };
    if values.len() != count {
        return Err(wrong_arity(mapper, method));
    }
    Ok(values)
}

fn named_key_values(
    mapper: &Rc<Mapper>,
    dict: &crate::object::Dict,
    method: &str,
) -> Result<Vec<Value>> {
    let mut names = Vec::new();
    for column in mapper.primary_key().iter() {
        if let Some(property) = mapper.column_prop(column) {
            names.push(property.key());
        }
    }
    let find = |name: &str| {
        dict.get_str(name).or_else(|| {
            let props = mapper.prop_list();
            let synonym = props.iter().find(|property| {
                property
                    .synonym()
                    .is_some_and(|synonym| synonym.name.as_str() == name)
            })?;
            dict.get_str(&synonym.key())
        })
    };
    let values: Option<Vec<Value>> = names.iter().map(|name| find(name)).collect();
    values.ok_or_else(|| {
        let quoted: Vec<_> = names.iter().map(|name| format!("'{name}'")).collect();
        INVALID_REQUEST_ERROR.error(format!(
            "Incorrect names of values in identifier to formulate primary key for {method}; \
             primary key attribute names are {} (synonym names are also accepted)",
            quoted.join(",")
        ))
    })
}

/// The mapper that `entity` names.
pub fn expect_mapper(entity: &Value, cx: &Cx) -> Result<Rc<Mapper>> {
    let mapper = match entity {
        Value::Class(class) => class_mapper(class),
        other => crate::orm::mapper_of_value(other),
    };
    let Some(mapper) = mapper else {
        return Err(ARGUMENT_ERROR.error(format!(
            "Expected mapped class or mapper, got: {}",
            cx.repr(entity)?
        )));
    };
    crate::orm::configure_registry(mapper.registry(), cx)?;
    Ok(mapper)
}

impl Session {
    /// `get()`.
    pub fn get(&self, entity: &Value, ident: &Value, call: &GetCall, cx: &Cx) -> Result<Value> {
        let unmapped = match entity {
            Value::Class(class) => class_mapper(class).is_none(),
            Value::Object(_) => false,
            _ => true,
        };
        if unmapped {
            return Err(crate::orm::support::no_inspection(entity, cx));
        }
        let mapper = expect_mapper(entity, cx)?;
        let found = self.get_object(&mapper, ident, call, "session.get()", cx)?;
        Ok(found.map_or(Value::None, Value::Instance))
    }
    /// `get_one()`.
    pub fn get_one(&self, entity: &Value, ident: &Value, call: &GetCall, cx: &Cx) -> Result<Value> {
        match self.get(entity, ident, call, cx)? {
            Value::None => Err(NO_RESULT_FOUND.error("No row was found when one was required")),
            found => Ok(found),
        }
    }
    /// The object of `mapper` with the primary key `ident`.
    pub fn get_object(
        &self,
        mapper: &Rc<Mapper>,
        ident: &Value,
        call: &GetCall,
        method: &str,
        cx: &Cx,
    ) -> Result<Option<Rc<Instance>>> {
        let base = mapper.identity_base();
        let token = call.identity_token.clone().unwrap_or(Value::None);
        let key = match ident {
            Value::Int(_) | Value::Str(_) if mapper.primary_key().len() == 1 => {
                IdentityKey::single(base.class(), ident.clone(), token, cx)?
            }
            _ => {
                let values = key_values(mapper, ident, method, cx)?;
                IdentityKey::new(base.class(), values, token, cx)?
            }
        };
        let from_memory = !call.populate_existing
            && !mapper.options().always_refresh
            && call.for_update.is_none();
        if from_memory {
            match self.find_identity(mapper, &key, Passive::OFF, cx)? {
                Found::Object(instance) => {
                    let fits = instance.class().is_subclass(mapper.class());
                    return Ok(fits.then_some(instance));
                }
                Found::OtherClass => return Ok(None),
                Found::NotAllowed | Found::Nothing => {}
            }
        }
        let class = mapper.class().name();
        let _cause = because(Cause::Get { class }, cx);
        let load = IdentLoad {
            key: Some(key),
            options: call.options.clone(),
            populate_existing: call.populate_existing,
            for_update: call.for_update.clone(),
            execution_options: call.execution_options.clone(),
            ..IdentLoad::of(mapper)
        };
        load_on_identity(self, &load, cx)
    }
    /// Look `key` up in the identity map; an expired object is refreshed to see whether its row
    /// still exists.
    pub fn find_identity(
        &self,
        mapper: &Rc<Mapper>,
        key: &IdentityKey,
        passive: Passive,
        cx: &Cx,
    ) -> Result<Found> {
        let Some(instance) = self.by_identity(key) else {
            return Ok(Found::Nothing);
        };
        let Some(state) = state_of(&instance) else {
            return Ok(Found::Nothing);
        };
        if mapper.inherits().is_some() && !state.mapper().isa(mapper) {
            return Ok(Found::OtherClass);
        }
        if InstanceState::is_expired(state) {
            if !passive.has(Passive::SQL_OK) {
                return Ok(Found::NotAllowed);
            }
            if passive.has(Passive::RELATED_OBJECT_OK) {
                match load_expired(&instance, state, passive, cx) {
                    Ok(_) => {}
                    Err(raised) if raised.is(&crate::orm::exc::OBJECT_DELETED_ERROR) => {
                        self.remove_newly_deleted(std::slice::from_ref(&instance), cx)?;
                        return Ok(Found::Nothing);
                    }
                    Err(raised) => return Err(raised),
                }
            }
        }
        Ok(Found::Object(instance))
    }
}
