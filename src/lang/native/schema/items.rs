//! What goes into the parentheses of `Table(..)` and `Column(..)`, told apart.

use std::rc::Rc;

use crate::engine::exc::ARGUMENT_ERROR;
use crate::object::{Cx, Raised, Result, Value};
use crate::sql::ColumnElement;
use crate::sql::coercions::{Coerced, coerce};
use crate::sql::schema::{
    Column, ColumnArg, ColumnDefault, Computed, Constraint, ForeignKey, Identity, Index, Sequence,
    ServerDefault,
};

/// A schema item.
pub enum SchemaItem {
    /// A column.
    Column(Rc<Column>),
    /// A foreign key.
    ForeignKey(Rc<ForeignKey>),
    /// A constraint.
    Constraint(Rc<Constraint>),
    /// An index.
    Index(Rc<Index>),
    /// `default=` or `onupdate=` given as an object.
    Default(Rc<ColumnDefault>),
    /// `FetchedValue()`, `DefaultClause()`.
    ServerDefault(Rc<ServerDefault>),
    /// A sequence.
    Sequence(Rc<Sequence>),
    /// `Computed(..)`.
    Computed(Rc<Computed>),
    /// `Identity(..)`.
    Identity(Rc<Identity>),
}

impl SchemaItem {
    /// What `value` is.
    pub fn find(value: &Value) -> Option<Self> {
        if let Some(ColumnElement::Column(column)) = value.downcast::<ColumnElement>() {
            return Some(Self::Column(column.clone()));
        }
        macro_rules! try_each {
            ($($variant:ident: $type:ty),*) => {
                $(if let Some(item) = value.downcast::<Rc<$type>>() {
                    return Some(Self::$variant(item.clone()));
                })*
            };
        }
        try_each!(
            ForeignKey: ForeignKey, Constraint: Constraint, Index: Index, Default: ColumnDefault,
            ServerDefault: ServerDefault, Sequence: Sequence, Computed: Computed,
            Identity: Identity
        );
        None
    }
    /// What `value` is; ArgumentError where it is no schema item.
    pub fn expect(value: &Value, cx: &Cx) -> Result<Self> {
        Self::find(value).ok_or_else(|| not_an_item(value, cx))
    }
}

/// The error for what is no schema item.
pub fn not_an_item(value: &Value, cx: &Cx) -> Raised {
    ARGUMENT_ERROR.error(format!(
        "'SchemaItem' object, such as a 'Column' or a 'Constraint' expected, got {}",
        cx.repr(value).unwrap_or_default()
    ))
}

/// A column of a constraint, by name or itself.
pub fn column_argument(value: &Value, cx: &Cx) -> Result<ColumnArg> {
    if let Value::Str(name) = value {
        return Ok(ColumnArg::Name(name.clone()));
    }
    if let Coerced::Element(element) = coerce(value, cx)?
        && let ColumnElement::Column(column) = element.plain()
    {
        return Ok(ColumnArg::Column(column.clone()));
    }
    Err(ARGUMENT_ERROR.error(format!(
        "String column name or column expression for DDL constraint expected, got {}.",
        cx.repr(value)?
    )))
}

/// An expression inside DDL: a text is taken as SQL.
pub fn ddl_expression(value: &Value, cx: &Cx) -> Result<ColumnElement> {
    crate::sql::coercions::expect_ddl_expression(value, cx)
}
