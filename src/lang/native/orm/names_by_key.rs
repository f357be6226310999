//! `Properties`: things by name, as attributes; what `Base.classes` of automap is.

use std::rc::Rc;

use crate::object::exceptions::ATTRIBUTE_ERROR;
use crate::object::types::OBJECT;
use crate::object::{Cx, Dict, Members, Object, Result, Str, TypeSpec, Value};

/// A namespace.
#[derive(Default)]
pub struct Properties(Rc<Dict>);

static PROPERTIES: TypeSpec = TypeSpec::new("sqlalchemy.util._collections", "Properties")
    .bases(&[&OBJECT])
    .members(members);

impl Properties {
    /// An empty one.
    pub fn empty() -> Value {
        Value::object(Self::default())
    }
    /// What is called `name`.
    pub fn get(&self, name: &str) -> Option<Value> {
        self.0.get_str(name)
    }
    /// Let `value` be called `name`.
    pub fn set(&self, name: Str, value: Value) {
        self.0.insert_str(&name, value);
    }
    /// The namespace called `name`, made where there is none.
    pub fn below(&self, name: &str) -> Value {
        self.get(name).unwrap_or_else(|| {
            let made = Self::empty();
            self.set(Str::new(name), made.clone());
            made
        })
    }
    fn dict(&self) -> Value {
        Value::Dict(self.0.clone())
    }
}

fn members(members: &mut Members) {
    for text in ["keys()", "values()", "items()"] {
        let name = text.trim_end_matches("()");
        members.method(text, move |this: &Properties, _, cx| {
            let found = cx.call_method(&this.dict(), name, [])?;
            cx.collect(&found).map(Value::list)
        });
    }
    members
        .method("get(key, default=None)", |this: &Properties, bound, _| {
            let found = bound.value("key").as_str().and_then(|key| this.get(key));
            Ok(found.unwrap_or_else(|| bound.given("default").cloned().unwrap_or(Value::None)))
        })
        .method("has_key(key)", |this: &Properties, bound, _| {
            let found = bound.value("key").as_str().and_then(|key| this.get(key));
            Ok(found.is_some().into())
        });
}

impl Object for Properties {
    fn spec(&self) -> &'static TypeSpec {
        &PROPERTIES
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        match self.get(name) {
            Some(found) => Ok(Some(found)),
            None if name.starts_with("__") => Ok(None),
            None => Err(ATTRIBUTE_ERROR.error(name).with("name", name)),
        }
    }
    fn attr_names(&self) -> Vec<String> {
        let dict = self.0.borrow();
        let names = dict.iter().filter_map(|(key, _)| key.value().as_str());
        names.map(str::to_owned).collect()
    }
    fn len(&self, _cx: &Cx) -> Result<Option<usize>> {
        Ok(Some(self.0.borrow().len()))
    }
    fn contains(&self, _this: &Value, item: &Value, _cx: &Cx) -> Result<Option<bool>> {
        Ok(Some(
            item.as_str().is_some_and(|key| self.get(key).is_some()),
        ))
    }
    fn get_item(&self, _this: &Value, key: &Value, cx: &Cx) -> Result<Option<Value>> {
        cx.call_method(&self.dict(), "__getitem__", [key.clone()])
            .map(Some)
    }
    fn iter(&self, _this: &Value, cx: &Cx) -> Result<Option<Value>> {
        let values = cx.call_method(&self.dict(), "values", [])?;
        cx.collect(&values).map(|values| Some(Value::list(values)))
    }
}
