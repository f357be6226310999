//! Fields: what a class body declares of them.

use std::rc::Rc;

use super::Options;
use super::generated::Generated;
use crate::object::exceptions::{ATTRIBUTE_ERROR, VALUE_ERROR};
use crate::object::types::generic::{GenericAlias, SpecialForm};
use crate::object::types::{MappingProxy, class_of, dict};
use crate::object::{Bound, Class, Cx, Object, Result, Str, TypeSpec, Value};

pub(super) static FIELD: TypeSpec = TypeSpec::new("dataclasses", "Field");
static MISSING: TypeSpec = TypeSpec::new("dataclasses", "_MISSING_TYPE");
pub(super) static FROZEN_INSTANCE_ERROR: TypeSpec =
    TypeSpec::new("dataclasses", "FrozenInstanceError").bases(&[&ATTRIBUTE_ERROR]);

/// Stands for a default that was not given.
pub(super) struct Missing;

impl Object for Missing {
    fn spec(&self) -> &'static TypeSpec {
        &MISSING
    }
    fn identity(&self) -> Option<usize> {
        Some(&raw const MISSING as usize)
    }
}

/// One field of a dataclass.
#[derive(Clone)]
pub struct Field {
    pub(super) name: Str,
    pub(super) kind: Value,
    pub(super) default: Option<Value>,
    pub(super) factory: Option<Value>,
    pub(super) init: bool,
    pub(super) repr: bool,
    pub(super) hash: Option<bool>,
    pub(super) compare: bool,
    pub(super) kw_only: Option<bool>,
    pub(super) metadata: Value,
    pub(super) init_var: bool,
}

impl Object for Field {
    fn spec(&self) -> &'static TypeSpec {
        &FIELD
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let missing = || Value::object(Missing);
        let shown = |value: &Option<Value>| cx.repr(&value.clone().unwrap_or_else(missing));
        let flag = |flag: bool| if flag { "True" } else { "False" };
        Ok(Some(format!(
            "Field(name={},type={},default={},default_factory={},init={},repr={},hash={},\
             compare={},metadata=mappingproxy({}),kw_only={},_field_type=_FIELD)",
            cx.repr(&self.name.clone().into())?,
            cx.repr(&self.kind)?,
            shown(&self.default)?,
            shown(&self.factory)?,
            flag(self.init),
            flag(self.repr),
            self.hash.map_or("None", flag),
            flag(self.compare),
            cx.repr(&self.metadata)?,
            flag(self.kw_only == Some(true)),
        )))
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        let missing = || Value::object(Missing);
        Ok(Some(match name {
            "name" => self.name.clone().into(),
            "type" => self.kind.clone(),
            "default" => self.default.clone().unwrap_or_else(missing),
            "default_factory" => self.factory.clone().unwrap_or_else(missing),
            "init" => Value::Bool(self.init),
            "repr" => Value::Bool(self.repr),
            "compare" => Value::Bool(self.compare),
            "hash" => self.hash.map_or(Value::None, Value::Bool),
            "metadata" => match &self.metadata {
                Value::Dict(dict) => MappingProxy::value(dict.clone()),
                other => other.clone(),
            },
            "kw_only" => Value::Bool(self.kw_only == Some(true)),
            _ => return Ok(None),
        }))
    }
}

impl Field {
    /// As a signature shows it, `name: int = 3`.
    pub(super) fn parameter_text(&self, cx: &Cx) -> Result<String> {
        let kind = match &self.kind {
            Value::Class(class) => class.full_name(),
            other => cx.repr(other)?.replace("typing.", ""),
        };
        let default = match (&self.default, &self.factory) {
            (Some(default), _) => format!(" = {}", cx.repr(default)?),
            (None, Some(_)) => " = <factory>".to_owned(),
            (None, None) => String::new(),
        };
        Ok(format!("{}: {kind}{default}", self.name))
    }
}

pub(super) fn field(a: &Bound<'_>, cx: &Cx) -> Result<Value> {
    let given = |name: &str| {
        a.given(name)
            .filter(|value| value.downcast::<Missing>().is_none())
            .cloned()
    };
    if given("default").is_some() && given("default_factory").is_some() {
        return Err(VALUE_ERROR.error("cannot specify both default and default_factory"));
    }
    let hash = match given("hash").filter(|hash| !hash.is_none()) {
        Some(hash) => Some(cx.truthy(&hash)?),
        None => None,
    };
    Ok(Value::object(Field {
        name: Str::new(""),
        kind: Value::None,
        default: given("default"),
        factory: given("default_factory"),
        init: a.flag("init", true),
        repr: a.flag("repr", true),
        hash,
        compare: a.flag("compare", true),
        kw_only: given("kw_only").map(|_| a.flag("kw_only", false)),
        metadata: a
            .some("metadata")
            .cloned()
            .unwrap_or_else(|| Value::Dict(Rc::default())),
        init_var: false,
    }))
}

fn form_of(annotation: &Value) -> Option<&'static str> {
    if let Some(alias) = annotation.downcast::<GenericAlias>() {
        return alias.form();
    }
    if let Some(form) = annotation.downcast::<SpecialForm>() {
        return Some(form.name);
    }
    let text = annotation.as_str()?;
    let text = text
        .trim_start_matches("typing.")
        .trim_start_matches("dataclasses.");
    ["ClassVar", "KW_ONLY", "InitVar"]
        .into_iter()
        .find(|form| text.starts_with(form))
}

/// The fields of a class, in order, those of its bases first.
pub fn fields_of(class: &Rc<Class>) -> Option<Vec<Field>> {
    let Value::Dict(fields) = class.lookup("__dataclass_fields__")? else {
        return None;
    };
    Some(
        dict::entries(&fields)
            .iter()
            .filter_map(|(_, field)| field.downcast::<Field>().cloned())
            .collect(),
    )
}

/// Whether the repr of a value is the one that the decorator made.
pub fn has_generated_repr(value: &Value) -> bool {
    let Value::Instance(instance) = value else {
        return false;
    };
    matches!(instance.class().lookup("__repr__"), Some(found)
        if found.downcast::<Generated>().is_some())
}

/// The names of the fields that the repr of an instance shows.
pub fn shown_fields(value: &Value) -> Vec<Str> {
    let Value::Instance(instance) = value else {
        return Vec::new();
    };
    fields_of(instance.class())
        .unwrap_or_default()
        .into_iter()
        .filter(|field| field.repr && !field.init_var)
        .map(|field| field.name)
        .collect()
}

pub(super) fn own_fields(class: &Rc<Class>, options: Options, cx: &Cx) -> Result<Vec<Field>> {
    let Some(Value::Dict(annotations)) = class.own("__annotations__") else {
        return Ok(Vec::new());
    };
    let mut fields = Vec::new();
    let mut kw_only = options.kw_only;
    for (name, annotation) in dict::entries(&annotations) {
        let name = Str::new(name.as_str().unwrap_or(""));
        let form = form_of(&annotation);
        match form {
            Some("ClassVar") => continue,
            Some("KW_ONLY") => {
                kw_only = true;
                continue;
            }
            _ => {}
        }
        let default = class.own(&name);
        let mut made = match default.as_ref().and_then(Value::downcast::<Field>) {
            Some(declared) => declared.clone(),
            None => plain_field(default.clone()),
        };
        if let Some(default) = &made.default {
            let unhashable = matches!(default, Value::List(_) | Value::Dict(_) | Value::Set(_))
                || matches!(default, Value::Instance(instance)
                    if instance.class().hash_method().is_some_and(|method| method.is_none()));
            if unhashable {
                return Err(VALUE_ERROR.error(format!(
                    "mutable default {} for field {name} is not allowed: use default_factory",
                    cx.repr(&class_of(default, cx).into())?
                )));
            }
        }
        made.name = name.clone();
        made.kind = annotation;
        made.init_var = form == Some("InitVar");
        made.kw_only = Some(made.kw_only.unwrap_or(kw_only));
        match &made.default {
            Some(default) => class.set(name, default.clone()),
            None if default.is_some() => drop(class.remove(&name)),
            None => {}
        }
        fields.push(made);
    }
    Ok(fields)
}

fn plain_field(default: Option<Value>) -> Field {
    Field {
        name: Str::new(""),
        kind: Value::None,
        default,
        factory: None,
        init: true,
        repr: true,
        hash: None,
        compare: true,
        kw_only: None,
        metadata: Value::Dict(Rc::default()),
        init_var: false,
    }
}
