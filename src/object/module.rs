//! Modules: names looked up in a static table at the first use, so that an import costs nothing
//! for what a script does not name.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

use super::{Cx, Object, Refusals, Result, Str, TypeSpec, Value};

/// Makes the value of a name of a module.
pub type Export = fn(&Cx) -> Value;

/// How many exports there are in `groups`.
pub const fn count_exports(groups: &[&[(&str, Export)]]) -> usize {
    let (mut total, mut at) = (0, 0);
    while at < groups.len() {
        total += groups[at].len();
        at += 1;
    }
    total
}

/// The exports of `groups` in one table.
pub const fn join_exports<const N: usize>(
    groups: &[&[(&'static str, Export)]],
) -> [(&'static str, Export); N] {
    let mut all = [groups[0][0]; N];
    let (mut to, mut group) = (0, 0);
    while group < groups.len() {
        let mut at = 0;
        while at < groups[group].len() {
            all[to] = groups[group][at];
            to += 1;
            at += 1;
        }
        group += 1;
    }
    all
}

/// The static description of a module.
pub struct ModuleSpec {
    /// Its dotted name.
    pub name: &'static str,
    /// Its names, each with what makes its value; any order.
    pub names: &'static [(&'static str, Export)],
    /// Names that the real module has and this one may not have, with what to use instead.
    pub unsupported: &'static [(&'static str, &'static str)],
    /// Names computed by rule (`sqlalchemy.func`-like); tried last.
    pub dynamic: Option<fn(&str, &Cx) -> Option<Value>>,
}

/// The message of a name, `path`, that exists and is not there.
pub fn refusal(path: &str, instead: &str) -> String {
    if instead.is_empty() {
        format!("ormsh does not support {path} yet")
    } else {
        format!("ormsh does not support {path} yet; {instead}")
    }
}

/// A module.
pub struct Module {
    spec: &'static ModuleSpec,
    made: RefCell<FxHashMap<Str, Value>>,
    /// The names that a script assigned.
    assigned: RefCell<FxHashMap<Str, Value>>,
    /// Names that another module provides.
    forwards: Vec<(&'static str, Value)>,
}

/// The class of modules.
pub static MODULE: TypeSpec = TypeSpec::new("builtins", "module");

impl Module {
    /// The module of `spec`, none of its names made yet.
    pub fn new(spec: &'static ModuleSpec) -> Self {
        Self {
            spec,
            made: RefCell::default(),
            assigned: RefCell::default(),
            forwards: Vec::new(),
        }
    }
    /// The same, with names that are read from other modules.
    #[must_use]
    pub fn forwarding(mut self, forwards: Vec<(&'static str, Value)>) -> Self {
        self.forwards = forwards;
        self
    }
    /// Its names that are known beforehand.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let own = self.spec.names.iter().map(|(name, _)| *name);
        own.chain(self.forwards.iter().map(|(name, _)| *name))
    }
    /// What to say of `name` when the real module has it and this one has not.
    pub fn refusal(&self, name: &str, cx: &Cx) -> Option<String> {
        let path = self.spec.name;
        if let Some(names) = cx.service::<Refusals>().get()
            && names.covers(path)
        {
            return names.of_module(path, name, cx);
        }
        let mut unsupported = self.spec.unsupported.iter();
        let (_, instead) = unsupported.find(|(known, _)| *known == name)?;
        Some(refusal(&format!("{path}.{name}"), instead))
    }
    /// Its description.
    pub fn description(&self) -> &'static ModuleSpec {
        self.spec
    }
    /// What a script assigned to `name`.
    pub fn replaced(&self, name: &str) -> Option<Value> {
        self.assigned.borrow().get(name).cloned()
    }
    /// The value of `name`.
    pub fn get(&self, name: &str, cx: &Cx) -> Option<Value> {
        if let Some(assigned) = self.replaced(name) {
            return Some(assigned);
        }
        if let Some(known) = self.made.borrow().get(name) {
            return Some(known.clone());
        }
        let made = match self.spec.names.iter().find(|(known, _)| *known == name) {
            Some((_, export)) => export(cx),
            None => self.computed(name, cx)?,
        };
        if made.is_undefined() {
            // This version does not have the name.
            return None;
        }
        self.made.borrow_mut().insert(Str::new(name), made.clone());
        Some(made)
    }
}

impl Module {
    fn computed(&self, name: &str, cx: &Cx) -> Option<Value> {
        if let Some((_, module)) = self.forwards.iter().find(|(known, _)| *known == name) {
            return module.downcast::<Self>()?.get(name, cx);
        }
        self.spec.dynamic?(name, cx)
    }
}

impl Object for Module {
    fn spec(&self) -> &'static TypeSpec {
        &MODULE
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        Ok(Some(format!("<module '{}'>", self.spec.name)))
    }
    fn get_attr(&self, _this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        Ok(match name {
            "__name__" => Some(self.spec.name.into()),
            _ => self.get(name, cx),
        })
    }
    fn set_attr(&self, name: &str, value: &Value, _cx: &Cx) -> Result<bool> {
        let made = self.made.borrow().get(name).cloned();
        let mut assigned = self.assigned.borrow_mut();
        // What is put back is as if it was never replaced.
        let before = if made.is_some_and(|made| made.is(value)) {
            assigned.remove(name)
        } else {
            assigned.insert(Str::new(name), value.clone())
        };
        drop(assigned);
        drop(before);
        Ok(true)
    }
    fn attr_names(&self) -> Vec<String> {
        self.names().map(str::to_owned).collect()
    }
}
