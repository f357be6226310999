//! `params()`: a statement with other values for its binds.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use super::select::statement_value;
use crate::object::{Bound, Cx, Result, Str, Value};
use crate::sql::coercions::statement_of;
use crate::sql::types::type_of_value;
use crate::sql::visitors::{Replacement, replace, replace_from, replace_statement};
use crate::sql::{
    Alias, AliasColumns, AliasedElement, BindParameter, BindValue, ColumnElement, FromClause, Name,
    ProxyColumn, SelectStatement, next_seed,
};

struct NewValues<'a> {
    values: &'a [(Str, Value)],
    /// Whether binds get names of their own (`unique_params()`).
    unique: bool,
    /// The aliases already rebuilt, by identity.
    aliases: RefCell<Vec<(usize, Rc<Alias>)>>,
    cx: &'a Cx,
}

impl NewValues<'_> {
    fn bind(&self, bind: &Rc<BindParameter>) -> Result<Option<Rc<BindParameter>>> {
        let given = self.values.iter().find(|(name, _)| *name == bind.orig_key);
        if given.is_none() && !self.unique {
            return Ok(None);
        }
        let mut changed = (**bind).clone();
        if self.unique && !changed.unique {
            changed.unique = true;
            changed.key = Name::anonymous(next_seed(), &changed.orig_key);
        }
        let Some((_, value)) = given else {
            return Ok(Some(Rc::new(changed)));
        };
        if changed.type_.is_null() {
            changed.type_ = type_of_value(value, self.cx)?;
        }
        changed.value = BindValue::Value(value.clone());
        changed.required = false;
        Ok(Some(Rc::new(changed)))
    }
}

impl NewValues<'_> {
    /// `alias` of the same thing with other values; its columns stay the same columns.
    fn alias(&self, alias: &Rc<Alias>) -> Result<Rc<Alias>> {
        let identity = Rc::as_ptr(alias) as usize;
        if let Some((_, known)) = self
            .aliases
            .borrow()
            .iter()
            .find(|(known, _)| *known == identity)
        {
            return Ok(known.clone());
        }
        let element = match &alias.element {
            AliasedElement::From(from) => AliasedElement::From(replace_from(from, self)?),
            AliasedElement::Select(statement) => {
                AliasedElement::Select(replace_statement(statement, self)?)
            }
        };
        let entries = alias.columns(self.cx)?.entries.clone();
        let made = Rc::new(Alias {
            kind: alias.kind.clone(),
            element,
            name: alias.name.clone(),
            columns: OnceCell::from(AliasColumns { entries }),
            notes: alias.notes.clone(),
        });
        self.aliases.borrow_mut().push((identity, made.clone()));
        Ok(made)
    }
}

impl Replacement for NewValues<'_> {
    fn from(&self, from: &FromClause) -> Result<Option<FromClause>> {
        match from {
            FromClause::Alias(alias) => self.alias(alias).map(FromClause::Alias).map(Some),
            FromClause::Function(function) => {
                let element = ColumnElement::Function(function.clone());
                match replace(&element, self)? {
                    ColumnElement::Function(changed) => Ok(Some(FromClause::Function(changed))),
                    _ => Ok(None),
                }
            }
            _ => Ok(None),
        }
    }
    fn element(&self, element: &ColumnElement) -> Result<Option<ColumnElement>> {
        match element {
            ColumnElement::Bind(bind) => Ok(self.bind(bind)?.map(ColumnElement::Bind)),
            ColumnElement::Proxy(proxy) => {
                let FromClause::Alias(alias) = &proxy.from else {
                    return Ok(None);
                };
                Ok(Some(ColumnElement::Proxy(Rc::new(ProxyColumn {
                    from: FromClause::Alias(self.alias(alias)?),
                    data: proxy.data.clone(),
                }))))
            }
            ColumnElement::Text(text) => {
                let mut text = (**text).clone();
                for (name, bind) in text.binds.clone() {
                    if let Some(changed) = self.bind(&bind)?
                        && let Some(copy) = text.with_bind(&name, changed)
                    {
                        text = copy;
                    }
                }
                Ok(Some(ColumnElement::Text(Rc::new(text))))
            }
            _ => Ok(None),
        }
    }
}

/// `this.params(..)`.
pub fn with_params(this: &Value, bound: &Bound<'_>, unique: bool, cx: &Cx) -> Result<Value> {
    let mut values: Vec<(Str, Value)> = bound.keywords().to_vec();
    for given in bound.rest() {
        if let Value::Dict(dict) = given {
            for (key, value) in dict.borrow().iter() {
                if let Value::Str(name) = key.value() {
                    values.push((name.clone(), value.clone()));
                }
            }
        }
    }
    let with = NewValues {
        values: &values,
        unique,
        aliases: RefCell::default(),
        cx,
    };
    if let Some(element) = this.downcast::<ColumnElement>() {
        return replace(element, &with).map(Value::object);
    }
    if let Some(from) = this.downcast::<FromClause>() {
        return replace_from(from, &with).map(Value::object);
    }
    match statement_of(this) {
        Some(statement) => {
            let mut changed = replace_statement(&statement, &with)?;
            if let SelectStatement::Textual(textual) = &changed {
                let text = ColumnElement::Text(textual.element.clone());
                if let ColumnElement::Text(text) = replace(&text, &with)? {
                    changed = SelectStatement::Textual(Rc::new(crate::sql::TextualSelect {
                        element: text,
                        columns: textual.columns.clone(),
                        positional: textual.positional,
                    }));
                }
            }
            Ok(statement_value(&changed))
        }
        None => Ok(this.clone()),
    }
}
