//! Names that the real library has and this one has not: an error says so by name.

use std::cell::Cell;

use super::{Class, Cx};

/// Answers for modules and classes whose real names are known.
pub trait RealNames {
    /// Whether the real names of the module at `path` are known.
    fn covers(&self, path: &str) -> bool;
    /// What to say of `name` when the real module at `path` has it.
    fn of_module(&self, path: &str, name: &str, cx: &Cx) -> Option<String>;
    /// What to say of `name` when the real class, or for `of_instance` an instance, has it.
    fn of_class(&self, class: &Class, name: &str, of_instance: bool, cx: &Cx) -> Option<String>;
}

/// Who answers; set by the layer that knows.
#[derive(Default)]
pub struct Refusals(Cell<Option<&'static dyn RealNames>>);

impl Refusals {
    /// Let `names` answer.
    pub fn set(&self, names: &'static dyn RealNames) {
        self.0.set(Some(names));
    }
    /// Who answers.
    pub fn get(&self) -> Option<&'static dyn RealNames> {
        self.0.get()
    }
}
