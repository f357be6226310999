//! `set` and `frozenset`: every change in one place, instrumented or not.

use std::rc::Rc;

use super::{OBJECT, base_value, container_members, set_members};
use crate::object::exceptions::{KEY_ERROR, TYPE_ERROR};
use crate::object::{
    Args, BinaryOp, Class, Cx, Key, Members, Result, Set, SetMap, TypeSpec, Value, key_error,
};

mod order;

pub use order::{ordered_members, python_hash};

/// `set`.
pub static SET: TypeSpec = TypeSpec::new("builtins", "set")
    .bases(&[&OBJECT])
    .construct(construct)
    .members(members)
    .subclassable();
/// `frozenset`.
pub static FROZENSET: TypeSpec = TypeSpec::new("builtins", "frozenset")
    .bases(&[&OBJECT])
    .construct(construct_frozen)
    .members(frozen_members)
    .subclassable();

fn members_given(name: &str, args: &Args, cx: &Cx) -> Result<SetMap> {
    super::no_keywords(name, args)?;
    match args.pos.as_slice() {
        [] => Ok(SetMap::default()),
        [iterable] => members_of(iterable, cx),
        more => Err(TYPE_ERROR.error(format!(
            "{name} expected at most 1 argument, got {}",
            more.len()
        ))),
    }
}

fn construct(class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    let items = if class.spec().is_none() && class.script_method("__init__").is_some() {
        SetMap::default()
    } else {
        members_given("set", &args, cx)?
    };
    Ok(super::of_class(
        class,
        &SET,
        Value::Set(Rc::new(Set::new(items))),
    ))
}

fn construct_frozen(class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    if let [Value::Set(set)] = args.pos.as_slice()
        && set.is_frozen()
        && class.spec().is_some()
    {
        return Ok(Value::Set(set.clone()));
    }
    let items = members_given("frozenset", &args, cx)?;
    let set = Value::Set(Rc::new(Set::frozen(items)));
    Ok(super::of_class(class, &FROZENSET, set))
}

/// The members that `set(iterable)` has.
pub fn members_of(iterable: &Value, cx: &Cx) -> Result<SetMap> {
    if let Value::Set(set) = base_value(iterable) {
        return Ok(set.borrow().clone());
    }
    Set::of(cx.collect(iterable)?, cx)
}

impl Set {
    /// Whether `value` is a member.
    pub fn holds(&self, value: &Value, cx: &Cx) -> Result<bool> {
        // A set is looked up as the frozenset of its members.
        let key = match base_value(value) {
            Value::Set(set) if !set.is_frozen() => {
                let frozen = Self::frozen(set.borrow().clone());
                Key::new(Value::Set(Rc::new(frozen)), cx)?
            }
            _ => Key::new(value.clone(), cx)?,
        };
        Ok(self.borrow().contains(&key))
    }
    /// Add `value`, through the hook where it is new.
    pub fn add(&self, value: Value, cx: &Cx) -> Result<()> {
        let key = Key::new(value, cx)?;
        if self.borrow().contains(&key) {
            return Ok(());
        }
        let key = match self.hook() {
            Some(hook) => Key::new(hook.append(key.value().clone(), cx)?, cx)?,
            None => key,
        };
        self.borrow_mut().insert(key);
        Ok(())
    }
    /// Remove `value`, through the hook; whether it was there.
    pub fn discard(&self, value: &Value, cx: &Cx) -> Result<bool> {
        let key = Key::new(value.clone(), cx)?;
        let held = self.borrow().get(&key).cloned();
        let Some(held) = held else {
            return Ok(false);
        };
        if let Some(hook) = self.hook() {
            hook.remove(held.value(), cx)?;
        }
        let removed = self.borrow_mut().shift_take(&key);
        Ok(removed.is_some())
    }
    /// Remove and answer a member.
    pub fn pop(&self, cx: &Cx) -> Result<Value> {
        let Some(first) = ordered_members(self).into_iter().next() else {
            return Err(KEY_ERROR.error("pop from an empty set"));
        };
        self.discard(&first, cx)?;
        Ok(first)
    }
    /// Remove everything, through the hook.
    pub fn clear(&self, cx: &Cx) -> Result<()> {
        if self.hook().is_some() {
            for value in ordered_members(self) {
                self.discard(&value, cx)?;
            }
        }
        let old = std::mem::take(&mut *self.borrow_mut());
        drop(old);
        Ok(())
    }
    /// Become `wanted`, removing and then adding, through the hook.
    pub fn become_(&self, wanted: SetMap, cx: &Cx) -> Result<()> {
        for value in ordered_members(self) {
            let gone = !wanted.contains(&Key::new(value.clone(), cx)?);
            if gone {
                self.discard(&value, cx)?;
            }
        }
        for key in wanted {
            self.add(key.value().clone(), cx)?;
        }
        Ok(())
    }
    /// `self op= other`, through the hook.
    pub fn in_place(&self, op: BinaryOp, other: &Value, cx: &Cx) -> Result<()> {
        match op {
            BinaryOp::BitOr => {
                for value in cx.collect(other)? {
                    self.add(value, cx)?;
                }
                Ok(())
            }
            BinaryOp::Sub => {
                for value in cx.collect(other)? {
                    self.discard(&value, cx)?;
                }
                Ok(())
            }
            _ => {
                let wanted = combine(op, self, &members_of(other, cx)?);
                self.become_(wanted, cx)
            }
        }
    }
}

/// The members of `a op b`.
pub fn combine(op: BinaryOp, a: &Set, b: &SetMap) -> SetMap {
    let own = a.borrow();
    match op {
        BinaryOp::BitOr => own.union(b).cloned().collect(),
        BinaryOp::BitAnd => own.intersection(b).cloned().collect(),
        BinaryOp::Sub => own.difference(b).cloned().collect(),
        _ => own.symmetric_difference(b).cloned().collect(),
    }
}

fn alike(this: &Value, items: SetMap) -> Value {
    let frozen = matches!(base_value(this), Value::Set(set) if set.is_frozen());
    Value::Set(Rc::new(if frozen {
        Set::frozen(items)
    } else {
        Set::new(items)
    }))
}

fn frozen_members(members: &mut Members) {
    const COMBINATIONS: [(&str, BinaryOp); 3] = [
        ("union(*others)", BinaryOp::BitOr),
        ("intersection(*others)", BinaryOp::BitAnd),
        ("difference(*others)", BinaryOp::Sub),
    ];
    for (text, op) in COMBINATIONS {
        members.method_on_value(text, move |this, a, cx| {
            let mut items = members_of(this, cx)?;
            for other in a.rest() {
                items = combine(op, &Set::new(items), &members_of(other, cx)?);
            }
            Ok(alike(this, items))
        });
    }
    members
        .method_on_value("symmetric_difference(other, /)", |this, a, cx| {
            let own = Set::new(members_of(this, cx)?);
            let items = combine(BinaryOp::BitXor, &own, &members_of(a.at(0), cx)?);
            Ok(alike(this, items))
        })
        .method("issubset(other, /)", |set: &Set, a, cx| {
            let other = members_of(a.at(0), cx)?;
            Ok(Value::Bool(set.borrow().is_subset(&other)))
        })
        .method("issuperset(other, /)", |set: &Set, a, cx| {
            let other = members_of(a.at(0), cx)?;
            Ok(Value::Bool(set.borrow().is_superset(&other)))
        })
        .method("isdisjoint(other, /)", |set: &Set, a, cx| {
            let other = members_of(a.at(0), cx)?;
            Ok(Value::Bool(set.borrow().is_disjoint(&other)))
        })
        .method_on_value("copy(/)", |this, _, cx| {
            Ok(alike(this, members_of(this, cx)?))
        })
        .class_method("__class_getitem__(item, /)", |this, a, cx| {
            super::generic::subscribe(this, a.at(0), cx)
        })
        .with(container_members)
        .with(set_members);
}

fn members(members: &mut Members) {
    const UPDATES: [(&str, BinaryOp); 3] = [
        ("update(*others)", BinaryOp::BitOr),
        ("intersection_update(*others)", BinaryOp::BitAnd),
        ("difference_update(*others)", BinaryOp::Sub),
    ];
    frozen_members(members);
    for (text, op) in UPDATES {
        members.method(text, move |set: &Set, a, cx| {
            for other in a.rest() {
                set.in_place(op, other, cx)?;
            }
            Ok(Value::None)
        });
    }
    members
        .method(
            "symmetric_difference_update(other, /)",
            |set: &Set, a, cx| {
                set.in_place(BinaryOp::BitXor, a.at(0), cx)?;
                Ok(Value::None)
            },
        )
        .method("add(object, /)", |set: &Set, a, cx| {
            set.add(a.at(0).clone(), cx).map(|()| Value::None)
        })
        .method("discard(object, /)", |set: &Set, a, cx| {
            set.discard(a.at(0), cx).map(|_| Value::None)
        })
        .method("remove(object, /)", |set: &Set, a, cx| {
            if set.discard(a.at(0), cx)? {
                Ok(Value::None)
            } else {
                Err(key_error(a.at(0).clone()))
            }
        })
        .method("pop(/)", |set: &Set, _, cx| set.pop(cx))
        .method("clear(/)", |set: &Set, _, cx| {
            set.clear(cx).map(|()| Value::None)
        })
        .method("__init__(iterable=(), /)", |set: &Set, a, cx| {
            let items = match a.at(0) {
                Value::Undefined => SetMap::default(),
                iterable => members_of(iterable, cx)?,
            };
            *set.borrow_mut() = items;
            Ok(Value::None)
        });
}
