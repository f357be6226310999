//! Expiring and refreshing objects.

use std::rc::Rc;

use super::Session;
use super::lifecycle::expect_instance;
use crate::engine::echo::{Cause, because};
use crate::engine::exc::{ARGUMENT_ERROR, INVALID_REQUEST_ERROR};
use crate::object::{Cx, Instance, Result, Str, Value};
use crate::orm::loading::{IdentLoad, load_on_identity};
use crate::orm::{InstanceState, cascade, state_of};
use crate::sql::ForUpdate;

/// The arguments of `Session.refresh()`.
#[derive(Default)]
pub struct RefreshCall {
    /// `attribute_names=`.
    pub names: Option<Vec<Str>>,
    /// `with_for_update=`.
    pub for_update: Option<Rc<ForUpdate>>,
}

/// The slots of the attributes `names`.
fn slots(state: &InstanceState, names: &[Str]) -> Result<Vec<u32>> {
    names
        .iter()
        .map(|name| match state.mapper().attribute(name) {
            Some(attribute) => Ok(attribute.slot()),
            None => Err(crate::object::key_error(Value::Str(name.clone()))),
        })
        .collect()
}

impl Session {
    fn check_persistent(&self, instance: &Rc<Instance>, state: &InstanceState) -> Result<()> {
        if self.holds_identity(instance) {
            return Ok(());
        }
        Err(INVALID_REQUEST_ERROR.error(format!(
            "Instance '{}' is not persistent within this Session",
            state.describe()
        )))
    }
    /// `expire_all()`.
    pub fn expire_all(&self, cx: &Cx) -> Result<()> {
        for instance in self.identity_instances() {
            self.expire_state(&instance, cx)?;
        }
        Ok(())
    }
    /// `expire()`.
    pub fn expire(&self, value: &Value, names: Option<&[Str]>, cx: &Cx) -> Result<()> {
        let (instance, state) = expect_instance(value, cx)?;
        self.expire_object(instance, state, names, cx)
    }
    fn expire_object(
        &self,
        instance: &Rc<Instance>,
        state: &InstanceState,
        names: Option<&[Str]>,
        cx: &Cx,
    ) -> Result<()> {
        self.check_persistent(instance, state)?;
        if let Some(names) = names.filter(|names| !names.is_empty()) {
            let slots = slots(state, names)?;
            state.expire_slots(instance, &slots, false);
            let names = Value::list(names.iter().cloned().map(Value::Str).collect());
            return crate::orm::instance_events::fire(instance, "expire", &[names], cx);
        }
        let reached = cascade::collect(cascade::Kind::RefreshExpire, instance, cx)?;
        self.expire_state(instance, cx)?;
        for one in &reached {
            if state_of(one).is_some_and(InstanceState::has_identity) {
                self.expire_state(one, cx)?;
            } else if self.data().new.borrow_mut().remove(one) {
                self.detach_states(std::slice::from_ref(one), false, cx)?;
            }
        }
        Ok(())
    }
    /// `refresh()`.
    pub fn refresh(&self, value: &Value, call: &RefreshCall, cx: &Cx) -> Result<()> {
        let (instance, state) = expect_instance(value, cx)?;
        let modern = cx.compat().is_20();
        if modern || !call.names.as_deref().unwrap_or_default().is_empty() {
            self.expire_object(instance, state, call.names.as_deref(), cx)?;
        } else {
            self.expire_object(instance, state, None, cx)?;
        }
        if modern {
            self.autoflush("refresh", cx)?;
        }
        let class = state.mapper().class().name();
        let _cause = because(Cause::Refresh { class }, cx);
        let load = IdentLoad {
            key: state.key(),
            refresh: Some(instance.clone()),
            only: call
                .names
                .as_ref()
                .map(|names| slots(state, names))
                .transpose()?,
            for_update: call.for_update.clone(),
            require_pk: modern,
            is_user_refresh: true,
            no_autoflush: modern,
            plain_names: true,
            ..IdentLoad::of(state.mapper())
        };
        if load_on_identity(self, &load, cx)?.is_none() {
            return Err(INVALID_REQUEST_ERROR
                .error(format!("Could not refresh instance '{}'", state.describe())));
        }
        Ok(())
    }
}

/// The error for `with_for_update={}`.
pub fn ambiguous_for_update() -> crate::object::Raised {
    ARGUMENT_ERROR.error(
        "with_for_update should be the boolean value True, or a dictionary with options.  A \
         blank dictionary is ambiguous.",
    )
}
