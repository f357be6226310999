//! The functions of scripts that render constructs: what `@compiles` registers.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::ddl::Ddl;
use super::dialects::Dialect;
use super::operators::Operator;
use crate::object::{Class, Cx, Str, Value};

/// The functions of one class, by dialect.
#[derive(Default)]
struct Specs {
    by_dialect: Vec<(Str, Value)>,
    default: Option<Value>,
}

/// What a class says of a dialect.
pub enum Dispatch {
    /// Nothing was registered for the class: it is rendered as ever.
    Plain,
    /// This function renders it.
    Function(Value),
    /// Functions were registered, but none for this dialect.
    Missing,
}

/// Operators as the functions that scripts know them by.
#[derive(Default)]
pub struct OperatorFunctions(Cell<Option<fn(&Operator, &Cx) -> Value>>);

impl OperatorFunctions {
    /// Show scripts operators by `value`.
    pub fn show(&self, value: fn(&Operator, &Cx) -> Value) {
        self.0.set(Some(value));
    }
    /// `operator` as scripts see it.
    pub fn of(&self, operator: &Operator, cx: &Cx) -> Value {
        match self.0.get() {
            Some(value) => value(operator, cx),
            None => Value::str(operator.name()),
        }
    }
}

/// The functions of the session.
#[derive(Default)]
pub struct CompileHooks {
    classes: RefCell<Vec<(Rc<Class>, Specs)>>,
    /// Whether there are any: nothing is looked up before the first.
    any: Cell<bool>,
    /// How scripts see DDL elements.
    ddl_value: Cell<Option<fn(&Ddl) -> Value>>,
}

impl CompileHooks {
    /// The functions, where there are any.
    pub fn of(cx: &Cx) -> Option<Rc<Self>> {
        let hooks = cx.service::<Self>();
        hooks.any.get().then_some(hooks)
    }
    /// Show scripts DDL elements by `value`.
    pub fn show_ddl(&self, value: fn(&Ddl) -> Value) {
        self.ddl_value.set(Some(value));
    }
    /// A DDL element as scripts see it.
    pub fn ddl_value(&self, ddl: &Ddl) -> Option<Value> {
        if let Ddl::Custom(instance) = ddl {
            return Some(Value::Instance(instance.clone()));
        }
        self.ddl_value.get().map(|value| value(ddl))
    }
    /// Let `function` render `class`, for the dialects named or for all.
    pub fn register(&self, class: &Rc<Class>, dialects: &[Str], function: &Value) {
        self.any.set(true);
        let mut classes = self.classes.borrow_mut();
        let known = classes
            .iter()
            .position(|(known, _)| Rc::ptr_eq(known, class));
        let at = known.unwrap_or_else(|| {
            classes.push((class.clone(), Specs::default()));
            classes.len() - 1
        });
        let specs = &mut classes[at].1;
        if dialects.is_empty() {
            specs.default = Some(function.clone());
        }
        for dialect in dialects {
            specs.by_dialect.retain(|(known, _)| known != dialect);
            specs.by_dialect.push((dialect.clone(), function.clone()));
        }
    }
    /// Forget what was registered for `class`.
    pub fn deregister(&self, class: &Rc<Class>) {
        self.classes
            .borrow_mut()
            .retain(|(known, _)| !Rc::ptr_eq(known, class));
    }
    /// What renders instances of `class`.
    pub fn dispatch(&self, class: &Rc<Class>, dialect: &Dialect) -> Dispatch {
        let classes = self.classes.borrow();
        // Classes of SQLAlchemy's have each a way of their own, which hides their bases'.
        let ancestors = class.ancestors();
        let mut found = None;
        for class in std::iter::once(class).chain(ancestors.iter()) {
            found = classes.iter().find(|(known, _)| Rc::ptr_eq(known, class));
            if found.is_some() || class.spec().is_some() {
                break;
            }
        }
        let Some((owner, specs)) = found else {
            return Dispatch::Plain;
        };
        let own = specs
            .by_dialect
            .iter()
            .find(|(name, _)| name.as_str() == dialect.name)
            .map(|(_, function)| function);
        match own.or(specs.default.as_ref()) {
            Some(function) => Dispatch::Function(function.clone()),
            None if owner.spec().is_some() => Dispatch::Plain,
            None => Dispatch::Missing,
        }
    }
}
