//! `text()`: the binds in it.

use std::rc::Rc;

use super::TextClause;
use crate::object::{Cx, Result, Str, Value};
use crate::sql::elements::{BindParameter, BindValue, null_type};
use crate::sql::types::type_of_value;

impl TextClause {
    /// A `text()`, its `:name`s as binds without values.
    pub fn new(text: &str) -> Rc<Self> {
        let binds = bind_names(text)
            .into_iter()
            .map(|name| {
                let bind = BindParameter {
                    required: true,
                    ..BindParameter::named(&name, BindValue::None, null_type())
                };
                (name, Rc::new(bind))
            })
            .collect();
        Rc::new(Self {
            text: Str::new(text),
            binds,
        })
    }
    /// The bind called `name`.
    pub fn bind(&self, name: &str) -> Option<Rc<BindParameter>> {
        self.binds
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, bind)| bind.clone())
    }
    /// A copy with `bind` in place of the one of that name; `None`: there is no such name.
    pub fn with_bind(&self, name: &str, bind: Rc<BindParameter>) -> Option<Self> {
        let mut copy = self.clone();
        let (_, place) = copy.binds.iter_mut().find(|(known, _)| known == name)?;
        *place = bind;
        Some(copy)
    }
    /// A copy with `value` for the bind called `name`; `None`: there is no such name.
    pub fn with_value(&self, name: &str, value: &Value, cx: &Cx) -> Result<Option<Self>> {
        let Some(bind) = self.bind(name) else {
            return Ok(None);
        };
        let mut bind = (*bind).clone();
        if bind.type_.is_null() {
            bind.type_ = type_of_value(value, cx)?;
        }
        bind.value = BindValue::Value(value.clone());
        bind.required = false;
        Ok(self.with_bind(name, Rc::new(bind)))
    }
}

/// The names behind single colons that no letter precedes and no colon or letter follows.
fn bind_names(text: &str) -> Vec<Str> {
    let mut names: Vec<Str> = Vec::new();
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let mut previous: Option<char> = None;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c != ':' {
            previous = Some(c);
            continue;
        }
        let end = rest.find(|c| !word(c)).unwrap_or(rest.len());
        let name = &rest[..end];
        let blocked = previous.is_some_and(|p| p == ':' || p == '\\' || word(p))
            || rest[end..].starts_with(':');
        if !name.is_empty() && !blocked && !names.iter().any(|known| known == name) {
            names.push(Str::new(name));
        }
        previous = name.chars().next_back().or(Some(':'));
        rest = &rest[end..];
    }
    names
}
