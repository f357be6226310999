//! `Bundle`: several columns that a row gives as one value.

use std::any::Any;
use std::rc::Rc;

use super::hooks;
use crate::object::{Cx, Result, Str, Value};
use crate::sql::{ColumnElement, CompileStatePlugin, Entity, FromClause, SelectItem};

/// Several columns that a row gives as one value; a handle.
#[derive(Clone)]
pub struct Bundle {
    data: Rc<BundleData>,
    maker: BundleMaker,
}

/// What makes the value of a bundle.
#[derive(Clone, Default)]
pub enum BundleMaker {
    /// It is a row of its own.
    #[default]
    Row,
    /// The object of a script's subclass that the bundle is the native part of.
    Instance(Value),
    /// A composite's class; the bundle stands for this attribute.
    Composite {
        /// The class.
        class: Value,
        /// The attribute.
        attribute: Value,
    },
}

struct BundleData {
    name: Str,
    members: Vec<(Str, SelectItem)>,
    single_entity: bool,
}

impl Bundle {
    /// A bundle `name` of `members`, each under its key.
    pub fn new(name: Str, members: Vec<(Str, SelectItem)>, single_entity: bool) -> Self {
        Self {
            data: Rc::new(BundleData {
                name,
                members,
                single_entity,
            }),
            maker: BundleMaker::Row,
        }
    }
    /// A bundle of plain columns.
    pub fn of_columns(name: &str, columns: Vec<ColumnElement>) -> Self {
        let items = columns.into_iter().map(SelectItem::Column).collect();
        Self::of_items(Str::new(name), items, false)
    }
    /// A bundle of what `select()` takes.
    pub fn of_items(name: Str, items: Vec<SelectItem>, single_entity: bool) -> Self {
        let keyed = items
            .into_iter()
            .map(|item| (key_of(&item), item))
            .collect();
        Self::new(name, keyed, single_entity)
    }
    /// The bundle under another name.
    #[must_use]
    pub fn label(&self, name: Str) -> Self {
        let own = &self.data;
        Self {
            data: Rc::new(BundleData {
                name,
                members: own.members.clone(),
                single_entity: own.single_entity,
            }),
            maker: BundleMaker::Row,
        }
    }
    /// The same as the native part of `instance`, of a script's subclass.
    #[must_use]
    pub fn of_instance(&self, instance: &Value) -> Self {
        Self {
            data: self.data.clone(),
            maker: BundleMaker::Instance(instance.clone()),
        }
    }
    /// A bundle of the columns of a composite.
    pub fn of_composite(name: Str, columns: Vec<ColumnElement>, class: Value, of: Value) -> Self {
        let items = columns.into_iter().map(SelectItem::Column).collect();
        Self {
            maker: BundleMaker::Composite {
                class,
                attribute: of,
            },
            ..Self::of_items(name, items, false)
        }
    }
    /// Its name.
    pub fn name(&self) -> &Str {
        &self.data.name
    }
    /// Its members, each under its key.
    pub fn members(&self) -> &[(Str, SelectItem)] {
        &self.data.members
    }
    /// Whether a result of it alone has no rows around it.
    pub fn is_single_entity(&self) -> bool {
        self.data.single_entity
    }
    /// What makes its values.
    pub fn maker(&self) -> &BundleMaker {
        &self.maker
    }
    /// What identifies it.
    pub fn address(&self) -> usize {
        Rc::as_ptr(&self.data) as usize
    }
}

/// The key of a member: that of its column, or the name of the bundle that it is.
fn key_of(item: &SelectItem) -> Str {
    match item {
        SelectItem::Column(column) => Str::from(
            column
                .plain()
                .key()
                .map_or_else(String::new, |key| key.base()),
        ),
        SelectItem::Entity(entity) => match entity.as_any().downcast_ref::<Bundle>() {
            Some(bundle) => bundle.name().clone(),
            None => Str::new(""),
        },
        SelectItem::From(_) => Str::new(""),
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
        match &self.maker {
            BundleMaker::Instance(value) => value.clone(),
            BundleMaker::Composite { attribute, .. } => attribute.clone(),
            BundleMaker::Row => Value::object(self.clone()),
        }
    }
    fn selectable(&self, cx: &Cx) -> Result<FromClause> {
        match self.data.members.first() {
            Some((_, item)) => {
                let froms = item.from_objects(cx)?;
                froms.into_iter().next().ok_or_else(|| no_from(self))
            }
            None => Err(no_from(self)),
        }
    }
    fn columns(&self, cx: &Cx) -> Result<Vec<ColumnElement>> {
        let mut columns = Vec::new();
        for (_, item) in &self.data.members {
            columns.extend(item.columns(cx)?);
        }
        Ok(columns)
    }
    fn element(&self, cx: &Cx) -> Result<Option<ColumnElement>> {
        let columns = self.columns(cx)?;
        Ok(Some(ColumnElement::comma_list(columns, cx.compat())))
    }
    fn entity_attribute(&self, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        let members = &self.data.members;
        let found = members.iter().find(|(key, _)| key == name);
        Ok(found.map(|(_, item)| member_value(item)))
    }
    fn describe(&self, _cx: &Cx) -> String {
        format!("Bundle '{}'", self.data.name)
    }
    fn plugin(&self) -> Rc<dyn CompileStatePlugin> {
        hooks::plugin()
    }
}

/// A member as scripts see it.
pub fn member_value(item: &SelectItem) -> Value {
    match item {
        SelectItem::Column(column) => Value::object(column.clone()),
        SelectItem::From(from) => Value::object(from.clone()),
        SelectItem::Entity(entity) => entity.value(),
    }
}

fn no_from(bundle: &Bundle) -> crate::object::Raised {
    crate::engine::exc::INVALID_REQUEST_ERROR
        .error(format!("Bundle '{}' is of no FROM element", bundle.name()))
}
