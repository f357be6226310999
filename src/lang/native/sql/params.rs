//! `params()`: a statement with other values for its binds.

use std::rc::Rc;

use super::select::statement_value;
use crate::object::{Bound, Cx, Result, Str, Value};
use crate::sql::coercions::statement_of;
use crate::sql::types::type_of_value;
use crate::sql::visitors::{Replacement, replace, replace_statement};
use crate::sql::{BindParameter, BindValue, ColumnElement, SelectStatement};

struct NewValues<'a> {
    values: &'a [(Str, Value)],
    cx: &'a Cx,
}

impl NewValues<'_> {
    fn bind(&self, bind: &Rc<BindParameter>) -> Result<Option<Rc<BindParameter>>> {
        let given = self.values.iter().find(|(name, _)| *name == bind.orig_key);
        let Some((_, value)) = given else {
            return Ok(None);
        };
        let mut changed = (**bind).clone();
        if changed.type_.is_null() {
            changed.type_ = type_of_value(value, self.cx)?;
        }
        changed.value = BindValue::Value(value.clone());
        changed.required = false;
        Ok(Some(Rc::new(changed)))
    }
}

impl Replacement for NewValues<'_> {
    fn element(&self, element: &ColumnElement) -> Result<Option<ColumnElement>> {
        match element {
            ColumnElement::Bind(bind) => Ok(self.bind(bind)?.map(ColumnElement::Bind)),
            ColumnElement::Text(text) => {
                let mut text = (**text).clone();
                for (name, bind) in text.binds.clone() {
                    if let Some(changed) = self.bind(&bind)? {
                        if let Some(copy) = text.with_bind(&name, changed) {
                            text = copy;
                        }
                    }
                }
                Ok(Some(ColumnElement::Text(Rc::new(text))))
            }
            _ => Ok(None),
        }
    }
}

/// `this.params(..)`.
pub fn with_params(this: &Value, bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
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
        cx,
    };
    if let Some(element) = this.downcast::<ColumnElement>() {
        return replace(element, &with).map(Value::object);
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
