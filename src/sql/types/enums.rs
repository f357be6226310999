//! `Enum`: one of a list of texts, or a member of a Python enum kept by its name.

use std::any::Any;
use std::rc::Rc;

use super::Affinity;
use super::class::{Processor, SqlType, TypeEngine};
use crate::object::exceptions::{LOOKUP_ERROR, TYPE_ERROR, VALUE_ERROR};
use crate::object::types::{STR, get_item};
use crate::object::{Bound, Class, Cx, Dict, Raised, Result, Str, Value};
use crate::sql::dialects::Dialect;

/// `Enum(*enums, ..)`.
pub struct EnumType {
    /// The texts that the database keeps.
    pub enums: Vec<Str>,
    /// The Python enum, if it was made from one.
    pub enum_class: Option<Rc<Class>>,
    /// The length of the VARCHAR.
    pub length: Option<i64>,
    /// The length that the longest text asks for.
    pub default_length: i64,
    /// Whether a native ENUM is used where there is one.
    pub native_enum: bool,
    /// Whether a CHECK comes with it where there is none.
    pub create_constraint: bool,
    /// Whether texts that are none of `enums` are refused.
    pub validate_strings: bool,
    /// The name of the type and its CHECK.
    pub name: Option<Str>,
    /// The schema of the type.
    pub schema: Option<Str>,
    /// `inherit_schema=`.
    pub inherit_schema: bool,
    /// `sort_key_function=`.
    pub sort_key_function: Option<Value>,
    /// Text by value: members and texts.
    by_value: Dict,
    /// Value by text.
    by_text: Dict,
}

impl EnumType {
    /// The text kept for `value`; LookupError where it is none of the enum.
    pub fn text_of(&self, value: &Value, cx: &Cx) -> Result<Value> {
        if value.is_none() {
            return Ok(Value::None);
        }
        if let Some(text) = self.by_value.get(value, cx)? {
            return Ok(text);
        }
        if !self.validate_strings && matches!(value, Value::Str(_)) {
            return Ok(value.clone());
        }
        Err(self.unknown(value, cx))
    }
    /// The value that `text` stands for; LookupError where there is none.
    pub fn value_of(&self, text: &Value, cx: &Cx) -> Result<Value> {
        if text.is_none() {
            return Ok(Value::None);
        }
        match self.by_text.get(text, cx)? {
            Some(value) => Ok(value),
            None => Err(self.unknown(text, cx)),
        }
    }
    fn unknown(&self, value: &Value, cx: &Cx) -> Raised {
        let shown = cx.str(value).unwrap_or_default();
        let name = self.name.as_ref().map_or("None", Str::as_str);
        LOOKUP_ERROR.error(format!(
            "'{shown}' is not among the defined enum values. Enum name: {name}. Possible values: {}",
            shortened(&self.enums)
        ))
    }
}

/// The possible values as the error shows them: the first three and the last.
fn shortened(names: &[Str]) -> String {
    let cut = |name: &Str| -> String {
        if name.chars().count() > 11 {
            let head: String = name.chars().take(11).collect();
            format!("{head}..")
        } else {
            name.to_string()
        }
    };
    let all: Vec<String> = names.iter().map(cut).collect();
    match all.as_slice() {
        [first, second, third, .., last] if all.len() > 4 => {
            format!("{first}, {second}, {third}, ..., {last}")
        }
        _ => all.join(", "),
    }
}

impl TypeEngine for EnumType {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn affinity(&self) -> Affinity {
        Affinity::Enum
    }
    fn bind_processor(
        &self,
        ty: &SqlType,
        _dialect: &Dialect,
        _cx: &Cx,
    ) -> Result<Option<Processor>> {
        let behaviour = ty.behaviour();
        Ok(Some(Rc::new(move |value, cx| {
            match behaviour.as_any().downcast_ref::<Self>() {
                Some(this) => this.text_of(&value, cx),
                None => Ok(value),
            }
        })))
    }
    fn result_processor(
        &self,
        ty: &SqlType,
        _dialect: &Dialect,
        _cx: &Cx,
    ) -> Result<Option<Processor>> {
        let behaviour = ty.behaviour();
        Ok(Some(Rc::new(move |value, cx| {
            match behaviour.as_any().downcast_ref::<Self>() {
                Some(this) => this.value_of(&value, cx),
                None => Ok(value),
            }
        })))
    }
    fn literal(
        &self,
        _ty: &SqlType,
        value: &Value,
        dialect: &Dialect,
        cx: &Cx,
    ) -> Result<Option<String>> {
        let text = self.text_of(value, cx)?;
        super::string::quoted_literal(&cx.str(&text)?, dialect).map(Some)
    }
    fn python_type(&self) -> Option<Value> {
        Some(Value::Class(
            self.enum_class.clone().unwrap_or_else(|| STR.class()),
        ))
    }
    fn attribute(&self, name: &str) -> Option<Value> {
        Some(match name {
            "enums" => Value::list(self.enums.iter().cloned().map(Value::Str).collect()),
            "enum_class" => self.enum_class.clone().map(Value::Class).into(),
            "length" => self.length.into(),
            "name" => self.name.clone().into(),
            "schema" => self.schema.clone().into(),
            "native_enum" | "native" => self.native_enum.into(),
            "create_constraint" => self.create_constraint.into(),
            "validate_strings" => self.validate_strings.into(),
            "inherit_schema" => self.inherit_schema.into(),
            "collation" => Value::None,
            _ => return None,
        })
    }
    fn repr_arguments(&self) -> Option<Vec<(Option<&'static str>, Value)>> {
        let mut shown: Vec<_> = self
            .enums
            .iter()
            .map(|text| (None, Value::Str(text.clone())))
            .collect();
        let mut keyword = |name: &'static str, value: Value, usual: bool| {
            if !usual {
                shown.push((Some(name), value));
            }
        };
        keyword("name", self.name.clone().into(), self.name.is_none());
        keyword("schema", self.schema.clone().into(), self.schema.is_none());
        keyword(
            "inherit_schema",
            self.inherit_schema.into(),
            !self.inherit_schema,
        );
        keyword("native_enum", false.into(), self.native_enum);
        keyword("create_constraint", true.into(), !self.create_constraint);
        keyword(
            "length",
            self.length.into(),
            self.length == Some(self.default_length),
        );
        Some(shown)
    }
}

/// Texts and values of the enum that the constructor was given.
fn parse_values(
    bound: &Bound<'_>,
    keywords: &Keywords<'_>,
    cx: &Cx,
) -> Result<(Vec<Value>, Vec<Value>, Option<Rc<Class>>)> {
    let given = bound.rest();
    if let [Value::Class(class)] = given {
        let members = cx.get_attr(&given[0], "__members__").map_err(|_| {
            TYPE_ERROR.error(format!("object of type '{}' has no len()", class.name()))
        })?;
        let mut texts = Vec::new();
        let mut objects = Vec::new();
        for key in cx.collect(&members)? {
            let member = get_item(&members, &key, cx)?;
            let own = cx.get_attr(&member, "name")?;
            if cx.eq(&own, &key)? || keywords.flag("omit_aliases") == Some(false) {
                texts.push(key);
                objects.push(member);
            }
        }
        if let Some(callable) = keywords.some("values_callable") {
            let made = cx.call(callable, [given[0].clone()])?;
            texts = cx.collect(&made)?;
        }
        return Ok((texts, objects, Some(class.clone())));
    }
    Ok((given.to_vec(), given.to_vec(), None))
}

struct Keywords<'a>(&'a [(Str, Value)]);

impl Keywords<'_> {
    fn some(&self, name: &str) -> Option<&Value> {
        let found = self.0.iter().find(|(known, _)| known == name)?;
        Some(&found.1).filter(|value| !value.is_none())
    }
    fn flag(&self, name: &str) -> Option<bool> {
        let found = self.0.iter().find(|(known, _)| known == name)?;
        match &found.1 {
            Value::Bool(flag) => Some(*flag),
            Value::None => Some(false),
            _ => Some(true),
        }
    }
    fn text(&self, name: &str) -> Option<Str> {
        self.some(name).and_then(Value::as_str).map(Str::new)
    }
}

pub(crate) fn make(bound: &Bound<'_>, cx: &Cx) -> Result<Rc<dyn TypeEngine>> {
    let keywords = Keywords(bound.keywords());
    let (texts, objects, enum_class) = parse_values(bound, &keywords, cx)?;
    let by_value = Dict::default();
    let by_text = Dict::default();
    let mut enums = Vec::new();
    for (text, object) in texts.iter().zip(&objects) {
        by_text.insert(text.clone(), object.clone(), cx)?;
        by_value.insert(text.clone(), text.clone(), cx)?;
        if by_value.get(object, cx)?.is_none() {
            by_value.insert(object.clone(), text.clone(), cx)?;
        }
        enums.push(Str::new(cx.str(text)?));
    }
    let longest = enums.iter().map(|text| text.chars().count()).max();
    let default_length = i64::try_from(longest.unwrap_or(0)).unwrap_or(i64::MAX);
    let mut length = Some(default_length);
    if bound.keywords().iter().any(|(name, _)| name == "length") {
        length = keywords.some("length").and_then(Value::as_int);
        if length.is_some_and(|given| given < default_length) {
            return Err(VALUE_ERROR.error(format!(
                "When provided, length must be larger or equal than the length of the longest \
                 enum value. {} < {default_length}",
                length.unwrap_or_default()
            )));
        }
    }
    let default_name = enum_class
        .as_ref()
        .filter(|_| !enums.is_empty())
        .map(|class| Str::new(class.name().to_lowercase()));
    let named = bound.keywords().iter().any(|(name, _)| name == "name");
    Ok(Rc::new(EnumType {
        enums,
        enum_class,
        length,
        default_length,
        native_enum: keywords.flag("native_enum").unwrap_or(true),
        create_constraint: keywords.flag("create_constraint").unwrap_or(false),
        validate_strings: keywords.flag("validate_strings").unwrap_or(false),
        name: if named {
            keywords.text("name")
        } else {
            default_name
        },
        schema: keywords.text("schema"),
        inherit_schema: keywords.flag("inherit_schema").unwrap_or(false),
        sort_key_function: keywords.some("sort_key_function").cloned(),
        by_value,
        by_text,
    }))
}
