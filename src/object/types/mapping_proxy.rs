//! `mappingproxy`: a dict that can be read only.

use std::rc::Rc;

use super::{OBJECT, base_value, class_of, iterators};
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{CompareOp, Cx, Dict, Members, Object, Result, TypeSpec, Value, ops};

/// The class, `types.MappingProxyType`.
pub static MAPPING_PROXY: TypeSpec = TypeSpec::new("builtins", "mappingproxy")
    .bases(&[&OBJECT])
    .construct(|_, args, cx| match args.pos.first() {
        Some(value) => match base_value(value) {
            Value::Dict(dict) => Ok(MappingProxy::value(dict)),
            _ => Err(TYPE_ERROR.error(format!(
                "mappingproxy() argument must be a mapping, not {}",
                class_of(value, cx).error_name()
            ))),
        },
        None => Err(TYPE_ERROR.error("mappingproxy() missing required argument 'mapping' (pos 1)")),
    })
    .members(members);

/// A read-only view of a dict.
pub struct MappingProxy(Rc<Dict>);

impl MappingProxy {
    /// A view of `dict`.
    pub fn value(dict: Rc<Dict>) -> Value {
        Value::object(Self(dict))
    }
}

fn members(members: &mut Members) {
    const METHODS: [&str; 5] = [
        "keys(/)",
        "values(/)",
        "items(/)",
        "copy(/)",
        "get(key, default=None, /)",
    ];
    for text in METHODS {
        members.method(text, move |proxy: &MappingProxy, a, cx| {
            let name = text.split('(').next().unwrap_or(text);
            let mut args = Vec::new();
            if name == "get" {
                args.push(a.at(0).clone());
                args.push(a.at(1).clone().or_none());
            }
            cx.call_method(&Value::Dict(proxy.0.clone()), name, args)
        });
    }
}

impl Object for MappingProxy {
    fn spec(&self) -> &'static TypeSpec {
        &MAPPING_PROXY
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let dict = cx.repr(&Value::Dict(self.0.clone()))?;
        Ok(Some(format!("mappingproxy({dict})")))
    }
    fn len(&self, _cx: &Cx) -> Result<Option<usize>> {
        Ok(Some(self.0.len()))
    }
    fn iter(&self, _this: &Value, cx: &Cx) -> Result<Option<Value>> {
        iterators::iter_of(&Value::Dict(self.0.clone()), cx).map(Some)
    }
    fn get_item(&self, _this: &Value, key: &Value, cx: &Cx) -> Result<Option<Value>> {
        super::get_item(&Value::Dict(self.0.clone()), key, cx).map(Some)
    }
    fn contains(&self, _this: &Value, item: &Value, cx: &Cx) -> Result<Option<bool>> {
        self.0.contains_key(item, cx).map(Some)
    }
    fn compare(
        &self,
        _this: &Value,
        op: CompareOp,
        other: &Value,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        let other = other
            .downcast::<Self>()
            .map_or_else(|| other.clone(), |proxy| Value::Dict(proxy.0.clone()));
        match op {
            CompareOp::Eq | CompareOp::Ne => {
                ops::compare(op, &Value::Dict(self.0.clone()), &other, cx).map(Some)
            }
            _ => Ok(None),
        }
    }
}
