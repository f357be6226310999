//! `inspect()`, instance states, attribute states and histories as values.

use std::rc::Rc;

use super::attribute::{attribute_key, mapper_value};
use super::mapper::Namespace;
use crate::engine::exc::NO_INSPECTION_AVAILABLE;
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{
    Cx, Dict, Instance, Members, Method, Object, Raised, Result, Str, TypeSpec, Value, class_of,
};
use crate::orm::{
    AliasInspection, History, InstanceState, InstrumentedAttribute, MappedEntity, Marker, Passive,
    StateHandle, configure_registry, entity_of_value, no_value, session, state_address, state_of,
    state_value,
};
use crate::sql::coercions::executable_of;

/// `inspect(target, raiseerr=True)` of instances and mapped things; `None`: it is none.
pub fn inspect(target: &Value, cx: &Cx) -> Result<Option<Value>> {
    if let Value::Instance(instance) = target
        && state_of(instance).is_some()
    {
        return Ok(Some(state_value(instance)));
    }
    if let Some(entity) = entity_of_value(target) {
        if let MappedEntity::Mapper(_) = &entity {
            configure_registry(entity.mapper().registry(), cx)?;
        }
        return Ok(Some(entity_value(&entity)));
    }
    let itself = target.downcast::<InstrumentedAttribute>().is_some()
        || target.downcast::<StateHandle>().is_some()
        || target.downcast::<crate::sql::FromClause>().is_some()
        || executable_of(target).is_some();
    Ok(itself.then(|| target.clone()))
}

/// The error of `inspect()` for what can't be inspected.
pub fn no_inspection(target: &Value, cx: &Cx) -> Raised {
    NO_INSPECTION_AVAILABLE.error(format!(
        "No inspection system is available for object of type <class '{}'>",
        class_of(target, cx).full_name()
    ))
}

/// A mapper or alias as `inspect()` shows it.
pub fn entity_value(entity: &MappedEntity) -> Value {
    match entity {
        MappedEntity::Mapper(mapper) => mapper_value(mapper),
        MappedEntity::Aliased(alias) => Value::object(AliasInspection(alias.clone())),
    }
}

/// `InstanceState`.
pub static INSTANCE_STATE: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.state", "InstanceState").members(state_members);

fn with_state<T>(
    this: &StateHandle,
    gone: T,
    look: impl FnOnce(&Rc<Instance>, &InstanceState) -> T,
) -> T {
    match this.instance() {
        Some(instance) => match state_of(&instance) {
            Some(state) => look(&instance, state),
            None => gone,
        },
        None => gone,
    }
}

fn has_session(state: &InstanceState, cx: &Cx) -> bool {
    session(state.session_id(), cx).is_some()
}

/// Which of the five an instance is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Condition {
    Transient,
    Pending,
    Persistent,
    Deleted,
    Detached,
}

fn condition(state: &InstanceState, cx: &Cx) -> Condition {
    match (
        state.has_identity(),
        has_session(state, cx),
        state.is_deleted(),
    ) {
        (false, false, _) => Condition::Transient,
        (false, true, _) => Condition::Pending,
        (true, true, false) => Condition::Persistent,
        (true, true, true) => Condition::Deleted,
        (true, false, _) => Condition::Detached,
    }
}

fn state_members(members: &mut Members) {
    fn is(members: &mut Members, name: &'static str, wanted: Condition) {
        members.getter(name, move |this: &StateHandle, cx| {
            Ok(Value::Bool(with_state(this, false, |_, state| {
                condition(state, cx) == wanted
            })))
        });
    }
    is(members, "transient", Condition::Transient);
    is(members, "pending", Condition::Pending);
    is(members, "persistent", Condition::Persistent);
    is(members, "deleted", Condition::Deleted);
    is(members, "detached", Condition::Detached);
    members
        .getter("object", |this: &StateHandle, _| Ok(this.instance().into()))
        .method("obj()", |this: &StateHandle, _, _| {
            Ok(this.instance().into())
        })
        .getter("is_instance", |_: &StateHandle, _| Ok(Value::Bool(true)))
        .getter("mapper", |this: &StateHandle, _| {
            Ok(this.mapper().map_or(Value::None, mapper_value))
        })
        .getter("class_", |this: &StateHandle, _| {
            Ok(this
                .mapper()
                .map_or(Value::None, |mapper| Value::Class(mapper.class().clone())))
        })
        .getter("has_identity", |this: &StateHandle, _| {
            Ok(Value::Bool(with_state(this, false, |_, state| {
                state.has_identity()
            })))
        })
        .getter("was_deleted", |this: &StateHandle, _| {
            Ok(Value::Bool(with_state(this, false, |_, state| {
                state.is_deleted()
            })))
        })
        .getter("identity", |this: &StateHandle, _| {
            Ok(with_state(this, Value::None, |_, state| {
                match state.key() {
                    Some(key) => Value::tuple(key.values().to_vec()),
                    None => Value::None,
                }
            }))
        })
        .getter("identity_token", |this: &StateHandle, _| {
            Ok(with_state(this, Value::None, |_, state| {
                state.key().map_or(Value::None, |key| key.token().clone())
            }))
        })
        .getter("session", |this: &StateHandle, cx| {
            Ok(with_state(this, Value::None, |_, state| {
                session(state.session_id(), cx).map_or(Value::None, |session| session.value())
            }))
        })
        .getter("session_id", |this: &StateHandle, _| {
            Ok(with_state(this, Value::None, |_, state| {
                match state.session_id() {
                    0 => Value::None,
                    id => Value::Int(i64::from(id)),
                }
            }))
        })
        .with(key_members)
        .with(attribute_members);
}

fn key_value(this: &StateHandle) -> Value {
    with_state(this, Value::None, |_, state| {
        state.key().map_or(Value::None, |key| key.to_value())
    })
}

fn key_members(members: &mut Members) {
    members
        .getter("key", |this: &StateHandle, _| Ok(key_value(this)))
        .getter("identity_key", |this: &StateHandle, _| Ok(key_value(this)));
}

fn names(
    this: &StateHandle,
    wanted: fn(&Instance, &InstanceState, u32) -> bool,
    cx: &Cx,
) -> Result<Value> {
    let found = with_state(this, Vec::new(), |instance, state| {
        state
            .mapper()
            .attributes()
            .iter()
            .filter(|attribute| wanted(instance, state, attribute.slot()))
            .map(|attribute| Value::Str(attribute.key().clone()))
            .collect()
    });
    Ok(Value::Set(Rc::new(crate::object::Set::new(
        crate::object::Set::of(found, cx)?,
    ))))
}

fn attribute_members(members: &mut Members) {
    members
        .getter("attrs", |this: &StateHandle, cx| {
            let entries = with_state(this, Vec::new(), |instance, state| {
                state
                    .mapper()
                    .prop_list()
                    .iter()
                    .map(|prop| {
                        let attribute = AttributeState {
                            instance: Rc::downgrade(instance),
                            key: prop.key(),
                        };
                        (prop.key(), Value::object(attribute))
                    })
                    .collect()
            });
            Ok(Namespace::of(entries, cx))
        })
        .getter("dict", |this: &StateHandle, cx| match this.instance() {
            Some(instance) => cx.get_attr(&Value::Instance(instance), "__dict__"),
            None => Ok(Value::Dict(Rc::new(Dict::default()))),
        })
        .getter("modified", |this: &StateHandle, _| {
            Ok(Value::Bool(with_state(this, false, |_, state| {
                state.is_modified()
            })))
        })
        .getter("expired", |this: &StateHandle, _| {
            Ok(Value::Bool(with_state(this, false, |_, state| {
                state.is_expired()
            })))
        })
        .getter("expired_attributes", |this: &StateHandle, cx| {
            names(this, |_, state, slot| state.is_slot_expired(slot), cx)
        })
        .getter("unloaded", |this: &StateHandle, cx| {
            names(
                this,
                |instance, state, slot| {
                    !state.is_changed(slot) && instance.with_slot(slot, Value::is_undefined)
                },
                cx,
            )
        })
        .getter("unmodified", |this: &StateHandle, cx| {
            names(this, |_, state, slot| !state.is_changed(slot), cx)
        })
        .getter("committed_state", |this: &StateHandle, cx| {
            let dict = Dict::default();
            if let Some(instance) = this.instance()
                && let Some(state) = state_of(&instance)
            {
                for attribute in state.mapper().attributes().iter() {
                    let old = match state.committed(attribute.slot()) {
                        None => continue,
                        Some(crate::orm::Committed::Value(value)) => value,
                        Some(crate::orm::Committed::Items(items)) => Value::list(items.to_vec()),
                        Some(_) => no_value(),
                    };
                    dict.insert(attribute.key().clone().into(), old, cx)?;
                }
            }
            Ok(Value::Dict(Rc::new(dict)))
        })
        .method(
            "get_history(key, passive=None)",
            |this: &StateHandle, a, cx| {
                let key = attribute_key(a.value("key"), cx)?;
                history(this.instance(), &key, Passive::OFF, cx)
            },
        );
}

impl Object for StateHandle {
    fn spec(&self) -> &'static TypeSpec {
        &INSTANCE_STATE
    }
    fn identity(&self) -> Option<usize> {
        state_address(&*self.instance()?)
    }
}

/// An attribute of an instance as `inspect(obj).attrs.name` shows it.
pub struct AttributeState {
    instance: std::rc::Weak<Instance>,
    key: Str,
}

/// `AttributeState`.
pub static ATTRIBUTE_STATE: TypeSpec = TypeSpec::new("sqlalchemy.orm.state", "AttributeState")
    .members(|members| {
        members
            .getter("key", |this: &AttributeState, _| {
                Ok(this.key.clone().into())
            })
            .getter("state", |this: &AttributeState, _| {
                Ok(this
                    .instance
                    .upgrade()
                    .map_or(Value::None, |instance| state_value(&instance)))
            })
            .getter("value", |this: &AttributeState, cx| {
                match this.instance.upgrade() {
                    Some(instance) => cx.get_attr(&Value::Instance(instance), &this.key),
                    None => Ok(Value::None),
                }
            })
            .getter("loaded_value", |this: &AttributeState, _| {
                let held = this
                    .instance
                    .upgrade()
                    .and_then(|instance| Some(instance.slot(instance.class().slot(&this.key)?)));
                Ok(match held {
                    Some(value) if !value.is_undefined() => value,
                    _ => no_value(),
                })
            })
            .getter("history", |this: &AttributeState, cx| {
                history(
                    this.instance.upgrade(),
                    &this.key,
                    Passive::NO_INITIALIZE,
                    cx,
                )
            })
            .method("load_history()", |this: &AttributeState, _, cx| {
                let passive = Passive::OFF.without(Passive::INIT_OK);
                history(this.instance.upgrade(), &this.key, passive, cx)
            });
    });

impl Object for AttributeState {
    fn spec(&self) -> &'static TypeSpec {
        &ATTRIBUTE_STATE
    }
}

/// The history of attribute `key` as a value.
pub fn history(
    instance: Option<Rc<Instance>>,
    key: &str,
    passive: Passive,
    cx: &Cx,
) -> Result<Value> {
    let found = match &instance {
        Some(instance) => {
            match state_of(instance).and_then(|state| state.mapper().attribute(key)) {
                Some(attribute) => attribute.history(instance, passive, cx)?,
                None => return Err(crate::object::key_error(Value::str(key))),
            }
        }
        None => History::default(),
    };
    Ok(Value::object(found))
}

/// A part of a history; in 1.4 None where it could not be told.
fn part(history: &History, values: Option<&Vec<Value>>, cx: &Cx) -> Value {
    match values {
        None if history.is_blank && cx.compat().is_14() => Value::None,
        Some(values) => Value::list(values.clone()),
        None => Value::tuple(Vec::new()),
    }
}

/// `History`.
pub static HISTORY: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.attributes", "History").members(|members| {
        members
            .getter("added", |this: &History, cx| {
                Ok(part(this, this.added.as_ref(), cx))
            })
            .getter("unchanged", |this: &History, cx| {
                Ok(part(this, this.unchanged.as_ref(), cx))
            })
            .getter("deleted", |this: &History, cx| {
                Ok(part(this, this.deleted.as_ref(), cx))
            })
            .method("has_changes()", |this: &History, _, _| {
                Ok(Value::Bool(this.has_changes()))
            })
            .method("empty()", |this: &History, _, _| {
                Ok(Value::Bool(this.is_empty()))
            })
            .method("sum()", |this: &History, _, _| Ok(Value::list(this.sum())))
            .method("non_deleted()", |this: &History, _, _| {
                Ok(Value::list([this.added(), this.unchanged()].concat()))
            })
            .method("non_added()", |this: &History, _, _| {
                Ok(Value::list([this.unchanged(), this.deleted()].concat()))
            });
    });

impl History {
    fn parts(&self, cx: &Cx) -> [Value; 3] {
        [
            part(self, self.added.as_ref(), cx),
            part(self, self.unchanged.as_ref(), cx),
            part(self, self.deleted.as_ref(), cx),
        ]
    }
}

impl Object for History {
    fn spec(&self) -> &'static TypeSpec {
        &HISTORY
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let [added, unchanged, deleted] = self.parts(cx);
        Ok(Some(format!(
            "History(added={}, unchanged={}, deleted={})",
            cx.repr(&added)?,
            cx.repr(&unchanged)?,
            cx.repr(&deleted)?
        )))
    }
    fn iter(&self, _this: &Value, cx: &Cx) -> Result<Option<Value>> {
        Ok(Some(Value::list(self.parts(cx).to_vec())))
    }
    fn len(&self, _cx: &Cx) -> Result<Option<usize>> {
        Ok(Some(3))
    }
    fn truthy(&self, _cx: &Cx) -> Result<Option<bool>> {
        Ok(Some(!self.is_empty()))
    }
    fn get_item(&self, _this: &Value, key: &Value, cx: &Cx) -> Result<Option<Value>> {
        let tuple = Value::tuple(self.parts(cx).to_vec());
        crate::object::types::get_item(&tuple, key, cx).map(Some)
    }
    fn compare(
        &self,
        _this: &Value,
        op: crate::object::CompareOp,
        other: &Value,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        let own = Value::tuple(self.parts(cx).to_vec());
        let other = match other.downcast::<Self>() {
            Some(history) => Value::tuple(history.parts(cx).to_vec()),
            None => other.clone(),
        };
        crate::object::ops::compare(op, &own, &other, cx).map(Some)
    }
}

static LOADER_CALLABLE_STATUS: TypeSpec =
    TypeSpec::new("sqlalchemy.orm.base", "LoaderCallableStatus");

impl Object for Marker {
    fn spec(&self) -> &'static TypeSpec {
        &LOADER_CALLABLE_STATUS
    }
    fn identity(&self) -> Option<usize> {
        Some(self.0.as_ptr() as usize)
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        Ok(Some(if cx.compat().is_14() {
            format!("symbol('{}')", self.0)
        } else {
            let number = match self.0 {
                "PASSIVE_NO_RESULT" => 0,
                "PASSIVE_CLASS_MISMATCH" => 1,
                "ATTR_WAS_SET" => 2,
                "ATTR_EMPTY" => 3,
                _ => 4,
            };
            format!("<LoaderCallableStatus.{}: {number}>", self.0)
        }))
    }
    fn str(&self, cx: &Cx) -> Result<Option<String>> {
        if cx.compat().is_14() {
            return self.repr(cx);
        }
        Ok(Some(format!("LoaderCallableStatus.{}", self.0)))
    }
}

fn instance_argument(value: &Value, cx: &Cx) -> Result<Rc<Instance>> {
    if let Value::Instance(instance) = value
        && state_of(instance).is_some()
    {
        return Ok(instance.clone());
    }
    if let Some(state) = value.downcast::<StateHandle>()
        && let Some(instance) = state.instance()
    {
        return Ok(instance);
    }
    Err(crate::orm::exc::unmapped_instance(value, cx))
}

/// `object_session()`.
pub fn object_session() -> Value {
    Method::function("object_session(instance)", |a, cx| {
        let instance = instance_argument(a.value("instance"), cx)?;
        let id = state_of(&instance).map_or(0, InstanceState::session_id);
        Ok(session(id, cx).map_or(Value::None, |session| session.value()))
    })
}

/// `was_deleted()`.
pub fn was_deleted() -> Value {
    Method::function("was_deleted(object_)", |a, cx| {
        let instance = instance_argument(a.value("object_"), cx)?;
        Ok(Value::Bool(
            state_of(&instance).is_some_and(InstanceState::is_deleted),
        ))
    })
}

/// `class_mapper()`.
pub fn class_mapper() -> Value {
    Method::function("class_mapper(class_, configure=True)", |a, cx| {
        let given = a.value("class_");
        match entity_of_value(given) {
            Some(entity) => {
                if a.flag("configure", true) {
                    configure_registry(entity.mapper().registry(), cx)?;
                }
                Ok(mapper_value(entity.mapper()))
            }
            None => Err(match given {
                Value::Class(class) => crate::orm::exc::unmapped_class(class),
                other => crate::engine::exc::ARGUMENT_ERROR
                    .error(format!("Class object expected, got '{}'.", cx.repr(other)?)),
            }),
        }
    })
}

/// `object_mapper()`.
pub fn object_mapper() -> Value {
    Method::function("object_mapper(instance)", |a, cx| {
        let instance = instance_argument(a.value("instance"), cx)?;
        Ok(state_of(&instance).map_or(Value::None, |state| mapper_value(state.mapper())))
    })
}

/// Functions of `sqlalchemy.orm.attributes`, by name.
pub fn attribute_function(name: &'static str) -> Value {
    match name {
        "get_history" => Method::function("get_history(obj, key, passive=None)", |a, cx| {
            let instance = instance_argument(a.value("obj"), cx)?;
            history(Some(instance), a.text("key")?, Passive::OFF, cx)
        }),
        "flag_modified" => Method::function("flag_modified(instance, key)", |a, cx| {
            let instance = instance_argument(a.value("instance"), cx)?;
            crate::orm::flag_modified(&instance, a.text("key")?, cx)?;
            Ok(Value::None)
        }),
        "flag_dirty" => Method::function("flag_dirty(instance)", |a, cx| {
            let instance = instance_argument(a.value("instance"), cx)?;
            if let Some(state) = state_of(&instance) {
                crate::orm::mark_modified(&instance, state, cx)?;
            }
            Ok(Value::None)
        }),
        "set_attribute" => Method::function(
            "set_attribute(instance, key, value, initiator=None)",
            |a, cx| {
                let instance = Value::Instance(instance_argument(a.value("instance"), cx)?);
                cx.set_attr(&instance, a.text("key")?, a.value("value").clone())?;
                Ok(Value::None)
            },
        ),
        "get_attribute" => Method::function("get_attribute(instance, key)", |a, cx| {
            let instance = Value::Instance(instance_argument(a.value("instance"), cx)?);
            cx.get_attr(&instance, a.text("key")?)
        }),
        "del_attribute" => Method::function("del_attribute(instance, key)", |a, cx| {
            let instance = Value::Instance(instance_argument(a.value("instance"), cx)?);
            crate::object::delete_attr(&instance, a.text("key")?, cx)?;
            Ok(Value::None)
        }),
        "instance_state" => Method::function("instance_state(instance)", |a, cx| {
            Ok(state_value(&instance_argument(a.value("instance"), cx)?))
        }),
        "instance_dict" => Method::function("instance_dict(instance)", |a, cx| {
            cx.get_attr(a.value("instance"), "__dict__")
        }),
        "init_collection" => Method::function("init_collection(obj, key)", |a, cx| {
            let instance = instance_argument(a.value("obj"), cx)?;
            let key = a.text("key")?;
            let attribute = state_of(&instance).and_then(|state| state.mapper().attribute(key));
            match attribute {
                Some(attribute) => attribute.set_committed(&instance, Value::None, cx),
                None => Err(crate::object::key_error(Value::str(key))),
            }
        }),
        _ => Method::function("set_committed_value(instance, key, value)", |a, cx| {
            let instance = instance_argument(a.value("instance"), cx)?;
            let key = a.text("key")?;
            let attribute = state_of(&instance).and_then(|state| state.mapper().attribute(key));
            match attribute {
                Some(attribute) => {
                    attribute.set_committed(&instance, a.value("value").clone(), cx)?;
                    Ok(Value::None)
                }
                None => Err(TYPE_ERROR.error(format!("no attribute '{key}'"))),
            }
        }),
    }
}
