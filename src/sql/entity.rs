//! What the SQL layer needs of the ORM: entities, and the plugin that compiles statements of them.

use std::any::Any;
use std::rc::Rc;

use super::dml::DmlValues;
use super::elements::ColumnElement;
use super::executable::Executable;
use super::selectable::{FromClause, Select};
use crate::object::{Cx, Result, Str, Value};

/// A mapper, an alias of one, a bundle: what may be given to `select()` besides SQL.
pub trait Entity: Any {
    /// For the downcast.
    fn as_any(&self) -> &dyn Any;
    /// What identifies it.
    fn identity(&self) -> usize;
    /// The value that scripts know it by (the mapped class, the alias).
    fn value(&self) -> Value;
    /// What it is selected from.
    fn selectable(&self, cx: &Cx) -> Result<FromClause>;
    /// What an INSERT, UPDATE or DELETE of it is on.
    fn dml_table(&self, cx: &Cx) -> Result<FromClause> {
        self.selectable(cx)
    }
    /// The columns that setting the attribute `name` to `value` sets; `None` where there is no
    /// attribute of that name.
    fn dml_values(&self, _name: &str, _value: &Value, _cx: &Cx) -> Result<Option<DmlValues>> {
        Ok(None)
    }
    /// The columns that selecting it selects, in a subquery or when printed.
    fn columns(&self, cx: &Cx) -> Result<Vec<ColumnElement>>;
    /// What it is in ORDER BY and the like, if it may stand there.
    fn element(&self, _cx: &Cx) -> Result<Option<ColumnElement>> {
        Ok(None)
    }
    /// The attribute `name` as an expression: what `filter_by(name=..)` compares.
    fn entity_attribute(&self, name: &str, cx: &Cx) -> Result<Option<Value>>;
    /// How `filter_by()` and the like name it in errors.
    fn describe(&self, cx: &Cx) -> String;
    /// `str()` of the mapper or alias.
    fn text(&self, cx: &Cx) -> String {
        self.describe(cx)
    }
    /// What compiles a SELECT of it.
    fn plugin(&self) -> Rc<dyn CompileStatePlugin>;
}

/// A SELECT being asked for by the compiler.
#[derive(Clone, Copy, Debug, Default)]
pub struct PluginContext {
    /// Whether it is the outermost statement.
    pub toplevel: bool,
    /// Whether it is being compiled to be executed for ORM results rather than to be printed.
    pub for_loading: bool,
}

/// What a plugin made of a SELECT.
pub struct PluginSelect {
    /// The plain SELECT.
    pub select: Select,
    /// The statement instead, where one was given with `from_statement()`.
    pub statement: Option<Executable>,
    /// What the plugin wants to find again in the compiled statement.
    pub plan: Option<Rc<dyn Any>>,
}

/// Turns a SELECT of ORM entities into one of columns and tables alone.
pub trait CompileStatePlugin {
    /// The plain SELECT.
    fn compile_select(
        &self,
        select: &Select,
        context: PluginContext,
        cx: &Cx,
    ) -> Result<PluginSelect>;
    /// The columns a subquery of `select` offers, with their keys: `subquery().c`.
    fn exported_columns(&self, select: &Select, cx: &Cx) -> Result<Vec<(Str, ColumnElement)>>;
    /// `select.column_descriptions`.
    fn column_descriptions(&self, select: &Select, cx: &Cx) -> Result<Value>;
    /// `statement.entity_description` of an INSERT, UPDATE or DELETE of `entity`.
    fn entity_description(&self, entity: &dyn Entity, cx: &Cx) -> Result<Value>;
    /// `statement.returning_column_descriptions` of what `select` would select.
    fn returned_descriptions(&self, select: &Select, cx: &Cx) -> Result<Value>;
    /// The FROM list that the columns and `select_from()` alone imply.
    fn columns_clause_froms(&self, select: &Select, cx: &Cx) -> Result<Vec<FromClause>>;
    /// What `filter_by()` names: the entity joined last, else the first.
    fn filter_by_entity(&self, select: &Select, cx: &Cx) -> Result<Option<Rc<dyn Entity>>>;
}

/// The ORM's hook for values that are neither SQL nor literals: mapped classes, attributes,
/// aliases. Registered in [`super::coercions::Coercions`].
pub trait EntityCoercion {
    /// The entity that `value` is.
    fn entity(&self, value: &Value) -> Result<Option<Rc<dyn Entity>>>;
    /// The expression that `value` is (`__clause_element__`).
    fn element(&self, value: &Value, cx: &Cx) -> Result<Option<ColumnElement>>;
    /// What selecting `value` selects, where that is not the expression that it is.
    fn selected(&self, value: &Value, cx: &Cx) -> Result<Option<Rc<dyn Entity>>>;
    /// Whether `value` is an attribute of an entity.
    fn is_attribute(&self, value: &Value, cx: &Cx) -> bool;
    /// Whether `value` is a relationship attribute, which only joins take as it is.
    fn is_relationship(&self, value: &Value, cx: &Cx) -> bool;
}
