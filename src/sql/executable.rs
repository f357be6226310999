//! Everything that can be executed.

use std::rc::Rc;

use super::dml::{Delete, Insert, Update};
use super::elements::ColumnElement;
use super::selectable::{CompoundSelect, Select, TextClause, TextualSelect};

/// A statement.
#[derive(Clone)]
pub enum Executable {
    /// SELECT.
    Select(Select),
    /// UNION and the like.
    Compound(CompoundSelect),
    /// `text()`.
    Text(Rc<TextClause>),
    /// `text().columns()`.
    TextualSelect(Rc<TextualSelect>),
    /// INSERT.
    Insert(Insert),
    /// UPDATE.
    Update(Update),
    /// DELETE.
    Delete(Delete),
    /// A statement of a class that a script defined.
    Custom(ColumnElement),
    /// A function, executed as a SELECT of it.
    Function(ColumnElement),
}
