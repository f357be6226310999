//! `Bundle`: several columns that a row gives as one value.

use std::any::Any;
use std::rc::Rc;

use super::hooks;
use crate::object::{Cx, Result, Str, Value};
use crate::sql::{ColumnElement, CompileStatePlugin, Entity, FromClause, SelectItem};

/// Several columns that a row gives as one value; a handle.
#[derive(Clone)]
pub struct Bundle(Rc<BundleData>);

struct BundleData {
    name: Str,
    members: Vec<(Str, SelectItem)>,
    single_entity: bool,
    /// A script's `create_row_processor` of a subclass.
    maker: Option<Value>,
}

impl Bundle {
    /// A bundle `name` of `members`, each under its name.
    pub fn new(
        name: Str,
        members: Vec<(Str, SelectItem)>,
        single_entity: bool,
        maker: Option<Value>,
    ) -> Self {
        Self(Rc::new(BundleData {
            name,
            members,
            single_entity,
            maker,
        }))
    }
    /// A bundle of plain columns.
    pub fn of_columns(name: &str, columns: Vec<ColumnElement>) -> Self {
        let members = columns
            .into_iter()
            .map(|column| {
                let key = column.key().map_or_else(String::new, |key| key.base());
                (Str::from(key), SelectItem::Column(column))
            })
            .collect();
        Self::new(Str::new(name), members, false, None)
    }
    /// Its name.
    pub fn name(&self) -> &Str {
        &self.0.name
    }
    /// Its members, each under its name.
    pub fn members(&self) -> &[(Str, SelectItem)] {
        &self.0.members
    }
    /// Whether a result of it alone has no rows around it.
    pub fn is_single_entity(&self) -> bool {
        self.0.single_entity
    }
    /// What makes its value of a tuple; `None` for a row of its own.
    pub fn maker(&self) -> Option<&Value> {
        self.0.maker.as_ref()
    }
    /// What identifies it.
    pub fn address(&self) -> usize {
        Rc::as_ptr(&self.0) as usize
    }
}

impl Entity for Bundle {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn identity(&self) -> usize {
        self.address()
    }
    fn value(&self) -> Value {
        Value::object(self.clone())
    }
    fn selectable(&self, cx: &Cx) -> Result<FromClause> {
        match self.0.members.first() {
            Some((_, item)) => {
                let froms = item.from_objects(cx)?;
                froms.into_iter().next().ok_or_else(|| no_from(self))
            }
            None => Err(no_from(self)),
        }
    }
    fn columns(&self, cx: &Cx) -> Result<Vec<ColumnElement>> {
        let mut columns = Vec::new();
        for (_, item) in &self.0.members {
            columns.extend(item.columns(cx)?);
        }
        Ok(columns)
    }
    fn entity_attribute(&self, _name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(None)
    }
    fn describe(&self, _cx: &Cx) -> String {
        format!("Bundle '{}'", self.0.name)
    }
    fn plugin(&self) -> Rc<dyn CompileStatePlugin> {
        hooks::plugin()
    }
}

fn no_from(bundle: &Bundle) -> crate::object::Raised {
    crate::engine::exc::INVALID_REQUEST_ERROR
        .error(format!("Bundle '{}' is of no FROM element", bundle.name()))
}
