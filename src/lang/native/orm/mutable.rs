//! `sqlalchemy.ext.mutable`: values that tell their objects when they change in place.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use super::events::listen;
use super::mapper::MAPPER;
use crate::lang::native::event::Listener;
use crate::object::exceptions::VALUE_ERROR;
use crate::object::types::{DICT, LIST, OBJECT, SET, base_value, with_base};
use crate::object::{
    Args, Bound, Class, Cx, Dict, Export, Instance, Members, Method, ModuleSpec, Object, Result,
    Str, TypeSpec, Value, class_of,
};
use crate::orm::{InstrumentedAttribute, Mapper, MapperHandle, flag_modified, mapper_of};
use crate::sql::types::SqlType;

const MODULE: &str = "sqlalchemy.ext.mutable";
const PARENTS: &str = "_parents";

/// `MutableBase`.
pub static MUTABLE_BASE: TypeSpec = TypeSpec::new(MODULE, "MutableBase")
    .bases(&[&OBJECT])
    .members(base_members)
    .subclassable();
/// `Mutable`.
pub static MUTABLE: TypeSpec = TypeSpec::new(MODULE, "Mutable")
    .bases(&[&MUTABLE_BASE])
    .members(mutable_members)
    .subclassable();
/// `MutableDict`.
pub static MUTABLE_DICT: TypeSpec = TypeSpec::new(MODULE, "MutableDict")
    .bases(&[&MUTABLE, &DICT])
    .construct(|class, args, cx| {
        let dict = Dict::default();
        dict.update(args.pos.first(), &args.kw, cx)?;
        Ok(made(class, Value::Dict(Rc::new(dict))))
    })
    .members(dict_members)
    .subclassable();
/// `MutableList`.
pub static MUTABLE_LIST: TypeSpec = TypeSpec::new(MODULE, "MutableList")
    .bases(&[&MUTABLE, &LIST])
    .construct(|class, args, cx| {
        let items = match args.pos.first() {
            Some(items) => cx.collect(items)?,
            None => Vec::new(),
        };
        Ok(made(class, Value::list(items)))
    })
    .members(list_members)
    .subclassable();
/// `MutableSet`.
pub static MUTABLE_SET: TypeSpec = TypeSpec::new(MODULE, "MutableSet")
    .bases(&[&MUTABLE, &SET])
    .construct(|class, args, cx| {
        let set = cx.call(&Value::Class(SET.class()), args)?;
        Ok(made(class, set))
    })
    .members(set_members)
    .subclassable();

fn made(class: &Rc<Class>, base: Value) -> Value {
    Value::Instance(with_base(class, base))
}

/// The objects that hold a value, each with the attribute.
#[derive(Default)]
struct Parents(RefCell<Vec<(Weak<Instance>, Str)>>);

static PARENTS_SPEC: TypeSpec = TypeSpec::new("weakref", "WeakKeyDictionary").bases(&[&OBJECT]);

impl Object for Parents {
    fn spec(&self) -> &'static TypeSpec {
        &PARENTS_SPEC
    }
    fn len(&self, _cx: &Cx) -> Result<Option<usize>> {
        Ok(Some(self.0.borrow().len()))
    }
}

impl Parents {
    /// Look at the parents of `value`, which get made where there are none yet.
    fn with<R>(value: &Value, look: impl FnOnce(&Self) -> R) -> Option<R> {
        let Value::Instance(instance) = value else {
            return None;
        };
        let known = instance.attribute(PARENTS);
        let parents = known.unwrap_or_else(|| {
            let made = Value::object(Self::default());
            instance.set_attribute(PARENTS, made.clone());
            made
        });
        parents.downcast::<Self>().map(look)
    }
    fn add(value: &Value, parent: &Rc<Instance>, key: &Str) {
        Self::with(value, |parents| {
            let mut all = parents.0.borrow_mut();
            all.retain(|(known, _)| known.strong_count() > 0 && !is(known, parent));
            all.push((Rc::downgrade(parent), key.clone()));
        });
    }
    fn remove(value: &Value, parent: &Rc<Instance>) {
        Self::with(value, |parents| {
            parents
                .0
                .borrow_mut()
                .retain(|(known, _)| !is(known, parent));
        });
    }
}

fn is(known: &Weak<Instance>, parent: &Rc<Instance>) -> bool {
    std::ptr::eq(known.as_ptr(), Rc::as_ptr(parent))
}

/// `changed()`: every object that holds the value counts as modified.
fn changed(this: &Value, cx: &Cx) -> Result<()> {
    let parents = Parents::with(this, |parents| parents.0.borrow().clone());
    for (parent, key) in parents.unwrap_or_default() {
        if let Some(parent) = parent.upgrade() {
            flag_modified(&parent, &key, cx)?;
        }
    }
    Ok(())
}

/// Let the script's own `changed()` answer for a change.
fn tell(this: &Value, cx: &Cx) -> Result<()> {
    cx.call_method(this, "changed", []).map(drop)
}

fn refuse(key: &Value, value: &Value, cx: &Cx) -> Result<Value> {
    if value.is_none() {
        return Ok(Value::None);
    }
    Err(VALUE_ERROR.error(format!(
        "Attribute '{}' does not accept objects of type {}",
        cx.str(key)?,
        cx.repr(&Value::Class(class_of(value, cx)))?
    )))
}

fn base_members(members: &mut Members) {
    members.class_method("coerce(key, value)", |_, bound, cx| {
        refuse(bound.value("key"), bound.value("value"), cx)
    });
}

fn mutable_members(members: &mut Members) {
    members
        .method_on_value("changed()", |this, _, cx| {
            changed(this, cx).map(|()| Value::None)
        })
        .class_method("__class_getitem__(item, /)", |this, _, _| Ok(this.clone()))
        .class_method("as_mutable(sqltype)", |this, bound, cx| {
            let ty = SqlType::from_value(bound.value("sqltype"), cx)?;
            let value = ty.to_value();
            associate(this, move |own, _| own.is_same(&ty), cx)?;
            Ok(value)
        })
        .class_method("associate_with(sqltype)", |this, bound, cx| {
            let class = bound.value("sqltype").clone();
            associate(
                this,
                move |own, cx| {
                    crate::object::types::is_instance(&own.to_value(), &class, cx).unwrap_or(false)
                },
                cx,
            )?;
            Ok(Value::None)
        })
        .class_method("associate_with_attribute(attribute)", |this, bound, cx| {
            if let Some(attribute) = bound.value("attribute").downcast::<InstrumentedAttribute>() {
                let mapper = attribute.mapper().clone();
                listen_on(this, &mapper, attribute.key(), bound.value("attribute"), cx)?;
            }
            Ok(Value::None)
        });
}

/// Let `class` stand for the values of the columns whose type `wanted` tells, once mapped.
fn associate(
    class: &Value,
    wanted: impl Fn(&SqlType, &Cx) -> bool + 'static,
    cx: &Cx,
) -> Result<()> {
    let class = class.clone();
    let function = Method::function("listen_for_type(mapper, class_)", move |bound, cx| {
        let Some(handle) = bound.value("mapper").downcast::<MapperHandle>() else {
            return Ok(Value::None);
        };
        let mapper = &handle.0;
        if mapper.is_concrete() && mapper.inherits().is_some() {
            return Ok(Value::None);
        }
        for property in mapper.prop_list() {
            let matches = property.column().is_some_and(|part| {
                let columns = part.columns.borrow();
                columns
                    .first()
                    .is_some_and(|column| wanted(&column.type_(), cx))
            });
            if matches {
                let owner = Value::Class(mapper.class().clone());
                let attribute = cx.get_attr(&owner, &property.key())?;
                listen_on(&class, mapper, &property.key(), &attribute, cx)?;
            }
        }
        Ok(Value::None)
    });
    let mappers = Value::Class(MAPPER.class());
    listen_to(&mappers, "mapper_configured", &function, false, cx)
}

fn listen_to(target: &Value, name: &str, function: &Value, returns: bool, cx: &Cx) -> Result<()> {
    let listener = Listener {
        target,
        name,
        function,
        returns,
        propagate: true,
        raw: false,
        active_history: false,
        insert: false,
        remove: false,
    };
    listen(&listener, cx).map(drop)
}

/// Coerce what the attribute holds and is given, and note who holds it.
fn listen_on(
    class: &Value,
    mapper: &Rc<Mapper>,
    key: &Str,
    attribute: &Value,
    cx: &Cx,
) -> Result<()> {
    let owner = Value::Class(mapper.class().clone());
    let loading = |text: &'static str| {
        let (class, key) = (class.clone(), key.clone());
        Method::function(text, move |bound, cx| {
            let wanted = match bound.given("attrs") {
                Some(attrs) if !attrs.is_none() => cx
                    .collect(attrs)?
                    .iter()
                    .any(|name| name.as_str() == Some(&key)),
                _ => true,
            };
            if let Value::Instance(instance) = bound.value("target")
                && wanted
            {
                loaded(&class, instance, &key, cx)?;
            }
            Ok(Value::None)
        })
    };
    for (name, text) in [
        ("load", "load(target, context, attrs=None)"),
        ("refresh", "refresh(target, context, attrs)"),
        ("refresh_flush", "refresh_flush(target, context, attrs)"),
    ] {
        listen_to(&owner, name, &loading(text), false, cx)?;
    }
    let (class, key) = (class.clone(), key.clone());
    let set = Method::function(
        "set(target, value, oldvalue, initiator)",
        move |bound, cx| {
            let value = bound.value("value").clone();
            let old = bound.value("oldvalue");
            if value.is(old) {
                return Ok(value);
            }
            let Value::Instance(instance) = bound.value("target") else {
                return Ok(value);
            };
            let value = coerced(&class, &key, value, cx)?;
            if !value.is_none() {
                Parents::add(&value, instance, &key);
            }
            if is_of(old, &class, cx) {
                Parents::remove(old, instance);
            }
            Ok(value)
        },
    );
    listen_to(attribute, "set", &set, true, cx)
}

fn is_of(value: &Value, class: &Value, cx: &Cx) -> bool {
    crate::object::types::is_instance(value, class, cx).unwrap_or(false)
}

fn coerced(class: &Value, key: &Str, value: Value, cx: &Cx) -> Result<Value> {
    if is_of(&value, class, cx) {
        return Ok(value);
    }
    cx.call(&cx.get_attr(class, "coerce")?, [key.clone().into(), value])
}

/// The attribute was loaded: what it holds becomes a value that tells of its changes.
fn loaded(class: &Value, instance: &Rc<Instance>, key: &Str, cx: &Cx) -> Result<()> {
    let slot = mapper_of(instance)
        .and_then(|mapper| mapper.attribute(key))
        .map(|attribute| attribute.slot());
    let Some(slot) = slot else {
        return Ok(());
    };
    let held = instance.slot(slot);
    if held.is_undefined() || held.is_none() {
        return Ok(());
    }
    let value = cx.call(&cx.get_attr(class, "coerce")?, [key.clone().into(), held])?;
    Parents::add(&value, instance, key);
    instance.set_slot(slot, value);
    Ok(())
}

/// Methods of the built-in base that change the value.
macro_rules! changing {
    ($members:ident: $($text:literal)*) => {
        $($members.method_on_value($text, |this, bound, cx| change($text, this, bound, cx));)*
    };
}

fn change(text: &'static str, this: &Value, bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let name = text.split('(').next().unwrap_or(text);
    let mut args = Args::from(bound.rest().to_vec());
    args.kw = bound.keywords().to_vec();
    // `a |= b` and its kind have methods that do the same.
    let name = match (name, base_value(this)) {
        ("__iadd__", _) => "extend",
        ("__ior__", Value::Set(_)) => "update",
        ("__iand__", _) => "intersection_update",
        ("__ixor__", _) => "symmetric_difference_update",
        ("__isub__", _) => "difference_update",
        _ => name,
    };
    let answer = cx.call_method(&base_value(this), name, args)?;
    tell(this, cx)?;
    Ok(if text.starts_with("__i") {
        this.clone()
    } else {
        answer
    })
}

fn coerce_from(this: &Value, bound: &Bound<'_>, fits: bool, cx: &Cx) -> Result<Value> {
    let value = bound.value("value");
    if is_of(value, this, cx) {
        return Ok(value.clone());
    }
    if fits {
        return cx.call(this, [value.clone()]);
    }
    refuse(bound.value("key"), value, cx)
}

fn dict_members(members: &mut Members) {
    members.class_method("coerce(key, value)", |this, bound, cx| {
        let fits = matches!(base_value(bound.value("value")), Value::Dict(_));
        coerce_from(this, bound, fits, cx)
    });
    changing!(members:
        "__setitem__(*args)" "__delitem__(*args)" "setdefault(*args)" "update(*args, **kw)"
        "pop(*args)" "popitem(*args)" "clear(*args)"
    );
    members.method_on_value("__repr__()", |this, _, cx| {
        cx.repr(&base_value(this)).map(Value::from)
    });
}

fn list_members(members: &mut Members) {
    members.class_method("coerce(key, value)", |this, bound, cx| {
        let fits = matches!(base_value(bound.value("value")), Value::List(_));
        coerce_from(this, bound, fits, cx)
    });
    changing!(members:
        "__setitem__(*args)" "__delitem__(*args)" "pop(*args)" "append(*args)" "extend(*args)"
        "__iadd__(*args)" "insert(*args)" "remove(*args)" "clear(*args)" "sort(**kw)"
        "reverse(*args)"
    );
    members.method_on_value("__repr__()", |this, _, cx| {
        cx.repr(&base_value(this)).map(Value::from)
    });
}

fn set_members(members: &mut Members) {
    members.class_method("coerce(key, value)", |this, bound, cx| {
        let fits = matches!(base_value(bound.value("value")), Value::Set(_));
        coerce_from(this, bound, fits, cx)
    });
    changing!(members:
        "update(*args)" "intersection_update(*args)" "difference_update(*args)"
        "symmetric_difference_update(*args)" "__ior__(*args)" "__iand__(*args)"
        "__ixor__(*args)" "__isub__(*args)" "add(*args)" "remove(*args)" "discard(*args)"
        "pop(*args)" "clear(*args)"
    );
}

const NAMES: &[(&str, Export)] = &[
    ("MutableBase", |_| Value::Class(MUTABLE_BASE.class())),
    ("Mutable", |_| Value::Class(MUTABLE.class())),
    ("MutableDict", |_| Value::Class(MUTABLE_DICT.class())),
    ("MutableList", |_| Value::Class(MUTABLE_LIST.class())),
    ("MutableSet", |_| Value::Class(MUTABLE_SET.class())),
];

/// `sqlalchemy.ext.mutable`.
pub static EXT_MUTABLE: ModuleSpec = ModuleSpec {
    name: MODULE,
    names: NAMES,
    unsupported: crate::lang::unsupported::names_of(MODULE),
    dynamic: None,
};
