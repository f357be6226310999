//! Instrumenting the collection classes of scripts: which methods add, remove and iterate, and
//! the wrappers through which their owner hears of changes.

use std::rc::Rc;

use super::factory::Shape;
use super::keyed::is_keyed_class;
use super::mutators::{self, Membership, Mutator};
use crate::engine::exc::ARGUMENT_ERROR;
use crate::object::{Class, Cx, Result, Str, Value, find_attr};

/// The attribute of a class that was instrumented: the class itself, since subclasses inherit it.
const INSTRUMENTED: &str = "_sa_instrumented";

/// What the decorators of `collection` note on a function.
pub fn mark(function: &Value, name: &str, value: Value, cx: &Cx) -> Result<Value> {
    cx.set_attr(function, &format!("_sa_instrument_{name}"), value)?;
    Ok(function.clone())
}

fn marked(function: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
    find_attr(function, &format!("_sa_instrument_{name}"), cx)
}

fn is_instrumented(function: &Value, cx: &Cx) -> Result<bool> {
    Ok(
        function.downcast::<Mutator>().is_some()
            || find_attr(function, INSTRUMENTED, cx)?.is_some(),
    )
}

/// What was found out about a class.
#[derive(Default)]
struct Plan {
    /// Roles and the names of the methods that have them.
    roles: Vec<(Str, Str)>,
    /// Methods whose argument or answer enters or leaves.
    methods: Vec<(Str, Membership)>,
}

impl Plan {
    fn role(&self, role: &str) -> Option<&Str> {
        let found = self.roles.iter().find(|(known, _)| *known == role);
        found.map(|(_, name)| name)
    }
    fn set_default_role(&mut self, role: &str, name: &str) {
        if self.role(role).is_none() {
            self.roles.push((Str::new(role), Str::new(name)));
        }
    }
    fn set_method(&mut self, name: &Str, membership: Membership) {
        match self.methods.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = membership,
            None => self.methods.push((name.clone(), membership)),
        }
    }
    fn has_method(&self, name: &str) -> bool {
        self.methods.iter().any(|(known, _)| *known == name)
    }

    /// Roles and methods as the decorators say, the class before its bases.
    fn locate(class: &Rc<Class>, cx: &Cx) -> Result<Self> {
        let mut plan = Self::default();
        for one in std::iter::once(class).chain(class.ancestors().iter()) {
            if is_keyed_class(one) {
                plan.set_default_role("appender", "set");
                plan.set_default_role("remover", "remove");
            }
            if one.spec().is_some() {
                continue;
            }
            for name in one.own_names() {
                let Some(method @ Value::Object(_)) = one.own(&name) else {
                    continue;
                };
                if let Some(Value::Str(role)) = marked(&method, "role", cx)? {
                    plan.set_default_role(&role, &name);
                }
                let membership = Membership::marked(
                    marked(&method, "before", cx)?,
                    marked(&method, "after", cx)?,
                );
                if let Some(membership) = membership {
                    plan.set_method(&name, membership);
                }
            }
        }
        Ok(plan)
    }

    /// Wrap the methods that a built-in collection would have.
    fn set_up_canned(&mut self, class: &Rc<Class>, shape: Shape, cx: &Cx) -> Result<()> {
        let (roles, methods): (&[_], _) = match shape {
            Shape::List => (
                &[
                    ("appender", "append"),
                    ("remover", "remove"),
                    ("iterator", "__iter__"),
                ],
                mutators::LIST_METHODS,
            ),
            Shape::Set => (
                &[
                    ("appender", "add"),
                    ("remover", "remove"),
                    ("iterator", "__iter__"),
                ],
                mutators::SET_METHODS,
            ),
            Shape::Dict => (&[("iterator", "values")], mutators::DICT_METHODS),
        };
        for (role, name) in roles {
            self.set_default_role(role, name);
        }
        for (name, run) in methods {
            // An operator of a built-in type is no method of it here.
            let function = match class.lookup(name) {
                Some(function) => function,
                None if name.starts_with("__i") => Value::None,
                None => continue,
            };
            if self.has_method(name) || is_instrumented(&function, cx)? {
                continue;
            }
            class.set(*name, Mutator::canned(name, function, *run));
        }
        Ok(())
    }

    /// Every role must be had; appender and remover are instrumented in any case.
    fn complete(&mut self, class: &Rc<Class>, cx: &Cx) -> Result<()> {
        for (role, article, append) in [
            ("appender", "an", Some(true)),
            ("remover", "a", Some(false)),
            ("iterator", "an", None),
        ] {
            let name = self.role(role).cloned();
            let found = name.and_then(|name| class.lookup(&name).map(|method| (name, method)));
            let Some((name, method)) = found else {
                return Err(ARGUMENT_ERROR.error(format!(
                    "Type {} must elect {article} {role} method to be a collection class",
                    class.name()
                )));
            };
            let native = is_keyed_class_method(class, &name);
            if let Some(append) = append
                && !self.has_method(&name)
                && !native
                && !is_instrumented(&method, cx)?
            {
                self.set_method(&name, Membership::of_argument(append));
            }
        }
        Ok(())
    }

    fn apply(self, class: &Rc<Class>) {
        for (name, membership) in self.methods {
            if let Some(function) = class.lookup(&name) {
                class.set(
                    name.clone(),
                    Mutator::membership(name, function, membership),
                );
            }
        }
        for (role, name) in self.roles {
            if let Some(method) = class.lookup(&name) {
                class.set(format!("_sa_{role}"), method);
            }
        }
    }
}

/// Whether `name` is a method that `KeyFuncDict` has, and instruments itself.
fn is_keyed_class_method(class: &Rc<Class>, name: &str) -> bool {
    let holder = std::iter::once(class)
        .chain(class.ancestors().iter())
        .find(|one| one.own(name).is_some())
        .cloned();
    holder.is_some_and(|holder| is_keyed_class(&holder))
}

/// Instrument `class` once, the bases that are the ORM's own before it.
pub(super) fn instrument(class: &Rc<Class>, cx: &Cx) -> Result<()> {
    if class.own(INSTRUMENTED).is_some() {
        return Ok(());
    }
    for base in class.ancestors().iter() {
        if is_keyed_class(base) || base.spec().is_some_and(super::ordering::is_ordering_list) {
            instrument(base, cx)?;
        }
    }
    let mut plan = Plan::locate(class, cx)?;
    if let Some(shape) = Shape::of_class(class) {
        plan.set_up_canned(class, shape, cx)?;
    }
    plan.complete(class, cx)?;
    plan.apply(class);
    class.set(INSTRUMENTED, Value::Bool(true));
    Ok(())
}
