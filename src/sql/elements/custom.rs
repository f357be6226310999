//! Elements of classes that a script defined below `FunctionElement`, `ColumnElement` and their
//! kin; what `@compiles` renders.

use std::rc::Rc;

use super::standard::null_type;
use super::{ColumnElement, Name};
use crate::object::{Cx, Instance, Str, Value};
use crate::sql::types::SqlType;

/// What such an element is besides an instance of its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CustomKind {
    /// An expression.
    Element,
    /// A column with a name.
    Column,
    /// A function call.
    Function,
    /// A statement or another clause that is no expression.
    Clause,
}

/// An element of a class that a script defined. It and its instance hold each other: the
/// instance is what scripts see, the element what expressions are made of.
pub struct CustomElement {
    /// The script's instance; its attributes say name and type.
    pub instance: Rc<Instance>,
    /// What it is.
    pub kind: CustomKind,
    /// The arguments of a function, grouped.
    pub clauses: Vec<ColumnElement>,
}

impl CustomElement {
    /// An attribute of the instance, else of its class.
    pub fn attribute(&self, name: &str) -> Option<Value> {
        self.instance
            .attribute(name)
            .or_else(|| self.instance.class().lookup(name))
    }
    /// Its name, where it has one.
    pub fn name(&self) -> Option<Str> {
        match self.attribute("name") {
            Some(Value::Str(name)) => Some(name),
            _ => None,
        }
    }
    /// Its type, as the attribute `type` says.
    pub fn type_(&self) -> SqlType {
        let stated = self
            .attribute("type")
            .and_then(|value| SqlType::from_value(&value, &Cx::current()).ok());
        stated
            .or_else(|| {
                let returned = self.attribute("_returns_type_of_args").is_some();
                let types = self.clauses.iter().map(ColumnElement::type_);
                returned
                    .then(|| types.into_iter().find(|type_| !type_.is_null()))
                    .flatten()
            })
            .unwrap_or_else(null_type)
    }
    /// Its name as the name of a column or label.
    pub fn column_name(&self) -> Option<Name> {
        self.name().map(Name::Plain)
    }
}
